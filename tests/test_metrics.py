import numpy as np
import pytest
from keras import ops
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio

from wssl import metrics


@pytest.fixture
def case(rng):
    original = gaussian_filter(rng.random((4, 32, 32, 3)), (0, 1, 1, 0)).astype("float32")
    restored = np.clip(original + rng.normal(0, 0.05, original.shape), 0, 1).astype("float32")
    mask = rng.random((4, 32, 32)) < 0.4
    return original, restored, mask


def test_contract(case):
    values = metrics.evaluate(*case)
    assert tuple(sorted(values)) == tuple(sorted(metrics.NAMES))
    assert len(metrics.NAMES) == 12
    assert all(v.shape == (4,) and np.isfinite(v).all() for v in values.values())


def test_whole_raw_agrees_with_keras_and_scikit_image(case):
    original, restored, _ = case
    values = metrics.evaluate(*case)
    np.testing.assert_allclose(
        values["ssim_raw"],
        ops.convert_to_numpy(ops.image.ssim(original, restored, max_val=1.0)),
        atol=1e-5,
    )
    expected = [
        peak_signal_noise_ratio(o, r, data_range=1.0)
        for o, r in zip(original, restored, strict=True)
    ]
    np.testing.assert_allclose(values["psnr_raw"], expected, rtol=1e-5)
    np.testing.assert_allclose(
        values["l1_raw"], np.abs(original - restored).mean(axis=(1, 2, 3)), rtol=1e-5
    )


def test_composited_is_the_metric_of_the_composite(case):
    original, restored, mask = case
    pasted = original.copy()
    pasted[mask] = restored[mask]
    composited, raw = metrics.evaluate(*case), metrics.evaluate(original, pasted, mask)
    for name in ("ssim", "psnr", "l1"):
        np.testing.assert_allclose(composited[name], raw[f"{name}_raw"])


def test_hole_and_whole_psnr_differ_by_the_coverage(case):
    values = metrics.evaluate(*case)
    coverage = case[2].mean(axis=(1, 2))
    np.testing.assert_allclose(
        values["psnr"], values["psnr_hole"] - 10 * np.log10(coverage), rtol=1e-6
    )
    np.testing.assert_allclose(values["l1"], values["l1_hole"] * coverage, rtol=1e-6)


def test_hole_errors_do_not_depend_on_the_known_pixels(case):
    values = metrics.evaluate(*case)
    for name in ("psnr", "l1"):
        np.testing.assert_array_equal(values[f"{name}_hole"], values[f"{name}_hole_raw"])


def test_a_perfect_result(case):
    original, _, mask = case
    values = metrics.summarize(metrics.evaluate(original, original, mask))
    assert values["ssim"] == pytest.approx(1)
    assert values["psnr_hole"] == 100
    assert values["l1"] == 0


def test_no_hole_is_undefined_not_wrong(case):
    original, restored, mask = case
    mask = mask.copy()
    mask[0] = False
    values = metrics.evaluate(original, restored, mask)
    assert np.isnan(values["psnr_hole"][0])
    assert np.isfinite(metrics.summarize(values)["psnr_hole"])


def test_psnr_is_per_image_not_of_the_batch(case):
    original, restored, mask = case
    restored = restored.copy()
    restored[0] = 1 - original[0]
    values = metrics.evaluate(original, restored, mask)
    of_the_batch = -10 * np.log10(((original - restored) ** 2).mean())
    assert abs(metrics.summarize(values)["psnr_raw"] - of_the_batch) > 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o, r, m: (o, r[:, :-1], m), "expected shapes"),
        (lambda o, r, m: (o, r, m.astype(float)), "expected booleans"),
        (lambda o, r, m: (o * 255, r, m), r"original: expected values in \[0, 1\]"),
        (lambda o, r, m: (o, r * np.nan, m), r"restored: expected values in \[0, 1\]"),
    ],
)
def test_bad_input(case, change, message):
    with pytest.raises(ValueError, match=message):
        metrics.evaluate(*change(*case))


def test_a_metric_that_no_image_defines_is_nan_without_a_warning(case):
    original, restored, mask = case
    edge = np.zeros_like(mask)
    edge[:, 0] = True
    values = metrics.summarize(metrics.evaluate(original, restored, edge))
    assert np.isnan(values["ssim_hole"])
    assert np.isfinite(values["psnr_hole"])
