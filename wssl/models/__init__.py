"""The networks: what maps a masked image to a whole one."""

from collections.abc import Callable
from typing import Any

import keras

from wssl.models.classical import FILLS
from wssl.models.shift_net import patch_discriminator, shift_net
from wssl.models.unet import ENCODER_LAYERS, encoder, pretext_model, unet

MODELS: dict[str, Callable[[int, int, int], keras.Model]] = {"wssl": unet, "shift_net": shift_net}
"""Every network by method name: ``(size, width, seed) -> keras.Model``, from masked images, or from
masked images and masks, to whole ones."""


def methods() -> dict[str, Callable[..., Any]]:
    """Everything that fills holes, by method name: the networks, and what learns nothing."""
    return {**MODELS, **FILLS}


__all__ = [
    "ENCODER_LAYERS",
    "FILLS",
    "MODELS",
    "encoder",
    "methods",
    "patch_discriminator",
    "pretext_model",
    "shift_net",
    "unet",
]
