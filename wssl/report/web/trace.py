"""From what a page shows back to the records that it was made from.

A table, a chart or a figure carries the fingerprints of its records into the executed notebook: as
an attribute ``data-records`` of its HTML, or, beside a picture, as data of the type `MIME`. The
book turns both into links when it is built (``book/_extensions/records.py``).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd
from matplotlib.figure import Figure

from wssl.claims.campaign import Campaign
from wssl.claims.decision import Verdict
from wssl.records.store import Record

MIME = "application/vnd.wssl.records+json"
"""The type of the list of fingerprints that stands beside a picture."""

ROWS = "records"
"""The key in ``DataFrame.attrs`` of the fingerprints of each row."""

_DRAWN: "WeakKeyDictionary[Figure, list[str]]" = WeakKeyDictionary()


def fingerprints(records: Iterable[Record]) -> list[str]:
    """The fingerprints of records, each once, in their order.

    Parameters
    ----------
    records : iterable of dict
    """
    return list(dict.fromkeys(record["fingerprint"] for record in records))


def verdict_records(verdict: Verdict, campaign: Campaign) -> list[str]:
    """The fingerprints of the runs that a claim rests on, as far as they are recorded.

    Parameters
    ----------
    verdict : Verdict
    campaign : Campaign
        From whose records it is.
    """
    needs = verdict.claim.estimand.needs(campaign)
    found = [
        campaign.pretext(arm, seed) if kind == "pretext" else campaign.run(arm, seed)
        for kind, arm, seed, _ in needs
    ]
    return fingerprints(record for record in found if record is not None)


def attribute(found: Iterable[str]) -> str:
    """The HTML attribute that names records, with a space before it; empty without any.

    Parameters
    ----------
    found : iterable of str
        Fingerprints.
    """
    names = " ".join(found)
    return f' data-records="{names}"' if names else ""


def mark(figure: Figure, found: Iterable[str]) -> Figure:
    """Note the records that a figure was drawn from.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    found : iterable of str
        Fingerprints.
    """
    _DRAWN[figure] = list(dict.fromkeys(found))
    return figure


def drawn_from(figure: Figure) -> list[str]:
    """The fingerprints that `mark` noted; empty without any.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    return _DRAWN.get(figure, [])


def with_rows(table: pd.DataFrame, found: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Note the records of each row of a table.

    Parameters
    ----------
    table : pandas.DataFrame
    found : sequence of sequence of str
        Fingerprints, one sequence for each row.

    Raises
    ------
    ValueError
        If there are not as many as rows.
    """
    if len(found) != len(table):
        raise ValueError(
            f"found: expected fingerprints for each of {len(table)} rows; received {len(found)}. "
            "Give an empty list for a row without records."
        )
    table.attrs[ROWS] = [list(names) for names in found]
    return table


def figure_data(figure: Figure, **_: Any) -> Mapping[str, list[str]]:
    """What a notebook writes beside the picture of a figure: the records that it was drawn from.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    found = drawn_from(figure)
    return {MIME: found} if found else {}
