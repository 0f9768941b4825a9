"""What to do with an inpainting problem: choices, effects and how sure they are."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wssl.claims.advice import CLEAR, NO_DIFFERENCE, Choice, deciding, recipe
from wssl.claims.campaign import Arm, Campaign
from wssl.claims.estimands import PSNR, SSIM, Score, difference
from wssl.claims.outcomes import paired
from wssl.records.fields import has_diverged, is_shallow
from wssl.records.store import Record
from wssl.report.labels import ENCODERS, METRICS, arm_label
from wssl.report.numbers import bounds, change_text, number, numbers
from wssl.report.tables.contrasts import phases_of, runs_of
from wssl.report.tables.paper import indexed
from wssl.report.text import counted, listed, seeds_text
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
        One row per choice. The effect is that of the first option against the second, as in the
        figure, by 1 - SSIM and by PSNR, with intervals that allow for the number of choices.
    """
    lines, traced = [], []
    for choice in choices:
        found = choice.seen(campaign)
        advice = choice.advice(campaign)
        effect, interval = _effect(choice, campaign, SSIM)
        by_psnr, its_interval = _effect(choice, campaign, PSNR)
        lines.append(
            {
                "choice": choice.question,
                "what to do": advice.action if advice else _awaited(campaign, choice),
                "how sure, by SSIM": advice.certainty if advice else "",
                "first option better by (%)": effect,
                "interval that decides": interval,
                "the same in dB": by_psnr,
                "its interval": its_interval,
                "seen with": _seen_with(campaign, choice, len(found.per_seed) if found else 0),
            }
        )
        traced.append(trace.fingerprints(runs_of(campaign, [choice.first, choice.second])))
    return trace.with_rows(indexed(lines, "choice"), traced)


def _effect(choice: Choice, campaign: Campaign, score: Score) -> tuple[str, str]:
    """The effect of a choice and its interval, as they are printed."""
    found = choice.seen(campaign, score)
    value = found.estimate.value if found else np.nan
    low, high = deciding(found) if found else (np.nan, np.nan)
    return number(value, score.unit), numbers(low, high, score.unit)


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
    return " + ".join(f"{count:,}" for count in [*steps, runs[0]["scale"]["inpainting_steps"]])


def _seen_with(campaign: Campaign, choice: Choice, seeds: int) -> str:
    """The scale at which a choice was seen: width, seeds, steps, and which runs these are."""
    learned = [arm for arm in (choice.first, choice.second) if not campaign.is_fill(arm)]
    width = " against ".join(
        dict.fromkeys(str(campaign.design.channels(arm.width)) for arm in learned)
    )
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
    found = {choice: advice for choice in choices if (advice := choice.advice(campaign))}
    if not found:
        return "Not answered yet: no choice has all of its runs."
    start = "These runs suggest" if len(found) == len(choices) else "The runs so far suggest"
    taken = recipe(campaign, choices)
    words = "; ".join(advice.action for advice in taken.values())
    parts = [f"{start} this: {words}." if words else f"{start} no clear choice."]
    pretrained = [one for choice, one in found.items() if choice.group == "start"]
    if pretrained and not any(one.first and one.certainty == CLEAR for one in pretrained):
        parts.insert(0, "No pretraining that was tried is clearly better than none.")
    clear = {choice: one for choice, one in found.items() if one.certainty == CLEAR}
    less = [
        one.action for c, one in clear.items() if one.first and c not in taken and not c.condition
    ]
    if any(campaign.is_fill(choice.second) and not one.first for choice, one in taken.items()):
        network = recipe(campaign, networks(campaign, choices)).values()
        parts.append(f"If you need a network: {'; '.join(one.action for one in network)}.")
    elif less:
        parts.append(f"Better than nothing, but less: {'; '.join(less)}.")
    parts += [
        f"{c.condition[0].upper() + c.condition[1:]}: {one.action}."
        for c, one in clear.items()
        if c.condition
    ]
    same = [choice.label for choice, one in found.items() if one.certainty == NO_DIFFERENCE]
    if same:
        parts.append(f"No difference that matters: {'; '.join(same)}.")
    return " ".join(parts)


def networks(campaign: Campaign, choices: Sequence[Choice]) -> list[Choice]:
    """The choices between two networks, without those between a network and a fill.

    Parameters
    ----------
    campaign : wssl.claims.remedies.Exploration
    choices : sequence of Choice
    """
    return [choice for choice in choices if not campaign.is_fill(choice.second)]


def command_text(campaign: Campaign, choices: Sequence[Choice], steps: int = 0) -> str:
    """The command that trains a network by the clear advice, from scratch where there is none.

    Parameters
    ----------
    campaign : wssl.claims.remedies.Exploration
    choices : sequence of Choice
        As in `wssl.claims.advice.CHOICES`.
    steps : int
        Of the inpainting phase; those of the preset if not given.
    """
    options = {"--encoder": "scratch"}
    for choice, advice in recipe(campaign, choices).items():
        options |= choice.options if advice.first else choice.otherwise
    if campaign.is_fill(Arm(method=options.get("--method", ""))):
        del options["--encoder"]
    plain = [f"{name} {value}" for name, value in options.items() if name.startswith("--")]
    settings = [f"{name}={value}" for name, value in options.items() if not name.startswith("--")]
    if steps:
        settings.append(f"inpainting_steps={steps}")
    if settings:
        plain.append(f"--settings {' '.join(settings)}")
    return " \\\n  ".join(["wssl run --preset desktop --dataset folder:my_portraits", *plain])


def plan_text(campaign: Campaign, choices: Sequence[Choice]) -> str:
    """What the command does, as a sentence.

    Parameters
    ----------
    campaign : wssl.claims.remedies.Exploration
    choices : sequence of Choice
    """
    taken = len(recipe(campaign, choices))
    if not taken:
        return "The command trains from scratch, which is the cheaper way where no choice is clear."
    words = "The command follows the answer above."
    if taken == 1:
        return words
    return (
        f"{words} Each choice was tried by itself; how they act together is not known, except for "
        "the two best ones in “Would another recipe work?”."
    )


def longer_text(campaign: Campaign, network: Arm, fill: Arm) -> str:
    """How a network compares with a fill after more steps, as sentences; empty without runs.

    Parameters
    ----------
    campaign : Campaign
    network, fill : Arm
    """
    found = paired(campaign, difference(network, fill).terms, SSIM)
    if found is None:
        return ""
    effect = found.estimate
    scale = runs_of(campaign, [network])[0]["scale"]
    change = change_text(effect.value, SSIM, bounds(effect))
    return (
        f"A network from scratch, of width {scale['width']}, after {scale['inpainting_steps']:,} "
        f"steps, compared with the {arm_label(fill)}: {change} (from "
        f"{seeds_text(found.per_seed)}, which did not diverge; the interval "
        "borrows the scatter of comparable runs). Wider networks were not trained for longer."
    )


def broken_text(campaign: Campaign, networks: Sequence[Arm]) -> str:
    """How many long trainings broke down, as sentences; empty if none did.

    Parameters
    ----------
    campaign : Campaign
    networks : sequence of Arm
    """
    found = []
    for network in networks:
        runs = list(campaign.runs.get(network, {}).values())
        failed, dead = sum(map(has_diverged, runs)), sum(map(is_shallow, runs))
        words = [f"{failed} diverged"] * bool(failed)
        words += [f"in {dead} part of the decoder died"] * bool(dead)
        if words:
            steps = f"{runs[0]['scale']['inpainting_steps']:,}"
            found.append(f"of {counted(len(runs), 'run')} of {steps} steps, {listed(words)}")
    if not found:
        return ""
    return (
        f"Long trainings can break down: {'; '.join(found)}. So keep an eye on the loss, and score "
        "the network on images that it was not trained on."
    )


def other_holes_text(campaign: Campaign, networks: Sequence[Arm], fill: Arm) -> str:
    """How a fill and networks score on other holes, as sentences; empty without a run of the fill.

    Parameters
    ----------
    campaign : Campaign
        Of runs on these holes.
    networks : sequence of Arm
        Those whose runs diverged or lost part of their decoder are left out.
    fill : Arm
    """
    filled = runs_of(campaign, [fill])
    if not filled:
        return ""
    whole, known, missing = campaign.without(is_shallow), [], []
    for network in networks:
        runs, name = runs_of(whole, [network]), ENCODERS[network.encoder]
        if runs:
            known.append(f"{name} {_scores(runs)} ({counted(len(runs), 'run')})")
        elif campaign.runs.get(network):
            missing.append(name)
    words = f"On such holes the {arm_label(fill)} has {_scores(filled)}."
    if known:
        width = campaign.design.channels(networks[0].width)
        words += (
            f" The networks that were trained on them, of width {width}, have: {'; '.join(known)}."
        )
    if missing:
        words += f" All runs of this kind broke down: {listed(missing)}."
    return words


def _scores(runs: Sequence[Record]) -> str:
    """The mean scores of runs."""
    return ", ".join(
        f"{title} {np.mean([run['metrics'][name] for run in runs]):.{decimals}f}"
        for name, (title, decimals) in METRICS.items()
    )


def _hours(runs: Sequence[Record]) -> float:
    """The median: some runs shared their core with other work."""
    return float(np.median([run["provenance"]["seconds"] for run in runs])) / 3600


def half_a_day(campaign: Campaign, arm: Arm) -> int:
    """The number of steps that one core makes in half a day, in thousands; 0 without a run.

    Parameters
    ----------
    campaign : Campaign
    arm : Arm
    """
    runs = runs_of(campaign, [arm])
    if not runs:
        return 0
    return int(12 / _hours(runs) * runs[0]["scale"]["inpainting_steps"]) // 1000 * 1000


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
    hours = _hours(runs)
    steps = runs[0]["scale"]["inpainting_steps"]
    batch = runs[0]["scale"]["inpainting_batch"]
    scale = f"width {runs[0]['scale']['width']} and {campaign.design.size} px"
    images = runs[0]["provenance"]["train_images"]
    return (
        f"For comparison, training from scratch at {scale} on {images:,} portraits, {steps:,} "
        f"steps of {batch}, took {60 * hours:.0f} minutes (median) of one processor core and "
        f"reached {_scores(runs)} ({counted(len(runs), 'seed')}). A day of one core is "
        f"{24 / hours:.0f} times as long."
    )
