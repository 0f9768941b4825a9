"""Grids of pictures."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.lib.stride_tricks import sliding_window_view

from wssl.report.figures.style import finished, placeholder

NO_WEIGHTS = (
    "No pictures: the weights of these runs are not on this machine. Records belong to the study,\n"
    "weights are not; the computer on which the runs were made has them."
)
"""What stands in the place of pictures that no network can fill."""


def gallery(
    images: Sequence[Sequence[np.ndarray]],
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
    side: float = 1.6,
) -> Figure:
    """A grid of pictures.

    Parameters
    ----------
    images : sequence of rows of (H, W, 3) or (H, W) ndarray
        uint8, float in [0, 1] or bool.
    columns, rows : sequence of str
        Titles.
    side : float
        Side of a picture, in inches.
    """
    height, width = len(images), len(images[0])
    figure, axes = plt.subplots(
        height,
        width,
        figsize=(side * width, side * height),
        squeeze=False,
        layout="constrained",
    )
    for i, line in enumerate(images):
        for j, image in enumerate(line):
            axis = axes[i, j]
            axis.imshow(image, cmap="gray", vmin=0, vmax=1 if image.dtype == bool else None)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if i == 0 and j < len(columns):
                axis.set_title(columns[j], loc="center", fontsize="small")
        if i < len(rows):
            axes[i, 0].set_ylabel(rows[i], fontsize="small")
    return finished(figure)


def four_panels(
    originals: np.ndarray,
    masks: np.ndarray,
    restored: np.ndarray,
    rows: Sequence[str] = (),
    side: float = 1.8,
) -> Figure:
    """The figure that closes each method: original, mask, masked image, restored image.

    Parameters
    ----------
    originals, restored : float (N, H, W, 3) in [0, 1] or uint8
        Restored images composited: known pixels from the original.
    masks : bool (N, H, W)
        True = hole, drawn white.
    """
    masked = np.where(masks[..., None], np.zeros((), originals.dtype), originals)
    lines = [list(line) for line in zip(originals, masks, masked, restored, strict=True)]
    return gallery(lines, ("original", "mask", "masked", "restored"), rows, side)


def fills_gallery(
    pictures: np.ndarray,
    masks: np.ndarray,
    filled: Mapping[str, np.ndarray],
    wanted: Iterable[str] = (),
    side: float = 1.7,
) -> Figure:
    """The same holes filled in several ways: one row per picture, the original last.

    Parameters
    ----------
    pictures : float (N, H, W, 3) in [0, 1]
    masks : bool (N, H, W)
        True = hole.
    filled : mapping of str to float (N, H, W, 3)
        Composited. If it is empty, the figure says why.
    wanted : iterable of str
        The names that there should be; the figure says which are missing, and why.
    side : float
        Side of a picture, in inches.
    """
    if not filled:
        return placeholder(NO_WEIGHTS)
    masked = np.where(masks[..., None], np.zeros((), pictures.dtype), pictures)
    columns = {"masked": masked, **filled, "original": pictures}
    titles = [name.replace(", ", ",\n") for name in columns]
    figure = gallery([list(row) for row in zip(*columns.values(), strict=True)], titles, side=side)
    if missing := [name for name in wanted if name not in filled]:
        words = f"Without {'; '.join(missing)}: these weights are not on this machine."
        figure.supxlabel(words, fontsize="small", color="0.35")
    return figure


def zoomed(
    images: Sequence[np.ndarray],
    mask: np.ndarray,
    columns: Sequence[str] = (),
    share: float = 0.4,
    side: float = 1.6,
) -> Figure:
    """The same hole filled in several ways, and beneath each its densest part, enlarged.

    Parameters
    ----------
    images : sequence of (H, W, 3) ndarray
        uint8 or float in [0, 1]; one for each way.
    mask : bool (H, W)
        True = hole; says where to look.
    columns : sequence of str
        Titles.
    share : float in (0, 1]
        Side of the detail as a share of the image's shorter side.
    side : float
        Side of a picture, in inches.
    """
    rows, cols = detail(mask, share)
    figure = gallery([list(images), [image[rows, cols] for image in images]], columns, side=side)
    height, width = rows.stop - rows.start, cols.stop - cols.start
    corner = (cols.start - 0.5, rows.start - 0.5)
    for axis in figure.axes[: len(images)]:
        for colour, line in (("black", 2.4), ("white", 1.2)):
            axis.add_patch(
                Rectangle(corner, width, height, fill=False, edgecolor=colour, linewidth=line)
            )
    return figure


def detail(mask: np.ndarray, share: float = 0.4) -> tuple[slice, slice]:
    """The square that holds most of a hole, as rows and columns.

    Parameters
    ----------
    mask : bool (H, W)
        True = hole.
    share : float in (0, 1]
        Side of the square as a share of the mask's shorter side.

    Returns
    -------
    tuple of slice
        Such that ``image[detail(mask)]`` is the detail; the first of several that are as good.

    Raises
    ------
    ValueError
        If `share` is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share: expected a number above 0 and at most 1; received {share}.")
    side = max(1, round(share * min(mask.shape)))
    counts = sliding_window_view(mask, (side, side)).sum(axis=(2, 3))
    row, column = (int(start) for start in np.unravel_index(counts.argmax(), counts.shape))
    return slice(row, row + side), slice(column, column + side)
