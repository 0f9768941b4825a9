"""The networks: what maps a masked image to a whole one."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from wssl.models.classical import FILLS
from wssl.models.pic import pic, samples
from wssl.models.shift_net import patch_discriminator, shift_net
from wssl.models.unet import ENCODER_LAYERS, encoder, pretext_model, unet

MODELS: dict[str, Callable[[int, int, int], keras.Model]] = {
    "wssl": unet,
    "shift_net": shift_net,
    "pic": pic,
}
"""Every network by method name: ``(size, width, seed) -> keras.Model``, from masked images, or from
masked images and masks, to whole ones."""

VARIANTS: dict[str, Callable[[keras.Model, np.ndarray, np.ndarray, int], dict[str, np.ndarray]]] = {
    "pic": samples,
}
"""What else a network can make of images and masks, ``(network, images, masks, seed) -> restored
images by name``, where it draws at random; what it is recorded by draws nothing."""


def methods() -> dict[str, Callable[..., Any]]:
    """Everything that fills holes, by method name: the networks, and what learns nothing."""
    return {**MODELS, **FILLS}


__all__ = [
    "ENCODER_LAYERS",
    "FILLS",
    "MODELS",
    "VARIANTS",
    "encoder",
    "methods",
    "patch_discriminator",
    "pic",
    "pretext_model",
    "shift_net",
    "unet",
]
