"""Baselines that are not learned, measured by every common variant of PSNR and SSIM.

No network is trained here. The same holes are filled by the classical methods, and each result is
measured in many ways, correct and incorrect ones, for comparison with printed numbers. ``python -m
wssl.study.protocols`` makes the records that the book shows. They are kept separately from those of
trained networks, in the folder ``classical`` of the results.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter
from tqdm import tqdm

from wssl import data, metrics
from wssl.checks.names import lookup
from wssl.data.batches import centre_crops
from wssl.data.recipes import Recipe
from wssl.machine.provenance import provenance
from wssl.methods import METHODS
from wssl.presets import preset as find_preset
from wssl.records.store import Store, default_root
from wssl.records.store import fingerprint as digest

VERSION = 1
"""The version of the measures; it enters the fingerprints."""

RECIPES: dict[str, str | Recipe] = {
    **{name: name for name in data.RECIPES},
    "fine": Recipe(80, 45, width=(2, 6)),
}
"""The study's recipes of masks, and one with strokes of less than half the published width."""

WIDTHS = ("fine", "thin", "medium", "thick")
"""Recipes by the width of their strokes; `thin` has the published one."""

BINS = ((0.0, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.5), (0.5, 0.6))
"""Ranges of coverage."""

RESIZINGS = ("nearest", "half", "any", "all", "soft", "cut")
"""How a mask of 512 px becomes one of the image's size.

``nearest`` is the study's: nearest neighbour, and the coverage is measured afterwards. With the
others it is measured before, at 512 px. After antialiased linear resizing a pixel is hole if at
least ``half`` of it was, if ``any`` of it was, if ``all`` of it was; or the mask stays ``soft``:
all pixels with any hole are filled, and blended with the original by their share. With ``cut`` the
middle of the mask is cut out instead, so that strokes become wider in proportion.
"""

UNIFORM_WINDOWS = (3, 7, 11, 21, 41)
"""Sides of the uniform windows under which SSIM is computed, in pixels."""

SCIKIT_IMAGE_WINDOW = 7
"""The window of `skimage.metrics.structural_similarity` by default, uniform as well."""

_CANVAS = 512
_LUMA = (0.299, 0.587, 0.114)

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Setting:
    """The images, the holes and the fill of a measurement.

    Attributes
    ----------
    dataset : str
        The source of the test images; see `wssl.data.images`.
    masks : str
        The source of strokes; see `wssl.data.masks`.
    recipe : str
        A name in `RECIPES`.
    coverage : (float, float)
        Smallest and largest share of the image that is hole.
    fill : str
        A name in `wssl.methods.METHODS`, of a classical baseline.
    resizing : str
        One of `RESIZINGS`.
    size : int
        Side of the images in pixels; they are loaded at 8/7 of it, and the middle is used.
    count : int or None
        How many test images; None = all. Mask i belongs to image i.
    """

    dataset: str
    masks: str
    recipe: str = "dense"
    coverage: tuple[float, float] = (0.3, 0.5)
    fill: str = "biharmonic"
    resizing: str = "nearest"
    size: int = 224
    count: int | None = None

    def __post_init__(self) -> None:
        lookup("mask recipe", self.recipe, RECIPES)
        lookup("fill", self.fill, {n: m for n, m in METHODS.items() if m.fill})
        lookup("resizing of masks", self.resizing, dict.fromkeys(RESIZINGS))

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that identify everything that determines the results."""
        determined = {
            **asdict(self),
            "version": VERSION,
            "images": data.fingerprint(self.dataset),
            "drawn": data.mask_fingerprint(self.masks, RECIPES[self.recipe]),
        }
        return digest(determined)


def settings(
    dataset: str = "synthetic", masks: str = "auto", preset: str = "quick"
) -> dict[str, list[Setting]]:
    """All settings for the book's page on the paper's numbers, in four groups.

    Parameters
    ----------
    dataset : str
        The images.
    masks : str
        The strokes; ``auto`` stands for ``synthetic`` with drawn images, else for ``quickdraw``.
    preset : str
        ``smoke`` and ``quick`` use two and six images of 64 px, at any number of steps; all others
        224 px, the paper's size, all test images in the first group and 60 in the rest.

    Returns
    -------
    dict of str to list of Setting
        ``fills``: three fills, on the study's masks and on those of the published recipe as they
        come. ``holes``: by width of stroke and coverage. ``resizing``: how masks are resized.
        ``images``: the study's masks on other images.
    """
    find_preset(preset)
    small = {"smoke": 2, "quick": 6}.get(preset.partition(":")[0])
    size, few = (64, small) if small else (224, 60)
    strokes = {"auto": "synthetic" if dataset == "synthetic" else "quickdraw"}.get(masks, masks)
    make = partial(Setting, masks=strokes, size=size)
    other = ("photos",) if dataset == "synthetic" else ("objects", "synthetic")
    return {
        "fills": [
            make(dataset, fill=fill, count=small, recipe=recipe, coverage=coverage)
            for recipe, coverage in (("dense", (0.3, 0.5)), ("qd-imd", (0.0, 1.0)))
            for fill in ("harmonic", "biharmonic", "telea")
        ],
        "holes": [
            make(dataset, recipe=width, coverage=coverage, count=few)
            for width in WIDTHS
            for coverage in BINS
        ],
        "resizing": [make(dataset, resizing=resizing, count=few) for resizing in RESIZINGS],
        "images": [make(name, count=few) for name in (dataset, *other)],
    }


def run(setting: Setting, store: Store | None = None) -> dict[str, Any]:
    """The record of a setting, from the store or newly made.

    Parameters
    ----------
    setting : Setting
    store : Store, optional
        The folder ``classical`` of the results if not given.

    Returns
    -------
    dict
        ``experiment``, the setting; ``metrics``, the mean of each measure; ``images``, by measure a
        list with the value of each image, in order, and ``coverage`` beside them; ``provenance``.
    """
    store = store or Store(default_root() / "classical")
    if found := store.get(setting.fingerprint):
        return found
    began = time.monotonic()
    loaded = data.images(setting.dataset, "test", round(setting.size * 8 / 7), setting.count)
    originals = centre_crops(loaded, setting.size) / 255.0
    holes, weights = hole_masks(setting, len(originals))
    fill = METHODS[setting.fill].fill
    assert fill is not None
    rows = []
    for original, hole, weight in zip(originals, holes, weights, strict=True):
        share = weight[..., None]
        result = share * fill(original, hole) + (1 - share) * original
        rows.append({"coverage": float(weight.mean()), **measure(original, result, hole)})
    per_image = {name: [round(row[name], 5) for row in rows] for name in rows[0]}
    record = {
        "kind": "fill",
        "experiment": {**asdict(setting), "coverage": list(setting.coverage)},
        "fingerprint": setting.fingerprint,
        "metrics": {name: float(np.mean(values)) for name, values in per_image.items()},
        "images": per_image,
        "provenance": provenance(time.monotonic() - began),
    }
    store.put(record)
    return record


def run_all(wanted: Iterable[Setting], store: Store | None = None) -> list[dict[str, Any]]:
    """The records of many settings; only missing ones are made.

    Parameters
    ----------
    wanted : iterable of Setting
    store : Store, optional
        As for `run`.
    """
    chosen = list(wanted)
    bar = tqdm(chosen, "Filling holes", disable=None, delay=2, unit="setting")
    return [run(setting, store) for setting in bar]


def hole_masks(setting: Setting, count: int) -> tuple[Mask, Array]:
    """The holes of a setting, and the share of each pixel that the fill replaces.

    Parameters
    ----------
    setting : Setting
    count : int

    Returns
    -------
    holes : bool (count, size, size)
        True = to be filled.
    weights : float (count, size, size)
        From 0 to 1; 0 or 1 unless the masks are ``soft``.
    """

    def drawn(size: int) -> Mask:
        recipe = RECIPES[setting.recipe]
        return data.masks(
            setting.masks, count, size, 0, setting.coverage, split="test", recipe=recipe
        )

    size = setting.size
    if setting.resizing == "nearest":
        holes = drawn(size)
        return holes, holes.astype(np.float64)
    large = drawn(_CANVAS)
    if setting.resizing == "cut":
        corner = (_CANVAS - size) // 2
        holes = large[:, corner : corner + size, corner : corner + size]
        return holes, holes.astype(np.float64)
    soft = np.stack([_resized(mask, size) for mask in large])
    if setting.resizing == "soft":
        return soft > 0, soft
    least = {"half": 0.5, "any": 1e-6, "all": 1 - 1e-6}[setting.resizing]
    holes = soft >= least
    return holes, holes.astype(np.float64)


def _resized(mask: Mask, size: int) -> Array:
    image = Image.fromarray(mask.astype(np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR), np.float64).clip(0, 1)


def measure(original: Array, result: Array, hole: Mask) -> dict[str, float]:
    """PSNR and SSIM of one image, in many ways.

    Parameters
    ----------
    original, result : float (H, W, 3) in [0, 1]
        H and W at least 42, so that the largest window fits.
    hole : bool (H, W)
        True = was filled.

    Returns
    -------
    dict of str to float
        Keys begin with ``psnr``, in dB, or with ``ssim`` or ``ms_ssim``; `wssl.claims.plane`
        describes each. ``psnr`` and ``ssim`` are the study's own.
    """
    gaussian = moments(original, result, _gaussian)
    grey = [image @ np.array(_LUMA) for image in (original, result)]
    squared = ((result - original) ** 2).mean(axis=-1)
    difference = np.rint(255 * original).astype(np.uint8) - np.rint(255 * result).astype(np.uint8)
    values = {
        "psnr": metrics.psnr(squared.mean()),
        "psnr_range_2": metrics.psnr(squared.mean() / 4),
        "psnr_wrapped": metrics.psnr(np.mean(difference * difference) / 255.0**2),
        "psnr_grey": metrics.psnr(np.mean((grey[1] - grey[0]) ** 2)),
        "psnr_hole": metrics.psnr(squared[hole].mean()),
        "ssim": similarity(gaussian),
        "ssim_grey": similarity(moments(grey[0], grey[1], _gaussian)),
        "ssim_sample": similarity(gaussian.sample(11**2)),
        "ssim_range_2": similarity(gaussian, 2.0),
        "ssim_range_255": similarity(gaussian, 255.0),
        "ssim_range_1_of_255": similarity(gaussian, 1 / 255),
        "ssim_signed": similarity(gaussian.signed(), 2.0),
        "ssim_signed_range_1": similarity(gaussian.signed(), 1.0),
        "ssim_deviations": similarity(gaussian.deviations()),
        "ssim_padded": similarity(moments(original, result, partial(_reflected, mode="constant"))),
        "ssim_whole": similarity(moments(original, result, _whole)),
        "ssim_hole": similarity_map(moments(original, result, _reflected))[hole].mean(),
        "ms_ssim": metrics.ms_ssim(original, result),
    }
    for side in UNIFORM_WINDOWS:
        uniform = moments(original, result, partial(_uniform, side=side)).sample(side**2)
        values[f"ssim_uniform_{side}"] = similarity(uniform)
        if side == SCIKIT_IMAGE_WINDOW:
            values[f"ssim_uniform_{side}_range_2"] = similarity(uniform, 2.0)
    return {name: float(value) for name, value in values.items()}


class Moments(NamedTuple):
    """Local means, variances and covariance of two images.

    Attributes
    ----------
    mean_x, mean_y, var_x, var_y, covariance : float (H, W) or (H, W, C)
    """

    mean_x: Array
    mean_y: Array
    var_x: Array
    var_y: Array
    covariance: Array

    def sample(self, count: int) -> "Moments":
        """With the variances of a sample, as scikit-image computes them by default.

        Parameters
        ----------
        count : int
            Pixels in a window.
        """
        factor = count / (count - 1)
        return self._replace(
            var_x=factor * self.var_x,
            var_y=factor * self.var_y,
            covariance=factor * self.covariance,
        )

    def signed(self) -> "Moments":
        """The moments of the same images scaled from [0, 1] to [-1, 1]."""
        return Moments(
            2 * self.mean_x - 1,
            2 * self.mean_y - 1,
            4 * self.var_x,
            4 * self.var_y,
            4 * self.covariance,
        )

    def deviations(self) -> "Moments":
        """With standard deviations in the place of variances."""
        return self._replace(
            var_x=np.sqrt(np.maximum(self.var_x, 0)), var_y=np.sqrt(np.maximum(self.var_y, 0))
        )


def moments(x: Array, y: Array, window: Callable[[Array], Array]) -> Moments:
    """The moments from which SSIM is computed.

    Parameters
    ----------
    x, y : float (H, W) or (H, W, C)
    window : callable
        Weighted means around each pixel of an image.
    """
    mean_x, mean_y = window(x), window(y)
    return Moments(
        mean_x,
        mean_y,
        window(x * x) - mean_x**2,
        window(y * y) - mean_y**2,
        window(x * y) - mean_x * mean_y,
    )


def similarity_map(found: Moments, data_range: float = 1.0) -> Array:
    """SSIM at each position and in each channel (Wang et al. 2004).

    Parameters
    ----------
    found : Moments
    data_range : float
        The L of the constants ``(0.01 L)^2`` and ``(0.03 L)^2``.

    References
    ----------
    doi:10.1109/TIP.2003.819861
    """
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * found.mean_x * found.mean_y + c1) / (found.mean_x**2 + found.mean_y**2 + c1)
    return luminance * (2 * found.covariance + c2) / (found.var_x + found.var_y + c2)


def similarity(found: Moments, data_range: float = 1.0) -> float:
    """The mean of `similarity_map`.

    Parameters
    ----------
    found : Moments
    data_range : float
    """
    return float(similarity_map(found, data_range).mean())


def _reflected(image: Array, mode: str = "reflect") -> Array:
    smooth: Array = gaussian_filter(image, 1.5, radius=5, axes=(0, 1), mode=mode)
    return smooth


def _gaussian(image: Array) -> Array:
    return _reflected(image)[5:-5, 5:-5]


def _uniform(image: Array, side: int) -> Array:
    r = side // 2
    smooth: Array = uniform_filter(image, side, axes=(0, 1))
    return smooth[r:-r, r:-r]


def _whole(image: Array) -> Array:
    return image.mean(axis=(0, 1), keepdims=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the records: ``python -m wssl.study.protocols --dataset open-faces-2 --preset desktop``.

    Parameters
    ----------
    arguments : sequence of str, optional
        As from the shell, without the program's name; ``sys.argv`` if not given.
    """
    parser = argparse.ArgumentParser(
        prog="python -m wssl.study.protocols", description="Make the records."
    )
    parser.add_argument("--dataset", default="synthetic", help="images (default: synthetic)")
    parser.add_argument("--masks", default="auto", help="strokes (default: follow the images)")
    parser.add_argument(
        "--preset", default="quick", help="preset that sets the number of images (default: quick)"
    )
    options = parser.parse_args(arguments)
    try:
        groups = settings(options.dataset, options.masks, options.preset)
        records = run_all(setting for group in groups.values() for setting in group)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    seconds = sum(record["provenance"]["seconds"] for record in records)
    print(f"{len(records)} records, made in {seconds / 60:.1f} minutes")


if __name__ == "__main__":
    main()
