"""Losses and controls side by side: against scipy, by hand, and by laws that hold."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from scipy import stats

from wssl import study
from wssl.claims import TESTS, Evidence
from wssl.experiment import Experiment
from wssl.report import comparisons, effects, noise, shares
from wssl.report.figures import OURS, PAPER
from wssl.statistics import Estimate, contrast, smallest_difference
from wssl.store import Store


@pytest.fixture(autouse=True)
def no_display():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def runs(ssim, psnr=None, **experiment):
    """A record a value."""
    found = []
    for seed, value in enumerate(ssim):
        chosen = Experiment(preset="smoke", seed=seed, **experiment)
        found.append(
            {
                "kind": "inpainting",
                "experiment": chosen.to_dict(),
                "fingerprint": chosen.fingerprint,
                "metrics": {"ssim": value, "psnr": 30 * value if psnr is None else psnr[seed]},
                "history": [[1, 0.5], [2, 0.4]],
                "provenance": {"seconds": 60.0},
            }
        )
    return found


def evaluation(terms=(0.01, 0.2, 0.001, 0.1), **experiment):
    chosen = Experiment(preset="smoke", **experiment)
    names = ("log_cosh", "ssim", "gradient_log_cosh", "gradient_ssim")
    return {
        "kind": "evaluation",
        "experiment": {"of": chosen.to_dict()},
        "terms": dict(zip(names, terms, strict=True)),
    }


# Configurations


def test_every_run_of_the_study_of_losses_is_in_one_of_the_comparisons(tmp_path, fabricate):
    experiments = study.losses(preset="smoke", seeds=2)
    assert {e.fingerprint for e in study.table(4, preset="smoke", seeds=2)} <= {
        e.fingerprint for e in experiments
    }
    records = fabricate(Store(tmp_path), experiments)
    groups = [
        *comparisons.select(records, comparisons.SHARES).values(),
        *comparisons.select(records, comparisons.PIXEL_LOSSES).values(),
    ]
    assert [len(group) for group in groups] == [2] * 12
    found = {record["fingerprint"] for group in groups for record in group}
    assert found == {e.fingerprint for e in experiments}


def test_every_run_of_the_controls_is_in_one_of_the_groups(tmp_path, fabricate):
    experiments = [
        *study.noise(preset="smoke", seeds=1),
        *study.controls(preset="smoke", seeds=3),
    ]
    records = fabricate(Store(tmp_path), experiments)
    groups = comparisons.select(records, comparisons.CONTROLS)
    assert [len(group) for group in groups.values()] == [8, 3, 3, 3, 3]
    found = {record["fingerprint"] for group in groups.values() for record in group}
    assert found == {e.fingerprint for e in experiments}


def test_a_configuration_without_runs_is_named():
    with pytest.raises(LookupError, match="encoder random"):
        comparisons.select(runs([0.8]), comparisons.CONTROLS)


# Differences


def test_differences_are_those_of_welch():
    first, other = [0.80, 0.81, 0.79, 0.82], [0.88, 0.90, 0.85]
    groups = {"paper": runs(first), "other": runs(other, encoder="scratch")}
    frame = comparisons.differences(groups)
    interval = stats.ttest_ind(other, first, equal_var=False).confidence_interval()
    middle, half = np.mean(interval), (interval.high - interval.low) / 2
    assert list(frame.index) == ["paper", "other"]
    assert frame["SSIM", "minus the first"].tolist() == ["", f"{middle:+.4f} ± {half:.4f}"]
    assert frame["PSNR (dB)", "minus the first"]["other"].startswith(f"{30 * middle:+.2f} ± ")
    assert frame["", "seeds"].tolist() == [4, 3]


def test_one_seed_gives_a_difference_without_an_interval():
    groups = {"paper": runs([0.8, 0.81]), "other": runs([0.9], encoder="scratch")}
    frame = comparisons.differences(groups)
    assert frame.loc["other", ("SSIM", "mean")] == "0.9000"
    assert frame.loc["other", ("SSIM", "minus the first")] == "+0.0950"


def test_the_differences_are_those_that_the_claims_are_judged_by():
    records = [
        *runs([0.80, 0.81, 0.79]),
        *runs([0.78, 0.80, 0.79], encoder="random"),
    ]
    groups = comparisons.select(
        records, {"pretext": {}, "random": comparisons.CONTROLS["random, frozen"]}
    )
    found = TESTS["features"](Evidence(records))
    mine = comparisons.difference(groups["pretext"], groups["random"], "ssim")
    assert (found.effect, found.low, found.high) == (mine.value, *mine.interval())


def test_progress_by_hand():
    (one,) = runs([0.8])
    losses = [1.0] * 35 + [0.5] * 5 + [0.45] * 5 + [0.4] * 5
    one["history"] = [[20 * (i + 1), loss] for i, loss in enumerate(losses)]
    frame = comparisons.progress({"one": [one]})
    assert frame.loc["one"].to_dict() == {
        "steps": 1000,
        "loss at the end": "0.40000",
        "still falling (%)": "20.0",
        "minutes": 1.0,
    }


@pytest.mark.parametrize(("history", "fall"), [([[1, 0.5]], "0.0"), ([[1, 0.5], [2, 0.4]], "20.0")])
def test_progress_of_the_shortest_training(history, fall):
    (one,) = runs([0.8])
    one["history"] = history
    assert comparisons.progress({"one": [one]})["still falling (%)"].tolist() == [fall]


def points(axis, marker="o"):
    return [line.get_xydata() for line in axis.lines if line.get_marker() == marker]


def test_a_dot_plot_has_every_run_the_first_mean_and_the_floor():
    groups = {"paper": runs([0.8, 0.82]), "one": runs([0.9], encoder="scratch")}
    figure = comparisons.dot_plot(groups, {"ssim": 0.7, "psnr": 21.0})
    for axis, scale, floor in zip(figure.axes, (1, 30), (0.7, 21.0), strict=True):
        drawn = points(axis)
        np.testing.assert_allclose(drawn[0], [[scale * 0.8, 0], [scale * 0.82, 0]])
        np.testing.assert_allclose(drawn[1], [[scale * 0.9, 1]])
        upright = {
            line.get_linestyle(): line.get_xdata()[0]
            for line in axis.lines
            if len(line.get_xdata())
        }
        assert upright[":"] == pytest.approx(scale * 0.81)
        assert upright["--"] == floor
        assert len(axis.containers) == 1  # one seed has no interval
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["paper", "one"]
    assert plt.get_fignums() == []


# The share of log-cosh

TERM = st.floats(1e-6, 10)


@given(*[TERM] * 4, st.sampled_from([0.16, 0.5, 0.84, 0.95, 0.99]))
def test_shares_are_shares(pixel, ssim, pixel_gradient, ssim_gradient, alpha):
    terms = (pixel, ssim, pixel_gradient, ssim_gradient)
    line = shares.realised_shares([evaluation(terms, alpha=alpha)]).iloc[0]
    assert line["value"] == pytest.approx(
        1 / (1 + (1 - alpha) / alpha * ssim / pixel), rel=1e-9, abs=1e-12
    )
    assert 0 < line["gradient"] < 1
    assume(0.01 < line["equal_gradient"] < 0.99)
    even = shares.realised_shares([evaluation(terms, alpha=line["equal_gradient"])])
    assert even["gradient"].item() == pytest.approx(0.5)


def test_the_parts_alone_have_all_and_nothing():
    frame = shares.realised_shares([evaluation(loss="ssim"), evaluation(loss="log_cosh")])
    assert frame["alpha"].tolist() == [0.0, 1.0]
    assert frame["value"].tolist() == frame["gradient"].tolist() == [0.0, 1.0]


def test_the_share_that_decides_the_claim_is_the_share_of_the_gradient():
    experiment = Experiment(preset="smoke")
    record = evaluation()
    record |= {"fingerprint": "e", "run": experiment.fingerprint}
    record["experiment"] |= {
        name: experiment.to_dict()[name] for name in ("dataset", "masks", "recipe", "coverage")
    }
    found = TESTS["both-terms"](Evidence([*runs([0.8]), record]))
    assert found.effect == pytest.approx(shares.realised_shares([record])["gradient"].item() - 0.25)


def test_weight_and_share():
    losses = [{"loss": "ssim"}, {"alpha": 0.84}, {"alpha": 0.99}, {"loss": "log_cosh"}]
    frame = shares.realised_shares(
        [evaluation(seed=seed, **loss) for seed in (0, 1) for loss in losses]
    )
    (axis,) = shares.weight_and_share(frame).axes
    curves = {
        line.get_label(): line.get_ydata()
        for line in axis.lines
        if not line.get_label().startswith("_")
    }
    np.testing.assert_allclose(curves["its weight, alpha"], [0, 84, 99, 100])
    for name in ("value", "gradient"):
        np.testing.assert_allclose(
            curves[f"its share of the {name}"], 100 * frame.groupby("alpha")[name].mean()
        )
    assert [label.get_text().split()[0] for label in axis.get_xticklabels()] == [
        "0",
        "0.84",
        "0.99",
        "1",
    ]


def test_metrics_against_the_weight_have_every_run():
    groups = {"0": runs([0.8, 0.82], loss="ssim"), "0.84": runs([0.9]), "1": runs([0.7])}
    figure = shares.share_curves(groups)
    drawn = points(figure.axes[0])
    np.testing.assert_allclose(drawn[0], [[0, 0.8], [0, 0.82]])
    np.testing.assert_allclose(np.concatenate(drawn[1:]), [[1, 0.9], [2, 0.7]])
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), [24.3, 27.0, 21.0])
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["0\nSSIM\nalone", "0.84\nthe\npaper", "1\nlog-cosh\nalone"]


# Noise


def metric_only(values):
    return [{"metrics": {"ssim": value, "psnr": value}} for value in values]


def test_the_interval_of_a_spread_covers_the_true_one(rng):
    hits = 0
    for _ in range(1000):
        deviation, low, high = noise.spread(metric_only(rng.normal(0.8, 0.01, 8)), "ssim")
        assert low < deviation < high
        hits += low < 0.01 < high
    assert 0.93 < hits / 1000 < 0.97


def test_one_run_has_no_spread():
    with pytest.raises(ValueError, match="at least 2 seeds"):
        noise.spread(metric_only([0.8]), "ssim")


def test_the_papers_differences():
    found = noise.printed_differences()
    assert [tuple(difference.values()) for difference in found.values()] == [
        (0.0012, -0.01),
        (0.0007, 0.34),
        (0.0027, 0.76),
        (0.0272, 0.51),
        (0.0063, 2.48),
        (0.0354, 1.92),
        (0.0258, 0.11),
    ]


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-4, 0.02), st.floats(1e-3, 0.1))
def test_seeds_needed_are_enough_and_one_less_is_not(deviation, difference):
    count = noise.seeds_needed(deviation, difference)
    assume(count is not None)
    assert smallest_difference(deviation, count) <= difference
    if count > 2:
        assert smallest_difference(deviation, count - 1) > difference
    assert noise.seeds_needed(deviation, -difference) == count


def test_a_difference_may_take_too_many_seeds():
    assert noise.seeds_needed(1.0, 1e-3) is None


def test_tables_of_what_seeds_show():
    seeds = metric_only([0.79, 0.80, 0.81])
    frame = noise.smallest_differences(seeds, (1, 2, 3))
    assert frame["SSIM"].tolist()[0] == "none"
    assert frame["SSIM"].tolist()[2] == f"{smallest_difference(0.01, 3):.4f}"
    table = noise.visibility(seeds)
    assert table.loc["WSSL minus PIC", ("SSIM", "difference")] == "+0.0258"
    count = noise.seeds_needed(0.01, 0.0258)
    assert table.loc["WSSL minus PIC", ("SSIM", "seeds of each")] == str(count)
    assert table.loc["rotation minus saturation", ("PSNR (dB)", "difference")] == "-0.01"


def test_bars_that_three_seeds_would_not_show_are_hollow():
    seeds = runs([0.79, 0.80, 0.81], [24.9, 25.0, 25.1])
    figure = noise.noise_figure(seeds)
    printed = noise.printed_differences().values()
    for axis, metric, deviation in zip(figure.axes, ("ssim", "psnr"), (0.01, 0.1), strict=True):
        shown = smallest_difference(deviation, 3)
        bars = [bar for bar in axis.patches if bar.get_width()]
        assert [bar.get_width() for bar in bars] == pytest.approx([p[metric] for p in printed])
        for bar in bars:
            colour = PAPER if abs(bar.get_width()) >= shown else "white"
            assert to_rgb(bar.get_facecolor()) == pytest.approx(to_rgb(colour))
        np.testing.assert_allclose(
            points(axis)[0], [[-deviation, 0], [0, 0], [deviation, 0]], atol=1e-9
        )
        dashed = [line for line in axis.lines if line.get_linestyle() == "--"]
        assert [line.get_xdata()[0] for line in dashed if len(line.get_xdata())] == pytest.approx(
            [smallest_difference(deviation, count) for count in (2, 3, 8)]
        )
        assert {to_rgb(line.get_color()) for line in dashed} == {to_rgb(OURS)}


# Text

NAN = float("nan")


@pytest.mark.parametrize(
    ("low", "high", "where"),
    [
        (0.1, 0.2, effects.ABOVE),
        (-0.2, -0.1, effects.BELOW),
        (-0.1, 0.2, effects.OPEN),
        (0.0, 0.2, effects.OPEN),
        (NAN, NAN, effects.ONCE),
    ],
)
def test_where_an_interval_lies(low, high, where):
    assert effects.outcome(low, high) == where


def test_an_effect_as_text():
    estimate = contrast([[0.82, 0.83, 0.84], [0.80, 0.81, 0.82]], (1.0, -1.0))
    low, high = estimate.interval()
    expected = f"+0.0200 SSIM (95 % interval {low:+.4f} to {high:+.4f}, includes zero)"
    assert effects.effect_text(estimate) == expected
    once = contrast([[25.0], [24.5, 24.6]], (1.0, -1.0))
    assert effects.effect_text(once, "dB") == "+0.45 dB (one seed)"


def test_a_finding_has_a_unit_of_its_own():
    records = [*runs([0.9, 0.901]), *runs([0.8, 0.801], loss="log_cosh")]
    text = effects.effect_text(TESTS["mix-log-cosh-psnr"](Evidence(records)))
    assert text.startswith("+3.00 dB (95 % interval +2.")
    assert text.endswith(", above zero)")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (effects.ABOVE, "this is better than that"),
        (effects.BELOW, "this is worse than that"),
        (effects.OPEN, "this cannot be told from that"),
        (effects.ONCE, "this cannot be compared with that from one seed"),
    ],
)
def test_which_of_two(found, text):
    assert effects.versus("this", "that", found) == text


@pytest.mark.parametrize(
    ("ways", "text"),
    [
        ((effects.ABOVE, effects.ABOVE), "it helps"),
        ((effects.ABOVE, effects.OPEN), "it helps, but not in every way that was tried"),
        ((effects.BELOW, effects.ABOVE), "it helps in one way and harms in another"),
        ((effects.OPEN, effects.BELOW), "it harms, but not in every way that was tried"),
        ((effects.BELOW, effects.BELOW), "it harms"),
        ((effects.OPEN, effects.OPEN), "it makes no difference that these runs could show"),
        ((effects.ABOVE, effects.ONCE), "this cannot be told from one seed"),
    ],
)
def test_whether_it_helps(ways, text):
    assert effects.helps(ways) == text


@given(st.floats(-0.3, 0.3), st.floats(1e-4, 0.2), st.integers(1, 30))
def test_equal_is_what_has_its_whole_interval_within_the_margin(value, error, freedom):
    estimate = Estimate(value, error, freedom)
    half = stats.t.interval(0.9, freedom, scale=error)[1]
    assume(abs(abs(value) + half - 0.1) > 1e-9)
    text = effects.equivalence_text(estimate, 0.1, "dB")
    assert ("equal within 0.1 dB (two" in text) == (abs(value) + half < 0.1)
    differs = abs(value) > stats.t.interval(0.95, freedom, scale=error)[1]
    assert ("not equal" in text) == (differs and abs(value) + half > 0.1)


def test_one_seed_shows_no_equality():
    text = effects.equivalence_text(Estimate(0.01, NAN, NAN), 0.1, "dB")
    assert text == "+0.01 dB, which cannot be told from one seed"
