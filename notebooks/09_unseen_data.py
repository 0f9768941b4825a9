# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Unseen data
#
# **The question.** Does self-supervision make a network robust? The paper (abstract, section 6) says
# that supervised methods "do not perform well when tested with unseen data" and that self-supervised
# learning improves robustness. It tests neither: all of its numbers are on portraits like those of
# the training.
#
# **The answer.** {glue:text}`answer`.
#
# {glue:text}`awaiting`

# %% tags=["parameters"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["hide-input"]
import pandas as pd
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

import wssl
from wssl import report
from wssl.claims.catalogue import BEST_ARM, FINETUNED, RANDOM, SCRATCH
from wssl.claims.estimands import Score
from wssl.notebooks import check_parameters
from wssl.report import text
from wssl.report.labels import ENCODERS
from wssl.study import Study

check_parameters(globals())
report.use_style()
set_matplotlib_formats("jpeg", pil_kwargs={"quality": 92})  # photographs, small enough to commit

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
controls = [BEST_ARM, RANDOM, FINETUNED, SCRATCH]
found = study.findings(controls)

# %% tags=["remove-input"]
campaign = found.campaign
arms = {ENCODERS[arm.encoder]: arm for arm in found.at(*controls)}
for name, value in {
    "answer": text.answer(found, ["unseen", "unseen-features", "robust"]),
    "awaiting": text.awaiting_text(*study.recorded(arms.values())) if study.registered else "",
    "scale": text.scale_text(campaign, arms.values()),
    "unseen_images": campaign.design.unseen,
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Networks on images unlike those of their training, against the network trained from scratch, at the same seeds: right of zero is better than training from scratch.", "name": "fig-unseen"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR on unseen images: one row per control, each against training from scratch, with seeds, means and intervals."}}
scratch = arms[ENCODERS["scratch"]]
contrasts = report.against(scratch, {n: a for n, a in arms.items() if a != scratch})
elsewhere = [Score(unseen=True), Score("psnr", unseen=True)]
report.dots(campaign, contrasts, elsewhere, zero="trained from scratch")

# %% [markdown]
# An effect is the per cent by which 1 - SSIM is lower, or the dB by which PSNR is higher; each is a
# mean of differences between runs with the same seed. Its 95 % interval is for new seeds and new
# images. {doc}`10_verdicts` says how a verdict is reached.
#
# ## The tests
#
# The networks of {doc}`the controls <08_controls>` were trained on one kind of image, and are tested
# on another: `{glue:text}`unseen_images``, with the masks of their training, so that a loss has one
# cause. {glue:text}`scale`

# %%
wssl.Evaluation(wssl.Experiment(preset=preset), dataset="photos")

# %% tags=["hide-input"]
keys = [key for key in found if key.startswith(("unseen", "robust"))]
with pd.option_context("display.max_colwidth", None):
    claims = report.verdict_table([found[key] for key in keys], campaign)
claims

# %% tags=["hide-input"]
report.contrast_table(campaign, contrasts, elsewhere, heading="minus from scratch")

# %% [markdown]
# ## Who loses less?
#
# Robust is what loses little. The loss of a network is its score on its own test images minus that
# on the unseen ones. Differences of losses do not depend on how hard the other images are, but on
# the scale on which they are measured: so there are three. A network that is bad everywhere loses
# little, so that these numbers mean nothing without those above.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "How much less each network loses from its own test images to unseen ones than the network trained from scratch, as a ratio of 1 - SSIM, in points of SSIM and in dB: right of zero loses less.", "name": "fig-losses"}, "image": {"alt": "Three dot plots, of the loss as a ratio of 1 - SSIM, in points of SSIM and in PSNR: one row per control, each against training from scratch, with seeds, means and intervals."}}
losses = [
    Score(metric, unseen=True, loss=True, points=points)
    for metric, points in (("ssim", False), ("ssim", True), ("psnr", False))
]
report.dots(campaign, contrasts, losses, zero="trained from scratch")

# %% [markdown]
# ## What the fills look like
#
# Photographs that no network was trained on.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Photographs that no network was trained on, with holes filled by the paper's configuration and its controls (first seed), the original last. Known pixels are the original's.", "name": "fig-sets"}, "image": {"alt": "A grid of pictures: one row per photograph; columns for the masked picture, the fills of the paper's configuration and of each control, and the original."}}
pictures, holes = study.pictures(photographs=3, drawn=0)
report.fills_gallery(pictures, holes, study.filled(arms, pictures, holes))

# %% [markdown]
# **What this page cannot conclude.** How networks behave that have been trained long enough to be
# good, and what happens with masks of another kind.
