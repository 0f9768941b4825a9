"""The study at a glance: every row says what its records hold."""

import re

import numpy as np
import pytest

from wssl import report, study
from wssl.report.comparisons import select, values
from wssl.report.headline import ROWS
from wssl.store import Store


@pytest.fixture
def records(fabricate, tmp_path):
    settings = {"preset": "smoke", "seeds": 3}
    parts = study.noise(**settings), study.controls(**settings), study.baselines(**settings)
    experiments = {e.fingerprint: e for part in parts for e in part}
    return fabricate(Store(tmp_path), experiments.values())


@pytest.mark.parametrize(("metric", "decimals"), [("psnr", 2), ("ssim", 4)])
def test_every_row_says_its_mean_and_its_seeds(records, metric, decimals):
    shown = report.headline(records, metric)._repr_html_()
    points = re.findall(r'class="point [^"]*" tabindex="0" role="img" aria-label="([^"]*)"', shown)
    assert [point.split("; ")[0].replace("&#x27;", "'") for point in points] == list(ROWS)
    for point, runs in zip(points, select(records, ROWS).values(), strict=True):
        found = values(runs, metric)
        assert f"{np.mean(found):.{decimals}f}" in point
        if len(found) > 1:
            assert f"{len(found)} seeds: " + ", ".join(f"{v:.{decimals}f}" for v in found) in point
            assert "95 % interval" in point
        else:
            assert "interval" not in point


def test_a_row_without_runs_is_named(records):
    kept = [r for r in records if r["experiment"]["encoder"] != "random"]
    with pytest.raises(LookupError, match="random"):
        report.headline(kept)


def test_an_unknown_metric_is_named(records):
    with pytest.raises(ValueError, match="metric"):
        report.headline(records, "psnrr")
