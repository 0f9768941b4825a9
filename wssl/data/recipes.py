"""Masks from strokes: the recipe of QD-IMD, denser ones, and the coverage filter.

A mask consists of a few strokes, drawn with a round pen on a canvas, enlarged about its centre and
cropped back to the canvas (QD-IMD, Iskakov 2018, https://github.com/karfly/qd-imd). True = hole.
"""

import math
import warnings
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from itertools import count as count_up
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

from wssl.checks.names import Registry, check_entry, lookup, own_digest, unknown_name_error
from wssl.data.folder import SPLITS, check_split, digest
from wssl.data.mask_folder import MASK_FORMS, find_mask_folder
from wssl.data.squares import centre_square
from wssl.data.strokes import BOX, STROKES, Stroke

VERSION = 1
PATIENCE = 2000

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Recipe:
    """Parameters of masks drawn from strokes. Lengths are in pixels of a `canvas` x `canvas` image.

    Attributes
    ----------
    strokes_mean, strokes_sd : float
        The number of strokes is normal, rounded, and at least 1.
    width : (float, float)
        Range of a stroke's width, uniform.
    upscale : (float, float)
        Range of the enlargement, uniform; widths grow with it.
    canvas : int
        Side of the canvas on which every mask is drawn, before it is resized.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    strokes_mean: float
    strokes_sd: float
    width: tuple[float, float] = (5, 15)
    upscale: tuple[float, float] = (1, 1.5)
    canvas: int = 512

    def __post_init__(self) -> None:
        for name in ("strokes_mean", "strokes_sd"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name}: expected a finite number of at least 0; received "
                    f"{getattr(self, name)!r}."
                )
        for name in ("width", "upscale"):
            low, high = getattr(self, name)
            if not 0 < low <= high < math.inf:
                raise ValueError(
                    f"{name}: expected a range of positive numbers, the smaller first, such as "
                    f"(5, 15); received {(low, high)}."
                )
        if self.canvas < 1:
            raise ValueError(f"canvas: expected at least 1 pixel; received {self.canvas}.")


RECIPES: Registry[Recipe] = Registry(
    {
        "qd-imd": Recipe(4, 2),
        "dense": Recipe(30, 6),
        "thin": Recipe(32, 18),
        "medium": Recipe(9, 6, width=(20, 50)),
        "thick": Recipe(3.5, 2.5, width=(60, 110)),
    }
)
"""Recipes by name: the published one; the one that the study trains with, denser at the published
widths; and three that reach from a few to most pixels with strokes of three widths, for tests."""


def draw(strokes: list[Stroke], recipe: Recipe, rng: np.random.Generator) -> Mask:
    """Draw one mask.

    Each stroke keeps its place in its drawing, and the drawing is laid anywhere on the canvas
    where it fits, because Quick, Draw! pushes all drawings into the upper left corner.

    Parameters
    ----------
    strokes : list of Stroke
        Strokes to draw from, with equal probability.
    recipe : Recipe
        Number, width and enlargement of the strokes.
    rng : numpy Generator
        Source of all random numbers.

    Returns
    -------
    bool (canvas, canvas)
        True = hole.
    """
    number = max(1, round(rng.normal(recipe.strokes_mean, recipe.strokes_sd)))
    upscale = rng.uniform(*recipe.upscale)
    chosen = rng.integers(len(strokes), size=number)
    widths = rng.uniform(*recipe.width, size=number) * upscale
    places = rng.uniform(size=(number, 2))
    zoom = recipe.canvas / BOX * upscale
    canvas = Image.new("1", (recipe.canvas, recipe.canvas))
    pen = ImageDraw.Draw(canvas)
    for index, width, place in zip(chosen, widths, places, strict=True):
        points, slack = strokes[index]
        xy = (points + slack * place - (BOX - 1) / 2) * zoom + recipe.canvas / 2
        _round_line(pen, np.rint(xy).astype(int).tolist(), max(1, round(width)))
    return np.array(canvas)


def _round_line(pen: ImageDraw.ImageDraw, points: list[list[int]], width: int) -> None:
    """A polyline with round joints and ends."""
    pen.line([c for point in points for c in point], fill=1, width=width)
    radius = (width - 1) / 2
    for x, y in points:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1)


def find_recipe(recipe: str | Recipe) -> Recipe:
    """The registered recipe of that name, or `recipe` itself if it is one."""
    return recipe if isinstance(recipe, Recipe) else lookup("mask recipe", recipe, RECIPES, Recipe)


def check_mask_source(source: str) -> None:
    """Raise a ValueError unless `source` is a source of masks; it names the nearest one.

    Parameters
    ----------
    source : str
        As for `masks`.
    """
    if source in STROKES:
        check_entry("mask source", source, STROKES[source], ("strokes", "fingerprint"))
    elif find_mask_folder(source) is None:
        raise unknown_name_error("mask source", source, [*STROKES, *MASK_FORMS])


def stream(source: str, size: int, seed: int, split: str, recipe: str | Recipe) -> Iterator[Mask]:
    """Yield the masks of a source one by one, without a coverage filter.

    A stream of masks from strokes is infinite, and its i-th mask depends only on (`seed`, `split`,
    i). A stream from a folder of mask images contains the folder's masks in random order.

    Yields
    ------
    bool (size, size)
        Nearest-neighbour resized, so still binary; hole geometry scales with `size`.
    """
    if size < 1:
        raise ValueError(f"size: expected at least 1 pixel; received {size}.")
    if seed < 0:
        raise ValueError(f"seed: expected a non-negative integer; received {seed}.")
    check_mask_source(source)
    stem = [seed, SPLITS.index(check_split(split))]
    method = find_recipe(recipe)
    if folder := find_mask_folder(source):
        paths = folder.paths(split)
        for index in np.random.default_rng(stem).permutation(len(paths)):
            yield _resized(folder.read(paths[index]), size)
    else:
        strokes = _strokes(source, split)
        for index in count_up():
            yield _resized(draw(strokes, method, np.random.default_rng([*stem, index])), size)


def _strokes(source: str, split: str) -> list[Stroke]:
    """The strokes of a registered source; a ValueError unless they are what `draw` takes."""
    found = STROKES[source].strokes(split)
    of = f"strokes: expected a list of Stroke from {source!r} ({split})"
    if not isinstance(found, (list, tuple)):
        raise ValueError(f"{of}; received a {type(found).__name__}. Return list(...) of them.")
    if not found:
        raise ValueError(f"{of}; received an empty one. Check what it is made from.")
    if wrong := [stroke for stroke in found if not isinstance(stroke, Stroke)]:
        raise ValueError(
            f"{of}; received a {type(wrong[0]).__name__} in it. "
            "wssl.data.strokes.drawing_strokes makes the strokes of a drawing "
            "[[[x, ...], [y, ...]], ...]; join the lists that it returns."
        )
    return list(found)


def _resized(mask: Mask, size: int) -> Mask:
    return np.asarray(centre_square(Image.fromarray(mask), size, Image.Resampling.NEAREST))


class MaskSample(NamedTuple):
    """The masks that passed a coverage filter, and the number drawn.

    Attributes
    ----------
    masks : bool (count, size, size)
        True = hole.
    drawn : int
        Masks drawn, kept or not.
    """

    masks: Mask
    drawn: int

    @property
    def acceptance(self) -> float:
        """Share of the drawn masks that were kept."""
        return len(self.masks) / self.drawn


def sample(
    source: str = "synthetic",
    count: int = 16,
    size: int = 64,
    seed: int = 0,
    coverage: tuple[float, float] = (0.3, 0.5),
    recipe: str | Recipe = "dense",
    split: str = "train",
) -> MaskSample:
    """Draw masks until `count` of them have a share of hole within `coverage`.

    Same parameters and errors as `masks`.

    Parameters
    ----------
    source, count, size, seed, coverage, recipe, split
        As for `masks`.

    Returns
    -------
    MaskSample
        The masks that passed, in the order drawn, and the number drawn. A folder may contain fewer
        than `count`.

    Examples
    --------
    >>> found = sample(count=2, size=32)
    >>> len(found.masks), 0.0 < found.acceptance <= 1.0
    (2, True)
    """
    low, high = coverage
    if not 0 <= low <= high <= 1:
        raise ValueError(
            f"coverage: expected two shares, 0 <= low <= high <= 1; received {coverage}."
        )
    if count < 1:
        raise ValueError(f"count: expected an integer of at least 1; received {count}.")
    folder = find_mask_folder(source)
    kept: list[Mask] = []
    seen: list[float] = []
    last_kept = 0
    for mask in stream(source, size, seed, split, recipe):
        seen.append(float(mask.mean()))
        if max(low, 1 / size**2) <= seen[-1] <= high:
            kept.append(mask)
            last_kept = len(seen)
        if len(kept) == count:
            break
        if folder is None and len(seen) - last_kept == PATIENCE:
            break
    if folder:
        folder.check_polarity(seen, coverage)
        if empty := seen.count(0.0):
            warnings.warn(
                f"{source}: {empty:,} of {len(seen):,} masks ({split}) have no hole at {size} px "
                "and are left out.",
                stacklevel=2,
            )
    if len(kept) == count or (folder and kept):
        return MaskSample(np.stack(kept), len(seen))
    if folder:
        way_out = "or add masks to the folder."
    else:
        change = "fewer or thinner" if np.median(seen) > high else "more or wider"
        known = ", ".join(RECIPES)
        way_out = f"or a recipe with {change} strokes ({recipe!r} now; known: {known})."
    raise ValueError(
        f"masks: expected {count} with a coverage of {low:.0%} to {high:.0%}; found {len(kept)} "
        f"among {len(seen):,} masks from {source!r} ({split}), whose coverage is "
        f"{np.median(seen):.1%} (median), from {min(seen):.1%} to {max(seen):.1%}. Request fewer "
        f"masks, another coverage, {way_out}"
    )


def masks(
    source: str = "synthetic",
    count: int = 16,
    size: int = 64,
    seed: int = 0,
    coverage: tuple[float, float] = (0.3, 0.5),
    *,
    split: str = "train",
    recipe: str | Recipe = "dense",
) -> Mask:
    """Irregular masks with a given coverage.

    The same arguments give the same masks, bit for bit, and ``masks(count=5)[:3]`` equals
    ``masks(count=3)``.

    Parameters
    ----------
    source : str, default "synthetic"
        The source of the strokes, a name in `STROKES`; or a folder of mask images, to which
        `recipe` does not apply: ``folder:PATH`` (white = hole), ``folder:PATH?hole=black``, or
        ``qd-imd:PATH``, the files of QD-IMD (black = hole, unless ``?hole=white``).
    count : int, default 16
        Number of masks. If a folder contains fewer, its masks repeat in the same order.
    size : int, default 64
        Side in pixels. A mask's geometry scales with it.
    seed : int, default 0
        At least 0.
    coverage : (float, float), default (0.3, 0.5)
        Smallest and largest share of the image that is hole, measured at `size`. Masks without a
        hole are left out.
    split : str, default "train"
        ``"train"``, ``"val"`` or ``"test"``. Test strokes come from separate categories.
    recipe : str or Recipe, default "dense"
        A name in `RECIPES`. Masks of the published recipe, ``"qd-imd"``, rarely cover 30 %.

    Returns
    -------
    bool (count, size, size)
        True = hole.

    Raises
    ------
    ValueError
        If a name is unknown, a number is out of range, 2,000 draws in a row did not pass the
        filter, or the colours of a folder's masks seem to be inverted.

    Warns
    -----
    UserWarning
        If masks of a folder have no hole.

    Examples
    --------
    >>> found = masks(count=2, size=32)
    >>> found.shape, bool((found.mean(axis=(1, 2)) >= 0.3).all())
    ((2, 32, 32), True)
    """
    kept = sample(source, count, size, seed, coverage, recipe, split).masks
    return kept[np.resize(np.arange(len(kept)), count)]


def coverages(
    source: str = "synthetic",
    recipe: str | Recipe = "dense",
    count: int = 1000,
    size: int = 512,
    seed: int = 0,
    split: str = "train",
) -> npt.NDArray[np.float64]:
    """The coverage of each of the first `count` masks, without a filter.

    Parameters
    ----------
    source, recipe, count, size, seed, split
        As for `masks`.

    Returns
    -------
    float (count,)
        Shares from 0 to 1. Fewer than `count` if a folder contains fewer.
    """
    drawn = islice(stream(source, size, seed, split, recipe), count)
    return np.array([mask.mean() for mask in drawn], np.float64)


def depths(
    source: str = "synthetic",
    recipe: str | Recipe = "dense",
    count: int = 100,
    size: int = 64,
    seed: int = 0,
    split: str = "train",
) -> npt.NDArray[np.float64]:
    """How far each pixel of the holes of `count` masks is from the nearest known pixel.

    Parameters
    ----------
    source, recipe, count, size, seed, split
        As for `masks`, with its default coverage.

    Returns
    -------
    float (N,)
        Euclidean distances between the centres of pixels, in pixels, at least 1; one for each of
        the N pixels that are hole.
    """
    drawn = masks(source, count, size, seed, split=split, recipe=recipe)
    return np.concatenate([distance_transform_edt(mask)[mask] for mask in drawn])


def mask_fingerprint(source: str = "synthetic", recipe: str | Recipe = "dense") -> str:
    """A digest of everything that determines a source's masks, except the call's arguments.

    Parameters
    ----------
    source, recipe
        As for `masks`.

    Raises
    ------
    ValueError
        If two entries of `STROKES` have the same digest.
    """
    check_mask_source(source)
    if folder := find_mask_folder(source):
        return folder.fingerprint()
    numbers = np.hstack(astuple(find_recipe(recipe))).tolist()
    return digest("masks", VERSION, own_digest("mask source", source, STROKES), *numbers)
