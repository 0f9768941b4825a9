"""What records say block by block, against scipy and against definitions."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wssl.claims.blocks import (
    by_block,
    cut_skips,
    learned_runs,
    minus,
    profile,
    slope_between,
    slope_within,
)
from wssl.claims.campaign import Arm, Campaign, Design
from wssl.claims.catalogue import BEST_ARM, RANDOM
from wssl.claims.estimands import PSNR, SSIM
from wssl.experiment import Experiment

SETTINGS = {"preset": "smoke"}
FROZEN = [Experiment(**SETTINGS, seed=seed) for seed in (0, 1, 2)]
OTHERS = [Experiment(**SETTINGS, encoder="random", seed=seed) for seed in (0, 1)]


@pytest.fixture
def records(tmp_path, fabricate):
    from wssl.records.store import Store

    store = Store(tmp_path / "store")
    fabricate(store, [*FROZEN, *OTHERS])
    return list(store.records())


@pytest.fixture
def campaign(records):
    scale = FROZEN[0].scale
    design = Design(
        dataset="synthetic", masks="synthetic", size=scale.size, narrow=scale.width, wide=99,
        steps=scale.inpainting_steps, end_to_end_steps=scale.inpainting_steps,
        few=(0, 1, 2), many=(0, 1, 2), unseen="photos",
    )  # fmt: skip
    return Campaign(records, design)


def test_a_measure_of_each_block_comes_from_the_record_of_its_seed(campaign):
    found = by_block(campaign, BEST_ARM, "readout", "hole")
    assert list(found) == [0, 1, 2]
    run = campaign.run(BEST_ARM, 1)
    assert found[1].tolist() == run["mechanism"]["readout"]["hole"]
    run["mechanism"]["readout"]["hole"][4] = None
    assert np.isnan(by_block(campaign, BEST_ARM, "readout", "hole")[1][4])
    run["mechanism"] = None
    assert list(by_block(campaign, BEST_ARM, "readout", "hole")) == [0, 2]


def test_a_frozen_encoder_is_known_also_where_its_decoder_diverged(campaign):
    tuned = Arm(BEST_ARM.pretext, "finetuned")
    campaign.runs[tuned] = {seed: dict(run) for seed, run in campaign.runs[BEST_ARM].items()}
    for arm, kept in ((BEST_ARM, [0, 1, 2]), (tuned, [0, 2])):
        campaign.runs[arm][1]["history"] = [[1, 0.1], [2, 0.5]]
        campaign.__dict__.pop("converged", None)
        assert list(by_block(campaign, arm, "readout", "known")) == kept
        assert list(cut_skips(campaign, arm)) == [0, 2]


def test_what_a_cut_costs_is_the_change_of_the_score(campaign):
    skips = campaign.run(RANDOM, 0)["mechanism"]["skips"]
    in_db = cut_skips(campaign, RANDOM, PSNR)[0]
    ratio = cut_skips(campaign, RANDOM, SSIM)[0]
    for block in range(5):
        cut = skips[str(block + 1)]
        assert in_db[block] == pytest.approx(skips["none"]["psnr"] - cut["psnr"])
        factor = (1 - cut["ssim"]) / (1 - skips["none"]["ssim"])
        assert np.exp(ratio[block]) == pytest.approx(factor)
    assert (ratio > 0).all()


def test_the_interval_of_a_mean_is_scipys(rng):
    values = {seed: rng.normal(size=5) for seed in range(4)}
    found = profile(values)
    table = np.array(list(values.values()))
    low, high = stats.t.interval(0.95, 3, table.mean(axis=0), stats.sem(table, axis=0))
    np.testing.assert_allclose([found.low, found.high], [low, high])
    assert found.seeds == 4
    assert profile({}) is None
    assert np.isnan(profile({0: values[0]}).low).all()


def test_differences_are_paired_by_seed():
    first = {1: np.full(5, 3.0), 2: np.full(5, 4.0), 5: np.zeros(5)}
    second = {2: np.full(5, 1.0), 1: np.full(5, 2.0), 7: np.zeros(5)}
    found = minus(first, second)
    assert found.seeds == 2
    np.testing.assert_allclose(found.mean, 2.0)
    assert minus({1: np.zeros(5)}, {2: np.zeros(5)}) is None


def test_the_runs_that_followed_a_pretext_phase(records):
    found = learned_runs(records)
    assert sorted(found["seed"]) == [0, 1, 2]
    by_name = {record["fingerprint"]: record for record in records}
    for row in found.itertuples():
        run = by_name[row.run]
        metrics = by_name[run["pretext"]]["metrics"]
        expected = 0.3 * metrics["accuracy_saturation"] + 0.7 * metrics["accuracy_sharpness"]
        assert row.accuracy == pytest.approx(expected)
        assert 1 - np.exp(-row.score) == pytest.approx(run["metrics"]["ssim"])
        assert row.learned == all(by_name[run["pretext"]]["learned"].values())
    assert found["group"].nunique() == 1
    alone = learned_runs(records, "sharpness").set_index("run")["accuracy"]
    for run, accuracy in alone.items():
        metrics = by_name[by_name[run]["pretext"]]["metrics"]
        assert accuracy == pytest.approx(metrics["accuracy_sharpness"])
    assert len(alone) == 3
    assert learned_runs(records, "rotation").empty, "none of them has this task"
    assert learned_runs([]).columns.tolist() == found.columns.tolist()


@pytest.fixture
def runs(rng):
    rows = [
        {"group": group, "accuracy": accuracy, "score": 2.0 * level + slope * accuracy + noise}
        for group, level, slope in (("a", 0.1, 0.4), ("b", 0.5, 0.4), ("c", 0.2, 0.4))
        for accuracy, noise in zip(rng.uniform(0.3, 0.9, 4), rng.normal(0, 0.02, 4), strict=True)
    ]
    return pd.DataFrame(rows)


def test_the_slope_between_groups_is_scipys_line_through_their_means(runs):
    means = runs.groupby("group")[["accuracy", "score"]].mean()
    line = stats.linregress(means["accuracy"], means["score"])
    found = slope_between(runs)
    assert found.value == pytest.approx(line.slope)
    assert found.p == pytest.approx(line.pvalue)
    half = stats.t.ppf(0.975, 1) * line.stderr
    assert (found.low, found.high) == pytest.approx((line.slope - half, line.slope + half))
    assert found.count == 3


def test_the_slope_within_groups_is_that_of_a_model_with_a_level_for_each(runs):
    levels = pd.get_dummies(runs["group"]).to_numpy(float)
    columns = np.column_stack([levels, runs["accuracy"]])
    fitted, residual, *_ = np.linalg.lstsq(columns, runs["score"], rcond=None)
    freedom = len(runs) - columns.shape[1]
    error = np.sqrt(residual[0] / freedom * np.linalg.inv(columns.T @ columns)[-1, -1])
    half = stats.t.ppf(0.975, freedom) * error
    found = slope_within(runs)
    assert found.value == pytest.approx(fitted[-1])
    assert (found.low, found.high) == pytest.approx((fitted[-1] - half, fitted[-1] + half))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(fitted[-1]) / error, freedom))


def test_no_slope_without_differences():
    alike = pd.DataFrame({"group": ["a", "b"], "accuracy": [0.5, 0.5], "score": [1.0, 2.0]})
    assert slope_between(alike) is None
    assert slope_within(alike) is None
    two = pd.DataFrame({"group": ["a", "b"], "accuracy": [0.4, 0.5], "score": [1.0, 2.0]})
    assert slope_between(two).value == pytest.approx(10)
    assert np.isnan(slope_between(two).low)
