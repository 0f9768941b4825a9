"""Exported networks: the same output as Keras', from a file that another runtime reads."""

import keras
import numpy as np
import pytest
from keras import layers

from wssl.export import export, to_onnx
from wssl.methods.unet import unet

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture
def network():
    """A U-Net whose biases are not zero, as after training."""
    model, rng = unet(32, 4, seed=1), np.random.default_rng(0)
    model.set_weights([w + rng.normal(0, 0.05, w.shape) for w in model.get_weights()])
    return model


def outputs(model, images):
    session = onnxruntime.InferenceSession(model)
    return np.concatenate([session.run(None, {"image": image[None]})[0] for image in images])


@pytest.mark.parametrize(("half", "levels"), [(True, 1.0), (False, 0.02)])
def test_the_exported_network_gives_what_keras_gives(network, rng, half, levels):
    images = rng.random((3, 32, 32, 3), np.float32)
    ours = network.predict_on_batch(images)
    assert np.ptp(ours) > 0.1
    theirs = outputs(to_onnx(network, half).SerializeToString(), images)
    assert np.abs(theirs - ours).max() < levels / 255


def test_half_precision_halves_the_file_and_nothing_is_left_behind(network, tmp_path):
    export(network, tmp_path / "half.onnx")
    export(network, tmp_path / "whole.onnx", half=False)
    sizes = [path.stat().st_size for path in sorted(tmp_path.iterdir())]
    assert len(sizes) == 2
    assert 2 * network.count_params() < sizes[0] < 0.56 * sizes[1]


def test_the_same_network_gives_the_same_file(network):
    assert to_onnx(network).SerializeToString() == to_onnx(network).SerializeToString()


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(name="odd"),
        layers.Conv2D(3, 3, name="odd"),
        layers.Conv2D(3, 3, padding="same", activation="tanh", name="odd"),
        layers.Conv2D(3, 3, padding="same", use_bias=False, name="odd"),
        layers.Conv2D(3, 3, padding="same", strides=2, name="odd"),
        layers.Conv2DTranspose(3, 3, strides=2, name="odd"),
        layers.MaxPooling2D(padding="same", name="odd"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_that_would_come_out_otherwise_is_refused(layer):
    image = layers.Input((32, 32, 3))
    with pytest.raises(ValueError, match="received the layer 'odd'"):
        to_onnx(keras.Model(image, layer(image)))
