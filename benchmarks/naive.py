"""The study's two phases as most people would write them, and how much faster ours are.

A `tf.data` pipeline maps each image through `tf.image` and Pillow, the U-Net is the usual one, and
`model.fit` trains it on all cores, with TensorFlow's defaults. The networks, the losses, the
optimiser and the batches' sizes are ours, and so are the images: arrays in memory, already loaded.
What differs is how they are put together, and that the study trains two runs side by side, with one
thread each. The ratio counts the images of both. The machine needs two cores that are otherwise
idle.

With ``--without-avx512`` a processor that has AVX-512 takes the part of one that has not: our
oneDNN is limited to AVX2, and the naive code computes without it, as is TensorFlow's default there.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image, ImageEnhance
from steps import STEPS, TURNS, WARM_UP, Pace, Side, side_options
from table import Row, parser_of, show
from timing import random_images, random_masks

from wssl.machine.settings import DEFAULTS
from wssl.presets import PRESETS, Preset, preset
from wssl.pretext import TASKS

LEVELS = [0.0, 0.25, 0.75, 1.0]
RUNS = 2


def measure(scale: Preset, without_avx512: bool) -> Iterator[Row]:
    """Yield a row for each phase."""
    defaults: dict[str, str | None] = dict.fromkeys(DEFAULTS)
    theirs = {**defaults, **({"TF_ENABLE_ONEDNN_OPTS": "0"} if without_avx512 else {})}
    settings = {**DEFAULTS, **({"ONEDNN_MAX_CPU_ISA": "AVX2"} if without_avx512 else {})}
    trainer = str(Path(__file__).with_name("steps.py"))
    for tasks in (["saturation"], list(TASKS), []):
        ours = [Side(trainer, scale, tasks, settings) for _ in range(RUNS)]
        naive = Side(__file__, scale, tasks, theirs)
        seconds: dict[str, list[float]] = {"ours": [], "naive": []}
        for _ in range(WARM_UP + TURNS):
            for side in ours:
                side.start()
            seconds["ours"].append(max([side.seconds() for side in ours]))
            naive.start()
            seconds["naive"].append(naive.seconds())
        for side in (*ours, naive):
            side.stop()
        ratio = RUNS * median(seconds["naive"][WARM_UP:]) / median(seconds["ours"][WARM_UP:])
        number = f"{len(tasks)} task{'s' * (len(tasks) > 1)}"
        phase = f"pretext phase, {number}" if tasks else "inpainting phase"
        yield Row(f"{phase}: images/s, ours, {RUNS} runs / naive", ratio, "at least 1.60")


def follow(scale: Preset, tasks: Sequence[str]) -> None:
    """Train a phase of the naive code in turns."""
    body, rate = encoder(scale.size, scale.width), scale.inpainting_learning_rate
    images, batch = random_images(scale), scale.inpainting_batch
    if tasks:
        model = compile_pretext(body, tasks, rate)
        dataset = pretext_dataset(images, tasks, scale.size, batch)
    else:
        model = compile_inpainting(body, rate)
        dataset = inpainting_dataset(images, random_masks(scale), scale.size, batch)
    pace = Pace()
    callback = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: pace(batch))
    model.fit(dataset, steps_per_epoch=STEPS, epochs=1, verbose=0, callbacks=[callback])


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


if __name__ == "__main__":
    if asked := side_options():
        follow(*asked)
    else:
        parser = parser_of("Against benchmarks/naive.py")
        parser.add_argument("--preset", default="desktop", help=f"one of {', '.join(PRESETS)}")
        parser.add_argument("--without-avx512", action="store_true", help="see the module")
        options = parser.parse_args()
        scale = preset(options.preset)
        title = "Against benchmarks/naive.py" + ", without AVX-512" * options.without_avx512
        rows = measure(scale, options.without_avx512)
        show(f"{title}, preset {scale.name}", rows, options.record)
