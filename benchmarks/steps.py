"""Training in a process of its own that does a turn of steps whenever it is asked to.

A benchmark starts several such processes with other settings or other code, and lets them take
turns, alone or side by side. Run as a script, this module trains a phase of ours.
"""

import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from timing import classes, inpainting_phase, pretext_phase, random_images, random_masks

from wssl.data.batches import inpainting_batch, pretext_batch
from wssl.presets import Preset, preset
from wssl.runs.training import Batch, Training, train

WARM_UP, TURNS, BLOCK = 2, 10, 5
STEPS = (WARM_UP + TURNS) * 2 * BLOCK + 1


class Side:
    """A process that trains, as its benchmark sees it.

    Parameters
    ----------
    script : str
        Its file; it calls `pace` before each step.
    scale : Preset
    tasks : sequence of str
        Pretext tasks; none = the inpainting phase.
    settings : dict of str
        Environment variables that differ from this process's own; None = unset.
    """

    def __init__(
        self, script: str, scale: Preset, tasks: Sequence[str], settings: dict[str, str | None]
    ) -> None:
        changed = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **settings}
        self._process = subprocess.Popen(
            [sys.executable, script, "--preset", scale.name, "--steps-of", *tasks],
            env={name: value for name, value in changed.items() if value is not None},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def start(self) -> None:
        """Ask for a turn."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")

    def seconds(self) -> float:
        """Wait for the end of a turn, and return the seconds of its second half."""
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


class Pace:
    """Called before each step: waits to be asked for a turn, and prints its seconds at its end.

    A turn has twice `BLOCK` steps. Only the second half counts, so that batches that were prepared
    while the process waited save nobody time.
    """

    def __init__(self) -> None:
        self._began, self._step = 0.0, -1

    def __call__(self, step: int) -> None:
        """Wait before the first step of a turn; print the seconds after its last."""
        if step == self._step:  # training looks at the first batch twice
            return
        self._step = step
        if step % (2 * BLOCK) == 0:
            if step:
                print(time.perf_counter() - self._began, flush=True)
            sys.stdin.readline()
        elif step % BLOCK == 0:
            self._began = time.perf_counter()


def side_options(arguments: Sequence[str] | None = None) -> tuple[Preset, list[str]] | None:
    """Preset and tasks of a process that `Side` started; None for any other command line."""
    parser = ArgumentParser(add_help=False)
    parser.add_argument("--preset", type=preset)
    parser.add_argument("--steps-of", nargs="*")
    options, _ = parser.parse_known_args(arguments)
    return None if options.steps_of is None else (options.preset, options.steps_of)


def follow(scale: Preset, tasks: Sequence[str]) -> None:
    """Train a phase of ours in turns."""
    images, masks, pace = random_images(scale), random_masks(scale), Pace()

    def batches(step: int) -> Batch:
        pace(step)
        if tasks:
            levels = classes(tasks)
            return pretext_batch(images, levels, scale.size, scale.inpainting_batch, 0, step)
        return inpainting_batch(images, masks, scale.size, scale.inpainting_batch, 0, step)

    phase = pretext_phase(scale, tasks) if tasks else inpainting_phase(scale)
    with TemporaryDirectory() as folder:
        train(
            phase,
            batches,
            Training(**{**scale.training("inpainting"), "steps": STEPS}),
            title="benchmark",
            checkpoint=Path(folder) / "partial.npz",
        )


if __name__ == "__main__":
    asked = side_options()
    assert asked is not None, "steps.py is started by other benchmarks"
    follow(*asked)
