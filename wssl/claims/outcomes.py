"""The outcome of each claim: its verdict, or, at another scale, the observed effect."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeVar

import numpy as np

from wssl.claims.campaign import NARROW, WIDE, Arm, Campaign, Design, at_width
from wssl.claims.catalogue import CLAIMS, Claim
from wssl.claims.decision import Verdict, available, needed, verdicts_of
from wssl.claims.estimands import (
    Best,
    Contrast,
    Score,
    SpreadByTasks,
    SpreadOfWeightings,
    SpreadOverSeeds,
    linear,
)
from wssl.claims.statistics import Effect, Estimate
from wssl.records.fields import has_diverged
from wssl.records.store import Record

SEEN, NOT_RUN = "not judged", "not run at this scale"
"""The outcomes of a claim at another scale than the registered one."""

_OF_SEEDS = (SpreadOfWeightings, SpreadByTasks, SpreadOverSeeds)
"""Estimands that are spreads, which a single seed cannot show."""

Compared = TypeVar("Compared")


@dataclass(frozen=True)
class Findings(Mapping[str, Verdict]):
    """The findings from the records of one design for each claim, by its key.

    Attributes
    ----------
    campaign : Campaign
    verdicts : dict of str to Verdict
    registered : bool
        Whether the claims are judged. Else no verdict is reached: the outcomes are `SEEN` and
        `NOT_RUN`.
    """

    campaign: Campaign
    verdicts: dict[str, Verdict]
    registered: bool

    def __getitem__(self, key: str) -> Verdict:
        return self.verdicts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def width(self) -> str:
        """The width of the controls: `WIDE` where it was registered, else the only one."""
        return WIDE if self.registered else NARROW

    def at(self, *arms: Arm) -> tuple[Arm, ...]:
        """Arms at the width of the controls.

        Parameters
        ----------
        *arms : Arm
        """
        return tuple(at_width(arm, self.width) for arm in arms)

    @property
    def seeds(self) -> int:
        """The number of seeds with which the grids are run."""
        return len(self.campaign.design.few)


def findings(
    records: Iterable[Record],
    design: Design | None = None,
    *,
    registered: bool = True,
    claims: Sequence[Claim] = CLAIMS,
    lent: bool = True,
) -> Findings:
    """Reach a verdict on each claim, or only estimate its effect.

    Parameters
    ----------
    records : iterable of dict
    design : Design, optional
        That of the records; the registered one if not given.
    registered : bool
        Whether `design` is the registered one, whose claims are judged. At any other scale, the
        claims about the wide controls are about the only width that there is.
    claims : sequence of Claim
        The registered ones if not given. Others are judged among themselves: within the registered
        ones they would change the bounds of these.
    lent : bool
        As in `Campaign`.

    Returns
    -------
    Findings

    Examples
    --------
    >>> found = findings([])
    >>> found["features"].outcome, found.registered
    ('awaiting runs', True)
    """
    campaign = Campaign(records, design, lent=lent)
    if registered:
        verdicts = verdicts_of(campaign, claims)
    else:
        verdicts = [_seen(claim, campaign) for claim in claims]
    return Findings(campaign, {v.claim.key: v for v in verdicts}, registered)


def _seen(claim: Claim, campaign: Campaign) -> Verdict:
    """The effect of a claim at the only width, if its runs are there, without a verdict."""
    nan = float("nan")
    claim = replace(
        claim,
        estimand=at(claim.estimand, NARROW),
        compared=claim.compared.replace(", width 32", "").replace(
            "pictures of objects", f"the images of {campaign.design.unseen}"
        ),
    )
    needs = needed(claim, campaign)
    done = sum(available(campaign, need) for need in needs)
    few = len(campaign.design.few) < 2 and isinstance(claim.estimand, _OF_SEEDS)
    if done < len(needs) or few:
        return Verdict(claim, None, NOT_RUN, nan, nan, done, len(needs))
    effect = claim.estimand.estimate(campaign)
    if np.isnan(effect.value):
        return Verdict(claim, None, NOT_RUN, nan, nan, done, len(needs))
    return Verdict(claim, effect, SEEN, nan, nan, done, len(needs))


def at(compared: Compared, width: str) -> Compared:
    """The same comparison with all of its arms at one width.

    Parameters
    ----------
    compared : Arm, Estimand, or tuple of them
    width : str
        As in `Arm`.
    """
    if isinstance(compared, Arm):
        return at_width(compared, width)  # type: ignore[return-value]
    if isinstance(compared, tuple):
        return tuple(at(part, width) for part in compared)  # type: ignore[return-value]
    if is_dataclass(compared) and not isinstance(compared, (type, Score)):
        changed = {f.name: at(getattr(compared, f.name), width) for f in fields(compared) if f.init}
        return replace(compared, **changed)
    return compared


def common_seeds(campaign: Campaign, arms: Iterable[Arm], *scores: Score) -> tuple[int, ...]:
    """The seeds for which each arm has a run with each score.

    Parameters
    ----------
    campaign : Campaign
    arms : iterable of Arm
        A classical fill has one run for all seeds.
    *scores : Score

    Returns
    -------
    tuple of int
        In ascending order; for classical fills alone that of their run.
    """
    arms = list(dict.fromkeys(arms))
    drawn = [arm for arm in arms if not campaign.is_fill(arm)]
    known = [set(campaign.runs.get(arm, {})) for arm in drawn or arms]
    return tuple(
        seed
        for seed in sorted(set.intersection(*known) if known else ())
        if all(np.isfinite(score(campaign, arm, seed)) for arm in arms for score in scores)
    )


def recorded(campaign: Campaign, arms: Iterable[Arm]) -> tuple[int, int]:
    """How many runs of some arms are recorded, and how many were planned.

    Parameters
    ----------
    campaign : Campaign
    arms : iterable of Arm
        With the seeds of the controls where they have their width, else with those of the grids; a
        classical fill has one run.

    Returns
    -------
    done, planned : int
    """
    done = planned = 0
    for arm in dict.fromkeys(arms):
        known = campaign.runs.get(arm, {})
        if campaign.is_fill(arm):
            done, planned = done + bool(known), planned + 1
            continue
        seeds = campaign.design.many if arm.width == WIDE else campaign.design.few
        done, planned = done + len(set(seeds) & set(known)), planned + len(seeds)
    return done, planned


@dataclass(frozen=True)
class PairedContrast:
    """A contrast of arms, paired by seed.

    Attributes
    ----------
    estimate : Estimate
        Over new seeds and new images, as in the verdicts.
    per_seed : dict of int to float
        The contrast of each common seed.
    """

    estimate: Estimate
    per_seed: Mapping[int, float]


def diverged(verdict: Verdict, campaign: Campaign) -> tuple[int, int]:
    """How many of the runs that a claim needs and that are recorded diverged, and their number.

    Parameters
    ----------
    verdict : Verdict
    campaign : Campaign
        From whose records it is.
    """
    needs = {(arm, seed) for _, arm, seed, _ in verdict.claim.estimand.needs(campaign)}
    runs = [run for arm, seed in needs if (run := campaign.run(arm, seed)) is not None]
    return sum(map(has_diverged, runs)), len(runs)


def lost(campaign: Campaign, arms: Iterable[Arm]) -> tuple[int, int]:
    """How many of the recorded runs of some arms diverged, and their number.

    Parameters
    ----------
    campaign : Campaign
    arms : iterable of Arm
        Each counts once.
    """
    runs = [run for arm in dict.fromkeys(arms) for run in campaign.runs.get(arm, {}).values()]
    return sum(map(has_diverged, runs)), len(runs)


def to_show(
    campaign: Campaign, beside: Mapping[str, Findings], arms: Iterable[Arm]
) -> tuple[str, Campaign]:
    """The runs by which some arms are shown: those of a campaign, or others if some diverged.

    Parameters
    ----------
    campaign : Campaign
    beside : mapping of str to Findings
        Of other runs, by their title.
    arms : iterable of Arm
        Classical fills among them are passed over.

    Returns
    -------
    title : str
        Of the first others that have every seed of each arm, none of which diverged; empty for the
        campaign itself.
    shown : Campaign
    """
    arms = [arm for arm in arms if not campaign.is_fill(arm)]
    if lost(campaign, arms)[0]:
        for title, other in beside.items():
            runs, seeds = other.campaign.converged.runs, set(other.campaign.design.many)
            if all(seeds <= set(runs.get(arm, {})) for arm in arms):
                return title, other.campaign
    return "", campaign


def paired(
    campaign: Campaign, terms: Sequence[tuple[float, Arm]], score: Score
) -> PairedContrast | None:
    """A contrast of arms from all common seeds, for display without a verdict.

    Runs that diverged are left out (`Campaign.converged`). A single seed has no interval, although
    comparable arms would lend it their variance; two seeds have one only if these do.

    Parameters
    ----------
    campaign : Campaign
    terms : sequence of (float, Arm)
        Coefficients that add to zero; those of one arm are added.
    score : Score

    Returns
    -------
    PairedContrast or None
        None without a common seed.
    """
    campaign = campaign.converged
    coefficients: dict[Arm, float] = {}
    for coefficient, arm in terms:
        coefficients[arm] = coefficients.get(arm, 0.0) + coefficient
    terms = [(coefficient, arm) for arm, coefficient in coefficients.items()]
    seeds = common_seeds(campaign, coefficients, score)
    if not seeds:
        return None
    values = {
        seed: float(sum(c * score(campaign, arm, seed) for c, arm in terms)) for seed in seeds
    }
    estimate = linear(campaign, terms, score, seeds)
    alone = not np.isfinite(campaign.prior(terms, score)[0])
    if len(seeds) < (3 if alone else 2) and not all(map(campaign.is_fill, coefficients)):
        estimate = _without_interval(estimate)
    return PairedContrast(estimate, values)


def _without_interval(effect: Effect) -> Estimate:
    return Estimate(effect.value, float("nan"), float("nan"))


def without_diverged(
    campaign: Campaign, estimand: Contrast | Best
) -> tuple[Effect, tuple[int, ...]] | None:
    """The effect from the seeds in which no run diverged, for display without a verdict.

    Parameters
    ----------
    campaign : Campaign
    estimand : Contrast or Best

    Returns
    -------
    Effect and tuple of int, or None
        The effect, as in `paired`, and these seeds; None without any.
    """
    if isinstance(estimand, Contrast):
        found = paired(campaign, estimand.terms, estimand.score)
        return (found.estimate, tuple(found.per_seed)) if found else None
    campaign = campaign.converged
    seeds = common_seeds(campaign, estimand.arms, estimand.score)
    if not seeds or not all(map(campaign.runs.get, estimand.arms)):
        return None
    best = estimand.over(campaign, seeds)
    if len(seeds) < 2 and not all(map(campaign.is_fill, estimand.arms)):
        return _without_interval(best), seeds
    return best, seeds
