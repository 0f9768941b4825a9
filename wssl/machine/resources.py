"""The machine: processor, cores and memory."""

import math
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

INSTRUCTION_SETS = "avx512_vnni", "avx512f", "avx2", "avx", "sse4_2"
"""Instruction sets that determine which kernels run, from the most to the least capable."""

MEMORY = 2**30
"""Bytes that a worker process needs in addition to its batches: backend, graphs and images."""


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


def room(memory: int = MEMORY, root: Path = Path("/")) -> int:
    """The number of single-threaded worker processes that cores and memory allow.

    Parameters
    ----------
    memory : int
        Bytes that each needs.
    root : Path
        Below which ``proc`` and ``sys`` are.

    Returns
    -------
    int
        At least 1. Memory is not limited if the system does not report how much is available.
    """
    available = available_memory(root)
    fitting = cores(root) if available is None else min(cores(root), available // memory)
    return max(1, fitting)


def cores(root: Path = Path("/")) -> int:
    """The number of cores that this process may use, by its affinity and its CPU quota.

    Parameters
    ----------
    root : Path
        Below which ``proc`` and ``sys`` are.

    Returns
    -------
    int
        At least 1; a quota is rounded down.
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    for group in _groups("cpu", root):
        quota = _numbers(group / "cpu.max") or [
            *_numbers(group / "cpu.cfs_quota_us"),
            *_numbers(group / "cpu.cfs_period_us"),
        ]
        if len(quota) == 2 and quota[0] > 0:
            count = min(count, math.floor(quota[0] / quota[1]))
    return max(1, count)


def available_memory(root: Path = Path("/")) -> int | None:
    """The memory available to a new process in bytes, within the machine and the control groups.

    Parameters
    ----------
    root : Path
        Below which ``proc`` and ``sys`` are.

    Returns
    -------
    int or None
        None if unknown, as on systems other than Linux.
    """
    available = [1024 * kibibytes for kibibytes in _fields(root / "proc/meminfo", "MemAvailable:")]
    for group in _groups("memory", root):
        for limit, usage, reclaimable in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            numbers = [*_numbers(group / limit), *_numbers(group / usage)]
            if len(numbers) == 2:
                cached = sum(_fields(group / "memory.stat", reclaimable))
                available.append(max(0, numbers[0] - numbers[1] + cached))
    return min(available, default=None)


def may_have_gpu() -> bool:
    """Whether this machine may have a GPU, going by Linux's devices, without loading a backend.

    True on other systems.
    """
    if sys.platform != "linux":
        return True
    return any(any(Path("/dev").glob(pattern)) for pattern in ("nvidia[0-9]*", "kfd", "dxg"))


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """The folders of the control groups of this process, versions 1 and 2, from the innermost."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            mount = root / "sys/fs/cgroup" / (controller if controllers else "")
            group = mount / path.lstrip("/")
            while True:
                yield group
                if group in (mount, group.parent):
                    break
                group = group.parent


def _numbers(path: Path) -> list[int]:
    """The numbers in a file; empty if it is missing or states no limit."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    return [] if "max" in words else [int(word) for word in words]


def _fields(path: Path, name: str) -> list[int]:
    """The number after a name at the beginning of a line, if the file has such a line."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return []
    return [int(line.split()[1]) for line in lines if line.split()[:1] == [name]]
