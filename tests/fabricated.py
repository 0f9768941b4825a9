"""Records that nobody trained for, so that notebooks and figures can be tried in seconds."""

import numpy as np

from wssl.experiment import Evaluation
from wssl.methods import METHODS
from wssl.metrics import NAMES
from wssl.pretext import TASKS
from wssl.runs.scores import accuracy_of_learning

TEST_IMAGES = 8
TRAIN_IMAGES = 32


def noise(experiment, rng):
    """An SSIM that no setting changes."""
    return 0.8 + rng.normal(0.0, 0.005)


def fabricate(store, experiments, ssim=noise, seed=0):
    """Put records of experiments and of evaluations, and of their pretext phases, into a store.

    Parameters
    ----------
    store : wssl.Store
    experiments : iterable of Experiment or Evaluation
    ssim : callable
        ``(experiment, rng) -> float``; an evaluation's is that of the experiment tested. PSNR and
        the variants of both metrics follow from it.
    seed : int
        Of the noise, which is the same for an experiment whatever others are fabricated.

    Returns
    -------
    list of dict
        The record of each, in order.
    """
    records = []
    for experiment in experiments:
        rng = np.random.default_rng([seed, int(experiment.fingerprint, 16)])
        if isinstance(experiment, Evaluation):
            value = ssim(experiment.test, rng)
            record = _evaluation(experiment, value, rng)
        else:
            value = ssim(experiment, rng)
            record = _experiment(experiment, value, rng)
            if experiment.pretraining:
                phase = experiment.pretraining
                if store.get(phase.fingerprint) is None:
                    store.put(_pretraining(phase, seed))
        store.put(record)
        records.append(record)
    return records


def _experiment(experiment, ssim, rng):
    phase = experiment.pretraining
    return {
        "kind": "inpainting",
        "experiment": experiment.to_dict(),
        "fingerprint": experiment.fingerprint,
        "scale": experiment.hyperparameters(),
        "pretext": phase.fingerprint if phase else None,
        "metrics": _metrics(ssim),
        "per_image": _per_image(ssim, rng),
        "mechanism": _mechanism(ssim, rng) if experiment.method == "wssl" else None,
        **_variants(experiment.method, ssim),
        "history": [[1, 0.5], [2, 0.4]] if METHODS[experiment.method].learned else [],
        "provenance": _provenance(masks="0" * 16),
    }


def _evaluation(evaluation, ssim, rng):
    terms = ("log_cosh", "ssim", "gradient_log_cosh", "gradient_ssim")
    return {
        "kind": "evaluation",
        "experiment": evaluation.to_dict(),
        "fingerprint": evaluation.fingerprint,
        "run": evaluation.experiment.fingerprint,
        "metrics": _metrics(ssim),
        "terms": {name: float(rng.uniform(0.01, 0.1)) for name in terms},
        "per_image": _per_image(ssim, rng),
        "provenance": _provenance(masks="0" * 16),
    }


def _pretraining(phase, seed):
    rng = np.random.default_rng([seed, int(phase.fingerprint, 16)])
    confusion = {}
    for task in phase.pretext:
        levels = np.eye(len(TASKS[task].levels), dtype=int)
        right = int(rng.integers(TEST_IMAGES // len(levels), TEST_IMAGES + 1))
        confusion[task] = right * levels + (TEST_IMAGES - right) * np.roll(levels, 1, axis=1)
    return {
        "kind": "pretext",
        "experiment": phase.to_dict(),
        "fingerprint": phase.fingerprint,
        "scale": phase.hyperparameters(),
        "metrics": {
            f"accuracy_{task}": float(np.trace(matrix) / matrix.sum())
            for task, matrix in confusion.items()
        },
        "learned": {
            task: bool(np.trace(m) / m.sum() >= accuracy_of_learning(len(m)))
            for task, m in confusion.items()
        },
        "confusion": {task: matrix.tolist() for task, matrix in confusion.items()},
        "history": [[1, 1.5], [2, 1.4]],
        "provenance": _provenance(),
    }


def _mechanism(ssim, rng):
    blocks = np.arange(5)
    cut = {str(block): 0.01 * block for block in range(1, 6)}
    return {
        "readout": {
            name: (level - blocks + rng.normal(0, 0.1, 5)).round(3).tolist()
            for name, level in (("known", 26.0), ("hole", 18.0))
        },
        "probes": {
            name: rng.uniform(0.2, 1.0, 5).round(4).tolist()
            for name in ("rotation", "saturation", "brightness")
        },
        "skips": {
            name: {"ssim": ssim - loss, "psnr": _psnr(ssim - loss)}
            for name, loss in {"none": 0.0, **cut}.items()
        },
    }


def _variants(method, ssim):
    if METHODS[method].variants is None:
        return {}
    return {"variants": {"sample": _metrics(ssim - 0.02), "best_of_10": _metrics(ssim + 0.02)}}


def _metrics(ssim):
    values = {
        "ssim": ssim,
        "psnr": _psnr(ssim),
        "l1": (1 - ssim) / 10,
        "ms_ssim": (1 + ssim) / 2,
        "gmsd": (1 - ssim) / 2,
        "st_lpips": (1 - ssim) / 3,
    }
    variants = {
        f"{name}{variant}": value * (0.9 if variant else 1.0)
        for name, value in values.items()
        for variant in ("", "_raw", "_hole", "_hole_raw")
    }
    return {name: round(variants[name], 6) for name in NAMES}


def _per_image(ssim, rng):
    difficulty = np.random.default_rng(0).normal(0.0, 0.03, TEST_IMAGES)  # the same for all runs
    values = np.clip(ssim + difficulty + rng.normal(0.0, 0.004, TEST_IMAGES), 0.0, 1.0)
    return {
        "coverage": rng.uniform(0.3, 0.5, TEST_IMAGES).round(4).tolist(),
        "ssim": values.round(5).tolist(),
        "psnr": _psnr(values).round(5).tolist(),
        "ssim_hole": (0.9 * values).round(5).tolist(),
        "psnr_hole": (0.9 * _psnr(values)).round(5).tolist(),
        "ms_ssim": ((1 + values) / 2).round(5).tolist(),
        "gmsd": ((1 - values) / 2 + 0.001).round(5).tolist(),
        "st_lpips": ((1 - values) / 3 + 0.001).round(5).tolist(),
    }


def _psnr(ssim):
    return 24.0 + 40.0 * (ssim - 0.8)


def _provenance(**more):
    return {
        "seconds": 1.0,
        "finished": "2000-01-01T00:00:00+00:00",
        "backend": "none",
        "device": "no device",
        "versions": {},
        "commit": None,
        "images": "0" * 16,
        "train_images": TRAIN_IMAGES,
        "test_images": TEST_IMAGES,
        **more,
    }
