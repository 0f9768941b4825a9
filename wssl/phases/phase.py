"""What every phase of training is: a network, its loss, and how it is optimised."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

Batch = dict[str, Any]
Tensor = Any


class Phase(keras.Model):
    """A network that learns; called on a batch, it returns what its loss looks at.

    Attributes
    ----------
    network : keras.Model
        What is kept when the phase has ended.
    adam : dict of str to float
        Settings of Adam other than the learning rate.
    """

    adam: Mapping[str, float] = {}

    def __init__(self, network: keras.Model, name: str):
        super().__init__(name=name)
        self.network = network

    @property
    def models(self) -> list[keras.Model]:
        """Everything that learns: the network, and what only training needs."""
        return [self.network]

    def complete(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Add to a batch what else the phase draws at random."""
        return batch

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """Return the loss, a scalar, of a batch and of what the call returned for it."""
        return self.loss_of(x, y_pred)

    def loss_of(self, batch: Batch, outputs: Any) -> Tensor:
        """Return the loss of a batch, a scalar."""
        raise NotImplementedError


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
