"""The paper's two phases. Source: Gupta et al., WSSL, section 4."""

from collections.abc import Callable, Mapping
from typing import Any, Self

from wssl import pretext
from wssl.checks.names import lookup
from wssl.losses import bind
from wssl.machine.backend import keras, ops
from wssl.methods.phase import Batch, Phase, Tensor, gather_examples
from wssl.methods.unet import encoder, pretext_model


class PretextPhase(Phase):
    """Learns the levels of weighted pretext tasks.

    Called on a batch ``{"images": uint8 (B, S, S, 3), "labels": {task: int (B,)}}``, or one that
    `gather_examples` crops, it transforms the images at the levels of the labels, masks them if the
    batch has ``masks``, and returns the logits of each task. Its loss is the sum over tasks of
    weight times cross-entropy.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.pretext_model`.
    weights : mapping of str to float
        The weight of each task.
    """

    def __init__(self, network: keras.Model, weights: Mapping[str, float]):
        super().__init__(network, "pretext_phase")
        self.task_weights = {
            task: self.add_coefficient(f"weight_{task}", weight) for task, weight in weights.items()
        }

    @classmethod
    def of(cls, network: keras.Model, weights: Mapping[str, float], seed: int) -> Self:
        """The phase of the encoder of a U-Net, with heads for the levels of some tasks.

        Parameters
        ----------
        network : keras.Model
            As from `wssl.methods.unet`.
        weights : mapping of str to float
            The weight of each task.
        seed : int
            Fixes the initial weights of the heads.
        """
        tasks = {name: lookup("pretext task", name, pretext.TASKS) for name in weights}
        classes = {name: len(task.levels) for name, task in tasks.items()}
        return cls(pretext_model(encoder(network), classes, seed), weights)

    def call(self, batch: Batch) -> dict[str, Tensor]:
        """Return the logits, float (B, classes), of each task."""
        drawn = gather_examples(batch, self.size)
        images = ops.cast(drawn["images"], "float32") / 255.0
        changed = pretext.transform(images, batch["labels"])
        logits = self.network(self.shown(changed, drawn.get("masks")))
        return {task: ops.cast(values, "float32") for task, values in logits.items()}

    def task_losses(self, batch: Batch, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The mean cross-entropy of each task over a batch, a scalar each.

        Parameters
        ----------
        batch : dict
            With ``labels``.
        outputs : mapping of str to float (B, levels)
            The logits of each task.
        """
        return {
            task: ops.mean(
                keras.losses.sparse_categorical_crossentropy(
                    batch["labels"][task], outputs[task], from_logits=True
                )
            )
            for task in self.task_weights
        }

    def loss_of(self, batch: Batch, outputs: Any) -> Tensor:
        """Return the weighted sum of the tasks' cross-entropies, a scalar."""
        losses = self.task_losses(batch, outputs)
        return sum(weight * losses[task] for task, weight in self.task_weights.items())


class InpaintingPhase(Phase):
    """Learns to restore images from their known pixels.

    Called on a batch ``{"images": uint8 (B, S, S, 3), "masks": bool (B, S, S)}`` (True = hole), or
    one that `gather_examples` crops, it masks the holes out and returns originals and restored
    images, float (B, S, S, 3) in [0, 1]. Its loss is the mean over the batch of `loss` on the
    whole, raw output.

    Parameters
    ----------
    network : keras.Model
        Masked image -> restored image.
    loss : callable
        Such as one of `wssl.losses.LOSSES`.
    **settings : float
        Further arguments of the loss, such as ``alpha=0.84``. Each is a variable of the compiled
        step and of its checkpoints, whether or not the loss takes it.
    """

    def __init__(self, network: keras.Model, loss: Callable[..., Tensor], **settings: float):
        super().__init__(network, "inpainting_phase")
        variables = {name: self.add_coefficient(name, value) for name, value in settings.items()}
        self.image_loss = bind(loss, **variables)

    def call(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the originals and the restored images."""
        drawn = gather_examples(batch, self.size)
        images = ops.cast(drawn["images"], "float32") / 255.0
        return images, ops.cast(self.network(self.shown(images, drawn["masks"])), "float32")

    def loss_of(self, batch: Batch, outputs: Any) -> Tensor:
        """Return the mean of the loss over the batch, a scalar."""
        return ops.mean(self.image_loss(*outputs))
