"""The networks: what maps a masked image to a whole one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from wssl.backend import keras
from wssl.models.classical import FILLS
from wssl.models.pic import pic, samples
from wssl.models.shift_net import patch_discriminator, shift_net
from wssl.models.unet import (
    ENCODER_BLOCKS,
    ENCODER_LAYERS,
    block_outputs,
    encoder,
    encoder_variables,
    freeze,
    pretext_model,
    unet,
    with_skips_cut,
)

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
    "ENCODER_BLOCKS",
    "ENCODER_LAYERS",
    "FILLS",
    "MODELS",
    "VARIANTS",
    "block_outputs",
    "encoder",
    "encoder_variables",
    "freeze",
    "methods",
    "patch_discriminator",
    "pic",
    "pretext_model",
    "shift_net",
    "unet",
    "with_skips_cut",
]
