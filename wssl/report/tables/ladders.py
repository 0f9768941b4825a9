"""Scores and contrasts along ladders of scale, as tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from wssl.claims.campaign import Arm
from wssl.claims.estimands import PSNR, SSIM, Score, difference
from wssl.claims.ladders import ENCODERS, LogFit, Rung, log_fit
from wssl.claims.outcomes import paired
from wssl.report.labels import ENCODERS as NAMES
from wssl.report.labels import method_label, score_label
from wssl.report.numbers import amount, heading, number, numbers
from wssl.report.tables.contrasts import p_text, runs_of
from wssl.report.tables.paper import with_headings


def ladder_table(
    rungs: Sequence[Rung], pairs: Sequence[tuple[str, str]], what: str
) -> pd.DataFrame:
    """The contrasts of pairs of configurations at each rung, in per cent of 1 - SSIM and in dB.

    Parameters
    ----------
    rungs : sequence of Rung
    pairs : sequence of (str, str)
        Policies of the encoder; the first minus the second.
    what : str
        What changes along the ladder.
    """
    lines = []
    for pair in pairs:
        for rung in rungs:
            terms = difference(rung.arm(pair[0]), rung.arm(pair[1])).terms
            line: dict[tuple[str, str], Any] = {
                ("", "compared"): f"{NAMES[pair[0]]} minus {NAMES[pair[1]]}",
                ("", what): rung.label,
            }
            seeds = 0
            for score in (SSIM, PSNR):
                found = paired(rung.campaign, terms, score)
                title = score_label(score)
                value = found.estimate.value if found else np.nan
                bounds = (
                    (found.estimate.lower(), found.estimate.upper()) if found else (np.nan, np.nan)
                )
                line[title, heading(score)] = number(value, score.unit)
                line[title, "95 % interval"] = numbers(*bounds, score.unit)
                seeds = max(seeds, len(found.per_seed) if found else 0)
            line["", "seeds"] = seeds
            runs = runs_of(rung.campaign, [rung.arm(encoder) for encoder in pair])
            backends = {run["provenance"].get("backend", "—") for run in runs}
            line["", "made under"] = ", ".join(sorted(backends)) or "—"
            lines.append(line)
    return with_headings(lines, index=2)


def fit_table(
    rungs: Sequence[Rung],
    fills: Sequence[Arm],
    images: float,
    predicted: float,
    score: Score = SSIM,
) -> pd.DataFrame:
    """The fitted lines against the logarithm of the steps: slopes, crossings and a prediction.

    Parameters
    ----------
    rungs : sequence of Rung
        A ladder of budgets.
    fills : sequence of Arm
        Classical fills: how many images it takes to reach each of them.
    images : float
        How many images 1x is.
    predicted : float
        The number of images for which the score is predicted.
    score : wssl.claims.estimands.Score

    Returns
    -------
    pandas.DataFrame
        One row per configuration, with 95 % intervals from the scatter about the line. They do not
        say that the line goes on straight: ``curvature`` has the p value of a straight line against
        a parabola, and where it is below 0.05 nothing is predicted.
    """
    lines = {}
    for encoder in ENCODERS:
        fit = log_fit(rungs, encoder, score)
        line: dict[str, str] = {}
        slope = fit.slope if fit else np.nan
        line["per doubling"] = amount(slope, score.unit)
        bend = fit.curvature if fit else np.nan
        line["curvature"] = "—" if np.isnan(bend) else f"p {p_text(bend)}"
        for fill in fills:
            level = score(rungs[0].campaign, fill, 0)
            name = f"images to reach the {method_label(fill.method)}"
            line[name] = "—"
            if fit and np.isfinite(level):
                line[name] = _reached(rungs, encoder, fit, level, images)
        name = f"expected at {predicted:,.0f} images"
        line[name] = "—"
        if bend < 0.05:
            line[name] = "the points bend"
        elif fit:
            found = fit.at(predicted / images)
            line[name] = _level_text(*found, score, fit.freedom)
        lines[NAMES[encoder]] = line
    return pd.DataFrame.from_dict(lines, orient="index")


def crossing_text(
    rungs: Sequence[Rung], whole: Sequence[Rung], fill: Arm, images: float, score: Score = SSIM
) -> str:
    """When a network from scratch would reach a classical fill, as a sentence; empty without a fit.

    Parameters
    ----------
    rungs, images, score
        As for `fit_table`.
    whole : sequence of Rung
        The same without the runs part of whose decoder died.
    fill : Arm
    """
    found, kept = (_crossing(ladder, fill, images, score) for ladder in (rungs, whole))
    if not found:
        return ""
    without = f"; without runs part of whose decoder died, after {kept}"
    return (
        f"A straight line through the budgets that were run puts a network from scratch on a level "
        f"with the {method_label(fill.method)} after {found} images"
        f"{without if kept and kept != found else ''}."
    )


def _crossing(rungs: Sequence[Rung], fill: Arm, images: float, score: Score) -> str:
    fit, level = log_fit(rungs, "scratch", score), score(rungs[0].campaign, fill, 0)
    if fit is None or not np.isfinite(level):
        return ""
    return _reached(rungs, "scratch", fit, level, images)


def _reached(rungs: Sequence[Rung], encoder: str, fit: LogFit, level: float, images: float) -> str:
    """With how many images a configuration reaches a level, or passes it from the first rung on."""
    least = min(rung.budget for rung in rungs if rung.arm(encoder) in rung.campaign.runs)
    value, low, _ = fit.at(least)
    if (low if fit.freedom > 0 else value) > level:
        return f"fewer than {images * least:,.0f}"
    return _images_text(fit.crossing(level), images, fit.freedom)


def _images_text(crossing: tuple[float, float, float], images: float, freedom: int) -> str:
    def text(value: float) -> str:
        return "more than a billion" if value > 1e9 else f"{float(f'{value:.2g}'):,.0f}"

    best, low, high = (images * budget for budget in crossing)
    return text(best) + (f" ({text(low)} to {text(high)})" if freedom > 0 else "")


def _level_text(value: float, low: float, high: float, score: Score, freedom: int) -> str:
    def text(x: float) -> str:
        return f"{1 - np.exp(-x):.4f}" if score.logarithm else f"{x:.2f} dB"

    known = freedom > 0 and np.isfinite(low)
    return text(value) + (f" ({text(low)} to {text(high)})" if known else "")
