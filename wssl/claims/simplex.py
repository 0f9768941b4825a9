"""Propose the next weights of the pretext tasks to try, given the scores of earlier ones.

A small Gaussian process (Rasmussen and Williams 2006, chapter 2) stands for the score as a function
of the weights, which are not negative and sum to 1; the next weights are those of the greatest
expected improvement (Jones, Schonlau and Welch 1998, doi:10.1023/A:1008306431147).
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import norm

from wssl.checks.extras import optional_module

Tried = Sequence[tuple[Mapping[str, float], float]]

REPEATABLE = 6
"""The number of scores from which the length and the noise of the process are fitted."""


def lattice(count: int, parts: int) -> np.ndarray:
    """All weights of some tasks that are multiples of ``1 / parts`` and sum to 1.

    Parameters
    ----------
    count : int
        Of the tasks.
    parts : int

    Returns
    -------
    float (points, count)

    Examples
    --------
    >>> lattice(2, 2).tolist()
    [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    """
    grid = np.indices((parts + 1,) * (count - 1)).reshape(count - 1, -1).T
    grid = grid[grid.sum(axis=1) <= parts]
    return np.column_stack([grid, parts - grid.sum(axis=1)]) / parts


def surface(tried: Tried, points: np.ndarray, tasks: Sequence[str]) -> tuple[np.ndarray, ...]:
    """The posterior of the score as a function of the weights, given those tried.

    Parameters
    ----------
    tried : sequence of (mapping of str to float, float)
        Weights and their score; higher is better. Weights may be repeated.
    points : float (N, T)
        Weights to be evaluated, in the order of `tasks`.
    tasks : sequence of str

    Returns
    -------
    mean, deviation : float (N,)
        Of the process, without the noise of a single score.

    Raises
    ------
    ValueError
        If nothing was tried, weights are of other tasks or do not sum to 1, a score is not finite,
        or scikit-learn is not installed.
    """
    process, centre, unit = _fitted(tried, tasks)
    mean, deviation = process.predict(points, return_std=True)
    noise = process.kernel_.k2.noise_level
    return centre + unit * mean, unit * np.sqrt(np.maximum(deviation**2 - noise, 0.0))


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """The expected improvement of normal variables over the best score.

    Parameters
    ----------
    mean, deviation : float (N,)
    best : float

    Returns
    -------
    float (N,), at least 0
    """
    gain, spread = mean - best, np.maximum(deviation, 1e-12)
    return gain * norm.cdf(gain / spread) + spread * norm.pdf(gain / spread)


def propose(tried: Tried, tasks: Sequence[str], parts: int = 20) -> dict[str, float]:
    """The weights to try next.

    The first proposal is equal weights. The best score so far is the highest mean of the process at
    tried weights, so that a lucky seed does not count. Equal scores give equal proposals.

    Parameters
    ----------
    tried : sequence of (mapping of str to float, float)
        As for `surface`; may be empty.
    tasks : sequence of str
        At least two.
    parts : int
        Proposals are multiples of ``1 / parts``, or the equal ones.

    Returns
    -------
    dict of str to float
        Not negative, with the sum 1.

    Raises
    ------
    ValueError
        As `surface`, or if there are fewer than two tasks.

    Examples
    --------
    >>> propose([], ["rotation", "sharpness"])
    {'rotation': 0.5, 'sharpness': 0.5}
    """
    if len(tasks) < 2:
        raise ValueError(
            f"tasks: expected at least two; received {list(tasks)}. A single task needs no weights."
        )
    if not tried:
        return dict.fromkeys(tasks, 1.0 / len(tasks))
    points = lattice(len(tasks), parts)
    mean, deviation = surface(tried, points, tasks)
    best = surface(tried, _weights(tried, tasks), tasks)[0].max()
    gain = expected_improvement(mean, deviation, best)
    chosen = points[np.argmax(gain.round(6))]  # of equal gains the first one, on any processor
    return dict(zip(tasks, map(float, chosen), strict=True))


def _fitted(tried: Tried, tasks: Sequence[str]) -> tuple[Any, float, float]:
    """The process on standardised scores, and the mean and the unit of these."""
    optional_module("sklearn.gaussian_process", "search")
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern, WhiteKernel

    points, scores = _weights(tried, tasks), np.array([score for _, score in tried], float)
    if not np.isfinite(scores).all():
        raise ValueError(f"tried: expected finite scores; received {scores.tolist()}.")
    centre, unit = float(scores.mean()), float(scores.std()) or 1.0
    kernel = Matern(0.5, (0.1, 2.0), nu=2.5) + WhiteKernel(0.1, (1e-3, 1.0))
    optimizer = "fmin_l_bfgs_b" if len(scores) >= REPEATABLE else None
    process = GaussianProcessRegressor(kernel, optimizer=optimizer, alpha=1e-8)
    with warnings.catch_warnings():
        # With few scores, the fit reaches its bounds.
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit(points, (scores - centre) / unit)
    return process, centre, unit


def _weights(tried: Tried, tasks: Sequence[str]) -> np.ndarray:
    rows = []
    for weights, _ in tried:
        row = [float(weights.get(task, 0.0)) for task in tasks]
        if set(weights) - set(tasks) or min(row) < 0 or abs(sum(row) - 1.0) > 1e-6:
            raise ValueError(
                f"tried: expected weights of {', '.join(tasks)} that are not negative and sum to "
                f"1; received {dict(weights)}."
            )
        rows.append(row)
    if not rows:
        raise ValueError("tried: expected at least one pair of weights and score; received none.")
    return np.array(rows)
