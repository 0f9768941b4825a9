"""Where, when and with what a run was made."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from wssl.devices import accelerators, precision


def provenance(seconds: float) -> dict[str, Any]:
    """What a record says of its run beside its numbers.

    Parameters
    ----------
    seconds : float
        How long the run took, over all attempts.

    Returns
    -------
    dict
        ``seconds, finished, backend, device, precision, versions, commit``.
    """
    return {
        "seconds": round(seconds, 1),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": _device(),
        "precision": precision(),
        **environment(),
    }


def environment() -> dict[str, Any]:
    """What determines the numbers of a run beside the machine, found without starting a device.

    Returns
    -------
    dict
        ``backend, versions, commit``.
    """
    backend = keras.backend.backend()
    return {
        "backend": backend,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("wssl", "keras", backend, "numpy", "pillow")},
        },
        "commit": _commit(),
    }


def _device() -> str:
    if found := accelerators():
        return f"{len(found)} x GPU"
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        name = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} core{'s' * (cores != 1)}, {name}"


@lru_cache(maxsize=1)
def _commit() -> str | None:
    """The commit of the source tree, with ``+`` if the package differs from it; None outside."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(__file__).parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + "+" * bool(git("status", "--porcelain", "."))
    except (OSError, subprocess.CalledProcessError):
        return None
