"""Run an experiment: train and evaluate it, or return its stored record."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from wssl import data, losses
from wssl.checks.arrays import described
from wssl.checks.names import called, lookup
from wssl.data.batches import (
    centre_crops,
    epoch_order,
    inpainting_batch,
    pretext_batch,
    take_rows,
)
from wssl.experiment import Evaluation, Experiment, Pretraining
from wssl.machine.backend import alone, keras
from wssl.machine.devices import computing_in, precision, resident
from wssl.machine.provenance import provenance
from wssl.methods import (
    METHODS,
    OBJECTIVES,
    Batch,
    InpaintingPhase,
    Method,
    Phase,
    encoder_variables,
    freeze,
)
from wssl.pretext import TASKS, check_transformed, warn_if_alike
from wssl.records.fields import (
    EvaluationRecord,
    FoundWeights,
    Metrics,
    PretextRecord,
    PretextScores,
    RunRecord,
    Variants,
    is_evaluation,
    is_pretext,
    is_run,
)
from wssl.records.store import Store
from wssl.runs import inputs, mechanism, training
from wssl.runs.inputs import evaluation_data
from wssl.runs.scores import (
    BATCH,
    inpaint_batches,
    inpainting_scores,
    kind_scores,
    phase_scores,
    pretext_scores,
)

Arrays = list[np.ndarray]

# Each experiment builds and traces a new network, which TensorFlow wrongly reports as excessive
# retracing.
logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())

_RANDOM_INPUTS = 3
_PRETEXT_INPUTS = 5
_HALF_GREY_LEVEL = 0.5 / 255


@dataclass(frozen=True)
class Result:
    """The result of an experiment.

    Attributes
    ----------
    experiment : Experiment
    record : wssl.records.fields.RunRecord
        As stored.
    store : Store
    """

    experiment: Experiment
    record: RunRecord
    store: Store

    @property
    def metrics(self) -> Metrics:
        """The mean of each metric over the test images, by the names in `wssl.metrics.NAMES`.

        None if a metric is undefined on all test images, such as the SSIM of holes that touch only
        the edge.
        """
        return dict(self.record["metrics"])

    @property
    def provenance(self) -> dict[str, Any]:
        """Versions, backend, device, seconds, data fingerprints and commit of the run."""
        return dict(self.record["provenance"])

    @property
    def fingerprint(self) -> str:
        """The experiment's fingerprint."""
        return self.experiment.fingerprint

    @alone()
    def model(self) -> keras.Model:
        """The trained network; trained again if its weights, which are not committed, are missing.

        Returns
        -------
        keras.Model
            float (B, S, S, 3) in [0, 1] with black holes -> float (B, S, S, 3) in [0, 1].

        Raises
        ------
        ValueError
            If the method has no network, or the weights are missing and the experiment would be
            another today, because its pretext phase or its data have changed.
        """
        method = METHODS[self.experiment.method]
        if not method.learned:
            raise ValueError(
                f"method: expected one with a network; received {self.experiment.method!r}. Call "
                f"wssl.methods.METHODS[{self.experiment.method!r}].fill(image, mask)."
            )
        weights = _trained_weights(self)
        network = method.build(self.experiment.scale.size, self.experiment.scale.width, 0)
        network.set_weights(weights)
        return network

    def inpaint(self, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """The output of the experiment's method for masked images.

        Parameters
        ----------
        images : float (N, S, S, 3) in [0, 1]
        masks : bool (N, S, S)
            True = hole. The pixels of `images` inside the hole are ignored.

        Returns
        -------
        float (N, S, S, 3) in [0, 1]
            For a network, the raw output, including the known pixels.
        """
        return self.inpainter()(images, masks)

    def inpainter(self) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """The function behind `inpaint`, for repeated calls; a network is loaded only once."""
        if not METHODS[self.experiment.method].learned:
            return partial(_fill_all, self.experiment.method)
        return partial(inpaint_batches, self.model())


def run(
    experiment: Experiment, store: Store | None = None, *, micro_batch: int | None = None
) -> Result:
    """Train and evaluate an experiment, or return its stored record.

    An interrupted run resumes from its last checkpoint with identical results; a pretext phase that
    several experiments share is trained once.

    Parameters
    ----------
    experiment : Experiment
    store : Store, optional
        Where records and weights are kept; `wssl.records.store.default_root` if not given.
    micro_batch : int, optional
        Number of images of a batch that are on the device at a time; see
        `wssl.runs.training.train`.

    Returns
    -------
    Result

    Raises
    ------
    PermissionError
        If the results folder is not writable. Checked before training starts.
    wssl.runs.training.NonFiniteLossError
        If training diverges.

    Examples
    --------
    A baseline that is not learned needs no training:

    >>> from wssl import Experiment
    >>> result = run(Experiment(method="harmonic", preset="smoke"))
    >>> 0.0 < result.metrics["ssim"] < 1.0
    True
    >>> run(result.experiment).record == result.record
    True
    """
    store = store or Store()
    record = store.get(experiment.fingerprint)
    if record is not None and is_run(record):
        store.finish(experiment.fingerprint)
        return Result(experiment, record, store)
    return _run(experiment, store, micro_batch)


@alone()
def _run(experiment: Experiment, store: Store, micro_batch: int | None) -> Result:
    store.check_writable(experiment.fingerprint)
    images, masks = evaluation_data(experiment)
    variants, examined = Variants(), None
    if not METHODS[experiment.method].learned:
        trained: dict[str, Any] = {"history": [], "seconds": 0.0}
        outputs = _fill_all(experiment.method, images, masks)
    else:
        weights, trained = _train_inpainting(experiment, store, micro_batch)
        network = _evaluator(experiment, weights)
        outputs = inpaint_batches(network, images, masks)
        variants = _variants(experiment, network, images, masks)
        if experiment.method == "wssl":
            examined = mechanism.examine(network, experiment)
    means, per_image = inpainting_scores(images, outputs, masks)
    pretraining = experiment.pretraining
    new: RunRecord = {
        "kind": "inpainting",
        "experiment": experiment.to_dict(),
        "fingerprint": experiment.fingerprint,
        "scale": experiment.hyperparameters(),
        "pretext": pretraining.fingerprint if pretraining else None,
        "metrics": means,
        "per_image": per_image,
        "mechanism": examined,
        **variants,
        "history": trained["history"],
        "provenance": {
            **provenance(trained["seconds"]),
            "images": data.fingerprint(experiment.dataset),
            "masks": data.mask_fingerprint(experiment.masks, experiment.recipe),
            "train_images": len(inputs.images(experiment.dataset, "train", experiment.scale)),
            "test_images": len(images),
        },
    }
    store.put(new)
    store.finish(experiment.fingerprint)
    return Result(experiment, new, store)


def pretrain(
    pretraining: Pretraining, store: Store | None = None, *, micro_batch: int | None = None
) -> PretextRecord:
    """Train and evaluate a pretext phase, or return its stored record.

    Weights that are missing are trained again; a record that exists stays as it is.

    Parameters
    ----------
    pretraining : Pretraining
    store, micro_batch
        As in `run`.

    Returns
    -------
    wssl.records.fields.PretextRecord
    """
    return _pretrain(pretraining, store or Store(), micro_batch)[0]


def evaluate(evaluation: Evaluation, store: Store | None = None) -> EvaluationRecord:
    """Test a trained experiment on other images or masks, or return the stored record.

    The model is trained first if its weights are missing.

    Parameters
    ----------
    evaluation : Evaluation
    store : Store, optional
        As for `run`.

    Returns
    -------
    wssl.records.fields.EvaluationRecord

    Raises
    ------
    PermissionError
        If the results folder is not writable.
    """
    store = store or Store()
    record = store.get(evaluation.fingerprint)
    if record is not None and is_evaluation(record):
        return record
    return _evaluate(evaluation, store)


@alone()
def _evaluate(evaluation: Evaluation, store: Store) -> EvaluationRecord:
    store.check_writable()
    images, masks = evaluation_data(evaluation.test)
    fill = _filler(run(evaluation.experiment, store))
    began = time.monotonic()
    outputs = fill(images, masks)
    means, per_image = inpainting_scores(images, outputs, masks)
    parts = [slice(i, i + BATCH) for i in range(0, len(images), BATCH)]
    terms = [losses.terms(images[part], outputs[part]) for part in parts]
    new: EvaluationRecord = {
        "kind": "evaluation",
        "experiment": evaluation.to_dict(),
        "fingerprint": evaluation.fingerprint,
        "run": evaluation.experiment.fingerprint,
        "metrics": means,
        "terms": {
            name: float(f"{np.concatenate([t[name] for t in terms]).mean():.5g}")
            for name in terms[0]
        },
        "per_image": per_image,
        "provenance": {
            **provenance(time.monotonic() - began),
            "images": data.fingerprint(evaluation.test.dataset),
            "masks": data.mask_fingerprint(evaluation.test.masks, evaluation.test.recipe),
            "test_images": len(images),
        },
    }
    store.put(new)
    return new


@alone()
def _pretrain(
    pretraining: Pretraining, store: Store, micro_batch: int | None = None
) -> tuple[PretextRecord, Arrays]:
    """The record of a pretext phase and the weights of its encoder.

    If only the weights are missing they are trained again, and the first record stays.
    """
    path = store.weights_path(pretraining.fingerprint)
    stored = store.get(pretraining.fingerprint)
    record = stored if stored is not None and is_pretext(stored) else None
    if record is not None and training.drop_if_damaged(path):
        store.finish(pretraining.fingerprint)
        return record, training.read_arrays(path)
    store.check_writable(pretraining.fingerprint)
    phase, images, trained = _train_encoder(pretraining, store, micro_batch)
    weights = [variable.numpy() for variable in encoder_variables(phase.network)]
    training.save_arrays(weights, path)
    if record is not None:
        store.finish(pretraining.fingerprint)
        return record, weights
    scores, tested = _pretext_scores(pretraining, phase)
    found, learned = FoundWeights(), phase.found_weights()
    if learned:
        found = {"weights": {task: float(f"{weight:.5g}") for task, weight in learned.items()}}
    new: PretextRecord = {
        "kind": "pretext",
        "experiment": pretraining.to_dict(),
        "fingerprint": pretraining.fingerprint,
        "scale": pretraining.hyperparameters(),
        **scores,
        **found,
        "history": trained["history"],
        "provenance": {
            **provenance(trained["seconds"]),
            "images": data.fingerprint(pretraining.dataset),
            "train_images": images,
            "test_images": tested,
        },
    }
    store.put(new)
    store.finish(pretraining.fingerprint)
    return new, weights


def _train_encoder(
    pretraining: Pretraining, store: Store, micro_batch: int | None
) -> tuple[Phase, int, dict[str, Any]]:
    """The trained phase, the number of its images, and the result of `training.train`."""
    scale = pretraining.scale
    tasks = {task: lookup("pretext task", task, TASKS) for task in pretraining.pretext}
    for name in tasks:
        check_transformed(name, scale.size)
    classes = {name: len(task.levels) for name, task in tasks.items()}
    objective, method = OBJECTIVES[pretraining.objective], METHODS[pretraining.method]
    key = "pretext", objective, *tasks.values(), method, scale.size, scale.width, precision()
    with computing_in(precision()):
        network = method.build(scale.size, scale.width, pretraining.seed)
        fresh = objective.phase(network, pretraining.pretext, pretraining.seed)
        phase = training.compiled(key, fresh)
    if objective.labelled:
        images, kinds, _, _ = inputs.labelled(pretraining)
    else:
        images, kinds = inputs.images(pretraining.dataset, "train", scale), np.empty(0)
    warn_if_alike(centre_crops(images, scale.size), tasks, repr(pretraining.dataset))
    phases = training.Training(**scale.training("pretext"))
    shown, *masks = resident(images, *_holes(pretraining, scale.train_masks, "train"))

    def batch(step: int) -> Batch:
        drawn = pretext_batch(shown, classes, scale.size, phases.batch, pretraining.seed, step)
        rng = np.random.default_rng([pretraining.seed, _PRETEXT_INPUTS, step])
        for holes in masks:
            chosen = rng.integers(0, holes.shape[0], size=phases.batch)
            drawn["masks"] = take_rows(holes, chosen)
        if objective.labelled:
            rows = epoch_order(pretraining.seed, len(kinds), step * phases.batch, phases.batch)
            drawn["kinds"] = kinds[rows]
        return phase.add_random_inputs(drawn, rng)

    trained = training.train(
        phase,
        batch,
        phases,
        title=f"pretext {'+'.join(classes) or pretraining.objective}, seed {pretraining.seed}",
        checkpoint=store.checkpoint_path(pretraining.fingerprint),
        micro_batch=micro_batch,
    )
    return phase, len(images), trained


def _pretext_scores(pretraining: Pretraining, phase: Phase) -> tuple[PretextScores, int]:
    """The scores of a pretext phase, and the number of images."""
    scale, objective = pretraining.scale, OBJECTIVES[pretraining.objective]
    if objective.labelled:
        _, _, images, kinds = inputs.labelled(pretraining)
        return kind_scores(phase.network, centre_crops(images, scale.size), kinds), len(images)
    images = inputs.images(pretraining.dataset, pretraining.split, scale)
    images = centre_crops(images, scale.size)
    if not objective.tasks:
        return phase_scores(phase, images, scale.pretext_batch), len(images)
    classes = {task: len(TASKS[task].levels) for task in pretraining.pretext}
    holes = _holes(pretraining, len(images), "test")
    return pretext_scores(phase.network, images, classes, *holes), len(images)


def _holes(pretraining: Pretraining, count: int, split: str) -> Arrays:
    """The masks of a pretext phase, as a list of one array; empty for whole images."""
    if not OBJECTIVES[pretraining.objective].masked:
        return []
    seed = pretraining.seed if split == "train" else inputs.TEST_MASK_SEED
    return [inputs.masks(pretraining, count, seed, split)]


def _train_inpainting(
    experiment: Experiment, store: Store, micro_batch: int | None = None
) -> tuple[Arrays, dict[str, Any]]:
    """Train and store a network; return its weights and the result of `training.train`."""
    scale, method = experiment.scale, METHODS[experiment.method]
    pretraining = experiment.pretraining
    if method.trained_as_wssl:
        bound = losses.bind(losses.LOSSES[experiment.loss], alpha=experiment.alpha, a=experiment.a)
        losses.check_returned(experiment.loss, bound, scale.size)
    learned = _pretrain(pretraining, store, micro_batch)[1] if pretraining else []
    frozen = experiment.frozen_blocks if experiment.encoder in ("frozen", "random") else ()
    key = (
        *("inpainting", frozen, losses.LOSSES[experiment.loss], method),
        *(scale.size, scale.width, precision()),
    )
    with computing_in(precision()):
        network = method.build(scale.size, scale.width, experiment.seed)
        if method.trained_as_wssl:
            freeze(network, frozen)
        phase = training.compiled(key, _phase(experiment, network))
    if learned:
        for variable, value in zip(encoder_variables(phase.network), learned, strict=True):
            variable.assign(value)
    inputs.warn_if_shared(experiment)
    images, masks = resident(*inputs.training_data(experiment))
    phases = training.Training(**scale.training("inpainting"))

    def batch(step: int) -> Batch:
        drawn = inpainting_batch(images, masks, scale.size, phases.batch, experiment.seed, step)
        return phase.add_random_inputs(
            drawn, np.random.default_rng([experiment.seed, _RANDOM_INPUTS, step])
        )

    trained = training.train(
        phase,
        batch,
        phases,
        title=f"{_title(experiment)}, seed {experiment.seed}",
        checkpoint=store.checkpoint_path(experiment.fingerprint),
        micro_batch=micro_batch,
    )
    weights = phase.network.get_weights()
    training.save_arrays(weights, store.weights_path(experiment.fingerprint))
    return weights, trained


def _phase(experiment: Experiment, network: keras.Model) -> Phase:
    scale, method = experiment.scale, METHODS[experiment.method]
    if method.phase is not None:
        return method.new_phase(network, scale.size, scale.width, experiment.seed)
    loss = losses.LOSSES[experiment.loss]
    return InpaintingPhase(network, loss, alpha=experiment.alpha, a=experiment.a)


def _trained_weights(result: Result) -> Arrays:
    """The weights of a result's network, which is trained again if they are not stored."""
    experiment, store, name = result.experiment, result.store, result.record["fingerprint"]
    path = store.weights_path(name)
    if training.drop_if_damaged(path):
        return training.read_arrays(path)
    if experiment.fingerprint != name:
        raise ValueError(
            f"model: expected the weights of {name}, {path}; there are none, and training again "
            "would make another network, since its pretext phase or its data have changed. Run the "
            "experiment again and use the fingerprint of the new record."
        )
    weights, _ = _train_inpainting(experiment, store)
    store.finish(name)
    return weights


def _filler(result: Result) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """As `Result.inpainter`, with a network that experiments of one shape share."""
    experiment = result.experiment
    if not METHODS[experiment.method].learned:
        return partial(_fill_all, experiment.method)
    return partial(inpaint_batches, _evaluator(experiment, _trained_weights(result)))


def _fill_all(name: str, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The fill of that name for each image.

    Raises
    ------
    ValueError
        If the fill returns anything but a float image of the same shape in [0, 1], or changes known
        pixels by more than half a grey level.
    """
    fill = METHODS[name].fill
    assert fill is not None
    filled = []
    for image, mask in zip(np.where(masks[..., None], np.float32(0), images), masks, strict=True):
        filled.append(fill(image.copy(), mask.copy()))
        _check_filled(name, filled[-1], image, mask)
    return np.stack(filled)


def _check_filled(name: str, filled: Any, image: np.ndarray, mask: np.ndarray) -> None:
    """Raise a ValueError unless a fill returned the image, with the hole filled."""
    of = f"{called(METHODS[name].fill)} of the method {name!r}"
    wanted = f"fill: expected a float image {image.shape} in [0, 1] from {of}"
    kind, shape = described(filled)
    if shape != image.shape:
        received = "None" if filled is None else f"{kind} of shape {shape}"
        raise ValueError(f"{wanted}; received {received}. Return the whole image.")
    if not kind.startswith("float"):
        raise ValueError(f"{wanted}; received {kind}. Divide 8-bit values by 255.")
    if not np.isfinite(filled).all():
        raise ValueError(
            f"{wanted}; received values that are not finite. Check it for a division by zero, such "
            "as a mean of no pixels."
        )
    change = np.abs(filled - image)[~mask].max(initial=0.0)
    if change > _HALF_GREY_LEVEL:
        raise ValueError(
            f"fill: expected known pixels unchanged by {of}; received a change of up to "
            f"{change:.3g} in [0, 1]. Return np.where(mask[..., None], filled, image)."
        )
    least, greatest = np.min(filled), np.max(filled)
    if least < -_HALF_GREY_LEVEL or greatest > 1 + _HALF_GREY_LEVEL:
        raise ValueError(
            f"{wanted}; received values from {least:.3g} to {greatest:.3g}. End it with "
            "np.clip(filled, 0.0, 1.0)."
        )


def _evaluator(experiment: Experiment, weights: Arrays) -> keras.Model:
    """A float32 network with the given weights, valid until the next call.

    Networks of one shape share it, so that evaluation is traced only once.
    """
    scale = experiment.scale
    network = _blank(METHODS[experiment.method], scale.size, scale.width)
    network.set_weights(weights)
    return network


@lru_cache(maxsize=2)
def _blank(method: Method, size: int, width: int) -> keras.Model:
    return method.build(size, width, 0)


def _variants(
    experiment: Experiment, network: keras.Model, images: np.ndarray, masks: np.ndarray
) -> Variants:
    draw = METHODS[experiment.method].variants
    if draw is None:
        return {}
    drawn = draw(network, images, masks, experiment.seed)
    scores = {name: inpainting_scores(images, x, masks)[0] for name, x in drawn.items()}
    return {"variants": scores}


def _title(experiment: Experiment) -> str:
    if experiment.method == "wssl":
        return f"inpainting, {experiment.loss} loss"
    return f"inpainting, {experiment.method}"
