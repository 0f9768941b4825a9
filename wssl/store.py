"""The store of records: one JSON file a run, named by its fingerprint, written atomically.

This is all that the two wings of the study share: the workshop puts records in, the reading room
takes them out. It needs nothing but the standard library.
"""

import errno
import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

Record = dict[str, Any]

READ_LOG = "WSSL_READ_LOG"
"""The environment variable that names a file in which stores note what they are asked for.

A line each: the path of a record, or of a folder whose records were listed, below the results
folder, and its `digest`.
"""

_REQUIRED = {"kind", "experiment", "fingerprint", "metrics", "provenance"}


def fingerprint(value: Any) -> str:
    """Sixteen hexadecimal digits that stand for a JSON value, whatever the order of its keys.

    Parameters
    ----------
    value : any
        What JSON can hold.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest(path: Path) -> str:
    """Eight hexadecimal digits that stand for a record, or for which records a folder has.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        Empty where there is nothing.
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
    """The results folder: ``$WSSL_RESULTS``, else the nearest ``results/`` upwards, else here.

    Notebooks run from the repository root or from ``notebooks/``; both find the same folder.
    """
    if named := os.environ.get("WSSL_RESULTS"):
        return Path(named).absolute()
    return reference_root()


def reference_root() -> Path:
    """The nearest ``results/`` upwards, else here: in a clone the reference edition's records."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "results").is_dir():
            return folder / "results"
    return here / "results"


class Store:
    """A folder of records and, beside them, of trained weights.

    Parameters
    ----------
    root : path, optional
        The folder; `default_root` if not given. It is made when something is first written.

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
        """Where the record of that fingerprint is kept."""
        return self.root / f"{fingerprint}.json"

    def weights_path(self, fingerprint: str) -> Path:
        """Where the trained weights of that fingerprint are kept (never committed)."""
        return self.root / "checkpoints" / f"{fingerprint}.npz"

    def checkpoint_path(self, fingerprint: str) -> Path:
        """Where the state of an unfinished run of that fingerprint is kept."""
        return self.root / "checkpoints" / f"{fingerprint}.partial.npz"

    def get(self, fingerprint: str) -> Record | None:
        """The record of that fingerprint, or None if there is none that can be read.

        A damaged file counts as none, with a warning that names it.
        """
        path = self.path(fingerprint)
        _note(path)
        if not path.exists():
            return None
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            missing = _REQUIRED - set(record)
            if missing:
                raise ValueError(f"it lacks {', '.join(sorted(missing))}")
            if record["fingerprint"] != fingerprint:
                raise ValueError(f"it holds the record of {record['fingerprint']}")
        except (ValueError, TypeError) as error:
            warnings.warn(
                f"The record {path} is damaged ({error}) and counts as absent; running its "
                "experiment again replaces it.",
                stacklevel=2,
            )
            return None
        return dict(record)

    def put(self, record: Mapping[str, Any]) -> Path:
        """Write a record, whole or not at all, a line for each of its keys.

        Raises
        ------
        OSError
            If the folder cannot be written.
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
        """Remove the checkpoint of a run, unless its trained weights are not there."""
        checkpoint = self.checkpoint_path(fingerprint)
        if checkpoint.exists() and self.weights_path(fingerprint).exists():
            checkpoint.unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """Every record that can be read, in the order of the fingerprints."""
        _note(self.root)
        for path in sorted(self.root.glob("[!.]*.json")):
            record = self.get(path.stem)
            if record is not None:
                yield record

    def check_writable(self) -> None:
        """Make the folder and try to write to it, so that a run fails before it has trained.

        Raises
        ------
        PermissionError
            If it cannot be written; the message names the folder and the way out.
        """
        try:
            (self.root / "checkpoints").mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise PermissionError(
                f"The results folder {self.root} cannot be written ({error.strerror}). "
                "Name another one in the environment variable WSSL_RESULTS."
            ) from error


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of `path` when the block ends without an error.

    What killed writes of `path` left behind is removed first. What another process is writing is
    not touched: it holds a lock, which ends with the process. Where the system has no such locks,
    nothing is removed.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If `path` cannot be written; the message names it, and of a full disk says the way out.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    handle, temporary = _begin(path)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            hint = f"{error.strerror}. Make room, then run the same again"
            raise OSError(error.errno, hint, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def _begin(path: Path) -> tuple[int | None, Path]:
    """A new file beside `path`, and the open file that locks it, where there are locks."""
    while True:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
        )
        if not _lock(handle, wait=True):
            os.close(handle)
            return None, Path(name)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # taken for a leftover before it was locked


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
