"""Whatever comes from outside gives a result, an error that names it, or a named skip."""

import io
import json
import struct
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from wssl import data
from wssl.data import Prepared, prepare
from wssl.data.decode import Encoded, find_hole, read_photo
from wssl.data.download import canonical
from wssl.data.manifests import manifest_path, read_manifest
from wssl.data.sources import find_source
from wssl.data.squares import read_square

pytestmark = pytest.mark.filterwarnings("ignore")
OFTEN = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
SELDOM = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

FORMATS = {
    "PNG": ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "TIFF": ("1", "L", "LA", "I;16", "I", "F", "P", "RGB", "RGBA", "CMYK", "LAB"),
    "GIF": ("L", "P", "RGB"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB"),
    "PPM": ("1", "L", "I;16", "RGB"),
    "TGA": ("L", "RGB", "RGBA"),
    "JPEG2000": ("L", "LA", "RGB", "RGBA"),
    "ICO": ("RGBA",),
}
LOSSLESS = ("PNG", "TIFF", "BMP", "PPM", "TGA")
MODES = [(kind, mode) for kind, modes in FORMATS.items() for mode in modes]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def attempt(work, *arguments):
    """What a function gives, or the message of its error; any other error than these is one."""
    try:
        return work(*arguments), None
    except (ValueError, FileNotFoundError) as error:
        return None, str(error)


def pixels(mode, height, width, seed):
    """An image of that mode with random values."""
    rng = np.random.default_rng(seed)
    if mode == "F":
        return Image.fromarray(rng.normal(size=(height, width)).astype(np.float32))
    if mode == "I":
        return Image.fromarray(rng.integers(-9, 70_000, (height, width)).astype(np.int32))
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, (height, width)).astype(np.uint16))
    if mode == "LAB":
        return Image.frombytes("LAB", (width, height), rng.bytes(3 * height * width))
    alpha = "A" if "A" in mode else ""
    values = rng.integers(0, 256, (height, width, 4 if alpha else 3), dtype=np.uint8)
    return Image.fromarray(values).convert(mode)


@st.composite
def encoded(draw):
    """The content of an image file with whatever metadata, whole."""
    kind, mode = draw(st.sampled_from(MODES))
    image = pixels(
        mode, draw(st.integers(1, 20)), draw(st.integers(1, 20)), draw(st.integers(0, 9))
    )
    options = {}
    if kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        profile = st.binary(max_size=200) | st.just(SRGB)
        options["icc_profile"] = draw(st.none() | profile)
        exif = st.binary(max_size=60).map(lambda b: b"Exif\0\0MM\0*\0\0\0\x08" + b)
        options["exif"] = draw(st.none() | exif) if kind != "TIFF" else None
    if kind in ("PNG", "JPEG", "TIFF", "BMP"):
        dpi = st.floats(0, 60_000)
        options["dpi"] = draw(st.none() | st.tuples(dpi, dpi))
    if kind == "PNG" and draw(st.booleans()):
        options["pnginfo"] = PngImagePlugin.PngInfo()
        chunk = draw(st.sampled_from([b"gAMA", b"cHRM", b"sRGB", b"tIME", b"eXIf"]))
        options["pnginfo"].add(chunk, draw(st.binary(max_size=40)))
    buffer = io.BytesIO()
    try:
        image.save(buffer, kind, **{k: v for k, v in options.items() if v is not None})
    except (ValueError, OSError, struct.error, TypeError):
        buffer = io.BytesIO()
        image.save(buffer, kind)
    return image, kind, buffer.getvalue()


@st.composite
def damaged(draw):
    """The content of an image file, cut at any byte, with bytes exchanged, or neither."""
    content = bytearray(draw(encoded())[2])
    for _ in range(draw(st.integers(0, 3))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)) | st.just(len(content)))])


@OFTEN
@given(damaged())
def test_a_picture_is_read_or_named(content):
    picture = Encoded("the picture", content)
    photo, error = attempt(read_photo, picture)
    if error is not None:
        assert "the picture" in error
        assert isinstance(read_square(picture, 8), ValueError)
        return
    assert photo.image.mode in ("L", "RGB")
    assert photo.dpi is None or min(photo.dpi) >= 1
    square = read_square(picture, 8)
    assert square.values.shape == (8, 8, 3)
    assert square.values.dtype == np.uint8


@OFTEN
@given(encoded())
def test_a_whole_picture_keeps_its_values(case):
    image, kind, content = case
    photo, error = attempt(read_photo, Encoded("the picture", content))
    if error is not None:
        # Values without a known range are refused, and so are metadata that Pillow refuses.
        assert image.mode in ("I", "F") or "expected an image file" in error
        return
    if kind not in LOSSLESS or image.mode not in ("1", "L", "RGB", "P"):
        return
    grey = image.mode in ("1", "L")
    expected = np.asarray(image.convert("L" if grey else "RGB"))
    found = np.asarray(photo.image.convert("L" if grey else "RGB"))
    turned = [np.rot90(e, turns) for e in (expected, expected.swapaxes(0, 1)) for turns in range(4)]
    assert any(np.array_equal(found, other) for other in turned)


@OFTEN
@given(damaged(), st.none() | st.integers(-3, 300))
def test_a_mask_is_read_or_named(tmp_path_factory, content, threshold):
    path = tmp_path_factory.getbasetemp() / "outside.mask"
    path.write_bytes(content)
    mask, error = attempt(find_hole, path, threshold)
    if error is None:
        assert mask.dtype == bool
        assert mask.ndim == 2
    else:
        assert "outside.mask" in error or "threshold: expected" in error


@SELDOM
@given(pictures=st.lists(damaged(), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_a_folder_is_read_skipped_or_named(tmp_path_factory, pictures, seed):
    folder = tmp_path_factory.mktemp("outside")
    for i, content in enumerate(pictures):
        (folder / f"{i}.png").write_bytes(content)
    for i in range(seed % 3 * 40):
        pixels("RGB", 9, 9, [seed, i]).save(folder / f"good{i}.png")
    before = {path: path.read_bytes() for path in folder.rglob("*")}
    for split in data.SPLITS:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            images, error = attempt(data.images, f"folder:{folder}", split, 8)
        if error is not None:
            assert str(folder) in error
            continue
        listed = len(find_source(f"folder:{folder}").pictures(split))
        skipped = [int(str(w.message).split()[1]) for w in seen if "Skipped" in str(w.message)]
        assert len(images) + sum(skipped) == listed
    assert {path: path.read_bytes() for path in folder.rglob("*")} == before


TEXT = manifest_path("objects").read_bytes().splitlines(keepends=True)[:4]


@OFTEN
@given(st.data())
def test_a_manifest_is_read_or_named_with_its_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("outside") / "a.csv"
    content = bytearray(b"".join(TEXT))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        stop = start + data.draw(st.integers(0, 20))
        content[start:stop] = data.draw(
            st.sampled_from([b"", b",", b'"', b"../", b"/", b"\n", b"-"])
        )
    path.write_bytes(content)
    entries, error = attempt(read_manifest, path)
    if error is not None:
        assert str(path) in error
        assert "Restore the file" in error
        return
    for entry in entries:
        inside = (path.parent / "images" / entry.file).resolve()
        assert inside.is_relative_to(path.parent / "images")
        assert entry.split in ("train", "val", "test")
        assert entry.box[0] < entry.box[2]


@pytest.mark.parametrize(
    "file", ["../x.jpg", "/etc/x.jpg", "a/../../x.jpg", "a\\..\\x.jpg", "", ".", "x\0.jpg"]
)
def test_a_manifest_names_no_file_outside_its_folder(tmp_path, file):
    header, row = TEXT[0].decode(), TEXT[1].decode().split(",")
    path = tmp_path / "a.csv"
    path.write_text(header + ",".join([file, *row[1:]]))
    with pytest.raises(ValueError, match=r"a\.csv.*file: expected a relative path"):
        read_manifest(path)


@SELDOM
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_drawings_are_read_or_named(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("outside") / "strokes.ndjson"
    path.write_bytes(content)
    drawings, error = attempt(canonical, [path])
    assert drawings == [] if error is None else "strokes.ndjson" in error


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    for i in range(30):
        pixels("RGB", 9, 9, i).save(folder / f"{i}.png")
    prepare(f"folder:{folder}", folder / "out", 8, workers=1)
    return folder / "out"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@OFTEN
@given(st.data())
def test_an_index_is_read_or_named(prepared, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("outside")
    (folder / "images.npy").symlink_to(prepared / "images.npy")
    values = json.loads((prepared / "index.json").read_text())
    name = data.draw(st.sampled_from(sorted(values)))
    if data.draw(st.booleans()):
        values[name] = data.draw(JSON)
    else:
        del values[name]
    text = json.dumps(values)
    (folder / "index.json").write_text(text[: data.draw(st.integers(0, 9) | st.just(len(text)))])
    source = Prepared(folder)
    for work in (source.fingerprint, lambda: list(source.damaged())):
        error = attempt(work)[1]
        assert error is None or str(folder) in error
    images, error = attempt(source.images, "train", 8, None)
    assert images.shape[1:] == (8, 8, 3) if error is None else str(folder) in error
