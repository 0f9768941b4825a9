import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.cli import inpaint, main
from wssl.experiment import Experiment
from wssl.runs import execution

pytestmark = pytest.mark.xdist_group("cli")

ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})


def test_inpaint_changes_the_hole_only(results, photo, tmp_path, capsys):
    image, mask = photo
    output = tmp_path / "out.png"
    arguments = [str(image), str(mask), "-o", str(output), "--model", ROTATION.fingerprint]
    assert main(["inpaint", *arguments]) == 0
    before, after = data.read_image(image), data.read_image(output)
    hole = data.read_mask(mask)
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).mean() > 0.9
    assert f"{hole.mean():.1%} of {image} filled" in capsys.readouterr().out


def test_inpaint_runs_the_default_experiment_when_no_model_is_named(
    results, photo, tmp_path, monkeypatch, capsys
):
    seen = []

    def run(experiment):
        seen.append(experiment)
        return execution.Result(ROTATION, results.get(ROTATION.fingerprint), results)

    monkeypatch.setattr(execution, "run", run)
    output = tmp_path / "out.png"
    assert main(["inpaint", *map(str, photo), "--output", str(output)]) == 0
    assert seen == [Experiment()]
    assert "note: no --model is named" in capsys.readouterr().err
    assert data.read_image(output).shape == (40, 50, 3)


def test_inpaint_with_a_mask_that_is_not_binary(results, photo, tmp_path, fails):
    image, mask = photo
    Image.fromarray(np.full((40, 50), 100, dtype=np.uint8)).save(mask)
    out = tmp_path / "out.png"
    fails(["inpaint", image, mask, "-o", out], "mask.png: expected a binary mask", "100")
    assert not out.exists()


def test_inpaint_with_a_mask_of_another_size(results, photo, tmp_path, fails):
    image, mask = photo
    Image.fromarray(np.zeros((50, 40), dtype=np.uint8)).save(mask)
    out = tmp_path / "out.png"
    fails(
        ["inpaint", image, mask, "-o", out],
        "the size of the image, 50 x 40; received 40 x 50",
    )
    assert not out.exists()


def test_inpaint_with_files_that_are_missing_or_broken(results, photo, tmp_path, fails):
    image, mask = photo
    out = tmp_path / "out.png"
    fails(["inpaint", tmp_path / "no.png", mask, "-o", out], "no.png")
    image.write_bytes(image.read_bytes()[:300])
    fails(["inpaint", image, mask, "-o", out], "photo.png: expected an image file")


def test_inpaint_fills_a_folder_and_names_what_it_cannot(model_file, photo, tmp_path, capfd):
    photos, filled = tmp_path / "photos", tmp_path / "filled"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        (photos / name).write_bytes(photo[0].read_bytes())
    arguments = ["inpaint", photos, photo[1], "-o", filled, "--model", model_file]
    arguments = [str(argument) for argument in arguments]
    assert main(arguments) == 0
    assert "2 of 2 pictures filled" in capfd.readouterr().out
    (photos / "bad.png").write_bytes(photo[0].read_bytes()[:300])
    assert main(arguments) == 1
    out, error = capfd.readouterr()
    assert "2 of 3 pictures filled" in out
    assert "bad.png: expected an image file" in error
    assert error.splitlines()[-1] == "wssl: 1 skipped: bad.png"
    assert sorted(path.name for path in filled.iterdir()) == ["a.png", "b.png"]
    before, hole = data.read_image(photo[0]), data.read_mask(photo[1])
    np.testing.assert_array_equal(data.read_image(filled / "a.png")[~hole], before[~hole])


@pytest.mark.parametrize("output", ["out.png", "mask.png", "."])
def test_a_folder_is_not_written_over_a_file_or_itself(
    results, photo, tmp_path, fails, monkeypatch, output
):
    monkeypatch.setattr(inpaint, "find_model", None)
    fails(["inpaint", tmp_path, photo[1], "-o", tmp_path / output], "output: expected a")


def test_a_picture_is_not_written_over_what_is_read(results, photo, fails):
    for path in photo:
        fails(["inpaint", *photo, "-o", path], "output: expected a path other than the inputs")


@pytest.mark.parametrize("output", ["out.jpg", "out", "missing/out.png"])
def test_inpaint_checks_its_output_before_any_work(results, photo, tmp_path, fails, output):
    arguments = ["inpaint", *photo, "-o", tmp_path / output]
    fails(arguments, "--output: ")
