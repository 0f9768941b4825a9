# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The method, its loss and its metrics
#
# **The question.** The paper (sections 3.3 and 4) trains a U-Net in two phases, with the first 16
# layers frozen in the second, and a loss that mixes log-cosh and SSIM with $\alpha = 0.84$. What
# does this mix weigh, and how much do the conventions of the metrics move a score?
#
# **The answer.** At $\alpha = 0.84$, log-cosh makes up {glue:text}`least_value:.1f` to
# {glue:text}`most_value:.1f` % of the value of the loss and {glue:text}`least_gradient:.1f` to
# {glue:text}`most_gradient:.1f` % of its gradient; and the PSNR of one and the same fill differs by
# {glue:text}`psnr_hole_gap:.1f` dB between the whole image and the hole.
#
# Nothing is trained on this page.

# %% tags=["parameters", "remove-input"]
preset: str = "quick"  # the scale: smoke, quick, desktop, gpu or paper
dataset: str = "synthetic"  # images: synthetic, open-faces-2 or folder:PATH
masks: str = "auto"  # strokes: synthetic, quickdraw or folder:PATH; auto follows the images

# %% tags=["remove-input"]
import numpy as np
import pandas as pd
from keras import ops
from myst_nb import glue
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

import wssl
from wssl import data, losses, methods, metrics, report
from wssl.book.notebooks import check_parameters
from wssl.data.batches import centre_crops
from wssl.methods.classical import harmonic, mean_colour

check_parameters(globals())
report.use_style()
scale = wssl.presets.preset(preset)
strokes = wssl.Experiment(preset=preset, dataset=dataset, masks=masks).masks

# %% tags=["hide-input"]
number = 8 if preset == "smoke" else 32
loaded = data.images(dataset, "test", scale.load_size)[:number]
originals = centre_crops(loaded, scale.size).astype("float32") / 255
holes = data.masks(strokes, len(originals), scale.size, split="test")
pairs = list(zip(originals, holes, strict=True))
plain = np.stack([mean_colour(image, hole) for image, hole in pairs]).astype("float32")
rows = []
for quality in (0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95):
    filled = plain + np.float32(quality) * (originals - plain)
    psnr = metrics.summarize(metrics.evaluate(originals, filled, holes))["psnr"]
    terms = losses.terms(originals, filled)
    value = terms["log_cosh"].mean(), terms["ssim"].mean()
    gradient = np.linalg.norm(terms["gradient_log_cosh"]), np.linalg.norm(terms["gradient_ssim"])
    for alpha in (0.16, 0.5, 0.84, 0.95, 0.99):
        share = [alpha * a / (alpha * a + (1 - alpha) * b) for a, b in (value, gradient)]
        rows.append((alpha, psnr, *share))
shares = pd.DataFrame(rows, columns=["alpha", "psnr", "value", "gradient"])

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The share of log-cosh in the mixed loss, of its value (left) and of its gradient (right), against the quality of the fill. The dotted line is the share that alpha = 0.84 suggests.", "name": "fig-alpha"}, "image": {"alt": "Two line charts, of the loss's value and of its gradient. Horizontal: PSNR of the fill; vertical: the share of log-cosh. A curve for each alpha, and a dotted line."}}
report.share_curves(shares, 0.84)

# %% [markdown]
# :::{admonition} In this chapter you learn
# :class: tip
# - how the network is built, and what the paper's "first 16 layers" are
# - how to measure what each term of a mixed loss contributes
# - which conventions of SSIM and PSNR have to be known before two numbers are compared
# :::

# %% tags=["remove-input"]
paper = shares[shares["alpha"] == 0.84]
for share in ("value", "gradient"):
    glue(f"least_{share}", float(100 * paper[share].min()), display=False)
    glue(f"most_{share}", float(100 * paper[share].max()), display=False)

# %% [markdown]
# ## The network
#
# The figure corresponds to the paper's Figure 1 and is drawn from the layers of the model at this
# preset: the {term}`encoder`, which the {term}`pretext phase` trains, its heads, and the
# {term}`decoder`, which replaces the heads in the {term}`inpainting phase`.

# %% mystnb={"figure": {"caption": "The two networks of WSSL, drawn from the Keras models. Each box is a layer: its height shows the side of the output and its width the number of channels, both logarithmic. The encoder (blue; the first 16 layers, including the input) learns from the pretext tasks and is then frozen, while the decoder (orange) learns to fill holes. Arcs are skip connections.", "name": "fig-architecture"}, "image": {"alt": "Diagram of a U-Net. From left to right the boxes of the encoder shrink and those of the decoder grow again; arcs join boxes of one size, and arrows lead from the end of the encoder to the three pretext tasks."}}
network = methods.unet(scale.size, scale.width)
report.architecture(network, methods.ENCODER_LAYERS, list(wssl.pretext.TASKS))

# %% [markdown]
# "The first 16 layers" is ambiguous on paper, but exact in Keras. Without batch normalisation,
# Keras counts the input, and two convolutions and a pooling layer in each of five blocks: 16
# layers, which are the whole encoder. With batch normalisation, the sixteenth layer would lie
# inside the third block.

# %% tags=["hide-input"]
layers = network.layers[: methods.ENCODER_LAYERS]
encoder_parameters = sum(layer.count_params() for layer in layers)
glue("encoder_parameters", encoder_parameters, display=False)
glue("all_parameters", network.count_params(), display=False)
glue("size", scale.size, display=False)
glue("width", scale.width, display=False)
pd.DataFrame(
    [
        (i, layer.name, type(layer).__name__, str(layer.output.shape[1:]), layer.count_params())
        for i, layer in enumerate(layers, 1)
    ],
    columns=["", "layer", "kind", "output", "parameters"],
).set_index("")

# %% [markdown]
# At {glue:text}`size:d` pixels and a first width of {glue:text}`width:d`, the encoder has
# {glue:text}`encoder_parameters:,` of {glue:text}`all_parameters:,` parameters.
#
# ## Log-cosh, on images
#
# The paper prefers log-cosh to the squared error because outliers do not dominate it. On images in
# $[0, 1]$ no error is large enough for this to matter: with $a = 1$, all errors lie in the range
# where log-cosh is nearly a parabola. Only a large $a$ would bend it towards the absolute error;
# the paper's formula contains $a$, but its text gives no value.

# %% mystnb={"figure": {"caption": "Log-cosh of the error between two pixels in [0, 1], for several values of a. For a = 1 it is close to half the squared error.", "name": "fig-log-cosh"}, "image": {"alt": "Line chart. Horizontal: the error of a pixel; vertical: the loss. A curve for each value of a, and for comparison half the squared error and the absolute error."}}
errors = np.linspace(0, 1, 201, dtype="float32")
pixels = errors[:, None, None, None]
curves = {
    f"log-cosh, a = {a}": ops.convert_to_numpy(losses.log_cosh(0 * pixels, pixels, a=a))
    for a in (1, 3, 10, 100)
}
report.error_curves(errors, curves)

# %% tags=["remove-input"]
glue("log_cosh_at_1", float(curves["log-cosh, a = 1"][-1]), display=False)

# %% [markdown]
# At the largest possible error, 1, log-cosh is {glue:text}`log_cosh_at_1:.3f`, and half the squared
# error is 0.5.
#
# ## What alpha weighs
#
# With $\alpha = 0.84$, 84 % of the weight is on log-cosh. Its influence differs from its weight,
# because the two terms have different sizes. For {numref}`fig-alpha`, holes in test images were
# filled at many levels of quality, from a plain colour to nearly the original. The share of each
# term was measured twice: in the value of the loss, and in the length of its gradient, which
# training follows.

# %% [markdown]
# At the paper's $\alpha$, log-cosh makes up {glue:text}`least_value:.1f` to
# {glue:text}`most_value:.1f` % of the value of the loss and {glue:text}`least_gradient:.1f` to
# {glue:text}`most_gradient:.1f` % of the length of its gradient.
#
# ## Conventions of the metrics
#
# Neither SSIM nor PSNR is a single number: both depend on conventions. The table measures the same
# fill in several variants that are used in the literature. It is the harmonic fill of
# {numref}`fig-harmonic` on the test images, slightly blurred like the output of a network.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Holes filled without training, by the flattest surface through the known pixels (the harmonic fill).", "name": "fig-harmonic"}, "image": {"alt": "A grid of pictures: a row for each of two photographs; columns for the original, the mask, the masked and the filled picture."}}
shown = centre_crops(data.images("photos", "test", scale.load_size, 2), scale.size) / 255
shown_holes = data.masks(strokes, 2, scale.size, split="test")
smooth = [harmonic(image, hole) for image, hole in zip(shown, shown_holes, strict=True)]
report.four_panels(shown, shown_holes, np.stack(smooth))

# %% tags=["hide-input"]
smooth = np.stack([harmonic(image, hole) for image, hole in pairs])
raw = gaussian_filter(smooth, (0, 0.5, 0.5, 0)).clip(0, 1)
values = metrics.summarize(metrics.evaluate(originals, raw, holes))
filled = metrics.composite(originals, raw, holes).astype("float32")


wang = {"data_range": 1, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
similar = {
    name: np.mean(
        [
            structural_similarity(a, b, channel_axis=-1, **options)
            for a, b in zip(originals, filled, strict=True)
        ]
    )
    for name, options in {"range 2": {**wang, "data_range": 2}, "7 x 7": {"data_range": 1}}.items()
}
batch_psnr = metrics.psnr(((originals - filled) ** 2).mean())
variants = [
    ("whole image, composited: reported first in this study", values["ssim"], values["psnr"]),
    ("hole only", values["ssim_hole"], values["psnr_hole"]),
    ("whole image, raw: known pixels slightly blurred too", values["ssim_raw"], values["psnr_raw"]),
    ("data range of 2 instead of 1", similar["range 2"], np.nan),
    ("scikit-image's default window (7 x 7, uniform)", similar["7 x 7"], np.nan),
    ("PSNR of the whole batch instead of each image", np.nan, batch_psnr),
]
glue("ssim_range", float(similar["range 2"] - values["ssim"]), display=False)
glue("psnr_hole_gap", values["psnr"] - values["psnr_hole"], display=False)
pd.DataFrame(variants, columns=["variant", "SSIM", "PSNR (dB)"]).set_index("variant").round(
    {"SSIM": 4, "PSNR (dB)": 2}
).astype(object).fillna("")

# %% [markdown]
# The PSNR of the same fills differs by {glue:text}`psnr_hole_gap:.1f` dB between the whole image
# and the hole, and a wrong data range alone changes SSIM by {glue:text}`ssim_range:+.3f`. The paper
# states neither the region nor the data range, so its absolute values cannot be compared with other
# results. In this study, the name of every metric says which variant it is, and configurations are
# compared under the same variant.
#
# **What this page cannot conclude.** Whether the mix trains better networks than either term alone:
# {doc}`06_losses` compares them.

# %% [markdown]
# ## Exercises
#
# Each solution is complete: paste it into a new cell or a Python session. The preset `quick` keeps
# them small enough for a laptop.
#
# **1. Between two classical losses.** For random images, compare log-cosh with half the squared
# error and with the absolute error, for $a$ = 1, 10 and 100. Towards which does it move?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from keras import ops
# from wssl import losses
#
# rng = np.random.default_rng(0)
# original, output = rng.random((2, 4, 32, 32, 3)).astype("float32")
# print("half the squared error:", float(ops.mean(losses.mse(original, output))) / 2)
# print("absolute error:", float(ops.mean(losses.l1(original, output))))
# for a in (1.0, 10.0, 100.0):
#     print(f"log-cosh, a = {a:g}:", float(ops.mean(losses.log_cosh(original, output, a=a))))
# ```
#
# With growing $a$, log-cosh moves from the squared to the absolute error: for large $a t$ it is
# $|t| - \log(2) / a$, as {doc}`../method` derives.
# :::
#
# **2. An alpha that balances.** At which $\alpha$ would log-cosh and SSIM have gradients of equal
# length, for the harmonic fill?
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from wssl import data, losses
# from wssl.methods import METHODS
#
# images = data.images("photos", "test", 64, 4).astype("float32") / 255
# masks = data.masks("synthetic", 4, 64, split="test")
# fill = METHODS["harmonic"].fill
# filled = np.stack([fill(image, mask) for image, mask in zip(images, masks, strict=True)])
# terms = losses.terms(images, filled.astype("float32"))
# pixel, structure = terms["gradient_log_cosh"].mean(), terms["gradient_ssim"].mean()
# print(f"alpha = {structure / (pixel + structure):.3f}")
# ```
#
# The two lengths are $\alpha g_1$ and $(1 - \alpha) g_2$. They are equal at
# $\alpha = g_2 / (g_1 + g_2)$.
# :::
#
# **3. Whole image and hole.** How far apart are the PSNR of the whole composited image and that of
# the hole? Show that the difference depends on the coverage alone.
#
# :::{dropdown} Solution
# ```python
# import numpy as np
# from wssl import data, metrics
# from wssl.methods import METHODS
#
# images = data.images("photos", "test", 64, 4).astype("float32") / 255
# masks = data.masks("synthetic", 4, 64, split="test")
# fill = METHODS["harmonic"].fill
# filled = np.stack([fill(image, mask) for image, mask in zip(images, masks, strict=True)])
# scores = metrics.evaluate(images, filled.astype("float32"), masks)
# print("measured:", np.round(scores["psnr"] - scores["psnr_hole"], 3))
# print("expected:", np.round(-10 * np.log10(masks.mean(axis=(1, 2))), 3))
# ```
#
# The known pixels have no error, so the squared error of the whole image is that of the hole times
# the coverage.
# :::
