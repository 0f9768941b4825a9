"""The phases of training, a class each: what a batch becomes, and the loss."""

from wssl.phases.phase import Batch, Phase, Tensor, blacken
from wssl.phases.shift_net import ShiftNetPhase
from wssl.phases.wssl import InpaintingPhase, PretextPhase

__all__ = [
    "Batch",
    "InpaintingPhase",
    "Phase",
    "PretextPhase",
    "ShiftNetPhase",
    "Tensor",
    "blacken",
]
