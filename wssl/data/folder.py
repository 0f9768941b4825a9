"""A folder of image files: its content, its splits, and a fingerprint of its content."""

import hashlib
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence, Sized
from functools import cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from wssl.checks.names import unknown_name_error

SPLITS = ("train", "val", "test")

SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "valid": "val"}
SPLIT_NAMES |= {"validation": "val", "dev": "val", "test": "test", "testing": "test"}
"""The split for each common name of a subfolder; names are compared in lower case."""

SPLIT_WORD = re.compile(
    rf"(?<![a-z])({'|'.join(SPLIT_NAMES)})(?:sets?|data|images?)?(?![a-z])", re.IGNORECASE
)
"""The word for a split within a longer name, such as train2017, test_set or TrainImages."""

LOOKS_LIKE = {
    "train": r"[xy]?train\w*|trn",
    "val": r"[xy]?val|valid\w*|vld|dev|devel(opment)?|eval\w*",
    "test": r"[xy]?test(s|e|ing|sets?|data|daten|images?|imgs?)?|tst|holdout|heldout|unseen",
}
"""Words for each split that are not read as one, but are too likely to be meant as one."""

SHORT = {"train": "tr", "val": "va|vl", "test": "te|ts"}
"""Abbreviations of splits that are also those of languages and countries, for example."""

UNDECODED = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""Formats that Pillow recognises, but decodes only with another program or not at all."""


def suffixes() -> frozenset[str]:
    """The extensions of picture files: those registered with Pillow, plugins included."""
    endings = Image.registered_extensions()
    read = Image.OPEN.keys() - UNDECODED | {"MPO"}  # opened by the reader of JPEG
    return frozenset(ending for ending, kind in endings.items() if kind in read)


def check_split(split: str) -> str:
    """Return `split` if it is one of `SPLITS`, else raise a ValueError that names them."""
    if split not in SPLITS:
        raise unknown_name_error("split", split, list(SPLITS))
    return split


def _split_in(name: str) -> str | None:
    """The split that a word in a folder's name stands for; None if there is no or another word."""
    found = {SPLIT_NAMES[word.lower()] for word in SPLIT_WORD.findall(name)}
    return found.pop() if len(found) == 1 else None


def _resembled(name: str, words: Mapping[str, str]) -> str | None:
    """The split that one of the words in a folder's name looks like, or the whole name."""
    own = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    for word in (*own, "".join(own)):
        for split, pattern in words.items():
            if re.fullmatch(pattern, word, re.IGNORECASE):
                return split
    return None


def _by_split(
    folders: Sequence[Path], split_of: Callable[[str], str | None]
) -> dict[Path, dict[str, list[Path]]]:
    """The folders of each split below each parent that has some."""
    found: dict[Path, dict[str, list[Path]]] = {}
    for folder in folders:
        if split := split_of(folder.name):
            found.setdefault(folder.parent, {}).setdefault(split, []).append(folder)
    return found


def digest(*parts: object) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of the `parts`, one per line."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


@cache
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; cached until its size or modification time changes."""
    state = path.stat()
    return _sha256(path.resolve(), state.st_size, state.st_mtime_ns)


def hash_split(sha256: str) -> str:
    """The split of a file by its content: 80 % train, 10 % val, 10 % test.

    Equal files are in the same split, whatever their folder and name.
    """
    tenth = int(sha256[:8], 16) * 10 >> 32
    return "train" if tenth < 8 else "val" if tenth == 8 else "test"


class Found(NamedTuple):
    """The content of a folder at any depth, without hidden files and folders.

    Attributes
    ----------
    images : list of Path
        The picture files, recognised by their extensions.
    others : list of Path
        All other files, and broken links.
    folders : list of Path
        The folder itself and those below it. A folder that several links in one subfolder point to
        is listed once, as is the folder itself if a link points back to it.
    """

    images: list[Path]
    others: list[Path]
    folders: list[Path]


def find_files(root: Path, deep: bool = True) -> Found:
    """List the content of a folder; links to folders are followed.

    Parameters
    ----------
    root : Path
    deep : bool, default True
        Also search the folders in it; otherwise they count as `Found.others`.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    OSError
        If a folder cannot be read; the message names it.
    """
    if not root.is_dir():
        raise FileNotFoundError(
            f"folder: expected an existing folder; received {root}. Relative paths start at "
            f"{Path.cwd()}."
        )
    found, known, endings = Found([], [], []), set[tuple[str, ...]](), suffixes()
    top = os.path.realpath(root)
    for place, folders, files in os.walk(root, onerror=_raise, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        branch, real = Path(place).relative_to(root).parts[:1], os.path.realpath(place)
        if (*branch, real) in known or (branch and real == top):
            folders.clear()
            continue
        known.add((*branch, real))
        found.folders.append(Path(place))
        if not deep:
            found.others.extend(Path(place, name) for name in folders)
            folders.clear()
        for path in (Path(place, name) for name in sorted(files) if not name.startswith(".")):
            image = path.suffix.lower() in endings and path.is_file()
            (found.images if image else found.others).append(path)
    return found


def _raise(error: OSError) -> None:
    raise error


def passed_over(root: Path, others: Sequence[Path], why: str) -> str:
    """The message about files of a folder that are ignored, by extension, with the reason.

    Parameters
    ----------
    root : Path
    others : sequence of Path
    why : str
        The reason, such as ``"not having the extension of a picture"``.
    """
    by_ending: dict[str, list[str]] = {}
    for path in others:
        by_ending.setdefault(path.suffix.lower() or "no extension", []).append(
            str(path.relative_to(root))
        )
    kinds = (
        f"{len(names)} of {ending} ({', '.join(names[:3])}{', ...' * (len(names) > 3)})"
        for ending, names in sorted(by_ending.items())
    )
    heic = " For .heic install pillow-heif." if {".heic", ".heif"} & set(by_ending) else ""
    files = "file" if len(others) == 1 else "files"
    return f"{root}: {len(others)} {files} ignored for {why}: {'; '.join(kinds)}.{heic}"


def no_images_error(root: Path, what: str, others: Sequence[Path]) -> FileNotFoundError:
    """The error for a folder in which `find_files` finds only `others`, no picture."""
    rest = f" {passed_over(root, others, 'other extensions')}" if others else ""
    return FileNotFoundError(
        f"{root}: expected a folder of {what}; received one without any file, at any depth, that "
        f"has an extension of {' '.join(sorted(suffixes()))}.{rest}"
    )


class EmptySplitError(ValueError):
    """A split has no images."""


def empty_split_error(
    split: str, root: object, what: str, found: Mapping[str, Sized], way_out: str = ""
) -> EmptySplitError:
    """The error for an empty split, with the number of `what` in each split."""
    total = sum(map(len, found.values()))
    counts = ", ".join(f"{len(found[s])} in {s}" for s in SPLITS)
    return EmptySplitError(
        f"split: expected one with {what}; received {split!r}, which is empty in {root}: of its "
        f"{total} {what}, {counts}.{way_out}"
    )


class Folder:
    """The image files under a folder, at any depth, each in one split.

    A folder that holds subfolders for both train and test is split by them: ``train`` or
    ``training``, ``test`` or ``testing``, and ``val``, ``valid``, ``validation`` or ``dev``, in
    upper or lower case. If these are not there for both, so is a folder whose subfolders have such
    a word in their names, as ``train2017`` and ``test_set`` do. Without one for val, `hash_split`
    takes it out of train. A folder that has some of them but not both train and test, or has them
    at a deeper level, is rejected. So is one with subfolders whose names look like different
    splits, as ``trn`` and ``tst`` do. Any other is split by `hash_split`.

    Links to folders are followed. Hidden files are ignored. Files that are not pictures, or lie
    outside the subfolders for the splits, are ignored with a warning that names them.

    Parameters
    ----------
    root : str or Path
        Relative to the current directory, or absolute; ``~`` is the home folder.
    what : str
        The kind of files, for error messages.
    """

    def __init__(self, root: str | Path, what: str = "images"):
        self.root = Path(root).expanduser()
        self.what = what

    def __repr__(self) -> str:
        return f"Folder({str(self.root)!r})"

    def files(self) -> list[tuple[str, str, Path]]:
        """Every file as (split, SHA-256, path), ordered by content, not by name.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or no image in it.
        ValueError
            If train and test share a file, or the subfolders are for some of the splits only, or
            look like splits.

        Warns
        -----
        UserWarning
            If files were ignored.
        """
        found = find_files(self.root)
        files: list[tuple[str, str, Path]]
        given = self._subfolders(found.folders)
        if not given:
            self._refuse_lookalikes(found.images)
        if given:
            files, others = self._by_subfolder(given, found)
            why = "not having the extension of a picture, or lying outside train, val and test"
        else:
            hashed = ((content_hash(path), path) for path in found.images)
            files, others = [(hash_split(sha), sha, path) for sha, path in hashed], found.others
            why = "not having the extension of a picture"
        if not files:
            raise no_images_error(self.root, self.what, others)
        if others:
            warnings.warn(passed_over(self.root, others, why), stacklevel=2)
        return sorted(files, key=lambda file: file[1:])

    def paths(self, split: str) -> list[Path]:
        """The files of one split, ordered by content.

        Raises
        ------
        EmptySplitError
            If the split is empty; the message says how many files there are.
        """
        found = self.by_split()
        if not found[split]:
            way_out = (
                f" Files are split by content, 80/10/10. Add {self.what}, or sort them into the "
                "subfolders train, val and test."
            )
            raise empty_split_error(split, self.root, self.what, found, way_out)
        return found[split]

    def by_split(self) -> dict[str, list[Path]]:
        """The files of each split, ordered by content; a split may be empty."""
        files = self.files()
        return {split: [path for own, _, path in files if own == split] for split in SPLITS}

    def fingerprint(self) -> str:
        """A digest of the content and split of every file, independent of names and location."""
        return digest(*(f"{split} {sha}" for split, sha, _ in self.files()))

    def _subfolders(self, folders: Sequence[Path]) -> dict[str, Path]:
        """The subfolder of each split that has one; none if the folder is not split by them."""
        named = _by_split(folders[1:], lambda name: SPLIT_NAMES.get(name.strip().lower()))
        if not {"train", "test"} <= named.get(self.root, {}).keys():
            longer = _by_split(folders[1:], _split_in)
            named |= {parent: own for parent, own in longer.items() if len(own) > 1}
        for several in named.values():
            for split, (first, *more) in several.items():
                if more:
                    raise ValueError(
                        f"{first} and {more[0]} are both for {split}. Move the {self.what} of both "
                        "to one of them."
                    )
        below = {
            parent: {split: found[0] for split, found in several.items()}
            for parent, several in named.items()
        }
        given = below.get(self.root, {})
        if {"train", "test"} <= given.keys():
            return given
        if given:
            lacking = " or ".join(s for s in ("train", "test") if s not in given)
            raise ValueError(
                f"{self.root} has subfolders for {', '.join(given)} "
                f"({', '.join(folder.name for folder in given.values())}), but none for {lacking}. "
                f"Add it; or rename these, so that all {self.what} are split by content, 80/10/10; "
                f"or give one of them, such as {next(iter(given.values()))}."
            )
        for parent, own in below.items():
            if len(own) > 1:
                names = ", ".join(folder.name for folder in own.values())
                raise ValueError(
                    f"{parent} has subfolders for the splits ({names}), but {self.root} has none, "
                    f"so they would be mixed. Give {parent}, or sort the {self.what} into "
                    f"{self.root / 'train'} and {self.root / 'test'}."
                )
        apart = {split: folder for own in below.values() for split, folder in own.items()}
        if len(apart) > 1:
            names = ", ".join(str(folder.relative_to(self.root)) for folder in apart.values())
            raise ValueError(
                f"{self.root} has subfolders for the splits in different folders ({names}), so "
                f"they would be mixed. Sort the {self.what} into {self.root / 'train'} and "
                f"{self.root / 'test'}, or rename these."
            )
        return {}

    def _refuse_lookalikes(self, images: Sequence[Path]) -> None:
        """Raise a ValueError if folders of images beside each other look like different splits."""
        beside: dict[Path, set[Path]] = {}
        for folder in {parent for path in images for parent in path.parents}:
            if folder.is_relative_to(self.root) and folder != self.root:
                beside.setdefault(folder.parent, set()).add(folder)
        for parent, folders in sorted(beside.items()):
            for words in (LOOKS_LIKE, {s: f"{LOOKS_LIKE[s]}|{SHORT[s]}" for s in SPLITS}):
                like = {folder.name: _resembled(folder.name, words) for folder in sorted(folders)}
                meant = {split: name for name, split in like.items() if split}
                if len(meant) > 1 and (words is LOOKS_LIKE or all(like.values())):
                    names = ", ".join(name for name, split in like.items() if split)
                    raise ValueError(
                        f"{parent}: subfolders look like splits ({names}), but not all of these "
                        f"names are understood, so their {self.what} would be mixed. Rename them "
                        "to train, val and test; or, if they are no splits, to names that do not "
                        "look like them."
                    )

    def _by_subfolder(
        self, given: Mapping[str, Path], found: Found
    ) -> tuple[list[tuple[str, str, Path]], list[Path]]:
        """The files of the subfolders for the splits, and all others."""
        files, others = [], list(found.others)
        homes = {folder: split for split, folder in given.items()}
        for path in found.images:
            home = next((homes[parent] for parent in path.parents if parent in homes), None)
            if home is None:
                others.append(path)
                continue
            sha = content_hash(path)
            if home == "train" and "val" not in given and hash_split(sha) == "val":
                home = "val"
            files.append((home, sha, path))
        first: dict[str, tuple[str, Path]] = {}
        for split, sha, path in files:
            other, twin = first.setdefault(sha, (split, path))
            if other != split:
                raise ValueError(
                    f"{twin} and {path} are the same file, in {other} and in {split}. Remove one, "
                    "so that the test is on unseen data."
                )
        return files, others
