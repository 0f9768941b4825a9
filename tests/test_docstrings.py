"""The examples in docstrings run, and the functions that a user calls have one."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import wssl

PACKAGE = Path(wssl.__file__).parent

WITH_EXAMPLES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>>" in path.read_text("utf-8")]

CALLED = {
    "claims/decision.py": {"judge", "outcome_of"},
    "claims/outcomes.py": {"findings"},
    "data/recipes.py": {"masks"},
    "data/sources.py": {"images"},
    "experiment.py": {"Experiment", "Evaluation"},
    "inpainting.py": {"inpaint"},
    "losses.py": {"ssim_loss", "log_cosh", "mix", "mse", "l1", "bind", "terms", "gradient"},
    "methods/classical.py": {"harmonic", "biharmonic", "mean_colour"},
    "pretext.py": {"Task", "rotate", "saturate", "sharpen", "transform"},
    "runs/execution.py": {"run"},
    "records/store.py": {"Store"},
    "study/parts.py": {"table"},
}
"""What a user calls, by the file that defines it."""


def local(path):
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=local)
def test_the_examples_of_a_module_run(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


def definitions(file):
    for node in ast.parse((PACKAGE / file).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) or ""


@pytest.mark.parametrize("file", CALLED)
def test_what_a_user_calls_has_an_example(file):
    assert CALLED[file] <= {name for name, text in definitions(file) if ">>>" in text}


@pytest.mark.parametrize("file", ["metrics.py", "claims/statistics.py"])
def test_every_metric_and_test_has_an_example(file):
    functions = {name: text for name, text in definitions(file) if name[0].islower()}
    assert functions
    assert [name for name, text in functions.items() if ">>>" not in text] == []
