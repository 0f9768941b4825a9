"""What runs cost, from fabricated records and records of benchmarks."""

import pytest

from wssl import report, study
from wssl.records.store import Store
from wssl.report.tables.costs import (
    benchmark_table,
    effort_table,
    kind_of,
    machine_table,
    machines,
)


@pytest.fixture
def records(fabricate, tmp_path):
    experiments = [*study.table(4, preset="smoke", seeds=2), *study.baselines(preset="smoke")]
    store = Store(tmp_path)
    fabricate(store, [*experiments, *study.evaluations(experiments)])
    return list(store.records())


def test_every_record_is_counted_once_under_its_kind(records):
    table = effort_table(records)
    assert table["records"].sum() == len(records)
    assert set(table.index) == {
        "pretext phases",
        "WSSL, inpainting phases",
        "Shift-Net, inpainting phases",
        "PIC, inpainting phases",
        "classical fills",
        "tests on other masks and images",
    }
    seconds = [r["provenance"]["seconds"] for r in records if kind_of(r) == "pretext phases"]
    assert table.loc["pretext phases", "all, h"] == f"{sum(seconds) / 3600:.2f}"


def test_the_hours_of_each_kind_are_a_bar(records):
    axis = report.effort_figure(records).axes[0]
    kinds = [label.get_text() for label in axis.get_yticklabels()]
    hours = {kind: bar.get_width() for kind, bar in zip(kinds, axis.patches, strict=True)}
    expected = dict.fromkeys(map(kind_of, records), 0.0)
    for record in records:
        expected[kind_of(record)] += record["provenance"]["seconds"] / 3600
    assert hours == pytest.approx(expected)
    assert list(hours.values()) == sorted(hours.values())


def test_a_figure_of_no_records_says_so():
    (axis,) = report.effort_figure([]).axes
    assert "no record" in axis.texts[0].get_text()


def test_machines_are_counted_the_most_frequent_first():
    found = [{"provenance": {"device": name}} for name in ("one", "two", "two")]
    assert machines(found) == "two (2); one (1)"


def made(device, minute, seconds, steps=0, kind="inpainting"):
    """A record that was finished that many minutes after noon."""
    phase = "pretext" if kind == "pretext" else "inpainting"
    return {
        "kind": kind,
        "history": [[steps, 0.1]] if steps else [],
        "scale": {f"{phase}_batch": 16},
        "provenance": {
            "device": device,
            "seconds": seconds,
            "finished": f"2026-11-27T12:{minute:02d}:00+00:00",
        },
    }


def test_time_that_passed_is_counted_once_for_runs_side_by_side():
    found = [
        made("a GPU", 10, 600, steps=300),
        made("a GPU", 15, 600, steps=600, kind="pretext"),
        made("a GPU", 40, 300),
        made("two cores", 59, 60),
    ]
    table = machine_table(found)
    assert table.loc["a GPU"].to_dict() == {
        "records": 3,
        "all, h": f"{1500 / 3600:.2f}",
        "passed, h": f"{(15 + 5) * 60 / 3600:.2f}",
        "at a time": 2,
        "images/s": f"{900 * 16 / 1200:.0f}",
    }
    assert table.loc["two cores", "images/s"] == "—"
    assert machine_table([]).empty


def test_benchmarks_stand_under_each_other():
    row = {"name": "a step", "ratio": 1.016, "target": "at most 1.10"}
    table = benchmark_table([{"title": "A", "rows": [row]}, {"title": "B", "rows": [row, row]}])
    assert list(table.index) == [("A", "a step"), ("B", "a step"), ("B", "a step")]
    assert table.iloc[0].to_dict() == {"measured": "1.02", "target": "at most 1.10"}
    assert list(benchmark_table([]).columns) == ["measured", "target"]
