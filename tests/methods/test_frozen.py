from collections import Counter

import keras
import numpy as np
import pytest

from wssl.losses import log_cosh
from wssl.methods import InpaintingPhase, freeze, unet


def convolutions(phase, batch):
    """How many convolutions one step computes, forward and for the gradients."""
    if keras.backend.backend() == "jax":
        import jax

        def loss(trainable, fixed):
            outputs, _ = phase.stateless_call(trainable, fixed, batch)
            return phase.loss_of(batch, outputs)

        variables = phase.trainable_variables, phase.non_trainable_variables
        values = [[variable.value for variable in part] for part in variables]
        text = str(jax.make_jaxpr(jax.grad(loss))(*values))
        return text.count("conv_general_dilated[")
    import tensorflow as tf

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = phase.loss_of(batch, phase(batch))
        return tape.gradient(value, phase.trainable_weights)

    # TensorFlow drops, before it runs a graph, all that its outputs do not hang on.
    graph = step.get_concrete_function().graph
    outputs = [output.op.name for output in graph.outputs]
    run = tf.compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), outputs)
    counts = Counter(node.op for node in run.node)
    kinds = "Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"
    return sum(counts[kind] for kind in kinds)


@pytest.fixture
def batch(rng):
    return {
        "images": rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8),
        "masks": rng.random((2, 32, 32)) < 0.4,
    }


def test_a_frozen_encoder_has_no_backward_pass(batch):
    phases = {name: InpaintingPhase(unet(32, 2), log_cosh) for name in ("frozen", "trained")}
    freeze(phases["frozen"].network)
    kinds = keras.layers.Conv2D, keras.layers.Conv2DTranspose
    learning = {
        name: [isinstance(x, kinds) for x in phase.network.layers if x.trainable].count(True)
        for name, phase in phases.items()
    }
    everything = learning["trained"]
    for name, phase in phases.items():
        phase(batch)
        # The first that learns needs no gradient for its input.
        expected = everything + 2 * learning[name] - 1
        assert (name, convolutions(phase, batch)) == (name, expected)
