"""What trained networks have filled in: small pictures that stay when the weights are gone."""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from wssl.records.store import Store, atomic

FOLDER = "fills"
"""The folder of the pictures, below that of the records."""


def keep(
    store: Store, run: str, pictures: np.ndarray, masks: np.ndarray, filled: np.ndarray
) -> None:
    """Keep what a run's network has filled in, as one lossless picture.

    Parameters
    ----------
    store : Store
    run : str
        Its fingerprint.
    pictures : float (N, S, S, 3) in [0, 1]
        Which may be shown to anybody, since what is kept is committed.
    masks : bool (N, S, S)
        True = hole.
    filled : float (N, S, S, 3) in [0, 1]
        Composited.
    """
    path = _path(store, run, pictures, masks)
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.concatenate(list(np.rint(255 * filled).astype("uint8")), axis=1)
    with atomic(path) as temporary:
        Image.fromarray(row).save(temporary, format="png")


def kept(store: Store, run: str, pictures: np.ndarray, masks: np.ndarray) -> np.ndarray | None:
    """What a run's network had filled in; None if nothing is kept for these pictures and holes.

    Parameters
    ----------
    store, run, pictures, masks
        As for `keep`.

    Returns
    -------
    float32 (N, S, S, 3) in [0, 1], or None
    """
    path = _path(store, run, pictures, masks)
    if not path.exists():
        return None
    with Image.open(path) as file:
        row = np.asarray(file.convert("RGB"))
    return np.stack(np.split(row, len(pictures), axis=1)).astype("float32") / np.float32(255)


def _path(store: Store, run: str, pictures: np.ndarray, masks: np.ndarray) -> Path:
    """The file of a run for some pictures, which are identified by their grey levels."""
    shown = np.rint(255 * pictures).astype("uint8").tobytes() + np.packbits(masks).tobytes()
    return store.root / FOLDER / f"{run}-{hashlib.sha256(shown).hexdigest()[:8]}.png"
