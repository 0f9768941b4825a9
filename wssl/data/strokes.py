"""Strokes, from which masks are made, in categories that test shares with no other split.

Half of the categories, chosen by a hash of their names, are used for test masks; the other half for
train and val, which differ in their random streams.
"""

import hashlib
import math
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from wssl.checks.names import Registry
from wssl.data import download
from wssl.data.folder import check_split, digest

BOX = 256


class Stroke(NamedTuple):
    """One stroke of a drawing, the path of the pen from touching down to lifting.

    Attributes
    ----------
    points : int (P, 2)
        x and y in 0..255, with the drawing's upper left corner at (0, 0).
    slack : int (2,)
        How far the whole drawing can move right and down within 0..255.
    """

    points: npt.NDArray[np.int64]
    slack: npt.NDArray[np.int64]


def drawing_strokes(drawing: Iterable[Iterable[Iterable[float]]]) -> list[Stroke]:
    """The strokes of one drawing, given as a list of ``[[x, ...], [y, ...]]``."""
    strokes = [np.rint(np.array(stroke)).astype(np.int64).T for stroke in drawing]
    corner = np.min([points.min(axis=0) for points in strokes], axis=0)
    slack = BOX - 1 - np.max([points.max(axis=0) for points in strokes], axis=0) + corner
    return [Stroke(points - corner, slack) for points in strokes]


def halves(categories: Iterable[str]) -> tuple[list[str], list[str]]:
    """Divide category names into two halves, (train, test), by the SHA-256 of the name."""
    ranked = sorted(categories, key=lambda name: hashlib.sha256(name.encode()).digest())
    middle = len(ranked) // 2
    return sorted(ranked[:middle]), sorted(ranked[middle:])


def categories_of(split: str, categories: Iterable[str]) -> list[str]:
    """The categories whose strokes a split may use; val has those of train."""
    train, test = halves(categories)
    return test if check_split(split) == "test" else train


class StrokeSource(Protocol):
    """The protocol of the entries of `STROKES`: any object with these two methods."""

    def strokes(self, split: str) -> list[Stroke]:
        """All strokes of one split, always in the same order."""

    def fingerprint(self) -> str:
        """A digest of everything that determines the strokes."""


class QuickDraw:
    """46,696 strokes of 8,835 Quick, Draw! drawings in 345 categories (Google, CC BY 4.0).

    Read from ``$WSSL_DATA/quickdraw/strokes.ndjson``, or downloaded once.
    """

    def strokes(self, split: str) -> list[Stroke]:
        """The strokes of a split's categories, category by category."""
        by_category = _quickdraw_strokes(download.local("quickdraw/strokes.ndjson"))
        return [s for name in categories_of(split, by_category) for s in by_category[name]]

    def fingerprint(self) -> str:
        """A digest of the pinned drawings."""
        return digest("quickdraw", download.QUICKDRAW_SHA256)


@lru_cache(maxsize=2)
def _quickdraw_strokes(_given: Path | None) -> dict[str, list[Stroke]]:
    by_category: dict[str, list[Stroke]] = {}
    for drawing in download.quickdraw():
        by_category.setdefault(drawing["word"], []).extend(drawing_strokes(drawing["drawing"]))
    return by_category


Path2D = npt.NDArray[np.complex128]
Times = npt.NDArray[np.float64]
Shape = Callable[[Times, np.random.Generator], Path2D]


def _turn(turns: float | Times) -> Path2D:
    return np.exp(2j * math.pi * np.asarray(turns))


def _triangle(phase: Times) -> Times:
    return 2 * np.abs(2 * (phase % 1) - 1) - 1


def _polyline(t: Times, rng: np.random.Generator) -> Times:
    return np.interp(t * 5, np.arange(6), rng.normal(size=6))


def _walk(t: Times, rng: np.random.Generator, wander: float) -> Path2D:
    heading = np.cumsum(rng.normal(0, wander, t.size))
    return np.cumsum(_turn(heading)) / t.size


SHAPES: dict[str, Shape] = {
    "arc": lambda t, rng: _turn(t * rng.uniform(0.2, 0.6)),
    "circle": lambda t, rng: _turn(t * rng.uniform(0.95, 1.1)),
    "coil": lambda t, rng: 3 * t + _turn(t * rng.integers(3, 6)),
    "ellipse": lambda t, rng: _turn(t).real + 1j * rng.uniform(0.2, 0.8) * _turn(t).imag,
    "figure eight": lambda t, rng: _turn(t).imag + 0.5j * _turn(2 * t).imag,
    "hook": lambda t, rng: np.where(t < 0.6, -3j * (0.6 - t), 0.5 - 0.5 * _turn((0.6 - t) * 1.4)),
    "line": lambda t, rng: t + 0.05j * rng.normal() * _turn(t / 2).imag,
    "loop": lambda t, rng: 2.5 * t - 0.6 * _turn(t + 0.25),
    "meander": lambda t, rng: _walk(t, rng, 0.06),
    "polyline": lambda t, rng: _polyline(t, rng) + 1j * _polyline(t, rng),
    "scribble": lambda t, rng: t + 1j * _triangle(t * rng.integers(4, 9)) * rng.uniform(0.3, 0.8),
    "spiral": lambda t, rng: (0.1 + t) * _turn(t * rng.uniform(1.5, 3.5)),
    "squiggle": lambda t, rng: _walk(t, rng, 0.12),
    "star": lambda t, rng: _turn(np.round(t * 5) * 2 / 5),
    "wave": lambda t, rng: 2 * t + 0.3j * _turn(t * rng.uniform(1, 4)).imag,
    "zigzag": lambda t, rng: 2 * t + 0.4j * _triangle(t * rng.uniform(1.5, 4)),
}


class Synthetic:
    """Curves from formulas with simulated tremor: the stroke source that needs no download.

    Each category is one shape; each of its strokes has its own parameters, direction, proportions,
    length and tremor. Lengths vary as widely as those of Quick, Draw! strokes.
    """

    VERSION = 1
    PER_CATEGORY = 250

    def strokes(self, split: str) -> list[Stroke]:
        """The strokes of a split's shapes, shape by shape."""
        return [s for name in categories_of(split, SHAPES) for s in _synthetic_strokes(name)]

    def fingerprint(self) -> str:
        """A digest of the generator's version."""
        return digest("synthetic strokes", self.VERSION)


@cache
def _synthetic_strokes(name: str) -> list[Stroke]:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    rng = np.random.default_rng([Synthetic.VERSION, seed])
    return [_shaky(SHAPES[name], rng) for _ in range(Synthetic.PER_CATEGORY)]


def _shaky(shape: Shape, rng: np.random.Generator) -> Stroke:
    """One stroke of a shape: turned, squeezed, shaken, and scaled to a random length."""
    times = np.linspace(0, 1, 31)
    path = shape(times, rng) * _turn(rng.uniform())
    xy = np.stack([path.real * rng.uniform(0.6, 1), path.imag])
    tremor = np.cumsum(rng.normal(size=xy.shape), axis=1)
    xy += 0.01 * np.ptp(xy, axis=1).max() * tremor
    length = np.hypot(*np.diff(xy, axis=1)).sum()
    scale = math.exp(rng.normal(4.7, 1.0)) / length
    xy *= min(scale, (BOX - 1) / np.ptp(xy, axis=1).max())
    (stroke,) = drawing_strokes([xy])
    return stroke


STROKES: Registry[StrokeSource] = Registry({"synthetic": Synthetic(), "quickdraw": QuickDraw()})
