"""The picture of the first page: the same holes, filled by the paper's recipe and from scratch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wssl import calibration, metrics
from wssl.claims.campaign import NARROW, WIDE, at_width
from wssl.claims.catalogue import BEST_ARM, SCRATCH
from wssl.experiment import Experiment
from wssl.records import is_run
from wssl.runs import Result
from wssl.store import Record, Store, atomic
from wssl.study import Study

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
    study: Study,
    store: Store | None = None,
    photographs: int = 1,
    drawn: int = 1,
    kept: Path | None = None,
) -> Showcase:
    """Fill a few pictures with the paper's recipe and with the same network trained from scratch.

    Parameters
    ----------
    study : wssl.study.Study
    store : Store, optional
    photographs, drawn : int
        How many of scikit-image's photographs, and of drawn portraits.
    kept : Path, optional
        An ``.npz`` file of what networks have filled in: uint8 (N, S, S, 3) by the fingerprint of
        the run. It is written where the networks of the registered campaign are on this machine,
        and read where they are not, since their weights are not committed.

    Returns
    -------
    Showcase
        By the first seed of the study. Where the registered campaign has neither weights nor a kept
        file, by the networks of the calibration, which no verdict rests on; without these, too,
        nothing is filled.
    """
    store = store or Store()
    width = WIDE if study.registered else NARROW
    found = [study.result(at_width(arm, width), store) for arm in (BEST_ARM, SCRATCH)]
    networks = "Networks of the registered runs" if study.registered else "Networks of these runs"
    pictures, masks = study.pictures(photographs, drawn)
    if study.registered and None in found:
        if kept is not None and (before := _kept(study, store, kept)):
            filled, records = before
            return Showcase(pictures, masks, filled, records, networks)
        apart, kept = Store(store.root / calibration.FOLDER), None
        found = [_calibrated(encoder, apart) for encoder in ("frozen", "scratch")]
        networks = "Networks of the calibration, on which no verdict rests"
    results = {
        name: result
        for name, result in zip((RECIPE, SUPERVISED), found, strict=True)
        if result is not None
    }
    if len(results) < 2:
        return Showcase(pictures, masks, {}, {}, "")
    filled = {
        name: metrics.composite(pictures, result.inpaint(pictures, masks), masks)
        for name, result in results.items()
    }
    records = {name: dict(result.record) for name, result in results.items()}
    if study.registered and kept is not None:
        levels = {
            r.fingerprint: np.rint(255 * filled[n]).astype("uint8") for n, r in results.items()
        }
        with atomic(kept) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **levels)
    return Showcase(pictures, masks, filled, records, networks)


def _kept(
    study: Study, store: Store, path: Path
) -> tuple[dict[str, np.ndarray], dict[str, Record]] | None:
    """What the networks had filled in, and the records of their runs; None if not of these runs."""
    firsts = study.firsts(
        {
            n: at_width(arm, WIDE)
            for n, arm in zip((RECIPE, SUPERVISED), (BEST_ARM, SCRATCH), strict=True)
        }
    )
    records = {name: store.get(experiment.fingerprint) for name, experiment in firsts.items()}
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as file:
        if not all(r is not None and r["fingerprint"] in file for r in records.values()):
            return None
        filled = {n: file[r["fingerprint"]] / np.float32(255) for n, r in records.items() if r}
    return filled, {name: record for name, record in records.items() if record}


def _calibrated(encoder: str, store: Store) -> Result | None:
    experiment = Experiment(encoder=encoder, seed=1, **calibration.DATA)
    record = store.get(experiment.fingerprint)
    if record is None or not is_run(record):
        return None
    if not store.weights_path(experiment.fingerprint).exists():
        return None
    return Result(experiment, record, store)
