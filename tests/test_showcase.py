"""The picture of the first page: from networks, from what they had filled in, or none."""

from types import SimpleNamespace

import numpy as np
import pytest

from wssl.experiment import Experiment
from wssl.showcase import RECIPE, SUPERVISED, showcase
from wssl.store import Store

RUNS = {
    RECIPE: Experiment(preset="smoke", encoder="frozen"),
    SUPERVISED: Experiment(preset="smoke", encoder="scratch"),
}


class Campaign:
    """A registered study of two pictures, with or without its networks."""

    registered = True

    def __init__(self, networks):
        rng = np.random.default_rng(0)
        self.images = np.rint(255 * rng.random((2, 8, 8, 3))).astype("float32") / np.float32(255)
        self.masks = rng.random((2, 8, 8)) < 0.4
        self.networks = networks

    def pictures(self, photographs, drawn):
        return self.images, self.masks

    def firsts(self, arms):
        return {name: RUNS[name] for name in arms}

    def result(self, arm, store):
        if not self.networks:
            return None
        name = RUNS[RECIPE if arm.encoder == "frozen" else SUPERVISED].fingerprint
        level = np.float32(0.2 if arm.encoder == "frozen" else 0.6)
        return SimpleNamespace(
            fingerprint=name,
            record=store.get(name),
            inpaint=lambda images, masks: np.full_like(images, level),
        )


@pytest.fixture
def store(tmp_path, fabricate):
    store = Store(tmp_path / "results")
    fabricate(store, RUNS.values())
    return store


def test_what_the_networks_filled_in_is_kept_for_a_machine_without_them(store, tmp_path):
    kept = tmp_path / "showcase.npz"
    drawn = showcase(Campaign(networks=True), store, kept=kept)
    read = showcase(Campaign(networks=False), store, kept=kept)
    assert [*read.filled] == [*drawn.filled] == [RECIPE, SUPERVISED]
    for name, filled in drawn.filled.items():
        np.testing.assert_allclose(read.filled[name], filled, rtol=0, atol=0.5 / 255)
        assert read.records[name]["fingerprint"] == RUNS[name].fingerprint
    assert read.networks == drawn.networks == "Networks of the registered runs"


def test_a_kept_file_of_other_runs_is_not_shown(store, tmp_path):
    kept = tmp_path / "showcase.npz"
    np.savez_compressed(
        kept, **dict.fromkeys(["0" * 16, "1" * 16], np.zeros((2, 8, 8, 3), "uint8"))
    )
    assert not showcase(Campaign(networks=False), store, kept=kept).filled


def test_without_networks_and_without_a_file_nothing_is_filled(store, tmp_path):
    assert not showcase(Campaign(networks=False), store, kept=tmp_path / "none.npz").filled
    assert not showcase(Campaign(networks=False), store).filled
