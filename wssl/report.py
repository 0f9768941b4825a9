"""Tables and figures, made from records and arrays alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from wssl import paper
from wssl.store import Record

METRICS = {"ssim": ("SSIM", 4), "psnr": ("PSNR (dB)", 2)}
"""The paper's two metrics: their titles and how many decimals it prints."""


def use_style() -> None:
    """Set the look of every figure: quiet axes, and colours that a colour-blind reader can tell."""
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    plt.rcParams.update(
        {
            "figure.dpi": 110,
            "savefig.bbox": "tight",
            "axes.titlesize": "medium",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Mean and half-width of its Student t interval.

    Parameters
    ----------
    values : sequence of float
        One value a seed.
    confidence : float in (0, 1)

    Returns
    -------
    mean, half_width : float
        The half-width is NaN for fewer than two values: one run says nothing of the spread.
    """
    count = len(values)
    mean = float(np.mean(values)) if count else float("nan")
    if count < 2:
        return mean, float("nan")
    spread = float(np.std(values, ddof=1)) / np.sqrt(count)
    return mean, float(stats.t.ppf((1 + confidence) / 2, count - 1) * spread)


def format_interval(values: Sequence[float], decimals: int) -> str:
    """``mean ± half-width`` as text, or the mean alone for a single value."""
    mean, half = interval(values)
    if np.isnan(mean):
        return "—"
    text = f"{mean:.{decimals}f}"
    return text if np.isnan(half) else f"{text} ± {half:.{decimals}f}"


def pretext_name(weights: Mapping[str, float]) -> str:
    """A pretext configuration as text: ``"Rotation"`` or ``"Rotation 0.3, Saturation 0.7"``."""
    if not weights:
        return "none"
    if len(weights) == 1:
        return next(iter(weights)).capitalize()
    return ", ".join(f"{task.capitalize()} {weight:g}" for task, weight in weights.items())


def rows(number: int, records: Iterable[Record]) -> list[tuple[paper.Row, list[Record]]]:
    """The WSSL rows of one of the paper's tables, each with the records that repeat it.

    Parameters
    ----------
    number : int
        Of the table, 1 to 4.
    records : iterable of dict
        From the store; those that repeat no row are left out.

    Returns
    -------
    list of (paper.Row, list of dict)
        A record counts once, however often it is given.

    Raises
    ------
    ValueError
        If records of different settings would be averaged as if only the seed differed.
    """
    records = list({record["fingerprint"]: record for record in records}.values())
    used = [r for r in records if any(_repeats(row, r) for row in paper.TABLES[number])]
    for name in ("preset", "dataset", "masks", "recipe", "coverage"):
        values = {str(record["experiment"][name]) for record in used}
        if len(values) > 1:
            raise ValueError(
                f"records: expected those of one {name}; received {', '.join(sorted(values))}. "
                "Select the records of one before tabulating them."
            )
    return [
        (row, [record for record in records if _repeats(row, record)])
        for row in paper.TABLES[number]
        if row.method == "wssl"
    ]


def table(number: int, records: Iterable[Record]) -> pd.DataFrame:
    """One of the paper's tables, its numbers beside ours with 95 % intervals over seeds.

    Returns
    -------
    pandas.DataFrame
        A row for each WSSL row of the paper.
    """
    lines = []
    for row, repeats in rows(number, records):
        line: dict[Any, Any] = {("", "pretext task"): pretext_name(row.pretext)}
        if number == 4:
            line["", "loss"] = row.loss
        for metric, (title, decimals) in METRICS.items():
            values = [record["metrics"][metric] for record in repeats]
            line[title, "paper"] = f"{getattr(row, metric):.{decimals}f}"
            line[title, "ours"] = format_interval(values, decimals)
        line["", "seeds"] = len(repeats)
        lines.append(line)
    frame = pd.DataFrame(lines)
    frame.columns = pd.MultiIndex.from_tuples(frame.columns)
    return frame.set_index(("", "pretext task")).rename_axis("pretext task")


def paper_and_ours(number: int, records: Iterable[Record]) -> Figure:
    """The paper's numbers and ours of one table, a panel a metric, every run a point."""
    found = rows(number, records)
    figure, axes = plt.subplots(1, 2, figsize=(9, 0.9 + 0.55 * len(found)), sharey=True)
    ours, theirs = sns.color_palette("colorblind")[:2]
    for axis, (metric, (title, _)) in zip(axes, METRICS.items(), strict=True):
        for y, (row, repeats) in enumerate(found):
            values = [record["metrics"][metric] for record in repeats]
            mean, half = interval(values)
            axis.plot(values, [y] * len(values), "o", color=ours, alpha=0.45, markersize=5)
            if not np.isnan(half):
                axis.errorbar(mean, y, xerr=half, color=ours, capsize=4, linewidth=2)
            axis.plot(mean, y, "|", color=ours, markersize=16, markeredgewidth=2.5)
            axis.plot(getattr(row, metric), y, "D", color=theirs, markersize=7)
        axis.set(title=title, ylim=(len(found) - 0.5, -0.5))
        axis.set_yticks(range(len(found)), [pretext_name(row.pretext) for row, _ in found])
    axes[0].plot([], [], "o", color=ours, label="ours: each seed, mean, 95 % interval")
    axes[0].plot([], [], "D", color=theirs, label="the paper: one run")
    figure.set_layout_engine("constrained")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return _finished(figure)


def accuracy(record: Record, task: str) -> list[float]:
    """The share of test images at each level of a task that a pretext run told rightly."""
    matrix = np.array(record["confusion"][task])
    return [float(v) for v in matrix.diagonal() / matrix.sum(axis=1)]


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


def gallery(
    images: Sequence[Sequence[np.ndarray]],
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
    side: float = 1.6,
) -> Figure:
    """A grid of pictures.

    Parameters
    ----------
    images : sequence of rows of (H, W, 3) or (H, W) ndarray
        uint8, float in [0, 1] or bool.
    columns, rows : sequence of str
        Titles.
    side : float
        Of a picture, in inches.
    """
    height, width = len(images), len(images[0])
    figure, axes = plt.subplots(
        height,
        width,
        figsize=(side * width, side * height),
        squeeze=False,
        layout="constrained",
    )
    for i, line in enumerate(images):
        for j, image in enumerate(line):
            axis = axes[i, j]
            axis.imshow(image, cmap="gray", vmin=0, vmax=1 if image.dtype == bool else None)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if i == 0 and j < len(columns):
                axis.set_title(columns[j], loc="center", fontsize="small")
        if i < len(rows):
            axes[i, 0].set_ylabel(rows[i], fontsize="small")
    return _finished(figure)


def four_panels(
    originals: np.ndarray,
    masks: np.ndarray,
    restored: np.ndarray,
    rows: Sequence[str] = (),
    side: float = 1.8,
) -> Figure:
    """The figure that closes each method: original, mask, masked image, restored image.

    Parameters
    ----------
    originals, restored : float (N, H, W, 3) in [0, 1] or uint8
        Restored images composited: known pixels from the original.
    masks : bool (N, H, W)
        True = hole, drawn white.
    """
    masked = np.where(masks[..., None], np.zeros((), originals.dtype), originals)
    lines = [list(line) for line in zip(originals, masks, masked, restored, strict=True)]
    return gallery(lines, ("original", "mask", "masked", "restored"), rows, side)


def loss_curves(histories: Mapping[str, Sequence[Sequence[float]]], ax: Axes, title: str) -> None:
    """Draw training losses against steps, a line a label."""
    for label, history in histories.items():
        steps, losses = np.array(history).T
        ax.plot(steps, losses, label=label)
    ax.set(title=title, xlabel="step", ylabel="loss", yscale="log")
    ax.legend(frameon=False)


def _finished(figure: Figure) -> Figure:
    """Take a figure from pyplot's hands, so that a notebook shows it once: as a cell's value."""
    plt.close(figure)
    return figure


def _repeats(row: paper.Row, record: Record) -> bool:
    experiment = record["experiment"]
    return (
        experiment.get("phase") != "pretext"
        and experiment["method"] == row.method
        and experiment["encoder"] == "frozen"
        and experiment["loss"] == row.loss
        and experiment["alpha"] == 0.84
        and experiment["a"] == 1.0
        and dict(experiment["pretext"]) == dict(row.pretext)
    )
