# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Single pretext tasks
#
# **The question.** Which pretext task teaches a network most about filling holes? In the paper's
# Table 1, rotation is the best (SSIM 0.9608), saturation nearly as good (0.9596), and sharpness the
# worst (0.9281).
#
# **The answer.** {glue:text}`answer`.
#
# {glue:text}`awaiting`

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
from wssl.claims.catalogue import HARMONIC, SINGLES
from wssl.report import text
from wssl.study import Study

check_parameters(globals())
report.use_style()

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
found = study.findings([*SINGLES, HARMONIC])

# %% tags=["remove-input"]
campaign = found.campaign
arms = {report.pretext_name(arm.pretext): arm for arm in reversed(SINGLES)}
rotation = arms["Rotation"]
shared = report.shared_runs(campaign, SINGLES)  # the seeds that all of them have
phases = [
    campaign.pretexts[run["pretext"]] for run in shared if run["pretext"] in campaign.pretexts
]
for name, value in {
    "answer": text.answer(found, ["rotation-best", "sharpness-worst", "sharpness-levels"]),
    "awaiting": text.awaiting_text(*study.recorded(SINGLES)) if study.registered else "",
    "scale": text.scale_text(found, SINGLES),
    "learned": text.learned_text(phases),
    **text.facts(campaign, SINGLES),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The two other single pretext tasks against rotation, at the same seeds: right of zero is better than rotation. The paper's diamonds are the same differences in its Table 1.", "name": "fig-table-1"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row for saturation and one for sharpness, each against rotation, with seeds, means, intervals and the number of the paper."}}
contrasts = report.against(rotation, {n: arm for n, arm in arms.items() if arm != rotation})
report.dots(campaign, contrasts, zero="rotation", in_paper=True)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how an experiment is written as one line of Python
# - how to read a paired comparison with its 95 % interval
# - how to check whether a network has learned its pretext task
# :::

# %% [markdown]
# An {term}`effect` is the percentage by which 1 - SSIM is lower, or the number of dB by which PSNR
# is higher: the mean of the differences between runs with the same {term}`seed`. Its 95 % interval
# is for new seeds and new images. {doc}`10_verdicts` explains how a verdict is reached.
#
# A percentage depends on the side that it is seen from. If 1 - SSIM is 0.08 for one network and 0.10
# for another, the first has a value that is 20 % lower, and the second one that is 25 % higher. So
# the same difference can be +20 % and -25 %.
#
# ## One experiment is one line
#
# Each run is an `Experiment`: the pretext tasks with their weights, and defaults for everything
# else. `Study` above lists the experiments of this page, each with every seed.

# %%
wssl.Experiment(pretext={"rotation": 1.0}, preset=preset, dataset=dataset, seed=study.design.few[0])

# %% [markdown]
# {glue:text}`scale`
#
# ## Table 1: the paper's numbers and ours
#
# The scores are those of the whole {term}`composited` image, averaged over the test images; ± gives
# half the width of the 95 % interval of a configuration over its seeds. Images, size and training
# budget differ from the paper's, so only differences within a column can be compared.

# %% tags=["hide-input"]
report.table(1, shared)

# %% tags=["hide-input"]
report.contrast_table(campaign, contrasts, names="minus rotation", in_paper=True)

# %% [markdown]
# The next table adds the scores inside the hole, and a {term}`classical fill` for comparison: the
# harmonic fill continues the border of each hole smoothly into it, without any training.

# %% tags=["hide-input"]
report.score_table(campaign, {**arms, report.arm_label(HARMONIC): HARMONIC})

# %% [markdown]
# ## Does the pretext phase learn its task?
#
# The paper reports no accuracy. Here, every test image is classified at every level.
# {glue:text}`learned`

# %% tags=["hide-input"] mystnb={"figure": {"caption": "How networks trained on a single pretext task classified each of its levels: shares of the test images over all seeds. One row per true level; a perfect network has 1 on the diagonal.", "name": "fig-confusion"}, "image": {"alt": "One confusion matrix per pretext task: rows are true levels, columns the predicted levels, and a darker cell is a larger share."}}
levels = {name: task.level_names for name, task in wssl.pretext.TASKS.items()}
report.confusions(phases, levels)

# %% tags=["hide-input"]
report.accuracy_table(phases)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Training loss of both phases for networks with one pretext task each: the mean over seeds.", "name": "fig-loss"}, "image": {"alt": "Two line charts on logarithmic axes, of the pretext phase and of the inpainting phase. Horizontal: training steps; vertical: the loss. One curve per single pretext task."}}
report.training_curves(campaign, arms, pretext=True)

# %% [markdown]
# ## What the fills look like
#
# The networks of the first seed fill the same holes in a photograph and in a drawn portrait. No
# network was trained on the photograph.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same holes, filled by networks with one pretext task each (first seed), and the original in the last column. Known pixels are those of the original.", "name": "fig-restored"}, "image": {"alt": "A grid of pictures: one row per picture; columns for the masked picture, the fill after each pretext task, and the original."}}
pictures, holes = study.pictures()
filled = study.filled(arms, pictures, holes)
report.fills_gallery(pictures, holes, filled, arms)

# %% [markdown]
# **What this page cannot conclude.** Whether a pretext task helps at all: this takes a network
# without one, which {doc}`08_controls` has. Nor does it say anything about CelebA-HQ at 224 pixels.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. Two tasks, one seed.** Train with rotation alone and with sharpness alone, and compare the
# dissimilarity 1 - SSIM. (Trains two networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# ssim = {}
# for task in ("rotation", "sharpness"):
#     result = wssl.run(wssl.Experiment(preset="quick", pretext={task: 1.0}))
#     ssim[task] = result.metrics["ssim"]
#     print(f"{task}: SSIM {ssim[task]:.4f}")
# lower = 100 * (1 - (1 - ssim["rotation"]) / (1 - ssim["sharpness"]))
# print(f"rotation lowers 1 - SSIM by {lower:+.1f} %")
# ```
#
# One seed cannot show whether this difference is larger than chance. Repeat both runs with `seed=1`
# to see how far it moves.
# :::
#
# **2. The confusion.** Which level of sharpness is most often mistaken for which? (Trains the
# pretext phase of one network, which exercise 1 has already trained.)
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# import wssl
#
# experiment = wssl.Experiment(preset="quick", pretext={"sharpness": 1.0})
# phase = wssl.pretrain(experiment.pretraining)
# levels = wssl.pretext.TASKS["sharpness"].level_names
# counts = np.array(phase["confusion"]["sharpness"])
# np.fill_diagonal(counts, 0)
# true, taken = np.unravel_index(counts.argmax(), counts.shape)
# print(f"{levels[true]} is classified as {levels[taken]} {counts[true, taken]} times")
# ```
#
# Rows of the confusion matrix are true levels. Its diagonal counts the correct answers, so it is
# removed before the maximum is taken.
# :::
#
# **3. Better than guessing.** A network that guesses among four levels is right in a quarter of all
# cases, on average. Which accuracy does it exceed in only 5 % of tests with 32, 128 or 512 images?
#
# :::{dropdown} Solution
# ```python
# from scipy.stats import binom
#
# for images in (32, 128, 512):
#     print(f"{images} images: {binom.ppf(0.95, images, 0.25) / images:.3f}")
# ```
#
# The number of correct answers is binomial. The fewer the images, the further an accuracy has to be
# from 0.25 before it means that something was learned.
# :::
