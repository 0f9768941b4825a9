"""Runs that were made once more on another machine, as tables."""

from collections.abc import Sequence

import pandas as pd

from wssl.claims.outcomes import Findings
from wssl.claims.repeats import Repeat, mean_change
from wssl.report.labels import ENCODERS
from wssl.report.numbers import amount, bounds_text, number
from wssl.report.tables.paper import indexed
from wssl.report.web import trace


def repeat_table(found: Sequence[Repeat]) -> pd.DataFrame:
    """By how much each run is better on the other machine, in per cent of 1 - SSIM.

    Parameters
    ----------
    found : sequence of Repeat

    Returns
    -------
    pandas.DataFrame
        One row per encoder: a column per seed, the mean and its 95 % interval, by Student's t. Runs
        that diverged on either machine are left out and said to be so.
    """
    lines, traced = [], []
    for encoder, name in ENCODERS.items():
        some = [repeat for repeat in found if repeat.encoder == encoder]
        if not some:
            continue
        mean = mean_change(some)
        cells = {
            f"seed {r.seed}": "diverged" if r.diverged else number(r.change, "ratio") for r in some
        }
        lines.append(
            {
                "encoder": name,
                **cells,
                "mean (%)": number(mean.value, "ratio"),
                "95 % interval": bounds_text(*mean.interval(), "ratio"),
            }
        )
        traced.append(trace.fingerprints(r.first for r in some))
    return trace.with_rows(indexed(lines, "encoder"), traced) if lines else pd.DataFrame()


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
        One row per claim whose runs are there.
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
            line[f"{title}: verdict"] = verdict.status
            line[f"{title}: effect"] = amount(verdict.effect.value, unit)
            line[f"{title}: 95 % interval"] = bounds_text(*verdict.interval(), unit)
        lines.append(line)
    return indexed(lines, "claim") if lines else pd.DataFrame()
