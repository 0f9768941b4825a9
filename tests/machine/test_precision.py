"""Training in bfloat16, and from images that are on the device, as on a GPU."""

import keras
import numpy as np
import pytest

import wssl
from wssl import Experiment
from wssl.data.batches import inpainting_batch
from wssl.machine import devices
from wssl.machine.devices import computing_in, precision, resident
from wssl.methods import METHODS
from wssl.runs import execution, training


def losses(trained):
    return [loss for _, loss in trained["history"]]


@pytest.fixture
def data(rng):
    """Smooth images and masks of half of each, as a phase of training is given them."""
    coarse = rng.integers(0, 256, (8, 4, 4, 3)).astype("float32")
    images = keras.ops.convert_to_numpy(keras.ops.image.resize(coarse, (36, 36)))
    masks = np.zeros((8, 32, 32), dtype=bool)
    masks[:, 8:24, :] = True
    return images.astype("uint8"), masks


def train(method, data, path, micro_batch=None):
    """Train the networks of a method for two steps, on four images each; from the same start."""
    phase = METHODS[method].phase(METHODS[method].build(32, 2, 0), 32, 2, 0)

    def batch(step):
        drawn = inpainting_batch(*data, 32, 4, 0, step)
        return phase.add_random_inputs(drawn, np.random.default_rng([0, step]))

    return training.train(
        phase,
        batch,
        training.Training(2, 4, 1e-3),
        title=method,
        checkpoint=path,
        micro_batch=micro_batch,
    )


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
    with pytest.raises(
        ValueError, match="WSSL_PRECISION: .* received 'bfloat16'.*mean 'mixed_bfloat16'"
    ):
        precision()


def test_the_precision_ends_with_the_block():
    with computing_in("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    assert keras.layers.Dense(1).compute_dtype == "float32"


def test_bfloat16_learns_almost_the_same_and_is_recorded(monkeypatch, tmp_path):
    experiment = Experiment(preset="smoke")
    found = {}
    for name in devices.PRECISIONS:
        monkeypatch.setenv("WSSL_PRECISION", name)
        found[name] = wssl.run(experiment, wssl.Store(tmp_path / name))
        assert found[name].provenance["precision"] == name
    full, mixed = (losses(result.record) for result in found.values())
    assert mixed != full
    assert mixed == pytest.approx(full, rel=0.05)
    model = found["mixed_bfloat16"].model()
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert {weight.dtype for weight in model.weights} == {"float32"}


@pytest.mark.parametrize("method", ["shift_net", pytest.param("pic", marks=pytest.mark.slow)])
def test_a_method_with_a_phase_of_its_own_learns_in_bfloat16(method, data, tmp_path, eager):
    found = []
    for name in devices.PRECISIONS:
        with computing_in(name):
            found.append(losses(train(method, data, tmp_path / f"{name}.npz")))
    full, mixed = found
    assert mixed != full
    assert mixed == pytest.approx(full, rel=0.05)


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_images_on_the_device_give_the_same_numbers(monkeypatch, tmp_path, micro_batch):
    """But for rounding: the step that gathers images from the device is another program."""
    experiment = Experiment(preset="smoke")
    host = wssl.run(experiment, wssl.Store(tmp_path / "host"), micro_batch=micro_batch)
    monkeypatch.setattr(devices, "_memory_left", lambda: 10**9)
    stored = []
    monkeypatch.setattr(
        execution, "resident", lambda *given: stored.append(resident(*given)) or stored[-1]
    )
    device = wssl.run(experiment, wssl.Store(tmp_path / "device"), micro_batch=micro_batch)
    assert all(keras.ops.is_tensor(array) for arrays in stored for array in arrays)
    assert len(stored) == 2
    assert losses(device.record) == pytest.approx(losses(host.record), rel=1e-3)
    assert device.metrics == pytest.approx(host.metrics, rel=1e-3)


def test_a_method_with_a_phase_of_its_own_learns_from_images_on_the_device(data, tmp_path, eager):
    """Rounding decides which of two like features a Shift-Net copies, so that it may show."""
    there = tuple(map(keras.ops.convert_to_tensor, data))
    host, device = (
        losses(train("shift_net", given, tmp_path / name, micro_batch=2))
        for given, name in ((data, "host.npz"), (there, "device.npz"))
    )
    assert device == pytest.approx(host, rel=0.01)


def test_what_does_not_fit_stays_where_it_is(monkeypatch, rng):
    small = rng.random(10)
    monkeypatch.setattr(devices, "_memory_left", lambda: 2 * small.nbytes)
    assert keras.ops.is_tensor(resident(small)[0])
    monkeypatch.setattr(devices, "_memory_left", lambda: 2 * small.nbytes - 1)
    assert resident(small)[0] is small
