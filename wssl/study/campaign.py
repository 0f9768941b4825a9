"""The registered campaign: its experiments, part by part, in the order in which they are run.

`book/plan.md` explains the purpose of each part and the conclusions drawn from it. All
configurations of a part are run with one seed before the next, so that an incomplete part is
balanced.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from wssl import paper
from wssl.claims.campaign import Design
from wssl.experiment import ENCODERS, Evaluation, Experiment
from wssl.presets import preset

DATA: dict[str, Any] = {"preset": "desktop", "dataset": "open-faces-2"}

FEW, MANY = Design.few, Design.many
"""The seeds of the grids and of the controls; none was used before the campaign."""

UNSEEN = Design.unseen
"""The unseen images on which trained networks are also tested."""

WIDE = Design.wide
"""The first width of the controls; the grids have the preset's."""

Weights = dict[str, float]

ROTATION: Weights = {"rotation": 1.0}
TRIPLE: Weights = {"rotation": 0.3, "saturation": 0.4, "sharpness": 0.3}
LOSSES = ("mix", "ssim", "log_cosh", "mse")
DEPTHS = ((1,), (1, 2, 3), (5,), (3, 4, 5))
"""The frozen blocks: the first one and three, the last one and three."""


def controls(width: int, seeds: Sequence[int] = MANY) -> list[Experiment]:
    """The paper's best configuration, frozen, random, from scratch and fine-tuned, at a width.

    Parameters
    ----------
    width : int
        Channels of the first block.
    seeds : sequence of int
    """
    return _repeated([{"encoder": encoder} for encoder in ENCODERS], seeds, width=width)


def single_and_triple() -> list[Experiment]:
    """The paper's best single task and a triple, frozen, with the controls' seeds.

    The triple was meant to be the paper's best and is not one of its weightings: saturation and
    sharpness were exchanged when the plan was written (addition of 2026-11-27). No claim uses it.
    """
    return _repeated([{"pretext": ROTATION}, {"pretext": TRIPLE}], MANY)


def weightings() -> list[Experiment]:
    """The 22 weightings of the paper's Tables 1 to 3, frozen."""
    rows = (row for number in (1, 2, 3) for row in paper.TABLES[number] if row.method == "wssl")
    return _repeated([{"pretext": row.pretext} for row in rows], FEW)


def losses(encoder: str, budget: float) -> list[Experiment]:
    """The mixed loss, its parts and the squared error.

    Parameters
    ----------
    encoder : {"frozen", "scratch"}
    budget : float
        Steps of the inpainting phase, in multiples of the preset's.
    """
    variants = [{"encoder": encoder, "loss": loss} for loss in LOSSES]
    return _repeated(variants, FEW, budget=budget)


def depths() -> list[Experiment]:
    """Some of the encoder's blocks frozen, from either end, pretrained and random."""
    return _repeated(
        [
            {"encoder": encoder, "frozen_blocks": blocks}
            for blocks in DEPTHS
            for encoder in ("frozen", "random")
        ],
        FEW,
    )


def baselines() -> list[Experiment]:
    """The other methods of the paper's Table 4, each with its own training, and the baselines."""
    fills = [{"method": name} for name in ("harmonic", "biharmonic")]
    return [
        *_repeated(fills, (0,)),
        *_repeated([{"method": "shift_net"}, {"method": "pic"}], FEW),
    ]


def budgets(budget: float, encoders: Iterable[str], seeds: Sequence[int]) -> list[Experiment]:
    """The controls with another number of steps of the inpainting phase.

    Parameters
    ----------
    budget : float
        In multiples of the preset's steps.
    encoders : iterable of str
        Some of `wssl.experiment.ENCODERS`.
    seeds : sequence of int
    """
    return _repeated([{"encoder": encoder} for encoder in encoders], seeds, budget=budget)


def widths(width: int) -> list[Experiment]:
    """Frozen, random and from scratch at another width.

    Parameters
    ----------
    width : int
        Channels of the first block.
    """
    return _repeated([{"encoder": name} for name in _THREE], FEW[:2], width=width)


def scales(**changes: Any) -> list[Experiment]:
    """Frozen, random and from scratch on other holes or at another size.

    Parameters
    ----------
    **changes
        ``recipe`` of the masks, or ``size`` of the images.
    """
    size = {"size": changes.pop("size")} if "size" in changes else {}
    return _repeated([{"encoder": name, **changes} for name in _THREE], FEW[:2], **size)


_THREE = ("frozen", "random", "scratch")


def tier_1() -> dict[str, list[Experiment]]:
    """The part of the campaign that every primary claim rests on, by name, in order."""
    return {
        "controls, width 32": controls(WIDE),
        "controls, width 16": controls(16),
        "single and triple": single_and_triple(),
        "weightings": weightings(),
        "losses, frozen": losses("frozen", 1.0),
        "losses, end to end": losses("scratch", 1.0),
        "losses, end to end, 4x": losses("scratch", 4.0),
        "depth of freezing": depths(),
        "other methods": baselines(),
    }


def tier_2() -> dict[str, list[Experiment]]:
    """How the answers depend on budget, width, holes and size, by name, in order.

    The plan's width 64 was given up before its first run (addition of 2026-11-27).
    """
    return {
        "budget 0.25x": budgets(0.25, ENCODERS, FEW),
        "budget 4x": budgets(4.0, ENCODERS, FEW),
        "width 8": widths(8),
        "wide holes": scales(recipe="medium"),
        "128 px": scales(size=128),
        "budget 16x": budgets(16.0, ("scratch", "frozen"), FEW[:2]),
    }


def parts() -> dict[str, list[Experiment | Evaluation]]:
    """All registered tasks by the name of their part, in the order in which they are run.

    Each network of WSSL is tested on `UNSEEN` as soon as it is trained, since weights are not kept
    as long as records, and on its own test images to measure the share of each term in the mixed
    loss. The harmonic fill is tested on masks of the published recipe with any coverage, to measure
    the share that passes the paper's filter.
    """
    return {
        name: [task for experiment in experiments for task in _with_tests(experiment)]
        for tier in (tier_1(), tier_2())
        for name, experiments in tier.items()
    }


def _with_tests(experiment: Experiment) -> list[Experiment | Evaluation]:
    if experiment.method == "harmonic":
        return [experiment, Evaluation(experiment, recipe="qd-imd", coverage=(0.0, 1.0))]
    if experiment.method != "wssl" or experiment.scale.size != preset(DATA["preset"]).size:
        return [experiment]
    tested = [Evaluation(experiment, dataset=UNSEEN), Evaluation(experiment)]
    return [experiment, *tested]


def _repeated(
    variants: Sequence[dict[str, Any]],
    seeds: Sequence[int],
    *,
    budget: float = 1.0,
    **settings: Any,
) -> list[Experiment]:
    """Each variant with each seed, at a multiple of the steps that it has by itself."""
    found = []
    for seed in seeds:
        for variant in variants:
            plain = Experiment(**DATA, **variant, settings=settings, seed=seed)
            steps = {"inpainting_steps": round(budget * plain.scale.inpainting_steps)}
            more = steps if budget != 1.0 else {}
            found.append(plain.replace(settings={**settings, **more}))
    return found
