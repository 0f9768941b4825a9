import pytest

from wssl.cli import main
from wssl.experiment import Experiment

pytestmark = pytest.mark.xdist_group("cli")

ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})


def test_export_writes_what_the_ending_says(results, tmp_path, fails):
    arguments = ["export", ROTATION.fingerprint, "-o"]
    fails([*arguments, tmp_path / "model.h5"], "--output: ", ".npz", ".onnx", "model.h5")
    pytest.importorskip("onnx")
    assert main([*arguments, str(tmp_path / "model.onnx")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
