"""Ten slides and five lines, from executed pages."""

import re

import nbformat
import pytest

from wssl import slides

GLUED = {
    "question": "Not answered <yet>.",
    "summary": "one\ntwo\nthree\nfour\nfive",
    "tally": "Of 3 claims, 1 holds",
    "state": "All is recorded.",
}
PIECES = {
    "picture": '<figure class="wssl-landing">the picture</figure>',
    "headline": '<figure><g tabindex="0"></g>the chart</figure>',
    "primary_claims": "<ol><li>the claims</li></ol>",
}
PIXEL = "iVBORw0KGgo="


def glued(name, kind, value):
    data = {f"application/papermill.record/{kind}": value}
    return nbformat.v4.new_output("display_data", data, metadata={"scrapbook": {"name": name}})


@pytest.fixture
def folder(tmp_path):
    outputs = [glued(name, "text/plain", repr(value)) for name, value in GLUED.items()]
    outputs += [glued(name, "text/html", html) for name, html in PIECES.items()]
    verdicts = nbformat.v4.new_code_cell("", outputs=outputs)
    nbformat.write(nbformat.v4.new_notebook(cells=[verdicts]), tmp_path / "10_verdicts.ipynb")
    drawn = nbformat.v4.new_code_cell(
        "",
        outputs=[nbformat.v4.new_output("display_data", {"image/png": PIXEL + "\n"})],
        metadata={"mystnb": {"figure": {"name": "fig-controls", "caption": "A & B"},
                             "image": {"alt": "Dots"}}},
    )  # fmt: skip
    old = nbformat.v4.new_notebook(cells=[drawn], metadata={"wssl": {"edition": 1}})
    nbformat.write(old, tmp_path / "08_controls.ipynb")
    return tmp_path


def test_there_are_ten_slides_of_what_the_pages_hold(folder):
    deck = slides.deck(folder, "A & B")
    assert deck.count('<section class="slide">') == 10
    assert re.findall(r'class="number">(\d+)<', deck) == [str(n) for n in range(1, 11)]
    assert "Not answered &lt;yet&gt;." in deck
    for words in ("the picture", "the chart", "the claims", "<title>A &amp; B</title>"):
        assert words in deck
    assert f'<img alt="Dots" src="data:image/png;base64,{PIXEL}">' in deck
    assert "The first edition's runs, on which no verdict rests. A &amp; B" in deck.replace(
        "&#x27;", "'"
    )
    assert deck.count("Awaiting runs: this figure is not drawn yet.") == len(slides.FIGURES) - 1
    assert "<script" not in deck
    assert "tabindex" not in deck


def test_the_five_lines_are_those_of_the_page(folder, capsys):
    assert slides.main([str(folder), "--summary"]) == 0
    assert capsys.readouterr().out.splitlines() == GLUED["summary"].splitlines()


def test_a_folder_without_verdicts_says_what_to_run(tmp_path, capsys):
    assert slides.main([str(tmp_path), "--output", str(tmp_path / "deck.html")]) == 1
    assert "python -m wssl.notebooks" in capsys.readouterr().err
    assert not (tmp_path / "deck.html").exists()


def test_the_committed_pages_make_slides():
    from pathlib import Path

    studies = Path(__file__).parents[1] / "book" / "studies"
    assert len(slides.summary(studies).splitlines()) == 5
    deck = slides.deck(studies, "The study")
    assert "Awaiting runs: this figure is not drawn yet." not in deck
