import keras
import numpy as np
import pytest

from wssl.methods.adversarial import discriminator_loss, generator_loss
from wssl.methods.shift_net import ShiftNetPhase, patch_discriminator, shift_net
from wssl.runs import training


def shift_net_phase(width=2, seed=0):
    return ShiftNetPhase(shift_net(32, width, seed), patch_discriminator(32, width, seed))


@pytest.fixture
def batch(rng):
    coarse = rng.integers(0, 256, (8, 4, 4, 3)).astype("float32")
    images = keras.ops.convert_to_numpy(keras.ops.image.resize(coarse, (32, 32)))
    masks = np.zeros((8, 32, 32), dtype=bool)
    for mask, (top, left) in zip(masks, rng.integers(0, 16, (8, 2)), strict=True):
        mask[top : top + 16, left : left + 20] = True
    return {"images": images.astype("uint8"), "masks": masks}


def train(phase, drawn, path, steps, learning_rate=1e-3):
    return training.train(
        phase,
        drawn,
        training.Training(steps, len(drawn(0)["masks"]), learning_rate),
        title="inpainting, shift_net",
        checkpoint=path,
    )


def l1_in_the_holes(phase, batch):
    outputs = phase(batch)
    difference = np.abs(np.asarray(outputs["restored"]) - np.asarray(outputs["images"]))
    return difference[batch["masks"]].mean()


def test_the_holes_of_a_few_images_are_learned_by_heart(batch, tmp_path):
    phase = shift_net_phase(width=4)
    before = l1_in_the_holes(phase, batch)
    train(phase, lambda step: batch, tmp_path / "c.npz", 60, learning_rate=5e-3)
    assert l1_in_the_holes(phase, batch) < before / 2
    assert phase.optimizer.beta_1 == 0.5


def test_a_checkpoint_goes_on_to_the_same_numbers(batch, tmp_path, eager):
    path = tmp_path / "c.npz"

    def drawn(step):
        return {name: values[2 * step : 2 * step + 2] for name, values in batch.items()}

    whole, stopped, resumed = shift_net_phase(), shift_net_phase(), shift_net_phase(seed=1)
    expected = train(whole, drawn, tmp_path / "whole.npz", 4)["history"]
    train(stopped, drawn, path, 2)
    assert train(resumed, drawn, path, 4)["history"] == expected
    for ours, theirs in zip(resumed.models, whole.models, strict=True):
        weights = zip(ours.get_weights(), theirs.get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in weights)
    moments = zip(resumed.optimizer.variables, whole.optimizer.variables, strict=True)
    assert all(np.array_equal(a, b) for a, b in moments)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="others have one order")
def test_three_gradients_are_added_in_one_order_however_often_the_step_has_run(batch, tmp_path):
    """After some tens of steps TensorFlow's default executor runs cheap operations sooner."""
    found = []
    for name in ("first", "second", "third"):
        phase = shift_net_phase()
        train(phase, lambda step: batch, tmp_path / f"{name}.npz", 130)
        found.append(phase.network.get_weights())
    for weights in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], weights, strict=True))


def test_the_phase_learns_the_weights_of_its_two_models_and_no_others():
    phase = shift_net_phase()
    assert phase.models == [phase.network, phase.discriminator]
    learned = [id(v) for v in phase.trainable_variables]
    expected = [id(v) for model in phase.models for v in model.trainable_variables]
    assert sorted(learned) == sorted(expected)
    assert len(set(learned)) == len(learned)


def test_only_the_guide_sees_the_hole(batch):
    phase = shift_net_phase()
    other = batch["images"].copy()
    other[batch["masks"]] = 255 - other[batch["masks"]]
    first, second = phase(batch), phase({**batch, "images": other})
    for name in ("restored", "decoded", "hole"):
        np.testing.assert_array_equal(np.asarray(first[name]), np.asarray(second[name]))
    assert not np.array_equal(np.asarray(first["guide"]), np.asarray(second["guide"]))


def test_the_guide_is_the_encoder_feature_of_the_whole_image(batch, gradients):
    phase = shift_net_phase()
    whole = np.float32(batch["images"]) / 255
    encoded = keras.Model(phase.network.inputs, phase.network.get_layer("encoder3_output").output)(
        [whole, np.zeros((8, 32, 32, 1), "float32")]
    )
    outputs = phase(batch)
    np.testing.assert_allclose(np.asarray(outputs["guide"]), np.asarray(encoded), atol=1e-4)
    learned = phase.network.trainable_variables
    assert not any(
        np.any(g) for g in gradients(lambda: keras.ops.sum(phase(batch)["guide"]), learned)
    )


def test_guidance_counts_the_hole_only(batch):
    phase = shift_net_phase()
    outputs = phase(batch)
    hole = batch["masks"].reshape(8, 4, 8, 4, 8).mean(axis=(2, 4)) >= 5 / 16
    difference = np.asarray(outputs["decoded"]) - np.asarray(outputs["guide"])
    expected = (difference[hole] ** 2).sum() / difference.size
    assert 0 < hole.mean() < 1
    assert float(phase.terms(outputs)["guidance"]) == pytest.approx(expected, rel=1e-4)
    nothing = {**batch, "masks": np.zeros_like(batch["masks"])}
    assert float(phase.terms(phase(nothing))["guidance"]) == 0


def test_the_loss_weighs_its_terms_as_published(batch):
    phase = shift_net_phase()
    outputs = phase(batch)
    terms = phase.terms(outputs)
    originals = np.float32(batch["images"]) / 127.5 - 1
    restored = np.asarray(outputs["restored"])
    l1 = np.abs(originals - (2 * restored - 1)).mean(dtype="float64")
    assert float(terms["l1"]) == pytest.approx(l1, rel=1e-4)
    adversarial = generator_loss(phase.discriminator, restored)
    own = discriminator_loss(phase.discriminator, outputs["images"], restored)
    expected = terms["l1"] + 0.01 * terms["guidance"] + 0.002 * adversarial + own
    assert float(phase.loss_of(batch, outputs)) == pytest.approx(float(expected), rel=1e-4)
