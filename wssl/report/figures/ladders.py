"""Scores and contrasts along ladders of scale, as figures."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wssl.claims.campaign import Arm
from wssl.claims.estimands import SSIM, Score, difference
from wssl.claims.ladders import CONTRASTS, ENCODERS, LogFit, Rung, contrasted, log_fit, varied
from wssl.claims.outcomes import paired
from wssl.records.fields import is_shallow
from wssl.records.store import Record
from wssl.report.figures.dots import UNITS, in_unit
from wssl.report.figures.style import placeholder, with_legend
from wssl.report.labels import ENCODERS as NAMES
from wssl.report.labels import method_label, score_label
from wssl.report.tables.contrasts import runs_of

COLOURS = dict(zip(ENCODERS, ("#0173b2", "#767676", "#029e73", "#d55e00"), strict=True))

_LOOKS = dict(zip(CONTRASTS, (("#0173b2", "o"), ("#d55e00", "s"), ("#029e73", "^")), strict=True))


def ladder_figure(ladders: Mapping[str, Sequence[Rung]], score: Score = SSIM) -> Figure:
    """The contrasts of the controls at each rung, one panel per ladder.

    Parameters
    ----------
    ladders : mapping of str to sequence of Rung
    score : wssl.claims.estimands.Score

    Returns
    -------
    matplotlib.figure.Figure
        Points are means over the common seeds, bars 95 % intervals. Ladders with runs at fewer than
        two rungs are left out, and so are rungs without any.
    """
    ladders = {name: contrasted(rungs) for name, rungs in ladders.items() if varied(rungs)}
    if not ladders:
        return placeholder("Awaiting runs: none of the scales has runs at two of its settings yet.")
    figure, axes = plt.subplots(
        1, len(ladders), figsize=(4 + 1.75 * len(ladders), 4.2), sharey=True, squeeze=False,
        width_ratios=[len(rungs) for rungs in ladders.values()],
    )  # fmt: skip
    for axis, (name, rungs) in zip(axes[0], ladders.items(), strict=True):
        for pair in CONTRASTS:
            _draw_contrast(axis, rungs, pair, score)
        axis.axhline(0, color="0.4", linewidth=1, zorder=1)
        axis.set(title=name, xlim=(-0.5, len(rungs) - 0.5))
        axis.set_xticks(range(len(rungs)), [rung.label for rung in rungs])
        axis.grid(visible=False, axis="x")
    title = score_label(score)
    axes[0, 0].set(ylabel=f"{title} better by … {UNITS[score.unit]}")
    for pair, (colour, marker) in _LOOKS.items():
        label = f"{NAMES[pair[0]]} minus {NAMES[pair[1]]}"
        axes[0, 0].plot([], [], f"{marker}-", color=colour, label=label)
    runs = _runs(rung for rungs in ladders.values() for rung in rungs)
    return with_legend(figure, runs, min(3, len(ladders)))


def _runs(rungs: Iterable[Rung]) -> list[Record]:
    return [
        run
        for rung in rungs
        for run in runs_of(rung.campaign, [rung.arm(encoder) for encoder in ENCODERS])
    ]


def _draw_contrast(axis: Axes, rungs: Sequence[Rung], pair: tuple[str, str], score: Score) -> None:
    colour, marker = _LOOKS[pair]
    shift = 0.12 * (CONTRASTS.index(pair) - 1)
    places, values = [], []
    for place, rung in enumerate(rungs):
        terms = difference(rung.arm(pair[0]), rung.arm(pair[1])).terms
        found = paired(rung.campaign, terms, score)
        if found is None:
            continue
        ends = found.estimate.lower(), found.estimate.upper()
        bounds = [in_unit(end, score.unit) for end in ends]
        if np.isfinite(bounds).all():
            axis.plot([place + shift] * 2, bounds, color=colour, linewidth=1.6)
        places.append(place + shift)
        values.append(in_unit(found.estimate.value, score.unit))
    axis.plot(places, values, f"{marker}-", color=colour, markersize=6)


def budget_figure(
    rungs: Sequence[Rung], fills: Sequence[Arm], images: float, score: Score = SSIM
) -> Figure:
    """The score of each configuration against the images that its training saw, with fitted lines.

    Parameters
    ----------
    rungs : sequence of Rung
        A ladder of budgets.
    fills : sequence of Arm
        Classical fills, drawn as horizontal lines.
    images : float
        How many images 1x is.
    score : wssl.claims.estimands.Score

    Returns
    -------
    matplotlib.figure.Figure
        The circle of a run part of whose decoder died is hollow; the lines count it.
    """
    if not any(rung.runs for rung in rungs):
        return placeholder("Awaiting runs: the ladder of budgets has no rung yet.")
    figure, axis = plt.subplots(figsize=(9, 4.6))
    died = False
    for encoder in ENCODERS:
        colour = COLOURS[encoder]
        for rung in rungs:
            arm = rung.arm(encoder)
            for seed, run in rung.campaign.converged.runs.get(arm, {}).items():
                value = score(rung.campaign, arm, seed)
                (point,) = axis.plot(images * rung.budget, value, "o", color=colour, alpha=0.6)
                if is_shallow(run):
                    point.set(markerfacecolor="none", markeredgewidth=1.6)
                    died = True
        fit = log_fit(rungs, encoder, score)
        if fit is not None:
            _draw_fit(axis, fit, images, colour, max(rung.budget for rung in rungs))
        axis.plot([], [], "o-", color=colour, label=NAMES[encoder])
    campaign = rungs[0].campaign
    for fill, style in zip(fills, ("--", ":"), strict=False):
        level = score(campaign, fill, 0)
        if np.isfinite(level):
            axis.axhline(level, color="0.3", linestyle=style, label=method_label(fill.method))
    if died:
        label = "part of the decoder died"
        axis.plot(
            [], [], "o", color="0.4", markerfacecolor="none", markeredgewidth=1.6, label=label
        )
    axis.set_xscale("log")
    places = [images * rung.budget for rung in rungs]
    axis.set_xticks(places, [f"{place:,.0f}" for place in places], minor=False)
    axis.set_xticks([], minor=True)
    title = score_label(score)
    label = f"-log({title})" if score.logarithm else f"{title} (dB)"
    axis.set(xlabel="training images seen in the inpainting phase", ylabel=f"{label}, up is better")
    return with_legend(figure, [*_runs(rungs), *runs_of(campaign, fills)])


def _draw_fit(axis: Axes, fit: LogFit, images: float, colour: str, last: float) -> None:
    budgets = np.geomspace(0.25, 4 * last, 60)
    value, low, high = np.array([fit.at(budget) for budget in budgets]).T
    axis.plot(images * budgets, value, color=colour, linewidth=1.4)
    if np.isfinite(low).all() and fit.freedom > 0:
        axis.fill_between(images * budgets, low, high, color=colour, alpha=0.12, linewidth=0)
