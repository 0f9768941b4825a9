"""The plane of PSNR and SSIM, with the paper's rows, as figures."""

from collections.abc import Mapping, Sequence
from itertools import chain

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from wssl import paper
from wssl.claims.plane import (
    BEST,
    WIDTHS,
    in_the_papers_range,
    measured,
    published,
)
from wssl.records.store import Record
from wssl.report.figures.style import finished
from wssl.report.labels import OURS, PAPER, method_label, row_name

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
    "multi-scale SSIM": (-8, 5, "right"),
    "range 2": (-8, -16, "right"),
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
    return finished(figure, [*chain.from_iterable(widths.values()), *fills])


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
    return finished(figure, curve)


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
