import inspect

import keras
import numpy as np
import pytest
from keras import ops
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from wssl import losses

PAPERS = ("mix", "log_cosh", "ssim", "mse", "l1")


@pytest.fixture
def pair(rng):
    true = gaussian_filter(rng.random((3, 32, 40, 3)), (0, 2, 2, 0)).astype("float32")
    true = (true - true.min()) / (true.max() - true.min())
    noise = rng.normal(0, 0.1, true.shape)
    return true, np.clip(true + noise, 0, 1).astype("float32")


def numpy_log_cosh(true, pred, a):
    error = a * (pred.astype("float64") - true)
    return np.log(np.cosh(error)).mean(axis=(1, 2, 3)) / a


def scikit_ssim(true, pred):
    means = []
    for images in zip(true, pred, strict=True):
        value = structural_similarity(
            *(image.astype("float64") for image in images),
            data_range=1.0,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        means.append(value)
    return np.array(means)


@pytest.mark.parametrize("name", sorted(losses.LOSSES))
def test_contract(name, pair):
    true, pred = pair
    loss = losses.bind(losses.LOSSES[name], alpha=0.84, a=1.0)
    value = ops.convert_to_numpy(loss(true, pred))
    assert value.shape == (3,)
    same = ops.convert_to_numpy(loss(true, true))
    assert (value > same).all()
    assert (same >= -2e-6).all()


@pytest.mark.parametrize("name", PAPERS)
def test_equal_images_have_no_loss(name, pair):
    loss = losses.bind(losses.LOSSES[name], alpha=0.84, a=1.0)
    same = ops.convert_to_numpy(loss(pair[0], pair[0]))
    np.testing.assert_allclose(same, 0, atol=2e-6)


def test_ssim_loss_agrees_with_keras_and_scikit_image(pair):
    true, pred = pair
    ours = ops.convert_to_numpy(losses.ssim_loss(true, pred))
    keras_ssim = ops.convert_to_numpy(ops.image.ssim(true, pred, max_val=1.0))
    np.testing.assert_allclose(ours, 1 - keras_ssim, atol=1e-5)
    np.testing.assert_allclose(ours, 1 - scikit_ssim(true, pred), atol=1e-5)


@pytest.fixture
def slopes(pair, gradients):
    """A function: a loss -> its gradient with respect to the second of the pair."""

    def of(loss):
        true, variable = pair[0], keras.Variable(pair[1])
        (found,) = gradients(lambda: ops.sum(loss(true, variable.value)), [variable])
        return found

    return of


def test_the_gradient_of_ssim_agrees_with_that_of_keras(slopes):
    ours = slopes(losses.ssim_loss)
    theirs = slopes(lambda t, p: 1 - ops.image.ssim(t, p, max_val=1.0))
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())


def test_ssim_of_flat_images_has_no_trouble_with_vanishing_variances():
    flat = np.full((1, 16, 16, 3), 0.7, dtype="float32")
    assert float(losses.ssim_loss(flat, flat)[0]) == pytest.approx(0, abs=2e-4)
    other = np.full((1, 16, 16, 3), 0.2, dtype="float32")
    luminance = (2 * 0.7 * 0.2 + 1e-4) / (0.7**2 + 0.2**2 + 1e-4)
    assert float(losses.ssim_loss(flat, other)[0]) == pytest.approx(1 - luminance, abs=1e-3)


@pytest.mark.parametrize("a", [0.5, 1.0, 30.0])
def test_log_cosh_agrees_with_numpy(pair, a):
    ours = ops.convert_to_numpy(losses.log_cosh(*pair, a=a))
    np.testing.assert_allclose(ours, numpy_log_cosh(*pair, a), rtol=1e-4)


def test_log_cosh_is_half_the_squared_error_on_images(pair):
    true, pred = pair
    half = ((true - pred) ** 2).mean(axis=(1, 2, 3)) / 2
    np.testing.assert_allclose(ops.convert_to_numpy(losses.log_cosh(true, pred)), half, rtol=0.02)


def test_log_cosh_nears_the_absolute_error_as_a_grows(pair):
    true, pred = pair
    absolute = np.abs(true - pred).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(
        ops.convert_to_numpy(losses.log_cosh(true, pred, a=1e4)), absolute, rtol=0.01
    )


@pytest.mark.parametrize("alpha", [0.0, 0.16, 0.84, 1.0])
def test_mix_agrees_with_a_numpy_computation(pair, alpha):
    true, pred = pair
    expected = alpha * numpy_log_cosh(true, pred, 1.0)
    expected += (1 - alpha) * (1 - scikit_ssim(true, pred))
    ours = ops.convert_to_numpy(losses.mix(true, pred, alpha=alpha))
    np.testing.assert_allclose(ours, expected, rtol=1e-4)


def test_the_papers_alpha_is_the_default(pair):
    np.testing.assert_array_equal(
        ops.convert_to_numpy(losses.mix(*pair)),
        ops.convert_to_numpy(losses.mix(*pair, alpha=0.84, a=1.0)),
    )


def test_the_loss_has_a_gradient_that_descends(pair, slopes):
    true, pred = pair
    downhill = pred - slopes(losses.mix) / len(pred)
    before, after = (float(ops.mean(losses.mix(true, images))) for images in (pred, downhill))
    assert after < before


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_alpha_outside_its_range_is_an_error(pair, alpha):
    with pytest.raises(ValueError, match="alpha: expected a share"):
        losses.mix(*pair, alpha=alpha)


@pytest.mark.parametrize("a", [0.0, -1.0, float("inf"), float("nan")])
def test_a_must_be_positive(pair, a):
    with pytest.raises(ValueError, match="a: expected a positive"):
        losses.log_cosh(*pair, a=a)


def test_mse_and_l1_agree_with_numpy(pair):
    error = pair[1].astype("float64") - pair[0]
    for loss, expected in ((losses.mse, error**2), (losses.l1, np.abs(error))):
        ours = ops.convert_to_numpy(loss(*pair))
        np.testing.assert_allclose(ours, expected.mean(axis=(1, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize("name", ["mse", "l1"])
def test_losses_without_parameters_ignore_them(name, pair):
    bound = [losses.bind(losses.LOSSES[name], alpha=0.84, a=a) for a in (1, 50)]
    np.testing.assert_array_equal(*(ops.convert_to_numpy(loss(*pair)) for loss in bound))


@pytest.mark.parametrize("name", losses.LOSSES)
def test_a_bound_loss_is_the_function_with_the_settings_that_it_takes(name, pair):
    taken = inspect.signature(losses.LOSSES[name]).parameters
    given = {key: value for key, value in {"alpha": 0.3, "a": 5.0}.items() if key in taken}
    ours = losses.bind(losses.LOSSES[name], alpha=0.3, a=5.0)(*pair)
    expected = losses.LOSSES[name](*pair, **given)
    np.testing.assert_array_equal(*map(ops.convert_to_numpy, (ours, expected)))


def test_the_papers_losses_take_their_settings():
    bound = {name: losses.bind(losses.LOSSES[name], alpha=0.3, a=5.0) for name in PAPERS}
    assert {name: loss.keywords for name, loss in bound.items()} == {
        **{name: {} for name in PAPERS},
        "mix": {"alpha": 0.3, "a": 5.0},
        "log_cosh": {"a": 5.0},
    }


@pytest.mark.parametrize(
    ("axis", "shape"), [(None, r"\(\)"), ((1, 2), r"\(2, 3\)"), ((0, 1, 2, 3), r"\(\)")]
)
def test_a_loss_returns_one_value_per_image(axis, shape):
    def wrong(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=axis)

    with pytest.raises(ValueError, match=f"one value per image from 'mine'.*the shape {shape}"):
        losses.check_returned("mine", wrong, 16)
    losses.check_returned("l1", losses.l1, 16)


def test_a_loss_is_tried_on_two_images_of_the_size_that_is_given():
    seen = []

    def recorded(y_true, y_pred):
        seen.extend(ops.convert_to_numpy(images) for images in (y_true, y_pred))
        return losses.l1(y_true, y_pred)

    losses.check_returned("mine", recorded, 12)
    assert [images.shape for images in seen] == [(2, 12, 12, 3)] * 2
    for images in seen:
        assert 0 <= images.min() < 0.1
        assert 0.9 < images.max() < 1


def test_a_loss_that_wants_more_is_refused():
    def needy(y_true, y_pred, alpha, beta):
        return y_true

    with pytest.raises(ValueError, match="any of alpha, a; received one with .* alpha, beta"):
        losses.bind(needy, alpha=0.3, a=5.0)
    assert losses.bind(lambda t, p, **others: others, alpha=0.3, a=5.0)(0, 0) == {}


GRADIENTS = {name: losses.bind(loss, alpha=0.84, a=1.0) for name, loss in losses.LOSSES.items()}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_those_of_the_backend(name, pair, slopes):
    expected = slopes(GRADIENTS[name])
    ours = losses.gradient(GRADIENTS[name], *pair)
    assert ours.shape == expected.shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_slopes(name, pair):
    """The difference quotient along the gradient is its norm, for each image on its own."""
    true, pred = pair
    slopes = losses.gradient(GRADIENTS[name], true, pred)
    norms = np.sqrt((slopes**2).sum(axis=(1, 2, 3)))
    step = 0.05 * slopes / norms[:, None, None, None]
    above, below = (
        ops.convert_to_numpy(GRADIENTS[name](true, pred + sign * step)) for sign in (1, -1)
    )
    np.testing.assert_allclose((above - below) / 0.1, norms, rtol=0.01)


def test_the_gradient_of_half_the_squared_error_is_the_error(pair):
    true, pred = pair
    ours = losses.gradient(lambda t, p: ops.sum((p - t) ** 2, axis=(1, 2, 3)) / 2, true, pred)
    np.testing.assert_allclose(ours, pred - true, atol=1e-6)


def test_terms_are_the_losses_and_the_norms_of_their_gradients(pair):
    found = losses.terms(*pair)
    assert set(found) == {"log_cosh", "ssim", "gradient_log_cosh", "gradient_ssim"}
    for name, loss in (("log_cosh", losses.log_cosh), ("ssim", losses.ssim_loss)):
        np.testing.assert_allclose(found[name], ops.convert_to_numpy(loss(*pair)), rtol=1e-5)
        slopes = losses.gradient(loss, *pair).reshape(3, -1)
        np.testing.assert_allclose(
            found[f"gradient_{name}"], np.linalg.norm(slopes, axis=1), rtol=1e-5
        )


@pytest.mark.parametrize(
    "error", [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.3, 1, 5, 19, 20, 21, 88, 100, 1e3]
)
def test_log_cosh_has_no_cancellation(error):
    """Two numbers near log 2, subtracted, would leave nothing of a small error in float32."""
    true = np.zeros((1, 1, 1, 1), "float32")
    pred = np.full_like(true, error)
    exact = float(pred[0, 0, 0, 0])
    value = np.log1p(2 * np.sinh(exact / 2) ** 2) if exact < 300 else exact - np.log(2)
    for sign in (1, -1):
        found = float(losses.log_cosh(true, sign * pred)[0])
        assert found == pytest.approx(value, rel=1e-5)
        slope = float(losses.gradient(losses.log_cosh, true, sign * pred).item())
        assert slope == pytest.approx(sign * np.tanh(exact), rel=1e-5)


def test_the_gradient_of_log_cosh_is_the_hyperbolic_tangent_of_the_error(pair):
    true, pred = pair
    slopes = np.tanh(pred.astype("float64") - true) / true[0].size
    found = losses.terms(true, pred)["gradient_log_cosh"]
    np.testing.assert_allclose(found, np.sqrt((slopes**2).sum(axis=(1, 2, 3))), rtol=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 0.16, 0.84, 1.0])
def test_weighted_terms_are_what_the_mix_is_made_of(pair, alpha):
    found = losses.terms(*pair)
    np.testing.assert_allclose(
        alpha * found["log_cosh"] + (1 - alpha) * found["ssim"],
        ops.convert_to_numpy(losses.mix(*pair, alpha=alpha)),
        rtol=1e-5,
    )
    parts = [losses.gradient(loss, *pair) for loss in (losses.log_cosh, losses.ssim_loss)]
    whole = losses.gradient(lambda t, p: losses.mix(t, p, alpha=alpha), *pair)
    np.testing.assert_allclose(
        alpha * parts[0] + (1 - alpha) * parts[1], whole, atol=1e-5 * np.abs(whole).max()
    )
