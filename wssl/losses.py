"""Losses of the downstream task: log-cosh, SSIM, and the paper's mix of both.

Each takes ``y_true, y_pred : float (B, H, W, C) in [0, 1]`` and returns one value an image,
``float (B,)``. Source: Gupta et al., WSSL, section 3.3.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Tensor = Any


def ssim_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """One minus the structural similarity of two batches of images.

    The index is that of Wang et al. 2004 (doi:10.1109/TIP.2003.819861): 11 x 11 Gaussian window,
    sigma 1.5, data range 1, averaged over the positions where the window fits and over channels.
    The paper prints the formula without squares on the variances; this is the original one.

    Parameters
    ----------
    y_true, y_pred : float (B, H, W, C) in [0, 1]
        H and W at least 11.

    Returns
    -------
    float (B,) in [0, 2)
    """
    return 1.0 - ops.image.ssim(y_true, y_pred, max_val=1.0)


def log_cosh(y_true: Tensor, y_pred: Tensor, a: float = 1.0) -> Tensor:
    """The mean of ``log(cosh(a t)) / a`` over the pixels, where t is the error.

    On images in [0, 1] with ``a = 1`` it never leaves its quadratic regime: it is half the mean
    squared error, within 13 % at worst. It nears the mean absolute error as `a` grows.

    Parameters
    ----------
    y_true, y_pred : float (B, H, W, C) in [0, 1]
    a : float
        Positive; the paper prints the formula with it and gives no value.

    Returns
    -------
    float (B,), at least 0
    """
    _check_a(a)
    pointwise = keras.losses.log_cosh(a * y_true, a * y_pred) / a
    return ops.mean(pointwise, axis=(1, 2))


def mix(y_true: Tensor, y_pred: Tensor, alpha: float = 0.84, a: float = 1.0) -> Tensor:
    """The paper's loss: ``alpha * log_cosh + (1 - alpha) * ssim_loss``.

    Parameters
    ----------
    y_true, y_pred : float (B, H, W, C) in [0, 1]
    alpha : float in [0, 1]
        The share of log-cosh; the paper's value is 0.84.
    a : float
        As in `log_cosh`.

    Returns
    -------
    float (B,), at least 0
    """
    _check_alpha(alpha)
    return alpha * log_cosh(y_true, y_pred, a) + (1.0 - alpha) * ssim_loss(y_true, y_pred)


LOSSES: dict[str, Callable[..., Tensor]] = {
    "mix": mix,
    "log_cosh": lambda y_true, y_pred, alpha, a: log_cosh(y_true, y_pred, a),
    "ssim": lambda y_true, y_pred, alpha, a: ssim_loss(y_true, y_pred),
}
"""Every loss by name, called as ``loss(y_true, y_pred, alpha=..., a=...)``."""


def _check_alpha(alpha: float) -> None:
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha: expected a share in [0, 1]; received {alpha}.")


def _check_a(a: float) -> None:
    if not (a > 0.0 and math.isfinite(a)):
        raise ValueError(f"a: expected a positive, finite number; received {a}.")
