"""The claims with their verdicts, as a figure."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from wssl.claims.campaign import Campaign
from wssl.claims.catalogue import FAMILIES
from wssl.claims.decision import HOLDS, REFUTED, SAME, UNDECIDED, Verdict, in_paper
from wssl.claims.outcomes import SEEN, diverged
from wssl.report.figures.style import finished, placeholder
from wssl.report.text import SIGNS
from wssl.report.web import trace

_COLOURS = {HOLDS: 0, REFUTED: 3, SAME: 4, UNDECIDED: 7, SEEN: 9}


def forest(verdicts: Sequence[Verdict], campaign: Campaign | None = None) -> Figure:
    """Effects with the intervals that decide, in multiples of the margin, one row per claim.

    Right of zero the claim is right; the grey band is the margin. Claims without an estimate are
    left out. The axis is linear up to the margin and logarithmic beyond. Where nothing is judged,
    the intervals are those of each effect alone. An asterisk marks claims of whose runs some
    diverged.

    Parameters
    ----------
    verdicts : sequence of Verdict
    campaign : Campaign, optional
        From whose records they are, for links to these.
    """
    known = [v for v in verdicts if v.effect is not None and np.isfinite(v.effect.value)]
    rows = sorted(
        known, key=lambda v: (v.claim.primary or 99, list(FAMILIES).index(v.claim.family))
    )
    if not rows:
        return placeholder("No claim has all of its runs yet.")
    printed = in_paper([verdict.claim for verdict in rows])
    figure, axis = plt.subplots(figsize=(9.5, 0.9 + 0.31 * len(rows)), layout="constrained")
    palette = sns.color_palette("colorblind")
    for y, verdict in enumerate(rows):
        assert verdict.effect is not None
        colour = palette[_COLOURS[verdict.outcome]]
        bounds = verdict.interval() if verdict.outcome == SEEN else (verdict.low, verdict.high)
        low, high = np.clip(bounds, -1e3, 1e3) / verdict.margin
        axis.plot([low, high], [y, y], color=colour, linewidth=2)
        axis.plot(verdict.effect.value / verdict.margin, y, "o", color=colour)
        value = printed[verdict.claim.key]
        if not np.isnan(value):
            axis.plot(value / verdict.margin, y, "D", color="0.5", markerfacecolor="none")
    axis.axvspan(-1, 1, color="0.93", zorder=0)
    axis.axvline(0, color="0.4", linewidth=1)
    axis.set_xscale("symlog", linthresh=1)
    axis.xaxis.set_major_formatter("{x:g}")
    labels = [
        ("" if v.claim.primary is None else f"{v.claim.primary}. ")
        + v.claim.text.rstrip(".")
        + " *" * (campaign is not None and diverged(v, campaign)[0] > 0)
        for v in rows
    ]
    axis.set_yticks(range(len(rows)), labels, fontsize="small")
    axis.set(ylim=(len(rows) - 0.4, -0.6), xlabel="effect, in margins")
    for outcome in (name for name in _COLOURS if any(v.outcome == name for v in rows)):
        label = f"{SIGNS[outcome]} {outcome}"
        axis.plot([], [], "o", color=palette[_COLOURS[outcome]], label=label)
    axis.plot([], [], "D", color="0.5", markerfacecolor="none", label="the paper's own numbers")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    traced = [trace.verdict_records(v, campaign) for v in rows] if campaign is not None else []
    found = [fingerprint for names in traced for fingerprint in names]
    return trace.mark(finished(figure), found)
