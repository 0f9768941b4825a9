"""Image sources by name, such as ``open-faces-2``, and by form, such as ``folder:PATH``.

A new source is a class with `Source`'s two methods and one line in `SOURCES` or in `FORMS`.
"""

import warnings
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from wssl.checks.names import Registry, check_entry, own_digest, unknown_name_error
from wssl.data import portraits
from wssl.data.celeba_hq import CelebAHQ
from wssl.data.files import FolderSource, Listed, Photos
from wssl.data.folder import EmptySplitError, check_split, digest
from wssl.data.hub import Hub
from wssl.data.lfw import LabeledFaces
from wssl.data.manifests import MANIFESTS
from wssl.data.prepared import Prepared

SYNTHETIC_COUNTS = {"train": 512, "val": 64, "test": 128}

Images = npt.NDArray[np.uint8]


class Source(Protocol):
    """The protocol of the entries of `SOURCES`: any object with these two methods."""

    def images(self, split: str, size: int, count: int | None) -> Images:
        """The first `count` images of a split, or all; uint8 (N, size, size, 3)."""

    def fingerprint(self) -> str:
        """A digest of everything that determines the images."""


class Synthetic:
    """Synthetic portraits, any number of them, without a download."""

    def images(self, split: str, size: int, count: int | None) -> Images:
        """The first `count` portraits of a split's endless series."""
        return portraits.draw(count or SYNTHETIC_COUNTS[split], size, split=split)

    def fingerprint(self) -> str:
        """A digest of the generator's version."""
        return digest("synthetic portraits", portraits.VERSION)


SOURCES: Registry[Source] = Registry(
    {
        "synthetic": Synthetic(),
        "photos": Photos(),
        **{name: Listed(name) for name in MANIFESTS},
    }
)
"""Sources by name."""

FORMS: Registry[Callable[..., Source]] = Registry(
    {
        "folder:PATH": FolderSource,
        "celeba-hq:PATH": CelebAHQ,
        "lfw": LabeledFaces,
        "lfw:PATH": LabeledFaces,
        "hub:PATH_OR_NAME": Hub,
        "prepared:PATH": Prepared,
    }
)
"""For each form of a name, the function that makes a source from the part after the colon."""


def find_source(name: str) -> Source:
    """The image source of that name.

    Raises
    ------
    ValueError
        If it is not in `SOURCES` and has none of the `FORMS`; the message names the nearest. If
        its entry is not an object with the methods of `Source`.
    """
    if name in SOURCES:
        check_entry("image source", name, SOURCES[name], ("images", "fingerprint"))
        return SOURCES[name]
    kind, _, argument = name.partition(":")
    for form, make in FORMS.items():
        if form == name:
            return make()
        if argument and form.startswith(f"{kind}:"):
            return make(argument)
    raise unknown_name_error("image source", name, [*SOURCES, *FORMS])


def check_image_source(source: str) -> None:
    """Raise a ValueError unless `source` is a source of images; it names the nearest one.

    Parameters
    ----------
    source : str
        As for `images`.
    """
    find_source(source)


def images(
    source: str = "synthetic", split: str = "train", size: int = 64, count: int | None = None
) -> Images:
    """The images of a source, cropped to their central square and resized.

    The same arguments give the same images in the same order, and ``images(count=5)[:3]`` equals
    ``images(count=3)``.

    Parameters
    ----------
    source : str, default "synthetic"
        A name in `SOURCES`, or one of the `FORMS`, such as ``folder:PATH`` for your own images.
    split : str, default "train"
        ``"train"``, ``"val"`` or ``"test"``.
    size : int, default 64
        Side in pixels. Resizing is Lanczos, antialiased.
    count : int, optional
        Maximum number of images; by default all of the split (for ``synthetic``, which is infinite,
        512, 64 or 128).

    Returns
    -------
    uint8 (N, size, size, 3)
        RGB values, 0 to 255; a memory-mapped view if the source was prepared at this `size`.

    Raises
    ------
    ValueError
        If a name is unknown, images are unreadable, or an entry of `SOURCES` returns another type,
        another shape or more than `count` images.
    EmptySplitError
        If the split is empty, a ValueError.
    FileNotFoundError
        If the folder is missing or contains no image.
    DownloadError
        If the images cannot be downloaded.

    Warns
    -----
    UserWarning
        If unreadable files were skipped, images smaller than `size` enlarged, or all images of an
        entry of `SOURCES` are black.

    Examples
    --------
    >>> images("synthetic", "test", size=32, count=2).shape
    (2, 32, 32, 3)
    """
    if size < 1:
        raise ValueError(f"size: expected at least 1 pixel; received {size}.")
    if count is not None and count < 1:
        raise ValueError(f"count: expected an integer of at least 1; received {count}.")
    found = find_source(source).images(check_split(split), size, count)
    _check_images(found, source, size, count)
    return found


def _check_images(found: Images, source: str, size: int, count: int | None) -> None:
    """Raise a ValueError unless a source returned what `Source` describes."""
    shape, dtype = np.shape(found), getattr(found, "dtype", type(found).__name__)
    right = dtype == np.uint8 and len(shape) == 4 and shape[1:] == (size, size, 3)
    if not right or not 1 <= shape[0] <= (count or shape[0]):
        number = f"1 to {count}" if count else "N"
        empty = right and not shape[0]
        raise (EmptySplitError if empty else ValueError)(
            f"images: expected uint8 ({number}, {size}, {size}, 3), 0 to 255, from the source "
            f"{source!r}; received {dtype} {shape}. Convert or cut them in its method `images`."
        )
    if source not in SOURCES:
        return
    some = found[np.linspace(0, shape[0] - 1, min(shape[0], 64)).astype(int)]
    if some.max() <= 1:
        warnings.warn(
            f"images: expected uint8, 0 to 255, from the source {source!r}; received images whose "
            f"greatest value is {some.max()}, which is black. Multiply images in [0, 1] by 255 "
            "before they are converted to integers.",
            stacklevel=3,
        )


def fingerprint(source: str = "synthetic") -> str:
    """A digest of everything that determines the images of a source: sixteen hexadecimal digits.

    It depends on content only: a folder may be moved and its files renamed. For masks, see
    `wssl.data.mask_fingerprint`.

    Parameters
    ----------
    source : str
        As for `images`.

    Raises
    ------
    ValueError
        If two entries of `SOURCES` have the same digest.
    """
    found = find_source(source)
    return own_digest("image source", source, SOURCES) if source in SOURCES else found.fingerprint()


def kinds(source: str, split: str = "train", count: int | None = None) -> npt.NDArray[np.int32]:
    """The kind of each image of a source, photograph or generated, in the order of `images`.

    Parameters
    ----------
    source, split : str
        As for `images`.
    count : int, optional
        As for `images`.

    Returns
    -------
    int32 (N,)
        0 = photograph, 1 = generated.

    Raises
    ------
    ValueError
        If the source has no such labels.
    """
    found = getattr(find_source(source), "kinds", None)
    if found is None:
        raise ValueError(
            f"dataset: expected one whose images are labelled as real or generated, such as "
            f"'open-faces-2'; received {source!r}."
        )
    return np.asarray(found(check_split(split))[:count], np.int32)
