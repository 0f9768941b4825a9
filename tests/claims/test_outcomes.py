"""What records say of the claims, judged or only seen, and contrasts that are paired by seed."""

import numpy as np
import pytest
from worlds import TRUE, study

from wssl.claims.campaign import NARROW, WIDE, Arm, Campaign, Design
from wssl.claims.catalogue import (
    BEST_ARM,
    CLAIMS,
    HARMONIC,
    RANDOM,
    SCRATCH,
    SINGLES,
    WIDE_BEST,
    WIDE_RANDOM,
    claim,
)
from wssl.claims.decision import judge
from wssl.claims.estimands import (
    PSNR,
    SSIM,
    Best,
    Contrast,
    SpreadOfWeightings,
    difference,
    linear,
    shown,
)
from wssl.claims.outcomes import (
    NOT_RUN,
    SEEN,
    at,
    common_seeds,
    findings,
    paired,
    recorded,
)

RECORDS = study(TRUE["features"])


@pytest.fixture(scope="module")
def campaign():
    return Campaign(RECORDS)


def arms_in(compared):
    """Every arm that an estimand names, found by its representation's parts."""
    if isinstance(compared, Arm):
        return [compared]
    if isinstance(compared, tuple | list):
        return [arm for part in compared for arm in arms_in(part)]
    return arms_in(list(vars(compared).values())) if hasattr(compared, "__dict__") else []


@pytest.mark.parametrize("found", CLAIMS, ids=lambda found: found.key)
def test_a_comparison_can_be_moved_to_another_width(found):
    moved = at(found.estimand, NARROW)
    before, after = arms_in(found.estimand), arms_in(moved)
    assert type(moved) is type(found.estimand)
    assert {arm.width for arm in after} == {NARROW}
    assert [arm.key for arm in after] == [arm.key for arm in before]
    assert moved.unit == found.estimand.unit


@pytest.mark.parametrize("score", [SSIM, PSNR])
def test_a_paired_contrast_is_the_mean_of_differences_at_the_same_seed(campaign, score):
    found = paired(campaign, difference(WIDE_BEST, WIDE_RANDOM).terms, score)
    metric = score.metric
    by_seed = {}
    for arm, sign in ((WIDE_BEST, 1), (WIDE_RANDOM, -1)):
        for seed, run in campaign.runs[arm].items():
            value = run["metrics"][metric]
            value = -np.log(1 - value) if metric == "ssim" else value
            by_seed[seed] = by_seed.get(seed, 0.0) + sign * value
    assert found.per_seed == pytest.approx(by_seed)
    assert found.estimate.value == pytest.approx(np.mean(list(by_seed.values())))


def test_a_page_shows_the_numbers_of_the_verdict(campaign):
    (verdict,) = (v for v in judge(RECORDS) if v.claim.key == "features")
    found = paired(campaign, claim("features").estimand.terms, SSIM)
    assert found.estimate == verdict.effect
    contrast = difference(BEST_ARM, RANDOM, many=True)
    assert paired(campaign, contrast.terms, SSIM).estimate == shown(campaign, contrast, NARROW)[0]


def test_an_arm_that_is_named_twice_counts_once(campaign):
    first, second, third = SINGLES
    mean = tuple((-1 / 3, arm) for arm in SINGLES)
    twice = paired(campaign, ((1.0, first), *mean), SSIM)
    once = paired(campaign, ((2 / 3, first), (-1 / 3, second), (-1 / 3, third)), SSIM)
    assert twice.estimate.value == pytest.approx(once.estimate.value)
    assert twice.estimate.error == pytest.approx(once.estimate.error)


def test_seeds_are_those_that_all_arms_share(campaign):
    assert common_seeds(campaign, [WIDE_BEST, WIDE_RANDOM], SSIM) == (11, 12, 13, 14, 15)
    assert common_seeds(campaign, [BEST_ARM, *SINGLES[:1]], SSIM) == (11, 12, 13)
    assert common_seeds(campaign, [BEST_ARM, HARMONIC], SSIM) == (11, 12, 13, 14, 15)
    assert common_seeds(campaign, [BEST_ARM, Arm(loss="nothing")], SSIM) == ()
    assert paired(campaign, difference(BEST_ARM, Arm(loss="nothing")).terms, SSIM) is None


@pytest.fixture
def diverged():
    """The records, one of which diverged, and the fingerprint of that one."""
    fingerprint = Campaign(RECORDS).runs[WIDE_RANDOM][12]["fingerprint"]
    history = [[20, 0.1], [40, 0.02], [60, 0.3]]
    records = [{**r, "history": history} if r["fingerprint"] == fingerprint else r for r in RECORDS]
    return records, fingerprint


def test_a_run_that_diverged_is_left_out_of_what_is_shown(diverged):
    records, fingerprint = diverged
    whole, rest = Campaign(records), Campaign(r for r in RECORDS if r["fingerprint"] != fingerprint)
    assert set(whole.runs[WIDE_RANDOM]) == {11, 12, 13, 14, 15}
    assert whole.converged.runs == rest.runs
    assert whole.converged.converged is whole.converged
    terms = difference(WIDE_BEST, WIDE_RANDOM).terms
    found = paired(whole, terms, SSIM)
    assert set(found.per_seed) == {11, 13, 14, 15}
    assert found == paired(rest, terms, SSIM)
    assert found.estimate != judge(RECORDS)[2].effect


def test_a_run_that_diverged_counts_in_the_verdicts(diverged):
    records, _ = diverged
    counted, same = judge(records), judge(RECORDS)
    assert [(v.outcome, v.low, v.high) for v in counted] == [
        (v.outcome, v.low, v.high) for v in same
    ]


def test_where_no_run_diverged_nothing_is_left_out(campaign):
    assert campaign.converged is campaign


def test_two_seeds_have_an_interval_only_if_comparable_arms_lend_theirs():
    runs = Campaign(study(TRUE["features"])).runs
    terms = difference(WIDE_BEST, WIDE_RANDOM).terms
    two = [runs[arm][seed] for arm in (WIDE_BEST, WIDE_RANDOM) for seed in (11, 12)]
    alone = paired(Campaign(two), terms, SSIM).estimate
    assert np.isfinite(alone.value)
    assert np.isnan(alone.lower())
    others = [run for arm, by_seed in runs.items() if arm.width != WIDE for run in by_seed.values()]
    assert np.isfinite(paired(Campaign([*two, *others]), terms, SSIM).estimate.lower())


def test_without_lent_variance_an_interval_is_that_of_students_t(campaign):
    found = findings(RECORDS, claims=[claim("supervised"), claim("finetuned")], lent=False)
    for key in ("supervised", "finetuned"):
        terms, seeds = claim(key).estimand.terms, campaign.design.many
        own = linear(campaign, terms, SSIM, seeds, own=True)
        assert found[key].effect == own
        assert found[key].effect != claim(key).estimand.estimate(campaign)


def test_a_single_seed_has_no_interval(campaign):
    few = Campaign(r for r in RECORDS if r["kind"] != "inpainting")
    few.runs = {arm: dict(by_seed) for arm, by_seed in campaign.runs.items()}
    few.runs[WIDE_RANDOM] = {11: campaign.runs[WIDE_RANDOM][11]}
    found = paired(few, difference(WIDE_BEST, WIDE_RANDOM).terms, SSIM)
    assert found.estimate.value == found.per_seed[11]
    assert np.isnan(found.estimate.lower())


def test_recorded_runs_are_counted_by_the_seeds_of_their_width(campaign):
    assert recorded(campaign, [WIDE_BEST, WIDE_RANDOM, WIDE_BEST]) == (10, 10)
    assert recorded(campaign, [BEST_ARM, HARMONIC]) == (4, 4)
    assert recorded(Campaign([]), [WIDE_BEST, BEST_ARM]) == (0, 8)
    assert recorded(Campaign([]), [HARMONIC]) == (0, 1)


def test_the_registered_findings_are_the_verdicts():
    found = findings(RECORDS)
    outcomes = {key: (v.outcome, v.low, v.high) for key, v in found.items()}
    assert outcomes == {v.claim.key: (v.outcome, v.low, v.high) for v in judge(RECORDS)}
    assert found.registered
    assert found.width == WIDE
    assert found.at(BEST_ARM) == (WIDE_BEST,)
    assert len(found) == len(CLAIMS)


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_elsewhere_nothing_is_judged(seeds):
    design = Design(narrow=8, wide=16, few=seeds, many=seeds)
    records = study(TRUE["features"], design=design)
    found = findings(records, design, registered=False)
    assert {verdict.outcome for verdict in found.values()} <= {SEEN, NOT_RUN}
    assert found.width == NARROW
    effect = found["features"].effect
    contrast = paired(found.campaign, difference(BEST_ARM, RANDOM).terms, SSIM)
    assert effect.value == pytest.approx(contrast.estimate.value)
    assert "width" not in found["features"].claim.compared
    known = np.isfinite(found["features"].interval()).all()
    assert known == (len(seeds) > 1)
    spread = found["weights-matter"]
    assert isinstance(spread.claim.estimand, SpreadOfWeightings)
    assert (spread.outcome == SEEN) == (len(seeds) > 1)


def test_what_was_not_run_is_said_to_be_so():
    design = Design(few=(0,), many=(0,))
    records = [
        r
        for r in study(TRUE["features"], design=design)
        if r["kind"] != "inpainting" or r["experiment"]["encoder"] != "scratch"
    ]
    found = findings(records, design, registered=False)
    assert found["supervised"].outcome == NOT_RUN
    assert found["features"].outcome == SEEN
    assert isinstance(found["mix"].claim.estimand, Best)
    assert isinstance(found["supervised"].claim.estimand, Contrast)
    assert found["supervised"].claim.estimand.terms[1][1] == SCRATCH
