"""What to do with an inpainting problem: choices, effects and how sure they are."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from wssl.claims.advice import CLEAR, Advice, Choice
from wssl.claims.campaign import NARROW, WIDE, Arm, Campaign
from wssl.claims.estimands import PSNR, SSIM
from wssl.report.labels import METRICS
from wssl.report.tables.contrasts import phases_of, runs_of
from wssl.report.tables.paper import indexed
from wssl.report.text import amount, bounds_text, counted
from wssl.report.web import trace


def advice_table(campaign: Campaign, choices: Sequence[Choice]) -> pd.DataFrame:
    """Each choice, what to do, how sure that is, its effect, and at which scale it was seen.

    Parameters
    ----------
    campaign : wssl.claims.remedies.Exploration
    choices : sequence of Choice

    Returns
    -------
    pandas.DataFrame
        One row per choice. The effect is that of the first way against the second, by 1 - SSIM with
        its 95 % interval, and in dB.
    """
    lines, traced = [], []
    for choice in choices:
        found, beside = choice.seen(campaign), choice.seen(campaign, PSNR)
        runs = runs_of(campaign, [choice.first, choice.second])
        advice = choice.advice(campaign)
        steps = [_steps(campaign, arm) for arm in (choice.first, choice.second)]
        estimate = found.estimate if found else None
        bounds = (estimate.lower(), estimate.upper()) if estimate else (np.nan, np.nan)
        seen = f"{counted(len(found.per_seed), 'seed')}, " if found else ""
        lines.append(
            {
                "choice": choice.question,
                "what to do": advice.action if advice else _awaited(campaign, choice),
                "how sure": advice.certainty if advice else "",
                "1 - SSIM lower by": amount(estimate.value if estimate else np.nan, SSIM.unit),
                "95 % interval": bounds_text(*bounds, SSIM.unit),
                "PSNR": amount(beside.estimate.value if beside else np.nan, PSNR.unit),
                "steps": " against ".join(filter(None, steps)) or "—",
                "seen with": seen + _scale(campaign, choice),
            }
        )
        traced.append(trace.fingerprints(runs))
    return trace.with_rows(indexed(lines, "choice"), traced)


def _awaited(campaign: Campaign, choice: Choice) -> str:
    done, planned = choice.recorded(campaign)
    return f"awaiting runs ({done} of {planned})"


def _steps(campaign: Campaign, arm: Arm) -> str:
    """The steps of an arm's phases; nothing without a run."""
    runs = runs_of(campaign, [arm])
    if not runs:
        return ""
    if not runs[0]["history"]:
        return "none"
    steps = [phase["scale"]["pretext_steps"] for phase in phases_of(campaign, [arm])[:1]]
    return " + ".join(f"{number:,}" for number in [*steps, runs[0]["scale"]["inpainting_steps"]])


def _scale(campaign: Campaign, choice: Choice) -> str:
    width = {NARROW: campaign.design.narrow, WIDE: campaign.design.wide}[choice.first.width]
    how = "registered" if choice.registered else "exploratory"
    return f"width {width}, {how}"


def answer_text(campaign: Campaign, choices: Sequence[Choice]) -> str:
    """What to do, in the order of the choices, as one sentence.

    Parameters
    ----------
    campaign : wssl.claims.remedies.Exploration
    choices : sequence of Choice
    """
    found = [advice for choice in choices if (advice := choice.advice(campaign))]
    clear = _clear(found)
    if not found:
        return "Not answered yet: no choice has all of its runs."
    if not clear:
        return "The runs so far make none of the choices below clear."
    return f"By the runs so far: {'; '.join(clear)}."


def plan_text(campaign: Campaign, choices: Sequence[Choice]) -> str:
    """How to spend the time, as a sentence.

    Parameters
    ----------
    campaign : wssl.claims.remedies.Exploration
    choices : sequence of Choice
    """
    if _clear([advice for choice in choices if (advice := choice.advice(campaign))]):
        return "Begin with the choices that the table calls clear."
    return (
        "No choice is clear yet: train from scratch, which is the cheaper way, and compare the "
        "network with the biharmonic fill."
    )


def _clear(found: Iterable[Advice]) -> list[str]:
    """What to do where that is clear, each once."""
    return list(dict.fromkeys(advice.action for advice in found if advice.certainty == CLEAR))


def cost_text(campaign: Campaign, arm: Arm) -> str:
    """How long a network was trained, how well it fills, and how many such runs fit into a day.

    Parameters
    ----------
    campaign : Campaign
    arm : Arm
    """
    runs = runs_of(campaign, [arm])
    if not runs:
        return "A run of this kind is awaited."
    hours = float(np.mean([run["provenance"]["seconds"] for run in runs])) / 3600
    steps = runs[0]["scale"]["inpainting_steps"]
    batch = runs[0]["scale"]["inpainting_batch"]
    scores = ", ".join(
        f"{title} {np.mean([run['metrics'][name] for run in runs]):.{decimals}f}"
        for name, (title, decimals) in METRICS.items()
    )
    scale = f"width {runs[0]['scale']['width']} and {campaign.design.size} px"
    images = runs[0]["provenance"]["train_images"]
    return (
        f"Training from scratch at {scale} on {images:,} portraits, {steps:,} steps of {batch}, "
        f"took {hours:.1f} hours of one processor core and reached {scores} "
        f"({counted(len(runs), 'seed')}). A day of one core is {24 / hours:.0f} times as long."
    )
