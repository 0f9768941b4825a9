"""The records that the pages were made from, as pages of the book, and the links to them.

An executed notebook says which records it read, and its outputs name the records of numbers, tables
and figures (`wssl.report.web.trace`). Here each record gets a place in the book, and whatever names
records a small mark: pointed at, it says which; followed, it leads there. Below each figure stands
the function that drew it, linked to its source.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from sphinx.application import Sphinx
from sphinx.util import logging

from wssl import report
from wssl.records import fields
from wssl.records.store import Record, Store, default_root
from wssl.report.web.trace import MIME

logger = logging.getLogger(__name__)

FOLDER = "records"
NAMED = re.compile(r"""<(tr|figure|span|p)([^>]*?) data-records="([0-9a-f ]+)"([^>]*)>""")
DRAWING = ("wssl.report.figures", "wssl.report.web")
CHART = re.compile(r"""(<img [^>]*src="([^"]+/_images/[^"]+\.svg)"[^>]*/>)""")
CALLED = re.compile(r"\b(report\.)?(\w+)\(")

GROUPS = {
    "controls": "The controls",
    "one-task": "One pretext task",
    "two-tasks": "Two pretext tasks",
    "three-tasks": "Three pretext tasks",
    "objectives": "Other ways to pretrain",
    "losses": "Losses, and blocks that are not frozen",
    "methods": "Other methods and fills",
    "pretext": "Pretext phases",
    "evaluations": "Evaluations on other images or masks",
    "fills": "Measurements of fills and encoders",
}
"""The pages of the records of one folder: their names and titles."""


def group(record: Mapping[str, Any]) -> str:
    """On which of the pages a record stands."""
    kind, experiment = record["kind"], record["experiment"]
    if kind != "inpainting":
        return {"pretext": "pretext", "evaluation": "evaluations"}.get(kind, "fills")
    if experiment["method"] != "wssl":
        return "methods"
    if "objective" in experiment:
        return "objectives"
    changed = [name for name in ("loss", "frozen_blocks") if not _is_default(experiment, name)]
    if changed:
        return "losses"
    if experiment["encoder"] != "frozen":
        return "controls"
    return {1: "one-task", 2: "two-tasks"}.get(len(experiment["pretext"]), "three-tasks")


def _is_default(experiment: Mapping[str, Any], name: str) -> bool:
    value, default = experiment.get(name), fields.DEFAULTS[name]
    return value is None or value == (list(default) if isinstance(default, tuple) else default)


def address(path: str, record: Mapping[str, Any]) -> tuple[str, str]:
    """The page of a record, from the path of its file below the results folder, and its place."""
    folder = Path(path).parent.as_posix()
    name = group(record) if folder == "." else f"{folder.replace('/', '-')}-{group(record)}"
    return f"{FOLDER}/{name}", record["fingerprint"]


def read_by(notebook: nbformat.NotebookNode) -> list[str]:
    """The paths of the records that a page was made from, below the results folder."""
    made = notebook.metadata.get("wssl", {}).get("made_from", {}).get("records", {})
    return [path for path, digest in made.items() if digest and path.endswith(".json")]


class Known:
    """The records that the pages name, by fingerprint."""

    def __init__(self, source: Path):
        self.paths: dict[str, str] = {}
        self.pages: dict[str, list[str]] = {}
        for page in sorted(source.glob("studies/*.ipynb")):
            found = read_by(nbformat.read(page, as_version=4))
            self.pages[f"studies/{page.stem}"] = [Path(path).stem for path in found]
            self.paths |= {Path(path).stem: path for path in found}

    @cache  # noqa: B019 - lives as long as the build
    def get(self, fingerprint: str) -> Record | None:
        """A record that one of the pages was made from."""
        path = self.paths.get(fingerprint)
        return Store(default_root() / Path(path).parent).get(fingerprint) if path else None

    def grouped(self) -> dict[str, list[Record]]:
        """The records of each page, ordered by what was trained and by seed."""
        pages: dict[str, list[Record]] = {}
        for fingerprint, path in self.paths.items():
            if (record := self.get(fingerprint)) is not None:
                pages.setdefault(address(path, record)[0], []).append(record)
        return {name: sorted(found, key=_order) for name, found in sorted(pages.items())}


def _order(record: Record) -> tuple[str, int]:
    return _configuration(record), record["experiment"].get("seed", 0)


def _configuration(record: Record) -> str:
    """What was trained or tested, without its seed."""
    if record["kind"] not in ("inpainting", "pretext", "evaluation"):
        return ", ".join(f"{name} {value}" for name, value in record["experiment"].items())
    words = fields.describe(record["kind"], record["experiment"])
    plain = re.sub(r",? ?seed \d+", "", words).strip(", ") or "no pretext task"
    return plain[0].upper() + plain[1:]


def summary(found: Sequence[Record]) -> str:
    """Records in one line: how many, their seeds, fingerprints and machines."""
    seeds = sorted({r["experiment"]["seed"] for r in found if "seed" in r["experiment"]})
    machines = sorted({str(r["provenance"].get("device", "unknown machine")) for r in found})
    prints = [record["fingerprint"] for record in found]
    listed = ", ".join(prints[:6]) + (f" and {len(prints) - 6} more" if len(prints) > 6 else "")
    count = f"{len(found)} record{'s' * (len(found) != 1)}"
    told = f"seed{'s' * (len(seeds) != 1)} {', '.join(map(str, seeds))}" if seeds else "no seed"
    return f"{count}: {listed}; {told}; {' and '.join(machines)}"


def mark(found: Sequence[Record], known: Known, up: str) -> str:
    """The link from a number to its records, with what is said when it is pointed at."""
    first = found[0]
    page, place = address(known.paths[first["fingerprint"]], first)
    words = escape(summary(found))
    name = "record" if len(found) == 1 else f"{len(found)} records"
    return (
        f' <a class="trace" href="{up}{page}.html#{place}" aria-label="{words}">{name}'
        f'<span class="tip" aria-hidden="true">{words}</span></a>'
    )


def traced(body: str, known: Known, up: str) -> str:
    """A page whose numbers, tables and figures lead to the records that they name."""
    links = []
    for match in NAMED.finditer(body):
        found = [r for name in match[3].split() if (r := known.get(name)) is not None]
        end = {"tr": "</th>", "figure": "</figcaption>", "span": "</span>", "p": "</p>"}[match[1]]
        at = body.find(end, match.end())
        if match[1] == "tr":  # below a name that spans rows, the row has a name of its own
            at = body.rfind(end, match.end(), body.find("</tr>", match.end()))
        if found and at >= 0:
            links.append((at, mark(found, known, up)))
    parts, last = [], 0
    for at, link in sorted(links):
        parts += [body[last:at], link]
        last = at
    return "".join([*parts, body[last:]])


def add_sources(app: Sphinx, page: str, source: list[str]) -> None:
    """Below each figure of a notebook, name the function that drew it and the records it names."""
    if not app.env.doc2path(page).endswith(".ipynb"):
        return
    notebook = nbformat.reads(source[0], as_version=4)
    if "made_from" not in notebook.metadata.get("wssl", {}):
        return
    lines = "\n".join(c.source for c in notebook.cells if c.cell_type == "code").splitlines()
    imports = "\n".join(line for line in lines if line.startswith("from wssl.report."))
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        named = [name for output in cell.get("outputs", []) for name in taken(output)]
        if "figure" in cell.metadata.get("mystnb", {}):
            code = f"{imports}\n{cell.source}"
            cells.append(nbformat.v4.new_markdown_cell(below(code, named, page)))
            cells[-1].id = f"{cell.id}-source"
    notebook.cells = cells
    source[0] = json.dumps(notebook)


def taken(output: nbformat.NotebookNode) -> list[str]:
    """The fingerprints that stand beside a picture, taken out: no page shows them as they are."""
    return list(output.get("data", {}).pop(MIME, []))


def below(code: str, fingerprints: Sequence[str], page: str) -> str:
    """The line below a figure, as raw HTML."""
    up = "../" * page.count("/")
    text = "Drawn"
    if (found := function(code)) is not None:
        module, name = found
        target = f"{up}_modules/{module.replace('.', '/')}.html#{name}"
        text += f' by <a href="{target}"><code>{module}.{name}</code></a>'
    named = f' data-records="{" ".join(fingerprints)}"' if fingerprints else ""
    return f'```{{raw}} html\n<p class="drawn"{named}>{text}{" from" if named else ""}</p>\n```'


def function(code: str) -> tuple[str, str] | None:
    """The module and the name of the last function that draws and that a cell calls."""
    direct = {
        name.strip(): module
        for module, names in re.findall(r"^from (wssl\.report\.\S+) import (.+)$", code, re.M)
        for name in names.split(",")
    }
    found = None
    for prefix, name in CALLED.findall(code):
        called = getattr(report, name, None)
        module = getattr(called, "__module__", "") if prefix else direct.get(name, "")
        if module.startswith(DRAWING):
            found = module, name
    return found


def collect(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The pages of the records, and the list of these."""
    if app.builder.name != "html":
        return
    pages = known(app).grouped()
    for name, found in pages.items():
        yield name, {"title": title(name), "body": page_of(name, found)}, "page.html"
    yield f"{FOLDER}/index", {"title": "The records", "body": index(pages)}, "page.html"


def title(name: str) -> str:
    """The title of a page of records, by its name."""
    stem = name.removeprefix(f"{FOLDER}/")
    key = next(key for key in sorted(GROUPS, key=len, reverse=True) if stem.endswith(key))
    folder = stem.removesuffix(key).strip("-")
    return f"{GROUPS[key]}{f' ({folder})' if folder else ''}"


def index(pages: Mapping[str, Sequence[Record]]) -> str:
    """The list of all pages of records."""
    rows = "".join(
        f'<li><a href="{Path(name).name}.html">{escape(title(name))}</a>: {len(found)}</li>'
        for name, found in pages.items()
    )
    return (
        "<section><h1>The records</h1><p>Each result in this book comes from one of these records, "
        "from a simulation or measurement that its page names, or from the paper.</p>"
        f"<ul>{rows}</ul></section>"
    )


def page_of(name: str, found: Sequence[Record]) -> str:
    """One page of records: a part for each configuration, a line for each seed."""
    parts: dict[str, list[Record]] = {}
    for record in found:
        parts.setdefault(_configuration(record), []).append(record)
    body = "".join(_part(words, of) for words, of in parts.items())
    return f'<section class="records"><h1>{escape(title(name))}</h1>{body}</section>'


def _part(words: str, found: Sequence[Record]) -> str:
    scores = [name for name in ("ssim", "psnr") if any(name in r["metrics"] for r in found)]
    scores += [n for n in found[0]["metrics"] if n.startswith("accuracy_") or n == "loss"]
    head = ("fingerprint", "seed", *scores, "machine", "seconds", "finished", "commit")
    rows = "".join(_row(record, scores) for record in found)
    calls = list(dict.fromkeys(filter(None, map(fields.call, found))))
    code = "\n".join(calls)
    copied = f'<div class="highlight"><pre tabindex="0">{escape(code)}</pre></div>' if code else ""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return (
        f"<section><h2>{escape(words)}</h2>{copied}"
        '<table class="table">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _row(record: Record, scores: Sequence[str]) -> str:
    made, place = record["provenance"], escape(record["fingerprint"])
    values = [record["metrics"].get(name) for name in scores]
    cells = [
        str(record["experiment"].get("seed", "")),
        *("" if value is None else f"{value:.4f}" for value in values),
        str(made.get("device", "")),
        f"{made.get('seconds', 0):,.0f}",
        str(made.get("finished", ""))[:16].replace("T", " "),
        str(made.get("commit") or "")[:8],
    ]
    plain = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr id="{place}"><th scope="row"><code>{place}</code></th>{plain}</tr>'


def known(app: Sphinx) -> Known:
    """The records of this build, read once."""
    if not hasattr(app, "wssl_records"):
        app.wssl_records = Known(Path(app.srcdir))  # type: ignore[attr-defined]
    return app.wssl_records  # type: ignore[attr-defined,no-any-return]


def link(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Turn what names records into links, and charts into links to themselves."""
    if app.builder.name == "html":
        body = CHART.sub(r'<a class="chart" href="\2">\1</a>', context.get("body", ""))
        if "data-records" in body:
            body = traced(body, known(app), "../" * page.count("/"))
        context["body"] = body


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", add_sources, priority=600)
    app.connect("html-collect-pages", collect)
    app.connect("html-page-context", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
