"""The reference, from the docstrings of the package; no Keras is imported, mocks stand in for it.

A package such as ``wssl.data`` hands on constants of its modules. Sphinx looks for the text below a
constant only in the file of the package itself, so it is told what the modules say.

For each class, Sphinx reads the source of the modules of all its base classes too. It would import
the real Keras for that, which takes longer than to build the reference, and parse Matplotlib's and
Rich's; nothing of theirs is shown, so that only the modules of the package are read.
"""

import re
from collections import namedtuple
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer

import wssl

FOLDER = Path(wssl.__file__).parent
WAY_BACK = re.compile(r'<a class="viewcode-back".*?</a>', re.DOTALL)
FIELD = type(namedtuple("Pair", "first").first)


def describe_constants(app: Sphinx) -> None:
    for package in FOLDER.glob("*/__init__.py"):
        name = f"wssl.{package.parent.name}"
        analyzer = ModuleAnalyzer.for_file(str(package), name)
        analyzer.analyze()
        for path in sorted(package.parent.glob("[!_]*.py")):
            module = ModuleAnalyzer.for_file(str(path), f"{name}.{path.stem}")
            module.analyze()
            ModuleAnalyzer.cache["module", f"{name}.{path.stem}"] = module
            said = {key: text for key, text in module.attr_docs.items() if not key[0]}
            analyzer.attr_docs = said | analyzer.attr_docs
        ModuleAnalyzer.cache["module", name] = analyzer


def read_own_source_only(app: Sphinx) -> None:
    def source(name: str) -> tuple[str | None, str | None]:
        if name.partition(".")[0] != wssl.__name__:
            raise PycodeError(f"{name} is not described here")
        return original(name)

    original = ModuleAnalyzer.get_module_source
    ModuleAnalyzer.get_module_source = staticmethod(source)


def list_own_source_only(app: Sphinx) -> list[tuple[str, dict[str, object], str]]:
    """Keep modules without a page of their source out of the list of these pages."""
    found = getattr(app.env, "_viewcode_modules", {})
    for name in [name for name, entry in found.items() if not entry]:
        del found[name]
    return []


def without_ways_back(
    app: Sphinx, page: str, template: str, context: dict[str, object], doctree: object
) -> None:
    """Leave out links from a source page to names that the reference lists under another module."""
    if page.startswith("_modules/"):
        context["body"] = WAY_BACK.sub("", str(context["body"]))


def skip_fields(
    app: Sphinx, what: str, name: str, member: object, skip: bool, options: object
) -> bool | None:
    """Leave out the fields of named tuples, which the text of the class describes."""
    return True if isinstance(member, FIELD) else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", describe_constants)
    app.connect("builder-inited", read_own_source_only)
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("html-page-context", without_ways_back)
    app.connect("html-collect-pages", list_own_source_only, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
