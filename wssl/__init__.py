"""WSSL: a reproducible study of weighted self-supervised learning for image inpainting.

>>> import wssl
>>> experiment = wssl.Experiment(pretext={"rotation": 0.3, "saturation": 0.7})
>>> result = wssl.run(experiment)  # doctest: +SKIP

Names are loaded when first used, so that code that only reads records does not need Keras.
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from wssl.machine.settings import configure

if TYPE_CHECKING:
    from wssl import data, losses, methods, metrics, paper, presets, pretext, report, study
    from wssl.experiment import Evaluation, Experiment
    from wssl.export import load_model, save_model
    from wssl.inpainting import inpaint, inpaint_folder
    from wssl.records.store import Store
    from wssl.runs.execution import Result, evaluate, pretrain, run
    from wssl.scheduling.schedule import run_all

configure()

# In a notebook Pooch loads tqdm's bar of widgets; the bars of this package need none.
warnings.filterwarnings("ignore", "IProgress not found")

_HOMES = {
    "Evaluation": "wssl.experiment",
    "Experiment": "wssl.experiment",
    "Result": "wssl.runs.execution",
    "Store": "wssl.records.store",
    "evaluate": "wssl.runs.execution",
    "inpaint": "wssl.inpainting",
    "inpaint_folder": "wssl.inpainting",
    "load_model": "wssl.export",
    "pretrain": "wssl.runs.execution",
    "run": "wssl.runs.execution",
    "run_all": "wssl.scheduling.schedule",
    "save_model": "wssl.export",
}
_MODULES = (
    "data",
    "losses",
    "methods",
    "metrics",
    "paper",
    "presets",
    "pretext",
    "report",
    "study",
)

__all__ = [
    "Evaluation",
    "Experiment",
    "Result",
    "Store",
    "data",
    "evaluate",
    "inpaint",
    "inpaint_folder",
    "load_model",
    "losses",
    "methods",
    "metrics",
    "paper",
    "presets",
    "pretext",
    "pretrain",
    "report",
    "run",
    "run_all",
    "save_model",
    "study",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"wssl.{name}")
    raise AttributeError(f"module 'wssl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
