"""The first page: its answer and verdicts follow the evidence, and name their records."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "claims"))

from worlds import TRUE, study

from wssl import report
from wssl.claims.campaign import Campaign
from wssl.claims.catalogue import OF_CONTROLS, WIDE_BEST, claim
from wssl.claims.decision import HOLDS, REFUTED, SAME, UNDECIDED
from wssl.claims.estimands import SSIM
from wssl.claims.outcomes import NOT_RUN, SEEN, Findings, findings, paired
from wssl.claims.statistics import Estimate
from wssl.report import text
from wssl.report.web import landing, trace


@pytest.fixture(scope="module")
def found():
    return findings(study(TRUE["features"]))


HALVED = "At half the rate"


def with_outcome(found, outcome, low=0.0, high=0.0):
    verdict = replace(found[landing.QUESTION], outcome=outcome, low=low, high=high)
    return Findings(found.campaign, {landing.QUESTION: verdict}, outcome not in (SEEN, NOT_RUN))


@pytest.mark.parametrize(
    ("outcome", "low", "high", "start"),
    [
        (HOLDS, 0.1, 0.2, "Yes: it fills them better"),
        (REFUTED, -0.2, -0.1, "No: the same network trained from scratch fills them better"),
        (REFUTED, -0.2, 0.001, "No: it is not better by as much as would matter"),
        (SAME, -0.001, 0.001, "It makes no difference that matters"),
        (UNDECIDED, -0.2, 0.2, "Undecided: these runs cannot tell"),
        (SEEN, np.nan, np.nan, "In these runs, which decide nothing"),
        (NOT_RUN, np.nan, np.nan, "Not answered at this scale"),
    ],
)
def test_the_sentence_follows_the_outcome(found, outcome, low, high, start):
    sentence = landing.answer_sentence(with_outcome(found, outcome, low, high))
    assert sentence.startswith(start)
    assert sentence.endswith(".")
    assert ("error" in sentence) == (outcome not in (NOT_RUN, UNDECIDED))


def told(found, key):
    return text.diverged_words(found[key], found.campaign, landing.effect_words)


def test_runs_that_diverged_are_told_beside_the_answer(found):
    records = study(TRUE["features"])
    lost = Campaign(records).runs[WIDE_BEST][13]
    diverged = {**lost, "history": [[20, 0.1], [40, 0.5]]}
    rest = findings([r for r in records if r is not lost] + [diverged])
    terms = rest[landing.QUESTION].claim.estimand.terms
    effect = paired(rest.campaign, terms, SSIM).estimate
    words = landing.effect_words(replace(rest[landing.QUESTION], effect=effect))
    kept = paired(rest.campaign, terms, SSIM).per_seed
    seeds = f"{', '.join(map(str, [*kept][:3]))} and {[*kept][3]}"
    expected = f"1 of 10 runs diverged; in seeds {seeds}, where none did: {words}"
    assert told(rest, landing.QUESTION) == expected
    assert "interval" not in landing.answer_sentence(rest)
    undecided = replace(rest[landing.QUESTION], outcome=UNDECIDED)
    shown = Findings(rest.campaign, {**rest.verdicts, landing.QUESTION: undecided}, True)
    words = "The registered test is undecided: training broke down in 1 of 10 runs."
    assert landing.answer_sentence(shown) == words
    assert report.claim_list(rest)._repr_html_().count(f">{expected[0].upper()}{expected[1:]}") == 1
    assert told(found, landing.QUESTION) == ""
    assert told(rest, "weights-matter") == ""


def test_before_the_first_run_the_sentence_counts_what_is_awaited():
    sentence = landing.answer_sentence(findings([]))
    assert sentence == "Not answered yet: 0 of the 10 registered runs that decide it are recorded."


def effect_of(found, key, value):
    effect = Estimate(value, abs(value) / 5, 20.0)
    return landing.effect_words(replace(found[key], effect=effect))


def test_an_effect_is_a_change_of_the_error(found):
    assert effect_of(found, "supervised", np.log(2)).startswith("error 50.0 % lower")
    assert effect_of(found, "supervised", -np.log(1.5)).startswith("error 50.0 % higher")
    spread = effect_of(found, "weights-matter", 0.021)
    assert spread.startswith("standard deviation of the error between weightings 2.1 %")


def test_an_interval_runs_from_less_to_more_whichever_way_the_effect_points(found):
    for value in (0.3, -0.3):
        words = effect_of(found, "supervised", value)
        low, high = map(float, re.search(r"interval (\S+) to (\S+) %", words).groups())
        middle = float(re.search(r"error (\S+) %", words)[1])
        assert low < middle < high


def test_each_primary_claim_has_a_verdict_and_its_records(found):
    html = report.claim_list(found)._repr_html_()
    items = re.findall(r"<li>.*?</li>", html)
    assert len(items) == len(landing.PLAIN) == 6
    assert set(landing.PLAIN) == {v.claim.key for v in found.values() if v.claim.primary}
    named = re.findall(r'data-records="([^"]+)"', html)
    assert len(named) == 8, "six claims, two of them at the other width as well"
    assert html.count("At width 16 (5 seeds, shown without a verdict): error ") == 2
    runs = {run["fingerprint"] for by_seed in found.campaign.runs.values()
            for run in by_seed.values()}  # fmt: skip
    assert {name for names in named for name in names.split()} <= runs
    assert "Exploratory" not in html
    more = {"features": ("a < b", [{"fingerprint": "ab"}]), "unknown": ("c", [])}
    more = report.claim_list(found, {}, more)._repr_html_()
    assert more.count('class="detail" data-records="ab">Exploratory: a &lt; b</span>') == 1
    assert more.count("Exploratory") == 1
    assert "features" not in landing.verdict_words(found["features"])
    assert landing.verdict_words(found["features"]) == "Yes, it holds"


def test_what_the_runs_at_half_the_rate_say_stands_below(found):
    halved = findings([*found.campaign.runs[WIDE_BEST].values()], claims=OF_CONTROLS)
    html = report.claim_list(found, {HALVED: halved})._repr_html_()
    assert landing.answer_sentence(found, {HALVED: halved}) == landing.answer_sentence(found), (
        "nothing is said before all are there"
    )
    assert html.count("At half the rate: awaiting runs (5 of 10)") == 2
    whole = findings(
        [run for by_seed in found.campaign.runs.values() for run in by_seed.values()],
        claims=OF_CONTROLS,
    )
    words = landing.effect_words(whole["supervised"])
    short = landing.effect_words(whole["supervised"], interval=False)
    assert words.startswith(f"{short}, 95 % interval ")
    sentence = landing.answer_sentence(found, {HALVED: whole})
    assert sentence.startswith(landing.answer_sentence(found))
    whose = landing.effect_words(whole["supervised"], interval=False, subject=landing.SUBJECT)
    assert sentence.endswith(
        f" At half the rate, no difference above the margin of 5 %, {whose}{landing.THAN}."
    )
    assert whose == short.replace("error", "the recipe's error is")
    expected = "At half the rate: no difference above the margin of 5 % in these runs"
    html = report.claim_list(found, {HALVED: whole})._repr_html_()
    assert html.count("At half the rate: ") == 2
    assert f"{expected} ({words})" in html
    assert len(re.findall(r'class="detail" data-records="', html)) == 4, "and of width 16"


@pytest.mark.parametrize(
    ("outcome", "low", "high", "short", "words"),
    [
        (HOLDS, 0.1, 0.3, "", "it holds in these runs"),
        (REFUTED, -0.3, -0.1, "", "the opposite in these runs"),
        (REFUTED, -0.3, 0.01, *["not by as much as would matter, ", "not by as much as"]),
        (UNDECIDED, -0.3, 0.3, "undecided, ", "the runs cannot tell"),
    ],
)
def test_each_outcome_at_half_the_rate_has_its_words(found, outcome, low, high, short, words):
    halved = with_outcome(found, outcome, low, high)
    sentence = landing.answer_sentence(found, {HALVED: halved})
    assert f"At half the rate, {short}the recipe's error is " in sentence
    assert sentence.endswith(" than that of training from scratch.")
    html = report.claim_list(found, {HALVED: halved})._repr_html_()
    assert f"At half the rate: {words}" in html


def test_other_runs_answer_one_after_the_other(found):
    better, worse = (with_outcome(found, *ends) for ends in (
        (HOLDS, 0.1, 0.3), (REFUTED, -0.3, -0.1)))  # fmt: skip
    question = found[landing.QUESTION]
    size = landing.effect_words(question, interval=False, subject=landing.SUBJECT)
    sentence = landing.answer_sentence(found, {"One": better, "Two": worse})
    size += landing.THAN
    assert sentence.endswith(f" One, {size}. Two, {size}.")


def test_a_claim_that_holds_by_less_than_the_margin_says_so(found):
    for low, words in ((0.1, "Yes, it holds"), (0.01, "Yes, but perhaps by too little to matter")):
        verdict = with_outcome(found, HOLDS, low, 0.3)[landing.QUESTION]
        assert landing.verdict_words(verdict) == words


def test_the_claim_about_other_methods_says_that_pic_was_not_done(found):
    items = report.claim_list(found)._repr_html_().split("<li>")
    assert ["PIC was still improving" in item for item in items].count(True) == 1
    assert "PIC was still" not in report.claim_list(findings([]))._repr_html_(), "no verdict yet"
    own = findings([], registered=False)
    assert "PIC was still" not in report.claim_list(own)._repr_html_()


def test_other_runs_that_diverged_are_told_instead_of_their_effect(found):
    records = study(TRUE["features"])
    lost = Campaign(records).runs[WIDE_BEST][13]
    rest = [r for r in records if r is not lost]
    other = findings([*rest, {**lost, "history": [[20, 0.1], [40, 0.5]]}])
    sentence = landing.answer_sentence(found, {HALVED: other})
    assert sentence.endswith(", training broke down in 1 of 10 runs.")
    html = report.claim_list(found, {HALVED: other})._repr_html_()
    assert f"({told(other, landing.QUESTION)})" in html


def test_awaited_claims_say_how_many_runs_are_there():
    html = report.claim_list(findings([]))._repr_html_()
    assert html.count("Awaiting runs (0 of ") == 6
    assert "data-records" not in html


def test_what_was_found_has_five_lines(found):
    lines = report.summary(found, 300, 12.34).splitlines()
    assert len(lines) == 5
    assert "300 runs" in lines[0]
    assert "12.3 hours" in lines[0]
    assert landing.answer_sentence(found) in lines[1]
    held = sum(verdict.outcome == HOLDS for verdict in found.values())
    assert f"{held} holds" in lines[2]


def run(name, ssim):
    return {
        "fingerprint": name,
        "metrics": {"ssim": ssim},
        "scale": {"size": 8, "width": 16, "inpainting_steps": 1000},
        "provenance": {"train_images": 2800, "test_images": 134},
        "experiment": {"dataset": "open-faces-2", "split": "val", "seed": 1},
    }


def test_the_picture_says_which_networks_filled_it():
    pictures, masks = np.full((2, 8, 8, 3), 0.5), np.zeros((2, 8, 8), bool)
    records = {"the paper's recipe": run("a1", 0.8), "from scratch": run("b2", 0.9)}
    shown = report.picture_strip(
        pictures, masks, dict.fromkeys(records, pictures), records, "Networks of X"
    )
    html = shown._repr_html_()
    assert html.count("<img ") == html.count("data:image/png") == 8
    alternatives = re.findall(r'alt="([^"]+)"', html)
    assert len(set(alternatives)) == 8
    caption = re.search(r"<figcaption>(.*?)</figcaption>", html)[1]
    assert caption.startswith(
        "Two examples, which decide nothing. Networks of X (8 pixels, width 16, 1,000 steps "
    )
    assert re.search(r'The paper&#x27;s recipe</b><span data-records="a1"></span>', html)
    assert 'data-records="a1 b2"' in html
    assert "PSNR" not in html


def test_without_networks_a_sentence_stands_for_the_picture():
    none = np.zeros((1, 8, 8, 3)), np.zeros((1, 8, 8), bool)
    html = report.picture_strip(*none, {}, {}, "")._repr_html_()
    assert "not on this machine" in html
    assert "<img" not in html


def test_figures_and_tables_know_the_runs_of_their_arms(found):
    campaign = found.campaign
    arms = [arm for arm in campaign.runs if arm.method == "wssl"][:2]
    contrasts = report.against(arms[0], {"other": arms[1]})
    runs = {r["fingerprint"] for r in report.runs_of(campaign, arms)}
    assert set(trace.drawn_from(report.dots(campaign, contrasts, zero="first"))) == runs
    (row,) = report.contrast_table(campaign, contrasts).attrs[trace.ROWS]
    assert set(row) == runs
    verdicts = [found["features"]]
    (row,) = report.verdict_table(verdicts, campaign).attrs[trace.ROWS]
    assert len(row) == found["features"].registered
    assert set(trace.drawn_from(report.forest(verdicts, campaign))) == set(row)
    assert claim("features").key == "features"
