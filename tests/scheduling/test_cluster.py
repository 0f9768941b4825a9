"""Runs on real worker processes, some of which are killed."""

import inspect
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed")

from dask.utils import parse_timedelta
from distributed import Client, KilledWorker, LocalCluster

from wssl import study
from wssl.cli import main
from wssl.experiment import Experiment
from wssl.machine.provenance import environment
from wssl.records.store import Store
from wssl.scheduling import cluster, progress, schedule
from wssl.scheduling.cluster import connect
from wssl.scheduling.schedule import run_all

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]

ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})
SHARING = [ROTATION, ROTATION.replace(encoder="finetuned")]
TASKS = [ROTATION.pretraining, *SHARING]


@pytest.fixture(scope="module")
def two():
    """Two workers of one thread, each a process of its own."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "2"}
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0, env=quiet
    ) as started:
        yield started


@pytest.fixture
def none():
    """A scheduler without workers; those that it gets are threads of this process."""
    with LocalCluster(
        n_workers=0, threads_per_worker=1, dashboard_address=":0", processes=False
    ) as started:
        yield started


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    """The numbers of each task, run here one after the other."""
    store = Store(tmp_path_factory.mktemp("serial"))
    run_all(SHARING, store=store)
    return numbers(store)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "shared")


def numbers(store):
    return {
        record.pop("fingerprint"): {k: v for k, v in record.items() if k != "provenance"}
        for record in store.records()
    }


def files(store):
    return sorted(
        path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file()
    )


def whole(tasks):
    """The files of a store in which each task has its record and its weights, and nothing else."""
    names = sorted(task.fingerprint for task in tasks)
    return sorted([f"{n}.json" for n in names] + [f"checkpoints/{n}.npz" for n in names])


def kill_whoever_trains(address, killed):
    """Kill the first worker that is inside `wssl.runs.training.train`."""
    with Client(address, set_as_default=False) as client:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            for worker, stacks in client.call_stack().items():
                if any("training.py" in frame for stack in stacks.values() for frame in stack):
                    os.kill(client.run(os.getpid, workers=[worker])[worker], signal.SIGKILL)
                    killed.append(worker)
                    return
            time.sleep(0.02)


def test_what_a_killed_worker_did_is_done_by_another(two, serial, store, capsys):
    """It trained the pretext phase that two experiments share."""
    killed = []
    killer = threading.Thread(target=kill_whoever_trains, args=(two.scheduler_address, killed))
    killer.start()
    with connect(two.scheduler_address, store) as workers:
        assert workers.capacity() == 2
        done = progress.follow(
            {"all": SHARING}, store, executor=workers.executor, max_concurrent=workers.capacity
        )
    killer.join()
    assert len(killed) == 1
    assert numbers(store) == serial
    assert files(store) == whole(TASKS)
    assert done.counts(SHARING) == (2, 2, 0, 0)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["0/2", "1/2", "2/2"]
    assert "pretext phase Rotation" in lines[0]


def test_two_workers_at_the_same_run_do_no_harm(two, serial, store):
    """As when a worker was taken for lost and its run begun again, but it still trains."""
    phase = ROTATION.pretraining
    with connect(two.scheduler_address, store) as workers:
        futures = [
            workers.client.submit(schedule._timed, phase, store, workers=[address], pure=False)
            for address in workers.client.nthreads()
        ]
        assert len(futures) == 2
        assert all(future.result() > 0 for future in futures)
    assert numbers(store) == {phase.fingerprint: serial[phase.fingerprint]}
    assert files(store) == whole([phase])


def test_an_executor_of_a_client_is_all_that_run_all_needs(none, store):
    none.scale(1)
    fill = Experiment(preset="smoke", method="mean_colour")
    with Client(none, set_as_default=False) as client:
        (result,) = run_all([fill], client.get_executor(pure=False), store)
    assert files(store) == [f"{fill.fingerprint}.json"]
    assert result.metrics == run_all([fill], store=Store(store.root / "serial"))[0].metrics


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:9", "nowhere", "none.json"])
def test_a_scheduler_that_is_not_there(store, address):
    with (
        pytest.raises(ConnectionError, match=f"received '{address}', where none answers"),
        connect(address, store, timeout=0.2),
    ):
        pass


@pytest.mark.parametrize("address", ["nowhere", "none.json"])
def test_an_address_that_cannot_be_read_starts_no_event_loop(store, address):
    threads = set(threading.enumerate())
    with pytest.raises(ConnectionError) as refused, connect(address, store):
        pass
    assert set(threading.enumerate()) <= threads
    assert "where none answers" in str(refused.value)


def test_the_study_says_that_the_scheduler_is_not_there(capsys, monkeypatch):
    monkeypatch.setattr(
        cluster, "Client", lambda **settings: Client(**{**settings, "timeout": 0.2})
    )
    arguments = ["study", "--only", "controls", "--preset", "smoke"]
    assert main([*arguments, "--scheduler", "tcp://127.0.0.1:9"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "wssl: --scheduler: expected the address of a running Dask scheduler; received"
    )
    assert "`dask scheduler`" in line


def test_the_study_is_done_by_the_workers_of_a_scheduler_file(none, tmp_path, monkeypatch, capsys):
    fills = [Experiment(preset="smoke", method=name) for name in ("mean_colour", "harmonic")]
    monkeypatch.setitem(study.PARTS, "fills", lambda **settings: fills)
    none.scale(2)
    with Client(none, set_as_default=False) as client:
        client.write_scheduler_file(str(tmp_path / "scheduler.json"))
    only = ["study", "--only", "fills", "--preset", "smoke"]
    assert main([*only, "--scheduler", str(tmp_path / "scheduler.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert files(Store()) == sorted(f"{fill.fingerprint}.json" for fill in fills)


def test_workers_are_waited_for_and_late_ones_counted(none, store, capsys):
    threading.Timer(0.5, none.scale, [1]).start()
    with connect(none.scheduler_address, store) as workers:
        assert workers.capacity() == 1
        none.scale(3)
        workers.client.wait_for_workers(3)
        assert workers.capacity() == 3
        none.scale(0)
        while workers.client.nthreads():
            time.sleep(0.05)
        assert workers.capacity() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"waiting for workers; start them with `dask worker {none.scheduler_address} --nthreads 1`"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "paper"}, "backend tensorflow there, paper here"),
        ({"commit": "0123"}, "there, 0123 here"),
        ({"versions": {**environment()["versions"], "keras": "9"}}, "there, 9 here"),
        ({"versions": {**environment()["versions"], "wssl": "9"}}, "wssl 0.1.0 there, 9 here"),
    ],
)
def test_a_worker_with_another_environment(two, store, monkeypatch, changes, message):
    other = {**environment(), **changes}
    monkeypatch.setattr(cluster, "environment", lambda: other)
    with (
        pytest.raises(ValueError, match=rf"The worker tcp://.* environment .*{message}"),
        connect(two.scheduler_address, store),
    ):
        pass


def test_the_last_part_of_pythons_version_may_differ_and_so_may_changed_files(monkeypatch):
    report = {**environment(), "commit": "0123+"}
    report["versions"]["python"] += "1"
    here = {**environment(), "commit": "0123"}
    monkeypatch.setattr(cluster, "environment", lambda: here)
    cluster._compare("It", report)


def test_a_scheduler_with_another_environment(none, store, monkeypatch):
    other = {**environment(), "commit": "0123"}
    monkeypatch.setattr(Client, "run_on_scheduler", lambda client, function: other)
    none.scale(1)
    with (
        pytest.raises(ValueError, match="The scheduler has an environment .*commit 0123"),
        connect(none.scheduler_address, store),
    ):
        pass


def test_a_worker_without_the_package(two, store, monkeypatch, tmp_path):
    (tmp_path / "only_here.py").write_text("def report(store, probe): pass")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    monkeypatch.setattr(cluster, "_report", only_here.report)
    with (
        pytest.raises(ValueError, match="cannot be used: .*No module named 'only_here'"),
        connect(two.scheduler_address, store),
    ):
        pass


def test_workers_that_do_not_see_the_store(two, store, monkeypatch):
    class Elsewhere:
        def __init__(self, dir, prefix):
            self.name = str(dir / "not-written")

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    monkeypatch.setattr(cluster, "NamedTemporaryFile", Elsewhere)
    with (
        pytest.raises(FileNotFoundError, match=f"cannot see .*{store.root}.* WSSL_RESULTS"),
        connect(two.scheduler_address, store),
    ):
        pass
    assert files(store) == []


def test_a_worker_that_cannot_write_the_store(store):
    report = {**environment(), "sees": True, "refusal": "The results folder cannot be written"}
    with pytest.raises(PermissionError, match="The worker tcp://a: The results folder cannot"):
        cluster._check_report("tcp://a", report, store.root)


def test_a_run_on_which_workers_die_is_named_and_the_others_go_on(store, monkeypatch):
    fills = [Experiment(preset="smoke", method=name) for name in ("harmonic", "mean_colour")]
    original = schedule._timed

    def timed(task, store):
        if task == fills[0]:
            raise KilledWorker("key", SimpleNamespace(address="tcp://z"), 3)
        return original(task, store)

    monkeypatch.setattr(schedule, "_timed", timed)
    with ThreadPoolExecutor(2) as executor:
        done = progress.follow({"all": fills}, store, executor=executor)
    first, failure = done.failures().splitlines()
    assert first == "1 run failed:"
    assert "method harmonic, seed 0: KilledWorker: " in failure
    assert "tcp://z" in failure
    assert files(store) == [f"{fills[1].fingerprint}.json"]


def test_a_scheduler_that_is_lost(none, store):
    none.scale(1)
    with (
        pytest.raises(ConnectionError, match="no longer answers. Finished runs are kept"),
        connect(none.scheduler_address, store) as workers,
    ):
        future = workers.executor.submit(time.sleep, 5)
        none.close()
        future.result()


PAGE = (Path(__file__).parents[2] / "book" / "cluster.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run_page(script, **names):
    """Run a script of the page as far as the names that take the place of its imports let it."""
    body = re.sub(r"^(import|from) .*\n", "", script, flags=re.MULTILINE)
    exec(compile(body, "book/cluster.md", "exec"), {"__name__": "__main__", "os": os, **names})


class Scripted:
    """Stands in for a client and for the package; remembers what it was asked to run."""

    def __init__(self):
        self.study, self.report = study, SimpleNamespace(table=lambda number, records: records)
        self.Store, self.ran, self.clusters = Store, [], []

    def run_all(self, experiments, executor, store=None):
        self.ran.append((list(experiments), executor, store))
        return []

    @contextmanager
    def client(self, started):
        self.clusters.append(started)
        yield SimpleNamespace(get_executor=lambda pure: ("executor", pure))


def test_the_page_has_a_script_for_each_kind_of_cluster():
    kinds = [kind for script in SCRIPTS for kind in re.findall(r"import.*\b(\w+Cluster)", script)]
    assert kinds == ["LocalCluster", "SLURMCluster", "LocalCUDACluster"]


def test_the_script_for_one_machine():
    page, asked = Scripted(), inspect.signature(LocalCluster.__init__)

    @contextmanager
    def local(**settings):
        asked.bind(None, **settings)
        assert set(settings) <= {*asked.parameters, "env"}
        yield settings

    run_page(SCRIPTS[0], wssl=page, LocalCluster=local, Client=page.client)
    assert page.ran == [
        (study.table(4, preset="desktop", dataset="open-faces-2"), ("executor", False), None)
    ]
    assert page.clusters[0]["threads_per_worker"] == 1


def test_the_script_for_slurm(monkeypatch):
    """Its jobs can be written, though not submitted, without Slurm."""
    dask_jobqueue = pytest.importorskip("dask_jobqueue")
    page, scripts = Scripted(), []

    class Unsubmitted(dask_jobqueue.SLURMCluster):
        def __init__(self, **settings):
            super().__init__(**settings, scheduler_options={"dashboard_address": ":0"})

        def scale(self, n=0, jobs=0, **more):
            if jobs == 16:
                scripts.append(self.job_script())

    run_page(SCRIPTS[1], wssl=page, SLURMCluster=Unsubmitted, Client=page.client)
    ((experiments, executor, store),) = page.ran
    assert len(experiments) > 50
    assert executor == ("executor", False)
    assert store.root == Path("/shared/results")
    (script,) = scripts
    for line in (
        "#SBATCH -p gpu",
        "#SBATCH -A my-project",
        "#SBATCH --cpus-per-task=8",
        "#SBATCH --mem=30G",
        "#SBATCH -t 04:00:00",
        "#SBATCH --gres=gpu:1",
        "export WSSL_DATA=/shared/data",
    ):
        assert line in script.splitlines()
    assert "--nthreads 1 " in script
    assert parse_timedelta(re.search(r"--lifetime (\S+)", script)[1]) < 4 * 3600
    assert parse_timedelta(re.search(r"--lifetime-stagger (\S+)", script)[1]) == 300


def test_the_script_for_several_gpus(monkeypatch):
    page = Scripted()
    for name in ("TF_FORCE_GPU_ALLOW_GROWTH", "XLA_PYTHON_CLIENT_PREALLOCATE"):
        monkeypatch.setenv(name, "")

    @contextmanager
    def cuda(**settings):
        assert settings == {"threads_per_worker": 1}
        assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
        yield settings

    run_page(SCRIPTS[2], wssl=page, LocalCUDACluster=cuda, Client=page.client)
    assert page.ran[0][0] == study.table(3, preset="gpu", dataset="open-faces-2")


def test_the_arguments_for_several_gpus_exist():
    dask_cuda = pytest.importorskip("dask_cuda")
    assert "threads_per_worker" in inspect.signature(dask_cuda.LocalCUDACluster).parameters
