"""The claims with their verdicts, and what the rules of decision are worth, as tables."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from wssl.claims.campaign import WIDE, Arm, Campaign
from wssl.claims.decision import Verdict, in_paper
from wssl.claims.estimands import (
    MARGINS,
    PSNR,
    SSIM,
    Best,
    Contrast,
    Score,
    Unit,
    in_db,
    linear,
    shown,
)
from wssl.claims.outcomes import Findings, common_seeds, diverged, paired, without_diverged
from wssl.claims.statistics import Effect, Estimate
from wssl.report.labels import score_label
from wssl.report.numbers import amount, bounds_text, heading, number, numbers
from wssl.report.tables.paper import indexed, with_headings
from wssl.report.text import SIGNS, counted, judged_text, listed
from wssl.report.web import trace

ASSERTED = {
    "says": "stated by the paper",
    "presupposes": "presupposed by its method",
    "ours": "asked by this study",
}
"""Who asserts a claim, in words."""


def verdict_table(verdicts: Sequence[Verdict], records: Campaign | None = None) -> pd.DataFrame:
    """One line per claim: its comparison, verdict, effect with both intervals, the paper's effect.

    Parameters
    ----------
    verdicts : sequence of Verdict
    records : Campaign, optional
        For a column with the effects and 95 % intervals in dB beside those in per cent of
        1 - SSIM, for links to the records of each claim, and for an asterisk where one of its runs
        diverged.

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
        lines.append(
            {
                "claim": verdict.claim.text,
                "comparison": verdict.claim.compared,
                "verdict": f"{SIGNS[verdict.outcome]} {verdict.status}",
                "effect": amount(value, unit) + _mark(verdict, records),
                "95 % interval": bounds_text(*verdict.interval(), unit),
                "interval that decides": bounds_text(verdict.low, verdict.high, unit),
                "in the paper": amount(printed[verdict.claim.key], unit),
                **(_in_db(verdict, records) if records is not None else {}),
            }
        )
    table = indexed(lines, "claim")
    if records is None:
        return table
    return trace.with_rows(table, [trace.verdict_records(v, records) for v in verdicts])


def brief_table(verdicts: Sequence[Verdict], records: Campaign) -> pd.DataFrame:
    """The columns of `verdict_table` that fit beside a chapter's text and say something.

    Where runs diverged, the effect without them stands in the place of the 95 % interval.

    Parameters
    ----------
    verdicts, records
        As for `verdict_table`.
    """
    table = verdict_table(verdicts, records)
    kept = ["verdict", "effect", "95 % interval", "interval that decides"]
    printed = ["in the paper"] if set(table["in the paper"]) - {"—"} else []
    if not table["effect"].str.endswith(" *").any():
        return table[kept + printed]
    kept[2] = "without runs that diverged"
    return table.assign(**{kept[2]: [_without(v, records) for v in verdicts]})[kept + printed]


def _without(verdict: Verdict, records: Campaign) -> str:
    """The effect without runs that diverged, with its 95 % interval and number of seeds."""
    estimand, unit = verdict.claim.estimand, verdict.claim.estimand.unit
    if verdict.effect is None or not isinstance(estimand, Contrast | Best):
        return "—"
    found = without_diverged(records, estimand)
    if found is None:
        return "no seed"
    effect, seeds = found
    interval = bounds_text(effect.lower(), effect.upper(), unit)
    words = "" if interval == "—" else f"({interval})"
    parts = amount(effect.value, unit), words, counted(len(seeds), "seed")
    return ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts if part)


def beside_table(
    beside: Mapping[str, Findings],
    table: Callable[[Sequence[Verdict], Campaign], pd.DataFrame] = verdict_table,
) -> pd.DataFrame | None:
    """A table of verdicts for each kind of runs beside the registered ones, one below the other.

    Parameters
    ----------
    beside : mapping of str to wssl.claims.Findings
        By the title of the runs.
    table : callable
        `verdict_table` or `converged_table`.

    Returns
    -------
    pandas.DataFrame or None
        With the title as first name of each row; None where all are empty.
    """
    parts = {title: table(list(found.values()), found.campaign) for title, found in beside.items()}
    parts = {title: part for title, part in parts.items() if len(part)}
    if not parts:
        return None
    named = [part.attrs.get(trace.ROWS, [[] for _ in part.index]) for part in parts.values()]
    return trace.with_rows(pd.concat(parts, names=["runs"]), list(chain.from_iterable(named)))


def answer_table(
    found: Findings, beside: Mapping[str, Findings], keys: Sequence[str]
) -> pd.DataFrame:
    """What the registered runs and others say of some claims, side by side.

    Parameters
    ----------
    found : wssl.claims.Findings
    beside : mapping of str to wssl.claims.Findings
        Of other runs, by their title.
    keys : sequence of str
        Of claims.

    Returns
    -------
    pandas.DataFrame
        One row per claim, one column per kind of runs: the verdict, with its effect unless a run
        behind it diverged.
    """
    others = {title: of for title, of in beside.items() if set(keys) & of.verdicts.keys()}
    kinds = {"registered" if found.registered else "these runs": found, **others}
    lines = [
        {"claim": found[key].claim.text, **{name: _judged(of, key) for name, of in kinds.items()}}
        for key in keys
    ]
    runs = [
        [
            name
            for of in kinds.values()
            if key in of.verdicts
            for name in trace.verdict_records(of[key], of.campaign)
        ]
        for key in keys
    ]
    return trace.with_rows(indexed(lines, "claim"), runs)


def _judged(found: Findings, key: str) -> str:
    if key not in found.verdicts:
        return "—"
    return f"{SIGNS[found[key].outcome]} {judged_text(found[key], found.campaign)}"


def _mark(verdict: Verdict, records: Campaign | None) -> str:
    """An asterisk, where a run behind an effect diverged."""
    return " *" if records and verdict.effect and diverged(verdict, records)[0] else ""


def _in_db(verdict: Verdict, records: Campaign) -> dict[str, str]:
    estimand = in_db(verdict.claim.estimand)
    if estimand is None or verdict.effect is None:
        return {"in dB": ""}
    effect = estimand.estimate(records)
    low, high = (number(end, "dB") for end in (effect.lower(), effect.upper()))
    return {"in dB": f"{number(effect.value, 'dB')} ({low} to {high})"}


def converged_table(verdicts: Sequence[Verdict], campaign: Campaign) -> pd.DataFrame:
    """The effects without the runs that diverged, beside those on which the verdicts rest.

    Parameters
    ----------
    verdicts : sequence of Verdict
    campaign : Campaign

    Returns
    -------
    pandas.DataFrame
        One row per claim that compares arms with runs, with 95 % intervals; empty if no run
        diverged. Without the runs that diverged, the seeds are those in which each arm has another
        run, and the variance is that of the other runs. Dashes where there is no such seed.
    """
    lines = []
    for verdict, estimand in _comparisons(verdicts if campaign.converged is not campaign else ()):
        if not all(map(campaign.runs.get, estimand.arms)):
            continue
        found = without_diverged(campaign, estimand)
        nothing: Effect = Estimate(np.nan, np.nan, np.nan)
        rest, seeds = found or (nothing, ())
        effect, unit = verdict.effect, estimand.unit
        lines.append(
            {
                ("", "claim"): verdict.claim.text,
                ("all runs", "effect"): amount(effect.value if effect else np.nan, unit),
                ("all runs", "95 % interval"): bounds_text(*verdict.interval(), unit),
                ("without diverged runs", "effect"): amount(rest.value, unit),
                ("without diverged runs", "95 % interval"): bounds_text(
                    rest.lower(), rest.upper(), unit
                ),
                ("without diverged runs", "seeds"): ", ".join(map(str, seeds)) or "—",
            }
        )
    return with_headings(lines) if lines else pd.DataFrame()


def own_noise_table(verdicts: Sequence[Verdict], campaign: Campaign) -> pd.DataFrame:
    """The claims that borrow the variance of comparable runs, with that of their own runs alone.

    Parameters
    ----------
    verdicts : sequence of Verdict
    campaign : Campaign

    Returns
    -------
    pandas.DataFrame
        One row per comparison of configurations whose runs are there: the 95 % interval of the
        table of verdicts, in which comparable runs lend their variance; that of Student's t, with
        the same error over images; and how many times the lent variance of one seed the own one is,
        with all runs on both sides, and with those that did not diverge. Of the best of several
        arms that is the variance of the two that are compared in the end.
    """
    with_all = "own variance, in multiples of that of comparable runs"
    without = "the same, both without runs that diverged"
    columns = ["effect", "95 % interval", "from its own runs", with_all, without]
    lines = []
    for verdict, estimand in _comparisons(verdicts if len(campaign.design.few) > 1 else ()):
        if verdict.effect is None:
            continue
        unit, score = estimand.unit, estimand.score
        seeds = campaign.design.many if estimand.many else campaign.design.few
        alone: Effect
        terms: tuple[tuple[float, Arm], ...]
        if isinstance(estimand, Best):
            best = alone = estimand.over(campaign, seeds, own=True)
            first, other = best.selected
            terms = ((1.0, estimand.first[first]), (-1.0, estimand.others[other]))
        else:
            terms = estimand.terms
            alone = linear(campaign, terms, score, seeds, own=True)
        lines.append(
            {
                "claim": verdict.claim.text,
                "effect": amount(verdict.effect.value, unit),
                "95 % interval": bounds_text(*verdict.interval(), unit),
                "from its own runs": bounds_text(alone.lower(), alone.upper(), unit),
                with_all: _times(campaign, terms, score, seeds),
                without: _times(campaign.converged, terms, score, seeds),
            }
        )
    return pd.DataFrame(lines, columns=["claim", *columns]).set_index("claim")


def _times(
    campaign: Campaign, terms: Sequence[tuple[float, Arm]], score: Score, seeds: Sequence[int]
) -> str:
    """The variance of one seed of a contrast, in multiples of that of comparable runs."""
    lent = campaign.prior(terms, score)[0]
    common = common_seeds(campaign, [arm for _, arm in terms], score)
    values = [
        sum(c * score(campaign, arm, seed) for c, arm in terms) for seed in seeds if seed in common
    ]
    if len(values) < 2 or not lent > 0:
        return "—"
    ratio = float(np.var(values, ddof=1)) / lent
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def group_table(
    verdicts: Sequence[Verdict], campaign: Campaign, groups: Sequence[str]
) -> pd.DataFrame:
    """The claims about unseen images with intervals for new images and for new groups of them.

    Parameters
    ----------
    verdicts : sequence of Verdict
    campaign : Campaign
    groups : sequence of str
        The group of each unseen image, of all of them.

    Returns
    -------
    pandas.DataFrame
        One row per contrast on unseen images that has a common seed, each with its 95 % intervals;
        for new groups a dash where not all of the images were tested.
    """
    columns = ["effect", "for new images", "for new kinds"]
    lines = []
    for verdict, estimand in _contrasts(verdicts):
        terms, score, unit = estimand.terms, estimand.score, estimand.unit
        if not score.unseen or (found := paired(campaign, terms, score)) is None:
            continue
        seeds, images = tuple(found.per_seed), found.estimate
        line = {
            "claim": verdict.claim.text,
            "effect": amount(images.value, unit),
            "for new images": bounds_text(images.lower(), images.upper(), unit),
            "for new kinds": "—",
        }
        test = campaign.evaluation(terms[0][1], seeds[0], dataset=campaign.design.unseen)
        tested = len(test["per_image"][score.metric]) if test else 0
        if len(seeds) > 1 and tested == len(groups):
            kinds = linear(campaign.converged, terms, score, seeds, groups=tuple(groups))
            line["for new kinds"] = bounds_text(kinds.lower(), kinds.upper(), unit)
        lines.append(line)
    return pd.DataFrame(lines, columns=["claim", *columns]).set_index("claim")


def _comparisons(verdicts: Iterable[Verdict]) -> Iterator[tuple[Verdict, Contrast | Best]]:
    """The verdicts on comparisons of arms, each with its estimand."""
    for verdict in verdicts:
        if isinstance(verdict.claim.estimand, Contrast | Best):
            yield verdict, verdict.claim.estimand


def _contrasts(verdicts: Iterable[Verdict]) -> Iterator[tuple[Verdict, Contrast]]:
    """The verdicts on contrasts of arms, each with its contrast."""
    for verdict in verdicts:
        if isinstance(verdict.claim.estimand, Contrast):
            yield verdict, verdict.claim.estimand


def source_table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Who asserts each claim, where the paper does, its own numbers for it, and the margin.

    Parameters
    ----------
    verdicts : sequence of Verdict
    """
    lines = [
        {
            "claim": claim.text,
            "origin": ASSERTED[claim.kind],
            "where": claim.where,
            "the paper's numbers": claim.printed,
            "margin": amount(verdict.margin, claim.estimand.unit).lstrip("+"),
        }
        for verdict in verdicts
        for claim in [verdict.claim]
    ]
    return indexed(lines, "claim")


def width_table(records: Campaign, verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """The claims that rest on the controls at every width: judged at one, shown at the others.

    Parameters
    ----------
    records : Campaign
    verdicts : sequence of Verdict

    Returns
    -------
    pandas.DataFrame
        One line per claim and width, in per cent of 1 - SSIM and in dB, and where the claim is
        judged. Runs that diverged are left out.
    """
    all_records, records = records, records.converged
    widths = dict.fromkeys(arm.width for arm in records.runs if arm.method == "wssl")
    channels = {width: records.design.channels(width) for width in widths}
    lines = []
    for verdict in verdicts:
        estimand = verdict.claim.estimand
        if not (isinstance(estimand, Contrast) and estimand.many and not estimand.score.unseen):
            continue
        if estimand.score == PSNR:
            continue
        by_psnr = Contrast(estimand.terms, PSNR, estimand.many)
        for width in sorted(widths, key=channels.__getitem__):
            found = [shown(records, contrast, width) for contrast in (estimand, by_psnr)]
            if found[0] is None or found[1] is None:
                continue
            line: dict[tuple[str, str], Any] = {
                ("", "claim"): verdict.claim.text,
                ("", "width"): channels[width],
            }
            for score, (estimate, _) in zip((SSIM, PSNR), (found[0], found[1]), strict=True):
                title, ends = score_label(score), (estimate.lower(), estimate.upper())
                line[title, heading(score)] = number(estimate.value, score.unit)
                line[title, "95 % interval"] = numbers(*ends, score.unit)
            line["", "seeds"] = found[0][1]
            line["", "judged"] = _where(width, verdict, all_records)
            lines.append(line)
    return with_headings(lines, index=2) if lines else pd.DataFrame()


def _where(width: str, verdict: Verdict, records: Campaign) -> str:
    if width != WIDE:
        return ""
    lost = diverged(verdict, records)[0]
    return "at this width, with the runs that diverged" if lost else "at this width"


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


def absence_text(found: Mapping[str, Any]) -> str:
    """How rarely the absence of an effect of a primary claim would be found, as a sentence.

    Parameters
    ----------
    found : mapping
        As from `wssl.claims.characteristics.summary`.
    """
    shares = {
        noise: max(of["0"] for of in claims.values()) for noise, claims in found["power"].items()
    }
    most = listed([f"{100 * share:.0f} % ({noise})" for noise, share in shares.items()])
    return (
        "Where a primary claim had no effect, its absence was found in at most "
        f"{most} of the simulated campaigns."
    )


def short_coverage(found: Mapping[str, Any]) -> str:
    """Which claims have the fewest intervals with the true effect, as a sentence.

    Parameters
    ----------
    found : mapping
        As from `wssl.claims.characteristics.summary`.
    """
    worst = sorted(found["claims"].items(), key=lambda item: item[1]["covered"])[:2]
    words = listed([f"{key} ({100 * of['covered']:.1f} %)" for key, of in worst])
    return f"The lowest percentages are those of {words}."


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
                "intervals with the true effect (%)": 100 * of_claim["covered on average"],
                "in the worst case (%)": 100 * of_claim["covered"],
                "wrong verdicts at most (%)": 100 * of_claim["wrong"],
            }
            for key, of_claim in found["claims"].items()
        }
    ).T.round(1)
