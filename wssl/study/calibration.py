"""Choose learning rates, schedules and numbers of steps, on validation images only.

``python -m wssl.study.calibration`` runs the experiments listed here. Their records are kept
separately, in the folder ``calibration`` of the results. They contain validation scores, their
seeds are not used again, and no verdict depends on them. The presets contain the chosen values.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wssl.checks.names import lookup
from wssl.experiment import Experiment, Pretraining
from wssl.records.store import Store, default_root
from wssl.scheduling.progress import describe
from wssl.scheduling.schedule import Task, plan, work, workers

FOLDER = "calibration"
"""Of the results."""

DATA: dict[str, Any] = {"preset": "desktop", "dataset": "open-faces-2", "split": "val"}

TASKS: dict[str, dict[str, float]] = {
    "rotation": {"rotation": 1.0},
    "saturation": {"saturation": 1.0},
    "sharpness": {"sharpness": 1.0},
    "triple": {"rotation": 0.3, "saturation": 0.4, "sharpness": 0.3},
    "best": {"saturation": 0.3, "sharpness": 0.7},
}
"""The weightings whose pretext phases are calibrated: the paper's singles, its best triple and its
best model."""


@dataclass(frozen=True)
class Course:
    """A learning rate and how it changes.

    Attributes
    ----------
    learning_rate : float
        The highest.
    schedule : str
        One of `wssl.presets.SCHEDULES`.
    warmup : int
        Steps over which it rises.
    """

    learning_rate: float
    schedule: str = "cosine"
    warmup: int = 100

    def settings(self, phase: str, steps: int, **more: Any) -> dict[str, Any]:
        """The settings of a preset that train a phase by this course.

        Parameters
        ----------
        phase : {"pretext", "inpainting"}
        steps : int
        **more
            Other settings.
        """
        return {
            f"{phase}_learning_rate": self.learning_rate,
            f"{phase}_schedule": self.schedule,
            f"{phase}_warmup": self.warmup,
            f"{phase}_steps": steps,
            **more,
        }


PLAIN = Course(5e-4, "constant", 0)
"""The course of the first edition."""

COURSES = (PLAIN, Course(5e-4), Course(1e-3), Course(2e-3))
STEPS = 1000

LEARNED_STEPS = 9600
"""Steps of a pretext phase after which three tasks are learned as well as single ones."""


def pretext() -> list[Task]:
    """The pretext phase of each weighting by four courses."""
    courses = (PLAIN, Course(1e-3), Course(2e-3), Course(1e-3, "constant"))
    return [_pretraining(weights, course, 2400) for course in courses for weights in TASKS.values()]


def pretext_longer() -> list[Task]:
    """The hardest case, sharpness together with other tasks, with more steps."""
    return [
        _pretraining(TASKS[name], Course(rate), steps)
        for name, rate, steps in (
            ("triple", 5e-4, 4800),
            ("best", 5e-4, 4800),
            ("triple", 1e-3, 4800),
            ("best", 1e-3, 4800),
            ("triple", 3e-4, 4800),
            ("triple", 5e-4, 6400),
            ("triple", 5e-4, 9600),
        )
    ]


def frozen() -> list[Task]:
    """The decoder of a frozen random encoder by each course."""
    higher = *map(Course, (4e-3, 8e-3, 1.6e-2)), Course(4e-3, "constant")
    return [_experiment(course, STEPS, encoder="random") for course in (*COURSES, *higher)]


def end_to_end() -> list[Task]:
    """A network from scratch by each course."""
    higher = (
        *map(Course, (4e-3, 8e-3, 1.6e-2, 3.2e-2)),
        *(Course(r, "constant") for r in (1e-3, 2e-3, 4e-3)),
    )
    return [_experiment(course, STEPS, encoder="scratch") for course in (*COURSES, *higher)]


def longer() -> list[Task]:
    """Whether four times the steps need another course."""
    return [
        _experiment(course, 4 * STEPS, encoder="scratch") for course in (Course(8e-3), Course(4e-3))
    ]


def frozen_pretext() -> list[Task]:
    """Whether pretext features need another course than random ones."""
    learned = Course(5e-4).settings("pretext", LEARNED_STEPS)
    return [
        _experiment(course, STEPS, more=learned, pretext=TASKS["best"])
        for course in (Course(8e-3), Course(4e-3), Course(4e-3, "constant"))
    ]


def pretext_chosen() -> list[Task]:
    """The chosen course with two seeds, and with four times the steps for the hardest weighting."""
    chosen = [
        _pretraining(TASKS[name], Course(5e-4), LEARNED_STEPS, seed)
        for seed in (2, 1)
        for name in ("sharpness", "best", "triple", "rotation", "saturation")
        if seed == 1 or name in ("sharpness", "best", "triple")
    ]
    return [*chosen, _pretraining(TASKS["triple"], Course(5e-4), 4 * LEARNED_STEPS)]


def shift_net() -> list[Task]:
    """Shift-Net from its published learning rate upwards."""
    published = Course(2e-4, "constant", 0)
    return [
        _experiment(course, STEPS, method="shift_net")
        for course in (
            published,
            *map(Course, (2e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2)),
        )
    ]


def pic() -> list[Task]:
    """PIC from its published learning rate upwards."""
    published = Course(1e-4, "constant", 0)
    return [
        _experiment(course, STEPS, method="pic")
        for course in (
            published,
            *map(Course, (2e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2)),
        )
    ]


def others_longer() -> list[Task]:
    """Shift-Net and PIC with more steps, until twice as many change little."""
    return [
        _experiment(Course(rate), steps, method=method)
        for method, rate, steps in (
            ("shift_net", 4e-3, 4000),
            ("shift_net", 8e-3, 4000),
            ("shift_net", 1.6e-2, 4000),
            ("shift_net", 1.6e-2, 8000),
            ("pic", 4e-3, 4000),
            ("pic", 1.6e-2, 4000),
        )
    ]


def width_32() -> list[Task]:
    """Whether the best courses at width 16 are also best at width 32."""
    return [
        _experiment(Course(rate), STEPS, encoder=encoder, width=32)
        for rate in (8e-3, 4e-3)
        for encoder in ("random", "scratch")
    ]


STAGES: dict[str, Callable[[], list[Task]]] = {
    "pretext": pretext,
    "pretext-longer": pretext_longer,
    "pretext-chosen": pretext_chosen,
    "frozen": frozen,
    "end-to-end": end_to_end,
    "longer": longer,
    "frozen-pretext": frozen_pretext,
    "shift-net": shift_net,
    "pic": pic,
    "others-longer": others_longer,
    "width-32": width_32,
}
"""The stages by name, in the order in which they run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run stages of the calibration that have not been run; returns the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        As from the shell, without the program's name.
    """
    parser = argparse.ArgumentParser(prog="python -m wssl.study.calibration", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"{', '.join(STAGES)}")
    parser.add_argument("--jobs", type=int, help="worker processes (default: one per core)")
    options = parser.parse_args(arguments)
    store = Store(default_root() / FOLDER)
    tasks = [
        task
        for name in options.stages or STAGES
        for task in _missing(lookup("stage", name, STAGES)(), store)
    ]
    failed = 0
    with workers(tasks, options.jobs) as (where, count):
        for step in work(tasks, where, store, max_concurrent=count, in_order=True):
            if step.error is not None:
                failed += 1
                print(f"failed: {describe(step.task)}: {step.error}", flush=True)
            elif step.seconds is not None:
                print(f"{step.seconds:6.0f} s  {describe(step.task)}", flush=True)
    return int(failed > 0)


def _missing(tasks: Sequence[Task], store: Store) -> list[Task]:
    experiments = [task for task in tasks if isinstance(task, Experiment)]
    phases = [task for task in tasks if isinstance(task, Pretraining)]
    alone = [task for task in phases if store.get(task.fingerprint) is None]
    return [*alone, *(task for task in plan(experiments, store) if task not in alone)]


def _experiment(
    course: Course,
    steps: int,
    *,
    seed: int = 1,
    width: int = 16,
    more: Mapping[str, Any] = MappingProxyType({}),
    **fields: Any,
) -> Experiment:
    settings = course.settings("inpainting", steps, width=width, **more)
    return Experiment(**DATA, **fields, settings=settings, seed=seed)


def _pretraining(
    weights: dict[str, float], course: Course, steps: int, seed: int = 1, **more: Any
) -> Pretraining:
    settings = course.settings("pretext", steps, **more)
    found = Experiment(**DATA, pretext=weights, settings=settings, seed=seed).pretraining
    assert found is not None
    return found


if __name__ == "__main__":
    sys.exit(main())
