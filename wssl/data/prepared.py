"""Prepared images: one array on disk with its index, and their reader.

`wssl.data.prepare` writes a folder with ``images.npy``, uint8 (N, size, size, 3), in which the rows
of a split are contiguous, and with ``index.json``, which is written last: without it, the array is
incomplete.
"""

import hashlib
import json
import mmap
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from wssl.data.folder import SPLITS, digest, empty_split_error
from wssl.data.squares import centre_square
from wssl.records.store import atomic

VERSION = 1
ARRAY = "images.npy"
INDEX = "index.json"
JOURNAL = "progress.jsonl"


@dataclass(frozen=True)
class Index:
    """The content of ``index.json``, which describes the array.

    Attributes
    ----------
    source : str
        The prepared source, as in ``dataset=``.
    fingerprint : str
        Fingerprint of the source at that time.
    size : int
        Side of the images in pixels.
    splits : dict of str to [int, int]
        The first row of each split, and the row after its last.
    blocks : list of [int, str]
        Number of rows and SHA-256 of each block of the array, in order.
    unreadable : list of str
        The reason for each file of the source that is left out, beginning with its name.
    enlarged : int
        The number of images that were smaller than `size`.
    version : int
    dim : int
        The number of images from 16-bit files with 14 significant bits or fewer.
    """

    source: str
    fingerprint: str
    size: int
    splits: dict[str, list[int]]
    blocks: list[list[Any]]
    unreadable: list[str]
    enlarged: int
    version: int = VERSION
    dim: int = 0

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the array."""
        return sum(rows for rows, _ in self.blocks), self.size, self.size, 3

    def check(self) -> None:
        """Raise a ValueError if a value cannot come from `wssl.data.prepare`."""
        counts = self.size, self.enlarged, self.dim, *(rows for rows, _ in self.blocks)
        bounds = [bound for split in SPLITS for bound in self.splits[split]]
        texts = self.source, self.fingerprint, *self.unreadable, *(sha for _, sha in self.blocks)
        whole = all(type(number) is int and number >= 0 for number in (*counts, *bounds))
        if not (whole and all(isinstance(text, str) for text in texts) and self.size > 0):
            raise ValueError("expected counts and texts")
        ends = bounds[0], bounds[-1]
        if len(bounds) != 6 or bounds != sorted(bounds) or ends != (0, self.shape[0]):
            raise ValueError(f"expected splits of {self.shape[0]} images; received {self.splits}")

    def write(self, folder: Path) -> None:
        """Write ``index.json``, whole or not at all."""
        with atomic(folder / INDEX) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


class MemoryMapped(np.memmap):
    """A memory-mapped array that releases pages as soon as their content has been copied.

    The system would release those pages when memory is short, but counts them as the process's
    memory until then, as do batch systems and Dask, which limit it.
    """

    def __getitem__(self, index: Any) -> Any:
        """Rows of the array: a view of the file for a slice, a copy for a list of rows."""
        found = super().__getitem__(index)
        if np.may_share_memory(found, self):
            return found
        mapped: Any = getattr(self, "_mmap", None)
        if hasattr(mapped, "madvise"):
            mapped.madvise(mmap.MADV_DONTNEED)
        return found.view(np.ndarray) if isinstance(found, np.ndarray) else found


class Prepared:
    """The images of a folder that `wssl.data.prepare` wrote, as a source.

    Parameters
    ----------
    root : str or Path
    """

    def __init__(self, root: str | Path):
        self.root = Path(root).expanduser()

    def index(self) -> Index:
        """The index of the folder.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or it has no index because the array is missing or
            incomplete.
        ValueError
            If the index is damaged or of another version.
        """
        path = self.root / INDEX
        if not path.is_file():
            raise FileNotFoundError(self._why_not())
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            version = values["version"]
            if version == VERSION:
                index = Index(**values)
                index.check()
                return index
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path} is damaged ({error}). {self._anew()}") from error
        raise ValueError(f"{path}: expected version {VERSION}; received {version}. {self._anew()}")

    def array(self) -> npt.NDArray[np.uint8]:
        """All images, of all splits, mapped from disk and read only.

        Returns
        -------
        uint8 (N, size, size, 3)

        Raises
        ------
        ValueError
            If the file has another shape or length than the index says.
        """
        path, shape = self.root / ARRAY, self.index().shape
        try:
            array = np.lib.format.open_memmap(path, mode="r")
            length = array.offset + array.nbytes
        except (ValueError, OSError) as error:
            raise ValueError(f"{path} is damaged ({error}). {self._anew()}") from error
        whole = array.shape == shape and length == path.stat().st_size
        if not whole or array.dtype != np.uint8:
            raise ValueError(
                f"{path}: expected uint8 {shape}; received {array.dtype} {array.shape} in "
                f"{path.stat().st_size:,} bytes. {self._anew()}"
            )
        return array.view(MemoryMapped)

    def images(self, split: str, size: int, count: int | None) -> npt.NDArray[np.uint8]:
        """The first `count` images of a split, or all; uint8 (N, size, size, 3).

        At the prepared size they stay on disk, and only the rows in use are read.
        """
        index = self.index()
        start, stop = index.splits[split]
        if start == stop:
            rows = {name: range(*bounds) for name, bounds in index.splits.items()}
            raise empty_split_error(split, self.root, "prepared images", rows)
        images = self.array()[start:stop][:count]
        return images if size == index.size else self._resized(images, size)

    def fingerprint(self) -> str:
        """A digest of the content of all images and their splits, from the digests in the index."""
        index = self.index()
        splits = (index.splits[split] for split in SPLITS)
        return digest("prepared", index.size, *splits, *(sha for _, sha in index.blocks))

    def damaged(self) -> Iterator[str]:
        """Compare all images with the digests in the index.

        Yields
        ------
        str
            The rows and split of each block that fails its checksum.
        """
        array, index = self.array(), self.index()
        stops = list(accumulate(rows for rows, _ in index.blocks))
        starts = [0, *stops[:-1]]

        def sha256(bounds: tuple[int, int]) -> str:
            return hashlib.sha256(array[slice(*bounds)].data).hexdigest()

        with ThreadPoolExecutor() as pool:
            found = pool.map(sha256, zip(starts, stops, strict=True))
            bar = tqdm(found, "Verifying blocks", len(stops), delay=2, disable=None)
            for i, own in enumerate(bar):
                if own != index.blocks[i][1]:
                    split = next(s for s, (_, stop) in index.splits.items() if starts[i] < stop)
                    yield f"block {i}, rows {starts[i]} to {stops[i] - 1} ({split})"

    def _resized(self, images: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
        if size > images.shape[1]:
            warnings.warn(
                f"Enlarged {len(images)} images of {self.root} from {images.shape[1]} to {size} "
                "px. Prepare them at that size.",
                stacklevel=4,
            )
        resized = np.empty((len(images), size, size, 3), np.uint8)
        with ThreadPoolExecutor() as pool:
            squares = pool.map(
                lambda i: centre_square(Image.fromarray(images[i]), size), range(len(images))
            )
            bar = tqdm(squares, "Resizing images", len(images), delay=2, disable=None)
            for row, square in zip(resized, bar, strict=True):
                row[:] = square
        return resized

    def _why_not(self) -> str:
        if not self.root.is_dir():
            return (
                f"folder: expected an existing folder; received {self.root}. Relative paths start "
                f"at {Path.cwd()}."
            )
        if (self.root / JOURNAL).is_file():
            return (
                f"{self.root}: expected prepared images; the preparation was interrupted. Run the "
                "same `wssl data prepare` again to resume it."
            )
        return (
            f"{self.root}: expected prepared images; there is no {INDEX}. `wssl data prepare "
            f"SOURCE --output {self.root}` writes them."
        )

    def _anew(self) -> str:
        return f"Remove {self.root} and prepare the images again: `wssl data prepare SOURCE`."
