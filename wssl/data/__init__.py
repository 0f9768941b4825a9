"""The data room: images, masks, and fingerprints of both. Nothing here imports Keras."""

from wssl.data.decode import read_image, read_images, read_mask
from wssl.data.download import DownloadError
from wssl.data.folder import SPLITS
from wssl.data.recipes import (
    RECIPES,
    MaskSample,
    Recipe,
    check_mask_source,
    coverages,
    mask_fingerprint,
    masks,
    sample,
)
from wssl.data.sources import SOURCES, check_image_source, fingerprint, images
from wssl.data.strokes import STROKES

__all__ = [
    "RECIPES",
    "SOURCES",
    "SPLITS",
    "STROKES",
    "DownloadError",
    "MaskSample",
    "Recipe",
    "check_image_source",
    "check_mask_source",
    "coverages",
    "fingerprint",
    "images",
    "mask_fingerprint",
    "masks",
    "read_image",
    "read_images",
    "read_mask",
    "sample",
]
