"""An experiment is a value: everything that determines a run's numbers, and its fingerprint."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

from wssl import data
from wssl.losses import LOSSES, check_a, check_alpha
from wssl.models import ENCODER_LAYERS, FILLS, methods
from wssl.names import lookup, unknown
from wssl.phases import PHASES
from wssl.presets import Preset, preset
from wssl.pretext import TASKS
from wssl.store import fingerprint

RECIPE = 2
"""Raised whenever a change of the code changes the numbers that an experiment gives."""

ENCODERS = {
    "frozen": "pretext phase, then its first 16 layers stay as they are (the paper)",
    "finetuned": "pretext phase, then all layers learn",
    "scratch": "no pretext phase, all layers learn",
    "random": "no pretext phase, the first 16 layers stay at their random start",
}
"""What becomes of the encoder, by name."""

BEST = {"saturation": 0.3, "sharpness": 0.7}
"""The weights of the paper's best model (Tables 2 and 4)."""


class Weights(Mapping[str, float]):
    """The weights of the pretext tasks: immutable, hashable, without the zero ones.

    Parameters
    ----------
    weights : mapping of str to float
    """

    def __init__(self, weights: Mapping[str, float]):
        self._items = tuple(sorted((task, float(w)) for task, w in weights.items() if w != 0))

    def __getitem__(self, task: str) -> float:
        return dict(self._items)[task]

    def __iter__(self) -> Iterator[str]:
        return (task for task, _ in self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return repr(dict(self._items))


@dataclass(frozen=True)
class Pretraining:
    """A pretext phase: a run of its own, which experiments that differ only downstream share.

    Attributes
    ----------
    pretext : Weights
    preset, dataset : str
    seed : int
    """

    pretext: Weights
    preset: str
    dataset: str
    seed: int

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stand for everything that determines its numbers."""
        scale = preset(self.preset).numbers()
        for downstream in ("inpainting_steps", "train_masks", "name"):
            scale.pop(downstream, None)
        return fingerprint(
            {
                "recipe": RECIPE,
                "pretext": dict(self.pretext),
                "scale": scale,
                "images": data.fingerprint(self.dataset),
                "seed": self.seed,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The pretraining as a JSON value."""
        return {"phase": "pretext", **asdict(self), "pretext": dict(self.pretext)}


@dataclass(frozen=True)
class Experiment:
    """Everything that determines the numbers of a run.

    Attributes
    ----------
    pretext : mapping of str to float, optional
        Weight of each pretext task, any subset of `wssl.pretext.TASKS`, not negative. Default: the
        paper's best, saturation 0.3 and sharpness 0.7, or none where `encoder` has no use for it.
    loss : str
        One of `wssl.losses.LOSSES`.
    alpha : float in [0, 1]
        The share of log-cosh in the loss "mix".
    a : float
        The scale inside log-cosh; positive.
    encoder : {"frozen", "finetuned", "scratch", "random"}
        What becomes of the encoder; see `ENCODERS`.
    frozen_layers : int
        How many of the first layers stay as they are where `encoder` freezes them: 16, the whole
        encoder, in the paper; 1 + 3 n for its first n blocks.
    method : str
        What fills the holes, one of `wssl.models.methods`. A fill that learns nothing, and a
        network that is trained in a way of its own, have none of the settings above, which then
        stay at their defaults, and no pretext phase.
    preset : str
        The scale of the run, one of `wssl.presets.PRESETS`.
    dataset : str
        The images: ``synthetic``, ``open-faces-2``, ``folder:PATH``, ...
    masks : str
        The strokes or masks: ``synthetic``, ``quickdraw``, ``folder:PATH``; ``auto`` stands for
        ``synthetic`` with drawn images and ``quickdraw`` with all others.
    recipe : str
        How strokes become masks, one of `wssl.data.RECIPES`.
    coverage : (float, float)
        The least and the greatest share of a mask that is hole.
    seed : int
        Fixes every random draw.

    Raises
    ------
    ValueError
        If a value is not valid; the message names the argument, what was expected, what was
        received, and the nearest known name.
    """

    pretext: Mapping[str, float] | None = None
    loss: str = "mix"
    alpha: float = 0.84
    a: float = 1.0
    encoder: str = "frozen"
    frozen_layers: int = ENCODER_LAYERS
    method: str = "wssl"
    preset: str = "quick"
    dataset: str = "synthetic"
    masks: str = "auto"
    recipe: str = "dense"
    coverage: tuple[float, float] = (0.3, 0.5)
    seed: int = 0

    def __post_init__(self) -> None:
        lookup("loss", self.loss, LOSSES)
        lookup("encoder policy", self.encoder, ENCODERS)
        lookup("method", self.method, methods())
        lookup("mask recipe", self.recipe, data.RECIPES)
        preset(self.preset)
        check_alpha(self.alpha)
        check_a(self.a)
        if not (isinstance(self.seed, int) and self.seed >= 0):
            raise ValueError(f"seed: expected a whole number from 0; received {self.seed!r}.")
        masks = self.masks
        if masks == "auto":
            masks = "synthetic" if self.dataset == "synthetic" else "quickdraw"
        _check_frozen_layers(self.frozen_layers, self.encoder)
        self._check_method()
        data.check_image_source(self.dataset)
        data.check_mask_source(masks)
        object.__setattr__(self, "masks", masks)
        object.__setattr__(self, "coverage", _coverage(self.coverage))
        object.__setattr__(self, "pretext", _weights(self.pretext, self.encoder, self.method))

    def _check_method(self) -> None:
        if not _has_own_way(self.method):
            return
        for name in ("loss", "alpha", "a", "encoder", "frozen_layers"):
            if getattr(self, name) != getattr(Experiment, name):
                raise ValueError(
                    f"{name}: expected none for method={self.method!r}, which has no such setting; "
                    f"received {getattr(self, name)!r}. Leave it out, or choose method='wssl'."
                )

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stand for everything that determines the numbers.

        Fields at their defaults are left out, so that a field added later, with a default that
        stands for what was done before, leaves the fingerprints of old records as they are.
        """
        chosen = {
            field.name: self.to_dict()[field.name]
            for field in fields(self)
            if field.default is None or getattr(self, field.name) != field.default
        }
        for determined_by_content in ("preset", "dataset", "masks", "recipe"):
            chosen.pop(determined_by_content, None)
        return fingerprint(
            {
                "recipe": RECIPE,
                "experiment": chosen,
                "scale": self.scale.numbers(),
                "images": data.fingerprint(self.dataset),
                "masks": data.mask_fingerprint(self.masks, self.recipe),
            }
        )

    @property
    def scale(self) -> Preset:
        """The preset's values."""
        return preset(self.preset)

    @property
    def pretraining(self) -> Pretraining | None:
        """The pretext phase that the experiment builds on, if any."""
        if not self.pretext:
            return None
        assert isinstance(self.pretext, Weights)
        return Pretraining(self.pretext, self.preset, self.dataset, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """The experiment as a JSON value; `from_dict` is the way back."""
        assert self.pretext is not None
        return {
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "pretext": dict(self.pretext),
            "coverage": list(self.coverage),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Experiment":
        """The experiment that `to_dict` wrote.

        Raises
        ------
        ValueError
            If a field is unknown or a value is not valid.
        """
        known = [field.name for field in fields(cls)]
        for name in value:
            if name not in known:
                raise unknown("field of an experiment", name, known)
        return cls(**value)

    def with_(self, **changes: Any) -> "Experiment":
        """A copy with other values in some fields."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Evaluation:
    """A trained experiment, tested on images or masks that need not be its own.

    Attributes
    ----------
    experiment : Experiment
        Whose model is tested.
    dataset, masks, recipe, coverage
        The test images and masks, as in `Experiment`; the experiment's own if not given.
    """

    experiment: Experiment
    dataset: str | None = None
    masks: str | None = None
    recipe: str | None = None
    coverage: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        chosen = {name: getattr(self, name) for name in _EVALUATED}
        given = {name: value for name, value in chosen.items() if value is not None}
        test = self.experiment.with_(**given)
        for name in _EVALUATED:
            object.__setattr__(self, name, getattr(test, name))

    @property
    def test(self) -> Experiment:
        """An experiment with the test images and masks of the evaluation."""
        return self.experiment.with_(**{name: getattr(self, name) for name in _EVALUATED})

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stand for everything that determines the numbers."""
        return fingerprint(
            {
                "recipe": RECIPE,
                "evaluation": self.experiment.fingerprint,
                "coverage": list(self.test.coverage),
                "images": data.fingerprint(self.test.dataset),
                "masks": data.mask_fingerprint(self.test.masks, self.test.recipe),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as a JSON value; `from_dict` is the way back."""
        test = {name: self.test.to_dict()[name] for name in _EVALUATED}
        return {"phase": "evaluation", "of": self.experiment.to_dict(), **test}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Evaluation":
        """The evaluation that `to_dict` wrote."""
        test = {name: value[name] for name in _EVALUATED}
        return cls(Experiment.from_dict(value["of"]), **test)


_EVALUATED = ("dataset", "masks", "recipe", "coverage")


def _has_own_way(method: str) -> bool:
    return method in FILLS or method in PHASES


def _weights(weights: Mapping[str, float] | None, encoder: str, method: str) -> Weights:
    learns = encoder in ("frozen", "finetuned") and not _has_own_way(method)
    if weights is None:
        return Weights(BEST if learns else {})
    for task, weight in weights.items():
        lookup("pretext task", task, TASKS)
        if not (weight >= 0.0 and math.isfinite(weight)):
            raise ValueError(
                f"pretext[{task!r}]: expected a weight that is finite and not negative; "
                f"received {weight}."
            )
    chosen = Weights(weights)
    if learns and not chosen:
        raise ValueError(
            f"pretext: expected at least one weight above zero for encoder={encoder!r}; received "
            f"{dict(weights)}. Without a pretext task, encoder is 'scratch' or 'random'."
        )
    if chosen and not learns:
        setting = f"method={method!r}" if _has_own_way(method) else f"encoder={encoder!r}"
        raise ValueError(
            f"pretext: expected none for {setting}, which has no pretext phase; received "
            f"{chosen}. Leave it out, or choose method='wssl' and encoder='frozen' or 'finetuned'."
        )
    return chosen


def _check_frozen_layers(count: int, encoder: str) -> None:
    if not (isinstance(count, int) and 1 <= count <= ENCODER_LAYERS):
        raise ValueError(
            f"frozen_layers: expected a number from 1 to {ENCODER_LAYERS}, the layers of the "
            f"encoder; received {count!r}. To freeze none, encoder is 'finetuned' or 'scratch'."
        )
    if count != ENCODER_LAYERS and encoder not in ("frozen", "random"):
        raise ValueError(
            f"frozen_layers: expected none for encoder={encoder!r}, which freezes no layer; "
            f"received {count}. Leave it out, or choose encoder='frozen' or 'random'."
        )


def _coverage(coverage: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = (float(value) for value in coverage)
    except (TypeError, ValueError):
        low = high = math.nan
    if not 0.0 <= low < high <= 1.0:
        raise ValueError(
            f"coverage: expected two shares, 0 <= least < greatest <= 1; received {coverage!r}."
        )
    return low, high
