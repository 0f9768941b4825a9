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

METHODS: dict[str, Callable[..., Any]] = {**MODELS, **FILLS}
"""Every method that fills holes: the networks, and the fills that learn nothing."""

__all__ = [
    "ENCODER_LAYERS",
    "FILLS",
    "METHODS",
    "MODELS",
    "encoder",
    "patch_discriminator",
    "pretext_model",
    "shift_net",
    "unet",
]
