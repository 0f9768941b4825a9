"""The exploratory arms: whose they are, and what is read from them."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn", exc_type=ImportError)

from wssl.claims.advice import CHOICES, CLEAR, NO_DIFFERENCE, Advice, Choice
from wssl.claims.campaign import WIDE, Arm, Campaign, Design
from wssl.claims.catalogue import BEST_ARM, FINETUNED, RANDOM, SCRATCH, WIDE_SCRATCH
from wssl.claims.estimands import SSIM, difference
from wssl.claims.ladders import ladders
from wssl.claims.outcomes import PairedContrast, paired
from wssl.claims.remedies import (
    DOMAIN_GAP,
    OTHER_PRETRAINING,
    REMEDIES,
    Exploration,
    Remedy,
    against,
    minus,
    on_validation,
    readings,
    remedy_of,
    same_network,
    wide,
)
from wssl.experiment import Evaluation, Experiment
from wssl.records.fields import has_diverged, is_shallow
from wssl.records.store import Store
from wssl.report.labels import arm_label
from wssl.report.numbers import bounds, change_text
from wssl.report.tables import advice
from wssl.report.tables import remedies as tables
from wssl.report.tables.contrasts import runs_of
from wssl.study import campaign, exploratory

ARMS = [experiment for part in exploratory.parts().values() for experiment in part]
CONTROLS = [e for e in campaign.controls(16) if e.seed in campaign.FEW]
WIDE_CONTROLS = campaign.controls(32)
FREEZE = CHOICES[1]


def run_of(experiment):
    return {
        "experiment": experiment.to_dict(),
        "scale": experiment.hyperparameters(),
        "fingerprint": experiment.fingerprint,
        "kind": "inpainting",
    }


def test_the_arms_are_those_that_are_run():
    found = {remedy_of(run_of(e), Design()) or next(iter(Campaign([run_of(e)]).runs)) for e in ARMS}
    assert found == set(REMEDIES.values())
    assert len(set(REMEDIES.values())) == len(REMEDIES)


def test_a_remedy_is_never_a_registered_arm():
    registered = {arm for e in campaign.tier_1().values() for t in e for arm in _arms(t)}
    assert len(registered) > 40
    assert {arm for arm in REMEDIES.values() if isinstance(arm, Remedy)}.isdisjoint(registered)
    assert Remedy(encoder="scratch", method="partial") != Arm(encoder="scratch", method="partial")
    for experiment in WIDE_CONTROLS:
        assert remedy_of(run_of(experiment), Design()) is None


def _arms(task):
    if isinstance(task, Evaluation):
        return []
    return list(Campaign([run_of(task)]).runs)


def test_a_remedy_on_other_images_or_of_another_method_is_none_of_them():
    experiment = ARMS[1]
    assert remedy_of(run_of(experiment.replace(split="val")), Design()) is None
    assert remedy_of(run_of(experiment.replace(recipe="medium")), Design()) is None
    assert remedy_of(run_of(experiment), Design()) is not None
    assert remedy_of(run_of(experiment.replace(alpha=0.5)), Design()) is None
    assert remedy_of(run_of(experiment.replace(method="shift_net", objective="weighted",
                                               pretext=None)), Design()) is None  # fmt: skip


def test_the_variance_of_a_remedy_is_that_of_registered_arms_like_it():
    assert DOMAIN_GAP["holes of noise, frozen"].noise == BEST_ARM.noise == "sharpness"
    assert OTHER_PRETRAINING["VICReg, frozen"].noise == "other pretext"
    assert OTHER_PRETRAINING["VICReg, fine-tuned"].noise == SCRATCH.noise
    assert not any(arm.pooled for arm in REMEDIES.values() if isinstance(arm, Remedy))
    phases = [arm.phase for arm in REMEDIES.values() if isinstance(arm, Remedy)]
    assert len(set(phases)) == len(phases)


def test_a_remedy_has_a_name():
    assert DOMAIN_GAP["partial convolutions, frozen"].name == (
        "partial; saturation 0.3, sharpness 0.7; frozen"
    )
    assert OTHER_PRETRAINING["VICReg, fine-tuned"].name == "vicreg; no pretext task; finetuned"


def test_a_network_is_compared_with_itself():
    partial = DOMAIN_GAP["partial convolutions, frozen"]
    assert same_network(partial, "scratch") == Remedy(encoder="scratch", method="partial")
    assert same_network(OTHER_PRETRAINING["VICReg, frozen"], "random") == RANDOM
    found = against({"own": SCRATCH, "tuned": FINETUNED}, "scratch")
    assert found == {"tuned": ((1.0, FINETUNED), (-1.0, SCRATCH))}
    assert list(minus({"a": BEST_ARM}, {"b": RANDOM, "c": SCRATCH})) == ["a minus b", "a minus c"]


@pytest.fixture
def explored(tmp_path, fabricate):
    """A function: (experiment -> SSIM) -> the exploration of a store with all of its records."""

    def make(level, experiments=(*CONTROLS, *WIDE_CONTROLS, *ARMS)):
        store = Store(tmp_path / "store")
        tests = [Evaluation(e, split="val") for e in ARMS]
        fabricate(store, [*experiments, *tests], lambda e, rng: level(e) + rng.normal(0, 0.0005))
        return Exploration(store.records())

    return make


def usual(experiment):
    """Freezing is at fault and nothing helps; networks that know the holes change nothing."""
    return {"frozen": 0.78, "random": 0.80, "finetuned": 0.85, "scratch": 0.85}[experiment.encoder]


def shown(exploration):
    return {one.statement: one.holds for one in readings(exploration)}


def test_the_conclusions_of_a_world_where_freezing_is_at_fault(explored):
    exploration = explored(usual)
    assert shown(exploration) == {
        "the gap between whole images and images with holes matters": False,
        "the tasks are at fault": False,
        "freezing is at fault": True,
        "nothing helps": True,
    }
    text = tables.answer_text(exploration, readings(exploration))
    assert "Shown by the plan's criteria: “freezing is at fault” and “nothing helps”." in text
    assert tables.awaiting_text(exploration, REMEDIES) == ""


def test_the_conclusions_of_a_world_where_tasks_and_gap_are_at_fault(explored):
    def level(experiment):
        masked = experiment.objective == "masked" and experiment.method == "wssl"
        better = experiment.objective == "masked_patches"
        return usual(experiment) + 0.05 * masked + 0.09 * better

    exploration = explored(level)
    assert shown(exploration) == {
        "the gap between whole images and images with holes matters": True,
        "the tasks are at fault": True,
        "freezing is at fault": False,
        "nothing helps": False,
    }
    best = "masked-image modelling, fine-tuned"
    assert best in tables.answer_text(exploration, readings(exploration))
    ranked = on_validation(exploration, REMEDIES)
    assert next(iter(ranked)) == best
    assert list(ranked.values()) == sorted(ranked.values(), reverse=True)
    assert tables.validation_table(exploration, REMEDIES).index[0] == best


def test_an_arm_with_a_run_that_diverged_is_never_the_best(explored):
    exploration = explored(
        lambda e: usual(e) + 0.09 * (e.objective == "masked_patches"),
    )
    before = tables.answer_text(exploration, readings(exploration))
    assert "is “masked-image modelling, fine-tuned”" in before
    best = REMEDIES["masked-image modelling, fine-tuned"]
    exploration.runs[best][12]["history"] = [[1, 0.1], [2, 0.5]]
    exploration.__dict__.pop("converged", None)
    after = tables.answer_text(exploration, readings(exploration))
    assert "is “masked-image modelling, fine-tuned”" not in after
    assert "1 comparison with runs that diverged is left out." in after
    conclusions = {one.statement: one for one in readings(exploration)}
    lost = [name for name, one in conclusions.items() if one.diverged]
    assert lost == ["freezing is at fault", "nothing helps"]
    assert all(conclusions[name].holds is not None for name in lost), "two seeds are left"
    said = {True: "yes", False: "no"}
    words = tables.reading_table(readings(exploration))["shown"]
    expected = [f"{said[conclusions[name].holds]}, without runs that diverged" for name in lost]
    assert words[lost].tolist() == expected
    exploration.runs[best][13]["history"] = [[1, 0.1], [2, 0.5]]
    exploration.__dict__.pop("converged", None)
    conclusions = {one.statement: one for one in readings(exploration)}
    assert {conclusions[name].holds for name in lost} == {None}, "one seed has no interval"
    words = tables.reading_table(readings(exploration))["shown"]
    assert words[lost].tolist() == ["cannot be said: runs diverged"] * 2


def test_conclusions_can_leave_out_networks_part_of_whose_decoder_died(explored):
    exploration = explored(lambda e: usual(e) + 0.09 * (e.objective == "masked_patches"))
    best = REMEDIES["masked-image modelling, frozen"]
    cut = {"none": {"psnr": 25.0}, "1": {"psnr": 9.0}, "2": {"psnr": 25.0}}
    whole = {one.statement: one.holds for one in readings(exploration, without=is_shallow)}
    assert whole == shown(exploration), "none of them died"
    for seed in (11, 12):
        exploration.runs[best][seed]["mechanism"] = {"skips": cut}
    assert shown(exploration)["the tasks are at fault"], "all runs count"
    without = readings(exploration, without=is_shallow)
    rests = {"the tasks are at fault", "freezing is at fault", "nothing helps"}
    assert {one.statement for one in without if one.holds is None} == rests, "one seed is left"
    column = tables.reading_table(readings(exploration), without).iloc[:, -1]
    assert column.tolist() == ["no", "—", "—", "—"]
    assert "died" in column.name
    assert "died" not in tables.reading_table(readings(exploration)).columns[-1]
    assert exploration.without(is_shallow).runs[best].keys() == {13}
    assert exploration.without(has_diverged) is exploration


def test_while_runs_are_missing_nothing_is_concluded(explored):
    exploration = explored(usual, [*CONTROLS, *(e for e in ARMS if e.seed != 13)])
    assert set(shown(exploration).values()) == {None}
    exploration.runs[RANDOM][11]["history"] = [[1, 0.1], [2, 0.5]]
    exploration.__dict__.pop("converged", None)
    said = tables.reading_table(readings(exploration))["shown"]
    assert set(said) == {"awaiting runs"}, "the one that diverged does not decide what is awaited"
    assert "54 of 81" in tables.awaiting_text(exploration, REMEDIES)
    nothing = Exploration([])
    awaited = "Not answered yet: 0 of the 81 exploratory runs are recorded."
    assert tables.answer_text(nothing, readings(nothing)) == awaited
    assert set(tables.reading_table(readings(nothing))["shown"]) == {"awaiting runs"}


def test_a_contrast_is_the_mean_of_the_seeds_differences(explored):
    exploration = explored(usual)
    arm = DOMAIN_GAP["partial convolutions, frozen"]
    other = same_network(arm, "scratch")
    found = paired(exploration, against({"x": arm}, "scratch")["x"], SSIM)
    each = [
        np.log((1 - exploration.run(other, seed)["metrics"]["ssim"])
               / (1 - exploration.run(arm, seed)["metrics"]["ssim"]))
        for seed in campaign.FEW
    ]  # fmt: skip
    assert list(found.per_seed.values()) == pytest.approx(each)
    assert found.estimate.value == pytest.approx(np.mean(each))


def test_the_best_arms_at_the_width_of_the_controls(explored, fabricate, tmp_path):
    explored(usual)
    store = Store(tmp_path / "store")
    tasks = exploratory.together(store)
    fabricate(store, tasks, lambda e, rng: 0.8)
    found = wide(Exploration(store.records()))
    assert len(found) == 2
    assert all(arm.width == WIDE for arm in found.values())
    assert set(found) <= set(REMEDIES)


def test_what_to_do_follows_from_the_interval(explored):
    exploration = explored(usual)
    freeze, tuned, features = CHOICES[1], CHOICES[2], CHOICES[5]
    assert freeze.advice(exploration)[:2] == (freeze.do_second, CLEAR)
    assert tuned.advice(exploration)[:2] == (tuned.do_second, NO_DIFFERENCE)
    assert features.advice(exploration)[:2] == (features.do_second, CLEAR)
    answer = advice.answer_text(exploration, CHOICES)
    assert answer.startswith(
        "No pretraining that was tried is clearly better than none. The runs so far suggest this: "
        "train every layer from scratch."
    )
    assert " If the encoder must stay frozen: leave it random." in answer
    assert "No difference that matters: classification tasks first or not" in answer
    table = advice.advice_table(exploration, CHOICES)
    assert table["what to do"].tolist()[1] == freeze.do_second
    assert table["how sure, by SSIM"].tolist()[1:3] == [CLEAR, NO_DIFFERENCE]
    assert table["seen with"].tolist()[1] == (
        "width 32, 5 seeds, exploratory runs, steps: 9,600 + 1,000 against 1,000"
    )
    assert "awaiting runs (3 of 6)" in table["what to do"].tolist()
    assert "reached SSIM 0.8" in advice.cost_text(exploration, WIDE_SCRATCH)
    runs = runs_of(exploration, [WIDE_SCRATCH])
    hours = np.median([run["provenance"]["seconds"] for run in runs]) / 3600
    steps = advice.half_a_day(exploration, WIDE_SCRATCH)
    assert steps % 1000 == 0
    assert 0 <= 12 / hours * runs[0]["scale"]["inpainting_steps"] - steps < 1000
    command = advice.command_text(exploration, CHOICES, steps)
    assert command.endswith(f"inpainting_steps={steps}")


@pytest.mark.parametrize(
    ("bounds", "action", "certainty"),
    [
        ((0.01, 0.2), FREEZE.do_first, CLEAR),
        ((-0.04, 0.04), FREEZE.do_second, NO_DIFFERENCE),
        ((-0.2, -0.01), FREEZE.do_second, CLEAR),
        (
            (-0.2, 0.04),
            FREEZE.do_second,
            "not clear; the other gains less than the margin",
        ),
        ((-0.2, 0.2), FREEZE.do_second, "not clear; this is cheaper"),
    ],
)
def test_advice_compares_the_interval_with_the_margin(monkeypatch, bounds, action, certainty):
    class Bounded:
        value = sum(bounds) / 2
        lower, upper = (staticmethod(lambda each, end=end: end) for end in bounds)

    monkeypatch.setattr(Choice, "seen", lambda *_: PairedContrast(Bounded(), {}))
    monkeypatch.setattr(Choice, "recorded", lambda *_: (10, 10))
    assert FREEZE.advice(Exploration([]))[:2] == (action, certainty)


def test_advice_says_how_many_runs_diverged(explored):
    exploration = explored(usual)
    clear = FREEZE.advice(exploration)
    assert clear.certainty == CLEAR
    exploration.runs[FREEZE.first][12]["history"] = [[1, 0.1], [2, 0.5]]
    exploration.__dict__.pop("converged", None)
    assert FREEZE.advice(exploration)[:2] == (clear.action, "not clear: 1 of 10 runs diverged")


def test_no_advice_while_a_seed_is_missing(explored):
    exploration = explored(usual, [e for e in (*CONTROLS, *WIDE_CONTROLS) if e.seed == 11])
    assert {choice.advice(exploration) for choice in CHOICES} == {None}
    table = advice.advice_table(exploration, CHOICES)
    assert table["what to do"].tolist()[1] == "awaiting runs (2 of 10)"
    assert table["interval that decides"].tolist()[1] == "—"


def test_equal_effects_are_no_fault_of_the_tasks(explored):
    """The paper's recipe and the others help alike, whichever of them is significant."""
    found = shown(explored(lambda e: usual(e) + 0.06 * (e.encoder == "frozen")))
    assert found["the tasks are at fault"] is False


def test_exploratory_arms_change_no_interval_of_a_registered_one(explored):
    def scattered(experiment):
        odd = experiment.pretext and set(experiment.pretext.values()) == {1 / 3}
        return usual(experiment) - 0.1 * (experiment.seed - 12) * bool(odd)

    exploration = explored(scattered)
    alone = Campaign([run for arm in (BEST_ARM, RANDOM, SCRATCH, FINETUNED)
                      for width in ("narrow", "wide")
                      for run in exploration.runs[replace(arm, width=width)].values()])  # fmt: skip
    for noise in (BEST_ARM.noise, SCRATCH.noise, "other pretext"):
        np.testing.assert_allclose(exploration.variance(SSIM, noise), alone.variance(SSIM, noise))


def following(monkeypatch, gains):
    """As if the first ways of some choices were better by so much, else the second ways."""
    by_label = {choice.label: choice for choice in CHOICES}
    found = {by_label[label]: gain for label, gain in gains.items()}

    def advised(choice, campaign):
        if choice not in found:
            return None
        first = found[choice] > 0
        action = choice.do_first if first else choice.do_second
        return Advice(action, CLEAR, first, abs(found[choice]))

    monkeypatch.setattr(Choice, "advice", advised)


def test_of_ways_that_exclude_each_other_the_best_is_taken(monkeypatch):
    gains = {
        "frozen or from scratch": -0.4,
        "classification tasks first or not": 0.1,
        "hole filling first or not": 0.2,
        "mask as a channel or not": 0.1,
        "partial or plain convolutions": -0.3,
        "frozen: pretrained or random": -0.1,
        "width 32 or 16": 0.2,
        "mixed loss or squared error": -0.1,
    }
    following(monkeypatch, gains)
    answer = advice.answer_text(Exploration([]), CHOICES)
    assert answer == (
        "The runs so far suggest this: pretrain by filling other holes, then train every layer; "
        "give the network the mask as a fourth channel; double the width of the network, at half "
        "the learning rate; train with the squared error. Better than nothing, but less: pretrain "
        "on classification tasks, then train every layer. If the encoder must stay frozen: leave "
        "it random."
    )
    assert advice.command_text(Exploration([]), CHOICES).replace(" \\\n ", "") == (
        "wssl run --preset desktop --dataset folder:my_portraits --encoder finetuned --objective "
        "masked_patches --method mask_channel --loss mse "
        "--settings width=32 inpainting_learning_rate=0.004"
    )


def test_where_a_fill_is_best_the_way_to_a_network_is_told_too(monkeypatch, explored):
    exploration = explored(usual)
    gains = {
        "network or biharmonic fill": -0.2,
        "width 32 or 16": 0.2,
        "frozen or from scratch": -1.0,
    }
    following(monkeypatch, gains)
    assert exploration.is_fill(CHOICES[0].second)
    answer = advice.answer_text(exploration, CHOICES)
    assert "use the biharmonic fill, which needs no training. If you need a network: " in answer
    assert answer.endswith(
        "train every layer from scratch; double the width of the network, at half the learning "
        "rate."
    )
    rest = advice.networks(exploration, CHOICES)
    assert rest == list(CHOICES[1:])
    command = advice.command_text(exploration, rest).replace(" \\\n ", "")
    assert command.endswith("--encoder scratch --settings width=32 inpainting_learning_rate=0.004")


def test_a_fill_is_compared_with_a_network_after_more_steps(explored):
    exploration = explored(usual)
    words = advice.longer_text(exploration, SCRATCH, FREEZE.second)
    terms = difference(SCRATCH, FREEZE.second).terms
    effect = paired(exploration, terms, SSIM).estimate
    assert (
        f"{arm_label(FREEZE.second)}: {change_text(effect.value, SSIM, bounds(effect))} (from"
        in words
    )
    assert "of width 16" in words
    assert advice.longer_text(Exploration([]), SCRATCH, FREEZE.second) == ""


def test_a_fill_is_shown_beside_networks_that_stayed_whole_on_other_holes(tmp_path, fabricate):
    store = Store(tmp_path)
    wide = [*exploratory.fills(), *campaign.scales(recipe="medium")]
    fabricate(store, wide, lambda e, rng: 0.9 if e.method == "biharmonic" else usual(e))
    records = list(store.records())
    cut = {"none": {"psnr": 25.0}, "1": {"psnr": 9.0}, "2": {"psnr": 25.0}}
    for run in records:
        own = run.get("experiment", {})
        if run["kind"] == "inpainting" and own.get("encoder") == "scratch":
            run["mechanism"] = {"skips": cut}
        if run["kind"] == "inpainting" and (own.get("encoder"), own["seed"]) == ("random", 12):
            run["history"] = [[1, 0.1], [2, 0.5]]
    (_, rung) = ladders(records)["holes"]
    networks = [rung.arm(name) for name in ("frozen", "random", "scratch")]
    words = advice.other_holes_text(rung.campaign, networks, Arm(method="biharmonic"))
    assert "the biharmonic fill has SSIM 0.9000, PSNR (dB)" in words
    assert "of width 16, have: pretrained, frozen SSIM 0.7800, PSNR" in words
    assert "(2 runs); random, frozen SSIM 0.8000," in words
    assert "(1 run). All runs of this kind broke down: from scratch." in words
    (dense, _) = ladders(records)["holes"]
    assert advice.other_holes_text(dense.campaign, networks, Arm(method="biharmonic")) == ""


def test_long_trainings_that_broke_down_are_counted(explored):
    exploration = explored(usual)
    longer = replace(SCRATCH, budget=4.0)
    assert advice.broken_text(exploration, [SCRATCH, longer]) == ""
    runs = exploration.runs[SCRATCH]
    runs[11]["history"] = [[1, 0.1], [2, 0.5]]
    words = advice.broken_text(exploration, [SCRATCH, longer])
    assert f"of {len(runs)} runs of 1,000 steps, 1 diverged. So" in words
    cut = {"none": {"psnr": 25.0}, "1": {"psnr": 9.0}, "2": {"psnr": 25.0}}
    for seed in (12, 13):
        runs[seed]["mechanism"] = {"skips": cut}
    words = advice.broken_text(exploration, [SCRATCH])
    assert "1 diverged and in 2 part of the decoder died. So" in words


def test_freezing_and_other_starts_exclude_each_other(monkeypatch):
    gains = {"frozen or from scratch": 0.2, "classification tasks first or not": 0.1}
    following(monkeypatch, gains)
    answer = advice.answer_text(Exploration([]), CHOICES)
    assert answer.startswith(
        "The runs so far suggest this: freeze a pretrained encoder. Better than"
    )
    assert "--encoder frozen" in advice.command_text(Exploration([]), CHOICES)
    following(monkeypatch, {**gains, "classification tasks first or not": -0.1})
    assert advice.answer_text(Exploration([]), CHOICES).endswith(": freeze a pretrained encoder.")
    assert "follows the answer" in advice.plan_text(Exploration([]), CHOICES)


def test_where_a_fill_is_better_no_network_is_trained(monkeypatch):
    following(monkeypatch, {"network or biharmonic fill": -0.1, "4x or 1x steps": 0.1})
    answer = advice.answer_text(Exploration([]), CHOICES)
    assert answer.startswith(
        "The runs so far suggest this: for strokes one or two pixels wide, use the biharmonic "
        "fill, which needs no training."
    )
    command = advice.command_text(Exploration([]), CHOICES)
    assert command.endswith("--method biharmonic")
    assert "--encoder" not in command


def test_every_command_is_one_that_runs():
    """Every way of each group with every way of the others."""
    groups = {}
    for choice in CHOICES:
        ways = [way for way in (choice.options, choice.otherwise) if way]
        groups.setdefault(choice.group or choice.label, [{}]).extend(ways)
    for ways in itertools.product(*groups.values()):
        options = {"--encoder": "scratch", **{k: v for way in ways for k, v in way.items()}}
        settings = {k: json.loads(v) for k, v in options.items() if not k.startswith("--")}
        fields = {k.strip("-"): v for k, v in options.items() if k.startswith("--")}
        if fields.get("method") == "biharmonic":
            fields, settings = {"method": "biharmonic"}, {}
        Experiment(preset="desktop", settings=settings, **fields)


def test_no_advice_without_runs():
    nothing = Exploration([])
    assert {choice.advice(nothing) for choice in CHOICES} == {None}
    assert advice.answer_text(nothing, CHOICES).startswith("Not answered yet")
    assert "trains from scratch" in advice.plan_text(nothing, CHOICES)
    assert advice.command_text(nothing, CHOICES).endswith("--encoder scratch")
    assert advice.cost_text(nothing, WIDE_SCRATCH) == "A run of this kind is awaited."


def test_every_choice_is_between_arms_that_are_run():
    registered = {arm for e in campaign.parts().values() for t in e for arm in _arms(t)}
    known = registered | set(REMEDIES.values())
    halved = {arm for task in exploratory.half_rate() for arm in _arms(task)}
    for choice in CHOICES:
        assert {choice.first, choice.second} <= known, choice.label
        arms = {choice.first, choice.second}
        explored = any(isinstance(arm, Remedy) for arm in arms) or arms & halved
        assert choice.registered == (not explored)
