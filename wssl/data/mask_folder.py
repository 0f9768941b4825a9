"""Folders of mask images, with black or white holes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wssl.checks.names import unknown_name_error
from wssl.data.decode import find_hole
from wssl.data.folder import Folder, digest

MASK_FORMS = {"folder:PATH": "white", "qd-imd:PATH": "black"}
"""The default colour of holes, which ``?hole=`` overrides, by the form of a mask source's name."""

Mask = npt.NDArray[np.bool_]


class MaskFolder:
    """Mask images below a folder; see `wssl.data.folder.Folder` for their splits.

    Parameters
    ----------
    root : str or Path
    hole : {"white", "black"}
        The colour of the holes in the files.
    kind : {"folder", "qd-imd"}
        Masks of the Quick Draw Irregular Mask data set (Iskakov, 2018,
        https://github.com/karfly/qd-imd) are a few thin strokes each, so that a set of which most
        cover over half of the image has its colours inverted. For other folders, inversion is
        detected only if exchanging black and white yields the requested masks.
    """

    def __init__(self, root: str | Path, hole: str = "white", kind: str = "folder"):
        self.folder, self.hole, self.kind = Folder(root, "masks"), hole, kind

    def paths(self, split: str) -> list[Path]:
        """The files of one split, ordered by content."""
        return self.folder.paths(split)

    def read(self, path: Path) -> Mask:
        """One mask: bool (H, W), True = hole."""
        mask = find_hole(path)
        return mask if self.hole == "white" else ~mask

    def fingerprint(self) -> str:
        """A digest of the content of all files, and of the hole's colour if it is black."""
        black = ["hole=black"] if self.hole == "black" else []
        return digest("mask images", self.folder.fingerprint(), *black)

    def check_polarity(self, seen: Sequence[float], coverage: tuple[float, float]) -> None:
        """Raise a ValueError if black and white seem to be inverted.

        That is the case if ten times as many inverted masks have a share of hole within `coverage`,
        and these are most masks, or most masks cover over half of the image although `coverage`
        does not exceed one half.

        Parameters
        ----------
        seen : sequence of float
            The share of the image that each of some masks covers, as they were read.
        coverage : (float, float)
            The least and the greatest share asked for.
        """
        low, high = coverage
        shares = np.array(seen)
        fit = np.mean((low <= shares) & (shares <= high))
        others_fit = np.mean((low <= 1 - shares) & (1 - shares <= high))
        large = np.median(shares) > 0.5
        wrong = others_fit > 10 * fit and (others_fit >= 0.5 or (large and high <= 0.5))
        if wrong or (large and self.kind == "qd-imd"):
            other = {"white": "black", "black": "white"}[self.hole]
            raise ValueError(
                f"{self.folder.root}: expected masks with {self.hole} holes; the colours seem to "
                f"be inverted. Of {shares.size:,} masks, {fit:.1%} cover {low:.0%} to {high:.0%} "
                f"of the image, and {others_fit:.1%} would with {other} holes (median coverage "
                f"{np.median(shares):.1%}). If the holes are {other}, use "
                f"{self.kind}:{self.folder.root}?hole={other}"
            )


def find_mask_folder(source: str) -> MaskFolder | None:
    """The folder of masks of that name, or None if the name is not of one of `MASK_FORMS`.

    Parameters
    ----------
    source : str
        Such as ``"folder:PATH"``, ``"folder:PATH?hole=black"`` or ``"qd-imd:PATH"``.

    Raises
    ------
    ValueError
        If ``?hole=`` is neither black nor white.
    """
    kind, _, argument = source.partition(":")
    if not argument or f"{kind}:PATH" not in MASK_FORMS:
        return None
    root, _, hole = argument.partition("?hole=")
    if hole not in ("black", "white") and "?hole=" in argument:
        raise unknown_name_error("colour of the hole", hole, ["black", "white"])
    return MaskFolder(root, hole or MASK_FORMS[f"{kind}:PATH"], kind)
