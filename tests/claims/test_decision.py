"""The rule that leads from intervals to verdicts, and its error rate."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import NOISE, TRUE, raised, study

from wssl.claims.campaign import Arm
from wssl.claims.catalogue import CLAIMS, FAMILIES, claim
from wssl.claims.characteristics import nothing, simulate
from wssl.claims.decision import (
    AWAITING,
    HOLDS,
    LEVEL,
    PRIMARY_SHARE,
    REFUTED,
    SAME,
    UNDECIDED,
    decide,
    gates,
    in_paper,
    is_wrong,
    judge,
    outcome_of,
)
from wssl.claims.estimands import SSIM
from wssl.claims.outcomes import findings
from wssl.claims.statistics import Estimate

EFFECTS = st.floats(-3, 3, allow_nan=False)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 2.0, HOLDS),
        (1.5, 2.0, HOLDS),
        (-2.0, -0.1, REFUTED),
        (-2.0, 0.9, REFUTED),
        (-0.9, 0.9, SAME),
        (0.1, 0.9, SAME),
        (-0.9, -0.1, SAME),
        (-0.9, 1.1, UNDECIDED),
        (-2.0, 1.1, UNDECIDED),
        (-1.0, 0.5, REFUTED),
        (-0.5, 1.0, UNDECIDED),
        (0.0, 1.0, UNDECIDED),
        (0.0, 2.0, UNDECIDED),
        (0.5, 1.0, HOLDS),
        (1.0, float("nan"), UNDECIDED),
        (float("-inf"), float("inf"), UNDECIDED),
        (float("nan"), 1.0, UNDECIDED),
    ],
)
def test_a_verdict_follows_from_the_interval(low, high, expected):
    assert outcome_of(low, high, 1.0) == expected


@pytest.mark.parametrize(
    ("outcome", "truth", "wrong"),
    [
        (HOLDS, 0.0, True),
        (HOLDS, 0.01, False),
        (HOLDS, -2.0, True),
        (REFUTED, 0.5, True),
        (REFUTED, 0.49, False),
        (REFUTED, -2.0, False),
        (SAME, 0.5, True),
        (SAME, -0.5, True),
        (SAME, 0.49, False),
        (SAME, -0.49, False),
        (UNDECIDED, 0.0, False),
        (AWAITING, -2.0, False),
    ],
)
def test_a_verdict_is_wrong_from_the_edge_on(outcome, truth, wrong):
    assert is_wrong(outcome, truth, 0.5) == wrong


@given(EFFECTS, EFFECTS, EFFECTS)
def test_an_interval_that_covers_the_truth_never_leads_to_a_wrong_verdict(first, second, truth):
    low, high = min(first, second), max(first, second)
    if low <= truth <= high:
        assert not is_wrong(outcome_of(low, high, 1.0), truth, 1.0)


@given(EFFECTS, EFFECTS, EFFECTS)
def test_at_any_truth_only_one_of_the_bounds_can_mislead(first, second, truth):
    """So the error rates of the two bounds need not be added for one claim."""
    low, high = min(first, second), max(first, second)
    if is_wrong(outcome_of(low, high, 1.0), truth, 1.0):
        assert (low >= truth) == (truth <= 0)
        assert (high <= truth) == (truth >= 1)


def test_shares_of_the_error_rate():
    weights, transitions = gates(CLAIMS)
    primary = [c.key for c in CLAIMS if c.primary is not None]
    assert sum(weights.values()) == pytest.approx(1)
    assert sum(weights[key] for key in primary) == pytest.approx(PRIMARY_SHARE)
    assert len({round(weights[c.key], 12) for c in CLAIMS if c.primary is None}) == 1
    for first, second in pairwise(primary):
        assert transitions[first] == {second: 1.0}
    assert sum(transitions[primary[-1]].values()) == pytest.approx(1)
    for found in CLAIMS:
        if found.primary is None:
            others = transitions[found.key]
            family = {c.key for c in CLAIMS if c.family == found.family and c.primary is None}
            assert set(others) == family - {found.key}
            assert sum(others.values()) in (0, pytest.approx(1))
    assert {c.family for c in CLAIMS} == set(FAMILIES)


def test_the_gates_do_not_depend_on_the_order_in_which_claims_are_listed():
    assert gates(CLAIMS[::-1]) == gates(CLAIMS)
    assert gates(CLAIMS[3::-1] + CLAIMS[4:]) == gates(CLAIMS)


def test_shares_by_hand():
    """A fifth of .6 each for three primary claims; half of the rest for two secondary ones."""
    primary = [claim(key) for key in ("features", "supervised", "mix")]
    family = [claim(key) for key in ("classical", "methods-psnr")]
    weights, transitions = gates([*primary, *family])
    fifth = pytest.approx(0.2)
    assert weights == dict.fromkeys(("supervised", "features", "mix"), fifth) | dict.fromkeys(
        ("classical", "methods-psnr"), fifth
    )
    assert transitions == {
        "supervised": {"features": 1.0},
        "features": {"mix": 1.0},
        "mix": {"classical": 0.5, "methods-psnr": 0.5},
        "classical": {"methods-psnr": 1.0},
        "methods-psnr": {"classical": 1.0},
    }
    alone = gates(primary[:2])
    assert alone == (
        {"supervised": 0.5, "features": 0.5},
        {"supervised": {"features": 1.0}},
    )
    assert gates(family)[0] == {"classical": 0.5, "methods-psnr": 0.5}
    assert gates(family)[1] == {
        "classical": {"methods-psnr": 1.0},
        "methods-psnr": {"classical": 1.0},
    }
    assert gates([claim("masks")]) == ({"masks": 1.0}, {"masks": {}})


def sure(value):
    return Estimate(value, 1e-6, 10.0)


def test_a_decided_primary_claim_hands_its_share_on_only_where_it_is_decided():
    unsure = dict.fromkeys((c.key for c in CLAIMS), Estimate(0.0, 1.0, 10.0))
    first, second = CLAIMS[0].key, CLAIMS[1].key
    start = LEVEL / 2 * PRIMARY_SHARE / 6
    above, below = decide(CLAIMS, {**unsure, first: sure(1.0)})
    assert above[first].rejected
    assert not below[first].rejected
    assert above[second].level == pytest.approx(2 * start)
    assert below[second].level == pytest.approx(start)
    above, below = decide(CLAIMS, {**unsure, first: sure(-1.0)})
    assert (above[second].level, below[second].level) == pytest.approx((start, 2 * start))


def test_an_undecided_primary_claim_does_not_close_the_gate():
    effects = dict.fromkeys((c.key for c in CLAIMS), sure(1.0))
    effects[CLAIMS[0].key] = Estimate(0.0, 1.0, 10.0)
    above, _ = decide(CLAIMS, effects)
    assert [c.key for c in CLAIMS if not above[c.key].rejected] == [CLAIMS[0].key]


def test_the_last_primary_claim_hands_on_to_the_secondary_ones():
    effects = dict.fromkeys((c.key for c in CLAIMS), Estimate(0.0, 1.0, 10.0))
    effects |= {c.key: sure(1.0) for c in CLAIMS[:6]}
    above, _ = decide(CLAIMS, effects)
    secondary = len(CLAIMS) - 6
    assert above[CLAIMS[-1].key].level == pytest.approx(LEVEL / 2 / secondary)


def test_verdicts_wait_for_the_registered_runs():
    records = study(TRUE["features"])
    missing = [
        r
        for r in records
        if r["kind"] != "inpainting"
        or not (r["experiment"]["encoder"] == "random" and r["experiment"]["seed"] == 15)
    ]
    found = {verdict.claim.key: verdict for verdict in judge(missing)}
    assert found["features"].status == "awaiting runs (9 of 10)"
    assert found["features"].effect is None
    assert np.isnan(found["features"].interval()).all()
    assert found["supervised"].outcome != AWAITING
    assert found["unseen-features"].status == "awaiting runs (18 of 20)"
    whole = {verdict.claim.key: verdict for verdict in judge(records)}
    assert whole["features"].status == HOLDS


def test_without_claims_there_is_nothing_to_judge():
    assert judge([], claims=[]) == []


def test_without_records_everything_waits():
    assert {verdict.outcome for verdict in judge([])} == {AWAITING}


def test_a_metric_that_is_not_recorded_is_a_run_that_is_missing():
    records = study(nothing, claims=[claim("appeal-st-lpips")])
    records[0]["metrics"]["st_lpips"] = None
    (verdict,) = judge(records, claims=[claim("appeal-st-lpips")])
    assert verdict.status == "awaiting runs (8 of 9)"


def test_the_printed_bounds_are_those_that_decide():
    for verdict in judge(study(raised(lambda a, u: a.encoder == "random", -0.05), scale=1.0)):
        assert verdict.outcome == outcome_of(verdict.low, verdict.high, verdict.margin)
        low, high = verdict.interval()
        assert verdict.low <= low or verdict.claim.key == "weights-matter"
        assert verdict.high >= high


def test_wrong_verdicts_are_rare_in_the_whole_table():
    """Few studies, so that it is quick; `wssl.claims.characteristics` makes many.

    Every claim is at the edge at which one of its verdicts becomes wrong.
    """
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(25):
        verdicts = judge(simulate(nothing, NOISE, rng, images=30))
        wrong += any(
            is_wrong(v.outcome, 0.0, v.margin)
            for v in verdicts
            if v.claim.estimand.unit in ("ratio", "dB", "points", "SD")
        )
    assert wrong <= 4


def test_the_papers_own_effects():
    """Recomputed from its tables by hand."""
    found = in_paper()

    def ratio(ours, other):
        return np.log((1 - other) / (1 - ours))

    expected = {
        "rotation-best": ratio(0.9608, 0.9596),
        "sharpness-worst": ratio(0.9596, 0.9281),
        "combination": ratio(0.9692, 0.9608),
        "best-weights": ratio(0.9692, 0.9685),
        "best-triple": ratio(0.9685, 0.9667),
        "mix": ratio(0.9692, 0.9629),
        "mix-psnr": 31.38 - 29.46,
        "ssim-for-ssim": ratio(0.9629, 0.9338),
        "log-cosh-for-psnr": 29.46 - 28.90,
        "methods": ratio(0.9692, 0.9434),
        "methods-psnr": 31.38 - 31.27,
    }
    for key, value in expected.items():
        assert found[key] == pytest.approx(value), key
    scores = -np.log(1 - np.array([0.9616, 0.9628, 0.9631, 0.9359, 0.9380]))
    slope = np.polyfit([0.9, 0.7, 0.5, 0.3, 0.1], scores, 1)[0]
    assert found["rotation-saturation"] == pytest.approx(0.8 * slope)
    for unreported in ("features", "supervised", "unseen", "log-cosh-mse", "masks"):
        assert np.isnan(found[unreported])


@pytest.mark.parametrize(
    ("need", "words"),
    [
        (("runs", Arm(), 11, SSIM), "expected a kind of record among run, unseen.*received 'runs'"),
        (("run", Arm(), 11, None), "expected a score with a record of the kind 'run'"),
        (("unseen", Arm(), 11, None), "expected a score with a record of the kind 'unseen'"),
    ],
)
def test_what_an_estimand_needs_is_checked(need, words):
    class Mine:
        unit = "dB"

        def needs(self, campaign):
            return [need]

        def estimate(self, campaign):
            return Estimate(1.0, 0.1, 4.0)

    mine = replace(claim("features"), key="mine", estimand=Mine())
    with pytest.raises(ValueError, match=words):
        judge([], claims=[mine])
    with pytest.raises(ValueError, match=words):
        findings([], registered=False, claims=[mine])
