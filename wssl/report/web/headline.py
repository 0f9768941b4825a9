"""The study at a glance: the paper's network beside what it has to be compared with."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from wssl.claims.campaign import NARROW, WIDE
from wssl.claims.catalogue import BEST_ARM, HARMONIC, PIC, RANDOM, SCRATCH, SHIFT_NET
from wssl.claims.outcomes import Findings
from wssl.report.tables.contrasts import runs_of
from wssl.report.tables.paper import format_interval
from wssl.report.text import listed
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


def headline(found: Findings) -> Chart:
    """The error of the paper's network, of its controls and of other methods, one point per run.

    The error is 1 - SSIM, in which the verdicts' effects are as well.

    Parameters
    ----------
    found : wssl.claims.Findings

    Returns
    -------
    wssl.report.Chart
        As the value of a cell it shows itself. The networks are those of the width of the
        controls; the other methods have one width. Rows without runs say so where the runs are
        registered, and are left out elsewhere; where none is left, the caption says so. Runs that
        diverged are left out, with a mark and a sentence in the caption.
    """
    arms = dict(zip(ROWS, found.at(*ROWS.values()), strict=True))
    recorded = {name: len(found.campaign.runs.get(arm, {})) for name, arm in arms.items()}
    rows = {
        name: {
            run["fingerprint"]: 1 - run["metrics"]["ssim"] for run in runs_of(found.campaign, [arm])
        }
        for name, arm in arms.items()
        if recorded[name] or found.registered
    }
    shown = [value for values in rows.values() for value in values.values()]
    if not rows:
        return Chart((), "None of the runs of this chart is recorded yet.")
    diverged = {name: lost for name in rows if (lost := recorded[name] - len(rows[name]))}
    lost_runs = [f"{lost} of {recorded[name]} of “{name}”" for name, lost in diverged.items()]
    notes = (
        f" * Without the runs whose training diverged, {listed(lost_runs)}: verdicts count them."
        if diverged
        else ""
    )
    decimals = 3
    pad = 0.06 * np.ptp(shown or [0.0]) or 10.0**-decimals
    low, high = min(shown, default=0.0) - pad, max(shown, default=0.0) + pad

    def place(value: float) -> float:
        return _LEFT + (min(max(value, low), high) - low) / (high - low) * (_RIGHT - _LEFT)

    bottom = _TOP + _ROW * len(rows)
    ticks = [v for v in MaxNLocator(5).tick_values(low, high) if low <= v <= high and shown]
    body = []
    for value in ticks:
        body.append(line(place(value), _TOP, place(value), bottom, "grid"))
        body.append(text(place(value), bottom + 15, f"{value:g}", anchor="middle"))
    if shown:
        words = "error (1 - SSIM), lower is better"
        body.append(text(_RIGHT, bottom + 31, words, anchor="end"))
    points = []
    for index, (name, by_run) in enumerate(rows.items()):
        values = list(by_run.values())
        top = _TOP + _ROW * index
        if not values:
            body.append(line(_LEFT, top - 2, _RIGHT, top - 2, "grid"))
            body.append(text(_LEFT, top + 12, name, "name"))
            words = "diverged *" if name in diverged else "awaiting runs"
            body.append(text(_RIGHT, top + 12, words, "", "end"))
            continue
        mean, half = interval(values)
        y = top + 23
        if index:
            body.append(line(_LEFT, top - 2, _RIGHT, top - 2, "grid"))
        body.append(text(_LEFT, top + 12, name, "name"))
        mark = " *" * (name in diverged)
        body.append(text(_RIGHT, top + 12, f"{mean:.{decimals}f}{mark}", "name", "end"))
        marks = [rectangle(_LEFT, top, _RIGHT - _LEFT, _ROW, "reach")]
        marks += [circle(place(value), y, 3.2, "seed") for value in values]
        if len(values) > 1:
            marks.append(line(place(mean - half), y, place(mean + half), y, "whisker"))
        marks += [circle(place(mean), y, 5, "mean"), circle(place(mean), y, 9, "halo")]
        each = ", ".join(f"{value:.{decimals}f}" for value in values)
        facts = [name, f"Error: {format_interval(values, decimals)}"]
        if len(values) > 1:
            facts[1] += " (mean and 95 % interval)"
            facts.append(f"{len(values)} seeds: {each}")
        facts.append(f"{'Records' if len(values) > 1 else 'Record'}: {', '.join(by_run)}")
        points.append(Point("".join(marks), facts, "" if index else "own"))
    design = found.campaign.design
    width = {NARROW: design.narrow, WIDE: design.wide}[found.width]
    label = "Error of WSSL, of its controls and of other methods"
    return Chart(
        (picture(label, body, points, bottom + (36 if shown else 0)),),
        "Error (1 - SSIM) of whole test images after their holes were filled, lower is better. "
        f"WSSL and its controls have the first width {width}; the other networks have one size. "
        "Orange: the paper's method. Small dots are seeds; large dots and numbers are their means, "
        f"bars the 95 % intervals of these. Methods without training have one value.{notes}",
        tuple(fingerprint for by_run in rows.values() for fingerprint in by_run),
    )
