import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from wssl import paper, runs, study
from wssl.experiment import Experiment
from wssl.store import Store

SIZES = {1: 3, 2: 15, 3: 4, 4: 3}


@pytest.mark.parametrize(("number", "count"), SIZES.items())
def test_a_table_is_the_papers_rows(number, count):
    experiments = study.table(number, preset="smoke", seeds=2)
    assert len(experiments) == 2 * count == len(set(experiments))
    rows = [row for row in paper.TABLES[number] if row.method == "wssl"]
    expected = [(dict(row.pretext), row.loss, seed) for row in rows for seed in (0, 1)]
    assert [(dict(e.pretext), e.loss, e.seed) for e in experiments] == expected
    for experiment in experiments:
        assert (experiment.encoder, experiment.method, experiment.alpha) == ("frozen", "wssl", 0.84)
        assert experiment.preset == "smoke"


def test_seeds_are_a_number_a_list_or_the_presets():
    assert [e.seed for e in study.table(4, seeds=[7, 3])] == [7, 3] * 3
    assert [e.seed for e in study.table(1, preset="smoke")] == [0] * 3
    assert [e.seed for e in study.table(1, preset="desktop")] == [0, 1, 2] * 3


def test_settings_go_to_every_experiment():
    settings = {"dataset": "open-faces", "masks": "synthetic", "coverage": (0.2, 0.4)}
    for experiment in study.table(3, **settings):
        assert {name: getattr(experiment, name) for name in settings} == settings


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ((5,), {}, "number: expected a table of the paper, 1, 2, 3, 4; received 5"),
        (("1",), {}, "number: expected a table of the paper, 1, 2, 3, 4; received '1'"),
        ((1,), {"seeds": 0}, "seeds: expected at least 1; received 0"),
        ((1,), {"preset": "desktp"}, "Did you mean 'desktop'"),
        ((1,), {"preset": "desktp", "seeds": 1}, "Did you mean 'desktop'"),
        ((1,), {"dataset": "open_faces"}, "Did you mean 'open-faces'"),
    ],
)
def test_bad_values(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        study.table(*arguments, **settings)


EXPERIMENTS = [
    Experiment(preset="smoke", encoder="scratch"),
    Experiment(preset="smoke", pretext={"rotation": 1.0}),
    Experiment(preset="smoke", encoder="scratch"),
]


def numbers(result):
    return {key: value for key, value in result.record.items() if key != "provenance"}


def test_an_executor_and_a_loop_give_the_same(tmp_path, trained):
    serial = study.run_all(EXPERIMENTS, store=Store(tmp_path / "serial"))
    phases = ["inpainting, mix loss, seed 0", "pretext rotation, seed 0"]
    assert trained == [phases[0], phases[1], phases[0]]
    trained.clear()
    with ThreadPoolExecutor(1) as executor:
        parallel = study.run_all(EXPERIMENTS, executor, Store(tmp_path / "parallel"))
    assert trained == [phases[1], phases[0], phases[0]]
    for results in (serial, parallel):
        assert [result.experiment for result in results] == EXPERIMENTS
    assert [numbers(r) for r in parallel] == [numbers(r) for r in serial]
    assert serial[0].record == serial[2].record


class Recorder:
    """Stands in for `runs.run`: keeps a record without training."""

    def __init__(self, failing=()):
        self.ran, self.failing = [], failing

    def __call__(self, experiment, store):
        record = store.get(experiment.fingerprint)
        if record is None:
            if experiment in self.failing:
                raise ArithmeticError(f"seed {experiment.seed} diverged")
            self.ran.append(experiment.seed)
            record = {
                "experiment": experiment.to_dict(),
                "fingerprint": experiment.fingerprint,
                "metrics": {"ssim": 0.5, "psnr": 20.0},
                "provenance": {},
            }
            store.put(record)
        return runs.Result(experiment, record, store)


SEEDS = [Experiment(preset="smoke", encoder="random", seed=seed) for seed in range(4)]


def test_only_what_is_missing_is_run(tmp_path, monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(study, "run", recorder)
    store = Store(tmp_path)
    study.run_all(SEEDS[1:2], store=store)
    results = study.run_all(iter([SEEDS[3], *SEEDS, SEEDS[0]]), store=store)
    assert recorder.ran == [1, 3, 0, 2]
    assert [result.experiment.seed for result in results] == [3, 0, 1, 2, 3, 0]
    assert study.run_all([], store=store) == []


def test_the_default_store_is_that_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "run", Recorder())
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "named"))
    (result,) = study.run_all(SEEDS[:1])
    assert result.store.path(result.fingerprint).parent == tmp_path / "named"


def test_what_was_done_before_an_experiment_failed_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "run", Recorder(failing=SEEDS[2:3]))
    for number, executor in enumerate((None, ThreadPoolExecutor(1))):
        store = Store(tmp_path / str(number))
        with pytest.raises(ArithmeticError, match="seed 2 diverged"):
            study.run_all(SEEDS, executor, store)
        if executor:
            executor.shutdown()
        assert all(store.get(experiment.fingerprint) for experiment in SEEDS[:2])


def test_results_that_cannot_be_written_are_told_before_anything_runs(tmp_path, monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(study, "run", recorder)
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match="WSSL_RESULTS"):
        study.run_all(SEEDS, store=Store(tmp_path / "file" / "results"))
    assert recorder.ran == []


def test_what_an_executor_sends_to_its_workers_can_be_sent(tmp_path):
    experiment = Experiment(preset="smoke")
    result = runs.Result(experiment, {"metrics": {}}, Store(tmp_path))
    sent = pickle.loads(pickle.dumps((runs.run, runs.pretrain, experiment.pretraining, result)))
    assert sent[:3] == (runs.run, runs.pretrain, experiment.pretraining)
    assert sent[3].experiment == experiment
    assert sent[3].store.root == tmp_path
