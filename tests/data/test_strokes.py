import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wssl.data import STROKES
from wssl.data.strokes import SHAPES, categories_of, drawing_strokes, halves


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


def test_quickdraw_strokes_are_all_used_once(shared_data):
    train, val, test = (STROKES["quickdraw"].strokes(s) for s in ("train", "val", "test"))
    assert len(train) + len(test) == 46_696
    assert len(train) == len(val)
    check_bounds(train[::50] + test[::50])
