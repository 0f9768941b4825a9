"""Tables and figures, made from records and arrays alone."""

from wssl.report.figures import confusion, loss_curves, paper_and_ours
from wssl.report.pictures import four_panels, gallery
from wssl.report.style import finished, use_style
from wssl.report.tables import METRICS, accuracy, format_interval, pretext_name, rows, table

__all__ = [
    "METRICS",
    "accuracy",
    "confusion",
    "finished",
    "format_interval",
    "four_panels",
    "gallery",
    "loss_curves",
    "paper_and_ours",
    "pretext_name",
    "rows",
    "table",
    "use_style",
]
