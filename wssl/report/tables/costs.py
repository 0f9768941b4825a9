"""What runs and benchmarks cost: tables of their times, and the machines that they ran on."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from wssl.records.fields import is_evaluation, is_pretext
from wssl.records.store import Record
from wssl.report.labels import method_label


def kind_of(record: Record) -> str:
    """What a record's time was spent on, as the book calls it.

    Parameters
    ----------
    record : dict
        Of a run, a pretext phase or an evaluation.
    """
    if is_pretext(record):
        return "pretext phases"
    if is_evaluation(record):
        return "tests on other masks and images"
    name = method_label(record["experiment"]["method"])
    return f"{name}, inpainting phases" if record["history"] else "classical fills"


def hours_by_kind(records: Iterable[Record]) -> pd.Series:
    """Hours of computing, by kind of record.

    Parameters
    ----------
    records : iterable of dict

    Returns
    -------
    pandas.Series of float
        Indexed by `kind_of`, in the order of first occurrence.
    """
    pairs = [(kind_of(r), float(r["provenance"]["seconds"]) / 3600) for r in records]
    spent = pd.DataFrame(pairs, columns=["kind", "hours"])
    return spent.groupby("kind", sort=False)["hours"].sum()


def effort_table(records: Iterable[Record]) -> pd.DataFrame:
    """How many records of each kind there are, and how long they took.

    Parameters
    ----------
    records : iterable of dict

    Returns
    -------
    pandas.DataFrame
        Indexed by `kind_of`; columns ``records``, ``median, s`` and ``all, h``, as text.
    """
    spent = pd.DataFrame(
        [(kind_of(r), r["provenance"]["seconds"]) for r in records], columns=["kind", "seconds"]
    )
    lines = [
        {
            "what": kind,
            "records": len(seconds),
            "median, s": f"{np.median(seconds):.1f}",
            "all, h": f"{seconds.sum() / 3600:.2f}",
        }
        for kind, seconds in spent.groupby("kind", sort=False)["seconds"]
    ]
    return pd.DataFrame(lines, columns=["what", "records", "median, s", "all, h"]).set_index("what")


def machine_table(records: Iterable[Record]) -> pd.DataFrame:
    """What each kind of machine has done, and how fast it trained.

    Parameters
    ----------
    records : iterable of dict

    Returns
    -------
    pandas.DataFrame
        Indexed by the device; columns, as text: ``records``; ``all, h``, the sum of their times;
        ``passed, h``, the time in which at least one of them was in progress; ``at a time``, the
        most that were; and ``images/s``, trained on in the time that passed. A record ends when it
        is written and began as long before as its time, so an interrupted one is taken to have run
        at a stretch.
    """
    by_device: dict[str, list[Record]] = {}
    for record in records:
        by_device.setdefault(record["provenance"]["device"], []).append(record)
    lines = []
    for device, some in sorted(by_device.items(), key=lambda pair: -len(pair[1])):
        passed, most = _occupied(some)
        trained = sum(map(_images_trained_on, some))
        lines.append(
            {
                "machine": device,
                "records": len(some),
                "all, h": f"{sum(r['provenance']['seconds'] for r in some) / 3600:.2f}",
                "passed, h": f"{passed / 3600:.2f}",
                "at a time": most,
                "images/s": f"{trained / passed:,.0f}" if passed and trained else "—",
            }
        )
    columns = ["machine", "records", "all, h", "passed, h", "at a time", "images/s"]
    return pd.DataFrame(lines, columns=columns).set_index("machine")


def _occupied(records: Iterable[Record]) -> tuple[float, int]:
    """Seconds in which at least one record was in progress, and the most that were at a time."""
    events = []
    for record in records:
        end = datetime.fromisoformat(record["provenance"]["finished"]).timestamp()
        events += [(end, -1), (end - float(record["provenance"]["seconds"]), 1)]
    passed, running, most, before = 0.0, 0, 0, 0.0
    for moment, step in sorted(events):
        passed += (moment - before) * (running > 0)
        running, before = running + step, moment
        most = max(most, running)
    return passed, most


def _images_trained_on(record: Record) -> int:
    if not record.get("history"):
        return 0
    phase = "pretext" if is_pretext(record) else "inpainting"
    return int(record["history"][-1][0] * record["scale"][f"{phase}_batch"])


def machines(records: Iterable[Record]) -> str:
    """Where records were made, as text, the most frequent machine first.

    Parameters
    ----------
    records : iterable of dict
    """
    counts = Counter(record["provenance"]["device"] for record in records)
    return "; ".join(f"{device} ({count})" for device, count in counts.most_common())


def benchmark_table(found: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """The rows of benchmarks' records under each other.

    Parameters
    ----------
    found : iterable of dict
        Each with a ``title``, ``rows`` of ``name``, ``ratio`` and ``target``, and the
        ``provenance`` of `wssl.machine.provenance.provenance`.

    Returns
    -------
    pandas.DataFrame
        Indexed by the title and what was measured; columns ``measured`` and ``target``.
    """
    lines = [
        {
            "benchmark": record["title"],
            "of": row["name"],
            "measured": f"{row['ratio']:.2f}",
            "target": row["target"],
        }
        for record in found
        for row in record["rows"]
    ]
    columns = ["benchmark", "of", "measured", "target"]
    return pd.DataFrame(lines, columns=columns).set_index(columns[:2])
