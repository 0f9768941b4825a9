# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Two pretext tasks
#
# **The question.** With two pretext tasks, do their weights matter, and in which direction? The
# paper (Table 2, Figure 2) finds a trend in each pair: more rotation is better beside saturation,
# less rotation beside sharpness, and more sharpness beside saturation. Its best weights of all are
# saturation 0.3 and sharpness 0.7 (SSIM 0.9692). It ran each weighting once.
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
from myst_nb import glue

from wssl import report
from wssl.claims.catalogue import DOUBLES, PAIRS, SINGLES
from wssl.notebooks import check_parameters
from wssl.report import text
from wssl.study import Study

check_parameters(globals())
report.use_style()

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
found = study.findings([*SINGLES, *DOUBLES])

# %% tags=["remove-input"]
campaign = found.campaign
trends = ["rotation-saturation", "rotation-sharpness", "saturation-sharpness"]
phases = report.phases_of(campaign, [*SINGLES, *DOUBLES])
for name, value in {
    "answer": text.answer(found, ["weights-matter", *trends]),
    "awaiting": text.awaiting_text(*study.recorded([*SINGLES, *DOUBLES]))
    if study.registered
    else "",
    "scale": text.scale_text(campaign, [*SINGLES, *DOUBLES]),
    "learned": text.learned_text(phases),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The scores of each pair of tasks against the weight of its first task, as differences from the pair's own mean at the same seed; the second weight is the rest to 1. Hollow: one task alone. An arrow: a single task of the paper that lies further down.", "name": "fig-weights"}, "image": {"alt": "Line charts: one column per pair of pretext tasks, one row for 1 - SSIM and one for PSNR. Horizontal: the weight of the first task; vertical: the difference from the mean of the pair. One curve of the paper and one of this study in each."}}
report.weight_curves(campaign, PAIRS, SINGLES)

# %% [markdown]
# An effect is the per cent by which 1 - SSIM is lower, or the dB by which PSNR is higher; each is a
# mean of differences between runs with the same seed. Its 95 % interval is for new seeds and new
# images. {doc}`10_verdicts` says how a verdict is reached.
#
# {glue:text}`scale`
#
# ## The trends
#
# A trend is the change along the straight line through the five weightings, from a weight of 0.1 to
# one of 0.9, in the direction that the paper claims.

# %% tags=["hide-input"]
with pd.option_context("display.max_colwidth", None):
    claims = report.verdict_table([found[key] for key in trends], campaign)
claims

# %% [markdown]
# ## Do the weights matter at all?
#
# The standard deviation of the paper's five runs holds two things at once: what the weights change
# and what a seed changes. With several seeds the two can be separated.

# %% tags=["hide-input"]
report.spread_table(campaign, {report.set_name(pair): arms for pair, arms in PAIRS.items()})

# %% [markdown]
# ## Table 2: the paper's numbers, and ours
#
# Whole image, composited, mean over the test images; ± is half of the 95 % interval of a single
# configuration over its seeds.

# %% tags=["hide-input"]
report.table(2, report.runs_of(campaign, DOUBLES))

# %% [markdown]
# The same runs as a chart. Point at a weighting, or reach it with the Tab key, for its numbers.

# %% tags=["hide-input"]
report.landscape_line(report.runs_of(campaign, [*SINGLES, *DOUBLES]))

# %% [markdown]
# ## What a tenth of a second task changes
#
# The largest jumps of the paper are at the ends of its curves, between a task alone and the same
# task with a tenth of another. These contrasts are exploratory: no claim was registered for them.

# %% tags=["hide-input"]
report.contrast_table(
    campaign, report.ends(PAIRS, SINGLES), heading="minus the first alone", in_paper=True
)

# %% [markdown]
# ## Does a weight of 0.1 already teach the task?
#
# A weight can only matter by what the pretext phase learns. The paper reports no accuracy.
# {glue:text}`learned`

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Accuracy of each pretext task on the test images against its weight: every seed, and the mean (line). Colour and form tell the task beside it, which has the rest of the weight.", "name": "fig-accuracy"}, "image": {"alt": "One line chart per pretext task. Horizontal: its weight; vertical: its accuracy. A curve for each task beside it, points for it alone, and a dashed line for guessing."}}
report.accuracy_by_weight(phases)

# %% [markdown]
# **What this page cannot conclude.** What weights do at the paper's scale, and whether pretext tasks
# help at all, for which {doc}`08_controls` has the networks without them.
