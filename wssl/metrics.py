"""How close a restored image is to the original: SSIM, PSNR and L1, an image at a time.

Each metric comes in four variants, always named: over the whole image or over the hole only
(``_hole``), of the composited result (known pixels from the original) or of the network's raw
output (``_raw``). A bare name means whole image, composited.
"""

import numpy as np
from skimage.metrics import structural_similarity

NAMES = tuple(
    f"{metric}{region}{output}"
    for metric in ("ssim", "psnr", "l1")
    for region in ("", "_hole")
    for output in ("", "_raw")
)
"""``ssim, ssim_raw, ssim_hole, ssim_hole_raw, psnr, ...``"""

_SMALLEST_MSE = 1e-10
_WINDOW_RADIUS = 5


def composite(original: np.ndarray, restored: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The restored pixels inside the hole, the original ones outside.

    Parameters
    ----------
    original, restored : (..., H, W, 3) ndarray
    mask : bool (..., H, W)
        True = hole.

    Returns
    -------
    (..., H, W, 3) ndarray
    """
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
        an image without a hole are NaN.

    Raises
    ------
    ValueError
        If shapes disagree, `mask` is not boolean or values leave [0, 1].
    """
    _check(original, restored, mask)
    rows: dict[str, list[float]] = {name: [] for name in NAMES}
    composited = composite(original, restored, mask)
    for i in range(len(original)):
        for suffix, output in (("", composited[i]), ("_raw", restored[i])):
            for name, value in _one(original[i], output, mask[i]).items():
                rows[name + suffix].append(value)
    return {name: np.array(values, dtype=np.float64) for name, values in rows.items()}


def summarize(per_image: dict[str, np.ndarray]) -> dict[str, float]:
    """The mean of each metric over the images where it is defined; NaN where it is nowhere.

    Parameters
    ----------
    per_image : dict of str to float (N,)
        What `evaluate` returned; NaN where an image does not define a metric.
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
    """
    _, full = structural_similarity(
        first.astype(np.float64),
        second.astype(np.float64),
        data_range=1.0,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    r = _WINDOW_RADIUS
    return full[r:-r, r:-r].mean(axis=-1)


def psnr(mean_squared_error: np.ndarray | float) -> np.ndarray | float:
    """Peak signal-to-noise ratio in dB of a mean squared error on data in [0, 1].

    Parameters
    ----------
    mean_squared_error : float or float (N,)
        At least 0; of 0 the ratio is great, but finite.
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
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _check(original: np.ndarray, restored: np.ndarray, mask: np.ndarray) -> None:
    if original.shape != restored.shape or original.shape[:3] != mask.shape:
        raise ValueError(
            "original, restored, mask: expected shapes (N, H, W, 3), (N, H, W, 3) and (N, H, W); "
            f"received {original.shape}, {restored.shape} and {mask.shape}."
        )
    if mask.dtype != bool:
        raise ValueError(f"mask: expected booleans, True = hole; received {mask.dtype}.")
    for name, images in (("original", original), ("restored", restored)):
        if not (images.min() >= 0.0 and images.max() <= 1.0):
            raise ValueError(
                f"{name}: expected values in [0, 1]; received [{images.min()}, {images.max()}]. "
                "Divide 8-bit images by 255."
            )
