"""What the book calls things: configurations, losses, methods, pretext tasks and scores.

Whatever is registered from outside has a name that is made from its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import seaborn as sns

from wssl import paper
from wssl.claims.campaign import NARROW, Arm
from wssl.claims.estimands import Score
from wssl.records.store import Record

METRICS = {"ssim": ("SSIM", 4), "psnr": ("PSNR (dB)", 2)}
"""The paper's two metrics: their titles and how many decimals it prints."""

OURS, PAPER = sns.color_palette("colorblind")[:2]
"""The colours of our runs and of the paper's, in every figure that has both."""

_TASK_COLOURS = {"rotation": "#029e73", "saturation": "#cc78bc", "sharpness": "#4d4d4d"}
_MARKERS = "os^vP*X<>"

_METHODS = {
    "wssl": "WSSL",
    "mean_filled": "holes of mean colour",
    "noise_filled": "holes of noise",
    "mask_channel": "mask as a channel",
    "partial": "partial convolutions",
    "shift_net": "Shift-Net",
    "pic": "PIC",
    "harmonic": "harmonic fill",
    "biharmonic": "biharmonic fill",
    "telea": "Telea",
    "navier_stokes": "Navier-Stokes",
    "mean_colour": "mean colour",
}

_LOSSES = {
    "mix": "mixed loss",
    "log_cosh": "log-cosh",
    "ssim": "SSIM loss",
    "mse": "squared error",
    "l1": "absolute error",
}

ENCODERS = {
    "frozen": "pretrained, frozen",
    "random": "random, frozen",
    "finetuned": "pretrained, fine-tuned",
    "scratch": "from scratch",
}
"""How the encoder was treated."""

_SCORES = {
    "ssim": "1 - SSIM",
    "ms_ssim": "1 - MS-SSIM",
    "gmsd": "GMSD",
    "st_lpips": "ST-LPIPS",
    "psnr": "PSNR",
}

NUMBERS = {1: "one task", 2: "two tasks", 3: "three tasks"}


def method_label(name: str) -> str:
    """A method's name; that of one which the book does not know is made from its key.

    Parameters
    ----------
    name : str
        Such as ``"shift_net"``.

    Examples
    --------
    >>> method_label("shift_net"), method_label("my_fill")
    ('Shift-Net', 'my fill')
    """
    return _METHODS.get(name, name.replace("_", " "))


def loss_label(name: str) -> str:
    """A loss's name; that of one which the book does not know is made from its key.

    Parameters
    ----------
    name : str
        Such as ``"log_cosh"``.
    """
    return _LOSSES.get(name, name.replace("_", " "))


def pretext_name(weights: Mapping[str, float]) -> str:
    """A pretext configuration as text: ``"Rotation"`` or ``"Rotation 0.3, Saturation 0.7"``.

    Parameters
    ----------
    weights : mapping of str to float
    """
    if not weights:
        return "none"
    if len(weights) == 1:
        return set_name(weights)
    return ", ".join(f"{set_name([task])} {weight:g}" for task, weight in weights.items())


def set_name(tasks: Iterable[str]) -> str:
    """Pretext tasks as text, whatever their weights: ``"Rotation + Saturation"``.

    Parameters
    ----------
    tasks : iterable of str
    """
    return " + ".join(task.replace("_", " ").capitalize() for task in tasks)


def task_short(task: str) -> str:
    """A pretext task in at most five letters, for the axis of a figure.

    Parameters
    ----------
    task : str
    """
    known = {"rotation": "Rot", "saturation": "Sat", "sharpness": "Sharp"}
    return known.get(task, task[:5].capitalize())


def task_looks(tasks: Iterable[str]) -> dict[str, tuple[Any, str]]:
    """A colour and a marker for each pretext task, however many there are.

    Parameters
    ----------
    tasks : iterable of str

    Returns
    -------
    dict of str to (colour, str)
        In the given order. Those of the paper's three are always the same.
    """
    names = list(dict.fromkeys(tasks))
    known = list(_TASK_COLOURS)
    others = [task for task in names if task not in known]
    spare = sns.color_palette("husl", max(1, len(others)))
    colours: dict[str, Any] = {**_TASK_COLOURS, **dict(zip(others, spare, strict=False))}
    order = [*known, *others]
    return {task: (colours[task], _MARKERS[order.index(task) % len(_MARKERS)]) for task in names}


def arm_label(arm: Arm) -> str:
    """A configuration in words, by what tells it from the paper's best.

    Parameters
    ----------
    arm : Arm

    Examples
    --------
    >>> arm_label(Arm(encoder="scratch", loss="ssim", budget=4.0))
    'from scratch, SSIM loss, 4x steps'
    """
    if arm.method != "wssl":
        return method_label(arm.method)
    parts = [ENCODERS.get(arm.encoder, arm.encoder)]
    if arm.pretext and dict(arm.pretext) != paper.BEST:
        plain = arm.encoder == "frozen" and arm.blocks == paper.FROZEN_BLOCKS
        parts = [pretext_name(arm.pretext), *([] if plain else parts)]
    if arm.blocks != paper.FROZEN_BLOCKS:
        parts[-1] += f" blocks {', '.join(map(str, arm.blocks))}"
    if arm.loss != "mix":
        parts.append(loss_label(arm.loss))
    if arm.width != NARROW:
        parts.append(f"{arm.width} network" if not arm.width.isdigit() else f"width {arm.width}")
    if arm.budget != 1:
        parts.append(f"{arm.budget:g}x steps")
    return ", ".join(parts)


def row_name(number: int, row: paper.Row) -> str:
    """What tells a row of one of the paper's tables from the others.

    Parameters
    ----------
    number : int
        Of the table.
    row : wssl.paper.Row
    """
    if number < 4:
        return pretext_name(row.pretext)
    return f"WSSL, {loss_label(row.loss)}" if row.method == "wssl" else method_label(row.method)


def method_name(record: Record) -> str:
    """What a run is called among other methods: ``"WSSL, log-cosh"``, ``"Telea"``, ...

    Parameters
    ----------
    record : dict
        Of a run.
    """
    experiment = record["experiment"]
    if experiment["method"] != "wssl":
        return method_label(experiment["method"])
    if experiment["encoder"] == "scratch":
        return ENCODERS["scratch"]
    return f"WSSL, {loss_label(experiment['loss'])}"


def score_label(score: Score) -> str:
    """What a score is of.

    Parameters
    ----------
    score : wssl.claims.estimands.Score

    Examples
    --------
    >>> score_label(Score("ssim")), score_label(Score("psnr"))
    ('1 - SSIM', 'PSNR')
    """
    title = _SCORES.get(score.metric, score.metric)
    return title.removeprefix("1 - ") if score.points else title
