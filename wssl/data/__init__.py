"""Images, masks, and the fingerprints of both. Nothing here imports Keras."""

from wssl.data.decode import read_image, read_mask
from wssl.data.download import DownloadError
from wssl.data.folder import SPLITS, EmptySplitError
from wssl.data.mask_folder import MASK_FORMS
from wssl.data.preparation import prepare
from wssl.data.prepared import Prepared
from wssl.data.recipes import (
    RECIPES,
    MaskSample,
    Recipe,
    check_mask_source,
    coverages,
    depths,
    mask_fingerprint,
    masks,
    sample,
)
from wssl.data.sources import FORMS, SOURCES, check_image_source, fingerprint, images, kinds
from wssl.data.squares import read_images
from wssl.data.strokes import STROKES

__all__ = [
    "FORMS",
    "MASK_FORMS",
    "RECIPES",
    "SOURCES",
    "SPLITS",
    "STROKES",
    "DownloadError",
    "EmptySplitError",
    "MaskSample",
    "Prepared",
    "Recipe",
    "check_image_source",
    "check_mask_source",
    "coverages",
    "depths",
    "fingerprint",
    "images",
    "kinds",
    "mask_fingerprint",
    "masks",
    "prepare",
    "read_image",
    "read_images",
    "read_mask",
    "sample",
]
