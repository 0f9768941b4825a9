"""Keras with the global settings that the study computes under, whatever ``keras.json`` says.

Other settings would give other numbers under the same fingerprint. Modules that compute import
`keras` and `ops` from here.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

try:
    import keras
    from keras import ops
except (ImportError, ValueError) as error:
    if getattr(error, "name", None) == "keras":
        raise
    folder = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
    raise ValueError(
        f"keras: expected a backend and settings with which it starts; received {error}. Unset the "
        f"environment variable KERAS_BACKEND, now {os.environ.get('KERAS_BACKEND')!r}, or give it "
        "an installed backend such as 'tensorflow'. Correct or remove "
        f"{os.path.join(folder, 'keras.json')}, if there is one."
    ) from error

_SETTINGS: dict[str, tuple[Any, Any, Any]] = {
    "floatx": (keras.config.floatx, keras.config.set_floatx, "float32"),
    "epsilon": (keras.config.epsilon, keras.config.set_epsilon, 1e-7),
    "image_data_format": (
        keras.config.image_data_format,
        keras.config.set_image_data_format,
        "channels_last",
    ),
    "dtype_policy": (keras.config.dtype_policy, keras.config.set_dtype_policy, "float32"),
}
"""The global settings of Keras: the functions that read and set each, and its value here."""

for _, choose, setting in _SETTINGS.values():
    choose(setting)

_TURN = threading.RLock()
_STARTED: set[int] = set()

__all__ = ["alone", "as_float32", "in_order", "keras", "ops"]


def as_float32(values: Any) -> Any:
    """Values of any floating-point type as float32: tensors as tensors, all others as NumPy arrays.

    Parameters
    ----------
    values : array, tensor, or nested lists
        Tensors of float32 are returned as they are.
    """
    if isinstance(values, np.ndarray) or not hasattr(values, "dtype"):
        return np.asarray(values, np.float32)
    single = keras.backend.standardize_dtype(values.dtype) == "float32"
    return values if single else ops.cast(values, "float32")


@contextmanager
def in_order() -> Iterator[None]:
    """Context manager: TensorFlow runs the operations of a compiled step one by one, in one order.

    By default it runs an operation as soon as its inputs are there, in an order that depends on
    measured times. Where three or more gradients meet, it adds them up in the order in which
    memory becomes free, so that the last digits of a sum would differ between processes.

    A step that contains a condition or a loop must not be run like this: with one thread between
    operations (`wssl.machine.settings.DEFAULTS`) it would wait for itself.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    from tensorflow.python.eager import context

    with context.function_executor_type("SINGLE_THREADED_EXECUTOR"):
        yield


@contextmanager
def alone() -> Iterator[None]:
    """Context manager: compute with our settings of Keras, while other threads wait.

    Settings changed since the import hold again afterwards. Threads take turns because networks and
    compiled steps are shared within a process.

    Raises
    ------
    RuntimeError
        If this process was forked from one that has computed: it would wait for threads that it
        does not have.
    """
    if _STARTED and os.getpid() not in _STARTED:
        raise RuntimeError(
            "process: expected one that was spawned; received one that was forked after its parent "
            f"had computed with {keras.backend.backend()}, and would hang. Start processes with "
            'multiprocessing.get_context("spawn"), or use wssl.run_all.'
        )
    with _TURN:
        _STARTED.add(os.getpid())
        before = [(choose, read()) for read, choose, _ in _SETTINGS.values()]
        try:
            for _, choose, setting in _SETTINGS.values():
                choose(setting)
            yield
        finally:
            for choose, setting in before:
                choose(setting)
