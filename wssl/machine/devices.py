"""Devices, precision and memory, for any Keras backend."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from wssl.checks.names import lookup
from wssl.machine.backend import keras

PRECISIONS = "float32", "mixed_bfloat16"
_BFLOAT16_SINCE = 8.0
"""The compute capability of Nvidia's first GPUs with bfloat16 arithmetic."""


def accelerators() -> list[str]:
    """The names of the GPUs that the backend sees; empty on a machine without a GPU."""
    try:
        found: list[str] = keras.distribution.list_devices("gpu")
    except RuntimeError:
        # Raised by JAX if it was installed for CPUs only.
        return []
    return found


def gpu_name() -> str:
    """The maker's name of the first GPU; "GPU" if the backend does not know it."""
    if keras.backend.backend() == "jax":
        import jax

        return str(jax.local_devices()[0].device_kind)
    return str(_details().get("device_name", "GPU"))


def compiles_with_xla() -> bool:
    """Whether training steps are compiled with XLA; JAX always does.

    Under TensorFlow, XLA is faster on a GPU and slower on a CPU.
    """
    return keras.backend.backend() == "jax" or bool(accelerators())


def precision() -> str:
    """The precision in which networks are trained; weights are always float32.

    Returns
    -------
    str
        The value of ``WSSL_PRECISION`` if set; else ``mixed_bfloat16`` on GPUs that support it, and
        ``float32`` elsewhere.
    """
    chosen = os.environ.get("WSSL_PRECISION")
    if chosen:
        return lookup("WSSL_PRECISION", chosen, {name: name for name in PRECISIONS})
    return "mixed_bfloat16" if accelerators() and _has_bfloat16() else "float32"


@contextmanager
def computing_in(policy: str) -> Iterator[None]:
    """Context manager: networks built inside it compute in the given precision.

    Parameters
    ----------
    policy : str
        One of `PRECISIONS`.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def resident(*arrays: np.ndarray) -> tuple[Any, ...]:
    """Move arrays to the GPU if all of them fit in half of its free memory.

    Otherwise they are returned unchanged, and each batch is sent to the device: on a CPU, where
    several devices share a batch, and under TensorFlow, which does not report free memory.

    Parameters
    ----------
    *arrays : numpy.ndarray
        Memory-mapped arrays are accepted.
    """
    if keras.distribution.distribution() is not None:
        return arrays
    if sum(array.nbytes for array in arrays) > _memory_left() / 2:
        return arrays
    return tuple(keras.ops.convert_to_tensor(array) for array in arrays)


@contextmanager
def data_parallel(count: int, batch: int) -> Iterator[None]:
    """Context manager: train data-parallel on several devices.

    Each device holds the whole network and processes part of each batch; gradients are averaged.
    The results equal those of a single device, apart from rounding.

    Parameters
    ----------
    count : int
        Number of GPUs, or of CPU devices on a machine without a GPU; 1 has no effect.
    batch : int
        Images per batch.

    Raises
    ------
    ValueError
        If the backend is not JAX, there are fewer devices, or the batch cannot be divided evenly.
    """
    if count == 1:
        yield
        return
    if keras.backend.backend() != "jax":
        raise ValueError(
            f"devices: expected the JAX backend for {count} devices; received "
            f"{keras.backend.backend()}. Install it (pip install jax) and set KERAS_BACKEND=jax."
        )
    found = accelerators() or keras.distribution.list_devices("cpu")
    if not 1 < count <= len(found):
        raise ValueError(
            f"devices: expected 1 to {len(found)}, the number available; received {count}."
        )
    if batch % count:
        raise ValueError(
            f"devices: expected a divisor of the batch size, {batch}; received {count}."
        )
    with keras.distribution.DataParallel(devices=found[:count]).scope():
        yield


def _has_bfloat16() -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return float(jax.local_devices()[0].compute_capability) >= _BFLOAT16_SINCE
    major, minor = _details().get("compute_capability", (0, 0))
    return bool(major + minor / 10 >= _BFLOAT16_SINCE)


def _details() -> dict[str, Any]:
    """What TensorFlow knows of the first GPU."""
    import tensorflow as tf

    gpu = tf.config.list_physical_devices("GPU")[0]
    return dict(tf.config.experimental.get_device_details(gpu))


def _memory_left() -> int:
    """Free memory of the first GPU in bytes; 0 if unknown."""
    if keras.backend.backend() != "jax" or not accelerators():
        return 0
    import jax

    memory = jax.local_devices()[0].memory_stats() or {}
    return int(memory.get("bytes_limit", 0)) - int(memory.get("bytes_in_use", 0))
