"""The study at a glance: the paper's network beside what it has to be compared with."""

from collections.abc import Iterable

from matplotlib.ticker import MaxNLocator

from wssl.names import lookup
from wssl.report.comparisons import Settings, select, values
from wssl.report.svg import WIDTH, Chart, Point, circle, line, picture, rectangle, text
from wssl.report.tables import METRICS, format_interval
from wssl.statistics import interval
from wssl.store import Record

ROWS: Settings = {
    "WSSL: pretext tasks, then frozen": {},
    "WSSL with a random frozen encoder": {"encoder": "random"},
    "No pretext task, nothing frozen": {"encoder": "scratch"},
    "Shift-Net": {"method": "shift_net"},
    "PIC": {"method": "pic"},
    "No network: harmonic fill": {"method": "harmonic"},
}
"""What is compared: the paper's best configuration, its controls, and other methods."""

_LEFT, _RIGHT, _TOP, _ROW = 4, WIDTH - 4, 4, 32


def headline(records: Iterable[Record], metric: str = "psnr") -> Chart:
    """A metric of the paper's network, of its controls and of other methods, every run a point.

    Parameters
    ----------
    records : iterable of dict
        At one preset, on one source of images and masks.
    metric : str
        ``psnr`` or ``ssim``.

    Returns
    -------
    wssl.report.Chart
        As the value of a cell it shows itself.

    Raises
    ------
    LookupError
        If one of `ROWS` has no run; the message names it.
    """
    title, decimals = lookup("metric", metric, METRICS)
    rows = {name: values(runs, metric) for name, runs in select(records, ROWS).items()}
    shown = [value for found in rows.values() for value in found]
    pad = 0.06 * (max(shown) - min(shown)) or 10.0**-decimals
    low, high = min(shown) - pad, max(shown) + pad

    def place(value: float) -> float:
        return _LEFT + (min(max(value, low), high) - low) / (high - low) * (_RIGHT - _LEFT)

    bottom = _TOP + _ROW * len(rows)
    ticks = [v for v in MaxNLocator(5).tick_values(low, high) if low <= v <= high]
    body = []
    for value in ticks:
        body.append(line(place(value), _TOP, place(value), bottom, "grid"))
        body.append(text(place(value), bottom + 15, f"{value:g}", anchor="middle"))
    body.append(text(_RIGHT, bottom + 31, f"{title}, higher is better", anchor="end"))
    points = []
    for index, (name, found) in enumerate(rows.items()):
        mean, half = interval(found)
        top = _TOP + _ROW * index
        y = top + 23
        if index:
            body.append(line(_LEFT, top - 2, _RIGHT, top - 2, "grid"))
        body.append(text(_LEFT, top + 12, name, "name"))
        body.append(text(_RIGHT, top + 12, f"{mean:.{decimals}f}", "name", "end"))
        marks = [rectangle(_LEFT, top, _RIGHT - _LEFT, _ROW, "reach")]
        marks += [circle(place(value), y, 3.2, "seed") for value in found]
        if len(found) > 1:
            marks.append(line(place(mean - half), y, place(mean + half), y, "whisker"))
        marks += [circle(place(mean), y, 5, "mean"), circle(place(mean), y, 9, "halo")]
        listed = ", ".join(f"{value:.{decimals}f}" for value in found)
        facts = [name, f"{title}: {format_interval(found, decimals)}"]
        if len(found) > 1:
            facts[1] += " (mean and 95 % interval)"
            facts.append(f"{len(found)} seeds: {listed}")
        points.append(Point("".join(marks), facts, "" if index else "own"))
    label = f"{title} of WSSL, of its controls and of other methods"
    return Chart(
        (picture(label, body, points, bottom + 36),),
        f"{title} of whole test images after their holes were filled, higher is better. Orange: "
        "the paper's method. Small dots are seeds; large dots and numbers are their means, bars "
        "the 95 % intervals of these. What learns nothing has one value.",
    )
