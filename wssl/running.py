"""Running many experiments: what has yet to be done, in which order, and what happens meanwhile."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from multiprocessing import parent_process
from typing import ParamSpec, TypeVar

from tqdm import tqdm

from wssl import runs
from wssl.experiment import Experiment, Pretraining
from wssl.store import Record, Store

Task = Experiment | Pretraining

_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 90.0

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """A task has begun, or has ended.

    Attributes
    ----------
    task : Experiment or Pretraining
    seconds : float or None
        How long it took, with the attempts before that were stopped; None when it has only begun.
    """

    task: Task
    seconds: float | None = None


def plan(experiments: Iterable[Experiment], store: Store) -> list[Task]:
    """What has yet to be run for these experiments.

    Parameters
    ----------
    experiments : iterable of Experiment
    store : Store
        What it holds is not run again.

    Returns
    -------
    list of Experiment or Pretraining
        Each once: an experiment that has no record, and before it its pretext phase if that has to
        be trained too.
    """
    tasks: dict[str, Task] = {}
    for experiment in dict.fromkeys(experiments):
        if store.get(experiment.fingerprint) is None:
            phase = experiment.pretraining
            if phase is not None and not _is_trained(phase, store):
                tasks.setdefault(phase.fingerprint, phase)
            tasks.setdefault(experiment.fingerprint, experiment)
    return list(tasks.values())


def work(
    tasks: Iterable[Task],
    executor: Executor | None = None,
    store: Store | None = None,
    *,
    at_once: int | Callable[[], int] | None = None,
    may_start: Callable[[Task], bool] = lambda task: True,
) -> Iterator[Step]:
    """Run tasks one after the other, or in an executor, and tell of each that begins and ends.

    Parameters
    ----------
    tasks : iterable of Experiment or Pretraining
        As from `plan`.
    executor : concurrent.futures.Executor, optional
        Where to run them; here if not given. Its workers must see the same store, at the same
        path. Pretext phases are handed to it first, and an experiment only after its own has
        ended, so that no two workers train the same one.
    store : Store, optional
        Where records are kept; `wssl.store.default_root` if not given.
    at_once : int or callable, optional
        How many tasks the executor is given at a time; as many as can be if not given. What is
        called is asked every second, for workers that come and go.
    may_start : callable
        Asked before each task begins; after the first no, no other begins.

    Yields
    ------
    Step

    Raises
    ------
    PermissionError
        If the store cannot be written (told before anything begins).
    FileNotFoundError
        If the record of what a worker did does not appear in the store.
    Exception
        What the first task that failed raised; what was done before is kept.
    """
    waiting, store = list(tasks), store or Store()
    store = Store(store.root.absolute())
    if waiting:
        store.check_writable()
    if executor is None:
        executor, at_once = _Here(), 1
    else:
        waiting.sort(key=lambda task: isinstance(task, Experiment))
    running: dict[Future[float], Task] = {}
    try:
        while waiting or running:
            limit = at_once() if callable(at_once) else at_once
            free = None if limit is None else max(0, limit - len(running))
            for task in _ready(waiting, running.values())[:free]:
                if not may_start(task):
                    waiting = []
                    break
                waiting.remove(task)
                yield Step(task)
                running[executor.submit(_timed, task, store)] = task
            timeout = _POLL_SECONDS if callable(at_once) else None
            for future in wait(running, timeout, FIRST_COMPLETED).done:
                task, seconds = running.pop(future), future.result()
                _await_record(task, store)
                yield Step(task, seconds)
    finally:
        for future in running:
            future.cancel()


def run_all(
    experiments: Iterable[Experiment],
    executor: Executor | None = None,
    store: Store | None = None,
) -> list[runs.Result]:
    """Run experiments, or take their records from the store, with a progress bar.

    Parameters
    ----------
    experiments : iterable of Experiment
        Equal ones are run once.
    executor : concurrent.futures.Executor, optional
        Where to run them; here, one after the other, if not given. Its workers must see the same
        store. Pretext phases are run first, so that no two workers train the same one.
    store : Store, optional
        Where records are kept; `wssl.store.default_root` if not given.

    Returns
    -------
    list of Result
        In the order of `experiments`.
    """
    experiments, store = list(experiments), store or Store()
    tasks = plan(experiments, store)
    total = sum(isinstance(task, Experiment) for task in tasks)
    with tqdm(total=total, desc="experiments", unit="run", disable=None) as bar:
        for step in work(tasks, executor, store):
            if step.seconds is not None and isinstance(step.task, Experiment):
                bar.update()
    return [runs.run(experiment, store) for experiment in experiments]


def _is_trained(phase: Pretraining, store: Store) -> bool:
    weights = store.weights_path(phase.fingerprint)
    return weights.exists() and store.get(phase.fingerprint) is not None


def _ready(waiting: list[Task], running: Iterable[Task]) -> list[Task]:
    """Those that wait for no pretext phase."""
    unfinished = {task.fingerprint for task in (*waiting, *running)}
    return [
        task
        for task in waiting
        if isinstance(task, Pretraining)
        or task.pretraining is None
        or task.pretraining.fingerprint not in unfinished
    ]


def _timed(task: Task, store: Store) -> float:
    if parent_process() is not None:
        # No progress bars over those of the process that waits for this one.
        sys.stderr.isatty = lambda: False  # type: ignore[method-assign]
    began = time.monotonic()
    try:
        record = _record(task, store)
    except OSError:
        # Another worker, which was taken for lost, has ended the same task and cleared up after it.
        found = store.get(task.fingerprint)
        if found is None:
            raise
        record = found
    return max(time.monotonic() - began, record["provenance"].get("seconds", 0.0))


def _record(task: Task, store: Store) -> Record:
    if isinstance(task, Pretraining):
        return runs.pretrain(task, store)
    return runs.run(task, store).record


def _await_record(task: Task, store: Store) -> None:
    """Wait until what a worker has written is seen here, lest this process run the task again.

    A network file system may go on saying for a while that a file is not there; writing to the
    folder makes it look again.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while not store.path(task.fingerprint).exists():
        if time.monotonic() > end:
            raise FileNotFoundError(
                f"A worker has ended a run, but its record, {task.fingerprint}.json, is not in "
                f"{store.root}. Name a results folder in WSSL_RESULTS that all workers share."
            )
        time.sleep(_POLL_SECONDS)
        store.check_writable()


class _Here(Executor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
