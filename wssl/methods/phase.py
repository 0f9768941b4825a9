"""The base class of training phases: a network, its loss and its optimiser settings."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from wssl.machine.backend import keras, ops

Batch = dict[str, Any]
Tensor = Any


class Phase(keras.Model):
    """A network in training; called on a batch, it returns the values that its loss needs.

    Attributes
    ----------
    network : keras.Model
        The network that is kept at the end of the phase.
    adam : dict of str to float
        Settings of Adam other than the learning rate.
    """

    adam: Mapping[str, float] = {}

    def __init__(self, network: keras.Model, name: str):
        super().__init__(name=name, dtype="float32")
        self.network = network
        self.coefficients: dict[str, keras.Variable] = {}

    @property
    def models(self) -> list[keras.Model]:
        """All trained models: the network, and those needed only in training."""
        return [self.network]

    def add_coefficient(
        self,
        name: str,
        value: float | np.ndarray,
        *,
        trainable: bool = False,
        constraint: Callable[[Tensor], Tensor] | None = None,
    ) -> keras.Variable:
        """Make a number of the loss a variable, so that its value can change without a new graph.

        Parameters
        ----------
        name : str
        value : float or ndarray of float
        trainable : bool
            Whether it is learned with the networks.
        constraint : callable, optional
            Applied to a learned number after each step.
        """
        self.coefficients[name] = self.add_weight(
            name=name.replace(" ", "_"),
            shape=np.shape(value),
            dtype="float32",
            trainable=trainable,
            constraint=constraint,
            initializer=keras.initializers.Constant(value),
        )
        return self.coefficients[name]

    @property
    def state(self) -> list[keras.Variable]:
        """All variables of the phase, without those of its optimiser."""
        learned = [variable for model in self.models for variable in model.variables]
        return [*learned, *self.coefficients.values()]

    def become(self, other: "Phase") -> None:
        """Copy the values of all variables from another phase of the same shape.

        Parameters
        ----------
        other : Phase
        """
        for mine, theirs in zip(self.state, other.state, strict=True):
            mine.assign(theirs.value)

    def add_random_inputs(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Add the phase's other random draws to a batch."""
        return batch

    def shown(self, images: Tensor, masks: Tensor | None = None) -> Any:
        """The inputs of the network: images with black holes, and masks if it takes them.

        Parameters
        ----------
        images : float (B, S, S, 3)
        masks : bool (B, S, S), optional
            True = hole; whole images if not given.
        """
        masked = images if masks is None else mask_out(images, masks)
        if len(self.network.inputs) == 1:
            return masked
        if masks is None:
            return [images, ops.zeros_like(images[..., :1])]
        return [masked, ops.cast(ops.expand_dims(masks, -1), "float32")]

    def found_weights(self) -> dict[str, float]:
        """The weights of pretext tasks that the phase has learned; empty if they are given."""
        return {}

    @property
    def size(self) -> int:
        """Side of the images that the network sees, in pixels."""
        return int(self.network.inputs[0].shape[1])

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """Return the loss, a scalar, of a batch and of the call's outputs for it.

        Raises
        ------
        ValueError
            If `loss_of` returns anything but a scalar.
        """
        loss = self.loss_of(x, y_pred)
        shape = getattr(loss, "shape", () if isinstance(loss, (int, float)) else None)
        if shape is None or len(shape):
            received = f"a {type(loss).__name__}" if shape is None else f"the shape {tuple(shape)}"
            raise ValueError(
                f"loss_of: expected a scalar from {type(self).__name__}; received {received}. "
                "Return the mean over the batch, such as keras.ops.mean(errors)."
            )
        return loss

    def loss_of(self, batch: Batch, outputs: Any) -> Tensor:
        """Return the loss of a batch, a scalar."""
        raise NotImplementedError


def batch_size(batch: Batch) -> int:
    """The number of images in a batch.

    Parameters
    ----------
    batch : dict
        Of arrays or tensors.
    """
    images = batch["images"]
    return len(images["rows"] if isinstance(images, dict) else images)


def gather_examples(batch: Batch, size: int) -> dict[str, Tensor]:
    """Crop the images of a batch and look up its masks, inside the compiled step.

    Parameters
    ----------
    batch : dict
        ``images``, uint8 (B, L, L, 3), and ``masks``, bool (B, size, size), if it has masks; each
        may be ``{"stored": (N, ...), "rows": int (B,)}`` instead. ``corners``, int (B, 2): the
        corner of each crop; without them, the images already have the side `size`.
    size : int
        Side of the squares in pixels.

    Returns
    -------
    dict
        ``images``, uint8 (B, size, size, 3), and ``masks``, if the batch has them.
    """
    found: dict[str, Tensor] = {
        name: ops.take(batch[name]["stored"], batch[name]["rows"], axis=0)
        if isinstance(batch[name], dict)
        else batch[name]
        for name in ("images", "masks")
        if name in batch
    }
    if "corners" in batch:
        found["images"] = crop(found["images"], batch["corners"], size)
    return found


def crop(images: Tensor, corners: Tensor, size: int) -> Tensor:
    """A square of each image.

    Parameters
    ----------
    images : (B, L, L, 3)
    corners : int (B, 2)
        Top and left of each square, in pixels, from 0 to L - size.
    size : int
        Side of the squares in pixels.

    Returns
    -------
    (B, size, size, 3)
    """
    side = images.shape[1]
    numbers = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None]
    rows = corners[:, 0, None, None] + ops.arange(size, dtype="int32")[:, None]
    columns = corners[:, 1, None, None] + ops.arange(size, dtype="int32")
    return ops.take(ops.reshape(images, (-1, 3)), (numbers * side + rows) * side + columns, axis=0)


def mask_out(images: Tensor, masks: Tensor) -> Tensor:
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
