# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The controls that the paper lacks
#
# **The question.** Does pretext training help inpainting at all? The paper compares pretext tasks
# only with each other. It has no network without a pretext phase, none whose encoder is fine-tuned,
# and none whose frozen encoder is random.
#
# **The answer.** {glue:text}`answer`.
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
from wssl.claims import Arm, repeats
from wssl.claims.catalogue import BEST_ARM, BIHARMONIC, FINETUNED, HARMONIC, RANDOM, SCRATCH
from wssl.claims.outcomes import to_show
from wssl.report import text
from wssl.report.labels import ENCODERS
from wssl.study import Study, exploratory

check_parameters(globals())
report.use_style()
QUESTIONS = ["supervised", "features", "finetuned", "freezing"]

# %%
depths = [
    Arm(BEST_ARM.pretext if encoder == "frozen" else {}, encoder, blocks=blocks)
    for blocks in ((1,), (1, 2, 3), (5,), (3, 4, 5))
    for encoder in ("frozen", "random")
]
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
controls = [BEST_ARM, RANDOM, SCRATCH, FINETUNED]
found = study.findings([*controls, *depths, HARMONIC, BIHARMONIC])

# %% tags=["remove-input"]
campaign = found.campaign
beside = exploratory.half_rate_findings() if study.registered else {}
best, random, scratch, finetuned = found.at(*controls)
arms = {
    ENCODERS["frozen"]: best,
    ENCODERS["random"]: random,
    ENCODERS["finetuned"]: finetuned,
    ENCODERS["scratch"]: scratch,
}
instead, shown = to_show(campaign, beside, arms.values())
alike = repeats.on_one_machine(found, study.repeated(found))
phases = report.phases_of(campaign, [best, finetuned])
for name, value in {
    "answer": text.brief_answer(found, beside, QUESTIONS[:3]),
    "shown": text.shown_text(instead),
    "awaiting": text.awaiting_text(*study.recorded([*arms.values(), *depths]))
    if study.registered
    else "",
    "scale": text.scale_text(found, arms.values()),
    "learned": text.learned_text(phases),
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The controls compared with training from scratch, at the same seeds: values right of zero are better than training from scratch. The last two rows are classical fills, which are not trained.", "name": "fig-controls"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per control and per fill, each against training from scratch, with seeds, means and intervals."}}
fills = {report.arm_label(arm): arm for arm in (HARMONIC, BIHARMONIC)}
others = {name: arm for name, arm in {**arms, **fills}.items() if arm != scratch}
contrasts = report.against(scratch, others)
report.dots(shown, contrasts, zero="trained from scratch")

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - which controls separate the effect of pretext training from that of freezing
# - how to compare networks that learn different numbers of parameters
# - how much a run depends on its seed
# :::

# %% [markdown]
# The questions of this page, one by one ({doc}`10_verdicts` explains the verdicts and
# the runs at half the learning rate; in a trial with one seed, the rate itself changed 1 - SSIM by about 5 %, so “no difference
# that matters” applies to one rate only):

# %% tags=["hide-input"]
report.answer_table(found, beside, QUESTIONS)

# %% [markdown]
# An {term}`effect` is the percentage by which 1 - SSIM is lower, or the number of dB by which PSNR
# is higher: the mean of the differences between runs with the same {term}`seed`. Its 95 % interval
# is for new seeds and new images. The interval that decides is wider, because many claims are
# judged at once; an asterisk marks effects for which some runs {term}`diverged`. {doc}`10_verdicts`
# explains both, and how a verdict is reached.
#
# There is a reason to doubt the paper's premise. The {term}`skip connections <skip connection>` of
# a U-Net pass the known pixels to the decoder through the first block of the encoder, and a random
# block of convolutions may do this as well as a trained one.
#
# Where a table gives an effect without the runs that diverged, its seeds were selected by not having
# diverged, and its interval uses the scatter of {term}`comparable runs` as well as their own.
#
# ## The experiments
#
# - **Pretrained, frozen**: the paper's best configuration, saturation 0.3 and sharpness 0.7.
# - **Random, frozen**: the encoder keeps its random initial weights; only the decoder learns.
# - **Pretrained, fine-tuned**: all layers learn after the pretext phase.
# - **From scratch**: all layers learn, without a pretext phase.
#
# The learning rate was calibrated separately for encoders that stay frozen and for those that learn;
# both calibrations gave the same value ({doc}`14_calibration`). For frozen encoders of this width, it
# was calibrated with random features and one seed only, so it may suit random encoders better than
# pretrained ones. It proved too high for this width: some runs of each kind diverged.
#
# {glue:text}`scale` {glue:text}`learned`

# %%
wssl.Experiment(encoder="random", preset=preset, dataset=dataset, seed=study.design.many[0])

# %% tags=["hide-input", "claims"]
keys = ["supervised", "features", "features-psnr", "features-learned", "finetuned", "freezing"]
report.brief_table([found[key] for key in keys], campaign)

# %% tags=["hide-input"]
report.score_table(campaign, {**arms, **fills})

# %% tags=["hide-input"]
report.contrast_table(campaign, contrasts, names="minus from scratch")

# %% [markdown]
# ## At other widths
#
# A frozen first block with few channels limits how much the decoder receives of the known pixels.
# The controls are therefore judged at one {term}`first width` and shown at the others.

# %% tags=["hide-input"]
report.width_table(campaign, list(found.values()))

# %% [markdown]
# ## Which blocks are frozen?
#
# The paper freezes the first 16 layers, which are all five blocks of the encoder
# ({ref}`why <decision-16-layers>`). Here, only some blocks are frozen, from either end of the
# encoder, with pretrained and with random weights.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Encoders with some frozen blocks, compared with the paper's encoder, in which all five are frozen: values right of zero are better than freezing all blocks of a pretrained encoder.", "name": "fig-depths"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per set of frozen blocks, pretrained and random, each against the encoder with all blocks frozen, with seeds, means and intervals."}}
deep = {report.arm_label(arm): arm for arm in depths if study.registered or arm in campaign.runs}
report.dots(campaign, report.against(BEST_ARM, deep), zero="all five blocks frozen, pretrained")

# %% tags=["hide-input", "claims"]
frozen = ["first-three", "first-one", "deep-features"]
report.brief_table([found[key] for key in frozen], campaign)

# %% [markdown]
# The intervals borrow the scatter of comparable runs, some of which diverged. By their own scatter:

# %% tags=["hide-input"]
report.own_noise_table([found[key] for key in frozen], campaign)

# %% [markdown]
# In this edition the runs in which all five blocks are frozen were made on CPUs, and others on a GPU,
# where the pretext phases were trained again. With the repetitions of the former on the GPU, these
# claims compare runs of one kind of machine ({doc}`10_verdicts`). The verdicts are by the registered
# runs:

# %% tags=["hide-input"]
depth = [key for key in frozen if key in alike]
report.exchange_table(found, alike, depth) if alike else None

# %% [markdown]
# ## How much a seed changes
#
# A seed determines the initial weights, the order of the images, their crops and the training
# masks; the test images and test masks are the same for all seeds. The paper made each run once, so
# it cannot show which of its differences are larger than chance. The table shows the scatter of
# runs that differ only in their seed. Configurations with much weight on sharpness are kept apart, as
# the plan has it: a run that fails to learn that task ends elsewhere. Runs that diverged are left out.

# %% tags=["hide-input"]
report.class_table(campaign.converged)

# %% [markdown]
# ## Was the comparison fair?
#
# All configurations have the same loss. Those with a pretext phase are trained for longer in total.
# Frozen blocks make a step cheaper and leave fewer parameters to learn. The table shows how much
# each loss still fell over a fifth of the training, from the eighth tenth of the steps to the last:
# a loss that still falls would gain most from more steps. {doc}`13_scale` has runs with more steps.

# %% tags=["hide-input"]
budget = report.progress_table(campaign, arms)
learned = [study.parameters(arms[name]) for name in budget.index]
budget.insert(0, "parameters that learn", [f"{count:,}" for count in learned])
budget.rename_axis("encoder")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Training loss of the inpainting phase for the paper's configuration and its controls: the mean over seeds.", "name": "fig-control-losses"}, "image": {"alt": "Line chart on a logarithmic axis. Horizontal: training steps; vertical: the loss. One curve for the paper's configuration and one for each control."}}
report.training_curves(campaign, arms, pretext=False)

# %% [markdown]
# ## What the fills look like

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same holes, filled by the paper's configuration and by its controls (first seed), and the original in the last column. Known pixels are those of the original.", "name": "fig-control-pictures"}, "image": {"alt": "A grid of pictures: one row per picture; columns for the masked picture, the fills of the paper's configuration and of each control, and the original."}}
pictures, holes = study.pictures()
filled = study.filled(arms, pictures, holes)
report.fills_gallery(pictures, holes, filled, arms)

# %% [markdown]
# **What this page cannot conclude.** Whether a pretext phase as long as the paper's, on the paper's
# images, would help more; {doc}`13_scale` shows how far the answers depend on the training budget.
# {doc}`09_unseen_data` tests the same networks on other images.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. A control of your own.** Compare a frozen random encoder with training from scratch. (Trains
# two networks.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# for encoder in ("random", "scratch"):
#     result = wssl.run(wssl.Experiment(preset="quick", encoder=encoder))
#     print(f"{encoder}: SSIM {result.metrics['ssim']:.4f}, PSNR {result.metrics['psnr']:.2f} dB")
# ```
#
# Neither network has a pretext phase. What `random` reaches is due to the decoder and the skip
# connections.
# :::
#
# **2. What freezing leaves to learn.** Which share of the parameters still learns if the first one,
# three or five blocks of the encoder are frozen?
#
# :::{dropdown} Solution
# ```python
# from wssl.claims import Arm
# from wssl.study import Study
#
# study = Study(preset="quick")
# whole = study.parameters(Arm(encoder="scratch"))
# for blocks in ((1,), (1, 2, 3), (1, 2, 3, 4, 5)):
#     learned = study.parameters(Arm(encoder="random", blocks=blocks))
#     print(f"{len(blocks)} frozen: {learned / whole:.1%} of {whole:,} parameters learn")
# ```
#
# Each block has about four times the parameters of the one before, so the first blocks hardly
# count. But they are the ones through which the known pixels pass.
# :::
#
# **3. Why seeds are paired.** Suppose three seeds give these PSNRs with a frozen encoder and from
# scratch: 27.1, 26.4, 27.9 and 27.4, 26.8, 28.2 dB. Compute the 95 % interval of the difference
# with and without pairing by seed.
#
# :::{dropdown} Solution
# ```python
# from wssl.claims.statistics import contrast, paired_contrast
#
# frozen = {0: 27.1, 1: 26.4, 2: 27.9}
# scratch = {0: 27.4, 1: 26.8, 2: 28.2}
# paired = paired_contrast(frozen, scratch).estimate
# separate = contrast([list(frozen.values()), list(scratch.values())], (1.0, -1.0))
# for name, found in (("paired", paired), ("separate", separate)):
#     print(f"{name}: {found.value:+.2f} dB, {found.lower():+.2f} to {found.upper():+.2f}")
# ```
#
# The seeds differ more than the configurations do. Pairing removes what both runs of a seed share,
# and only the paired interval excludes zero.
# :::
