"""The networks: what maps a masked image to a whole one."""

from collections.abc import Callable

import keras

from wssl.models.unet import ENCODER_LAYERS, encoder, pretext_model, unet

MODELS: dict[str, Callable[[int, int, int], keras.Model]] = {"wssl": unet}
"""Every model by method name: ``(size, width, seed) -> keras.Model`` from masked to whole image,
its encoder being its first `ENCODER_LAYERS` layers."""

__all__ = ["ENCODER_LAYERS", "MODELS", "encoder", "pretext_model", "unet"]
