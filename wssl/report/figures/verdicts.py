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


_GROUPS = {
    "primary": "PRIMARY CLAIMS",
    "says": "STATED BY THE PAPER",
    "presupposes": "PRESUPPOSED BY ITS METHOD",
    "ours": "ASKED BY THIS STUDY",
}


def _label(verdict: Verdict, campaign: Campaign | None) -> str:
    number = "" if verdict.claim.primary is None else f"{verdict.claim.primary}. "
    lost = campaign is not None and diverged(verdict, campaign)[0] > 0
    return f"{number}{verdict.claim.text.rstrip('.')}{' *' * lost}"


def forest(verdicts: Sequence[Verdict], campaign: Campaign | None = None) -> Figure:
    """Effects with the intervals that decide, in multiples of the margin, one row per claim.

    Rows stand in groups: the primary claims, then the others by who asserts them. Right of zero the
    claim is right; the grey band is the margin. Claims without an estimate are left out. The axis
    is linear up to the margin and logarithmic beyond. Where nothing is judged, the intervals are
    those of each effect alone. Claims are pale, and have an asterisk, if some of their runs
    diverged.

    Parameters
    ----------
    verdicts : sequence of Verdict
    campaign : Campaign, optional
        From whose records they are, for links to these.
    """
    known = [v for v in verdicts if v.effect is not None and np.isfinite(v.effect.value)]
    groups: dict[str, list[Verdict]] = {title: [] for title in _GROUPS.values()}
    for one in sorted(
        known, key=lambda v: (v.claim.primary or 0, list(FAMILIES).index(v.claim.family))
    ):
        kind = "primary" if one.claim.primary is not None else one.claim.kind
        groups[_GROUPS[kind]].append(one)
    rows: list[Verdict | str] = []
    for title, members in groups.items():
        rows += [title, *members] if members else []
    if not rows:
        return placeholder("No claim has all of its runs yet.")
    printed = in_paper([verdict.claim for verdict in known])
    figure, axis = plt.subplots(figsize=(9.5, 1.2 + 0.31 * len(rows)), layout="constrained")
    palette = sns.color_palette("colorblind")
    for y, verdict in enumerate(rows):
        if isinstance(verdict, str):
            continue
        assert verdict.effect is not None
        colour = palette[_COLOURS[verdict.outcome]]
        bounds = verdict.interval() if verdict.outcome == SEEN else (verdict.low, verdict.high)
        low, high = np.clip(bounds, -1e3, 1e3) / verdict.margin
        pale = 0.35 if campaign is not None and diverged(verdict, campaign)[0] else 1.0
        axis.plot([low, high], [y, y], color=colour, linewidth=2, alpha=pale)
        filled = verdict.outcome != REFUTED or verdict.high < 0
        face = colour if filled else "white"
        effect = verdict.effect.value / verdict.margin
        axis.plot(effect, y, "o", color=colour, markerfacecolor=face, alpha=pale)
        value = printed[verdict.claim.key]
        if not np.isnan(value):
            axis.plot(value / verdict.margin, y, "D", color="0.5", markerfacecolor="none")
    axis.axvspan(-1, 1, color="0.93", zorder=0)
    axis.axvline(0, color="0.4", linewidth=1)
    axis.set_xscale("symlog", linthresh=1)
    axis.xaxis.set_major_formatter("{x:g}")
    labels = [v if isinstance(v, str) else _label(v, campaign) for v in rows]
    axis.set_yticks(range(len(rows)), labels, fontsize="small")
    for tick, row in zip(axis.get_yticklabels(), rows, strict=True):
        tick.set_fontweight("bold" if isinstance(row, str) else "normal")
    axis.set(ylim=(len(rows) - 0.4, -0.6), xlabel="effect, in margins")
    axis.tick_params(top=True, labeltop=True)
    for outcome in (name for name in _COLOURS if any(v.outcome == name for v in known)):
        label = f"{SIGNS[outcome]} {outcome}"
        axis.plot([], [], "o", color=palette[_COLOURS[outcome]], label=label)
    axis.plot([], [], "D", color="0.5", markerfacecolor="none", label="the paper's own numbers")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    traced = [trace.verdict_records(v, campaign) for v in known] if campaign is not None else []
    found = [fingerprint for names in traced for fingerprint in names]
    return trace.mark(finished(figure), found)
