"""Sources of image files: any folder, scikit-image's photographs, the manifests."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wssl.data import download
from wssl.data.decode import VERSION, Picture
from wssl.data.folder import SPLITS, Folder, content_hash, digest, empty_split_error
from wssl.data.manifests import manifest_fingerprint, manifest_path, package_manifest
from wssl.data.squares import read_images


class Files(ABC):
    """A source whose images are files, or rows of a table with the content of files."""

    @abstractmethod
    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """The pictures of each split, always in the same order; a split may be empty."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A digest of everything that determines the images."""

    def pictures(self, split: str) -> Sequence[Picture]:
        """The pictures of one split.

        Raises
        ------
        EmptySplitError
            If the split is empty; the message says how many each split has.
        """
        found = self.by_split()
        if not found[split]:
            raise empty_split_error(split, self, "images", found)
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
        return digest("images", VERSION, self.folder.fingerprint())


class Photos(Files):
    """The colour photographs that scikit-image ships, for tests on unseen images.

    Only photographs that the installed version includes are used; nothing is downloaded.
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
            raise _for_tests_only("photos", split, len(paths))
        return paths

    def fingerprint(self) -> str:
        """A digest of the content of the files."""
        return digest("photos", VERSION, *map(content_hash, self._all()))


class Listed(Files):
    """The images of a manifest of this package, 256 x 256 px.

    Read from ``$WSSL_DATA/NAME/images``, or rebuilt once from their public originals.

    Parameters
    ----------
    name : str
        One of `wssl.data.manifests.MANIFESTS`.
    """

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """The files of each split, in the manifest's order."""
        entries = package_manifest(self.name)
        folder = download.image_folder(self.name)
        return {s: [folder / entry.file for entry in entries if entry.split == s] for s in SPLITS}

    def pictures(self, split: str) -> Sequence[Picture]:
        """The files of a split; nothing is downloaded for a split that the manifest lacks."""
        entries = package_manifest(self.name)
        if split != "test" and {entry.split for entry in entries} == {"test"}:
            raise _for_tests_only(self.name, split, len(entries))
        return super().pictures(split)

    def images(self, split: str, size: int, count: int | None) -> npt.NDArray[np.uint8]:
        """The first `count` images of a split, or all; an unreadable one is an error.

        The fingerprint is that of the manifest, so every image in it has to be there.
        """
        return read_images(self.pictures(split), size, max_unreadable=0.0, count=count)

    def kinds(self, split: str) -> list[int]:
        """The kind of each image of a split: 0 for a photograph, 1 for a generated face."""
        entries = package_manifest(self.name)
        return [int(entry.kind == "synthetic") for entry in entries if entry.split == split]

    def fingerprint(self) -> str:
        """A digest of the manifest's rows, which name each original by its SHA-256."""
        package_manifest(self.name)
        return manifest_fingerprint(manifest_path(self.name))


def _for_tests_only(name: str, split: str, count: int) -> ValueError:
    return ValueError(
        f"split: expected 'test' for {name!r}, whose {count} pictures are for tests on unseen "
        f"data; received {split!r}. To train, use 'synthetic', 'open-faces-2' or 'folder:PATH'."
    )
