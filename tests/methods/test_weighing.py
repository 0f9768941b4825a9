import keras
import numpy as np
import pytest

from wssl.methods import OBJECTIVES, unet
from wssl.methods.weighing import ASYMMETRY, GradNorm, RandomWeights, Uncertainty

ONES = {"rotation": 1.0, "saturation": 1.0}
FOUND = [name for name, objective in OBJECTIVES.items() if objective.finds_weights]
RATE = 0.1


def numpy_of(value):
    return keras.ops.convert_to_numpy(value)


@pytest.fixture
def batch(rng):
    return {
        "images": rng.integers(0, 256, (6, 32, 32, 3)).astype("uint8"),
        "labels": {task: np.arange(6, dtype="int32") % 4 for task in ONES},
    }


def crossed(logits, labels):
    """Cross-entropies and softmax, from the definitions."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return -np.log(shares[np.arange(len(labels)), labels]), shares


def step(phase, batch):
    """One step of plain gradient descent, at `RATE`."""
    phase.compile(optimizer=keras.optimizers.SGD(RATE), run_eagerly=True)
    return float(phase.train_on_batch(batch))


def test_random_weights_are_a_softmax_of_normal_numbers(batch):
    phase = RandomWeights.of(unet(32, 2), ONES, 0)
    drawn = phase.add_random_inputs(batch, np.random.default_rng(5))
    normal = np.random.default_rng(5).standard_normal(2)
    expected = np.exp(normal) / np.exp(normal).sum()
    np.testing.assert_allclose(drawn["weights"], np.tile(expected, (6, 1)), rtol=1e-6)
    assert "weights" not in batch
    logits = phase(drawn)
    losses = [crossed(numpy_of(logits[t]), batch["labels"][t])[0].mean() for t in ONES]
    assert float(phase.loss_of(drawn, logits)) == pytest.approx(expected @ losses, rel=1e-4)
    assert phase.found_weights() == {}


def test_uncertainty_learns_variances_by_the_gradient_of_its_loss(batch):
    phase = Uncertainty.of(unet(32, 2), ONES, 0)
    phase.log_variances.assign([0.5, -1.0])
    logits = phase(batch)
    losses = np.array([crossed(numpy_of(logits[t]), batch["labels"][t])[0].mean() for t in ONES])
    before = np.array([0.5, -1.0])
    expected = np.exp(-before) @ losses + before.sum() / 2
    assert step(phase, batch) == pytest.approx(expected, rel=1e-4)
    gradient = 0.5 - np.exp(-before) * losses
    np.testing.assert_allclose(
        numpy_of(phase.log_variances), before - RATE * gradient, rtol=1e-4, atol=1e-5
    )
    assert phase.found_weights() == pytest.approx(
        dict(zip(ONES, np.exp(-(before - RATE * gradient)), strict=True)), rel=1e-4
    )


def test_gradient_norms_are_those_at_the_pooled_features(batch, gradients):
    phase = GradNorm.of(unet(32, 2), ONES, 0)
    norms = numpy_of(phase.gradient_norms(batch, phase(batch)))
    body = keras.Model(phase.network.inputs, phase.network.get_layer("pooled").output)
    shown = numpy_of(body(phase.shown(_transformed(batch))))
    features = keras.Variable(shown)
    for task, norm in zip(ONES, norms, strict=True):
        head = phase.network.get_layer(task)

        def loss(head=head, task=task):
            logits = keras.ops.matmul(features, head.kernel) + head.bias
            return keras.ops.mean(
                keras.losses.sparse_categorical_crossentropy(
                    batch["labels"][task], logits, from_logits=True
                )
            )

        (slope,) = gradients(loss, [features])
        assert norm == pytest.approx(np.linalg.norm(slope), rel=1e-3)


def _transformed(batch):
    from wssl import pretext

    images = batch["images"].astype("float32") / 255
    return pretext.transform(images, batch["labels"])


def test_gradnorm_moves_its_weights_as_computed_by_hand(batch):
    phase = GradNorm.of(unet(32, 2), ONES, 0)
    before = np.array([1.6, 0.4])
    phase.balance.assign(before)
    logits = {task: numpy_of(values) for task, values in phase(batch).items()}
    losses, norms = [], []
    for task in ONES:
        labels = batch["labels"][task]
        values, shares = crossed(logits[task], labels)
        losses.append(values.mean())
        slopes = (shares - np.eye(4)[labels]) / 6
        kernel = numpy_of(phase.network.get_layer(task).kernel)
        norms.append(np.sqrt(((slopes @ kernel.T) ** 2).sum()))
    losses, norms = np.array(losses), np.array(norms)
    ratios = losses / np.log(4)
    target = (before * norms).mean() * (ratios / ratios.mean()) ** ASYMMETRY
    distance = before * norms - target
    assert np.abs(distance).min() > 1e-4 * norms.max()
    expected_loss = before @ losses + np.abs(distance).sum()
    assert step(phase, batch) == pytest.approx(expected_loss, rel=1e-4)
    moved = before - RATE * np.sign(distance) * norms
    expected = 2 * moved / moved.sum()
    np.testing.assert_allclose(numpy_of(phase.balance), expected, rtol=1e-4)
    assert phase.found_weights() == pytest.approx(dict(zip(ONES, expected, strict=True)), rel=1e-4)


def test_the_network_goes_down_the_weighted_loss_alone(batch, gradients):
    phase = GradNorm.of(unet(32, 2), ONES, 0)
    phase.balance.assign([1.6, 0.4])
    variables = phase.network.trainable_variables
    found = gradients(lambda: phase.loss_of(batch, phase(batch)), variables)

    def weighted():
        losses = phase.task_losses(batch, phase(batch))
        return 1.6 * losses["rotation"] + 0.4 * losses["saturation"]

    for own, expected in zip(found, gradients(weighted, variables), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", FOUND)
def test_what_is_learned_of_the_weights_is_in_the_state(name):
    phase, other = (OBJECTIVES[name].phase(unet(32, 2), ONES, 0) for _ in range(2))
    learned = {id(v) for v in phase.trainable_variables} - {
        id(v) for v in phase.network.trainable_variables
    }
    assert learned <= {id(v) for v in phase.state}
    assert len(learned) == (name != "random_weights")
    for variable in phase.coefficients.values():
        variable.assign(variable + 0.25)
    other.become(phase)
    assert other.found_weights() == phase.found_weights()
