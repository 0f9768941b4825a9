"""Worker processes on this machine: how many it has room for, and an executor made of them."""

import math
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import TextIOBase
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType, TracebackType
from typing import Any, ParamSpec, TypeVar

VARIABLE = "WSSL_JOBS"
"""The environment variable that says how many worker processes there are to be."""

MEMORY = 2**30
"""Bytes that a worker process needs beside its batches: the backend, the graphs and the images."""

_GRACE_SECONDS = 5.0

_SPAWN = multiprocessing.get_context("spawn")
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


def room(memory: int = MEMORY, root: Path = Path("/")) -> int:
    """How many worker processes of one thread this machine has cores and memory for.

    Parameters
    ----------
    memory : int
        Bytes that each needs.
    root : Path
        Below which ``proc`` and ``sys`` are.

    Returns
    -------
    int
        At least 1. Memory is no bound where the system does not say how much is available.
    """
    available = available_memory(root)
    fitting = cores(root) if available is None else min(cores(root), available // memory)
    return max(1, fitting)


def cores(root: Path = Path("/")) -> int:
    """How many cores this process may use: those of its affinity, within its CPU quota.

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
    """How many bytes a new process may use: what the machine and the control groups have left.

    Parameters
    ----------
    root : Path
        Below which ``proc`` and ``sys`` are.

    Returns
    -------
    int or None
        None where it is not known, as outside of Linux.
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

    A new one takes the place of a process that has died. What Python code writes to stderr in a
    process appears on this one's. A process starts no processes of its own: for it and for what it
    runs, ``WSSL_JOBS`` is 1. The main module is not imported there, so a script needs no
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
        # The tracker would unblock Ctrl-C in the thread that starts it.
        resource_tracker.ensure_running()
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._workers = [_Worker(prepare) for _ in range(count)]
        self._threads = ThreadPoolExecutor(count)
        for worker in self._workers:
            worker.start()
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
                worker.close()

    def terminate(self) -> None:
        """End the processes at once, whatever they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        try:
            for worker in self._workers:
                worker.terminate()
            end = time.monotonic() + _GRACE_SECONDS
            for worker in self._workers:
                worker.join(end - time.monotonic())
        finally:
            for worker in self._workers:
                worker.kill()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.terminate()
        self.shutdown()

    def _call(self, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        worker = self._idle.get()
        try:
            result: T = worker.call(fn, args, kwargs)
            return result
        finally:
            self._idle.put(worker)


class _Worker:
    """A process, and the one that takes its place when it has died."""

    def __init__(self, prepare: Callable[[], object] | None):
        self._prepare = prepare
        self._lock = threading.Lock()
        self._ended = False

    def start(self) -> None:
        with self._lock:
            if self._ended:
                raise LostWorkerError("its process was ended with all others")
            self._connection, there = _SPAWN.Pipe()
            self._process = _SPAWN.Process(target=_serve, args=(there,), daemon=True)
            with _STARTING, _without_main(), _without_interrupts():
                self._process.start()
            there.close()
            self._connection.send(self._prepare)

    def call(self, *call: Any) -> Any:
        try:
            if not self._process.is_alive():
                self.start()
            self._connection.send(call)
            kind, value = self._connection.recv()
            while kind == "text":
                sys.stderr.write(value)
                kind, value = self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            raise LostWorkerError(_end(self._process.exitcode)) from None
        if kind == "error":
            raise value
        return value

    def terminate(self) -> None:
        with self._lock:
            self._ended = True
            self._process.terminate()

    def join(self, seconds: float) -> None:
        self._process.join(max(0.0, seconds))

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._connection.close()
        self._process.join()
        self._process.close()


class _Relay(TextIOBase):
    """A worker's stderr: no terminal, and written by the process that waits for the worker."""

    def __init__(self, send: Callable[[Any], None]):
        self._send = send

    def write(self, text: str) -> int:
        self._send(("text", text))
        return len(text)


def _serve(connection: Connection) -> None:
    """What a worker process does: answer calls until the other end is closed."""
    follow_parent()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ[VARIABLE] = "1"
    lock = threading.Lock()

    def send(answer: Any) -> None:
        with lock:
            connection.send(answer)

    try:
        with quiet():
            prepare = connection.recv()
            if prepare is not None:
                prepare()
        sys.stderr = _Relay(send)
        while True:
            send(_answer(connection))
    except (EOFError, ConnectionError):
        pass
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGTERM)


def _answer(connection: Connection) -> tuple[str, Any]:
    try:
        function, arguments, named = connection.recv()
    except (EOFError, ConnectionError):
        raise
    except Exception as error:
        return "error", _portable(error)
    try:
        return "result", function(*arguments, **named)
    except Exception as error:
        return "error", _portable(error)


def _portable(error: Exception) -> Exception:
    """The error as it can be sent, with its traceback as a note."""
    note = f"In a worker process:\n{''.join(traceback.format_exception(error)).rstrip()}"
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(note)
    return error


def _end(status: int | None) -> str:
    """How a process ended, in words."""
    if status is None or status >= 0:
        return f"its process ended with status {status}"
    name = signal.Signals(-status).name
    hint = ", perhaps for want of memory: fewer jobs need less" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{hint}"


@contextmanager
def _without_main() -> Iterator[None]:
    """A process that is started meanwhile does not import the main module of this one."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


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
    """The numbers in a file; none if it is missing or says that there is no limit."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    return [] if "max" in words else [int(word) for word in words]


def _fields(path: Path, name: str) -> list[int]:
    """The number behind a name at the beginning of a line, if the file has it."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return []
    return [int(line.split()[1]) for line in lines if line.split()[:1] == [name]]
