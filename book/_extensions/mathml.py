"""Formulas as MathML, written into the page when the book is built.

The browser needs no script and no network to show them. Without latex2mathml the formulas are
left to MathJax, which a reader's browser then fetches from its public address.
"""

from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

try:
    from latex2mathml.converter import convert
except ImportError:
    convert = None

logger = logging.getLogger(__name__)


def mathml(node: nodes.Element, display: str) -> str:
    """The MathML of a formula; the build warns when it is not well formed."""
    markup: str = convert(node.astext(), display=display)
    try:
        ElementTree.fromstring(markup)
    except ElementTree.ParseError as error:
        logger.warning("no MathML for %s: %s", node.astext(), error, location=node)
    return markup


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(mathml(node, "inline"))
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(mathml(node, "block") + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    if convert is None:
        logger.info("latex2mathml is not installed: formulas will be shown by MathJax")
    else:
        app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
