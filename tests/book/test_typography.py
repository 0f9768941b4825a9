"""Minus signs and spaces that break no line, in text but not in code."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.core import publish_doctree

EXTENSION = runpy.run_path(
    str(Path(__file__).parents[2] / "book" / "_extensions" / "typography.py")
)
SPACE, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("text", "set_"),
    [
        ("-54.1 to -2 %", f"{MINUS}54.1 to {MINUS}2{SPACE}%"),
        ("(-0.43 dB)", f"({MINUS}0.43{SPACE}dB)"),
        ("64 px, 64 pixels, 2 hours", f"64{SPACE}px, 64{SPACE}pixels, 2{SPACE}hours"),
        ("224\npixels", f"224{SPACE}pixels"),
        ("log-cosh 2026-11-26, seeds 11-15, 1e-3", None),
        ("1 - SSIM; 0.5 dBm; ST-LPIPS", None),
        ("a-1 and /x-1", None),
    ],
)
def test_numbers_are_set(text, set_):
    assert EXTENSION["typeset"](text) == (text if set_ is None else set_)


def test_code_stays_as_it_is():
    tree = publish_doctree(
        "A gain of -2 % by ``-2 %``::\n\n    x = -2 % 3\n\n>>> print(-2 % 3)\n1\n"
    )
    build = SimpleNamespace(builder=SimpleNamespace(format="html"))
    EXTENSION["set_numbers"](build, tree, "page")
    (paragraph,) = tree.findall(nodes.paragraph)
    assert paragraph.astext() == f"A gain of {MINUS}2{SPACE}% by -2 %:"
    (block,) = tree.findall(nodes.literal_block)
    assert block.astext() == "x = -2 % 3"
    (example,) = tree.findall(nodes.doctest_block)
    assert example.astext() == ">>> print(-2 % 3)\n1"


def test_only_pages_for_the_browser_are_set():
    tree = publish_doctree("A gain of -2 %.")
    EXTENSION["set_numbers"](SimpleNamespace(builder=SimpleNamespace(format="text")), tree, "page")
    assert tree.astext() == "A gain of -2 %."


def test_of_html_the_text_of_the_claims_alone_is_set():
    claims = '<style>a { top: -2 %; }</style><ol class="wssl-claims" title="-2 %">-2 %</ol>'
    table = "<table><td>-2 %</td></table>"
    tree = publish_doctree("A page.")
    tree += [nodes.raw("", html, format="html") for html in (claims, table)]
    EXTENSION["set_numbers"](SimpleNamespace(builder=SimpleNamespace(format="html")), tree, "page")
    first, second = tree.findall(nodes.raw)
    assert first.astext() == claims.replace(">-2 %", f">{MINUS}2{SPACE}%")
    assert first["format"] == "html"
    assert second.astext() == table
