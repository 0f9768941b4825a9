"""Fill the holes of photographs of any size, singly or by folder."""

import sys
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, PngImagePlugin
from scipy import ndimage
from tqdm import tqdm

from wssl.data.decode import Photo, dim, find_hole, read_photo
from wssl.data.folder import find_files, passed_over
from wssl.metrics import composite
from wssl.records.store import atomic

if TYPE_CHECKING:
    import keras

    from wssl.runs.execution import Result

CONTEXT = 1.5
"""Minimum side of a network's input window, as a multiple of the longer side of the hole's box."""

STROKE = 0.05
"""Maximum width of the hole as a share of that side, the stroke width of the recipe "dense".

In a smaller window, the hole would be wider than those in training.
"""

GREATEST = 0.5
"""Maximum coverage of the masks on which the study's networks are trained."""

CARRIES_PROFILE = (".png", ".tif", ".tiff")
"""Formats that support colour profiles."""


def inpaint(image: np.ndarray, mask: np.ndarray, model: "keras.Model | Result") -> np.ndarray:
    """Fill the hole of an image of any size; the known pixels are unchanged, bit for bit.

    A network sees the `window` around the hole, which is the whole image if the hole is large or
    wide; parts of the hole that lie `apart` are filled separately. The window is resized to the
    network's own size, and the fill is resized back, so the fill of a large hole is coarse. A
    baseline that is not learned fills the image at its original size. If all known pixels are grey,
    so is the fill.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    mask : bool (H, W)
        True = hole.
    model : keras.Model or Result
        A result of `wssl.run`, a model from `wssl.load_model`, or any model that maps masked images
        to whole images, float (B, S, S, 3) in [0, 1].

    Returns
    -------
    uint8 (H, W, 3)

    Raises
    ------
    ValueError
        If a shape or type is wrong.

    Warns
    -----
    UserWarning
        If there is no hole, or its coverage exceeds that of the training masks.

    Examples
    --------
    With a baseline that is not learned, in place of a trained network:

    >>> from wssl import Experiment, run
    >>> image = np.full((40, 60, 3), 128, np.uint8)
    >>> mask = np.zeros((40, 60), bool)
    >>> mask[10:20, 30:40] = True
    >>> filled = inpaint(image, mask, run(Experiment(method="harmonic", preset="smoke")))
    >>> filled.shape, int(filled[15, 35, 0])
    ((40, 60, 3), 128)
    """
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
        warnings.warn(
            "mask: expected at least one hole pixel; received none. The image is returned "
            "unchanged.",
            stacklevel=2,
        )
        return image.copy()
    _warn_if_large(mask, "mask")
    return _fill(image, mask, _loaded(model))


def _fill(
    image: np.ndarray, mask: np.ndarray, network: "keras.Model | Result", grey: bool = False
) -> np.ndarray:
    """`inpaint` without checks; `grey` makes the fill grey."""
    from wssl.runs.execution import Result

    if isinstance(network, Result):
        answer = network.inpaint(image[None].astype(np.float32) / 255.0, mask[None])[0]
        content = np.rint(answer * 255.0).astype(np.uint8)
    else:
        content = _answer(image, mask, network)
    alike = (image[..., 0] == image[..., 1]) & (image[..., 1] == image[..., 2]) & ~mask
    if grey or (alike.sum() == (~mask).sum() > 0):
        content = np.asarray(Image.fromarray(content).convert("L").convert("RGB"))
    return composite(image, content, mask)


def _answer(image: np.ndarray, mask: np.ndarray, network: "keras.Model") -> np.ndarray:
    """The image with a network's fill in the hole."""
    from wssl.runs.scores import inpaint_batches

    size = network.inputs[0].shape[1]
    parts = apart(mask, size)
    # With a box filter, a small pixel is known if and only if all pixels that it covers are known.
    box = Image.Resampling.BOX
    small, hole = (
        np.stack([np.asarray(Image.fromarray(v[p]).resize((size, size), box)) for p, _ in parts])
        for v in (image, mask * np.float32(1))
    )
    restored = inpaint_batches(network, small.astype(np.float32) / 255.0, hole > 0)
    filled = image.copy()
    for (part, own), content in zip(parts, restored, strict=True):
        answer = Image.fromarray(np.rint(content * 255.0).astype(np.uint8))
        resized = answer.resize(own.shape[::-1], Image.Resampling.BICUBIC)
        filled[part] = composite(filled[part], np.asarray(resized), own)
    return filled


def apart(mask: np.ndarray, size: int) -> list[tuple[tuple[slice, slice], np.ndarray]]:
    """Divide a hole into parts that are filled separately, each with its own window.

    A part consists of the connected components whose centres lie in the same cell of a grid with
    cells of the network's size, which limits the number of parts.

    Parameters
    ----------
    mask : bool (H, W)
        True = hole; there is one.
    size : int
        Side of the network's images in pixels.

    Returns
    -------
    list of ((slice, slice), bool (h, w))
        The `window` of the part, which may contain holes of other parts, and the part within it.
        Each pixel of the hole is in exactly one part.
    """
    labels = cv2.connectedComponents(mask.astype(np.uint8))[1]
    boxes = ndimage.find_objects(labels)
    squares = [[(side.start + side.stop) // 2 // size for side in box] for box in boxes]
    groups = np.unique(squares, axis=0, return_inverse=True)[1].ravel()
    labels = np.concatenate([[0], groups + 1])[labels]
    parts = []
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        part = _window(labels[box] == label, box, mask.shape, size)
        parts.append((part, labels[part] == label))
    return parts


def window(mask: np.ndarray, size: int) -> tuple[slice, slice]:
    """The window of an image that a network sees to fill its hole.

    A square centred on the hole, with a side of at least `CONTEXT` times the hole's length, such
    that the width of the hole is at most the share `STROKE` of it, and not smaller than the
    network's own size; cropped to the image.

    Parameters
    ----------
    mask : bool (H, W)
        True = hole; there is one.
    size : int
        Side of the network's images in pixels.

    Returns
    -------
    (slice, slice)
        Rows and columns, equal in number unless the image has fewer.
    """
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    return _window(mask[box], box, mask.shape, size)


def _window(
    hole: np.ndarray, box: tuple[slice, ...], shape: tuple[int, ...], size: int
) -> tuple[slice, slice]:
    """`window` for a hole with a known bounding box."""
    rows, columns = box
    wide = cv2.distanceTransform(
        np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    ).max()
    side = round(max(size, CONTEXT * max(hole.shape), (2 * wide - 1) / STROKE))
    return (
        _around(rows.start, rows.stop, side, shape[0]),
        _around(columns.start, columns.stop, side, shape[1]),
    )


def inpaint_folder(
    images: str | Path,
    masks: str | Path,
    output: str | Path,
    model: "keras.Model | Result",
    threshold: int | None = None,
) -> dict[str, str]:
    """Fill the hole of every picture in a folder, as `inpaint` does, into PNG files.

    A picture that cannot be filled is skipped, with a message on stderr. Each file is written
    atomically and replaces an existing one.

    Parameters
    ----------
    images : path
        A folder of pictures; subfolders are ignored.
    masks : path
        A folder with a mask for each picture, of the same name apart from the extension, or one
        mask file for all pictures. White = hole.
    output : path
        A folder, created if necessary; ``photo.jpg`` becomes ``photo.png``.
    model : keras.Model or Result
        As for `inpaint`; loaded once.
    threshold : int, optional
        As for `wssl.data.read_mask`.

    Returns
    -------
    dict of str to str
        The name of each skipped picture, with the reason.

    Raises
    ------
    ValueError
        If there are no pictures, the one mask cannot be read, or `output` is one of the folders
        read.

    Warns
    -----
    UserWarning
        If files that are not pictures were ignored, and as for `read_pair`.
    """
    images, masks, output = Path(images), Path(masks), Path(output)
    check_apart(images, masks, output)
    found = pictures(images)
    named = Counter(map(_name, found))
    mask_of = _masks(masks, threshold)
    network = _loaded(model)
    for folder in (images, masks) if masks.is_dir() else (images,):
        if others := find_files(folder, deep=False).others:
            warnings.warn(
                passed_over(folder, others, "not having the extension of a picture"), stacklevel=2
            )
    skipped = {}
    for picture in tqdm(found, desc="inpaint", unit=" pictures", disable=None):
        target = output / f"{picture.stem}.png"
        try:
            if named[_name(picture)] > 1:
                raise ValueError(
                    f"{picture}: expected a name of its own; {named[_name(picture)]} pictures are "
                    f"named {picture.stem!r}, apart from the extension, and would be written to "
                    "the same file. Rename them."
                )
            check_apart(picture, masks, target)
            photo, hole = read_pair(picture, mask_of)
            write(fill(photo, hole, network), target, photo)
        except (ValueError, OSError) as error:
            skipped[picture.name] = str(error)
            tqdm.write(f"skipped: {error}", file=sys.stderr)
    return skipped


def pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, without subfolders; a ValueError if there are none.

    Parameters
    ----------
    folder : Path
    """
    found = find_files(folder, deep=False)
    if not found.images:
        others = passed_over(folder, found.others, "other extensions") if found.others else ""
        raise ValueError(
            f"{folder}: expected a folder of pictures; received one without any, subfolders "
            f"excluded. {others}".strip()
        )
    return sorted(found.images)


def read_pair(
    picture: Path, mask_of: Callable[[Path], tuple[np.ndarray, Path]]
) -> tuple[Photo, np.ndarray]:
    """Read a picture and its mask, which must have the same size and a hole.

    Parameters
    ----------
    picture : Path
    mask_of : callable
        ``picture -> (bool (H, W), path of the mask)``

    Returns
    -------
    photo : wssl.data.decode.Photo
    mask : bool (H, W)
        True = hole.

    Raises
    ------
    ValueError
        If either cannot be read, their sizes differ, or there is no hole.

    Warns
    -----
    UserWarning
        If the known pixels cannot be reproduced exactly, because the picture has 16 bits per
        channel, is transparent or in another colour space than RGB; if it has several frames; and
        if the coverage of the hole exceeds that of the training masks.
    """
    photo = read_photo(picture)
    mask, path = mask_of(picture)
    width, height = photo.image.size
    if mask.shape != (height, width):
        way_out = "Resize it without smoothing (nearest neighbour)."
        if photo.turned and mask.shape == (width, height):
            way_out = (
                "The file stores the picture on its side, its EXIF orientation turns it upright, "
                "and the mask matches the stored orientation. Turn the mask like the picture, or "
                "draw it on the upright picture; do not resize it."
            )
        raise ValueError(
            f"{picture}: expected a mask of the size of the image, {width} x {height}; received "
            f"{mask.shape[1]} x {mask.shape[0]}. {way_out}"
        )
    if not mask.any():
        raise ValueError(
            f"{picture}: expected a mask with a hole; received {path}, which is black everywhere."
        )
    _warn_if_large(mask, str(path))
    if photo.peak:
        warnings.warn(dim(str(picture), photo.peak), stacklevel=2)
    elif photo.deep:
        warnings.warn(f"{picture} has 16 bits per channel; the result has 8.", stacklevel=2)
    if photo.space:
        warnings.warn(
            f"{picture} is in {photo.space}; the result is in RGB, to which known pixels are "
            "converted.",
            stacklevel=2,
        )
    if photo.frames > 1:
        warnings.warn(
            f"{picture} has {photo.frames} frames or pages; the result is of the first.",
            stacklevel=2,
        )
    if photo.transparent:
        warnings.warn(
            f"{picture} has transparent pixels; the result is opaque, on white.", stacklevel=2
        )
    return photo, mask


def fill(photo: Photo, mask: np.ndarray, model: "keras.Model | Result") -> np.ndarray:
    """Fill the hole of a picture, in the colour space of its file: uint8 (H, W, 3).

    Parameters
    ----------
    photo : wssl.data.decode.Photo
        The fill of a single-channel picture is grey.
    mask : bool (H, W)
        True = hole.
    model : keras.Model or Result
        As for `inpaint`.
    """
    image = np.array(photo.image.convert("RGB"))
    return _fill(image, mask, _loaded(model), grey=photo.image.mode == "L")


def _warn_if_large(mask: np.ndarray, name: str) -> None:
    if (share := mask.mean()) > GREATEST:
        warnings.warn(
            f"{name}: {share:.0%} of the image is hole; the networks were trained with holes of up "
            f"to {GREATEST:.0%}. White = hole: if your holes are black, invert the mask.",
            stacklevel=3,
        )


def check_apart(image: Path, mask: Path, output: Path) -> None:
    """Raise a ValueError if the output would overwrite an input.

    Parameters
    ----------
    image, mask, output : Path
    """
    for read in (image, mask):
        if output.resolve() == read.resolve():
            raise ValueError(
                f"output: expected a path other than the inputs; received {read}. Choose another "
                "name."
            )


def check_ending(photo: Photo, path: Path) -> None:
    """Raise a ValueError if the output format would change a picture's colours.

    Parameters
    ----------
    photo : wssl.data.decode.Photo
    path : Path
        The output file.
    """
    if photo.profile is not None and path.suffix.lower() not in CARRIES_PROFILE:
        raise ValueError(
            "output: expected a format that supports the picture's colour profile "
            f"({', '.join(CARRIES_PROFILE)}), since its colours would change without it; received "
            f"{path.name!r}."
        )


def write(image: np.ndarray, path: Path, photo: Photo | None = None) -> None:
    """Write a picture atomically, in the format of the file name's extension.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    path : Path
    photo : wssl.data.decode.Photo, optional
        The source of the channels, the colour profile and the resolution.
    """
    about: dict[str, Any] = {}
    if photo is not None:
        check_ending(photo, path)
        about = {"icc_profile": photo.profile, "dpi": photo.dpi}
        if path.suffix.lower() == ".png" and photo.chunks:
            about["pnginfo"] = PngImagePlugin.PngInfo()
            for chunk in photo.chunks:
                about["pnginfo"].add(*chunk)
    picture = Image.fromarray(image)
    if photo is not None and photo.image.mode == "L":
        picture = picture.convert("L")
    with atomic(path) as temporary:
        picture.save(temporary, **{name: value for name, value in about.items() if value})


def _loaded(model: "keras.Model | Result") -> "keras.Model | Result":
    """The network of a result; the result itself if its method has none."""
    from wssl.methods import METHODS
    from wssl.runs.execution import Result

    learned = isinstance(model, Result) and METHODS[model.experiment.method].learned
    return model.model() if learned else model


def _around(start: int, stop: int, side: int, length: int) -> slice:
    """A range of `side` of the `length` pixels, or all, centred on `start` to `stop`."""
    side = min(side, length)
    first = min(max((start + stop - side) // 2, 0), length - side)
    return slice(int(first), int(first) + side)


def _name(path: Path) -> str:
    """The name without its extension, with accents in normalised form."""
    return unicodedata.normalize("NFC", path.stem)


def one_mask(path: Path, threshold: int | None) -> Callable[[Path], tuple[np.ndarray, Path]]:
    """A function for `read_pair` that returns the same mask for every picture.

    Parameters
    ----------
    path : Path
        Of the mask.
    threshold : int or None
        As in `wssl.data.read_mask`.
    """
    mask = find_hole(path, threshold)
    return lambda picture: (mask, path)


def _masks(masks: Path, threshold: int | None) -> Callable[[Path], tuple[np.ndarray, Path]]:
    """The function that returns the mask of a picture."""
    if not masks.is_dir():
        return one_mask(masks, threshold)
    by_name: dict[str, list[Path]] = {}
    for path in pictures(masks):
        by_name.setdefault(_name(path), []).append(path)

    def read(picture: Path) -> tuple[np.ndarray, Path]:
        found = by_name.get(_name(picture), [])
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            raise ValueError(
                f"{picture}: expected one mask of the name {picture.stem!r} in {masks}; found "
                f"{names}."
            )
        return find_hole(found[0], threshold), found[0]

    return read
