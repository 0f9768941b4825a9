"""Classical fills, measured in many ways: against scikit-image, Keras and plain loops."""

import json

import numpy as np
import pytest
from keras import ops
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from wssl import data, metrics
from wssl.claims import plane
from wssl.records.store import Store
from wssl.study import protocols
from wssl.study.protocols import RESIZINGS, Setting, hole_masks, measure


@pytest.fixture
def pair(rng):
    """An image of 48 px, the same with a hole that was filled wrongly, and the hole."""
    original = gaussian_filter(rng.random((48, 48, 3)), (2, 2, 0))
    original = (original - original.min()) / np.ptp(original)
    hole = rng.random((48, 48)) < 0.4
    wrong = np.clip(original + rng.normal(0, 0.1, original.shape), 0, 1)
    return original, np.where(hole[..., None], wrong, original), hole


def scikit_image(first, second, **options):
    return structural_similarity(first, second, channel_axis=-1, **options)


GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def test_ssim_in_every_way_agrees_with_scikit_image(pair):
    original, result, _ = pair
    found = measure(*pair)
    expected = {
        "ssim": scikit_image(original, result, data_range=1, **GAUSSIAN),
        "ssim_range_2": scikit_image(original, result, data_range=2, **GAUSSIAN),
        "ssim_range_255": scikit_image(original, result, data_range=255, **GAUSSIAN),
        "ssim_range_1_of_255": scikit_image(255 * original, 255 * result, data_range=1, **GAUSSIAN),
        "ssim_signed": scikit_image(2 * original - 1, 2 * result - 1, data_range=2, **GAUSSIAN),
        "ssim_signed_range_1": scikit_image(
            2 * original - 1, 2 * result - 1, data_range=1, **GAUSSIAN
        ),
        "ssim_sample": scikit_image(
            original, result, data_range=1, **{**GAUSSIAN, "use_sample_covariance": True}
        ),
        "ssim_uniform_7": scikit_image(original, result, data_range=1),
        "ssim_uniform_7_range_2": scikit_image(original, result, data_range=2),
        **{
            f"ssim_uniform_{side}": scikit_image(original, result, data_range=1, win_size=side)
            for side in (3, 11, 21, 41)
        },
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)


def test_the_studys_own_measures_are_among_them(pair):
    original, result, hole = (value[None] for value in pair)
    own = metrics.evaluate(original, result, hole)
    found = measure(*pair)
    for name in ("psnr", "psnr_hole", "ssim", "ms_ssim"):
        assert found[name] == pytest.approx(own[name][0], abs=1e-9)


def test_psnr_in_every_way_agrees_with_scikit_image(pair):
    original, result, hole = pair
    found = measure(*pair)
    grey = [image @ np.array([0.299, 0.587, 0.114]) for image in (original, result)]
    expected = {
        "psnr": peak_signal_noise_ratio(original, result, data_range=1),
        "psnr_range_2": peak_signal_noise_ratio(original, result, data_range=2),
        "psnr_grey": peak_signal_noise_ratio(*grey, data_range=1),
        "psnr_hole": peak_signal_noise_ratio(original[hole], result[hole], data_range=1),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)


def test_zeros_around_the_image_are_what_keras_would_see(pair):
    """SSIM of images that were padded with zeros, at the positions of their own pixels."""
    original, result, _ = (np.pad(v, ((5, 5), (5, 5), (0, 0))) for v in (*pair[:2], pair[0]))
    keras = ops.image.ssim(*(v[None].astype("float32") for v in (original, result)), max_val=1.0)
    found = measure(*pair)["ssim_padded"]
    assert found == pytest.approx(float(ops.convert_to_numpy(keras)[0]), abs=1e-4)


def test_one_window_and_standard_deviations_by_hand(pair):
    def formula(x, y, spread):
        c1, c2 = 0.01**2, 0.03**2
        covariance = np.mean((x - x.mean()) * (y - y.mean()))
        luminance = (2 * x.mean() * y.mean() + c1) / (x.mean() ** 2 + y.mean() ** 2 + c1)
        return luminance * (2 * covariance + c2) / (spread(x) + spread(y) + c2)

    channels = [[image[..., c] for image in pair[:2]] for c in range(3)]
    whole = np.mean([formula(x, y, np.var) for x, y in channels])
    assert measure(*pair)["ssim_whole"] == pytest.approx(whole)
    found = protocols.moments(*pair[:2], lambda image: image.mean(axis=(0, 1), keepdims=True))
    expected = np.mean([formula(x, y, np.std) for x, y in channels])
    assert protocols.similarity(found.deviations()) == pytest.approx(expected)


def test_overflowing_differences_by_hand():
    original, result = np.zeros((48, 48, 3)), np.full((48, 48, 3), 20 / 255)
    hole = np.ones((48, 48), bool)
    found = measure(original, result, hole)
    assert found["psnr_wrapped"] == pytest.approx(10 * np.log10(255**2 / (400 - 256)))
    assert found["psnr"] == pytest.approx(20 * np.log10(255 / 20))


def test_every_measure_is_named_in_the_book(pair):
    assert set(measure(*pair)) == {*plane.SSIM, *plane.PSNR} - {"psnr_pooled"}


def test_equal_images_are_alike_in_every_way(pair):
    found = measure(pair[0], pair[0], pair[2])
    for name, value in found.items():
        if name.startswith("psnr"):
            assert value >= 100
        elif name != "ssim_deviations":
            assert value == pytest.approx(1)


def test_masks_that_are_resized_in_another_way():
    found = {
        resizing: hole_masks(Setting("synthetic", "synthetic", resizing=resizing, size=64), 3)
        for resizing in RESIZINGS
    }
    for resizing, (holes, weights) in found.items():
        assert holes.shape == weights.shape == (3, 64, 64)
        assert holes.dtype == bool
        if resizing == "soft":
            assert ((weights > 0) == holes).all()
            assert ((weights > 0) & (weights < 1)).any()
        else:
            np.testing.assert_array_equal(weights, holes)
    whole, half, touched = (found[name][0] for name in ("all", "half", "any"))
    assert (whole <= half).all()
    assert (half <= touched).all()
    assert whole.mean() < half.mean() < touched.mean()
    large = data.masks("synthetic", 3, 512, 0, split="test")
    np.testing.assert_array_equal(found["cut"][0], large[:, 224:288, 224:288])
    assert found["soft"][1].mean() == pytest.approx(large.mean(), abs=0.01)
    np.testing.assert_array_equal(
        found["nearest"][0], data.masks("synthetic", 3, 64, 0, split="test")
    )


def test_a_record_is_made_once_and_can_be_computed_again(tmp_path, monkeypatch):
    store = Store(tmp_path)
    setting = Setting("synthetic", "synthetic", size=64, count=2)
    record = protocols.run(setting, store)
    assert json.loads(store.path(setting.fingerprint).read_text()) == record
    originals = data.images("synthetic", "test", 73, 2)[:, 4:68, 4:68] / 255
    holes = data.masks("synthetic", 2, 64, 0, split="test")
    filled = [
        protocols.METHODS["biharmonic"].fill(*case) for case in zip(originals, holes, strict=True)
    ]
    own = metrics.evaluate(originals, np.stack(filled), holes)
    for name in ("psnr", "ssim", "psnr_hole"):
        assert record["images"][name] == pytest.approx(own[name], abs=1e-4)
        assert record["metrics"][name] == pytest.approx(own[name].mean(), abs=1e-4)
    monkeypatch.setattr(protocols, "measure", None)
    assert protocols.run(setting, store) == record


def test_whatever_determines_a_record_is_in_its_fingerprint():
    settings = [
        Setting("synthetic", "synthetic"),
        Setting("photos", "synthetic"),
        Setting("synthetic", "quickdraw"),
        Setting("synthetic", "synthetic", recipe="fine"),
        Setting("synthetic", "synthetic", coverage=(0.2, 0.5)),
        Setting("synthetic", "synthetic", fill="telea"),
        Setting("synthetic", "synthetic", resizing="soft"),
        Setting("synthetic", "synthetic", size=64),
        Setting("synthetic", "synthetic", count=60),
    ]
    assert len({setting.fingerprint for setting in settings}) == len(settings)


@pytest.mark.parametrize(
    ("field", "value", "nearest"),
    [("recipe", "thik", "thick"), ("fill", "tela", "telea"), ("resizing", "sft", "soft")],
)
def test_an_unknown_name_suggests_the_nearest(field, value, nearest):
    with pytest.raises(ValueError, match=f"Did you mean '{nearest}'"):
        Setting("synthetic", "synthetic", **{field: value})


def test_the_presets_choose_images_and_strokes():
    groups = protocols.settings("synthetic", "auto", "smoke")
    assert {s.masks for group in groups.values() for s in group} == {"synthetic"}
    assert {(s.size, s.count) for group in groups.values() for s in group} == {(64, 2)}
    assert protocols.settings("synthetic", "auto", "smoke:1") == groups
    groups = protocols.settings("open-faces-2", "auto", "desktop")
    assert {s.masks for group in groups.values() for s in group} == {"quickdraw"}
    assert {s.size for group in groups.values() for s in group} == {224}
    assert {s.count for s in groups["fills"]} == {None}
    with pytest.raises(ValueError, match="Did you mean 'quick'"):
        protocols.settings(preset="quik")


def test_the_command_makes_every_record_once(tmp_path, monkeypatch, capsys):
    few = {"fills": [Setting("synthetic", "synthetic", size=64, count=1)]}
    monkeypatch.setattr(protocols, "settings", lambda *_: few)
    for _ in range(2):
        protocols.main(["--preset", "smoke"])
        assert capsys.readouterr().out.startswith("1 records, made in ")
    assert len(list((tmp_path / "results" / "classical").glob("*.json"))) == 1


def test_the_command_names_what_it_does_not_know():
    with pytest.raises(SystemExit, match="error: preset: expected .*'smok'"):
        protocols.main(["--preset", "smok"])
