"""Detect pages that are out of date, by digests of the records and sources they were made from.

A fingerprint guards the numbers of a record, but not a page that was executed before a record
arrived or before the code of a table changed. An executed notebook therefore contains digests of
both, and `changes` compares them with the present state.
"""

import ast
import hashlib
import io
import os
import tempfile
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from wssl.records.store import READ_LOG, digest

MAKERS = frozenset({"claims", "metrics", "paper", "records.fields", "report", "study"})
"""Modules that turn records into pages; they count for a page wherever they are imported."""

SHOWN = frozenset({"book.showcase", "data", "losses", "presets", "pretext", "runs.mechanism"})
"""Modules whose values a page may show without a record; they count where its cells name them."""

PACKAGE = Path(__file__).parents[1]


@contextmanager
def reads_noted() -> Iterator[dict[str, str]]:
    """Context manager: log the records that this process and its children read.

    Yields
    ------
    dict of str to str
        Filled at the end of the block: the digest of each requested record, by its path relative to
        the results folder; empty for a missing record.
    """
    found: dict[str, str] = {}
    before = os.environ.get(READ_LOG)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "read"
        os.environ[READ_LOG] = str(log)
        try:
            yield found
        finally:
            if before is None:
                del os.environ[READ_LOG]
            else:
                os.environ[READ_LOG] = before
            if log.exists():
                lines = log.read_text(encoding="utf-8").splitlines()
                found.update(sorted(dict(line.split("\t") for line in lines).items()))


def sources(cells: Iterable[str]) -> dict[str, str]:
    """Digests of the package's modules that a page depends on.

    Comments, docstrings and blank lines do not count.

    Parameters
    ----------
    cells : iterable of str
        The code of the page. Cells that are not plain Python are left out.

    Returns
    -------
    dict of str to str
        By the name in `MAKERS` or `SHOWN`, such as ``"report"``.
    """
    named = {name for cell in cells for name in _imported(_parsed(cell))}
    left = [name for name in named if _group(name)]
    used: set[str] = set()
    while left:
        name = left.pop()
        if name in used:
            continue
        used.add(name)
        for other in [*_imported_by(_text(name)), name.rpartition(".")[0]]:
            if _group(other) in MAKERS | {_group(name)}:
                left.append(other)
    by_group: dict[str, list[str]] = {}
    for name in sorted(used):
        by_group.setdefault(_group(name), []).append(plain(_text(name)))
    return {
        group: hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
        for group, parts in sorted(by_group.items())
    }


def changes(made: Mapping[str, Any], cells: Iterable[str], root: Path) -> list[str]:
    """The changes since a page was made.

    Parameters
    ----------
    made : mapping
        ``{"records": digests, "sources": digests}``, as in an executed notebook.
    cells : iterable of str
        The code of the page.
    root : Path
        The results folder.

    Returns
    -------
    list of str
        One phrase per change; empty if the page is up to date.
    """
    pairs = [(before, digest(root / path)) for path, before in made["records"].items()]
    counts = {
        "arrived": sum(bool(now and not before) for before, now in pairs),
        "changed": sum(bool(now and before and now != before) for before, now in pairs),
        "missing": sum(bool(before and not now) for before, now in pairs),
    }
    found = [f"{n} record{'s' * (n != 1)} {what}" for what, n in counts.items() if n]
    now = sources(cells)
    names = sorted({*now, *made["sources"]})
    if different := [name for name in names if now.get(name) != made["sources"].get(name)]:
        found.append(f"changed in wssl: {', '.join(different)}")
    return found


def _group(name: str) -> str:
    """The name in `MAKERS` or `SHOWN` that a module belongs to; empty if there is none."""
    while name and name not in MAKERS | SHOWN:
        name = name.rpartition(".")[0]
    return name


def _parsed(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])


def _path(name: str) -> Path | None:
    """The file of a module of the package, by its name without ``wssl.``."""
    stem = PACKAGE.joinpath(*name.split("."))
    candidates = (stem.with_suffix(".py"), stem / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _imported(tree: ast.AST) -> set[str]:
    """The modules of the package that code imports, or names as in ``wssl.report``."""
    full: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            full |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            full |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            full.add(f"{node.value.id}.{node.attr}")
    found = set()
    for name in full:
        package, _, inner = name.partition(".")
        while inner and _path(inner) is None:
            inner = inner.rpartition(".")[0]
        if package == "wssl" and inner:
            found.add(inner)
    return found


def _text(name: str) -> str:
    path = _path(name)
    assert path is not None
    return path.read_text(encoding="utf-8")


@cache
def _imported_by(text: str) -> frozenset[str]:
    return frozenset(_imported(ast.parse(text)))


@cache
def plain(text: str) -> str:
    r"""Python code without its comments, docstrings and blank lines.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> print(plain("x = 1  # a number\n\n'Its docstring.'\ny = '# kept'"))
    x = 1
    y = '# kept'
    """
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            for row in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[row] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())
