"""``wssl study``: the study, whole or in parts."""

import argparse
import re
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wssl.checks.names import lookup
from wssl.cli.options import add_fields, at_least_1, given_fields, start_keras

if TYPE_CHECKING:
    from wssl.experiment import Experiment
    from wssl.records.store import Store
    from wssl.scheduling.cluster import Workers
    from wssl.scheduling.progress import Progress
    from wssl.scheduling.schedule import Asked


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add its options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    from wssl.study import PARTS

    more = [name for name in PARTS if not name.isdigit()]
    parser.description = (
        "Run or resume the study, show its progress, and print the paper's tables beside ours. "
        "Experiments with a stored record are not run again."
    )
    parser.epilog = (
        "example: wssl study --only 1 losses --preset desktop --dataset open-faces-2 --budget 2h"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        metavar="PART",
        help="tables of the paper (1 single, 2 double, 3 triple pretext tasks, 4 losses), and "
        f"parts that the paper lacks: {', '.join(more)} (default: all)",
    )
    parser.add_argument(
        "--registered",
        action="store_true",
        help="run the registered campaign (book/plan.md) in its order; its parts, presets and "
        "seeds are fixed, so --only, --seeds and the settings below do not apply",
    )
    parser.add_argument(
        "--exploratory",
        action="store_true",
        help="run the exploratory arms (the additions to book/plan.md), the search for weights "
        "last; their parts, presets and seeds are fixed, as with --registered",
    )
    parser.add_argument("--seeds", type=int, help="number of seeds (default: the preset's number)")
    parser.add_argument(
        "--budget",
        type=_seconds,
        metavar="TIME",
        help="start only runs that are expected to finish within this time: 90m, 2h, 1h30m, 45s, "
        "or a number of minutes",
    )
    parser.add_argument(
        "--jobs",
        type=at_least_1,
        metavar="N",
        help="number of experiments to run in parallel, each in a single-threaded process "
        "(default: the value of WSSL_JOBS, or as many as cores and memory allow; 1 on a GPU)",
    )
    parser.add_argument(
        "--plan",
        action="store_true",
        help="show completed runs, remaining runs and the time they need, without running anything",
    )
    parser.add_argument(
        "--stale",
        action="store_true",
        help="show the pages of book/studies and the records that are out of date, and the time "
        "needed to make the records again, without running anything; only from the root of the "
        "repository, where the pages are. The exit status is 1 if there are any",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="address of a Dask scheduler, such as tcp://10.0.0.1:8786, or its scheduler file: run "
        "on its workers, which share the results folder with this machine (default: run on "
        "this machine)",
    )
    fields = ("preset", "dataset", "masks", "recipe", "coverage")
    add_fields(parser, fields, preset={"nargs": "+", "action": "extend"})
    parser.set_defaults(command=_study)


def _study(options: argparse.Namespace) -> int:
    if options.stale:
        return _stale()
    from rich import print as show

    from wssl.records.store import Store
    from wssl.scheduling import progress
    from wssl.scheduling.schedule import jobs_for, plan

    _check(options)
    fixed = options.registered or options.exploratory
    store, parts = Store(), {} if fixed else _parts(options)
    titled = _titled(options, parts)
    if options.plan:
        planned = progress.Progress(titled, store)
        planned.jobs = jobs_for(planned.left, options.jobs)
        show(planned.table())
        return 0
    end = None if options.budget is None else time.monotonic() + options.budget
    with ExitStack() as stack:
        where: dict[str, Any] = {"jobs": options.jobs}
        if options.scheduler is None:
            left = plan(chain.from_iterable(titled.values()), store)
            if jobs_for(left, options.jobs) == 1:
                start_keras()
        else:
            workers = stack.enter_context(_workers(options.scheduler, store))
            where = {"executor": workers.executor, "max_concurrent": workers.capacity}

        def follow(some: "dict[str, list[Asked]]") -> "Progress":
            seconds = None if end is None else max(0.0, end - time.monotonic())
            return progress.follow(some, store, seconds, in_order=fixed, **where)

        done = follow(titled)
        if options.exploratory and not done.rest():
            done = _search(store, follow)
    _print_tables(parts, store, getattr(options, "dataset", None))
    if rest := done.rest():
        print(f"\n{rest}; run the same command again to resume.")
    if failures := done.failures():
        print(f"wssl: {failures}\nRun the same command again to retry them.", file=sys.stderr)
        return 1
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raise a ValueError if options are given that others make void."""
    fixed = next((n for n in ("registered", "exploratory") if getattr(options, n)), None)
    others = {n: getattr(options, n) for n in ("only", "seeds") if getattr(options, n) is not None}
    for name, value in (others | given_fields(options)).items() if fixed else ():
        raise ValueError(
            f"--{name}: not used with --{fixed}, whose parts, presets and seeds are fixed; "
            f"received {value}. Remove it."
        )
    if options.scheduler is not None and options.jobs is not None:
        raise ValueError(
            "--jobs: not used with --scheduler, which has workers of its own; received "
            f"{options.jobs}. Remove it."
        )


def _titled(
    options: argparse.Namespace, parts: "dict[tuple[str, str], list[Experiment]]"
) -> "dict[str, list[Asked]]":
    """What was asked for, by the title of its part."""
    from wssl.checks.extras import optional_module
    from wssl.study import campaign, exploratory

    titled: dict[str, list[Asked]] = campaign.parts() if options.registered else {}
    if options.exploratory:
        optional_module("sklearn.gaussian_process", "search")  # before days of other runs
        titled["controls, half the rate"] = exploratory.half_rate()
        titled["classical fills, wide holes and 128 px"] = [*exploratory.fills()]
        titled |= exploratory.tasks() | exploratory.repeated()
        titled["controls, replication"] = exploratory.half_rate(exploratory.REPLICATION)
    for (preset, name), experiments in parts.items():
        titled[f"{preset} {'table ' * name.isdigit()}{name}"] = [*experiments]
    return titled


def _search(store: "Store", follow: "Callable[[dict[str, list[Asked]]], Progress]") -> "Progress":
    """Search for weights one run at a time, then run what was found, and the best arms wider."""
    from wssl.study import exploratory

    while experiment := exploratory.next_searched(tried := exploratory.searched(store)):
        done = follow({"search for weights": [experiment]})
        if done.rest():
            return done
    done = follow({"weights found": [*exploratory.best_searched(tried)]})
    return done if done.rest() else follow({"best arms, wide": exploratory.together(store)})


def _print_tables(
    parts: "dict[tuple[str, str], list[Experiment]]", store: "Store", dataset: str | None
) -> None:
    """Print the paper's tables beside ours."""
    from wssl import report
    from wssl.experiment import Experiment

    for (preset, name), experiments in parts.items():
        if name.isdigit():
            records = [r for e in experiments if (r := store.get(e.fingerprint)) is not None]
            images = dataset or Experiment.dataset
            print(f"\nTable {name}, at the {preset} preset on {images}")
            print(report.table(int(name), records).to_string())


def _stale() -> int:
    """Print what is out of date; return 1 if anything is."""
    from wssl.book import notebooks
    from wssl.records.fields import describe
    from wssl.records.store import Store
    from wssl.scheduling import progress
    from wssl.study import campaign, retired

    store, behind = Store(), []
    for source in notebooks.studies():
        page = Path("book", "studies", f"{source.stem}.ipynb")
        reasons = notebooks.changes_since(source, page, store.root)
        if reasons:
            behind.append(source.stem[:2])
        print(f"{source.stem:<28}{'; '.join(reasons) or 'up to date'}")
    seconds, left, old = 0.0, 0, retired(store)
    for name, now in old.items():
        if (record := store.get(name)) is None:
            continue
        words = describe(record["kind"], record["experiment"])
        if store.path(now).exists():
            words += f"; made again as {now}"
        else:
            seconds += record["provenance"].get("seconds") or 0
            left += 1
        print(f"{name:<28}retired: {words}")
    awaited = progress.Progress(campaign.parts(), store)
    print()
    if rest := awaited.rest():
        print(f"Registered: {rest}.")
    if remade := len(old) - left:
        print(f"Retired, and made again since, so that they can be deleted: {remade}")
    if left:
        print(
            f"Retired, to be made again by wssl study or wssl run: {left}, about "
            f"{progress.clock(seconds)} of computing"
        )
    if behind:
        print(f"Pages are out of date: make reference ONLY='{' '.join(behind)}'")
    return int(bool(left or behind))


def _parts(options: argparse.Namespace) -> "dict[tuple[str, str], list[Experiment]]":
    """The experiments of the parts of the study that were asked for, by preset and part."""
    from wssl import study
    from wssl.experiment import Experiment

    settings = given_fields(options)
    presets = dict.fromkeys(settings.pop("preset", [Experiment.preset]))
    chosen = {n: lookup("part of the study", n, study.PARTS) for n in options.only or study.PARTS}
    return {
        (preset, name): part(preset=preset, seeds=options.seeds, **settings)
        for preset in presets
        for name, part in chosen.items()
    }


def _workers(scheduler: str, store: "Store") -> AbstractContextManager["Workers"]:
    try:
        from wssl.scheduling import cluster
    except ModuleNotFoundError as error:
        raise ValueError(
            f"--scheduler: expected Dask to be installed; received {error}. Install it here and on "
            "the workers: pip install 'wssl[cluster]'."
        ) from error
    return cluster.connect(scheduler, store)


def _seconds(text: str) -> float:
    """Convert a time such as 90m, 2h, 1h30m, 45s or a number of minutes to seconds."""
    number = r"(\d+(?:\.\d+)?)"
    pattern = re.compile(f"(?:{number}h)?(?:{number}m)?(?:{number}s)?")
    match = pattern.fullmatch(text) or pattern.fullmatch(f"{text}m")
    hours, minutes, seconds = (float(n or 0) for n in match.groups()) if match else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if total == 0:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 90m, 2h, 1h30m, 45s or a number of minutes; received {text!r}"
        )
    return total
