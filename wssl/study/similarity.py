"""How alike the features of trained encoders are, block by block; kept in records of their own.

The measure is linear centred kernel alignment (CKA; Kornblith, Norouzi, Lee and Hinton 2019,
arXiv:1905.00414): 1 if the features of one encoder are those of another apart from a rotation, a
shift and a scale, and 0 if nothing in one is linear in the other. It needs trained weights, which
are not committed, and so its records are made while the weights are there.
"""

import time
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from wssl.experiment import Experiment
from wssl.machine.provenance import provenance
from wssl.methods import ENCODER_BLOCKS
from wssl.records.store import Record, Store, default_root, fingerprint
from wssl.runs.execution import Result
from wssl.runs.inputs import evaluation_data
from wssl.runs.mechanism import block_features

VERSION = 1
"""Raised when the same weights would give other values."""

POSITIONS = 16
"""Positions of a feature map per image, drawn from all of them."""

_POSITION_SEED = 6


def linear_cka(first: np.ndarray, second: np.ndarray) -> float:
    """The linear centred kernel alignment of two sets of features of the same samples.

    Parameters
    ----------
    first : float (n, p)
    second : float (n, q)

    Returns
    -------
    float in [0, 1]
        NaN if the features of one are constant.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(50, 3))
    >>> turned = x @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    >>> round(linear_cka(x, 5 * turned + 1), 6)
    1.0
    """
    x, y = (np.asarray(z, np.float64) - np.mean(z, axis=0, dtype=np.float64)
            for z in (first, second))  # fmt: skip
    own = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(x.T @ y) ** 2 / own) if own > 0 else float("nan")


def similarity(experiments: Mapping[str, Experiment], store: Store | None = None) -> Record | None:
    """The similarity of the encoders of some experiments, from its record or newly made.

    Parameters
    ----------
    experiments : mapping of str to Experiment
        By name, all at the same width and on the same images; their networks are U-Nets.
    store : Store, optional
        Where their weights are; the record is kept in the folder ``similarity`` in it.
        `wssl.records.store.default_root` if not given.

    Returns
    -------
    dict or None
        ``metrics``: for each pair of names and each block, as ``"first | second | 1"``, the linear
        CKA on validation images with holes. ``experiment``: the fingerprint of each experiment.
        None if there is no record, and a run or its weights are missing: nothing is trained.
    """
    store = store or Store(default_root())
    kept = Store(store.root / "similarity")
    names = {name: e.fingerprint for name, e in experiments.items()}
    identity = fingerprint({"version": VERSION, "runs": names})
    if found := kept.get(identity):
        return found
    runs = {name: store.get(of) for name, of in names.items()}
    if any(runs[name] is None or not store.weights_path(names[name]).exists() for name in names):
        return None
    began = time.monotonic()
    sampled = {
        name: _sampled(Result(e, runs[name], store), e)  # type: ignore[arg-type]
        for name, e in experiments.items()
    }
    values = {
        f"{first} | {second} | {block}": linear_cka(one, other)
        for first, second in combinations(sampled, 2)
        for block, one, other in zip(ENCODER_BLOCKS, sampled[first], sampled[second], strict=True)
    }
    record = {
        "kind": "similarity",
        "experiment": names,
        "fingerprint": identity,
        "metrics": {pair: round(v, 4) if np.isfinite(v) else None for pair, v in values.items()},
        "provenance": provenance(time.monotonic() - began),
    }
    kept.put(record)
    return record


def _sampled(result: Result, experiment: Experiment) -> list[np.ndarray]:
    """The features of each block at some positions of all validation images, (n, C)."""
    images, masks = evaluation_data(experiment.replace(split="val"))
    images = np.where(masks[..., None], np.float32(0), images)
    rng = np.random.default_rng(_POSITION_SEED)
    places = [rng.random((len(images), POSITIONS, 2)) for _ in ENCODER_BLOCKS]
    kept: list[list[np.ndarray]] = [[] for _ in ENCODER_BLOCKS]
    for start, blocks in block_features(result.model(), images):
        for samples, chosen, block in zip(kept, places, blocks, strict=True):
            here = chosen[start : start + len(block)]
            rows, columns = (here * block.shape[1:3]).astype(int).transpose(2, 0, 1)
            images_here = np.arange(len(block))[:, None]
            samples.append(block[images_here, rows, columns].reshape(-1, block.shape[-1]))
    return [np.concatenate(samples) for samples in kept]
