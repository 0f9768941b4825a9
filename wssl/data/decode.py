"""Decode image files of any mode into arrays, with clear errors for unreadable files."""

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
"""The version of the decoder.

It enters the fingerprints of all sources of files except the manifests,
whose images have no colour profile.
"""

CONVERTED = ("CMYK", "HSV", "LAB", "YCbCr")
"""Modes whose values are not those of the RGB image that is made of them."""

DIM = 2**14
"""A 16-bit file with no greater value has 14 significant bits or fewer, or is very dark."""

FULL_SCALES = (1, 255, 65535, 2**31 - 1, -1)
"""The values of holes in binary masks, as far as the type can hold them.

The greatest unsigned 32-bit number is read as -1.
"""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The operation that turns a picture upright, by EXIF orientation."""

SIDEWAYS = (5, 6, 7, 8)
"""The orientations in which height and width are exchanged."""


with suppress(ImportError):
    import_module("pillow_heif").register_heif_opener()


_PNG = b"\x89PNG\r\n\x1a\n"


class Encoded(NamedTuple):
    """A picture that is not a separate file, such as a row of a table.

    Attributes
    ----------
    name : str
        For messages.
    content : bytes
        The bytes of an image file.
    """

    name: str
    content: bytes

    def __str__(self) -> str:
        return self.name


Picture = Path | Encoded


class Photo(NamedTuple):
    """A picture with the values of its file: upright, opaque, 8 bits per channel.

    Attributes
    ----------
    image : Image.Image
        Of mode L if the file has one channel, else RGB; the values are the file's own, but CMYK
        with a colour profile has been converted to sRGB.
    profile : bytes or None
        The ICC profile that says what colours the values are.
    chunks : tuple of (bytes, bytes)
        The colour information of a PNG beside its profile: names and contents of its chunks.
    dpi : (float, float) or None
        Horizontal and vertical resolution, in pixels per inch.
    turned : bool
        Whether the file stores the picture on its side, with height and width exchanged.
    transparent : bool
        Whether it was laid over white.
    deep : bool
        Whether the file has 16 bits per channel.
    peak : int
        The greatest value of a 16-bit file that has none from `DIM` on, else 0.
    space : str
        The mode of the file if its colours had to be converted to RGB, such as CMYK, else empty.
    frames : int
        The number of pictures in an animation or in a file of several pages; this is the first.
    """

    image: Image.Image
    profile: bytes | None
    chunks: tuple[tuple[bytes, bytes], ...]
    dpi: tuple[float, float] | None
    turned: bool
    transparent: bool
    deep: bool
    peak: int
    space: str
    frames: int


def read_photo(path: Picture, draft: int | None = None) -> Photo:
    """Read one picture and the metadata of its file.

    Parameters
    ----------
    path : Path or Encoded
    draft : int, optional
        Side in pixels down to which the JPEG decoder may halve a larger image, which is fast.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it cannot be read.
    """
    decoded, turned, deep, frames = _upright(path, draft)
    info = decoded.info
    image, peak = _to_8_bit(decoded, path)
    transparent = _transparent(image)
    try:
        image = _opaque(image, "L" if _one_channel(image.mode) else "RGB", info)
    except Exception as error:
        raise ValueError(
            f"{path}: expected a mode that converts to RGB; received {image.mode} ({error}). Save "
            "it as RGB."
        ) from error
    if deep and not peak and image.mode == "RGB":
        upper = int(np.asarray(image).max())  # Pillow keeps the upper 8 bits alone
        peak = _peak(256 * upper + 255) if upper else 0
    dpi = _dpi(info.get("dpi"))
    profile = _fitting(info.get("icc_profile"), "GRAY" if image.mode == "L" else "RGB")
    return Photo(
        image=image,
        profile=profile,
        chunks=_coding(path) + (() if profile else _chunks(info)),
        dpi=dpi[::-1] if dpi and turned else dpi,
        turned=turned,
        transparent=transparent,
        deep=deep or decoded.mode.startswith("I"),
        peak=peak,
        space=decoded.mode if decoded.mode in CONVERTED else "",
        frames=frames,
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
    """Read one image in colour, with the values of its file.

    Grey, palette, CMYK and 16-bit images are converted; a transparent one is laid over white;
    the EXIF rotation is applied; of an animation the first frame is taken. Only CMYK
    is converted by its colour profile; the images of a source all are, to sRGB.

    Parameters
    ----------
    path : str or Path
        Any format that Pillow opens, with at most 178,956,970 pixels, or the number in the
        environment variable ``WSSL_MAX_PIXELS``.

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
        If the values of a 16-bit file have 14 significant bits or fewer.
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
        f"{names}: the full scale of 16 bits is 65,535, but no value is above {peak:,} "
        f"({peak.bit_length()} significant bits), so the image is read as almost black. Unless it "
        f"really is that dark, multiply its values by {65535 / (2 ** peak.bit_length() - 1):.4g} "
        "and save it again."
    )


def read_mask(path: str | Path, threshold: int | None = None) -> npt.NDArray[np.bool_]:
    """Read one mask: white is the hole.

    Parameters
    ----------
    path : str or Path
        An opaque image: 0 = known; 1, 255 or its type's greatest value = hole.
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
        If there is no hole, or the file has several frames, of which the first is the mask.
    """
    mask = find_hole(Path(path), threshold)
    if not mask.any():
        warnings.warn(f"The mask {path} has no hole: it is black everywhere.", stacklevel=2)
    return mask


def find_hole(path: Path, threshold: int | None = None) -> npt.NDArray[np.bool_]:
    """As `read_mask`, without the warning if there is no hole.

    Parameters
    ----------
    path : Path
    threshold : int, optional
    """
    if threshold is not None and not 1 <= threshold <= 255:
        raise ValueError(f"threshold: expected a grey value from 1 to 255; received {threshold}.")
    image, _, deep, frames = _upright(path)
    if frames > 1:
        warnings.warn(
            f"The mask {path} has {frames} frames or pages; the first one is used.", stacklevel=3
        )
    if _transparent(image):
        raise ValueError(
            f"{path}: expected an opaque mask; received one with transparent pixels, which may "
            "mean hole or known. Save it without transparency, white = hole, black = known."
        )
    values = _grey_values(image, path)
    seen = np.unique(values)
    reach = 255 if values.dtype == np.uint8 else 65535 if values.dtype == np.uint16 else 2**31 - 1
    if deep and image.mode == "RGB" and not seen.any():
        raise ValueError(
            f"{path}: expected a mask with 8 bits per channel or a single channel; received colour "
            "with 16 bits, of which only the upper 8 are read, and they are 0 everywhere. Save it "
            "as a black and white PNG with 8 bits."
        )
    whites = [full for full in FULL_SCALES if full <= reach and np.isin(seen, (0, full)).all()]
    if whites:
        return np.not_equal(values, 0)
    if threshold is not None:
        grey = _grey_values(_to_8_bit(image, path)[0], path)
        return np.greater_equal(grey, threshold)
    way_out = ""
    if seen[0] >= 0 and seen[-1] <= 65535 and image.mode != "F":
        grey = _grey_values(_to_8_bit(image, path)[0], path)
        middle = (int(grey.min()) + int(grey.max()) + 1) // 2
        if middle > grey.min():
            way_out = (
                f", or binarise it: with read_mask(path, threshold={middle}), or --threshold "
                f"{middle} in the shell, grey values of {middle} and above are hole"
            )
    some = ", ".join(map(str, seen[:4])) + (f", ..., {seen[-1]}" if seen.size > 4 else "")
    raise ValueError(
        f"{path}: expected a binary mask, 0 = known and 1, 255 or the type's greatest value = "
        f"hole; received {seen.size} values: {some}. Save it as a black and white PNG (JPEG blurs "
        f"edges){way_out}."
    )


def _upright(path: Picture, draft: int | None = None) -> tuple[Image.Image, bool, bool, int]:
    """The first frame of a file, decoded and upright; `Photo.turned`, `.deep` and `.frames`.

    Deep files have 16 bits per channel, which Pillow truncates to 8 in colour images.
    """
    if isinstance(path, Path) and not path.is_file():
        raise FileNotFoundError(f"{path}: expected an image file; there is none. Check the path.")
    most = _most_pixels()
    try:
        with Image.open(path if isinstance(path, Path) else BytesIO(path.content)) as image:
            if image.width * image.height > most:
                raise Image.DecompressionBombError
            deep = ";16" in str(getattr(image, "tile", ""))
            tags = getattr(
                image, "tag_v2", {}
            )  # Pillow turns TIFF files itself, without a trace in the image
            sideways = tags.get(ExifTags.Base.Orientation) in SIDEWAYS
            if draft:
                image.draft(None, (draft, draft))
            image.load()
            orientation = _orientation(image)
            turn = TURNS.get(orientation)
            upright = image.copy() if turn is None else image.transpose(turn)
            frames = 1 if draft else _frames(image)
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"{path}: expected at most {most:,} pixels; received more, as from a small file made "
            "to fill the memory. Save it smaller, or, if you trust its source, set the "
            "environment variable WSSL_MAX_PIXELS to a larger number, such as 400000000."
        ) from error
    except Exception as error:  # decoders raise errors of any type on damaged bytes
        why = str(error) or type(error).__name__
        raise ValueError(
            f"{path}: expected an image file; received one that cannot be read: {why}"
        ) from error
    return upright, sideways or orientation in SIDEWAYS, deep, frames


def _frames(image: Image.Image) -> int:
    """The number of frames or pages; 1 for what a camera stores beside a photograph."""
    if image.format == "MPO":
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # of a damaged later frame
        return 1


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 (upright) if there is none. No other EXIF tag is read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


def _most_pixels() -> float:
    """The largest number of pixels of a picture: ``WSSL_MAX_PIXELS``, or Pillow's limit."""
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
        raise ValueError(
            f"{path}: expected 8 or 16 bits per channel; received floating-point values. Save it "
            "with 8 or 16 bits."
        )
    if not image.mode.startswith("I"):
        return image, 0
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(
            f"{path}: expected 8 or 16 bits per channel; received 32-bit values. Save it with 8 or "
            "16 bits."
        )
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
        raise ValueError(
            f"{path}: expected a mode that converts to grey; received {image.mode} ({error}). Save "
            "it as a grey image."
        ) from error


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
    """The image in that mode; the same object, without a copy, if it has the mode already."""
    return image if image.mode == mode else image.convert(mode)


def _fitting(profile: Any, space: str) -> bytes | None:
    """The profile, if it describes that colour space; like viewers, ignore any other."""
    if not isinstance(profile, bytes) or not profile:
        return None
    try:
        found = ImageCms.ImageCmsProfile(BytesIO(profile)).profile.xcolor_space
    except (OSError, ImageCms.PyCMSError):
        return None
    return profile if found.strip() == space else None


def _srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The image converted to sRGB, unless it is in sRGB already or its profile is unusable."""
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


def _coding(path: Picture) -> tuple[tuple[bytes, bytes], ...]:
    """The chunk of a PNG that gives the code of its colour space, which Pillow passes over."""
    with BytesIO(path.content) if isinstance(path, Encoded) else path.open("rb") as file:
        if file.read(len(_PNG)) != _PNG:
            return ()
        while len(head := file.read(8)) == 8:
            size, name = struct.unpack(">I4s", head)
            if name == b"cICP":
                return ((name, file.read(size)),)
            if name in (b"IDAT", b"IEND"):
                break
            file.seek(size + 4, os.SEEK_CUR)
    return ()


def _chunks(info: Mapping[Any, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """The colour chunks of a PNG, rebuilt from the values that Pillow has read."""
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
