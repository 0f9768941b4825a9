"""Ten slides and five lines, from executed pages."""

import io
import re
from base64 import b64encode
from html import escape
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from wssl.book import slides

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "book" / "studies"

GLUED = {
    "question": "Not answered <yet>.",
    "summary": "Runs      5 runs\nPrimary   1 <, 2 >\nthree\nfour\nfive",
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
    assert deck.count("Awaiting runs: this figure is not drawn yet.") == len(slides.FIGURES) - 1
    assert "<dt>Runs</dt><dd>5 runs</dd><dt>Primary</dt><dd>1 &lt;, 2 &gt;</dd>" in deck
    assert "<script" not in deck
    assert "tabindex" not in deck


def test_the_five_lines_are_those_of_the_page(folder, capsys):
    assert slides.main([str(folder), "--summary"]) == 0
    assert capsys.readouterr().out.splitlines() == GLUED["summary"].splitlines()


def test_a_folder_without_verdicts_says_what_to_run(tmp_path, capsys):
    assert slides.main([str(tmp_path), "--output", str(tmp_path / "deck.html")]) == 1
    assert "python -m wssl.book.notebooks" in capsys.readouterr().err
    assert not (tmp_path / "deck.html").exists()


def test_the_committed_pages_make_slides():
    assert len(slides.summary(STUDIES).splitlines()) == 5
    deck = slides.deck(STUDIES, "The study")
    assert "Awaiting runs: this figure is not drawn yet." not in deck
    network, *_ = slides.read_page(STUDIES / f"{slides.METHOD}.ipynb").figures["fig-architecture"]
    assert network in deck


def tile(name, note, colour):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    data = b64encode(buffer.getvalue()).decode()
    label = f'<b>{escape(name)}</b><span data-records="b">{note}</span>'
    return f'<span class="tile">{label}<img alt="" src="data:image/png;base64,{data}"></span>'


def test_the_picture_has_each_tile_in_its_row_and_column(tmp_path):
    rows = [("red", "lime"), ("blue", "yellow")]
    strips = [tile("The holes", "", a) + tile("Ours & theirs", "error 0.1", b) for a, b in rows]
    html = (
        f'<figure data-records="a b">{"".join(strips)}<figcaption>A &amp; B</figcaption></figure>'
    )
    page = nbformat.v4.new_code_cell("", outputs=[glued("picture", "text/html", html)])
    nbformat.write(nbformat.v4.new_notebook(cells=[page]), tmp_path / "10_verdicts.ipynb")
    assert slides.main([str(tmp_path), "--picture", str(tmp_path / "new" / "a.png")]) == 0
    drawn = Image.open(tmp_path / "new" / "a.png")
    assert (drawn.text["Source"], drawn.text["Description"]) == ("a b", "A & B")
    pixels = np.asarray(drawn.convert("RGB"))
    middle = {}
    for colour in sum(rows, ()):
        where = np.argwhere((pixels == np.array(Image.new("RGB", (1, 1), colour))).all(axis=-1))
        middle[colour] = where.mean(axis=0)
    assert middle["red"][0] == pytest.approx(middle["lime"][0], abs=2)
    assert middle["red"][1] == pytest.approx(middle["blue"][1], abs=2)
    assert middle["red"][0] < middle["blue"][0]
    assert middle["red"][1] < middle["lime"][1]


def test_a_page_without_its_picture_says_where_to_execute_it(folder, capsys):
    assert slides.main([str(folder), "--picture", str(folder / "a.png")]) == 1
    assert "where the weights of its networks are" in capsys.readouterr().err


def test_the_picture_of_the_readme_is_that_of_the_page():
    page = slides.read_page(STUDIES / "10_verdicts.ipynb").values["picture"]
    drawn = Image.open(ROOT / "book" / "_static" / "answer.png")
    assert f'data-records="{drawn.text["Source"]}"' in page
    assert escape(drawn.text["Description"]) in page
    assert "(book/_static/answer.png)" in (ROOT / "README.md").read_text()
