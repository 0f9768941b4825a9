"""From an image file to an array, whatever its mode, and a clear word when it cannot be read."""

import struct
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


class Encoded(NamedTuple):
    """A picture that is not a file of its own, such as a row of a table.

    Attributes
    ----------
    name : str
        For messages.
    content : bytes
        What an image file holds.
    """

    name: str
    content: bytes

    def __str__(self) -> str:
        return self.name


Picture = Path | Encoded


def _upright(path: Picture, draft: int | None = None) -> Image.Image:
    """The first frame of a file, fully decoded, its EXIF rotation applied."""
    if isinstance(path, Path) and not path.is_file():
        raise FileNotFoundError(f"{path} is not a file.")
    try:
        with Image.open(path if isinstance(path, Path) else BytesIO(path.content)) as image:
            if draft:
                image.draft(None, (draft, draft))
            image.load()
            upright: Image.Image = ImageOps.exif_transpose(image)
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as an image: {error}") from error
    return upright


def _to_8_bit(image: Image.Image, path: Picture) -> Image.Image:
    """The same image with 8 bits a channel: 65535 becomes 255."""
    if image.mode == "F":
        raise ValueError(f"{path} holds floating-point values: save it with 8 or 16 bits.")
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"{path} holds 32-bit values: save it with 8 or 16 bits.")
    return Image.fromarray(np.rint(values / 257).astype(np.uint8))


def _to_rgb(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def read_rgb(path: Picture, draft: int | None = None) -> Image.Image:
    """What `read_image` gives, as a Pillow image.

    Parameters
    ----------
    path : Path or Encoded
    draft : int, optional
        Side in pixels down to which the JPEG decoder may halve a larger image, at little cost.
    """
    image = _to_8_bit(_upright(path, draft), path)
    try:
        return _to_rgb(image)
    except ValueError as error:
        raise ValueError(f"{path}: mode {image.mode} has no way to RGB: {error}") from error


def read_image(path: str | Path) -> npt.NDArray[np.uint8]:
    """Read one image in colour.

    Grey, palette, CMYK and 16-bit images are converted; a transparent one is laid over white;
    the EXIF rotation is applied; of an animation the first frame is taken.

    Parameters
    ----------
    path : str or Path
        Any format that Pillow opens.

    Returns
    -------
    uint8 (H, W, 3)
        RGB values, 0 to 255.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, corrupt, not an image, or holds 32-bit or floating-point values.
    """
    return np.array(read_rgb(Path(path)))


def read_mask(path: str | Path, threshold: int | None = None) -> npt.NDArray[np.bool_]:
    """Read one mask: white is the hole.

    Parameters
    ----------
    path : str or Path
        An opaque image, black where the picture is known and white where it is to be filled.
    threshold : int, optional
        Grey value, 1 to 255, from which a pixel counts as hole. Without it, the image must be
        binary: 0 and 255 only.

    Returns
    -------
    bool (H, W)
        True = hole.

    Raises
    ------
    ValueError
        If the image is not binary and no `threshold` was given, or if it is transparent anywhere.
    """
    path = Path(path)
    image = _to_8_bit(_upright(path), path)
    if image.has_transparency_data and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
        raise ValueError(
            f"The mask {path} is transparent in places, which may mean hole or known: save it "
            "without transparency, white = hole, black = known."
        )
    grey: npt.NDArray[np.uint8] = np.asarray(_to_rgb(image).convert("L"))
    if threshold is not None:
        if not 1 <= threshold <= 255:
            raise ValueError(f"threshold must be from 1 to 255, received {threshold}.")
        return np.greater_equal(grey, threshold)
    seen = np.unique(grey)
    if not np.isin(seen, (0, 255)).all():
        some = ", ".join(map(str, seen[:4])) + (f", ..., {seen[-1]}" if seen.size > 4 else "")
        raise ValueError(
            f"The mask {path} is not binary: expected the grey values 0 (known) and 255 (hole), "
            f"received {seen.size} values: {some}. Save it as a black and white PNG (JPEG blurs "
            "edges), or binarise it: read_mask(path, threshold=128) takes 128 and above as hole."
        )
    return np.equal(grey, 255)
