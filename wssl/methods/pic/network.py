"""PIC, a variational autoencoder with two paths that draws any number of fills for a hole.

Source: Zheng et al. 2019, "Pluralistic Image Completion", doi:10.1109/CVPR.2019.00153. The sizes
are those of the authors' released model. Inside, images are in [-1, 1] and holes are 0.
"""

import numpy as np
from keras import layers, ops

from wssl.machine.backend import keras
from wssl.methods.method import check_scale
from wssl.methods.pic.layers import (
    Seeds,
    SpectralConvolution,
    Tensor,
    activate,
    attention,
    downsample,
    residual,
    seeds_of,
    to_rgb,
    upsample,
)

HALVINGS = 5
INFERENCE_BLOCKS = 6
_BATCH = 32


def pic(size: int, width: int, seed: int = 0) -> keras.Model:
    """A network that restores an image from the mean of the latent given its known pixels.

    Parameters
    ----------
    size : int
        Side of the square images in pixels, a multiple of 32.
    width : int
        Twice the channels of the first block, so that 64, the width of a vanilla U-Net, gives the
        published sizes: 32 channels in the first block, 128 in the latent.
    seed : int
        Fixes the initial weights (orthogonal).

    Returns
    -------
    keras.Model
        Masked images, float (B, size, size, 3) in [0, 1], and masks, float (B, size, size, 1),
        1 = hole -> float (B, size, size, 3) in [0, 1]. Its parts are the layers ``encoder``,
        ``prior`` and ``generator``.

    Raises
    ------
    ValueError
        If `size` is not a positive multiple of 32 or `width` is not positive.
    """
    check_scale(size, width, HALVINGS)
    base, seeds = max(1, width // 2), seeds_of(seed, "network")
    parts = _encoder(size, base, seeds), _prior(size, base, seeds), _generator(size, base, seeds)
    inputs, features, (mean, _) = _shown(size, *parts[:2])
    return keras.Model(inputs, _restored(parts[2], mean, *features), name="pic")


def pic_sampler(network: keras.Model) -> keras.Model:
    """A network that restores an image from a random latent, with the weights of `network`.

    Parameters
    ----------
    network : keras.Model
        As from `pic`.

    Returns
    -------
    keras.Model
        Masked images and masks as for `network`, and noise, float (B, size / 32, size / 32, z),
        standard normal -> float (B, size, size, 3) in [0, 1]. Without noise, with zeros, it is
        `network`.
    """
    encoder, prior, generator = (network.get_layer(n) for n in ("encoder", "prior", "generator"))
    inputs, features, (mean, deviation) = _shown(network.inputs[0].shape[1], encoder, prior)
    noise = layers.Input(mean.shape[1:], name="noise")
    latent = mean + deviation * noise
    return keras.Model(
        [*inputs, noise], _restored(generator, latent, *features), name="pic_sampler"
    )


def samples(
    network: keras.Model, images: np.ndarray, masks: np.ndarray, seed: int, count: int = 10
) -> dict[str, np.ndarray]:
    """Images restored from one random latent, and from the best of several.

    The best sample of an image is the one with the highest composited PSNR. Choosing it requires
    the original, which a user does not have; the published numbers of PIC are of this kind, the
    best of 50.

    Parameters
    ----------
    network : keras.Model
        As from `pic`.
    images : float (N, S, S, 3) in [0, 1]
        The originals. Their pixels inside the holes are hidden from the network.
    masks : bool (N, S, S)
        True = hole.
    seed : int
        Fixes the samples.
    count : int
        Number of samples of each image from which the best is chosen.

    Returns
    -------
    dict of str to float (N, S, S, 3) in [0, 1]
        The raw output: ``sample``, the first sample; and ``best_of_COUNT``, of which the first
        sample is one.

    Raises
    ------
    ValueError
        If `count` is not positive.
    """
    if count < 1:
        raise ValueError(f"count: expected a positive number of samples; received {count}.")
    sampler, rng = pic_sampler(network), np.random.default_rng(seed)
    masked = np.where(masks[..., None], np.float32(0), images).astype("float32")
    inputs = [masked, masks[..., None].astype("float32")]
    shape = (len(images), *sampler.inputs[2].shape[1:])

    def sample() -> np.ndarray:
        noise = rng.standard_normal(shape, "float32")
        return sampler.predict([*inputs, noise], batch_size=_BATCH, verbose=0)

    first = best = sample()
    for _ in range(count - 1):
        other = sample()
        nearer = _error(images, other, masks) < _error(images, best, masks)
        best = np.where(nearer[:, None, None, None], other, best)
    return {"sample": first, f"best_of_{count}": best}


def posterior(network: keras.Model, seed: int = 0) -> keras.Model:
    """The part used only in training that infers the latent from the original content of the hole.

    Returns
    -------
    keras.Model
        The feature of the encoder, float (B, S / 32, S / 32, z) -> mean and standard deviation of
        the latent, of the same shape.
    """
    feature = layers.Input(network.get_layer("prior").inputs[0].shape[1:])
    return keras.Model(
        feature, _distribution(feature, seeds_of(seed, "posterior")), name="posterior"
    )


def discriminator(network: keras.Model, seed: int = 0, name: str = "discriminator") -> keras.Model:
    """The part used only in training that distinguishes original from restored images.

    The encoder's five blocks, with the generator's attention after the third; its long term has
    nothing to fill in, as every place is known, and is the feature itself.

    Parameters
    ----------
    network : keras.Model
        As from `pic`; fixes the sizes.
    seed : int
    name : str
        Fixes the initial weights together with `seed`, so that two discriminators differ.

    Returns
    -------
    keras.Model
        float (B, S, S, 3) in [-1, 1] -> scores, float (B, S / 32, S / 32, 1).
    """
    channels, seeds = network.get_layer("prior").inputs[0].shape[-1], seeds_of(seed, name)
    image = layers.Input(network.inputs[0].shape[1:])
    x = downsample(image, channels // 4, seeds, attentive=True)[-1]
    x = activate(residual(x, channels, channels, seeds))
    return keras.Model(image, SpectralConvolution(1, 3, seeds)(x), name=name)


def _encoder(size: int, base: int, seeds: Seeds) -> keras.Model:
    """Image -> its features at an eighth and at a 32nd of its size."""
    image = layers.Input((size, size, 3))
    features = downsample(image, base, seeds)
    return keras.Model(image, [features[2], features[4]], name="encoder")


def _prior(size: int, base: int, seeds: Seeds) -> keras.Model:
    """Feature of the known pixels -> mean and standard deviation of the latent."""
    x = feature = layers.Input((size // 32, size // 32, 4 * base))
    for _ in range(INFERENCE_BLOCKS):
        x = residual(x, 4 * base, 4 * base, seeds)
    return keras.Model(feature, _distribution(x, seeds), name="prior")


def _generator(size: int, base: int, seeds: Seeds) -> keras.Model:
    """Latent, both features and known pixels -> images at an eighth, quarter, half and whole."""
    latent, deep = (layers.Input((size // 32, size // 32, 4 * base)) for _ in range(2))
    middle, known = layers.Input((size // 8, size // 8, 4 * base)), layers.Input((size, size, 1))
    x = residual(latent, 4 * base, 4 * base, seeds) + deep
    x = upsample(upsample(x, 4 * base, seeds), 4 * base, seeds)
    x = attention(x, middle, layers.AveragePooling2D(8)(known), seeds)
    images = [to_rgb(x, seeds)]
    for factor in (4, 2, 1):
        x = upsample(layers.Concatenate()([x, images[-1]]), factor * base, seeds)
        images.append(to_rgb(x, seeds))
    return keras.Model([latent, deep, middle, known], images, name="generator")


def _distribution(feature: Tensor, seeds: Seeds) -> list[Tensor]:
    channels = feature.shape[-1]
    mean, deviation = ops.split(residual(feature, 2 * channels, channels, seeds), 2, axis=-1)
    return [mean, ops.softplus(deviation)]


def _shown(
    size: int, encoder: keras.Model, prior: keras.Model
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Inputs; the features of the known pixels, and these; the distribution of the latent."""
    image = layers.Input((size, size, 3), name="image")
    mask = layers.Input((size, size, 1), name="mask")
    known = 1.0 - mask
    middle, deep = encoder((2.0 * image - 1.0) * known)
    return [image, mask], [deep, middle, known], prior(deep)


def _restored(generator: keras.Model, latent: Tensor, *features: Tensor) -> Tensor:
    return (generator([latent, *features])[-1] + 1.0) / 2.0


def _error(images: np.ndarray, restored: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Squared error in the hole, float64 (N,): the higher, the lower the composited PSNR."""
    squared = (restored.astype(np.float64) - images) ** 2
    return np.sum(squared * masks[..., None], axis=(1, 2, 3))
