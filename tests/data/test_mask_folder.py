import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.data import recipes
from wssl.data.mask_folder import find_mask_folder
from wssl.experiment import Experiment


def write(folder, masks, hole=255):
    """Write masks for training, and one for each of val and test."""
    corner = np.arange(10_000).reshape(100, 100) < 30
    for split, some in {"train": masks, "val": [corner], "test": [corner.T]}.items():
        (folder / split).mkdir(parents=True)
        for i, mask in enumerate(some):
            image = np.where(mask, hole, 255 - hole).astype(np.uint8)
            Image.fromarray(image).save(folder / split / f"{i}.png")


def bands(*coverage):
    """One mask of 100 x 100 px for each percentage, its upper rows being the hole."""
    return [np.arange(100)[:, None].repeat(100, 1) < percent for percent in coverage]


@pytest.fixture
def dense(tmp_path):
    """Masks that cover 31 to 50 %, with white holes and with black ones."""
    write(tmp_path / "white", bands(*range(31, 51)))
    write(tmp_path / "black", bands(*range(31, 51)), hole=0)
    return tmp_path


@pytest.fixture
def sparse(tmp_path):
    """Masks as those of QD-IMD, with black holes: few strokes, and one in 39 over 30 %."""
    write(tmp_path / "masks", bands(*[*range(2, 21)] * 2, 33), hole=0)
    return tmp_path / "masks"


def test_black_holes_are_holes_if_it_is_said(dense):
    white = data.masks(f"folder:{dense}/white", 20, 100)
    black = data.masks(f"folder:{dense}/black?hole=black", 20, 100)
    assert sorted(white.mean(axis=(1, 2))) == pytest.approx(np.arange(0.31, 0.51, 0.01))
    assert sorted(black.mean(axis=(1, 2))) == pytest.approx(np.arange(0.31, 0.51, 0.01))
    assert white[:, 0].all()
    assert black[:, 0].all()


def test_the_files_of_qd_imd_have_black_holes_unless_said(sparse):
    assert data.masks(f"qd-imd:{sparse}", 1, 100).mean() == pytest.approx(0.33)
    explicit = data.masks(f"qd-imd:{sparse}?hole=black", 1, 100)
    np.testing.assert_array_equal(explicit, data.masks(f"folder:{sparse}?hole=black", 1, 100))
    with pytest.raises(
        ValueError, match="expected masks with white holes; the colours seem to be inverted"
    ):
        data.masks(f"qd-imd:{sparse}?hole=white", 1, 100)


@pytest.mark.parametrize(
    ("source", "way_out"),
    [
        ("folder:{}/black", r"folder:.*black\?hole=black"),
        ("folder:{}/white?hole=black", r"folder:.*white\?hole=white"),
        ("qd-imd:{}/white", r"qd-imd:.*white\?hole=white"),
    ],
)
def test_the_wrong_colour_is_noticed_by_its_coverage(dense, source, way_out):
    seen = rf"Of 20 masks, 5\.0% cover 30% to 50% .*, and 100\.0% would with .*use {way_out}"
    with pytest.raises(ValueError, match=seen):
        data.masks(source.format(dense), 20, 100)


def test_thin_strokes_read_the_wrong_way_round_are_noticed(sparse):
    with pytest.raises(ValueError, match=r"0\.0% cover .* 2\.6% would with black .*89.0%"):
        data.masks(f"folder:{sparse}", 1, 100)


def test_any_coverage_of_qd_imd_shows_its_colour(sparse):
    assert len(data.masks(f"qd-imd:{sparse}", 3, 100, coverage=(0, 1))) == 3
    with pytest.raises(ValueError, match="seem to be inverted"):
        data.masks(f"qd-imd:{sparse}?hole=white", 3, 100, coverage=(0, 1))


@pytest.mark.parametrize("coverage", [(0, 1), (0.4, 0.6), (0.7, 0.9), (0.1, 0.3)])
def test_masks_of_every_coverage_are_never_taken_for_wrong(tmp_path, coverage):
    write(tmp_path, bands(*range(5, 100, 5)))
    assert data.masks(f"folder:{tmp_path}", 50, 100, coverage=coverage).any()
    assert data.masks(f"folder:{tmp_path}?hole=black", 50, 100, coverage=coverage).any()


def test_a_large_folder_is_searched_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "PATIENCE", 10)
    write(tmp_path, [*bands(*[5] * 60), *bands(*range(30, 40))])
    sample = data.sample(f"folder:{tmp_path}", 50, 100)
    assert (len(sample.masks), sample.drawn) == (10, 70)


def test_the_colour_of_the_hole_is_in_the_fingerprint(dense):
    source = f"folder:{dense}/white"
    plain = data.mask_fingerprint(source)
    assert data.mask_fingerprint(f"{source}?hole=white") == plain
    assert data.mask_fingerprint(f"{source}?hole=black") != plain
    black = data.mask_fingerprint(f"{source}?hole=black")
    assert data.mask_fingerprint(f"qd-imd:{dense}/white") == black


@pytest.mark.parametrize("hole", ["grey", "", "Black"])
def test_another_colour_is_an_error(tmp_path, hole):
    with pytest.raises(ValueError, match=f"black, white; received '{hole}'"):
        data.check_mask_source(f"folder:{tmp_path}?hole={hole}")


def test_names_of_mask_folders():
    assert find_mask_folder("quickdraw") is None
    assert find_mask_folder("qd-imd:") is None
    folder = find_mask_folder("folder:a:b/c d")
    assert (str(folder.folder.root), folder.hole) == ("a:b/c d", "white")
    with pytest.raises(ValueError, match="qd-imd:PATH; received 'qdimd:x'"):
        data.check_mask_source("qdimd:x")


def test_an_experiment_keeps_the_colour(dense):
    experiment = Experiment(preset="smoke", masks=f"folder:{dense}/black?hole=black")
    assert Experiment.from_dict(experiment.to_dict()) == experiment
    assert experiment != Experiment(preset="smoke", masks=f"folder:{dense}/black")


def test_masks_without_a_hole_are_counted_and_left_out(tmp_path):
    write(tmp_path, bands(0, 40, 0, 45, 35))
    with pytest.warns(UserWarning, match=r"2 of 5 masks \(train\) have no hole at 100 px"):
        masks = data.masks(f"folder:{tmp_path}", 5, 100)
    assert masks.any(axis=(1, 2)).all()


@pytest.mark.parametrize("white", [np.uint8(1), np.uint16(1), np.uint16(255), np.int32(2**31 - 1)])
def test_masks_of_any_full_scale_are_what_they_are_in_8_bits(tmp_path, white):
    drawn = bands(31, 40, 45)
    write(tmp_path / "plain", drawn)
    write(tmp_path / "scaled", drawn)
    for path in (tmp_path / "scaled").rglob("*.png"):
        with Image.open(path) as image:
            mask = np.asarray(image) > 0
        path.unlink()
        Image.fromarray(mask * white).save(path.with_suffix(".tif"))
    for hole in ("white", "black"):
        given = [f"folder:{tmp_path}/{name}?hole={hole}" for name in ("plain", "scaled")]
        ours, theirs = (data.masks(name, 3, 100, coverage=(0, 1)) for name in given)
        assert {m.tobytes() for m in ours} == {m.tobytes() for m in theirs}
