"""Whether the tests would see a number drift: mutants of the modules that compute, and their tests.

A mutant is a copy of the code with one small change, such as + for -, < for <=, or 2 for 1, made by
cosmic-ray's operators. Places in the modules of `TESTS` are drawn at random, and of each one of its
changes; changes of annotations alone, and those that are no longer Python, are left out. A mutant
that passes the tests of its module has survived. A second run goes on where the first was stopped,
keeps what was killed, and tries survivors again if the tests have changed.

cosmic-ray is not a dependency of the study: this runs in an environment of its own, and the tests
in that of the study, each in a new process, since a fork of one that has loaded TensorFlow hangs.
"""

import argparse
import ast
import difflib
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[1]
TESTS = {
    "wssl/losses.py": ["tests/test_losses.py", "tests/checks/test_arrays.py"],
    "wssl/metrics.py": ["tests/test_metrics.py", "tests/checks/test_arrays.py"],
    "wssl/pretext.py": ["tests/test_pretext.py", "tests/checks/test_arrays.py"],
    "wssl/claims/statistics.py": [
        "tests/claims/test_statistics.py",
        "tests/claims/test_inference.py",
    ],
    "wssl/data/mask_folder.py": ["tests/data/test_mask_folder.py", "tests/data/test_recipes.py"],
    "wssl/data/recipes.py": ["tests/data/test_recipes.py"],
    "wssl/data/strokes.py": ["tests/data/test_strokes.py", "tests/data/test_recipes.py"],
    "wssl/claims/campaign.py": ["tests/claims"],
    "wssl/claims/decision.py": ["tests/claims"],
    "wssl/claims/estimands.py": ["tests/claims"],
}
"""The modules, and what is to notice a change of each."""

COPIED = "wssl", "tests", "results", "benchmarks", "notebooks", "book", "pyproject.toml", "Makefile"
"""What the tests read of a clone."""


class Mutant(NamedTuple):
    """A change of a module: the occurrence, from 0, of what an operator changes."""

    module: str
    operator: str
    occurrence: int

    def code(self) -> str:
        """The changed module."""
        return mutate_code(source(self.module), get_operator(self.operator)(), self.occurrence)

    def diff(self) -> list[str]:
        """What is changed: the lines that go and come, with their number."""
        pair = source(self.module).splitlines(), self.code().splitlines()
        lines = [*difflib.unified_diff(*pair, n=0, lineterm="")][2:]
        return [lines[0].split()[1].lstrip("-"), *(line.rstrip() for line in lines[1:])]


@cache
def source(module: str) -> str:
    """The text of a module."""
    return (ROOT / module).read_text(encoding="utf-8")


def places(module: str) -> list[list[Mutant]]:
    """All mutants of a module, those that change the same place together."""
    nodes = [*ast_nodes(get_ast(source(module)))]
    found: dict[Any, list[Mutant]] = {}
    for name in sorted(operator_names()):
        operator = get_operator(name)
        if operator.arguments():
            continue
        positions = (place for node in nodes for place in operator().mutation_positions(node))
        for number, place in enumerate(positions):
            found.setdefault(place, []).append(Mutant(module, name, number))
    return [found[place] for place in sorted(found)]


def matters(mutant: Mutant) -> bool:
    """Whether a mutant is Python, and differs in more than annotations."""
    try:
        return meaning(mutant.code()) != meaning(source(mutant.module))
    except SyntaxError:
        return False


def meaning(text: str) -> str:
    """Code without its annotations."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def draw(modules: list[str], count: int, seed: int) -> list[Mutant]:
    """One mutant at random of each of so many places at random."""
    rng = random.Random(seed)
    everywhere = [place for module in modules for place in places(module)]
    rng.shuffle(everywhere)
    candidates = (rng.choice(place) for place in everywhere)
    return sorted(islice(filter(matters, candidates), count))


class Trees:
    """Copies of the clone, one for each test that runs at a time."""

    def __init__(self, folder: Path, count: int, python: Path):
        self.python = python
        self._free: SimpleQueue[Path] = SimpleQueue()
        for number in range(count):
            tree = folder / f"tree-{number}"
            shutil.rmtree(tree, ignore_errors=True)
            tree.mkdir(parents=True)
            for name in COPIED:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, tree / name)
            self._free.put(tree)

    def passes(self, module: str, code: str, limit: float | None = None) -> tuple[bool, str]:
        """Whether the tests of a module pass when it has other code, and what pytest said last.

        Tests that take more seconds than `limit` do not pass.
        """
        tree = self._free.get()
        (tree / module).write_text(code, encoding="utf-8")
        options = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "--hypothesis-seed=0"]
        command = [self.python, "-B", "-m", "pytest", *options, *TESTS[module]]
        shutil.rmtree(tree / ".hypothesis", ignore_errors=True)
        try:
            done = subprocess.run(
                [*map(str, command)],
                cwd=tree,
                env={**environment(), "PYTHONPATH": str(tree)},
                capture_output=True,
                text=True,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False, "too long"
        finally:
            (tree / module).write_text(source(module), encoding="utf-8")
            self._free.put(tree)
        return done.returncode == 0, (done.stdout.strip().splitlines() or [done.stderr])[-1]


def environment() -> dict[str, str]:
    """The environment variables, without those of another run of pytest."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


def key(mutant: Mutant, survived: bool) -> str:
    """What a result stays valid for: the module, and of a survivor its tests, as they are."""
    texts = [source(mutant.module)]
    if survived:
        for path in (ROOT / name for name in TESTS[mutant.module]):
            files = sorted(path.glob("*.py")) if path.is_dir() else [path]
            texts += [file.read_text(encoding="utf-8") for file in files]
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]


def main() -> int:
    """Draw mutants, run those that have no result yet, and write how many were killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only modules whose paths hold one of these")
    parser.add_argument("--count", type=int, default=300, help="mutants to draw (default: 300)")
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--python", type=Path, required=True, help="of the tests' environment")
    parser.add_argument("--lanes", type=int, default=2, help="tests that run side by side")
    parser.add_argument("--scratch", type=Path, default=ROOT / "_build" / "mutants")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write a JSON file, too")
    options = parser.parse_args()
    words = options.words
    modules = [m for m in TESTS if not words or any(word in m for word in words)]
    drawn = draw(modules, options.count, options.seed)
    known = Results(options.scratch / "results.json")
    trees = Trees(options.scratch, options.lanes, options.python.absolute())
    limits: dict[str, float] = {}

    def try_unchanged(module: str) -> None:
        began = time.monotonic()
        good, said = trees.passes(module, source(module))
        if not good:
            raise SystemExit(f"{' '.join(TESTS[module])} fail without any mutation: {said}")
        limits[module] = 60 + 5 * (time.monotonic() - began)

    def examine(mutant: Mutant) -> None:
        if known.of(mutant) is None:
            survived, said = trees.passes(mutant.module, mutant.code(), limits[mutant.module])
            known.note(mutant, survived)
            print(f"{'SURVIVED' if survived else 'killed':<9}{tuple(mutant)} {said}", flush=True)

    with ThreadPoolExecutor(options.lanes) as lanes:
        list(lanes.map(try_unchanged, sorted({m.module for m in drawn if known.of(m) is None})))
        list(lanes.map(examine, drawn))
    record = summary(drawn, known, options.seed)
    print(f"killed: {record['killed']} of {record['drawn']}")
    for survivor in record["survivors"]:
        print("\n".join([f"{survivor['module']}:{survivor['line']}", *survivor["change"]]))
    if options.record:
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        options.record.write_text(text, encoding="utf-8")
    return 0


class Results:
    """What is known of mutants, in a file that is written after each."""

    def __init__(self, path: Path):
        self.path, self._lock = path, Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, list[Any]] = json.loads(path.read_text()) if path.exists() else {}

    def of(self, mutant: Mutant) -> bool | None:
        """Whether a mutant survived; None if it has yet to be run."""
        survived, valid = self._known.get(" ".join(map(str, mutant)), (None, None))
        return survived if survived is not None and valid == key(mutant, survived) else None

    def note(self, mutant: Mutant, survived: bool) -> None:
        """Keep a result."""
        with self._lock:
            self._known[" ".join(map(str, mutant))] = [survived, key(mutant, survived)]
            temporary = self.path.with_suffix(".new")
            temporary.write_text(json.dumps(self._known))
            temporary.replace(self.path)


def summary(drawn: list[Mutant], known: Results, seed: int) -> dict[str, Any]:
    """How many were killed, in all and of each module, and what the survivors change."""
    survivors = [mutant for mutant in drawn if known.of(mutant)]
    counts, left = (Counter(m.module for m in some) for some in (drawn, survivors))
    listed = []
    for mutant in survivors:
        line, *change = mutant.diff()
        listed.append({"module": mutant.module, "line": int(line.split(",")[0]), "change": change})
    return {
        "seed": seed,
        "drawn": len(drawn),
        "killed": len(drawn) - len(survivors),
        "modules": {m: {"drawn": n, "killed": n - left[m]} for m, n in sorted(counts.items())},
        "survivors": listed,
    }


if __name__ == "__main__":
    sys.exit(main())
