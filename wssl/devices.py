"""What the networks run on, whichever backend Keras has."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from wssl.backend import keras
from wssl.names import lookup

PRECISIONS = "float32", "mixed_bfloat16"
_BFLOAT16_SINCE = 8.0
"""The compute capability of Nvidia's first GPUs with bfloat16 arithmetic."""


def accelerators() -> list[str]:
    """The names of the GPUs that the backend sees; none on a machine without any."""
    try:
        found: list[str] = keras.distribution.list_devices("gpu")
    except RuntimeError:
        # JAX's answer where it was installed for CPUs only.
        return []
    return found


def compiles_with_xla() -> bool:
    """Whether a training step is compiled by XLA: always under JAX, which has nothing else.

    Under TensorFlow it pays on a GPU and costs on a CPU.
    """
    return keras.backend.backend() == "jax" or bool(accelerators())


def precision() -> str:
    """What networks compute in while they learn; their weights are always float32.

    Returns
    -------
    str
        ``mixed_bfloat16`` on GPUs that have it, else ``float32``; or what ``WSSL_PRECISION`` says.
    """
    chosen = os.environ.get("WSSL_PRECISION")
    if chosen:
        return lookup("WSSL_PRECISION", chosen, {name: name for name in PRECISIONS})
    return "mixed_bfloat16" if accelerators() and _has_bfloat16() else "float32"


@contextmanager
def computing_in(policy: str) -> Iterator[None]:
    """Let the networks that are built meanwhile compute in a precision, one of `PRECISIONS`.

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
    """Arrays as tensors on the GPU, if all of them fit in half of the memory that it has left.

    Elsewhere, where several devices share a batch, and under TensorFlow, which does not tell how
    much memory is left, they come back as they are, and each batch is sent to the device.

    Parameters
    ----------
    *arrays : numpy.ndarray
        Also such as are mapped from a file.
    """
    if keras.distribution.distribution() is not None:
        return arrays
    if sum(array.nbytes for array in arrays) > _memory_left() / 2:
        return arrays
    return tuple(keras.ops.convert_to_tensor(array) for array in arrays)


@contextmanager
def data_parallel(count: int, batch: int) -> Iterator[None]:
    """Share each batch of what is trained meanwhile among several devices.

    Each device holds the whole network and learns from its part of the batch, and their gradients
    are averaged: a run has the numbers that it has on one device, but for rounding.

    Parameters
    ----------
    count : int
        How many GPUs, or CPU devices where there is no GPU; 1 changes nothing.
    batch : int
        How many images a batch has.

    Raises
    ------
    ValueError
        If the backend cannot do it, there are not so many devices, or they cannot share the batch
        evenly.
    """
    if count == 1:
        yield
        return
    if keras.backend.backend() != "jax":
        raise ValueError(
            f"devices: {count} at once need the JAX backend (pip install jax; KERAS_BACKEND=jax); "
            f"received {keras.backend.backend()}."
        )
    found = accelerators() or keras.distribution.list_devices("cpu")
    if not 1 < count <= len(found):
        raise ValueError(
            f"devices: expected from 1 to {len(found)}, as many as there are; received {count}."
        )
    if batch % count:
        raise ValueError(f"devices: {count} cannot share batches of {batch} images evenly.")
    with keras.distribution.DataParallel(devices=found[:count]).scope():
        yield


def _has_bfloat16() -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return float(jax.local_devices()[0].compute_capability) >= _BFLOAT16_SINCE
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    major, minor = details.get("compute_capability", (0, 0))
    return major + minor / 10 >= _BFLOAT16_SINCE


def _memory_left() -> int:
    """Bytes of the first GPU that nothing holds yet; 0 where that is not known."""
    if keras.backend.backend() != "jax" or not accelerators():
        return 0
    import jax

    memory = jax.local_devices()[0].memory_stats() or {}
    return int(memory.get("bytes_limit", 0)) - int(memory.get("bytes_in_use", 0))
