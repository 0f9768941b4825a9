"""The training of Shift-Net. Source: Yan et al. 2018, doi:10.1007/978-3-030-01264-9_1, section 3.

Its loss is L1 over the whole image, in units of [-1, 1], plus 0.01 times guidance, plus 0.002 times
the adversarial loss.
"""

from collections.abc import Mapping

from wssl.backend import keras, ops
from wssl.models import patch_discriminator
from wssl.phases.adversarial import discriminator_loss, generator_loss
from wssl.phases.phase import Batch, Phase, Tensor, blacken, examples

GUIDANCE, ADVERSARIAL = 0.01, 0.002


class ShiftNetPhase(Phase):
    """Teaches a Shift-Net to restore images, against a discriminator that learns along with it.

    Called on a batch ``{"images": uint8 (B, S, S, 3), "masks": bool (B, S, S)}`` (True = hole), or
    one that is cropped as `examples` says, it blackens the holes and returns a dict: ``images`` and
    ``restored``, float (B, S, S, 3) in [0, 1], and, of the level where features are shifted,
    ``decoded`` (the decoder's of the masked image), ``guide`` (the encoder's of the whole image, a
    constant), float (B, S / 8, S / 8, C), and ``hole``, bool (B, S / 8, S / 8, 1).

    Parameters
    ----------
    network : keras.Model
        As from `wssl.models.shift_net`.
    discriminator : keras.Model
        Images -> logits, as from `wssl.models.shift_net.patch_discriminator`.
    """

    adam: Mapping[str, float] = {"beta_1": 0.5}

    def __init__(self, network: keras.Model, discriminator: keras.Model):
        super().__init__(network, "shift_net_phase")
        self.discriminator = discriminator
        decoded, encoded, hole = network.get_layer("shift").input
        self.restore = keras.Model(network.inputs, [network.output, decoded, hole])
        self.encode = keras.Model(network.inputs, encoded)

    @classmethod
    def of(cls, network: keras.Model, size: int, width: int, seed: int) -> "ShiftNetPhase":
        """The phase of a network, with a discriminator of the same scale."""
        return cls(network, patch_discriminator(size, width, seed))

    @property
    def models(self) -> list[keras.Model]:
        """The network and its discriminator."""
        return [self.network, self.discriminator]

    def call(self, batch: Batch) -> dict[str, Tensor]:
        """Return the images, the restored images and the features that guide."""
        drawn = examples(batch, self.size)
        images = ops.cast(drawn["images"], "float32") / 255.0
        masks = ops.cast(ops.expand_dims(drawn["masks"], -1), "float32")
        restored, decoded, hole = self.restore([blacken(images, drawn["masks"]), masks])
        guide = ops.stop_gradient(self.encode([images, ops.zeros_like(masks)]))
        return {
            "images": images,
            "restored": ops.cast(restored, "float32"),
            "decoded": ops.cast(decoded, "float32"),
            "guide": ops.cast(guide, "float32"),
            "hole": hole,
        }

    def terms(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The terms of the loss without their weights, each a scalar.

        Returns
        -------
        dict
            ``l1``; ``guidance``, the mean over all places, hole or not, of what the features
            differ by in the hole, squared; ``adversarial``, the generator's part;
            ``discriminator``, the discriminator's own loss.
        """
        images, restored = outputs["images"], outputs["restored"]
        missed = ops.where(outputs["hole"], outputs["decoded"] - outputs["guide"], 0.0)
        return {
            "l1": 2.0 * ops.mean(ops.abs(images - restored)),
            "guidance": ops.mean(ops.square(missed)),
            "adversarial": generator_loss(self.discriminator, restored),
            "discriminator": discriminator_loss(self.discriminator, images, restored),
        }

    def loss_of(self, batch: Batch, outputs: Mapping[str, Tensor]) -> Tensor:
        """Return the network's loss plus the discriminator's, a scalar."""
        terms = self.terms(outputs)
        return (
            terms["l1"]
            + GUIDANCE * terms["guidance"]
            + ADVERSARIAL * terms["adversarial"]
            + terms["discriminator"]
        )
