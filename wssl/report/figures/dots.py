"""Contrasts of arms as dots: every seed, the mean, its interval, and the paper's number."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.claims.campaign import Arm, Campaign
from wssl.claims.estimands import PSNR, SSIM, Score, Unit
from wssl.claims.outcomes import PairedContrast, paired
from wssl.claims.statistics import Estimate
from wssl.report.figures.style import with_legend
from wssl.report.labels import OURS, PAPER, score_label
from wssl.report.tables.contrasts import runs_of
from wssl.report.tables.paper import printed_contrast

FEW = 3
"""How many rows without runs a figure has at most."""

UNITS: dict[Unit, str] = {"ratio": "%", "dB": "dB", "points": "points"}


def in_unit(value: float, unit: Unit) -> float:
    """An effect as the number that a reader sees: of a logarithm of a ratio the per cent.

    Parameters
    ----------
    value : float
    unit : str
        As in `wssl.claims.estimands.Unit`.
    """
    return float(100 * (1 - np.exp(-value))) if unit == "ratio" else value


def dots(
    campaign: Campaign,
    contrasts: Mapping[str, Sequence[tuple[float, Arm]]],
    scores: Sequence[Score] = (SSIM, PSNR),
    *,
    zero: str,
    in_paper: bool = False,
) -> Figure:
    """Contrasts of arms, paired by seed, one panel per score.

    Parameters
    ----------
    campaign : Campaign
    contrasts : mapping of str to sequence of (float, Arm)
        By the label of their row; above zero is better.
    scores : sequence of wssl.claims.estimands.Score
    zero : str
        What the line at zero stands for.
    in_paper : bool
        Whether the same contrasts of the paper's own numbers are drawn beside ours.

    Returns
    -------
    matplotlib.figure.Figure
        Small dots are seeds; the bar is their mean, the whiskers its 95 % interval for new seeds
        and new images. A row without runs says so; more than `FEW` of them are only listed below. A
        number of the paper that lies far outside of ours is written at the edge.
    """
    whole = {
        name: terms
        for name, terms in contrasts.items()
        if all(campaign.runs.get(arm) for _, arm in terms)
    }
    awaited = [name for name in contrasts if name not in whole]
    if not whole or len(awaited) <= FEW:
        awaited = []
    else:
        contrasts = whole
    count = len(contrasts)
    height = 1.5 + (0.45 if count <= 12 else 0.36) * count
    figure, axes = plt.subplots(1, len(scores), figsize=(9.5, height), sharey=True, squeeze=False)
    for axis, score in zip(axes[0], scores, strict=True):
        title = score_label(score)
        drawn = [paired(campaign, terms, score) for terms in contrasts.values()]
        for y, (terms, found) in enumerate(zip(contrasts.values(), drawn, strict=True)):
            if found is None:
                _say_why(axis, y, campaign, terms)
            else:
                _draw(axis, y, found, partial(in_unit, unit=score.unit))
        if in_paper:
            theirs = [in_unit(printed_contrast(t, score), score.unit) for t in contrasts.values()]
            _draw_paper(axis, theirs, UNITS[score.unit])
        axis.axvline(0, color="0.4", linewidth=1, zorder=1)
        axis.set(xlabel=f"{title} better by … {UNITS[score.unit]}", ylim=(count - 0.5, -0.6))
        axis.set_yticks(range(count), list(contrasts))
        axis.grid(visible=False, axis="y")
        axis.locator_params(axis="x", nbins=5 if len(scores) > 2 else 6)
        if not any(drawn) and not in_paper:
            axis.set_xticks([0])
    first = axes[0, 0]
    first.plot([], [], "o-", color=OURS, label="each seed; mean, 95 % interval")
    if in_paper:
        first.plot([], [], "D", color=PAPER, label="the paper: one run")
    first.plot([], [], color="0.4", linewidth=1, label=f"zero: {zero}")
    if awaited:
        words = textwrap.fill(f"No runs yet: {'; '.join(awaited)}.", 110)
        figure.suptitle(words, fontsize="small", color="0.35")
    arms = [arm for terms in contrasts.values() for _, arm in terms]
    return with_legend(figure, runs_of(campaign, arms))


def _say_why(axis: Axes, y: float, campaign: Campaign, terms: Sequence[tuple[float, Arm]]) -> None:
    """What stands in the place of a contrast without a common seed."""
    seeds = [set(campaign.runs.get(arm, {})) for _, arm in terms]
    shared = bool(seeds) and bool(set.intersection(*seeds))
    words = "no seed in which none diverged" if shared else "no runs yet"
    axis.text(
        0.98, y, words, transform=axis.get_yaxis_transform(), ha="right", va="center",
        fontsize="small", color="0.45", backgroundcolor="white",
    )  # fmt: skip


def _draw(axis: Axes, y: float, found: PairedContrast, place: Callable[[float], float]) -> None:
    seeds = [place(value) for value in found.per_seed.values()]
    axis.plot(seeds, [y] * len(seeds), "o", color=OURS, alpha=0.4, markersize=5)
    draw_mean(axis, y, found.estimate, place)


def _draw_paper(axis: Axes, values: Sequence[float], unit: str) -> None:
    """Draw the paper's numbers, one per row, so that they do not dwarf what is drawn already."""
    low, high = sorted(axis.get_xlim())
    drawn = bool(axis.lines)
    room = 1.5 * (high - low)
    near = [v for v in values if np.isfinite(v) and (not drawn or low - room <= v <= high + room)]
    low, high = min([0.0, *near, *[low] * drawn]), max([0.0, *near, *[high] * drawn])
    pad = 0.08 * (high - low)
    axis.set_xlim(low - pad, high + pad)
    for y, value in enumerate(values):
        if low <= value <= high:
            axis.plot(value, y, "D", color=PAPER, ms=6)
        elif np.isfinite(value):
            left = value < low
            axis.annotate(
                f"◂ {value:.0f} {unit}" if left else f"{value:.0f} {unit} ▸",
                (0.01 if left else 0.99, y - 0.3), xycoords=axis.get_yaxis_transform(), color=PAPER,
                ha="left" if left else "right", va="center", fontsize="small", weight="bold",
            )  # fmt: skip


def draw_mean(
    axis: Axes, y: float, estimate: Estimate, place: Callable[[float], float], colour: object = OURS
) -> None:
    """Draw an estimate as a bar with whiskers, on a horizontal axis.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    y : float
    estimate : wssl.claims.statistics.Estimate
        Without whiskers where it has no error.
    place : callable
        From the effect to the axis.
    colour : colour
    """
    low, high = estimate.lower(), estimate.upper()
    if np.isfinite(low) and np.isfinite(high):
        axis.plot([place(low), place(high)], [y, y], color=colour, linewidth=2)
    axis.plot(place(estimate.value), y, "|", color=colour, markersize=15, markeredgewidth=2.5)
