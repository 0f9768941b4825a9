"""The registered campaign: balanced, on seeds that nobody has seen, most valuable first."""

import re
from collections import Counter
from pathlib import Path

import pytest

from wssl.claims.catalogue import CLAIMS
from wssl.claims.registration import registration
from wssl.experiment import Evaluation, Experiment
from wssl.presets import preset
from wssl.records.store import Store
from wssl.study import Study, campaign

ROOT = Path(__file__).parents[2]

TIERS = {**campaign.tier_1(), **campaign.tier_2()}
PLAIN = {name: part for name, part in TIERS.items() if name != "other methods"}


def configuration(experiment):
    return experiment.replace(seed=0)


def test_every_run_is_on_data_and_seeds_of_its_own():
    for experiment in (e for part in TIERS.values() for e in part):
        learns = experiment.method not in ("harmonic", "biharmonic")
        assert experiment.seed >= 11 or not learns
        assert experiment.split == "test"
        assert (experiment.dataset, experiment.masks) == ("open-faces-2", "quickdraw")


@pytest.mark.parametrize("name", PLAIN)
def test_all_arms_of_a_part_have_the_same_seeds(name):
    seeds = {}
    for experiment in TIERS[name]:
        seeds.setdefault(configuration(experiment), []).append(experiment.seed)
    (common,) = {tuple(found) for found in seeds.values()}
    assert common == tuple(sorted(set(common)))


@pytest.mark.parametrize("name", PLAIN)
def test_a_seed_is_complete_before_the_next(name):
    order = [experiment.seed for experiment in TIERS[name]]
    assert order == sorted(order)


def test_the_controls_are_the_papers_network_and_what_it_is_compared_with():
    for width in (32, 16):
        part = TIERS[f"controls, width {width}"]
        assert Counter(e.encoder for e in part) == dict.fromkeys(
            ("frozen", "finetuned", "scratch", "random"), 5
        )
        assert {e.scale.width for e in part} == {width}
        assert {e.loss for e in part} == {"mix"}


def test_a_budget_is_a_multiple_of_the_steps_that_an_arm_has():
    for name, part in TIERS.items():
        found = re.search(r"([\d.]+)x$", name)
        factor = float(found[1]) if found else 1.0
        for experiment in part:
            plain = experiment.replace(
                settings={k: v for k, v in experiment.settings.items() if k != "inpainting_steps"}
            )
            if experiment.method == "wssl":
                expected = round(factor * plain.scale.inpainting_steps)
                assert experiment.scale.inpainting_steps == expected


def test_networks_are_tested_elsewhere_as_soon_as_they_are_trained():
    for name, part in campaign.parts().items():
        assert [task for task in part if isinstance(task, Experiment)] == TIERS[name]
        for number, task in enumerate(part):
            size = preset(campaign.DATA["preset"]).size
            if isinstance(task, Experiment) and task.method == "wssl" and task.scale.size == size:
                elsewhere, own = part[number + 1 : number + 3]
                assert elsewhere == Evaluation(task, dataset="objects")
                assert own == Evaluation(task)


def test_the_plan_names_every_part_and_every_claim():
    plan = (ROOT / "book" / "plan.md").read_text(encoding="utf-8")
    assert [name for name in TIERS if f"| {name} |" not in plan] == []
    assert [c.key for c in CLAIMS if f"`{c.key}`" not in plan.split("## Additions")[0]] == []


def test_the_plan_is_older_than_every_run_and_unchanged_but_for_additions():
    records = Study(**campaign.DATA).records(Store(ROOT / "results"))
    found = registration(ROOT / "book" / "plan.md", records)
    if found.unchecked:
        pytest.skip(f"The dates of the plan cannot be checked here: {found.unchecked}.")
    assert found.unchanged
    assert found.older is not False
