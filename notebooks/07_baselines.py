# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Other methods
#
# **The question.** Does WSSL outperform Shift-Net and PIC, as the paper's Table 4 says (SSIM 0.9692
# against 0.7878 and 0.9434)? Whether these were trained anew, on which masks and at which size, it
# does not say; PIC draws its fills at random, and how many were drawn and which was kept is not said
# either.
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
from wssl.claims import Arm
from wssl.claims.campaign import CLASSICAL
from wssl.claims.catalogue import BEST_ARM, PIC, SCRATCH, SHIFT_NET
from wssl.notebooks import check_parameters
from wssl.report import text
from wssl.study import Study

check_parameters(globals())
report.use_style()
set_matplotlib_formats("jpeg", pil_kwargs={"quality": 92})  # photographs, small enough to commit

# %%
fills = [Arm(method=name) for name in CLASSICAL]
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
learned = [BEST_ARM, SHIFT_NET, PIC, SCRATCH]
found = study.findings([*learned, *fills])

# %% tags=["remove-input"]
campaign = found.campaign
for name, value in {
    "answer": text.answer(found, ["methods", "classical"]),
    "awaiting": text.awaiting_text(*study.recorded(learned)) if study.registered else "",
    "scale": text.scale_text(campaign, learned),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Other methods against the paper's best network, at the same seeds: right of zero is better than WSSL. The paper's diamonds are the same differences in its Table 4. The fills at the end learn nothing.", "name": "fig-methods-dots"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per method, each against WSSL, with seeds, means, intervals and the number of the paper where it has one."}}
recorded = [arm for arm in fills if arm in campaign.runs]
others = {report.arm_label(arm): arm for arm in (SHIFT_NET, PIC, SCRATCH, *recorded)}
contrasts = report.against(BEST_ARM, others)
report.dots(campaign, contrasts, zero="WSSL, the paper's best weights", in_paper=True)

# %% [markdown]
# An effect is the per cent by which 1 - SSIM is lower, or the dB by which PSNR is higher; each is a
# mean of differences between runs with the same seed. Its 95 % interval is for new seeds and new
# images. {doc}`10_verdicts` says how a verdict is reached.
#
# ## The experiments
#
# Every method is an `Experiment` like any other, on the same images, masks and holes, and each at
# its own learning rate. {glue:text}`scale`

# %%
wssl.Experiment(method="shift_net", preset=preset)

# %% tags=["hide-input"]
with pd.option_context("display.max_colwidth", None):
    claims = report.verdict_table(
        [found[key] for key in ("methods", "methods-psnr", "classical")], campaign
    )
claims

# %% [markdown]
# ## Table 4, and all methods

# %% tags=["hide-input"]
report.table(4, report.runs_of(campaign, [BEST_ARM, SHIFT_NET, PIC]))

# %% tags=["hide-input"]
report.score_table(campaign, {"WSSL": BEST_ARM, **others})

# %% tags=["hide-input"]
report.contrast_table(campaign, contrasts, heading="minus WSSL", in_paper=True)

# %% [markdown]
# How long each was trained, and how far its loss had come:

# %% tags=["hide-input"]
report.progress_table(campaign, {"WSSL": BEST_ARM, **others})

# %% [markdown]
# PIC draws its fills at random. Above, as everywhere in this book, it is judged by the fill that the
# mean of its latent gives, which is one fill for one hole. Its published numbers are those of the
# sample nearest to the original among 50, which nobody can choose without the original. Both ways
# beside each other:

# %% tags=["hide-input"]
report.variants_table(report.runs_of(campaign, [PIC]))

# %% [markdown]
# ## Figure 3: the same holes, filled by each
#
# A photograph and a drawn portrait that no method has seen.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same holes filled by each method (first seed) and by the harmonic fill, the original last. Known pixels are the original's.", "name": "fig-methods"}, "image": {"alt": "A grid of pictures: one row per picture; columns for the masked picture, the fill of each method, and the original."}}
pictures, holes = study.pictures()
shown = {
    "WSSL": BEST_ARM,
    **{n: a for n, a in others.items() if a.method in ("shift_net", "pic", "wssl", "harmonic")},
}
filled = study.filled(shown, pictures, holes)
report.fills_gallery(pictures, holes, filled, side=1.5)

# %% [markdown]
# The drawn portrait again, with the densest part of its hole enlarged:

# %% tags=["hide-input"] mystnb={"figure": {"caption": "One hole filled by each method (first seed), the original last; below each, the part where the hole is densest, enlarged.", "name": "fig-details"}, "image": {"alt": "Two rows of pictures of a drawn portrait: above, the fill of each method and the original; below, an enlarged detail of each, where the hole is densest."}}
near = [*(fill[-1] for fill in filled.values()), pictures[-1]]
report.zoomed(near, holes[-1], [*(n.replace(", ", ",\n") for n in filled), "original"], side=1.3)

# %% [markdown]
# Drag the line: the photograph with its holes filled by the paper's network, against the harmonic
# fill.

# %% tags=["hide-input"]
report.compare(filled, ("WSSL", "harmonic fill"), "a photograph")

# %% [markdown]
# **What this page cannot conclude.** What these methods do at the budgets of their own papers; GANs
# need long training. How these numbers stand beside the published ones, whose holes, images and
# sizes differ, is the subject of {doc}`12_papers_numbers`.
