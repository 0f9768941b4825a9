"""The paper's Figure 4 and ours: every run by the number of its pretext tasks."""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.report.figures import TASK_COLOURS, with_legend
from wssl.report.frames import NUMBERS, printed, runs
from wssl.report.tables import METRICS, format_number
from wssl.store import Record

_SHORT = {"Rotation": "Rot", "Saturation": "Sat", "Sharpness": "Sharp"}


def number_of_tasks(records: Iterable[Record], metric: str = "ssim") -> Figure:
    """The paper's Figure 4 and ours: every run by its pretext tasks and their number.

    The two axes differ in level but span the same. A bar is the mean of a number of tasks, a dotted
    line that of a task set, in which the weightings stand in the paper's order.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 1 to 3.
    metric : str
        A key of `METRICS`.
    """
    frames = {"The paper: one run each": printed(), "Ours: every seed": runs(records)}
    span = 1.15 * max(np.ptp(frame[metric]) for frame in frames.values() if len(frame))
    figure, axes = plt.subplots(1, len(frames), figsize=(10.5, 5))
    for axis, marker, (name, frame) in zip(axes, "Do", frames.items(), strict=True):
        _draw_runs(axis, frame, metric, marker)
        _draw_means(axis, frame, metric)
        if len(frame):
            middle = (frame[metric].min() + frame[metric].max()) / 2
            axis.set_ylim(middle - span / 2, middle + span / 2)
        axis.set(title=name, ylabel=METRICS[metric][0])
        axis.grid(visible=False, axis="x")
    for task, colour in TASK_COLOURS.items():
        axes[0].plot([], [], "s", color=colour, label=task)
    return with_legend(figure)


def _places() -> dict[tuple[str, str], float]:
    """Where each weighting stands, by task set and name; the set itself goes by its name twice."""
    places = {}
    groups = printed().groupby(["tasks", "set"], sort=False)
    for index, ((number, tasks), part) in enumerate(groups):
        middle = index + 0.6 * (number - 1)
        for order, weighting in enumerate(part["weighting"]):
            places[tasks, weighting] = middle + 0.15 * (order - (len(part) - 1) / 2)
        places[tasks, tasks] = middle
    return places


def _draw_runs(axis: Axes, frame: pd.DataFrame, metric: str, marker: str) -> None:
    """Points in the colours of their tasks: one, two halves, or two halves and a core."""
    for (tasks, weighting), part in frame.groupby(["set", "weighting"], sort=False):
        colours = [TASK_COLOURS[task.lower()] for task in tasks.split(" + ")]
        x = [_places()[tasks, weighting]] * len(part)
        axis.plot(
            x,
            part[metric],
            marker,
            color=colours[0],
            markerfacecoloralt=colours[-1],
            fillstyle="left" if len(colours) > 1 else "full",
            markeredgecolor="white",
            markeredgewidth=0.5,
            markersize=8,
        )
        if len(colours) > 2:
            axis.plot(x, part[metric], marker, color=colours[1], markersize=3.5)


def _draw_means(axis: Axes, frame: pd.DataFrame, metric: str) -> None:
    below: dict[str, Any] = {"xycoords": axis.get_xaxis_transform(), "ha": "center", "va": "top"}
    middles = {tasks: x for (tasks, weighting), x in _places().items() if tasks == weighting}
    axis.set_xticks(list(middles.values()), [_short(tasks) for tasks in middles], fontsize="small")
    for tasks, mean in frame.groupby("set")[metric].mean().items():
        x = middles[tasks]
        axis.hlines(mean, x - 0.42, x + 0.42, color="0.3", linestyle=":", zorder=1)
    for number, text in NUMBERS.items():
        mean = frame[frame["tasks"] == number].groupby("weighting")[metric].mean().mean()
        at = [x for tasks, x in middles.items() if tasks.count("+") == number - 1]
        axis.hlines(mean, min(at) - 0.5, max(at) + 0.5, color="0.2", linewidth=2)
        label = f"{text}\nmean {format_number(mean, METRICS[metric][1])}"
        axis.annotate(label, (float(np.mean(at)), -0.155), **below)


def _short(tasks: str) -> str:
    names = [_SHORT[task] for task in tasks.split(" + ")]
    return "all\nthree" if len(names) == len(_SHORT) else "\n".join(names)
