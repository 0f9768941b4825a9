"""Layers of PIC: spectral normalisation, short and long term attention, residual blocks.

Source: Zheng et al. 2019, "Pluralistic Image Completion", doi:10.1109/CVPR.2019.00153.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import layers, ops

from wssl.methods.initializers import Orthogonal, RandomNormal

Tensor = Any
Seeds = Iterator[int]

SLOPE = 0.1
"""The slope of the leaky rectifiers."""


def seeds_of(seed: int, part: str) -> Seeds:
    """An infinite iterator of seeds, determined by an experiment's seed and the name of a part."""
    rng = np.random.default_rng([seed, *part.encode()])
    while True:
        yield int(rng.integers(2**31))


class SpectralConvolution(layers.Layer):
    """A convolution by a kernel that is divided by its largest singular value.

    The kernel counts as a matrix with a column for each channel of the output. Its singular value
    is estimated by one step of the power iteration starting from the vector stored by the last call
    in training (Miyato et al. 2018, arXiv:1802.05957). A call in training stores the new vector;
    its output is the same as in inference.

    Keras' own wrapper writes the divided kernel back into the weight: a forward pass in training
    changes what is learned, TensorFlow's gradients ignore the division, inference uses a kernel as
    the optimiser's last step has left it, and the vectors have no seed.

    Parameters
    ----------
    channels : int
        Of the output.
    side : int
        Of the kernel.
    seeds : iterator of int
        Fix the initial kernel, an orthogonal matrix, and vector.
    transposed : bool
        Whether to double the sides of the image.
    padding : {"same", "valid"}
    """

    def __init__(
        self,
        channels: int,
        side: int,
        seeds: Seeds,
        transposed: bool = False,
        padding: str = "same",
    ):
        super().__init__()
        self.channels, self.side = channels, side
        self.transposed, self.padding = transposed, padding
        self.kernel_initializer = Orthogonal(seed=next(seeds))
        self.vector_initializer = RandomNormal(seed=next(seeds))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create kernel, bias, and the vector of the power iteration."""
        shape = (self.side, self.side, input_shape[-1], self.channels)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((self.channels,), "zeros", name="bias")
        self.vector = self.add_weight(
            (self.channels, 1), self.vector_initializer, trainable=False, name="vector"
        )

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        """Return float (B, H, W, channels), or (B, 2 H, 2 W, channels) if transposed."""
        kernel, vector = self.normalised()
        if training:
            self.vector.assign(vector)
        if self.transposed:
            turned = ops.transpose(kernel, (0, 1, 3, 2))
            return ops.conv_transpose(x, turned, strides=2, padding="same") + self.bias
        return ops.conv(x, kernel, padding=self.padding) + self.bias

    def normalised(self) -> tuple[Tensor, Tensor]:
        """Return the kernel divided by its largest singular value, and the next vector."""
        matrix = ops.reshape(self.kernel, (-1, self.channels))
        left = ops.matmul(matrix, self.vector)
        left = ops.stop_gradient(left / _length(left))
        right = ops.matmul(ops.transpose(left), matrix)
        value = _length(right)
        return self.kernel / value, ops.stop_gradient(ops.transpose(right / value))


class Attention(layers.Layer):
    """Short and long term attention, with one similarity map of the decoder's positions.

    Positions are compared by a 1 x 1 convolution to a quarter of the channels, which serves as
    query and key and is the only convolution without spectral normalisation. Short term: the
    decoder's feature plus `gamma` times its attention output. Long term: the encoder's feature at
    known positions; in the hole, `alpha` times its attention output. Both factors are learned and
    start at zero.

    Parameters
    ----------
    seeds : iterator of int
    """

    def __init__(self, seeds: Seeds):
        super().__init__()
        self.query_initializer = Orthogonal(seed=next(seeds))

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Create the convolution and the two factors."""
        decoder = input_shape[0]
        assert decoder[-1] is not None
        self.query = layers.Dense(
            max(1, decoder[-1] // 4), kernel_initializer=self.query_initializer, name="query"
        )
        self.query.build(decoder)
        self.gamma = self.add_weight((), "zeros", name="gamma")
        self.alpha = self.add_weight((), "zeros", name="alpha")

    def call(self, inputs: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the outputs of both terms.

        Parameters
        ----------
        inputs : list
            The decoder's feature and the encoder's, float (B, H, W, C), and the known share of each
            position, float (B, H, W, 1) in [0, 1].

        Returns
        -------
        short, long : float (B, H, W, C)
        """
        decoder, encoder, known = inputs
        _, height, width, channels = decoder.shape
        queries = self.query(decoder)
        queries = ops.reshape(queries, (-1, height * width, queries.shape[-1]))
        alike = ops.softmax(ops.matmul(queries, ops.transpose(queries, (0, 2, 1))), axis=-1)

        def attend(feature: Tensor) -> Tensor:
            places = ops.reshape(feature, (-1, height * width, channels))
            return ops.reshape(ops.matmul(alike, places), (-1, height, width, channels))

        short = self.gamma * attend(decoder) + decoder
        long = self.alpha * (1.0 - known) * attend(encoder) + known * encoder
        return short, long


def activate(x: Tensor) -> Tensor:
    """The leaky rectifier."""
    return ops.leaky_relu(x, SLOPE)


def residual(x: Tensor, channels: int, hidden: int, seeds: Seeds, halve: bool = False) -> Tensor:
    """Two 3 x 3 convolutions, each after its rectifier, beside a 1 x 1 convolution.

    Parameters
    ----------
    x : float (B, H, W, C)
    channels, hidden : int
        Of the output, and between the convolutions.
    seeds : iterator of int
    halve : bool
        Whether to average the output over squares of 2 x 2.

    Returns
    -------
    float (B, H, W, channels), or (B, H / 2, W / 2, channels)
    """
    y = SpectralConvolution(hidden, 3, seeds)(activate(x))
    y = SpectralConvolution(channels, 3, seeds)(activate(y))
    if halve:
        x, y = layers.AveragePooling2D(2)(x), layers.AveragePooling2D(2)(y)
    return y + SpectralConvolution(channels, 1, seeds)(x)


def upsample(x: Tensor, channels: int, seeds: Seeds) -> Tensor:
    """The decoder's residual block: float (B, H, W, C) -> float (B, 2 H, 2 W, channels)."""
    y = SpectralConvolution(channels, 3, seeds)(activate(_instance_normalised(x)))
    y = activate(_instance_normalised(y))
    y = SpectralConvolution(channels, 3, seeds, transposed=True)(y)
    return y + SpectralConvolution(channels, 3, seeds, transposed=True)(x)


def downsample(image: Tensor, base: int, seeds: Seeds, attentive: bool = False) -> list[Tensor]:
    """Five residual blocks that each halve an image, with 1, 2, 4, 4 and 4 times `base` channels.

    Parameters
    ----------
    image : float (B, S, S, 3) in [-1, 1]
    base : int
    seeds : iterator of int
    attentive : bool
        Whether `attention` follows the third block; its encoder is the feature itself, all known.

    Returns
    -------
    list of float (B, S / 2, S / 2, base) to (B, S / 32, S / 32, 4 base)
    """
    y = SpectralConvolution(base, 3, seeds)(image)
    y = layers.AveragePooling2D(2)(SpectralConvolution(base, 3, seeds)(activate(y)))
    x = y + SpectralConvolution(base, 1, seeds)(layers.AveragePooling2D(2)(image))
    features = [x]
    for factor in (2, 4, 4, 4):
        x = residual(x, factor * base, x.shape[-1], seeds, halve=True)
        if attentive and len(features) == 2:
            x = attention(x, x, ops.ones_like(x[..., :1]), seeds)
        features.append(x)
    return features


def attention(decoder: Tensor, encoder: Tensor, known: Tensor, seeds: Seeds) -> Tensor:
    """`Attention`, and a residual block that makes one feature, (B, H, W, C), of its two."""
    both = layers.Concatenate()(Attention(seeds)([decoder, encoder, known]))
    return residual(both, decoder.shape[-1], decoder.shape[-1], seeds)


def to_rgb(x: Tensor, seeds: Seeds) -> Tensor:
    """An RGB image of a feature: float (B, H, W, C) -> float (B, H, W, 3) in [-1, 1]."""
    padded = ops.pad(activate(x), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    return ops.tanh(SpectralConvolution(3, 3, seeds, padding="valid")(padded))


def _instance_normalised(x: Tensor) -> Tensor:
    return layers.GroupNormalization(groups=-1, epsilon=1e-5)(x)


def _length(vector: Tensor) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(vector)))
