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
# **The question.** Would the controls answer differently with more training, wider networks, wider
# holes or larger images? The registered campaign climbs a ladder of each: the paper's best
# configuration beside a random encoder, fine-tuning and training from scratch.
#
# **The answer.** {glue:text}`answer`
#
# {glue:text}`awaiting`

# %% tags=["parameters"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["hide-input"]
from myst_nb import glue

from wssl import presets, report
from wssl.claims.catalogue import BIHARMONIC, HARMONIC
from wssl.claims.ladders import ladders
from wssl.notebooks import check_parameters
from wssl.report import text
from wssl.study import Study

check_parameters(globals())
report.use_style()

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
rungs = ladders(study.records(), study.design)

# %% tags=["remove-input"]
whole = presets.preset("paper")
predicted = whole.inpainting_steps * whole.inpainting_batch
images = study.design.steps * presets.preset(preset).inpainting_batch
pairs = [("frozen", "random"), ("frozen", "scratch"), ("finetuned", "scratch")]
for name, value in {
    "answer": text.ladder_answer(rungs, registered=study.registered),
    "awaiting": text.awaited_rungs(rungs) if study.registered else "",
    "predicted": predicted,
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The controls against each other at every rung of four ladders: steps of the inpainting phase, channels of the first block, width of the holes' strokes, and size of the images. Above zero the first of a pair is better.", "name": "fig-ladders"}, "image": {"alt": "Four charts side by side, for budget, width, holes and size. Horizontal: the rungs; vertical: the change of 1 - SSIM. One curve with intervals for each of three pairs of configurations."}}
report.ladder_figure(rungs)

# %% [markdown]
# An effect is the per cent by which 1 - SSIM is lower, or the dB by which PSNR is higher; each is a
# mean of differences between runs with the same seed. Its 95 % interval is for new seeds and new
# images. {doc}`10_verdicts` says how a verdict is reached.
# Claims are judged at the scale that the plan fixed for each; everything on this page is shown, not
# judged.
#
# ## More training

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The score of each configuration against the images that its inpainting phase saw: every run, and a straight line against the logarithm with its 95 % band. Horizontal lines: fills that learn nothing.", "name": "fig-budget"}, "image": {"alt": "Line chart with a logarithmic horizontal axis, the images seen in training; vertical: minus the logarithm of 1 - SSIM. Points and a fitted line for each of four configurations, and two horizontal lines for the classical fills."}}
report.budget_figure(rungs["budget"], [HARMONIC, BIHARMONIC], images)

# %% tags=["hide-input"]
report.ladder_table(rungs["budget"], pairs, "steps")

# %% [markdown]
# From the lines: how much a doubling of the steps gains, with how many images a configuration
# reaches each classical fill, and what would be expected after {glue:text}`predicted:,d` images, as
# many as the paper's inpainting phase may have seen. The intervals come from the scatter about the
# line. They do not say that the line goes on straight, which no run here can show.

# %% tags=["hide-input"]
report.fit_table(rungs["budget"], [HARMONIC, BIHARMONIC], images, predicted)

# %% [markdown]
# ## Wider networks

# %% tags=["hide-input"]
report.ladder_table(rungs["width"], pairs, "first width")

# %% [markdown]
# ## Wider holes, larger images

# %% tags=["hide-input"]
report.ladder_table(rungs["holes"], pairs[:2], "strokes")

# %% tags=["hide-input"]
report.ladder_table(rungs["size"], pairs[:2], "images")

# %% [markdown]
# **What this page cannot conclude.** What happens far beyond the last rung: each ladder has two or
# three seeds on most of its rungs, and ends where the time that was registered for it ends.
