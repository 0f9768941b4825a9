"""Presets, which set the scale of a run; all other settings are in the experiment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from wssl.checks.names import lookup

SCHEDULES = {
    "constant": "the learning rate stays as it is",
    "cosine": "the learning rate falls along half a cosine to zero at the last step",
}
"""Schedules of the learning rate after the warm-up, by name."""


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
        Number of images of each split; None = all.
    train_masks : int
        Number of masks, which are paired with the training images at random.
    pretext_steps, inpainting_steps : int
        Optimiser steps of each phase.
    pretext_batch, inpainting_batch : int
        Images per step.
    pretext_learning_rate, inpainting_learning_rate : float
        Of Adam, at its highest.
    pretext_warmup, inpainting_warmup : int
        Steps over which the learning rate rises linearly to its highest value; 0 = none.
    pretext_schedule, inpainting_schedule : str
        One of `SCHEDULES`.
    tuned : dict of str to dict
        Values that replace those of the inpainting phase for one kind of training: ``end_to_end``
        (no frozen block), or a method's name. Chosen on validation images, for each kind
        separately.
    seeds : int
        Number of seeds with which a study at this preset repeats each experiment.
    purpose : str
        Information for readers. Like `seeds`, it does not enter a fingerprint.
    """

    name: str
    size: int
    width: int
    train_images: int | None
    test_images: int | None
    train_masks: int
    pretext_steps: int
    inpainting_steps: int
    pretext_batch: int
    inpainting_batch: int
    pretext_learning_rate: float
    inpainting_learning_rate: float
    pretext_warmup: int = 0
    inpainting_warmup: int = 0
    pretext_schedule: str = "constant"
    inpainting_schedule: str = "constant"
    tuned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, compare=False)
    seeds: int = field(default=1, compare=False)
    purpose: str = field(default="", compare=False)

    @property
    def load_size(self) -> int:
        """Side of the images before the crop, in pixels: 256 for 224."""
        return round(self.size * 256 / 224)

    def training(self, phase: str) -> dict[str, Any]:
        """The training settings of a phase.

        Parameters
        ----------
        phase : {"pretext", "inpainting"}

        Returns
        -------
        dict
            ``steps, batch, learning_rate, warmup, schedule``.
        """
        return {name: getattr(self, f"{phase}_{name}") for name in _TRAINING}


_TRAINING = ("steps", "batch", "learning_rate", "warmup", "schedule")

SETTINGS = tuple(f.name for f in fields(Preset) if f.compare and f.name != "name")
"""The values of a preset that an experiment may override."""


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
            pretext_steps=2,
            inpainting_steps=2,
            pretext_batch=4,
            inpainting_batch=4,
            pretext_learning_rate=1e-3,
            inpainting_learning_rate=1e-3,
            purpose="tests: any notebook in seconds",
        ),
        Preset(
            "quick",
            size=64,
            width=8,
            train_images=512,
            test_images=64,
            train_masks=512,
            pretext_steps=100,
            inpainting_steps=120,
            pretext_batch=16,
            inpainting_batch=16,
            pretext_learning_rate=1e-3,
            inpainting_learning_rate=8e-3,
            inpainting_schedule="cosine",
            purpose="`make book`: a small edition of your own",
        ),
        Preset(
            "desktop",
            size=64,
            width=16,
            train_images=None,
            test_images=None,
            train_masks=2000,
            pretext_steps=9600,
            inpainting_steps=1000,
            pretext_batch=16,
            inpainting_batch=16,
            pretext_learning_rate=5e-4,
            inpainting_learning_rate=8e-3,
            pretext_warmup=100,
            inpainting_warmup=100,
            pretext_schedule="cosine",
            inpainting_schedule="cosine",
            tuned={
                "shift_net": {"inpainting_learning_rate": 1.6e-2, "inpainting_steps": 4000},
                "pic": {"inpainting_learning_rate": 1.6e-2, "inpainting_steps": 4000},
            },
            seeds=3,
            purpose="the reference edition on a CPU",
        ),
        Preset(
            "gpu",
            size=224,
            width=32,
            train_images=None,
            test_images=None,
            train_masks=5000,
            pretext_steps=2000,
            inpainting_steps=2000,
            pretext_batch=64,
            inpainting_batch=64,
            pretext_learning_rate=3e-4,
            inpainting_learning_rate=3e-4,
            seeds=3,
            purpose="a replication at 224 px; no verdict rests on it",
        ),
        Preset(
            "paper",
            size=224,
            width=64,
            train_images=None,
            test_images=None,
            train_masks=20000,
            pretext_steps=15120,
            inpainting_steps=7560,
            pretext_batch=64,
            inpainting_batch=64,
            pretext_learning_rate=1e-4,
            inpainting_learning_rate=1e-4,
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
        One of `PRESETS`, or ``NAME:STEPS``, the same preset with each phase limited to that number
        of steps, to estimate how long the whole preset takes.

    Raises
    ------
    ValueError
        If there is none, with the nearest name in the message; or if the number of steps exceeds
        that of a phase.

    Examples
    --------
    >>> preset("quick").size, preset("quick:20").inpainting_steps
    (64, 20)
    """
    whole, colon, steps = str(name).partition(":")
    found = lookup("preset", whole, PRESETS)
    if not colon:
        return found
    longest = min(found.pretext_steps, found.inpainting_steps)
    if not (steps.isascii() and steps.isdigit() and 1 <= int(steps) <= longest):
        raise ValueError(
            f"preset: expected after {whole!r} a number of steps from 1 to {longest}, such as "
            f"'{whole}:{min(20, longest)}'; received {steps!r}."
        )
    return replace(
        found,
        name=name,
        pretext_steps=int(steps),
        inpainting_steps=int(steps),
        pretext_warmup=min(found.pretext_warmup, int(steps)),
        inpainting_warmup=min(found.inpainting_warmup, int(steps)),
        tuned={
            kind: {k: v for k, v in values.items() if not k.endswith(("_steps", "_warmup"))}
            for kind, values in found.tuned.items()
        },
    )


def with_settings(base: Preset, settings: Mapping[str, Any]) -> Preset:
    """A preset with some of its values overridden.

    Parameters
    ----------
    base : Preset
    settings : mapping of str to value
        Names are those of `SETTINGS`.

    Raises
    ------
    ValueError
        If a name is unknown, with the nearest name in the message; or if a value is not valid.

    Examples
    --------
    >>> with_settings(preset("quick"), {"width": 32}).width
    32
    """
    known = dict.fromkeys(SETTINGS, True)
    for name, value in settings.items():
        lookup("setting of a preset", name, known)
        _check_setting(name, value)
    changed = replace(base, **settings)
    for phase in ("pretext", "inpainting"):
        training = changed.training(phase)
        if training["warmup"] > training["steps"]:
            raise ValueError(
                f"{phase}_warmup: expected at most the {training['steps']} steps of the phase; "
                f"received {training['warmup']}."
            )
    return changed


def _check_setting(name: str, value: Any) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name.endswith("_schedule"):
        lookup(name, value, SCHEDULES)
    elif name.endswith("_learning_rate"):
        if not (number and 0.0 < value < float("inf")):
            raise ValueError(f"{name}: expected a positive, finite number; received {value!r}.")
    elif not (value is None and name in ("train_images", "test_images")):
        least = 0 if name.endswith("_warmup") else 1
        if not (number and isinstance(value, int) and value >= least):
            raise ValueError(f"{name}: expected an integer from {least}; received {value!r}.")
