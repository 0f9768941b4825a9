"""Analyse the blocks of a trained network; the results are kept in its record.

For each block of the encoder, this module measures how well a linear map recovers the pixels of the
original image from its features, in the known part and in the hole, and how well a linear
classifier recognises a transformation of a whole image. The network is also evaluated with each
skip connection cut. Everything is fitted on training images and scored on validation images.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from wssl import data, metrics
from wssl.data.batches import centre_crops
from wssl.experiment import Experiment
from wssl.machine.backend import keras, ops
from wssl.methods import ENCODER_BLOCKS, block_outputs, with_skips_cut
from wssl.pretext import TASKS, Task
from wssl.runs import inputs
from wssl.runs.scores import BATCH, inpaint_batches

FIT_IMAGES = 256
"""Training images that the linear maps are fitted on, at most; an eighth of them in a small set."""

FIT_POSITIONS = 8
"""Positions of a feature map per fit image that a read-out is fitted on, drawn from all of them."""

SHRINKAGE = 0.05
"""The share of the identity in a probe's covariance."""

PENALTIES = 10.0 ** np.arange(-6, 3)
"""Ridge penalties to choose from, as multiples of the features' mean variance."""

_FIT_MASK_SEED = 1
_POSITION_SEED = 4


def brighten(images: Any, factors: Any) -> Any:
    """Scale the values of images.

    Parameters
    ----------
    images : float (B, H, W, 3) in [0, 1]
    factors : float (B,) in [0, 1]

    Returns
    -------
    float (B, H, W, 3) in [0, 1]
    """
    return images * factors[:, None, None, None]


PROBES = {
    "rotation": TASKS["rotation"],
    "saturation": TASKS["saturation"],
    "brightness": Task("brightness", brighten, (0.4, 0.6, 0.8, 1.0)),
}
"""The tasks whose levels the linear probes classify."""


def examine(network: keras.Model, experiment: Experiment) -> dict[str, Any] | None:
    """Read-outs, probes and cut skip connections of an experiment's network.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.unet`, with the trained weights, in float32.
    experiment : Experiment

    Returns
    -------
    dict or None
        ``readout``: ``known`` and ``hole``, PSNR in dB of the original's pixels as read out from
        each block; ``probes``: for each of `PROBES` the accuracy from each block;
        ``skips``: ``none`` and ``1`` to ``5``, SSIM and PSNR of the composited images with that
        skip connection cut. None if the data set has no validation images.
    """
    scale = experiment.scale
    try:
        held_out = inputs.images(experiment.dataset, "val", scale)
    except data.EmptySplitError:
        return None
    fit = inputs.images(experiment.dataset, "train", scale)
    count = min(FIT_IMAGES, max(len(fit) // 8, 8), len(fit))
    fit = fit[np.linspace(0, len(fit) - 1, count).astype(int)]
    fit, shown = (_floats(images, scale.size) for images in (fit, held_out))
    fit_masks = inputs.masks(experiment, len(fit), _FIT_MASK_SEED, "train")
    masks = inputs.masks(experiment, len(shown), inputs.TEST_MASK_SEED, "test")
    return {
        "readout": readout(network, fit, fit_masks, shown, masks),
        "probes": {name: probe(network, task, fit, shown) for name, task in PROBES.items()},
        "skips": cut_skips(network, shown, masks),
    }


def readout(
    network: keras.Model,
    fit: np.ndarray,
    fit_masks: np.ndarray,
    images: np.ndarray,
    masks: np.ndarray,
) -> dict[str, list[float | None]]:
    """Measure how well pixels can be read out linearly from the features of each block.

    Ridge regression from the 3 x 3 window of features at a position (zero beyond the edge) to a
    pixel that the position stands for. Known pixels and those of holes have a regression each, and
    so has each of the places within a position's cell that are looked at (`_places`).

    Parameters
    ----------
    network : keras.Model
    fit, images : float (N, S, S, 3) in [0, 1]
        Fitted on the first, scored on the second; both are shown with their holes black.
    fit_masks, masks : bool (N, S, S)
        True = hole.

    Returns
    -------
    dict of str to list of float or None
        ``known`` and ``hole``: PSNR in dB over such pixels of all images, a value per block; None
        where there are no such pixels.
    """
    rng = np.random.default_rng(_POSITION_SEED)
    positions: list[tuple[np.ndarray, ...]] = []
    samples: list[list[np.ndarray]] = []
    for block in ENCODER_BLOCKS:
        shape = len(fit), *(fit.shape[1] // 2 ** (block - 1),) * 2
        chosen = np.sort(rng.permutation(np.prod(shape))[: FIT_POSITIONS * len(fit)])
        positions.append(np.unravel_index(chosen, shape))
        samples.append([])
    for start, blocks in block_features(network, _masked_out(fit, fit_masks)):
        for (number, row, column), kept, features in zip(positions, samples, blocks, strict=True):
            here = (number >= start) & (number < start + len(features))
            kept.append(_windows(features)[number[here] - start, row[here], column[here]])
    maps = [
        list(_linear_maps(np.concatenate(kept), where, 2 ** (block - 1), fit, fit_masks))
        for block, where, kept in zip(ENCODER_BLOCKS, positions, samples, strict=True)
    ]
    errors: dict[str, list[list[np.ndarray]]] = {
        name: [[np.empty((0, 3))] for _ in ENCODER_BLOCKS] for name in ("known", "hole")
    }
    for start, blocks in block_features(network, _masked_out(images, masks)):
        part = slice(start, start + len(blocks[0]))
        for index, features in enumerate(blocks):
            windows = _windows(features)
            for name, at, weights, offset in maps[index]:
                asked = masks[part, at[0], at[1]] == (name == "hole")
                predicted = np.clip(windows[asked] @ weights + offset, 0.0, 1.0)
                error = (predicted - images[part, at[0], at[1]][asked]) ** 2
                errors[name][index].append(error)
    return {
        name: [
            round(float(metrics.psnr(squared.mean())), 3) if squared.size else None
            for squared in map(np.concatenate, by_block)
        ]
        for name, by_block in errors.items()
    }


def probe(network: keras.Model, task: Task, fit: np.ndarray, images: np.ndarray) -> list[float]:
    """Measure how well a linear classifier finds the level of a task in each block's mean features.

    Linear discriminant analysis, with the covariance within levels shrunk towards a multiple of the
    identity by `SHRINKAGE`.

    Parameters
    ----------
    network : keras.Model
    task : Task
    fit, images : float (N, S, S, 3) in [0, 1]
        Whole images; each is shown at every level.

    Returns
    -------
    list of float in [0, 1]
        The accuracy, a value per block.
    """
    levels = len(task.levels)

    def at_every_level(whole: np.ndarray) -> np.ndarray:
        labels = (np.full(len(whole), level, dtype="int32") for level in range(levels))
        return np.concatenate([ops.convert_to_numpy(task(whole, label)) for label in labels])

    learned, truth = (np.repeat(np.arange(levels), len(x)) for x in (fit, images))
    known, asked = (_mean_features(network, at_every_level(x)) for x in (fit, images))
    found = []
    for block in range(len(ENCODER_BLOCKS)):
        weights, offset = discriminant(known[block], learned)
        answers = np.argmax(asked[block] @ weights + offset, axis=1)
        found.append(round(float(np.mean(answers == truth)), 4))
    return found


def cut_skips(
    network: keras.Model, images: np.ndarray, masks: np.ndarray
) -> dict[str, dict[str, float]]:
    """The scores of a network with each of its skip connections replaced by zeros.

    Parameters
    ----------
    network : keras.Model
    images : float (N, S, S, 3) in [0, 1]
    masks : bool (N, S, S)
        True = hole.

    Returns
    -------
    dict of str to dict
        ``ssim`` and ``psnr`` in dB, means over the composited images, for ``none`` (nothing cut)
        and for each block, ``1`` to ``5``.
    """
    model = _skips_cut(network)
    outputs = {
        "none": [inpaint_batches(network, images, masks)],
        **{str(b): [] for b in ENCODER_BLOCKS},
    }
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        found = model.predict_on_batch(_masked_out(images[part], masks[part]))
        for block, output in zip(ENCODER_BLOCKS, found, strict=True):
            outputs[str(block)].append(ops.convert_to_numpy(output))
    scores = {}
    for name, parts in outputs.items():
        whole = metrics.composite(images, np.concatenate(parts), masks)
        pairs = list(zip(images, whole, strict=True))
        ssim = [metrics.ssim_map(original, output).mean() for original, output in pairs]
        psnr = metrics.psnr(np.mean((images - whole) ** 2, axis=(1, 2, 3)))
        scores[name] = {
            "ssim": round(float(np.mean(ssim)), 5),
            "psnr": round(float(np.mean(psnr)), 4),
        }
    return scores


def ridge(samples: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A linear map by ridge regression; the penalty is chosen by generalised cross-validation.

    Features and targets are centred, features also scaled to unit variance. Golub, Heath and Wahba
    1979, doi:10.1080/00401706.1979.10489751.

    Parameters
    ----------
    samples : float (n, p)
    targets : float (n, k)

    Returns
    -------
    weights : float (p, k)
    offset : float (k,)
        Predictions are ``samples @ weights + offset``.
    """
    samples = np.asarray(samples, np.float64)
    count, mean = len(samples), samples.mean(axis=0)
    deviation = samples.std(axis=0)
    scale = np.where(deviation > 1e-8 * max(1e-30, deviation.max()), deviation, np.inf)
    x, centre = (samples - mean) / scale, targets.mean(axis=0)
    y = targets - centre
    wide = x.shape[1] > count
    values, vectors = np.linalg.eigh(x @ x.T if wide else x.T @ x)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ (y if wide else x.T @ y)
    unit = float(values.sum()) / min(x.shape) + 1e-300
    best, chosen = np.inf, PENALTIES[-1] * unit
    total = float((y**2).sum())
    for penalty in PENALTIES * unit:
        kept = values / (values + penalty)
        power = (rotated**2).sum(axis=1)
        if wide:
            residual = float((power * (1.0 - kept) ** 2).sum())
        else:
            safe = np.where(values > 0.0, values, np.inf)
            residual = total - float((power / safe * (1.0 - (1.0 - kept) ** 2)).sum())
        freedom = count - 1.0 - float(kept.sum())
        score = residual / freedom**2 if freedom > 0.5 else np.inf
        if score < best:
            best, chosen = score, penalty
    solved = vectors @ (rotated / (values + chosen)[:, None])
    weights = (x.T @ solved if wide else solved) / scale[:, None]
    return weights, centre - mean @ weights


def discriminant(samples: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear discriminant analysis of equally frequent classes, with a shrunk covariance.

    Parameters
    ----------
    samples : float (n, p)
    labels : int (n,)
        From 0.

    Returns
    -------
    weights : float (p, k)
    offset : float (k,)
        The class is where ``samples @ weights + offset`` is greatest.
    """
    samples = np.asarray(samples, np.float64)
    means = np.stack([samples[labels == label].mean(axis=0) for label in np.unique(labels)])
    within = samples - means[labels]
    covariance = within.T @ within / len(samples)
    size = np.trace(covariance) / len(covariance) + 1e-12
    shrunk = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * size * np.eye(len(covariance))
    weights = np.linalg.solve(shrunk, means.T)
    return weights, -0.5 * (means * weights.T).sum(axis=1)


def block_features(
    network: keras.Model, images: np.ndarray
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """The features of all blocks of a U-Net's encoder, a batch at a time.

    Parameters
    ----------
    network : keras.Model
    images : float (N, S, S, 3) in [0, 1]

    Yields
    ------
    start : int
        The number of the batch's first image.
    features : list of float (B, h, w, C)
        Of each block.
    """
    model = _block_outputs(network)
    for start in range(0, len(images), BATCH):
        found = model.predict_on_batch(images[start : start + BATCH])
        yield start, [ops.convert_to_numpy(block) for block in found]


def _floats(images: np.ndarray, size: int) -> np.ndarray:
    return np.divide(centre_crops(images, size), 255.0, dtype=np.float32)


def _masked_out(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    return np.where(masks[..., None], np.float32(0), images)


def _mean_features(network: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    """For each block its features' means over positions, (N, C)."""
    batches = (
        [features.mean(axis=(1, 2)) for features in blocks]
        for _, blocks in block_features(network, images)
    )
    return [np.concatenate(of_block) for of_block in zip(*batches, strict=True)]


def _linear_maps(
    samples: np.ndarray,
    positions: tuple[np.ndarray, ...],
    cell: int,
    images: np.ndarray,
    masks: np.ndarray,
) -> Iterator[tuple[str, tuple[slice, slice], np.ndarray, np.ndarray]]:
    """A regression for known pixels and one for holes, for each place within a cell."""
    for down, right in _places(cell):
        at = slice(down, None, cell), slice(right, None, cell)
        targets, holes = (x[:, at[0], at[1]][positions] for x in (images, masks))
        for name, rows in (("known", ~holes), ("hole", holes)):
            if rows.sum() > 1:
                yield name, at, *ridge(samples[rows], targets[rows])


def _windows(features: np.ndarray) -> np.ndarray:
    """The 3 x 3 window of each position: (B, h, w, C) -> (B, h, w, 9 C)."""
    _, height, width, _ = features.shape
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return np.concatenate(
        [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=-1
    )


def _places(cell: int) -> list[tuple[int, int]]:
    """Four pixels of a cell, or its single pixel."""
    if cell == 1:
        return [(0, 0)]
    edge = cell // 4, cell // 4 + cell // 2
    return [(down, right) for down in edge for right in edge]


_block_outputs = lru_cache(maxsize=2)(block_outputs)
_skips_cut = lru_cache(maxsize=2)(with_skips_cut)
