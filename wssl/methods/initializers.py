"""Initial weights that are the same under every backend.

Keras draws with its backend's generator, so that one seed gives other initial weights under JAX
than under TensorFlow. These initializers give TensorFlow's under every backend, apart from the last
digit: its stateless generator, Philox 4 x 32 with 10 rounds (Salmon et al., SC 2011,
doi:10.1145/2063384.2063405), and its Box-Muller transform are computed with NumPy.
"""

from typing import Any

import numpy as np

from wssl.machine.backend import keras

_ROUNDS = 10
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_INCREMENTS = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_SCRAMBLING = np.array([0x3EC8F720, 0x02461E29], np.uint32)
_LANES = 4
_SEEDS = 2**31 - 2
"""Keras takes seeds modulo this number before it gives them to TensorFlow."""
_RESERVED = 256
_CUT = 2.0
_KEPT_DEVIATION = 0.87962566103423978
"""Standard deviation of a standard normal distribution that is cut at two."""


class _AsUnderTensorFlow(keras.initializers.Initializer):
    """Keras' own draw under TensorFlow, and `drawn` under any other backend."""

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        """Return initial values, a tensor of that shape."""
        if keras.backend.backend() == "tensorflow":
            return super().__call__(shape, dtype)
        return keras.ops.convert_to_tensor(self.drawn(shape), dtype or keras.config.floatx())

    def drawn(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the same values, drawn with NumPy: float32."""
        raise NotImplementedError


class HeNormal(_AsUnderTensorFlow, keras.initializers.HeNormal):
    """Keras' `HeNormal` with an integer seed."""

    def drawn(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the same values, drawn with NumPy: float32."""
        deviation = np.sqrt(2.0 / max(1.0, _fans(shape)[0])) / _KEPT_DEVIATION
        return truncated_normal(self.seed, shape) * np.float32(deviation)


class GlorotUniform(_AsUnderTensorFlow, keras.initializers.GlorotUniform):
    """Keras' `GlorotUniform` with an integer seed."""

    def drawn(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the same values, drawn with NumPy: float32."""
        limit = np.float32(np.sqrt(6.0 / max(1.0, sum(_fans(shape)))))
        return uniform(self.seed, shape) * (limit + limit) - limit


class RandomNormal(_AsUnderTensorFlow, keras.initializers.RandomNormal):
    """Keras' `RandomNormal` with an integer seed."""

    def drawn(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the same values, drawn with NumPy: float32."""
        return normal(self.seed, shape) * np.float32(self.stddev) + np.float32(self.mean)


class Orthogonal(_AsUnderTensorFlow, keras.initializers.Orthogonal):
    """Keras' `Orthogonal` with an integer seed."""

    def drawn(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the same values, drawn with NumPy: float32."""
        rows, columns = int(np.prod(shape[:-1])), shape[-1]
        q, r = np.linalg.qr(normal(self.seed, (max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diagonal(r))
        q = q.T if rows < columns else q
        return np.float32(self.gain) * q.reshape(shape)


def uniform(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """TensorFlow's stateless uniform numbers.

    Parameters
    ----------
    seed : int
        As for Keras' initializers.
    shape : tuple of int

    Returns
    -------
    float32, in [0, 1)
    """
    return _shaped(_unit(_philox(seed, np.arange(_groups(shape), dtype=np.uint64))), shape)


def normal(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """TensorFlow's stateless numbers from the standard normal distribution.

    Parameters
    ----------
    seed, shape
        As for `uniform`.

    Returns
    -------
    float32
    """
    bits = _philox(seed, np.arange(_groups(shape), dtype=np.uint64))
    return _shaped(_box_muller(bits), shape)


def truncated_normal(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """TensorFlow's stateless numbers from the standard normal distribution, cut at two.

    Parameters
    ----------
    seed, shape
        As for `uniform`.

    Returns
    -------
    float32, in (-2, 2)
    """
    groups = _groups(shape)
    # Four numbers at a time are the first four that are not cut of a stream of their own.
    kept, filled = np.empty((groups, _LANES), np.float32), np.zeros(groups, int)
    open_groups, block = np.arange(groups), 0
    while len(open_groups):
        counters = open_groups.astype(np.uint64) * np.uint64(_RESERVED) + np.uint64(block)
        for column in _box_muller(_philox(seed, counters)).T:
            take = (np.abs(column) < _CUT) & (filled[open_groups] < _LANES)
            rows = open_groups[take]
            kept[rows, filled[rows]] = column[take]
            filled[rows] += 1
        open_groups, block = open_groups[filled[open_groups] < _LANES], block + 1
    return _shaped(kept, shape)


def _philox(seed: int, counters: np.ndarray) -> np.ndarray:
    """The blocks of four 32-bit numbers at the given counters: uint32 (N, 4)."""
    halves = np.array([seed % _SEEDS, 0, 0, 0], np.uint32)[None]
    mixed = _rounds(halves, _SCRAMBLING)[0]
    blocks = np.empty((len(counters), _LANES), np.uint32)
    blocks[:, 0] = counters & np.uint64(0xFFFFFFFF)
    blocks[:, 1] = counters >> np.uint64(32)
    blocks[:, 2:] = mixed[2:]
    return _rounds(blocks, mixed[:2])


def _rounds(blocks: np.ndarray, key: np.ndarray) -> np.ndarray:
    a, b, c, d = blocks.T
    first, second = np.array(key[:1]), np.array(key[1:2])
    for _ in range(_ROUNDS):
        low, high = (x.astype(np.uint64) * m for x, m in zip((a, c), _MULTIPLIERS, strict=True))
        a, b, c, d = (
            (high >> np.uint64(32)).astype(np.uint32) ^ b ^ first,
            high.astype(np.uint32),
            (low >> np.uint64(32)).astype(np.uint32) ^ d ^ second,
            low.astype(np.uint32),
        )
        first, second = first + _INCREMENTS[0], second + _INCREMENTS[1]
    return np.stack([a, b, c, d], axis=1)


def _unit(bits: np.ndarray) -> np.ndarray:
    """Floats in [0, 1) from 23 bits of each number."""
    return ((bits & np.uint32(0x7FFFFF)) | np.uint32(127 << 23)).view(np.float32) - np.float32(1)


def _box_muller(bits: np.ndarray) -> np.ndarray:
    """Standard normal numbers from uniform ones, two from two."""
    radii = np.maximum(_unit(bits[:, ::2]), np.float32(1e-7))
    angles = (2.0 * np.pi * _unit(bits[:, 1::2]).astype(np.float64)).astype(np.float32)
    radii = np.sqrt(np.float32(-2) * np.log(radii))
    pairs = np.stack([np.sin(angles) * radii, np.cos(angles) * radii], axis=2)
    return pairs.reshape(len(bits), _LANES)


def _groups(shape: tuple[int, ...]) -> int:
    return -(-int(np.prod(shape)) // _LANES)


def _shaped(groups: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return groups.ravel()[: int(np.prod(shape))].reshape(shape)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of a unit, of kernels (..., inputs, outputs)."""
    field = int(np.prod(shape[:-2]))
    return field * shape[-2], field * shape[-1]
