"""The manifests, which list the public files that the images of a data set are made from.

A manifest is a CSV file of this package with one row per image. In addition to the columns of
`Entry` it has one for the licence, and others for human readers only.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import cache
from math import inf
from pathlib import Path, PurePosixPath

from wssl.data.folder import digest

FOLDER = Path(__file__).parent
MANIFESTS = {
    "open-faces-2": "5556353ade2c48dd",
    "objects": "9514b567d98c7cb4",
}
"""The manifests of this package by name, each with the `contents_digest` of its images.

A manifest that was cut at the end of a row would otherwise be read as a smaller data set.
"""

VERSION = 1
"""The version of the steps from an original to an image; it enters the fingerprints."""


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
    def group(self) -> str:
        """The folder of the original, which for ``objects`` is the kind of object."""
        return PurePosixPath(self.path).parent.name

    @property
    def content(self) -> str:
        """Everything that determines the image and its use, as JSON, without the licence."""
        original = self.repository, self.commit, self.path, self.sha256
        return json.dumps([self.split, *original, *self.box])


def manifest_path(name: str) -> Path:
    """The path of the manifest of that name, one of `MANIFESTS`."""
    return FOLDER / f"{name}.csv"


def package_manifest(name: str) -> tuple[Entry, ...]:
    """The images of a manifest of this package.

    Parameters
    ----------
    name : str
        One of `MANIFESTS`.

    Raises
    ------
    ValueError
        As from `read_manifest`, and if rows are missing, added or changed.
    """
    path = manifest_path(name)
    entries, found = read_manifest(path), contents_digest(path)
    if found != MANIFESTS[name]:
        raise ValueError(
            f"{path}: expected the images of this version of the package, with the digest "
            f"{MANIFESTS[name]}; received {len(entries)} images with the digest {found}, so rows "
            f"are missing, added or changed. {_RESTORE}"
        )
    return entries


@cache
def contents_digest(path: Path) -> str:
    """A digest of all values of all images of a manifest, in its order.

    Parameters
    ----------
    path : Path
    """
    return digest(*(json.dumps(astuple(entry)) for entry in read_manifest(path)))


@cache
def read_manifest(path: Path) -> tuple[Entry, ...]:
    """The images of a manifest, in its order.

    Line ends, the order of the columns and quotation marks do not matter.

    Parameters
    ----------
    path : Path
        From `manifest_path`.

    Raises
    ------
    ValueError
        If the file is not a manifest, has no rows or two for one image, or the paths in a row leave
        the folder of the images or the commit; the message names the line.
    """
    entries: list[Entry] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            for row in rows:
                entries.append(_entry({name: (row[name] or "").strip() for name in row if name}))
    except KeyError as error:
        raise ValueError(f"{path}: expected a column {error}. {_RESTORE}") from error
    except (ValueError, csv.Error) as error:
        line = f", line {rows.line_num}" if entries else ""
        raise ValueError(f"{path}{line}: {error}. {_RESTORE}") from error
    times = Counter(entry.file for entry in entries)
    if not times or times.most_common(1)[0][1] > 1:
        received = f"several for {times.most_common(1)[0][0]}" if times else "none"
        raise ValueError(
            f"{path}: expected one row for each image; received {received}. {_RESTORE}"
        )
    return tuple(entries)


_RESTORE = "Restore the file from the package."


def _entry(row: Mapping[str, str]) -> Entry:
    for name, pattern in _FIELDS.items():
        if not re.fullmatch(pattern, row[name], re.IGNORECASE):
            raise ValueError(f"{name}: expected {pattern}; received {row[name]!r}")
    for name in ("file", "path"):
        path = PurePosixPath(row[name])
        if path.is_absolute() or ".." in path.parts or {*"\\\0"} & {*row[name]} or not path.name:
            raise ValueError(f"{name}: expected a relative path; received {row[name]!r}")
    left, top, right, bottom = (float(row[side]) for side in ("left", "top", "right", "bottom"))
    if not (0 <= left < right < inf and 0 <= top < bottom < inf):
        raise ValueError(
            f"expected the sides of a box in order; received {left}, {top}, {right}, {bottom}"
        )
    return Entry(
        file=row["file"],
        split=row["split"].lower(),
        kind=row.get("kind", "").lower(),
        repository=row["repository"],
        commit=row["commit"].lower(),
        path=row["path"],
        sha256=row["sha256_original"].lower(),
        box=(left, top, right, bottom),
    )


_FIELDS = {
    "split": "train|val|test",
    "repository": r"[\w.-]+/[\w.-]+",
    "commit": "[0-9a-f]{6,40}",
    "sha256_original": "[0-9a-f]{64}",
}


@cache
def manifest_fingerprint(path: Path) -> str:
    """A digest of the content and order of a manifest's images, independent of the file's layout.

    Parameters
    ----------
    path : Path
        From `manifest_path`.
    """
    return digest("manifest", VERSION, *(entry.content for entry in read_manifest(path)))
