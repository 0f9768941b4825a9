"""What a training step costs beyond its arithmetic, and how near that comes to the machine's best.

Two ratios a phase. The *overhead* is the time of a full step (drawing images, corners, labels and
masks on the host, cutting, transforming or masking and learning in the compiled step, and the
bookkeeping of `wssl.runs.training.train`) over that of the bare step: the same network, loss and
optimiser on constant tensors that are already transformed or masked. The *efficiency* is the
arithmetic rate of the full step over that of a product of two 2048 x 2048 float32 matrices. It
counts the convolutions only, two operations per multiplication with addition, forward and for the
gradients that are needed: a frozen layer has no gradient for its weights, and where no layer before
an input learns, that input needs no gradient. Pooling, losses, transforms and the optimiser count
as no work at all. Both sides have the threads of a run of the study, one by default.
"""

from collections.abc import Callable, Iterator
from typing import Any

import wssl  # noqa: F401  # isort: skip  before TensorFlow is loaded: it fixes the threads
import tensorflow as tf
from flops import convolution_flops
from table import Row
from timing import (
    classes,
    inpainting_phase,
    main,
    pretext_phase,
    random_images,
    random_masks,
    take_turns,
    timed,
)

from wssl.data.batches import inpainting_batch, pretext_batch
from wssl.machine.backend import keras, ops
from wssl.methods import Batch, gather_examples, mask_out
from wssl.presets import Preset
from wssl.pretext import TASKS, transform

TURNS = 30
MATRIX = 2048
COMPILED = tf.function(jit_compile=bool(keras.distribution.list_devices("gpu")))


def measure(scale: Preset) -> Iterator[Row]:
    """Yield the rows of both phases."""
    for tasks in (["saturation"], list(TASKS)):
        name = f"pretext phase, {len(tasks)} task{'s' * (len(tasks) > 1)}"
        yield from _rows(name, "at most 1.15", scale, *pretext(scale, tasks))
    yield from _rows("inpainting phase, mix loss", "at most 1.10", scale, *inpainting(scale))


def pretext(
    scale: Preset, tasks: list[str]
) -> tuple[keras.Model, Callable[[int], Batch], Callable[[], float]]:
    """The pretext phase, its batches, and its bare step on a phase of its own."""
    images = random_images(scale)

    def batches(step: int) -> Batch:
        return pretext_batch(images, classes(tasks), scale.size, scale.inpainting_batch, 0, step)

    bare, batch = pretext_phase(scale, tasks), batches(0)
    drawn = ops.cast(gather_examples(batch, scale.size)["images"], "float32") / 255
    inputs = transform(drawn, batch["labels"])

    def loss(inputs: tf.Tensor, labels: dict[str, tf.Tensor]) -> tf.Tensor:
        return bare.compute_loss(x={"labels": labels}, y_pred=bare.network(inputs))

    step = bare_step(bare.network, loss, scale, inputs, batch["labels"])
    return pretext_phase(scale, tasks), batches, step


def inpainting(
    scale: Preset,
) -> tuple[keras.Model, Callable[[int], Batch], Callable[[], float]]:
    """The inpainting phase with a frozen encoder, its batches, and its bare step."""
    images, masks = random_images(scale), random_masks(scale)

    def batches(step: int) -> Batch:
        return inpainting_batch(images, masks, scale.size, scale.inpainting_batch, 0, step)

    bare, drawn = inpainting_phase(scale), gather_examples(batches(0), scale.size)
    originals = ops.cast(drawn["images"], "float32") / 255
    masked = mask_out(originals, drawn["masks"])

    def loss(masked: tf.Tensor, originals: tf.Tensor) -> tf.Tensor:
        return bare.compute_loss(y_pred=(originals, bare.network(masked)))

    return inpainting_phase(scale), batches, bare_step(bare.network, loss, scale, masked, originals)


def bare_step(
    network: keras.Model, loss: Callable[..., tf.Tensor], scale: Preset, *inputs: Any
) -> Callable[[], float]:
    """A compiled training step on constant tensors, without Keras' loop around it."""
    optimizer = keras.optimizers.Adam(scale.inpainting_learning_rate)
    optimizer.build(network.trainable_variables)
    inputs = tf.nest.map_structure(tf.convert_to_tensor, inputs)

    # The tensors are arguments, lest the compiler compute ahead what follows from constants alone.
    @COMPILED
    def step(*inputs: Any) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(*inputs)
        optimizer.apply(tape.gradient(value, network.trainable_variables))
        return value

    return lambda: float(step(*inputs))


def matrix_product() -> Callable[[], float]:
    """A compiled product of two square float32 matrices, with one number read back."""
    a, b = tf.random.normal((2, MATRIX, MATRIX), seed=0)
    product = COMPILED(tf.matmul)
    return lambda: float(product(a, b)[0, 0])


def _rows(
    name: str,
    target: str,
    scale: Preset,
    phase: keras.Model,
    batches: Callable[[int], Batch],
    bare: Callable[[], float],
) -> Iterator[Row]:
    others = {"bare": timed(bare), "product": timed(matrix_product())}
    seconds = take_turns(phase, batches, others, scale, turns=TURNS)
    yield Row(f"{name}: full step / bare step, time", seconds["full"] / seconds["bare"], target)
    rate = scale.inpainting_batch * convolution_flops(phase.network) / seconds["full"]
    best = 2 * MATRIX**3 / seconds["product"]
    yield Row(f"{name}: convolutions / matrix product, FLOP/s", rate / best, "at least 0.75")


if __name__ == "__main__":
    main(measure, "Speed of training")
