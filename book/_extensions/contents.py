"""The contents beside each page, made from the titles of the pages alone.

The theme lists only the titles there. Sphinx copies everything that stands on each page of the
book, such as all names of the reference, for each page that it writes, and then removes it again:
half of the time of a build. Here it is removed once.
"""

from functools import cache
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx


@cache
def title(toc: nodes.bullet_list) -> nodes.bullet_list:
    """The contents of a page without its sections; lists of further pages stay."""
    short: nodes.bullet_list = toc.deepcopy()
    for entry in short.children:
        if len(entry) > 1:
            pages = list(entry.findall(addnodes.toctree))
            entry[1:] = [nodes.bullet_list("", *pages)] if pages else []
    return short


def list_titles(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    def toctree(**options: Any) -> str:
        if not options.get("titles_only"):
            return str(complete(**options))
        tocs = app.env.tocs
        app.env.tocs = {name: title(toc) for name, toc in tocs.items()}
        try:
            return str(complete(**options))
        finally:
            app.env.tocs = tocs

    complete = context["toctree"]
    context["toctree"] = toctree


def setup(app: Sphinx) -> dict[str, bool]:
    # Before the theme renders the contents, by priority 500.
    app.connect("html-page-context", list_titles, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
