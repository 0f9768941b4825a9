"""Both backends compute the same within rounding: initial weights too, from one seed."""

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("jax")
pytestmark = pytest.mark.xdist_group("backends")

COMPUTE = """
import sys
from pathlib import Path

import numpy as np

backend, given, found = sys.argv[1:]
if backend == "jax":
    sys.modules["tensorflow"] = None
import keras

from wssl import losses, metrics, pretext
from wssl.methods import METHODS, InpaintingPhase, PretextPhase, encoder, pretext_model, unet

assert keras.backend.backend() == backend
batch = dict(np.load(given))
images, restored, masks = batch["images"], batch["restored"], batch["masks"]
out = {}
for name, task in pretext.TASKS.items():
    out[f"transform {name}"] = task(images, batch["labels"])
for name, loss in losses.LOSSES.items():
    of = losses.bind(loss, alpha=0.84, a=1.0)
    out[f"loss {name}"] = of(images, restored)
    out[f"gradient {name}"] = losses.gradient(of, images, restored)
for name, values in metrics.evaluate(images, restored, masks).items():
    out[f"metric {name}"] = values

store = Path(given).with_name("weights")
def same(label, *models):
    for number, model in enumerate(models):
        for place, values in enumerate(model.get_weights()):
            if values.any():
                out[f"initial {label} {number} {place}"] = values
        path = store / f"{label} {number}.npz"
        if backend == "tensorflow":
            store.mkdir(exist_ok=True)
            np.savez(path, *model.get_weights())
        with np.load(path) as file:
            model.set_weights([file[f"arr_{i}"] for i in range(len(file.files))])

bytes_ = {"images": np.rint(255 * images).astype("uint8"), "masks": masks}
network = pretext_model(encoder(unet(32, 4, 1)), {"rotation": 4}, 2)
phases = {
    "pretext": PretextPhase(network, {"rotation": 0.7}),
    "wssl": InpaintingPhase(unet(32, 4, 3), lambda a, b: losses.mix(a, b)),
    **{n: m.phase(m.build(32, 4, 0), 32, 4, 0) for n, m in METHODS.items() if m.phase},
}
for name, phase in phases.items():
    same(name, *phase.models)
    drawn = {**bytes_, "labels": {"rotation": batch["labels"]}}
    if name != "pretext":
        drawn = phase.add_random_inputs(bytes_, np.random.default_rng(0))
    out[f"phase {name}"] = phase.loss_of(drawn, phase(drawn))
np.savez(found, **{name: keras.ops.convert_to_numpy(value) for name, value in out.items()})
"""


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """What each backend computes from the same arrays, in processes of their own."""
    folder = tmp_path_factory.mktemp("backends")
    rng = np.random.default_rng(0)
    images = rng.random((4, 32, 32, 3)).astype("float32")
    np.savez(
        folder / "given.npz",
        images=images,
        restored=np.clip(images + rng.normal(0, 0.1, images.shape), 0, 1).astype("float32"),
        masks=rng.random((4, 32, 32)) < 0.4,
        labels=np.arange(4, dtype="int32"),
    )
    found = {}
    for backend in ("tensorflow", "jax"):
        path = folder / f"{backend}.npz"
        finished = subprocess.run(
            [sys.executable, "-c", COMPUTE, backend, folder / "given.npz", path],
            env={**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        found[backend] = dict(np.load(path))
    return found


@pytest.mark.parametrize("kind", ["initial", "transform", "loss", "gradient", "metric", "phase"])
def test_both_backends_compute_the_same(computed, kind):
    names = [name for name in computed["tensorflow"] if name.split()[0] == kind]
    assert names
    assert computed["jax"].keys() == computed["tensorflow"].keys()
    for name in names:
        ours, theirs = computed["jax"][name], computed["tensorflow"][name]
        scale = np.abs(theirs).max()
        assert scale > 0, name
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * scale, err_msg=name)
