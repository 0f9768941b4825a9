"""pyproject.toml, requirements.lock and environment.yml describe one environment."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def lock():
    """Each pinned requirement with the number of its hashes."""
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    entries = [line.split("--hash=") for line in text.splitlines() if line.strip()]
    return [(Requirement(entry[0].strip()), len(entry) - 1) for entry in entries]


def wanted(project):
    lines = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(line) for group in lines for line in group]


def pins(lock, name, python):
    """Versions that the lock gives a package on Linux under one Python."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "extra": "",
    }
    return [
        str(requirement.specifier).removeprefix("==")
        for requirement, _ in lock
        if canonicalize_name(requirement.name) == canonicalize_name(name)
        and (requirement.marker is None or requirement.marker.evaluate(environment))
    ]


def test_the_lock_pins_everything_with_hashes(lock):
    assert len(lock) > 50
    for requirement, hashes in lock:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes >= 1, requirement


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_the_project(project, lock, python):
    for requirement in wanted(project):
        versions = pins(lock, requirement.name, python)
        assert len(versions) == 1, f"{requirement} under Python {python}: {versions}"
        assert requirement.specifier.contains(versions[0]), f"{requirement}: {versions}"


def test_the_build_backend_is_locked_too(lock):
    """`pip install --no-build-isolation -e .` uses what the lock installed."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    for requirement in map(Requirement, build["requires"]):
        for python in PYTHONS:
            assert requirement.specifier.contains(pins(lock, requirement.name, python)[0])


def test_conda_installs_the_lock_under_a_supported_python(project):
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    python = next(item for item in dependencies if str(item).startswith("python="))
    version = python.removeprefix("python=")
    assert version in PYTHONS
    assert SpecifierSet(project["requires-python"]).contains(f"{version}.0")
    pip = [item["pip"] for item in dependencies if isinstance(item, dict)]
    assert pip == [["--requirement requirements.lock"]]


def test_binder_installs_the_package_into_the_environment_of_the_lock():
    script = ROOT / "postBuild"
    assert script.stat().st_mode & 0o111
    lines = script.read_text().splitlines()
    assert lines[0].startswith("#!")
    (install,) = [line for line in lines if "pip install" in line]
    assert {"--editable", ".", "--no-deps", "--no-build-isolation"} <= set(install.split())
    assert not (ROOT / "binder").exists()  # it would hide environment.yml and postBuild


def test_every_supported_python_is_tested_here(project):
    supported = SpecifierSet(project["requires-python"])
    assert tuple(f"3.{minor}" for minor in range(30) if f"3.{minor}.0" in supported) == PYTHONS


PYTHON = """\
#!/bin/sh
exec {real} -c "import sys; sys.version_info = {version}; $2"
"""


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def python(path, *version):
    """A program that takes itself for that Python."""
    return program(path, PYTHON.format(real=sys.executable, version=(*version, 0, "final", 0)))


@pytest.fixture
def clone(tmp_path):
    """A folder with the Makefile, in whose .venv everything is installed, under Python 3.12."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "_config.yml"):
        shutil.copy(ROOT / name, folder)
    (folder / "requirements.lock").touch()
    python(folder / ".venv" / "bin" / "python", 3, 12)
    program(folder / ".venv" / "bin" / "pip", f"#!{folder}/.venv/bin/python\n")
    (folder / ".venv" / "installed").touch()
    return folder


def make(folder, *arguments):
    command = ["make", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_what_is_installed_is_not_installed_again(clone):
    assert "up to date" in make(clone, "--dry-run", ".venv/installed").stdout


def test_an_environment_that_fits_is_completed(clone):
    """As one that was made by hand, or by a command that was stopped."""
    (clone / ".venv" / "installed").unlink()
    again = make(clone, "--dry-run", ".venv/installed").stdout
    assert "pip install" in again
    assert "-m venv" not in again


def moved(clone):
    return clone.rename(clone.parent / "moved")


def interpreter_gone(clone):
    program(clone / ".venv" / "bin" / "python", "#!/nowhere/python3.12\n")


def too_new(clone):
    python(clone / ".venv" / "bin" / "python", 3, 14)


def too_old(clone):
    python(clone / ".venv" / "bin" / "python", 3, 10)


def without_pip(clone):
    (clone / ".venv" / "bin" / "pip").unlink()


@pytest.mark.parametrize("change", [moved, interpreter_gone, too_new, too_old, without_pip])
def test_an_environment_that_does_not_fit_is_made_anew(clone, change):
    folder = change(clone) or clone
    assert "-m venv --clear .venv" in make(folder, "--dry-run", ".venv/installed").stdout


def test_an_environment_of_another_python_than_the_one_asked_for_is_made_anew(clone, tmp_path):
    same, other = python(tmp_path / "same", 3, 12), python(tmp_path / "other", 3, 13)
    assert "up to date" in make(clone, "-n", ".venv/installed", f"PYTHON={same}").stdout
    asked = make(clone, "-n", ".venv/installed", f"PYTHON={other}").stdout
    assert f"{other} -m venv --clear .venv" in asked


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (4, 0)])
def test_a_python_that_is_not_supported_is_refused_before_anything_is_made(
    clone, tmp_path, version
):
    shutil.rmtree(clone / ".venv")
    done = make(clone, "install", f"PYTHON={python(tmp_path / 'odd', *version)}")
    assert done.returncode != 0
    assert "Python >=3.11,<3.14 is needed" in done.stdout
    assert f"is {version[0]}.{version[1]}" in done.stdout
    assert "make PYTHON=/path/to/python" in done.stdout
    assert not (clone / ".venv").exists()


def tracked_text_files():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git repository")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_no_file_names_a_package_index():
    options = [f"--{word}" for word in ("index-url", "extra-index-url", "find-links")]
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "index" + "_url"]
    pattern = re.compile("|".join(rf"{re.escape(word)}\b[ =/:]" for word in [*options, *hosts]))
    for name, text in tracked_text_files():
        if name != "tests/test_environment.py":
            assert not pattern.search(text), name
