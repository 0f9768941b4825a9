"""Estimands of claims, quantities that are positive if a claim is true, and their estimators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from scipy import special, stats

from wssl.checks.names import unknown_name_error
from wssl.claims.campaign import Arm, Campaign, at_width
from wssl.claims.statistics import (
    BestAgainstBest,
    BlockAnalysis,
    Effect,
    Estimate,
    bootstrap_groups,
    bootstrap_images,
    contrast,
    moderated,
    two_level,
)
from wssl.records.fields import PER_IMAGE

Unit = Literal["ratio", "dB", "points", "SD", "SD ratio", "share", "yield"]
"""Of an effect.

``ratio`` is the logarithm of a ratio of dissimilarities (1 - SSIM and its like), which is reported
in per cent; ``SD`` a standard deviation of such logarithms; ``SD ratio`` the logarithm of a ratio
of standard deviations; ``points`` a difference of SSIM; ``share`` and ``yield`` a difference of
shares.
"""

MARGIN_RATIO, MARGIN_DB = float(np.log(1.05)), 0.2

RANGE_OF_FIVE = 2.326
"""The expected range of five normal values, in standard deviations."""

MARGINS: dict[Unit, float] = {
    "ratio": MARGIN_RATIO,
    "dB": MARGIN_DB,
    "points": 0.005,
    "SD": MARGIN_RATIO / RANGE_OF_FIVE,
    "SD ratio": float(np.log(1.25)),
    "share": 0.05,
    "yield": 0.02,
}
"""The smallest effect of interest, by unit.

Of 1 - SSIM: 5 per cent. The smallest differences from which the paper's text draws a conclusion
are those of two against one task (20 %), three against two (16 %), and the mixed against the SSIM
loss (17 %); a third of them still matters. Smaller ones, as between the paper's best double and its
best triple weighting (2 %), would take some thirty seeds per arm.

In dB: 0.2, because 0.2 dB are 5 per cent of a squared error. Of 0.005 SSIM points: 5 per cent of a
dissimilarity of 0.1. Between weightings: the standard deviation at which the best and the worst of
five are expected to differ by 5 per cent. Ratios of standard deviations: 1.25. Shares: a twentieth;
of masks that a filter passes, 2 per cent.
"""


@dataclass(frozen=True)
class Score:
    """A number of each run, higher is better.

    Attributes
    ----------
    metric : str
        One of `wssl.records.fields.PER_IMAGE`, such as ``"ssim"``, ``"psnr_hole"`` or ``"gmsd"``.
        Similarities s enter as -log(1 - s), distances d as -log(d), of the mean over all test
        images, so that a difference of two scores is the logarithm of a ratio. PSNR is in dB.
    unseen : bool
        Whether the score is that on the design's unseen images.
    drop : bool
        Whether it is the score on unseen images minus that on the run's own test images.
    points : bool
        Whether a similarity enters as it is.
    reversed : bool
        Whether the score is negated, so that the best is the worst.

    Raises
    ------
    ValueError
        If records do not keep the metric for each image, which an interval requires.
    """

    metric: str = "ssim"
    unseen: bool = False
    drop: bool = False
    points: bool = False
    reversed: bool = False

    def __post_init__(self) -> None:
        if self.metric not in PER_IMAGE:
            raise unknown_name_error("metric of each image", self.metric, [*PER_IMAGE])

    @property
    def unit(self) -> Unit:
        """Of a difference of two scores."""
        psnr = self.metric.startswith("psnr")
        return "dB" if psnr else "points" if self.points else "ratio"

    @property
    def logarithm(self) -> bool:
        """Whether the score is the logarithm of a mean."""
        return self.unit == "ratio"

    def __call__(self, campaign: Campaign, arm: Arm, seed: int) -> float:
        """The score of the run of an arm with a seed; NaN if it is not recorded."""
        if self.drop:
            parts = (replace(self, drop=False, unseen=unseen) for unseen in (True, False))
            there, here = (part(campaign, arm, seed) for part in parts)
            return there - here
        record = self._record(campaign, arm, seed)
        value = record["metrics"].get(self.metric) if record else None
        return float("nan") if value is None else float(self._scaled(np.array(float(value))))

    def _scaled(self, means: np.ndarray) -> np.ndarray:
        scaled = -np.log(self.dissimilarity(means)) if self.logarithm else means
        return -scaled if self.reversed else scaled

    def dissimilarity(self, values: np.ndarray) -> np.ndarray:
        """The argument of the logarithm: one minus a similarity, or a distance."""
        return 1 - values if "ssim" in self.metric else values

    def _record(self, campaign: Campaign, arm: Arm, seed: int) -> Mapping[str, Any] | None:
        if self.unseen:
            return campaign.evaluation(arm, seed, dataset=campaign.design.unseen)
        return campaign.run(arm, seed)

    def drawn(
        self,
        campaign: Campaign,
        arm: Arm,
        seeds: Sequence[int],
        groups: tuple[str, ...] | None = None,
    ) -> tuple[np.ndarray, int]:
        """The mean score over seeds on bootstrap test sets, and the number of test images.

        Test sets are the same for all arms, and others for unseen images than for the run's own.
        With the group of each unseen image, groups are drawn in place of unseen images and counted.
        """
        if self.drop:
            (there, m), (here, n) = (
                replace(self, drop=False, unseen=unseen).drawn(campaign, arm, seeds, groups)
                for unseen in (True, False)
            )
            return there - here, min(m, n)
        groups = groups if self.unseen else None
        known = campaign.draws.get((self, arm, tuple(seeds), groups))
        if known is None:
            records = [self._record(campaign, arm, seed) for seed in seeds]
            table = np.array([r["per_image"][self.metric] for r in records if r], dtype=float)
            sign = -1.0 if self.logarithm != self.reversed else 1.0
            values = self.dissimilarity(table) if self.logarithm else table
            draw: dict[str, Any] = {"logarithm": self.logarithm, "seed": int(self.unseen)}
            if groups is None:
                known = sign * bootstrap_images(values, **draw), table.shape[1]
            else:
                known = sign * bootstrap_groups(values, groups, **draw), len(set(groups))
            campaign.draws[self, arm, tuple(seeds), groups] = known
        return known


SSIM, PSNR = Score(), Score("psnr")

RecordKind = Literal["run", "unseen", "pretext", "own", "masks"]
"""Of a record that an estimand needs, made from the run of an arm with a seed.

``run`` is the run itself; ``unseen`` its evaluation on the design's unseen images; ``pretext`` its
pretext phase; ``own`` its evaluation on its own test images; ``masks`` its evaluation on all masks
of the published recipe.
"""

Needed = tuple[RecordKind, Arm, int, Score | None]
"""A kind of record, an arm, a seed, and a score that the record must contain.

The kinds ``run`` and ``unseen`` need a score; with the others it is None.
"""


class Estimand(Protocol):
    """A quantity that is above zero if a claim is true."""

    @property
    def unit(self) -> Unit:
        """Of the quantity."""

    def needs(self, campaign: Campaign) -> list[Needed]:
        """The records that were registered for it."""

    def estimate(self, campaign: Campaign) -> Effect:
        """The estimate from these records."""


def _seeds(campaign: Campaign, many: bool) -> tuple[int, ...]:
    return campaign.design.many if many else campaign.design.few


def _needs(arms: Sequence[Arm], campaign: Campaign, many: bool, score: Score) -> list[Needed]:
    return [("run", arm, seed, score) for arm in arms for seed in _seeds(campaign, many)]


def linear(
    campaign: Campaign,
    terms: Sequence[tuple[float, Arm]],
    score: Score,
    seeds: Sequence[int],
    *,
    pooled: bool = False,
    own: bool = False,
    groups: tuple[str, ...] | None = None,
) -> Estimate:
    """A linear contrast of arms with common seeds, for new seeds and new images.

    Parameters
    ----------
    campaign : Campaign
    terms : sequence of (float, Arm)
        Coefficients that add to zero.
    score : Score
    seeds : sequence of int
    pooled : bool
        Whether the variance is that of the arms' classes alone. Else it is moderated: the variance
        of the contrasts per seed, shrunk towards that of the classes.
    own : bool
        Whether the variance is that of the contrasts per seed alone, as in Student's t.
    groups : tuple of str, optional
        The group of each unseen image, for an interval for new groups in place of new images.

    Returns
    -------
    Estimate
    """
    per_seed = [sum(c * score(campaign, arm, seed) for c, arm in terms) for seed in seeds]
    nothing = float("nan"), 0.0, 0.0
    variance, free_pooled, free = nothing if own else campaign.prior(terms, score)
    if pooled and np.isfinite(variance):
        error = float(np.sqrt(variance / len(per_seed)))
        over_seeds = Estimate(float(np.mean(per_seed)), error, free_pooled)
    else:
        over_seeds = moderated(per_seed, variance, free)
    found = [(c, *score.drawn(campaign, arm, seeds, groups)) for c, arm in terms]
    drawn = np.sum([c * draws for c, draws, _ in found], axis=0)
    return two_level(over_seeds, drawn, min(images for *_, images in found))


@dataclass(frozen=True)
class Contrast:
    """A linear contrast of arms over common seeds.

    Attributes
    ----------
    terms : tuple of (float, Arm)
        Coefficients that add to zero.
    score : Score
    many : bool
        Whether the registered seeds are those of the controls.
    """

    terms: tuple[tuple[float, Arm], ...]
    score: Score = SSIM
    many: bool = False

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Of the terms."""
        return tuple(arm for _, arm in self.terms)

    @property
    def unit(self) -> Unit:
        """Of the score."""
        return self.score.unit

    def needs(self, campaign: Campaign) -> list[Needed]:
        """A run, or an evaluation on unseen images, of each arm and seed."""
        found = _needs(self.arms, campaign, self.many, SSIM if self.score.unseen else self.score)
        if self.score.unseen:
            found += [("unseen", arm, seed, self.score) for _, arm, seed, _ in found]
        return found

    def estimate(self, campaign: Campaign) -> Effect:
        """Over new seeds and new images."""
        return linear(campaign, self.terms, self.score, _seeds(campaign, self.many))


def difference(first: Arm, second: Arm, score: Score = SSIM, *, many: bool = False) -> Contrast:
    """The score of one arm minus that of another.

    Parameters
    ----------
    first, second : Arm
    score : Score
    many : bool
        As in `Contrast`.
    """
    return Contrast(((1.0, first), (-1.0, second)), score, many)


def means(first: Sequence[Arm], second: Sequence[Arm], score: Score = SSIM) -> Contrast:
    """The mean score of some arms minus that of others.

    Parameters
    ----------
    first, second : sequence of Arm
    score : Score
    """
    return Contrast(
        (
            *((1 / len(first), arm) for arm in first),
            *((-1 / len(second), arm) for arm in second),
        ),
        score,
    )


def trend(arms: Sequence[Arm], weights: Sequence[float], score: Score = SSIM) -> Contrast:
    """The change of the score from the least to the greatest of some weights: a linear trend.

    Parameters
    ----------
    arms : sequence of Arm
    weights : sequence of float
        Of each arm.
    score : Score
    """
    centred = np.array(weights) - np.mean(weights)
    slopes = (max(weights) - min(weights)) * centred / (centred**2).sum()
    return Contrast(tuple(zip(slopes.tolist(), arms, strict=True)), score)


@dataclass(frozen=True)
class Best:
    """The best of some arms minus the best of others.

    Attributes
    ----------
    first, others : tuple of Arm
    score : Score
    many : bool
        Whether the registered seeds are those of the controls.
    pooled : bool
        Whether the variance of a pair is that of its classes alone. In a selection among many arms
        it is: of dozens of variances with two degrees of freedom each the smallest would decide.
        And it is for a class of two arms, whose variance is not known better by moderating it with
        itself.
    """

    first: tuple[Arm, ...]
    others: tuple[Arm, ...]
    score: Score = SSIM
    many: bool = False
    pooled: bool = False

    @property
    def arms(self) -> tuple[Arm, ...]:
        """All of them."""
        return *self.first, *self.others

    @property
    def unit(self) -> Unit:
        """Of the score."""
        return self.score.unit

    def needs(self, campaign: Campaign) -> list[Needed]:
        """A run of each arm and seed; of a classical fill one."""
        found = _needs(self.arms, campaign, self.many, self.score)
        fixed = dict.fromkeys((k, a, 0, s) for k, a, _, s in found if campaign.is_fill(a))
        return [*(need for need in found if not campaign.is_fill(need[1])), *fixed]

    def estimate(self, campaign: Campaign) -> BestAgainstBest:
        """Over the registered seeds, which all arms share."""
        return self.over(campaign, _seeds(campaign, self.many))

    def over(
        self, campaign: Campaign, seeds: Sequence[int], *, own: bool = False
    ) -> BestAgainstBest:
        """Over some seeds, which all arms must share.

        Parameters
        ----------
        campaign : Campaign
        seeds : sequence of int
        own : bool
            As in `linear`.
        """
        rows = (
            tuple(
                linear(
                    campaign,
                    ((1.0, a), (-1.0, b)),
                    self.score,
                    seeds,
                    pooled=self.pooled and not own,
                    own=own,
                )
                for b in self.others
            )
            for a in self.first
        )
        return BestAgainstBest(tuple(rows))


@dataclass(frozen=True)
class SpreadOfWeightings:
    """The standard deviation of the score between weightings of the same tasks.

    Attributes
    ----------
    sets : tuple of tuple of Arm
    """

    sets: tuple[tuple[Arm, ...], ...]

    unit: Unit = "SD"

    def needs(self, campaign: Campaign) -> list[Needed]:
        """A run of each arm and seed."""
        return _needs([arm for arms in self.sets for arm in arms], campaign, False, SSIM)

    def estimate(self, campaign: Campaign) -> BlockAnalysis:
        """From a randomised-block analysis."""
        seeds = campaign.design.few
        arms = [(number, arm) for number, of_set in enumerate(self.sets) for arm in of_set]
        table = np.array([[SSIM(campaign, arm, seed) for seed in seeds] for _, arm in arms])
        variances = tuple(campaign.variance(SSIM, campaign.noise(arm))[0] for _, arm in arms)
        return BlockAnalysis(table, tuple(number for number, _ in arms), variances)


@dataclass(frozen=True)
class SpreadByTasks:
    """The paper's steadiness: the spread over weightings falls with the number of tasks.

    The logarithm of the ratio of standard deviations over weightings, of one against two and of two
    against three tasks; the lesser of the two counts. The expected logarithm of the standard
    deviation of few normal values is below that of many, which is corrected for.

    Attributes
    ----------
    groups : tuple of tuple of Arm
        The weightings of one, two and three tasks.
    """

    groups: tuple[tuple[Arm, ...], ...]

    unit: Unit = "SD ratio"

    def needs(self, campaign: Campaign) -> list[Needed]:
        """A run of each arm and seed."""
        return _needs([arm for arms in self.groups for arm in arms], campaign, False, SSIM)

    def estimate(self, campaign: Campaign) -> BestAgainstBest:
        """Each seed is a repetition of the paper's single one.

        Its variance is shrunk towards that of normal values.
        """
        spreads = {
            seed: [
                _log_deviation([SSIM(campaign, arm, seed) for arm in arms]) for arms in self.groups
            ]
            for seed in campaign.design.few
        }
        parts = []
        for place in range(len(self.groups) - 1):
            values = [found[place] - found[place + 1] for found in spreads.values()]
            variance = sum(
                float(special.polygamma(1, (len(self.groups[i]) - 1) / 2)) / 4
                for i in (place, place + 1)
            )
            parts.append(moderated(values, variance, 4.0))
        return BestAgainstBest((tuple(parts),))


def _log_deviation(values: Sequence[float]) -> float:
    half = (len(values) - 1) / 2
    return float(np.log(np.std(values, ddof=1)) - (special.digamma(half) - np.log(half)) / 2)


@dataclass(frozen=True)
class SpreadOverSeeds:
    """Our steadiness: runs of some arms scatter more over seeds than those of others.

    Attributes
    ----------
    first, second : tuple of Arm
    """

    first: tuple[Arm, ...]
    second: tuple[Arm, ...]

    unit: Unit = "SD ratio"

    def needs(self, campaign: Campaign) -> list[Needed]:
        """A run of each arm and seed."""
        return _needs((*self.first, *self.second), campaign, False, SSIM)

    def estimate(self, campaign: Campaign) -> Estimate:
        """The logarithm of the ratio of standard deviations, each a geometric mean over arms.

        The arms are the repetitions (Welch's contrast), so that neither normal values nor equal
        variances within a group are presupposed.
        """
        logarithms = [
            [
                float(np.log(np.std([SSIM(campaign, arm, seed) for seed in seeds], ddof=1)))
                for arm in arms
            ]
            for arms in (self.first, self.second)
            for seeds in (campaign.design.few,)
        ]
        return contrast(logarithms, (1.0, -1.0))


@dataclass(frozen=True)
class WhereLearned:
    """A contrast of two arms over the seeds whose pretext phases learned all their tasks.

    Attributes
    ----------
    first, second : Arm
    many : bool
        Whether the registered seeds are those of the controls.
    """

    first: Arm
    second: Arm
    many: bool = True

    unit: Unit = "ratio"

    def needs(self, campaign: Campaign) -> list[Needed]:
        """A run of each arm and seed, and the first arm's pretext phases."""
        seeds = _seeds(campaign, self.many)
        return [
            *_needs((self.first, self.second), campaign, self.many, SSIM),
            *(("pretext", self.first, seed, None) for seed in seeds),
        ]

    def estimate(self, campaign: Campaign) -> Estimate:
        """Without error and freedom if fewer than two phases learned their tasks."""
        learned = []
        for seed in _seeds(campaign, self.many):
            phase = campaign.pretext(self.first, seed)
            if phase is not None and all(phase["learned"].values()):
                learned.append(seed)
        if len(learned) < 2:
            return Estimate(float("nan"), float("nan"), float("nan"))
        return linear(campaign, ((1.0, self.first), (-1.0, self.second)), SSIM, learned)


@dataclass(frozen=True)
class ShareOfTerm:
    """The share of log-cosh in the gradient of the mixed loss at the end, less a quarter.

    Attributes
    ----------
    arm : Arm
    """

    arm: Arm

    unit: Unit = "share"

    def needs(self, campaign: Campaign) -> list[Needed]:
        """An evaluation of each run on its own test images, and on no others."""
        return [("own", self.arm, seed, None) for seed in campaign.design.few]

    def estimate(self, campaign: Campaign) -> Estimate:
        """One value per run."""
        shares = []
        for seed in campaign.design.few:
            record = campaign.evaluation(self.arm, seed)
            assert record is not None
            terms = record["terms"]
            pixels, structure = 0.84 * terms["gradient_log_cosh"], 0.16 * terms["gradient_ssim"]
            shares.append(pixels / (pixels + structure) - 0.25)
        return moderated(shares)


@dataclass(frozen=True)
class LevelsOfSharpness:
    """The accuracy on levels 0.75 and 1, among images that are classified as one of them.

    Less one half, which is chance.

    Attributes
    ----------
    arm : Arm
    """

    arm: Arm

    unit: Unit = "share"

    def needs(self, campaign: Campaign) -> list[Needed]:
        """The pretext phase of each run."""
        return [("pretext", self.arm, seed, None) for seed in campaign.design.few]

    def estimate(self, campaign: Campaign) -> Estimate:
        """One value per phase."""
        shares = []
        for seed in campaign.design.few:
            record = campaign.pretext(self.arm, seed)
            assert record is not None
            block = np.array(record["confusion"]["sharpness"])[2:, 2:]
            shares.append(float(np.trace(block) / block.sum() - 0.5) if block.sum() else 0.0)
        return moderated(shares)


@dataclass(frozen=True)
class Proportion:
    """A share less a bound, from independent trials: Clopper and Pearson's exact inference.

    Attributes
    ----------
    hits, trials : int
    bound : float
    """

    hits: int
    trials: int
    bound: float

    @property
    def value(self) -> float:
        """The share less the bound."""
        return self.hits / self.trials - self.bound

    def p_above(self, bound: float = 0.0) -> float:
        """One-sided p value of the null hypothesis that the value is at most `bound`."""
        share = min(1.0, max(0.0, self.bound + bound))
        return float(stats.binomtest(self.hits, self.trials, share, "greater").pvalue)

    def p_below(self, bound: float = 0.0) -> float:
        """One-sided p value of the null hypothesis that the value is at least `bound`."""
        share = min(1.0, max(0.0, self.bound + bound))
        return float(stats.binomtest(self.hits, self.trials, share, "less").pvalue)

    def lower(self, level: float = 0.025) -> float:
        """The lower confidence bound with an error rate of `level`."""
        low = stats.beta.ppf(level, self.hits, self.trials - self.hits + 1) if self.hits else 0.0
        return float(low) - self.bound

    def upper(self, level: float = 0.025) -> float:
        """The upper confidence bound with an error rate of `level`."""
        missed = self.trials - self.hits
        high = stats.beta.isf(level, self.hits + 1, missed) if missed else 1.0
        return float(high) - self.bound


@dataclass(frozen=True)
class YieldOfMasks:
    """The share of the published recipe's masks that cover 30 to 50 %, less a twentieth.

    Attributes
    ----------
    arm : Arm
        Whose evaluation with these masks is used.
    """

    arm: Arm

    unit: Unit = "yield"

    def needs(self, campaign: Campaign) -> list[Needed]:
        """One evaluation with all masks of the recipe."""
        return [("masks", self.arm, self._seed(campaign), None)]

    def estimate(self, campaign: Campaign) -> Proportion:
        """Each mask is a trial."""
        record = all_masks(campaign, self.arm, self._seed(campaign))
        assert record is not None
        covered = np.array(record["per_image"]["coverage"])
        hits = int(((covered >= 0.3) & (covered <= 0.5)).sum())
        return Proportion(hits, len(covered), 0.05)

    def _seed(self, campaign: Campaign) -> int:
        return 0 if campaign.is_fill(self.arm) else campaign.design.few[0]


def all_masks(campaign: Campaign, arm: Arm, seed: int) -> Mapping[str, Any] | None:
    """The evaluation of a run with the published recipe's masks, whatever they cover.

    Parameters
    ----------
    campaign : Campaign
    arm : Arm
    seed : int
    """
    return campaign.evaluation(arm, seed, recipe="qd-imd", coverage=(0.0, 1.0))


def in_db(estimand: Estimand) -> Contrast | Best | None:
    """The same comparison by PSNR, where it is one of scores by SSIM.

    Parameters
    ----------
    estimand : Estimand
    """
    if not isinstance(estimand, Contrast | Best) or estimand.score.metric != "ssim":
        return None
    return replace(estimand, score=replace(estimand.score, metric="psnr", points=False))


def shown(campaign: Campaign, estimand: Contrast, width: str) -> tuple[Estimate, int] | None:
    """The same contrast at another width, from all common seeds, for display without a verdict.

    Parameters
    ----------
    campaign : Campaign
    estimand : Contrast
    width : str
        As in `Arm`.

    Returns
    -------
    Estimate and int, or None
        The estimate and the number of common seeds; None without a run of each arm.
    """
    terms = [(c, at_width(arm, width)) for c, arm in estimand.terms]
    score = estimand.score
    known = [
        {seed for seed in campaign.runs.get(arm, {}) if np.isfinite(score(campaign, arm, seed))}
        for _, arm in terms
    ]
    seeds = sorted(set.intersection(*known))
    return (linear(campaign, terms, score, seeds), len(seeds)) if seeds else None
