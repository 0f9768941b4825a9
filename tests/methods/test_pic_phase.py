import os
import shutil

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from wssl.methods.adversarial import least_squares
from wssl.methods.pic.network import pic
from wssl.methods.pic.phase import WEIGHTS, PicPhase, distance, divergence, expected_deviation
from wssl.runs import training

under_tensorflow = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND") == "jax",
    reason="JAX compiles each operation of a step, a minute long; the run of PIC in "
    "test_execution.py trains under both",
)


@pytest.fixture
def batch(rng):
    """Images that run between four colours, and a hole in each."""
    down, right = np.meshgrid(*2 * [np.linspace(0, 1, 32)], indexing="ij")
    shares = np.stack(
        [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
    )
    images = np.einsum("khw,nkc->nhwc", shares, rng.choice([20, 235], size=(8, 4, 3)))
    masks = np.zeros((8, 32, 32), dtype=bool)
    for mask, (top, left) in zip(masks, rng.integers(0, 14, (8, 2)), strict=True):
        mask[top : top + 18, left : left + 18] = True
    return {"images": np.rint(images).astype("uint8"), "masks": masks}


@pytest.fixture(scope="module")
def phase():
    """Of a network that nobody trains."""
    return PicPhase(pic(32, 2))


def complete(phase, batch, step=0):
    return phase.add_random_inputs(batch, np.random.default_rng([0, step]))


def train(phase, drawn, path, steps, learning_rate=1e-3):
    return training.train(
        phase,
        drawn,
        training.Training(steps, len(drawn(0)["masks"]), learning_rate),
        title="inpainting, pic",
        checkpoint=path,
    )


@pytest.mark.slow
def test_the_holes_of_a_few_images_are_learned_by_heart(batch, tmp_path):
    phase = PicPhase.of(pic(32, 4), 32, 4, 0)
    batch = {name: values[:4] for name, values in batch.items()}

    def l1_in_the_holes():
        originals = np.float32(batch["images"]) / 255
        masks = np.float32(batch["masks"][..., None])
        restored = np.asarray(phase.network([originals, masks]))
        return np.abs(restored - originals)[batch["masks"]].mean()

    before = l1_in_the_holes()
    drawn = lambda step: complete(phase, batch, step)  # noqa: E731
    train(phase, drawn, tmp_path / "c.npz", 80, learning_rate=3e-3)
    assert l1_in_the_holes() < before / 2
    assert (phase.optimizer.beta_1, phase.optimizer.beta_2) == (0.0, 0.999)


@under_tensorflow
def test_a_checkpoint_goes_on_to_the_same_numbers(batch, tmp_path, monkeypatch, eager):
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    stopped = tmp_path / "after one step.npz"
    whole, resumed = (PicPhase(pic(32, 2, seed), seed) for seed in (0, 1))

    def drawn(step):
        if step == 1 and not stopped.exists():
            shutil.copy(tmp_path / "whole.npz", stopped)
        part = {name: values[2 * step : 2 * step + 2] for name, values in batch.items()}
        return complete(whole, part, step)

    expected = train(whole, drawn, tmp_path / "whole.npz", 2)
    assert [step for step, _ in expected["history"]] == [1, 2]
    assert train(resumed, drawn, stopped, 2)["history"] == expected["history"]
    for ours, theirs in zip(resumed.models, whole.models, strict=True):
        weights = zip(ours.get_weights(), theirs.get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in weights)


def test_a_step_moves_every_vector_of_the_spectral_normalisation(batch, tmp_path, eager):
    phase = PicPhase(pic(32, 4))
    given = complete(phase, batch)
    before = [model.get_weights() for model in phase.models]
    phase(given)
    for ours, theirs in zip(before, phase.models, strict=True):
        for old, new in zip(ours, theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
    train(phase, lambda step: given, tmp_path / "c.npz", 1)
    for ours, model in zip(before, phase.models, strict=True):
        moved = {
            variable.path: not np.array_equal(old, variable.numpy())
            for old, variable in zip(ours, model.weights, strict=True)
            if not variable.trainable and variable.shape[0] > 1
        }
        assert moved
        assert all(moved.values()), moved


def test_the_phase_learns_the_weights_of_its_models_and_no_others(phase):
    learned = [id(v) for v in phase.trainable_variables]
    expected = [id(v) for model in phase.models for v in model.trainable_variables]
    assert sorted(learned) == sorted(expected)
    assert len(set(learned)) == len(learned)


def test_the_noise_is_a_function_of_the_step_alone(phase, batch):
    first, again, other = (complete(phase, batch, step)["noise"] for step in (0, 0, 1))
    assert first.shape == (8, 2, 1, 1, 4)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert "noise" not in batch


def test_only_the_reconstructive_path_sees_the_hole(phase, batch):
    other = np.where(batch["masks"][..., None], 255 - batch["images"], batch["images"])
    given = complete(phase, batch)
    first, second = phase(given), phase({**given, "images": other})
    for name, same in (
        ("generated", True),
        ("prior", True),
        ("reconstructed", False),
        ("posterior", False),
    ):
        pairs = zip(first[name], second[name], strict=True)
        assert all(np.array_equal(a, b) == same for a, b in pairs), name


def test_each_path_takes_its_own_noise(phase, batch):
    given = complete(phase, batch)
    outputs = phase(given)
    for path, (own, others) in enumerate([("generated", "reconstructed")] * 2):
        own, others = (own, others) if path == 0 else (others, own)
        noise = given["noise"].copy()
        noise[:, path] += 1
        changed = phase({**given, "noise": noise})
        assert not np.array_equal(changed[own][-1], outputs[own][-1])
        np.testing.assert_array_equal(changed[others][-1], outputs[others][-1])


def test_the_generative_path_without_noise_is_the_network(phase, batch):
    given = {**batch, "noise": np.zeros((8, 2, 1, 1, 4), dtype="float32")}
    known = np.float32(~batch["masks"][..., None])
    restored = phase.network([np.float32(batch["images"]) / 255 * known, 1 - known])
    generated = (np.asarray(phase(given)["generated"][-1]) + 1) / 2
    np.testing.assert_allclose(generated, np.asarray(restored), atol=1e-4)


@under_tensorflow
def test_which_term_teaches_what(phase, batch, gradients):
    network = phase.network
    parts = {name: network.get_layer(name) for name in ("encoder", "prior", "generator")}
    parts |= {model.name: model for model in phase.models[1:]}
    learned = {name: part.trainable_variables for name, part in parts.items()}
    given = complete(phase, batch)

    def taught(term):
        found = gradients(lambda: phase.terms(phase(given))[term], learned)
        return {name for name, slopes in found.items() if any(map(np.any, slopes))}

    paths = {"encoder", "prior", "generator", "posterior"}
    assert {term: taught(term) for term in WEIGHTS} == {
        "posterior": {"encoder", "posterior"},
        "prior": {"encoder", "prior"},
        "distance": paths,
        "adversarial": paths,
        "discriminators": {"judge_generated", "judge_reconstructed"},
    }


def test_the_terms_and_their_weights(phase, batch):
    given = complete(phase, batch)
    outputs = phase(given)
    generated, reconstructed = outputs["generated"], outputs["reconstructed"]
    terms = {name: float(value) for name, value in phase.terms(outputs).items()}
    originals = np.float32(batch["images"]) / 127.5 - 1
    known = ~batch["masks"][..., None]
    np.testing.assert_allclose(np.asarray(outputs["images"]), originals, atol=1e-5)
    expected = 0
    for scale, whole, part in zip((8, 4, 2, 1), reconstructed, generated, strict=True):
        small, share = averaged(originals, scale), averaged(known, scale)
        expected += np.abs(np.asarray(whole) - small).mean()
        expected += (share * np.abs(np.asarray(part) - small)).mean()
    assert terms["distance"] == pytest.approx(expected, rel=1e-4)

    one, two = phase.judge_generated, phase.judge_reconstructed
    difference = np.asarray(two(reconstructed[-1])) - np.asarray(two(originals))
    as_if_real = float(least_squares(one(generated[-1]), True))
    assert terms["adversarial"] == pytest.approx(as_if_real + (difference**2).mean(), rel=1e-3)
    weighted = sum(weight * terms[name] for name, weight in WEIGHTS.items())
    assert WEIGHTS["posterior"] == WEIGHTS["prior"] == 80
    assert float(phase.loss_of(given, outputs)) == pytest.approx(weighted, rel=1e-3)


def averaged(images, scale):
    rows = [images[:, i::scale, j::scale] for i in range(scale) for j in range(scale)]
    return np.mean(rows, axis=0, dtype="float32")


def test_the_distance_counts_known_pixels_by_their_share():
    images, restored = np.zeros((1, 4, 4, 3), "float32"), np.ones((1, 2, 2, 3), "float32")
    known = np.zeros((1, 4, 4, 1), "float32")
    known[0, :2, :2], known[0, 0, 2] = 1, 1
    assert float(distance(images, restored, 2)) == 1
    assert float(distance(images, restored, 2, known)) == pytest.approx((1 + 1 / 4) / 4)


@pytest.mark.parametrize("first", [(0.0, 1.0), (-0.4, 0.3)])
@pytest.mark.parametrize("second", [(0.0, 1.0), (1.1, 0.7), (0.5, 2.5)])
def test_the_divergence_is_the_integral_that_defines_it(first, second):
    p, q = stats.norm(*first), stats.norm(*second)
    span = first[0] - 12 * first[1], first[0] + 12 * first[1]
    expected, _ = quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), *span, points=[first[0]])
    moments = [np.float32(m) for m in (first, second)]
    assert float(divergence(*moments)) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_the_divergence_is_a_mean_over_elements(rng):
    means, deviations = rng.normal(size=(2, 3, 4)), rng.random((2, 3, 4)) + 0.5
    each = [
        float(divergence((m, d), (n, e)))
        for m, d, n, e in zip(
            *(x.ravel() for x in (means[0], deviations[0], means[1], deviations[1])), strict=True
        )
    ]
    whole = divergence((means[0], deviations[0]), (means[1], deviations[1]))
    assert float(whole) == pytest.approx(np.mean(each), rel=1e-5)


@pytest.mark.parametrize(
    ("share", "deviation"), [(0.8, 1 / 2), (1.0, 0.1680), (0.0, 0.99834), (0.55, 0.8808)]
)
def test_the_expected_deviation_grows_with_the_hole(share, deviation):
    known = np.full((2, 20, 20, 1), 0, dtype="float32")
    known.reshape(2, 400)[0, : round(400 * share)] = 1
    given = np.asarray(expected_deviation(known))
    assert given.shape == (2, 1, 1, 1)
    assert given[0] == pytest.approx(deviation, rel=1e-3)
    assert given[1] == pytest.approx(0.99834, rel=1e-3)
