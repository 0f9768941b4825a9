"""How far a study is, how long it will take yet, and showing both while it runs."""

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext, redirect_stderr
from datetime import timedelta
from statistics import fmean

from rich import box
from rich.console import Console, Group
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from wssl.experiment import Experiment, Pretraining
from wssl.report import pretext_name
from wssl.running import Step, Task, plan, work, workers
from wssl.store import Store

Kind = tuple[type, str, str]
Seconds = dict[Kind, list[float]]

_EXPECTED = (ValueError, OSError, ArithmeticError)
"""Errors whose message says all; of others the traceback is shown."""


class Progress:
    """How far the parts of a study are.

    Parameters
    ----------
    parts : mapping of str to sequence of Experiment
        By name; an experiment may be in several.
    store : Store
        What it holds is done; its records tell how long a run takes until one has been run.

    Attributes
    ----------
    left : tuple of Experiment or Pretraining
        What has yet to begin, each once.
    running : dict of Experiment or Pretraining to float
        What has begun, and when, in seconds of `time.monotonic`.
    failed : dict of Experiment or Pretraining to Exception
        What has begun and not ended, and why.
    jobs : int
        How many runs are done side by side, as far as that is known.
    """

    def __init__(self, parts: Mapping[str, Sequence[Experiment]], store: Store):
        self.parts = parts
        self.experiments = [e for listed in parts.values() for e in listed]
        self.left = tuple(plan(self.experiments, store))
        self.running: dict[Task, float] = {}
        self.failed: dict[Task, Exception] = {}
        self.jobs = 1
        self._before = _seconds_of_records(store)
        self._since: Seconds = {}

    def note(self, step: Step) -> None:
        """Take notice of what has begun or ended; whoever reads meanwhile sees before or after."""
        running = {task: began for task, began in self.running.items() if task != step.task}
        if step.error is not None:
            self.failed = {**self.failed, step.task: step.error}
        elif step.seconds is None:
            running[step.task] = time.monotonic()
        else:
            kind = _kind(step.task)
            self._since[kind] = [*self._since.get(kind, []), step.seconds]
        self.running = running
        self.left = tuple(task for task in self.left if task != step.task)

    def expected(self, task: Task) -> float | None:
        """How many seconds a task takes, or None where nothing is known.

        The mean of the pretext phases, or of the experiments of its method, at its preset that have
        ended, or of the records that were there before if none has; of experiments by any method
        where there is none of its own.
        """
        kind = _kind(task)
        for known in (self._since, self._before):
            if kind in known:
                return fmean(known[kind])
        for known in (self._since, self._before):
            if alike := [s for other in known if other[:2] == kind[:2] for s in known[other]]:
                return fmean(alike)
        return None

    def to_go(self, experiments: Iterable[Experiment]) -> float | None:
        """How many seconds experiments and their pretext phases take yet, or None if not known."""
        chosen = {task for e in experiments for task in (e, e.pretraining)}
        running, now, total = self.running, time.monotonic(), 0.0
        tasks = {*self.left, *self.failed, *running} & chosen
        for task in tasks:
            expected = self.expected(task)
            if expected is None:
                return None
            total += max(0.0, expected - (now - running.get(task, now)))
        return total / max(1, len(running), min(self.jobs, len(tasks)))

    def counts(self, experiments: Iterable[Experiment]) -> tuple[int, int, int, int]:
        """How many experiments there are, are done, are running and are left, each once.

        One that has failed is left.
        """
        chosen = set(experiments)
        running = len(chosen.intersection(self.running))
        left = len(chosen.intersection((*self.left, *self.failed)))
        return len(chosen), len(chosen) - running - left, running, left

    def table(self) -> Group:
        """A row for each part and one for all, and what is running now."""
        headings = ("runs", "done", "running", "left", "time to go")
        table = Table("part", *(Column(h, justify="right") for h in headings), box=box.SIMPLE)
        for name, experiments in self.parts.items():
            table.add_row(name, *self._cells(experiments))
        table.add_section()
        table.add_row("all, each once", *self._cells(self.experiments))
        now = time.monotonic()
        lines = [
            Text(f"  now: {describe(task)}, for {_clock(now - began)}")
            for task, began in self.running.items()
        ]
        failures = [
            Text(f"  failed: {describe(task)}: {reason(error)}")
            for task, error in self.failed.items()
        ]
        return Group(table, *failures, *lines)

    def line(self, step: Step) -> str:
        """A task that has ended: the time, how many runs are done, its seconds, itself, parts.

        Of one that has failed, why in place of the seconds.
        """
        total, done, *_ = self.counts(self.experiments)
        names = [
            name
            for name, listed in self.parts.items()
            if any(step.task in (e, e.pretraining) for e in listed)
        ]
        seconds = "  failed" if step.seconds is None else f"{step.seconds:6.1f} s"
        why = "" if step.error is None else f": {reason(step.error)}"
        return (
            f"{time.strftime('%H:%M:%S')}  {done:3}/{total}  {seconds}  "
            f"{describe(step.task)} ({', '.join(names)}){why}"
        )

    def rest(self) -> str:
        """How many runs of which parts are left, and for how long; empty if none."""
        total, _, _, left = self.counts(self.experiments)
        if not left:
            return ""
        parts = {name: self.counts(listed)[3] for name, listed in self.parts.items()}
        where = ", ".join(f"{name}: {count}" for name, count in parts.items() if count)
        seconds = self.to_go(self.experiments)
        time_to_go = "" if seconds is None else f" and take about {_clock(seconds)}"
        return f"{left} of {total} runs are left ({where}){time_to_go}"

    def failures(self) -> str:
        """Which runs failed, and why, a line for each; empty if none."""
        lines = [f"  {describe(task)}: {reason(error)}" for task, error in self.failed.items()]
        if not lines:
            return ""
        runs = "1 run" if len(lines) == 1 else f"{len(lines)} runs"
        return "\n".join([f"{runs} failed:", *lines])

    def _cells(self, experiments: Iterable[Experiment]) -> list[str]:
        counts = self.counts(experiments)
        seconds = self.to_go(experiments)
        return [*map(str, counts), "?" if seconds is None else _clock(seconds)]


def follow(
    parts: Mapping[str, Sequence[Experiment]],
    store: Store,
    budget: float | None = None,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    at_once: int | Callable[[], int] | None = None,
) -> Progress:
    """Run what parts of a study lack, and show how far it is.

    On a terminal as a table that stays up to date, elsewhere as a line for each run that ends. A
    run that fails does not stop the others.

    Parameters
    ----------
    parts : mapping of str to sequence of Experiment
        By name; an experiment in several parts is run once.
    store : Store
    budget : float, optional
        Seconds; the first run that is not expected to end within them is not begun, and no other.
    jobs : int, optional
        As for `wssl.run_all`.
    executor, at_once
        As for `wssl.running.work`, instead of `jobs`.

    Returns
    -------
    Progress
    """
    progress = Progress(parts, store)
    console = Console(force_terminal=sys.stdout.isatty())
    end = None if budget is None else time.monotonic() + budget

    def fits(task: Task) -> bool:
        return end is None or time.monotonic() + (progress.expected(task) or 0.0) <= end

    with (
        workers(progress.left, jobs, executor) as (where, count),
        _live(progress, console) if console.is_interactive else nullcontext(),
    ):
        progress.jobs = count or 1
        for step in work(progress.left, where, store, at_once=at_once or count, may_start=fits):
            progress.note(step)
            ended = step.seconds is not None or step.error is not None
            if ended and not console.is_interactive:
                print(progress.line(step), flush=True)
            if step.error is not None and not isinstance(step.error, _EXPECTED):
                traceback.print_exception(step.error)
    return progress


def describe(task: Task) -> str:
    """A task in a few words: its pretext tasks, what differs from the default, and its seed.

    Parameters
    ----------
    task : Experiment or Pretraining
    """
    words = [pretext_name(task.pretext)] if task.pretext else []
    if isinstance(task, Experiment):
        for name in ("encoder", "frozen_blocks", "loss", "alpha", "a", "method"):
            if getattr(task, name) != getattr(Experiment, name):
                words.append(f"{name} {getattr(task, name)}")
        words += [f"{name} {value}" for name, value in task.settings.items()]
    else:
        words = [f"pretext phase {words[0]}"]
    return ", ".join([*words, f"seed {task.seed}"])


def reason(error: Exception) -> str:
    """Why a run failed, in a line: the error's message, with its type where that says more.

    Parameters
    ----------
    error : Exception
    """
    text = " ".join(str(error).split())
    if isinstance(error, _EXPECTED) and text:
        return text
    return ": ".join(filter(None, [type(error).__name__, text]))


@contextmanager
def _live(progress: Progress, console: Console) -> Iterator[None]:
    stderr = _Above(console, sys.stderr) if sys.stderr.isatty() else sys.stderr
    with (
        redirect_stderr(stderr),
        Live(get_renderable=progress.table, console=console, redirect_stderr=False),
    ):
        yield


class _Above(FileProxy):
    """Prints above the live table, and is no terminal, so that no progress bar is drawn there."""

    def isatty(self) -> bool:
        return False


def _kind(task: Task) -> Kind:
    return type(task), task.preset, task.method if isinstance(task, Experiment) else ""


def _seconds_of_records(store: Store) -> Seconds:
    kinds = {"inpainting": Experiment, "pretext": Pretraining}
    found: Seconds = {}
    for record in store.records():
        experiment = record["experiment"]
        kind = kinds.get(record["kind"])
        seconds = record["provenance"].get("seconds")
        if kind and seconds is not None:
            key = kind, experiment["preset"], experiment.get("method", "")
            found.setdefault(key, []).append(seconds)
    return found


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
