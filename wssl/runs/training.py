"""The training loop of all phases, and its files."""

import errno
import json
import math
import time
import warnings
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from wssl.machine.backend import in_order, keras
from wssl.machine.devices import compiles_with_xla
from wssl.methods import Batch, Phase
from wssl.records.store import atomic, is_present

CHECKPOINT_SECONDS = 30.0
HISTORY_POINTS = 50
PHASES_KEPT = 4

_DAMAGED = EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error

_KEPT: OrderedDict[Hashable, Phase] = OrderedDict()


class NonFiniteLossError(ArithmeticError):
    """Training stopped because the loss was not finite."""


@dataclass(frozen=True)
class Training:
    """The duration and the learning rates of a phase.

    Attributes
    ----------
    steps : int
    batch : int
        Images per step.
    learning_rate : float
        The highest.
    warmup : int
        Steps over which the learning rate rises linearly.
    schedule : str
        One of `wssl.presets.SCHEDULES`.
    """

    steps: int
    batch: int
    learning_rate: float
    warmup: int = 0
    schedule: str = "constant"

    def rate(self, step: int) -> float:
        """The learning rate of a step, from 0.

        Parameters
        ----------
        step : int
        """
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        if self.schedule == "constant":
            return self.learning_rate
        share = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * share))


def compiled(key: Hashable, fresh: Phase) -> Phase:
    """A phase of the same shape with a compiled step, set to the values of a fresh one.

    Numbers that differ between experiments of one shape (initial weights, weights of tasks, the
    loss's coefficients, learning rates) are variables of the compiled step, so it serves all of
    them. The last few phases of a process are kept; the returned one is valid until the next call.

    Parameters
    ----------
    key : hashable
        Everything that determines the shape: equal keys mean equal graphs.
    fresh : Phase
        The newly built phase, which is returned and kept if there is no other.
    """
    if keras.distribution.distribution() is not None:
        return fresh
    kept = _KEPT.setdefault(key, fresh)
    _KEPT.move_to_end(key)
    while len(_KEPT) > PHASES_KEPT:
        _KEPT.popitem(last=False)
    if kept is not fresh:
        kept.become(fresh)
    return kept


def train(
    phase: Phase,
    batches: Callable[[int], Batch],
    training: Training,
    *,
    title: str,
    checkpoint: Path,
    micro_batch: int | None = None,
) -> dict[str, Any]:
    """Train a phase with Adam, resuming from its checkpoint if there is one.

    Parameters
    ----------
    phase : Phase
        Trained in place.
    batches : callable
        Step number, from 0 -> the batch of that step; a pure function.
    training : Training
    title : str
        Names the phase on the progress bar and in errors.
    checkpoint : path
        An ``.npz`` file, written every half minute and at the end; the caller removes it after
        storing the weights.
    micro_batch : int, optional
        Number of images of a batch that the network sees at a time, if memory is too small for all.
        Their gradients are averaged before each update, so that the result equals that of the whole
        batch, apart from rounding.

    Returns
    -------
    dict
        ``history``, a list of ``[step, mean loss since the point before]``, and ``seconds``, the
        time spent training, over all attempts.

    Raises
    ------
    NonFiniteLossError
        If the loss is not finite; the message states the step and the loss.
    ValueError
        If `micro_batch` does not divide the batch, or differs from that of the checkpoint.
    """
    size, steps = training.batch, training.steps
    parts = _parts(size, micro_batch)
    _compile(phase, parts, batches(0))
    state = _restore(phase, checkpoint, parts)
    began = time.monotonic() - state["seconds"]
    saved = time.monotonic()
    every = max(1, steps // HISTORY_POINTS)
    with tqdm(
        total=steps * size, initial=state["step"] * size, desc=title, unit=" images", disable=None
    ) as bar:
        for step in range(state["step"], steps):
            phase.optimizer.learning_rate = training.rate(step)
            # Between the parts of a batch, whether to update is a condition.
            with in_order() if parts == 1 else nullcontext():
                loss = sum(_learn(phase, part) for part in _split(batches(step), parts)) / parts
            if not math.isfinite(loss):
                way_out = (
                    f"Try a learning rate below {training.learning_rate:g}; the last checkpoint is "
                    "kept."
                )
                if step == 0:
                    way_out = (
                        "No weight has changed yet, so the learning rate is not the cause: check "
                        "the loss and the network for a division by zero, or a logarithm or root "
                        "of a value that is not positive."
                    )
                raise NonFiniteLossError(
                    f"loss: expected a finite number; received {loss} at step {step} of {steps} of "
                    f"{title}. {way_out}"
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


def save_arrays(arrays: Sequence[np.ndarray], path: Path) -> None:
    """Write arrays atomically; `read_arrays` reads them.

    Parameters
    ----------
    arrays : sequence of ndarray
    path : Path
    """
    with atomic(path) as temporary:
        np.savez(temporary, *arrays)


def read_arrays(path: Path) -> list[np.ndarray]:
    """The arrays of a file that `save_arrays` wrote, in their order.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        As from `wssl.records.store.is_present`.
    ValueError
        If the file is damaged.
    """
    if not is_present(path):
        raise FileNotFoundError(
            f"{path}: expected a file of arrays; there is none. Check the path."
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[f"arr_{i}"] for i in range(len(file.files))]
    except (ValueError, KeyError, *_DAMAGED) as error:
        raise ValueError(
            f"{path}: expected a file of arrays, as `save_arrays` writes it; received another, or "
            f"a damaged one ({error}). Restore it, or train again."
        ) from error


def drop_if_damaged(path: Path) -> bool:
    """Whether there is an intact file of arrays; a damaged one is removed, with a warning.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        As from `wssl.records.store.is_present`.
    """
    if not is_present(path):
        return False
    try:
        with zipfile.ZipFile(path) as file:
            arrays = set(file.namelist()) - {"state.npy"}
            numbered = {f"arr_{i}.npy" for i in range(len(arrays))}
            # A damaged length can make the comment of one entry hide those that follow.
            hidden = any(entry.comment for entry in file.infolist())
            whole = bool(arrays) and arrays == numbered and not hidden and file.testzip() is None
    except _DAMAGED:
        whole = False
    except OSError as error:  # of a damaged offset; any other is no fault of the file
        if error.errno != errno.EINVAL:
            raise
        whole = False
    if not whole:
        warnings.warn(
            f"The file {path} is damaged and was removed; its content is trained again.",
            stacklevel=2,
        )
        path.unlink()
    return whole


def _compile(phase: Phase, parts: int, batch: Batch) -> None:
    """Compile the step, or reset the optimiser of a compiled one."""
    accumulated = None if parts == 1 else parts
    if not phase.compiled or phase.optimizer.gradient_accumulation_steps != accumulated:
        phase.compile(
            optimizer=keras.optimizers.Adam(**phase.adam, gradient_accumulation_steps=accumulated),
            jit_compile=compiles_with_xla(),
        )
        phase(batch)
        phase.optimizer.build(phase.trainable_variables)
    for variable in phase.optimizer.variables:
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))


def _save(phase: Phase, state: dict[str, Any], path: Path) -> None:
    arrays = [variable.numpy() for variable in _variables(phase)]
    with atomic(path) as temporary:
        np.savez(temporary, *arrays, state=np.array(json.dumps(state)))


def _variables(phase: Phase) -> list[Any]:
    return [*phase.state, *phase.optimizer.variables]


def _parts(size: int, micro_batch: int | None) -> int:
    """The number of parts into which a batch is divided."""
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
    if not drop_if_damaged(path):
        return {"step": 0, "seconds": 0.0, "history": [], "recent": [], "parts": parts}
    with np.load(path, allow_pickle=False) as file:
        state = dict(json.loads(str(file["state"])))
        if state.setdefault("parts", 1) != parts:
            raise ValueError(
                f"micro_batch: expected one that divides a batch into {state['parts']} parts, as "
                f"before this run was interrupted; received one that makes {parts}. Use the "
                f"earlier value, or remove {path} to start again."
            )
        for i, variable in enumerate(_variables(phase)):
            variable.assign(file[f"arr_{i}"])
        return state
