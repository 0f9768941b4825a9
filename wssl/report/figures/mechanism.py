"""What networks know block by block, and what their decoders use, as figures."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter, SymmetricalLogLocator

from wssl.claims.blocks import (
    PROBES,
    READOUTS,
    Profile,
    by_block,
    cut_skips,
    minus,
    profile,
)
from wssl.claims.campaign import Arm, Campaign
from wssl.claims.estimands import PSNR, SSIM, Score, difference
from wssl.claims.outcomes import paired
from wssl.paper import FROZEN_BLOCKS
from wssl.records.store import Record
from wssl.report.figures.dots import UNITS, in_unit
from wssl.report.figures.ladders import COLOURS
from wssl.report.figures.style import placeholder, with_legend
from wssl.report.labels import ENCODERS, score_label
from wssl.report.tables.contrasts import runs_of

_MARKERS = dict(zip(COLOURS, "os^v", strict=True))
_CHANCE = 0.25
_TITLES = {
    "known": "known pixels",
    "hole": "pixels of the hole",
    "rotation": "rotation",
    "saturation": "saturation",
    "brightness": "brightness",
}


def block_curves(campaign: Campaign, arms: Sequence[Arm], part: str) -> Figure:
    """A measure of each block, one line per arm and one panel per kind of it.

    Parameters
    ----------
    campaign : Campaign
    arms : sequence of Arm
        One for each treatment of the encoder.
    part : {"readout", "probes"}

    Returns
    -------
    matplotlib.figure.Figure
        Lines are means over the seeds, points single seeds.
    """
    names = READOUTS if part == "readout" else PROBES
    found = {name: [by_block(campaign, arm, part, name) for arm in arms] for name in names}
    if not any(seeds for lines in found.values() for seeds in lines):
        return placeholder("Awaiting runs: no network has been analysed yet.")
    figure, axes = plt.subplots(1, len(names), figsize=(10, 3.9), sharey=part == "probes")
    for axis, (name, lines) in zip(axes, found.items(), strict=True):
        for place, (arm, seeds) in enumerate(zip(arms, lines, strict=True)):
            _draw_seeds(axis, seeds, arm.encoder, 0.06 * (place - (len(arms) - 1) / 2))
        axis.set(title=_TITLES[name], xlabel="block of the encoder", xticks=FROZEN_BLOCKS)
        axis.grid(visible=False, axis="x")
        if part == "probes":
            axis.axhline(_CHANCE, color="0.4", linewidth=1, linestyle=":")
    label = "PSNR of a linear read-out (dB)" if part == "readout" else "accuracy of a linear probe"
    axes[0].set(ylabel=label)
    _name_encoders(axes[0], arms)
    if part == "probes":
        axes[0].plot([], [], ":", color="0.4", label="chance")
    return with_legend(figure, runs_of(campaign, arms))


def skip_curves(
    campaign: Campaign, arms: Sequence[Arm], scores: Sequence[Score] = (SSIM, PSNR)
) -> Figure:
    """What cutting each skip connection costs, one line per arm and one panel per score.

    Parameters
    ----------
    campaign : Campaign
    arms : sequence of Arm
        One for each treatment of the encoder.
    scores : sequence of wssl.claims.estimands.Score
        Of SSIM and PSNR.
    """
    found = {score: [cut_skips(campaign, arm, score) for arm in arms] for score in scores}
    if not any(seeds for lines in found.values() for seeds in lines):
        return placeholder("Awaiting runs: no network has been analysed yet.")
    figure, axes = plt.subplots(1, len(scores), figsize=(9.5, 3.9), squeeze=False)
    for axis, (score, lines) in zip(axes[0], found.items(), strict=True):
        for place, (arm, seeds) in enumerate(zip(arms, lines, strict=True)):
            lost = {seed: _harm(values, score) for seed, values in seeds.items()}
            _draw_seeds(axis, lost, arm.encoder, 0.06 * (place - (len(arms) - 1) / 2))
        title = score_label(score)
        worse = "lower" if score.metric == "psnr" else "higher"
        axis.set(
            xlabel="skip connection that is cut",
            ylabel=f"{title} {worse} by … {UNITS[score.unit]}",
            xticks=FROZEN_BLOCKS,
        )
        _stretch(axis, 10 if score.unit == "ratio" else 1)
        axis.axhline(0, color="0.4", linewidth=1, zorder=1)
        axis.grid(visible=False, axis="x")
    _name_encoders(axes[0, 0], arms)
    return with_legend(figure, runs_of(campaign, arms))


def _stretch(axis: Axes, linear: float) -> None:
    """A vertical axis that is linear near zero and logarithmic beyond, with plain numbers."""
    axis.set_yscale("symlog", linthresh=linear)
    axis.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=linear, subs=(1, 3)))
    axis.yaxis.set_major_formatter(ScalarFormatter())
    axis.yaxis.set_minor_locator(NullLocator())
    axis.set_ylim(bottom=min(axis.dataLim.ymin, 0) - linear / 5)


def _harm(values: np.ndarray, score: Score) -> np.ndarray:
    """A loss of score as a reader sees it: per cent of the dissimilarity added, or dB lost."""
    return 100 * np.expm1(values) if score.unit == "ratio" else values


def _draw_seeds(
    axis: Axes, seeds: Mapping[int, np.ndarray], encoder: str, shift: float = 0.0
) -> None:
    mean = profile(seeds)
    if mean is None:
        return
    places = np.array(FROZEN_BLOCKS) + shift
    colour, marker = COLOURS[encoder], _MARKERS[encoder]
    for values in seeds.values():
        axis.plot(places, values, marker, color=colour, alpha=0.35, markersize=4)
    axis.plot(places, mean.mean, f"{marker}-", color=colour, linewidth=1.8, markersize=6)


def _name_encoders(axis: Axes, arms: Iterable[Arm]) -> None:
    for arm in arms:
        look = f"{_MARKERS[arm.encoder]}-"
        axis.plot([], [], look, color=COLOURS[arm.encoder], label=ENCODERS[arm.encoder])


def where_figure(
    campaign: Campaign,
    controls: tuple[Arm, Arm, Arm],
    depths: Mapping[str, tuple[Arm, Arm]],
    reference: Arm,
    score: Score = SSIM,
) -> Figure:
    """Where in the network pretraining helps, where it harms, and where freezing does.

    Parameters
    ----------
    campaign : Campaign
    controls : (Arm, Arm, Arm)
        The pretrained and the random frozen network, and the one trained from scratch.
    depths : mapping of str to (Arm, Arm)
        By the name of the frozen blocks, networks with these frozen: pretrained and random.
    reference : Arm
        The network trained from scratch that `depths` are compared with.
    score : wssl.claims.estimands.Score

    Returns
    -------
    matplotlib.figure.Figure
        Left: what pretraining adds to what is read out of each block, against random features.
        Middle: what freezing costs, by the blocks that are frozen, against training from scratch.
        Right: what the decoder loses without each skip connection.
    """
    best, random, _ = controls
    arms = [*controls, reference, *(arm for pair in depths.values() for arm in pair)]
    runs = runs_of(campaign, arms)
    if not runs:
        return placeholder("Awaiting runs: none of the networks has been trained yet.")
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.3), width_ratios=[1, 1.25, 1])
    for name, colour, marker in (("known", "#ca9161", "P"), ("hole", "#cc78bc", "D")):
        gain = minus(
            by_block(campaign, best, "readout", name), by_block(campaign, random, "readout", name)
        )
        _draw_profile(left, gain, colour, marker)
        left.plot([], [], f"{marker}-", color=colour, label=f"read-out of {_TITLES[name]}")
    left.axhline(0, color="0.4", linewidth=1, zorder=1)
    left.set(
        title="pretrained minus random features",
        xlabel="block of the encoder",
        ylabel="PSNR of the read-out higher by … dB",
        xticks=FROZEN_BLOCKS,
    )
    _draw_depths(middle, campaign, depths, reference, score)
    title = score_label(score)
    for arm in controls:
        lost = {s: _harm(v, score) for s, v in cut_skips(campaign, arm, score).items()}
        _draw_seeds(right, lost, arm.encoder)
    right.plot([], [], "v-", color=COLOURS["scratch"], label=ENCODERS["scratch"])
    _stretch(right, 10)
    right.set(
        title="without a skip connection",
        xlabel="skip connection that is cut",
        ylabel=f"{title} higher by … {UNITS[score.unit]}",
        xticks=FROZEN_BLOCKS,
    )
    for axis in (left, middle, right):
        axis.grid(visible=False, axis="x")
    return with_legend(figure, runs)


def _draw_depths(
    axis: Axes,
    campaign: Campaign,
    depths: Mapping[str, tuple[Arm, Arm]],
    reference: Arm,
    score: Score,
) -> None:
    """What freezing costs, by the frozen blocks: pretrained and random, against a reference."""
    for shift, encoder, place in ((-0.12, "frozen", 0), (0.12, "random", 1)):
        for x, pair in enumerate(depths.values()):
            found = paired(campaign, difference(pair[place], reference, score).terms, score)
            if found is None:
                continue
            ends = [in_unit(end, score.unit)
                    for end in (found.estimate.lower(), found.estimate.upper())]  # fmt: skip
            value = in_unit(found.estimate.value, score.unit)
            colour, marker = COLOURS[encoder], _MARKERS[encoder]
            if np.isfinite(ends).all():
                axis.plot([x + shift] * 2, ends, color=colour, linewidth=1.6)
            axis.plot(x + shift, value, marker, color=colour, markersize=7)
        axis.plot([], [], _MARKERS[encoder], color=COLOURS[encoder], label=ENCODERS[encoder])
    if not runs_of(campaign, [arm for pair in depths.values() for arm in pair]):
        axis.text(0.5, 0.55, "no runs yet", transform=axis.transAxes, ha="center", color="0.45")
        axis.set_yticks([0])
    title = score_label(score)
    axis.axhline(0, color="0.4", linewidth=1, zorder=1)
    axis.set(
        title="frozen minus trained from scratch",
        xlabel="frozen blocks",
        ylabel=f"{title} better by … {UNITS[score.unit]}",
        xlim=(-0.5, len(depths) - 0.5),
    )
    axis.set_xticks(range(len(depths)), list(depths))


def _draw_profile(axis: Axes, found: Profile | None, colour: str, marker: str) -> None:
    if found is None:
        return
    places = np.array(FROZEN_BLOCKS)
    axis.plot(places, found.mean, f"{marker}-", color=colour, markersize=6)
    if np.isfinite(found.low).any():
        axis.fill_between(places, found.low, found.high, color=colour, alpha=0.15, linewidth=0)


def accuracy_scatter(panels: Mapping[str, pd.DataFrame], records: Iterable[Record]) -> Figure:
    """SSIM of the fill against the accuracy of the pretext phase, one panel per set of runs.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        By title; as from `wssl.claims.blocks.learned_runs`.
    records : iterable of dict
        That the points are from.

    Returns
    -------
    matplotlib.figure.Figure
        A point per run; thin lines join the seeds of a configuration, in the order of their
        accuracy. Crosses are runs with a task that was not learned.
    """
    panels = {title: runs for title, runs in panels.items() if len(runs)}
    if not panels:
        return placeholder("Awaiting runs: no frozen network with a pretext phase yet.")
    figure, axes = plt.subplots(1, len(panels), figsize=(10, 4), squeeze=False)
    for axis, (title, runs) in zip(axes[0], panels.items(), strict=True):
        for _, rows in runs.groupby("group"):
            line = rows.sort_values("accuracy")
            axis.plot(line["accuracy"], 1 - np.exp(-line["score"]), color="0.8", linewidth=1)
        for learned, look in ((True, "o"), (False, "X")):
            rows = runs[runs["learned"] == learned]
            colour = COLOURS["frozen"] if learned else COLOURS["scratch"]
            axis.plot(rows["accuracy"], 1 - np.exp(-rows["score"]), look, color=colour, alpha=0.75)
        axis.set(title=title, xlabel="accuracy of the pretext phase", ylabel="SSIM of the fill")
        axis.locator_params(axis="x", nbins=5)
    axes[0, 0].plot([], [], "o", color=COLOURS["frozen"], label="every task was learned")
    axes[0, 0].plot([], [], "X", color=COLOURS["scratch"], label="a task was not learned")
    axes[0, 0].plot([], [], color="0.8", label="the seeds of one configuration")
    shown = {run for rows in panels.values() for run in rows["run"]}
    return with_legend(figure, [r for r in records if r["fingerprint"] in shown])
