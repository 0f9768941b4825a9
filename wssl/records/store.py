"""The store of records: one JSON file per run, named by its fingerprint, written atomically.

The code that runs experiments and the code that reports them share only this store. It needs
nothing but the standard library.
"""

import errno
import hashlib
import json
import os
import stat
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

Record = dict[str, Any]

READ_LOG = "WSSL_READ_LOG"
"""The environment variable that names a file in which stores log the requested records.

Each line has the path of a record, or of a folder whose records were listed, relative to the
results folder, and its `digest`.
"""

_REQUIRED = {
    "kind": str,
    "experiment": dict,
    "fingerprint": str,
    "metrics": dict,
    "provenance": dict,
}
"""The keys that every record has, with the types of their values."""


def fingerprint(value: Any) -> str:
    """Sixteen hexadecimal digits that identify a JSON value, independent of the order of its keys.

    Parameters
    ----------
    value : any
        Any JSON value.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest(path: Path) -> str:
    """Eight hexadecimal digits that identify a record, or the list of records in a folder.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        Empty if the path does not exist.
    """
    if path.is_dir():
        content = "\n".join(sorted(found.name for found in path.glob("[!.]*.json"))).encode()
    elif path.exists():
        content = path.read_bytes()
    else:
        return ""
    return hashlib.sha256(content).hexdigest()[:8]


def _note(path: Path) -> None:
    log = os.environ.get(READ_LOG)
    roots = (default_root(), reference_root()) if log else ()
    for root in roots:
        if path.absolute().is_relative_to(root):
            with open(str(log), "a", encoding="utf-8") as file:
                file.write(f"{path.absolute().relative_to(root).as_posix()}\t{digest(path)}\n")
            return


def default_root() -> Path:
    """The results folder: ``$WSSL_RESULTS``, or the nearest ``results/`` upwards, or here.

    Notebooks run from the repository root or from ``notebooks/``; both find the same folder.

    Raises
    ------
    NotADirectoryError
        If the environment variable names a file.
    """
    if named := os.environ.get("WSSL_RESULTS"):
        if Path(named).is_file():
            raise NotADirectoryError(
                f"WSSL_RESULTS: expected a folder, or the name of a new one; received {named!r}, "
                "a file. Correct it, or unset it."
            )
        return Path(named).absolute()
    return reference_root()


def reference_root() -> Path:
    """The nearest ``results/`` upwards, or here: in a clone, the reference edition's records."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "results").is_dir():
            return folder / "results"
    return here / "results"


def _parsed(text: str) -> Record:
    """The record that a text holds; a ValueError or TypeError if it is none."""
    record = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_twins)
    if missing := _REQUIRED.keys() - set(record):
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    wrong = [name for name, kind in _REQUIRED.items() if not isinstance(record[name], kind)]
    if any(
        type(value) not in (int, float, type(None)) for value in dict(record["metrics"]).values()
    ):
        wrong.append("metrics")
    if not record["experiment"]:
        wrong.append("experiment")
    if wrong:
        raise ValueError(f"it has another form of {', '.join(wrong)}")
    return dict(record)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it has the value {name}")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"it has {name!r} twice")
        found[name] = value
    return found


class Store:
    """A folder of records and trained weights.

    Parameters
    ----------
    root : path, optional
        The folder; `default_root` if not given. It is created at the first write.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     store = Store(folder)
    ...     store.get("0123456789abcdef") is None, list(store.records())
    (True, [])
    """

    def __init__(self, root: str | Path | None = None):
        self.root = Path(root) if root is not None else default_root()

    def path(self, fingerprint: str) -> Path:
        """The path of the record of that fingerprint."""
        return self.root / f"{fingerprint}.json"

    def weights_path(self, fingerprint: str) -> Path:
        """The path of the trained weights of that fingerprint (never committed)."""
        return self.root / "checkpoints" / f"{fingerprint}.npz"

    def checkpoint_path(self, fingerprint: str) -> Path:
        """The path of the checkpoint of an unfinished run of that fingerprint."""
        return self.root / "checkpoints" / f"{fingerprint}.partial.npz"

    def get(self, fingerprint: str) -> Record | None:
        """The record of that fingerprint, or None if there is no readable one.

        A damaged file counts as missing, with a warning that names it.

        Raises
        ------
        OSError
            As from `is_present`.
        """
        path = self.path(fingerprint)
        present = is_present(path)
        _note(path)
        if not present:
            return None
        try:
            record = _parsed(path.read_text(encoding="utf-8"))
            if record["fingerprint"] != fingerprint:
                raise ValueError(f"it holds the record of {record['fingerprint']}")
        except (ValueError, TypeError) as error:
            warnings.warn(
                f"The record {path} is damaged ({error}) and counts as absent; running its "
                "experiment again replaces it.",
                stacklevel=2,
            )
            return None
        return record

    def put(self, record: Mapping[str, Any]) -> Path:
        """Write a record atomically, with one line per key.

        Raises
        ------
        OSError
            If the folder is not writable.
        """
        path = self.path(record["fingerprint"])
        lines = (
            f"{json.dumps(key)}: {json.dumps(value, allow_nan=False, ensure_ascii=False)}"
            for key, value in record.items()
        )
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        _note(path)
        return path

    def finish(self, fingerprint: str) -> None:
        """Remove the checkpoint of a run, unless its trained weights are missing."""
        checkpoint = self.checkpoint_path(fingerprint)
        if checkpoint.exists() and self.weights_path(fingerprint).exists():
            checkpoint.unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """Every readable record, in the order of the fingerprints."""
        _note(self.root)
        for path in sorted(self.root.glob("[!.]*.json")):
            record = self.get(path.stem)
            if record is not None:
                yield record

    def check_writable(self, fingerprint: str | None = None) -> None:
        """Create the folder and test that it is writable, so that a run fails before training.

        Parameters
        ----------
        fingerprint : str, optional
            Of the run whose weights are to be written.

        Raises
        ------
        PermissionError
            If it is not writable; the message names the folder and a remedy.
        OSError
            As from `is_present`, of the weights.
        """
        try:
            (self.root / "checkpoints").mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise PermissionError(
                f"The results folder {self.root} is not writable ({error.strerror}). Set the "
                "environment variable WSSL_RESULTS to another folder."
            ) from error
        if fingerprint is not None:
            is_present(self.weights_path(fingerprint))


def is_present(path: Path) -> bool:
    """Whether there is a file at a path; a broken link counts as none.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If something other than a file is there, such as a folder, or a file that cannot be read;
        the message names it and the way out.
    """
    if (obstacle := _obstacle(path)) is not None:
        raise OSError(
            f"{path}: expected a file that can be read; received {obstacle}. Move it away, then "
            "run the same command again."
        )
    try:
        os.close(os.open(path, os.O_RDONLY))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise OSError(
            f"{path}: expected a file that can be read; received one that cannot "
            f"({error.strerror}). Change its permissions, or move it away."
        ) from error
    return True


def _obstacle(path: Path) -> str | None:
    """What is at a path if it is not a file, in words."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a link that leads back to itself" if error.errno == errno.ELOOP else None
    if stat.S_ISDIR(mode):
        return "a folder"
    return None if stat.S_ISREG(mode) else "what is neither a file nor a folder"


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Context manager: a temporary path that replaces `path` if the block ends without an error.

    Files left behind by killed writes of `path` are removed first. Files that another process is
    writing are kept: the process holds a lock, which is released when it ends. On systems without
    such locks, nothing is removed.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If `path` is not writable, or something other than a file; the message names it, and a
        remedy if the disk is full.
    """
    if (obstacle := _obstacle(path)) is not None:
        raise OSError(
            f"{path}: expected a file, or none yet, to write to; received {obstacle}. Move it "
            "away, or choose another name."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    handle, temporary = _begin(path)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            hint = f"{error.strerror}. Free some space, then run the same command again"
            raise OSError(error.errno, hint, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def _begin(path: Path) -> tuple[int | None, Path]:
    """A new file next to `path`, and the open file that locks it, if the system has locks."""
    while True:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
        )
        if not _lock(handle, wait=True):
            os.close(handle)
            return None, Path(name)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # another process removed it as a leftover before it was locked


def _remove_leftovers(path: Path) -> None:
    for leftover in path.parent.glob(f".{escape(path.stem)}-*{escape(path.suffix)}"):
        with suppress(OSError):
            handle = os.open(leftover, os.O_RDWR)
            try:
                if _lock(handle):
                    leftover.unlink()
            finally:
                os.close(handle)


def _lock(handle: int, wait: bool = False) -> bool:
    """Whether no other open file locks this one until it is closed."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (ImportError, OSError):
        return False
    return True
