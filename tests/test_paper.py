import re
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from wssl.paper import TABLES

TEXT = Path(__file__).parents[2] / "shared" / "paper" / "wssl-paper.md"

# Typed from the paper: weights, SSIM, PSNR; the row that it prints in bold ends in True.
SINGLE = [
    ({"sharpness": 1.0}, 0.9281, 25.84, False),
    ({"saturation": 1.0}, 0.9596, 29.90, False),
    ({"rotation": 1.0}, 0.9608, 29.89, True),
]
ROTATION_SHARPNESS = [
    ({"rotation": 0.9, "sharpness": 0.1}, 0.9612, 29.50, False),
    ({"rotation": 0.7, "sharpness": 0.3}, 0.9587, 29.31, False),
    ({"rotation": 0.5, "sharpness": 0.5}, 0.9621, 29.61, False),
    ({"rotation": 0.3, "sharpness": 0.7}, 0.9619, 29.77, False),
    ({"rotation": 0.1, "sharpness": 0.9}, 0.9636, 30.70, True),
]
ROTATION_SATURATION = [
    ({"rotation": 0.9, "saturation": 0.1}, 0.9616, 30.29, False),
    ({"rotation": 0.7, "saturation": 0.3}, 0.9628, 30.21, False),
    ({"rotation": 0.5, "saturation": 0.5}, 0.9631, 30.06, True),
    ({"rotation": 0.3, "saturation": 0.7}, 0.9359, 29.55, False),
    ({"rotation": 0.1, "saturation": 0.9}, 0.9380, 29.52, False),
]
SATURATION_SHARPNESS = [
    ({"saturation": 0.9, "sharpness": 0.1}, 0.9639, 30.49, False),
    ({"saturation": 0.7, "sharpness": 0.3}, 0.9651, 30.30, False),
    ({"saturation": 0.5, "sharpness": 0.5}, 0.9665, 30.62, False),
    ({"saturation": 0.3, "sharpness": 0.7}, 0.9692, 31.38, True),
    ({"saturation": 0.1, "sharpness": 0.9}, 0.9653, 30.76, False),
]
TRIPLE = [
    ({"saturation": 0.6, "sharpness": 0.2, "rotation": 0.2}, 0.9667, 31.03, False),
    ({"saturation": 0.2, "sharpness": 0.2, "rotation": 0.6}, 0.9634, 30.23, False),
    ({"saturation": 0.2, "sharpness": 0.6, "rotation": 0.2}, 0.9662, 30.74, False),
    ({"saturation": 0.3, "sharpness": 0.4, "rotation": 0.3}, 0.9685, 31.04, True),
]
METHODS = [
    ("shift_net", "mix", 0.7878, 20.88, False),
    ("wssl", "log_cosh", 0.9338, 29.46, False),
    ("pic", "mix", 0.9434, 31.27, False),
    ("wssl", "ssim", 0.9629, 28.90, False),
    ("wssl", "mix", 0.9692, 31.38, True),
]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, SINGLE),
        (2, ROTATION_SHARPNESS + ROTATION_SATURATION + SATURATION_SHARPNESS),
        (3, TRIPLE),
    ],
)
def test_the_tables_of_pretext_tasks(number, expected):
    rows = TABLES[number]
    assert [(row.pretext, row.ssim, row.psnr, row.bold) for row in rows] == expected
    assert {(row.method, row.loss) for row in rows} == {("wssl", "mix")}
    assert [sum(row.pretext.values()) for row in rows] == pytest.approx([1.0] * len(rows))


def test_the_table_of_methods():
    rows = TABLES[4]
    assert [(row.method, row.loss, row.ssim, row.psnr, row.bold) for row in rows] == METHODS
    for row in rows:
        own = {"saturation": 0.3, "sharpness": 0.7} if row.method == "wssl" else {}
        assert row.pretext == own
    assert rows[-1] == next(row for row in TABLES[2] if row.ssim == 0.9692)


def test_one_row_of_each_group_is_bold():
    for number, sizes in ((1, [3]), (2, [5, 5, 5]), (3, [4]), (4, [5])):
        groups = (
            groupby(TABLES[number], lambda row: set(row.pretext))
            if number == 2
            else [(None, TABLES[number])]
        )
        found = [list(group) for _, group in groups]
        assert [len(group) for group in found] == sizes
        for group in found:
            best = max(group, key=lambda row: row.ssim)
            assert [row for row in group if row.bold] == [best]


@pytest.mark.parametrize(
    ("number", "tasks", "ssim", "ssim_sd", "psnr", "psnr_sd"),
    [
        (1, None, 0.94950, 0.01854, 28.543, 2.341),
        (2, None, 0.95993, 0.00965, 30.138, 0.591),
        (2, {"rotation", "sharpness"}, 0.96150, 0.00179, 29.778, 0.542),
        (2, {"rotation", "saturation"}, 0.95228, 0.01403, 29.926, 0.367),
        (2, {"saturation", "sharpness"}, 0.96600, 0.00201, 30.710, 0.411),
        (3, None, 0.96620, 0.00211, 30.760, 0.380),
    ],
)
def test_the_statistics_of_each_group(number, tasks, ssim, ssim_sd, psnr, psnr_sd):
    rows = [row for row in TABLES[number] if tasks in (None, set(row.pretext))]
    values = np.array([(row.ssim, row.psnr) for row in rows])
    assert values.mean(axis=0) == pytest.approx([ssim, psnr], abs=6e-4)
    assert values[:, 0].mean() == pytest.approx(ssim, abs=6e-6)
    assert values.std(axis=0, ddof=1) == pytest.approx([ssim_sd, psnr_sd], abs=6e-4)
    assert values[:, 0].std(ddof=1) == pytest.approx(ssim_sd, abs=6e-6)


@pytest.mark.skipif(not TEXT.exists(), reason="the paper's text is not on this machine")
def test_the_paper_itself():
    """Every line of the paper's tables that ends in SSIM and PSNR, in its order."""
    text = TEXT.read_text(encoding="utf-8")
    for number, rows in TABLES.items():
        table = text.split(f"\nTable {number}.")[1].split("\n\n", 2)[1]
        lines = re.findall(r"^(.*?)(0\.\d{4})\D+(\d\d\.\d\d)(\D*)$", table, flags=re.MULTILINE)
        printed = [(float(ssim), float(psnr), "<b>" in head) for head, ssim, psnr, _ in lines]
        assert printed == [(row.ssim, row.psnr, row.bold) for row in rows]
        if number in (2, 3):
            weights = [
                [float(w) for w in re.findall(r"(?<!\d)0\.\d(?!\d)", head)] for head, *_ in lines
            ]
            assert weights == [list(row.pretext.values()) for row in rows]
