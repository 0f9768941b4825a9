# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Three pretext tasks
#
# **The question.** Are more pretext tasks better, and are their results more stable? In the paper
# (Table 3, Figure 4) the mean SSIM rises from 0.9495 with one task to 0.9599 with two and 0.9662
# with three, and the spread over weightings falls from 0.0185 to 0.0021.
#
# **The answer.** {glue:text}`answer`. {glue:text}`rests`
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
from wssl.claims.catalogue import DOUBLES, PAIRS, SINGLES, TRIPLES
from wssl.records.fields import is_shallow
from wssl.report import text
from wssl.study import Study

check_parameters(globals())
report.use_style()

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
found = study.findings([*SINGLES, *DOUBLES, *TRIPLES])

# %% tags=["remove-input"]
campaign = found.campaign
groups = {1: SINGLES, 2: DOUBLES, 3: TRIPLES}
everything = [*SINGLES, *DOUBLES, *TRIPLES]
asked = ["two-tasks", "three-tasks", "combination", "steadier"]
shallow = text.shallow_text(report.runs_of(campaign, everything))
whole = [a for a in everything if not any(map(is_shallow, report.runs_of(campaign, [a])))]
parts = report.more_tasks(groups, campaign)
for name, value in {
    "answer": text.answer(found, asked),
    "each_task": report.each_task_text(campaign, everything),
    "shallow": shallow,
    "whole": f"Without these weightings: {report.each_task_text(campaign, whole)}."
    if shallow
    else "",
    "rests": text.rests_text(found, "three-tasks", report.three_without_some(groups, campaign)),
    "awaiting": text.awaiting_text(*study.recorded(everything)) if study.registered else "",
    "scale": text.scale_text(found, everything),
    "learned": text.learned_text(report.phases_of(campaign, everything)),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Every weighting by its number of pretext tasks, as a difference from the mean of all weightings at the same seed, for the paper and for this study on one axis. The colours of a point are its tasks. Solid bars: means by number of tasks; dotted bars: means by task set.", "name": "fig-tasks"}, "image": {"alt": "Two dot plots of the change of 1 - SSIM, of the runs of the paper and of this study: columns for one, two and three pretext tasks, divided by task set, with bars for means."}}
report.number_of_tasks(campaign, groups)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how to compare groups of configurations of different sizes
# - how to find out how much a mean depends on a single run
# - what a standard deviation over weightings measures
# :::

# %% [markdown]
# An {term}`effect` is the percentage by which 1 - SSIM is lower, or the number of dB by which PSNR
# is higher: the mean of the differences between runs with the same {term}`seed`. Its 95 % interval
# is for new seeds and new images. The interval that decides is wider, because many claims are
# judged at once; an asterisk marks effects for which some runs {term}`diverged`. {doc}`10_verdicts`
# explains both, and how a verdict is reached.
#
# {glue:text}`scale` {glue:text}`learned`
#
# ## The registered claims

# %% tags=["hide-input", "claims"]
registered = [*asked, "steadier-seeds", "best-triple", "best-weights"]
report.brief_table([found[key] for key in registered], campaign)

# %% [markdown]
# The intervals above borrow the scatter of comparable runs. By the scatter of its own seeds alone, a
# comparison is less certain:

# %% tags=["hide-input"]
report.own_noise_table([found[key] for key in asked], campaign)

# %% [markdown]
# ## How much depends on one task or one pair?
#
# In the paper, the step from one task to two is due to a single run, that of sharpness: without it,
# there is none. More than half of the step from two tasks to three is due to two runs of rotation
# and saturation. The table leaves out the worst runs, or takes the best alone. Such a choice is
# made after seeing the numbers, so it tests nothing; it shows how much a difference of means
# depends on a few runs. If a claim holds above but its interval in this table includes zero, it depends on
# the runs that the table leaves out.

# %% tags=["hide-input"]
report.contrast_table(campaign, parts, in_paper=True)

# %% [markdown]
# ## Does one task help or harm wherever it takes part?
#
# The table compares the mean of all weightings with a task with that of all without it, and then the
# slope over its weight (exploratory). Weightings with and without a task differ in their number of
# tasks, too. In short: {glue:text}`each_task`. {glue:text}`shallow` {glue:text}`whole`

# %% tags=["hide-input"]
report.contrast_table(campaign, report.with_each_task(everything), in_paper=True)

# %% [markdown]
# ## Do the weights matter, with the tasks fixed or not?
#
# The registered claim is about weightings of the same tasks: the first four rows together. A weight
# of zero is a weight as well; the last row takes all weightings as one set (exploratory). It also
# contains what the choice of the tasks changes.

# %% tags=["hide-input"]
sets = {report.set_name(pair): arms for pair, arms in PAIRS.items()} | {"all three": TRIPLES}
report.spread_table(campaign, sets | {"any tasks": everything})

# %% [markdown]
# ## Are more tasks more stable?
#
# Each seed repeats the paper's whole study once. The table gives the mean and the standard
# deviation over the weightings of each number of tasks, in points of SSIM, computed as in the
# paper. The claim uses logarithms of 1 - SSIM instead, and corrects for the number of weightings as
# if they were a random sample. They are not, so the table shows the uncorrected standard deviations.

# %% tags=["hide-input"]
report.repetition_table(campaign, groups)

# %% [markdown]
# ## Equal weights
#
# If the paper's unequal weights are an advantage, equal weights should be worse. The table compares the most uniform
# weighting of each task set with the mean of the others (exploratory):

# %% tags=["hide-input"]
report.contrast_table(campaign, report.even_weights(sets), names="tasks", in_paper=True)

# %% [markdown]
# ## Table 3, and all weightings at a glance
#
# Point at a weighting in the triangle, or move to it with the Tab key, to see its numbers.

# %% tags=["hide-input"]
report.table(3, report.shared_runs(campaign, TRIPLES))

# %% tags=["hide-input"]
report.landscape_triangle(report.shared_runs(campaign, everything))

# %% [markdown]
# **What this page cannot conclude.** Anything about the number of tasks in general: there are only
# three tasks, and one set that contains all of them. Nor does it say anything about CelebA-HQ at
# 224 pixels.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. What the mean rests on.** Compute the paper's mean SSIM for one, two and three tasks, with
# all runs and without the worst run of each number.
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from wssl import paper
#
# for number in (1, 2, 3):
#     values = sorted(row.ssim for row in paper.TABLES[number])
#     print(f"{number}: all {np.mean(values):.4f}, without the worst {np.mean(values[1:]):.4f}")
# ```
#
# With three runs of one task, a single run moves the mean by a third of its distance from the
# others.
# :::
#
# **2. How many weightings are there?** Three weights in steps of 0.1, each at least 0.1, sum to
# one. How many such weightings exist, and how many of them did the paper run?
#
# :::{dropdown} Solution
# ```python
# from itertools import product
#
# from wssl import paper
#
# tenths = {(a, b, 10 - a - b) for a, b in product(range(1, 9), repeat=2) if a + b < 10}
# tasks = ("rotation", "saturation", "sharpness")
# ran = {tuple(round(10 * row.pretext[task]) for task in tasks) for row in paper.TABLES[3]}
# print(len(tenths), "weightings, of which the paper ran", len(ran & tenths))
# ```
#
# The spread over so few weightings says little about the spread over all of them.
# :::
#
# **3. A third task.** Add sharpness to equal weights of rotation and saturation. Does the PSNR
# rise? (Trains two networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# two = {"rotation": 0.5, "saturation": 0.5}
# three = {"rotation": 0.3, "saturation": 0.3, "sharpness": 0.4}
# psnr = [
#     wssl.run(wssl.Experiment(preset="quick", pretext=pretext)).metrics["psnr"]
#     for pretext in (two, three)
# ]
# print(f"two tasks: {psnr[0]:.2f} dB; three tasks: {psnr[1]:.2f} dB")
# ```
#
# Both runs have the same seed, so they share their initial weights and the order of their images.
# The difference still contains chance.
# :::
