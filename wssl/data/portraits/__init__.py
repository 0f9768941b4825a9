"""Synthetic head-and-shoulder portraits: the study's embedded default data set.

No download and no real face: every portrait is composed from soft-edged shapes, textures and one
key light, and depends on nothing but its seed, its split and its number.

`canvas` is the surface; `person` casts the sitter; `scene`, `face`, `eyes`, `hair` and `worn` hold
a function for each part. A part draws its own traits from the generator, in an order that does not
depend on the size, so that a sitter looks the same at every size.
"""

import numpy as np
from numpy.typing import NDArray

from wssl.checks.names import lookup
from wssl.data.portraits.canvas import Canvas, colour
from wssl.data.portraits.face import ears, head
from wssl.data.portraits.hair import back, beard, choose, front
from wssl.data.portraits.person import cast
from wssl.data.portraits.scene import background, clothes, neck
from wssl.data.portraits.worn import glasses, headwear

VERSION = 1
"""Raised whenever the pictures change; it enters the fingerprints."""

SPLITS = {"train": 0, "val": 1, "test": 2}
"""The disjoint streams of random numbers."""


def _grade(canvas: Canvas, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Develop the picture: colour temperature, saturation, contrast, exposure and grain."""
    warmth, saturation = rng.normal(0, 9), rng.uniform(0.85, 1.25)
    contrast, exposure = rng.uniform(0.9, 1.15), rng.uniform(0.88, 1.12)
    rgb = canvas.rgb * colour(255 + warmth, 255, 255 - warmth) * exposure
    grey = rgb.mean(axis=0)
    rgb = grey + saturation * (rgb - grey)
    rgb = 0.5 + contrast * (rgb - 0.5) + rng.uniform(0, 0.012) * canvas.grain
    rgb = np.clip(rgb, 0, 1.5)
    rgb = np.clip(rgb * (1.04 - 0.12 * rgb * rgb), 0, 1)
    return (rgb * 255 + 0.5).astype(np.uint8).transpose(1, 2, 0)


def portrait(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one portrait, uint8 (size, size, 3), from the back to the front."""
    canvas = Canvas.blank(size, rng)
    person = cast(rng)
    style = choose(rng, person)
    background(canvas, rng)
    back(canvas, person, style, rng)
    neck(canvas, person)
    clothes(canvas, person, rng)
    ears(canvas, person, rng)
    head(canvas, person, rng)
    beard(canvas, person, rng)
    front(canvas, person, style, rng)
    glasses(canvas, person, rng)
    headwear(canvas, person, style, rng)
    return _grade(canvas, rng)


def draw(count: int, size: int, split: str = "train", seed: int = 0) -> NDArray[np.uint8]:
    """Draw synthetic portraits.

    Portrait ``i`` depends on ``seed``, ``split`` and ``i`` alone: a longer series begins with the
    shorter one, and another ``size`` shows the same people.

    Parameters
    ----------
    count : int
        How many, 0 or more.
    size : int
        Side in pixels, 16 or more.
    split : {"train", "val", "test"}
        Which of three disjoint series.
    seed : int
        0 or more.

    Returns
    -------
    uint8 (count, size, size, 3)
        RGB in 0..255.

    Raises
    ------
    ValueError
        If an argument is out of its range or the split is unknown.
    """
    if count < 0:
        raise ValueError(f"count: expected a non-negative integer; received {count}.")
    if size < 16:
        raise ValueError(
            f"size: expected at least 16 pixels, enough to draw a face; received {size}."
        )
    if seed < 0:
        raise ValueError(f"seed: expected a non-negative integer; received {seed}.")
    stream = lookup("split", split, SPLITS)
    images = np.empty((count, size, size, 3), np.uint8)
    for i in range(count):
        images[i] = portrait(size, np.random.default_rng([seed, stream, i]))
    return images
