"""The campaign of faults sees what it looks for; what it found is what the book shows."""

import importlib.util
import json
import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "benchmarks" / "faults.json"


@pytest.fixture
def faults(monkeypatch):
    """The program, as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location("faults", ROOT / "benchmarks" / "faults.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "faults", module)
    spec.loader.exec_module(module)
    return module


def record(ssim, **provenance):
    return json.dumps({"metrics": {"ssim": ssim}, "provenance": provenance})


@pytest.fixture
def left(tmp_path):
    """What a command leaves: a record, weights, and a file of another kind."""
    (tmp_path / "a.json").write_text(record(0.5, seconds=1))
    np.savez(tmp_path / "a.npz", np.arange(3.0))
    (tmp_path / "images.npy").write_bytes(b"pixels")
    return tmp_path


def looked_at(faults, folder, final, status=0):
    row = faults.Row("fault", times=1)
    faults.between(row, folder, final)
    faults.check_end(row, folder, final, status)
    return row


def test_equal_numbers_are_equal_whenever_and_wherever_they_were_computed(faults, left):
    final = faults.contents(left)
    (left / "a.json").write_text(record(0.5, seconds=2, commit="x"))
    np.savez(left / "a.npz", np.arange(3.0))
    row = looked_at(faults, left, final)
    assert row.good
    assert row.temporary == 0


@pytest.mark.parametrize("name", ["a.json", "a.npz", "images.npy"])
def test_half_a_file_is_seen(faults, left, name):
    final = faults.contents(left)
    (left / name).write_bytes((left / name).read_bytes()[:-5])
    row = looked_at(faults, left, final)
    assert (row.half, row.unequal) == (1, 1)
    assert not row.good


def test_other_numbers_are_seen(faults, left):
    final = faults.contents(left)
    (left / "a.json").write_text(record(0.5000001))
    assert looked_at(faults, left, final).unequal == 1
    (left / "a.json").write_text(record(0.5))
    np.savez(left / "a.npz", np.nextafter(np.arange(3.0), 9))
    assert looked_at(faults, left, final).unequal == 1


def test_what_is_missing_or_left_over_is_seen(faults, left):
    final = faults.contents(left)
    (left / "checkpoints").mkdir()
    (left / "checkpoints" / ".a-x.npz").write_text("")
    row = looked_at(faults, left, final)
    assert (row.left, row.temporary, row.unequal, row.good) == (1, 1, 0, False)
    (left / "a.json").unlink()
    assert looked_at(faults, left, final).unequal == 1


def test_a_command_that_fails_or_hangs_at_last_is_seen(faults, left):
    final = faults.contents(left)
    assert looked_at(faults, left, final, status=1).unequal == 1
    assert looked_at(faults, left, final, status=None).unequal == 1
    assert not faults.Row("never done").good


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_kills_fall_and_nothing_is_lost(faults, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    scene = faults.Scene(tmp_path)
    row = faults.Row("killed")
    faults.kills(faults.Fault("killed", faults.kills, 3, "records"), scene, row, random.Random(0))
    assert row.times == 3
    assert row.good


def test_the_book_shows_what_the_last_campaign_found(faults):
    found = json.loads(RECORD.read_text(encoding="utf-8"))
    assert [row["fault"] for row in found["rows"]] == [fault.name for fault in faults.FAULTS]
    shown = (ROOT / "book" / "_faults.md").read_text(encoding="utf-8")
    assert shown == faults.table(found)
    for row in found["rows"]:
        assert row["times"] > 0
        assert f"| {row['fault']} | {row['times']} | 0 | 0 | 0 |" in shown
