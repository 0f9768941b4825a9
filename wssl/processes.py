"""Worker processes on this machine: how many there are to be, and an executor made of them."""

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
from queue import SimpleQueue
from types import ModuleType, TracebackType
from typing import Any, ParamSpec, TypeVar

VARIABLE = "WSSL_JOBS"
"""The environment variable that says how many worker processes there are to be."""

_GRACE_SECONDS = 5.0

_STARTING = threading.Lock()

P = ParamSpec("P")
T = TypeVar("T")


class LostWorkerError(ChildProcessError):
    """A worker process ended before it had done what it was given."""


def chosen(jobs: int | None = None) -> int | None:
    """How many worker processes somebody asked for.

    Parameters
    ----------
    jobs : int, optional
        An argument, which has precedence over the environment variable ``WSSL_JOBS``.

    Returns
    -------
    int or None
        None if neither says anything.

    Raises
    ------
    ValueError
        If it is not a whole number of at least 1.
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
            f"{name}: expected a number of processes, at least 1; received {given!r}. Leave it out "
            "for one process a core."
        )
    return number


def in_worker() -> bool:
    """Whether this process was started by another Python process to work for it."""
    return multiprocessing.parent_process() is not None


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that this process writes to stderr meanwhile is seen, compiled libraries included."""
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
    """In a worker process: leave Ctrl-C to the parent, and end when it ends, even if killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


class Processes(Executor):
    """Worker processes, of which one may die without harm to the others.

    Each is the one process of a `concurrent.futures.ProcessPoolExecutor`, which breaks when it
    dies; a new one takes its place. What Python code writes to stderr in a process appears on this
    one's. A process starts no processes of its own: for it and for what it runs, ``WSSL_JOBS``
    is 1. The main module is not imported there, so a script needs no
    ``if __name__ == "__main__"``.

    When a ``with`` block ends by an error or by Ctrl-C, the processes are ended at once; otherwise
    what was submitted is waited for.

    Parameters
    ----------
    count : int
        How many.
    prepare : callable, optional
        A function of a module that each process calls first; what it logs is not shown.

    Raises
    ------
    LostWorkerError
        From a future, if the process died that did its work; the message says how.
    """

    def __init__(self, count: int, prepare: Callable[[], object] | None = None):
        self._relay = _Relay()
        self._workers = [_Worker(prepare, self._relay.writer) for _ in range(count)]
        self._threads = ThreadPoolExecutor(count)
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a process call a function, which is sent to it by name, as its arguments by value.

        Parameters
        ----------
        fn : callable
        *args, **kwargs
            Its arguments.
        """
        return self._threads.submit(self._call, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when they have done what was submitted.

        Parameters
        ----------
        wait : bool
            Whether to return only then.
        cancel_futures : bool
            Whether to leave out what has not begun.
        """
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            for worker in self._workers:
                worker.executor.shutdown()
            self._relay.close()

    def terminate(self) -> None:
        """End the processes at once, whatever they do."""
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
    """Neither imports the main module of its parent nor sees Ctrl-C, not even as it starts."""

    def start(self) -> None:
        with _STARTING, _without_interrupts():
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                super().start()
            finally:
                sys.modules["__main__"] = main


class _Worker(SpawnContext):
    """An executor of one process, and the one that takes its place when the process has died."""

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
                raise LostWorkerError("its process was ended with all others")
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
    """What a worker process does first."""
    follow_parent()
    os.environ[VARIABLE] = "1"
    with quiet():
        function = pickle.loads(prepare)
        if function is not None:
            function()
    if stderr is not None:
        sys.stderr = open(os.dup(stderr.fileno()), "w", buffering=1, closefd=False)  # noqa: SIM115


def _answer(call: bytes) -> Any:
    """Call a function in a worker process, and clean up after it if the process is ended."""
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
    """How a process ended, in words."""
    if status is None or status >= 0:
        return f"its process ended with status {status}"
    name = signal.Signals(-status).name
    hint = ", perhaps for want of memory: fewer jobs need less" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{hint}"


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that is started meanwhile does not see Ctrl-C, not even as it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
