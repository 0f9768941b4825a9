"""What a second worker is worth.

The *efficiency* is the time that one worker takes for some experiments over twice the time that two
workers take for the same ones. One is the best: what is missing from it goes to handing runs over,
to records and weights on their way through the store, and to what two processes of one machine
share. One and two workers take turns in one cluster, each time with an empty store; each worker has
one thread and lets TensorFlow use one. Before that each does all experiments once: a process keeps
the images and masks that it has made, and the one that had made more of them would be the faster
one. The machine needs two cores that are otherwise idle.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from distributed import Client, LocalCluster
from table import Row
from timing import main, timed

from wssl import Experiment, Store, run_all
from wssl.presets import Preset

TURNS = 3
EACH = 2
ONE_CORE = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def measure(scale: Preset) -> Iterator[Row]:
    """Yield the efficiency of two workers."""
    experiments = [
        Experiment(preset=scale.name, encoder="scratch", seed=seed) for seed in range(2 * EACH)
    ]
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", env=ONE_CORE
        ) as cluster,
        Client(cluster) as client,
    ):
        workers = sorted(client.nthreads())
        for worker in workers:
            seconds(experiments, client.get_executor(workers=[worker], pure=False))
        one: list[float] = []
        two: list[float] = []
        for _ in range(TURNS):
            one.append(seconds(experiments, client.get_executor(workers=workers[:1], pure=False)))
            two.append(seconds(experiments, client.get_executor(workers=workers, pure=False)))
    efficiency = median(one) / (2 * median(two))
    name = f"{len(experiments)} experiments: one worker / twice two, time"
    yield Row(name, efficiency, "at least 0.90")


def seconds(experiments: list[Experiment], executor: Executor) -> float:
    """How long experiments take in an executor, from an empty store."""
    with TemporaryDirectory() as folder:
        return timed(lambda: run_all(experiments, executor, Store(Path(folder))))()


if __name__ == "__main__":
    main(measure, "Two workers against one", default="quick")
