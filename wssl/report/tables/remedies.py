"""The exploratory arms as tables and sentences."""

from collections.abc import Mapping, Sequence

import pandas as pd

from wssl.claims.campaign import Arm, Campaign
from wssl.claims.catalogue import SCRATCH
from wssl.claims.decision import LEVEL
from wssl.claims.estimands import SSIM, difference
from wssl.claims.outcomes import paired, recorded
from wssl.claims.remedies import (
    REMEDIES,
    WITHOUT_PRETRAINING,
    Reading,
    against,
    on_validation,
    with_diverged,
)
from wssl.records.store import Record
from wssl.report.numbers import change_text
from wssl.report.tables.contrasts import Terms
from wssl.report.tables.paper import indexed
from wssl.report.text import counted, is_or_are, listed
from wssl.report.web import trace


def reading_table(readings: Sequence[Reading], whole: Sequence[Reading] = ()) -> pd.DataFrame:
    """What the plan said would count as what, and whether it was seen.

    Parameters
    ----------
    readings : sequence of Reading
    whole : sequence of Reading
        The same without the runs part of whose decoder died, for a column of its own.

    Returns
    -------
    pandas.DataFrame
        One row per conclusion: what would show it, and ``yes`` or ``no``, and whether runs that
        diverged were left out; ``awaiting runs``, or that too few are left.
    """
    words = {True: "yes", False: "no", None: "awaiting runs"}
    without = {
        True: "yes, without runs that diverged",
        False: "no, without runs that diverged",
        None: "cannot be said: runs diverged",
    }
    lines = [
        {
            "conclusion": one.statement,
            "it counts as shown if": one.means,
            "shown": (without if one.diverged else words)[one.holds],
        }
        for one in readings
    ]
    for line, one in zip(lines, whole, strict=bool(whole)):
        line["without runs part of whose decoder died"] = {**words, None: "—"}[one.holds]
    return indexed(lines, "conclusion")


def answer_text(exploration: Campaign, readings: Sequence[Reading]) -> str:
    """The best configurations against training from scratch, and the conclusions that were shown.

    A configuration of which a run diverged, or whose reference did, cannot be the best.

    Parameters
    ----------
    exploration : wssl.claims.remedies.Exploration
    readings : sequence of Reading
    """
    done, planned = recorded(exploration, REMEDIES.values())
    learned = {k: arm for k, arm in REMEDIES.items() if k not in WITHOUT_PRETRAINING}
    pretrained = against(learned, "scratch")
    alone = {k: arm for k, arm in WITHOUT_PRETRAINING.items() if arm.encoder == "scratch"}
    networks = {label: difference(arm, SCRATCH).terms for label, arm in alone.items()}
    best = _best_text(exploration, pretrained) if done == planned else ""
    if not best:
        return f"Not answered yet: {done} of the {planned} exploratory runs are recorded."
    parts = [
        "Of the configurations with a pretext phase, the best against the same network trained "
        f"from scratch is {best}."
    ]
    if plain := _best_text(exploration, networks):
        parts.append(
            "Of the networks that treat holes in another way, all trained from scratch, the best "
            f"against the paper's network is {plain}."
        )
    everything = {**pretrained, **networks}.values()
    if left := sum(with_diverged(exploration, [terms]) for terms in everything):
        words = f"{counted(left, 'comparison')} with runs that diverged"
        parts.append(f"{words} {is_or_are(left)} left out.")
    shown = [one.statement for one in readings if one.holds]
    refused = [one.statement for one in readings if one.holds is False]
    if shown:
        parts.append(f"Shown by the plan's criteria: {_quoted(shown)}.")
    if refused:
        parts.append(f"Not shown by them: {_quoted(refused)}.")
    return " ".join(parts)


def _best_text(exploration: Campaign, contrasts: Mapping[str, Terms]) -> str:
    """The contrast with the greatest effect, without a full stop; empty without one."""
    found = {
        label: pair.estimate
        for label, terms in contrasts.items()
        if (pair := paired(exploration, terms, SSIM)) is not None
        and not with_diverged(exploration, [terms])
    }
    if not found:
        return ""
    best = max(found, key=lambda label: found[label].value)
    each = LEVEL / 2 / len(found)
    ends = found[best].lower(each), found[best].upper(each)
    change = change_text(found[best].value, SSIM, ends)
    return f"“{best}” (of {len(found)}): {change}, which allows for the choice of the best"


def _quoted(statements: Sequence[str]) -> str:
    return listed([f"“{statement}”" for statement in statements])


def awaiting_text(exploration: Campaign, arms: Mapping[str, Arm]) -> str:
    """How many of the exploratory runs are missing, as a sentence; empty if none is.

    Parameters
    ----------
    exploration : wssl.claims.remedies.Exploration
    arms : mapping of str to Arm
    """
    seeds = exploration.design.few
    done = sum(exploration.run(arm, seed) is not None for arm in arms.values() for seed in seeds)
    planned = len(arms) * len(seeds)
    return "" if done == planned else f"Awaiting exploratory runs ({done} of {planned})."


def validation_table(exploration: Campaign, arms: Mapping[str, Arm]) -> pd.DataFrame:
    """The mean SSIM of arms on validation images, by which the two best were chosen.

    Parameters
    ----------
    exploration : wssl.claims.remedies.Exploration
    arms : mapping of str to Arm
    """
    ranked = on_validation(exploration, arms)
    runs: list[list[Record]] = [
        [r for s in exploration.design.few if (r := exploration.run(arms[label], s))]
        for label in ranked
    ]
    lines = [{"configuration": k, "SSIM, validation": f"{v:.4f}"} for k, v in ranked.items()]
    table = pd.DataFrame(lines, columns=["configuration", "SSIM, validation"])
    return trace.with_rows(table.set_index("configuration"), list(map(trace.fingerprints, runs)))


def phase_table(exploration: Campaign, arms: Mapping[str, Arm]) -> pd.DataFrame:
    """What the pretext phases of arms learned: the accuracy of each task, or the loss at the end.

    Parameters
    ----------
    exploration : wssl.claims.remedies.Exploration
    arms : mapping of str to Arm

    Returns
    -------
    pandas.DataFrame
        One row per arm with a pretext phase; a value per seed, with slashes between.
    """
    lines = []
    for label, arm in arms.items():
        seeds = sorted(exploration.runs.get(arm, {}))
        phases = [phase for seed in seeds if (phase := exploration.pretext(arm, seed))]
        if phases:
            names = phases[0]["metrics"]
            values = {
                name.removeprefix("accuracy_").replace("_", " "): " / ".join(
                    f"{phase['metrics'][name]:.2f}" for phase in phases
                )
                for name in names
            }
            text = "; ".join(f"{name} {value}" for name, value in values.items())
            lines.append({"configuration": label, "on held-out images": text})
    return pd.DataFrame(lines, columns=["configuration", "on held-out images"]).set_index(
        "configuration"
    )
