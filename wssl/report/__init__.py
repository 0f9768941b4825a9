"""Tables and figures, made from records and arrays alone."""

from wssl.report.curves import accuracy_by_weight, weight_curves
from wssl.report.figures import confusion, loss_curves, paper_and_ours
from wssl.report.frames import mean_difference, printed, runs, two_sided
from wssl.report.groups import (
    component_table,
    components,
    difference_table,
    equal_weight_table,
    more_tasks,
    repetition_table,
    repetitions,
    variance_shares,
)
from wssl.report.headline import headline
from wssl.report.landscape import landscape_line, landscape_triangle
from wssl.report.pictures import detail, four_panels, gallery, zoomed
from wssl.report.sliders import Slider, slider
from wssl.report.strips import number_of_tasks
from wssl.report.style import finished, use_style
from wssl.report.svg import Chart
from wssl.report.tables import (
    METRICS,
    accuracy,
    format_estimate,
    format_interval,
    method_name,
    pretext_name,
    rows,
    table,
)
from wssl.report.trends import (
    PAPER_TRENDS,
    end_table,
    equal_means,
    rank_correlation,
    seed_spread,
    spread_table,
    trend,
    trend_table,
)

__all__ = [
    "METRICS",
    "PAPER_TRENDS",
    "Chart",
    "Slider",
    "accuracy",
    "accuracy_by_weight",
    "component_table",
    "components",
    "confusion",
    "detail",
    "difference_table",
    "end_table",
    "equal_means",
    "equal_weight_table",
    "finished",
    "format_estimate",
    "format_interval",
    "four_panels",
    "gallery",
    "headline",
    "landscape_line",
    "landscape_triangle",
    "loss_curves",
    "mean_difference",
    "method_name",
    "more_tasks",
    "number_of_tasks",
    "paper_and_ours",
    "pretext_name",
    "printed",
    "rank_correlation",
    "repetition_table",
    "repetitions",
    "rows",
    "runs",
    "seed_spread",
    "slider",
    "spread_table",
    "table",
    "trend",
    "trend_table",
    "two_sided",
    "use_style",
    "variance_shares",
    "weight_curves",
    "zoomed",
]
