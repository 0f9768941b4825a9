"""What repeated runs say, and how surely: intervals, contrasts, and where the spread comes from."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Mean and half-width of its Student t interval.

    Parameters
    ----------
    values : sequence of float
        One value a seed.
    confidence : float in (0, 1)

    Returns
    -------
    mean, half_width : float
        The half-width is NaN for fewer than two values: one run says nothing of the spread.
    """
    count = len(values)
    mean = float(np.mean(values)) if count else float("nan")
    if count < 2:
        return mean, float("nan")
    spread = float(np.std(values, ddof=1)) / np.sqrt(count)
    return mean, float(stats.t.ppf((1 + confidence) / 2, count - 1) * spread)


@dataclass(frozen=True)
class Estimate:
    """An effect, and how surely it is known.

    Attributes
    ----------
    value : float
    error : float
        Standard error; NaN where nothing was repeated.
    freedom : float
        Degrees of freedom of the error.
    """

    value: float
    error: float
    freedom: float

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Between which values the effect lies."""
        half = float(stats.t.ppf((1 + confidence) / 2, self.freedom) * self.error)
        return self.value - half, self.value + half

    def p_above(self, bound: float = 0.0) -> float:
        """One-sided p value against an effect of at most `bound`."""
        if self.error == 0:
            return float(self.value <= bound)
        return float(stats.t.sf((self.value - bound) / self.error, self.freedom))

    def p_below(self, bound: float = 0.0) -> float:
        """One-sided p value against an effect of at least `bound`."""
        return Estimate(-self.value, self.error, self.freedom).p_above(-bound)


def contrast(groups: Sequence[Sequence[float]], coefficients: Sequence[float]) -> Estimate:
    """A weighted sum of the means of groups whose spreads may differ.

    Standard error and degrees of freedom are Welch's and Satterthwaite's (doi:10.2307/3002019).

    Parameters
    ----------
    groups : sequence of sequence of float
        Repeated, independent values.
    coefficients : sequence of float
        One a group.

    Returns
    -------
    Estimate
        Its error is NaN if a group has fewer than two values.
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


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for their number, by Holm's step-down method (jstor:4615733).

    Parameters
    ----------
    p_values : sequence of float
        NaN stands for a test that could not be made, and does not count.

    Returns
    -------
    list of float
        In the order given; NaN where it was given.
    """
    values = np.asarray(p_values, dtype=float)
    order = [i for i in np.argsort(values) if not np.isnan(values[i])]
    adjusted = np.full(len(values), np.nan)
    reached = 0.0
    for rank, i in enumerate(order):
        reached = max(reached, min(1.0, float((len(order) - rank) * values[i])))
        adjusted[i] = reached
    return [float(value) for value in adjusted]


def smallest_difference(
    spread: float, repeats: int, power: float = 0.8, level: float = 0.05
) -> float:
    """The difference of two means that a two-sided t test would find with the given power.

    Parameters
    ----------
    spread : float
        Standard deviation of one run.
    repeats : int
        Runs in each of the two groups, at least 2.
    power, level : float in (0, 1)

    Returns
    -------
    float
        In the unit of `spread`.
    """
    freedom = 2 * repeats - 2
    critical = stats.t.ppf(1 - level / 2, freedom)

    def missing(shift: float) -> float:
        return float(stats.nct.sf(critical, freedom, shift)) - power

    return spread * float(optimize.brentq(missing, 0.0, 20.0)) * float(np.sqrt(2 / repeats))


def variance_components(
    values: Sequence[float],
    fixed: Sequence[Hashable],
    factors: Mapping[str, Sequence[Hashable]],
) -> dict[str, float]:
    """How much each random factor adds to the spread of values: a mixed model by moments.

    Each sum of squares, sequential in the order of the factors, is set equal to its expectation
    (Henderson's method I, doi:10.2307/3001853), which needs neither balance nor normality.

    Parameters
    ----------
    values : sequence of float
    fixed : sequence
        The level of each value whose mean is not counted as spread.
    factors : mapping of str to sequence
        The level of each value in each random factor, the coarser ones first; a level of a nested
        factor has a label of its own.

    Returns
    -------
    dict of str to float
        The standard deviation that each factor adds, and ``residual``; 0 where the moments give a
        negative variance, NaN where the values leave no freedom to estimate the residual.
    """
    y = np.asarray(values, dtype=float)
    designs = {name: _indicators(levels) for name, levels in factors.items()}
    covariances = [*(z @ z.T for z in designs.values()), np.eye(len(y))]
    reached = _projection(_indicators(fixed))
    columns = _indicators(fixed)
    squares, expectations = [], []
    for design in (*designs.values(), np.eye(len(y))):
        columns = np.hstack([columns, design])
        wider = _projection(columns)
        form = wider - reached
        squares.append(y @ form @ y)
        expectations.append([np.trace(form @ covariance) for covariance in covariances])
        reached = wider
    names = [*designs, "residual"]
    if abs(expectations[-1][-1]) < 0.5:
        return dict.fromkeys(names, float("nan"))
    variances = np.linalg.lstsq(np.array(expectations), np.array(squares), rcond=None)[0]
    return {name: float(np.sqrt(max(v, 0.0))) for name, v in zip(names, variances, strict=True)}


def _indicators(levels: Sequence[Hashable]) -> np.ndarray:
    known = list(dict.fromkeys(levels))
    return np.array([[float(level == other) for other in known] for level in levels])


def _projection(columns: np.ndarray) -> np.ndarray:
    return columns @ np.linalg.pinv(columns)
