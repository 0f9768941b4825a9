"""The book as a reader gets it: strict, complete, without a network and without Keras."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wssl.book import notebooks

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.build, pytest.mark.xdist_group("book")]

BLOCKER = """\
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            with open({asked!r}, "a") as file:
                print(name, file=file)
            raise ModuleNotFoundError(name + " is blocked", name=name)

sys.meta_path.insert(0, Blocker())
"""

# The theme names it in every page, and fetches it when a reader starts a live kernel.
ADDRESSES_IN_SCRIPTS = {"https://unpkg.com/thebe@0.8.2/lib/index.js"}


def run(folder, arguments, blocked):
    """Run Python in a folder, with packages that cannot be imported."""
    (folder / "blocker").mkdir(exist_ok=True)
    code = BLOCKER.format(names=blocked, asked=str(folder / "asked"))
    (folder / "blocker" / "sitecustomize.py").write_text(code)
    paths = [str(folder / "blocker"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def jupyter_book(folder, *arguments, blocked=("keras", "tensorflow")):
    code = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    return run(folder, ["-c", code, *arguments], blocked)


def build(folder, *options, blocked=("keras", "tensorflow")):
    done = jupyter_book(folder, "build", "book/", "--all", *options, blocked=blocked)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return folder / "_build" / "html"


class Page(HTMLParser):
    """What a page defines (ids), links to, loads, and mentions in its scripts."""

    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.links, self.loads, self.script = path, {""}, [], [], None
        self.scripts = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = {name: value for name, value in attributes if value}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        self.script = tag == "script"
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if "src" in given or (tag == "object" and "data" in given):
            self.loads.append(given.get("src") or given["data"])
        if tag == "link" and given.get("rel") not in {"index", "search", "next", "prev"}:
            self.loads.append(given["href"])

    def handle_endtag(self, tag):
        self.script = False

    def handle_data(self, data):
        if self.script:
            self.scripts.append(data)


def missing_where_only_the_book_is_installed():
    """Modules of this environment that `pip install ".[book]"` would not have brought."""
    brought, left = set(), [("wssl", ""), ("wssl", "book")]
    while left:
        name, extra = left.pop()
        if (name, extra) in brought:
            continue
        brought.add((name, extra))
        try:
            needs = map(Requirement, metadata.requires(name) or [])
        except metadata.PackageNotFoundError:
            continue
        for need in needs:
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                left += [(canonicalize_name(need.name), part) for part in ("", *need.extras)]
    names = {name for name, _ in brought}
    return {
        module
        for module, homes in metadata.packages_distributions().items()
        if not names & set(map(canonicalize_name, homes))
    }


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edition")
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "book", folder / "book", symlinks=True)
    missing = missing_where_only_the_book_is_installed()
    assert {"pytest", "jax"} <= missing
    return build(folder, "-W", "-n", "--keep-going", blocked=("keras", "tensorflow", *missing))


@pytest.fixture(scope="module")
def pages(html):
    paths = [path for path in html.rglob("*.html") if "_static" not in path.parts]
    return {path.resolve(): Page(path) for path in paths}


def targets(page, addresses):
    """Each address within the book, as (address, file, fragment)."""
    for address in addresses:
        parts = urlsplit(address)
        if not parts.scheme:
            file = page.path.parent / unquote(parts.path) if parts.path else page.path
            yield address, file.resolve(), unquote(parts.fragment)


def test_the_blocker_blocks(tmp_path):
    done = run(tmp_path, ["-c", "import keras"], ("keras", "tensorflow"))
    assert done.returncode == 1
    assert "keras is blocked" in done.stderr
    assert (tmp_path / "asked").read_text() == "keras\n"


def test_the_build_does_not_ask_for_keras(html):
    """Where Keras is installed, to import it takes longer than to write the reference."""
    asked = html.parents[1] / "asked"
    names = asked.read_text().split() if asked.exists() else []
    assert {name.partition(".")[0] for name in names}.isdisjoint({"keras", "tensorflow"})


@pytest.mark.parametrize("file", ["README.md", "book/running.md", "wssl/cli/export.py"])
def test_the_records_of_examples_are_committed(file):
    named = re.findall(r"(?:export|--model) ([0-9a-f]{16})\b", (ROOT / file).read_text())
    assert named or file == "README.md"
    assert all((ROOT / "results" / f"{name}.json").exists() for name in named)


@pytest.mark.parametrize("page", ["README.md", "book/running.md"])
def test_the_pages_say_what_the_build_above_had(page):
    text = (ROOT / page).read_text()
    assert '```bash\npip install ".[book]"\njupyter-book build book/\n```' in text
    assert text.count("jupyter-book build book/\n") == 1
    assert "any environment" not in text


def test_every_page_of_the_contents_is_built(html):
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [chapter for part in contents["parts"] for chapter in part["chapters"]]
    chapters += [page for chapter in chapters for page in chapter.get("sections", [])]
    files = [chapter["file"] for chapter in chapters]
    for name in [contents["root"], *files]:
        assert (html / f"{name}.html").is_file(), name


def test_every_link_leads_somewhere(pages):
    broken = [
        f"{page.path.name}: {address}"
        for page in pages.values()
        for address, file, fragment in targets(page, page.links)
        if not file.is_file() or (file in pages and fragment not in pages[file].ids)
    ]
    assert not broken


def test_every_picture_script_and_style_is_there(pages):
    missing = [
        f"{page.path.name}: {address}"
        for page in pages.values()
        for address, file, _ in targets(page, page.loads)
        if not file.is_file() or not file.stat().st_size
    ]
    assert not missing


def test_no_page_loads_anything_from_outside(html, pages):
    loads = {address for page in pages.values() for address in page.loads}
    assert {address for address in loads if urlsplit(address).scheme not in {"", "data"}} == set()
    words = {
        word.strip("\"'`;,")
        for page in pages.values()
        for script in page.scripts
        for word in script.split()
    }
    assert {word for word in words if "://" in word} <= ADDRESSES_IN_SCRIPTS
    styles = [path for path in html.rglob("*.css") if "http" in path.read_text(encoding="utf-8")]
    remote = re.compile(r"""(@import|url\()\s*["'(]*https?:""")
    assert not [path.name for path in styles if remote.search(path.read_text(encoding="utf-8"))]


def test_the_checker_finds_a_broken_page(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html">no</a><a href="#here">no</a><a href="#there">yes</a><p id="there">'
        '<img src="no.png"><script src="https://example.org/x.js"></script>'
    )
    page = Page(tmp_path / "a.html")
    found = {address: (file.is_file(), part) for address, file, part in targets(page, page.links)}
    assert found["b.html"] == (False, "")
    assert found["#here"] == (True, "here")
    assert page.ids == {"", "there"}
    assert page.loads == ["no.png", "https://example.org/x.js"]


def small_book(folder, **settings):
    """The project's configuration over a book of one notebook that has a formula."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    (folder / "_config.yml").write_text(yaml.safe_dump(config | settings))
    shutil.copytree(ROOT / "book" / "_extensions", folder / "book" / "_extensions")
    shutil.copytree(ROOT / "book" / "_static", folder / "book" / "_static")
    (folder / "book" / "_toc.yml").write_text("{format: jb-book, root: study}")
    cells = [nbformat.v4.new_markdown_cell("# A study\n\n$x^2$"), nbformat.v4.new_code_cell("1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "book" / "study.ipynb")
    (folder / "book" / "references.bib").touch()


def test_the_launch_buttons_point_at_the_notebook(tmp_path):
    address = "https://github.com/somebody/wssl"
    small_book(tmp_path, repository={"url": address, "path_to_book": "book", "branch": "main"})
    study = tmp_path / "book" / "study.ipynb"
    notebook = nbformat.read(study, as_version=4)
    notebook.cells.insert(0, notebooks._installation(address))
    nbformat.write(notebook, study)
    page = build(tmp_path) / "study.html"
    links = Page(page).links
    text = page.read_text(encoding="utf-8")
    assert "<title>A study" in text
    assert "git clone" not in text
    colab = "https://colab.research.google.com/github/somebody/wssl/blob/main/book/study.ipynb"
    assert colab in links
    assert any("mybinder.org/v2/gh/somebody/wssl/main" in link for link in links)


def test_a_captioned_cell_without_an_image_fails_the_strict_build(tmp_path):
    small_book(tmp_path)
    study = tmp_path / "book" / "study.ipynb"
    notebook = nbformat.read(study, as_version=4)
    notebook.metadata.language_info = {"name": "python"}
    for name, outputs in (("fig-there", [IMAGE]), ("fig-missing", [TEXT])):
        figure = {"figure": {"caption": "A line.", "name": name}}
        cell = nbformat.v4.new_code_cell("1", outputs=outputs, metadata={"mystnb": figure})
        notebook.cells.append(cell)
    nbformat.write(notebook, study)
    done = jupyter_book(tmp_path, "build", "book/", "--all", "-W", "-n", "--keep-going")
    assert done.returncode != 0
    assert done.stderr.count("WARNING") == 1
    assert "study.ipynb" in done.stderr
    assert "'fig-missing'" in done.stderr
    assert "'fig-there'" not in done.stderr


def test_the_build_of_another_folder_names_the_one_to_build(tmp_path):
    small_book(tmp_path)
    (tmp_path / "_toc.yml").write_text("{format: jb-book, root: study}")
    done = jupyter_book(tmp_path, "build", ".")
    assert done.returncode != 0
    assert "jupyter-book build book/" in done.stderr


COUNTING = """\
import collections, functools, json, sys
import jinja2, sphinx.util.nodes
from docutils import nodes

sys.path[:0] = [{here!r}, {extensions!r}]
html_theme, html_copy_source = "sphinx_book_theme", False
numpydoc_show_class_members = False
calls = collections.Counter()

def counted(owner, name):
    function = getattr(owner, name)
    @functools.wraps(function)
    def call(*given, **named):
        calls[name] += 1
        return function(*given, **named)
    setattr(owner, name, call)

def report(app, error):
    with open("calls.json", "w") as file:
        json.dump(calls, file)

def setup(app):
    counted(nodes.Element, "copy")
    counted(jinja2.Environment, "compile")
    app.connect("build-finished", report)
"""


DESCRIBED = """\
def name_{0}(x):
    \"\"\"Return `x`.

    Parameters
    ----------
    x : int
        A number.
    \"\"\"
    return x
"""


def book_of_many_names(source, names):
    """A book whose reference has many names, with a page below another page."""
    paths = {"here": str(source), "extensions": str(ROOT / "book" / "_extensions")}
    pages = "```{toctree}\n:hidden:\n\n%s\n```\n"
    sections = "".join(f"\n## Section {i}\n" for i in range(names))
    reference = "```{eval-rst}\n.. automodule:: described\n   :members:\n```\n"
    texts = {
        "conf.py": COUNTING.format(**paths),
        "described.py": '"""Names."""\n' + "".join(map(DESCRIBED.format, range(names))),
        "index.md": "# Home\n\n" + pages % "above" + pages % "reference",
        "above.md": "# Above\n\n" + pages % "below" + sections,
        "below.md": "# Below\n" + sections,
        "reference.md": "# Reference\n\n" + reference,
    }
    source.mkdir()
    for name, text in texts.items():
        (source / name).write_text(text)


def test_the_pages_are_the_same_without_what_makes_a_build_faster(tmp_path):
    names = 30
    book_of_many_names(tmp_path / "source", names)
    built, calls = {}, {}
    for name, extension in (("plain", ""), ("fast", ",speed")):
        folder = tmp_path / name
        folder.mkdir()
        extensions = f"extensions=myst_parser,sphinx.ext.autodoc,numpydoc{extension}"
        arguments = ["-m", "sphinx", "-W", "-q", "-D", extensions, str(tmp_path / "source"), "html"]
        done = run(folder, arguments, ())
        assert done.returncode == 0, done.stderr[-4000:]
        calls[name] = json.loads((folder / "calls.json").read_text())
        pages = sorted((folder / "html").rglob("*.html"))
        built[name] = {page.name: page.read_text(encoding="utf-8") for page in pages}
    assert built["fast"] == built["plain"]
    contents = built["fast"]["index.html"].partition('aria-label="Main"')[2].partition("</nav>")[0]
    assert re.findall(r'href="(\w+)\.html"', contents) == ["above", "below", "reference"]
    assert f"name_{names - 1}" in built["fast"]["reference.html"]
    assert calls["fast"]["copy"] < calls["plain"]["copy"] / 2
    assert calls["fast"]["compile"] <= calls["plain"]["compile"] - names


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
IMAGE = nbformat.v4.new_output("display_data", {"image/png": PIXEL})
TEXT = nbformat.v4.new_output("execute_result", {"text/plain": "<Figure size 110x110>"})


def test_formulas_are_shown_by_mathjax_where_latex2mathml_is_missing(tmp_path):
    small_book(tmp_path)
    page = Page(build(tmp_path, blocked=("keras", "latex2mathml")) / "study.html")
    assert any("mathjax" in address for address in page.loads)


def test_the_page_of_presets_gives_their_values():
    from wssl.presets import PRESETS

    text = (ROOT / "book" / "running.md").read_text()
    for preset in PRESETS.values():
        images = "all" if preset.train_images is None else f"{preset.train_images:,}"
        row = (
            f"| `{preset.name}` | {preset.size} px | {preset.width} | {images} "
            f"| {preset.pretext_steps:,} / {preset.inpainting_steps:,} | {preset.inpainting_batch} "
            f"| {preset.seeds} | {preset.purpose} |"
        )
        assert row in text, f"book/running.md should have the row\n{row}"


def definitions(path):
    """Functions, classes and described constants that a module defines by a public name."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign) and is_text(following):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        else:
            names = []
        yield from ((name, node) for name in names if not name.startswith("_"))


def is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def handed_on(path):
    """The names in the `__all__` of a package."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


PACKAGE = ROOT / "wssl"
MODULES = {path.stem for path in PACKAGE.glob("*.py")} | {
    p.parent.name for p in PACKAGE.glob("*/*.py")
}


def public_names():
    """What a user may import: what packages hand on, and what the other modules define."""
    top = handed_on(PACKAGE / "__init__.py")
    names = {f"wssl.{name}" for name in top - MODULES}
    for path in PACKAGE.glob("[!_]*.py"):
        found = {name for name, _ in definitions(path)} - top
        names |= {f"wssl.{path.stem}.{name}" for name in found}
    for path in PACKAGE.glob("*/__init__.py"):
        names |= {f"wssl.{path.parent.name}.{name}" for name in handed_on(path)}
    return names


LISTED = re.compile(r"^(Parameters|Attributes)\n-+\n", re.MULTILINE)


def parameters(node):
    """What a function, or the making of an object, takes."""
    if isinstance(node, ast.FunctionDef):
        return ast.unparse(node.args).removeprefix("self").removeprefix(", ")
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign)]
    makers = [part for part in node.body if getattr(part, "name", None) == "__init__"]
    return fields or any(map(parameters, makers))


@pytest.fixture(scope="module")
def shown(html, pages):
    """The names that the reference has a place for."""
    return {name for page in (html / "api").glob("*.html") for name in pages[page.resolve()].ids}


def test_the_reference_has_every_public_name(shown):
    names = public_names()
    assert {"wssl.Experiment", "wssl.data.masks", "wssl.losses.mix", "wssl.pretext.TASKS"} <= names
    assert names - shown == set(), "each module needs an automodule in book/api"


def test_every_name_of_the_reference_says_what_it_takes(shown):
    silent = []
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for name, node in definitions(path):
            places = {f"{place}.{name}" for place in (module, module.rpartition(".")[0])}
            if not places & shown or isinstance(node, ast.Assign | ast.AnnAssign):
                continue
            text = ast.get_docstring(node) or ""
            if not text or (parameters(node) and not LISTED.search(text)):
                silent.append(f"{module}.{name}")
    assert not silent
