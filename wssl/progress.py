"""How far a study is, how long it will take yet, and showing both while it runs."""

import sys
import time
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
from wssl.running import Step, Task, plan, work
from wssl.store import Store

Seconds = dict[tuple[type, str], list[float]]


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
    """

    def __init__(self, parts: Mapping[str, Sequence[Experiment]], store: Store):
        self.parts = parts
        self.experiments = [e for listed in parts.values() for e in listed]
        self.left = tuple(plan(self.experiments, store))
        self.running: dict[Task, float] = {}
        self._before = _seconds_of_records(store)
        self._since: Seconds = {}

    def note(self, step: Step) -> None:
        """Take notice of what has begun or ended; whoever reads meanwhile sees before or after."""
        running = {task: began for task, began in self.running.items() if task != step.task}
        if step.seconds is None:
            running[step.task] = time.monotonic()
        else:
            kind = (type(step.task), step.task.preset)
            self._since[kind] = [*self._since.get(kind, []), step.seconds]
        self.running = running
        self.left = tuple(task for task in self.left if task != step.task)

    def expected(self, task: Task) -> float | None:
        """How many seconds a task takes, or None where nothing is known.

        The mean of the pretext phases or experiments at its preset that have ended, or of the
        records that were there before if none has.
        """
        kind = (type(task), task.preset)
        known = self._since.get(kind) or self._before.get(kind)
        return fmean(known) if known else None

    def to_go(self, experiments: Iterable[Experiment]) -> float | None:
        """How many seconds experiments and their pretext phases take yet, or None if not known."""
        chosen = {task for e in experiments for task in (e, e.pretraining)}
        running, now, total = self.running, time.monotonic(), 0.0
        for task in {*self.left, *running} & chosen:
            expected = self.expected(task)
            if expected is None:
                return None
            total += max(0.0, expected - (now - running.get(task, now)))
        return total / max(1, len(running))

    def counts(self, experiments: Iterable[Experiment]) -> tuple[int, int, int, int]:
        """How many experiments there are, are done, are running and are left, each once."""
        chosen = set(experiments)
        running = len(chosen.intersection(self.running))
        left = len(chosen.intersection(self.left))
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
        return Group(table, *lines)

    def line(self, step: Step) -> str:
        """A task that has ended: the time, how many runs are done, its seconds, itself, parts."""
        total, done, *_ = self.counts(self.experiments)
        names = [
            name
            for name, listed in self.parts.items()
            if any(step.task in (e, e.pretraining) for e in listed)
        ]
        return (
            f"{time.strftime('%H:%M:%S')}  {done:3}/{total}  {step.seconds:6.1f} s  "
            f"{describe(step.task)} ({', '.join(names)})"
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

    def _cells(self, experiments: Iterable[Experiment]) -> list[str]:
        counts = self.counts(experiments)
        seconds = self.to_go(experiments)
        return [*map(str, counts), "?" if seconds is None else _clock(seconds)]


def follow(
    parts: Mapping[str, Sequence[Experiment]],
    store: Store,
    budget: float | None = None,
    *,
    executor: Executor | None = None,
    at_once: int | Callable[[], int] | None = None,
) -> Progress:
    """Run what parts of a study lack, and show how far it is.

    On a terminal as a table that stays up to date, elsewhere as a line for each run that ends.

    Parameters
    ----------
    parts : mapping of str to sequence of Experiment
        By name; an experiment in several parts is run once.
    store : Store
    budget : float, optional
        Seconds; the first run that is not expected to end within them is not begun, and no other.
    executor, at_once
        As for `wssl.running.work`; without an executor, one run after the other here.

    Returns
    -------
    Progress
    """
    progress = Progress(parts, store)
    console = Console(force_terminal=sys.stdout.isatty())
    end = None if budget is None else time.monotonic() + budget

    def fits(task: Task) -> bool:
        return end is None or time.monotonic() + (progress.expected(task) or 0.0) <= end

    with _live(progress, console) if console.is_interactive else nullcontext():
        for step in work(progress.left, executor, store, at_once=at_once, may_start=fits):
            progress.note(step)
            if step.seconds is not None and not console.is_interactive:
                print(progress.line(step), flush=True)
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


def _seconds_of_records(store: Store) -> Seconds:
    kinds = {"inpainting": Experiment, "pretext": Pretraining}
    found: Seconds = {}
    for record in store.records():
        kind = kinds.get(record["kind"])
        seconds = record["provenance"].get("seconds")
        if kind and seconds:
            found.setdefault((kind, record["experiment"]["preset"]), []).append(seconds)
    return found


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
