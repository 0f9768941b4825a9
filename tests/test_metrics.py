from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from keras import ops
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from skimage.metrics import peak_signal_noise_ratio

from wssl import metrics, perceptual
from wssl.records.fields import PER_IMAGE


@pytest.fixture
def case(rng):
    original = gaussian_filter(rng.random((4, 32, 32, 3)), (0, 1, 1, 0)).astype("float32")
    restored = np.clip(original + rng.normal(0, 0.05, original.shape), 0, 1).astype("float32")
    mask = rng.random((4, 32, 32)) < 0.4
    return original, restored, mask


def test_contract(case):
    values = metrics.evaluate(*case)
    assert tuple(sorted(values)) == tuple(sorted(metrics.NAMES))
    assert len(metrics.NAMES) == len(set(metrics.NAMES)) == 18
    assert set(PER_IMAGE) <= set(metrics.NAMES)
    assert all(v.shape == (4,) for v in values.values())
    for name, value in values.items():
        assert np.isfinite(value).all() == (perceptual.available() or "lpips" not in name), name


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
    for name in metrics.METRICS:
        np.testing.assert_allclose(composited[name], raw[f"{name}_raw"], rtol=1e-5)


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
    assert values["ms_ssim"] == pytest.approx(1)
    assert values["gmsd"] == 0


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
        (lambda o, r, m: (o, r[:, :-1], m), r"expected shapes.*received.* \(4, 31, 32, 3\)"),
        (lambda o, r, m: (o, r, m[:, :-1]), r"expected shapes.*received.* and \(4, 31, 32\)"),
        (lambda o, r, m: (o, r, m.astype(float)), "expected booleans"),
        (
            lambda o, r, m: (o[:, :10], r[:, :10], m[:, :10]),
            "at least 11 pixels, the window of SSIM; received 10 x 32",
        ),
        (
            lambda o, r, m: (o[:, :, :10], r[:, :, :10], m[:, :, :10]),
            "at least 11 pixels, the window of SSIM; received 32 x 10",
        ),
        (lambda o, r, m: (o * 255, r, m), r"original: expected values in \[0, 1\]"),
        (lambda o, r, m: (o, r / r.max() + 0.001, m), r"restored: expected values in \[0, 1\]"),
        (lambda o, r, m: (o, r - r.min() - 0.001, m), r"restored: expected values in \[0, 1\]"),
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


def pair(rng, height, width, noise=0.05):
    first = gaussian_filter(rng.random((height, width, 3)), (1.5, 1.5, 0)) * 2 - 0.5
    first = np.clip(first, 0, 1)
    second = np.clip(first + rng.normal(0, noise, first.shape), 0, 1)
    return first.astype("float32"), second.astype("float32")


def naive_ms_ssim(first, second, weights):
    """From the definition, with a window of two dimensions, a channel at a time."""
    y, x = np.mgrid[-5:6, -5:6]
    window = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    window /= window.sum()

    def local(image):
        return convolve2d(image, window, mode="valid")

    def halved(image):
        rows, columns = (-(-side // 2) for side in image.shape)
        halves = np.empty((rows, columns))
        for i in range(rows):
            for j in range(columns):
                # At an odd border the last pixel stands for the one that is missing.
                above, below = 2 * i, min(2 * i + 1, len(image) - 1)
                left, right = 2 * j, min(2 * j + 1, image.shape[1] - 1)
                corners = [(above, left), (above, right), (below, left), (below, right)]
                halves[i, j] = np.mean([image[corner] for corner in corners])
        return halves

    values = []
    for channel in range(3):
        a, b = (image[..., channel].astype(float) for image in (first, second))
        value = 1.0
        for scale, weight in enumerate(weights):
            ma, mb = local(a), local(b)
            va, vb, cov = local(a * a) - ma**2, local(b * b) - mb**2, local(a * b) - ma * mb
            term = (2 * cov + 9e-4) / (va + vb + 9e-4)
            if scale == len(weights) - 1:
                term = term * (2 * ma * mb + 1e-4) / (ma**2 + mb**2 + 1e-4)
            value *= max(term.mean(), 0) ** weight
            a, b = halved(a), halved(b)
        values.append(value)
    return np.mean(values)


@pytest.mark.parametrize(
    ("height", "width", "scales"),
    [(11, 40, 1), (21, 21, 1), (22, 30, 2), (32, 32, 2), (64, 64, 3), (45, 67, 3), (176, 178, 5)],
)
def test_ms_ssim_agrees_with_its_definition(rng, height, width, scales):
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    first, second = pair(rng, height, width)
    assert metrics.ms_ssim(first, second) == pytest.approx(
        naive_ms_ssim(first, second, weights / weights.sum()), rel=1e-9
    )


def test_ms_ssim_below_two_scales_is_ssim(rng):
    first, second = pair(rng, 20, 20)
    assert metrics.ms_ssim(first, second) == pytest.approx(metrics.ssim_map(first, second).mean())


def test_ms_ssim_takes_a_negative_term_for_nothing(rng):
    first = rng.random((64, 64, 3))
    first[..., 2] = 0.5
    inverted = 1 - first
    assert metrics.ssim_map(first[..., :2], inverted[..., :2]).mean() < 0
    assert metrics.ms_ssim(first[..., :2], inverted[..., :2]) == 0
    assert metrics.ms_ssim(first, inverted) == pytest.approx(1 / 3)


def reference_gmsd(first, second):
    """As the authors' program does it, on 8-bit values, but for the last division."""
    prewitt = np.array([[1, 0, -1]] * 3) / 3
    magnitudes = []
    for image in (first, second):
        red, green, blue = np.moveaxis(255 * image.astype(float), -1, 0)
        luminance = 0.299 * red + 0.587 * green + 0.114 * blue
        averaged = convolve2d(luminance, np.full((2, 2), 0.25))[1::2, 1::2]
        steps = [convolve2d(averaged, kernel, mode="same") for kernel in (prewitt, prewitt.T)]
        magnitudes.append(np.sqrt(steps[0] ** 2 + steps[1] ** 2))
    a, b = magnitudes
    return np.std((2 * a * b + 170) / (a**2 + b**2 + 170))


@pytest.mark.parametrize("size", [(64, 64), (32, 48), (33, 45), (11, 11)])
def test_gmsd_agrees_with_the_published_program(rng, size):
    first, second = pair(rng, *size)
    assert metrics.gmsd(first, second) == pytest.approx(reference_gmsd(first, second), rel=1e-9)


def test_gmsd_keeps_its_digits_where_images_are_almost_equal(rng):
    first = rng.random((32, 32, 3))
    step = 1e-8 * rng.normal(0, 1, first.shape)
    once, twice = (metrics.gmsd(first, first + factor * step) for factor in (1, 2))
    assert twice / once == pytest.approx(4, rel=1e-4)


@pytest.mark.parametrize("metric", [metrics.ms_ssim, metrics.gmsd])
def test_a_distance_is_symmetric_and_grows_with_noise(rng, metric):
    first, _ = pair(rng, 64, 64)
    noise = rng.normal(0, 1, first.shape)
    values = [metric(first, first + strength * noise) for strength in (0, 0.01, 0.03, 0.1, 0.3)]
    best = 1.0 if metric is metrics.ms_ssim else 0.0
    assert values[0] == pytest.approx(best, abs=1e-12)
    assert values == sorted(values, reverse=metric is metrics.ms_ssim)
    assert len(set(values)) == len(values)
    second = np.clip(first + 0.1 * noise, 0, 1)
    assert metric(first, second) == pytest.approx(metric(second, first), rel=1e-12)


def test_every_metric_says_how_to_read_it():
    assert set(metrics.METRICS) == {
        name.replace("_raw", "").replace("_hole", "") for name in metrics.NAMES
    }
    assert metrics.METRICS["psnr"].heading == "PSNR (dB)"
    assert metrics.METRICS["gmsd"].heading == "GMSD"


@pytest.mark.parametrize(
    ("name", "heading", "decimals", "higher_is_better", "has_hole"),
    [
        ("ssim", "SSIM", 4, True, True),
        ("psnr", "PSNR (dB)", 2, True, True),
        ("l1", "L1", 4, False, True),
        ("ms_ssim", "MS-SSIM", 4, True, False),
        ("gmsd", "GMSD", 4, False, False),
        ("st_lpips", "ST-LPIPS", 4, False, False),
    ],
)
def test_metrics_are_read_as_in_the_literature(name, heading, decimals, higher_is_better, has_hole):
    """Similarities and signal-to-noise ratios are better if higher; errors and distances, lower."""
    found = metrics.METRICS[name]
    assert (found.heading, found.decimals) == (heading, decimals)
    assert (found.higher_is_better, found.has_hole) == (higher_is_better, has_hole)
    with pytest.raises(FrozenInstanceError):
        found.decimals = 1


def test_values_from_0_to_1_and_sides_of_11_are_accepted():
    ends = np.zeros((1, 11, 11, 3)), np.ones((1, 11, 11, 3))
    values = metrics.evaluate(*ends, np.ones((1, 11, 11), bool))
    assert values["l1"] == values["l1_hole"] == 1
    assert values["psnr"] == 0
    assert values["ssim_hole"] == pytest.approx(1e-4 / (1 + 1e-4))


def test_the_direction_of_each_metric(case):
    original, restored, mask = case
    worse = np.clip(original + 3 * (restored - original), 0, 1)
    near, far = (metrics.summarize(metrics.evaluate(original, r, mask)) for r in (restored, worse))
    for name, metric in metrics.METRICS.items():
        if np.isfinite(near[name]):
            assert near[name] != far[name]
            assert (near[name] > far[name]) == metric.higher_is_better, name


def test_a_composite_needs_two_images_of_one_shape_and_their_mask(rng):
    original, mask = rng.random((2, 12, 12, 3)), rng.random((2, 12, 12)) < 0.4
    for restored in (original[:1], original[:, :11], original[..., :1]):
        with pytest.raises(ValueError, match=r"original, restored, mask: expected shapes"):
            metrics.composite(original, restored, mask)
    with pytest.raises(ValueError, match=r"original, restored, mask: expected shapes"):
        metrics.composite(original, original, mask[:1])
