"""Worlds in which a claim is plainly true, and noise that no record is needed for."""

import numpy as np

from wssl.claims.campaign import CLASSICAL
from wssl.claims.characteristics import Noise, simulate, spread
from wssl.paper import BEST, FROZEN_BLOCKS


def toy_noise(size=40):
    """Skewed noise of a hundredth, in four classes, and images of unequal difficulty."""
    rng = np.random.default_rng(5)

    def pool(deviation):
        drawn = rng.gamma(4.0, 1.0, (size, 2)) - 4.0
        drawn = deviation * drawn / 2.0
        return (drawn - drawn.mean(axis=0)) * [1.0, 5.0]

    lost = rng.uniform(0.5, 1.5, size)
    images = np.stack([lost / lost.mean(), rng.normal(0, 2, size)], axis=1)
    images[:, 1] -= images[:, 1].mean()
    classes = {"sharpness": 0.02, "other pretext": 0.01, "no frozen features": 0.01}
    classes["other method"] = 0.01
    return Noise(
        {name: pool(deviation) for name, deviation in classes.items()},
        pool(0.01),
        pool(0.005),
        dict.fromkeys(classes, images),
    )


NOISE = toy_noise()


def raised(matches, by=0.3):
    """A world in which some arms are better, by a ratio of dissimilarities and four times in dB."""

    def world(arm, unseen):
        size = by * float(matches(arm, unseen))
        return size, 4 * size

    return world


def of_pair(first, second, sign):
    def size(arm, unseen):
        return sign * arm.pretext[first] if set(arm.pretext) == {first, second} else 0.0

    return raised(size)


def tasks(count):
    return lambda arm, unseen: arm.encoder == "frozen" and len(arm.pretext) == count


def best(arm, unseen):
    return arm.method == "wssl" and arm.encoder == "frozen" and dict(arm.pretext) == BEST


def parts(encoder, budget=1.0):
    def matches(arm, unseen):
        return arm.encoder == encoder and arm.budget == budget and arm.loss in ("ssim", "log_cosh")

    return raised(matches, -0.3)


def encoder(name, by, unseen_only=False, blocks=FROZEN_BLOCKS):
    def matches(arm, unseen):
        chosen = arm.method == "wssl" and arm.encoder == name and arm.blocks == blocks
        return chosen and (unseen or not unseen_only)

    return raised(matches, by)


def loss(name, by):
    return raised(lambda arm, unseen: arm.loss == name, by)


def single(task, by):
    return raised(lambda arm, unseen: dict(arm.pretext) == {task: 1.0}, by)


METHODS = raised(lambda arm, unseen: arm.method in ("shift_net", "pic"), -0.3)
THREE, ONE, DEEP = (1, 2, 3), (1,), (3, 4, 5)
FROZEN_PART = {
    blocks: raised(lambda a, u, b=blocks: a.encoder == "frozen" and a.blocks == b, -0.3)
    for blocks in (THREE, ONE)
}
UNSEEN_SCRATCH = encoder("scratch", -0.3, unseen_only=True)

TRUE = {
    "supervised": encoder("scratch", -0.3),
    "weights-matter": spread(10),
    "features": encoder("random", -0.3),
    "methods": METHODS,
    "mix": parts("frozen"),
    "combination": raised(
        lambda a, u: a.noise in ("sharpness", "other pretext") and len(a.pretext) > 1
    ),
    "features-psnr": encoder("random", -0.3),
    "features-learned": encoder("random", -0.3),
    "finetuned": encoder("finetuned", 0.3),
    "rotation-best": single("rotation", 0.3),
    "sharpness-worst": single("sharpness", -0.3),
    "shapes-needed": raised(lambda a, u: "rotation" in a.pretext and len(a.pretext) == 2),
    "rotation-saturation": of_pair("rotation", "saturation", 1),
    "rotation-sharpness": of_pair("rotation", "sharpness", -1),
    "saturation-sharpness": of_pair("sharpness", "saturation", 1),
    "best-weights": raised(best),
    "best-triple": raised(lambda a, u: a.pretext.get("sharpness") == 0.4),
    "two-tasks": raised(tasks(1), -0.3),
    "three-tasks": raised(tasks(3)),
    "freezing": encoder("finetuned", -0.3),
    "first-three": FROZEN_PART[THREE],
    "first-one": FROZEN_PART[ONE],
    "deep-features": encoder("random", -0.3, blocks=DEEP),
    "mix-psnr": parts("frozen"),
    "ssim-for-ssim": loss("ssim", 0.3),
    "log-cosh-for-psnr": loss("log_cosh", 0.3),
    "log-cosh-mse": loss("mse", -0.3),
    "mix-end-to-end": parts("scratch"),
    "mix-longer": parts("scratch", 4.0),
    "appeal-ms-ssim": parts("frozen"),
    "appeal-gmsd": parts("frozen"),
    "appeal-st-lpips": parts("frozen"),
    "methods-psnr": METHODS,
    "classical": raised(lambda a, u: a.method in CLASSICAL, -0.3),
    "unseen": UNSEEN_SCRATCH,
    "unseen-features": encoder("random", -0.3, unseen_only=True),
    "robust": UNSEEN_SCRATCH,
    "robust-points": UNSEEN_SCRATCH,
    "robust-psnr": UNSEEN_SCRATCH,
}
"""For each claim about scores, a world in which it is plainly true."""


def opposite(world):
    return lambda arm, unseen: tuple(-value for value in world(arm, unseen))


def study(world, *, scale=0.3, seed=0, images=40, **settings):
    """The records of a campaign with little noise."""
    rng = np.random.default_rng(seed)
    return list(simulate(world, NOISE, rng, scale=scale, images=images, **settings))
