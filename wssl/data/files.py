"""Sources whose images are files: any folder, scikit-image's photographs, open-faces."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wssl.data import download
from wssl.data.decode import Picture
from wssl.data.folder import SPLITS, Folder, content_hash, digest, empty_split
from wssl.data.squares import read_images


class Files(ABC):
    """A source whose images are files, or rows of a table that hold what a file holds."""

    @abstractmethod
    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """The pictures of each split, always in the same order; a split may be empty."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A digest of whatever determines the images."""

    def pictures(self, split: str) -> Sequence[Picture]:
        """The pictures of one split.

        Raises
        ------
        ValueError
            If the split is empty; the message says how many each split has.
        """
        found = self.by_split()
        if not found[split]:
            raise ValueError(empty_split(split, self, "images", found))
        return found[split]

    def images(self, split: str, size: int, count: int | None) -> npt.NDArray[np.uint8]:
        """The first `count` images of a split, or all; uint8 (N, size, size, 3)."""
        return read_images(self.pictures(split), size, count=count)


class FolderSource(Files):
    """Any folder of images: see `wssl.data.folder.Folder` for its splits and its order."""

    def __init__(self, root: str | Path):
        self.folder = Folder(root)

    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """The files of each split, ordered by content."""
        return self.folder.by_split()

    def pictures(self, split: str) -> Sequence[Picture]:
        """The files of a split."""
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

    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """All photographs, in ``"test"``."""
        return {"train": [], "val": [], "test": self._all()}

    def pictures(self, split: str) -> Sequence[Picture]:
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

    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """The files of each split, in the manifest's order."""
        folder = download.open_faces()
        rows = [row for row in download.manifest() if self.kind in (None, row["kind"])]
        return {s: [folder / row["file"] for row in rows if row["split"] == s] for s in SPLITS}

    def fingerprint(self) -> str:
        """A digest of the manifest and the kind."""
        kind = () if self.kind is None else (self.kind,)
        return digest("open-faces", content_hash(download.MANIFEST), *kind)
