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
# with each other. It shows no network without a pretext phase, none whose encoder goes on learning,
# and none whose frozen encoder has learned nothing.
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
import math

import pandas as pd
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

import wssl
from wssl import methods, report
from wssl.claims import Arm
from wssl.claims.catalogue import BEST_ARM, BIHARMONIC, FINETUNED, HARMONIC, RANDOM, SCRATCH
from wssl.notebooks import check_parameters
from wssl.report import text
from wssl.report.labels import ENCODERS
from wssl.study import Study

check_parameters(globals())
report.use_style()
set_matplotlib_formats("jpeg", pil_kwargs={"quality": 92})  # photographs, small enough to commit

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
best, random, scratch, finetuned = found.at(*controls)
arms = {
    ENCODERS["frozen"]: best,
    ENCODERS["random"]: random,
    ENCODERS["finetuned"]: finetuned,
    ENCODERS["scratch"]: scratch,
}
phases = report.phases_of(campaign, [best, finetuned])
pairs = {
    "features": ("a frozen encoder from the pretext phase", "a frozen random one"),
    "finetuned": ("the pretext phase as a start for training all layers", "a random start"),
    "supervised": ("the paper's frozen network", "training from scratch"),
    "freezing": ("freezing after the pretext phase", "fine-tuning"),
}
told = {key: text.versus(*names, found[key]) for key, names in pairs.items()}
above, configurations = text.above(campaign, list(arms.values()), HARMONIC)
for name, value in {
    "answer": text.answer(found, ["supervised", "features", "finetuned", "freezing"]),
    "awaiting": text.awaiting_text(*study.recorded([*arms.values(), *depths]))
    if study.registered
    else "",
    "scale": text.scale_text(campaign, arms.values()),
    "learned": text.learned_text(phases),
    "size": campaign.design.size,
    "features_told": told["features"][0].upper() + told["features"][1:],
    "start_told": told["finetuned"][0].upper() + told["finetuned"][1:],
    "freezing_told": told["freezing"][0].upper() + told["freezing"][1:],
    "helps": text.helps([found["features"], found["finetuned"]]),
    "above_floor": above,
    "configurations": configurations,
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The controls against training from scratch, at the same seeds: right of zero is better than training from scratch. The two fills learn nothing.", "name": "fig-controls"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per control and per fill, each against training from scratch, with seeds, means and intervals."}}
fills = {report.arm_label(arm): arm for arm in (HARMONIC, BIHARMONIC)}
others = {name: arm for name, arm in {**arms, **fills}.items() if arm != scratch}
contrasts = report.against(scratch, others)
report.dots(campaign, contrasts, zero="trained from scratch")

# %% [markdown]
# An effect is the per cent by which 1 - SSIM is lower, or the dB by which PSNR is higher; each is a
# mean of differences between runs with the same seed. Its 95 % interval is for new seeds and new
# images. {doc}`10_verdicts` says how a verdict is reached.
#
# There is a reason to doubt the paper's premise: the skip connections of a U-Net hand the known
# pixels to the decoder through the encoder's first block, and a random block of convolutions may
# pass them on as well as a trained one.
#
# ## The experiments
#
# - **Pretrained, frozen**: the paper's best configuration, saturation 0.3 and sharpness 0.7.
# - **Random, frozen**: the encoder stays at its random start; only the decoder learns.
# - **Pretrained, fine-tuned**: nothing is frozen after the pretext phase.
# - **From scratch**: supervised training of all layers, without a pretext phase.
#
# {glue:text}`scale` {glue:text}`learned`

# %%
wssl.Experiment(encoder="random", preset=preset)

# %% tags=["hide-input"]
keys = ["supervised", "features", "features-psnr", "features-learned", "finetuned", "freezing"]
with pd.option_context("display.max_colwidth", None):
    claims = report.verdict_table([found[key] for key in keys], campaign)
claims

# %% tags=["hide-input"]
report.score_table(campaign, {**arms, **fills})

# %% tags=["hide-input"]
report.contrast_table(campaign, contrasts, heading="minus from scratch")

# %% [markdown]
# ## At other widths
#
# A frozen first block of few channels limits what the decoder can know of the known pixels. So the
# controls are judged at one width and shown at the others.

# %% tags=["hide-input"]
report.width_table(campaign, list(found.values()))

# %% [markdown]
# ## Which blocks are frozen?
#
# The paper freezes the first 16 layers, which are all five blocks of the encoder (see
# {ref}`the decisions <decision-16-layers>`). Here some of them are frozen, from either end,
# pretrained and at random.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Encoders of which only some blocks are frozen, against the paper's, of which all five are: right of zero is better than freezing all of a pretrained encoder.", "name": "fig-depths"}, "image": {"alt": "Two dot plots, of the change of 1 - SSIM and of PSNR: one row per set of frozen blocks, pretrained and random, each against the encoder with all blocks frozen, with seeds, means and intervals."}}
deep = {report.arm_label(arm): arm for arm in depths if study.registered or arm in campaign.runs}
report.dots(campaign, report.against(BEST_ARM, deep), zero="all five blocks frozen, pretrained")

# %% tags=["hide-input"]
frozen = ["first-three", "first-one", "deep-features"]
with pd.option_context("display.max_colwidth", None):
    depth_claims = report.verdict_table([found[key] for key in frozen], campaign)
depth_claims

# %% [markdown]
# ## What a seed changes
#
# A seed draws the initial weights, the order of the images, their crops and the masks of training;
# test images and test masks are the same for all. The paper made each run once, so that nobody
# knows which of its differences are larger than chance. Here is how runs of one configuration
# scatter, as far as seeds were repeated. Runs whose pretext phase has much weight on sharpness
# scatter more, because some of them do not learn that task.

# %% tags=["hide-input"]
report.class_table(campaign)

# %% [markdown]
# ## Did all have the same chance?
#
# All have the same loss. Those with a pretext phase have had more training in all. Frozen blocks
# make a step cheaper, and leave fewer parameters to learn. How much the loss still fell over a fifth
# of the training (the mean of the last tenth of the steps against that of the tenth two before it)
# says who would gain most from a longer one; {doc}`13_scale` has the longer ones.

# %% tags=["hide-input"]
budget = report.progress_table(campaign, arms)
width = campaign.design.wide if found.registered else campaign.design.narrow
parameters = []
for arm in (arms[name] for name in budget.index):
    network = methods.unet(campaign.design.size, width)
    if arm.encoder in ("frozen", "random"):
        methods.freeze(network, list(arm.blocks))
    parameters.append(sum(math.prod(x.shape) for x in network.trainable_variables))
budget.insert(0, "parameters that learn", [f"{count:,}" for count in parameters])
budget.rename_axis("encoder")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Training loss of the inpainting phase against steps, for the paper's configuration and its controls: the mean over seeds.", "name": "fig-control-losses"}, "image": {"alt": "Line chart on a logarithmic axis. Horizontal: training steps; vertical: the loss. One curve for the paper's configuration and one for each control."}}
report.training_curves(campaign, arms, pretext=False)

# %% [markdown]
# ## What the fills look like

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same holes, filled by the paper's configuration and by its controls (first seed), the original last. Known pixels are the original's.", "name": "fig-control-pictures"}, "image": {"alt": "A grid of pictures: one row per picture; columns for the masked picture, the fills of the paper's configuration and of each control, and the original."}}
pictures, holes = study.pictures()
report.fills_gallery(pictures, holes, study.filled(arms, pictures, holes))

# %% [markdown]
# **What this page cannot conclude.** Whether a pretext phase of the paper's length, on its images,
# would have more to give; {doc}`13_scale` shows how far the answers depend on the budget. How all of
# this stands on other images is the subject of {doc}`09_unseen_data`.
