import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wssl
from wssl.experiment import ENCODERS, Experiment

WEIGHTS = st.dictionaries(
    st.sampled_from(["rotation", "saturation", "sharpness"]),
    st.floats(0.01, 10),
    min_size=1,
)
EXPERIMENTS = st.builds(
    Experiment,
    pretext=WEIGHTS,
    loss=st.sampled_from(["mix", "ssim", "log_cosh"]),
    alpha=st.floats(0, 1),
    encoder=st.sampled_from(["frozen", "finetuned"]),
    seed=st.integers(0, 10),
)


@given(EXPERIMENTS)
def test_json_both_ways(experiment):
    again = Experiment.from_dict(json.loads(json.dumps(experiment.to_dict())))
    assert again == experiment
    assert hash(again) == hash(experiment)
    assert again.fingerprint == experiment.fingerprint
    assert pickle.loads(pickle.dumps(experiment)) == experiment


@given(EXPERIMENTS, EXPERIMENTS)
def test_equal_fingerprints_mean_equal_experiments(first, second):
    assert (first.fingerprint == second.fingerprint) == (first == second)


def test_an_experiment_cannot_be_changed():
    experiment = Experiment()
    with pytest.raises(AttributeError):
        experiment.seed = 1
    with pytest.raises(TypeError):
        experiment.pretext["rotation"] = 1.0
    assert experiment.with_(seed=1) == Experiment(seed=1)


def test_the_default_is_the_papers_best_model():
    experiment = wssl.Experiment()
    assert dict(experiment.pretext) == {"saturation": 0.3, "sharpness": 0.7}
    assert (experiment.loss, experiment.alpha, experiment.encoder) == ("mix", 0.84, "frozen")


def test_the_masks_follow_the_images():
    assert Experiment().masks == "synthetic"
    assert Experiment(dataset="open-faces").masks == "quickdraw"
    assert Experiment(dataset="open-faces", masks="synthetic").masks == "synthetic"


def test_a_task_with_no_weight_does_not_count():
    assert Experiment(pretext={"rotation": 1, "sharpness": 0}) == Experiment(
        pretext={"rotation": 1.0}
    )


@pytest.mark.parametrize(
    "change",
    [
        {"pretext": {"rotation": 1.0}},
        {"loss": "ssim"},
        {"alpha": 0.5},
        {"a": 2.0},
        {"encoder": "finetuned"},
        {"preset": "smoke"},
        {"dataset": "open-faces", "masks": "synthetic"},
        {"masks": "quickdraw"},
        {"recipe": "qd-imd"},
        {"coverage": (0.2, 0.3)},
        {"seed": 1},
    ],
)
def test_every_field_changes_the_fingerprint(change):
    assert Experiment(**change).fingerprint != Experiment().fingerprint


def test_a_preset_counts_by_its_numbers_not_by_its_prose(monkeypatch):
    from dataclasses import replace

    from wssl.presets import PRESETS

    before = Experiment().fingerprint
    monkeypatch.setitem(PRESETS, "quick", replace(PRESETS["quick"], wall_time="a week", seeds=9))
    assert Experiment().fingerprint == before
    monkeypatch.setitem(PRESETS, "quick", replace(PRESETS["quick"], learning_rate=0.5))
    assert Experiment().fingerprint != before


def test_experiments_that_differ_only_downstream_share_their_pretext():
    base = Experiment()
    for change in (
        {"loss": "ssim"},
        {"alpha": 0.1},
        {"encoder": "finetuned"},
        {"recipe": "qd-imd"},
    ):
        assert base.with_(**change).pretraining.fingerprint == base.pretraining.fingerprint
    for change in ({"seed": 1}, {"pretext": {"rotation": 1}}, {"preset": "smoke"}):
        assert base.with_(**change).pretraining.fingerprint != base.pretraining.fingerprint


def test_policies_without_a_pretext_have_none():
    for encoder in ENCODERS:
        experiment = Experiment(encoder=encoder)
        assert (experiment.pretraining is None) == (encoder in ("scratch", "random"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pretext": {"rotaton": 1}}, "pretext task 'rotaton'. Did you mean 'rotation'"),
        ({"pretext": {"rotation": -1}}, r"pretext\['rotation'\]: expected a weight"),
        ({"pretext": {"rotation": float("nan")}}, r"pretext\['rotation'\]: expected a weight"),
        ({"pretext": {"rotation": float("inf")}}, r"pretext\['rotation'\]: expected a weight"),
        ({"pretext": {"rotation": 0, "saturation": 0}}, "at least one weight above zero"),
        ({"pretext": {}}, "at least one weight above zero"),
        ({"pretext": {"rotation": 1}, "encoder": "scratch"}, "expected none for encoder='scratch'"),
        ({"loss": "log-cosh"}, "loss 'log-cosh'. Did you mean 'log_cosh'"),
        ({"encoder": "freeze"}, "encoder policy 'freeze'. Did you mean 'frozen'"),
        ({"method": "wsl"}, "method 'wsl'. Did you mean 'wssl'"),
        ({"preset": "desktp"}, "preset 'desktp'. Did you mean 'desktop'"),
        ({"dataset": "open_faces"}, "'open_faces'. Did you mean 'open-faces'"),
        ({"masks": "quickdrw"}, "'quickdrw'. Did you mean 'quickdraw'"),
        ({"recipe": "dens"}, "mask recipe 'dens'. Did you mean 'dense'"),
        ({"alpha": 1.5}, "alpha: expected a share"),
        ({"alpha": float("nan")}, "alpha: expected a share"),
        ({"a": 0}, "a: expected a positive"),
        ({"coverage": (0.5, 0.3)}, "coverage: expected two shares"),
        ({"coverage": (0.5, 1.3)}, "coverage: expected two shares"),
        ({"coverage": 0.5}, "coverage: expected two shares"),
        ({"seed": -1}, "seed: expected a whole number"),
        ({"seed": 0.5}, "seed: expected a whole number"),
    ],
)
def test_bad_values(arguments, message):
    with pytest.raises(ValueError, match=message):
        Experiment(**arguments)


def test_an_unknown_field_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'alpha'"):
        Experiment.from_dict({"alfa": 0.5})
