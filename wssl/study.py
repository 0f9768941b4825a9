"""The paper's tables as lists of experiments, and running many of them."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, as_completed
from typing import Any

from tqdm import tqdm

from wssl import paper
from wssl.experiment import Experiment
from wssl.presets import preset as _preset
from wssl.runs import Result, pretrain, run
from wssl.store import Store


def table(
    number: int, *, preset: str = "quick", seeds: int | Sequence[int] | None = None, **settings: Any
) -> list[Experiment]:
    """The WSSL rows of one of the paper's tables, each with every seed.

    Parameters
    ----------
    number : int
        1 single, 2 double, 3 triple pretext tasks, 4 loss functions.
    preset : str
        The scale of the runs.
    seeds : int or sequence of int, optional
        How many, or which; the preset's number if not given.
    **settings
        Any other field of `wssl.Experiment`, such as `dataset` or `masks`.

    Returns
    -------
    list of Experiment
        In the paper's order, the seeds of a row one after the other.

    Raises
    ------
    ValueError
        If there is no such table or a setting is not valid.
    """
    if number not in paper.TABLES:
        raise ValueError(
            f"number: expected a table of the paper, {', '.join(map(str, paper.TABLES))}; "
            f"received {number!r}."
        )
    chosen = _preset(preset).seeds if seeds is None else seeds
    if isinstance(chosen, int):
        if chosen < 1:
            raise ValueError(f"seeds: expected at least 1; received {chosen}.")
        chosen = range(chosen)
    return [
        Experiment(pretext=row.pretext, loss=row.loss, preset=preset, seed=seed, **settings)
        for row in paper.TABLES[number]
        if row.method == "wssl"
        for seed in chosen
    ]


def run_all(
    experiments: Iterable[Experiment],
    executor: Executor | None = None,
    store: Store | None = None,
) -> list[Result]:
    """Run experiments, or take their records from the store, with a progress bar.

    Parameters
    ----------
    experiments : iterable of Experiment
        Equal ones are run once.
    executor : concurrent.futures.Executor, optional
        Where to run them; here, one after the other, if not given. Its workers must see the same
        store. Pretext phases are run first, so that no two workers train the same one.
    store : Store, optional
        Where records are kept; `wssl.store.default_root` if not given.

    Returns
    -------
    list of Result
        In the order of `experiments`.
    """
    experiments = list(experiments)
    store = store or Store()
    missing = [e for e in dict.fromkeys(experiments) if store.get(e.fingerprint) is None]
    if missing:
        store.check_writable()
    phases = dict.fromkeys(e.pretraining for e in missing if e.pretraining is not None)
    with tqdm(total=len(missing), desc="experiments", unit="run", disable=None) as bar:
        if executor is None:
            for experiment in missing:
                run(experiment, store)
                bar.update()
        else:
            for phase in as_completed([executor.submit(pretrain, p, store) for p in phases]):
                phase.result()
            for done in as_completed([executor.submit(run, e, store) for e in missing]):
                done.result()
                bar.update()
    return [run(experiment, store) for experiment in experiments]
