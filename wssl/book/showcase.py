"""The picture of the first page: the same holes, filled by the paper's recipe and from scratch."""

from dataclasses import dataclass

import numpy as np

from wssl import metrics
from wssl.claims.campaign import NARROW, WIDE, at_width
from wssl.claims.catalogue import BEST_ARM, SCRATCH
from wssl.experiment import Experiment
from wssl.records.fields import is_run
from wssl.records.store import Record, Store
from wssl.runs.execution import Result
from wssl.study import Study, calibration

RECIPE, SUPERVISED = "the paper's recipe", "from scratch"
"""What the two networks are called."""


@dataclass(frozen=True)
class Showcase:
    """Pictures, their holes, and what two networks fill in.

    Attributes
    ----------
    pictures : float32 (N, S, S, 3) in [0, 1]
        Photographs of scikit-image and drawn portraits, which may be shown.
    masks : bool (N, S, S)
        True = hole.
    filled : dict of str to float (N, S, S, 3)
        Composited, by `RECIPE` and `SUPERVISED`; empty where no network is at hand.
    records : dict of str to dict
        Of the runs, by the same names.
    networks : str
        Whose networks they are, as the beginning of a sentence.
    """

    pictures: np.ndarray
    masks: np.ndarray
    filled: dict[str, np.ndarray]
    records: dict[str, Record]
    networks: str


def showcase(
    study: Study, store: Store | None = None, photographs: int = 1, drawn: int = 1
) -> Showcase:
    """Fill a few pictures with the paper's recipe and with the same network trained from scratch.

    Parameters
    ----------
    study : wssl.study.Study
    store : Store, optional
    photographs, drawn : int
        How many of scikit-image's photographs, and of drawn portraits.

    Returns
    -------
    Showcase
        By the first seed of the study. Where neither weights nor kept fills of the registered
        campaign are, by the networks of the calibration, which no verdict rests on; without these,
        too, nothing is filled.
    """
    store = store or Store()
    width = WIDE if study.registered else NARROW
    arms = {RECIPE: at_width(BEST_ARM, width), SUPERVISED: at_width(SCRATCH, width)}
    pictures, masks = study.pictures(photographs, drawn)
    filled = study.filled(arms, pictures, masks, store)
    if len(filled) == len(arms):
        runs = study.firsts(arms).items()
        records = {name: store.get(run.fingerprint) or {} for name, run in runs}
        networks = (
            "Networks of the registered runs" if study.registered else "Networks of these runs"
        )
        return Showcase(pictures, masks, filled, records, networks)
    apart = Store(store.root / calibration.FOLDER)
    encoders = {RECIPE: "frozen", SUPERVISED: "scratch"}
    results = {name: _calibrated(encoder, apart) for name, encoder in encoders.items()}
    known = {name: result for name, result in results.items() if result is not None}
    if not study.registered or len(known) < len(arms):
        return Showcase(pictures, masks, {}, {}, "")
    filled = {
        name: metrics.composite(pictures, result.inpaint(pictures, masks), masks)
        for name, result in known.items()
    }
    records = {name: dict(result.record) for name, result in known.items()}
    networks = "Networks of the calibration, on which no verdict rests"
    return Showcase(pictures, masks, filled, records, networks)


def _calibrated(encoder: str, store: Store) -> Result | None:
    experiment = Experiment(encoder=encoder, seed=1, **calibration.DATA)
    record = store.get(experiment.fingerprint)
    if record is None or not is_run(record):
        return None
    if not store.weights_path(experiment.fingerprint).exists():
        return None
    return Result(experiment, record, store)
