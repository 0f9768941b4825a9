"""Labeled Faces in the Wild: 13,233 photographs of 5,749 people, split by person."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from wssl.checks.extras import optional_module
from wssl.data import download
from wssl.data.decode import VERSION, Picture
from wssl.data.files import Files
from wssl.data.folder import SPLITS, Folder, digest, hash_split


class LabeledFaces(Files):
    """Labeled Faces in the Wild (Huang et al., 2007), a folder of photographs for each person.

    Read from the folder given, else from ``$WSSL_DATA/lfw``, else downloaded once with
    scikit-learn. No person is in two splits: a hash of the name assigns 80 % of the people to
    train, 10 % to val and 10 % to test.

    Parameters
    ----------
    root : str or Path, optional
        A folder with one subfolder for each person.
    """

    def __init__(self, root: str | Path | None = None):
        self.root = Path(root).expanduser() if root else None

    def __repr__(self) -> str:
        return f"LabeledFaces({str(self.root)!r})" if self.root else "lfw"

    def by_split(self) -> Mapping[str, Sequence[Picture]]:
        """The files of each split, ordered by content."""
        files = self._files()
        return {split: [path for own, _, path in files if own == split] for split in SPLITS}

    def fingerprint(self) -> str:
        """A digest of the content of all files and their splits."""
        return digest("lfw", VERSION, *(f"{split} {sha}" for split, sha, _ in self._files()))

    def _files(self) -> list[tuple[str, str, Path]]:
        root = self.root or download.local("lfw") or fetched()
        files = [(path, sha) for _, sha, path in Folder(root).files()]
        for path, _ in files:
            if path.parent == root:
                raise ValueError(
                    f"{root}: expected a subfolder for each person; received images outside of "
                    f"any, such as {path.name}. Use folder:PATH for images without subfolders."
                )
        return [(person_split(path.parent.name), sha, path) for path, sha in files]


def person_split(name: str) -> str:
    """The split of all photographs of a person."""
    return hash_split(hashlib.sha256(name.encode()).hexdigest())


def fetched() -> Path:
    """The folder of the photographs, which scikit-learn downloads and unpacks if necessary.

    Raises
    ------
    ModuleNotFoundError
        If scikit-learn is not installed.
    DownloadError
        If the photographs cannot be downloaded.
    """
    datasets = optional_module("sklearn.datasets", "lfw")
    folder = Path(datasets.get_data_home()) / "lfw_home" / "lfw_funneled"
    if (folder.parent / "lfw-funneled.tgz").exists():
        # scikit-learn deletes the archive once it is unpacked, and takes any folder as complete.
        shutil.rmtree(folder, ignore_errors=True)
    if not folder.is_dir():
        try:
            # It unpacks all photographs, but loads only a few of them into memory.
            datasets.fetch_lfw_people(min_faces_per_person=500, resize=0.1)
        except OSError as error:
            raise download.DownloadError(
                f"Labeled Faces in the Wild cannot be downloaded: {error}. Try again, or unpack it "
                "yourself and use lfw:PATH, or set WSSL_DATA to a folder that contains it in lfw/."
            ) from error
    return folder
