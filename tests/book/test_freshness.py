"""What a page was made from, and what is found to be behind."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from wssl.book import freshness, notebooks
from wssl.book.freshness import changes, plain, reads_noted, sources
from wssl.records.store import READ_LOG, Store, digest

ROOT = Path(__file__).parents[2]


def record(fingerprint, **more):
    return {
        "kind": "inpainting",
        "experiment": {"seed": 0},
        "fingerprint": fingerprint,
        "metrics": {},
        "provenance": {"seconds": 60.0},
        **more,
    }


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package's sources that may be edited."""
    copy = tmp_path / "wssl"
    shutil.copytree(freshness.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(freshness, "PACKAGE", copy)
    return copy


def add(path):
    path.write_text(path.read_text() + "\n\nADDED = 1\n")


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_records_that_are_asked_for_are_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path))
    store, below = Store(tmp_path), Store(tmp_path / "below")
    for name in ("a", "b"):
        store.put(record(name))
    with reads_noted() as read:
        assert store.get("a")
        assert store.get("missing") is None
        assert [r["fingerprint"] for r in below.records()] == []
        Store(tmp_path.parent / "elsewhere").get("x")
    assert read == {"a.json": digest(tmp_path / "a.json"), "below": "", "missing.json": ""}
    assert READ_LOG not in os.environ
    store.get("b")
    assert "b.json" not in read


def test_a_record_that_a_page_makes_counts_as_it_was_made(tmp_path, monkeypatch):
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path))
    with reads_noted() as read:
        assert Store().get("new") is None
        Store().put(record("new"))
    assert read == {"new.json": digest(tmp_path / "new.json")} != {"new.json": ""}


def test_what_processes_read_is_noted_too(tmp_path, monkeypatch):
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path))
    Store().put(record("a"))
    code = "from wssl.records.store import Store; Store().get('a')"
    with reads_noted() as read:
        subprocess.run([sys.executable, "-c", code], check=True)
    assert list(read) == ["a.json"]


def test_records_that_arrive_change_or_go_are_counted(tmp_path):
    store = Store(tmp_path)
    for name in ("same", "edited", "gone"):
        store.put(record(name))
    names = ("same.json", "edited.json", "gone.json", "awaited.json", "never.json", ".")
    made = {"records": {name: digest(tmp_path / name) for name in names}, "sources": {}}
    assert changes(made, [], tmp_path) == []
    store.put(record("edited", history=[]))
    store.put(record("awaited"))
    store.path("gone").unlink()
    assert changes(made, [], tmp_path) == [
        "1 record arrived",
        "2 records changed",  # one of them stands for the folder that was listed
        "1 record missing",
    ]


CELLS = [
    "import wssl\nfrom wssl import report\nfrom wssl.study import Study\n",
    "%matplotlib inline",
]


def test_the_sources_of_a_page_are_what_makes_it():
    found = set(sources(CELLS))
    assert found == freshness.MAKERS
    assert set(sources(["import wssl\nwssl.losses.ssim_loss"])) == {"losses", "paper"}
    assert sources(["import numpy as np\nnp.report"]) == {}
    assert sources(["from wssl.book.notebooks import check_parameters"]) == {}
    assert set(sources(["from wssl.runs import mechanism"])) == {"metrics", "runs.mechanism"}


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("claims/statistics.py", "claims"),
        ("claims/estimands.py", "claims"),
        ("records/fields.py", "records.fields"),
        ("report/figures/dots.py", "report"),
        ("paper.py", "paper"),
    ],
)
def test_an_edit_of_what_makes_a_page_is_seen(package, file, group):
    made = {"records": {}, "sources": sources(CELLS)}
    assert changes(made, CELLS, package) == []
    add(package / file)
    assert changes(made, CELLS, package) == [f"changed in wssl: {group}"]


def test_what_no_page_shows_is_not_seen(package):
    before = sources(CELLS)
    add(package / "runs/training.py")
    edit(package / "claims/statistics.py", '"""', '"""Other words. ')
    edit(package / "paper.py", "ALPHA = 0.84", "\n\nALPHA = 0.84  # of log-cosh")
    assert sources(CELLS) == before


def test_a_module_that_is_new_or_no_longer_imported_is_seen(package):
    made = {"records": {}, "sources": sources(CELLS)}
    (package / "report" / "tables" / "more.py").write_text("X = 1\n")
    assert changes(made, CELLS, package) == []
    file = package / "report" / "__init__.py"
    file.write_text(file.read_text() + "from wssl.report.tables.more import X as X\n")
    assert changes(made, CELLS, package) == ["changed in wssl: report"]


def test_plain_code_has_no_words_in_it():
    text = (freshness.PACKAGE / "records/store.py").read_text()
    short = plain(text)
    assert '"""' not in short
    assert plain(short) == short


PAGE = """\
# %% [markdown]
# # A page

# %%
from wssl import paper
from wssl.records.store import Store

print(Store().get("awaited"))
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page that awaits a record, executed, in a repository of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "results"))
    Path("notebooks").mkdir()
    Path("notebooks/01_page.py").write_text(PAGE)
    notebooks.execute("notebooks/01_page.py", "book/studies/01_page.ipynb")
    return Path("book/studies/01_page.ipynb")


def reasons(page):
    return notebooks.changes_since("notebooks/01_page.py", page, Store().root)


@pytest.mark.build
def test_an_executed_page_says_what_it_was_made_from(page, package):
    made = nbformat.read(page, as_version=4).metadata.wssl.made_from
    assert made.records == {"awaited.json": ""}
    assert set(made.sources) == {"paper"}
    assert str(Path.cwd()) not in page.read_text()
    assert reasons(page) == []
    Store().put(record("awaited"))
    add(package / "paper.py")
    edit(Path("notebooks/01_page.py"), "# A page", "# The page")
    assert reasons(page) == [
        "its cells changed",
        "1 record arrived",
        "changed in wssl: paper",
    ]
    old = json.loads(page.read_text())
    del old["metadata"]["wssl"]
    page.write_text(json.dumps(old))
    assert reasons(page)[1:] == ["does not say what it was made from"]
    page.unlink()
    assert reasons(page) == ["not executed yet"]


def stale(capsys):
    from wssl.cli import main

    status = main(["study", "--stale"])
    return status, capsys.readouterr().out


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Two pages that are up to date, and no record."""
    monkeypatch.chdir(tmp_path)
    Path("notebooks").mkdir()
    Path("book/studies").mkdir(parents=True)
    mark = {"made_from": {"records": {}, "sources": {}}}
    for name in ("01_one", "02_two"):
        Path(f"notebooks/{name}.py").write_text("# %% [markdown]\n# # A page\n")
        made = nbformat.v4.new_notebook(
            metadata={"wssl": mark}, cells=[nbformat.v4.new_markdown_cell("# A page")]
        )
        nbformat.write(made, f"book/studies/{name}.ipynb")


def test_the_command_shows_what_is_behind(repository, capsys, fabricate):
    from wssl.experiment import Experiment

    status, text = stale(capsys)
    assert status == 0
    assert [line.split(maxsplit=1)[1] for line in text.splitlines()[:2]] == [
        "up to date",
        "up to date",
    ]
    assert "Registered: 618 of 618 runs are left" in text
    (made,) = fabricate(Store(), [Experiment(preset="smoke", method="telea")])
    assert stale(capsys)[0] == 0
    Store().put({**made, "fingerprint": "0" * 16, "provenance": {"seconds": 3723.0}})
    status, text = stale(capsys)
    assert status == 0
    listed = f"{'0' * 16}            retired: method telea, seed 0"
    assert f"{listed}; made again as {made['fingerprint']}" in text
    assert "Retired, and made again since, so that they can be deleted: 1" in text
    assert "to be made again" not in text
    Store().path(made["fingerprint"]).unlink()
    status, text = stale(capsys)
    assert status == 1
    assert f"{listed}\n" in text
    assert "made again since" not in text
    assert "to be made again by wssl study or wssl run: 1, about 1:02:03 of computing" in text
    Store().path("0" * 16).unlink()
    edit(Path("notebooks/01_one.py"), "A page", "The page")
    status, text = stale(capsys)
    assert status == 1
    assert "make reference ONLY='01'" in text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [([], []), (["ONLY=06 12"], ["06", "12"]), (["ONLY=12"], ["12"])],
)
def test_the_reference_is_made_whole_or_in_part(arguments, expected):
    command = ["make", "--dry-run", "reference", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.replace("\\\n", " ").splitlines()
    (line,) = (line for line in lines if "wssl.book.notebooks" in line)
    (_, after) = line.rstrip().rsplit('"', 1)
    assert after.split() == expected
    assert "--output book/studies" in line
