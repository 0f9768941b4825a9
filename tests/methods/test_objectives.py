import numpy as np
import pytest

from wssl import data
from wssl.data import sources
from wssl.experiment import Experiment
from wssl.methods import METHODS, OBJECTIVES
from wssl.records.fields import describe
from wssl.records.store import Store
from wssl.runs import inputs
from wssl.runs.execution import pretrain, run

pytestmark = pytest.mark.xdist_group("runs")


class Labelled:
    """Drawn portraits, of which every third counts as a photograph."""

    def images(self, split, size, count):
        return data.images("synthetic", split, size, count or 32)

    def kinds(self, split):
        return [int(number % 3 > 0) for number in range(32)]

    def fingerprint(self):
        return "labelled portraits"


@pytest.fixture(autouse=True)
def labelled(monkeypatch):
    monkeypatch.setitem(sources.SOURCES, "labelled", Labelled())


def experiment(objective, **fields):
    given = {"preset": "smoke", "dataset": "labelled", "masks": "synthetic", **fields}
    return Experiment(objective=objective, settings={"width": 2}, **given)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_trains_an_encoder_that_the_inpainting_phase_takes(name, tmp_path, eager):
    store, trained = Store(tmp_path), experiment(name)
    record = pretrain(trained.pretraining, store)
    again = pretrain(trained.pretraining, Store(tmp_path / "again"))
    assert record["metrics"] == again["metrics"]
    objective = OBJECTIVES[name]
    tasks = {"kind"} if objective.labelled else set(trained.pretext)
    assert set(record["learned"]) == set(record["confusion"]) == tasks
    assert set(record["metrics"]) == ({f"accuracy_{task}" for task in tasks} or {"loss"})
    assert np.isfinite(list(record["metrics"].values())).all()
    found = record.get("weights")
    assert (found is not None) == (name in ("uncertainty", "gradnorm"))
    if found:
        assert found != dict.fromkeys(found, 1.0)
        assert all(0.9 < weight < 1.1 for weight in found.values())
    words = describe("pretext", trained.pretraining.to_dict())
    assert words.startswith("pretext phase")
    assert (f"objective {name}" in words) == (name != "weighted")
    with np.load(store.weights_path(trained.pretraining.fingerprint)) as file:
        learned = [file[f"arr_{i}"] for i in range(20)]
    start = METHODS["wssl"].build(32, 2, 0).get_weights()[:20]
    assert all(not np.array_equal(a, b) for a, b in zip(learned[::2], start[::2], strict=True))
    result = run(trained, store)
    assert result.record["pretext"] == trained.pretraining.fingerprint
    frozen = result.model().get_weights()[:20]
    assert all(np.array_equal(a, b) for a, b in zip(learned, frozen, strict=True))


@pytest.mark.parametrize("method", ["noise_filled", "mask_channel", "partial"])
@pytest.mark.parametrize("objective", ["masked", "masked_patches"])
def test_networks_that_know_the_mask_run_through_the_same_door(method, objective, tmp_path, eager):
    trained = experiment(objective, method=method)
    result = run(trained, Store(tmp_path))
    assert result.metrics["psnr"] > 0
    assert result.record["mechanism"] is None
    images, masks = inputs.evaluation_data(trained)
    restored = result.inpaint(images[:2], masks[:2])
    other = np.where(masks[:2, ..., None], np.float32(0.5), images[:2])
    np.testing.assert_array_equal(result.inpaint(other, masks[:2]), restored)


def test_a_tenth_of_the_labelled_images_is_held_out():
    phase = experiment("real_or_generated").pretraining
    images, kinds, held_out, held_out_kinds = inputs.labelled(phase)
    whole = inputs.images("labelled", "train", phase.scale)
    assert (len(images), len(held_out)) == (28, 4)
    np.testing.assert_array_equal(held_out, whole[[0, 10, 20, 30]])
    assert held_out_kinds.tolist() == [0, 1, 1, 0]
    assert kinds.sum() + held_out_kinds.sum() == sum(Labelled().kinds("train"))


def test_labels_are_those_of_the_manifest():
    kinds = data.kinds("open-faces-2")
    assert (len(kinds), kinds.sum()) == (2800, 1915)
    assert not data.kinds("open-faces-2", "test").any()
    assert kinds[0] == 1
    np.testing.assert_array_equal(data.kinds("open-faces-2", count=7), kinds[:7])
    with pytest.raises(ValueError, match="labelled as real or generated.*'synthetic'"):
        data.kinds("synthetic")


def test_an_objective_without_tasks_has_none():
    assert not experiment("vicreg").pretext
    assert Experiment.from_dict(experiment("vicreg").to_dict()) == experiment("vicreg")
    with pytest.raises(ValueError, match="pretext: expected none for objective='vicreg'"):
        experiment("vicreg", pretext={"rotation": 1.0})
    phases = {name: experiment(name).pretraining.fingerprint for name in OBJECTIVES}
    assert len(set(phases.values())) == len(OBJECTIVES)
