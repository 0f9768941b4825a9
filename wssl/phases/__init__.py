"""The phases of training, a class each: what a batch becomes, and the loss."""

from collections.abc import Callable

from wssl.backend import keras
from wssl.phases.phase import Batch, Phase, Tensor, blacken, count, crop, examples
from wssl.phases.pic import PicPhase
from wssl.phases.shift_net import ShiftNetPhase
from wssl.phases.wssl import InpaintingPhase, PretextPhase

PHASES: dict[str, Callable[[keras.Model, int, int, int], Phase]] = {
    "shift_net": ShiftNetPhase.of,
    "pic": PicPhase.of,
}
"""How a method is trained that has a way of its own: ``(network, size, width, seed) -> Phase``. All
others are trained as the paper trains its network."""

__all__ = [
    "PHASES",
    "Batch",
    "InpaintingPhase",
    "Phase",
    "PicPhase",
    "PretextPhase",
    "ShiftNetPhase",
    "Tensor",
    "blacken",
    "count",
    "crop",
    "examples",
]
