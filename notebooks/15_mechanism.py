# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What the encoder knows, and what the decoder uses
#
# **The question.** A score says how well a network fills holes, not why. What do the features of a
# pretrained encoder know of the image? Which of its blocks does the decoder use? And does a network
# that has learned its pretext task better also fill better?
#
# **The answer.** *What the features know.* {glue:text}`known`
#
# *What freezing does.* {glue:text}`freezing`
#
# *Whether learning the task helps.* {glue:text}`learning`
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
from wssl.claims import Arm, repeats
from wssl.claims.blocks import learned_runs
from wssl.claims.campaign import NARROW, WIDE, Campaign, at_width
from wssl.claims.catalogue import (
    BEST_ARM,
    DOUBLES,
    FINETUNED,
    RANDOM,
    SCRATCH,
    SINGLES,
    TRIPLES,
)
from wssl.claims.estimands import means
from wssl.report import text
from wssl.report.figures.mechanism import accuracy_scatter, block_curves, skip_curves, where_figure
from wssl.report.labels import ENCODERS
from wssl.report.tables import mechanism
from wssl.study import Study
from wssl.study.similarity import similarity

check_parameters(globals())
report.use_style()

# %%
study = Study(preset=preset, dataset=dataset, masks=masks, seeds=seeds or None)
depths = {
    "1": (1,),
    "1 to 3": (1, 2, 3),
    "all": BEST_ARM.blocks,
    "3 to 5": (3, 4, 5),
    "5": (5,),
}
frozen = {name: Arm(BEST_ARM.pretext, blocks=blocks) for name, blocks in depths.items()}
random = {name: Arm(encoder="random", blocks=blocks) for name, blocks in depths.items()}
controls = [BEST_ARM, RANDOM, FINETUNED, SCRATCH]
found = study.findings([*controls, *frozen.values(), *random.values()])
campaign = found.campaign
judged = best, plain, tuned, scratch = found.at(*controls)

# %% tags=["remove-input"]
channels = {
    "8": "8",
    str(campaign.design.narrow): NARROW,
    str(campaign.design.wide): WIDE,
}
widths = {
    name: {ENCODERS[arm.encoder]: at_width(arm, width) for arm in controls}
    for name, width in channels.items()
}
by_depth = {name: (frozen[name], random[name]) for name in depths}
records = study.records()
weightings = {
    "the paper's weightings": [*SINGLES, *DOUBLES, *TRIPLES],
    "the paper's best, wide": [at_width(BEST_ARM, WIDE)],
}
recorded = {
    name: [*report.runs_of(campaign, arms), *report.phases_of(campaign, arms)]
    for name, arms in weightings.items()
}
learned = {name: learned_runs(some) for name, some in recorded.items()}
alike = similarity(study.firsts(dict(zip(ENCODERS.values(), judged, strict=True))))
for name, value in {
    "known": mechanism.known_text(
        campaign,
        {"after pretraining": best, "with random weights": plain, "from scratch": scratch},
    ),
    "freezing": mechanism.freezing_text(
        campaign,
        {
            "all five are": BEST_ARM,
            "only the first is": frozen["1"],
            "only the last is": frozen["5"],
        },
        SCRATCH,
    ),
    "learning": mechanism.learning_text(learned["the paper's weightings"]),
    "awaiting": text.awaiting_text(*study.recorded([*judged, *frozen.values()]))
    if study.registered
    else "",
    "scale": text.scale_text(found, judged),
    "similarity": "computed from the weights of the first seed of each configuration"
    if alike
    else "awaiting the weights of the first seed of each configuration",
}.items():
    glue(name, value, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Left, at the width of the controls: how much better the original's pixels can be read out of each block after pretraining than with random weights; below zero, pretraining makes them worse. Middle, at the width of the grids: what freezing costs, by the blocks that are frozen; above zero, the network is better than one trained from scratch. Right, at the width of the controls: what each network loses when one skip connection is cut; the higher, the more it depends on that connection.", "name": "fig-where"}, "image": {"alt": "Three charts. Left: two lines over the five blocks, for known pixels and for pixels of the hole. Middle: pairs of points with intervals for five choices of frozen blocks. Right: three lines over the five skip connections."}}
where_figure(campaign, (best, plain, scratch), by_depth, SCRATCH)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how to measure what a block of a network knows, without training the network again
# - how to find out which skip connections a decoder relies on
# - why accuracy in a pretext task and the quality of fills are two different things
# :::

# %% [markdown]
# {glue:text}`scale` Every run of WSSL analyses its network once it is trained: on validation
# images, which take no part in any score of the other chapters. All numbers are kept in the record
# of the run.
#
# ## What each block knows
#
# A linear map, the {term}`linear read-out`, is fitted from the features of a block (a window of
# 3 × 3 positions) to the pixels of the original image, on other images than those it is evaluated
# on. Where the map finds the pixels, the decoder can find them too. Pixels of the hole show how much
# the block has guessed from the surroundings. The values are lower bounds: the map is fitted at some
# 1,200 known positions, fewer than the features of a deep or wide block. So encoders can be
# compared at one block and one width, but neither blocks with each other nor widths.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "PSNR of a linear read-out of the original's pixels from each block of the encoder: on the left, pixels that the network sees; on the right, pixels of the hole. Lines join the means of one encoder, points are seeds; compare encoders at one block.", "name": "fig-readout"}, "image": {"alt": "Two line charts over the five blocks of the encoder, one line per treatment of the encoder. Left: known pixels. Right: pixels of the hole."}}
block_curves(campaign, judged, "readout")

# %% [markdown]
# A frozen first block with few channels cannot pass on what it does not contain. The table shows
# how far the network's own output is from the image at known pixels, in grey levels (0 to 255), by the
# number of channels of the first block. This is an upper bound of what the first block loses, because
# the decoder may lose some of it. (A fill takes known pixels from the image; this output is discarded.)

# %% tags=["hide-input"]
mechanism.width_table(campaign, widths)

# %% [markdown]
# A {term}`linear probe` asks something else: whether a block tells how a whole image was turned, how
# saturated it is, or how bright. Pretext training should make its own tasks easier to read.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Accuracy of a linear classifier on the mean features of each block. Saturation belongs to the pretext phase of the paper's best configuration; rotation and brightness do not.", "name": "fig-probes"}, "image": {"alt": "Three line charts over the five blocks: rotation, saturation and brightness. One line per treatment of the encoder, and a dotted line for chance."}}
block_curves(campaign, judged, "probes")

# %% [markdown]
# ## What the decoder uses
#
# Each skip connection is replaced by zeros in the trained network, one at a time. If a network fills
# as well without it, it does not need that connection: it does not use it, or others carry the same.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What a trained network loses when one of its skip connections is cut. The vertical axes are linear near zero and logarithmic beyond.", "name": "fig-skips"}, "image": {"alt": "Two line charts over the five skip connections: the increase of 1 - SSIM in per cent, and the loss of PSNR in dB. One line per treatment of the encoder."}}
skip_curves(campaign, judged)

# %% [markdown]
# ## Freezing by depth
#
# The same blocks are frozen after the pretext phase and at random. What both cost is the price of
# freezing; the difference between them is what pretraining changes.

# %% tags=["hide-input"]
shown = {
    f"{'pretrained' if arms is frozen else 'random'}, frozen: {name}": arm
    for name in depths
    for arms in (frozen, random)
    for arm in [arms[name]]
}
by_frozen = report.against(SCRATCH, shown)
report.contrast_table(campaign, by_frozen, names="minus from scratch")

# %% [markdown]
# In this edition, networks with some frozen blocks were trained on a GPU, and those with all or none
# frozen on CPUs. The next table replaces runs by their repetitions on the GPU ({doc}`10_verdicts`), so that
# both sides of a row come from one kind of machine:

# %% tags=["hide-input"]
again = study.repetitions()
there = Campaign(repeats.exchanged(records, again), study.design)
report.contrast_table(there, by_frozen, names="minus from scratch") if again else None

# %% [markdown]
# ## Learning the task, and filling holes
#
# If pretext training helps because the network learns the task, then networks that have learned it
# better should fill better: between configurations, and between the seeds of one configuration.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "SSIM of the fills against the accuracy of the pretext phase, for frozen encoders: one point per run. The accuracy is the mean over the tasks by their weights.", "name": "fig-learned"}, "image": {"alt": "Scatter plot. Horizontal: accuracy of the pretext phase; vertical: SSIM. Circles for runs that learned every task, crosses for others; thin lines join the seeds of one configuration."}}
accuracy_scatter(learned, records)

# %% [markdown]
# The table gives the change of 1 - SSIM from the lowest to the highest accuracy that was seen. Where
# all runs learned their tasks about equally well, that range is narrow, and no change in it does not
# show that learning is of no use. *Between configurations* compares their means; these differ in
# their tasks, too, so that a trend need not be an effect of learning. *Between the seeds of one*
# compares runs that differ in nothing else.

# %% tags=["hide-input"]
mechanism.slope_table(learned)

# %% [markdown]
# Rotation is learned to the full whatever its weight, so that a mean over tasks says little about the
# others. So here is each task by itself, over the paper's weightings that have it. In the first
# edition of this study, networks that had learned sharpness filled worse than those that had not
# learned it; the last row shows whether that is seen again.

# %% tags=["hide-input"]
of_grid = recorded["the paper's weightings"]
mechanism.slope_table(
    {task: learned_runs(of_grid, task) for task in ("rotation", "saturation", "sharpness")}
)

# %% [markdown]
# Do pretext features help at all, whatever their weights? The table compares all weightings together,
# and those of each number of tasks, with random features:

# %% tags=["hide-input"]
every = {
    "all weightings": [*SINGLES, *DOUBLES, *TRIPLES],
    "one task": SINGLES,
    "two tasks": DOUBLES,
    "three tasks": TRIPLES,
}
grid = {name: means(arms, [RANDOM]).terms for name, arms in every.items()}
report.contrast_table(campaign, grid, names="minus random, frozen")

# %% [markdown]
# Many networks with pretext features were trained on another machine than those with random features.
# The next table replaces runs by their repetitions on that machine ({doc}`10_verdicts`):

# %% tags=["hide-input"]
report.contrast_table(there, grid, names="minus random, frozen") if again else None

# %% [markdown]
# ## How alike the features are
#
# Linear centred kernel alignment {cite:p}`kornblith2019` is 1 if the features of two encoders are
# the same up to rotation and scale, and 0 if they have nothing linear in common. The table is
# {glue:text}`similarity`.

# %% tags=["hide-input"]
mechanism.similarity_table(alike)

# %% [markdown]
# **What this page cannot conclude.** Why one network fills holes better than another: a block that
# passes on more of the image, and a better fill, may have different causes. What a decoder could
# learn to use that a linear map does not find. Whether freezing would still cost as much if the image
# itself went to the decoder, past the frozen block: that was not tried, so it is not known how much of
# the cost has causes other than what the first block fails to pass on. A cut connection also does not
# show how well a network that is trained without it would do.
# The intervals on the left of {numref}`fig-where` are for new seeds, not for new images.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. Read the analysis of a run.** Train the control with a random encoder, and print what can be
# read out of each of its blocks. (Trains a network.)
#
# :::{dropdown} Solution
# ```python
# import wssl
#
# record = wssl.run(wssl.Experiment(preset="quick", encoder="random")).record
# for name, values in record["mechanism"]["readout"].items():
#     print(name, values)
# ```
#
# Compare two encoders at one block. A lower value of a deeper block may come from the fit, which has
# more features there than positions to learn from.
# :::
#
# **2. A block that forgets.** Blur an image by averaging cells of 2 × 2 pixels. How many dB are
# left if every pixel is read out as the mean of its cell?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
#
# from wssl import data, metrics
#
# image = data.images("synthetic", "test", 64, 1)[0] / 255.0
# cells = image.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
# read = np.repeat(np.repeat(cells, 2, axis=0), 2, axis=1)
# print(f"{metrics.psnr(((read - image) ** 2).mean()):.1f} dB")
# ```
#
# A block whose features contain no more than these means cannot give the decoder anything sharper.
# :::
#
# **3. Alike up to a rotation.** Turn random features by an orthogonal matrix, and compare their
# alignment with that of unrelated features.
#
# :::{dropdown} Solution
# ```python
# import numpy as np
#
# from wssl.study.similarity import linear_cka
#
# rng = np.random.default_rng(0)
# features = rng.normal(size=(500, 16))
# turned = features @ np.linalg.qr(rng.normal(size=(16, 16)))[0]
# print(f"turned: {linear_cka(features, turned):.2f}")
# print(f"unrelated: {linear_cka(features, rng.normal(size=(500, 16))):.2f}")
# ```
#
# With few samples, unrelated features look alike, too; compare numbers of one table only.
# :::
