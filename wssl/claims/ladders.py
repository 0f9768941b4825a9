"""How scores and contrasts depend on scale: budgets, widths, holes and sizes, rung by rung."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from wssl.claims.campaign import NARROW, Arm, Campaign, Design
from wssl.claims.estimands import Score
from wssl.paper import BEST
from wssl.records.store import Record

BUDGETS = (0.25, 1.0, 4.0, 16.0)
"""Steps of the inpainting phase, in multiples of the registered ones."""

WIDTHS = (8, 16, 32)
"""Channels of the first block."""

ENCODERS = ("frozen", "random", "finetuned", "scratch")

CONTRASTS = (("frozen", "random"), ("frozen", "scratch"), ("finetuned", "scratch"))
"""The contrasts that are followed along a ladder."""


@dataclass(frozen=True)
class Rung:
    """One scale, with the paper's best configuration and its controls.

    Attributes
    ----------
    label : str
    campaign : Campaign
        The records at this scale.
    width : str
        As in `Arm`.
    budget : float
    """

    label: str
    campaign: Campaign
    width: str
    budget: float = 1.0

    def arm(self, encoder: str) -> Arm:
        """The arm with a policy of the encoder.

        Parameters
        ----------
        encoder : str
            One of `ENCODERS`.
        """
        weights = BEST if encoder in ("frozen", "finetuned") else {}
        return Arm(weights, encoder, width=self.width, budget=self.budget)

    @property
    def runs(self) -> int:
        """The number of recorded runs at this scale."""
        return sum(len(self.campaign.runs.get(self.arm(name), {})) for name in ENCODERS)


def ladders(records: Iterable[Record], design: Design | None = None) -> dict[str, tuple[Rung, ...]]:
    """The rungs of each ladder, by the setting that changes along it.

    Parameters
    ----------
    records : iterable of dict
        Of the registered campaign.
    design : Design, optional

    Returns
    -------
    dict of str to tuple of Rung
        ``budget``, ``width``, ``holes`` and ``size``. A rung without records has none.
    """
    records = list(records)
    design = design or Design()
    own = Campaign(records, design)
    others = {
        "holes": Campaign(records, replace(design, recipe="medium")),
        "size": Campaign(records, replace(design, size=2 * design.size)),
    }
    return {
        "budget": tuple(Rung(f"{b:g}x", own, NARROW, b) for b in BUDGETS),
        "width": tuple(Rung(str(w), own, design.width_of(w)) for w in WIDTHS),
        "holes": (
            Rung("dense", own, NARROW),
            Rung("wide", others["holes"], NARROW),
        ),
        "size": (
            Rung(f"{design.size} px", own, NARROW),
            Rung(f"{2 * design.size} px", others["size"], NARROW),
        ),
    }


def contrasted(rungs: Iterable[Rung]) -> list[Rung]:
    """The rungs that have runs of both arms of one of `CONTRASTS`.

    Parameters
    ----------
    rungs : iterable of Rung
    """
    return [
        rung
        for rung in rungs
        if any(all(rung.campaign.runs.get(rung.arm(name)) for name in pair) for pair in CONTRASTS)
    ]


def varied(rungs: Iterable[Rung]) -> bool:
    """Whether a ladder has contrasts at two or more of its rungs.

    Parameters
    ----------
    rungs : iterable of Rung
    """
    return len(contrasted(rungs)) > 1


@dataclass(frozen=True)
class LogFit:
    """A straight line of a score against the logarithm of the number of steps.

    Attributes
    ----------
    level, slope : float
        At 1x, and per doubling of the steps.
    covariance : numpy.ndarray of float, (2, 2)
        Of these two.
    freedom : int
        Degrees of freedom of the residual; the covariance is NaN without any.
    curvature : float
        The p value of no curvature, from a parabola through the same points; NaN without a degree
        of freedom left.
    """

    level: float
    slope: float
    covariance: np.ndarray
    freedom: int
    curvature: float = float("nan")

    def at(self, budget: float) -> tuple[float, float, float]:
        """The expected score with a budget, and its 95 % interval.

        Parameters
        ----------
        budget : float
            In multiples of 1x.

        Returns
        -------
        value, low, high : float
        """
        place = np.array([1.0, np.log2(budget)])
        value = float(place @ [self.level, self.slope])
        error = float(np.sqrt(place @ self.covariance @ place))
        half = float(stats.t.ppf(0.975, max(self.freedom, 1))) * error
        return value, value - half, value + half

    def crossing(self, score: float, draws: int = 20_000) -> tuple[float, float, float]:
        """The budget with which the line reaches a score, and its 95 % interval.

        Parameters
        ----------
        score : float
        draws : int
            Of the line's two parameters, from their joint t distribution.

        Returns
        -------
        budget, low, high : float
            In multiples of 1x; infinite where a line does not rise.
        """
        if not np.isfinite(self.covariance).all():
            drawn = np.array([[self.level, self.slope]])
        else:
            rng = np.random.default_rng(0)
            scale = np.sqrt(self.freedom / rng.chisquare(self.freedom, draws))
            normal = rng.multivariate_normal(np.zeros(2), self.covariance, draws)
            drawn = [self.level, self.slope] + normal * scale[:, None]
        doublings = np.where(
            drawn[:, 1] > 0, (score - drawn[:, 0]) / np.maximum(drawn[:, 1], 1e-12), np.inf
        )
        low, high = np.quantile(doublings, [0.025, 0.975], method="inverted_cdf")
        best = (score - self.level) / self.slope if self.slope > 0 else np.inf
        with np.errstate(over="ignore"):
            return float(np.exp2(best)), float(np.exp2(low)), float(np.exp2(high))


def log_fit(rungs: Sequence[Rung], encoder: str, score: Score) -> LogFit | None:
    """Fit the scores of one configuration along a ladder of budgets; seeds are blocks.

    Parameters
    ----------
    rungs : sequence of Rung
    encoder : str
    score : Score

    Returns
    -------
    LogFit or None
        None with fewer than three budgets, on which a straight line could not be told from another
        curve, or where no seed has two of them.
    """
    cells = [
        (np.log2(rung.budget), seed, score(rung.campaign, rung.arm(encoder), seed))
        for rung in rungs
        for seed in sorted(rung.campaign.converged.runs.get(rung.arm(encoder), {}))
    ]
    cells = [cell for cell in cells if np.isfinite(cell[2])]
    if len({budget for budget, *_ in cells}) < 3:
        return None
    x, seeds, y = (np.array(column, dtype=float) for column in zip(*cells, strict=True))
    blocks = (seeds[:, None] == np.unique(seeds)).astype(float)
    columns = np.column_stack([blocks, x])
    if not _has_full_rank(columns):
        return None
    found, covariance, freedom = _least_squares(columns, y)
    mean = np.zeros((2, columns.shape[1]))
    mean[0, :-1], mean[1, -1] = 1 / blocks.shape[1], 1.0
    level, slope = mean @ found
    bend = _p_of_last(np.column_stack([columns, x**2]), y)
    return LogFit(float(level), float(slope), mean @ covariance @ mean.T, freedom, bend)


def _least_squares(columns: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The coefficients of independent columns, their covariance, NaN without freedom, and this."""
    found, *_ = np.linalg.lstsq(columns, y, rcond=None)
    freedom = len(y) - columns.shape[1]
    residual = y - columns @ found
    variance = float(residual @ residual) / freedom if freedom > 0 else float("nan")
    return found, variance * np.linalg.pinv(columns.T @ columns), freedom


def _p_of_last(columns: np.ndarray, y: np.ndarray) -> float:
    """The p value of no effect of the last column; NaN without freedom, or if others imply it."""
    if not _has_full_rank(columns):
        return float("nan")
    found, covariance, freedom = _least_squares(columns, y)
    if freedom < 1:
        return float("nan")
    error = np.sqrt(covariance[-1, -1])
    return float(2 * stats.t.sf(abs(found[-1]) / error, freedom)) if error else 0.0


def _has_full_rank(columns: np.ndarray) -> bool:
    return int(np.linalg.matrix_rank(columns)) == columns.shape[1]
