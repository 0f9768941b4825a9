"""Configurations side by side: every run a point, differences with intervals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from wssl.claims import Evidence
from wssl.report.figures import OURS, with_legend
from wssl.report.tables import METRICS, format_estimate, format_interval, with_headings
from wssl.statistics import Estimate, contrast, interval
from wssl.store import Record

Groups = Mapping[str, Sequence[Record]]
"""The runs of each configuration by its name; within one only the seed differs."""

Settings = Mapping[str, Mapping[str, Any]]

SHARES: Settings = {
    "0": {"loss": "ssim"},
    **{f"{share:g}": {"alpha": share} for share in (0.16, 0.5, 0.84, 0.95, 0.99)},
    "1": {"loss": "log_cosh"},
}
"""The weight of log-cosh in the loss, from SSIM alone to log-cosh alone."""

PIXEL_LOSSES: Settings = {
    "log-cosh, a = 1": {"loss": "log_cosh"},
    "log-cosh, a = 10": {"loss": "log_cosh", "a": 10.0},
    "log-cosh, a = 100": {"loss": "log_cosh", "a": 100.0},
    "MSE": {"loss": "mse"},
    "L1": {"loss": "l1"},
}
"""Log-cosh by its scale, and the two losses between which it lies."""

CONTROLS: Settings = {
    "pretext, frozen (the paper)": {},
    "random, frozen": {"encoder": "random"},
    "pretext, 3 of 5 blocks frozen": {"frozen_blocks": [1, 2, 3]},
    "pretext, fine-tuned": {"encoder": "finetuned"},
    "no pretext, all layers learn": {"encoder": "scratch"},
}
"""The paper's best configuration, and what it has to be compared with."""


def select(records: Iterable[Record], settings: Settings) -> dict[str, list[Record]]:
    """The runs of each configuration; a setting that is not given is the paper's best.

    Parameters
    ----------
    records : iterable of dict
    settings : mapping of str to mapping
        By label, the fields of `wssl.Experiment` that make a configuration.

    Raises
    ------
    LookupError
        If a configuration has no run; the message names it.
    ValueError
        If runs of different presets or data would be compared.
    """
    evidence = Evidence(records)
    return {name: evidence.select(**given) for name, given in settings.items()}


def values(records: Iterable[Record], metric: str) -> list[float]:
    """One metric of each run.

    Parameters
    ----------
    records : iterable of dict
    metric : str
    """
    return [record["metrics"][metric] for record in records]


def difference(runs: Sequence[Record], others: Sequence[Record], metric: str) -> Estimate:
    """The mean of one configuration less that of another.

    Parameters
    ----------
    runs, others : sequence of dict
        Of one configuration each.
    metric : str
    """
    return contrast([values(runs, metric), values(others, metric)], (1.0, -1.0))


def differences(groups: Groups) -> pd.DataFrame:
    """Each configuration's metrics, and by how much they differ from the first's.

    Parameters
    ----------
    groups : mapping of str to sequence of dict
        As from `select`.

    Returns
    -------
    pandas.DataFrame
        A row a configuration; ± is half of a 95 % interval.
    """
    first = next(iter(groups.values()))
    lines = []
    for name, runs in groups.items():
        line: dict[tuple[str, str], Any] = {("", ""): name}
        for metric, (title, decimals) in METRICS.items():
            line[title, "mean"] = format_interval(values(runs, metric), decimals)
            found = format_estimate(difference(runs, first, metric), decimals)
            line[title, "minus the first"] = "" if runs is first else found
        line["", "seeds"] = len(runs)
        lines.append(line)
    return with_headings(lines)


def progress(groups: Groups) -> pd.DataFrame:
    """How far training came: the loss at the end, and how much it still fell.

    Parameters
    ----------
    groups : mapping of str to sequence of dict
        As from `select`.

    Returns
    -------
    pandas.DataFrame
        A row a configuration: ``steps``; ``loss at the end``, the mean of the last tenth; ``still
        falling``, by how much less than a fifth of the steps before that, in per cent; ``minutes``
        of the inpainting phase, the mean.
    """
    lines = {}
    for name, runs in groups.items():
        ends, falls = zip(*(_last_losses(record["history"]) for record in runs), strict=True)
        lines[name] = {
            "steps": runs[0]["history"][-1][0],
            "loss at the end": format_interval(ends, 5),
            "still falling (%)": format_interval(falls, 1),
            "minutes": round(np.mean([r["provenance"]["seconds"] for r in runs]) / 60, 1),
        }
    return pd.DataFrame.from_dict(lines, orient="index")


def dot_plot(groups: Groups, floor: Mapping[str, float] | None = None) -> Figure:
    """Configurations side by side, a panel a metric, every run a point.

    Parameters
    ----------
    groups : mapping of str to sequence of dict
        The dotted line continues the mean of the first.
    floor : mapping of str to float, optional
        The metrics of the harmonic fill of the same images.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 1.2 + 0.5 * len(groups)), sharey=True)
    for axis, (metric, (title, _)) in zip(axes, METRICS.items(), strict=True):
        for y, runs in enumerate(groups.values()):
            found = values(runs, metric)
            mean, half = interval(found)
            axis.plot(found, [y] * len(found), "o", color=OURS, alpha=0.45, markersize=5)
            if not np.isnan(half):
                axis.errorbar(mean, y, xerr=half, color=OURS, capsize=4, linewidth=2)
            axis.plot(mean, y, "|", color=OURS, markersize=16, markeredgewidth=2.5)
            if y == 0:
                axis.axvline(mean, color=OURS, linestyle=":", linewidth=1.2, zorder=1)
        if floor is not None:
            axis.axvline(floor[metric], color="0.35", linestyle="--", linewidth=1.4, zorder=1)
        axis.set(title=title, ylim=(len(groups) - 0.5, -0.5))
        axis.locator_params(axis="x", nbins=6)
        axis.set_yticks(range(len(groups)), list(groups))
    axes[0].plot([], [], "o", color=OURS, label="each seed, mean, 95 % interval")
    axes[0].plot([], [], ":", color=OURS, label="mean of the first row")
    if floor is not None:
        axes[0].plot([], [], "--", color="0.35", label="no network: harmonic fill")
    return with_legend(figure)


def _last_losses(history: Sequence[Sequence[float]]) -> tuple[float, float]:
    losses = [loss for _, loss in history]
    tenth = max(1, len(losses) // 10)
    end = float(np.mean(losses[-tenth:]))
    before = float(np.mean(losses[-3 * tenth : -2 * tenth] or losses[:1]))
    return end, 100 * (1 - end / before)
