"""The paper's pairs of PSNR and SSIM beside those of fills, as tables and sentences."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from wssl import paper
from wssl.claims.plane import (
    BEST,
    PSNR,
    SSIM,
    WIDTHS,
    Crossing,
    Measured,
    _finished_mean,
    crossing,
    distance,
    gaps,
    measured,
    values_of,
)
from wssl.records.store import Record
from wssl.report.labels import method_label, row_name


def pair_line(record: Record, psnr: str = "psnr", ssim: str = "ssim") -> dict[str, str]:
    """The columns that every table of this page has: a pair, and its distance from the paper's.

    Parameters
    ----------
    record : dict
    psnr, ssim : str
        Keys of `PSNR` and `SSIM`.
    """
    first, second = measured(record, psnr), measured(record, ssim)
    return {
        "PSNR (dB)": first.text(".2f"),
        "SSIM": second.text(".4f"),
        "PSNR - paper's": f"{first.value - BEST.psnr:+.2f}",
        "SSIM - paper's": f"{second.value - BEST.ssim:+.4f}",
        "distance": f"{distance(first.value, second.value):.1f}",
    }


def record_table(records: Sequence[tuple[str, Record]], name: str = "holes") -> pd.DataFrame:
    """One row per record: its fill, if several, coverage, and pair of numbers beside the paper's.

    Parameters
    ----------
    records : sequence of (str, dict)
        What the line is called, and its record.
    name : str
        What the lines are.
    """
    lines = [
        {
            name: label,
            "fill": method_label(record["experiment"]["fill"]),
            "coverage": f"{100 * record['metrics']['coverage']:.0f} %",
            **pair_line(record),
        }
        for label, record in records
    ]
    frame = pd.DataFrame(lines)
    if frame["fill"].nunique() == 1:
        return frame.drop(columns="fill").set_index(name)
    return frame.set_index([name, "fill"])


def crossing_table(widths: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """For strokes of each width, the holes that give the paper's PSNR, and the SSIM with it.

    Parameters
    ----------
    widths : mapping of str to sequence of dict
        From `by_width`.
    """
    lines = []
    for width, records in widths.items():
        found = crossing(records, BEST.psnr)
        lines.append(
            {
                "strokes (of 512 px)": WIDTHS[width],
                f"coverage at {BEST.psnr} dB": _percent(found.coverage),
                f"SSIM at {BEST.psnr} dB": found.ssim.text(".4f"),
                "SSIM - paper's": _signed(found.ssim.value - BEST.ssim),
            }
        )
    return pd.DataFrame(lines).set_index("strokes (of 512 px)")


def crossings_text(found: Mapping[str, Crossing]) -> str:
    """Widths of strokes with the coverage and SSIM at the paper's PSNR, as text.

    Parameters
    ----------
    found : mapping of str to Crossing
        By width; those that do not reach the PSNR have been left out.

    Returns
    -------
    str
        ``"none"`` if there is none.
    """
    texts = [
        f"strokes of {WIDTHS[width].split(',')[0]} at {100 * c.coverage.value:.0f} %, with "
        f"{c.ssim.value:.4f}"
        for width, c in found.items()
    ]
    return "; ".join(texts) or "none"


def answer_text(found: Crossing) -> str:
    """Whether the paper's PSNR needs a network, and what SSIM comes with it, as a sentence.

    Parameters
    ----------
    found : Crossing
        Of the biharmonic fill with strokes of the published width, at the paper's PSNR.
    """
    if np.isnan(found.ssim.value):
        return (
            f"With strokes of the published width, no holes that were tried give the biharmonic "
            f"fill the paper's PSNR of {BEST.psnr} dB."
        )
    ssim = found.ssim
    return (
        f"On the images of this page, a fill that learns nothing reaches the paper's PSNR of "
        f"{BEST.psnr} dB at holes of {100 * found.coverage.value:.0f} % with strokes of the "
        f"published width, but with an SSIM of {ssim.value:.4f} (95 % interval {ssim.low:.4f} to "
        f"{ssim.high:.4f}), not {BEST.ssim}."
    )


def _percent(share: Measured) -> str:
    text = Measured(100 * share.value, 100 * share.low, 100 * share.high).text(".0f")
    return text if np.isnan(share.value) else f"{text} %"


def _signed(difference: float, form: str = "+.4f") -> str:
    return "" if np.isnan(difference) else format(difference, form)


def ssim_table(record: Record, curve: Sequence[Record]) -> pd.DataFrame:
    """One row per way to compute SSIM: of the same fills, and where holes give the paper's PSNR.

    Parameters
    ----------
    record : dict
        Of the study's masks.
    curve : sequence of dict
        Of holes of growing coverage.
    """
    lines = []
    for way, name in SSIM.items():
        own, there = measured(record, way), crossing(curve, BEST.psnr, ssim=way).ssim
        lines.append(
            {
                "SSIM computed": name,
                "the study's masks": own.text(".4f"),
                "- paper's": f"{own.value - BEST.ssim:+.4f}",
                f"at {BEST.psnr} dB": there.text(".4f"),
                " - paper's": _signed(there.value - BEST.ssim),
            }
        )
    return pd.DataFrame(lines).set_index("SSIM computed")


def psnr_table(record: Record) -> pd.DataFrame:
    """One row per way to compute PSNR.

    Parameters
    ----------
    record : dict
        Of the study's masks.
    """
    lines = []
    for way, name in PSNR.items():
        own = measured(record, way)
        difference = f"{own.value - BEST.psnr:+.2f}"
        lines.append({"PSNR computed": name, "PSNR (dB)": own.text(".2f"), "- paper's": difference})
    return pd.DataFrame(lines).set_index("PSNR computed")


def gap_table(curve: Sequence[Record], ways: Sequence[str]) -> pd.DataFrame:
    """The `gaps` of the rows of the paper's Table 4, for several ways to compute SSIM.

    Parameters
    ----------
    curve : sequence of dict
        Of holes of growing coverage.
    ways : sequence of str
        Keys of `SSIM`.
    """
    rows = paper.TABLES[4]
    columns = {
        "PSNR (dB)": [f"{row.psnr:.2f}" for row in rows],
        "SSIM": [f"{row.ssim:.4f}" for row in rows],
    }
    for way in ways:
        found = gaps(curve, rows, way)
        columns[SSIM[way]] = ["not reached" if np.isnan(g) else f"{g:+.4f}" for g in found]
    names = [row_name(4, row) for row in rows]
    return pd.DataFrame(columns, index=pd.Index(names, name="row of Table 4"))


def nearest(records: Sequence[tuple[str, Record]], count: int = 10) -> pd.DataFrame:
    """The combinations of holes, SSIM and PSNR that come nearest to the paper's pair.

    Parameters
    ----------
    records : sequence of (str, dict)
        What the holes are called, and their record.
    count : int
        How many.

    Returns
    -------
    DataFrame
        Nearest first; ``attrs["tried"]`` is how many combinations there were, ``attrs["close"]``
        how many of them have a `distance` of at most 0.5.
    """
    lines = []
    for (label, record), psnr, ssim in product(records, PSNR, SSIM):
        values = [
            float(_finished_mean(values_of(record, measure).mean(keepdims=True), measure)[0])
            for measure in (psnr, ssim)
        ]
        lines.append((distance(*values), label, PSNR[psnr], SSIM[ssim], record, psnr, ssim))
    lines.sort(key=lambda line: line[0])
    frame = pd.DataFrame(
        [
            {
                "holes": label,
                "PSNR computed": psnr_name,
                "SSIM computed": ssim_name,
                **pair_line(record, psnr, ssim),
            }
            for _, label, psnr_name, ssim_name, record, psnr, ssim in lines[:count]
        ]
    ).set_index("holes")
    frame.attrs["tried"] = len(lines)
    frame.attrs["close"] = sum(line[0] <= 0.5 for line in lines)
    return frame
