"""The page "Try it": a hole is drawn, networks fill it as Keras does, and nothing else changes."""

import itertools
import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binom

ROOT = Path(__file__).parents[2]
SIZE = 128
READY = "Number(document.getElementById('demo').dataset.fills ?? 0) > {}"
ROUND = "Number(document.getElementById('blind').dataset.round ?? 0) > {}"
LEARNED = ("wssl", "scratch")
FILLS = (*LEARNED, "harmonic", "biharmonic")


@pytest.fixture(scope="module")
def networks():
    """Networks of the demo's size and width, whose output is rich though they are not trained."""
    from wssl.methods.unet import unet

    built = {name: unet(SIZE, 16, seed=seed) for seed, name in enumerate(LEARNED)}
    rng = np.random.default_rng(0)
    for network in built.values():
        network.set_weights([w + rng.normal(0, 0.02, w.shape) for w in network.get_weights()])
    return built


@pytest.fixture(scope="module")
def edition(html, tmp_path_factory, networks, archive):
    """The built book with these networks and the runtime."""
    from wssl.book import demo
    from wssl.export import to_onnx

    folder = tmp_path_factory.mktemp("edition")
    shutil.copytree(html, folder / "html")
    shutil.copytree(ROOT / "book" / "_demo", folder / "_demo", ignore=lambda *_: ["packed"])
    packed = folder / "_demo" / "packed"
    packed.mkdir()
    runtime = archive(demo.RUNTIME, demo.INTEGRITY)
    (packed / "runtime.js").write_text(demo.pack_runtime(runtime), encoding="utf-8")
    facts = {"size": SIZE, "preset": "p", "dataset": "d", "seed": 0, "ssim": 0.5}
    for name, network in networks.items():
        script = demo.packed(
            name, facts | {"fingerprint": name}, to_onnx(network).SerializeToString()
        )
        (packed / f"{name}.js").write_text(script, encoding="utf-8")
    _copy_demo(folder / "_demo", folder / "html" / "_demo")
    return folder / "html"


@pytest.fixture(scope="module")
def site(edition, serve):
    return serve(edition)


@pytest.fixture(scope="module")
def shown(site, visit):
    """The page with all that it needs, when the blind round has begun."""
    shown = visit(f"{site}/demo.html")
    shown.page.wait_for_function(ROUND.format(0))
    return shown


def _copy_demo(source, target):
    runpy.run_path(str(ROOT / "book" / "_extensions" / "demo.py"))["copy_demo"](source, target)


def pixels(page, part, root="demo"):
    """What a canvas shows, uint8 (H, W, 4)."""
    script = """([root, part]) => {
      const canvas = document.querySelector(`#${root} [data-part="${part}"]`);
      const whole = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [canvas.height, canvas.width, [...whole.data]];
    }"""
    height, width, values = page.evaluate(script, [root, part])
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


def drag(page, *points):
    """Press at the first of some points, in shares of the picture's side, and go to the others."""
    box = canvas_box(page)
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def draw(page):
    drag(page, (0.2, 0.3), (0.7, 0.4), (0.4, 0.8))


def status(page):
    return page.locator("#demo [data-part=status]")


def test_a_drawn_hole_is_filled_and_nothing_else_changes(shown, networks, capsys):
    from wssl.methods import METHODS
    from wssl.metrics import evaluate
    from wssl.runs.scores import inpaint_batches

    page = shown.page
    after_fill(page, page.locator("[data-part=clear]").click)
    assert not hole(page).any()
    after_fill(page, lambda: draw(page))
    drawn = hole(page)
    assert 0.02 < drawn.mean() < 0.3
    assert drawn[44, 58]
    assert not drawn[10, 10]
    original = pixels(page, "picture")[..., :3]
    image = original / np.float32(255)
    expected = {
        name: inpaint_batches(net, image[None], drawn[None])[0] for name, net in networks.items()
    }
    for name in ("harmonic", "biharmonic"):
        expected[name] = METHODS[name].fill(image, drawn)
    for name in FILLS:
        filled = pixels(page, name)[..., :3]
        assert np.array_equal(filled[~drawn], original[~drawn]), name
        levels = np.rint(255 * expected[name])[drawn]
        assert np.ptp(levels) > 20
        assert np.abs(filled[drawn] - levels).max() <= 1, name
        assert (filled[drawn] != original[drawn]).any(axis=1).mean() > 0.5, name
        scores = evaluate(image[None], filled[None] / np.float32(255), drawn[None])
        text = page.locator(f"[data-part={name}-result]").inner_text().replace("\xa0", " ")
        ssim, psnr = text.removeprefix("SSIM ").removesuffix(" dB").split(", ")
        assert abs(float(ssim) - scores["ssim_hole"][0]) < 0.00051, name
        assert abs(float(psnr) - scores["psnr_hole"][0]) < 0.051, name
    times = {
        name: page.locator(f"[data-part={name}]").get_attribute("data-milliseconds")
        for name in FILLS
    }
    loaded = page.locator("#demo").get_attribute("data-loaded")
    with capsys.disabled():
        print(f"\nmilliseconds to load the networks: {loaded}, to fill a hole: {times}")


def test_the_fills_without_a_network_agree_with_python_s_on_any_hole(shown, rng):
    from wssl.methods import METHODS

    side = 24
    image = rng.integers(0, 256, (side, side, 4), dtype=np.uint8)
    corner = np.ones((side, side), bool)
    corner[-1, -1] = False
    for mask in (rng.random((side, side)) < 0.5, corner, np.eye(side, dtype=bool)):
        for name in ("harmonic", "biharmonic"):
            values = shown.page.evaluate(
                f"([picture, hole]) => [...fills.{name}(picture, Uint8Array.from(hole), {side})]",
                [image.ravel().tolist(), mask.ravel().astype(int).tolist()],
            )
            filled = np.clip(np.reshape(values, (side, side, 3)), 0, 1)
            expected = METHODS[name].fill(image[..., :3] / 255.0, mask)
            assert np.abs(filled - expected)[mask].max() < 1e-4, name


def test_the_page_is_quiet_and_every_reader_can_use_it(shown, axe):
    assert shown.faults == []
    assert shown.violations(axe) == []


def test_nothing_is_asked_for_while_a_hole_is_drawn_and_a_picture_opened(shown, rng, tmp_path):
    page = shown.page
    page.wait_for_load_state("networkidle")
    before = len(shown.requests)
    picture = rng.integers(0, 256, (2 * SIZE, 4 * SIZE, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "own.png")
    after_fill(page, lambda: page.set_input_files("[data-part=file]", tmp_path / "own.png"))
    after_fill(page, lambda: draw(page))
    left = [r for r in shown.requests[before:] if not r.startswith(("blob:", "data:"))]
    assert left == []
    middle = Image.fromarray(picture[:, SIZE:-SIZE]).resize((SIZE, SIZE), Image.Resampling.BOX)
    difference = pixels(page, "picture")[..., :3].astype(int) - np.asarray(middle)
    assert np.abs(difference).max() <= 1


def test_a_file_that_is_no_picture_is_named(shown, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    shown.page.set_input_files("[data-part=file]", tmp_path / "notes.txt")
    status(shown.page).filter(has_text="notes.txt cannot be read as a picture").wait_for()


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
    assert 20 <= np.ptp(columns) <= 32
    after_fill(page, page.locator("[data-part=undo]").click)
    assert not hole(page).any()


def test_a_rectangle_is_drawn_with_the_pointer_and_with_keys(shown):
    page = shown.page
    after_fill(page, page.locator("[data-part=clear]").click)
    page.locator("[value=rectangle]").check()
    after_fill(page, lambda: drag(page, (0.25, 0.5), (0.9, 0.9), (0.5, 0.75)))
    expected = np.zeros((SIZE, SIZE), bool)
    expected[SIZE // 2 : SIZE * 3 // 4, SIZE // 4 : SIZE // 2] = True
    assert (hole(page) ^ expected).sum() <= SIZE  # the pointer meets no corner of a pixel exactly
    after_fill(page, page.locator("[data-part=undo]").click)
    assert not hole(page).any()
    page.locator("[data-part=hole]").focus()
    page.keyboard.press("Enter")
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    after_fill(page, lambda: page.keyboard.press("Enter"))
    rows, columns = (np.flatnonzero(hole(page).any(axis=axis)) for axis in (1, 0))
    assert hole(page).sum() == len(rows) * len(columns)
    assert (len(rows), len(columns)) == (8, 4)
    page.locator("[value=brush]").check()


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
    status(page).filter(has_text="The hole is the whole picture").wait_for()


def test_the_slider_shows_one_picture_on_each_side_of_its_line(shown):
    page = shown.page
    after_fill(page, page.locator("[data-part=strokes]").click)
    page.locator("[data-part=before]").select_option("hole")
    page.locator("[name=fill][value=harmonic]").check()
    assert np.array_equal(pixels(page, "right"), pixels(page, "harmonic"))
    masked = pixels(page, "picture").copy()
    masked[hole(page)] = pixels(page, "hole")[hole(page)]
    assert np.array_equal(pixels(page, "left"), masked)
    titles = [page.locator(f"[data-part={side}-title]").inner_text() for side in ("left", "right")]
    assert titles == ["With its hole", "Harmonic"]
    slider = page.locator("[data-part=split]")
    slider.fill("30")
    assert slider.get_attribute("aria-valuetext") == "30% With its hole, the rest Harmonic"
    box = page.locator("[data-part=comparison]").bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    assert abs(float(slider.input_value()) - 80) <= 1
    script = "getComputedStyle(document.querySelector('[data-part=right]')).clipPath"
    assert "80%" in page.evaluate(script).replace("79%", "80%")


def test_a_link_restores_the_settings_in_another_browser(shown, visit, site):
    page = shown.page
    after_fill(page, lambda: page.locator("[name=picture][value=cat]").check(force=True))
    page.locator("[name=fill][value=scratch]").check()
    page.locator("[data-part=before]").select_option("biharmonic")
    for act in (page.locator("[data-part=strokes]").click, lambda: draw(page)):
        after_fill(page, act)
        page.locator("[data-part=share-link]").click()
        status(page).filter(has_text="The link is").wait_for()
        address = page.evaluate("location.href")
        assert len(address) < 4000
        other = visit(address).page
        other.wait_for_function(ROUND.format(0))
        assert np.array_equal(hole(other), hole(page))
        for name in ("picture", "left", "right", "wssl"):
            assert np.array_equal(pixels(other, name), pixels(page, name)), name
        assert other.locator("[name=picture][value=cat]").is_checked()
        assert other.locator("[name=fill][value=scratch]").is_checked()
        assert other.locator("[data-part=before]").input_value() == "biharmonic"
        assert not other.locator("[data-part=link-fault]").is_visible()


def test_a_link_to_an_own_picture_holds_the_hole_alone(shown, visit, tmp_path):
    page = shown.page
    Image.new("RGB", (200, 200), (10, 200, 30)).save(tmp_path / "mine.png")
    after_fill(page, lambda: page.set_input_files("[data-part=file]", tmp_path / "mine.png"))
    page.locator("[data-part=share-link]").click()
    status(page).filter(has_text="Your own picture is not part of it").wait_for()
    address = page.evaluate("location.href")
    assert "mine" not in address
    other = visit(address).page
    other.wait_for_function(READY.format(0))
    first = np.asarray(Image.open(ROOT / "book" / "_demo" / "pictures" / "portrait-1.png"))
    assert np.array_equal(pixels(other, "picture")[..., :3], first)
    assert np.array_equal(hole(other), hole(page))


GOOD = {"try": "1", "picture": "cat", "fill": "wssl", "before": "original", "strokes": "7"}
MALFORMED = {
    "another version": GOOD | {"try": "12"},
    "a picture of no name": GOOD | {"picture": "dog"},
    "an attribute of every object": GOOD | {"picture": "__proto__"},
    "an address": GOOD | {"picture": "https://example.org/x.png"},
    "a selector": GOOD | {"fill": "wssl],*["},
    "markup": GOOD | {"before": "<img src=x onerror=alert(1)>"},
    "no strokes": GOOD | {"strokes": ""},
    "strokes below zero": GOOD | {"strokes": "-1"},
    "strokes beyond": GOOD | {"strokes": "1e9"},
    "another part": GOOD | {"more": "1"},
    "strokes and a hole": GOOD | {"hole": "AA", "size": "128"},
    "a huge size": {**GOOD, "size": "99999", "hole": "AA"} | {"strokes": "x"},
    "bad percent signs": GOOD | {"fill": "%E0%A4%A"},
}
HOLES = ("", "AA", "A", "====", "gICAgICAgICA", "_____w", "AIAB!", "gIAC", "%00", "x" * 40000)


def test_malformed_links_are_ignored_with_a_message(shown, site):
    page = shown.page
    known = "{pictures: ['cat', 'own'], fills: ['wssl'], befores: ['original']}"
    script = f"""address => {{
      try {{ return link.read(address, {known}); }} catch (error) {{ return error.message; }}
    }}"""
    write = lambda parts: "#" + "&".join(f"{k}={v}" for k, v in parts.items())  # noqa: E731
    assert page.evaluate(script, write(GOOD)) == {
        "picture": "cat", "fill": "wssl", "before": "original", "strokes": 7,
    }  # fmt: skip
    assert page.evaluate(script, "#what-is-compared") is None
    plain = {name: value for name, value in GOOD.items() if name != "strokes"}
    holed = [plain | {"size": "128", "hole": text} for text in HOLES]
    sized = [
        plain | {"size": text, "hole": "AA"} for text in ("", "0", "31", "288", "64.0", "0x40")
    ]
    addresses = [write(parts) for parts in (*MALFORMED.values(), *holed, *sized)]
    addresses += [write(plain), write(GOOD) + "&strokes=8", write(GOOD) + "&", "#try=1", "#try=1&a"]
    for address in addresses:
        assert isinstance(page.evaluate(script, address), str), address
    before = pixels(page, "picture"), hole(page)
    for address in addresses:
        page.evaluate("address => { location.hash = address; }", address)
    message = page.locator("[data-part=link-fault]").filter(has_text="This link cannot be read")
    message.wait_for()
    assert page.locator("[data-part=link-fault] *").count() == 0
    assert np.array_equal(pixels(page, "picture"), before[0])
    assert np.array_equal(hole(page), before[1])
    after_fill(page, lambda: page.evaluate("address => { location.hash = address; }", write(GOOD)))
    assert page.locator("[name=picture][value=cat]").is_checked()
    assert not message.is_visible()
    assert shown.faults == []


def test_a_hole_survives_its_writing_down(shown, rng):
    script = """([hole, size]) => {
      const text = holes.encode(Uint8Array.from(hole));
      return [text, [...holes.decode(text, size)]];
    }"""
    for share in (0.0, 0.01, 0.5, 1.0):
        mask = (rng.random(64 * 64) < share).astype(int).tolist()
        text, decoded = shown.page.evaluate(script, [mask, 64])
        assert decoded == mask
        assert text.replace("-", "").replace("_", "").isalnum()
        for other in (text[:-2], text + "AB", text[:3] + "~" + text[3:]):
            args = [other, 64]
            assert shown.page.evaluate("([text, size]) => holes.decode(text, size)", args) is None
    grown = shown.page.evaluate("[...holes.resize(Uint8Array.from([1, 0, 0, 1]), 2, 4)]")
    assert np.array_equal(np.reshape(grown, (4, 4)), np.kron(np.eye(2), np.ones((2, 2))))


def test_the_tally_counts_as_one_counts_by_hand(shown, rng):
    rounds = []
    for _ in range(200):
        left, right = rng.choice(FILLS, 2, replace=False).tolist()
        choice = rng.choice(["left", "right", "neither"]).item()
        ssim = rng.integers(0, 3, 2).tolist() if rng.random() < 0.9 else [None, 1]
        rounds.append(
            {"left": left, "right": right, "choice": choice, "ssim": ssim}
            | {"psnr": rng.integers(0, 30, 2).tolist()}
        )
    found = shown.page.evaluate("rounds => tally.count(rounds)", rounds)
    chosen = [r for r in rounds if r["choice"] != "neither"]
    assert (found["rounds"], found["decided"]) == (200, len(chosen))
    for name in FILLS:
        assert found["fills"][name]["shown"] == sum(name in (r["left"], r["right"]) for r in chosen)
        assert found["fills"][name]["chosen"] == sum(r[r["choice"]] == name for r in chosen)
    for metric in ("ssim", "psnr"):
        judged = [r for r in chosen if None not in r[metric] and len(set(r[metric])) == 2]
        better = ["left" if r[metric][0] > r[metric][1] else "right" for r in judged]
        agreed = sum(b == r["choice"] for b, r in zip(better, judged, strict=True))
        assert found["agreed"][metric] == {"times": agreed, "of": len(judged)}


def test_what_chance_gives_is_the_binomial_distribution_s_middle(shown):
    for n in (0, 1, 4, 5, 6, 10, 37, 100, 1000):
        expected = [int(k) for k in binom.ppf([0.025, 0.975], n, 0.5)]
        assert shown.page.evaluate("n => tally.coins(n)", n) == expected, n


def test_each_pair_of_fills_is_shown_as_often_as_the_others(shown):
    rounds = shown.page.evaluate(
        """names => {
          const rounds = [], random = holes.random(1);
          for (let n = 0; n < 60; n++) {
            const [left, right] = tally.next(names, rounds, random);
            rounds.push({ left, right });
          }
          return rounds;
        }""",
        FILLS,
    )
    pairs = [tuple(sorted((r["left"], r["right"]))) for r in rounds]
    assert {pairs.count(tuple(sorted(p))) for p in itertools.combinations(FILLS, 2)} == {10}
    assert 15 <= sum((r["left"], r["right"]) == p for r, p in zip(rounds, pairs, strict=True)) <= 45


def test_a_blind_round_shows_no_name_before_the_choice_and_keeps_the_tally(site, visit):
    page = visit(f"{site}/demo.html").page
    blind = page.locator("#blind")
    titles = dict(zip(("WSSL", "From scratch", "Harmonic", "Biharmonic"), FILLS, strict=True))
    chosen, seen, agreed = dict.fromkeys(FILLS, 0), dict.fromkeys(FILLS, 0), {"SSIM": 0, "PSNR": 0}
    choices = ("left", "right", "neither", "right", "left", "left")
    for number, choice in enumerate(choices):
        page.wait_for_function(ROUND.format(number))
        pair = blind.locator(".blind-pair")
        assert not any(title in pair.inner_text() for title in titles)
        left, right = pixels(page, "left", "blind"), pixels(page, "right", "blind")
        assert not np.array_equal(left, right)
        blind.locator(f"[data-part={choice}-choice]").click()
        assert all(blind.locator(f"[data-part={c}-choice]").is_disabled() for c in choices)
        names = [
            blind.locator(f"[data-part={side}-name]").inner_text() for side in ("left", "right")
        ]
        outcome = blind.locator("[data-part=outcome]").inner_text()
        assert f"Left is {names[0]}, right is {names[1]}." in outcome
        if choice != "neither":
            mine = names[choice == "right"]
            chosen[titles[mine]] += 1
            for name in names:
                seen[titles[name]] += 1
            for metric in agreed:
                agreed[metric] += f"by {metric}: {mine}" in outcome
        if number + 1 < len(choices):
            blind.locator("[data-part=next]").click()
    for _ in range(2):
        assert "6 rounds, 5 with a choice." in blind.locator("[data-part=rounds]").inner_text()
        rows = [row.inner_text().split("\t") for row in blind.locator("tbody tr").all()]
        assert {titles[name]: count for name, count, _ in rows} == {
            name: f"{chosen[name]} of {seen[name]}" for name in FILLS if seen[name]
        }
        for metric, times in agreed.items():
            assert f"{metric} prefer the same fill in {times} of 5" in blind.inner_text()
        page.reload()
        page.wait_for_function(ROUND.format(0))
    blind.locator("[data-part=forget]").click()
    assert not blind.locator("[data-part=tally]").is_visible()
    page.reload()
    page.wait_for_function(ROUND.format(0))
    assert not blind.locator("[data-part=tally]").is_visible()


def test_a_tally_of_other_networks_or_a_damaged_one_counts_as_none(shown):
    good = {"left": "wssl", "right": "harmonic", "choice": "left", "ssim": [0.5, None]}
    good["psnr"] = [20, 21.5]
    texts = {
        json.dumps({"edition": "e", "rounds": [good, good]}): 2,
        json.dumps({"edition": "another", "rounds": [good]}): 0,
        json.dumps({"edition": "e", "rounds": [good, good | {"choice": "up"}]}): 0,
        json.dumps({"edition": "e", "rounds": [good | {"left": "__proto__"}]}): 0,
        json.dumps({"edition": "e", "rounds": [good | {"right": "wssl"}]}): 0,
        json.dumps({"edition": "e", "rounds": [good | {"ssim": ["0.5", 1]}]}): 0,
        json.dumps({"edition": "e", "rounds": [None]}): 0,
        json.dumps({"edition": "e", "rounds": "xy"}): 0,
        json.dumps({"edition": "e"}): 0,
        "null": 0,
        "{": 0,
    }
    for text, count in texts.items():
        kept = shown.page.evaluate("([t, n]) => tally.parse(t, 'e', n)", [text, FILLS])
        assert len(kept) == count, text
    assert shown.page.evaluate("names => tally.parse(null, 'e', names)", FILLS) == []


@pytest.mark.parametrize("name", ["runtime", "scratch"])
def test_a_script_of_another_content_is_refused(edition, serve, visit, tmp_path, name):
    shutil.copytree(edition, tmp_path / "html")
    script = tmp_path / "html" / "_demo" / "packed" / f"{name}.js"
    script.write_text(f"window.changed = true;\n{script.read_text('utf-8')}", encoding="utf-8")
    page = visit(f"{serve(tmp_path / 'html')}/demo.html").page
    page.locator("[data-part=missing]").filter(has_text=f"{name}.js cannot be read").wait_for()
    page.wait_for_function(ROUND.format(0))
    assert page.evaluate("window.changed") is None
    assert not any(page.locator(f"[data-part={network}]").is_visible() for network in LEARNED)
    assert page.locator("[name=fill][value=harmonic]").is_checked()
    after_fill(page, page.locator("[data-part=strokes]").click)
    assert "Of the 2 fills" in status(page).inner_text()


def test_the_tools_fit_a_phone_and_dark_mode_and_the_page_says_what_it_needs(site, visit, axe):
    settings = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    phone = visit(f"{site}/demo.html", **settings)
    phone.page.wait_for_function(ROUND.format(0))
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.page.locator("#blind [data-part=left-choice]").click()
    assert phone.violations(axe) == []
    plain = visit(f"{site}/demo.html", java_script_enabled=False).page
    notices = plain.locator(".bd-article noscript .demo-notice").all_inner_texts()
    assert len(notices) == 2
    assert all("JavaScript" in notice for notice in notices)
    assert not plain.locator("#demo").is_visible()
    assert not plain.locator("#blind").is_visible()


def test_the_page_works_from_a_disk(edition, visit):
    shown = visit((edition / "demo.html").as_uri())
    shown.page.wait_for_function(READY.format(1))
    shown.page.wait_for_function(ROUND.format(0))
    assert shown.page.locator("[data-part=wssl-time]").inner_text().endswith("ms")
    assert shown.faults == []


def test_without_networks_the_page_says_so_and_the_fills_that_learn_nothing_work(
    html, tmp_path, serve, visit, axe
):
    shutil.copytree(html, tmp_path / "html")
    source = tmp_path / "_demo"
    shutil.copytree(ROOT / "book" / "_demo", source, ignore=lambda *_: ["packed"])
    _copy_demo(source, tmp_path / "html" / "_demo")
    shown = visit(f"{serve(tmp_path / 'html')}/demo.html")
    page = shown.page
    page.wait_for_function(ROUND.format(0))
    assert "make demo" in page.locator("[data-part=missing]").inner_text()
    assert not page.locator("[data-part=wssl]").is_visible()
    after_fill(page, lambda: draw(page))
    drawn, original = hole(page), pixels(page, "picture")
    for name in ("harmonic", "biharmonic"):
        filled = pixels(page, name)
        assert np.array_equal(filled[~drawn], original[~drawn])
        assert not np.array_equal(filled[drawn], original[drawn])
    assert np.array_equal(pixels(page, "right"), pixels(page, "harmonic"))
    assert shown.faults == []
    assert shown.violations(axe) == []
