"""The figure of costs: how long the records of each kind took."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from wssl.records.store import Record
from wssl.report.figures.style import finished, placeholder
from wssl.report.labels import OURS
from wssl.report.tables.costs import hours_by_kind


def effort_figure(records: Iterable[Record]) -> Figure:
    """Hours of computing by kind of record, one bar per kind, the longest first.

    Parameters
    ----------
    records : iterable of dict

    Returns
    -------
    matplotlib.figure.Figure
    """
    spent = hours_by_kind(records).sort_values()
    if spent.empty:
        return placeholder("Awaiting runs: no record is there yet.")
    figure, axis = plt.subplots(figsize=(7.5, 0.9 + 0.4 * len(spent)), layout="constrained")
    bars = axis.barh(spent.index, spent, color=OURS)
    axis.bar_label(bars, [f"{hours:.1f} h" for hours in spent], padding=4, fontsize="small")
    axis.set(xlabel="hours of computing")
    axis.margins(x=0.12)
    axis.grid(axis="y", visible=False)
    return finished(figure)
