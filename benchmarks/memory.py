"""How much memory training takes from few prepared images and from many.

Two processes train the same small network for the same steps, one after the other, from stores of
1,000 and of 30,000 images that were written just before. The ratios are those of the peak of the
resident size, which counts the pages of the store that are mapped, and of the process's own memory
when it ends, without them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from table import Row, parser_of, show

from wssl.data.writer import Writer
from wssl.presets import PRESETS, preset

COUNTS = (1_000, 30_000)
STATUS = {"peak resident size": "VmHWM", "own memory at the end": "RssAnon"}
STEPS = 400
TEST = 64
SCALE = replace(
    preset("quick"),
    name="memory",
    width=4,
    train_images=None,
    test_images=TEST,
    inpainting_steps=STEPS,
)


def main() -> None:
    """Print the two ratios, or train if the command line names a store."""
    title = f"Memory, {COUNTS[1]:,} images / {COUNTS[0]:,}"
    parser = parser_of(title)
    parser.add_argument("store", nargs="?", help="train from this store instead of measuring")
    options = parser.parse_args()
    if options.store:
        train(options.store)
    else:
        show(title, measure(), options.record)


def measure() -> Iterator[Row]:
    """Yield the two ratios."""
    with TemporaryDirectory() as scratch:
        few, many = (peaks(count, Path(scratch, str(count))) for count in COUNTS)
    for name in STATUS:
        yield Row(name, many[name] / few[name], "at most 1.10")


def peaks(count: int, folder: Path) -> dict[str, int]:
    """Write a store of that many images, and train from it in a process of its own."""
    write(folder / "store", count)
    environment = {**os.environ, "WSSL_RESULTS": str(folder / "results")}
    command = [sys.executable, __file__, str(folder / "store")]
    finished = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(finished.stdout.splitlines()[-1])


def write(folder: Path, count: int) -> None:
    """Prepared images, as many as `count` for training: noise, which need not be decoded."""
    size, rng = SCALE.load_size, np.random.default_rng(0)
    task = {"version": 1, "source": "noise", "fingerprint": str(count), "size": size}
    with Writer(folder, task, count + TEST, size) as writer:
        for split, total in (("train", count), ("test", TEST)):
            for start in range(0, total, 1000):
                block = rng.integers(
                    0, 256, (min(1000, total - start), size, size, 3), dtype=np.uint8
                )
                writer.add(split, ((image, size) for image in block))
        writer.finish()


def train(store: str) -> None:
    """Train from a store, and print the sizes of this process in bytes."""
    import wssl

    PRESETS[SCALE.name] = SCALE
    wssl.run(
        wssl.Experiment(
            preset=SCALE.name, dataset=f"prepared:{store}", masks="synthetic", encoder="scratch"
        )
    )
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    sizes = {name: 1024 * int(lines[key].split()[0]) for name, key in STATUS.items()}
    print(json.dumps(sizes))


if __name__ == "__main__":
    main()
