"""Tables: the paper's numbers beside ours."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from wssl import paper
from wssl.claims.campaign import Arm
from wssl.claims.estimands import Score
from wssl.claims.statistics import interval
from wssl.records.fields import is_run
from wssl.records.store import Record
from wssl.report.labels import METRICS, row_name, set_name


def format_interval(values: Sequence[float], decimals: int) -> str:
    """``mean ± half-width`` as text, or the mean alone for a single value.

    Parameters
    ----------
    values : sequence of float
    decimals : int
    """
    mean, half = interval(values)
    if np.isnan(mean):
        return "—"
    text = f"{mean:.{decimals}f}"
    return text if np.isnan(half) else f"{text} ± {half:.{decimals}f}"


def indexed(lines: Sequence[Mapping[str, Any]], name: str) -> pd.DataFrame:
    """Lines as a table indexed by one of their columns, also where there is no line.

    Parameters
    ----------
    lines : sequence of mapping
    name : str
        Of that column.
    """
    return pd.DataFrame(lines, columns=None if lines else [name]).set_index(name)


def with_headings(lines: Sequence[Mapping[tuple[str, str], Any]], index: int = 1) -> pd.DataFrame:
    """Lines as a table with two rows of headings, the first `index` columns naming the lines.

    Parameters
    ----------
    lines : sequence of dict
        Keys are the upper and the lower heading.
    index : int
    """
    frame = pd.DataFrame(lines)
    frame.columns = pd.MultiIndex.from_tuples(frame.columns)
    keys = list(frame.columns[:index])
    return frame.set_index(keys).rename_axis([lower for _, lower in keys])


def rows(number: int, records: Iterable[Record]) -> list[tuple[paper.Row, list[Record]]]:
    """The rows of one of the paper's tables, each with the records that repeat it.

    Parameters
    ----------
    number : int
        Of the table, 1 to 4.
    records : iterable of dict
        From the store; those that repeat no row are left out.

    Returns
    -------
    list of (paper.Row, list of dict)
        A record counts once, however often it is given. A row of another method than WSSL is there
        if it has records.

    Raises
    ------
    ValueError
        If records of different settings would be averaged as if only the seed differed.
    """
    records = list({record["fingerprint"]: record for record in records}.values())
    used = [r for r in records if any(_repeats(row, r) for row in paper.TABLES[number])]
    for name in ("preset", "settings", "dataset", "masks", "recipe", "coverage"):
        values = {str(record["experiment"].get(name)) for record in used}
        if len(values) > 1:
            raise ValueError(
                f"records: expected those of one {name}; received {', '.join(sorted(values))}. "
                "Select the records of one before tabulating them."
            )
    found = [(row, [r for r in records if _repeats(row, r)]) for row in paper.TABLES[number]]
    return [(row, repeats) for row, repeats in found if repeats or row.method == "wssl"]


def table(number: int, records: Iterable[Record]) -> pd.DataFrame:
    """One of the paper's tables, its numbers beside ours with 95 % intervals over seeds.

    Parameters
    ----------
    number : int
        1 to 4.
    records : iterable of dict
        Those of other tables are passed over.

    Returns
    -------
    pandas.DataFrame
        A row for each row of the paper that was repeated.
    """
    lines = []
    heading = "method" if number == 4 else "pretext task"
    for row, repeats in rows(number, records):
        line: dict[tuple[str, str], Any] = {("", heading): row_name(number, row)}
        for metric, (title, decimals) in METRICS.items():
            values = [record["metrics"][metric] for record in repeats]
            line[title, "paper"] = f"{getattr(row, metric):.{decimals}f}"
            line[title, "ours"] = format_interval(values, decimals)
        line["", "seeds"] = len(repeats)
        lines.append(line)
    return with_headings(lines)


def printed(arm: Arm, score: Score) -> float:
    """The score of an arm in the paper's tables; NaN where it printed none.

    Parameters
    ----------
    arm : Arm
    score : wssl.claims.estimands.Score
        On the paper's own test images.
    """
    row = _ROWS.get((arm.key, arm.budget))
    if row is None or score.unseen or score.metric not in METRICS:
        return float("nan")
    value = getattr(row, score.metric)
    return -float(np.log(score.dissimilarity(value))) if score.logarithm else float(value)


def printed_contrast(terms: Sequence[tuple[float, Arm]], score: Score) -> float:
    """A contrast of arms in the paper's own numbers, one run each; NaN where one is missing.

    Parameters
    ----------
    terms : sequence of (float, Arm)
    score : wssl.claims.estimands.Score
    """
    return float(sum(c * printed(arm, score) for c, arm in terms))


def accuracy(record: Record, task: str) -> list[float]:
    """The share of test images at each level of a task that a pretext run classified rightly.

    Parameters
    ----------
    record : dict
        Of a pretext phase.
    task : str
    """
    matrix = np.array(record["confusion"][task])
    return [float(v) for v in matrix.diagonal() / matrix.sum(axis=1)]


def accuracy_table(phases: Iterable[Record]) -> pd.DataFrame:
    """The accuracy of pretext phases of a single task: overall, by level, and of each seed.

    Parameters
    ----------
    phases : iterable of dict
        Records of pretext phases; those of several tasks are left out. Tasks may have any number of
        levels.
    """
    by_task: dict[str, list[Record]] = {}
    for phase in phases:
        if len(phase["confusion"]) == 1:
            by_task.setdefault(next(iter(phase["confusion"])), []).append(phase)
    lines = []
    for task, records in by_task.items():
        overall = [record["metrics"][f"accuracy_{task}"] for record in records]
        levels = np.mean([accuracy(record, task) for record in records], axis=0)
        lines.append(
            {
                "task": set_name([task]),
                "all levels": format_interval(overall, 3),
                **{f"level {n}": f"{value:.3f}" for n, value in enumerate(levels, 1)},
                "each seed": ", ".join(f"{value:.2f}" for value in overall),
            }
        )
    frame = pd.DataFrame(lines, columns=list(lines[0]) if lines else ["task", "all levels"])
    return frame.set_index("task").fillna("")


def _repeats(row: paper.Row, record: Record) -> bool:
    experiment = record["experiment"]
    return (
        is_run(record)
        and "objective" not in experiment
        and experiment["method"] == row.method
        and experiment["encoder"] == "frozen"
        and experiment["frozen_blocks"] == [1, 2, 3, 4, 5]
        and experiment["loss"] == row.loss
        and experiment["alpha"] == 0.84
        and experiment["a"] == 1.0
        and dict(experiment["pretext"]) == dict(row.pretext)
    )


def _arm(row: paper.Row) -> Arm:
    return Arm(row.pretext, loss=row.loss) if row.method == "wssl" else Arm(method=row.method)


_ROWS = {(_arm(row).key, 1.0): row for rows in paper.TABLES.values() for row in rows}
"""The paper's rows by what identifies their arm. It does not say how wide its network is."""
