"""The loop that every phase of training runs in, and the files that it keeps."""

import json
import math
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from wssl.devices import compiles_with_xla
from wssl.phases import Batch, Phase
from wssl.store import atomic

CHECKPOINT_SECONDS = 30.0
HISTORY_POINTS = 50


class NonFiniteLossError(ArithmeticError):
    """Training stopped since its loss was not a finite number."""


def train(
    phase: Phase,
    batches: Callable[[int], Batch],
    *,
    steps: int,
    learning_rate: float,
    title: str,
    checkpoint: Path,
) -> dict[str, Any]:
    """Train a phase with Adam, going on from its checkpoint if there is one.

    Parameters
    ----------
    phase : Phase
        Trained in place.
    batches : callable
        Step number, from 0 -> the batch of that step; a pure function.
    steps : int
        The last step's number plus one.
    learning_rate : float
    title : str
        Names the phase on the progress bar and in errors.
    checkpoint : path
        An ``.npz`` file, written every half minute and at the end; the caller removes it when it
        has stored what the phase learned.

    Returns
    -------
    dict
        ``history``, a list of ``[step, mean loss since the point before]``, and ``seconds``, the
        time spent training, over all attempts.

    Raises
    ------
    NonFiniteLossError
        If the loss stops being a number; the message names the step and the loss.
    """
    phase.compile(
        optimizer=keras.optimizers.Adam(learning_rate, **phase.adam),
        jit_compile=compiles_with_xla(),
    )
    phase(batches(0))
    phase.optimizer.build(phase.trainable_variables)
    state = _restore(phase, checkpoint)
    began = time.monotonic() - state["seconds"]
    saved = time.monotonic()
    every = max(1, steps // HISTORY_POINTS)
    size = len(batches(0)["images"])
    with tqdm(
        total=steps * size, initial=state["step"] * size, desc=title, unit=" images", disable=None
    ) as bar:
        for step in range(state["step"], steps):
            phase.reset_metrics()
            loss = float(phase.train_on_batch(batches(step)))
            if not math.isfinite(loss):
                raise NonFiniteLossError(
                    f"The {title} loss is {loss} at step {step} of {steps}. A smaller learning "
                    f"rate than the preset's {learning_rate:g} may help; what was trained up to "
                    f"the last checkpoint is kept."
                )
            state["recent"].append(loss)
            state["step"] = step + 1
            if state["step"] % every == 0 or state["step"] == steps:
                mean = sum(state["recent"]) / len(state["recent"])
                state["history"].append([state["step"], round(mean, 6)])
                state["recent"] = []
                bar.set_postfix(loss=f"{mean:.4f}", refresh=False)
            bar.update(size)
            if state["step"] == steps or time.monotonic() - saved >= CHECKPOINT_SECONDS:
                state["seconds"] = time.monotonic() - began
                _save(phase, state, checkpoint)
                saved = time.monotonic()
    return {"history": state["history"], "seconds": time.monotonic() - began}


def save_weights(network: keras.Model, path: Path) -> None:
    """Write a network's weights as plain arrays, whole or not at all."""
    with atomic(path) as temporary:
        np.savez(temporary, *[np.asarray(value) for value in network.get_weights()])


def load_weights(network: keras.Model, path: Path) -> None:
    """Read what `save_weights` wrote; nothing in the file is executed.

    Raises
    ------
    ValueError
        If the file holds the weights of a network of another shape.
    """
    with np.load(path, allow_pickle=False) as file:
        network.set_weights([file[f"arr_{i}"] for i in range(len(file.files))])


def is_whole(path: Path) -> bool:
    """Whether there is a file of arrays that is whole; a damaged one is removed, with a warning."""
    if not path.exists():
        return False
    if zipfile.is_zipfile(path):
        return True
    warnings.warn(
        f"The file {path} is damaged and was removed; what it held is trained again.", stacklevel=2
    )
    path.unlink()
    return False


def _variables(phase: Phase) -> list[Any]:
    learned = [variable for model in phase.models for variable in model.variables]
    return [*learned, *phase.optimizer.variables]


def _save(phase: Phase, state: dict[str, Any], path: Path) -> None:
    arrays = [variable.numpy() for variable in _variables(phase)]
    with atomic(path) as temporary:
        np.savez(temporary, *arrays, state=np.array(json.dumps(state)))


def _restore(phase: Phase, path: Path) -> dict[str, Any]:
    if not is_whole(path):
        return {"step": 0, "seconds": 0.0, "history": [], "recent": []}
    with np.load(path, allow_pickle=False) as file:
        for i, variable in enumerate(_variables(phase)):
            variable.assign(file[f"arr_{i}"])
        return dict(json.loads(str(file["state"])))
