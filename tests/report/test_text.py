"""Sentences that follow the evidence whichever way it points."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "claims"))

from worlds import TRUE, opposite, study

from wssl.claims import findings
from wssl.claims.campaign import Campaign, Design
from wssl.claims.catalogue import BEST_ARM, CAVEATS, CLAIMS, SCRATCH, WIDE_BEST, claim
from wssl.claims.decision import AWAITING, HOLDS, REFUTED, SAME, UNDECIDED, in_paper
from wssl.claims.estimands import SSIM, linear
from wssl.claims.ladders import ladders
from wssl.claims.outcomes import NOT_RUN, Findings, paired
from wssl.claims.statistics import Estimate
from wssl.experiment import Experiment
from wssl.records.fields import describe
from wssl.report import text
from wssl.report.numbers import change_text, size_text

ONE = Design(few=(0,), many=(0,))


@pytest.fixture(scope="module")
def judged():
    return findings(study(TRUE["features"]))


@pytest.fixture(scope="module")
def seen():
    return findings(study(TRUE["features"], design=ONE), ONE, registered=False)


def verdict(outcome, low=0.1, high=0.3, value=0.2):
    (base,) = (v for v in findings([]).values() if v.claim.key == "features")
    effect = None if outcome in (AWAITING, NOT_RUN) else Estimate(value, 0.05, 10)
    return replace(base, effect=effect, outcome=outcome, low=low, high=high)


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [(1, "seed", "1 seed"), (0, "run", "0 runs"), (1200, "image", "1,200 images")],
)
def test_numbers_with_their_nouns(count, noun, words):
    assert text.counted(count, noun) == words


@pytest.mark.parametrize(
    ("parts", "words"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_lists(parts, words):
    assert text.listed(parts) == words


def test_an_answer_says_the_claim_its_verdict_and_the_effect(judged):
    words = text.answer(judged, ["features"])
    assert words.startswith(
        "One claim holds: “What the encoder learns from pretext tasks serves inpainting” "
        f"({claim('features').compared}: 1 - SSIM "
    )
    assert "% interval" in words
    assert not words.endswith(".")


def test_an_answer_groups_claims_by_their_outcome(judged):
    keys = ["unseen-features", "features", "mix", "supervised"]
    outcomes = {judged[key].outcome for key in keys}
    assert len(outcomes) > 1
    groups = text.answer(judged, keys).split(". ")
    assert len(groups) == len({judged[key].status for key in keys})
    assert sum(group.count("“") for group in groups) == len(keys)
    assert groups[0].startswith("Two claims hold: ")


def test_an_answer_has_no_effect_that_runs_which_diverged_made(judged):
    records = study(TRUE["features"])
    lost = Campaign(records).runs[WIDE_BEST][13]
    rest = [r for r in records if r is not lost]
    found = findings([*rest, {**lost, "history": [[20, 0.1], [40, 0.5]]}])
    words = text.answer(found, ["features"])
    kept = paired(found.campaign, found["features"].claim.estimand.terms, SSIM)
    seeds = text.listed([*map(str, kept.per_seed)])
    assert f": 1 of 10 runs diverged; in seeds {seeds}, where none did: 1 - SSIM " in words
    assert (
        f"1 - SSIM {100 * (1 - np.exp(-kept.estimate.value)):.1f} % lower, 95 % interval " in words
    )
    assert "by PSNR" not in words


def test_other_runs_answer_beside_the_registered_ones(judged):
    assert text.beside_text({}, "features") == ""
    awaited = findings([], claims=[claim("features")])
    assert text.beside_text({"Other runs": awaited}, "features") == ""
    apart = findings([], claims=[claim("mix")])
    words = text.beside_text({"Other runs": judged, "None": awaited, "Part": apart}, "features")
    claimed = judged["features"].claim.text.rstrip(".")
    finding = text.finding_text(judged["features"], judged.campaign)
    assert finding.startswith("holds (")
    assert words == f"Other runs, “{claimed}” {finding}."


def test_whether_verdicts_count_runs_that_diverged_is_said():
    run = {"kind": "inpainting", "experiment": study(TRUE["features"])[0]["experiment"]}
    runs = [{**run, "history": [[1, 0.1], [2, 0.5]]}]
    assert text.diverged_text([{**run, "history": [[1, 0.5], [2, 0.1]]}], text.COUNTED) == ""
    assert text.diverged_text(runs, text.LEFT_OUT) == (
        f"1 of the 1 run here diverged (listed in “The verdicts”). {text.LEFT_OUT}"
    )
    named = text.diverged_text(runs, text.COUNTED, named=True)
    words = describe("inpainting", run["experiment"])
    assert named == f"1 of the 1 run here diverged: {words}. {text.COUNTED}"


def test_an_answer_awaits_runs():
    assert text.answer(findings([]), ["mix"]).startswith(
        "One claim awaits runs (0 of 9): “The mixed loss"
    )


def test_one_seed_is_never_a_verdict(seen):
    words = text.answer(seen, ["features", "supervised"])
    assert words.startswith("At this scale nothing is judged: there is 1 seed, and one seed cannot")
    assert "interval" not in words
    for outcome in (HOLDS, REFUTED, SAME, UNDECIDED):
        assert outcome not in words
    nothing = findings([], ONE, registered=False)
    assert "none of the required runs" in text.answer(nothing, ["features"])


def test_the_tally_of_what_is_not_judged(seen, judged):
    assert "none is judged" in text.tally(seen.values())
    assert "none is judged" not in text.tally(judged.values())
    assert text.state_text(seen).startswith("At this scale nothing is judged")
    assert text.state_text(judged) == "All registered runs that the claims need are recorded."
    assert "every verdict is provisional" in text.state_text(findings([]))


def test_caveats_are_of_claims():
    assert set(CAVEATS) <= {claim.key for claim in CLAIMS}


def test_refuted_claims_are_read_with_care(judged):
    keys = ("methods", "methods-psnr", "shapes-needed", "features")
    refuted = [replace(judged[key], outcome=REFUTED) for key in keys]
    words = text.caveats_text(refuted)
    for key in ("methods", "shapes-needed"):
        assert f"“{judged[key].claim.text.rstrip('.')}”: {CAVEATS[key]}." in words
    again = judged["methods-psnr"].claim.text.rstrip(".")
    assert f"“{again}”: the same finding by another metric." in words
    assert judged["features"].claim.text.rstrip(".") not in words
    assert text.caveats_text(refuted[3:]) == ""
    assert text.caveats_text([replace(one, outcome=UNDECIDED) for one in refuted]) == ""


def test_runs_of_two_kinds_of_machines_are_named():
    runs = [
        {"history": [[1, 0.5]], "provenance": {"backend": backend}}
        for backend in ("tensorflow", "jax", "jax")
    ]
    words = text.machines_text(runs)
    assert words.startswith("made on different machines (2 under jax and 1 under tensorflow;")
    assert text.machines_text(runs[1:]) == ""


def test_the_sentence_follows_the_evidence(judged):
    other = findings(study(opposite(TRUE["features"])))
    for found, way in ((judged, "lower"), (other, "higher")):
        assert re.search(rf"1 - SSIM \S+ % {way}", text.answer(found, ["features"]))


def test_runs_that_are_awaited_are_counted():
    assert text.awaiting_text(9, 9) == ""
    assert text.awaiting_text(3, 1200).startswith("Awaiting runs: 3 of 1,200 registered runs")


def test_phases_that_did_not_learn_are_counted():
    both = {"pretext": {"rotation": 0.9, "mirror": 0.1}}
    phases = [
        {"learned": {"rotation": True}, "experiment": {"pretext": {"rotation": 1.0}}},
        {"learned": {"rotation": False, "mirror": True}, "experiment": both},
    ]
    assert text.learned_text(phases[:1]) == "1 of 1 pretext phase learned all of their tasks."
    assert "1 of 2 pretext phases" in text.learned_text(phases)
    assert "rotation in Rotation 0.9, Mirror 0.1 (1 seed)" in text.learned_text(phases)
    assert "mirror in" not in text.learned_text(phases)
    assert text.learned_text([]) == "No pretext phase is recorded yet."


def test_the_scale_is_that_of_the_records():
    campaign = Campaign([])
    found = Findings(campaign, {}, True)
    assert text.scale_text(found, [BEST_ARM]).startswith("Images: open-faces-2, at 64 pixels;")
    assert text.facts(campaign, [BEST_ARM])["train_images"] == 0
    scale = {"inpainting_steps": 1000, "inpainting_batch": 16, "width": 16}
    scale["inpainting_learning_rate"] = 0.002
    made = {"train_images": 2500, "test_images": 300}
    for seed in (11, 12):
        campaign.runs.setdefault(BEST_ARM, {})[seed] = {
            "kind": "inpainting",
            "history": [[1, 0.5]],
            "scale": scale,
            "provenance": made,
            "experiment": {"pretext": {"rotation": 1.0}, "seed": seed, "dataset": "synthetic"},
            "pretext": None,
        }
    words = text.scale_text(found, [BEST_ARM, SCRATCH])
    assert "2,500 to train on and 300 to test on" in words
    assert "1,000 steps of 16 images" in words
    assert words.endswith("learning rate: 0.002; 2 runs, 2 seeds of each configuration.")
    campaign.runs[BEST_ARM][12]["history"] = [[1, 0.5], [2, 0.1], [3, 0.3]]
    assert text.scale_text(found, [BEST_ARM]).endswith(
        f"2 seeds of each configuration. 1 of the 2 runs here diverged (listed in “The verdicts”). "
        f"{text.COUNTED}"
    )
    beside = text.scale_text(found, [BEST_ARM], text.COUNTED_BESIDE)
    named = "1 of the 2 runs here diverged: Rotation, seed 12."
    assert beside.endswith(f"{named} {text.COUNTED_BESIDE}")
    own = text.scale_text(Findings(campaign, {}, False), [BEST_ARM])
    assert own.endswith(f"{named} {text.LEFT_OUT}")
    assert text.facts(campaign, [BEST_ARM])["batch"] == 16


def test_a_plan_that_is_not_there(tmp_path):
    assert text.plan_text(tmp_path / "plan.md", []).startswith("No plan is registered")
    (tmp_path / "plan.md").write_text("The plan.")
    assert "was not checked" in text.plan_text(tmp_path / "plan.md", [])


def test_the_answer_of_the_ladders():
    found = ladders(study(TRUE["features"]))
    words = text.ladder_answer(found, registered=True)
    places = (
        r"It is worse than a frozen random encoder at 0 of \d settings: 1 - SSIM is between "
        r"\S+ % lower, 95 % interval \S+ to \S+ % \(width 16, \d seeds\) "
        r"and \S+ % lower, 95 % interval .* \(.*\). "
        "The 95 % interval excludes zero at 2 of 2 settings with enough runs for one"
    )
    assert re.search(places, words)
    twice = {"width": found["width"], "holes": found["width"][:1]}
    assert "at 2 of 2 settings with" in text.ladder_answer(twice, registered=True)
    records = [{**r, "fingerprint": f"other-{r['fingerprint']}"} for r in study(TRUE["supervised"])]
    other = [replace(rung, campaign=Campaign(records)) for rung in found["width"]]
    more = text.ladder_answer({**found, "holes": other}, registered=True)
    assert " of 4 settings with" in more
    narrow, wide = found["width"][-2:]
    one = [r for r in study(TRUE["features"]) if r["experiment"].get("seed") == 11]
    alone = {"width": (narrow, replace(wide, campaign=Campaign(one)))}
    assert " of 1 setting with" in text.ladder_answer(alone, registered=True)
    assert more != words
    assert "16x the steps" in text.awaited_rungs(found)
    assert "width 16" not in text.awaited_rungs(found)
    empty = ladders([])
    assert text.ladder_answer(empty, registered=True) == (
        "Not answered yet: no scale has runs at two of its settings."
    )
    assert "there are no such runs" in text.ladder_answer(empty, registered=False)


def test_an_interval_that_excludes_zero_does_not_decide_by_itself(judged):
    (base,) = (v for v in judged.values() if v.claim.key == "features")
    effect = Estimate(0.05, 0.01, 10)
    unsure = replace(base, effect=effect, outcome=UNDECIDED, low=-0.01, high=0.1)
    assert text.why_undecided(unsure) == "; the wider interval that decides includes zero"
    assert text.why_undecided(replace(unsure, outcome=HOLDS)) == ""
    assert text.why_undecided(replace(unsure, effect=Estimate(0.005, 0.01, 10))) == ""
    assert text.why_undecided(replace(unsure, low=0.001)) == "", "the margin is what it misses"


def test_what_a_claim_that_holds_rests_on(judged):
    terms = judged["features"].claim.estimand.terms
    words = text.rests_text(judged, "features", {"the same": terms})
    alone = linear(judged.campaign, terms, SSIM, judged.campaign.design.many, own=True)
    effect = change_text(alone.value, SSIM, (alone.lower(), alone.upper()))
    assert f"With the scatter of its own 5 seeds alone, the effect is: {effect}. For the" in words
    assert text.rests_text(judged, "supervised", {}) == "", "it does not hold here"


def test_a_brief_answer_has_the_outcomes_of_all_runs_without_intervals(judged):
    part = findings(study(TRUE["features"]), claims=[claim("features")])
    keys = ["features", "mix"]
    assert judged["features"].outcome == part["features"].outcome == HOLDS
    assert judged["mix"].outcome == SAME
    words = text.brief_answer(judged, {"Other runs": part, "None": findings([])}, keys)
    serves, mixed = (f"“{judged[key].claim.text.rstrip('.')}” (1 - SSIM " for key in keys)
    first, other = words.split(". ")
    assert first.startswith(f"In the registered runs, one claim holds: {serves}")
    assert f"); one claim shows no difference that matters: {mixed}" in first
    assert other.startswith(f"Other runs, one claim holds: {serves}")
    assert "interval" not in words
    assert text.brief_answer(judged, {}, keys) == text.answer(judged, keys)


def test_a_brief_answer_says_once_that_the_registered_runs_decide_nothing(judged):
    keys = ["features", "mix"]
    lost = {key: replace(judged[key], outcome=UNDECIDED) for key in keys}
    words = text.brief_answer(Findings(judged.campaign, lost, True), {"Other runs": judged}, keys)
    assert words.startswith(
        "The registered runs decide none of the 2 claims. Other runs, one claim holds: “"
    )


def test_one_question_with_other_answers_on_other_scales(judged):
    assert text.differ_text(judged, ["features", "mix", "none"]) == (
        "The answer depends on the scale of the metric."
    )
    assert text.differ_text(judged, ["features"]) == ""


def test_an_undecided_claim_has_no_effect_in_an_answer(judged):
    verdict = replace(judged["mix"], outcome=UNDECIDED)
    found = Findings(judged.campaign, {**judged.verdicts, "mix": verdict}, True)
    assert text.answer(found, ["mix"]) == (
        f"One claim is undecided: “{verdict.claim.text.rstrip('.')}”"
    )


def test_what_lies_beyond_an_undecided_interval(judged):
    printed = in_paper([claim("mix")])["mix"]
    low, high = -0.1, printed / 2
    verdict = replace(judged["mix"], outcome=UNDECIDED, low=low, high=high)
    words = text.beyond_text([verdict, judged["features"]])
    claimed = f"“{verdict.claim.text.rstrip('.')}” ({size_text(printed, SSIM)} in the paper's"
    assert f"for 1 undecided claim: {claimed} single runs" in words
    assert f"allows at most {size_text(high, SSIM)})" in words
    assert text.beyond_text([replace(verdict, high=2 * printed)]) == ""
    assert text.beyond_text([replace(verdict, outcome=HOLDS)]) == ""
    without = replace(judged["supervised"], outcome=UNDECIDED)
    assert text.beyond(without) == "", "the paper has no such number"


def test_networks_without_depth_are_named():
    def run(seed, deep, losses=(0.1, 0.05)):
        skips = {"none": {"psnr": 25.0}, "1": {"psnr": 9.0}, "5": {"psnr": 25.0 - deep}}
        return {
            "kind": "inpainting",
            "experiment": {**Experiment(seed=seed).to_dict()},
            "mechanism": {"skips": skips},
            "history": list(enumerate(losses)),
        }

    words = text.shallow_text([run(1, 0.0), run(2, 0.3), run(3, 0.0, (0.05, 0.2))])
    assert words.startswith("In 1 run that did not diverge")
    assert "seed 1)" in words
    assert text.shallow_text([run(2, 0.3), {**run(1, 0.0), "mechanism": None}]) == ""


def test_runs_beside_the_one_that_chose_their_rate():
    runs = [{"metrics": {"ssim": value}} for value in (0.8, 0.75, 0.9)]
    assert text.tuned_text("PIC", runs[:2], runs[2:]) == (
        "The runs of PIC have SSIM 0.800 and 0.750 on the test images, and the calibration run "
        "that chose the learning rate had 0.900 on validation images."
    )
    assert text.tuned_text("PIC", [], runs) == text.tuned_text("PIC", runs, []) == ""


def test_levels_beside_each_other():
    runs = [{"metrics": {"ssim": value}} for value in (0.8, 0.9)]
    words = text.levels_text({"One": runs, "another": runs[:1]})
    assert words == (
        "Mean SSIM on the same images: One has 0.850 (2 seeds) and another has 0.800 (1 seed)."
    )
    assert text.levels_text({"One": runs, "another": []}) == ""
