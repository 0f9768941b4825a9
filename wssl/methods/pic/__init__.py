"""PIC: a network that draws many fills for a hole, and its training."""

from wssl.methods.pic.network import discriminator, pic, pic_sampler, posterior, samples
from wssl.methods.pic.phase import PicPhase

__all__ = ["PicPhase", "discriminator", "pic", "pic_sampler", "posterior", "samples"]
