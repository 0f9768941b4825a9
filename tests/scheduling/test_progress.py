import io
import re
import sys

import pytest
from rich.console import Console
from tqdm import tqdm

from wssl.experiment import Evaluation, Experiment
from wssl.machine import resources
from wssl.records.store import Store
from wssl.runs import execution
from wssl.scheduling import progress
from wssl.scheduling.progress import Progress, describe, follow
from wssl.scheduling.schedule import Step

BEST = Experiment(preset="smoke")
SEEDS = [BEST.replace(seed=seed) for seed in range(3)]
RANDOM = [Experiment(preset="smoke", encoder="random", seed=seed) for seed in range(5)]


class Clock:
    """Stands still, and takes the place of both clock and training: a run takes ten seconds."""

    def __init__(self):
        self.now, self.ran = 1000.0, []

    def __call__(self):
        return self.now

    def run(self, experiment, store):
        print("a word", file=sys.stderr)
        with tqdm(total=2, desc="bar", disable=None) as bar:
            bar.update(2)
        self.now += 10.0
        self.ran.append(experiment)
        return execution.Result(experiment, keep(experiment, store), store)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress.time, "monotonic", clock)
    monkeypatch.setattr(execution, "run", clock.run)
    return clock


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "some")


def keep(task, store, seconds=None):
    record = {
        "kind": "inpainting" if isinstance(task, Experiment) else "pretext",
        "experiment": task.to_dict(),
        "fingerprint": task.fingerprint,
        "scale": task.hyperparameters(),
        "metrics": {},
        "provenance": {} if seconds is None else {"seconds": seconds},
    }
    store.put(record)
    return record


def drawn(progress):
    console = Console(file=io.StringIO(), width=100)
    console.print(progress.table())
    return console.file.getvalue()


def row(progress, name):
    (line,) = (line for line in drawn(progress).splitlines() if line.strip().startswith(name))
    return line.strip().removeprefix(name).split()


def test_an_experiment_in_two_parts_counts_once_in_all(store, clock):
    keep(SEEDS[0], store)
    known = Progress({"one": SEEDS, "two": [*SEEDS[:2], RANDOM[0]]}, store)
    phase = SEEDS[1].pretraining
    assert known.left == (phase, SEEDS[1], SEEDS[2].pretraining, SEEDS[2], RANDOM[0])
    assert row(known, "one") == ["3", "1", "0", "2", "?"]
    assert row(known, "two") == ["3", "1", "0", "2", "?"]
    assert row(known, "all, each once") == ["4", "1", "0", "3", "?"]
    known.note(Step(phase))
    assert row(known, "one") == ["3", "1", "0", "2", "?"]
    clock.now += 75
    assert f"now: {describe(phase)}, for 0:01:15" in drawn(known)
    known.note(Step(phase, 75.0))
    known.note(Step(SEEDS[1]))
    assert "phase" not in drawn(known)
    for name, counts in (("one", "3111"), ("two", "3111"), ("all, each once", "4112")):
        assert row(known, name)[:4] == list(counts)
    known.note(Step(SEEDS[1], 20.0))
    for name, counts in (("one", "3201"), ("two", "3201"), ("all, each once", "4202")):
        assert row(known, name)[:4] == list(counts)


def test_a_run_takes_as_long_as_its_effort_says(store):
    keep(SEEDS[0], store, 10.0)
    keep(SEEDS[0].pretraining, store, 4.0)
    known = Progress({"one": SEEDS}, store)
    longer = {"inpainting_steps": 3 * SEEDS[0].scale.inpainting_steps}
    assert known.expected(SEEDS[1].replace(settings=longer)) == pytest.approx(30.0)
    larger = SEEDS[1].replace(settings={"size": 64, "pretext_batch": 12})
    assert known.expected(larger) == pytest.approx(40.0)
    assert known.expected(larger.pretraining) == pytest.approx(4.0 * 4 * 3)
    wider = known.expected(SEEDS[1].replace(settings={"width": 8}))
    assert 20.0 < wider < 40.0


def test_earlier_runs_of_this_processor_tell_more_than_those_of_another(store):
    keep(SEEDS[0], store, 10.0)
    keep(SEEDS[0].pretraining, store, 4.0)
    own = store.get(SEEDS[0].fingerprint)
    provenance = {"seconds": 60.0, "processor": resources.processor()}
    store.put({**own, "fingerprint": SEEDS[1].fingerprint, "provenance": provenance})
    known = Progress({"one": SEEDS}, store)
    assert known.expected(SEEDS[2]) == 60.0
    assert known.expected(SEEDS[2].pretraining) == 4.0, "none is of this processor"


def test_an_evaluation_waits_for_what_it_tests(store):
    tested = Evaluation(SEEDS[0], dataset="photos")
    known = Progress({"one": [tested], "two": SEEDS[:2]}, store)
    assert known.left[:3] == (SEEDS[0].pretraining, SEEDS[0], tested)
    assert known.counts([tested]) == (1, 0, 0, 1)
    keep(SEEDS[0], store, 10.0)
    keep(SEEDS[1].pretraining, store, 1.0)
    assert Progress({"one": [tested]}, store).left == (tested,)


def test_what_a_run_takes_is_the_median_of_its_kind_and_preset(store):
    known = Progress({"one": SEEDS}, store)
    phases = [e.pretraining for e in SEEDS]
    assert known.expected(SEEDS[0]) is None
    for seconds, task in zip((10.0, 3.0, 20.0, 4.0), (*SEEDS[:2], *phases[:2]), strict=True):
        keep(task, store, seconds)
    evaluation = {"of": SEEDS[0].to_dict(), "dataset": "photos"}
    store.put(
        {
            "kind": "evaluation",
            "experiment": evaluation,
            "fingerprint": "0" * 16,
            "metrics": {},
            "provenance": {"seconds": 999.0},
        }
    )
    known = Progress({"one": SEEDS}, store)
    assert known.expected(SEEDS[2]) == pytest.approx(6.5)
    assert known.expected(phases[2]) == pytest.approx(12.0)
    assert known.expected(SEEDS[2].replace(preset="quick")) is None
    known.note(Step(SEEDS[2], 100.0))
    assert known.expected(SEEDS[2]) == 100.0
    known.note(Step(SEEDS[1], 50.0))
    assert known.expected(SEEDS[2]) == 75.0
    assert known.expected(phases[2]) == pytest.approx(12.0)


def test_the_time_to_go_counts_phases_and_what_is_running(store, clock):
    known = Progress({"one": SEEDS[:2], "two": SEEDS[1:], "none": []}, store)
    first, phase = SEEDS[0], SEEDS[0].pretraining
    assert known.to_go([]) == 0.0
    assert known.to_go(SEEDS) is None
    known.note(Step(phase, 5.0))
    known.note(Step(first, 20.0))
    assert known.to_go(SEEDS) == 2 * 25.0
    assert [known.to_go(part) for part in known.parts.values()] == [25.0, 50.0, 0.0]
    known.note(Step(SEEDS[1].pretraining))
    clock.now += 3
    assert known.to_go(SEEDS[1:]) == 50.0 - 3.0
    clock.now += 10
    assert known.to_go(SEEDS[1:]) == 45.0
    assert row(known, "one")[-1] == "0:00:20"
    known.note(Step(SEEDS[2].pretraining))
    assert known.to_go(SEEDS[1:]) == pytest.approx(45.0 / 2)


def test_without_a_terminal_each_run_is_a_line(store, clock, capsys):
    keep(RANDOM[1], store)
    done = follow({"one": RANDOM[:2], "two": RANDOM[:3]}, store)
    assert clock.ran == [RANDOM[0], RANDOM[2]]
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r"^\d\d:\d\d:\d\d +", "", line) for line in lines] == [
        "2/3    10.0 s  encoder random, seed 0 (one, two)",
        "3/3    10.0 s  encoder random, seed 2 (two)",
    ]
    assert done.rest() == ""
    assert follow({"one": RANDOM[:3]}, store).left == ()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("before", "budget", "count"),
    [(None, 0.5, 1), (None, 35.0, 3), (None, 50.0, 5), (30.0, 29.0, 0), (30.0, 35.0, 3)],
)
def test_no_run_begins_that_is_not_expected_to_end_in_time(store, clock, before, budget, count):
    """Ten seconds a run; `before` is what the records say until one has ended."""
    if before is not None:
        keep(RANDOM[0].replace(seed=99), store, before)
    done = follow({"one": RANDOM[:2], "two": RANDOM}, store, budget)
    assert clock.ran == RANDOM[:count]
    assert done.left == tuple(RANDOM[count:])


def test_what_is_left_is_told(store, clock, capsys):
    done = follow({"one": RANDOM[:4], "two": RANDOM}, store, 35.0)
    assert done.rest() == "2 of 5 runs are left (one: 1, two: 2) and take about 0:00:20"
    keep(BEST.replace(preset="quick"), store)
    assert Progress({"one": SEEDS[:1]}, store).rest() == "1 of 1 runs are left (one: 1)"


def test_the_time_of_runs_side_by_side_is_shared(store):
    keep(RANDOM[0].replace(seed=99), store, 30.0)
    known = Progress({"one": RANDOM}, store)
    assert known.to_go(RANDOM) == 150.0
    known.jobs = 2
    assert known.to_go(RANDOM) == 75.0
    assert known.to_go(RANDOM[:1]) == 30.0


def test_methods_take_times_of_their_own(store):
    pic, shift_net = (BEST.replace(method=name, pretext={}) for name in ("pic", "shift_net"))
    keep(SEEDS[0], store, 10.0)
    keep(pic.replace(seed=9), store, 90.0)
    known = Progress({"one": [SEEDS[1], pic, shift_net]}, store)
    assert known.expected(SEEDS[1]) == 10.0
    assert known.expected(pic) == 90.0
    assert known.expected(shift_net) == 50.0
    known.note(Step(SEEDS[1], 20.0))
    assert known.expected(SEEDS[2]) == 20.0
    assert known.expected(pic) == 90.0
    assert known.expected(shift_net) == 20.0


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ArithmeticError("the loss\n  is nan"), "the loss is nan"),
        (TypeError("no such argument"), "TypeError: no such argument"),
        (OSError(), "OSError"),
    ],
)
def test_a_run_that_fails_is_named_and_the_others_go_on(
    store, clock, monkeypatch, capsys, error, why
):
    def fail(experiment, store):
        if experiment == RANDOM[1]:
            raise error
        return clock.run(experiment, store)

    monkeypatch.setattr(execution, "run", fail)
    done = follow({"one": RANDOM[:2], "two": RANDOM[:3]}, store)
    assert clock.ran == [RANDOM[0], RANDOM[2]]
    assert done.failed == {RANDOM[1]: error}
    assert done.failures() == f"1 run failed:\n  encoder random, seed 1: {why}"
    assert done.rest().startswith("1 of 3 runs are left (one: 1, two: 1)")
    assert row(done, "two")[:4] == ["3", "2", "0", "1"]
    assert f"failed: encoder random, seed 1: {why}" in drawn(done)
    captured = capsys.readouterr()
    assert [line[10:] for line in captured.out.splitlines()] == [
        "  1/3    10.0 s  encoder random, seed 0 (one, two)",
        f"  1/3    failed  encoder random, seed 1 (one, two): {why}",
        "  2/3    10.0 s  encoder random, seed 2 (two)",
    ]
    assert ("Traceback" in captured.err) == isinstance(error, TypeError)


def test_nothing_failed_is_nothing_to_say(store, clock):
    assert follow({"one": RANDOM[:2]}, store).failures() == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_a_table_is_drawn_and_no_bar(store, clock, monkeypatch):
    screen, errors = Terminal(), Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", errors)
    follow({"one": RANDOM[:2]}, store)
    assert (sys.stdout, sys.stderr) == (screen, errors)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "time to go" in text
    assert text.count("a word") == 2
    assert text.rstrip().splitlines()[-1].split() == [*["all,", "each", "once"], *"2200", "0:00:00"]
    assert "bar" not in text + errors.getvalue()
    assert errors.getvalue() == ""


def test_the_table_goes_when_a_run_fails(store, clock, monkeypatch):
    def fail(experiment, store):
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "run", fail)
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    stderr = sys.stderr
    with pytest.raises(KeyboardInterrupt):
        follow({"one": RANDOM[:2]}, store)
    assert (sys.stdout, sys.stderr) == (screen, stderr)
    assert screen.getvalue().rstrip().endswith("\x1b[?25h")


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (BEST, "Saturation 0.3, Sharpness 0.7, seed 0"),
        (BEST.pretraining, "pretext phase Saturation 0.3, Sharpness 0.7, seed 0"),
        (Experiment(pretext={"rotation": 1}, seed=2), "Rotation, seed 2"),
        (RANDOM[1], "encoder random, seed 1"),
        (
            BEST.replace(frozen_blocks=(1, 2), loss="log_cosh", a=10.0),
            "Saturation 0.3, Sharpness 0.7, frozen_blocks (1, 2), loss log_cosh, a 10.0, seed 0",
        ),
        (BEST.replace(alpha=0.16), "Saturation 0.3, Sharpness 0.7, alpha 0.16, seed 0"),
    ],
)
def test_a_task_in_words(task, words):
    assert describe(task) == words
