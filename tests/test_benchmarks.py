"""The benchmarks run; what they measure is not judged here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wssl.machine.settings import DEFAULTS

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(script, *arguments, **settings):
    command = [sys.executable, BENCHMARKS / f"{script}.py", *map(str, arguments)]
    # As in a shell of its own: what `import wssl` has set in this process must be set there, too.
    given = {name: value for name, value in os.environ.items() if name not in DEFAULTS}
    environment = {**given, **settings}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


PHASES = "pretext phase, 1 task", "pretext phase, 3 tasks", "inpainting phase"
OVERHEAD = "full step / bare step, time"
EFFICIENCY = "convolutions / matrix product, FLOP/s"


@pytest.mark.parametrize(
    ("script", "ratios"),
    [
        # A full step takes at least what its bare step takes; the smallest network is far from
        # the best rate of the machine.
        ("training", {OVERHEAD: (0.5, 1000), EFFICIENCY: (1e-6, 1)}),
        ("naive", {"images/s, ours, 2 runs / naive": (0.02, 1000)}),
    ],
)
def test_a_benchmark_of_training_prints_and_records_its_ratios(script, ratios, tmp_path):
    record = tmp_path / "record.json"
    printed = run(script, "--preset", "smoke", "--record", record)
    found = json.loads(record.read_text())
    assert found["provenance"]["device"]
    if script == "training":  # with the settings of a run
        assert found["provenance"]["threads"] == 1
        assert found["provenance"]["onednn"] is True
    for phase in PHASES:
        for ratio, (low, high) in ratios.items():
            (row,) = (
                r for r in found["rows"] if r["name"].startswith(phase) and ratio in r["name"]
            )
            assert low < row["ratio"] < high, row["name"]
    for row in found["rows"]:
        assert f"{row['name']:<64}{row['ratio']:>7.2f}" in printed


def test_the_benchmark_of_layers_measures_every_convolution(tmp_path):
    record = tmp_path / "record.json"
    run("layers", "--preset", "smoke", "--record", record)
    *layers, whole = json.loads(record.read_text())["rows"]
    assert len(layers) == 16
    ratios = [row["ratio"] for row in layers]
    assert min(ratios) <= whole["ratio"] <= max(ratios)
    assert whole["ratio"] > 0


def test_the_benchmark_of_a_gpu_measures_both_phases(tmp_path):
    record = tmp_path / "record.json"
    scale = "--widths", 2, "--size", 32, "--batch", 2, "--images", 8, "--matrix", 64
    run("gpu", *scale, "-o", record, KERAS_BACKEND="jax", JAX_PLATFORMS="cpu")
    rows = json.loads(record.read_text())["rows"]
    assert [row["phase"] for row in rows] == ["pretext", "inpainting"]
    assert all(row["images/s"] > 0 and row["FLOP/s"] > 0 for row in rows)


def test_the_benchmark_of_onednn_compares_two_processes(tmp_path):
    run("onednn", "--preset", "smoke", "--record", tmp_path / "record.json")
    (row,) = json.loads((tmp_path / "record.json").read_text())["rows"]
    assert 0.02 < row["ratio"] < 50


def test_experiments_of_one_shape_are_traced_once(tmp_path):
    run("compiling", "--preset", "smoke", "--record", tmp_path / "record.json")
    rows = json.loads((tmp_path / "record.json").read_text())["rows"]
    assert [row["ratio"] for row in rows if "further traces" in row["name"]] == [0, 0]
    assert len([row for row in rows if "first / later" in row["name"]]) == 3


def test_the_benchmark_against_pytorch_needs_an_interpreter_that_has_it():
    command = [sys.executable, BENCHMARKS / "pytorch.py", "--preset", "smoke"]
    done = subprocess.run(
        [*command, "--python", sys.executable], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"--python: expected one that has PyTorch; received {sys.executable}." in done.stderr
