"""Experiments as values: everything that determines the results of a run, and its fingerprint."""

import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from wssl import data, paper
from wssl.checks.names import lookup, unknown_name_error
from wssl.losses import LOSSES, bind, check_a, check_alpha
from wssl.methods import ENCODER_BLOCKS, METHODS, OBJECTIVES, Method, Objective
from wssl.presets import SETTINGS, Preset, preset, with_settings
from wssl.pretext import TASKS, Task
from wssl.records.fields import usual_masks
from wssl.records.store import fingerprint
from wssl.records.versions import changed, version_of

CODE_VERSIONS = {"pretext": 1, "wssl": 1, "shift_net": 1, "pic": 1, "classical": 1, "evaluation": 1}
"""The version of each part of the package that computes results.

The parts are the training of pretext phases, the training and output of each method, and the
evaluation. A change that affects the results of a part raises its version; records of the other
parts remain valid.
"""

ENCODERS = {
    "frozen": "pretext phase, then its first 16 layers stay as they are (the paper)",
    "finetuned": "pretext phase, then all layers learn",
    "scratch": "no pretext phase, all layers learn",
    "random": "no pretext phase, the first 16 layers stay at their random start",
}
"""The encoder policies by name: the treatment of the encoder in the downstream phase."""


class FrozenDict(Mapping[str, Any]):
    """A mapping that is immutable and hashable.

    Parameters
    ----------
    items : mapping of str to any
        The values are hashable.
    """

    def __init__(self, items: Mapping[str, Any]):
        self._items = tuple(sorted(items.items()))

    def __getitem__(self, name: str) -> Any:
        return dict(self._items)[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return repr(dict(self._items))


class Weights(FrozenDict):
    """The weights of the pretext tasks, without the zero ones.

    Parameters
    ----------
    weights : mapping of str to float
    """

    def __init__(self, weights: Mapping[str, float]):
        super().__init__({task: float(w) for task, w in weights.items() if w != 0})


@dataclass(frozen=True)
class Pretraining:
    """A pretext phase, a separate run that is shared by experiments with the same pretext.

    Attributes
    ----------
    pretext : Weights
    preset : str
    settings : FrozenDict
        Overridden values of the preset, as in `Experiment`.
    dataset, split : str
    seed : int
    objective : str
        As in `Experiment`.
    method : str
        The method whose encoder is trained, one of `wssl.methods.METHODS`.
    masks, recipe, coverage : optional
        The holes in its images, as in `Experiment`; None for whole images.
    """

    pretext: Weights
    preset: str
    settings: FrozenDict
    dataset: str
    split: str
    seed: int
    objective: str = "weighted"
    method: str = "wssl"
    masks: str | None = None
    recipe: str | None = None
    coverage: tuple[float, float] | None = None

    @property
    def scale(self) -> Preset:
        """The preset's values, with the settings."""
        return with_settings(preset(self.preset), self.settings)

    def hyperparameters(self) -> dict[str, Any]:
        """The values of `scale` that affect the phase."""
        scale = self.scale
        return {name: getattr(scale, name) for name in _of_pretext(self.objective)}

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that identify everything that determines its results."""
        tasks = {task: lookup("pretext task", task, TASKS) for task in self.pretext}
        versions: dict[str, int | str | None] = {"pretext": CODE_VERSIONS["pretext"]}
        for name, task in tasks.items():
            versions[name] = version_of("pretext task", name, task.transform, task.version)
        for kind, name, entry in (
            ("objective", self.objective, OBJECTIVES[self.objective].phase),
            ("method", self.method, METHODS[self.method].network),
        ):
            versions[kind] = version_of(kind, name, entry)
        return fingerprint(
            {
                "kind": "pretext",
                "pretext": {
                    name: {"weight": self.pretext[name], "levels": list(task.levels)}
                    for name, task in tasks.items()
                },
                "scale": self.hyperparameters(),
                "images": data.fingerprint(self.dataset),
                "seed": self.seed,
                **_unless_default(split=self.split, objective=self.objective, method=self.method),
                **self._holes(),
                **_unless_empty(versions=changed(versions)),
            }
        )

    def _holes(self) -> dict[str, Any]:
        if self.masks is None or self.recipe is None or self.coverage is None:
            return {}
        masks = data.mask_fingerprint(self.masks, self.recipe)
        return {"masks": masks, "coverage": list(self.coverage)}

    def to_dict(self) -> dict[str, Any]:
        """The pretraining as a JSON value, the inverse of `from_dict`.

        Fields at the defaults of `Pretraining` are left out.
        """
        value = {f.name: getattr(self, f.name) for f in fields(self)}
        kept = {f.name: value[f.name] for f in fields(self) if value[f.name] != f.default}
        changed = {"coverage": list(kept["coverage"])} if "coverage" in kept else {}
        return {
            **kept,
            "pretext": dict(self.pretext),
            "settings": dict(self.settings),
            **changed,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Pretraining":
        """The pretraining that `to_dict` wrote."""
        mappings = {
            "pretext": Weights(value["pretext"]),
            "settings": FrozenDict(value["settings"]),
        }
        coverage = {"coverage": tuple(value["coverage"])} if "coverage" in value else {}
        return cls(**{**value, **mappings, **coverage})


@dataclass(frozen=True)
class Experiment:
    """Everything that determines the results of a run.

    Attributes
    ----------
    pretext : mapping of str to float, optional
        Weight of each pretext task, any subset of `wssl.pretext.TASKS`, not negative. Default: the
        paper's best, saturation 0.3 and sharpness 0.7, or none if `encoder` has no pretext phase.
        With an `objective` that finds the weights, each weight is 1, by default for all tasks.
    loss : str
        One of `wssl.losses.LOSSES`.
    alpha : float in [0, 1]
        The share of log-cosh in the loss "mix".
    a : float
        The scale inside log-cosh; positive.
    encoder : {"frozen", "finetuned", "scratch", "random"}
        The encoder policy; see `ENCODERS`.
    frozen_blocks : tuple of int
        The blocks of the encoder that are frozen if `encoder` freezes it, from 1 (full resolution)
        to 5. The paper freezes all of them, its first 16 layers.
    method : str
        The inpainting method, one of `wssl.methods.METHODS`. The settings above do not apply to a
        baseline that is not learned, nor to a network with its own training: they stay at their
        defaults, and there is no pretext phase. A network without WSSL's encoder is trained from
        scratch.
    preset : str
        The scale of the run, one of `wssl.presets.PRESETS`.
    settings : mapping of str to value
        Overridden values of the preset, such as ``{"width": 32}``; names as in
        `wssl.presets.SETTINGS`. Values that do not affect this experiment are dropped.
    dataset : str
        The images: ``synthetic``, ``open-faces-2``, ``folder:PATH``, ...
    masks : str
        The strokes or masks: ``synthetic``, ``quickdraw``, ``folder:PATH``; ``auto`` means
        ``synthetic`` for synthetic images and ``quickdraw`` for all others.
    recipe : str
        The recipe that makes masks from strokes, one of `wssl.data.RECIPES`.
    coverage : (float, float)
        The smallest and the largest share of a mask that is hole.
    split : {"test", "val"}
        The images on which the run is evaluated; ``val`` is for choosing settings.
    seed : int
        Fixes every random draw.
    objective : str
        The objective of the pretext phase, one of `wssl.methods.OBJECTIVES`.

    Raises
    ------
    ValueError
        If a value is not valid; the message names the argument, what was expected, what was
        received, and the nearest known name.

    Examples
    --------
    >>> experiment = Experiment(pretext={"rotation": 0.3, "saturation": 0.7}, preset="quick")
    >>> experiment.loss, experiment.encoder, experiment.seed
    ('mix', 'frozen', 0)
    >>> experiment.replace(seed=1) == experiment
    False
    >>> Experiment.from_dict(experiment.to_dict()) == experiment
    True
    """

    pretext: Mapping[str, float] | None = None
    loss: str = "mix"
    alpha: float = paper.ALPHA
    a: float = paper.LOG_COSH_SCALE
    encoder: str = "frozen"
    frozen_blocks: tuple[int, ...] = paper.FROZEN_BLOCKS
    method: str = "wssl"
    preset: str = "quick"
    settings: Mapping[str, Any] = field(default_factory=dict)
    dataset: str = "synthetic"
    masks: str = "auto"
    recipe: str = "dense"
    coverage: tuple[float, float] = (0.3, 0.5)
    split: str = "test"
    seed: int = 0
    objective: str = "weighted"

    def __post_init__(self) -> None:
        for name in ("alpha", "a"):
            object.__setattr__(self, name, _real(name, getattr(self, name)))
        object.__setattr__(self, "seed", _seed(self.seed))
        taken = bind(lookup("loss", self.loss, LOSSES), alpha=self.alpha, a=self.a).keywords
        for name in ("alpha", "a"):
            if name not in taken and getattr(self, name) != getattr(Experiment, name):
                raise ValueError(
                    f"{name}: not a setting of loss={self.loss!r}, which has no parameter of that "
                    f"name; received {getattr(self, name)!r}. Remove it, or use loss='mix'."
                )
        lookup("encoder policy", self.encoder, ENCODERS)
        lookup("method", self.method, METHODS, Method)
        lookup("objective", self.objective, OBJECTIVES, Objective)
        lookup("mask recipe", self.recipe, data.RECIPES, data.Recipe)
        preset(self.preset)
        check_alpha(self.alpha)
        check_a(self.a)
        if self.split not in ("test", "val"):
            raise ValueError(f"split: expected 'test' or 'val'; received {self.split!r}.")
        masks = self.masks
        if masks == "auto":
            masks = usual_masks(self.dataset)
        object.__setattr__(self, "frozen_blocks", _blocks(self.frozen_blocks, self.encoder))
        self._check_method()
        data.check_image_source(self.dataset)
        data.check_mask_source(masks)
        object.__setattr__(self, "masks", masks)
        object.__setattr__(self, "coverage", _coverage(self.coverage))
        self._check_objective()
        given = self.pretext
        if given is None and OBJECTIVES[self.objective].finds_weights:
            given = dict.fromkeys(TASKS, 1.0)
        object.__setattr__(self, "pretext", self._weights(given))
        object.__setattr__(self, "settings", self._effective(self.settings))

    def _check_method(self) -> None:
        if not _ignores_wssl_settings(self.method):
            if self.encoder != "scratch" and not METHODS[self.method].has_encoder:
                raise ValueError(
                    f"encoder: expected 'scratch' for method={self.method!r}, whose network does "
                    f"not begin with WSSL's encoder; received {self.encoder!r}. If its first 16 "
                    "layers are those of wssl.methods.unet, register it with has_encoder=True."
                )
            return
        for name in ("loss", "alpha", "a", "encoder", "frozen_blocks"):
            if getattr(self, name) != getattr(Experiment, name):
                raise ValueError(
                    f"{name}: not a setting of method={self.method!r}; received "
                    f"{getattr(self, name)!r}. Remove it, or use method='wssl'."
                )

    def _check_objective(self) -> None:
        if self.objective != Experiment.objective and not self._pretrained:
            raise ValueError(
                f"objective: not used with {self._without_pretext()}; received "
                f"{self.objective!r}. Remove it, or choose encoder='frozen' or 'finetuned'."
            )
        given = {task: weight for task, weight in (self.pretext or {}).items() if weight != 0}
        if OBJECTIVES[self.objective].finds_weights and set(given.values()) - {1}:
            raise ValueError(
                f"pretext: expected a weight of 1 for each task, since objective="
                f"{self.objective!r} finds the weights; received {given}."
            )

    def _weights(self, weights: Mapping[str, float] | None) -> Weights:
        learns = self._pretrained and OBJECTIVES[self.objective].tasks
        if weights is None:
            return Weights(paper.BEST if learns else {})
        for task, weight in weights.items():
            lookup("pretext task", task, TASKS, Task)
            if not (weight >= 0.0 and math.isfinite(weight)):
                raise ValueError(
                    f"pretext[{task!r}]: expected a weight that is finite and not negative; "
                    f"received {weight}."
                )
        chosen = Weights(weights)
        if learns and not chosen:
            raise ValueError(
                f"pretext: expected at least one weight above zero for encoder={self.encoder!r}; "
                f"received {dict(weights)}. Without a pretext task, use encoder='scratch' or "
                "'random'."
            )
        if chosen and not learns:
            setting = f"objective={self.objective!r}"
            if not self._pretrained:
                setting = self._without_pretext()
            raise ValueError(
                f"pretext: expected none for {setting}; received {chosen}. Remove it, or use "
                "method='wssl', encoder='frozen' or 'finetuned', and objective='weighted'."
            )
        return chosen

    def _without_pretext(self) -> str:
        if _ignores_wssl_settings(self.method):
            return f"method={self.method!r}, which has no pretext phase"
        return f"encoder={self.encoder!r}, which has no pretext phase"

    def _effective(self, settings: Mapping[str, Any]) -> FrozenDict:
        """The settings in which this experiment differs from its preset."""
        base = self._base()
        with_settings(base, settings)
        names = [*self._relevant(), *(_of_pretext(self.objective) if self._pretrained else ())]
        return FrozenDict(
            {k: v for k, v in settings.items() if k in names and getattr(base, k) != v}
        )

    def _base(self) -> Preset:
        """The preset, with the values tuned for this kind of training."""
        whole = self.encoder in ("finetuned", "scratch") and METHODS[self.method].trained_as_wssl
        found = preset(self.preset)
        return with_settings(found, found.tuned.get("end_to_end" if whole else self.method, {}))

    def _relevant(self) -> tuple[str, ...]:
        learned = METHODS[self.method].learned
        return (*_OF_EVALUATION, *_OF_INPAINTING) if learned else _OF_EVALUATION

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that identify everything that determines the results.

        A preset enters by its values, not by its name. Fields at their defaults are left out, so
        that a field added later, whose default reproduces the earlier behaviour, does not change
        the fingerprints of old records. The fingerprint is computed once per object: an experiment
        created before a folder of images changed keeps its earlier fingerprint.
        """
        pretraining = self.pretraining
        return self.fingerprint_with(
            pretraining.fingerprint if pretraining else None,
            data.fingerprint(self.dataset),
            data.mask_fingerprint(self.masks, self.recipe),
        )

    def fingerprint_with(self, pretext: str | None, images: str, masks: str) -> str:
        """The fingerprint with a given pretext phase and given data, such as those of a record.

        Parameters
        ----------
        pretext : str or None
            The fingerprint of the pretext phase, if there is one.
        images, masks : str
            Digests, as from `wssl.data.fingerprint` and `wssl.data.mask_fingerprint`.
        """
        value = self.to_dict()
        chosen = {
            f.name: value[f.name]
            for f in fields(self)
            if f.name in _OF_EXPERIMENT and getattr(self, f.name) != f.default
        }
        return fingerprint(
            {
                "kind": "inpainting",
                "experiment": chosen,
                "pretext": pretext,
                "scale": self.hyperparameters(),
                "images": images,
                "masks": masks,
                **_unless_empty(versions=changed(self._versions())),
            }
        )

    def _versions(self) -> dict[str, int | str | None]:
        method = METHODS[self.method]
        own = self.method if method.learned else "classical"
        part = "wssl" if method.trained_as_wssl else own
        found: dict[str, int | str | None] = {
            "evaluation": CODE_VERSIONS["evaluation"],
            part: CODE_VERSIONS.get(part),
            "method": version_of("method", self.method, method.network or method.fill),
        }
        for name, entry in (("phase", method.phase), ("variants", method.variants)):
            if entry is not None:
                found[name] = version_of(name, self.method, entry)
        if not _ignores_wssl_settings(self.method):
            found["loss"] = version_of("loss", self.loss, LOSSES[self.loss])
        return found

    @property
    def scale(self) -> Preset:
        """The preset's values, with those tuned for this kind of training and the settings."""
        return with_settings(self._base(), self.settings)

    def hyperparameters(self) -> dict[str, Any]:
        """The values of `scale` that affect the run, without those of its pretext phase."""
        scale = self.scale
        return {name: getattr(scale, name) for name in self._relevant()}

    @property
    def pretraining(self) -> Pretraining | None:
        """The pretext phase of the experiment, if any."""
        if not self._pretrained:
            return None
        assert isinstance(self.pretext, Weights)
        assert isinstance(self.settings, FrozenDict)
        base, names = preset(self.preset), _of_pretext(self.objective)
        settings = {k: v for k, v in self.settings.items() if k in names}
        settings = {k: v for k, v in settings.items() if getattr(base, k) != v}
        masked = OBJECTIVES[self.objective].masked
        holes = {name: getattr(self, name) for name in ("masks", "recipe", "coverage")}
        return Pretraining(
            self.pretext,
            self.preset,
            FrozenDict(settings),
            self.dataset,
            self.split,
            self.seed,
            self.objective,
            self.method if masked or METHODS[self.method].own_pretext else "wssl",
            **(holes if masked else {}),
        )

    @property
    def _pretrained(self) -> bool:
        learns = self.encoder in ("frozen", "finetuned")
        return learns and not _ignores_wssl_settings(self.method)

    def to_dict(self) -> dict[str, Any]:
        """The experiment as a JSON value, the inverse of `from_dict`.

        The paper's `objective` is left out.
        """
        assert self.pretext is not None
        names = [f.name for f in fields(self)]
        if self.objective == Experiment.objective:
            names.remove("objective")
        return {
            **{name: getattr(self, name) for name in names},
            "pretext": dict(self.pretext),
            "frozen_blocks": list(self.frozen_blocks),
            "settings": dict(self.settings),
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
        known = [f.name for f in fields(cls)]
        for name in value:
            if name not in known:
                raise unknown_name_error("field of an experiment", name, known)
        return cls(**value)

    def replace(self, **changes: Any) -> "Experiment":
        """A copy in which some fields have other values.

        Examples
        --------
        >>> Experiment().replace(loss="ssim").loss
        'ssim'
        """
        return replace(self, **changes)


@dataclass(frozen=True)
class Evaluation:
    """A test of a trained experiment, on its own or other images and masks.

    Attributes
    ----------
    experiment : Experiment
        The experiment whose model is tested.
    dataset, masks, recipe, coverage, split
        The test images and masks, as in `Experiment`; the experiment's own if not given.

    Examples
    --------
    >>> evaluation = Evaluation(Experiment(preset="smoke"), dataset="photos")
    >>> evaluation.experiment.dataset, evaluation.dataset
    ('synthetic', 'photos')
    """

    experiment: Experiment
    dataset: str | None = None
    masks: str | None = None
    recipe: str | None = None
    coverage: tuple[float, float] | None = None
    split: str | None = None

    def __post_init__(self) -> None:
        chosen = {name: getattr(self, name) for name in _EVALUATED}
        given = {name: value for name, value in chosen.items() if value is not None}
        test = self.experiment.replace(**given)
        for name in _EVALUATED:
            object.__setattr__(self, name, getattr(test, name))

    @property
    def test(self) -> Experiment:
        """An experiment with the test images and masks of the evaluation."""
        return self.experiment.replace(**{name: getattr(self, name) for name in _EVALUATED})

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stand for everything that determines the numbers."""
        return fingerprint(
            {
                "kind": "evaluation",
                "run": self.experiment.fingerprint,
                "coverage": list(self.test.coverage),
                "images": data.fingerprint(self.test.dataset),
                "masks": data.mask_fingerprint(self.test.masks, self.test.recipe),
                **_unless_empty(versions=changed({"evaluation": CODE_VERSIONS["evaluation"]})),
                **_unless_empty(split=self.split if self.split != self.experiment.split else ""),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as a JSON value, the inverse of `from_dict`."""
        test = {name: self.test.to_dict()[name] for name in _EVALUATED}
        return {"of": self.experiment.to_dict(), **test}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Evaluation":
        """The evaluation that `to_dict` wrote."""
        test = {name: value[name] for name in _EVALUATED if name in value}
        return cls(Experiment.from_dict(value["of"]), **test)


_EVALUATED = ("dataset", "masks", "recipe", "coverage", "split")

_OF_EXPERIMENT = (
    *("loss", "alpha", "a", "encoder", "frozen_blocks", "method", "coverage", "split", "seed"),
)
"""Fields that enter a fingerprint by their value; the others enter by their content."""

_OF_EVALUATION = ("size", "test_images")
_OF_INPAINTING = (
    *("width", "train_images", "train_masks"),
    *(name for name in SETTINGS if name.startswith("inpainting_")),
)
_OF_PRETEXT = (
    *("size", "width", "train_images", "test_images"),
    *(name for name in SETTINGS if name.startswith("pretext_")),
)


def _of_pretext(objective: str) -> tuple[str, ...]:
    """The values of a preset that affect a pretext phase."""
    return (*_OF_PRETEXT, *(("train_masks",) if OBJECTIVES[objective].masked else ()))


def _unless_default(**values: Any) -> dict[str, Any]:
    """The fields that differ from the defaults of `Experiment`."""
    return {name: value for name, value in values.items() if value != getattr(Experiment, name)}


def _unless_empty(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _ignores_wssl_settings(method: str) -> bool:
    return not METHODS[method].trained_as_wssl


def _blocks(blocks: Iterable[int], encoder: str) -> tuple[int, ...]:
    try:
        chosen = tuple(sorted(blocks))
    except TypeError:
        chosen = ()
    known = [block for block in chosen if isinstance(block, int) and block in ENCODER_BLOCKS]
    if not chosen or len(set(known)) != len(chosen):
        raise ValueError(
            f"frozen_blocks: expected numbers from 1 to {len(ENCODER_BLOCKS)}, each once, such as "
            f"(1, 2, 3); received {blocks!r}. To freeze none, use encoder='finetuned' or 'scratch'."
        )
    if chosen != ENCODER_BLOCKS and encoder not in ("frozen", "random"):
        raise ValueError(
            f"frozen_blocks: only used with encoder='frozen' or 'random'; received {chosen} with "
            f"encoder={encoder!r}. Remove it."
        )
    return chosen


def _real(name: str, value: Any) -> float:
    """A number as a float, so that equal experiments have equal fingerprints."""
    if not isinstance(value, bool | str):
        with suppress(TypeError, ValueError):
            return float(value)
    raise ValueError(f"{name}: expected a number, such as 0.5; received {value!r}.")


def _seed(value: Any) -> int:
    """A seed as an int, so that equal experiments have equal fingerprints."""
    if not isinstance(value, bool):
        with suppress(TypeError):
            if operator.index(value) >= 0:
                return operator.index(value)
    raise ValueError(f"seed: expected a non-negative integer, such as 0; received {value!r}.")


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
