"""The picture of the first page: from networks, from what they had filled in, or none."""

import numpy as np
import pytest

from wssl import data, study
from wssl.book.showcase import RECIPE, SUPERVISED, showcase
from wssl.experiment import Experiment
from wssl.records import fills
from wssl.records.store import Store
from wssl.study import Study
from wssl.study.campaign import DATA


class Network:
    """The result of a run, whose network fills every hole with one grey."""

    def __init__(self, experiment, level):
        self.experiment, self.level = experiment, level
        self.fingerprint = experiment.fingerprint

    def inpaint(self, images, masks):
        return np.full_like(images, self.level)


@pytest.fixture
def registered(monkeypatch):
    """The registered study on generated pictures, of which nothing was trained."""
    drawn = data.images("synthetic", "test", 64, 2).astype("float32") / 255
    holes = np.zeros((2, 64, 64), bool)
    holes[:, 20:40, 10:50] = True
    monkeypatch.setattr(Study, "pictures", lambda self, photographs, drawn_: (drawn, holes))
    return Study(**DATA)


@pytest.fixture
def store(tmp_path, fabricate, registered):
    store = Store(tmp_path / "results")
    fabricate(store, [run for run in registered.tasks if wide_control(run)])
    return store


def wide_control(task):
    return (
        isinstance(task, Experiment)
        and task.seed == 11
        and task.settings.get("width") == 32
        and task.encoder in ("frozen", "scratch")
    )


def test_what_networks_fill_in_is_kept_for_a_machine_without_them(registered, store, monkeypatch):
    def at_hand(self, arm, store):
        run = next(r for r in self.of([arm]) if isinstance(r, Experiment))
        return Network(run, 0.2 if arm.encoder == "frozen" else 0.6)

    with monkeypatch.context() as patched:
        patched.setattr(Study, "result", at_hand)
        drawn = showcase(registered, store)
    read = showcase(registered, store)
    assert [*read.filled] == [*drawn.filled] == [RECIPE, SUPERVISED]
    for name, filled in drawn.filled.items():
        np.testing.assert_allclose(read.filled[name], filled, rtol=0, atol=0.51 / 255)
    hole = drawn.masks[0]
    assert np.abs(read.filled[RECIPE][0][hole] - 0.2).max() < 0.51 / 255
    assert {n: r["fingerprint"] for n, r in read.records.items()} == {
        name: run.fingerprint for name, run in registered.firsts(arms(registered)).items()
    }
    assert read.networks == drawn.networks == "Networks of the registered runs"


def arms(registered):
    return {
        name: registered._arm(run)
        for run in registered.tasks
        if wide_control(run)
        for name in [RECIPE if run.encoder == "frozen" else SUPERVISED]
    }


def test_without_networks_and_without_kept_fills_nothing_is_shown(registered, store):
    shown = showcase(registered, store)
    assert not shown.filled
    assert not shown.records


def test_kept_fills_are_of_one_run_and_of_the_same_pictures_and_holes(tmp_path):
    store, rng = Store(tmp_path), np.random.default_rng(0)
    pictures = rng.random((3, 8, 8, 3)).astype("float32")
    masks = rng.random((3, 8, 8)) < 0.4
    filled = np.rint(255 * rng.random((3, 8, 8, 3))) / 255
    assert fills.kept(store, "a", pictures, masks) is None
    fills.keep(store, "a", pictures, masks, filled)
    np.testing.assert_allclose(fills.kept(store, "a", pictures, masks), filled, atol=1e-6)
    assert fills.kept(store, "b", pictures, masks) is None
    assert fills.kept(store, "a", pictures[::-1], masks) is None
    assert fills.kept(store, "a", pictures, ~masks) is None


def test_any_other_study_keeps_nothing(tmp_path, fabricate, monkeypatch):
    small = Study(preset="smoke", seeds=1)
    runs = study.controls(preset="smoke", seeds=1)
    store = Store(tmp_path / "results")
    fabricate(store, runs)
    monkeypatch.setattr(Study, "result", lambda self, arm, store: Network(runs[0], 0.5))
    assert [*showcase(small, store).filled] == [RECIPE, SUPERVISED]
    assert not (store.root / fills.FOLDER).exists()
