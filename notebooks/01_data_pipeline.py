# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The data pipeline
#
# **The question.** The paper (sections 3.1 and 3.2) resizes CelebA-HQ portraits to 256 pixels and
# crops them at random to 224, keeps masks of the Quick, Draw! Irregular Mask set if they cover 30
# to 50 % of the image, and shows images at four levels of rotation, saturation and sharpness. Can
# these steps be rebuilt from its text, and what does each do to a picture?
#
# **The answer.** All steps can be rebuilt; {glue:text}`kept_qd_imd:.1f` % of the masks of the
# published recipe pass the paper's filter, and the third level of sharpness changes a pixel by
# {glue:text}`sharpness_change:.2f` of 255 grey levels on average.

# %% tags=["parameters", "remove-input"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images

# %% tags=["remove-input"]
import numpy as np
import pandas as pd
from keras import ops
from myst_nb import glue

import wssl
from wssl import data, report
from wssl.book.notebooks import check_parameters
from wssl.data.batches import centre_crops

check_parameters(globals())
report.use_style()
scale = wssl.presets.preset(preset)
strokes = wssl.Experiment(preset=preset, dataset=dataset, masks=masks).masks

# %% tags=["hide-input"] mystnb={"figure": {"caption": "How much of the image the masks of each recipe cover, before any filter. The band is the paper's filter, 30 to 50 %.", "name": "fig-coverage"}, "image": {"alt": "Histograms, one for each recipe of masks. Horizontal: the share of pixels that are hole; vertical: the share of masks. A grey band marks the paper's filter."}}
number = 40 if preset == "smoke" else 1000
coverage = {
    recipe: data.coverages(strokes, recipe, number, size=256, split="train")
    for recipe in data.RECIPES
}
report.coverage_histogram(coverage)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how images and masks are prepared for training and for testing
# - what the levels of the pretext tasks look like, and how to measure how visible they are
# - why the coverage of the masks has to be reported with every result
# :::

# %% tags=["remove-input"]
for recipe, values in coverage.items():
    key = recipe.replace("-", "_")
    glue(f"median_{key}", 100 * float(np.median(values)), display=False)
    glue(f"kept_{key}", 100 * float(((values >= 0.3) & (values <= 0.5)).mean()), display=False)
glue("number_of_masks", number, display=False)
glue("strokes", strokes, display=False)

# %% [markdown]
# ## Images
#
# A source of images is chosen by name. `synthetic` draws any number of portraits at any size from a
# seed, so that the whole study runs without a download; `photos` are the colour photographs that
# come with scikit-image; `open-faces-2` are 3,183 portraits under open licences; `folder:PATH` is a
# folder of your own. The pictures on these pages come from the first two only.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Drawn portraits of the source `synthetic`, the study's embedded data set.", "name": "fig-portraits"}, "image": {"alt": "A grid of drawn portraits: heads and shoulders that differ in skin, hair, clothes, glasses and background."}}
portraits = data.images("synthetic", "test", 96, 24)
report.gallery(portraits.reshape(3, 8, 96, 96, 3), side=1.15)
# %% [markdown]
# Each source is split into training, validation and test images that never overlap: by person where
# the person is known, otherwise by a stable hash of each file's content.

# %% tags=["hide-input"]
counts = {
    split: len(data.images(dataset, split, scale.load_size)) for split in ("train", "val", "test")
}
for split, count in counts.items():
    glue(f"{split}_images", count, display=False)
pd.DataFrame({"images": counts}).rename_axis("split")

# %% [markdown]
# ## Resize, then crop
#
# The paper resizes to 256 pixels and takes a random crop of 224. Every {term}`preset` keeps that
# ratio: here images are loaded at {glue:text}`load_size:d` pixels and the network sees
# {glue:text}`size:d`. Test images are cropped at the centre, so that a result does not depend on
# chance.

# %% tags=["remove-input"]
glue("load_size", scale.load_size, display=False)
glue("size", scale.size, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A photograph as it is loaded at this preset, and four of the random crops that training takes from it.", "name": "fig-crops"}, "image": {"alt": "A row of pictures: a photograph as loaded, then four crops of it, each shifted a little from the last."}}
from wssl.data.batches import random_crops

loaded = data.images("photos", "test", scale.load_size, 1)
crops = random_crops(loaded.repeat(4, axis=0), scale.size, np.random.default_rng(0))
report.gallery(
    [[loaded[0], *crops]],
    ("loaded", *(f"crop {i}" for i in range(1, 5))),
    side=1.6,
)
# %% [markdown]
# ## Pretext tasks
#
# Each {term}`pretext task` transforms a whole batch at once, with a separate level for every image,
# inside the compiled training step. Saturation and sharpness are Pillow's `Color` and `Sharpness`,
# in which 1 leaves an image as it is. Sharpness leaves the outermost pixels unchanged, as Pillow
# does: padding with zeros would frame the image with a dark line that gives the label away.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The levels that the network has to classify: the four levels of each pretext task on one photograph. The last two levels of sharpness are hard to distinguish by eye.", "name": "fig-pretext"}, "image": {"alt": "A grid of one photograph: a row for each pretext task, rotation, saturation and sharpness; a column for each of the task's four levels."}}
photo = centre_crops(data.images("photos", "test", 146, 1), 128).astype("float32") / 255
tasks = [wssl.pretext.TASKS[name] for name in ("rotation", "saturation", "sharpness")]
lines = []
for task in tasks:
    labels = np.arange(len(task.levels), dtype="int32")
    lines.append(list(ops.convert_to_numpy(task(photo.repeat(len(labels), axis=0), labels))))
figure = report.gallery(lines, rows=[task.name.capitalize() for task in tasks], side=1.7)
names = [name for task in tasks for name in task.level_names]
for axis, name in zip(figure.axes, names, strict=True):
    axis.set_title(name, loc="center", fontsize="small")
figure

# %% [markdown]
# How visible is a level? The table gives the mean absolute change that each level makes to the test
# images, in grey levels from 0 to 255.

# %% tags=["hide-input"]
test_images = centre_crops(data.images(dataset, "test", scale.load_size), scale.size)
test_images = test_images.astype("float32") / 255
changes = {}
for name in ("saturation", "sharpness"):
    task = wssl.pretext.TASKS[name]
    for label, level in enumerate(task.level_names):
        shown = ops.convert_to_numpy(
            task(test_images, np.full(len(test_images), label, dtype="int32"))
        )
        changes[name.capitalize(), level] = float(255 * np.abs(shown - test_images).mean())
glue("sharpness_change", changes["Sharpness", "0.75"], display=False)
glue("saturation_change", changes["Saturation", "0.75"], display=False)
pd.Series(changes).rename_axis(["task", "level"]).unstack().round(2)

# %% [markdown]
# At level 0.75, sharpness changes a pixel by {glue:text}`sharpness_change:.2f` grey levels and
# saturation by {glue:text}`saturation_change:.2f`. The paper spaces its levels unevenly (0, 0.25,
# 0.75, 1, without 0.5) and does not report how well its networks classified them;
# {doc}`03_single_pretext` does.
#
# ## Masks
#
# A {term}`mask` of the Quick, Draw! Irregular Mask set consists of a few hand-drawn strokes on top
# of each other. Their number is normally distributed with mean 4 and standard deviation 2; each is
# 5 to 15 pixels wide on a canvas of 512 pixels, which is then enlarged by a factor of up to 1.5. In
# this study the recipe is a parameter: `qd-imd` is the published one, and `dense` draws about 30
# strokes of the same widths. In every mask, `True` and white mean {term}`hole`, and the width of a
# stroke is relative to the size of the image.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Masks before any filter, one row per recipe: `qd-imd` is the published one. White = hole.", "name": "fig-masks"}, "image": {"alt": "A grid of black masks with white holes: a row for each recipe of masks, eight masks in each."}}
from itertools import islice

from wssl.data.recipes import stream

drawn = [list(islice(stream(strokes, 256, 0, "test", recipe), 8)) for recipe in data.RECIPES]
report.gallery(drawn, rows=list(data.RECIPES), side=1.15)

# %% [markdown]
# {numref}`fig-coverage` shows their {term}`coverage`. With strokes from {glue:text}`strokes`,
# {glue:text}`number_of_masks:d` masks of the published recipe have a median coverage of
# {glue:text}`median_qd_imd:.1f` %, and {glue:text}`kept_qd_imd:.1f` % of them pass the filter of 30
# to 50 %. The dense recipe has a median of {glue:text}`median_dense:.1f` %, and
# {glue:text}`kept_dense:.1f` % of its masks pass. The verdict on the published recipe rests on the
# masks of the test images alone, which are fewer ({doc}`10_verdicts`).
#
# :::{important}
# The paper does not say how many masks passed its filter. If few masks of the published recipe do,
# then the paper's masks were either fewer and denser than its text suggests, or their coverage was
# measured in another way. Every result of this study therefore names its recipe.
# :::
#
# ## How deep holes are
#
# The width of a stroke scales with the image, but a pixel is a pixel: the smaller the image, the more
# of a hole is right beside known pixels, and the easier it is to fill. The table gives the share of
# the hole within 1.5 pixels of a known pixel, and the median distance, for masks of 30 to 50 %:

# %% tags=["hide-input"]
depths = {
    (recipe, size): data.depths(strokes, recipe, number // 10, size)
    for recipe in ("dense", "medium")
    for size in (64, 128, 224)
}
pd.DataFrame(
    {
        "within 1.5 pixels (%)": {
            key: 100 * (found <= 1.5).mean() for key, found in depths.items()
        },
        "median distance (pixels)": {key: np.median(found) for key, found in depths.items()},
    }
).rename_axis(["recipe", "size (pixels)"]).round(1)

# %% [markdown]
# ## What the network sees
#
# In training, images and masks are paired at random. In testing, each image has one mask from a
# fixed list, whose strokes come from categories of drawings that no training mask uses. Anyone can
# draw the same list again, bit for bit.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The input of the network. Above: images at the size that it sees; below: the same images with black holes at a coverage of 30 to 50 %.", "name": "fig-masked"}, "image": {"alt": "Two rows of eight pictures, four photographs and four drawn portraits: above as they are, below with black strokes for holes."}}
pictures = np.concatenate(
    [
        data.images("photos", "test", scale.load_size, 4),
        data.images("synthetic", "test", scale.load_size, 4),
    ]
)
pictures = centre_crops(pictures, scale.size)
holes = data.masks(strokes, len(pictures), scale.size, split="test")
report.gallery([list(pictures), list(np.where(holes[..., None], np.uint8(0), pictures))], side=1.15)

# %% [markdown]
# **What this page cannot conclude.** Which masks the paper trained and tested with, since it
# publishes neither the masks nor their number.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. A filter for thin strokes.** The paper keeps masks that cover 30 to 50 % of the image. How
# many masks of the published recipe would pass a filter of 5 to 15 %, and how many of the dense
# recipe?
#
# :::{dropdown} Solution
# ```python
# from wssl import data
#
# for recipe in ("qd-imd", "dense"):
#     coverage = data.coverages("synthetic", recipe, count=200, size=128)
#     for low, high in ((0.05, 0.15), (0.3, 0.5)):
#         share = ((coverage >= low) & (coverage <= high)).mean()
#         print(f"{recipe}: {share:.0%} of the masks cover {low:.0%} to {high:.0%}")
# ```
#
# `data.coverages` draws masks without any filter and returns the share of each that is hole, so
# that any filter can be tried on the same masks.
# :::
#
# **2. Visible levels.** Which level of saturation and of sharpness is hardest to see on
# photographs, apart from the one that changes nothing?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from keras import ops
# from wssl import data, pretext
#
# images = data.images("photos", "test", 128, 4).astype("float32") / 255
# for name in ("saturation", "sharpness"):
#     task = pretext.TASKS[name]
#     for label, level in enumerate(task.level_names):
#         labels = np.full(len(images), label, dtype="int32")
#         changed = ops.convert_to_numpy(task(images, labels))
#         print(f"{name} {level}: {255 * np.abs(changed - images).mean():.2f} grey levels")
# ```
#
# A task takes a batch and one label per image. Level 1 returns the image itself, so its change is
# zero up to rounding.
# :::
#
# **3. The same test for everybody.** Test masks are a fixed list, and training masks depend on the
# seed. Check both.
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from wssl import data
#
# test = [data.masks("synthetic", 8, 64, split="test") for _ in range(2)]
# train = [data.masks("synthetic", 8, 64, seed=seed, split="train") for seed in (0, 1)]
# print("test masks drawn twice agree:", np.array_equal(*test))
# print("training masks of two seeds agree:", np.array_equal(*train))
# ```
#
# The masks are computed from the arguments alone, so the first line prints `True` on any machine.
# :::
