"""Verdicts follow the evidence: fabricated records in, the expected outcomes out."""

import numpy as np
import pytest

from wssl import paper
from wssl.claims import COUNTS, FAILS, HOLDS, OPEN, TESTS, Evidence, verdicts
from wssl.claims.verdicts import ALPHAS, BEST

OWN = {
    "preset": "smoke",
    "dataset": "synthetic",
    "masks": "synthetic",
    "recipe": "dense",
    "coverage": [0.3, 0.5],
}
NORMAL = {
    "pretext": BEST,
    "loss": "mix",
    "alpha": 0.84,
    "a": 1.0,
    "encoder": "frozen",
    "frozen_blocks": [1, 2, 3, 4, 5],
    "settings": {},
    "method": "wssl",
    **OWN,
}
UNSEEN = [
    {**OWN, "dataset": "photos"},
    {**OWN, "masks": "quickdraw"},
    {**OWN, "recipe": "qd-imd", "coverage": [0.0, 1.0]},
]
ROWS = [row.pretext for number in (1, 2, 3) for row in paper.TABLES[number]]
CONFIGURATIONS = [
    *({"pretext": weights} for weights in ROWS),
    *({"encoder": name, "pretext": {}} for name in ("random", "scratch")),
    {"encoder": "finetuned"},
    *({"loss": loss} for loss in ("log_cosh", "ssim", "mse")),
    *({"alpha": alpha} for alpha in ALPHAS if alpha != 0.84),
    *({"method": method} for method in ("shift_net", "pic")),
]
SEEDS = 8


def fabricate(noise=1e-5, seeds=SEEDS, change=lambda experiment: 0.0, share=0.5, told=0.5, hits=0):
    """Records of the whole study in which every run has the same score, but for what is given.

    `change` is added to the SSIM of an experiment, fifty times of it to its PSNR.
    """
    rng = np.random.default_rng(0)
    for number, configuration in enumerate(CONFIGURATIONS):
        for seed in range(seeds):
            experiment = {**NORMAL, **configuration, "seed": seed}
            ssim = 0.8 + change(experiment) + noise * rng.normal()
            run = f"{number}/{seed}"
            yield {
                "kind": "inpainting",
                "fingerprint": run,
                "experiment": experiment,
                "metrics": {"ssim": ssim, "psnr": 50 * ssim},
            }
            for place, test in enumerate([OWN, *UNSEEN]):
                score = ssim - 0.1 * (place > 0) + noise * rng.normal()
                metrics = {"ssim": score + change({**experiment, **test})}
                yield {
                    "kind": "evaluation",
                    "fingerprint": f"{run}/{place}",
                    "experiment": {"of": experiment, **test},
                    "run": run,
                    "metrics": metrics,
                    "terms": {
                        "gradient_log_cosh": (share + noise * rng.normal()) / 0.84,
                        "gradient_ssim": (1 - share) / 0.16,
                    },
                    "per_image": {"coverage": [0.4] * hits + [0.05] * (400 - hits)},
                }
    for seed in range(seeds):
        right = 1000 * (told + 100 * noise * rng.normal())
        block = [[right, 1000 - right], [1000 - right, right]]
        matrix = np.zeros((4, 4))
        matrix[2:, 2:] = block
        yield {
            "kind": "pretext",
            "fingerprint": f"pretext/{seed}",
            "experiment": {"pretext": {"sharpness": 1.0}, "seed": seed},
            "metrics": {},
            "confusion": {"sharpness": matrix.tolist()},
        }


def outcomes(**settings):
    return {verdict.claim.key: verdict.outcome for verdict in verdicts(fabricate(**settings))}


def where(**settings):
    def matches(experiment):
        return all(experiment[name] == value for name, value in settings.items())

    return matches


def is_best(experiment):
    return all(experiment[name] == value for name, value in NORMAL.items())


def tasks(count):
    return lambda experiment: (
        experiment["encoder"] == "frozen" and len(experiment["pretext"]) == count
    )


def on_unseen(experiment):
    differs = any(experiment[name] != OWN[name] for name in OWN)
    return differs and experiment["encoder"] == "frozen"


def of_pair(first, second, sign):
    def change(experiment):
        weights = experiment["pretext"]
        return sign * 0.05 * weights[first] if set(weights) == {first, second} else 0.0

    return change


def raised(matches, by=0.05):
    return lambda experiment: by * bool(matches(experiment))


TRUE = {
    "features": {"change": raised(where(encoder="random"), -0.05)},
    "supervised": {"change": raised(where(encoder="scratch"), -0.05)},
    "freezing": {"change": raised(where(encoder="finetuned"), -0.05)},
    "unseen": {"change": raised(on_unseen)},
    "robust": {"change": raised(on_unseen)},
    "rotation-best": {"change": raised(where(pretext={"rotation": 1.0}))},
    "shapes-needed": {"change": raised(lambda e: "rotation" in e["pretext"])},
    "sharpness-levels": {"told": 0.9},
    "weights-matter": {
        "change": lambda e: 0.05 * e["pretext"].get("rotation", 0) * (len(e["pretext"]) > 1)
    },
    "rotation-saturation": {"change": of_pair("rotation", "saturation", 1)},
    "rotation-sharpness": {"change": of_pair("rotation", "sharpness", -1)},
    "saturation-sharpness": {"change": of_pair("sharpness", "saturation", 1)},
    "best-weights": {"change": raised(is_best)},
    "two-tasks": {"change": raised(tasks(1), -0.05)},
    "three-tasks": {"change": raised(tasks(3))},
    "best-triple": {"change": raised(where(pretext=ROWS[-1]))},
    "mix-log-cosh-ssim": {"change": raised(where(loss="log_cosh"), -0.05)},
    "mix-log-cosh-psnr": {"change": raised(where(loss="log_cosh"), -0.05)},
    "mix-ssim-ssim": {"change": raised(where(loss="ssim"), -0.05)},
    "mix-ssim-psnr": {"change": raised(where(loss="ssim"), -0.05)},
    "ssim-for-ssim": {"change": raised(where(loss="ssim"))},
    "log-cosh-for-psnr": {"change": raised(where(loss="log_cosh"))},
    "alpha": {"change": raised(is_best)},
    "both-terms": {"share": 0.5},
    "log-cosh-mse": {"change": raised(where(loss="mse"), -0.05)},
    "shift-net": {"change": raised(where(method="shift_net"), -0.05)},
    "pic": {"change": raised(where(method="pic"), -0.05)},
    "pic-psnr": {"change": raised(where(method="pic"), -0.05)},
    "masks": {"hits": 200},
}
"""For each claim, a world in which it is plainly true."""

FALSE = {
    **{
        key: {"change": lambda e, change=world["change"]: -change(e)}
        for key, world in TRUE.items()
        if "change" in world
    },
    "weights-matter": {},
    "sharpness-levels": {"told": 0.5},
    "both-terms": {"share": 0.05},
    "masks": {"hits": 0},
}
"""And one in which it is plainly false."""


def test_every_claim_has_its_test_and_its_worlds():
    keys = [claim.key for claim in paper.CLAIMS]
    assert len(set(keys)) == len(keys)
    assert set(keys) == set(TESTS) == set(TRUE) | {"steadier"}


@pytest.mark.parametrize("key", TRUE)
def test_a_claim_that_plainly_holds(key):
    assert outcomes(**TRUE[key])[key] == HOLDS


@pytest.mark.parametrize("key", FALSE)
def test_a_claim_that_plainly_fails(key):
    assert outcomes(**FALSE[key])[key] == FAILS


@pytest.mark.parametrize("key", sorted(set(TRUE) - {"masks", "both-terms"}))
def test_a_claim_that_is_too_noisy_to_tell(key):
    assert outcomes(noise=0.1, seeds=2, **TRUE[key])[key] == OPEN


def test_an_effect_too_small_to_count_is_none():
    small = COUNTS["SSIM"] / 4
    assert outcomes(change=raised(where(encoder="random"), -small))["features"] == FAILS
    assert outcomes(change=raised(where(encoder="random"), -8 * small))["features"] == HOLDS


@pytest.mark.parametrize(("factor", "outcome"), [(300.0, HOLDS), (1.0, FAILS), (0.0, FAILS)])
def test_results_that_become_steadier(factor, outcome):
    rng = np.random.default_rng(1)

    def jitter(experiment):
        return 1e-4 * rng.normal() * (factor if tasks(1)(experiment) else 1.0)

    assert outcomes(change=jitter, seeds=12)["steadier"] == outcome


@pytest.mark.parametrize("seeds", [0, 1])
def test_without_repeats_nothing_can_be_told(seeds):
    found = verdicts(fabricate(seeds=seeds, change=TRUE["supervised"]["change"]))
    repeated = [v for v in found if v.claim.key != "masks"]
    assert {verdict.outcome for verdict in repeated} == {OPEN}
    for verdict in repeated:
        assert verdict.finding.repeats == ("1 seed" if seeds else "no run")
        assert np.isnan(verdict.finding.low)


def test_a_missing_configuration_is_named():
    records = [r for r in fabricate() if r["experiment"].get("encoder") != "random"]
    (verdict,) = [v for v in verdicts(records) if v.claim.key == "features"]
    assert verdict.outcome == OPEN
    assert verdict.finding.compared == "no run with encoder random"


def test_a_false_alarm_is_rare_over_all_claims():
    """In a world without any effect or bound, chance alone must not decide claims."""
    decided = 0
    for seed in range(20):
        rng = np.random.default_rng([7, seed])
        found = outcomes(noise=0.0, seeds=4, change=lambda _: 0.01 * rng.normal(), told=0.5)  # noqa: B023
        decided += any(found[key] == HOLDS for key in set(TRUE) - {"both-terms"})
    assert decided <= 3


def test_smaller_holes_say_nothing_of_robustness():
    def easier(experiment):
        return 0.3 * (experiment["coverage"] != OWN["coverage"])

    (verdict,) = [v for v in verdicts(fabricate(change=easier)) if v.claim.key == "robust"]
    assert verdict.finding.effect == pytest.approx(0.0, abs=1e-4)


def test_records_of_different_data_are_not_mixed():
    records = list(fabricate(seeds=2))
    records[0]["experiment"]["dataset"] = "photos"
    with pytest.raises(ValueError, match="expected those of one dataset; received photos, synth"):
        verdicts(records)


def test_a_record_given_twice_counts_once():
    records = list(fabricate(seeds=3))
    assert len(Evidence([*records, *records]).values()) == 3
    assert verdicts([*records, *records])[0].finding == verdicts(records)[0].finding


def test_the_papers_own_effects():
    """Recomputed from its tables by hand."""
    found = {verdict.claim.key: verdict.in_paper for verdict in verdicts([])}
    expected = {
        "rotation-best": 0.9608 - 0.9596,
        "best-weights": 0.9692 - 0.9685,
        "best-triple": 0.9685 - 0.9667,
        "mix-log-cosh-psnr": 31.38 - 29.46,
        "mix-ssim-psnr": 31.38 - 28.90,
        "shift-net": 0.9692 - 0.7878,
        "pic": 0.9692 - 0.9434,
        "two-tasks": 0.95993 - 0.94950,
        "three-tasks": 0.96620 - 0.95993,
    }
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, abs=2e-5)
    slope = np.polyfit([0.9, 0.7, 0.5, 0.3, 0.1], [0.9616, 0.9628, 0.9631, 0.9359, 0.9380], 1)[0]
    assert found["rotation-saturation"] == pytest.approx(0.8 * slope)
    for unreported in ("features", "supervised", "unseen", "alpha", "log-cosh-mse"):
        assert np.isnan(found[unreported])
