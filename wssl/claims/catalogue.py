"""The claims, one entry each: its text, its estimand and its test."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from wssl import paper
from wssl.claims.campaign import WIDE, Arm
from wssl.claims.estimands import (
    MARGINS,
    PSNR,
    SSIM,
    Best,
    Contrast,
    Estimand,
    LevelsOfSharpness,
    Score,
    ShareOfTerm,
    SpreadByTasks,
    SpreadOfWeightings,
    SpreadOverSeeds,
    WhereLearned,
    YieldOfMasks,
    difference,
    means,
    trend,
)
from wssl.paper import BEST

Kind = Literal["says", "presupposes", "ours"]
"""The origin of a claim: the paper's words or tables, its method, or only this study.

A statement of the paper is counted once; the same statement for another metric, scale or network is
ours.
"""

FAMILIES = {
    "pretext": "what the pretext tasks teach",
    "combination": "tasks and their weights",
    "freezing": "which blocks are frozen",
    "loss": "the mixed loss, by SSIM and PSNR",
    "appeal": "the mixed loss, by metrics nearer to what people see",
    "baselines": "other methods",
    "unseen": "images of another kind",
    "data": "the masks",
}
"""The families of claims. Within one, secondary claims are tested by Holm's procedure."""


@dataclass(frozen=True)
class Claim:
    """A claim with its test.

    Attributes
    ----------
    key : str
    text : str
        A short paraphrase.
    where : str
        In the paper.
    kind : {"says", "presupposes", "ours"}
    family : str
        A key of `FAMILIES`.
    compared : str
        The estimand in words, which is positive if the claim is true.
    estimand : Estimand
    primary : int or None
        The place in the order of the primary claims.
    printed : str
        The paper's own numbers for it; empty where it gives none.

    See Also
    --------
    CAVEATS : what has to be said with the verdict of some claims.

    Raises
    ------
    ValueError
        If the family, or the unit of the estimand, is unknown.
    """

    key: str
    text: str
    where: str
    kind: Kind
    family: str
    compared: str
    estimand: Estimand
    primary: int | None = None
    printed: str = ""

    def __post_init__(self) -> None:
        unit = self.estimand.unit
        if unit not in MARGINS:
            raise ValueError(
                f"unit: expected one of {', '.join(MARGINS)}; received {unit!r} from the estimand "
                f"of the claim {self.key!r}. Verdicts need the smallest effect of interest, which "
                "wssl.claims.estimands.MARGINS has for these units."
            )
        if self.family not in FAMILIES:
            raise ValueError(
                f"family: expected one of {', '.join(FAMILIES)}; received {self.family!r} for the "
                f"claim {self.key!r}."
            )


SINGLES, DOUBLES, TRIPLES = (
    tuple(Arm(row.pretext) for row in paper.TABLES[number]) for number in (1, 2, 3)
)
"""The arms of Tables 1 to 3."""

PAIRS: dict[tuple[str, ...], tuple[Arm, ...]] = {
    pair: tuple(arm for arm in DOUBLES if set(arm.pretext) == set(pair))
    for pair in combinations(("rotation", "saturation", "sharpness"), 2)
}
"""The arms of Table 2, by their two tasks."""

BEST_ARM = Arm(BEST)
RANDOM, SCRATCH, FINETUNED = Arm(encoder="random"), Arm(encoder="scratch"), Arm(BEST, "finetuned")

WIDE_BEST = Arm(BEST, width=WIDE)
WIDE_RANDOM = Arm(encoder="random", width=WIDE)
WIDE_SCRATCH = Arm(encoder="scratch", width=WIDE)
WIDE_FINETUNED = Arm(BEST, "finetuned", width=WIDE)

CONTROLS = (BEST_ARM, RANDOM, SCRATCH, FINETUNED, SINGLES[2], TRIPLES[3])
"""The arms that also run at the width of the grids, with the seeds of the controls."""

LOSSES = {loss: Arm(BEST, loss=loss) for loss in ("mix", "ssim", "log_cosh", "mse")}
SHIFT_NET, PIC = Arm(method="shift_net"), Arm(method="pic")
HARMONIC, BIHARMONIC = Arm(method="harmonic"), Arm(method="biharmonic")


def _single(task: str) -> Arm:
    (arm,) = (arm for arm in SINGLES if set(arm.pretext) == {task})
    return arm


def _others(chosen: Arm, arms: Sequence[Arm]) -> tuple[Arm, ...]:
    return tuple(arm for arm in arms if arm != chosen)


def _slope(first: str, second: str, sign: int) -> Contrast:
    """The change while the weight of the first task goes from 0.1 to 0.9, or back."""
    arms = next(arms for pair, arms in PAIRS.items() if set(pair) == {first, second})
    return trend(arms, [sign * arm.pretext[first] for arm in arms])


def _mix_against_parts(score: Score, encoder: str = "frozen", budget: float = 1.0) -> Best:
    weights = BEST if encoder == "frozen" else {}
    mix, *parts = (
        Arm(weights, encoder, loss, budget=budget) for loss in ("mix", "log_cosh", "ssim")
    )
    return Best((mix,), tuple(parts), score)


def _depth(blocks: tuple[int, ...], encoder: str = "frozen") -> Arm:
    return Arm(BEST if encoder == "frozen" else {}, encoder, blocks=blocks)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "supervised",
        "Frozen self-supervised features serve better than training from scratch.",
        "abstract, sections 1 and 4",
        "presupposes",
        "pretext",
        "pretrained and frozen minus trained from scratch, width 32",
        difference(WIDE_BEST, WIDE_SCRATCH, many=True),
        primary=1,
        printed="no network of the same kind trained from scratch is reported",
    ),
    Claim(
        "weights-matter",
        "The weights of the pretext tasks decide how good the inpainting becomes.",
        "sections 3.2, 5 and 6, Tables 2 and 3",
        "says",
        "combination",
        "standard deviation between weightings of the same tasks, without the seeds' part",
        SpreadOfWeightings((*PAIRS.values(), TRIPLES)),
        primary=2,
        printed="SSIM 0.9359 to 0.9631 within one pair",
    ),
    Claim(
        "features",
        "What the encoder learns from pretext tasks serves inpainting.",
        "abstract, sections 1 and 6",
        "says",
        "pretext",
        "pretrained minus random encoder, both frozen, width 32",
        difference(WIDE_BEST, WIDE_RANDOM, many=True),
        primary=3,
        printed="no encoder without a pretext phase is reported",
    ),
    Claim(
        "methods",
        "WSSL outperforms Shift-Net and PIC.",
        "section 5, Table 4, Figure 3",
        "says",
        "baselines",
        "the paper's best weighting minus the better of Shift-Net and PIC",
        Best((BEST_ARM,), (SHIFT_NET, PIC), pooled=True),
        primary=4,
        printed="SSIM 0.9692 against 0.7878 and 0.9434",
    ),
    Claim(
        "mix",
        "The mixed loss is better than log-cosh alone and than the SSIM loss alone.",
        "section 5, Table 4",
        "says",
        "loss",
        "mixed loss minus the better of its two parts",
        _mix_against_parts(SSIM),
        primary=5,
        printed="SSIM 0.9692 against 0.9338 and 0.9629",
    ),
    Claim(
        "combination",
        "The best weighted combination of tasks is better than the best single task.",
        "sections 3.2 and 5, Tables 1 to 3",
        "says",
        "combination",
        "best of the 19 combinations minus best of the 3 single tasks",
        Best((*DOUBLES, *TRIPLES), SINGLES, pooled=True),
        primary=6,
        printed="SSIM 0.9692 against 0.9608",
    ),
    Claim(
        "features-psnr",
        "What the encoder learns from pretext tasks serves inpainting, by PSNR.",
        "",
        "ours",
        "pretext",
        "pretrained minus random encoder, both frozen, width 32",
        difference(WIDE_BEST, WIDE_RANDOM, PSNR, many=True),
    ),
    Claim(
        "features-learned",
        "Pretext features serve inpainting where the tasks were learned.",
        "",
        "ours",
        "pretext",
        "pretrained minus random encoder, width 32, seeds whose tasks were learned",
        WhereLearned(WIDE_BEST, WIDE_RANDOM),
    ),
    Claim(
        "finetuned",
        "A pretext phase helps a network that then learns in all its layers.",
        "",
        "ours",
        "pretext",
        "pretrained and fine-tuned minus trained from scratch, width 32",
        difference(WIDE_FINETUNED, WIDE_SCRATCH, many=True),
    ),
    Claim(
        "rotation-best",
        "Of the single pretext tasks, rotation is the best.",
        "section 5, Table 1",
        "says",
        "pretext",
        "rotation minus the better of the two other single tasks",
        Best((_single("rotation"),), _others(_single("rotation"), SINGLES)),
        printed="SSIM 0.9608; saturation 0.9596, sharpness 0.9281",
    ),
    Claim(
        "sharpness-worst",
        "Of the single pretext tasks, sharpness is the worst.",
        "Table 1",
        "says",
        "pretext",
        "the worse of rotation and saturation minus sharpness",
        Best((_single("sharpness"),), _others(_single("sharpness"), SINGLES), Score(reversed=True)),
        printed="SSIM 0.9281; saturation 0.9596, rotation 0.9608",
    ),
    Claim(
        "shapes-needed",
        "Edges, colours and patterns alone, without rotation's shapes, do not suffice.",
        "section 5, Table 1",
        "says",
        "pretext",
        "mean of the pairs with rotation minus mean of the pair without",
        means(
            PAIRS["rotation", "saturation"] + PAIRS["rotation", "sharpness"],
            PAIRS["saturation", "sharpness"],
        ),
        printed="yet Table 2's best pair is the one without rotation",
    ),
    Claim(
        "sharpness-levels",
        "A network can distinguish the four levels of sharpness, 0.75 and 1 among them.",
        "section 3.2",
        "presupposes",
        "pretext",
        "share of levels 0.75 and 1 classified rightly, minus one half",
        LevelsOfSharpness(_single("sharpness")),
        printed="no accuracy of a pretext task is reported",
    ),
    Claim(
        "rotation-saturation",
        "Rotation with saturation: the more weight on rotation, the better.",
        "section 5, Table 2, Figure 2",
        "says",
        "combination",
        "change while rotation's weight goes from 0.1 to 0.9",
        _slope("rotation", "saturation", 1),
        printed="SSIM 0.9380 at 0.1, 0.9616 at 0.9",
    ),
    Claim(
        "rotation-sharpness",
        "Rotation with sharpness: the less weight on rotation, the better.",
        "section 5, Table 2, Figure 2",
        "says",
        "combination",
        "change while rotation's weight goes from 0.9 to 0.1",
        _slope("rotation", "sharpness", -1),
        printed="SSIM 0.9636 at 0.1, 0.9612 at 0.9",
    ),
    Claim(
        "saturation-sharpness",
        "Saturation with sharpness: the more weight on sharpness, the better.",
        "section 5, Table 2, Figure 2",
        "says",
        "combination",
        "change while sharpness' weight goes from 0.1 to 0.9",
        _slope("sharpness", "saturation", 1),
        printed="SSIM 0.9653 at 0.9, 0.9639 at 0.1",
    ),
    Claim(
        "best-weights",
        "Saturation 0.3 with sharpness 0.7 is the best of all weightings.",
        "section 5, Tables 1 to 4",
        "says",
        "combination",
        "saturation 0.3, sharpness 0.7 minus the best of the 21 others",
        Best((BEST_ARM,), _others(BEST_ARM, (*SINGLES, *DOUBLES, *TRIPLES)), pooled=True),
        printed="SSIM 0.9692, PSNR 31.38 dB",
    ),
    Claim(
        "best-triple",
        "Of the triple weightings, 0.3, 0.4, 0.3 is the best.",
        "section 5, Table 3",
        "says",
        "combination",
        "saturation 0.3, sharpness 0.4, rotation 0.3 minus the best of the 3 other triples",
        Best((TRIPLES[3],), TRIPLES[:3]),
        printed="SSIM 0.9685",
    ),
    Claim(
        "two-tasks",
        "Two pretext tasks are on average much better than one.",
        "section 5, Figure 4",
        "says",
        "combination",
        "mean of the pairs minus mean of the single tasks",
        means(DOUBLES, SINGLES),
        printed="mean SSIM 0.9599 against 0.9495",
    ),
    Claim(
        "three-tasks",
        "Three pretext tasks are on average better than two.",
        "section 5, Figure 4",
        "says",
        "combination",
        "mean of the triples minus mean of the pairs",
        means(TRIPLES, DOUBLES),
        printed="mean SSIM 0.9662 against 0.9599",
    ),
    Claim(
        "steadier",
        "The more pretext tasks, the less the results depend on the weights.",
        "sections 5 and 6, Table 3, Figure 4",
        "says",
        "combination",
        "standard deviation over weightings: ratio of one to two and of two to three tasks, the "
        "lesser",
        SpreadByTasks((SINGLES, DOUBLES, TRIPLES)),
        printed="standard deviations 0.0185, 0.0097, 0.0021 over weightings, each run once",
    ),
    Claim(
        "steadier-seeds",
        "The more pretext tasks, the less the results depend on the seed.",
        "",
        "ours",
        "combination",
        "standard deviation over seeds: ratio of single tasks to triples",
        SpreadOverSeeds(SINGLES, TRIPLES),
    ),
    Claim(
        "freezing",
        "The encoder is better frozen after the pretext phase than trained further.",
        "section 4",
        "presupposes",
        "freezing",
        "frozen minus fine-tuned after the pretext phase, width 32",
        difference(WIDE_BEST, WIDE_FINETUNED, many=True),
        printed="no fine-tuning is reported",
    ),
    Claim(
        "first-three",
        "All five blocks are better frozen than the first three alone.",
        "section 4",
        "presupposes",
        "freezing",
        "five blocks frozen minus the first three",
        difference(BEST_ARM, _depth((1, 2, 3))),
        printed="no other depth is reported",
    ),
    Claim(
        "first-one",
        "All five blocks are better frozen than the first alone.",
        "section 4",
        "presupposes",
        "freezing",
        "five blocks frozen minus the first",
        difference(BEST_ARM, _depth((1,))),
        printed="no other depth is reported",
    ),
    Claim(
        "deep-features",
        "Pretext features serve inpainting where the blocks near the pixels may learn.",
        "",
        "ours",
        "freezing",
        "pretrained minus random encoder, the last three blocks frozen",
        difference(_depth((3, 4, 5)), _depth((3, 4, 5), "random")),
    ),
    Claim(
        "mix-psnr",
        "The mixed loss is better than log-cosh alone and than the SSIM loss alone, by PSNR.",
        "section 5, Table 4",
        "says",
        "loss",
        "mixed loss minus the better of its two parts",
        _mix_against_parts(PSNR),
        printed="31.38 dB against 29.46 and 28.90 dB",
    ),
    Claim(
        "ssim-for-ssim",
        "The SSIM loss gives a higher SSIM than log-cosh.",
        "section 5, Table 4",
        "says",
        "loss",
        "SSIM loss minus log-cosh",
        difference(LOSSES["ssim"], LOSSES["log_cosh"]),
        printed="SSIM 0.9629 against 0.9338",
    ),
    Claim(
        "log-cosh-for-psnr",
        "Log-cosh gives a higher PSNR than the SSIM loss.",
        "section 5, Table 4",
        "says",
        "loss",
        "log-cosh minus SSIM loss",
        difference(LOSSES["log_cosh"], LOSSES["ssim"], PSNR),
        printed="29.46 dB against 28.90 dB",
    ),
    Claim(
        "log-cosh-mse",
        "Log-cosh has an advantage over the mean squared error.",
        "section 3.3.2",
        "says",
        "loss",
        "log-cosh minus mean squared error",
        difference(LOSSES["log_cosh"], LOSSES["mse"], PSNR),
        printed="no comparison is reported",
    ),
    Claim(
        "both-terms",
        "The mixed loss takes advantage of both of its terms.",
        "abstract, section 3.3.3",
        "says",
        "loss",
        "share of log-cosh in the gradient at the end of training, minus a quarter",
        ShareOfTerm(BEST_ARM),
        printed="weights 0.84 and 0.16; what they amount to is not reported",
    ),
    Claim(
        "mix-end-to-end",
        "The mixed loss is better than each of its parts for a network trained end to end.",
        "",
        "ours",
        "loss",
        "mixed loss minus the better of its two parts, from scratch",
        _mix_against_parts(SSIM, "scratch"),
    ),
    Claim(
        "mix-longer",
        "The mixed loss is better than each of its parts end to end, with four times the steps.",
        "",
        "ours",
        "loss",
        "mixed loss minus the better of its two parts, from scratch, 4x steps",
        _mix_against_parts(SSIM, "scratch", 4.0),
    ),
    *(
        Claim(
            f"appeal-{name}",
            f"The mixed loss makes images more appealing than each of its parts, by {title}.",
            where,
            "says" if where else "ours",
            "appeal",
            "mixed loss minus the better of its two parts",
            _mix_against_parts(Score(metric)),
            printed="no measure of appeal is reported" if where else "",
        )
        for name, metric, title, where in (
            ("st-lpips", "st_lpips", "ST-LPIPS", "abstract, sections 3.3.3 and 6"),
            ("ms-ssim", "ms_ssim", "MS-SSIM", ""),
            ("gmsd", "gmsd", "GMSD", ""),
        )
    ),
    Claim(
        "methods-psnr",
        "WSSL outperforms Shift-Net and PIC, by PSNR.",
        "section 5, Table 4",
        "says",
        "baselines",
        "the paper's best weighting minus the better of Shift-Net and PIC",
        Best((BEST_ARM,), (SHIFT_NET, PIC), PSNR, pooled=True),
        printed="31.38 dB against 20.88 and 31.27 dB",
    ),
    Claim(
        "classical",
        "WSSL is better than fills that learn nothing.",
        "abstract, section 2",
        "presupposes",
        "baselines",
        "the paper's best weighting minus the better of harmonic and biharmonic fill, width 32",
        Best((WIDE_BEST,), (HARMONIC, BIHARMONIC), many=True),
        printed="no fill of this kind is reported",
    ),
    Claim(
        "unseen",
        "On unseen data WSSL does better than supervised training.",
        "abstract",
        "says",
        "unseen",
        "on pictures of objects: pretrained and frozen minus trained from scratch, width 32",
        difference(WIDE_BEST, WIDE_SCRATCH, Score(unseen=True), many=True),
        printed="no result on unseen data is reported",
    ),
    Claim(
        "unseen-features",
        "On unseen data pretext features serve inpainting.",
        "section 6",
        "says",
        "unseen",
        "on pictures of objects: pretrained minus random encoder, width 32",
        difference(WIDE_BEST, WIDE_RANDOM, Score(unseen=True), many=True),
        printed="no result on unseen data is reported",
    ),
    Claim(
        "robust",
        "On unseen data WSSL loses less than supervised training.",
        "abstract, section 6",
        "says",
        "unseen",
        "change of 1 - SSIM from faces to objects, in per cent: from scratch minus frozen",
        difference(WIDE_BEST, WIDE_SCRATCH, Score(unseen=True, drop=True), many=True),
        printed="no result on unseen data is reported",
    ),
    Claim(
        "robust-points",
        "On unseen data WSSL loses less than supervised training, in points of SSIM.",
        "",
        "ours",
        "unseen",
        "loss of SSIM from faces to objects: from scratch minus frozen",
        difference(WIDE_BEST, WIDE_SCRATCH, Score(unseen=True, drop=True, points=True), many=True),
    ),
    Claim(
        "robust-psnr",
        "On unseen data WSSL loses less than supervised training, in dB.",
        "",
        "ours",
        "unseen",
        "loss of PSNR from faces to objects: from scratch minus frozen",
        difference(WIDE_BEST, WIDE_SCRATCH, Score("psnr", unseen=True, drop=True), many=True),
    ),
    Claim(
        "masks",
        "The Quick Draw masks are enough for holes of 30 to 50 %.",
        "section 3.1",
        "presupposes",
        "data",
        "share of the recipe's masks in that range, minus a twentieth",
        YieldOfMasks(HARMONIC),
        printed="how many masks passed the filter is not reported",
    ),
)
"""All claims: the primary ones in their order, then the secondary ones."""

CAVEATS = {
    "methods": "Shift-Net and PIC are given the mask, and were trained for four times as many "
    "steps as the recipe's inpainting phase; PIC was still improving when its training ended",
    "three-tasks": "without the weakest pair of tasks, or with the scatter of its own seeds alone, "
    "the interval includes zero; two networks part of whose decoder died are of that pair",
    "shapes-needed": "the paper says this of single tasks, and the plan reads it as a statement "
    "about pairs",
    "both-terms": "the threshold of a quarter of the gradient is the plan's, and a term with a "
    "small share can matter",
}
"""What has to be said with the verdict of a claim, by its key."""

OF_CONTROLS = tuple(claim for claim in CLAIMS if getattr(claim.estimand, "many", False))
"""The claims about the controls, which are also judged at half the rate (plan, 2026-11-27)."""


def claim(key: str) -> Claim:
    """The claim of that key.

    Parameters
    ----------
    key : str

    Raises
    ------
    KeyError
        If there is none.

    Examples
    --------
    >>> claim("features").compared
    'pretrained minus random encoder, both frozen, width 32'
    """
    return {claim.key: claim for claim in CLAIMS}[key]
