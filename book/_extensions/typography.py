"""Numbers as a typesetter would have them: a minus sign, and no line between a number and its unit.

Text in code and formulas stays as it is. Cells of tables are set by the style of the
book, which breaks no line in a number. Of HTML that a notebook made, only the first page's is set.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

NBSP, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"
_LEFT_ALONE = (
    nodes.literal,
    nodes.literal_block,
    nodes.doctest_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    addnodes.desc_signature,
)
_UNITS = r"(?=(?:%|dB|px|pixels|hours|GiB|MiB)(?!\w))"


def typeset(text: str) -> str:
    """A text with its numbers set.

    >>> typeset("-0.3 to 46.4 % of 3 x 3, seeds 11-15") == (
    ...     f"{MINUS}0.3 to 46.4{NBSP}% of 3 x 3, seeds 11-15"
    ... )
    True
    """
    kept = re.sub(rf"(?<=\d)[ \n]{_UNITS}", NBSP, text)
    return re.sub(r"(?<![\w.\-)/])-(?=\d)", MINUS, kept)


def typeset_html(html: str) -> str:
    """HTML with the numbers of its text set, but for styles and scripts.

    >>> typeset_html('<b title="5 %">5 %</b>') == f'<b title="5 %">5{NBSP}%</b>'
    True
    """
    return re.sub(
        r"<(style|script)\b.*?</\1>|<[^>]*>|[^<]+",
        lambda part: part[0] if part[0].startswith("<") else typeset(part[0]),
        html,
        flags=re.DOTALL,
    )


def set_numbers(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Set the numbers of a page."""
    if app.builder.format != "html":
        return
    for text in list(doctree.findall(nodes.Text)):
        parents, parent = [], text.parent
        while parent is not None:
            parents.append(parent)
            parent = parent.parent
        if any(isinstance(p, _LEFT_ALONE) for p in parents):
            continue
        changed = typeset(str(text))
        if changed != text:
            text.parent.replace(text, nodes.Text(changed))
    for raw in list(doctree.findall(nodes.raw)):
        if 'class="wssl-claims"' in raw.astext():
            changed = nodes.raw("", typeset_html(raw.astext()), **raw.attributes)
            raw.parent.replace(raw, changed)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("doctree-resolved", set_numbers, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
