"""The exploratory arms as tables and sentences."""

from collections.abc import Mapping, Sequence

import pandas as pd

from wssl.claims.campaign import Arm, Campaign
from wssl.claims.decision import LEVEL
from wssl.claims.estimands import SSIM
from wssl.claims.outcomes import paired, recorded
from wssl.claims.remedies import REMEDIES, Reading, against, on_validation, with_diverged
from wssl.records.store import Record
from wssl.report.numbers import change_text
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
    """The best arm against training from scratch, and the conclusions that were shown.

    An arm of which a run diverged, or whose reference did, cannot be the best.

    Parameters
    ----------
    exploration : wssl.claims.remedies.Exploration
    readings : sequence of Reading
    """
    contrasts = against(REMEDIES, "scratch")
    found = {
        label: pair.estimate
        for label, terms in contrasts.items()
        if (pair := paired(exploration, terms, SSIM)) is not None
        and not with_diverged(exploration, [terms])
    }
    done, planned = recorded(exploration, REMEDIES.values())
    if done < planned or not found:
        return f"Not answered yet: {done} of the {planned} exploratory runs are recorded."
    best = max(found, key=lambda label: found[label].value)
    each = LEVEL / 2 / len(found)
    ends = found[best].lower(each), found[best].upper(each)
    change = change_text(found[best].value, SSIM, ends)
    parts = [
        f"Of {len(found)} configurations, the best against the same network trained from scratch "
        f"is “{best}”: {change}, which allows for the choice of the best."
    ]
    if left := len(contrasts) - len(found):
        words = f"{counted(left, 'configuration')} with runs that diverged"
        parts.append(f"{words} {is_or_are(left)} left out.")
    shown = [one.statement for one in readings if one.holds]
    refused = [one.statement for one in readings if one.holds is False]
    if shown:
        parts.append(f"Shown by the plan's criteria: {_quoted(shown)}.")
    if refused:
        parts.append(f"Not shown by them: {_quoted(refused)}.")
    return " ".join(parts)


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
