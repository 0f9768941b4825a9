import keras
import numpy as np
import pytest

from wssl.methods.shift_net import Shift, feature_mask, patch_discriminator, shift_net


def copied(decoder, encoder, hole):
    """Each hole place's nearest known encoder feature, place by place."""
    output = np.zeros_like(encoder)
    for image in range(len(hole)):
        known = np.argwhere(~hole[image, ..., 0])
        for place in np.argwhere(hole[image, ..., 0]):
            wanted = decoder[image][tuple(place)]
            best, nearest = -np.inf, None
            for offered in known:
                feature = encoder[image][tuple(offered)]
                cosine = wanted @ feature / np.linalg.norm(wanted) / np.linalg.norm(feature)
                if cosine > best:
                    best, nearest = cosine, feature
            if nearest is not None:
                output[image][tuple(place)] = nearest
    return output


def features(rng, shape=(3, 5, 4, 6)):
    return rng.normal(size=(2, *shape)).astype("float32")


def shift(*inputs):
    return keras.ops.convert_to_numpy(Shift()(list(inputs)))


def holes(rng):
    """Images of 5 x 4 with few, many, all but one and no hole places, at the border and inside."""
    hole = np.zeros((5, 5, 4, 1), dtype=bool)
    hole[0, 2, 1] = True
    hole[1, :, 0] = hole[1, 4] = True
    hole[2] = True
    hole[2, 3, 2] = False
    hole[4] = rng.random((5, 4, 1)) < 0.5
    return hole


@pytest.mark.parametrize("shape", [(1, 1, 2, 1), (4, 6, 6, 3), (2, 3, 8, 16)])
@pytest.mark.parametrize("share", [0.2, 0.8])
def test_the_nearest_known_features_are_copied(rng, shape, share):
    decoder, encoder = features(rng, shape)
    hole = rng.random((*shape[:3], 1)) < share
    np.testing.assert_allclose(shift(decoder, encoder, hole), copied(decoder, encoder, hole))


def test_each_image_of_a_batch_has_its_own_hole(rng):
    hole = holes(rng)
    decoder, encoder = features(rng, (*hole.shape[:3], 6))
    result = shift(decoder, encoder, hole)
    np.testing.assert_allclose(result, copied(decoder, encoder, hole))
    assert (result[2][hole[2, ..., 0]] == encoder[2, 3, 2]).all()
    assert not result[3].any()


def test_similarity_does_not_depend_on_length(rng):
    decoder, encoder = features(rng)
    hole = rng.random((3, 5, 4, 1)) < 0.5
    lengths = rng.uniform(0.1, 10, (2, 3, 5, 4, 1)).astype("float32")
    plain = shift(decoder, encoder, hole)
    scaled = shift(decoder * lengths[0], encoder * lengths[1], hole)
    np.testing.assert_allclose(directions(scaled), directions(plain), atol=1e-6)


def directions(values):
    return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-9)


@pytest.fixture
def gradient(gradients):
    def of(decoder, encoder, hole, weights):
        inputs = [keras.Variable(values) for values in (decoder, encoder)]

        def weighted():
            return keras.ops.sum(weights * Shift()([*(v.value for v in inputs), hole]))

        return gradients(weighted, inputs)

    return of


def test_the_gradient_is_the_numerical_one(rng, gradient):
    hole = holes(rng)[[1, 2, 4]]
    decoder, encoder = features(rng, (3, 5, 4, 2))
    weights = rng.normal(size=encoder.shape).astype("float32")
    of_decoder, of_encoder = gradient(decoder, encoder, hole, weights)
    assert not of_decoder.any()
    encoder = encoder.astype("float64")
    numerical = np.zeros_like(encoder)
    for index in np.ndindex(encoder.shape):
        step = np.zeros_like(encoder)
        step[index] = 1e-6
        above, below = (copied(decoder, encoder + s, hole) for s in (step, -step))
        numerical[index] = (weights * (above - below)).sum() / 2e-6
    np.testing.assert_allclose(of_encoder, numerical, atol=1e-5)


@pytest.mark.parametrize("zero", ["decoder", "encoder", "both"])
@pytest.mark.parametrize("known", [0, 1, 20])
def test_nothing_is_undefined(rng, gradient, zero, known):
    decoder, encoder = features(rng)
    if zero in ("decoder", "both"):
        decoder[:] = 0
    if zero in ("encoder", "both"):
        encoder[:, ::2] = 0
    hole = (np.arange(20) >= known).reshape(1, 5, 4, 1).repeat(3, axis=0)
    result = shift(decoder, encoder, hole)
    _, of_encoder = gradient(decoder, encoder, hole, np.ones_like(encoder))
    assert np.isfinite(result).all()
    assert np.isfinite(of_encoder).all()
    if known in (0, 20):
        assert not result.any()


def test_a_feature_is_hole_from_five_sixteenths_of_its_pixels():
    mask = np.zeros((1, 16, 24, 1), dtype="float32")
    mask[0, :8, :8].flat[:20] = 1
    mask[0, 8:, 8:16].flat[:19] = 1
    mask[0, 8:, 16:] = 1
    small = np.asarray(feature_mask(mask))[0, ..., 0]
    np.testing.assert_array_equal(small, [[True, False, False], [False, False, True]])


def test_contract(rng):
    model = shift_net(64, 2)
    images, masks = rng.random((3, 64, 64, 3)), rng.random((3, 64, 64, 1)) < 0.4
    images[masks[..., 0]] = 0
    inputs = [images.astype("float32"), masks.astype("float32")]
    restored = np.asarray(model(inputs))
    assert restored.shape == images.shape
    assert restored.min() >= 0
    assert restored.max() <= 1
    assert [tuple(x.shape) for x in model.inputs] == [(None, 64, 64, 3), (None, 64, 64, 1)]


def test_what_is_in_the_hole_is_not_seen(rng):
    model = shift_net(32, 2)
    images = rng.random((2, 32, 32, 3)).astype("float32")
    masks = np.float32(rng.random((2, 32, 32, 1)) < 0.4)
    black = np.asarray(model([images * (1 - masks), masks]))
    np.testing.assert_array_equal(np.asarray(model([images, masks])), black)


@pytest.mark.parametrize(
    ("size", "depth"), [(32, 5), (64, 6), (96, 5), (128, 7), (224, 5), (256, 8), (512, 8)]
)
def test_a_network_halves_as_often_as_its_size_allows(size, depth):
    model = shift_net(size, 1)
    encoders = [x for x in model.layers if x.name.startswith("encoder") and "conv" in x.name]
    decoders = [x for x in model.layers if isinstance(x, keras.layers.Conv2DTranspose)]
    assert len(encoders) == len(decoders) == depth
    assert encoders[-1].output.shape[1] == size / 2**depth
    assert model.get_layer("shift").output.shape[1] == size / 8
    assert model.output.shape[1] == size


def test_the_published_networks_have_their_number_of_parameters():
    generator, discriminator = shift_net(256, 64), patch_discriminator(256, 64)
    assert generator.count_params() == pytest.approx(54.94e6, rel=0.01)
    assert discriminator.count_params() == pytest.approx(2.76e6, rel=0.01)
    assert generator.get_layer("shift").output.shape[1:] == (32, 32, 256)
    assert generator.get_layer("decoder3_skip").output.shape[-1] == 768
    assert discriminator.output.shape[1:] == (30, 30, 1)


def test_the_seed_fixes_every_weight():
    for build in (shift_net, patch_discriminator):
        first, again, other = (build(32, 2, seed).get_weights() for seed in (3, 3, 4))
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        kernels = [(a, b) for a, b in zip(first, other, strict=True) if a.ndim == 4]
        assert not any(np.array_equal(a, b) for a, b in kernels)
    start = np.concatenate([w.ravel() for w in shift_net(32, 8).get_weights() if w.ndim == 4])
    assert start.std() == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize("size", [0, -32, 16, 48, 100])
def test_a_size_that_does_not_halve_five_times_is_an_error(size):
    with pytest.raises(ValueError, match=r"size: .*multiple of 32.*received .*resize"):
        shift_net(size, 4)


@pytest.mark.parametrize("build", [shift_net, patch_discriminator])
def test_a_width_that_is_not_positive_is_an_error(build):
    with pytest.raises(ValueError, match="width"):
        build(32, 0)
