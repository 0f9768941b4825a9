"""The training of PIC: two paths through one network, and a discriminator for each.

Source: Zheng et al. 2019, "Pluralistic Image Completion", doi:10.1109/CVPR.2019.00153; weights, and
which distribution diverges from which, as in the authors' released model.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wssl.machine.backend import keras, ops
from wssl.methods.adversarial import (
    discriminator_loss,
    generator_loss,
    least_squares,
    score_with_constants,
)
from wssl.methods.phase import Batch, Phase, Tensor, batch_size, gather_examples
from wssl.methods.pic.network import discriminator, posterior

SCALES = 8, 4, 2, 1
"""The sides of the generator's images are that of the original divided by these."""

WEIGHTS = {
    "posterior": 20.0 * len(SCALES),
    "prior": 20.0 * len(SCALES),
    "distance": 20.0,
    "adversarial": 1.0,
    "discriminators": 1.0,
}
"""The weight of each term of the loss; see `PicPhase.terms`."""


class PicPhase(Phase):
    """Teaches a network to draw fills for holes.

    The reconstructive path sees the hole's content: with a latent from the posterior, it is to
    restore the whole image. The generative path sees what is around the hole: with a latent from
    the prior, it is to restore the known pixels, while the prior is drawn to the posterior. Both
    add their latent to the feature of the known pixels.

    Called on a batch ``{"images": uint8 (B, S, S, 3), "masks": bool (B, S, S), "noise": float32 (B,
    2, S / 32, S / 32, z)}`` (True = hole), or one that `wssl.methods.gather_examples` crops, it
    returns a dict, all images in [-1, 1]: ``images``, float (B, S, S, 3); ``known``, float (B, S,
    S, 1), 1 = known; ``generated`` and ``reconstructed``, the images of either path at the four
    `SCALES`; ``prior`` and ``posterior``, mean and standard deviation, float (B, S / 32, S / 32,
    z), of the latent.

    Parameters
    ----------
    network : keras.Model
        As from `wssl.methods.pic`.
    seed : int
        Fixes the initial weights of posterior and discriminators.
    weights : mapping of str to float
        As `WEIGHTS`.
    """

    adam: Mapping[str, float] = {"beta_1": 0.0}

    def __init__(self, network: keras.Model, seed: int = 0, weights: Mapping[str, float] = WEIGHTS):
        super().__init__(network, "pic_phase")
        self.term_weights = dict(weights)
        self.posterior = posterior(network, seed)
        self.judge_generated = discriminator(network, seed, "judge_generated")
        self.judge_reconstructed = discriminator(network, seed, "judge_reconstructed")

    @classmethod
    def of(cls, network: keras.Model, size: int, width: int, seed: int) -> "PicPhase":
        """The phase of a network; size and width are the network's own."""
        return cls(network, seed)

    @property
    def models(self) -> list[keras.Model]:
        """The network, the posterior and both discriminators."""
        return [self.network, self.posterior, self.judge_generated, self.judge_reconstructed]

    def add_random_inputs(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Add the noise that makes latents of both distributions: the prior's, the posterior's."""
        shape = (batch_size(batch), 2, *self.posterior.inputs[0].shape[1:])
        return {**batch, "noise": rng.standard_normal(shape, "float32")}

    def call(self, batch: Batch, training: bool | None = None) -> dict[str, Any]:
        """Return the images, what both paths make of them, and the latents' distributions."""
        drawn = gather_examples(batch, self.size)
        images = ops.cast(drawn["images"], "float32") / 127.5 - 1.0
        known = 1.0 - ops.cast(ops.expand_dims(drawn["masks"], -1), "float32")
        encoder, prior, generator = map(self.network.get_layer, ("encoder", "prior", "generator"))
        shown = ops.concatenate([images * known, images * (1.0 - known)])
        features = encoder(shown, training=training)
        (middle, _), (deep, deep_of_hole) = (ops.split(feature, 2) for feature in features)
        distributions = [
            [ops.cast(moment, "float32") for moment in network(feature, training=training)]
            for network, feature in ((prior, deep), (self.posterior, deep_of_hole))
        ]
        latents = [
            mean + deviation * batch["noise"][:, path]
            for path, (mean, deviation) in enumerate(distributions)
        ]
        shared = [ops.concatenate([feature, feature]) for feature in (deep, middle, known)]
        images_of_both = generator([ops.concatenate(latents), *shared], training=training)
        pyramid = [ops.split(ops.cast(x, "float32"), 2) for x in images_of_both]
        return {
            "images": images,
            "known": known,
            "generated": [generated for generated, _ in pyramid],
            "reconstructed": [reconstructed for _, reconstructed in pyramid],
            "prior": distributions[0],
            "posterior": distributions[1],
        }

    def terms(self, outputs: Mapping[str, Any]) -> dict[str, Tensor]:
        """The terms of the loss without their weights, each a scalar.

        Returns
        -------
        dict
            ``posterior``, the `divergence` of `expected_deviation` around zero from the posterior;
            ``prior``, that of the posterior, a constant here, from the prior; ``distance``, the sum
            over scales of the `distance` of the reconstructive path's whole images and of the
            generative path's known pixels; ``adversarial``, least squares for the generative path,
            and for the other the mean squared difference of its scores from the original's;
            ``discriminators``, the least squares of both.
        """
        images, known = outputs["images"], outputs["known"]
        generated, reconstructed = outputs["generated"], outputs["reconstructed"]
        fixed = [ops.stop_gradient(moment) for moment in outputs["posterior"]]
        scores = score_with_constants(
            self.judge_reconstructed, ops.concatenate([reconstructed[-1], images])
        )
        return {
            "posterior": divergence([0.0, expected_deviation(known)], outputs["posterior"]),
            "prior": divergence(fixed, outputs["prior"]),
            "distance": sum(
                distance(images, whole, scale) + distance(images, part, scale, known)
                for whole, part, scale in zip(reconstructed, generated, SCALES, strict=True)
            ),
            "adversarial": generator_loss(self.judge_generated, generated[-1], least_squares)
            + ops.mean(ops.square(ops.subtract(*ops.split(scores, 2)))),
            "discriminators": discriminator_loss(
                self.judge_generated, images, generated[-1], least_squares
            )
            + discriminator_loss(
                self.judge_reconstructed, images, reconstructed[-1], least_squares
            ),
        }

    def loss_of(self, batch: Batch, outputs: Mapping[str, Any]) -> Tensor:
        """Return the weighted sum of the terms, a scalar."""
        terms = self.terms(outputs)
        return sum(weight * terms[name] for name, weight in self.term_weights.items())


def expected_deviation(known: Tensor) -> Tensor:
    """How far the posterior is expected to spread: the less is known, the farther.

    Parameters
    ----------
    known : float (B, S, S, 1)
        1 = known.

    Returns
    -------
    float (B, 1, 1, 1)
        ``1 / (1 + exp(8 (r - 0.8)))`` for a share r of known pixels.
    """
    return ops.sigmoid(8.0 * (0.8 - ops.mean(known, axis=(1, 2, 3), keepdims=True)))


def divergence(first: Any, second: Any) -> Tensor:
    """The Kullback-Leibler divergence of normal distributions from others, in nats.

    Parameters
    ----------
    first, second : (float, float)
        Mean and standard deviation, which broadcast against each other.

    Returns
    -------
    float scalar
        The mean over all elements.
    """
    (mean, deviation), (other_mean, other_deviation) = first, second
    ratio = ops.square(deviation / other_deviation)
    shift = ops.square((mean - other_mean) / other_deviation)
    return ops.mean(ratio + shift - 1.0 - ops.log(ratio)) / 2.0


def distance(images: Tensor, restored: Tensor, scale: int, known: Tensor | None = None) -> Tensor:
    """The mean absolute difference from images that are averaged over squares.

    Parameters
    ----------
    images : float (B, S, S, 3)
    restored : float (B, S / scale, S / scale, 3)
    scale : int
        Side of the squares.
    known : float (B, S, S, 1), optional
        1 = known; the difference at a square is multiplied by the share of it that is known.

    Returns
    -------
    float scalar
    """
    difference = ops.abs(restored - ops.average_pool(images, scale, strides=scale))
    if known is not None:
        difference = difference * ops.average_pool(known, scale, strides=scale)
    return ops.mean(difference)
