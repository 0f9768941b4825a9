"""What the benchmarks of training share: timing things in turn with it.

Every ratio is of two medians from one run in which both sides took turns, so that a change of the
machine's speed meets both alike.
"""

import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from table import Row, parser_of, show

from wssl.losses import mix
from wssl.machine.backend import keras
from wssl.methods import InpaintingPhase, PretextPhase, encoder, freeze, pretext_model, unet
from wssl.presets import PRESETS, Preset, preset
from wssl.pretext import TASKS
from wssl.runs.training import Batch, Training, train

WARM_UP = 3
TOTAL = 512


def take_turns(
    phase: keras.Model,
    batches: Callable[[int], Batch],
    others: dict[str, Callable[[], float]],
    scale: Preset,
    *,
    turns: int,
    block: int = 1,
) -> dict[str, float]:
    """Train a phase with `wssl.runs.training.train`, and between its steps time others.

    Parameters
    ----------
    phase, batches
        As for `wssl.runs.training.train`.
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
            Training(**{**scale.training("inpainting"), "steps": (WARM_UP + turns) * block + 1}),
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


def pretext_phase(scale: Preset, tasks: Sequence[str]) -> PretextPhase:
    """The pretext phase with tasks of equal weight."""
    body = encoder(unet(scale.size, scale.width))
    network = pretext_model(body, classes(tasks))
    return PretextPhase(network, dict.fromkeys(tasks, 1 / len(tasks)))


def inpainting_phase(scale: Preset) -> InpaintingPhase:
    """The inpainting phase with a frozen encoder."""
    network = unet(scale.size, scale.width)
    freeze(network)
    return InpaintingPhase(network, mix)


def classes(tasks: Sequence[str]) -> dict[str, int]:
    """How many levels each task has."""
    return {task: len(TASKS[task].levels) for task in tasks}


def random_images(scale: Preset, total: int = TOTAL) -> np.ndarray:
    """Noise in the shape of a training set: uint8 (total, load_size, load_size, 3)."""
    shape = (total, scale.load_size, scale.load_size, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def random_masks(scale: Preset, total: int = TOTAL) -> np.ndarray:
    """Noise in the shape of the training masks: bool (total, size, size)."""
    return np.random.default_rng(1).random((total, scale.size, scale.size)) < 0.4


def main(
    measure: Callable[[Preset], Iterator[Row]], description: str, default: str = "desktop"
) -> None:
    """Print the rows that `measure` yields at the preset that the command line names."""
    parser = parser_of(description)
    parser.add_argument("--preset", default=default, help=f"one of {', '.join(PRESETS)}")
    options = parser.parse_args()
    scale = preset(options.preset)
    show(f"{description}, preset {scale.name}", measure(scale), options.record)
