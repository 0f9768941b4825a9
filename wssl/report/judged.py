"""The registered claims with their verdicts, as tables, a figure and text."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wssl.claims.campaign import NARROW, WIDE, Campaign
from wssl.claims.catalogue import FAMILIES
from wssl.claims.decision import AWAITING, HOLDS, REFUTED, SAME, UNDECIDED, Verdict, in_paper
from wssl.claims.estimands import MARGINS, PSNR, Contrast, Unit, in_db, shown
from wssl.claims.registration import Registration
from wssl.report.style import finished

SIGNS = {HOLDS: "✓", REFUTED: "✗", SAME: "=", UNDECIDED: "?", AWAITING: "…"}
"""What stands before each outcome, so that colour is not needed to tell them apart."""

ASSERTED = {
    "says": "the paper says so",
    "presupposes": "its method presupposes it",
    "ours": "this study asks",
}
"""Who asserts a claim, in words."""

_COLOURS = {HOLDS: 0, REFUTED: 3, SAME: 4, UNDECIDED: 7}


def amount(value: float, unit: Unit) -> str:
    """An effect as text, in the unit that a reader knows.

    Parameters
    ----------
    value : float
        Above zero if the claim is true.
    unit : str
        As in `wssl.claims.estimands.Unit`. The logarithm of a ratio of dissimilarities becomes the
        per cent by which 1 - SSIM, or its like, is lower.

    Returns
    -------
    str
        A dash for NaN.
    """
    if np.isnan(value):
        return "—"
    if unit == "ratio":
        return f"{100 * (1 - np.exp(-value)):+.1f} %"
    if unit == "SD":
        return f"{100 * value:.1f} %"
    if unit == "SD ratio":
        return f"factor {np.exp(value):.2f}"
    if unit == "dB":
        return f"{value:+.2f} dB"
    return f"{value:+.4f}" if unit == "points" else f"{value:+.3f}"


def interval_text(value: float, low: float, high: float, unit: Unit) -> str:
    """An effect with an interval, as text.

    Parameters
    ----------
    value, low, high : float
    unit : str
        As in `amount`.
    """
    if np.isnan(low) or np.isnan(high):
        return amount(value, unit)
    return f"{amount(value, unit)} ({amount(low, unit)} to {amount(high, unit)})"


def verdict_table(verdicts: Sequence[Verdict], records: Campaign | None = None) -> pd.DataFrame:
    """One line per claim: verdict, effect with both intervals, margin and the paper's own effect.

    Parameters
    ----------
    verdicts : sequence of Verdict
    records : Campaign, optional
        For a column with the effects in dB beside those in per cent of 1 - SSIM.

    Returns
    -------
    pandas.DataFrame
        Indexed by the claim's text.
    """
    printed = in_paper([verdict.claim for verdict in verdicts])
    lines = []
    for verdict in verdicts:
        unit, effect = verdict.claim.estimand.unit, verdict.effect
        value = effect.value if effect is not None else float("nan")
        beside: dict[str, str] = {}
        if records is not None:
            beside = {"in dB, 95 % interval": _in_db(verdict, records)}
        lines.append(
            {
                "claim": verdict.claim.text,
                "who asserts it": ASSERTED[verdict.claim.kind],
                "verdict": f"{SIGNS[verdict.outcome]} {verdict.status}",
                "effect, 95 % interval": interval_text(value, *verdict.interval(), unit),
                **beside,
                "interval that decides": f"{amount(verdict.low, unit)} to "
                f"{amount(verdict.high, unit)}"
                if effect is not None
                else "—",
                "margin": amount(verdict.margin, unit).lstrip("+"),
                "in the paper": amount(printed[verdict.claim.key], unit),
                "what is compared": verdict.claim.compared,
            }
        )
    return pd.DataFrame(lines).set_index("claim")


def _in_db(verdict: Verdict, records: Campaign) -> str:
    estimand = in_db(verdict.claim.estimand)
    if estimand is None or verdict.effect is None:
        return ""
    effect = estimand.estimate(records)
    return interval_text(effect.value, effect.lower(), effect.upper(), "dB")


def tally(verdicts: Sequence[Verdict]) -> str:
    """How the claims that the paper itself makes fare, as text.

    What its method presupposes and what only this study asks are not counted.

    Parameters
    ----------
    verdicts : sequence of Verdict
    """
    said = [verdict for verdict in verdicts if verdict.claim.kind == "says"]
    counts = {outcome: sum(v.outcome == outcome for v in said) for outcome in SIGNS}
    parts = [
        f"{counts[HOLDS]} hold{'s' * (counts[HOLDS] == 1)}",
        f"{counts[REFUTED]} {'is' if counts[REFUTED] == 1 else 'are'} refuted",
        f"in {counts[SAME]} the difference is within the margin",
        f"{counts[UNDECIDED]} {'is' if counts[UNDECIDED] == 1 else 'are'} undecided",
    ]
    if counts[AWAITING]:
        parts.append(f"{counts[AWAITING]} await{'s' * (counts[AWAITING] == 1)} runs")
    return f"Of {len(said)} claims that the paper makes, {', '.join(parts[:-1])} and {parts[-1]}"


def width_table(records: Campaign, verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """The claims that rest on the controls at every width: judged at one, shown at the others.

    Parameters
    ----------
    records : Campaign
    verdicts : sequence of Verdict

    Returns
    -------
    pandas.DataFrame
        One line per claim and width, with 95 % intervals in per cent of 1 - SSIM and in dB.
    """
    widths = dict.fromkeys(arm.width for arm in records.runs if arm.method == "wssl")
    named = {NARROW: records.design.narrow, WIDE: records.design.wide}
    numbers = {width: named[width] if width in named else int(width) for width in widths}
    lines = []
    for verdict in verdicts:
        estimand = verdict.claim.estimand
        if not (isinstance(estimand, Contrast) and estimand.many and not estimand.score.unseen):
            continue
        if estimand.score == PSNR:
            continue
        by_psnr = Contrast(estimand.terms, PSNR, estimand.many)
        for width in sorted(widths, key=numbers.__getitem__):
            found = [shown(records, contrast, width) for contrast in (estimand, by_psnr)]
            if found[0] is None or found[1] is None:
                continue
            line: dict[str, Any] = {
                "claim": verdict.claim.text,
                "width": numbers[width],
                "seeds": found[0][1],
            }
            for title, unit, (estimate, _) in zip(
                ("1 - SSIM", "PSNR"), ("ratio", "dB"), (found[0], found[1]), strict=True
            ):
                bounds = estimate.lower(), estimate.upper()
                line[title] = interval_text(estimate.value, *bounds, unit)  # type: ignore[arg-type]
            line["judged"] = "✓" if width == WIDE else ""
            lines.append(line)
    columns = ["claim", "width", "seeds", "1 - SSIM", "PSNR", "judged"]
    return pd.DataFrame(lines, columns=columns).set_index(["claim", "width"])


def forest(verdicts: Sequence[Verdict]) -> Figure:
    """Effects with the intervals that decide, in multiples of the margin, one row per claim.

    Right of zero the claim is right; the grey band is the margin. Claims without an estimate are
    left out. The axis is linear up to the margin and logarithmic beyond.

    Parameters
    ----------
    verdicts : sequence of Verdict
    """
    known = [v for v in verdicts if v.effect is not None and np.isfinite(v.effect.value)]
    rows = sorted(
        known, key=lambda v: (v.claim.primary is None, list(FAMILIES).index(v.claim.family))
    )
    printed = in_paper([verdict.claim for verdict in rows])
    figure, axis = plt.subplots(figsize=(9.5, 0.9 + 0.31 * max(1, len(rows))), layout="constrained")
    palette = sns.color_palette("colorblind")
    for y, verdict in enumerate(rows):
        assert verdict.effect is not None
        colour = palette[_COLOURS[verdict.outcome]]
        low, high = np.clip([verdict.low, verdict.high], -1e3, 1e3) / verdict.margin
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
        ("" if v.claim.primary is None else f"{v.claim.primary}. ") + v.claim.text.rstrip(".")
        for v in rows
    ]
    axis.set_yticks(range(len(rows)), labels, fontsize="small")
    axis.set(ylim=(len(rows) - 0.4, -0.6), xlabel="effect, in margins")
    for outcome, colour_number in _COLOURS.items():
        label = f"{SIGNS[outcome]} {outcome}"
        axis.plot([], [], "o", color=palette[colour_number], label=label)
    axis.plot([], [], "D", color="0.5", markerfacecolor="none", label="the paper's own numbers")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return finished(figure)


def margin_table() -> pd.DataFrame:
    """The smallest effect of interest, by the unit of the effect."""
    names: dict[Unit, str] = {
        "ratio": "1 - SSIM, 1 - MS-SSIM, GMSD, ST-LPIPS",
        "dB": "PSNR",
        "points": "SSIM, in points",
        "SD": "standard deviation between weightings, of 1 - SSIM",
        "SD ratio": "ratio of standard deviations",
        "share": "shares",
        "yield": "share of masks",
    }
    lines = {names[u]: amount(MARGINS[u], u).lstrip("+") for u in MARGINS}
    return pd.Series(lines, name="margin").to_frame()


def world_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """How often a wrong verdict stands anywhere in the table, by world and noise.

    Parameters
    ----------
    found : mapping
        As from `wssl.claims.characteristics.summary`.

    Returns
    -------
    pandas.DataFrame
        In per cent of the simulated studies; one row per world, one column per noise.
    """
    return pd.DataFrame(
        {
            noise: {world: 100 * rates["any wrong"] for world, rates in worlds.items()}
            for noise, worlds in found["worlds"].items()
        }
    ).round(1)


def power_table(found: Mapping[str, Any], noise: str) -> pd.DataFrame:
    """How often a primary claim is found to hold, by its true effect in multiples of the margin.

    Parameters
    ----------
    found : mapping
        As from `wssl.claims.characteristics.summary`.
    noise : str
        A key of its ``power``.

    Returns
    -------
    pandas.DataFrame
        In per cent of the simulated studies. The column of no effect is how often equivalence is
        found.
    """
    table = pd.DataFrame(found["power"][noise]).T * 100
    titles = {"0": "no effect: the same"}
    return table.rename(columns=lambda k: titles.get(k, f"{k} x margin: holds")).round(0)


def coverage_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """The coverage of the printed 95 % interval of each claim, and its half-width.

    Parameters
    ----------
    found : mapping
        As from `wssl.claims.characteristics.summary`.

    Returns
    -------
    pandas.DataFrame
        Coverage in per cent, on average over worlds and in the worst of them.
    """
    return pd.DataFrame(
        {
            key: {
                "coverage": 100 * of_claim["covered on average"],
                "least coverage": 100 * of_claim["covered"],
                "wrong verdicts at most": 100 * of_claim["wrong"],
            }
            for key, of_claim in found["claims"].items()
        }
    ).T.round(1)


def registration_text(found: Registration) -> str:
    """What is known of the plan's date and of the first run's, as a sentence.

    Parameters
    ----------
    found : Registration
    """
    if found.unchecked:
        return f"Whether the plan is older than the first run was not checked: {found.unchecked}."
    assert found.digest is not None
    assert found.committed is not None
    plan = f"The plan (SHA-256 {found.digest[:16]}…) was committed on {_time(found.committed)}"
    if found.unchanged is False:
        plan += ", but was changed since then other than by additions at its end"
    if found.first is None or found.finished is None:
        return f"{plan}; no run of the campaign is recorded yet."
    order = "before" if found.older else "after"
    return (
        f"{plan}, {order} the first run of the campaign started on {_time(found.first)} (it ended "
        f"on {_time(found.finished)})."
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
