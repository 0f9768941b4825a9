"""Every page of the book: complete, quiet, as wide as its window, and open to every reader."""

import pytest


@pytest.fixture(scope="module")
def site(html, serve):
    return serve(html)


@pytest.fixture(scope="module")
def shown(site, page_name, visit, view):
    """A page in one of the views."""
    shown = visit(f"{site}/{page_name}", **view)
    shown.page.wait_for_load_state("networkidle")
    yield shown
    shown.page.context.close()


def test_nothing_fails_and_no_error_is_reported(shown):
    assert shown.faults == []


def test_every_picture_shows(shown):
    missing = (
        "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.outerHTML)"
    )
    assert shown.page.evaluate(missing) == []


def test_the_page_does_not_scroll_sideways(shown):
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    needed, given = shown.page.evaluate(widths)
    assert needed <= given


def test_every_reader_can_use_it(shown, axe):
    assert shown.violations(axe) == []
