"""Records by configuration: what the tests of the claims ask for."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from wssl.store import Record

BEST = {"saturation": 0.3, "sharpness": 0.7}
"""The paper's best weighting, with which everything else is compared."""

Weights = Mapping[str, float]


def of_study(records: Iterable[Record], **settings: Any) -> list[Record]:
    """The runs with given settings, with their pretext phases and evaluations.

    Parameters
    ----------
    records : iterable of dict
        Such as all of a store.
    **settings
        Fields of the experiments, such as `preset`, `dataset`, `masks`.

    Returns
    -------
    list of dict
    """
    records = list(records)
    runs = [
        record
        for record in records
        if record["kind"] == "inpainting"
        and all(record["experiment"][name] == value for name, value in settings.items())
    ]
    pretexts = {record["pretext"] for record in runs}
    tested = {record["fingerprint"] for record in runs}
    others = (
        record
        for record in records
        if record["fingerprint"] in pretexts or record.get("run") in tested
    )
    return [*runs, *others]


class MissingError(LookupError):
    """Records lack a configuration; the message names it."""


class Evidence:
    """Records of one scale and one pair of data sets, by configuration.

    Parameters
    ----------
    records : iterable of dict
        Of experiments, pretext phases and evaluations; each counts once.

    Raises
    ------
    ValueError
        If the experiments differ in preset or data, so that they cannot be compared.
    """

    def __init__(self, records: Iterable[Record]):
        by_kind: dict[str, list[Record]] = {"inpainting": [], "pretext": [], "evaluation": []}
        for record in {r["fingerprint"]: r for r in records}.values():
            by_kind[record["kind"]].append(record)
        self.runs, self.pretexts, self.evaluations = by_kind.values()
        for name in ("preset", "dataset", "masks", "recipe", "coverage"):
            values = {str(record["experiment"][name]) for record in self.runs}
            if len(values) > 1:
                raise ValueError(
                    f"records: expected those of one {name}; received "
                    f"{', '.join(sorted(values))}. Select the records of one before judging."
                )

    def select(self, pretext: Weights | None = None, **settings: Any) -> list[Record]:
        """The runs of a configuration: the paper's best, but for what is given."""
        wanted: dict[str, Any] = {
            "encoder": "frozen",
            "frozen_blocks": [1, 2, 3, 4, 5],
            "method": "wssl",
            "loss": "mix",
        }
        wanted |= settings
        if wanted["loss"] == "mix":
            wanted.setdefault("alpha", 0.84)
        if wanted["loss"] in ("mix", "log_cosh"):
            wanted.setdefault("a", 1.0)
        learns = wanted["encoder"] in ("frozen", "finetuned") and wanted["method"] == "wssl"
        weights = dict(BEST if pretext is None else pretext) if learns else {}
        found = [
            record
            for record in self.runs
            if all(record["experiment"][k] == v for k, v in wanted.items())
            and (dict(record["experiment"]["pretext"]) == weights or wanted["method"] != "wssl")
        ]
        if not found:
            raise MissingError(f"no run with {_described(pretext, settings)}")
        return found

    def values(self, metric: str = "ssim", **settings: Any) -> list[float]:
        """A metric of each run of a configuration, a value a seed."""
        return [record["metrics"][metric] for record in self.select(**settings)]

    def unseen(self, loss_only: bool, **settings: Any) -> list[float]:
        """The mean SSIM of each run on data unlike its own, or by how much it is below its own.

        Only tests with holes of the same coverage: smaller ones are easier for everybody.
        """
        values = []
        for record in self.select(**settings):
            own = record["experiment"]
            scores = [
                other["metrics"]["ssim"]
                for other in self.evaluations
                if other["run"] == record["fingerprint"]
                and elsewhere(other["experiment"], own)
                and other["experiment"]["coverage"] == own["coverage"]
            ]
            if scores:
                mean = float(np.mean(scores))
                values.append(record["metrics"]["ssim"] - mean if loss_only else mean)
        if not values:
            raise MissingError(f"no evaluation on unseen data with {_described(None, settings)}")
        return values


def _described(pretext: Weights | None, settings: Mapping[str, Any]) -> str:
    weights = [f"{task} {weight:g}" for task, weight in (pretext or {}).items()]
    others = [f"{name.replace('_', ' ')} {value}" for name, value in settings.items()]
    return ", ".join([*weights, *others]) or "the paper's best configuration"


def elsewhere(tested: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether an evaluation used images or masks of another kind than its experiment.

    A part of the experiment's own data set (``open-faces:real`` of ``open-faces``) is not another.
    """
    dataset = own["dataset"]
    if tested["dataset"] != dataset and not tested["dataset"].startswith(f"{dataset}:"):
        return True
    return any(tested[name] != own[name] for name in ("masks", "recipe", "coverage"))
