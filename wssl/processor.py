"""The processor that runs compute on, and what is fixed about it before TensorFlow is loaded."""

import os
import platform
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

INSTRUCTION_SETS = "avx512_vnni", "avx512f", "avx2", "avx", "sse4_2"
"""Instruction sets that decide which kernels run, from the most to the least capable."""

DEFAULTS = {
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
"""Environment variables that TensorFlow reads once, when it starts, and their values here.

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


@lru_cache(maxsize=1)
def processor() -> dict[str, str]:
    """Name and instruction set of the processor.

    Returns
    -------
    dict
        ``name``, such as "AMD EPYC", and ``instructions``, the first of `INSTRUCTION_SETS` that it
        has, or the machine type where they are not known.
    """
    name, flags = platform.processor() or platform.machine(), set[str]()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line.partition(":") for line in cpuinfo.read_text().splitlines()]
        fields = {title.strip(): value.strip() for title, _, value in lines}
        name = fields.get("model name", name)
        flags = set(fields.get("flags", "").split())
    found = next((x for x in INSTRUCTION_SETS if x in flags), platform.machine())
    return {"name": name, "instructions": found}


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def settings(backend: str) -> dict[str, Any]:
    """What beside the processor decides the last digits of a run.

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
