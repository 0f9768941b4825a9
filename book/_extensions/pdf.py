"""The book as one page that is printed to a PDF: without scripts, with numbers in its contents.

As a script (``python pdf.py PDF --contents INDEX``) it reads where the links of the contents lead
in the printed PDF, and writes those page numbers into the page, to be printed again. A line of the
contents is as high with its number as without, so that the second PDF has the same pages. Without
``--contents`` it mends the titles in the PDF's outline, where Chromium repeats those of headings
that it moved to the next page.
"""

import argparse
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from sphinx.application import Sphinx

NO_SCRIPTS = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'" />'
CONTENTS = re.compile(r'(?<=<div id="jb-print-toc">).*?(?=</nav>)', re.DOTALL)
LINK = re.compile(r'(href="#([^"]+)">)(.*?)(?:<span class="page">\d+</span>)?</a>', re.DOTALL)


def forbid_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if app.builder.name == "singlehtml":
        context["metatags"] = context.get("metatags", "") + NO_SCRIPTS


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", forbid_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def page_numbers(pdf: Path) -> dict[str, int]:
    """The page, from 1, of each place in a PDF that a link can lead to."""
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    return {
        unquote(name).removeprefix("/"): (reader.get_destination_page_number(place) or 0) + 1
        for name, place in reader.named_destinations.items()
    }


def numbered(html: str, pages: Mapping[str, int]) -> str:
    """A page whose contents give the number behind each link.

    Raises
    ------
    ValueError
        If the page has no contents, or a link leads to no place of the PDF.
    """
    contents = CONTENTS.search(html)
    if contents is None:
        raise ValueError("index: expected a page with printed contents; received none.")

    def with_number(link: re.Match[str]) -> str:
        opening, target, title = link.groups()
        page = pages.get(unescape(target))
        if page is None:
            raise ValueError(f"index: expected links to places of the PDF; received #{target}.")
        return f'{opening}{title}<span class="page">{page}</span></a>'

    lines = LINK.sub(with_number, contents[0])
    return html[: contents.start()] + lines + html[contents.end() :]


def undoubled(title: str) -> str:
    """A title that may have been repeated without a space, once.

    Examples
    --------
    >>> undoubled("Which loss?Which loss?"), undoubled("Which loss?")
    ('Which loss?', 'Which loss?')
    """
    half = title[: len(title) // 2]
    return half if half + half == title else title


def mend_outline(pdf: Path) -> None:
    """Write each title of the outline once."""
    from pypdf import PdfWriter
    from pypdf.generic import Destination, NameObject, TextStringObject

    writer = PdfWriter(clone_from=pdf)
    items: list[Any] = list(writer.outline)
    while items:
        item = items.pop()
        if isinstance(item, Destination):
            item.node[NameObject("/Title")] = TextStringObject(undoubled(item.title))
        else:
            items.extend(item)
    writer.write(pdf)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Write page numbers into the contents, or each title of the outline once."
    )
    parser.add_argument("pdf", type=Path, help="what was printed")
    parser.add_argument("--contents", type=Path, metavar="INDEX", help="the page to be numbered")
    options = parser.parse_args()
    if options.contents:
        html = options.contents.read_text(encoding="utf-8")
        options.contents.write_text(numbered(html, page_numbers(options.pdf)), encoding="utf-8")
    else:
        mend_outline(options.pdf)


if __name__ == "__main__":
    main()
