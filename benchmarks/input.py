"""What feeding the network costs at the shape of the preset `paper`.

The time of a full step over that of the bare step, both as in `benchmarks/training.py`: images of
224 px cut from 256, first width 64, all pretext tasks. The batch is smaller, so that a processor is
done in minutes; work that grows with the batch does so on both sides.
"""

from collections.abc import Iterator
from dataclasses import replace

import training
from table import Row, parser_of, show
from timing import take_turns, timed

from wssl.presets import preset
from wssl.pretext import TASKS

SCALE = replace(preset("paper"), pretext_batch=4, inpainting_batch=4)
TURNS = 5


def main() -> None:
    """Print the ratios of both phases."""
    parser = parser_of(f"Input, preset paper with batches of {SCALE.inpainting_batch}")
    show(parser.description or "", measure(), parser.parse_args().record)


def measure() -> Iterator[Row]:
    """Yield a row for each phase."""
    phases = {
        "pretext phase, 3 tasks": training.pretext(SCALE, list(TASKS)),
        "inpainting phase, mix loss": training.inpainting(SCALE),
    }
    for name, (phase, batches, bare) in phases.items():
        seconds = take_turns(phase, batches, {"bare": timed(bare)}, SCALE, turns=TURNS)
        ratio = seconds["full"] / seconds["bare"]
        yield Row(f"{name}: full step / bare step, time", ratio, "at most 1.10")


if __name__ == "__main__":
    main()
