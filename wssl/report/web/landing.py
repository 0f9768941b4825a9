"""The first page: a picture, a sentence that answers, the primary claims in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np

from wssl.claims.campaign import NARROW, Campaign, at_width
from wssl.claims.catalogue import CAVEATS
from wssl.claims.decision import AWAITING, HOLDS, REFUTED, SAME, UNDECIDED, Verdict
from wssl.claims.estimands import Best, Contrast
from wssl.claims.estimands import shown as at_other_width
from wssl.claims.outcomes import NOT_RUN, SEEN, Findings, common_seeds, diverged
from wssl.claims.statistics import BestAgainstBest
from wssl.records.store import Record
from wssl.report.labels import arm_label
from wssl.report.text import SIGNS, beyond, counted, diverged_words, in_words, why_undecided
from wssl.report.web.sliders import embedded
from wssl.report.web.trace import attribute, fingerprints, verdict_records

_STYLE = """
figure.wssl-landing { margin: 0 0 1rem; padding: 0; text-align: start; }
.wssl-landing .strip { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0.4rem; }
.wssl-landing .strip + .strip { margin-top: 0.4rem; }
.wssl-landing .tile {
  display: flex; flex-direction: column; justify-content: flex-end; min-width: 0;
}
.wssl-landing .tile img {
  display: block; width: 100%; margin: 0; padding: 0 !important; border-radius: 0.3rem;
}
.wssl-landing .label {
  display: block; font-size: 0.9rem; line-height: 1.25; margin-bottom: 0.25rem;
}
.wssl-landing .label b { display: block; }
.wssl-landing .strip + .strip .label { display: none; }
.wssl-landing figcaption {
  margin: 0.4rem 0 0; padding: 0; font-size: 0.85rem; line-height: 1.4; text-align: start;
}
.wssl-landing figcaption, .wssl-landing figcaption * { color: inherit; font-weight: inherit; }
@media (max-width: 600px) {
  .wssl-landing .strip { grid-template-columns: repeat(2, 1fr); }
  .wssl-landing .strip + .strip { margin-top: 1rem; }
  .wssl-landing .strip + .strip .label { display: block; }
}
.wssl-claims { list-style: none; margin: 0 0 1rem; padding: 0; }
.wssl-claims li {
  display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 1.5rem;
  padding: 0.6rem 0; border-top: 1px solid var(--pst-color-border, #ccc);
}
.wssl-claims .verdict { font-weight: bold; }
.wssl-claims .detail { display: block; font-size: 0.85rem; font-weight: normal; }
@media (max-width: 600px) { .wssl-claims li { grid-template-columns: minmax(0, 1fr); } }
"""


@dataclass(frozen=True)
class Markup:
    """A piece of a page, where a notebook shows HTML.

    Attributes
    ----------
    html : str
    words : str
        What is shown where no HTML can be.
    """

    html: str
    words: str

    def _repr_html_(self) -> str:
        return f"<style>{_STYLE}</style>{self.html}"

    def __repr__(self) -> str:
        return f"<{self.words}>"


def picture_strip(
    pictures: np.ndarray,
    masks: np.ndarray,
    filled: Mapping[str, np.ndarray],
    records: Mapping[str, Record],
    networks: str,
) -> Markup:
    """Holes, what each of two networks fills in, and the original, side by side.

    Parameters
    ----------
    pictures : float (N, H, W, 3) in [0, 1]
    masks : bool (N, H, W)
        True = hole.
    filled : mapping of str to float (N, H, W, 3)
        Composited, by what the networks are called.
    records : mapping of str to dict
        Of their runs, by the same names.
    networks : str
        Whose networks they are; the caption goes on with what they were trained on.

    Returns
    -------
    Markup
        Without fills, a sentence that says what is missing.
    """
    if not filled:
        words = (
            "The picture of this page is drawn where the networks were trained: their weights are "
            "not on this machine."
        )
        return Markup(f'<figure class="wssl-landing"><figcaption>{words}</figcaption></figure>',
                      words)  # fmt: skip
    masked = np.where(masks[..., None], np.zeros((), pictures.dtype), pictures)
    columns = {"the holes": masked, **filled, "the original": pictures}
    rows = []
    for index in range(len(pictures)):
        tiles = []
        for name, images in columns.items():
            attached = attribute([records[name]["fingerprint"]]) if name in records else ""
            tiles.append(
                f'<span class="tile"><span class="label"><b>{escape(_capital(name))}</b>'
                f"<span{attached}></span></span>"
                f'<img alt="{escape(_alternative(name, index))}" src="{embedded(images[index])}">'
                "</span>"
            )
        rows.append(f'<span class="strip">{"".join(tiles)}</span>')
    caption = _caption(list(records.values()), networks)
    return Markup(
        f'<figure class="wssl-landing"{attribute(r["fingerprint"] for r in records.values())}>'
        f"{''.join(rows)}<figcaption>{escape(caption)}</figcaption></figure>",
        f"picture: {caption}",
    )


def _caption(runs: list[Record], networks: str) -> str:
    first = runs[0]
    scale, made, settings = first["scale"], first["provenance"], first["experiment"]
    return (
        f"Two examples, which decide nothing. {networks} ({scale['size']} pixels, width "
        f"{scale['width']}, {scale['inpainting_steps']:,} steps on {made['train_images']:,} images "
        f"of {settings['dataset']}, seed {settings['seed']})."
    )


def _beside(title: str, verdict: Verdict, campaign: Campaign) -> str:
    """What other runs say of a claim, as a sentence without its full stop."""
    refuted = "the opposite" if verdict.high < 0 else "not by as much as would matter"
    words = {
        HOLDS: "it holds in these runs",
        REFUTED: f"{refuted} in these runs",
        SAME: f"{_no_difference(verdict)} in these runs",
        UNDECIDED: "the runs cannot tell",
    }.get(verdict.outcome, verdict.status)
    effect = effect_words(verdict) if verdict.effect is not None else ""
    note = diverged_words(verdict, campaign, effect_words) or effect + why_undecided(verdict)
    return f"{title}: {words}" + f" ({note})" * bool(note)


def _alternative(name: str, index: int) -> str:
    return f"Picture {index + 1}: {name}"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


PLAIN = {
    "supervised": "The recipe, two pretext tasks first (saturation and sharpness) and then a "
    "frozen encoder, fills holes better than training from scratch.",
    "weights-matter": "How well holes are filled depends on the weights of the pretext tasks.",
    "features": "What the encoder learns from pretext tasks helps: an encoder with random weights "
    "fills holes worse.",
    "methods": "The recipe fills holes better than two other published methods, Shift-Net and PIC.",
    "mix": "Training with a mix of two losses works better than with either alone.",
    "combination": "The best combination of pretext tasks works better than the best single task.",
}
"""The primary claims by their keys, in words that need no other page."""

SUBJECT = "the recipe's"
"""Whose error the first page's sentence is about."""

THAN = " than that of training from scratch"
"""What that error is compared with."""

QUESTION = "supervised"
"""The key of the claim that the first page's sentence answers."""


def answer_sentence(found: Findings, beside: Mapping[str, Findings] | None = None) -> str:
    """The answer to the book's question, from the claim that decides it.

    Parameters
    ----------
    found : wssl.claims.Findings
    beside : mapping of str to wssl.claims.Findings, optional
        Of other runs, by their title; a sentence each gives their answer, if there is one.
    """
    sentences = [_answer(found)]
    for title, other in (beside or {}).items():
        verdict = other.verdicts.get(QUESTION)
        if verdict is not None and verdict.effect is not None:
            lost, count = diverged(verdict, other.campaign)
            size = effect_words(verdict, interval=False, subject=SUBJECT) + THAN
            if lost:
                size = f"training broke down in {lost} of {counted(count, 'run')}"
            sentences.append(f"{title}, {_short(verdict)}{size}.")
    return " ".join(sentences)


def _short(verdict: Verdict) -> str:
    """An outcome in a few words; none where the effect says it."""
    return {
        HOLDS: "",
        REFUTED: "" if verdict.high < 0 else "not by as much as would matter, ",
        SAME: f"{_no_difference(verdict)}, ",
        UNDECIDED: "undecided, ",
    }[verdict.outcome]


def _no_difference(verdict: Verdict) -> str:
    margin = f" of {100 * np.expm1(verdict.margin):.0f} %"
    known = margin if verdict.claim.estimand.unit == "ratio" else ""
    return f"no difference above the margin{known}"


def _answer(found: Findings) -> str:
    verdict = found[QUESTION]
    if verdict.outcome == AWAITING:
        runs = counted(verdict.registered, "registered run")
        return f"Not answered yet: {verdict.done:,} of the {runs} that decide it are recorded."
    if verdict.outcome == NOT_RUN:
        return "Not answered at this scale: none of the runs that it takes was made."
    size = effect_words(verdict, interval=False, subject=SUBJECT)
    if verdict.outcome == SEEN:
        assert verdict.effect is not None
        way = "better" if verdict.effect.value > 0 else "worse"
        return f"In these runs, which decide nothing, the recipe filled holes {way} ({size})."
    later = " Provisional: other runs are awaited." if is_provisional(found) else ""
    if verdict.outcome == REFUTED and verdict.high < 0:
        return f"No: the same network trained from scratch fills them better ({size}).{later}"
    lost, count = diverged(verdict, found.campaign)
    undecided = "Undecided: these runs cannot tell which is better."
    if lost:
        undecided = (
            f"The registered test is undecided: training broke down in {lost} of {count} runs."
        )
    answers = {
        HOLDS: f"Yes: it fills them better than the same network trained from scratch ({size}).",
        REFUTED: f"No: it is not better by as much as would matter ({size}).",
        SAME: f"It makes no difference that matters ({size}).",
        UNDECIDED: undecided,
    }
    return answers[verdict.outcome] + later


def is_provisional(found: Findings) -> bool:
    """Whether verdicts may still change, because they share their noise with runs to come.

    Parameters
    ----------
    found : wssl.claims.Findings
    """
    return found.registered and any(v.outcome == AWAITING for v in found.values())


def effect_words(verdict: Verdict, *, interval: bool = True, subject: str = "") -> str:
    """An effect in words, with its 95 % interval, in the measure of the first page.

    Parameters
    ----------
    verdict : Verdict
        With an effect.
    interval : bool
        Whether the interval is given.
    subject : str
        Whose error it is, such as ``"the recipe's"``; the first of what is compared if not given.
    """
    words = in_words(verdict, f"{subject} error is" if subject else "error", interval=interval)
    if verdict.claim.estimand.unit == "SD":
        size, comma, rest = words.partition(",")
        return f"standard deviation of the error between weightings {size}{comma}{rest}"
    return words


def verdict_words(verdict: Verdict) -> str:
    """A verdict in words that need no statistics.

    Parameters
    ----------
    verdict : Verdict
    """
    if verdict.outcome == REFUTED and verdict.high < 0:
        several = (
            isinstance(verdict.claim.estimand, Best) and len(verdict.claim.estimand.others) > 1
        )
        return "No: the better of the others is ahead" if several else "No: the opposite is true"
    beyond = verdict.low > verdict.margin
    return {
        HOLDS: "Yes, it holds" if beyond else "Yes, but perhaps by too little to matter",
        REFUTED: "No, not by as much as would matter",
        SAME: "No difference that matters",
        UNDECIDED: "These runs cannot tell",
        AWAITING: _capital(verdict.status),
        SEEN: "Not judged at this scale",
        NOT_RUN: "Not run at this scale",
    }[verdict.outcome]


def claim_list(
    found: Findings,
    beside: Mapping[str, Findings] | None = None,
    exploratory: Mapping[str, tuple[str, Sequence[Record]]] | None = None,
) -> Markup:
    """The primary claims, each with its verdict in words and its effect.

    Parameters
    ----------
    found : wssl.claims.Findings
    beside : mapping of str to wssl.claims.Findings, optional
        Of other runs, by their title. Their outcomes stand below those of the same claims.
    exploratory : mapping of str to (str, sequence of dict), optional
        What else runs show of the question of a claim, by its key: without a full stop, and the
        records of these runs.
    """
    primary = sorted(
        (verdict for verdict in found.values() if verdict.claim.primary is not None),
        key=lambda verdict: verdict.claim.primary or 0,
    )
    items = [
        _item(verdict, found, beside or {}, *(exploratory or {}).get(verdict.claim.key, ("", ())))
        for verdict in primary
    ]
    words = "; ".join(f"{v.claim.text.rstrip('.')}: {verdict_words(v)}" for v in primary)
    return Markup(f'<ol class="wssl-claims">{"".join(items)}</ol>', words)


def _item(
    verdict: Verdict,
    found: Findings,
    beside: Mapping[str, Findings],
    exploratory: str,
    runs: Sequence[Record],
) -> str:
    claim, judged, below = verdict.claim, verdict_words(verdict), ""
    for title, other in beside.items():
        again = other.verdicts.get(claim.key)
        if again is not None and again.done:
            below += (
                f'<span class="detail"{attribute(verdict_records(again, other.campaign))}>'
                f"{escape(_beside(title, again, other.campaign))}</span>"
            )
    below += _narrow(verdict, found)
    if exploratory:
        traced = attribute(fingerprints(runs))
        below += f'<span class="detail"{traced}>Exploratory: {escape(exploratory)}</span>'
    effect = effect_words(verdict) if verdict.effect is not None else ""
    if effect:
        lost = diverged_words(verdict, found.campaign, effect_words)
        effect = lost or effect + why_undecided(verdict)
        effect = "; ".join(filter(None, [effect, beyond(verdict)]))
    if effect and is_provisional(found):
        effect += "; provisional"
    traced = attribute(verdict_records(verdict, found.campaign))
    compared = claim.compared + _which(verdict)
    if found.registered and "width" not in compared:
        compared += f", width {found.campaign.design.narrow}"
    if found.registered and verdict.effect is not None and claim.key in CAVEATS:
        compared += f"; {CAVEATS[claim.key]}"
    return (
        f'<li><span class="claim">{escape(PLAIN.get(claim.key, claim.text))}'
        f'<span class="detail">Compared: {escape(compared)}'
        "</span></span>"
        f'<span class="verdict"{traced}>{SIGNS[verdict.outcome]} {escape(judged)}'
        f'<span class="detail">{escape(_capital(effect)) if effect else ""}</span>'
        f"{below}</span></li>"
    )


def _narrow(verdict: Verdict, found: Findings) -> str:
    """What the runs of the grids' width show of a claim on the controls, which decides nothing."""
    estimand = verdict.claim.estimand
    if not found.registered or not isinstance(estimand, Contrast) or not estimand.many:
        return ""
    campaign = found.campaign.converged
    result = at_other_width(campaign, estimand, NARROW)
    if result is None:
        return ""
    estimate, count = result
    words = effect_words(replace(verdict, effect=estimate))
    arms = [at_width(arm, NARROW) for _, arm in estimand.terms]
    seeds = common_seeds(campaign, arms, estimand.score)
    runs = [campaign.runs[arm][seed] for arm in arms for seed in seeds]
    return (
        f'<span class="detail"{attribute(fingerprints(runs))}>At width {campaign.design.narrow} '
        f"({counted(count, 'seed')}, shown without a verdict): {escape(words)}</span>"
    )


def _which(verdict: Verdict) -> str:
    """Which of a few others is the best, where one arm is compared with the best of them."""
    estimand = verdict.claim.estimand
    if not isinstance(estimand, Best) or not isinstance(verdict.effect, BestAgainstBest):
        return ""
    if len(estimand.first) > 1 or len(estimand.others) > 3:
        return ""
    return f" (here {arm_label(estimand.others[verdict.effect.selected[1]])})"


def summary(found: Findings, runs: int, hours: float) -> str:
    """What was found, in five lines.

    Parameters
    ----------
    found : wssl.claims.Findings
    runs : int
        Recorded.
    hours : float
        That they took.
    """
    design = found.campaign.design
    outcomes = [verdict.outcome for verdict in found.values()]
    counts = {name: outcomes.count(name) for name in SIGNS if name in outcomes}
    primary = [verdict for verdict in found.values() if verdict.claim.primary is not None]
    first = [f"{v.claim.primary} {SIGNS[v.outcome]}" for v in primary]
    judged = "verdicts" if found.registered else "nothing judged at this scale"
    return "\n".join(
        (
            f"Runs      {counted(runs, 'run')}, {design.size} pixels, {design.dataset}, "
            f"{counted(found.seeds, 'seed')}, {hours:.1f} hours",
            f"Question  Does the paper's recipe fill holes better? {answer_sentence(found)}",
            f"Claims    {', '.join(f'{n} {name}' for name, n in counts.items())} ({judged})",
            f"Primary   {', '.join(first)}",
            "Meaning   ✓ holds, ✗ refuted, = no difference that matters, ? undecided, … awaiting",
        )
    )
