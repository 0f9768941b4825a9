"""One of each kind of addition, registered from outside, on its way to a page.

What a run can name comes from a file that the command line imports; the records that it leaves are
then shown in tables and figures, judged, and read by a notebook.
"""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wssl import data, losses, pretext, report
from wssl.claims import Arm, Claim
from wssl.claims.estimands import difference
from wssl.cli import main
from wssl.experiment import Experiment
from wssl.methods import METHODS
from wssl.records.fields import is_pretext, is_run
from wssl.records.store import Store
from wssl.runs.execution import run
from wssl.scheduling import schedule
from wssl.study import Study

MINE = """\
import keras
import numpy as np
from keras import ops

from wssl import data, losses, pretext
from wssl.data.strokes import drawing_strokes
from wssl.methods import METHODS, Method


def darken(images, factors):
    return images * ops.reshape(factors, (-1, 1, 1, 1))


def charbonnier(y_true, y_pred):
    return ops.mean(ops.sqrt((y_true - y_pred) ** 2 + 1e-6), axis=(1, 2, 3))


def shallow(size, width, seed):
    masked = keras.Input((size, size, 3))
    start = keras.initializers.HeNormal(seed)
    whole = keras.layers.Conv2D(
        3, 3, padding="same", activation="sigmoid", kernel_initializer=start
    )(masked)
    return keras.Model(masked, whole)


def border_mean(image, mask):
    return np.where(mask[..., None], image[~mask].mean(axis=0), image)


class Noise:
    def images(self, split, size, count):
        rng = np.random.default_rng(["train", "val", "test"].index(split))
        return rng.integers(0, 256, (count or 64, size, size, 3), dtype=np.uint8)

    def fingerprint(self):
        return "noise, version 1"


class Scratches:
    def strokes(self, split):
        rng = np.random.default_rng(["train", "val", "test"].index(split))
        lines = rng.integers(0, 256, (200, 2, 2))
        return [stroke for line in lines for stroke in drawing_strokes([line.tolist()])]

    def fingerprint(self):
        return "scratches, version 1"


pretext.TASKS["darkness"] = pretext.Task("darkness", darken, (0.5, 1.0))
losses.LOSSES["charbonnier"] = charbonnier
METHODS["shallow"] = Method("a shallow network", shallow)
METHODS["border_mean"] = Method("mean of the known pixels", fill=border_mean)
data.SOURCES["noise"] = Noise()
data.STROKES["scratches"] = Scratches()
"""

DATA = ["--preset", "smoke", "--dataset", "noise", "--masks", "scratches"]
RUNS = [
    ["--pretext", "rotation=0.5", "darkness=0.5", "--loss", "charbonnier"],
    ["--method", "shallow", "--encoder", "scratch", "--loss", "charbonnier"],
    ["--method", "border_mean"],
]
OURS = Arm({"rotation": 0.5, "darkness": 0.5}, loss="charbonnier")
SHALLOW, FILL = Arm(method="shallow"), Arm(method="border_mean")
CLAIM = Claim("mine", "Ours is better.", "", "ours", "loss", "ours minus", difference(OURS, FILL))

PAGE = """\
# %% tags=["parameters"]
preset: str = "smoke"

# %%
import additions_of_a_test
import wssl
from wssl.claims import Arm, Claim
from wssl.claims.estimands import difference
from wssl import report
from wssl.book.notebooks import check_parameters
from wssl.study import Study

check_parameters(globals())
settings = {"preset": preset, "dataset": "noise", "masks": "scratches"}
weights = {"rotation": 0.5, "darkness": 0.5}
more = [
    wssl.Experiment(pretext=weights, loss="charbonnier", **settings),
    wssl.Experiment(method="border_mean", **settings),
]
ours, fill = Arm(weights, loss="charbonnier"), Arm(method="border_mean")
claim = Claim("mine", "Ours is better.", "", "ours", "loss", "ours minus", difference(ours, fill))
found = Study(**settings, more=more).findings([ours, fill], claims=[claim])
table = report.verdict_table(list(found.values()), found.campaign)
"""


@pytest.fixture
def mine(registries, tmp_path, monkeypatch):
    """A file that registers one of each, and is not imported yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = Path("additions_of_a_test.py")
    path.write_text(MINE)
    importlib.invalidate_caches()
    yield str(path)
    sys.modules.pop(path.stem, None)


def test_what_is_registered_outside_is_unknown_without_its_file(capsys, mine):
    for option, name in (
        ("--loss", "charbonnier"),
        ("--method", "shallow"),
        ("--dataset", "noise"),
        ("--masks", "scratches"),
        ("--pretext", "darkness=1"),
    ):
        assert main(["run", "--preset", "smoke", option, name]) == 1
        assert "wssl --import mine.py" in capsys.readouterr().err, option


def test_one_of_each_from_the_command_line_to_a_page(capsys, mine, eager, trained, tmp_path, page):
    assert [main(["--import", mine, "run", *DATA, *words]) for words in RUNS] == [0, 0, 0]
    text = capsys.readouterr().out
    store = Store()
    fingerprints = [Path(path).stem for path in re.findall(r"record +(\S+)", text)]
    runs = [store.get(name) for name in fingerprints]
    (phase,) = (record for record in store.records() if is_pretext(record))
    before = list(trained)
    assert len(before) == 3

    # The records name what was registered, and so does what is listed and explained.
    assert [run["experiment"]["method"] for run in runs] == ["wssl", "shallow", "border_mean"]
    assert all(is_run(run) and run["experiment"]["dataset"] == "noise" for run in runs)
    assert [run["experiment"]["masks"] for run in runs] == ["scratches"] * 3
    assert set(phase["metrics"]) == {"accuracy_rotation", "accuracy_darkness"}
    assert len(phase["confusion"]["darkness"]) == 2
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    for word in ("noise", "method shallow", "loss charbonnier", "Darkness 0.5", *fingerprints):
        assert word in listed
    with pytest.raises(SystemExit):
        main(["--import", mine, "run", "--help"])
    explained = capsys.readouterr().out
    for word in ("darkness", "charbonnier", "shallow", "border_mean", "noise", "scratches"):
        assert word in explained

    # The same again, and the study of these arms, train nothing.
    more = [Experiment.from_dict(run["experiment"]) for run in runs]
    assert [experiment.fingerprint for experiment in more] == fingerprints
    assert schedule.jobs_for(more) == 1
    study = Study("smoke", "noise", "scratches", more=more)
    found = study.findings([OURS, SHALLOW, FILL], claims=[CLAIM])
    assert trained == before
    assert set(found.campaign.runs) == {OURS, SHALLOW, FILL}

    # Verdicts, tables and figures.
    dissimilarity = [1 - run["metrics"]["ssim"] for run in runs]
    expected = np.log(dissimilarity[2] / dissimilarity[0])
    assert found["mine"].effect.value == pytest.approx(float(expected))
    arms = {report.arm_label(arm): arm for arm in (OURS, SHALLOW, FILL)}
    assert list(arms) == ["Rotation 0.5, Darkness 0.5, charbonnier", "shallow", "border mean"]
    scores = report.score_table(found.campaign, arms)
    assert list(scores["which seeds"]) == ["0", "0", "—"]
    assert list(report.verdict_table([found["mine"]], found.campaign).index) == ["Ours is better."]
    assert report.effort_table(runs).shape[0] > 0
    assert report.method_name(runs[2]) == "border mean"
    against = report.against(FILL, {name: arm for name, arm in arms.items() if arm != FILL})
    for figure in (
        report.dots(found.campaign, against, zero="the fill"),
        report.forest([found["mine"]]),
        report.accuracy_by_weight([phase]),
    ):
        assert figure.axes
    titles = {axis.get_title() for axis in report.accuracy_by_weight([phase]).axes}
    assert {"Rotation", "Darkness"} <= titles

    # A page.
    Path("15_mine.py").write_text(PAGE)
    _, left = page("15_mine.py", {"preset": "smoke"})
    assert left["found"]["mine"].effect.value == pytest.approx(float(expected))
    assert list(left["table"].index) == ["Ours is better."]
    assert trained == before

    # Holes are filled from the command line too.
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    hole = np.zeros((40, 40), dtype=np.uint8)
    hole[10:20, 10:25] = 255
    Image.fromarray(image).save("photo.png")
    Image.fromarray(hole).save("mask.png")
    for name in fingerprints[1:]:
        words = ["inpaint", "photo.png", "mask.png", "-o", f"{name}.png", "--model", name]
        assert main(["--import", mine, *words]) == 0
        filled = np.asarray(Image.open(f"{name}.png"))
        np.testing.assert_array_equal(filled[hole == 0], image[hole == 0])
        assert (filled[hole > 0] != image[hole > 0]).any()
    for words in (["noise"], ["scratches", "--masks"]):
        assert main(["--import", mine, "data", "sheet", *words, "-o", "sheet.png"]) == 0
        with Image.open("sheet.png") as sheet:
            assert sheet.size[0] > 100


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1e-6", "1e-5"),
        ("return images * ops.reshape", "return 0.5 * images * ops.reshape"),
        ("3, 3, padding", "3, 5, padding"),
        ("mean(axis=0)", "max(axis=0)"),
        ("noise, version 1", "noise, version 2"),
        ("scratches, version 1", "scratches, version 2"),
    ],
    ids=["loss", "task", "network", "fill", "images", "masks"],
)
def test_an_edit_of_the_file_makes_other_experiments(mine, monkeypatch, old, new):
    settings = {"preset": "smoke", "dataset": "noise", "masks": "scratches"}
    fields = [
        {"pretext": {"darkness": 1.0}, "loss": "charbonnier"},
        {"method": "shallow", "encoder": "scratch", "loss": "charbonnier"},
        {"method": "border_mean"},
    ]

    def fingerprints():
        sys.modules.pop(Path(mine).stem, None)
        importlib.invalidate_caches()
        sys.path.insert(0, str(Path.cwd()))
        importlib.import_module(Path(mine).stem)
        return [Experiment(**settings, **more).fingerprint for more in fields]

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = fingerprints()
    assert fingerprints() == before
    Path(mine).write_text(MINE.replace(old, new) + "\n")
    after = fingerprints()
    changed = {"1e-6": [0, 1], "return": [0], "3,": [1], "mean(": [2]}
    expected = next((v for k, v in changed.items() if old.startswith(k)), [0, 1, 2])
    assert [i for i in range(3) if before[i] != after[i]] == expected


@pytest.fixture
def recorded(mine, eager, capsys):
    """Runs with a task, a network and a fill of one's own; their fingerprints, and a picture."""
    assert [main(["--import", mine, "run", *DATA, *words]) for words in RUNS] == [0, 0, 0]
    image = np.full((40, 40, 3), 90, np.uint8)
    image[:, 20:] = 180
    hole = np.zeros((40, 40), np.uint8)
    hole[10:20, 10:25] = 255
    Image.fromarray(image).save("photo.png")
    Image.fromarray(hole).save("mask.png")
    return [Path(path).stem for path in re.findall(r"record +(\S+)", capsys.readouterr().out)]


def filled_by(model):
    words = ["inpaint", "photo.png", "mask.png", "-o", "filled.png", "--model", model]
    return main(words)


def test_a_record_whose_code_was_edited_fills_nothing(recorded, trained, capsys):
    _, shallow, fill = recorded
    assert main(["list"]) == 0
    assert "(retired)" not in capsys.readouterr().out
    losses.LOSSES["charbonnier"].version = 2
    METHODS["border_mean"].fill.version = 2
    for name in recorded:
        assert filled_by(name) == 1
        error = capsys.readouterr().err
        assert f"received {name}, which is retired" in error
        assert "Run it again" in error
        assert "wssl list" in error
    assert main(["export", shallow, "-o", "model.npz"]) == 1
    assert "is retired" in capsys.readouterr().err
    assert not Path("filled.png").exists()
    assert trained == []
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith("(retired)") for line in lines] == [True] * 3
    assert main(["list", "retired", "border_mean"]) == 0
    assert fill in capsys.readouterr().out


def test_a_record_keeps_its_own_weights_when_its_pretext_task_was_edited(recorded, trained, capsys):
    learned = recorded[0]
    assert filled_by(learned) == 0
    before = Path("filled.png").read_bytes()
    pretext.TASKS["darkness"].transform.version = 2
    assert filled_by(learned) == 0
    assert Path("filled.png").read_bytes() == before
    weights = Store().weights_path(learned)
    weights.unlink()
    assert filled_by(learned) == 1
    error = capsys.readouterr().err
    assert str(weights) in error
    assert "Run the experiment again" in error
    assert trained == []


class Same:
    """A source that gives every split the same images."""

    def images(self, split, size, count):
        shape = (count or 64, size, size, 3)
        return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def fingerprint(self):
        return "same, version 1"


def test_images_in_two_splits_are_warned_of(registries, eager):
    data.SOURCES["same"] = Same()
    experiment = Experiment(
        preset="smoke", dataset="same", masks="synthetic", encoder="scratch", seed=3
    )
    with pytest.warns(UserWarning, match="received 8 in both train and test of 'same'"):
        run(experiment)
