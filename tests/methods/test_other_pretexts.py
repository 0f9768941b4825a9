import keras
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import map_coordinates

from wssl.methods import OBJECTIVES, encoder_variables, unet
from wssl.methods.other_pretexts import (
    Colourisation,
    MaskedPatches,
    RealOrGenerated,
    VICReg,
    vicreg_loss,
    view,
)

OTHERS = [name for name, objective in OBJECTIVES.items() if not objective.tasks]
PLAIN = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0]
"""The values of a view that is the image itself."""


def numpy_of(value):
    return keras.ops.convert_to_numpy(value)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, 32, 32, 3)).astype("uint8")


def test_patches_hide_the_same_share_of_each_image_at_other_places(images):
    phase = MaskedPatches.of(unet(32, 2), {}, 0)
    first, second = (
        phase.add_random_inputs({"images": images}, np.random.default_rng(s))["patches"]
        for s in (1, 2)
    )
    assert first.shape == (6, 8, 8)
    assert set(first.sum(axis=(1, 2))) == {38}
    assert not np.array_equal(first, second)
    assert len({patches.tobytes() for patches in first}) == 6
    assert np.concatenate([first, second]).mean(axis=0).min() > 0.2


def test_the_loss_of_patches_is_the_error_where_they_hide_the_image(images):
    network = unet(32, 2)
    phase = MaskedPatches.of(network, {}, 0)
    batch = phase.add_random_inputs({"images": images}, np.random.default_rng(1))
    hidden = np.kron(batch["patches"], np.ones((4, 4))) == 1
    floats = images.astype("float32") / 255
    restored = numpy_of(network(np.where(hidden[..., None], np.float32(0), floats)))
    expected = np.abs(floats - restored)[hidden].mean()
    assert float(phase.loss_of(batch, phase(batch))) == pytest.approx(expected, rel=1e-4)


def test_colours_are_restored_from_what_pillow_calls_grey(images):
    network = unet(32, 2)
    phase = Colourisation.of(network, {}, 0)
    grey = [np.asarray(Image.fromarray(x).convert("L").convert("RGB")) for x in images]
    expected = np.abs(images / 255 - numpy_of(network(np.stack(grey).astype("float32") / 255)))
    batch = {"images": images}
    assert float(phase.loss_of(batch, phase(batch))) == pytest.approx(expected.mean(), rel=0.01)


def test_vicregs_loss_is_that_of_its_definition(rng):
    first = rng.normal(size=(5, 4)).astype("float32")
    second = (0.3 * rng.normal(size=(5, 4)) + 2.0).astype("float32")
    expected = 25 * np.mean((first - second) ** 2)
    for values in (first, second):
        covariance = np.cov(values, rowvar=False)
        for i in range(4):
            expected += 25 * max(0.0, 1 - np.sqrt(covariance[i, i] + 1e-4)) / 4 / 2
            expected += sum(covariance[i, j] ** 2 for j in range(4) if j != i) / 4
    assert float(vicreg_loss(first, second)) == pytest.approx(expected, rel=1e-4)


def test_features_that_are_all_alike_have_the_whole_loss_of_variance():
    same = np.ones((5, 4), "float32")
    assert float(vicreg_loss(same, same)) == pytest.approx(25 * (1 - 0.01), rel=1e-4)


def test_a_view_of_all_is_the_image_and_a_mirrored_one_its_mirror(images):
    floats = images.astype("float32") / 255
    values = np.tile(np.array(PLAIN, "float32"), (6, 1))
    np.testing.assert_allclose(numpy_of(view(floats, values)), floats, atol=1e-4)
    values[:, 3] = 1
    np.testing.assert_allclose(numpy_of(view(floats, values)), floats[:, :, ::-1], atol=1e-4)


def test_a_view_is_a_bilinear_crop(images):
    floats = images[:1].astype("float32") / 255
    values = np.array([[0.25, 0.125, 0.6, 0, 1, 1, 1]], "float32")
    found = numpy_of(view(floats, values))[0]
    places = [(start + 0.6 * (np.arange(32) + 0.5) / 32) * 32 - 0.5 for start in (0.25, 0.125)]
    grid = np.meshgrid(*places, indexing="ij")
    for channel in range(3):
        expected = map_coordinates(floats[0, ..., channel], grid, order=1, mode="nearest")
        np.testing.assert_allclose(found[..., channel], expected, atol=1e-4)


def test_a_view_has_other_colours(images):
    floats = images[:1].astype("float32") / 255 * 0.5 + 0.2
    values = np.array([[*PLAIN[:4], 1.2, 0.5, 0.0]], "float32")
    found = numpy_of(view(floats, values))[0]
    lit = 1.2 * floats[0]
    contrasted = lit.mean() + 0.5 * (lit - lit.mean())
    grey = contrasted @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(found, np.repeat(grey[..., None], 3, axis=-1), atol=1e-4)


def test_views_stay_inside_the_image_and_differ(images):
    phase = VICReg.of(unet(32, 2), {}, 0)
    many = np.repeat(images, 50, axis=0)
    views = phase.add_random_inputs({"images": many}, np.random.default_rng(0))["views"]
    assert views.shape == (300, 2, 7)
    corners, sides = views[..., :2], views[..., 2:3]
    assert corners.min() >= 0
    assert (corners + sides).max() <= 1 + 1e-6
    assert (sides**2).min() > 0.199
    assert views[..., 3].mean() == pytest.approx(0.5, abs=0.1)
    assert (views[..., 6] == 0).mean() == pytest.approx(0.2, abs=0.06)
    assert not np.array_equal(views[:, 0], views[:, 1])


def test_a_classifier_learns_cross_entropy(images):
    phase = RealOrGenerated.of(unet(32, 2), {}, 0)
    batch = {"images": images, "kinds": np.array([0, 1, 1, 0, 1, 1], "int32")}
    logits = numpy_of(phase(batch))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(shares[np.arange(6), batch["kinds"]]).mean()
    assert float(phase.loss_of(batch, logits)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", OTHERS)
def test_every_objective_trains_all_of_the_encoder(name, images, gradients):
    phase = OBJECTIVES[name].phase(unet(32, 2, seed=1), {}, 0)
    variables = encoder_variables(phase.network)
    for own, start in zip(variables, encoder_variables(unet(32, 2, seed=1)), strict=True):
        np.testing.assert_array_equal(numpy_of(own), numpy_of(start))
    batch = {"images": images, "kinds": np.arange(6, dtype="int32") % 2}
    batch = phase.add_random_inputs(batch, np.random.default_rng(0))
    found = gradients(lambda: phase.loss_of(batch, phase(batch)), variables)
    assert all(np.abs(gradient).max() > 0 for gradient in found)
