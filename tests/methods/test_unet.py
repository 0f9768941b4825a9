import keras
import numpy as np
import pytest

from wssl.methods import ENCODER_LAYERS, encoder, pretext_model, unet


def test_contract(rng):
    model = unet(64, 4)
    images = rng.random((2, 64, 64, 3)).astype("float32")
    restored = keras.ops.convert_to_numpy(model(images))
    assert restored.shape == images.shape
    assert restored.min() >= 0
    assert restored.max() <= 1


def test_the_first_16_layers_that_keras_counts_are_the_encoder():
    model = unet(224, 64)
    names = [layer.name for layer in model.layers]
    assert names[0] == "image"
    assert all(name.startswith("encoder") for name in names[1:ENCODER_LAYERS])
    assert not any(name.startswith("encoder") for name in names[ENCODER_LAYERS:])
    kinds = [type(layer).__name__ for layer in model.layers[:ENCODER_LAYERS]]
    assert kinds == ["InputLayer"] + 5 * ["Conv2D", "Conv2D", "MaxPooling2D"]
    parameters = sum(layer.count_params() for layer in model.layers[:ENCODER_LAYERS])
    assert round(parameters / 1e6, 2) == 18.84


def test_the_encoder_shares_its_weights_with_the_whole():
    model = unet(32, 2)
    body = encoder(model)
    assert len(body.layers) == ENCODER_LAYERS
    body.layers[1].kernel.assign(np.zeros(body.layers[1].kernel.shape))
    assert not np.any(model.layers[1].get_weights()[0])
    assert body.output_shape == (None, 1, 1, 32)


def test_five_decoder_blocks_each_with_a_skip_connection():
    model = unet(64, 2)
    skips = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    assert [s.output.shape[1] for s in skips] == [4, 8, 16, 32, 64]
    assert [s.output.shape[-1] for s in skips] == [2 * 2 * 2**level for level in (4, 3, 2, 1, 0)]


def test_known_pixels_reach_the_output_at_every_place(rng):
    model = unet(32, 2, seed=1)
    image = rng.random((1, 32, 32, 3)).astype("float32")
    base = keras.ops.convert_to_numpy(model(image))
    image[0, 5, 7] = 1 - image[0, 5, 7]
    assert np.abs(keras.ops.convert_to_numpy(model(image)) - base)[0, 5, 7].max() > 0


def test_the_seed_fixes_every_weight():
    first, again, other = (unet(32, 2, seed=s).get_weights() for s in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    kernels = [(a, b) for a, b in zip(first, other, strict=True) if a.ndim == 4]
    assert not any(np.array_equal(a, b) for a, b in kernels)


def test_a_pretext_model_has_one_head_a_task(rng):
    model = pretext_model(encoder(unet(32, 2)), {"rotation": 4, "sharpness": 3})
    logits = model(rng.random((5, 32, 32, 3)).astype("float32"))
    assert {task: tuple(value.shape) for task, value in logits.items()} == {
        "rotation": (5, 4),
        "sharpness": (5, 3),
    }


@pytest.mark.parametrize("size", [0, -32, 48, 100])
def test_a_size_that_does_not_halve_five_times_is_an_error(size):
    with pytest.raises(ValueError, match="multiple of 32"):
        unet(size, 4)


def test_a_width_that_is_not_positive_is_an_error():
    with pytest.raises(ValueError, match="width"):
        unet(32, 0)
