"""The study's two phases as most people would write them, and how much faster ours are.

A `tf.data` pipeline maps each image through `tf.image` and Pillow, the U-Net is the usual one, and
`model.fit` trains it. The networks, the losses, the optimiser and the batches' sizes are ours, and
so are the images: arrays in memory, already loaded. What differs is how they are put together.
"""

import time
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf
import training as ours
from keras import layers
from PIL import Image, ImageEnhance
from table import Row
from timing import main, random_images, random_masks, take_turns

from wssl.presets import Preset

LEVELS = [0.0, 0.25, 0.75, 1.0]
BLOCK = 10
TURNS = 5


def measure(scale: Preset) -> Iterator[Row]:
    """Yield a row for each phase."""
    images, masks = random_images(scale), random_masks(scale)
    for tasks in (["saturation"], list(ours.TASKS)):
        model = compile_pretext(
            encoder(scale.size, scale.width), tasks, scale.inpainting_learning_rate
        )
        dataset = pretext_dataset(images, tasks, scale.size, scale.inpainting_batch)
        name = f"pretext phase, {len(tasks)} task{'s' * (len(tasks) > 1)}"
        yield _row(name, scale, *ours.pretext(scale, tasks)[:2], model, dataset)
    model = compile_inpainting(encoder(scale.size, scale.width), scale.inpainting_learning_rate)
    dataset = inpainting_dataset(images, masks, scale.size, scale.inpainting_batch)
    yield _row("inpainting phase", scale, *ours.inpainting(scale)[:2], model, dataset)


def encoder(size: int, width: int) -> keras.Model:
    """Five blocks of two convolutions and a pooling."""
    x = inputs = layers.Input((size, size, 3))
    for block in range(5):
        x = layers.Conv2D(width * 2**block, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(width * 2**block, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return keras.Model(inputs, x)


def compile_pretext(body: keras.Model, tasks: Sequence[str], learning_rate: float) -> keras.Model:
    """The encoder with a classification head for each task, ready for `fit`."""
    pooled = layers.GlobalAveragePooling2D()(body.output)
    model = keras.Model(body.input, {task: layers.Dense(4, name=task)(pooled) for task in tasks})
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss={task: keras.losses.SparseCategoricalCrossentropy(from_logits=True) for task in tasks},
        loss_weights={task: 1 / len(tasks) for task in tasks},
    )
    return model


def compile_inpainting(body: keras.Model, learning_rate: float) -> keras.Model:
    """A U-Net on the frozen encoder, ready for `fit`."""
    body.trainable = False
    convolutions = [layer for layer in body.layers if isinstance(layer, layers.Conv2D)]
    x = body.output
    for skip in reversed([layer.output for layer in convolutions[1::2]]):
        channels = skip.shape[-1]
        x = layers.Conv2DTranspose(channels, 2, strides=2)(x)
        x = layers.Concatenate()([x, skip])
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    model = keras.Model(body.input, layers.Conv2D(3, 1, activation="sigmoid")(x))
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=mixed_loss)
    return model


def mixed_loss(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """0.84 of log-cosh and 0.16 of SSIM."""
    log_cosh = tf.reduce_mean(keras.losses.log_cosh(y_true, y_pred))
    ssim = tf.reduce_mean(tf.image.ssim(y_true, y_pred, max_val=1.0))
    return 0.84 * log_cosh + 0.16 * (1.0 - ssim)


def pretext_dataset(
    images: np.ndarray, tasks: Sequence[str], size: int, batch: int
) -> tf.data.Dataset:
    """Random crops, transformed image by image, with a label for each task."""

    def enhance(image: np.ndarray, saturation: np.float32, sharpness: np.float32) -> np.ndarray:
        picture = Image.fromarray(image)
        if "saturation" in tasks:
            picture = ImageEnhance.Color(picture).enhance(float(saturation))
        if "sharpness" in tasks:
            picture = ImageEnhance.Sharpness(picture).enhance(float(sharpness))
        return np.asarray(picture)

    def example(image: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        labels = {task: tf.random.uniform((), 0, 4, tf.int32) for task in tasks}
        image = tf.image.random_crop(image, (size, size, 3))
        if "rotation" in tasks:
            image = tf.image.rot90(image, labels["rotation"])
        levels = [tf.gather(LEVELS, labels.get(task, 3)) for task in ("saturation", "sharpness")]
        image = tf.numpy_function(enhance, [image, *levels], tf.uint8)
        image = tf.ensure_shape(image, (size, size, 3))
        return tf.cast(image, tf.float32) / 255.0, labels

    dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images)).repeat()
    dataset = dataset.map(example, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.batch(batch).prefetch(tf.data.AUTOTUNE)


def inpainting_dataset(
    images: np.ndarray, masks: np.ndarray, size: int, batch: int
) -> tf.data.Dataset:
    """Random crops, masked image by image, with the crops themselves."""

    def example(image: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.cast(tf.image.random_crop(image, (size, size, 3)), tf.float32) / 255.0
        return tf.where(mask[..., None], 0.0, image), image

    pictures = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images)).repeat()
    holes = tf.data.Dataset.from_tensor_slices(masks).shuffle(len(masks)).repeat()
    dataset = tf.data.Dataset.zip((pictures, holes))
    dataset = dataset.map(example, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.batch(batch).prefetch(tf.data.AUTOTUNE)


class _Clock(keras.callbacks.Callback):
    """Takes the time at the end of each step."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.ends.append(time.perf_counter())


def fit(model: keras.Model, dataset: tf.data.Dataset, steps: int) -> float:
    """Seconds of `steps` steps of `model.fit`, after as many that fill the pipeline."""
    clock = _Clock()
    model.fit(dataset, steps_per_epoch=2 * steps, epochs=1, verbose=0, callbacks=[clock])
    return clock.ends[-1] - clock.ends[steps - 1]


def _row(
    name: str,
    scale: Preset,
    phase: keras.Model,
    batches: ours.Callable[[int], ours.Batch],
    model: keras.Model,
    dataset: tf.data.Dataset,
) -> Row:
    others = {"naive": lambda: fit(model, dataset, BLOCK)}
    seconds = take_turns(phase, batches, others, scale, turns=TURNS, block=BLOCK)
    return Row(f"{name}: images/s, ours / naive", seconds["naive"] / seconds["full"], "above 1")


if __name__ == "__main__":
    main(measure, "Against benchmarks/naive.py")
