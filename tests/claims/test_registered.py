"""The claims ask for what the campaign runs, and for nothing else."""

import hashlib

import pytest

from wssl.claims.campaign import Design
from wssl.claims.catalogue import CLAIMS
from wssl.claims.decision import AWAITING, judge
from wssl.experiment import Evaluation, Experiment
from wssl.study import campaign as registered

IMAGES = 4


def metrics(text):
    value = int(hashlib.sha256(text.encode()).hexdigest()[:6], 16) / 16**6
    means = {"ssim": 0.8, "psnr": 24.0, "ms_ssim": 0.9, "gmsd": 0.1, "st_lpips": 0.2}
    return {name: mean * (1 + 0.01 * value) for name, mean in means.items()}


def scored(text):
    means = metrics(text)
    steps = [0.9 + 0.05 * i for i in range(IMAGES)]
    images = {name: [value * step for step in steps] for name, value in means.items()}
    return {"metrics": means, "per_image": {**images, "coverage": [0.4] * IMAGES}}


def records(tasks):
    tasks = list(dict.fromkeys(tasks))
    evaluations = [task for task in tasks if isinstance(task, Evaluation)]
    for experiment in (task for task in tasks if isinstance(task, Experiment)):
        phase = experiment.pretraining
        yield {
            "kind": "inpainting",
            "experiment": experiment.to_dict(),
            "fingerprint": experiment.fingerprint,
            "scale": experiment.hyperparameters(),
            "pretext": phase.fingerprint if phase else None,
            **scored(experiment.fingerprint),
        }
        if phase:
            yield {
                "kind": "pretext",
                "experiment": phase.to_dict(),
                "fingerprint": phase.fingerprint,
                "learned": dict.fromkeys(phase.pretext, True),
                "confusion": {"sharpness": [[1, 0, 0, 0]] * 4},
            }
    for evaluation in evaluations:
        yield {
            "kind": "evaluation",
            "experiment": evaluation.to_dict(),
            "fingerprint": evaluation.fingerprint,
            "run": evaluation.experiment.fingerprint,
            "terms": {"gradient_log_cosh": 1.0, "gradient_ssim": 1.0},
            **scored(evaluation.fingerprint),
        }


@pytest.fixture(scope="module")
def design():
    frozen, scratch = (registered.controls(16, [11])[i] for i in (0, 2))
    return Design(
        dataset=frozen.dataset,
        size=frozen.scale.size,
        narrow=frozen.scale.width,
        wide=registered.WIDE,
        steps=frozen.scale.inpainting_steps,
        end_to_end_steps=scratch.scale.inpainting_steps,
        few=registered.FEW,
        many=registered.MANY,
        unseen=registered.UNSEEN,
    )


def test_the_design_of_the_claims_is_that_of_the_campaign(design):
    assert Design() == design


def test_the_campaign_decides_every_claim(design):
    made = records(task for part in registered.parts().values() for task in part)
    waiting = [v.claim.key for v in judge(made, design) if v.outcome == AWAITING]
    assert waiting == []


def test_the_first_tier_is_enough(design):
    parts = registered.parts()
    made = list(records(task for name in registered.tier_1() for task in parts[name]))
    assert {v.outcome for v in judge(made, design)} & {AWAITING} == set()
    assert len(judge(made, design)) == len(CLAIMS)
