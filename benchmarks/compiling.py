"""How often a phase is compiled for experiments of one shape, and what that costs.

The 15 experiments of the paper's Table 2 are five weightings for each of three pairs of tasks. They
run in one process from an empty results folder. Under TensorFlow a trace calls the Python code of a
phase, which is counted: the first experiment traces the inpainting phase, and the first of each
pair its pretext phase. Under JAX (``KERAS_BACKEND=jax``) every compilation of XLA is counted with
its seconds. What compiling costs is in the first experiment of each pair of tasks, so its time is
compared with the median of the others'.
"""

import time
from collections.abc import Iterator
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from table import Row
from timing import main

from wssl import Store, run
from wssl.machine.backend import keras
from wssl.methods import InpaintingPhase, PretextPhase
from wssl.presets import Preset
from wssl.study import table


def measure(scale: Preset) -> Iterator[Row]:
    """Yield how many traces or compilations there are, and their cost."""
    durations: list[float] = []
    traces: dict[type[keras.Model], list[None]] = {}
    if keras.backend.backend() == "jax":
        import jax

        jax.monitoring.register_event_duration_secs_listener(
            lambda event, seconds, **_: (
                durations.append(seconds) if "backend_compile" in event else None
            )
        )
    else:
        traces = {phase: _count(phase) for phase in (InpaintingPhase, PretextPhase)}
    repeated = dict.fromkeys(traces, 0)
    experiments = table(2, preset=scale.name, seeds=[0])
    seconds: dict[Any, list[float]] = {}
    with TemporaryDirectory() as folder:
        store = Store(folder)
        for experiment in experiments:
            tasks = frozenset(experiment.pretext)
            before = {phase: len(calls) for phase, calls in traces.items()}
            began = time.perf_counter()
            run(experiment, store)
            for phase, calls in traces.items():
                if tasks in seconds or (phase is InpaintingPhase and seconds):
                    repeated[phase] += len(calls) - before[phase]
            seconds.setdefault(tasks, []).append(time.perf_counter() - began)
    name = f"Table 2, {len(experiments)} experiments"
    if keras.backend.backend() == "jax":
        yield Row(f"{name}: compilations", len(durations), "")
        yield Row(f"{name}: seconds of compiling", sum(durations), "")
    else:
        for phase, count in repeated.items():
            yield Row(f"{name}: further traces of {phase.__name__}", count, "0")
    for tasks, taken in seconds.items():
        words = " and ".join(sorted(tasks))
        yield Row(f"{words}: first / later experiments, time", taken[0] / median(taken[1:]), "")


def _count(phase: type[keras.Model]) -> list[None]:
    """Note each call of a phase's Python code."""
    calls: list[None] = []
    call = phase.call

    def counted(*arguments: Any, **named: Any) -> Any:
        calls.append(None)
        return call(*arguments, **named)

    phase.call = counted
    return calls


if __name__ == "__main__":
    main(measure, "Compiling", default="quick")
