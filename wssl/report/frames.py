"""Runs as lines of a frame, the paper's and ours in the same columns, and differences of means."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from wssl import paper
from wssl.report.tables import METRICS, pretext_name, rows
from wssl.statistics import Estimate, contrast
from wssl.store import Record

PRETEXT_TABLES = (1, 2, 3)
"""The paper's tables that differ in nothing but the pretext weights."""

NUMBERS = {1: "one task", 2: "two tasks", 3: "three tasks"}

UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))
"""What is said of an effect whose runs are missing."""

COLUMNS = ("tasks", "set", "weighting", "first", "uneven", "seed", *METRICS)


def set_name(tasks: Iterable[str]) -> str:
    """Pretext tasks as text, whatever their weights: ``"Rotation + Saturation"``."""
    return " + ".join(task.capitalize() for task in tasks)


def runs(records: Iterable[Record], tables: Sequence[int] = PRETEXT_TABLES) -> pd.DataFrame:
    """Our repeats of the paper's rows, a line a run.

    Parameters
    ----------
    records : iterable of dict
        Those that repeat no row are left out.
    tables : sequence of int

    Returns
    -------
    pandas.DataFrame
        In the paper's order: ``tasks`` their number, ``set`` their names, ``weighting`` their names
        and weights, ``first`` the weight of the first, ``uneven`` the largest weight less the
        smallest, ``seed``, ``ssim`` and ``psnr``.
    """
    records = list(records)
    lines = [
        {
            **_labels(row.pretext),
            "seed": record["experiment"]["seed"],
            **{metric: record["metrics"][metric] for metric in METRICS},
        }
        for number in tables
        for row, repeats in rows(number, records)
        for record in repeats
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def printed(tables: Sequence[int] = PRETEXT_TABLES) -> pd.DataFrame:
    """The paper's rows in the columns of `runs`; each is one run, as seed 0.

    Parameters
    ----------
    tables : sequence of int
        Numbers of the paper's tables.
    """
    lines = [
        {**_labels(row.pretext), "seed": 0, **{metric: getattr(row, metric) for metric in METRICS}}
        for number in tables
        for row in paper.TABLES[number]
        if row.method == "wssl"
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def groups(frame: pd.DataFrame, metric: str, by: str = "weighting") -> list[list[float]]:
    """The values of each level of a column, in the order in which the levels come."""
    return [part[metric].tolist() for _, part in frame.groupby(by, sort=False)]


def mean_difference(
    frame: pd.DataFrame, other: pd.DataFrame, metric: str, unit: str = "seed"
) -> Estimate:
    """The mean of one frame's weightings less that of another's.

    Parameters
    ----------
    frame, other : pandas.DataFrame
        Different weightings.
    metric : str
    unit : str
        What would vary in a repetition, and so makes the error: ``seed``, the weightings and tasks
        being these and no others; ``weighting``, each counting by its mean; or ``set``, the same
        for sets of tasks.

    Returns
    -------
    wssl.statistics.Estimate
        Its error is NaN where there is only one of the unit; `UNKNOWN` without runs.
    """
    if frame.empty or other.empty:
        return UNKNOWN
    if unit != "seed":
        means = [part.groupby(unit, sort=False)[metric].mean().tolist() for part in (frame, other)]
        return contrast(means, (1.0, -1.0))
    sides = [groups(part, metric) for part in (frame, other)]
    coefficients = [
        sign / len(side) for sign, side in zip((1.0, -1.0), sides, strict=True) for _ in side
    ]
    return contrast([*sides[0], *sides[1]], coefficients)


def two_sided(estimate: Estimate) -> float:
    """P value against no effect in either direction; NaN without an error.

    Parameters
    ----------
    estimate : Estimate
    """
    return float(np.minimum(1.0, 2 * np.minimum(estimate.p_above(), estimate.p_below())))


def _labels(weights: Mapping[str, float]) -> dict[str, object]:
    values = list(weights.values())
    return {
        "tasks": len(weights),
        "set": set_name(weights),
        "weighting": pretext_name(weights),
        "first": values[0],
        "uneven": max(values) - min(values),
    }
