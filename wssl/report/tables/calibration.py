"""The calibration: the scores of each kind of training on validation images, by learning rate."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from wssl.records.fields import is_pretext, is_run
from wssl.records.store import Record
from wssl.report.labels import pretext_name
from wssl.report.text import listed

KINDS = {
    "random": "random features, frozen",
    "frozen": "pretext features, frozen",
    "scratch": "from scratch",
    "finetuned": "fine-tuned",
    "shift_net": "Shift-Net",
    "pic": "PIC",
}
"""Kinds of training that were calibrated separately, by encoder or method."""

SETTING = ("learning rate", "schedule", "warm-up", "steps")


def inpainting_runs(records: Iterable[Record]) -> pd.DataFrame:
    """The calibration's inpainting runs, one row per run.

    Parameters
    ----------
    records : iterable of dict
        Pretext phases among them are left out.

    Returns
    -------
    pandas.DataFrame
        ``training`` (of `KINDS`), ``width``, ``learning rate``, ``schedule``, ``warm-up``,
        ``steps``, ``seed``, ``ssim``, ``psnr`` in dB, ``hours``, ``run``, the fingerprint; sorted.
    """
    lines = []
    for record in records:
        if not is_run(record):
            continue
        experiment = record["experiment"]
        method = experiment["method"]
        lines.append(
            {
                "training": KINDS[experiment["encoder"] if method == "wssl" else method],
                "width": record["scale"].get("width", np.nan),
                **_setting(record, "inpainting"),
                "seed": experiment["seed"],
                "ssim": record["metrics"]["ssim"],
                "psnr": record["metrics"]["psnr"],
                "hours": record["provenance"]["seconds"] / 3600,
                "run": record["fingerprint"],
            }
        )
    columns = ["training", "width", *SETTING, "seed", "ssim", "psnr", "hours", "run"]
    frame = pd.DataFrame(lines, columns=columns)
    frame["training"] = pd.Categorical(frame["training"], list(KINDS.values()))
    return frame.sort_values(columns[:7], ignore_index=True)


def run_table(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs of `inpainting_runs` as text, in the order of kinds of training, widths and rates.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `inpainting_runs`.

    Returns
    -------
    pandas.DataFrame
        Indexed by kind of training and width.
    """
    shown = pd.DataFrame(
        {
            "training": frame["training"].astype(str),
            "width": frame["width"].map("{:.0f}".format),
            "learning rate": frame["learning rate"].map("{:g}".format),
            "schedule": frame["schedule"],
            "warm-up": frame["warm-up"],
            "steps": frame["steps"].map("{:,}".format),
            "seed": frame["seed"],
            "SSIM": frame["ssim"].map("{:.4f}".format),
            "PSNR (dB)": frame["psnr"].map("{:.2f}".format),
        }
    )
    return shown.set_index(["training", "width", "learning rate"])


def accuracies(records: Iterable[Record]) -> pd.DataFrame:
    """The calibration's pretext phases, one row per phase and task.

    Parameters
    ----------
    records : iterable of dict
        Inpainting runs among them are left out.

    Returns
    -------
    pandas.DataFrame
        ``weighting``, ``learning rate``, ``schedule``, ``warm-up``, ``steps``, ``width``, ``seed``,
        ``task``, ``accuracy``, ``learned``, ``hours``.
    """
    return pd.DataFrame(
        [
            {
                "weighting": pretext_name(record["experiment"]["pretext"]),
                **_setting(record, "pretext"),
                "width": record["scale"]["width"],
                "seed": record["experiment"]["seed"],
                "task": task,
                "accuracy": record["metrics"][f"accuracy_{task}"],
                "learned": learned,
                "hours": record["provenance"]["seconds"] / 3600,
            }
            for record in records
            if is_pretext(record)
            for task, learned in record["learned"].items()
        ],
        columns=["weighting", *SETTING, "width", "seed", "task", "accuracy", "learned", "hours"],
    )


def phase_hours(frame: pd.DataFrame) -> float:
    """Hours that the pretext phases took in all; each is counted once, whatever its tasks.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `accuracies`.
    """
    phases = frame.drop_duplicates(["weighting", *SETTING, "width", "seed"])
    return float(phases["hours"].sum())


def chosen(preset: Any) -> list[tuple[str, float, str, int]]:
    """The training settings of a preset, as `learning_rates` of the figures takes them.

    Parameters
    ----------
    preset : wssl.presets.Preset

    Returns
    -------
    list of (str, float, str, int)
        Kind of training, learning rate, schedule and steps.
    """
    kinds = {"scratch": "end_to_end", "finetuned": "end_to_end"}
    found = []
    for name, training in KINDS.items():
        own = preset.training("inpainting") | {
            key.removeprefix("inpainting_"): value
            for key, value in preset.tuned.get(kinds.get(name, name), {}).items()
        }
        found.append((training, own["learning_rate"], own["schedule"], own["steps"]))
    return found


def chosen_text(preset: Any) -> str:
    """The learning rate, schedule and steps of each kind of training, as a sentence.

    Parameters
    ----------
    preset : wssl.presets.Preset
    """
    kinds: dict[str, list[str]] = {}
    for training, rate, schedule, steps in chosen(preset):
        course = f"for {steps:,} steps at a learning rate of {rate:g} ({schedule})"
        kinds.setdefault(course, []).append(training.replace(",", ""))
    parts = [f"{setting}: {listed(names)}" for setting, names in kinds.items()]
    return f"With the preset {preset.name!r}, networks are trained {'; '.join(parts)}."


def accuracy_table(frame: pd.DataFrame) -> pd.DataFrame:
    """The accuracy of each weighting's tasks by training setting, seeds side by side.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `accuracies`.

    Returns
    -------
    pandas.DataFrame
        One row per training setting, one column per weighting and task. Accuracies of
        several seeds are separated by a slash.
    """
    ordered = frame.sort_values("seed")
    joined = ordered.groupby([*SETTING, "weighting", "task"], sort=True)["accuracy"].agg(
        lambda values: " / ".join(f"{v:.2f}" for v in values)
    )
    return joined.unstack(["weighting", "task"]).fillna("").sort_index(level=["steps"])


def _setting(record: Mapping[str, Any], phase: str) -> dict[str, object]:
    scale = record["scale"]
    return {
        "learning rate": scale[f"{phase}_learning_rate"],
        "schedule": scale.get(f"{phase}_schedule", "constant"),
        "warm-up": scale.get(f"{phase}_warmup", 0),
        "steps": scale[f"{phase}_steps"],
    }
