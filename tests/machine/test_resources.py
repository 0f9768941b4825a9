"""How many worker processes a machine has room for."""

import os

import pytest

from wssl.machine.resources import available_memory, cores, room

GIB = 2**30


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A function that lays out the files of a machine of eight cores, and gives their root."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)

    def lay(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return lay


def test_the_cores_are_those_of_the_affinity(machine):
    assert cores(machine()) == 8


@pytest.mark.parametrize(
    ("quota", "count"),
    [("max 100000", 8), ("400000 100000", 4), ("250000 100000", 2), ("50000 100000", 1)],
)
def test_a_quota_of_version_2_bounds_the_cores(machine, quota, count):
    root = machine(
        proc__self__cgroup="0::/slice/job\n", sys__fs__cgroup__slice__job__cpu_dot_max=quota
    )
    assert cores(root) == count


@pytest.mark.parametrize(("quota", "count"), [("-1", 8), ("300000", 3), ("9900000", 8)])
def test_a_quota_of_version_1_bounds_the_cores(machine, quota, count):
    files = {
        "proc__self__cgroup": "5:memory:/job\n3:cpuacct,cpu:/job\n0::/\n",
        "sys__fs__cgroup__cpu__job__cpu_dot_cfs_quota_us": f"{quota}\n",
        "sys__fs__cgroup__cpu__job__cpu_dot_cfs_period_us": "100000\n",
    }
    assert cores(machine(**files)) == count


def test_the_tightest_of_nested_groups_counts_also_where_the_inner_ones_are_not_seen(machine):
    root = machine(
        proc__self__cgroup="0::/outer/middle/inner\n",
        sys__fs__cgroup__cpu_dot_max="600000 100000",
        sys__fs__cgroup__outer__cpu_dot_max="200000 100000",
        sys__fs__cgroup__outer__middle__cpu_dot_max="max 100000",
    )
    assert cores(root) == 2
    root = machine(proc__self__cgroup="0::/../elsewhere\n")
    assert cores(root) == 6


def test_memory_is_what_the_machine_and_the_groups_have_left(machine):
    assert available_memory(machine()) is None
    root = machine(proc__meminfo="MemTotal: 16777216 kB\nMemAvailable:    8388608 kB\n")
    assert available_memory(root) == 8 * GIB
    root = machine(
        proc__self__cgroup="0::/job\n",
        sys__fs__cgroup__job__memory_dot_max=f"{4 * GIB}\n",
        sys__fs__cgroup__job__memory_dot_current=f"{3 * GIB}\n",
        sys__fs__cgroup__job__memory_dot_stat=f"anon {GIB}\ninactive_file {GIB}\n",
    )
    assert available_memory(root) == 2 * GIB
    root = machine(sys__fs__cgroup__job__memory_dot_max="max\n")
    assert available_memory(root) == 8 * GIB
    root = machine(
        proc__self__cgroup="7:memory:/job\n",
        sys__fs__cgroup__memory__job__memory_dot_limit_in_bytes=f"{3 * GIB}\n",
        sys__fs__cgroup__memory__job__memory_dot_usage_in_bytes=f"{2 * GIB}\n",
    )
    assert available_memory(root) == GIB


@pytest.mark.parametrize(
    ("kibibytes", "count"), [(2**20 // 2, 1), (3 * 2**20, 3), (100 * 2**20, 8)]
)
def test_there_is_room_for_as_many_as_both_cores_and_memory_allow(machine, kibibytes, count):
    root = machine(proc__meminfo=f"MemAvailable: {kibibytes} kB\n")
    assert room(GIB, root) == count


def test_this_machine_has_room_for_one():
    assert room(1) >= 1
    assert room(2**60) == 1
