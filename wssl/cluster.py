"""The study on a cluster: the workers of a Dask scheduler, each found fit before it takes part."""

import sys
from collections.abc import Collection, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from distributed import Client

from wssl.provenance import environment
from wssl.store import Store

RETRIES = 2
"""How often a run that failed is begun again; each attempt goes on from the last checkpoint."""


class Workers:
    """The workers of a scheduler that keep their records in one store.

    Parameters
    ----------
    client : distributed.Client
    store : Store

    Attributes
    ----------
    executor : concurrent.futures.Executor
        Hands runs to the workers, as `wssl.schedule.work` wants it. The run of a worker that was
        lost is begun again on another one; it fails with `distributed.KilledWorker` if that
        happens too often.
    """

    def __init__(self, client: Client, store: Store):
        self.client, self.store = client, store
        # Each submission is a task of its own, so that what has failed is not taken for done.
        self.executor: Executor = client.get_executor(pure=False, retries=RETRIES)
        self._fit: set[str] = set()
        store.check_writable()

    def check(self) -> None:
        """Find out whether the scheduler and all workers are fit to take part.

        Raises
        ------
        ValueError
            If one has another environment than this process.
        OSError
            If a worker does not see the store, or cannot write it.
        """
        _compare("The scheduler", self.client.run_on_scheduler(environment))
        self._check_workers(self.client.nthreads())

    def capacity(self) -> int:
        """How many runs the workers do at once, one a thread; never less than 1.

        Workers that have come since the last call are checked first.
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
            # A worker that is gone again answers with a broken connection.
            if not isinstance(report, OSError):
                _check_report(address, report, self.store.root)
                self._fit.add(address)


@contextmanager
def connect(scheduler: str, store: Store, timeout: float = 10.0) -> Iterator[Workers]:
    """Reach the workers of a Dask scheduler; wait for the first of them if there is none yet.

    Parameters
    ----------
    scheduler : str
        Its address, such as ``tcp://10.0.0.1:8786``, or the path of the file that
        ``dask scheduler --scheduler-file`` wrote.
    store : Store
        Where records are kept; all workers must see it at the same path.
    timeout : float
        Seconds after which a scheduler that does not answer is not there.

    Yields
    ------
    Workers

    Raises
    ------
    OSError
        If the scheduler is not there or is lost, or if a worker does not see the store.
    ValueError
        If the scheduler or a worker has another environment than this process.
    """
    store = Store(store.root.absolute())
    where = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {"address": scheduler}
    try:
        client = Client(**where, timeout=timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"--scheduler: no Dask scheduler answers at {scheduler!r} ({error}). `dask scheduler` "
            "starts one and prints its address, such as tcp://10.0.0.1:8786."
        ) from error
    with client:
        workers = Workers(client, store)
        if not client.nthreads():
            command = f"dask worker {client.scheduler.address} --nthreads 1"
            print(f"waiting for workers, which `{command}` starts", file=sys.stderr, flush=True)
            client.wait_for_workers(1)
        workers.check()
        try:
            yield workers
        except CancelledError as error:
            raise ConnectionError(
                f"The scheduler at {scheduler} is gone. What was done is kept, and the same "
                "command goes on."
            ) from error


def _report(store: Store, probe: Path) -> dict[str, Any]:
    """What a worker says: its environment, whether it sees the probe, why it cannot write."""
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
            f"{name} cannot take part: {report}. Install there what is installed here."
        ) from report
    _compare(name, report)
    if not report["sees"]:
        raise FileNotFoundError(
            f"{name} does not see the results folder {root} of this process. Name one in "
            "WSSL_RESULTS that is on a file system which all of them share, at the same path."
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
            f"{name} has another environment than this process: {'; '.join(differences)}. Give "
            "all of them the same, such as one on a shared file system."
        )


def _flat(report: dict[str, Any]) -> dict[str, Any]:
    """Backend, commit and versions by name; of Python's, without the last part.

    Nor does it matter whether files have changed since the commit: they may, while workers come.
    """
    versions = {**report["versions"]}
    versions["python"] = versions["python"].rpartition(".")[0]
    commit = report["commit"] and report["commit"].removesuffix("+")
    return {"backend": report["backend"], "commit": commit, **versions}
