"""Figures of the pretext weights: the paper's Figures 2 and 4 and ours, and what was learned."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.claims.campaign import Arm, Campaign
from wssl.claims.estimands import PSNR, SSIM, Score, means
from wssl.claims.outcomes import paired
from wssl.records.store import Record
from wssl.report.figures.dots import UNITS, in_unit
from wssl.report.figures.style import axis_limits, placeholder, with_legend
from wssl.report.labels import NUMBERS, OURS, PAPER, score_label, set_name, task_looks, task_short
from wssl.report.tables.contrasts import runs_of
from wssl.report.tables.paper import printed_contrast

_SEEDS, _MEAN, _PAPER = -0.028, -0.008, 0.024
"""How far points stand beside the weight that they belong to, so that none hides another."""


def weight_curves(
    campaign: Campaign,
    pairs: Mapping[tuple[str, ...], Sequence[Arm]],
    singles: Sequence[Arm],
    scores: Sequence[Score] = (SSIM, PSNR),
) -> Figure:
    """The paper's Figure 2 and ours: each score against the weight of a pair's first task.

    Each weighting is drawn as its contrast with the mean over the pair's weightings at the same
    seed, so that curves of different levels share an axis. At the weights 0 and 1 lie the tasks
    alone; where the paper's leaves the axis stands its value.

    Parameters
    ----------
    campaign : Campaign
    pairs : mapping of tuple of str to sequence of Arm
        The weightings of each pair of tasks.
    singles : sequence of Arm
        The tasks alone.
    scores : sequence of wssl.claims.estimands.Score
    """
    alone = {next(iter(arm.pretext)): arm for arm in singles}
    figure, grid = plt.subplots(
        len(scores), len(pairs), figsize=(10.5, 6.6), sharex=True, sharey="row", squeeze=False
    )
    for line, score in zip(grid, scores, strict=True):
        points, whiskers = [0.0], [0.0]
        theirs = {}
        for axis, (pair, arms) in zip(line, pairs.items(), strict=True):
            first, second = pair
            places = {0.0: alone[second], **{a.pretext[first]: a for a in arms}, 1.0: alone[first]}
            places = dict(sorted(places.items()))
            inner = [x for x in places if 0 < x < 1]
            terms = {x: means([arm], list(arms)).terms for x, arm in places.items()}
            theirs[pair] = {
                x: in_unit(printed_contrast(t, score), score.unit) for x, t in terms.items()
            }
            _draw_paper(axis, theirs[pair])
            points += [theirs[pair][x] for x in inner]
            own, ends = _draw_ours(axis, campaign, terms, score)
            points, whiskers = points + own, whiskers + ends
            axis.axhline(0, color="0.4", linewidth=0.8, zorder=1)
        title = score_label(score)
        label = f"{title} better by … {UNITS[score.unit]}"
        line[0].set(ylabel=label, ylim=axis_limits(points, whiskers))
        for axis, pair in zip(line, pairs, strict=True):
            _label_outside(axis, theirs[pair])
    for top, bottom, pair in zip(grid[0], grid[-1], pairs, strict=True):
        top.annotate(set_name(pair), (0, 1.04), xycoords="axes fraction", fontweight="bold")
        _label_weights(bottom, *pair)
    grid[0, 0].plot([], [], "o-", color=OURS, label="ours: each seed, mean, 95 % interval")
    grid[0, 0].plot([], [], "D-", color=PAPER, label="the paper: one run")
    grid[0, 0].plot([], [], "o:", color="0.4", markerfacecolor="white", label="one task alone")
    arms = [*singles, *(arm for pair in pairs.values() for arm in pair)]
    return with_legend(figure, runs_of(campaign, arms))


def _draw_paper(axis: Axes, values: Mapping[float, float]) -> None:
    inner = {x: y for x, y in values.items() if 0 < x < 1}
    x, y = np.array(list(values)) + _PAPER, list(values.values())
    axis.plot(x, y, "D:", color=PAPER, markerfacecolor="white", linewidth=1.2)
    axis.plot(np.array(list(inner)) + _PAPER, list(inner.values()), "D-", color=PAPER, markersize=6)


def _draw_ours(
    axis: Axes, campaign: Campaign, terms: Mapping[float, Any], score: Score
) -> tuple[list[float], list[float]]:
    """Draw our runs; the values of the seeds, and the ends of the intervals, that were drawn."""
    seeds: list[float] = []
    ends: list[float] = []
    middle: dict[float, float] = {}
    for x, contrast in terms.items():
        found = paired(campaign, contrast, score)
        if found is None:
            continue
        values = [in_unit(value, score.unit) for value in found.per_seed.values()]
        face = OURS if 0 < x < 1 else "white"
        axis.plot([x + _SEEDS] * len(values), values, "o", color=OURS, mfc=face, alpha=0.5, ms=4.5)
        middle[x] = in_unit(found.estimate.value, score.unit)
        bounds = [
            in_unit(bound, score.unit)
            for bound in (found.estimate.lower(), found.estimate.upper())
            if np.isfinite(bound)
        ]
        if len(bounds) == 2:
            axis.plot([x + _MEAN] * 2, bounds, color=OURS, linewidth=1.6)
        seeds += values
        ends += bounds
    inner = {x: y for x, y in middle.items() if 0 < x < 1}
    axis.plot(np.array(list(middle)) + _MEAN, list(middle.values()), ":", color=OURS, linewidth=1.2)
    axis.plot(np.array(list(inner)) + _MEAN, list(inner.values()), color=OURS, linewidth=2.2)
    return seeds, ends


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


def _label_outside(axis: Axes, values: Mapping[float, float]) -> None:
    low, _ = axis.get_ylim()
    for x, y in values.items():
        if y >= low:
            continue
        axis.plot(x + _PAPER, low, "v", color=PAPER, markersize=8, clip_on=False)
        text = f"{y:.0f}".replace("-", "\N{MINUS SIGN}")
        look: dict[str, Any] = {"textcoords": "offset points", "color": PAPER, "fontsize": "small"}
        axis.annotate(text, (x + _PAPER, low), (-24 if x > 0.5 else 12, 4), **look)


def accuracy_by_weight(records: Iterable[Record]) -> Figure:
    """How well each pretext task was learned, against its weight beside another task.

    Parameters
    ----------
    records : iterable of dict
        Of pretext phases of one or two tasks. The tasks are those that the records hold, each with
        as many levels as it has.
    """
    lines: list[tuple[str, str, float, float]] = []
    levels: dict[str, int] = {}
    drawn: list[Record] = []
    for record in records:
        weights = record["experiment"]["pretext"]
        for task, weight in weights.items():
            levels[task] = len(record["confusion"][task])
            if len(weights) < 3:
                drawn.append(record)
                beside = "".join(other for other in weights if other != task) or "alone"
                lines.append((task, beside, weight, record["metrics"][f"accuracy_{task}"]))
    if not lines:
        return placeholder("No pretext phase of one or two tasks is recorded yet.")
    frame = pd.DataFrame(lines, columns=["task", "beside", "weight", "accuracy"])
    looks = task_looks(levels)
    styles = {**looks, "alone": ("black", "D")}
    figure, axes = plt.subplots(
        1, len(levels), figsize=(max(5.0, 3.4 * len(levels)), 3.8), sharey=True, squeeze=False
    )
    for axis, (task, count) in zip(axes[0], levels.items(), strict=True):
        for place, (beside, (colour, marker)) in enumerate(styles.items()):
            part = frame[(frame["task"] == task) & (frame["beside"] == beside)]
            shift = 0.012 * (place - len(looks) / 2)
            middle = part.groupby("weight")["accuracy"].mean()
            axis.plot(part["weight"] + shift, part["accuracy"], marker, alpha=0.5, ms=5, c=colour)
            axis.plot(middle.index + shift, middle, "_-", ms=12, mew=2, linewidth=2, c=colour)
        axis.axhline(1 / count, color="0.4", linestyle="--", linewidth=1)
        axis.annotate("chance", (0.1, 1 / count - 0.02), va="top", color="0.4", fontsize="small")
        axis.set(
            title=set_name([task]), xlabel="weight of the task", ylim=(0, 1.03), xlim=(0.04, 1.06)
        )
        axis.set_xticks((0.1, 0.3, 0.5, 0.7, 0.9, 1), ("0.1", "0.3", "0.5", "0.7", "0.9", "1"))
    axes[0, 0].set(ylabel="accuracy")
    for beside, (colour, marker) in styles.items():
        label = beside if beside == "alone" else f"beside {beside}"
        axes[0, 0].plot([], [], f"{marker}-", color=colour, label=label)
    return with_legend(figure, drawn)


def number_of_tasks(
    campaign: Campaign, groups: Mapping[int, Sequence[Arm]], score: Score = SSIM
) -> Figure:
    """The paper's Figure 4 and ours: every weighting by its pretext tasks and their number.

    Each is drawn as its contrast with the mean of all weightings at the same seed, so that the
    paper's and ours share an axis. A bar is the mean of a number of tasks, a dotted line that of a
    set of tasks, in which the weightings stand in the paper's order.

    Parameters
    ----------
    campaign : Campaign
    groups : mapping of int to sequence of Arm
        The weightings of each number of tasks.
    score : wssl.claims.estimands.Score
    """
    arms = [arm for group in groups.values() for arm in group]
    sets: dict[tuple[str, ...], list[Arm]] = {}
    for arm in arms:
        sets.setdefault(tuple(arm.pretext), []).append(arm)
    places = {tasks: place + 0.6 * (len(tasks) - 1) for place, tasks in enumerate(sets)}
    looks = task_looks(task for tasks in sets for task in tasks)
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 5), sharey=True)
    for axis, (title, marker) in zip(
        axes, (("The paper: one run each", "D"), ("Ours: every seed", "o")), strict=True
    ):
        values = {arm: _relative(campaign, arm, arms, score, ours=marker == "o") for arm in arms}
        for tasks, members in sets.items():
            for order, arm in enumerate(members):
                x = places[tasks] + 0.15 * (order - (len(members) - 1) / 2)
                colours = [looks[task][0] for task in tasks]
                _draw_run(axis, x, values[arm], colours, marker)
            found = [value for arm in members for value in values[arm]]
            if found:
                edges = places[tasks] - 0.42, places[tasks] + 0.42
                axis.hlines(np.mean(found), *edges, color="0.3", linestyle=":", zorder=1)
        _label_groups(axis, groups, places, values)
        axis.set(title=title)
        axis.set_xticks(
            list(places.values()),
            ["\n".join(map(task_short, tasks)) for tasks in places],
            fontsize="small",
        )
        axis.grid(visible=False, axis="x")
        axis.axhline(0, color="0.4", linewidth=0.8, zorder=1)
    name = score_label(score)
    axes[0].set(ylabel=f"{name} better by … {UNITS[score.unit]}\nthan the mean of all")
    for task, (colour, _) in looks.items():
        axes[0].plot([], [], "s", color=colour, label=task)
    return with_legend(figure, runs_of(campaign, arms))


def _relative(
    campaign: Campaign, arm: Arm, arms: Sequence[Arm], score: Score, *, ours: bool
) -> list[float]:
    """The contrasts of one arm with the mean of all, as a reader sees them."""
    terms = means([arm], arms).terms
    if not ours:
        return [in_unit(printed_contrast(terms, score), score.unit)]
    found = paired(campaign, terms, score)
    return [in_unit(value, score.unit) for value in found.per_seed.values()] if found else []


def _draw_run(
    axis: Axes, x: float, values: Sequence[float], colours: Sequence[Any], marker: str
) -> None:
    """Points in the colours of their tasks: one, two halves, or two halves and a core."""
    axis.plot(
        [x] * len(values),
        values,
        marker,
        color=colours[0],
        markerfacecoloralt=colours[-1],
        fillstyle="left" if len(colours) > 1 else "full",
        markeredgecolor="white",
        markeredgewidth=0.5,
        markersize=8,
    )
    if len(colours) > 2:
        axis.plot([x] * len(values), values, marker, color=colours[1], markersize=3.5)


def _label_groups(
    axis: Axes,
    groups: Mapping[int, Sequence[Arm]],
    places: Mapping[tuple[str, ...], float],
    values: Mapping[Arm, Sequence[float]],
) -> None:
    below: dict[str, Any] = {"xycoords": axis.get_xaxis_transform(), "ha": "center", "va": "top"}
    for number, group in groups.items():
        at = [place for tasks, place in places.items() if len(tasks) == number]
        found = [float(np.mean(values[arm])) for arm in group if values[arm]]
        label = NUMBERS.get(number, f"{number} tasks")
        if found:
            mean = float(np.mean(found))
            axis.hlines(mean, min(at) - 0.5, max(at) + 0.5, color="0.2", linewidth=2)
            label += f"\nmean {mean:+.1f} %"
        axis.annotate(label, (float(np.mean(at)), -0.2), **below)
