"""The study at a glance: every row says what its records hold."""

import re

import numpy as np
import pytest

from wssl import report
from wssl.claims import findings
from wssl.report.tables.contrasts import runs_of
from wssl.report.web.headline import ROWS
from wssl.store import Store
from wssl.study import Study


@pytest.fixture
def found(fabricate, tmp_path):
    study = Study("smoke", seeds=3)
    fabricate(Store(tmp_path), study.of(ROWS.values()))
    return findings(Store(tmp_path).records(), study.design, registered=False)


@pytest.mark.parametrize(("metric", "decimals"), [("psnr", 2), ("ssim", 4)])
def test_every_row_says_its_mean_and_its_seeds(found, metric, decimals):
    shown = report.headline(found, metric)._repr_html_()
    points = re.findall(r'class="point [^"]*" tabindex="0" role="img" aria-label="([^"]*)"', shown)
    assert [point.split("; ")[0].replace("&#x27;", "'") for point in points] == list(ROWS)
    for point, arm in zip(points, ROWS.values(), strict=True):
        values = [run["metrics"][metric] for run in runs_of(found.campaign, [arm])]
        assert f"{np.mean(values):.{decimals}f}" in point
        if len(values) > 1:
            listed = ", ".join(f"{value:.{decimals}f}" for value in values)
            assert f"{len(values)} seeds: {listed}" in point
            assert "95 % interval" in point
        else:
            assert "interval" not in point


def test_a_row_without_runs_is_left_out(found):
    del found.campaign.runs[ROWS["PIC"]]
    assert "PIC" not in report.headline(found)._repr_html_()


def test_without_any_run_the_caption_says_so():
    assert "recorded yet" in report.headline(findings([]))._repr_html_()


def test_an_unknown_metric_is_named(found):
    with pytest.raises(ValueError, match="metric"):
        report.headline(found, "psnrr")
