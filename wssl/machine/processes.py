"""Worker processes on this machine: their number, and an executor."""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.util import Finalize
from queue import SimpleQueue
from types import ModuleType, TracebackType
from typing import Any, ParamSpec, TypeVar

VARIABLE = "WSSL_JOBS"
"""The environment variable with the number of worker processes."""

_GRACE_SECONDS = 5.0
_LAST = -1000

_STARTING = threading.Lock()

P = ParamSpec("P")
T = TypeVar("T")


class LostWorkerError(ChildProcessError):
    """A worker process ended before it had finished its task."""


def chosen(jobs: int | None = None) -> int | None:
    """The number of worker processes that the user requested.

    Parameters
    ----------
    jobs : int, optional
        An argument, which takes precedence over the environment variable ``WSSL_JOBS``.

    Returns
    -------
    int or None
        None if neither is set.

    Raises
    ------
    ValueError
        If it is not an integer of at least 1.
    """
    name, given = ("jobs", jobs) if jobs is not None else (VARIABLE, os.environ.get(VARIABLE))
    if given is None or given == "":
        return None
    try:
        number = int(given)
    except ValueError:
        number = 0
    if number < 1:
        raise ValueError(
            f"{name}: expected a number of processes, at least 1; received {given!r}. Remove it "
            "for one process per core."
        )
    return number


def in_worker() -> bool:
    """Whether this process is a worker of another Python process."""
    return multiprocessing.parent_process() is not None


@contextmanager
def quiet() -> Iterator[None]:
    """Context manager: suppress all output to stderr, including that of compiled libraries."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def follow_parent() -> None:
    """In a worker process, leave Ctrl-C to the parent, and exit when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


class Processes(Executor):
    """An executor of worker processes in which the death of one does not affect the others.

    Each is the only process of a `concurrent.futures.ProcessPoolExecutor`, which breaks and is
    replaced if the process dies. Output of Python code to stderr in a worker appears on the stderr
    of this process. Workers start no further processes: ``WSSL_JOBS`` is 1 for them. The main
    module is not imported there, so a script needs no ``if __name__ == "__main__"``.

    If a ``with`` block ends with an error or Ctrl-C, the processes are terminated at once;
    otherwise it waits for the submitted calls.

    Parameters
    ----------
    count : int
        How many.
    prepare : callable, optional
        A module-level function that each process calls first; its log output is suppressed.

    Raises
    ------
    LostWorkerError
        From a future, if its process died; the message says how.
    """

    def __init__(self, count: int, prepare: Callable[[], object] | None = None):
        self._relay = _Relay()
        self._workers = [_Worker(prepare, self._relay.writer) for _ in range(count)]
        self._threads = ThreadPoolExecutor(count)
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function in a process. The function is sent by name, its arguments by value.

        Parameters
        ----------
        fn : callable
        *args, **kwargs
            Its arguments.
        """
        return self._threads.submit(self._call, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when they have finished the submitted calls.

        Parameters
        ----------
        wait : bool
            Whether to wait for that before returning.
        cancel_futures : bool
            Whether to cancel calls that have not started.
        """
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            for worker in self._workers:
                worker.executor.shutdown()
            self._relay.close()

    def terminate(self) -> None:
        """Terminate the processes immediately."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        try:
            for worker in self._workers:
                worker.terminate()
            end = time.monotonic() + _GRACE_SECONDS
            for worker in self._workers:
                worker.process.join(max(0.0, end - time.monotonic()))
        finally:
            for worker in self._workers:
                worker.process.kill()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.terminate()
        self.shutdown()

    def _call(self, *call: Any) -> Any:
        worker = self._idle.get()
        try:
            return worker.call(pickle.dumps(call))
        finally:
            self._idle.put(worker)


class _Process(SpawnProcess):
    """A process that neither imports the parent's main module nor receives Ctrl-C."""

    def start(self) -> None:
        with _STARTING, _without_interrupts():
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                super().start()
            finally:
                sys.modules["__main__"] = main


class _Worker(SpawnContext):
    """An executor of one process, which is replaced if the process dies."""

    process: _Process
    executor: ProcessPoolExecutor

    def __init__(self, prepare: Callable[[], object] | None, stderr: Connection | None):
        self._first = pickle.dumps(prepare), stderr
        self._lock = threading.Lock()
        self._ended = False
        self._start()

    def Process(self, *args: Any, **kwargs: Any) -> _Process:  # type: ignore[override]  # noqa: N802
        self.process = _Process(*args, **kwargs)
        return self.process

    def call(self, call: bytes) -> Any:
        try:
            if not self.process.is_alive():
                self._start()
            return self.executor.submit(_answer, call).result()
        except BrokenProcessPool:
            self.executor.shutdown()
            raise LostWorkerError(_end(self.process.exitcode)) from None

    def terminate(self) -> None:
        with self._lock:
            self._ended = True
            self.process.terminate()

    def _start(self) -> None:
        with self._lock:
            if self._ended:
                raise LostWorkerError("its process was terminated with all others")
            self.executor = ProcessPoolExecutor(1, self, _begin, self._first)
            self.executor.submit(int)  # starts the process
            # Its results end with it, even where it is killed half-way through sending one: this
            # process, which never sends any, would keep the pipe open and wait for the rest.
            self.executor._result_queue._writer.close()  # type: ignore[attr-defined]


class _Relay:
    """A pipe to this process's stderr, where the system has pipes of file descriptors."""

    writer: Connection | None = None

    def __init__(self) -> None:
        if os.name != "nt":
            self._reader, self.writer = multiprocessing.Pipe(duplex=False)
            self._thread = threading.Thread(target=self._copy, daemon=True)
            self._thread.start()

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self._thread.join()

    def _copy(self) -> None:
        with open(self._reader.fileno(), errors="replace", closefd=False) as lines:
            for line in lines:
                sys.stderr.write(line)


def _begin(prepare: bytes, stderr: Connection | None) -> None:
    """Initialise a worker process."""
    follow_parent()
    # Whatever a worker has made is written by then, and to take down a backend needs seconds.
    Finalize(None, os._exit, args=(0,), exitpriority=_LAST)
    os.environ[VARIABLE] = "1"
    with quiet():
        function = pickle.loads(prepare)
        if function is not None:
            function()
    if stderr is not None:
        sys.stderr = open(os.dup(stderr.fileno()), "w", buffering=1, closefd=False)  # noqa: SIM115


def _answer(call: bytes) -> Any:
    """Call a function in a worker process, and clean up if the process is terminated."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            function, arguments, named = pickle.loads(call)
            return function(*arguments, **named)
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGTERM)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        raise


def _end(status: int | None) -> str:
    """Describe in words how a process ended."""
    if status is None or status >= 0:
        return f"its process ended with status {status}"
    name = signal.Signals(-status).name
    hint = (
        ", possibly because it ran out of memory; fewer jobs need less memory"
        if name == "SIGKILL"
        else ""
    )
    return f"its process was ended by {name}{hint}"


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Context manager: processes started inside it do not receive Ctrl-C, even at start-up."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
