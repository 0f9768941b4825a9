"""The first page answers within its first screen; what names a record leads to it."""

from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

SCREENS = [(1280, 720), (390, 844)]
ENDS = """() => [...document.querySelectorAll("figure.wssl-landing .strip:first-child img")]
  .map(image => image.getBoundingClientRect().bottom)"""


@pytest.fixture(scope="module")
def site(html, serve):
    return serve(html)


@pytest.mark.parametrize("size", SCREENS, ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_answer_and_the_picture_are_on_the_first_screen(site, visit, size, scheme):
    width, height = size
    viewport = {"width": width, "height": height}
    page = visit(f"{site}/index.html", viewport=viewport, color_scheme=scheme).page
    answer = page.locator("article p strong").first.bounding_box()
    assert answer["y"] + answer["height"] < height
    ends = page.evaluate(ENDS)
    assert len(ends) == 4
    assert max(ends) <= height
    sides = page.locator("figure.wssl-landing .strip:first-child img").first.bounding_box()
    assert sides["width"] >= 140
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_page_works_without_scripts(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/index.html")
    assert page.locator("figure.wssl-landing img").first.is_visible()
    assert page.locator(".wssl-claims li").count() == 6
    context.close()


def test_the_first_page_has_one_measure(site, visit):
    words = visit(f"{site}/index.html").page.locator("article").inner_text()
    assert "SSIM" in words
    assert "PSNR" not in words


def test_what_comes_from_a_record_says_which_and_leads_there(site, visit):
    page = visit(f"{site}/index.html").page
    mark = page.locator("a.trace").first
    assert not mark.locator(".tip").is_visible()
    mark.focus()
    assert mark.locator(".tip").is_visible()
    assert mark.locator(".tip").inner_text() == mark.get_attribute("aria-label")
    place = urldefrag(mark.get_attribute("href")).fragment
    assert place in mark.get_attribute("aria-label")
    page.goto(urljoin(page.url, mark.get_attribute("href")))
    assert page.locator(f'[id="{place}"]').is_visible()
    assert "wssl.run(wssl.Experiment(" in page.locator("section.records").inner_text()


def test_each_link_from_a_figure_to_its_source_resolves(html, site, visit):
    page = visit(f"{site}/index.html").page
    found = {}
    for path in sorted(html.glob("studies/*.html")):
        page.goto(f"{site}/studies/{path.name}")
        for link in page.locator("p.drawn a, a.trace").all():
            found[urljoin(page.url, link.get_attribute("href"))] = path.name
    assert found
    for address, origin in found.items():
        target, place = urldefrag(address)
        path = html / urlsplit(target).path.lstrip("/")
        assert path.is_file(), (origin, address)
        assert f'id="{place}"' in path.read_text("utf-8"), (origin, address)
