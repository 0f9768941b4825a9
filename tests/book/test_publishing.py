"""What publishes the book: the workflow, the launch buttons, the parts for a web site, the PDF."""

import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager
from PIL import Image

from wssl.book import notebooks
from wssl.book.notebooks import INSTALL

ROOT = Path(__file__).parents[2]
EXTENSIONS = ROOT / "book" / "_extensions"
STUDIES = sorted((ROOT / "book" / "studies").glob("*.ipynb"))
REPOSITORY = "https://github.com/someone/wssl"
STUDY = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A study

# %% tags=["parameters"]
preset: str = "quick"

# %%
preset
"""
SITE = "https://someone.github.io/wssl/"


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text())


@pytest.fixture(scope="module")
def config():
    return yaml.safe_load((ROOT / "_config.yml").read_text())


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


# The workflow. YAML 1.1 reads its key "on" as true.


def test_the_workflow_runs_on_every_change_and_deploys_releases_only(workflow):
    assert set(workflow[True]) == {"push", "pull_request", "release"}
    assert workflow[True]["release"] == {"types": ["published"]}
    assert workflow["jobs"]["deploy"]["if"] == "github.event_name == 'release'"
    assert workflow["jobs"]["deploy"]["needs"] == "build"


def test_the_workflow_calls_targets_that_exist(workflow):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called = {
        word
        for step in steps(workflow)
        for word in re.findall(r"make ([\w-]+)", step.get("run", ""))
    }
    assert called == {"test", "test-slow", "demo", "html", "stale"}
    assert called <= set(targets)


def test_a_release_waits_for_pages_that_are_behind_and_a_change_does_not(workflow):
    (step,) = (s for s in workflow["jobs"]["build"]["steps"] if s.get("run") == "make stale")
    assert step["if"] == "github.event_name == 'release'"
    assert "continue-on-error" not in step
    gate = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in gate if "stale" in line] == ["make stale || true"]


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_to_a_commit_and_say_of_which_version(path):
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one) for one in used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_leaves_no_token_behind(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    checkouts = [s for s in steps(workflow) if s.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)
    assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())


def test_one_commit_stands_for_a_version_of_an_action():
    pins = {
        tuple(re.split("@|  # ", one))
        for path in WORKFLOWS
        for one in re.findall(r"uses: (.*)", path.read_text())
    }
    assert len({name for name, *_ in pins}) == len(pins)


def test_what_is_installed_is_audited_every_week():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "audit.yml").read_text())
    (time,) = workflow[True]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", time["cron"])
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    assert commands == ["make audit"]
    done = subprocess.run(
        ["make", "--dry-run", "audit"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "pip-audit --strict" in done.stdout
    kept = next(step["with"]["path"] for step in steps(workflow) if "path" in step.get("with", {}))
    assert f"--output-file {kept} requirements.lock" in done.stdout


def test_only_the_deployment_may_write(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert rights["deploy"] == {"pages": "write", "id-token": "write"}
    assert set(rights["build"].values()) == {"read"}


# The launch buttons.


class Settings(dict):
    """Sphinx's configuration: each value is an item and an attribute."""

    __getattr__ = dict.__getitem__


def buttons(config, page, monkeypatch, address):
    """The links that the theme gives a page, by name, as the book's own extension leaves them."""
    from jupyter_book.config import yaml_to_sphinx
    from sphinx_book_theme.header_buttons import update_context_with_repository_info
    from sphinx_book_theme.header_buttons.launch import add_launch_buttons

    monkeypatch.syspath_prepend(EXTENSIONS)
    import launch

    addressed = config | {"repository": config["repository"] | {"url": address}}
    options = yaml_to_sphinx(addressed)[0]["html_theme_options"]
    settings = Settings(html_theme_options=options, html_context={})
    source = ROOT / "book" / f"{page}.ipynb"
    pages = SimpleNamespace(doc2path=lambda name: source, metadata={page: {"kernelspec": {}}})
    app = SimpleNamespace(config=settings, env=pages)
    launch.find_address(app, settings)
    update_context_with_repository_info(app)
    context = {"pagename": page, "sourcename": f"{page}.ipynb", "header_buttons": []}
    context |= settings.html_context
    add_launch_buttons(app, page, "page.html", context, None)
    made = [button for group in context["header_buttons"] for button in group["buttons"]]
    return {button["text"]: button["url"] for button in made}


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_buttons_lead_to_notebooks_of_the_repository(study, config, monkeypatch):
    page = study.relative_to(ROOT / "book").with_suffix("").as_posix()
    links = buttons(config, page, monkeypatch, REPOSITORY)
    branch = config["repository"]["branch"]
    starts = {
        "Binder": f"https://mybinder.org/v2/gh/someone/wssl/{branch}?urlpath=tree/",
        "Colab": f"https://colab.research.google.com/github/someone/wssl/blob/{branch}/",
    }
    assert set(links) == set(starts)
    for name, start in starts.items():
        assert links[name].startswith(start)
        assert ROOT / links[name].removeprefix(start) == study


def test_there_are_no_buttons_without_an_address(config, monkeypatch):
    assert buttons(config, "studies/10_verdicts", monkeypatch, "") == {}


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_a_notebook_installs_the_study_from_the_address_of_the_book(study, config):
    """Where the book has none, no button leads to the notebook, and it installs nothing."""
    address = config["repository"]["url"]
    first = nbformat.read(study, as_version=4).cells[0]
    expected = [notebooks._installation(address).source] if address else []
    assert [first.source for tag in first.metadata.get("tags", []) if tag == INSTALL] == expected


def test_a_build_without_the_package_says_how_to_install_it(monkeypatch):
    errors = pytest.importorskip("sphinx.errors")
    monkeypatch.setitem(sys.modules, "wssl.book.notebooks", None)
    with pytest.raises(errors.ExtensionError, match=r"wssl: expected .*pip install '\.\[book\]'"):
        runpy.run_path(str(EXTENSIONS / "checks.py"))


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """A notebook of a study that has an address."""
    folder = tmp_path_factory.mktemp("launched")
    source, executed = folder / "study.py", folder / "study.ipynb"
    source.write_text(STUDY)
    notebooks.execute(source, executed, repository=REPOSITORY + ".git")
    assert notebooks.is_fresh(source, executed)
    text = executed.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    assert nbformat.writes(notebooks.tidy(notebook)) == text.rstrip("\n")
    return notebook


FROM_HERE = """
import sys
from types import SimpleNamespace
commands, names = [], {}
shell = SimpleNamespace(
    run_line_magic=lambda name, line: commands.append(f"{name} {line.format(**names)}"),
    system=commands.append,
)
names["get_ipython"] = lambda: shell
sys.path = ["", *sys.argv[1:], *sys.path]
exec(sys.stdin.read(), names)
sys.stdout.writelines(f"{command}\\n" for command in commands)
"""


def commands_of(cell, *, installed=None):
    """What a cell asks the shell to do in the current folder, wssl importable from another or not.

    In a process of its own, which finds modules in the current folder first, as a notebook does.
    """
    command = [sys.executable, "-S", "-I", "-c", FROM_HERE, *filter(None, [installed])]
    code = TransformerManager().transform_cell(cell.source)
    done = subprocess.run(command, input=code, text=True, capture_output=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture
def clone(tmp_path):
    """The folder of a clone, in a folder with a blank in its name."""
    folder = tmp_path / "my drive" / "wssl"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "wssl").mkdir()
    (folder / "wssl" / "__init__.py").touch()
    return folder


def test_the_first_cell_installs_the_study_where_it_is_missing(launched, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert commands_of(launched.cells[0]) == [
        f"git clone --quiet --depth 1 {REPOSITORY}.git",
        "cd wssl",
        'pip install --quiet --editable ".[book]"',
    ]


@pytest.mark.parametrize("place", [".", "notebooks", "book/studies"])
def test_the_first_cell_does_nothing_where_the_study_is(launched, monkeypatch, clone, place):
    (clone / place).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(clone / place)
    assert commands_of(launched.cells[0], installed=clone) == []


@pytest.mark.parametrize("place", ["..", "../..", "/"])
def test_the_first_cell_returns_to_the_clone_after_a_restart(launched, monkeypatch, clone, place):
    """What was installed outlives a restart of the runtime, the working folder does not."""
    monkeypatch.chdir(clone / place)
    assert commands_of(launched.cells[0], installed=clone) == [f"cd {clone}"]


def test_the_first_cell_finds_the_records_beside_a_package_that_was_copied(
    launched, monkeypatch, clone, tmp_path
):
    shutil.copytree(clone / "wssl", tmp_path / "site-packages" / "wssl")
    for place, expected in ((clone.parent, [f"cd {clone}"]), (tmp_path, [])):
        monkeypatch.chdir(place)
        assert commands_of(launched.cells[0], installed=tmp_path / "site-packages") == expected


def test_the_first_cell_finishes_an_installation_that_was_stopped(launched, monkeypatch, clone):
    monkeypatch.chdir(clone.parent)
    commands = commands_of(launched.cells[0])
    assert commands == ["cd wssl", 'pip install --quiet --editable ".[book]"']


# The parts for a web site, on a book of two pages.


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The function that builds a small book for an address, once, and returns its pages' folder."""
    sphinx = pytest.importorskip("sphinx.application")
    folder = tmp_path_factory.mktemp("book")
    source = folder / "source"
    (source / "studies").mkdir(parents=True)
    (source / "index.rst").write_text(
        'First & last\n============\n\nA "page" of words [Someone, 2020].\n\n'
        ".. toctree::\n\n   more/page\n"
    )
    (source / "more").mkdir()
    (source / "more" / "page.rst").write_text(f"More\n====\n\n{'word ' * 100}\n")
    (source / "studies" / "10_verdicts.ipynb").write_text(nbformat.writes(verdicts(3, 4, 5)))

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(EXTENSIONS)

        @cache
        def build(address, builder="html"):
            monkeypatch.setenv("WSSL_BOOK_URL", address)
            settings = {"extensions": ["publish", "pdf"], "html_title": "A small book"}
            parts = tempfile.mkdtemp(dir=folder)
            target = Path(parts, "html")
            trees = Path(parts, "doctrees")
            sphinx.Sphinx(source, None, target, trees, builder, settings, status=None).build()
            return target

        yield build


def verdicts(hold, fail, still_open):
    """A notebook that glues how many verdicts there are of each kind."""
    tally = f"Of {hold + fail + still_open} claims, {hold} hold"
    values = {"tally": tally, "hold": hold, "fail": fail, "open": still_open}
    outputs = [
        nbformat.v4.new_output(
            "display_data",
            {"application/papermill.record/text/plain": repr(value)},
            metadata={"scrapbook": {"name": name}},
        )
        for name, value in values.items()
    ]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])


def meta(page):
    """The content of each <meta> of a page, by its name or property."""
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', page.read_text())
    return dict(found)


def test_a_published_book_lists_its_pages_and_shows_a_card(built):
    html = built(SITE)
    locations = [item.text for item in ElementTree.parse(html / "sitemap.xml").iter() if item.text]
    assert locations == [f"{SITE}index.html", f"{SITE}more/page.html"]
    assert all((html / address.removeprefix(SITE)).is_file() for address in locations)
    tags = meta(html / "more" / "page.html")
    assert tags["og:title"] == "More"
    assert tags["og:url"] == f"{SITE}more/page.html"
    assert tags["og:image:alt"] == "Of 12 claims, 3 hold"
    assert 100 < len(tags["og:description"]) <= 200
    with Image.open(html / tags["og:image"].removeprefix(SITE)) as card:
        assert card.format == "PNG"
        assert card.size == (1200, 630)
        bar = np.asarray(card.convert("RGB"))[525, 72:1128]
        shares = [(bar == colour).all(axis=-1).mean() for colour in RGB]
    assert shares == pytest.approx([3 / 12, 4 / 12, 5 / 12], abs=0.01)


RGB = (0x01, 0x73, 0xB2), (0xDE, 0x8F, 0x05), (0xB8, 0xB8, 0xB8)


def test_what_stands_in_a_tag_is_escaped(built):
    tags = meta(built(SITE) / "index.html")
    assert tags["og:title"] == "First &amp; last"
    assert tags["og:description"] in ("A “page” of words.", "A &quot;page&quot; of words.")


def test_links_of_the_page_for_lost_ways_work_from_any_depth(built):
    text = (built(SITE) / "404.html").read_text()
    base = text.index(f'<base href="{SITE}" />')
    first_link = min(text.index(word) for word in ("<link", "<script", "<a "))
    assert base < first_link
    assert f'href="{SITE}"' in text[base + 10 :]
    assert 'rel="canonical"' not in text
    assert meta(built(SITE) / "404.html")["robots"] == "noindex"


def test_a_book_without_an_address_has_descriptions_only(built):
    html = built("")
    tags = meta(html / "index.html")
    assert "description" in tags
    assert not [name for name in tags if name.startswith(("og:", "twitter:"))]
    for name in ("404.html", "sitemap.xml", "_static/card.png"):
        assert not (html / name).exists()


def test_an_address_ends_with_a_slash(built, monkeypatch):
    import publish

    monkeypatch.setenv("WSSL_BOOK_URL", SITE.rstrip("/"))
    settings = Settings(html_baseurl="")
    publish.find_address(None, settings)
    assert settings.html_baseurl == SITE


def test_an_address_needs_a_host(built):
    from sphinx.errors import ConfigError

    with pytest.raises(ConfigError, match="must begin with https://"):
        built("someone.github.io/wssl")


# The PDF.


def test_the_page_to_print_runs_no_script(built):
    text = (built(SITE, "singlehtml") / "index.html").read_text()
    policy = text.index("script-src 'none'")
    assert policy < text.index("<script")
    assert "og:title" not in text


@pytest.fixture
def printing():
    return SimpleNamespace(**runpy.run_path(str(EXTENSIONS / "pdf.py")))


def test_the_contents_give_the_page_that_each_link_leads_to(printing, tmp_path):
    from pypdf import PdfWriter

    writer = PdfWriter()
    for number, name in enumerate(("/document-index", "/document-a%26b", "/document-c")):
        writer.add_blank_page(10, 10)
        writer.add_named_destination(name, number)
    writer.write(tmp_path / "book.pdf")
    pages = printing.page_numbers(tmp_path / "book.pdf")
    assert pages == {"document-index": 1, "document-a&b": 2, "document-c": 3}

    line = '<a class="b" href="#document-{}">A <b>chapter</b></a>'
    html = (
        f'{line.format("c")}<div id="jb-print-toc"><nav>{line.format("a&amp;b")}\n'
        f"{line.format('c')}</nav></div>{line.format('a')}"
    )
    once = printing.numbered(html, pages)
    assert re.findall(
        r'#document-(\S+)">A <b>chapter</b><span class="page">(\d)</span></a>', once
    ) == [
        ("a&amp;b", "2"),
        ("c", "3"),
    ]
    assert re.sub(r'<span class="page">\d</span>', "", once) == html
    assert printing.numbered(once, pages) == once
    with pytest.raises(ValueError, match="received #document-c"):
        printing.numbered(html, {"document-a&b": 2})
    with pytest.raises(ValueError, match="printed contents"):
        printing.numbered(line, pages)


def test_each_title_of_the_outline_is_there_once(printing, tmp_path):
    from pypdf import PdfReader, PdfWriter

    pdf = tmp_path / "book.pdf"
    writer = PdfWriter()
    writer.add_blank_page(10, 10)
    part = writer.add_outline_item(title="Which loss?Which loss?", page_number=0)
    writer.add_outline_item(title="Übermäßig langÜbermäßig lang", page_number=0, parent=part)
    writer.add_outline_item(title="The end", page_number=0)
    writer.write(pdf)
    printing.mend_outline(pdf)
    first, (second,), last = PdfReader(pdf).outline
    assert [item.title for item in (first, second, last)] == [
        "Which loss?",
        "Übermäßig lang",
        "The end",
    ]


def test_without_a_browser_the_pdf_says_what_to_install():
    command = ["make", "pdf", "CHROMIUM=", "--old-file", "install"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Chromium" in done.stdout
    assert "CHROMIUM=/path" in done.stdout


# The citation.


def test_the_citation_tells_what_the_project_tells():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    for field in ("message", "title", "abstract", "authors", "keywords"):
        assert citation[field], field
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    (paper,) = citation["references"]
    assert urlsplit(paper["url"]).path.removeprefix("/abs/") in paper["identifiers"][0]["value"]
    bibliography = (ROOT / "book" / "references.bib").read_text()
    entry = bibliography[bibliography.index("{gupta2022,") :].split("\n}")[0]
    assert all(author["family-names"] in entry for author in paper["authors"])
    assert str(paper["year"]) in entry
