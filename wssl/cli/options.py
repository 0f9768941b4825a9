"""Options that several commands share: the fields of an experiment, and types of values."""

import argparse
from collections.abc import Collection, Sequence
from dataclasses import MISSING, fields
from typing import Any

from wssl.checks.names import lookup
from wssl.machine.processes import quiet


def start_keras(devices: bool = True) -> None:
    """Import Keras and initialise its devices, without TensorFlow's messages on stderr.

    Parameters
    ----------
    devices : bool
        Whether to initialise the devices; otherwise they are left to worker processes.
    """
    with quiet():
        from wssl.machine.backend import keras

        if devices:
            keras.ops.zeros(1)


def add_fields(
    parser: argparse.ArgumentParser, names: Collection[str] | None = None, **more: dict[str, Any]
) -> None:
    """Add an option for each field of `wssl.Experiment`, which `given_fields` reads.

    Each field becomes an option of the same name, of the type of its default; `_FORMS` lists the
    exceptions. A field that is not given on the command line keeps the default of
    `wssl.Experiment`.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    names : collection of str, optional
        The fields; all of them if not given.
    **more
        Further keywords of `add_argument` by the field's name.
    """
    from wssl.experiment import Experiment

    texts = _texts()
    for field in fields(Experiment):
        if names is not None and field.name not in names:
            continue
        default = "" if field.default in (MISSING, None) else f" (default: {_shown(field.default)})"
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            default=argparse.SUPPRESS,
            help=texts.get(field.name, "") + ("" if field.name in _SAID else default),
            **{
                "type": type(field.default),
                **_FORMS.get(field.name, {}),
                **more.get(field.name, {}),
            },
        )


def given_fields(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of an experiment that were given on the command line.

    Parameters
    ----------
    options : argparse.Namespace
        As parsed.
    """
    from wssl.experiment import Experiment

    given = vars(options)
    found = {field.name: given[field.name] for field in fields(Experiment) if field.name in given}
    if "pretext" in found:
        found["pretext"] = _weights(found["pretext"])
    if "settings" in found:
        found["settings"] = _each_once("settings", found["settings"])
    if "coverage" in found:
        found["coverage"] = tuple(found["coverage"])
    return found


def _each_once(option: str, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dictionary; a ValueError if a name is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"--{option}: expected names, each once; received {twice!r} {names.count(twice)} "
            "times. Remove all but one."
        )
    return found


def _texts() -> dict[str, str]:
    """The help text of each field, with the registered names."""
    from wssl import data, paper
    from wssl.experiment import ENCODERS
    from wssl.losses import LOSSES
    from wssl.methods import METHODS, OBJECTIVES, Method
    from wssl.presets import PRESETS
    from wssl.pretext import TASKS

    best = " ".join(f"{task}={weight}" for task, weight in paper.BEST.items())
    methods = {name: lookup("method", name, METHODS, Method) for name in METHODS}
    titled = {n: f"{n} ({m.title})" if m.title else n for n, m in methods.items()}
    networks = [titled[name] for name, method in methods.items() if method.learned]
    baselines = [titled[name] for name, method in methods.items() if not method.learned]
    images = ", ".join([*data.SOURCES, *data.FORMS])
    masks = ", ".join([*data.STROKES, *data.MASK_FORMS])
    return {
        "pretext": f"pretext tasks ({', '.join(TASKS)}) and their weights; default: the paper's "
        f"best, {best}",
        "loss": _any(LOSSES),
        "alpha": "share of log-cosh in the loss mix",
        "a": "scale inside log-cosh",
        "encoder": "; ".join(f"{name}: {text}" for name, text in ENCODERS.items()),
        "frozen_blocks": "blocks of a frozen encoder whose weights are fixed, from 1 (full "
        "resolution) to 5, such as 1-3 or 4,5 (default: 1-5, the paper's 16 layers)",
        "method": f"a network, {_any(networks)}, or a baseline that is not learned, "
        f"{_any(baselines)}",
        "preset": f"the scale: {_any(PRESETS)}",
        "settings": "values of the preset to override, such as width=32 inpainting_steps=3000",
        "dataset": f"images: {images}",
        "masks": f"masks: {masks}, a folder with ?hole=black or ?hole=white after it (default: "
        "synthetic for synthetic images, quickdraw for others)",
        "recipe": f"how strokes become masks: {_any(data.RECIPES)}",
        "coverage": "share of a mask that is hole",
        "split": "the images to evaluate on: test, or val to choose settings by",
        "seed": "fixes every random draw",
        "objective": "; ".join(f"{name}: {entry.title}" for name, entry in OBJECTIVES.items()),
    }


def _any(names: Collection[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else f"{value}"


def _blocks(text: str) -> tuple[int, ...]:
    """The numbers that "1-3" or "1,2,3" stands for."""
    blocks: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        numbers = first.isdecimal() and (last.isdecimal() or not dash)
        if not numbers or int(first) > int(last or first):
            raise argparse.ArgumentTypeError(
                f"expected numbers of blocks such as 1-3 or 4,5; received {text!r}"
            )
        blocks += range(int(first), int(last or first) + 1)
    return tuple(blocks)


def _setting(text: str) -> tuple[str, Any]:
    """The name and the value of "width=32"; numbers as such, ``None`` as none, the rest as text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE; received {text!r}")
    if value == "None":
        return name, None
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def _weights(items: Sequence[str]) -> dict[str, float]:
    weights = []
    for item in items:
        task, _, weight = item.partition("=")
        try:
            weights.append((task, float(weight or 1)))
        except ValueError:
            raise ValueError(
                f"--pretext: expected TASK=WEIGHT, such as rotation=0.3; received {item!r}."
            ) from None
    return _each_once("pretext", weights)


def at_least_1(text: str) -> int:
    """An integer of at least 1, as the type of an option.

    Parameters
    ----------
    text : str
    """
    number = int(text) if text.strip().isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1; received {text!r}")
    return number


_FORMS: dict[str, dict[str, Any]] = {
    "pretext": {"type": str, "nargs": "*", "action": "extend", "metavar": "TASK=WEIGHT"},
    "frozen_blocks": {"type": _blocks, "metavar": "BLOCKS"},
    "settings": {"type": _setting, "nargs": "+", "action": "extend", "metavar": "NAME=VALUE"},
    "coverage": {"type": float, "nargs": 2, "metavar": ("LEAST", "GREATEST")},
}
"""The form of each option whose value is not a single word."""

_SAID = ("frozen_blocks", "masks")
"""Fields whose help text already states the default."""
