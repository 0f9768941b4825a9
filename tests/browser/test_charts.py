"""Charts whose points show their numbers: by mouse, by keyboard, and wherever the book has one."""

import pytest

TIP = ".wssl-chart .point > .tip"


@pytest.fixture(scope="module")
def shown(tmp_path_factory, serve, visit, view):
    """A page with the lines and the triangle of the weights of pretext tasks."""
    import wssl
    from wssl import report

    def record(experiment):
        value = 0.8 + 0.01 * (int(experiment.fingerprint, 16) % 7)
        metrics = {"ssim": value, "psnr": 30 * value}
        return {
            "kind": "inpainting",
            "experiment": experiment.to_dict(),
            "fingerprint": experiment.fingerprint,
            "metrics": metrics,
        }

    grid = [e for n in (1, 2, 3) for e in wssl.study.table(n, preset="smoke", seeds=2)]
    records = [record(experiment) for experiment in grid]
    charts = report.landscape_line(records), report.landscape_triangle(records)
    folder = tmp_path_factory.mktemp("charts")
    body = "".join(chart._repr_html_() for chart in charts)
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><title>Charts</title><link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width">'
        f"<body><main><h1>Charts</h1>{body}</main></body></html>"
    )
    return visit(f"{serve(folder)}/index.html", **view)


def visible_tips(page):
    """The texts of the tips that can be seen."""
    return page.locator(f"{TIP} >> visible=true").all_text_contents()


def hints(page):
    return page.locator(".wssl-chart .hint >> visible=true").count()


def test_a_point_shows_its_numbers_when_the_mouse_is_on_it(shown):
    page = shown.page
    charts = page.locator(".wssl-chart svg").count()
    assert visible_tips(page) == []
    assert hints(page) == charts
    for point in page.locator(".wssl-chart .point").all()[::5]:
        point.locator(".halo").hover(force=True)
        (tip,) = visible_tips(page)
        spoken = point.get_attribute("aria-label").replace("; ", "")
        assert tip.replace(" ", "") == spoken.replace(" ", "")
        assert hints(page) == charts - 1
    page.mouse.move(0, 0)
    assert visible_tips(page) == []


def test_every_point_is_reached_with_the_tab_key(shown):
    page = shown.page
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(page.locator(".wssl-chart .point").count()):
        page.keyboard.press("Tab")
        (tip,) = visible_tips(page)
        reached.append(tip)
    assert set(reached) == set(page.locator(TIP).all_text_contents())
    page.evaluate("document.activeElement.blur()")
    assert visible_tips(page) == []


def test_tips_stay_in_their_picture(shown):
    page = shown.page
    for point in page.locator(".wssl-chart .point").all():
        point.focus()
        inner = point.locator(".tip").bounding_box()
        outer = point.locator("xpath=ancestor::*[local-name()='svg']").bounding_box()
        for side, length in (("x", "width"), ("y", "height")):
            assert outer[side] - 1 <= inner[side]
            assert inner[side] + inner[length] <= outer[side] + outer[length] + 1


def test_every_reader_can_use_it(shown, axe):
    assert shown.faults == []
    assert shown.violations(axe) == []


def test_the_charts_of_the_book_show_their_numbers(html, serve, visit):
    pages = [p for p in html.rglob("*.html") if 'class="wssl-chart' in p.read_text("utf-8")]
    assert "index.html" in {path.name for path in pages}
    site = serve(html)
    for path in pages:
        page = visit(f"{site}/{path.relative_to(html).as_posix()}").page
        point = page.locator(".wssl-chart .point").first
        point.focus()
        (tip,) = visible_tips(page)
        assert tip
