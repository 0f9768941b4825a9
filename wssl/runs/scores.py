"""Scores of trained networks, in the form stored in records."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wssl import metrics
from wssl.machine.backend import keras, ops
from wssl.methods import Phase
from wssl.pretext import transform
from wssl.records.fields import PER_IMAGE, Metrics, PretextScores

LEARNED = 0.2
"""A pretext task counts as learned if its accuracy is at least this share of the way from chance to
certainty: 0.4 with four levels, 0.6 with two."""

BATCH = 32
"""Number of images per evaluation batch."""

_ACCURACY_SEED = 2


def inpaint_batches(network: keras.Model, images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The network's raw output for masked images, a batch at a time.

    Parameters
    ----------
    network : keras.Model
        Takes masked images, or masked images and masks, float (B, S, S, 1), 1 = hole.
    images : float (N, S, S, 3) in [0, 1]
    masks : bool (N, S, S)
        True = hole. The pixels of `images` inside the hole are ignored.

    Returns
    -------
    float (N, S, S, 3) in [0, 1]
    """
    parts = []
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        floats = images[part].astype("float32")
        outputs = network.predict_on_batch(_inputs(network, floats, masks[part]))
        parts.append(ops.convert_to_numpy(outputs))
    return np.concatenate(parts)


def inpainting_scores(
    images: np.ndarray, outputs: np.ndarray, masks: np.ndarray
) -> tuple[Metrics, dict[str, list[float | None]]]:
    """The metrics of a method's outputs: all means, and selected metrics per image.

    Parameters
    ----------
    images, outputs : float (N, S, S, 3) in [0, 1]
    masks : bool (N, S, S)
        True = hole.

    Returns
    -------
    mean : dict of str to float or None
        Names are `wssl.metrics.NAMES`; None where no image defines the metric.
    per_image : dict of str to list
        ``coverage`` and the metrics of `wssl.records.fields.PER_IMAGE`.
    """
    values = metrics.evaluate(images, outputs, masks)
    per_image: dict[str, list[float | None]] = {
        "coverage": masks.mean(axis=(1, 2)).round(4).tolist()
    }
    for name in PER_IMAGE:
        per_image[name] = [None if np.isnan(v) else round(float(v), 5) for v in values[name]]
    means = metrics.summarize(values)
    return {k: None if np.isnan(v) else round(v, 6) for k, v in means.items()}, per_image


def pretext_scores(
    network: keras.Model,
    images: np.ndarray,
    classes: Mapping[str, int],
    masks: np.ndarray | None = None,
) -> PretextScores:
    """How well a network classifies the levels of its pretext tasks.

    Every image is shown at every level of each task; the levels of the other tasks are drawn once.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.pretext_model`.
    images : uint8 (N, S, S, 3)
    classes : mapping of str to int
        The number of levels of each task.
    masks : bool (N, S, S), optional
        True = hole, set to black after the images are transformed; whole images if not given.

    Returns
    -------
    wssl.records.fields.PretextScores
    """
    matrices = confusion(network, images, classes, masks)
    accuracy = {task: float(np.trace(m) / m.sum()) for task, m in matrices.items()}
    needed = {task: accuracy_of_learning(count) for task, count in classes.items()}
    return {
        "metrics": {f"accuracy_{task}": round(value, 5) for task, value in accuracy.items()},
        "learned": {task: value >= needed[task] for task, value in accuracy.items()},
        "confusion": {task: matrix.tolist() for task, matrix in matrices.items()},
    }


def phase_scores(phase: Phase, images: np.ndarray, batch: int) -> PretextScores:
    """The mean loss of a pretext phase without tasks, on batches of images.

    Parameters
    ----------
    phase : wssl.methods.Phase
    images : uint8 (N, S, S, 3)
        Images after the last full batch are ignored.
    batch : int
        Images per batch; all images if there are fewer.

    Returns
    -------
    wssl.records.fields.PretextScores
        ``metrics`` has the ``loss`` alone.
    """
    size = min(batch, len(images))
    losses = []
    for start in range(0, len(images) - size + 1, size):
        rng = np.random.default_rng([_ACCURACY_SEED, start])
        drawn = phase.add_random_inputs({"images": images[start : start + size]}, rng)
        losses.append(float(phase.loss_of(drawn, phase(drawn))))
    return {"metrics": {"loss": round(float(np.mean(losses)), 5)}, "learned": {}, "confusion": {}}


def kind_scores(network: keras.Model, images: np.ndarray, kinds: np.ndarray) -> PretextScores:
    """How well a network classifies images by their kind.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.pretext_model`, with one head, ``kind``.
    images : uint8 (N, S, S, 3)
    kinds : int (N,)
        0 or 1.

    Returns
    -------
    wssl.records.fields.PretextScores
        ``accuracy_kind`` is the mean of the accuracies of the kinds that there are, since one may
        be rarer.
    """
    matrix = np.zeros((2, 2), dtype=int)
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        shown = _inputs(network, images[part].astype(np.float32) / 255.0, None)
        logits = ops.convert_to_numpy(network.predict_on_batch(shown)["kind"])
        np.add.at(matrix, (kinds[part], np.argmax(logits, axis=1)), 1)
    present = matrix.sum(axis=1) > 0
    accuracy = float(np.mean(np.diag(matrix)[present] / matrix.sum(axis=1)[present]))
    return {
        "metrics": {"accuracy_kind": round(accuracy, 5)},
        "learned": {"kind": accuracy >= accuracy_of_learning(2)},
        "confusion": {"kind": matrix.tolist()},
    }


def accuracy_of_learning(levels: int) -> float:
    """The accuracy from which a pretext task counts as learned (`LEARNED`).

    Parameters
    ----------
    levels : int
        Of the task.

    Examples
    --------
    >>> accuracy_of_learning(4), accuracy_of_learning(2)
    (0.4, 0.6)
    """
    return 1 / levels + LEARNED * (1 - 1 / levels)


def confusion(
    network: keras.Model,
    images: np.ndarray,
    classes: Mapping[str, int],
    masks: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The confusion matrices of `pretext_scores`.

    Parameters
    ----------
    network, images, classes, masks
        As in `pretext_scores`.

    Returns
    -------
    dict of str to int (levels, levels)
        For each task how many images of each true level (row) were classified as each level.
    """
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
            for start in range(0, len(images), BATCH):
                part = slice(start, start + BATCH)
                shown = transform(floats[part], {t: values[part] for t, values in labels.items()})
                holes = None if masks is None else masks[part]
                found = network.predict_on_batch(_inputs(network, shown, holes))
                logits = ops.cast(found[task], "float32")
                answers = ops.convert_to_numpy(ops.argmax(logits, axis=1))
                matrices[task][level] += np.bincount(answers, minlength=count)
    return matrices


def _inputs(network: keras.Model, images: Any, masks: np.ndarray | None) -> Any:
    """The inputs of a network: images with black holes, and masks if it takes them."""
    if masks is not None:
        images = np.where(masks[..., None], np.float32(0), ops.convert_to_numpy(images))
    if len(network.inputs) == 1:
        return images
    holes = np.zeros(images.shape[:3], bool) if masks is None else masks
    return [images, holes[..., None].astype("float32")]
