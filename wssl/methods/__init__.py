"""Methods of inpainting: networks with their training, and baselines that are not learned."""

from functools import partial

import cv2

from wssl.checks.names import Registry
from wssl.methods.classical import biharmonic, harmonic, marching, mean_colour
from wssl.methods.mask_aware import mask_channel, mean_filled, noise_filled, partial_unet
from wssl.methods.method import Method
from wssl.methods.objectives import OBJECTIVES, Objective
from wssl.methods.phase import Batch, Phase, Tensor, batch_size, crop, gather_examples, mask_out
from wssl.methods.pic import PicPhase, pic, samples
from wssl.methods.shift_net import ShiftNetPhase, patch_discriminator, shift_net
from wssl.methods.unet import (
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
from wssl.methods.wssl import InpaintingPhase, PretextPhase

METHODS: Registry[Method] = Registry(
    {
        "wssl": Method("WSSL", unet, has_encoder=True),
        "mean_filled": Method("WSSL, holes of mean colour", mean_filled, has_encoder=True),
        "noise_filled": Method("WSSL, holes of noise", noise_filled, has_encoder=True),
        "mask_channel": Method("WSSL, mask as a channel", mask_channel, None, True, True),
        "partial": Method("WSSL, partial convolutions", partial_unet, None, True, True),
        "shift_net": Method("Shift-Net", shift_net, ShiftNetPhase.of),
        "pic": Method("PIC", pic, PicPhase.of, variants=samples),
        "harmonic": Method("harmonic interpolation", fill=harmonic),
        "biharmonic": Method("biharmonic interpolation", fill=biharmonic),
        "telea": Method("Telea", fill=partial(marching, algorithm=cv2.INPAINT_TELEA)),
        "navier_stokes": Method("Navier-Stokes", fill=partial(marching, algorithm=cv2.INPAINT_NS)),
        "mean_colour": Method("mean colour", fill=mean_colour),
    }
)
"""Every method by name. To add one, add an entry."""

__all__ = [
    "ENCODER_BLOCKS",
    "ENCODER_LAYERS",
    "METHODS",
    "OBJECTIVES",
    "Batch",
    "InpaintingPhase",
    "Method",
    "Objective",
    "Phase",
    "PicPhase",
    "PretextPhase",
    "ShiftNetPhase",
    "Tensor",
    "batch_size",
    "block_outputs",
    "crop",
    "encoder",
    "encoder_variables",
    "freeze",
    "gather_examples",
    "mask_channel",
    "mask_out",
    "mean_filled",
    "noise_filled",
    "partial_unet",
    "patch_discriminator",
    "pic",
    "pretext_model",
    "shift_net",
    "unet",
    "with_skips_cut",
]
