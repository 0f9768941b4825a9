"""Other ways to pretrain the encoder, without pretext tasks, with equal steps and images.

Reconstruction trains a whole U-Net, of which the encoder is kept; the contrastive phase and the
classifier train the encoder and a head.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from keras import layers

from wssl.machine.backend import keras, ops
from wssl.methods.initializers import GlorotUniform
from wssl.methods.phase import Batch, Phase, Tensor, batch_size, gather_examples
from wssl.methods.unet import encoder, pretext_model
from wssl.pretext import saturate

PATCHES = 8
"""The number of patches per side of an image, for masked-image modelling: 8-pixel squares at 64."""

MASKED = 0.6
"""The share of hidden patches."""

INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""The weights of the terms of VICReg, as in its source."""

KIND = "kind"


class MaskedPatches(Phase):
    """Masked-image modelling: restores images of which random square patches are hidden.

    The loss is the mean absolute error in the patches. Xie et al. 2022, SimMIM,
    doi:10.1109/CVPR52688.2022.00943, with the U-Net in place of a transformer: its patches (a
    seventh of a side there) and their share. No hole of the inpainting phase is shaped like them.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.unet`.
    """

    def __init__(self, network: keras.Model):
        super().__init__(network, "masked_patches_phase")

    @classmethod
    def of(cls, network: keras.Model, weights: Mapping[str, float], seed: int) -> Self:
        """The phase of a U-Net."""
        return cls(network)

    def add_random_inputs(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Add ``patches``, bool (B, 8, 8), True = hidden: the same number for each image."""
        order = rng.permuted(np.tile(np.arange(PATCHES**2), (batch_size(batch), 1)), axis=1)
        hidden = order < round(MASKED * PATCHES**2)
        return {**batch, "patches": hidden.reshape(-1, PATCHES, PATCHES)}

    def call(self, batch: Batch) -> dict[str, Tensor]:
        """Return the images, the restored ones, and which pixels were hidden, float (B, S, S)."""
        images = ops.cast(gather_examples(batch, self.size)["images"], "float32") / 255.0
        side = self.size // PATCHES
        hidden = ops.repeat(ops.repeat(batch["patches"], side, axis=1), side, axis=2)
        restored = ops.cast(self.network(self.shown(images, hidden)), "float32")
        return {"images": images, "restored": restored, "hidden": ops.cast(hidden, "float32")}

    def loss_of(self, batch: Batch, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the mean absolute error over the hidden pixels, a scalar."""
        errors = ops.mean(ops.abs(outputs["images"] - outputs["restored"]), axis=-1)
        return ops.sum(errors * outputs["hidden"]) / ops.sum(outputs["hidden"])


class Colourisation(Phase):
    """Restores the colours of images from their grey versions, by the mean absolute error.

    Larsson, Maire and Shakhnarovich 2017, doi:10.1109/CVPR.2017.96, who propose it for
    pretraining; with a regression of the colours in place of their distribution.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.unet`.
    """

    def __init__(self, network: keras.Model):
        super().__init__(network, "colourisation_phase")

    @classmethod
    def of(cls, network: keras.Model, weights: Mapping[str, float], seed: int) -> Self:
        """The phase of a U-Net."""
        return cls(network)

    def call(self, batch: Batch) -> dict[str, Tensor]:
        """Return the images and the restored ones, float (B, S, S, 3)."""
        images = ops.cast(gather_examples(batch, self.size)["images"], "float32") / 255.0
        grey = saturate(images, ops.zeros_like(images[:, 0, 0, 0]))
        restored = ops.cast(self.network(self.shown(grey)), "float32")
        return {"images": images, "restored": restored}

    def loss_of(self, batch: Batch, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the mean absolute error, a scalar."""
        return ops.mean(ops.abs(outputs["images"] - outputs["restored"]))


class VICReg(Phase):
    """Learns features that two views of an image share, without negative pairs.

    Bardes, Ponce and LeCun 2022, arXiv:2105.04906; chosen over SimCLR because no pair of a
    small batch has to serve as a negative. The expander has three layers as wide as the encoder's
    pooled features. Views are crops of 20 to 100 % of the area, mirrored in half of the cases, of
    other brightness, contrast and saturation, some of them grey.

    Parameters
    ----------
    network : keras.Model
        As from `embedding`.
    """

    def __init__(self, network: keras.Model):
        super().__init__(network, "vicreg_phase")

    @classmethod
    def of(cls, network: keras.Model, weights: Mapping[str, float], seed: int) -> Self:
        """The phase of the encoder of a U-Net, with an expander."""
        return cls(embedding(encoder(network), seed))

    def add_random_inputs(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Add ``views``, float32 (B, 2, 7): what `view` makes of each image, twice."""
        shape = batch_size(batch), 2
        side = np.sqrt(rng.uniform(0.2, 1.0, shape))
        corners = [rng.uniform(size=shape) * (1.0 - side) for _ in range(2)]
        mirrored = rng.random(shape) < 0.5
        jittered = rng.random(shape) < 0.8
        factors = [
            np.where(jittered, rng.uniform(1.0 - range_, 1.0 + range_, shape), 1.0)
            for range_ in (0.4, 0.4, 0.2)
        ]
        factors[2] = np.where(rng.random(shape) < 0.2, 0.0, factors[2])
        values = np.stack([*corners, side, mirrored, *factors], axis=-1).astype("float32")
        return {**batch, "views": values}

    def call(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the embeddings of the two views, float (B, D) each."""
        images = ops.cast(gather_examples(batch, self.size)["images"], "float32") / 255.0
        first, second = (
            self.network(self.shown(view(images, batch["views"][:, number])), training=True)
            for number in range(2)
        )
        return ops.cast(first, "float32"), ops.cast(second, "float32")

    def loss_of(self, batch: Batch, outputs: tuple[Tensor, Tensor]) -> Tensor:
        """Return the weighted sum of invariance, variance and covariance, a scalar."""
        return vicreg_loss(*outputs)


class RealOrGenerated(Phase):
    """Learns to classify images by a label: the supervised control.

    Called on a batch with ``kinds``, int (B,), 1 = generated, it returns the logits.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.pretext_model`, with a head named `KIND`.
    """

    def __init__(self, network: keras.Model):
        super().__init__(network, "real_or_generated_phase")

    @classmethod
    def of(cls, network: keras.Model, weights: Mapping[str, float], seed: int) -> Self:
        """The phase of the encoder of a U-Net, with a head of two classes."""
        return cls(pretext_model(encoder(network), {KIND: 2}, seed))

    def call(self, batch: Batch) -> Tensor:
        """Return the logits, float (B, 2)."""
        images = ops.cast(gather_examples(batch, self.size)["images"], "float32") / 255.0
        return ops.cast(self.network(self.shown(images))[KIND], "float32")

    def loss_of(self, batch: Batch, outputs: Tensor) -> Tensor:
        """Return the mean cross-entropy, a scalar."""
        return ops.mean(
            keras.losses.sparse_categorical_crossentropy(batch["kinds"], outputs, from_logits=True)
        )


def embedding(body: keras.Model, seed: int) -> keras.Model:
    """An encoder with VICReg's expander: its pooled features through three layers of that width.

    Parameters
    ----------
    body : keras.Model
        As from `wssl.methods.encoder`.
    seed : int
        Fixes the initial weights of the expander.

    Returns
    -------
    keras.Model
        As `body`, but to float (B, D).
    """
    x = layers.GlobalAveragePooling2D(name="pooled")(body.output)
    width = x.shape[-1]
    for number in (1, 2, 3):
        initial = GlorotUniform(seed=seed * 1000 + number)
        x = layers.Dense(width, kernel_initializer=initial, name=f"expander{number}")(x)
        if number < 3:
            x = layers.BatchNormalization(name=f"expander{number}_normalised")(x)
            x = layers.ReLU(name=f"expander{number}_relu")(x)
    return keras.Model(body.input, x, name="embedding")


def vicreg_loss(first: Tensor, second: Tensor) -> Tensor:
    """VICReg's loss of the embeddings of two views.

    The mean squared difference; how far the standard deviation of each dimension is below 1, the
    mean over dimensions and views; and the sum of the squared covariances of different dimensions,
    by their number, of both views.

    Parameters
    ----------
    first, second : float (B, D)
        B at least 2.

    Returns
    -------
    float scalar
    """
    loss = INVARIANCE * ops.mean(ops.square(first - second))
    for values in (first, second):
        count, width = ops.cast(ops.shape(values)[0], "float32"), values.shape[1]
        centred = values - ops.mean(values, axis=0)
        covariance = ops.matmul(ops.transpose(centred), centred) / (count - 1.0)
        variances = ops.diagonal(covariance)
        below = ops.relu(1.0 - ops.sqrt(variances + 1e-4))
        others = ops.sum(ops.square(covariance)) - ops.sum(ops.square(variances))
        loss = loss + VARIANCE * ops.mean(below) / 2.0 + COVARIANCE * others / width
    return loss


def view(images: Tensor, values: Tensor) -> Tensor:
    """A crop of each image at full size, bilinear, maybe mirrored, in other colours.

    Parameters
    ----------
    images : float (B, S, S, 3) in [0, 1]
    values : float (B, 7)
        Top, left and side of the crop as shares of the image's side; 1 to mirror it, else 0; and
        the factors of brightness, contrast and saturation.

    Returns
    -------
    float (B, S, S, 3) in [0, 1]
    """
    top, left, side, mirrored, brightness, contrast, saturation = (
        values[:, number] for number in range(7)
    )
    size = images.shape[1]
    along = (ops.arange(size, dtype="float32") + 0.5) / size
    mirror = mirrored[:, None]
    across = mirror * (1.0 - along) + (1.0 - mirror) * along

    def weights(start: Tensor, places: Tensor) -> Tensor:
        at = ops.clip((start[:, None] + side[:, None] * places) * size - 0.5, 0.0, size - 1.0)
        return ops.relu(1.0 - ops.abs(at[:, :, None] - ops.arange(size, dtype="float32")))

    rows = ops.einsum("bij,bjkc->bikc", weights(top, along), images)
    cut = ops.einsum("bij,bkjc->bkic", weights(left, across), rows)
    lit = cut * brightness[:, None, None, None]
    mean = ops.mean(lit, axis=(1, 2, 3), keepdims=True)
    contrasted = ops.clip(mean + contrast[:, None, None, None] * (lit - mean), 0.0, 1.0)
    return saturate(contrasted, saturation)
