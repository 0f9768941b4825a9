import numpy as np
import pytest

pytest.importorskip("sklearn", exc_type=ImportError)

from wssl.claims.simplex import expected_improvement, lattice, propose, surface

TASKS = ["rotation", "saturation", "sharpness"]
PEAK = np.array([0.2, 0.65, 0.15])


def score(weights, noise=0.0):
    """A smooth function of the weights with its maximum at `PEAK`."""
    return 0.8 - 0.1 * np.sum((np.array([weights[t] for t in TASKS]) - PEAK) ** 2) + noise


def test_a_lattice_is_all_of_the_simplex_in_equal_steps():
    points = lattice(3, 4)
    expected = {(i, j, 4 - i - j) for i in range(5) for j in range(5 - i)}
    assert {tuple(np.rint(4 * point).astype(int)) for point in points} == expected
    assert len(points) == len(expected)


def test_expected_improvement_is_the_mean_of_what_exceeds_the_best(rng):
    mean, deviation = np.array([0.0, 1.0, -2.0]), np.array([1.0, 0.5, 1.5])
    drawn = mean + deviation * rng.standard_normal((400_000, 3))
    expected = np.maximum(drawn - 0.4, 0.0).mean(axis=0)
    np.testing.assert_allclose(expected_improvement(mean, deviation, 0.4), expected, atol=0.01)
    assert expected_improvement(np.array([0.7]), np.array([0.0]), 0.4) == pytest.approx(0.3)


def test_a_surface_is_the_process_that_its_formulas_give():
    tried = [(dict(zip(TASKS, row, strict=True)), s) for row, s in ROWS]
    x, y = np.array([row for row, _ in ROWS]), np.array([s for _, s in ROWS])
    points = lattice(3, 3)
    scaled = (y - y.mean()) / y.std()

    def matern(a, b):
        distance = np.sqrt(5) * np.linalg.norm(a[:, None] - b[None], axis=-1) / 0.5
        return (1 + distance + distance**2 / 3) * np.exp(-distance)

    inverse = np.linalg.inv(matern(x, x) + (0.1 + 1e-8) * np.eye(len(x)))
    cross = matern(points, x)
    mean, deviation = surface(tried, points, TASKS)
    np.testing.assert_allclose(mean, y.mean() + y.std() * cross @ inverse @ scaled, rtol=1e-6)
    variance = 1 - np.einsum("ij,jk,ik->i", cross, inverse, cross)
    np.testing.assert_allclose(deviation, y.std() * np.sqrt(variance), rtol=1e-4)


ROWS = [
    ([1.0, 0.0, 0.0], 0.5),
    ([0.0, 1.0, 0.0], 0.7),
    ([0.0, 0.0, 1.0], 0.6),
    ([0.3, 0.4, 0.3], 0.9),
]


@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_proposals_find_the_best_weights(noise, rng):
    tried = []
    for _ in range(14):
        weights = propose(tried, TASKS)
        assert sum(weights.values()) == pytest.approx(1)
        assert min(weights.values()) >= 0
        tried.append((weights, score(weights, noise * rng.standard_normal())))
    points = lattice(3, 20)
    best = points[np.argmax(surface(tried, points, TASKS)[0])]
    assert np.abs(best - PEAK).max() < 0.16
    assert propose(tried, TASKS) == propose(tried, TASKS)


@pytest.mark.parametrize(
    ("tried", "message"),
    [
        ([({"rotation": 0.5, "colour": 0.5}, 1.0)], "expected weights of rotation, saturation"),
        ([({"rotation": 0.5}, 1.0)], "sum to 1"),
        ([({"rotation": 1.5, "sharpness": -0.5}, 1.0)], "not negative"),
        ([({"rotation": 1.0}, float("nan"))], "expected finite scores"),
    ],
)
def test_bad_scores_are_named(tried, message):
    with pytest.raises(ValueError, match=message):
        propose(tried, TASKS)


def test_one_task_has_nothing_to_weigh():
    with pytest.raises(ValueError, match="at least two"):
        propose([], ["rotation"])
    with pytest.raises(ValueError, match="at least one pair"):
        surface([], lattice(3, 2), TASKS)
