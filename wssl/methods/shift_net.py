"""Shift-Net, a U-Net that copies encoder features of known positions into the hole; its training.

Source: Yan et al. 2018, doi:10.1007/978-3-030-01264-9_1, section 3, and, for the sizes of its
layers, the authors' implementation. Its discriminator is that of pix2pix (Isola et al. 2017,
arXiv:1611.07004). Its loss is L1 over the whole image, in units of [-1, 1], plus 0.01 times
guidance, plus 0.002 times the adversarial loss.
"""

from collections.abc import Iterator, Mapping
from itertools import count

from keras import layers, ops

from wssl.machine.backend import keras
from wssl.methods.adversarial import discriminator_loss, generator_loss
from wssl.methods.initializers import RandomNormal
from wssl.methods.phase import Batch, Phase, Tensor, gather_examples, mask_out

DEPTHS = 5, 8
"""The minimum number of halvings, and the published number, which is the maximum."""

SHIFT_LEVEL = 3
"""The number of halvings at the level of the shifted features."""

THRESHOLD = 5 / 16
"""The minimum share of hole pixels at which a feature counts as hole."""

GUIDANCE, ADVERSARIAL = 0.01, 0.002
"""The weights of two terms of the loss."""


def shift_net(size: int, width: int, seed: int = 0) -> keras.Model:
    """A Shift-Net that maps a masked image and its mask to a whole image.

    It halves the image as often as its side allows, 8 times at most; the published network is that
    of 256 pixels and width 64. Inside, the image is in [-1, 1] with the hole at 0, next to a fourth
    channel that is 1 where it is known. The layer named ``shift`` adds to the third decoder feature
    from the output and its skip connection a third block of channels.

    Parameters
    ----------
    size : int
        Side of the square images in pixels, a multiple of 32.
    width : int
        Channels of the first block; each has twice as many as the one before, up to 8 times
        `width`.
    seed : int
        Fixes the initial weights, normal with standard deviation 0.02.

    Returns
    -------
    keras.Model
        ``[image, mask]``, float (B, size, size, 3) in [0, 1] and float (B, size, size, 1), 1 = hole
        -> float (B, size, size, 3) in [0, 1].

    Raises
    ------
    ValueError
        If `size` is not a positive multiple of 32 or `width` is not positive.
    """
    depth, initial = _depth(size), _initializers(seed, 0)
    channels = [3, *(min(2**level, 8) * _positive(width) for level in range(depth))]
    image = layers.Input((size, size, 3), name="image")
    mask = layers.Input((size, size, 1), name="mask")
    x = ops.concatenate([(2.0 * image - 1.0) * (1.0 - mask), 1.0 - mask], axis=-1)
    skips = {}
    for level in range(1, depth):
        x = _convolution(channels[level], 2, f"encoder{level}_conv", initial)(x)
        if level > 1:
            x = _normalisation(f"encoder{level}_norm")(x)
        x = layers.LeakyReLU(0.2, name=f"encoder{level}_activation")(x)
        skips[level] = x
    x = _convolution(channels[depth], 2, f"encoder{depth}_conv", initial)(x)
    x = layers.ReLU(name=f"encoder{depth}_output")(x)
    for level in range(depth - 1, 0, -1):
        x = _upscaling(channels[level], f"decoder{level}_conv", initial)(x)
        x = _normalisation(f"decoder{level}_norm")(x)
        blocks = [
            layers.ReLU(name=f"decoder{level}_output")(x),
            layers.ReLU(name=f"encoder{level}_output")(skips[level]),
        ]
        if level == SHIFT_LEVEL:
            blocks.append(Shift(name="shift")([*blocks, feature_mask(mask)]))
        x = layers.Concatenate(name=f"decoder{level}_skip")(blocks)
    x = ops.tanh(_upscaling(channels[0], "decoder0_conv", initial)(x))
    return keras.Model([image, mask], (x + 1.0) / 2.0, name="shift_net")


def patch_discriminator(size: int, width: int, seed: int = 0) -> keras.Model:
    """The discriminator of pix2pix, which classifies patches of 70 x 70 pixels.

    Parameters
    ----------
    size : int
        Side of the square images in pixels, a multiple of 8 from 24.
    width : int
        Channels of the first block; 64 in the published one.
    seed : int
        Fixes the initial weights, normal with standard deviation 0.02, other than the generator's.

    Returns
    -------
    keras.Model
        float (B, size, size, 3) in [0, 1] -> logits, float (B, P, P, 1), P = size / 8 - 2, positive
        for a real patch.
    """
    initial = _initializers(seed, 500)
    image = layers.Input((size, size, 3), name="image")
    x = _convolution(_positive(width), 2, "conv1", initial)(2.0 * image - 1.0)
    for level, stride in ((2, 2), (3, 2), (4, 1)):
        x = layers.LeakyReLU(0.2, name=f"activation{level}")(x)
        if stride == 1:
            x = layers.ZeroPadding2D(name=f"padding{level}")(x)
        x = _convolution(width * 2 ** (level - 1), stride, f"conv{level}", initial)(x)
        x = _normalisation(f"norm{level}")(x)
    x = layers.LeakyReLU(0.2, name="activation5")(x)
    x = layers.ZeroPadding2D(name="padding5")(x)
    return keras.Model(image, _convolution(1, 1, "logits", initial)(x), name="discriminator")


def feature_mask(mask: Tensor) -> Tensor:
    """The mask at the scale of the shifted features.

    Parameters
    ----------
    mask : float (B, S, S, 1)
        1 = hole; S a multiple of 8.

    Returns
    -------
    bool (B, S / 8, S / 8, 1)
        True where at least 5/16 of the 8 x 8 pixels are hole: the authors' threshold, for which
        they average over wider windows that overlap.
    """
    side = 2**SHIFT_LEVEL
    return ops.average_pool(mask, side, strides=side) >= THRESHOLD


class Shift(layers.Layer):
    """Copies to each hole position the known encoder feature nearest to its decoder feature.

    Called on ``[decoder, encoder, hole]``, float (B, H, W, C) twice and bool (B, H, W, 1), it
    returns float (B, H, W, C): at each hole place of an image the encoder feature of that known
    place of the same image whose cosine similarity to the decoder feature is greatest, 0 at known
    places, and 0 everywhere if none is known. The similarity of a feature that is zero is 0.

    Gradients reach the encoder features that were copied; which ones has none. Source: section 3.2.
    """

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Return the copied features."""
        decoder, encoder, hole = inputs
        _, height, width, channels = encoder.shape
        wanted = ops.reshape(decoder, (-1, height * width, channels))
        offered = ops.reshape(encoder, (-1, height * width, channels))
        holes = ops.reshape(hole, (-1, height * width))
        directions = ops.normalize(ops.stop_gradient(offered), axis=-1)
        similarity = ops.einsum("bic,bjc->bij", ops.stop_gradient(wanted), directions)
        similarity = ops.where(ops.expand_dims(holes, 1), -float("inf"), similarity)
        nearest = ops.argmax(similarity, axis=-1)
        chosen = ops.one_hot(nearest, height * width, dtype=offered.dtype)
        filled = ops.logical_and(holes, ops.logical_not(ops.all(holes, axis=1, keepdims=True)))
        copied = ops.where(ops.expand_dims(filled, -1), ops.matmul(chosen, offered), 0.0)
        return ops.reshape(copied, (-1, height, width, channels))


class ShiftNetPhase(Phase):
    """Trains a Shift-Net to restore images, against a discriminator trained at the same time.

    Called on a batch ``{"images": uint8 (B, S, S, 3), "masks": bool (B, S, S)}`` (True = hole), or
    one that `gather_examples` crops, it masks the holes out and returns a dict: ``images`` and
    ``restored``, float (B, S, S, 3) in [0, 1], and, of the level where features are shifted,
    ``decoded`` (the decoder's of the masked image), ``guide`` (the encoder's of the whole image, a
    constant), float (B, S / 8, S / 8, C), and ``hole``, bool (B, S / 8, S / 8, 1).

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.shift_net`.
    discriminator : keras.Model
        Images -> logits, as from `wssl.methods.patch_discriminator`.
    """

    adam: Mapping[str, float] = {"beta_1": 0.5}

    def __init__(self, network: keras.Model, discriminator: keras.Model):
        super().__init__(network, "shift_net_phase")
        self.discriminator = discriminator
        decoded, encoded, hole = network.get_layer("shift").input
        self.restore = keras.Model(network.inputs, [network.output, decoded, hole])
        self.encode = keras.Model(network.inputs, encoded)

    @classmethod
    def of(cls, network: keras.Model, size: int, width: int, seed: int) -> "ShiftNetPhase":
        """The phase of a network, with a discriminator of the same scale."""
        return cls(network, patch_discriminator(size, width, seed))

    @property
    def models(self) -> list[keras.Model]:
        """The network and its discriminator."""
        return [self.network, self.discriminator]

    def call(self, batch: Batch) -> dict[str, Tensor]:
        """Return the images, the restored images and the features that guide."""
        drawn = gather_examples(batch, self.size)
        images = ops.cast(drawn["images"], "float32") / 255.0
        masks = ops.cast(ops.expand_dims(drawn["masks"], -1), "float32")
        restored, decoded, hole = self.restore([mask_out(images, drawn["masks"]), masks])
        guide = ops.stop_gradient(self.encode([images, ops.zeros_like(masks)]))
        return {
            "images": images,
            "restored": ops.cast(restored, "float32"),
            "decoded": ops.cast(decoded, "float32"),
            "guide": ops.cast(guide, "float32"),
            "hole": hole,
        }

    def terms(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The terms of the loss without their weights, each a scalar.

        Returns
        -------
        dict
            ``l1``; ``guidance``, the squared difference of the features in the hole, averaged over
            all positions; ``adversarial``, the generator's part; ``discriminator``, the
            discriminator's own loss.
        """
        images, restored = outputs["images"], outputs["restored"]
        missed = ops.where(outputs["hole"], outputs["decoded"] - outputs["guide"], 0.0)
        return {
            "l1": 2.0 * ops.mean(ops.abs(images - restored)),
            "guidance": ops.mean(ops.square(missed)),
            "adversarial": generator_loss(self.discriminator, restored),
            "discriminator": discriminator_loss(self.discriminator, images, restored),
        }

    def loss_of(self, batch: Batch, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the network's loss plus the discriminator's, a scalar."""
        terms = self.terms(outputs)
        return (
            terms["l1"]
            + GUIDANCE * terms["guidance"]
            + ADVERSARIAL * terms["adversarial"]
            + terms["discriminator"]
        )


def _depth(size: int) -> int:
    least, greatest = DEPTHS
    if size < 2**least or size % 2**least:
        raise ValueError(
            f"size: expected a positive multiple of {2**least}, since the network halves it at "
            f"least {least} times; received {size}. Crop or resize the images to "
            f"{max(1, round(size / 2**least)) * 2**least}."
        )
    return next(depth for depth in range(greatest, 0, -1) if size % 2**depth == 0)


def _positive(width: int) -> int:
    if width < 1:
        raise ValueError(f"width: expected a positive number of channels; received {width}.")
    return width


def _initializers(seed: int, start: int) -> Iterator[keras.initializers.Initializer]:
    """Normal initializers with a seed of their own each, all fixed by one."""
    return (RandomNormal(0.0, 0.02, seed * 1000 + n) for n in count(start + 1))


def _convolution(
    channels: int, stride: int, name: str, initial: Iterator[keras.initializers.Initializer]
) -> layers.Layer:
    """A convolution of 4 x 4, which pads the image only if it halves it."""
    return layers.Conv2D(
        channels,
        4,
        stride,
        padding="same" if stride == 2 else "valid",
        kernel_initializer=next(initial),
        name=name,
    )


def _upscaling(
    channels: int, name: str, initial: Iterator[keras.initializers.Initializer]
) -> layers.Layer:
    return layers.Conv2DTranspose(
        channels, 4, 2, padding="same", kernel_initializer=next(initial), name=name
    )


def _normalisation(name: str) -> layers.Layer:
    """Instance normalisation, with a scale and an offset for each channel."""
    return layers.GroupNormalization(groups=-1, epsilon=1e-5, name=name)
