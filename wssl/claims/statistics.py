"""Inference from repeated runs: contrasts, blocks, selection, equivalence and multiplicity."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
from scipy import optimize, special, stats


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Mean and half-width of its Student t interval.

    Parameters
    ----------
    values : sequence of float
        One value per seed.
    confidence : float in (0, 1)

    Returns
    -------
    mean, half_width : float
        The half-width is NaN for fewer than two values, since one run does not show the spread.

    Examples
    --------
    >>> mean, half_width = interval([1.0, 2.0, 3.0])
    >>> print(f"{mean:.2f} +- {half_width:.2f}")
    2.00 +- 2.48
    """
    count = len(values)
    mean = float(np.mean(values)) if count else float("nan")
    if count < 2:
        return mean, float("nan")
    spread = float(np.std(values, ddof=1)) / np.sqrt(count)
    return mean, float(stats.t.ppf((1 + confidence) / 2, count - 1) * spread)


class Effect(Protocol):
    """An estimated quantity with one-sided tests and confidence bounds that agree with each other.

    ``p_above(b) <= level`` if and only if ``lower(level) >= b``, and likewise for ``p_below`` and
    ``upper``.
    """

    @property
    def value(self) -> float:
        """The point estimate."""

    def p_above(self, bound: float = 0.0) -> float:
        """One-sided p value of the null hypothesis that the quantity is at most `bound`."""

    def p_below(self, bound: float = 0.0) -> float:
        """One-sided p value of the null hypothesis that the quantity is at least `bound`."""

    def lower(self, level: float = 0.025) -> float:
        """The lower confidence bound with an error rate of `level`."""

    def upper(self, level: float = 0.025) -> float:
        """The upper confidence bound with an error rate of `level`."""


@dataclass(frozen=True)
class Estimate:
    """An effect and its uncertainty.

    Attributes
    ----------
    value : float
    error : float
        Standard error; NaN where nothing was repeated.
    freedom : float
        Degrees of freedom of the error.

    Examples
    --------
    >>> effect = Estimate(0.3, 0.1, 8)
    >>> low, high = effect.interval()
    >>> print(f"{low:.3f} to {high:.3f}, p = {effect.p_above(0.0):.4f}")
    0.069 to 0.531, p = 0.0085
    """

    value: float
    error: float
    freedom: float

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The confidence interval of the effect."""
        half = float(stats.t.ppf((1 + confidence) / 2, self.freedom) * self.error)
        return self.value - half, self.value + half

    def p_above(self, bound: float = 0.0) -> float:
        """One-sided p value against an effect of at most `bound`."""
        if self.error == 0:
            return float(self.value <= bound)
        return float(special.stdtr(self.freedom, (bound - self.value) / self.error))

    def p_below(self, bound: float = 0.0) -> float:
        """One-sided p value against an effect of at least `bound`."""
        return Estimate(-self.value, self.error, self.freedom).p_above(-bound)

    def lower(self, level: float = 0.025) -> float:
        """The lower confidence bound with an error rate of `level`."""
        return self.value + float(special.stdtrit(self.freedom, level) * self.error)

    def upper(self, level: float = 0.025) -> float:
        """The upper confidence bound with an error rate of `level`."""
        return self.value - float(special.stdtrit(self.freedom, level) * self.error)


def contrast(groups: Sequence[Sequence[float]], coefficients: Sequence[float]) -> Estimate:
    """A weighted sum of the means of groups whose spreads may differ.

    Standard error and degrees of freedom are Welch's and Satterthwaite's (doi:10.2307/3002019).

    Parameters
    ----------
    groups : sequence of sequence of float
        Repeated, independent values.
    coefficients : sequence of float
        One per group.

    Returns
    -------
    Estimate
        Its error is NaN if a group has fewer than two values.

    Examples
    --------
    >>> difference = contrast([[1.0, 2.0, 3.0], [2.0, 4.0]], [1, -1])
    >>> print(f"{difference.value:.2f} with error {difference.error:.2f}")
    -1.00 with error 1.15
    """
    value = sum(c * float(np.mean(g)) for c, g in zip(coefficients, groups, strict=True))
    if any(len(group) < 2 for group in groups):
        return Estimate(value, float("nan"), float("nan"))
    parts = np.array(
        [c**2 * np.var(g, ddof=1) / len(g) for c, g in zip(coefficients, groups, strict=True)]
    )
    freedoms = np.array([len(group) - 1 for group in groups])
    total = float(parts.sum())
    if total == 0:
        return Estimate(value, 0.0, float(freedoms.sum()))
    return Estimate(value, total**0.5, total**2 / float((parts**2 / freedoms).sum()))


@dataclass(frozen=True)
class Paired:
    """A contrast of two arms over the seeds that they share.

    Attributes
    ----------
    estimate : Estimate
        Of the first arm minus the second.
    pairs : int
        The number of seeds in common; 0 if the arms share none, where the estimate is Welch's.
    """

    estimate: Estimate
    pairs: int


def paired_contrast(first: Mapping[Hashable, float], second: Mapping[Hashable, float]) -> Paired:
    """The mean of one arm minus that of another, from their common seeds.

    Runs of one seed share their initial weights and the order of their images, so their
    difference has a smaller error. Seeds that only one arm has are left out: their own effects
    would shift the contrast. Arms without a common seed are compared by Welch's contrast.

    Parameters
    ----------
    first, second : mapping of hashable to float
        A value by its seed.

    Returns
    -------
    Paired

    Examples
    --------
    Seeds 0 to 2 are common to both arms; seed 3 is left out:

    >>> found = paired_contrast({0: 3.0, 1: 5.0, 2: 4.0, 3: 9.0}, {0: 2.0, 1: 3.5, 2: 3.0})
    >>> print(f"{found.estimate.value:.3f} from {found.pairs} pairs")
    1.167 from 3 pairs
    """
    common = [seed for seed in first if seed in second]
    if not common:
        groups = [list(first.values()), list(second.values())]
        return Paired(contrast(groups, (1.0, -1.0)), 0)
    differences = [first[seed] - second[seed] for seed in common]
    return Paired(contrast([differences], (1.0,)), len(common))


def moderated(
    values: Sequence[float], prior_variance: float = float("nan"), prior_freedom: float = 0.0
) -> Estimate:
    """The mean of few values, with a variance shrunk towards that of comparable ones.

    Three or five values determine their own variance poorly. It is averaged with the variance of
    comparable values, each weighted by its degrees of freedom: the moderated t statistic
    (doi:10.2202/1544-6115.1027).

    Parameters
    ----------
    values : sequence of float
        Independent, such as one contrast per seed.
    prior_variance : float
        The variance of one comparable value; NaN if nothing is comparable.
    prior_freedom : float
        The degrees of freedom that it counts for; 0 gives Student's t.

    Returns
    -------
    Estimate
        Its error is NaN if neither repetition nor prior determines the variance.

    Examples
    --------
    The variance is the mean of 1.0 and 0.5, weighted by 2 and 4 degrees of freedom:

    >>> found = moderated([1.0, 2.0, 3.0], prior_variance=0.5, prior_freedom=4.0)
    >>> print(f"{3 * found.error**2:.4f} with {found.freedom:g} degrees of freedom")
    0.6667 with 6 degrees of freedom
    """
    count, own = len(values), len(values) - 1
    if count == 0:
        raise ValueError("values: expected at least one; received none.")
    known = prior_freedom if np.isfinite(prior_variance) else 0.0
    freedom = own + known
    if freedom <= 0:
        return Estimate(float(np.mean(values)), float("nan"), float("nan"))
    squares = float(np.var(values, ddof=1)) * own if own else 0.0
    variance = (squares + (known * prior_variance if known else 0.0)) / freedom
    return Estimate(float(np.mean(values)), float(np.sqrt(variance / count)), float(freedom))


def residual_variance(
    values: Sequence[float], arms: Sequence[Hashable], seeds: Sequence[Hashable]
) -> tuple[float, int]:
    """The variance of runs that is explained by neither arm nor seed (least squares).

    Parameters
    ----------
    values : sequence of float
    arms, seeds : sequence of hashable
        Of each value. Not every arm needs every seed.

    Returns
    -------
    variance : float
        NaN without degrees of freedom.
    freedom : int

    Examples
    --------
    >>> values, arms, seeds = [1.0, 2.0, 4.0, 5.5], ["a", "a", "b", "b"], [0, 1, 0, 1]
    >>> variance, freedom = residual_variance(values, arms, seeds)
    >>> print(f"{variance:.4f} with {freedom} degree of freedom")
    0.0625 with 1 degree of freedom
    """
    y = np.asarray(values, dtype=float)
    columns = np.hstack([_indicators(arms), _indicators(seeds)])
    freedom = len(y) - int(np.linalg.matrix_rank(columns))
    if freedom == 0:
        return float("nan"), 0
    residual = y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
    return float(residual @ residual) / freedom, freedom


@dataclass(frozen=True)
class BestAgainstBest:
    """The best of some arms minus the best of others, where the best arms are not known in advance.

    Multiple comparisons with the best (Edwards and Hsu, J. Am. Stat. Assoc. 78 (1983), 965-971),
    for two sets, from the intervals of comparisons with a control: the lower bound must hold for
    whichever arm of the first set is selected, the upper bound for whichever of the second. With
    one arm in the first set it is the claim that this arm is better than each of the others, an
    intersection-union test without correction (doi:10.2307/1267823). Bonferroni's inequality stands
    for the joint distribution, so that nothing is assumed of the dependence between comparisons.

    Attributes
    ----------
    pairs : tuple of tuple of Effect
        A row for each arm of the first set: it minus each arm of the second.

    Examples
    --------
    One arm compared with two others, of which the second is the better:

    >>> pairs = (Estimate(0.3, 0.1, 8), Estimate(0.2, 0.1, 8))
    >>> BestAgainstBest((pairs,)).value
    0.2
    """

    pairs: tuple[tuple[Effect, ...], ...]

    @cached_property
    def value(self) -> float:
        """The best of the first set minus the best of the second, as estimated."""
        return max(min(pair.value for pair in row) for row in self.pairs)

    @property
    def selected(self) -> tuple[int, int]:
        """The places of the two arms that are compared by `value`."""
        row = max(range(len(self.pairs)), key=lambda i: min(pair.value for pair in self.pairs[i]))
        return row, min(range(len(self.pairs[row])), key=lambda j: self.pairs[row][j].value)

    def p_above(self, bound: float = 0.0) -> float:
        """One-sided p value of the null hypothesis that the difference is at most `bound`."""
        best = min(max(pair.p_above(bound) for pair in row) for row in self.pairs)
        return min(1.0, len(self.pairs) * best)

    def p_below(self, bound: float = 0.0) -> float:
        """One-sided p value of the null hypothesis that the difference is at least `bound`."""
        worst = max(min(pair.p_below(bound) for pair in row) for row in self.pairs)
        return min(1.0, len(self.pairs[0]) * worst)

    def lower(self, level: float = 0.025) -> float:
        """The lower confidence bound with an error rate of `level`."""
        each = level / len(self.pairs)
        return max(min(pair.lower(each) for pair in row) for row in self.pairs)

    def upper(self, level: float = 0.025) -> float:
        """The upper confidence bound with an error rate of `level`."""
        each = level / len(self.pairs[0])
        return max(min(pair.upper(each) for pair in row) for row in self.pairs)


@dataclass(frozen=True)
class BlockAnalysis:
    """Whether arms that were all run with the same seeds differ: randomised complete blocks.

    Attributes
    ----------
    table : numpy.ndarray of float, (arms, seeds)
    sets : tuple of hashable
        The set of each arm. Arms are compared within their sets only; all share the seeds.
    variances : tuple of float
        The residual variance of each arm, where arms are known to differ in it: both numbers of
        degrees of freedom are reduced for it (Box, Ann. Math. Stat. 25 (1954), 290-302).
    permutations : int
    seed : int
        Of the permutations.

    Examples
    --------
    >>> found = BlockAnalysis(np.array([[1.0, 2.0, 3.0], [2.0, 3.1, 4.0]]), sets=(0, 0))
    >>> print(f"{found.value:.2f}, from F = {found.ratio:.0f}")
    0.73, from F = 961
    """

    table: np.ndarray
    sets: tuple[Hashable, ...]
    variances: tuple[float, ...] = (1.0,)
    permutations: int = 9999
    seed: int = 0

    @cached_property
    def freedom(self) -> tuple[int, int]:
        """Degrees of freedom between arms of the same set, and of the residual."""
        arms, seeds = self.table.shape
        return arms - len(set(self.sets)), (arms - 1) * (seeds - 1)

    @cached_property
    def _effective(self) -> tuple[float, float]:
        known = np.array(self.variances)
        share = float(known.mean() ** 2 / (known**2).mean())
        return self.freedom[0] * share, self.freedom[1] * share

    @cached_property
    def noise(self) -> float:
        """The residual mean square."""
        table = self.table
        residual = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
        return float((residual**2).sum()) / self.freedom[1]

    @cached_property
    def ratio(self) -> float:
        """F: the mean square between arms of the same set by the residual one."""
        return float(self._between(self.table)) / self.freedom[0] / self.noise

    def _between(self, tables: np.ndarray) -> np.ndarray:
        """Sums of squares between arms of the same set, of tables (..., arms, seeds)."""
        means = tables.mean(axis=-1)
        total = np.zeros(means.shape[:-1])
        for name in dict.fromkeys(self.sets):
            of_set = means[..., [i for i, other in enumerate(self.sets) if other == name]]
            total += ((of_set - of_set.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
        return self.table.shape[1] * total

    @cached_property
    def p_permutation(self) -> float:
        """P value of no difference, from permutations of the arms of a set within each seed."""
        rng = np.random.default_rng(self.seed)
        keys = rng.random((self.permutations, *self.table.shape))
        for number, name in enumerate(dict.fromkeys(self.sets)):
            rows = [i for i, other in enumerate(self.sets) if other == name]
            keys[:, rows] += number
        by_set = [
            i for name in dict.fromkeys(self.sets) for i, o in enumerate(self.sets) if o == name
        ]
        permuted = np.empty((self.permutations, *self.table.shape))
        permuted[:, by_set] = np.take_along_axis(self.table[None], keys.argsort(axis=1), axis=1)
        reached = self._between(permuted) >= self._between(self.table) * (1 - 1e-12)
        return float(reached.sum() + 1) / (self.permutations + 1)

    @property
    def value(self) -> float:
        """The standard deviation between the arms of a set, without the part of the residual."""
        between = float(self._between(self.table)) / self.freedom[0]
        return float(np.sqrt(max(0.0, between - self.noise) / self.table.shape[1]))

    def _noncentrality(self, deviation: float) -> float:
        return self._effective[0] * self.table.shape[1] * deviation**2 / self.noise

    def p_above(self, bound: float = 0.0) -> float:
        """One-sided p value of the null hypothesis of a standard deviation of at most `bound`.

        The larger of the F test's and the permutation test's.
        """
        if bound < 0:
            return 0.0
        p = 1.0 - _noncentral_f(self.ratio, *self._effective, self._noncentrality(bound))
        return max(p, self.p_permutation)

    def p_below(self, bound: float = 0.0) -> float:
        """One-sided p value of the null hypothesis of a standard deviation of at least `bound`."""
        if bound <= 0:
            return 1.0
        return _noncentral_f(self.ratio, *self._effective, self._noncentrality(bound))

    def lower(self, level: float = 0.025) -> float:
        """The lower confidence bound with an error rate of `level`."""
        return 0.0 if self.p_above() > level else self._bound(1 - level)

    def upper(self, level: float = 0.025) -> float:
        """The upper confidence bound with an error rate of `level`."""
        return self._bound(level)

    def _bound(self, share: float) -> float:
        """The standard deviation with which F is below the observed one with that probability."""

        def excess(deviation: float) -> float:
            return (
                _noncentral_f(self.ratio, *self._effective, self._noncentrality(deviation)) - share
            )

        if excess(0.0) <= 0:
            return 0.0
        unit = float(np.sqrt(self.noise / self.table.shape[1]))
        high = 4 * unit * float(np.sqrt(self.ratio + 4))
        return float(optimize.brentq(excess, 0.0, high))


def _noncentral_f(value: float, between: float, within: float, noncentrality: float) -> float:
    if noncentrality == 0:
        return float(stats.f.cdf(value, between, within))
    found = float(stats.ncf.cdf(value, between, within, noncentrality))
    if np.isnan(found):  # SciPy's, far in the tail; there Patnaik's approximation is used
        grown = 1 + noncentrality / between
        freedom = (between + noncentrality) ** 2 / (between + 2 * noncentrality)
        found = float(stats.f.cdf(value / grown, freedom, within))
    return found


def bootstrap_images(
    scores: np.ndarray, *, logarithm: bool = False, draws: int = 2000, seed: int = 0
) -> np.ndarray:
    """An arm's mean score on bootstrap samples of its test images.

    Equal numbers of images and equal seeds give the same test sets, so that the draws of two arms
    are paired by image.

    Parameters
    ----------
    scores : numpy.ndarray of float, (seeds, images)
    logarithm : bool
        Whether the score of a run is the logarithm of its mean over the images.
    draws, seed : int

    Returns
    -------
    numpy.ndarray of float, (draws,)
        The mean over the seeds.

    Examples
    --------
    >>> scores = np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]])
    >>> drawn = bootstrap_images(scores, draws=100)
    >>> drawn.shape, bool(1.5 <= drawn.min() <= drawn.max() <= 3.5)
    ((100,), True)
    """
    images = scores.shape[1]
    means = _test_sets(images, draws, seed) @ scores.T / images
    return np.asarray((np.log(means) if logarithm else means).mean(axis=1))


def bootstrap_groups(
    scores: np.ndarray,
    groups: Sequence[str],
    *,
    logarithm: bool = False,
    draws: int = 2000,
    seed: int = 0,
) -> np.ndarray:
    """An arm's mean score on bootstrap samples of groups of its test images: a cluster sample.

    Images of one group may be alike, so that many images of few groups are fewer than they seem.

    Parameters
    ----------
    scores : numpy.ndarray of float, (seeds, images)
    groups : sequence of str
        The group of each image.
    logarithm : bool
        Whether the score of a run is the logarithm of its mean over the images.
    draws, seed : int

    Returns
    -------
    numpy.ndarray of float, (draws,)
        The mean over the seeds.

    Examples
    --------
    Two groups without spread in themselves have three equally likely means:

    >>> scores = np.array([[1.0, 1.0, 3.0, 3.0]])
    >>> sorted(set(bootstrap_groups(scores, ["a", "a", "b", "b"], draws=100).tolist()))
    [1.0, 2.0, 3.0]
    """
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    weights = _test_sets(len(names), draws, seed)[:, place]
    means = weights @ scores.T / weights.sum(axis=1, keepdims=True)
    return np.asarray((np.log(means) if logarithm else means).mean(axis=1))


@lru_cache(maxsize=8)
def _test_sets(images: int, draws: int, seed: int) -> np.ndarray:
    """The multiplicity of each image in each test set, as floats, which multiply fast."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(images, np.full(images, 1 / images), size=draws).astype(float)


def two_level(over_seeds: Estimate, drawn: np.ndarray, images: int) -> Estimate:
    """An effect for new seeds and new images at once: a bootstrap of two crossed levels.

    The variance over images is added to that over seeds, after multiplication by m / (m - 1),
    because a bootstrap of m images underestimates it. The interaction of images and seeds is
    counted in both, so the error is too large rather than too small (doi:10.1214/07-AOAS122).

    Parameters
    ----------
    over_seeds : Estimate
        Of the effect, on the test images as they are.
    drawn : numpy.ndarray of float, (draws,)
        The effect on bootstrap test sets, as from `bootstrap_images`.
    images : int
        The number of test images, at least 2.

    Returns
    -------
    Estimate
        Degrees of freedom by Satterthwaite's formula.

    Examples
    --------
    >>> over_seeds = Estimate(0.3, 0.1, 8)
    >>> both = two_level(over_seeds, np.array([0.2, 0.3, 0.4]), images=10)
    >>> both.value, both.error > over_seeds.error
    (0.3, True)
    """
    of_images = float(np.var(drawn, ddof=1)) * images / (images - 1)
    of_seeds = over_seeds.error**2
    total = of_seeds + of_images
    if not total > 0:
        return Estimate(over_seeds.value, total, over_seeds.freedom)
    parts = of_images**2 / (images - 1)
    if of_seeds:
        parts += of_seeds**2 / over_seeds.freedom
    return Estimate(over_seeds.value, total**0.5, total**2 / parts)


@dataclass(frozen=True)
class Tested:
    """The decision of a multiple test procedure on one hypothesis.

    Attributes
    ----------
    rejected : bool
    level : float
        The error rate at which the hypothesis was rejected, or that it had at the end.
    """

    rejected: bool
    level: float


def graphical(
    p_values: Mapping[str, float],
    weights: Mapping[str, float],
    transitions: Mapping[str, Mapping[str, float]],
    level: float,
) -> dict[str, Tested]:
    """A sequentially rejective test of several hypotheses, described by a graph.

    Each hypothesis starts with its share of the error rate. One that is rejected passes its share
    on along its transitions. Holm's, the fixed-sequence, the fallback and the gatekeeping
    procedures are such graphs. The probability of a false rejection is at most `level`, whatever
    hypotheses are true and however the tests depend on each other (doi:10.1002/sim.3495).

    Parameters
    ----------
    p_values : mapping of str to float
        NaN marks a test that could not be made: its hypothesis is never rejected and keeps its
        share.
    weights : mapping of str to float
        Shares of `level`, not negative, at most 1 together.
    transitions : mapping of str to mapping of str to float
        The parts of its share that a rejected hypothesis passes to others, at most 1 together.
    level : float
        The family-wise error rate.

    Returns
    -------
    dict of str to Tested

    Examples
    --------
    The second hypothesis has no share until the first is rejected:

    >>> found = graphical(
    ...     {"first": 0.01, "second": 0.02},
    ...     weights={"first": 1.0, "second": 0.0},
    ...     transitions={"first": {"second": 1.0}},
    ...     level=0.05,
    ... )
    >>> found["second"]
    Tested(rejected=True, level=0.05)
    """
    names = list(p_values)
    strangers = {*weights, *transitions} - set(names)
    if strangers:
        raise ValueError(
            f"weights, transitions: expected hypotheses that have a p value; received "
            f"{', '.join(sorted(strangers))}."
        )
    w = np.array([weights.get(name, 0.0) for name in names], dtype=float)
    shares = [transitions.get(a, {}).get(b, 0.0) for a in names for b in names]
    g = np.array(shares, dtype=float).reshape(len(names), len(names))
    if w.min(initial=0) < 0 or w.sum() > 1 + 1e-9 or g.sum(axis=1).max(initial=0) > 1 + 1e-9:
        raise ValueError(
            "weights, transitions: expected shares from 0 that make at most 1 together; "
            f"received {w.sum():g} and {g.sum(axis=1).max(initial=0):g}."
        )
    p = np.array([p_values[name] for name in names], dtype=float)
    p = np.where(np.isnan(p), np.inf, p)
    np.fill_diagonal(g, 0.0)
    open_, levels = np.ones(len(names), dtype=bool), np.zeros(len(names))
    while True:
        due = [i for i in np.flatnonzero(open_) if p[i] <= w[i] * level and w[i] > 0]
        if not due:
            break
        first = min(due, key=lambda i: p[i] / w[i])
        open_[first], levels[first] = False, w[first] * level
        w = w + w[first] * g[first]
        returned = g[:, first] * g[first]
        passed = g + np.outer(g[:, first], g[first])
        g = np.divide(
            passed, 1 - returned[:, None], out=np.zeros_like(g), where=returned[:, None] < 1 - 1e-12
        )
        g[:, ~open_], g[~open_] = 0.0, 0.0
        w[~open_] = 0.0
        np.fill_diagonal(g, 0.0)
    levels[open_] = (w * level)[open_]
    return {
        name: Tested(not bool(still), float(reached))
        for name, still, reached in zip(names, open_, levels, strict=True)
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for their number, by Holm's step-down method (jstor:4615733).

    Parameters
    ----------
    p_values : sequence of float
        NaN marks a test that could not be made, which is not counted.

    Returns
    -------
    list of float
        In the order given; NaN where it was given.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=float)
    order = [i for i in np.argsort(values) if not np.isnan(values[i])]
    adjusted = np.full(len(values), np.nan)
    reached = 0.0
    for rank, i in enumerate(order):
        reached = max(reached, min(1.0, float((len(order) - rank) * values[i])))
        adjusted[i] = reached
    return [float(value) for value in adjusted]


def _indicators(levels: Sequence[Hashable]) -> np.ndarray:
    known = list(dict.fromkeys(levels))
    return np.array([[float(level == other) for other in known] for level in levels])


def _projection(columns: np.ndarray) -> np.ndarray:
    return columns @ np.linalg.pinv(columns)
