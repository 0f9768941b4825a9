"""How near each convolution of the U-Net comes to the machine's best by itself.

Each ratio is the arithmetic rate of a layer's convolution and of its two gradients, on random
tensors and nothing else, over that of a product of two 2048 x 2048 float32 matrices. The efficiency
that `training.py` measures is lower, because there the time between the convolutions counts, too:
of activations, pooling, losses, the optimiser and drawing the images.
With the threads of a run of the study, one by default.
"""

from collections.abc import Callable, Iterator
from statistics import median

import wssl  # noqa: F401  # isort: skip  before TensorFlow is loaded: it fixes the threads
import tensorflow as tf
from table import Row
from timing import main, timed
from training import MATRIX, matrix_product

from wssl.machine.backend import keras
from wssl.methods import unet
from wssl.presets import Preset

TURNS = 20


def measure(scale: Preset) -> Iterator[Row]:
    """Yield a row per shape of convolution, and one for all layers together."""
    product = timed(matrix_product())
    best = 2 * MATRIX**3 / _median(product)
    work = seconds = 0.0
    for layers in _alike(unet(scale.size, scale.width, 0)).values():
        first = layers[0]
        done, took = _rate(first, scale.inpainting_batch)
        work, seconds = work + done * len(layers), seconds + took * len(layers)
        shape = f"{first.output.shape[1]} px, {first.input.shape[-1]} to {first.filters} channels"
        times = f", {len(layers)} layers" if len(layers) > 1 else ""
        yield Row(f"{shape}{times}: convolution / matrix product, FLOP/s", done / took / best, "")
    yield Row(
        "all layers: convolutions / matrix product, FLOP/s", work / seconds / best, "at least 0.75"
    )


def _alike(network: keras.Model) -> dict[tuple[int, ...], list[keras.layers.Conv2D]]:
    """The convolutions of a network by size, channels and kernel."""
    found: dict[tuple[int, ...], list[keras.layers.Conv2D]] = {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            key = (layer.output.shape[1], layer.input.shape[-1], layer.filters, *layer.kernel_size)
            found.setdefault(key, []).append(layer)
    return found


def _rate(layer: keras.layers.Conv2D, batch: int) -> tuple[float, float]:
    """Operations of a layer's convolution and its two gradients, and the seconds they take."""
    size, channels = layer.output.shape[1], layer.input.shape[-1]
    images = tf.random.normal((batch, size, size, channels), seed=0)
    errors = tf.random.normal((batch, size, size, layer.filters), seed=1)
    kernel = tf.random.normal(layer.kernel.shape, seed=2)
    steps = {"strides": [1, 1, 1, 1], "padding": "SAME"}

    @tf.function
    def forward() -> tf.Tensor:
        return tf.raw_ops.Conv2D(input=images, filter=kernel, **steps)

    @tf.function
    def by_kernel() -> tf.Tensor:
        sizes = {"filter_sizes": kernel.shape, "out_backprop": errors}
        return tf.raw_ops.Conv2DBackpropFilter(input=images, **sizes, **steps)

    @tf.function
    def by_images() -> tf.Tensor:
        sizes = {"input_sizes": images.shape, "out_backprop": errors}
        return tf.raw_ops.Conv2DBackpropInput(filter=kernel, **sizes, **steps)

    each = [
        _median(timed(lambda f=f: float(f()[0, 0, 0, 0]))) for f in (forward, by_kernel, by_images)
    ]
    return 3 * 2.0 * batch * size**2 * int(tf.size(kernel)), sum(each)


def _median(timer: Callable[[], float]) -> float:
    """The median of some turns, after two to warm up."""
    return median([timer() for _ in range(TURNS + 2)][2:])


if __name__ == "__main__":
    main(measure, "Convolutions by themselves")
