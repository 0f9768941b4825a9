"""Tables of the weights of two pretext tasks: whether they matter, and in which direction."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from wssl.report.frames import UNKNOWN, groups, mean_difference, printed, runs, set_name, two_sided
from wssl.report.tables import METRICS, format_estimate, format_number, format_p, with_headings
from wssl.statistics import Estimate, contrast, holm, variance_components
from wssl.store import Record

PAPER_TRENDS = {
    set_name(("rotation", "sharpness")): -1,
    set_name(("rotation", "saturation")): 1,
    set_name(("saturation", "sharpness")): -1,
}
"""Whether the paper (section 5, Figure 2) finds a pair better with more of its first task."""

LEVEL = 0.05


def trend(frame: pd.DataFrame, metric: str) -> Estimate:
    """How far the least-squares line of a pair rises over the weights of its first task.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of one pair, from `runs` or `printed`.
    metric : str

    Returns
    -------
    wssl.statistics.Estimate
        Its error is that of seeds; NaN where a weighting has only one.
    """
    weights = frame.drop_duplicates("weighting")["first"].to_numpy()
    if len(weights) < 2:
        return UNKNOWN
    centred = weights - weights.mean()
    return contrast(groups(frame, metric), np.ptp(weights) * centred / (centred**2).sum())


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Spearman's rank correlation, and its two-sided p value from all permutations.

    Parameters
    ----------
    first, second : sequence of float
        Of one length.
    """

    def correlation(values: Sequence[float]) -> float:
        return float(stats.spearmanr(values, second).statistic)

    test = stats.permutation_test(
        (first,), correlation, permutation_type="pairings", n_resamples=np.inf, vectorized=False
    )
    return float(test.statistic), float(test.pvalue)


def seed_spread(frame: pd.DataFrame, metric: str) -> dict[str, float]:
    """The standard deviations that weightings and seeds add to runs, each task set at its mean.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row a run, as from `runs`.
    metric : str

    Returns
    -------
    dict of str to float
        ``weighting`` and ``residual``, the seeds within a weighting.
    """
    if frame.empty:
        return {"weighting": float("nan"), "residual": float("nan")}
    return variance_components(
        frame[metric].tolist(), frame["set"].tolist(), {"weighting": frame["weighting"].tolist()}
    )


def equal_means(frame: pd.DataFrame, metric: str) -> float:
    """P value of the F test that all weightings have one mean; NaN where none was repeated.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row a run, as from `runs`.
    metric : str
    """
    values = groups(frame, metric)
    if len(values) < 2 or min(len(group) for group in values) < 2:
        return float("nan")
    return float(stats.f_oneway(*values).pvalue)


def agreement(value: float, p: float, sign: int) -> str:
    """Whether an effect has the paper's sign, in words; `p` is two-sided."""
    if np.isnan(p):
        return "unknown"
    if p >= LEVEL:
        return "not told from none"
    return "as in the paper" if value * sign > 0 else "the opposite"


def trend_table(records: Iterable[Record]) -> pd.DataFrame:
    """The trends that the paper sees in its Figure 2, with an error, and the same of our runs.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Table 2.

    Returns
    -------
    pandas.DataFrame
        A row for each pair and metric. P values of ours are adjusted for their number (Holm).
    """
    theirs, ours = printed((2,)), runs(records, (2,))
    keys = [(pair, metric) for pair in PAPER_TRENDS for metric in METRICS]
    found = {(pair, m): trend(ours[ours["set"] == pair], m) for pair, m in keys}
    p_values = dict(zip(keys, holm([two_sided(e) for e in found.values()]), strict=True))
    lines = []
    for pair, metric in keys:
        title, decimals = METRICS[metric]
        part, sign = theirs[theirs["set"] == pair], PAPER_TRENDS[pair]
        rho, p = rank_correlation(part["first"].tolist(), part[metric].tolist())
        estimate, adjusted = found[pair, metric], p_values[pair, metric]
        lines.append(
            {
                ("", "pair"): pair,
                ("", "metric"): title,
                ("paper", "better with"): f"{'more' if sign > 0 else 'less'} {pair.split()[0]}",
                ("paper", "0.1 to 0.9"): format_estimate(trend(part, metric), decimals),
                ("paper", "Spearman"): f"{rho:+.1f}",
                ("paper", "exact p"): f"{p:.3f}",
                ("ours", "0.1 to 0.9"): format_estimate(estimate, decimals),
                ("ours", "p (Holm)"): format_p(adjusted),
                ("ours", "trend"): agreement(estimate.value, adjusted, sign),
            }
        )
    return with_headings(lines, index=2)


def spread_table(records: Iterable[Record]) -> pd.DataFrame:
    """What the weights of a pair change beside what a seed changes, and which weight is best.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Table 2.

    Returns
    -------
    pandas.DataFrame
        A row for each pair and metric: standard deviations, the p value of `equal_means` adjusted
        for their number (Holm), and the weight of the first task in the best weighting.
    """
    theirs, ours = printed((2,)), runs(records, (2,))
    keys = [(pair, metric) for pair in PAPER_TRENDS for metric in METRICS]
    p_values = holm([equal_means(ours[ours["set"] == pair], metric) for pair, metric in keys])
    lines = []
    for (pair, metric), p in zip(keys, p_values, strict=True):
        title, decimals = METRICS[metric]
        part, repeats = theirs[theirs["set"] == pair], ours[ours["set"] == pair]
        found = seed_spread(repeats, metric)
        lines.append(
            {
                ("", "pair"): pair,
                ("", "metric"): title,
                ("paper", "five runs"): f"{part[metric].std():.{decimals}f}",
                ("ours", "weights"): format_number(found["weighting"], decimals),
                ("ours", "seeds"): format_number(found["residual"], decimals),
                ("ours", "p (Holm)"): format_p(p),
                ("best weight of the first", "paper"): _best_weight(part, metric),
                ("best weight of the first", "ours"): _best_weight(repeats, metric),
            }
        )
    return with_headings(lines, index=2)


def end_table(records: Iterable[Record]) -> pd.DataFrame:
    """What a tenth of a second task changes: the ends of Figure 2, which the paper left out.

    Parameters
    ----------
    records : iterable of dict
        Repeats of Tables 1 and 2.

    Returns
    -------
    pandas.DataFrame
        A row for each pair and end: a metric at the weights 0.9 and 0.1 less that of the task of
        weight 0.9 alone.
    """
    frames = {"paper": printed((1, 2)), "ours": runs(records, (1, 2))}
    lines = []
    for pair in PAPER_TRENDS:
        first, second = pair.split(" + ")
        for task, other, weight in ((first, second, 0.9), (second, first, 0.1)):
            line = {("", "alone"): task, ("", "and a tenth of"): other}
            for metric, (title, decimals) in METRICS.items():
                for source, frame in frames.items():
                    added = frame[(frame["set"] == pair) & (frame["first"] == weight)]
                    change = mean_difference(added, frame[frame["set"] == task], metric)
                    line[title, source] = format_estimate(change, decimals)
            lines.append(line)
    return with_headings(lines, index=2)


def _best_weight(frame: pd.DataFrame, metric: str) -> str:
    means = frame.groupby("first")[metric].mean()
    return f"{means.idxmax():g}" if len(means) else "—"
