"""The paper's pairs of PSNR and SSIM beside those of classical fills."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from wssl import paper
from wssl.records.store import Record

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
