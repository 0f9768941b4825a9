"""Estimands on small campaigns, against scipy and computations by hand."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from scipy import stats

from wssl.claims.campaign import WIDE, Arm, Campaign, Design
from wssl.claims.estimands import (
    MARGINS,
    PSNR,
    SSIM,
    Best,
    Contrast,
    LevelsOfSharpness,
    Proportion,
    Score,
    ShareOfTerm,
    SpreadByTasks,
    SpreadOfWeightings,
    SpreadOverSeeds,
    WhereLearned,
    YieldOfMasks,
    difference,
    in_db,
    linear,
    means,
    shown,
    trend,
)
from wssl.claims.statistics import Estimate, moderated
from wssl.records.fields import PER_IMAGE

A, B, C, D = (Arm({"rotation": 1.0 - w, "saturation": w}) for w in (0.1, 0.2, 0.3, 0.4))
FILL = Arm(method="harmonic")


def world(scores, metric="ssim", **design):
    """A campaign in which arms have these scores, by arm and seed, and images without spread."""
    campaign = Campaign([], Design(**design))
    for number, (arm, by_seed) in enumerate(scores.items()):
        campaign.runs[arm] = {
            seed: {
                "fingerprint": f"{number} {seed}",
                "pretext": f"phase {number} {seed}",
                "experiment": {**OWN, "seed": seed},
                "metrics": {metric: value},
                "per_image": {metric: [value] * 3},
            }
            for seed, value in by_seed.items()
        }
    return campaign


OWN = {"dataset": "open-faces-2", "masks": "quickdraw", "recipe": "dense", "coverage": [0.3, 0.5]}


def dissimilar(logarithms):
    """SSIM with these scores."""
    return {seed: 1 - float(np.exp(-value)) for seed, value in logarithms.items()}


def seeds(*values):
    return dict(zip((11, 12, 13, 14, 15), values, strict=False))


def test_margins():
    expected = {
        "ratio": np.log(1.05),
        "dB": 0.2,
        "points": 0.005,
        "SD": np.log(1.05) / 2.326,
        "SD ratio": np.log(1.25),
        "share": 0.05,
        "yield": 0.02,
    }
    assert pytest.approx(expected) == MARGINS
    normal = stats.norm
    largest = normal.expect(lambda x: 5 * x * normal.cdf(x) ** 4)
    assert MARGINS["ratio"] / MARGINS["SD"] == pytest.approx(2 * largest, abs=0.001)


@pytest.mark.parametrize("trials", [1, 20])
@pytest.mark.parametrize("share", [0.0, 0.15, 0.8, 1.0])
@pytest.mark.parametrize("bound", [0.05, 0.3])
def test_a_proportion_has_clopper_and_pearsons_interval(trials, share, bound):
    hits = round(share * trials)
    found = Proportion(hits, trials, bound)
    exact = stats.binomtest(hits, trials)
    with pytest.raises(FrozenInstanceError):
        found.hits = 0
    assert found.value == pytest.approx(hits / trials - bound)
    for level, bounds in (
        (0.025, (found.lower(), found.upper())),
        (0.05, (found.lower(0.05), found.upper(0.05))),
    ):
        ends = exact.proportion_ci(1 - 2 * level, method="exact")
        assert bounds == pytest.approx((ends.low - bound, ends.high - bound))


@pytest.mark.parametrize("shift", [-0.1, 0.0, 0.15])
def test_the_tests_of_a_proportion_are_sums_of_binomial_probabilities(shift):
    found = Proportion(3, 12, 0.2)
    null = stats.binom(12, 0.2 + shift)
    assert found.p_above(shift) == pytest.approx(null.sf(2))
    assert found.p_below(shift) == pytest.approx(null.cdf(3))
    assert found.p_above() == pytest.approx(stats.binom(12, 0.2).sf(2))
    assert found.p_below() == pytest.approx(stats.binom(12, 0.2).cdf(3))


def test_shares_beyond_0_and_1_are_as_good_as_these():
    found = Proportion(3, 12, 0.05)
    assert (found.p_above(-0.3), found.p_below(-0.3)) == (0.0, 1.0)
    assert (found.p_above(1.7), found.p_below(1.7)) == (1.0, 0.0)
    some = Proportion(0, 12, 0.05), Proportion(12, 12, 0.05)
    assert [one.p_above(-0.3) for one in some] == [1.0, 0.0]
    assert [one.p_below(1.7) for one in some] == [0.0, 1.0]


def test_masks_at_the_edges_of_the_range_are_within_it():
    campaign = world({FILL: {4: 0.5}, A: seeds(0.5, 0.5, 0.5)})
    covered = [0.29, 0.3, 0.4, 0.5, 0.51]
    campaign.evaluations["0 4"] = [masks(covered)]
    campaign.evaluations["1 11"] = [masks([0.6, 0.4])]
    assert YieldOfMasks(FILL).estimate(campaign) == Proportion(3, 5, 0.05)
    assert YieldOfMasks(A).estimate(campaign) == Proportion(1, 2, 0.05)
    assert YieldOfMasks(FILL).needs(campaign) == [("masks", FILL, 0, None)]
    assert YieldOfMasks(A).needs(campaign) == [("masks", A, 11, None)]


def masks(coverage):
    return {
        "experiment": {**OWN, "recipe": "qd-imd", "coverage": [0.0, 1.0]},
        "per_image": {"coverage": coverage},
    }


@pytest.mark.parametrize("count", [3, 4, 15])
def test_the_spread_over_weightings_is_corrected_for_their_number(count):
    """The logarithm of a sample's variance is that of a gamma variable."""
    groups = tuple(
        tuple(Arm({"rotation": place + 1.0, "sharpness": number + 1.0}) for place in range(size))
        for number, size in enumerate((count, 3, 5))
    )
    rng = np.random.default_rng(count)
    drawn = {arm: rng.normal(2, 0.1, 3) for arms in groups for arm in arms}
    campaign = world({arm: dissimilar(seeds(*values)) for arm, values in drawn.items()})
    found = SpreadByTasks(groups).estimate(campaign)
    logarithm = [stats.loggamma((len(arms) - 1) / 2) for arms in groups]
    spreads = np.array(
        [
            np.log([np.std([drawn[a][i] for a in arms], ddof=1) for i in range(3)])
            - (law.mean() - np.log((len(arms) - 1) / 2)) / 2
            for arms, law in zip(groups, logarithm, strict=True)
        ]
    )
    parts = [
        moderated(spreads[i] - spreads[i + 1], (logarithm[i].var() + logarithm[i + 1].var()) / 4, 4)
        for i in range(2)
    ]
    for ours, theirs in zip(found.pairs[0], parts, strict=True):
        assert (ours.value, ours.error, ours.freedom) == pytest.approx(
            (theirs.value, theirs.error, theirs.freedom)
        )
    assert len(found.pairs) == 1
    assert found.value == pytest.approx(min(part.value for part in parts))


def test_the_spread_over_seeds_by_hand():
    """Deviations of 1 and 2 against 4 and 16: means of 0.5 and 3 in doublings."""
    arms = dict(zip((A, B, C, D), (1, 2, 4, 16), strict=True))
    campaign = world({a: dissimilar(seeds(5 - s / 10, 5, 5 + s / 10)) for a, s in arms.items()})
    found = SpreadOverSeeds((A, B), (C, D)).estimate(campaign)
    assert found.value == pytest.approx(-2.5 * np.log(2))
    assert found.error == pytest.approx(np.log(2) * np.sqrt(0.5 / 2 + 2 / 2))
    assert found.freedom == pytest.approx(1.25**2 / (0.25**2 + 1))


def test_the_spread_of_weightings_is_within_sets():
    campaign = world({arm: dissimilar(seeds(*row)) for arm, row in SCORES.items()})
    found = SpreadOfWeightings(((A, B), (C, D))).estimate(campaign)
    np.testing.assert_allclose(found.table, list(SCORES.values()))
    assert found.sets == (0, 0, 1, 1)
    assert found.variances == pytest.approx([campaign.variance(SSIM, "other pretext")[0]] * 4)


SCORES = {A: [1.0, 1.1, 1.3], B: [1.2, 1.1, 1.4], C: [0.9, 1.3, 1.2], D: [1.6, 1.7, 1.5]}


def test_a_pooled_contrast_has_the_error_of_its_class():
    campaign = world({arm: seeds(*row) for arm, row in SCORES.items()}, "psnr")
    terms = ((1.0, A), (-1.0, D))
    variance, freedom = campaign.variance(PSNR, "other pretext")
    found = linear(campaign, terms=terms, score=PSNR, seeds=(11, 12, 13), pooled=True)
    assert found.value == pytest.approx(-1.4 / 3)
    assert found.error == pytest.approx(np.sqrt(2 * variance / 3))
    assert found.freedom == pytest.approx(freedom)
    own = linear(campaign, terms, PSNR, (11, 12, 13))
    squares = 2 * np.var([0.6, 0.6, 0.2], ddof=1)
    assert own.error**2 == pytest.approx((squares + freedom * 2 * variance) / (2 + freedom) / 3)
    one = world({A: {11: 1.0}, D: {11: 2.0}}, "psnr")
    assert np.isnan(linear(one, terms, PSNR, (11,), pooled=True).error)


def test_contrasts_by_hand():
    assert difference(A, B, PSNR, many=True) == Contrast(((1.0, A), (-1.0, B)), PSNR, True)
    assert difference(first=A, second=B) == Contrast(((1.0, A), (-1.0, B)), SSIM, False)
    assert Contrast(((1.0, A), (-1.0, B))) == difference(A, B, many=False)
    assert means((A, B), (C, D, FILL), PSNR) == Contrast(
        ((0.5, A), (0.5, B), (-1 / 3, C), (-1 / 3, D), (-1 / 3, FILL)), PSNR, False
    )


def test_a_trend_is_the_slope_of_a_straight_line_times_the_range():
    weights, scores = [0.1, 0.5, 0.6, 0.9], [1.0, 3.0, 2.5, 7.0]
    found = trend((A, B, C, D), weights, PSNR)
    assert [arm for _, arm in found.terms] == [A, B, C, D]
    value = sum(c * score for (c, _), score in zip(found.terms, scores, strict=True))
    assert value == pytest.approx(0.8 * np.polyfit(weights, scores, 1)[0])
    assert (found.score, found.many) == (PSNR, False)


@pytest.mark.parametrize(
    ("score", "unit", "value"),
    [
        (Score("ssim"), "ratio", -np.log(0.2)),
        (Score("ms_ssim"), "ratio", -np.log(0.2)),
        (Score("gmsd"), "ratio", -np.log(0.8)),
        (Score("ssim", points=True), "points", 0.8),
        (Score("ssim", points=True, reversed=True), "points", -0.8),
        (Score("gmsd", reversed=True), "ratio", np.log(0.8)),
        (Score("psnr_hole"), "dB", 0.8),
        (Score("psnr", points=True), "dB", 0.8),
        (Score("psnr", reversed=True), "dB", -0.8),
    ],
)
def test_scores_and_their_draws_have_the_unit_of_the_metric(score, unit, value):
    campaign = world({A: seeds(0.8, 0.8)}, score.metric)
    assert score.unit == unit
    assert score.logarithm == (unit == "ratio")
    assert score(campaign, A, 11) == pytest.approx(value)
    drawn, images = score.drawn(campaign, A, (11, 12))
    np.testing.assert_allclose(drawn, value)
    assert images == 3


@pytest.mark.parametrize("metric", PER_IMAGE)
def test_every_metric_that_records_keep_by_image_makes_a_score(metric):
    campaign = world({A: seeds(0.8, 0.7), B: seeds(0.6, 0.6)}, metric)
    assert difference(A, B, Score(metric)).estimate(campaign).value != 0


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("psnr_hol", "received 'psnr_hol'. Did you mean 'psnr_hole'"),
        ("ssim_raw", "received 'ssim_raw'. Did you mean 'ssim'"),
        ("l1", "expected one of ssim, psnr, .*; received 'l1'"),
    ],
)
def test_a_score_of_another_metric_is_refused(metric, words):
    with pytest.raises(ValueError, match=f"metric of each image: .*{words}"):
        Score(metric)


def test_a_comparison_in_db_is_the_same_by_psnr():
    contrast = difference(A, B, Score(unseen=True, points=True), many=True)
    by_psnr = replace(contrast, score=Score("psnr", unseen=True))
    assert in_db(contrast) == by_psnr
    best = Best((A,), (B, C), pooled=True)
    assert in_db(best) == Best((A,), (B, C), PSNR, pooled=True)
    assert in_db(by_psnr) is None
    assert in_db(Best((A,), (B,), Score("gmsd"))) is None
    assert in_db(LevelsOfSharpness(A)) is None
    assert in_db(WhereLearned(A, B)) is None


@pytest.mark.parametrize("pooled", [False, True])
def test_a_best_is_made_of_differences(pooled):
    campaign = world({arm: seeds(*row) for arm, row in SCORES.items()}, "psnr")
    found = Best((A, B), (C, D), PSNR, pooled=pooled).estimate(campaign)
    variance, freedom = campaign.variance(PSNR, "other pretext")
    for row, a in zip(found.pairs, (A, B), strict=True):
        for pair, b in zip(row, (C, D), strict=True):
            values = np.subtract(SCORES[a], SCORES[b])
            squares = 0.0 if pooled else 2 * np.var(values, ddof=1)
            free = freedom + (0 if pooled else 2)
            assert pair.value == pytest.approx(np.mean(values))
            error = (squares + freedom * 2 * variance) / free / 3
            assert (pair.error**2, pair.freedom) == pytest.approx((error, free))
    assert found.value == pytest.approx(3.7 / 3 - 4.8 / 3)
    many = Best((A,), (B,), PSNR, many=True)
    five = world({A: seeds(1, 2, 3, 4, 5), B: seeds(0, 0, 0, 0, 0)}, "psnr")
    assert many.estimate(five).value == pytest.approx(3.0)
    assert Best((A,), (B,), PSNR).estimate(five).value == pytest.approx(2.0)


def test_what_a_best_needs():
    campaign = world({})
    found = Best((A, FILL), (B,), PSNR).needs(campaign)
    runs = [("run", arm, seed, PSNR) for arm in (A, B) for seed in (11, 12, 13)]
    assert found == [*runs, ("run", FILL, 0, PSNR)]
    many = Best((A,), (B,), many=True).needs(campaign)
    assert many == [("run", arm, seed, SSIM) for arm in (A, B) for seed in (11, 12, 13, 14, 15)]


@pytest.mark.parametrize(
    ("estimand", "unit"),
    [
        (SpreadOfWeightings(((A, B), (C,))), "SD"),
        (SpreadByTasks(((A, B), (C,))), "SD ratio"),
        (SpreadOverSeeds((A, B), (C,)), "SD ratio"),
    ],
)
def test_a_spread_needs_each_arm_with_the_few_seeds(estimand, unit):
    runs = [("run", arm, seed, SSIM) for arm in (A, B, C) for seed in (11, 12, 13)]
    assert estimand.needs(world({})) == runs
    assert estimand.unit == unit


def test_a_contrast_on_unseen_images_needs_the_runs_too():
    score = Score("psnr", unseen=True)
    found = difference(A, B, score).needs(world({}))
    places = [(arm, seed) for arm in (A, B) for seed in (11, 12, 13)]
    assert found == [
        *(("run", arm, seed, SSIM) for arm, seed in places),
        *(("unseen", arm, seed, score) for arm, seed in places),
    ]


@pytest.mark.parametrize("learned", [(), (12,), (12, 14), (11, 12, 13, 14, 15)])
def test_only_seeds_whose_tasks_were_learned_count(learned):
    scores = {A: seeds(1.0, 1.1, 1.3, 1.2, 1.7), B: seeds(0.9, 1.3, 1.0, 0.2, 1.1)}
    campaign = world({arm: dissimilar(values) for arm, values in scores.items()})
    for seed in scores[A]:
        both = {"rotation": True, "saturation": seed in learned}
        campaign.pretexts[f"phase 0 {seed}"] = {"learned": both}
    found = WhereLearned(A, B).estimate(campaign)
    if len(learned) < 2:
        assert np.isnan([found.value, found.error, found.freedom]).all()
        return
    values = [scores[A][seed] - scores[B][seed] for seed in learned]
    assert found.value == pytest.approx(np.mean(values))
    assert found == linear(campaign, ((1.0, A), (-1.0, B)), SSIM, learned)


def test_a_pretext_phase_that_is_not_recorded_has_learned_nothing():
    campaign = world({A: seeds(0.1, 0.2, 0.4), B: seeds(0.3, 0.2, 0.1)})
    for seed in (11, 13):
        campaign.pretexts[f"phase 0 {seed}"] = {"learned": {"rotation": True}}
    found = WhereLearned(A, B, many=False)
    terms = ((1.0, A), (-1.0, B))
    assert found.estimate(campaign) == linear(campaign, terms, SSIM, (11, 13))
    runs = [("run", arm, seed, SSIM) for arm in (A, B) for seed in (11, 12, 13)]
    assert found.needs(campaign) == [*runs, *(("pretext", A, s, None) for s in (11, 12, 13))]
    assert len(WhereLearned(A, B).needs(campaign)) == 15


def test_the_share_of_a_term_by_hand():
    """Gradients of 1 / 0.84 and 3 / 0.16 stand 1 to 3, which is a quarter."""
    campaign = world({A: seeds(0.5, 0.5, 0.5)})
    for seed, (pixels, structure) in seeds((1.0, 3.0), (1.0, 1.0), (3.0, 1.0)).items():
        terms = {"gradient_log_cosh": pixels / 0.84, "gradient_ssim": structure / 0.16}
        campaign.evaluations[f"0 {seed}"] = [{"experiment": OWN, "terms": terms}]
    found = ShareOfTerm(A).estimate(campaign)
    assert found == Estimate(
        pytest.approx(0.25), pytest.approx(np.sqrt(0.0625 / 3)), pytest.approx(2.0)
    )
    assert ShareOfTerm(A).needs(campaign) == [("own", A, seed, None) for seed in (11, 12, 13)]


def test_levels_of_sharpness_by_hand():
    """Of images classified as one of the two upper levels 3 of 4 are right, and 1 of 8."""
    campaign = world({A: seeds(0.5, 0.5, 0.5)})
    blocks = seeds([[2, 1], [0, 1]], [[1, 2], [5, 0]], [[0, 0], [0, 0]])
    for seed, block in blocks.items():
        table = np.full((4, 4), 9)
        table[2:, 2:] = block
        campaign.pretexts[f"phase 0 {seed}"] = {"confusion": {"sharpness": table.tolist()}}
    found = LevelsOfSharpness(A).estimate(campaign)
    assert found.value == pytest.approx((0.25 - 0.375) / 3)
    assert found.error == pytest.approx(np.std([0.25, -0.375, 0], ddof=1) / np.sqrt(3))
    assert LevelsOfSharpness(A).needs(campaign) == [("pretext", A, s, None) for s in (11, 12, 13)]


def test_a_contrast_is_shown_at_the_seeds_that_all_arms_have():
    wide = [replace(arm, width=WIDE) for arm in (A, B)]
    scores = {wide[0]: {1: 4.0, 2: 6.0, 3: 9.0, 4: 0.0}, wide[1]: {2: 1.0, 3: 2.0, 9: 7.0}}
    campaign = world(scores, "psnr")
    estimate, count = shown(campaign, difference(A, B, PSNR), WIDE)
    assert (estimate.value, count) == (pytest.approx(6.0), 2)
    assert shown(campaign, difference(A, B, PSNR), "narrow") is None
