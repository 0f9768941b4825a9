"""What oneDNN's convolutions are worth: a full training step with them over one without.

Two processes of one thread train the inpainting phase with a frozen encoder and take turns, one
with ``TF_ENABLE_ONEDNN_OPTS=1`` and one with 0, which TensorFlow reads once, when it is loaded.
TensorFlow turns oneDNN on by itself on processors with AVX-512 VNNI, and off on others.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from table import Row
from timing import inpainting_phase, main, random_images, random_masks

from wssl.data.batches import inpainting_batch
from wssl.methods import Batch
from wssl.presets import Preset, preset
from wssl.training import Training, train

WARM_UP, TURNS, BLOCK = 2, 10, 5


def measure(scale: Preset) -> Iterator[Row]:
    """Yield the ratio of the two processes' times."""
    command = [sys.executable, __file__, "--preset", scale.name, "--follow"]
    one_thread = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    sides = {
        value: subprocess.Popen(
            command,
            env={**os.environ, **one_thread, "TF_ENABLE_ONEDNN_OPTS": value},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for value in ("0", "1")
    }
    seconds: dict[str, list[float]] = {value: [] for value in sides}
    for turn in range(WARM_UP + TURNS):
        for value, side in sides.items():
            assert side.stdin is not None
            assert side.stdout is not None
            if turn:
                side.stdin.write("\n")
            seconds[value].append(float(side.stdout.readline()))
    for side in sides.values():
        side.communicate()
    without, ours = (median(seconds[value][WARM_UP:]) for value in ("0", "1"))
    yield Row(
        "inpainting phase: images/s, with oneDNN / without",
        without / ours,
        "at least 1.60 without AVX-512",
    )


def follow(scale: Preset) -> None:
    """Train a block of steps, print its seconds, and wait for a line before the next."""
    images, masks = random_images(scale), random_masks(scale)
    began = 0.0

    def batches(step: int) -> Batch:
        nonlocal began
        if step % BLOCK == 0:
            if step:
                print(time.perf_counter() - began, flush=True)
                sys.stdin.readline()
            began = time.perf_counter()
        return inpainting_batch(images, masks, scale.size, scale.inpainting_batch, 0, step)

    steps = {**scale.training("inpainting"), "steps": (WARM_UP + TURNS) * BLOCK + 1}
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "partial.npz"
        training = Training(**steps)
        train(inpainting_phase(scale), batches, training, title="benchmark", checkpoint=checkpoint)


if __name__ == "__main__":
    if "--follow" in sys.argv:
        follow(preset(sys.argv[sys.argv.index("--preset") + 1]))
    else:
        main(measure, "oneDNN")
