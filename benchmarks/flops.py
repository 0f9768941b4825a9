"""How much arithmetic a training step needs."""

import numpy as np

from wssl.machine.backend import keras


def convolution_flops(network: keras.Model) -> int:
    """Operations of the convolutions of one training step, for one image.

    Walks the layers in order and keeps, for each tensor, how many of its channels need a gradient.
    """
    total, learned = 0, {id(network.input): 0}
    for layer in network.layers[1:]:
        needed = sum(learned[id(tensor)] for tensor in keras.tree.flatten(layer.input))
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
            transposed = isinstance(layer, keras.layers.Conv2DTranspose)
            grid = layer.input if transposed else layer.output
            forward = 2 * int(np.prod(layer.kernel.shape)) * grid.shape[1] * grid.shape[2]
            total += forward * (1 + layer.trainable)
            total += forward * needed // layer.input.shape[-1]
            needed = layer.filters if layer.trainable or needed else 0
        learned[id(layer.output)] = needed
    return total
