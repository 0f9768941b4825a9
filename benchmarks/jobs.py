"""What experiments side by side are worth: `wssl study` with two jobs against one.

The ratio is the time that the command takes for the paper's Table 1 with two seeds, six experiments
and their pretext phases, in one process, over the time that it takes with two worker processes; all
of the command, so with importing and compiling, each time with an empty results folder. Two is the
best. What is missing from it goes to what is done once before the runs begin, to the last run, for
which the other process has to wait, and to what two processes of one machine share. One job and
two take turns. The machine needs two cores that are otherwise idle.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from tempfile import TemporaryDirectory

from table import Row
from timing import main, timed

from wssl.presets import Preset

TURNS = 2
SEEDS = 2


def measure(scale: Preset) -> Iterator[Row]:
    """Yield the ratio of one job's time to that of two."""
    one: list[float] = []
    two: list[float] = []
    for _ in range(TURNS):
        one.append(timed(lambda: study(scale.name, 1))())
        two.append(timed(lambda: study(scale.name, 2))())
    name = f"wssl study, Table 1, {SEEDS} seeds: one job / two, time"
    yield Row(name, median(one) / median(two), "at least 1.80")


def study(preset: str, jobs: int) -> None:
    """Run the command from an empty results folder."""
    options = ["--only", "1", "--seeds", str(SEEDS), "--preset", preset, "--jobs", str(jobs)]
    with TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "wssl", "study", *options],
            env={**os.environ, "WSSL_RESULTS": folder},
            stdout=subprocess.DEVNULL,
            check=True,
        )


if __name__ == "__main__":
    main(measure, "Two jobs against one", default="quick")
