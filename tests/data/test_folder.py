import hashlib
import shutil

import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.data.folder import SPLITS, hash_split


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
    (folder / "README.txt").write_text("about")
    shutil.copy(folder / "1.png", folder / "._1.png")
    fill(folder / ".thumbnails", [200])
    assert data.fingerprint(f"folder:{folder}") == before


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder .*nowhere"):
        data.images(f"folder:{tmp_path / 'nowhere'}")


def test_a_folder_without_images_is_an_error(tmp_path):
    (tmp_path / "README.txt").write_text("about")
    with pytest.raises(FileNotFoundError, match=r"holds no images.*\.png"):
        data.images(f"folder:{tmp_path}")


def test_a_folder_of_broken_images_is_an_error(tmp_path):
    for i in range(30):
        (tmp_path / f"{i}.png").write_text(f"not an image {i}")
    with pytest.raises(ValueError, match="images cannot be read"):
        data.images(f"folder:{tmp_path}")


def test_an_empty_split_says_how_many_images_there_are(tmp_path):
    folder = fill(tmp_path, range(2))
    empty = next(split for split in ("test", "val") if split not in _splits(folder))
    with pytest.raises(ValueError, match=f"split '{empty}'.*empty: of its 2 images.*subfolders"):
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
