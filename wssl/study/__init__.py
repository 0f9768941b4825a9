"""The study as lists of experiments, the registered campaign, and what was added to it."""

from wssl.study.parts import (
    OTHERS,
    PARTS,
    baselines,
    controls,
    evaluations,
    freezing,
    losses,
    table,
    unseen_images,
)
from wssl.study.study import Study, retired

__all__ = [
    "OTHERS",
    "PARTS",
    "Study",
    "baselines",
    "controls",
    "evaluations",
    "freezing",
    "losses",
    "retired",
    "table",
    "unseen_images",
]
