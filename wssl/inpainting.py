"""Fill the holes of photographs of any size, one or a folder of them."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from wssl.data import read_image, read_mask
from wssl.data.folder import image_files
from wssl.metrics import composite
from wssl.store import atomic

if TYPE_CHECKING:
    import keras

    from wssl.runs import Result

CONTEXT = 1.5
"""Least side of what a network is shown, as a multiple of the longer side of the hole's box."""

STROKE = 0.05
"""Greatest width of the hole as a share of that side: masks of the recipe "dense" have strokes so
wide. Seen from nearer, a wide hole is one that networks trained on these have not learned to fill.
"""


def inpaint(image: np.ndarray, mask: np.ndarray, model: "keras.Model | Result") -> np.ndarray:
    """Fill the hole of an image of any size; the known pixels stay as they are, bit for bit.

    A network sees the part of the image around the hole that `window` gives, the whole image if
    the hole is large or wide. That part is resized to the square that the network was trained on,
    filled there, and the fill is resized back into the hole, so a large hole gets a coarse fill.
    Holes far apart are better filled one call each. A method that learns nothing fills the image
    as it is.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    mask : bool (H, W)
        True = hole.
    model : keras.Model or Result
        What `wssl.run` returned or `wssl.load_model` read, or any model from masked to whole
        images, float (B, S, S, 3) in [0, 1].

    Returns
    -------
    uint8 (H, W, 3)

    Raises
    ------
    ValueError
        If shapes or types are not as above.
    """
    from wssl.runs import Result
    from wssl.scores import inpaint_batches

    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(
            f"image: expected uint8 (H, W, 3); received {image.dtype} {image.shape}. "
            "wssl.data.read_image reads any picture file as that."
        )
    if mask.dtype != bool or mask.shape != image.shape[:2]:
        raise ValueError(
            f"mask: expected bool {image.shape[:2]}, as the image, True = hole; received "
            f"{mask.dtype} {mask.shape}. wssl.data.read_mask reads a mask file as booleans."
        )
    if not mask.any():
        return image.copy()
    network = _loaded(model)
    if isinstance(network, Result):
        fill = network.restore(image[None].astype(np.float32) / 255.0, mask[None])[0]
        return composite(image, np.rint(fill * 255.0).astype(np.uint8), mask)
    size = network.inputs[0].shape[1]
    part = window(mask, size)
    # A box filter, so that a small pixel is known exactly if all that it covers is known.
    box = Image.Resampling.BOX
    small = np.asarray(Image.fromarray(image[part]).resize((size, size), box))
    hole = np.asarray(Image.fromarray(mask[part] * np.float32(1)).resize((size, size), box)) > 0
    restored = inpaint_batches(network, small[None].astype(np.float32) / 255.0, hole[None])[0]
    answer = Image.fromarray(np.rint(restored * 255.0).astype(np.uint8))
    height, width = mask[part].shape
    resized = np.asarray(answer.resize((width, height), Image.Resampling.BICUBIC))
    filled = image.copy()
    filled[part] = composite(image[part], resized, mask[part])
    return filled


def window(mask: np.ndarray, size: int) -> tuple[slice, slice]:
    """The part of an image that a network is shown to fill its hole.

    A square with the hole in its middle: `CONTEXT` times as long as the hole, so large that the
    hole's widest part is at most the share `STROKE` of it, and not smaller than the network's own
    images; cut to the image.

    Parameters
    ----------
    mask : bool (H, W)
        True = hole; there is one.
    size : int
        Side of the network's images in pixels.

    Returns
    -------
    (slice, slice)
        Rows and columns; equally many, but where the image has fewer.
    """
    (top, bottom), (left, right) = (
        np.flatnonzero(mask.any(axis=axis))[[0, -1]] + [0, 1] for axis in (1, 0)
    )
    length = max(bottom - top, right - left)
    hole = np.pad(mask[top:bottom, left:right], 1).astype(np.uint8)
    wide = 2 * cv2.distanceTransform(hole, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max() - 1
    side = round(max(size, CONTEXT * length, wide / STROKE))
    height, width = mask.shape
    return _around(top, bottom, side, height), _around(left, right, side, width)


def inpaint_folder(
    images: str | Path, masks: str | Path, output: str | Path, model: "keras.Model | Result"
) -> dict[str, str]:
    """Fill the hole of every picture in a folder, as `inpaint` does, into PNG files.

    A picture that cannot be filled is skipped, with a line on stderr. Each file is written whole or
    not at all, and takes the place of one that was there.

    Parameters
    ----------
    images : path
        A folder; the pictures in it, but not in folders below it.
    masks : path
        A folder with a mask for each picture, of the same name but for the ending, or one mask
        file for all. White = hole.
    output : path
        A folder, made if it is not there; ``photo.jpg`` becomes ``photo.png``.
    model : keras.Model or Result
        As of `inpaint`; loaded once.

    Returns
    -------
    dict of str to str
        The name of each picture that was skipped, and why.

    Raises
    ------
    ValueError
        If there are no pictures, the one mask cannot be read, or `output` is one of the folders
        read.
    """
    images, masks, output = Path(images), Path(masks), Path(output)
    check_apart(images, masks, output)
    found = pictures(images)
    named = Counter(picture.stem for picture in found)
    mask_of = _masks(masks)
    network = _loaded(model)
    skipped = {}
    for picture in tqdm(found, desc="inpaint", unit=" pictures", disable=None):
        try:
            if named[picture.stem] > 1:
                raise ValueError(
                    f"{picture}: {named[picture.stem]} pictures have the name {picture.stem!r} "
                    "but for the ending, and would be written to one file."
                )
            image, mask = check_pair(read_image(picture), mask_of(picture), str(picture))
            write(inpaint(image, mask, network), output / f"{picture.stem}.png")
        except (ValueError, OSError) as error:
            skipped[picture.name] = str(error)
            tqdm.write(f"skipped: {error}", file=sys.stderr)
    return skipped


def pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, but not in folders below it; a ValueError if there are none.

    Parameters
    ----------
    folder : Path
    """
    found = sorted(path for path in image_files(folder) if path.parent == folder)
    if not found:
        raise ValueError(f"{folder} holds no pictures; those in folders below it do not count.")
    return found


def check_pair(image: np.ndarray, mask: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The picture and its mask, if they are of one size; else a ValueError with the `name`.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    mask : bool (H, W)
    name : str
        Of the picture, for the message.
    """
    if mask.shape != image.shape[:2]:
        raise ValueError(
            f"{name}: expected a mask of the size of the image, {image.shape[1]} x "
            f"{image.shape[0]}; received {mask.shape[1]} x {mask.shape[0]}. Resize it without "
            "smoothing (nearest neighbour)."
        )
    return image, mask


def check_apart(image: Path, mask: Path, output: Path) -> None:
    """Raise a ValueError if what is written would take the place of what is read.

    Parameters
    ----------
    image, mask, output : Path
    """
    for read in (image, mask):
        if output.resolve() == read.resolve():
            raise ValueError(f"output: expected another place than {read}, which is read.")


def write(image: np.ndarray, path: Path) -> None:
    """Write a picture, whole or not at all, in the format that the ending names.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    path : Path
    """
    with atomic(path) as temporary:
        Image.fromarray(image).save(temporary)


def _loaded(model: "keras.Model | Result") -> "keras.Model | Result":
    """The network of a result; the result itself if its method has none."""
    from wssl.models import FILLS
    from wssl.runs import Result

    learned = isinstance(model, Result) and model.experiment.method not in FILLS
    return model.model() if learned else model


def _around(start: int, stop: int, side: int, length: int) -> slice:
    """So many of `length` pixels, or all, with those from `start` to `stop` in the middle."""
    side = min(side, length)
    first = min(max((start + stop - side) // 2, 0), length - side)
    return slice(int(first), int(first) + side)


def _masks(masks: Path) -> Callable[[Path], np.ndarray]:
    """The function that gives the mask of a picture."""
    if not masks.is_dir():
        mask = read_mask(masks)
        return lambda picture: mask
    paths = pictures(masks)

    def read(picture: Path) -> np.ndarray:
        found = [path for path in paths if path.stem == picture.stem]
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            raise ValueError(
                f"{picture}: expected one mask of the name {picture.stem!r} in {masks}; found "
                f"{names}."
            )
        return read_mask(found[0])

    return read
