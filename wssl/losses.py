"""Losses of the downstream task: log-cosh, SSIM, and the paper's mix of both.

Each takes ``y_true, y_pred : float (B, H, W, C) in [0, 1]``, arrays, tensors or nested lists of any
floating-point type, computes in float32, and returns one value per image, ``float32 (B,)``. Images
of another type, of different shapes, or smaller than the window of SSIM raise a ValueError. Source:
Gupta et al., WSSL, section 3.3.
"""

import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from wssl.checks.arrays import check_alike, check_images
from wssl.checks.names import Registry
from wssl.machine.backend import as_float32, keras, ops
from wssl.paper import ALPHA, LOG_COSH_SCALE

Tensor = Any

_C1, _C2 = 0.01**2, 0.03**2
_WINDOW = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
_WINDOW = (_WINDOW / _WINDOW.sum()).astype("float32")


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

    Notes
    -----
    ``keras.ops.image.ssim`` gives the same values with a two-dimensional window of 121 weights on
    each of five products. Here the window is separable and applied to four products in one pass,
    which makes the training step of the inpainting phase about a fifth faster (``make bench``).

    Examples
    --------
    >>> image = np.zeros((1, 32, 32, 3), "float32")
    >>> image[:, 8:24, 8:24] = 1.0
    >>> abs(float(ssim_loss(image, image)[0])) < 1e-4
    True
    >>> print(f"{float(ssim_loss(image, 1 - image)[0]):.2f}")
    1.33
    """
    y_true, y_pred = _pair(y_true, y_pred, len(_WINDOW))
    moments = _windowed_means(
        ops.concatenate([y_true, y_pred, y_true**2 + y_pred**2, y_true * y_pred], axis=-1)
    )
    mean_true, mean_pred, squares, product = ops.split(moments, 4, axis=-1)
    means = 2.0 * mean_true * mean_pred
    square_means = mean_true**2 + mean_pred**2
    luminance = (means + _C1) / (square_means + _C1)
    contrast_structure = (2.0 * product - means + _C2) / (squares - square_means + _C2)
    return 1.0 - ops.mean(luminance * contrast_structure, axis=(1, 2, 3))


def log_cosh(y_true: Tensor, y_pred: Tensor, a: float = LOG_COSH_SCALE) -> Tensor:
    """The mean of ``log(cosh(a t)) / a`` over the pixels, where t is the error.

    On images in [0, 1] with ``a = 1`` it never leaves its quadratic regime: it is half the mean
    squared error, within 14 %. It nears the mean absolute error as `a` grows.

    Parameters
    ----------
    y_true, y_pred : float (B, H, W, C) in [0, 1]
    a : float
        Positive; the paper prints the formula with it and gives no value.

    Returns
    -------
    float (B,), at least 0

    Examples
    --------
    >>> image = np.full((1, 16, 16, 3), 0.5, "float32")
    >>> print(f"{float(log_cosh(image, image + 0.2)[0]):.4f}")
    0.0199
    >>> print(f"{float(log_cosh(image, image + 0.2, a=1000.0)[0]):.4f}")
    0.1993
    """
    check_a(a)
    y_true, y_pred = _pair(y_true, y_pred)
    size = ops.abs(a * (y_pred - y_true))
    # log(cosh(t)) = log1p((exp(t) - 1)^2 / (2 exp(t))) has no difference of nearly equal numbers;
    # beyond 20 it is linear to within float32. At 20 itself `minimum` would halve JAX's gradient.
    growth = ops.expm1(ops.where(size <= 20.0, size, 20.0))
    pointwise = ops.log1p(growth * (growth / (2.0 * (1.0 + growth)))) + ops.relu(size - 20.0)
    return ops.mean(pointwise, axis=(1, 2, 3)) / a


def mix(y_true: Tensor, y_pred: Tensor, alpha: float = ALPHA, a: float = LOG_COSH_SCALE) -> Tensor:
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

    Examples
    --------
    >>> image = np.full((1, 16, 16, 3), 0.5, "float32")
    >>> both = [float(loss(image, image + 0.2)[0]) for loss in (log_cosh, ssim_loss)]
    >>> abs(float(mix(image, image + 0.2)[0]) - (0.84 * both[0] + 0.16 * both[1])) < 1e-6
    True
    """
    check_alpha(alpha)
    y_true, y_pred = _pair(y_true, y_pred, len(_WINDOW))
    return alpha * log_cosh(y_true, y_pred, a) + (1.0 - alpha) * ssim_loss(y_true, y_pred)


def mse(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The mean squared error; about twice log-cosh on images in [0, 1].

    Parameters
    ----------
    y_true, y_pred : float (B, H, W, C) in [0, 1]

    Returns
    -------
    float (B,), at least 0

    Examples
    --------
    >>> image = np.full((1, 16, 16, 3), 0.5, "float32")
    >>> print(f"{float(mse(image, image + 0.2)[0]):.3f}")
    0.040
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return ops.mean((y_true - y_pred) ** 2, axis=(1, 2, 3))


def l1(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The mean absolute error.

    Parameters
    ----------
    y_true, y_pred : float (B, H, W, C) in [0, 1]

    Returns
    -------
    float (B,), at least 0

    Examples
    --------
    >>> image = np.full((1, 16, 16, 3), 0.5, "float32")
    >>> print(f"{float(l1(image, image + 0.2)[0]):.3f}")
    0.200
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=(1, 2, 3))


LOSSES: Registry[Callable[..., Tensor]] = Registry(
    {
        "mix": mix,
        "log_cosh": log_cosh,
        "ssim": ssim_loss,
        "mse": mse,
        "l1": l1,
    }
)
"""Every loss by name: a function of two batches of images and of keyword arguments.

The keyword arguments are the settings ``alpha`` and ``a`` of an experiment, or either, or none.
"""


def check_returned(name: str, loss: Callable[[Tensor, Tensor], Tensor], size: int) -> None:
    """Call a loss once on two images and check that it returns a value for each.

    A scalar would train without an error, but a sum over the batch would depend on its size.

    Parameters
    ----------
    name : str
        In `LOSSES`; named by the error.
    loss : callable
        As from `bind`.
    size : int
        Side of the images in pixels.

    Raises
    ------
    ValueError
        If it returns another shape than (2,).
    """
    images = np.random.default_rng(0).random((2, 2, size, size, 3), dtype=np.float32)
    pair = map(ops.convert_to_tensor, images)
    shape = tuple(np.shape(ops.convert_to_numpy(loss(*pair))))
    if shape != (2,):
        raise ValueError(
            f"loss: expected one value per image from {name!r}, float (2,) for two images; "
            f"received the shape {shape}. Take the mean over each image only, such as "
            "ops.mean(errors, axis=(1, 2, 3))."
        )


def bind(loss: Callable[..., Tensor], **settings: Any) -> "partial[Tensor]":
    """A loss as a function of two batches of images alone, its settings fixed.

    Parameters
    ----------
    loss : callable
        Such as one of `LOSSES`.
    **settings
        ``alpha`` and ``a``; those that the loss does not take are ignored.

    Returns
    -------
    functools.partial
        ``(y_true, y_pred) -> float (B,)``, with the settings that the loss takes as ``keywords``.

    Raises
    ------
    ValueError
        If the loss takes anything else that has no default.

    Examples
    --------
    >>> bind(mix, alpha=0.5, a=1.0).keywords
    {'alpha': 0.5, 'a': 1.0}
    >>> bind(mse, alpha=0.5, a=1.0).keywords
    {}
    """
    parameters = inspect.signature(loss).parameters.values()
    taken = {p.name: settings[p.name] for p in list(parameters)[2:] if p.name in settings}
    bound = partial(loss, **taken)
    try:
        inspect.signature(bound).bind(None, None)
    except TypeError as error:
        raise ValueError(
            "loss: expected a function of y_true, y_pred and, by name, any of "
            f"{', '.join(settings)}; received one with the parameters "
            f"{', '.join(p.name for p in parameters)} ({error})."
        ) from None
    return bound


def terms(y_true: Tensor, y_pred: Tensor) -> dict[str, np.ndarray]:
    """The two terms of the mixed loss, unweighted, and the norms of their gradients.

    Parameters
    ----------
    y_true, y_pred : float (B, H, W, C) in [0, 1]

    Returns
    -------
    dict of str to float ndarray (B,)
        ``log_cosh`` and ``ssim``, the values, and ``gradient_log_cosh`` and ``gradient_ssim``, the
        Euclidean norms of their gradients with respect to `y_pred`. Multiplied by ``alpha`` and ``1
        - alpha``, they are the contributions of the terms to the mix.

    Examples
    --------
    >>> image = np.full((1, 16, 16, 3), 0.5, "float32")
    >>> found = terms(image, image + 0.2)
    >>> sorted(found)
    ['gradient_log_cosh', 'gradient_ssim', 'log_cosh', 'ssim']
    >>> print(f"{found['log_cosh'][0]:.4f}")
    0.0199
    """
    y_true, y_pred = map(np.asarray, _pair(y_true, y_pred, len(_WINDOW)))
    found = {}
    for name, loss in (("log_cosh", log_cosh), ("ssim", ssim_loss)):
        found[name] = ops.convert_to_numpy(loss(y_true, y_pred))
        slopes = gradient(loss, y_true, y_pred)
        found[f"gradient_{name}"] = np.sqrt((slopes**2).sum(axis=(1, 2, 3)))
    return found


def gradient(loss: Callable[[Tensor, Tensor], Tensor], y_true: Tensor, y_pred: Tensor) -> Any:
    """The gradient of a loss with respect to the restored images, on any backend.

    Parameters
    ----------
    loss : callable
        ``(y_true, y_pred) -> float (B,)``.
    y_true, y_pred : float (B, H, W, C) in [0, 1]

    Returns
    -------
    float32 ndarray (B, H, W, C)
        Of the sum of the loss over the batch, so that each image has the gradient of its own loss.

    Examples
    --------
    The mean squared error of 768 values has a gradient of 2 x error / 768 in each:

    >>> image = np.full((1, 16, 16, 3), 0.5, "float32")
    >>> print(f"{768 * gradient(mse, image, image + 0.2)[0, 0, 0, 0]:.3f}")
    0.400
    """
    y_true, y_pred = map(np.asarray, _pair(y_true, y_pred))
    offset = _Offset(loss, y_pred)
    offset.compile(optimizer=keras.optimizers.SGD(1.0), run_eagerly=True)
    offset.train_on_batch(y_true)
    return -offset.offset.numpy()


class _Offset(keras.Model):
    """One step of plain descent from zero leaves minus the gradient in its only variable."""

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor], y_pred: np.ndarray):
        super().__init__(name="offset")
        self.image_loss, self.y_pred = loss, y_pred
        self.offset = self.add_weight(shape=y_pred.shape, initializer="zeros", name="offset")

    def call(self, y_true: Tensor) -> Tensor:
        return self.image_loss(y_true, ops.add(self.offset, self.y_pred))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        return ops.sum(y_pred)


def _pair(y_true: Tensor, y_pred: Tensor, least: int = 1) -> tuple[Tensor, Tensor]:
    """Both batches as float32, after the checks."""
    named = {"y_true": y_true, "y_pred": y_pred}
    shapes = [
        check_images(name, images, least=least, reason="the window of SSIM")
        for name, images in named.items()
    ]
    check_alike(", ".join(named), *shapes)
    return as_float32(y_true), as_float32(y_pred)


def _windowed_means(images: Tensor) -> Tensor:
    """Gaussian means over 11 x 11 pixels: float (B, H, W, C) -> float (B, H - 10, W - 10, C)."""
    column = np.tile(_WINDOW[:, None, None, None], (1, 1, images.shape[-1], 1))
    return ops.depthwise_conv(ops.depthwise_conv(images, column), column.swapaxes(0, 1))


def check_alpha(alpha: float) -> None:
    """Raise a ValueError unless `alpha` is a share in [0, 1].

    Parameters
    ----------
    alpha : float or tensor
        The values of a tensor are not checked.
    """
    if isinstance(alpha, (int, float)) and not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha: expected a share in [0, 1]; received {alpha}.")


def check_a(a: float) -> None:
    """Raise a ValueError unless `a` is positive and finite.

    Parameters
    ----------
    a : float or tensor
        The values of a tensor are not checked.
    """
    if isinstance(a, (int, float)) and not (a > 0.0 and math.isfinite(a)):
        raise ValueError(f"a: expected a positive, finite number; received {a}.")
