import io
import re
import struct
from contextlib import nullcontext
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageCms

from wssl.data import read_image, read_images, read_mask
from wssl.data.decode import Encoded, find_hole, read_photo


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
    with pytest.raises(ValueError, match="Save it with 8 or 16 bits"):
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


TURNED = [1, 2, 3, 4, 5, 6, 7, 8]


def exif_jpeg(block):
    """A picture of 24 x 16 px with that block behind ``Exif``."""
    buffer = io.BytesIO()
    ramp = np.add.outer(np.arange(16), np.arange(24)).astype(np.uint8) * 6
    Image.fromarray(np.stack([ramp, ramp[::-1], ramp], -1)).save(buffer, "JPEG")
    content = buffer.getvalue()
    segment = b"Exif\0\0" + block
    length = (len(segment) + 2).to_bytes(2, "big")
    return content[:2] + b"\xff\xe1" + length + segment + content[2:]


def ifd(*entries):
    """An EXIF block: tags, types, counts, and what their four bytes of value are."""
    fields = (struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(fields) + b"\0" * 4


ODD = {
    "resolution as text": (0x11A, 2, 4, b"300\0"),
    "a rational without its numbers": (0x11A, 5, 1, b"\xff\xff\0\0"),
    "unknown type": (0x11A, 99, 1, b"\0" * 4),
    "bytes for a name": (0x10F, 7, 4, b"\xff\xfe\0\1"),
    "a directory that leads nowhere": (0x8769, 4, 1, b"\xff\xff\xff\x7f"),
    "a directory as text": (0x8769, 2, 4, b"abc\0"),
    "GPS as a float": (0x8825, 11, 1, b"\0\0\x80\x3f"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("orientation", TURNED)
def test_of_an_odd_exif_block_the_orientation_is_taken(tmp_path, name, orientation):
    upright = (0x112, 3, 1, struct.pack("<HH", orientation, 0))
    plain, odd = tmp_path / "plain.jpg", tmp_path / "odd.jpg"
    plain.write_bytes(exif_jpeg(ifd(upright)))
    odd.write_bytes(exif_jpeg(ifd(*sorted([ODD[name], upright]))))
    np.testing.assert_array_equal(read_image(odd), read_image(plain))
    assert read_image(plain).shape == ((16, 24, 3) if orientation < 5 else (24, 16, 3))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_exif_block_keeps_a_picture_from_being_read(data):
    upright = (0x112, 3, 1, struct.pack("<HH", data.draw(st.sampled_from(TURNED)), 0))
    block = bytearray(ifd(*sorted([*ODD.values(), upright])))
    for _ in range(data.draw(st.integers(1, 4))):
        block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    image = read_photo(Encoded("a picture", exif_jpeg(bytes(block)))).image
    assert sorted(image.size) == [16, 24]


def test_whatever_a_decoder_raises_names_the_file(tmp_path, monkeypatch):
    from PIL import ImageFile

    path = save(tmp_path / "a.png", np.uint8([[1, 2]]))

    for error in (MemoryError(), KeyError("x"), AttributeError("y"), OverflowError("z")):
        monkeypatch.setattr(ImageFile.ImageFile, "load", Mock(side_effect=error))
        with pytest.raises(ValueError, match=r"a\.png: expected an image file; .+"):
            read_image(path)


def test_a_picture_with_too_many_pixels_names_the_way_out(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", np.zeros((30, 40), np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 599)
    with pytest.raises(ValueError, match=r"a\.png: expected at most 1,198 pix.*WSSL_MAX_PIXELS"):
        read_image(path)
    monkeypatch.setenv("WSSL_MAX_PIXELS", "1199")
    with pytest.raises(ValueError, match=r"a\.png: expected at most 1,199 pixels"):
        read_image(path)
    monkeypatch.setenv("WSSL_MAX_PIXELS", "1200")
    assert read_image(path).shape == (30, 40, 3)
    monkeypatch.setenv("WSSL_MAX_PIXELS", "1e9")
    with pytest.raises(ValueError, match="WSSL_MAX_PIXELS: expected a number .*received '1e9'"):
        read_image(path)


def display_p3():
    """The content of an ICC profile as Display P3 is: other primaries than those of sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = bytearray(profile)
    for name, xyz in {
        b"rXYZ": (0.5151, 0.2412, -0.0011),
        b"gXYZ": (0.2919, 0.6922, 0.0419),
        b"bXYZ": (0.1572, 0.0666, 0.7841),
    }.items():
        at = content.index(name, 132)
        offset = int.from_bytes(content[at + 4 : at + 8], "big")
        for i, value in enumerate(xyz):
            start = offset + 8 + 4 * i
            content[start : start + 4] = struct.pack(">i", round(value * 65536))
    return bytes(content).replace("sRGB".encode("utf-16-be"), "none".encode("utf-16-be"))


def to_srgb(values, primaries):
    """Colours in [0, 1] of another set of primaries, with the curve of sRGB, as sRGB."""
    srgb = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(primaries) @ np.linalg.inv(srgb).T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_images_of_a_source_are_in_srgb(tmp_path, rng):
    values = rng.integers(60, 200, (16, 16, 3)).astype(np.uint8)
    path = save(tmp_path / "a.png", values, icc_profile=display_p3())
    primaries = (0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841)
    expected = np.rint(255 * to_srgb(values / 255, primaries)).astype(int)
    assert np.abs(expected - values).max() > 20
    assert np.abs(read_images([path], 16)[0] - expected).max() <= 2
    np.testing.assert_array_equal(read_image(path), values)


@pytest.mark.parametrize("profile", [b"none", bytes(400), "grey"])
def test_a_profile_that_does_not_fit_is_passed_over(tmp_path, rng, profile):
    if profile == "grey":
        profile = display_p3().replace(b"RGB ", b"GRAY", 1)
    values = rng.integers(0, 256, (8, 8, 3), np.uint8)
    path = save(tmp_path / "a.png", values, icc_profile=profile)
    np.testing.assert_array_equal(read_images([path], 8)[0], values)
    assert read_photo(path).profile is None


def test_a_profile_of_srgb_changes_nothing(tmp_path, rng):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    values = rng.integers(0, 256, (8, 8, 3), np.uint8)
    path = save(tmp_path / "a.png", values, icc_profile=srgb)
    np.testing.assert_array_equal(read_images([path], 8)[0], values)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_fewer_bits_in_16_are_named(tmp_path, bits):
    peak = 2**bits - 1
    path = save(tmp_path / "a.png", np.linspace(0, peak, 64).reshape(8, 8).astype(np.uint16))
    factor = f"{65535 / peak:.4g}"
    with pytest.warns(
        UserWarning, match=rf"a\.png.*above {peak:,} .{bits} significant bits.*by {factor} "
    ):
        read_image(path)
    with pytest.warns(UserWarning, match=rf"1 images, .*a\.png.*{bits} significant bits"):
        read_images([path], 8)


def test_fewer_bits_in_16_are_named_in_colour(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.linspace(0, 4095, 192).reshape(8, 8, 3).astype(np.uint16))
    with pytest.warns(UserWarning, match=r"a\.png.*bits"):
        read_image(path)


@pytest.mark.parametrize("peak", [0, 2**14, 65535])
def test_16_bits_are_16_bits(tmp_path, peak):
    read_image(save(tmp_path / "a.png", np.array([[0, peak]], np.uint16)))


def jpeg(side=64):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize("content", [jpeg()[:900], jpeg()[:30], b"", b"<html>404</html>"])
def test_a_broken_file_is_named(tmp_path, content):
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.jpg: expected an image file"):
        read_image(tmp_path / "broken.jpg")


def test_a_broken_png_is_named(tmp_path):
    content = save(tmp_path / "a.png", np.zeros((9, 9), np.uint8)).read_bytes()
    (tmp_path / "b.png").write_bytes(content[:40] + b"\0\0\0\0" + content[44:])
    with pytest.raises(ValueError, match=r"b\.png: expected an image file"):
        read_image(tmp_path / "b.png")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        read_image(tmp_path / "none.png")


WHITES = [
    np.True_,
    *map(np.uint8, (1, 255)),
    *map(np.uint16, (1, 255, 65535)),
    *map(np.int32, (1, 255, 65535, 2**31 - 1)),
    *map(np.uint32, (1, 255, 65535, 2**32 - 1)),
    *map(np.float32, (1, 255)),
]


@settings(max_examples=60, deadline=None)
@given(mask=arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9)), data=st.data())
def test_a_mask_survives_the_way_through_a_file(tmp_path_factory, mask, data):
    white = data.draw(st.sampled_from(WHITES))
    wide = white.dtype.itemsize == 4
    suffix = "tif" if wide else data.draw(st.sampled_from(["png", "tif"]))
    threshold = data.draw(st.none() | st.integers(1, 255))
    path = tmp_path_factory.mktemp("mask") / f"m.{suffix}"
    if white.dtype == np.uint32:
        tifffile.imwrite(path, mask * white)
    else:
        save(path, mask * white)
    found = find_hole(path, threshold)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, mask)
    with nullcontext() if mask.any() else pytest.warns(UserWarning, match="has no hole"):
        np.testing.assert_array_equal(read_mask(path, threshold), mask)


@pytest.mark.parametrize("full", [1, 15, 255, 4095, 65535])
def test_a_portable_graymap_has_a_full_scale_of_its_own(tmp_path, full):
    path = tmp_path / "m.pgm"
    values = np.array([0, full], "u1" if full < 256 else ">u2")
    path.write_bytes(f"P5 2 1 {full}\n".encode() + values.tobytes())
    assert read_mask(path).tolist() == [[False, True]]


@pytest.mark.parametrize("white", [np.uint8(2), np.uint8(254), np.uint16(256), np.int32(-2)])
def test_another_white_is_refused(tmp_path, white):
    path = save(tmp_path / "m.tif", np.array([[0, white]], white.dtype))
    with pytest.raises(
        ValueError, match=rf"m\.tif: expected a binary mask.* 2 values: .*{abs(white)}"
    ):
        read_mask(path)


def test_a_mask_without_a_hole_is_named(tmp_path):
    path = save(tmp_path / "m.png", np.zeros((3, 4), np.uint16))
    with pytest.warns(UserWarning, match=r"m\.png has no hole"):
        assert not read_mask(path).any()
    grey = save(tmp_path / "grey.png", np.uint8([[0, 3, 9]]))
    with pytest.warns(UserWarning, match=r"grey\.png has no hole"):
        assert not read_mask(grey, threshold=128).any()


def test_a_colour_file_can_hold_a_mask(tmp_path):
    mask = np.eye(4, dtype=bool)
    path = save(tmp_path / "m.png", np.repeat(mask[..., None], 3, 2) * np.uint8(255))
    np.testing.assert_array_equal(read_mask(path), mask)


def test_a_mask_that_is_not_binary_names_its_values_and_the_way_out(tmp_path):
    path = save(tmp_path / "m.png", np.uint8([[0, 3, 128, 255]]))
    with pytest.raises(ValueError, match=r"m\.png: .* 4 values: 0, 3, 128, 255.*threshold=128"):
        read_mask(path)
    assert read_mask(path, threshold=128).tolist() == [[False, False, True, True]]
    assert read_mask(path, threshold=1).tolist() == [[False, True, True, True]]


def test_a_transparent_mask_is_refused(tmp_path):
    path = save(tmp_path / "m.png", np.uint8([[[255, 255, 255, 255], [0, 0, 0, 0]]]))
    with pytest.raises(ValueError, match="transparent"):
        read_mask(path)


def test_the_threshold_has_a_range(tmp_path):
    with pytest.raises(ValueError, match="from 1 to 255; received 0"):
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
    with pytest.raises(ValueError, match="at most 5% unreadable; received 2 of 20"):
        read_images(paths, 8)
    with pytest.warns(UserWarning, match="Skipped 2"):
        assert len(read_images(paths, 8, max_unreadable=0.1)) == 18


def test_only_broken_files_are_an_error_whatever_is_tolerated(tmp_path):
    with pytest.raises(ValueError, match="unreadable; received 2 of 2"):
        read_images(folder_of(tmp_path, good=0, bad=2), 8, max_unreadable=1)


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


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("white", [1, 255])
def test_a_16_bit_colour_mask_whose_values_are_cut_off_is_refused(tmp_path, suffix, white):
    """Pillow reads the upper 8 bits of 16-bit colours; the mask would be black everywhere."""
    path, hole = tmp_path / f"m.{suffix}", np.eye(8, dtype=np.uint16)
    assert cv2.imwrite(str(path), np.dstack([white * hole] * 3))
    with pytest.raises(ValueError, match=r"m\.\w+: expected .* 8 bits .*upper 8 are read"):
        read_mask(path)
    assert cv2.imwrite(str(path), np.dstack([65535 * hole] * 3))
    assert np.array_equal(read_mask(path), hole > 0)


@pytest.mark.parametrize("values", [np.uint8([0, 38]), np.uint16([0, 4095]), np.uint8([100, 200])])
def test_the_threshold_that_an_error_names_divides_the_values(tmp_path, values):
    path = save(tmp_path / "m.png", values[np.eye(8, dtype=int)])
    with pytest.raises(ValueError, match="--threshold") as refused:
        read_mask(path)
    threshold = int(re.search(r"--threshold (\d+)", str(refused.value)).group(1))
    assert np.array_equal(read_mask(path, threshold=threshold), np.eye(8, dtype=bool))


def test_no_threshold_is_named_where_none_divides_the_values(tmp_path):
    path = save(tmp_path / "m.png", np.uint16([0, 3])[np.eye(8, dtype=int)])
    with pytest.raises(ValueError, match=r"received 2 values: 0, 3\..*PNG") as refused:
        read_mask(path)
    assert "--threshold" not in str(refused.value)
