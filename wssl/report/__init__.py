"""Tables, figures and sentences, made from records and arrays alone."""

from wssl.report.figures.costs import effort_figure
from wssl.report.figures.dots import dots
from wssl.report.figures.ladders import budget_figure, ladder_figure
from wssl.report.figures.method import (
    architecture,
    coverage_histogram,
    error_curves,
    share_curves,
)
from wssl.report.figures.phases import confusion, confusions, loss_curves, training_curves
from wssl.report.figures.pictures import detail, fills_gallery, four_panels, gallery, zoomed
from wssl.report.figures.style import finished, placeholder, use_style
from wssl.report.figures.verdicts import forest
from wssl.report.figures.weights import accuracy_by_weight, number_of_tasks, weight_curves
from wssl.report.labels import METRICS, arm_label, method_name, pretext_name, set_name
from wssl.report.tables.contrasts import (
    against,
    class_table,
    contrast_table,
    ends,
    even_weights,
    more_tasks,
    phases_of,
    progress_table,
    repetition_table,
    runs_of,
    score_table,
    shared_runs,
    spread_table,
    three_without_some,
    variants_table,
    with_each_task,
)
from wssl.report.tables.costs import benchmark_table, effort_table, machine_table, machines
from wssl.report.tables.ladders import fit_table, ladder_table
from wssl.report.tables.paper import accuracy, accuracy_table, format_interval, rows, table
from wssl.report.tables.repeats import exchange_table, repeat_table
from wssl.report.tables.verdicts import (
    absence_text,
    answer_table,
    beside_table,
    brief_table,
    converged_table,
    coverage_table,
    group_table,
    margin_table,
    own_noise_table,
    power_table,
    short_coverage,
    source_table,
    verdict_table,
    width_table,
    world_table,
)
from wssl.report.web.headline import headline
from wssl.report.web.landing import answer_sentence, claim_list, picture_strip, summary
from wssl.report.web.landscape import landscape_line, landscape_triangle
from wssl.report.web.sliders import Slider, compare, slider
from wssl.report.web.svg import Chart

__all__ = [
    "METRICS",
    "Chart",
    "Slider",
    "absence_text",
    "accuracy",
    "accuracy_by_weight",
    "accuracy_table",
    "against",
    "answer_sentence",
    "answer_table",
    "architecture",
    "arm_label",
    "benchmark_table",
    "beside_table",
    "brief_table",
    "budget_figure",
    "claim_list",
    "class_table",
    "compare",
    "confusion",
    "confusions",
    "contrast_table",
    "converged_table",
    "coverage_histogram",
    "coverage_table",
    "detail",
    "dots",
    "effort_figure",
    "effort_table",
    "ends",
    "error_curves",
    "even_weights",
    "exchange_table",
    "fills_gallery",
    "finished",
    "fit_table",
    "forest",
    "format_interval",
    "four_panels",
    "gallery",
    "group_table",
    "headline",
    "ladder_figure",
    "ladder_table",
    "landscape_line",
    "landscape_triangle",
    "loss_curves",
    "machine_table",
    "machines",
    "margin_table",
    "method_name",
    "more_tasks",
    "number_of_tasks",
    "own_noise_table",
    "phases_of",
    "picture_strip",
    "placeholder",
    "power_table",
    "pretext_name",
    "progress_table",
    "repeat_table",
    "repetition_table",
    "rows",
    "runs_of",
    "score_table",
    "set_name",
    "share_curves",
    "shared_runs",
    "short_coverage",
    "slider",
    "source_table",
    "spread_table",
    "summary",
    "table",
    "three_without_some",
    "training_curves",
    "use_style",
    "variants_table",
    "verdict_table",
    "weight_curves",
    "width_table",
    "with_each_task",
    "world_table",
    "zoomed",
]
