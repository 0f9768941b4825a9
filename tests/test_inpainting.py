import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import wssl
from wssl.inpainting import inpaint
from wssl.models import unet


class Network:
    """Answers as it is told, and remembers what it was shown."""

    def __init__(self, answer, size=32):
        self.inputs = [np.empty((0, size, size, 3))]
        self.answer = answer

    def predict_on_batch(self, images):
        self.shown = np.asarray(images)
        return self.answer(self.shown)


def constant(value):
    return lambda images: np.full_like(images, value)


def diffuse(images):
    """An answer that depends on every pixel shown."""
    return np.clip(images.mean(axis=(1, 2), keepdims=True) + 0.5 * images, 0, 1)


@pytest.fixture(scope="module")
def network():
    return unet(32, 2)


SIDES = st.integers(1, 80)


@st.composite
def holed(draw):
    """An image of any size, a mask, and the same image with something else in the hole."""
    height, width = draw(SIDES), draw(SIDES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    mask = draw(
        arrays.arrays(bool, (height, width))
        | st.builds(lambda share: rng.random((height, width)) < share, st.floats(0, 1))
    )
    image, other = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    return image, mask, np.where(mask[..., None], other, image)


@settings(max_examples=60, deadline=None)
@given(holed())
def test_known_pixels_stay_and_what_the_hole_held_does_not_matter(case):
    image, mask, other = case
    before = image.copy()
    filled = inpaint(image, mask, Network(diffuse))
    assert filled.dtype == np.uint8
    assert filled.shape == image.shape
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    np.testing.assert_array_equal(inpaint(other, mask, Network(diffuse)), filled)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("shape", [(32, 32), (45, 61), (61, 45), (7, 9), (200, 33)])
def test_with_a_real_network(shape, network, rng):
    image = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[shape[0] // 4 : shape[0] // 2 + 1, shape[1] // 3 : -1] = True
    filled = inpaint(image, mask, network)
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    other = np.where(mask[..., None], 255 - image, image)
    np.testing.assert_array_equal(inpaint(other, mask, network), filled)
    assert not np.array_equal(filled[mask], image[mask])
    np.testing.assert_array_equal(wssl.inpaint(image, mask, network), filled)


def test_at_the_networks_own_size_the_fill_is_its_answer(rng):
    image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    answer = rng.random((1, 32, 32, 3)).astype(np.float32)
    mask = rng.random((32, 32)) < 0.5
    network = Network(lambda images: answer)
    filled = inpaint(image, mask, network)
    np.testing.assert_array_equal(filled[mask], np.rint(answer[0][mask] * 255))
    np.testing.assert_array_equal(network.shown[0][mask], 0)
    np.testing.assert_allclose(network.shown[0][~mask] * 255, image[~mask], atol=1e-4)


def test_a_small_pixel_is_shown_only_if_all_that_it_covers_is_known(rng):
    image = rng.integers(1, 256, (96, 64, 3), dtype=np.uint8)
    mask = np.zeros((96, 64), dtype=bool)
    mask[10, 20] = mask[50, 63] = True
    network = Network(constant(0.5))
    inpaint(image, mask, network)
    hidden = np.argwhere((network.shown[0] == 0).all(axis=-1)).tolist()
    assert hidden == [[10 // 3, 20 // 2], [50 // 3, 63 // 2]]


def test_the_fill_keeps_its_place_in_an_image_of_another_shape():
    ramp = np.linspace(0, 1, 32, dtype=np.float32)
    across = Network(lambda images: np.broadcast_to(ramp[None, None, :, None], images.shape))
    image, mask = np.zeros((50, 120, 3), dtype=np.uint8), np.ones((50, 120), dtype=bool)
    filled = inpaint(image, mask, across).astype(int)
    assert (np.diff(filled, axis=1) >= 0).all()
    assert (np.diff(filled, axis=0) == 0).all()
    assert filled[0, 0, 0] <= 3
    assert filled[0, -1, 0] >= 252


def test_without_a_hole_nothing_changes(rng):
    image = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
    filled = inpaint(image, np.zeros((40, 30), dtype=bool), Network(constant(0.0)))
    np.testing.assert_array_equal(filled, image)
    assert filled is not image


IMAGE, MASK = np.zeros((20, 30, 3), dtype=np.uint8), np.zeros((20, 30), dtype=bool)


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        (IMAGE / 255, MASK, r"image: expected uint8 \(H, W, 3\); received float64 \(20, 30, 3\)"),
        (IMAGE[..., 0], MASK, r"image: expected uint8 \(H, W, 3\); received uint8 \(20, 30\)"),
        (IMAGE[..., [0, 0, 0, 0]], MASK, r"image: .*; received uint8 \(20, 30, 4\)"),
        (IMAGE[None], MASK, r"image: .*; received uint8 \(1, 20, 30, 3\)"),
        (IMAGE, MASK.T, r"mask: expected bool \(20, 30\), .*; received bool \(30, 20\)"),
        (IMAGE, MASK[..., None], r"mask: .*; received bool \(20, 30, 1\)"),
        (IMAGE, MASK * np.uint8(255), r"mask: .*; received uint8 \(20, 30\)"),
        (IMAGE, MASK * 1.0, r"mask: .* wssl\.data\.read_mask"),
    ],
)
def test_bad_values(image, mask, message):
    with pytest.raises(ValueError, match=message):
        inpaint(image, mask, Network(constant(0.5)))
