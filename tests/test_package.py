import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import wssl

PACKAGE = Path(wssl.__file__).parent

LAYERS = {
    "checks": 0,
    "paper": 0,
    "machine": 1,
    "presets": 1,
    "records": 1,
    "claims": 2,
    "data": 2,
    "losses": 2,
    "perceptual": 2,
    "pretext": 2,
    "methods": 3,
    "metrics": 3,
    "report": 4,
    "experiment": 4,
    "runs": 5,
    "export": 6,
    "inpainting": 6,
    "scheduling": 6,
    "study": 7,
    "book": 8,
    "cli": 9,
    "__main__": 10,
    "__init__": 11,
}
"""The layer of each module and folder of the package; it imports from lower ones only."""

READING_ROOM = {"claims", "report"}
WORKSHOP = {
    "data",
    "experiment",
    "inpainting",
    "losses",
    "methods",
    "perceptual",
    "presets",
    "pretext",
    "runs",
    "scheduling",
}


def modules():
    """Every module of the package by its dotted name, without the package's own."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if len(parts) > 1 and parts[-1] == "__init__":
            parts = parts[:-1]
        yield ".".join(parts), path


NAMES = dict(modules())


def imports(path):
    """The modules of this package that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    for name in found:
        parts = name.split(".")
        if parts[0] != "wssl":
            continue
        inner = parts[1:]
        while inner and ".".join(inner) not in NAMES:
            inner = inner[:-1]
        yield ".".join(inner) or "__init__"


def top(name):
    return name.split(".")[0]


def test_every_module_has_its_layer():
    assert {top(name) for name in NAMES} <= set(LAYERS), "place the new module in LAYERS"
    assert set(LAYERS) > READING_ROOM | WORKSHOP


@pytest.mark.parametrize("name", NAMES)
def test_imports_run_downward(name):
    for other in imports(NAMES[name]):
        if top(other) != top(name):
            assert LAYERS[top(other)] < LAYERS[top(name)], f"{name} imports {other}"
            for wing, opposite in ((READING_ROOM, WORKSHOP), (WORKSHOP, READING_ROOM)):
                assert not (top(name) in wing and top(other) in opposite), f"{name} -> {other}"


def test_no_module_imports_itself_by_a_detour():
    graph = {name: set(imports(path)) - {name} for name, path in NAMES.items()}
    assert set(TopologicalSorter(graph).static_order()) == set(NAMES)


def test_every_public_name_is_there():
    for name in wssl.__all__:
        assert getattr(wssl, name) is not None
    assert dir(wssl) == sorted(wssl.__all__)
    assert wssl.run is wssl.runs.execution.run
    assert wssl.study.__name__ == "wssl.study"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'wssl' has no attribute 'experment'"):
        wssl.experment  # noqa: B018


def named_at_the_top(path):
    """What a file imports as it is loaded, as dotted names."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    tried = [node for attempt in body if isinstance(attempt, ast.Try) for node in attempt.body]
    for node in (*body, *tried):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def needs_keras(path):
    """Whether a file imports Keras as it is loaded, from itself or from `wssl.machine.backend`."""
    names = list(named_at_the_top(path))
    return any(top(name) == "keras" or name.startswith("wssl.machine.backend") for name in names)


def test_what_is_tried_with_one_backend_imports_no_keras(without_keras):
    heavy = {name for name, path in NAMES.items() if needs_keras(path)}
    assert {"losses", "machine.backend", "runs.training"} <= heavy
    for path in without_keras:
        assert not needs_keras(path), path.name
        assert not heavy & set(imports(path)), path.name


def test_what_reads_records_needs_no_keras():
    script = """
import sys
for heavy in ("keras", "tensorflow"):
    sys.modules[heavy] = None
import wssl, wssl.data, wssl.metrics, wssl.paper, wssl.presets, wssl.report, wssl.records.store
from wssl import Store, data, paper, report
print(report.table(1, Store().records()).to_string())
print(sorted(name for name in sys.modules if name.split(".")[0] in ("keras", "tensorflow")))
"""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == "['keras', 'tensorflow']"


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").is_file()
