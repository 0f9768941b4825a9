"""The one door: an experiment goes in, its result comes out, trained or from the store."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import keras
import numpy as np
from keras import ops

from wssl import data, losses, metrics, training
from wssl.data.batches import centre_crops, inpainting_batch, pretext_batch
from wssl.devices import computing_in, precision, resident
from wssl.experiment import Evaluation, Experiment, Pretraining
from wssl.models import FILLS, MODELS, VARIANTS, encoder, pretext_model
from wssl.phases import PHASES, Batch, InpaintingPhase, Phase, PretextPhase
from wssl.presets import Preset, preset
from wssl.pretext import TASKS, transform
from wssl.provenance import provenance
from wssl.store import Record, Store

TEST_MASK_SEED = 0
"""The test masks are one fixed list, whatever the seed of an experiment."""

# Each experiment is a network of its own and is traced anew; TensorFlow takes that for a mistake.
logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())

_ACCURACY_SEED = 2
_PHASE = 3
_EVALUATION_BATCH = 32


@dataclass(frozen=True)
class Result:
    """What an experiment gave.

    Attributes
    ----------
    experiment : Experiment
    record : dict
        As stored: ``experiment, fingerprint, pretext, metrics, per_image, history, provenance``,
        and ``variants``, the metrics of other fills by name, where the method draws at random.
    store : Store
    """

    experiment: Experiment
    record: Record
    store: Store

    @property
    def metrics(self) -> dict[str, float | None]:
        """Mean of each metric over the test images; the names are `wssl.metrics.NAMES`.

        None stands for a metric that no test image defines, such as the SSIM of holes that lie
        only at the very edge.
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

    def model(self) -> keras.Model:
        """The trained network; trained again if its weights are not there (they stay local).

        Returns
        -------
        keras.Model
            float (B, S, S, 3) in [0, 1] with black holes -> float (B, S, S, 3) in [0, 1].
        """
        if self.experiment.method in FILLS:
            raise ValueError(
                f"method: {self.experiment.method!r} fills holes without a network; call "
                f"wssl.models.FILLS[{self.experiment.method!r}](image, mask)."
            )
        path = self.store.weights_path(self.fingerprint)
        if not training.is_whole(path):
            _train_inpainting(self.experiment, self.store)
            self.store.finish(self.fingerprint)
        network = _network(self.experiment)
        training.load_weights(network, path)
        return network

    def restore(self, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """What the experiment's method makes of masked images.

        Parameters
        ----------
        images : float (N, S, S, 3) in [0, 1]
        masks : bool (N, S, S)
            True = hole; what `images` holds there is not shown to the method.

        Returns
        -------
        float (N, S, S, 3) in [0, 1]
            Of a network the raw output, also where the image is known.
        """
        return self.filler()(images, masks)

    def filler(self) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """What `restore` calls, for many calls: a network is loaded once."""
        fill = FILLS.get(self.experiment.method)
        if fill is None:
            return partial(restore, self.model())

        def fill_all(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
            masked = np.where(masks[..., None], np.float32(0), images)
            return np.stack([fill(image, mask) for image, mask in zip(masked, masks, strict=True)])

        return fill_all


def run(
    experiment: Experiment, store: Store | None = None, *, micro_batch: int | None = None
) -> Result:
    """Train and evaluate an experiment, or return its stored record.

    A run that was stopped goes on from its last checkpoint to the same numbers; one whose pretext
    phase another experiment shares does not train it again.

    Parameters
    ----------
    experiment : Experiment
    store : Store, optional
        Where records and weights are kept; `wssl.store.default_root` if not given.
    micro_batch : int, optional
        How many images of a batch are on the device at a time; see `wssl.training.train`.

    Returns
    -------
    Result

    Raises
    ------
    PermissionError
        If the store cannot be written (told before training starts).
    wssl.training.NonFiniteLossError
        If training diverges.
    """
    store = store or Store()
    record = store.get(experiment.fingerprint)
    if record is not None:
        return Result(experiment, record, store)
    store.check_writable()
    images, masks = evaluation_data(experiment)
    trained: dict[str, Any] = {"history": [], "seconds": 0.0}
    if experiment.method not in FILLS:
        trained = _train_inpainting(experiment, store, micro_batch)
    result = Result(experiment, {}, store)
    restored = result.restore(images, masks)
    per_image = metrics.evaluate(images, restored, masks)
    pretraining = experiment.pretraining
    record = {
        "experiment": experiment.to_dict(),
        "fingerprint": experiment.fingerprint,
        "pretext": pretraining.fingerprint if pretraining else None,
        "metrics": _json_numbers(metrics.summarize(per_image)),
        "per_image": _per_image(per_image, masks),
        **_variants(result, images, masks),
        "history": trained["history"],
        "provenance": {
            **provenance(trained["seconds"]),
            "images": data.fingerprint(experiment.dataset),
            "masks": data.mask_fingerprint(experiment.masks, experiment.recipe),
            "train_images": len(_images(experiment.dataset, "train", experiment.scale)),
            "test_images": len(images),
        },
    }
    store.put(record)
    store.finish(experiment.fingerprint)
    return Result(experiment, record, store)


def pretrain(
    pretraining: Pretraining, store: Store | None = None, *, micro_batch: int | None = None
) -> Record:
    """Train and evaluate a pretext phase, or return its stored record.

    Parameters
    ----------
    pretraining : Pretraining
    store, micro_batch
        As in `run`.

    Returns
    -------
    dict
        ``experiment, fingerprint, metrics, confusion, history, provenance``; ``metrics`` has the
        accuracy of each task as ``accuracy_TASK``, ``confusion`` a matrix a task: how many test
        images of each true level (row) were taken for each level (column).
    """
    store = store or Store()
    path = store.weights_path(pretraining.fingerprint)
    record = store.get(pretraining.fingerprint)
    if record is not None and training.is_whole(path):
        return record
    store.check_writable()
    scale = preset(pretraining.preset)
    classes = {task: len(TASKS[task].levels) for task in pretraining.pretext}
    with computing_in(precision()):
        body = encoder(MODELS["wssl"](scale.size, scale.width, pretraining.seed))
        network = pretext_model(body, classes, pretraining.seed)
        phase = PretextPhase(network, pretraining.pretext)
    images = _images(pretraining.dataset, "train", scale)
    (shown,) = resident(images)

    def batch(step: int) -> Batch:
        return pretext_batch(shown, classes, scale.size, scale.batch, pretraining.seed, step)

    trained = training.train(
        phase,
        batch,
        steps=scale.pretext_steps,
        learning_rate=scale.learning_rate,
        title=f"pretext {'+'.join(classes)}, seed {pretraining.seed}",
        checkpoint=store.checkpoint_path(pretraining.fingerprint),
        micro_batch=micro_batch,
    )
    training.save_weights(body, path)
    test = centre_crops(_images(pretraining.dataset, "test", scale), scale.size)
    confusion = _confusion(network, test, classes)
    record = {
        "experiment": pretraining.to_dict(),
        "fingerprint": pretraining.fingerprint,
        "metrics": {
            f"accuracy_{task}": round(float(np.trace(matrix) / matrix.sum()), 5)
            for task, matrix in confusion.items()
        },
        "confusion": {task: matrix.tolist() for task, matrix in confusion.items()},
        "history": trained["history"],
        "provenance": {
            **provenance(trained["seconds"]),
            "images": data.fingerprint(pretraining.dataset),
            "train_images": len(images),
            "test_images": len(test),
        },
    }
    store.put(record)
    store.finish(pretraining.fingerprint)
    return record


def evaluate(evaluation: Evaluation, store: Store | None = None) -> Record:
    """Test a trained experiment on other images or masks, or return the stored record.

    Its model is trained first if its weights are not there.

    Parameters
    ----------
    evaluation : Evaluation
    store : Store, optional
        As for `run`.

    Returns
    -------
    dict
        ``experiment, fingerprint, run, metrics, terms, per_image, provenance``; ``run`` is the
        fingerprint of the experiment, ``terms`` what `wssl.losses.terms` gives for the raw output.

    Raises
    ------
    PermissionError
        If the store cannot be written.
    """
    store = store or Store()
    record = store.get(evaluation.fingerprint)
    if record is not None:
        return record
    store.check_writable()
    began = time.monotonic()
    images, masks = evaluation_data(evaluation.test)
    restored = run(evaluation.experiment, store).restore(images, masks)
    per_image = metrics.evaluate(images, restored, masks)
    parts = [slice(i, i + _EVALUATION_BATCH) for i in range(0, len(images), _EVALUATION_BATCH)]
    terms = [losses.terms(images[part], restored[part]) for part in parts]
    record = {
        "experiment": evaluation.to_dict(),
        "fingerprint": evaluation.fingerprint,
        "run": evaluation.experiment.fingerprint,
        "metrics": _json_numbers(metrics.summarize(per_image)),
        "terms": {
            name: float(f"{np.concatenate([t[name] for t in terms]).mean():.5g}")
            for name in terms[0]
        },
        "per_image": _per_image(per_image, masks),
        "provenance": {
            **provenance(time.monotonic() - began),
            "images": data.fingerprint(evaluation.test.dataset),
            "masks": data.mask_fingerprint(evaluation.test.masks, evaluation.test.recipe),
            "test_images": len(images),
        },
    }
    store.put(record)
    return record


def restore(network: keras.Model, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The network's raw output for masked images, a batch at a time.

    Parameters
    ----------
    network : keras.Model
        Takes masked images, or masked images and masks, float (B, S, S, 1), 1 = hole.
    images : float (N, S, S, 3) in [0, 1]
    masks : bool (N, S, S)
        True = hole; what `images` holds there is not shown to the network.

    Returns
    -------
    float (N, S, S, 3) in [0, 1]
    """
    parts = []
    for start in range(0, len(images), _EVALUATION_BATCH):
        part = slice(start, start + _EVALUATION_BATCH)
        masked = np.where(masks[part][..., None], np.float32(0), images[part])
        inputs = [masked.astype("float32"), masks[part][..., None].astype("float32")]
        outputs = network.predict_on_batch(inputs if len(network.inputs) == 2 else inputs[0])
        parts.append(ops.convert_to_numpy(outputs))
    return np.concatenate(parts)


def evaluation_data(experiment: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """The images and masks that an experiment is evaluated on, the same for every seed.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    images : float (N, S, S, 3) in [0, 1]
        The middle of each test image.
    masks : bool (N, S, S)
        True = hole; mask i belongs to image i.
    """
    scale = experiment.scale
    loaded = _images(experiment.dataset, "test", scale)
    images = np.divide(centre_crops(loaded, scale.size), 255.0, dtype=np.float32)
    return images, _masks(experiment, len(images), TEST_MASK_SEED, "test")


def _train_inpainting(
    experiment: Experiment, store: Store, micro_batch: int | None = None
) -> dict[str, Any]:
    scale, path = experiment.scale, store.weights_path(experiment.fingerprint)
    pretraining = experiment.pretraining
    if pretraining:
        pretrain(pretraining, store, micro_batch=micro_batch)
    with computing_in(precision()):
        network = _network(experiment)
        phase = _phase(experiment, network)
    if pretraining:
        training.load_weights(encoder(network), store.weights_path(pretraining.fingerprint))
    images, masks = resident(
        _images(experiment.dataset, "train", scale),
        _masks(experiment, scale.train_masks, experiment.seed, "train"),
    )

    def batch(step: int) -> Batch:
        drawn = inpainting_batch(images, masks, scale.size, scale.batch, experiment.seed, step)
        return phase.complete(drawn, np.random.default_rng([experiment.seed, _PHASE, step]))

    trained = training.train(
        phase,
        batch,
        steps=scale.inpainting_steps,
        learning_rate=scale.learning_rate,
        title=f"{_title(experiment)}, seed {experiment.seed}",
        checkpoint=store.checkpoint_path(experiment.fingerprint),
        micro_batch=micro_batch,
    )
    training.save_weights(network, path)
    return trained


def _phase(experiment: Experiment, network: keras.Model) -> Phase:
    scale = experiment.scale
    if own := PHASES.get(experiment.method):
        return own(network, scale.size, scale.width, experiment.seed)
    if experiment.encoder in ("frozen", "random"):
        for layer in network.layers[: experiment.frozen_layers]:
            layer.trainable = False
    loss = partial(losses.LOSSES[experiment.loss], alpha=experiment.alpha, a=experiment.a)
    return InpaintingPhase(network, loss)


def _variants(result: Result, images: np.ndarray, masks: np.ndarray) -> dict[str, Any]:
    draw = VARIANTS.get(result.experiment.method)
    if draw is None:
        return {}
    drawn = draw(result.model(), images, masks, result.experiment.seed)
    scores = {
        name: _json_numbers(metrics.summarize(metrics.evaluate(images, restored, masks)))
        for name, restored in drawn.items()
    }
    return {"variants": scores}


def _title(experiment: Experiment) -> str:
    if experiment.method == "wssl":
        return f"inpainting, {experiment.loss} loss"
    return f"inpainting, {experiment.method}"


def _network(experiment: Experiment) -> keras.Model:
    scale = experiment.scale
    return MODELS[experiment.method](scale.size, scale.width, experiment.seed)


def _confusion(
    network: keras.Model, images: np.ndarray, classes: dict[str, int]
) -> dict[str, np.ndarray]:
    """Every test image at every level of each task; the other tasks' levels are drawn once."""
    floats = images.astype(np.float32) / 255.0
    matrices = {}
    for number, (task, count) in enumerate(classes.items()):
        matrices[task] = np.zeros((count, count), dtype=int)
        rng = np.random.default_rng([_ACCURACY_SEED, number])
        for level in range(count):
            labels = {
                other: rng.integers(0, total, size=len(images)).astype("int32")
                for other, total in classes.items()
            }
            labels[task] = np.full(len(images), level, dtype="int32")
            for start in range(0, len(images), _EVALUATION_BATCH):
                part = slice(start, start + _EVALUATION_BATCH)
                shown = transform(floats[part], {t: values[part] for t, values in labels.items()})
                logits = ops.cast(network.predict_on_batch(shown)[task], "float32")
                answers = ops.convert_to_numpy(ops.argmax(logits, axis=1))
                matrices[task][level] += np.bincount(answers, minlength=count)
    return matrices


def _images(dataset: str, split: str, scale: Preset) -> np.ndarray:
    count = {"train": scale.train_images, "test": scale.test_images}[split]
    return _cached_images(dataset, split, scale.load_size, count, data.fingerprint(dataset))


def _masks(experiment: Experiment, count: int, seed: int, split: str) -> np.ndarray:
    return _cached_masks(
        experiment.masks,
        count,
        experiment.scale.size,
        seed,
        experiment.coverage,
        split,
        experiment.recipe,
        data.mask_fingerprint(experiment.masks, experiment.recipe),
    )


@lru_cache(maxsize=4)
def _cached_images(
    dataset: str, split: str, size: int, count: int | None, content: str
) -> np.ndarray:
    return data.images(dataset, split, size, count)


@lru_cache(maxsize=8)
def _cached_masks(
    source: str,
    count: int,
    size: int,
    seed: int,
    coverage: tuple[float, float],
    split: str,
    recipe: str,
    content: str,
) -> np.ndarray:
    return data.masks(source, count, size, seed, coverage, split=split, recipe=recipe)


def _per_image(values: dict[str, np.ndarray], masks: np.ndarray) -> dict[str, list[float | None]]:
    return {
        "coverage": masks.mean(axis=(1, 2)).round(4).tolist(),
        **{
            name: [None if np.isnan(v) else round(float(v), 5) for v in values[name]]
            for name in ("ssim", "psnr", "ssim_hole", "psnr_hole")
        },
    }


def _json_numbers(values: dict[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(v) else round(v, 6) for name, v in values.items()}
