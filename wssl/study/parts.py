"""The study as lists of experiments: the paper's tables, and the parts that it lacks."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from wssl import paper
from wssl.claims.campaign import CLASSICAL
from wssl.experiment import ENCODERS, Evaluation, Experiment
from wssl.presets import preset as _preset
from wssl.study import campaign as registered

ALL_MASKS: dict[str, Any] = {"recipe": "qd-imd", "coverage": (0.0, 1.0)}
"""The published recipe of the masks, with any coverage."""


OTHERS = ("shift_net", "pic")
"""The other methods of the paper's Table 4."""


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
        Number of seeds, or the seeds themselves; the preset's number if not given.
    **settings
        Any other field of `wssl.Experiment`, such as `dataset` or `masks`.

    Returns
    -------
    list of Experiment
        In the paper's order, grouped by row.

    Raises
    ------
    ValueError
        If there is no such table or a setting is not valid.

    Examples
    --------
    >>> rows = table(1, preset="smoke", seeds=2)
    >>> len(rows), dict(rows[0].pretext)
    (6, {'sharpness': 1.0})
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
    """The mixed loss, its two parts and the squared error, frozen; the first three from scratch.

    Parameters
    ----------
    preset, seeds, **settings
        As in `table`.

    Returns
    -------
    list of Experiment
    """
    variants: list[dict[str, Any]] = [
        *({"loss": loss} for loss in registered.LOSSES),
        *({"loss": loss, "encoder": "scratch"} for loss in registered.LOSSES if loss != "mse"),
    ]
    return _repeated(variants, preset, seeds, settings)


def controls(
    *, preset: str = "quick", seeds: int | Sequence[int] | None = None, **settings: Any
) -> list[Experiment]:
    """The paper's best configuration and its controls.

    Frozen after the pretext phase (the paper), frozen at random, trained from scratch, and
    pretrained and fine-tuned.

    Parameters
    ----------
    preset, seeds, **settings
        As in `table`.

    Returns
    -------
    list of Experiment
    """
    return _repeated([{"encoder": encoder} for encoder in ENCODERS], preset, seeds, settings)


def freezing(
    *, preset: str = "quick", seeds: int | Sequence[int] | None = None, **settings: Any
) -> list[Experiment]:
    """Some of the encoder's blocks frozen: the first one and three, and the last three.

    The last three are frozen pretrained and at random.

    Parameters
    ----------
    preset, seeds, **settings
        As in `table`.

    Returns
    -------
    list of Experiment
    """
    variants: list[dict[str, Any]] = [
        {"frozen_blocks": (1,)},
        {"frozen_blocks": (1, 2, 3)},
        {"frozen_blocks": (3, 4, 5)},
        {"frozen_blocks": (3, 4, 5), "encoder": "random"},
    ]
    return _repeated(variants, preset, seeds, settings)


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
    "freezing": freezing,
    "baselines": baselines,
}
"""The parts of the study by name: the paper's tables, and what the paper lacks."""


def unseen_images(dataset: str) -> str:
    """The unseen images on which networks trained on a data set are tested.

    Parameters
    ----------
    dataset : str

    Returns
    -------
    str
        Pictures of objects for networks trained on open faces, which come from similar sources;
        scikit-image's photographs for all others.
    """
    return registered.UNSEEN if dataset.startswith("open-faces") else "photos"


def evaluations(experiments: Iterable[Experiment]) -> list[Evaluation]:
    """The evaluations of trained experiments that the pages need.

    Parameters
    ----------
    experiments : iterable of Experiment
        Such as all of the study.

    Returns
    -------
    list of Evaluation
        The controls on unseen images; the paper's best configuration on its own images, for the
        share that each term has in the mixed loss; and the harmonic fill on all masks of the
        published recipe, for the share of them that a filter would pass.
    """
    found: list[Evaluation] = []
    for experiment in dict.fromkeys(experiments):
        if experiment.method == "harmonic":
            found.append(Evaluation(experiment, **ALL_MASKS))
        if _is_control(experiment):
            found.append(Evaluation(experiment, dataset=unseen_images(experiment.dataset)))
            if experiment.encoder == "frozen":
                found.append(Evaluation(experiment))
    return found


def _is_control(experiment: Experiment) -> bool:
    """Whether it differs from the paper's best configuration only in the encoder policy."""
    neutral = ("loss", "alpha", "a", "frozen_blocks", "method", "objective")
    return dict(experiment.pretext or {}) in (paper.BEST, {}) and all(
        getattr(experiment, name) == getattr(Experiment, name) for name in neutral
    )


def chosen_seeds(preset: str, seeds: int | Sequence[int] | None) -> Sequence[int]:
    """The seeds themselves, if their number or nothing was given.

    Parameters
    ----------
    preset, seeds
        As in `table`.

    Returns
    -------
    sequence of int

    Raises
    ------
    ValueError
        If there is no seed, or one is there twice.
    """
    chosen = _preset(preset).seeds if seeds is None else seeds
    if isinstance(chosen, int) and not isinstance(chosen, bool):
        if chosen < 1:
            raise ValueError(f"seeds: expected at least 1; received {chosen}.")
        return range(chosen)
    if isinstance(chosen, bool | float | str) or not 0 < len(set(chosen)) == len(list(chosen)):
        raise ValueError(
            "seeds: expected a number of seeds, or the seeds themselves, each once, such as 3 or "
            f"(0, 1, 2); received {chosen!r}."
        )
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
        for seed in chosen_seeds(preset, seeds)
    ]
