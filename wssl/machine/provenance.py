"""Provenance of a run: machine, versions, time and commit."""

import platform
import subprocess
import tomllib
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from wssl.machine.backend import keras
from wssl.machine.devices import accelerators, gpu_name, precision
from wssl.machine.resources import cores, processor
from wssl.machine.settings import current_settings


def provenance(seconds: float) -> dict[str, Any]:
    """The provenance of a run, as its record contains it.

    Parameters
    ----------
    seconds : float
        Duration of the run, over all attempts.

    Returns
    -------
    dict
        ``seconds, finished, device, processor, precision, backend, threads, onednn, versions,
        commit``; ``onednn`` under TensorFlow only.
    """
    return {
        "seconds": round(seconds, 1),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": _device(),
        "processor": processor(),
        "precision": precision(),
        **environment(),
    }


def environment() -> dict[str, Any]:
    """Software versions and settings that affect results, collected without starting a device.

    Returns
    -------
    dict
        ``backend, threads, onednn, versions, commit``.
    """
    backend = keras.backend.backend()
    return {
        "backend": backend,
        **current_settings(backend),
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in ("wssl", "keras", backend, "numpy", "pillow")},
        },
        "commit": _commit(),
    }


def _version(name: str) -> str:
    """The version of a distribution, or of a source tree that is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        path = Path(__file__).parents[2] / "pyproject.toml"
        try:
            project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        except (OSError, ValueError, KeyError):
            return "unknown"
        return str(project.get("version", "unknown")) if project.get("name") == name else "unknown"


def _device() -> str:
    if found := accelerators():
        return f"{len(found)} x {gpu_name()}"
    return f"{cores()} core{'s' * (cores() != 1)}, {processor()['name']}"


@lru_cache(maxsize=1)
def _commit() -> str | None:
    """The commit of the source tree, with ``+`` if the package differs; None without git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(__file__).parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + "+" * bool(git("status", "--porcelain", "."))
    except (OSError, subprocess.CalledProcessError):
        return None
