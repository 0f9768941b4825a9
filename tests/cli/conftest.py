"""Fixtures of the tests of commands."""

import contextlib
import io

import numpy as np
import pytest
from PIL import Image

from wssl.cli import main
from wssl.experiment import Experiment
from wssl.records.store import Store
from wssl.runs import training

ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})


@pytest.fixture(scope="session")
def studied(tmp_path_factory):
    """The folder of results and the output of ``wssl study --only 1 --preset smoke``."""
    root = tmp_path_factory.mktemp("results")
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as environment, contextlib.redirect_stdout(output):
        environment.setenv("WSSL_RESULTS", str(root))
        assert main(["study", "--only", "1", "--preset", "smoke"]) == 0
    return root, output.getvalue()


@pytest.fixture
def results(studied, monkeypatch):
    """The store that holds what was studied; nothing may be trained."""

    def train(*arguments, **more):
        raise AssertionError("nothing is to be trained")

    monkeypatch.setenv("WSSL_RESULTS", str(studied[0]))
    monkeypatch.setattr(training, "train", train)
    return Store(studied[0])


@pytest.fixture
def photo(tmp_path, rng):
    """The paths of a picture of 50 x 40 pixels and of a mask with a hole in it."""
    image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    mask = np.zeros((40, 50), dtype=np.uint8)
    mask[10:25, 20:41] = 255
    Image.fromarray(image).save(tmp_path / "photo.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path / "photo.png", tmp_path / "mask.png"


@pytest.fixture
def fails(capfd):
    """Asserts that a command ends with status 1 and one line with the messages, no traceback."""

    def fails(arguments, *messages):
        assert main([str(argument) for argument in arguments]) == 1
        error = capfd.readouterr().err
        assert error.startswith("wssl: ")
        assert error.count("\n") == 1
        for message in messages:
            assert message in error

    return fails


@pytest.fixture
def model_file(results, tmp_path, capfd):
    """The network of a record, as ``wssl export`` writes it."""
    path = tmp_path / "model.npz"
    assert main(["export", ROTATION.fingerprint, "-o", str(path)]) == 0
    assert capfd.readouterr().out.startswith(f"{path}: ")
    return path
