import csv
import hashlib
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from wssl import data
from wssl.cli import main
from wssl.data import download, manifests


class Site:
    """A web site on this machine: what it serves, what it refuses, what it was asked for."""

    def __init__(self):
        self.files, self.refused, self.asked = {}, set(), []


@pytest.fixture
def site(monkeypatch, tmp_path):
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = unquote(self.path).lstrip("/")
            site.asked.append(path)
            body = site.files.get(path, b"404: Not Found")
            self.send_response(503 if path in site.refused else 200 if path in site.files else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setattr(download, "BASE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(download, "RETRIES", 0)
    monkeypatch.setattr(download, "cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("WSSL_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


COLUMNS = ["file", "split", "person", "kind", "licence", "repository", "commit", "path"]
COLUMNS += ["left", "top", "right", "bottom", "sha256_original"]


@pytest.fixture
def faces(site, monkeypatch, tmp_path):
    """Three originals, one of which has two faces, and the manifest of the four images."""
    rng = np.random.default_rng(0)
    rows = []

    def original(path, *boxes, mode="RGB"):
        pixels = rng.integers(0, 255, (90, 120, len(mode)), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels.squeeze()).save(buffer, "PNG")
        site.files[f"owner/name/c0ffee/{path}"] = buffer.getvalue()
        for box in boxes:
            values = [f"images/{len(rows)}.jpg", "train", str(len(rows)), "real", "CC0"]
            values += ["owner/name", "c0ffee", path, *map(str, box)]
            values += [hashlib.sha256(buffer.getvalue()).hexdigest()]
            rows.append(dict(zip(COLUMNS, values, strict=True)))

    original("plain.png", (0, 0, 90, 90))
    original("with space & ünïcode#1.png", (10, 5, 60, 55), (40, 20, 100, 80))
    original("deep/grey.png", (30, 0, 120, 90), mode="L")
    monkeypatch.setattr(manifests, "FOLDER", tmp_path)
    for name in manifests.MANIFESTS:
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        digest = manifests.contents_digest(manifests.manifest_path(name))
        monkeypatch.setitem(manifests.MANIFESTS, name, digest)
    return rows


def made(row, site):
    """The bytes of an image, made from its original as the data set's description says."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(site.files[f"owner/name/c0ffee/{row['path']}"])) as original:
        box = tuple(float(row[side]) for side in ("left", "top", "right", "bottom"))
        face = original.convert("RGB").resize((256, 256), Image.Resampling.LANCZOS, box=box)
    face.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.mark.parametrize("name", manifests.MANIFESTS)
def test_images_are_rebuilt_from_their_originals(name, site, faces, capsys):
    folder = download.image_folder(name)
    for row in faces:
        assert (folder / row["file"]).read_bytes() == made(row, site)
    assert sorted(site.asked) == sorted(site.files), "each original is fetched once"
    assert sorted(p.name for p in folder.rglob("*.*")) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert capsys.readouterr().err == f"{name}: making 4 images from 3 public files (only once).\n"
    assert data.images(name, "train", 32).shape == (4, 32, 32, 3)
    assert len(site.asked) == 3, "what is made is not fetched again"
    assert capsys.readouterr().err == ""


def test_an_interrupted_rebuild_goes_on_where_it_stopped(site, faces):
    site.refused = {"owner/name/c0ffee/deep/grey.png"}
    with pytest.raises(
        data.DownloadError, match=r"deep/grey\.png cannot be downloaded.*503.*are kept"
    ):
        download.image_folder("open-faces-2")
    kept = {
        path.name: path.stat().st_mtime_ns for path in download.cache("open-faces-2").rglob("*")
    }
    assert {"0.jpg", "1.jpg", "2.jpg"} <= set(kept)
    assert "3.jpg" not in kept
    site.refused, site.asked = set(), []
    folder = download.image_folder("open-faces-2")
    assert site.asked == ["owner/name/c0ffee/deep/grey.png"]
    assert (folder / "images/0.jpg").stat().st_mtime_ns == kept["0.jpg"]
    assert all((folder / row["file"]).read_bytes() == made(row, site) for row in faces)


def test_images_that_two_processes_want_are_made_once(site, faces):
    with ThreadPoolExecutor(4) as pool:
        (folder,) = set(pool.map(download.image_folder, ["open-faces-2"] * 4))
    assert sorted(site.asked) == sorted(site.files)
    assert all((folder / row["file"]).is_file() for row in faces)


def test_a_damaged_image_of_a_manifest_is_an_error(site, faces):
    """The fingerprint is the manifest's, so none may be missing."""
    damaged = download.image_folder("open-faces-2") / faces[1]["file"]
    damaged.write_bytes(damaged.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"at most 0% unreadable; received 1 of 4.*1\.jpg"):
        data.images("open-faces-2", "train", 32)


def test_another_content_is_refused_and_named(site, faces):
    site.files["owner/name/c0ffee/plain.png"] = site.files["owner/name/c0ffee/deep/grey.png"]
    with pytest.raises(data.DownloadError, match=r"plain\.png: expected a file with the SHA-256"):
        download.image_folder("open-faces-2")
    assert not (download.cache("open-faces-2") / "images" / "0.jpg").exists()


def test_a_file_that_is_gone_is_named(site, faces):
    del site.files["owner/name/c0ffee/plain.png"]
    with pytest.raises(data.DownloadError, match=r"plain\.png cannot be downloaded: 404"):
        download.image_folder("open-faces-2")


def test_without_a_network_the_error_names_the_way_out(site, faces, monkeypatch):
    monkeypatch.setattr(download, "BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(data.DownloadError, match="cannot be downloaded.*WSSL_DATA.*'synthetic'"):
        data.images("open-faces-2")


@pytest.fixture
def drawings(site, monkeypatch, tmp_path):
    """Three categories: one in the first repository, one in the second, one in both."""

    def drawing(word, key):
        stroke = [[0, int(key) % 250, 90], [3, 5, 255]]
        return {"key_id": key, "word": word, "countrycode": "FR", "drawing": [stroke]}

    def serve(repository, word, keys):
        lines = "".join(json.dumps(drawing(word, key)) + "\n" for key in keys)
        site.files["/".join([*repository, f"{word}.ndjson"])] = lines.encode()

    serve(download.DRAWINGS, "ice cream", ["40", "20"])
    serve(download.DRAWINGS, "table", ["30", "10"])
    serve(download.MORE, "table", ["10", "50"])
    serve(download.MORE, "zigzag", ["60"])
    (tmp_path / "categories.csv").write_text("category\nice cream\ntable\nzigzag\n")
    monkeypatch.setattr(download, "CATEGORIES", tmp_path / "categories.csv")
    words = ["table", "ice cream", "table", "ice cream", "table", "zigzag"]
    expected = [drawing(word, f"{key}0") for key, word in enumerate(words, 1)]
    expected = [{k: d[k] for k in ("word", "key_id", "drawing")} for d in expected]
    monkeypatch.setattr(download, "QUICKDRAW_SHA256", download.drawings_sha256(expected))
    return expected


def test_quickdraw_is_the_union_of_two_repositories(site, drawings):
    assert download.quickdraw() == drawings
    assert sorted(site.asked) == sorted(site.files)
    site.asked = []
    assert download.quickdraw() == drawings
    assert site.asked == []
    assert [p.name for p in download.cache("quickdraw").iterdir()] == ["strokes.ndjson"]


def test_drawings_that_two_processes_want_are_fetched_once(site, drawings):
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda _: download.quickdraw(), range(4))
    assert all(found == first for found in others)
    assert sorted(site.asked) == sorted(site.files)


def test_an_interrupted_quickdraw_goes_on_where_it_stopped(site, drawings):
    last = "/".join([*download.MORE, "zigzag.ndjson"])
    site.refused = {last}
    with pytest.raises(data.DownloadError, match=r"zigzag\.ndjson cannot be downloaded"):
        download.quickdraw()
    site.refused, site.asked = set(), []
    assert download.quickdraw() == drawings
    assert site.asked == [last]


def test_other_drawings_than_those_pinned_are_refused(site, drawings, monkeypatch):
    monkeypatch.setattr(download, "QUICKDRAW_SHA256", "0" * 64)
    with pytest.raises(data.DownloadError, match="received 6 that differ"):
        download.quickdraw()


def test_a_changed_local_copy_of_quickdraw_is_refused(site, drawings, monkeypatch, tmp_path):
    folder = tmp_path / "own" / "quickdraw"
    folder.mkdir(parents=True)
    (folder / "strokes.ndjson").write_text(json.dumps(drawings[0]) + "\n")
    monkeypatch.setenv("WSSL_DATA", str(tmp_path / "own"))
    with pytest.raises(ValueError, match=r"strokes\.ndjson: expected the drawings.*1 that differ"):
        download.quickdraw()
    assert site.asked == []


def test_the_real_drawings_are_those_pinned(shared_data):
    drawings = download.quickdraw()
    assert len(drawings) == 8835
    assert sum(len(d["drawing"]) for d in drawings) == 46_696
    with download.CATEGORIES.open(newline="") as file:
        assert {row["category"] for row in csv.DictReader(file)} == {d["word"] for d in drawings}


def test_the_command_checks_what_wssl_data_has(shared_data, capsys):
    assert main(["data", "fetch"]) == 0
    names = ["open-faces-2", "objects", "quickdraw"]
    assert capsys.readouterr().out == "".join(f"{name}: complete\n" for name in names)


def test_the_command_fetches_what_is_named(site, faces, capsys):
    assert main(["data", "fetch", "objects"]) == 0
    assert capsys.readouterr().out == "objects: complete\n"
    assert len(list((download.cache("objects") / "images").iterdir())) == 4
    assert not download.cache("open-faces-2").exists()
