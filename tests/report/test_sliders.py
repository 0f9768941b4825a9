"""Before and after in one frame, and details of a hole."""

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from wssl import report


def embedded(markup):
    """The pictures that a slider's HTML holds."""
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', markup)
    return [np.asarray(Image.open(BytesIO(base64.b64decode(text)))) for text in found]


def test_a_slider_holds_both_pictures_without_loss(rng):
    before = rng.integers(0, 256, (8, 9, 3), dtype=np.uint8)
    after = rng.random((8, 9, 3))
    first, second = embedded(report.slider(before, after, "a")._repr_html_())
    assert np.array_equal(first, before)
    assert np.array_equal(second, np.rint(255 * after))


def test_a_slider_needs_nothing_from_elsewhere(rng):
    image = rng.random((4, 4, 3))
    markup = report.slider(image, image, "a portrait")._repr_html_()
    assert "<script" not in markup
    assert "http" not in markup
    assert re.findall(r'(?:src|href)="(?!data:)', markup) == []


def test_captions_are_text_and_not_markup(rng):
    image = rng.random((4, 4, 3))
    shown = report.slider(image, image, 'a < b & "c"', names=("<i>", "after"))
    assert "a &lt; b &amp; &quot;c&quot;" in shown._repr_html_()
    assert "<i>" not in shown._repr_html_()
    assert repr(shown) == '<before and after: a < b & "c">'


def test_sliders_add_up(rng):
    one, two = (report.slider(x, x, name) for x, name in ((rng.random((4, 4, 3)), n) for n in "ab"))
    markup = (one + two)._repr_html_()
    assert len(embedded(markup)) == 4
    assert markup.count("<style>") == 1
    assert repr(one + two) == "<before and after: a; b>"


def test_pictures_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r"after: expected the shape of before, \(4, 4, 3\)"):
        report.slider(np.zeros((4, 4, 3)), np.zeros((5, 4, 3)), "a")


@pytest.mark.parametrize("shape", [(12, 12), (10, 17)])
@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_a_detail_is_the_square_that_holds_most_of_the_hole(rng, shape, share):
    mask = rng.random(shape) < 0.3
    rows, columns = report.detail(mask, share)
    side = max(1, round(share * min(shape)))
    assert mask[rows, columns].shape == (side, side)
    everywhere = [
        mask[y : y + side, x : x + side].sum()
        for y in range(shape[0] - side + 1)
        for x in range(shape[1] - side + 1)
    ]
    assert mask[rows, columns].sum() == max(everywhere)


@pytest.mark.parametrize("share", [0.0, 1.5, -1.0])
def test_a_share_beyond_the_picture_is_refused(share):
    with pytest.raises(ValueError, match="share: expected a number above 0 and at most 1"):
        report.detail(np.zeros((4, 4), bool), share)


def test_details_stand_beneath_the_pictures(rng):
    mask = np.zeros((20, 20), bool)
    mask[12:16, 3:7] = True
    images = [rng.random((20, 20, 3)) for _ in range(3)]
    figure = report.zoomed(images, mask, ("masked", "wssl", "original"), share=0.2)
    assert [axis.get_title() for axis in figure.axes[:3]] == ["masked", "wssl", "original"]
    for image, whole, detail in zip(images, figure.axes[:3], figure.axes[3:], strict=True):
        assert np.array_equal(whole.images[0].get_array(), image)
        assert np.array_equal(detail.images[0].get_array(), image[12:16, 3:7])
        assert {patch.get_xy() for patch in whole.patches} == {(2.5, 11.5)}


def test_two_fills_of_a_picture_are_compared_where_there_are_both(rng):
    filled = {name: rng.random((2, 4, 4, 3)) for name in ("one", "other")}
    made = report.compare(filled, ("one", "other"), "a picture", 1)
    assert (
        made.figures
        == report.slider(
            filled["one"][1], filled["other"][1], "a picture", ("one", "other")
        ).figures
    )
    missing = report.compare(filled, ("one", "third"), "a picture")
    assert missing.figures == ()
    assert "weights" in repr(missing)
