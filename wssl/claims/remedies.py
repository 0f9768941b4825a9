"""The exploratory arms beside the campaign's, by arm and seed.

They test no registered claim and enter no verdict (`book/plan.md`, additions). Their contrasts have
intervals of the same kind as those of the campaign, with whose records they are read.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from wssl.claims import campaign
from wssl.claims.campaign import (
    NARROW,
    WIDE,
    Arm,
    Campaign,
    Design,
    has_the_papers_constants,
)
from wssl.claims.catalogue import (
    BEST_ARM,
    DOUBLES,
    FINETUNED,
    RANDOM,
    SCRATCH,
    SINGLES,
    TRIPLES,
)
from wssl.claims.decision import LEVEL
from wssl.claims.estimands import MARGINS, SSIM, Score, difference
from wssl.claims.outcomes import lost, paired, recorded
from wssl.claims.statistics import Estimate
from wssl.paper import BEST
from wssl.records.fields import DEFAULTS
from wssl.records.store import Record

MASK_AWARE = ("mean_filled", "noise_filled", "mask_channel", "partial")
"""The U-Nets that treat holes in another way than the paper's."""

WEIGHTED: str = DEFAULTS["objective"]
"""The paper's objective of a pretext phase: the weighted sum of the tasks' losses."""


@dataclass(frozen=True, eq=False)
class Remedy(Arm):
    """A configuration with another objective of the pretext phase, or another way to treat holes.

    Attributes
    ----------
    objective : str
        As in `wssl.methods.OBJECTIVES`.
    """

    objective: str = WEIGHTED

    @property
    def key(self) -> tuple[object, ...]:
        """The identity of the arm without its width and budget."""
        return (self.method, self.objective, *self._plain.key[1:])

    @property
    def name(self) -> str:
        """The arm in words."""
        changed = [word for word, usual in ((self.method, "wssl"), (self.objective, WEIGHTED))
                   if word != usual]  # fmt: skip
        return "; ".join([*changed, self._plain.name])

    @property
    def pooled(self) -> bool:
        """Never: the variance of a class is that of registered arms."""
        return False

    @property
    def phase(self) -> tuple[object, ...]:
        """The key shared by arms that start from the same weights and so share noise."""
        return (self.method, self.objective, *self._plain.phase[1:])

    @property
    def noise(self) -> str:
        """The class of arms that are expected to have equal variance."""
        without_tasks = self.encoder == "frozen" and not self.pretext
        return "other pretext" if without_tasks else self._plain.noise

    @property
    def _plain(self) -> Arm:
        """The registered arm that is most like it."""
        return Arm(self.pretext, self.encoder, self.loss, self.blocks, "wssl", self.width)


def remedy_of(record: Record, design: Design) -> Remedy | None:
    """The exploratory arm of a run, or None if it has none.

    Parameters
    ----------
    record : dict
        Of a run.
    design : Design
    """
    experiment, scale = record["experiment"], record["scale"]
    method, objective = experiment["method"], experiment.get("objective", WEIGHTED)
    if method not in MASK_AWARE and objective == WEIGHTED:
        return None
    if method not in (*MASK_AWARE, "wssl") or not design.describes(experiment, scale):
        return None
    if not has_the_papers_constants(experiment):
        return None
    encoder = experiment["encoder"]
    once = design.end_to_end_steps if encoder in ("scratch", "finetuned") else design.steps
    return Remedy(
        dict(experiment["pretext"]),
        encoder,
        experiment["loss"],
        tuple(experiment["frozen_blocks"]),
        method,
        design.width_of(scale["width"]),
        scale["inpainting_steps"] / once,
        objective,
    )


class Exploration(Campaign):
    """The records of the registered campaign and of the exploratory arms, by arm and seed.

    Parameters
    ----------
    records : iterable of dict
    design : Design, optional
    """

    def _arm_of(self, record: Record) -> Arm | None:
        return remedy_of(record, self.design) or super()._arm_of(record)

    @cached_property
    def registered(self) -> Campaign:
        """The same records without those of exploratory arms."""
        weightings = {arm.key[-1] for arm in (SCRATCH, *SINGLES, *DOUBLES, *TRIPLES)}
        runs = [
            run
            for arm, by_seed in self.runs.items()
            if type(arm) is Arm and (arm.method != "wssl" or arm.key[-1] in weightings)
            for run in by_seed.values()
        ]
        tests = chain.from_iterable(self.evaluations.values())
        return Campaign([*runs, *self.pretexts.values(), *tests], self.design)

    def variance(self, score: campaign.ScoreFunction, noise: str) -> tuple[float, float]:
        """As `Campaign.variance`: exploratory arms change no interval of a registered one."""
        return self.registered.variance(score, noise)


def _both(objective: str, weights: Mapping[str, float], label: str) -> dict[str, Remedy]:
    return {
        f"{label}, frozen": Remedy(weights, objective=objective),
        f"{label}, fine-tuned": Remedy(weights, "finetuned", objective=objective),
    }


_EACH = dict.fromkeys(TRIPLES[0].pretext, 1.0)

DOMAIN_GAP: dict[str, Arm] = {
    **_both("masked", BEST, "pretext on masked images"),
    "holes of mean colour, frozen": Remedy(BEST, method="mean_filled"),
    "holes of noise, frozen": Remedy(BEST, method="noise_filled"),
    "mask as a channel, frozen": Remedy(BEST, method="mask_channel"),
    "partial convolutions, frozen": Remedy(BEST, method="partial"),
    "mask as a channel, pretext on masked images, frozen": Remedy(
        BEST, method="mask_channel", objective="masked"
    ),
}
"""Pretext images with holes, and networks that know the holes, by label."""

OTHER_PRETRAINING: dict[str, Arm] = {
    **_both("masked_patches", {}, "masked-image modelling"),
    **_both("colourisation", {}, "colourisation"),
    **_both("vicreg", {}, "VICReg"),
    **_both("real_or_generated", {}, "supervised: real or generated"),
}
"""Other ways to pretrain, in as many steps, by label."""

FOUND_WEIGHTS: dict[str, Arm] = {
    "equal weights": Arm(dict.fromkeys(_EACH, 1 / 3)),
    "random in each step": Remedy(_EACH, objective="random_weights"),
    "uncertainty weighting": Remedy(_EACH, objective="uncertainty"),
    "GradNorm": Remedy(_EACH, objective="gradnorm"),
}
"""Weights that were not chosen by hand, encoder frozen, by label."""

WITHOUT_PRETRAINING: dict[str, Arm] = {
    f"{label}, {words}": Remedy(encoder=encoder, method=method)
    for method, label in zip(
        MASK_AWARE,
        ("holes of mean colour", "holes of noise", "mask as a channel", "partial convolutions"),
        strict=True,
    )
    for encoder, words in (("random", "random, frozen"), ("scratch", "from scratch"))
}
"""What the networks that know the holes do by themselves, by label."""

REMEDIES: dict[str, Arm] = {
    **FOUND_WEIGHTS,
    **DOMAIN_GAP,
    **OTHER_PRETRAINING,
    **WITHOUT_PRETRAINING,
}
"""Every exploratory arm at the first width whose settings do not depend on results, by label."""


def same_network(arm: Arm, encoder: str) -> Arm:
    """The arm of the same network and width without a pretext phase.

    Parameters
    ----------
    arm : Arm
    encoder : {"random", "scratch"}
    """
    if arm.method in MASK_AWARE:
        return Remedy(encoder=encoder, method=arm.method, width=arm.width)
    return Arm(encoder=encoder, width=arm.width)


def against(arms: Mapping[str, Arm], encoder: str) -> dict[str, tuple[tuple[float, Arm], ...]]:
    """Each of some arms minus the same network without a pretext phase.

    Parameters
    ----------
    arms : mapping of str to Arm
        Those that are that network themselves are left out.
    encoder : {"random", "scratch"}
    """
    pairs = {label: (arm, same_network(arm, encoder)) for label, arm in arms.items()}
    return {
        label: difference(arm, other).terms for label, (arm, other) in pairs.items() if arm != other
    }


@dataclass(frozen=True)
class Reading:
    """One of the conclusions that the plan defined before the exploratory runs.

    Attributes
    ----------
    statement : str
    means : str
        What would count as it.
    holds : bool or None
        None while runs are missing, and where too few are left that did not diverge.
    diverged : bool
        Whether all of its runs are there and some diverged. These are left out.
    """

    statement: str
    means: str
    holds: bool | None
    diverged: bool = False


def readings(
    exploration: Campaign,
    score: Score = SSIM,
    without: Callable[[Record], bool] | None = None,
) -> list[Reading]:
    """The plan's four conclusions, read from the intervals of the contrasts.

    Each asserts what an interval shows. What is not shown is not the opposite.

    Parameters
    ----------
    exploration : Exploration
    score : Score
    without : callable of dict to bool, optional
        Whether a recorded run is left out of the contrasts, as those that diverged are.
    """
    masked = DOMAIN_GAP["pretext on masked images, frozen"]
    others = {k: arm for k, arm in OTHER_PRETRAINING.items() if arm.encoder == "frozen"}
    frozen = {**others, "the paper's recipe": BEST_ARM}
    tuned = {k: arm for k, arm in OTHER_PRETRAINING.items() if arm.encoder == "finetuned"}
    tuned |= {"the paper's tasks, fine-tuned": FINETUNED}
    direct = {label: difference(arm, BEST_ARM).terms for label, arm in others.items()}
    contrasts = {
        "gap": {"masked minus whole": difference(masked, BEST_ARM).terms},
        "others": against(others, "random"),
        "direct": direct,
        "frozen": against(frozen, "scratch"),
        "tuned": against(tuned, "scratch"),
        "all": against({**REMEDIES, **tuned, **frozen}, "scratch"),
    }
    shown = exploration.converged.without(without) if without else exploration.converged
    found = {
        name: _estimates(shown, terms, score) if _complete(exploration, terms.values()) else []
        for name, terms in contrasts.items()
    }
    margin = MARGINS[score.unit]
    each = LEVEL / 2 / len(others)

    def reading(statement: str, means: str, holds: Callable[[], bool], *names: str) -> Reading:
        terms = [of for name in names for of in contrasts[name].values()]
        some = _complete(exploration, terms) and with_diverged(exploration, terms)
        known = all(found[name] for name in names)
        return Reading(statement, means, holds() if known else None, some)

    return [
        reading(
            "the gap between whole images and images with holes matters",
            "a pretext phase on masked images, frozen, is better than one on whole images",
            lambda: all(one.lower() > 0 for one in found["gap"]),
            "gap",
        ),
        reading(
            "the tasks are at fault",
            "a frozen encoder from another kind of pretraining is better than a frozen random one "
            "and than the paper's, each test at an error rate divided by the number of such kinds",
            lambda: any(
                min(one.lower(each), two.lower(each)) > 0
                for one, two in zip(found["others"], found["direct"], strict=True)
            ),
            "others",
            "direct",
        ),
        reading(
            "freezing is at fault",
            "with each kind of pretraining, the frozen network is worse than training from "
            "scratch, and the fine-tuned one is worse by less than the margin or not at all",
            lambda: (
                all(one.lower() > -margin for one in found["tuned"])
                and all(one.upper() < 0 for one in found["frozen"])
            ),
            "tuned",
            "frozen",
        ),
        reading(
            "nothing helps",
            "no configuration is better than training the same network from scratch by as much as "
            "the margin",
            lambda: all(one.upper() < margin for one in found["all"]),
            "all",
        ),
    ]


def with_diverged(
    exploration: Campaign, contrasts: Iterable[tuple[tuple[float, Arm], ...]]
) -> bool:
    """Whether a run of an arm of some contrasts diverged.

    Parameters
    ----------
    exploration : Exploration
    contrasts : iterable of tuple of (float, Arm)
    """
    return lost(exploration, (arm for terms in contrasts for _, arm in terms))[0] > 0


def _complete(exploration: Campaign, contrasts: Iterable[tuple[tuple[float, Arm], ...]]) -> bool:
    """Whether no run of the arms of some contrasts is awaited."""
    done, planned = recorded(exploration, [arm for terms in contrasts for _, arm in terms])
    return done == planned


def _estimates(
    shown: Campaign, contrasts: Mapping[str, tuple[tuple[float, Arm], ...]], score: Score
) -> list[Estimate]:
    """The estimate of each contrast from the runs that count.

    None of them if one has fewer than two seeds in which all of its arms have such a run.
    """
    found = [paired(shown, terms, score) for terms in contrasts.values()]
    known = [pair.estimate for pair in found if pair and len(pair.per_seed) > 1]
    return known if len(known) == len(found) else []


def on_validation(exploration: Campaign, arms: Mapping[str, Arm]) -> dict[str, float]:
    """The mean SSIM of arms on validation images, the best first.

    Parameters
    ----------
    exploration : Exploration
    arms : mapping of str to Arm

    Returns
    -------
    dict of str to float
        Of the arms that were tested there with every seed of the grids.
    """
    found = {}
    for label, arm in arms.items():
        tests = [exploration.evaluation(arm, seed, split="val") for seed in exploration.design.few]
        if all(test is not None for test in tests):
            found[label] = float(np.mean([test["metrics"]["ssim"] for test in tests if test]))
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def wide(exploration: Campaign) -> dict[str, Arm]:
    """The exploratory arms at the width of the controls, by label.

    Parameters
    ----------
    exploration : Exploration
    """
    own = (BEST_ARM, FINETUNED, RANDOM, SCRATCH)
    registered = {replace(arm, width=WIDE) for arm in own}
    labels = {arm: label for label, arm in REMEDIES.items()}
    found = [arm for arm in exploration.runs if arm.width == WIDE and arm not in registered]
    return {labels.get(replace(arm, width=NARROW), arm.name): arm for arm in found}


def minus(
    arms: Mapping[str, Arm], others: Mapping[str, Arm]
) -> dict[str, tuple[tuple[float, Arm], ...]]:
    """Each of some arms minus each of some others.

    Parameters
    ----------
    arms, others : mapping of str to Arm
    """
    return {
        f"{label} minus {words}": difference(arm, other).terms
        for label, arm in arms.items()
        for words, other in others.items()
    }
