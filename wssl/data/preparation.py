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
from wssl.machine import cores
from wssl.processes import LostWorkerError, Processes

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

    Each image is cut to its central square and resized with Lanczos. A preparation that was
    stopped, however harshly, goes on from its last block; one that is done is left as it is.

    Parameters
    ----------
    source : str
        A source of files or rows, as in ``dataset=``.
    folder : str or Path
        Where to write the array and its index.
    size : int, default 256
        Side of the images in pixels: what a preset loads, 8/7 of what its networks see.
    workers : int, optional
        Processes that decode; by default one for each of `wssl.machine.cores`.
    max_unreadable : float, default 0.05
        Share of the files that may be unreadable. Those are skipped and named in the index.

    Returns
    -------
    Index
        Also says which files were skipped, and how many images were enlarged.

    Raises
    ------
    ValueError
        If the source has no files, the folder holds something else, or too many are unreadable.
    OSError
        If the disk is full or a worker dies.
    """
    for name, number in (("size", size), ("workers", workers)):
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, received {number}.")
    found, folder = find_source(source), Path(folder).expanduser()
    if not isinstance(found, Files):
        raise ValueError(
            f"{source!r} is not made of image files, so there is nothing to prepare. Sources that "
            f"are: {', '.join(_preparable())}."
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
                    "A process that decodes images has died, perhaps for want of memory. The same "
                    "command goes on; fewer workers need less."
                ) from error
        _check_bad(writer.unreadable, max_unreadable, total)
        return writer.finish()


class Block(NamedTuple):
    """Pictures of one split that are read and written together."""

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
    """Each block with its squares; the next ones are being decoded meanwhile."""
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
    """The index of what is there, if it is what is asked for."""
    prepared = Prepared(folder)
    prepared.array()
    index = prepared.index()
    if (index.fingerprint, index.size) != (fingerprint, size):
        changed = index.source == source and index.size == size
        raise ValueError(
            f"{folder} already holds {index.source} at {index.size} px"
            f"{', but its images have changed since' if changed else ''}. Choose another "
            "--output, or remove that folder."
        )
    return index


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"{folder}: the images need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free. "
            "Choose an --output on another disk, or a smaller --size."
        )


def _check_bad(unreadable: list[str], max_unreadable: float, total: int) -> None:
    if len(unreadable) > max_unreadable * total:
        raise ValueError(
            f"{len(unreadable)} of {total} images cannot be read; {max_unreadable:.0%} are "
            f"tolerated. Remove or repair them. {first_names(unreadable)}"
        )
