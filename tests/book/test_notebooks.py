"""The path from notebooks/*.py to the executed notebooks that the book is made of."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Protocol, TypedDict

import matplotlib
import nbformat
import pytest

from wssl.book import notebooks
from wssl.book.notebooks import INSTALL
from wssl.records.store import Store
from wssl.study import Study, exploratory

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "notebooks").glob("[0-9]*.py"))
STUDIES = ROOT / "book" / "studies"
TRAINED = ("01", "02", "03")
LONG = ("01", "03", "06", "07", "08", "09")
"""These train, or train again what their pictures need, and so take seconds."""

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
"""
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SOURCE = (
    HEADER
    + """
# %% [markdown]
# # A study

# %% tags=["parameters"]
preset: str = "quick"  # the size of the run
seed: int = 0
alpha: float = 0.84

# %%
import sys

import wssl.book.notebooks

wssl.book.notebooks.check_parameters(globals())

# %%
print("seed", seed, flush=True)
print("a library's log", file=sys.stderr, flush=True)
print("alpha", alpha)
"""
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with one notebook, which is the current folder."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_study.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]


def papermill(*arguments):
    command = [sys.executable, "-m", "papermill", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.build
def test_papermill_runs_a_py_notebook(project):
    done = papermill("./notebooks/01_study.py", "out.ipynb", "-p", "seed", "3")
    assert done.returncode == 0, done.stderr
    assert "does not end in" not in done.stderr
    text = "".join(output.text for output in outputs("out.ipynb") if output.name == "stdout")
    assert text == "seed 3\nalpha 0.84\n"


@pytest.mark.build
def test_papermill_writes_below_notebooks_and_reads_it_again(project):
    first = papermill("notebooks/01_study.py", "notebooks/out.ipynb", "-p", "seed", "3")
    assert first.returncode == 0, first.stderr
    nbformat.validate(nbformat.read("notebooks/out.ipynb", as_version=4))
    described = papermill("--help-notebook", "notebooks/out.ipynb")
    assert "preset: str" in described.stdout
    assert "the size of the run" in described.stdout


@pytest.mark.build
def test_an_unknown_parameter_stops_papermill(project):
    done = papermill("notebooks/01_study.py", "out.ipynb", "-p", "sed", "3")
    assert done.returncode != 0
    assert "received 'sed'. Did you mean 'seed'?" in done.stderr


READ = """
import os, sys
from pathlib import Path
import papermill

def prepared(path):
    made = papermill.execute_notebook(path, None, {"seed": 3}, prepare_only=True)
    return [cell.source for cell in made.cells if "injected-parameters" in cell.metadata.tags]

root = Path.cwd()
paths = [root / "notebooks/01_study.py", str(root / "notebooks/01_study.py")]
paths += ["notebooks/01_study.py", "./notebooks/01_study.py", "elsewhere/a study.py"]
for path in paths:
    assert prepared(path) == ["# Parameters\\nseed = 3\\n"], path
os.chdir("notebooks")
for path in ["01_study.py", "./01_study.py", "../notebooks/01_study.py"]:
    assert prepared(path) == ["# Parameters\\nseed = 3\\n"], path
assert papermill.inspect_notebook("01_study.py")["seed"]["default"] == "0"
os.rename("01_study.py", "notebooks\\\\01_study.PY")
assert prepared("notebooks\\\\01_study.PY")
print("read", file=sys.stderr)
"""


@pytest.mark.parametrize(
    "first", ["", "import wssl.book.notebooks"], ids=["alone", "after this module"]
)
def test_papermill_reads_a_py_notebook_by_any_path(project, first):
    Path("elsewhere").mkdir()
    Path("elsewhere/a study.py").write_text(SOURCE)
    command = [sys.executable, "-c", first + READ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "read\n"


def test_papermill_names_a_py_notebook_that_is_not_there(project):
    done = papermill("notebooks\\01_study.py", "out.ipynb", "--prepare-only")
    assert done.returncode != 0
    assert "No such file or directory: 'notebooks\\\\01_study.py'" in done.stderr


@pytest.mark.build
def test_a_notebook_without_a_header_runs_in_pythons_kernel(project):
    Path("notebooks/02_bare.py").write_text(SOURCE.removeprefix(HEADER).lstrip())
    notebooks.execute("notebooks/02_bare.py", "a.ipynb", {"seed": 3})
    notebooks.execute("notebooks/01_study.py", "b.ipynb", {"seed": 3})
    assert Path("a.ipynb").read_bytes() == Path("b.ipynb").read_bytes()


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.replace("name: python3", "name: [python3"), "header"),
        (HEADER.replace("name: python3", "name: fortran77"), "kernel 'fortran77'"),
        (HEADER.replace("display_name: Python 3", "language_version: 3"), "display_name"),
    ],
)
def test_a_notebook_whose_header_is_wrong_is_named(project, header, reason):
    Path("notebooks/01_study.py").write_text(SOURCE.replace(HEADER, header))
    with pytest.raises(SystemExit, match=f"(?s)error: notebooks/01_study.py.*{reason}"):
        notebooks.main(["--output", "out"])


def namespace(injected="", **values):
    known = {"preset": str, "seed": int, "alpha": float, "shown": bool}
    defaults = {"preset": "quick", "seed": 0, "alpha": 0.84, "shown": True}
    return {"__annotations__": known, "In": ["", "x = 1", injected], **defaults, **values}


@pytest.mark.parametrize(
    "values", [{}, {"seed": 3}, {"alpha": 1}, {"shown": False}, {"preset": "smoke"}]
)
def test_parameters_of_the_right_type_pass(values):
    cell = "# Parameters\n" + "\n".join(f"{name} = {value!r}" for name, value in values.items())
    notebooks.check_parameters(namespace(cell, **values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seed": "three"}, "seed: expected a value of type int; received 'three', of type str"),
        ({"seed": True}, "seed: expected a value of type int; received True"),
        ({"seed": 1.5}, "seed: expected a value of type int; received 1.5"),
        ({"alpha": False}, "alpha: expected a value of type float; received False"),
        ({"shown": 1}, "shown: expected a value of type bool; received 1"),
        ({"preset": 7}, "preset: expected a value of type str; received 7.* -r preset 7"),
    ],
)
def test_parameters_of_the_wrong_type_are_errors(values, message):
    with pytest.raises(TypeError, match=message):
        notebooks.check_parameters(namespace(**values))


def test_an_unknown_parameter_is_named_with_the_nearest():
    with pytest.raises(ValueError, match=r"preset, seed, .*'alfa'. Did you mean 'alpha'"):
        notebooks.check_parameters(namespace("# Parameters\nseed = 1\nalfa = 0.5\n", alfa=0.5))


PARAMETERS = 'preset: str = "quick"\nseed: int = 0\nalpha: float = 0.84\nshown: bool = True\n'
CHECK = "import wssl.book.notebooks\n\nwssl.book.notebooks.check_parameters(globals())\n"


def live(*cells, **values):
    """The names of a kernel that has run these cells, the last of them the check."""
    return namespace(**values) | {"In": ["", *cells, CHECK]}


@pytest.mark.parametrize("name", ["PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH"])
def test_papermills_own_parameters_are_accepted(name):
    cell = f'# Parameters\n{name} = "in.py"\nseed = 3\n'
    notebooks.check_parameters(live(PARAMETERS, cell, seed=3, **{name: "in.py"}))


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["# Parameters\nalpha = 0.5\n"], id="the injected cell"),
        pytest.param([PARAMETERS, "# Parameters\nalpha = 0.5\n"], id="both cells"),
        pytest.param([PARAMETERS], id="the parameters cell alone"),
    ],
)
def test_a_parameter_that_was_corrected_in_a_live_kernel_is_judged_anew(cells):
    before = [PARAMETERS, "# Parameters\nalfa = 0.5\n", CHECK]
    notebooks.check_parameters(live(*before, *cells, alpha=0.5, alfa=0.5))


def test_a_parameter_that_is_misspelt_in_a_live_kernel_is_an_error_too():
    before = [PARAMETERS, "# Parameters\nalpha = 0.5\n", CHECK]
    with pytest.raises(ValueError, match="received 'alfa'.*In a cell of your own, do not begin"):
        notebooks.check_parameters(live(*before, "# Parameters\nalfa = 0.5\n"))


@pytest.mark.parametrize(
    "cell",
    [
        "# Parameters\nlayers = 3\n",
        "# Parameters\nlayers = 3  # of the network\nprint(layers)\n",
        "# Parameters\nget_ipython().run_line_magic('time', '')\n",
        "# Parameters\n!ls\n",
    ],
)
def test_a_cell_of_the_readers_own_is_no_parameters_cell(cell):
    notebooks.check_parameters(live(PARAMETERS, CHECK, cell))
    notebooks.check_parameters(live(PARAMETERS, CHECK, cell, "x = 1\n"))
    notebooks.check_parameters(live(PARAMETERS, "# Parameters\nseed = 1\n", CHECK, cell, "x = 1\n"))
    notebooks.check_parameters(live(PARAMETERS, "# Parameters\nseed = 1\n", cell, CHECK))


@pytest.mark.parametrize(
    ("expected", "right", "wrong"),
    [
        (list[float], [0.5], 0.5),
        (dict[str, float], {"a": 0.5}, [0.5]),
        (tuple[int, ...], (1, 2), [1, 2]),
        (int | None, None, "x"),
        ("int", 3, 1.5),
        ("list[float]", [0.5], 0.5),
    ],
)
def test_parameters_of_composed_types(expected, right, wrong):
    names = live("values: ... = ...\n", values=right)
    names["__annotations__"] = {"values": expected}
    notebooks.check_parameters(names)
    with pytest.raises(TypeError, match="values: expected a value of type .*; received"):
        notebooks.check_parameters(names | {"values": wrong})


class Values(TypedDict):
    a: int


class Sized(Protocol):
    size: int


@pytest.mark.parametrize(
    "expected", ["NotThere", "a b", list["int"], "Sequence[int]", Values, Sized]
)
def test_an_annotation_that_cannot_be_judged_is_no_error(expected):
    names = live("values: ... = ...\n", values=[1])
    names["__annotations__"] = {"values": expected}
    notebooks.check_parameters(names)


def test_annotations_of_other_cells_are_not_parameters():
    names = live(PARAMETERS, CHECK, "total: int = 0\n", total=0.5)
    names["__annotations__"]["total"] = int
    notebooks.check_parameters(names)


def test_a_name_that_was_deleted_is_not_judged():
    names = live(PARAMETERS)
    del names["seed"]
    notebooks.check_parameters(names)


def test_names_of_other_cells_are_not_parameters():
    """A notebook may be run again from the top in a kernel that already holds its results."""
    notebooks.check_parameters(namespace(records=[1, 2], table={"ssim": 0.9}))


@pytest.mark.build
def test_execute_gives_the_same_bytes_twice(project):
    for name in ("a", "b"):
        notebooks.execute("notebooks/01_study.py", f"{name}/out.ipynb", {"seed": 3})
    first = Path("a/out.ipynb").read_bytes()
    assert first == Path("b/out.ipynb").read_bytes()
    assert str(project).encode() not in first
    assert [output.text for output in outputs("a/out.ipynb")] == ["seed 3\nalpha 0.84\n"]
    assert sorted(path.name for path in Path("a").iterdir()) == ["out.ipynb"]
    nbformat.validate(nbformat.read("a/out.ipynb", as_version=4))


@pytest.mark.build
def test_the_parameters_of_a_page_are_hidden(project):
    notebooks.execute("notebooks/01_study.py", "out.ipynb", {"seed": 3})
    cells = nbformat.read("out.ipynb", as_version=4).cells
    (injected,) = (c for c in cells if "injected-parameters" in c.metadata.get("tags", []))
    assert "remove-input" in injected.metadata.tags
    assert "seed = 3" in injected.source


@pytest.mark.build
def test_a_failing_notebook_leaves_the_earlier_output(project):
    Path("out.ipynb").write_text("the earlier one")
    with pytest.raises(RuntimeError, match=r"(?s)TypeError.*seed.*half-run\.ipynb.*is unchanged"):
        notebooks.execute("notebooks/01_study.py", "out.ipynb", {"seed": "x"})
    assert Path("out.ipynb").read_text() == "the earlier one"
    assert any(output.output_type == "error" for output in outputs("out.half-run.ipynb"))


FIGURES = """
# %%
import matplotlib.pyplot as plt

from wssl import data, report

report.use_style()

# %% mystnb={"figure": {"caption": "A line.", "name": "fig-shown"}}
figure, axis = plt.subplots(figsize=(1, 1))
axis.plot([0, 1])
print(plt.get_backend())

# %% mystnb={"figure": {"caption": "Another.", "name": "fig-value"}}
report.finished(figure)
"""
MISSING = """
# %% mystnb={"figure": {"caption": "Nothing.", "name": "fig-missing"}}
print("no figure")
"""


@pytest.mark.build
def test_a_notebook_shows_its_figures_whatever_the_environment_says(project, monkeypatch):
    """And the progress bar that a library looks for is not missed in its output."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    Path("notebooks/01_study.py").write_text(HEADER + FIGURES)
    done = papermill("notebooks/01_study.py", "out.ipynb")
    assert done.returncode == 0, done.stderr
    *_, shown, value = nbformat.read("out.ipynb", as_version=4).cells
    for cell in (shown, value):
        (kinds,) = (set(o.data) for o in cell.outputs if o.output_type != "stream")
        assert kinds == {"image/svg+xml", "text/plain"}
    again = papermill("notebooks/01_study.py", "again.ipynb")
    assert again.returncode == 0, again.stderr
    drawn = [
        [output.data["image/svg+xml"] for output in outputs(path) if "data" in output]
        for path in ("out.ipynb", "again.ipynb")
    ]
    assert drawn[0] == drawn[1], "a chart without new content is no change of its page"
    streams = [output for output in outputs("out.ipynb") if output.output_type == "stream"]
    assert [output.text for output in streams if output.name == "stderr"] == []
    assert "inline" in streams[0].text


def test_the_style_leaves_the_backend_alone_outside_of_a_notebook():
    from wssl import report

    before = matplotlib.get_backend()
    with matplotlib.rc_context():
        report.use_style()
    assert matplotlib.get_backend() == before


KILLED = """
# %%
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.build
@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
def test_a_kernel_that_is_killed_is_an_error_that_names_the_notebook(project):
    Path("notebooks/01_study.py").write_text(SOURCE + KILLED)
    Path("out.ipynb").write_text("the earlier one")
    with pytest.raises(
        RuntimeError, match=r"(?s)01_study.py: its kernel died.*out.ipynb is unchanged"
    ):
        notebooks.execute("notebooks/01_study.py", "out.ipynb")
    assert Path("out.ipynb").read_text() == "the earlier one"


@pytest.mark.build
def test_a_captioned_cell_without_an_image_fails(project):
    Path("notebooks/01_study.py").write_text(SOURCE + MISSING)
    Path("out.ipynb").write_text("the earlier one")
    message = r"(?s)01_study.py: .*'fig-missing'.*no image.*half-run.*out.ipynb is as it was"
    with pytest.raises(RuntimeError, match=message):
        notebooks.execute("notebooks/01_study.py", "out.ipynb")
    assert Path("out.ipynb").read_text() == "the earlier one"
    assert Path("out.half-run.ipynb").exists()


def test_tidy_forgets_how_the_output_was_cut_into_messages():
    def notebook(*pieces):
        streams = [nbformat.v4.new_output("stream", name=n, text=t) for n, t in pieces]
        cell = nbformat.v4.new_code_cell(
            "x", outputs=streams, metadata={"execution": {"iopub.status.busy": "noon"}}
        )
        metadata = {"kernelspec": KERNEL, "papermill": {"duration": 1.0}}
        return nbformat.v4.new_notebook(cells=[cell], metadata=metadata)

    whole = notebooks.tidy(notebook(("stdout", "ab")))
    pieces = notebooks.tidy(notebook(("stdout", "a"), ("stderr", "log"), ("stdout", "b")))
    assert whole == pieces
    assert "execution" not in whole.cells[0].metadata


@pytest.mark.build
def test_is_fresh_sees_every_change_of_the_source(project):
    notebooks.execute("notebooks/01_study.py", "out.ipynb", {"seed": 3})
    assert notebooks.is_fresh("notebooks/01_study.py", "out.ipynb")
    notebooks.execute("notebooks/01_study.py", "plain.ipynb")
    assert notebooks.is_fresh("notebooks/01_study.py", "plain.ipynb")
    for old, new in [("# # A study", "# # The study"), ("seed: int = 0", "seed: int = 1")]:
        Path("changed.py").write_text(SOURCE.replace(old, new))
        assert not notebooks.is_fresh("changed.py", "out.ipynb")


@pytest.mark.build
def test_the_command_runs_all_notebooks_in_order(project, capsys):
    other = SOURCE.replace("alpha: float", "beta: float").replace("alpha", "beta")
    Path("notebooks/02_other.py").write_text(other)
    notebooks.main(["--output", "out", "-p", "seed", "5", "-p", "beta", "0.5"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "01_study",
        "02_other",
    ]
    assert [output.text for output in outputs("out/01_study.ipynb")] == ["seed 5\nalpha 0.84\n"]
    assert [output.text for output in outputs("out/02_other.ipynb")] == ["seed 5\nbeta 0.5\n"]


def test_notebooks_are_executed_side_by_side(project):
    """The first waits for the second; neither starts processes of its own."""
    waits = """
while not Path("second").exists():
    time.sleep(0.01)
"""
    for number, lines in (("01", waits), ("02", "Path('second').touch()\n")):
        cell = f"\n# %%\nimport os, time\nfrom pathlib import Path\n{lines}"
        text = f"{SOURCE}{cell}print(os.environ['WSSL_JOBS'])\n"
        Path(f"notebooks/{number}_study.py").write_text(text)
    command = [sys.executable, "-m", "wssl.book.notebooks", "--output", "out", "-p", "seed", "5"]
    done = subprocess.run([*command, "--jobs", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["01_study", "02_study"]
    assert done.stderr == ""
    for number in ("01", "02"):
        texts = [output.text for output in outputs(f"out/{number}_study.ipynb")]
        assert texts == ["seed 5\nalpha 0.84\n", "1\n"]


def test_a_notebook_that_fails_side_by_side_is_named(project):
    Path("notebooks/02_study.py").write_text(SOURCE.replace("print(", "raise KeyError("))
    with pytest.raises(SystemExit, match=r"(?s)error: notebooks/02_study.py failed .*KeyError"):
        notebooks.main(["--output", "out", "--jobs", "2"])
    assert not Path("out/02_study.ipynb").exists()


def test_notebooks_that_are_stopped_say_so_in_one_line(project, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(notebooks, "execute", stop)
    with pytest.raises(SystemExit, match="error: interrupted; run the same command again"):
        notebooks.main(["--output", "out"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", "sed", "5"], "received 'sed'. Did you mean 'seed'?"),
        (["01_studdy"], "received '01_studdy'. Did you mean '01_study'?"),
        (["--jobs", "0"], "jobs: expected a number of processes, at least 1; received 0"),
    ],
)
def test_the_command_names_what_it_does_not_know(project, arguments, message):
    with pytest.raises(SystemExit, match=message.replace("?", r"\?")):
        notebooks.main(["--output", "out", *arguments])
    assert not Path("out").exists()


def test_the_module_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys, wssl.book.notebooks; print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_study_has_its_source_and_every_source_its_study():
    assert [path.stem for path in SOURCES] == sorted(path.stem for path in STUDIES.glob("*.ipynb"))


def test_every_study_is_in_the_contents():
    """A page that is forgotten there is dropped from the book without a word."""
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    listed = re.findall(r"file: studies/(\w+)$", contents, re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in STUDIES.glob("*.ipynb"))


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request):
    return request.param


@pytest.fixture
def committed(source):
    """The study as it is committed."""
    return nbformat.read(STUDIES / f"{source.stem}.ipynb", as_version=4)


def test_the_committed_study_is_its_source_executed(source):
    executed = STUDIES / f"{source.stem}.ipynb"
    assert notebooks.is_fresh(source, executed), f"{source.name} changed: run `make reference`"


def test_the_committed_study_is_executed_and_tidied(source, committed):
    text = (STUDIES / f"{source.stem}.ipynb").read_text(encoding="utf-8")
    ran = [cell for cell in committed.cells if INSTALL not in cell.metadata.get("tags", [])]
    assert all(cell.execution_count for cell in ran if cell.cell_type == "code")
    assert nbformat.writes(notebooks.tidy(committed)) == text.rstrip("\n")


def figures(notebook):
    """The settings of each figure of a notebook."""
    return [cell.metadata["mystnb"] for cell in notebook.cells if "mystnb" in cell.metadata]


def test_every_figure_has_a_caption_and_an_alternative_text(source):
    """Who cannot see a figure is told what it shows; what it finds is in the text and tables."""
    for options in figures(notebooks._load(source)):
        caption, alternative = options["figure"]["caption"], options["image"]["alt"]
        assert caption.endswith(".")
        assert alternative.endswith(".")
        assert 40 < len(alternative) < 260, alternative
        assert not re.search(r"\d\.\d|\d %", alternative), alternative


def test_every_figure_of_the_committed_study_is_drawn(committed):
    drawn = {
        cell.metadata["mystnb"]["figure"]["name"]
        for cell in committed.cells
        for output in cell.get("outputs", [])
        if any(kind.startswith("image/") for kind in output.get("data", {}))
    }
    named = {options["figure"]["name"] for options in figures(committed)}
    assert drawn == named, "figures without a name, or names without a figure"


def asked_for(source):
    """The names that the book's pages take from a study, each with its format."""
    cells = notebooks._load(source).cells
    page = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "book").glob("*.md")]
    form = r"(?::([^`]*))?`"
    own = re.findall(rf"{{glue:text}}`([\w-]+){form}", page)
    elsewhere = rf"{{glue:text}}`studies/{source.stem}\.ipynb::(\w+){form}"
    other = re.findall(elsewhere, "".join(texts))
    pasted = [
        (name, "")
        for text in texts
        for name, place in re.findall(r"```{glue:} (\w+)\n:doc: studies/(\w+)\.ipynb", text)
        if place == source.stem
    ]
    return [*own, *other, *pasted]


SAID = "answer", "known", "freezing", "learning", "awaiting", "tally", "state"
REGISTERED = {"preset": "desktop", "dataset": "open-faces-2"}
JUDGED = [s for s in SOURCES if "03" <= s.stem[:2] <= "10" or s.stem[:2] in ("13", "15")]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(s, marks=[pytest.mark.slow] if s.stem[:2] in LONG else [], id=s.stem)
        for s in SOURCES
    ],
    indirect=True,
)
def test_the_page_runs_at_smoke(source, tmp_path, monkeypatch, fabricate, page, eager):
    """One of the first three trains; the others have records that nobody trained for."""
    monkeypatch.chdir(tmp_path)
    if source.stem[:2] not in TRAINED:
        fabricate(Store(), Study("smoke").tasks)
    known = notebooks._parameters(source)
    glued, _ = page(source, {"preset": "smoke"} if "preset" in known else {})
    for name, form in asked_for(source):
        assert name in glued, f"{source.name} glues no {name}"
        if isinstance(glued[name], str | int | float):
            format(glued[name], form)


@pytest.mark.parametrize(
    "source", [s for s in SOURCES if s.stem[:2] in ("04", "05")], indirect=True
)
def test_the_page_runs_with_several_seeds(source, tmp_path, monkeypatch, fabricate, page):
    monkeypatch.chdir(tmp_path)
    fabricate(Store(), Study("smoke", seeds=3).tasks)
    page(source, {"preset": "smoke", "seeds": 3})


@pytest.mark.parametrize("source", JUDGED, indirect=True, ids=lambda path: path.stem)
def test_the_page_awaits_the_registered_runs(
    source, tmp_path, monkeypatch, page, trained, shared_data
):
    """Nothing is trained, and the page says what is missing."""
    monkeypatch.chdir(tmp_path)
    glued, _ = page(source, REGISTERED)
    assert trained == []
    answers = " ".join(str(glued.get(name, "")) for name in SAID)
    assert re.search(r"[Aa]wait|[Nn]ot answered yet|judged yet", answers)
    for word in ("holds", "refuted:", "within the margin ("):
        assert word not in answers


@pytest.fixture(scope="module")
def whole_campaign(tmp_path_factory, fabricate):
    """The folder with records of all registered runs."""
    root = tmp_path_factory.mktemp("campaign")
    fabricate(Store(root), Study(**REGISTERED).tasks)
    return root


@pytest.fixture(scope="module")
def whole_exploration(whole_campaign, fabricate):
    """The same folder, with records of all exploratory runs too."""
    store = Store(whole_campaign)
    for part in exploratory.tasks().values():
        fabricate(store, part)
    while experiment := exploratory.next_searched(tried := exploratory.searched(store)):
        fabricate(store, [experiment])
    fabricate(store, [*exploratory.best_searched(tried), *exploratory.together(store)])
    return whole_campaign


@pytest.mark.parametrize(
    "source",
    JUDGED,
    indirect=True,
    ids=lambda path: path.stem,
)
def test_the_page_runs_with_the_whole_campaign(
    source, whole_campaign, monkeypatch, page, trained, shared_data
):
    monkeypatch.setenv("WSSL_RESULTS", str(whole_campaign))
    glued, _ = page(source, REGISTERED)
    assert trained == []
    answers = " ".join(str(glued.get(name, "")) for name in SAID)
    assert "await" not in answers.lower()
    if source.stem.startswith("13"):
        assert "of 6 settings" in answers, "of 8 settings, two have too few runs for an interval"


@pytest.mark.parametrize(
    "source",
    [s for s in SOURCES if s.stem[:2] in ("16", "17")],
    indirect=True,
    ids=lambda path: path.stem,
)
def test_the_page_runs_with_all_exploratory_runs(
    source, tmp_path, monkeypatch, page, trained, shared_data, request
):
    pytest.importorskip("sklearn", exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    records = request.getfixturevalue("whole_exploration")
    glued, _ = page(source, {"records": str(records)})
    assert trained == []
    assert "await" not in f"{glued['answer']} {glued.get('awaiting', '')}"
    assert glued.get("search", exploratory.SEARCH_RUNS) == exploratory.SEARCH_RUNS


@pytest.mark.slow
@pytest.mark.parametrize("source", [SOURCES[1], SOURCES[9]], indirect=True, ids=["02", "10"])
def test_the_page_runs_in_a_kernel(source, tmp_path, monkeypatch, fabricate):
    monkeypatch.chdir(tmp_path)
    fabricate(Store(), Study("smoke").tasks)
    notebooks.execute(source, tmp_path / "out.ipynb", {"preset": "smoke"})
    assert notebooks.is_fresh(source, tmp_path / "out.ipynb")
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert kinds & {"image/jpeg", "image/svg+xml"}


def test_parameters_need_a_cell_that_takes_them(project):
    untagged = SOURCE.replace(' tags=["parameters"]', "")
    (project / "notebooks" / "02_untagged.py").write_text(untagged)
    words = "02_untagged.py: expected a cell with the tag parameters, to take seed; received none"
    with pytest.raises(ValueError, match=words):
        notebooks.execute("notebooks/02_untagged.py", "out.ipynb", {"seed": 3})
    with pytest.raises(SystemExit, match=words):
        notebooks.main(["--output", "out", "-p", "seed", "3"])
    assert not (project / "out").exists()
