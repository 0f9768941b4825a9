"""The manifests: which public files the images of a data set are made of, and how.

A manifest is a CSV file of this package, a row an image. Beside the columns of `Entry` it has one
for the licence, and others that only people read.
"""

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wssl.data.folder import digest

FOLDER = Path(__file__).parent
MANIFESTS = ("open-faces", "open-faces-2", "objects")
VERSION = 1
"""Of how an image is made of its original; it enters the fingerprints."""


@dataclass(frozen=True)
class Entry:
    """An image of a manifest.

    Attributes
    ----------
    file : str
        Where the image is kept, relative to the folder of its data set.
    split : {"train", "val", "test"}
    kind : str
        ``"real"`` for a photograph, ``"synthetic"`` for a generated face, or empty.
    repository, commit, path : str
        The original, a file of a public GitHub repository: ``owner/name``, a full commit hash, and
        the path inside that commit.
    sha256 : str
        Of the original, in hexadecimal.
    box : (float, float, float, float)
        Left, top, right and bottom of the square to cut from the original, in its pixels.
    """

    file: str
    split: str
    kind: str
    repository: str
    commit: str
    path: str
    sha256: str
    box: tuple[float, float, float, float]

    @property
    def content(self) -> str:
        """What determines the image and its use, as JSON; the licence may be reworded freely."""
        original = self.repository, self.commit, self.path, self.sha256
        return json.dumps([self.split, *original, *self.box])


def manifest_path(name: str) -> Path:
    """Where the manifest of that name is, one of `MANIFESTS`."""
    return FOLDER / f"{name}.csv"


@cache
def read_manifest(path: Path) -> tuple[Entry, ...]:
    """The images of a manifest, in its order.

    Line ends, the order of the columns and quotation marks do not matter.

    Parameters
    ----------
    path : Path
        From `manifest_path`.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        return tuple(
            Entry(
                file=row["file"].strip(),
                split=row["split"].strip(),
                kind=row.get("kind", "").strip(),
                repository=row["repository"].strip(),
                commit=row["commit"].strip().lower(),
                path=row["path"].strip(),
                sha256=row["sha256_original"].strip().lower(),
                box=(
                    float(row["left"]),
                    float(row["top"]),
                    float(row["right"]),
                    float(row["bottom"]),
                ),
            )
            for row in csv.DictReader(file)
        )


@cache
def manifest_fingerprint(path: Path, kind: str | None = None) -> str:
    """A digest of the images of a manifest: of their content and order, not of the file's bytes.

    Parameters
    ----------
    path : Path
        From `manifest_path`.
    kind : str, optional
        Of these images only.
    """
    entries = (entry for entry in read_manifest(path) if kind in (None, entry.kind))
    return digest("manifest", VERSION, *(entry.content for entry in entries))
