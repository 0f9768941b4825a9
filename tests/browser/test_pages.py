"""Every page of the book: complete, quiet, as wide as its window, and open to every reader."""

import pytest

MISSING = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.outerHTML)"
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
CHARTS = """[...document.querySelectorAll(".cell_output a.chart img")].map(chart => {
  const style = getComputedStyle(chart), room = chart.parentElement;
  return {dark: style.filter.includes("invert"), width: chart.width, shown: room.clientWidth};
})"""
PHOTOGRAPHS = """[...document.querySelectorAll(".cell_output figure > img")].map(
  picture => getComputedStyle(picture).filter)"""
SCHEMED = "scheme => document.documentElement.dataset.theme === scheme"


@pytest.fixture(scope="module")
def site(html, serve):
    return serve(html)


@pytest.fixture(scope="module")
def found(site, page_name, visit, views, axe):
    """What is wrong with a page, which is loaded once and looked at in each view."""
    shown = visit(f"{site}/{page_name}")
    page = shown.page
    page.wait_for_load_state("networkidle")
    wide, hurdles, charts, photographs = [], [], {}, {}
    for name, view in views.items():
        shown.turn(**view)
        page.wait_for_function(SCHEMED, arg=view["color_scheme"])
        needed, given = page.evaluate(WIDTHS)
        wide += [f"{name}: {needed} > {given}"] if needed > given else []
        hurdles += [f"{name}: {text}" for text in shown.violations(axe)]
        charts[name], photographs[name] = page.evaluate(CHARTS), page.evaluate(PHOTOGRAPHS)
    missing = page.evaluate(MISSING)
    page.context.close()
    return {
        "faults": shown.faults,
        "missing": missing,
        "wide": wide,
        "hurdles": hurdles,
        "charts": charts,
        "photographs": photographs,
    }


def test_nothing_fails_and_no_error_is_reported(found):
    assert found["faults"] == []


def test_every_picture_shows(found):
    assert found["missing"] == []


def test_the_page_does_not_scroll_sideways(found):
    assert found["wide"] == []


def test_every_reader_can_use_it(found):
    assert found["hurdles"] == []


def test_charts_follow_the_scheme_and_can_be_read_on_a_phone(found):
    desktop, phone = found["charts"]["desktop-light"], found["charts"]["phone-dark"]
    assert all(not chart["dark"] and chart["width"] <= chart["shown"] for chart in desktop)
    assert all(chart["dark"] and chart["width"] >= 600 for chart in phone)


def test_photographs_are_shown_as_they_are(found):
    assert {state for states in found["photographs"].values() for state in states} <= {"none"}
