"""Settings that TensorFlow and NumPy read once, when they are loaded."""

import os
import platform
import sys
from typing import Any

from wssl.machine.resources import cores

DEFAULTS = {
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Environment variables and our values.

TensorFlow leaves oneDNN's convolutions off on processors without AVX-512 VNNI, where they are about
twice as fast as its own. One thread per run makes a run's numbers independent of the number of
cores; several runs side by side use the cores better than threads inside one run.
"""


def configure() -> None:
    """Set `DEFAULTS` where the user has not, unless TensorFlow is loaded already."""
    if "tensorflow" in sys.modules:
        return
    for name, value in DEFAULTS.items():
        if name != "TF_ENABLE_ONEDNN_OPTS" or platform.machine() in ("x86_64", "AMD64"):
            os.environ.setdefault(name, value)


def current_settings(backend: str) -> dict[str, Any]:
    """The settings that, besides the processor, determine the last digits of a run.

    Parameters
    ----------
    backend : str
        Of Keras.

    Returns
    -------
    dict
        ``threads``, of one operation, and under TensorFlow ``onednn``, whether its convolutions are
        oneDNN's; None = TensorFlow's own choice.
    """
    if backend != "tensorflow":
        return {"threads": cores()}
    chosen = os.environ.get("TF_ENABLE_ONEDNN_OPTS")
    return {
        "threads": int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or cores(),
        "onednn": None if chosen is None else chosen.lower() in ("1", "true"),
    }
