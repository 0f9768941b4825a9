"""The paper's own scale, on data of its form: whether a machine can do it, and how long it takes.

Writes a folder of portraits laid out as CelebAMask-HQ, JPEG files of 1024 px with CelebA's lists,
and one of masks laid out as QD-IMD; prepares the images and trains some steps of both phases of the
preset `paper`, by the commands that a user of the real data would type. What was done before is not
done again.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from prepare import write
from table import Row, parser_of, show

from wssl import Store, data
from wssl.data.celeba_hq import MAPPING, PARTITION, STANDARD
from wssl.presets import preset

SHARES = np.cumsum(list(STANDARD.values())) / sum(STANDARD.values())
MASKS = {"train": 400, "test": 200}


def main() -> None:
    """Write what is missing, run the two commands, and say how long the whole would take."""
    parser = parser_of("The paper's scale on generated data: the whole preset, in hours")
    parser.add_argument("folder", type=Path, help="where everything is written")
    parser.add_argument("--images", type=int, default=2000, help="default: 2000")
    parser.add_argument("--steps", default="20", help="of each phase (default: 20)")
    parser.add_argument("--micro-batch", default="16", help="images at a time (default: 16)")
    options = parser.parse_args()
    os.environ["WSSL_RESULTS"] = str(options.folder / "results")
    images, masks = options.folder / "CelebAMask-HQ", options.folder / "qd_imd"
    if not (images / PARTITION).exists():
        write_images(images, options.images)
    if not (masks / "test").exists():
        write_masks(masks)
    prepared = options.folder / "celeba-hq-256"
    wssl("data", "prepare", f"celeba-hq:{images}", "--output", str(prepared))
    run = ["run", "--preset", "paper", "--steps", options.steps]
    run += ["--micro-batch", options.micro_batch]
    wssl(*run, "--dataset", f"prepared:{prepared}", "--masks", f"qd-imd:{masks}")
    show(parser.description or "", projected(Store(), int(options.steps)), options.record)


def projected(store: Store, steps: int) -> Iterator[Row]:
    """Yield the hours of each phase of the whole preset, at the speed of the slice."""
    whole, slices = preset("paper"), preset(f"paper:{steps}").name
    for record in store.records():
        if record["experiment"]["preset"] == slices:
            phase = record["kind"]
            total = whole.training(phase)["steps"]
            hours = record["provenance"]["seconds"] / steps * total / 3600
            yield Row(f"{phase} phase, {total:,} steps, by a slice of {steps}", hours, "—")


def write_images(folder: Path, count: int) -> None:
    """Portraits of 1024 px, and lists that split them as CelebA's split the whole."""
    folder.mkdir(parents=True)
    write(folder / "CelebA-HQ-img", 1024, count)
    files = [f"{i + 1:06d}.jpg" for i in range(count)]
    rows = ["idx orig_idx orig_file", *(f"{i} {i} {file}" for i, file in enumerate(files))]
    (folder / MAPPING).write_text("\n".join(rows) + "\n")
    splits = np.searchsorted(SHARES, (np.arange(count) + 0.5) / count)
    rows = [f"{file} {split}" for file, split in zip(files, splits, strict=True)]
    (folder / PARTITION).write_text("\n".join(rows) + "\n")


def write_masks(folder: Path) -> None:
    """Masks of 512 px with black strokes, of which every one covers 30 to 50 %."""
    for split, count in MASKS.items():
        drawn = data.masks("synthetic", count, 512, coverage=(0.3, 0.5), split=split)
        (folder / split).mkdir(parents=True)
        for i, mask in enumerate(drawn):
            name = folder / split / f"{i:05d}_{split}.png"
            Image.fromarray(np.where(mask, np.uint8(0), np.uint8(255))).save(name)


def wssl(*arguments: str) -> None:
    """Say and do what the command line would."""
    print(f"$ wssl {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", "wssl", *arguments], check=True)


if __name__ == "__main__":
    main()
