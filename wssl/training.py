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
from wssl.phases import Batch, Phase, count
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
    micro_batch: int | None = None,
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
    micro_batch : int, optional
        How many images of a batch the network sees at a time, where memory is too short for all of
        them: their gradients are averaged before each update, so that the numbers are those of the
        whole batch, but for rounding.

    Returns
    -------
    dict
        ``history``, a list of ``[step, mean loss since the point before]``, and ``seconds``, the
        time spent training, over all attempts.

    Raises
    ------
    NonFiniteLossError
        If the loss stops being a number; the message names the step and the loss.
    ValueError
        If `micro_batch` does not divide the batch, or another one wrote the checkpoint.
    """
    size = count(batches(0))
    parts = _parts(size, micro_batch)
    accumulated = {} if parts == 1 else {"gradient_accumulation_steps": parts}
    phase.compile(
        optimizer=keras.optimizers.Adam(learning_rate, **phase.adam, **accumulated),
        jit_compile=compiles_with_xla(),
    )
    phase(batches(0))
    phase.optimizer.build(phase.trainable_variables)
    state = _restore(phase, checkpoint, parts)
    began = time.monotonic() - state["seconds"]
    saved = time.monotonic()
    every = max(1, steps // HISTORY_POINTS)
    with tqdm(
        total=steps * size, initial=state["step"] * size, desc=title, unit=" images", disable=None
    ) as bar:
        for step in range(state["step"], steps):
            loss = sum(_learn(phase, part) for part in _split(batches(step), parts)) / parts
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
    """Write a network's weights as plain arrays, whole or not at all.

    Parameters
    ----------
    network : keras.Model
    path : Path
    """
    with atomic(path) as temporary:
        np.savez(temporary, *network.get_weights())


def load_weights(network: keras.Model, path: Path) -> None:
    """Read what `save_weights` wrote; nothing in the file is executed.

    Parameters
    ----------
    network : keras.Model
        Takes the weights, in place.
    path : Path

    Raises
    ------
    ValueError
        If the file holds the weights of a network of another shape.
    """
    with np.load(path, allow_pickle=False) as file:
        network.set_weights([file[f"arr_{i}"] for i in range(len(file.files))])


def is_whole(path: Path) -> bool:
    """Whether there is a file of arrays that is whole; a damaged one is removed, with a warning.

    Parameters
    ----------
    path : Path
    """
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


def _parts(size: int, micro_batch: int | None) -> int:
    """How many parts a batch is learned from in."""
    if micro_batch is None:
        return 1
    if micro_batch < 1 or size % micro_batch:
        raise ValueError(
            f"micro_batch: expected a number of images that divides the batch of {size}; received "
            f"{micro_batch}."
        )
    return size // micro_batch


def _learn(phase: Phase, batch: Batch) -> float:
    phase.reset_metrics()
    return float(phase.train_on_batch(batch))


def _split(batch: Batch, parts: int) -> list[Batch]:
    """Consecutive parts of a batch, equally large."""
    if parts == 1:
        return [batch]

    def part(values: Any, number: int) -> Any:
        if isinstance(values, dict):
            return {
                name: value if name == "stored" else part(value, number)
                for name, value in values.items()
            }
        return np.split(values, parts)[number]

    return [part(batch, number) for number in range(parts)]


def _restore(phase: Phase, path: Path, parts: int) -> dict[str, Any]:
    if not is_whole(path):
        return {"step": 0, "seconds": 0.0, "history": [], "recent": [], "parts": parts}
    with np.load(path, allow_pickle=False) as file:
        state = dict(json.loads(str(file["state"])))
        if state.setdefault("parts", 1) != parts:
            raise ValueError(
                f"micro_batch: expected one that makes {state['parts']} parts of a batch, as where "
                f"this run was stopped; received one that makes {parts}. Give the one from before, "
                f"or remove {path} to begin anew."
            )
        for i, variable in enumerate(_variables(phase)):
            variable.assign(file[f"arr_{i}"])
        return state
