"""Numbers and findings as text: sentences that follow the evidence whichever way it points."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from wssl.claims.campaign import Arm, Campaign
from wssl.claims.catalogue import CAVEATS
from wssl.claims.decision import (
    AWAITING,
    HOLDS,
    REFUTED,
    SAME,
    UNDECIDED,
    Verdict,
    in_paper,
)
from wssl.claims.estimands import SSIM, Best, Contrast, Score, Unit, difference, in_db, linear
from wssl.claims.ladders import Rung
from wssl.claims.outcomes import NOT_RUN, SEEN, Findings, diverged, paired, without_diverged
from wssl.claims.registration import Registration, registration
from wssl.claims.repeats import (
    CHANGE,
    GAIN,
    Repeat,
    is_undetected,
    mean_change,
    mean_of,
    scatter,
)
from wssl.claims.statistics import Estimate
from wssl.records.fields import describe, has_diverged, is_shallow
from wssl.records.store import Record
from wssl.report.labels import pretext_name, score_label
from wssl.report.numbers import amount, bounds, change_text, effect_text, size_text
from wssl.report.tables.repeats import difference_of, rows

SIGNS = {
    HOLDS: "✓",
    REFUTED: "✗",
    SAME: "=",
    UNDECIDED: "?",
    AWAITING: "…",
    SEEN: "·",
    NOT_RUN: "—",
}
"""The sign of each outcome, so that outcomes can be distinguished without colour."""


def counted(count: int, noun: str) -> str:
    """A number with its noun: ``"1 seed"``, ``"3 seeds"``, ``"1,200 images"``.

    Parameters
    ----------
    count : int
    noun : str
        In the singular.
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def is_or_are(count: int) -> str:
    """``"is"`` or ``"are"``, by the number of things.

    Parameters
    ----------
    count : int
    """
    return "is" if count == 1 else "are"


def listed(parts: Sequence[str]) -> str:
    """``"a"``, ``"a and b"``, ``"a, b and c"``.

    Parameters
    ----------
    parts : sequence of str
    """
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def seeds_text(seeds: Iterable[int]) -> str:
    """``"seed 11"``, ``"seeds 11 and 13"``.

    Parameters
    ----------
    seeds : iterable of int
    """
    names = [str(seed) for seed in seeds]
    return f"seed{'s' * (len(names) > 1)} {listed(names)}"


def in_words(verdict: Verdict, title: str = "", *, interval: bool = True) -> str:
    """The effect of a claim in words, with its 95 % interval; empty without one.

    Parameters
    ----------
    verdict : Verdict
    title : str
        As in `wssl.report.numbers.change_text`.
    interval : bool
        Whether the interval is given.
    """
    estimand, effect = verdict.claim.estimand, verdict.effect
    if effect is None:
        return ""
    score = getattr(estimand, "score", SSIM)
    if estimand.unit == score.unit:
        ends = bounds(effect) if interval else (np.nan, np.nan)
        return change_text(effect.value, score, ends, title)
    words = effect_text(effect, estimand.unit) if interval else amount(effect.value, estimand.unit)
    return f"{verdict.claim.compared}: {words}" if estimand.unit in ("share", "yield") else words


def levels_text(runs: Mapping[str, Sequence[Record]]) -> str:
    """The mean SSIM of some runs beside that of others, as a sentence; empty if one has none.

    Parameters
    ----------
    runs : mapping of str to sequence of dict
        By what they are called.
    """
    if not all(runs.values()):
        return ""
    levels = [
        f"{name} has {np.mean([run['metrics']['ssim'] for run in found]):.3f} "
        f"({counted(len(found), 'seed')})"
        for name, found in runs.items()
    ]
    return f"Mean SSIM on the same images: {listed(levels)}."


def tuned_text(name: str, runs: Sequence[Record], tuned: Sequence[Record]) -> str:
    """How runs compare with the calibration run of their settings, as a sentence.

    Parameters
    ----------
    name : str
        Of the method.
    runs, tuned : sequence of dict
        Records of runs on test images, and of the calibration on validation images.

    Returns
    -------
    str
        Empty without either.
    """
    if not runs or not tuned:
        return ""
    tested, chosen = (
        listed([f"{run['metrics']['ssim']:.3f}" for run in some]) for some in (runs, tuned)
    )
    return (
        f"The runs of {name} have SSIM {tested} on the test images, and the calibration run that "
        f"chose the learning rate had {chosen} on validation images."
    )


def beyond_text(verdicts: Iterable[Verdict]) -> str:
    """Which undecided claims have an interval below the paper's own effect, as a sentence.

    Parameters
    ----------
    verdicts : iterable of Verdict

    Returns
    -------
    str
        Empty if there is none.
    """
    below = [f"“{v.claim.text.rstrip('.')}” ({above})" for v in verdicts if (above := beyond(v))]
    if not below:
        return ""
    one = len(below) == 1
    return (
        "Undecided does not mean that anything is possible. The interval that decides lies below "
        f"the paper's own number for {counted(len(below), 'undecided claim')}: {listed(below)}. "
        f"At this scale, {'the effect is' if one else 'the effects are'} smaller than "
        f"{'this printed number' if one else 'these printed numbers'}, which come from single runs "
        "and so contain chance, and, where the best of several was picked, that choice."
    )


def beyond(verdict: Verdict) -> str:
    """The paper's own effect, and the upper end of an undecided claim's interval if that is lower.

    Parameters
    ----------
    verdict : Verdict
    """
    printed, estimand = in_paper([verdict.claim])[verdict.claim.key], verdict.claim.estimand
    if verdict.outcome != UNDECIDED or not verdict.high < printed:
        return ""
    unit, score = estimand.unit, getattr(estimand, "score", SSIM)
    most = "the interval that decides allows at most"
    if unit == score.unit:
        own, here = size_text(printed, score), size_text(verdict.high, score)
        return f"{own} in the paper's single runs; {most} {here}"
    noise = ", their noise included" if unit == "SD" else ""
    own, here = amount(printed, unit), amount(verdict.high, unit)
    return f"{own} in the paper's single runs{noise}; {most} {here}"


def why_undecided(verdict: Verdict) -> str:
    """Why a claim is undecided although its 95 % interval excludes zero; else empty.

    Parameters
    ----------
    verdict : Verdict
    """
    if verdict.outcome != UNDECIDED or verdict.effect is None:
        return ""
    low, high = verdict.interval()
    if not (low > 0 or high < 0) or not verdict.low <= 0 <= verdict.high:
        return ""
    return "; the wider interval that decides includes zero"


def finding_text(verdict: Verdict, campaign: Campaign) -> str:
    """The finding for a claim, without the claim: the outcome and the effect, in dB as well.

    Where a run diverged, the effect is that without such runs.

    Parameters
    ----------
    verdict : Verdict
    campaign : Campaign
        From whose records it is.
    """
    if verdict.effect is None:
        return verdict.status
    if lost := diverged_words(verdict, campaign, in_words):
        return f"{verdict.status} ({lost})"
    parts = [in_words(verdict)]
    beside = in_db(verdict.claim.estimand)
    if beside is not None:
        parts.append(change_text(beside.estimate(campaign).value, beside.score))
    found = "; ".join(parts) + why_undecided(verdict)
    return found if verdict.outcome == SEEN else f"{verdict.status} ({found})"


def diverged_words(verdict: Verdict, campaign: Campaign, words: Callable[[Verdict], str]) -> str:
    """How many runs behind an effect diverged, and the effect without them; empty if none did.

    Parameters
    ----------
    verdict : Verdict
    campaign : Campaign
        From whose records it is.
    words : callable
        The text of a verdict's effect.
    """
    text = _lost_text(verdict, campaign)
    estimand = verdict.claim.estimand
    if not text or not isinstance(estimand, Contrast | Best):
        return text
    rest = without_diverged(campaign, estimand)
    if rest is None:
        return f"{text}, at least one of each seed"
    effect, seeds = rest
    alone = words(replace(verdict, effect=effect))
    return f"{text}; in {seeds_text(seeds)}, where none did: {alone}"


def _lost_text(verdict: Verdict, campaign: Campaign) -> str:
    """How many runs behind an effect diverged; empty if none did."""
    lost, count = diverged(verdict, campaign)
    return f"{lost} of {counted(count, 'run')} diverged" if lost else ""


def answer(found: Findings, keys: Iterable[str]) -> str:
    """The answer to a page's question: its claims by outcome, with the effects that are decided.

    Parameters
    ----------
    found : Findings
    keys : iterable of str
        Of claims.

    Returns
    -------
    str
        Without a full stop. At a scale that was not registered it says that nothing is judged, and
        gives the effects that were seen.
    """
    verdicts = [found[key] for key in keys]
    if found.registered:
        groups = _by_status(verdicts, found.campaign, _decided_effect)
        return ". ".join(group[0].upper() + group[1:] for group in groups)
    seen = [v for v in verdicts if v.outcome == SEEN]
    if not seen:
        return "At this scale nothing is judged, and none of the required runs was made"
    effects = "; ".join(f"{v.claim.compared}: {finding_text(v, found.campaign)}" for v in seen)
    return f"{unjudged_text(found)}. These runs show: {effects}"


def _decided_effect(verdict: Verdict, campaign: Campaign) -> str:
    """The effect of a claim with what was compared, or what an undecided one lost."""
    if verdict.outcome == UNDECIDED:
        return _lost_text(verdict, campaign)
    effect = diverged_words(verdict, campaign, in_words) or in_words(verdict)
    if effect and not effect.startswith(verdict.claim.compared):
        effect = f"{verdict.claim.compared}: {effect}"
    return effect


def _by_status(
    verdicts: Iterable[Verdict], campaign: Campaign, words: Callable[[Verdict, Campaign], str]
) -> list[str]:
    """Claims by their verdict, each with words of its own."""
    groups: dict[str, list[str]] = {}
    for verdict in sorted(verdicts, key=lambda v: [*SIGNS].index(v.outcome)):
        effect = words(verdict, campaign)
        quoted = f"“{verdict.claim.text.rstrip('.')}”" + f" ({effect})" * bool(effect)
        groups.setdefault(verdict.status, []).append(quoted)
    return [
        f"{_count(len(quoted))} {_verb(status, len(quoted))}: {listed(quoted)}"
        for status, quoted in groups.items()
    ]


def _count(claims: int) -> str:
    """``"one claim"``, ``"two claims"``, ``"13 claims"``."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    number = words[claims] if claims < len(words) else str(claims)
    return f"{number} claim{'s' * (claims != 1)}"


def _verb(status: str, claims: int = 1) -> str:
    """The status of one or several claims as the verb of a sentence about them."""
    be = is_or_are(claims)
    word, _, how = status.partition(": ")
    how = f" ({how})" * bool(how)
    if word.startswith(AWAITING):
        return status.replace("awaiting", "awaits" if claims == 1 else "await")
    return {
        HOLDS: "holds" if claims == 1 else "hold",
        SAME: f"{'shows' if claims == 1 else 'show'} no difference that matters",
    }.get(word, f"{be} {word}{how}")


def judged_text(verdict: Verdict, campaign: Campaign) -> str:
    """The outcome of a claim with its effect, or with the number of runs that diverged.

    Parameters
    ----------
    verdict : Verdict
    campaign : Campaign
        From whose records it is.
    """
    effect = _brief_effect(verdict, campaign)
    return f"{verdict.status} ({effect})" if effect else verdict.status


def _brief_effect(verdict: Verdict, campaign: Campaign) -> str:
    """The effect of a claim without its interval, or the number of runs that diverged."""
    return _lost_text(verdict, campaign) or in_words(verdict, interval=False)


def brief_answer(found: Findings, beside: Mapping[str, Findings], keys: Iterable[str]) -> str:
    """The answer to a page's question where other runs stand beside the registered ones.

    Parameters
    ----------
    found : Findings
    beside : mapping of str to Findings
        Of other runs, by their title.
    keys : iterable of str
        Of claims.

    Returns
    -------
    str
        The verdicts of the registered runs, then those of the others, without a full stop; as
        `answer` where there are no others or nothing is registered.
    """
    keys = list(keys)
    others = {}
    for title, other in beside.items():
        known = [key for key in keys if key in other.verdicts and other[key].effect is not None]
        if known:
            judged = _by_status([other[key] for key in known], other.campaign, _brief_effect)
            others[title] = "; ".join(judged)
    if not found.registered or not others:
        return answer(found, keys)
    verdicts = [found[key] for key in keys]
    undecided = all(verdict.outcome == UNDECIDED for verdict in verdicts)
    lost = {_lost_text(verdict, found.campaign) for verdict in verdicts}
    if undecided and len(lost) == 1 and len(keys) > 1:
        why = f" ({lost.pop()})" if any(lost) else ""
        registered = f"The registered runs decide none of the {len(keys)} claims{why}"
    else:
        judged = _by_status(verdicts, found.campaign, _brief_effect)
        registered = f"In the registered runs, {'; '.join(judged)}"
    return ". ".join([registered, *(f"{title}, {judged}" for title, judged in others.items())])


def differ_text(found: Findings, keys: Iterable[str]) -> str:
    """That one question has other answers on other scales, as a sentence; empty if it has not.

    Parameters
    ----------
    found : Findings
    keys : iterable of str
        Of claims that ask it on one scale each.
    """
    known = {found[key].status for key in keys if key in found and found[key].effect is not None}
    return "The answer depends on the scale of the metric." if len(known) > 1 else ""


def rests_text(found: Findings, key: str, others: Mapping[str, Sequence[tuple[float, Arm]]]) -> str:
    """What a claim that holds rests on: its own seeds alone, and contrasts without some runs.

    Parameters
    ----------
    found : Findings
    key : str
        Of a claim that is a contrast of arms.
    others : mapping of str to sequence of (float, Arm)
        Contrasts without some of its arms, by their name.

    Returns
    -------
    str
        Some sentences; empty unless the claim holds.
    """
    verdict, campaign = found[key], found.campaign
    estimand = verdict.claim.estimand
    if verdict.outcome != HOLDS or not isinstance(estimand, Contrast):
        return ""
    seeds = campaign.design.many if estimand.many else campaign.design.few
    alone = linear(campaign, estimand.terms, estimand.score, seeds, own=True)
    quoted = verdict.claim.text.rstrip(".")
    change = change_text(alone.value, estimand.score, bounds(alone))
    parts = [
        f"How much does “{quoted}” depend on a few runs? With the scatter of its own "
        f"{counted(len(seeds), 'seed')} alone, the effect is: {change}."
    ]
    for name, terms in others.items():
        rest = paired(campaign, terms, estimand.score)
        if rest is not None:
            change = change_text(rest.estimate.value, estimand.score, bounds(rest.estimate))
            parts.append(f"For {name}, it is: {change}.")
    return " ".join(parts)


def beside_text(beside: Mapping[str, Findings], key: str) -> str:
    """What runs beside the registered ones say of a claim, a sentence for each kind of runs.

    Parameters
    ----------
    beside : mapping of str to Findings
        By the title of the runs.
    key : str
        Of the claim.

    Returns
    -------
    str
        Empty if the claim has not all of these runs.
    """
    sentences = []
    for title, found in beside.items():
        if key in found.verdicts and found[key].effect is not None:
            verdict = found[key]
            effect = finding_text(verdict, found.campaign).removeprefix(verdict.status)
            quoted = verdict.claim.text.rstrip(".")
            sentences.append(f"{title}, “{quoted}” {_verb(verdict.status)}{effect}.")
    return " ".join(sentences)


def shown_text(title: str) -> str:
    """Which runs of the controls a figure shows, as a sentence; empty for the registered ones.

    Parameters
    ----------
    title : str
        Of other runs that it shows; empty if it shows none.
    """
    if not title:
        return ""
    return (
        f"The figure shows runs of the controls of which none diverged: {title[0].lower()}"
        f"{title[1:]}. The tables further down show those registered runs that did not diverge."
    )


def unjudged_text(found: Findings) -> str:
    """Why nothing is judged at a scale that was not registered, without a full stop.

    Parameters
    ----------
    found : Findings
    """
    seeds = found.seeds
    why = "one seed cannot show what is chance" if seeds < 2 else "no plan was registered"
    there = f"there {is_or_are(seeds)} {counted(seeds, 'seed')}"
    return f"At this scale nothing is judged: {there}, and {why}"


def awaiting_text(done: int, planned: int) -> str:
    """How many runs are still awaited, as a sentence; empty if none is.

    Parameters
    ----------
    done, planned : int
        Runs with a record, and all.
    """
    if done >= planned:
        return ""
    return (
        f"Awaiting runs: {done:,} of {counted(planned, 'registered run')} of this page "
        f"{is_or_are(done)} recorded. The figures and tables below show these "
        "runs, where there are any."
    )


def scale_text(found: Findings, arms: Iterable[Arm], then: str = "") -> str:
    """The images, size and length of the training of some arms, as a sentence.

    Parameters
    ----------
    found : Findings
    arms : iterable of Arm
    then : str
        As in `diverged_text`; by default what holds for registered runs, or for others.
    """
    campaign, arms = found.campaign, list(arms)
    design = campaign.design
    runs = [run for arm in arms for run in campaign.runs.get(arm, {}).values()]
    learned = [run for run in runs if run["history"]]
    low, high = design.coverage
    parts = [
        f"Images: {design.dataset}, at {design.size} pixels",
        f"masks: strokes of {design.masks} that cover {100 * low:.0f} to {100 * high:.0f} %",
    ]
    if learned:
        made = learned[0]["provenance"]
        parts[0] += f", {made['train_images']:,} to train on and {made['test_images']:,} to test on"
        parts.append(f"inpainting phase: {_spans(learned, 'inpainting_steps')} steps of "
                     f"{_spans(learned, 'inpainting_batch')} images")  # fmt: skip
        parts.append(f"first width: {_spans(learned, 'width')}")
        parts.append(f"learning rate: {_spans(learned, 'inpainting_learning_rate')}")
        counts = {len(campaign.runs[arm]) for arm in arms if not campaign.is_fill(arm)
                  and campaign.runs.get(arm)}  # fmt: skip
        seeds = " to ".join(dict.fromkeys(str(count) for count in (min(counts), max(counts))))
        one = "" if max(counts) == 1 else "s"
        parts.append(f"{counted(len(learned), 'run')}, {seeds} seed{one} of each configuration")
        if made_on := machines_text(learned):
            parts.append(made_on)
    then = then or (COUNTED if found.registered else LEFT_OUT)
    named = not found.registered or then == COUNTED_BESIDE
    return " ".join(filter(None, ["; ".join(parts) + ".", diverged_text(runs, then, named=named)]))


def machines_text(runs: Iterable[Record]) -> str:
    """On which kinds of machines networks were trained, without a full stop; empty if on one.

    Parameters
    ----------
    runs : iterable of dict
        Of any method.
    """
    learned = [run for run in runs if run["history"]]
    machines = Counter(str(run["provenance"].get("backend")) for run in learned)
    if len(machines) < 2:
        return ""
    kinds = [f"{count} under {backend}" for backend, count in machines.most_common()]
    return f"made on different machines ({listed(kinds)}; “The verdicts” say what that changes)"


COUNTED = "Verdicts count such runs, as planned; tables and figures do not unless they say so."
COUNTED_BESIDE = "These outcomes count such runs, as planned."
LEFT_OUT = "Tables and figures leave such runs out."


def diverged_text(runs: Iterable[Record], then: str, *, named: bool = False) -> str:
    """How many runs diverged, as a sentence, and what follows; nothing if none did.

    Parameters
    ----------
    runs : iterable of dict
    then : str
        What counts them: `COUNTED`, `COUNTED_BESIDE` or `LEFT_OUT`.
    named : bool
        Whether each is named; else it is said where they are.
    """
    runs = list(runs)
    names = [describe(run["kind"], run["experiment"]) for run in runs if has_diverged(run)]
    if not names:
        return ""
    listing = f": {'; '.join(names)}" if named else " (listed in “The verdicts”)"
    learned = sum(run["kind"] == "inpainting" and bool(run["history"]) for run in runs)
    return f"{len(names)} of the {counted(learned, 'run')} here diverged{listing}. {then}"


def shallow_text(runs: Iterable[Record]) -> str:
    """Which networks use none but their first skip connection, as sentences; empty if none do.

    Parameters
    ----------
    runs : iterable of dict
    """
    names = [describe(run["kind"], run["experiment"]) for run in runs if is_shallow(run)]
    if not names:
        return ""
    return (
        f"In {counted(len(names), 'run')} that did not diverge by the plan's definition, part of "
        "the decoder died: cutting any skip connection but the first changes nothing, so that the "
        f"deeper blocks are not used ({'; '.join(names)}). Verdicts, tables and figures count "
        "these runs unless they say otherwise."
    )


def repeats_text(
    found: Sequence[Repeat],
    judged: Sequence[Verdict],
    exchanged: Sequence[Verdict],
    alike: int = 0,
) -> str:
    """What the machine does to the scores of repeated runs, and to verdicts, as sentences.

    Parameters
    ----------
    found : sequence of wssl.claims.repeats.Repeat
    judged, exchanged : sequence of Verdict
        On the claims that rest on runs of both kinds of machines: from the runs as recorded, and
        with the repetitions in their place.
    alike : int
        How many of these claims rest on runs of one kind then.
    """
    if not found:
        return "No run has been repeated on another machine."
    kept = [repeat for repeat in found if not repeat.diverged]
    change, one = mean_change(found), scatter(found)
    devices = listed(sorted({str(r.again["provenance"]["device"]) for r in found}))
    seeds, lost = len({repeat.seed for repeat in kept}), len(found) - len(kept)
    rule = "not met, which does not show that there is none" if is_undetected(change) else "met"
    without = ""
    if lost:
        without = f"; {lost} of them diverged on one of the two machines"
    apart = []
    for name, (first, second) in rows(found).items():
        means: dict[Unit, Estimate] = {
            "ratio": mean_of(difference_of(first, second, CHANGE)),
            "dB": mean_of(difference_of(first, second, GAIN)),
        }
        sizes = [
            amount(mean.value, unit)
            for unit, mean in means.items()
            if mean.lower() > 0 or mean.upper() < 0
        ]
        if sizes:
            apart.append(f"{name} ({' and '.join(sizes)})")
    alone = f"in these rows: {'; '.join(apart)}" if apart else "in none of them"
    others = sum(a.outcome != b.outcome for a, b in zip(judged, exchanged, strict=True))
    return (
        f"{counted(len(found), 'run')} of the campaign were repeated on another machine "
        f"({devices}){without}. The mean change in the repetitions is: "
        f"{change_text(change.value, SSIM, bounds(change))} ({counted(seeds, 'seed')}). The plan's "
        f"criterion for a difference is {rule}. The table gives each row an interval of its own; "
        "it excludes "
        f"zero {alone}. A single run changed by {100 * one:.1f} % (standard deviation): two "
        "trainings of one configuration give different networks. "
        f"{counted(len(judged), 'claim')} rest on runs of both kinds of machines. If repetitions "
        f"take the place of the runs that they repeat, {alike} of them rest on one kind; for the "
        "others, only some of the runs can be replaced, or none. "
        f"{counted(others, 'outcome') if others else 'No outcome'} would change, "
        "but the effects do, as the second table shows."
    )


def _spans(runs: Sequence[Record], name: str) -> str:
    values = sorted({run["scale"][name] for run in runs})
    return listed([f"{value:g}" if value < 1 else f"{value:,}" for value in values])


def learned_text(phases: Iterable[Record]) -> str:
    """How many pretext phases ended with all of their tasks learned, as a sentence.

    Parameters
    ----------
    phases : iterable of dict
        Records of pretext phases.
    """
    found = list(phases)
    if not found:
        return "No pretext phase is recorded yet."
    learned = sum(all(phase["learned"].values()) for phase in found)
    text = f"{learned} of {counted(len(found), 'pretext phase')} learned all of their tasks"
    if learned == len(found):
        return f"{text}."
    missed = Counter(
        f"{task} in {pretext_name(phase['experiment']['pretext'])}"
        for phase in found
        for task, well in phase["learned"].items()
        if not well
    )
    names = [f"{where} ({counted(count, 'seed')})" for where, count in missed.items()]
    return (
        f"{text}; in the others, a task stayed near chance: {listed(names)}. Such runs count in "
        "every claim, and their records are marked."
    )


def tally(verdicts: Iterable[Verdict]) -> str:
    """The outcomes of the claims that the paper itself makes, as text.

    Claims that its method presupposes, and those that only this study makes, are not counted.

    Parameters
    ----------
    verdicts : iterable of Verdict
    """
    said = [verdict for verdict in verdicts if verdict.claim.kind == "says"]
    counts = {outcome: sum(v.outcome == outcome for v in said) for outcome in SIGNS}
    if counts[SEEN] + counts[NOT_RUN]:
        return (
            f"Of {len(said)} claims that the paper makes, none is judged at this scale; "
            f"the runs for {counts[SEEN]} of them were made"
        )
    if counts[AWAITING] == len(said):
        return f"None of the {len(said)} claims that the paper makes is judged yet"
    verbs = {
        HOLDS: f"hold{'s' * (counts[HOLDS] == 1)}",
        REFUTED: f"{is_or_are(counts[REFUTED])} refuted",
        UNDECIDED: f"{is_or_are(counts[UNDECIDED])} undecided",
        AWAITING: f"await{'s' * (counts[AWAITING] == 1)} runs",
    }
    parts = [f"{counts[outcome]} {verb}" for outcome, verb in verbs.items() if counts[outcome]]
    keys = {verdict.claim.key for verdict in said}
    again = sum(key.removesuffix("-psnr") in keys for key in keys if key.endswith("-psnr"))
    twice = f" ({again} of them repeat another one with another metric)" if again else ""
    same = f"for {counts[SAME]} there is no difference that matters" if counts[SAME] else ""
    words = "; ".join(filter(None, [listed(parts), same]))
    return f"Of {len(said)} claims that the paper makes{twice}, {words}"


def caveats_text(verdicts: Iterable[Verdict]) -> str:
    """What has to be said with the decided claims that the paper itself makes, as a sentence.

    Parameters
    ----------
    verdicts : iterable of Verdict

    Returns
    -------
    str
        Empty where nothing has.
    """
    decided = [v for v in verdicts if v.claim.kind == "says" and v.outcome in (HOLDS, REFUTED)]
    keys, parts = {verdict.claim.key for verdict in decided}, []
    for verdict in decided:
        key, quoted = verdict.claim.key, f"“{verdict.claim.text.rstrip('.')}”"
        if key in CAVEATS:
            parts.append(f"{quoted}: {CAVEATS[key]}")
        elif key.removesuffix("-psnr") in keys - {key}:
            parts.append(f"{quoted}: the same finding by another metric")
    return f"Of the decided claims, read these with care. {'. '.join(parts)}." if parts else ""


def state_text(found: Findings) -> str:
    """Whether verdicts are final, provisional or none, as a sentence.

    Parameters
    ----------
    found : Findings
    """
    if not found.registered:
        return (
            f"{unjudged_text(found)}. The tables show the effects in these runs; only the "
            "registered campaign has verdicts."
        )
    waiting = [verdict for verdict in found.values() if verdict.outcome == AWAITING]
    if not waiting:
        return "All registered runs that the claims need are recorded."
    return (
        f"{len(waiting)} of the {len(found)} claims of this page still "
        f"{'awaits' if len(waiting) == 1 else 'await'} runs. Until all are recorded, every verdict "
        "is provisional, because the noise is estimated from all runs together."
    )


def ladder_answer(
    ladders: Mapping[str, Sequence[Rung]], score: Score = SSIM, *, registered: bool
) -> str:
    """The paper's frozen network against its controls over all scales, as sentences.

    Parameters
    ----------
    ladders : mapping of str to sequence of Rung
    score : wssl.claims.estimands.Score
    registered : bool
        Whether the ladders are those of the registered campaign, the only one that has them.
    """
    parts: list[str] = []
    controls = {"scratch": "training from scratch", "random": "a frozen random encoder"}
    for other, against in controls.items():
        seen: dict[Any, tuple[float, tuple[float, float], str]] = {}
        # The same runs are a rung of several ladders; their width is what names them best.
        for name, rungs in sorted(ladders.items(), key=lambda ladder: ladder[0] == "width"):
            for rung in rungs:
                arms = rung.arm("frozen"), rung.arm(other)
                found = paired(rung.campaign, difference(*arms).terms, score)
                if found is not None:
                    runs = [run for arm in arms for run in rung.campaign.runs[arm].values()]
                    key = tuple(run["fingerprint"] for run in runs)
                    seeds = counted(len(found.per_seed), "seed")
                    place = f"{_setting(name, rung)}, {seeds}"
                    seen[key] = found.estimate.value, bounds(found.estimate), place
        if len(seen) > 1:
            name = score_label(score)
            ends = [
                f"{change_text(value, score, interval, name).removeprefix(f'{name} ')} ({where})"
                for value, interval, where in (min(seen.values()), max(seen.values()))
            ]
            known = [(low, high) for _, (low, high), _ in seen.values() if np.isfinite(low)]
            apart = sum(low * high > 0 for low, high in known)
            whose = "It" if parts else "The paper's frozen network"
            worse = sum(value < 0 for value, _, _ in seen.values())
            parts.append(
                f"{whose} is worse than {against} at {worse} of "
                f"{counted(len(seen), 'setting')}: {name} is between {' and '.join(ends)}. The "
                f"95 % interval excludes zero at {apart} of {counted(len(known), 'setting')} with "
                "enough runs for one."
            )
    if parts:
        return " ".join(parts)
    if registered:
        return "Not answered yet: no scale has runs at two of its settings."
    return "Only the registered campaign varies the scale; at this preset there are no such runs."


def awaited_rungs(ladders: Mapping[str, Sequence[Rung]]) -> str:
    """At which rungs the paper's network has no run yet, as a sentence; empty if each has one.

    Parameters
    ----------
    ladders : mapping of str to sequence of Rung
    """
    missing = [
        _setting(name, rung)
        for name, rungs in ladders.items()
        for rung in rungs
        if not rung.campaign.runs.get(rung.arm("frozen"))
    ]
    return f"Runs of the paper's network are awaited: {listed(missing)}." if missing else ""


def _setting(ladder: str, rung: Rung) -> str:
    """A rung in words that need no name of a scale."""
    words = {"budget": f"{rung.label} the steps", "holes": f"{rung.label} strokes"}
    return words.get(ladder, rung.label if ladder == "size" else f"{ladder} {rung.label}")


def large_text(campaign: Campaign, scale: Mapping[str, Any]) -> str:
    """How the controls were run at a larger scale, and what may not be read from them.

    Parameters
    ----------
    campaign : Campaign
        Of the runs at that scale.
    scale : mapping of str to value
        The attributes of its preset.
    """
    runs = [run for by_seed in campaign.runs.values() for run in by_seed.values()]
    if not runs:
        return f"No run at {scale['size']} px is recorded."
    steps, images, rate = (
        scale[f"inpainting_{name}"] for name in ("steps", "batch", "learning_rate")
    )
    seeds = len({run["experiment"]["seed"] for run in runs})
    made = [run["provenance"] for run in runs]
    devices = listed(sorted({str(of["device"]) for of in made}))
    precisions = listed(sorted({str(of.get("precision", "float32")) for of in made}))
    return (
        f"Controls at {scale['size']} px: {counted(len(runs), 'run')} with "
        f"{counted(seeds, 'seed')}, first width {scale['width']}, {steps:,} steps of {images} "
        f"images in the inpainting phase and {scale['pretext_steps']:,} of "
        f"{scale['pretext_batch']} in the pretext phase, at a learning rate of {rate:g} "
        f"({devices}, in {precisions}). No learning rate was calibrated at this scale, so these "
        "runs do not show how good each control could be. "
        + "One seed cannot show whether their order is the same. " * (seeds < 2)
        + "No verdict rests on them. A dash stands for a run that is missing."
    )


def registration_text(found: Registration) -> str:
    """The dates of the plan and of the first run, as far as they are known, as a sentence.

    Parameters
    ----------
    found : Registration
    """
    if found.unchecked:
        return f"Whether the plan is older than the first run was not checked: {found.unchecked}."
    assert found.digest is not None
    assert found.committed is not None
    plan = f"The plan (SHA-256 {found.digest[:16]}…) was committed on {_time(found.committed)}"
    if found.unchanged is False:
        plan += " (it was changed since then, not only by additions at its end)"
    if found.first is None or found.finished is None:
        return f"{plan}; no run of the campaign is recorded yet."
    order = "before" if found.older else "after"
    return (
        f"{plan}, {order} the first run of the campaign (that one trained from "
        f"{_time(found.first)} to {_time(found.finished)})."
        + " The commit of every run contains the plan."
        * found.contained
    )


def plan_text(plan: Path, runs: Iterable[Record]) -> str:
    """The plan's digest and date beside the first run's, as a sentence, also where there is none.

    Parameters
    ----------
    plan : pathlib.Path
        It need not exist.
    runs : iterable of dict
        Of the campaign.
    """
    if not plan.exists():
        return "No plan is registered in this copy of the study."
    return registration_text(registration(plan, runs))


def hours(records: Iterable[Record]) -> float:
    """How long records took, one after the other.

    Parameters
    ----------
    records : iterable of dict
    """
    return sum(float(r["provenance"]["seconds"]) for r in records) / 3600


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def facts(campaign: Campaign, arms: Iterable[Arm]) -> Mapping[str, int | str]:
    """The numbers of `scale_text` by name, for pages that put them into tables.

    Parameters
    ----------
    campaign : Campaign
    arms : iterable of Arm

    Returns
    -------
    mapping of str to int or str
        ``dataset``, ``strokes``, ``size``, ``width``, ``train_images``, ``test_images``,
        ``pretext_steps``, ``inpainting_steps`` and ``batch``; 0 where no run says it.
    """
    design = campaign.design
    arms = list(arms)
    known = [(arm, seed) for arm in arms for seed in campaign.runs.get(arm, {})]
    runs = [campaign.runs[arm][seed] for arm, seed in known]
    learned = [run for run in runs if run["history"]]
    made = learned[0]["provenance"] if learned else {"train_images": 0, "test_images": 0}
    scale = learned[0]["scale"] if learned else {}
    phases = [p for arm, seed in known if (p := campaign.pretext(arm, seed)) is not None]
    return {
        "dataset": design.dataset,
        "strokes": design.masks,
        "size": design.size,
        "width": scale.get("width", design.narrow),
        "train_images": made["train_images"],
        "test_images": made["test_images"],
        "pretext_steps": phases[0]["history"][-1][0] if phases else 0,
        "inpainting_steps": scale.get("inpainting_steps", 0),
        "batch": scale.get("inpainting_batch", 0),
    }
