"""Progress of a study and its remaining time, and their display during a run."""

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext, redirect_stderr
from datetime import timedelta
from statistics import median
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from wssl.experiment import Evaluation, Pretraining
from wssl.machine.resources import processor
from wssl.records import fields
from wssl.records.store import Store
from wssl.scheduling.schedule import Asked, Step, Task, needed, plan, work, workers

Kind = tuple[str, str, str]
Speeds = dict[Kind, list[float]]

_WIDTH_POWER = 1.8
"""The power of the first width with which a step's time grows, measured at widths 16 and 32."""

_EXPECTED = (ValueError, OSError, ArithmeticError)
"""Errors whose message is sufficient; for others the traceback is shown."""


class Progress:
    """The progress of the parts of a study.

    Parameters
    ----------
    parts : mapping of str to sequence of Experiment or Evaluation
        By name; a task may be in several parts.
    store : Store
        Tasks with a record in it are done. Its records provide estimates until a run has finished.

    Attributes
    ----------
    left : tuple of Experiment, Pretraining or Evaluation
        The tasks that have not started, each once.
    running : dict of Experiment, Pretraining or Evaluation to float
        The tasks that are running, with their start, in seconds of `time.monotonic`.
    failed : dict of Experiment, Pretraining or Evaluation to Exception
        The tasks that failed, with their errors.
    jobs : int
        The number of parallel runs, if known.
    """

    def __init__(self, parts: Mapping[str, Sequence[Asked]], store: Store):
        self.parts = parts
        self.experiments = [e for listed in parts.values() for e in listed]
        self.left = tuple(plan(self.experiments, store))
        self.running: dict[Task, float] = {}
        self.failed: dict[Task, Exception] = {}
        self.jobs = 1
        self._here, self._anywhere = _speeds_of_records(store)
        self._since: Speeds = {}

    def note(self, step: Step) -> None:
        """Record the start or end of a task. Updates are atomic for concurrent readers."""
        running = {task: began for task, began in self.running.items() if task != step.task}
        if step.error is not None:
            self.failed = {**self.failed, step.task: step.error}
        elif step.seconds is None:
            running[step.task] = time.monotonic()
        else:
            kind = _kind(step.task)
            speed = step.seconds / _effort(step.task)
            self._since[kind] = [*self._since.get(kind, []), speed]
        self.running = running
        self.left = tuple(task for task in self.left if task != step.task)

    def expected(self, task: Task) -> float | None:
        """The expected seconds of a task, or None if nothing is known.

        Estimated in proportion to its effort (steps, images, pixels, width) from finished tasks of
        its kind, or from earlier records if none has finished: those of this processor, or else
        all. Its kind are the pretext phases, or the experiments of its method, or of any method if
        there are none of its own, all at its preset.
        """
        kind = _kind(task)
        sources = self._since, self._here, self._anywhere
        for known in sources:
            if kind in known:
                return median(known[kind]) * _effort(task)
        for known in sources:
            if alike := [s for other in known if other[:2] == kind[:2] for s in known[other]]:
                return median(alike) * _effort(task)
        return None

    def to_go(self, asked: Iterable[Asked]) -> float | None:
        """The remaining seconds of tasks and their prerequisites, or None if unknown."""
        chosen = {task for e in asked for task in _chain(e)}
        running, now, total = self.running, time.monotonic(), 0.0
        tasks = {*self.left, *self.failed, *running} & chosen
        for task in tasks:
            expected = self.expected(task)
            if expected is None:
                return None
            total += max(0.0, expected - (now - running.get(task, now)))
        return total / max(1, len(running), min(self.jobs, len(tasks)))

    def counts(self, asked: Iterable[Asked]) -> tuple[int, int, int, int]:
        """The number of experiments in total, done, running and left, each counted once.

        A failed experiment counts as left.
        """
        chosen = set(asked)
        running = len(chosen.intersection(self.running))
        left = len(chosen.intersection((*self.left, *self.failed)))
        return len(chosen), len(chosen) - running - left, running, left

    def table(self) -> Group:
        """A table with a row for each part and one for the total, and the running tasks."""
        headings = ("runs", "done", "running", "left", "time to go")
        table = Table("part", *(Column(h, justify="right") for h in headings), box=box.SIMPLE)
        for name, experiments in self.parts.items():
            table.add_row(name, *self._cells(experiments))
        table.add_section()
        table.add_row("all, each once", *self._cells(self.experiments))
        now = time.monotonic()
        lines = [
            Text(f"  now: {describe(task)}, for {clock(now - began)}")
            for task, began in self.running.items()
        ]
        failures = [
            Text(f"  failed: {describe(task)}: {reason(error)}")
            for task, error in self.failed.items()
        ]
        return Group(table, *failures, *lines)

    def line(self, step: Step) -> str:
        """The line of a finished task: time, number of finished runs, seconds, task, parts.

        For a failed task, it has the reason in place of the seconds.
        """
        total, done, *_ = self.counts(self.experiments)
        names = [
            name
            for name, listed in self.parts.items()
            if any(step.task in _chain(e) for e in listed)
        ]
        seconds = "  failed" if step.seconds is None else f"{step.seconds:6.1f} s"
        why = "" if step.error is None else f": {reason(step.error)}"
        return (
            f"{time.strftime('%H:%M:%S')}  {done:3}/{total}  {seconds}  "
            f"{describe(step.task)} ({', '.join(names)}){why}"
        )

    def rest(self) -> str:
        """The number of runs left in each part and the remaining time; empty if none are left."""
        total, _, _, left = self.counts(self.experiments)
        if not left:
            return ""
        parts = {name: self.counts(listed)[3] for name, listed in self.parts.items()}
        where = ", ".join(f"{name}: {count}" for name, count in parts.items() if count)
        seconds = self.to_go(self.experiments)
        time_to_go = "" if seconds is None else f" and take about {clock(seconds)}"
        return f"{left} of {total} runs are left ({where}){time_to_go}"

    def failures(self) -> str:
        """The failed runs with the reasons, one per line; empty if there are none."""
        lines = [f"  {describe(task)}: {reason(error)}" for task, error in self.failed.items()]
        if not lines:
            return ""
        runs = "1 run" if len(lines) == 1 else f"{len(lines)} runs"
        return "\n".join([f"{runs} failed:", *lines])

    def _cells(self, experiments: Iterable[Asked]) -> list[str]:
        counts = self.counts(experiments)
        seconds = self.to_go(experiments)
        return [*map(str, counts), "?" if seconds is None else clock(seconds)]


def follow(
    parts: Mapping[str, Sequence[Asked]],
    store: Store,
    budget: float | None = None,
    *,
    in_order: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
    max_concurrent: int | Callable[[], int] | None = None,
) -> Progress:
    """Run the missing tasks of the parts of a study, and show the progress.

    On a terminal the progress is a live table, elsewhere one line per finished run. A failed run
    does not stop the others.

    Parameters
    ----------
    parts : mapping of str to sequence of Experiment or Evaluation
        By name; an experiment in several parts is run once.
    store : Store
    budget : float, optional
        Seconds. No run is started once the next one is not expected to finish within them.
    in_order : bool
        Whether runs start in the order of the parts.
    jobs : int, optional
        As for `wssl.run_all`.
    executor, max_concurrent
        As for `wssl.scheduling.schedule.work`, instead of `jobs`.

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
        for step in work(
            progress.left,
            where,
            store,
            max_concurrent=max_concurrent or count,
            may_start=fits,
            in_order=in_order,
        ):
            progress.note(step)
            ended = step.seconds is not None or step.error is not None
            if ended and not console.is_interactive:
                print(progress.line(step), flush=True)
            if step.error is not None and not isinstance(step.error, _EXPECTED):
                traceback.print_exception(step.error)
    return progress


def describe(task: Task) -> str:
    """Describe a task briefly: its pretext tasks, differences from the defaults, and its seed.

    Parameters
    ----------
    task : Experiment, Pretraining or Evaluation
    """
    return fields.describe(_kind(task)[0], task.to_dict())


def reason(error: Exception) -> str:
    """The reason for a failure in one line: the message, with the type if informative.

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
    """Prints above the live table; not a terminal, so that no progress bar is drawn there."""

    def isatty(self) -> bool:
        return False


def _chain(task: Task) -> list[Task]:
    """A task and its prerequisites, in order."""
    before = needed(task)
    return [task, *(_chain(before) if before is not None else [])]


def _kind(task: Task) -> Kind:
    if isinstance(task, Pretraining):
        return "pretext", task.preset, ""
    if isinstance(task, Evaluation):
        return "evaluation", task.experiment.preset, task.experiment.method
    return "inpainting", task.preset, task.method


def _effort(task: Task) -> float:
    return 1.0 if isinstance(task, Evaluation) else _effort_of(task.hyperparameters())


def _effort_of(scale: Mapping[str, Any]) -> float:
    """A number roughly proportional to the duration of runs of one kind and method."""
    phase = "pretext" if "pretext_steps" in scale else "inpainting"
    if f"{phase}_steps" not in scale:
        return float(scale["size"] ** 2)
    images = scale[f"{phase}_steps"] * scale[f"{phase}_batch"]
    return float(images * scale["size"] ** 2 * scale["width"] ** _WIDTH_POWER)


def _speeds_of_records(store: Store) -> tuple[Speeds, Speeds]:
    """The speeds of earlier runs: of those on this processor, and of all."""
    here: Speeds = {}
    anywhere: Speeds = {}
    for record in store.records():
        seconds = record["provenance"].get("seconds")
        if seconds is not None and fields.is_of_network(record):
            own = fields.trained_experiment(record)
            method = "" if fields.is_pretext(record) else own["method"]
            effort = 1.0 if fields.is_evaluation(record) else _effort_of(record["scale"])
            key = record["kind"], own["preset"], method
            anywhere.setdefault(key, []).append(seconds / effort)
            if record["provenance"].get("processor") == processor():
                here.setdefault(key, []).append(seconds / effort)
    return here, anywhere


def clock(seconds: float) -> str:
    """A time as ``h:mm:ss``.

    Parameters
    ----------
    seconds : float
    """
    return str(timedelta(seconds=round(seconds)))
