from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import wssl
from wssl import paper, report
from wssl.experiment import Experiment
from wssl.report.curves import axis_limits
from wssl.report.figures import TASK_COLOURS
from wssl.report.trends import agreement
from wssl.store import Store

PAIRS = tuple(report.PAPER_TRENDS)
TRIPLE = "Saturation + Sharpness + Rotation"


@pytest.fixture(autouse=True)
def no_display():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def record(weights, seed, ssim, psnr):
    experiment = Experiment(pretext=weights, seed=seed, preset="smoke")
    return {
        "kind": "inpainting",
        "experiment": experiment.to_dict(),
        "fingerprint": experiment.fingerprint,
        "metrics": {"ssim": ssim, "psnr": psnr},
        "provenance": {},
    }


def repeats(tables=(1, 2, 3), seeds=3, spread=0.005, level=0.0):
    """Runs that have the paper's numbers, less a level, but for the noise of their seeds."""
    rng = np.random.default_rng(1)
    noise = iter(rng.normal(0, spread, 1000)) if spread else iter([0.0] * 1000)
    return [
        record(row.pretext, seed, row.ssim - level + next(noise), row.psnr + 40 * next(noise))
        for number in tables
        for row in paper.TABLES[number]
        for seed in range(seeds)
    ]


def values(frame, metric="ssim"):
    return [part[metric].tolist() for _, part in frame.groupby("weighting", sort=False)]


def pretext(weights, seed, **accuracies):
    phase = Experiment(pretext=weights, seed=seed, preset="smoke").pretraining
    metrics = {f"accuracy_{task}": value for task, value in accuracies.items()}
    return {"experiment": phase.to_dict(), "fingerprint": phase.fingerprint, "metrics": metrics}


def test_the_papers_rows_are_lines():
    frame = report.printed()
    assert len(frame) == 22
    line = frame[frame["weighting"] == "Rotation 0.3, Saturation 0.7"].iloc[0].to_dict()
    uneven = line.pop("uneven")
    assert uneven == pytest.approx(0.4)
    assert line == {
        "tasks": 2,
        "set": "Rotation + Saturation",
        "weighting": "Rotation 0.3, Saturation 0.7",
        "first": 0.3,
        "seed": 0,
        "ssim": 0.9359,
        "psnr": 29.55,
    }


def test_runs_with_the_papers_numbers_are_the_papers_lines():
    ours = report.runs(repeats(seeds=1, spread=0))
    pd.testing.assert_frame_equal(ours, report.printed())


def test_runs_are_those_that_repeat_a_row():
    records = [*repeats(seeds=2), {**record({"rotation": 0.4, "sharpness": 0.6}, 0, 0.8, 20.0)}]
    frame = report.runs(reversed(records), (2,))
    assert list(frame["weighting"].unique()) == list(report.printed((2,))["weighting"])
    assert frame["seed"].value_counts().to_dict() == {0: 15, 1: 15}
    assert report.runs([]).empty


@pytest.mark.parametrize(
    ("name", "mean", "deviation"),
    [
        ("one task", 0.94950, 0.01854),
        ("two tasks", 0.95993, 0.00965),
        ("three tasks", 0.96620, 0.00211),
    ],
)
def test_each_study_has_means_and_deviations_by_number_of_tasks(name, mean, deviation):
    found = report.repetitions(report.printed(), "ssim").loc[0]
    assert found["mean", name] == pytest.approx(mean, abs=5.1e-6)
    assert found["SD", name] == pytest.approx(deviation, abs=5.1e-6)


def test_a_seed_is_a_study():
    lower = [
        record(row.pretext, 7, row.ssim - 0.1, row.psnr)
        for number in (1, 2, 3)
        for row in paper.TABLES[number]
    ]
    table = report.repetition_table(repeats(spread=0) + lower)
    names = ["the paper", *(f"our seed {seed}" for seed in (0, 1, 2, 7))]
    assert list(table.index) == names
    assert table.loc["our seed 2"].tolist() == table.loc["the paper"].tolist()
    assert table.loc["our seed 7", ("mean", "two tasks")] == "0.8599"
    assert (
        table.loc["our seed 7", ("SD", "two tasks")] == table.loc["the paper", ("SD", "two tasks")]
    )


@pytest.mark.parametrize(
    ("name", "t", "freedom"),
    [
        ("two tasks minus one", 0.95, 2.2),
        ("three tasks minus two", 2.32, 17),
        ("… the best pair alone", 0.14, None),
    ],
)
def test_the_papers_numbers_of_tasks_compared(name, t, freedom):
    _, plus, minus = report.more_tasks(report.printed(), "ssim")[name]
    found = report.mean_difference(plus, minus, "ssim", "weighting")
    assert found.value / found.error == pytest.approx(t, abs=0.006)
    if freedom:
        assert found.freedom == pytest.approx(freedom, abs=0.1)
    assert np.isnan(report.mean_difference(plus, minus, "ssim").error)


def test_what_is_left_out_is_found():
    found = report.more_tasks(report.printed(), "ssim")
    assert [which for which, _, _ in found.values()] == [
        "",
        "Sharpness",
        "",
        "Rotation + Saturation",
        "Rotation + Saturation",
        "Saturation + Sharpness",
    ]
    _, _, two = found["… without the two worst weightings"]
    assert (len(two), two["ssim"].mean()) == (13, pytest.approx(0.96346, abs=5.1e-6))
    shown = report.difference_table([])["SSIM", "difference"].xs("paper", level="whose")
    assert shown["… without the two worst weightings"] == f"{0.96620 - 0.96346:+.4f}"
    _, two, one = found["… without the worst task"]
    assert (len(two), sorted(one["set"])) == (15, ["Rotation", "Saturation"])
    assert report.mean_difference(two, one, "ssim").value == pytest.approx(-0.00027, abs=1e-5)


@pytest.mark.parametrize("unit", ["weighting", "set"])
def test_a_unit_counts_by_its_mean(unit):
    frame = report.runs(repeats())
    two, one = (frame[frame["tasks"] == number] for number in (2, 1))
    means = [part.groupby(unit)["psnr"].mean() for part in (two, one)]
    expected = stats.ttest_ind(*means, equal_var=False)
    found = report.mean_difference(two, one, "psnr", unit)
    assert found.value == pytest.approx(two["psnr"].mean() - one["psnr"].mean())
    assert found.value / found.error == pytest.approx(expected.statistic)
    assert found.freedom == pytest.approx(expected.df)
    assert report.two_sided(found) == pytest.approx(expected.pvalue)


def test_seeds_are_the_unit_within_each_weighting():
    frame = report.runs(repeats())
    two, one = (frame[frame["tasks"] == number] for number in (2, 1))
    found = report.mean_difference(two, one, "ssim")
    errors = [
        part.groupby("weighting")["ssim"].var().sum() / 3 / part["weighting"].nunique() ** 2
        for part in (two, one)
    ]
    assert found.value == pytest.approx(two["ssim"].mean() - one["ssim"].mean())
    assert found.error**2 == pytest.approx(sum(errors))


@pytest.mark.parametrize("unit", ["seed", "weighting", "set"])
def test_nothing_is_said_of_missing_runs(unit):
    found = report.mean_difference(report.printed(), report.runs([]), "ssim", unit)
    assert np.isnan([found.value, found.error, *found.interval(), report.two_sided(found)]).all()
    assert report.format_estimate(found, 4) == "—"


@given(st.lists(st.floats(-10, 10), min_size=5, max_size=5), st.floats(-5, 5))
def test_the_trend_is_the_least_squares_lines(noise, slope):
    weights = np.array([0.9, 0.7, 0.5, 0.3, 0.1])
    y = slope * weights + noise
    frame = pd.DataFrame({"weighting": list("abcde"), "first": weights, "ssim": y})
    expected = 0.8 * np.polyfit(weights, y, 1)[0]
    assert report.trend(frame, "ssim").value == pytest.approx(expected, abs=1e-8)


def test_the_trends_error_is_that_of_seeds():
    frame = report.runs(repeats())
    part = frame[frame["set"] == PAIRS[0]]
    found = report.trend(part, "ssim")
    centred = np.array([0.4, 0.2, 0, -0.2, -0.4])
    variances = [np.var(group, ddof=1) / 3 for group in values(part)]
    assert found.error**2 == pytest.approx(sum((0.8 * centred / 0.4) ** 2 * variances))
    assert np.isnan(report.trend(part[part["seed"] == 0], "ssim").error)
    assert np.isnan(report.trend(part.head(3), "ssim").value)


@pytest.mark.parametrize(
    ("pair", "metric", "rho", "p"),
    [
        ("Rotation + Saturation", "psnr", 1.0, 2 / 120),
        ("Rotation + Sharpness", "psnr", -0.9, 10 / 120),
        ("Rotation + Sharpness", "ssim", -0.8, None),
        ("Saturation + Sharpness", "ssim", -0.7, None),
        ("Saturation + Sharpness", "psnr", -0.8, None),
    ],
)
def test_rank_correlations_of_the_papers_points(pair, metric, rho, p):
    part = report.printed((2,)).query("set == @pair")
    found = report.rank_correlation(part["first"].tolist(), part[metric].tolist())
    orders = [stats.spearmanr(order, range(5)).statistic for order in permutations(range(5))]
    extreme = np.mean([abs(order) >= abs(rho) - 1e-9 for order in orders])
    assert found == pytest.approx((rho, extreme))
    assert p is None or extreme == pytest.approx(p)


def test_the_table_of_trends():
    table = report.trend_table(repeats(tables=(2,), spread=1e-5))
    assert list(table.index) == [(pair, title) for pair in PAIRS for title in ("SSIM", "PSNR (dB)")]
    line = table.loc[("Rotation + Saturation", "SSIM")]
    assert line["paper", "better with"] == "more Rotation"
    assert line["paper", "0.1 to 0.9"] == "+0.0296"
    assert line["ours", "0.1 to 0.9"].split(" ± ")[0] == "+0.0296"
    assert set(table["ours", "trend"]) == {"as in the paper"}
    less = ["Rotation + Sharpness", "Saturation + Sharpness"]
    assert all(table.loc[less, ("paper", "better with")].str.startswith("less"))


@pytest.mark.parametrize(
    ("value", "p", "sign", "words"),
    [
        (0.1, 0.01, 1, "as in the paper"),
        (-0.1, 0.01, -1, "as in the paper"),
        (-0.1, 0.01, 1, "the opposite"),
        (0.1, 0.05, 1, "not told from none"),
        (0.1, float("nan"), 1, "unknown"),
    ],
)
def test_agreement(value, p, sign, words):
    assert agreement(value, p, sign) == words


def test_p_values_of_trends_are_adjusted_for_their_number():
    records = repeats(tables=(2,), spread=0.004)
    frame = report.runs(records)
    raw = [
        report.two_sided(report.trend(frame[frame["set"] == pair], metric))
        for pair in PAIRS
        for metric in report.METRICS
    ]
    shown = report.trend_table(records)["ours", "p (Holm)"].tolist()
    assert shown[int(np.argmin(raw))] in (f"{6 * min(raw):.3f}", "< 0.001")


def test_weightings_and_seeds_make_the_spread():
    records = repeats(tables=(2,))
    frame = report.runs(records)
    for pair in PAIRS:
        part = frame[frame["set"] == pair]
        found = report.seed_spread(part, "ssim")
        within = np.mean([np.var(group, ddof=1) for group in values(part)])
        between = np.var([np.mean(group) for group in values(part)], ddof=1) - within / 3
        assert found["residual"] ** 2 == pytest.approx(within)
        assert found["weighting"] ** 2 == pytest.approx(max(between, 0), abs=1e-12)
        expected = stats.f_oneway(*values(part)).pvalue
        assert report.equal_means(part, "ssim") == pytest.approx(expected)
    table = report.spread_table(records)
    part = frame[frame["set"] == PAIRS[1]]
    assert table.loc[(PAIRS[1], "SSIM"), ("paper", "five runs")] == "0.0140"
    best = ("best weight of the first", "paper")
    assert table[best].tolist() == ["0.1", "0.1", "0.5", "0.9", "0.3", "0.3"]
    seeds = report.seed_spread(part, "ssim")["residual"]
    assert table.loc[(PAIRS[1], "SSIM"), ("ours", "seeds")] == f"{seeds:.4f}"


def test_the_ends_of_a_curve():
    table = report.end_table(repeats(tables=(1, 2), spread=0, seeds=2))
    jump = table.loc[("Sharpness", "Rotation")]
    assert jump["SSIM", "paper"] == "+0.0355"
    assert jump["PSNR (dB)", "paper"] == "+4.86"
    assert jump["SSIM", "ours"] == "+0.0355 ± 0.0000"
    assert table.loc[("Saturation", "Rotation"), ("SSIM", "paper")] == "-0.0216"
    assert table.loc[("Rotation", "Sharpness"), ("SSIM", "paper")] == "+0.0004"
    assert len(table) == 6


def test_the_papers_spread_is_of_task_sets_and_the_rest():
    frame = report.printed()
    found = report.components(frame, "ssim")
    sets = [group["ssim"] for _, group in frame.groupby("set") if len(group) > 1]
    within = sum(np.var(group) * len(group) for group in sets) / sum(len(g) - 1 for g in sets)
    assert found["together"] == pytest.approx(np.sqrt(within))
    assert found["set"] > 0
    assert np.isnan([found["weighting"], found["seed"], found["residual"]]).all()
    shares = report.variance_shares(found)
    assert shares["set"] + shares["together"] == pytest.approx(1)


def test_the_parts_of_our_spread():
    found = report.components(report.runs(repeats(spread=0.005)), "ssim")
    assert not np.isnan(list(found.values())).any()
    parts = [found[name] ** 2 for name in ("weighting", "seed", "residual")]
    assert found["together"] ** 2 == pytest.approx(sum(parts))
    assert found["residual"] == pytest.approx(0.005, rel=0.3)
    shares = report.variance_shares(found)
    total = sum(shares[name] for name in ("set", "weighting", "seed", "residual"))
    assert total == pytest.approx(1)


def test_a_seed_that_lifts_all_weightings_is_told_from_one_that_lifts_one():
    records = [
        record(row.pretext, seed, row.ssim + 0.01 * (seed - 1), row.psnr)
        for number in (1, 2, 3)
        for row in paper.TABLES[number]
        for seed in range(3)
    ]
    found = report.components(report.runs(records), "ssim")
    assert found["seed"] == pytest.approx(0.01, rel=1e-6)
    # The square root of a difference of sums: rounding of 1e-16 in them is 1e-8 here.
    assert found["residual"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("tasks", "missing"), [(1, {"weighting"}), (2, set()), (3, {"set"})]
)  # fmt: skip
def test_a_part_of_which_there_is_one_only_is_not_told(tasks, missing):
    frame = report.runs(repeats())
    found = report.components(frame[frame["tasks"] == tasks], "ssim")
    assert {name for name, value in found.items() if np.isnan(value)} == missing


def test_the_table_of_parts():
    table = report.component_table(repeats())
    assert list(table.columns.get_level_values(1)) == [
        "SD", "share", "SD", "share", "one task", "two tasks", "three tasks",
    ]  # fmt: skip
    assert table.loc["weighting", ("paper", "SD")] == "—"
    shares = table["ours", "share"].str.rstrip(" %").astype(int)
    assert 98 <= shares.iloc[:4].sum() <= 102


def test_equal_weights_against_the_others():
    table = report.equal_weight_table(repeats(tables=(2, 3), spread=0, seeds=2))
    assert list(table.index) == [*report.printed((2,))["set"].unique(), TRIPLE]
    triple = np.mean([0.9667, 0.9634, 0.9662])
    assert table.loc[TRIPLE, ("SSIM", "paper")] == f"{0.9685 - triple:+.4f}"
    others = np.mean([0.9616, 0.9628, 0.9359, 0.9380])
    assert table.loc[PAIRS[1], ("SSIM", "ours")] == f"{0.9631 - others:+.4f} ± 0.0000"


TABLES = {
    report.trend_table: 6,
    report.spread_table: 6,
    report.end_table: 6,
    report.difference_table: 12,
    report.component_table: 5,
    report.equal_weight_table: 4,
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
@pytest.mark.parametrize("seeds", [0, 1, 2])
def test_tables_need_no_repeats(table, seeds):
    frame = table(repeats(seeds=seeds))
    assert len(frame) == TABLES[table]
    text = frame.to_csv()
    assert "nan" not in text.lower()
    ours = [column for column in frame.columns if "ours" in str(column)]
    assert ("±" in frame[ours].to_csv(header=False)) == (
        seeds > 1 and table in (report.trend_table, report.end_table, report.equal_weight_table)
    )


def lines(axis, marker):
    return [line for line in axis.lines if line.get_marker() == marker and len(line.get_xdata())]


def test_curves_stand_for_differences_from_their_mean():
    level = 0.15
    records = repeats(tables=(1, 2), spread=0, seeds=2, level=level)
    figure = report.weight_curves(records)
    axis = figure.axes[1]
    part = report.printed((2,)).query("set == 'Rotation + Saturation'").sort_values("first")
    mean = part["ssim"].mean()
    assert f"zero is {mean:.4f} (paper), {mean - level:.4f} (ours)" in (
        axis.get_title(loc="left") or axis.get_title()
    )
    theirs = max(lines(axis, "D"), key=lambda line: len(line.get_xdata()))
    np.testing.assert_allclose(theirs.get_xdata(), part["first"], atol=0.04)
    np.testing.assert_allclose(theirs.get_ydata(), part["ssim"] - mean)
    ours = {round(float(line.get_xdata()[0]), 1): line for line in lines(axis, "o")}
    for weight, ssim in zip(part["first"], part["ssim"], strict=True):
        assert ours[weight].get_ydata() == pytest.approx([ssim - mean] * 2)
    assert ours[0.0].get_ydata() == pytest.approx([0.9596 - mean] * 2)
    assert ours[1.0].get_ydata() == pytest.approx([0.9608 - mean] * 2)
    assert ours[0.0].get_markerfacecolor() == ours[1.0].get_markerfacecolor() == "white"
    assert plt.get_fignums() == []


def test_an_end_below_the_axis_has_its_value():
    figure = report.weight_curves([])
    figure.canvas.draw()
    first = figure.axes[3]
    texts = [text.get_text() for text in first.texts]
    assert "\N{MINUS SIGN}3.94" in texts
    low, _ = first.get_ylim()
    assert low > -3.94
    assert figure.axes[3].get_ylim() == figure.axes[5].get_ylim()


def test_whiskers_do_not_dwarf_the_points():
    assert axis_limits([0.0, 1.0], [-100.0, 100.0]) == pytest.approx((-0.66, 1.66))
    assert axis_limits([0.0, 1.0], [-0.2, 0.5]) == pytest.approx((-0.26, 1.06))


@pytest.mark.parametrize("seeds", [0, 1, 3])
def test_every_run_is_a_point_by_its_number_of_tasks(seeds):
    figure = report.number_of_tasks(repeats(seeds=seeds))
    figure.canvas.draw()
    spans = []
    for axis, marker, frame in zip(
        figure.axes, "Do", (report.printed(), report.runs(repeats(seeds=seeds))), strict=True
    ):
        found = [line for line in lines(axis, marker) if line.get_markersize() == 8]
        shown = sorted(y for line in found for y in line.get_ydata())
        assert shown == pytest.approx(sorted(frame["ssim"]))
        if len(frame):
            low, high = axis.get_ylim()
            assert low < min(shown)
            assert high > max(shown)
            spans.append(high - low)
        texts = " ".join(text.get_text() for text in axis.texts)
        mean = frame[frame["tasks"] == 2]["ssim"].mean()
        assert f"two tasks\nmean {mean:.4f}".replace("nan", "—") in texts
    assert spans == pytest.approx([spans[0]] * len(spans))
    assert plt.get_fignums() == []


def test_points_have_the_colours_of_their_tasks():
    figure = report.number_of_tasks([])
    halves = {
        (line.get_color(), line.get_markerfacecoloralt())
        for line in lines(figure.axes[0], "D")
        if line.get_fillstyle() == "left"
    }
    rotation, saturation, sharpness = TASK_COLOURS.values()
    assert len({rotation, saturation, sharpness}) == 3
    pairs = {(rotation, saturation), (rotation, sharpness), (saturation, sharpness)}
    assert halves == {*pairs, (saturation, rotation)}
    cores = [line for line in lines(figure.axes[0], "D") if line.get_markersize() < 8]
    assert [line.get_color() for line in cores] == [sharpness] * 4


def test_accuracies_stand_at_the_weight_of_their_task():
    records = [
        pretext({"rotation": 0.1, "sharpness": 0.9}, 0, rotation=0.6, sharpness=0.7),
        pretext({"rotation": 0.1, "sharpness": 0.9}, 1, rotation=0.8, sharpness=0.5),
        pretext({"rotation": 1.0}, 0, rotation=0.95),
    ]
    figure = report.accuracy_by_weight(records)
    rotation, saturation, sharpness = figure.axes
    (beside,) = lines(rotation, "^")
    assert beside.get_ydata().tolist() == [0.6, 0.8]
    assert beside.get_xdata() == pytest.approx([0.1, 0.1], abs=0.03)
    (alone,) = lines(rotation, "D")
    assert (alone.get_xdata()[0], alone.get_ydata()[0]) == pytest.approx((1, 0.95), abs=0.03)
    (other,) = lines(sharpness, "o")
    assert other.get_xdata() == pytest.approx([0.9, 0.9], abs=0.03)
    assert not any(
        len(line.get_xdata()) for line in saturation.lines if line.get_marker() in "os^D"
    )
    assert sorted(y for line in lines(rotation, "_") for y in line.get_ydata()) == [0.7, 0.95]
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "figure", [report.weight_curves, report.number_of_tasks, report.accuracy_by_weight]
)
def test_a_figure_without_any_record_can_be_drawn(figure, recwarn):
    figure([]).canvas.draw()
    assert not recwarn.list


def test_fabricated_records_are_taken_for_runs(tmp_path, fabricate, trained):
    store = Store(tmp_path)
    experiments = wssl.study.table(3, preset="smoke", seeds=2)
    made = fabricate(store, experiments, ssim=lambda e, rng: 0.7 + 0.01 * e.seed)
    results = wssl.run_all(experiments, store=store)
    assert trained == []
    assert [result.record for result in results] == made
    assert report.table(3, made)["SSIM", "ours"].tolist() == ["0.7050 ± 0.0635"] * 4
    for experiment in experiments:
        phase = store.get(experiment.pretraining.fingerprint)
        for task in experiment.pretext:
            assert np.mean(report.accuracy(phase, task)) == phase["metrics"][f"accuracy_{task}"]


def test_fabricated_noise_is_the_experiments_own(tmp_path, fabricate):
    experiments = wssl.study.table(1, preset="smoke", seeds=2)
    every = fabricate(Store(tmp_path / "a"), experiments)
    some = fabricate(Store(tmp_path / "b"), experiments[::-2])
    assert some == every[::-2]
    assert len({r["metrics"]["ssim"] for r in every}) == len(every)
    assert fabricate(Store(tmp_path / "c"), experiments, seed=1) != every
