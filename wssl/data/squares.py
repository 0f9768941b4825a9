"""Read many images as centre-cropped squares; report unreadable files by name."""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from wssl.data.decode import Picture, dim, read_rgb


class Cut(NamedTuple):
    """An image as a centred square.

    Attributes
    ----------
    values : uint8 (size, size, 3)
        In sRGB.
    side : int
        The shorter side of the image as it was decoded, in pixels.
    peak : int
        As in `wssl.data.decode.Photo`.
    """

    values: npt.NDArray[np.uint8]
    side: int
    peak: int


Square = Cut | ValueError
"""The result of `read_square`: a square, or an error that names the file."""


def centre_square(
    image: Image.Image, size: int, resample: Image.Resampling = Image.Resampling.LANCZOS
) -> Image.Image:
    """Cut the largest centred square out of `image` and resize it to (`size`, `size`)."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return square.resize((size, size), resample)


def read_square(path: Picture, size: int, draft: bool = False) -> Square:
    """Read one image as a centred square, or return the reason it is unreadable.

    Parameters
    ----------
    path : Path or Encoded
    size : int
        Side of the square, in pixels. Resizing is Lanczos, antialiased.
    draft : bool, default False
        Let the JPEG decoder halve a large image until it is at least twice `size`, which is several
        times faster; it has no effect on other formats. Values differ by less than one grey level
        on average.

    Returns
    -------
    Cut or ValueError
    """
    try:
        image, peak = read_rgb(path, 2 * size if draft else None)
    except ValueError as error:
        return error
    return Cut(np.asarray(centre_square(image, size)), min(image.size), peak)


def read_images(
    paths: Sequence[Picture],
    size: int,
    max_unreadable: float = 0.05,
    count: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Read many images as centred squares of one size.

    Parameters
    ----------
    paths : sequence of Path or Encoded
        The files, in order.
    size : int
        Side of the square, in pixels. Resizing is Lanczos, antialiased.
    max_unreadable : float, default 0.05
        Share of `paths` that may be unreadable. Those are skipped and named in one warning.
    count : int, optional
        Stop after this many readable images; by default all are read.

    Returns
    -------
    uint8 (N, size, size, 3)
        RGB values, in the order of `paths`.

    Raises
    ------
    ValueError
        If no image is readable or the unreadable exceed `max_unreadable`.

    Warns
    -----
    UserWarning
        If files were skipped, images smaller than `size` were enlarged, or the values of 16-bit
        files have 14 significant bits or fewer.
    """
    wanted = len(paths) if count is None else min(count, len(paths))
    images = np.empty((wanted, size, size, 3), np.uint8)
    bad: list[str] = []
    small: list[str] = []
    dark: dict[str, int] = {}
    done = 0
    with ThreadPoolExecutor() as pool, _progress(wanted) as bar:
        results = pool.map(lambda i: read_square(paths[i], size), range(len(paths)))
        for i, result in enumerate(results):
            if isinstance(result, ValueError):
                bad.append(str(result))
                continue
            images[done] = result.values
            small += [paths[i].name] if result.side < size else []
            dark |= {str(paths[i]): result.peak} if result.peak else {}
            done += 1
            bar.update()
            if done == wanted:
                pool.shutdown(cancel_futures=True)
                break

    if bad and (done == 0 or len(bad) > max_unreadable * len(paths)):
        raise ValueError(
            f"images: expected at most {max_unreadable:.0%} unreadable; received {len(bad)} of "
            f"{len(paths)}. Remove or repair them. {first_names(bad)}"
        )
    if bad:
        warnings.warn(f"Skipped {len(bad)} unreadable images. {first_names(bad)}", stacklevel=2)
    if small:
        warnings.warn(
            f"Enlarged {len(small)} of {done} images, smaller than {size} px: {first_names(small)}",
            stacklevel=2,
        )
    if dark:
        warnings.warn(
            f"{len(dark)} images, {dim(first_names([*dark]), max(dark.values()))}", stacklevel=2
        )
    return images[:done]


def _progress(total: int) -> "tqdm[NoReturn]":
    return tqdm(total=total, desc="Reading images", delay=2, disable=None)


def first_names(names: Sequence[str], limit: int = 3) -> str:
    """The first few names of a list, and the number of the others."""
    rest = len(names) - limit
    return "; ".join(names[:limit]) + (f"; and {rest} more" if rest > 0 else "")
