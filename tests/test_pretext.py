from dataclasses import FrozenInstanceError

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from PIL import Image, ImageEnhance

import wssl
from wssl import pretext

ENHANCERS = {"saturation": ImageEnhance.Color, "sharpness": ImageEnhance.Sharpness}


@pytest.fixture(scope="module")
def photos():
    from skimage import data

    crops = [data.astronaut()[:64, 150:214], data.chelsea()[100:164, 100:164]]
    noise = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    return np.concatenate([np.stack(crops), noise])


def apply(name, images, labels):
    floats = images.astype("float32") / 255
    shown = pretext.TASKS[name](floats, np.asarray(labels, dtype="int32"))
    return ops.convert_to_numpy(shown)


def labels_of(name, count):
    """A label for each of some images, from all levels of a task."""
    return np.arange(count, dtype="int32") % len(pretext.TASKS[name].levels)


def darken(images, factors):
    return images * ops.reshape(factors, (-1, 1, 1, 1))


@pytest.fixture(params=[*sorted(pretext.TASKS), "two", "five"])
def name(request, monkeypatch):
    """The name of a task: each of the package, and others with other numbers of levels."""
    levels = {"two": (0.5, 1.0), "five": (0.2, 0.4, 0.6, 0.8, 1.0)}.get(request.param)
    if levels:
        monkeypatch.setitem(
            pretext.TASKS, request.param, pretext.Task(request.param, darken, levels)
        )
    return request.param


def test_contract(name, photos):
    task = pretext.TASKS[name]
    for label in range(len(task.levels)):
        shown = apply(name, photos, [label] * len(photos))
        assert shown.shape == photos.shape
        assert shown.dtype == np.float32
        assert shown.min() >= 0
        assert shown.max() <= 1
    assert len(task.levels) == len(task.level_names) >= 2


@pytest.mark.parametrize(("task", "level"), [("rotation", 0), ("saturation", 1), ("sharpness", 1)])
def test_one_level_of_each_of_the_papers_tasks_is_the_image_itself(task, level, photos):
    unchanged = pretext.TASKS[task].levels.index(level)
    shown = apply(task, photos, [unchanged] * len(photos))
    np.testing.assert_allclose(shown, photos / 255, atol=1e-5)


@pytest.mark.parametrize("levels", [(), (0.5,)])
def test_a_task_has_at_least_two_levels(levels):
    with pytest.raises(ValueError, match="levels: expected at least two"):
        pretext.Task("dark", darken, levels)


@pytest.mark.parametrize(
    ("name", "label"),
    [(name, label) for name in ENHANCERS for label in range(len(pretext.TASKS[name].levels))],
)
def test_equals_pillow_inside_and_at_the_border(name, label, photos):
    ours = np.rint(apply(name, photos, [label] * 4) * 255).astype(int)
    factor = pretext.TASKS[name].levels[label]
    pillow = np.stack(
        [np.asarray(ENHANCERS[name](Image.fromarray(p)).enhance(factor)) for p in photos]
    ).astype(int)
    assert np.abs(ours - pillow).max() <= 1
    border = np.ones((64, 64), dtype=bool)
    border[1:-1, 1:-1] = False
    assert np.abs(ours - pillow)[:, border].max() <= 1


@pytest.mark.parametrize("name", ENHANCERS)
@pytest.mark.parametrize("factor", [-1.0, 0.5, 2.0, 5.0])
def test_a_factor_beyond_those_of_the_levels_equals_pillow_and_stays_in_range(name, factor, photos):
    shown = pretext.TASKS[name].transform(photos / np.float32(255), np.full(4, factor, "float32"))
    shown = ops.convert_to_numpy(shown)
    pillow = [np.asarray(ENHANCERS[name](Image.fromarray(p)).enhance(factor)) for p in photos]
    assert shown.min() >= 0
    assert shown.max() <= 1
    # Pillow rounds the smoothed image before it exaggerates the difference.
    assert np.abs(255 * shown - np.stack(pillow)).max() <= 1.5 + abs(1 - factor)


def test_a_task_is_a_value():
    task = pretext.TASKS["rotation"]
    with pytest.raises(FrozenInstanceError):
        task.levels = (0.0, 1.0)
    assert task.levels == (0.0, 90.0, 180.0, 270.0)
    assert task.level_names == ("0°", "90°", "180°", "270°")
    for name in ENHANCERS:
        assert pretext.TASKS[name].level_names == ("0", "0.25", "0.75", "1")


@pytest.mark.parametrize("label", range(len(pretext.TASKS["rotation"].levels)))
def test_rotation_equals_numpy_and_pillow(label, photos):
    ours = apply("rotation", photos, [label] * 4)
    np.testing.assert_array_equal(ours, np.rot90(photos, label, (1, 2)).astype("float32") / 255)
    pillow = np.asarray(Image.fromarray(photos[0]).rotate(90 * label))
    np.testing.assert_array_equal(np.rint(ours[0] * 255), pillow)


def test_each_image_has_a_level_of_its_own(name, photos):
    labels = labels_of(name, len(photos))
    together = apply(name, photos, labels)
    for i, label in enumerate(labels):
        alone = apply(name, photos[i : i + 1], [label])
        np.testing.assert_allclose(together[i], alone[0], atol=1e-5)


@given(st.permutations(["rotation", "saturation", "sharpness"]), st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_rotation_commutes_with_the_others(order, seed):
    rng = np.random.default_rng(seed)
    images = rng.random((2, 8, 8, 3)).astype("float32")
    levels = {name: len(task.levels) for name, task in pretext.TASKS.items()}
    labels = {name: rng.integers(0, count, 2).astype("int32") for name, count in levels.items()}
    reference = [t for t in order if t != "rotation"]
    first = pretext.transform(images, {t: labels[t] for t in ["rotation", *reference]})
    last = pretext.transform(images, {t: labels[t] for t in [*reference, "rotation"]})
    np.testing.assert_allclose(ops.convert_to_numpy(first), ops.convert_to_numpy(last), atol=1e-5)


@pytest.mark.parametrize("task", ["rotation", "saturation", "sharpness"])
def test_the_border_of_a_flat_image_does_not_give_the_label_away(task):
    """None of the paper's tasks changes a grey image without edges."""
    flat = np.full((4, 16, 16, 3), 0.4, dtype="float32")
    shown = ops.convert_to_numpy(pretext.TASKS[task](flat, labels_of(task, 4)))
    np.testing.assert_allclose(shown, flat, atol=1e-5)


class Transformed(keras.Model):
    def call(self, batch):
        return pretext.transform(batch["images"], batch["labels"])


@pytest.mark.parametrize("compiled", [False, True])
def test_works_inside_a_compiled_function(photos, compiled):
    floats = (photos / 255).astype("float32")
    labels = {task: labels_of(task, 4) for task in pretext.TASKS}
    model = Transformed()
    model.compile(jit_compile=compiled)
    np.testing.assert_allclose(
        model.predict_on_batch({"images": floats, "labels": labels}),
        ops.convert_to_numpy(pretext.transform(floats, labels)),
        atol=1e-5,
    )


def test_an_unknown_task_names_the_nearest(photos):
    with pytest.raises(ValueError, match="Did you mean 'rotation'"):
        pretext.transform(photos / 255, {"rotaton": np.zeros(4, dtype="int32")})


def test_a_task_whose_levels_look_alike_is_named(photos, recwarn):
    pretext.warn_if_alike(photos, pretext.TASKS, "'photos'")
    assert not recwarn
    grey = photos[..., :1].repeat(3, axis=-1)
    with pytest.warns(UserWarning, match="'saturation': its 4 levels look alike on 100% of 4 .*gr"):
        pretext.warn_if_alike(grey, pretext.TASKS, "'photos'")
    for half in ([photos, grey], [grey, photos]):
        pretext.warn_if_alike(np.concatenate(half), pretext.TASKS, "'photos'")
    assert not recwarn
    flat = np.full_like(photos, (9, 90, 200))
    with pytest.warns(UserWarning, match="look alike") as caught:
        pretext.warn_if_alike(flat, ["rotation", "sharpness"], "'flat'")
    for name, warning in zip(("rotation", "sharpness"), caught, strict=True):
        expected = (
            f"pretext task '{name}': its 4 levels look alike on 100% of 4 images of 'flat', "
            "so that it cannot be learned there. Remove it, or train on other images."
        )
        assert str(warning.message) == expected


def test_a_hue_that_8_bits_show_does_not_look_grey(recwarn):
    """Its grey image differs by 0.587 of a grey level, which is rounded to one."""
    almost = np.full((4, 8, 8, 3), (100, 101, 100), np.uint8)
    pretext.warn_if_alike(almost, ["saturation"], "'almost'")
    assert not recwarn
    faint = np.full((4, 8, 8, 3), 100, np.uint8)
    with pytest.warns(UserWarning, match="'saturation'"):
        pretext.warn_if_alike(faint, ["saturation"], "'faint'")


@pytest.mark.parametrize(("grey", "share"), [(120, None), (140, "55%"), (250, "98%")])
def test_sixty_four_images_from_first_to_last_are_examined(grey, share, recwarn):
    images = np.random.default_rng(0).integers(0, 256, (254, 4, 4, 3), dtype=np.uint8)
    images[-grey:] = images[-grey:, ..., :1]
    if share is None:
        pretext.warn_if_alike(images, ["saturation"], "'some'")
        assert not recwarn
        return
    with pytest.warns(UserWarning, match=f"on {share} of 64 images of 'some'"):
        pretext.warn_if_alike(images, ["saturation"], "'some'")


@pytest.mark.parametrize("name", pretext.TASKS)
def test_what_the_tasks_return_passes_its_check(name):
    pretext.check_transformed(name, 16)


def nothing(images, levels):
    return None


@pytest.mark.parametrize(
    ("transform", "received"),
    [
        (nothing, "from nothing; received None. Return the changed images"),
        (lambda images, levels: images[:, 1:], r"received float32 of shape \(2, 15, 16, 3\)"),
        (lambda images, levels: images[:1], r"received float32 of shape \(1, 16, 16, 3\)"),
        (lambda images, levels: 255 * images, "received values from .* to 25.*clip"),
        (lambda images, levels: images - 0.5, "received values from -0.5 to 0.5"),
        (lambda images, levels: images * np.nan, "received values from nan to nan"),
        (lambda images, levels: ops.cast(images, "uint8"), "received uint8 of shape"),
    ],
)
def test_what_a_task_returns_is_checked(transform, received, registries):
    pretext.TASKS["mine"] = pretext.Task("mine", transform, (0.0, 1.0))
    words = rf"pretext task 'mine': expected float images \(2, 16, 16, 3\) in \[0, 1\].*{received}"
    with pytest.raises(ValueError, match=words):
        pretext.check_transformed("mine", 16)


def test_a_task_is_checked_before_it_is_trained_on(registries, trained):
    pretext.TASKS["mine"] = pretext.Task("mine", nothing, (0.0, 1.0))
    with pytest.raises(ValueError, match="from nothing; received None"):
        wssl.run(wssl.Experiment(preset="smoke", pretext={"mine": 1.0}))
    assert trained == []


@pytest.mark.parametrize("level", ["left", None, float("nan"), True])
def test_levels_are_numbers(level):
    with pytest.raises(ValueError, match=f"levels: expected finite numbers; received {level!r}"):
        pretext.Task("mine", nothing, (0.0, level))
