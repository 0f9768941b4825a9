import json
import pickle
import re
import shutil

import numpy as np
import pytest

import wssl
from wssl import data
from wssl.cli import main
from wssl.experiment import Experiment
from wssl.records.store import Store
from wssl.runs import execution, training

pytestmark = pytest.mark.xdist_group("cli")

ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})


def test_inpaint_with_a_model_that_is_not_there_names_the_nearest(results, photo, tmp_path, fails):
    known = ROTATION.fingerprint
    wrong = ("0" if known[0] != "0" else "1") + known[1:]
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model"]
    fails(
        [*arguments, wrong],
        "model (the fingerprint of a record)",
        wrong,
        f"Did you mean {known!r}?",
    )
    pretext = ROTATION.pretraining.fingerprint
    assert results.get(pretext) is not None
    fails([*arguments, pretext], pretext, "of a pretext phase", f"build on it: {known}.")
    fails(["export", pretext, "-o", tmp_path / "m.npz"], "of a pretext phase", known)


def test_a_model_file_fills_as_its_record_does_and_needs_no_results(
    model_file, results, photo, tmp_path, monkeypatch
):
    named = execution.Result(ROTATION, results.get(ROTATION.fingerprint), results).model()
    loaded = wssl.load_model(model_file)
    for ours, theirs in zip(loaded.get_weights(), named.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    filled = []
    for model, root in ((ROTATION.fingerprint, results.root), (model_file, tmp_path / "none")):
        monkeypatch.setenv("WSSL_RESULTS", str(root))
        output = tmp_path / f"{len(filled)}.png"
        arguments = [*photo, "-o", output, "--model", model]
        assert main(["inpaint", *map(str, arguments)]) == 0
        filled.append(data.read_image(output))
    np.testing.assert_array_equal(*filled)
    image, hole = data.read_image(photo[0]), data.read_mask(photo[1])
    np.testing.assert_array_equal(filled[0], wssl.inpaint(image, hole, loaded))
    assert not (tmp_path / "none").exists()


class Trap:
    """Leaves a file behind if it is ever unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_model_file_that_would_execute_code_is_refused(model_file, photo, tmp_path, fails):
    with np.load(model_file) as file:
        arrays = dict(file)
    trapped = np.array([Trap(tmp_path / "executed")], dtype=object)
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model", model_file]
    for name in ("arr_0", "about"):
        np.savez(model_file, **{**arrays, name: trapped})
        fails(arguments, "expected a wssl model file", "allow_pickle=False")
    model_file.write_bytes(pickle.dumps(Trap(tmp_path / "executed")))
    fails(arguments, "expected a wssl model file")
    assert not (tmp_path / "executed").exists()


def rewritten(path, **changes):
    """The model file, saying other things about itself."""
    with np.load(path) as file:
        arrays = dict(file)
    about = {**json.loads(str(arrays.pop("about"))), **changes}
    np.savez(path, **arrays, about=np.array(json.dumps(about)))


def test_a_model_file_that_is_damaged_or_another_is_refused(model_file, photo, tmp_path, fails):
    whole = model_file.read_bytes()
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model", model_file]
    model_file.write_bytes(whole[:-100])
    fails(arguments, "model.npz: expected a wssl model file", "wssl export")
    middle = len(whole) // 2
    model_file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    fails(arguments, "a corrupted one (Bad CRC-32")
    for changes, message in (
        ({"size": 64, "width": 8}, "of size 64 and width 8; received those of another network"),
        ({"method": "pic"}, "the network 'pic' of size 32"),
        ({"method": "pick"}, "received 'pick'. Did you mean 'pic'?"),
        ({"format": "wssl model 9"}, "expected the format"),
        ({"size": None}, "no description of the network"),
    ):
        model_file.write_bytes(whole)
        rewritten(model_file, **changes)
        fails(arguments, message)
    model_file.unlink()
    fails(arguments, "path: expected an existing model file", "model.npz")
    assert not (tmp_path / "out.png").exists()


def test_bare_weights_are_no_model_file(results, photo, tmp_path, fails):
    weights = results.weights_path(ROTATION.fingerprint)
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model", weights]
    fails(arguments, "no description of the network", "wssl export")


@pytest.mark.parametrize("pretext", ["weights", "nothing"])
def test_a_network_that_is_trained_again_is_announced_once(
    results, photo, tmp_path, capfd, monkeypatch, pretext
):
    """As in a fresh clone, which has records and no weights."""
    arrays = training.read_arrays(results.weights_path(ROTATION.fingerprint))
    monkeypatch.setattr(execution, "_train_inpainting", lambda *arguments: (arrays, {}))
    clone = tmp_path / "clone"
    shutil.copytree(results.root, clone, ignore=shutil.ignore_patterns("checkpoints"))
    monkeypatch.setenv("WSSL_RESULTS", str(clone))
    if pretext == "weights":
        path = Store().weights_path(ROTATION.pretraining.fingerprint)
        path.parent.mkdir(parents=True)
        shutil.copy(results.weights_path(ROTATION.pretraining.fingerprint), path)
    out = tmp_path / "model.npz"
    assert main(["export", ROTATION.fingerprint, "-o", str(out)]) == 0
    output, error = capfd.readouterr()
    assert error.count("training the network again") == error.count("\n") == 1
    assert ROTATION.fingerprint in error
    assert re.search(r"took \d+\.\d minutes", error)
    assert output.startswith(f"{out}: ")


def test_inpaint_without_any_model_says_how_to_get_one(photo, tmp_path, fails, monkeypatch):
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "empty"))
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model", "abc"]
    fails(arguments, "contains no model yet", "wssl run")
