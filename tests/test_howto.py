"""The examples of the how-to pages, run as they stand."""

import re
import runpy
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from wssl import losses, pretext
from wssl.data import sources
from wssl.methods import METHODS

PAGES = Path(__file__).parents[1] / "book" / "howto"
EXAMPLES = sorted(path.stem for path in PAGES.glob("*.md") if "```python" in path.read_text())


@pytest.fixture
def registries():
    """What a page registers, and nobody else shall see."""
    registered = [losses.LOSSES, METHODS, pretext.TASKS, sources.SOURCES]
    before = [dict(registry) for registry in registered]
    yield
    for registry, entries in zip(registered, before, strict=True):
        registry.clear()
        registry.update(entries)


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


def history(result):
    return [loss for _, loss in result.record["history"]]


def test_every_page_with_an_example_is_tried_below():
    assert EXAMPLES == ["images", "loss", "model", "pretext_task"]


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
    assert len(capsys.readouterr().out.split()) == 3


def test_a_loss_of_ones_own(run, rng):
    names = run("loss")
    true, restored = rng.random((2, 3, 8, 8, 3)).astype("float32")
    expected = np.sqrt((true - restored) ** 2 + 1e-6).mean(axis=(1, 2, 3))
    ours = keras.ops.convert_to_numpy(names["charbonnier"](true, restored))
    np.testing.assert_allclose(ours, expected, rtol=1e-4)
    first = [history(names[name])[0] for name in ("ours", "papers")]
    assert first[0] == pytest.approx(np.sqrt(1e-6) + 0.25, abs=0.2)
    assert abs(first[0] - first[1]) > 0.01 * first[0]


def test_a_network_and_a_fill_of_ones_own(run, rng):
    names = run("model")
    shallow = names["result"].model()
    kinds = [type(layer).__name__ for layer in shallow.layers]
    assert kinds == ["InputLayer", "Conv2D", "Conv2DTranspose", "Conv2D"]
    start = names["shallow"](32, names["experiment"].scale.width, 0).get_weights()
    moved = [np.abs(a - b).max() for a, b in zip(shallow.get_weights(), start, strict=True)]
    assert min(moved) > 0
    images, masks = rng.random((1, 32, 32, 3), dtype=np.float32), rng.random((1, 32, 32)) < 0.4
    filled = names["filled"].restore(images, masks)
    assert (filled[masks] == 0.5).all()


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


def test_the_commands_of_the_pages_exist():
    from wssl import cli

    found = 0
    for path in PAGES.glob("*.md"):
        for block in re.findall(r"```bash\n(.*?)```", path.read_text(), re.DOTALL):
            for line in block.replace("\\\n", "").splitlines():
                program, *arguments = line.split()
                if program == "wssl":
                    cli.parser(arguments[0]).parse_args(arguments)
                    found += 1
    assert found == 4
