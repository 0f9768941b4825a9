"""Classical baselines: inpainting without learning.

Each takes ``image : float (H, W, 3) in [0, 1]``, whose values in the hole are ignored, and
``mask : bool (H, W)``, True = hole, with at least one known pixel, and returns float (H, W, 3) with
the known pixels unchanged.
"""

from collections.abc import Callable

import cv2
import numpy as np
from scipy.ndimage import binary_dilation
from scipy.sparse import csr_array
from scipy.sparse.linalg import spsolve


def harmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill the hole so that each of its pixels is the mean of its neighbours.

    The discrete Laplace equation, with the known pixels as boundary values and reflection at the
    image's edge, solved exactly: the harmonic interpolation of the hole.

    Parameters
    ----------
    image : float (H, W, 3) in [0, 1]
    mask : bool (H, W)
        True = hole.

    Returns
    -------
    float64 (H, W, 3)
        Filled pixels lie between the smallest and the largest known value.

    Raises
    ------
    ValueError
        If no pixel is known.

    Examples
    --------
    A hole of one pixel becomes the mean of its four neighbours:

    >>> image = np.arange(27.0).reshape(3, 3, 3) / 26
    >>> mask = np.zeros((3, 3), bool)
    >>> mask[1, 1] = True
    >>> bool(np.allclose(harmonic(image, mask)[1, 1], image[1, 1]))
    True
    """
    return _solve(lambda laplacian: laplacian, image, mask)


def biharmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill the hole with the surface that minimises the sum of squared Laplacians.

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
        Clipped to [0, 1]; the surface itself may exceed this range.

    Raises
    ------
    ValueError
        If no pixel is known.

    Notes
    -----
    scikit-image's function of the same name relies on a convolution whose result has changed in
    SciPy 1.17, and then solves a system with uninitialised entries.

    Examples
    --------
    >>> image = np.full((8, 8, 3), 0.25)
    >>> mask = np.zeros((8, 8), bool)
    >>> mask[2:5, 3:6] = True
    >>> bool(np.allclose(biharmonic(image, mask), 0.25))
    True
    """
    return np.clip(_solve(lambda laplacian: laplacian.T @ laplacian, image, mask), 0.0, 1.0)


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

    Examples
    --------
    >>> image = np.zeros((2, 2, 3))
    >>> image[0] = 1.0
    >>> mask = np.array([[False, False], [False, True]])
    >>> print(f"{mean_colour(image, mask)[1, 1, 0]:.3f}")
    0.667
    """
    _check_known(mask)
    return np.where(mask[..., None], image[~mask].mean(axis=0), image)


def _laplacian(pixels: np.ndarray) -> csr_array:
    """The discrete Laplacian of some pixels, (N, N), as differences from their neighbours."""
    number = np.where(pixels, np.cumsum(pixels).reshape(pixels.shape) - 1, -1)
    down, across = (number[:-1], number[1:]), (number[:, :-1], number[:, 1:])
    first, second = (
        np.concatenate([down[i][np.minimum(*down) >= 0], across[i][np.minimum(*across) >= 0]])
        for i in (0, 1)
    )
    shape = len(first), int(pixels.sum())
    ones, edges = np.ones(len(first)), np.arange(len(first))
    steps = csr_array((ones, (edges, second)), shape) - csr_array((ones, (edges, first)), shape)
    return -(steps.T @ steps)


def _solve(
    operator: Callable[[csr_array], csr_array], image: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """Solve for the values in the hole at which an operator vanishes, given the known ones.

    The operator is built from the Laplacian and has a radius of at most two pixels. The fill is
    therefore determined by the pixels within two of the hole, which form a small system even in a
    large image.
    """
    _check_known(mask)
    filled = image.astype(np.float64)
    if mask.any():
        near = binary_dilation(mask, iterations=2)
        hole = mask[near]
        rows = operator(_laplacian(near)).tocsr()[hole]
        rows.sort_indices()
        known = filled[near][~hole]
        filled[mask] = spsolve(rows[:, hole].tocsc(), -(rows[:, ~hole] @ known)).reshape(-1, 3)
    return filled


def _check_known(mask: np.ndarray) -> None:
    if mask.all():
        raise ValueError(
            "mask: expected at least one known pixel; received only hole. White = hole: invert "
            "the mask if your holes are black."
        )
