"""Figures of the method: its network, its loss and the coverage of its masks."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from wssl.report.figures.style import finished


def architecture(network: Any, encoder_layers: int, tasks: Sequence[str]) -> Figure:
    """Draw a U-Net from its layers: the encoder, the decoder and the heads of the pretext tasks.

    Each box is a layer, as high as the logarithm of its output's side and as wide as the logarithm
    of its channels.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.unet`.
    encoder_layers : int
        How many of its first layers are the encoder.
    tasks : sequence of str
        The pretext tasks.

    Returns
    -------
    matplotlib.figure.Figure
    """
    colors = sns.color_palette("colorblind")
    figure, axis = plt.subplots(figsize=(9.5, 4), layout="constrained")
    tops: list[dict[str, tuple[float, float]]] = [{}, {}]
    below: dict[str, Any] = {"ha": "center", "va": "top"}
    x = _draw_layers(axis, network.layers[:encoder_layers], 0, colors[0], tops[0])
    words = f"encoder: {encoder_layers} layers,\nfrozen after the pretext phase"
    axis.text(x / 2, -5, words, **below)
    middle = x + 0.4
    end = _draw_layers(axis, network.layers[encoder_layers:], middle, colors[1], tops[1])
    axis.text((middle + end) / 2, -5, "decoder:\nlearns to fill holes", **below)
    skip = {"arrowstyle": "->", "color": "0.45", "connectionstyle": "arc3,rad=-0.25"}
    for level in sorted(tops[0].keys() & tops[1].keys()):
        axis.annotate("", tops[1][level], tops[0][level], arrowprops=skip)
    for i, task in enumerate(tasks):
        axis.annotate(
            task,
            (middle - 0.3, -1.6),
            (middle - 3.2 + 2.9 * i, -3.4),
            ha="center",
            fontsize="small",
            arrowprops={"arrowstyle": "<-", "color": colors[2]},
            color=colors[2],
        )
    axis.set(xlim=(-0.3, end + 0.3), ylim=(-6.6, 7.5))
    axis.axis("off")
    return finished(figure)


def _draw_layers(
    axis: Axes, layers: Sequence[Any], x: float, color: Any, tops: dict[str, tuple[float, float]]
) -> float:
    """Draw one box per layer, note where skip connections meet them, and return the next x."""
    for layer in layers:
        if layer.name.endswith("_skip") or layer.name == "image":
            continue
        _, height, _, channels = layer.output.shape
        wide, tall = 0.25 + 0.12 * np.log2(channels), 0.6 + np.log2(height)
        axis.add_patch(Rectangle((x, -tall / 2), wide, tall, color=color, alpha=0.8, lw=0))
        if layer.name.endswith("conv2"):
            tops[layer.name[-7:-6]] = (x + wide / 2, tall / 2)
        x += wide + 0.12
    return x


def error_curves(errors: np.ndarray, curves: Mapping[str, np.ndarray]) -> Figure:
    """Losses of a single error, with half the squared error and the absolute error beside them.

    Parameters
    ----------
    errors : float (N,)
    curves : mapping of str to float (N,)
        The loss of each error, by label.
    """
    figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
    for (label, values), color in zip(curves.items(), _colors(len(curves)), strict=True):
        axis.plot(errors, values, color=color, label=label)
    axis.plot(errors, errors**2 / 2, "k--", linewidth=1, label="squared error / 2")
    axis.plot(errors, np.abs(errors), "k:", linewidth=1, label="absolute error")
    axis.set(xlabel="error", ylabel="loss")
    axis.legend(frameon=False)
    return finished(figure)


def share_curves(shares: pd.DataFrame, alpha: float) -> Figure:
    """The share of log-cosh in the mixed loss against the quality of a fill.

    Parameters
    ----------
    shares : pandas.DataFrame
        Columns ``alpha``, ``psnr`` in dB, and ``value`` and ``gradient``, shares in [0, 1].
    alpha : float
        Whose curve is drawn thick, with a dotted line at its nominal share.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for axis, share in zip(axes, ("value", "gradient"), strict=True):
        groups = list(shares.groupby("alpha"))
        for (weight, curve), color in zip(groups, _colors(len(groups)), strict=True):
            thick = 2.8 if weight == alpha else 1.3
            label = f"{weight:g}"
            points = 100 * curve[share]
            axis.plot(curve["psnr"], points, "o-", lw=thick, ms=3, color=color, label=label)
        axis.axhline(100 * alpha, color="0.4", linestyle=":")
        axis.set(title=f"share of the {share}", xlabel="PSNR of the fill (dB)", ylim=(0, 100))
    axes[0].set_ylabel("log-cosh (%)")
    axes[1].legend(title="alpha", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return finished(figure)


def coverage_histogram(
    coverage: Mapping[str, np.ndarray], band: tuple[float, float] = (0.3, 0.5)
) -> Figure:
    """How much of the image masks cover, with a grey band for the coverage that a filter keeps.

    Parameters
    ----------
    coverage : mapping of str to float (N,)
        Shares of the image in [0, 1], by recipe.
    band : (float, float)
        The least and the greatest coverage that the filter keeps.
    """
    figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    axis.axvspan(100 * band[0], 100 * band[1], color="0.9", label="the paper's filter")
    for (recipe, values), color in zip(coverage.items(), _colors(len(coverage)), strict=True):
        sns.histplot(
            100 * values,
            binwidth=2.5,
            binrange=(0, 100),
            stat="percent",
            element="step",
            fill=False,
            linewidth=2,
            label=recipe,
            color=color,
            ax=axis,
        )
    axis.set(xlabel="coverage (% of pixels that are hole)", ylabel="% of masks", xlim=(0, 70))
    axis.legend(frameon=False)
    return finished(figure)


def _colors(count: int) -> list[Any]:
    return list(sns.color_palette("colorblind", count))
