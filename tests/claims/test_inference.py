"""Inference on common seeds, each part against an independent computation."""

from dataclasses import FrozenInstanceError, fields, replace
from itertools import combinations, pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wssl.claims.statistics import (
    BestAgainstBest,
    BlockAnalysis,
    Estimate,
    _noncentral_f,
    bootstrap_images,
    contrast,
    graphical,
    holm,
    moderated,
    paired_contrast,
    residual_variance,
    two_level,
)

SHARES = st.floats(0, 1)


def test_bounds_are_the_ends_of_the_interval_and_agree_with_the_tests(rng):
    estimate = contrast([rng.normal(0.8, 0.01, 5)], [1.0])
    low, high = estimate.interval(0.9)
    assert (estimate.lower(0.05), estimate.upper(0.05)) == pytest.approx((low, high), rel=1e-9)
    assert estimate.p_above(estimate.lower(0.001)) == pytest.approx(0.001, rel=1e-6)
    assert estimate.p_below(estimate.upper(0.2)) == pytest.approx(0.2, rel=1e-6)


def test_a_paired_contrast_is_the_paired_t_test(rng):
    block = rng.normal(0, 0.1, 5)
    first, second = block + rng.normal(0.8, 0.01, 5), block + rng.normal(0.79, 0.01, 5)
    found = paired_contrast(dict(enumerate(first)), dict(enumerate(second)))
    theirs = stats.ttest_rel(first, second, alternative="greater")
    assert found.pairs == 5
    assert found.estimate.p_above() == pytest.approx(theirs.pvalue, rel=1e-9)
    between = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert found.estimate.interval() == pytest.approx((between.low, between.high), rel=1e-9)


def test_seeds_that_only_one_arm_has_do_not_count():
    first = {1: 0.8, 2: 0.9, 3: 0.7, 4: -5.0}
    second = {9: 40.0, 3: 0.6, 1: 0.6, 2: 0.9}
    found = paired_contrast(first, second)
    assert found.pairs == 3
    assert found.estimate.value == pytest.approx(0.1)
    assert found.estimate.error == pytest.approx(np.std([0.2, 0.0, 0.1], ddof=1) / np.sqrt(3))


def test_arms_without_a_common_seed_are_compared_by_welchs_contrast(rng):
    first, second = rng.normal(0, 1, 3), rng.normal(0, 3, 4)
    found = paired_contrast(
        dict(zip("abc", first, strict=True)), dict(zip("defg", second, strict=True))
    )
    assert found.pairs == 0
    assert found.estimate == contrast([first, second], [1.0, -1.0])


def test_without_a_prior_the_mean_is_students(rng):
    values = rng.normal(0.1, 1, 5)
    theirs = stats.ttest_1samp(values, 0.0, alternative="greater")
    assert moderated(values).p_above() == pytest.approx(theirs.pvalue, rel=1e-9)


def test_a_prior_variance_by_hand():
    """Squares 2 with 2 degrees of freedom, and 4 x 3 with 4: 14 / 6, over three values."""
    found = moderated([1.0, 2.0, 3.0], 3.0, 4.0)
    assert found == Estimate(2.0, pytest.approx(np.sqrt(14 / 6 / 3)), 6.0)
    assert moderated([5.0], 3.0, 4.0) == Estimate(5.0, pytest.approx(np.sqrt(3.0)), 4.0)
    assert moderated([1.0, 2.0, 3.0], 3.0) == moderated([1.0, 2.0, 3.0])
    assert moderated([1.0, 3.0]) == Estimate(2.0, pytest.approx(1.0), 1.0)
    assert moderated([1.0, 3.0], 3.0, 0.5) == Estimate(2.0, pytest.approx(np.sqrt(7 / 6)), 1.5)
    assert moderated([1.0, 3.0], float("nan"), 4.0) == moderated([1.0, 3.0])
    assert np.isnan([moderated([5.0]).error, moderated([5.0]).freedom]).all()
    with pytest.raises(ValueError, match="values: expected at least one"):
        moderated([])


def test_a_moderated_interval_covers_where_variances_differ_as_the_prior_says(rng):
    """Variances drawn from the scaled inverse chi-squared that four degrees of freedom stand for.

    There the moderated t is exact (Smyth 2004), while the pooled variance alone covers too little.
    """
    count, studies = 3, 4000
    variances = 4 / rng.chisquare(4, studies)
    values = rng.normal(0, 1, (studies, count)) * np.sqrt(variances)[:, None]
    covered = [
        abs(e.value) <= e.upper() - e.value for e in (moderated(v, 1.0, 4.0) for v in values)
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)
    pooled = np.abs(values.mean(axis=1)) <= stats.norm.isf(0.025) / np.sqrt(count)
    assert pooled.mean() < 0.93


def test_the_residual_variance_of_a_whole_table(rng):
    table = rng.normal(0, 1, (4, 3)) + rng.normal(0, 9, (4, 1)) + rng.normal(0, 9, 3)
    expected = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    arms, seeds = np.indices(table.shape)
    found, freedom = residual_variance(table.ravel(), arms.ravel().tolist(), seeds.ravel().tolist())
    assert freedom == 6
    assert found == pytest.approx((expected**2).sum() / 6)


def test_the_residual_variance_where_runs_are_missing():
    """Two arms, one common seed pair: half the squared difference of differences."""
    values = [1.0, 2.0, 5.0, 3.0, 9.0]
    found, freedom = residual_variance(values, list("aaabb"), [1, 2, 3, 1, 2])
    assert freedom == 1
    assert found == pytest.approx(((1.0 - 2.0) - (3.0 - 9.0)) ** 2 / 4)
    unknown = (pytest.approx(np.nan, nan_ok=True), 0)
    assert residual_variance([1.0, 2.0], ["a", "b"], [1, 1]) == unknown
    assert residual_variance([], [], []) == unknown


def estimates(rng, rows, columns):
    return tuple(
        tuple(Estimate(v, abs(rng.normal(1, 0.2)), rng.integers(2, 30)) for v in row)
        for row in rng.normal(0, 2, (rows, columns))
    )


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 4), (3, 1), (5, 3)])
def test_bounds_of_the_best_agree_with_its_tests(rng, rows, columns):
    found = BestAgainstBest(estimates(rng, rows, columns))
    for level in (0.001, 0.025, 0.2):
        assert found.p_above(found.lower(level)) == pytest.approx(level, rel=1e-6)
        assert found.p_below(found.upper(level)) == pytest.approx(level, rel=1e-6)
    i, j = found.selected
    assert found.pairs[i][j].value == found.value


def test_one_pair_is_an_ordinary_contrast(rng):
    pair = estimates(rng, 1, 1)
    found = BestAgainstBest(pair)
    assert found.p_above(0.3) == pair[0][0].p_above(0.3)
    assert found.upper(0.1) == pair[0][0].upper(0.1)


def test_one_arm_must_beat_each_of_the_others():
    """Without correction, an intersection-union test; its loss to any of them needs one."""
    row = (Estimate(3.0, 1.0, 10), Estimate(2.0, 1.0, 10), Estimate(9.0, 5.0, 3))
    found = BestAgainstBest((row,))
    assert found.value == 2.0
    assert found.p_above() == max(pair.p_above() for pair in row)
    assert found.p_below(4.0) == pytest.approx(3 * row[1].p_below(4.0))


def test_a_corrected_p_value_is_at_most_one():
    """Two rows of three arms: p values of the pairs are t tail areas, twice and three times."""
    rows = tuple(tuple(Estimate(v, 1.0, 10) for v in row) for row in ((2, 3, 4), (1, 5, 6)))
    found = BestAgainstBest(rows)
    tail = stats.t(10).sf
    assert found.p_above() == pytest.approx(2 * tail(2))
    assert found.p_above(1.5) == pytest.approx(2 * tail(0.5))
    assert found.p_above(2.5) == 1.0
    assert found.p_below() == 1.0
    assert found.p_below(2.0) == 1.0
    assert found.p_below(3.5) == pytest.approx(3 * tail(1.5))
    quantile = stats.t(10).isf
    assert found.lower(0.3) == pytest.approx(2 - quantile(0.15))
    assert found.upper(0.3) == pytest.approx(2 + quantile(0.1))
    assert (found.lower(), found.upper()) == (found.lower(0.025), found.upper(0.025))
    worse = BestAgainstBest(((Estimate(-3.0, 1.0, 10),),))
    assert worse.p_below() == pytest.approx(tail(3))


def test_against_one_control_it_is_a_little_more_careful_than_dunnetts_test(rng):
    control = rng.normal(0.0, 1.0, 12)
    others = rng.normal([[0.0], [0.4], [0.9]], 1.0, (3, 12))
    theirs = stats.dunnett(*others, control=control, alternative="greater", rng=1)
    pooled = np.sqrt(np.mean([g.var(ddof=1) for g in (*others, control)]) * 2 / 12)
    rows = tuple((Estimate(o.mean() - control.mean(), pooled, 44),) for o in others)
    smallest = theirs.pvalue.min()
    assert smallest * 0.98 <= BestAgainstBest(rows).p_above() <= 1.6 * smallest


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_the_interval_of_the_best_covers_whichever_is_selected(rng, spread):
    """The estimate of the closest pair alone would cover in 75 % of such studies."""
    first = rng.normal(0, spread, 8)
    second = rng.normal(0, spread, 3)
    truth = first.max() - second.max()
    covered = 0
    for _ in range(600):
        a, b = first + rng.normal(0, 1, 8), second + rng.normal(0, 1, 3)
        pairs = tuple(tuple(Estimate(x - y, np.sqrt(2), 10**6) for y in b) for x in a)
        found = BestAgainstBest(pairs)
        covered += found.lower() <= truth <= found.upper()
    assert covered / 600 >= 0.94


def blocks(rng, arms, seeds, deviation=0.0):
    offsets = np.linspace(-1, 1, arms)
    offsets *= deviation / offsets.std(ddof=1)
    return offsets[:, None] + rng.normal(0, 1, (arms, seeds)) + rng.normal(0, 5, seeds)


def test_a_block_analysis_is_the_analysis_of_variance_with_two_factors(rng):
    """F from sums of squares of nested least-squares fits."""
    table = blocks(rng, 4, 5)
    found = BlockAnalysis(table, ("all",) * 4)
    arms, seeds = (index.ravel() for index in np.indices(table.shape))
    smaller = np.eye(5)[seeds]
    larger = np.hstack([smaller, np.eye(4)[arms]])
    left = [
        np.sum((table.ravel() - x @ np.linalg.lstsq(x, table.ravel(), rcond=None)[0]) ** 2)
        for x in (smaller, larger)
    ]
    ratio = (left[0] - left[1]) / 3 / (left[1] / 12)
    assert found.freedom == (3, 12)
    assert found.ratio == pytest.approx(ratio)
    by_f = stats.f.sf(ratio, 3, 12)
    assert found.p_above(1e-9) == pytest.approx(max(found.p_permutation, by_f), rel=1e-6)
    assert found.p_above() >= by_f * (1 - 1e-9)


def test_against_no_difference_the_larger_p_value_counts(rng):
    """The F test's where permutations are few kinds of tables, the permutation test's elsewhere."""
    larger = set()
    for _ in range(20):
        found = BlockAnalysis(blocks(rng, 3, 3), (0,) * 3, permutations=99)
        by_f = stats.f.sf(found.ratio, 2, 4)
        assert found.p_above() == pytest.approx(max(found.p_permutation, by_f))
        assert found.p_above() == found.p_above(0.0)
        larger.add(found.p_permutation > by_f)
    assert larger == {True, False}


@pytest.mark.parametrize("bound", [0.3, 1.0, 2.5])
def test_a_standard_deviation_is_tested_by_the_noncentral_f_distribution(rng, bound):
    """Of 2 sets of 3 arms: 4 and 15 degrees of freedom, less by Box's share of 36 / 44."""
    table = blocks(rng, 6, 4, 1.0)
    found = BlockAnalysis(table, ("a", "b") * 3, (1.0, 1.0, 1.0, 1.0, 3.0, 5.0), permutations=9)
    within = [table[i::2].mean(axis=1).var(ddof=1) for i in (0, 1)]
    residual = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    noise = (residual**2).sum() / 15
    share = 4 / (38 / 6)
    null = stats.ncf(4 * share, 15 * share, 4 * share * 4 * bound**2 / noise)
    assert found.noise == pytest.approx(noise)
    assert found.ratio == pytest.approx(4 * np.mean(within) / noise)
    assert found.value == pytest.approx(np.sqrt(max(0, np.mean(within) - noise / 4)))
    assert found.p_above(bound) == pytest.approx(max(found.p_permutation, null.sf(found.ratio)))
    assert found.p_below(bound) == pytest.approx(null.cdf(found.ratio))


def test_arms_that_differ_less_than_noise_have_a_standard_deviation_of_0(rng):
    """Equal means: F is 0, and so are the estimate and both of its bounds."""
    noise = rng.normal(0, 1, (3, 4))
    found = BlockAnalysis(noise - noise.mean(axis=1, keepdims=True), (0,) * 3, permutations=9)
    assert found.ratio == pytest.approx(0, abs=1e-12)
    assert (found.value, found.lower(), found.upper()) == pytest.approx((0, 0, 0), abs=1e-6)
    assert (found.p_above(-0.1), found.p_above(), found.p_above(0.1)) == pytest.approx((0, 1, 1))
    assert (found.p_below(-0.1), found.p_below(0.0)) == (1.0, 1.0)


def test_effects_are_values():
    pair = Estimate(0.3, 0.1, 8.0)
    whole = BestAgainstBest(((pair,),)), BlockAnalysis(np.eye(3), (0,) * 3)
    decided = graphical({"a": 0.01}, {"a": 1.0}, {}, 0.05)["a"]
    for found in (pair, *whole, decided, paired_contrast({1: 2.0}, {1: 1.0})):
        assert replace(found) is not found
        for field in fields(found):
            with pytest.raises(FrozenInstanceError):
                setattr(found, field.name, None)
    assert len({pair, Estimate(0.3, 0.1, 8.0), whole[0], decided}) == 3


def test_two_arms_in_blocks_are_the_paired_t_test(rng):
    table = blocks(rng, 2, 6)
    found = BlockAnalysis(table, (0, 0))
    assert found.ratio == pytest.approx(stats.ttest_rel(*table).statistic ** 2)


def test_arms_are_compared_within_their_sets(rng):
    table = blocks(rng, 5, 3)
    found = BlockAnalysis(table, ("a", "b", "a", "b", "b"))
    moved = table + np.array([100.0, 7.0, 100.0, 7.0, 7.0])[:, None]
    assert BlockAnalysis(moved, found.sets)._between(moved) == pytest.approx(found._between(table))
    assert found.freedom == (3, 8)


def test_the_permutation_test_is_that_of_all_permutations(rng):
    table = blocks(rng, 3, 3, 1.0)
    statistics = []
    for orders in product(permutations(range(3)), repeat=3):
        permuted = np.stack([table[list(o), s] for s, o in enumerate(orders)], axis=1)
        means = permuted.mean(axis=1)
        statistics.append(((means - means.mean()) ** 2).sum())
    means = table.mean(axis=1)
    observed = ((means - means.mean()) ** 2).sum()
    exact = np.mean(np.array(statistics) >= observed * (1 - 1e-12))
    found = BlockAnalysis(table, (0, 0, 0), permutations=20_000).p_permutation
    assert found == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000) + 1e-4)


def test_the_permutation_test_of_two_sets_exchanges_arms_of_one_set_only(rng):
    """All 64 tables: in each of three seeds, either set's two arms may be exchanged."""
    table = blocks(rng, 4, 3, 1.0) + 100 * np.array([0, 1, 0, 1])[:, None]

    def between(cells):
        means = cells.mean(axis=1)
        return (means[0] - means[2]) ** 2 + (means[1] - means[3]) ** 2

    statistics = []
    for exchanges in product([False, True], repeat=6):
        permuted = table.copy()
        for number, exchanged in enumerate(exchanges):
            seed, first = divmod(number, 2)
            if exchanged:
                permuted[[first, first + 2], seed] = permuted[[first + 2, first], seed]
        statistics.append(between(permuted))
    exact = np.mean(np.array(statistics) >= between(table) * (1 - 1e-12))
    found = BlockAnalysis(table, (0, 1, 0, 1), permutations=20_000).p_permutation
    assert 0 < exact < 0.9
    assert found == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000) + 1e-4)
    named = BlockAnalysis(table, ("b", "a", "b", "a")).p_permutation
    assert named == BlockAnalysis(table, (0, 1, 0, 1)).p_permutation


def test_of_9999_permutations_none_is_as_far_apart_as_arms_without_overlap(rng):
    table = rng.normal(0, 1, (4, 5)) + 100 * np.arange(4)[:, None]
    assert BlockAnalysis(table, (0,) * 4).p_permutation == 1 / 10_000
    close = blocks(rng, 4, 3)
    found = BlockAnalysis(close, (0,) * 4)
    assert found.p_permutation == BlockAnalysis(close, (0,) * 4, (7.0,), 9999, 0).p_permutation
    assert found.p_permutation != BlockAnalysis(close, (0,) * 4, seed=1).p_permutation


def test_permutations_stay_within_sets(rng):
    """Sets of one arm leave nothing to permute."""
    assert BlockAnalysis(blocks(rng, 3, 3), ("a", "b", "c")).p_permutation == 1.0


@pytest.mark.parametrize("deviation", [0.0, 0.4, 2.0])
def test_the_interval_of_a_standard_deviation_covers_it(rng, deviation):
    sets = ("a",) * 5 + ("b",) * 5
    covered, wrong = 0, 0
    offsets = np.tile(np.linspace(-1, 1, 5), 2)
    offsets *= deviation / np.linspace(-1, 1, 5).std(ddof=1)
    for _ in range(300):
        table = offsets[:, None] + rng.normal(0, 1, (10, 3)) + rng.normal(0, 5, 3)
        found = BlockAnalysis(table, sets, permutations=199)
        covered += found.lower() <= deviation <= found.upper()
        wrong += found.p_below(deviation) <= 0.025 if deviation else found.p_above() <= 0.025
    assert covered / 300 >= 0.915
    assert wrong / 300 <= 0.055


def test_bounds_of_a_standard_deviation_agree_with_its_tests(rng):
    found = BlockAnalysis(blocks(rng, 6, 4, 2.0), (0,) * 6, permutations=199)
    assert found.p_below(found.upper(0.01)) == pytest.approx(0.01, rel=1e-3)
    assert found.p_above(found.lower(0.1)) == pytest.approx(0.1, rel=1e-3)
    assert found.lower() == found.lower(0.025) > 0
    assert found.p_above(-1.0) == 0.0
    assert found.p_below() == found.p_below(0.0) == found.p_below(-1.0) == 1.0


def test_bounds_of_a_standard_deviation_have_the_unit_of_the_values(rng):
    table = blocks(rng, 4, 3, 30.0)
    found = BlockAnalysis(table, (0,) * 4, permutations=199)
    for unit in (1e-6, 1e6):
        other = BlockAnalysis(unit * table, (0,) * 4, permutations=199)
        for level in (1e-6, 0.025):
            assert other.upper(level) == pytest.approx(unit * found.upper(level), rel=1e-3)
        assert other.value == pytest.approx(unit * found.value)


def test_unequal_variances_cost_degrees_of_freedom(rng):
    table = blocks(rng, 4, 3, 1.0)
    same = BlockAnalysis(table, (0,) * 4, (3.0,) * 4)
    assert same._effective == pytest.approx((3, 6))
    unequal = BlockAnalysis(table, (0,) * 4, (1.0, 1.0, 1.0, 9.0))
    assert unequal._effective == pytest.approx((3 * 36 / 84, 6 * 36 / 84))
    assert unequal.upper() - unequal.lower() > same.upper() - same.lower()


def test_images_drawn_anew_scatter_as_the_mean_of_a_sample_does(rng):
    scores = rng.normal(0.8, 0.1, (1, 50))
    drawn = bootstrap_images(scores, draws=20_000)
    assert drawn.mean() == pytest.approx(scores.mean(), abs=0.001)
    assert drawn.std() == pytest.approx(scores.std() / np.sqrt(50), rel=0.03)


def test_what_images_have_in_common_does_not_scatter_in_a_difference(rng):
    hard = rng.normal(0, 1, 40)
    first, second = hard + np.array([[1.0], [2.0]]), hard + np.array([[0.0], [0.5]])
    assert np.ptp(bootstrap_images(first) - bootstrap_images(second)) < 1e-12
    ratio = bootstrap_images(3 * np.exp(first), logarithm=True) - bootstrap_images(
        np.exp(first), logarithm=True
    )
    np.testing.assert_allclose(ratio, np.log(3))


def test_two_levels_by_hand():
    """0.3 squared from the seeds; 2 x 8 / 7 from the images of which there are eight."""
    found = two_level(Estimate(1.0, 0.3, 4.0), np.array([0.0, 2.0]), 8)
    assert found.error == pytest.approx(np.sqrt(0.09 + 16 / 7))
    assert found.freedom == pytest.approx((0.09 + 16 / 7) ** 2 / (0.09**2 / 4 + (16 / 7) ** 2 / 7))


def test_of_two_levels_one_may_not_vary():
    only_images = two_level(Estimate(1.0, 0.0, 4.0), np.array([0.0, 2.0]), 8)
    assert only_images == Estimate(1.0, pytest.approx(np.sqrt(16 / 7)), pytest.approx(7.0))
    only_seeds = two_level(Estimate(1.0, 0.3, 4.0), np.array([2.0, 2.0]), 8)
    assert only_seeds == Estimate(1.0, pytest.approx(0.3), pytest.approx(4.0))
    assert two_level(Estimate(1.0, 0.0, 4.0), np.ones(5), 8) == Estimate(1.0, 0.0, 4.0)
    unknown = two_level(Estimate(1.0, float("nan"), float("nan")), np.array([0.0, 2.0]), 8)
    assert np.isnan([unknown.error, unknown.freedom]).all()


def test_test_sets_are_drawn_with_replacement(rng):
    """Of two images each set has the first 0, 1 or 2 times, with 1/4, 1/2 and 1/4."""
    drawn = bootstrap_images(np.array([[0.0, 1.0]]))
    assert drawn.shape == (2000,)
    shares = [np.mean(drawn == value) for value in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(shares, [0.25, 0.5, 0.25], atol=0.05)
    scores = rng.uniform(0.1, 1, (3, 20))
    np.testing.assert_array_equal(bootstrap_images(scores), bootstrap_images(scores, seed=0))
    assert np.any(bootstrap_images(scores) != bootstrap_images(scores=scores, seed=1))
    constant = np.full((2, 5), np.e) ** [[1], [4]]
    np.testing.assert_allclose(bootstrap_images(constant, logarithm=True, draws=7), [2.5] * 7)


def test_two_levels_cover_where_seeds_and_images_both_scatter(rng):
    """Crossed random effects of seeds and images, and their interaction."""
    covered, seeds_alone, studies = 0, 0, 400
    for _ in range(studies):
        scores = rng.normal(0, 1, (5, 1)) + rng.normal(0, 4, (1, 20)) + rng.normal(0, 1, (5, 20))
        over_seeds = moderated(scores.mean(axis=1))
        found = two_level(over_seeds, bootstrap_images(scores, draws=400), 20)
        covered += found.lower() <= 0 <= found.upper()
        seeds_alone += over_seeds.lower() <= 0 <= over_seeds.upper()
    assert covered / studies >= 0.92
    assert seeds_alone / studies < 0.85


def chain(names):
    return {a: {b: 1.0} for a, b in pairwise(names)}


def equally(names):
    return {a: {b: 1 / (len(names) - 1) for b in names if b != a} for a in names if len(names) > 1}


@given(st.lists(SHARES, min_size=1, max_size=6), st.sampled_from([0.01, 0.05, 0.3]))
def test_equal_weights_handed_on_equally_are_holms_procedure(values, level):
    names = [str(i) for i in range(len(values))]
    p = dict(zip(names, values, strict=True))
    found = graphical(p, dict.fromkeys(names, 1 / len(names)), equally(names), level * (1 + 1e-9))
    adjusted = holm(values)
    assert [found[n].rejected for n in names] == [a <= level * (1 + 1e-9) for a in adjusted]


@given(st.lists(SHARES, min_size=1, max_size=6))
def test_a_chain_that_starts_with_everything_is_the_fixed_sequence(values):
    names = [str(i) for i in range(len(values))]
    p = dict(zip(names, values, strict=True))
    found = graphical(p, {"0": 1.0}, chain(names), 0.05)
    reached = True
    for name in names:
        reached = reached and p[name] <= 0.05
        assert found[name].rejected == reached


def test_the_fallback_procedure_by_hand():
    """Shares of .02, .02 and .01: the second fails, and keeps what it inherited from the first."""
    names = ["a", "b", "c"]
    weights = {"a": 0.4, "b": 0.4, "c": 0.2}
    found = graphical({"a": 0.015, "b": 0.045, "c": 0.012}, weights, chain(names), 0.05)
    assert [found[n].rejected for n in names] == [True, False, False]
    assert [found[n].level for n in names] == pytest.approx([0.02, 0.04, 0.01])
    found = graphical({"a": 0.015, "b": 0.035, "c": 0.045}, weights, chain(names), 0.05)
    assert [found[n].level for n in names] == pytest.approx([0.02, 0.04, 0.05])
    assert all(found[n].rejected for n in names)


def reduced(kept, names, weights, transitions):
    """Weights of an intersection: the others are removed one by one, on plain dictionaries."""
    w, g = dict(weights), {a: dict(transitions.get(a, {})) for a in names}
    rest = list(names)
    for gone in [n for n in names if n not in kept]:
        rest.remove(gone)
        new = {}
        for a in rest:
            w[a] = w.get(a, 0.0) + w.get(gone, 0.0) * g[gone].get(a, 0.0)
            loop = 1 - g[a].get(gone, 0.0) * g[gone].get(a, 0.0)
            new[a] = {
                b: (g[a].get(b, 0.0) + g[a].get(gone, 0.0) * g[gone].get(b, 0.0)) / loop
                if loop > 1e-12
                else 0.0
                for b in rest
                if b != a
            }
        g = new
    return {a: w.get(a, 0.0) for a in kept}


GRAPH = {
    "p1": {"p2": 0.5, "s1": 0.5},
    "p2": {"p1": 1.0},
    "s1": {"s2": 0.7, "p2": 0.3},
    "s2": {"s1": 1.0},
}
WEIGHTS = {"p1": 0.5, "p2": 0.3, "s1": 0.2, "s2": 0.0}


@settings(max_examples=60)
@given(st.lists(st.floats(1e-6, 0.2), min_size=4, max_size=4))
def test_a_graph_is_its_closed_test(values):
    """Rejected if weighted Bonferroni tests reject every intersection that it belongs to."""
    names = list(GRAPH)
    p = dict(zip(names, values, strict=True))
    level = 0.05
    found = graphical(p, WEIGHTS, GRAPH, level)
    sets = [s for size in range(1, 5) for s in combinations(names, size)]
    rejected = {
        s: any(p[n] <= w * level for n, w in reduced(s, names, WEIGHTS, GRAPH).items() if w > 0)
        for s in sets
    }
    for name in names:
        assert found[name].rejected == all(rejected[s] for s in sets if name in s)


def test_a_test_that_could_not_be_made_keeps_its_share():
    found = graphical(
        {"a": float("nan"), "b": 0.03}, {"a": 0.5, "b": 0.5}, equally(["a", "b"]), 0.05
    )
    assert not found["a"].rejected
    assert not found["b"].rejected
    assert found["a"].level == pytest.approx(0.025)


def test_a_graph_that_hands_out_too_much_is_refused():
    with pytest.raises(ValueError, match="expected shares from 0 that make at most 1"):
        graphical({"a": 0.1, "b": 0.1}, {"a": 0.7, "b": 0.7}, {}, 0.05)
    with pytest.raises(ValueError, match=r"expected shares from 0.*received 0\.2 and 0\."):
        graphical({"a": 0.1, "b": 0.1}, {"a": 0.7, "b": -0.5}, {}, 0.05)
    with pytest.raises(ValueError, match=r"expected shares from 0.*received 1 and 1\.1\."):
        graphical(dict.fromkeys("abc", 0.1), {"a": 1.0}, {"a": {"b": 0.6, "c": 0.5}}, 0.05)
    with pytest.raises(ValueError, match="expected hypotheses that have a p value; received b, c"):
        graphical({"a": 0.1}, {"c": 0.5}, {"b": {}}, 0.05)


def test_tests_at_their_level_are_rejected_and_those_without_a_share_are_not():
    found = graphical({"a": 0.02, "b": 0.03, "c": 0.0}, {"a": 0.4, "b": 0.6}, {}, 0.05)
    assert [found[name].rejected for name in "abc"] == [True, True, False]
    assert [found[name].level for name in "abc"] == pytest.approx([0.02, 0.03, 0.0])
    assert graphical({}, {}, {}, 0.05) == {}


def test_a_noncentral_probability_is_found_where_scipy_has_none(monkeypatch):
    rng = np.random.default_rng(0)
    for patched in (False, True):
        if patched:
            monkeypatch.setattr(stats.ncf, "cdf", lambda *_: np.nan)
        for value, noncentrality in ((0.5, 1691.0), (4.0, 5.0), (4.0, 50.0), (20.0, 500.0)):
            drawn = rng.noncentral_f(21, 42, noncentrality, size=20_000) <= value
            found = _noncentral_f(value, 21, 42, noncentrality)
            assert found == pytest.approx(drawn.mean(), abs=0.02)
