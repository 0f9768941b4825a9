import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import wssl
from wssl import data
from wssl.experiment import ENCODERS, RECIPE, Evaluation, Experiment
from wssl.models import methods
from wssl.presets import preset
from wssl.store import fingerprint

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
        {"frozen_layers": 10},
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
        {"frozen_layers": 10},
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


@pytest.mark.parametrize("encoder", ["frozen", "random"])
@pytest.mark.parametrize("count", [1, 10, 16])
def test_any_number_of_the_encoders_layers_can_be_frozen(encoder, count):
    assert Experiment(encoder=encoder, frozen_layers=count).frozen_layers == count


@pytest.mark.parametrize("count", [0, -1, 17, 10.0, "10", None])
def test_frozen_layers_are_some_of_the_encoders(count):
    with pytest.raises(ValueError, match="frozen_layers: expected a number from 1 to 16"):
        Experiment(frozen_layers=count)


@pytest.mark.parametrize("encoder", ["finetuned", "scratch"])
def test_where_nothing_is_frozen_no_number_is_given(encoder):
    assert Experiment(encoder=encoder).frozen_layers == 16
    with pytest.raises(ValueError, match=f"frozen_layers: expected none for encoder='{encoder}'"):
        Experiment(encoder=encoder, frozen_layers=10)


def test_a_field_at_its_default_leaves_the_fingerprint_as_it_was_before_the_field():
    by_hand = {
        "recipe": RECIPE,
        "experiment": {"pretext": {"saturation": 0.3, "sharpness": 0.7}},
        "scale": preset("quick").numbers(),
        "images": data.fingerprint("synthetic"),
        "masks": data.mask_fingerprint("synthetic", "dense"),
    }
    assert Experiment().fingerprint == fingerprint(by_hand)
    assert Experiment(frozen_layers=16).fingerprint == fingerprint(by_hand)
    by_hand["experiment"]["frozen_layers"] = 10
    assert Experiment(frozen_layers=10).fingerprint == fingerprint(by_hand)


def test_the_number_of_frozen_layers_is_downstream_of_the_pretext_phase():
    first, second = Experiment(), Experiment(frozen_layers=10)
    assert first.pretraining == second.pretraining
    assert Experiment.from_dict(second.to_dict()) == second
    old = {name: value for name, value in first.to_dict().items() if name != "frozen_layers"}
    assert Experiment.from_dict(old) == first


TRAINED = Experiment(preset="smoke", seed=2, coverage=(0.2, 0.4))
TESTS = [
    {},
    {"dataset": "photos"},
    {"masks": "quickdraw"},
    {"masks": "quickdraw", "recipe": "qd-imd"},
    {"coverage": (0.1, 0.2)},
]


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_an_evaluation_is_json_both_ways(test):
    evaluation = Evaluation(TRAINED, **test)
    value = json.loads(json.dumps(evaluation.to_dict()))
    assert value["phase"] == "evaluation"
    again = Evaluation.from_dict(value)
    assert again == evaluation
    assert hash(again) == hash(evaluation)
    assert again.fingerprint == evaluation.fingerprint
    assert pickle.loads(pickle.dumps(evaluation)) == evaluation


def test_an_experiment_is_tested_on_its_own_images_and_masks_unless_told_otherwise():
    evaluation = Evaluation(TRAINED)
    assert evaluation.test == TRAINED
    assert (evaluation.dataset, evaluation.masks) == ("synthetic", "synthetic")
    assert (evaluation.recipe, evaluation.coverage) == ("dense", (0.2, 0.4))
    same = Evaluation(TRAINED, dataset="synthetic", masks="synthetic", coverage=[0.2, 0.4])
    assert same == evaluation
    assert same.fingerprint == evaluation.fingerprint
    other = Evaluation(TRAINED, dataset="photos")
    assert other.test == TRAINED.with_(dataset="photos")
    assert other.test.masks == "synthetic"


def test_whatever_is_tested_on_changes_the_fingerprint_of_an_evaluation():
    evaluations = [Evaluation(TRAINED, **test) for test in TESTS]
    evaluations += [Evaluation(TRAINED.with_(seed=3)), Evaluation(TRAINED.with_(loss="ssim"))]
    names = {evaluation.fingerprint for evaluation in evaluations} | {TRAINED.fingerprint}
    assert len(names) == len(evaluations) + 1


def test_an_evaluation_on_a_folder_goes_by_what_the_folder_holds(tmp_path, rng):
    folder = tmp_path / "here"
    folder.mkdir()
    for number in range(3):
        picture = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(picture).save(folder / f"{number}.png")
    before = Evaluation(TRAINED, dataset=f"folder:{folder}").fingerprint
    moved = folder.rename(tmp_path / "there")
    assert Evaluation(TRAINED, dataset=f"folder:{moved}").fingerprint == before
    Image.fromarray(picture[::-1]).save(moved / "0.png")
    assert Evaluation(TRAINED, dataset=f"folder:{moved}").fingerprint != before


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"dataset": "photo"}, "Did you mean 'photos'"),
        ({"masks": "quickdrw"}, "Did you mean 'quickdraw'"),
        ({"recipe": "dens"}, "Did you mean 'dense'"),
        ({"coverage": (0.5, 0.3)}, "coverage: expected two shares"),
    ],
)
def test_bad_values_of_an_evaluation(test, message):
    with pytest.raises(ValueError, match=message):
        Evaluation(TRAINED, **test)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "telea", "encoder": "scratch"}, "encoder: expected none for method='telea'"),
        ({"method": "harmonic", "alpha": 0.5}, "alpha: expected none for method='harmonic'"),
        ({"method": "telea", "pretext": {"rotation": 1}}, "pretext: expected none for method='te"),
        ({"method": "tela"}, "Did you mean 'telea'"),
    ],
)
def test_other_methods_have_no_settings_of_wssl(settings, message):
    with pytest.raises(ValueError, match=message):
        Experiment(**settings)


def test_other_methods_have_no_pretext_phase():
    experiment = Experiment(method="telea")
    assert experiment.pretraining is None
    assert Experiment.from_dict(experiment.to_dict()) == experiment
    assert len({Experiment(method=name).fingerprint for name in methods()}) == len(methods())
