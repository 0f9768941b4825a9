# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How the verdicts depend on scale
#
# **The question.** Would the controls give other answers with more training, wider networks, wider
# strokes or larger images? The registered campaign varies each of these. At every setting, it
# compares the paper's best configuration with a random encoder, with fine-tuning and with training
# from scratch.
#
# **The answer.** {glue:text}`answer` {glue:text}`whole`
#
# {glue:text}`awaiting`

# %% tags=["parameters", "remove-input"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["remove-input"]
from myst_nb import glue

from wssl import presets, report
from wssl.book.notebooks import check_parameters
from wssl.claims.campaign import Campaign
from wssl.claims.catalogue import BEST_ARM, BIHARMONIC, FINETUNED, HARMONIC, RANDOM, SCRATCH
from wssl.claims.ladders import ladders, varied
from wssl.records.fields import is_shallow
from wssl.records.store import Store
from wssl.report import text
from wssl.report.labels import ENCODERS
from wssl.study import Study, exploratory
from wssl.study import campaign as registered
from wssl.study.study import records_of

check_parameters(globals())
report.use_style()

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
records = study.records()
if study.registered:
    records += records_of(exploratory.fills(), Store())
rungs = ladders(records, study.design)

# %% tags=["remove-input"]
scale = presets.preset("paper")
predicted = scale.inpainting_steps * scale.inpainting_batch
images = study.design.steps * presets.preset(preset).inpainting_batch
larger = Study(preset="gpu", dataset=dataset, masks=masks)
runs = [record for record in records if record["kind"] == "inpainting"]
shallow = text.shallow_text(runs)
whole = ladders([r for r in records if not is_shallow(r)], study.design)
large = Campaign(larger.records() if study.registered else [], larger.design)
controls = {ENCODERS[arm.encoder]: arm for arm in (BEST_ARM, RANDOM, FINETUNED, SCRATCH)}
others = {name: arm for name, arm in controls.items() if arm != SCRATCH}
pairs = [("frozen", "random"), ("frozen", "scratch"), ("finetuned", "scratch")]
for name, value in {
    "answer": text.ladder_answer(rungs, registered=study.registered),
    "whole": "The same without runs part of whose decoder died (below). "
    + text.ladder_answer(whole, registered=True)
    if shallow
    else "",
    "shallow": shallow,
    "restated": "Which of two configurations is ahead, and where a trend leads, can depend on these "
    "runs. The tables above without them, for more training, wider strokes and larger images:"
    if shallow
    else "No run of this page is one of these.",
    "awaiting": text.awaited_rungs(rungs) if study.registered else "",
    "diverged": text.diverged_text(runs, text.COUNTED),
    "machines": f"The runs were {made_on}." if (made_on := text.machines_text(runs)) else "",
    "predicted": predicted,
    "others": ""
    if varied(rungs["holes"]) or varied(rungs["size"])
    else "No runs of these scales are recorded yet.",
    "narrow": study.design.narrow,
    "large": text.large_text(large, vars(presets.preset("gpu"))),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Pairs of configurations at several settings of each scale. The scales are the number of training steps of the inpainting phase, the number of channels of the first block, the width of the strokes and the size of the images; a scale is shown if two or more of its settings have runs. Above zero, the first of a pair is better.", "name": "fig-ladders"}, "image": {"alt": "Charts side by side, one for each scale: budget, width, holes and size. Horizontal: the scale; vertical: the change of 1 - SSIM. One curve with intervals for each of three pairs of configurations."}}
report.ladder_figure(rungs)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how an effect can depend on the scale at which it is measured
# - how to read a trend against the logarithm of the training budget
# - why an extrapolation needs more than a good fit
# :::

# %% [markdown]
# An {term}`effect` is the percentage by which 1 - SSIM is lower, or the number of dB by which PSNR
# is higher: the mean of the differences between runs with the same {term}`seed`. Its 95 % interval
# is for new seeds and new images. {doc}`10_verdicts` explains how a verdict is reached. Each claim
# is judged at the scale that the plan fixed for it; this page shows effects at other scales without
# judging them. Where a scale does not say otherwise, networks have the first width
# {glue:text}`narrow:d`. {glue:text}`diverged` {glue:text}`shallow` {glue:text}`machines`
#
# ## More training

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The score of each configuration against the number of images that its inpainting phase saw: one point per run, and, where there are three budgets, a straight line against the logarithm with its 95 % band. In the run of a hollow circle, part of the decoder died; the lines count it. Horizontal lines: classical fills.", "name": "fig-budget"}, "image": {"alt": "Line chart with a logarithmic horizontal axis, the images seen in training; vertical: minus the logarithm of 1 - SSIM. Points and a fitted line for each of four configurations, and two horizontal lines for the classical fills."}}
report.budget_figure(rungs["budget"], [HARMONIC, BIHARMONIC], images)

# %% tags=["hide-input"]
report.ladder_table(rungs["budget"], pairs, "steps")

# %% [markdown]
# A table follows where there are runs at three budgets. It is computed from the fitted lines and gives the gain from a doubling of the steps, the
# number of images with which a configuration reaches each classical fill, and the expected score
# after {glue:text}`predicted:,d` images, as many as the paper's inpainting phase may have seen. The
# intervals come from the scatter of the runs about the line, without the error of the choice of test
# images, and they hold only if the line stays straight. The column *curvature* tests that within
# the ladder: a curve that levels off can pass far outside of an interval beyond its end.

# %% tags=["hide-input"]
fitted = report.fit_table(rungs["budget"], [HARMONIC, BIHARMONIC], images, predicted)
fitted if set(fitted["per doubling"]) - {"—"} else None

# %% [markdown]
# ## Wider networks

# %% tags=["hide-input"]
report.ladder_table(rungs["width"], pairs, "first width")

# %% [markdown]
# ## Wider strokes, larger images
#
# {glue:text}`others`

# %% tags=["hide-input"]
report.ladder_table(rungs["holes"], pairs[:2], "strokes") if varied(rungs["holes"]) else None

# %% tags=["hide-input"]
report.ladder_table(rungs["size"], pairs[:2], "images") if varied(rungs["size"]) else None

# %% [markdown]
# The scores beside those of the classical fills, which were added to the plan later and decide nothing.
# First wider strokes, then larger images:

# %% tags=["hide-input"]
scored = {ENCODERS[name]: rungs["holes"][1].arm(name) for name in ("frozen", "random", "scratch")}
scored |= {"harmonic fill": HARMONIC, "biharmonic fill": BIHARMONIC}
report.score_table(rungs["holes"][1].campaign, scored) if varied(rungs["holes"]) else None

# %% tags=["hide-input"]
report.score_table(rungs["size"][1].campaign, scored) if varied(rungs["size"]) else None

# %% [markdown]
# ## Without the runs part of whose decoder died
#
# {glue:text}`restated`

# %% tags=["hide-input"]
report.ladder_table(whole["budget"], pairs, "steps") if shallow else None

# %% tags=["hide-input"]
report.fit_table(whole["budget"], [HARMONIC, BIHARMONIC], images, predicted) if shallow else None

# %% tags=["hide-input"]
report.ladder_table(whole["holes"], pairs[:2], "strokes") if shallow else None

# %% tags=["hide-input"]
report.ladder_table(whole["size"], pairs[:2], "images") if shallow else None

# %% [markdown]
# ## What the fills look like
#
# The first figure has the strokes of the study on larger images, the second wider strokes on images of
# the study's size. No network was trained on these pictures.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same holes at twice the image size, filled by the paper's configuration, with a random encoder and by a network trained from scratch (first seed), and the original in the last column. Known pixels are those of the original.", "name": "fig-larger-fills"}, "image": {"alt": "A grid of larger pictures: one row per picture; columns for the masked picture, the fill of each network, and the original."}}
larger, wider = (
    {ENCODERS[e.encoder]: e for e in part if study.registered and e.seed == study.design.few[0]}
    for part in (registered.tier_2()["128 px"], registered.tier_2()["wide holes"])
)
elsewhere = "Only the registered campaign has such networks."
pictures, holes = study.pictures(size=2 * study.design.size)
filled = study.filled(larger, pictures, holes)
report.fills_gallery(pictures, holes, filled, larger) if larger else report.placeholder(elsewhere)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Wider holes at the study's image size, filled by the same three configurations (first seed), and the original in the last column.", "name": "fig-wider-fills"}, "image": {"alt": "A grid of pictures with wide holes: one row per picture; columns for the masked picture, the fill of each network, and the original."}}
pictures, holes = study.pictures(recipe="medium")
filled = study.filled(wider, pictures, holes)
report.fills_gallery(pictures, holes, filled, wider) if wider else report.placeholder(elsewhere)

# %% [markdown]
# ## At the paper's image size
#
# {glue:text}`large`

# %% tags=["hide-input"]
report.score_table(large, controls)

# %% tags=["hide-input"]
report.contrast_table(large, report.against(SCRATCH, others))

# %% [markdown]
# **What this page cannot conclude.** Scores beyond the longest training: a prediction from a straight
# line is no finding, least of all where the points bend. Nor what happens far beyond the largest
# scale: most settings have two or three seeds, and each scale ends where its registered computing
# time ends.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. Twice the steps.** Train from scratch for the preset's number of steps, and for twice as
# many. (Trains two networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# steps = wssl.presets.preset("quick").inpainting_steps
# for factor in (1, 2):
#     settings = {"inpainting_steps": factor * steps}
#     experiment = wssl.Experiment(preset="quick", encoder="scratch", settings=settings)
#     print(f"{factor * steps} steps: {wssl.run(experiment).metrics['psnr']:.2f} dB")
# ```
#
# `settings` replaces values of the preset. Each combination is an experiment with its own record.
# :::
#
# **2. How far is the paper?** By how many doublings does the paper's inpainting phase see more
# images than that of each preset?
#
# :::{dropdown} Solution
# ```python
# import math
#
# from wssl import presets
#
# seen = {name: p.inpainting_steps * p.inpainting_batch for name, p in presets.PRESETS.items()}
# for name, images in seen.items():
#     print(f"{name}: {images:,} images, {math.log2(seen['paper'] / images):.1f} doublings")
# ```
#
# A line that is fitted over a few doublings says little about what happens after several more.
# :::
#
# **3. A line that goes on too long.** A score follows $1 - 0.5 \, n^{-0.3}$ up to $n = 8$ and stays
# constant from there. Fit a line against $\log n$ to $n$ = 1, 2, 4 and 8, and extrapolate it to 64.
#
# :::{dropdown} Solution
# ```python
# import numpy as np
#
# seen = np.array([1, 2, 4, 8])
# score = 1 - 0.5 * seen**-0.3
# slope, start = np.polyfit(np.log2(seen), score, 1)
# print(f"on the line at 64: {start + slope * np.log2(64):.3f}; in truth {score[-1]:.3f}")
# ```
#
# The points fit the line well, and still it is wrong at 64. The scatter about a line cannot show
# that it bends later.
# :::
