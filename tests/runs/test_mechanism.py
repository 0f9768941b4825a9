"""What a network knows, against computations that go another way."""

import keras
import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from wssl import metrics
from wssl.experiment import Experiment
from wssl.methods import ENCODER_BLOCKS, unet
from wssl.pretext import TASKS
from wssl.runs import mechanism
from wssl.runs.scores import inpaint_batches

SIZE = 32


@pytest.fixture(scope="module")
def network():
    return unet(SIZE, 2, seed=5)


@pytest.fixture
def images(rng):
    coarse = rng.random((10, 8, 8, 3)).astype("float32")
    return np.repeat(np.repeat(coarse, 4, axis=1), 4, axis=2) * 0.8 + 0.1


@pytest.fixture
def masks(rng):
    return rng.random((10, SIZE, SIZE)) < 0.4


def ridge_by_hand(samples, targets):
    """The same estimator from its definition: a hat matrix for each penalty."""
    kept = samples.std(axis=0) > 0
    x = (samples[:, kept] - samples[:, kept].mean(axis=0)) / samples[:, kept].std(axis=0)
    y = targets - targets.mean(axis=0)
    count = len(x)
    unit = (x**2).sum() / min(len(samples), samples.shape[1])
    scores = []
    for penalty in mechanism.PENALTIES * unit:
        hat = x @ np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T)
        residual = ((y - hat @ y) ** 2).sum()
        freedom = count - 1 - np.trace(hat)
        scores.append(residual / freedom**2 if freedom > 0.5 else np.inf)
    penalty = (mechanism.PENALTIES * unit)[int(np.argmin(scores))]
    solved = np.zeros((samples.shape[1], targets.shape[1]))
    scaled = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)
    solved[kept] = scaled / samples[:, kept].std(axis=0)[:, None]
    return solved, targets.mean(axis=0) - samples.mean(axis=0) @ solved


@pytest.mark.parametrize(("count", "features"), [(60, 8), (20, 50)])
def test_ridge_is_what_its_definition_says(rng, count, features):
    samples = rng.normal(size=(count, features)) * rng.uniform(0.1, 5, features) + 3
    samples[:, 2] = 7.0
    targets = samples @ rng.normal(size=(features, 3)) + rng.normal(size=(count, 3))
    found, expected = mechanism.ridge(samples, targets), ridge_by_hand(samples, targets)
    np.testing.assert_allclose(samples @ found[0] + found[1], samples @ expected[0] + expected[1])
    assert (found[0][2] == 0).all()


def test_ridge_finds_a_map_that_is_there(rng):
    samples = rng.normal(size=(200, 5))
    weights, offset = rng.normal(size=(5, 2)), np.array([1.0, -2.0])
    found = mechanism.ridge(samples, samples @ weights + offset)
    np.testing.assert_allclose(found[0], weights, atol=1e-4)
    np.testing.assert_allclose(found[1], offset, atol=1e-4)


def window(features, row, column):
    height, width, channels = features.shape
    values = np.zeros((3, 3, channels))
    for i in range(3):
        for j in range(3):
            y, x = row + i - 1, column + j - 1
            if 0 <= y < height and 0 <= x < width:
                values[i, j] = features[y, x]
    return values.ravel()


def test_the_readout_is_a_regression_on_windows_of_features(network, images, masks, monkeypatch):
    monkeypatch.setattr(mechanism, "FIT_POSITIONS", 10**6)
    fit, shown = slice(0, 6), slice(6, 10)
    found = mechanism.readout(network, images[fit], masks[fit], images[shown], masks[shown])
    for block in (2, 4):
        output = network.get_layer(f"encoder{block}_conv2").output
        features = keras.Model(network.input, output)
        masked = np.where(masks[..., None], np.float32(0), images)
        values = keras.ops.convert_to_numpy(features(masked))
        cell = SIZE // values.shape[1]

        errors = {"known": [], "hole": []}
        quarter = (cell // 4, cell // 4 + cell // 2)
        for down in quarter:
            for right in quarter:

                def rows(part, hole, down=down, right=right, values=values, cell=cell):
                    for number in range(part.start, part.stop):
                        for row in range(SIZE // cell):
                            for column in range(SIZE // cell):
                                place = number, row * cell + down, column * cell + right
                                if masks[place] == hole:
                                    yield window(values[number], row, column), images[place]

                for name in errors:
                    known, asked = (
                        tuple(map(np.array, zip(*rows(part, name == "hole"), strict=True)))
                        for part in (fit, shown)
                    )
                    weights, offset = mechanism.ridge(*known)
                    guess = np.clip(asked[0] @ weights + offset, 0, 1)
                    errors[name] += ((guess - asked[1]) ** 2).ravel().tolist()
        for name, squared in errors.items():
            expected = -10 * np.log10(np.mean(squared))
            assert found[name][block - 1] == pytest.approx(expected, abs=2e-3)


def test_features_that_are_the_image_are_read_out_without_loss(images, masks, monkeypatch):
    monkeypatch.setattr(mechanism, "FIT_POSITIONS", 300)
    network = unet(SIZE, 3, seed=0)
    kernel = np.zeros((3, 3, 3, 3), "float32")
    kernel[1, 1] = np.eye(3)
    for number in (1, 2):
        network.get_layer(f"encoder1_conv{number}").set_weights([kernel, np.zeros(3)])
    found = mechanism.readout(network, images[:6], masks[:6], images[6:], masks[6:])
    assert found["known"][0] > 40
    assert found["hole"][0] < 30
    assert found["known"][0] > max(found["known"][1:])


def test_a_probe_is_a_linear_classifier_of_mean_features(network, images):
    task = TASKS["saturation"]
    found = mechanism.probe(network, task, images[:6], images[6:])
    output = keras.Model(network.input, network.get_layer("encoder3_conv2").output)

    def features(part):
        return np.array(
            [
                keras.ops.convert_to_numpy(
                    output(task(image[None], np.array([level], "int32")))
                ).mean(axis=(0, 1, 2))
                for level in range(4)
                for image in part
            ]
        )

    oracle = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=mechanism.SHRINKAGE)
    oracle.fit(features(images[:6]), np.repeat(np.arange(4), 6))
    expected = oracle.score(features(images[6:]), np.repeat(np.arange(4), 4))
    assert found[2] == pytest.approx(expected, abs=1e-4)
    assert len(found) == len(ENCODER_BLOCKS)


def test_brightness_is_found_in_features_that_are_the_image(images):
    network = unet(SIZE, 3, seed=0)
    kernel = np.zeros((3, 3, 3, 3), "float32")
    kernel[1, 1] = np.eye(3)
    for number in (1, 2):
        network.get_layer(f"encoder1_conv{number}").set_weights([kernel, np.zeros(3)])
    flat = np.full_like(images, 0.8) + 0.02 * images
    found = mechanism.probe(network, mechanism.PROBES["brightness"], flat[:6], flat[6:])
    assert found[0] == 1.0


def test_the_discriminant_is_that_of_scikit_learn(rng):
    means = np.repeat(np.arange(4.0)[:, None] * [1, 0.5, 0], 50, axis=0)
    samples, labels = means + rng.normal(0, 0.5, (200, 3)), np.repeat(np.arange(4), 50)
    oracle = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=mechanism.SHRINKAGE)
    expected = oracle.fit(samples, labels).predict(samples)
    weights, offset = mechanism.discriminant(samples, labels)
    agree = np.mean((samples @ weights + offset).argmax(axis=1) == expected)
    assert agree > 0.98


def test_a_cut_skip_is_one_whose_weights_are_zero(network, images, masks):
    found = mechanism.cut_skips(network, images, masks)
    assert list(found) == ["none", "1", "2", "3", "4", "5"]
    for block in (1, 4):
        without = unet(SIZE, 2, seed=5)
        layer = without.get_layer(f"decoder{block}_conv1")
        kernel, bias = layer.get_weights()
        kernel[:, :, kernel.shape[2] // 2 :] = 0.0
        layer.set_weights([kernel, bias])
        scores = metrics.evaluate(images, inpaint_batches(without, images, masks), masks)
        for name in ("ssim", "psnr"):
            assert found[str(block)][name] == pytest.approx(scores[name].mean(), abs=2e-4)
    plain = metrics.evaluate(images, inpaint_batches(network, images, masks), masks)
    assert found["none"]["psnr"] == pytest.approx(plain["psnr"].mean(), abs=2e-4)


def test_a_data_set_without_validation_images_is_not_examined(network, tmp_path, rng):
    from PIL import Image

    for split in ("train", "test"):
        (tmp_path / split).mkdir()
    for number in range(3):
        picture = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / ("train", "test")[number % 2] / f"{number}.png")
    experiment = Experiment(preset="smoke", dataset=f"folder:{tmp_path}", masks="synthetic")
    found = mechanism.examine(network, experiment)
    assert found is None


def test_validation_images_that_cannot_be_read_are_an_error(network, monkeypatch):
    def images(dataset, split, scale):
        raise ValueError(f"damaged {split}")

    monkeypatch.setattr(mechanism.inputs, "images", images)
    with pytest.raises(ValueError, match="damaged val"):
        mechanism.examine(network, Experiment(preset="smoke"))
