"""ST-LPIPS: a distance between images, learned from human judgements of similarity."""

import hashlib
import io
import pickle
from collections import OrderedDict
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from wssl.checks.arrays import check_alike, check_images

PACKAGE = "stlpips-pytorch"
"""The package that contains the weights; its code, which needs PyTorch, is not imported."""

SMALLEST = 21
"""The shortest side, in pixels, at which all its layers can be padded by reflection."""

_WEIGHTS = "stlpips_pytorch/weights/vST0.0/alex_shift_tolerant.pth"
_SHA256 = "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee"
_BATCH = 8


def available() -> bool:
    """Whether the weights are installed: ``pip install 'wssl[perceptual]'``."""
    return _file() is not None


def st_lpips(reference: np.ndarray, *images: np.ndarray) -> np.ndarray:
    """ST-LPIPS of images from their references, by the smaller of its two networks.

    The metric is by Ghildyal and Liu (ECCV 2022, arXiv:2207.13686). A network of AlexNet's form,
    which blurs before each step of two pixels, turns an image into maps of features at five depths.
    The features of each position are scaled to length 1; the squared differences of two images are
    weighted by channel, summed over channels, averaged over positions and summed over depths.

    The network was trained from scratch on BAPPS: judgements by people of which of two distorted
    patches of 64 x 64 pixels is nearer to the original. On the validation split it agrees with
    69.8 % of the judgements (two-alternative forced choice; the authors' evaluation log), the mean
    of six kinds of distortion, from 60.9 % for deblurred to 82.8 % for other networks' outputs.
    Filled holes are not among the six.

    Parameters
    ----------
    reference : float (N, H, W, 3) in [0, 1]
        The network computes in float32, whatever Keras' settings are.
    *images : float (N, H, W, 3) in [0, 1]
        One or more arrays; the features of the reference are computed once for all of them.

    Returns
    -------
    float (K, N)
        Of each of the K arrays and each image; at least 0, and 0 for equal images. NaN where the
        weights are not installed (see `available`) or H or W is less than `SMALLEST`.

    Raises
    ------
    ValueError
        If the installed weights are not those of version 0.0.2 of `PACKAGE`, or the images are not
        of one shape and a floating-point type.
    """
    shapes = [check_images("reference, images", one) for one in (reference, *images)]
    check_alike("reference, images", *shapes)
    reference, *others = (np.asarray(one, np.float32) for one in (reference, *images))
    distances = np.full((len(others), len(reference)), np.nan)
    if min(reference.shape[1:3]) < SMALLEST or not available():
        return distances
    network = _network()
    for start in range(0, len(reference), _BATCH):
        part = slice(start, start + _BATCH)
        target, *maps = (network.predict_on_batch(one[part]) for one in (reference, *others))
        for row, other in zip(distances, maps, strict=True):
            row[part] = sum(
                ((a - b) ** 2).sum(axis=-1).mean(axis=(1, 2))
                for a, b in zip(target, other, strict=True)
            )
    return distances


def read_tensors(content: bytes) -> dict[str, np.ndarray]:
    """Read the tensors of a file in PyTorch's format from before version 1.6.

    The file consists of five pickles followed by the raw numbers. Only the three names that a
    dictionary of 32-bit tensors requires are accepted in a pickle, and they are replaced by
    functions that build tuples and a dictionary; nothing named in the file is imported or called.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    dict of str to float32 ndarray

    Raises
    ------
    pickle.UnpicklingError
        If a pickle contains any other name.
    """
    stream = io.BytesIO(content)
    *_, tensors, keys = (_Reader(stream).load() for _ in range(5))
    storages = {}
    for key in keys:
        count = int.from_bytes(stream.read(8), "little")
        storages[key] = stream.read(4 * count)
    return {
        name: np.ndarray(shape, "<f4", storages[key], 4 * offset, [4 * step for step in strides])
        for name, (key, offset, shape, strides) in tensors.items()
    }


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        known = {
            "collections.OrderedDict": OrderedDict,
            "torch.FloatStorage": None,
            "torch._utils._rebuild_tensor_v2": _layout,
        }
        try:
            return known[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(
                f"weights: expected 32-bit tensors only; received {module}.{name}. Reinstall "
                f"{PACKAGE}."
            ) from None

    def persistent_load(self, storage: Any) -> Any:
        return storage[2]


def _layout(
    key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> tuple[str, int, tuple[int, ...], tuple[int, ...]]:
    return key, offset, shape, strides


def _file() -> Path | None:
    try:
        path = Path(str(metadata.distribution(PACKAGE).locate_file(_WEIGHTS)))
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _weights() -> dict[str, np.ndarray]:
    path = _file()
    content = path.read_bytes() if path else b""
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ValueError(
            f"{PACKAGE}: expected the weights of version 0.0.2; received others, in {path}. "
            f"Reinstall it: pip install --force-reinstall {PACKAGE}==0.0.2"
        )
    return read_tensors(content)


@lru_cache(maxsize=1)
def _network() -> Any:
    """A network from images to weighted feature maps at five depths, whose distance is ST-LPIPS.

    float (B, H, W, 3) in [0, 1] -> five of float (B, h, w, C). The squared distance of two images'
    maps, averaged over the positions of each depth and summed over depths, is ST-LPIPS.
    """
    from wssl.machine.backend import keras, ops

    tensors = _weights()
    shift, scale = (
        tensors[f"scaling_layer.{name}"].reshape(3).astype("float32") for name in ("shift", "scale")
    )

    def padded(x: Any, mode: str) -> Any:
        return ops.pad(x, [[0, 0], [2, 2], [2, 2], [0, 0]], mode=mode)

    def convolved(x: Any, name: str, padding: str = "same") -> Any:
        kernel = tensors[f"{name}.weight"].transpose(2, 3, 1, 0)
        layer = keras.layers.Conv2D(
            kernel.shape[-1],
            kernel.shape[:2],
            padding=padding,
            data_format="channels_last",
            kernel_initializer="zeros",
            dtype="float32",
        )
        y = layer(x)
        layer.set_weights([kernel, tensors[f"{name}.bias"]])
        return y

    def halved(x: Any) -> Any:
        """Every second pixel of the image blurred by the binomial filter of three taps."""
        x = padded(x, "reflect")
        x = (x[:, :-2:2] + 2 * x[:, 1:-1:2] + x[:, 2::2]) / 4
        return (x[:, :, :-2:2] + 2 * x[:, :, 1:-1:2] + x[:, :, 2::2]) / 4

    def pooled(x: Any) -> Any:
        return halved(ops.max_pool(x, 3, strides=1, data_format="channels_last"))

    images = keras.Input((None, None, 3), dtype="float32")
    x = padded((2 * images - 1 - shift) / scale, "constant")
    first = ops.relu(halved(convolved(x, "net.slice1.0", padding="valid")))
    second = ops.relu(convolved(pooled(first), "net.slice2.5"))
    third = ops.relu(convolved(pooled(second), "net.slice3.9"))
    fourth = ops.relu(convolved(third, "net.slice4.11"))
    fifth = ops.relu(convolved(fourth, "net.slice5.13"))
    maps = []
    for depth, features in enumerate((first, second, third, fourth, fifth)):
        length = ops.sqrt(ops.sum(features**2, axis=-1, keepdims=True))
        weights = tensors[f"lin{depth}.model.1.weight"].reshape(-1)
        maps.append(features / (length + 1e-10) * np.sqrt(weights))
    return keras.Model(images, maps, name="st_lpips")
