import json
from dataclasses import fields

import pytest

from wssl.experiment import Evaluation, Experiment
from wssl.methods import ENCODER_BLOCKS
from wssl.records.fields import (
    DEFAULTS,
    EvaluationRecord,
    PretextRecord,
    RunRecord,
    describe,
    is_evaluation,
    is_pretext,
    is_run,
    trained_experiment,
)
from wssl.records.store import Store
from wssl.runs.execution import evaluate, pretrain, run


def test_the_defaults_are_those_of_an_experiment():
    assert {f.name: f.default for f in fields(Experiment) if f.name in DEFAULTS} == DEFAULTS
    assert DEFAULTS["frozen_blocks"] == ENCODER_BLOCKS


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A record of each kind, as it is read back, by the type of it."""
    store = Store(tmp_path_factory.mktemp("results"))
    experiment = Experiment(preset="smoke", settings={"width": 2}, seed=3)
    evaluation = Evaluation(experiment, recipe="thin")
    records = {
        RunRecord: run(experiment, store).record,
        PretextRecord: pretrain(experiment.pretraining, store),
        EvaluationRecord: evaluate(evaluation, store),
    }
    return {kind: json.loads(json.dumps(record)) for kind, record in records.items()}


def test_a_record_has_the_keys_that_its_type_names(made):
    for kind, record in made.items():
        assert set(record) == kind.__required_keys__
    assert RunRecord.__optional_keys__ == {"variants"}


def test_one_kind_is_told_of_each_record(made):
    tests = {RunRecord: is_run, PretextRecord: is_pretext, EvaluationRecord: is_evaluation}
    for kind, record in made.items():
        assert [other for other, test in tests.items() if test(record)] == [kind]
        assert trained_experiment(record)["settings"] == {"width": 2}


def test_a_record_in_words(made):
    words = {kind: describe(r["kind"], r["experiment"]) for kind, r in made.items()}
    best = "Saturation 0.3, Sharpness 0.7"
    assert words == {
        RunRecord: f"{best}, width 2, seed 3",
        PretextRecord: f"pretext phase {best}, width 2, seed 3",
        EvaluationRecord: f"{best}, width 2, seed 3, tested on synthetic, thin synthetic masks",
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ""),
        ({"dataset": "photos"}, ""),
        ({"dataset": "photos", "masks": "synthetic"}, "synthetic masks, "),
        ({"masks": "quickdraw", "recipe": "thin"}, "quickdraw masks, recipe thin, "),
        ({"coverage": (0.1, 0.25)}, "coverage 10% to 25%, "),
    ],
)
def test_masks_other_than_the_usual_ones_are_named(settings, words):
    experiment = Experiment(preset="smoke", encoder="scratch", **settings)
    value = json.loads(json.dumps(experiment.to_dict()))
    assert describe("inpainting", value) == f"encoder scratch, {words}seed 0"
