import os

import numpy as np
import pytest

from wssl import data
from wssl.cli import main
from wssl.data import RECIPES, SOURCES, STROKES

pytestmark = pytest.mark.xdist_group("cli")


def test_the_command_draws_whatever_backend_the_environment_names(monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    assert main(["data", "list"]) == 0
    assert os.environ["MPLBACKEND"] == "agg"


def test_data_list_names_every_source(capsys):
    assert main(["data", "list"]) == 0
    images, masks, recipes = capsys.readouterr().out.splitlines()
    for name in [*SOURCES, "folder:PATH"]:
        assert name in images
    for name in [*STROKES, "folder:PATH"]:
        assert name in masks
    for name in RECIPES:
        assert name in recipes


def test_a_sheet_of_images(tmp_path, capsys):
    output = tmp_path / "sheet.png"
    arguments = ["--size", "16", "--columns", "4", "--rows", "2", "-o", str(output)]
    assert main(["data", "sheet", "synthetic", *arguments]) == 0
    sheet = data.read_image(output)
    assert sheet.shape == (2 + 2 * 18, 2 + 4 * 18, 3)
    for i, image in enumerate(data.images("synthetic", "test", 16, 8)):
        top, left = 2 + i // 4 * 18, 2 + i % 4 * 18
        np.testing.assert_array_equal(sheet[top : top + 16, left : left + 16], image)
    assert capsys.readouterr().out == f"{output}: 8 of synthetic\n"


@pytest.mark.parametrize("output", ["sheet", "sheet.xyz", "missing/sheet.png"])
def test_a_sheet_is_refused_before_anything_is_drawn(output, tmp_path, monkeypatch, fails):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "images", None)
    fails(["data", "sheet", "synthetic", "-o", output], "--output: expected an image file")


def test_a_sheet_of_masks(tmp_path):
    output = tmp_path / "sheet.png"
    arguments = ["--masks", "--size", "32", "--columns", "3", "--rows", "1", "-o", str(output)]
    assert main(["data", "sheet", "synthetic", *arguments]) == 0
    sheet = data.read_image(output)
    for i, mask in enumerate(data.masks("synthetic", 3, 32, split="test")):
        left = 2 + i * 34
        np.testing.assert_array_equal(sheet[2:34, left : left + 32, 1], 255 * mask)


def test_a_sheet_draws_as_many_as_there_is_room_for(tmp_path, capsys):
    sheet = ["data", "sheet", "synthetic", "-o", str(tmp_path / "s.png"), "--size", "16"]
    assert main([*sheet, "--columns", "20", "--rows", "10"]) == 0
    assert "200 of synthetic" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*sheet, "--columns", "0"])
    assert "expected an integer of at least 1" in capsys.readouterr().err
