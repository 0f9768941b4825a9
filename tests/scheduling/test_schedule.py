import io
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing.pool import ThreadPool

import pytest

from wssl import losses, presets, pretext
from wssl.experiment import Evaluation, Experiment, Pretraining
from wssl.machine import processes, resources
from wssl.machine.processes import LostWorkerError, Processes
from wssl.records.store import Store
from wssl.runs import execution
from wssl.scheduling import schedule
from wssl.scheduling.schedule import Step, jobs_for, plan, run_all, work, workers

BEST = Experiment(preset="smoke")
ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})
SCRATCH = Experiment(preset="smoke", encoder="scratch")
SEEDS = [SCRATCH.replace(seed=seed) for seed in range(4)]


def diverge(task):
    """What happens instead of training where the third seed fails."""
    if task.seed == 2:
        raise ArithmeticError("seed 2 diverged")


class Runs:
    """Stands in for training: does something else, and leaves the traces of a task in its store."""

    def __init__(self, monkeypatch, instead=lambda task: None, seconds=0.0):
        self.done, self.instead, self.seconds = [], instead, seconds
        monkeypatch.setattr(execution, "run", self._run)
        monkeypatch.setattr(execution, "pretrain", self._pretrain)

    def _do(self, task, store):
        self.instead(task)
        self.done.append(task)
        record = {
            "kind": "pretext" if isinstance(task, Pretraining) else "inpainting",
            "experiment": task.to_dict(),
            "fingerprint": task.fingerprint,
            "scale": task.hyperparameters(),
            "metrics": {},
            "provenance": {"seconds": self.seconds},
        }
        store.put(record)
        return record

    def _run(self, experiment, store):
        phase = experiment.pretraining
        assert phase is None or store.weights_path(phase.fingerprint).exists()
        record = store.get(experiment.fingerprint) or self._do(experiment, store)
        return execution.Result(experiment, record, store)

    def _pretrain(self, phase, store):
        record = self._do(phase, store)
        store.weights_path(phase.fingerprint).touch()
        return record


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "some")


def test_a_phase_is_planned_once_and_before_what_builds_on_it(store):
    other = BEST.replace(loss="ssim")
    assert plan([SCRATCH, BEST, ROTATION, other, BEST], store) == [
        SCRATCH,
        BEST.pretraining,
        BEST,
        ROTATION.pretraining,
        ROTATION,
        other,
    ]
    assert plan([], store) == []


def test_what_the_store_holds_is_not_planned(store, monkeypatch):
    Runs(monkeypatch)
    list(work(plan([BEST], store), store=store))
    other = BEST.replace(loss="ssim")
    assert plan([BEST, other], store) == [other]
    store.weights_path(BEST.pretraining.fingerprint).unlink()
    assert plan([BEST, other], store) == [BEST.pretraining, other]
    assert plan([BEST], store) == []


def test_one_after_the_other_each_is_told_as_it_begins_and_ends(store, monkeypatch):
    done = Runs(monkeypatch).done
    tasks = plan([BEST, SCRATCH, BEST.replace(encoder="finetuned")], store)
    steps = []
    for step in work(tasks, store=store):
        steps.append(step)
        assert done == tasks[: len(steps) // 2]
    assert [step.task for step in steps] == [task for task in tasks for _ in range(2)]
    assert [step.seconds is None for step in steps] == [True, False] * len(tasks)
    assert all(step.seconds >= 0 for step in steps[1::2])


def test_the_time_that_a_task_took_counts_attempts_before(store, monkeypatch):
    Runs(monkeypatch, seconds=150.0)
    assert list(work([SCRATCH], store=store)) == [Step(SCRATCH), Step(SCRATCH, 150.0)]


@pytest.mark.parametrize("max_concurrent", [None, 1, 2, 3])
def test_an_executor_gets_each_task_once_and_its_phase_before(store, monkeypatch, max_concurrent):
    rng = random.Random(0)
    done = Runs(monkeypatch, lambda task: time.sleep(rng.uniform(0, 0.003))).done
    experiments = [
        Experiment(preset="smoke", pretext={task: 1.0}, encoder=encoder, seed=seed)
        for seed in range(2)
        for task in ("rotation", "saturation", "sharpness")
        for encoder in ("frozen", "finetuned")
    ]
    tasks = plan(experiments, store)
    assert len(tasks) == 18
    begun, ended = [], []
    with ThreadPoolExecutor(3) as executor:
        for step in work(tasks, executor, store, max_concurrent=max_concurrent):
            (begun if step.seconds is None else ended).append(step.task)
            assert max_concurrent is None or len(begun) - len(ended) <= max_concurrent
            if isinstance(step.task, Experiment):
                assert step.task.pretraining in ended
    assert set(begun) == set(ended) == set(done) == set(tasks)
    assert len(begun) == len(ended) == len(done) == 18
    assert all(isinstance(task, Pretraining) for task in begun[: max_concurrent or 6])


def test_what_takes_longest_is_handed_out_before_the_rest(store, monkeypatch):
    Runs(monkeypatch)
    pic = Experiment(preset="smoke", method="pic")
    tasks = plan([SCRATCH, ROTATION, pic], store)
    with ThreadPoolExecutor(1) as executor:
        steps = list(work(tasks, executor, store, max_concurrent=1))
    assert [step.task for step in steps[::2]] == [ROTATION.pretraining, pic, SCRATCH, ROTATION]


def test_workers_that_come_and_go_change_how_many_run_at_once(store, monkeypatch):
    monkeypatch.setattr(schedule, "_POLL_SECONDS", 0.01)
    told, limits = threading.Event(), []

    def max_concurrent():
        limits.append(1 if len(limits) < 3 else 4)
        return limits[-1]

    Runs(monkeypatch, lambda task: told.wait(10))
    with ThreadPoolExecutor(4) as executor:
        steps = work(SEEDS, executor, store, max_concurrent=max_concurrent)
        assert [next(steps).task for _ in SEEDS] == SEEDS
        assert limits == [1, 1, 1, 4]
        told.set()
        assert {step.task for step in steps} == set(SEEDS)


def test_a_run_that_another_worker_ended_meanwhile_is_done(store, monkeypatch):
    def instead(task):
        if task == SEEDS[0]:
            rival = {"kind": "inpainting", "experiment": {"seed": 0}, "metrics": {}}
            provenance = {"seconds": 7.0}
            store.put({**rival, "fingerprint": task.fingerprint, "provenance": provenance})
        raise FileNotFoundError("the other worker has removed the checkpoint")

    Runs(monkeypatch, instead)
    assert list(work(SEEDS[:1], store=store)) == [Step(SEEDS[0]), Step(SEEDS[0], 7.0)]
    _, step = work(SEEDS[1:2], store=store)
    assert isinstance(step.error, FileNotFoundError)
    assert "the checkpoint" in str(step.error)


def test_a_record_that_appears_late_is_waited_for(store, monkeypatch):
    monkeypatch.setattr(schedule, "_POLL_SECONDS", 0.01)
    threading.Timer(0.1, Runs(monkeypatch)._do, [SCRATCH, store]).start()
    monkeypatch.setattr(schedule, "_timed", lambda task, store: 5.0)
    assert list(work([SCRATCH], store=store)) == [Step(SCRATCH), Step(SCRATCH, 5.0)]
    monkeypatch.setattr(schedule, "_PATIENCE_SECONDS", 0.05)
    with pytest.raises(FileNotFoundError, match=f"{ROTATION.fingerprint}.json, is missing from"):
        list(work([ROTATION], store=store))


def test_workers_are_told_the_whole_path_of_the_store(tmp_path, monkeypatch):
    roots = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(schedule, "_await_record", lambda task, store: None)
    monkeypatch.setattr(schedule, "_timed", lambda task, store: roots.append(store.root) or 0.0)
    list(work([SCRATCH], store=Store("here")))
    assert roots == [tmp_path / "here"]


def test_a_worker_process_draws_no_bars(store, monkeypatch):
    Runs(monkeypatch)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    schedule._timed(SEEDS[0], store)
    assert sys.stderr.isatty()
    monkeypatch.setattr(processes, "in_worker", lambda: True)
    schedule._timed(SEEDS[1], store)
    assert not sys.stderr.isatty()


def test_nothing_begins_after_the_first_no(store, monkeypatch):
    done = Runs(monkeypatch).done
    steps = list(work(SEEDS, store=store, may_start=lambda task: task.seed != 2))
    assert done == SEEDS[:2]
    assert [step.task for step in steps[::2]] == SEEDS[:2]
    assert list(work([ROTATION], store=store, may_start=lambda task: False)) == []


def test_what_an_executor_has_begun_ends_after_a_no(store, monkeypatch):
    Runs(monkeypatch)
    with ThreadPoolExecutor(2) as executor:
        steps = list(work(SEEDS, executor, store, may_start=lambda task: task.seed < 2))
    assert {step.task for step in steps if step.seconds is not None} == set(SEEDS[:2])


def test_one_that_fails_does_not_stop_the_others(store, monkeypatch):
    done = Runs(monkeypatch, diverge).done
    steps = list(work(SEEDS, store=store))
    assert done == [SEEDS[0], SEEDS[1], SEEDS[3]]
    assert [step.task for step in steps[::2]] == SEEDS
    assert [step.error is None for step in steps[1::2]] == [True, True, False, True]
    assert str(steps[5].error) == "seed 2 diverged"
    assert steps[5].seconds is None


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_what_builds_on_a_phase_that_failed_is_not_begun(store, monkeypatch, workers):
    def instead(task):
        if task == ROTATION.pretraining:
            raise ArithmeticError("rotation diverged")

    done = Runs(monkeypatch, instead).done
    evaluation = Evaluation(ROTATION, dataset="photos")
    asked = [ROTATION, evaluation, BEST, ROTATION.replace(encoder="finetuned"), SCRATCH]
    tasks = plan(asked, store)
    assert evaluation in tasks
    with ThreadPoolExecutor(workers) if workers else nullcontext() as executor:
        steps = list(work(tasks, executor, store))
    assert {step.task for step in steps if step.error} == {ROTATION.pretraining}
    assert set(done) == {BEST.pretraining, BEST, SCRATCH}


def test_if_asked_nothing_begins_after_one_that_failed(store, monkeypatch):
    told, begun = threading.Event(), []

    def instead(task):
        begun.append(task)
        if task.seed == 0:
            while len(begun) < 2:
                time.sleep(0.001)
            raise ArithmeticError("seed 0 diverged")
        assert told.wait(10)

    Runs(monkeypatch, instead)
    with ThreadPoolExecutor(2) as executor:
        ended = []
        for step in work(SEEDS, executor, store, keep_going=False):
            if step.error or step.seconds is not None:
                ended.append(step.task)
                told.set()
    assert ended[0] == SEEDS[0]
    assert set(ended) == set(begun)
    assert {*SEEDS[:2]} <= set(begun) <= {*SEEDS[:3]}


def test_nothing_is_written_where_nothing_is_to_be_done(store):
    assert list(work([], store=store)) == []
    assert not store.root.exists()


def test_results_that_cannot_be_written_are_told_before_anything_begins(tmp_path, monkeypatch):
    done = Runs(monkeypatch).done
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match="WSSL_RESULTS"):
        run_all(SEEDS, store=Store(tmp_path / "file" / "results"))
    assert done == []


def test_what_is_sent_to_a_worker_can_be_sent(store):
    again = pickle.loads(pickle.dumps((schedule._timed, BEST, BEST.pretraining, store)))
    assert again[:3] == (schedule._timed, BEST, BEST.pretraining)
    assert again[3].root == store.root


def numbers(result):
    return {key: value for key, value in result.record.items() if key != "provenance"}


def test_an_executor_and_a_loop_give_the_same(tmp_path, trained):
    experiments = [SCRATCH, ROTATION, SCRATCH]
    serial = run_all(experiments, store=Store(tmp_path / "serial"))
    phases = ["inpainting, mix loss, seed 0", "pretext rotation, seed 0"]
    assert trained == [phases[0], phases[1], phases[0]]
    trained.clear()
    with ThreadPoolExecutor(1) as executor:
        parallel = run_all(experiments, executor, Store(tmp_path / "parallel"))
    assert trained == [phases[1], phases[0], phases[0]]
    for results in (serial, parallel):
        assert [result.experiment for result in results] == experiments
    assert [numbers(r) for r in parallel] == [numbers(r) for r in serial]
    assert serial[0].record == serial[2].record


def test_only_what_is_missing_is_run(store, monkeypatch):
    done = Runs(monkeypatch).done
    run_all(SEEDS[1:2], store=store)
    results = run_all(iter([SEEDS[3], *SEEDS, SEEDS[0]]), store=store)
    assert [experiment.seed for experiment in done] == [1, 3, 0, 2]
    assert [result.experiment.seed for result in results] == [3, 0, 1, 2, 3, 0]
    assert run_all([], store=store) == []


def test_the_default_store_is_that_of_the_environment(tmp_path, monkeypatch):
    Runs(monkeypatch)
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "named"))
    (result,) = run_all(SEEDS[:1])
    assert result.store.path(result.fingerprint).parent == tmp_path / "named"


@pytest.mark.parametrize("workers", [0, 1])
def test_what_was_done_before_an_experiment_failed_is_kept(store, monkeypatch, workers):
    Runs(monkeypatch, diverge)
    pool = ThreadPoolExecutor(1) if workers else nullcontext()
    with pool as executor, pytest.raises(ArithmeticError, match="seed 2 diverged"):
        run_all(SEEDS, executor, store)
    assert all(store.get(experiment.fingerprint) for experiment in SEEDS[:2])


def test_the_bar_counts_experiments(store, monkeypatch, capsys):
    Runs(monkeypatch)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    run_all([ROTATION, *SEEDS], store=store)
    assert "| 5/5 [" in capsys.readouterr().err


@pytest.fixture
def large(monkeypatch):
    """A machine with eight cores and much memory, whose user says nothing, and no GPU."""
    monkeypatch.delenv("WSSL_JOBS")
    monkeypatch.setattr(resources, "cores", lambda root: 8)
    monkeypatch.setattr(resources, "available_memory", lambda root: 2**40)
    monkeypatch.setattr(resources, "may_have_gpu", lambda: False)


def test_by_default_there_is_a_process_for_each_core_and_task(large, monkeypatch):
    assert [jobs_for(SEEDS[:count]) for count in (0, 1, 2, 4)] == [1, 1, 2, 4]
    assert jobs_for([SCRATCH.replace(seed=seed) for seed in range(20)]) == 8
    monkeypatch.setattr(resources, "available_memory", lambda root: 7 * 2**29)
    assert jobs_for(SEEDS) == 3
    paper = [task.replace(preset="paper") for task in SEEDS]
    assert jobs_for(paper) == 1
    monkeypatch.setattr(resources, "available_memory", lambda root: 64 * 2**30)
    assert jobs_for(paper) == 64 * 2**30 // schedule.memory(paper[0]) > 1


def test_who_says_a_number_gets_it_but_never_more_than_there_are_tasks(large, monkeypatch):
    assert [jobs_for(SEEDS, jobs) for jobs in (1, 2, 4, 9)] == [1, 2, 4, 4]
    monkeypatch.setenv("WSSL_JOBS", "3")
    assert jobs_for(SEEDS) == 3
    assert jobs_for(SEEDS, 2) == 2
    monkeypatch.setenv("WSSL_JOBS", "no")
    with pytest.raises(ValueError, match="WSSL_JOBS: expected a number of processes"):
        jobs_for(SEEDS)


def test_on_a_gpu_one_process_is_the_default(large, monkeypatch):
    monkeypatch.setattr(schedule, "accelerators", lambda: ["gpu:0"])
    assert jobs_for(SEEDS) == 4
    monkeypatch.setattr(resources, "may_have_gpu", lambda: True)
    assert jobs_for(SEEDS) == 1
    assert jobs_for(SEEDS, 2) == 2


def test_a_worker_starts_no_workers(large, monkeypatch):
    monkeypatch.setattr(processes, "in_worker", lambda: True)
    assert jobs_for(SEEDS) == jobs_for(SEEDS, 4) == 1


@pytest.mark.parametrize(
    ("registry", "entry"),
    [
        (losses.LOSSES, lambda y_true, y_pred, alpha, a: 0.0),
        (pretext.TASKS, pretext.Task("mine", lambda images, levels: images, (0.0, 1.0))),
    ],
    ids=["loss", "task"],
)
def test_what_only_this_process_knows_is_run_here(large, monkeypatch, registry, entry):
    monkeypatch.setitem(registry, "mine", entry)
    assert jobs_for(SEEDS) == 1
    monkeypatch.delitem(registry, "mine")
    assert jobs_for(SEEDS) == 4


def test_a_worker_refuses_what_it_takes_for_another_run(store, monkeypatch):
    Runs(monkeypatch)
    larger = Experiment(preset="quick", encoder="scratch")
    other = replace(presets.PRESETS["quick"], inpainting_steps=7)
    monkeypatch.setattr(processes, "in_worker", lambda: True)
    assert larger.fingerprint
    schedule._check_known(larger)
    monkeypatch.setitem(presets.PRESETS, "quick", other)
    with pytest.raises(ValueError, match=r"lacks an entry .*numbers differ.* jobs=1"):
        schedule._timed(larger, store)
    others = {name: value for name, value in presets.PRESETS.items() if name != "quick"}
    monkeypatch.setattr(presets, "PRESETS", others)
    with pytest.raises(ValueError, match=r"lacks an entry .*received 'quick'.* jobs=1"):
        schedule._timed(larger, store)


def test_processes_that_are_forks_are_refused(store):
    """They would hang: a fork has the locks of the backend's threads, but not the threads."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system has no fork")
    with (
        ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as executor,
        pytest.raises(ValueError, match=r'executor: expected .*get_context\("spawn"\).* jobs='),
    ):
        run_all(SEEDS, executor, store)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        schedule._check_executor(executor)


@pytest.mark.parametrize("kind", ["Pool", "ThreadPool", "number", "class", "map"])
def test_what_is_no_executor_is_refused_by_name(store, monkeypatch, kind):
    done = Runs(monkeypatch).done
    with multiprocessing.get_context("spawn").Pool(1) as pool, ThreadPool(1) as threads:
        executor = {
            "Pool": pool,
            "ThreadPool": threads,
            "number": 4,
            "class": ThreadPoolExecutor,
            "map": map,
        }[kind]
        way = r"executor: expected a concurrent\.futures\.Executor; received .*jobs="
        for experiments in (SEEDS, []):
            with pytest.raises(ValueError, match=way):
                run_all(experiments, executor, store)
        with pytest.raises(ValueError, match=way):
            next(work(plan(SEEDS, store), executor, store))
    assert not done


def test_jobs_beside_an_executor_are_refused(store):
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(ValueError, match="jobs: not used with an executor.*received 2"),
    ):
        run_all(SEEDS, executor, store, jobs=2)


def test_who_runs_all_gets_the_first_error_and_the_name_of_the_run(store, monkeypatch):
    done = Runs(monkeypatch, diverge).done
    with pytest.raises(ArithmeticError, match="seed 2 diverged") as failed:
        run_all(SEEDS, store=store)
    assert "seed=2" in failed.value.__notes__[-1]
    assert done == SEEDS[:2]


needs_signals = pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
TABLE = [
    Experiment(preset="smoke", pretext={task: 1.0})
    for task in ("sharpness", "saturation", "rotation")
]


def kept(store):
    return {
        r["fingerprint"]: {k: v for k, v in r.items() if k != "provenance"} for r in store.records()
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The records of Table 1, made here one after the other, without what each run differs in."""
    store = Store(tmp_path_factory.mktemp("undisturbed"))
    run_all(TABLE, store=store, jobs=1)
    return kept(store)


@pytest.mark.slow
@needs_signals
def test_a_killed_worker_names_its_run_and_the_other_goes_on(store, undisturbed):
    tasks, steps = plan(TABLE, store), []
    with workers(tasks, 2) as (pool, max_concurrent):
        assert isinstance(pool, Processes)
        assert max_concurrent == 2
        victim, _ = multiprocessing.active_children()
        for step in work(tasks, pool, store, max_concurrent=max_concurrent):
            steps.append(step)
            if len(steps) == 2:
                # Both have been given their runs by then, and neither has ended.
                threading.Timer(0.5, victim.kill).start()
    (failed,) = (step for step in steps if step.error)
    assert failed.task in {tasks[0], tasks[2]}
    assert isinstance(failed.error, LostWorkerError)
    lost = [e for e in TABLE if e.pretraining == failed.task]
    done = {step.task for step in steps if step.seconds is not None}
    assert done == {*tasks} - {failed.task, *lost}
    assert not multiprocessing.active_children()
    run_all(TABLE, store=store, jobs=1)
    assert kept(store) == undisturbed


@pytest.mark.slow
@needs_signals
def test_ctrl_c_ends_all_workers_and_the_same_command_goes_on(store, undisturbed):
    command = [sys.executable, "-m", "wssl", "study", "--only", "1", "--preset", "smoke"]
    own = {"WSSL_RESULTS": str(store.root), "WSSL_JOBS": "2", "PYTHONFAULTHANDLER": "1"}
    settings = {**os.environ, **own}
    study = subprocess.Popen(
        command,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with study:
        assert "pretext phase" in study.stdout.readline()
        os.killpg(study.pid, signal.SIGINT)
        began = time.monotonic()
        try:
            _, err = study.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            os.killpg(study.pid, signal.SIGABRT)  # each process prints where its threads are
            pytest.fail(f"the study goes on after Ctrl-C:\n{study.communicate()[1]}")
    assert time.monotonic() - began < 60
    assert study.returncode == 130
    assert err.splitlines() == ["", "wssl: interrupted; the same command resumes from here."]
    with pytest.raises(ProcessLookupError):
        while time.monotonic() - began < 90:
            os.killpg(study.pid, 0)
            time.sleep(0.05)
    assert not list(store.root.rglob(".*"))
    assert 1 <= len(kept(store)) < 6
    again = subprocess.run(
        command, env=settings, capture_output=True, text=True, check=False, timeout=600
    )
    assert again.returncode == 0, again.stderr
    assert again.stderr == ""
    assert "Table 1" in again.stdout
    assert kept(store) == undisturbed
