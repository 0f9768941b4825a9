"""Run the study on a Dask cluster; the environment of each worker is checked before it is used."""

import sys
from collections.abc import Collection, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from distributed import Client
from distributed.comm import resolve_address

from wssl.machine.provenance import environment
from wssl.records.store import Store

RETRIES = 2
"""How often a failed run is retried; each attempt resumes from the last checkpoint."""


class Workers:
    """The workers of a scheduler that keep their records in one store.

    Parameters
    ----------
    client : distributed.Client
    store : Store

    Attributes
    ----------
    executor : concurrent.futures.Executor
        Submits runs to the workers; for `wssl.scheduling.schedule.work`. If a worker is lost, its
        run is started again on another one; after too many losses it fails with
        `distributed.KilledWorker`.
    """

    def __init__(self, client: Client, store: Store):
        self.client, self.store = client, store
        # Each submission is a separate task; otherwise Dask would return a stored failure.
        self.executor: Executor = client.get_executor(pure=False, retries=RETRIES)
        self._fit: set[str] = set()
        store.check_writable()

    def check(self) -> None:
        """Check that the scheduler and all workers have this process's environment and store.

        Raises
        ------
        ValueError
            If an environment differs from that of this process.
        OSError
            If a worker cannot see the store or cannot write to it.
        """
        _compare("The scheduler", self.client.run_on_scheduler(environment))
        self._check_workers(self.client.nthreads())

    def capacity(self) -> int:
        """The number of runs that the workers can do at once, one per thread; at least 1.

        Workers that joined since the last call are checked first.
        """
        threads: dict[str, int] = self.client.nthreads()
        self._check_workers(threads.keys() - self._fit)
        return max(1, sum(threads.values()))

    def _check_workers(self, addresses: Collection[str]) -> None:
        if not addresses:
            return
        with NamedTemporaryFile(dir=self.store.root, prefix=".probe-") as probe:
            reports = self.client.run(
                _report, self.store, Path(probe.name), workers=list(addresses), on_error="return"
            )
        for address, report in reports.items():
            # A worker that has left in the meantime answers with a broken connection.
            if not isinstance(report, OSError):
                _check_report(address, report, self.store.root)
                self._fit.add(address)


@contextmanager
def connect(scheduler: str, store: Store, timeout: float = 10.0) -> Iterator[Workers]:
    """Connect to the workers of a Dask scheduler; wait for the first if there is none yet.

    Parameters
    ----------
    scheduler : str
        Its address, such as ``tcp://10.0.0.1:8786``, or the path of the file that
        ``dask scheduler --scheduler-file`` wrote.
    store : Store
        Where records are kept; all workers must see it at the same path.
    timeout : float
        Seconds to wait for the scheduler's answer.

    Yields
    ------
    Workers

    Raises
    ------
    OSError
        If the scheduler does not answer or is lost, or if a worker cannot see the store.
    ValueError
        If the environment of the scheduler or of a worker differs from that of this process.
    """
    store = Store(store.root.absolute())
    where = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
    try:
        if "address" in where:
            # A Client that cannot read its address is never closed, and takes the lock of all
            # event loops when it is collected: the next one to start might wait for it forever.
            resolve_address(scheduler)
        client = Client(**where, timeout=timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            "--scheduler: expected the address of a running Dask scheduler; received "
            f"{scheduler!r}, where none answers ({error}). `dask scheduler` starts one and prints "
            "its address, such as tcp://10.0.0.1:8786."
        ) from error
    with client:
        workers = Workers(client, store)
        if not client.nthreads():
            command = f"dask worker {client.scheduler.address} --nthreads 1"
            print(f"waiting for workers; start them with `{command}`", file=sys.stderr, flush=True)
            client.wait_for_workers(1)
        workers.check()
        try:
            yield workers
        except CancelledError as error:
            raise ConnectionError(
                f"The scheduler at {scheduler} no longer answers. Finished runs are kept; run the "
                "same command again to continue."
            ) from error


def _report(store: Store, probe: Path) -> dict[str, Any]:
    """A worker's report: environment, visibility of the probe, reason it cannot write."""
    report = {**environment(), "sees": probe.exists(), "refusal": ""}
    if report["sees"]:
        try:
            store.check_writable()
        except PermissionError as error:
            report["refusal"] = str(error)
    return report


def _check_report(address: str, report: dict[str, Any] | Exception, root: Path) -> None:
    name = f"The worker {address}"
    if isinstance(report, Exception):
        raise ValueError(
            f"{name} cannot be used: {report}. Install the same packages there as here."
        ) from report
    _compare(name, report)
    if not report["sees"]:
        raise FileNotFoundError(
            f"{name} cannot see the results folder {root} of this process. Set WSSL_RESULTS to a "
            "folder on a file system that all machines share, at the same path."
        )
    if report["refusal"]:
        raise PermissionError(f"{name}: {report['refusal']}")


def _compare(name: str, report: dict[str, Any]) -> None:
    here, there = _flat(environment()), _flat(report)
    differences = [
        f"{key} {there.get(key)} there, {here[key]} here"
        for key in here
        if there.get(key) != here[key]
    ]
    if differences:
        raise ValueError(
            f"{name} has an environment that differs from this process's: "
            f"{'; '.join(differences)}. Use the same environment everywhere, for example one on a "
            "shared file system."
        )


def _flat(report: dict[str, Any]) -> dict[str, Any]:
    """Backend, commit and versions by name; Python's version without its last part.

    Uncommitted changes do not count either: files may change while workers join.
    """
    versions = {**report["versions"]}
    versions["python"] = versions["python"].rpartition(".")[0]
    commit = report["commit"] and report["commit"].removesuffix("+")
    return {"backend": report["backend"], "commit": commit, **versions}
