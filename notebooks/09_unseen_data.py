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
# **The question.** Does self-supervision make a network robust? The paper (abstract, section 6)
# says that supervised methods "do not perform well when tested with unseen data" and that
# self-supervised learning improves robustness. It tests neither: all of its numbers come from
# portraits like those it was trained on.
#
# **The answer.** {glue:text}`answer`. {glue:text}`differ`
#
# {glue:text}`awaiting` {glue:text}`shown`

# %% tags=["parameters", "remove-input"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["remove-input"]
from myst_nb import glue

import wssl
from wssl import report
from wssl.book.notebooks import check_parameters
from wssl.claims.catalogue import BEST_ARM, FINETUNED, RANDOM, SCRATCH
from wssl.claims.estimands import Score
from wssl.claims.outcomes import to_show
from wssl.data.manifests import package_manifest
from wssl.report import text
from wssl.report.labels import ENCODERS
from wssl.study import Study, exploratory

check_parameters(globals())
report.use_style()
QUESTIONS = ["unseen", "unseen-features", "robust", "robust-points", "robust-psnr"]

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
controls = [BEST_ARM, RANDOM, FINETUNED, SCRATCH]
found = study.findings(controls)

# %% tags=["remove-input"]
campaign = found.campaign
beside = exploratory.half_rate_findings() if study.registered else {}
arms = {ENCODERS[arm.encoder]: arm for arm in found.at(*controls)}
instead, shown = to_show(campaign, beside, arms.values())
for name, value in {
    "answer": text.brief_answer(found, beside, QUESTIONS),
    "differ": " ".join(text.differ_text(other, QUESTIONS[2:]) for other in beside.values()),
    "shown": text.shown_text(instead),
    "again": "The figure shows the same runs as the first one of this page." if instead else "",
    "awaiting": text.awaiting_text(*study.recorded(arms.values())) if study.registered else "",
    "scale": text.scale_text(found, arms.values()),
    "unseen_images": campaign.design.unseen,
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Networks on images unlike their training images, compared with the network trained from scratch, at the same seeds: values right of zero are better than training from scratch.", "name": "fig-unseen"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR on unseen images: one row per control, each against training from scratch, with seeds, means and intervals."}}
scratch = arms[ENCODERS["scratch"]]
contrasts = report.against(scratch, {n: a for n, a in arms.items() if a != scratch})
elsewhere = [Score(unseen=True), Score("psnr", unseen=True)]
report.dots(shown, contrasts, elsewhere, zero="trained from scratch")

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how to test a trained network on images of another kind
# - how to measure robustness as a difference of drops
# - why the scale of a metric can decide which of two networks is more robust
# :::

# %% [markdown]
# The questions of this page, one by one ({doc}`10_verdicts` explains the verdicts and
# the runs at half the learning rate):

# %% tags=["hide-input"]
report.answer_table(found, beside, QUESTIONS)

# %% [markdown]
# An {term}`effect` is the percentage by which 1 - SSIM is lower, or the number of dB by which PSNR
# is higher: the mean of the differences between runs with the same {term}`seed`. Its 95 % interval
# is for new seeds and new images. The interval that decides is wider, because many claims are
# judged at once; an asterisk marks effects for which some runs {term}`diverged`. {doc}`10_verdicts`
# explains both, and how a verdict is reached.
#
# ## The tests
#
# The networks of {doc}`the controls <08_controls>` were trained on one kind of image and are tested
# on another, {glue:text}`unseen_images` ({doc}`../data` describes them). The masks are of the same kind as in training, so that a
# loss of quality has only one cause. {glue:text}`scale`

# %%
tested = wssl.Experiment(preset=preset, dataset=dataset, seed=study.design.many[0])
wssl.Evaluation(tested, dataset=study.design.unseen)

# %% tags=["hide-input", "claims"]
keys = [key for key in found if key.startswith(("unseen", "robust"))]
report.brief_table([found[key] for key in keys], campaign)

# %% [markdown]
# *Supervised training* is the paper's name for training from scratch.

# %% tags=["hide-input"]
report.contrast_table(campaign, contrasts, elsewhere, names="minus from scratch")

# %% [markdown]
# The pictures of objects show a few dozen kinds of things. Pictures of one kind are alike. An interval
# for new pictures of the same kinds is therefore too narrow for pictures of other kinds. The plan
# registered intervals for the same kinds, and the verdicts use these; the tables add intervals for other
# kinds. Where the two disagree, nothing should be concluded for other kinds of pictures. The first table
# is of the runs at half the learning rate, the second of the registered ones that did not diverge.

# %% tags=["hide-input"]
kinds = [entry.group for entry in package_manifest("objects")]
halved = beside.get(exploratory.AT_HALF_RATE)
report.group_table([*halved.values()], halved.campaign, kinds) if halved else None

# %% tags=["hide-input"]
report.group_table(list(found.values()) if study.registered else [], campaign, kinds)

# %% [markdown]
# ## Which network loses less?
#
# A network is robust if its score drops little on unseen images: its *drop* is the score on its own
# test images minus the score on the unseen ones. The difference between the drops of two networks
# does not depend on how hard the unseen images are, but it does depend on the scale of the metric, so
# three scales are shown. The score of a network that is poor everywhere also drops little, so these
# numbers have to be read together with those above. {glue:text}`again`

# %% tags=["hide-input"] mystnb={"figure": {"caption": "How much less each network loses on unseen images than the network trained from scratch, as a ratio of 1 - SSIM, in points of SSIM and in dB: values right of zero lose less.", "name": "fig-losses"}, "image": {"alt": "Three dot plots, of the loss as a ratio of 1 - SSIM, in points of SSIM and in PSNR: one row per control, each against training from scratch, with seeds, means and intervals."}}
losses = [
    Score(metric, unseen=True, drop=True, points=points)
    for metric, points in (("ssim", False), ("ssim", True), ("psnr", False))
]
report.dots(shown, contrasts, losses, zero="trained from scratch")

# %% [markdown]
# ## What the fills look like
#
# No network was trained on these photographs.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Photographs that no network was trained on, with holes filled by the paper's configuration and its controls (first seed, at the width of the grids), and the original in the last column. Known pixels are those of the original.", "name": "fig-sets"}, "image": {"alt": "A grid of pictures: one row per photograph; columns for the masked picture, the fills of the paper's configuration and of each control, and the original."}}
pictures, holes = study.pictures(photographs=3, drawn=0)
networks = {ENCODERS[arm.encoder]: arm for arm in (BEST_ARM, RANDOM, SCRATCH)}
filled = study.filled(networks, pictures, holes)
report.fills_gallery(pictures, holes, filled, networks)

# %% [markdown]
# **What this page cannot conclude.** How networks behave after much longer training, and how they
# behave with masks of another kind.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. Away from home.** Train a network on drawn portraits and test it on photographs. How much
# PSNR does it lose? (Trains one network.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# experiment = wssl.Experiment(preset="quick", encoder="scratch")
# own = wssl.run(experiment).metrics["psnr"]
# photos = wssl.evaluate(wssl.Evaluation(experiment, dataset="photos"))["metrics"]["psnr"]
# print(f"portraits {own:.2f} dB, photographs {photos:.2f} dB: {photos - own:+.2f} dB")
# ```
#
# The evaluation uses the same masks, so only the images change.
# :::
#
# **2. A method that cannot overfit.** Repeat exercise 1 with the harmonic fill, which learns
# nothing. What does its drop measure? (Trains nothing.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# experiment = wssl.Experiment(preset="quick", method="harmonic")
# own = wssl.run(experiment).metrics["psnr"]
# photos = wssl.evaluate(wssl.Evaluation(experiment, dataset="photos"))["metrics"]["psnr"]
# print(f"portraits {own:.2f} dB, photographs {photos:.2f} dB: {photos - own:+.2f} dB")
# ```
#
# It measures how much harder, or easier, the other images are. This part is common to all methods,
# and cancels in the difference between two of them.
# :::
#
# **3. The scale decides.** Network A falls from an SSIM of 0.95 to 0.90, network B from 0.80 to
# 0.72. Which is more robust: in points of SSIM, and as a ratio of 1 - SSIM?
#
# :::{dropdown} Solution
# ```python
# ssim = {"A": (0.95, 0.90), "B": (0.80, 0.72)}
# for name, (own, unseen) in ssim.items():
#     points, ratio = own - unseen, (1 - unseen) / (1 - own)
#     print(f"{name} loses {points:.2f} points; 1 - SSIM grows by a factor of {ratio:.2f}")
# ```
#
# A loses fewer points, but its dissimilarity doubles, which B's does not. A claim of robustness
# needs a named scale.
# :::
