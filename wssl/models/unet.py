"""The U-Net: five encoder blocks, five decoder blocks, and the heads of the pretext tasks.

Source: Gupta et al., WSSL, section 4 ("a vanilla UNet architecture which consists of five encoders
and five decoders"); Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28.
"""

from collections.abc import Mapping

import keras
from keras import layers

from wssl.models.scale import check_scale

DEPTH = 5
ENCODER_LAYERS = 16
"""Input + 5 x (convolution, convolution, pooling): what the paper freezes, as Keras counts."""


def unet(size: int, width: int, seed: int = 0) -> keras.Model:
    """A U-Net that maps a masked image to a whole one.

    Without batch normalisation and with a pooling layer in each encoder block, its first 16
    layers are exactly the encoder, which is the only reading of the paper's "first 16 layers"
    that makes them a whole.

    Parameters
    ----------
    size : int
        Side of the square images in pixels, a multiple of 32.
    width : int
        Channels of the first block; each block has twice as many as the one before.
    seed : int
        Fixes the initial weights (He normal, as in Ronneberger et al.).

    Returns
    -------
    keras.Model
        float (B, size, size, 3) in [0, 1] -> float (B, size, size, 3) in [0, 1].

    Raises
    ------
    ValueError
        If `size` is not a positive multiple of 32 or `width` is not positive.
    """
    check_scale(size, width, DEPTH)
    initial = _Initializers(seed)
    x = inputs = layers.Input((size, size, 3), name="image")
    skips = []
    for level in range(1, DEPTH + 1):
        channels = width * 2 ** (level - 1)
        x = _convolution(channels, f"encoder{level}_conv1", initial)(x)
        x = _convolution(channels, f"encoder{level}_conv2", initial)(x)
        skips.append(x)
        x = layers.MaxPooling2D(name=f"encoder{level}_pool")(x)
    for level in range(DEPTH, 0, -1):
        channels = width * 2 ** (level - 1)
        x = layers.Conv2DTranspose(
            channels, 2, strides=2, kernel_initializer=initial(), name=f"decoder{level}_up"
        )(x)
        x = layers.Concatenate(name=f"decoder{level}_skip")([x, skips[level - 1]])
        x = _convolution(channels, f"decoder{level}_conv1", initial)(x)
        x = _convolution(channels, f"decoder{level}_conv2", initial)(x)
    outputs = layers.Conv2D(
        3, 1, activation="sigmoid", kernel_initializer=initial(), name="restored"
    )(x)
    return keras.Model(inputs, outputs, name="unet")


def encoder(model: keras.Model) -> keras.Model:
    """The first 16 layers of a U-Net, as a model of their own that shares its weights.

    Parameters
    ----------
    model : keras.Model
        What `unet` returned.

    Returns
    -------
    keras.Model
        float (B, size, size, 3) -> float (B, size / 32, size / 32, 16 * width).
    """
    return keras.Model(model.input, model.layers[ENCODER_LAYERS - 1].output, name="encoder")


def pretext_model(body: keras.Model, classes: Mapping[str, int], seed: int = 0) -> keras.Model:
    """An encoder with one classification head per pretext task.

    Parameters
    ----------
    body : keras.Model
        The encoder.
    classes : mapping of str to int
        The number of classes of each task.
    seed : int
        Fixes the initial weights of the heads.

    Returns
    -------
    keras.Model
        float (B, size, size, 3) -> dict of task name to logits, float (B, classes).
    """
    pooled = layers.GlobalAveragePooling2D(name="pooled")(body.output)
    heads = {
        task: layers.Dense(
            count,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed * 1000 + number),
            name=task,
        )(pooled)
        for number, (task, count) in enumerate(classes.items())
    }
    return keras.Model(body.input, heads, name="pretext")


class _Initializers:
    """He-normal initializers with a seed of their own each, all fixed by one."""

    def __init__(self, seed: int):
        self.seed, self.count = seed, 0

    def __call__(self) -> keras.initializers.Initializer:
        self.count += 1
        return keras.initializers.HeNormal(seed=self.seed * 1000 + self.count)


def _convolution(channels: int, name: str, initial: _Initializers) -> layers.Layer:
    return layers.Conv2D(
        channels, 3, padding="same", activation="relu", kernel_initializer=initial(), name=name
    )
