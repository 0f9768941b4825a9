"""From an image file to an array, whatever its mode, and a clear word when it cannot be read."""

import struct
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from tqdm import tqdm

UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


def _upright(path: Path) -> Image.Image:
    """The first frame of a file, fully decoded, its EXIF rotation applied."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file.")
    try:
        with Image.open(path) as image:
            image.load()
            upright: Image.Image = ImageOps.exif_transpose(image)
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as an image: {error}") from error
    return upright


def _to_8_bit(image: Image.Image, path: Path) -> Image.Image:
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


def _read_rgb(path: str | Path) -> Image.Image:
    path = Path(path)
    image = _to_8_bit(_upright(path), path)
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
    return np.array(_read_rgb(path))


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


def centre_square(
    image: Image.Image, size: int, resample: Image.Resampling = Image.Resampling.LANCZOS
) -> Image.Image:
    """Cut the largest centred square out of `image` and resize it to (`size`, `size`)."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return square.resize((size, size), resample)


def read_images(
    paths: Sequence[Path],
    size: int,
    bad_share: float = 0.05,
    count: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Read many images as centred squares of one size.

    Parameters
    ----------
    paths : sequence of Path
        The files, in order.
    size : int
        Side of the square, in pixels. Resizing is Lanczos, antialiased.
    bad_share : float, default 0.05
        Share of `paths` that may be unreadable. Those are skipped and named in one warning.
    count : int, optional
        Stop after this many readable images, or where there are no more; all by default.

    Returns
    -------
    uint8 (N, size, size, 3)
        RGB values, in the order of `paths`.

    Raises
    ------
    ValueError
        If no image is readable or the unreadable exceed `bad_share`.

    Warns
    -----
    UserWarning
        If files were skipped, and if images smaller than `size` were enlarged.
    """
    wanted = len(paths) if count is None else min(count, len(paths))
    images = np.empty((wanted, size, size, 3), np.uint8)
    bad: list[str] = []
    small: list[str] = []
    done = 0
    with ThreadPoolExecutor() as pool, _progress(wanted) as bar:
        results = pool.map(partial(_read_square, size=size), paths)
        for path, result in zip(paths, results, strict=True):
            if isinstance(result, ValueError):
                bad.append(str(result))
                continue
            images[done], side = result
            small += [path.name] if side < size else []
            done += 1
            bar.update()
            if done == wanted:
                pool.shutdown(cancel_futures=True)
                break

    if bad and (done == 0 or len(bad) > bad_share * len(paths)):
        raise ValueError(
            f"{len(bad)} of {len(paths)} images cannot be read; {bad_share:.0%} are tolerated. "
            f"Remove or repair them. {_some(bad)}"
        )
    if bad:
        warnings.warn(f"Skipped {len(bad)} unreadable images. {_some(bad)}", stacklevel=2)
    if small:
        warnings.warn(
            f"Enlarged {len(small)} of {done} images, smaller than {size} px: {_some(small)}",
            stacklevel=2,
        )
    return images[:done]


def _read_square(path: Path, size: int) -> tuple[npt.NDArray[np.uint8], int] | ValueError:
    """The image as a square and its own shorter side, or the error that says why not."""
    try:
        image = _read_rgb(path)
    except ValueError as error:
        return error
    return np.asarray(centre_square(image, size)), min(image.size)


def _progress(total: int) -> "tqdm[NoReturn]":
    return tqdm(total=total, desc="Reading images", delay=2, disable=None)


def _some(names: list[str], limit: int = 3) -> str:
    rest = len(names) - limit
    return "; ".join(names[:limit]) + (f"; and {rest} more" if rest > 0 else "")
