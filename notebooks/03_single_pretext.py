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
# Table 1 rotation is the best (SSIM 0.9608), saturation nearly as good, sharpness the worst
# (0.9281).
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
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

import wssl
from wssl import report
from wssl.claims.catalogue import HARMONIC, SINGLES
from wssl.notebooks import check_parameters
from wssl.report import text
from wssl.study import Study

check_parameters(globals())
report.use_style()
set_matplotlib_formats("jpeg", pil_kwargs={"quality": 92})  # photographs, small enough to commit

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
found = study.findings([*SINGLES, HARMONIC])

# %% tags=["remove-input"]
campaign = found.campaign
arms = {report.pretext_name(arm.pretext): arm for arm in reversed(SINGLES)}
rotation = arms["Rotation"]
phases = report.phases_of(campaign, SINGLES)
for name, value in {
    "answer": text.answer(found, ["rotation-best", "sharpness-worst", "sharpness-levels"]),
    "awaiting": text.awaiting_text(*study.recorded(SINGLES)) if study.registered else "",
    "scale": text.scale_text(campaign, SINGLES),
    "learned": text.learned_text(phases),
    **text.facts(campaign, SINGLES),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The two other single pretext tasks against rotation, at the same seeds: right of zero is better than rotation. The paper's diamonds are the same differences in its Table 1.", "name": "fig-table-1"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row for saturation and one for sharpness, each against rotation, with seeds, means, intervals and the number of the paper."}}
contrasts = report.against(rotation, {n: arm for n, arm in arms.items() if arm != rotation})
report.dots(campaign, contrasts, zero="rotation", in_paper=True)

# %% [markdown]
# An effect is the per cent by which 1 - SSIM is lower, or the dB by which PSNR is higher; each is a
# mean of differences between runs with the same seed. Its 95 % interval is for new seeds and new
# images. {doc}`10_verdicts` says how a verdict is reached.
#
# ## One experiment is one line
#
# Each run is an `Experiment`: the pretext tasks with their weights, and everything else at the
# default. `Study` above lists those of this page, with their seeds.

# %%
wssl.Experiment(pretext={"rotation": 1.0}, preset=preset)

# %% [markdown]
# {glue:text}`scale`
#
# ## Table 1: the paper's numbers, and ours
#
# Whole image, composited, mean over the test images; ± is half of the 95 % interval of a single
# configuration over its seeds. Images, size and budget differ from the paper's, so that only
# differences within a column can be compared.

# %% tags=["hide-input"]
report.table(1, report.runs_of(campaign, SINGLES))

# %% tags=["hide-input"]
report.contrast_table(campaign, contrasts, heading="minus rotation", in_paper=True)

# %% [markdown]
# What the hole alone scores, and what a fill reaches that learns nothing: the harmonic fill
# continues the rim of each hole smoothly into it.

# %% tags=["hide-input"]
report.score_table(campaign, {**arms, report.arm_label(HARMONIC): HARMONIC})

# %% [markdown]
# ## Does the pretext phase learn its task?
#
# The paper reports no accuracy. Here every test image is shown at every level. {glue:text}`learned`

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What each level of a pretext task was taken for by networks that learned this task alone: share of test images, summed over seeds. One row per true level; a perfect network has 1 on the diagonal.", "name": "fig-confusion"}, "image": {"alt": "One confusion matrix per pretext task: rows are true levels, columns the levels they were taken for, and a darker cell is a larger share."}}
levels = {name: task.level_names for name, task in wssl.pretext.TASKS.items()}
report.confusions(phases, levels)

# %% tags=["hide-input"]
report.accuracy_table(phases)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Loss against steps of both phases, for networks with one pretext task each: the mean over seeds.", "name": "fig-loss"}, "image": {"alt": "Two line charts on logarithmic axes, of the pretext phase and of the inpainting phase. Horizontal: training steps; vertical: the loss. One curve per single pretext task."}}
report.training_curves(campaign, arms, pretext=True)

# %% [markdown]
# ## What the fills look like
#
# The first seed of each task fills the same holes in a photograph and in a drawn portrait. No
# network has seen the photograph.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same holes, filled by networks that learned one pretext task each (first seed), the original last. Known pixels are the original's.", "name": "fig-restored"}, "image": {"alt": "A grid of pictures: one row per picture; columns for the masked picture, the fill after each pretext task, and the original."}}
pictures, holes = study.pictures()
report.fills_gallery(pictures, holes, study.filled(arms, pictures, holes))

# %% [markdown]
# **What this page cannot conclude.** Whether any pretext task helps at all: for that a network
# without one is needed, and {doc}`08_controls` has it. Nor anything about CelebA-HQ at 224 pixels.
