"""The study at a glance: the paper's network beside what it has to be compared with."""

from matplotlib.ticker import MaxNLocator

from wssl.claims.catalogue import BEST_ARM, HARMONIC, PIC, RANDOM, SCRATCH, SHIFT_NET
from wssl.claims.outcomes import Findings
from wssl.names import lookup
from wssl.report.labels import METRICS
from wssl.report.tables.contrasts import runs_of
from wssl.report.tables.paper import format_interval
from wssl.report.web.svg import WIDTH, Chart, Point, circle, line, picture, rectangle, text
from wssl.statistics import interval

ROWS = {
    "WSSL: pretext tasks, then frozen": BEST_ARM,
    "WSSL with a random frozen encoder": RANDOM,
    "Trained from scratch, nothing frozen": SCRATCH,
    "Shift-Net": SHIFT_NET,
    "PIC": PIC,
    "No network: harmonic fill": HARMONIC,
}
"""What is compared: the paper's best configuration, its controls, and other methods."""

_LEFT, _RIGHT, _TOP, _ROW = 4, WIDTH - 4, 4, 32


def headline(found: Findings, metric: str = "psnr") -> Chart:
    """A metric of the paper's network, of its controls and of other methods, one point per run.

    Parameters
    ----------
    found : wssl.claims.Findings
    metric : str
        ``psnr`` or ``ssim``.

    Returns
    -------
    wssl.report.Chart
        As the value of a cell it shows itself. The networks are those of the width of the
        controls; the other methods have one width. Rows without runs are left out; where none is
        left, the caption says so.
    """
    title, decimals = lookup("metric", metric, METRICS)
    arms = dict(zip(ROWS, found.at(*ROWS.values()), strict=True))
    rows = {
        name: [run["metrics"][metric] for run in runs]
        for name, arm in arms.items()
        if (runs := runs_of(found.campaign, [arm]))
    }
    if not rows:
        return Chart((), "None of the runs of this chart is recorded yet.")
    shown = [value for values in rows.values() for value in values]
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
    for index, (name, values) in enumerate(rows.items()):
        mean, half = interval(values)
        top = _TOP + _ROW * index
        y = top + 23
        if index:
            body.append(line(_LEFT, top - 2, _RIGHT, top - 2, "grid"))
        body.append(text(_LEFT, top + 12, name, "name"))
        body.append(text(_RIGHT, top + 12, f"{mean:.{decimals}f}", "name", "end"))
        marks = [rectangle(_LEFT, top, _RIGHT - _LEFT, _ROW, "reach")]
        marks += [circle(place(value), y, 3.2, "seed") for value in values]
        if len(values) > 1:
            marks.append(line(place(mean - half), y, place(mean + half), y, "whisker"))
        marks += [circle(place(mean), y, 5, "mean"), circle(place(mean), y, 9, "halo")]
        listed = ", ".join(f"{value:.{decimals}f}" for value in values)
        facts = [name, f"{title}: {format_interval(values, decimals)}"]
        if len(values) > 1:
            facts[1] += " (mean and 95 % interval)"
            facts.append(f"{len(values)} seeds: {listed}")
        points.append(Point("".join(marks), facts, "" if index else "own"))
    label = f"{title} of WSSL, of its controls and of other methods"
    return Chart(
        (picture(label, body, points, bottom + 36),),
        f"{title} of whole test images after their holes were filled, higher is better. Orange: "
        "the paper's method. Small dots are seeds; large dots and numbers are their means, bars "
        "the 95 % intervals of these. What learns nothing has one value.",
    )
