"""What oneDNN's convolutions are worth: a full training step with them over one without.

Two processes of one thread train the inpainting phase with a frozen encoder and take turns, one
with ``TF_ENABLE_ONEDNN_OPTS=1`` and one with 0, which TensorFlow reads once, when it is loaded.
TensorFlow turns oneDNN on by itself on processors with AVX-512 VNNI, and off on others.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from steps import TURNS, WARM_UP, Side
from table import Row
from timing import main

from wssl.machine.settings import DEFAULTS
from wssl.presets import Preset


def measure(scale: Preset) -> Iterator[Row]:
    """Yield the ratio of the two processes' times."""
    trainer = str(Path(__file__).with_name("steps.py"))
    sides = {
        value: Side(trainer, scale, [], {**DEFAULTS, "TF_ENABLE_ONEDNN_OPTS": value})
        for value in ("0", "1")
    }
    seconds: dict[str, list[float]] = {value: [] for value in sides}
    for _ in range(WARM_UP + TURNS):
        for value, side in sides.items():
            side.start()
            seconds[value].append(side.seconds())
    for side in sides.values():
        side.stop()
    without, ours = (median(seconds[value][WARM_UP:]) for value in ("0", "1"))
    yield Row(
        "inpainting phase: images/s, with oneDNN / without",
        without / ours,
        "at least 1.60 without AVX-512",
    )


if __name__ == "__main__":
    main(measure, "oneDNN")
