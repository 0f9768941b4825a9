"""What a build would otherwise do again and again; the pages are the same without it.

- The contents beside each page list the titles of pages. For each page that it writes, Sphinx
  copies all sections and all names of the reference, and the theme removes them again. Here they
  are removed once.
- numpydoc compiles its template again for each docstring. Here it is compiled once.
- A build keeps most of its objects to the end. Python's garbage collector searches all of them each
  time that there are a quarter more, and again when it exits. Here it searches the new ones only.
"""

import gc
from functools import cache
from typing import Any

from docutils import nodes
from jinja2 import PackageLoader
from jinja2.sandbox import SandboxedEnvironment
from numpydoc import docscrape_sphinx
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
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 1000)
    app.connect("build-finished", lambda app, error: gc.freeze())
    templates = SandboxedEnvironment(loader=PackageLoader("numpydoc"))
    docscrape_sphinx.SandboxedEnvironment = lambda loader: templates
    # Before the theme renders the contents, by priority 500.
    app.connect("html-page-context", list_titles, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
