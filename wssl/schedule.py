"""Running many experiments: what has yet to be done, in which order, and what happens meanwhile."""

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

from wssl import data, machine, processes, runs
from wssl.backend import keras
from wssl.devices import accelerators
from wssl.experiment import Evaluation, Experiment, Pretraining
from wssl.losses import LOSSES
from wssl.methods import METHODS, OBJECTIVES
from wssl.pretext import TASKS
from wssl.processes import Processes
from wssl.store import Store

Asked = Experiment | Evaluation
"""What somebody asks for; what it needs follows."""

Task = Experiment | Pretraining | Evaluation

_FEATURE_MAPS = 25
"""How many maps of a batch, of the first width, training keeps in memory; measured with the U-Net
from 64 to 128 px."""

_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 90.0

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """A task has begun, has ended or has failed.

    Attributes
    ----------
    task : Experiment, Pretraining or Evaluation
    seconds : float or None
        How long it took, with the attempts before that were stopped; None if it has not ended.
    error : Exception or None
        What it raised, if it has failed.
    """

    task: Task
    seconds: float | None = None
    error: Exception | None = None


def needed(task: Task) -> Task | None:
    """What has to be done before a task.

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
    """What has yet to be run for these experiments and evaluations.

    Parameters
    ----------
    tasks : iterable of Experiment or Evaluation
    store : Store
        What it holds is not run again.

    Returns
    -------
    list of Experiment, Pretraining or Evaluation
        Each once, and before it what it needs and what has yet to be run.
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
    """Run tasks one after the other, or in an executor, and tell of each that begins and ends.

    Parameters
    ----------
    tasks : iterable of Experiment, Pretraining or Evaluation
        As from `plan`.
    executor : concurrent.futures.Executor, optional
        Where to run them; here if not given. Its workers must see the same store, at the same
        path. Pretext phases are handed to it first, and an experiment only after its own has
        ended, so that no two workers train the same one. Then come the methods with
        a training of their own, which take longest, so that no worker is left alone with one at
        the end.
    store : Store, optional
        Where records are kept; `wssl.store.default_root` if not given.
    max_concurrent : int or callable, optional
        How many tasks the executor is given at a time; as many as can be if not given. What is
        called is asked every second, for workers that come and go.
    may_start : callable
        Asked before each task begins; after the first no, no other begins.
    keep_going : bool
        Whether other tasks begin after one that failed. Those that need it do not in either case,
        and those that are running are waited for.
    in_order : bool
        Whether an executor, too, is given tasks in their own order.

    Yields
    ------
    Step

    Raises
    ------
    PermissionError
        If the store cannot be written (told before anything begins).
    ValueError
        If the processes of the executor are forks of this one, which would hang.
    FileNotFoundError
        If the record of what a worker did does not appear in the store.
    concurrent.futures.CancelledError
        If the executor was shut down or lost.
    """
    waiting, store = list(tasks), store or Store()
    store = Store(store.root.absolute())
    if waiting:
        _refuse_forks(executor)
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
            failed |= {task.fingerprint for task in waiting if _waits_for(task) in failed}
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
) -> list[runs.Result]:
    """Run experiments, or take their records from the store, with a progress bar.

    Parameters
    ----------
    experiments : iterable of Experiment
        Equal ones are run once.
    executor : concurrent.futures.Executor, optional
        Where to run them, instead of in `jobs` processes of this machine. Its workers must see the
        same store. Pretext phases are run first, so that no two workers train the same one.
    store : Store, optional
        Where records are kept; `wssl.store.default_root` if not given.
    jobs : int, optional
        How many worker processes run them side by side, one thread each; with 1, this process does.
        If not given, what ``WSSL_JOBS`` says, or else `jobs_for`.

    Returns
    -------
    list of Result
        In the order of `experiments`.

    Raises
    ------
    ValueError
        If `jobs` is not a number of processes, or the processes of `executor` are forks of this
        one, which would hang.
    wssl.processes.LostWorkerError
        If a worker process died; a note names its run.
    Exception
        What the first run that failed raised. No other begins after it, those that are running
        are waited for, and what was done is kept.
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
    return [runs.run(experiment, store) for experiment in experiments]


@contextmanager
def workers(
    tasks: Collection[Task], jobs: int | None = None, executor: Executor | None = None
) -> Iterator[tuple[Executor | None, int | None]]:
    """Where to run tasks, and how many at once, as `work` wants it.

    Parameters
    ----------
    tasks : collection of Experiment, Pretraining or Evaluation
    jobs : int, optional
        As for `run_all`.
    executor : concurrent.futures.Executor, optional
        Is taken as it is.

    Yields
    ------
    executor : concurrent.futures.Executor or None
        Worker processes, or None for this process; ended at once if the block is left by an error.
    max_concurrent : int or None
        None if the executor was given.

    Raises
    ------
    ValueError
        If `jobs` is not a number of processes or is given beside an executor.
    """
    if executor is not None:
        if jobs is not None:
            raise ValueError(
                f"jobs: expected none beside an executor, which has workers of its own; received "
                f"{jobs}."
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
    """How many worker processes run tasks side by side; 1 stands for this process.

    Parameters
    ----------
    tasks : collection of Experiment, Pretraining or Evaluation
    jobs : int, optional
        How many somebody wants; what ``WSSL_JOBS`` says if not given.

    Returns
    -------
    int
        Never more than there are tasks, and 1 inside a worker. Where nobody says a number, as many
        as there are cores that this process may use, and memory for them; but 1 on a GPU, which
        one run fills, and where a loss, a pretext task, a network or a data source is registered
        that is not the package's: another process would not know it.

    Raises
    ------
    ValueError
        If `jobs` or ``WSSL_JOBS`` is not a whole number of at least 1.
    """
    wanted = processes.chosen(jobs)
    if processes.in_worker() or len(tasks) < 2:
        return 1
    if wanted is not None:
        return min(wanted, len(tasks))
    count = min(machine.room(max(map(memory, tasks))), len(tasks))
    return 1 if count > 1 and (_registered_here() or _has_gpu()) else count


def memory(task: Task) -> int:
    """How many bytes a process needs that runs a task on the CPU, as far as training goes.

    Parameters
    ----------
    task : Experiment, Pretraining or Evaluation

    Returns
    -------
    int
        `wssl.machine.MEMORY`, and 25 maps of a batch at the first width.
    """
    scale = task.test.scale if isinstance(task, Evaluation) else task.scale
    batch = scale.pretext_batch if isinstance(task, Pretraining) else scale.inpainting_batch
    return machine.MEMORY + _FEATURE_MAPS * 4 * batch * scale.size**2 * scale.width


def _is_trained(phase: Pretraining, store: Store) -> bool:
    weights = store.weights_path(phase.fingerprint)
    return weights.exists() and store.get(phase.fingerprint) is not None


def _ready(waiting: list[Task], running: Iterable[Task]) -> list[Task]:
    """Those that wait for no other."""
    unfinished = {task.fingerprint for task in (*waiting, *running)}
    return [task for task in waiting if _waits_for(task) not in unfinished]


def _turn(task: Task) -> int:
    """Which tasks an executor is given first: those with the lowest number."""
    if isinstance(task, Pretraining):
        return 0
    if isinstance(task, Evaluation):
        return 3
    return 1 if METHODS[task.method].phase else 2


def _waits_for(task: Task) -> str | None:
    """The fingerprint of what has to be done before a task."""
    before = needed(task)
    return before.fingerprint if before else None


def _timed(task: Task, store: Store) -> float:
    if processes.in_worker():
        # No progress bars over those of the process that waits for this one.
        sys.stderr.isatty = lambda: False  # type: ignore[method-assign]
        _check_known(task)
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


def _record(task: Task, store: Store) -> Mapping[str, Any]:
    if isinstance(task, Pretraining):
        return runs.pretrain(task, store)
    if isinstance(task, Evaluation):
        return runs.evaluate(task, store)
    return runs.run(task, store).record


def _check_known(task: Task) -> None:
    """Fail if this process takes the task for another one than the process that sent it."""
    try:
        reason = "" if replace(task).fingerprint == task.fingerprint else "its numbers differ here"
    except ValueError as error:
        reason = str(error)
    if reason:
        raise ValueError(
            f"A worker process does not know all that the run needs ({reason}). What is registered "
            "in a notebook or script is known there only: run with jobs=1 (WSSL_JOBS=1)."
        )


def _registered_here() -> bool:
    """Whether something is registered that does not come from this package."""
    registries: tuple[Any, ...] = (
        LOSSES,
        TASKS,
        data.SOURCES,
        data.FORMS,
        data.STROKES,
    )
    entries = [entry for registry in registries for entry in registry.values()]
    parts = ([m.network, m.phase, m.variants, m.fill] for m in METHODS.values())
    entries += [objective.phase for objective in OBJECTIVES.values()]
    entries += [part for method in parts for part in method if part is not None]
    functions = (getattr(e, "func", getattr(e, "transform", e)) for e in entries)
    return any(not str(f.__module__).startswith("wssl.") for f in functions)


def _has_gpu() -> bool:
    """Whether there is a GPU that the backend uses; not asked where the system has none."""
    if not machine.may_have_gpu():
        return False
    with processes.quiet():
        return bool(accelerators())


def _start_backend() -> None:
    """Start what is slow to start, in a worker whose first run is not there yet."""
    # tqdm's own lock is one across processes, which a process that is killed leaves behind.
    tqdm.set_lock(threading.RLock())
    keras.ops.zeros(1)


def _refuse_forks(executor: Executor | None) -> None:
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
