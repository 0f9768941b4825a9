"""Tables of the number of pretext tasks: means and spreads of groups, and what makes them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from wssl.report.frames import NUMBERS, mean_difference, printed, runs
from wssl.report.tables import METRICS, format_estimate, format_number, with_headings
from wssl.statistics import Estimate, variance_components
from wssl.store import Record

_UNITS = {"seed": "seeds", "weighting": "weightings", "set": "task sets"}
_PARTS = {
    "set": "task set",
    "weighting": "weighting",
    "seed": "seed, alike in all weightings",
    "residual": "seed, within a weighting",
    "together": "weighting and seed together",
}


def more_tasks(
    frame: pd.DataFrame, metric: str
) -> dict[str, tuple[str, pd.DataFrame, pd.DataFrame]]:
    """What to compare in order to ask whether more tasks are better.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `runs` or `printed`.
    metric : str

    Returns
    -------
    dict of str to (str, pandas.DataFrame, pandas.DataFrame)
        The task sets of which something was left out or singled out by its mean, after the fact,
        and the runs whose means are compared.
    """
    one, two, three = (frame[frame["tasks"] == number] for number in NUMBERS)
    tasks, pairs = (
        [*part.groupby("set")[metric].mean().sort_values().index, ""] for part in (one, two)
    )
    best = pairs[-2] if len(pairs) > 1 else ""
    low = two.groupby(["weighting", "set"])[metric].mean().sort_values().reset_index()[:2]
    kept = ~two["weighting"].isin(low["weighting"])
    return {
        "two tasks minus one": ("", two, one),
        "… without the worst task": (tasks[0], two, one[one["set"] != tasks[0]]),
        "three tasks minus two": ("", three, two),
        "… without the worst pair": (pairs[0], three, two[two["set"] != pairs[0]]),
        "… without the two worst weightings": (", ".join(low["set"].unique()), three, two[kept]),
        "… the best pair alone": (best, three, two[two["set"] == best]),
    }


def difference_table(records: Iterable[Record], metric: str = "ssim") -> pd.DataFrame:
    """Whether more tasks are better, by what would vary in a repetition.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 1 to 3.
    metric : str

    Returns
    -------
    pandas.DataFrame
        Two rows for each of `more_tasks`: the difference of means, and half of its 95 % interval
        if seeds, weightings or task sets are what varies.
    """
    title, decimals = METRICS[metric]
    theirs, ours = (more_tasks(frame, metric) for frame in (printed(), runs(records)))
    lines = []
    for name in theirs:
        for source, found in (("paper", theirs), ("ours", ours)):
            chosen, plus, minus = found[name]
            line = {("", "comparison"): name, ("", "whose"): source, ("", "which"): chosen}
            value = mean_difference(plus, minus, metric).value
            line[title, "difference"] = format_estimate(Estimate(value, np.nan, np.nan), decimals)
            for unit, heading in _UNITS.items():
                low, high = mean_difference(plus, minus, metric, unit).interval()
                line["± over", heading] = format_number((high - low) / 2, decimals)
            lines.append(line)
    return with_headings(lines, index=2)


def repetitions(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Each seed as one repetition of the paper's study: means and spreads by number of tasks.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `runs` or `printed`.
    metric : str

    Returns
    -------
    pandas.DataFrame
        A row for each seed; columns ``mean`` and ``SD`` (n - 1) over the weightings of one, two and
        three tasks, as the paper has them in its Figure 4.
    """
    grouped = frame.groupby(["seed", "tasks"])[metric]
    parts = {"mean": grouped.mean().unstack(), "SD": grouped.std().unstack()}
    return pd.concat(parts, axis=1).rename(columns=NUMBERS, level=1)


def repetition_table(records: Iterable[Record], metric: str = "ssim") -> pd.DataFrame:
    """`repetitions` of the paper and of our seeds as text.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 1 to 3.
    metric : str
    """
    theirs, ours = (repetitions(frame, metric) for frame in (printed(), runs(records)))
    theirs.index, ours.index = pd.Index(["the paper"]), ours.index.map("our seed {}".format)
    decimals = METRICS[metric][1]
    both = pd.concat([theirs, ours])
    return both.map(lambda value: format_number(value, decimals)).rename_axis("study")


def components(frame: pd.DataFrame, metric: str) -> dict[str, float]:
    """The standard deviations that task set, weighting and seed add, by a mixed model.

    The number of tasks is its fixed effect.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `runs` or `printed`.
    metric : str

    Returns
    -------
    dict of str to float
        ``set``; ``weighting``; ``seed``, what it changes alike in all weightings; ``residual``,
        what it changes in one; and ``together``, all of them but the first. NaN where there is
        only one of a kind; without repeats only ``set`` and ``together`` can be told.
    """
    repeated = frame["seed"].nunique() > 1
    several = {
        "set": frame.groupby("tasks")["set"].nunique().max() > 1,
        "weighting": repeated and frame.groupby("set")["weighting"].nunique().max() > 1,
        "seed": repeated,
    }
    factors = {name: frame[name].tolist() for name, there in several.items() if there}
    found = dict.fromkeys(_PARTS, float("nan"))
    if len(frame) > 1:
        found |= variance_components(frame[metric].tolist(), frame["tasks"].tolist(), factors)
    if not np.isnan(found["residual"]):
        rest = [found[name] for name in ("weighting", "seed", "residual")]
        found["together"] = float(np.sqrt(np.nansum(np.square(rest))))
    return found if repeated else found | {"residual": float("nan")}


def component_table(records: Iterable[Record], metric: str = "ssim") -> pd.DataFrame:
    """Where the spread of runs comes from: the paper's as far as it can be told, and ours.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 1 to 3.
    metric : str

    Returns
    -------
    pandas.DataFrame
        A row for each part of `components`; of the paper and of all our runs the standard deviation
        and its share of the variance, and the standard deviation of ours by number of tasks.
    """
    decimals = METRICS[metric][1]
    theirs, ours = printed(), runs(records)
    columns = {}
    for source, frame in (("paper", theirs), ("ours", ours)):
        found = components(frame, metric)
        columns[source, "SD"] = found
        columns[source, "share"] = variance_shares(found)
    for number, name in NUMBERS.items():
        columns["ours, SD of", name] = components(ours[ours["tasks"] == number], metric)
    lines = [
        {
            ("", "spread from"): text,
            **{
                key: f"{100 * found[part]:.0f} %"
                if key[1] == "share" and not np.isnan(found[part])
                else format_number(found[part], decimals)
                for key, found in columns.items()
            },
        }
        for part, text in _PARTS.items()
    ]
    return with_headings(lines)


def variance_shares(found: dict[str, float]) -> dict[str, float]:
    """The share of each part of `components` in the variance of runs.

    Parameters
    ----------
    found : dict of str to float
        What `components` returned.
    """
    total = found["set"] ** 2 + found["together"] ** 2
    return {name: value**2 / total if total else float("nan") for name, value in found.items()}


def equal_weight_table(records: Iterable[Record]) -> pd.DataFrame:
    """The evenest weighting of each task set against the mean of its others.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 2 and 3.

    Returns
    -------
    pandas.DataFrame
        A row for each set of several tasks.
    """
    frames = {"paper": printed((2, 3)), "ours": runs(records, (2, 3))}
    lines = []
    for name in frames["paper"]["set"].unique():
        line: dict[tuple[str, str], Any] = {("", "tasks"): name}
        for metric, (title, decimals) in METRICS.items():
            for source, frame in frames.items():
                part = frame[frame["set"] == name]
                even = part["uneven"] == frames["paper"].groupby("set")["uneven"].min()[name]
                change = mean_difference(part[even], part[~even], metric)
                line[title, source] = format_estimate(change, decimals)
        lines.append(line)
    return with_headings(lines)
