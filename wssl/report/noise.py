"""What a seed changes, and which of the paper's differences could be seen beside it."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from wssl import paper
from wssl.report.comparisons import values
from wssl.report.figures import OURS, PAPER
from wssl.report.style import finished
from wssl.report.tables import METRICS, with_headings
from wssl.statistics import smallest_difference
from wssl.store import Record

MOST_SEEDS = 10_000
"""More than this are not counted."""


def spread(runs: Sequence[Record], metric: str) -> tuple[float, float, float]:
    """The standard deviation over seeds, and its 95 % interval.

    Parameters
    ----------
    runs : sequence of dict
        Of one configuration.
    metric : str

    Returns
    -------
    deviation, low, high : float

    Raises
    ------
    ValueError
        If there are fewer than two runs.
    """
    found = values(runs, metric)
    freedom = len(found) - 1
    if freedom < 1:
        raise ValueError(
            f"runs: expected at least 2 seeds of one configuration; received {len(found)}. "
            "wssl.study.noise has enough."
        )
    deviation = float(np.std(found, ddof=1))
    low, high = (deviation * (freedom / stats.chi2.ppf(p, freedom)) ** 0.5 for p in (0.975, 0.025))
    return deviation, float(low), float(high)


def smallest_differences(
    runs: Sequence[Record], seeds: Sequence[int] = (1, 2, 3, 5, 8, 20)
) -> pd.DataFrame:
    """The smallest difference of two means that so many seeds each show with 80 % power.

    Parameters
    ----------
    runs : sequence of dict
        Of one configuration.
    seeds : sequence of int
        Numbers of seeds.

    Returns
    -------
    pandas.DataFrame
        A row a number of seeds; a single run shows none, however large.
    """
    deviations = {metric: spread(runs, metric)[0] for metric in METRICS}
    return pd.DataFrame(
        {
            title: [
                "none" if count < 2 else f"{smallest_difference(deviations[m], count):.{decimals}f}"
                for count in seeds
            ]
            for m, (title, decimals) in METRICS.items()
        },
        index=pd.Index(seeds, name="seeds of each"),
    )


def seeds_needed(deviation: float, difference: float) -> int | None:
    """How many seeds of each show a difference with 80 % power; None if above `MOST_SEEDS`.

    Parameters
    ----------
    deviation : float
        Of runs that differ in their seed.
    difference : float
        Of two means.
    """
    counts = range(2, MOST_SEEDS + 1)
    place = bisect_left(
        counts, True, key=lambda n: smallest_difference(deviation, n) <= abs(difference)
    )
    return counts[place] if place < len(counts) else None


def printed_differences() -> dict[str, dict[str, float]]:
    """Differences of two single runs of which the paper makes something, by metric."""
    single, double, triple, final = (paper.TABLES[number] for number in (1, 2, 3, 4))
    by_task = {next(iter(row.pretext)): row for row in single}
    colours = [row for row in double if set(row.pretext) == {"rotation", "saturation"}]
    pair = sorted(
        (row for row in double if set(row.pretext) == {"saturation", "sharpness"}), key=_ssim
    )
    by_loss = {row.loss: row for row in final if row.method == "wssl"}
    pic = next(row for row in final if row.method == "pic")
    compared = {
        "rotation minus saturation": (by_task["rotation"], by_task["saturation"]),
        "best pair minus best triple": (max(double, key=_ssim), max(triple, key=_ssim)),
        "best weights minus next of that pair": (pair[-1], pair[-2]),
        "rotation with saturation: best minus worst": (
            max(colours, key=_ssim),
            min(colours, key=_ssim),
        ),
        "mixed loss minus SSIM alone": (by_loss["mix"], by_loss["ssim"]),
        "mixed loss minus log-cosh alone": (by_loss["mix"], by_loss["log_cosh"]),
        "WSSL minus PIC": (by_loss["mix"], pic),
    }
    return {
        name: {metric: round(getattr(a, metric) - getattr(b, metric), 4) for metric in METRICS}
        for name, (a, b) in compared.items()
    }


def visibility(runs: Sequence[Record]) -> pd.DataFrame:
    """The paper's differences, and how many seeds would show each if its runs spread as ours.

    Parameters
    ----------
    runs : sequence of dict
        Of one configuration.

    Returns
    -------
    pandas.DataFrame
    """
    deviations = {metric: spread(runs, metric)[0] for metric in METRICS}
    lines = []
    for name, printed in printed_differences().items():
        line: dict[tuple[str, str], Any] = {("", "in the paper, one run each"): name}
        for metric, (title, decimals) in METRICS.items():
            count = seeds_needed(deviations[metric], printed[metric])
            line[title, "difference"] = f"{printed[metric]:+.{decimals}f}"
            line[title, "seeds of each"] = f"over {MOST_SEEDS:,}" if count is None else f"{count:,}"
        lines.append(line)
    return with_headings(lines)


def noise_figure(runs: Sequence[Record], seeds: Sequence[int] = (2, 3, 8)) -> Figure:
    """Seeds of one configuration, and the paper's differences, on the same scale.

    Parameters
    ----------
    runs : sequence of dict
        At least two, which differ in their seeds.
    seeds : sequence of int
        For which to draw the smallest difference that they show; a difference that three would not
        show is hollow.
    """
    printed = printed_differences()
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.8), sharey=True, layout="constrained")
    for axis, (metric, (title, decimals)) in zip(axes, METRICS.items(), strict=True):
        deviation, *_ = spread(runs, metric)
        found = np.array(values(runs, metric))
        axis.errorbar(0, 0, xerr=deviation, color=OURS, capsize=5, linewidth=2)
        axis.plot(found - found.mean(), np.zeros(len(found)), "o", color=OURS, alpha=0.5)
        for count in seeds:
            x = smallest_difference(deviation, count)
            axis.plot([x, x], [-0.7, len(printed) + 0.6], "--", color=OURS, lw=1.2, zorder=1)
            axis.text(x, -0.75, f"{count}", ha="center", va="bottom", color=OURS, fontsize="small")
        for y, difference in enumerate(printed.values(), 1):
            _draw_printed(axis, y, difference[metric], decimals, smallest_difference(deviation, 3))
        axis.axvline(0, color="0.35", linewidth=0.8)
        axis.set(xlabel=f"difference in {title}", ylim=(len(printed) + 0.6, -0.7))
        axis.margins(x=0.16)
        axis.grid(False, axis="y")
    axes[0].set_yticks(
        range(len(printed) + 1), [f"ours: {len(runs)} seeds, less their mean", *printed]
    )
    axes[0].plot([], [], "o-", color=OURS, label="ours: each seed, ± one standard deviation")
    axes[0].plot([], [], "--", color=OURS, label="smallest difference that so many seeds show")
    axes[0].barh([0], [0], color=PAPER, label="the paper: one run less another")
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    return finished(figure)


def _draw_printed(axis: Axes, y: int, value: float, decimals: int, shown: float) -> None:
    face = PAPER if abs(value) >= shown else "white"
    axis.barh(y, value, height=0.55, facecolor=face, edgecolor=PAPER, linewidth=1.6, zorder=2)
    axis.annotate(
        f"{value:+.{decimals}f}",
        (value, y),
        (6 if value > 0 else -6, 0),
        textcoords="offset points",
        ha="left" if value > 0 else "right",
        va="center",
        fontsize="small",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def _ssim(row: paper.Row) -> float:
    return row.ssim
