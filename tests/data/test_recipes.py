import hashlib

import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.data import recipes
from wssl.data.strokes import Stroke

PINNED = {
    "synthetic": "1527a4c20bb3966db746c4de4b736be292b4e7fca9168a70e61608c1a12c8759",
    "quickdraw": "0a9fc97353a31600d3c76ffe8013bc3e57460a70fe6ffdee5972c7f43f06908f",
}


FINGERPRINTS = {
    ("synthetic", "qd-imd"): "ed024cfe852b18df",
    ("synthetic", "dense"): "d88553bdc69883ac",
    ("synthetic", "thin"): "acab1bc8383bf4c5",
    ("synthetic", "medium"): "7ba6b482a98f670b",
    ("synthetic", "thick"): "915410917c3350c1",
    ("quickdraw", "qd-imd"): "69318e780a2f469b",
    ("quickdraw", "dense"): "31721fe2c1ef6003",
}


def packed_hash(masks):
    return hashlib.sha256(np.packbits(masks).tobytes()).hexdigest()


def test_the_synthetic_test_masks_are_a_fixed_list():
    masks = data.masks("synthetic", 16, 64, seed=0, split="test")
    assert packed_hash(masks) == PINNED["synthetic"]


def test_the_quickdraw_test_masks_are_a_fixed_list(shared_data):
    masks = data.masks("quickdraw", 16, 64, seed=0, split="test")
    assert packed_hash(masks) == PINNED["quickdraw"]


@pytest.mark.parametrize(("source", "recipe"), FINGERPRINTS)
def test_recipes_are_those_whose_masks_are_recorded(source, recipe):
    assert data.mask_fingerprint(source, recipe) == FINGERPRINTS[source, recipe]


def test_the_published_recipe():
    """The numbers of QD-IMD: four strokes on average, 5 to 15 px wide, enlarged up to 1.5."""
    published = recipes.Recipe(4, 2, width=(5, 15), upscale=(1, 1.5), canvas=512)
    assert data.RECIPES["qd-imd"] == published


def with_stream(monkeypatch, *drawn):
    """Masks that are drawn instead, the last for ever; returns what is asked of the stream."""
    asked = []

    def stream(*arguments):
        asked.append(arguments)
        yield from drawn
        while True:
            yield drawn[-1]

    monkeypatch.setattr(recipes, "stream", stream)
    return asked


def covering(share, size=10):
    return np.arange(size**2).reshape(size, size) < share * size**2


def test_what_is_drawn_if_nothing_is_asked_for(monkeypatch):
    asked = with_stream(monkeypatch, covering(0.29), covering(0.3), covering(0.51), covering(0.5))
    found = data.sample()
    assert (len(found.masks), found.drawn) == (16, 18)
    assert found.masks.mean(axis=(1, 2)) == pytest.approx([0.3] + [0.5] * 15)
    np.testing.assert_array_equal(data.masks(), found.masks)
    assert asked == [("synthetic", 64, 0, "train", "dense")] * 2
    shares = data.coverages()
    assert shares == pytest.approx([0.29, 0.3, 0.51] + [0.5] * 997)
    assert asked[2:] == [("synthetic", 512, 0, "train", "dense")]


def test_a_mask_of_one_pixel_has_a_hole(monkeypatch):
    with_stream(monkeypatch, covering(0.0), covering(0.01), covering(0.0), covering(1.0))
    found = data.sample(count=3, size=10, coverage=(0, 1))
    assert found.masks.mean(axis=(1, 2)) == pytest.approx([0.01, 1.0, 1.0])
    assert found.drawn == 5


def test_two_thousand_masks_in_a_row_are_drawn_in_vain(monkeypatch):
    with_stream(monkeypatch, covering(0.2), covering(0.4), covering(0.6))
    words = "found 1 among 2,002 masks .* 60.0% .median., from 20.0% to 60.0%"
    with pytest.raises(ValueError, match=words):
        data.sample(count=2, size=10)


@pytest.mark.parametrize("coverage", [(0.4, 0.4), (0, 0.4), (0.4, 1), (0, 1)])
def test_the_ends_of_a_coverage_are_within_it(monkeypatch, coverage):
    with_stream(monkeypatch, covering(0.4))
    assert len(data.masks(count=2, size=10, coverage=coverage)) == 2


def test_a_seed_of_0_and_an_image_of_one_pixel_are_possible():
    assert data.masks("synthetic", 1, 1, seed=0, coverage=(0, 1)).all()


@pytest.mark.parametrize("coverage", [(0.3, 0.5), (0.2, 0.25), (0.0, 1.0)])
def test_masks_keep_within_the_coverage(coverage):
    masks = data.masks("synthetic", 8, 48, coverage=coverage)
    assert masks.shape == (8, 48, 48)
    assert masks.dtype == bool
    share = masks.mean(axis=(1, 2))
    assert ((share >= coverage[0]) & (share <= coverage[1]) & (share > 0)).all()


def test_fewer_masks_are_the_first_ones():
    np.testing.assert_array_equal(data.masks(count=5)[:3], data.masks(count=3))


def test_seeds_and_splits_are_streams_of_their_own():
    found = [data.masks(count=2, seed=s, split=p) for s in (0, 1) for p in data.SPLITS]
    assert len({masks.tobytes() for masks in found}) == 6


def test_hole_geometry_scales_with_the_image():
    large = next(recipes.stream("synthetic", 512, 0, "train", "dense"))
    small = next(recipes.stream("synthetic", 64, 0, "train", "dense"))
    np.testing.assert_array_equal(small, large[4::8, 4::8])


def horizontal(length):
    return [Stroke(np.array([[0, 0], [length, 0]]), np.array([0, 255]))]


@pytest.mark.parametrize("width", [6, 11])
def test_a_stroke_has_its_width_and_round_ends(width, rng):
    recipe = recipes.Recipe(1, 0, width=(width, width), upscale=(1, 1))
    mask = recipes.draw(horizontal(255), recipe, rng)
    assert set(mask[:, 100:400].sum(axis=0)) == {width}
    dot = recipes.draw([Stroke(np.array([[127, 127]] * 2), np.zeros(2, int))], recipe, rng)
    assert abs(dot.sum() - np.pi * width**2 / 4) < 0.2 * dot.sum()


def test_upscaling_enlarges_about_the_centre():
    recipe = recipes.Recipe(1, 0, width=(10, 10), upscale=(1.5, 1.5))
    plain = recipes.Recipe(1, 0, width=(10, 10), upscale=(1, 1))
    corners = np.array([[64, 64], [192, 64], [192, 192], [64, 192], [64, 64]])
    square = [Stroke(corners, np.zeros(2, int))]
    large = recipes.draw(square, recipe, np.random.default_rng(0))
    small = recipes.draw(square, plain, np.random.default_rng(0))

    def box(mask):
        rows, columns = np.nonzero(mask)
        return np.array([rows.min(), rows.max(), columns.min(), columns.max()]) - 255.5

    np.testing.assert_allclose(box(large), 1.5 * box(small), atol=3)
    assert large[256, large.shape[1] // 2 - 192 - 7 : large.shape[1] // 2].sum() == 15


def test_the_number_of_strokes_is_normal_and_at_least_one(monkeypatch):
    numbers = []
    for i in range(400):
        drawn = []
        monkeypatch.setattr(recipes, "_round_line", lambda *_: drawn.append(1))  # noqa: B023
        recipes.draw(horizontal(9), data.RECIPES["qd-imd"], np.random.default_rng(i))
        numbers.append(len(drawn))
    expected = np.clip(np.rint(np.random.default_rng(0).normal(4, 2, 100_000)), 1, None)
    assert min(numbers) == 1
    assert abs(np.mean(numbers) - expected.mean()) < 0.3
    assert abs(np.std(numbers) - expected.std()) < 0.3


def test_the_published_recipe_seldom_reaches_30_percent(shared_data):
    published = data.coverages("quickdraw", "qd-imd", 400, size=64)
    dense = data.coverages("quickdraw", "dense", 200, size=64)
    assert 0.03 < np.median(published) < 0.08
    assert np.mean(published >= 0.3) < 0.03
    assert 0.3 < np.median(dense) < 0.45


def test_a_sample_counts_what_was_drawn():
    sample = data.sample("synthetic", 10, 32, seed=3)
    raw = data.coverages("synthetic", "dense", sample.drawn, size=32, seed=3)
    kept = (raw >= 0.3) & (raw <= 0.5)
    assert kept.sum() == 10
    assert kept[-1]
    np.testing.assert_allclose(sample.masks.mean(axis=(1, 2)), raw[kept])
    assert sample.acceptance == 10 / sample.drawn


def test_a_coverage_out_of_reach_says_what_was_seen(monkeypatch):
    monkeypatch.setattr(recipes, "PATIENCE", 60)
    seen = data.coverages("synthetic", "qd-imd", 60, size=16)
    words = rf"90% to 100%; found 0 among 60.* {np.median(seen):.1%} \(median\).* {seen.max():.1%}"
    with pytest.raises(ValueError, match=words):
        data.masks("synthetic", 2, 16, coverage=(0.9, 1), recipe="qd-imd")


def test_a_recipe_may_be_given_itself():
    wide = recipes.Recipe(1, 0, width=(200, 200))
    assert data.coverages("synthetic", wide, 20, size=32).mean() > 0.1
    assert data.mask_fingerprint("synthetic", wide) != data.mask_fingerprint("synthetic")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "quick-draw"}, "received 'quick-draw'.*'quickdraw'"),
        ({"recipe": "dens"}, "received 'dens'.*'dense'"),
        ({"split": "tests"}, "received 'tests'.*'test'"),
        ({"count": 0}, "count: expected an integer of at least 1"),
        ({"size": 0}, "size: expected at least 1"),
        ({"seed": -1}, "seed: expected a non-negative"),
        ({"coverage": (0.5, 0.3)}, "coverage: expected"),
        ({"coverage": (30, 50)}, "coverage: expected"),
        ({"coverage": (-0.1, 0.5)}, "coverage: expected"),
        ({"coverage": (0.5, 1.1)}, "coverage: expected"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.masks(**arguments)


def write(path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


@pytest.fixture
def drawn_folder(tmp_path):
    """Twelve test masks, 40 x 60 px, whose i-th has i + 1 of the 40 centre columns as hole."""
    for split in ("train", "test"):
        for i in range(12):
            mask = np.zeros((40, 60), bool)
            mask[:, 10 : 11 + i] = True
            mask[0, 0] = split == "train"
            write(tmp_path / split / f"{i}.png", mask)
    return tmp_path


def test_a_folder_of_mask_images(drawn_folder):
    masks = data.masks(f"folder:{drawn_folder}", 3, 40, coverage=(0.1, 0.2), split="test")
    share = masks.mean(axis=(1, 2))
    assert ((share >= 0.1) & (share <= 0.2)).all()
    assert (masks == masks[:, :1]).all(), "the centre was cut out: columns only"
    again = data.masks(f"folder:{drawn_folder}", 5, 40, coverage=(0.1, 0.2), split="test")
    np.testing.assert_array_equal(again[:3], masks)
    assert len({mask.tobytes() for mask in again}) == 5


def test_the_masks_of_a_folder_repeat_when_more_are_asked_for(drawn_folder):
    source = f"folder:{drawn_folder}"
    masks = data.masks(source, 12, 40, coverage=(0.1, 0.2), split="test")
    np.testing.assert_array_equal(masks[:5], masks[5:10])
    assert len(data.sample(source, 12, 40, coverage=(0.1, 0.2), split="test").masks) == 5


def test_a_folder_without_a_fitting_mask_says_what_it_has(drawn_folder):
    with pytest.raises(
        ValueError, match=r"expected 6 with.*found 0 among 12 masks.*16\.2% \(median\)"
    ):
        data.masks(f"folder:{drawn_folder}", 6, 40, coverage=(0.8, 0.9), split="test")


def test_a_mask_without_a_hole_is_never_kept(tmp_path):
    for split in ("train", "test"):
        write(tmp_path / split / "empty.png", np.zeros((9, 9 + len(split)), bool))
        write(tmp_path / split / "full.png", np.ones((9, 9 + len(split)), bool))
    masks = data.masks(f"folder:{tmp_path}", 1, 9, coverage=(0, 1), split="test")
    assert masks.all()


def test_a_grey_mask_in_a_folder_is_named(drawn_folder):
    Image.fromarray(np.full((9, 9), 77, np.uint8)).save(drawn_folder / "test" / "grey.png")
    with pytest.raises(ValueError, match=r"grey\.png: expected a binary mask"):
        data.masks(f"folder:{drawn_folder}", 12, 40, coverage=(0, 1), split="test")


def test_the_fingerprint_of_a_mask_folder_is_its_content(drawn_folder):
    before = data.mask_fingerprint(f"folder:{drawn_folder}")
    assert before == data.mask_fingerprint(f"folder:{drawn_folder}", "qd-imd")
    assert before != data.fingerprint(f"folder:{drawn_folder}")
    (drawn_folder / "test" / "0.png").unlink()
    assert before != data.mask_fingerprint(f"folder:{drawn_folder}")


@pytest.mark.parametrize(
    ("recipe", "coverage", "change"),
    [("thick", (0.0, 0.001), "fewer or thinner"), ("qd-imd", (0.9, 1.0), "more or wider")],
)
def test_the_advice_on_strokes_depends_on_the_side_that_is_missed(
    recipe, coverage, change, monkeypatch
):
    monkeypatch.setattr(recipes, "PATIENCE", 20)
    with pytest.raises(ValueError, match=f"a recipe with {change} strokes"):
        data.masks("synthetic", 2, 32, coverage=coverage, recipe=recipe)


class Lines:
    """A source of what it is given."""

    def __init__(self, found, digest="lines, version 1"):
        self.found, self.digest = found, digest

    def strokes(self, split):
        return self.found

    def fingerprint(self):
        return self.digest


LINE = Stroke(np.array([[0, 0], [9, 9]]), np.array([246, 246]))


def test_two_mask_sources_of_one_digest_are_refused(monkeypatch):
    monkeypatch.setitem(data.STROKES, "lines", Lines([LINE]))
    data.mask_fingerprint("lines")
    monkeypatch.setitem(data.STROKES, "others", Lines([LINE, LINE]))
    for name, twin in (("lines", "others"), ("others", "lines")):
        with pytest.raises(ValueError, match=f"mask source '{name}': .* which '{twin}' has too"):
            data.mask_fingerprint(name)
    data.STROKES["others"].digest = "others, version 1"
    assert data.mask_fingerprint("lines") != data.mask_fingerprint("others")


def test_a_class_is_no_mask_source(monkeypatch):
    monkeypatch.setitem(data.STROKES, "lines", Lines)
    with pytest.raises(ValueError, match=r"mask source 'lines': .*the class Lines\. Register"):
        data.check_mask_source("lines")


@pytest.mark.parametrize(
    ("found", "received"),
    [
        ([], r"an empty one\. Check"),
        ([[[0, 9], [0, 9]]], "a list in it.*drawing_strokes"),
        ([[LINE], [LINE]], "a list in it.*join the lists"),
        ((stroke for stroke in [LINE]), r"a generator\. Return list"),
        (None, "a NoneType"),
    ],
)
def test_what_a_mask_source_returns_is_checked(found, received, monkeypatch):
    monkeypatch.setitem(data.STROKES, "lines", Lines(found))
    words = rf"strokes: expected a list of Stroke from 'lines' \(test\); received {received}"
    with pytest.raises(ValueError, match=words):
        data.masks("lines", count=1, size=16, split="test")


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"strokes_mean": -1}, r"strokes_mean: .*received -1\."),
        ({"strokes_sd": float("nan")}, "strokes_sd: .*received nan"),
        ({"width": (15, 5)}, r"width: .*the smaller first.*received \(15, 5\)"),
        ({"upscale": (0, 1)}, r"upscale: .*received \(0, 1\)"),
        ({"canvas": 0}, "canvas: expected at least 1 pixel; received 0"),
    ],
)
def test_the_numbers_of_a_recipe_are_checked(numbers, message):
    with pytest.raises(ValueError, match=message):
        data.Recipe(**{"strokes_mean": 4, "strokes_sd": 2, **numbers})


def test_the_depth_of_holes_is_the_distance_to_the_nearest_known_pixel():
    found = data.depths("synthetic", "dense", 2, size=32)
    expected = []
    for mask in data.masks("synthetic", 2, 32):
        known = np.argwhere(~mask)
        expected += [np.hypot(*(known - pixel).T).min() for pixel in np.argwhere(mask)]
    np.testing.assert_allclose(found, expected)
    assert found.min() == 1
