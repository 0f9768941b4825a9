"""The examples of the how-to pages, run as they stand."""

import re
import runpy
from pathlib import Path

import pytest

from wssl import losses, models, pretext
from wssl.data import sources

PAGES = Path(__file__).parents[1] / "book" / "howto"
EXAMPLES = sorted(path.stem for path in PAGES.glob("*.md") if "```python" in path.read_text())


@pytest.fixture
def registries():
    """What a page registers, and nobody else shall see."""
    registered = [losses.LOSSES, models.MODELS, models.FILLS, pretext.TASKS, sources.SOURCES]
    before = [dict(registry) for registry in registered]
    yield
    for registry, entries in zip(registered, before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.mark.parametrize("page", EXAMPLES)
def test_the_example_of_the_page_runs(page, registries, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (PAGES / f"{page}.md").read_text(), re.DOTALL)
    # A file, since a function that is registered is identified by its source.
    script = tmp_path / f"{page}.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    runpy.run_path(str(script))
    printed = [float(number) for number in re.findall(r"\d+\.\d+", capsys.readouterr().out)]
    assert printed
    assert all(0 <= number < 100 for number in printed)


def test_the_commands_of_the_pages_exist():
    from wssl.cli import _parser

    parser, found = _parser(), 0
    for path in PAGES.glob("*.md"):
        for block in re.findall(r"```bash\n(.*?)```", path.read_text(), re.DOTALL):
            for line in block.replace("\\\n", "").splitlines():
                program, *arguments = line.split()
                if program == "wssl":
                    parser.parse_args(arguments)
                    found += 1
    assert found == 4
