"""The arms that the plan added: the controls at half the rate, and remedies, by part.

They do not belong to the registered campaign, and no registered verdict counts them. Data, scale
and seeds of the remedies are those of its grids at the first width, so that its controls (frozen,
random, fine-tuned and from scratch) apply to them too. `book/plan.md` states the question of each
part.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from wssl.claims.campaign import Campaign, Design
from wssl.claims.catalogue import CLAIMS, OF_CONTROLS
from wssl.claims.decision import available
from wssl.claims.outcomes import Findings, findings
from wssl.claims.remedies import MASK_AWARE
from wssl.claims.simplex import propose
from wssl.experiment import Evaluation, Experiment
from wssl.methods import METHODS
from wssl.records.fields import has_diverged
from wssl.records.store import Record, Store
from wssl.study.campaign import DATA, FEW, MANY, UNSEEN, WIDE, baselines, controls, tier_1
from wssl.study.campaign import parts as campaign_parts
from wssl.study.study import Study, records_of

REPLICATION = (16, 17, 18, 19, 20)
"""The seeds of the replication, which nothing else uses."""

AT_HALF_RATE = "At half the learning rate (exploratory)"
"""The title of the controls at half the rate, with the registered seeds."""

REPLICATED = "In the replication, with new seeds"
"""The title of the controls at half the rate, with the seeds of the replication."""

SEARCH_RUNS = 16
"""The number of weightings that the adaptive search may try, each with one seed."""

SEARCHED = ("rotation", "saturation", "sharpness")
"""The tasks whose weights are found: the paper's."""

EQUAL = dict.fromkeys(SEARCHED, 1 / 3)

FOUND = ("random_weights", "uncertainty", "gradnorm")
"""The objectives that find the weights of the tasks, of `wssl.methods.OBJECTIVES`."""

WITHOUT_TASKS = ("masked_patches", "colourisation", "vicreg", "real_or_generated")
"""The objectives without pretext tasks."""


def domain_gap(seeds: Sequence[int] = FEW) -> list[Experiment]:
    """The pretext phase on masked images, and networks that treat holes in another way.

    Each such network is run with a frozen pretrained encoder, with a frozen random one, and from
    scratch, since the network itself may be better or worse; the mask as a channel is also combined
    with masked images.

    Parameters
    ----------
    seeds : sequence of int
    """
    networks = [
        {"method": method, "encoder": encoder}
        for method in MASK_AWARE
        for encoder in ("frozen", "random", "scratch")
    ]
    masked = [
        {"objective": "masked"},
        {"objective": "masked", "encoder": "finetuned"},
        {"objective": "masked", "method": "mask_channel"},
    ]
    return _repeated([*masked, *networks], seeds)


def other_pretraining(seeds: Sequence[int] = FEW) -> list[Experiment]:
    """Every objective without pretext tasks, its encoder frozen and fine-tuned.

    Parameters
    ----------
    seeds : sequence of int
    """
    return _repeated(
        [
            {"objective": name, "encoder": encoder}
            for name in WITHOUT_TASKS
            for encoder in ("frozen", "finetuned")
        ],
        seeds,
    )


def found_weights(seeds: Sequence[int] = FEW) -> list[Experiment]:
    """All tasks with equal weights and with weights that are drawn or learned, frozen.

    Parameters
    ----------
    seeds : sequence of int
    """
    return _repeated([{"pretext": EQUAL}, *({"objective": name} for name in FOUND)], seeds)


def at_half_rate(experiment: Experiment) -> Experiment:
    """An experiment with half of its learning rate in the inpainting phase.

    Parameters
    ----------
    experiment : Experiment
    """
    rate = experiment.scale.inpainting_learning_rate / 2
    return experiment.replace(settings={**experiment.settings, "inpainting_learning_rate": rate})


def repeated(store: Store | None = None) -> dict[str, list[Experiment | Evaluation]]:
    """The parts of the first tier in which at least two runs diverged, as a whole at half the rate.

    The controls of width 32 are not among them: `half_rate` are those. A part is decided on when
    all of its runs are recorded.

    Parameters
    ----------
    store : Store, optional
        `wssl.records.store.default_root` if not given.

    Returns
    -------
    dict of str to list of Experiment or Evaluation
        By the title of the part. Classical fills, which are not trained, are left out.
    """
    store = store or Store()
    tasks, found = campaign_parts(), {}
    for name, experiments in tier_1().items():
        runs = [run for e in experiments if (run := store.get(e.fingerprint)) is not None]
        whole, lost = len(runs) == len(experiments), sum(map(has_diverged, runs))
        if not whole or lost < 2 or experiments == controls(WIDE):
            continue
        found[f"{name}, half the learning rate (exploratory)"] = [
            at_half_rate(task)
            if isinstance(task, Experiment)
            else replace(task, experiment=at_half_rate(task.experiment))
            for task in tasks[name]
            if METHODS[_trained(task).method].learned
        ]
    return found


def _trained(task: Experiment | Evaluation) -> Experiment:
    return task if isinstance(task, Experiment) else task.experiment


def half_rate(seeds: Sequence[int] = MANY) -> list[Experiment | Evaluation]:
    """The controls at half of the registered learning rate, with their tests on unseen images.

    At the registered rate, networks of this width may diverge.

    Parameters
    ----------
    seeds : sequence of int
        The registered ones, or those of the replication.
    """
    runs = [at_half_rate(experiment) for experiment in controls(WIDE, seeds)]
    return [task for run in runs for task in (run, Evaluation(run, dataset=UNSEEN))]


def fills() -> list[Experiment]:
    """The classical fills on wide holes and at twice the size, for which none was registered."""
    return [
        Experiment(**DATA, method=name, **scale)
        for scale in ({"recipe": "medium"}, {"settings": {"size": 128}})
        for name in ("harmonic", "biharmonic")
    ]


def half_rate_findings(store: Store | None = None) -> dict[str, Findings]:
    """What the runs at half the rate say of claims, by the registered rules.

    Parameters
    ----------
    store : Store, optional
        `wssl.records.store.default_root` if not given.

    Returns
    -------
    dict of str to Findings
        Of the claims about the controls by `AT_HALF_RATE` and `REPLICATED`, each from its own seeds
        and with their variance alone; of the claims that rest on one of the `repeated` parts, from
        its runs alone, by its title. A title without any run is left out.
    """
    store = store or Store()
    found = {
        title: findings(
            half_rate_records(store, seeds),
            Design(many=tuple(seeds)),
            claims=OF_CONTROLS,
            lent=False,
        )
        for title, seeds in ((AT_HALF_RATE, MANY), (REPLICATED, REPLICATION))
    }
    for title, tasks in repeated(store).items():
        records = records_of(tasks, store)
        part = Campaign(records)
        whole = [
            claim
            for claim in CLAIMS
            if all(available(part, need) for need in claim.estimand.needs(part))
        ]
        found[title] = findings(records, claims=whole)
    return {title: of for title, of in found.items() if _begun(of.campaign)}


def _begun(campaign: Campaign) -> bool:
    """Whether a network has been trained."""
    return any(runs and not campaign.is_fill(arm) for arm, runs in campaign.runs.items())


def half_rate_records(store: Store | None = None, seeds: Sequence[int] = MANY) -> list[Record]:
    """The existing records of `half_rate`, with their pretext phases and the classical fills.

    Parameters
    ----------
    store : Store, optional
        `wssl.records.store.default_root` if not given.
    seeds : sequence of int
        As in `half_rate`.
    """
    store = store or Store()
    fills = [experiment for experiment in baselines() if not METHODS[experiment.method].learned]
    return records_of([*half_rate(seeds), *fills], store)


def next_searched(tried: Iterable[tuple[Experiment, float]]) -> Experiment | None:
    """The next run of the adaptive search for weights, from the scores on validation images.

    Parameters
    ----------
    tried : iterable of (Experiment, float)
        The runs of the search so far and their scores, higher is better.

    Returns
    -------
    Experiment or None
        Frozen, evaluated on validation images, its seed one of the grids' in turn; None after
        `SEARCH_RUNS`.
    """
    runs = list(tried)
    if len(runs) >= SEARCH_RUNS:
        return None
    scored = [(_weights(experiment), score) for experiment, score in runs if np.isfinite(score)]
    weights = propose(scored, SEARCHED)
    return Experiment(**DATA, pretext=weights, split="val", seed=FEW[len(runs) % len(FEW)])


def searched(store: Store) -> list[tuple[Experiment, float]]:
    """The runs of the adaptive search that have a record, in their order.

    Parameters
    ----------
    store : Store

    Returns
    -------
    list of (Experiment, float)
        Each with its mean SSIM on validation images; NaN if it diverged.
    """
    tried: list[tuple[Experiment, float]] = []
    while (experiment := next_searched(tried)) and (record := store.get(experiment.fingerprint)):
        score = np.nan if has_diverged(record) else record["metrics"]["ssim"]
        tried.append((experiment, score))
    return tried


def best_searched(tried: Iterable[tuple[Experiment, float]]) -> list[Experiment]:
    """The best weighting that the adaptive search tried, with each seed, on test images.

    Parameters
    ----------
    tried : iterable of (Experiment, float)
        As for `next_searched`.

    Returns
    -------
    list of Experiment
        Empty if every run of the search diverged.
    """
    converged = [(score, experiment) for experiment, score in tried if np.isfinite(score)]
    if not converged:
        return []
    _, best = max(converged, key=lambda pair: pair[0])
    return _repeated([{"pretext": _weights(best)}], FEW)


def tasks() -> dict[str, list[Experiment | Evaluation]]:
    """The arms of `parts`, each tested on validation images too, by which the best are chosen."""
    return {
        name: [task for e in experiments for task in (e, Evaluation(e, split="val"))]
        for name, experiments in parts().items()
    }


def together(store: Store) -> list[Experiment | Evaluation]:
    """The two arms that are best on validation images, at the width of the controls.

    Where the two change different things of the paper's recipe (the pretext phase, the network, the
    freezing), the second is replaced by their combination. Each runs at half the rate, and is also
    tested on unseen images. An arm with a run that diverged cannot be one of the best; if all
    but one have, there is one arm only.

    Parameters
    ----------
    store : Store

    Returns
    -------
    list of Experiment or Evaluation
        Empty while an arm of `parts` lacks a test on validation images, and if all diverged.
    """
    scored = []
    for experiment in chain.from_iterable(parts().values()):
        if experiment.seed == FEW[0]:
            tests = [Evaluation(experiment.replace(seed=s), split="val") for s in FEW]
            records = [store.get(test.fingerprint) for test in tests]
            if None in records:
                return []
            runs = [store.get(test.experiment.fingerprint) for test in tests]
            if any(run is not None and has_diverged(run) for run in runs):
                continue
            scored.append((np.mean([r["metrics"]["ssim"] for r in records if r]), experiment))
    best = [e for _, e in sorted(scored, key=lambda pair: -pair[0])[:2]]
    changes = [_changes(e) for e in best]
    if len(best) == 2 and not changes[0].keys() & changes[1].keys():
        merged = changes[0] | changes[1]
        settings = {name: value for part in merged.values() for name, value in part.items()}
        best[1] = Experiment(**DATA, **settings)
    wide = [e.replace(settings={"width": WIDE}) for e in best]
    chosen = [at_half_rate(e.replace(seed=s)) for s in FEW for e in wide]
    return [task for e in chosen for task in (e, Evaluation(e, dataset=UNSEEN))]


def _changes(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """The parts of the paper's recipe that an experiment changes, with their settings."""
    own, usual = experiment.to_dict(), Experiment(**DATA).to_dict()
    groups = {"pretext phase": ("pretext", "objective"), "network": ("method",)}
    groups["freezing"] = ("encoder",)
    found = {}
    for group, names in groups.items():
        values = {name: own[name] for name in names if name in own}
        if values != {name: usual[name] for name in names if name in usual}:
            found[group] = values
    return found


def records(store: Store | None = None) -> list[Record]:
    """The existing records of the exploratory arms and of the registered campaign.

    The controls of width 32 are those at half the rate.

    Parameters
    ----------
    store : Store, optional
        `wssl.records.store.default_root` if not given.

    Returns
    -------
    list of dict
        Runs, pretext phases and evaluations.
    """
    store = store or Store()
    found = {record["fingerprint"]: record for record in Study(**DATA).records(store)}
    for experiment in controls(WIDE):
        found.pop(experiment.fingerprint, None)
    added = chain(chain.from_iterable(tasks().values()), half_rate(), together(store), fills())
    return [*(found | {r["fingerprint"]: r for r in records_of(added, store)}).values()]


def parts() -> dict[str, list[Experiment]]:
    """All arms that do not depend on results, by the name of their part, in the order of running.

    The adaptive search comes last; `next_searched` gives its runs one by one.
    """
    return {
        "found weights": found_weights(),
        "domain gap": domain_gap(),
        "other pretraining": other_pretraining(),
    }


def _weights(experiment: Experiment) -> Mapping[str, float]:
    assert experiment.pretext is not None
    return experiment.pretext


def _repeated(variants: Sequence[dict[str, Any]], seeds: Sequence[int]) -> list[Experiment]:
    return [Experiment(**DATA, **variant, seed=seed) for seed in seeds for variant in variants]
