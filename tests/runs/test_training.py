import keras
import numpy as np
import pytest

from wssl import losses
from wssl.data.batches import centre_crops, epoch_order, random_crops
from wssl.methods import InpaintingPhase, PretextPhase, encoder, pretext_model, unet
from wssl.runs import training
from wssl.runs.training import Training


@pytest.fixture
def images(rng):
    smooth = np.linspace(0, 255, 32)[None, :, None, None] * np.ones((8, 1, 32, 3))
    return np.clip(
        smooth * rng.random((8, 1, 1, 3)) + rng.normal(0, 2, smooth.shape), 0, 255
    ).astype(np.uint8)


def inpainting_phase(seed=0):
    return InpaintingPhase(unet(32, 4, seed), losses.mix)


def batches(images):
    def batch(step):
        rng = np.random.default_rng([0, step])
        return {"images": images[:4], "masks": rng.random((4, 32, 32)) < 0.4}

    return batch


def train(phase, images, path, steps=6, learning_rate=1e-3, drawn=None, micro_batch=None):
    drawn = drawn or batches(images)
    return training.train(
        phase,
        drawn,
        Training(steps, len(drawn(0)["masks"]), learning_rate),
        title="inpainting",
        checkpoint=path,
        micro_batch=micro_batch,
    )


def weights(phase):
    return [np.asarray(w) for w in phase.network.get_weights()]


def test_the_loss_falls_when_a_batch_is_learned_by_heart(images, tmp_path):
    phase = InpaintingPhase(unet(32, 4), losses.log_cosh)
    fixed = batches(images)(0)
    history = train(
        phase, images, tmp_path / "c.npz", steps=60, learning_rate=3e-3, drawn=lambda step: fixed
    )["history"]
    assert history[-1][1] < history[0][1] / 2
    assert history[-1][0] == 60


def test_a_pretext_phase_learns_to_tell_rotations(images, tmp_path):
    network = pretext_model(encoder(unet(32, 8)), {"rotation": 4})
    phase = PretextPhase(network, {"rotation": 1.0})

    def batch(step):
        labels = np.random.default_rng([1, step]).integers(0, 4, 8).astype("int32")
        return {"images": images, "labels": {"rotation": labels}}

    history = training.train(
        phase,
        batch,
        Training(60, 8, 1e-3),
        title="pretext",
        checkpoint=tmp_path / "c.npz",
    )["history"]
    assert history[0][1] == pytest.approx(np.log(4), abs=0.4)
    assert history[-1][1] < 0.5


def test_pretext_losses_are_weighted(images):
    network = pretext_model(encoder(unet(32, 2)), {"rotation": 4, "sharpness": 4})
    batch = {
        "images": images,
        "labels": {t: np.arange(8, dtype="int32") % 4 for t in ("rotation", "sharpness")},
    }

    def loss(weights):
        phase = PretextPhase(network, weights)
        return float(phase.compute_loss(x=batch, y_pred=phase(batch)))

    alone = loss({"rotation": 1.0}), loss({"sharpness": 1.0})
    assert loss({"rotation": 0.3, "sharpness": 0.7}) == pytest.approx(
        0.3 * alone[0] + 0.7 * alone[1], rel=1e-5
    )


def test_the_hole_is_not_shown_to_the_network(images):
    phase = inpainting_phase()
    masks = np.zeros((4, 32, 32), dtype=bool)
    masks[:, 8:20, 8:20] = True
    other = images[:4].copy()
    other[masks] = 255 - other[masks]
    first, second = (phase({"images": i, "masks": masks})[1] for i in (images[:4], other))
    np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


def test_same_start_same_numbers(images, tmp_path):
    results = []
    for name in "ab":
        phase = inpainting_phase()
        history = train(phase, images, tmp_path / f"{name}.npz")["history"]
        results.append((history, weights(phase)))
    assert results[0][0] == results[1][0]
    assert all(np.array_equal(a, b) for a, b in zip(results[0][1], results[1][1], strict=True))


def test_a_run_that_was_stopped_goes_on_to_the_same_numbers(images, tmp_path, monkeypatch):
    whole = inpainting_phase()
    expected = train(whole, images, tmp_path / "whole.npz")
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    path = tmp_path / "stopped.npz"

    def stopping(at):
        def batch(step):
            if step == at:
                raise KeyboardInterrupt
            return batches(images)(step)

        return batch

    for at in (2, 5):
        with pytest.raises(KeyboardInterrupt):
            train(inpainting_phase(), images, path, drawn=stopping(at))
    phase = inpainting_phase()
    finished = train(phase, images, path)
    assert finished["history"] == expected["history"]
    assert finished["seconds"] > 0
    assert all(np.array_equal(a, b) for a, b in zip(weights(phase), weights(whole), strict=True))


def test_a_loss_that_is_not_finite_stops_with_step_and_loss(images, tmp_path):
    def loss(y_true, y_pred):
        return losses.log_cosh(y_true, y_pred) / 0.0

    phase = InpaintingPhase(unet(32, 2), loss)
    words = r"received inf at step 0 of 6 .* learning rate is not the cause: check the loss"
    with pytest.raises(training.NonFiniteLossError, match=words):
        train(phase, images, tmp_path / "c.npz")


def test_frozen_layers_stay_as_they_are(images, tmp_path):
    phase = inpainting_phase()
    for layer in phase.network.layers[:16]:
        layer.trainable = False
    before = weights(phase)
    train(phase, images, tmp_path / "c.npz")
    changed = [not np.array_equal(a, b) for a, b in zip(before, weights(phase), strict=True)]
    assert changed == [False] * 20 + [True] * 32


def test_weights_come_back_as_they_went(tmp_path):
    first, second = unet(32, 2, 0), unet(32, 2, 1)
    training.save_arrays(first.get_weights(), tmp_path / "w.npz")
    second.set_weights(training.read_arrays(tmp_path / "w.npz"))
    assert all(
        np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True)
    )
    with pytest.raises(ValueError, match="shape"):
        unet(32, 4).set_weights(training.read_arrays(tmp_path / "w.npz"))


def test_progress_is_quiet_off_a_terminal(images, tmp_path, capfd):
    train(inpainting_phase(), images, tmp_path / "c.npz", steps=1)
    assert "images" not in capfd.readouterr().err


def test_each_epoch_shows_every_image_once():
    for total, count in ((10, 5), (7, 3), (3, 8)):
        drawn = epoch_order(1, total, 0, total * count)
        epochs = drawn.reshape(count, total)
        assert (np.sort(epochs, axis=1) == np.arange(total)).all()
        parts = [epoch_order(1, total, start, count) for start in range(0, total * count, count)]
        np.testing.assert_array_equal(np.concatenate(parts), drawn)
    assert not np.array_equal(epoch_order(0, 100, 0, 100), epoch_order(1, 100, 0, 100))


def test_crops(rng):
    images = rng.integers(0, 256, (50, 9, 9, 3), dtype=np.uint8)
    crops = random_crops(images, 8, rng)
    corners = {
        (top, left)
        for image, crop in zip(images, crops, strict=True)
        for top in (0, 1)
        for left in (0, 1)
        if np.array_equal(image[top : top + 8, left : left + 8], crop)
    }
    assert corners == {(0, 0), (0, 1), (1, 0), (1, 1)}
    np.testing.assert_array_equal(centre_crops(images, 7), images[:, 1:8, 1:8])


def test_the_models_are_keras_models():
    assert isinstance(inpainting_phase(), keras.Model)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off"])
def test_a_damaged_checkpoint_is_removed_and_training_starts_anew(images, tmp_path, content):
    path = tmp_path / "c.npz"
    path.write_bytes(content)
    phase, whole = inpainting_phase(), inpainting_phase()
    with pytest.warns(UserWarning, match=r"c\.npz is damaged and was removed"):
        train(phase, images, path, steps=2)
    train(whole, images, tmp_path / "other.npz", steps=2)
    assert all(np.array_equal(a, b) for a, b in zip(weights(phase), weights(whole), strict=True))


@pytest.mark.parametrize("use", [training.drop_if_damaged, training.read_arrays])
@pytest.mark.parametrize("target", ["folder", "link"])
def test_a_folder_in_place_of_weights_is_named(tmp_path, use, target):
    path = tmp_path / "c.npz"
    if target == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path)
    with pytest.raises(OSError, match=rf"^{path}: expected a file that can be read; .* folder"):
        use(path)
    with pytest.raises(OSError, match=rf"^{path}: expected a file.* folder"):
        training.save_arrays([np.zeros(2)], path)
    assert path.is_dir()


def test_weights_that_are_missing_are_named(tmp_path):
    path = tmp_path / "c.npz"
    path.symlink_to(tmp_path / "nowhere.npz")
    assert not training.drop_if_damaged(path)
    with pytest.raises(FileNotFoundError, match=rf"{path}: expected a file of arrays"):
        training.read_arrays(path)
    path.unlink()
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=rf"{path}: expected a file of arrays"):
        training.read_arrays(path)


def test_a_file_without_numbered_arrays_counts_as_damaged(tmp_path):
    path = tmp_path / "c.npz"
    for arrays in ({}, {"a": np.zeros(2)}, {"arr_0": np.zeros(2), "arr_2": np.zeros(2)}):
        np.savez(path, **arrays)
        with pytest.warns(UserWarning, match=r"c\.npz is damaged and was removed"):
            assert not training.drop_if_damaged(path)
    training.save_arrays([np.zeros(2), np.ones(3)], path)
    assert training.drop_if_damaged(path)


def test_a_byte_changed_anywhere_is_noticed_or_changes_nothing(tmp_path, recwarn):
    path, arrays = tmp_path / "c.npz", [np.arange(12.0).reshape(3, 4), np.ones(7, "float32")]
    training.save_arrays(arrays, path)
    whole, dropped = path.read_bytes(), 0
    for place in range(len(whole)):
        for change in (1, 16, 128, 255):
            content = bytearray(whole)
            content[place] ^= change
            path.write_bytes(content)
            if training.drop_if_damaged(path):
                read = training.read_arrays(path)
                same = [np.array_equal(a, b) for a, b in zip(read, arrays, strict=True)]
                assert all(same), place
            else:
                assert not path.exists()
                dropped += 1
    assert dropped > len(whole)


@pytest.mark.parametrize("micro_batch", [1, 2])
def test_parts_of_a_batch_give_the_update_of_the_whole(micro_batch, images, tmp_path):
    ends = {}
    for name, size in (("whole", None), ("parts", micro_batch)):
        phase = inpainting_phase()
        done = train(phase, images, tmp_path / f"{name}.npz", steps=3, micro_batch=size)
        ends[name] = [loss for _, loss in done["history"]], weights(phase)
    np.testing.assert_allclose(ends["parts"][0], ends["whole"][0], rtol=1e-4)
    for ours, theirs in zip(ends["parts"][1], ends["whole"][1], strict=True):
        # Adam moves a weight whose gradient is all but zero by the sign of its rounding.
        assert np.mean(np.abs(ours - theirs) > 2e-4) < 0.02


def test_parts_must_make_a_batch(images, tmp_path):
    for wrong in (0, 3, 8):
        with pytest.raises(ValueError, match="micro_batch: expected .* divides the batch of 4"):
            train(inpainting_phase(), images, tmp_path / "c.npz", steps=1, micro_batch=wrong)


def test_a_checkpoint_of_other_parts_is_not_taken(images, tmp_path):
    def go_on(steps, micro_batch):
        path = tmp_path / "c.npz"
        return train(inpainting_phase(), images, path, steps=steps, micro_batch=micro_batch)

    go_on(1, 2)
    with pytest.raises(ValueError, match="expected one that divides a batch into 2 parts"):
        go_on(2, None)
    assert [step for step, _ in go_on(2, 2)["history"]] == [1, 2]


def test_the_learning_rate_follows_its_schedule():
    plain = Training(100, 4, 0.5)
    assert {plain.rate(step) for step in range(100)} == {0.5}
    warm = Training(100, 4, 0.5, warmup=10)
    assert [warm.rate(step) for step in (0, 4, 9, 10, 99)] == pytest.approx(
        [0.05, 0.25, 0.5, 0.5, 0.5]
    )
    falling = Training(110, 4, 0.5, warmup=10, schedule="cosine")
    steps = np.arange(10, 110)
    expected = 0.25 * (1 + np.cos(np.pi * (steps - 10) / 100))
    np.testing.assert_allclose([falling.rate(step) for step in steps], expected, rtol=1e-12)
    assert falling.rate(9) == pytest.approx(0.5)
    assert 0.0 < falling.rate(109) < 1e-3


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_optimiser_steps_at_the_schedules_rates(images, tmp_path, schedule):
    """Adam's first step moves a weight by the learning rate, unless its gradient is tiny."""
    phase = inpainting_phase()
    before = weights(phase)
    course = Training(4, 4, 1e-2, warmup=2, schedule=schedule)
    drawn = batches(images)

    def first_only(step):
        if step == 1:
            raise KeyboardInterrupt
        return drawn(step)

    with pytest.raises(KeyboardInterrupt):
        training.train(phase, first_only, course, title="inpainting", checkpoint=tmp_path / "c.npz")
    moved = np.concatenate(
        [np.abs(a - b).ravel() for a, b in zip(weights(phase), before, strict=True)]
    )
    assert moved.max() == pytest.approx(course.rate(0), rel=1e-3)


def test_a_phase_that_took_over_another_trains_as_that_one(images, tmp_path):
    """An optimiser that has been used leaves no trace."""
    expected = train(inpainting_phase(7), images, tmp_path / "alone.npz")
    training._KEPT.clear()
    first = training.compiled("shape", inpainting_phase(3))
    train(first, images, tmp_path / "first.npz", learning_rate=1e-2)
    again = training.compiled("shape", inpainting_phase(7))
    assert again is first
    assert train(again, images, tmp_path / "again.npz")["history"] == expected["history"]
    assert training.compiled("another", inpainting_phase(7)) is not first
    training._KEPT.clear()
