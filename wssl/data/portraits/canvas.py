"""The drawing surface: views with their own coordinates, soft masks, textures and light."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter1d

Field = NDArray[np.floating[Any]]
"""float32 (H, W): one number for each pixel of a view."""

Colour = Field
"""float32 (3, 1, 1) or (3, H, W): red, green and blue in [0, 1]."""


def colour(red: float, green: float, blue: float) -> Colour:
    """A colour from three channels on the 0 to 255 scale, float32 (3, 1, 1)."""
    return np.array([red, green, blue], np.float32).reshape(3, 1, 1) / 255


def palette(anchors: Sequence[tuple[int, int, int]], position: float) -> Colour:
    """The colour at ``position`` in [0, 1] along evenly spaced 8-bit anchors."""
    stops = np.linspace(0, 1, len(anchors))
    channels = np.transpose(anchors)
    return colour(*(float(np.interp(position, stops, channel)) for channel in channels))


def smooth(low: float, high: float, value: Field) -> Field:
    """A smooth step: 0 below ``low``, 1 above ``high``, cubic between."""
    t = np.clip((value - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def bump(x: Field, y: Field, width: Field | float, height: float) -> Field:
    """A Gaussian bump of peak 1 at the origin, with the given standard deviations."""
    return np.exp(-0.5 * ((x / width) ** 2 + (y / height) ** 2))


def ellipse(
    x: Field, y: Field, wide: Field | float, high: Field | float, power: float = 2.0
) -> Field:
    """A superellipse: -1 at its centre, 0 on its edge, growing steadily outwards."""
    if power == 2:
        return np.hypot(x / wide, y / high) - 1
    return (np.abs(x / wide) ** power + np.abs(y / high) ** power) ** (1 / power) - 1


def dome(r: Field) -> Field:
    """Height of a vault over the shape where ``r``, as `ellipse` gives it, is negative."""
    return 0.9 * np.sqrt(np.clip(1 - (r + 1) ** 2, 0, 1) + 0.02)


def polygon(x: Field, y: Field, corners: Sequence[tuple[float, float]]) -> Field:
    """Signed distance, exact inside, to a convex polygon whose corners go clockwise on screen."""
    edges = []
    for (x0, y0), (x1, y1) in pairwise([*corners, corners[0]]):
        length = math.hypot(x1 - x0, y1 - y0)
        edges.append(((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / length)
    return np.max(edges, axis=0)


def warmed(diffuse: Field) -> Colour:
    """Light on skin, (3, H, W): light scattered under it reddens the shadows."""
    dim = diffuse * np.clip(1 - diffuse, 0, 1)
    return np.stack([diffuse + 0.4 * dim, diffuse + 0.04 * dim, diffuse - 0.12 * dim])


def lattice(rng: np.random.Generator, cells: int, size: int) -> Field:
    """Unit-variance noise of ``cells`` cells a side, resampled to (size, size) without aliasing."""
    values = Image.fromarray(rng.standard_normal((cells, cells), np.float32))
    return np.asarray(values.resize((size, size), Image.Resampling.BICUBIC))


@dataclass(frozen=True)
class Light:
    """A key light and an ambient one.

    Parameters
    ----------
    direction : tuple of 3 floats
        Unit vector towards the key light: right, down, towards the viewer.
    key, ambient : float
        Their strengths.
    """

    direction: tuple[float, float, float]
    key: float
    ambient: float

    def on(self, height: Field, pixel: float) -> tuple[Field, Field]:
        """Diffuse factor (about 1 where the surface faces the light) and gloss in [0, 1]."""
        down, right = np.gradient(height, pixel)
        x, y, z = self.direction
        upright = 1 / np.sqrt(1 + right * right + down * down)
        facing = (z - x * right - y * down) * upright
        diffuse = self.ambient + self.key * np.clip((facing + 0.3) / 1.3, 0, 1)
        norm = math.sqrt(2 + 2 * z)
        gloss = np.clip((z + 1 - x * right - y * down) * upright / norm, 0, 1)
        for _ in range(4):
            gloss = gloss * gloss
        return diffuse, gloss


@dataclass(frozen=True)
class Canvas:
    """A window on the picture, with its own coordinates; painting on it changes the picture.

    Parameters
    ----------
    rgb : float32 (3, H, W)
        The picture's pixels, in [0, 1], channels first.
    x, y : float32 (H, W)
        Coordinates of the pixel centres: right and down. A blank canvas spans [-1, 1].
    pixel : float
        Side of a pixel in those coordinates.
    cloud, curl, grain : float32 (H, W)
        Textures of about unit variance: broad, middling, and as fine as the pixels.
    """

    rgb: NDArray[np.float32]
    x: Field
    y: Field
    pixel: float
    cloud: Field
    curl: Field
    grain: Field

    @classmethod
    def blank(cls, size: int, rng: np.random.Generator) -> "Canvas":
        """A black canvas of ``size`` pixels a side, with fresh textures."""
        axis = ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)
        y, x = np.meshgrid(axis, axis, indexing="ij")
        cloud = np.sum(
            [w * lattice(rng, n, size) for n, w in ((4, 0.7), (8, 0.5), (16, 0.3))], axis=0
        )
        curl = 0.8 * lattice(rng, 26, size) + 0.6 * lattice(rng, 44, size)
        grain = np.sum([0.6 * lattice(rng, cells, size) for cells in (64, 128, 256)], axis=0)
        return cls(np.zeros((3, size, size), np.float32), x, y, 2 / size, cloud, curl, grain)

    def framed(self, x: float, y: float, scale: float, tilt: float = 0.0) -> "Canvas":
        """The same window in coordinates centred on (x, y), in units of ``scale``, rotated."""
        cos, sin = math.cos(tilt) / scale, math.sin(tilt) / scale
        right, down = self.x - x, self.y - y
        return self.bent(cos * right + sin * down, cos * down - sin * right, self.pixel / scale)

    def bent(self, x: Field, y: Field, pixel: float | None = None) -> "Canvas":
        """The same window in other coordinates."""
        return replace(self, x=x, y=y, pixel=self.pixel if pixel is None else pixel)

    def near(self, left: float, right: float, top: float, bottom: float) -> "Canvas":
        """The smallest window that holds every pixel between these coordinates."""
        inside = (self.x > left) & (self.x < right) & (self.y > top) & (self.y < bottom)
        rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
        if rows.size == 0:
            rows = columns = np.zeros(1, int)
        cut = np.s_[..., rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        names = ("rgb", "x", "y", "cloud", "curl", "grain")
        return replace(self, **{name: getattr(self, name)[cut] for name in names})

    def inside(self, distance: Field, blur: float = 0.0) -> Field:
        """Coverage in [0, 1] of the shape where ``distance`` is negative, edge softened."""
        width = max(blur, self.pixel)
        t = np.clip(0.5 - distance / width, 0, 1)
        return t if blur < self.pixel else t * t * (3 - 2 * t)

    def line(self, distance: Field, width: float, blur: float = 0.0) -> Field:
        """Coverage of a stroke of this full ``width`` along the zero of ``distance``."""
        thin = min(1.0, width / self.pixel)
        return thin * self.inside(np.abs(distance) - max(width, self.pixel) / 2, blur)

    def paint(self, hue: Colour, mask: Field | float) -> None:
        """Lay ``hue`` over the pixels, as opaque as ``mask`` in [0, 1] says."""
        self.rgb[...] += mask * (hue - self.rgb)

    def shade(self, factor: Field | float, mask: Field | float = 1.0) -> None:
        """Multiply the pixels by ``factor`` where ``mask`` is 1."""
        self.rgb[...] *= 1 + mask * (factor - 1)

    def fibres(self, rng: np.random.Generator, across: Field, density: float) -> Field:
        """Streaks of about unit variance along the curves where ``across`` is constant.

        Three octaves, from locks to single hairs of about ``density`` to the unit of ``across``;
        those finer than a pixel fade out instead of aliasing.
        """
        length, samples = 2048, 4
        footprint = max(0.4 * density * samples * self.pixel, 0.6)
        profile = np.zeros(length, np.float32)
        for width, weight in ((4.0 * samples, 0.7), (1.5 * samples, 0.56), (0.6, 0.49)):
            octave = gaussian_filter1d(
                rng.standard_normal(length), max(width, footprint), mode="wrap"
            )
            profile += (weight * math.sqrt(2 * math.sqrt(math.pi) * width) * octave).astype("f4")
        index = (across * (density * samples) + length / 2).astype(np.int32) % length
        return profile[index]
