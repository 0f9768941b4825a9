"""Figures of the pretext weights: the paper's Figure 2 and ours, and what each task learned."""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.report.figures import OURS, PAPER, TASK_COLOURS, with_legend
from wssl.report.frames import printed, runs
from wssl.report.tables import METRICS, format_number
from wssl.statistics import interval
from wssl.store import Record

_MARKERS = {**dict(zip(TASK_COLOURS, "os^", strict=True)), "alone": "D"}

_SEEDS, _MEAN, _PAPER = -0.028, -0.008, 0.024
"""How far points stand beside the weight that they belong to, so that none hides another."""


def weight_curves(records: Iterable[Record]) -> Figure:
    """The paper's Figure 2 and ours: each metric against the weight of a pair's first task.

    Each curve is drawn as the difference from its own mean over the pair's weightings, which the
    panel states, so that curves of different levels share an axis. Beyond the curve, at the weights
    0 and 1, lie the single tasks of Table 1; where the paper's leaves the axis stands its value.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 1 and 2.
    """
    theirs, ours = printed((1, 2)), runs(records, (1, 2))
    pairs = theirs.loc[theirs["tasks"] == 2, "set"].unique()
    figure, axes = plt.subplots(
        len(METRICS), len(pairs), figsize=(10.5, 6.6), sharex=True, sharey="row"
    )
    for line, (metric, (title, decimals)) in zip(axes, METRICS.items(), strict=True):
        points, whiskers = [0.0], [0.0]
        for axis, pair in zip(line, pairs, strict=True):
            (paper, paper_mean), (own, own_mean) = (
                _relative(frame, pair, metric) for frame in (theirs, ours)
            )
            _draw_paper(axis, paper)
            whiskers += _draw_ours(axis, own)
            points += [*paper.loc[~paper["alone"], "y"], *own["y"]]
            means = [format_number(mean, decimals) for mean in (paper_mean, own_mean)]
            zero = f"zero is {means[0]} (paper), {means[1]} (ours)"
            axis.set_title(zero, fontsize="small", color="0.3")
            axis.axhline(0, color="0.4", linewidth=0.8, zorder=1)
        line[0].set(ylabel=f"{title}, less its mean", ylim=axis_limits(points, whiskers))
        for axis, pair in zip(line, pairs, strict=True):
            _label_outside(axis, _relative(theirs, pair, metric)[0], decimals)
    for top, bottom, pair in zip(axes[0], axes[-1], pairs, strict=True):
        top.annotate(pair, (0, 1.14), xycoords="axes fraction", fontweight="bold")
        _label_weights(bottom, *pair.split(" + "))
    axes[0, 0].plot([], [], "o-", color=OURS, label="ours: each seed, mean, 95 % interval")
    axes[0, 0].plot([], [], "D-", color=PAPER, label="the paper: one run")
    axes[0, 0].plot([], [], "o:", color="0.4", markerfacecolor="white", label="one task alone")
    return with_legend(figure)


def accuracy_by_weight(records: Iterable[Record], chance: float = 0.25) -> Figure:
    """How well each pretext task was learned, against its weight beside another task.

    Parameters
    ----------
    records : iterable of dict
        Of pretext phases of one or two tasks.
    chance : float
        The accuracy of guessing.
    """
    lines = [
        (task, "".join(other for other in weights if other != task) or "alone", weight,
         record["metrics"][f"accuracy_{task}"])
        for record in records
        for weights in [record["experiment"]["pretext"]]
        for task, weight in weights.items()
    ]  # fmt: skip
    frame = pd.DataFrame(lines, columns=["task", "beside", "weight", "accuracy"])
    figure, axes = plt.subplots(1, len(TASK_COLOURS), figsize=(10, 3.8), sharey=True)
    for axis, task in zip(axes, TASK_COLOURS, strict=True):
        for place, (beside, marker) in enumerate(_MARKERS.items()):
            part = frame[(frame["task"] == task) & (frame["beside"] == beside)]
            look = {"color": TASK_COLOURS.get(beside, "black")}
            shift = 0.012 * (place - 1.5)
            means = part.groupby("weight")["accuracy"].mean()
            axis.plot(part["weight"] + shift, part["accuracy"], marker, alpha=0.5, ms=5, **look)
            axis.plot(means.index + shift, means, "_-", ms=12, mew=2, linewidth=2, **look)
        axis.axhline(chance, color="0.4", linestyle="--", linewidth=1)
        axis.set(title=task.capitalize(), xlabel="its weight", ylim=(0, 1.03), xlim=(0.04, 1.06))
        axis.set_xticks((0.1, 0.3, 0.5, 0.7, 0.9, 1), ("0.1", "0.3", "0.5", "0.7", "0.9", "1"))
    axes[0].set(ylabel="accuracy")
    axes[0].annotate("chance", (0.1, chance - 0.02), va="top", color="0.4", fontsize="small")
    for beside, marker in _MARKERS.items():
        label = beside if beside == "alone" else f"beside {beside}"
        axes[0].plot([], [], f"{marker}-", color=TASK_COLOURS.get(beside, "black"), label=label)
    return with_legend(figure)


def _relative(frame: pd.DataFrame, pair: str, metric: str) -> tuple[pd.DataFrame, float]:
    """A pair's runs and those of its tasks alone, as ``x`` and ``y`` less its mean, and that."""
    first, second = pair.split(" + ")
    curve = frame[frame["set"].isin([pair, first, second])]
    alone = curve["set"] != pair
    level = curve[~alone].groupby("weighting")[metric].mean().mean()
    x = curve["first"].where(~alone, (curve["set"] == first).astype(float))
    curve = curve.assign(x=x, y=curve[metric] - level, alone=alone).sort_values("x", kind="stable")
    return curve, level


def _draw_paper(axis: Axes, curve: pd.DataFrame) -> None:
    pair, ends = curve[~curve["alone"]], curve[curve["alone"]]
    axis.plot(curve["x"] + _PAPER, curve["y"], ":", color=PAPER, linewidth=1.2)
    axis.plot(pair["x"] + _PAPER, pair["y"], "D-", color=PAPER, markersize=6)
    axis.plot(ends["x"] + _PAPER, ends["y"], "D", color=PAPER, markerfacecolor="white")


def _draw_ours(axis: Axes, curve: pd.DataFrame) -> list[float]:
    whiskers = []
    means = curve.groupby("x")["y"].mean()
    inner = means[(means.index > 0) & (means.index < 1)]
    axis.plot(means.index + _MEAN, means, ":", color=OURS, linewidth=1.2)
    axis.plot(inner.index + _MEAN, inner, color=OURS, linewidth=2.2)
    for (x, alone), part in curve.groupby(["x", "alone"]):
        face = "white" if alone else OURS
        axis.plot(part["x"] + _SEEDS, part["y"], "o", color=OURS, mfc=face, alpha=0.5, ms=4.5)
        mean, half = interval(part["y"].tolist())
        if not np.isnan(half):
            axis.errorbar(x + _MEAN, mean, yerr=half, color=OURS, capsize=3.5, linewidth=1.6)
            whiskers += [mean - half, mean + half]
    return whiskers


def axis_limits(points: list[float], whiskers: list[float]) -> tuple[float, float]:
    """Room for all points, and for whiskers as far as they do not dwarf them."""
    low, high = min(points), max(points)
    most = 0.6 * (high - low)
    margin = 0.1 * most
    below, above = max(min(whiskers), low - most), min(max(whiskers), high + most)
    return min(low, below) - margin, max(high, above) + margin


def _label_weights(axis: Axes, first: str, second: str) -> None:
    ticks = (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1)
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set(xlim=(-0.07, 1.07), xlabel=f"\nweight of {first}")
    look: dict[str, Any] = {
        "xycoords": "axes fraction",
        "va": "top",
        "fontsize": "small",
        "color": "0.3",
    }
    axis.annotate(f"{second} alone", (0, -0.14), ha="left", **look)
    axis.annotate(f"{first} alone", (1, -0.14), ha="right", **look)


def _label_outside(axis: Axes, curve: pd.DataFrame, decimals: int) -> None:
    low, _ = axis.get_ylim()
    below = curve[curve["alone"] & (curve["y"] < low)]
    for x, y in zip(below["x"] + _PAPER, below["y"], strict=True):
        axis.plot(x, low, "v", color=PAPER, markersize=8, clip_on=False)
        text = f"{y:.{decimals}f}".replace("-", "\N{MINUS SIGN}")
        look: dict[str, Any] = {"textcoords": "offset points", "color": PAPER, "fontsize": "small"}
        axis.annotate(text, (x, low), (24, 2), **look)
