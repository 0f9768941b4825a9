"""The definition of an inpainting method."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wssl.checks.names import called
from wssl.machine.backend import keras
from wssl.methods.phase import Phase


@dataclass(frozen=True)
class Method:
    """An inpainting method: a network with its training, or a baseline that is not learned.

    Attributes
    ----------
    title : str
        What it is, in words, which help texts give after the registered name.
    network : callable, optional
        ``(size, width, seed) -> keras.Model``, from masked images, or from masked images and
        masks, to whole images: float (B, S, S, 3) in [0, 1], float (B, S, S, 1) with 1 = hole ->
        float (B, S, S, 3) in [0, 1]. Every initial weight comes from `seed`.
    phase : callable, optional
        ``(network, size, width, seed) -> Phase``: the training of the network. If not given, it is
        trained like the paper's network, with one of `wssl.losses.LOSSES`.
    has_encoder : bool
        Whether the first 16 layers of the network are the encoder of `wssl.methods.unet`, which a
        pretext phase trains. Without it, an experiment cannot freeze or pretrain the encoder.
    own_pretext : bool
        Whether that encoder differs from WSSL's on whole images, so that it needs its own pretext
        phase; otherwise they share one.
    variants : callable, optional
        ``(network, images, masks, seed) -> dict of str to float (N, S, S, 3)``: further outputs of
        a network that draws at random, by name. The recorded main output is deterministic.
    fill : callable, optional
        ``(image, mask) -> image``, instead of a network: float (H, W, 3) in [0, 1], bool (H, W)
        with True = hole -> float (H, W, 3) in [0, 1], the known pixels unchanged.

    Raises
    ------
    ValueError
        If neither or both of `network` and `fill` are given, or a function or the constructor of
        the phase cannot be called with these arguments.

    Examples
    --------
    >>> import numpy as np
    >>> Method("grey", fill=lambda image, mask: np.where(mask[..., None], 0.5, image)).learned
    False
    """

    title: str = ""
    network: Callable[[int, int, int], keras.Model] | None = None
    phase: Callable[[keras.Model, int, int, int], Phase] | None = None
    has_encoder: bool = False
    own_pretext: bool = False
    variants: Callable[[keras.Model, np.ndarray, np.ndarray, int], dict[str, np.ndarray]] | None = (
        None
    )
    fill: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("network", "fill") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "network, fill: expected one of the two; received "
                f"{'both' if given else 'neither'}. A method is a network, such as "
                "Method(network=build), or a baseline, Method(fill=function)."
            )
        for name, arguments in _ARGUMENTS.items():
            _check_callable(name, getattr(self, name), arguments)

    @property
    def learned(self) -> bool:
        """Whether it has a network."""
        return self.network is not None

    def build(self, size: int, width: int, seed: int) -> keras.Model:
        """The network, untrained.

        Parameters
        ----------
        size : int
            Side of the square images in pixels.
        width : int
            Channels of the first block.
        seed : int
            Fixes the initial weights.

        Raises
        ------
        ValueError
            If the method has no network, its network does not support that scale, or its function
            returns anything but a network.
        """
        if self.network is None:
            raise ValueError(
                "method: expected one with a network; received a baseline that is not learned. "
                "Call its `fill(image, mask)` instead."
            )
        network = self.network(size, width, seed)
        if not isinstance(network, keras.Model):
            raise ValueError(
                f"network: expected a keras.Model from {called(self.network)}; received a "
                f"{type(network).__name__}. End it with return keras.Model(inputs, outputs)."
            )
        return network

    def new_phase(self, network: keras.Model, size: int, width: int, seed: int) -> Phase:
        """The phase that trains the network, if it is not that of the paper's network.

        Parameters
        ----------
        network : keras.Model
            As from `build`.
        size, width, seed : int
            As for `build`.

        Raises
        ------
        ValueError
            If the phase is no `Phase`, or its `models` lack its network.
        """
        assert self.phase is not None
        phase = self.phase(network, size, width, seed)
        if not isinstance(phase, Phase):
            raise ValueError(
                f"phase: expected a wssl.methods.Phase from {called(self.phase)}; received a "
                f"{type(phase).__name__}. Derive the class from Phase."
            )
        if not any(model is phase.network for model in phase.models):
            raise ValueError(
                f"models: expected a list with the network from {type(phase).__name__}; received "
                f"{len(phase.models)} models without it. Return [self.network, ...]."
            )
        return phase

    @property
    def trained_as_wssl(self) -> bool:
        """Whether it is trained like the paper's network and has the same settings."""
        return self.network is not None and self.phase is None


_ARGUMENTS = {
    "network": ("size", "width", "seed"),
    "phase": ("network", "size", "width", "seed"),
    "variants": ("network", "images", "masks", "seed"),
    "fill": ("image", "mask"),
}


def _check_callable(name: str, given: Callable[..., Any] | None, arguments: Sequence[str]) -> None:
    """Raise a ValueError if a part of a method cannot be called with its arguments."""
    is_class = inspect.isclass(given)
    # The `__new__` of a Keras class takes anything, so the signature of the class says nothing.
    function: Any = inspect.getattr_static(given, "__init__") if is_class else given
    if function is None:
        return
    wanted = ["self", *arguments] if is_class else [*arguments]
    try:
        inspect.signature(function).bind(*wanted)
    except TypeError as error:
        raise ValueError(
            f"{name}: expected a callable with the arguments {', '.join(arguments)}; received "
            f"{getattr(given, '__qualname__', given)!r} ({error}). Define "
            f"{'__init__' if is_class else 'it'} with ({', '.join(wanted)})."
        ) from None
    except ValueError:  # a compiled function that does not say what it takes
        return


def check_scale(size: int, width: int, halvings: int) -> None:
    """Raise a ValueError unless `size` can be halved `halvings` times and `width` is positive."""
    if size < 2**halvings or size % 2**halvings:
        raise ValueError(
            f"size: expected a positive multiple of {2**halvings}, since each of the {halvings} "
            f"blocks halves it; received {size}."
        )
    if width < 1:
        raise ValueError(f"width: expected a positive number of channels; received {width}.")
