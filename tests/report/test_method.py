"""Figures of the method, against the numbers that they are drawn from."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from wssl import methods, report

pytestmark = pytest.mark.usefixtures("no_display")


def test_the_network_is_drawn_with_a_box_for_each_layer_and_an_arc_for_each_skip():
    network = methods.unet(64, 4)
    tasks = ["rotation", "saturation", "sharpness"]
    axis = report.architecture(network, methods.ENCODER_LAYERS, tasks).axes[0]
    boxes = [patch for patch in axis.patches if isinstance(patch, Rectangle)]
    drawn = [
        layer
        for layer in network.layers
        if layer.name != "image" and not layer.name.endswith("_skip")
    ]
    assert len(boxes) == len(drawn)
    heights = [0.6 + np.log2(layer.output.shape[1]) for layer in drawn]
    np.testing.assert_allclose([box.get_height() for box in boxes], heights)
    widths = [0.25 + 0.12 * np.log2(layer.output.shape[-1]) for layer in drawn]
    np.testing.assert_allclose([box.get_width() for box in boxes], widths)
    colours = [box.get_facecolor() for box in boxes]
    encoder = methods.ENCODER_LAYERS - 1  # without the input, which has no box
    assert len(set(colours[:encoder])) == len(set(colours[encoder:])) == 1
    assert colours[0] != colours[-1]
    words = [text.get_text() for text in axis.texts]
    arcs = [text.xyann[0] for text in axis.texts if text.get_text() == ""]
    assert len(arcs) == len(methods.ENCODER_BLOCKS)
    assert arcs == sorted(arcs), "in an order of their own, so that the same file is written again"
    assert [word for word in words if word in tasks] == tasks


def test_losses_of_an_error_are_drawn_beside_both_classical_ones():
    errors = np.linspace(0, 1, 5)
    axis = report.error_curves(errors, {"mine": 3 * errors}).axes[0]
    drawn = {line.get_label(): line.get_ydata() for line in axis.lines}
    assert list(drawn) == ["mine", "squared error / 2", "absolute error"]
    np.testing.assert_allclose(drawn["mine"], [0, 0.75, 1.5, 2.25, 3])
    np.testing.assert_allclose(drawn["squared error / 2"], [0, 1 / 32, 1 / 8, 9 / 32, 1 / 2])
    np.testing.assert_allclose(drawn["absolute error"], [0, 0.25, 0.5, 0.75, 1])


def test_shares_are_drawn_in_per_cent_with_the_nominal_one_as_a_line():
    shares = pd.DataFrame(
        {
            "alpha": [0.5, 0.5, 0.84, 0.84],
            "psnr": [20.0, 30.0, 20.0, 30.0],
            "value": [0.1, 0.2, 0.3, 0.4],
            "gradient": [0.5, 0.6, 0.7, 0.8],
        }
    )
    left, right = report.share_curves(shares, 0.84).axes
    for axis, expected in ((left, [[10, 20], [30, 40]]), (right, [[50, 60], [70, 80]])):
        *curves, nominal = axis.lines
        np.testing.assert_allclose([curve.get_ydata() for curve in curves], expected)
        assert curves[0].get_linewidth() < curves[1].get_linewidth()
        np.testing.assert_allclose(nominal.get_ydata(), 84)


def test_the_histogram_of_coverage_counts_every_mask():
    coverage = {"thin": np.array([0.01, 0.02, 0.09, 0.95]), "dense": np.array([0.31, 0.41])}
    axis = report.coverage_histogram(coverage).axes[0]
    (band,) = axis.patches
    assert band.get_x() == 30
    assert band.get_width() == 20
    for steps, expected in zip(axis.lines, coverage.values(), strict=True):
        edges, heights = np.array(steps.get_data())[:, :-1]
        shares = (
            100 * np.histogram(100 * expected, bins=[*edges, edges[-1] + 2.5])[0] / expected.size
        )
        np.testing.assert_allclose(heights, shares)
        assert heights.sum() == pytest.approx(100)
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels == ["the paper's filter", "thin", "dense"]
