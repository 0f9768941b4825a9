"""Tables: the paper's numbers beside ours."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from wssl import paper
from wssl.statistics import Estimate, interval
from wssl.store import Record

METRICS = {"ssim": ("SSIM", 4), "psnr": ("PSNR (dB)", 2)}
"""The paper's two metrics: their titles and how many decimals it prints."""


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


def format_estimate(estimate: Estimate, decimals: int) -> str:
    """An effect with its sign and half of its 95 % interval, or alone without an error.

    Parameters
    ----------
    estimate : Estimate
    decimals : int
    """
    if np.isnan(estimate.value):
        return "—"
    text = f"{estimate.value:+.{decimals}f}"
    low, high = estimate.interval()
    return text if np.isnan(low) else f"{text} ± {(high - low) / 2:.{decimals}f}"


def format_number(value: float, decimals: int) -> str:
    """A number as text, a dash for NaN."""
    return "—" if np.isnan(value) else f"{value:.{decimals}f}"


def format_p(p: float) -> str:
    """A p value as text."""
    if np.isnan(p):
        return "—"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


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


def pretext_name(weights: Mapping[str, float]) -> str:
    """A pretext configuration as text: ``"Rotation"`` or ``"Rotation 0.3, Saturation 0.7"``.

    Parameters
    ----------
    weights : mapping of str to float
    """
    if not weights:
        return "none"
    if len(weights) == 1:
        return next(iter(weights)).capitalize()
    return ", ".join(f"{task.capitalize()} {weight:g}" for task, weight in weights.items())


METHODS = {
    "wssl": "WSSL",
    "shift_net": "Shift-Net",
    "pic": "PIC",
    "harmonic": "harmonic fill",
    "biharmonic": "biharmonic fill",
    "telea": "Telea",
    "navier_stokes": "Navier-Stokes",
    "mean_colour": "mean colour",
}
"""What each method is called in the book."""

LOSSES = {"mix": "mixed loss", "log_cosh": "log-cosh", "ssim": "SSIM loss"}
"""What each loss of the paper's Table 4 is called in the book."""


def row_name(number: int, row: paper.Row) -> str:
    """What tells a row of one of the paper's tables from the others."""
    if number < 4:
        return pretext_name(row.pretext)
    return f"WSSL, {LOSSES[row.loss]}" if row.method == "wssl" else METHODS[row.method]


def method_name(record: Record) -> str:
    """What a run is called among other methods: ``"WSSL, log-cosh"``, ``"Telea"``, ...

    Parameters
    ----------
    record : dict
        Of a run.
    """
    experiment = record["experiment"]
    if experiment["method"] != "wssl":
        return METHODS[experiment["method"]]
    if experiment["encoder"] == "scratch":
        return "no pretext"
    return f"WSSL, {LOSSES[experiment['loss']]}"


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
    for name in ("preset", "dataset", "masks", "recipe", "coverage"):
        values = {str(record["experiment"][name]) for record in used}
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


def accuracy(record: Record, task: str) -> list[float]:
    """The share of test images at each level of a task that a pretext run told rightly.

    Parameters
    ----------
    record : dict
        Of a pretext phase.
    task : str
    """
    matrix = np.array(record["confusion"][task])
    return [float(v) for v in matrix.diagonal() / matrix.sum(axis=1)]


def _repeats(row: paper.Row, record: Record) -> bool:
    experiment = record["experiment"]
    return (
        record["kind"] == "inpainting"
        and experiment["method"] == row.method
        and experiment["encoder"] == "frozen"
        and experiment["frozen_blocks"] == [1, 2, 3, 4, 5]
        and experiment["loss"] == row.loss
        and experiment["alpha"] == 0.84
        and experiment["a"] == 1.0
        and dict(experiment["pretext"]) == dict(row.pretext)
    )
