import io
import pickle
import sys
from collections import OrderedDict
from types import ModuleType

import keras
import numpy as np
import pytest

from wssl import metrics, perceptual

installed = pytest.mark.skipif(
    not perceptual.available(), reason="ST-LPIPS has no weights; pip install 'wssl[perceptual]'"
)

PUBLISHED_CODE = {
    (64, 64, 0): 0.21396803745762552,
    (64, 64, 1): 0.20977938190660234,
    (96, 96, 2): 0.18134391968964617,
    (33, 40, 3): 0.22833055463803603,
    (21, 21, 4): 0.06577225891819834,
}
"""Height, width and seed of a pair -> its distance by stlpips-pytorch 0.0.2 itself.

Computed under PyTorch 2.13 in 64-bit floats: ``LPIPS(net="alex", variant="shift_tolerant")`` of the
pair as channels-first tensors, called with ``normalize=True``.
"""


def pair(height, width, seed):
    ramp = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    ramp = ramp * np.ones((height, 1, 3), np.float32)
    noise = np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)
    return ramp * noise, (ramp + noise) / 2


@installed
@pytest.mark.parametrize(("key", "distance"), PUBLISHED_CODE.items())
def test_the_distance_is_that_of_the_published_code(key, distance):
    first, second = pair(*key)
    (found,) = perceptual.st_lpips(first[None], second[None])
    np.testing.assert_allclose(found, distance, rtol=2e-5)


@installed
def test_images_of_a_batch_do_not_meet():
    pairs = [pair(64, 64, seed) for seed in range(perceptual._BATCH + 3)]
    first, second = (np.stack(images) for images in zip(*pairs, strict=True))
    together = perceptual.st_lpips(first, second, first)
    assert together.shape == (2, len(first))
    alone = [perceptual.st_lpips(a[None], b[None])[0, 0] for a, b in pairs]
    np.testing.assert_allclose(together[0], alone, rtol=1e-4)
    np.testing.assert_allclose(together[1], 0, atol=1e-8)


@installed
def test_a_distance_is_symmetric_and_grows_with_noise(rng):
    first, second = (image[None] for image in pair(64, 64, 0))
    np.testing.assert_allclose(
        perceptual.st_lpips(first, second), perceptual.st_lpips(second, first), rtol=1e-4
    )
    noise = rng.normal(0, 1, first.shape)
    noisy = [np.clip(first + level * noise, 0, 1).astype("float32") for level in (0.02, 0.1, 0.3)]
    values = perceptual.st_lpips(first, *noisy)[:, 0]
    assert 0 < values[0] < values[1] < values[2]


@installed
def test_a_small_shift_counts_less_than_a_loss_of_detail(rng):
    image = keras.ops.image.resize(
        rng.random((1, 20, 20, 3), dtype=np.float32), (80, 80), interpolation="bilinear"
    )
    image = keras.ops.convert_to_numpy(image)
    shifted, here = image[:, 8:-8, 7:-9], image[:, 8:-8, 8:-8]
    coarse = here.reshape(1, 16, 4, 16, 4, 3).mean(axis=(2, 4)).repeat(4, axis=1).repeat(4, axis=2)
    near, far = perceptual.st_lpips(here, shifted, coarse)[:, 0]
    assert near < far / 5
    assert np.mean((here - shifted) ** 2) > np.mean((here - coarse) ** 2) / 5


@installed
def test_settings_of_keras_change_nothing(monkeypatch):
    perceptual._network.cache_clear()
    before = keras.config.floatx(), keras.config.image_data_format(), keras.config.dtype_policy()
    keras.config.set_floatx("float16")
    keras.config.set_image_data_format("channels_first")
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        first, second = pair(64, 64, 0)
        (found,) = perceptual.st_lpips(first[None], second[None])
    finally:
        for restore, value in zip(
            (
                keras.config.set_floatx,
                keras.config.set_image_data_format,
                keras.config.set_dtype_policy,
            ),
            before,
            strict=True,
        ):
            restore(value)
        perceptual._network.cache_clear()
    np.testing.assert_allclose(found, PUBLISHED_CODE[64, 64, 0], rtol=2e-5)


@installed
def test_the_weights_are_read_without_the_package():
    tensors = perceptual._weights()
    assert "torch" not in sys.modules
    assert "stlpips_pytorch" not in sys.modules
    blur = np.outer([1, 2, 1], [1, 2, 1]) / 16
    np.testing.assert_array_equal(tensors["net.slice3.8.filt"], np.tile(blur, (192, 1, 1, 1)))
    heads = [value for name, value in tensors.items() if name.startswith("lin")]
    assert [head.shape for head in heads] == [(1, c, 1, 1) for c in (64, 192, 384, 256, 256)]
    assert min(head.min() for head in heads) >= 0


@installed
def test_an_image_that_is_too_small_has_no_distance(rng):
    images = rng.random((2, 20, 40, 3), dtype=np.float32)
    assert np.isnan(perceptual.st_lpips(images, images)).all()


def test_without_the_weights_only_their_metric_is_missing(monkeypatch, rng):
    monkeypatch.setattr(perceptual, "PACKAGE", "no-such-distribution")
    assert not perceptual.available()
    images = rng.random((2, 32, 32, 3), dtype=np.float32)
    values = metrics.evaluate(images, images[::-1], np.ones((2, 32, 32), bool))
    missing = {name for name, value in values.items() if np.isnan(value).any()}
    assert missing == {"st_lpips", "st_lpips_raw"}
    assert np.isnan(metrics.summarize(values)["st_lpips"])


def test_other_weights_are_refused_with_the_way_out(monkeypatch, tmp_path):
    damaged = tmp_path / "weights.pth"
    damaged.write_bytes(b"not these")
    monkeypatch.setattr(perceptual, "_file", lambda: damaged)
    with pytest.raises(ValueError, match="pip install --force-reinstall stlpips-pytorch==0.0.2"):
        perceptual._weights()


class Storage:
    def __init__(self, key, values):
        self.key, self.values = key, np.asarray(values, "<f4")


@pytest.fixture
def torch_file(monkeypatch):
    """A function: a state, whose tensors `tensor` made, and its storages -> what PyTorch writes."""

    torch, utils = ModuleType("torch"), ModuleType("torch._utils")

    class FloatStorage:
        pass

    def _rebuild_tensor_v2():
        pass

    for owner, member in ((torch, FloatStorage), (utils, _rebuild_tensor_v2)):
        member.__module__, member.__qualname__ = owner.__name__, member.__name__
        setattr(owner, member.__name__, member)
        monkeypatch.setitem(sys.modules, owner.__name__, owner)

    class Tensor:
        def __init__(self, storage, offset, shape, strides):
            self.state = storage, offset, shape, strides, False, OrderedDict()

        def __reduce__(self):
            return _rebuild_tensor_v2, self.state

    class Writer(pickle.Pickler):
        def persistent_id(self, written):
            if isinstance(written, Storage):
                return "storage", FloatStorage, written.key, "cpu", len(written.values), None
            return None

    def write(state, *storages):
        stream = io.BytesIO()
        for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, state):
            Writer(stream, protocol=2).dump(part)
        pickle.dump([storage.key for storage in storages], stream, protocol=2)
        for storage in storages:
            stream.write(len(storage.values).to_bytes(8, "little") + storage.values.tobytes())
        return stream.getvalue()

    write.tensor = Tensor
    return write


def test_reading_follows_offsets_and_strides(torch_file):
    first, second = Storage("1", range(10)), Storage("2", [0.5])
    state = OrderedDict(
        transposed=torch_file.tensor(first, 4, (2, 3), (1, 2)),
        whole=torch_file.tensor(first, 0, (2, 5), (5, 1)),
        scalar=torch_file.tensor(second, 0, (1,), (1,)),
    )
    read = perceptual.read_tensors(torch_file(state, first, second))
    assert {name: value.tolist() for name, value in read.items()} == {
        "transposed": [[4, 6, 8], [5, 7, 9]],
        "whole": [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]],
        "scalar": [0.5],
    }


def test_a_tensor_that_exceeds_its_numbers_is_an_error(torch_file):
    storage = Storage("1", range(3))
    state = OrderedDict(w=torch_file.tensor(storage, 1, (3,), (1,)))
    with pytest.raises(ValueError, match="buffer"):
        perceptual.read_tensors(torch_file(state, storage))


class Harmful:
    def __reduce__(self):
        return exec, ("raise SystemExit('the file was executed')",)


class Attribute:
    def __reduce__(self):
        return getattr, (OrderedDict, "fromkeys")


@pytest.mark.parametrize("harm", [Harmful(), Attribute()])
def test_a_file_that_calls_anything_is_refused(torch_file, harm):
    with pytest.raises(pickle.UnpicklingError, match="expected 32-bit tensors only"):
        perceptual.read_tensors(torch_file(OrderedDict(weight=harm)))
