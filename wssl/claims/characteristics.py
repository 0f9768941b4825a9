"""Operating characteristics of the verdicts, from simulated studies with recorded noise."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wssl.claims.campaign import (
    CLASSICAL,
    NARROW,
    Arm,
    Campaign,
    Design,
)
from wssl.claims.catalogue import CLAIMS, CONTROLS, PAIRS, TRIPLES, Claim
from wssl.claims.decision import HOLDS, LEVEL, SAME, is_wrong, judge
from wssl.claims.estimands import MARGINS, SpreadByTasks, SpreadOverSeeds, YieldOfMasks
from wssl.claims.statistics import BestAgainstBest
from wssl.paper import BEST, FROZEN_BLOCKS
from wssl.records.store import Record

World = Callable[[Arm, bool], tuple[float, float]]
"""The truth: what an arm adds to the scores by SSIM and by PSNR, on its own or on unseen images."""

KERNEL = 0.1
"""Width of the kernel that smooths recorded noise, in its standard deviations."""

BASE_SSIM, BASE_PSNR = 0.8, 24.0
"""The scores of an arm to which a world adds nothing."""


@dataclass(frozen=True)
class Noise:
    """The residuals of recorded runs, from which noise is drawn without a fitted distribution.

    Every table has two columns, of the score by SSIM (a logarithm) and of PSNR in dB.

    Attributes
    ----------
    runs : dict of str to numpy.ndarray of float, (values, 2)
        By `Arm.noise`: how far a run is from the mean of its arm and the effect of its seed.
    seeds : numpy.ndarray of float, (values, 2)
        What all runs of a seed have in common.
    phases : numpy.ndarray of float, (values, 2)
        Differences between runs that share a pretext phase or a random start.
    images : dict of str to numpy.ndarray of float, (images, 2)
        By the same: the dissimilarity of a test image in multiples of the mean, and its PSNR
        less the mean, in the same order for all.
    """

    runs: dict[str, np.ndarray]
    seeds: np.ndarray
    phases: np.ndarray
    images: dict[str, np.ndarray]

    @classmethod
    def of(cls, campaign: Campaign) -> "Noise":
        """The noise of the runs of a campaign, from the arms with at least three seeds.

        Parameters
        ----------
        campaign : Campaign
            `Campaign.converged`, or with the runs that diverged.

        Raises
        ------
        ValueError
            If a class of arms has no run that is repeated.
        """
        layouts: dict[Any, list[tuple[Arm, dict[int, Record]]]] = {}
        starts: dict[Any, list[tuple[Arm, dict[int, Record]]]] = {}
        for arm, runs in campaign.runs.items():
            if len(runs) < 3 or campaign.is_fill(arm):
                continue
            scale = arm.width, arm.budget
            starts.setdefault((arm.phase, scale), []).append((arm, runs))
            if arm.loss == "mix" and arm.blocks == FROZEN_BLOCKS:
                layouts.setdefault((arm.noise, scale), []).append((arm, runs))
        pools: dict[str, list[np.ndarray]] = {}
        seeds = []
        for (noise, _), members in layouts.items():
            residuals, effects = _two_way(members)
            pools.setdefault(noise, []).append(residuals)
            seeds.append(effects)
        phases = [
            _two_way(members, own=False)[0] for members in starts.values() if len(members) > 2
        ]
        missing = {"sharpness", "other pretext", "no frozen features", "other method"} - set(pools)
        if missing or not sum(map(len, phases)) or not sum(map(len, seeds)):
            lacking = sorted(missing) or ["several losses, or of five arms of one class"]
            raise ValueError(
                "campaign: expected runs with at least three seeds of each class of arms, of "
                "several losses and of five arms of one class; received none of "
                f"{', '.join(lacking)}."
            )
        return cls(
            {noise: _centred(np.concatenate(found)) for noise, found in pools.items()},
            _centred(np.concatenate(seeds)),
            _centred(np.concatenate(phases)),
            _profiles(layouts),
        )

    def calm(self) -> "Noise":
        """The same noise if every pretext phase had learned its tasks as well as the others."""
        return replace(self, runs={**self.runs, "sharpness": self.runs["other pretext"]})


def _scores(record: Record) -> tuple[float, float]:
    return -float(np.log(1 - record["metrics"]["ssim"])), float(record["metrics"]["psnr"])


def _two_way(
    members: Sequence[tuple[Arm, dict[int, Record]]], *, own: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Residuals (values, 2) and effects of seeds (seeds, 2), scaled to the spread they stem from.

    Each run is the level of its arm and the effect of its seed, by least squares, and a residual.
    Effects are those of the seeds of at least five arms: the mean of few would be more noise than
    effect. Where arms and seeds leave no degree of freedom, the residuals are the deviations from
    the arms' means with `own`, else none.
    """
    seeds = sorted({seed for _, runs in members for seed in runs})
    arms = len(members)
    cells = [
        (arm, arms + seeds.index(seed), _scores(run))
        for arm, (_, runs) in enumerate(members)
        for seed, run in runs.items()
    ]
    columns = np.zeros((len(cells), arms + len(seeds)))
    for row, (arm, seed, _) in enumerate(cells):
        columns[row, [arm, seed]] = 1.0
    values = np.array([scores for *_, scores in cells])
    found, _, rank, _ = np.linalg.lstsq(columns, values, rcond=None)
    freedom, none = len(cells) - rank, np.empty((0, 2))
    if arms == 1 or freedom < 1:
        return np.concatenate([none, *(_deviations(runs) for _, runs in members if own)]), none
    residuals = (values - columns @ found) * np.sqrt(len(cells) / freedom)
    often = columns[:, arms:].sum(axis=0) >= 5
    count = int(often.sum())
    if count < 2 or rank < columns.shape[1] - 1:
        return residuals, none
    return residuals, _centred(found[arms:][often]) * np.sqrt(count / (count - 1))


def _deviations(runs: Mapping[int, Record]) -> np.ndarray:
    """How far the runs of an arm are from their mean, scaled to the spread they stem from."""
    values = np.array([_scores(run) for run in runs.values()])
    return np.asarray((values - values.mean(axis=0)) * np.sqrt(len(values) / (len(values) - 1)))


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=0)


def _profiles(
    layouts: Mapping[Any, Sequence[tuple[Arm, dict[int, Record]]]],
) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for (noise, _), members in layouts.items():
        images = [run["per_image"] for _, runs in members for run in runs.values()]
        lost = 1 - np.mean([image["ssim"] for image in images], axis=0)
        psnr = np.mean([image["psnr"] for image in images], axis=0)
        found.setdefault(noise, np.stack([lost / lost.mean(), psnr - psnr.mean()], axis=1))
    least = min(len(profile) for profile in found.values())
    return {noise: profile[:least] for noise, profile in found.items()}


def simulate(
    world: World,
    noise: Noise,
    rng: np.random.Generator,
    *,
    design: Design | None = None,
    claims: Sequence[Claim] = CLAIMS,
    images: int = 200,
    scale: float = 1.0,
) -> Iterator[Record]:
    """The records of one whole campaign in a world whose truth is known.

    Parameters
    ----------
    world : callable
        ``(arm, unseen) -> (score by SSIM, PSNR)``, added to the scores of a common base.
    noise : Noise
    rng : numpy.random.Generator
    design : Design, optional
    claims : sequence of Claim
        Whose records are made.
    images : int
        Of each test set.
    scale : float
        Of the noise; 0 for none.

    Yields
    ------
    dict
        Runs, pretext phases and evaluations, with what the claims read of them.
    """
    design = design or Design()
    kinds: dict[tuple[Arm, int], set[str]] = {}
    for claim in claims:
        for record, arm, seed, _ in claim.estimand.needs(Campaign([], design)):
            kinds.setdefault((arm, seed), set()).add(record)
    if claims == CLAIMS:
        for arm in CONTROLS:
            for seed in design.many:
                kinds.setdefault((arm, seed), set()).add("run")
    arms = dict.fromkeys(arm for arm, _ in kinds)
    families = Counter((arm.phase, arm.budget) for arm in arms)
    draw = _Draw(noise, rng, scale, {family for family, n in families.items() if n > 1})
    own, other = (rng.integers(_images(noise), size=images) for _ in range(2))
    provenance = {"finished": "2000-01-01T00:00:00+00:00"}
    for number, ((arm, seed), wanted) in enumerate(kinds.items()):
        name = f"{number:015x}"
        experiment = _experiment(arm, seed, design)
        deviation = draw.run(arm, seed)
        yield {
            "kind": "inpainting",
            "experiment": experiment,
            "fingerprint": f"a{name}",
            "scale": _scale(arm, design),
            "pretext": f"b{name}" if arm.pretext else None,
            **_measured(world(arm, False), deviation, noise, arm, own),
            "provenance": provenance,
        }
        if "pretext" in wanted:
            yield {
                "kind": "pretext",
                "experiment": {"pretext": dict(arm.pretext), "seed": seed},
                "fingerprint": f"b{name}",
                "learned": dict.fromkeys(arm.pretext, bool(scale == 0 or rng.random() < 0.8)),
                "confusion": {"sharpness": _confusion(draw.share())},
                "provenance": provenance,
            }
        tests: dict[str, dict[str, Any]] = {
            "own": {},
            "unseen": {"dataset": design.unseen},
            "masks": {"recipe": "qd-imd", "coverage": [0.0, 1.0]},
        }
        for letter, (kind, changes) in zip("cde", tests.items(), strict=True):
            if kind in wanted:
                share = draw.share()
                there = deviation + draw.test(arm)
                yield {
                    "kind": "evaluation",
                    "experiment": {
                        **{key: experiment[key] for key in _TESTED},
                        **changes,
                        "of": experiment,
                    },
                    "fingerprint": f"{letter}{name}",
                    "run": f"a{name}",
                    "terms": {
                        "gradient_log_cosh": share / 0.84,
                        "gradient_ssim": (1 - share) / 0.16,
                    },
                    **_measured(world(arm, kind == "unseen"), there, noise, arm, other),
                    "provenance": provenance,
                }


_TESTED = ("dataset", "masks", "recipe", "coverage")


def _scale(arm: Arm, design: Design) -> dict[str, Any]:
    if arm.method in CLASSICAL:
        return {"size": design.size}
    once = design.end_to_end_steps if arm.end_to_end else design.steps
    return {
        "size": design.size,
        "width": design.channels(arm.width),
        "inpainting_steps": round(arm.budget * once),
    }


def _images(noise: Noise) -> int:
    return len(next(iter(noise.images.values())))


class _Draw:
    """Draws with replacement from recorded noise, shared where runs share what causes it.

    The draws are smoothed by a kernel of a tenth of their spread, so that no two are equal.
    """

    def __init__(
        self, noise: Noise, rng: np.random.Generator, scale: float, families: Collection[Any]
    ):
        self.noise, self.rng, self.scale, self.families = noise, rng, scale, families
        self.shared: dict[Any, np.ndarray] = {}

    def one(self, pool: np.ndarray, key: Any = None) -> np.ndarray:
        """A value of the pool, the same one for the same key."""
        if key is not None and key in self.shared:
            return self.shared[key]
        kernel = KERNEL * pool.std(axis=0) * self.rng.standard_normal(pool.shape[1])
        drawn = pool[self.rng.integers(len(pool))] + kernel
        found = self.scale * drawn / np.sqrt(1 + KERNEL**2)
        if key is not None:
            self.shared[key] = found
        return np.asarray(found)

    def run(self, arm: Arm, seed: int) -> np.ndarray:
        """How a run differs from the mean of its arm."""
        if arm.noise == "none":
            return np.zeros(2)
        found = self.one(self.noise.seeds, ("seed", seed, arm.width))
        pool = self.noise.runs[arm.noise]
        family = arm.phase, arm.budget
        shared = self.one(pool, (*family, seed))
        if family not in self.families:
            return found + shared
        # Later steps add noise too; in total no more than the class of the arm.
        own = np.minimum(1.0, self.noise.phases.var(axis=0) / pool.var(axis=0))
        alone = self.one(self.noise.phases / self.noise.phases.std(axis=0)) * pool.std(axis=0)
        return found + np.sqrt(1 - own) * shared + np.sqrt(own) * alone

    def test(self, arm: Arm) -> np.ndarray:
        """What an evaluation on other images adds."""
        return np.zeros(2) if arm.noise == "none" else 0.5 * self.one(self.noise.phases)

    def share(self) -> float:
        """A share around one half, which scatters as much as a dissimilarity does."""
        return float(0.5 + self.one(self.noise.runs["other pretext"])[0])


def _experiment(arm: Arm, seed: int, design: Design) -> dict[str, Any]:
    return {
        "pretext": dict(arm.pretext),
        "loss": arm.loss,
        "alpha": 0.84,
        "a": 1.0,
        "encoder": arm.encoder,
        "frozen_blocks": list(arm.blocks),
        "method": arm.method,
        "dataset": design.dataset,
        "masks": design.masks,
        "recipe": design.recipe,
        "coverage": list(design.coverage),
        "split": "test",
        "seed": seed,
    }


def _measured(
    truth: tuple[float, float],
    deviation: np.ndarray,
    noise: Noise,
    arm: Arm,
    chosen: np.ndarray,
) -> dict[str, Any]:
    """The metrics of a run and of each of its test images."""
    known = noise.images.get(arm.noise, next(iter(noise.images.values())))[chosen]
    lost = (1 - BASE_SSIM) * np.exp(-(truth[0] + deviation[0])) * known[:, 0]
    psnr = BASE_PSNR + truth[1] + deviation[1] + known[:, 1]
    values = {
        "ssim": 1 - lost,
        "psnr": psnr,
        "ms_ssim": 1 - 0.5 * lost,
        "gmsd": 0.5 * lost,
        "st_lpips": lost,
    }
    return {
        "metrics": {name: float(found.mean()) for name, found in values.items()},
        "per_image": {
            "coverage": _coverage(chosen),
            **values,
        },
    }


def _coverage(chosen: np.ndarray) -> np.ndarray:
    """Of the masks of some test images, so that three fifths are in the paper's range."""
    return 0.21 + 0.05 * (chosen % 5)


def _confusion(right: float) -> list[list[float]]:
    table = np.zeros((4, 4))
    table[2:, 2:] = [[right, 1 - right], [1 - right, right]]
    return (1000 * table).tolist()


def truths(
    world: World, claims: Sequence[Claim], noise: Noise, design: Design | None = None
) -> dict[str, float]:
    """The true effect of each claim in a world.

    Parameters
    ----------
    world : callable
    claims : sequence of Claim
    noise : Noise
        Enters the truth of the paper's steadiness alone: the spread of single runs over weightings.
    design : Design, optional

    Returns
    -------
    dict of str to float
    """
    flat = replace(noise, images=dict.fromkeys(noise.images, np.array([[1.0, 0.0]])))
    rng = np.random.default_rng(0)
    exact = list(simulate(world, flat, rng, design=design, claims=claims, images=2, scale=0.0))
    campaign = Campaign(exact, design)
    found = {}
    for claim in claims:
        estimand = claim.estimand
        if isinstance(estimand, SpreadByTasks | SpreadOverSeeds):
            found[claim.key] = _expected_spread(estimand, claim, world, flat, design)
        elif isinstance(estimand, YieldOfMasks):
            found[claim.key] = float(np.mean(_coverage(np.arange(_images(noise))) >= 0.3)) - 0.05
        else:
            found[claim.key] = estimand.estimate(campaign).value
    return found


def _expected_spread(
    estimand: SpreadByTasks | SpreadOverSeeds,
    claim: Claim,
    world: World,
    noise: Noise,
    design: Design | None,
    studies: int = 300,
) -> float:
    """The truth of a claim about spread, to which noise belongs: from the mean of many studies."""
    rng = np.random.default_rng(1)
    parts = []
    for _ in range(studies):
        records = simulate(world, noise, rng, design=design, claims=[claim], images=2)
        campaign = Campaign(records, design)
        found = estimand.estimate(campaign)
        pairs = found.pairs[0] if isinstance(found, BestAgainstBest) else (found,)
        parts.append([part.value for part in pairs])
    return float(np.mean(parts, axis=0).min())


def nothing(arm: Arm, unseen: bool) -> tuple[float, float]:
    """No arm differs from another.

    Parameters
    ----------
    arm : Arm
    unseen : bool
    """
    return 0.0, 0.0


def better(multiple: float) -> World:
    """The paper's best weighting is better than all else by a multiple of the margin.

    Parameters
    ----------
    multiple : float
    """

    def world(arm: Arm, unseen: bool) -> tuple[float, float]:
        chosen = arm.noise == "sharpness" and dict(arm.pretext) == BEST and arm.loss == "mix"
        chosen = chosen and arm.blocks == FROZEN_BLOCKS
        return multiple * MARGINS["ratio"] * chosen, multiple * MARGINS["dB"] * chosen

    return world


def spread(multiple: float) -> World:
    """Weightings differ within their sets, with a multiple of the margin as standard deviation.

    Parameters
    ----------
    multiple : float
    """
    offsets = {}
    for arms in (*PAIRS.values(), TRIPLES):
        places = np.linspace(-1, 1, len(arms))
        for arm, place in zip(arms, places / places.std(ddof=1), strict=True):
            offsets[arm.key] = multiple * MARGINS["SD"] * float(place)

    def world(arm: Arm, unseen: bool) -> tuple[float, float]:
        added = offsets.get(arm.key, 0.0) if arm.width == NARROW else 0.0
        return added, 4 * added

    return world


def recorded(campaign: Campaign) -> World:
    """Every arm has the mean of its recorded runs, on unseen images as on its own.

    Parameters
    ----------
    campaign : Campaign
        Arms without runs, and classical fills, are as good as the common base.
    """
    base = np.array([-np.log(1 - BASE_SSIM), BASE_PSNR])
    averages = {
        arm: np.mean([_scores(run) for run in runs.values()], axis=0) - base
        for arm, runs in campaign.runs.items()
        if not campaign.is_fill(arm)
    }

    def world(arm: Arm, unseen: bool) -> tuple[float, float]:
        added = averages.get(arm)
        return (0.0, 0.0) if added is None else (float(added[0]), float(added[1]))

    return world


def characteristics(
    world: World,
    noise: Noise,
    *,
    studies: int = 1000,
    seed: int = 0,
    design: Design | None = None,
    claims: Sequence[Claim] = CLAIMS,
) -> dict[str, Any]:
    """The error rates of verdicts and the coverage of intervals in many studies of one world.

    Parameters
    ----------
    world : callable
    noise : Noise
    studies, seed : int
    design : Design, optional
    claims : sequence of Claim

    Returns
    -------
    dict
        ``any wrong``: the share of studies with a wrong verdict anywhere; ``wrong``: the share of
        wrong ones among all verdicts; ``claims``: for each its true effect, the coverage of its
        95 % interval and of the adjusted one, its mean half-width, and the share of each outcome.
    """
    rng = np.random.default_rng(seed)
    truth = truths(world, claims, noise, design)
    names = ("estimated", "covered", "adjusted", "width", "wrong")
    counts = {claim.key: dict.fromkeys(names, 0.0) for claim in claims}
    outcomes: dict[str, dict[str, int]] = {c.key: {} for c in claims}
    any_wrong = 0
    for _ in range(studies):
        records = simulate(world, noise, rng, design=design, claims=claims)
        wrong_here = False
        for verdict in judge(records, design, claims):
            key = verdict.claim.key
            assert verdict.effect is not None, f"the simulation lacks records of {key}"
            low, high = verdict.interval()
            true = truth[key]
            if np.isfinite(high - low):
                counts[key]["estimated"] += 1
                counts[key]["covered"] += low <= true <= high
                counts[key]["adjusted"] += verdict.low <= true <= verdict.high
                counts[key]["width"] += (high - low) / 2
            wrong = is_wrong(verdict.outcome, true, verdict.margin)
            counts[key]["wrong"] += wrong
            wrong_here |= wrong
            outcomes[key][verdict.outcome] = outcomes[key].get(verdict.outcome, 0) + 1
        any_wrong += wrong_here
    return {
        "studies": studies,
        "any wrong": any_wrong / studies,
        "wrong": sum(c["wrong"] for c in counts.values()) / studies / len(claims),
        "claims": {
            key: {
                "truth": truth[key],
                **{
                    name: found[name] / max(1.0, found["estimated"])
                    for name in ("covered", "adjusted", "width")
                },
                "wrong": found["wrong"] / studies,
                "outcomes": {k: n / studies for k, n in sorted(outcomes[key].items())},
            }
            for key, found in counts.items()
        },
    }


def summary(
    campaign: Campaign,
    *,
    studies: int = 400,
    claims: Sequence[Claim] = CLAIMS,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """The operating characteristics that the book prints, as a JSON value.

    Parameters
    ----------
    campaign : Campaign
        Whose noise is used, and whose means as one of the worlds. Both are without the runs that
        diverged, which belong to a noise of their own.
    studies : int
        For each world and noise.
    claims : sequence of Claim
    progress : callable
        Called with one line for each world.

    Returns
    -------
    dict
        ``worlds``: the share of studies with a wrong verdict, by noise and world; ``claims``: the
        least coverage and the greatest share of wrong verdicts in any of them; ``power``: for each
        primary claim the share of studies in which it is found to hold, by the true effect in
        multiples of the margin, and at zero the share in which equivalence is found.
    """
    noise, design = Noise.of(campaign.converged), campaign.design
    noises = {"recorded": noise, "every task learned": noise.calm()}
    if campaign.converged is not campaign:
        noises["with runs that diverged"] = Noise.of(campaign)
    worlds: dict[str, World] = {
        "nothing differs": nothing,
        "as recorded": recorded(campaign.converged),
        "best weighting worse by 1 margin": better(-1),
        **{f"best weighting better by {k} margins": better(k) for k in MULTIPLES},
        **{f"weightings differ by {k} margins": spread(k) for k in MULTIPLES},
    }
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name, kind in noises.items():
        for world, truth in worlds.items():
            progress(f"{name}: {world}")
            found[name, world] = characteristics(
                truth, kind, studies=studies, seed=len(found), design=design, claims=claims
            )
    primary = [claim.key for claim in claims if claim.primary is not None]
    power: dict[str, dict[str, dict[str, float]]] = {}
    for name in noises:
        for key in primary:
            changes = "weightings differ" if key == "weights-matter" else "best weighting better"
            shares = {"0": found[name, "nothing differs"]["claims"][key]["outcomes"].get(SAME, 0.0)}
            for k in MULTIPLES:
                outcomes = found[name, f"{changes} by {k} margins"]["claims"][key]["outcomes"]
                shares[str(k)] = outcomes.get(HOLDS, 0.0)
            power.setdefault(name, {})[key] = shares
    return {
        "records": "the registered campaign",
        "studies": studies,
        "level": LEVEL,
        "runs": sum(map(len, campaign.runs.values())),
        "spread": {
            name: [round(float(v), 4) for v in pool.std(axis=0)]
            for name, pool in sorted(noise.runs.items())
        },
        "worlds": {
            name: {
                world: {
                    "any wrong": found[name, world]["any wrong"],
                    "wrong": round(found[name, world]["wrong"], 5),
                }
                for world in worlds
            }
            for name in noises
        },
        "claims": {
            claim.key: {
                "covered": round(min(f["claims"][claim.key]["covered"] for f in found.values()), 4),
                "covered on average": round(
                    float(np.mean([f["claims"][claim.key]["covered"] for f in found.values()])), 4
                ),
                "wrong": round(max(f["claims"][claim.key]["wrong"] for f in found.values()), 4),
                "half-width": {
                    name: round(found[name, "nothing differs"]["claims"][claim.key]["width"], 4)
                    for name in noises
                },
            }
            for claim in claims
        },
        "power": power,
    }


MULTIPLES = (1, 2, 4)
"""The true effects for which power is given, in margins."""
