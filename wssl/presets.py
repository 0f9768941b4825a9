"""Presets: how large a run is. Everything else that a run depends on is in the experiment."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from wssl.names import lookup


@dataclass(frozen=True)
class Preset:
    """The scale of a run.

    Attributes
    ----------
    name : str
    size : int
        Side of the images that the networks see, in pixels; images are loaded at 8/7 of it and
        cropped, the paper's ratio of 256 to 224.
    width : int
        Channels of the U-Net's first block.
    train_images, test_images : int or None
        How many images of each split to use; None = all.
    train_masks : int
        How many masks the training images are paired with at random.
    batch : int
        Images a step.
    pretext_steps, inpainting_steps : int
        Optimiser steps of each phase.
    learning_rate : float
        Of Adam, in both phases.
    seeds : int
        How many seeds a study at this preset repeats each experiment with.
    purpose, wall_time : str
        For the reader: what it is for, and how long one experiment takes and on what. Like
        `seeds` and `expect` they do not enter a fingerprint.
    expect : dict of str to (float, float)
        Between which values a metric of the paper's configurations has come out.
    """

    name: str
    size: int
    width: int
    train_images: int | None
    test_images: int | None
    train_masks: int
    batch: int
    pretext_steps: int
    inpainting_steps: int
    learning_rate: float
    seeds: int
    purpose: str = field(default="", compare=False)
    wall_time: str = field(default="", compare=False)
    expect: dict[str, tuple[float, float]] = field(default_factory=dict, compare=False)

    @property
    def load_size(self) -> int:
        """Side of the images before the crop, in pixels: 256 for 224."""
        return round(self.size * 256 / 224)

    def numbers(self) -> dict[str, Any]:
        """The values that determine a run's numbers, for a fingerprint."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in ("seeds", "purpose", "wall_time", "expect")
        }


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "smoke",
            size=32,
            width=4,
            train_images=32,
            test_images=8,
            train_masks=16,
            batch=4,
            pretext_steps=2,
            inpainting_steps=2,
            learning_rate=1e-3,
            seeds=1,
            purpose="tests: any notebook in seconds",
        ),
        Preset(
            "quick",
            size=64,
            width=8,
            train_images=512,
            test_images=64,
            train_masks=512,
            batch=16,
            pretext_steps=100,
            inpainting_steps=200,
            learning_rate=1e-3,
            seeds=1,
            purpose="`make book`: a first edition of your own",
        ),
        Preset(
            "desktop",
            size=64,
            width=16,
            train_images=None,
            test_images=None,
            train_masks=2000,
            batch=16,
            pretext_steps=600,
            inpainting_steps=1000,
            learning_rate=5e-4,
            seeds=3,
            purpose="the reference edition on a CPU",
            wall_time="3 minutes on 2 cores (AMD EPYC)",
            expect={"ssim": (0.76, 0.82), "psnr": (22.5, 25.0)},
        ),
        Preset(
            "gpu",
            size=224,
            width=32,
            train_images=None,
            test_images=None,
            train_masks=5000,
            batch=64,
            pretext_steps=2000,
            inpainting_steps=2000,
            learning_rate=3e-4,
            seeds=3,
            purpose="the reference edition on a GPU",
        ),
        Preset(
            "paper",
            size=224,
            width=64,
            train_images=None,
            test_images=None,
            train_masks=20000,
            batch=64,
            pretext_steps=15120,
            inpainting_steps=7560,
            learning_rate=1e-4,
            seeds=1,
            purpose="the paper's own scale: 40 and 20 epochs of CelebA-HQ's 24,183 training images",
        ),
    )
}
"""Every preset by name."""


def preset(name: str) -> Preset:
    """The preset of that name.

    Parameters
    ----------
    name : str
        One of `PRESETS`, or ``NAME:STEPS``, the same with each phase cut to so many steps: a slice,
        to see how long the whole would take.

    Raises
    ------
    ValueError
        If there is none, the message names the nearest; or if a slice is not shorter than both
        phases of the whole.
    """
    whole, colon, steps = name.partition(":")
    found = lookup("preset", whole, PRESETS)
    if not colon:
        return found
    longest = min(found.pretext_steps, found.inpainting_steps)
    if not (steps.isascii() and steps.isdigit() and 1 <= int(steps) <= longest):
        raise ValueError(
            f"preset: expected after {whole!r} a number of steps from 1 to {longest}, such as "
            f"'{whole}:{min(20, longest)}'; received {steps!r}."
        )
    return replace(found, name=name, pretext_steps=int(steps), inpainting_steps=int(steps))
