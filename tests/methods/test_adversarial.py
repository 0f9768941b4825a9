import keras
import numpy as np
import pytest
from scipy.special import expit

from wssl.methods.adversarial import (
    discriminator_loss,
    generator_loss,
    least_squares,
    score_with_constants,
    vanilla,
)

CRITERIA = [vanilla, least_squares]


@pytest.fixture
def networks():
    keras.utils.set_random_seed(0)
    generator = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 3, padding="same")]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activation="tanh"),
            keras.layers.Conv2D(1, 3),
        ]
    )
    return generator, discriminator


@pytest.fixture
def images(rng):
    return rng.random((2, 2, 8, 8, 3)).astype("float32")


def learned(*networks):
    return [network.trainable_variables for network in networks]


@pytest.mark.parametrize("criterion", CRITERIA)
def test_each_part_takes_the_other_network_for_a_constant(networks, images, criterion, gradients):
    generator, discriminator = networks
    real, damaged = images
    of_generator, of_discriminator = gradients(
        lambda: generator_loss(discriminator, generator(damaged), criterion), learned(*networks)
    )
    assert [np.any(g) for g in of_generator] == [True] * 2
    assert [np.any(g) for g in of_discriminator] == [False] * 4
    of_generator, of_discriminator = gradients(
        lambda: discriminator_loss(discriminator, real, generator(damaged), criterion),
        learned(*networks),
    )
    assert [np.any(g) for g in of_generator] == [False] * 2
    assert [np.any(g) for g in of_discriminator] == [True] * 4


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_gradients_of_the_sum_are_those_of_taking_turns(networks, images, criterion, gradients):
    generator, discriminator = networks
    real, damaged = images

    def together():
        generated = generator(damaged)
        return generator_loss(discriminator, generated, criterion) + discriminator_loss(
            discriminator, real, generated, criterion
        )

    def generators_turn():
        return criterion(discriminator(generator(damaged)), True)

    generated = np.asarray(generator(damaged))

    def discriminators_turn():
        return 0.5 * criterion(discriminator(real), True) + 0.5 * criterion(
            discriminator(generated), False
        )

    computed = gradients(together, learned(*networks))
    expected = [
        *gradients(generators_turn, learned(generator)),
        *gradients(discriminators_turn, learned(discriminator)),
    ]
    for ours, theirs in zip(computed, expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max())


def test_a_judge_scores_like_the_discriminator_and_stays_as_it_is(rng):
    normalised = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.BatchNormalization(), keras.layers.Conv2D(1, 3)]
    )
    images = rng.random((4, 8, 8, 3)).astype("float32")
    before = normalised.get_weights()
    scores = np.asarray(score_with_constants(normalised, images))
    assert all(np.array_equal(a, b) for a, b in zip(before, normalised.get_weights(), strict=True))
    np.testing.assert_allclose(scores, np.asarray(normalised(images, training=True)), atol=1e-5)
    assert not np.array_equal(before[2], normalised.get_weights()[2])


def test_vanilla_is_cross_entropy_and_does_not_overflow(rng):
    logits = rng.normal(0, 3, (4, 5)).astype("float32")
    assert float(vanilla(logits, True)) == pytest.approx(-np.log(expit(logits)).mean(), rel=1e-5)
    assert float(vanilla(logits, False)) == pytest.approx(
        -np.log(1 - expit(logits.astype(float))).mean(), rel=1e-5
    )
    assert float(vanilla(np.float32([1e4]), False)) == pytest.approx(1e4)
    assert float(vanilla(np.float32([1e4]), True)) == 0


def test_least_squares_is_the_distance_from_one_or_zero():
    scores = np.float32([1.0, 0.0, 3.0])
    assert float(least_squares(scores, True)) == pytest.approx((0 + 1 + 4) / 3)
    assert float(least_squares(scores, False)) == pytest.approx((1 + 0 + 9) / 3)
