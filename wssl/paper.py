"""The paper's printed settings and the numbers of its tables.

Source: Gupta et al., "WSSL: Weighted Self-supervised Learning Framework for Image-inpainting",
Tables 1 to 4.
"""

from dataclasses import dataclass, field

BEST = {"saturation": 0.3, "sharpness": 0.7}
"""The weights of the paper's best model (Tables 2 and 4)."""

ALPHA = 0.84
"""The share of log-cosh in the paper's mixed loss (section 3.3.3)."""

LOG_COSH_SCALE = 1.0
"""The scale inside log-cosh. The paper prints the formula with it and gives no value."""

FROZEN_BLOCKS = (1, 2, 3, 4, 5)
"""The encoder's blocks that the paper freezes: its first 16 layers (section 4)."""


@dataclass(frozen=True)
class Row:
    """A row of a table of results.

    Attributes
    ----------
    ssim, psnr : float
        As printed; PSNR in dB.
    pretext : dict of str to float
        Weights of the pretext tasks; empty where the paper does not say.
    method : str
        ``wssl``, ``shift_net`` or ``pic``.
    loss : str
        ``mix``, ``log_cosh`` or ``ssim``.
    bold : bool
        Whether the paper prints it in bold, as its best.
    """

    ssim: float
    psnr: float
    pretext: dict[str, float] = field(default_factory=dict)
    method: str = "wssl"
    loss: str = "mix"
    bold: bool = False


def _pair(
    first: str, second: str, rows: tuple[tuple[float, float, float], ...], best: float
) -> tuple[Row, ...]:
    return tuple(
        Row(ssim, psnr, {first: weight, second: round(1 - weight, 1)}, bold=weight == best)
        for weight, ssim, psnr in rows
    )


def _triple(saturation: float, sharpness: float, rotation: float) -> dict[str, float]:
    return {"saturation": saturation, "sharpness": sharpness, "rotation": rotation}


TABLES: dict[int, tuple[Row, ...]] = {
    1: (
        Row(0.9281, 25.84, {"sharpness": 1.0}),
        Row(0.9596, 29.90, {"saturation": 1.0}),
        Row(0.9608, 29.89, {"rotation": 1.0}, bold=True),
    ),
    2: (
        *_pair(
            "rotation",
            "sharpness",
            (
                (0.9, 0.9612, 29.50),
                (0.7, 0.9587, 29.31),
                (0.5, 0.9621, 29.61),
                (0.3, 0.9619, 29.77),
                (0.1, 0.9636, 30.70),
            ),
            best=0.1,
        ),
        *_pair(
            "rotation",
            "saturation",
            (
                (0.9, 0.9616, 30.29),
                (0.7, 0.9628, 30.21),
                (0.5, 0.9631, 30.06),
                (0.3, 0.9359, 29.55),
                (0.1, 0.9380, 29.52),
            ),
            best=0.5,
        ),
        *_pair(
            "saturation",
            "sharpness",
            (
                (0.9, 0.9639, 30.49),
                (0.7, 0.9651, 30.30),
                (0.5, 0.9665, 30.62),
                (0.3, 0.9692, 31.38),
                (0.1, 0.9653, 30.76),
            ),
            best=0.3,
        ),
    ),
    3: (
        Row(0.9667, 31.03, _triple(0.6, 0.2, 0.2)),
        Row(0.9634, 30.23, _triple(0.2, 0.2, 0.6)),
        Row(0.9662, 30.74, _triple(0.2, 0.6, 0.2)),
        Row(0.9685, 31.04, _triple(0.3, 0.4, 0.3), bold=True),
    ),
    4: (
        Row(0.7878, 20.88, method="shift_net"),
        Row(0.9338, 29.46, BEST, loss="log_cosh"),
        Row(0.9434, 31.27, method="pic"),
        Row(0.9629, 28.90, BEST, loss="ssim"),
        Row(0.9692, 31.38, BEST, bold=True),
    ),
}
"""The rows of Tables 1 to 4, in the paper's order."""


UNDECIDABLE: tuple[tuple[str, str, str], ...] = (
    (
        "Log-cosh behaves as L1 for small errors and as L2 for larger ones.",
        "section 3.3.2",
        "It is the other way round, as the sentence before it says; no run is needed. "
        "On images in [0, 1] it stays in its quadratic regime.",
    ),
    (
        "SSIM lies between 0 and 1, by a formula with plain variances.",
        "section 3.3.1",
        "Its range is from -1 to 1, and the original formula has squares; here the original is "
        "used.",
    ),
    (
        "The loss is novel.",
        "abstract, section 3.3.3",
        "Zhao et al. (2017) mixed a pixel loss with structural similarity, with the same constant "
        "0.84, which they put on the other term.",
    ),
    (
        "A share of 0.84 for log-cosh is optimal.",
        "section 3.3.3",
        "The paper reports no other share, and the registered runs hold none but 0 and 1.",
    ),
    (
        "Rotation 0.3 with saturation 0.7 illustrates the method.",
        "Figure 1",
        "An illustration; it happens to be the worst weighting of Tables 2 and 3.",
    ),
    (
        "The data are CelebA-HQ (text) or CelebA (Table 4).",
        "section 3.1, Table 4",
        "The two are different data sets; the split and the test masks are not given.",
    ),
    (
        "SSIM 0.9692 goes with 31.38 dB at holes of 30 to 50 %.",
        "Table 4",
        "Both depend on size, data and the width of the strokes; records at the paper's own scale "
        "would be needed.",
    ),
    (
        "TensorFlow 2.0 with Python 3.9; four hours on a K80.",
        "section 4",
        "TensorFlow 2.0 was not published for Python 3.9; the number of training images is not "
        "given, so that the time cannot be recomputed.",
    ),
)
"""Statements of the paper that the registered runs do not test: where they are, and the reason."""


LITERATURE: tuple[tuple[str, str, str, str], ...] = (
    (
        "partial convolutions, as repeated by xyfJASON",
        "CelebA-HQ, 256 px",
        "10 to 20 %",
        "33.00 / 0.956",
    ),
    ("", "", "20 to 30 %", "29.53 / 0.918"),
    ("", "", "30 to 40 %", "26.99 / 0.877"),
    ("", "", "40 to 50 %", "25.04 / 0.834"),
    ("ISFRNet", "faces", "20 to 40 %", "28.12 / 0.942"),
    ("", "", "40 to 60 %", "23.31 / 0.840"),
    ("VCNet, as repeated by xyfJASON", "FFHQ, 256 px", "10 to 20 %", "27.86 / 0.912"),
    ("", "", "20 to 30 %", "25.34 / 0.867"),
    ("", "", "30 to 40 %", "23.29 / 0.819"),
    ("", "", "40 to 50 %", "21.61 / 0.766"),
    ("CoordFill", "CelebA-HQ", "up to 25 %", "29.58 / 0.893"),
    ("DeepFillv2, as listed by mmagic", "CelebA-HQ, 256 px", "free-form", "25.72 / 0.871"),
    ("AOT-GAN, as listed by mmagic", "Places, 512 px", "10 to 20 %", "29.49 / 0.940"),
    ("", "", "20 to 30 %", "26.03 / 0.890"),
    ("", "", "30 to 40 %", "23.58 / 0.835"),
    ("", "", "40 to 50 %", "21.65 / 0.773"),
    ("WSSL, as printed", "CelebA-HQ, 224 px", "30 to 50 %", "31.38 / 0.969"),
    ("PIC, as printed by WSSL", "CelebA-HQ", "30 to 50 %", "31.27 / 0.943"),
)
"""Results of others for irregular masks: method, data, holes, PSNR in dB / SSIM."""
