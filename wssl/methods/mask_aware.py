"""U-Nets that receive the mask in addition to the masked image, to narrow the gap between phases.

The pretext phase shows whole images, the inpainting phase images with black holes. Each network
here treats holes differently: it fills them before the first convolution, takes the mask as a
fourth channel, or excludes the holes from its convolutions. Otherwise they equal
`wssl.methods.unet`, so that their encoders can be pretrained and frozen in the same way.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from wssl.machine.backend import keras, ops
from wssl.methods.method import check_scale
from wssl.methods.unet import DEPTH, ENCODER_BLOCKS, Initializers, unet_of

Tensor = Any

_NOISE_SEED = 17


class MeanFill(layers.Layer):
    """Fills the holes of each image with the mean colour of its known pixels.

    Called on ``[images, masks]``, float (B, H, W, 3) in [0, 1] and float (B, H, W, 1) with 1 =
    hole, it returns float32 (B, H, W, 3). An image without known pixels is filled with black.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name: str = "filled"):
        super().__init__(name=name, dtype="float32")

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the filled images."""
        images, masks = inputs
        known = 1.0 - masks
        count = ops.maximum(ops.sum(known, axis=(1, 2), keepdims=True), 1.0)
        mean = ops.sum(images * known, axis=(1, 2), keepdims=True) / count
        return images * known + mean * masks


class NoiseFill(layers.Layer):
    """Fills the holes of each image with uniform noise of its own.

    The noise of an image is a window of one fixed noise image. The sum of the image's known 8-bit
    levels selects one of size x size windows, so that the fill is a pure function of the masked
    image, the same on every machine, but varies with image, crop and mask.

    Called on ``[images, masks]`` as `MeanFill` is. Levels are integers in the images of this
    package; others are rounded for the sum.

    Parameters
    ----------
    size : int
        Side of the images in pixels.
    name : str
    """

    def __init__(self, size: int, name: str = "filled"):
        super().__init__(name=name, dtype="float32")
        self.size = size
        shape = 2 * size - 1, 2 * size - 1, 3
        self.noise = np.random.default_rng(_NOISE_SEED).random(shape).astype("float32")

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the filled images."""
        images, masks = inputs
        known, size = 1.0 - masks, self.size
        levels = ops.cast(ops.round(255.0 * images * known), "int32")
        place = ops.sum(levels, axis=(1, 2, 3)) % (size * size)
        along = ops.arange(size, dtype="int32")
        rows = (place // size)[:, None, None] + along[:, None]
        columns = (place % size)[:, None, None] + along
        pixels = self.noise.reshape(-1, 3)
        noise = ops.take(pixels, rows * (2 * size - 1) + columns, axis=0)
        return images * known + noise * masks


class PartialConvolution(layers.Layer):
    """A 3 x 3 convolution of the known pixels only, with an updated mask of known positions.

    The known values of each window are rescaled to the full window, and a position is known
    afterwards if any value of its window was; elsewhere the result is zero. Positions beyond the
    edge count as holes. Liu et al. 2018, doi:10.1007/978-3-030-01252-6_6, equations 1 and 2. A
    rectifier follows.

    Called on ``[features, known]``, float (B, H, W, C) and float (B, H, W, G) of zeros and ones
    with 1 = known, where G divides C: each channel of the mask is that of as many neighbouring
    channels of the features. It returns such a pair, of `channels` and of one channel.

    Parameters
    ----------
    channels : int
        Of the result.
    initial : keras.initializers.Initializer
        Of the kernel; the bias starts at zero.
    name : str
    """

    def __init__(self, channels: int, initial: keras.initializers.Initializer, name: str):
        super().__init__(name=name)
        self.channels, self.initial = channels, initial

    def build(self, input_shape: Sequence[Sequence[int | None]]) -> None:
        """Create the kernel and the bias, in the order in which Keras' own convolution does."""
        features = input_shape[0][-1]
        self.kernel = self.add_weight(
            name="kernel", shape=(3, 3, features, self.channels), initializer=self.initial
        )
        self.bias = self.add_weight(name="bias", shape=(self.channels,), initializer="zeros")

    def call(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the features and the mask of what is known."""
        features, known = inputs
        groups = known.shape[-1]
        shown = features * ops.repeat(known, features.shape[-1] // groups, axis=-1)
        window = ops.ones((3, 3, groups, 1), dtype=self.compute_dtype)
        count = ops.conv(known, window, padding="same")
        found = ops.conv(shown, ops.cast(self.kernel, self.compute_dtype), padding="same")
        weighted = found * (9.0 * groups / ops.maximum(count, 1.0))
        left = ops.cast(count > 0.5, self.compute_dtype)
        return ops.relu(weighted + ops.cast(self.bias, self.compute_dtype)) * left, left


def mean_filled(size: int, width: int, seed: int = 0) -> keras.Model:
    """A U-Net whose holes are filled with the mean colour of each image's known pixels.

    Parameters
    ----------
    size, width, seed : int
        As for `wssl.methods.unet`.

    Returns
    -------
    keras.Model
        float (B, size, size, 3) in [0, 1], float (B, size, size, 1) with 1 = hole -> float (B,
        size, size, 3) in [0, 1].
    """
    inputs = _inputs(size, width)
    return unet_of(inputs, MeanFill()(inputs), width, seed)


def noise_filled(size: int, width: int, seed: int = 0) -> keras.Model:
    """A U-Net whose holes are filled with noise, by `NoiseFill`.

    Parameters
    ----------
    size, width, seed : int
        As for `wssl.methods.unet`.

    Returns
    -------
    keras.Model
        As from `mean_filled`.
    """
    inputs = _inputs(size, width)
    return unet_of(inputs, NoiseFill(size)(inputs), width, seed)


def mask_channel(size: int, width: int, seed: int = 0) -> keras.Model:
    """A U-Net with the mask as a fourth channel of its input, zero where an image is whole.

    Parameters
    ----------
    size, width, seed : int
        As for `wssl.methods.unet`.

    Returns
    -------
    keras.Model
        As from `mean_filled`.
    """
    inputs = _inputs(size, width)
    return unet_of(inputs, layers.Concatenate(name="four_channels")(inputs), width, seed)


def partial_unet(size: int, width: int, seed: int = 0) -> keras.Model:
    """A U-Net of partial convolutions, whose kernels have the shapes and starts of the plain one's.

    Pooling keeps a position known if any of its four is; the transposed convolutions, whose windows
    are of one position, yield zero where it is not known. As in Liu et al. 2018, skip connections
    carry their masks along. The last convolution, 1 x 1, is a plain one.

    Parameters
    ----------
    size, width, seed : int
        As for `wssl.methods.unet`.

    Returns
    -------
    keras.Model
        As from `mean_filled`.
    """
    inputs = _inputs(size, width)
    initial = Initializers(seed)
    x, known = inputs[0], ops.subtract(1.0, inputs[1])
    skips = []
    for level in ENCODER_BLOCKS:
        channels = width * 2 ** (level - 1)
        for number in (1, 2):
            name = f"encoder{level}_conv{number}"
            x, known = PartialConvolution(channels, initial(), name)([x, known])
        skips.append((x, known))
        x = layers.MaxPooling2D(name=f"encoder{level}_pool")(x)
        known = layers.MaxPooling2D(name=f"known{level}_pool")(known)
    for level in range(DEPTH, 0, -1):
        channels = width * 2 ** (level - 1)
        up = layers.Conv2DTranspose(
            channels, 2, strides=2, kernel_initializer=initial(), name=f"decoder{level}_up"
        )(x)
        known = layers.UpSampling2D(name=f"known{level}_up")(known)
        up = layers.Multiply(name=f"decoder{level}_known")([up, known])
        skip, known_skip = skips[level - 1]
        x = layers.Concatenate(name=f"decoder{level}_skip")([up, skip])
        known = layers.Concatenate(name=f"known{level}_skip")([known, known_skip])
        for number in (1, 2):
            name = f"decoder{level}_conv{number}"
            x, known = PartialConvolution(channels, initial(), name)([x, known])
    outputs = layers.Conv2D(
        3, 1, activation="sigmoid", kernel_initializer=initial(), name="restored"
    )(x)
    return keras.Model(inputs, outputs, name="unet")


def _inputs(size: int, width: int) -> list[Tensor]:
    check_scale(size, width, DEPTH)
    return [
        layers.Input((size, size, channels), name=name)
        for name, channels in (("image", 3), ("mask", 1))
    ]
