"""Tables and figures of contrasts: every number against one that is computed here."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "claims"))

from worlds import TRUE, raised, single, study

from wssl import paper, report
from wssl.claims.campaign import Arm, Campaign
from wssl.claims.catalogue import (
    BEST_ARM,
    DOUBLES,
    LOSSES,
    PAIRS,
    PIC,
    RANDOM,
    SCRATCH,
    SINGLES,
    TRIPLES,
)
from wssl.claims.estimands import PSNR, SSIM, Score, difference, means
from wssl.claims.ladders import ladders
from wssl.claims.outcomes import paired
from wssl.report.figures.dots import in_unit
from wssl.report.labels import (
    OURS,
    PAPER,
    arm_label,
    loss_label,
    method_label,
    task_looks,
    task_short,
)
from wssl.report.tables.ladders import crossing_text
from wssl.report.tables.paper import printed, printed_contrast
from wssl.report.tables.verdicts import verdict_table

pytestmark = pytest.mark.usefixtures("no_display")

GROUPS = {1: SINGLES, 2: DOUBLES, 3: TRIPLES}
EMPTY = Campaign([])


@pytest.fixture(scope="module")
def campaign():
    return Campaign(study(raised(lambda arm, unseen: arm.encoder == "random", -0.3)))


def number(text):
    return float(text.split()[0])


def test_a_contrast_table_holds_paired_effects(campaign):
    table = report.contrast_table(campaign, report.against(BEST_ARM, {"random": RANDOM}))
    runs = {arm: campaign.runs[arm] for arm in (BEST_ARM, RANDOM)}
    ratios = [
        (1 - runs[RANDOM][s]["metrics"]["ssim"]) / (1 - runs[BEST_ARM][s]["metrics"]["ssim"])
        for s in runs[RANDOM]
    ]
    expected = 100 * (1 - np.exp(np.mean(np.log(ratios))))
    assert expected < -30
    row = table.loc["random"]
    assert number(row["1 - SSIM", "better by (%)"]) == pytest.approx(expected, abs=0.05)
    gain = [
        runs[RANDOM][s]["metrics"]["psnr"] - runs[BEST_ARM][s]["metrics"]["psnr"]
        for s in runs[RANDOM]
    ]
    assert number(row["PSNR", "better by (dB)"]) == pytest.approx(np.mean(gain), abs=0.005)
    low, high = (number(bound) for bound in row["1 - SSIM", "95 % interval"].split(" to "))
    assert low < expected < high
    assert row["", "seeds"] == 5


def test_without_runs_a_table_has_dashes():
    table = report.contrast_table(EMPTY, report.against(BEST_ARM, {"random": RANDOM}))
    assert table.loc["random"].tolist() == ["—", "—", "—", "—", 0]
    assert report.score_table(EMPTY, {"best": BEST_ARM}).loc["best", "SSIM"] == "—"
    assert report.progress_table(EMPTY, {"best": BEST_ARM}).empty


def test_the_papers_contrasts_follow_from_its_tables():
    terms = difference(LOSSES["mix"], LOSSES["log_cosh"]).terms
    ratio = (1 - 0.9692) / (1 - 0.9338)
    assert in_unit(printed_contrast(terms, SSIM), "ratio") == pytest.approx(100 * (1 - ratio))
    assert printed_contrast(terms, PSNR) == pytest.approx(31.38 - 29.46)
    assert printed(PIC, Score(points=True)) == 0.9434
    for arm, score in ((RANDOM, SSIM), (BEST_ARM, Score("gmsd")), (BEST_ARM, Score(unseen=True))):
        assert np.isnan(printed(arm, score))
    assert np.isnan(printed(Arm(BEST_ARM.pretext, budget=4.0), SSIM))


def test_the_score_of_an_arm_is_the_mean_of_its_seeds(campaign):
    records = campaign.runs[BEST_ARM].values()
    for record in records:
        record["metrics"] |= {"ssim_hole": 0.5, "psnr_hole": 20.0}
    table = report.score_table(campaign, {"best": BEST_ARM})
    mean = np.mean([record["metrics"]["ssim"] for record in records])
    assert number(table.loc["best", "SSIM"]) == pytest.approx(mean, abs=5e-5)
    assert table.loc["best", "SSIM, hole only"] == "0.5000 ± 0.0000"
    assert table.loc["best", "which seeds"] == "11, 12, 13, 14, 15"


def test_the_papers_study_is_one_repetition(campaign):
    table = report.repetition_table(campaign, GROUPS)
    assert table.loc["the paper", "mean"].tolist() == ["0.9495", "0.9599", "0.9662"]
    assert table.loc["the paper", "SD"].tolist() == ["0.0185", "0.0097", "0.0021"]
    assert list(table.index) == ["the paper", *(f"our seed {seed}" for seed in (11, 12, 13))]
    values = [campaign.runs[arm][12]["metrics"]["ssim"] for arm in TRIPLES]
    assert table.loc["our seed 12"].tolist()[2::3] == [
        f"{np.mean(values):.4f}",
        f"{np.std(values, ddof=1):.4f}",
    ]


def test_the_worst_task_is_found_and_left_out():
    world = Campaign(study(single("saturation", -0.5)))
    found = report.more_tasks(GROUPS, world)
    (terms,) = (
        t
        for name, t in found.items()
        if name == "all pairs minus Sharpness and Rotation, each alone"
    )
    left = [arm for c, arm in terms if c < 0]
    assert left == [arm for arm in SINGLES if "saturation" not in arm.pretext]
    effect = paired(world, found["two tasks minus one"], SSIM).estimate.value
    assert effect == pytest.approx(0.5 / 3, abs=0.03)
    assert paired(world, terms, SSIM).estimate.value == pytest.approx(0, abs=0.03)
    assert list(report.more_tasks(GROUPS, EMPTY)) == list(found)[:2]


def test_what_three_tasks_may_rest_on_leaves_out_pairs_alone():
    world = Campaign(study(single("saturation", -0.5)))
    ((name, terms),) = report.three_without_some(GROUPS, world).items()
    assert report.more_tasks(GROUPS, world)[name] == terms
    assert report.three_without_some(GROUPS, EMPTY) == {}
    assert {arm for c, arm in terms if c > 0} == set(TRIPLES)
    assert {arm for c, arm in terms if c < 0} < set(DOUBLES)


def test_even_weights_and_ends_name_the_right_arms():
    terms = report.even_weights({"triples": TRIPLES})["triples"]
    ((_, even),) = [term for term in terms if term[0] > 0]
    spread = {a: max(a.pretext.values()) - min(a.pretext.values()) for a in TRIPLES}
    assert even == min(TRIPLES, key=spread.__getitem__)
    found = report.ends(PAIRS, SINGLES)
    assert len(found) == 6
    for (_, pair), (_, alone) in found.values():
        (task,) = alone.pretext
        assert pair.pretext[task] == 0.9


@pytest.mark.parametrize(
    ("history", "fall"),
    [([[1, 0.5]], 0.0), ([[i, 2.0 if i < 9 else 1.0] for i in range(1, 11)], 50.0)],
)
def test_progress_by_hand(history, fall):
    world = Campaign([])
    world.runs[BEST_ARM] = {11: {"kind": "inpainting", "history": history}}
    table = report.progress_table(world, {"best": BEST_ARM})
    assert float(table.loc["best", "still falling (%)"]) == fall
    assert table.loc["best", "loss at the end"] == f"{history[-1][1]:.5f}"
    assert table.loc["best", "steps"] == history[-1][0]


def test_tables_of_scores_have_the_seeds_that_all_arms_share():
    records = study(TRUE["features"])
    campaign = Campaign(records)
    single, harmonic = SINGLES[0], Arm(method="harmonic")
    assert set(campaign.runs[BEST_ARM]) > set(campaign.runs[single]) == {11, 12, 13}
    shared = report.shared_runs(campaign, [BEST_ARM, single, harmonic, Arm(method="pic_")])
    assert [run["experiment"]["seed"] for run in shared][:6] == [11, 12, 13] * 2
    table = report.score_table(campaign, {"best": BEST_ARM, "single": single, "fill": harmonic})
    assert table["which seeds"].tolist() == ["11, 12, 13", "11, 12, 13", "—"]
    values = [campaign.runs[BEST_ARM][seed]["metrics"]["ssim"] for seed in (11, 12, 13)]
    assert table.loc["best", "SSIM"].startswith(f"{np.mean(values):.4f}")
    campaign.runs[BEST_ARM][12]["history"] = [[20, 0.1], [40, 0.5]]
    table = report.score_table(Campaign(records), {"best": BEST_ARM, "single": single})
    assert table["which seeds"].tolist() == ["11, 13", "11, 12, 13"], (
        "what diverged takes no seed from the others"
    )


def test_what_was_drawn_at_random_stands_beside_the_mean():
    run = {
        "metrics": {"ssim": 0.8, "psnr": 25.0},
        "variants": {
            "sample": {"ssim": 0.7, "psnr": 24.0},
            "best_of_10": {"ssim": 0.9, "psnr": 26},
        },
    }
    table = report.variants_table([run])
    assert table["SSIM"].tolist() == ["0.8000", "0.7000", "0.9000"]
    assert report.variants_table([])["SSIM"].tolist() == ["—"]


def test_the_spread_of_weightings_is_beside_that_of_seeds(campaign):
    sets = {"triples": TRIPLES}
    table = report.spread_table(campaign, sets)
    values = np.array(
        [
            [-np.log(1 - campaign.runs[a][s]["metrics"]["ssim"]) for s in (11, 12, 13)]
            for a in TRIPLES
        ]
    )
    residual = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    noise = np.sqrt((residual**2).sum() / (3 * 2))
    assert number(table.loc["triples", "of a seed"]) == pytest.approx(100 * noise, abs=0.05)
    assert report.spread_table(EMPTY, sets).loc["triples", "of a seed"] == "—"


def test_the_scatter_of_seeds_by_class(campaign):
    table = report.class_table(campaign)
    variance, freedom = campaign.variance(SSIM, "sharpness")
    row = table.loc["frozen, at least half of the weight on sharpness"]
    assert number(row["SD, 1 - SSIM"]) == pytest.approx(100 * variance**0.5, abs=0.05)
    assert row["degrees of freedom"] == freedom
    assert set(report.class_table(EMPTY)["SD, PSNR"]) == {"—"}


def points(axis, colour, marker):
    return [
        (x, y)
        for line in axis.lines
        if line.get_marker() == marker and line.get_color() == colour and line.get_alpha() != 1
        for x, y in zip(*map(np.atleast_1d, line.get_data()), strict=True)
    ]


def test_dots_show_every_seed_and_the_papers_number(campaign):
    others = {loss: arm for loss, arm in LOSSES.items() if loss != "mix"}
    contrasts = report.against(LOSSES["mix"], others)
    figure = report.dots(campaign, contrasts, zero="the mix", in_paper=True)
    for axis, score in zip(figure.axes, (SSIM, PSNR), strict=True):
        shown = points(axis, OURS, "o")
        for y, terms in enumerate(contrasts.values()):
            expected = paired(campaign, terms, score).per_seed.values()
            seeds = sorted(x for x, row in shown if row == y)
            np.testing.assert_allclose(seeds, sorted(in_unit(v, score.unit) for v in expected))
        low, high = axis.get_xlim()
        diamonds = {y: x for x, y in points(axis, PAPER, "D")}
        edges = {round(text.xy[1] + 0.3): text.get_text() for text in axis.texts}
        for y, terms in enumerate(contrasts.values()):
            theirs = in_unit(printed_contrast(terms, score), score.unit)
            assert (y in diamonds) == (low <= theirs <= high)
            assert (y in edges) == (theirs < low or theirs > high)
            if y in diamonds:
                assert diamonds[y] == pytest.approx(theirs)
            elif y in edges:
                assert f"{theirs:.0f}" in edges[y]
        assert edges or score == PSNR
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(others)


def test_dots_without_runs_say_so():
    figure = report.dots(EMPTY, report.against(SCRATCH, {"best": BEST_ARM}), zero="scratch")
    assert [text.get_text() for text in figure.axes[0].texts] == ["no runs yet"]
    figure.canvas.draw()


def test_many_rows_without_runs_are_listed_above(campaign):
    none = {f"later {n}": Arm(method=f"later_{n}") for n in range(4)}
    some = {"random": RANDOM, **none}
    figure = report.dots(campaign, report.against(SCRATCH, some), zero="scratch")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["random"]
    assert figure.get_suptitle() == f"No runs yet: {'; '.join(none)}."
    del some["later 0"]
    figure = report.dots(campaign, report.against(SCRATCH, some), zero="scratch")
    assert [text.get_text() for text in figure.axes[0].texts] == ["no runs yet"] * 3
    assert figure.get_suptitle() == ""


def test_curves_of_weights_are_contrasts_with_the_pairs_mean(campaign):
    figure = report.weight_curves(campaign, PAIRS, SINGLES, [SSIM])
    pair, arms = next(iter(PAIRS.items()))
    axis = figure.axes[0]
    expected = [
        in_unit(v, "ratio")
        for arm in arms
        for v in paired(campaign, means([arm], list(arms)).terms, SSIM).per_seed.values()
    ]
    shown = [y for x, y in points(axis, OURS, "o") if 0.01 < x < 0.95]
    np.testing.assert_allclose(sorted(shown), sorted(expected))
    solid = [
        line for line in axis.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 5
    ]
    for line in solid:
        assert list(line.get_xdata()) == sorted(line.get_xdata()), pair
    report.weight_curves(EMPTY, PAIRS, SINGLES).canvas.draw()


def test_every_weighting_is_in_the_figure_of_numbers_of_tasks(campaign):
    figure = report.number_of_tasks(campaign, GROUPS)
    theirs, ours = figure.axes
    rows = [row for n in (1, 2, 3) for row in paper.TABLES[n]]
    scores = np.array([-np.log(1 - row.ssim) for row in rows])
    expected = sorted(100 * (1 - np.exp(-(scores - scores.mean()))))
    shown = [line.get_ydata()[0] for line in theirs.lines if line.get_markersize() == 8]
    np.testing.assert_allclose(sorted(shown)[: len(expected)], expected)
    runs = [len(line.get_ydata()) for line in ours.lines if line.get_markersize() == 8]
    assert runs.count(3) == len(rows)
    report.number_of_tasks(EMPTY, GROUPS).canvas.draw()


def phase(task="rotation", levels=4, accuracy=1.0, weights=None):
    confusion = (np.eye(levels, dtype=int) * 8).tolist()
    return {
        "experiment": {"pretext": weights or {task: 1.0}},
        "fingerprint": "0123456789abcdef",
        "confusion": dict.fromkeys(weights or {task: 1.0}, confusion),
        "metrics": {f"accuracy_{name}": accuracy for name in weights or {task: 1.0}},
        "history": [[1, 1.0], [2, 0.5]],
    }


def test_a_task_of_any_number_of_levels_is_drawn():
    phases = [phase(), phase("mirror", 2, 0.5), phase(weights={"rotation": 0.9, "colour": 0.1})]
    figure = report.accuracy_by_weight(phases)
    titles = [axis.get_title(loc="left") or axis.get_title() for axis in figure.axes]
    assert titles == ["Rotation", "Mirror", "Colour"]
    chance = [
        [line.get_ydata()[0] for line in axis.lines if line.get_linestyle() == "--"]
        for axis in figure.axes
    ]
    assert chance == [[0.25], [0.5], [0.25]]
    names = {"rotation": ["0", "90", "180", "270"], "mirror": ["no", "yes"]}
    assert len(report.confusions(phases, names).axes) == 2
    table = report.accuracy_table(phases)
    assert table.loc["Mirror", "level 3"] == ""
    assert table.loc["Rotation", "level 4"] == "1.000"
    report.accuracy_by_weight([]).canvas.draw()
    report.confusions([], names).canvas.draw()
    assert report.accuracy_table([]).empty


def test_names_of_what_is_registered_elsewhere_are_made_from_theirs():
    assert method_label("shift_net") == "Shift-Net"
    assert method_label("my_fill") == "my fill"
    assert loss_label("mse") == "squared error"
    assert loss_label("my_loss") == "my loss"
    assert task_short("rotation") == "Rot"
    assert task_short("brightness") == "Brigh"
    names = [f"task_{i}" for i in range(12)]
    looks = task_looks([*names, "rotation"])
    assert len({tuple(np.atleast_1d(colour)) for colour, _ in looks.values()}) == 13
    assert looks["rotation"] == task_looks(["rotation"])["rotation"]


@pytest.mark.parametrize(
    ("arm", "label"),
    [
        (BEST_ARM, "pretrained, frozen"),
        (SINGLES[0], "Sharpness"),
        (SCRATCH, "from scratch"),
        (PIC, "PIC"),
        (LOSSES["ssim"], "pretrained, frozen, SSIM loss"),
        (Arm(encoder="random", blocks=(1, 2, 3)), "random, frozen blocks 1, 2, 3"),
        (Arm(encoder="scratch", width="64", budget=4.0), "from scratch, width 64, 4x steps"),
    ],
)
def test_arms_in_words(arm, label):
    assert arm_label(arm) == label


def test_ladders_are_drawn_and_tabulated_with_what_is_there(campaign):
    records = study(TRUE["features"])
    for record in records:
        new = record.get("scale", {}).get("width") == 32 and record["experiment"].get("seed") == 11
        record["provenance"] = {**record["provenance"], "backend": "jax" if new else "tensorflow"}
    found = ladders(records)
    table = report.ladder_table(found["width"], [("frozen", "random")], "width")
    seeds = table["", "seeds"].tolist()
    assert seeds == [0, 5, 5]
    assert table["", "made under"].tolist() == ["—", "tensorflow", "jax, tensorflow"]
    terms = difference(BEST_ARM, RANDOM).terms
    effect = paired(Campaign(records), terms, SSIM).estimate.value
    shown = number(table["1 - SSIM", "better by (%)"].iloc[1])
    assert shown == pytest.approx(in_unit(effect, "ratio"), abs=0.05)
    figure = report.ladder_figure(found)
    assert [axis.get_title() for axis in figure.axes] == ["width"], "the others have one rung"
    report.ladder_figure(ladders([])).canvas.draw()
    report.budget_figure(ladders([])["budget"], [], 1.0).canvas.draw()
    report.budget_figure(found["budget"], [Arm(method="harmonic")], 16_000).canvas.draw()
    assert set(report.fit_table(ladders([])["budget"], [], 1.0, 10.0)["per doubling"]) == {"—"}


def test_a_verdict_table_of_one_claim_is_a_row(campaign):
    from wssl.claims import findings

    found = findings([], registered=True)
    assert len(verdict_table([found["mix"]])) == 1


@pytest.mark.parametrize(("level", "words"), [(0.5, "fewer than 16,000"), (0.9999, " to ")])
def test_a_fill_that_the_shortest_training_passes_has_no_crossing(level, words):
    rungs = ladders(study(TRUE["features"]))["budget"]
    fill = next(arm for arm in rungs[0].campaign.runs if arm.method == "harmonic")
    campaign = rungs[0].campaign
    by_budget = {rung.budget: rung.arm("scratch") for rung in rungs}
    campaign.runs[by_budget[16.0]] = {
        seed: {**run, "metrics": {**run["metrics"], "ssim": run["metrics"]["ssim"] + 0.01}}
        for seed, run in campaign.runs[by_budget[4.0]].items()
    }
    for rung in rungs:
        run = next(iter(rung.campaign.runs[fill].values()))
        run["metrics"] = {**run["metrics"], "ssim": level}
        run["per_image"] = {**run["per_image"], "ssim": [level] * len(run["per_image"]["ssim"])}
    table = report.fit_table(rungs, [fill], 16_000, 484_000)
    assert words in table.loc["from scratch", "images to reach the harmonic fill"]
    cell = table.loc["from scratch", "images to reach the harmonic fill"]
    words = crossing_text(rungs, rungs, fill, 16_000)
    assert words.endswith(f" with the harmonic fill after {cell} images.")
    none = ladders([])["budget"]
    assert crossing_text(none, none, fill, 16_000) == "", "no runs"
    assert crossing_text(rungs, none, fill, 16_000) == words, "too few runs are left"


def test_a_run_part_of_whose_decoder_died_is_hollow_and_the_crossing_is_given_without_it():
    records = study(TRUE["features"])
    longer = [
        {**run, "scale": {**run["scale"], "inpainting_steps": 16_000}, "fingerprint": f"long {at}"}
        for at, run in enumerate(records)
        if run["kind"] == "inpainting"
        and run["experiment"]["encoder"] == "scratch"
        and run["experiment"]["loss"] == "mix"
        and run["scale"].get("inpainting_steps") == 4000
    ]
    cut = {"none": {"psnr": 25.0}, "1": {"psnr": 9.0}, "2": {"psnr": 25.0}}
    died, other, *_ = longer
    died["metrics"] = {**died["metrics"], "ssim": died["metrics"]["ssim"] - 0.05}
    died["mechanism"] = {"skips": cut}
    other["metrics"] = {**other["metrics"], "ssim": other["metrics"]["ssim"] + 0.02}
    records = [*records, died, other]
    rungs = ladders(records)["budget"]
    whole = ladders([run for run in records if run is not died])["budget"]
    fill = next(arm for arm in rungs[0].campaign.runs if arm.method == "biharmonic")
    words = crossing_text(rungs, whole, fill, 16_000)
    (one,) = re.findall("after (.*) images;", words)
    (two,) = re.findall("died, after (.*).$", words)
    table, without = (report.fit_table(kind, [fill], 16_000, 1e5) for kind in (rungs, whole))
    column = "images to reach the biharmonic fill"
    assert one == table.loc["from scratch", column] != two == without.loc["from scratch", column]
    for shown, count in ((rungs, 1), (whole, 0)):
        (axis,) = report.budget_figure(shown, [fill], 16_000).axes
        drawn = [line for line in axis.lines if len(line.get_xdata()) == 1]
        assert sum(line.get_markerfacecolor() == "none" for line in drawn) == count
        assert ("part of the decoder died" in axis.get_legend_handles_labels()[1]) == bool(count)


def test_weightings_with_a_task_and_the_trend_over_its_weight():
    found = report.with_each_task([*SINGLES, *DOUBLES, *TRIPLES])
    assert len(found) == 6
    weights = {arm: arm.pretext.get("sharpness", 0.0) for arm in (*SINGLES, *DOUBLES, *TRIPLES)}
    terms = found["with Sharpness minus without"]
    assert {arm for c, arm in terms if c > 0} == {arm for arm, weight in weights.items() if weight}
    assert sum(c for c, _ in terms) == pytest.approx(0)
    slope = found["Sharpness, from a weight of 0 to 1"]
    line = [0.7 - 0.3 * weights[arm] for _, arm in slope]
    assert np.dot([c for c, _ in slope], line) == pytest.approx(-0.3)
    world = Campaign(study(single("saturation", -0.5)))
    words = report.each_task_text(world, [*SINGLES, *DOUBLES, *TRIPLES])
    assert re.match(r"as a mean over weightings, with Sharpness minus without: 1 - SSIM \d", words)
    assert words.count("95 % interval") == 3
    words = report.each_task_text(world, [*SINGLES, *DOUBLES, *TRIPLES], "error")
    assert words.count(": error ") == 3
    assert report.each_task_text(EMPTY, SINGLES) == ""
