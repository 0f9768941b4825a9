"""Which images, crops, masks and labels make up the batch of a training step.

Every draw is a pure function of seed and step, so that a run can go on from any step to the same
numbers. Nothing here touches the accelerator: what is drawn is a few integers.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

_PRETEXT, _INPAINTING = range(2)


def pretext_batch(
    images: np.ndarray, classes: Mapping[str, int], size: int, count: int, seed: int, step: int
) -> dict[str, Any]:
    """The batch of one step of the pretext phase.

    Parameters
    ----------
    images : uint8 (N, L, L, 3)
    classes : mapping of str to int
        The number of levels of each task.
    size : int
        Side of the crops in pixels, at most L.
    count : int
        Images a batch.
    seed, step : int

    Returns
    -------
    dict
        ``images``, uint8 (count, size, size, 3), and ``labels``, a dict of task name to int32
        (count,): independent levels for each image and task.
    """
    rng = np.random.default_rng([seed, _PRETEXT, step])
    chosen = order(seed, len(images), step * count, count)
    return {
        "images": random_crops(images[chosen], size, rng),
        "labels": {
            task: rng.integers(0, levels, size=count).astype("int32")
            for task, levels in classes.items()
        },
    }


def inpainting_batch(
    images: np.ndarray, masks: np.ndarray, size: int, count: int, seed: int, step: int
) -> dict[str, Any]:
    """The batch of one step of the inpainting phase: images and masks, paired at random.

    Parameters
    ----------
    images : uint8 (N, L, L, 3)
    masks : bool (M, size, size)
        True = hole.
    size, count, seed, step : int
        As in `pretext_batch`.

    Returns
    -------
    dict
        ``images``, uint8 (count, size, size, 3), and ``masks``, bool (count, size, size).
    """
    rng = np.random.default_rng([seed, _INPAINTING, step])
    chosen = order(seed, len(images), step * count, count)
    return {
        "images": random_crops(images[chosen], size, rng),
        "masks": masks[rng.integers(0, len(masks), size=count)],
    }


def order(seed: int, total: int, start: int, count: int) -> np.ndarray:
    """Which of `total` items come at positions `start` to ``start + count`` of an endless series.

    Each epoch of `total` positions is a permutation of its own.

    Returns
    -------
    int (count,) in 0 .. total - 1
    """
    positions = np.arange(start, start + count)
    epochs, places = positions // total, positions % total
    return np.array(
        [_permutation(seed, int(e), total)[p] for e, p in zip(epochs, places, strict=True)]
    )


def random_crops(images: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A square crop at a random place of each image.

    Parameters
    ----------
    images : uint8 (B, L, L, 3)
    size : int
        Side of the crops in pixels, at most L.
    rng : numpy.random.Generator

    Returns
    -------
    uint8 (B, size, size, 3)
    """
    room = images.shape[1] - size + 1
    corners = rng.integers(0, room, size=(len(images), 2))
    return np.stack(
        [
            image[top : top + size, left : left + size]
            for image, (top, left) in zip(images, corners, strict=True)
        ]
    )


def centre_crops(images: np.ndarray, size: int) -> np.ndarray:
    """The middle of each image: uint8 (N, L, L, 3) -> uint8 (N, size, size, 3)."""
    corner = (images.shape[1] - size) // 2
    return images[:, corner : corner + size, corner : corner + size]


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, total: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(total)
