"""Fixtures that many tests share."""

import os
import runpy
from pathlib import Path

import numpy as np
import pytest

SLOW = "browser", "backends"
"""Folders of tests that run only when they are named, as their targets of `make` do."""

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_ignore_collect(collection_path, config):
    if collection_path.name not in SLOW:
        return None
    named = any(collection_path.name in str(given) for given in config.invocation_params.args)
    return None if named else True


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_results(tmp_path, monkeypatch):
    """Every test has a results folder of its own, so none reads what another wrote."""
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "results"))


@pytest.fixture
def shared_data(monkeypatch):
    """The real data sets, where the machine has them."""
    folder = Path(os.environ.get("WSSL_DATA", SHARED_DATA))
    if not (folder / "open-faces").is_dir():
        pytest.skip("the real data sets are not on this machine; set WSSL_DATA")
    monkeypatch.setenv("WSSL_DATA", str(folder.absolute()))
    return folder


@pytest.fixture
def trained(monkeypatch):
    """The title of each phase that is trained while the test runs."""
    from wssl import training

    titles = []

    def train(*arguments, title, **more):
        titles.append(title)
        return original(*arguments, title=title, **more)

    original = training.train
    monkeypatch.setattr(training, "train", train)
    return titles


@pytest.fixture
def fabricate():
    """The function that fills a store with records that nobody trained for."""
    return runpy.run_path(str(Path(__file__).with_name("fabricated.py")))["fabricate"]
