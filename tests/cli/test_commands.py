import os
import subprocess
import sys

import pytest

from wssl.cli import COMMANDS, main
from wssl.data import RECIPES, STROKES
from wssl.data.manifests import MANIFESTS
from wssl.experiment import ENCODERS
from wssl.losses import LOSSES
from wssl.presets import PRESETS
from wssl.pretext import TASKS
from wssl.study import PARTS

pytestmark = pytest.mark.xdist_group("cli")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], [*COMMANDS, "--import", "WSSL_RESULTS", "WSSL_DATA"]),
        (["run"], [*TASKS, *LOSSES, *ENCODERS, *PRESETS, *RECIPES, "saturation=0.3", "example:"]),
        (["study"], ["1 single", "2 double", "3 triple", "4 losses", "--seeds", "example:"]),
        (["study"], ["--only", *PARTS, "--budget", "1h30m", "(default: all)"]),
        (["study"], ["--plan", "--stale", "--registered", "--scheduler"]),
        (["study"], [*PRESETS, "synthetic", "open-faces-2", "folder:PATH", *STROKES]),
        (["inpaint"], ["IMAGE", "MASK", "--output", "--model", "FINGERPRINT", ".npz", "example"]),
        (["list"], ["--all", "fingerprint", "PSNR", "example:"]),
        (["export"], ["FINGERPRINT", ".npz", ".onnx", "example:"]),
        (["data"], ["list", "fetch", "sheet"]),
        (["data", "list"], ["usage: wssl data list"]),
        (["data", "fetch"], [*MANIFESTS, "quickdraw", "(default: all)", "WSSL_DATA"]),
        (["data", "sheet"], ["synthetic", "folder:PATH", "--masks", "train, val or test"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_help_names_what_a_newcomer_needs(command, words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for word in words:
        assert word in text


@pytest.mark.parametrize("command", [[], ["data"], ["inpaint"], ["trian"], ["run", "--sed", "x"]])
def test_what_cannot_be_parsed_shows_the_usage(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: wssl")


@pytest.mark.parametrize("command", [["list"], ["study", "--plan", "--preset", "smoke"], ["run"]])
def test_a_file_in_place_of_the_results_folder_is_named(tmp_path, monkeypatch, fails, command):
    (tmp_path / "file").touch()
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "file"))
    fails(command, "WSSL_RESULTS: expected a folder", str(tmp_path / "file"), "a file")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"KERAS_BACKEND": "nonsense"}, ["KERAS_BACKEND", "nonsense", "Unset"]),
        ({"KERAS_HOME": "here"}, ["here/keras.json", "floatx=banana", "Correct"]),
    ],
)
def test_settings_with_which_keras_does_not_start_are_named(tmp_path, variables, words):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "keras.json").write_text('{"floatx": "banana"}')
    done = subprocess.run(
        [sys.executable, "-m", "wssl", "run", "--preset", "smoke"],
        env={**os.environ, "WSSL_RESULTS": str(tmp_path), **variables},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("wssl: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["run", "--preset", "smok"], ["received 'smok'", "Did you mean 'smoke'?"]),
        (["run", "--pretext", "rotaton=1"], ["Did you mean 'rotation'?"]),
        (["run", "--pretext", "rotation=x"], ["--pretext: expected TASK=WEIGHT", "'rotation=x'"]),
        (
            ["run", "--pretext", "rotation=1", "rotation"],
            ["--pretext: ", "each once", "'rotation'"],
        ),
        (["run", "--pretext", "rotation=1", "--pretext", "rotation=2"], ["each once"]),
        (["run", "--settings", "width=4", "width=8"], ["--settings: ", "each once", "'width'"]),
        (["run", "--pretext", "rotation=-1"], ["finite and not negative; received -1.0"]),
        (["run", "--pretext"], ["at least one weight above zero"]),
        (["run", "--loss", "log-cosh"], ["Did you mean 'log_cosh'?"]),
        (["run", "--alpha", "2"], ["alpha: expected a share"]),
        (["run", "--coverage", "0.5", "0.3"], ["coverage: expected two shares"]),
        (
            ["run", "--dataset", "folder:nowhere"],
            ["folder: expected an existing folder; received nowhere"],
        ),
        (
            ["study", "--only", "9"],
            ["part of the study: expected one of 1, 2, 3, 4, losses", "'9'"],
        ),
        (["study", "--only", "1", "losess"], ["Did you mean 'losses'?"]),
        (["study", "--preset", "smoke", "desktp"], ["Did you mean 'desktop'?"]),
        (["study", "--seeds", "0"], ["seeds: expected at least 1"]),
        (["study", "--masks", "quickdrw"], ["Did you mean 'quickdraw'?"]),
        (
            ["study", "--scheduler", "tcp://10.0.0.1:1", "--jobs", "2"],
            ["--jobs: not used with --scheduler"],
        ),
        (["data", "sheet", "synthtic", "-o", "x.png"], ["Did you mean 'synthetic'?"]),
        (["data", "sheet", "synthetic", "-o", "x.png", "--split", "tst"], ["mean 'test'?"]),
        (["data", "fetch", "open_faces_2"], ["Did you mean 'open-faces-2'?"]),
    ],
)
def test_bad_values_are_one_line_without_a_traceback(results, fails, arguments, messages):
    fails(arguments, *messages)


def test_what_cannot_be_imported_is_named(tmp_path, monkeypatch, fails):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "json.py").touch()
    (tmp_path / "needy.py").write_text("import not_there_either")
    for name, *messages in [
        ("not_there", "--import: expected a module in ", "received 'not_there'", ".py"),
        ("not_there.py", "--import: expected a .py file that exists; received 'not_there.py'"),
        (
            "json.py",
            "--import: expected a file whose name no other module has; received json.py",
            "Rename",
        ),
        ("needy.py", "No module named 'not_there_either'"),
    ]:
        fails(["--import", name, "data", "list"], *messages)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_name_that_the_terminal_cannot_show_is_no_error(tmp_path, encoding):
    name = "ü 写真 \udcff.png"
    done = subprocess.run(
        [sys.executable, "-m", "wssl", "data", "sheet", "synthetic", "--size", "16", "-o", name],
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b".png: 60 of synthetic" + os.linesep.encode())
    assert len(list(tmp_path.iterdir())) == 1


def test_a_reader_that_has_seen_enough_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "wssl", "data", "list"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_the_package_is_the_command():
    finished = subprocess.run(
        [sys.executable, "-m", "wssl", "data", "list"], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("images  synthetic")
    assert finished.stderr == ""
