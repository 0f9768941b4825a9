"""The calibration's figure: the score of each training setting, by its learning rate."""

from collections.abc import Iterable

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, LogLocator, NullFormatter

from wssl.report.figures.style import finished, placeholder
from wssl.report.web import trace

DIVERGED = 0.5
"""A lower SSIM than this is not drawn to scale."""


def learning_rates(frame: pd.DataFrame, chosen: Iterable[tuple[str, float, str, int]]) -> Figure:
    """SSIM on validation images by learning rate, one panel per kind of training.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `wssl.report.tables.calibration.inpainting_runs`, of one width.
    chosen : iterable of (str, float, str, int)
        Kind of training, learning rate, schedule and steps of the settings that were chosen; each
        is circled. A triangle at the bottom is a run whose training diverged.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = frame.assign(
        setting=frame["schedule"] + ", " + frame["steps"].map("{:,} steps".format)
    ).assign(training=frame["training"].cat.remove_unused_categories())
    if shown.empty:
        return placeholder("There are no records of the calibration here.")
    panels = shown["training"].nunique()
    grid = sns.relplot(
        data=shown[shown["ssim"] >= DIVERGED],
        x="learning rate",
        y="ssim",
        hue="setting",
        style="setting",
        hue_order=sorted(shown["setting"].unique()),
        style_order=sorted(shown["setting"].unique()),
        col="training",
        col_wrap=min(3, panels),
        kind="line",
        markers=True,
        dashes=False,
        errorbar=None,
        height=2.6,
        aspect=1.15,
        facet_kws={"sharey": False},
    )
    grid.set(xscale="log")
    grid.set_axis_labels("learning rate", "SSIM, validation")
    grid.set_titles("{col_name}")
    for training, axis in grid.axes_dict.items():
        axis.xaxis.set_major_locator(LogLocator(numticks=3))
        axis.xaxis.set_major_formatter(LogFormatter())
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.margins(0.12)
        for rate in shown.query("training == @training and ssim < @DIVERGED")["learning rate"]:
            axis.plot(rate, 0.03, "v", color="black", transform=axis.get_xaxis_transform())
        for kind, *setting in chosen:
            of_kind = shown[shown["training"] == kind]
            same = (of_kind[["learning rate", "schedule", "steps"]] == setting).all(axis=1)
            if kind == training and same.any():
                level = of_kind.loc[same, "ssim"].mean()
                axis.plot(setting[0], level, "o", ms=13, mfc="none", mec="black", mew=1.5)
    return trace.mark(finished(grid.figure), shown["run"])
