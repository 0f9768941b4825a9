"""Ladders of scale: fits against an independent regression, crossings by hand."""

import numpy as np
import pytest
from scipy import stats

from wssl.claims.campaign import Campaign, Design
from wssl.claims.estimands import PSNR
from wssl.claims.ladders import BUDGETS, LogFit, Rung, ladders, log_fit


def rungs(values):
    """A ladder of budgets on which the scratch arm has these PSNRs, by budget and seed."""
    campaign = Campaign([])
    found = tuple(Rung(f"{b:g}x", campaign, "narrow", b) for b in BUDGETS)
    for rung in found:
        runs = {
            seed: {"metrics": {"psnr": value}}
            for seed, value in values.get(rung.budget, {}).items()
        }
        if runs:
            campaign.runs[rung.arm("scratch")] = runs
    return found


def test_one_seed_is_fitted_as_by_scipy(rng):
    values = {b: {11: 20 + np.log2(b) + rng.normal()} for b in BUDGETS}
    fit = log_fit(rungs(values), "scratch", PSNR)
    x, y = np.log2(BUDGETS), [values[b][11] for b in BUDGETS]
    expected = stats.linregress(x, y)
    assert fit.slope == pytest.approx(expected.slope)
    assert fit.level == pytest.approx(expected.intercept)
    assert fit.covariance[1, 1] ** 0.5 == pytest.approx(expected.stderr)
    assert fit.covariance[0, 0] ** 0.5 == pytest.approx(expected.intercept_stderr)
    assert fit.freedom == 2
    value, low, high = fit.at(1.0)
    half = stats.t.ppf(0.975, 2) * expected.intercept_stderr
    assert (value, high - value, value - low) == pytest.approx((expected.intercept, half, half))


def test_a_straight_line_is_tested_against_a_parabola(rng):
    values = {b: {11: 20 + np.log2(b) + rng.normal(), 12: 21 + rng.normal()} for b in BUDGETS}
    fit = log_fit(rungs(values), "scratch", PSNR)
    x = np.repeat(np.log2(BUDGETS), 2)
    seeds = np.tile([0.0, 1.0], len(BUDGETS))
    y = np.array([values[b][seed] for b in BUDGETS for seed in (11, 12)])

    def squares(*columns):
        design = np.column_stack([np.ones_like(x), seeds, *columns])
        return float(np.linalg.lstsq(design, y, rcond=None)[1][0])

    straight, bent = squares(x), squares(x, x**2)
    f = (straight - bent) / (bent / (len(y) - 4))
    assert fit.curvature == pytest.approx(stats.f.sf(f, 1, len(y) - 4))
    three = {1.0: {11: 1.0}, 4.0: {11: 2.0}, 16.0: {11: 2.5}}
    assert np.isnan(log_fit(rungs(three), "scratch", PSNR).curvature), "no freedom is left"
    del three[16.0]
    assert log_fit(rungs(three), "scratch", PSNR) is None, "any two points lie on a line"


def test_a_curve_that_levels_off_is_seen():
    values = {b: {s: 20 - 4 / (1 + b) + 0.01 * s * b**0.1 for s in (11, 12)} for b in BUDGETS}
    assert log_fit(rungs(values), "scratch", PSNR).curvature < 0.05


def test_seeds_are_blocks():
    values = {b: {11: 20 + np.log2(b), 12: 25 + np.log2(b)} for b in BUDGETS}
    del values[16.0][12]
    fit = log_fit(rungs(values), "scratch", PSNR)
    assert fit.slope == pytest.approx(1.0)
    assert fit.level == pytest.approx(22.5)
    assert fit.freedom == 7 - 3


def test_a_line_reaches_a_level_where_it_does():
    exact = LogFit(20.0, 0.5, np.zeros((2, 2)), 5)
    assert exact.crossing(21.0) == pytest.approx((4.0, 4.0, 4.0))
    assert exact.at(4.0) == pytest.approx((21.0, 21.0, 21.0))
    flat = LogFit(20.0, -0.1, np.zeros((2, 2)), 5)
    assert flat.crossing(21.0)[0] == np.inf


def test_the_interval_of_a_crossing_covers_it(rng):
    covered = []
    for _ in range(200):
        values = {b: {s: 20 + np.log2(b) + rng.normal(0, 0.3) for s in (11, 12)} for b in BUDGETS}
        _, low, high = log_fit(rungs(values), "scratch", PSNR).crossing(21.5, draws=2000)
        covered.append(low <= 2**1.5 <= high)
    assert 0.9 <= np.mean(covered) <= 0.99


def test_one_budget_is_no_line():
    assert log_fit(rungs({1.0: {11: 20.0, 12: 21.0}}), "scratch", PSNR) is None
    assert log_fit(rungs({}), "scratch", PSNR) is None


def test_budgets_that_no_seed_shares_are_no_line():
    """Between seeds, a slope and the seeds' own levels cannot be told apart."""
    apart = {1.0: {11: 20.0, 12: 21.0}, 4.0: {13: 22.0}}
    assert log_fit(rungs(apart), "scratch", PSNR) is None
    shared = {**apart, 16.0: {11: 24.0}}
    assert log_fit(rungs(shared), "scratch", PSNR).slope == pytest.approx(1.0)


def test_without_records_every_rung_is_empty():
    found = ladders([], Design())
    assert list(found) == ["budget", "width", "holes", "size"]
    assert [rung.label for rung in found["size"]] == ["64 px", "128 px"]
    assert {rung.runs for rungs_ in found.values() for rung in rungs_} == {0}
