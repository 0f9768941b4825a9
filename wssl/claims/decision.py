"""From estimates to verdicts: one rule for all claims, with an error rate for the whole table.

Every verdict follows from a lower and an upper confidence bound, at error rates that two graphical
procedures of half of `LEVEL` each give it; so the probability of a wrong verdict anywhere in the
table is at most `LEVEL`. That holds for verdicts: the bounds are not simultaneous, and one that
decides nothing may be wrong more often.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

import numpy as np

from wssl import paper
from wssl.claims.campaign import Arm, Campaign, Design
from wssl.claims.catalogue import CLAIMS, FAMILIES, Claim
from wssl.claims.estimands import MARGINS, Needed, RecordKind, all_masks
from wssl.claims.statistics import Effect, Tested, graphical
from wssl.records.store import Record

HOLDS, REFUTED, SAME = "holds", "refuted", "the same, within the margin"
UNDECIDED, AWAITING = "undecided", "awaiting runs"

LEVEL = 0.05
"""The probability of a wrong verdict anywhere in the table, at most."""

PRIMARY_SHARE = 0.6
"""The initial share of the error rate of the primary claims; the secondary ones have the rest.

Each primary claim starts with a sixth of it; the secondary claims share the rest equally.
"""


@dataclass(frozen=True)
class Verdict:
    """A claim, what was found, and the outcome.

    Attributes
    ----------
    claim : Claim
    effect : Effect or None
        None while runs are missing.
    outcome : str
        `HOLDS`, `REFUTED`, `SAME`, `UNDECIDED` or `AWAITING`.
    low, high : float
        The confidence bounds from which the outcome follows, adjusted for the number of claims.
    done, registered : int
        The existing and the registered number of records for this claim.
    """

    claim: Claim
    effect: Effect | None
    outcome: str
    low: float
    high: float
    done: int
    registered: int

    @property
    def margin(self) -> float:
        """The smallest effect of interest, in the unit of the effect."""
        return MARGINS[self.claim.estimand.unit]

    @property
    def status(self) -> str:
        """The outcome, with the number of runs where some are missing, and how it was refuted."""
        if self.outcome == AWAITING:
            return f"{AWAITING} ({self.done} of {self.registered})"
        if self.outcome == REFUTED:
            how = "the opposite" if self.high < 0 else "the opposite, or too small to matter"
            if self.claim.estimand.unit in ("share", "yield"):
                how = "below the threshold"
            return f"{REFUTED}: {how}"
        return self.outcome

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The interval of this effect alone; NaN while runs are missing.

        Parameters
        ----------
        confidence : float in (0, 1)
        """
        if self.effect is None:
            return float("nan"), float("nan")
        level = (1 - confidence) / 2
        return self.effect.lower(level), self.effect.upper(level)


def judge(
    records: Iterable[Record],
    design: Design | None = None,
    claims: Sequence[Claim] = CLAIMS,
) -> list[Verdict]:
    """A verdict for each claim.

    Parameters
    ----------
    records : iterable of dict
        Records of the campaign; unregistered ones are ignored.
    design : Design, optional
        The registered design if not given.
    claims : sequence of Claim

    Returns
    -------
    list of Verdict
        In the order of the claims.

    Raises
    ------
    ValueError
        If two runs are of the same arm and seed.

    Examples
    --------
    Without any records every claim awaits its runs:

    >>> verdict = judge([])[0]
    >>> verdict.outcome, verdict.done
    ('awaiting runs', 0)
    """
    return verdicts_of(Campaign(records, design), claims)


def verdicts_of(campaign: Campaign, claims: Sequence[Claim] = CLAIMS) -> list[Verdict]:
    """A verdict for each claim, as from `judge`, on records that are already sorted by arm.

    Parameters
    ----------
    campaign : Campaign
    claims : sequence of Claim
    """
    effects: dict[str, Effect | None] = {}
    counts: dict[str, tuple[int, int]] = {}
    for claim in claims:
        needs = needed(claim, campaign)
        done = sum(available(campaign, need) for need in needs)
        counts[claim.key] = done, len(needs)
        effects[claim.key] = claim.estimand.estimate(campaign) if done == len(needs) else None
    above, below = decide(claims, effects)
    verdicts = []
    for claim in claims:
        effect = effects[claim.key]
        low = high = float("nan")
        outcome = AWAITING
        if effect is not None:
            low, high = effect.lower(above[claim.key].level), effect.upper(below[claim.key].level)
            outcome = outcome_of(low, high, MARGINS[claim.estimand.unit])
        verdicts.append(Verdict(claim, effect, outcome, low, high, *counts[claim.key]))
    return verdicts


def decide(
    claims: Sequence[Claim], effects: Mapping[str, Effect | None]
) -> tuple[dict[str, Tested], dict[str, Tested]]:
    """The error rates of the lower and of the upper bound of each claim.

    Two graphical procedures of half of `LEVEL` each: one tests whether effects are above zero, the
    other whether they are below. A claim passes its share on only in the procedure in which it is
    decided, not in the other, nor if its effect is shown to be smaller than the margin: since a
    precise study always decides one way or the other, a gate that opens in both cases would control
    nothing.

    Parameters
    ----------
    claims : sequence of Claim
    effects : mapping of str to Effect or None

    Returns
    -------
    above, below : dict of str to wssl.claims.statistics.Tested
    """
    weights, transitions = gates(claims)
    nan = float("nan")
    p_above = {c.key: e.p_above() if (e := effects[c.key]) else nan for c in claims}
    p_below = {c.key: e.p_below() if (e := effects[c.key]) else nan for c in claims}
    return (
        graphical(p_above, weights, transitions, LEVEL / 2),
        graphical(p_below, weights, transitions, LEVEL / 2),
    )


def gates(claims: Sequence[Claim]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The graph of the test procedure: the initial share of each claim, and its recipients.

    The primary claims form a chain, the fallback procedure (doi:10.1080/10543400500265660): a
    decided claim passes its share to the next, the last one to the secondary claims. The secondary
    claims of a family pass theirs to each other, which is Holm's procedure.

    Parameters
    ----------
    claims : sequence of Claim

    Returns
    -------
    weights : dict of str to float
    transitions : dict of str to dict of str to float
    """
    places = {c.key: c.primary for c in claims if c.primary is not None}
    primary = sorted(places, key=places.__getitem__)
    secondary = [c for c in claims if c.primary is None]
    shared = PRIMARY_SHARE if secondary else 1.0
    weights = {key: shared / len(primary) for key in primary}
    rest = 1 - sum(weights.values())
    weights |= {c.key: rest / len(secondary) for c in secondary}
    transitions: dict[str, dict[str, float]] = {}
    for first, second in pairwise(primary):
        transitions[first] = {second: 1.0}
    if primary and secondary:
        transitions[primary[-1]] = {c.key: 1 / len(secondary) for c in secondary}
    for family in FAMILIES:
        keys = [c.key for c in secondary if c.family == family]
        for key in keys:
            transitions[key] = {k: 1 / (len(keys) - 1) for k in keys if k != key}
    return weights, transitions


def outcome_of(low: float, high: float, margin: float) -> str:
    """The verdict that follows from an interval.

    Parameters
    ----------
    low, high : float
        Confidence bounds of an effect that is above zero if the claim is true.
    margin : float
        The smallest effect of interest.

    Returns
    -------
    str
        `SAME` if the interval lies within the margins, whether or not it contains zero; else
        `HOLDS` if it lies above zero, `REFUTED` if it lies below the margin; else `UNDECIDED`.

    Examples
    --------
    >>> outcome_of(0.1, 0.4, margin=0.05), outcome_of(-0.2, 0.3, margin=0.05)
    ('holds', 'undecided')
    >>> outcome_of(-0.01, 0.02, margin=0.05)
    'the same, within the margin'
    """
    if np.isnan(low) or np.isnan(high):
        return UNDECIDED
    if -margin < low and high < margin:
        return SAME
    if low > 0:
        return HOLDS
    return REFUTED if high < margin else UNDECIDED


def is_wrong(outcome: str, truth: float, margin: float) -> bool:
    """Whether a verdict is wrong.

    Parameters
    ----------
    outcome : str
    truth : float
        The true effect.
    margin : float

    Examples
    --------
    >>> is_wrong("holds", truth=-0.1, margin=0.05), is_wrong("undecided", truth=-0.1, margin=0.05)
    (True, False)
    """
    return {
        HOLDS: truth <= 0,
        REFUTED: truth >= margin,
        SAME: abs(truth) >= margin,
    }.get(outcome, False)


def needed(claim: Claim, campaign: Campaign) -> list[Needed]:
    """The records that a claim needs, as its estimand lists them.

    Parameters
    ----------
    claim : Claim
    campaign : Campaign

    Raises
    ------
    ValueError
        If a kind is unknown, or a run is needed without a score.
    """
    needs = claim.estimand.needs(campaign)
    for kind, arm, _, score in needs:
        if kind not in get_args(RecordKind):
            raise ValueError(
                f"needs: expected a kind of record among {', '.join(get_args(RecordKind))}; "
                f"received {kind!r} from the estimand of the claim {claim.key!r}."
            )
        if kind in ("run", "unseen") and score is None:
            raise ValueError(
                f"needs: expected a score with a record of the kind {kind!r}, such as Score('psnr')"
                f"; received None from the estimand of the claim {claim.key!r}, for the arm "
                f"{arm.name!r}."
            )
    return needs


def available(campaign: Campaign, need: Needed) -> bool:
    """Whether a record that a claim needs is there, with the number that it needs.

    Parameters
    ----------
    campaign : Campaign
    need : tuple
        As from `Estimand.needs`.
    """
    kind, arm, seed, score = need
    if kind in ("run", "unseen"):
        return score is not None and bool(np.isfinite(score(campaign, arm, seed)))
    if kind == "pretext":
        return campaign.pretext(arm, seed) is not None
    if kind == "own":
        return campaign.evaluation(arm, seed) is not None
    return all_masks(campaign, arm, seed) is not None


def in_paper(claims: Sequence[Claim] = CLAIMS) -> dict[str, float]:
    """The effect of each claim computed from the paper's printed numbers, one run each.

    Parameters
    ----------
    claims : sequence of Claim

    Returns
    -------
    dict of str to float
        NaN where it printed none.

    Examples
    --------
    >>> printed = in_paper()
    >>> printed["weights-matter"] > 0, printed["features"]
    (True, nan)
    """
    design = Design()
    rows: dict[Arm, paper.Row] = {}
    for number in paper.TABLES:
        for row in paper.TABLES[number]:
            if row.method != "wssl":
                rows[Arm(method=row.method)] = row
            else:
                rows[Arm(row.pretext, loss=row.loss)] = row
    campaign = Campaign([], design)
    for arm, row in rows.items():
        metrics = {"ssim": row.ssim, "psnr": row.psnr}
        record = {
            "fingerprint": "printed",
            "pretext": None,
            "experiment": dict.fromkeys(("dataset", "masks", "recipe", "coverage")),
            "metrics": metrics,
            "per_image": {name: [value, value] for name, value in metrics.items()},
        }
        campaign.runs[arm] = dict.fromkeys((*design.few, *design.many), record)
    found = {}
    for claim in claims:
        needs = needed(claim, campaign)
        printed = claim.kind != "ours" and all(available(campaign, need) for need in needs)
        found[claim.key] = claim.estimand.estimate(campaign).value if printed else float("nan")
    return found
