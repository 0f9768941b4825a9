"""Grids of pictures."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from wssl.report.style import finished


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
        Of a picture, in inches.
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
