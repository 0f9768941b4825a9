"""Pretext tasks: transforms of an image at one of several levels, which a network classifies.

Every task transforms a whole batch at once, each image at its own level, inside the compiled
training step. Source: Gupta et al., WSSL, section 3.2.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wssl.checks.arrays import check_images, described
from wssl.checks.names import Registry, called, lookup
from wssl.machine.backend import as_float32, ops

Tensor = Any

_HALF_GREY_LEVEL = 0.5 / 255


@dataclass(frozen=True)
class Task:
    """A pretext task, called as ``task(images, labels)``.

    Attributes
    ----------
    name : str
    transform : callable
        ``(images, levels) -> images`` with images float (B, H, W, 3) in [0, 1] and levels float
        (B,), the value of each image's level.
    levels : tuple of float
        The values of the labels 0, 1, 2, ..., at least two; their number is the number of classes.
    unit : str
        Written after a level in tables and figures.
    version : int or str, optional
        Changed whenever `transform` changes. Without one, a transform from outside the package is
        identified by its source. The levels need none: they enter a fingerprint as they are.

    Examples
    --------
    >>> halves = Task("brightness", lambda images, factors: images * factors[:, None, None, None],
    ...               levels=(0.5, 1.0))
    >>> images = np.full((2, 4, 4, 3), 0.8, "float32")
    >>> [f"{float(image[0, 0, 0]):.1f}" for image in halves(images, np.array([0, 1]))]
    ['0.4', '0.8']
    """

    name: str
    transform: Callable[[Tensor, Tensor], Tensor]
    levels: tuple[float, ...]
    unit: str = ""
    version: int | str | None = None

    def __post_init__(self) -> None:
        if len(self.levels) < 2:
            raise ValueError(
                "levels: expected at least two, for a classifier to distinguish; received "
                f"{self.levels!r}. Add a level."
            )
        wrong = [level for level in self.levels if not _is_number(level)]
        if wrong:
            raise ValueError(
                f"levels: expected finite numbers; received {wrong[0]!r}. Number the levels, such "
                "as (0, 1, 2), and look up what each stands for in the transform."
            )

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        """Transform each image at the level given by its label.

        Parameters
        ----------
        images : float (B, H, W, 3) in [0, 1]
        labels : int (B,) in 0 .. len(levels) - 1

        Returns
        -------
        float (B, H, W, 3) in [0, 1]

        Raises
        ------
        ValueError
            If the type or shape of the images or labels is wrong, or a label has no level.
        """
        shape = check_images("images", images, channels=3)
        self._check_labels(labels, shape[0] if shape else None)
        images = ops.convert_to_tensor(as_float32(images))
        levels = ops.take(ops.convert_to_tensor(self.levels, dtype="float32"), labels)
        return self.transform(images, levels)

    def _check_labels(self, labels: Tensor, count: int | None) -> None:
        kind, shape = described(labels)
        if not kind.startswith(("int", "uint")) or (shape is not None and len(shape) != 1):
            raise ValueError(
                "labels: expected integers (B,), the index of a level for each image; received "
                f"{kind} of shape {shape}."
            )
        length = shape[0] if shape else None
        if None not in (count, length) and count != length:
            raise ValueError(
                f"labels: expected a level for each of {count} images; received {length}."
            )
        if isinstance(labels, (np.ndarray, list, tuple)) and length:
            least, greatest = np.min(labels), np.max(labels)
            if least < 0 or greatest >= len(self.levels):
                raise ValueError(
                    f"labels: expected levels 0 to {len(self.levels) - 1}; received {least} to "
                    f"{greatest}."
                )

    @property
    def level_names(self) -> tuple[str, ...]:
        """The levels as text, such as ``("0°", "90°", "180°", "270°")``."""
        return tuple(f"{level:g}{self.unit}" for level in self.levels)


def _is_number(value: Any) -> bool:
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return real and math.isfinite(value)


def check_transformed(name: str, size: int) -> None:
    """Check what a task makes of an image at each of its levels, before it is trained on.

    Parameters
    ----------
    name : str
        In `TASKS`.
    size : int
        Side of the images in pixels.

    Raises
    ------
    ValueError
        If it returns anything but float images of the same shape in [0, 1].
    """
    task = lookup("pretext task", name, TASKS)
    count = len(task.levels)
    images = np.random.default_rng(0).random((count, size, size, 3), dtype=np.float32)
    found = task(images, np.arange(count, dtype=np.int32))
    kind, shape = described(found)
    received, way_out = f"{kind} of shape {shape}", "Return images of the shape of those given."
    if shape == images.shape and kind.startswith(("float", "bfloat")):
        values = ops.convert_to_numpy(ops.cast(found, "float32"))
        least, greatest = values.min(), values.max()
        if least >= -_HALF_GREY_LEVEL and greatest <= 1 + _HALF_GREY_LEVEL:
            return
        received = f"values from {least:.3g} to {greatest:.3g}"
        way_out = "Scale them, or end with keras.ops.clip(images, 0.0, 1.0)."
    elif found is None:
        received, way_out = "None", "Return the changed images."
    raise ValueError(
        f"pretext task {name!r}: expected float images {images.shape} in [0, 1] from "
        f"{called(task.transform)}; received {received}. {way_out}"
    )


def rotate(images: Tensor, degrees: Tensor) -> Tensor:
    """Rotate square images counter-clockwise by multiples of 90 degrees, without interpolation.

    Parameters
    ----------
    images : float (B, S, S, 3)
    degrees : float (B,), each one of 0, 90, 180, 270

    Returns
    -------
    float32 (B, S, S, 3)

    Raises
    ------
    ValueError
        If the images are not square, or not float (B, S, S, 3).

    Examples
    --------
    >>> image = np.zeros((1, 2, 2, 3), "float32")
    >>> image[0, 0, 0] = 1.0
    >>> np.asarray(rotate(image, np.array([90.0])))[0, ..., 0].tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    _, height, width, _ = check_images("images", images, channels=3) or (None,) * 4
    if None not in (height, width) and height != width:
        raise ValueError(
            "images: expected square images, whose shape rotation by 90° preserves; received "
            f"{height} x {width}. Crop them to squares first, as `wssl.data.images` does."
        )
    images, degrees = as_float32(images), as_float32(degrees)
    count = ops.shape(images)[0]
    turned = ops.concatenate([ops.rot90(images, turns, axes=(1, 2)) for turns in range(4)])
    turns = ops.cast(degrees / 90.0, "int32")
    return ops.take(turned, turns * count + ops.arange(count, dtype="int32"), axis=0)


def saturate(images: Tensor, factors: Tensor) -> Tensor:
    """Blend images with their grey version, as Pillow's ``ImageEnhance.Color`` does.

    Parameters
    ----------
    images : float (B, H, W, 3) in [0, 1]
    factors : float (B,)
        0 gives the grey image (ITU-R 601 luma), 1 the image itself.

    Returns
    -------
    float (B, H, W, 3) in [0, 1]

    Examples
    --------
    >>> red = np.zeros((1, 1, 1, 3), "float32")
    >>> red[..., 0] = 1.0
    >>> [f"{value:.3f}" for value in np.asarray(saturate(red, np.array([0.0])))[0, 0, 0].tolist()]
    ['0.299', '0.299', '0.299']
    """
    check_images("images", images, channels=3)
    images, factors = as_float32(images), as_float32(factors)
    luma = ops.convert_to_tensor([0.299, 0.587, 0.114], dtype="float32")
    grey = ops.sum(images * luma, axis=-1, keepdims=True)
    return ops.clip(grey + factors[:, None, None, None] * (images - grey), 0.0, 1.0)


def sharpen(images: Tensor, factors: Tensor) -> Tensor:
    """Blend images with their smoothed version, as Pillow's ``ImageEnhance.Sharpness`` does.

    The smoothing kernel is 3 x 3 with weights 5/13 in the middle and 1/13 around it. As in Pillow,
    the outermost pixels are unchanged; padding with zeros would add a dark frame that reveals the
    label.

    Parameters
    ----------
    images : float (B, H, W, 3) in [0, 1]
        H and W at least 3.
    factors : float (B,)
        0 gives the smoothed image, 1 the image itself.

    Returns
    -------
    float (B, H, W, 3) in [0, 1]

    Examples
    --------
    >>> image = np.zeros((1, 3, 3, 3), "float32")
    >>> image[0, 1, 1] = 1.0
    >>> print(f"{float(sharpen(image, np.array([0.0]))[0, 1, 1, 0]):.4f}")
    0.3846
    """
    check_images("images", images, channels=3, least=3, reason="the smoothing kernel")
    images, factors = as_float32(images), as_float32(factors)
    rows = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    box = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    inner = images[:, 1:-1, 1:-1]
    change = ops.pad((box - 9.0 * inner) / 13.0, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return ops.clip(images + (1.0 - factors[:, None, None, None]) * change, 0.0, 1.0)


TASKS: Registry[Task] = Registry(
    {
        task.name: task
        for task in (
            Task("rotation", rotate, (0.0, 90.0, 180.0, 270.0), "°"),
            Task("saturation", saturate, (0.0, 0.25, 0.75, 1.0)),
            Task("sharpness", sharpen, (0.0, 0.25, 0.75, 1.0)),
        )
    }
)
"""Every pretext task by name. To add one, add an entry."""


def warn_if_alike(images: np.ndarray, names: Iterable[str], what: str) -> None:
    """Warn about each task whose levels look alike on most images, so that it cannot be learned.

    An example is saturation on grey images.

    Parameters
    ----------
    images : uint8 (N, S, S, 3)
        Up to 64 of them are examined.
    names : iterable of str
        Of the tasks.
    what : str
        A description of the images, for the message.
    """
    some = images[np.linspace(0, len(images) - 1, min(len(images), 64)).astype(int)]
    floats = np.divide(some, 255.0, dtype=np.float32)
    for name in names:
        task = lookup("pretext task", name, TASKS)
        shown = [
            ops.convert_to_numpy(task(floats, np.full(len(floats), label, np.int32)))
            for label in range(len(task.levels))
        ]
        change = np.max([np.abs(level - shown[0]).max(axis=(1, 2, 3)) for level in shown], axis=0)
        if (alike := np.mean(change < 0.5 / 255)) > 0.5:
            warnings.warn(
                f"pretext task {name!r}: its {len(shown)} levels look alike on {alike:.0%} of "
                f"{len(some)} images of {what}, so that it cannot be learned "
                f"there{', for they are grey' if name == 'saturation' else ''}. Remove it, or "
                "train on other images.",
                stacklevel=2,
            )


def transform(images: Tensor, labels: Mapping[str, Tensor]) -> Tensor:
    """Apply several pretext tasks in turn to the same images.

    Parameters
    ----------
    images : float (B, S, S, 3) in [0, 1]
    labels : mapping of task name to int (B,)
        Independent labels of each task; the tasks apply in the mapping's order.

    Returns
    -------
    float (B, S, S, 3) in [0, 1]

    Raises
    ------
    ValueError
        If a task is not registered, or does not accept these images or labels.

    Examples
    --------
    >>> images = np.full((2, 8, 8, 3), 0.5, "float32")
    >>> transform(images, {"rotation": np.array([0, 3]), "saturation": np.array([1, 2])}).shape[0]
    2
    """
    for name, levels in labels.items():
        images = lookup("pretext task", name, TASKS)(images, levels)
    return images
