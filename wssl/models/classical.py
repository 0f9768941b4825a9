"""Fills without learning: the floor that every network should stand above."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve


def harmonic(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill the hole so that each of its pixels is the mean of its neighbours.

    The discrete Laplace equation, with the known pixels as boundary values and reflection at the
    image's edge, solved exactly: the smoothest membrane over the hole.

    Parameters
    ----------
    image : float (H, W, 3)
        What it holds in the hole is not used.
    mask : bool (H, W)
        True = hole; at least one pixel must be known.

    Returns
    -------
    float64 (H, W, 3)
        Known pixels are unchanged; filled ones lie between the least and the greatest known value.

    Raises
    ------
    ValueError
        If no pixel is known.
    """
    if mask.all():
        raise ValueError("mask: expected at least one known pixel; received a hole everywhere.")
    filled = image.astype(np.float64)
    count = int(mask.sum())
    if not count:
        return filled
    number = np.full(mask.shape, -1)
    number[mask] = np.arange(count)
    rows, columns, known = np.nonzero(mask), [], np.zeros((count, image.shape[-1]))
    degree, entries = np.zeros(count), []
    for step in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        y, x = rows[0] + step[0], rows[1] + step[1]
        inside = (y >= 0) & (y < mask.shape[0]) & (x >= 0) & (x < mask.shape[1])
        degree += inside
        here = np.flatnonzero(inside)
        neighbour = number[y[here], x[here]]
        unknown = neighbour >= 0
        entries.append(here[unknown])
        columns.append(neighbour[unknown])
        fixed = here[~unknown]
        known[fixed] += filled[y[fixed], x[fixed]]
    i, j = np.concatenate(entries), np.concatenate(columns)
    diagonal = np.arange(count)
    system = coo_array(
        (
            np.concatenate([degree, -np.ones(len(i))]),
            (np.concatenate([diagonal, i]), np.concatenate([diagonal, j])),
        ),
        shape=(count, count),
    )
    filled[mask] = spsolve(system.tocsc(), known).reshape(count, -1)
    return filled
