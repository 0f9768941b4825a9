"""``wssl run``: one experiment."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wssl.cli.options import add_fields, at_least_1, given_fields, start_keras

if TYPE_CHECKING:
    from wssl.experiment import Experiment
    from wssl.runs.execution import Result


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add its options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.description = (
        "Train and evaluate one experiment. An interrupted run resumes from its last checkpoint; "
        "a complete one prints its stored record."
    )
    parser.epilog = "example: wssl run --pretext rotation=0.3 saturation=0.7 --preset quick"
    add_fields(parser)
    parser.add_argument(
        "--steps",
        type=int,
        help="limit each phase to this number of steps, and estimate the duration of the whole run",
    )
    parser.add_argument(
        "--micro-batch",
        type=int,
        metavar="IMAGES",
        help="number of images of a batch that are in memory at a time (default: all); gradients "
        "are averaged over the parts",
    )
    parser.add_argument(
        "--devices",
        type=at_least_1,
        default=1,
        help="number of GPUs that share each batch; more than one requires KERAS_BACKEND=jax "
        "(default: 1)",
    )
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    start_keras()
    from wssl.experiment import Experiment
    from wssl.machine.devices import data_parallel
    from wssl.runs.execution import run

    experiment = whole = Experiment(**given_fields(options))
    if options.steps is not None:
        experiment = _cut(whole, options.steps)
    with data_parallel(options.devices, options.micro_batch or experiment.scale.inpainting_batch):
        result = run(experiment, micro_batch=options.micro_batch)
    print("\n".join(_scores(result.metrics)))
    print(_images(result))
    print(f"record         {result.store.path(result.fingerprint)}")
    if options.steps is not None and result.record["history"]:
        print(_projection(result, whole))


def _scores(metrics: Mapping[str, float | None]) -> list[str]:
    """A table of the metrics of a run, with a line that explains its columns."""
    from wssl.metrics import METRICS

    columns = {"": "filled", "_hole": "its hole", "_raw": "raw output", "_hole_raw": "its hole"}
    lines = [" " * 14 + "".join(f"{title:>12}" for title in columns.values())]
    for name, metric in METRICS.items():
        cells = [
            "-" if variant not in metrics else _number(metrics[variant], metric.decimals)
            for variant in (f"{name}{suffix}" for suffix in columns)
        ]
        better = "higher" if metric.higher_is_better else "lower"
        lines.append(
            f"{metric.heading:14}{''.join(map('{:>12}'.format, cells))}   {better} is better"
        )
    return [*lines, "filled: with the known pixels of the original; raw: as the network makes it"]


def _number(value: float | None, decimals: int) -> str:
    return "undefined" if value is None else f"{value:.{decimals}f}"


def _images(result: "Result") -> str:
    """How many images a run was trained and scored on, and from where."""
    train, test = (result.provenance[f"{split}_images"] for split in ("train", "test"))
    learned = f"trained on {train:,}, " if result.record["history"] else ""
    own = result.experiment
    return f"images         {learned}scored on {test:,} ({own.split}), of {own.dataset}"


def _cut(whole: "Experiment", steps: int) -> "Experiment":
    """The same experiment with each phase limited to a number of steps."""
    settings = {k: v for k, v in whole.settings.items() if not k.endswith(("_steps", "_warmup"))}
    name, _, _ = whole.preset.partition(":")
    return whole.replace(preset=f"{name}:{steps}", settings=settings)


def _projection(result: "Result", whole: "Experiment") -> str:
    """Estimate the duration of each phase of an experiment from a shortened run of it."""
    cut, hours = result.experiment, {}
    if (phase := result.record["pretext"]) and cut.pretraining and whole.pretraining:
        record = result.store.get(phase)
        assert record is not None
        seconds = record["provenance"]["seconds"] / cut.pretraining.scale.pretext_steps
        hours["pretext"] = seconds * whole.pretraining.scale.pretext_steps / 3600
    seconds = result.provenance["seconds"] / cut.scale.inpainting_steps
    hours["inpainting"] = seconds * whole.scale.inpainting_steps / 3600
    phases = ", ".join(f"{phase} {time:.1f} h" for phase, time in hours.items())
    return f"whole run      about {sum(hours.values()):.1f} h at this speed ({phases})"
