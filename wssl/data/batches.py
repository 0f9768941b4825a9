"""Which images, crops, masks and labels make up the batch of a training step.

Every draw is a pure function of seed and step, so that a run can go on from any step to the same
numbers. Nothing here touches the accelerator: what is drawn is a few integers.
"""

from functools import lru_cache

import numpy as np


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
