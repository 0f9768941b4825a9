"""The manifests: what they list, and fingerprints that depend on nothing else."""

import csv
import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from wssl import data
from wssl.data import download, manifests, recipes
from wssl.data.manifests import MANIFESTS, manifest_fingerprint, manifest_path, read_manifest

ROOT = Path(__file__).parents[2]

PINNED = {
    "synthetic": "0c938b5168abc07c",
    "open-faces-2": "0bfd42afb7ce77d9",
    "objects": "1afb44cd39c2e995",
}
PINNED_MASKS = {
    ("quickdraw", "dense"): "31721fe2c1ef6003",
    ("quickdraw", "qd-imd"): "69318e780a2f469b",
    ("quickdraw", "thin"): "e6e49fd30aa40b21",
    ("quickdraw", "medium"): "d6397a4d7332d866",
    ("quickdraw", "thick"): "00b0d17aed1e3169",
    ("synthetic", "dense"): "d88553bdc69883ac",
}
"""What the records in results/ were made with. Another value retires every one of them."""


def rows_of(name):
    with manifest_path(name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def write(tmp_path):
    """A function: rows, and how to write them -> the path of a new manifest."""

    def write(rows, columns=None, encoding="utf-8", **dialect):
        path = tmp_path / f"{len(list(tmp_path.glob('*.csv')))}.csv"
        with path.open("w", newline="", encoding=encoding) as file:
            writer = csv.DictWriter(file, columns or list(rows[0]), **dialect)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.mark.parametrize("name", PINNED)
def test_the_fingerprints_of_images_stay_as_they_are(name):
    assert data.fingerprint(name) == PINNED[name]


@pytest.mark.parametrize(("source", "recipe"), PINNED_MASKS)
def test_the_fingerprints_of_masks_stay_as_they_are(source, recipe):
    assert data.mask_fingerprint(source, recipe) == PINNED_MASKS[source, recipe]


@pytest.mark.parametrize("name", MANIFESTS)
def test_line_ends_columns_and_quotation_marks_do_not_matter(name, write):
    expected, rows = data.fingerprint(name), rows_of(name)
    unix, windows = (
        manifest_path(name).read_bytes().replace(b"\n", end) for end in (b"\n", b"\r\n")
    )
    assert unix != windows
    turned = write(rows)
    turned.write_bytes(windows)
    assert manifest_fingerprint(turned) == expected
    for path in (
        write(rows, columns=sorted(rows[0])),
        write(rows, quoting=csv.QUOTE_ALL),
        write(rows, encoding="utf-8-sig"),
        write([{**row, "licence": "another wording", "file": f"x{row['file']}"} for row in rows]),
        write([{**row, "left": f"{float(row['left'])}"} for row in rows]),
    ):
        assert path.read_bytes() != unix
        assert manifest_fingerprint(path) == expected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("split", "train"),
        ("repository", "another/copy"),
        ("commit", "0" * 40),
        ("path", "another.jpg"),
        ("left", "1"),
        ("top", "1"),
        ("right", "250.5"),
        ("bottom", "250.5"),
        ("sha256_original", "0" * 64),
    ],
)
def test_whatever_determines_an_image_matters(column, value, write):
    rows = rows_of("objects")
    rows[0][column] = value
    assert manifest_fingerprint(write(rows)) != data.fingerprint("objects")


def test_the_order_and_the_number_of_the_images_matter(write):
    rows = rows_of("objects")
    paths = [write([rows[1], rows[0], *rows[2:]]), write(rows[:-1])]
    assert len({data.fingerprint("objects"), *map(manifest_fingerprint, paths)}) == 3


def test_a_recipe_of_equal_numbers_is_the_same_recipe():
    dense = recipes.Recipe(30.0, 6.0, width=[5.0, 15.0], upscale=(1.0, 1.5), canvas=512)
    assert data.mask_fingerprint("synthetic", dense) == data.mask_fingerprint("synthetic", "dense")


def test_the_line_ends_of_the_drawings_do_not_matter(shared_data, tmp_path, monkeypatch):
    text = (shared_data / "quickdraw" / "strokes.ndjson").read_bytes()
    (tmp_path / "quickdraw").mkdir()
    (tmp_path / "quickdraw" / "strokes.ndjson").write_bytes(text.replace(b"\n", b"\r\n"))
    monkeypatch.setenv("WSSL_DATA", str(tmp_path))
    assert download.drawings_sha256(download.quickdraw()) == download.QUICKDRAW_SHA256


def test_a_clone_has_the_same_bytes_on_every_system(tmp_path):
    """With what Git for Windows sets when it is installed."""
    if not (ROOT / ".git").exists():
        pytest.skip("these are not the files of a clone")
    names = [f"wssl/data/{name}.csv" for name in (*MANIFESTS, "quickdraw")]
    names += ["wssl/records/store.py", "book/data.md", "book/studies/11_cost.ipynb"]
    settings = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    command = ["git", *settings, "checkout-index", f"--prefix={tmp_path}{os.sep}", "--", *names]
    subprocess.run(command, cwd=ROOT, check=True)
    for name in names:
        assert b"\r" not in (tmp_path / name).read_bytes(), name


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_image_has_an_origin_and_a_licence(name):
    rows, entries = rows_of(name), read_manifest(manifest_path(name))
    assert len(rows) == len(entries)
    assert [entry.file for entry in entries] == [f"images/{i:04}.jpg" for i in range(len(rows))]
    for row, entry in zip(rows, entries, strict=True):
        left, top, right, bottom = entry.box
        assert right - left == bottom - top > 0
        assert min(left, top) >= 0
        assert (len(entry.commit), len(entry.sha256)) == (40, 64)
        assert entry.split in data.SPLITS
        assert row["licence"]
    assert len({(e.sha256, e.box) for e in entries}) == len(entries)


def test_open_faces_2_tests_on_photographs_of_people_that_no_network_has_seen():
    rows = rows_of("open-faces-2")
    splits = Counter((row["split"], row["kind"]) for row in rows)
    assert splits == {
        ("train", "real"): 885,
        ("train", "synthetic"): 1915,
        ("val", "real"): 134,
        ("test", "real"): 249,
    }
    people = [{row["person"] for row in rows if row["split"] == split} for split in data.SPLITS]
    assert len(set.union(*people)) == sum(map(len, people))


def test_the_book_counts_the_images_of_each_origin():
    """The table in data.md: images, kind, licence, origins."""
    lines = (ROOT / "book" / "data.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("| images | kind | licence | origin |") + 2
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[start : start + 6]]
    rows = rows_of("open-faces-2")
    counted = 0
    for images, kind, licence, origins in table:
        mine = [row for row in rows if f"`{row['repository']}`" in origins]
        assert len(mine) == int(images.replace(",", ""))
        assert {row["kind"] for row in mine} == {
            {"photographs": "real", "generated": "synthetic"}[kind]
        }
        assert all(row["licence"].startswith(licence.split(" (")[0]) for row in mine)
        counted += len(mine)
    assert counted == len(rows)


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_the_one_beside_the_images(name, shared_data):
    shared = shared_data / name / "manifest.csv"
    assert rows_of(name) == list(csv.DictReader(shared.read_text(encoding="utf-8").splitlines()))


def test_the_content_of_an_entry_is_one_line_of_json():
    entry = manifests.Entry("f", "test", "real", "o/n", "c", 'a "b"\n.jpg', "s", (0, 1, 2.5, 3))
    assert json.loads(entry.content) == ["test", "o/n", "c", 'a "b"\n.jpg', "s", 0, 1, 2.5, 3]
    assert "\n" not in entry.content


def test_a_manifest_without_rows_or_with_one_row_twice_is_refused(write):
    rows = rows_of("objects")[:3]
    for wrong, received in (([], "none"), ([*rows, rows[1]], f"several for {rows[1]['file']}")):
        path = write(wrong, list(rows[0]))
        with pytest.raises(
            ValueError, match=f"expected one row for each image; received {received}"
        ):
            manifest_fingerprint(path)


@pytest.mark.parametrize("name", MANIFESTS)
@pytest.mark.parametrize("change", ["cut", "cut by one", "file", "kind", "twice"])
def test_a_manifest_of_the_package_that_is_not_whole_is_refused(name, change, write, monkeypatch):
    rows = rows_of(name)
    if change.startswith("cut"):
        rows = rows[: -1 if "one" in change else len(rows) // 2]
    elif change == "twice":
        rows.append({**rows[0], "file": "images/other.jpg"})
    else:
        rows[0][change] = {"file": "images/other.jpg", "kind": "drawn"}[change]
    path = write(rows)
    monkeypatch.setattr(manifests, "FOLDER", path.parent)
    path.rename(manifest_path(name))
    message = rf"{name}\.csv: .*{len(rows)} images.*Restore the file from the package"
    for use in (data.fingerprint, lambda n: data.images(n, "test"), download.image_folder):
        with pytest.raises(ValueError, match=message):
            use(name)


def test_the_case_of_a_split_does_not_take_a_row_out_of_it(write):
    rows = rows_of("objects")[:3]
    capitals = [{**row, "split": row["split"].upper()} for row in rows]
    assert read_manifest(write(capitals)) == read_manifest(write(rows))
