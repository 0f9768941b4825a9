import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wssl.store import Store, atomic, default_root, fingerprint

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
    with pytest.raises(PermissionError, match=r"cannot be written .* WSSL_RESULTS"):
        Store(tmp_path / "file" / "results").check_writable()


def test_the_default_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "named"))
    assert default_root() == tmp_path / "named"
    monkeypatch.delenv("WSSL_RESULTS")
    (tmp_path / "project" / "results").mkdir(parents=True)
    (tmp_path / "project" / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "project" / "notebooks")
    assert default_root() == tmp_path / "project" / "results"


def test_a_finished_run_leaves_no_checkpoint_and_no_rubbish(tmp_path):
    store = Store(tmp_path)
    store.put(record())
    kept = [store.path("0123456789abcdef"), store.weights_path("0123456789abcdef")]
    other = store.checkpoint_path("fedcba9876543210")
    rubbish = [
        store.checkpoint_path("0123456789abcdef"),
        tmp_path / ".0123456789abcdef-x.json",
        tmp_path / "checkpoints" / ".0123456789abcdef.partial-y.npz",
    ]
    other.parent.mkdir()
    for path in (*rubbish, other, kept[1]):
        path.write_text("")
    store.finish("0123456789abcdef")
    assert not any(path.exists() for path in rubbish)
    assert all(path.exists() for path in (*kept, other))
