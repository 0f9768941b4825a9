"""Linear CKA by its definition, and its records."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wssl.experiment import Experiment
from wssl.records.store import Store
from wssl.report.tables.mechanism import similarity_table
from wssl.runs import execution
from wssl.runs.inputs import images as stored
from wssl.study.similarity import linear_cka, similarity


def by_definition(x, y):
    """The normalised Hilbert-Schmidt independence criterion of the linear kernels."""
    centre = np.eye(len(x)) - 1 / len(x)
    k, m = (centre @ (z @ z.T) @ centre for z in (x, y))
    return np.trace(k @ m) / np.sqrt(np.trace(k @ k) * np.trace(m @ m))


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 6), st.integers(3, 30))
@settings(deadline=None, max_examples=50)
def test_linear_cka_is_what_its_definition_says(seed, p, q, n):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(2.0, 3.0, (n, p)), rng.normal(size=(n, q))
    found = linear_cka(x, y)
    assert found == pytest.approx(by_definition(x, y), abs=1e-9)
    assert linear_cka(y, x) == pytest.approx(found, abs=1e-12)
    assert -1e-12 <= found <= 1 + 1e-12
    turned = 3.0 * x @ np.linalg.qr(rng.normal(size=(p, p)))[0] - 1.0
    assert linear_cka(turned, y) == pytest.approx(found, abs=1e-9)


def test_constant_features_are_like_nothing():
    assert np.isnan(linear_cka(np.ones((5, 2)), np.eye(5)))


@pytest.fixture
def experiments():
    return {
        name: Experiment(preset="smoke", encoder=encoder)
        for name, encoder in (("random, frozen", "random"), ("from scratch", "scratch"))
    }


def test_nothing_is_trained_for_it(experiments, tmp_path, trained):
    assert similarity(experiments, Store(tmp_path)) is None
    assert trained == []
    assert similarity_table(None).empty


def test_the_similarity_of_two_encoders_is_kept(experiments, tmp_path, monkeypatch):
    store = Store(tmp_path)
    for experiment in experiments.values():
        execution.run(experiment, store)
    record = similarity(experiments, store)
    assert record["kind"] == "similarity"
    assert record["experiment"] == {name: e.fingerprint for name, e in experiments.items()}
    assert list(record["metrics"]) == [f"random, frozen | from scratch | {b}" for b in range(1, 6)]
    assert all(0 < value < 1 for value in record["metrics"].values())
    table = similarity_table(record)
    assert table.index.tolist() == ["random, frozen; from scratch"]
    first = record["metrics"]["random, frozen | from scratch | 1"]
    assert table["block 1"].tolist() == [f"{first:.2f}"]
    for experiment in experiments.values():
        store.weights_path(experiment.fingerprint).unlink()
    assert similarity(experiments, store) == record
    assert len(stored("synthetic", "val", next(iter(experiments.values())).scale)) > 0


def test_an_encoder_is_like_itself(experiments, tmp_path):
    store = Store(tmp_path)
    one = experiments["random, frozen"]
    execution.run(one, store)
    record = similarity({"a": one, "b": one}, store)
    assert list(record["metrics"].values()) == [1.0] * 5
