"""The examples of the how-to pages, run as they stand."""

import re
import runpy
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from wssl import data, report
from wssl.methods import METHODS
from wssl.records.fields import is_run
from wssl.records.store import Store

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "book" / "howto"
EXAMPLES = sorted(path.stem for path in PAGES.glob("*.md") if "```python" in path.read_text())


def run_page(page, folder, monkeypatch):
    """The names that the blocks of a page leave, run one after the other in an empty folder."""
    monkeypatch.chdir(folder)
    blocks = re.findall(r"```python\n(.*?)```", (PAGES / f"{page}.md").read_text(), re.DOTALL)
    # A file, since a function that is registered is identified by its source.
    script = folder / f"{page}.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    return runpy.run_path(str(script))


@pytest.fixture
def run(registries, eager, tmp_path, monkeypatch):
    return lambda page: run_page(page, tmp_path, monkeypatch)


def picture_width(path):
    with Image.open(path) as picture:
        return picture.size[0]


def history(result):
    return [loss for _, loss in result.record["history"]]


def test_every_page_with_an_example_is_tried_below():
    assert EXAMPLES == ["claim", "fill", "images", "loss", "masks", "model", "pretext_task"]


def test_images_of_ones_own(run, tmp_path, capsys):
    run("images")
    capsys.readouterr()
    names = run("images")  # as many do, and find the folder there
    assert names["result"].provenance["train_images"] == 32
    known = ~names["mask"]
    filled = np.asarray(Image.open(tmp_path / "filled.png"))
    assert known.any()
    np.testing.assert_array_equal(filled[known], names["image"][known])
    assert (filled[~known] != names["image"][~known]).any()
    noise = names["noise"]
    assert noise.fingerprint != names["experiment"].fingerprint
    printed = capsys.readouterr().out
    assert len(printed[: printed.index("SSIM")].split()) == 4
    ssim = str(names["scores"].loc["trained on noise", "SSIM"]).split()[0]
    assert float(ssim) == pytest.approx(Store().get(noise.fingerprint)["metrics"]["ssim"], abs=1e-4)
    paths = names["Gallery"]().by_split()
    assert [len(paths[split]) for split in ("train", "val", "test")] == [45, 0, 15]
    assert names["index"].size == 40
    stored = data.images("prepared:prepared", "test", size=40)
    assert len(stored) == 15
    assert stored.std() > 20
    assert names["prepared"].fingerprint != noise.fingerprint


def test_a_loss_of_ones_own(run, rng, capsys):
    names = run("loss")
    true, restored = rng.random((2, 3, 8, 8, 3)).astype("float32")
    expected = np.sqrt((true - restored) ** 2 + 1e-6).mean(axis=(1, 2, 3))
    ours = keras.ops.convert_to_numpy(names["charbonnier"](true, restored))
    np.testing.assert_allclose(ours, expected, rtol=1e-4)
    first = [history(names[name])[0] for name in ("ours", "papers")]
    assert first[0] == pytest.approx(np.sqrt(1e-6) + 0.25, abs=0.2)
    assert abs(first[0] - first[1]) > 0.01 * first[0]
    assert "charbonnier | WSSL, charbonnier" in capsys.readouterr().out.splitlines()
    for row, name in (("Charbonnier", "ours"), ("mix", "papers")):
        printed = float(str(names["scores"].loc[row, "SSIM"]).split()[0])
        assert printed == pytest.approx(names[name].metrics["ssim"], abs=1e-4)


def test_masks_of_ones_own(run, tmp_path):
    names = run("masks")
    masks, drawn = names["masks"], np.asarray(Image.open(tmp_path / "scratches.png"))
    np.testing.assert_array_equal(drawn, np.concatenate(list(masks), axis=1))
    assert ((masks.mean(axis=(1, 2)) >= 0.3) & (masks.mean(axis=(1, 2)) <= 0.5)).all()
    assert (masks != data.masks("synthetic", count=8, size=64)).any()
    ssim = str(names["scores"].loc["holes of scratches", "SSIM"]).split()[0]
    assert float(ssim) == pytest.approx(names["result"].metrics["ssim"], abs=1e-4)
    assert names["sparse"].fingerprint != names["experiment"].fingerprint
    assert Store().get(names["sparse"].fingerprint)["experiment"]["recipe"] == "sparse"
    source = names["Scratches"]
    train, test = (source().strokes(split) for split in ("train", "test"))
    assert all(len(stroke.points) == 2 for stroke in train)
    assert any((a.points != b.points).any() for a, b in zip(train, test, strict=True))
    before = names["experiment"].replace().fingerprint
    source.fingerprint = lambda self: "scratches, version 2"
    assert names["experiment"].replace().fingerprint != before == names["result"].fingerprint


def test_a_network_of_ones_own(run):
    names = run("model")
    shallow = names["result"].model()
    kinds = [type(layer).__name__ for layer in shallow.layers]
    assert kinds == ["InputLayer", "Conv2D", "Conv2DTranspose", "Conv2D"]
    start = names["shallow"](32, names["experiment"].scale.width, 0).get_weights()
    moved = [np.abs(a - b).max() for a, b in zip(shallow.get_weights(), start, strict=True)]
    assert min(moved) > 0


def test_a_fill_of_ones_own(run, rng):
    names = run("fill")
    images, masks = rng.random((1, 32, 32, 3), dtype=np.float32), rng.random((1, 32, 32)) < 0.4
    filled = names["result"].inpaint(images, masks)
    mean = images[~masks].mean(axis=0)
    np.testing.assert_allclose(filled[masks], np.broadcast_to(mean, filled[masks].shape), atol=1e-6)
    assert list(names["scores"]["which seeds"]) == ["—", "—"]
    printed = names["scores"].loc["mean", "SSIM"]
    assert float(str(printed).split()[0]) == pytest.approx(
        names["result"].metrics["ssim"], abs=1e-4
    )
    assert names["result"].metrics["ssim"] < names["harmonic"].metrics["ssim"]


def test_a_claim_of_ones_own(run, tmp_path):
    names = run("claim")
    runs = names["found"].campaign.runs
    psnr = [
        np.array([runs[names[arm]][seed]["metrics"]["psnr_hole"] for seed in (0, 1)])
        for arm in ("log_cosh", "ssim")
    ]
    verdict = names["verdict"]
    assert verdict.effect.value == pytest.approx(float(np.mean(psnr[0] - psnr[1])))
    low, high = verdict.interval()
    assert low < verdict.effect.value < high
    assert verdict.outcome == "not judged"
    assert names["judged"].status == "awaiting runs (0 of 6)"
    assert list(names["table"].index) == [names["claim"].text]
    worst = [
        np.array([np.percentile(Store().get(e.fingerprint)["per_image"]["psnr"], 10) for e in runs])
        for runs in (names["ours"], [e.replace(loss="log_cosh") for e in names["ours"]])
    ]
    decile = names["decile"]
    assert decile.effect.value == pytest.approx(float(np.mean(worst[0] - worst[1])))
    assert decile.interval()[0] < decile.effect.value < decile.interval()[1]
    with pytest.raises(ValueError, match="scratch; loss l1.*more="):
        names["study"].findings([names["l1"]])
    assert picture_width(tmp_path / "forest.png") > 100


def test_a_study_page_of_ones_own(registries, eager, tmp_path, monkeypatch, page, trained):
    monkeypatch.chdir(tmp_path)
    glued, names = page(PAGES / "template_study.py", {"preset": "smoke", "seeds": 2})
    runs = names["campaign"].runs
    assert set(runs) == {names["SCRATCH"], names["ARM"]}
    ssim = {arm: [runs[arm][s]["metrics"]["ssim"] for s in (0, 1)] for arm in runs}
    losses_ = [-np.log(1 - np.array(ssim[names[arm]])) for arm in ("ARM", "SCRATCH")]
    effect = names["found"]["charbonnier"].effect
    assert effect.value == pytest.approx(float(np.mean(losses_[0] - losses_[1])))
    assert "Charbonnier loss minus mixed loss" in glued["answer"]
    assert "2 seeds" in glued["scale"]
    assert len(trained) == sum(map(is_run, Store().records())) == 4


def test_a_network_with_a_training_of_its_own(run):
    names = run("model")
    result, method = names["adversarial"], METHODS["shallow_gan"]
    phase = method.phase(method.build(32, 4, 0), 32, 4, 0)
    assert len(phase.models) == 2
    start = method.build(32, result.experiment.scale.width, 0).get_weights()
    moved = [np.abs(a - b).max() for a, b in zip(result.model().get_weights(), start, strict=True)]
    assert min(moved) > 0
    assert history(result) != history(names["result"])
    assert result.fingerprint != names["result"].fingerprint


def test_a_pretext_task_of_ones_own(run, tmp_path):
    names = run("pretext_task")
    assert set(names["phase"]["metrics"]) == {"accuracy_rotation", "accuracy_brightness"}
    strip = np.asarray(Image.open(tmp_path / "brightness.png")).astype(float)
    parts = [part.mean() for part in np.split(strip, 3, axis=1)]
    assert np.array(parts[:2]) / parts[2] == pytest.approx([0.25, 0.5], abs=0.02)
    drawn = report.accuracy_by_weight([names["phase"]])
    titles = [axis.get_title() for axis in drawn.axes]
    assert {"Rotation", "Brightness"} <= set(titles)
    assert picture_width(tmp_path / "accuracy.png") > 100


def commands():
    for path in sorted(PAGES.glob("*.md")):
        for block in re.findall(r"```bash\n(.*?)```", path.read_text(), re.DOTALL):
            yield from block.replace("\\\n", "").splitlines()


def test_the_commands_of_the_pages_exist():
    from wssl import cli

    found = set()
    for line in commands():
        program, *arguments = line.split()
        if program == "wssl":
            named, _ = cli.parser().parse_known_args(arguments)
            cli.parser(named.name).parse_args(arguments)
            found.add(named.name)
    assert found == {"data", "inpaint", "run", "study"}


def test_the_targets_of_the_pages_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called = {line.split()[1] for line in commands() if line.startswith("make ")}
    assert called == {"reference", "html"} <= set(targets)


def test_the_contributors_guide_names_what_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`((?:wssl|tests|book|notebooks|results|benchmarks|\.ci)/[\w/.]*)`", text)
    made = {"results/checkpoints/"}
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists() and path not in made] == []
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called = set(re.findall(r"make ([a-z-]+)", text))
    assert {"format", "test-fast", "test", "reference", "stale"} <= called <= {*targets, "them"}
    folders = {f"wssl/{path.name}/" for path in (ROOT / "wssl").iterdir() if path.is_dir()}
    assert {f for f in folders if "__" not in f} <= set(paths)
    modules = {f"wssl/{path.name}" for path in (ROOT / "wssl").glob("[!_]*.py")}
    assert modules >= {path for path in paths if re.fullmatch(r"wssl/\w+\.py", path)}
