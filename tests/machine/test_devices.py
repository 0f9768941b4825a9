import json
import os
import subprocess
import sys

import numpy as np
import pytest

from wssl.cli import main
from wssl.machine.devices import data_parallel

ON_TWO_DEVICES = """
import json, sys
from pathlib import Path
import numpy as np
import wssl
from wssl.machine.devices import data_parallel

experiment = wssl.Experiment(preset="smoke", encoder="scratch")
found = {}
for count in (1, 2):
    store = wssl.Store(Path(sys.argv[1]) / str(count))
    with data_parallel(count, experiment.scale.inpainting_batch):
        result = wssl.run(experiment, store)
        weights = result.model().get_weights()
        devices = len(result.model().weights[0].value.devices())
    found[count] = {
        "devices": devices,
        "losses": [loss for _, loss in result.record["history"]],
        "metrics": [result.metrics[name] for name in ("ssim", "psnr", "psnr_hole")],
        "weights": [float(np.abs(w).sum()) for w in weights],
    }
errors = []
for wrong in ((3, 6), (2, 5), (0, 4)):
    try:
        with data_parallel(*wrong):
            pass
    except ValueError as error:
        errors.append(str(error))
print(json.dumps([found[1], found[2], errors]))
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The same run on one CPU device and on two, under JAX, and what is refused."""
    pytest.importorskip("jax")
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    # Keras reads a variable of JAX in a way that NumPy 2 deprecates.
    warnings = ["-W", "error", "-W", "ignore:__array__ implementation:DeprecationWarning"]
    root = tmp_path_factory.mktemp("stores")
    finished = subprocess.run(
        [sys.executable, *warnings, "-c", ON_TWO_DEVICES, root],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.xdist_group("devices")
def test_two_devices_learn_what_one_learns(compared):
    one, two, _ = compared
    assert (one.pop("devices"), two.pop("devices")) == (1, 2)
    assert len(one["losses"]) == 2
    for name, values in one.items():
        np.testing.assert_allclose(two[name], values, rtol=1e-3, err_msg=name)


@pytest.mark.slow
@pytest.mark.xdist_group("devices")
def test_devices_that_are_not_there_or_share_unevenly(compared):
    assert compared[2] == [
        "devices: expected 1 to 2, the number available; received 3.",
        "devices: expected a divisor of the batch size, 5; received 2.",
        "devices: expected 1 to 2, the number available; received 0.",
    ]


def test_one_device_needs_nothing():
    with data_parallel(1, 7):
        pass


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == "jax", reason="JAX can do it")
def test_another_backend_is_told_of_jax(capsys):
    assert main(["run", "--preset", "smoke", "--devices", "2"]) == 1
    assert "devices: expected the JAX backend for 2 devices" in capsys.readouterr().err
