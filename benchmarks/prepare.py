"""How quickly images are decoded and stored, against a plain loop over Pillow.

The plain loop opens each JPEG file, cuts its central square, resizes it with Lanczos, collects the
squares in one array and saves that. Ours also hashes what it reads and writes, keeps a journal to
go on from, and writes through to the disk. Both sides take turns on the same files.
"""

import io
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from table import Row, parser_of, show

from wssl import data
from wssl.data import portraits

TURNS = 5
COUNTS = {1024: 768, 256: 6144}
TARGETS = {1024: "above 1.50", 256: "at least 0.80"}
CORES = os.cpu_count() or 1


def main() -> None:
    """Print the ratios at the size that the command line names."""
    parser = parser_of("Preparing images")
    parser.add_argument("--size", type=int, default=256, help="side of the squares (default: 256)")
    parser.add_argument("--share", type=float, default=1, help="of the files, for a short trial")
    options = parser.parse_args()
    title = f"Preparing images of {options.size} px: images/s a core, ours / plain"
    show(title, measure(options.size, options.share), options.record)


def measure(size: int, share: float) -> Iterator[Row]:
    """Yield two rows for each size of the files: with one process, and with one for each core."""
    for side, count in COUNTS.items():
        with TemporaryDirectory() as scratch:
            write(Path(scratch, "files"), side, int(share * count))
            seconds = take_turns(Path(scratch, "files"), Path(scratch, "out"), size)
        for workers in (1, CORES):
            ratio = seconds[0] / seconds[workers] / workers
            yield Row(f"from JPEG files of {side} px, processes: {workers}", ratio, TARGETS[side])


def take_turns(files: Path, output: Path, size: int) -> dict[int, float]:
    """Median seconds of the plain loop, as 0, and of ours by its workers, after one turn each."""
    seconds: dict[int, list[float]] = {0: [], 1: [], CORES: []}
    for _ in range(1 + TURNS):
        for workers, values in seconds.items():
            began = time.perf_counter()
            if workers:
                data.prepare(f"folder:{files}", output, size, workers)
            else:
                plain(files, size, output)
            values.append(time.perf_counter() - began)
            shutil.rmtree(output)
    return {workers: median(values[1:]) for workers, values in seconds.items()}


def write(folder: Path, side: int, count: int) -> None:
    """JPEG files of 16 portraits with the grain of a photograph, no two files alike."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    contents = []
    for image in portraits.draw(16, 256):
        large = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))
        grain = rng.normal(0, 4, large.shape)
        buffer = io.BytesIO()
        picture = Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8))
        picture.save(buffer, "JPEG", quality=90)
        contents.append(buffer.getvalue())
    for i in range(count):
        (folder / f"{i}.jpg").write_bytes(contents[i % 16] + i.to_bytes(4))


def plain(folder: Path, size: int, output: Path) -> None:
    """The loop that most people would write."""
    squares = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as file:
            image = file.convert("RGB")
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side))
        squares.append(np.asarray(square.resize((size, size), Image.Resampling.LANCZOS)))
    output.mkdir()
    np.save(output / "images.npy", np.stack(squares))


if __name__ == "__main__":
    main()
