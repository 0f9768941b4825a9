"""The studies as notebooks: parameter checks, execution, and the committed form.

``notebooks/*.py`` (jupytext ``py:percent``) are the only source. Papermill reads them through
``handler``, which the package registers as a papermill I/O entry point; :func:`execute` runs
one and publishes it in a form that depends on nothing but its source, its parameters and its
outputs. The module imports papermill only where it runs one, because papermill itself imports
this module to find the handler.
"""

import argparse
import ast
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupytext.formats import JupytextFormatError
from nbformat import NotebookNode
from yaml import YAMLError

from wssl.book import freshness
from wssl.checks.names import unknown_name_error
from wssl.machine import processes, resources
from wssl.machine.processes import Processes

warnings.filterwarnings("ignore", message=r"The specified file \(.*\.[pP][yY]\) does not end in")


INSTALL = "install"
"""The tag of the cell that installs the study if it is missing."""

PAPERMILLS_OWN = "PAPERMILL_"
"""The prefix of the parameters that papermill adds with ``--inject-paths``."""

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
"""The kernel of a notebook whose header names none."""

MADE = {"injected-parameters", INSTALL}
"""Tags of the cells of an executed notebook that are not in its source."""

_INSTALLATION = """\
# Where the study is not installed, as on Colab: fetch it with its records, and install it. After a
# restart of the runtime it is still installed, and the working folder is another one again.
import importlib.util
from pathlib import Path

installed = getattr(importlib.util.find_spec("wssl"), "origin", None)  # none of a mere folder
clone = Path("{folder}").resolve()
if installed is None:
    if not (clone / "notebooks").is_dir():
        !git clone --quiet --depth 1 {address}
    %cd {folder}
    %pip install --quiet --editable ".[book]"
else:
    own = Path(installed).resolve().parents[1]
    clone = own if (own / "notebooks").is_dir() else clone
    if (clone / "notebooks").is_dir() and not Path.cwd().is_relative_to(clone):
        %cd {{clone}}
"""


def __getattr__(name: str) -> Any:
    """Let papermill read ``.py`` notebooks, wherever they are, once it asks for ``handler``.

    Papermill chooses a handler by the prefix of a path, not by its extension. Its own handler of
    local files is therefore extended to read ``.py`` files, and otherwise unchanged.
    """
    if name != "handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from papermill.iorw import papermill_io

    local = papermill_io.get_handler("local")
    local.read = partial(_read, local.read)
    globals()["handler"] = local
    return local


def _read(read: Callable[[str], str], path: str) -> str:
    """The notebook at `path` as ``.ipynb`` text."""
    text = read(path)
    return nbformat.writes(_parse(text, path)) if path.lower().endswith(".py") else text


class QuietKernel(AsyncKernelManager):
    """A kernel that keeps log output of libraries off the terminal; the notebook still has it."""

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Start the kernel, its own stderr closed."""
        await super().start_kernel(**options, stderr=subprocess.DEVNULL)


def check_parameters(namespace: Mapping[str, Any]) -> None:
    """Raise an error if a parameter of the notebook is misspelt or has the wrong type.

    The parameters cell annotates each of its names (``preset: str = "quick"``); the cell that
    papermill injects below it does not, and papermill accepts any name in it. Call this in the
    first cell after the parameters, as ``check_parameters(globals())``.

    In a live kernel the most recently run cells count, so that a correction is checked again. Names
    that other cells use, annotate or delete are ignored. For a generic type such as ``list[float]``
    only the container is checked, not its elements.

    Parameters
    ----------
    namespace : mapping of str to object
        The notebook's global names.

    Raises
    ------
    ValueError
        If papermill injected a parameter that the notebook does not have; the message names the
        nearest.
    TypeError
        If a value is not of its annotated type. An int passes for a float, a bool never for a
        number.
    """
    types: dict[str, Any] = namespace.get("__annotations__", {})
    own, injected = _parameters_and_injected(namespace.get("In", []))
    known = [name for name in types if name in own] if own else list(types)
    for name in _assigned(injected):
        if name not in known and not name.startswith(PAPERMILLS_OWN):
            error = unknown_name_error("parameter", name, known)
            raise ValueError(
                f"{error} In a cell of your own, do not begin with the comment `# Parameters`."
            )
    for name in known:
        if name not in namespace:
            continue
        value, expected = namespace[name], _resolved(types[name], namespace)
        if not _fits(value, expected):
            hint = f" To pass it as text: -r {name} {value}." if expected is str else ""
            kind = expected.__name__ if isinstance(expected, type) else str(expected)
            raise TypeError(
                f"{name}: expected a value of type {kind}; received {value!r}, of type "
                f"{type(value).__name__}.{hint}"
            )


def source_cells(notebook: NotebookNode) -> list[tuple[str, str]]:
    """Type and source of each authored cell, excluding injected parameters and installation.

    Parameters
    ----------
    notebook : NotebookNode
    """
    return [
        (cell.cell_type, cell.source)
        for cell in notebook.cells
        if not MADE & set(cell.metadata.get("tags", []))
    ]


def is_fresh(source: str | Path, executed: str | Path) -> bool:
    """Whether the cells of an executed notebook equal those of its ``.py`` source.

    Parameters
    ----------
    source : str or Path
        The ``.py`` file.
    executed : str or Path
        The ``.ipynb`` file.
    """
    cells = source_cells(_load(source))
    return cells == source_cells(nbformat.read(executed, as_version=4))


def changes_since(source: str | Path, executed: str | Path, root: Path) -> list[str]:
    """The changes since a page was executed: in its cells, its records or the code behind it.

    Parameters
    ----------
    source : str or Path
        The ``.py`` file.
    executed : str or Path
        The ``.ipynb`` file.
    root : Path
        The results folder.

    Returns
    -------
    list of str
        One phrase per change; empty if the page is up to date.
    """
    if not Path(executed).exists():
        return ["not executed yet"]
    notebook = nbformat.read(executed, as_version=4)
    found = [] if is_fresh(source, executed) else ["its cells changed"]
    made = notebook.metadata.get("wssl", {}).get("made_from")
    if made is None:
        return [*found, "does not say what it was made from"]
    return [*found, *freshness.changes(made, _code_of(notebook), root)]


def undrawn(notebook: NotebookNode) -> list[str]:
    """The figures of an executed notebook that are missing: captioned cells without an image.

    Parameters
    ----------
    notebook : NotebookNode

    Returns
    -------
    list of str
        The name of each, or its caption.
    """
    missing = []
    for cell in notebook.cells:
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        kinds = {kind for output in cell.get("outputs", []) for kind in output.get("data", {})}
        if "caption" in figure and not any(kind.startswith("image/") for kind in kinds):
            missing.append(figure.get("name", figure["caption"]))
    return missing


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Reduce an executed notebook, in place, to content that equal runs reproduce.

    Removed are times, durations, paths, random cell identifiers, log output on stderr, and the
    division of the output into messages. Kept are the cells, their outputs, the parameters, and the
    digests of the page's inputs.

    Parameters
    ----------
    notebook : NotebookNode
    """
    metadata = notebook.metadata
    own = {"wssl": metadata.wssl} if "wssl" in metadata else {}
    notebook.metadata = nbformat.from_dict({"kernelspec": metadata.kernelspec, **own})
    notebook.metadata.language_info = {"name": "python"}
    notebook.metadata.papermill = {"parameters": metadata.papermill.get("parameters", {})}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:02d}"
        kept = {name: cell.metadata[name] for name in ("tags", "mystnb") if cell.metadata.get(name)}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(cell.outputs)
    return notebook


def execute(
    source: str | Path,
    output: str | Path,
    parameters: Mapping[str, Any] | None = None,
    progress_bar: bool = False,
    repository: str = "",
) -> None:
    """Run a ``.py`` notebook and publish it, tidied, as ``output``.

    Its metadata contain digests of its inputs: the records that it requested, and the sources that
    turn them into the page (`wssl.book.freshness`).

    Parameters
    ----------
    source, output : path
        The ``.py`` notebook, and the ``.ipynb`` to write; its folder is made when missing.
    parameters : mapping, optional
        Values that replace those of the parameters cell.
    progress_bar : bool
        Whether papermill shows a progress bar of the executed cells on stderr.
    repository : str
        The address from which the study can be cloned. The notebook then begins with a cell that
        installs the study if it is missing. Without an address there is no such cell.

    Raises
    ------
    ValueError
        If the header of `source` cannot be read, or names a kernel that is not installed; or if
        there are parameters, and no cell for them.
    RuntimeError
        If a cell fails, a captioned cell produces no image, or the kernel dies. ``output`` is then
        unchanged, and the message names the file with the partially executed notebook, if there is
        one.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    output = Path(output)
    half_run = output.with_suffix(".half-run.ipynb")
    output.parent.mkdir(parents=True, exist_ok=True)
    notebook = _load(source)
    _check_parameters_cell(source, parameters or {})
    _check_kernel(notebook.metadata.kernelspec.get("name"), source)
    try:
        with freshness.reads_noted() as read:
            executed = papermill.execute_notebook(
                notebook,
                half_run,
                dict(parameters or {}),
                progress_bar=progress_bar,
                kernel_manager_class=QuietKernel,
            )
    except papermill.PapermillExecutionError as error:
        raise RuntimeError(
            f"{source} failed in cell {error.exec_count}: {error.ename}: {error.evalue}\nThe "
            f"partially executed notebook: {half_run}. {output} is unchanged."
        ) from error
    except DeadKernelError as error:
        raise RuntimeError(
            f"{source}: its kernel died, possibly because it ran out of memory; fewer jobs need "
            f"less memory.\n{output} is unchanged; run the same command again to restart it."
        ) from error
    if missing := undrawn(executed):
        raise RuntimeError(
            f"{source}: the cells of the figures {', '.join(map(repr, missing))} gave no image. "
            f"A captioned cell must show one.\n"
            f"The notebook: {half_run}. {output} is as it was before."
        )
    for cell in executed.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata.tags.append("remove-input")
    if repository:
        executed.cells.insert(0, _installation(repository))
    made = {"records": read, "sources": freshness.sources(_code_of(executed))}
    executed.metadata.wssl = {"made_from": made}
    nbformat.write(tidy(executed), half_run)
    os.replace(half_run, output)


def main(arguments: Sequence[str] | None = None) -> None:
    """Execute the studies in order: ``python -m wssl.book.notebooks --output FOLDER``.

    Parameters
    ----------
    arguments : sequence of str, optional
        As from the shell, without the program's name; ``sys.argv`` if not given.
    """
    parser = argparse.ArgumentParser(
        prog="python -m wssl.book.notebooks", description="Execute the studies in order."
    )
    parser.add_argument("names", nargs="*", help="prefix of their names, such as 01 (default: all)")
    parser.add_argument("--output", required=True, type=Path, help="folder of the .ipynb files")
    parser.add_argument(
        "-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), dest="parameters",
        help="a parameter, which is passed to all notebooks that have it; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--repository", default="", metavar="URL",
        help="address from which the study can be cloned, for a first cell that installs it",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=int, metavar="N",
        help="number of notebooks to execute in parallel (default: the value of WSSL_JOBS, or as "
            "many as cores and memory allow; 1 on a machine with a GPU)",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    try:
        _execute_all(
            options.names,
            options.output,
            dict(options.parameters),
            options.repository,
            processes.chosen(options.jobs),
        )
    except (ValueError, RuntimeError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\nerror: interrupted; run the same command again to restart the notebooks.")


def _execute_all(
    names: Sequence[str],
    output: Path,
    texts: Mapping[str, str],
    repository: str,
    jobs: int | None,
) -> None:
    sources = studies()
    for name in names:
        if not any(path.stem.startswith(name) for path in sources):
            raise unknown_name_error("notebook", name, [path.stem for path in sources])
    chosen = [path for path in sources if path.stem.startswith(tuple(names) or "")]
    known = {path: _parameters(path) for path in sources}
    for name in texts:
        if not any(name in parameters for parameters in known.values()):
            raise unknown_name_error(
                "parameter", name, sorted({name for p in known.values() for name in p})
            )
    calls = {}
    for path in chosen:
        _check_parameters_cell(path, texts)
        values = {name: _value(text) for name, text in texts.items() if name in known[path]}
        target = output / f"{path.stem}.ipynb"
        calls[path] = partial(_timed, path, target, values, repository=repository)
    if jobs is None:
        jobs = 1 if resources.may_have_gpu() else resources.room()
    for path, seconds in zip(chosen, _called(list(calls.values()), jobs), strict=True):
        print(f"{path.stem:<28}{seconds:8.1f} s", flush=True)


def studies() -> list[Path]:
    """The sources of the studies, below the current folder, in their order.

    Raises
    ------
    ValueError
        If there is none.
    """
    sources = sorted(Path("notebooks").glob("[0-9]*.py"))
    if not sources:
        raise ValueError(
            "notebooks: expected notebooks/*.py below the current folder; found none. Run the "
            "command in the root of the repository, the folder that contains notebooks/."
        )
    return sources


def _called(calls: Sequence[Callable[..., float]], jobs: int) -> Iterator[float]:
    """Return the results of calls, in order, made here or in `jobs` processes."""
    jobs = min(jobs, len(calls))
    if jobs <= 1:
        for call in calls:
            yield call(progress_bar=sys.stderr.isatty())
        return
    with Processes(jobs) as pool:
        futures = [pool.submit(call) for call in calls]
        for future in futures:
            yield future.result()


def _check_kernel(name: object, source: object) -> None:
    manager = KernelSpecManager()
    try:
        manager.get_kernel_spec(str(name))
    except NoSuchKernel:
        raise ValueError(
            f"{source}: expected a header that names an installed kernel "
            f"({', '.join(sorted(manager.find_kernel_specs()))}); received the kernel {name!r}."
        ) from None


def _timed(
    source: Path,
    output: Path,
    parameters: Mapping[str, Any],
    repository: str,
    progress_bar: bool = False,
) -> float:
    """Execute a notebook and return the number of seconds it took."""
    start = time.perf_counter()
    execute(source, output, parameters, progress_bar, repository)
    return time.perf_counter() - start


def _installation(repository: str) -> NotebookNode:
    folder = repository.rstrip("/").rpartition("/")[2].removesuffix(".git")
    source = _INSTALLATION.format(address=repository, folder=folder).rstrip("\n")
    return nbformat.v4.new_code_cell(source, metadata={"tags": [INSTALL, "remove-cell"]})


def _code_of(notebook: NotebookNode) -> list[str]:
    return [text for kind, text in source_cells(notebook) if kind == "code"]


def _load(source: str | Path) -> NotebookNode:
    return _parse(Path(source).read_text(encoding="utf-8"), source)


def _parse(text: str, source: object) -> NotebookNode:
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except (YAMLError, JupytextFormatError, ValueError, nbformat.ValidationError) as error:
        reason = " ".join(str(error).partition("\n\n")[0].split())
        raise ValueError(
            f"{source}: expected a header as in notebooks/*.py, or none; received one that cannot "
            f"be read ({reason})."
        ) from error
    notebook.metadata.setdefault("kernelspec", KERNEL)
    return notebook


def _parameters(source: Path) -> list[str]:
    cells = _load(source).cells
    tagged = (cell.source for cell in cells if "parameters" in cell.metadata.get("tags", []))
    return _assigned(next(tagged, ""))


def _check_parameters_cell(source: str | Path, parameters: Mapping[str, Any]) -> None:
    """Raise a ValueError if a notebook is given parameters and has no cell that they replace."""
    if parameters and not _parameters(Path(source)):
        raise ValueError(
            f"{source}: expected a cell with the tag parameters, to take {', '.join(parameters)}; "
            'received none. Begin the cell that sets them with # %% tags=["parameters"], or leave '
            "out -p."
        )


def _assigned(code: str) -> list[str]:
    names = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name))
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


def _parameters_and_injected(cells: Sequence[str]) -> tuple[set[str], str]:
    """The annotations of the parameters cell, and the cell that papermill injected below it.

    Both as most recently run. Papermill's cell is recognised by its form and position, since users
    may begin their own cells with the same comment.
    """
    annotated = [(i, names) for i, cell in enumerate(cells) if (names := _annotated(cell))]
    if not annotated:
        return set(), next((cell for cell in reversed(cells) if _may_be_injected(cell)), "")
    first = annotated[0][1]
    start, own = next((i, names) for i, names in reversed(annotated) if names & first)
    after = cells[start + 1 :]
    if not (after and _may_be_injected(after[0])):
        return own, ""
    places = zip_longest(after, after[1:])
    checked = (c for c, next_ in places if next_ is None or "check_parameters(" in next_)
    corrected = [c for c in checked if _may_be_injected(c) and _corrects(c, own)]
    return own, [after[0], *corrected][-1]


def _statements(cell: str) -> list[ast.stmt]:
    try:
        return ast.parse(cell).body
    except SyntaxError:
        return []


def _annotated(cell: str) -> set[str]:
    return {
        node.target.id
        for node in _statements(cell)
        if isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name)
    }


def _corrects(cell: str, own: set[str]) -> bool:
    """Whether a cell gives a parameter, perhaps misspelt, or nothing.

    A user's own cell that only begins with the same comment gives other names.
    """
    names = _assigned(cell)
    return not names or any(get_close_matches(name, own) for name in names)


def _may_be_injected(cell: str) -> bool:
    if not cell.startswith("# Parameters\n"):
        return False
    body = _statements(cell)
    plain = all(isinstance(node, ast.Assign) for node in body)
    return plain and (bool(body) or not cell.removeprefix("# Parameters\n").strip())


def _resolved(annotation: Any, namespace: Mapping[str, Any]) -> Any:
    """The type that an annotation names, also as text; `Any` where it names none."""
    holder = SimpleNamespace(__annotations__={"value": annotation})
    try:
        return get_type_hints(holder, dict(namespace))["value"]
    except (NameError, SyntaxError, TypeError, AttributeError):
        return Any


def _fits(value: Any, expected: Any) -> bool:
    origin = get_origin(expected)
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in get_args(expected))
    if origin is Literal:
        return value in get_args(expected)
    kind = origin or expected
    if kind in (Any, object) or not isinstance(kind, type):
        return True
    if isinstance(value, bool):
        return kind is bool
    try:
        return isinstance(value, (int, float) if kind is float else kind)
    except TypeError:  # of kinds without instances, such as a TypedDict
        return True


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _joined_streams(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    joined: list[NotebookNode] = []
    for output in outputs:
        stream = output.output_type == "stream"
        if stream and output.name == "stderr":
            continue
        if stream and joined and joined[-1].output_type == "stream":
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


if __name__ == "__main__":
    # Under its own module name, by which worker processes find the functions to call.
    import wssl.book.notebooks

    wssl.book.notebooks.main()
