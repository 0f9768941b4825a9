"""Check the type, shape and size of image arguments before anything is computed.

The checks use only the static type and shape of a tensor, and so cost nothing in a compiled step,
where sides may be unknown.
"""

from typing import Any

import numpy as np


def check_images(
    name: str,
    images: Any,
    axes: str = "BHWC",
    least: int = 1,
    reason: str = "",
    channels: int | None = None,
) -> tuple[int | None, ...]:
    """Raise a ValueError unless an argument is a batch of floating-point images of sufficient size.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    images : array, tensor of any backend, or nested lists
    axes : str
        One letter per axis: H and W are the sides, C the channels.
    least : int
        The minimum length of a side, in pixels.
    reason : str
        What requires that length, such as "the window of SSIM".
    channels : int, optional
        The required number of channels.

    Returns
    -------
    tuple of int or None
        The shape; None where a length is not known yet. Empty if nothing is known.

    Raises
    ------
    ValueError
        If the type, the number of axes or channels, or the sides are wrong.
    """
    kind, shape = described(images)
    form = f"({', '.join(axes[:-1])}, {channels or axes[-1]})"
    if not kind.startswith(("float", "bfloat")):
        raise ValueError(
            f"{name}: expected float images {form} in [0, 1]; received {kind} of shape {shape}. "
            "Divide 8-bit images by 255."
        )
    if shape is None:
        return ()
    wrong_channels = channels is not None and shape[-1:] not in ((channels,), (None,))
    if len(shape) != len(axes) or wrong_channels:
        hint = " One image becomes a batch by image[None]." if len(shape) + 1 == len(axes) else ""
        raise ValueError(
            f"{name}: expected float images {form} in [0, 1]; received shape {shape}.{hint}"
        )
    height, width = shape[axes.index("H")], shape[axes.index("W")]
    if any(side is not None and side < least for side in (height, width)):
        raise ValueError(
            f"{name}: expected sides of at least {least} pixels, {reason}; received {height} x "
            f"{width}. Enlarge the images, or use larger crops."
        )
    return shape


def check_alike(names: str, *shapes: tuple[int | None, ...]) -> None:
    """Raise a ValueError unless shapes agree, as far as they are known.

    Parameters
    ----------
    names : str
        Of the arguments, for the message.
    *shapes : tuple of int or None
        As `check_images` returned them.
    """
    known = [shape for shape in shapes if shape]
    if any(len(set(lengths) - {None}) > 1 for lengths in zip(*known, strict=False)):
        received = " and ".join(str(shape) for shape in known)
        raise ValueError(f"{names}: expected images of one shape; received {received}.")


def described(values: Any) -> tuple[str, tuple[int | None, ...] | None]:
    """The type of values, by NumPy's name, and their shape; None where it is unknown.

    Parameters
    ----------
    values : array, tensor of any backend, or nested lists

    Returns
    -------
    str
    tuple of int or None, or None
    """
    if not hasattr(values, "dtype"):
        try:
            values = np.asarray(values)
        except ValueError:
            return f"a {type(values).__name__} of unequal lengths", None
    kind = str(getattr(values.dtype, "name", values.dtype))
    try:
        return kind, tuple(values.shape)
    except ValueError:  # TensorFlow's, of a tensor whose number of axes is unknown
        return kind, None
