"""Run many experiments: the missing tasks, their order, and events while they run."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

from tqdm import tqdm

from wssl import data
from wssl.experiment import Evaluation, Experiment, Pretraining
from wssl.losses import LOSSES
from wssl.machine import processes, resources
from wssl.machine.backend import keras
from wssl.machine.devices import accelerators
from wssl.machine.processes import Processes
from wssl.methods import METHODS, OBJECTIVES
from wssl.pretext import TASKS
from wssl.records.store import Store
from wssl.runs import execution

Asked = Experiment | Evaluation
"""A task that a user requests; its prerequisites follow from it."""

Task = Experiment | Pretraining | Evaluation

_FEATURE_MAPS = 25
"""The number of feature maps of a batch, of the first width, that training keeps in memory.

Measured with the U-Net from 64 to 128 px.
"""

_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 90.0

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """The event that a task has started, finished or failed.

    Attributes
    ----------
    task : Experiment, Pretraining or Evaluation
    seconds : float or None
        Its duration, including interrupted attempts; None if it has not finished.
    error : Exception or None
        The error it raised, if it has failed.
    """

    task: Task
    seconds: float | None = None
    error: Exception | None = None


def needed(task: Task) -> Task | None:
    """The prerequisite of a task.

    Parameters
    ----------
    task : Experiment, Pretraining or Evaluation

    Returns
    -------
    Pretraining, Experiment or None
        The pretext phase of an experiment; the experiment that an evaluation tests.
    """
    if isinstance(task, Experiment):
        return task.pretraining
    return task.experiment if isinstance(task, Evaluation) else None


def plan(tasks: Iterable[Asked], store: Store) -> list[Task]:
    """The tasks that are still to be run for experiments and evaluations.

    Parameters
    ----------
    tasks : iterable of Experiment or Evaluation
    store : Store
        Tasks with a record in it are not run again.

    Returns
    -------
    list of Experiment, Pretraining or Evaluation
        Each task once, after its prerequisites.
    """
    found: dict[str, Task] = {}

    def add(task: Task) -> None:
        if store.get(task.fingerprint) is None or (
            isinstance(task, Pretraining) and not _is_trained(task, store)
        ):
            if (before := needed(task)) is not None:
                add(before)
            found.setdefault(task.fingerprint, task)

    for task in dict.fromkeys(tasks):
        add(task)
    return list(found.values())


def work(
    tasks: Iterable[Task],
    executor: Executor | None = None,
    store: Store | None = None,
    *,
    max_concurrent: int | Callable[[], int] | None = None,
    may_start: Callable[[Task], bool] = lambda task: True,
    keep_going: bool = True,
    in_order: bool = False,
) -> Iterator[Step]:
    """Run tasks one by one, or in an executor, and yield an event at the start and end of each.

    Parameters
    ----------
    tasks : iterable of Experiment, Pretraining or Evaluation
        As from `plan`.
    executor : concurrent.futures.Executor, optional
        Where to run the tasks; this process if not given. Its workers must see the same store, at
        the same path. Pretext phases are submitted first, and each experiment only after its
        pretext phase has finished, so that no two workers train the same one. The methods with
        their own training, which take longest, come next, so that none is still running alone at
        the end.
    store : Store, optional
        Where records are kept; `wssl.records.store.default_root` if not given.
    max_concurrent : int or callable, optional
        Maximum number of tasks in the executor at a time; unlimited if not given. A callable is
        evaluated every second, for workers that join and leave.
    may_start : callable
        Called before each task starts; once it returns False, no further task starts.
    keep_going : bool
        Whether further tasks start after one has failed. Tasks that depend on it do not start in
        either case, and running tasks are waited for.
    in_order : bool
        Whether tasks are submitted to an executor in their given order.

    Yields
    ------
    Step

    Raises
    ------
    PermissionError
        If the store is not writable. Checked before anything starts.
    ValueError
        If `executor` is no executor, or its processes are forks of this process, which would hang.
    FileNotFoundError
        If the record of a worker's run does not appear in the store.
    concurrent.futures.CancelledError
        If the executor was shut down or lost.
    """
    waiting, store = list(tasks), store or Store()
    store = Store(store.root.absolute())
    _check_executor(executor)
    if waiting:
        store.check_writable()
    if executor is None:
        executor, max_concurrent = _Here(), 1
    elif not in_order:
        waiting.sort(key=_turn)
    running: dict[Future[float], Task] = {}
    failed: set[str] = set()
    try:
        while waiting or running:
            limit = max_concurrent() if callable(max_concurrent) else max_concurrent
            free = None if limit is None else max(0, limit - len(running))
            # A task stands behind what it waits for, so one pass finds all that cannot start.
            for task in waiting:
                if _waits_for(task) in failed:
                    failed.add(task.fingerprint)
            waiting = [task for task in waiting if task.fingerprint not in failed]
            for task in _ready(waiting, running.values())[:free]:
                if not may_start(task):
                    waiting = []
                    break
                waiting.remove(task)
                yield Step(task)
                running[executor.submit(_timed, task, store)] = task
            timeout = _POLL_SECONDS if callable(max_concurrent) else None
            for future in wait(running, timeout, FIRST_COMPLETED).done:
                task, error = running.pop(future), future.exception()
                if error is None:
                    _await_record(task, store)
                    yield Step(task, future.result())
                    continue
                if isinstance(error, CancelledError) or not isinstance(error, Exception):
                    raise error
                failed.add(task.fingerprint)
                if not keep_going:
                    waiting = []
                    running = {f: task for f, task in running.items() if not f.cancel()}
                yield Step(task, error=error)
    finally:
        for future in running:
            future.cancel()


def run_all(
    experiments: Iterable[Experiment],
    executor: Executor | None = None,
    store: Store | None = None,
    *,
    jobs: int | None = None,
) -> list[execution.Result]:
    """Run experiments, or return their stored records, with a progress bar.

    Parameters
    ----------
    experiments : iterable of Experiment
        Equal ones are run once.
    executor : concurrent.futures.Executor, optional
        Where to run them, instead of `jobs` processes on this machine. Its workers must see the
        same store. Pretext phases are run first, so that no two workers train the same one.
    store : Store, optional
        Where records are kept; `wssl.records.store.default_root` if not given.
    jobs : int, optional
        Number of single-threaded worker processes; 1 uses this process. If not given, the value of
        ``WSSL_JOBS``, or else of `jobs_for`.

    Returns
    -------
    list of Result
        In the order of `experiments`.

    Raises
    ------
    ValueError
        If `jobs` is not a number of processes, or `executor` is no executor or one whose processes
        are forks of this process, which would hang.
    wssl.machine.processes.LostWorkerError
        If a worker process died; a note names its run.
    Exception
        The error of the first run that failed. No further run starts, running ones are waited for,
        and finished records are kept.
    """
    experiments, store = list(experiments), store or Store()
    tasks = plan(experiments, store)
    total = sum(isinstance(task, Experiment) for task in tasks)
    errors: list[Exception] = []
    with (
        workers(tasks, jobs, executor) as (where, max_concurrent),
        tqdm(total=total, desc="experiments", unit="run", disable=None) as bar,
    ):
        for step in work(tasks, where, store, max_concurrent=max_concurrent, keep_going=False):
            if step.error is not None:
                step.error.add_note(f"The run that failed: {step.task}")
                errors.append(step.error)
            elif step.seconds is not None and isinstance(step.task, Experiment):
                bar.update()
    if errors:
        raise errors[0]
    return [execution.run(experiment, store) for experiment in experiments]


@contextmanager
def workers(
    tasks: Collection[Task], jobs: int | None = None, executor: Executor | None = None
) -> Iterator[tuple[Executor | None, int | None]]:
    """The executor for `work` and the number of tasks to run at a time.

    Parameters
    ----------
    tasks : collection of Experiment, Pretraining or Evaluation
    jobs : int, optional
        As for `run_all`.
    executor : concurrent.futures.Executor, optional
        Returned unchanged.

    Yields
    ------
    executor : concurrent.futures.Executor or None
        Worker processes, or None for this process; terminated if the block ends with an error.
    max_concurrent : int or None
        None if the executor was given.

    Raises
    ------
    ValueError
        If `jobs` is not a number of processes, or is given together with an executor.
    """
    if executor is not None:
        if jobs is not None:
            raise ValueError(
                f"jobs: not used with an executor, which has workers of its own; received {jobs}. "
                "Remove it."
            )
        yield executor, None
        return
    count = jobs_for(tasks, jobs)
    if count == 1:
        yield None, 1
    else:
        with Processes(count, _start_backend) as pool:
            yield pool, count


def jobs_for(tasks: Collection[Task], jobs: int | None = None) -> int:
    """The number of worker processes to run tasks in; 1 means this process.

    Parameters
    ----------
    tasks : collection of Experiment, Pretraining or Evaluation
    jobs : int, optional
        The requested number; the value of ``WSSL_JOBS`` if not given.

    Returns
    -------
    int
        At most the number of tasks, and 1 inside a worker. If no number was requested, as many as
        cores and memory allow; but 1 on a GPU, which one run fills, and 1 if a loss, a pretext
        task, a network or a data source from outside the package is registered, which another
        process would not know.

    Raises
    ------
    ValueError
        If `jobs` or ``WSSL_JOBS`` is not an integer of at least 1.
    """
    wanted = processes.chosen(jobs)
    if processes.in_worker() or len(tasks) < 2:
        return 1
    if wanted is not None:
        return min(wanted, len(tasks))
    count = min(resources.room(max(map(memory, tasks))), len(tasks))
    return 1 if count > 1 and (_registered_here() or _has_gpu()) else count


def memory(task: Task) -> int:
    """The memory in bytes that a process needs to train a task on the CPU.

    Parameters
    ----------
    task : Experiment, Pretraining or Evaluation

    Returns
    -------
    int
        `wssl.machine.resources.MEMORY`, and 25 maps of a batch at the first width.
    """
    scale = task.test.scale if isinstance(task, Evaluation) else task.scale
    batch = scale.pretext_batch if isinstance(task, Pretraining) else scale.inpainting_batch
    return resources.MEMORY + _FEATURE_MAPS * 4 * batch * scale.size**2 * scale.width


def _is_trained(phase: Pretraining, store: Store) -> bool:
    weights = store.weights_path(phase.fingerprint)
    return weights.exists() and store.get(phase.fingerprint) is not None


def _ready(waiting: list[Task], running: Iterable[Task]) -> list[Task]:
    """The tasks whose prerequisites are done."""
    unfinished = {task.fingerprint for task in (*waiting, *running)}
    return [task for task in waiting if _waits_for(task) not in unfinished]


def _turn(task: Task) -> int:
    """The priority of a task in an executor; the lowest number is submitted first."""
    if isinstance(task, Pretraining):
        return 0
    if isinstance(task, Evaluation):
        return 3
    return 1 if METHODS[task.method].phase else 2


def _waits_for(task: Task) -> str | None:
    """The fingerprint of the prerequisite of a task."""
    before = needed(task)
    return before.fingerprint if before else None


def _timed(task: Task, store: Store) -> float:
    if processes.in_worker():
        # The progress bar of the waiting process must not be overwritten.
        sys.stderr.isatty = lambda: False  # type: ignore[method-assign]
        _check_known(task)
    began = time.monotonic()
    try:
        record = _record(task, store)
    except OSError:
        # Another worker, presumed lost, has finished the same task and removed its checkpoint.
        found = store.get(task.fingerprint)
        if found is None:
            raise
        record = found
    return max(time.monotonic() - began, record["provenance"].get("seconds", 0.0))


def _record(task: Task, store: Store) -> Mapping[str, Any]:
    if isinstance(task, Pretraining):
        return execution.pretrain(task, store)
    if isinstance(task, Evaluation):
        return execution.evaluate(task, store)
    return execution.run(task, store).record


def _check_known(task: Task) -> None:
    """Raise an error if the task has another fingerprint here than where it was sent."""
    try:
        reason = "" if replace(task).fingerprint == task.fingerprint else "its numbers differ here"
    except ValueError as error:
        reason = str(error)
    if reason:
        raise ValueError(
            f"A worker process lacks an entry that the run needs ({reason}). Entries registered in "
            "a notebook or script exist only there: run with jobs=1 (WSSL_JOBS=1)."
        )


def _registered_here() -> bool:
    """Whether an entry was registered, or replaced, after the package was imported."""
    names = data.SOURCES, data.FORMS, data.STROKES, data.RECIPES
    return any(registry.added for registry in (TASKS, LOSSES, METHODS, OBJECTIVES, *names))


def _has_gpu() -> bool:
    """Whether the backend uses a GPU; the backend is not started if the system has none."""
    if not resources.may_have_gpu():
        return False
    with processes.quiet():
        return bool(accelerators())


def _start_backend() -> None:
    """Load the backend in a worker before its first run."""
    # tqdm's own lock is shared by processes, and a killed process would leave it locked.
    tqdm.set_lock(threading.RLock())
    keras.ops.zeros(1)


def _check_executor(executor: Any) -> None:
    """Raise a ValueError unless it can run tasks: an executor whose processes are no forks."""
    if executor is not None and not isinstance(executor, Executor):
        raise ValueError(
            "executor: expected a concurrent.futures.Executor; received "
            f"{executor!r}, a {type(executor).__name__}. Give jobs=, a number of processes, "
            "instead, or such an executor: ProcessPoolExecutor(2, "
            'mp_context=multiprocessing.get_context("spawn")), or Client(...).get_executor() of '
            "Dask."
        )
    if not isinstance(executor, ProcessPoolExecutor):
        return
    context = getattr(executor, "_mp_context", multiprocessing)
    loaded = [name for name in ("tensorflow", "jax") if name in sys.modules]
    if context.get_start_method() == "fork" and loaded:
        raise ValueError(
            f"executor: expected processes that are spawned; received a pool that forks this "
            f"process, which would hang, as {loaded[0]} is loaded here. Give it "
            'mp_context=multiprocessing.get_context("spawn"), or give jobs= instead of an executor.'
        )


def _await_record(task: Task, store: Store) -> None:
    """Wait until a worker's record is visible; otherwise this process would run the task again.

    A network file system may report for a while that a file does not exist; writing to the folder
    makes it refresh.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while not store.path(task.fingerprint).exists():
        if time.monotonic() > end:
            raise FileNotFoundError(
                f"A worker has finished a run, but its record, {task.fingerprint}.json, is missing "
                f"from {store.root}. Set WSSL_RESULTS to a results folder that all workers share."
            )
        time.sleep(_POLL_SECONDS)
        store.check_writable()


class _Here(Executor):
    """An executor that runs each call immediately."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
