"""The U-Net: five encoder blocks, five decoder blocks, and the heads of the pretext tasks.

Source: Gupta et al., WSSL, section 4 ("a vanilla UNet architecture which consists of five encoders
and five decoders"); Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from keras import layers

from wssl.machine.backend import keras, ops
from wssl.methods.initializers import GlorotUniform, HeNormal
from wssl.methods.method import check_scale

DEPTH = 5
ENCODER_BLOCKS = tuple(range(1, DEPTH + 1))
"""The encoder's blocks, from the one at full resolution to the deepest."""

ENCODER_LAYERS = 16
"""The number of frozen layers in Keras: input + 5 x (convolution, convolution, pooling)."""


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
    image = layers.Input((size, size, 3), name="image")
    return unet_of(image, image, width, seed)


def unet_of(inputs: Any, shown: Any, width: int, seed: int) -> keras.Model:
    """A U-Net whose first convolution takes a tensor computed from the inputs.

    Parameters
    ----------
    inputs : keras.KerasTensor or list of keras.KerasTensor
        Of the model.
    shown : keras.KerasTensor
        (B, size, size, C), made of the inputs.
    width, seed : int
        As for `unet`.

    Returns
    -------
    keras.Model
        From the inputs to float (B, size, size, 3) in [0, 1].
    """
    initial = Initializers(seed)
    x = shown
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
        A model from `unet`.

    Returns
    -------
    keras.Model
        float (B, size, size, 3) -> float (B, size / 32, size / 32, 16 * width); of a network that
        takes masks too, from both.
    """
    return keras.Model(model.input, _encoder_layers(model)[-1].output, name="encoder")


def encoder_variables(model: keras.Model) -> list[keras.Variable]:
    """The weights of the first 16 layers of a U-Net, or of its `encoder`, in their order.

    Parameters
    ----------
    model : keras.Model
        A model from `unet` or `encoder`.
    """
    return [variable for layer in _encoder_layers(model) for variable in layer.variables]


def freeze(model: keras.Model, blocks: Iterable[int] = ENCODER_BLOCKS) -> None:
    """Exclude some of the encoder's blocks from training.

    Parameters
    ----------
    model : keras.Model
        A model from `unet`.
    blocks : iterable of int
        Numbers of `ENCODER_BLOCKS`; all of them are the paper's first 16 layers.
    """
    names = tuple(f"encoder{block}_" for block in blocks)
    for layer in _encoder_layers(model):
        if layer.name.startswith(names):
            layer.trainable = False


def block_outputs(model: keras.Model) -> keras.Model:
    """The encoder's blocks of a U-Net, as a model that shares its weights.

    Parameters
    ----------
    model : keras.Model
        A model from `unet`.

    Returns
    -------
    keras.Model
        float (B, size, size, 3) -> list of float (B, size / 2^(n - 1), size / 2^(n - 1),
        2^(n - 1) * width), the output of each block n before its pooling.
    """
    outputs = [model.get_layer(f"encoder{block}_conv2").output for block in ENCODER_BLOCKS]
    return keras.Model(model.input, outputs, name="blocks")


def with_skips_cut(model: keras.Model) -> keras.Model:
    """The outputs of a U-Net with each skip connection in turn replaced by zeros.

    Parameters
    ----------
    model : keras.Model
        A model from `unet`; the weights are shared.

    Returns
    -------
    keras.Model
        float (B, size, size, 3) -> list of float (B, size, size, 3): without the connection from
        block 1, from block 2, ...
    """
    outputs = []
    for cut in ENCODER_BLOCKS:
        x = model.get_layer(f"encoder{DEPTH}_pool").output
        for level in reversed(ENCODER_BLOCKS):
            skip = model.get_layer(f"encoder{level}_conv2").output
            skip = ops.zeros_like(skip) if level == cut else skip
            x = ops.concatenate([model.get_layer(f"decoder{level}_up")(x), skip], axis=-1)
            for number in (1, 2):
                x = model.get_layer(f"decoder{level}_conv{number}")(x)
        outputs.append(model.get_layer("restored")(x))
    return keras.Model(model.input, outputs, name="skips_cut")


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
            kernel_initializer=GlorotUniform(seed=seed * 1000 + number),
            name=task,
        )(pooled)
        for number, (task, count) in enumerate(classes.items())
    }
    return keras.Model(body.input, heads, name="pretext")


def _encoder_layers(model: keras.Model) -> list[layers.Layer]:
    """The first 16 layers; of a network that takes masks too, those that belong to a block."""
    if len(model.inputs) == 1:
        return model.layers[:ENCODER_LAYERS]
    return [layer for layer in model.layers if layer.name.startswith("encoder")]


class Initializers:
    """He-normal initializers with a seed of their own each, all fixed by one."""

    def __init__(self, seed: int):
        self.seed, self.count = seed, 0

    def __call__(self) -> keras.initializers.Initializer:
        """The next initializer."""
        self.count += 1
        return HeNormal(seed=self.seed * 1000 + self.count)


def _convolution(channels: int, name: str, initial: Initializers) -> layers.Layer:
    return layers.Conv2D(
        channels, 3, padding="same", activation="relu", kernel_initializer=initial(), name=name
    )
