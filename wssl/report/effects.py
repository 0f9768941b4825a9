"""Effects as text: sentences that follow the evidence in whichever direction it points."""

from collections.abc import Collection

import numpy as np

from wssl.claims import Finding
from wssl.statistics import Estimate

ABOVE, BELOW, OPEN, ONCE = "above zero", "below zero", "includes zero", "one seed"
"""Where an interval lies; there is none for one seed."""

_DECIMALS = {"SSIM": 4, "dB": 2, "share": 3}


def outcome(low: float, high: float) -> str:
    """Where an interval lies: `ABOVE` or `BELOW` zero, `OPEN`, or `ONCE` if it is NaN.

    Parameters
    ----------
    low, high : float
        The ends of the interval.
    """
    if np.isnan(low) or np.isnan(high):
        return ONCE
    return ABOVE if low > 0 else BELOW if high < 0 else OPEN


def effect_text(effect: Finding | Estimate, unit: str = "SSIM") -> str:
    """An effect, its 95 % interval and where that lies.

    Parameters
    ----------
    effect : wssl.claims.Finding or wssl.statistics.Estimate
    unit : str
        Of an estimate: ``SSIM``, ``dB`` or ``share``; a finding has its own.
    """
    if isinstance(effect, Finding):
        value, low, high, unit = effect.effect, effect.low, effect.high, effect.unit
    else:
        value, (low, high) = effect.value, effect.interval()
    amount, where = _amount(value, unit), outcome(low, high)
    if where == ONCE:
        return f"{amount} (one seed)"
    return f"{amount} (95 % interval {_between(low, high, unit)}, {where})"


def versus(first: str, second: str, found: str) -> str:
    """Which of two is better, as a clause.

    Parameters
    ----------
    first, second : str
        What is compared, in the singular.
    found : str
        The `outcome` of the first minus the second.
    """
    return {
        ABOVE: f"{first} is better than {second}",
        BELOW: f"{first} is worse than {second}",
        OPEN: f"{first} cannot be told from {second}",
        ONCE: f"{first} cannot be compared with {second} from one seed",
    }[found]


def helps(ways: Collection[str]) -> str:
    """Whether something helps that was tried in several ways, as a clause.

    Parameters
    ----------
    ways : collection of str
        The `outcome` of each, with it minus without it.
    """
    if ONCE in ways:
        return "this cannot be told from one seed"
    if ABOVE in ways and BELOW in ways:
        return "it helps in one way and harms in another"
    for where, verb in ((ABOVE, "helps"), (BELOW, "harms")):
        if where in ways:
            return f"it {verb}" + (", but not in every way that was tried" if OPEN in ways else "")
    return "it makes no difference that these runs could show"


def equivalence_text(estimate: Estimate, margin: float, unit: str, level: float = 0.05) -> str:
    """Whether a difference is surely smaller than a margin: two one-sided tests.

    Parameters
    ----------
    estimate : wssl.statistics.Estimate
    margin : float
        What would count, in `unit`.
    unit : str
        ``SSIM`` or ``dB``.
    level : float in (0, 0.5)
        Of each of the tests; the interval has twice it outside.
    """
    amount = _amount(estimate.value, unit)
    low, high = estimate.interval(1 - 2 * level)
    if np.isnan(low):
        return f"{amount}, which cannot be told from one seed"
    p = max(estimate.p_above(-margin), estimate.p_below(margin))
    if p <= level:
        verdict = f"equal within {margin:g} {unit} (two one-sided tests, p = {p:.2g})"
    elif outcome(*estimate.interval(1 - level)) == OPEN:
        verdict = f"shown neither to differ nor to be equal within {margin:g} {unit}"
    else:
        verdict = "not equal"
    return f"{amount}, {100 * (1 - 2 * level):g} % interval {_between(low, high, unit)}: {verdict}"


def _amount(value: float, unit: str) -> str:
    return f"{value:+.{_DECIMALS[unit]}f}" + ("" if unit == "share" else f" {unit}")


def _between(low: float, high: float, unit: str) -> str:
    decimals = _DECIMALS[unit]
    return f"{low:+.{decimals}f} to {high:+.{decimals}f}"
