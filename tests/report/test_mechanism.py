"""Figures, tables and sentences of the mechanism: every number against one computed here."""

import numpy as np
import pytest

from wssl.claims.blocks import by_block, cut_skips, learned_runs, slope_within
from wssl.claims.campaign import Arm, Campaign, Design
from wssl.claims.catalogue import BEST_ARM, FINETUNED, RANDOM, SCRATCH
from wssl.claims.estimands import PSNR, SSIM, difference
from wssl.claims.outcomes import paired
from wssl.experiment import Experiment
from wssl.records.store import Store
from wssl.report.figures import mechanism as figures
from wssl.report.figures.dots import in_unit
from wssl.report.figures.simplex import simplex_figure
from wssl.report.tables import mechanism as tables

pytestmark = pytest.mark.usefixtures("no_display")

SEEDS = (0, 1, 2)
CONTROLS = (BEST_ARM, RANDOM, FINETUNED, SCRATCH)
FIRST = {"1": (Arm(BEST_ARM.pretext, blocks=(1,)), Arm(encoder="random", blocks=(1,)))}
EMPTY = Campaign([])


@pytest.fixture
def records(tmp_path, fabricate):
    kinds = [{"encoder": arm.encoder} for arm in CONTROLS]
    kinds += [{"encoder": arm.encoder, "frozen_blocks": (1,)} for arm in FIRST["1"]]
    store = Store(tmp_path / "store")
    fabricate(store, [Experiment(preset="smoke", seed=s, **kind) for kind in kinds for s in SEEDS])
    return list(store.records())


@pytest.fixture
def campaign(records):
    scale = Experiment(preset="smoke").scale
    design = Design(
        dataset="synthetic", masks="synthetic", size=scale.size, narrow=scale.width, wide=99,
        steps=scale.inpainting_steps, end_to_end_steps=scale.inpainting_steps,
        few=SEEDS, many=SEEDS, unseen="photos",
    )  # fmt: skip
    return Campaign(records, design)


def lines(axis):
    """The lines with five points, without those that name an entry of the legend."""
    return [line for line in axis.lines if len(line.get_xdata()) == 5]


@pytest.mark.parametrize(("part", "panels"), [("readout", 2), ("probes", 3)])
def test_block_curves_are_means_over_the_seeds(campaign, part, panels):
    figure = figures.block_curves(campaign, CONTROLS, part)
    assert len(figure.axes) == panels
    name = "known" if part == "readout" else "rotation"
    drawn = lines(figure.axes[0])
    assert len(drawn) == len(CONTROLS) * (len(SEEDS) + 1)
    for arm, line in zip(CONTROLS, drawn[len(SEEDS) :: len(SEEDS) + 1], strict=True):
        each = by_block(campaign, arm, part, name).values()
        np.testing.assert_allclose(line.get_ydata(), np.mean(list(each), axis=0))


def test_skip_curves_show_what_is_lost(campaign):
    figure = figures.skip_curves(campaign, CONTROLS)
    per_cent, in_db = (lines(axis)[len(SEEDS)].get_ydata() for axis in figure.axes)
    lost = {score: list(cut_skips(campaign, BEST_ARM, score).values()) for score in (SSIM, PSNR)}
    np.testing.assert_allclose(per_cent, np.mean(100 * np.expm1(lost[SSIM]), axis=0))
    np.testing.assert_allclose(in_db, np.mean(lost[PSNR], axis=0))


def test_the_answer_in_one_figure(campaign):
    controls = BEST_ARM, RANDOM, SCRATCH
    left, middle, right = figures.where_figure(campaign, controls, FIRST, SCRATCH).axes
    known, _ = lines(left)
    pairs = [
        by_block(campaign, BEST_ARM, "readout", "known")[s]
        - by_block(campaign, RANDOM, "readout", "known")[s]
        for s in SEEDS
    ]
    np.testing.assert_allclose(known.get_ydata(), np.mean(pairs, axis=0))
    heights = [line.get_ydata()[0] for line in middle.lines if len(line.get_xdata()) == 1]
    effects = [
        paired(campaign, difference(arm, SCRATCH).terms, SSIM).estimate.value for arm in FIRST["1"]
    ]
    assert heights == pytest.approx([in_unit(effect, "ratio") for effect in effects])
    assert len(lines(right)) == 3 * (len(SEEDS) + 1)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.block_curves(EMPTY, CONTROLS, "readout"),
        lambda: figures.skip_curves(EMPTY, CONTROLS),
        lambda: figures.where_figure(EMPTY, (BEST_ARM, RANDOM, SCRATCH), FIRST, SCRATCH),
        lambda: figures.accuracy_scatter({"none": learned_runs([])}, []),
        lambda: simplex_figure([], ["rotation", "saturation", "sharpness"]),
    ],
)
def test_a_figure_without_runs_says_so(draw):
    (axis,) = draw().axes
    assert axis.texts[0].get_text().startswith("Awaiting runs")


def test_where_no_depth_has_run_its_panel_says_so(records, campaign):
    kept = [r for r in records if r["experiment"].get("frozen_blocks") != [1]]
    middle = figures.where_figure(
        Campaign(kept, campaign.design), (BEST_ARM, RANDOM, SCRATCH), FIRST, SCRATCH
    ).axes[1]
    assert [text.get_text() for text in middle.texts] == ["no runs yet"]


def test_every_run_is_a_point_of_the_scatter(records):
    runs = learned_runs(records)
    (axis,) = figures.accuracy_scatter({"all": runs, "none": runs[:0]}, records).axes
    points = [line for line in axis.lines if line.get_linestyle() == "None"]
    drawn = sorted(x for line in points for x in line.get_xdata())
    assert drawn == sorted(runs["accuracy"])


def test_the_table_of_slopes(records):
    runs = learned_runs(records)
    table = tables.slope_table({"all": runs})
    assert table["", "compared"].tolist() == [
        "between configurations",
        "between the seeds of a configuration",
    ]
    slope = slope_within(runs)
    groups = [rows["accuracy"].tolist() for _, rows in runs.groupby("group")]
    span = max(max(group) - min(group) for group in groups if len(group) > 1)
    assert table["accuracy", "higher by"].tolist() == ["—", f"{span:.3f}"]
    shown = table["1 - SSIM", "better by (%)"].tolist()
    assert shown == ["—", f"{100 * (1 - np.exp(-span * slope.value)):+.1f}"]
    assert table["", "points"].tolist() == [0, slope.count]
    words = tables.learning_text(runs)
    effect = 100 * (1 - np.exp(-span * slope.value))
    assert words.startswith(
        "With the pretext tasks learned best instead of worst: between the seeds of a "
        f"configuration, 1 - SSIM {abs(effect):.1f} % "
    ), "one configuration has no slope between"
    assert tables.learning_text(runs.iloc[:0]) == tables.AWAITED


def test_what_the_first_block_lets_through(campaign):
    known = {
        arm: [values[0] for values in by_block(campaign, arm, "readout", "known").values()]
        for arm in (BEST_ARM, SCRATCH)
    }
    first, second = (f"{np.mean(v):.1f} dB" for v in known.values())
    seeds = [f"{len(v)} seed{'s' * (len(v) > 1)}" for v in known.values()]
    controls = {"if pretrained": BEST_ARM, "from scratch": SCRATCH}
    text = tables.known_text(campaign, controls)
    words = f"{first} if pretrained ({seeds[0]}) and {second} from scratch ({seeds[1]})."
    assert f"recovers known pixels with a PSNR of {words}" in text
    costs = tables.freezing_text(campaign, {"the first is": FIRST["1"][0]}, SCRATCH)
    assert costs.startswith(
        "Compared with training from scratch (first width 4), pretrained blocks "
    )
    assert costs.endswith(" if the first is frozen.")
    fills = paired(campaign, difference(BEST_ARM, SCRATCH).terms, SSIM).estimate
    change = 100 * (1 - np.exp(-fills.value))
    way = "lower" if change >= 0 else "higher"
    compared = "frozen network if pretrained, compared with those of the one from scratch: "
    assert f"{compared}1 - SSIM {abs(change):.1f} % {way}, 95 % interval " in text
    assert tables.known_text(EMPTY, controls) == tables.AWAITED
    assert tables.freezing_text(EMPTY, controls, SCRATCH) == tables.AWAITED
    table = tables.width_table(
        campaign, {"16": controls, "64": {name: Arm(width="64") for name in controls}}
    )
    assert table.index.tolist() == ["16"]
    errors = [
        255 * (run["metrics"]["l1_raw"] - run["metrics"]["l1"])
        / (1 - np.mean(run["per_image"]["coverage"]))
        for run in campaign.runs[BEST_ARM].values()
    ]  # fmt: skip
    assert table["if pretrained"].tolist() == [f"{np.mean(errors):.1f}"]


def test_the_triangle_has_its_star_where_the_search_expects_most():
    pytest.importorskip("sklearn", exc_type=ImportError)
    tasks = ["rotation", "saturation", "sharpness"]
    tried = [({task: 1.0}, score) for task, score in zip(tasks, (0.7, 0.8, 0.9), strict=True)]
    tried += [({"saturation": 0.5, "sharpness": 0.5}, 0.95)]
    figure = simplex_figure(tried, tasks)
    star = next(line for line in figure.axes[0].lines if line.get_marker() == "*")
    x, y = star.get_xdata()[0], star.get_ydata()[0]
    assert x == pytest.approx(0.75, abs=0.1)
    assert y == pytest.approx(np.sqrt(0.75) / 2, abs=0.15)
    numbers = [text.get_text() for text in figure.axes[0].texts]
    assert {"1", "2", "3", "4"} <= set(numbers)
