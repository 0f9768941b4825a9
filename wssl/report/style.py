"""What all figures share."""

import sys
from typing import Any

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure


def use_style() -> None:
    """Set the look of every figure: quiet axes, and colours that a colour-blind reader can tell.

    In a notebook's kernel, figures then appear below their cells, whatever ``MPLBACKEND`` says:
    containers often set it to a backend that writes files only.
    """
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if hasattr(shell, "kernel"):
        shell.run_line_magic("matplotlib", "inline")
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    plt.rcParams.update(
        {
            "figure.dpi": 110,
            "savefig.bbox": "tight",
            "axes.titlesize": "medium",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )


def finished(figure: Figure) -> Figure:
    """Take a figure from pyplot's hands, so that a notebook shows it once: as a cell's value.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    plt.close(figure)
    return figure
