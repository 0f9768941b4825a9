"""What networks know block by block, as tables and sentences."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from wssl.claims.blocks import Slope, by_block, known_error, slope_between, slope_within
from wssl.claims.campaign import Arm, Campaign
from wssl.claims.estimands import SSIM, difference
from wssl.claims.outcomes import paired
from wssl.paper import FROZEN_BLOCKS
from wssl.records.store import Record
from wssl.report.numbers import bounds, change_text, heading, number, numbers
from wssl.report.tables.contrasts import runs_of
from wssl.report.tables.paper import with_headings
from wssl.report.text import counted, listed

AWAITED = "Not answered yet: the runs are awaited."


def slope_table(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How the fill changes with the accuracy of the pretext phase.

    Parameters
    ----------
    sets : mapping of str to pandas.DataFrame
        By name; as from `wssl.claims.blocks.learned_runs`.

    Returns
    -------
    pandas.DataFrame
        Two rows per set: between configurations, and between the seeds of one. The effect is the
        change of 1 - SSIM from the lowest to the highest accuracy that was seen.
    """
    lines = []
    for name, runs in sets.items():
        for way, slope in _slopes(runs).items():
            lines.append(
                {
                    ("", "runs"): name,
                    ("", "compared"): way,
                    ("accuracy", "higher by"): f"{slope.span:.3f}" if slope else "—",
                    ("1 - SSIM", heading(SSIM)): number(_over(slope, "value"), "ratio"),
                    ("1 - SSIM", "95 % interval"): numbers(
                        _over(slope, "low"), _over(slope, "high"), "ratio"
                    ),
                    ("", "points"): slope.count if slope else 0,
                    ("", "p"): f"{slope.p:.3f}" if slope and np.isfinite(slope.p) else "—",
                }
            )
    return with_headings(lines)


def learning_text(runs: pd.DataFrame) -> str:
    """Whether networks that learned their tasks better fill better, as a sentence.

    Parameters
    ----------
    runs : pandas.DataFrame
        As from `wssl.claims.blocks.learned_runs`.
    """
    found = []
    for way, slope in _slopes(runs).items():
        if slope is not None:
            ends = _over(slope, "low"), _over(slope, "high")
            found.append(f"{way}, {change_text(_over(slope, 'value'), SSIM, ends)}")
    if not found:
        return AWAITED
    return f"With the pretext tasks learned best instead of worst: {'; '.join(found)}."


def _slopes(runs: pd.DataFrame) -> dict[str, Slope | None]:
    """Both slopes of a fill's quality over pretext accuracy, by what they compare."""
    return {
        "between configurations": slope_between(runs),
        "between the seeds of a configuration": slope_within(runs),
    }


def _over(slope: Slope | None, part: str) -> float:
    """A slope times the range of accuracies from which it is known."""
    return slope.span * float(getattr(slope, part)) if slope else float("nan")


def similarity_table(record: Record | None) -> pd.DataFrame:
    """The linear CKA of each pair of encoders, by block.

    Parameters
    ----------
    record : dict or None
        As from `wssl.study.similarity.similarity`.

    Returns
    -------
    pandas.DataFrame
        One row per pair, one column per block; empty without a record.
    """
    columns = [f"block {block}" for block in FROZEN_BLOCKS]
    found: dict[str, dict[str, str]] = {}
    for name, value in (record["metrics"] if record else {}).items():
        first, second, block = name.split(" | ")
        line = found.setdefault(f"{first}; {second}", {})
        line[f"block {block}"] = "—" if value is None else f"{value:.2f}"
    table = pd.DataFrame.from_dict(found, orient="index", columns=columns)
    return table.rename_axis("encoders")


def known_text(campaign: Campaign, controls: Mapping[str, Arm]) -> str:
    """What the first block of encoders lets through, and how their fills compare.

    Parameters
    ----------
    campaign : Campaign
    controls : mapping of str to Arm
        By the words for its encoder: ``"if pretrained"``. The fills of the first two are compared.
    """
    parts = []
    read = [
        f"{np.mean([values[0] for values in found.values()]):.1f} dB {words} "
        f"({counted(len(found), 'seed')})"
        for words, arm in controls.items()
        if (found := by_block(campaign, arm, "readout", "known"))
    ]
    if read:
        parts.append(
            f"From the encoder's first block{_wide(campaign, controls)}, a linear map recovers "
            f"known pixels with a PSNR of {listed(read)}."
        )
    (words, first), (other, second), *_ = controls.items()
    fills = paired(campaign, difference(first, second).terms, SSIM)
    if fills is not None:
        seeds = counted(len(fills.per_seed), "seed")
        change = change_text(fills.estimate.value, SSIM, bounds(fills.estimate))
        parts.append(
            f"The fills of the frozen network {words}, compared with those of the one {other}: "
            f"{change} ({seeds})."
        )
    return " ".join(parts) or AWAITED


def freezing_text(campaign: Campaign, depths: Mapping[str, Arm], reference: Arm) -> str:
    """What freezing blocks of a pretrained network costs, as a sentence.

    Parameters
    ----------
    campaign : Campaign
    depths : mapping of str to Arm
        Pretrained networks by the words for their frozen blocks.
    reference : Arm
        The network trained from scratch that they are compared with.
    """
    costs = []
    for words, arm in depths.items():
        cost = paired(campaign, difference(arm, reference).terms, SSIM)
        if cost is not None:
            change = change_text(cost.estimate.value, SSIM, bounds(cost.estimate))
            costs.append(f"{change} if {words} frozen")
    if not costs:
        return AWAITED
    return (
        f"Compared with training from scratch{_wide(campaign, depths)}, pretrained blocks give: "
        f"{'; '.join(costs)}."
    )


def _wide(campaign: Campaign, arms: Mapping[str, Arm]) -> str:
    """Of which first width the networks of some arms are."""
    widths = sorted({run["scale"]["width"] for run in runs_of(campaign, [*arms.values()])})
    return f" (first width {listed([str(width) for width in widths])})"


def width_table(campaign: Campaign, widths: Mapping[str, Mapping[str, Arm]]) -> pd.DataFrame:
    """How far the output of networks is from the image where it is known, by their width.

    Parameters
    ----------
    campaign : Campaign
    widths : mapping of str to mapping of str to Arm
        By width, the arm of each treatment of the encoder, by name.

    Returns
    -------
    pandas.DataFrame
        One row per width with a run: the mean absolute error at known pixels of the raw output, in
        grey levels of 255, the mean over the seeds. A dash where nothing was recorded.
    """
    lines = {}
    for width, arms in widths.items():
        found = {
            name: [known_error(run) for run in runs_of(campaign, [arm])]
            for name, arm in arms.items()
        }
        if any(found.values()):
            lines[width] = {
                name: f"{255 * np.mean(values):.1f}" if values else "—"
                for name, values in found.items()
            }
    columns = list(next(iter(widths.values()), {}))
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns).rename_axis("first width")
