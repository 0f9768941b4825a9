"""The committed records are those of today's code: same fingerprints, complete for the book."""

import json
from pathlib import Path

import pytest

from wssl import study
from wssl.experiment import Evaluation, Experiment, Pretraining, Weights
from wssl.presets import PRESETS
from wssl.store import Store

RESULTS = Path(__file__).parents[1] / "results"
RECORDS = sorted(RESULTS.glob("*.json"))
REFERENCE = {"preset": "desktop", "dataset": "open-faces"}
SEEDS = {**dict.fromkeys(study.PARTS, 3), "noise": study.NOISE_SEEDS}
"""How many seeds of each part of the study the reference edition is made from."""


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_the_fingerprint_that_its_experiment_has_today(path):
    record = load(path)
    value = dict(record["experiment"])
    phase = value.pop("phase", None)
    if phase == "pretext":
        run = Pretraining(**{**value, "pretext": Weights(value["pretext"])})
    elif phase == "evaluation":
        run = Evaluation.from_dict(value)
    else:
        run = Experiment.from_dict(value)
    assert run.fingerprint == record["fingerprint"] == path.stem


def test_a_record_names_only_what_anybody_may_know():
    for path in RECORDS:
        text = path.read_text(encoding="utf-8")
        assert "folder:" not in text
        assert "/home" not in text
        assert path.stat().st_size < 100_000


@pytest.mark.parametrize(("part", "seeds"), SEEDS.items())
def test_the_reference_edition_has_all_its_records(part, seeds):
    store = Store(RESULTS)
    for experiment in study.PARTS[part](**REFERENCE, seeds=seeds):
        assert store.get(experiment.fingerprint) is not None
        if experiment.pretraining is not None:
            assert store.get(experiment.pretraining.fingerprint) is not None


def test_the_papers_configurations_are_what_their_preset_lets_expect():
    paper = {
        "encoder": "frozen",
        "frozen_layers": 16,
        "method": "wssl",
        "loss": "mix",
        "alpha": 0.84,
    }
    for path in RECORDS:
        record = load(path)
        experiment = {"frozen_layers": 16, **record["experiment"]}
        if all(experiment.get(name) == value for name, value in paper.items()):
            for metric, (low, high) in PRESETS[experiment["preset"]].expect.items():
                assert low <= record["metrics"][metric] <= high, path.name
