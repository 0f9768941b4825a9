import matplotlib.pyplot as plt
import numpy as np
import pytest

from wssl import study
from wssl.experiment import Experiment
from wssl.report import method_name
from wssl.report.baselines import (
    BINS,
    by_coverage,
    by_method,
    cost_table,
    method_table,
    strata_figure,
    strata_table,
    variants_table,
)
from wssl.store import Store


@pytest.fixture(autouse=True)
def no_display():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture
def experiments():
    floors = [e for e in study.baselines(preset="smoke", seeds=2) if e.method in ("telea",)]
    wssl = [Experiment(preset="smoke", seed=seed) for seed in (0, 1)]
    return [*floors, Experiment(preset="smoke", encoder="scratch"), *wssl]


@pytest.fixture
def records(experiments, fabricate, tmp_path):
    return fabricate(Store(tmp_path), experiments)


def test_methods_come_in_the_books_order(records):
    groups = by_method(records)
    assert {name: len(runs) for name, runs in groups.items()} == {
        "WSSL": 2,
        "no pretext, end to end": 1,
        "Telea": 1,
    }
    assert list(groups) == ["WSSL", "no pretext, end to end", "Telea"]
    assert [method_name(r) for r in records] == [
        "Telea",
        "no pretext",
        "WSSL, mixed loss",
        "WSSL, mixed loss",
    ]


def test_the_table_of_methods(records):
    groups = by_method(records)
    table = method_table(groups)
    mean = np.mean([r["metrics"]["ssim"] for r in records[-2:]])
    assert table.loc["WSSL", "SSIM"].startswith(f"{mean:.4f} ± ")
    assert table.loc["Telea", "PSNR (dB), hole only"] == f"{records[0]['metrics']['psnr_hole']:.2f}"
    assert table.loc["WSSL", "runs"] == "2"
    costs = cost_table(groups, {"WSSL": 1_234_567}, dict.fromkeys(groups, 2.5))
    assert costs["parameters, million"].to_dict() == {
        "WSSL": "1.23",
        "no pretext, end to end": "—",
        "Telea": "—",
    }
    assert costs.loc["Telea", "fill, ms"] == "2.5"


def test_what_was_drawn_at_random_stands_beside_the_mean(fabricate, tmp_path):
    experiments = [Experiment(method="pic", preset="smoke", seed=seed) for seed in (0, 1)]
    records = fabricate(Store(tmp_path), experiments)
    table = variants_table(records)
    assert list(table.index) == [
        "mean of the latent",
        "one sample",
        "best of 10 samples, by the original",
    ]
    means = [np.mean([r["variants"][name]["psnr_hole"] for r in records]) for name in ("sample",)]
    assert table.loc["one sample", "PSNR (dB), hole only"].startswith(f"{means[0]:.2f} ± ")


def test_means_by_coverage(rng):
    covered = np.array([0.05, 0.15, 0.19, 0.35, 0.55, 0.65])
    values = rng.random(6)
    record = {"per_image": {"coverage": covered.tolist(), "psnr": [*values[:5], None]}}
    found = by_coverage([record], "psnr")
    expected = [values[1:3].mean(), np.nan, values[3], np.nan, values[4]]
    np.testing.assert_allclose(found, [expected])
    assert by_coverage([record, record], "psnr").shape == (2, len(BINS) - 1)


def test_strata_as_table_and_figure(experiments, fabricate, tmp_path):
    store = Store(tmp_path)
    sets = {
        width: fabricate(store, evaluations)
        for width, evaluations in study.strata(experiments).items()
    }
    table = strata_table(sets)
    assert list(table.columns) == ["images", "WSSL", "no pretext, end to end", "Telea"]
    assert len(table) == 3 * (len(BINS) - 1)
    assert table["images"].groupby("strokes").sum().max() <= 8
    runs = [r for r in sets["thin"] if r["experiment"]["of"]["encoder"] == "frozen"]
    mean = by_coverage(runs[-2:], "psnr")[:, 2].mean()
    assert table.loc[("thin", "30 to 40 %"), "WSSL"] == f"{mean:.2f}"
    figure = strata_figure(sets)
    assert [axis.get_title() for axis in figure.axes] == [
        f"{width} strokes" for width in ("thin", "medium", "thick")
    ]
