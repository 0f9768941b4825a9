"""What networks know block by block, and whether learning a pretext task shows in the fills.

From the analysis of each run (`wssl.runs.mechanism.examine`) in its record.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from wssl.claims.campaign import Arm, Campaign
from wssl.claims.estimands import SSIM, Score
from wssl.paper import FROZEN_BLOCKS
from wssl.records.fields import is_pretext, is_run
from wssl.records.store import Record

READOUTS = ("known", "hole")
"""The pixels that are read out of the features of a block."""

PROBES = ("rotation", "saturation", "brightness")
"""What the linear probes of a block classify."""


def by_block(campaign: Campaign, arm: Arm, part: str, name: str) -> dict[int, np.ndarray]:
    """A measure of each block in the runs of an arm.

    Parameters
    ----------
    campaign : Campaign
    arm : Arm
    part : {"readout", "probes"}
    name : str
        One of `READOUTS`, in dB, or of `PROBES`, an accuracy.

    Returns
    -------
    dict of int to ndarray of float, (5,)
        By seed; NaN where a block has no value. Runs without an analysis are left out, and runs
        that diverged, unless their encoder is frozen: it is as it was before.
    """
    found, whole = {}, arm.encoder in ("frozen", "random") and arm.blocks == FROZEN_BLOCKS
    for seed, run in sorted((campaign if whole else campaign.converged).runs.get(arm, {}).items()):
        if examined := run.get("mechanism"):
            found[seed] = np.array(examined[part][name], dtype=float)
    return found


def cut_skips(campaign: Campaign, arm: Arm, score: Score = SSIM) -> dict[int, np.ndarray]:
    """How much the runs of an arm lose when each skip connection is cut.

    Parameters
    ----------
    campaign : Campaign
    arm : Arm
    score : Score
        Of SSIM or PSNR, on validation images.

    Returns
    -------
    dict of int to ndarray of float, (5,)
        By seed: the score with everything in place minus that with the skip connection of each
        block cut, in the unit of the score; above zero if the fill needs the connection. Runs that
        diverged need none, and are left out.
    """
    found = {}
    for seed, run in sorted(campaign.converged.runs.get(arm, {}).items()):
        if examined := run.get("mechanism"):
            names = ("none", *map(str, FROZEN_BLOCKS))
            means = np.array([examined["skips"][name][score.metric] for name in names])
            values = -np.log(score.dissimilarity(means)) if score.logarithm else means
            found[seed] = values[0] - values[1:]
    return found


def known_error(run: Record) -> float:
    """The mean absolute error of a network's raw output at known pixels of its test images.

    The composited image has errors in the hole alone; what the raw output has beyond these is at
    known pixels.

    Parameters
    ----------
    run : dict
        The record of a run, with a mask and an image in [0, 1] for each test.

    Returns
    -------
    float
        In [0, 1], over the known pixels of all images.
    """
    known = 1 - float(np.mean(run["per_image"]["coverage"]))
    return (run["metrics"]["l1_raw"] - run["metrics"]["l1"]) / known


@dataclass(frozen=True)
class Profile:
    """A measure of each block: its mean over seeds, with a 95 % interval for new seeds.

    Attributes
    ----------
    mean, low, high : ndarray of float, (5,)
        The bounds are NaN with a single seed.
    seeds : int
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int


def profile(values: Mapping[int, np.ndarray]) -> Profile | None:
    """The mean of what some seeds have, and its t interval.

    Parameters
    ----------
    values : mapping of int to ndarray of float, (5,)
        As from `by_block`.

    Returns
    -------
    Profile or None
        None without a seed.
    """
    if not values:
        return None
    table = np.array(list(values.values()))
    count = len(table)
    mean = table.mean(axis=0)
    half = np.full_like(mean, np.nan)
    if count > 1:
        half = stats.t.ppf(0.975, count - 1) * table.std(axis=0, ddof=1) / np.sqrt(count)
    return Profile(mean, mean - half, mean + half, count)


def minus(first: Mapping[int, np.ndarray], second: Mapping[int, np.ndarray]) -> Profile | None:
    """The difference of two measures, paired by seed.

    Parameters
    ----------
    first, second : mapping of int to ndarray of float, (5,)

    Returns
    -------
    Profile or None
        None without a common seed.
    """
    return profile({seed: first[seed] - second[seed] for seed in first if seed in second})


def learned_runs(records: Iterable[Record], task: str = "") -> pd.DataFrame:
    """How well the pretext phase of each frozen network learned its tasks, and how well it fills.

    Parameters
    ----------
    records : iterable of dict
        Runs and pretext phases.
    task : str
        The only task whose accuracy counts; all if not given.

    Returns
    -------
    pandas.DataFrame
        One row per run of WSSL with all of its blocks frozen after a pretext phase with tasks:
        ``weighting``; ``group``, the weighting with the scale; ``seed``;
        ``accuracy``, the mean of the tasks' accuracies by their weights, or that of the one;
        ``learned``, whether every task was; ``score``, the logarithmic SSIM as in
        `wssl.claims.estimands.Score`; ``run``, the fingerprint. An empty table has the columns,
        too.
    """
    found = list({record["fingerprint"]: record for record in records}.values())
    phases = {record["fingerprint"]: record for record in found if is_pretext(record)}
    lines = []
    for run in found:
        phase = phases.get(run.get("pretext") or "")
        if phase is None or not is_run(run) or not _frozen(run["experiment"]):
            continue
        weights = {name: w for name, w in run["experiment"]["pretext"].items() if w}
        if not weights or any(f"accuracy_{name}" not in phase["metrics"] for name in weights):
            continue
        if task and task not in weights:
            continue
        counted = {task: 1.0} if task else weights
        accuracy = sum(w * phase["metrics"][f"accuracy_{name}"] for name, w in counted.items())
        weighting = ", ".join(f"{name} {w:g}" for name, w in sorted(weights.items()))
        scale = sorted({**run["scale"], **phase.get("scale", {})}.items())
        lines.append(
            {
                "weighting": weighting,
                "group": f"{weighting}; {scale}",
                "seed": run["experiment"]["seed"],
                "accuracy": accuracy / sum(counted.values()),
                "learned": all(phase["learned"].values()),
                "score": -float(np.log(1 - (run["metrics"]["ssim"] or 0.0))),
                "run": run["fingerprint"],
            }
        )
    columns = ["weighting", "group", "seed", "accuracy", "learned", "score", "run"]
    return pd.DataFrame(lines, columns=columns)


def _frozen(experiment: Mapping[str, Any]) -> bool:
    return (
        experiment["method"] == "wssl"
        and experiment["encoder"] == "frozen"
        and experiment["loss"] == "mix"
        and tuple(experiment["frozen_blocks"]) == FROZEN_BLOCKS
    )


@dataclass(frozen=True)
class Slope:
    """The change of the score per unit of accuracy.

    Attributes
    ----------
    value, low, high : float
        With a 95 % interval, which is NaN without a degree of freedom.
    count : int
        The number of points.
    p : float
        Of no change.
    span : float
        The range of the accuracies; within groups, that of the group where it is greatest.
    """

    value: float
    low: float
    high: float
    count: int
    p: float
    span: float


def slope_between(runs: pd.DataFrame) -> Slope | None:
    """Whether groups that learned their tasks better fill better: a line through their means.

    Parameters
    ----------
    runs : pandas.DataFrame
        As from `learned_runs`.

    Returns
    -------
    Slope or None
        None with fewer than two groups of different accuracy.
    """
    means = runs.groupby("group")[["accuracy", "score"]].mean()
    return _line(means["accuracy"], means["score"], constants=1)


def slope_within(runs: pd.DataFrame) -> Slope | None:
    """Whether, of equal configurations, the seeds that learned better fill better.

    A line through the seeds, with a level of its own for each group.

    Parameters
    ----------
    runs : pandas.DataFrame
        As from `learned_runs`.

    Returns
    -------
    Slope or None
        None without a group of at least two seeds of different accuracy.
    """
    groups = [rows for _, rows in runs.groupby("group") if len(rows) > 1]
    if not groups:
        return None
    centred = pd.concat([rows[["accuracy", "score"]] - rows[["accuracy", "score"]].mean()
                         for rows in groups])  # fmt: skip
    found = _line(centred["accuracy"], centred["score"], constants=len(groups))
    span = max(float(np.ptp(rows["accuracy"])) for rows in groups)
    return replace(found, span=span) if found else None


def _line(of_x: Sequence[float], of_y: Sequence[float], constants: int) -> Slope | None:
    """Least squares; `constants` levels have been estimated beside the slope."""
    x, y = (np.asarray(of, dtype=float) - np.mean(of) for of in (of_x, of_y))
    squares = float(x @ x)
    if len(x) < 2 or squares < 1e-12:
        return None
    value, span = float(x @ y) / squares, float(np.ptp(x))
    freedom = len(x) - constants - 1
    if freedom < 1:
        return Slope(value, float("nan"), float("nan"), len(x), float("nan"), span)
    residual = y - value * x
    error = float(np.sqrt(residual @ residual / freedom / squares))
    half = float(stats.t.ppf(0.975, freedom)) * error
    p = float(2 * stats.t.sf(abs(value) / error, freedom)) if error else 0.0
    return Slope(value, value - half, value + half, len(x), p, span)
