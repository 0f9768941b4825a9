import io
import sys
from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.cli import main
from wssl.data import DownloadError
from wssl.data.hub import _splits

datasets = pytest.importorskip("datasets")
parquet = pytest.importorskip("pyarrow.parquet")
pyarrow = pytest.importorskip("pyarrow")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def png(level):
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def write(path, levels, column="image", **columns):
    """A parquet file of grey images, as the hub stores them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [{"bytes": png(level), "path": None} for level in levels]
    parquet.write_table(pyarrow.table({column: pictures, **columns}), path)


def levels(folder, split):
    return data.images(f"hub:{folder}", split, 8)[:, 0, 0, 0].tolist()


def test_its_own_splits_are_kept_in_its_order(tmp_path):
    write(tmp_path / "set" / "train-0.parquet", [9, 3, 5])
    write(tmp_path / "set" / "validation-0.parquet", [7, 1])
    write(tmp_path / "set" / "test-0.parquet", [2])
    found = {split: levels(tmp_path / "set", split) for split in data.SPLITS}
    assert found == {"train": [9, 3, 5], "val": [7, 1], "test": [2]}


def test_a_set_without_validation_gives_a_part_of_train(tmp_path):
    write(tmp_path / "set" / "train-0.parquet", range(60))
    write(tmp_path / "set" / "test-0.parquet", range(100, 103))
    train, val = levels(tmp_path / "set", "train"), levels(tmp_path / "set", "val")
    assert sorted(train + val) == list(range(60))
    assert 0 < len(val) < 20
    assert levels(tmp_path / "set", "test") == [100, 101, 102]


@pytest.mark.parametrize("parts", [["train"], ["train", "validation"]])
def test_any_other_set_is_split_by_content(tmp_path, parts):
    everything = np.array_split(np.arange(80), len(parts))
    for part, some in zip(parts, everything, strict=True):
        write(tmp_path / "set" / f"{part}-0.parquet", some.tolist())
    told = pytest.warns(UserWarning, match="splits of its own, but none for test: all rows are")
    with told if len(parts) > 1 else nullcontext():
        found = {split: levels(tmp_path / "set", split) for split in data.SPLITS}
    assert sorted(sum(found.values(), [])) == list(range(80))
    for level in range(80):
        (tmp_path / "files").mkdir(exist_ok=True)
        (tmp_path / "files" / f"{level}.png").write_bytes(png(level))
    for split in data.SPLITS:
        files = data.images(f"folder:{tmp_path / 'files'}", split, 8)[:, 0, 0, 0]
        assert sorted(files.tolist()) == sorted(found[split])


def test_rows_of_splits_with_other_names_are_counted():
    own = ["train"] * 60 + ["test"] + [""] * 2
    with pytest.warns(UserWarning, match="hub:set: 2 rows ignored"):
        assert _splits(own, ["0" * 64] * 63, "hub:set") == own


def test_the_image_column_is_found_among_others(tmp_path):
    names = {"name": ["a", "b"], "label": [0, 1]}
    write(tmp_path / "set" / "train-0.parquet", [1, 2], column="picture", **names)
    write(tmp_path / "set" / "test-0.parquet", [3, 4], column="picture", **names)
    assert levels(tmp_path / "set", "test") == [3, 4]


def test_a_column_of_bytes_will_do(tmp_path):
    (tmp_path / "set").mkdir()
    for split, level in (("train", 1), ("test", 2)):
        table = pyarrow.table({"jpg": [png(level)], "text": ["caption"]})
        parquet.write_table(table, tmp_path / "set" / f"{split}.parquet")
    assert levels(tmp_path / "set", "test") == [2]


def test_image_files_will_do(tmp_path):
    for split, level in (("train", 1), ("test", 2)):
        (tmp_path / "set" / split).mkdir(parents=True)
        (tmp_path / "set" / split / "a.png").write_bytes(png(level))
    assert levels(tmp_path / "set", "test") == [2]


def test_a_set_without_images_is_an_error(tmp_path):
    (tmp_path / "set").mkdir()
    parquet.write_table(pyarrow.table({"text": ["a"]}), tmp_path / "set" / "train.parquet")
    with pytest.raises(ValueError, match="one column of images.*received none of the columns text"):
        data.images(f"hub:{tmp_path / 'set'}")


def test_two_image_columns_of_other_names_are_an_error(tmp_path):
    pictures = [{"bytes": png(1), "path": None}]
    (tmp_path / "set").mkdir()
    table = pyarrow.table({"before": pictures, "after": pictures})
    parquet.write_table(table, tmp_path / "set" / "train.parquet")
    with pytest.raises(ValueError, match="received before, after of the columns"):
        data.images(f"hub:{tmp_path / 'set'}")


def test_the_fingerprint_follows_content_and_split(tmp_path):
    def fingerprint(name, train, test):
        write(tmp_path / name / "train-0.parquet", train)
        write(tmp_path / name / "test-0.parquet", test)
        return data.fingerprint(f"hub:{tmp_path / name}")

    first = fingerprint("a", [1, 2], [3])
    assert fingerprint("b", [1, 2], [3]) == first
    assert len({first, fingerprint("c", [1], [2, 3]), fingerprint("d", [1, 2], [4])}) == 3
    assert fingerprint("a", [1, 2], [5]) != first, "an overwritten file is noticed"


def test_it_can_be_prepared(tmp_path):
    write(tmp_path / "set" / "train-0.parquet", range(40))
    write(tmp_path / "set" / "test-0.parquet", [50, 60])
    index = data.prepare(f"hub:{tmp_path / 'set'}", tmp_path / "out", 8, workers=2)
    assert index.shape == (42, 8, 8, 3)
    images = data.images(f"prepared:{tmp_path / 'out'}", "train", 8)
    assert images[:, 0, 0, 0].tolist() == levels(tmp_path / "set", "train")


def test_a_broken_picture_is_named_by_its_row(tmp_path):
    write(tmp_path / "set" / "train-0.parquet", range(40))
    write(tmp_path / "set" / "test-0.parquet", [50])
    table = parquet.read_table(tmp_path / "set" / "train-0.parquet").to_pylist()
    table[7]["image"]["bytes"] = b"nothing"
    parquet.write_table(pyarrow.Table.from_pylist(table), tmp_path / "set" / "train-0.parquet")
    with pytest.warns(
        UserWarning, match="Skipped 1 unreadable images.*set, row 7: expected an image file"
    ):
        levels(tmp_path / "set", "train")


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected an existing folder; .*nowhere"):
        data.images(f"hub:{tmp_path / 'nowhere'}")


def test_what_cannot_be_loaded_is_named(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.parquet").write_bytes(b"nothing")
    with pytest.raises(DownloadError, match="hub:.*set cannot be loaded"):
        data.images(f"hub:{tmp_path / 'set'}")


def test_without_the_package_the_error_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert main(["data", "prepare", f"hub:{tmp_path}"]) == 1
    assert 'pip install "wssl[hub]"' in capsys.readouterr().err
