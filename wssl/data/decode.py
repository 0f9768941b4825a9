"""From an image file to an array, whatever its mode, and a clear word when it cannot be read."""

import os
import struct
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from math import inf, isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms

VERSION = 2
"""Of how a picture is read; it enters the fingerprints of all sources of files but the manifests,
whose images have no colour profile."""

DIM = 2**14
"""A 16-bit file without any greater value holds 14 bits or fewer, or a very dark picture."""

FULL_SCALES = (1, 255, 65535, 2**31 - 1, -1)
"""What the hole of a binary mask may have as its value, if its type reaches so far; the greatest
unsigned number of 32 bits is read as -1."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by the EXIF orientation."""

SIDEWAYS = (5, 6, 7, 8)
"""The orientations in which height and width are exchanged."""


with suppress(ImportError):
    import_module("pillow_heif").register_heif_opener()


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


class Photo(NamedTuple):
    """A picture as its file has it: upright, opaque, 8 bits a channel.

    Attributes
    ----------
    image : Image.Image
        Of mode L if the file has one channel, else RGB; the values are the file's own, but CMYK
        with a colour profile has been converted to sRGB.
    profile : bytes or None
        The ICC profile that says what colours the values are.
    chunks : tuple of (bytes, bytes)
        What a PNG without a profile says of its colours, as names and contents of its chunks.
    dpi : (float, float) or None
        Resolution across and down, in pixels an inch.
    turned : bool
        Whether the picture lies on its side in the file, so that height and width are exchanged.
    transparent : bool
        Whether it was laid over white.
    deep : bool
        Whether the file has 16 bits a channel.
    peak : int
        The greatest value of a 16-bit file that has none from `DIM` on, else 0.
    """

    image: Image.Image
    profile: bytes | None
    chunks: tuple[tuple[bytes, bytes], ...]
    dpi: tuple[float, float] | None
    turned: bool
    transparent: bool
    deep: bool
    peak: int


def read_photo(path: Picture, draft: int | None = None) -> Photo:
    """Read one picture, and what its file says about it.

    Parameters
    ----------
    path : Path or Encoded
    draft : int, optional
        Side in pixels down to which the JPEG decoder may halve a larger image, at little cost.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it cannot be read.
    """
    decoded, turned, deep = _upright(path, draft)
    info = decoded.info
    image, peak = _to_8_bit(decoded, path)
    transparent = _transparent(image)
    try:
        image = _opaque(image, "L" if _one_channel(image.mode) else "RGB", info)
    except Exception as error:
        raise ValueError(f"{path}: mode {image.mode} has no way to RGB: {error}") from error
    if deep and not peak and image.mode == "RGB":
        peak = _peak(257 * int(np.asarray(image).max()))
    dpi = _dpi(info.get("dpi"))
    profile = _fitting(info.get("icc_profile"), "GRAY" if image.mode == "L" else "RGB")
    return Photo(
        image=image,
        profile=profile,
        chunks=() if profile else _chunks(info),
        dpi=dpi[::-1] if dpi and turned else dpi,
        turned=turned,
        transparent=transparent,
        deep=deep or decoded.mode.startswith("I"),
        peak=peak,
    )


def read_rgb(path: Picture, draft: int | None = None) -> tuple[Image.Image, int]:
    """Read one picture in sRGB, whatever colour profile it has.

    Parameters
    ----------
    path, draft
        As of `read_photo`.

    Returns
    -------
    image : Image.Image
        Of mode RGB.
    peak : int
        As in `Photo`.
    """
    photo = read_photo(path, draft)
    if photo.profile is not None:
        return _srgb(photo.image, photo.profile), photo.peak
    return _converted(photo.image, "RGB"), photo.peak


def read_image(path: str | Path) -> npt.NDArray[np.uint8]:
    """Read one image in colour, with the values that its file has.

    Grey, palette, CMYK and 16-bit images are converted; a transparent one is laid over white;
    the EXIF rotation is applied; of an animation the first frame is taken. Only CMYK
    is converted by its colour profile; the images of a source all are, to sRGB.

    Parameters
    ----------
    path : str or Path
        Any format that Pillow opens, of 178,956,970 pixels at most, or as many as the environment
        variable ``WSSL_MAX_PIXELS`` says.

    Returns
    -------
    uint8 (H, W, 3)
        RGB values, 0 to 255.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, corrupt, not an image, too large, or holds 32-bit or
        floating-point values.

    Warns
    -----
    UserWarning
        If the values of a 16-bit file are those of 14 bits or fewer.
    """
    photo = read_photo(Path(path))
    if photo.peak:
        warnings.warn(dim(str(path), photo.peak), stacklevel=2)
    return np.array(_converted(photo.image, "RGB"))


def dim(names: str, peak: int) -> str:
    """The warning that 16-bit files seem to hold fewer bits.

    Parameters
    ----------
    names : str
        Of the files.
    peak : int
        Their greatest value.
    """
    return (
        f"{names}: of 16 bits, whose full scale is 65,535, but no value is above {peak:,}, as of "
        f"{peak.bit_length()} bits, so that the image is read as all but black. Unless it is so "
        f"dark, multiply its values by {65535 / (2 ** peak.bit_length() - 1):.4g} and save it anew."
    )


def read_mask(path: str | Path, threshold: int | None = None) -> npt.NDArray[np.bool_]:
    """Read one mask: white is the hole.

    Parameters
    ----------
    path : str or Path
        An opaque image, 0 where the picture is known and 1, 255 or its type's greatest value where
        it is to be filled.
    threshold : int, optional
        Grey value, 1 to 255, from which a pixel of an image with more than these two values counts
        as hole. Without it, such an image is refused.

    Returns
    -------
    bool (H, W)
        True = hole.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the image is not binary and no `threshold` was given, or if it is transparent anywhere.

    Warns
    -----
    UserWarning
        If there is no hole.
    """
    mask = find_hole(Path(path), threshold)
    if not mask.any():
        warnings.warn(f"The mask {path} has no hole: it is black everywhere.", stacklevel=2)
    return mask


def find_hole(path: Path, threshold: int | None = None) -> npt.NDArray[np.bool_]:
    """What `read_mask` gives, without a warning if there is no hole.

    Parameters
    ----------
    path : Path
    threshold : int, optional
    """
    if threshold is not None and not 1 <= threshold <= 255:
        raise ValueError(f"threshold must be from 1 to 255, received {threshold}.")
    image, _, _ = _upright(path)
    if _transparent(image):
        raise ValueError(
            f"The mask {path} is transparent in places, which may mean hole or known: save it "
            "without transparency, white = hole, black = known."
        )
    values = _grey_values(image, path)
    seen = np.unique(values)
    reach = 255 if values.dtype == np.uint8 else 65535 if values.dtype == np.uint16 else 2**31 - 1
    whites = [full for full in FULL_SCALES if full <= reach and np.isin(seen, (0, full)).all()]
    if whites:
        return np.not_equal(values, 0)
    if threshold is not None:
        grey = np.asarray(_to_8_bit(image, path)[0].convert("L"))
        return np.greater_equal(grey, threshold)
    some = ", ".join(map(str, seen[:4])) + (f", ..., {seen[-1]}" if seen.size > 4 else "")
    raise ValueError(
        f"The mask {path} is not binary: expected 0 where the picture is known, and 1, 255 or the "
        f"type's greatest value as hole; received {seen.size} values: {some}. Save it as a black "
        "and white PNG (JPEG blurs edges), or binarise it: read_mask(path, threshold=128), or "
        "--threshold 128 in the shell, takes 128 of 255 and above as hole."
    )


def _upright(path: Picture, draft: int | None = None) -> tuple[Image.Image, bool, bool]:
    """The first frame of a file, decoded and upright, with `Photo.turned` and whether it is deep.

    Deep are files of 16 bits a channel, whose colours Pillow cuts to 8.
    """
    if isinstance(path, Path) and not path.is_file():
        raise FileNotFoundError(f"{path} is not a file.")
    most = _most_pixels()
    try:
        with Image.open(path if isinstance(path, Path) else BytesIO(path.content)) as image:
            if image.width * image.height > most:
                raise Image.DecompressionBombError
            deep = ";16" in str(getattr(image, "tile", ""))
            tags = getattr(image, "tag_v2", {})  # Pillow turns TIFF itself, and forgets that it did
            sideways = tags.get(ExifTags.Base.Orientation) in SIDEWAYS
            if draft:
                image.draft(None, (draft, draft))
            image.load()
            orientation = _orientation(image)
            turn = TURNS.get(orientation)
            upright = image.copy() if turn is None else image.transpose(turn)
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"{path} has more than {most:,} pixels, as a small file made to fill the memory may. "
            "Save it smaller; or, if you trust its source, say in the environment variable "
            "WSSL_MAX_PIXELS how many pixels a picture may have, such as 400000000."
        ) from error
    except Exception as error:  # a decoder that is given damaged bytes raises whatever it meets
        why = str(error) or type(error).__name__
        raise ValueError(f"{path} cannot be read as an image: {why}") from error
    return upright, sideways or orientation in SIDEWAYS, deep


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, of which nothing else is read; 1, upright, if there is none."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


def _most_pixels() -> float:
    """How many pixels a picture may have: what ``WSSL_MAX_PIXELS`` says, or Pillow's limit."""
    given = os.environ.get("WSSL_MAX_PIXELS")
    if not given:
        return 2 * (Image.MAX_IMAGE_PIXELS or inf)
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(
            f"WSSL_MAX_PIXELS: expected a number of pixels such as 400000000; received {given!r}."
        )
    Image.MAX_IMAGE_PIXELS = 2 * int(given)  # from which on Pillow would warn
    return int(given)


def _to_8_bit(image: Image.Image, path: Picture) -> tuple[Image.Image, int]:
    """The same image with 8 bits a channel, 65535 becoming 255; and `Photo.peak`."""
    if image.mode == "F":
        raise ValueError(f"{path} holds floating-point values: save it with 8 or 16 bits.")
    if not image.mode.startswith("I"):
        return image, 0
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"{path} holds 32-bit values: save it with 8 or 16 bits.")
    return Image.fromarray(np.rint(values / 257).astype(np.uint8)), _peak(values.max())


def _peak(greatest: Any) -> int:
    return int(greatest) if 0 < greatest < DIM else 0


def _grey_values(image: Image.Image, path: Path) -> npt.NDArray[Any]:
    """The values of a mask in its own type."""
    if image.mode == "F" or image.mode.startswith("I"):
        return np.asarray(image)
    try:
        return np.asarray(image.convert("RGB").convert("L"))
    except ValueError as error:
        raise ValueError(f"{path}: mode {image.mode} has no way to grey: {error}") from error


def _one_channel(mode: str) -> bool:
    return mode in ("1", "L", "LA", "La")


def _transparent(image: Image.Image) -> bool:
    if not image.has_transparency_data:
        return False
    return bool(np.asarray(image.convert("RGBA"))[..., 3].min() < 255)


def _opaque(image: Image.Image, mode: str, info: dict[Any, Any]) -> Image.Image:
    """The image over white, as L or RGB."""
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB").convert(mode)
    if image.mode == "CMYK" and (profile := _fitting(info.get("icc_profile"), "CMYK")):
        return _srgb(image, profile)
    return _converted(image, mode)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    """The image in that mode; itself if it has it, which spares a copy."""
    return image if image.mode == mode else image.convert(mode)


def _fitting(profile: Any, space: str) -> bytes | None:
    """The profile, if it is one of colours in that space; viewers pass over any other."""
    if not isinstance(profile, bytes) or not profile:
        return None
    try:
        found = ImageCms.ImageCmsProfile(BytesIO(profile)).profile.xcolor_space
    except (OSError, ImageCms.PyCMSError):
        return None
    return profile if found.strip() == space else None


def _srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The image converted to sRGB, unless it has these colours, or its profile is of no use."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if image.mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(source):
            return image
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        return image.convert("RGB")
    assert converted is not None
    return converted


def _chunks(info: Mapping[Any, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """The chunks of a PNG that state its colours, from what Pillow has read of them."""
    chunks = []
    with suppress(TypeError, ValueError, OverflowError, struct.error):
        if "srgb" in info:
            chunks.append((b"sRGB", struct.pack(">B", info["srgb"])))
        if "gamma" in info:
            chunks.append((b"gAMA", struct.pack(">I", round(info["gamma"] * 100_000))))
        if "chromaticity" in info:
            numbers = [round(number * 100_000) for number in info["chromaticity"]]
            chunks.append((b"cHRM", struct.pack(">8I", *numbers)))
    return tuple(chunks)


def _dpi(value: Any) -> tuple[float, float] | None:
    """The resolution, if it is one."""
    try:
        across, down = map(float, value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if all(isfinite(number) and 1 <= number <= 1e6 for number in (across, down)):
        return across, down
    return None
