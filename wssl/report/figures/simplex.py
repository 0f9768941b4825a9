"""The weights of three tasks as a triangle: the score that a search expects, and how surely."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.claims.simplex import Tried, lattice, surface
from wssl.records.store import Record
from wssl.report.figures.style import finished, placeholder
from wssl.report.labels import set_name

_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
_PARTS = 40


def simplex_figure(tried: Tried, tasks: Sequence[str], records: Sequence[Record] = ()) -> Figure:
    """The surface that the Gaussian process of a search has fitted, and its uncertainty.

    Parameters
    ----------
    tried : sequence of (mapping of str to float, float)
        Weights of the tasks and their score on validation images, as for
        `wssl.claims.simplex.surface`; NaN for a run that diverged, which is numbered but not
        fitted.
    tasks : sequence of str
        Three, at the corners: lower left, lower right, top.
    records : sequence of dict
        That the scores are from.

    Returns
    -------
    matplotlib.figure.Figure
        Left the expected SSIM, right its standard deviation; points are the weights tried, numbered
        in their order, the star the highest expectation.
    """
    known = np.isfinite([score for _, score in tried])
    if not known.any():
        return placeholder("Awaiting runs: the search for weights has not begun.")
    points = lattice(3, _PARTS)
    mean, deviation = surface(
        [pair for pair, k in zip(tried, known, strict=True) if k], points, tasks
    )
    places = points @ _CORNERS
    weights = np.array([[float(w.get(task, 0.0)) for task in tasks] for w, _ in tried]) @ _CORNERS
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for axis, values, label in (
        (axes[0], mean, "expected SSIM"), (axes[1], deviation, "standard deviation")
    ):  # fmt: skip
        levels = np.linspace(values.min(), max(values.max(), values.min() + 1e-6), 13)
        filled = axis.tricontourf(*places.T, values, levels=levels, cmap="viridis")
        figure.colorbar(filled, ax=axis, label=label, shrink=0.85, format="%.4f")
        axis.plot(*weights.T, "o", color="white", markeredgecolor="0.2", markersize=6)
        _name_corners(axis, tasks)
    numbers: dict[tuple[float, ...], list[str]] = {}
    for number, place in enumerate(weights, 1):
        numbers.setdefault(tuple(place), []).append(str(number))
    for where, found in numbers.items():
        axes[0].annotate(
            ", ".join(found), where, (5, 3), textcoords="offset points", fontsize="x-small",
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "alpha": 0.7, "ec": "none"},
        )  # fmt: skip
    best = places[np.argmax(mean)]
    axes[0].plot(*best, "*", color="#d55e00", markeredgecolor="white", markersize=15)
    return finished(figure, records)


def _name_corners(axis: Axes, tasks: Sequence[str]) -> None:
    axis.axis("off")
    axis.set_aspect("equal")
    for task, corner, side in zip(tasks, _CORNERS, ("left", "right", "center"), strict=True):
        low = corner[1] == 0
        axis.annotate(
            set_name([task]), corner, (0, -6 if low else 6), textcoords="offset points", ha=side,
            va="top" if low else "bottom",
        )  # fmt: skip
    axis.set(xlim=(-0.05, 1.05), ylim=(-0.1, 0.98))
