import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.data import manifests, sources


def test_synthetic_has_as_many_as_asked_for():
    images = data.images("synthetic", "val", 16)
    assert images.shape == (64, 16, 16, 3)
    assert images.dtype == np.uint8
    assert data.images("synthetic", "test", 16, count=3).shape == (3, 16, 16, 3)


def test_fewer_images_are_the_first_ones():
    np.testing.assert_array_equal(
        data.images("synthetic", "train", 16, count=5)[:3],
        data.images("synthetic", "train", 16, count=3),
    )


def test_photos_are_the_ones_scikit_image_ships():
    import skimage.data

    images = data.images("photos", "test", 64)
    assert images.shape == (8, 64, 64, 3)
    cat = skimage.data.chelsea()[:, 75:375]
    np.testing.assert_array_equal(
        images[1], np.asarray(Image.fromarray(cat).resize((64, 64), Image.Resampling.LANCZOS))
    )


@pytest.mark.parametrize(("name", "count"), [("photos", 8), ("objects", 410)])
@pytest.mark.parametrize("split", ["train", "val"])
def test_some_pictures_are_for_tests_only(name, count, split):
    words = rf"'test' for '{name}', whose {count} pictures .*received '{split}'.*'open-faces-2'"
    with pytest.raises(ValueError, match=words):
        data.images(name, split)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("syntetic", "'synthetic'"), ("openfaces2", "'open-faces-2'"), ("folder:", "'folder:PATH'")],
)
def test_an_unknown_source_suggests_the_nearest(name, nearest):
    with pytest.raises(ValueError, match=f"image source: expected .* Did you mean {nearest}"):
        data.images(name)
    with pytest.raises(ValueError, match="image source: expected one of"):
        data.fingerprint(name)


def test_names_can_be_checked_without_touching_the_files():
    data.check_image_source("folder:nowhere")
    data.check_mask_source("folder:nowhere")
    with pytest.raises(ValueError, match="received 'photos'"):
        data.check_mask_source("photos")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "validation"}, "received 'validation'"),
        ({"size": 0}, "size: expected at least 1"),
        ({"count": 0}, "count: expected an integer of at least 1"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.images("synthetic", **arguments)


def test_a_source_is_a_class_and_a_line(monkeypatch):
    class Grey:
        def images(self, split, size, count):
            return np.full((count or 2, size, size, 3), 128, np.uint8)

        def fingerprint(self):
            return "grey"

    monkeypatch.setitem(data.SOURCES, "grey", Grey())
    assert data.images("grey", "train", 4).shape == (2, 4, 4, 3)
    assert data.fingerprint("grey") == "grey"


def test_fingerprints_are_short_and_all_different():
    prints = [data.fingerprint(name) for name in data.SOURCES]
    prints += [data.mask_fingerprint(name, r) for name in data.STROKES for r in data.RECIPES]
    assert len(set(prints)) == len(prints)
    assert all(len(p) == 16 and int(p, 16) >= 0 for p in prints)


@pytest.mark.parametrize("name", manifests.MANIFESTS)
def test_images_are_read_from_where_wssl_data_says(name, shared_data, monkeypatch):
    images = data.images(name, "test", 256, count=3)
    entries = manifests.read_manifest(manifests.manifest_path(name))
    for image, entry in zip(images, [e for e in entries if e.split == "test"][:3], strict=True):
        with Image.open(shared_data / name / entry.file) as file:
            np.testing.assert_array_equal(image, np.asarray(file))
    monkeypatch.chdir(shared_data.parent)
    monkeypatch.setenv("WSSL_DATA", shared_data.name)
    np.testing.assert_array_equal(data.images(name, "test", 256, count=3), images)


def test_a_wrong_wssl_data_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("WSSL_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="WSSL_DATA: .*nowhere"):
        data.images("open-faces-2")


@pytest.mark.parametrize(("name", "total"), [("open-faces-2", 3183), ("objects", 410)])
def test_an_incomplete_copy_is_an_error(name, total, monkeypatch, tmp_path):
    (tmp_path / name / "images").mkdir(parents=True)
    monkeypatch.setenv("WSSL_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match=f"the {total} images of {name}; {total} are missing"
    ):
        data.images(name, "test")


def test_nothing_here_needs_keras():
    check = (
        "import sys, wssl.data as d; d.images('synthetic', 'val', 16, 1); d.masks(count=1);"
        "sys.exit(any(map(sys.modules.get, ('keras', 'tensorflow'))))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize(
    ("returned", "received"),
    [
        (np.zeros((2, 8, 8, 3), np.float64), r"float64 \(2, 8, 8, 3\)"),
        (np.zeros((2, 8, 8), np.uint8), r"uint8 \(2, 8, 8\)"),
        (np.zeros((2, 8, 8, 1), np.uint8), r"uint8 \(2, 8, 8, 1\)"),
        (np.zeros((2, 9, 9, 3), np.uint8), r"uint8 \(2, 9, 9, 3\)"),
        (np.zeros((3, 8, 8, 3), np.uint8), r"uint8 \(3, 8, 8, 3\)"),
        (np.zeros((0, 8, 8, 3), np.uint8), r"uint8 \(0, 8, 8, 3\)"),
        ([[0]], r"list \(1, 1\)"),
    ],
)
def test_what_a_source_returns_is_checked(returned, received, monkeypatch):
    class Mine:
        def images(self, split, size, count):
            return returned

        def fingerprint(self):
            return "mine"

    monkeypatch.setitem(sources.SOURCES, "mine", Mine())
    words = rf"expected uint8 \(1 to 2, 8, 8, 3\).* from the source 'mine'; received {received}"
    with pytest.raises(ValueError, match=words):
        data.images("mine", "train", 8, count=2)


def test_a_source_may_have_fewer_images_than_asked_for(monkeypatch):
    class Mine(sources.Synthetic):
        def images(self, split, size, count):
            return super().images(split, size, 2)

    monkeypatch.setitem(sources.SOURCES, "mine", Mine())
    assert len(data.images("mine", "train", 16, count=5)) == 2
    assert len(data.images("mine", "train", 16)) == 2


class Grey:
    def __init__(self, value, digest):
        self.value, self.digest = value, digest

    def images(self, split, size, count):
        return np.full((count or 2, size, size, 3), self.value, np.uint8)

    def fingerprint(self):
        return self.digest


def test_two_sources_of_one_digest_are_refused(monkeypatch):
    light, dark = Grey(200, "grey, version 1"), Grey(50, "grey, version 1")
    monkeypatch.setitem(data.SOURCES, "light", light)
    monkeypatch.setitem(data.SOURCES, "the same", light)
    assert data.fingerprint("light") == data.fingerprint("the same") == "grey, version 1"
    monkeypatch.setitem(data.SOURCES, "dark", dark)
    for name, twin in (("light", "dark"), ("dark", "light")):
        with pytest.raises(ValueError, match=f"image source '{name}': .* which '{twin}' has too"):
            data.fingerprint(name)
    dark.digest = "dark grey, version 1"
    assert data.fingerprint("dark") != data.fingerprint("light")
    inherited = type("Mine", (sources.Synthetic,), {})()
    monkeypatch.setitem(data.SOURCES, "mine", inherited)
    with pytest.raises(ValueError, match="which 'synthetic' has too"):
        data.fingerprint("mine")


def test_a_source_whose_files_are_gone_is_in_no_others_way(monkeypatch, tmp_path):
    monkeypatch.setitem(data.SOURCES, "gone", sources.FolderSource(tmp_path / "gone"))
    assert data.fingerprint("synthetic") == sources.SOURCES["synthetic"].fingerprint()


@pytest.mark.parametrize("digest", [None, "", 1])
def test_a_digest_is_a_text(digest, monkeypatch):
    monkeypatch.setitem(data.SOURCES, "grey", Grey(200, digest))
    with pytest.raises(ValueError, match=f"'grey': expected a digest.*received {digest!r}"):
        data.fingerprint("grey")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Grey, r"received the class Grey\. Register Grey\(\)\."),
        (type("Bare", (), {"images": None})(), "received one without images and fingerprint"),
        (lambda split: None, "received one without images and fingerprint"),
    ],
)
def test_an_entry_that_is_no_source_is_named(entry, words, monkeypatch):
    monkeypatch.setitem(data.SOURCES, "mine", entry)
    for use in (data.check_image_source, data.fingerprint, data.images):
        with pytest.raises(ValueError, match=f"image source 'mine': expected an object.*{words}"):
            use("mine")


@pytest.mark.parametrize("value", [0, 1])
def test_images_in_0_to_1_are_warned_of(value, monkeypatch):
    monkeypatch.setitem(data.SOURCES, "dark", Grey(value, "dark"))
    with pytest.warns(UserWarning, match=rf"'dark'; .*value is {value}, .*Multiply .* by 255"):
        data.images("dark", "train", 4)
