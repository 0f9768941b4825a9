"""The page "Try it": a hole is drawn, networks fill it as Keras does, and nothing else changes."""

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
READY = "Number(document.getElementById('demo').dataset.fills ?? 0) > {}"
FILLS = ("wssl", "control", "harmonic")


@pytest.fixture(scope="module")
def networks():
    """Networks of the desktop preset's size, whose output is rich though they are not trained."""
    from wssl.methods.unet import unet

    built = {"wssl": unet(64, 16, seed=1), "control": unet(64, 16, seed=2)}
    rng = np.random.default_rng(0)
    for network in built.values():
        network.set_weights([w + rng.normal(0, 0.02, w.shape) for w in network.get_weights()])
    return built


@pytest.fixture(scope="module")
def edition(html, tmp_path_factory, networks, archive):
    """The built book with these networks and the runtime."""
    from wssl import demo
    from wssl.export import to_onnx

    folder = tmp_path_factory.mktemp("edition")
    shutil.copytree(html, folder / "html")
    shutil.copytree(ROOT / "book" / "_demo", folder / "_demo", ignore=lambda *_: ["packed"])
    packed = folder / "_demo" / "packed"
    packed.mkdir()
    runtime = archive(demo.RUNTIME, demo.INTEGRITY)
    (packed / "runtime.js").write_text(demo.pack_runtime(runtime), encoding="utf-8")
    facts = {"size": 64, "preset": "p", "dataset": "d", "seed": 0, "fingerprint": "f", "psnr": 1.0}
    for name, network in networks.items():
        script = demo.packed(name, facts, to_onnx(network).SerializeToString())
        (packed / f"{name}.js").write_text(script, encoding="utf-8")
    _copy_demo(folder / "_demo", folder / "html" / "_demo")
    return folder / "html"


@pytest.fixture(scope="module")
def site(edition, serve):
    return serve(edition)


@pytest.fixture(scope="module")
def shown(site, visit):
    """The page with all that it needs, when it has filled its first hole."""
    shown = visit(f"{site}/demo.html")
    shown.page.wait_for_function(READY.format(1))
    return shown


def _copy_demo(source, target):
    runpy.run_path(str(ROOT / "book" / "_extensions" / "demo.py"))["copy_demo"](source, target)


def pixels(page, part):
    """What a canvas shows, uint8 (H, W, 4)."""
    script = """part => {
      const canvas = document.querySelector(`[data-part="${part}"]`);
      const whole = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [canvas.height, canvas.width, [...whole.data]];
    }"""
    height, width, values = page.evaluate(script, part)
    return np.array(values, np.uint8).reshape(height, width, 4)


def after_fill(page, act):
    """Do something that changes the hole, and wait until it is filled."""
    before = page.evaluate("Number(document.getElementById('demo').dataset.fills)")
    act()
    page.wait_for_function(READY.format(before))


def hole(page):
    return pixels(page, "hole")[..., 3] > 0


def canvas_box(page):
    page.evaluate("document.documentElement.scrollTop = 0")
    return page.locator("[data-part=hole]").bounding_box()


def draw(page):
    box = canvas_box(page)
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.2 * side, y + 0.3 * side)
    page.mouse.down()
    page.mouse.move(x + 0.7 * side, y + 0.4 * side, steps=8)
    page.mouse.move(x + 0.4 * side, y + 0.8 * side, steps=8)
    page.mouse.up()


def test_a_drawn_hole_is_filled_and_nothing_else_changes(shown, networks, capsys):
    from wssl.methods import METHODS
    from wssl.scores import inpaint_batches

    page = shown.page
    after_fill(page, page.locator("[data-part=clear]").click)
    assert not hole(page).any()
    after_fill(page, lambda: draw(page))
    drawn = hole(page)
    assert 0.02 < drawn.mean() < 0.3
    assert drawn[22, 29]
    assert not drawn[5, 5]
    original = pixels(page, "picture")[..., :3]
    image = original / np.float32(255)
    expected = {
        name: inpaint_batches(net, image[None], drawn[None])[0] for name, net in networks.items()
    }
    expected["harmonic"] = METHODS["harmonic"].fill(image, drawn)
    for name in FILLS:
        filled = pixels(page, name)[..., :3]
        assert np.array_equal(filled[~drawn], original[~drawn]), name
        levels = np.rint(255 * expected[name])[drawn]
        assert np.ptp(levels) > 20
        assert np.abs(filled[drawn] - levels).max() <= 1, name
        assert (filled[drawn] != original[drawn]).any(axis=1).mean() > 0.5, name
    times = {
        name: page.locator(f"[data-part={name}]").get_attribute("data-milliseconds")
        for name in FILLS
    }
    with capsys.disabled():
        print("\nmilliseconds to fill a hole:", times)


def test_the_page_is_quiet_and_every_reader_can_use_it(shown, axe):
    assert shown.faults == []
    assert shown.violations(axe) == []


def test_nothing_is_asked_for_while_a_hole_is_drawn_and_a_picture_opened(shown, rng, tmp_path):
    page = shown.page
    page.wait_for_load_state("networkidle")
    before = len(shown.requests)
    picture = rng.integers(0, 256, (128, 256, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "own.png")
    after_fill(page, lambda: page.set_input_files("[data-part=file]", tmp_path / "own.png"))
    after_fill(page, lambda: draw(page))
    left = [r for r in shown.requests[before:] if not r.startswith(("blob:", "data:"))]
    assert left == []
    middle = Image.fromarray(picture[:, 64:-64]).resize((64, 64), Image.Resampling.BOX)
    difference = pixels(page, "picture")[..., :3].astype(int) - np.asarray(middle)
    assert np.abs(difference).max() <= 1


def test_a_file_that_is_no_picture_is_named(shown, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    shown.page.set_input_files("[data-part=file]", tmp_path / "notes.txt")
    status = shown.page.locator("[data-part=status]")
    status.filter(has_text="notes.txt cannot be read as a picture").wait_for()


def test_a_hole_is_drawn_and_taken_back_with_keys(shown):
    page = shown.page
    after_fill(page, page.locator("[data-part=clear]").click)
    page.locator("[data-part=hole]").focus()
    page.keyboard.down(" ")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    after_fill(page, lambda: page.keyboard.up(" "))
    drawn = hole(page)
    columns = np.flatnonzero(drawn.any(axis=0))
    assert 10 <= np.ptp(columns) <= 16
    after_fill(page, page.locator("[data-part=undo]").click)
    assert not hole(page).any()


def test_a_hole_is_drawn_by_touch(site, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(f"{site}/demo.html")
    page.wait_for_function(READY.format(1), timeout=60_000)
    after_fill(page, page.locator("[data-part=clear]").tap)
    after_fill(page, page.locator("[data-part=hole]").tap)
    assert hole(page).any()
    context.close()


def test_another_picture_keeps_the_hole(shown):
    page = shown.page
    after_fill(page, page.locator("[data-part=strokes]").click)
    before, drawn = pixels(page, "picture"), hole(page)
    assert 0.3 < drawn.mean() < 0.35
    after_fill(page, lambda: page.locator("input[value=coffee]").check(force=True))
    assert np.array_equal(hole(page), drawn)
    assert not np.array_equal(pixels(page, "picture"), before)
    shipped = np.asarray(Image.open(ROOT / "book" / "_demo" / "pictures" / "coffee.png"))
    assert np.array_equal(pixels(page, "picture")[..., :3], shipped)


def test_a_hole_everywhere_is_refused(shown):
    page = shown.page
    page.locator("[data-part=brush]").fill("20")
    box = canvas_box(page)
    page.mouse.move(box["x"] + 20, box["y"] + 20)  # the frame's corners are round
    page.mouse.down()
    for row in range(9):
        edge = box["x"] + (1 if row % 2 else box["width"] - 1)
        page.mouse.move(edge, box["y"] + row * box["height"] / 8, steps=6)
        page.mouse.move(edge, box["y"] + min(row + 1, 8) * box["height"] / 8, steps=3)
    page.mouse.up()
    assert hole(page).all()
    page.locator("[data-part=status]").filter(has_text="the whole picture is hole").wait_for()


def test_the_page_works_from_a_disk(edition, visit):
    shown = visit((edition / "demo.html").as_uri())
    shown.page.wait_for_function(READY.format(1))
    assert shown.page.locator("[data-part=wssl-result]").inner_text().endswith("ms")
    assert shown.faults == []


def test_without_networks_the_page_says_so_and_the_harmonic_fill_works(
    html, tmp_path, serve, visit, axe
):
    shutil.copytree(html, tmp_path / "html")
    source = tmp_path / "_demo"
    shutil.copytree(ROOT / "book" / "_demo", source, ignore=lambda *_: ["packed"])
    _copy_demo(source, tmp_path / "html" / "_demo")
    shown = visit(f"{serve(tmp_path / 'html')}/demo.html")
    page = shown.page
    page.wait_for_function(READY.format(0))
    assert "make demo" in page.locator("[data-part=missing]").inner_text()
    assert not page.locator("[data-part=wssl]").is_visible()
    after_fill(page, lambda: draw(page))
    drawn, original = hole(page), pixels(page, "picture")
    filled = pixels(page, "harmonic")
    assert np.array_equal(filled[~drawn], original[~drawn])
    assert not np.array_equal(filled[drawn], original[drawn])
    assert shown.faults == []
    assert shown.violations(axe) == []
