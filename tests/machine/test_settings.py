"""What a run's numbers do not depend on, and what they do: each in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.environ.get("KERAS_BACKEND") == "jax", reason="these are settings of TensorFlow"
    ),
]

RUN = """
import json, sys
from wssl.experiment import Experiment
from wssl.runs.execution import run
from wssl.records.store import Store

result = run(Experiment(preset="smoke", seed=3), Store(sys.argv[1]))
print(json.dumps(result.record))
"""
PLAIN = {"TF_ENABLE_ONEDNN_OPTS": None, "TF_NUM_INTRAOP_THREADS": None}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A function: environment variables -> the record of one and the same experiment."""

    def run(**variables):
        environment = {k: v for k, v in os.environ.items() if k not in PLAIN}
        folder = tmp_path_factory.mktemp("results")
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(folder)],
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="module")
def plain(record):
    return record()


def numbers(record):
    return {key: value for key, value in record.items() if key != "provenance"}


def test_a_run_computes_with_one_thread_and_onednn(plain):
    provenance = plain["provenance"]
    assert provenance["threads"] == 1
    assert provenance["onednn"] is True
    assert set(provenance["processor"]) == {"name", "instructions"}


def test_settings_of_keras_do_not_matter(plain, record, tmp_path):
    (tmp_path / "keras.json").write_text(
        json.dumps({"floatx": "float16", "epsilon": 1e-3, "image_data_format": "channels_first"})
    )
    changed = record(KERAS_HOME=str(tmp_path), KERAS_BACKEND="tensorflow")
    assert numbers(changed) == numbers(plain)


def test_what_the_user_has_set_wins_and_is_recorded(plain, record):
    """Other kernels round in another way: as much as another backend does, and no more."""
    other = record(TF_ENABLE_ONEDNN_OPTS="0", TF_NUM_INTRAOP_THREADS="2")
    assert other["provenance"]["onednn"] is False
    assert other["provenance"]["threads"] == 2
    assert other["fingerprint"] == plain["fingerprint"]
    for name, value in plain["metrics"].items():
        assert other["metrics"][name] == pytest.approx(value, rel=5e-3, abs=5e-3), name
    losses = zip(other["history"], plain["history"], strict=True)
    assert all(a[1] == pytest.approx(b[1], rel=1e-3) for a, b in losses)
