"""Decode the images of a source once, in parallel, into one array on disk."""

import shutil
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from wssl.data.decode import Picture
from wssl.data.files import Files
from wssl.data.folder import SPLITS
from wssl.data.prepared import INDEX, VERSION, Index, Prepared
from wssl.data.sources import FORMS, SOURCES, find_source
from wssl.data.squares import Square, first_names, read_square
from wssl.data.writer import Writer
from wssl.machine.processes import LostWorkerError, Processes
from wssl.machine.resources import cores

BLOCK_ROWS = 128
BLOCK_BYTES = 2**25
AHEAD = 3
CHUNK = 8


def prepare(
    source: str,
    folder: str | Path,
    size: int = 256,
    workers: int | None = None,
    max_unreadable: float = 0.05,
) -> Index:
    """Decode the images of a source once, for ``dataset="prepared:FOLDER"``.

    Each image is cropped to its central square and resized with Lanczos. An interrupted
    preparation, even one that was killed, resumes from its last block; a complete one is left
    unchanged.

    Parameters
    ----------
    source : str
        A source of files or rows, as in ``dataset=``.
    folder : str or Path
        Where to write the array and its index.
    size : int, default 256
        Side of the images in pixels: a preset loads 8/7 of the size of its networks.
    workers : int, optional
        Number of processes that decode; by default `wssl.machine.resources.cores`.
    max_unreadable : float, default 0.05
        Share of the files that may be unreadable. Those are skipped and named in the index.

    Returns
    -------
    Index
        It also lists skipped files and counts enlarged images.

    Raises
    ------
    ValueError
        If the source has no files, the folder has other content, or too many files are unreadable.
    OSError
        If the disk is full or a worker dies.
    """
    for name, number in (("size", size), ("workers", workers)):
        if number is not None and number < 1:
            raise ValueError(f"{name}: expected an integer of at least 1; received {number}.")
    found, folder = find_source(source), Path(folder).expanduser()
    if not isinstance(found, Files):
        raise ValueError(
            "source: expected one made of image files, which can be prepared; received "
            f"{source!r}. Such sources are {', '.join(_preparable())}."
        )
    pictures, fingerprint = found.by_split(), found.fingerprint()
    task = {"version": VERSION, "source": source, "fingerprint": fingerprint, "size": size}
    if (folder / INDEX).exists():
        return _finished(folder, source, fingerprint, size)
    blocks = list(_blocks(pictures, size))
    total = sum(len(block.pictures) for block in blocks)
    with Writer(folder, task, total, size) as writer:
        _check_space(folder, (total - writer.seen) * size * size * 3)
        rest = blocks[len(writer.blocks) :]
        bar = tqdm(total=total, desc="Preparing images", unit="image", disable=None)
        with bar, closing(_read(rest, size, workers or cores())) as read:
            bar.update(writer.seen)
            try:
                for block, squares in read:
                    writer.add(block.split, squares)
                    _check_bad(writer.unreadable, max_unreadable, total)
                    bar.update(len(block.pictures))
            except LostWorkerError as error:
                raise ChildProcessError(
                    "A process that decodes images has died, possibly because it ran out of "
                    "memory. Run the same command again to resume; fewer workers need less memory."
                ) from error
        _check_bad(writer.unreadable, max_unreadable, total)
        return writer.finish()


class Block(NamedTuple):
    """Pictures of one split that are read and written as a unit."""

    split: str
    pictures: Sequence[Picture]


def _preparable() -> list[str]:
    names = [name for name, source in SOURCES.items() if isinstance(source, Files)]
    makes = {form: make for form, make in FORMS.items() if isinstance(make, type)}
    return names + [form for form, make in makes.items() if issubclass(make, Files)]


def _blocks(pictures: Mapping[str, Sequence[Picture]], size: int) -> Iterator[Block]:
    length = max(1, min(BLOCK_ROWS, BLOCK_BYTES // (size * size * 3)))
    for split in SPLITS:
        for start in range(0, len(pictures[split]), length):
            yield Block(split, pictures[split][start : start + length])


def _read(
    blocks: list[Block], size: int, workers: int
) -> Generator[tuple[Block, Iterable[Square]], None, None]:
    """Yield each block with its squares, while the next blocks are decoded."""
    if workers == 1 or not blocks:
        yield from ((block, _squares(block.pictures, size)) for block in blocks)
        return
    ahead: deque[tuple[Block, Iterable[Square]]] = deque()
    with Processes(workers) as pool:
        for block in blocks:
            starts = range(0, len(block.pictures), CHUNK)
            chunks = (block.pictures[start : start + CHUNK] for start in starts)
            futures = [pool.submit(_listed, chunk, size) for chunk in chunks]
            ahead.append((block, chain.from_iterable(f.result() for f in futures)))
            if len(ahead) == AHEAD:
                yield ahead.popleft()
        yield from ahead


def _squares(pictures: Iterable[Picture], size: int) -> Iterator[Square]:
    return (read_square(picture, size=size, draft=True) for picture in pictures)


def _listed(pictures: Iterable[Picture], size: int) -> list[Square]:
    return list(_squares(pictures, size))


def _finished(folder: Path, source: str, fingerprint: str, size: int) -> Index:
    """The index of the folder, if it is complete and matches the request."""
    prepared = Prepared(folder)
    prepared.array()
    index = prepared.index()
    if (index.fingerprint, index.size) != (fingerprint, size):
        changed = index.source == source and index.size == size
        raise ValueError(
            f"{folder} already contains {index.source} at {index.size} px"
            f"{', but its images have changed since' if changed else ''}. Choose another "
            "--output, or remove that folder."
        )
    return index


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"{folder}: expected {needed / 1e9:.1f} GB of free disk space; found {free / 1e9:.1f} "
            "GB. Choose an --output on another disk, or a smaller --size."
        )


def _check_bad(unreadable: list[str], max_unreadable: float, total: int) -> None:
    if len(unreadable) > max_unreadable * total:
        raise ValueError(
            f"images: expected at most {max_unreadable:.0%} unreadable; received {len(unreadable)} "
            f"of {total}. Remove or repair them. {first_names(unreadable)}"
        )
