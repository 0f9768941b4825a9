import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wssl import data
from wssl.cli import main
from wssl.data import preparation, squares, writer
from wssl.data.batches import inpainting_batch


@pytest.fixture
def faces(tmp_path, rng):
    """A folder of 60 PNG images of 16 px."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for i in range(60):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def blocks_of_8(monkeypatch):
    monkeypatch.setattr(preparation, "BLOCK_ROWS", 8)


def prepare(folder, output, **options):
    return data.prepare(f"folder:{folder}", output, **{"size": 16, "workers": 1, **options})


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_prepared_images_are_those_of_the_source(faces, tmp_path):
    index = prepare(faces, tmp_path / "out")
    assert sorted(content(tmp_path / "out")) == ["images.npy", "index.json"]
    rows = []
    for split in data.SPLITS:
        images = data.images(f"prepared:{tmp_path / 'out'}", split, 16)
        np.testing.assert_array_equal(images, data.images(f"folder:{faces}", split, 16))
        assert index.splits[split] == [len(rows), len(rows) + len(images)]
        rows += list(images)
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "images.npy"), rows)
    first = data.images(f"prepared:{tmp_path / 'out'}", "train", 16, count=5)
    np.testing.assert_array_equal(first, rows[:5])


def test_processes_give_the_same_bytes(faces, tmp_path, blocks_of_8):
    prepare(faces, tmp_path / "one")
    prepare(faces, tmp_path / "two", workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_at_its_own_size_an_array_stays_on_disk(faces, tmp_path):
    prepare(faces, tmp_path / "out", size=200)
    images = data.images(f"prepared:{tmp_path / 'out'}", "train", 200)
    masks = np.ones((1, 150, 150), bool)
    tracemalloc.start()
    try:
        batch = inpainting_batch(images, masks, 150, 4, seed=0, step=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    assert batch["images"].shape == (4, 200, 200, 3)
    assert peak < images.nbytes / 4


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
def test_what_was_read_is_let_go_of(tmp_path, rng):
    task = {"version": 1, "source": "noise", "fingerprint": "", "size": 100}
    with writer.Writer(tmp_path, task, 2000, 100) as store:
        noise = rng.integers(0, 256, (2000, 100, 100, 3), np.uint8)
        store.add("train", (squares.Cut(image, 100, 0) for image in noise))
        store.finish()

    def resident():
        lines = Path("/proc/self/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        return int(status["RssFile"].split()[0]) * 1024

    images = data.images(f"prepared:{tmp_path}", "train", 100)
    before, mapped = resident(), 0
    for rows in rng.permutation(2000).reshape(100, 20):
        np.testing.assert_array_equal(images[rows], noise[rows])
        mapped = max(mapped, resident() - before)
    assert mapped < images.nbytes / 10
    assert type(images[rows]) is np.ndarray
    assert isinstance(images[5:9], np.memmap)
    assert images[0, 0, 0, 0] == noise[0, 0, 0, 0]


def test_another_size_is_resized(faces, tmp_path):
    prepare(faces, tmp_path / "out")
    source = f"prepared:{tmp_path / 'out'}"
    expected = data.images(f"folder:{faces}", "train", 8)
    np.testing.assert_array_equal(data.images(source, "train", 8), expected)
    with pytest.warns(UserWarning, match="Enlarged 3 images of .* from 16 to 20 px"):
        assert data.images(source, "train", 20, count=3).shape == (3, 20, 20, 3)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_large_jpeg_files_come_out_nearly_the_same(tmp_path, mode):
    import skimage.data

    photo = Image.fromarray(skimage.data.astronaut()).convert(mode)
    path = tmp_path / "photo.jpg"
    photo.save(path, quality=95)
    for size in (64, 100, 256, 400):
        quick = squares.read_square(path, size, draft=True)
        plain = squares.read_square(path, size)
        assert quick.side == 512 // max(d for d in (1, 2, 4, 8) if 512 // d >= min(512, 2 * size))
        assert np.abs(quick.values.astype(int) - plain.values).mean() < 1


KILLED = """
import sys
from wssl.data import preparation
preparation.BLOCK_ROWS = 8
if __name__ == "__main__":
    preparation.prepare(sys.argv[1], sys.argv[2], 64, workers=2)
"""


def large_images(folder):
    """Write 200 JPEG files of 640 px, no two alike, of ten pictures."""
    folder.mkdir()
    picture = np.linspace(0, 255, 640 * 640 * 3).reshape(640, 640, 3).astype(np.uint8)
    for i in range(10):
        buffer = io.BytesIO()
        Image.fromarray(np.roll(picture, 64 * i, axis=0)).save(buffer, "JPEG")
        for j in range(20):
            (folder / f"{i}-{j}.jpg").write_bytes(buffer.getvalue() + bytes([j]))
    return folder


@pytest.fixture
def killed(tmp_path):
    """A folder of images, and that of their preparation, which was killed midway."""
    folder, output = large_images(tmp_path / "large"), tmp_path / "killed"
    (tmp_path / "script.py").write_text(KILLED)
    child = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", f"folder:{folder}", output],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    journal = output / "progress.jsonl"
    while child.poll() is None and not (
        journal.is_file() and journal.read_bytes().count(b"\n") > 3
    ):
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it was killed before it was done"
    wait_for_the_end_of_all(child.pid)
    return folder, output


def wait_for_the_end_of_all(group):
    """Fail if a process of that group goes on for long."""
    deadline = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)


def test_a_killed_preparation_leaves_no_process_and_goes_on(
    killed, tmp_path, monkeypatch, blocks_of_8
):
    folder, output = killed
    assert not (output / "images.npy").exists()
    with pytest.raises(FileNotFoundError, match="interrupted.*`wssl data prepare` again"):
        data.images(f"prepared:{output}", "train", 64)
    with pytest.raises(
        FileNotFoundError, match="expected prepared images; the preparation was interrupted"
    ):
        data.fingerprint(f"prepared:{output}")
    done = (output / "progress.jsonl").read_bytes().count(b"\n") - 1
    read = []
    original = preparation.read_square

    def counted(path, size, draft):
        read.append(path)
        return original(path, size, draft)

    monkeypatch.setattr(preparation, "read_square", counted)
    index = prepare(folder, output, size=64)
    assert len(read) == index.shape[0] - sum(rows for rows, _ in index.blocks[:done])
    assert 0 < len(read) < 200
    prepare(folder, tmp_path / "whole", size=64)
    assert content(output) == content(tmp_path / "whole")


class StoppedError(Exception):
    pass


@pytest.fixture
def stopped(faces, tmp_path, monkeypatch, blocks_of_8):
    """The folder of a preparation that stopped behind its third block."""
    add = writer.Writer.add

    def stop(self, split, squares):
        if len(self.blocks) == 3:
            raise StoppedError
        add(self, split, squares)

    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        patch.setattr(writer.Writer, "add", stop)
        prepare(faces, tmp_path / "out")
    prepare(faces, tmp_path / "whole")
    return tmp_path / "out"


def test_what_was_half_written_is_written_again(stopped, faces, tmp_path):
    with (stopped / "images.partial.npy").open("ab") as file:
        file.write(b"half a block")
    with (stopped / "progress.jsonl").open("ab") as file:
        file.write(b'{"split": "train", "ro')
    prepare(faces, stopped)
    assert content(stopped) == content(tmp_path / "whole")


def test_a_lost_array_is_begun_anew(stopped, faces, tmp_path):
    with (stopped / "images.partial.npy").open("r+b") as file:
        file.truncate(1000)
    prepare(faces, stopped)
    assert content(stopped) == content(tmp_path / "whole")


@pytest.mark.parametrize("last", ["replace", "write", "unlink"])
def test_stopped_in_its_last_steps_it_goes_on(faces, tmp_path, monkeypatch, last):
    def stop(*_, **__):
        raise StoppedError

    owner = writer.Index if last == "write" else type(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        patch.setattr(owner, last, stop)
        prepare(faces, tmp_path / "out")
    prepare(faces, tmp_path / "out")
    prepare(faces, tmp_path / "whole")
    ours = content(tmp_path / "out")
    ours.pop("progress.jsonl", None)
    assert ours == content(tmp_path / "whole")


def test_an_unfinished_preparation_of_something_else_is_kept(stopped, faces):
    before = content(stopped)
    with pytest.raises(ValueError, match=r"unfinished preparation of folder:.* at 16 px"):
        prepare(faces, stopped, size=8)
    (faces / "0.png").unlink()
    with pytest.raises(ValueError, match="images that have changed since.*another --output"):
        prepare(faces, stopped)
    assert content(stopped) == before


def test_two_at_once_in_one_folder_are_refused(faces, tmp_path):
    task = {"version": 1, "source": "x", "fingerprint": "y", "size": 16}
    with (
        writer.Writer(tmp_path / "out", task, 5, 16),
        pytest.raises(ValueError, match="Another process is preparing images"),
    ):
        prepare(faces, tmp_path / "out")


def test_what_is_done_is_left_as_it_is(faces, tmp_path):
    first = prepare(faces, tmp_path / "out")
    before = content(tmp_path / "out")
    assert prepare(faces, tmp_path / "out") == first
    with pytest.raises(ValueError, match=r"already contains folder:.* at 16 px\. Choose another"):
        prepare(faces, tmp_path / "out", size=8)
    (faces / "0.png").unlink()
    with pytest.raises(ValueError, match="its images have changed since"):
        prepare(faces, tmp_path / "out")
    assert content(tmp_path / "out") == before


def test_damaged_files_are_skipped_named_and_counted(faces, tmp_path, capsys):
    bad = faces / "7.png"
    bad.write_bytes(bad.read_bytes()[:60])
    arguments = ["--size", "16", "--workers", "1", "-o", str(tmp_path / "out")]
    assert main(["data", "prepare", f"folder:{faces}", *arguments]) == 0
    index = data.Prepared(tmp_path / "out").index()
    assert index.shape == (59, 16, 16, 3)
    assert [message.split(": ")[0] for message in index.unreadable] == [str(bad)]
    assert sum(len(data.images(f"prepared:{tmp_path / 'out'}", s, 16)) for s in data.SPLITS) == 59
    output = capsys.readouterr().out
    assert "59 images of 16 px" in output
    assert f"skipped: {bad}: expected an image file" in output
    assert f"--dataset prepared:{tmp_path / 'out'}" in output


def test_too_many_damaged_files_are_an_error(faces, tmp_path):
    for i in range(4):
        (faces / f"{i}.png").write_text(f"nothing {i}")
    with pytest.raises(ValueError, match="at most 5% unreadable; received 4 of 60"):
        prepare(faces, tmp_path / "out")
    assert prepare(faces, tmp_path / "out", max_unreadable=0.07).shape[0] == 56


def test_small_images_are_counted(faces, tmp_path):
    assert prepare(faces, tmp_path / "out", size=20).enlarged == 60


def test_a_damaged_block_is_named(faces, tmp_path, blocks_of_8, capfd):
    index = prepare(faces, tmp_path / "out")
    path = tmp_path / "out" / "images.npy"
    assert main(["data", "verify", str(tmp_path / "out")]) == 0
    first, stop = index.splits["test"]
    images = np.lib.format.open_memmap(path, mode="r+")
    for row in (9, stop - 1):
        images[row, 3, 3, 0] ^= 1
    images.flush()
    capfd.readouterr()
    assert main(["data", "verify", str(tmp_path / "out")]) == 1
    error = capfd.readouterr().err
    assert f"2 of {len(index.blocks)} blocks" in error
    assert "block 1, rows 8 to 15 (train)" in error
    start = first + (stop - 1 - first) // 8 * 8
    assert f"rows {start} to {stop - 1} (test)" in error


@pytest.mark.parametrize("length", [0, 50, 5000])
def test_an_array_that_was_cut_off_is_an_error(faces, tmp_path, length):
    prepare(faces, tmp_path / "out")
    with (tmp_path / "out" / "images.npy").open("r+b") as file:
        file.truncate(length)
    with pytest.raises(ValueError, match=r"images\.npy is damaged .*prepare the images again"):
        data.images(f"prepared:{tmp_path / 'out'}", "train", 16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda index: index.update(version=2), "expected version 1; received 2"),
        (lambda index: index.pop("size"), "is damaged .*size"),
        (
            lambda index: index["blocks"].pop(),
            r"damaged .expected splits of 49 images; received .* 60",
        ),
        (lambda index: index.update(size=15), r"expected uint8 \(60, 15, 15, 3\); received"),
    ],
)
def test_a_wrong_index_is_an_error(faces, tmp_path, change, message):
    prepare(faces, tmp_path / "out")
    path = tmp_path / "out" / "index.json"
    index = json.loads(path.read_text())
    change(index)
    path.write_text(json.dumps(index))
    with pytest.raises(ValueError, match=message):
        data.images(f"prepared:{tmp_path / 'out'}", "train", 16)


def test_the_fingerprint_is_that_of_the_content(faces, tmp_path, blocks_of_8):
    prepare(faces, tmp_path / "a")
    before = data.fingerprint(f"prepared:{tmp_path / 'a'}")
    shutil.copytree(faces, tmp_path / "copy")
    prepare(tmp_path / "copy", tmp_path / "b")
    assert data.fingerprint(f"prepared:{tmp_path / 'b'}") == before
    prepare(faces, tmp_path / "small", size=8)
    shutil.rmtree(faces)
    assert data.fingerprint(f"prepared:{tmp_path / 'a'}") == before
    assert data.fingerprint(f"prepared:{tmp_path / 'small'}") != before
    (tmp_path / "copy" / "0.png").unlink()
    prepare(tmp_path / "copy", tmp_path / "c")
    assert data.fingerprint(f"prepared:{tmp_path / 'c'}") != before


def test_an_empty_split_is_an_error(tmp_path, faces):
    data.prepare("photos", tmp_path / "out", 16, workers=1)
    with pytest.raises(
        ValueError, match="received 'train', .* is empty in .*: of its 8 .* 0 in train, 0 in"
    ):
        data.images(f"prepared:{tmp_path / 'out'}", "train", 16)


def test_a_folder_without_prepared_images_says_so(tmp_path, faces):
    with pytest.raises(FileNotFoundError, match=r"no index\.json.*wssl data prepare SOURCE"):
        data.images(f"prepared:{faces}", "train", 16)
    with pytest.raises(FileNotFoundError, match="expected an existing folder; .*nowhere"):
        data.images(f"prepared:{tmp_path / 'nowhere'}", "train", 16)


@pytest.mark.parametrize("source", ["synthetic", "prepared:x"])
def test_what_is_not_made_of_files_cannot_be_prepared(source, tmp_path):
    with pytest.raises(ValueError, match="made of image files.*open-faces.*celeba-hq:PATH"):
        data.prepare(source, tmp_path / "out")


def test_a_full_disk_is_told_before_any_work(faces, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="expected 0.0 GB of free .*; found 0.0 GB"):
        prepare(faces, tmp_path / "out")


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.sampled_from([32, 73, 256]))
def test_a_header_is_as_long_for_any_number_of_rows(rows, others, size):
    assert len(writer._header(rows, size)) == len(writer._header(others, size))


def test_fewer_bits_in_16_are_counted(tmp_path, capsys):
    (tmp_path / "scans").mkdir()
    for i in range(40):
        values = np.full((20, 20), 100 * i if i % 2 else 60_000 + i, np.uint16)
        Image.fromarray(values).save(tmp_path / "scans" / f"{i}.png")
    source, out = f"folder:{tmp_path / 'scans'}", tmp_path / "out"
    assert main(["data", "prepare", source, "-o", str(out), "--size", "8"]) == 0
    assert "with 14 significant bits or fewer: 20" in capsys.readouterr().out
    assert data.Prepared(out).index().dim == 20
    index = json.loads((out / "index.json").read_text())
    del index["dim"]
    (out / "index.json").write_text(json.dumps(index))
    assert data.Prepared(out).index().dim == 0
