"""The paper's two phases. Source: Gupta et al., WSSL, section 4."""

from collections.abc import Callable, Mapping
from typing import Any

from wssl import pretext
from wssl.backend import keras, ops
from wssl.losses import bind
from wssl.methods.phase import Batch, Phase, Tensor, gather_examples, mask_out


class PretextPhase(Phase):
    """Learns the levels of weighted pretext tasks.

    Called on a batch ``{"images": uint8 (B, S, S, 3), "labels": {task: int (B,)}}``, or one that
    `gather_examples` crops, it transforms the images at the levels of the labels and returns the
    logits of each task. Its loss is the sum over tasks of weight times cross-entropy.

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

    def call(self, batch: Batch) -> dict[str, Tensor]:
        """Return the logits, float (B, classes), of each task."""
        images = ops.cast(gather_examples(batch, self.size)["images"], "float32") / 255.0
        logits = self.network(pretext.transform(images, batch["labels"]))
        return {task: ops.cast(values, "float32") for task, values in logits.items()}

    def loss_of(self, batch: Batch, outputs: Any) -> Tensor:
        """Return the weighted sum of the tasks' cross-entropies, a scalar."""
        return sum(
            weight
            * ops.mean(
                keras.losses.sparse_categorical_crossentropy(
                    batch["labels"][task], outputs[task], from_logits=True
                )
            )
            for task, weight in self.task_weights.items()
        )


class InpaintingPhase(Phase):
    """Learns to restore images from what their masks leave.

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
        For those numbers that the loss takes besides the images, such as ``alpha=0.84``. Each is a
        variable of the compiled step and of its checkpoints, whichever the loss takes.
    """

    def __init__(self, network: keras.Model, loss: Callable[..., Tensor], **settings: float):
        super().__init__(network, "inpainting_phase")
        variables = {name: self.add_coefficient(name, value) for name, value in settings.items()}
        self.image_loss = bind(loss, **variables)

    def call(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the originals and the restored images."""
        drawn = gather_examples(batch, self.size)
        images = ops.cast(drawn["images"], "float32") / 255.0
        return images, ops.cast(self.network(mask_out(images, drawn["masks"])), "float32")

    def loss_of(self, batch: Batch, outputs: Any) -> Tensor:
        """Return the mean of the loss over the batch, a scalar."""
        return ops.mean(self.image_loss(*outputs))
