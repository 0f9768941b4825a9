"""The committed records are those of today's code, and name nothing of the machine."""

import json
from pathlib import Path

import pytest

from wssl.claims import repeats
from wssl.experiment import Evaluation, Experiment, Pretraining
from wssl.presets import SETTINGS
from wssl.records import fields
from wssl.records.store import Store
from wssl.study import campaign, exploratory
from wssl.study.calibration import FOLDER

RESULTS = Path(__file__).parents[2] / "results"
CAMPAIGN = sorted(RESULTS.glob("*.json"))
CALIBRATION = sorted((RESULTS / FOLDER).glob("*.json"))
AGAIN = sorted((RESULTS / repeats.FOLDER).glob("*.json"))
KINDS = {"inpainting": Experiment, "pretext": Pretraining, "evaluation": Evaluation}
NEW = [*CAMPAIGN, *CALIBRATION, *AGAIN]


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def rebuilt(record):
    """The experiment of a record; of the calibration at the values that its preset had then."""
    experiment = record["experiment"]
    if experiment.get("split") == "val" and record["kind"] != "evaluation":
        settings = {**experiment["settings"], **record["scale"]}
        kept = {name: value for name, value in settings.items() if name in SETTINGS}
        experiment = {**experiment, "settings": kept}
    return KINDS[record["kind"]].from_dict(experiment)


def test_a_record_has_the_fingerprint_that_its_experiment_has_today():
    for path in NEW:
        record = load(path)
        value = rebuilt(record)
        assert value.fingerprint == record["fingerprint"] == path.stem


def test_a_record_holds_the_values_of_its_preset():
    for path in NEW:
        record = load(path)
        if record["kind"] != "evaluation":
            value = rebuilt(record)
            assert record["scale"] == value.hyperparameters(), path.name


def test_a_record_names_only_what_anybody_may_know():
    for path in RESULTS.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert "folder:" not in text
        assert "/home" not in text
        assert path.stat().st_size < 100_000


def test_calibration_saw_validation_images_only():
    assert CALIBRATION
    for path in CALIBRATION:
        experiment = load(path)["experiment"]
        assert experiment["split"] == "val", path.name
        assert experiment["seed"] < 11, path.name


@pytest.mark.skipif(not CAMPAIGN, reason="the campaign has not begun")
def test_the_campaign_uses_seeds_that_the_calibration_has_not_seen():
    pytest.importorskip("sklearn", exc_type=ImportError)
    searched = {run.fingerprint for run, _ in exploratory.searched(Store(RESULTS))}
    for path in CAMPAIGN:
        record = load(path)
        own = record["experiment"].get("of", record["experiment"])
        made = own["preset"], own["dataset"]
        of_campaign = made == (campaign.DATA["preset"], campaign.DATA["dataset"])
        if of_campaign and own.get("method", "wssl") in ("wssl", "shift_net", "pic"):
            assert own["seed"] >= 11, path.name
            assert own["split"] == "test" or path.stem in searched, path.name


def test_a_repeated_run_was_made_on_another_machine_than_the_run_that_counts():
    assert AGAIN
    for path in AGAIN:
        counts, again = load(RESULTS / path.name), load(path)
        assert counts["experiment"] == again["experiment"], path.name
        assert counts["scale"] == again["scale"], path.name
        first, second = counts["provenance"], again["provenance"]
        assert first["device"] != second["device"], path.name
        assert first["precision"] == second["precision"] == "float32", path.name
        assert first.get("masks") == second.get("masks"), path.name
        assert first["images"] == second["images"], path.name


def test_runs_that_diverged_are_known_whatever_the_length_of_an_entry():
    """Those that put out one constant image, and one whose deeper blocks died half-way."""
    runs = [r for r in map(load, CAMPAIGN) if fields.is_run(r) and r["history"]]
    lost = {run["fingerprint"]: run for run in runs if fields.has_diverged(run)}
    constant = {run["fingerprint"] for run in runs if run["metrics"]["ssim"] < 0.4}
    assert constant
    assert constant <= lost.keys()
    (other,) = lost.keys() - constant
    skips = {name: scores["psnr"] for name, scores in lost[other]["mechanism"]["skips"].items()}
    whole, first = skips.pop("none"), skips.pop("1")
    assert whole - first > 5
    assert all(abs(whole - psnr) < 0.01 for psnr in skips.values())
    for run in runs:
        losses = [loss for _, loss in run["history"]]
        count = max(1, min(16, 320 // run["history"][0][0]))
        first = sum(losses[:count]) / count
        longer = [[step, loss] for step, loss in enumerate([first, *losses[-1:] * 49])]
        assert fields.has_diverged({**run, "history": longer}) == (run["fingerprint"] in lost)


def test_a_short_run_has_not_diverged_for_not_having_learned():
    assert not fields.has_diverged({"kind": "inpainting", "history": [[1, 0.2], [2, 0.2]]})
