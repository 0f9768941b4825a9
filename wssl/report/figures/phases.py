"""Figures of training: confusion matrices of pretext tasks, and losses."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.claims.campaign import Arm, Campaign
from wssl.records.store import Record
from wssl.report.figures.ladders import COLOURS
from wssl.report.figures.style import finished, placeholder
from wssl.report.labels import set_name
from wssl.report.tables.contrasts import phases_of, runs_of


def confusion(records: Sequence[Record], task: str, level_names: Sequence[str], ax: Axes) -> None:
    """Draw the confusion matrix of a task, as shares averaged over runs.

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
    ax.set(title=set_name([task]), xlabel="predicted level", ylabel="true level")


def loss_curves(
    histories: Mapping[str, Sequence[Sequence[float]]],
    ax: Axes,
    title: str,
    colours: Mapping[str, str] | None = None,
) -> None:
    """Draw training losses against steps, one line per label.

    Parameters
    ----------
    histories : mapping of str to sequence
        By label, pairs of step and loss.
    ax : matplotlib.axes.Axes
    title : str
    colours : mapping of str to colour, optional
        By label.
    """
    for label, history in histories.items():
        steps, losses = np.array(history).T
        ax.plot(steps, losses, label=label, color=(colours or {}).get(label))
    ax.set(title=title, xlabel="step", ylabel="loss", yscale="log")
    if histories:
        ax.legend(frameon=False)


def confusions(phases: Sequence[Record], level_names: Mapping[str, Sequence[str]]) -> Figure:
    """The confusion matrix of each task, for networks that learned it alone.

    Parameters
    ----------
    phases : sequence of dict
        Records of pretext phases; those of several tasks are left out.
    level_names : mapping of str to sequence of str
        The text of each level, by task.
    """
    by_task: dict[str, list[Record]] = {}
    for phase in phases:
        if len(phase["confusion"]) == 1:
            by_task.setdefault(next(iter(phase["confusion"])), []).append(phase)
    if not by_task:
        return placeholder("Awaiting runs: no pretext phase of a single task is recorded yet.")
    figure, axes = plt.subplots(
        1, len(by_task), figsize=(3.4 * len(by_task), 3.4), layout="constrained", squeeze=False
    )
    for axis, (task, records) in zip(axes[0], by_task.items(), strict=True):
        confusion(records, task, level_names[task], axis)
    return finished(figure, [record for records in by_task.values() for record in records])


def training_curves(campaign: Campaign, arms: Mapping[str, Arm], *, pretext: bool) -> Figure:
    """Training losses against steps: the mean over the seeds of each arm.

    Parameters
    ----------
    campaign : Campaign
    arms : mapping of str to Arm
    pretext : bool
        Whether the pretext phases have a panel of their own.
    """
    inpainting = {name: _mean_history(runs_of(campaign, [arm])) for name, arm in arms.items()}
    panels = {"inpainting phase": inpainting}
    if pretext:
        phases = {name: _mean_history(phases_of(campaign, [arm])) for name, arm in arms.items()}
        panels = {"pretext phase (cross-entropy)": phases, **panels}
    if not any(len(history) for panel in panels.values() for history in panel.values()):
        return placeholder("Awaiting runs: no training is recorded yet.")
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4.75 * len(panels) + 2, 3.6), layout="constrained", squeeze=False
    )
    encoders = {name: arm.encoder for name, arm in arms.items()}
    told_apart = len(set(encoders.values())) == len(arms)
    colours = {name: COLOURS[of] for name, of in encoders.items()} if told_apart else None
    for axis, (title, histories) in zip(axes[0], panels.items(), strict=True):
        loss_curves({n: h for n, h in histories.items() if len(h)}, axis, title, colours)
    drawn = list(arms.values())
    before = phases_of(campaign, drawn) if pretext else []
    return finished(figure, [*before, *runs_of(campaign, drawn)])


def _mean_history(records: Sequence[Record]) -> Sequence[Sequence[float]]:
    histories = [record["history"] for record in records if record["history"]]
    return list(np.mean(histories, axis=0)) if histories else []
