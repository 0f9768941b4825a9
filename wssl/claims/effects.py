"""Claims as effects: functions from evidence to a finding, above zero if the claim is true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from wssl import paper
from wssl.claims.evidence import Evidence, MissingError, Weights, elsewhere
from wssl.statistics import Estimate, contrast

COUNTS = {"SSIM": 0.002, "dB": 0.1, "SSIM (SD)": 0.001, "share": 0.05}
"""From which size on an effect counts, by its unit: what the paper itself makes much of."""

ROWS = {number: [row.pretext for row in paper.TABLES[number]] for number in (1, 2, 3)}
"""The weightings of Tables 1 to 3."""

SINGLES, TRIPLES = ROWS[1], ROWS[3]
PAIRS: dict[tuple[str, ...], list[dict[str, float]]] = {
    pair: [weights for weights in ROWS[2] if set(weights) == set(pair)]
    for pair in combinations(("rotation", "saturation", "sharpness"), 2)
}


@dataclass(frozen=True)
class Finding:
    """What records say about a claim.

    Attributes
    ----------
    compared : str
        What the effect is.
    unit : str
        A key of `COUNTS`.
    effect : float
        Above zero if the claim is true.
    low, high : float
        Its 95 % interval; NaN where nothing was repeated.
    p_above : float
        One-sided p value against an effect of at most zero.
    p_below : float
        One-sided p value against an effect that counts.
    repeats : str
        What was repeated, and how often at least.
    """

    compared: str
    unit: str
    effect: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p_above: float = float("nan")
    p_below: float = float("nan")
    repeats: str = "no run"


def _finding(
    compared: str, unit: str, estimate: Estimate, groups: Sequence[Sequence[float]]
) -> Finding:
    low, high = estimate.interval()
    return Finding(
        compared,
        unit,
        estimate.value,
        low,
        high,
        estimate.p_above(0.0),
        estimate.p_below(COUNTS[unit]),
        _seeds(groups),
    )


def _seeds(groups: Sequence[Sequence[float]]) -> str:
    least = min(len(group) for group in groups)
    return f"{least} seed{'s' * (least != 1)}"


def difference(
    ours: Mapping[str, Any],
    other: Mapping[str, Any],
    compared: str,
    evidence: Evidence,
    *,
    metric: str = "ssim",
) -> Finding:
    """One configuration against another."""
    groups = [evidence.values(metric, **ours), evidence.values(metric, **other)]
    unit = {"ssim": "SSIM", "psnr": "dB"}[metric]
    return _finding(compared, unit, contrast(groups, (1.0, -1.0)), groups)


def unseen(loss_only: bool, compared: str, evidence: Evidence) -> Finding:
    """On unseen data: the paper's configuration against one without a pretext phase."""
    groups = [evidence.unseen(loss_only, encoder=name) for name in ("frozen", "scratch")]
    signs = (-1.0, 1.0) if loss_only else (1.0, -1.0)
    return _finding(compared, "SSIM", contrast(groups, signs), groups)


def best(
    chosen: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]],
    compared: str,
    evidence: Evidence,
) -> Finding:
    """One configuration against the best of all others: it must beat each of them."""
    first = evidence.values(**chosen)
    groups = [evidence.values(**other) for other in others]
    estimates = [contrast([first, group], (1.0, -1.0)) for group in groups]
    closest = min(range(len(groups)), key=lambda i: estimates[i].value)
    found = _finding(compared, "SSIM", estimates[closest], [first, *groups])
    lost = min(estimate.p_below(COUNTS["SSIM"]) for estimate in estimates)
    return replace(
        found,
        p_above=max(estimate.p_above() for estimate in estimates),
        p_below=min(1.0, len(estimates) * lost),
    )


def trend(first: str, second: str, sign: float, compared: str, evidence: Evidence) -> Finding:
    """The change of SSIM while the weight of the first task of a pair goes from 0.1 to 0.9."""
    pairs = [row.pretext for row in paper.TABLES[2] if set(row.pretext) == {first, second}]
    groups = [evidence.values(pretext=weights) for weights in pairs]
    weights = np.array([pair[first] for pair in pairs])
    centred = weights - weights.mean()
    slopes = sign * (weights.max() - weights.min()) * centred / (centred**2).sum()
    return _finding(compared, "SSIM", contrast(groups, slopes.tolist()), groups)


def group_means(
    plus: Sequence[Weights],
    minus: Sequence[Weights],
    compared: str,
    evidence: Evidence,
    *,
    spread: bool = False,
) -> Finding:
    """The mean of some configurations minus the mean of others, of SSIM or of its spread."""
    groups = [evidence.values(pretext=weights) for weights in (*plus, *minus)]
    unit = "SSIM"
    if spread:
        unit = "SSIM (SD)"
        groups = [_deviations(group) for group in groups]
    signs = [1 / len(plus)] * len(plus) + [-1 / len(minus)] * len(minus)
    return _finding(compared, unit, contrast(groups, signs), groups)


def _deviations(values: Sequence[float]) -> list[float]:
    """Distances from the mean, scaled to estimate a standard deviation (Levene's test)."""
    count = len(values)
    if count < 2:
        return [float("nan")]
    scale = np.sqrt(np.pi / 2 * count / (count - 1))
    return [float(v) for v in scale * np.abs(np.array(values) - np.mean(values))]


def spread_of_weightings(compared: str, evidence: Evidence) -> Finding:
    """The standard deviation that the weights alone cause: an F test over seeds."""
    sets = [
        [evidence.values(pretext=weights) for weights in weightings]
        for weightings in (*PAIRS.values(), TRIPLES)
    ]
    groups = [group for weightings in sets for group in weightings]
    between = sum(
        len(group) * (np.mean(group) - np.mean(np.concatenate(weightings))) ** 2
        for weightings in sets
        for group in weightings
    )
    within = sum(float(np.var(group) * len(group)) for group in groups)
    free_between = sum(len(weightings) - 1 for weightings in sets)
    free_within = sum(len(group) - 1 for group in groups)
    repeats = float(np.mean([len(group) for group in groups]))
    if not (free_within and within):
        return Finding(compared, "SSIM (SD)", repeats=_seeds(groups))
    noise = within / free_within
    ratio = float(between) / free_between / noise
    f = stats.f(free_between, free_within)

    def spread(share: float) -> float:
        return float(np.sqrt(max(0.0, (share - 1) * noise / repeats)))

    counting = 1 + repeats * COUNTS["SSIM (SD)"] ** 2 / noise
    return Finding(
        compared,
        "SSIM (SD)",
        spread(ratio),
        spread(ratio / f.ppf(1 - 0.025)),
        spread(ratio / f.ppf(0.025)),
        float(f.sf(ratio)),
        float(f.cdf(ratio / counting)),
        _seeds(groups),
    )


def both_terms(compared: str, evidence: Evidence) -> Finding:
    """The share of log-cosh in the gradient at the end of training, less a quarter."""
    runs = {record["fingerprint"] for record in evidence.select()}
    shares = []
    for record in evidence.evaluations:
        if record["run"] in runs and not elsewhere(
            record["experiment"], record["experiment"]["of"]
        ):
            pulls = (
                0.84 * record["terms"]["gradient_log_cosh"],
                0.16 * record["terms"]["gradient_ssim"],
            )
            shares.append(pulls[0] / sum(pulls) - 0.25)
    if not shares:
        raise MissingError("no evaluation of the loss's terms")
    return _finding(compared, "share", contrast([shares], (1.0,)), [shares])


def sharpness_levels(compared: str, evidence: Evidence) -> Finding:
    """Of the images at levels 0.75 and 1 taken for one of them, how many rightly, less 1/2."""
    shares = []
    for record in evidence.pretexts:
        if dict(record["experiment"]["pretext"]) == {"sharpness": 1.0}:
            block = np.array(record["confusion"]["sharpness"])[2:, 2:]
            shares.append(float(np.trace(block) / block.sum() - 0.5) if block.sum() else 0.0)
    if not shares:
        raise MissingError("no pretext phase with sharpness alone")
    return _finding(compared, "share", contrast([shares], (1.0,)), [shares])


def masks(compared: str, evidence: Evidence) -> Finding:
    """The share of the published recipe's masks that cover 30 to 50 %, less a twentieth."""
    for record in evidence.evaluations:
        experiment = record["experiment"]
        if experiment["recipe"] == "qd-imd" and list(experiment["coverage"]) == [0.0, 1.0]:
            covered = np.array(record["per_image"]["coverage"])
            hits, count = int(((covered >= 0.3) & (covered <= 0.5)).sum()), len(covered)
            low, high = stats.binomtest(hits, count).proportion_ci()
            return Finding(
                compared,
                "share",
                hits / count - 0.05,
                low - 0.05,
                high - 0.05,
                float(stats.binomtest(hits, count, 0.05, alternative="greater").pvalue),
                float(stats.binomtest(hits, count, 0.05, alternative="less").pvalue),
                f"{count} masks",
            )
    raise MissingError("no evaluation with all masks of the published recipe")
