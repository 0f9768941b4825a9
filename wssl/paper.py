"""What the paper printed: the numbers of its tables.

Source: Gupta et al., "WSSL: Weighted Self-supervised Learning Framework for Image-inpainting",
Tables 1 to 4.
"""

from dataclasses import dataclass, field


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


_BEST = {"saturation": 0.3, "sharpness": 0.7}

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
        Row(0.9338, 29.46, _BEST, loss="log_cosh"),
        Row(0.9434, 31.27, method="pic"),
        Row(0.9629, 28.90, _BEST, loss="ssim"),
        Row(0.9692, 31.38, _BEST, bold=True),
    ),
}
"""The rows of Tables 1 to 4, in the paper's order."""
