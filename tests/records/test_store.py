import errno
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wssl.records.store import Store, atomic, default_root, fingerprint, is_present

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda children: st.dictionaries(st.text(max_size=5), children, max_size=4),
    max_leaves=10,
)


def record(name="0123456789abcdef", **more):
    return {
        "kind": "inpainting",
        "experiment": {"seed": 0},
        "fingerprint": name,
        "metrics": {"ssim": 0.5},
        "provenance": {},
        **more,
    }


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(value):
    backwards = dict(reversed(list(value.items())))
    assert fingerprint(value) == fingerprint(backwards)
    assert fingerprint(json.loads(json.dumps(value))) == fingerprint(value)
    assert fingerprint({**value, "another key": 1}) != fingerprint(value)


def test_a_record_comes_back_as_it_went_in(tmp_path):
    store = Store(tmp_path / "new" / "folder")
    path = store.put(record(text="é"))
    assert store.get("0123456789abcdef") == record(text="é")
    assert list(store.records()) == [record(text="é")]
    assert path.parent == tmp_path / "new" / "folder"
    assert store.get("f" * 16) is None


@pytest.mark.parametrize("damage", ["", '{"experiment": ', "[]", "null", '{"fingerprint": "x"}'])
def test_a_damaged_record_counts_as_absent_with_a_warning(tmp_path, damage):
    store = Store(tmp_path)
    store.put(record()).write_text(damage)
    with pytest.warns(UserWarning, match="0123456789abcdef.json is damaged"):
        assert store.get("0123456789abcdef") is None


@pytest.mark.parametrize(
    "damage",
    [
        {"metrics": []},
        {"metrics": {"ssim": "0.9"}},
        {"metrics": {"ssim": float("nan")}},
        {"per_image": {"ssim": [float("inf")]}},
        {"metrics": {"ssim": True}},
        {"provenance": None},
        {"experiment": "x"},
        {"experiment": {}},
        {"kind": 3},
    ],
)
def test_a_record_of_another_form_is_damaged(tmp_path, damage):
    store = Store(tmp_path)
    store.put(record()).write_text(json.dumps(record(**damage)))
    with pytest.warns(UserWarning, match="0123456789abcdef.json is damaged"):
        assert store.get("0123456789abcdef") is None


def test_a_record_with_a_key_twice_is_damaged(tmp_path):
    path = Store(tmp_path).put(record(metrics={"ssim": 0.5}))
    path.write_text(path.read_text().replace('{"ssim"', '{"ssim": 0.4, "ssim"'))
    with pytest.warns(UserWarning, match="it has 'ssim' twice"):
        assert list(Store(tmp_path).records()) == []


def refuse_permission(path, *_):
    """Stands in for `os.open`, since the superuser may read everything."""
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


@pytest.fixture(params=["folder", "unreadable", "link to a folder", "link in a circle", "device"])
def obstacle(request, monkeypatch):
    """A function that puts something at a path that is no file to be read or replaced."""

    def put(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if request.param == "folder":
            path.mkdir()
        elif request.param == "unreadable":
            path.write_text("{}")
            monkeypatch.setattr(os, "open", refuse_permission)
        elif request.param == "device":
            os.mkfifo(path)
        else:
            path.symlink_to(path.name if "circle" in request.param else path.parent)

    return put


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")
def test_what_is_no_readable_file_is_named_with_the_way_out(tmp_path, obstacle):
    store = Store(tmp_path)
    path = store.path("0123456789abcdef")
    obstacle(path)
    form = rf"^{path}: expected a file that can be read; received .*\. \w+"
    with pytest.raises(OSError, match=form):
        store.get("0123456789abcdef")
    with pytest.raises(OSError, match=form):
        is_present(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")
def test_only_a_file_is_replaced(tmp_path, obstacle, request):
    if "unreadable" in request.node.name:
        pytest.skip("what cannot be read can be replaced")
    path = tmp_path / "file.json"
    obstacle(path)
    with pytest.raises(OSError, match=rf"^{path}: expected a file"), atomic(path):
        raise AssertionError("nothing is computed for it")
    assert [p.name for p in tmp_path.iterdir()] == ["file.json"]


def test_a_broken_link_is_no_file(tmp_path):
    store = Store(tmp_path)
    store.path("0123456789abcdef").symlink_to("nowhere")
    assert store.get("0123456789abcdef") is None
    store.put(record())
    assert store.get("0123456789abcdef") == record()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0123456789abcdef.json"]


def test_a_record_under_another_name_is_damaged(tmp_path):
    store = Store(tmp_path)
    store.put(record()).rename(tmp_path / "fedcba9876543210.json")
    with pytest.warns(UserWarning, match="it holds the record of 0123456789abcdef"):
        assert list(store.records()) == []


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path):
    target = tmp_path / "file.json"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"), atomic(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("half-way")
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]
    assert target.read_text() == "old"


def test_what_a_killed_write_left_is_no_record(tmp_path):
    (tmp_path / ".0123456789abcdef-x.json").write_text("{")
    assert list(Store(tmp_path).records()) == []


def test_not_a_number_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        Store(tmp_path).put(record(metrics={"ssim": float("nan")}))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match=r"is not writable .* WSSL_RESULTS"):
        Store(tmp_path / "file" / "results").check_writable()


def test_the_default_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "named"))
    assert default_root() == tmp_path / "named"
    monkeypatch.delenv("WSSL_RESULTS")
    (tmp_path / "project" / "results").mkdir(parents=True)
    (tmp_path / "project" / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "project" / "notebooks")
    assert default_root() == tmp_path / "project" / "results"


def test_a_finished_run_leaves_no_checkpoint(tmp_path):
    store = Store(tmp_path)
    store.put(record())
    name, other = "0123456789abcdef", store.checkpoint_path("fedcba9876543210")
    checkpoint, weights = store.checkpoint_path(name), store.weights_path(name)
    other.parent.mkdir()
    other.write_text("")
    checkpoint.write_text("")
    store.finish(name)
    assert checkpoint.exists(), "its weights are lost, and trained again from there"
    weights.write_text("")
    store.finish(name)
    store.finish(name)
    assert not checkpoint.exists()
    assert weights.exists()
    assert store.path(name).exists()
    assert other.exists()


WRITER = """
import sys, time
from pathlib import Path
from wssl.records.store import Store, atomic, default_root, fingerprint, is_present

with atomic(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print(temporary.name, flush=True)
    sys.stdin.readline()
    temporary.write_text("whole")
"""


@pytest.fixture
def writer(tmp_path):
    """A function that starts a process which is in the middle of writing a file."""

    def start(path):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process, path.with_name(process.stdout.readline().strip())

    processes = []
    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="needs the locks of POSIX")
def test_a_write_removes_what_killed_writes_of_the_same_file_left(tmp_path, writer):
    path = tmp_path / "[a]-b.json"
    process, left = writer(path)
    kept = [tmp_path / name for name in (".a-b-x.json", ".[a]-b-x.npz", ".[a].json", ".[a]-b.json")]
    for other in kept:
        other.write_text("")
    process.kill()
    process.wait()
    assert left.exists()
    with atomic(path) as temporary:
        assert not left.exists()
        temporary.write_text("new")
    assert {p.name for p in tmp_path.iterdir()} == {path.name, *(other.name for other in kept)}


@pytest.mark.skipif(os.name == "nt", reason="needs the locks of POSIX")
def test_what_another_process_is_writing_is_left_to_it(tmp_path, writer):
    path = tmp_path / "0123456789abcdef.json"
    process, theirs = writer(path)
    Store(tmp_path).put(record())
    Store(tmp_path).finish("0123456789abcdef")
    assert theirs.read_text() == "half"
    process.communicate("go on\n", timeout=60)
    assert process.returncode == 0
    assert path.read_text() == "whole"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_disk_that_is_full_is_an_error_that_names_the_file_and_the_way_out(tmp_path):
    path = tmp_path / "file.json"
    path.write_text("old")
    with pytest.raises(OSError, match=r"Free some space, .* again: '.*file\.json'") as caught:  # noqa: SIM117
        with atomic(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.errno == errno.ENOSPC
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]
