"""How trained networks fare on test sets other than their own."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wssl.report.style import finished
from wssl.report.tables import format_interval
from wssl.statistics import interval
from wssl.store import Record

ENCODERS = {
    "frozen": "pretrained, frozen (the paper)",
    "random": "random, frozen",
    "finetuned": "pretrained, fine-tuned",
    "scratch": "no pretext, end to end",
}
"""What became of the encoder, in words."""

Scores = dict[str, dict[str, dict[int, float]]]


def scores(sets: Mapping[str, Sequence[Record]], metric: str = "ssim") -> Scores:
    """Scores by test set, encoder and seed.

    Parameters
    ----------
    sets : mapping of str to sequence of dict
        Records of experiments (their own test set) or of evaluations, by the name of the test set.
    metric : str
    """
    found: Scores = {name: {encoder: {} for encoder in ENCODERS} for name in sets}
    for name, records in sets.items():
        for record in records:
            experiment = record["experiment"].get("of", record["experiment"])
            score = record["metrics"][metric]
            found[name][experiment["encoder"]][experiment["seed"]] = score
    return found


def scores_table(sets: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """SSIM of each network (column) on each test set (row), with 95 % intervals over seeds.

    Parameters
    ----------
    sets : mapping of str to sequence of dict
        Runs and evaluations by the name of the test set; the runs' own comes first.
    """
    return pd.DataFrame(
        {
            label: {
                name: format_interval(list(by_encoder[encoder].values()), 4)
                for name, by_encoder in scores(sets).items()
            }
            for encoder, label in ENCODERS.items()
        }
    ).rename_axis("test set")


def scores_figure(sets: Mapping[str, Sequence[Record]]) -> Figure:
    """SSIM on each test set, minus the mean of the network trained end to end.

    Parameters
    ----------
    sets : mapping of str to sequence of dict
        Runs and evaluations by the name of the test set; the runs' own comes first.
    """
    table = scores(sets)
    relative = {
        name: {
            encoder: [v - float(np.mean(list(found["scratch"].values()))) for v in runs.values()]
            for encoder, runs in found.items()
        }
        for name, found in table.items()
    }
    return _dots(relative, "SSIM minus that of the end-to-end network")


def losses_figure(sets: Mapping[str, Sequence[Record]]) -> Figure:
    """By how much the SSIM of each run falls from its own test set, the first, to the others.

    Parameters
    ----------
    sets : mapping of str to sequence of dict
        Runs and evaluations by the name of the test set; the runs' own comes first.
    """
    table = scores(sets)
    own, *others = table
    falls = {
        name: {
            encoder: [table[own][encoder][seed] - score for seed, score in runs.items()]
            for encoder, runs in table[name].items()
        }
        for name in others
    }
    return _dots(falls, "SSIM on the own test set minus SSIM here")


def _dots(values: Mapping[str, Mapping[str, Sequence[float]]], xlabel: str) -> Figure:
    figure, axis = plt.subplots(figsize=(9, 0.9 + 0.75 * len(values)), layout="constrained")
    palette = dict(zip(ENCODERS, sns.color_palette("colorblind"), strict=False))
    offsets = dict(zip(ENCODERS, np.linspace(-0.27, 0.27, len(ENCODERS)), strict=True))
    for y, by_encoder in enumerate(values.values()):
        for encoder, runs in by_encoder.items():
            colour, height = palette[encoder], y + offsets[encoder]
            mean, half = interval(list(runs))
            axis.plot(runs, [height] * len(runs), "o", color=colour, alpha=0.45, markersize=5)
            axis.plot(mean, height, "|", color=colour, markersize=11, markeredgewidth=2.5)
            if not np.isnan(half):
                axis.errorbar(mean, height, xerr=half, color=colour, capsize=3, linewidth=2)
        axis.axhline(y + 0.5, color="0.9", linewidth=1)
    axis.axvline(0, color="0.4", linewidth=1)
    for encoder, label in ENCODERS.items():
        axis.plot([], [], "o", color=palette[encoder], label=label)
    axis.set_yticks(range(len(values)), list(values))
    axis.set(ylim=(len(values) - 0.5, -0.5), xlabel=xlabel)
    axis.grid(visible=False, axis="y")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return finished(figure)
