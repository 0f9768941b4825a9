"""The book as one page to be printed to a PDF: what needs a script in it stays as it is."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

NO_SCRIPTS = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'" />'


def forbid_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if app.builder.name == "singlehtml":
        context["metatags"] = context.get("metatags", "") + NO_SCRIPTS


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", forbid_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
