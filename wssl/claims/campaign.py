"""The registered campaign: its arms, its seeds, and its records by arm."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import getmembers_static
from typing import Any, Self

import numpy as np

from wssl import paper
from wssl.claims.statistics import residual_variance
from wssl.records.fields import has_diverged
from wssl.records.store import Record

ARM_FREEDOM = 4
"""The degrees of freedom of a class's variance as an estimate for one of its arms."""

SAME_PHASE = "same phase: "

NARROW, WIDE = "narrow", "wide"

FIRST_TIER_BUDGETS = (1.0, 4.0)
"""The budgets of the arms whose verdicts are registered."""

CLASSICAL = ("harmonic", "biharmonic", "telea", "navier_stokes", "mean_colour")
"""Baselines that are not learned, so that one run is sufficient."""

NETWORKS = ("wssl", "shift_net", "pic")
"""The networks of the plan, whose runs determine the variance."""


@dataclass(frozen=True)
class Design:
    """The registered design: the data, the scale, and the seeds.

    Attributes
    ----------
    dataset, masks, recipe : str
    coverage : (float, float)
    size : int
        Side of the images, in pixels.
    narrow, wide : int
        The first width of the grids, and that of the controls.
    steps, end_to_end_steps : int
        Steps of the inpainting phase that count as 1x, of a network with frozen blocks and of one
        that learns in all its layers.
    few, many : tuple of int
        The seeds of the grids, and those of the controls.
    unseen : str
        The images on which the claims about unseen data are tested.
    scale : mapping of str to any
        Other numbers of the scale that a run must have to count, such as the learning rate.
    """

    dataset: str = "open-faces-2"
    masks: str = "quickdraw"
    recipe: str = "dense"
    coverage: tuple[float, float] = (0.3, 0.5)
    size: int = 64
    narrow: int = 16
    wide: int = 32
    steps: int = 1000
    end_to_end_steps: int = 1000
    few: tuple[int, ...] = (11, 12, 13)
    many: tuple[int, ...] = (11, 12, 13, 14, 15)
    unseen: str = "objects"
    scale: Mapping[str, Any] = field(default_factory=dict)

    def describes(self, experiment: Mapping[str, Any], scale: Mapping[str, Any]) -> bool:
        """Whether an experiment is on the design's scale, images and masks, and on its test split.

        Parameters
        ----------
        experiment, scale : mapping
            Of a run's record.
        """
        return (
            scale["size"] == self.size
            and all(scale.get(name) == value for name, value in self.scale.items())
            and all(
                experiment[name] == getattr(self, name) for name in ("dataset", "masks", "recipe")
            )
            and tuple(experiment["coverage"]) == self.coverage
            and experiment.get("split", "test") == "test"
        )

    def channels(self, width: str) -> int:
        """The number of channels that a width of an arm stands for.

        Parameters
        ----------
        width : str
            As in `Arm`.
        """
        named = {NARROW: self.narrow, WIDE: self.wide}
        return named[width] if width in named else int(width)

    def width_of(self, channels: int) -> str:
        """The width of an arm whose first block has some channels.

        Parameters
        ----------
        channels : int
        """
        return {self.narrow: NARROW, self.wide: WIDE}.get(channels, str(channels))


@dataclass(frozen=True)
class Arm:
    """A configuration that differs from others in more than its seed.

    Attributes
    ----------
    pretext : mapping of str to float
        Weights of the pretext tasks; empty for an arm without a pretext phase.
    encoder : {"frozen", "finetuned", "scratch", "random"}
    loss : str
    blocks : tuple of int
        The frozen blocks, where the encoder is frozen.
    method : str
    width : str
        Its first width: ``narrow`` as in the grids, ``wide`` as in the controls, or a number.
    budget : float
        Steps of the inpainting phase, in multiples of the design's. The budget of another method
        than WSSL is its own.
    """

    pretext: Mapping[str, float] = field(default_factory=dict)
    encoder: str = "frozen"
    loss: str = "mix"
    blocks: tuple[int, ...] = paper.FROZEN_BLOCKS
    method: str = "wssl"
    width: str = NARROW
    budget: float = 1.0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Arm):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @cached_property
    def _identity(self) -> tuple[Any, ...]:
        return (self.key, self.width, self.budget)

    @property
    def pooled(self) -> bool:
        """Whether its runs enter the variance of its class: an arm of a grid or a control."""
        return self.loss == "mix" and self.blocks == paper.FROZEN_BLOCKS and self.budget == 1

    @property
    def end_to_end(self) -> bool:
        """Whether the network learns in all its layers."""
        return self.encoder in ("scratch", "finetuned")

    @property
    def key(self) -> tuple[Any, ...]:
        """The identity of the arm without its width and budget."""
        if self.method != "wssl":
            return (self.method,)
        blocks = self.blocks if self.encoder in ("frozen", "random") else paper.FROZEN_BLOCKS
        weights = tuple(sorted((task, float(w)) for task, w in self.pretext.items() if w))
        return (self.method, self.encoder, blocks, self.loss, weights)

    @property
    def name(self) -> str:
        """The arm in words."""
        if self.method != "wssl":
            return self.method
        weights = ", ".join(f"{task} {weight:g}" for task, weight in self.pretext.items())
        parts = [weights or "no pretext task", self.encoder]
        if self.loss != "mix":
            parts.append(f"loss {self.loss}")
        if self.encoder in ("frozen", "random") and self.blocks != paper.FROZEN_BLOCKS:
            parts.append(f"blocks {', '.join(map(str, self.blocks))}")
        if self.width != NARROW:
            parts.append(self.width)
        if self.budget != 1:
            parts.append(f"{self.budget:g}x")
        return "; ".join(parts)

    @property
    def phase(self) -> tuple[Any, ...]:
        """The key shared by arms that start from the same weights and so share noise."""
        weights = self.key[-1] if self.method == "wssl" else ()
        return (self.method, self.encoder, weights, self.width)

    @property
    def noise(self) -> str:
        """The class of arms that are expected to have equal variance.

        Half of the first edition's pretext phases with much weight on sharpness had not learned
        that task, so that these arms scatter three times as widely as others.
        """
        if self.method in CLASSICAL:
            return "none"
        if self.method != "wssl":
            return "other method"
        if self.encoder != "frozen":
            return "no frozen features"
        sharpness = self.pretext.get("sharpness", 0.0)
        return "sharpness" if sharpness >= 0.5 * sum(self.pretext.values()) else "other pretext"


def arm_of(experiment: Mapping[str, Any], scale: Mapping[str, Any], design: Design) -> Arm | None:
    """The arm of an experiment, or None if it does not belong to the campaign.

    Parameters
    ----------
    experiment, scale : mapping
        Of a run's record.
    design : Design
    """
    if not design.describes(experiment, scale):
        return None
    method = experiment["method"]
    if "objective" in experiment:
        return None
    if method in CLASSICAL or "width" not in scale:
        return Arm(method=method)
    width = design.width_of(scale["width"])
    if method != "wssl":
        by_itself = not experiment["pretext"] and experiment["encoder"] != "random"
        return Arm(method=method) if width == NARROW and by_itself else None
    if not has_the_papers_constants(experiment):
        return None
    arm = Arm(
        dict(experiment["pretext"]),
        experiment["encoder"],
        experiment["loss"],
        tuple(experiment["frozen_blocks"]),
        width=width,
    )
    once = design.end_to_end_steps if arm.end_to_end else design.steps
    return replace(arm, budget=scale["inpainting_steps"] / once)


def has_the_papers_constants(experiment: Mapping[str, Any]) -> bool:
    """Whether the loss of an experiment has the paper's alpha, if it has one, and its a.

    Parameters
    ----------
    experiment : mapping
        Of a run's record.
    """
    alpha = experiment["loss"] != "mix" or experiment["alpha"] == paper.ALPHA
    return bool(alpha and experiment["a"] == paper.LOG_COSH_SCALE)


ScoreFunction = Callable[["Campaign", Arm, int], float]
"""A number of the run of an arm with a seed; higher is better. NaN if it is not recorded."""


class Campaign:
    """The records of the registered campaign, by arm and seed.

    Parameters
    ----------
    records : iterable of dict
        Runs, pretext phases and evaluations; what was not registered is ignored.
    design : Design
    lent : bool
        Whether comparable arms lend each other their variance. Else each contrast has that of its
        own runs alone.

    Raises
    ------
    ValueError
        If two runs are of the same arm and seed, so that it is not clear which of them counts.
    """

    def __init__(
        self, records: Iterable[Record], design: Design | None = None, *, lent: bool = True
    ):
        self.design, self.lent = design or Design(), lent
        self.runs: dict[Arm, dict[int, Record]] = {}
        self.pretexts: dict[str, Record] = {}
        self.evaluations: dict[str, list[Record]] = {}
        self.draws: dict[Any, tuple[np.ndarray, int]] = {}
        self._fills = set(CLASSICAL)
        for record in {r["fingerprint"]: r for r in records}.values():
            if record["kind"] == "inpainting":
                self._add(record)
            elif record["kind"] == "pretext":
                self.pretexts[record["fingerprint"]] = record
            elif record["kind"] == "evaluation":
                self.evaluations.setdefault(record["run"], []).append(record)

    def _add(self, record: Record) -> None:
        arm = self._arm_of(record)
        if arm is None:
            return
        if "width" not in record["scale"]:
            self._fills.add(arm.method)
        by_seed = self.runs.setdefault(arm, {})
        seed = record["experiment"]["seed"]
        if self.is_fill(arm) and by_seed:
            return
        if seed in by_seed:
            raise ValueError(
                "records: expected one run per arm and seed; received "
                f"{by_seed[seed]['fingerprint']} and {record['fingerprint']} of {arm.name}, seed "
                f"{seed}. Leave out the one that was not registered."
            )
        by_seed[seed] = record

    def _arm_of(self, record: Record) -> Arm | None:
        return arm_of(record["experiment"], record["scale"], self.design)

    def is_fill(self, arm: Arm) -> bool:
        """Whether an arm is a classical fill, whose one run stands for all seeds.

        Parameters
        ----------
        arm : Arm
            Of a method in `CLASSICAL`, or of one whose recorded run has no network.
        """
        return arm.method in self._fills

    def noise(self, arm: Arm) -> str:
        """The class of an arm, as `Arm.noise`, in which a registered fill is a fill.

        Parameters
        ----------
        arm : Arm
        """
        return "none" if self.is_fill(arm) else arm.noise

    def run(self, arm: Arm, seed: int) -> Record | None:
        """The run of an arm with a seed, if any; a classical fill has one for all seeds."""
        by_seed = self.runs.get(arm, {})
        if self.is_fill(arm) and by_seed:
            return next(iter(by_seed.values()))
        return by_seed.get(seed)

    def pretext(self, arm: Arm, seed: int) -> Record | None:
        """The pretext phase of the run of an arm with a seed."""
        run = self.run(arm, seed)
        return self.pretexts.get(run["pretext"] or "") if run else None

    def evaluation(self, arm: Arm, seed: int, **test: Any) -> Record | None:
        """The evaluation of a run on its own images and masks, except for the given settings.

        Parameters
        ----------
        arm : Arm
        seed : int
        **test
            ``dataset``, ``masks``, ``recipe``, ``coverage`` or ``split`` of the evaluation.
        """
        run = self.run(arm, seed)
        if run is None:
            return None
        own = {name: run["experiment"][name] for name in ("dataset", "masks", "recipe", "coverage")}
        wanted = {**own, "split": "test", **test}
        for record in self.evaluations.get(run["fingerprint"], []):
            found = {"split": "test", **record["experiment"]}
            if all(_listed(found[name]) == _listed(wanted[name]) for name in wanted):
                return record
        return None

    @cached_property
    def converged(self) -> Self:
        """The same campaign without the runs that diverged; verdicts count these."""
        found = self.without(has_diverged)
        found.__dict__["converged"] = found
        return found

    def without(self, left_out: Callable[[Record], bool]) -> Self:
        """The same campaign without some of its runs; itself if it has none of them.

        Parameters
        ----------
        left_out : callable of dict to bool
            Whether a run is one of them.
        """
        runs = {
            arm: {seed: run for seed, run in by_seed.items() if not left_out(run)}
            for arm, by_seed in self.runs.items()
        }
        if runs == self.runs:
            return self
        found = copy.copy(self)
        for name, value in getmembers_static(type(self)):
            if isinstance(value, cached_property):
                found.__dict__.pop(name, None)
        found.runs = {arm: by_seed for arm, by_seed in runs.items() if by_seed}
        found.draws = {}
        return found

    @cached_property
    def _pools(self) -> dict[tuple[ScoreFunction, str], tuple[float, float]]:
        return {}

    def variance(self, score: ScoreFunction, noise: str) -> tuple[float, float]:
        """The variance of a run within a class of arms, and its degrees of freedom.

        From the first tier and the registered seeds alone. Within each layout, the arms of the
        class at one width and at 1x with the mixed loss and all blocks frozen, seeds are blocks.
        The other methods are too few for that: there it is the variance around the arms' means,
        to which the seeds' effects belong. ``noise`` is an `Arm.noise`; or that after `SAME_PHASE`,
        for what is left between arms of that class which differ in what follows one and the same
        pretext phase, or one and the same random start.

        Parameters
        ----------
        score : ScoreFunction
        noise : str
        """
        if noise == "none":
            return 0.0, np.inf
        if not self.lent:
            return float("nan"), 0
        if (score, noise) not in self._pools:
            layouts: dict[Any, list[Arm]] = {}
            registered = {*self.design.few, *self.design.many}
            for arm in self.runs:
                if arm.width not in (NARROW, WIDE) or arm.budget not in FIRST_TIER_BUDGETS:
                    continue
                if arm.method not in (*CLASSICAL, *NETWORKS):
                    continue
                if noise == SAME_PHASE + arm.noise:
                    layouts.setdefault((arm.phase, arm.budget), []).append(arm)
                elif arm.noise == noise and arm.pooled:
                    layouts.setdefault((arm.width, arm.budget), []).append(arm)
            squares, freedom = 0.0, 0
            for arms in layouts.values():
                cells = [
                    (score(self, arm, seed), arm, seed)
                    for arm in arms
                    for seed in sorted(registered & set(self.runs[arm]))
                ]
                cells = [cell for cell in cells if np.isfinite(cell[0])]
                if len(arms) > 1 and cells:
                    values, of_arm, of_seed = map(list, zip(*cells, strict=True))
                    if noise == "other method":
                        of_seed = [None] * len(cells)
                    found, free = residual_variance(values, of_arm, of_seed)
                    if free:
                        squares += found * free
                        freedom += free
            self._pools[score, noise] = squares / freedom if freedom else float("nan"), freedom
        return self._pools[score, noise]

    def prior(
        self, terms: Sequence[tuple[float, Arm]], score: ScoreFunction
    ) -> tuple[float, float, float]:
        """The variance of one contrast per seed, estimated from comparable arms.

        Parameters
        ----------
        terms : sequence of (float, Arm)
            Coefficients that add to zero, so that the seeds' own effects cancel.
        score : ScoreFunction

        Returns
        -------
        variance : float
            Of the contrast of one seed; NaN where nothing is comparable.
        pooled : float
            Degrees of freedom of that variance as an estimate of the classes' mean variance.
        freedom : float
            Degrees of freedom that it counts for as an estimate of these very arms' variance: four
            for each arm, combined by Satterthwaite's formula, because arms of one class differ.
        """
        phases: dict[tuple[Any, str], list[float]] = {}
        for coefficient, arm in terms:
            phases.setdefault((arm.phase, self.noise(arm)), []).append(coefficient)
        parts: list[tuple[str, float, int]] = []
        for (_, noise), members in phases.items():
            coefficients = np.array(members)
            of_phase = float(coefficients.sum()) ** 2
            if of_phase > 1e-12:
                parts.append((noise, of_phase, 1))
            if len(members) > 1:
                rest = float((coefficients**2).sum()) - of_phase / len(members)
                parts.append((SAME_PHASE + noise, rest, len(members)))
        by_class: dict[str, float] = {}
        by_arm = []
        for noise, factor, count in parts:
            share = factor * self.variance(score, noise)[0]
            by_class[noise] = by_class.get(noise, 0.0) + share
            by_arm += [share / count] * count
        total = float(sum(by_class.values()))
        if not total > 0:
            return total, 0.0, 0.0
        frees = {noise: self.variance(score, noise)[1] for noise in by_class}
        pooled = total**2 / sum(part**2 / frees[noise] for noise, part in by_class.items())
        own = total**2 / sum(part**2 / ARM_FREEDOM for part in by_arm if part)
        return total, float(pooled), float(min(own, pooled))


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def at_width(arm: Arm, width: str) -> Arm:
    """The same arm at another width, if it has one.

    Parameters
    ----------
    arm : Arm
    width : str
        As in `Arm`.
    """
    return replace(arm, width=width) if arm.method == "wssl" else arm
