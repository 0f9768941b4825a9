"""Verdicts of registered claims as text, tables and a figure."""

import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "claims"))

from worlds import TRUE, study

from wssl.claims.campaign import Campaign
from wssl.claims.catalogue import CLAIMS, claim
from wssl.claims.characteristics import nothing
from wssl.claims.decision import judge
from wssl.claims.registration import Registration
from wssl.report import judged


@pytest.fixture(scope="module")
def verdicts():
    return judge(study(TRUE["features"]))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (np.log(2), "ratio", "+50.0 %"),
        (-np.log(1.05), "ratio", "-5.0 %"),
        (0.211, "dB", "+0.21 dB"),
        (0.021, "SD", "2.1 %"),
        (np.log(1.25), "SD ratio", "factor 1.25"),
        (0.00512, "points", "+0.0051"),
        (-0.25, "share", "-0.250"),
        (float("nan"), "ratio", "—"),
    ],
)
def test_an_effect_in_a_readers_unit(value, unit, text):
    assert judged.amount(value, unit) == text


def test_a_table_has_a_line_for_each_claim(verdicts):
    table = judged.verdict_table(verdicts)
    assert list(table.index) == [found.text for found in CLAIMS]
    row = table.loc[claim("features").text]
    assert row["verdict"] == "✓ holds"
    assert row["effect, 95 % interval"].startswith("+2")
    assert row["in the paper"] == "—"
    assert table.loc[claim("mix").text, "in the paper"] == "+17.0 %"
    assert table.loc[claim("supervised").text, "who asserts it"] == "its method presupposes it"
    empty = judged.verdict_table(judge([]))
    assert set(empty["effect, 95 % interval"]) == {"—"}
    assert empty["verdict"].iloc[0] == "… awaiting runs (0 of 10)"


def test_effects_in_per_cent_have_their_db_beside_them():
    records = study(TRUE["features"])
    table = judged.verdict_table(judge(records), Campaign(records))
    column = table["in dB, 95 % interval"]
    assert column[claim("features").text].endswith("dB)")
    # Four times 0.3 by the making of this world.
    assert column[claim("features").text].startswith("+1.2")
    assert column[claim("features-psnr").text] == ""
    assert column[claim("weights-matter").text] == ""
    assert set(judged.verdict_table(judge([]), Campaign([]))["in dB, 95 % interval"]) == {""}


def test_only_what_the_paper_says_is_counted(verdicts):
    said = sum(found.kind == "says" for found in CLAIMS)
    assert judged.tally(verdicts).startswith(f"Of {said} claims that the paper makes, ")
    assert judged.tally(judge([])).endswith(f"and {said} await runs")
    (only,) = judge(study(TRUE["features"], claims=[claim("features")]), claims=[claim("features")])
    assert judged.tally([only]) == (
        "Of 1 claims that the paper makes, 1 holds, 0 are refuted, in 0 the difference is within "
        "the margin and 0 are undecided"
    )


def test_controls_at_each_width(verdicts):
    table = judged.width_table(Campaign(study(nothing)), verdicts)
    assert list(table.loc[claim("features").text].index) == [16, 32]
    assert list(table["judged"].unique()) == ["", "✓"]
    assert set(table["seeds"]) == {5}
    assert "dB" in table["PSNR"].iloc[0]
    assert judged.width_table(Campaign([]), verdicts).empty


def test_a_figure_has_a_row_for_each_estimate(verdicts):
    figure = judged.forest(verdicts)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(labels) == len(CLAIMS)
    assert labels[0].startswith("1. Frozen self-supervised features")
    plt.close(figure)
    figure = judged.forest(judge([]))
    assert figure.axes[0].get_yticklabels() == []
    plt.close(figure)


def test_tables_of_simulations():
    found = {
        "worlds": {"recorded": {"nothing differs": {"any wrong": 0.013, "wrong": 0.001}}},
        "power": {"recorded": {"features": {"0": 0.25, "1": 0.1, "2": 0.5, "4": 1.0}}},
        "claims": {"features": {"covered on average": 0.951, "covered": 0.93, "wrong": 0.01}},
    }
    assert judged.world_table(found).loc["nothing differs", "recorded"] == 1.3
    power = judged.power_table(found, "recorded")
    assert power.loc["features", "4 x margin: holds"] == 100
    assert power.loc["features", "no effect: the same"] == 25
    assert judged.coverage_table(found).loc["features", "coverage"] == 95.1
    assert judged.margin_table().loc["PSNR", "margin"] == "0.20 dB"


def test_the_plan_and_the_first_run_in_a_sentence():
    zone = timezone(timedelta(hours=2))
    known = Registration(
        "ab" * 32,
        datetime(2026, 1, 2, 14, tzinfo=zone),
        datetime(2026, 1, 3, tzinfo=UTC),
        datetime(2026, 1, 3, 1, tzinfo=UTC),
        True,
    )
    text = judged.registration_text(known)
    assert "2026-01-02 12:00 UTC, before the first run" in text
    assert "SHA-256 abababababababab…" in text
    late = Registration("ab" * 32, known.finished, known.first, known.finished, False)
    assert ", after the first run" in judged.registration_text(late)
    assert "was changed since then" in judged.registration_text(late)
    early = Registration("ab" * 32, known.committed, None, None, True)
    assert "no run of the campaign is recorded yet" in judged.registration_text(early)
    unknown = Registration(None, None, None, None, None, "the clone is shallow")
    assert judged.registration_text(unknown).endswith("not checked: the clone is shallow.")
