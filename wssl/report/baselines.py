"""WSSL beside other methods: on the same holes, by their size and the width of their strokes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wssl.report.figures import with_legend
from wssl.report.tables import METHODS, METRICS, format_interval
from wssl.store import Record

BINS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Edges of the classes of coverage."""

LEARNED, FLOORS = ("wssl", "shift_net", "pic"), tuple(METHODS)[3:]

VARIANTS = {"sample": "one sample", "best_of_10": "best of 10 samples, by the original"}
"""What a record calls fills that were drawn at random, and what the book calls them."""


def by_method(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Runs or evaluations by the name of their method, in the book's order; none is empty.

    Of WSSL those without a pretext phase stand apart, as ``no pretext, end to end``.

    Parameters
    ----------
    records : sequence of dict
    """
    found: dict[str, list[Record]] = {}
    for record in records:
        experiment = record["experiment"].get("of", record["experiment"])
        name = METHODS[experiment["method"]]
        if experiment["encoder"] == "scratch":
            name = "no pretext, end to end"
        found.setdefault(name, []).append(record)
    order = [METHODS["wssl"], "no pretext, end to end", *METHODS.values()]
    return {name: found[name] for name in dict.fromkeys(order) if name in found}


def method_table(groups: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Whole-image and hole-only scores of each method, with 95 % intervals.

    Parameters
    ----------
    groups : mapping of str to sequence of dict
        Runs or evaluations by the name of their method.
    """
    lines = []
    for name, records in groups.items():
        scores = _scores([record["metrics"] for record in records])
        lines.append({"method": name, **scores, "runs": str(len(records))})
    return pd.DataFrame(lines).set_index("method")


def cost_table(
    groups: Mapping[str, Sequence[Record]],
    parameters: Mapping[str, int],
    milliseconds: Mapping[str, float],
) -> pd.DataFrame:
    """What each method costs.

    Parameters
    ----------
    groups : mapping of str to sequence of dict
        As from `by_method`.
    parameters : mapping of str to int
        How many a method has; one that is not named learns nothing.
    milliseconds : mapping of str to float
        How long a method takes to fill an image.
    """
    lines = []
    for name, records in groups.items():
        trained = float(np.mean([record["provenance"]["seconds"] for record in records])) / 60
        lines.append(
            {
                "method": name,
                "parameters, million": f"{parameters[name] / 1e6:.2f}"
                if name in parameters
                else "—",
                "training, min": f"{trained:.1f}" if records[0]["history"] else "—",
                "fill, ms": f"{milliseconds[name]:.1f}",
            }
        )
    return pd.DataFrame(lines).set_index("method")


def variants_table(records: Sequence[Record]) -> pd.DataFrame:
    """What a method that draws at random scores by its mean, by one draw, by the best of some.

    Parameters
    ----------
    records : sequence of dict
        Runs of one such method, with ``variants``.
    """
    fills = {"mean of the latent": [record["metrics"] for record in records]}
    for name in records[0]["variants"]:
        fills[VARIANTS.get(name, name)] = [record["variants"][name] for record in records]
    lines = []
    for name, scores in fills.items():
        lines.append({"fill": name, **_scores(scores)})
    return pd.DataFrame(lines).set_index("fill")


def _scores(metrics: Sequence[Mapping[str, float]]) -> dict[str, str]:
    return {
        region: format_interval([values[metric + suffix] for values in metrics], decimals)
        for metric, (title, decimals) in METRICS.items()
        for suffix, region in (("", title), ("_hole", f"{title}, hole only"))
    }


def by_coverage(records: Sequence[Record], metric: str) -> np.ndarray:
    """The mean of a metric over the test images of each class of coverage.

    Parameters
    ----------
    records : sequence of dict
    metric : str

    Returns
    -------
    float (runs, classes)
        NaN where a class has no image.
    """
    found = np.full((len(records), len(BINS) - 1), np.nan)
    for row, record in enumerate(records):
        covered = np.digitize(record["per_image"]["coverage"], BINS) - 1
        values = np.array(record["per_image"][metric], dtype=float)
        for column in range(len(BINS) - 1):
            chosen = values[covered == column]
            if np.isfinite(chosen).any():
                found[row, column] = np.nanmean(chosen)
    return found


def strata_figure(
    sets: Mapping[str, Sequence[Record]], metric: str = "psnr", title: str = "PSNR (dB)"
) -> Figure:
    """A metric against coverage, a panel for each width of strokes, a line a method.

    Parameters
    ----------
    sets : mapping of str to sequence of dict
        Evaluations by the width of the strokes.
    metric : str
        One that records hold for each image.
    title : str
    """
    figure, axes = plt.subplots(1, len(sets), figsize=(11, 4.4), sharey=True)
    names = list(by_method([record for records in sets.values() for record in records]))
    palette = dict(zip(names, sns.color_palette("colorblind", len(names)), strict=True))
    places = np.arange(len(BINS) - 1)
    for axis, (width, records) in zip(np.atleast_1d(axes), sets.items(), strict=True):
        for name, runs in by_method(records).items():
            values = by_coverage(runs, metric)
            style = "--" if name in [METHODS[floor] for floor in FLOORS] else "-"
            axis.plot(places, values.mean(axis=0), style, marker="o", ms=4, color=palette[name])
            if len(runs) > 1:
                low, high = values.min(axis=0), values.max(axis=0)
                axis.fill_between(places, low, high, color=palette[name], alpha=0.2)
        axis.set(title=f"{width} strokes", xlabel="hole, % of the image")
        classes = [f"{100 * a:.0f}-{100 * b:.0f}" for a, b in pairwise(BINS)]
        axis.set_xticks(places, classes, fontsize="small")
    np.atleast_1d(axes)[0].set_ylabel(title)
    for name in names:
        style = "--" if name in [METHODS[floor] for floor in FLOORS] else "-"
        np.atleast_1d(axes)[0].plot([], [], style, marker="o", color=palette[name], label=name)
    return with_legend(figure)


def strata_table(
    sets: Mapping[str, Sequence[Record]], metric: str = "psnr", decimals: int = 2
) -> pd.DataFrame:
    """The numbers of `strata_figure`, means over runs, and how many images each class has.

    Parameters
    ----------
    sets : mapping of str to sequence of dict
        As for `strata_figure`.
    metric : str
    decimals : int
    """
    lines = []
    for width, records in sets.items():
        counts = np.histogram(records[0]["per_image"]["coverage"], BINS)[0]
        for place, count in enumerate(counts):
            span = f"{100 * BINS[place]:.0f} to {100 * BINS[place + 1]:.0f} %"
            line = {"strokes": width, "hole": span, "images": int(count)}
            for name, runs in by_method(records).items():
                mean = float(by_coverage(runs, metric)[:, place].mean())
                line[name] = "—" if np.isnan(mean) else f"{mean:.{decimals}f}"
            lines.append(line)
    return pd.DataFrame(lines).set_index(["strokes", "hole"])
