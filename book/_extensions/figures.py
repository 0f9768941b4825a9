"""A captioned cell of a notebook without an image is a warning, and so fails the strict build.

The theme would show a cell's text, or nothing, where the page speaks of a figure.
"""

import nbformat
from sphinx.application import Sphinx
from sphinx.util import logging

from wssl.notebooks import undrawn

logger = logging.getLogger(__name__)


def check_figures(app: Sphinx, page: str, source: list[str]) -> None:
    if app.env.doc2path(page).endswith(".ipynb"):
        for name in undrawn(nbformat.reads(source[0], as_version=4)):
            logger.warning("the cell of the figure %r has no image", name, location=page)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", check_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
