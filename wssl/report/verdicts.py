"""The verdicts as a table and as a figure."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.claims import COUNTS, FAILS, HOLDS, OPEN, Verdict
from wssl.report.style import finished

SIGNS = {HOLDS: "✓", FAILS: "✗", OPEN: "?"}
"""What stands before each outcome, so that colour is not needed to tell them apart."""

_UNITS = {"SSIM": (" SSIM", 4), "dB": (" dB", 2), "SSIM (SD)": (" SSIM", 4), "share": ("", 2)}
_COLOURS = {HOLDS: 0, FAILS: 3, OPEN: 7}


def verdict_table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """A line a claim: what the paper says, what was found, and the verdict.

    Parameters
    ----------
    verdicts : sequence of Verdict

    Returns
    -------
    pandas.DataFrame
        Indexed by the claim's text.
    """
    lines = [
        {
            "the paper claims": verdict.claim.text,
            "verdict": f"{SIGNS[verdict.outcome]} {verdict.outcome}",
            "effect here": effect(verdict),
            "in the paper": _amount(verdict.in_paper, verdict.finding.unit),
            "what is compared": verdict.finding.compared,
            "repeats": verdict.finding.repeats,
        }
        for verdict in verdicts
    ]
    return pd.DataFrame(lines).set_index("the paper claims")


def effect(verdict: Verdict) -> str:
    """The effect with its 95 % interval, as text.

    Parameters
    ----------
    verdict : Verdict
    """
    found = verdict.finding
    amount = _amount(found.effect, found.unit)
    if np.isnan(found.low):
        return amount
    decimals = _UNITS[found.unit][1]
    return f"{amount} ({found.low:+.{decimals}f} to {found.high:+.{decimals}f})"


def tally(verdicts: Sequence[Verdict]) -> str:
    """How many claims have each outcome, as text.

    Parameters
    ----------
    verdicts : sequence of Verdict
    """
    counts = {outcome: sum(v.outcome == outcome for v in verdicts) for outcome in SIGNS}
    return (
        f"Of {len(verdicts)} claims, {counts[HOLDS]} hold{'s' * (counts[HOLDS] == 1)}, "
        f"{counts[FAILS]} do{'es' * (counts[FAILS] == 1)} not, "
        f"and {counts[OPEN]} cannot be told with this evidence"
    )


def forest(verdicts: Sequence[Verdict]) -> Figure:
    """Effects with their intervals, a panel a unit; right of zero the paper is right.

    Claims without an effect are left out. Each unit is divided by the size from which on an effect
    counts, on an axis that is linear up to there and logarithmic beyond.

    Parameters
    ----------
    verdicts : sequence of Verdict
    """
    shown = [v for v in verdicts if not np.isnan(v.finding.effect)]
    height = 0.9 + 0.31 * max(1, len(shown))
    figure, axis = plt.subplots(figsize=(9.5, height), layout="constrained")
    for y, verdict in enumerate(shown):
        _draw(verdict, y, axis)
    axis.axvspan(0, 1, color="0.93", zorder=0)
    axis.axvline(0, color="0.4", linewidth=1)
    axis.set_xscale("symlog", linthresh=1)
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set_yticks(range(len(shown)), [v.claim.text.rstrip(".") for v in shown], fontsize="small")
    axis.set(
        ylim=(len(shown) - 0.4, -0.6),
        xlabel="effect, in multiples of the smallest that counts",
    )
    palette = sns.color_palette("colorblind")
    for outcome, sign in SIGNS.items():
        axis.plot([], [], "o", color=palette[_COLOURS[outcome]], label=f"{sign} {outcome}")
    axis.plot([], [], "D", color="0.5", markerfacecolor="none", label="the paper's own numbers")
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    return finished(figure)


def _draw(verdict: Verdict, y: int, axis: Axes) -> None:
    found, unit = verdict.finding, COUNTS[verdict.finding.unit]
    colour = sns.color_palette("colorblind")[_COLOURS[verdict.outcome]]
    if not np.isnan(found.low):
        axis.plot([found.low / unit, found.high / unit], [y, y], color=colour, linewidth=2)
    axis.plot(found.effect / unit, y, "o", color=colour)
    if not np.isnan(verdict.in_paper):
        axis.plot(verdict.in_paper / unit, y, "D", color="0.5", markerfacecolor="none")


def _amount(value: float, unit: str) -> str:
    suffix, decimals = _UNITS[unit]
    return "—" if np.isnan(value) else f"{value:+.{decimals}f}{suffix}"
