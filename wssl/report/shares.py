"""The share of log-cosh in the mixed loss: what it does, and what it amounts to."""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.report.comparisons import Groups, values
from wssl.report.figures import OURS
from wssl.report.style import finished
from wssl.report.tables import METRICS
from wssl.statistics import interval
from wssl.store import Record

GRADIENT = sns.color_palette("colorblind")[2]
"""The colour of shares of the gradient, beside that of shares of the value."""


def share_curves(groups: Groups) -> Figure:
    """Both metrics against the weight of log-cosh, every run a point; see `SHARES`.

    Parameters
    ----------
    groups : mapping of str to sequence of dict
        As from `wssl.report.comparisons.select`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, (metric, (title, _)) in zip(axes, METRICS.items(), strict=True):
        means = [float(np.mean(values(runs, metric))) for runs in groups.values()]
        axis.plot(range(len(groups)), means, color=OURS, linewidth=1.6, alpha=0.6)
        for x, runs in enumerate(groups.values()):
            found = values(runs, metric)
            axis.plot([x] * len(found), found, "o", color=OURS, alpha=0.45, markersize=5)
            _, half = interval(found)
            if not np.isnan(half):
                axis.errorbar(x, means[x], yerr=half, color=OURS, capsize=4, linewidth=2)
            axis.plot(x, means[x], "_", color=OURS, markersize=14, markeredgewidth=2.5)
        axis.set(title=title)
        _label_shares(axis, groups)
    return finished(figure)


def realised_shares(evaluations: Iterable[Record]) -> pd.DataFrame:
    """What log-cosh amounts to in the mixed loss at the end of training.

    Parameters
    ----------
    evaluations : iterable of dict
        Of runs with the losses of `SHARES`, with their terms.

    Returns
    -------
    pandas.DataFrame
        A line an evaluation: ``alpha``, its weight; ``seed``; ``value`` and ``gradient``, its share
        of the loss and of the two gradients' norms; ``equal_value`` and ``equal_gradient``, the
        alphas at which that share would have been a half. All in [0, 1].
    """
    lines = []
    for record in evaluations:
        run, terms = record["experiment"]["of"], record["terms"]
        alpha = {"ssim": 0.0, "log_cosh": 1.0}.get(run["loss"], run["alpha"])
        line = {"alpha": alpha, "seed": run["seed"]}
        for name, prefix in (("value", ""), ("gradient", "gradient_")):
            pixel, ssim = terms[f"{prefix}log_cosh"], terms[f"{prefix}ssim"]
            line[name] = alpha * pixel / (alpha * pixel + (1 - alpha) * ssim)
            line[f"equal_{name}"] = ssim / (pixel + ssim)
        lines.append(line)
    return pd.DataFrame(lines)


def weight_and_share(shares: pd.DataFrame) -> Figure:
    """The share that log-cosh has against the weight it is given.

    Parameters
    ----------
    shares : pandas.DataFrame
        As from `realised_shares`.
    """
    alphas = sorted(shares["alpha"].unique())
    shares = shares.assign(place=[alphas.index(alpha) for alpha in shares["alpha"]])
    figure, axis = plt.subplots(figsize=(8, 4.4), layout="constrained")
    axis.plot([100 * alpha for alpha in alphas], "--", color="0.35", label="its weight, alpha")
    _draw_share(axis, shares, "value", "o", OURS, above=True)
    _draw_share(axis, shares, "gradient", "s", GRADIENT, above=False)
    axis.set(ylabel="log-cosh (%)", ylim=(-12, 104), yticks=range(0, 101, 20))
    _label_shares(axis, [f"{alpha:g}" for alpha in alphas])
    axis.legend(frameon=False, loc="upper left")
    return finished(figure)


def _draw_share(
    axis: Axes, shares: pd.DataFrame, name: str, marker: str, colour: Any, *, above: bool
) -> None:
    means = 100 * shares.groupby("place")[name].mean()
    axis.plot(shares["place"], 100 * shares[name], marker, color=colour, alpha=0.45, markersize=4)
    axis.plot(means, f"{marker}-", color=colour, linewidth=2, label=f"its share of the {name}")
    for place, share in means.iloc[1:-1].items():
        axis.annotate(
            f"{share:.1f} %" if share < 10 else f"{share:.0f} %",
            (place, share),
            (0, 7) if share < 10 and above else (-8, 3) if above else (6, -5),
            textcoords="offset points",
            ha="left" if not above else "center" if share < 10 else "right",
            va="bottom" if above else "top",
            color=colour,
            fontsize="small",
        )


def _label_shares(axis: Axes, names: Iterable[str]) -> None:
    below = {"0": "SSIM\nalone", "0.84": "the\npaper", "1": "log-cosh\nalone"}
    labels = [f"{name}\n{below.get(name, '')}" for name in names]
    axis.set_xticks(range(len(labels)), labels)
    axis.set(xlabel="weight of log-cosh (alpha)")
