"""Effects and intervals as text: signed in tables, whose headings say how, else in words."""

from collections.abc import Mapping

import numpy as np

from wssl.claims.estimands import Score, Unit
from wssl.claims.statistics import Effect
from wssl.report.labels import score_label

UNIT_SIGNS: Mapping[Unit, str] = {"ratio": "%", "SD": "%", "dB": "dB"}
"""The sign of a unit, where it has one."""


def heading(score: Score) -> str:
    """The heading of a column of differences of a score, which are above zero where it is better.

    Parameters
    ----------
    score : wssl.claims.estimands.Score
    """
    sign = UNIT_SIGNS.get(score.unit)
    return f"better by ({sign})" if sign else "better by"


def number(value: float, unit: Unit) -> str:
    """An effect as text without its unit, for a table whose heading has it.

    Parameters
    ----------
    value : float
    unit : str
        As in `amount`.

    Returns
    -------
    str
        A dash for NaN.
    """
    if np.isnan(value):
        return "—"
    if unit == "SD":
        return f"{100 * value:.1f}"
    if unit == "SD ratio":
        return f"{np.exp(value):.2f}"
    decimals = {"ratio": 1, "dB": 2, "points": 4}.get(unit, 3)
    shown = round(100 * (1 - float(np.exp(-value))) if unit == "ratio" else value, decimals)
    if abs(shown) >= 1000:
        return f"{shown:+,.0f}"
    return f"{shown:+.{decimals}f}" if shown else f"{0:.{decimals}f}"


def amount(value: float, unit: Unit) -> str:
    """An effect as text, in the unit that a reader knows.

    Parameters
    ----------
    value : float
        Above zero if the claim is true.
    unit : str
        As in `wssl.claims.estimands.Unit`. The logarithm of a ratio of dissimilarities becomes the
        per cent by which 1 - SSIM, or its like, is lower.

    Returns
    -------
    str
        A dash for NaN.
    """
    if np.isnan(value):
        return "—"
    if unit == "SD ratio":
        return f"factor {number(value, unit)}"
    return f"{number(value, unit)} {UNIT_SIGNS.get(unit, '')}".rstrip()


def numbers(low: float, high: float, unit: Unit) -> str:
    """An interval as text without its unit; a dash for NaN.

    Parameters
    ----------
    low, high : float
    unit : str
        As in `amount`.
    """
    if np.isnan(low) or np.isnan(high):
        return "—"
    return f"{number(low, unit)} to {number(high, unit)}"


def bounds_text(low: float, high: float, unit: Unit) -> str:
    """An interval as text; a dash for NaN.

    Parameters
    ----------
    low, high : float
    unit : str
        As in `amount`.

    Examples
    --------
    >>> bounds_text(-0.25, 0.1, "dB"), bounds_text(0, np.log(2), "SD ratio")
    ('-0.25 to +0.10 dB', 'factor 1.00 to 2.00')
    """
    sign = UNIT_SIGNS.get(unit, "")
    start = "factor " if unit == "SD ratio" else ""
    found = numbers(low, high, unit)
    return found if found == "—" else f"{start}{found} {sign}".rstrip()


def effect_text(effect: Effect, unit: Unit) -> str:
    """An effect without a direction, such as a spread, with its 95 % interval, as text.

    Parameters
    ----------
    effect : wssl.claims.statistics.Effect
    unit : str
        As in `amount`.
    """
    return amount(effect.value, unit) + _interval(bounds_text(*bounds(effect), unit))


def change_text(
    value: float,
    score: Score,
    ends: tuple[float, float] = (np.nan, np.nan),
    title: str = "",
) -> str:
    """A difference of two scores in words, with an interval if there is one.

    Parameters
    ----------
    value : float
        The first minus the second.
    score : wssl.claims.estimands.Score
    ends : (float, float)
        Of the 95 % interval; NaN for none.
    title : str
        What the score is called; its own name if not given.

    Examples
    --------
    >>> change_text(-np.log(1.5), Score("ssim"), (-np.log(1.6), -np.log(1.4)))
    '1 - SSIM 50.0 % higher, 95 % interval 40.0 to 60.0 %'
    >>> change_text(0.1, Score("psnr"), (-0.2, 0.4))
    'PSNR 0.10 dB higher, 95 % interval 0.20 dB lower to 0.40 dB higher'

    A score of robustness:

    >>> change_text(-0.0118, Score("ssim", drop=True, points=True), (-0.0166, -0.007))
    'loss of SSIM on unseen images 0.0118 larger, 95 % interval 0.0070 to 0.0166'
    >>> change_text(np.log(1.25), Score("ssim", drop=True))
    'factor by which 1 - SSIM rises on unseen images 20.0 % smaller'
    """
    if np.isnan(value):
        return "—"
    unit = score.unit
    name = title or score_label(score)
    if score.drop:
        rise, loss = f"factor by which {name} rises", f"loss of {name}"
        name = f"{rise if unit == 'ratio' else loss} on unseen images"
    text = f"{name} {size_text(value, score)}"
    if not np.isfinite(ends).all():
        return text
    low, high = sorted(ends, key=abs)
    if (low < 0) == (high < 0):
        size = amount(high, unit).lstrip("+-")
        return text + _interval(f"{number(low, unit).lstrip('+-')} to {size}")
    low, high = ends
    return text + _interval(f"{size_text(low, score)} to {size_text(high, score)}")


def size_text(value: float, score: Score) -> str:
    """The size and direction of a difference of two scores in words, without their name.

    Parameters
    ----------
    value : float
        The first minus the second.
    score : wssl.claims.estimands.Score

    Examples
    --------
    >>> size_text(-np.log(1.5), Score("ssim")), size_text(0.1, Score("psnr"))
    ('50.0 % higher', '0.10 dB higher')
    """
    ways = ("lower", "higher") if score.unit == "ratio" else ("higher", "lower")
    if score.drop:
        ways = "smaller", "larger"
    return f"{amount(value, score.unit).lstrip('+-')} {ways[int(value < 0)]}"


def bounds(effect: Effect) -> tuple[float, float]:
    """The 95 % interval of an effect.

    Parameters
    ----------
    effect : wssl.claims.statistics.Effect
    """
    return effect.lower(), effect.upper()


def _interval(bounds: str) -> str:
    return "" if bounds == "—" else f", 95 % interval {bounds}"
