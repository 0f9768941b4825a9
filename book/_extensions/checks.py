"""What a build checks beside what Sphinx does: the folder, and that every figure is there.

Without these, `jupyter-book build .` fails for want of ``index.rst``; and the page of a captioned
cell that drew nothing shows the cell's text, where it speaks of a figure.
"""

from pathlib import Path

import nbformat
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError, ExtensionError
from sphinx.util import logging

try:
    from wssl.book.notebooks import undrawn
except ModuleNotFoundError as error:
    raise ExtensionError(
        "wssl: expected it to be installed, as the reference is generated from its docstrings; "
        f"received {error}. From the root of the repository: pip install '.[book]'"
    ) from error

logger = logging.getLogger(__name__)


def check_folder(app: Sphinx, config: Config) -> None:
    if not list(Path(app.srcdir).glob(f"{config.root_doc}.*")):
        raise ConfigError(
            f"{app.srcdir}: expected the folder of the pages, with {config.root_doc}.md in it; "
            "received another. From the root of the repository: jupyter-book build book/"
        )


def check_figures(app: Sphinx, page: str, source: list[str]) -> None:
    if app.env.doc2path(page).endswith(".ipynb"):
        for name in undrawn(nbformat.reads(source[0], as_version=4)):
            logger.warning("the cell of the figure %r has no image", name, location=page)


def setup(app: Sphinx) -> dict[str, bool]:
    # After the table of contents has named the first page, by priority 900.
    app.connect("config-inited", check_folder, priority=1000)
    app.connect("source-read", check_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
