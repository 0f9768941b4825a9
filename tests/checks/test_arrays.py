"""What public functions say of images that they cannot take."""

import keras
import numpy as np
import pytest
from keras import ops

from wssl import losses, metrics, pretext
from wssl.checks.arrays import described


def images(*shape, dtype="float32"):
    values = np.random.default_rng(0).random(shape)
    return (values * (255 if dtype == "uint8" else 1)).astype(dtype)


PAIRS = [losses.ssim_loss, losses.log_cosh, losses.mix, losses.mse, losses.l1, losses.terms]
WINDOWED = [losses.ssim_loss, losses.mix, losses.terms]
UINT8 = r": expected float images \(.*\) in \[0, 1\]; received uint8 .* Divide 8-bit images by 255"


@pytest.mark.parametrize("loss", PAIRS)
@pytest.mark.parametrize("name", ["y_true", "y_pred"])
def test_losses_refuse_8_bit_images(loss, name):
    pair = {"y_true": images(2, 16, 16, 3), "y_pred": images(2, 16, 16, 3)}
    with pytest.raises(ValueError, match=name + UINT8):
        loss(**pair | {name: images(2, 16, 16, 3, dtype="uint8")})


@pytest.mark.parametrize("loss", PAIRS)
def test_losses_refuse_images_that_are_not_alike(loss):
    with pytest.raises(ValueError, match=r"y_true, y_pred: .* \(2, 16, 16, 3\) and \(2, 16, 12, 3"):
        loss(images(2, 16, 16, 3), images(2, 16, 12, 3))
    with pytest.raises(ValueError, match=r"y_true: .*shape \(16, 16, 3\).* by image\[None\]"):
        loss(images(16, 16, 3), images(16, 16, 3))


@pytest.mark.parametrize("loss", WINDOWED)
def test_the_window_of_ssim_is_named(loss):
    message = r"y_true: expected sides of at least 11 pixels, the window of SSIM; received 8 x 8\."
    with pytest.raises(ValueError, match=message):
        loss(images(2, 8, 8, 3), images(2, 8, 8, 3))


@pytest.mark.parametrize("loss", [losses.log_cosh, losses.mse, losses.l1])
def test_losses_of_single_pixels_take_any_size(loss):
    assert ops.shape(loss(images(2, 8, 3, 1), images(2, 8, 3, 1))) == (2,)


def test_the_gradient_refuses_8_bit_images():
    with pytest.raises(ValueError, match="y_true" + UINT8):
        losses.gradient(losses.mse, images(1, 4, 4, 3, dtype="uint8"), images(1, 4, 4, 3))


@pytest.mark.parametrize("task", pretext.TASKS.values(), ids=lambda task: task.name)
def test_tasks_name_what_is_wrong(task):
    labels = np.array([0, 1])
    for bad, message in [
        (images(2, 16, 16, 3, dtype="uint8"), "images" + UINT8),
        (images(16, 16, 3), r"images: .*received shape \(16, 16, 3\).* by image\[None\]"),
        (images(2, 16, 16, 1), r"images: .* \(B, H, W, 3\).*received shape \(2, 16, 16, 1\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            task(bad, labels)
    for bad, message in [
        (np.array([0.0, 1.0]), r"labels: expected integers \(B,\).*received float64"),
        (np.array([[0], [1]]), r"labels: expected .*received int64 of shape \(2, 1\)"),
        (np.array([0]), r"labels: expected a level for each of 2 images; received 1"),
        (np.array([0, 4]), r"labels: expected levels 0 to 3; received 0 to 4"),
        ([0, -1], r"labels: expected levels 0 to 3; received -1 to 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            task(images(2, 16, 16, 3), bad)


def test_rotation_names_the_sides_of_images_that_are_not_square():
    message = (
        "images: expected square images, whose shape rotation by 90° preserves; received 32 x 24"
    )
    for rotated in (pretext.TASKS["rotation"], pretext.rotate):
        with pytest.raises(ValueError, match=message):
            rotated(images(2, 32, 24, 3), np.array([0, 1]))


def test_sharpness_names_the_sides_that_it_needs():
    with pytest.raises(ValueError, match="images: expected sides of at least 3 pixels.* 2 x 9"):
        pretext.sharpen(images(2, 2, 9, 3), np.array([0.0, 1.0], "float32"))


FLOATS = {
    "float64": lambda values: values.astype("float64"),
    "float16": lambda values: values.astype("float16"),
    "big-endian": lambda values: values.astype(">f4"),
    "longdouble": lambda values: values.astype(np.longdouble),
    "lists": np.ndarray.tolist,
    "tensor": ops.convert_to_tensor,
    "bfloat16 tensor": lambda values: ops.cast(values, "bfloat16"),
}


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("loss", PAIRS)
def test_losses_compute_any_floating_point_type_as_float32(loss, kind):
    pair = np.round(8 * images(2, 2, 16, 16, 3)) / 8
    found, expected = loss(*map(FLOATS[kind], pair)), loss(*pair.astype("float32"))
    if loss is losses.terms:
        assert found.keys() == expected.keys()
        found, expected = found["ssim"], expected["ssim"]
    assert described(found) == ("float32", (2,))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_losses_take_images_of_two_types():
    one, other = np.round(8 * images(2, 2, 16, 16, 3)) / 8
    for loss in PAIRS[:-1]:
        expected = loss(one, other)
        for pair in ((one.astype("float64"), other), (one, ops.cast(other, "float16"))):
            np.testing.assert_allclose(loss(*pair), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize(
    ("change", "factors"),
    [(pretext.rotate, [90.0, 0.0]), (pretext.saturate, [0.5, 0]), (pretext.sharpen, [0.5, 0])],
)
def test_transforms_compute_any_floating_point_type_as_float32(change, factors, kind):
    batch = np.round(8 * images(2, 16, 16, 3)) / 8
    found = change(FLOATS[kind](batch), np.array(factors))
    assert described(found) == ("float32", (2, 16, 16, 3))
    np.testing.assert_allclose(found, change(batch, np.array(factors, "float32")), rtol=1e-6)


@pytest.mark.parametrize("kind", FLOATS)
def test_metrics_take_any_floating_point_type(kind):
    pair = np.round(8 * images(2, 1, 16, 16, 3)) / 8
    one, other = map(FLOATS[kind], pair)
    for metric in (metrics.ssim_map, metrics.ms_ssim, metrics.gmsd):
        np.testing.assert_allclose(metric(one[0], other[0]), metric(*pair[:, 0]), rtol=1e-6)
    mask = np.ones((1, 16, 16), bool)
    found, expected = metrics.evaluate(one, other, mask), metrics.evaluate(*pair, mask)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, err_msg=name)
    composited = metrics.composite(one, other, mask.tolist())
    np.testing.assert_array_equal(composited.astype("float64"), pair[1])


@pytest.mark.parametrize("kind", ["complex64", "int64", "bool", "object", "str"])
def test_other_types_are_refused_by_name(kind):
    good, bad = images(1, 16, 16, 3), images(1, 16, 16, 3).astype(kind)
    for loss in PAIRS:
        with pytest.raises(ValueError, match="y_pred: expected float images"):
            loss(good, bad)
    for metric in (metrics.ssim_map, metrics.ms_ssim, metrics.gmsd):
        with pytest.raises(ValueError, match="second: expected float images"):
            metric(good[0], bad[0])
    with pytest.raises(ValueError, match="restored: expected float images"):
        metrics.evaluate(good, bad, np.ones((1, 16, 16), bool))
    with pytest.raises(ValueError, match="images: expected float images"):
        pretext.sharpen(bad, np.array([0.5]))
    with pytest.raises(ValueError, match="restored: expected float images"):
        metrics.evaluate(good, [[1.0], [1.0, 2.0]], np.ones((1, 16, 16), bool))


def compiled(function, *shapes):
    """The function inside a compiled step of this backend, sides unknown where it can."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    kinds = [tf.TensorSpec(shape, "float32" if shape else "int32") for shape in shapes]
    return tf.function(function, input_signature=[*kinds])


@pytest.mark.parametrize("loss", [losses.mix, losses.log_cosh, losses.ssim_loss])
@pytest.mark.parametrize("shape", [(2, 16, 12, 3), (None, None, None, 3), None])
def test_losses_work_inside_a_compiled_step(loss, shape):
    pair = images(2, 16, 12, 3), images(2, 16, 12, 3) ** 2
    if shape is None and loss is not losses.log_cosh:
        pytest.skip("the window needs the number of channels")

    def step(y_true, y_pred):
        return loss(y_true, y_pred)

    if keras.backend.backend() == "tensorflow" and shape is None:
        import tensorflow as tf

        kinds = [tf.TensorSpec(None, "float32")] * 2
        step = tf.function(step, input_signature=kinds)
    else:
        step = compiled(step, shape, shape)
    np.testing.assert_allclose(step(*pair), loss(*pair), rtol=1e-5)


def test_losses_take_symbolic_tensors_of_a_model():
    one, other = keras.Input((None, None, 3)), keras.Input((16, 16, 3))
    assert keras.Model([one, other], losses.mse(one, other)).output.shape == (None,)


@pytest.mark.parametrize(
    "metric", [metrics.ssim_map, metrics.ms_ssim, metrics.gmsd], ids=lambda metric: metric.__name__
)
def test_metrics_name_what_is_wrong(metric):
    with pytest.raises(ValueError, match="first" + UINT8):
        metric(images(16, 16, 3, dtype="uint8"), images(16, 16, 3))
    with pytest.raises(ValueError, match=r"first, second: expected images of one shape; received"):
        metric(images(16, 16, 3), images(16, 12, 3))
    with pytest.raises(ValueError, match=r"second: .*\(H, W, C\).*received shape \(1, 16, 16, 3\)"):
        metric(images(16, 16, 3), images(1, 16, 16, 3))
    if metric is not metrics.gmsd:
        with pytest.raises(ValueError, match=r"first: expected sides of at least 11 pixels"):
            metric(images(8, 16, 3), images(8, 16, 3))


def test_evaluate_refuses_8_bit_images_of_black_and_white():
    black = np.zeros((1, 16, 16, 3), "uint8")
    with pytest.raises(ValueError, match="original" + UINT8):
        metrics.evaluate(black, black, np.ones((1, 16, 16), bool))


def test_a_composite_needs_a_mask_of_the_images():
    with pytest.raises(ValueError, match=r"mask: .*received .* and \(16, 12\)"):
        metrics.composite(images(16, 16, 3), images(16, 16, 3), np.ones((16, 12), bool))
    with pytest.raises(ValueError, match="mask: expected booleans, True = hole; received uint8"):
        metrics.composite(images(16, 16, 3), images(16, 16, 3), np.ones((16, 16), "uint8"))


@pytest.mark.parametrize(
    ("values", "kind", "shape"),
    [
        ([[1.0], [2.0]], "float64", (2, 1)),
        ([[1.0], [2.0, 3.0]], "a list of unequal lengths", None),
        (np.zeros((2, 3), "uint8"), "uint8", (2, 3)),
        (keras.KerasTensor((None, 3), "bfloat16"), "bfloat16", (None, 3)),
    ],
)
def test_what_is_known_of_values(values, kind, shape):
    assert described(values) == (kind, shape)
