"""The form of the chapters, and their exercises: every solution runs as it is printed."""

import re
import runpy
from pathlib import Path

import pytest

from wssl import presets
from wssl.book import notebooks

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "book" / "howto" / "template_study.py"
SOURCES = [*sorted((ROOT / "notebooks").glob("[0-9]*.py")), TEMPLATE]
TRAINS = {
    *("03-1", "03-2", "04-3", "05-3", "06-3", "08-1", "09-1", "13-1", "14-2"),
    *("15-1", "16-1", "17-1", "te-3"),
}
"""The exercises that train networks, and say so; "te" is the template of a page."""

EXERCISE = re.compile(
    r"^\*\*(\d)\. (.+?)\*\* (.+?)\n\n:::\{dropdown\} Solution\n```python\n(.+?)```\n\n(.+?)\n:::$",
    re.DOTALL | re.MULTILINE,
)


def cells(source):
    return notebooks._load(source).cells


def exercises(source):
    """Number, title, question, solution and comment of each exercise of a chapter."""
    return EXERCISE.findall(cells(source)[-1].source)


SOLUTIONS = {
    f"{source.stem[:2]}-{number}": (question, code)
    for source in SOURCES
    for number, _, question, code, _ in exercises(source)
}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_chapter_opens_with_question_answer_figure_and_aims(source):
    first, *rest = cells(source)
    title, *paragraphs = first.source.split("\n\n")
    assert title.startswith("# ")
    assert paragraphs[0].startswith("**The question.** ")
    assert "?" in paragraphs[0]
    assert re.fullmatch(r"\*\*The answer\.\*\* .*\{glue:text\}`.*", paragraphs[1], re.DOTALL)
    shown = [cell for cell in rest if cell.cell_type == "markdown" or "mystnb" in cell.metadata]
    assert "figure" in shown[0].metadata.get("mystnb", {}), "text comes before the first figure"
    head, kind, *aims, end = shown[1].source.split("\n")
    assert (head, kind, end) == (
        ":::{admonition} In this chapter you learn",
        ":class: tip",
        ":::",
    )
    assert len(aims) == 3
    assert all(aim.startswith("- ") for aim in aims)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_chapter_ends_with_its_limits_and_three_exercises(source):
    *_, limits, last = cells(source)
    assert limits.cell_type == last.cell_type == "markdown"
    assert "**What this page cannot conclude.**" in limits.source
    assert last.source.startswith("## Exercises\n")
    found = exercises(source)
    assert [int(number) for number, *_ in found] == [1, 2, 3]
    assert last.source.count(":::{dropdown}") == 3


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_chapter_defines_only_what_it_registers_and_hides_its_plumbing(source):
    for cell in cells(source):
        if cell.cell_type == "code":
            defined = re.findall(r"^(?:def|class) (\w+)", cell.source, re.MULTILINE)
            entries = re.findall(r"^\w+\.[A-Z]+\[.+\] = (.+)$", cell.source, re.MULTILINE)
            for name in defined:
                assert any(re.search(rf"\b{name}\b", entry) for entry in entries), cell.source
            if re.search(r"^(import|from) |^glue\(", cell.source, re.MULTILINE):
                assert {"hide-input", "remove-input"} & set(cell.metadata.get("tags", []))


def test_an_exercise_says_whether_it_trains():
    said = {
        name
        for name, (question, _) in SOLUTIONS.items()
        if re.search(r"\(Trains\s(?!nothing)", question)
    }
    assert said == TRAINS


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in TRAINS else []) for name in SOLUTIONS],
)
def test_a_solution_runs_as_it_is_printed(
    name, tmp_path, monkeypatch, registries, eager, trained, capsys
):
    """At the scale of the preset `smoke`, which takes the place of `quick`."""
    monkeypatch.setitem(presets.PRESETS, "quick", presets.PRESETS["smoke"])
    monkeypatch.chdir(tmp_path)
    _, code = SOLUTIONS[name]
    script = tmp_path / "solution.py"  # a registered function is identified by its source
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script))
    assert bool(trained) == (name in TRAINS)
    assert capsys.readouterr().out.strip()
