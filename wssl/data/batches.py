"""Draw the images, crops, masks and labels of each training step.

Every draw is a pure function of seed and step, so that a run resumed at any step gives the same
numbers. Only integers are drawn. The compiled step uses them to crop
(`wssl.methods.gather_examples`) and, if the images and masks are on the device
(`wssl.machine.devices.resident`), to look these up.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

_PRETEXT, _INPAINTING = range(2)


def pretext_batch(
    images: Any, classes: Mapping[str, int], size: int, count: int, seed: int, step: int
) -> dict[str, Any]:
    """The batch of one step of the pretext phase.

    Parameters
    ----------
    images : uint8 (N, L, L, 3)
        An array, or a tensor on the device.
    classes : mapping of str to int
        The number of levels of each task.
    size : int
        Side of the crops in pixels, at most L.
    count : int
        Images per batch.
    seed, step : int

    Returns
    -------
    dict
        ``images``, uint8 (count, L, L, 3), or a reference to stored rows, as from `take_rows`;
        ``corners``, int32 (count, 2), top and left of the square to be cut from each; and
        ``labels``, a dict of task name to int32 (count,): independent levels for each image and
        task.
    """
    rng = np.random.default_rng([seed, _PRETEXT, step])
    chosen = epoch_order(seed, images.shape[0], step * count, count)
    return {
        "images": take_rows(images, chosen),
        "corners": random_corners(images.shape[1], size, count, rng),
        "labels": {
            task: rng.integers(0, levels, size=count).astype("int32")
            for task, levels in classes.items()
        },
    }


def inpainting_batch(
    images: Any, masks: Any, size: int, count: int, seed: int, step: int
) -> dict[str, Any]:
    """The batch of one step of the inpainting phase: images and masks, paired at random.

    Parameters
    ----------
    images : uint8 (N, L, L, 3)
    masks : bool (M, size, size)
        True = hole. Both are arrays, or tensors on the device.
    size, count, seed, step : int
        As in `pretext_batch`.

    Returns
    -------
    dict
        ``images`` and ``corners`` as from `pretext_batch`, and ``masks``, bool (count, size, size),
        or a reference to stored rows.
    """
    rng = np.random.default_rng([seed, _INPAINTING, step])
    chosen = epoch_order(seed, images.shape[0], step * count, count)
    return {
        "images": take_rows(images, chosen),
        "corners": random_corners(images.shape[1], size, count, rng),
        "masks": take_rows(masks, rng.integers(0, masks.shape[0], size=count)),
    }


def take_rows(values: Any, rows: np.ndarray) -> Any:
    """Rows of an array; for data on the device, only their indices.

    Parameters
    ----------
    values : numpy.ndarray or tensor, (N, ...)
    rows : int (B,)

    Returns
    -------
    (B, ...)
        Or ``{"stored": values, "rows": int32 (B,)}``, for the compiled step to gather there.
    """
    if isinstance(values, np.ndarray):
        return values[rows]
    return {"stored": values, "rows": rows.astype("int32")}


def epoch_order(seed: int, total: int, start: int, count: int) -> np.ndarray:
    """The items at positions `start` to ``start + count`` of an endless shuffled series.

    Each epoch of `total` positions is a new permutation of the items.

    Parameters
    ----------
    seed, total : int
    start, count : int
        Of the positions.

    Returns
    -------
    int (count,) in 0 .. total - 1
    """
    positions = np.arange(start, start + count)
    epochs, places = positions // total, positions % total
    return np.array(
        [_permutation(seed, int(e), total)[p] for e, p in zip(epochs, places, strict=True)]
    )


def random_corners(side: int, size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the corners of square crops of `size` pixels in `count` images of that `side`.

    Parameters
    ----------
    side, size : int
        In pixels; `size` at most `side`.
    count : int
    rng : numpy.random.Generator

    Returns
    -------
    int32 (count, 2)
        Top and left, in pixels.
    """
    return rng.integers(0, side - size + 1, size=(count, 2)).astype("int32")


def random_crops(images: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A square crop at a random position in each image.

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
    corners = random_corners(images.shape[1], size, len(images), rng)
    return np.stack(
        [
            image[top : top + size, left : left + size]
            for image, (top, left) in zip(images, corners, strict=True)
        ]
    )


def centre_crops(images: np.ndarray, size: int) -> np.ndarray:
    """The middle of each image: uint8 (N, L, L, 3) -> uint8 (N, size, size, 3).

    Parameters
    ----------
    images : uint8 (N, L, L, 3)
    size : int
        Side of the crops in pixels, at most L.
    """
    corner = (images.shape[1] - size) // 2
    return images[:, corner : corner + size, corner : corner + size]


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, total: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(total)
