"""The plane of PSNR and SSIM: means, intervals and crossings against plain computations."""

import numpy as np
import pytest
from scipy import stats

from wssl import paper
from wssl.claims import plane
from wssl.report.figures.plane import CURVES, measures_figure, plane_figure
from wssl.report.labels import row_name
from wssl.report.tables import plane as tables
from wssl.report.web import trace

pytestmark = pytest.mark.usefixtures("no_display")


def record(psnr, ssim, coverage=(0.3, 0.5), count=40, seed=0, **experiment):
    """A record of images that are spread about a pair of numbers; all ways to measure agree."""
    rng = np.random.default_rng(seed)
    spread = rng.normal(size=count)
    spread -= spread.mean()
    images = {way: list(psnr + spread) for way in plane.PSNR if way != "psnr_pooled"}
    images |= {way: list(ssim + 0.01 * spread) for way in plane.SSIM}
    images["coverage"] = [sum(coverage) / 2] * count
    return {
        "fingerprint": f"{psnr}, {coverage}",
        "experiment": {
            "fill": "biharmonic",
            "recipe": "thin",
            "resizing": "nearest",
            "dataset": "synthetic",
            "coverage": list(coverage),
            **experiment,
        },
        "metrics": {name: float(np.mean(values)) for name, values in images.items()},
        "images": images,
    }


@pytest.fixture
def curve():
    """Holes of growing coverage, from 40 dB and 0.99 to 28 dB and 0.9."""
    return [
        record(40, 0.99, (0.0, 0.1)),
        record(34, 0.96, (0.1, 0.3)),
        record(28, 0.90, (0.3, 0.5)),
    ]


def test_the_best_row_is_the_one_that_the_paper_prints_in_bold():
    assert (plane.BEST.psnr, plane.BEST.ssim, plane.BEST.bold) == (31.38, 0.9692, True)


def test_published_results_are_numbers_with_the_names_of_their_methods():
    frame = plane.published()
    assert len(frame) == len(paper.LITERATURE)
    assert frame.method.ne("").all()
    assert frame.psnr.between(20, 40).all()
    assert frame.ssim.between(0.7, 1).all()
    first = frame[frame.method.str.startswith("partial")]
    assert list(first.psnr) == [33.00, 29.53, 26.99, 25.04]
    assert list(first.ssim) == [0.956, 0.918, 0.877, 0.834]


def test_intervals_are_those_of_a_bootstrap_over_images():
    found = plane.measured(record(30, 0.95), "psnr")
    values = plane.values_of(record(30, 0.95), "psnr")
    other = stats.bootstrap((values,), np.mean, method="percentile", random_state=1)
    assert found.value == pytest.approx(30)
    expected = [other.confidence_interval.low, other.confidence_interval.high]
    assert [found.low, found.high] == pytest.approx(expected, abs=0.05)


def test_the_intervals_cover_a_mean_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(400, 60))
    limits = np.quantile(plane.resampled(samples, 500), (0.025, 0.975), axis=1)
    assert 0.9 < ((limits[0] < 0) & (limits[1] > 0)).mean() < 0.98


def test_a_pooled_psnr_is_that_of_the_mean_error():
    pair = record(30, 0.95)
    errors = 10 ** (-np.array(pair["images"]["psnr"]) / 10)
    found = plane.measured(pair, "psnr_pooled")
    assert found.value == pytest.approx(-10 * np.log10(errors.mean()))
    assert found.low < found.value < found.high


def test_one_image_has_no_interval():
    found = plane.measured(record(30, 0.95, count=1), "psnr")
    assert found.text(".1f") == "30.0"


def test_the_distance_of_the_best_row_is_none():
    assert plane.distance(31.38, 0.9692) == 0
    assert plane.distance(30.38, 0.9692) == pytest.approx(1)
    assert plane.distance(31.38, 0.9592) == pytest.approx(1)


def test_a_crossing_is_interpolated_between_two_sizes_of_holes(curve):
    found = plane.crossing(curve, 31.0)
    assert found.ssim.value == pytest.approx((0.96 + 0.90) / 2)
    assert found.coverage.value == pytest.approx((0.2 + 0.4) / 2)
    assert found.ssim.low < found.ssim.value < found.ssim.high
    turned = plane.crossing(curve[::-1], 31.0)
    assert turned.ssim.low == pytest.approx(found.ssim.low)
    assert turned.coverage.value == pytest.approx(found.coverage.value)
    exact = plane.crossing(curve, curve[1]["metrics"]["psnr"])
    assert exact.ssim.value == pytest.approx(0.96)


@pytest.mark.parametrize("target", [20.0, 45.0])
def test_a_psnr_out_of_reach_is_not_a_number(curve, target):
    found = plane.crossing(curve, target)
    assert np.isnan([found.ssim.value, found.coverage.value, found.ssim.low]).all()


def test_the_gap_of_a_row_is_what_it_has_more_than_a_fill(curve):
    rows = [paper.Row(0.97, 34.0), paper.Row(0.8, 20.0)]
    found = plane.gaps(curve, rows)
    assert found[0] == pytest.approx(0.01)
    assert np.isnan(found[1])
    table = tables.gap_table(curve, ["ssim"])
    assert table.loc["Shift-Net"].iloc[-1] == "not reached"
    assert table.loc["WSSL, mixed loss"].iloc[-1] == f"{0.9692 - (0.9 + 3.38 / 6 * 0.06):+.4f}"


def test_near_ways_are_those_within_the_margin(curve):
    assert plane.near_ways(curve) == []
    assert plane.near_ways(curve, margin=0.1) == list(plane.SSIM)
    for step in curve:
        step["images"]["ssim_grey"] = [v + 0.0355 for v in step["images"]["ssim"]]
    assert plane.near_ways(curve) == ["ssim_grey"]


def test_the_nearest_combination_comes_first():
    far, near = record(25, 0.8), record(31.3, 0.95)
    near["images"]["ms_ssim"] = [0.9692] * 40
    table = tables.nearest([("far", far), ("near", near)], 3)
    assert table.index[0] == "near"
    assert table.iloc[0]["SSIM computed"] == plane.SSIM["ms_ssim"]
    assert float(table.iloc[0]["distance"]) == pytest.approx(0.1, abs=0.06)
    assert table.attrs["tried"] == 2 * len(plane.SSIM) * len(plane.PSNR)


def test_tables_name_what_was_measured(curve):
    table = tables.record_table([("the study's masks", curve[2])])
    line = table.loc["the study's masks"]
    assert line["coverage"] == "40 %"
    assert line["PSNR (dB)"].startswith("28.00 [27.")
    assert line["PSNR - paper's"] == "-3.38"
    assert line["SSIM - paper's"] == "-0.0692"
    telea = record(28, 0.9, fill="telea")
    table = tables.record_table([("masks", curve[2]), ("masks", telea)])
    assert list(table.index) == [("masks", "biharmonic fill"), ("masks", "Telea")]
    assert list(tables.ssim_table(curve[2], curve).index) == list(plane.SSIM.values())
    assert list(tables.psnr_table(curve[2]).index) == list(plane.PSNR.values())


def test_widths_come_in_order_with_growing_holes(curve):
    fine = record(33, 0.97, (0.1, 0.2), recipe="fine")
    found = plane.by_width([curve[2], fine, curve[0], curve[1]])
    assert list(found) == list(plane.WIDTHS)
    assert found["thin"] == curve
    assert found["fine"] == [fine]
    table = tables.crossing_table({"thin": curve, "fine": curve})
    assert table.iloc[0]["coverage at 31.38 dB"].startswith("29 [")
    table = tables.crossing_table({"thin": curve[:2]})
    assert list(table.iloc[0]) == ["not reached", "not reached", ""]


def test_the_figures_show_each_curve_and_each_row_of_table_4(curve):
    figure = plane_figure({"thin": curve}, curve[:2])
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {row_name(4, row) for row in paper.TABLES[4]} <= set(texts)
    assert sum("WSSL" in text for text in texts) == 3
    lines = [line.get_xydata() for line in figure.axes[0].lines]
    assert any(
        np.allclose(line, [(40, 0.01), (34, 0.04), (28, 0.1)]) for line in lines if len(line) == 3
    )
    prints = [record["fingerprint"] for record in curve]
    assert trace.drawn_from(figure) == prints
    figure = measures_figure(curve)
    assert trace.drawn_from(figure) == prints
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert set(CURVES.values()) <= set(texts)


def test_crossings_are_named_with_their_holes_and_ssim(curve):
    found = plane.crossing(curve, 34.0)
    assert tables.crossings_text({"thin": found}) == "strokes of 5 to 15 px at 20 %, with 0.9600"
    assert tables.crossings_text({}) == "none"


def test_the_answer_follows_the_curve(curve):
    reached = plane.crossing(curve, plane.BEST.psnr)
    share = (34 - plane.BEST.psnr) / (34 - 28)
    sentence = tables.answer_text(reached)
    assert f"holes of {20 + 20 * share:.0f} %" in sentence
    assert f"{0.96 - 0.06 * share:.4f}" in sentence
    assert sentence.endswith(f"), not {plane.BEST.ssim}.")
    missed = tables.answer_text(plane.crossing(curve[:1], plane.BEST.psnr))
    assert "no holes that were tried" in missed


def test_the_range_of_gaps_leaves_out_what_is_not_known():
    found = plane.gap_range(np.array([0.03, np.nan, -0.01, 0.02]))
    assert found == {"count": 3, "least": -0.01, "median": 0.02, "most": 0.03}
    empty = plane.gap_range(np.array([np.nan]))
    assert empty["count"] == 0
    assert np.isnan(empty["least"])
