"""Train a generator and its discriminators in one loop, with one loss.

Each step of the loop minimises one loss over all weights: the sum of the generator's and the
discriminator's loss, in which each treats the other network as a constant. The generator is scored
by a discriminator with constant weights (`score_with_constants`), and the discriminator's loss uses
generated images as constants (`discriminator_loss`). Each network's gradient is then that of the
classic formulation (Goodfellow et al. 2014, arXiv:1406.2661), in which they take turns; but here
both are updated simultaneously, whereas in turns the second is updated against the already updated
first.
"""

from collections.abc import Callable

from wssl.machine.backend import keras, ops
from wssl.methods.phase import Tensor

Criterion = Callable[[Tensor, bool], Tensor]
"""Scores of images, and whether the target is real -> a loss, a scalar."""


def vanilla(logits: Tensor, real: bool) -> Tensor:
    """Binary cross-entropy of logits, their mean (Goodfellow et al. 2014, arXiv:1406.2661).

    The generator's part is the non-saturating one, with generated images labelled as real.

    Parameters
    ----------
    logits : float tensor, of any shape
    real : bool
        Whether the target is that of real images.
    """
    return ops.mean(ops.softplus(-logits if real else logits))


def least_squares(scores: Tensor, real: bool) -> Tensor:
    """Mean squared distance of scores from 1 or 0 (Mao et al. 2017, arXiv:1611.04076).

    Parameters
    ----------
    scores : float tensor, of any shape
    real : bool
        Whether the target is that of real images, 1.
    """
    return ops.mean(ops.square(scores - float(real)))


def score_with_constants(discriminator: keras.Model, images: Tensor) -> Tensor:
    """The scores of images by a discriminator whose weights are constants.

    Gradients reach the images, not the weights, and no state of the discriminator changes.

    Parameters
    ----------
    discriminator : keras.Model
    images : float (B, S, S, 3)

    Returns
    -------
    float
        The discriminator's scores of the images.
    """
    weights = [ops.stop_gradient(weight) for weight in discriminator.trainable_variables]
    state = discriminator.non_trainable_variables
    scores = discriminator.stateless_call(weights, state, images, training=True)[0]
    return ops.cast(scores, "float32")


def generator_loss(
    discriminator: keras.Model, generated: Tensor, criterion: Criterion = vanilla
) -> Tensor:
    """The adversarial loss of the generator; the discriminator is a constant.

    Parameters
    ----------
    discriminator : keras.Model
    generated : float (B, S, S, 3)
    criterion : callable
        `vanilla` or `least_squares`.

    Returns
    -------
    float scalar
    """
    return criterion(score_with_constants(discriminator, generated), True)


def discriminator_loss(
    discriminator: keras.Model, images: Tensor, generated: Tensor, criterion: Criterion = vanilla
) -> Tensor:
    """The loss of the discriminator; the generator is a constant.

    The mean of the two halves, as in pix2pix (Isola et al. 2017, arXiv:1611.07004). Adam's steps do
    not depend on this factor, apart from its epsilon.

    Parameters
    ----------
    discriminator : keras.Model
    images, generated : float (B, S, S, 3)
    criterion : callable
        `vanilla` or `least_squares`.

    Returns
    -------
    float scalar
    """
    shown = images, ops.stop_gradient(generated)
    scores = (ops.cast(discriminator(x, training=True), "float32") for x in shown)
    real, fake = (criterion(s, is_real) for s, is_real in zip(scores, (True, False), strict=True))
    return (real + fake) / 2.0
