"""An array of images that grows on disk block by block, with a journal to resume from."""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from wssl.data.folder import SPLITS
from wssl.data.prepared import ARRAY, JOURNAL, Index
from wssl.data.squares import Square

PARTIAL = "images.partial.npy"


class Writer:
    """Writes images to a folder, or resumes an interrupted preparation.

    A block is first written to the array, then to the journal, each flushed to disk. The next
    writer truncates the array to the rows in the journal. At the end the array is given its final
    name, and the index is written last.

    Parameters
    ----------
    folder : Path
    task : dict
        ``source``, ``fingerprint``, ``size`` and ``version`` of the future index.
    total : int
        Images to be written, at most.
    size : int
        Side of the images in pixels.

    Attributes
    ----------
    blocks : list of dict
        The journal's entry for each block: ``split``, ``rows``, ``sha256``, ``unreadable`` (the
        reasons for missing images), ``enlarged`` and ``dim`` (numbers of images).

    Raises
    ------
    ValueError
        If the folder contains an unfinished preparation of other images, or another process writes
        to it.
    """

    def __init__(self, folder: Path, task: dict[str, Any], total: int, size: int):
        self.folder, self.task, self.total, self.size = folder, task, total, size
        self.blocks: list[dict[str, Any]] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._journal: BinaryIO = (folder / JOURNAL).open("a+b")
        try:
            _lock(self._journal, folder)
            self._array = self._resume()
        except BaseException:
            self._journal.close()
            raise

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._array.close()
        self._journal.close()

    @property
    def rows(self) -> int:
        """Images written so far."""
        return sum(block["rows"] for block in self.blocks)

    @property
    def unreadable(self) -> list[str]:
        """The reason for each missing image."""
        return [message for block in self.blocks for message in block["unreadable"]]

    @property
    def seen(self) -> int:
        """Number of images processed so far, unreadable ones included."""
        return self.rows + len(self.unreadable)

    def add(self, split: str, squares: Iterable[Square]) -> None:
        """Write a block of images of one split; errors are recorded and left out."""
        digest = hashlib.sha256()
        rows = enlarged = dim = 0
        unreadable = []
        for square in squares:
            if isinstance(square, ValueError):
                unreadable.append(str(square))
                continue
            values = square.values.tobytes()
            digest.update(values)
            self._array.write(values)
            rows += 1
            enlarged += square.side < self.size
            dim += square.peak > 0
        _sync(self._array)
        block = {"split": split, "rows": rows, "sha256": digest.hexdigest()}
        self.blocks.append({**block, "unreadable": unreadable, "enlarged": enlarged, "dim": dim})
        self._note(self.blocks[-1])

    def finish(self) -> Index:
        """Give the array its final name and write the index.

        Raises
        ------
        ValueError
            If there is no image.
        """
        if self.rows == 0:
            raise ValueError(
                f"images: expected at least one readable image; none of the {self.total} can be "
                "read. Check the files."
            )
        splits, start = {}, 0
        for split in SPLITS:
            stop = start + sum(b["rows"] for b in self.blocks if b["split"] == split)
            splits[split], start = [start, stop], stop
        index = Index(
            **self.task,
            splits=splits,
            blocks=[[b["rows"], b["sha256"]] for b in self.blocks if b["rows"]],
            unreadable=self.unreadable,
            enlarged=sum(block["enlarged"] for block in self.blocks),
            dim=sum(block.get("dim", 0) for block in self.blocks),
        )
        if (self.folder / PARTIAL).exists():
            self._array.seek(0)
            self._array.write(_header(self.rows, self.size))
            _sync(self._array)
            self._array.close()  # Windows renames and deletes closed files only
            (self.folder / PARTIAL).replace(self.folder / ARRAY)
        index.write(self.folder)
        self._journal.close()
        (self.folder / JOURNAL).unlink()
        return index

    def _resume(self) -> BinaryIO:
        """Read the journal and open the array at the end of its last image."""
        self._journal.seek(0)
        head, *self.blocks = _whole_lines(self._journal) or [{}]
        if head and head != self.task:
            raise ValueError(
                f"{self.folder} contains an unfinished preparation of {head['source']} at "
                f"{head['size']} px, or of images that have changed since. Resume it, or remove "
                "that folder, or choose another --output."
            )
        start = len(_header(self.total, self.size))
        length = start + self.rows * self.size * self.size * 3
        path = next((p for p in (self.folder / PARTIAL, self.folder / ARRAY) if p.exists()), None)
        if not head or path is None or path.stat().st_size < length:
            self.blocks, length = [], start
            self._journal.truncate(0)
            self._note(self.task)
            path = self.folder / PARTIAL
            path.write_bytes(_header(self.total, self.size))
        array: BinaryIO = path.open("r+b")
        array.truncate(length)
        array.seek(length)
        return array

    def _note(self, value: dict[str, Any]) -> None:
        self._journal.write(json.dumps(value).encode() + b"\n")
        _sync(self._journal)


def _header(rows: int, size: int) -> bytes:
    """The header of a ``.npy`` file, of the same length for any number of rows."""
    buffer = BytesIO()
    shape = (rows, size, size, 3)
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


def _whole_lines(file: BinaryIO) -> list[dict[str, Any]]:
    """The JSON values of a journal; an incomplete last line is truncated."""
    values, length = [], 0
    with suppress(ValueError):
        for line in file.read().split(b"\n")[:-1]:
            values.append(json.loads(line))
            length += len(line) + 1
    file.truncate(length)
    return values


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _lock(file: BinaryIO, folder: Path) -> None:
    """Lock the folder against other processes until `file` is closed, if the system supports it."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ValueError(
            f"Another process is preparing images in {folder}. Wait until it has finished."
        ) from error
