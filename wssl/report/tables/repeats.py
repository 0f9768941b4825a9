"""Runs that were made once more on another machine, as tables."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wssl.claims.outcomes import Findings
from wssl.claims.repeats import CHANGE, GAIN, Of, Repeat, by_seed, mean_of
from wssl.report.labels import ENCODERS
from wssl.report.numbers import amount, bounds_text, number
from wssl.report.tables.paper import indexed
from wssl.report.web import trace


def rows(found: Sequence[Repeat]) -> dict[str, tuple[list[Repeat], list[Repeat]]]:
    """The repetitions of each encoder, and of each pair of one with training from scratch.

    Parameters
    ----------
    found : sequence of Repeat

    Returns
    -------
    dict of str to (list of Repeat, list of Repeat)
        By name: the first, and, of a pair, the second, which is to be subtracted.
    """
    groups: dict[str, tuple[list[Repeat], list[Repeat]]] = {}
    for encoder, name in ENCODERS.items():
        if some := [repeat for repeat in found if repeat.encoder == encoder]:
            groups[name] = some, []
    *others, scratch = ENCODERS.values()
    for name in others:
        if name in groups and scratch in groups:
            groups[f"{name} minus {scratch}"] = groups[name][0], groups[scratch][0]
    return groups


def repeat_table(found: Sequence[Repeat]) -> pd.DataFrame:
    """By how much each run is better on the other machine, in per cent of 1 - SSIM and in dB.

    Parameters
    ----------
    found : sequence of Repeat

    Returns
    -------
    pandas.DataFrame
        One row per encoder, and one for the change of each contrast with training from scratch: a
        column per seed, and the means with their 95 % intervals, by Student's t. Runs that diverged
        on either machine are left out and said to be so.
    """
    groups = rows(found)
    seeds = sorted({repeat.seed for repeat in found})
    lines, traced = [], []
    for name, (first, second) in groups.items():
        changes, gains = (difference_of(first, second, of) for of in (CHANGE, GAIN))
        mean, gain = mean_of(changes), mean_of(gains)
        lost = {repeat.seed for repeat in (*first, *second) if repeat.diverged}
        line = {"encoder": name}
        for seed in seeds:
            change = number(changes.get(seed, np.nan), "ratio")
            line[f"seed {seed}"] = "diverged" if seed in lost else change
        line["mean (%)"] = number(mean.value, "ratio")
        line["95 % interval"] = bounds_text(*mean.interval(), "ratio")
        line["mean (dB)"] = number(gain.value, "dB")
        line["95 % interval, dB"] = bounds_text(*gain.interval(), "dB")
        lines.append(line)
        traced.append(trace.fingerprints(r.first for r in (*first, *second)))
    return trace.with_rows(indexed(lines, "encoder"), traced) if lines else pd.DataFrame()


def difference_of(first: Sequence[Repeat], second: Sequence[Repeat], of: Of) -> dict[int, float]:
    """What changes in the first, minus what changes in the second, by seed.

    Parameters
    ----------
    first, second : sequence of Repeat
        As from `rows`; the second may be empty.
    of : callable
        As in `wssl.claims.repeats.by_seed`.
    """
    here, there = by_seed(first, of), by_seed(second, of)
    return {s: here[s] - there[s] for s in here if s in there} if second else here


def exchange_table(found: Findings, instead: Findings, keys: Sequence[str]) -> pd.DataFrame:
    """Verdicts and effects of claims, with the registered runs and with repetitions in their place.

    Parameters
    ----------
    found, instead : wssl.claims.Findings
    keys : sequence of str
        Of the claims.

    Returns
    -------
    pandas.DataFrame
        One row per claim whose runs are there, with 95 % intervals; the outcome is that of both, or
        the one before and after an arrow.
    """
    lines = []
    for key in keys:
        pair = found[key], instead[key]
        if any(verdict.effect is None for verdict in pair):
            continue
        line = {"claim": pair[0].claim.text}
        for title, verdict in zip(("as recorded", "with repetitions"), pair, strict=True):
            unit = verdict.claim.estimand.unit
            assert verdict.effect is not None
            interval = bounds_text(*verdict.interval(), unit)
            line[title] = f"{amount(verdict.effect.value, unit)} ({interval})"
        line["outcome"] = " → ".join(dict.fromkeys(verdict.status for verdict in pair))
        lines.append(line)
    return indexed(lines, "claim") if lines else pd.DataFrame()
