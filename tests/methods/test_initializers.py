"""Initial weights drawn by NumPy are those of TensorFlow's generator."""

import keras
import numpy as np
import pytest

from wssl.methods import initializers

SHAPES = [(3, 3, 3, 16), (2, 2, 7, 5), (3, 3, 64, 64), (5,)]

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow's generator is the oracle"
)


@tensorflow_only
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["uniform", "normal", "truncated_normal"])
@pytest.mark.parametrize("seed", [0, 11_019, 2**31 - 1])
def test_numbers_are_those_of_tensorflow(name, seed, shape):
    theirs = keras.ops.convert_to_numpy(getattr(keras.random, name)(shape, seed=seed))
    ours = getattr(initializers, name)(seed, shape)
    assert ours.shape == shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


@tensorflow_only
@pytest.mark.parametrize("shape", [(3, 3, 5, 16), (16, 4), (1, 1, 3, 50)])
@pytest.mark.parametrize("name", ["HeNormal", "GlorotUniform", "RandomNormal", "Orthogonal"])
def test_an_initializer_gives_another_backend_what_keras_gives_tensorflow(name, shape, monkeypatch):
    theirs = keras.ops.convert_to_numpy(getattr(keras.initializers, name)(seed=77)(shape))
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    ours = getattr(initializers, name)(seed=77)(shape)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())


def test_no_number_is_beyond_the_cut_and_all_are_drawn():
    drawn = initializers.truncated_normal(3, (100_001,))
    assert np.abs(drawn).max() < 2
    assert np.unique(drawn).size > 99_000
    assert drawn.std() == pytest.approx(0.8796, abs=0.01)
