"""Figures of runs: points, intervals, confusions and losses."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.report.style import finished
from wssl.report.tables import METRICS, row_name, rows
from wssl.statistics import interval
from wssl.store import Record

OURS, PAPER = sns.color_palette("colorblind")[:2]
"""The colours of our runs and of the paper's, in every figure that has both."""

TASK_COLOURS = {"rotation": "#029e73", "saturation": "#cc78bc", "sharpness": "#4d4d4d"}
"""The colour of a pretext task; a run of several tasks has all of theirs."""


def paper_and_ours(number: int, records: Iterable[Record]) -> Figure:
    """The paper's numbers and ours of one table, a panel a metric, every run a point.

    Parameters
    ----------
    number : int
        Of the paper's table.
    records : iterable of dict
    """
    found = rows(number, records)
    figure, axes = plt.subplots(1, 2, figsize=(9, 0.9 + 0.55 * len(found)), sharey=True)
    for axis, (metric, (title, _)) in zip(axes, METRICS.items(), strict=True):
        for y, (row, repeats) in enumerate(found):
            values = [record["metrics"][metric] for record in repeats]
            mean, half = interval(values)
            axis.plot(values, [y] * len(values), "o", color=OURS, alpha=0.45, markersize=5)
            if not np.isnan(half):
                axis.errorbar(mean, y, xerr=half, color=OURS, capsize=4, linewidth=2)
            axis.plot(mean, y, "|", color=OURS, markersize=16, markeredgewidth=2.5)
            axis.plot(getattr(row, metric), y, "D", color=PAPER, markersize=7)
        axis.set(title=title, ylim=(len(found) - 0.5, -0.5))
        axis.set_yticks(range(len(found)), [row_name(number, row) for row, _ in found])
    axes[0].plot([], [], "o", color=OURS, label="ours: each seed, mean, 95 % interval")
    axes[0].plot([], [], "D", color=PAPER, label="the paper: one run")
    return with_legend(figure)


def with_legend(figure: Figure) -> Figure:
    """Finish a figure with one legend for all of its panels, in a row below them."""
    figure.set_layout_engine("constrained")
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return finished(figure)


def confusion(records: Sequence[Record], task: str, level_names: Sequence[str], ax: Axes) -> None:
    """Draw what a task's levels were taken for, as shares averaged over runs.

    Parameters
    ----------
    records : sequence of dict
        Pretext records that hold the task.
    task : str
    level_names : sequence of str
        The text of each level.
    ax : matplotlib.axes.Axes
    """
    counts = np.sum([record["confusion"][task] for record in records], axis=0)
    sns.heatmap(
        counts / counts.sum(axis=1, keepdims=True),
        vmin=0,
        vmax=1,
        annot=True,
        fmt=".2f",
        cmap="Blues",
        cbar=False,
        square=True,
        xticklabels=list(level_names),
        yticklabels=list(level_names),
        ax=ax,
    )
    ax.set(title=task.capitalize(), xlabel="taken for", ylabel="true level")


def loss_curves(histories: Mapping[str, Sequence[Sequence[float]]], ax: Axes, title: str) -> None:
    """Draw training losses against steps, a line a label.

    Parameters
    ----------
    histories : mapping of str to sequence
        By label, pairs of step and loss.
    ax : matplotlib.axes.Axes
    title : str
    """
    for label, history in histories.items():
        steps, losses = np.array(history).T
        ax.plot(steps, losses, label=label)
    ax.set(title=title, xlabel="step", ylabel="loss", yscale="log")
    ax.legend(frameon=False)
