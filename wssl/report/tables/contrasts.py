"""Arms and contrasts of arms, paired by seed, as tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from wssl.claims.campaign import Arm, Campaign
from wssl.claims.estimands import PSNR, SSIM, Contrast, Score, SpreadOfWeightings, difference, means
from wssl.claims.outcomes import common_seeds, paired
from wssl.records.store import Record
from wssl.report.labels import METRICS, NUMBERS, score_label, set_name
from wssl.report.numbers import amount, bounds, bounds_text, change_text, heading, number, numbers
from wssl.report.tables.paper import (
    format_interval,
    indexed,
    printed,
    printed_contrast,
    with_headings,
)
from wssl.report.web import trace

Terms = tuple[tuple[float, Arm], ...]
"""The arms of a contrast with their coefficients, which add to zero."""

BOTH = (SSIM, PSNR)


def runs_of(campaign: Campaign, arms: Sequence[Arm]) -> list[Record]:
    """All runs of some arms that did not diverge, in the order of the arms and of the seeds.

    Parameters
    ----------
    campaign : Campaign
    arms : sequence of Arm
    """
    found = (campaign.converged.runs.get(arm, {}) for arm in arms)
    return [by_seed[seed] for by_seed in found for seed in sorted(by_seed)]


def shared_runs(campaign: Campaign, arms: Iterable[Arm]) -> list[Record]:
    """As `runs_of`, with the seeds that all of the arms share, so that they can be compared.

    Parameters
    ----------
    campaign : Campaign
    arms : iterable of Arm
        Those without any run are passed over. A classical fill has one run for all seeds.
    """
    known = [arm for arm in arms if campaign.runs.get(arm)]
    fills = {arm for arm in known if campaign.is_fill(arm)}
    drawn = [arm for arm in known if arm not in fills]
    seeds = set(common_seeds(campaign, drawn))
    return [
        run
        for arm in known
        for run in runs_of(campaign, [arm])
        if arm in fills or run["experiment"]["seed"] in seeds
    ]


def phases_of(campaign: Campaign, arms: Sequence[Arm]) -> list[Record]:
    """The pretext phases of some arms, in the order of the arms and of the seeds.

    Parameters
    ----------
    campaign : Campaign
    arms : sequence of Arm
    """
    pairs = [(arm, seed) for arm in arms for seed in sorted(campaign.runs.get(arm, {}))]
    found = [campaign.pretext(arm, seed) for arm, seed in pairs]
    return [phase for phase in found if phase is not None]


def against(reference: Arm, arms: Mapping[str, Arm]) -> dict[str, Terms]:
    """Each of some arms minus one and the same other.

    Parameters
    ----------
    reference : Arm
    arms : mapping of str to Arm
    """
    return {name: difference(arm, reference).terms for name, arm in arms.items()}


def score_table(campaign: Campaign, arms: Mapping[str, Arm]) -> pd.DataFrame:
    """The scores of each arm: the mean of the seeds that all share, with a 95 % interval.

    Parameters
    ----------
    campaign : Campaign
    arms : mapping of str to Arm

    Returns
    -------
    pandas.DataFrame
        One row per arm. The intervals are of single arms; whether two arms differ is said by
        `contrast_table`.
    """
    lines, traced = [], []
    shared = trace.fingerprints(shared_runs(campaign, arms.values()))
    for name, arm in arms.items():
        runs = [run for run in runs_of(campaign, [arm]) if run["fingerprint"] in shared]
        traced.append(trace.fingerprints(runs))
        line: dict[str, Any] = {"configuration": name}
        for suffix, where in (("", ""), ("_hole", ", hole only")):
            for metric, (title, decimals) in METRICS.items():
                values = [run["metrics"].get(metric + suffix) for run in runs]
                known = [value for value in values if value is not None]
                line[title + where] = format_interval(known, decimals)
        fill = campaign.is_fill(arm)
        seeds = [] if fill else [str(run["experiment"]["seed"]) for run in runs]
        line["which seeds"] = ", ".join(seeds) or "—"
        lines.append(line)
    return trace.with_rows(indexed(lines, "configuration"), traced)


def contrast_table(
    campaign: Campaign,
    contrasts: Mapping[str, Terms],
    scores: Sequence[Score] = BOTH,
    *,
    names: str = "compared",
    in_paper: bool = False,
) -> pd.DataFrame:
    """Contrasts of arms over the seeds that they share, in per cent of 1 - SSIM and in dB.

    Parameters
    ----------
    campaign : Campaign
    contrasts : mapping of str to tuple of (float, Arm)
    scores : sequence of wssl.claims.estimands.Score
    names : str
        The heading of the column of names.
    in_paper : bool
        Whether the same in the paper's own numbers stands beside each.

    Returns
    -------
    pandas.DataFrame
        One row per contrast; for each score the effect, its 95 % interval for new seeds and new
        images, and the paper's. Dashes where no seed has all of the runs.
    """
    lines = []
    for name, terms in contrasts.items():
        line: dict[tuple[str, str], Any] = {("", names): name}
        seeds = 0
        for score in scores:
            title = score_label(score)
            found = paired(campaign, terms, score)
            estimate = found.estimate if found else None
            line[title, heading(score)] = number(estimate.value if estimate else np.nan, score.unit)
            bounds = (estimate.lower(), estimate.upper()) if estimate else (np.nan, np.nan)
            line[title, "95 % interval"] = numbers(*bounds, score.unit)
            if in_paper:
                line[title, "in the paper"] = number(printed_contrast(terms, score), score.unit)
            seeds = max(seeds, len(found.per_seed) if found else 0)
        line["", "seeds"] = seeds
        lines.append(line)
    runs = [runs_of(campaign, [arm for _, arm in terms]) for terms in contrasts.values()]
    return trace.with_rows(with_headings(lines), list(map(trace.fingerprints, runs)))


def progress_table(campaign: Campaign, arms: Mapping[str, Arm]) -> pd.DataFrame:
    """How far training came: the loss at the end, and how much it still fell.

    Parameters
    ----------
    campaign : Campaign
    arms : mapping of str to Arm

    Returns
    -------
    pandas.DataFrame
        One row per arm with runs: ``steps``; ``loss at the end``, the mean of the last tenth;
        ``still falling``, the per cent by which it fell over the last fifth of the training.
    """
    lines = {}
    for name, arm in arms.items():
        runs = [run for run in runs_of(campaign, [arm]) if run["history"]]
        if not runs:
            continue
        ends, falls = zip(*(_last_losses(run["history"]) for run in runs), strict=True)
        lines[name] = {
            "steps": runs[0]["history"][-1][0],
            "loss at the end": format_interval(ends, 5),
            "still falling (%)": format_interval(falls, 1),
        }
    columns = ["steps", "loss at the end", "still falling (%)"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns)


def _last_losses(history: Sequence[Sequence[float]]) -> tuple[float, float]:
    losses = [loss for _, loss in history]
    tenth = max(1, len(losses) // 10)
    end = float(np.mean(losses[-tenth:]))
    before = float(np.mean(losses[-3 * tenth : -2 * tenth] or losses[:1]))
    return end, 100 * (1 - end / before)


def variants_table(runs: Sequence[Record]) -> pd.DataFrame:
    """What a method that draws at random scores by its mean, by one draw, by the best of some.

    Parameters
    ----------
    runs : sequence of dict
        Of one such method, with ``variants``.
    """
    names = {"sample": "one sample", "best_of_10": "best of 10 samples, by the original"}
    fills = {"mean of the latent": [run["metrics"] for run in runs]}
    for name in runs[0]["variants"] if runs else ():
        fills[names.get(name, name)] = [run["variants"][name] for run in runs]
    lines = [
        {
            "fill": name,
            **{
                title: format_interval([values[metric] for values in scores], decimals)
                for metric, (title, decimals) in METRICS.items()
            },
        }
        for name, scores in fills.items()
    ]
    return indexed(lines, "fill")


def spread_table(campaign: Campaign, sets: Mapping[str, Sequence[Arm]]) -> pd.DataFrame:
    """What the weights change beside what a seed changes, by set of tasks.

    Parameters
    ----------
    campaign : Campaign
    sets : mapping of str to sequence of Arm
        Weightings of the same tasks.

    Returns
    -------
    pandas.DataFrame
        Standard deviations in per cent of 1 - SSIM. ``between weightings`` is without the seeds'
        part; ``of a seed`` is what a seed changes in one weighting; ``p`` that of no difference
        between the weightings, for this set alone. Dashes where fewer than two seeds have all.
    """
    lines = []
    campaign = campaign.converged
    for name, arms in sets.items():
        theirs = [printed(arm, SSIM) for arm in arms]
        line = {
            "tasks": name,
            "the paper's runs": amount(float(np.std(theirs, ddof=1)), "SD"),
            "between weightings": "—",
            "95 % interval": "—",
            "of a seed": "—",
            "p": "—",
        }
        seeds = common_seeds(campaign, arms, SSIM)
        if len(seeds) > 1 and set(campaign.design.few) <= set(seeds):
            found = SpreadOfWeightings((tuple(arms),)).estimate(campaign)
            line["between weightings"] = amount(found.value, "SD")
            line["95 % interval"] = bounds_text(found.lower(), found.upper(), "SD")
            line["of a seed"] = amount(found.noise**0.5, "SD")
            line["p"] = p_text(found.p_above())
        lines.append(line)
    return indexed(lines, "tasks")


def p_text(p: float) -> str:
    """A p value to three decimals.

    Parameters
    ----------
    p : float in [0, 1]
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def repetition_table(campaign: Campaign, groups: Mapping[int, Sequence[Arm]]) -> pd.DataFrame:
    """Each seed as one repetition of the paper's study: means and spreads by number of tasks.

    Parameters
    ----------
    campaign : Campaign
    groups : mapping of int to sequence of Arm
        The weightings of each number of tasks.

    Returns
    -------
    pandas.DataFrame
        One row for the paper and one per seed that has all runs: the mean SSIM of each group and
        the standard deviation over its weightings (n - 1), in points of SSIM as the paper has them.
    """
    campaign = campaign.converged
    points = Score(points=True)
    arms = [arm for group in groups.values() for arm in group]
    rows = {"the paper": [[printed(arm, points) for arm in group] for group in groups.values()]}
    for seed in common_seeds(campaign, arms, points):
        rows[f"our seed {seed}"] = [
            [points(campaign, arm, seed) for arm in group] for group in groups.values()
        ]
    lines = [
        {
            ("", "study"): name,
            **{
                (part, NUMBERS.get(number, f"{number} tasks")): f"{function(values):.4f}"
                for part, function in (("mean", np.mean), ("SD", _deviation))
                for number, values in zip(groups, found, strict=True)
            },
        }
        for name, found in rows.items()
    ]
    return with_headings(lines)


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def more_tasks(groups: Mapping[int, Sequence[Arm]], campaign: Campaign) -> dict[str, Terms]:
    """What to compare in order to ask whether more tasks are better, and how much rests on what.

    Parameters
    ----------
    groups : mapping of int to sequence of Arm
        The weightings of one, two and three tasks.
    campaign : Campaign
        From whose scores the worst task and the worst and best pair follow, after the fact.

    Returns
    -------
    dict of str to tuple of (float, Arm)
    """
    one, two, three = (list(groups[number]) for number in (1, 2, 3))
    found = {
        "two tasks minus one": means(two, one).terms,
        "three tasks minus two": means(three, two).terms,
    }
    ranked = _ranked(groups, campaign)
    if not ranked:
        return found
    worst, *_ = (arms for number, arms in ranked if number == 1)
    *_, best = (arms for number, arms in ranked if number == 2)
    without = [arm for arm in one if arm not in worst]
    names = " and ".join(set_name(arm.pretext) for arm in without)
    return {
        **found,
        f"all pairs minus {names}, each alone": means(two, without).terms,
        **three_without_some(groups, campaign),
        f"three minus {set_name(best[0].pretext)} alone": means(three, best).terms,
    }


def three_without_some(groups: Mapping[int, Sequence[Arm]], campaign: Campaign) -> dict[str, Terms]:
    """Three tasks minus two without the worst pair: what a claim on three tasks may rest on.

    Parameters
    ----------
    groups, campaign
        As for `more_tasks`.

    Returns
    -------
    dict of str to tuple of (float, Arm)
        Empty without runs.
    """
    pairs = [arms for number, arms in _ranked(groups, campaign) if number == 2]
    if not pairs:
        return {}
    kept = [arm for arm in groups[2] if arm not in pairs[0]]
    name = f"three minus two, without {set_name(pairs[0][0].pretext)}"
    return {name: means(groups[3], kept).terms}


def _ranked(groups: Mapping[int, Sequence[Arm]], campaign: Campaign) -> list[tuple[int, list[Arm]]]:
    """The number of tasks and the weightings of each task and pair, the lowest mean score first."""
    campaign = campaign.converged
    seeds = common_seeds(campaign, [*groups[1], *groups[2]], SSIM)
    sets: dict[tuple[str, ...], list[Arm]] = {}
    for arm in [*groups[1], *groups[2]]:
        sets.setdefault(tuple(arm.pretext), []).append(arm)
    if not seeds:
        return []
    return sorted(
        ((len(tasks), arms) for tasks, arms in sets.items()),
        key=lambda one: np.mean([SSIM(campaign, arm, seed) for arm in one[1] for seed in seeds]),
    )


def even_weights(sets: Mapping[str, Sequence[Arm]]) -> dict[str, Terms]:
    """The evenest weighting of each set of tasks minus the mean of its others.

    Parameters
    ----------
    sets : mapping of str to sequence of Arm
    """
    found = {}
    for name, arms in sets.items():
        uneven = [max(arm.pretext.values()) - min(arm.pretext.values()) for arm in arms]
        even = arms[int(np.argmin(uneven))]
        found[name] = means([even], [arm for arm in arms if arm != even]).terms
    return found


def with_each_task(arms: Sequence[Arm]) -> dict[str, Terms]:
    """Weightings with a task minus those without it, and the trend over its weight.

    Parameters
    ----------
    arms : sequence of Arm
        Of all numbers of tasks.

    Returns
    -------
    dict of str to tuple of (float, Arm)
        Two contrasts for each task; the trend is the change along a straight line from a weight of
        0 to one of 1.
    """
    found = {}
    for task in dict.fromkeys(task for arm in arms for task in arm.pretext):
        title = set_name([task])
        found[f"with {title} minus without"] = means(
            [arm for arm in arms if task in arm.pretext],
            [arm for arm in arms if task not in arm.pretext],
        ).terms
        weights = np.array([arm.pretext.get(task, 0.0) for arm in arms])
        centred = weights - weights.mean()
        slope = centred / (centred @ centred)
        found[f"{title}, from a weight of 0 to 1"] = tuple(
            (float(share), arm) for share, arm in zip(slope, arms, strict=True)
        )
    return found


def contrasts_text(
    campaign: Campaign, contrasts: Mapping[str, Terms], score: Score = SSIM, title: str = ""
) -> str:
    """Some contrasts in words, each after its name; empty without runs.

    Parameters
    ----------
    campaign : Campaign
    contrasts : mapping of str to sequence of (float, Arm)
        By name.
    score : Score
    title : str
        What the score is called; its own name if not given.
    """
    known = {}
    for name, terms in contrasts.items():
        if (found := paired(campaign, terms, score)) is not None:
            ends = bounds(found.estimate)
            known[name] = change_text(found.estimate.value, score, ends, title)
    return "; ".join(map(": ".join, known.items()))


def each_task_text(campaign: Campaign, arms: Sequence[Arm], title: str = "") -> str:
    """How weightings with each task compare with those without it, without a full stop.

    Parameters
    ----------
    campaign : Campaign
    arms : sequence of Arm
        As for `with_each_task`.
    title : str
        As for `contrasts_text`.

    Returns
    -------
    str
        Empty without runs.
    """
    contrasts = {k: v for k, v in with_each_task(arms).items() if k.startswith("with ")}
    words = contrasts_text(campaign, contrasts, title=title)
    return words and f"as a mean over weightings, {words}"


def ends(sets: Mapping[tuple[str, ...], Sequence[Arm]], singles: Sequence[Arm]) -> dict[str, Terms]:
    """What a tenth of a second task changes: a pair at 0.9 and 0.1 minus the first task alone.

    Parameters
    ----------
    sets : mapping of tuple of str to sequence of Arm
        The weightings of each pair of tasks.
    singles : sequence of Arm
        The tasks alone.
    """
    alone = {next(iter(arm.pretext)): arm for arm in singles}
    found: dict[str, Terms] = {}
    for pair, arms in sets.items():
        for task, other in (pair, pair[::-1]):
            most = max(arms, key=lambda arm: arm.pretext[task])
            name = f"{set_name([task])} and a tenth of {set_name([other])}"
            found[name] = Contrast(((1.0, most), (-1.0, alone[task]))).terms
    return found


def class_table(campaign: Campaign) -> pd.DataFrame:
    """How runs of one configuration scatter over seeds, by class of configurations.

    Parameters
    ----------
    campaign : Campaign

    Returns
    -------
    pandas.DataFrame
        One row per class: the standard deviation of a run, in per cent of 1 - SSIM and in dB, from
        how many degrees of freedom, and how far apart two runs of one configuration are in 95 % of
        cases. Dashes where nothing was repeated.
    """
    lines = []
    for noise, title in _CLASSES.items():
        line: dict[str, Any] = {"class of configurations": title}
        for score, unit in ((SSIM, "%"), (PSNR, "dB")):
            variance, freedom = campaign.variance(score, noise)
            factor, decimals = (100, 1) if unit == "%" else (1, 2)
            deviation = factor * variance**0.5 if freedom else np.nan
            for name, value in (("SD", deviation), ("95 % of pairs within", 2.77 * deviation)):
                text = "—" if np.isnan(value) else f"{value:.{decimals}f} {unit}"
                line[f"{name}, {'1 - SSIM' if unit == '%' else 'PSNR'}"] = text
        line["degrees of freedom"] = campaign.variance(SSIM, noise)[1]
        lines.append(line)
    return pd.DataFrame(lines).set_index("class of configurations")


_CLASSES = {
    "sharpness": "frozen, at least half of the weight on sharpness",
    "other pretext": "frozen, other weightings",
    "no frozen features": "random, from scratch or fine-tuned",
    "other method": "other methods",
}
