import keras
import numpy as np
import pytest

from wssl.methods import METHODS, InpaintingPhase, encoder, encoder_variables, freeze, unet
from wssl.methods.mask_aware import MeanFill, NoiseFill, PartialConvolution

NETWORKS = ["mean_filled", "noise_filled", "mask_channel", "partial"]


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.fixture
def holed(rng):
    """Images of 8-bit levels with black holes, and their masks as networks are given them."""
    masks = np.zeros((3, 32, 32, 1), "float32")
    masks[0, 4:20, 8:30] = 1
    masks[1, :, :16] = 1
    masks[2, 1::2] = 1
    images = rng.integers(0, 256, (3, 32, 32, 3)) / 255
    return (images * (1 - masks)).astype("float32"), masks


def test_a_hole_takes_the_mean_of_the_known_pixels():
    image = np.zeros((1, 2, 2, 3), "float32")
    image[0, 0] = [[0.2, 0.0, 1.0], [0.6, 0.5, 0.0]]
    image[0, 1, 0] = 0.7
    masks = np.array([[0, 0], [0, 1]], "float32").reshape(1, 2, 2, 1)
    filled = numpy_of(MeanFill()([image, masks]))
    np.testing.assert_allclose(filled[0, 1, 1], [0.5, 0.4, 1.7 / 3], rtol=1e-6)
    np.testing.assert_array_equal(filled[masks[..., 0] == 0], image[masks[..., 0] == 0])


def test_an_image_without_known_pixels_is_filled_with_black():
    shape = (1, 4, 4, 3)
    filled = MeanFill()([np.zeros(shape, "float32"), np.ones((1, 4, 4, 1), "float32")])
    np.testing.assert_array_equal(numpy_of(filled), np.zeros(shape))


@pytest.mark.parametrize("fill", [MeanFill(), NoiseFill(32)])
def test_a_fill_leaves_what_is_known_and_does_not_look_into_the_hole(fill, holed, rng):
    images, masks = holed
    filled = numpy_of(fill([images, masks]))
    known = masks[..., 0] == 0
    np.testing.assert_array_equal(filled[known], images[known])
    other = images + masks * rng.random(images.shape).astype("float32")
    np.testing.assert_array_equal(numpy_of(fill([other, masks])), filled)
    whole = numpy_of(fill([images, np.zeros_like(masks)]))
    np.testing.assert_array_equal(whole, images)


def test_noise_is_uniform_and_another_one_for_every_image(holed, rng):
    images, masks = holed
    filled = numpy_of(NoiseFill(32)([images, masks]))
    noise = filled[np.broadcast_to(masks, filled.shape) == 1]
    assert 0 <= noise.min() < 0.01
    assert 0.99 < noise.max() < 1
    assert noise.mean() == pytest.approx(0.5, abs=0.03)
    assert noise.var() == pytest.approx(1 / 12, abs=0.01)
    same_hole = np.broadcast_to(masks[:1], masks.shape)
    brighter = np.stack([images[0], np.clip(images[0] + 1 / 255, 0, 1), images[0]])
    first, second, third = numpy_of(NoiseFill(32)([brighter, same_hole]))[:, 4:20, 8:30]
    np.testing.assert_array_equal(first, third)
    assert np.mean(first == second) < 0.01


def test_the_window_of_noise_follows_from_the_known_levels():
    image = np.zeros((1, 4, 4, 3), "float32")
    image[0, 0, 0] = np.array([7, 0, 2]) / 255
    masks = np.ones((1, 4, 4, 1), "float32")
    masks[0, 0, 0] = 0
    fill = NoiseFill(4)
    filled = numpy_of(fill([image, masks]))
    window = fill.noise[9 // 4 : 9 // 4 + 4, 9 % 4 : 9 % 4 + 4]
    np.testing.assert_array_equal(filled[0][masks[0, ..., 0] == 1], window[masks[0, ..., 0] == 1])


def naive(features, known, kernel, bias):
    """Partial convolution of one image with a mask for each channel, position by position."""
    height, width, _ = features.shape
    out = np.zeros((height, width, kernel.shape[-1]))
    left = np.zeros((height, width, 1))
    for row in range(height):
        for column in range(width):
            total, count = np.zeros(kernel.shape[-1]), 0.0
            for i in range(3):
                for j in range(3):
                    y, x = row + i - 1, column + j - 1
                    if 0 <= y < height and 0 <= x < width:
                        count += known[y, x].sum()
                        total += (features[y, x] * known[y, x]) @ kernel[i, j]
            if count > 0:
                window = 9 * features.shape[-1]
                out[row, column] = np.maximum(total * window / count + bias, 0)
                left[row, column] = 1
    return out, left


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_partial_convolution_is_that_of_a_loop(groups, rng):
    features = rng.normal(size=(2, 7, 6, 4)).astype("float32")
    known = (rng.random((2, 7, 6, groups)) < 0.3).astype("float32")
    known[0, :4] = 0
    layer = PartialConvolution(3, keras.initializers.HeNormal(seed=1), "partial")
    layer([features, known])
    layer.bias.assign([0.5, -0.1, 0.0])
    found, left = (numpy_of(x) for x in layer([features, known]))
    for number in range(2):
        mask = np.repeat(known[number], 4 // groups, axis=-1)
        kernel, bias = numpy_of(layer.kernel), numpy_of(layer.bias)
        expected, expected_left = naive(features[number], mask, kernel, bias)
        np.testing.assert_allclose(found[number], expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(left[number], expected_left)
    assert 0 < left.mean() < 1


def test_where_all_is_known_partial_convolution_is_the_plain_one(rng):
    features = rng.normal(size=(1, 8, 8, 2)).astype("float32")
    layer = PartialConvolution(3, keras.initializers.HeNormal(seed=1), "partial")
    found, left = (numpy_of(x) for x in layer([features, np.ones((1, 8, 8, 1), "float32")]))
    plain = numpy_of(keras.ops.relu(keras.ops.conv(features, layer.kernel, padding="same")))
    np.testing.assert_allclose(found[:, 1:-1, 1:-1], plain[:, 1:-1, 1:-1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[0, 0, 0], 9 / 4 * plain[0, 0, 0], rtol=1e-5, atol=1e-6)
    assert left.all()


@pytest.mark.parametrize("name", NETWORKS)
def test_contract(name, holed):
    images, masks = holed
    network = METHODS[name].build(32, 2, 3)
    restored = numpy_of(network([images, masks]))
    assert restored.shape == images.shape
    assert 0 <= restored.min() < restored.max() <= 1
    again = METHODS[name].build(32, 2, 3).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(network.get_weights(), again, strict=True))
    with pytest.raises(ValueError, match="multiple of 32"):
        METHODS[name].build(48, 2, 0)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_mask_reaches_the_network(name, holed):
    images, masks = holed
    network = METHODS[name].build(32, 2, 1)
    shown = numpy_of(network([images, masks]))
    whole = numpy_of(network([images, np.zeros_like(masks)]))
    assert np.abs(shown - whole).max() > 1e-3


@pytest.mark.parametrize("name", NETWORKS)
def test_the_encoder_is_wssls_but_for_what_it_is_shown(name, holed):
    plain, network = unet(32, 2, seed=4), METHODS[name].build(32, 2, 4)
    ours, theirs = encoder_variables(network), encoder_variables(plain)
    channels = [3 if name != "mask_channel" else 4, *[None] * 19]
    assert len(ours) == len(theirs) == 20
    for own, other, first in zip(ours, theirs, channels, strict=True):
        assert tuple(own.shape)[-1] == tuple(other.shape)[-1]
        if first == 4:
            assert tuple(own.shape) == (3, 3, 4, 2)
        else:
            np.testing.assert_array_equal(numpy_of(own), numpy_of(other))
    images, masks = holed
    features = numpy_of(encoder(network)([images, np.zeros_like(masks)]))
    assert features.shape == (3, 1, 1, 32)
    same = np.allclose(features, numpy_of(encoder(plain)(images)), rtol=1e-4, atol=1e-5)
    assert same != METHODS[name].own_pretext


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks_can_be_frozen(name):
    network = METHODS[name].build(32, 2, 0)
    weights = len(network.trainable_variables)
    freeze(network, (1, 2))
    assert weights - len(network.trainable_variables) == 8
    freeze(network)
    learned = {id(variable) for variable in network.trainable_variables}
    assert not any(id(variable) in learned for variable in encoder_variables(network))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_phase_gives_the_network_masks(name, holed):
    images, masks = holed
    network = METHODS[name].build(32, 2, 1)
    phase = InpaintingPhase(network, lambda y_true, y_pred: abs(y_true - y_pred))
    batch = {"images": np.rint(255 * images).astype("uint8"), "masks": masks[..., 0] == 1}
    _, restored = phase(batch)
    np.testing.assert_allclose(
        numpy_of(restored), numpy_of(network([images, masks])), rtol=1e-4, atol=1e-5
    )
