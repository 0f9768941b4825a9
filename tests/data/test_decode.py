import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from wssl.data import read_image, read_images, read_mask


def save(path, array, mode=None, **options):
    Image.fromarray(np.asarray(array), mode).save(path, **options)
    return path


def colours(path):
    """The pixels of a one-row image."""
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.shape[0] == 1
    assert image.shape[2] == 3
    return image[0].tolist()


def test_grey_is_repeated_in_three_channels(tmp_path):
    path = save(tmp_path / "a.png", np.uint8([[0, 7, 255]]))
    assert colours(path) == [[0] * 3, [7] * 3, [255] * 3]


def test_one_bit(tmp_path):
    assert colours(save(tmp_path / "a.png", np.array([[True, False]]))) == [[255] * 3, [0] * 3]


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_16_bit_grey_keeps_its_full_range(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", np.uint16([[0, 257, 128 * 257, 65535]]))
    assert colours(path) == [[0] * 3, [1] * 3, [128] * 3, [255] * 3]


def test_16_bit_pgm(tmp_path):
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 2 1 65535\n" + np.array([0, 65535], ">u2").tobytes())
    assert colours(path) == [[0] * 3, [255] * 3]


@pytest.mark.parametrize("values", [np.float32([[0.5]]), np.int32([[70000]]), np.int32([[-1]])])
def test_values_without_a_known_range_are_refused(tmp_path, values):
    with pytest.raises(ValueError, match="save it with 8 or 16 bits"):
        read_image(save(tmp_path / "a.tiff", values))


def test_transparency_is_laid_over_white(tmp_path):
    rgba = save(
        tmp_path / "rgba.png", np.uint8([[[200, 0, 0, 255], [200, 0, 0, 0], [0, 0, 0, 51]]])
    )
    assert colours(rgba) == [[200, 0, 0], [255] * 3, [204] * 3]
    la = save(tmp_path / "la.png", np.uint8([[[9, 255], [9, 0], [0, 51]]]))
    assert colours(la) == [[9] * 3, [255] * 3, [204] * 3]


def test_palette_with_and_without_transparency(tmp_path):
    image = Image.fromarray(np.uint8([[0, 1]]), "P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "opaque.png")
    image.save(tmp_path / "clear.png", transparency=1)
    assert colours(tmp_path / "opaque.png") == [[255, 0, 0], [0, 0, 255]]
    assert colours(tmp_path / "clear.png") == [[255, 0, 0], [255, 255, 255]]


@pytest.mark.parametrize("suffix", ["tiff", "jpg"])
def test_cmyk_is_ink_on_paper(tmp_path, suffix):
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[:, 8:, 0] = 255
    image = read_image(save(tmp_path / f"a.{suffix}", ink, "CMYK")).astype(int)
    assert np.abs(image[:, :8] - 255).max() <= 2
    assert np.abs(image[:, 8:] - [0, 255, 255]).max() <= 2


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda a: a),
        (2, np.fliplr),
        (3, lambda a: np.rot90(a, 2)),
        (4, np.flipud),
        (5, lambda a: a.swapaxes(0, 1)),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: np.rot90(a, 2).swapaxes(0, 1)),
        (8, np.rot90),
    ],
)
def test_exif_rotation(tmp_path, orientation, upright):
    stored = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", stored, exif=exif)
    np.testing.assert_array_equal(read_image(path), upright(stored))


def jpeg(side=64):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize("content", [jpeg()[:900], jpeg()[:30], b"", b"<html>404</html>"])
def test_a_broken_file_is_named(tmp_path, content):
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.jpg cannot be read as an image"):
        read_image(tmp_path / "broken.jpg")


def test_a_broken_png_is_named(tmp_path):
    content = save(tmp_path / "a.png", np.zeros((9, 9), np.uint8)).read_bytes()
    (tmp_path / "b.png").write_bytes(content[:40] + b"\0\0\0\0" + content[44:])
    with pytest.raises(ValueError, match=r"b\.png cannot be read"):
        read_image(tmp_path / "b.png")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        read_image(tmp_path / "none.png")


@settings(max_examples=25, deadline=None)
@given(mask=arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9)), data=st.data())
def test_a_mask_survives_the_way_through_a_file(tmp_path_factory, mask, data):
    depth = data.draw(st.sampled_from([np.uint8(255), np.uint16(65535), np.True_]))
    path = save(tmp_path_factory.mktemp("mask") / "m.png", mask * depth)
    found = read_mask(path)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, mask)


def test_a_colour_file_can_hold_a_mask(tmp_path):
    mask = np.eye(4, dtype=bool)
    path = save(tmp_path / "m.png", np.repeat(mask[..., None], 3, 2) * np.uint8(255))
    np.testing.assert_array_equal(read_mask(path), mask)


def test_a_mask_that_is_not_binary_names_its_values_and_the_way_out(tmp_path):
    path = save(tmp_path / "m.png", np.uint8([[0, 3, 128, 255]]))
    with pytest.raises(ValueError, match=r"m\.png .* 4 values: 0, 3, 128, 255.*threshold=128"):
        read_mask(path)
    assert read_mask(path, threshold=128).tolist() == [[False, False, True, True]]
    assert read_mask(path, threshold=1).tolist() == [[False, True, True, True]]


def test_ones_are_not_white(tmp_path):
    with pytest.raises(ValueError, match="2 values: 0, 1"):
        read_mask(save(tmp_path / "m.png", np.uint8([[0, 1]])))


def test_a_transparent_mask_is_refused(tmp_path):
    path = save(tmp_path / "m.png", np.uint8([[[255, 255, 255, 255], [0, 0, 0, 0]]]))
    with pytest.raises(ValueError, match="transparent"):
        read_mask(path)


def test_the_threshold_has_a_range(tmp_path):
    with pytest.raises(ValueError, match="from 1 to 255, received 0"):
        read_mask(save(tmp_path / "m.png", np.uint8([[0, 255]])), threshold=0)


def test_the_centre_is_kept(tmp_path, rng):
    wide = rng.integers(0, 255, (20, 30, 3), np.uint8)
    paths = [save(tmp_path / "a.png", wide), save(tmp_path / "b.png", wide.swapaxes(0, 1))]
    images = read_images(paths, 20)
    np.testing.assert_array_equal(images[0], wide[:, 5:25])
    np.testing.assert_array_equal(images[1], wide.swapaxes(0, 1)[5:25])


def test_shrinking_is_antialiased(tmp_path):
    checks = np.uint8(255) * (np.indices((64, 64)).sum(0) % 2).astype(np.uint8)
    image = read_images([save(tmp_path / "a.png", checks)], 8)
    assert np.abs(image[0, 1:-1, 1:-1].astype(int) - 127).max() <= 3


def folder_of(tmp_path, good, bad):
    for i in range(good):
        save(tmp_path / f"{i:02}.png", np.full((8, 8, 3), i, np.uint8))
    for i in range(bad):
        (tmp_path / f"{i:02}-bad.png").write_bytes(b"nothing")
    return sorted(tmp_path.iterdir())


def test_few_broken_files_are_skipped_and_named(tmp_path):
    paths = folder_of(tmp_path, good=19, bad=1)
    with pytest.warns(UserWarning, match=r"Skipped 1 unreadable.*00-bad\.png"):
        images = read_images(paths, 8)
    np.testing.assert_array_equal(images[:, 0, 0, 0], np.arange(19))


def test_many_broken_files_are_an_error(tmp_path):
    paths = folder_of(tmp_path, good=18, bad=2)
    with pytest.raises(ValueError, match="2 of 20 images cannot be read; 5% are tolerated"):
        read_images(paths, 8)
    with pytest.warns(UserWarning, match="Skipped 2"):
        assert len(read_images(paths, 8, bad_share=0.1)) == 18


def test_only_broken_files_are_an_error_whatever_is_tolerated(tmp_path):
    with pytest.raises(ValueError, match="2 of 2 images cannot be read"):
        read_images(folder_of(tmp_path, good=0, bad=2), 8, bad_share=1)


def test_count_is_made_up_of_readable_images(tmp_path):
    paths = folder_of(tmp_path, good=30, bad=1)
    with pytest.warns(UserWarning, match="Skipped 1"):
        images = read_images(paths, 8, count=2)
    np.testing.assert_array_equal(images[:, 0, 0, 0], [0, 1])
    with pytest.warns(UserWarning, match="Skipped 1"):
        assert len(read_images(paths, 8, count=31)) == 30


def test_small_images_are_enlarged_with_one_warning(tmp_path):
    paths = folder_of(tmp_path, good=5, bad=0)
    with pytest.warns(UserWarning, match=r"Enlarged 5 of 5.*12 px: 00\.png.*and 2 more") as seen:
        assert read_images(paths, 12).shape == (5, 12, 12, 3)
    assert len(seen) == 1
