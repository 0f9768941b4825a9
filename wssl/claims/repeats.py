"""Runs made once more on another machine: what the machine does to scores and verdicts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from wssl.claims.campaign import Campaign
from wssl.claims.catalogue import Claim
from wssl.claims.decision import needed
from wssl.claims.outcomes import Findings
from wssl.claims.statistics import Estimate, contrast
from wssl.records.fields import has_diverged
from wssl.records.store import Record, Store

FOLDER = "again"
"""The folder of the repeated records, below that of the others."""

TOLERANCE = 0.01
"""The greatest mean change of 1 - SSIM, as a ratio, that the plan lets pass."""

ONE_MACHINE = "With repeated runs, all on one kind of machine"
"""The title of the findings of `on_one_machine`."""


@dataclass(frozen=True)
class Repeat:
    """A run and its repetition, of one fingerprint.

    Attributes
    ----------
    first, again : dict
        The two records.
    """

    first: Record
    again: Record

    @property
    def seed(self) -> int:
        """The seed of both."""
        return int(self.first["experiment"]["seed"])

    @property
    def encoder(self) -> str:
        """The encoder of both, such as ``"frozen"``."""
        return str(self.first["experiment"].get("encoder", "frozen"))

    @property
    def diverged(self) -> bool:
        """Whether either of the two diverged."""
        return has_diverged(self.first) or has_diverged(self.again)

    @property
    def change(self) -> float:
        """The score of the repetition minus that of the run: above zero if it is better."""
        here, there = (1.0 - run["metrics"]["ssim"] for run in (self.first, self.again))
        return float(np.log(here) - np.log(there))

    @property
    def gain(self) -> float:
        """The PSNR of the repetition minus that of the run, in dB."""
        return float(self.again["metrics"]["psnr"] - self.first["metrics"]["psnr"])


def repetitions(store: Store | None = None) -> list[Record]:
    """The repeated records that belong to a store.

    Parameters
    ----------
    store : Store, optional
    """
    return list(Store((store or Store()).root / FOLDER).records())


def repeats(records: Iterable[Record], again: Iterable[Record]) -> list[Repeat]:
    """The runs that have been repeated, by encoder and seed.

    Parameters
    ----------
    records, again : iterable of dict
        The records of the study, and those of the repetitions; only runs count.
    """
    first = {r["fingerprint"]: r for r in records if r["kind"] == "inpainting"}
    found = [
        Repeat(first[record["fingerprint"]], record)
        for record in again
        if record["fingerprint"] in first
    ]
    return sorted(found, key=lambda repeat: (repeat.encoder, repeat.seed))


Of = Callable[[Repeat], float]
"""A number of a repetition, such as its change or its gain."""

CHANGE: Of = attrgetter("change")
GAIN: Of = attrgetter("gain")


def by_seed(found: Iterable[Repeat], of: Of = CHANGE) -> dict[int, float]:
    """The mean change of each seed, without runs that diverged.

    Parameters
    ----------
    found : iterable of Repeat
    of : callable
        `CHANGE`, or `GAIN` for dB.
    """
    changes: dict[int, list[float]] = {}
    for repeat in found:
        if not repeat.diverged:
            changes.setdefault(repeat.seed, []).append(of(repeat))
    return {seed: float(np.mean(values)) for seed, values in changes.items()}


def mean_of(changes: Mapping[int, float]) -> Estimate:
    """The mean over seeds, by Student's t; its error is NaN for fewer than two seeds.

    Parameters
    ----------
    changes : mapping of int to float
        By seed.
    """
    return contrast([list(changes.values()) or [np.nan]], (1.0,))


def mean_change(found: Iterable[Repeat]) -> Estimate:
    """The mean change of the score, over the means of the seeds, without runs that diverged.

    Parameters
    ----------
    found : iterable of Repeat
    """
    return mean_of(by_seed(found))


def is_undetected(change: Estimate) -> bool:
    """Whether a mean change is neither significant at 5 % nor above `TOLERANCE`, as the plan asks.

    Parameters
    ----------
    change : Estimate
    """
    low, high = change.interval()
    return low <= 0.0 <= high and abs(1.0 - np.exp(-change.value)) <= TOLERANCE


def scatter(found: Sequence[Repeat]) -> float:
    """The standard deviation of the change of a single run, about zero, without runs that diverged.

    Parameters
    ----------
    found : sequence of Repeat
    """
    return float(np.sqrt(np.mean([r.change**2 for r in found if not r.diverged])))


def exchanged(records: Iterable[Record], again: Iterable[Record]) -> list[Record]:
    """The records of a study with repeated runs in the place of the first ones.

    Parameters
    ----------
    records, again : iterable of dict
    """
    instead = {r["fingerprint"]: r for r in again if r["kind"] == "inpainting"}
    return [instead.get(record["fingerprint"], record) for record in records]


def mixed(claims: Iterable[Claim], campaign: Campaign) -> list[Claim]:
    """The claims whose runs were trained under more than one backend.

    Parameters
    ----------
    claims : iterable of Claim
    campaign : Campaign
    """
    return [claim for claim in claims if len(_backends(claim, campaign)) > 1]


def on_one_machine(found: Findings, instead: Findings) -> Findings:
    """The claims on runs of two backends that rest on runs of one when repetitions replace some.

    Parameters
    ----------
    found, instead : wssl.claims.Findings
        As recorded, and from `exchanged` records.

    Returns
    -------
    wssl.claims.Findings
        As judged from the repetitions, for comparison only.
    """
    claims = mixed([verdict.claim for verdict in instead.values()], found.campaign)
    still = mixed(claims, instead.campaign)
    settled = {claim.key: instead[claim.key] for claim in claims if claim not in still}
    return Findings(instead.campaign, settled, registered=True)


def _backends(claim: Claim, campaign: Campaign) -> set[Any]:
    runs = [campaign.run(arm, seed) for _, arm, seed, _ in needed(claim, campaign)]
    return {run["provenance"]["backend"] for run in runs if run is not None and run["history"]}
