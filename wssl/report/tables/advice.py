"""What to do with an inpainting problem: choices, effects and how sure they are."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from wssl.claims.advice import CLEAR, NO_DIFFERENCE, Advice, Choice
from wssl.claims.campaign import NARROW, WIDE, Arm, Campaign
from wssl.claims.estimands import SSIM
from wssl.report.labels import METRICS
from wssl.report.tables.contrasts import phases_of, runs_of
from wssl.report.tables.paper import indexed
from wssl.report.text import counted, number, numbers
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
        its 95 % interval.
    """
    lines, traced = [], []
    for choice in choices:
        found = choice.seen(campaign)
        advice = choice.advice(campaign)
        estimate = found.estimate if found else None
        bounds = (estimate.lower(), estimate.upper()) if estimate else (np.nan, np.nan)
        lines.append(
            {
                "choice": choice.question,
                "what to do": advice.action if advice else _awaited(campaign, choice),
                "how sure": advice.certainty if advice else "",
                "1 - SSIM lower by (%)": number(estimate.value if estimate else np.nan, SSIM.unit),
                "95 % interval": numbers(*bounds, SSIM.unit),
                "seen with": _seen_with(campaign, choice, len(found.per_seed) if found else 0),
            }
        )
        traced.append(trace.fingerprints(runs_of(campaign, [choice.first, choice.second])))
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


def _seen_with(campaign: Campaign, choice: Choice, seeds: int) -> str:
    """The scale at which a choice was seen: width, seeds, steps, and which runs these are."""
    width = {NARROW: campaign.design.narrow, WIDE: campaign.design.wide}[choice.first.width]
    steps = [_steps(campaign, arm) for arm in (choice.first, choice.second)]
    parts = [f"width {width}", "registered runs" if choice.registered else "exploratory runs"]
    if seeds:
        parts.insert(1, counted(seeds, "seed"))
        parts.append(f"steps: {' against '.join(dict.fromkeys(steps))}")
    return ", ".join(parts)


def answer_text(campaign: Campaign, choices: Sequence[Choice]) -> str:
    """What to do where that is clear, and what makes no difference, as sentences.

    Parameters
    ----------
    campaign : wssl.claims.remedies.Exploration
    choices : sequence of Choice
    """
    found = {c.label: advice for c in choices if (advice := c.advice(campaign))}
    clear, same = _clear(found.values()), _labels(found, NO_DIFFERENCE)
    if not found:
        return "Not answered yet: no choice has all of its runs."
    start = "By these runs" if len(found) == len(choices) else "By the runs so far"
    words = f": {'; '.join(clear)}" if clear else ", none of the choices is clear"
    parts = [f"{start}{words}."]
    if same:
        parts.append(f"No difference that matters: {'; '.join(same)}.")
    return " ".join(parts)


def _labels(found: Mapping[str, Advice], certainty: str) -> list[str]:
    """The choices on which the advice is this certain."""
    return [label for label, advice in found.items() if advice.certainty == certainty]


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
