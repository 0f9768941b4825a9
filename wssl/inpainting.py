"""Fill the hole of one photograph of any size."""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from wssl.metrics import composite

if TYPE_CHECKING:
    import keras

    from wssl.runs import Result


def inpaint(image: np.ndarray, mask: np.ndarray, model: "keras.Model | Result") -> np.ndarray:
    """Fill the hole of an image; the known pixels stay as they are, bit for bit.

    The image is resized to the square that the model was trained on, filled there, and the fill
    is resized back into the hole, so a fill is never finer than the model's own size. A method that
    learns nothing fills the image as it is.

    Parameters
    ----------
    image : uint8 (H, W, 3)
    mask : bool (H, W)
        True = hole.
    model : keras.Model or Result
        What `wssl.run` returned, or any model from masked to whole images, float
        (B, S, S, 3) in [0, 1].

    Returns
    -------
    uint8 (H, W, 3)

    Raises
    ------
    ValueError
        If shapes or types are not as above.
    """
    from wssl.models import FILLS
    from wssl.runs import Result, restore

    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(
            f"image: expected uint8 (H, W, 3); received {image.dtype} {image.shape}. "
            "wssl.data.read_image reads any picture file as that."
        )
    if mask.dtype != bool or mask.shape != image.shape[:2]:
        raise ValueError(
            f"mask: expected bool {image.shape[:2]}, as the image, True = hole; received "
            f"{mask.dtype} {mask.shape}. wssl.data.read_mask reads a mask file as booleans."
        )
    if isinstance(model, Result) and model.experiment.method in FILLS:
        fill = model.restore(image[None].astype(np.float32) / 255.0, mask[None])[0]
        return composite(image, np.rint(fill * 255.0).astype(np.uint8), mask)
    network = model.model() if isinstance(model, Result) else model
    size = network.inputs[0].shape[1]
    # A box filter, so that a small pixel is known exactly if all that it covers is known.
    box = Image.Resampling.BOX
    small = np.asarray(Image.fromarray(image).resize((size, size), box))
    hole = np.asarray(Image.fromarray(mask * np.float32(1)).resize((size, size), box)) > 0
    restored = restore(network, small[None].astype(np.float32) / 255.0, hole[None])[0]
    fill = Image.fromarray(np.rint(restored * 255.0).astype(np.uint8))
    height, width = mask.shape
    resized = np.asarray(fill.resize((width, height), Image.Resampling.BICUBIC))
    return composite(image, resized, mask)
