"""What the networks run on, whichever backend Keras has."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


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
