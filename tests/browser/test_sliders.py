"""Sliders between two pictures: by keyboard, by mouse, and wherever the book has one."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def shown(tmp_path_factory, serve, visit, view):
    """A page with a slider from black to white."""
    from wssl import report

    black, white = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 255, np.uint8)
    slider = report.slider(black, white, "a square", names=("black", "white"))
    folder = tmp_path_factory.mktemp("slider")
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><title>Slider</title><link rel="icon" href="data:,">'
        f"<body><main><h1>Slider</h1>{slider._repr_html_()}</main></body></html>"
    )
    return visit(f"{serve(folder)}/index.html", **view)


def brightness(shown, tmp_path):
    """How much of the frame is white, of its middle row."""
    from PIL import Image

    shown.page.evaluate("document.activeElement.blur()")
    shown.page.locator(".frame").screenshot(path=tmp_path / "frame.png")
    picture = np.asarray(Image.open(tmp_path / "frame.png").convert("L"))
    return (picture[len(picture) // 2] > 128).mean()


def test_the_arrow_keys_move_the_line(shown, tmp_path):
    slider = shown.page.get_by_role("slider")
    slider.fill("50")
    assert brightness(shown, tmp_path) == pytest.approx(0.5, abs=0.03)
    slider.focus()
    for _ in range(20):
        shown.page.keyboard.press("ArrowLeft")
    assert slider.input_value() == "30"
    assert brightness(shown, tmp_path) == pytest.approx(0.7, abs=0.03)
    slider.focus()
    shown.page.keyboard.press("End")
    assert brightness(shown, tmp_path) < 0.03


def test_the_mouse_moves_the_line(shown, tmp_path):
    box = shown.page.locator(".frame").bounding_box()
    y = box["y"] + box["height"] / 2
    shown.page.mouse.move(box["x"] + box["width"] / 2, y)
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + 0.8 * box["width"], y, steps=5)
    shown.page.mouse.up()
    assert brightness(shown, tmp_path) == pytest.approx(0.2, abs=0.05)


def test_every_reader_can_use_it(shown, axe):
    assert shown.faults == []
    assert shown.violations(axe) == []


def test_a_slider_of_the_book_moves(html, serve, visit):
    pages = [p for p in html.rglob("*.html") if 'class="wssl-slider"' in p.read_text("utf-8")]
    site = serve(html)
    for path in pages:
        page = visit(f"{site}/{path.relative_to(html).as_posix()}").page
        for slider in page.locator(".wssl-slider input").all():
            slider.focus()
            page.keyboard.press("Home")
            figure = slider.locator("xpath=ancestor::figure")
            assert figure.evaluate("f => f.style.getPropertyValue('--at')") == "0%"
