"""Training in bfloat16, and from images that are on the device, as on a GPU."""

import keras
import pytest

import wssl
from wssl import Experiment, devices, runs
from wssl.devices import computing_in, precision, resident

METHODS = "wssl", "shift_net", "pic"


def losses(result):
    return [loss for _, loss in result.record["history"]]


def numbers(record):
    return {name: record[name] for name in ("metrics", "per_image", "history")}


def test_without_a_gpu_everything_is_float32(monkeypatch):
    monkeypatch.delenv("WSSL_PRECISION", raising=False)
    assert precision() == "float32"


@pytest.mark.parametrize(("capable", "expected"), [(True, "mixed_bfloat16"), (False, "float32")])
def test_a_gpu_computes_in_bfloat16_if_it_can(monkeypatch, capable, expected):
    monkeypatch.delenv("WSSL_PRECISION", raising=False)
    monkeypatch.setattr(devices, "accelerators", lambda: ["gpu:0"])
    monkeypatch.setattr(devices, "_has_bfloat16", lambda: capable)
    assert precision() == expected


def test_an_unknown_precision_is_named(monkeypatch):
    monkeypatch.setenv("WSSL_PRECISION", "bfloat16")
    with pytest.raises(ValueError, match="WSSL_PRECISION 'bfloat16'.*mean 'mixed_bfloat16'"):
        precision()


def test_the_precision_ends_with_the_block():
    with computing_in("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    assert keras.layers.Dense(1).compute_dtype == "float32"


@pytest.mark.parametrize("method", METHODS)
def test_bfloat16_learns_almost_the_same_and_is_recorded(monkeypatch, tmp_path, method):
    experiment = Experiment(preset="smoke", method=method)
    found = {}
    for name in devices.PRECISIONS:
        monkeypatch.setenv("WSSL_PRECISION", name)
        found[name] = wssl.run(experiment, wssl.Store(tmp_path / name))
        assert found[name].provenance["precision"] == name
    full, mixed = (losses(result) for result in found.values())
    assert mixed != full
    assert mixed == pytest.approx(full, rel=0.05)
    model = found["mixed_bfloat16"].model()
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert {weight.dtype for weight in model.weights} == {"float32"}


@pytest.mark.parametrize("micro_batch", [None, 2])
@pytest.mark.parametrize("method", METHODS)
def test_images_on_the_device_give_the_same_numbers(monkeypatch, tmp_path, method, micro_batch):
    experiment = Experiment(preset="smoke", method=method)
    host = wssl.run(experiment, wssl.Store(tmp_path / "host"), micro_batch=micro_batch)
    monkeypatch.setattr(devices, "_memory_left", lambda: 10**9)
    stored = []
    monkeypatch.setattr(
        runs, "resident", lambda *given: stored.append(resident(*given)) or stored[-1]
    )
    device = wssl.run(experiment, wssl.Store(tmp_path / "device"), micro_batch=micro_batch)
    assert all(keras.ops.is_tensor(array) for arrays in stored for array in arrays)
    assert stored
    if method == "shift_net" and keras.backend.backend() == "jax":
        # The step is another program, and rounding decides which of two like features is copied.
        assert losses(device) == pytest.approx(losses(host), rel=0.01)
    else:
        assert numbers(device.record) == numbers(host.record)


def test_what_does_not_fit_stays_where_it_is(monkeypatch, rng):
    small = rng.random(10)
    monkeypatch.setattr(devices, "_memory_left", lambda: 2 * small.nbytes)
    assert keras.ops.is_tensor(resident(small)[0])
    monkeypatch.setattr(devices, "_memory_left", lambda: 2 * small.nbytes - 1)
    assert resident(small)[0] is small
