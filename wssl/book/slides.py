"""Ten slides from the executed pages, what was found in five lines, and the picture of README.

``python -m wssl.book.slides FOLDER --output deck.html`` makes one HTML file of a folder of executed
studies; a browser prints it, ten pages in landscape. ``--summary`` prints the five lines instead,
and ``--picture FILE.png`` writes the picture of the first page. Nothing is computed here: texts,
numbers and figures are those that the pages hold.
"""

import argparse
import ast
import io
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

import nbformat
import numpy as np
from PIL import Image

from wssl import report

METHOD, VERDICTS = "02_method_and_losses", "10_verdicts"
FIGURES = (
    ("Does pretext training help at all?", "08_controls", "fig-controls"),
    ("Do the weights of the tasks matter?", "04_double_pretext", "fig-weights"),
    ("Do more tasks help more?", "05_triple_pretext", "fig-tasks"),
    ("Which loss?", "06_losses", "fig-table-4"),
    ("Where in the network?", "15_mechanism", "fig-where"),
)
"""The slides that show a figure: title, page, and the figure's name on it."""

STYLE = """
@page { size: 297mm 167mm; margin: 0; }
* { box-sizing: border-box; }
body { margin: 0; font-family: "DejaVu Sans", Arial, sans-serif; color: #222; background: #fff; }
.slide {
  width: 297mm; height: 167mm; padding: 12mm 16mm; break-after: page; overflow: hidden;
  display: flex; flex-direction: column; gap: 5mm; position: relative; font-size: 15pt;
}
.slide:last-child { break-after: auto; }
h1 { font-size: 30pt; margin: 0; } h2 { font-size: 24pt; margin: 0; }
.slide > img { min-height: 0; flex: 1 1 0; object-fit: contain; }
.slide p { margin: 0; line-height: 1.4; } .caption { font-size: 10pt; color: #444; }
.slide ol, .slide ul { margin: 0; line-height: 1.5; }
pre { font-size: 12pt; white-space: pre-wrap; margin: 0; }
.number { position: absolute; right: 10mm; bottom: 6mm; font-size: 9pt; color: #555; }
.slide .wssl-landing .strip { display: grid; grid-template-columns: repeat(4, 62mm); gap: 3mm; }
.slide .wssl-landing .strip + .strip { display: none; }
.slide figure { margin: 0; font-size: 11pt; }
.slide dl { display: grid; grid-template-columns: max-content 1fr; gap: 3mm 6mm; margin: 0; }
.slide dt { font-weight: bold; } .slide dd { margin: 0; line-height: 1.4; }
.slide figure.wssl-chart.single { grid-template-columns: 175mm 1fr; max-width: none; }
.slide .wssl-chart .hint { display: none; }
.slide ol.wssl-claims {
  display: grid; grid-template-columns: 1fr 1fr; gap: 0 10mm; font-size: 11pt; line-height: 1.3;
}
.slide .wssl-claims li { grid-template-columns: 1fr; align-content: start; padding: 1.5mm 0; }
.slide .wssl-claims .detail { font-size: 8.5pt; line-height: 1.3; }
"""


_TILE = re.compile(r"<b>(.*?)</b><span[^>]*>(.*?)</span>.*?base64,(.*?)\"", re.DOTALL)


@dataclass(frozen=True)
class Page:
    """What an executed study holds.

    Attributes
    ----------
    values : dict of str to str
        What its cells glued, by name: HTML where there is some, else the text.
    figures : dict of str to (str, str, str)
        By name, the picture as an address with its data, the caption, and the alternative text.
    """

    values: dict[str, str]
    figures: dict[str, tuple[str, str, str]]


def read_page(path: Path) -> Page:
    """What an executed study glued and drew; nothing if there is no such file.

    Parameters
    ----------
    path : pathlib.Path
        Of the ``.ipynb`` file.
    """
    values: dict[str, str] = {}
    figures: dict[str, tuple[str, str, str]] = {}
    if not path.exists():
        return Page(values, figures)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        shown = cell.metadata.get("mystnb", {})
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            name = output.metadata.get("scrapbook", {}).get("name")
            if name:
                kinds = {kind.rpartition("record/")[2]: value for kind, value in data.items()}
                values[name] = kinds.get("text/html") or _text(kinds.get("text/plain", ""))
            for kind in ("image/svg+xml", "image/jpeg", "image/png"):
                if kind in data and "name" in shown.get("figure", {}):
                    address = _address(kind, data[kind])
                    caption = shown["figure"].get("caption", "")
                    alternative = shown.get("image", {}).get("alt", "")
                    figures[shown["figure"]["name"]] = address, caption, alternative
    return Page(values, figures)


def _address(kind: str, data: str) -> str:
    """A picture as an address that holds it."""
    if kind == "image/svg+xml":
        data = b64encode(data.encode()).decode()
    return f"data:{kind};base64,{data.strip()}"


def _text(value: str) -> str:
    try:
        return str(ast.literal_eval(value))
    except (SyntaxError, ValueError):
        return value


def summary(folder: Path) -> str:
    """What was found, in five lines, as the page of the verdicts has it.

    Parameters
    ----------
    folder : pathlib.Path
        Of the executed studies.

    Raises
    ------
    ValueError
        If the page is not there or is older than these lines.
    """
    page = read_page(folder / f"{VERDICTS}.ipynb")
    return _needed(page.values, folder, "summary")


def _needed(values: Mapping[str, str], folder: Path, name: str) -> str:
    if name not in values:
        raise ValueError(
            f"folder: expected a page {VERDICTS}.ipynb that glues {name!r}; received {folder}. "
            f"Execute it: python -m wssl.book.notebooks --output {folder} 10"
        )
    return values[name]


def picture(folder: Path, path: Path) -> None:
    """Write the picture of the first page, for a page that cannot show its HTML.

    Parameters
    ----------
    folder : pathlib.Path
        Of the executed studies.
    path : pathlib.Path
        The PNG file. Its text ``Source`` has the fingerprints of the runs, separated by spaces, and
        ``Description`` the caption.

    Raises
    ------
    ValueError
        If the page of the verdicts is not there, or was executed without the networks' weights.
    """
    html = _needed(read_page(folder / f"{VERDICTS}.ipynb").values, folder, "picture")
    columns: dict[str, list[np.ndarray]] = {}
    for name, note, data in _TILE.findall(html):
        pixels = np.asarray(Image.open(io.BytesIO(b64decode(data))).convert("RGB"))
        columns.setdefault(unescape(f"{name}\n{note}".strip()), []).append(pixels)
    caption = re.search(r"<figcaption>(.*?)</figcaption>", html)
    records = re.search(r'data-records="([^"]+)"', html)
    if not (columns and caption and records):
        raise ValueError(
            f"folder: expected a page {VERDICTS}.ipynb with a picture; received {folder}. Execute "
            "the page where the weights of its networks are."
        )
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    report.gallery(rows, list(columns), side=2).savefig(
        path, dpi=110, metadata={"Source": records[1], "Description": unescape(caption[1])}
    )


def deck(folder: Path, title: str) -> str:
    """Ten slides as one HTML file that needs no other.

    Parameters
    ----------
    folder : pathlib.Path
        Of the executed studies.
    title : str
        Of the first slide.

    Returns
    -------
    str
        Without scripts. A figure that its page does not have yet is said to be awaited.

    Raises
    ------
    ValueError
        If the page of the verdicts is not there or is older than the slides.
    """
    names = {METHOD, VERDICTS, *(name for _, name, _ in FIGURES)}
    pages = {name: read_page(folder / f"{name}.ipynb") for name in names}
    found = pages[VERDICTS].values
    keys = ("question", "picture", "headline", "primary_claims", "summary", "tally", "state")
    value = {key: _needed(found, folder, key) for key in keys}
    figures = [_figure(heading, pages[page], name) for heading, page, name in FIGURES]
    lines = [line.partition("  ") for line in value["summary"].splitlines()[:4]]
    terms = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text.strip())}</dd>" for name, _, text in lines
    )
    slides = [
        f"<h1>{escape(title)}</h1><p><b>Does a network fill holes better if it first learns "
        f"pretext tasks?</b> {escape(value['question'])}</p>{_still(value['picture'])}",
        "<h2>What the paper says</h2><ul>"
        "<li>Let an encoder first learn pretext tasks: how far was a picture rotated, how much of "
        "its colour is left, how far was it blurred?</li>"
        "<li>Weight these tasks; freeze the encoder; let the rest of the network learn to fill "
        "holes, with a loss of log-cosh and SSIM.</li>"
        "<li>It prints one run of each configuration, and no network trained without pretext "
        "tasks.</li></ul>"
        f"<p>{escape(value['tally'])}.</p>{_image(pages[METHOD], 'fig-architecture')}",
        f"<h2>How large is the error?</h2>{_still(value['headline'])}",
        f"<h2>The primary claims</h2>{_still(value['primary_claims'])}",
        *figures,
        f"<h2>What was found, and how sure it is</h2><dl>{terms}</dl>"
        f"<p>{escape(value['state'])}</p>"
        "<p>Every number comes from a record that the book links to. <code>make book</code> trains "
        "a smaller edition of your own.</p>",
    ]
    body = "".join(
        f'<section class="slide">{slide}<span class="number">{number}</span></section>'
        for number, slide in enumerate(slides, 1)
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _figure(heading: str, page: Page, name: str) -> str:
    figure = page.figures.get(name)
    if figure is None:
        return f"<h2>{escape(heading)}</h2><p>Awaiting runs: this figure is not drawn yet.</p>"
    _, caption, _ = figure
    return f'<h2>{escape(heading)}</h2>{_image(page, name)}<p class="caption">{escape(caption)}</p>'


def _image(page: Page, name: str) -> str:
    """A figure without its caption; nothing if the page does not have it."""
    if name not in page.figures:
        return ""
    address, _, alternative = page.figures[name]
    return f'<img alt="{escape(alternative)}" src="{address}">'


def _still(html: str) -> str:
    """A piece of a page without what only a reader at a screen can use."""
    return re.sub(r' tabindex="0"', "", html)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the slides or the picture, or print the summary.

    Parameters
    ----------
    arguments : sequence of str, optional
        As from the shell, without the program's name; ``sys.argv`` if not given.
    """
    parser = argparse.ArgumentParser(
        prog="python -m wssl.book.slides",
        description="Write the slides or the picture, or print the summary.",
    )
    parser.add_argument("folder", type=Path, help="the executed studies")
    parser.add_argument("--output", type=Path, help="the HTML file of the slides")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="the PNG file of the first page's picture"
    )
    parser.add_argument("--summary", action="store_true", help="print what was found")
    options = parser.parse_args(arguments)
    try:
        if options.summary:
            print(summary(options.folder))
        if options.picture:
            picture(options.folder, options.picture)
        if options.output:
            title = "Weighted self-supervised learning for image inpainting"
            options.output.parent.mkdir(parents=True, exist_ok=True)
            options.output.write_text(deck(options.folder, title), encoding="utf-8")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
