import re
import sys
from dataclasses import fields

import pytest

from wssl.cli import main
from wssl.data import RECIPES, SOURCES, STROKES
from wssl.experiment import Experiment
from wssl.losses import LOSSES
from wssl.methods import METHODS, Method
from wssl.metrics import METRICS
from wssl.presets import PRESETS
from wssl.pretext import TASKS
from wssl.records.store import Store
from wssl.runs import execution

pytestmark = pytest.mark.xdist_group("cli")

ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})


@pytest.mark.parametrize("blocks", ["0²", "²", "1-", "3-1", "", "1,,2", "-2"])
def test_blocks_that_are_no_numbers_show_the_usage(blocks, capsys):
    with pytest.raises(SystemExit):
        main(["run", f"--frozen-blocks={blocks}"])
    message = f"expected numbers of blocks such as 1-3 or 4,5; received {blocks!r}"
    assert message in capsys.readouterr().err


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


def test_results_that_cannot_be_written(tmp_path, monkeypatch, results, fails):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "file" / "results"))
    fails(["run", "--preset", "smoke"], "is not writable", "WSSL_RESULTS")
    fails(["study", "--preset", "smoke"], "is not writable", "WSSL_RESULTS")


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


def test_a_run_that_is_stopped_says_how_to_go_on(monkeypatch, capfd):
    def stop(experiment, micro_batch):
        raise KeyboardInterrupt

    monkeypatch.setattr(execution, "run", stop)
    assert main(["run"]) == 130
    assert "the same command resumes from here" in capfd.readouterr().err


OWN = """\
from wssl import losses, pretext

losses.LOSSES["cubic"] = lambda y_true, y_pred: abs(y_true - y_pred) ** 3
pretext.TASKS["mirror"] = pretext.Task("mirror", lambda images, levels: images, (0.0, 1.0))
"""


@pytest.mark.parametrize("name", ["my_parts.py", "my_parts", "parts/my_parts.py"])
def test_tasks_and_losses_of_ones_own(tmp_path, monkeypatch, capfd, fails, name):
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
    fails(words, "expected one of", "wssl --import mine.py COMMAND")
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
