from collections import Counter

import numpy as np
import pytest

pytest.importorskip("sklearn", exc_type=ImportError)

from wssl.claims.catalogue import OF_CONTROLS
from wssl.claims.decision import AWAITING
from wssl.claims.outcomes import findings
from wssl.experiment import Evaluation, Experiment
from wssl.methods import METHODS, OBJECTIVES
from wssl.records.store import Store
from wssl.study import Study, campaign, exploratory

ARMS = [experiment for part in exploratory.parts().values() for experiment in part]


def test_every_arm_has_the_grids_seeds_and_the_campaigns_data():
    arms = Counter(experiment.replace(seed=0) for experiment in ARMS)
    assert set(arms.values()) == {3}
    assert {experiment.seed for experiment in ARMS} == {11, 12, 13}
    for experiment in ARMS:
        assert (experiment.preset, experiment.dataset) == ("desktop", "open-faces-2")
        assert (experiment.split, experiment.scale.width) == ("test", 16)
    assert len({experiment.fingerprint for experiment in ARMS}) == len(ARMS)


def test_no_arm_is_one_of_the_campaigns():
    tiers = {**campaign.tier_1(), **campaign.tier_2()}
    registered = {experiment.fingerprint for part in tiers.values() for experiment in part}
    assert not registered & {experiment.fingerprint for experiment in ARMS}


def test_fills_stand_beside_the_networks_of_other_holes_and_sizes():
    scales = [campaign.scales(recipe="medium"), campaign.scales(size=128)]
    networks = {(e.recipe, e.scale.size) for part in scales for e in part}
    found = [(e.method, e.recipe, e.scale.size) for e in exploratory.fills()]
    assert sorted(found) == sorted((m, *s) for m in ("harmonic", "biharmonic") for s in networks)


def test_the_controls_at_half_the_rate():
    tasks = exploratory.half_rate()
    runs = [task for task in tasks if isinstance(task, Experiment)]
    tests = [task for task in tasks if isinstance(task, Evaluation)]
    registered = {e.fingerprint: e for e in campaign.controls(32)}
    assert len(runs) == len(tests) == len(registered) == 20
    assert [test.experiment for test in tests] == runs
    assert {test.dataset for test in tests} == {"objects"}
    for run in runs:
        usual = run.replace(settings={"width": 32})
        assert usual.fingerprint in registered
        assert (
            run.scale.inpainting_learning_rate == 0.004 == usual.scale.inpainting_learning_rate / 2
        )
        assert run.pretraining == usual.pretraining


def test_the_claims_about_the_controls_are_judged_at_half_the_rate(fabricate, tmp_path):
    store = Store(tmp_path)
    fabricate(store, [*campaign.controls(32), *campaign.baselines()])
    before = findings(exploratory.half_rate_records(store), claims=OF_CONTROLS)
    assert len(before) == 12
    assert {verdict.done for verdict in before.values()} == {0, 2}, "the two fills"
    fabricate(store, exploratory.half_rate())
    found = exploratory.half_rate_records(store)
    runs = [r for r in found if r["kind"] == "inpainting" and r["history"]]
    encoders = Counter(run["experiment"]["encoder"] for run in runs)
    assert encoders == {"frozen": 5, "random": 5, "finetuned": 5, "scratch": 5}
    assert {run["scale"]["inpainting_learning_rate"] for run in runs} == {0.004}
    judged = findings(found, claims=OF_CONTROLS)
    assert AWAITING not in {verdict.outcome for verdict in judged.values()}
    registered = findings(Study(**campaign.DATA).records(store))
    assert registered["supervised"].effect.value != judged["supervised"].effect.value


def test_the_replication_is_the_same_with_seeds_that_nothing_else_uses():
    first, again = exploratory.half_rate(), exploratory.half_rate(exploratory.REPLICATION)
    assert len(again) == len(first) == 40
    used = {task.seed for part in campaign.parts().values() for task in part
            if isinstance(task, Experiment)}  # fmt: skip
    used |= {experiment.seed for experiment in ARMS}
    assert not used & set(exploratory.REPLICATION)
    shift = exploratory.REPLICATION[0] - campaign.MANY[0]
    runs = [t for t in first if isinstance(t, Experiment)]
    moved = {run.replace(seed=run.seed + shift).fingerprint for run in runs}
    assert moved == {t.fingerprint for t in again if isinstance(t, Experiment)}


def test_each_set_of_seeds_at_half_the_rate_is_judged_by_itself(fabricate, tmp_path):
    store = Store(tmp_path)
    fabricate(store, [*exploratory.half_rate(), *campaign.baselines()])
    found = exploratory.half_rate_findings(store)
    assert list(found) == [exploratory.AT_HALF_RATE], "the other set has no run"
    assert found[exploratory.AT_HALF_RATE]["supervised"].done == 10
    fabricate(store, exploratory.half_rate(exploratory.REPLICATION))
    found = exploratory.half_rate_findings(store)
    assert list(found) == [exploratory.AT_HALF_RATE, exploratory.REPLICATED]
    first, again = found.values()
    assert again["supervised"].done == 10
    seeds = {s for by_seed in again.campaign.runs.values() for s in by_seed}
    assert seeds == {0, *exploratory.REPLICATION}
    assert again["supervised"].effect.value != first["supervised"].effect.value


def test_a_part_in_which_two_runs_diverged_is_run_again(fabricate, tmp_path):
    store = Store(tmp_path)
    name = "losses, frozen"
    part = campaign.tier_1()[name]
    fabricate(store, part[:-1])
    for experiment in part[:2]:
        record = store.get(experiment.fingerprint)
        store.put({**record, "history": [[1, 0.1], [2, 0.5]]})
    assert exploratory.repeated(store) == {}, "a run is missing"
    fabricate(store, part[-1:])
    (title,) = found = exploratory.repeated(store)
    assert title == "losses, frozen, half the learning rate (exploratory)"
    tasks, usual = found[title], campaign.parts()[name]
    assert len(tasks) == len(usual)
    for task, before in zip(tasks, usual, strict=True):
        assert type(task) is type(before)
        trained, other = (t if isinstance(t, Experiment) else t.experiment for t in (task, before))
        rates = [e.scale.inpainting_learning_rate for e in (trained, other)]
        assert rates[0] == rates[1] / 2
        assert trained.pretraining == other.pretraining
        assert trained.replace(settings=other.settings) == other
        if isinstance(task, Evaluation):
            assert task.dataset == before.dataset
    assert title not in exploratory.half_rate_findings(store), "none of them is there"
    fabricate(store, tasks)
    judged = exploratory.half_rate_findings(store)[title]
    assert "mix" in judged.verdicts
    assert "features" not in judged.verdicts, "its runs are no part of this"
    assert AWAITING not in {verdict.outcome for verdict in judged.values()}


def test_one_run_that_diverged_is_no_reason_to_repeat_a_part(fabricate, tmp_path):
    store = Store(tmp_path)
    part = campaign.tier_1()["depth of freezing"]
    fabricate(store, part)
    record = store.get(part[0].fingerprint)
    store.put({**record, "history": [[1, 0.1], [2, 0.5]]})
    assert exploratory.repeated(store) == {}


def test_every_objective_and_network_beside_the_papers_has_an_arm():
    assert {experiment.objective for experiment in ARMS} == set(OBJECTIVES)
    networks = {name for name, method in METHODS.items() if method.trained_as_wssl}
    assert {experiment.method for experiment in ARMS} == networks


def test_the_search_begins_with_equal_weights_and_ends():
    tried = []
    while experiment := exploratory.next_searched(tried):
        assert experiment.split == "val"
        assert sum(experiment.pretext.values()) == pytest.approx(1)
        score = 0.8 - (experiment.pretext.get("rotation", 0.0) - 0.7) ** 2
        tried.append((experiment, score))
    assert len(tried) == exploratory.SEARCH_RUNS
    assert dict(tried[0][0].pretext) == exploratory.EQUAL
    assert Counter(experiment.seed for experiment, _ in tried).keys() == {11, 12, 13}
    best = max(tried, key=lambda pair: pair[1])[0]
    assert best.pretext["rotation"] == pytest.approx(0.7, abs=0.11)


def test_every_arm_is_also_tested_on_validation_images():
    for part in exploratory.tasks().values():
        for arm, evaluation in zip(part[::2], part[1::2], strict=True):
            assert evaluation == Evaluation(arm, split="val")


def test_the_search_resumes_from_its_records_and_its_best_is_tested_with_every_seed(tmp_path):
    store = Store(tmp_path)
    assert exploratory.searched(store) == []
    for ssim in (0.7, 0.9, 0.8):
        experiment = exploratory.next_searched(exploratory.searched(store))
        record = {"metrics": {"ssim": ssim}, "kind": "inpainting", "provenance": {}}
        known = {"experiment": experiment.to_dict(), "fingerprint": experiment.fingerprint}
        store.put({**record, **known})
    tried = exploratory.searched(store)
    assert [score for _, score in tried] == [0.7, 0.9, 0.8]
    tested = exploratory.best_searched(tried)
    assert {dict(e.pretext) == dict(tried[1][0].pretext) for e in tested} == {True}
    assert [(e.seed, e.split) for e in tested] == [(11, "test"), (12, "test"), (13, "test")]


def test_a_run_of_the_search_that_diverged_counts_and_is_not_fitted(tmp_path):
    store = Store(tmp_path)
    for ssim, losses in ((0.7, [0.1, 0.05]), (0.2, [0.05, 0.3]), (0.8, [0.1, 0.05])):
        experiment = exploratory.next_searched(exploratory.searched(store))
        record = {"metrics": {"ssim": ssim}, "kind": "inpainting", "provenance": {}}
        known = {"experiment": experiment.to_dict(), "fingerprint": experiment.fingerprint}
        store.put({**record, **known, "history": list(enumerate(losses))})
    tried = exploratory.searched(store)
    assert np.isnan([score for _, score in tried]).tolist() == [False, True, False]
    assert exploratory.next_searched(tried).seed == 11
    tested = exploratory.best_searched(tried)
    assert {dict(e.pretext) == dict(tried[2][0].pretext) for e in tested} == {True}
    assert exploratory.best_searched(tried[1:2]) == []


def put_scores(store, scores):
    """Records of every arm's tests on validation images; `scores`: experiment -> SSIM."""
    for arm in ARMS:
        test = Evaluation(arm, split="val")
        record = {"kind": "evaluation", "experiment": test.to_dict(), "provenance": {}}
        score = {"metrics": {"ssim": scores(arm)}, "fingerprint": test.fingerprint}
        store.put({**record, **score})


def put_diverged(store, run):
    """A record of a run whose loss rose."""
    record = {"kind": "inpainting", "experiment": run.to_dict(), "provenance": {}}
    lost = {"fingerprint": run.fingerprint, "metrics": {}, "history": [[1, 0.1], [2, 0.5]]}
    store.put({**record, **lost})


def chosen(store):
    """The experiments at the width of the controls with the first seed."""
    tasks = exploratory.together(store)
    experiments = [task for task in tasks if isinstance(task, Experiment)]
    assert [task.experiment for task in tasks if isinstance(task, Evaluation)] == experiments
    assert {t.test.dataset for t in tasks if isinstance(t, Evaluation)} == {campaign.UNSEEN}
    assert [e.seed for e in experiments] == [11, 11, 12, 12, 13, 13]
    assert {e.scale.width for e in experiments} == {campaign.WIDE}
    assert {e.scale.inpainting_learning_rate for e in experiments} == {0.004}
    assert len({e.fingerprint for e in experiments}) == 6
    return experiments[:2]


def test_the_two_best_arms_are_run_at_the_width_of_the_controls(tmp_path):
    store = Store(tmp_path)
    assert exploratory.together(store) == []
    order = {"vicreg": 0.9, "colourisation": 0.8}
    put_scores(store, lambda e: order.get(e.objective, 0.1) if e.encoder == "finetuned" else 0.0)
    assert [(e.objective, e.encoder) for e in chosen(store)] == [
        ("vicreg", "finetuned"),
        ("colourisation", "finetuned"),
    ]


def test_an_arm_with_a_run_that_diverged_is_not_one_of_the_best(tmp_path):
    store = Store(tmp_path)
    order = {"vicreg": 0.9, "colourisation": 0.8, "masked_patches": 0.7}
    put_scores(store, lambda e: order.get(e.objective, 0.1) if e.encoder == "finetuned" else 0.0)
    (run,) = (e for e in ARMS if (e.objective, e.encoder, e.seed) == ("vicreg", "finetuned", 12))
    put_diverged(store, run)
    assert [e.objective for e in chosen(store)] == ["colourisation", "masked_patches"]


def test_where_all_arms_but_one_diverged_it_is_run_alone(tmp_path):
    store = Store(tmp_path)
    put_scores(store, lambda e: 0.5)
    first, *others = (e for e in ARMS if e.seed == 11)
    for arm in others:
        put_diverged(store, arm)
    tasks = exploratory.together(store)
    assert {e.objective for e in tasks if isinstance(e, Experiment)} == {first.objective}
    assert len(tasks) == 6
    put_diverged(store, first)
    assert exploratory.together(store) == []


def test_the_controls_of_the_exploratory_pages_are_those_at_half_the_rate(fabricate, tmp_path):
    store = Store(tmp_path)
    fabricate(store, [*campaign.controls(32), *exploratory.half_rate()])
    runs = [r for r in exploratory.records(store) if r["kind"] == "inpainting"]
    assert len(runs) == 20
    assert {run["scale"]["inpainting_learning_rate"] for run in runs} == {0.004}


def test_two_arms_that_change_different_things_are_combined(tmp_path):
    store = Store(tmp_path)
    order = {("mask_channel", "weighted"): 0.8, ("wssl", "uncertainty"): 0.9}
    frozen = {"frozen": 0.0}
    put_scores(store, lambda e: order.get((e.method, e.objective), 0) + frozen.get(e.encoder, -1))
    best, second = chosen(store)
    assert (best.method, best.objective) == ("wssl", "uncertainty")
    assert (second.method, second.objective) == ("mask_channel", "uncertainty")
    assert second.pretext == best.pretext
