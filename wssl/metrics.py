"""Metrics of restored images against the originals, one image at a time.

SSIM, PSNR and L1 come in four variants, always named: over the whole image or over the hole only
(``_hole``), of the composited result (known pixels from the original) or of the network's raw
output (``_raw``). A bare name means whole image, composited. MS-SSIM, GMSD and ST-LPIPS compare
more than a pixel's neighbourhood and so have no hole-only variant.

Images are arrays, tensors or nested lists of any floating-point type; metrics are computed in
float64, ST-LPIPS in float32.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import correlate1d, gaussian_filter

from wssl import perceptual
from wssl.checks.arrays import check_alike, check_images


@dataclass(frozen=True)
class Metric:
    """The printed form of a metric, and the direction in which it improves.

    Attributes
    ----------
    title : str
        As the literature writes it.
    unit : str
        Empty where the metric has none.
    decimals : int
        How many are printed.
    higher_is_better : bool
    has_hole : bool
        Whether it is also taken over the hole only.
    """

    title: str
    unit: str
    decimals: int
    higher_is_better: bool
    has_hole: bool

    @property
    def heading(self) -> str:
        """The title with the unit, such as ``PSNR (dB)``."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


METRICS = {
    "ssim": Metric("SSIM", "", 4, higher_is_better=True, has_hole=True),
    "psnr": Metric("PSNR", "dB", 2, higher_is_better=True, has_hole=True),
    "l1": Metric("L1", "", 4, higher_is_better=False, has_hole=True),
    "ms_ssim": Metric("MS-SSIM", "", 4, higher_is_better=True, has_hole=False),
    "gmsd": Metric("GMSD", "", 4, higher_is_better=False, has_hole=False),
    "st_lpips": Metric("ST-LPIPS", "", 4, higher_is_better=False, has_hole=False),
}
"""Every metric by its name in a record, without the name of a variant."""

NAMES = tuple(
    f"{name}{region}{output}"
    for name, metric in METRICS.items()
    for region in (("", "_hole") if metric.has_hole else ("",))
    for output in ("", "_raw")
)
"""``ssim, ssim_raw, ssim_hole, ssim_hole_raw, psnr, ...``"""

MS_SSIM_WEIGHTS = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333
"""Exponents of the five scales, the finest first; Wang et al. 2003 measured them with people."""

_SMALLEST_MSE = 1e-10
_WINDOW_RADIUS = 5
_WINDOW = 2 * _WINDOW_RADIUS + 1
_WINDOW_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2
_LUMA = 0.299, 0.587, 0.114
_GMSD_CONSTANT = 170 / 255**2


def composite(original: np.ndarray, restored: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The restored pixels inside the hole, the original ones outside.

    Parameters
    ----------
    original, restored : (..., H, W, 3)
    mask : bool (..., H, W)
        True = hole.

    Returns
    -------
    (..., H, W, 3) ndarray

    Raises
    ------
    ValueError
        If shapes disagree or `mask` is not boolean.

    Examples
    --------
    >>> original, restored = np.zeros((2, 2, 3)), np.ones((2, 2, 3))
    >>> mask = np.array([[True, False], [False, False]])
    >>> composite(original, restored, mask)[..., 0]
    array([[1., 0.],
           [0., 0.]])
    """
    original, restored, mask = (np.asarray(one) for one in (original, restored, mask))
    if original.shape != restored.shape or original.shape[:-1] != mask.shape:
        raise ValueError(
            "original, restored, mask: expected shapes (..., H, W, 3), (..., H, W, 3) and "
            f"(..., H, W); received {original.shape}, {restored.shape} and {mask.shape}."
        )
    _check_mask(mask)
    return np.where(mask[..., None], restored, original)


def evaluate(original: np.ndarray, restored: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
    """Every metric of every image.

    Parameters
    ----------
    original, restored : float (N, H, W, 3) in [0, 1]
        H and W at least 11.
    mask : bool (N, H, W)
        True = hole.

    Returns
    -------
    dict of str to float (N,)
        Keys are `NAMES`. SSIM as Wang et al. 2004 (doi:10.1109/TIP.2003.819861) define it, 11 x 11
        Gaussian window of sigma 1.5, data range 1; its hole variant averages the map over the hole
        pixels at which the window fits (NaN if there is none). PSNR in dB, from the mean squared
        error of that image, at most 100. L1 is the mean absolute error in [0, 1]. Hole variants of
        an image without a hole are NaN. MS-SSIM is `ms_ssim`, GMSD `gmsd`, and ST-LPIPS
        `wssl.perceptual.st_lpips`, which is NaN where its weights are not installed.

    Raises
    ------
    ValueError
        If shapes disagree, a side is shorter than 11 pixels, `mask` is not boolean or values leave
        [0, 1].

    Examples
    --------
    An error of 0.1 in a hole that covers a quarter of the image:

    >>> original = np.full((1, 32, 32, 3), 0.5)
    >>> mask = np.zeros((1, 32, 32), bool)
    >>> mask[:, 8:24, 8:24] = True
    >>> found = evaluate(original, original + 0.1, mask)
    >>> for name in ("psnr", "psnr_hole", "psnr_raw", "l1"):
    ...     print(f"{name} {found[name][0]:.3f}")
    psnr 26.021
    psnr_hole 20.000
    psnr_raw 20.000
    l1 0.025
    """
    original, restored, mask = _checked(original, restored, mask)
    rows: dict[str, list[float]] = {name: [] for name in NAMES}
    composited = composite(original, restored, mask)
    for i in range(len(original)):
        for suffix, output in (("", composited[i]), ("_raw", restored[i])):
            for name, value in _one(original[i], output, mask[i]).items():
                rows[name + suffix].append(value)
    distances = perceptual.st_lpips(original, composited, restored)
    rows["st_lpips"], rows["st_lpips_raw"] = distances.tolist()
    return {name: np.array(values, dtype=np.float64) for name, values in rows.items()}


def summarize(per_image: dict[str, np.ndarray]) -> dict[str, float]:
    """The mean of each metric over the images for which it is defined; NaN if there are none.

    Parameters
    ----------
    per_image : dict of str to float (N,)
        What `evaluate` returned; NaN where an image does not define a metric.

    Examples
    --------
    >>> nan = float("nan")
    >>> summarize({"psnr": np.array([20.0, 30.0]), "psnr_hole": np.array([15.0, nan])})
    {'psnr': 25.0, 'psnr_hole': 15.0}
    """
    return {name: _mean(values[~np.isnan(values)]) for name, values in per_image.items()}


def ssim_map(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """SSIM at each position where the 11 x 11 window fits, averaged over channels.

    Parameters
    ----------
    first, second : float (H, W, 3) in [0, 1]

    Returns
    -------
    float (H - 10, W - 10)
        Its mean is the SSIM of the image.

    Examples
    --------
    >>> image = np.zeros((32, 40, 3))
    >>> found = ssim_map(image, image)
    >>> found.shape, float(found.mean())
    ((22, 30), 1.0)
    """
    _check_two(first, second, _WINDOW)
    luminance, contrast_structure = _ssim_terms(_double(first), _double(second))
    return (luminance * contrast_structure).mean(axis=-1)


def ms_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Multi-scale SSIM of two images (doi:10.1109/ACSSC.2003.1292216).

    Contrast and structure are compared at each scale, luminance at the coarsest; from scale to
    scale, 2 x 2 blocks are averaged (an odd last row or column is repeated). There are as many
    scales, up to five, as leave the shorter side of the image, divided by 2 for each, at least as
    long as the 11-pixel window: five from 176 pixels on, four from 88, three from 44 (the study's
    64 pixels), two from 22, and one, which is SSIM, below. With fewer than five the finest of the
    published exponents, `MS_SSIM_WEIGHTS`, are divided by their sum, so that values of images of
    different sizes are not on one scale.

    The mean of a term over an image can be negative, where its power is not a real number. It
    counts as 0 then, as in the implementations of TensorFlow and pytorch-msssim. Each channel has
    a product of its own; their mean is returned, as there.

    Parameters
    ----------
    first, second : float (H, W, 3) in [0, 1]
        H and W at least 11.

    Returns
    -------
    float
        In [0, 1]; 1 for equal images.

    Examples
    --------
    >>> image = np.zeros((64, 64, 3))
    >>> image[::2] = 1.0
    >>> ms_ssim(image, image), ms_ssim(image, 1 - image)
    (1.0, 0.0)
    """
    _check_two(first, second, _WINDOW)
    first, second = _double(first), _double(second)
    fitting = int(np.log2(min(first.shape[:2]) / _WINDOW)) + 1
    weights = np.array(MS_SSIM_WEIGHTS[:fitting])
    weights /= weights.sum()
    product = np.ones(first.shape[-1])
    for scale, weight in enumerate(weights):
        if scale:
            first, second = _halved(first, "symmetric"), _halved(second, "symmetric")
        luminance, term = _ssim_terms(first, second)
        if scale == len(weights) - 1:
            term = luminance * term
        product *= np.maximum(term.mean(axis=(0, 1)), 0.0) ** weight
    return float(product.mean())


def gmsd(first: np.ndarray, second: np.ndarray) -> float:
    """Gradient magnitude similarity deviation of two images (doi:10.1109/TIP.2013.2293423).

    The luminance (Rec. 601) is averaged over 2 x 2 blocks, its gradient taken with Prewitt's
    filters, and the similarity of the two gradient magnitudes computed at each pixel, with the
    published constant 170 of 8-bit values brought to the range [0, 1]; the result is the standard
    deviation of the similarity over the image. Beyond the border everything is 0, as in the
    authors' program. The deviation divides by the number of pixels, as their paper defines it;
    their program divides by one less, which gives 0.05 % more at 64 pixels.

    Parameters
    ----------
    first, second : float (H, W, 3) in [0, 1]

    Returns
    -------
    float
        0 for equal images; at most 0.5.

    Examples
    --------
    >>> image = np.zeros((64, 64, 3))
    >>> image[:, 20:40] = 1.0
    >>> print(f"{gmsd(image, image):.3f} {gmsd(image, 0.5 * image):.3f}")
    0.000 0.069
    """
    _check_two(first, second)
    a, b = (
        _gradient_magnitude(_halved(_double(image) @ np.array(_LUMA), "constant"))
        for image in (first, second)
    )
    # One minus the similarity has the same deviation, and keeps its digits for equal images.
    return float(np.std((a - b) ** 2 / (a**2 + b**2 + _GMSD_CONSTANT)))


def psnr(mean_squared_error: np.ndarray | float) -> np.ndarray | float:
    """Peak signal-to-noise ratio in dB of a mean squared error on data in [0, 1].

    Parameters
    ----------
    mean_squared_error : float or float (N,)
        At least 0; for 0 the ratio is large, but finite.

    Examples
    --------
    >>> psnr(np.array([0.1, 0.01]))
    array([10., 20.])
    """
    return -10.0 * np.log10(np.maximum(mean_squared_error, _SMALLEST_MSE))


def _one(original: np.ndarray, output: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    similarity = ssim_map(original, output)
    r = _WINDOW_RADIUS
    inner = mask[r:-r, r:-r]
    error = output.astype(np.float64) - original
    squared, absolute = np.mean(error**2, axis=-1), np.mean(np.abs(error), axis=-1)
    return {
        "ssim": float(similarity.mean()),
        "ssim_hole": _mean(similarity[inner]),
        "psnr": float(psnr(squared.mean())),
        "psnr_hole": float(psnr(_mean(squared[mask]))),
        "l1": float(absolute.mean()),
        "l1_hole": _mean(absolute[mask]),
        "ms_ssim": ms_ssim(original, output),
        "gmsd": gmsd(original, output),
    }


def _double(image: np.ndarray) -> np.ndarray:
    return np.asarray(image).astype(np.float64)


def _ssim_terms(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luminance and contrast-structure of each channel where the window fits: (H-10, W-10, C)."""
    moments = np.stack([first, second, first * first, second * second, first * second])
    r = _WINDOW_RADIUS
    local = gaussian_filter(moments, _WINDOW_SIGMA, radius=r, axes=(1, 2))[:, r:-r, r:-r]
    m1, m2, square1, square2, product = local
    variances = (square1 - m1**2) + (square2 - m2**2)
    covariance = product - m1 * m2
    luminance = (2 * m1 * m2 + _C1) / (m1**2 + m2**2 + _C1)
    return luminance, (2 * covariance + _C2) / (variances + _C2)


def _halved(image: np.ndarray, border: str) -> np.ndarray:
    """The mean of each 2 x 2 block; a border of one pixel completes odd sides."""
    odd = [(0, side % 2) for side in image.shape[:2]] + [(0, 0)] * (image.ndim - 2)
    padded = np.pad(image, odd, mode=border)  # type: ignore[call-overload]
    return (padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]) / 4


def _gradient_magnitude(image: np.ndarray) -> np.ndarray:
    """Of Prewitt's filters with a third at each tap: float (H, W)."""
    smooth, difference = np.full(3, 1 / 3), np.array([1.0, 0.0, -1.0])
    parts = [
        correlate1d(
            correlate1d(image, difference, axis=axis, mode="constant"),
            smooth,
            axis=1 - axis,
            mode="constant",
        )
        for axis in (0, 1)
    ]
    return np.hypot(*parts)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _check_mask(mask: np.ndarray) -> None:
    if mask.dtype != bool:
        raise ValueError(f"mask: expected booleans, True = hole; received {mask.dtype}.")


def _check_two(first: np.ndarray, second: np.ndarray, least: int = 1) -> None:
    named = {"first": first, "second": second}
    shapes = [
        check_images(name, image, "HWC", least, "the window of SSIM")
        for name, image in named.items()
    ]
    check_alike(", ".join(named), *shapes)


def _checked(
    original: np.ndarray, restored: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three as arrays, after the checks."""
    for name, images in (("original", original), ("restored", restored)):
        check_images(name, images)
    original, restored, mask = (np.asarray(one) for one in (original, restored, mask))
    if original.shape != restored.shape or original.shape[:3] != mask.shape:
        raise ValueError(
            "original, restored, mask: expected shapes (N, H, W, 3), (N, H, W, 3) and (N, H, W); "
            f"received {original.shape}, {restored.shape} and {mask.shape}."
        )
    if min(original.shape[1:3]) < _WINDOW:
        raise ValueError(
            f"original, restored: expected sides of at least {_WINDOW} pixels, the window of SSIM; "
            f"received {original.shape[1]} x {original.shape[2]}."
        )
    _check_mask(mask)
    for name, images in (("original", original), ("restored", restored)):
        if not (images.min() >= 0.0 and images.max() <= 1.0):
            raise ValueError(
                f"{name}: expected values in [0, 1]; received [{images.min()}, {images.max()}]. "
                "Divide 8-bit images by 255."
            )
    return original, restored, mask
