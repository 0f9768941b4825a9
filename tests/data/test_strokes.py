import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wssl.data import STROKES
from wssl.data.strokes import SHAPES, _shaky, categories_of, drawing_strokes, halves


@given(st.sets(st.text(min_size=1)))
def test_halves_divide_any_set_of_names_evenly(names):
    train, test = halves(names)
    assert sorted(train + test) == sorted(names)
    assert 0 <= len(test) - len(train) <= 1
    assert halves(sorted(names, reverse=True)) == (train, test)


def test_test_strokes_have_categories_of_their_own():
    train, val, test = (set(categories_of(s, SHAPES)) for s in ("train", "val", "test"))
    assert train == val
    assert not train & test
    assert train | test == set(SHAPES)


def test_halves_by_hand():
    """By SHA-256, a begins with ca, b with 3e, c with 2e, d with 18 and e with 3f."""
    assert halves("abcde") == (["c", "d"], ["a", "b", "e"])
    assert halves("abcd") == (["c", "d"], ["a", "b"])


def test_an_unknown_split_is_an_error():
    with pytest.raises(ValueError, match="received 'tset'.*'test'"):
        categories_of("tset", SHAPES)


def test_a_drawing_is_moved_to_its_own_corner():
    long, dot = drawing_strokes([[[10, 110], [40, 60]], [[30, 30], [20, 20]]])
    np.testing.assert_array_equal(long.points, [[0, 20], [100, 40]])
    np.testing.assert_array_equal(dot.points, [[20, 0], [20, 0]])
    np.testing.assert_array_equal(long.slack, [155, 215])
    np.testing.assert_array_equal(dot.slack, [155, 215])


def check_bounds(strokes):
    for points, slack in strokes:
        assert points.dtype == slack.dtype == np.int64
        assert points.ndim == 2
        assert points.min() >= 0
        assert slack.min() >= 0
        assert (points.max(axis=0) + slack).max() <= 255


@pytest.mark.parametrize("split", ["train", "test"])
def test_synthetic_strokes_fit_their_box_and_vary(split):
    strokes = STROKES["synthetic"].strokes(split)
    check_bounds(strokes)
    assert len(strokes) == 2000
    assert len({stroke.points.tobytes() for stroke in strokes}) == 2000


@pytest.mark.parametrize("split", ["train", "test"])
def test_synthetic_strokes_are_about_as_long_as_quick_draw_ones(split, shared_data):
    def typical(source):
        lengths = [
            np.hypot(*np.diff(s.points, axis=0).T).sum() for s in STROKES[source].strokes(split)
        ]
        return np.quantile(lengths, [0.25, 0.5, 0.75])

    np.testing.assert_allclose(typical("synthetic"), typical("quickdraw"), rtol=0.3)


class Given:
    """A generator whose draws are a given share of their range, and ones where they are normal."""

    def __init__(self, share=0.0, normal=1.0):
        self.share, self.standard = share, normal
        self.power = 1

    def uniform(self, low=0.0, high=1.0):
        return low + self.share * (high - low)

    def integers(self, low, high):
        return low + round(self.share * (high - 1 - low))

    def normal(self, mean=0.0, deviation=1.0, size=None):
        if size == 6:
            self.power += 1
            return np.arange(6.0) ** self.power
        return mean + deviation * (self.standard if size is None else np.ones(size))


def circle(degrees, radius=1.0, x=0.0, y=0.0):
    angle = np.radians(degrees)
    return x + radius * np.cos(angle), y + radius * np.sin(angle)


@pytest.mark.parametrize(
    ("name", "share", "path"),
    [
        ("arc", 0, {0: (1, 0), 1: circle(72)}),
        ("arc", 1, {0.5: circle(108), 1: circle(216)}),
        ("circle", 0, {0: (1, 0), 1: circle(342)}),
        ("circle", 1, {0.5: circle(198), 1: circle(36)}),
        ("coil", 0, {0: (1, 0), 0.25: (0.75, -1), 1: (4, 0)}),
        ("coil", 1, {0.1: (-0.7, 0), 0.25: (0.75, 1)}),
        ("ellipse", 0, {0: (1, 0), 0.25: (0, 0.2), 0.5: (-1, 0)}),
        ("ellipse", 1, {0.75: (0, -0.8), 1 / 12: (np.sqrt(0.75), 0.4)}),
        ("figure eight", 0, {0: (0, 0), 1 / 8: (np.sqrt(0.5), 0.5), 0.25: (1, 0), 0.75: (-1, 0)}),
        ("hook", 0, {0: (0, -1.8), 0.3: (0, -0.9), 0.6: (0, 0), 0.85: circle(54, 0.5, 0.5)}),
        ("line", 0, {0: (0, 0), 0.5: (0.5, 0.05), 1 / 3: (1 / 3, 0.025 * np.sqrt(3)), 1: (1, 0)}),
        ("loop", 0, {0: (0, -0.6), 0.25: (1.225, 0), 0.5: (1.25, 0.6), 1: (2.5, -0.6)}),
        ("polyline", 0, {0: (0, 0), 0.1: (0.5, 0.5), 0.5: (6.5, 17.5), 1: (25, 125)}),
        ("scribble", 0, {0: (0, 0.3), 1 / 32: (1 / 32, 0.15), 0.125: (0.125, -0.3), 1: (1, 0.3)}),
        ("scribble", 1, {1 / 32: (1 / 32, 0), 1 / 16: (1 / 16, -0.8), 0.75: (0.75, 0.8)}),
        ("spiral", 0, {0: (0.1, 0), 0.2: circle(108, 0.3), 1: (-1.1, 0)}),
        ("spiral", 1, {0.2: circle(252, 0.3), 1: (-1.1, 0)}),
        ("star", 0, {0: (1, 0), 0.2: circle(144), 0.29: circle(144), 0.4: circle(288), 1: (1, 0)}),
        ("wave", 0, {0: (0, 0), 0.25: (0.5, 0.3), 1: (2, 0)}),
        ("wave", 1, {1 / 16: (0.125, 0.3), 3 / 16: (0.375, -0.3)}),
        ("zigzag", 0, {0: (0, 0.4), 1 / 6: (1 / 3, 0), 1 / 3: (2 / 3, -0.4)}),
        ("zigzag", 1, {1 / 16: (0.125, 0), 1 / 8: (0.25, -0.4), 1: (2, 0.4)}),
    ],
)
def test_where_the_pen_is_by_hand(name, share, path):
    points = SHAPES[name](np.array([*path], dtype=float), Given(share))
    np.testing.assert_allclose([(p.real, p.imag) for p in points], [*path.values()], atol=1e-8)


@pytest.mark.parametrize(("name", "turn"), [("meander", 0.06), ("squiggle", 0.12)])
def test_a_walk_turns_a_little_at_each_step(name, turn):
    steps = [np.array(circle(360 * turn * number)) / 3 for number in (1, 2, 3)]
    points = SHAPES[name](np.linspace(0, 1, 3), Given())
    np.testing.assert_allclose([(p.real, p.imag) for p in points], np.cumsum(steps, axis=0))


def straight(t, rng):
    return t + 0j


@pytest.mark.parametrize(
    ("share", "normal", "width", "height"),
    [
        (0.0, 0.0, np.exp(4.7) * 0.78 / np.hypot(0.78, 0.18), np.exp(4.7) * 0.18 / 0.8005),
        (0.0, -1.5, np.exp(3.2) * 0.78 / np.hypot(0.78, 0.18), np.exp(3.2) * 0.18 / 0.8005),
        (0.0, 2.0, 255, 255 * 0.18 / 0.78),
        (0.25, 0.0, np.exp(4.7) * 0.3 / np.hypot(0.3, 1.3), np.exp(4.7) * 1.3 / 1.3342),
    ],
)
def test_a_stroke_is_turned_squeezed_shaken_and_scaled_by_hand(share, normal, width, height):
    """A tremor of 30 equal steps of a hundredth of the extent makes a straight line longer."""
    points, slack = _shaky(straight, Given(share, normal))
    assert len(points) == 31
    np.testing.assert_allclose(points[-1] - points[0], [width, height], atol=0.51)
    np.testing.assert_allclose(points[15], points[-1] / 2, atol=1)
    np.testing.assert_array_equal(slack, 255 - points[-1])


def test_quickdraw_strokes_are_all_used_once(shared_data):
    train, val, test = (STROKES["quickdraw"].strokes(s) for s in ("train", "val", "test"))
    assert len(train) + len(test) == 46_696
    assert len(train) == len(val)
    check_bounds(train[::50] + test[::50])
