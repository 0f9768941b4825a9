"""The study as lists of experiments, part by part."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from wssl import paper
from wssl.experiment import ENCODERS, Evaluation, Experiment
from wssl.presets import preset as _preset

ALPHAS = (0.16, 0.5, 0.84, 0.95, 0.99)
"""The shares of log-cosh between none (the loss "ssim") and all (the loss "log_cosh")."""

SCALES = (1.0, 10.0, 100.0)
"""Scales inside log-cosh, from half the squared error towards the absolute error."""

THREE_BLOCKS = (1, 2, 3)
"""What the first 16 layers would be in a U-Net with batch normalisation."""

NOISE_SEEDS = 8

OTHERS = ("shift_net", "pic")
"""The other methods of the paper's Table 4."""

CLASSICAL = ("harmonic", "biharmonic", "telea", "navier_stokes", "mean_colour")
"""Baselines that are not learned."""


def table(
    number: int, *, preset: str = "quick", seeds: int | Sequence[int] | None = None, **settings: Any
) -> list[Experiment]:
    """The WSSL rows of one of the paper's tables, each with every seed.

    Parameters
    ----------
    number : int
        1 single, 2 double, 3 triple pretext tasks, 4 loss functions.
    preset : str
        The scale of the runs.
    seeds : int or sequence of int, optional
        How many, or which; the preset's number if not given.
    **settings
        Any other field of `wssl.Experiment`, such as `dataset` or `masks`.

    Returns
    -------
    list of Experiment
        In the paper's order, the seeds of a row one after the other.

    Raises
    ------
    ValueError
        If there is no such table or a setting is not valid.
    """
    if number not in paper.TABLES:
        raise ValueError(
            f"number: expected a table of the paper, {', '.join(map(str, paper.TABLES))}; "
            f"received {number!r}."
        )
    rows = (row for row in paper.TABLES[number] if row.method == "wssl")
    variants = ({"pretext": row.pretext, "loss": row.loss} for row in rows)
    return _repeated(variants, preset, seeds, settings)


def losses(
    *, preset: str = "quick", seeds: int | Sequence[int] | None = None, **settings: Any
) -> list[Experiment]:
    """What the paper's section 3.3 asserts of its loss, as experiments.

    The share of log-cosh from 0 (SSIM alone) to 1 (log-cosh alone), the scale `a` inside log-cosh,
    and MSE and L1 in its place; all on the paper's best pretext weights.

    Parameters
    ----------
    preset, seeds, **settings
        As in `table`.

    Returns
    -------
    list of Experiment
    """
    variants: list[dict[str, Any]] = [
        {"loss": "ssim"},
        *({"alpha": alpha} for alpha in ALPHAS),
        *({"loss": "log_cosh", "a": a} for a in SCALES),
        {"loss": "mse"},
        {"loss": "l1"},
    ]
    return _repeated(variants, preset, seeds, settings)


def controls(
    *, preset: str = "quick", seeds: int | Sequence[int] | None = None, **settings: Any
) -> list[Experiment]:
    """The paper's best configuration, and what it has to be compared with.

    Frozen after the pretext phase (the paper), frozen at random, never pretrained, pretrained and
    fine-tuned, and pretrained with only the first three of the five blocks frozen.

    Parameters
    ----------
    preset, seeds, **settings
        As in `table`.

    Returns
    -------
    list of Experiment
    """
    variants: list[dict[str, Any]] = [{"encoder": encoder} for encoder in ENCODERS]
    return _repeated([*variants, {"frozen_blocks": THREE_BLOCKS}], preset, seeds, settings)


def noise(
    *, preset: str = "quick", seeds: int | Sequence[int] | None = None, **settings: Any
) -> list[Experiment]:
    """One configuration, the paper's best, with enough seeds to measure what a seed changes.

    Parameters
    ----------
    preset, **settings
        As in `table`.
    seeds : int or sequence of int, optional
        As in `table`, but never fewer than eight.

    Returns
    -------
    list of Experiment
    """
    chosen = _seeds(preset, seeds)
    wanted = chosen if len(chosen) >= NOISE_SEEDS else range(NOISE_SEEDS)
    return _repeated([{}], preset, wanted, settings)


def baselines(
    *, preset: str = "quick", seeds: int | Sequence[int] | None = None, **settings: Any
) -> list[Experiment]:
    """The other methods of the paper's Table 4, and classical baselines.

    Parameters
    ----------
    preset, seeds, **settings
        As in `table`; a classical baseline, which draws nothing at random, is run once.

    Returns
    -------
    list of Experiment
    """
    return [
        *_repeated([{"method": name} for name in OTHERS], preset, seeds, settings),
        *_repeated([{"method": name} for name in CLASSICAL], preset, [0], settings),
    ]


PARTS: dict[str, Callable[..., list[Experiment]]] = {
    **{str(number): partial(table, number) for number in paper.TABLES},
    "losses": losses,
    "controls": controls,
    "noise": noise,
    "baselines": baselines,
}
"""The parts of the study by name: the paper's tables, and what the paper lacks."""


UNSEEN: dict[str, dict[str, Any]] = {
    "photographs": {"dataset": "photos"},
    "drawn portraits": {"dataset": "synthetic"},
    "real faces": {"dataset": "open-faces:real"},
    "generated faces": {"dataset": "open-faces:synthetic"},
    "curves as strokes": {"masks": "synthetic"},
    "thin strokes": {"recipe": "qd-imd", "coverage": (0.0, 1.0)},
}
"""Test sets by name, and what they change of an experiment's own: its images or its masks."""


def unseen(experiments: Iterable[Experiment]) -> dict[str, list[Evaluation]]:
    """Trained experiments, tested on images or masks unlike those of their training.

    Parameters
    ----------
    experiments : iterable of Experiment
        Of one data set. The parts of ``open-faces`` are among the test sets of those that were
        trained on it, to tell which of its faces are the harder ones.

    Returns
    -------
    dict of str to list of Evaluation
        By the test set's name; sets that are the experiments' own are left out.
    """
    found: dict[str, list[Evaluation]] = {}
    for experiment in experiments:
        for name, changes in UNSEEN.items():
            part = changes.get("dataset", "").startswith("open-faces:")
            if part and experiment.dataset != "open-faces":
                continue
            if any(getattr(experiment, field) != value for field, value in changes.items()):
                found.setdefault(name, []).append(Evaluation(experiment, **changes))
    return found


STRATA: dict[str, dict[str, Any]] = {
    width: {"recipe": width, "coverage": (0.1, 0.6)} for width in ("thin", "medium", "thick")
}
"""Test masks by the width of their strokes, from small holes to large ones."""


def strata(experiments: Iterable[Experiment]) -> dict[str, list[Evaluation]]:
    """Trained experiments, tested on holes of every size, by the width of the strokes.

    Parameters
    ----------
    experiments : iterable of Experiment

    Returns
    -------
    dict of str to list of Evaluation
    """
    experiments = list(experiments)
    return {
        width: [Evaluation(experiment, **changes) for experiment in experiments]
        for width, changes in STRATA.items()
    }


def evaluations(experiments: Iterable[Experiment]) -> list[Evaluation]:
    """What the pages and the verdicts need to know of trained experiments beside their scores.

    Parameters
    ----------
    experiments : iterable of Experiment
        Such as all of the study.

    Returns
    -------
    list of Evaluation
        The controls on unseen data, and on their own data the losses that `losses` compares, for
        the share that each term has in them.
    """
    best = [e for e in dict.fromkeys(experiments) if e.method == "wssl"]
    best = [e for e in best if dict(e.pretext or {}) in (paper.BEST, {})]
    best = [e for e in best if e.frozen_blocks == paper.FROZEN_BLOCKS]
    best = [e for e in best if e.a == paper.LOG_COSH_SCALE]
    controls = [e for e in best if e.loss == "mix" and e.alpha == paper.ALPHA]
    shares = [e for e in best if e.encoder == "frozen" and e.loss in ("mix", "ssim", "log_cosh")]
    tested = [evaluation for listed in unseen(controls).values() for evaluation in listed]
    return [*(Evaluation(experiment) for experiment in shares), *tested]


def _seeds(preset: str, seeds: int | Sequence[int] | None) -> Sequence[int]:
    chosen = _preset(preset).seeds if seeds is None else seeds
    if isinstance(chosen, int):
        if chosen < 1:
            raise ValueError(f"seeds: expected at least 1; received {chosen}.")
        chosen = range(chosen)
    return chosen


def _repeated(
    variants: Iterable[dict[str, Any]],
    preset: str,
    seeds: int | Sequence[int] | None,
    settings: dict[str, Any],
) -> list[Experiment]:
    return [
        Experiment(preset=preset, seed=seed, **variant, **settings)
        for variant in variants
        for seed in _seeds(preset, seeds)
    ]
