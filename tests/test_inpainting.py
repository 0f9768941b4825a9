import io
import os
import struct
import unicodedata
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms, PngImagePlugin
from scipy import ndimage

import wssl
from wssl import cli
from wssl.cli import inpaint as inpaint_command
from wssl.data import read_image
from wssl.data.decode import find_hole
from wssl.inpainting import CONTEXT, STROKE, apart, inpaint, inpaint_folder, window
from wssl.methods import unet


class Network:
    """Answers as it is told, and remembers what it was shown."""

    def __init__(self, answer, size=32):
        self.inputs = [np.empty((0, size, size, 3))]
        self.answer = answer

    def predict_on_batch(self, images):
        self.shown = np.asarray(images)
        return self.answer(self.shown)


def constant(value):
    return lambda images: np.full_like(images, value)


def diffuse(images):
    """An answer that depends on every pixel shown."""
    return np.clip(images.mean(axis=(1, 2), keepdims=True) + 0.5 * images, 0, 1)


@pytest.fixture(scope="module")
def network():
    return unet(32, 2)


SIDES = st.integers(1, 80)


@st.composite
def holed(draw):
    """An image of any size, a mask, and the same image with something else in the hole."""
    height, width = draw(SIDES), draw(SIDES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    mask = draw(
        arrays.arrays(bool, (height, width))
        | st.builds(lambda share: rng.random((height, width)) < share, st.floats(0, 1))
    )
    image, other = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    return image, mask, np.where(mask[..., None], other, image)


@pytest.mark.filterwarnings("ignore:mask. ")
@settings(max_examples=60, deadline=None)
@given(holed())
def test_known_pixels_stay_and_what_the_hole_held_does_not_matter(case):
    image, mask, other = case
    before = image.copy()
    filled = inpaint(image, mask, Network(diffuse))
    assert filled.dtype == np.uint8
    assert filled.shape == image.shape
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    np.testing.assert_array_equal(inpaint(other, mask, Network(diffuse)), filled)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("shape", [(32, 32), (45, 61), (61, 45), (7, 9), (200, 33)])
def test_with_a_real_network(shape, network, rng):
    image = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[shape[0] // 4 : shape[0] // 2 + 1, shape[1] // 3 : -1] = True
    filled = inpaint(image, mask, network)
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    other = np.where(mask[..., None], 255 - image, image)
    np.testing.assert_array_equal(inpaint(other, mask, network), filled)
    assert not np.array_equal(filled[mask], image[mask])
    np.testing.assert_array_equal(wssl.inpaint(image, mask, network), filled)


def test_at_the_networks_own_size_the_fill_is_its_answer(rng):
    image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    answer = rng.random((1, 32, 32, 3)).astype(np.float32)
    mask = rng.random((32, 32)) < 0.5
    network = Network(lambda images: answer)
    filled = inpaint(image, mask, network)
    np.testing.assert_array_equal(filled[mask], np.rint(answer[0][mask] * 255))
    np.testing.assert_array_equal(network.shown[0][mask], 0)
    np.testing.assert_allclose(network.shown[0][~mask] * 255, image[~mask], atol=1e-4)


def test_a_small_pixel_is_shown_only_if_all_that_it_covers_is_known(rng):
    image = rng.integers(1, 256, (96, 64, 3), dtype=np.uint8)
    mask = np.zeros((96, 64), dtype=bool)
    mask[10:80, 20] = mask[80, 20:] = True
    network = Network(constant(0.5))
    inpaint(image, mask, network)
    hidden = [tuple(place) for place in np.argwhere((network.shown[0] == 0).all(axis=-1))]
    assert hidden == sorted({(row // 3, column // 2) for row, column in np.argwhere(mask)})


def test_the_fill_keeps_its_place_in_an_image_of_another_shape():
    ramp = np.linspace(0, 1, 32, dtype=np.float32)
    across = Network(lambda images: np.broadcast_to(ramp[None, None, :, None], images.shape))
    image, mask = np.zeros((50, 120, 3), dtype=np.uint8), np.ones((50, 120), dtype=bool)
    with pytest.warns(UserWarning, match="mask: 100% of the image is hole"):
        filled = inpaint(image, mask, across).astype(int)
    assert (np.diff(filled, axis=1) >= 0).all()
    assert (np.diff(filled, axis=0) == 0).all()
    assert filled[0, 0, 0] <= 3
    assert filled[0, -1, 0] >= 252


@settings(max_examples=100, deadline=None)
@given(holed(), st.integers(1, 100))
def test_the_window_holds_the_whole_hole_and_no_less_than_the_network_takes(case, size):
    mask = case[1]
    if not mask.any():
        return
    part = window(mask, size)
    assert mask[part].sum() == mask.sum()
    sides = mask[part].shape
    for side, whole in zip(sides, mask.shape, strict=True):
        assert min(size, whole) <= side <= whole
    for axis, (side, whole) in enumerate(zip(sides, mask.shape, strict=True)):
        long = np.ptp(np.flatnonzero(mask.any(axis=1 - axis))) + 1
        assert side >= min(whole, int(CONTEXT * long))
    assert sides[0] == sides[1] or sides[0] == mask.shape[0] or sides[1] == mask.shape[1]


@pytest.mark.parametrize(
    ("hole", "side"),
    [
        ((slice(100, 101), slice(150, 250)), round(CONTEXT * 100)),
        ((slice(100, 110), slice(150, 160)), round(9 / STROKE)),
        ((slice(100, 101), slice(200, 202)), 32),
        ((slice(100, 200), slice(150, 250)), 400),
    ],
    ids=["a long stroke", "a wide hole", "a speck", "an object"],
)
def test_a_wide_hole_is_seen_from_farther_away(hole, side):
    """Ten pixels are five deep, so that the hole counts as nine wide; a stroke of one as one."""
    mask = np.zeros((400, 400), dtype=bool)
    mask[hole] = True
    rows, columns = window(mask, 32)
    assert rows.stop - rows.start == columns.stop - columns.start == side
    if side < 200:
        assert abs(rows.start + rows.stop - hole[0].start - hole[0].stop) <= 1
        assert abs(columns.start + columns.stop - hole[1].start - hole[1].stop) <= 1


def test_a_network_sees_only_the_part_around_a_small_hole(rng):
    image = rng.integers(0, 256, (300, 200, 3), dtype=np.uint8)
    mask = np.zeros((300, 200), dtype=bool)
    mask[250, 20:30] = True
    network = Network(constant(0.5))
    filled = inpaint(image, mask, network)
    rows, columns = window(mask, 32)
    assert (rows, columns) == (slice(234, 266), slice(9, 41))
    known = ~mask[rows, columns]
    shown = np.rint(network.shown[0] * 255).astype(int)
    np.testing.assert_array_equal(shown[known], image[rows, columns][known])
    np.testing.assert_array_equal(filled[mask], 128)


@settings(max_examples=100, deadline=None)
@given(holed(), st.integers(1, 40))
def test_the_parts_of_a_hole_make_it_up_and_keep_together_what_is_connected(case, size):
    mask = case[1]
    if not mask.any():
        return
    number = np.zeros(mask.shape, dtype=int)
    parts = apart(mask, size)
    for i, (part, own) in enumerate(parts, start=1):
        assert own.any()
        assert not number[part][own].any()
        number[part][own] = i
    np.testing.assert_array_equal(number > 0, mask)
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    for label in range(1, count + 1):
        assert len(np.unique(number[labels == label])) == 1
    assert len(parts) <= np.prod([side // size + 1 for side in mask.shape])


@pytest.mark.parametrize("count", [1, 30, 600])
def test_specks_are_each_seen_from_near(rng, count):
    mask = np.zeros((700, 900), dtype=bool)
    mask.flat[rng.choice(mask.size, count, replace=False)] = True
    for (rows, columns), _ in apart(mask, 32):
        assert max(rows.stop - rows.start, columns.stop - columns.start) <= 1.5 * 33


def test_scratches_far_apart_are_filled_apart():
    """A picture that changes over its width: from one place alone neither scratch is filled."""
    image = np.zeros((200, 900, 3), dtype=np.uint8)
    image[..., 0], image[..., 1] = np.linspace(0, 255, 900), np.linspace(255, 0, 200)[:, None]
    one, other = np.zeros((2, 200, 900), dtype=bool)
    one[90:93, 60:130] = other[40:110, 820:823] = True

    def mean(images):
        known = images.any(axis=-1, keepdims=True)
        means = images.sum(axis=(1, 2), keepdims=True) / known.sum(axis=(1, 2), keepdims=True)
        return np.broadcast_to(means, images.shape)

    filled = inpaint(image, one | other, Network(mean))
    for mask in (one, other):
        np.testing.assert_array_equal(filled[mask], inpaint(image, mask, Network(mean))[mask])
    error = np.abs(filled.astype(int) - image)[one | other].mean()
    assert error < 16
    assert len(apart(one | other, 32)) == 2
    assert len(apart(one | np.roll(one, 3, axis=1), 32)) == 1


@settings(max_examples=40, deadline=None)
@given(holed())
@pytest.mark.filterwarnings("ignore:mask. ")
def test_a_grey_picture_stays_grey(case):
    image, mask, other = case
    grey = image[..., :1].repeat(3, axis=-1)
    network = Network(lambda images: np.clip(images * [1, 0.2, 0.5] + [0, 0.3, 0.1], 0, 1))
    filled = inpaint(np.where(mask[..., None], other, grey), mask, network)
    if (~mask).any():
        assert (filled == filled[..., :1]).all()
    np.testing.assert_array_equal(filled[~mask], grey[~mask])
    blue = grey.copy()
    blue[..., 2] = 255 - blue[..., 2]
    coloured = inpaint(blue, mask, network)[mask]
    if len(coloured) > 20 and (~mask).sum() > 20:
        assert (coloured != coloured[..., :1]).any()


@pytest.mark.parametrize(("share", "told"), [(0.5, False), (0.51, True), (0.92, True)])
def test_a_hole_larger_than_any_learned_from_is_named(rng, recwarn, share, told):
    image = rng.integers(0, 256, (40, 100, 3), dtype=np.uint8)
    mask = np.zeros((40, 100), dtype=bool)
    mask[:, : round(100 * share)] = True
    inpaint(image, mask, Network(constant(0.5)))
    assert [f"{share:.0%} of the image is hole" in str(w.message) for w in recwarn] == [True] * told


def test_without_a_hole_nothing_changes(rng):
    image = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
    with pytest.warns(UserWarning, match="mask: expected at least one hole pixel"):
        filled = inpaint(image, np.zeros((40, 30), dtype=bool), Network(constant(0.0)))
    np.testing.assert_array_equal(filled, image)
    assert filled is not image


IMAGE, MASK = np.zeros((20, 30, 3), dtype=np.uint8), np.zeros((20, 30), dtype=bool)


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        (IMAGE / 255, MASK, r"image: expected uint8 \(H, W, 3\); received float64 \(20, 30, 3\)"),
        (IMAGE[..., 0], MASK, r"image: expected uint8 \(H, W, 3\); received uint8 \(20, 30\)"),
        (IMAGE[..., [0, 0, 0, 0]], MASK, r"image: .*; received uint8 \(20, 30, 4\)"),
        (IMAGE[None], MASK, r"image: .*; received uint8 \(1, 20, 30, 3\)"),
        (IMAGE, MASK.T, r"mask: expected bool \(20, 30\), .*; received bool \(30, 20\)"),
        (IMAGE, MASK[..., None], r"mask: .*; received bool \(20, 30, 1\)"),
        (IMAGE, MASK * np.uint8(255), r"mask: .*; received uint8 \(20, 30\)"),
        (IMAGE, MASK * 1.0, r"mask: .* wssl\.data\.read_mask"),
    ],
)
def test_bad_values(image, mask, message):
    with pytest.raises(ValueError, match=message):
        inpaint(image, mask, Network(constant(0.5)))


@pytest.fixture
def album(tmp_path, rng):
    """A folder of two good pictures, of different sizes, and of their masks."""
    for name, shape in (("a.jpg", (40, 50)), ("b.png", (33, 20))):
        mask = np.zeros(shape, dtype=np.uint8)
        mask[5:9, 3:15] = 255
        image = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
        for folder, picture in (("photos", image), ("masks", mask)):
            path = tmp_path / folder / name
            path = path.with_suffix(".png") if folder == "masks" else path
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(picture).save(path)
    return tmp_path


def folder(album, masks="masks"):
    return inpaint_folder(
        album / "photos", album / masks, album / "new" / "filled", Network(diffuse)
    )


def files(path):
    return sorted(p.name for p in path.iterdir())


def test_a_folder_is_filled_as_its_pictures_are(album):
    assert folder(album) == {}
    assert files(album / "new" / "filled") == ["a.png", "b.png"]
    for name in ("a.jpg", "b.png"):
        image = read_image(album / "photos" / name)
        mask = wssl.data.read_mask((album / "masks" / name).with_suffix(".png"))
        filled = read_image((album / "new" / "filled" / name).with_suffix(".png"))
        np.testing.assert_array_equal(filled, inpaint(image, mask, Network(diffuse)))
        np.testing.assert_array_equal(filled[~mask], image[~mask])


def test_a_bad_picture_is_named_and_skipped_and_leaves_no_file(album, capsys):
    photos, masks = album / "photos", album / "masks"
    (photos / "broken.png").write_bytes((photos / "b.png").read_bytes()[:200])
    (masks / "broken.png").write_bytes((masks / "b.png").read_bytes())
    (photos / "lonely.png").write_bytes((photos / "b.png").read_bytes())
    (photos / "large.png").write_bytes((photos / "b.png").read_bytes())
    (masks / "large.png").write_bytes((masks / "a.png").read_bytes())
    for name in ("twice.png", "twice.bmp"):
        Image.fromarray(np.zeros((9, 9, 3), dtype=np.uint8)).save(photos / name)
    skipped = folder(album)
    assert files(album / "new" / "filled") == ["a.png", "b.png"]
    for name, why in {
        "broken.png": "expected an image file",
        "lonely.png": "expected one mask of the name 'lonely'",
        "large.png": "size of the image, 20 x 33; received 50 x 40",
        "twice.png": "2 pictures are named 'twice'",
        "twice.bmp": "2 pictures are named 'twice'",
    }.items():
        assert name in skipped[name]
        assert why in skipped[name]
    assert len(skipped) == 5
    assert capsys.readouterr().err.count("skipped: ") == 5


def test_one_mask_for_all_fits_the_pictures_of_its_size(album):
    assert set(folder(album, "masks/a.png")) == {"b.png"}
    assert files(album / "new" / "filled") == ["a.png"]


def test_a_second_time_overwrites(album):
    folder(album)
    target = album / "new" / "filled" / "a.png"
    first = target.read_bytes()
    target.write_bytes(b"old")
    folder(album)
    assert target.read_bytes() == first
    assert files(album / "new" / "filled") == ["a.png", "b.png"]


@pytest.mark.parametrize("output", ["photos", "masks", "new/../photos"])
def test_what_is_read_is_not_overwritten(album, output):
    with pytest.raises(ValueError, match="output: expected a path other than"):
        inpaint_folder(album / "photos", album / "masks", album / output, Network(diffuse))


def test_a_folder_without_pictures(album):
    (album / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: expected a folder of pictures"):
        inpaint_folder(album / "empty", album / "masks", album / "out", Network(diffuse))
    with pytest.raises(FileNotFoundError, match="expected an existing folder"):
        inpaint_folder(album / "none", album / "masks", album / "out", Network(diffuse))


HOLE = (slice(10, 14), slice(5, 30))


@pytest.fixture
def shell(tmp_path, rng, monkeypatch, capfd):
    """A function: a picture, how to save it, a mask, options -> status, output and errors.

    Without a picture a coloured one is drawn; the mask may be given as an array.
    """
    monkeypatch.setattr(inpaint_command, "find_model", lambda name: Network(diffuse))
    monkeypatch.chdir(tmp_path)
    drawn = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)

    def run(*options, picture=None, name="photo.png", mask=None, mask_name="mask.png", **saved):
        image = (
            picture
            if isinstance(picture, Image.Image)
            else Image.fromarray(drawn if picture is None else picture)
        )
        image.save(name, **saved)
        if mask is None:
            mask = np.zeros((40, 50), dtype=np.uint8)
            mask[HOLE] = 255
        Image.fromarray(mask).save(mask_name)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            status = cli.main(["inpaint", name, mask_name, "-o", "out.png", *options])
        out, error = capfd.readouterr()
        lines = [warnings.formatwarning(w.message, w.category, w.filename, w.lineno) for w in seen]
        return status, out, error + "".join(lines)

    return run


def shown(path):
    """What a colour-managed viewer shows of a picture: sRGB, float (H, W, 3)."""
    with Image.open(path) as image:
        profile = image.info.get("icc_profile")
        if profile is None:
            return np.asarray(image.convert("RGB")).astype(float)
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return np.asarray(converted).astype(float)


@cache
def other_profile():
    """A profile in which red and green are exchanged, so that no viewer can overlook it."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = content.index(b"rXYZ", 132), content.index(b"gXYZ", 132)
    content[red : red + 1], content[green : green + 1] = b"g", b"r"
    return bytes(content)


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.tif"])
def test_a_viewer_shows_known_pixels_as_before(shell, name, ending):
    saved = {"quality": 95} if name.endswith("jpg") else {}
    output = f"out{ending}"
    status, _, error = shell(
        "-o", output, name=name, icc_profile=other_profile(), dpi=(300, 150), **saved
    )
    assert (status, error) == (0, "")
    known = np.ones((40, 50), dtype=bool)
    known[HOLE] = False
    np.testing.assert_array_equal(shown(output)[known], shown(name)[known])
    with Image.open(name) as image:
        before = np.asarray(image)
    with Image.open(output) as image:
        np.testing.assert_array_equal(np.asarray(image)[known], before[known])
        assert image.info["icc_profile"] == other_profile()
        assert image.info["dpi"] == pytest.approx((300, 150), abs=0.02)
        assert "exif" not in image.info


def test_what_a_png_says_of_its_colours_without_a_profile_is_carried_over(shell):
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", struct.pack(">I", 100_000))
    primaries = 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000
    info.add(b"cHRM", struct.pack(">8I", *primaries))
    assert shell(pnginfo=info)[::2] == (0, "")
    with Image.open("out.png") as image:
        assert image.info["gamma"] == 1
        assert image.info["chromaticity"] == pytest.approx([n / 100_000 for n in primaries])
    info = PngImagePlugin.PngInfo()
    info.add(b"cICP", bytes([12, 13, 0, 1]))
    assert shell(pnginfo=info)[::2] == (0, "")
    assert b"cICP" + bytes([12, 13, 0, 1]) in Path("out.png").read_bytes()
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\1")
    assert shell(pnginfo=info)[::2] == (0, "")
    with Image.open("out.png") as image:
        assert image.info["srgb"] == 1


@pytest.mark.parametrize("ending", [".bmp", ".ppm"])
def test_a_format_without_profiles_is_refused_for_a_picture_with_one(shell, ending):
    status, _, error = shell("-o", f"out{ending}", icc_profile=other_profile())
    assert status == 1
    assert (
        "output: expected a format that supports the picture's colour profile (.png, .tif" in error
    )
    assert not os.path.exists(f"out{ending}")
    assert shell("-o", f"out{ending}")[0] == 0


def test_a_turned_picture_has_its_resolution_turned(shell):
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = np.zeros((50, 40), dtype=np.uint8)
    upright[HOLE] = 255
    status, _, error = shell(name="photo.jpg", exif=exif, dpi=(300, 150), mask=upright)
    assert (status, error) == (0, "")
    with Image.open("out.png") as image:
        assert image.size == (40, 50)
        assert image.info["dpi"] == pytest.approx((150, 300), abs=0.02)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.tif"])
def test_a_mask_of_the_stored_pixels_of_a_turned_picture(shell, name):
    exif = Image.Exif()
    exif[0x0112] = 6
    status, _, error = shell(name=name, exif=exif)
    assert status == 1
    assert (
        "size of the image, 40 x 50; received 50 x 40. The file stores the picture on its side"
        in error
    )
    assert "Resize it without" not in error


@pytest.mark.parametrize("mode", ["L", "1", "LA", "I;16"])
def test_a_grey_file_gives_a_grey_file(shell, rng, mode):
    values = rng.integers(0, 256, (40, 50), dtype=np.uint8)
    picture = Image.fromarray(values).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(values.astype(np.uint16) * 257)
    status, _, error = shell(picture=picture)
    assert status == 0
    assert error == (
        "wssl: photo.png has 16 bits per channel; the result has 8.\n" * (mode == "I;16")
    )
    with Image.open("out.png") as image:
        assert image.mode == "L"
        after = np.asarray(image)
    known = np.ones((40, 50), dtype=bool)
    known[HOLE] = False
    expected = read_image("photo.png")[..., 0]
    np.testing.assert_array_equal(after[known], expected[known])


def test_what_a_result_cannot_hold_is_named(shell, rng):
    rgba = rng.integers(0, 256, (40, 50, 4), dtype=np.uint8)
    assert "photo.png has transparent pixels; the result is opaque" in shell(picture=rgba)[2]
    twelve = rng.integers(0, 4096, (40, 50), dtype=np.uint16)
    assert "no value is above 4,095 (12 significant bits)" in shell(picture=twelve)[2]


@pytest.mark.parametrize(("mode", "name"), [("CMYK", "photo.tif"), ("CMYK", "photo.jpg")])
def test_a_picture_in_another_colour_space_is_named(shell, rng, mode, name):
    picture = Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).convert(mode)
    status, _, error = shell(picture=picture, name=name)
    assert (status, error) == (
        0,
        f"wssl: {name} is in {mode}; the result is in RGB, to which known pixels are converted.\n",
    )


@pytest.mark.parametrize("name", ["photo.gif", "photo.webp", "photo.png", "photo.tif"])
def test_more_frames_than_the_first_are_named(shell, rng, name):
    first, second = (
        Image.fromarray(values) for values in rng.integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    )
    status, _, error = shell(picture=first, name=name, save_all=True, append_images=[second])
    line = f"wssl: {name} has 2 frames or pages; the result is of the first.\n"
    assert (status, error) == (0, line)


def test_more_frames_of_a_mask_than_the_first_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = np.zeros((2, 40, 50), dtype=np.uint8)
    first[HOLE] = 255
    Image.fromarray(first).save("pages.tif", save_all=True, append_images=[Image.fromarray(second)])
    with pytest.warns(
        UserWarning, match=r"pages\.tif has 2 frames or pages; the first one is used"
    ):
        assert wssl.data.read_mask("pages.tif").sum() == (first > 0).sum()


@pytest.mark.parametrize("empty", [np.uint8(0), np.uint16(0)])
def test_a_mask_without_a_hole_is_an_error(shell, empty):
    status, _, error = shell(mask=np.full((40, 50), empty))
    assert status == 1
    assert "expected a mask with a hole; received mask.png, which is black everywhere" in error
    assert not os.path.exists("out.png")


def test_an_inverted_mask_is_named(shell):
    mask = np.full((40, 50), 255, dtype=np.uint8)
    mask[HOLE] = 0
    status, out, error = shell(mask=mask)
    assert status == 0
    assert "95.0% of photo.png filled" in out
    assert "wssl: mask.png: 95% of the image is hole" in error
    assert "invert the mask" in error


def test_a_blurred_mask_has_a_threshold_in_the_shell(shell):
    mask = np.zeros((40, 50), dtype=np.uint8)
    mask[HOLE] = 255
    blurred = {"mask": mask, "mask_name": "mask.jpg"}
    status, _, error = shell(**blurred)
    assert status == 1
    assert "mask.jpg: expected a binary mask" in error
    assert "--threshold 128" in error
    status, out, error = shell("--threshold", "128", **blurred)
    assert (status, error) == (0, "")
    assert "5.0% of photo.png filled" in out
    assert "threshold: expected a grey value" in shell("--threshold", "0", **blurred)[2]


def test_a_small_hole_is_counted_in_pixels(shell):
    mask = np.zeros((1000, 900), dtype=np.uint8)
    mask[5, 5:12] = 255
    picture = np.zeros((1000, 900, 3), dtype=np.uint8)
    assert "out.png: 7 pixels of photo.png filled" in shell(picture=picture, mask=mask)[1]


def test_names_are_the_same_however_their_accents_are_written(album):
    for form, place in (("NFC", "photos/a.jpg"), ("NFD", "masks/a.png")):
        path = album / place
        path.rename(path.with_stem(unicodedata.normalize(form, "Mädchen")))
    assert folder(album) == {}
    named = unicodedata.normalize("NFD", "Mädchen")
    (album / "photos" / f"{named}.png").write_bytes((album / "photos" / "b.png").read_bytes())
    assert len(folder(album)) == 2


def test_files_of_a_folder_that_are_no_pictures_are_named(album):
    (album / "photos" / "c.heic").write_bytes(b"any")
    (album / "photos" / "d").write_bytes(b"any")
    (album / "photos" / "below").mkdir()
    with pytest.warns(
        UserWarning, match=r"photos: . files ignored .*2 of no extension \(below, d\)"
    ):
        assert folder(album) == {}
    (album / "photos" / "b.png").rename(album / "photos" / "b.jfif")
    with pytest.warns(UserWarning, match="ignored"):
        assert folder(album) == {}


def test_the_mask_of_all_is_not_overwritten(album):
    (album / "new" / "filled").mkdir(parents=True)
    mask = album / "new" / "filled" / "a.png"
    mask.write_bytes((album / "masks" / "a.png").read_bytes())
    before = mask.read_bytes()
    assert set(folder(album, "new/filled/a.png")) == {"a.jpg", "b.png"}
    assert mask.read_bytes() == before


@pytest.mark.filterwarnings("error")
def test_a_mask_of_ones_in_16_bits_fills_the_folder(album):
    expected = folder(album), [read_image(p) for p in sorted((album / "new/filled").iterdir())]
    for path in (album / "masks").iterdir():
        with Image.open(path) as image:
            mask = np.asarray(image)
        Image.fromarray((mask > 0).astype(np.uint16)).save(path)
    assert folder(album) == expected[0]
    for path, image in zip(sorted((album / "new/filled").iterdir()), expected[1], strict=True):
        np.testing.assert_array_equal(read_image(path), image)
    for path in (album / "masks").iterdir():
        Image.fromarray(np.zeros((40, 50), dtype=np.uint16)).save(path)
    assert "black everywhere" in folder(album)["a.jpg"]


HOSTILE = st.sampled_from(["PNG", "JPEG", "TIFF", "GIF", "WEBP"])


@st.composite
def hostile(draw, side, mask):
    """The content of a picture or a mask of some side, perhaps with bytes cut or exchanged."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if mask:
        white = draw(st.sampled_from([1, 255, 65535, 300]))
        kind = np.uint8 if white < 256 else np.uint16
        values = (rng.random((side, side)) < draw(st.sampled_from([0, 0.02, 0.3, 1]))) * kind(white)
        image, form = Image.fromarray(values), "PNG"
    else:
        channels = draw(st.sampled_from([(), (3,), (4,)]))
        image, form = (
            Image.fromarray(rng.integers(0, 256, (side, side, *channels), np.uint8)),
            draw(HOSTILE),
        )
        image = image.convert("RGB") if form == "JPEG" and channels else image
    buffer = io.BytesIO()
    image.save(buffer, form)
    content = bytearray(buffer.getvalue())
    if draw(st.booleans()):
        content[draw(st.integers(0, len(content) - 1))] ^= draw(st.integers(0, 255))
    return bytes(content[: draw(st.just(len(content)) | st.integers(0, len(content)))])


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_each_picture_of_a_folder_is_filled_or_named(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("outside")
    for name in ("photos", "masks"):
        (root / name).mkdir()
    for i in range(data.draw(st.integers(1, 4))):
        sides = data.draw(st.tuples(*[st.sampled_from([1, 20, 33])] * 2))
        (root / "photos" / f"{i}.png").write_bytes(data.draw(hostile(sides[0], mask=False)))
        (root / "masks" / f"{i}.png").write_bytes(data.draw(hostile(sides[1], mask=True)))
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    skipped = inpaint_folder(root / "photos", root / "masks", root / "new", Network(diffuse))
    after = {path: path.read_bytes() for path in root.rglob("*.*")}
    filled = {path.name for path in after.keys() - before.keys()}
    assert filled.isdisjoint(skipped)
    assert filled | skipped.keys() == {path.name for path in (root / "photos").iterdir()}
    assert {path: after[path] for path in before} == before
    assert {path.parent for path in after.keys() - before.keys()} <= {root / "new"}
    for name, why in skipped.items():
        assert name in why
    for name in filled:
        known = ~find_hole(root / "masks" / name)
        image = read_image(root / "photos" / name)
        np.testing.assert_array_equal(read_image(root / "new" / name)[known], image[known])


def test_a_grey_profile_is_carried_and_one_that_does_not_fit_is_not(shell, rng):
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + (0x0333).to_bytes(2, "big") + bytes(2)
    white = (
        b"XYZ "
        + bytes(4)
        + b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1, 0.8249))
    )
    tags = [(b"wtpt", white), (b"kTRC", curve)]
    offset, table, body = 132 + 12 * len(tags), b"", b""
    for name, content in tags:
        table += name + (offset + len(body)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        body += content
    header = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:128])
    header[:4] = (offset + len(body)).to_bytes(4, "big")
    header[16:20] = b"GRAY"
    grey = bytes(header) + len(tags).to_bytes(4, "big") + table + body
    values = rng.integers(0, 256, (40, 50), dtype=np.uint8)
    assert shell(picture=values, icc_profile=grey)[0] == 0
    known = np.ones((40, 50), dtype=bool)
    known[HOLE] = False
    with Image.open("out.png") as image:
        assert (image.mode, image.info["icc_profile"]) == ("L", grey)
        np.testing.assert_array_equal(np.asarray(image)[known], values[known])
    assert np.abs(shown("photo.png")[..., 0] - values).max() > 20
    np.testing.assert_array_equal(shown("out.png")[known], shown("photo.png")[known])
    ink = Image.fromarray(values).convert("CMYK")
    assert shell(picture=ink, name="photo.tif", icc_profile=grey)[0] == 0
    with Image.open("out.png") as image:
        assert "icc_profile" not in image.info
