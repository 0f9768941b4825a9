"""The synthetic portraits: a pure function, and pictures that the pretext tasks can learn from."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from wssl.data import portraits
from wssl.data.portraits.canvas import Canvas, Light, polygon


@pytest.fixture(scope="module")
def small():
    return portraits.draw(96, 64)


def apart(first, second):
    """Mean absolute difference in grey levels, for each picture."""
    return np.abs(first.astype(float) - second).mean(axis=(-3, -2, -1))


def test_shape_type_and_range(small):
    assert small.shape == (96, 64, 64, 3)
    assert small.dtype == np.uint8
    assert all(np.ptp(image) > 100 for image in small)
    assert (small == 255).mean() < 0.02
    assert (small == 0).mean() < 0.02


@pytest.mark.parametrize("size", [16, 37, 73])
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_longer_series_begins_with_the_shorter(size, split):
    np.testing.assert_array_equal(
        portraits.draw(5, size, split, seed=4)[:3], portraits.draw(3, size, split, seed=4)
    )


def test_an_empty_series():
    assert portraits.draw(0, 16).shape == (0, 16, 16, 3)


def test_no_two_portraits_are_alike_within_or_across_splits_and_seeds():
    series = [portraits.draw(24, 32, split) for split in portraits.SPLITS]
    series.append(portraits.draw(24, 32, seed=1))
    pictures = np.concatenate(series)
    distances = apart(pictures[:, None], pictures[None])
    np.fill_diagonal(distances, np.inf)
    assert distances.min() > 12


def test_another_size_shows_the_same_people():
    large, little = portraits.draw(16, 128), portraits.draw(16, 64)
    halved = np.stack([Image.fromarray(i).resize((64, 64), Image.Resampling.BOX) for i in large])
    assert apart(halved, little).max() < 6
    assert apart(halved, np.roll(little, 1, axis=0)).min() > 20


def test_hues_and_brightness_vary(small):
    red, _, blue = np.moveaxis(small.astype(float).mean(axis=(1, 2)), -1, 0)
    assert (red - blue).std() > 12
    assert small.mean(axis=(1, 2, 3)).std() > 15
    corners = np.concatenate([small[:, :8, :8], small[:, :8, -8:]], axis=2)
    strongest = corners.mean(axis=(1, 2)).argmax(axis=-1)
    assert np.bincount(strongest, minlength=3).min() >= 5


def test_nearly_every_portrait_is_clearly_coloured(small):
    hsv = np.stack([Image.fromarray(image).convert("HSV") for image in small])
    saturation = hsv[..., 1].mean(axis=(1, 2)) / 255
    assert 0.25 < saturation.mean() < 0.6
    assert np.mean(saturation > 0.15) > 0.97


@pytest.mark.parametrize("size", [64, 128])
def test_fine_detail_is_there_for_a_blur_to_remove(size):
    images = portraits.draw(24, size)
    blurred = [ImageEnhance.Sharpness(Image.fromarray(image)).enhance(0) for image in images]
    assert apart(images, np.stack(blurred)).min() > 1


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_portrait_is_told_from_an_upright_one(small, turns):
    mean = small.mean(axis=0)
    assert np.abs(np.rot90(mean, turns) - mean).mean() > 6


def test_brightness_alone_does_not_tell_up_from_down(small):
    lighter_above = small[:, :32].mean(axis=(1, 2, 3)) > small[:, 32:].mean(axis=(1, 2, 3))
    assert 0.25 < lighter_above.mean() < 0.75


def test_the_face_is_in_the_middle(small):
    """Skin is redder than blue, so on average the centre is warmer than the upper corners."""
    warmth = small[..., 0].astype(float) - small[..., 2]
    centre = warmth[:, 24:44, 22:42].mean(axis=(1, 2))
    corners = warmth[:, :10, [*range(10), *range(54, 64)]].mean(axis=(1, 2))
    assert np.median(centre - corners) > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": -1, "size": 32}, "count: expected .*received -1"),
        ({"count": 1, "size": 15}, "size: expected at least 16 pixels.*received 15"),
        ({"count": 1, "size": 32, "seed": -2}, "seed: expected .*received -2"),
        ({"count": 1, "size": 32, "split": "trian"}, "Did you mean 'train'"),
    ],
)
def test_errors_say_what_was_expected(arguments, message):
    with pytest.raises(ValueError, match=message):
        portraits.draw(**arguments)


def test_coverage_of_a_disc_is_its_area():
    canvas = Canvas.blank(64, np.random.default_rng(0))
    mask = canvas.inside(np.hypot(canvas.x - 0.1, canvas.y) - 0.5)
    assert mask.sum() * canvas.pixel**2 == pytest.approx(np.pi / 4, rel=0.01)


def test_a_window_paints_on_the_picture():
    canvas = Canvas.blank(32, np.random.default_rng(0))
    window = canvas.framed(0.5, 0.5, 0.25).near(-1, 1, -1, 1)
    window.paint(np.ones((3, 1, 1), np.float32), 1.0)
    assert window.rgb.shape == (3, 8, 8)
    assert canvas.rgb.sum() == 3 * 8 * 8
    assert canvas.rgb[:, 20:28, 20:28].min() == 1


def test_fibres_finer_than_a_pixel_fade_out():
    canvas = Canvas.blank(64, np.random.default_rng(0))
    coarse, fine = (
        canvas.fibres(np.random.default_rng(1), canvas.x, density).std() for density in (10, 4000)
    )
    assert coarse > 0.5
    assert fine < 0.5 * coarse


def test_polygon_is_negative_inside_and_measures_the_distance():
    x, y = np.array([0.5, 0.5, 2.0], np.float32), np.array([0.5, 0.1, 0.5], np.float32)
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    np.testing.assert_allclose(polygon(x, y, square), [-0.5, -0.1, 1.0], atol=1e-6)


def test_light_falls_on_the_side_that_it_comes_from():
    y, x = np.meshgrid(*2 * [np.linspace(-0.9, 0.9, 41, dtype=np.float32)], indexing="ij")
    ball = np.sqrt(np.clip(1.7 - x * x - y * y, 0, None))
    diffuse, _ = Light((0.6, 0.0, 0.8), 0.7, 0.4).on(ball, 0.045)
    assert diffuse[20, 35] > diffuse[20, 20] > diffuse[20, 5]
    np.testing.assert_allclose(diffuse, diffuse[::-1], atol=1e-5)
