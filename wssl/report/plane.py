"""The paper's pairs of PSNR and SSIM beside those of classical fills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from wssl import paper
from wssl.report.figures.style import finished
from wssl.report.labels import OURS, PAPER, method_label, row_name
from wssl.store import Record

BEST = paper.TABLES[4][-1]
"""The row of the paper whose pair of numbers is looked for: 31.38 dB with SSIM 0.9692."""

WIDTHS = {
    "fine": "2 to 6 px",
    "thin": "5 to 15 px, as published",
    "medium": "20 to 50 px",
    "thick": "60 to 110 px",
}
"""The width of strokes of each recipe, of 512 px."""

RESIZINGS = {
    "nearest": "nearest neighbour, coverage measured afterwards: this study",
    "half": "hole where at least half of a pixel is, coverage measured before",
    "any": "hole where any of a pixel is, coverage measured before",
    "all": "hole where all of a pixel is, coverage measured before",
    "soft": "left soft, and fills blended with the original",
    "cut": "not resized: the middle of the mask of 512 px",
}
"""How a mask of 512 px became one of the image's size."""

SSIM = {
    "ssim": "Gaussian window of 11 px: this study, tf.image.ssim",
    "ssim_sample": "the same, with sample covariance",
    "ssim_grey": "the same, of the luminance",
    "ssim_padded": "the same, with zeros around the image",
    "ssim_uniform_3": "uniform window of 3 px",
    "ssim_uniform_7": "uniform window of 7 px, sample covariance: scikit-image",
    "ssim_uniform_11": "uniform window of 11 px",
    "ssim_uniform_21": "uniform window of 21 px",
    "ssim_uniform_41": "uniform window of 41 px",
    "ssim_whole": "one window: the whole image",
    "ms_ssim": "multi-scale SSIM",
    "ssim_range_2": "Gaussian window, range 2 for images in [0, 1]",
    "ssim_uniform_7_range_2": "scikit-image's window and its former default range of 2",
    "ssim_range_255": "range 255 for images in [0, 1]",
    "ssim_range_1_of_255": "range 1 for images in [0, 255]",
    "ssim_signed": "images in [-1, 1], range 2",
    "ssim_signed_range_1": "images in [-1, 1], range 1",
    "ssim_deviations": "the paper's formula, with standard deviations",
    "ssim_hole": "at the hole's pixels only",
}
"""Ways to compute SSIM."""

PSNR = {
    "psnr": "all pixels, mean over images: this study",
    "psnr_pooled": "of the mean squared error over all images",
    "psnr_grey": "of the luminance",
    "psnr_hole": "over the hole only",
    "psnr_range_2": "range 2 for images in [0, 1]",
    "psnr_wrapped": "8-bit differences that overflow",
}
"""Ways to compute PSNR."""

DRAWS = 2000
"""Bootstrap samples of images."""

Array = npt.NDArray[np.float64]


def published() -> pd.DataFrame:
    """What others report, one row per result: ``method, data, hole, psnr, ssim``."""
    frame = pd.DataFrame(paper.LITERATURE, columns=["method", "data", "hole", "pair"])
    frame[["method", "data"]] = frame[["method", "data"]].replace("", None).ffill()
    numbers = frame.pop("pair").str.split(" / ", expand=True).astype(float)
    return frame.assign(psnr=numbers[0], ssim=numbers[1])


def resampled(values: Array, draws: int = DRAWS) -> Array:
    """Means of bootstrap samples of images; the same images for all measures and records.

    Parameters
    ----------
    values : float (..., N)
        One value per image.
    draws : int

    Returns
    -------
    float (..., draws)
    """
    count = values.shape[-1]
    weights = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), draws) / count
    return values @ weights.T


def interval(draws: Array) -> tuple[float, float]:
    """The middle 95 % of bootstrap means.

    Parameters
    ----------
    draws : float (draws,)
        From `resampled`.

    Returns
    -------
    low, high : float
        NaN if any of the means is.
    """
    low, high = np.quantile(draws, (0.025, 0.975))
    return float(low), float(high)


def values_of(record: Record, measure: str) -> Array:
    """The values of a measure.

    Parameters
    ----------
    record : dict
    measure : str
        A key of `SSIM` or `PSNR`, or ``coverage``.

    Returns
    -------
    float (N,)
        One value per image; for ``psnr_pooled`` its mean squared error.
    """
    if measure == "psnr_pooled":
        return 10.0 ** (-np.array(record["images"]["psnr"]) / 10)
    return np.array(record["images"][measure])


def _finished_mean(means: Array, measure: str) -> Array:
    return -10 * np.log10(means) if measure == "psnr_pooled" else means


@dataclass(frozen=True)
class Measured:
    """The mean of a measure over images, and its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        NaN where it is not known.
    """

    value: float
    low: float
    high: float

    def text(self, form: str) -> str:
        """As in a table; without an interval where there is none.

        Parameters
        ----------
        form : str
            How a number is formatted, such as ``.2f``.
        """
        if np.isnan(self.value):
            return "not reached"
        number = format(self.value, form)
        if np.isnan(self.low) or self.low == self.high:
            return number
        return f"{number} [{format(self.low, form)}, {format(self.high, form)}]"


def measured(record: Record, measure: str) -> Measured:
    """The mean over a record's images with its bootstrap interval.

    Parameters
    ----------
    record : dict
    measure : str
        A key of `SSIM` or `PSNR`, or ``coverage``.
    """
    values = values_of(record, measure)
    mean = float(_finished_mean(values.mean(keepdims=True), measure)[0])
    return Measured(mean, *interval(_finished_mean(resampled(values), measure)))


def distance(psnr: float, ssim: float) -> float:
    """How far a pair is from the paper's: 1 for 1 dB or for 0.01 of SSIM.

    Parameters
    ----------
    psnr : float
        In dB.
    ssim : float
    """
    return float(np.hypot(psnr - BEST.psnr, (ssim - BEST.ssim) / 0.01))


def pair_line(record: Record, psnr: str = "psnr", ssim: str = "ssim") -> dict[str, str]:
    """The columns that every table of this page has: a pair, and its distance from the paper's.

    Parameters
    ----------
    record : dict
    psnr, ssim : str
        Keys of `PSNR` and `SSIM`.
    """
    first, second = measured(record, psnr), measured(record, ssim)
    return {
        "PSNR (dB)": first.text(".2f"),
        "SSIM": second.text(".4f"),
        "PSNR - paper's": f"{first.value - BEST.psnr:+.2f}",
        "SSIM - paper's": f"{second.value - BEST.ssim:+.4f}",
        "distance": f"{distance(first.value, second.value):.1f}",
    }


def record_table(records: Sequence[tuple[str, Record]], name: str = "holes") -> pd.DataFrame:
    """One row per record: its fill, if several, coverage, and pair of numbers beside the paper's.

    Parameters
    ----------
    records : sequence of (str, dict)
        What the line is called, and its record.
    name : str
        What the lines are.
    """
    lines = [
        {
            name: label,
            "fill": method_label(record["experiment"]["fill"]),
            "coverage": f"{100 * record['metrics']['coverage']:.0f} %",
            **pair_line(record),
        }
        for label, record in records
    ]
    frame = pd.DataFrame(lines)
    if frame["fill"].nunique() == 1:
        return frame.drop(columns="fill").set_index(name)
    return frame.set_index([name, "fill"])


@dataclass(frozen=True)
class Crossing:
    """Where a curve of growing holes reaches a PSNR: its SSIM and coverage there.

    Attributes
    ----------
    ssim, coverage : Measured
        NaN where it does not; without an interval if some samples of images do not.
    """

    ssim: Measured
    coverage: Measured


def crossing(
    records: Sequence[Record], target: float, psnr: str = "psnr", ssim: str = "ssim"
) -> Crossing:
    """SSIM and coverage at which holes of growing size come to a PSNR, by linear interpolation.

    Parameters
    ----------
    records : sequence of dict
        Of the same images, with holes of another coverage each.
    target : float
        The PSNR, in dB.
    psnr, ssim : str
        Keys of `PSNR` and `SSIM`.

    Returns
    -------
    Crossing
        NaN where the curve does not reach that PSNR. Intervals by resampling images.
    """
    found = []
    for measure in (psnr, ssim, "coverage"):
        values = np.array([values_of(record, measure) for record in records])
        means = np.concatenate([values.mean(axis=1, keepdims=True), resampled(values)], axis=1)
        found.append(_finished_mean(means, measure))
    levels, ssims, coverages = found
    at: tuple[list[float], list[float]] = [], []
    for column in range(levels.shape[1]):
        order = np.argsort(levels[:, column])
        for into, values in zip(at, (ssims, coverages), strict=True):
            x, y = levels[order, column], values[order, column]
            into.append(float(np.interp(target, x, y, left=np.nan, right=np.nan)))
    return Crossing(*(Measured(v[0], *interval(np.array(v[1:]))) for v in at))


def in_the_papers_range(record: Record) -> bool:
    """Whether the holes of a record were asked to be of 30 to 50 %, as the paper's.

    Parameters
    ----------
    record : dict
    """
    low, high = record["experiment"]["coverage"]
    return bool(low >= 0.3 and high <= 0.5)


def by_width(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records by the recipe of their masks, in the order of `WIDTHS`, by growing coverage.

    Parameters
    ----------
    records : sequence of dict
    """
    return {
        width: sorted(
            (r for r in records if r["experiment"]["recipe"] == width),
            key=lambda r: r["experiment"]["coverage"],
        )
        for width in WIDTHS
    }


def crossing_table(widths: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """For strokes of each width, the holes that give the paper's PSNR, and the SSIM with it.

    Parameters
    ----------
    widths : mapping of str to sequence of dict
        From `by_width`.
    """
    lines = []
    for width, records in widths.items():
        found = crossing(records, BEST.psnr)
        lines.append(
            {
                "strokes (of 512 px)": WIDTHS[width],
                f"coverage at {BEST.psnr} dB": _percent(found.coverage),
                f"SSIM at {BEST.psnr} dB": found.ssim.text(".4f"),
                "SSIM - paper's": _signed(found.ssim.value - BEST.ssim),
            }
        )
    return pd.DataFrame(lines).set_index("strokes (of 512 px)")


def crossings_text(found: Mapping[str, Crossing]) -> str:
    """Widths of strokes with the coverage and SSIM at the paper's PSNR, as text.

    Parameters
    ----------
    found : mapping of str to Crossing
        By width; those that do not reach the PSNR have been left out.

    Returns
    -------
    str
        ``"none"`` if there is none.
    """
    texts = [
        f"strokes of {WIDTHS[width].split(',')[0]} at {100 * c.coverage.value:.0f} %, with "
        f"{c.ssim.value:.4f}"
        for width, c in found.items()
    ]
    return "; ".join(texts) or "none"


def answer_text(found: Crossing) -> str:
    """Whether the paper's PSNR needs a network, and what SSIM comes with it, as a sentence.

    Parameters
    ----------
    found : Crossing
        Of the biharmonic fill with strokes of the published width, at the paper's PSNR.
    """
    if np.isnan(found.ssim.value):
        return (
            f"With strokes of the published width, no holes that were tried give the biharmonic "
            f"fill the paper's PSNR of {BEST.psnr} dB."
        )
    ssim = found.ssim
    return (
        f"On the images of this page, a fill that learns nothing reaches the paper's PSNR of "
        f"{BEST.psnr} dB at holes of {100 * found.coverage.value:.0f} % with strokes of the "
        f"published width, but with an SSIM of {ssim.value:.4f} (95 % interval {ssim.low:.4f} to "
        f"{ssim.high:.4f}), not {BEST.ssim}."
    )


def _percent(share: Measured) -> str:
    text = Measured(100 * share.value, 100 * share.low, 100 * share.high).text(".0f")
    return text if np.isnan(share.value) else f"{text} %"


def _signed(difference: float, form: str = "+.4f") -> str:
    return "" if np.isnan(difference) else format(difference, form)


def ssim_table(record: Record, curve: Sequence[Record]) -> pd.DataFrame:
    """One row per way to compute SSIM: of the same fills, and where holes give the paper's PSNR.

    Parameters
    ----------
    record : dict
        Of the study's masks.
    curve : sequence of dict
        Of holes of growing coverage.
    """
    lines = []
    for way, name in SSIM.items():
        own, there = measured(record, way), crossing(curve, BEST.psnr, ssim=way).ssim
        lines.append(
            {
                "SSIM computed": name,
                "the study's masks": own.text(".4f"),
                "- paper's": f"{own.value - BEST.ssim:+.4f}",
                f"at {BEST.psnr} dB": there.text(".4f"),
                " - paper's": _signed(there.value - BEST.ssim),
            }
        )
    return pd.DataFrame(lines).set_index("SSIM computed")


def psnr_table(record: Record) -> pd.DataFrame:
    """One row per way to compute PSNR.

    Parameters
    ----------
    record : dict
        Of the study's masks.
    """
    lines = []
    for way, name in PSNR.items():
        own = measured(record, way)
        difference = f"{own.value - BEST.psnr:+.2f}"
        lines.append({"PSNR computed": name, "PSNR (dB)": own.text(".2f"), "- paper's": difference})
    return pd.DataFrame(lines).set_index("PSNR computed")


def near_ways(curve: Sequence[Record], margin: float = 0.005) -> list[str]:
    """The keys of `SSIM` that come within `margin` of the paper's where its PSNR is reached.

    Parameters
    ----------
    curve : sequence of dict
        Of holes of growing coverage.
    margin : float
        Of SSIM.
    """
    found = {way: crossing(curve, BEST.psnr, ssim=way).ssim.value for way in SSIM}
    return [way for way, value in found.items() if abs(value - BEST.ssim) <= margin]


def gaps(curve: Sequence[Record], rows: Sequence[paper.Row], ssim: str = "ssim") -> Array:
    """How much more SSIM rows of the paper have than fills of the same PSNR.

    Parameters
    ----------
    curve : sequence of dict
        Of holes of growing coverage.
    rows : sequence of wssl.paper.Row
    ssim : str
        A key of `SSIM`.

    Returns
    -------
    float (len(rows),)
        NaN where the curve does not reach a row's PSNR.
    """
    return np.array([row.ssim - crossing(curve, row.psnr, ssim=ssim).ssim.value for row in rows])


def gap_range(found: Array) -> dict[str, float]:
    """The number and the range of the gaps that are known.

    Parameters
    ----------
    found : float (N,)
        From `gaps`; NaN where a gap is not known.

    Returns
    -------
    dict of str to float
        ``count``, ``least``, ``median`` and ``most``; the last three are NaN without a known gap.
    """
    known = found[~np.isnan(found)]
    if not len(known):
        return {"count": 0, "least": np.nan, "median": np.nan, "most": np.nan}
    return {
        "count": len(known),
        "least": float(known.min()),
        "median": float(np.median(known)),
        "most": float(known.max()),
    }


def gap_table(curve: Sequence[Record], ways: Sequence[str]) -> pd.DataFrame:
    """The `gaps` of the rows of the paper's Table 4, for several ways to compute SSIM.

    Parameters
    ----------
    curve : sequence of dict
        Of holes of growing coverage.
    ways : sequence of str
        Keys of `SSIM`.
    """
    rows = paper.TABLES[4]
    columns = {
        "PSNR (dB)": [f"{row.psnr:.2f}" for row in rows],
        "SSIM": [f"{row.ssim:.4f}" for row in rows],
    }
    for way in ways:
        found = gaps(curve, rows, way)
        columns[SSIM[way]] = ["not reached" if np.isnan(g) else f"{g:+.4f}" for g in found]
    names = [row_name(4, row) for row in rows]
    return pd.DataFrame(columns, index=pd.Index(names, name="row of Table 4"))


def nearest(records: Sequence[tuple[str, Record]], count: int = 10) -> pd.DataFrame:
    """The combinations of holes, SSIM and PSNR that come nearest to the paper's pair.

    Parameters
    ----------
    records : sequence of (str, dict)
        What the holes are called, and their record.
    count : int
        How many.

    Returns
    -------
    DataFrame
        Nearest first; ``attrs["tried"]`` is how many combinations there were, ``attrs["close"]``
        how many of them have a `distance` of at most 0.5.
    """
    lines = []
    for (label, record), psnr, ssim in product(records, PSNR, SSIM):
        values = [
            float(_finished_mean(values_of(record, measure).mean(keepdims=True), measure)[0])
            for measure in (psnr, ssim)
        ]
        lines.append((distance(*values), label, PSNR[psnr], SSIM[ssim], record, psnr, ssim))
    lines.sort(key=lambda line: line[0])
    frame = pd.DataFrame(
        [
            {
                "holes": label,
                "PSNR computed": psnr_name,
                "SSIM computed": ssim_name,
                **pair_line(record, psnr, ssim),
            }
            for _, label, psnr_name, ssim_name, record, psnr, ssim in lines[:count]
        ]
    ).set_index("holes")
    frame.attrs["tried"] = len(lines)
    frame.attrs["close"] = sum(line[0] <= 0.5 for line in lines)
    return frame


CURVES = {
    "ssim_signed_range_1": "scaled to [-1, 1]",
    "ssim": "as in this study",
    "ssim_range_2": "range 2",
    "ms_ssim": "multi-scale SSIM",
    "ssim_uniform_41": "window of 41 px",
    "ssim_whole": "one window for all",
}
"""The ways to compute SSIM that a figure has room for."""

_TICKS = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998)

_PLACES = {
    "WSSL, mixed loss": (10, -10, "left"),
    "WSSL, SSIM loss": (-9, 2, "right"),
    "WSSL, log-cosh": (8, -11, "left"),
    "PIC": (9, -4, "left"),
    "Shift-Net": (9, -4, "left"),
    "ISFRNet": (-6, -10, "right"),
    "AOT-GAN": (-3, 6, "right"),
    "partial convolutions": (6, 3, "left"),
    "VCNet": (6, -4, "left"),
    "multi-scale SSIM": (-8, 4, "right"),
    "range 2": (-8, -11, "right"),
    "window of 41 px": (-8, -6, "right"),
}
"""Where a label stands beside its point, in points of print, so that none covers another."""


def plane_figure(widths: Mapping[str, Sequence[Record]], fills: Sequence[Record]) -> Figure:
    """Our fills, the paper's rows and published results in one plane of PSNR and SSIM.

    The axis of SSIM is logarithmic in 1 - SSIM, so that equal steps are equal ratios of what is
    missing, as in PSNR.

    Parameters
    ----------
    widths : mapping of str to sequence of dict
        From `by_width`: the biharmonic fill of holes of growing coverage.
    fills : sequence of dict
        Several fills of the study's own masks.
    """
    figure, axis = plt.subplots(figsize=(9, 7.6), layout="constrained")
    _draw_published(axis)
    colours = sns.color_palette("crest", len(widths))
    for colour, (width, records) in zip(colours, widths.items(), strict=True):
        means = np.array([[r["metrics"][m] for m in ("psnr", "ssim", "coverage")] for r in records])
        label = f"biharmonic, strokes of {WIDTHS[width]}"
        axis.plot(
            means[:, 0], 1 - means[:, 1], "o-", color=colour, markersize=4, linewidth=2, label=label
        )
        for psnr, ssim, coverage in means if width in ("fine", "thick") else ():
            place = (4, -10, "left") if width == "fine" else (-4, 5, "right")
            _label(axis, f"{100 * coverage:.0f} %", psnr, ssim, colour, place, "x-small")
    for marker, record in zip("s^v", fills, strict=False):
        x, y = (measured(record, measure) for measure in ("psnr", "ssim"))
        axis.errorbar(
            x.value,
            1 - y.value,
            xerr=[[x.value - x.low], [x.high - x.value]],
            yerr=[[y.high - y.value], [y.value - y.low]],
            fmt=marker,
            color=OURS,
            markersize=6,
            linewidth=1.5,
            label=f"{method_label(record['experiment']['fill'])}, the study's masks",
        )
    _draw_paper(axis)
    _ssim_axis(axis, (17.5, 41), (0.33, 0.006))
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    return finished(figure)


def measures_figure(curve: Sequence[Record]) -> Figure:
    """The same fills under several ways to compute SSIM, beside the paper's rows.

    Parameters
    ----------
    curve : sequence of dict
        Of holes of growing coverage; those of 30 to 50 % are drawn thick.
    """
    figure, axis = plt.subplots(figsize=(9, 5.8), layout="constrained")
    colours = sns.color_palette("flare", len(CURVES) - 1)
    palette = dict(zip([way for way in CURVES if way != "ssim"], colours, strict=True))
    for way, name in CURVES.items():
        colour = palette.get(way, OURS)
        pairs = np.array([(r["metrics"]["psnr"], r["metrics"][way]) for r in curve])
        asked = np.array([in_the_papers_range(r) for r in curve])
        axis.plot(pairs[:, 0], 1 - pairs[:, 1], color=colour, linewidth=1.2)
        axis.plot(pairs[asked, 0], 1 - pairs[asked, 1], "o-", color=colour, linewidth=4)
        place = _PLACES.get(name, (-8, -4, "right"))
        _label(axis, name, pairs[-1, 0], pairs[-1, 1], colour, place)
    axis.plot([], [], "o-", color="0.4", linewidth=4, label="holes of 30 to 50 %")
    _draw_paper(axis)
    _ssim_axis(axis, (18, 41), (0.42, 0.0015))
    axis.legend(loc="lower right", frameon=False, fontsize="small")
    return finished(figure)


def _draw_published(axis: Axes) -> None:
    for (method, _), part in published().groupby(["method", "data"], sort=False):
        if "WSSL" in method:
            continue
        axis.plot(part.psnr, 1 - part.ssim, "x--", color="0.55", markersize=5, linewidth=0.8)
        name = method.split(",")[0]
        _label(axis, name, part.psnr.iloc[0], part.ssim.iloc[0], "0.35", size="x-small")
    axis.plot([], [], "x--", color="0.55", label="published by others, holes of 10 to 60 %")


def _draw_paper(axis: Axes) -> None:
    rows = [row for number in (1, 2, 3) for row in paper.TABLES[number]]
    pairs = np.array([(row.psnr, 1 - row.ssim) for row in rows])
    axis.plot(*pairs.T, "D", color=PAPER, markersize=4, alpha=0.6, zorder=4)
    for row in paper.TABLES[4]:
        marker, size = ("*", 18) if row is BEST else ("D", 8)
        axis.plot(row.psnr, 1 - row.ssim, marker, color=PAPER, markersize=size, zorder=5)
        _label(axis, row_name(4, row), row.psnr, row.ssim, "#9c5f00")
    axis.plot([], [], "D", color=PAPER, markersize=5, label="the paper's rows; star: its best")


def _label(
    axis: Axes,
    text: str,
    psnr: float,
    ssim: float,
    colour: object,
    place: tuple[float, float, str] | None = None,
    size: str = "small",
) -> None:
    x, y, side = place or _PLACES.get(text, (5, -9, "left"))
    found = axis.annotate(
        text,
        (psnr, 1 - ssim),
        xytext=(x, y),
        textcoords="offset points",
        ha=side,
        fontsize=size,
        color=colour,
        zorder=6,
        clip_on=True,
    )
    found.set_path_effects([withStroke(linewidth=2, foreground="white")])


def _ssim_axis(axis: Axes, psnr: tuple[float, float], missing: tuple[float, float]) -> None:
    axis.set(xlabel="PSNR (dB)", ylabel="SSIM", yscale="log", xlim=psnr)
    axis.set_yticks([1 - tick for tick in _TICKS], [f"{tick:g}" for tick in _TICKS])
    axis.set_ylim(missing)
    axis.set_xticks(range(20, 41, 5))
    axis.minorticks_off()
