import keras
import numpy as np
import pytest
from scipy.optimize import approx_fprime

from wssl import metrics
from wssl.methods.pic.layers import Attention, SpectralConvolution, seeds_of
from wssl.methods.pic.network import discriminator, pic, pic_sampler, posterior, samples
from wssl.runs.scores import inpaint_batches

PARTS = ("encoder", "prior", "generator")


@pytest.fixture(scope="module")
def network():
    return pic(32, 4, seed=1)


@pytest.fixture
def images(rng):
    return rng.random((5, 32, 32, 3)).astype("float32")


@pytest.fixture
def masks(rng):
    return rng.random((5, 32, 32)) < 0.4


def learned(*models):
    return sum(int(np.prod(v.shape)) for model in models for v in model.trainable_variables)


def test_the_published_sizes_at_width_64():
    network = pic(32, 64)
    encoder, prior, generator = map(network.get_layer, PARTS)
    assert learned(encoder, prior, posterior(network)) == pytest.approx(3.60e6, rel=0.01)
    assert learned(generator) == pytest.approx(2.37e6, rel=0.01)
    assert learned(network, posterior(network)) == pytest.approx(5.98e6, rel=0.01)
    assert learned(discriminator(network)) == pytest.approx(1.58e6, rel=0.01)


@pytest.mark.parametrize("size", [64, 224])
def test_the_same_weights_at_every_size(size, network, rng):
    other, images = pic(size, 4, seed=1), rng.random((2, size, size, 3)).astype("float32")
    for ours, theirs in zip(other.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    masks = np.zeros((2, size, size), dtype=bool)
    masks[:, size // 4 : size // 2] = True
    restored = inpaint_batches(other, images, masks)
    assert restored.shape == images.shape
    assert 0 <= restored.min() < restored.max() <= 1
    assert pic_sampler(other).inputs[2].shape == (None, size // 32, size // 32, 8)
    scores = discriminator(other)(2 * images - 1)
    assert scores.shape == (2, size // 32, size // 32, 1)
    assert np.ptp(scores) > 0


def test_the_images_of_the_decoder_double_to_the_whole(network):
    shapes = [image.shape for image in network.get_layer("generator").outputs]
    assert shapes == [(None, side, side, 3) for side in (4, 8, 16, 32)]


def test_the_seed_fixes_every_weight():
    first, again, other = (pic(32, 2, seed=s).get_weights() for s in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    kernels = [(a, b) for a, b in zip(first, other, strict=True) if a.ndim == 4 and a.size > 1]
    assert not any(np.array_equal(a, b) for a, b in kernels)


def test_discriminators_of_two_names_differ(network):
    first, second = (discriminator(network, 0, name).get_weights()[0] for name in "ab")
    assert not np.allclose(first, second)


def test_what_the_hole_holds_does_not_matter(network, images, masks):
    other = np.where(masks[..., None], 1 - images, images)
    inputs = masks[..., None].astype("float32")
    first, second = (np.asarray(network([shown, inputs])) for shown in (images, other))
    np.testing.assert_array_equal(first, second)


def test_without_noise_a_sample_is_the_mean(network, images, masks):
    inputs = [images, masks[..., None].astype("float32")]
    sampler, noise = pic_sampler(network), np.zeros((5, 1, 1, 8), dtype="float32")
    mean = np.asarray(network(inputs))
    np.testing.assert_array_equal(np.asarray(sampler([*inputs, noise])), mean)
    np.testing.assert_array_equal(np.asarray(network(inputs)), mean)
    assert np.abs(np.asarray(sampler([*inputs, noise + 1])) - mean).max() > 1e-4
    kept = {id(variable) for variable in network.variables}
    assert {id(variable) for variable in sampler.variables} == kept


def test_the_best_of_some_samples_is_that_of_highest_psnr(network, images, masks):
    sampler, rng = pic_sampler(network), np.random.default_rng(7)
    masked = [np.where(masks[..., None], 0, images), masks[..., None].astype("float32")]
    noise = rng.standard_normal((6, 5, 1, 1, 8), "float32")
    drawn = np.stack([np.asarray(sampler([*masked, each])) for each in noise])
    psnr = np.array([metrics.evaluate(images, sample, masks)["psnr"] for sample in drawn])
    expected = {
        "sample": drawn[0],
        "best_of_6": drawn[np.argmax(psnr, axis=0), np.arange(5)],
    }
    assert (psnr.max(axis=0) > psnr[0]).any()
    assert np.abs(np.diff(drawn, axis=0)).max(axis=(2, 3, 4)).min() > 1e-3
    given = samples(network, images, masks, 7, 6)
    assert set(given) == set(expected)
    for name, restored in given.items():
        np.testing.assert_allclose(restored, expected[name], rtol=0, atol=1e-4, err_msg=name)


def test_the_best_of_one_is_the_sample(network, images, masks):
    given = samples(network, images, masks, 7, 1)
    np.testing.assert_array_equal(given["best_of_1"], given["sample"])


def attended(decoder, encoder, known, query, bias, gamma, alpha):
    """Both terms of the attention, place by place."""
    short, long = np.empty_like(decoder), np.empty_like(encoder)
    for image, features in enumerate(decoder):
        places = list(np.ndindex(features.shape[:2]))
        for here in places:
            wanted = features[here] @ query + bias
            alike = np.array([np.exp(wanted @ (features[p] @ query + bias)) for p in places])
            share = alike / alike.sum()
            like = sum(s * features[p] for s, p in zip(share, places, strict=True))
            far = sum(s * encoder[image][p] for s, p in zip(share, places, strict=True))
            short[image][here] = gamma * like + features[here]
            seen = known[image][here]
            long[image][here] = alpha * (1 - seen) * far + seen * encoder[image][here]
    return short, long


@pytest.fixture
def attention(rng):
    layer = Attention(seeds_of(0, "test"))
    shape = (2, 3, 2, 8)
    decoder, encoder = rng.normal(size=(2, *shape)).astype("float32")
    known = rng.random((*shape[:3], 1)).astype("float32")
    layer.build([shape, shape, known.shape])
    layer.query.bias.assign(rng.normal(size=2))
    return layer, decoder, encoder, known


def test_attention_place_by_place(attention):
    layer, *inputs = attention
    layer.gamma.assign(0.7)
    layer.alpha.assign(-1.3)
    query, bias = layer.query.get_weights()
    expected = attended(*inputs, query, bias, 0.7, -1.3)
    for ours, theirs in zip(layer(inputs), expected, strict=True):
        np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-4, atol=1e-4)


def test_the_gradient_of_attention(attention, rng, gradients):
    layer, decoder, encoder, known = attention
    layer.gamma.assign(0.7)
    layer.alpha.assign(-1.3)
    weights = rng.normal(size=(2, *decoder.shape))
    query, bias = layer.query.get_weights()
    parts = [decoder, encoder, query, bias, np.float64(0.7), np.float64(-1.3)]
    ends = np.cumsum([np.size(part) for part in parts])[:-1]

    def total(flat):
        own = [p.reshape(np.shape(q)) for p, q in zip(np.split(flat, ends), parts, strict=True)]
        return (weights * attended(*own[:2], np.float64(known), *own[2:])).sum()

    flat = np.concatenate([np.ravel(part) for part in parts]).astype(np.float64)
    expected = approx_fprime(flat, total, 1e-6)
    first, second = keras.Variable(decoder), keras.Variable(encoder)

    def weighted():
        outputs = layer([first.value, second.value, known])
        return keras.ops.sum(weights.astype("float32") * keras.ops.stack(outputs))

    variables = [first, second, layer.query.kernel, layer.query.bias, layer.gamma, layer.alpha]
    ours = np.concatenate([np.ravel(g) for g in gradients(weighted, variables)])
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-3)


def test_attention_starts_without_effect(attention):
    layer, decoder, encoder, known = attention
    short, long = layer([decoder, encoder, known])
    np.testing.assert_array_equal(np.asarray(short), decoder)
    np.testing.assert_array_equal(np.asarray(long), known * encoder)


@pytest.fixture(params=[False, True], ids=["plain", "transposed"])
def convolution(request, rng):
    layer = SpectralConvolution(6, 3, seeds_of(0, "test"), transposed=request.param)
    x = rng.normal(size=(2, 4, 4, 5)).astype("float32")
    layer.build(x.shape)
    layer.kernel.assign(rng.normal(size=layer.kernel.shape))
    return layer, x


def test_the_largest_singular_value_becomes_one(convolution):
    layer, x = convolution
    for _ in range(200):
        layer(x, training=True)
    kernel = np.asarray(layer.normalised()[0])
    assert np.linalg.norm(kernel.reshape(45, 6), ord=2) == pytest.approx(1, rel=1e-4)


def test_a_call_in_training_changes_the_vector_alone_and_not_what_it_returns(convolution):
    layer, x = convolution
    (kernel, bias, vector), before = layer.get_weights(), np.asarray(layer(x))
    np.testing.assert_array_equal(layer.get_weights()[2], vector)
    np.testing.assert_array_equal(np.asarray(layer(x, training=True)), before)
    after = layer.get_weights()
    np.testing.assert_array_equal(after[0], kernel)
    np.testing.assert_array_equal(after[1], bias)
    assert not np.allclose(after[2], vector)
    assert len(layer.trainable_variables) == 2


def test_the_scale_of_a_kernel_has_no_effect_and_its_gradient_none_along_it(convolution, gradients):
    layer, x = convolution
    before = np.asarray(layer(x))
    (gradient,) = gradients(lambda: keras.ops.sum(layer(x) ** 2), [layer.kernel])
    kernel = layer.kernel.numpy()
    assert np.linalg.norm(gradient) > 1
    assert abs(np.sum(gradient * kernel)) < 1e-4 * np.linalg.norm(gradient) * np.linalg.norm(kernel)
    layer.kernel.assign(3 * kernel)
    np.testing.assert_allclose(np.asarray(layer(x)), before, rtol=1e-4, atol=1e-5)


def test_a_convolution_starts_orthogonal():
    layer = SpectralConvolution(6, 3, seeds_of(0, "test"))
    layer.build((None, 4, 4, 5))
    matrix = np.asarray(layer.normalised()[0]).reshape(45, 6)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(6), atol=1e-5)


@pytest.mark.parametrize("size", [0, -32, 48, 100])
def test_a_size_that_does_not_halve_five_times_is_an_error(size):
    with pytest.raises(ValueError, match="multiple of 32"):
        pic(size, 4)


def test_bad_numbers(network, images, masks):
    with pytest.raises(ValueError, match="width"):
        pic(32, 0)
    with pytest.raises(ValueError, match="count"):
        samples(network, images, masks, 0, 0)


def test_the_narrowest_network_is_whole(rng):
    network = pic(32, 1)
    restored = network([rng.random((1, 32, 32, 3)), np.zeros((1, 32, 32, 1))])
    assert keras.ops.shape(restored) == (1, 32, 32, 3)
