import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

import wssl
from wssl.data import read_image
from wssl.inpainting import CONTEXT, STROKE, inpaint, inpaint_folder, window
from wssl.models import unet


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
    mask[10, 20] = mask[80, 63] = True
    network = Network(constant(0.5))
    inpaint(image, mask, network)
    hidden = np.argwhere((network.shown[0] == 0).all(axis=-1)).tolist()
    assert hidden == [[10 // 3, 20 // 2], [80 // 3, 63 // 2]]


def test_the_fill_keeps_its_place_in_an_image_of_another_shape():
    ramp = np.linspace(0, 1, 32, dtype=np.float32)
    across = Network(lambda images: np.broadcast_to(ramp[None, None, :, None], images.shape))
    image, mask = np.zeros((50, 120, 3), dtype=np.uint8), np.ones((50, 120), dtype=bool)
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


def test_without_a_hole_nothing_changes(rng):
    image = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
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
        "broken.png": "cannot be read as an image",
        "lonely.png": "expected one mask of the name 'lonely'",
        "large.png": "size of the image, 20 x 33; received 50 x 40",
        "twice.png": "2 pictures have the name 'twice'",
        "twice.bmp": "2 pictures have the name 'twice'",
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
    with pytest.raises(ValueError, match="output: expected another place"):
        inpaint_folder(album / "photos", album / "masks", album / output, Network(diffuse))


def test_a_folder_without_pictures(album):
    (album / "empty").mkdir()
    with pytest.raises(ValueError, match="empty holds no pictures"):
        inpaint_folder(album / "empty", album / "masks", album / "out", Network(diffuse))
    with pytest.raises(FileNotFoundError, match="no folder"):
        inpaint_folder(album / "none", album / "masks", album / "out", Network(diffuse))
