"""Objectives of the pretext phase: the paper's weighted tasks, or others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wssl.checks.names import Registry
from wssl.machine.backend import keras
from wssl.methods.other_pretexts import (
    Colourisation,
    MaskedPatches,
    RealOrGenerated,
    VICReg,
)
from wssl.methods.phase import Phase
from wssl.methods.weighing import GradNorm, RandomWeights, Uncertainty
from wssl.methods.wssl import PretextPhase


@dataclass(frozen=True)
class Objective:
    """A way to pretrain the encoder.

    Attributes
    ----------
    title : str
        A short description, for help texts and lists.
    phase : callable
        ``(network, weights, seed) -> Phase``: from a U-Net, the weights of the pretext tasks and
        the seed of all other initial weights. Only the encoder of the phase's network is kept.
    finds_weights : bool
        Whether the weights of the tasks are found or drawn in the phase, so that each is given as
        1.
    masked : bool
        Whether the images have holes, of the masks of the inpainting phase.
    tasks : bool
        Whether it learns pretext tasks; otherwise an experiment has none.
    labelled : bool
        Whether it learns the kind of each image, as `wssl.data.kinds` has it. A tenth of the
        training images is then held out to be tested on.
    """

    title: str
    phase: Callable[[keras.Model, Mapping[str, float], int], Phase]
    finds_weights: bool = False
    masked: bool = False
    tasks: bool = True
    labelled: bool = False


OBJECTIVES: Registry[Objective] = Registry(
    {
        "weighted": Objective("the levels of weighted pretext tasks (the paper)", PretextPhase.of),
        "masked": Objective("the same on images with holes", PretextPhase.of, masked=True),
        "random_weights": Objective(
            "the tasks by weights drawn in each step", RandomWeights.of, True
        ),
        "uncertainty": Objective("the tasks by learned variances", Uncertainty.of, True),
        "gradnorm": Objective("the tasks by weights that balance gradients", GradNorm.of, True),
        "masked_patches": Objective(
            "restoring hidden patches (masked-image modelling)", MaskedPatches.of, tasks=False
        ),
        "colourisation": Objective("restoring colours", Colourisation.of, tasks=False),
        "vicreg": Objective("what two views of an image share", VICReg.of, tasks=False),
        "real_or_generated": Objective(
            "whether a portrait is a photograph or generated (supervised)",
            RealOrGenerated.of,
            tasks=False,
            labelled=True,
        ),
    }
)
"""Every objective of the pretext phase by name. To add one, add an entry."""
