import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from wssl import paper, report
from wssl.claims.statistics import interval
from wssl.experiment import Experiment

pytestmark = pytest.mark.usefixtures("no_display")


def record(ssim=0.5, psnr=20.0, **experiment):
    experiment = Experiment(**{"preset": "smoke", **experiment})
    return {
        "kind": "inpainting",
        "experiment": experiment.to_dict(),
        "fingerprint": experiment.fingerprint,
        "metrics": {"ssim": ssim, "psnr": psnr},
        "provenance": {},
    }


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_intervals_are_students(rng, count, confidence):
    values = rng.normal(0.9, 0.01, count)
    mean, half = interval(values.tolist(), confidence)
    low, high = stats.t.interval(confidence, count - 1, loc=values.mean(), scale=stats.sem(values))
    assert (mean - half, mean + half) == pytest.approx((low, high), rel=1e-9, abs=1e-9)


def test_an_interval_by_hand():
    mean, half = interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert half == pytest.approx(4.30265 / np.sqrt(3), rel=1e-5)


def test_one_value_has_a_mean_but_no_interval():
    mean, half = interval([0.7])
    assert mean == 0.7
    assert np.isnan(half)
    assert np.isnan(interval([])).all()


@pytest.mark.parametrize(
    ("values", "decimals", "text"),
    [
        ([1.0, 2.0, 3.0], 2, "2.00 ± 2.48"),
        ([0.95, 0.95], 4, "0.9500 ± 0.0000"),
        ([29.894], 2, "29.89"),
        ([], 4, "—"),
    ],
)
def test_intervals_as_text(values, decimals, text):
    assert report.format_interval(values, decimals) == text


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        ({}, "none"),
        ({"rotation": 1.0}, "Rotation"),
        ({"rotation": 0.3, "saturation": 0.7}, "Rotation 0.3, Saturation 0.7"),
    ],
)
def test_names_of_pretext_configurations(weights, name):
    assert report.pretext_name(weights) == name


def test_rows_hold_the_records_that_repeat_them():
    repeats = [record(pretext={"rotation": 1.0}, seed=seed) for seed in (0, 1)]
    others = [
        record(pretext={"rotation": 1.0}, loss="ssim"),
        record(pretext={"rotation": 1.0}, encoder="finetuned"),
        record(pretext={"rotation": 1.0}, alpha=0.5),
        record(pretext={"rotation": 1.0}, a=2.0),
        record(pretext={"rotation": 2.0}),
        record(pretext={"rotation": 0.5, "sharpness": 0.5}),
        record(encoder="scratch"),
        record(encoder="random"),
        {
            "kind": "pretext",
            "experiment": Experiment(pretext={"rotation": 1.0}).pretraining.to_dict(),
            "fingerprint": "0" * 16,
            "metrics": {"accuracy_rotation": 1.0},
            "provenance": {},
        },
    ]
    found = report.rows(1, iter([others[0], repeats[1], *others[1:], repeats[0]]))
    assert [row for row, _ in found] == list(paper.TABLES[1])
    assert [records for _, records in found] == [[], [], [repeats[1], repeats[0]]]


@pytest.mark.parametrize("number", paper.TABLES)
def test_each_row_finds_its_own_record_among_all_rows(number):
    rows = [row for row in paper.TABLES[number] if row.method == "wssl"]
    records = [record(pretext=row.pretext, loss=row.loss, ssim=row.ssim) for row in rows]
    for row, found in report.rows(number, records):
        assert [r["metrics"]["ssim"] for r in found] == [row.ssim]


def test_a_table_has_the_papers_numbers_beside_ours():
    records = [record(0.9, 29.0, pretext={"sharpness": 1.0}, seed=0)]
    records += [
        record(s, 20.5, pretext={"rotation": 1.0}, seed=i) for i, s in enumerate((0.8, 0.9))
    ]
    frame = report.table(1, records)
    assert list(frame.index) == ["Sharpness", "Saturation", "Rotation"]
    assert frame["SSIM", "paper"].tolist() == ["0.9281", "0.9596", "0.9608"]
    assert frame["PSNR (dB)", "paper"].tolist() == ["25.84", "29.90", "29.89"]
    assert frame["SSIM", "ours"].tolist() == ["0.9000", "—", "0.8500 ± 0.6353"]
    assert frame["PSNR (dB)", "ours"].tolist() == ["29.00", "—", "20.50 ± 0.00"]
    assert frame["", "seeds"].tolist() == [1, 0, 2]


def test_the_table_of_losses_names_the_loss():
    frame = report.table(4, [record(0.7, 25.0, loss="ssim")])
    assert frame.index.tolist() == ["WSSL, log-cosh", "WSSL, SSIM loss", "WSSL, mixed loss"]
    assert frame["SSIM", "ours"].tolist() == ["—", "0.7000", "—"]


def test_other_methods_have_a_row_once_they_were_run():
    frame = report.table(4, [record(0.7, 25.0, method="harmonic"), record(0.6, 22.0)])
    assert len(frame) == 3
    shift_net = {**record(0.6), "fingerprint": "x"}
    shift_net["experiment"] |= {"method": "shift_net", "pretext": {}}
    frame = report.table(4, [shift_net])
    assert frame.index[0] == "Shift-Net"
    assert frame["SSIM", "ours"].tolist() == ["0.6000", "—", "—", "—"]


def test_the_number_of_rows_of_each_table():
    assert [len(report.table(number, [])) for number in (1, 2, 3, 4)] == [3, 15, 4, 3]


CONFUSION = [[8, 0, 0, 0], [2, 6, 0, 0], [0, 4, 4, 0], [1, 2, 5, 0]]


def test_accuracy_is_that_of_each_true_level():
    assert report.accuracy({"confusion": {"rotation": CONFUSION}}, "rotation") == [1, 0.75, 0.5, 0]


def test_confusion_is_the_share_over_runs():
    transposed = np.transpose(CONFUSION).tolist()
    records = [{"confusion": {"rotation": c}} for c in (CONFUSION, CONFUSION)]
    _, axis = plt.subplots()
    report.confusion(records, "rotation", ("0°", "90°", "180°", "270°"), axis)
    shown = np.array([float(text.get_text()) for text in axis.texts]).reshape(4, 4)
    np.testing.assert_allclose(shown, np.array(CONFUSION) / 8, atol=0.006)
    assert not np.allclose(shown, np.array(transposed) / 8, atol=0.006)
    assert axis.get_xlabel() == "predicted level"
    assert axis.get_ylabel() == "true level"
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0°", "90°", "180°", "270°"]


def test_a_gallery_shows_each_picture_in_its_place(rng):
    pictures = [[rng.integers(0, 256, (8, 8, 3), dtype=np.uint8) for _ in range(3)] for _ in "ab"]
    figure = report.gallery(pictures, ("one", "two", "three"), ("first", "second"))
    assert len(figure.axes) == 6
    for axis, picture in zip(figure.axes, [*pictures[0], *pictures[1]], strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), picture)
    assert [axis.get_title() for axis in figure.axes] == ["one", "two", "three", "", "", ""]
    assert [figure.axes[i].get_ylabel() for i in (0, 3)] == ["first", "second"]
    assert plt.get_fignums() == []


def test_a_mask_is_black_and_white_even_where_it_has_no_hole():
    figure = report.gallery([[np.zeros((4, 4), dtype=bool), np.ones((4, 4), dtype=bool)]])
    assert [axis.images[0].get_clim() for axis in figure.axes] == [(0, 1), (0, 1)]
    assert {axis.images[0].get_cmap().name for axis in figure.axes} == {"gray"}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_four_panels(rng, dtype):
    originals = (rng.random((2, 8, 8, 3)) * (255 if dtype == np.uint8 else 1)).astype(dtype)
    masks = rng.random((2, 8, 8)) < 0.5
    restored = originals[::-1]
    figure = report.four_panels(originals, masks, restored)
    assert [axis.get_title() for axis in figure.axes[:4]] == [
        "original",
        "mask",
        "masked",
        "restored",
    ]
    shown = [np.asarray(axis.images[0].get_array()) for axis in figure.axes]
    assert len(shown) == 8
    for i in range(2):
        original, mask, masked, result = shown[4 * i : 4 * i + 4]
        np.testing.assert_array_equal(original, originals[i])
        np.testing.assert_array_equal(mask, masks[i])
        np.testing.assert_array_equal(masked[masks[i]], 0)
        np.testing.assert_array_equal(masked[~masks[i]], originals[i][~masks[i]])
        np.testing.assert_array_equal(result, restored[i])
    assert plt.get_fignums() == []


def test_loss_curves():
    _, axis = plt.subplots()
    histories = {"seed 0": [[1, 0.5], [2, 0.25]], "seed 1": [[1, 0.4], [2, 0.3]]}
    report.loss_curves(histories, axis, "inpainting")
    assert [line.get_label() for line in axis.lines] == list(histories)
    np.testing.assert_array_equal(axis.lines[0].get_xydata(), histories["seed 0"])
    assert axis.get_yscale() == "log"


def test_the_style_is_set():
    with plt.rc_context():
        report.use_style()
        assert plt.rcParams["axes.spines.top"] is False
        report.placeholder("nothing yet").canvas.draw()


def test_a_record_counts_once_however_often_it_is_given():
    one = record(pretext={"rotation": 1.0})
    (_, repeats) = report.rows(1, [one, one])[2]
    assert repeats == [one]


def test_records_of_different_settings_are_not_averaged():
    records = [
        record(pretext={"rotation": 1.0}, preset=preset) for preset in ("smoke", "quick", "smoke")
    ]
    with pytest.raises(ValueError, match="expected those of one preset; received quick, smoke"):
        report.table(1, records)


def test_a_notebook_shows_what_stands_in_the_place_of_a_figure():
    from IPython.core.pylabtools import print_figure

    assert print_figure(report.placeholder("Awaiting runs."), fmt="png")


def test_fills_without_weights_are_said_to_be_missing(rng):
    pictures, masks = rng.random((1, 8, 8, 3)), np.zeros((1, 8, 8), bool)
    figure = report.fills_gallery(pictures, masks, {})
    assert "weights" in figure.axes[0].texts[0].get_text()
    figure = report.fills_gallery(pictures, masks, {"one": pictures}, ["one"])
    assert len(figure.axes) == 3
    assert figure.get_supxlabel() == ""
    figure = report.fills_gallery(pictures, masks, {"one": pictures}, ["one", "two"])
    assert figure.get_supxlabel().startswith("Without two: ")
