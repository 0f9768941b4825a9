"""What all figures share."""

import io
import sys
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wssl.records.store import Record
from wssl.report.web import trace
from wssl.report.web.table import table_html


def use_style() -> None:
    """Set the look of figures and tables: quiet axes, colours that a colour-blind reader can tell.

    In a notebook's kernel, figures then appear below their cells, whatever ``MPLBACKEND`` says:
    containers often set it to a backend that writes files only. Charts are drawn as SVG, and
    figures that show pictures as JPEG.
    """
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if hasattr(shell, "kernel"):
        shell.run_line_magic("matplotlib", "inline")
    if shell is not None:
        formatters = shell.display_formatter.formatters
        for formatter in formatters.values():
            formatter.pop(Figure, None)
        formatters["image/svg+xml"].for_type(Figure, _chart)
        formatters["image/jpeg"].for_type(Figure, _photographs)
        formatters["text/html"].for_type(pd.DataFrame, table_html)
        shell.display_formatter.mimebundle_formatter.for_type(Figure, trace.figure_data)
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    plt.rcParams.update(
        {
            "figure.dpi": 110,
            "savefig.bbox": "tight",
            "axes.titlesize": "medium",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "svg.hashsalt": "wssl",
        }
    )


def _chart(figure: Figure) -> str | None:
    """A figure as SVG, the same for the same content; None if it shows pictures."""
    if _shows_pictures(figure):
        return None
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def _photographs(figure: Figure) -> str | None:
    """A figure as JPEG in base64; None unless it shows pictures."""
    if not _shows_pictures(figure):
        return None
    drawn = io.BytesIO()
    figure.savefig(drawn, format="jpeg", pil_kwargs={"quality": 92})
    return b64encode(drawn.getvalue()).decode()


def _shows_pictures(figure: Figure) -> bool:
    return any(axis.images for axis in figure.axes)


def finished(figure: Figure, records: Iterable[Record] = ()) -> Figure:
    """Take a figure from pyplot's hands, so that a notebook shows it once: as a cell's value.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    records : iterable of dict
        The records that it was drawn from; the page of the book links to them.
    """
    plt.close(figure)
    return trace.mark(figure, trace.fingerprints(records))


def with_legend(figure: Figure, records: Iterable[Record] = (), columns: int = 4) -> Figure:
    """Finish a figure with one legend for all of its panels, in a row below them.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    records : iterable of dict
        As in `finished`.
    columns : int
        Of the legend, at most.
    """
    figure.set_layout_engine("constrained", w_pad=0.1)
    figure.legend(loc="outside lower center", ncols=columns, frameon=False)
    return finished(figure, records)


def placeholder(words: str, height: float = 1.2) -> Figure:
    """What stands in the place of a figure whose runs are not there yet.

    Parameters
    ----------
    words : str
        What is awaited.
    height : float
        In inches.
    """
    figure, axis = plt.subplots(figsize=(9, height))  # a notebook shows no figure without axes
    axis.axis("off")
    axis.text(0.5, 0.5, words, ha="center", va="center", color="0.35", wrap=True)
    return finished(figure)


def axis_limits(points: list[float], whiskers: list[float]) -> tuple[float, float]:
    """Room for all points, and for whiskers as far as they do not dwarf them.

    Parameters
    ----------
    points, whiskers : list of float
        What is drawn, and the ends of intervals.
    """
    low, high = min(points), max(points)
    most = 0.6 * (high - low)
    margin = 0.1 * most
    below, above = max(min(whiskers), low - most), min(max(whiskers), high + most)
    return min(low, below) - margin, max(high, above) + margin
