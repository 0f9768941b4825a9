"""Verdicts of registered claims as text, tables and a figure."""

import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "claims"))

from worlds import TRUE, study

from wssl.claims.campaign import Campaign
from wssl.claims.catalogue import CLAIMS, LOSSES, WIDE_RANDOM, WIDE_SCRATCH, claim
from wssl.claims.characteristics import nothing
from wssl.claims.decision import REFUTED, judge
from wssl.claims.estimands import SSIM, Best, Contrast
from wssl.claims.outcomes import findings, paired
from wssl.claims.registration import Registration
from wssl.report import forest, numbers, text
from wssl.report.tables import verdicts as tables


@pytest.fixture(scope="module")
def verdicts():
    return judge(study(TRUE["features"]))


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (np.log(2), "ratio", "+50.0 %"),
        (-np.log(1.05), "ratio", "-5.0 %"),
        (-np.log(20.5), "ratio", "-1,950 %"),
        (0.211, "dB", "+0.21 dB"),
        (0.021, "SD", "2.1 %"),
        (np.log(1.25), "SD ratio", "factor 1.25"),
        (0.00512, "points", "+0.0051"),
        (-0.25, "share", "-0.250"),
        (float("nan"), "ratio", "—"),
    ],
)
def test_an_effect_in_a_readers_unit(value, unit, words):
    assert numbers.amount(value, unit) == words


def test_a_table_has_a_line_for_each_claim(verdicts):
    table = tables.verdict_table(verdicts)
    assert list(table.index) == [found.text for found in CLAIMS]
    row = table.loc[claim("features").text]
    assert row["verdict"] == "✓ holds"
    assert row["effect"].startswith("+2")
    low, high = (float(bound.removesuffix(" %")) for bound in row["95 % interval"].split(" to "))
    assert 0 < low < float(row["effect"].removesuffix(" %")) < high
    assert row["in the paper"] == "—"
    assert table.loc[claim("mix").text, "in the paper"] == "+17.0 %"
    assert row["comparison"] == claim("features").compared
    empty = tables.verdict_table(judge([]))
    assert set(empty["effect"]) == set(empty["95 % interval"]) == {"—"}
    assert empty["verdict"].iloc[0] == "… awaiting runs (0 of 10)"


def test_a_brief_table_has_the_same_rows_and_links_with_fewer_columns(verdicts):
    campaign = Campaign(study(TRUE["features"]))
    whole, brief = (make(verdicts, campaign) for make in (tables.verdict_table, tables.brief_table))
    assert list(brief.columns) == [
        "verdict",
        "effect",
        "95 % interval",
        "interval that decides",
        "in the paper",
    ]
    assert brief.equals(whole[list(brief.columns)])
    assert brief.attrs == whole.attrs != {}
    unprinted = [verdict for verdict in verdicts if verdict.claim.key in ("features", "finetuned")]
    assert "in the paper" not in tables.brief_table(unprinted, campaign)


def test_effects_in_per_cent_have_their_db_beside_them():
    records = study(TRUE["features"])
    table = tables.verdict_table(judge(records), Campaign(records))
    column = table["in dB"]
    # Four times 0.3 by the making of this world.
    shown = re.fullmatch(r"(\S+) \((\S+) to (\S+)\)", column[claim("features").text])
    value, low, high = map(float, shown.groups())
    assert low < value < high
    assert shown[1].startswith("+1.2")
    assert column[claim("features-psnr").text] == ""
    assert column[claim("weights-matter").text] == ""
    assert set(tables.verdict_table(judge([]), Campaign([]))["in dB"]) == {""}


def test_effects_without_runs_that_diverged_stand_beside_the_registered_ones(verdicts):
    records = study(TRUE["features"])
    assert tables.converged_table(verdicts, Campaign(records)).empty
    campaign = Campaign(records)
    lost = campaign.runs[WIDE_RANDOM][12]
    campaign.runs[WIDE_RANDOM][12] = {**lost, "history": [[20, 0.02], [40, 0.3]]}
    table = tables.converged_table(verdicts, campaign)
    compared = [v.claim.text for v in verdicts if isinstance(v.claim.estimand, Contrast | Best)]
    assert list(table.index) == compared
    row = table.loc[claim("features").text]
    verdict = next(v for v in verdicts if v.claim.key == "features")
    assert row["all runs", "effect"] == numbers.amount(verdict.effect.value, "ratio")
    rest = Campaign(r for r in records if r is not lost)
    found = paired(rest, verdict.claim.estimand.terms, SSIM).estimate
    assert row["without diverged runs", "effect"] == numbers.amount(found.value, "ratio")
    assert row["without diverged runs", "seeds"] == "11, 13, 14, 15"
    assert (
        table.loc[claim("supervised").text, ("without diverged runs", "seeds")]
        == "11, 12, 13, 14, 15"
    )


def test_the_best_of_several_has_its_effect_without_runs_that_diverged(verdicts):
    records = study(TRUE["features"])
    campaign = Campaign(records)
    lost = campaign.runs[LOSSES["ssim"]][12]
    campaign.runs[LOSSES["ssim"]][12] = {**lost, "history": [[20, 0.02], [40, 0.3]]}
    row = tables.converged_table(verdicts, campaign).loc[claim("mix").text]
    mix, *parts = (
        np.mean([SSIM(campaign, LOSSES[loss], seed) for seed in (11, 13)])
        for loss in ("mix", "ssim", "log_cosh")
    )
    assert row["without diverged runs", "effect"] == numbers.amount(mix - max(parts), "ratio")
    assert row["without diverged runs", "seeds"] == "11, 13"
    for seed in (11, 13):
        run = campaign.runs[LOSSES["ssim"]][seed]
        campaign.runs[LOSSES["ssim"]][seed] = {**run, "history": [[20, 0.02], [40, 0.3]]}
    del campaign.__dict__["converged"]
    row = tables.converged_table(verdicts, campaign).loc[claim("mix").text]
    assert set(row["without diverged runs"]) == {"—"}


def test_the_best_of_several_by_its_own_noise(verdicts):
    campaign = Campaign(study(TRUE["features"]))
    row = tables.own_noise_table(verdicts, campaign).loc[claim("mix").text]
    mix, *parts = ([SSIM(campaign, LOSSES[loss], seed) for seed in campaign.design.few]
                   for loss in ("mix", "ssim", "log_cosh"))  # fmt: skip
    best = max(parts, key=np.mean)
    arms = LOSSES["mix"], LOSSES["ssim" if best is parts[0] else "log_cosh"]
    lent = campaign.prior([(1.0, arms[0]), (-1.0, arms[1])], SSIM)[0]
    ratio = np.var(np.subtract(mix, best), ddof=1) / lent
    assert row["own variance, in multiples of that of comparable runs"] == f"{ratio:.2g}"
    assert row["from its own runs"] != row["95 % interval"]


def test_controls_by_their_own_noise(verdicts):
    campaign = Campaign(study(TRUE["features"]))
    table = tables.own_noise_table(verdicts, campaign)
    assert claim("features").text in table.index
    assert claim("sharpness-levels").text not in table.index
    terms = claim("supervised").estimand.terms
    values = [sum(c * SSIM(campaign, arm, seed) for c, arm in terms) for seed in range(11, 16)]
    drawn = sum(c * SSIM.drawn(campaign, arm, range(11, 16))[0] for c, arm in terms)
    of_seeds, of_images = np.var(values, ddof=1) / 5, np.var(drawn, ddof=1) * 40 / 39
    error = (of_seeds + of_images) ** 0.5
    freedom = error**4 / (of_seeds**2 / 4 + of_images**2 / 39)
    ends = np.mean(values) + stats.t.ppf([0.025, 0.975], freedom) * error
    row = table.loc[claim("supervised").text]
    assert row["from its own runs"] == numbers.bounds_text(*ends, "ratio")
    ratio = np.var(values, ddof=1) / campaign.prior(terms, SSIM)[0]
    assert row["own variance, in multiples of that of comparable runs"] == f"{ratio:.2g}"
    assert row["the same, both without runs that diverged"] == f"{ratio:.2g}"
    assert tables.own_noise_table(judge([]), Campaign([])).empty


def test_claims_that_borrow_from_runs_that_diverged_have_their_own_noise_beside():
    key = "deep-features"
    records = study(TRUE["features"])
    text_of = claim(key).text
    before = tables.own_noise_table(judge(records), Campaign(records)).loc[text_of]
    assert before.iloc[-2] == before.iloc[-1], "no run diverged"
    campaign = Campaign(records)
    lost = campaign.runs[WIDE_SCRATCH][12]
    lost |= {"history": [[1, 0.1], [2, 0.5]], "metrics": {**lost["metrics"], "ssim": 0.2}}
    row = tables.own_noise_table(judge(records), campaign).loc[text_of]
    with_all, without = row["own variance, in multiples of that of comparable runs"], row.iloc[-1]
    assert float(with_all) < 0.1 * float(without)
    shown = tables.converged_table(judge(records), campaign)
    assert shown["without diverged runs", "seeds"].loc[claim("supervised").text] == "11, 13, 14, 15"
    effects = tables.verdict_table(judge(records), campaign)["effect"]
    assert effects[claim("supervised").text].endswith(" *")
    assert effects.str.endswith(" *").sum() == 6, "all contrasts with training from scratch, wide"
    labels = [
        label.get_text() for label in forest(judge(records), campaign).axes[0].get_yticklabels()
    ]
    assert sum(label.endswith(" *") for label in labels) == 6


def test_unseen_images_by_their_kinds(verdicts):
    campaign = Campaign(study(TRUE["features"]))
    images = len(next(r for r in campaign.evaluations.values())[0]["per_image"]["ssim"])
    alone = tables.group_table(verdicts, campaign, [str(i) for i in range(images)])
    assert claim("unseen").text in alone.index
    assert claim("features").text not in alone.index
    assert (alone["for new images"] == alone["for new kinds"]).all()
    two = tables.group_table(verdicts, campaign, ["odd", "even"] * (images // 2))
    assert (two["for new images"] != two["for new kinds"]).any()
    assert (two["effect"] == alone["effect"]).all()


def test_a_refuted_claim_says_how(verdicts):
    refuted = replace(verdicts[0], outcome=REFUTED, high=-0.1)
    assert refuted.status == "refuted: the opposite"
    assert replace(refuted, high=0.01).status == "refuted: the opposite, or too small to matter"


def test_only_what_the_paper_says_is_counted(verdicts):
    said = sum(found.kind == "says" for found in CLAIMS)
    twice = "2 of them repeat another one with another metric"
    words = f"Of {said} claims that the paper makes ({twice}), "
    assert text.tally(verdicts).startswith(words)
    words = f"None of the {said} claims that the paper makes is judged yet"
    assert text.tally(judge([])) == words
    (only,) = judge(study(TRUE["features"], claims=[claim("features")]), claims=[claim("features")])
    assert text.tally([only]) == "Of 1 claims that the paper makes, 1 holds"
    (waiting,) = judge([], claims=[claim("features-psnr")])
    some = [*[only] * 2, replace(waiting, claim=only.claim)]
    assert text.tally(some).endswith("makes, 2 hold and 1 awaits runs")


def test_the_answers_of_all_runs_stand_side_by_side():
    keys = ["features", "supervised"]
    found, none = findings(study(TRUE["features"])), findings([])
    table = tables.answer_table(found, {"Other": none}, keys)
    assert table.index.tolist() == [found[key].claim.text for key in keys]
    effect = 100 * (1 - np.exp(-found["features"].effect.value))
    assert table["registered"].iloc[0] == f"✓ holds (1 - SSIM {effect:.1f} % lower)"
    assert table["Other"].iloc[0] == "… awaiting runs (0 of 10)"
    assert len(table.attrs["records"][0]) == 10
    parts = {"Part": findings([], claims=[claim("mix")]), "Some": findings([], claims=CLAIMS[:1])}
    table = tables.answer_table(found, parts, keys)
    assert list(table.columns) == ["registered", "Some"]
    assert table["Some"].tolist() == ["—", "… awaiting runs (0 of 10)"]
    lost = Campaign(records := study(TRUE["features"])).runs[WIDE_RANDOM][13]
    rest = [r for r in records if r is not lost]
    found = findings([*rest, {**lost, "history": [[20, 0.1], [40, 0.5]]}])
    assert (
        tables.answer_table(found, {}, keys)["registered"]
        .iloc[0]
        .endswith("(1 of 10 runs diverged)")
    )


def test_outcomes_of_other_runs_stand_one_below_the_other():
    few, none = (findings(records, claims=CLAIMS[:2]) for records in (study(nothing), []))
    table = tables.beside_table({"One": few, "Two": none})
    texts = [claim.text for claim in CLAIMS[:2]]
    assert table.index.tolist() == [(title, text) for title in ("One", "Two") for text in texts]
    assert [bool(names) for names in table.attrs["records"]] == [True, True, False, False]
    assert tables.beside_table({}) is None
    assert tables.beside_table({"One": few}, tables.converged_table) is None, "no run diverged"


def test_controls_at_each_width(verdicts):
    table = tables.width_table(Campaign(study(nothing)), verdicts)
    assert list(table.loc[claim("features").text].index) == [16, 32]
    assert list(table["", "judged"].unique()) == ["", "at this width"]
    assert set(table["", "seeds"]) == {5}
    assert {upper for upper, _ in table.columns} == {"1 - SSIM", "PSNR", ""}
    records = study(nothing)
    lost = Campaign(records).runs[WIDE_RANDOM][13]
    rest = [r for r in records if r is not lost]
    rest.append({**lost, "history": [[20, 0.1], [40, 0.5]]})
    table = tables.width_table(Campaign(rest), verdicts).loc[claim("features").text]
    assert table["", "judged"].tolist() == ["", "at this width, with the runs that diverged"]
    assert table["", "seeds"].tolist() == [5, 4]
    assert tables.width_table(Campaign([]), verdicts).empty


def test_a_figure_has_a_row_for_each_estimate(verdicts):
    figure = forest(verdicts)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    groups = [label for label in labels if label.isupper()]
    assert len(groups) == 4
    assert len(labels) == len(CLAIMS) + len(groups)
    assert labels[1].startswith("1. Frozen self-supervised features")
    for title, kind in zip(groups[1:], ("says", "presupposes", "ours"), strict=True):
        follows = labels[labels.index(title) + 1].removesuffix(" *")
        (claim,) = (c for c in CLAIMS if c.text.rstrip(".") == follows)
        assert claim.kind == kind
        assert claim.primary is None
    plt.close(figure)
    figure = forest(judge([]))
    assert [words.get_text() for words in figure.axes[0].texts] == [
        "No claim has all of its runs yet."
    ]
    plt.close(figure)


def test_tables_of_simulations():
    found = {
        "worlds": {"recorded": {"nothing differs": {"any wrong": 0.013, "wrong": 0.001}}},
        "power": {"recorded": {"features": {"0": 0.25, "1": 0.1, "2": 0.5, "4": 1.0}}},
        "claims": {"features": {"covered on average": 0.951, "covered": 0.93, "wrong": 0.01}},
    }
    assert tables.world_table(found).loc["nothing differs", "recorded"] == 1.3
    power = tables.power_table(found, "recorded")
    assert power.loc["features", "4 x margin: holds"] == 100
    assert power.loc["features", "no effect: the same"] == 25
    assert (
        tables.coverage_table(found).loc["features", "intervals with the true effect (%)"] == 95.1
    )
    assert tables.margin_table().loc["PSNR", "margin"] == "0.20 dB"


def test_the_plan_and_the_first_run_in_a_sentence():
    zone = timezone(timedelta(hours=2))
    known = Registration(
        "ab" * 32,
        datetime(2026, 1, 2, 14, tzinfo=zone),
        datetime(2026, 1, 3, tzinfo=UTC),
        datetime(2026, 1, 3, 1, tzinfo=UTC),
        True,
    )
    known_text = text.registration_text(known)
    assert "2026-01-02 12:00 UTC, before the first run" in known_text
    assert "SHA-256 abababababababab…" in known_text
    late = Registration("ab" * 32, known.finished, known.first, known.finished, False)
    assert ", after the first run" in text.registration_text(late)
    assert "was changed since then" in text.registration_text(late)
    early = Registration("ab" * 32, known.committed, None, None, True)
    assert "no run of the campaign is recorded yet" in text.registration_text(early)
    unknown = Registration(None, None, None, None, None, "the clone is shallow")
    assert text.registration_text(unknown).endswith("not checked: the clone is shallow.")


def test_primary_claims_come_first_and_in_their_order(verdicts):
    figure = forest(list(reversed(verdicts)))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert [label[:2] for label in labels[1:7]] == [f"{place}." for place in range(1, 7)]
    plt.close(figure)


def test_what_is_not_judged_is_drawn_with_its_own_interval():
    seen = findings(study(TRUE["features"]), registered=False)
    figure = forest([seen["features"]])
    (bar, *_) = figure.axes[0].lines
    expected = np.array(seen["features"].interval()) / seen["features"].margin
    np.testing.assert_allclose(bar.get_xdata(), expected)
    plt.close(figure)


def test_where_the_paper_makes_each_claim(verdicts):
    table = tables.source_table(verdicts)
    assert list(table.index) == [verdict.claim.text for verdict in verdicts]
    row = table.loc[claim("supervised").text]
    assert row["origin"] == "presupposed by its method"
    assert row["where"] == "abstract, sections 1 and 4"
    assert row["margin"] == "4.8 %"
    assert table.loc[claim("features-psnr").text, "margin"] == "0.20 dB"


def test_what_the_simulation_says_in_words():
    found = {
        "power": {"recorded": {"mix": {"0": 0.004}, "features": {"0": 0.16}}},
        "claims": {"mix": {"covered": 0.95}, "classical": {"covered": 0.884},
                   "robust": {"covered": 0.9}},
    }  # fmt: skip
    assert "found in at most 16 % (recorded) of the simulated campaigns" in tables.absence_text(
        found
    )
    assert tables.short_coverage(found) == (
        "The lowest percentages are those of classical (88.4 %) and robust (90.0 %)."
    )
