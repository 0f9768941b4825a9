"""Every claim in a world in which it is true, in its opposite, and in one without a difference."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from worlds import TRUE, opposite, study

from wssl.claims.campaign import Campaign
from wssl.claims.catalogue import CLAIMS, FAMILIES, claim
from wssl.claims.characteristics import nothing
from wssl.claims.decision import HOLDS, REFUTED, SAME, UNDECIDED, judge
from wssl.claims.estimands import MARGINS, Contrast

SHARES = {"sharpness-levels", "both-terms", "masks"}
SPREADS = {"steadier", "steadier-seeds"}


def outcome(key, records):
    (verdict,) = judge(records, claims=[claim(key)])
    return verdict.outcome


def test_every_claim_is_complete():
    keys = [claim.key for claim in CLAIMS]
    assert len(set(keys)) == len(keys)
    assert set(keys) == set(TRUE) | SHARES | SPREADS
    for found in CLAIMS:
        assert found.family in FAMILIES
        assert found.kind in ("says", "presupposes", "ours")
        assert found.estimand.unit in MARGINS
        assert bool(found.where) == (found.kind != "ours")
        assert bool(found.printed) <= (found.kind != "ours")


def test_claims_and_what_they_estimate_are_values():
    """They cannot be changed, and serve as keys; a copy is equal."""
    for found in CLAIMS:
        assert replace(found) == found
        assert replace(found.estimand) == found.estimand
        with pytest.raises(FrozenInstanceError):
            found.primary = 1
        with pytest.raises(FrozenInstanceError):
            found.estimand.unit = "dB"
    assert len(set(CLAIMS)) == len(CLAIMS)
    assert len({found.estimand for found in CLAIMS}) == len(CLAIMS)


def test_six_claims_are_primary_and_in_order():
    primary = [found for found in CLAIMS if found.primary is not None]
    assert [found.primary for found in primary] == [1, 2, 3, 4, 5, 6]
    assert CLAIMS[:6] == tuple(primary)
    assert {found.kind for found in primary} == {"says", "presupposes"}


def test_a_run_counts_once_in_a_claim():
    for found in CLAIMS:
        needs = found.estimand.needs(Campaign([]))
        assert len(set(needs)) == len(needs)


def test_contrasts_compare():
    for found in CLAIMS:
        if isinstance(found.estimand, Contrast):
            coefficients = [c for c, _ in found.estimand.terms]
            assert sum(coefficients) == pytest.approx(0, abs=1e-12)
            assert len({arm for _, arm in found.estimand.terms}) == len(coefficients)


@pytest.mark.parametrize("key", TRUE)
def test_a_claim_that_plainly_holds(key):
    assert outcome(key, study(TRUE[key], claims=[claim(key)])) == HOLDS


@pytest.mark.parametrize("key", sorted(set(TRUE) - {"weights-matter"}))
def test_a_claim_that_plainly_does_not(key):
    assert outcome(key, study(opposite(TRUE[key]), claims=[claim(key)])) == REFUTED


@pytest.mark.parametrize("key", TRUE)
def test_what_plainly_does_not_differ(key):
    assert outcome(key, study(nothing, scale=0.02, claims=[claim(key)])) == SAME


@pytest.mark.parametrize("key", sorted(set(TRUE) - {"weights-matter"}))
def test_a_claim_that_is_lost_in_noise(key):
    outcomes = [
        outcome(key, study(TRUE[key], scale=300.0, seed=seed, claims=[claim(key)]))
        for seed in range(5)
    ]
    assert outcomes.count(UNDECIDED) >= 3


@pytest.mark.parametrize(("share", "expected"), [(0.9, HOLDS), (0.5, SAME), (0.1, REFUTED)])
def test_levels_of_sharpness_that_are_classified_rightly(share, expected):
    records = study(nothing, claims=[claim("sharpness-levels")])
    rng = np.random.default_rng(0)
    for record in records:
        if record["kind"] == "pretext":
            right = share + 0.002 * rng.normal()
            block = [[right, 1 - right], [1 - right, right]]
            record["confusion"]["sharpness"] = np.pad(block, ((2, 0), (2, 0))).tolist()
    assert outcome("sharpness-levels", records) == expected


@pytest.mark.parametrize(("share", "expected"), [(0.5, HOLDS), (0.05, REFUTED)])
def test_the_terms_of_the_loss_share_its_gradient(share, expected):
    records = study(nothing, claims=[claim("both-terms")])
    rng = np.random.default_rng(0)
    for record in records:
        if record["kind"] == "evaluation":
            pixels = share + 0.002 * rng.normal()
            record["terms"] = {
                "gradient_log_cosh": pixels / 0.84,
                "gradient_ssim": (1 - pixels) / 0.16,
            }
    assert outcome("both-terms", records) == expected


@pytest.mark.parametrize(("hits", "expected"), [(120, HOLDS), (20, UNDECIDED), (1, REFUTED)])
def test_masks_in_the_papers_range(hits, expected):
    records = study(nothing, claims=[claim("masks")])
    (record,) = [r for r in records if r["kind"] == "evaluation"]
    record["per_image"]["coverage"] = [0.4] * hits + [0.05] * (400 - hits)
    assert outcome("masks", records) == expected


def steadiness(deviations):
    """Weightings of one, two and three tasks that differ with given standard deviations."""
    worlds = {}
    for claims_arms, deviation in zip(claim("steadier").estimand.groups, deviations, strict=True):
        places = np.linspace(-1, 1, len(claims_arms))
        places *= deviation / places.std(ddof=1)
        worlds |= dict(zip((arm.key for arm in claims_arms), places, strict=True))
    return lambda arm, unseen: (float(worlds.get(arm.key, 0.0)), 0.0)


def test_weightings_that_differ_less_with_more_tasks():
    assert outcome("steadier", study(steadiness((0.9, 0.1, 0.01)), scale=0.02)) == HOLDS
    assert outcome("steadier", study(steadiness((0.01, 0.1, 0.9)), scale=0.02)) == REFUTED
    assert outcome("steadier", study(steadiness((0.1, 0.1, 0.1)), scale=0.02)) != HOLDS


def test_seeds_that_matter_less_with_more_tasks():
    def changed(factor):
        records = study(nothing, claims=[claim("steadier-seeds")])
        for record in records:
            if len(record["experiment"]["pretext"]) == 1:
                lost = (1 - record["metrics"]["ssim"]) / 0.2
                record["metrics"]["ssim"] = 1 - 0.2 * lost**factor
        return outcome("steadier-seeds", records)

    assert changed(300.0) == HOLDS
    assert changed(0.001) == REFUTED


def test_a_claim_of_ones_own_needs_a_known_family_and_unit():
    class Length:
        unit = "metre"

    known = claim("features")
    with pytest.raises(ValueError, match="unit: expected one of ratio, dB.*received 'metre'"):
        replace(known, estimand=Length())
    with pytest.raises(ValueError, match="family: expected one of pretext.*received 'losses'"):
        replace(known, family="losses")
