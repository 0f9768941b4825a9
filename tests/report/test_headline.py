"""The study at a glance: every row says what its records hold."""

import re
from dataclasses import replace

import numpy as np
import pytest

from wssl import report
from wssl.claims import findings
from wssl.claims.catalogue import BEST_ARM, PIC, RANDOM, SCRATCH
from wssl.claims.outcomes import to_show
from wssl.records.store import Store
from wssl.report.tables.contrasts import runs_of
from wssl.report.web.headline import ROWS
from wssl.study import Study


@pytest.fixture
def found(fabricate, tmp_path):
    study = Study("smoke", seeds=3)
    fabricate(Store(tmp_path), study.of(ROWS.values()))
    return findings(Store(tmp_path).records(), study.design, registered=False)


def test_every_row_says_its_mean_and_its_seeds(found):
    shown = report.headline(found)._repr_html_()
    points = re.findall(r'class="point [^"]*" tabindex="0" role="img" aria-label="([^"]*)"', shown)
    assert [point.split("; ")[0].replace("&#x27;", "'") for point in points] == list(ROWS)
    for point, arm in zip(points, ROWS.values(), strict=True):
        runs = runs_of(found.campaign, [arm])
        values = [1 - run["metrics"]["ssim"] for run in runs]
        assert f"{np.mean(values):.3f}" in point
        if len(values) > 1:
            listed = ", ".join(f"{value:.3f}" for value in values)
            assert f"{len(values)} seeds: {listed}" in point
            assert "95 % interval" in point
        else:
            assert "interval" not in point
    runs = runs_of(found.campaign, ROWS.values())
    assert report.headline(found).records == tuple(run["fingerprint"] for run in runs)


def test_a_row_without_runs_is_left_out(found):
    del found.campaign.runs[ROWS["PIC"]]
    assert "PIC" not in report.headline(found)._repr_html_()


def test_without_any_run_the_caption_says_so(found):
    found.campaign.runs.clear()
    assert "recorded yet" in report.headline(found)._repr_html_()


def test_registered_runs_that_are_missing_are_awaited():
    shown = report.headline(findings([]))._repr_html_()
    assert shown.count(">awaiting runs<") == len(ROWS) - 2
    assert "Shift-Net" not in shown, "its claim is about another width"
    assert "PSNR" not in shown
    assert 'class="point' not in shown


def test_runs_that_diverged_are_left_out_with_a_mark(found):
    for seed, run in found.campaign.runs[SCRATCH].items():
        run["history"] = [[1, 0.1], [2, 0.5 if seed else 0.1]]
    shown = report.headline(found)._repr_html_()
    mean = 1 - found.campaign.runs[SCRATCH][0]["metrics"]["ssim"]
    assert f">{mean:.3f} *<" in shown
    assert (
        "* Without the runs whose training diverged, 2 of 3 of “Trained from scratch, nothing "
        "frozen”: verdicts count them." in shown
    )
    found.campaign.__dict__.pop("converged")
    found.campaign.runs[SCRATCH][0]["history"] = [[1, 0.1], [2, 0.5]]
    assert ">diverged *<" in report.headline(found)._repr_html_()


HALF = "At half the rate"


def halved(found, seeds):
    """As if the controls had run again with other scores, with these of their seeds."""
    again = findings([], replace(found.campaign.design, many=(0, 1, 2)), registered=False)
    for arm in (BEST_ARM, RANDOM, SCRATCH):
        again.campaign.runs[arm] = {
            seed: {**run, "fingerprint": f"again-{run['fingerprint']}", "metrics": {"ssim": 0.5}}
            for seed, run in found.campaign.runs[arm].items()
            if seed in seeds
        }
    return again


def test_where_runs_diverged_those_at_half_the_rate_are_shown_once_all_are_there(found):
    whole = halved(found, (0, 1, 2))
    plain = report.headline(found)._repr_html_()
    assert report.headline(found, {HALF: whole})._repr_html_() == plain, "no run diverged"
    found.campaign.runs[SCRATCH][1]["history"] = [[1, 0.1], [2, 0.5]]
    found.campaign.__dict__.pop("converged", None)
    some = report.headline(found, {HALF: halved(found, (0, 1))})._repr_html_()
    assert "again-" not in some
    shown = report.headline(found, {HALF: whole})._repr_html_()
    assert shown.count(">0.500<") == 3
    assert f"none of which diverged: {HALF[0].lower()}{HALF[1:]}." in shown
    assert "diverged," not in shown, "each row has all of its seeds"
    pic = next(iter(found.campaign.runs[PIC].values()))["fingerprint"]
    assert pic in shown


def test_what_is_shown_instead_has_every_seed(found):
    arms = [BEST_ARM, RANDOM, SCRATCH]
    whole, part = (halved(found, seeds) for seeds in ((0, 1, 2), (0, 1)))
    own = "", found.campaign
    assert to_show(found.campaign, {HALF: whole}, arms) == own, "no run diverged"
    found.campaign.runs[SCRATCH][1]["history"] = [[1, 0.1], [2, 0.5]]
    assert to_show(found.campaign, {"First": part, HALF: whole}, arms) == (HALF, whole.campaign)
    assert to_show(found.campaign, {HALF: part}, arms) == own
    assert to_show(found.campaign, {HALF: whole}, [BEST_ARM]) == own, "none of its runs diverged"
    fill = ROWS["No network: harmonic fill"]
    assert to_show(found.campaign, {HALF: whole}, [*arms, fill])[0] == HALF
    lost = halved(found, (0, 1, 2))
    lost.campaign.runs[RANDOM][2]["history"] = [[1, 0.1], [2, 0.5]]
    assert to_show(found.campaign, {HALF: lost}, arms) == own, "one of these diverged, too"
