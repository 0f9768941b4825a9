"""Fill the holes of photographs of any size, one or a folder of them."""

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

GREATEST = 0.5
"""Greatest share of an image that is hole in the masks on which the study's networks learn."""

CARRIES_PROFILE = (".png", ".tif", ".tiff")
"""Formats that hold a colour profile."""


def inpaint(image: np.ndarray, mask: np.ndarray, model: "keras.Model | Result") -> np.ndarray:
    """Fill the hole of an image of any size; the known pixels stay as they are, bit for bit.

    A network sees the part of the image around the hole that `window` gives, the whole image if
    the hole is large or wide; parts of a hole that lie `apart` are filled apart. What it sees is
    resized to the square that the network was trained on, filled there, and the fill is resized
    back into the hole, so a large hole gets a coarse fill. A method that learns nothing fills the
    image as it is. If all known pixels are grey, so is the fill.

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

    Warns
    -----
    UserWarning
        If there is no hole, or it covers more of the image than networks have learned to fill.

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
        warnings.warn("mask: it has no hole, so that the image stays as it is.", stacklevel=2)
        return image.copy()
    _warn_if_large(mask, "mask")
    return _fill(image, mask, _loaded(model))


def _fill(
    image: np.ndarray, mask: np.ndarray, network: "keras.Model | Result", grey: bool = False
) -> np.ndarray:
    """What `inpaint` gives, of values that have been checked; grey if that is asked for."""
    from wssl.runs import Result

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
    from wssl.scores import inpaint_batches

    size = network.inputs[0].shape[1]
    parts = apart(mask, size)
    # A box filter, so that a small pixel is known exactly if all that it covers is known.
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
    """The parts of a hole that a network fills one by one, and what it is shown for each.

    A part is what is connected, together with all else whose middle lies in the same square of a
    grid as wide as the network's images; so there are not many more parts than such squares.

    Parameters
    ----------
    mask : bool (H, W)
        True = hole; there is one.
    size : int
        Side of the network's images in pixels.

    Returns
    -------
    list of ((slice, slice), bool (h, w))
        The `window` of the part, in which others may be seen as holes, and the part within it. Each
        pixel of the hole is in one part.
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
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    return _window(mask[box], box, mask.shape, size)


def _window(
    hole: np.ndarray, box: tuple[slice, ...], shape: tuple[int, ...], size: int
) -> tuple[slice, slice]:
    """What `window` gives, of a hole in that box of an image."""
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
    threshold : int, optional
        As of `wssl.data.read_mask`.

    Returns
    -------
    dict of str to str
        The name of each picture that was skipped, and why.

    Raises
    ------
    ValueError
        If there are no pictures, the one mask cannot be read, or `output` is one of the folders
        read.

    Warns
    -----
    UserWarning
        If files that are no pictures were passed over, and as of `read_pair`.
    """
    images, masks, output = Path(images), Path(masks), Path(output)
    check_apart(images, masks, output)
    found = pictures(images)
    named = Counter(map(_name, found))
    mask_of = _masks(masks, threshold)
    network = _loaded(model)
    for folder in (images, masks) if masks.is_dir() else (images,):
        if others := find_files(folder, deep=False).others:
            warnings.warn(passed_over(folder, others, "an ending of no picture"), stacklevel=2)
    skipped = {}
    for picture in tqdm(found, desc="inpaint", unit=" pictures", disable=None):
        target = output / f"{picture.stem}.png"
        try:
            if named[_name(picture)] > 1:
                raise ValueError(
                    f"{picture}: {named[_name(picture)]} pictures have the name {picture.stem!r} "
                    "but for the ending, and would be written to one file."
                )
            check_apart(picture, masks, target)
            photo, hole = read_pair(picture, mask_of)
            write(fill(photo, hole, network), target, photo)
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
    found = find_files(folder, deep=False)
    if not found.images:
        others = passed_over(folder, found.others, "other endings") if found.others else ""
        raise ValueError(
            f"{folder} holds no pictures; those in folders below it do not count. {others}".strip()
        )
    return sorted(found.images)


def read_pair(
    picture: Path, mask_of: Callable[[Path], tuple[np.ndarray, Path]]
) -> tuple[Photo, np.ndarray]:
    """A picture and its mask, which has to be of its size and have a hole.

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
        If either cannot be read, they are of two sizes, or there is no hole.

    Warns
    -----
    UserWarning
        If the result cannot be all that the picture is, in its known pixels: if that has 16 bits or
        is transparent; and if the hole is larger than networks have learned to fill.
    """
    photo = read_photo(picture)
    mask, path = mask_of(picture)
    width, height = photo.image.size
    if mask.shape != (height, width):
        way_out = "Resize it without smoothing (nearest neighbour)."
        if photo.turned and mask.shape == (width, height):
            way_out = (
                "The picture lies on its side in the file and is shown upright, by its EXIF "
                "orientation, and the mask is drawn on what the file stores: turn the mask as the "
                "picture is turned, or draw it on the upright picture. To resize it would be wrong."
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
        warnings.warn(f"{picture} has 16 bits a channel; the result has 8.", stacklevel=2)
    if photo.transparent:
        warnings.warn(
            f"{picture} is transparent in places; the result is opaque, over white.", stacklevel=2
        )
    return photo, mask


def fill(photo: Photo, mask: np.ndarray, model: "keras.Model | Result") -> np.ndarray:
    """Fill the hole of a picture, in the values of its file: uint8 (H, W, 3).

    Parameters
    ----------
    photo : wssl.data.decode.Photo
        One of a single channel stays grey.
    mask : bool (H, W)
        True = hole.
    model : keras.Model or Result
        As of `inpaint`.
    """
    image = np.array(photo.image.convert("RGB"))
    return _fill(image, mask, _loaded(model), grey=photo.image.mode == "L")


def _warn_if_large(mask: np.ndarray, name: str) -> None:
    if (share := mask.mean()) > GREATEST:
        warnings.warn(
            f"{name}: {share:.0%} of the image is hole; the networks have learned from holes of up "
            f"to {GREATEST:.0%}. If black is the hole, invert the mask: here, white is.",
            stacklevel=3,
        )


def check_apart(image: Path, mask: Path, output: Path) -> None:
    """Raise a ValueError if what is written would take the place of what is read.

    Parameters
    ----------
    image, mask, output : Path
    """
    for read in (image, mask):
        if output.resolve() == read.resolve():
            raise ValueError(f"output: expected another place than {read}, which is read.")


def check_ending(photo: Photo, path: Path) -> None:
    """Raise a ValueError if a picture's colours would change in the format that an ending names.

    Parameters
    ----------
    photo : wssl.data.decode.Photo
    path : Path
        To be written.
    """
    if photo.profile is not None and path.suffix.lower() not in CARRIES_PROFILE:
        raise ValueError(
            f"output: expected a format that holds the picture's colour profile "
            f"({', '.join(CARRIES_PROFILE)}), without which its colours change; received "
            f"{path.name!r}."
        )


def write(image: np.ndarray, path: Path, photo: Photo | None = None) -> None:
    """Write a picture, whole or not at all, in the format that the ending names.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    path : Path
    photo : wssl.data.decode.Photo, optional
        Of which channels, colour profile and resolution are taken over.
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
    from wssl.runs import Result

    learned = isinstance(model, Result) and METHODS[model.experiment.method].learned
    return model.model() if learned else model


def _around(start: int, stop: int, side: int, length: int) -> slice:
    """So many of `length` pixels, or all, with those from `start` to `stop` in the middle."""
    side = min(side, length)
    first = min(max((start + stop - side) // 2, 0), length - side)
    return slice(int(first), int(first) + side)


def _name(path: Path) -> str:
    """The name without its ending, whichever way its accents are encoded."""
    return unicodedata.normalize("NFC", path.stem)


def one_mask(path: Path, threshold: int | None) -> Callable[[Path], tuple[np.ndarray, Path]]:
    """The function that gives that mask for every picture, as `read_pair` takes it.

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
    """The function that gives the mask of a picture."""
    if not masks.is_dir():
        return one_mask(masks, threshold)
    paths = pictures(masks)

    def read(picture: Path) -> tuple[np.ndarray, Path]:
        found = [path for path in paths if _name(path) == _name(picture)]
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            raise ValueError(
                f"{picture}: expected one mask of the name {picture.stem!r} in {masks}; found "
                f"{names}."
            )
        return find_hole(found[0], threshold), found[0]

    return read
