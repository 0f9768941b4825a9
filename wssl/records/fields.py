"""The content of records by kind, and their settings in words.

A record is the JSON value that `wssl.records.store.Store` keeps of a run, of a pretext phase or of
an evaluation. `is_run`, `is_pretext` and `is_evaluation` tell them apart.
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict, TypeGuard

from wssl import paper

DEFAULTS: dict[str, Any] = {
    "encoder": "frozen",
    "frozen_blocks": paper.FROZEN_BLOCKS,
    "loss": "mix",
    "alpha": paper.ALPHA,
    "a": paper.LOG_COSH_SCALE,
    "method": "wssl",
    "objective": "weighted",
}
"""The settings of the paper's configurations, which `wssl.Experiment` has by default."""

DIVERGED = 2.0
"""The factor by which the loss at the end exceeds the least loss of a run that has diverged.

Of the calibration's runs, the one that diverged has 3.4, all others at most 1.3.
"""

UNIMPROVED = 0.8
"""A run whose last loss is more than this times its first has diverged, too (plan, 2026-11-27)."""

UNUSED = 0.01
"""Less than this many dB is no use of a skip connection.

Of the registered runs, six are at 0.0001 dB or less, and all others at 0.24 dB or more.
"""

PER_IMAGE = "ssim", "psnr", "ssim_hole", "psnr_hole", "ms_ssim", "gmsd", "st_lpips"
"""The metrics, of `wssl.metrics.NAMES`, that a record keeps for each image."""

Metrics = dict[str, float | None]
"""Values by metric; None where no test image defines the metric."""


class Variants(TypedDict):
    """The scores of a method that draws at random.

    Attributes
    ----------
    variants : dict of str to dict
        The metrics of further outputs, by name.
    """

    variants: NotRequired[dict[str, Metrics]]


class PretextScores(TypedDict):
    """The scores of a network that classifies the levels of pretext tasks, by task.

    Attributes
    ----------
    metrics : dict of str to float
        The accuracy of each task as ``accuracy_TASK``; of a phase without tasks its ``loss``.
    learned : dict of str to bool
        Whether the accuracy of a task is clearly above chance (`wssl.runs.scores.LEARNED`).
    confusion : dict of str to list of list of int
        How many images of each true level (row) were classified as each level (column).
    """

    metrics: dict[str, float]
    learned: dict[str, bool]
    confusion: dict[str, list[list[int]]]


class RunRecord(Variants):
    """The record of an experiment: the scores of its network or baseline on the test images.

    Attributes
    ----------
    kind : "inpainting"
    experiment : dict
        As `wssl.Experiment.from_dict` takes it.
    fingerprint : str
    scale : dict
        The values of the preset that affect the run.
    pretext : str or None
        The fingerprint of its pretext phase, if it has one.
    metrics : dict of str to float or None
        The mean of each of `wssl.metrics.NAMES`.
    per_image : dict of str to list
    mechanism : dict or None
        The result of `wssl.runs.mechanism.examine`, for the networks of WSSL.
    history : list
        ``[step, mean loss since the entry before]``.
    provenance : dict
        As from `wssl.machine.provenance.provenance`.
    """

    kind: Literal["inpainting"]
    experiment: dict[str, Any]
    fingerprint: str
    scale: dict[str, Any]
    pretext: str | None
    metrics: Metrics
    per_image: dict[str, list[float | None]]
    mechanism: dict[str, Any] | None
    history: list[list[float]]
    provenance: dict[str, Any]


class FoundWeights(TypedDict):
    """The weights found by a pretext phase that learns them.

    Attributes
    ----------
    weights : dict of str to float
        The weights at its end.
    """

    weights: NotRequired[dict[str, float]]


class PretextRecord(PretextScores, FoundWeights):
    """The record of a pretext phase: how well its network classifies the levels of its tasks.

    Attributes
    ----------
    kind : "pretext"
    experiment : dict
        As `wssl.experiment.Pretraining.from_dict` takes it.
    fingerprint, scale, history, provenance
        As in `RunRecord`.
    """

    kind: Literal["pretext"]
    experiment: dict[str, Any]
    fingerprint: str
    scale: dict[str, Any]
    history: list[list[float]]
    provenance: dict[str, Any]


class EvaluationRecord(TypedDict):
    """The record of a test of a trained experiment on other images or masks.

    Attributes
    ----------
    kind : "evaluation"
    experiment : dict
        As `wssl.Evaluation.from_dict` takes it.
    fingerprint : str
    run : str
        The fingerprint of the experiment.
    metrics, per_image, provenance
        As in `RunRecord`.
    terms : dict of str to float
        The means of the values of `wssl.losses.terms` for the raw output.
    """

    kind: Literal["evaluation"]
    experiment: dict[str, Any]
    fingerprint: str
    run: str
    metrics: Metrics
    terms: dict[str, float]
    per_image: dict[str, list[float | None]]
    provenance: dict[str, Any]


def is_run(record: Mapping[str, Any]) -> TypeGuard[RunRecord]:
    """Whether a record is of an experiment.

    Parameters
    ----------
    record : mapping
    """
    return record["kind"] == "inpainting"


def is_pretext(record: Mapping[str, Any]) -> TypeGuard[PretextRecord]:
    """Whether a record is of a pretext phase.

    Parameters
    ----------
    record : mapping
    """
    return record["kind"] == "pretext"


def is_evaluation(record: Mapping[str, Any]) -> TypeGuard[EvaluationRecord]:
    """Whether a record is of an evaluation.

    Parameters
    ----------
    record : mapping
    """
    return record["kind"] == "evaluation"


def is_of_network(record: Mapping[str, Any]) -> bool:
    """Whether a record is of an experiment, a pretext phase or an evaluation.

    Parameters
    ----------
    record : mapping
    """
    return is_run(record) or is_pretext(record) or is_evaluation(record)


def has_diverged(record: Mapping[str, Any]) -> bool:
    """Whether a run ended with much more than its least loss, or with hardly less than its first.

    Losses are means of a fiftieth of the steps: the last is more than `DIVERGED` times the least,
    or more than `UNIMPROVED` times the first, since a long fiftieth hides what had been reached in
    it. The latter is not asked of runs of fewer than fifty steps.

    Parameters
    ----------
    record : mapping
        Of any kind; only a run that was trained can have diverged.

    Examples
    --------
    >>> history = [[20, 0.14], [40, 0.03], [60, 0.29]]
    >>> has_diverged({"kind": "inpainting", "history": history})
    True
    >>> has_diverged({"kind": "inpainting", "history": history[:2]})
    False
    >>> stuck = [[step, 0.25] for step in range(50)]
    >>> has_diverged({"kind": "inpainting", "history": stuck})
    True
    """
    losses = [loss for _, loss in record.get("history") or []]
    if not losses or not is_run(record):
        return False
    unimproved = len(losses) >= 50 and losses[-1] > UNIMPROVED * losses[0]
    return unimproved or losses[-1] > DIVERGED * min(losses)


def is_shallow(record: Mapping[str, Any]) -> bool:
    """Whether a network uses none but its first skip connection (plan, 2026-11-28).

    Cutting any other changes its PSNR on validation images by less than `UNUSED`, so that nothing
    of the deeper blocks reaches its output: part of its decoder died in training. A run that
    diverged is none of these.

    Parameters
    ----------
    record : mapping
        Of any kind; without an analysis of the network it is unknown, and False.

    Examples
    --------
    >>> cut = {"none": {"psnr": 25.0}, "1": {"psnr": 9.0}, "2": {"psnr": 25.0}}
    >>> is_shallow({"kind": "inpainting", "mechanism": {"skips": cut}})
    True
    >>> cut["2"] = {"psnr": 24.0}
    >>> is_shallow({"kind": "inpainting", "mechanism": {"skips": cut}})
    False
    """
    examined = record.get("mechanism") if is_run(record) else None
    if not examined or has_diverged(record):
        return False
    found = {name: scores["psnr"] for name, scores in examined["skips"].items()}
    whole, deeper = found.pop("none"), [v for name, v in found.items() if name != "1"]
    return all(abs(whole - value) < UNUSED for value in deeper)


def trained_experiment(record: Mapping[str, Any]) -> dict[str, Any]:
    """The training settings of a record's network; those of an evaluation's test may differ.

    Parameters
    ----------
    record : mapping
    """
    settings = record["experiment"]["of"] if is_evaluation(record) else record["experiment"]
    return dict(settings)


def describe(kind: str, experiment: Mapping[str, Any]) -> str:
    """The settings of a run, a pretext phase or an evaluation in a few words.

    Parameters
    ----------
    kind : {"inpainting", "pretext", "evaluation"}
        As in its record.
    experiment : mapping
        As in its record.

    Returns
    -------
    str
        Its pretext tasks, the differences from `DEFAULTS`, from the usual masks and from its
        preset, and its seed.

    Examples
    --------
    >>> describe("pretext", {"pretext": {"rotation": 1.0}, "settings": {}, "seed": 2})
    'pretext phase Rotation, seed 2'
    """
    if kind == "evaluation":
        own = experiment["of"]
        test = {name: value for name, value in experiment.items() if name != "of"}
        same = all(own[name] == value for name, value in test.items())
        other = f"{test['dataset']}, {test['recipe']} {test['masks']} masks"
        other += ", validation" * (test.get("split") == "val")
        where = "its own images" if same else other
        return f"{describe('inpainting', own)}, tested on {where}"
    weights = _weights_in_words(experiment["pretext"])
    words = ["pretext phase " * (kind == "pretext") + weights]
    for name, default in DEFAULTS.items():
        value = experiment.get(name, default)
        value = tuple(value) if isinstance(value, list) else value
        if value != default:
            words.append(f"{name} {value}")
    words += _masks_in_words(experiment)
    words += [f"{name} {value}" for name, value in experiment.get("settings", {}).items()]
    return ", ".join([*filter(None, map(str.strip, words)), f"seed {experiment['seed']}"])


def usual_masks(dataset: str) -> str:
    """The source of masks that `wssl.Experiment` takes for a data set if none is given.

    Parameters
    ----------
    dataset : str
    """
    return "synthetic" if dataset == "synthetic" else "quickdraw"


def _masks_in_words(experiment: Mapping[str, Any]) -> list[str]:
    """What is not usual about the masks of a run, or of a pretext phase that has masks."""
    if "masks" not in experiment:
        return []
    recipe, (low, high) = (experiment.get(n, _OF_EXPERIMENT[n]) for n in ("recipe", "coverage"))
    masks, words = experiment["masks"], []
    if masks != usual_masks(experiment["dataset"]):
        words.append(f"{masks} masks")
    if recipe != _OF_EXPERIMENT["recipe"]:
        words.append(f"recipe {recipe}")
    if (low, high) != _OF_EXPERIMENT["coverage"]:
        words.append(f"coverage {low:.0%} to {high:.0%}")
    return words


def _weights_in_words(weights: Mapping[str, float]) -> str:
    if len(weights) == 1:
        return next(iter(weights)).capitalize()
    return ", ".join(f"{task.capitalize()} {weight:g}" for task, weight in weights.items())


def call(record: Mapping[str, Any]) -> str:
    """The line of Python that gives a record: it finds it in the store, or trains it again.

    Parameters
    ----------
    record : mapping

    Returns
    -------
    str
        Empty for kinds of records that no experiment makes.

    Examples
    --------
    >>> experiment = {"pretext": {}, "encoder": "scratch", "preset": "quick", "seed": 2}
    >>> call({"kind": "inpainting", "experiment": experiment})
    "wssl.run(wssl.Experiment(encoder='scratch', preset='quick', seed=2))"
    """
    value = record["experiment"]
    if record.get("kind") == "inpainting":
        return f"wssl.run({_experiment(value)})"
    if record.get("kind") == "evaluation":
        test = {name: setting for name, setting in value.items() if name != "of"}
        changed = {name: s for name, s in test.items() if value["of"].get(name) != s}
        return f"wssl.evaluate(wssl.Evaluation({_arguments(_experiment(value['of']), changed)}))"
    if record.get("kind") == "pretext":
        return f"wssl.pretrain({_experiment(value)}.pretraining)"
    return ""


def _experiment(value: Mapping[str, Any]) -> str:
    chosen = {
        name: setting
        for name, setting in value.items()
        if _plain(setting) != _plain(_OF_EXPERIMENT.get(name, ()))
    }
    return f"wssl.Experiment({_arguments('', chosen)})"


def _arguments(first: str, named: Mapping[str, Any]) -> str:
    return ", ".join([*filter(None, [first]), *(f"{k}={_plain(v)!r}" for k, v in named.items())])


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


_OF_EXPERIMENT: dict[str, Any] = {
    **DEFAULTS,
    "pretext": {},
    "settings": {},
    "recipe": "dense",
    "coverage": (0.3, 0.5),
    "split": "test",
}
"""What `call` leaves out of an experiment, which has it by default; an empty `pretext` as well,
because an experiment without a pretext phase takes none."""
