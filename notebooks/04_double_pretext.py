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
# **The question.** With two pretext tasks, do their weights matter, and in which direction? In the
# paper (Table 2, Figure 2) each pair shows a trend: more rotation is better beside saturation, less
# rotation beside sharpness, and more sharpness beside saturation. Its best weights of all are
# saturation 0.3 and sharpness 0.7 (SSIM 0.9692). It ran each weighting once.
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

from wssl import report
from wssl.book.notebooks import check_parameters
from wssl.claims.catalogue import DOUBLES, PAIRS, SINGLES
from wssl.claims.estimands import means
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
    "scale": text.scale_text(found, [*SINGLES, *DOUBLES]),
    "learned": text.learned_text(phases),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The scores of each pair of tasks against the weight of its first task, as differences from the mean of the pair at the same seed; the two weights add up to 1. Hollow markers: one task alone. An arrow marks a single task of the paper that lies below the axis.", "name": "fig-weights"}, "image": {"alt": "Line charts: one column per pair of pretext tasks, one row for 1 - SSIM and one for PSNR. Horizontal: the weight of the first task; vertical: the difference from the mean of the pair. One curve of the paper and one of this study in each."}}
report.weight_curves(campaign, PAIRS, SINGLES)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how to separate the effect of a weighting from that of a seed
# - how a trend over several weightings is estimated
# - what a pretext task learns at a weight of 0.1
# :::

# %% [markdown]
# An {term}`effect` is the percentage by which 1 - SSIM is lower, or the number of dB by which PSNR
# is higher: the mean of the differences between runs with the same {term}`seed`. Its 95 % interval
# is for new seeds and new images. The interval that decides is wider, because many claims are
# judged at once; an asterisk marks effects for which some runs {term}`diverged`. {doc}`10_verdicts`
# explains both, and how a verdict is reached.
#
# {glue:text}`scale`
#
# ## The trends
#
# A trend is the change along a straight line fitted to the five {term}`weightings <weighting>`,
# from a weight of 0.1 to a weight of 0.9, in the direction that the paper claims.

# %% tags=["hide-input", "claims"]
report.brief_table([found[key] for key in trends], campaign)

# %% [markdown]
# ## Do the weights matter at all?
#
# The standard deviation of the paper's five runs mixes two sources of variation, the weights and
# the seed. With several seeds, the two can be separated. The claim takes the triples as well;
# {doc}`05_triple_pretext` has their row, and one for all weightings, whatever their tasks.

# %% tags=["hide-input"]
report.spread_table(campaign, {report.set_name(pair): arms for pair, arms in PAIRS.items()})

# %% [markdown]
# ## Are rotation's shapes needed?
#
# The paper says of its single tasks that edges, or colours and patterns, do not suffice without the
# shapes that rotation teaches. The plan reads this as a statement about pairs: the claim compares the
# pairs with rotation with the one without. The table takes them one by one (exploratory): a mean over
# two pairs can hide that they differ.

# %% tags=["hide-input", "claims"]
report.brief_table([found["shapes-needed"]], campaign)

# %% tags=["hide-input"]
without = PAIRS["saturation", "sharpness"]
report.contrast_table(
    campaign,
    {
        report.set_name(pair): means(arms, without).terms
        for pair, arms in PAIRS.items()
        if arms != without
    },
    names=f"minus {report.set_name(('saturation', 'sharpness'))}",
    in_paper=True,
)

# %% [markdown]
# ## Table 2: the paper's numbers and ours
#
# The scores are those of the whole composited image, averaged over the test images; ± gives half
# the width of the 95 % interval of a configuration over its seeds.

# %% tags=["hide-input"]
report.table(2, report.shared_runs(campaign, DOUBLES))

# %% [markdown]
# The chart shows the same runs. Point at a weighting, or move to it with the Tab key, to see its
# numbers.

# %% tags=["hide-input"]
report.landscape_line(report.shared_runs(campaign, [*SINGLES, *DOUBLES]))

# %% [markdown]
# ## The effect of a second task with a weight of 0.1
#
# The largest steps in the paper are at the ends of its curves, between a task alone and the same
# task with a weight of 0.1 on another. These contrasts are exploratory: no claim was registered for
# them.

# %% tags=["hide-input"]
report.contrast_table(
    campaign, report.ends(PAIRS, SINGLES), names="minus the first alone", in_paper=True
)

# %% [markdown]
# ## Does a weight of 0.1 already teach the task?
#
# A weight can only matter through the features that the pretext phase learns. The paper reports no
# accuracy. {glue:text}`learned`

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Accuracy of each pretext task on the test images against its weight: one marker per seed, and the mean as a line. Colour and marker show the other task, whose weight is the rest to 1.", "name": "fig-accuracy"}, "image": {"alt": "One line chart per pretext task. Horizontal: its weight; vertical: its accuracy. A curve for each task beside it, points for it alone, and a dashed line for guessing."}}
report.accuracy_by_weight(phases)

# %% [markdown]
# **What this page cannot conclude.** How weights act at the paper's scale; and whether pretext
# tasks help at all, which {doc}`08_controls` examines with networks that have none.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. Table 2 as experiments.** List the experiments of the paper's Table 2. How many runs are
# they, and how many pretext phases?
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# table = wssl.study.table(2, preset="quick")
# for experiment in table:
#     print(dict(experiment.pretext))
# phases = {experiment.pretraining for experiment in table}
# print(len(table), "runs,", len(phases), "pretext phases")
# ```
#
# Every weighting needs a pretext phase of its own. Experiments that differ only in the loss would
# share one.
# :::
#
# **2. The paper's trends.** Fit a straight line to the paper's five runs of each pair. How much
# does SSIM change from a weight of 0.1 of the first task to a weight of 0.9?
#
# :::{dropdown} Solution
# ```python
# from itertools import combinations
#
# import numpy as np
# from wssl import paper
#
# for pair in combinations(("rotation", "saturation", "sharpness"), 2):
#     rows = [row for row in paper.TABLES[2] if set(row.pretext) == set(pair)]
#     weights = [row.pretext[pair[0]] for row in rows]
#     slope = np.polyfit(weights, [row.ssim for row in rows], 1)[0]
#     print(f"{pair[0]} beside {pair[1]}: {0.8 * slope:+.4f}")
# ```
#
# These are the trends that the paper claims, from its printed numbers. Each point is a single run.
# :::
#
# **3. A weighting or a seed?** Compare the effect of another weighting with the effect of another
# seed. (Trains three networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
#
# def psnr(weight, seed):
#     """The PSNR of a run with this weight of rotation and the rest on saturation."""
#     pretext = {"rotation": weight, "saturation": round(1 - weight, 1)}
#     return wssl.run(wssl.Experiment(preset="quick", pretext=pretext, seed=seed)).metrics["psnr"]
#
#
# print(f"another weighting: {psnr(0.9, 0) - psnr(0.1, 0):+.2f} dB")
# print(f"another seed: {psnr(0.9, 0) - psnr(0.9, 1):+.2f} dB")
# ```
#
# If the two numbers are of similar size, one run per weighting cannot show a trend.
# :::
