"""The page of the calibration: runs, accuracies and the chosen settings."""

from pathlib import Path

import pandas as pd
import pytest

from wssl.presets import PRESETS
from wssl.records.store import Store
from wssl.report.figures.calibration import learning_rates
from wssl.report.tables import calibration
from wssl.report.web import trace

RECORDS = Path(__file__).parents[2] / "results" / "calibration"


def _run(rate, ssim, schedule="cosine", encoder="scratch", method="wssl", seed=1, **scale):
    scale = {"width": 16, "inpainting_steps": 1000} | scale
    return {
        "kind": "inpainting",
        "fingerprint": f"{rate}{schedule}{encoder}{method}{seed}",
        "experiment": {"encoder": encoder, "method": method, "seed": seed},
        "scale": {
            "inpainting_learning_rate": rate,
            "inpainting_schedule": schedule,
            "inpainting_warmup": 100,
            **scale,
        },
        "metrics": {"ssim": ssim, "psnr": 25.0},
        "provenance": {"seconds": 1800},
    }


def _phase(rate, accuracy, seed=1):
    return {
        "kind": "pretext",
        "fingerprint": f"{rate}{seed}",
        "experiment": {"pretext": {"rotation": 0.5, "sharpness": 0.5}, "seed": seed},
        "scale": {"width": 16, "pretext_learning_rate": rate, "pretext_steps": 2400},
        "metrics": {"accuracy_rotation": 0.99, "accuracy_sharpness": accuracy},
        "learned": {"rotation": True, "sharpness": accuracy > 0.4},
        "provenance": {"seconds": 3600},
    }


def test_courses_are_one_row_per_run_in_the_order_of_trainings_and_rates():
    records = [
        _run(2e-3, 0.88),
        _run(1e-3, 0.87),
        _run(1e-4, 0.85, method="pic", encoder="frozen"),
        _run(4e-3, 0.80, encoder="random"),
        _phase(1e-3, 0.9),
    ]
    frame = calibration.inpainting_runs(records)
    assert frame["training"].tolist() == [
        "random features, frozen",
        "from scratch",
        "from scratch",
        "PIC",
    ]
    assert frame["learning rate"].tolist() == [4e-3, 1e-3, 2e-3, 1e-4]
    assert frame["ssim"].tolist() == [0.80, 0.87, 0.88, 0.85]
    assert frame["hours"].tolist() == [0.5] * 4


def test_the_table_of_courses_says_what_the_records_say():
    table = calibration.run_table(calibration.inpainting_runs([_run(1.6e-2, 0.89556)]))
    assert table.index.tolist() == [("from scratch", "16", "0.016")]
    assert table[["steps", "SSIM", "PSNR (dB)"]].iloc[0].tolist() == ["1,000", "0.8956", "25.00"]


def test_a_phase_of_two_tasks_counts_its_hours_once_and_shows_its_seeds_side_by_side():
    frame = calibration.accuracies([_phase(1e-3, 0.91, 2), _phase(1e-3, 0.25, 1), _run(1, 0.5)])
    assert len(frame) == 4
    assert calibration.phase_hours(frame) == 2.0
    table = calibration.accuracy_table(frame)
    assert table.shape == (1, 2)
    weighting = "Rotation 0.5, Sharpness 0.5"
    assert table[weighting, "sharpness"].tolist() == ["0.25 / 0.91"]
    assert table[weighting, "rotation"].tolist() == ["0.99 / 0.99"]


def test_each_panel_circles_the_course_that_was_chosen():
    records = [_run(rate, ssim) for rate, ssim in ((1e-3, 0.87), (2e-3, 0.88), (4e-3, 0.86))]
    records += [_run(rate, 0.8, encoder="random") for rate in (1e-3, 2e-3)]
    frame = calibration.inpainting_runs(records)
    figure = learning_rates(frame, [("from scratch", 2e-3, "cosine", 1000)])
    circles = {
        axis.get_title(): [
            tuple(line.get_xydata()[0])
            for line in axis.lines
            if line.get_markerfacecolor() == "none"
        ]
        for axis in figure.axes
    }
    assert circles == {"from scratch": [(2e-3, 0.88)], "random features, frozen": []}
    assert set(trace.drawn_from(figure)) == {record["fingerprint"] for record in records}


def test_what_was_chosen_is_each_kinds_own():
    found = {training: course for training, *course in calibration.chosen(PRESETS["desktop"])}
    assert set(found) == set(calibration.KINDS.values())
    assert found["from scratch"] == found["fine-tuned"]


@pytest.mark.parametrize(
    "training", ["random features, frozen", "from scratch", "Shift-Net", "PIC"]
)
def test_the_reference_presets_courses_were_run_in_the_calibration(training):
    frame = calibration.inpainting_runs(Store(RECORDS).records())
    chosen = {name: course for name, *course in calibration.chosen(PRESETS["desktop"])}
    rate, schedule, _ = chosen[training]
    own = frame[(frame["training"] == training) & (frame["width"] != 32)]
    assert ((own["learning rate"] == rate) & (own["schedule"] == schedule)).any()


def test_the_calibration_saw_validation_images_and_no_seed_of_the_campaign():
    from wssl.study.campaign import MANY

    for record in Store(RECORDS).records():
        assert record["experiment"]["split"] == "val"
        assert record["experiment"]["seed"] not in MANY


def test_no_records_give_empty_tables():
    assert isinstance(calibration.inpainting_runs([]), pd.DataFrame)
    assert calibration.accuracies([]).empty


def test_the_chosen_settings_are_one_sentence_that_groups_equal_ones():
    settings = calibration.chosen(PRESETS["desktop"])
    words = calibration.chosen_text(PRESETS["desktop"])
    assert words.startswith("With the preset 'desktop', networks are trained for 1,000 steps at a ")
    for training, rate, schedule, steps in settings:
        assert words.count(training.replace(",", "")) == 1
        assert f"for {steps:,} steps at a learning rate of {rate:g} ({schedule}): " in words
    assert words.count(" steps at ") == len({setting[1:] for setting in settings})
