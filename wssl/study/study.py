"""All experiments at one preset on one source of images, and the records that pages show."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from wssl import data, metrics
from wssl.claims.campaign import Arm, Campaign, Design, arm_of
from wssl.claims.catalogue import CLAIMS, Claim
from wssl.claims.outcomes import Findings, findings
from wssl.claims.repeats import exchanged, repetitions
from wssl.data.batches import centre_crops
from wssl.experiment import Evaluation, Experiment, Pretraining
from wssl.methods import METHODS, freeze, unet
from wssl.records import fills
from wssl.records.fields import is_run
from wssl.records.store import Record, Store
from wssl.runs.execution import Result, evaluate
from wssl.scheduling.schedule import run_all
from wssl.study import campaign as registered
from wssl.study.parts import PARTS, chosen_seeds, evaluations, unseen_images


@dataclass(frozen=True)
class Study:
    """All experiments at one preset on one source of images and masks, and their records.

    At the preset and on the images of the registered campaign, they are the campaign's runs, which
    take days and are therefore only read, never started by a page. At any other preset, missing
    runs are trained.

    Attributes
    ----------
    preset, dataset, masks, recipe, coverage
        As in `wssl.Experiment`.
    seeds : int or sequence of int, optional
        Number of seeds, or the seeds themselves; the preset's number if not given. The seeds of the
        campaign are registered.
    more : sequence of Experiment
        Additional experiments at the same preset and on the same images and masks, for example with
        your own loss. A study that has any is not the registered one.

    Raises
    ------
    ValueError
        If a value is not valid, or seeds are given for the registered campaign.
    """

    preset: str = "quick"
    dataset: str = "synthetic"
    masks: str = "auto"
    seeds: int | Sequence[int] | None = None
    more: Sequence[Experiment] = ()
    recipe: str = Experiment.recipe
    coverage: tuple[float, float] = Experiment.coverage

    def __post_init__(self) -> None:
        object.__setattr__(self, "more", tuple(self.more))
        if self.registered and self.seeds is not None:
            raise ValueError(
                f"seeds: expected none at the preset {self.preset!r} on {self.dataset!r}, whose "
                f"seeds are registered; received {self.seeds!r}. Leave it out, or choose another "
                "preset or other images."
            )

    @property
    def registered(self) -> bool:
        """Whether this is the registered campaign."""
        chosen = {"preset": self.preset, "dataset": self.dataset}
        return (
            chosen == registered.DATA
            and self.masks in ("auto", "quickdraw")
            and self.recipe == Experiment.recipe
            and tuple(self.coverage) == Experiment.coverage
            and not self.more
        )

    @property
    def _settings(self) -> dict[str, Any]:
        names = ("preset", "dataset", "masks", "recipe", "coverage")
        return {name: getattr(self, name) for name in names}

    @cached_property
    def tasks(self) -> tuple[Experiment | Evaluation, ...]:
        """Every experiment and evaluation, once."""
        if self.registered:
            return tuple(dict.fromkeys(chain.from_iterable(registered.parts().values())))
        listed = [e for part in PARTS.values() for e in part(seeds=self.seeds, **self._settings)]
        return (*dict.fromkeys([*listed, *self.more]), *evaluations(listed))

    @cached_property
    def design(self) -> Design:
        """The common settings of this study's records."""
        if self.registered:
            return Design()
        frozen, scratch = (Experiment(encoder=e, **self._settings) for e in ("frozen", "scratch"))
        seeds = tuple(chosen_seeds(self.preset, self.seeds))
        return Design(
            dataset=frozen.dataset,
            masks=frozen.masks,
            recipe=frozen.recipe,
            coverage=frozen.coverage,
            size=frozen.scale.size,
            narrow=frozen.scale.width,
            wide=2 * frozen.scale.width,
            steps=frozen.scale.inpainting_steps,
            end_to_end_steps=scratch.scale.inpainting_steps,
            few=seeds,
            many=seeds,
            unseen=unseen_images(self.dataset),
        )

    def of(self, arms: Iterable[Arm]) -> list[Experiment | Evaluation]:
        """The experiments of some arms, and the evaluations of these, in the order of the study.

        Parameters
        ----------
        arms : iterable of Arm
        """
        chosen = set(arms)
        return [task for task in self.tasks if self._arm(task) in chosen]

    def _arm(self, task: Experiment | Evaluation) -> Arm | None:
        experiment = task.experiment if isinstance(task, Evaluation) else task
        return arm_of(experiment.to_dict(), experiment.hyperparameters(), self.design)

    def firsts(self, arms: Mapping[str, Arm]) -> dict[str, Experiment]:
        """The experiment of some arms with their first seed.

        Parameters
        ----------
        arms : mapping of str to Arm
            Of this study, by name.
        """
        return {name: next(self._runs(arm)) for name, arm in arms.items()}

    def _runs(self, arm: Arm) -> Iterator[Experiment]:
        return (task for task in self.of([arm]) if isinstance(task, Experiment))

    def _first(self, arm: Arm | Experiment) -> Experiment | None:
        return arm if isinstance(arm, Experiment) else next(self._runs(arm), None)

    def findings(
        self,
        arms: Iterable[Arm] | None = None,
        store: Store | None = None,
        claims: Sequence[Claim] | None = None,
    ) -> Findings:
        """The findings from the records, after running missing runs of the given arms.

        Parameters
        ----------
        arms : iterable of Arm, optional
            All if not given. Nothing is run for the registered campaign.
        store : Store, optional
        claims : sequence of Claim
            The claims; the paper's claims, `wssl.claims.CLAIMS`, if not given.

        Returns
        -------
        wssl.claims.Findings
            From all existing records of this study, whatever `arms` are.

        Raises
        ------
        ValueError
            If one of `arms`, or an arm of `claims`, is neither in this study nor in the registered
            campaign.
        """
        store = store or Store()
        arms = None if arms is None else list(arms)
        empty = Campaign([], self.design)
        needs = [need for c in claims or () for need in c.estimand.needs(empty)]
        self._check([*(arms or ()), *(arm for _, arm, _, _ in needs)])
        if not self.registered:
            missing = list(self.tasks) if arms is None else self.of(arms)
            run_all([task for task in missing if isinstance(task, Experiment)], store=store)
            for task in missing:
                if isinstance(task, Evaluation):
                    evaluate(task, store)
        records = self.records(store)
        return findings(
            records,
            self.design,
            registered=self.registered,
            claims=CLAIMS if claims is None else claims,
        )

    def _check(self, arms: Sequence[Arm]) -> None:
        """Raise a ValueError if an arm would never have a run, at this scale or as registered."""
        known = {self._arm(task) for task in self.tasks}
        if known.issuperset(arms):
            return
        whole = Study(**registered.DATA)
        known |= {whole._arm(task) for task in whole.tasks}
        if missing := [arm.name for arm in dict.fromkeys(arms) if arm not in known]:
            raise ValueError(
                "arms: expected configurations of this study; received "
                f"{'; '.join(map(repr, missing))}, without an experiment in it. Pass the "
                "experiments of each, one per seed: Study(..., more=[wssl.Experiment(...), ...])."
            )

    def records(self, store: Store | None = None) -> list[Record]:
        """The existing records of runs, pretext phases and evaluations.

        Parameters
        ----------
        store : Store, optional
        """
        return records_of(self.tasks, store or Store())

    def repetitions(self, store: Store | None = None) -> list[Record]:
        """The runs of the registered campaign made once more on another machine; else none.

        Parameters
        ----------
        store : Store, optional
        """
        return repetitions(store) if self.registered else []

    def repeated(self, found: Findings, store: Store | None = None) -> Findings:
        """The findings with repeated runs in the place of the first ones.

        Parameters
        ----------
        found : wssl.claims.Findings
            As recorded; returned as it is where nothing was repeated.
        store : Store, optional
        """
        again = self.repetitions(store)
        return findings(exchanged(self.records(store), again)) if again else found

    def recorded(self, arms: Iterable[Arm], store: Store | None = None) -> tuple[int, int]:
        """The number of runs of some arms that have a record, and the total number.

        Parameters
        ----------
        arms : iterable of Arm
        store : Store, optional
        """
        store = store or Store()
        runs = [task for task in self.of(arms) if isinstance(task, Experiment)]
        return sum(store.path(run.fingerprint).exists() for run in runs), len(runs)

    def result(self, arm: Arm | Experiment, store: Store | None = None) -> Result | None:
        """An experiment, or that of an arm with its first seed, to fill pictures with.

        Parameters
        ----------
        arm : Arm or Experiment
        store : Store, optional

        Returns
        -------
        Result or None
            None without a record, and for the registered campaign also without weights, since
            training them again takes hours.
        """
        store, run = store or Store(), self._first(arm)
        record = None if run is None else store.get(run.fingerprint)
        if run is None or record is None or not is_run(record):
            return None
        at_hand = store.weights_path(run.fingerprint).exists() or not METHODS[run.method].learned
        return Result(run, record, store) if at_hand or not self.registered else None

    def parameters(self, arm: Arm) -> int:
        """How many parameters of an arm's network learn in the inpainting phase.

        Parameters
        ----------
        arm : Arm
            Of the method WSSL.
        """
        network = unet(self.design.size, self.design.channels(arm.width))
        if arm.encoder in ("frozen", "random"):
            freeze(network, list(arm.blocks))
        return sum(math.prod(variable.shape) for variable in network.trainable_variables)

    def pictures(
        self,
        photographs: int = 1,
        drawn: int = 1,
        size: int | None = None,
        recipe: str | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Freely usable pictures for showing fills, and holes from the study's test masks.

        Parameters
        ----------
        photographs, drawn : int
            How many of scikit-image's photographs, and of drawn portraits.
        size : int, optional
            Side of the pictures, in pixels; the study's if not given.
        recipe : str, optional
            Of the masks; the study's if not given.

        Returns
        -------
        pictures : float32 (N, S, S, 3) in [0, 1]
        masks : bool (N, S, S)
            True = hole.
        """
        own = {"size": size} if size else {}
        scale = Experiment(preset=self.preset, dataset=self.dataset, settings=own).scale
        wanted = {"photos": photographs, "synthetic": drawn}
        parts = [
            data.images(source, "test", scale.load_size, count)
            for source, count in wanted.items()
            if count
        ]
        pictures = centre_crops(np.concatenate(parts), scale.size).astype("float32") / 255
        masks = data.masks(
            self.design.masks,
            len(pictures),
            scale.size,
            coverage=self.design.coverage,
            split="test",
            recipe=recipe or self.design.recipe,
        )
        return pictures, masks

    def filled(
        self,
        arms: Mapping[str, Arm | Experiment],
        pictures: np.ndarray,
        masks: np.ndarray,
        store: Store | None = None,
    ) -> dict[str, np.ndarray]:
        """Pictures whose holes the first seed of each arm has filled, or each experiment.

        Parameters
        ----------
        arms : mapping of str to Arm or Experiment
            Of this study.
        pictures, masks
            As from `pictures`, of the size of the networks.
        store : Store, optional

        Returns
        -------
        dict of str to float (N, S, S, 3) in [0, 1]
            Composited. For the registered campaign, what a network has filled in is kept, and used
            where its weights are not on this machine; arms with neither are left out.
        """
        store, found = store or Store(), {}
        for name, arm in arms.items():
            result, filled = self.result(arm, store), None
            if result is not None:
                filled = metrics.composite(pictures, result.inpaint(pictures, masks), masks)
                if self.registered and METHODS[result.experiment.method].learned:
                    fills.keep(store, result.fingerprint, pictures, masks, filled)
            elif self.registered and (run := self._first(arm)):
                filled = fills.kept(store, run.fingerprint, pictures, masks)
            if filled is not None:
                found[name] = filled
        return found


def records_of(tasks: Iterable[Experiment | Evaluation], store: Store) -> list[Record]:
    """The existing records of tasks, and of the pretext phases of experiments among them.

    Parameters
    ----------
    tasks : iterable of Experiment or Evaluation
    store : Store
    """
    names: dict[str, None] = {}
    for task in tasks:
        names[task.fingerprint] = None
        if isinstance(task, Experiment) and task.pretraining:
            names[task.pretraining.fingerprint] = None
    return [record for name in names if (record := store.get(name)) is not None]


def retired(store: Store | None = None) -> dict[str, str]:
    """The records of a store that the current code would make under another fingerprint.

    Parameters
    ----------
    store : Store, optional

    Returns
    -------
    dict of str to str
        That other fingerprint, by the fingerprint of the record. Records of experiments with
        entries that are not registered here, or with data that are not here, are left out, since
        their state is unknown.
    """
    kinds: dict[str, Any] = {
        "inpainting": Experiment,
        "pretext": Pretraining,
        "evaluation": Evaluation,
    }
    found = {}
    for record in (store or Store()).records():
        if record["kind"] not in kinds:
            continue
        try:
            task = kinds[record["kind"]].from_dict(record["experiment"])
            now = task.fingerprint
        except (ValueError, OSError):
            continue
        if now != record["fingerprint"]:
            found[record["fingerprint"]] = now
    return found
