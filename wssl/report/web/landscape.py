"""The landscape of the pretext weights: lines of two tasks, a triangle of three, to point at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator

from wssl import paper
from wssl.checks.names import lookup
from wssl.claims.statistics import interval
from wssl.records.store import Record
from wssl.report.figures.style import axis_limits
from wssl.report.labels import METRICS, pretext_name, set_name
from wssl.report.tables.paper import format_interval, rows
from wssl.report.web.svg import WIDTH, Chart, Point, circle, line, picture, rectangle, text

_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 342, 46, 222
"""The edges of a panel of `landscape_line`."""

_SIDE, _RADIUS = 308, 14
"""Of the triangle, and of its points."""

_CORNERS = ((WIDTH - _SIDE) / 2, _TOP) + _SIDE * np.array([(0.5, 0), (0, 0.866), (1, 0.866)])


@dataclass(frozen=True)
class _Weighting:
    """The runs of one weighting: a value of the metric for each seed."""

    weights: Mapping[str, float]
    metric: str
    values: Sequence[float]

    @property
    def mean(self) -> float:
        return interval(self.values)[0]

    @property
    def half(self) -> float:
        return interval(self.values)[1]

    @property
    def alone(self) -> bool:
        return len(self.weights) == 1

    @property
    def facts(self) -> tuple[str, str, str]:
        title, decimals = METRICS[self.metric]
        plural = "s" if len(self.values) > 1 else ""
        listed = ", ".join(f"{value:.{decimals}f}" for value in self.values)
        mean = f"{title}: mean {format_interval(self.values, decimals)}"
        return (
            pretext_name(self.weights) + (" alone" if self.alone else ""),
            f"{mean} (95 % interval)" if plural else mean,
            f"{len(self.values)} seed{plural}: {listed}",
        )


def landscape_line(records: Iterable[Record], metric: str = "ssim") -> Chart:
    """A metric against the weight of the first of two pretext tasks, one picture per pair.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 1 and 2; of Table 1, a task alone stands at the end of its pairs' lines.
    metric : str
        ``ssim`` or ``psnr``.

    Returns
    -------
    wssl.report.Chart
        As the value of a cell it shows itself. Weightings and pairs without runs are left out;
        where nothing is left, the caption says so.
    """
    title, decimals = lookup("metric", metric, METRICS)
    found = _weightings(records, (1, 2), metric)
    pairs = dict.fromkeys(tuple(w.weights) for w in found if not w.alone)
    parts = {pair: [w for w in found if set(w.weights) <= set(pair)] for pair in pairs}
    shown = [w for part in parts.values() for w in part]
    if not shown:
        return Chart((), "None of the records is a run of two pretext tasks.")
    seeds = [value for w in shown for value in w.values]
    points = [min(seeds) - 10**-decimals, max(seeds) + 10**-decimals]
    ends = [w.mean + sign * w.half for w in shown for sign in (-1, 1) if not np.isnan(w.half)]
    limits = axis_limits(points, [*points, *ends])
    return Chart(
        tuple(_panel(pair, part, limits, title) for pair, part in parts.items()),
        f"{title} against the weight of the first of two pretext tasks; the second has the rest to "
        "1. Small dots are seeds, large ones their means; bars are 95 % intervals over seeds, cut "
        "where they leave the picture. Hollow: one task alone. All pictures have the same axis.",
    )


def landscape_triangle(records: Iterable[Record], metric: str = "ssim") -> Chart:
    """The mean of a metric at each weighting of three pretext tasks, as colours in a triangle.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 1 to 3: the corners, the sides and the inside.
    metric : str
        ``ssim`` or ``psnr``.

    Returns
    -------
    wssl.report.Chart
        As the value of a cell it shows itself. Weightings without runs are left out; where nothing
        is left, the caption says so.
    """
    title, decimals = lookup("metric", metric, METRICS)
    found = _weightings(records, (1, 2, 3), metric)
    if not found:
        return Chart((), "None of the records is a run of one to three pretext tasks.")
    means = [w.mean for w in found]
    halves = [w.half for w in found if not np.isnan(w.half)]
    typical = float(np.median(halves)) if halves else 0.0
    span = max(max(means) - min(means), 2.2 * typical, 10.0**-decimals)
    low = (min(means) + max(means) - span) / 2
    tasks = tuple(paper.TABLES[3][0].pretext)
    bottom = float(_CORNERS[1, 1])
    names = zip(
        tasks, (WIDTH / 2, 40, WIDTH - 40), (_TOP - 22, bottom + 32, bottom + 32), strict=True
    )
    body = [
        *_triangle_lines(tasks),
        *(text(x, y, set_name([task]), "name", "middle") for task, x, y in names),
        *_colour_bar(low, span, typical, metric, bottom + 62),
    ]
    points = [_disc(w, tasks, (w.mean - low) / span) for w in found]
    label = f"Triangle of the weights of {set_name(tasks)}: mean {title} of each weighting"
    return Chart(
        (picture(label, body, points, bottom + 104),),
        f"Mean {title} over seeds at each weighting of three pretext tasks, as a number and as a "
        "colour. Each corner is one task alone; a side combines two tasks, and the inside all "
        "three. The nearer a point is to a corner, the greater the weight of that task; it grows "
        "by 0.2 from one thin line to the next. The bar above the colours has the median length of "
        "the 95 % intervals over seeds.",
    )


def _weightings(records: Iterable[Record], tables: Sequence[int], metric: str) -> list[_Weighting]:
    """The weightings of the paper's tables that have runs, their values in the order of seeds."""
    ordered = sorted(records, key=lambda record: record["experiment"].get("seed", 0))
    return [
        _Weighting(row.pretext, metric, [record["metrics"][metric] for record in repeats])
        for number in tables
        for row, repeats in rows(number, ordered)
        if repeats
    ]


def _panel(
    pair: tuple[str, ...], part: list[_Weighting], limits: tuple[float, float], title: str
) -> str:
    """The picture of one pair."""
    first, second = pair
    low, high = limits

    def place(weight: float, value: float) -> tuple[float, float]:
        height = (min(max(value, low), high) - low) / (high - low)
        return _LEFT + 14 + weight * (_RIGHT - _LEFT - 28), _BOTTOM - height * (_BOTTOM - _TOP)

    def mark(w: _Weighting) -> Point:
        x, y = place(w.weights.get(first, 0.0), w.mean)
        seeds = [circle(x - 7, place(0, value)[1], 2.6, "seed") for value in w.values]
        ends = [] if np.isnan(w.half) else [w.mean - w.half, w.mean + w.half]
        heights = [place(0, end)[1] for end in ends]
        whisker = [line(x, heights[0], x, heights[1], "whisker")] if ends else []
        caps = [line(x - 4, h, x + 4, h, "whisker") for h in heights if _TOP < h < _BOTTOM]
        reach = rectangle(x - 14, _TOP, 28, _BOTTOM - _TOP, "reach")
        marks = [*seeds, *whisker, *caps, circle(x, y, 4.6, "mean"), circle(x, y, 9, "halo")]
        return Point("".join([reach, *marks]), w.facts, "alone" if w.alone else "")

    part = sorted(part, key=lambda w: w.weights.get(first, 0.0))
    body = [text(4, 14, set_name(pair), "name"), text(4, 34, title)]
    ticks = [value for value in MaxNLocator(4).tick_values(low, high) if low <= value <= high]
    digits = max((len(f"{value:g}".partition(".")[2]) for value in ticks), default=0)
    for value in ticks:
        y = place(0, value)[1]
        body.append(line(_LEFT, y, _RIGHT, y, "grid"))
        body.append(text(_LEFT - 6, y + 4, f"{value:.{digits}f}", anchor="end"))
    for weight in (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1):
        body.append(text(place(weight, low)[0], _BOTTOM + 17, f"{weight:g}", anchor="middle"))
    body.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 35, f"weight of {first}", anchor="middle"))
    for one, other in pairwise(part):
        name = "curve end" if one.alone or other.alone else "curve"
        ends = [place(w.weights.get(first, 0.0), w.mean) for w in (one, other)]
        body.append(line(*ends[0], *ends[1], name))
    label = f"{title} against the weight of {first}, beside {second}"
    return picture(label, body, [mark(w) for w in part], _BOTTOM + 46)


def _in_triangle(weights: Mapping[str, float], tasks: Sequence[str]) -> tuple[float, float]:
    x, y = np.array([weights.get(task, 0.0) for task in tasks]) @ _CORNERS
    return float(x), float(y)


def _triangle_lines(tasks: Sequence[str]) -> list[str]:
    """The sides, and a thin line at each fifth of a weight."""
    found = []
    for one, two, three in (tasks, (*tasks[1:], tasks[0]), (*tasks[2:], *tasks[:2])):
        for weight in (0.0, 0.2, 0.4, 0.6, 0.8):
            ends = [_in_triangle({one: weight, task: 1 - weight}, tasks) for task in (two, three)]
            found.append(line(*ends[0], *ends[1], "grid" if weight else "frame"))
    return found


def _disc(w: _Weighting, tasks: Sequence[str], share: float) -> Point:
    """A point of the triangle: its colour, and its mean in the short form that fits."""
    x, y = _in_triangle(w.weights, tasks)
    colour = mpl.colormaps["viridis"](share)
    luminance = np.dot((0.2126, 0.7152, 0.0722), np.power(colour[:3], 2.2))
    short = f"{w.mean:.{METRICS[w.metric][1] - 1}f}".removeprefix("0")
    number = text(x, y + 3.7, short, "value" if luminance > 0.18 else "value pale", "middle")
    marks = circle(x, y, _RADIUS, "disc", to_hex(colour)) + number
    return Point(marks + circle(x, y, _RADIUS + 1.6, "halo"), w.facts)


def _colour_bar(low: float, span: float, typical: float, metric: str, y: float) -> list[str]:
    """The colours from low to high, and how long an interval over seeds is among them."""
    title, decimals = METRICS[metric]
    left, width, steps = 132, 180, 45
    step, colours = width / steps, mpl.colormaps["viridis"](np.linspace(0, 1, steps))
    found = [
        rectangle(left + i * step, y, step + 0.5, 12, "", to_hex(colour))
        for i, colour in enumerate(colours)
    ]
    for share in (0.0, 0.5, 1.0):
        value = f"{low + share * span:.{decimals - 1}f}"
        found.append(text(left + share * width, y + 28, value, anchor="middle"))
    found.append(text(left - 20, y + 10, f"mean {title}", anchor="end"))
    if typical:
        half, x = typical / span * width, left + width / 2
        found.append(text(left - 20, y - 8, "95 % interval", anchor="end"))
        found.append(line(x - half, y - 12, x + half, y - 12, "whisker"))
        found += [line(e, y - 16, e, y - 8, "whisker") for e in (x - half, x + half)]
    return found
