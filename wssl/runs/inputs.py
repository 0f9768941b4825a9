"""The images and masks of an experiment, read once for the experiments that share them."""

import warnings
from functools import lru_cache
from hashlib import sha256

import numpy as np

from wssl import data
from wssl.data.batches import centre_crops
from wssl.experiment import Experiment, Pretraining
from wssl.presets import Preset

TEST_MASK_SEED = 0
"""The test masks are one fixed list, independent of the experiment's seed."""

HELD_OUT = 10
"""One in this many labelled training images is held out to test a classifier."""


def evaluation_data(experiment: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """The images and masks that an experiment is evaluated on, the same for every seed.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    images : float (N, S, S, 3) in [0, 1]
        The central crop of each image of the experiment's split.
    masks : bool (N, S, S)
        True = hole; mask i belongs to image i.
    """
    scale = experiment.scale
    loaded = images(experiment.dataset, experiment.split, scale)
    floats = np.divide(centre_crops(loaded, scale.size), 255.0, dtype=np.float32)
    return floats, masks(experiment, len(floats), TEST_MASK_SEED, "test")


def training_data(experiment: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """The images and masks that an experiment is trained on.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    images : uint8 (N, L, L, 3)
        To be cropped; L is `Preset.load_size`.
    masks : bool (M, S, S)
        True = hole.
    """
    scale = experiment.scale
    return (
        images(experiment.dataset, "train", scale),
        masks(experiment, scale.train_masks, experiment.seed, "train"),
    )


def images(dataset: str, split: str, scale: Preset) -> np.ndarray:
    """The images of one split before they are cropped.

    Parameters
    ----------
    dataset, split : str
    scale : Preset

    Returns
    -------
    uint8 (N, L, L, 3)
        L is `Preset.load_size`.
    """
    count = scale.train_images if split == "train" else scale.test_images
    return _images(dataset, split, scale.load_size, count, data.fingerprint(dataset))


def warn_if_shared(experiment: Experiment) -> None:
    """Warn if the images that an experiment is evaluated on are among those it is trained on.

    Up to 1,000 images of each split are compared.

    Parameters
    ----------
    experiment : Experiment
    """

    def digests(split: str) -> set[bytes]:
        some = images(experiment.dataset, split, experiment.scale)[:1000]
        return {sha256(image.tobytes()).digest() for image in some}

    if shared := digests("train") & digests(experiment.split):
        warnings.warn(
            f"dataset: expected no image in two splits; received {len(shared)} in both train and "
            f"{experiment.split} of {experiment.dataset!r}, so that the scores are too good. "
            "Return other images for each split.",
            stacklevel=2,
        )


def masks(experiment: Experiment | Pretraining, count: int, seed: int, split: str) -> np.ndarray:
    """Masks of an experiment's source, recipe and coverage.

    Parameters
    ----------
    experiment : Experiment or Pretraining
        A pretext phase whose images have holes.
    count, seed : int
    split : {"train", "test"}
        Whose strokes they are drawn from.

    Returns
    -------
    bool (count, S, S)
        True = hole.
    """
    source, recipe, coverage = experiment.masks, experiment.recipe, experiment.coverage
    if source is None or recipe is None or coverage is None:
        raise ValueError(
            "experiment: expected one with masks; received a pretext phase on whole images. Use "
            "objective='masked' for a pretext phase with masks."
        )
    content = data.mask_fingerprint(source, recipe)
    return _masks(source, count, experiment.scale.size, seed, coverage, split, recipe, content)


def labelled(pretraining: Pretraining) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The training images of a pretext phase with their kinds, and those of them held out.

    Every `HELD_OUT`-th image is held out.

    Parameters
    ----------
    pretraining : Pretraining

    Returns
    -------
    images : uint8 (N, L, L, 3)
    kinds : int32 (N,)
        As from `wssl.data.kinds`.
    held_out_images, held_out_kinds
        The same of those held out.

    Raises
    ------
    ValueError
        If the images have no labels, or some images are unreadable, so that the labels do not
        match.
    """
    scale = pretraining.scale
    found = images(pretraining.dataset, "train", scale)
    kinds = data.kinds(pretraining.dataset, "train", scale.train_images)
    if len(kinds) != len(found):
        raise ValueError(
            f"dataset: expected a label for each image; received {len(kinds)} labels for "
            f"{len(found)} images of {pretraining.dataset!r}, since some are unreadable. Remove or "
            "repair them."
        )
    kept = np.arange(len(found)) % HELD_OUT != 0
    return found[kept], kinds[kept], found[~kept], kinds[~kept]


@lru_cache(maxsize=4)
def _images(dataset: str, split: str, size: int, count: int | None, content: str) -> np.ndarray:
    return data.images(dataset, split, size, count)


@lru_cache(maxsize=8)
def _masks(
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
