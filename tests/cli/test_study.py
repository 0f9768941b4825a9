from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from wssl.cli import main
from wssl.cli import study as cli_study
from wssl.experiment import Experiment
from wssl.records.store import Store
from wssl.runs import execution, training
from wssl.scheduling import progress, schedule
from wssl.study import PARTS, exploratory

pytestmark = pytest.mark.xdist_group("cli")


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
def test_options_that_would_have_no_effect_are_refused(fixed, option, results, fails):
    fails(["study", fixed, *option, "--plan"], f"{option[0]}: not used with {fixed}")
