"""Fills without learning: the floor that every network should stand above.

Each takes ``image : float (H, W, 3) in [0, 1]``, whose values in the hole are not used, and
``mask : bool (H, W)``, True = hole, of which at least one pixel must be known, and returns float
(H, W, 3) with the known pixels unchanged.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array, kron
from scipy.sparse.linalg import spsolve


def harmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill the hole so that each of its pixels is the mean of its neighbours.

    The discrete Laplace equation, with the known pixels as boundary values and reflection at the
    image's edge, solved exactly: the smoothest membrane over the hole.

    Parameters
    ----------
    image : float (H, W, 3) in [0, 1]
    mask : bool (H, W)
        True = hole.

    Returns
    -------
    float64 (H, W, 3)
        Filled pixels lie between the least and the greatest known value.

    Raises
    ------
    ValueError
        If no pixel is known.
    """
    return _solve(_laplacian(*mask.shape), image, mask)


def biharmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill the hole with the surface that bends least: the sum of its squared Laplacians is least.

    Inside an image this is the discrete biharmonic equation (Damelin and Hoang 2018,
    doi:10.1155/2018/3950312); at its edge the surface is reflected.

    Parameters
    ----------
    image : float (H, W, 3) in [0, 1]
    mask : bool (H, W)
        True = hole.

    Returns
    -------
    float64 (H, W, 3)
        In [0, 1]; the surface itself may swing beyond.

    Raises
    ------
    ValueError
        If no pixel is known.

    Notes
    -----
    scikit-image's function of that name counts on a convolution that SciPy 1.17 computes otherwise,
    and then solves a system with entries that were never set.
    """
    laplacian = _laplacian(*mask.shape)
    return np.clip(_solve(laplacian.T @ laplacian, image, mask), 0.0, 1.0)


def marching(image: np.ndarray, mask: np.ndarray, algorithm: int) -> np.ndarray:
    """Fill the hole from its border inwards, by OpenCV, which starts from the mean colour.

    OpenCV's result depends on what the hole holds when it begins; an image's own values would give
    it away.

    Parameters
    ----------
    image, mask
        As for every fill.
    algorithm : int
        ``cv2.INPAINT_TELEA`` (Telea 2004, doi:10.1080/10867651.2004.10487596) or ``cv2.INPAINT_NS``
        (Bertalmio et al. 2001, doi:10.1109/CVPR.2001.990497).
    """
    levels = np.rint(mean_colour(image, mask) * 255.0).astype(np.uint8)
    filled = cv2.inpaint(levels, mask.astype(np.uint8), 3.0, algorithm)
    return np.where(mask[..., None], filled / 255.0, image)


def mean_colour(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill the hole with the mean of the known pixels.

    Parameters
    ----------
    image : float (H, W, 3) in [0, 1]
    mask : bool (H, W)
        True = hole.
    """
    _check_known(mask)
    return np.where(mask[..., None], image[~mask].mean(axis=0), image)


FILLS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "harmonic": harmonic,
    "biharmonic": biharmonic,
    "telea": partial(marching, algorithm=cv2.INPAINT_TELEA),
    "navier_stokes": partial(marching, algorithm=cv2.INPAINT_NS),
    "mean_colour": mean_colour,
}
"""Every fill by method name."""


def _laplacian(height: int, width: int) -> csr_array:
    """Sum over the neighbours of each pixel of its difference from them, (H W, H W)."""
    rows, columns = (_second_difference(count) for count in (height, width))
    return csr_array(kron(rows, eye_array(width)) + kron(eye_array(height), columns))


def _second_difference(count: int) -> csr_array:
    steps = diags_array([-np.ones(count), np.ones(count - 1)], offsets=[0, 1]).tocsr()[:-1]
    return -(steps.T @ steps)


def _solve(operator: csr_array, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The values in the hole that make `operator` zero there, the known ones given."""
    _check_known(mask)
    hole, filled = mask.ravel(), image.astype(np.float64)
    if hole.any():
        rows = operator[hole]
        known = filled[~mask]
        filled[mask] = spsolve(rows[:, hole].tocsc(), -(rows[:, ~hole] @ known)).reshape(-1, 3)
    return filled


def _check_known(mask: np.ndarray) -> None:
    if mask.all():
        raise ValueError("mask: expected at least one known pixel; received a hole everywhere.")
