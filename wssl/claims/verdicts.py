"""A verdict for each of the paper's claims, computed from records.

A claim becomes an effect that is above zero if the claim is true, with a one-sided p value for
"above zero" and one for "below what would count". Over all claims that could be tested the p
values are adjusted by Holm's method. A claim then *holds*, if its effect is surely above zero; it
*does not hold*, if its effect is surely smaller than what would count; else it *cannot be told*.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from wssl import paper
from wssl.claims.effects import (
    COUNTS,
    PAIRS,
    ROWS,
    SINGLES,
    TRIPLES,
    Finding,
    best,
    both_terms,
    difference,
    group_means,
    masks,
    sharpness_levels,
    spread_of_weightings,
    trend,
    unseen,
)
from wssl.claims.evidence import BEST, Evidence, MissingError
from wssl.statistics import holm
from wssl.store import Record

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"

LEVEL = 0.05

ALPHAS = (0.16, 0.5, 0.84, 0.95, 0.99)
"""The shares of log-cosh that are compared, beside none (``ssim``) and all (``log_cosh``)."""

_WITH_ROTATION = PAIRS["rotation", "saturation"] + PAIRS["rotation", "sharpness"]
_LOG_COSH, _SSIM = {"loss": "log_cosh"}, {"loss": "ssim"}

TESTS: dict[str, Callable[[Evidence], Finding]] = {
    "features": partial(difference, {}, {"encoder": "random"}, "pretrained minus random encoder"),
    "supervised": partial(
        difference, {}, {"encoder": "scratch"}, "pretrained, frozen minus trained end to end"
    ),
    "freezing": partial(
        difference, {}, {"encoder": "finetuned"}, "frozen minus fine-tuned after the pretext phase"
    ),
    "unseen": partial(unseen, False, "on unseen data: pretrained minus trained end to end"),
    "robust": partial(unseen, True, "loss on unseen data: trained end to end minus pretrained"),
    "rotation-best": partial(
        best,
        {"pretext": {"rotation": 1.0}},
        [{"pretext": {"saturation": 1.0}}, {"pretext": {"sharpness": 1.0}}],
        "rotation minus the best other single task",
    ),
    "shapes-needed": partial(
        group_means,
        _WITH_ROTATION,
        PAIRS["saturation", "sharpness"],
        "pairs with rotation minus the pair without",
    ),
    "sharpness-levels": partial(
        sharpness_levels, "share of levels 0.75 and 1 told apart, minus chance"
    ),
    "weights-matter": partial(
        spread_of_weightings, "spread between weightings of the same tasks, seeds' part removed"
    ),
    "rotation-saturation": partial(
        trend, "rotation", "saturation", 1.0, "rotation's weight from 0.1 to 0.9"
    ),
    "rotation-sharpness": partial(
        trend, "rotation", "sharpness", -1.0, "rotation's weight from 0.9 to 0.1"
    ),
    "saturation-sharpness": partial(
        trend, "saturation", "sharpness", -1.0, "sharpness's weight from 0.1 to 0.9"
    ),
    "best-weights": partial(
        best,
        {},
        [{"pretext": w} for n in (1, 2, 3) for w in ROWS[n] if w != BEST],
        "saturation 0.3, sharpness 0.7 minus the best of the 21 others",
    ),
    "two-tasks": partial(group_means, ROWS[2], SINGLES, "mean of the pairs minus of the singles"),
    "three-tasks": partial(group_means, TRIPLES, ROWS[2], "mean of the triples minus of the pairs"),
    "steadier": partial(
        group_means,
        SINGLES,
        TRIPLES,
        "seeds' spread: singles minus triples",
        spread=True,
    ),
    "best-triple": partial(
        best,
        {"pretext": TRIPLES[3]},
        [{"pretext": weights} for weights in TRIPLES[:3]],
        "0.3, 0.4, 0.3 minus the best other triple",
    ),
    "mix-log-cosh-ssim": partial(difference, {}, _LOG_COSH, "mix minus log-cosh"),
    "mix-log-cosh-psnr": partial(difference, {}, _LOG_COSH, "mix minus log-cosh", metric="psnr"),
    "mix-ssim-ssim": partial(difference, {}, _SSIM, "mix minus SSIM loss"),
    "mix-ssim-psnr": partial(difference, {}, _SSIM, "mix minus SSIM loss", metric="psnr"),
    "ssim-for-ssim": partial(difference, _SSIM, _LOG_COSH, "SSIM loss minus log-cosh"),
    "log-cosh-for-psnr": partial(
        difference, _LOG_COSH, _SSIM, "log-cosh minus SSIM loss", metric="psnr"
    ),
    "alpha": partial(
        best,
        {},
        [_SSIM, _LOG_COSH, *({"alpha": alpha} for alpha in ALPHAS if alpha != 0.84)],
        "share 0.84 minus the best other share",
    ),
    "both-terms": partial(both_terms, "log-cosh's share of the gradient, minus a quarter"),
    "log-cosh-mse": partial(
        difference, _LOG_COSH, {"loss": "mse"}, "log-cosh minus MSE", metric="psnr"
    ),
    "shift-net": partial(difference, {}, {"method": "shift_net"}, "WSSL minus Shift-Net"),
    "pic": partial(difference, {}, {"method": "pic"}, "WSSL minus PIC"),
    "pic-psnr": partial(difference, {}, {"method": "pic"}, "WSSL minus PIC", metric="psnr"),
    "masks": partial(masks, "share of the recipe's masks in range, minus a twentieth"),
}
"""The test of each claim, by its key."""


@dataclass(frozen=True)
class Verdict:
    """A claim, what was found, and the outcome.

    Attributes
    ----------
    claim : wssl.paper.Claim
    finding : Finding
    outcome : str
        `HOLDS`, `FAILS` or `OPEN`.
    p : float
        Two-sided, adjusted for the number of claims; NaN where nothing could be tested.
    in_paper : float
        The same effect computed from the numbers that the paper printed, each of them one run;
        NaN where it printed none.
    """

    claim: paper.Claim
    finding: Finding
    outcome: str
    p: float
    in_paper: float


def verdicts(records: Iterable[Record]) -> list[Verdict]:
    """A verdict for each of the paper's claims, in the paper's order.

    Parameters
    ----------
    records : iterable of dict
        As in `Evidence`; the more seeds, the more can be told.

    Returns
    -------
    list of Verdict

    Raises
    ------
    ValueError
        If records of different presets or data are mixed.
    """
    evidence, printed = Evidence(records), Evidence(_printed())
    findings = [_find(claim, evidence) for claim in paper.CLAIMS]
    adjusted = holm(
        [float(np.minimum(1.0, 2 * np.minimum(f.p_above, f.p_below))) for f in findings]
    )
    return [
        Verdict(claim, found, _outcome(found, p), p, _find(claim, printed).effect)
        for claim, found, p in zip(paper.CLAIMS, findings, adjusted, strict=True)
    ]


def _outcome(found: Finding, p: float) -> str:
    if not p <= LEVEL:
        return OPEN
    # Surely above zero and surely below what counts: too small to be what the claim means.
    if 2 * found.p_below <= LEVEL and found.high < COUNTS[found.unit]:
        return FAILS
    return HOLDS if found.p_above < found.p_below else FAILS


def _find(claim: paper.Claim, evidence: Evidence) -> Finding:
    test = TESTS[claim.key]
    try:
        return test(evidence)
    except MissingError as missing:
        return Finding(str(missing), "SSIM")


def _printed() -> list[Record]:
    """The rows of the paper's tables in the form of records."""
    return [
        {
            "kind": "inpainting",
            "fingerprint": f"{number}.{place}",
            "experiment": {
                "pretext": row.pretext,
                "loss": row.loss,
                "alpha": 0.84,
                "a": 1.0,
                "encoder": "frozen",
                "frozen_blocks": [1, 2, 3, 4, 5],
                "method": row.method,
                **dict.fromkeys(("preset", "dataset", "masks", "recipe", "coverage"), "paper"),
            },
            "metrics": {"ssim": row.ssim, "psnr": row.psnr},
        }
        for number, rows in paper.TABLES.items()
        for place, row in enumerate(rows)
        if (number, row.loss, row.method) != (4, "mix", "wssl")
    ]
