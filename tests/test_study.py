from collections import Counter

import numpy as np
import pytest

from wssl import losses, paper, study
from wssl.experiment import ENCODERS, Experiment
from wssl.methods import METHODS, Method

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


CONFIGURATIONS = {"1": 3, "2": 15, "3": 4, "4": 3, "losses": 11, "controls": 5, "noise": 1}


def test_every_part_is_named():
    assert set(study.PARTS) == {*CONFIGURATIONS, "baselines"}


def test_the_baselines_are_every_other_method_and_floors_run_once():
    experiments = study.baselines(preset="smoke", seeds=3)
    repeats = Counter(e.method for e in experiments)
    assert repeats == {
        name: 3 if METHODS[name].learned else 1 for name in METHODS if name != "wssl"
    }


def test_what_is_registered_does_not_enlarge_the_study(monkeypatch):
    before = {name: part(preset="smoke") for name, part in study.PARTS.items()}
    monkeypatch.setitem(METHODS, "grey", Method(fill=lambda image, mask: image))
    monkeypatch.setitem(losses.LOSSES, "mine", lambda y_true, y_pred: abs(y_true - y_pred))
    assert {name: part(preset="smoke") for name, part in study.PARTS.items()} == before


def test_strata_test_every_experiment_on_three_widths():
    experiments = study.baselines(preset="smoke")
    found = study.strata(iter(experiments))
    assert list(found) == ["thin", "medium", "thick"]
    for width, evaluations in found.items():
        assert [e.experiment for e in evaluations] == experiments
        assert {(e.recipe, e.coverage) for e in evaluations} == {(width, (0.1, 0.6))}


def test_unseen_sets_are_never_the_experiments_own():
    drawn = study.unseen(study.controls(preset="smoke"))
    assert list(drawn) == ["photographs", "thin strokes"]
    faces = study.unseen(study.controls(preset="smoke", dataset="open-faces"))
    assert list(faces) == list(study.UNSEEN)
    for evaluations in (*drawn.values(), *faces.values()):
        for evaluation in evaluations:
            assert evaluation.test != evaluation.experiment


def test_evaluations_are_of_controls_elsewhere_and_of_losses_at_home():
    grid = [e for part in study.PARTS.values() for e in part(preset="smoke", seeds=1)]
    found = study.evaluations(grid)
    home = [e.experiment for e in found if e.test == e.experiment]
    assert len(set(found)) == len(found)
    assert {(e.loss, e.alpha) for e in home if e.seed == 0} == {
        ("ssim", 0.84),
        ("log_cosh", 0.84),
        *(("mix", alpha) for alpha in study.ALPHAS),
    }
    assert {e.experiment.encoder for e in found if e.test != e.experiment} == set(ENCODERS)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_part_repeats_each_of_its_configurations(name):
    experiments = study.PARTS[name](preset="smoke", seeds=9, dataset="open-faces")
    assert len(set(experiments)) == len(experiments) == 9 * CONFIGURATIONS[name]
    assert {(e.preset, e.dataset) for e in experiments} == {("smoke", "open-faces")}
    configurations = list(dict.fromkeys(e.with_(seed=0) for e in experiments))
    assert experiments == [c.with_(seed=seed) for c in configurations for seed in range(9)]


def test_the_parts_that_are_tables_are_the_tables():
    for number in paper.TABLES:
        assert study.PARTS[str(number)](seeds=2) == study.table(number, seeds=2)


def test_the_share_of_log_cosh_goes_from_none_to_all(rng):
    swept = {e.alpha: e for e in study.losses(seeds=1) if e.loss == "mix"}
    assert list(swept) == sorted(swept)
    assert min(swept) > 0
    assert max(swept) < 1
    assert 0.84 in swept
    listed = study.losses(seeds=1)
    pair = rng.random((2, 2, 16, 16, 3), dtype=np.float32)
    for alpha, loss in ((0.0, "ssim"), (1.0, "log_cosh")):
        end = Experiment(loss=loss)
        assert end in listed
        values = [
            np.asarray(losses.bind(losses.LOSSES[e.loss], alpha=e.alpha, a=e.a)(*pair))
            for e in (Experiment(alpha=alpha), end)
        ]
        np.testing.assert_array_equal(*values)


def test_the_losses_are_compared_on_the_papers_best_weights():
    listed = study.losses(seeds=1)
    assert {(e.pretext, e.encoder) for e in listed} == {(Experiment().pretext, "frozen")}
    assert [e.a for e in listed if e.loss == "log_cosh"] == [1.0, 10.0, 100.0]
    assert {e.loss for e in listed} == {"mix", "ssim", "log_cosh", "mse", "l1"}


def test_the_controls_differ_from_the_best_configuration_in_the_encoder_alone():
    listed = study.controls(seeds=1)
    assert listed[0] == Experiment()
    assert {e.encoder for e in listed} == set(ENCODERS)
    assert {e.frozen_blocks for e in listed} == {(1, 2, 3, 4, 5), (1, 2, 3)}
    for e in listed:
        kept = e.with_(
            encoder="frozen", frozen_blocks=(1, 2, 3, 4, 5), pretext=Experiment().pretext
        )
        assert kept == Experiment()


def test_what_a_seed_changes_is_measured_with_eight_at_least():
    for seeds in (None, 1, 8, [3, 4]):
        assert [e.seed for e in study.noise(seeds=seeds)] == list(range(8))
    assert [e.seed for e in study.noise(seeds=12)] == list(range(12))
    assert [e.seed for e in study.noise(seeds=range(5, 14))] == list(range(5, 14))
    assert {e.with_(seed=0) for e in study.noise()} == {Experiment()}
