"""What a published book has beyond its pages: a card for links, a site map, a page for lost ways.

All of it needs the address that the book will have: the environment variable ``WSSL_BOOK_URL``, or
``html: baseurl`` in ``_config.yml``. Without one, only each page's description is written.
"""

import importlib.util
import os
import re
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from card import VERDICTS, draw, glued
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

CARD = "_static/card.png"
CITATION = re.compile(r"\s*\[[^\[\]]*\d{4}\w?\]")
LOST = "404"
LOST_TEXT = """\
<section><h1>There is no such page</h1>
<p>The address may be of another edition of this book, or mistyped.
<a href="{home}">Begin at the first page</a>, or find the page in the contents or by the search.</p>
</section>"""
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def find_address(app: Sphinx, config: Config) -> None:
    """Take the book's address from the environment, and end it with a slash."""
    address = os.environ.get("WSSL_BOOK_URL") or config.html_baseurl
    if address and not (urlsplit(address).scheme in {"http", "https"} and urlsplit(address).netloc):
        raise ConfigError(
            "The address of the book, WSSL_BOOK_URL or `html: baseurl`, must begin with https:// "
            f"and a host, got {address!r}. Leave it empty for a book that is not published."
        )
    config.html_baseurl = address.rstrip("/") + "/" if address else ""


def description(doctree: nodes.document) -> str:
    """The first paragraph of a page, at most 200 characters of it, without its citations."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = CITATION.sub("", " ".join(paragraph.astext().split()))
        if text:
            return textwrap.shorten(text, 200, placeholder=" …")
    return ""


def metatags(app: Sphinx, page: str, doctree: nodes.document | None) -> str:
    """The elements for the head of a page that those read who show a link to it."""
    base = app.config.html_baseurl
    text = description(doctree) if doctree else ""
    named = {"description": text} if text else {}
    if page == LOST:
        named["robots"] = "noindex"
    properties = {}
    if base and doctree:
        properties = {
            "og:type": "website",
            "og:site_name": app.config.html_title,
            "og:title": app.env.titles[page].astext(),
            "og:description": text,
            "og:url": urljoin(base, app.builder.get_target_uri(page)),
        }
        if has_card(app):
            properties |= {
                "og:image": urljoin(base, CARD),
                "og:image:width": "1200",
                "og:image:height": "630",
                "og:image:alt": str(glued(Path(app.srcdir, VERDICTS))["tally"]),
            }
            named["twitter:card"] = "summary_large_image"
    lines = [f'<meta name="{name}" content="{escape(text)}" />' for name, text in named.items()]
    lines += [f'<meta property="{k}" content="{escape(v)}" />' for k, v in properties.items() if v]
    return "\n".join(lines)


def has_card(app: Sphinx) -> bool:
    drawable = importlib.util.find_spec("matplotlib") is not None
    return drawable and Path(app.srcdir, VERDICTS).is_file()


def add_metatags(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if app.builder.name != "html":
        return
    context["metatags"] = context.get("metatags", "") + metatags(app, page, doctree)
    if page == LOST:
        # It answers for addresses of any depth, so that its own links must not be relative.
        context["pageurl"] = None
        context["metatags"] += f'<base href="{escape(app.config.html_baseurl)}" />'


def lost_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page that a server shows for an address that it does not know."""
    if app.builder.name == "html" and app.config.html_baseurl:
        body = LOST_TEXT.format(home=escape(app.config.html_baseurl))
        yield LOST, {"title": "There is no such page", "body": body}, "page.html"


def sitemap(addresses: list[str]) -> bytes:
    """The list of a site's pages that search engines read, as XML."""
    root = ElementTree.Element("urlset", xmlns=SITEMAP)
    for address in addresses:
        ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc").text = address
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def finish(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.name != "html" or not app.config.html_baseurl:
        return
    pages = [app.builder.get_target_uri(name) for name in sorted(app.env.found_docs)]
    addresses = [urljoin(app.config.html_baseurl, page) for page in pages]
    Path(app.outdir, "sitemap.xml").write_bytes(sitemap(addresses))
    if has_card(app):
        draw(app.config.html_title, glued(Path(app.srcdir, VERDICTS)), Path(app.outdir, CARD))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", find_address)
    app.connect("html-page-context", add_metatags)
    app.connect("html-collect-pages", lost_page)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
