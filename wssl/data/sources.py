"""Image sources by name: ``synthetic``, ``photos``, ``open-faces`` and ``folder:PATH``.

A new source is a class with `Source`'s two methods and one line in `SOURCES`.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from wssl.data import download, portraits
from wssl.data.decode import read_images
from wssl.data.folder import Folder, check_split, content_hash, digest
from wssl.names import unknown

SYNTHETIC_COUNTS = {"train": 512, "val": 64, "test": 128}

Images = npt.NDArray[np.uint8]


class Source(Protocol):
    """What `SOURCES` holds: anything with these two methods."""

    def images(self, split: str, size: int, count: int | None) -> Images:
        """The first `count` images of a split, or all; uint8 (N, size, size, 3)."""

    def fingerprint(self) -> str:
        """A digest of whatever determines the images."""


class Synthetic:
    """Drawn portraits: as many as asked for, without any download."""

    def images(self, split: str, size: int, count: int | None) -> Images:
        """The first `count` portraits of a split's endless series."""
        return portraits.draw(count or SYNTHETIC_COUNTS[split], size, split=split)

    def fingerprint(self) -> str:
        """A digest of the generator's version."""
        return digest("synthetic portraits", portraits.VERSION)


class Files(ABC):
    """A source whose images are files."""

    @abstractmethod
    def paths(self, split: str) -> list[Path]:
        """The files of a split, always in the same order."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A digest of whatever determines the images."""

    def images(self, split: str, size: int, count: int | None) -> Images:
        """The first `count` images of a split, or all."""
        return read_images(self.paths(split), size, count=count)


class FolderSource(Files):
    """Any folder of images: see `wssl.data.folder.Folder` for its splits and its order."""

    def __init__(self, root: str | Path):
        self.folder = Folder(root)

    def paths(self, split: str) -> list[Path]:
        """The files of a split, ordered by content."""
        return self.folder.paths(split)

    def fingerprint(self) -> str:
        """A digest of the content of all files."""
        return digest("images", self.folder.fingerprint())


class Photos(Files):
    """The colour photographs that scikit-image ships, to test on what no model was trained on.

    Those of the list that the installed version holds; nothing is downloaded.
    """

    NAMES = (
        "astronaut.png",
        "chelsea.png",
        "coffee.png",
        "rocket.jpg",
        "retina.jpg",
        "hubble_deep_field.jpg",
        "ihc.png",
        "motorcycle_left.png",
    )

    def _all(self) -> list[Path]:
        import skimage.data

        folder = Path(skimage.data.__file__).parent
        return [folder / name for name in self.NAMES if (folder / name).is_file()]

    def paths(self, split: str) -> list[Path]:
        """All photographs, if `split` is ``"test"``."""
        paths = self._all()
        if split != "test":
            raise ValueError(
                f"'photos' has no split {split!r}: its {len(paths)} photographs are for tests on "
                "unseen data, split='test'. To train, use 'synthetic', 'open-faces' or "
                "'folder:PATH'."
            )
        return paths

    def fingerprint(self) -> str:
        """A digest of the content of the files."""
        return digest("photos", *map(content_hash, self._all()))


class OpenFaces(Files):
    """1,899 aligned portraits under open licences, split by person.

    Read from ``$WSSL_DATA/open-faces/images``, or rebuilt once from their public originals. The
    fingerprint is that of the manifest, which names each original by its SHA-256.

    Parameters
    ----------
    kind : {"real", "synthetic"}, optional
        Photographs of people, or generated faces; both if not given.
    """

    def __init__(self, kind: str | None = None):
        self.kind = kind

    def paths(self, split: str) -> list[Path]:
        """The files of a split, in the manifest's order."""
        folder = download.open_faces()
        return [
            folder / row["file"]
            for row in download.manifest()
            if row["split"] == split and self.kind in (None, row["kind"])
        ]

    def fingerprint(self) -> str:
        """A digest of the manifest and the kind."""
        kind = () if self.kind is None else (self.kind,)
        return digest("open-faces", content_hash(download.MANIFEST), *kind)


SOURCES: dict[str, Source] = {
    "synthetic": Synthetic(),
    "photos": Photos(),
    "open-faces": OpenFaces(),
    "open-faces:real": OpenFaces("real"),
    "open-faces:synthetic": OpenFaces("synthetic"),
}


def find_source(name: str) -> Source:
    """The image source of that name.

    Raises
    ------
    ValueError
        If it is neither registered nor ``folder:PATH``; the message names the nearest.
    """
    if name in SOURCES:
        return SOURCES[name]
    if name.startswith("folder:") and name != "folder:":
        return FolderSource(name.removeprefix("folder:"))
    raise unknown("image source", name, [*SOURCES, "folder:PATH"])


def check_image_source(source: str) -> None:
    """Raise a ValueError, which names the nearest, unless `source` can be a source of images."""
    find_source(source)


def images(
    source: str = "synthetic", split: str = "train", size: int = 64, count: int | None = None
) -> Images:
    """The images of a source, cut to their central square and resized.

    The same arguments give the same images in the same order, and ``images(count=5)[:3]`` equals
    ``images(count=3)``.

    Parameters
    ----------
    source : str, default "synthetic"
        A name in `SOURCES`, or ``folder:PATH`` for a folder of your own.
    split : str, default "train"
        ``"train"``, ``"val"`` or ``"test"``.
    size : int, default 64
        Side in pixels. Resizing is Lanczos, antialiased.
    count : int, optional
        How many at most; all of the split by default (``synthetic``, which has no end: 512, 64,
        128).

    Returns
    -------
    uint8 (N, size, size, 3)
        RGB values, 0 to 255.

    Raises
    ------
    ValueError
        If a name is unknown, the split is empty, or images are unreadable.
    FileNotFoundError
        If the folder is missing or holds no image.
    DownloadError
        If the images have to be fetched and cannot be.

    Warns
    -----
    UserWarning
        If unreadable files were skipped, or images smaller than `size` enlarged.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1 px, received {size}.")
    if count is not None and count < 1:
        raise ValueError(f"count must be at least 1, received {count}.")
    return find_source(source).images(check_split(split), size, count)


def fingerprint(source: str = "synthetic") -> str:
    """A digest of whatever determines the images of a source: sixteen hexadecimal digits.

    It depends on content only: a folder may be moved and its files renamed. Sources of masks have
    one of their own, `wssl.data.mask_fingerprint`.
    """
    return find_source(source).fingerprint()
