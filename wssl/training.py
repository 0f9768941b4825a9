"""The two phases of training, and the loop that both run in.

Phase one teaches the encoder to tell at which level each pretext task was applied; phase two
teaches the whole network to fill holes. Source: Gupta et al., WSSL, section 4.
"""

import json
import math
import time
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from wssl import pretext
from wssl.store import atomic

Batch = dict[str, Any]
Tensor = Any

CHECKPOINT_SECONDS = 30.0
HISTORY_POINTS = 50


class NonFiniteLossError(ArithmeticError):
    """Training stopped since its loss was not a finite number."""


class PretextPhase(keras.Model):
    """Learns the levels of weighted pretext tasks.

    Called on a batch ``{"images": uint8 (B, S, S, 3), "labels": {task: int (B,)}}``, it transforms
    the images at the levels of the labels and returns the logits of each task. Its loss is the sum
    over tasks of weight times cross-entropy.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.models.pretext_model`.
    weights : mapping of str to float
        The weight of each task.
    """

    def __init__(self, network: keras.Model, weights: Mapping[str, float]):
        super().__init__(name="pretext_phase")
        self.network = network
        self.task_weights = dict(weights)

    def call(self, batch: Batch) -> dict[str, Tensor]:
        """Return the logits, float (B, classes), of each task."""
        images = ops.cast(batch["images"], "float32") / 255.0
        return self.network(pretext.transform(images, batch["labels"]))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """Return the weighted sum of the tasks' cross-entropies, a scalar."""
        return sum(
            weight
            * ops.mean(
                keras.losses.sparse_categorical_crossentropy(
                    x["labels"][task], y_pred[task], from_logits=True
                )
            )
            for task, weight in self.task_weights.items()
        )


class InpaintingPhase(keras.Model):
    """Learns to restore images from what their masks leave.

    Called on a batch ``{"images": uint8 (B, S, S, 3), "masks": bool (B, S, S)}`` (True = hole), it
    blackens the holes and returns originals and restored images, float (B, S, S, 3) in [0, 1].
    Its loss is the mean over the batch of `loss` on the whole, raw output.

    Parameters
    ----------
    network : keras.Model
        Masked image -> restored image.
    loss : callable
        ``(y_true, y_pred) -> float (B,)``.
    """

    def __init__(self, network: keras.Model, loss: Callable[[Tensor, Tensor], Tensor]):
        super().__init__(name="inpainting_phase")
        self.network = network
        self.image_loss = loss

    def call(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the originals and the restored images."""
        images = ops.cast(batch["images"], "float32") / 255.0
        return images, self.network(blacken(images, batch["masks"]))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """Return the mean of the loss over the batch, a scalar."""
        return ops.mean(self.image_loss(*y_pred))


def blacken(images: Tensor, masks: Tensor) -> Tensor:
    """Set the holes of images to zero.

    Parameters
    ----------
    images : float (B, H, W, 3)
    masks : bool (B, H, W)
        True = hole.

    Returns
    -------
    float (B, H, W, 3)
    """
    return ops.where(ops.expand_dims(masks, -1), 0.0, images)


def train(
    phase: keras.Model,
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
    phase : keras.Model
        One of the two above; trained in place.
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
        optimizer=keras.optimizers.Adam(learning_rate),
        jit_compile=bool(keras.distribution.list_devices("gpu")),
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


def _variables(phase: keras.Model) -> list[Any]:
    return [*phase.network.variables, *phase.optimizer.variables]


def _save(phase: keras.Model, state: dict[str, Any], path: Path) -> None:
    arrays = [variable.numpy() for variable in _variables(phase)]
    with atomic(path) as temporary:
        np.savez(temporary, *arrays, state=np.array(json.dumps(state)))


def _restore(phase: keras.Model, path: Path) -> dict[str, Any]:
    if not is_whole(path):
        return {"step": 0, "seconds": 0.0, "history": [], "recent": []}
    with np.load(path, allow_pickle=False) as file:
        for i, variable in enumerate(_variables(phase)):
            variable.assign(file[f"arr_{i}"])
        return dict(json.loads(str(file["state"])))
