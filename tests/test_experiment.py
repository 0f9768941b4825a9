import importlib.util
import inspect
import json
import linecache
import pickle
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import wssl
from wssl import data, losses, pretext
from wssl import experiment as experiment_module
from wssl.experiment import CODE_VERSIONS, ENCODERS, Evaluation, Experiment, Pretraining
from wssl.methods import METHODS, Method, Phase, unet
from wssl.presets import PRESETS, SETTINGS, preset
from wssl.records.store import fingerprint

WEIGHTS = st.dictionaries(
    st.sampled_from(["rotation", "saturation", "sharpness"]),
    st.floats(0.01, 10),
    min_size=1,
)
EXPERIMENTS = st.builds(
    Experiment,
    pretext=WEIGHTS,
    loss=st.just("mix"),
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
    assert experiment.replace(seed=1) == Experiment(seed=1)


def test_the_default_is_the_papers_best_model():
    experiment = wssl.Experiment()
    assert dict(experiment.pretext) == {"saturation": 0.3, "sharpness": 0.7}
    assert (experiment.loss, experiment.alpha, experiment.encoder) == ("mix", 0.84, "frozen")


def test_the_masks_follow_the_images():
    assert Experiment().masks == "synthetic"
    assert Experiment(dataset="open-faces-2").masks == "quickdraw"
    assert Experiment(dataset="open-faces-2", masks="synthetic").masks == "synthetic"


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
        {"frozen_blocks": (1, 2, 3)},
        {"preset": "smoke"},
        {"settings": {"width": 4}},
        {"settings": {"inpainting_schedule": "constant"}},
        {"settings": {"pretext_steps": 7}},
        {"split": "val"},
        {"dataset": "open-faces-2", "masks": "synthetic"},
        {"masks": "quickdraw"},
        {"recipe": "qd-imd"},
        {"coverage": (0.2, 0.3)},
        {"seed": 1},
        {"objective": "masked"},
    ],
)
def test_every_field_changes_the_fingerprint(change):
    assert Experiment(**change).fingerprint != Experiment().fingerprint


def test_a_preset_counts_by_its_numbers_not_by_its_prose(monkeypatch):
    before = Experiment().fingerprint
    monkeypatch.setitem(PRESETS, "quick", replace(PRESETS["quick"], purpose="a week", seeds=9))
    assert Experiment().fingerprint == before
    monkeypatch.setitem(PRESETS, "quick", replace(PRESETS["quick"], inpainting_learning_rate=0.5))
    assert Experiment().fingerprint != before


def test_presets_of_equal_numbers_share_their_runs(monkeypatch):
    monkeypatch.setitem(PRESETS, "mine", replace(PRESETS["quick"], name="mine"))
    assert Experiment(preset="mine").fingerprint == Experiment().fingerprint
    assert Experiment(preset="mine") != Experiment()


def test_experiments_that_differ_only_downstream_share_their_pretext():
    base = Experiment()
    for change in (
        {"loss": "ssim"},
        {"alpha": 0.1},
        {"encoder": "finetuned"},
        {"frozen_blocks": (1, 2, 3)},
        {"recipe": "qd-imd"},
        {"settings": {"inpainting_steps": 7}},
    ):
        assert base.replace(**change).pretraining.fingerprint == base.pretraining.fingerprint
    for change in (
        {"seed": 1},
        {"pretext": {"rotation": 1}},
        {"preset": "smoke"},
        {"settings": {"width": 4}},
        {"settings": {"pretext_warmup": 7}},
    ):
        assert base.replace(**change).pretraining.fingerprint != base.pretraining.fingerprint


def test_policies_without_a_pretext_have_none():
    for encoder in ENCODERS:
        experiment = Experiment(encoder=encoder)
        assert (experiment.pretraining is None) == (encoder in ("scratch", "random"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pretext": {"rotaton": 1}}, "received 'rotaton'. Did you mean 'rotation'"),
        ({"pretext": {"rotation": -1}}, r"pretext\['rotation'\]: expected a weight"),
        ({"pretext": {"rotation": float("nan")}}, r"pretext\['rotation'\]: expected a weight"),
        ({"pretext": {"rotation": float("inf")}}, r"pretext\['rotation'\]: expected a weight"),
        ({"pretext": {"rotation": 0, "saturation": 0}}, "at least one weight above zero"),
        ({"pretext": {}}, "at least one weight above zero"),
        ({"pretext": {"rotation": 1}, "encoder": "scratch"}, "expected none for encoder='scratch'"),
        ({"loss": "log-cosh"}, "received 'log-cosh'. Did you mean 'log_cosh'"),
        ({"encoder": "freeze"}, "received 'freeze'. Did you mean 'frozen'"),
        ({"method": "wsl"}, "received 'wsl'. Did you mean 'wssl'"),
        ({"preset": "desktp"}, "received 'desktp'. Did you mean 'desktop'"),
        ({"dataset": "open_faces_2"}, "'open_faces_2'. Did you mean 'open-faces-2'"),
        ({"masks": "quickdrw"}, "'quickdrw'. Did you mean 'quickdraw'"),
        ({"recipe": "dens"}, "received 'dens'. Did you mean 'dense'"),
        ({"alpha": 1.5}, "alpha: expected a share"),
        ({"alpha": float("nan")}, "alpha: expected a share"),
        ({"loss": "ssim", "alpha": 0.5}, "alpha: not a setting of loss='ssim'"),
        ({"loss": "ssim", "a": 2.0}, "a: not a setting of loss='ssim'"),
        ({"loss": "log_cosh", "alpha": 0.5}, "alpha: not a setting of loss='log_cosh'"),
        ({"a": 0}, "a: expected a positive"),
        ({"coverage": (0.5, 0.3)}, "coverage: expected two shares"),
        ({"coverage": (0.5, 1.3)}, "coverage: expected two shares"),
        ({"coverage": 0.5}, "coverage: expected two shares"),
        ({"seed": -1}, "seed: expected a non-negative integer"),
        ({"seed": 0.5}, "seed: expected a non-negative integer"),
        ({"seed": True}, "seed: expected a non-negative integer"),
        ({"alpha": "0.5"}, "alpha: expected a number"),
        ({"a": None}, "a: expected a number"),
        ({"a": True}, "a: expected a number"),
    ],
)
def test_bad_values(arguments, message):
    with pytest.raises(ValueError, match=message):
        Experiment(**arguments)


def test_an_unknown_field_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'alpha'"):
        Experiment.from_dict({"alfa": 0.5})


@pytest.mark.parametrize("encoder", ["frozen", "random"])
@pytest.mark.parametrize("blocks", [(1,), (1, 2, 3), (5,), (3, 4, 5), (1, 2, 3, 4, 5)])
def test_any_of_the_encoders_blocks_can_be_frozen(encoder, blocks):
    experiment = Experiment(encoder=encoder, frozen_blocks=blocks[::-1])
    assert experiment.frozen_blocks == blocks
    assert Experiment.from_dict(json.loads(json.dumps(experiment.to_dict()))) == experiment


@pytest.mark.parametrize("blocks", [(), (0,), (6,), (1, 1), (1.5,), ("1",), 3, None])
def test_frozen_blocks_are_some_of_the_encoders(blocks):
    with pytest.raises(ValueError, match="frozen_blocks: expected numbers from 1 to 5"):
        Experiment(frozen_blocks=blocks)


@pytest.mark.parametrize("encoder", ["finetuned", "scratch"])
def test_where_nothing_is_frozen_no_block_is_named(encoder):
    assert Experiment(encoder=encoder).frozen_blocks == (1, 2, 3, 4, 5)
    with pytest.raises(ValueError, match="frozen_blocks: only used with encoder='frozen'"):
        Experiment(encoder=encoder, frozen_blocks=(1,))


def test_a_field_at_its_default_leaves_the_fingerprint_as_it_was_before_the_field():
    quick = preset("quick")
    phase = {
        "kind": "pretext",
        "pretext": {
            "saturation": {"weight": 0.3, "levels": [0.0, 0.25, 0.75, 1.0]},
            "sharpness": {"weight": 0.7, "levels": [0.0, 0.25, 0.75, 1.0]},
        },
        "scale": {
            name: getattr(quick, name)
            for name in SETTINGS
            if name in ("size", "width", "train_images", "test_images") or "pretext_" in name
        },
        "images": data.fingerprint("synthetic"),
        "seed": 0,
    }
    run = {
        "kind": "inpainting",
        "experiment": {},
        "pretext": fingerprint(phase),
        "scale": {name: getattr(quick, name) for name in SETTINGS if "pretext_" not in name},
        "images": data.fingerprint("synthetic"),
        "masks": data.mask_fingerprint("synthetic", "dense"),
    }
    assert Experiment().pretraining.fingerprint == fingerprint(phase)
    assert Experiment().fingerprint == fingerprint(run)
    run["experiment"]["frozen_blocks"] = [1, 2, 3]
    assert Experiment(frozen_blocks=(1, 2, 3)).fingerprint == fingerprint(run)


FACES = {"preset": "desktop", "dataset": "open-faces-2"}
SHORT = {"rotation": 0.5, "sharpness": 0.25}
TRIPLE = {"rotation": 0.3, "saturation": 0.4, "sharpness": 0.3}


@pytest.mark.parametrize(
    ("fields", "expected", "phase"),
    [
        ({}, "dc3f488c75693236", "4e8ad6677574df2c"),
        (
            {"preset": "smoke", "pretext": SHORT, "seed": 3},
            "8764b811e2ca0f7a",
            "a9f641f25a19c471",
        ),
        ({"encoder": "scratch"}, "742439297d7e17e6", None),
        ({"encoder": "random", "frozen_blocks": (3, 4, 5)}, "0f188448909e397b", None),
        (
            {"encoder": "finetuned", "loss": "mix", "alpha": 0.5},
            "7b7a4b9f503ba8f0",
            "4e8ad6677574df2c",
        ),
        ({"encoder": "finetuned", "loss": "ssim"}, "78e499c58cdf87c9", "4e8ad6677574df2c"),
        ({"loss": "log_cosh", "a": 2.0}, "d48fc671e55dfa35", "4e8ad6677574df2c"),
        ({"method": "shift_net"}, "a40b7b3232905838", None),
        ({"method": "pic", "preset": "smoke"}, "06a6ec227fd88422", None),
        ({"method": "harmonic"}, "aab257f0b8e5efbf", None),
        ({"split": "val", "settings": {"width": 4}}, "c32443d2c436b2b2", "b0a841ee04e5e4f5"),
        ({"recipe": "medium", "coverage": (0.1, 0.3)}, "97412bd1d103f55d", "4e8ad6677574df2c"),
        ({**FACES, "seed": 11}, "9cf8a884cf80a363", "47776851d8826815"),
        (
            {**FACES, "encoder": "scratch", "settings": {"width": 32}, "seed": 12},
            "08b3f08e884597e6",
            None,
        ),
        (
            {**FACES, "pretext": TRIPLE, "seed": 13, "settings": {"inpainting_steps": 4000}},
            "c6b36752706808ce",
            "0aa424f197f3ff93",
        ),
    ],
)
def test_what_was_added_later_leaves_the_fingerprints_of_before(
    fields, expected, phase, monkeypatch
):
    # The numbers of the preset when these were computed.
    course = {"inpainting_learning_rate": 1e-3, "inpainting_schedule": "constant"}
    quick = replace(PRESETS["quick"], inpainting_steps=200, **course)
    monkeypatch.setitem(PRESETS, "quick", quick)
    experiment = Experiment(**fields)
    assert experiment.fingerprint == expected
    assert "objective" not in experiment.to_dict()
    if phase is None:
        assert experiment.pretraining is None
        return
    assert experiment.pretraining.fingerprint == phase
    keys = {"pretext", "preset", "settings", "dataset", "split", "seed"}
    assert set(experiment.pretraining.to_dict()) == keys


def test_numbers_of_another_type_are_the_same_experiment():
    plain = Experiment(alpha=1.0, a=2.0, seed=3)
    other = Experiment(alpha=1, a=np.float32(2), seed=np.int64(3))
    assert other == plain
    assert other.fingerprint == plain.fingerprint


def test_an_evaluation_keeps_its_fingerprint_too():
    evaluation = Evaluation(Experiment(**FACES, seed=11), dataset="objects")
    assert evaluation.fingerprint == "f8ec97ac79b90f97"


@pytest.mark.parametrize("method", ["wssl", "mean_filled", "mask_channel"])
def test_a_pretext_phase_on_masked_images_depends_on_the_masks_and_the_network(method):
    masked = Experiment(objective="masked", method=method)
    phase = masked.pretraining
    assert (phase.masks, phase.recipe, phase.coverage) == ("synthetic", "dense", (0.3, 0.5))
    assert phase.method == method
    others = [
        masked.replace(objective="weighted"),
        masked.replace(coverage=(0.1, 0.2)),
        masked.replace(recipe="thin"),
        masked.replace(settings={"train_masks": 7}),
        masked.replace(method="partial"),
    ]
    phases = [other.pretraining.fingerprint for other in others]
    assert len({*phases, phase.fingerprint}) == 6
    for experiment in (masked, *others):
        again = Experiment.from_dict(json.loads(json.dumps(experiment.to_dict())))
        assert again == experiment
        written = json.loads(json.dumps(experiment.pretraining.to_dict()))
        assert Pretraining.from_dict(written) == experiment.pretraining
        assert experiment.pretraining.fingerprint in {*phases, phase.fingerprint}


def test_networks_that_see_the_same_of_whole_images_share_a_pretext_phase():
    plain = Experiment().pretraining
    assert Experiment(method="mean_filled").pretraining == plain
    assert Experiment(method="noise_filled").pretraining == plain
    others = [Experiment(method=name).pretraining for name in ("mask_channel", "partial")]
    assert len({plain.fingerprint, *(other.fingerprint for other in others)}) == 3


@pytest.mark.parametrize("fields", [{"encoder": "scratch"}, {"method": "shift_net"}])
def test_without_a_pretext_phase_there_is_no_objective(fields):
    with pytest.raises(ValueError, match="objective: not used with"):
        Experiment(objective="masked", **fields)


def test_a_change_of_wssls_training_retires_its_variants_too(monkeypatch):
    methods = ("partial", "shift_net")
    before = [Experiment(method=method).fingerprint for method in methods]
    monkeypatch.setitem(CODE_VERSIONS, "wssl", 2)
    after = [Experiment(method=method).fingerprint for method in methods]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_a_field_that_an_old_record_lacks_has_its_default():
    first, second = Experiment(), Experiment(frozen_blocks=(1, 2))
    assert first.pretraining == second.pretraining
    old = {name: value for name, value in first.to_dict().items() if name != "frozen_blocks"}
    assert Experiment.from_dict(old) == first


def test_settings_replace_values_of_the_preset():
    experiment = Experiment(settings={"width": 32, "inpainting_steps": 9, "pretext_batch": 2})
    assert (experiment.scale.width, experiment.scale.inpainting_steps) == (32, 9)
    assert experiment.pretraining.scale.pretext_batch == 2
    assert dict(experiment.pretraining.settings) == {"width": 32, "pretext_batch": 2}
    again = Pretraining.from_dict(json.loads(json.dumps(experiment.pretraining.to_dict())))
    assert again == experiment.pretraining
    assert again.fingerprint == experiment.pretraining.fingerprint


def test_settings_that_change_nothing_are_dropped():
    assert Experiment(settings={"width": preset("quick").width}) == Experiment()
    scratch = Experiment(encoder="scratch", settings={"pretext_steps": 7})
    assert scratch == Experiment(encoder="scratch")
    fill = Experiment(method="harmonic", settings={"width": 64, "inpainting_steps": 7})
    assert fill == Experiment(method="harmonic")
    assert Experiment(method="harmonic", settings={"size": 32}) != fill


def test_a_fill_does_not_depend_on_how_networks_are_trained(monkeypatch):
    before = {name: Experiment(method=name).fingerprint for name in ("harmonic", "wssl")}
    changed = replace(PRESETS["quick"], width=16, inpainting_steps=7)
    monkeypatch.setitem(PRESETS, "quick", changed)
    assert Experiment(method="harmonic").fingerprint == before["harmonic"]
    assert Experiment().fingerprint != before["wssl"]


def test_what_is_tuned_for_one_kind_of_training_leaves_the_others(monkeypatch):
    kinds = {
        "end_to_end": Experiment(encoder="scratch"),
        "pic": Experiment(method="pic"),
        "frozen": Experiment(),
    }
    before = {name: experiment.fingerprint for name, experiment in kinds.items()}
    tuned = {
        "end_to_end": {"inpainting_learning_rate": 0.25},
        "pic": {"inpainting_steps": 77},
    }
    monkeypatch.setitem(PRESETS, "quick", replace(PRESETS["quick"], tuned=tuned))
    after = {name: e.replace(seed=0) for name, e in kinds.items()}
    assert after["end_to_end"].scale.inpainting_learning_rate == 0.25
    assert after["pic"].scale.inpainting_steps == 77
    assert after["frozen"].scale == PRESETS["quick"]
    changed = {name for name, e in after.items() if e.fingerprint != before[name]}
    assert changed == {"end_to_end", "pic"}
    chosen = Experiment(encoder="scratch", settings={"inpainting_learning_rate": 0.125})
    assert chosen.scale.inpainting_learning_rate == 0.125


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widht": 32}, "received 'widht'. Did you mean 'width'"),
        ({"name": "x"}, "received 'name'"),
        ({"width": 0}, "width: expected an integer from 1; received 0"),
        ({"width": 1.5}, "width: expected an integer from 1; received 1.5"),
        ({"width": True}, "width: expected an integer from 1; received True"),
        ({"width": None}, "width: expected an integer from 1; received None"),
        ({"pretext_warmup": -1}, "pretext_warmup: expected an integer from 0"),
        ({"pretext_warmup": 101}, "pretext_warmup: expected at most the 100 steps"),
        ({"inpainting_learning_rate": 0}, "inpainting_learning_rate: expected a positive"),
        ({"inpainting_schedule": "cosin"}, "Did you mean 'cosine'"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Experiment(settings=settings)


def test_a_part_of_the_code_that_changed_retires_its_own_records_alone(monkeypatch):
    runs = {
        "pretext": Experiment().pretraining,
        "wssl": Experiment(encoder="scratch"),
        "pic": Experiment(method="pic"),
        "shift_net": Experiment(method="shift_net"),
        "classical": Experiment(method="telea"),
    }
    before = {name: run.fingerprint for name, run in runs.items()}
    assert set(CODE_VERSIONS) == {*runs, "evaluation"}
    for part in CODE_VERSIONS:
        monkeypatch.setitem(experiment_module.CODE_VERSIONS, part, 2)
        after = {name: replace(run).fingerprint for name, run in runs.items()}
        changed = {name for name in runs if after[name] != before[name]}
        expected = set(runs) - {"pretext"} if part == "evaluation" else {part}
        assert changed == expected
        monkeypatch.undo()


LOSS = """
WEIGHT = {weight}


def helper(error):
    return {helper}


def loss(y_true, y_pred, alpha, a):
    return helper(WEIGHT * (y_true - y_pred))
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A function: the weight and the helper of a loss in a script of one's own -> the loss."""

    def write(name, weight="1.0", helper="abs(error)"):
        path = tmp_path / f"{name}.py"
        path.write_text(LOSS.format(weight=weight, helper=helper))
        spec = importlib.util.spec_from_file_location(f"script_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.loss

    return write


def test_an_edited_function_is_another_experiment(script, monkeypatch):
    """Its source counts, with the constants and the functions of its module that it uses."""
    found = set()
    for name, change in {
        "first": {},
        "weight": {"weight": "2.0"},
        "helper": {"helper": "error ** 2"},
    }.items():
        monkeypatch.setitem(losses.LOSSES, "mine", script(name, **change))
        found.add(Experiment(loss="mine").fingerprint)
        monkeypatch.setitem(losses.LOSSES, "mine", script(f"{name}_again", **change))
        found.add(Experiment(loss="mine").fingerprint)
    assert len(found) == 3


USED = {
    "list": ("W = [1.0, {0}]", "W[0] * abs(y_true - y_pred)"),
    "mapping": ("W = {{'a': {0}}}", "W['a'] * abs(y_true - y_pred)"),
    "array": ("import numpy as np\nW = np.array([1.0, {0}])", "W * abs(y_true - y_pred)"),
    "function in a lambda": ("def f(x): return {0} * x", "(lambda x: f(x))(y_true - y_pred)"),
    "method": (
        "def f(x): return {0} * x\nclass C:\n  def g(self, x): return f(x)",
        "C().g(y_true - y_pred)",
    ),
    "base class": (
        "class B:\n  def g(self, x): return {0} * x\nclass C(B): pass",
        "C().g(y_true - y_pred)",
    ),
    "object": (
        "class C:\n  def __init__(self, w): self.w = w\nc = C({0})",
        "c.w * abs(y_true - y_pred)",
    ),
    "object of a library": (
        "import keras\nh = keras.losses.Huber(delta={0}, reduction=None)",
        "h(y_true, y_pred)",
    ),
    "partial of a library's function": (
        "import keras, functools\nh = functools.partial(keras.losses.huber, delta={0})",
        "h(y_true, y_pred)",
    ),
    "tensor": (
        "from keras import ops\nW = ops.convert_to_tensor([1.0, {0}])",
        "W * abs(y_true - y_pred)",
    ),
    "name space": (
        "import types\nC = types.SimpleNamespace(w={0})",
        "C.w * abs(y_true - y_pred)",
    ),
    "list of functions": (
        "def f(x): return {0} * x\nF = [f]",
        "F[0](y_true - y_pred)",
    ),
    "mapping with a function": (
        "F = {{'f': lambda x: {0} * x}}",
        "F['f'](y_true - y_pred)",
    ),
    "object that holds another": (
        "class C:\n  def __init__(self, w): self.w = w\nc = C(C({0}))",
        "c.w.w * abs(y_true - y_pred)",
    ),
    "pattern": ("import re\nP = re.compile('{0}')", "len(P.pattern) * abs(y_true - y_pred)"),
    "decorator": (
        "import functools\ndef d(f):\n  @functools.wraps(f)\n"
        "  def g(*a, **k): return {0} * f(*a, **k)\n  return g\n@d",
        "abs(y_true - y_pred)",
    ),
}


@pytest.mark.parametrize("kind", USED)
def test_what_a_function_uses_by_name_counts(kind, tmp_path, monkeypatch):
    before, value = USED[kind]
    found = []
    for number, weight in enumerate(("2.0", "3.0", "2.0")):
        path = tmp_path / f"{number}.py"
        code = before.format(weight)
        path.write_text(f"{code}\ndef loss(y_true, y_pred, alpha, a):\n  return {value}\n")
        spec = importlib.util.spec_from_file_location("script", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "script", module)
        spec.loader.exec_module(module)
        monkeypatch.setitem(losses.LOSSES, "mine", module.loss)
        found.append(Experiment(loss="mine").fingerprint)
    assert found[0] == found[2] != found[1]


def test_a_function_of_another_file_of_ones_own_counts(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "main_of_mine.py"
    for number, text in enumerate(
        (
            "from help_of_mine import f\ndef loss(y_true, y_pred): return f(y_true - y_pred)\n",
            "import help_of_mine\ndef loss(y_true, y_pred):\n  return help_of_mine.f(y_true)\n",
        )
    ):
        found = []
        for power in (1, 2, 1):
            (tmp_path / "help_of_mine.py").write_text(
                f"def f(x): return abs(x) ** {power}{'  # as before' * len(found)}\n"
            )
            path.write_text(text)
            for name in ("main_of_mine", "help_of_mine"):
                monkeypatch.delitem(sys.modules, name, raising=False)
            importlib.invalidate_caches()
            linecache.clearcache()
            monkeypatch.setattr(sys, "dont_write_bytecode", True)
            mine = importlib.import_module("main_of_mine")
            monkeypatch.setitem(losses.LOSSES, "mine", mine.loss)
            found.append(Experiment(loss="mine").fingerprint)
        assert found[0] == found[2] != found[1], number


def test_a_comment_is_no_edit(script, monkeypatch):
    found = set()
    for name, helper in (("plain", "abs(error)"), ("commented", "abs( error )  # in grey levels")):
        monkeypatch.setitem(losses.LOSSES, "mine", script(name, helper=helper))
        found.add(Experiment(loss="mine").fingerprint)
    assert len(found) == 1


def test_a_partial_of_a_function_of_the_package_goes_by_its_name_and_arguments(monkeypatch):
    """Its source may get another docstring; what it computes has a version."""
    monkeypatch.setitem(losses.LOSSES, "mine", partial(losses.mix, alpha=0.5))
    before = Experiment(loss="mine").fingerprint
    monkeypatch.setitem(losses.LOSSES, "mine", partial(losses.mix, alpha=0.25))
    assert Experiment(loss="mine").fingerprint != before
    monkeypatch.setitem(losses.LOSSES, "mine", partial(losses.mse))
    assert Experiment(loss="mine").fingerprint != before
    monkeypatch.setitem(losses.LOSSES, "mine", partial(losses.mix, alpha=0.5))
    monkeypatch.setattr(inspect, "getsource", lambda entry: "another docstring")
    assert Experiment(loss="mine").fingerprint == before
    monkeypatch.setattr(losses.mix, "version", 2, raising=False)
    assert Experiment(loss="mine").fingerprint != before


def test_a_version_stands_for_the_source(script, monkeypatch):
    found = []
    for name, weight, version in (("a", "1.0", 1), ("b", "2.0", 1), ("c", "2.0", 2)):
        loss = script(name, weight=weight)
        loss.version = version
        monkeypatch.setitem(losses.LOSSES, "mine", loss)
        found.append(Experiment(loss="mine").fingerprint)
    assert found[0] == found[1] != found[2]


def test_a_closure_counts_by_what_it_captures(monkeypatch):
    def make(weight):
        def loss(y_true, y_pred, alpha, a):
            return weight * abs(y_true - y_pred)

        return loss

    found = []
    for weight in (1.0, 2.0, 1.0):
        monkeypatch.setitem(losses.LOSSES, "mine", make(weight))
        found.append(Experiment(loss="mine").fingerprint)
    assert found[0] == found[2] != found[1]


def test_a_function_without_a_source_needs_a_version(monkeypatch):
    space = {}
    exec("def loss(y_true, y_pred, alpha, a): return abs(y_true - y_pred)", space)
    monkeypatch.setitem(losses.LOSSES, "mine", space["loss"])
    with pytest.raises(
        ValueError, match=r"loss 'mine': expected a version or readable source.*version = 1"
    ):
        _ = Experiment(loss="mine").fingerprint
    space["loss"].version = 3
    assert len(Experiment(loss="mine").fingerprint) == 16


def test_a_task_of_other_levels_is_another_pretext_phase(monkeypatch):
    task = pretext.TASKS["rotation"]
    before = Experiment(pretext={"rotation": 1}).fingerprint
    monkeypatch.setitem(pretext.TASKS, "rotation", replace(task, levels=(0.0, 180.0)))
    assert Experiment(pretext={"rotation": 1}).fingerprint != before
    monkeypatch.setitem(pretext.TASKS, "rotation", replace(task, version=2))
    assert Experiment(pretext={"rotation": 1}).fingerprint != before
    monkeypatch.setitem(pretext.TASKS, "rotation", replace(task, unit=" degrees"))
    assert Experiment(pretext={"rotation": 1}).fingerprint == before


TRAINED = Experiment(preset="smoke", seed=2, coverage=(0.2, 0.4))
TESTS = [
    {},
    {"dataset": "photos"},
    {"masks": "quickdraw"},
    {"masks": "quickdraw", "recipe": "qd-imd"},
    {"coverage": (0.1, 0.2)},
    {"split": "val"},
]


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_an_evaluation_is_json_both_ways(test):
    evaluation = Evaluation(TRAINED, **test)
    value = json.loads(json.dumps(evaluation.to_dict()))
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
    assert other.test == TRAINED.replace(dataset="photos")
    assert other.test.masks == "synthetic"


def test_whatever_is_tested_on_changes_the_fingerprint_of_an_evaluation():
    evaluations = [Evaluation(TRAINED, **test) for test in TESTS]
    evaluations += [Evaluation(TRAINED.replace(seed=3)), Evaluation(TRAINED.replace(loss="ssim"))]
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
        ({"split": "train"}, "split: expected 'test' or 'val'; received 'train'"),
    ],
)
def test_bad_values_of_an_evaluation(test, message):
    with pytest.raises(ValueError, match=message):
        Evaluation(TRAINED, **test)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "telea", "encoder": "scratch"}, "encoder: not a setting of method='telea'"),
        ({"method": "harmonic", "alpha": 0.5}, "alpha: not a setting of method='harmonic'"),
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
    assert len({Experiment(method=name).fingerprint for name in METHODS}) == len(METHODS)


@pytest.fixture
def shallow(monkeypatch):
    """A network without WSSL's encoder, and one that has it, which are never built."""

    def build(size, width, seed):
        raise AssertionError("nothing is to be built")

    monkeypatch.setitem(METHODS, "shallow", Method(network=build))
    monkeypatch.setitem(METHODS, "deeper", Method(network=build, has_encoder=True))


@pytest.mark.parametrize("encoder", ["frozen", "finetuned", "random"])
def test_a_network_without_the_encoder_can_neither_freeze_nor_pretrain_it(shallow, encoder):
    with pytest.raises(ValueError, match=r"encoder: expected 'scratch' for method='shallow'.*_enc"):
        Experiment(method="shallow", encoder=encoder)
    assert Experiment(method="deeper", encoder=encoder).encoder == encoder


def test_a_network_without_the_encoder_is_trained_from_scratch(shallow):
    experiment = Experiment(method="shallow", encoder="scratch", loss="ssim")
    assert experiment.pretraining is None
    assert Experiment.from_dict(experiment.to_dict()) == experiment


def test_a_method_is_a_network_or_a_baseline():
    for parts in ({}, {"network": abs, "fill": abs}):
        with pytest.raises(ValueError, match="network, fill: expected one of the two; received"):
            Method(**parts)
    with pytest.raises(ValueError, match="expected one with a network"):
        METHODS["telea"].build(32, 4, 0)


class Unfinished(Phase):
    """A phase whose constructor is that of the base class, of a network and a name."""


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            {"network": unet, "phase": Unfinished},
            r"phase: expected .* arguments network, size, width, seed; received 'Unfinished' .*"
            r"Define __init__ with \(self, network, size, width, seed\)",
        ),
        ({"network": lambda size, width: None}, "network: expected .* arguments size, width, seed"),
        (
            {"network": unet, "variants": lambda network: {}},
            "variants: expected .* images",
        ),
        ({"fill": lambda image: image}, "fill: expected .* arguments image, mask"),
        ({"fill": 0.5}, "fill: expected a callable .* received 0.5"),
    ],
)
def test_the_parts_of_a_method_take_its_arguments(parts, words):
    with pytest.raises(ValueError, match=words):
        Method(**parts)


def test_a_phase_is_a_class_or_a_function_with_its_arguments():
    class Finished(Phase):
        def __init__(self, network, size, width, seed):
            super().__init__(network, "finished")

    class Inherited(Finished):
        pass

    for phase in (Finished, Inherited, lambda *arguments: Finished(*arguments)):
        assert Method(network=unet, phase=phase).phase is phase


def test_edited_variants_are_another_experiment(monkeypatch):
    found = []
    for method in (replace(METHODS["pic"], variants=v) for v in (_first, _second)):
        monkeypatch.setitem(METHODS, "pic", method)
        found.append(Experiment(method="pic").fingerprint)
    assert len(set(found)) == 2


def _first(network, images, masks, seed):
    return {"once": images}


def _second(network, images, masks, seed):
    return {"twice": images}


@pytest.mark.parametrize("objective", ["random_weights", "uncertainty", "gradnorm"])
def test_weights_that_are_found_are_not_given(objective):
    experiment = Experiment(objective=objective)
    assert dict(experiment.pretext) == dict.fromkeys(pretext.TASKS, 1.0)
    assert experiment.pretraining.objective == objective
    assert Experiment.from_dict(experiment.to_dict()) == experiment
    pair = Experiment(objective=objective, pretext={"rotation": 1, "sharpness": 1})
    assert pair.fingerprint != experiment.fingerprint
    with pytest.raises(ValueError, match=r"pretext: expected a weight of 1 for each task.*0\.3"):
        Experiment(objective=objective, pretext={"rotation": 0.3, "sharpness": 0.7})


@pytest.mark.parametrize(
    ("registry", "name", "entry", "setting", "words"),
    [
        (METHODS, "mine", unet, {"method": "mine"}, "method 'mine': .* Method; received unet"),
        (pretext.TASKS, "mine", unet, {"pretext": {"mine": 1.0}}, "task 'mine': .* Task; received"),
        (data.RECIPES, "mine", (4, 2), {"recipe": "mine"}, "recipe 'mine': .* Recipe; received"),
    ],
)
def test_an_entry_of_another_type_is_named(registry, name, entry, setting, words, monkeypatch):
    monkeypatch.setitem(registry, name, entry)
    with pytest.raises(ValueError, match=words):
        Experiment(preset="smoke", **setting)
