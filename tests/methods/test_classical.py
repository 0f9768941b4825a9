import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from wssl.methods import METHODS
from wssl.methods.classical import biharmonic, harmonic, mean_colour

FILLS = {name: method.fill for name, method in METHODS.items() if method.fill}


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
        assert filled[..., channel].min() >= known.min() - 1e-9
        assert filled[..., channel].max() <= known.max() + 1e-9


def test_edges_of_the_range(rng):
    image = rng.random((4, 4, 3))
    np.testing.assert_array_equal(harmonic(image, np.zeros((4, 4), bool)), image)
    one = np.ones((4, 4), bool)
    one[2, 1] = False
    np.testing.assert_allclose(harmonic(image, one), np.broadcast_to(image[2, 1], (4, 4, 3)))
    with pytest.raises(ValueError, match="at least one known pixel"):
        harmonic(image, np.ones((4, 4), bool))


def test_the_biharmonic_fill_solves_its_equation_inside(rng):
    """The stencil of thirteen points is zero at every filled pixel two or more from the edge."""
    mask = np.zeros((24, 24), bool)
    mask[4:20, 4:20] = rng.random((16, 16)) < 0.6
    y, x = np.mgrid[0:24, 0:24] / 24
    image = np.stack([0.4 + 0.2 * np.sin(3 * x + y), 0.3 + 0.3 * x * y, 0.5 + 0 * x], axis=-1)
    stencil = np.zeros((5, 5))
    stencil[[0, 4, 2, 2], [2, 2, 0, 4]] = 1
    stencil[[1, 1, 3, 3], [1, 3, 1, 3]] = 2
    stencil[[1, 3, 2, 2], [2, 2, 1, 3]] = -8
    stencil[2, 2] = 20
    filled = biharmonic(np.where(mask[..., None], 7.0, image), mask)
    bending = ndimage.convolve(filled, stencil[..., None])
    np.testing.assert_allclose(bending[mask], 0, atol=1e-7)
    assert np.abs(filled - image).max() < np.abs(harmonic(image, mask) - image).max()


def test_the_biharmonic_fill_bends_least(rng, hole):
    image = rng.uniform(0.45, 0.55, (20, 24, 3))

    def bending(values):
        return (ndimage.laplace(values, mode="nearest", axes=(0, 1)) ** 2).sum()

    filled = biharmonic(image, hole)
    assert 0 < filled.min() < filled.max() < 1
    for _ in range(20):
        other = filled + hole[..., None] * rng.normal(0, 1e-3, image.shape)
        assert bending(other) > bending(filled)


@pytest.mark.parametrize("name", FILLS)
def test_every_fill_keeps_what_is_known_and_stays_in_range(name, rng, hole):
    image = rng.random((20, 24, 3))
    unseen = np.where(hole[..., None], rng.random((20, 24, 3)), image)
    filled = FILLS[name](image, hole)
    np.testing.assert_array_equal(filled[~hole], image[~hole])
    assert 0 <= filled.min() <= filled.max() <= 1
    np.testing.assert_allclose(FILLS[name](np.full((8, 8, 3), 0.2), hole[:8, :8]), 0.2, atol=0.015)
    with pytest.raises(ValueError, match="at least one known pixel"):
        FILLS[name](image, np.ones((20, 24), bool))
    np.testing.assert_array_equal(FILLS[name](unseen, hole), filled)


def test_the_mean_colour_is_that_of_the_known_pixels(rng, hole):
    image = rng.random((20, 24, 3))
    expected = image[~hole].mean(axis=0)
    np.testing.assert_allclose(mean_colour(image, hole)[hole], np.tile(expected, (hole.sum(), 1)))


@pytest.mark.parametrize("method", ["harmonic", "biharmonic"])
@pytest.mark.parametrize("corner", [(0, 0), (700, 300), (1180, 985)])
def test_a_small_hole_is_solved_on_its_surroundings(method, corner, rng):
    """The same as of a part that reaches three pixels farther, in memory of a few images."""
    image = rng.random((1200, 1000, 3))
    top, left = corner
    mask = np.zeros((1200, 1000), dtype=bool)
    mask[top : top + 20, left : left + 15] = rng.random((20, 15)) < 0.7
    rows, columns = (slice(max(start - 3, 0), start + 23) for start in corner)
    expected = FILLS[method](image[rows, columns], mask[rows, columns])
    tracemalloc.start()
    try:
        filled = FILLS[method](image, mask)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(filled[rows, columns], expected, atol=1e-9)
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    assert peak < 4 * image.nbytes
