import numpy as np
import pytest

from wssl.models.classical import harmonic


@pytest.fixture
def hole(rng):
    mask = rng.random((20, 24)) < 0.5
    mask[5:12, 0:9] = True
    return mask


def test_a_plane_comes_back(hole):
    hole[[0, -1]] = hole[:, [0, -1]] = False
    y, x = np.mgrid[0:20, 0:24] / 24
    plane = np.stack([x, y, 0.3 * x + 0.5 * y], axis=-1)
    np.testing.assert_allclose(harmonic(np.where(hole[..., None], 9, plane), hole), plane)


def test_equals_relaxation_by_hand(rng, hole):
    image = rng.random((20, 24, 3))
    relaxed = np.where(hole[..., None], 0.5, image)
    weights = np.pad(np.ones((20, 24, 1)), ((1, 1), (1, 1), (0, 0)))
    for _ in range(4000):
        padded = np.pad(relaxed, ((1, 1), (1, 1), (0, 0)))
        total, count = (
            p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] for p in (padded, weights)
        )
        relaxed = np.where(hole[..., None], total / count, image)
    np.testing.assert_allclose(harmonic(image, hole), relaxed, atol=1e-8)


def test_maximum_principle_and_known_pixels(rng, hole):
    image = rng.random((20, 24, 3))
    filled = harmonic(image, hole)
    np.testing.assert_array_equal(filled[~hole], image[~hole])
    for channel in range(3):
        known = image[~hole][:, channel]
        assert filled[..., channel].min() >= known.min() - 1e-12
        assert filled[..., channel].max() <= known.max() + 1e-12


def test_edges_of_the_range(rng):
    image = rng.random((4, 4, 3))
    np.testing.assert_array_equal(harmonic(image, np.zeros((4, 4), bool)), image)
    one = np.ones((4, 4), bool)
    one[2, 1] = False
    np.testing.assert_allclose(harmonic(image, one), np.broadcast_to(image[2, 1], (4, 4, 3)))
    with pytest.raises(ValueError, match="at least one known pixel"):
        harmonic(image, np.ones((4, 4), bool))
