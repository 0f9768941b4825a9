# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Unseen data
#
# **The paper's claim (abstract, section 6).** Supervised methods "do not perform well when tested
# with unseen data"; self-supervised learning improves robustness and domain generalisation. The
# paper tests neither: all of its numbers are on portraits and masks like those of the training.
#
# This page takes the networks of {doc}`the controls <08_controls>`, trained on one set of images
# with one family of masks, and tests them on others.

# %% tags=["parameters"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images
seeds: int = 0  # how many; 0 stands for the preset's own number

# %% tags=["hide-input"]
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

import wssl
from wssl import claims, data, report
from wssl.data.batches import centre_crops
from wssl.inputs import evaluation_data
from wssl.notebooks import check_parameters
from wssl.report.unseen import losses_figure, scores_figure, scores_table
from wssl.report.verdicts import effect

check_parameters(globals())
report.use_style()
set_matplotlib_formats("jpeg", pil_kwargs={"quality": 92})  # photographs, small enough to commit

# %% [markdown]
# ## The tests
#
# Each network is tested on its own test set and on sets that it was not trained for. The images
# change or the masks change, never both, so that a loss has one cause.

# %%
settings = {"preset": preset, "dataset": dataset, "masks": masks, "seeds": seeds or None}
experiments = [
    e for e in wssl.study.controls(**settings) if e.frozen_blocks == wssl.methods.ENCODER_BLOCKS
]
results = wssl.run_all(experiments)
evaluations = {
    name: [wssl.evaluate(evaluation) for evaluation in listed]
    for name, listed in wssl.study.unseen(experiments).items()
}

# %% tags=["remove-input"]
own = experiments[0]
count = len({e.seed for e in experiments})
glue("seeds", count, display=False)
glue("dataset", dataset, display=False)
glue("strokes", own.masks, display=False)
glue("sets", len(evaluations), display=False)

# %% [markdown]
# {glue:text}`sets:d` tests beside the networks' own; {glue:text}`seeds:d` seeds of each network.
# The networks were trained on {glue:text}`dataset`, with strokes of {glue:text}`strokes` that cover
# 30 to 50 %. Two examples of each kind of image and of each kind of mask:

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What the networks are tested on, as far as it may be shown: photographs, drawn portraits, and a mask of each family. The published recipe of the Quick Draw masks, unfiltered, leaves far smaller holes.", "name": "fig-sets"}, "image": {"alt": "Two rows of pictures with a column for each kind: photographs, drawn portraits, and black masks with white holes of each family."}}
scale = own.scale
shown = {
    "photographs": data.images("photos", "test", scale.load_size, 2),
    "drawn portraits": data.images("synthetic", "test", scale.load_size, 2),
}
columns = {name: list(centre_crops(images, scale.size)) for name, images in shown.items()}
families = {"masks of the training": own}
for name, listed in wssl.study.unseen([own]).items():
    if (listed[0].masks, listed[0].recipe) != (own.masks, own.recipe):
        families[name] = listed[0].test
for name, experiment in families.items():
    columns[name] = list(evaluation_data(experiment)[1][:2])
report.gallery(list(zip(*columns.values(), strict=True)), columns=list(columns))

# %% [markdown]
# ## How good each network is on each set
#
# Levels on different sets cannot be compared: small holes and smooth pictures are easier. What can
# be compared are the networks on one set.

# %% tags=["hide-input"]
records = {"own test set": [r.record for r in results], **evaluations}
scores_table(records)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "SSIM of each network on each test set, minus the mean of the network that was trained end to end without a pretext phase: a point a run, with mean and 95 % interval. Left of zero the end-to-end network is better.", "name": "fig-unseen"}, "image": {"alt": "Dot plot: a group of rows for each test set, a colour for each network. Horizontal: SSIM less that of the end-to-end network, with runs, means and intervals about a line at zero."}}
scores_figure(records)

# %% [markdown]
# ## How much each network loses
#
# Robust is what loses little. The loss on a set is a network's SSIM on its own test set minus that
# on the other; a difference of losses does not depend on how hard the other set is.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "By how much the SSIM of each run falls, or rises (below zero), from its own test set to another, with mean and 95 % interval. Thin strokes leave smaller holes, so that all rise.", "name": "fig-losses"}, "image": {"alt": "Dot plot: a group of rows for each test set other than the networks' own, a colour for each network. Horizontal: SSIM on the own test set less SSIM on this one, about a line at zero."}}
losses_figure(records)

# %% tags=["remove-input"]
same = {name: own.to_dict()[name] for name in ("preset", "dataset", "masks", "recipe", "coverage")}
everything = claims.of_study(wssl.Store().records(), **same)
judged = {v.claim.key: v for v in claims.verdicts(everything)}
glue("unseen", judged["unseen"].outcome, display=False)
glue("unseen_effect", effect(judged["unseen"]), display=False)
glue("robust", judged["robust"].outcome, display=False)
glue("robust_effect", effect(judged["robust"]), display=False)

# %% [markdown]
# **The answer.** Over all sets unlike the training's with holes of the same coverage, the pretrained and frozen network scores
# {glue:text}`unseen_effect` against the network trained end to end: that WSSL does better on unseen
# data {glue:text}`unseen`. The end-to-end network loses {glue:text}`robust_effect` more than the
# pretrained one on its way there: that WSSL loses less {glue:text}`robust`. Both outcomes count
# for the whole table of claims at once ({doc}`10_verdicts`). A network that is bad everywhere loses
# little, so the second number means nothing without the first. What this page cannot conclude:
# how networks behave that have been trained long enough to be good.
