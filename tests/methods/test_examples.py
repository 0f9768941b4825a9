import keras
import numpy as np
import pytest
from keras import ops

from wssl.data.batches import inpainting_batch, pretext_batch, random_crops
from wssl.methods import batch_size, crop, gather_examples


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (7, 12, 12, 3), dtype=np.uint8)


@pytest.fixture
def masks(rng):
    return rng.random((5, 8, 8)) < 0.4


def arrays(drawn):
    return {name: ops.convert_to_numpy(values) for name, values in drawn.items()}


def test_squares_are_cut_where_the_corners_say(images):
    corners = np.array([[0, 0], [4, 4], [0, 4], [4, 0], [1, 2], [3, 1], [2, 2]], "int32")
    cut = ops.convert_to_numpy(crop(images, corners, 8))
    assert cut.dtype == np.uint8
    for image, (top, left), square in zip(images, corners, cut, strict=True):
        np.testing.assert_array_equal(square, image[top : top + 8, left : left + 8])


def test_a_batch_is_cut_as_random_crops_cuts(images, masks):
    batch = inpainting_batch(images, masks, 8, 4, seed=3, step=5)
    expected = random_crops(batch["images"], 8, np.random.default_rng([3, 1, 5]))
    np.testing.assert_array_equal(arrays(gather_examples(batch, 8))["images"], expected)


@pytest.mark.parametrize("step", [0, 3])
def test_what_is_stored_on_the_device_gives_the_same_batch(images, masks, step):
    here = inpainting_batch(images, masks, 8, 4, 0, step)
    there = inpainting_batch(*map(ops.convert_to_tensor, (images, masks)), 8, 4, 0, step)
    assert set(there["images"]) == {"stored", "rows"}
    assert batch_size(here) == batch_size(there) == 4
    expected, found = arrays(gather_examples(here, 8)), arrays(gather_examples(there, 8))
    for name in ("images", "masks"):
        np.testing.assert_array_equal(found[name], expected[name])


def test_labels_and_places_do_not_hang_on_where_images_are(images):
    here, there = (
        pretext_batch(stored, {"rotation": 4}, 8, 4, 0, 2)
        for stored in (images, ops.convert_to_tensor(images))
    )
    keras.tree.map_structure(
        np.testing.assert_array_equal,
        {name: here[name] for name in ("corners", "labels")},
        {name: there[name] for name in ("corners", "labels")},
    )


def test_images_without_corners_are_taken_whole(images):
    np.testing.assert_array_equal(gather_examples({"images": images}, 12)["images"], images)
