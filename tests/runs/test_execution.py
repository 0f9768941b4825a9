import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from wssl import data, losses, metrics
from wssl.claims.campaign import CLASSICAL
from wssl.experiment import Evaluation, Experiment
from wssl.inpainting import inpaint
from wssl.machine.backend import keras
from wssl.methods import METHODS, InpaintingPhase, Method, PretextPhase, unet
from wssl.records.store import Store
from wssl.report import accuracy
from wssl.runs import execution, scores, training
from wssl.runs.execution import Result, evaluate, pretrain, run
from wssl.runs.inputs import evaluation_data
from wssl.runs.scores import inpaint_batches
from wssl.study import OTHERS

pytestmark = pytest.mark.xdist_group("runs")

WEIGHTS = {"rotation": 0.5, "sharpness": 0.25}
EXPERIMENT = Experiment(preset="smoke", pretext=WEIGHTS, seed=3)
ENCODER_ARRAYS = 20
"""Kernel and bias of each of the encoder's ten convolutions."""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The result of `EXPERIMENT`, trained once; its store is for reading only."""
    return run(EXPERIMENT, Store(tmp_path_factory.mktemp("results")))


@pytest.fixture
def store(done, tmp_path):
    """A copy of the store that holds `EXPERIMENT`, for a test to change."""
    shutil.copytree(done.store.root, tmp_path / "copy")
    return Store(tmp_path / "copy")


def arrays(store, fingerprint):
    with np.load(store.weights_path(fingerprint)) as file:
        return [file[f"arr_{i}"] for i in range(len(file.files))]


def equal(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def defined(scores):
    """A learned distance is not defined where its package is not installed."""
    return {k: value for k, value in scores.items() if value is not None and not np.isnan(value)}


def numbers(record):
    return {key: value for key, value in record.items() if key != "provenance"}


def test_the_same_experiment_gives_the_same_numbers_again(done, tmp_path):
    again = run(EXPERIMENT, Store(tmp_path))
    assert numbers(again.record) == numbers(done.record)
    pretext = EXPERIMENT.pretraining.fingerprint
    assert numbers(again.store.get(pretext)) == numbers(done.store.get(pretext))
    for name in (EXPERIMENT.fingerprint, pretext):
        assert equal(arrays(again.store, name), arrays(done.store, name))


def test_another_process_gives_the_same_numbers_through_the_command_line(done, tmp_path):
    command = [
        "run",
        "--preset",
        "smoke",
        "--pretext",
        "rotation=0.5",
        "sharpness=0.25",
        "--seed",
        "3",
    ]
    finished = subprocess.run(
        [sys.executable, "-m", "wssl", *command],
        env={**os.environ, "WSSL_RESULTS": str(tmp_path), "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    store = Store(tmp_path)
    assert numbers(store.get(EXPERIMENT.fingerprint)) == numbers(done.record)
    assert re.search(rf"^SSIM +{done.metrics['ssim']:.4f} ", finished.stdout, re.MULTILINE)
    assert str(store.path(EXPERIMENT.fingerprint)) in finished.stdout


def test_a_record_that_is_there_is_returned_without_training(done, trained):
    again = run(EXPERIMENT, done.store)
    assert again.record == done.record
    assert again.metrics == done.record["metrics"]
    assert again.provenance == done.record["provenance"]
    assert pretrain(EXPERIMENT.pretraining, done.store)["fingerprint"] == done.record["pretext"]
    assert trained == []


def test_a_record_holds_what_others_rely_on(done):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = done.store.path(EXPERIMENT.fingerprint).read_text(encoding="utf-8")
    record = json.loads(text, parse_constant=refuse)
    assert record == done.record
    assert {"experiment", "fingerprint", "metrics", "provenance"} <= set(record)
    assert Experiment.from_dict(record["experiment"]) == EXPERIMENT
    assert record["fingerprint"] == EXPERIMENT.fingerprint == done.fingerprint
    assert record["pretext"] == EXPERIMENT.pretraining.fingerprint
    assert set(record["metrics"]) == set(metrics.NAMES)
    assert [step for step, _ in record["history"]] == [1, 2]
    provenance = record["provenance"]
    assert {"seconds", "finished", "backend", "device", "versions", "commit"} <= set(provenance)
    assert {"wssl", "keras", "numpy", "python", provenance["backend"]} <= set(
        provenance["versions"]
    )
    assert provenance["images"] == data.fingerprint("synthetic")
    assert (provenance["train_images"], provenance["test_images"]) == (32, 8)


def test_the_metrics_are_means_over_the_images_of_the_record(done):
    per_image = done.record["per_image"]
    for name in ("ssim", "psnr", "ssim_hole", "psnr_hole"):
        assert len(per_image[name]) == 8
        assert np.mean(per_image[name]) == pytest.approx(done.metrics[name], abs=1e-5)
    assert all(0.3 <= coverage <= 0.5 for coverage in per_image["coverage"])


def test_nothing_but_records_and_weights_is_left(done):
    names = {EXPERIMENT.fingerprint, EXPERIMENT.pretraining.fingerprint}
    files = {str(p.relative_to(done.store.root)) for p in done.store.root.rglob("*") if p.is_file()}
    assert files == {f"{n}.json" for n in names} | {f"checkpoints/{n}.npz" for n in names}


def test_the_model_reproduces_the_record(done, trained):
    network = done.model()
    images, masks = evaluation_data(EXPERIMENT)
    found = metrics.summarize(
        metrics.evaluate(images, inpaint_batches(network, images, masks), masks)
    )
    assert defined(done.metrics) == pytest.approx(defined(found), rel=1e-5, abs=1e-6)
    assert trained == []


def test_a_model_whose_weights_are_gone_is_trained_again_to_the_same_weights(done, store, trained):
    shutil.rmtree(store.root / "checkpoints")
    network = run(EXPERIMENT, store).model()
    assert [title.split()[0] for title in trained] == ["pretext", "inpainting,"]
    assert equal(network.get_weights(), arrays(done.store, EXPERIMENT.fingerprint))
    assert equal(*(arrays(s, EXPERIMENT.pretraining.fingerprint) for s in (done.store, store)))
    assert store.get(EXPERIMENT.fingerprint) == done.record
    assert not list(store.root.rglob("*.partial.npz"))


def test_experiments_that_differ_downstream_train_their_pretext_once(done, store, trained):
    other = run(EXPERIMENT.replace(loss="ssim"), store)
    assert trained == ["inpainting, ssim loss, seed 3"]
    assert other.record["pretext"] == done.record["pretext"]
    assert other.metrics["ssim"] != done.metrics["ssim"]


def test_a_frozen_encoder_stays_as_the_pretext_phase_left_it(done):
    before = arrays(done.store, EXPERIMENT.pretraining.fingerprint)
    after = arrays(done.store, EXPERIMENT.fingerprint)
    initial = unet(32, EXPERIMENT.scale.width, EXPERIMENT.seed).get_weights()
    assert len(before) == ENCODER_ARRAYS
    assert equal(after[:ENCODER_ARRAYS], before)
    assert not equal(initial[:ENCODER_ARRAYS], before)
    assert not equal(after[ENCODER_ARRAYS:], initial[ENCODER_ARRAYS:])


def test_a_finetuned_encoder_learns_on(store, trained):
    finetuned = EXPERIMENT.replace(encoder="finetuned")
    run(finetuned, store)
    assert len(trained) == 1
    before = arrays(store, EXPERIMENT.pretraining.fingerprint)
    after = arrays(store, finetuned.fingerprint)[:ENCODER_ARRAYS]
    assert not equal(after, before)
    assert max(np.abs(a - b).max() for a, b in zip(after, before, strict=True)) < 0.01


@pytest.mark.parametrize(("policy", "stays"), [("random", True), ("scratch", False)])
def test_policies_without_a_pretext_phase_train_one_phase(policy, stays, tmp_path, trained):
    experiment = Experiment(preset="smoke", encoder=policy, seed=3)
    result = run(experiment, Store(tmp_path))
    assert trained == ["inpainting, mix loss, seed 3"]
    assert result.record["pretext"] is None
    assert [record["fingerprint"] for record in result.store.records()] == [experiment.fingerprint]
    initial = unet(32, experiment.scale.width, experiment.seed).get_weights()
    learned = arrays(result.store, experiment.fingerprint)
    assert equal(learned[:ENCODER_ARRAYS], initial[:ENCODER_ARRAYS]) == stays
    assert not equal(learned[ENCODER_ARRAYS:], initial[ENCODER_ARRAYS:])


def test_a_damaged_record_is_computed_again(done, store, trained):
    path = store.path(EXPERIMENT.fingerprint)
    path.write_text(path.read_text()[:100])
    with pytest.warns(UserWarning, match=f"{EXPERIMENT.fingerprint}.json is damaged"):
        again = run(EXPERIMENT, store)
    assert trained == ["inpainting, mix loss, seed 3"]
    assert numbers(again.record) == numbers(done.record)
    assert store.get(EXPERIMENT.fingerprint) == again.record


def test_results_that_cannot_be_written_are_told_before_training(tmp_path, trained):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "results")
    with pytest.raises(PermissionError, match=r"is not writable .* WSSL_RESULTS"):
        run(EXPERIMENT, store)
    with pytest.raises(PermissionError, match=r"is not writable .* WSSL_RESULTS"):
        pretrain(EXPERIMENT.pretraining, store)
    assert trained == []


def test_accuracy_is_the_share_of_all_images_at_all_levels_told_rightly(done):
    record = pretrain(EXPERIMENT.pretraining, done.store)
    assert set(record["metrics"]) == {f"accuracy_{task}" for task in WEIGHTS}
    for task in WEIGHTS:
        matrix = record["confusion"][task]
        assert [sum(row) for row in matrix] == [8, 8, 8, 8]
        right = sum(matrix[level][level] for level in range(4)) / 32
        assert record["metrics"][f"accuracy_{task}"] == pytest.approx(right, abs=1e-5)
        assert np.mean(accuracy(record, task)) == pytest.approx(right)


class CornerTeller:
    """Tells rotations by where the bright corner went; takes saturation for level 2, always."""

    inputs = ("images",)

    def predict_on_batch(self, images):
        images = np.asarray(images)
        corners = [images[:, y, x].mean(axis=-1) for y, x in ((0, 0), (-1, 0), (-1, -1), (0, -1))]
        constant = np.tile([0.0, 0.0, 1.0, 0.0], (len(images), 1))
        return {"rotation": np.stack(corners, axis=1), "saturation": constant}


def test_confusion_has_a_row_for_each_true_level():
    images = np.full((40, 32, 32, 3), 50, dtype=np.uint8)
    images[:, :8, :8] = 200
    found = scores.confusion(CornerTeller(), images, {"rotation": 4, "saturation": 4})
    np.testing.assert_array_equal(found["rotation"], 40 * np.eye(4))
    np.testing.assert_array_equal(found["saturation"], 40 * np.eye(4)[[2, 2, 2, 2]])


def test_what_is_tested_on_does_not_depend_on_the_seed():
    first, second = (evaluation_data(EXPERIMENT.replace(seed=seed)) for seed in (3, 4))
    assert equal(first, second)
    images, masks = first
    assert images.shape == (8, 32, 32, 3)
    np.testing.assert_array_equal(
        masks, data.masks("synthetic", 8, 32, 0, (0.3, 0.5), split="test", recipe="dense")
    )
    np.testing.assert_array_equal(
        images, data.images("synthetic", "test", 37, 8)[:, 2:34, 2:34].astype("float32") / 255
    )


def test_what_the_network_is_not_shown_does_not_matter(done, rng):
    images, masks = evaluation_data(EXPERIMENT)
    other = np.where(masks[..., None], rng.random(images.shape, dtype=np.float32), images)
    network = done.model()
    np.testing.assert_array_equal(
        inpaint_batches(network, images, masks), inpaint_batches(network, other, masks)
    )


@pytest.fixture
def pictures(tmp_path, rng):
    """A folder of 30 pictures of several sizes, some grey; one of those to train on is corrupt."""
    for number in range(30):
        split = "train" if number < 22 else "val" if number < 24 else "test"
        path = tmp_path / "pictures" / split / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((40 + number, 60), Image.Resampling.BICUBIC)
        picture.convert("L" if number % 5 == 1 else "RGB").save(path)
    broken = tmp_path / "pictures" / "train" / "broken.png"
    broken.write_bytes((tmp_path / "pictures" / "train" / "0.png").read_bytes()[:200])
    return tmp_path / "pictures"


def test_a_folder_of_pictures_from_end_to_end(pictures, tmp_path, trained):
    experiment = Experiment(
        preset="smoke", encoder="scratch", dataset=f"folder:{pictures}", masks="synthetic"
    )
    with pytest.warns(UserWarning, match=r"broken\.png"):
        result = run(experiment, Store(tmp_path / "results"))
    assert result.provenance["train_images"] == 22
    assert result.provenance["test_images"] == 6
    assert 0 < result.metrics["ssim"] < 1
    moved = pictures.rename(tmp_path / "elsewhere")
    again = run(experiment.replace(dataset=f"folder:{moved}"), result.store)
    assert again.record == result.record
    assert len(trained) == 1
    (moved / "train" / "1.png").unlink()
    assert experiment.replace(dataset=f"folder:{moved}").fingerprint != experiment.fingerprint


def test_a_folder_that_is_not_there_is_told_before_training(tmp_path, trained):
    experiment = Experiment(preset="smoke", dataset=f"folder:{tmp_path / 'nowhere'}")
    with pytest.raises(FileNotFoundError, match="expected an existing folder"):
        run(experiment, Store(tmp_path / "results"))
    assert trained == []


def test_a_checkpoint_that_is_left_beside_a_finished_run_is_removed(store, trained):
    """Its process was killed between the record and the removal."""
    names = EXPERIMENT.fingerprint, EXPERIMENT.pretraining.fingerprint
    checkpoints = [store.checkpoint_path(name) for name in names]
    for path in checkpoints:
        path.write_bytes(b"")
    run(EXPERIMENT, store)
    pretrain(EXPERIMENT.pretraining, store)
    assert not any(path.exists() for path in checkpoints)
    assert trained == []


KILLS = 10
VICTIM = """
import os, sys
from dataclasses import replace
from wssl.records import store
from wssl.runs import inputs, execution, training
from wssl.experiment import Experiment
from wssl.presets import PRESETS

PRESETS["smoke"] = replace(PRESETS["smoke"], width=2, pretext_steps=25, inpainting_steps=50)
training.CHECKPOINT_SECONDS = 0.0
experiment = Experiment(preset="smoke", pretext={"rotation": 1})
inputs.evaluation_data(experiment)
inputs.images("synthetic", "train", experiment.scale)
write = store.atomic

def told(path):
    print("write", flush=True)
    return write(path)

store.atomic = training.atomic = told
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        execution.run(experiment, store.Store(line.strip()))
        os._exit(0)
    print("child", child, flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Victim:
    """Runs an experiment in a process of its own, as often as asked; announces every write.

    What is imported is imported once: each run is a fork of a process that has done nothing else.
    """

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", VICTIM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        self.watchdog = threading.Timer(300, self._end)
        self.watchdog.start()
        return self

    def __exit__(self, *_):
        self.watchdog.cancel()
        self._end()
        self.process.communicate()

    def _end(self):
        os.killpg(self.process.pid, signal.SIGKILL)

    def run(self, root, kill_after=None, pause=0.0):
        """Run to the end, or until `pause` seconds after the write of that number; the status."""
        self.process.stdin.write(f"{root}\n")
        writes = 0
        while word := self.process.stdout.readline().split():
            if word[0] == "child":
                child = int(word[1])
            if word[0] == "ended":
                return int(word[1])
            writes += word[0] == "write"
            if kill_after is not None and writes == kill_after:
                kill_after = None
                time.sleep(pause)
                os.kill(child, signal.SIGKILL)
        raise AssertionError("the process that runs experiments ended")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks a process that has loaded Keras")
@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == "jax", reason="JAX is not to be forked")
@pytest.mark.xdist_group("killed")
def test_a_run_killed_at_ten_random_moments_ends_in_the_same_numbers(tmp_path, monkeypatch):
    """A kill falls before, while or just after a checkpoint is written; none undoes the others."""
    rng = random.Random(0)
    undisturbed, killed = Store(tmp_path / "undisturbed"), Store(tmp_path / "killed")
    with Victim() as victim:
        assert victim.run(undisturbed.root) == 0
        phases = []
        for _ in range(KILLS):
            after, pause = rng.randint(0, 6), rng.uniform(0, 0.03)
            assert victim.run(killed.root, after, pause) == -signal.SIGKILL
            phases.append(len(list(killed.records())))
        assert victim.run(killed.root) == 0
    assert set(phases) == {0, 1}
    records = [numbers(record) for record in undisturbed.records()]
    assert len(records) == 2
    assert [numbers(record) for record in killed.records()] == records
    for record in records:
        assert equal(*(arrays(s, record["fingerprint"]) for s in (undisturbed, killed)))
        assert len(record["history"]) in (25, 50)


def test_damaged_weights_are_trained_again(done, store, trained):
    store.weights_path(EXPERIMENT.fingerprint).write_bytes(b"PK\x03\x04")
    with pytest.warns(UserWarning, match="is damaged and was removed"):
        network = execution.Result(EXPERIMENT, done.record, store).model()
    assert trained == ["inpainting, mix loss, seed 3"]
    assert equal(network.get_weights(), arrays(done.store, EXPERIMENT.fingerprint))


def test_the_first_record_of_a_pretext_phase_stays_when_its_weights_are_trained_again(
    done, store, trained
):
    phase = EXPERIMENT.pretraining
    path = store.weights_path(phase.fingerprint)
    first = {**store.get(phase.fingerprint), "note": "the first"}
    store.put(first)
    path.unlink()
    assert execution.pretrain(phase, store) == first == store.get(phase.fingerprint)
    assert [title.split()[0] for title in trained] == ["pretext"]
    assert equal(arrays(store, phase.fingerprint), arrays(done.store, phase.fingerprint))
    assert not store.checkpoint_path(phase.fingerprint).exists()


@pytest.mark.parametrize("place", ["path", "weights_path", "checkpoint_path"])
@pytest.mark.parametrize(
    "task",
    [Experiment(preset="smoke", encoder="scratch"), EXPERIMENT.pretraining],
    ids=["run", "pretext"],
)
def test_a_folder_in_place_of_a_file_stops_a_run_before_it_trains(tmp_path, place, task):
    store = Store(tmp_path)
    path = getattr(store, place)(task.fingerprint)
    path.mkdir(parents=True)
    work = run if isinstance(task, Experiment) else pretrain
    with pytest.raises(OSError, match=rf"^{path}: expected a file.*received a folder\. Move"):
        work(task, store)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_metric_that_is_not_defined_is_none_in_the_record(tmp_path, rng):
    for split in ("train", "test"):
        folder = tmp_path / "masks" / split
        folder.mkdir(parents=True)
        edge = np.zeros((32, 32), dtype=np.uint8)
        edge[:2] = 255
        edge[-1, 0] = 255 * (split == "train")
        Image.fromarray(edge).save(folder / "edge.png")
    masks = f"folder:{tmp_path / 'masks'}"
    result = run(EXPERIMENT.replace(masks=masks, coverage=(0, 0.2)), Store(tmp_path / "results"))
    assert result.metrics["ssim_hole"] is None
    assert result.metrics["psnr_hole"] > 0


@pytest.mark.parametrize("blocks", [(1, 2, 3), (4, 5)])
def test_blocks_that_are_not_frozen_learn_on(blocks, store, trained):
    part = EXPERIMENT.replace(frozen_blocks=blocks)
    network = run(part, store).model()
    assert trained == ["inpainting, mix loss, seed 3"]
    pretrained = unet(32, EXPERIMENT.scale.width, EXPERIMENT.seed)
    left = iter(arrays(store, EXPERIMENT.pretraining.fingerprint))
    for number, (layer, before) in enumerate(zip(network.layers, pretrained.layers, strict=True)):
        if number < 16:
            before.set_weights([next(left) for _ in before.get_weights()])
        if layer.get_weights():
            stays = layer.name.startswith(tuple(f"encoder{block}_" for block in blocks))
            assert equal(layer.get_weights(), before.get_weights()) == stays, layer.name
    assert next(left, None) is None


def test_a_compiled_step_serves_every_experiment_of_its_shape(tmp_path, monkeypatch):
    """What differs only in numbers traces nothing, and has the numbers that it has by itself."""
    traces = []
    call = InpaintingPhase.call
    monkeypatch.setattr(InpaintingPhase, "call", lambda *a: traces.append("run") or call(*a))
    learn = PretextPhase.call
    monkeypatch.setattr(PretextPhase, "call", lambda *a: traces.append("pretext") or learn(*a))
    variants = [
        EXPERIMENT,
        EXPERIMENT.replace(seed=4),
        EXPERIMENT.replace(pretext={"rotation": 0.1, "sharpness": 0.9}),
        EXPERIMENT.replace(alpha=0.3),
        EXPERIMENT.replace(a=2.0),
        EXPERIMENT.replace(
            settings={"inpainting_learning_rate": 0.01, "pretext_learning_rate": 0.1}
        ),
        EXPERIMENT.replace(settings={"inpainting_schedule": "cosine"}),
    ]
    training._KEPT.clear()
    counts, found = [], []
    for variant in variants:
        found.append(numbers(run(variant, Store(tmp_path / "together")).record))
        counts.append(len(traces))
    assert counts[0] > 0
    assert counts == [counts[0]] * len(variants)
    assert len({record["metrics"]["ssim_raw"] for record in found}) == len(variants)
    for number in (2, 3, 5):
        training._KEPT.clear()
        alone = run(variants[number], Store(tmp_path / str(number)))
        assert numbers(alone.record) == found[number]


def test_other_shapes_are_compiled_anew(store):
    training._KEPT.clear()
    for change in ({}, {"loss": "ssim"}, {"frozen_blocks": (1,)}, {"settings": {"width": 2}}):
        run(EXPERIMENT.replace(**change, seed=9), store)
    kept = [key[0] for key in training._KEPT]
    assert len(kept) == training.PHASES_KEPT


def test_validation_images_take_the_place_of_the_test_images(tmp_path, trained):
    judged = EXPERIMENT.replace(split="val")
    result = run(judged, Store(tmp_path))
    images, masks = evaluation_data(judged)
    expected = data.images("synthetic", "val", EXPERIMENT.scale.load_size, 8)[:, 2:34, 2:34]
    np.testing.assert_array_equal(np.rint(images * 255), expected)
    found = metrics.evaluate(images, inpaint_batches(result.model(), images, masks), masks)
    assert found["psnr"].mean() == pytest.approx(result.metrics["psnr"], rel=1e-5)
    phase = result.store.get(judged.pretraining.fingerprint)
    assert phase["experiment"]["split"] == "val"
    assert len(trained) == 2


def test_a_task_at_chance_is_marked(done, store):
    phase = store.get(EXPERIMENT.pretraining.fingerprint)
    assert phase["kind"] == "pretext"
    assert set(phase["learned"]) == set(WEIGHTS)
    for task, learned in phase["learned"].items():
        assert learned == (phase["metrics"][f"accuracy_{task}"] >= 0.4)


OWN = Evaluation(EXPERIMENT)


def test_an_evaluation_on_its_own_images_gives_the_numbers_of_the_record(done, store, trained):
    record = evaluate(OWN, store)
    assert trained == []
    assert record["metrics"] == done.record["metrics"]
    assert record["per_image"] == done.record["per_image"]
    assert record["run"] == EXPERIMENT.fingerprint
    assert record["fingerprint"] == OWN.fingerprint
    assert Evaluation.from_dict(record["experiment"]) == OWN
    assert record["provenance"]["test_images"] == 8


def test_an_evaluation_on_validation_images(done, store, trained):
    record = evaluate(Evaluation(EXPERIMENT, split="val"), store)
    assert trained == []
    images, masks = evaluation_data(EXPERIMENT.replace(split="val"))
    expected = data.images("synthetic", "val", EXPERIMENT.scale.load_size, 8)[:, 2:34, 2:34]
    np.testing.assert_array_equal(np.rint(images * 255), expected)
    found = metrics.evaluate(images, inpaint_batches(done.model(), images, masks), masks)
    assert record["metrics"]["psnr"] == pytest.approx(found["psnr"].mean(), rel=1e-5)
    assert record["metrics"]["psnr"] != done.metrics["psnr"]


def test_the_terms_of_an_evaluation_are_means_over_its_images(done, store):
    images, masks = evaluation_data(EXPERIMENT)
    restored = inpaint_batches(done.model(), images, masks)
    found = {name: float(values.mean()) for name, values in losses.terms(images, restored).items()}
    assert evaluate(OWN, store)["terms"] == pytest.approx(found, rel=1e-4)


def test_an_evaluation_that_was_stored_is_not_computed_again(store, monkeypatch):
    record = evaluate(OWN, store)
    assert store.get(OWN.fingerprint) == record

    def compute(*arguments):
        raise AssertionError("nothing is to be computed")

    monkeypatch.setattr(execution, "inpaint_batches", compute)
    assert evaluate(OWN, store) == record


def test_an_evaluation_on_photographs(done, store, trained):
    photos = Evaluation(EXPERIMENT, dataset="photos", coverage=(0.1, 0.2))
    record = evaluate(photos, store)
    assert trained == []
    assert record["metrics"] != done.record["metrics"]
    assert all(0.1 <= coverage <= 0.2 for coverage in record["per_image"]["coverage"])
    assert record["provenance"]["images"] == data.fingerprint("photos")
    images, masks = evaluation_data(photos.test)
    np.testing.assert_array_equal(
        images, data.images("photos", "test", 37, 8)[:, 2:34, 2:34].astype("float32") / 255
    )
    found = metrics.summarize(
        metrics.evaluate(images, inpaint_batches(done.model(), images, masks), masks)
    )
    assert defined(record["metrics"]) == pytest.approx(defined(found), rel=1e-5, abs=1e-6)


def test_an_evaluation_trains_what_it_needs(tmp_path, trained, monkeypatch):
    scratch = Experiment(preset="smoke", encoder="scratch")
    store = Store(tmp_path / "new")
    now = [0.0]
    monkeypatch.setattr(execution.time, "monotonic", lambda: now[0])
    run_first = execution.run

    def run_for_an_hour(*given):
        now[0] += 3600.0
        return run_first(*given)

    monkeypatch.setattr(execution, "run", run_for_an_hour)
    record = evaluate(Evaluation(scratch, coverage=(0.1, 0.2)), store)
    assert record["provenance"]["seconds"] == 0.0
    assert trained == ["inpainting, mix loss, seed 0"]
    assert {r["fingerprint"] for r in store.records()} == {
        scratch.fingerprint,
        record["fingerprint"],
    }


def test_an_evaluation_that_cannot_be_written_is_told_before_any_work(tmp_path, trained):
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match=r"is not writable .* WSSL_RESULTS"):
        evaluate(OWN, Store(tmp_path / "file" / "results"))
    assert trained == []


@pytest.mark.parametrize("method", OTHERS)
def test_a_method_with_a_training_of_its_own_runs_through_the_same_door(method, tmp_path, trained):
    experiment = Experiment(method=method, preset="smoke")
    result = run(experiment, Store(tmp_path))
    assert trained == [f"inpainting, {method}, seed 0"]
    assert result.record["pretext"] is None
    assert len(result.record["history"]) == experiment.scale.inpainting_steps
    images, masks = evaluation_data(experiment)
    expected = metrics.evaluate(images, result.inpaint(images, masks), masks)
    assert result.metrics["ssim"] == pytest.approx(expected["ssim"].mean(), abs=1e-4)
    assert ("variants" in result.record) == (method == "pic")
    for variant in result.record.get("variants", {}).values():
        assert set(variant) == set(result.metrics)
        assert variant["psnr"] != result.metrics["psnr"]


@pytest.mark.parametrize("method", CLASSICAL)
def test_a_floor_runs_through_the_same_door(method, tmp_path, trained):
    experiment = Experiment(method=method, preset="smoke")
    store = Store(tmp_path)
    result = run(experiment, store)
    assert trained == []
    images, masks = evaluation_data(experiment)
    filled = [METHODS[method].fill(image, mask) for image, mask in zip(images, masks, strict=True)]
    found = metrics.summarize(metrics.evaluate(images, np.stack(filled), masks))
    assert result.metrics["ssim"] == pytest.approx(found["ssim"], rel=1e-5)
    assert result.metrics["ssim"] == result.metrics["ssim_raw"]
    assert result.record["history"] == []
    assert not (tmp_path / "checkpoints" / f"{experiment.fingerprint}.npz").exists()
    assert run(experiment, store).record == result.record
    with pytest.raises(
        ValueError, match=r"expected one with a network; .* Call wssl.methods.METHODS"
    ):
        result.model()


def test_a_floor_is_evaluated_elsewhere_too(tmp_path):
    floor = Experiment(method="harmonic", preset="smoke")
    record = evaluate(Evaluation(floor, dataset="photos"), Store(tmp_path))
    images, masks = evaluation_data(floor.replace(dataset="photos"))
    filled = Result(floor, {}, Store(tmp_path)).inpaint(images, masks)
    found = metrics.summarize(metrics.evaluate(images, filled, masks))
    assert record["metrics"]["psnr"] == pytest.approx(found["psnr"], rel=1e-5)


def test_a_floor_fills_a_picture_of_any_size(rng, tmp_path):
    image = rng.integers(0, 256, (21, 34, 3)).astype(np.uint8)
    mask = rng.random((21, 34)) < 0.3
    filled = inpaint(image, mask, run(Experiment(method="telea", preset="smoke"), Store(tmp_path)))
    np.testing.assert_array_equal(filled[~mask], image[~mask])
    expected = METHODS["telea"].fill(image.astype("float32") / 255, mask)
    np.testing.assert_array_equal(filled[mask], np.rint(255 * expected[mask]).astype(np.uint8))


def test_threads_of_a_process_give_the_numbers_of_single_runs(tmp_path):
    """Networks and compiled steps of one shape are shared, so the runs take turns."""
    experiments = [Experiment(preset="smoke", encoder="scratch", seed=seed) for seed in range(3)]
    alone = Store(tmp_path / "alone")
    expected = [execution.run(experiment, alone).record["metrics"] for experiment in experiments]
    with ThreadPoolExecutor(3) as executor:
        found = list(
            executor.map(lambda e: execution.run(e, Store(tmp_path / "side")), experiments)
        )
    assert [result.record["metrics"] for result in found] == expected


def test_settings_of_keras_that_are_changed_after_the_import_do_not_count(tmp_path):
    experiment = Experiment(preset="smoke", pretext={"rotation": 1}, seed=8)
    expected = execution.run(experiment, Store(tmp_path / "before"))
    config = keras.config
    policy = config.dtype_policy()
    try:
        config.set_floatx("float16")
        config.set_epsilon(1e-3)
        config.set_image_data_format("channels_first")
        config.set_dtype_policy("mixed_float16")
        found = execution.run(experiment, Store(tmp_path / "after"))
        network = found.model()
        kept = config.floatx(), config.epsilon(), config.image_data_format()
        assert (*kept, config.dtype_policy().name) == (
            *("float16", 1e-3, "channels_first"),
            "mixed_float16",
        )
    finally:
        config.set_floatx("float32")
        config.set_epsilon(1e-7)
        config.set_image_data_format("channels_last")
        config.set_dtype_policy(policy)
    assert found.record["metrics"] == expected.record["metrics"]
    assert network.compute_dtype == "float32"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_of_a_process_that_has_computed_is_refused(tmp_path):
    """It would wait for ever for threads of the backend, which it does not have."""
    script = """
import multiprocessing, sys
import wssl

experiments = [wssl.Experiment(preset="smoke", encoder="scratch", seed=n) for n in range(2)]
wssl.run(experiments[0])
with multiprocessing.get_context("fork").Pool(1) as pool:
    pool.map(wssl.run, experiments[1:])
"""
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "WSSL_RESULTS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 1
    assert "RuntimeError: process: expected one that was spawned" in finished.stderr


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda image, mask: image[..., 0], r"of shape \(32, 32\)\."),
        (lambda image, mask: None, r"received None\. Return the whole image"),
        (lambda image, mask: (255 * image).astype(np.uint8), "received uint8. Divide .* by 255"),
        (lambda image, mask: 0.9 * image, "received a change of up to"),
        (lambda image, mask: image + np.nan, r"not finite\. .* division by zero"),
        (lambda image, mask: np.where(mask[..., None], np.nan, image), "not finite"),
        (lambda image, mask: np.where(mask[..., None], 7.0, image), "to 7\\. .*np.clip"),
    ],
)
def test_what_a_fill_returns_is_checked(fill, words, tmp_path, monkeypatch):
    fill.version = 1
    words = rf"fill: .* <lambda> of the method 'mine'.*{words}"
    monkeypatch.setitem(METHODS, "mine", Method(fill=fill))
    with pytest.raises(ValueError, match=words):
        run(Experiment(method="mine", preset="smoke"), Store(tmp_path))
    assert not list(Store(tmp_path).records())


def test_a_fill_that_changes_known_pixels_in_place_is_noticed(tmp_path, monkeypatch):
    def fill(image, mask):
        image[:] = 0.5
        mask[:] = True
        return image

    fill.version = 1
    monkeypatch.setitem(METHODS, "mine", Method(fill=fill))
    with pytest.raises(ValueError, match="known pixels unchanged by .*fill of the method 'mine'"):
        run(Experiment(method="mine", preset="smoke"), Store(tmp_path))


def test_a_loss_that_is_no_value_per_image_is_named_before_training(tmp_path, monkeypatch, trained):
    def mine(y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred))

    mine.version = 1
    monkeypatch.setitem(losses.LOSSES, "mine", mine)
    with pytest.raises(ValueError, match="one value per image from 'mine'"):
        run(Experiment(loss="mine", preset="smoke"), Store(tmp_path))
    assert trained == []
