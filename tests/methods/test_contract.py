"""What a method of one's own has to be, and the errors of one that is not."""

import pytest
from keras import ops

from wssl.experiment import Experiment
from wssl.methods import METHODS, Method, Phase, gather_examples, unet
from wssl.runs.execution import run


class Plain(Phase):
    def __init__(self, network, size, width, seed):
        super().__init__(network, "plain")

    def call(self, batch):
        drawn = gather_examples(batch, self.size)
        images = ops.cast(drawn["images"], "float32") / 255.0
        return images, self.network(self.shown(images, drawn["masks"]))

    def loss_of(self, batch, outputs):
        return ops.mean(ops.abs(outputs[0] - outputs[1]))


class Vector(Plain):
    def loss_of(self, batch, outputs):
        return ops.mean(ops.abs(outputs[0] - outputs[1]), axis=(1, 2, 3))


class Nothing(Plain):
    def loss_of(self, batch, outputs):
        ops.mean(ops.abs(outputs[0] - outputs[1]))


class Forgetful(Plain):
    @property
    def models(self):
        return []


def no_network(size, width, seed):
    unet(size, width, seed)


def no_phase(network, size, width, seed):
    return network


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            {"network": unet, "phase": Vector},
            r"loss_of: .* a scalar from Vector; .* shape \(\d+,\)",
        ),
        ({"network": unet, "phase": Nothing}, "loss_of: .* from Nothing; received a NoneType"),
        ({"network": unet, "phase": Forgetful}, "models: .* from Forgetful; received 0 models"),
        ({"network": unet, "phase": no_phase}, "phase: .* from no_phase; received a Functional"),
        ({"network": no_network}, "network: .* from no_network; received a NoneType"),
    ],
)
def test_what_breaks_the_contract_is_named_before_a_step_is_done(parts, words, registries):
    METHODS["mine"] = Method(**parts)
    with pytest.raises(ValueError, match=words):
        run(
            Experiment(
                preset="smoke", method="mine", encoder="frozen" if len(parts) > 1 else "scratch"
            )
        )


def test_a_phase_that_keeps_it_is_trained(registries):
    METHODS["mine"] = Method(network=unet, phase=Plain)
    assert run(Experiment(preset="smoke", method="mine")).metrics["ssim"] > 0
