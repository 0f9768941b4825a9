import contextlib
import io
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import wssl
from wssl import data, study
from wssl.cli import COMMANDS, inpaint, main
from wssl.cli import study as cli_study
from wssl.data import RECIPES, SOURCES, STROKES
from wssl.data.manifests import MANIFESTS
from wssl.experiment import ENCODERS, Experiment
from wssl.losses import LOSSES
from wssl.methods import METHODS, Method
from wssl.metrics import METRICS
from wssl.presets import PRESETS
from wssl.pretext import TASKS
from wssl.records.store import Store
from wssl.runs import execution, training
from wssl.scheduling import progress, schedule
from wssl.study import PARTS, exploratory

pytestmark = pytest.mark.xdist_group("cli")

ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """The folder of results and the output of ``wssl study --only 1 --preset smoke``."""
    root = tmp_path_factory.mktemp("results")
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as environment, contextlib.redirect_stdout(output):
        environment.setenv("WSSL_RESULTS", str(root))
        assert main(["study", "--only", "1", "--preset", "smoke"]) == 0
    return root, output.getvalue()


@pytest.fixture
def results(studied, monkeypatch):
    """The store that holds what was studied; nothing may be trained."""

    def train(*arguments, **more):
        raise AssertionError("nothing is to be trained")

    monkeypatch.setenv("WSSL_RESULTS", str(studied[0]))
    monkeypatch.setattr(training, "train", train)
    return Store(studied[0])


@pytest.fixture
def photo(tmp_path, rng):
    """The paths of a picture of 50 x 40 pixels and of a mask with a hole in it."""
    image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    mask = np.zeros((40, 50), dtype=np.uint8)
    mask[10:25, 20:41] = 255
    Image.fromarray(image).save(tmp_path / "photo.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path / "photo.png", tmp_path / "mask.png"


def fails(capfd, arguments, *messages):
    """The command ends with status 1 and one line that holds the messages, not a traceback."""
    assert main([str(argument) for argument in arguments]) == 1
    error = capfd.readouterr().err
    assert error.startswith("wssl: ")
    assert error.count("\n") == 1
    for message in messages:
        assert message in error


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


def test_a_study_prints_the_papers_numbers_beside_ours(studied):
    root, text = studied
    lines = text.splitlines()
    assert "Table 1, at the smoke preset on synthetic" in lines
    for task, ssim, psnr in (
        ("Sharpness", "0.9281", "25.84"),
        ("Saturation", "0.9596", "29.90"),
        ("Rotation", "0.9608", "29.89"),
    ):
        record = Store(root).get(
            Experiment(preset="smoke", pretext={task.lower(): 1.0}).fingerprint
        )
        ours = record["metrics"]
        (line,) = (line for line in lines if line.startswith(task))
        assert line.split()[1:] == [ssim, f"{ours['ssim']:.4f}", psnr, f"{ours['psnr']:.2f}", "1"]
    assert len(list(Store(root).records())) == 6


def test_a_study_that_was_done_prints_its_tables_at_once(studied, results, capsys):
    assert main(["study", "--only", "1", "--preset", "smoke"]) == 0
    table = studied[1][studied[1].index("\nTable 1") :]
    assert capsys.readouterr().out == table
    assert studied[1].removesuffix(table).count("pretext phase") == 3


def test_a_plan_tells_what_is_left_and_runs_nothing(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    before = list(results.root.rglob("*"))
    assert main(["study", "--only", "1", "4", "--preset", "smoke", "--plan", "--jobs", "2"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "0:00" in line]
    assert [row[:-1] for row in rows] == [
        ["smoke", "table", "1", "3", "3", "0", "0"],
        ["smoke", "table", "4", "3", "0", "0", "3"],
        ["all,", "each", "once", "6", "3", "0", "3"],
    ]
    assert list(results.root.rglob("*")) == before


def test_a_study_of_which_runs_failed_names_them(monkeypatch, tmp_path, capsys):
    fills = [Experiment(preset="smoke", method=name) for name in ("telea", "mean_colour")]
    monkeypatch.setitem(PARTS, "fills", lambda **settings: fills)
    original = execution.run

    def run(experiment, store):
        if experiment == fills[0]:
            raise training.NonFiniteLossError("The loss is nan at step 3 of 9.")
        return original(experiment, store)

    monkeypatch.setattr(execution, "run", run)
    assert main(["study", "--only", "fills", "--preset", "smoke"]) == 1
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "wssl: 1 run failed:",
        "  method telea, seed 0: The loss is nan at step 3 of 9.",
        "Run the same command again to retry them.",
    ]
    assert "1 of 2 runs are left (smoke fills: 1)" in captured.out
    monkeypatch.setattr(execution, "run", original)
    assert main(["study", "--only", "fills", "--preset", "smoke"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "variable", "jobs"),
    [(["--jobs", "2"], "3", 2), ([], "3", 3), (["--jobs", "1"], "2", 1), (["--jobs", "99"], "", 4)],
)
def test_how_many_jobs_there_are(arguments, variable, jobs, monkeypatch):
    seen = []

    def follow(parts, store, budget, in_order, jobs):
        seen.append(schedule.jobs_for(progress.Progress(parts, store).left, jobs))
        return progress.Progress({}, store)

    monkeypatch.setattr(progress, "follow", follow)
    monkeypatch.setenv("WSSL_JOBS", variable)
    many = [Experiment(preset="smoke", method="telea", seed=seed) for seed in range(4)]
    monkeypatch.setitem(PARTS, "many", lambda **settings: many)
    assert main(["study", "--only", "many", "--preset", "smoke", *arguments]) == 0
    assert seen == [jobs]


@pytest.mark.parametrize("number", ["0", "-1", "x", "1e3", "", "2.0"])
def test_jobs_that_are_no_number_show_the_usage(number, capsys):
    with pytest.raises(SystemExit):
        main(["study", f"--jobs={number}"])
    message = f"argument --jobs: expected an integer of at least 1; received {number!r}"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("blocks", ["0²", "²", "1-", "3-1", "", "1,,2", "-2"])
def test_blocks_that_are_no_numbers_show_the_usage(blocks, capsys):
    with pytest.raises(SystemExit):
        main(["run", f"--frozen-blocks={blocks}"])
    message = f"expected numbers of blocks such as 1-3 or 4,5; received {blocks!r}"
    assert message in capsys.readouterr().err


def test_a_list_that_is_given_in_parts_is_one_list(followed, monkeypatch):
    seen = []

    def run(experiment, micro_batch):
        seen.append(experiment)
        raise ValueError("enough")

    monkeypatch.setattr(execution, "run", run)
    pretext = ["--pretext", "rotation=0.5", "--pretext", "sharpness", "saturation=2"]
    settings = ["--settings", "width=16", "--settings", "inpainting_steps=3"]
    assert main(["run", *pretext, *settings]) == 1
    assert seen[0].pretext == {"rotation": 0.5, "sharpness": 1.0, "saturation": 2.0}
    assert seen[0].settings == {"width": 16, "inpainting_steps": 3}
    only = ["--only", "controls", "--preset", "smoke", "--only", "4", "--preset", "quick"]
    assert main(["study", *only]) == 0
    assert list(followed[0][0]) == [
        "smoke controls",
        "smoke table 4",
        "quick controls",
        "quick table 4",
    ]


@pytest.mark.parametrize("command", [["list"], ["study", "--plan", "--preset", "smoke"], ["run"]])
def test_a_file_in_place_of_the_results_folder_is_named(tmp_path, monkeypatch, capfd, command):
    (tmp_path / "file").touch()
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "file"))
    fails(capfd, command, "WSSL_RESULTS: expected a folder", str(tmp_path / "file"), "a file")


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


def test_the_command_draws_whatever_backend_the_environment_names(monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    assert main(["data", "list"]) == 0
    assert os.environ["MPLBACKEND"] == "agg"


@pytest.fixture
def followed(monkeypatch):
    """What ``wssl study`` asks to be followed; nothing is run."""
    seen = []

    def follow(parts, store, budget, in_order, jobs):
        seen.append((parts, budget))
        return progress.Progress({}, store)

    monkeypatch.setattr(progress, "follow", follow)
    return seen


def test_a_study_without_parts_is_all_of_them(followed, capsys):
    assert main(["study"]) == 0
    ((parts, budget),) = followed
    assert parts == {
        f"quick {'table ' if name in '1234' else ''}{name}": part(preset="quick")
        for name, part in PARTS.items()
    }
    assert budget is None
    assert [line for line in capsys.readouterr().out.splitlines() if "preset" in line] == [
        f"Table {number}, at the quick preset on synthetic" for number in (1, 2, 3, 4)
    ]


def test_several_presets_run_one_after_the_other(followed, capsys):
    settings = ["--seeds", "2", "--dataset", "open-faces-2", "--coverage", "0.1", "0.2"]
    only = ["--only", "controls", "4", "controls", "--preset", "smoke", "desktop"]
    assert main(["study", *only, *settings, "--budget", "2h"]) == 0
    ((parts, budget),) = followed
    assert budget == pytest.approx(7200, abs=5)
    more = {"seeds": 2, "dataset": "open-faces-2", "coverage": (0.1, 0.2)}
    assert list(parts.items()) == [
        ("smoke controls", PARTS["controls"](preset="smoke", **more)),
        ("smoke table 4", PARTS["4"](preset="smoke", **more)),
        ("desktop controls", PARTS["controls"](preset="desktop", **more)),
        ("desktop table 4", PARTS["4"](preset="desktop", **more)),
    ]
    assert "Table 4, at the desktop preset on open-faces-2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", 5400),
        ("2h", 7200),
        ("1h30m", 5400),
        ("45s", 45),
        ("1h0m5s", 3605),
        ("90", 5400),
        ("1.5", 90),
        ("0.5h", 1800),
        ("120s", 120),
    ],
)
def test_a_budget_in_hours_minutes_and_seconds(text, seconds, followed):
    assert main(["study", "--only", "controls", "--budget", text]) == 0
    assert followed[0][1] == pytest.approx(seconds, abs=5)


@pytest.mark.parametrize("text", ["", "0", "0m", "m", "-5", "2x", "1m1h", "5 m", "nan", "1e3"])
def test_a_budget_that_is_no_time_shows_the_usage(text, followed, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["study", f"--budget={text}"])
    assert stopped.value.code == 2
    assert "--budget: expected a time such as 90m, 2h, 1h30m, 45s" in capsys.readouterr().err
    assert followed == []


def test_a_study_stopped_by_its_budget_tells_what_is_left(studied, results, capsys):
    """The records of table 1 say that a hundredth of a second is not enough for table 4."""
    assert main(["study", "--only", "1", "4", "--preset", "smoke", "--budget", "0.01s"]) == 0
    out = capsys.readouterr().out
    assert studied[1][studied[1].index("\nTable 1") :] in out
    assert "\nTable 4, at the smoke preset on synthetic" in out
    last = out.splitlines()[-1]
    assert last.startswith("3 of 6 runs are left (smoke table 4: 3) and take about 0:00:")
    assert last.endswith("; run the same command again to resume.")


def test_a_run_that_was_done_prints_its_record_at_once(results, capsys):
    assert main(["run", "--pretext", "rotation", "--preset", "smoke"]) == 0
    lines = capsys.readouterr().out.splitlines()
    record = results.get(ROTATION.fingerprint)
    shown = {line[:14].strip(): line[14:].split() for line in lines}
    for name, metric in METRICS.items():
        cells = [
            f"{record['metrics'][variant]:.{metric.decimals}f}"
            if (variant := f"{name}{suffix}") in record["metrics"]
            else "-"
            for suffix in ("", "_hole", "_raw", "_hole_raw")
        ]
        better = "higher" if metric.higher_is_better else "lower"
        assert shown[metric.heading] == [*cells, better, "is", "better"]
    train, test = (record["provenance"][f"{split}_images"] for split in ("train", "test"))
    said = f"trained on {train}, scored on {test} (test), of synthetic"
    assert shown["images"] == said.split()
    assert shown["record"] == [str(results.path(ROTATION.fingerprint))]


def test_a_score_that_has_no_value_is_undefined(results, monkeypatch, capsys):
    record = results.get(ROTATION.fingerprint)
    lost = {**record, "metrics": {**record["metrics"], "st_lpips": None}, "history": []}
    monkeypatch.setattr(
        execution, "run", lambda *_, **__: execution.Result(ROTATION, lost, results)
    )
    assert main(["run"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"ST-LPIPS +undefined +- +0\.\d{4} +-   lower", out)
    assert "trained on" not in out, "without a history it is a fill that learns nothing"


def test_every_field_of_an_experiment_has_its_option(monkeypatch):
    seen = []

    def run(experiment, micro_batch):
        seen.append((experiment, micro_batch))
        raise ValueError("enough")

    monkeypatch.setattr(execution, "run", run)
    monkeypatch.setitem(LOSSES, "mine", LOSSES["mix"])
    values = {
        "pretext": {"rotation": 0.25, "sharpness": 1.0},
        "loss": "mine",
        "alpha": 0.5,
        "a": 2.0,
        "encoder": "frozen",
        "frozen_blocks": (1, 2, 4),
        "method": "wssl",
        "preset": "smoke",
        "settings": {"width": 8, "inpainting_schedule": "cosine"},
        "dataset": "open-faces-2",
        "masks": "synthetic",
        "recipe": "qd-imd",
        "coverage": (0.1, 0.2),
        "split": "val",
        "seed": 5,
        "objective": "masked",
    }
    assert set(values) == {field.name for field in fields(Experiment)}
    words = ["--micro-batch", "8"]
    for name, value in values.items():
        given = {
            "pretext": ["rotation=0.25", "sharpness"],
            "coverage": ["0.1", "0.2"],
            "frozen_blocks": ["1-2,4"],
            "settings": ["width=8", "inpainting_schedule=cosine"],
        }.get(name, [str(value)])
        words += [f"--{name.replace('_', '-')}", *given]
    assert main(["run", *words]) == 1
    assert main(["run"]) == 1
    assert main(["run", "--preset", "desktop", "--steps", "7"]) == 1
    whole, default, cut = seen
    assert whole == (Experiment(**values), 8)
    assert default == (Experiment(), None)
    assert cut == (Experiment(preset="desktop:7"), None)


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
def test_bad_values_are_one_line_without_a_traceback(results, capfd, arguments, messages):
    fails(capfd, arguments, *messages)


def test_results_that_cannot_be_written(tmp_path, monkeypatch, results, capfd):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "file" / "results"))
    fails(capfd, ["run", "--preset", "smoke"], "is not writable", "WSSL_RESULTS")
    fails(capfd, ["study", "--preset", "smoke"], "is not writable", "WSSL_RESULTS")


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        ([], {"pretext": 9600, "inpainting": 1000}),
        (["--method", "pic"], {"inpainting": 4000}),
        (["--encoder", "scratch", "--settings", "inpainting_steps=3000"], {"inpainting": 3000}),
        (["--settings", "pretext_steps=700"], {"pretext": 700, "inpainting": 1000}),
        (["--method", "harmonic"], {}),
    ],
)
def test_a_slice_of_a_run_tells_how_long_the_whole_would_take(
    arguments, steps, fabricate, monkeypatch, capsys
):
    """Each step of the slice takes an hour."""

    def run(experiment, micro_batch):
        assert experiment.scale.inpainting_steps == 10
        store = Store()
        (record,) = fabricate(store, [experiment])
        record["provenance"]["seconds"] = 10 * 3600.0
        if experiment.pretraining:
            assert experiment.pretraining.scale.pretext_steps == 10
            phase = store.get(record["pretext"])
            phase["provenance"]["seconds"] = 10 * 3600.0
            store.path(phase["fingerprint"]).unlink()
            store.put(phase)
        return execution.Result(experiment, record, store)

    monkeypatch.setattr(execution, "run", run)
    assert main(["run", "--preset", "desktop", "--steps", "10", *arguments]) == 0
    phases = ", ".join(f"{name} {count:.1f} h" for name, count in steps.items())
    words = f"whole run      about {sum(steps.values()):.1f} h at this speed ({phases})\n"
    printed = capsys.readouterr().out
    assert words in printed if steps else "whole run" not in printed


@pytest.mark.parametrize("where", [["--jobs", "2"], ["--scheduler", "tcp://10.0.0.1:1"]])
def test_the_exploratory_runs_share_one_budget_and_one_place(where, fabricate, monkeypatch, capsys):
    """What would be trained is recorded at once, and takes ten seconds."""
    pytest.importorskip("sklearn", exc_type=ImportError)
    clock, asked = [0.0], []

    def follow(parts, store, budget, **options):
        asked.append((list(parts), budget, options))
        clock[0] += 10.0
        for tasks in parts.values():
            fabricate(store, tasks)
        return progress.Progress({}, store)

    place = SimpleNamespace(executor="workers", capacity=3)
    monkeypatch.setattr(progress, "follow", follow)
    monkeypatch.setattr(cli_study, "_workers", lambda address, store: nullcontext(place))
    monkeypatch.setattr(cli_study, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    assert main(["study", "--exploratory", "--budget", "2h", *where]) == 0
    expected = {"jobs": 2} if "--jobs" in where else {"executor": "workers", "max_concurrent": 3}
    for number, (_, budget, options) in enumerate(asked):
        assert budget == 7200 - 10 * number
        assert options == {"in_order": True, **expected}
    names = [name for parts, _, _ in asked for name in parts]
    assert 1 < names.count("search for weights") <= exploratory.SEARCH_RUNS
    assert len(exploratory.searched(Store())) == exploratory.SEARCH_RUNS
    assert names[-2:] == ["weights found", "best arms, wide"]


@pytest.mark.parametrize("option", [["--seeds", "3"], ["--only", "1"], ["--preset", "quick"]])
@pytest.mark.parametrize("fixed", ["--registered", "--exploratory"])
def test_options_that_would_have_no_effect_are_refused(fixed, option, results, capfd):
    fails(capfd, ["study", fixed, *option, "--plan"], f"{option[0]}: not used with {fixed}")


def test_records_of_other_kinds_are_in_nobodys_way(capsys):
    record = {"kind": "fill", "fingerprint": "0" * 16, "experiment": {"fill": "telea"}}
    Store().put({**record, "provenance": {"seconds": 1.0}, "metrics": {}})
    assert study.retired() == {}
    assert main(["list"]) == 0
    assert main(["study", "--preset", "smoke", "--plan", "--jobs", "1"]) == 0


def test_a_run_that_is_stopped_says_how_to_go_on(monkeypatch, capfd):
    def stop(experiment, micro_batch):
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "run", stop)
    assert main(["run"]) == 130
    assert "the same command resumes from here" in capfd.readouterr().err


def test_inpaint_changes_the_hole_only(results, photo, tmp_path, capsys):
    image, mask = photo
    output = tmp_path / "out.png"
    arguments = [str(image), str(mask), "-o", str(output), "--model", ROTATION.fingerprint]
    assert main(["inpaint", *arguments]) == 0
    before, after = data.read_image(image), data.read_image(output)
    hole = data.read_mask(mask)
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).mean() > 0.9
    assert f"{hole.mean():.1%} of {image} filled" in capsys.readouterr().out


def test_inpaint_runs_the_default_experiment_when_no_model_is_named(
    results, photo, tmp_path, monkeypatch, capsys
):
    seen = []

    def run(experiment):
        seen.append(experiment)
        return execution.Result(ROTATION, results.get(ROTATION.fingerprint), results)

    monkeypatch.setattr(execution, "run", run)
    output = tmp_path / "out.png"
    assert main(["inpaint", *map(str, photo), "--output", str(output)]) == 0
    assert seen == [Experiment()]
    assert "note: no --model is named" in capsys.readouterr().err
    assert data.read_image(output).shape == (40, 50, 3)


def test_inpaint_with_a_mask_that_is_not_binary(results, photo, tmp_path, capfd):
    image, mask = photo
    Image.fromarray(np.full((40, 50), 100, dtype=np.uint8)).save(mask)
    out = tmp_path / "out.png"
    fails(capfd, ["inpaint", image, mask, "-o", out], "mask.png: expected a binary mask", "100")
    assert not out.exists()


def test_inpaint_with_a_mask_of_another_size(results, photo, tmp_path, capfd):
    image, mask = photo
    Image.fromarray(np.zeros((50, 40), dtype=np.uint8)).save(mask)
    out = tmp_path / "out.png"
    fails(
        capfd,
        ["inpaint", image, mask, "-o", out],
        "the size of the image, 50 x 40; received 40 x 50",
    )
    assert not out.exists()


def test_inpaint_with_files_that_are_missing_or_broken(results, photo, tmp_path, capfd):
    image, mask = photo
    out = tmp_path / "out.png"
    fails(capfd, ["inpaint", tmp_path / "no.png", mask, "-o", out], "no.png")
    image.write_bytes(image.read_bytes()[:300])
    fails(capfd, ["inpaint", image, mask, "-o", out], "photo.png: expected an image file")


def test_inpaint_with_a_model_that_is_not_there_names_the_nearest(results, photo, tmp_path, capfd):
    known = ROTATION.fingerprint
    wrong = ("0" if known[0] != "0" else "1") + known[1:]
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model"]
    fails(
        capfd,
        [*arguments, wrong],
        "model (the fingerprint of a record)",
        wrong,
        f"Did you mean {known!r}?",
    )
    pretext = ROTATION.pretraining.fingerprint
    assert results.get(pretext) is not None
    fails(capfd, [*arguments, pretext], pretext, "of a pretext phase", f"build on it: {known}.")
    fails(capfd, ["export", pretext, "-o", tmp_path / "m.npz"], "of a pretext phase", known)


@pytest.fixture
def model_file(results, tmp_path, capfd):
    """The network of a record, as ``wssl export`` writes it."""
    path = tmp_path / "model.npz"
    assert main(["export", ROTATION.fingerprint, "-o", str(path)]) == 0
    assert capfd.readouterr().out.startswith(f"{path}: ")
    return path


def test_a_model_file_fills_as_its_record_does_and_needs_no_results(
    model_file, results, photo, tmp_path, monkeypatch
):
    named = execution.Result(ROTATION, results.get(ROTATION.fingerprint), results).model()
    loaded = wssl.load_model(model_file)
    for ours, theirs in zip(loaded.get_weights(), named.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    filled = []
    for model, root in ((ROTATION.fingerprint, results.root), (model_file, tmp_path / "none")):
        monkeypatch.setenv("WSSL_RESULTS", str(root))
        output = tmp_path / f"{len(filled)}.png"
        arguments = [*photo, "-o", output, "--model", model]
        assert main(["inpaint", *map(str, arguments)]) == 0
        filled.append(data.read_image(output))
    np.testing.assert_array_equal(*filled)
    image, hole = data.read_image(photo[0]), data.read_mask(photo[1])
    np.testing.assert_array_equal(filled[0], wssl.inpaint(image, hole, loaded))
    assert not (tmp_path / "none").exists()


class Trap:
    """Leaves a file behind if it is ever unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_model_file_that_would_execute_code_is_refused(model_file, photo, tmp_path, capfd):
    with np.load(model_file) as file:
        arrays = dict(file)
    trapped = np.array([Trap(tmp_path / "executed")], dtype=object)
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model", model_file]
    for name in ("arr_0", "about"):
        np.savez(model_file, **{**arrays, name: trapped})
        fails(capfd, arguments, "expected a wssl model file", "allow_pickle=False")
    model_file.write_bytes(pickle.dumps(Trap(tmp_path / "executed")))
    fails(capfd, arguments, "expected a wssl model file")
    assert not (tmp_path / "executed").exists()


def rewritten(path, **changes):
    """The model file, saying other things about itself."""
    with np.load(path) as file:
        arrays = dict(file)
    about = {**json.loads(str(arrays.pop("about"))), **changes}
    np.savez(path, **arrays, about=np.array(json.dumps(about)))


def test_a_model_file_that_is_damaged_or_another_is_refused(model_file, photo, tmp_path, capfd):
    whole = model_file.read_bytes()
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model", model_file]
    model_file.write_bytes(whole[:-100])
    fails(capfd, arguments, "model.npz: expected a wssl model file", "wssl export")
    middle = len(whole) // 2
    model_file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    fails(capfd, arguments, "a corrupted one (Bad CRC-32")
    for changes, message in (
        ({"size": 64, "width": 8}, "of size 64 and width 8; received those of another network"),
        ({"method": "pic"}, "the network 'pic' of size 32"),
        ({"method": "pick"}, "received 'pick'. Did you mean 'pic'?"),
        ({"format": "wssl model 9"}, "expected the format"),
        ({"size": None}, "no description of the network"),
    ):
        model_file.write_bytes(whole)
        rewritten(model_file, **changes)
        fails(capfd, arguments, message)
    model_file.unlink()
    fails(capfd, arguments, "path: expected an existing model file", "model.npz")
    assert not (tmp_path / "out.png").exists()


def test_bare_weights_are_no_model_file(results, photo, tmp_path, capfd):
    weights = results.weights_path(ROTATION.fingerprint)
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model", weights]
    fails(capfd, arguments, "no description of the network", "wssl export")


@pytest.mark.parametrize("pretext", ["weights", "nothing"])
def test_a_network_that_is_trained_again_is_announced_once(
    results, photo, tmp_path, capfd, monkeypatch, pretext
):
    """As in a fresh clone, which has records and no weights."""
    arrays = training.read_arrays(results.weights_path(ROTATION.fingerprint))
    monkeypatch.setattr(execution, "_train_inpainting", lambda *arguments: (arrays, {}))
    clone = tmp_path / "clone"
    shutil.copytree(results.root, clone, ignore=shutil.ignore_patterns("checkpoints"))
    monkeypatch.setenv("WSSL_RESULTS", str(clone))
    if pretext == "weights":
        path = Store().weights_path(ROTATION.pretraining.fingerprint)
        path.parent.mkdir(parents=True)
        shutil.copy(results.weights_path(ROTATION.pretraining.fingerprint), path)
    out = tmp_path / "model.npz"
    assert main(["export", ROTATION.fingerprint, "-o", str(out)]) == 0
    output, error = capfd.readouterr()
    assert error.count("training the network again") == error.count("\n") == 1
    assert ROTATION.fingerprint in error
    assert re.search(r"took \d+\.\d minutes", error)
    assert output.startswith(f"{out}: ")


OWN = """\
from wssl import losses, pretext

losses.LOSSES["cubic"] = lambda y_true, y_pred: abs(y_true - y_pred) ** 3
pretext.TASKS["mirror"] = pretext.Task("mirror", lambda images, levels: images, (0.0, 1.0))
"""


@pytest.mark.parametrize("name", ["my_parts.py", "my_parts", "parts/my_parts.py"])
def test_tasks_and_losses_of_ones_own(tmp_path, monkeypatch, capfd, name):
    asked = []

    def run(experiment, micro_batch):
        asked.append(experiment)
        raise ValueError("enough")

    monkeypatch.setattr(execution, "run", run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "parts").mkdir()
    (tmp_path / name).with_suffix(".py").write_text(OWN)
    words = ["run", "--loss", "cubic", "--pretext", "mirror=1"]
    fails(capfd, words, "expected one of", "wssl --import mine.py COMMAND")
    try:
        assert main(["--import", name, *words]) == 1
    finally:
        LOSSES.pop("cubic", None)
        TASKS.pop("mirror", None)
        sys.modules.pop("my_parts", None)
    assert capfd.readouterr().err == "wssl: enough\n"
    assert asked[0].loss == "cubic"
    assert asked[0].pretext == {"mirror": 1.0}


def test_the_help_of_a_run_names_what_is_registered(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "3000")
    monkeypatch.setitem(LOSSES, "cubic", lambda y_true, y_pred: abs(y_true - y_pred) ** 3)
    monkeypatch.setitem(METHODS, "grey", Method("all grey", fill=lambda image, mask: image))
    monkeypatch.setitem(PRESETS, "huge", PRESETS["paper"])
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    text = capsys.readouterr().out
    for name in (*TASKS, *LOSSES, *METHODS, *PRESETS, *SOURCES, *STROKES, *RECIPES):
        assert name in text
    assert "grey (all grey)" in text
    for field in fields(Experiment):
        assert f"--{field.name.replace('_', '-')} " in text


def test_records_are_listed_with_their_settings_scores_and_fingerprint(results, capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    (line,) = (line for line in lines if "Rotation" in line)
    record = results.get(ROTATION.fingerprint)
    metrics, finished = record["metrics"], record["provenance"]["finished"]
    assert line.split() == [
        *(ROTATION.fingerprint, finished[:10], finished[11:16], "smoke", "synthetic"),
        *(f"{metrics['psnr']:.2f}", "dB", f"{metrics['ssim']:.4f}"),
        *("Rotation,", "seed", "0"),
    ]
    assert main(["list", "--all"]) == 0
    everything = capsys.readouterr().out.splitlines()
    assert len(everything) == 6
    assert sum("pretext phase" in line for line in everything) == 3
    assert main(["list", "smoke", "ROTATION"]) == 0
    assert capsys.readouterr().out.splitlines() == [line]
    assert main(["list", "nothing of the kind"]) == 0
    assert capsys.readouterr().out == "None of the 3 records contains all of these words.\n"


def test_an_empty_list_says_how_to_fill_it(capsys):
    assert main(["list"]) == 0
    assert "contains no records yet; `wssl run` creates one" in capsys.readouterr().out


def test_what_cannot_be_imported_is_named(tmp_path, monkeypatch, capfd):
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
        fails(capfd, ["--import", name, "data", "list"], *messages)


def test_export_writes_what_the_ending_says(results, tmp_path, capfd):
    arguments = ["export", ROTATION.fingerprint, "-o"]
    fails(capfd, [*arguments, tmp_path / "model.h5"], "--output: ", ".npz", ".onnx", "model.h5")
    pytest.importorskip("onnx")
    assert main([*arguments, str(tmp_path / "model.onnx")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_inpaint_fills_a_folder_and_names_what_it_cannot(model_file, photo, tmp_path, capfd):
    photos, filled = tmp_path / "photos", tmp_path / "filled"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        (photos / name).write_bytes(photo[0].read_bytes())
    arguments = ["inpaint", photos, photo[1], "-o", filled, "--model", model_file]
    arguments = [str(argument) for argument in arguments]
    assert main(arguments) == 0
    assert "2 of 2 pictures filled" in capfd.readouterr().out
    (photos / "bad.png").write_bytes(photo[0].read_bytes()[:300])
    assert main(arguments) == 1
    out, error = capfd.readouterr()
    assert "2 of 3 pictures filled" in out
    assert "bad.png: expected an image file" in error
    assert error.splitlines()[-1] == "wssl: 1 skipped: bad.png"
    assert sorted(path.name for path in filled.iterdir()) == ["a.png", "b.png"]
    before, hole = data.read_image(photo[0]), data.read_mask(photo[1])
    np.testing.assert_array_equal(data.read_image(filled / "a.png")[~hole], before[~hole])


@pytest.mark.parametrize("output", ["out.png", "mask.png", "."])
def test_a_folder_is_not_written_over_a_file_or_itself(
    results, photo, tmp_path, capfd, monkeypatch, output
):
    monkeypatch.setattr(inpaint, "find_model", None)
    fails(capfd, ["inpaint", tmp_path, photo[1], "-o", tmp_path / output], "output: expected a")


def test_a_picture_is_not_written_over_what_is_read(results, photo, capfd):
    for path in photo:
        fails(
            capfd, ["inpaint", *photo, "-o", path], "output: expected a path other than the inputs"
        )


def test_data_list_names_every_source(capsys):
    assert main(["data", "list"]) == 0
    images, masks, recipes = capsys.readouterr().out.splitlines()
    for name in [*SOURCES, "folder:PATH"]:
        assert name in images
    for name in [*STROKES, "folder:PATH"]:
        assert name in masks
    for name in RECIPES:
        assert name in recipes


def test_a_sheet_of_images(tmp_path, capsys):
    output = tmp_path / "sheet.png"
    arguments = ["--size", "16", "--columns", "4", "--rows", "2", "-o", str(output)]
    assert main(["data", "sheet", "synthetic", *arguments]) == 0
    sheet = data.read_image(output)
    assert sheet.shape == (2 + 2 * 18, 2 + 4 * 18, 3)
    for i, image in enumerate(data.images("synthetic", "test", 16, 8)):
        top, left = 2 + i // 4 * 18, 2 + i % 4 * 18
        np.testing.assert_array_equal(sheet[top : top + 16, left : left + 16], image)
    assert capsys.readouterr().out == f"{output}: 8 of synthetic\n"


@pytest.mark.parametrize("output", ["sheet", "sheet.xyz", "missing/sheet.png"])
def test_a_sheet_is_refused_before_anything_is_drawn(output, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "images", None)
    fails(capfd, ["data", "sheet", "synthetic", "-o", output], "--output: expected an image file")


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


def test_a_sheet_of_masks(tmp_path):
    output = tmp_path / "sheet.png"
    arguments = ["--masks", "--size", "32", "--columns", "3", "--rows", "1", "-o", str(output)]
    assert main(["data", "sheet", "synthetic", *arguments]) == 0
    sheet = data.read_image(output)
    for i, mask in enumerate(data.masks("synthetic", 3, 32, split="test")):
        left = 2 + i * 34
        np.testing.assert_array_equal(sheet[2:34, left : left + 32, 1], 255 * mask)


def test_the_package_is_the_command():
    finished = subprocess.run(
        [sys.executable, "-m", "wssl", "data", "list"], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("images  synthetic")
    assert finished.stderr == ""


@pytest.mark.parametrize("output", ["out.jpg", "out", "missing/out.png"])
def test_inpaint_checks_its_output_before_any_work(results, photo, tmp_path, capfd, output):
    arguments = ["inpaint", *photo, "-o", tmp_path / output]
    fails(capfd, arguments, "--output: ")


def test_inpaint_without_any_model_says_how_to_get_one(photo, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "empty"))
    arguments = ["inpaint", *photo, "-o", tmp_path / "out.png", "--model", "abc"]
    fails(capfd, arguments, "contains no model yet", "wssl run")


def test_a_sheet_draws_as_many_as_there_is_room_for(tmp_path, capsys):
    sheet = ["data", "sheet", "synthetic", "-o", str(tmp_path / "s.png"), "--size", "16"]
    assert main([*sheet, "--columns", "20", "--rows", "10"]) == 0
    assert "200 of synthetic" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*sheet, "--columns", "0"])
    assert "expected an integer of at least 1" in capsys.readouterr().err
