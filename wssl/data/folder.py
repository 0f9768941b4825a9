"""A folder of image files: what it holds, how it splits, and a fingerprint of its content."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sized
from functools import cache
from pathlib import Path

from wssl.names import unknown

SPLITS = ("train", "val", "test")
SUFFIXES: tuple[str, ...] = (".avif", ".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pbm", ".pgm")
SUFFIXES += (".png", ".ppm", ".tif", ".tiff", ".webp")


def check_split(split: str) -> str:
    """Return `split` if it is one of `SPLITS`, else raise a ValueError that names them."""
    if split not in SPLITS:
        raise unknown("split", split, list(SPLITS))
    return split


def digest(*parts: object) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of the `parts`, a line each."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


@cache
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; computed once while the file stays as it is."""
    state = path.stat()
    return _sha256(path.resolve(), state.st_size, state.st_mtime_ns)


def hash_split(sha256: str) -> str:
    """The split of a file by its content: 80 % train, 10 % val, 10 % test.

    Equal files land in the same split, wherever they lie and whatever they are called.
    """
    tenth = int(sha256[:8], 16) * 10 >> 32
    return "train" if tenth < 8 else "val" if tenth == 8 else "test"


def image_files(root: Path) -> Iterator[Path]:
    """Every image file under `root`, at any depth, except hidden ones.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(
            f"There is no folder {root}. A relative path starts at {Path.cwd()}."
        )
    for path in root.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.suffix.lower() in SUFFIXES and path.is_file() and not hidden:
            yield path


def no_images(root: Path, what: str = "images") -> FileNotFoundError:
    """The error for a folder in which `image_files` finds nothing."""
    return FileNotFoundError(
        f"The folder {root} holds no {what}: none of its files, at any depth, ends in one of "
        f"{' '.join(SUFFIXES)}."
    )


def empty_split(split: str, root: object, what: str, found: Mapping[str, Sized]) -> str:
    """Say that a split has nothing, and how many of `what` each split has."""
    total = sum(map(len, found.values()))
    counts = ", ".join(f"{len(found[s])} in {s}" for s in SPLITS)
    return f"The split {split!r} of {root} is empty: of its {total} {what}, {counts}."


class Folder:
    """The image files under a folder, at any depth, each in one split.

    A folder that holds both a ``train`` and a ``test`` subfolder is split by them, ``val`` being
    its ``val`` subfolder or, for want of one, the part of ``train`` that `hash_split` sends
    there. Any other folder is split by `hash_split`. Hidden files are passed over.

    Parameters
    ----------
    root : str or Path
        Relative to the current directory, or absolute; ``~`` is the home folder.
    what : str
        What the files are, for error messages.
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
            If ``train`` and ``test`` share a file.
        """
        if all((self.root / split).is_dir() for split in ("train", "test")):
            files = self._by_subfolder()
        else:
            files = [(hash_split(sha), sha, path) for sha, path in self._walk(self.root)]
        if not files:
            raise no_images(self.root, self.what)
        return sorted(files, key=lambda file: file[1:])

    def paths(self, split: str) -> list[Path]:
        """The files of one split, ordered by content.

        Raises
        ------
        ValueError
            If the split is empty; the message says how many files there are.
        """
        found = self.by_split()
        if not found[split]:
            raise ValueError(
                f"{empty_split(split, self.root, self.what, found)} Files are split by "
                f"their content, 80/10/10: add {self.what}, or sort them into the subfolders "
                "train, val and test."
            )
        return found[split]

    def by_split(self) -> dict[str, list[Path]]:
        """The files of each split, ordered by content; a split may be empty."""
        files = self.files()
        return {split: [path for own, _, path in files if own == split] for split in SPLITS}

    def fingerprint(self) -> str:
        """A digest of the content of all files and their splits, not of names or of the place."""
        return digest(*(f"{split} {sha}" for split, sha, _ in self.files()))

    def _walk(self, root: Path) -> Iterable[tuple[str, Path]]:
        for path in image_files(root):
            yield content_hash(path), path

    def _by_subfolder(self) -> list[tuple[str, str, Path]]:
        given = [s for s in SPLITS if (self.root / s).is_dir()]
        files = [(s, sha, path) for s in given for sha, path in self._walk(self.root / s)]
        if "val" not in given:
            files = [
                ("val" if s == "train" and hash_split(sha) == "val" else s, sha, path)
                for s, sha, path in files
            ]
        home: dict[str, tuple[str, Path]] = {}
        for split, sha, path in files:
            other, twin = home.setdefault(sha, (split, path))
            if other != split:
                raise ValueError(
                    f"{twin} and {path} are the same file, in {other} and in {split}: "
                    "remove one, or the test would not be on unseen data."
                )
        return files
