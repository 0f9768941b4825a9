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
# **The paper's claim (sections 3.1 and 3.2).** CelebA-HQ portraits are resized to 256 pixels and
# cropped at random to 224; masks of the Quick, Draw! Irregular Mask set are kept if 30 to 50 % of
# their pixels are missing; images are shown at four levels of rotation, saturation and sharpness.
#
# This page shows what each of these steps does to a picture before anything is trained, and
# measures two things that the paper does not report: how many of the published masks can reach
# 30 %, and how visible each level is.

# %% tags=["parameters"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from keras import ops
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

import wssl
from wssl import data, report
from wssl.data.batches import centre_crops
from wssl.notebooks import check_parameters

check_parameters(globals())
report.use_style()
set_matplotlib_formats("jpeg", pil_kwargs={"quality": 90})  # photographs, small enough to commit
scale = wssl.presets.preset(preset)
strokes = wssl.Experiment(preset=preset, dataset=dataset, masks=masks).masks

# %% [markdown]
# ## Images
#
# A source of images is a name. `synthetic` draws portraits from a seed, any number at any size,
# so that the whole study runs without a download; `photos` are the colour photographs that come
# with scikit-image; `open-faces` are 1,899 portraits under open licences; `folder:PATH` is
# whatever you have. Pictures on these pages show only the first two.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Drawn portraits of the source `synthetic`, the study's embedded data set.", "name": "fig-portraits"}, "image": {"alt": "A grid of drawn portraits: heads and shoulders that differ in skin, hair, clothes, glasses and background."}}
portraits = data.images("synthetic", "test", 96, 24)
report.gallery(portraits.reshape(3, 8, 96, 96, 3), side=1.15)
# %% [markdown]
# Each source divides into training, validation and test images that never overlap: by person
# where the person is known, by a stable hash of the content otherwise.

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
# The paper resizes to 256 pixels and takes a random crop of 224. Every preset keeps that ratio:
# here images are loaded at {glue:text}`load_size:d` pixels and the network sees
# {glue:text}`size:d`. Test images are cropped in the middle, so that a result does not depend on
# chance.

# %% tags=["remove-input"]
glue("load_size", scale.load_size, display=False)
glue("size", scale.size, display=False)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A photograph as loaded, at the size of the preset, and four of the random crops that training takes of it.", "name": "fig-crops"}, "image": {"alt": "A row of pictures: a photograph as loaded, then four crops of it, each shifted a little from the last."}}
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
# Each task transforms a whole batch at once, every image at a level of its own, inside the
# compiled training step. Saturation and sharpness are Pillow's `Color` and `Sharpness`, where 1
# leaves an image as it is. Sharpness leaves the outermost pixels alone, as Pillow does: padding
# them with zeros would frame the image in a dark line that gives the label away.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What the network is asked to tell: the four levels of each pretext task on one photograph. Between the last two levels of sharpness the eye finds hardly anything.", "name": "fig-pretext"}, "image": {"alt": "A grid of one photograph: a row for each pretext task, rotation, saturation and sharpness; a column for each of the task's four levels."}}
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
# How visible is a level? The table gives the mean absolute change that each makes to the test
# images, in grey levels of 255.

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
# 0.75, 1, without 0.5) and does not say how well its networks told them apart;
# {doc}`03_single_pretext` does.
#
# ## Masks
#
# The Quick, Draw! Irregular Mask set lays a few hand-drawn strokes over one another: their number
# is normal with mean 4 and standard deviation 2, each 5 to 15 pixels wide on a canvas of 512,
# enlarged up to one and a half times. Here the recipe is a parameter. `qd-imd` is the published
# one; `dense` draws about 30 strokes of the same widths. In every mask, `True` and white mean
# hole, and a stroke keeps its width relative to the image whatever the image's size.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Masks as drawn, before any filter, a row for each recipe: `qd-imd` is the published one. White = hole.", "name": "fig-masks"}, "image": {"alt": "A grid of black masks with white holes: a row for each recipe of masks, eight masks in each."}}
from itertools import islice

from wssl.data.recipes import stream

drawn = [list(islice(stream(strokes, 256, 0, "test", recipe), 8)) for recipe in data.RECIPES]
report.gallery(drawn, rows=list(data.RECIPES), side=1.15)
# %% tags=["hide-input"] mystnb={"figure": {"caption": "How much of the image the masks of each recipe cover, before any filter. The band is the paper's filter, 30 to 50 %.", "name": "fig-coverage"}, "image": {"alt": "Histograms, one for each recipe of masks. Horizontal: the share of pixels that are hole; vertical: the share of masks. A grey band marks the paper's filter."}}
number = 40 if preset == "smoke" else 1000
coverage = {
    recipe: data.coverages(strokes, recipe, number, size=256, split="train")
    for recipe in data.RECIPES
}
figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
axis.axvspan(30, 50, color="0.9", label="the paper's filter")
for recipe, values in coverage.items():
    sns.histplot(
        100 * values, binwidth=2.5, binrange=(0, 70), stat="percent", label=recipe, ax=axis
    )
axis.set(xlabel="coverage (% of pixels that are hole)", ylabel="% of masks")
_ = axis.legend(frameon=False)
# %% tags=["remove-input"]
for recipe, values in coverage.items():
    key = recipe.replace("-", "_")
    glue(f"median_{key}", 100 * float(np.median(values)), display=False)
    glue(f"kept_{key}", 100 * float(((values >= 0.3) & (values <= 0.5)).mean()), display=False)
glue("number_of_masks", number, display=False)
glue("strokes", strokes, display=False)

# %% [markdown]
# Of {glue:text}`number_of_masks:d` masks with strokes from {glue:text}`strokes`, the published
# recipe covers {glue:text}`median_qd_imd:.1f` % of the image (median), and
# {glue:text}`kept_qd_imd:.1f` % of its masks pass the filter of 30 to 50 %. The dense recipe
# covers {glue:text}`median_dense:.1f` %, and {glue:text}`kept_dense:.1f` % pass.
#
# ```{important}
# The paper does not say how many masks its filter left. Under the published recipe nearly none
# remain, so either the masks were fewer and denser than a reader would think, or their share of
# missing pixels was measured in another way. Every result in this study names its recipe.
# ```
#
# ## What the network sees
#
# In training, images and masks are paired at random. For testing, each image has one mask of a
# fixed list, with strokes from categories of drawings that no training mask uses; anyone can draw
# the same list again, bit for bit.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What the network is given. Above: images of the size that it sees; below: the same with holes, here black, at a coverage of 30 to 50 %.", "name": "fig-masked"}, "image": {"alt": "Two rows of eight pictures, four photographs and four drawn portraits: above as they are, below with black strokes for holes."}}
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
# **The answer.** Each step of the paper's pipeline can be rebuilt from what it says, with two
# reservations that bear on its numbers: masks of the published recipe pass its filter in
# {glue:text}`kept_qd_imd:.1f` % of all cases, and the third level of sharpness changes a pixel by
# {glue:text}`sharpness_change:.2f` grey levels on average, so that there is little for a network
# to see.
