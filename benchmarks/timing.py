"""What the benchmarks share: timing things in turn with training, and printing the ratios.

Every ratio is of two medians from one run in which both sides took turns, so that a change of the
machine's speed meets both alike.
"""

import argparse
import gc
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from wssl.presets import PRESETS, Preset, preset
from wssl.training import Batch, train

WARM_UP = 3
TOTAL = 512


class Row(NamedTuple):
    """A line of the table: what was measured, the ratio, and the target at the default preset."""

    name: str
    ratio: float
    target: str


def take_turns(
    phase: keras.Model,
    batches: Callable[[int], Batch],
    others: dict[str, Callable[[], float]],
    scale: Preset,
    *,
    turns: int,
    block: int = 1,
) -> dict[str, float]:
    """Train a phase with `wssl.training.train`, and between its steps time others.

    Parameters
    ----------
    phase, batches
        As for `wssl.training.train`.
    others : dict of callables
        Each does one turn's work and returns the seconds that it took.
    scale : Preset
    turns : int
        How many turns each side has, after three to warm up.
    block : int
        Training steps a turn.

    Returns
    -------
    dict
        The median seconds of a turn of each of `others`, and of training as ``full``: drawing the
        batch, the compiled step, and all that `train` does around it.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ("full", *others)}
    began = 0.0

    def batches_between_turns(step: int) -> Batch:
        nonlocal began
        if step and step % block == 0:
            seconds["full"].append(time.perf_counter() - began)
            for name, turn in others.items():
                seconds[name].append(turn())
        if step % block == 0:
            began = time.perf_counter()
        return batches(step)

    gc.collect()
    with TemporaryDirectory() as folder:
        train(
            phase,
            batches_between_turns,
            steps=(WARM_UP + turns) * block + 1,
            learning_rate=scale.learning_rate,
            title="benchmark",
            checkpoint=Path(folder) / "partial.npz",
        )
    return {name: median(values[WARM_UP:]) for name, values in seconds.items()}


def timed(step: Callable[[], Any]) -> Callable[[], float]:
    """The same step, returning the seconds it took."""

    def turn() -> float:
        began = time.perf_counter()
        step()
        return time.perf_counter() - began

    return turn


def random_images(scale: Preset) -> np.ndarray:
    """Noise in the shape of a training set: uint8 (512, load_size, load_size, 3)."""
    shape = (TOTAL, scale.load_size, scale.load_size, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def random_masks(scale: Preset) -> np.ndarray:
    """Noise in the shape of the training masks: bool (512, size, size)."""
    return np.random.default_rng(1).random((TOTAL, scale.size, scale.size)) < 0.4


def main(
    measure: Callable[[Preset], Iterator[Row]], description: str, default: str = "desktop"
) -> None:
    """Print the rows that `measure` yields at the preset that the command line names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--preset", default=default, help=f"one of {', '.join(PRESETS)}")
    scale = preset(parser.parse_args().preset)
    print(f"{f'{description}, preset {scale.name}':<66}{'ratio':>7}  target at {default}")
    for row in measure(scale):
        print(f"  {row.name:<64}{row.ratio:>7.2f}  {row.target}", flush=True)
