from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from wssl import losses, paper, study
from wssl.claims import CLAIMS
from wssl.claims.campaign import Arm, Design
from wssl.claims.catalogue import BEST_ARM, HARMONIC, RANDOM, SCRATCH, SINGLES, WIDE_BEST, claim
from wssl.claims.decision import AWAITING
from wssl.claims.estimands import difference
from wssl.claims.ladders import ladders
from wssl.claims.outcomes import NOT_RUN, SEEN
from wssl.experiment import ENCODERS, Experiment
from wssl.methods import METHODS, Method
from wssl.records.store import Store
from wssl.study import Study, campaign

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
    settings = {"dataset": "open-faces-2", "masks": "synthetic", "coverage": (0.2, 0.4)}
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
        ((1,), {"dataset": "open_faces_2"}, "Did you mean 'open-faces-2'"),
    ],
)
def test_bad_values(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        study.table(*arguments, **settings)


CONFIGURATIONS = {
    "1": 3,
    "2": 15,
    "3": 4,
    "4": 3,
    "losses": 7,
    "controls": 4,
    "freezing": 4,
}


def test_every_part_is_named():
    assert set(study.PARTS) == {*CONFIGURATIONS, "baselines"}


def test_the_baselines_are_every_other_method_and_floors_run_once():
    experiments = study.baselines(preset="smoke", seeds=3)
    repeats = Counter(e.method for e in experiments)
    assert repeats == {
        name: 3 if method.learned else 1
        for name, method in METHODS.items()
        if not method.trained_as_wssl
    }


def test_what_is_registered_does_not_enlarge_the_study(monkeypatch):
    before = {name: part(preset="smoke") for name, part in study.PARTS.items()}
    monkeypatch.setitem(METHODS, "grey", Method(fill=lambda image, mask: image))
    monkeypatch.setitem(losses.LOSSES, "mine", lambda y_true, y_pred: abs(y_true - y_pred))
    assert {name: part(preset="smoke") for name, part in study.PARTS.items()} == before


def test_evaluations_are_of_controls_elsewhere_and_of_the_best_at_home():
    grid = [e for part in study.PARTS.values() for e in part(preset="smoke", seeds=1)]
    found = study.evaluations(grid)
    assert len(set(found)) == len(found)
    fills = [e for e in found if e.experiment.method == "harmonic"]
    assert [(e.recipe, e.coverage) for e in fills] == [("qd-imd", (0.0, 1.0))]
    networks = [e for e in found if e.experiment.method == "wssl"]
    assert {e.dataset for e in networks} == {"synthetic", "photos"}
    home = [e.experiment for e in networks if e.test == e.experiment]
    assert {e.replace(seed=0) for e in home} == {Experiment(preset="smoke")}
    away = {e.experiment.replace(seed=0) for e in networks if e.test != e.experiment}
    assert away == set(study.controls(preset="smoke", seeds=1))
    assert study.unseen_images("open-faces-2") == "objects"


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_part_repeats_each_of_its_configurations(name):
    experiments = study.PARTS[name](preset="smoke", seeds=9, dataset="open-faces-2")
    assert len(set(experiments)) == len(experiments) == 9 * CONFIGURATIONS[name]
    assert {(e.preset, e.dataset) for e in experiments} == {("smoke", "open-faces-2")}
    configurations = list(dict.fromkeys(e.replace(seed=0) for e in experiments))
    assert experiments == [c.replace(seed=seed) for c in configurations for seed in range(9)]


def test_the_parts_that_are_tables_are_the_tables():
    for number in paper.TABLES:
        assert study.PARTS[str(number)](seeds=2) == study.table(number, seeds=2)


def test_the_losses_are_compared_on_the_papers_best_weights_and_from_scratch():
    listed = study.losses(seeds=1)
    frozen = [e for e in listed if e.encoder == "frozen"]
    assert [e.loss for e in frozen] == list(campaign.LOSSES)
    assert {e.pretext for e in frozen} == {Experiment().pretext}
    scratch = [e for e in listed if e.encoder == "scratch"]
    assert {e.loss for e in scratch} == {"mix", "ssim", "log_cosh"}
    assert {(e.alpha, e.a) for e in listed} == {(0.84, 1.0)}


def test_the_controls_differ_from_the_best_configuration_in_the_encoder_alone():
    listed = study.controls(seeds=1)
    assert listed[0] == Experiment()
    assert {e.encoder for e in listed} == set(ENCODERS)
    for e in listed:
        assert e.replace(encoder="frozen", pretext=Experiment().pretext) == Experiment()


def test_some_blocks_are_frozen_from_either_end():
    listed = study.freezing(seeds=1)
    assert [(e.encoder, e.frozen_blocks) for e in listed] == [
        ("frozen", (1,)),
        ("frozen", (1, 2, 3)),
        ("frozen", (3, 4, 5)),
        ("random", (3, 4, 5)),
    ]


REGISTERED = {"preset": "desktop", "dataset": "open-faces-2"}


def test_the_registered_study_is_the_campaign():
    found = Study(**REGISTERED)
    assert found.registered
    assert found.design == Design()
    assert set(found.tasks) == {task for part in campaign.parts().values() for task in part}
    for other in ({"preset": "quick"}, {"dataset": "synthetic"}, {"masks": "synthetic"}):
        assert not Study(**{**REGISTERED, **other}).registered


def test_registered_seeds_are_not_chosen():
    with pytest.raises(ValueError, match=r"seeds: expected none at the preset 'desktop'.*3"):
        Study(**REGISTERED, seeds=3)


def test_nothing_of_the_registered_study_is_trained(trained):
    found = Study(**REGISTERED).findings()
    assert trained == []
    assert found.registered
    assert {verdict.outcome for verdict in found.values()} == {AWAITING}
    assert Study(**REGISTERED).recorded(SINGLES) == (0, 11)
    assert Study(**REGISTERED).result(WIDE_BEST) is None


def test_the_study_at_another_preset_has_runs_for_nearly_every_claim(fabricate):
    found = Study("smoke", seeds=2)
    fabricate(Store(), found.tasks)
    findings = found.findings()
    assert not findings.registered
    missing = {v.claim.key for v in findings.values() if v.outcome == NOT_RUN}
    assert missing <= {"mix-longer", "features-learned"}
    assert len(findings) == len(CLAIMS)
    assert findings["features"].outcome == SEEN


def test_a_page_trains_its_own_arms_and_no_others(monkeypatch, fabricate):
    asked = []

    def run_all(experiments, store):
        asked.extend(experiments)
        fabricate(store, experiments)

    monkeypatch.setattr("wssl.study.study.run_all", run_all)
    monkeypatch.setattr("wssl.study.study.evaluate", lambda task, store: fabricate(store, [task]))
    found = Study("smoke").findings([*SINGLES, HARMONIC])
    assert {tuple(e.pretext) for e in asked if e.method == "wssl"} == {
        tuple(arm.pretext) for arm in SINGLES
    }
    assert {e.method for e in asked} == {"wssl", "harmonic"}
    assert set(found.campaign.runs) == {*SINGLES, HARMONIC}


def test_an_arms_result_is_its_first_seed(fabricate):
    found = Study("smoke", seeds=2)
    assert found.result(BEST_ARM) is None
    fabricate(Store(), found.of([BEST_ARM]))
    assert found.result(BEST_ARM).experiment.seed == 0
    assert found.recorded([BEST_ARM]) == (2, 2)


def test_pictures_are_as_many_as_asked_for():
    pictures, masks = Study("smoke").pictures(2, 1)
    assert pictures.shape == (3, 32, 32, 3)
    assert masks.shape == (3, 32, 32)
    assert len(Study("smoke").pictures(1, 0)[0]) == 1


def test_the_campaign_has_a_run_on_every_rung(fabricate):
    found = Study(**REGISTERED)
    fabricate(Store(), found.tasks)
    rungs = ladders(found.records(), found.design)
    assert all(rung.runs >= 2 for ladder in rungs.values() for rung in ladder)
    (first, *_), last = rungs["budget"], rungs["budget"][-1]
    assert first.runs == 4 * 3
    assert last.runs == 2 * 2


def test_parameters_of_an_arm_are_those_that_learn():
    """Three by three convolutions: 9 weights for each pair of channels, and a bias each."""

    def block(of, to):
        return (9 * of + 1) * to + (9 * to + 1) * to

    made = Study("smoke")
    widths = [3, 4, 8, 16, 32, 64]
    encoder = [block(a, b) for a, b in pairwise(widths)]
    whole = made.parameters(SCRATCH)
    assert whole - made.parameters(BEST_ARM) == sum(encoder)
    assert made.parameters(RANDOM) == made.parameters(BEST_ARM)
    assert whole - made.parameters(Arm(encoder="random", blocks=(1, 2))) == sum(encoder[:2])
    assert made.parameters(Arm(encoder="scratch", width="wide")) > 3 * whole
    assert made.parameters(Arm(encoder="scratch", width="4")) == whole


UNKNOWN = Arm(encoder="scratch", loss="l1")


@pytest.mark.parametrize(
    "asked",
    [
        {"arms": [UNKNOWN]},
        {"claims": [replace(claim("features"), estimand=difference(UNKNOWN, SCRATCH))]},
    ],
)
def test_arms_without_an_experiment_are_named_before_any_training(asked, trained):
    with pytest.raises(ValueError, match=r"'no pretext task; scratch; loss l1'.*more="):
        Study("smoke").findings(**asked)
    assert trained == []


def test_arms_of_more_experiments_and_of_the_registered_campaign_are_known(fabricate):
    more = [Experiment(preset="smoke", encoder="scratch", loss="l1", seed=s) for s in (0, 1)]
    found = Study("smoke", seeds=2, more=more)
    fabricate(Store(), found.of([UNKNOWN, SCRATCH]))
    mine = replace(claim("features"), key="mine", estimand=difference(UNKNOWN, SCRATCH))
    longer = Arm(encoder="scratch", budget=4.0)
    verdict = found.findings([UNKNOWN, SCRATCH, longer], claims=[mine])["mine"]
    assert verdict.outcome == SEEN
    assert set(found.findings([SCRATCH]).verdicts) == {c.key for c in CLAIMS}


def test_a_study_with_other_masks():
    settings = {"recipe": "thick", "coverage": (0.1, 0.4)}
    found = Study("smoke", seeds=1, **settings)
    trained_ones = [task for task in found.tasks if isinstance(task, Experiment)]
    assert {(e.recipe, e.coverage) for e in trained_ones} == {("thick", (0.1, 0.4))}
    assert (found.design.recipe, found.design.coverage) == ("thick", (0.1, 0.4))
    assert len(found.of([SCRATCH])) > 0
    masks = found.pictures()[1]
    assert ((masks.mean(axis=(1, 2)) >= 0.1) & (masks.mean(axis=(1, 2)) <= 0.4)).all()
    for name, value in settings.items():
        assert not Study(**REGISTERED, **{name: value}).registered
    assert Study(**REGISTERED, coverage=[0.3, 0.5]).registered


@pytest.mark.parametrize("seeds", [True, 2.0, "12", [], [0, 0], (1, 2, 1)])
def test_seeds_that_are_no_seeds_are_refused_by_name(seeds):
    with pytest.raises(ValueError, match=r"^seeds: expected a number of seeds.* received"):
        study.table(1, preset="smoke", seeds=seeds)
    assert {e.seed for e in study.table(1, preset="smoke", seeds=[4])} == {4}
