from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wssl.claims.statistics import (
    Estimate,
    bootstrap_groups,
    bootstrap_images,
    contrast,
    graphical,
    holm,
    interval,
)

SHARES = st.floats(0, 1)


@pytest.mark.parametrize("logarithm", [False, True])
def test_groups_are_drawn_whole(rng, logarithm):
    scores = rng.uniform(0.1, 0.9, (2, 7))
    groups = ["b", "a", "b", "c", "a", "b", "c"]
    drawn = bootstrap_groups(scores, groups, logarithm=logarithm, draws=50, seed=3)
    counts = np.random.default_rng(3).multinomial(3, [1 / 3] * 3, size=50)
    for count, value in zip(counts, drawn, strict=True):
        images = [i for name, n in zip("abc", count, strict=True) for _ in range(n)
                  for i, group in enumerate(groups) if group == name]  # fmt: skip
        means = scores[:, images].mean(axis=1)
        assert value == pytest.approx(np.mean(np.log(means) if logarithm else means))


def test_groups_of_one_image_are_images(rng):
    scores = rng.uniform(0.1, 0.9, (2, 7))
    alone = bootstrap_groups(scores, [str(i) for i in range(7)])
    np.testing.assert_allclose(alone, bootstrap_images(scores))


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("sizes", [(3, 3), (3, 8), (20, 2)])
def test_the_difference_of_two_means_is_welchs(rng, sizes, confidence):
    first, second = rng.normal(0.8, 0.01, sizes[0]), rng.normal(0.79, 0.04, sizes[1])
    ours = contrast([first, second], [1, -1])
    for alternative, p in (
        ("greater", ours.p_above()),
        ("less", ours.p_below()),
        ("two-sided", 2 * min(ours.p_above(), ours.p_below())),
    ):
        theirs = stats.ttest_ind(first, second, equal_var=False, alternative=alternative)
        assert p == pytest.approx(theirs.pvalue, rel=1e-9)
        assert ours.freedom == pytest.approx(theirs.df, rel=1e-9)
        assert ours.value / ours.error == pytest.approx(theirs.statistic, rel=1e-9)
    between = theirs.confidence_interval(confidence)
    assert ours.interval(confidence) == pytest.approx((between.low, between.high), rel=1e-9)


def test_a_bound_moves_the_null_hypothesis(rng):
    first, second = rng.normal(0.8, 0.01, 5), rng.normal(0.79, 0.01, 4)
    ours = contrast([first, second], [1, -1])
    theirs = stats.ttest_ind(first - 0.004, second, equal_var=False, alternative="greater")
    assert ours.p_above(0.004) == pytest.approx(theirs.pvalue, rel=1e-9)
    assert ours.p_below(0.004) == pytest.approx(1 - theirs.pvalue, rel=1e-9)


def test_one_group_is_the_interval_of_its_mean(rng):
    values = rng.normal(0.8, 0.01, 4)
    mean, half = interval(values)
    assert contrast([values], [1]).interval() == pytest.approx((mean - half, mean + half))
    assert contrast([values], [-3]).interval() == pytest.approx(
        (-3 * mean - 3 * half, -3 * mean + 3 * half)
    )


def test_a_contrast_by_hand():
    """Variances 1 and 4, of three values each, weighted 1 and -1/2: 1/3 + 1/3."""
    found = contrast([[1, 2, 3], [2, 4, 6]], [1, -0.5])
    assert found.value == pytest.approx(0)
    assert found.error == pytest.approx(np.sqrt(2 / 3))
    assert found.freedom == pytest.approx(4)
    assert (found.p_above(), found.p_below()) == pytest.approx((0.5, 0.5))


def test_what_was_not_repeated_has_no_error():
    found = contrast([[0.8], [0.7, 0.72]], [1, -1])
    assert found.value == pytest.approx(0.09)
    assert np.isnan([found.error, found.freedom, *found.interval(), found.p_above()]).all()


def test_values_that_do_not_vary_leave_no_doubt():
    found = contrast([[2, 2], [1, 1, 1]], [1, -1])
    assert found == Estimate(1.0, 0.0, 3.0)
    assert found.interval() == (1.0, 1.0)
    assert (found.p_above(), found.p_below(), found.p_above(1.0)) == (0.0, 1.0, 1.0)


def test_the_mean_of_few_values_is_students(rng):
    values = rng.normal(0.8, 0.01, 4)
    between = stats.ttest_1samp(values, 0.0).confidence_interval(0.8)
    mean, half = interval(values, 0.8)
    assert (mean - half, mean + half) == pytest.approx((between.low, between.high))
    mean, half = interval([1.0, 2.0, 3.0])
    assert (mean, half) == pytest.approx((2.0, stats.t.isf(0.025, 2) / np.sqrt(3)))
    mean, half = interval([1.0, 3.0])
    assert (mean, half) == pytest.approx((2.0, stats.t.isf(0.025, 1)))
    assert interval([3.0]) == (3.0, pytest.approx(np.nan, nan_ok=True))
    assert np.isnan(interval([])).all()


def test_bounds_are_at_2_5_percent_if_nothing_else_is_said():
    found = Estimate(1.0, 0.5, 6.0)
    half = 0.5 * stats.t.isf(0.025, 6)
    assert found.interval() == pytest.approx((1 - half, 1 + half))
    assert (found.lower(), found.upper()) == pytest.approx((1 - half, 1 + half))
    assert found.p_above() == pytest.approx(stats.t.sf(2, 6))
    assert found.p_below() == pytest.approx(stats.t.cdf(2, 6))


def test_a_contrast_needs_a_coefficient_a_group():
    with pytest.raises(ValueError, match="zip"):
        contrast([[1, 2], [3, 4]], [1])
    with pytest.raises(ValueError, match="zip"):
        contrast([[1], [3]], [1])


def test_holm_by_hand():
    """Sorted and multiplied: 4 x .005 = .02, 3 x .01 = .03, 2 x .03 = .06, 1 x .04 < .06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_a_test_that_could_not_be_made_does_not_count():
    nan = float("nan")
    np.testing.assert_allclose(holm([nan, 0.01, nan, 0.04]), [nan, 0.02, nan, 0.04])
    assert np.isnan(holm([nan])).all()


@given(st.lists(SHARES, max_size=8))
def test_adjusted_p_values_are_no_smaller_and_in_the_same_order(values):
    pairs = list(zip(values, holm(values), strict=True))
    assert all(p <= adjusted <= min(1, len(values) * p) for p, adjusted in pairs)
    adjusted_in_order = [adjusted for _, adjusted in sorted(pairs)]
    assert adjusted_in_order == sorted(adjusted_in_order)


@given(st.lists(SHARES, min_size=1, max_size=6))
def test_holm_is_bonferroni_for_every_set_of_tests_that_holds_one(values):
    """The closure principle: a test counts if every set that it is in would be rejected."""
    numbers = range(len(values))
    sets = [s for size in range(1, len(values) + 1) for s in combinations(numbers, size)]
    expected = [
        max(min(1.0, len(s) * min(values[j] for j in s)) for s in sets if i in s) for i in numbers
    ]
    assert holm(values) == pytest.approx(expected)


@given(st.lists(SHARES, max_size=8), st.randoms())
def test_holm_does_not_depend_on_the_order_of_the_tests(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    adjusted = holm(values)
    assert holm([values[i] for i in order]) == [adjusted[i] for i in order]


def test_a_share_that_a_hypothesis_passes_to_itself_is_ignored():
    p_values, weights = {"a": 0.001, "b": 0.03}, {"a": 0.5, "b": 0.5}
    plain = graphical(p_values, weights, {"a": {"b": 0.5}, "b": {"a": 1.0}}, 0.05)
    looped = graphical(p_values, weights, {"a": {"a": 0.5, "b": 0.5}, "b": {"a": 1.0}}, 0.05)
    assert looped == plain
    assert plain["b"].level == pytest.approx(0.05 * 0.75)
