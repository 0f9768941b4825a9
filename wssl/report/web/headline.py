"""The study at a glance: the paper's network beside what it has to be compared with."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from wssl.claims.catalogue import (
    BEST_ARM,
    BIHARMONIC,
    HARMONIC,
    PIC,
    RANDOM,
    SCRATCH,
    SHIFT_NET,
)
from wssl.claims.outcomes import Findings, to_show
from wssl.claims.statistics import interval
from wssl.report.tables.contrasts import runs_of
from wssl.report.tables.paper import format_interval
from wssl.report.text import listed
from wssl.report.web.svg import WIDTH, Chart, Point, circle, line, picture, rectangle, text

ROWS = {
    "WSSL: pretext tasks, then frozen": BEST_ARM,
    "WSSL with a random frozen encoder": RANDOM,
    "Trained from scratch, nothing frozen": SCRATCH,
    "Shift-Net": SHIFT_NET,
    "PIC": PIC,
    "No network: harmonic fill": HARMONIC,
    "No network: biharmonic fill": BIHARMONIC,
}
"""What is compared: the paper's best configuration, its controls, and other methods."""

_LEFT, _RIGHT, _TOP, _ROW = 4, WIDTH - 4, 4, 32
_DECIMALS = 3


def headline(found: Findings, beside: Mapping[str, Findings] | None = None) -> Chart:
    """The error of the paper's network, of its controls and of other methods, one point per run.

    The error is 1 - SSIM, in which the verdicts' effects are as well.

    Parameters
    ----------
    found : wssl.claims.Findings
    beside : mapping of str to wssl.claims.Findings, optional
        Of other runs of WSSL and its controls, by their title. Where runs of `found` diverged, the
        first of these that are complete are shown instead: then each row has the same seeds.

    Returns
    -------
    wssl.report.Chart
        As the value of a cell it shows itself. The networks are those of the width of the
        controls; learned methods of others, which the claims compare with networks of another
        width, are left out where the runs are registered. Rows without runs say so there, and are
        left out elsewhere; where none is left, the caption says so. Runs that diverged are left
        out, with a mark and a sentence in the caption.
    """
    # Claims compare these with networks of another width than those of the chart.
    left_out = (SHIFT_NET, PIC) if found.registered else ()
    chosen = {name: arm for name, arm in ROWS.items() if arm not in left_out}
    arms = dict(zip(chosen, found.at(*chosen.values()), strict=True))
    sources = dict.fromkeys(arms, found.campaign)
    controls = [name for name, arm in arms.items() if arm.method == "wssl"]
    title, shown_runs = to_show(found.campaign, beside or {}, [arms[name] for name in controls])
    sources |= dict.fromkeys(controls, shown_runs)
    recorded = {name: len(sources[name].runs.get(arm, {})) for name, arm in arms.items()}
    rows = {
        name: {
            run["fingerprint"]: 1 - run["metrics"]["ssim"] for run in runs_of(sources[name], [arm])
        }
        for name, arm in arms.items()
        if recorded[name] or found.registered
    }
    if not rows:
        return Chart((), "None of the runs of this chart is recorded yet.")
    diverged = {name: lost for name in rows if (lost := recorded[name] - len(rows[name]))}
    axis = _Axis([end for by_run in rows.values() for end in _ends([*by_run.values()])])
    bottom = _TOP + _ROW * len(rows)
    body, points = axis.drawn(bottom), []
    for index, (name, by_run) in enumerate(rows.items()):
        top = _TOP + _ROW * index
        if index or not by_run:
            body.append(line(_LEFT, top - 2, _RIGHT, top - 2, "grid"))
        body.append(text(_LEFT, top + 12, name, "name"))
        if by_run:
            mean, mark = interval(list(by_run.values()))[0], " *" * (name in diverged)
            shown = f"{mean:.{_DECIMALS}f}{mark}"
            points.append(_point(name, by_run, axis, top, "" if index else "own"))
        else:
            shown = "diverged *" if name in diverged else "awaiting runs"
        body.append(text(_RIGHT, top + 12, shown, "name" if by_run else "", "end"))
    design = found.campaign.design
    width = design.channels(found.width)
    label = "Error of WSSL, of its controls and of other methods"
    known = {name: float(np.mean([*by_run.values()])) for name, by_run in rows.items() if by_run}
    best = f" The lowest error is that of “{min(known, key=known.__getitem__)}”." if known else ""
    return Chart(
        (picture(label, body, points, bottom + (36 if axis.values else 0)),),
        "Error (1 - SSIM) of whole test images after their holes were filled; lower is better."
        f"{best} WSSL and its controls have the first width {width}. "
        "Orange: the paper's method. Small dots are seeds; large dots and numbers are the means "
        "over seeds; bars are the 95 % intervals of the means. Methods without training have one "
        "value."
        f"{_instead(title)}{_left_out(diverged, recorded)}",
        tuple(fingerprint for by_run in rows.values() for fingerprint in by_run),
    )


def _instead(title: str) -> str:
    """Which runs a chart shows instead of the registered ones; empty for these."""
    if not title:
        return ""
    return (
        " Some registered runs of WSSL and its controls diverged. The chart shows other runs "
        f"instead, none of which diverged: {title[0].lower()}{title[1:]}."
    )


def _ends(values: Sequence[float]) -> list[float]:
    """Some values and the ends of the interval of their mean."""
    if len(values) < 2:
        return list(values)
    mean, half = interval(values)
    return [*values, mean - half, mean + half]


class _Axis:
    """The horizontal axis over some values; what lies outside of it stands at its ends."""

    def __init__(self, values: Sequence[float]):
        self.values = values
        pad = 0.06 * float(np.ptp(values or [0.0])) or 10.0**-_DECIMALS
        self.low, self.high = min(values, default=0.0) - pad, max(values, default=0.0) + pad

    def place(self, value: float) -> float:
        """Where a value stands in the chart."""
        inside = min(max(value, self.low), self.high)
        return _LEFT + (inside - self.low) / (self.high - self.low) * (_RIGHT - _LEFT)

    def drawn(self, bottom: float) -> list[str]:
        """The grid, its numbers and the title; nothing without values."""
        if not self.values:
            return []
        parts = []
        for value in MaxNLocator(5, steps=(1, 2, 5, 10)).tick_values(self.low, self.high):
            if self.low <= value <= self.high and _LEFT + 12 < self.place(value) < _RIGHT - 12:
                parts.append(line(self.place(value), _TOP, self.place(value), bottom, "grid"))
                parts.append(text(self.place(value), bottom + 15, f"{value:g}", anchor="middle"))
        words = "error (1 - SSIM), lower is better"
        return [*parts, text(_RIGHT, bottom + 31, words, anchor="end")]


def _point(name: str, by_run: Mapping[str, float], axis: _Axis, top: float, style: str) -> Point:
    """The runs of a row with their mean, and what is shown when these are pointed at."""
    values, y = list(by_run.values()), top + 23
    mean, half = interval(values)
    marks = [rectangle(_LEFT, top, _RIGHT - _LEFT, _ROW, "reach")]
    marks += [circle(axis.place(value), y, 3.2, "seed") for value in values]
    if len(values) > 1:
        marks.append(line(axis.place(mean - half), y, axis.place(mean + half), y, "whisker"))
    marks += [circle(axis.place(mean), y, 5, "mean"), circle(axis.place(mean), y, 9, "halo")]
    facts = [name, f"Error: {format_interval(values, _DECIMALS)}"]
    if len(values) > 1:
        facts[1] += " (mean and 95 % interval)"
        each = ", ".join(f"{value:.{_DECIMALS}f}" for value in values)
        facts.append(f"{len(values)} seeds: {each}")
    return Point("".join(marks), facts, style)


def _left_out(diverged: Mapping[str, int], recorded: Mapping[str, int]) -> str:
    """Which runs are not in the chart, as a sentence after another; empty if all are."""
    if not diverged:
        return ""
    runs = [f"{lost} of {recorded[name]} of “{name}”" for name, lost in diverged.items()]
    return f" * Without the runs whose training diverged, {listed(runs)}: verdicts count them."
