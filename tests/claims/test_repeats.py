"""What the machine does to scores: the same runs, made twice."""

import copy

import numpy as np
import pytest
from scipy import stats
from worlds import TRUE, study

from wssl.claims import repeats
from wssl.claims.campaign import NARROW, Campaign, at_width
from wssl.claims.catalogue import BEST_ARM, LOSSES, SCRATCH, SINGLES, claim
from wssl.claims.outcomes import findings
from wssl.experiment import Experiment
from wssl.records.store import Store
from wssl.report import exchange_table, repeat_table
from wssl.report.numbers import bounds_text, number
from wssl.report.text import repeats_text

RECORDS = study(TRUE["features"])
CHANGES = {
    (BEST_ARM, 11): 0.03,
    (BEST_ARM, 12): -0.01,
    (BEST_ARM, 13): 0.02,
    (SCRATCH, 11): -0.02,
    (SCRATCH, 12): -0.018,
    (SCRATCH, 13): -0.022,
}


def again(changes=CHANGES):
    """The narrow controls once more, each with another 1 - SSIM, on another machine."""
    campaign, made = Campaign(RECORDS), []
    for (arm, seed), change in changes.items():
        record = copy.deepcopy(campaign.run(at_width(arm, NARROW), seed))
        record["metrics"]["ssim"] = 1 - (1 - record["metrics"]["ssim"]) * np.exp(-change)
        record["provenance"] = {"backend": "jax", "device": "a GPU"}
        made.append(record)
    return made


@pytest.fixture
def found():
    return repeats.repeats(RECORDS, again())


def test_a_repetition_is_better_by_the_ratio_of_dissimilarities(found):
    assert {(r.encoder, r.seed): r.change for r in found} == pytest.approx(
        {(arm.encoder, seed): change for (arm, seed), change in CHANGES.items()}
    )


def test_the_mean_is_over_the_means_of_seeds(found):
    means = [np.mean([c for (_, s), c in CHANGES.items() if s == seed]) for seed in (11, 12, 13)]
    change = repeats.mean_change(found)
    expected = stats.ttest_1samp(means, 0.0)
    assert change.value == pytest.approx(np.mean(means))
    assert change.interval() == pytest.approx(expected.confidence_interval())
    assert repeats.is_undetected(change)
    assert repeats.scatter(found) == pytest.approx(np.sqrt(np.mean(np.square([*CHANGES.values()]))))


def test_a_significant_or_a_large_change_is_no_rounding():
    steady = {key: -0.005 - 0.0001 * key[1] for key in CHANGES}
    assert not repeats.is_undetected(repeats.mean_change(repeats.repeats(RECORDS, again(steady))))
    seeds = {11: 0.1, 12: -0.05, 13: 0.02}
    large = {(arm, seed): seeds[seed] for arm, seed in CHANGES}
    assert not repeats.is_undetected(repeats.mean_change(repeats.repeats(RECORDS, again(large))))


def test_a_run_that_diverged_on_one_machine_is_named_and_left_out():
    made = again()
    made[0]["history"] = [[20, 0.2], [40, 0.02], [60, 0.2]]
    found = repeats.repeats(RECORDS, made)
    kept = [change for key, change in CHANGES.items() if key != (BEST_ARM, 11)]
    assert repeats.scatter(found) == pytest.approx(np.sqrt(np.mean(np.square(kept))))
    assert repeat_table(found).loc["pretrained, frozen", "seed 11"] == "diverged"
    assert "6 runs of the campaign" in repeats_text(found, [], [])
    assert "; 1 of them diverged on one" in repeats_text(found, [], [])


def test_the_text_names_an_encoder_that_differs_by_itself(found):
    assert "excludes zero in these rows: from scratch (-2.0 %)" in repeats_text(found, [], [])
    assert "No run has been repeated" in repeats_text([], [], [])


def test_claims_on_runs_of_both_machines_are_judged_with_the_repetitions():
    made = again()
    here = findings(RECORDS)
    there = findings(repeats.exchanged(RECORDS, made))
    for key in ("mix", "first-three"):
        assert here[key].effect.value != there[key].effect.value
    assert here["supervised"].effect.value == there["supervised"].effect.value
    table = exchange_table(here, there, ["mix", "supervised"]).T
    here, there = (table.loc[name].str.split(" (", regex=False).str[0]
                   for name in ("as recorded", "with repetitions"))  # fmt: skip
    same = here == there
    assert same.to_dict() == {claim("mix").text: False, claim("supervised").text: True}


def test_a_claim_is_mixed_if_its_runs_come_from_two_backends():
    records = copy.deepcopy(RECORDS)
    for record in records:
        record["provenance"] = {**record.get("provenance", {}), "backend": "tensorflow"}
        record.setdefault("history", [[20, 0.1]])
        record["history"] = record["history"] or [[20, 0.1]]
    claims = [claim("mix"), claim("supervised")]
    assert not repeats.mixed(claims, Campaign(records))
    made = again()
    for record in made:
        record["history"] = [[20, 0.1]]
    changed = Campaign(repeats.exchanged(records, made))
    assert [c.key for c in repeats.mixed(claims, changed)] == ["mix"]


def test_contrasts_with_scratch_are_differences_of_the_changes_of_each_seed(found):
    row = repeat_table(found).loc["pretrained, frozen minus from scratch"]
    values = [CHANGES[BEST_ARM, seed] - CHANGES[SCRATCH, seed] for seed in (11, 12, 13)]
    assert [row[f"seed {seed}"] for seed in (11, 12, 13)] == [number(v, "ratio") for v in values]
    assert row["mean (%)"] == number(np.mean(values), "ratio")
    ends = stats.ttest_1samp(values, 0.0).confidence_interval()
    assert row["95 % interval"] == bounds_text(*ends, "ratio")
    assert row["mean (dB)"] == "0.00", "PSNR was left as it was"


def test_claims_that_repetitions_bring_to_one_machine():
    records = copy.deepcopy(RECORDS)
    made = again()
    for record in [*records, *made]:
        record["history"] = record.get("history") or [[20, 0.1]]
        record["provenance"] = {"backend": "tensorflow"}
    for by_seed in (
        Campaign(records).runs[LOSSES["ssim"]],
        Campaign(records).runs[LOSSES["log_cosh"]],
        Campaign(records).runs[SINGLES[0]],
    ):
        for run in by_seed.values():
            run["provenance"] = {"backend": "jax"}
    for record in made:
        record["provenance"] = {"backend": "jax"}
    there = findings(repeats.exchanged(records, made))
    settled = repeats.on_one_machine(findings(records), there)
    assert "mix" in settled, "all of its runs are of the GPU then"
    assert "combination" not in settled, "the other weightings stay on both"
    assert "supervised" not in settled, "it never mixed them"
    assert settled["mix"].effect.value == there["mix"].effect.value
    assert not repeats.on_one_machine(findings(records), findings(records))


def test_the_repetitions_are_those_of_a_folder_of_the_store(tmp_path, fabricate):
    store = Store(tmp_path)
    assert repeats.repetitions(store) == []
    experiment = Experiment(preset="smoke", method="harmonic")
    fabricate(Store(tmp_path / repeats.FOLDER), [experiment])
    (record,) = repeats.repetitions(store)
    assert record["fingerprint"] == experiment.fingerprint
