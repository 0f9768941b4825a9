"""What a record says about where it was made."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from wssl.machine import provenance

ROOT = Path(__file__).parents[2]


@pytest.fixture
def not_installed(monkeypatch):
    """A function: the distributions of these names have no metadata any more."""

    def hide(*names):
        def version(name):
            if name in names:
                raise metadata.PackageNotFoundError(name)
            return found(name)

        found = metadata.version
        monkeypatch.setattr(metadata, "version", version)

    return hide


def test_code_of_a_source_tree_has_the_version_of_that_tree(not_installed):
    not_installed("wssl")
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    versions = provenance.environment()["versions"]
    assert versions["wssl"] == stated
    assert versions["keras"] == metadata.version("keras")


def test_code_without_metadata_or_project_is_of_an_unknown_version(
    not_installed, monkeypatch, tmp_path
):
    not_installed("wssl", "pillow")
    monkeypatch.setattr(
        provenance, "__file__", str(tmp_path / "wssl" / "machine" / "provenance.py")
    )
    versions = provenance.environment()["versions"]
    assert versions["wssl"] == "unknown"
    assert versions["pillow"] == "unknown"


def test_a_project_of_another_name_is_not_taken_for_this_one(not_installed, monkeypatch, tmp_path):
    not_installed("wssl")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "host"\nversion = "9.9"\n')
    monkeypatch.setattr(
        provenance, "__file__", str(tmp_path / "wssl" / "machine" / "provenance.py")
    )
    assert provenance.environment()["versions"]["wssl"] == "unknown"
