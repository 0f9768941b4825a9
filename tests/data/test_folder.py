import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.data.folder import SPLITS, hash_split, suffixes


def fill(folder, numbers, side=8):
    """Write one image a number: its grey level tells them apart."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.fromarray(np.full((side, side, 3), number, np.uint8)).save(folder / f"{number}.png")
    return folder


def levels(folder, split):
    return data.images(f"folder:{folder}", split, 8)[:, 0, 0, 0].tolist()


def test_the_splits_divide_the_folder_8_to_1_to_1(tmp_path):
    folder = fill(tmp_path, range(100))
    parts = {split: levels(folder, split) for split in SPLITS}
    assert sorted(sum(parts.values(), [])) == list(range(100))
    hashes = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(20_000)]
    shares = [sum(hash_split(h) == split for h in hashes) / 20_000 for split in SPLITS]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.01)


def test_names_place_and_nesting_change_nothing(tmp_path):
    folder = fill(tmp_path / "a", range(40))
    other = tmp_path / "b" / "deep"
    other.mkdir(parents=True)
    for i in range(40):
        shutil.copy(
            folder / f"{i}.png", other.parent / ("deep" if i % 2 else "") / f"{39 - i}x.PNG"
        )
    assert levels(folder, "train") == levels(tmp_path / "b", "train")
    assert data.fingerprint(f"folder:{folder}") == data.fingerprint(f"folder:{tmp_path / 'b'}")


def test_the_fingerprint_follows_the_content(tmp_path):
    folder = fill(tmp_path, range(10))
    before = data.fingerprint(f"folder:{folder}")
    fill(folder, [77])
    after = data.fingerprint(f"folder:{folder}")
    assert before != after
    (folder / "77.png").unlink()
    assert data.fingerprint(f"folder:{folder}") == before


def test_an_overwritten_file_is_noticed(tmp_path):
    folder = fill(tmp_path, range(10))
    before = data.fingerprint(f"folder:{folder}")
    Image.fromarray(np.full((9, 9), 200, np.uint8)).save(folder / "3.png")
    assert data.fingerprint(f"folder:{folder}") != before


def test_copies_of_a_file_never_straddle_splits(tmp_path):
    folder = fill(tmp_path, range(30))
    for i in range(30):
        shutil.copy(folder / f"{i}.png", folder / f"copy of {i}.png")
    for split in SPLITS:
        own = levels(folder, split)
        assert all(own.count(level) == 2 for level in own)


def test_other_and_hidden_files_are_passed_over(tmp_path):
    folder = fill(tmp_path, range(40))
    before = data.fingerprint(f"folder:{folder}")
    shutil.copy(folder / "1.png", folder / "._1.png")
    fill(folder / ".thumbnails", [200])
    assert data.fingerprint(f"folder:{folder}") == before
    for name in ("README.txt", "a.xyz", "b.XYZ", "c.xyz", "d.xyz", "photo"):
        (folder / name).write_text("about")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    with pytest.warns(UserWarning, match="7 files ignored for") as seen:
        assert data.fingerprint(f"folder:{folder}") == before
    assert len(seen) == 1
    named = str(seen[0].message)
    assert "1 of .png (gone.png); 1 of .txt (README.txt); 4 of .xyz (a.xyz, b.XYZ," in named
    assert "1 of no extension (photo)" in named


@pytest.mark.parametrize("ending", [".jfif", ".jpe", ".tga", ".apng", ".TIF", ".qoi", ".ppm"])
def test_every_ending_that_pillow_knows_is_one_of_a_picture(tmp_path, ending):
    folder = fill(tmp_path, range(40))
    before = levels(folder, "train")
    for number in range(40):
        with Image.open(folder / f"{number}.png") as image:
            image.save(folder / f"{number}{ending.lower()}")
        (folder / f"{number}.png").unlink()
        (folder / f"{number}{ending.lower()}").rename(folder / f"{number}{ending}")
    assert len(levels(folder, "train")) == pytest.approx(len(before), abs=12)
    assert sorted(sum((levels(folder, split) for split in SPLITS), [])) == list(range(40))


def test_what_pillow_cannot_decode_by_itself_is_no_picture():
    assert not {".eps", ".ps", ".h5", ".hdf", ".mpg", ".pdf", ".emf", ".txt", ""} & suffixes()
    assert {".jpg", ".mpo", ".webp", ".jp2", ".gif", ".bmp", ".tiff"} <= suffixes()


def test_heic_without_its_plugin_names_the_plugin(tmp_path):
    folder = fill(tmp_path, range(40))
    (folder / "a.heic").write_bytes(b"any")
    if ".heic" in suffixes():
        pytest.skip("the plugin is installed")
    with pytest.warns(
        UserWarning, match=r"1 of \.heic \(a\.heic\)\. For \.heic install pillow-heif"
    ):
        data.fingerprint(f"folder:{folder}")


def test_a_plugin_that_is_registered_adds_its_endings(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "EXTENSION", {**Image.registered_extensions(), ".wssl": "WSSL"})
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    fill(tmp_path, range(40))
    before = {split: levels(tmp_path, split) for split in SPLITS}
    for path in tmp_path.iterdir():
        path.rename(path.with_suffix(".wssl"))
    with pytest.raises(FileNotFoundError, match=r"40 files ignored for other.*40 of \.wssl"):
        levels(tmp_path, "train")
    Image.OPEN["WSSL"] = Image.OPEN["PNG"]
    assert {split: levels(tmp_path, split) for split in SPLITS} == before


def test_links_to_folders_are_followed_and_circles_end(tmp_path):
    real = fill(tmp_path / "real", range(30))
    other = fill(tmp_path / "elsewhere", range(30, 60))
    expected = fill(tmp_path / "plain", range(60))
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "one").symlink_to(real)
    (linked / "two").symlink_to("../elsewhere")
    assert levels(linked, "train") == levels(expected, "train")
    before = data.fingerprint(f"folder:{linked}")
    (other / "back").symlink_to(linked)
    (other / "here").symlink_to(other)
    (real / "across").symlink_to(other)
    (other / "across").symlink_to(real)
    copies = levels(linked, "train")
    assert set(copies) == set(levels(expected, "train"))
    assert all(copies.count(level) <= 2 for level in copies)
    (other / "own").symlink_to("own")
    with pytest.warns(UserWarning, match="2 of no extension"):
        data.fingerprint(f"folder:{linked}")
    assert before == data.fingerprint(f"folder:{expected}")


def test_one_folder_linked_as_train_and_as_test_is_an_error(tmp_path):
    real = fill(tmp_path / "real", range(30))
    linked = tmp_path / "linked"
    linked.mkdir()
    for split in ("train", "test"):
        (linked / split).symlink_to(real)
    with pytest.raises(ValueError, match=r"are the same file, in (train|test) and in (train|test)"):
        data.images(f"folder:{linked}", "test", 8)


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    folder = fill(tmp_path, range(9))
    fill(folder / "closed", range(9, 20))
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="closed"):
        data.fingerprint(f"folder:{folder}")


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected an existing folder; .*nowhere"):
        data.images(f"folder:{tmp_path / 'nowhere'}")


def test_a_folder_without_images_is_an_error(tmp_path):
    (tmp_path / "README.txt").write_text("about")
    with pytest.raises(FileNotFoundError, match=r"expected a folder of images.*\.png"):
        data.images(f"folder:{tmp_path}")


def test_a_folder_of_broken_images_is_an_error(tmp_path):
    for i in range(30):
        (tmp_path / f"{i}.png").write_text(f"not an image {i}")
    with pytest.raises(ValueError, match="images: expected at most 5% unreadable"):
        data.images(f"folder:{tmp_path}")


def test_an_empty_split_says_how_many_images_there_are(tmp_path):
    folder = fill(tmp_path, range(2))
    empty = next(split for split in ("test", "val") if split not in _splits(folder))
    with pytest.raises(
        ValueError, match=f"received '{empty}'.*empty in .*: of its 2 images.*subfolders"
    ):
        data.images(f"folder:{folder}", empty)


def _splits(folder):
    return {hash_split(hashlib.sha256(p.read_bytes()).hexdigest()) for p in folder.iterdir()}


def test_count_is_at_most_what_there_is(tmp_path):
    folder = fill(tmp_path, range(40))
    there = len(levels(folder, "train"))
    assert len(data.images(f"folder:{folder}", "train", 8, count=there - 1)) == there - 1
    assert len(data.images(f"folder:{folder}", "train", 8, count=there + 1)) == there


def test_subfolders_train_and_test_are_the_splits(tmp_path):
    fill(tmp_path / "train", range(60))
    fill(tmp_path / "test" / "deep", range(100, 110))
    assert sorted(levels(tmp_path, "test")) == list(range(100, 110))
    train, val = levels(tmp_path, "train"), levels(tmp_path, "val")
    assert sorted(train + val) == list(range(60))
    assert 0 < len(val) < len(train)
    fill(tmp_path / "val", range(200, 203))
    assert sorted(levels(tmp_path, "val")) == [200, 201, 202]
    assert sorted(levels(tmp_path, "train")) == list(range(60))


def test_the_same_file_in_train_and_test_is_an_error(tmp_path):
    fill(tmp_path / "train", range(5))
    fill(tmp_path / "test", [3, 9])
    with pytest.raises(ValueError, match=r"3\.png .* are the same file"):
        data.images(f"folder:{tmp_path}", "test", 8)


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("Train", "Val", "Test"),
        ("training", "validation", "testing"),
        ("TRAINING", "Valid", "test"),
        ("train", "dev", "TESTING"),
        ("Training", None, "Test"),
    ],
)
def test_the_usual_names_of_splits_in_capitals_or_not(tmp_path, train, val, test):
    fill(tmp_path / train / "deep", range(60))
    fill(tmp_path / test, range(100, 110))
    assert sorted(levels(tmp_path, "test")) == list(range(100, 110))
    if val:
        fill(tmp_path / val, range(200, 203))
        assert sorted(levels(tmp_path, "val")) == [200, 201, 202]
        assert sorted(levels(tmp_path, "train")) == list(range(60))
    else:
        assert sorted(levels(tmp_path, "train") + levels(tmp_path, "val")) == list(range(60))


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        (["train", "val"], "test"),
        (["Test"], "train"),
        (["Training", "valid"], "test"),
        (["train"], "test"),
        (["validation"], "train or test"),
    ],
)
def test_some_of_the_splits_are_refused_with_the_way_out(tmp_path, given, lacking):
    for i, name in enumerate(given):
        fill(tmp_path / name, range(50 * i, 50 * i + 30))
    way_out = f"{', '.join(given)}.*, but none for {lacking}. Add it; or .*{given[0]}"
    for split in SPLITS:
        with pytest.raises(ValueError, match=way_out):
            data.images(f"folder:{tmp_path}", split, 8)
    assert levels(tmp_path / given[0], "train")


def test_two_folders_for_one_split_are_refused(tmp_path):
    for i, name in enumerate(("train", "Training", "test")):
        fill(tmp_path / name, range(50 * i, 50 * i + 30))
    with pytest.raises(ValueError, match="are both for train"):
        data.fingerprint(f"folder:{tmp_path}")


@pytest.mark.parametrize("parent", ["data", "data/deep", "cats"])
def test_splits_farther_below_are_not_mixed(tmp_path, parent):
    fill(tmp_path / parent / "train", range(30))
    fill(tmp_path / parent / "Test", range(30, 60))
    with pytest.raises(
        ValueError, match=f"{parent} has subfolders for the splits .*Give .*{parent}"
    ):
        data.fingerprint(f"folder:{tmp_path}")
    assert sorted(levels(tmp_path / parent, "test")) == list(range(30, 60))


def test_what_lies_beside_the_splits_is_named(tmp_path):
    fill(tmp_path / "train", range(30))
    fill(tmp_path / "test", range(30, 60))
    fill(tmp_path / "extra", [200])
    fill(tmp_path, [201])
    with pytest.warns(UserWarning, match=r"2 files ignored .*train, val and test: 2 of \.png"):
        assert sorted(levels(tmp_path, "test")) == list(range(30, 60))


@pytest.mark.parametrize(
    "names",
    [
        {"train": "train2017", "val": "val2017", "test": "test2017"},
        {"train": "training_set", "val": "dev-set", "test": "test_set"},
        {"train": "TrainImages", "val": "images val", "test": "testset"},
        {"train": "Train ", "val": "valid", "test": "Test_1"},
    ],
)
def test_a_word_in_the_name_of_a_subfolder_says_its_split(tmp_path, names):
    for start, split in enumerate(SPLITS):
        fill(tmp_path / names[split], range(20 * start, 20 * start + 3))
    for start, split in enumerate(SPLITS):
        assert sorted(levels(tmp_path, split)) == list(range(20 * start, 20 * start + 3))


def test_whole_names_come_before_words_in_names(tmp_path):
    fill(tmp_path / "train", range(20))
    fill(tmp_path / "test", range(20, 23))
    fill(tmp_path / "train_masks", range(30, 33))
    with pytest.warns(UserWarning, match=r"3 files ignored .*train_masks"):
        assert sorted(levels(tmp_path, "test")) == [20, 21, 22]


def test_one_word_alone_in_the_name_of_a_class_says_nothing(tmp_path):
    for start, name in enumerate(("steam_train", "toy train", "bus")):
        fill(tmp_path / name, range(40 * start, 40 * start + 40))
    assert sum(len(levels(tmp_path, split)) for split in SPLITS) == 120


def test_words_for_one_split_twice_or_for_some_splits_are_refused(tmp_path):
    fill(tmp_path / "a" / "train_1", range(3))
    fill(tmp_path / "a" / "train_2", range(3, 6))
    fill(tmp_path / "a" / "test_1", range(6, 9))
    with pytest.raises(ValueError, match=r"train_1 and .*train_2 are both for train"):
        data.images(f"folder:{tmp_path / 'a'}", "train", 8)
    fill(tmp_path / "b" / "train2017", range(3))
    fill(tmp_path / "b" / "val2017", range(3, 6))
    with pytest.raises(ValueError, match="none for test"):
        data.images(f"folder:{tmp_path / 'b'}", "train", 8)


@pytest.mark.parametrize(
    "names",
    [
        ("trn", "tst"),
        ("trn", "vld", "tst"),
        ("tr", "te"),
        ("Tr", "Va", "Ts"),
        ("imagesTr", "imagesTs", "labelsTr"),
        ("trainA", "trainB", "testA", "testB"),
        ("xtrain", "xtest"),
        ("Trainingsdaten", "Testdaten"),
        ("train2017", "eval2017"),
        ("1_trn", "2_holdout"),
        ("trn", "evaluate"),
        ("trn_set", "validate"),
        ("TRN", "unseen", "extra"),
        ("data/trn", "data/tst"),
    ],
)
def test_names_that_look_like_splits_are_not_pooled(tmp_path, names):
    for i, name in enumerate(names):
        fill(tmp_path / name, range(20 * i, 20 * i + 20))
    for split in SPLITS:
        with pytest.raises(ValueError, match=r"look like splits.*Rename .* train, val and test"):
            data.images(f"folder:{tmp_path}", split, 8)
    with pytest.raises(ValueError, match="look like splits") as error:
        data.fingerprint(f"folder:{tmp_path}")
    assert all(Path(name).name in str(error.value) for name in names if name != "extra")


@pytest.mark.parametrize(
    "names",
    [
        ("cats", "dogs"),
        ("tr", "te", "de", "fr"),
        ("tractor", "television", "valley", "testudo", "teddy"),
        ("steam_train", "evaporator", "device"),
        ("train_station", "bus"),
        ("Tre", "Tess", "Valerie", "Devon"),
        ("a", "b", "val_d_isere"),
        ("2019", "2020"),
    ],
)
def test_names_of_classes_are_pooled(tmp_path, names):
    for i, name in enumerate(names):
        fill(tmp_path / name, range(20 * i, 20 * i + 20))
    for split in ("trn", "tst"):
        (tmp_path / "annotations" / split).mkdir(parents=True)
    total = sum(len(levels(tmp_path, split)) for split in SPLITS)
    assert total == 20 * len(names)


def test_splits_below_different_folders_are_not_mixed(tmp_path):
    fill(tmp_path / "cat" / "train", range(3))
    fill(tmp_path / "dog" / "test", range(3, 6))
    with pytest.raises(ValueError, match=r"cat/train, dog/test.*would be mixed"):
        data.images(f"folder:{tmp_path}", "train", 8)
