"""Vector pictures whose points show their numbers when pointed at, in plain HTML, SVG and CSS.

They work in a notebook, in the book, on paper and without a network. A point can be pointed at,
touched or reached with the Tab key; its facts then stand below the picture, and a screen reader
says them. Where a viewer allows no HTML, a text is shown instead.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from wssl.report.web.trace import attribute

_STYLE = """
.wssl-chart {
  --mark: #0173b2; display: grid; gap: 0.5rem 1.5rem; margin: 0 0 1rem; text-align: start;
  grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr));
}
html[data-theme="dark"] .wssl-chart { --mark: #56b4e9; }
.wssl-chart.single { grid-template-columns: minmax(0, 34rem); }
.wssl-chart svg { width: 100%; height: auto; font-size: 12px; break-inside: avoid; }
.wssl-chart text { fill: currentColor; }
.wssl-chart .name, .wssl-chart .tip text:first-child { font-weight: bold; }
.wssl-chart :is(.grid, .frame) { stroke: currentColor; fill: none; opacity: 0.18; }
.wssl-chart .frame { opacity: 0.6; }
.wssl-chart .curve { stroke: var(--mark); stroke-width: 2.2; }
.wssl-chart .curve.end { stroke-dasharray: 2 4; stroke-width: 1.4; }
.wssl-chart .whisker { stroke: var(--mark); stroke-width: 1.6; }
.wssl-chart .seed { fill: var(--mark); opacity: 0.5; }
.wssl-chart .mean { fill: var(--mark); stroke: var(--mark); stroke-width: 1.8; }
.wssl-chart .own :is(.mean, .seed) { fill: #de8f05; stroke: #de8f05; }
.wssl-chart .own .whisker { stroke: #de8f05; }
.wssl-chart .alone .mean { fill: var(--pst-color-background, #fff); }
.wssl-chart .disc { stroke: currentColor; stroke-width: 0.8; }
.wssl-chart .value { font: 600 10.2px Arial, "Liberation Sans", sans-serif; fill: #000; }
.wssl-chart .value.pale { fill: #fff; }
.wssl-chart .point { outline: none; cursor: default; }
.wssl-chart .reach { fill: transparent; }
.wssl-chart .halo { fill: none; stroke: currentColor; stroke-width: 2.4; visibility: hidden; }
.wssl-chart .tip { visibility: hidden; pointer-events: none; }
.wssl-chart .point:is(:hover, :focus) :is(.tip, .halo) { visibility: visible; }
.wssl-chart svg:has(.point:hover) .point:focus:not(:hover) .tip,
.wssl-chart svg:has(.point:is(:hover, :focus)) .hint { visibility: hidden; }
.wssl-chart figcaption {
  margin: 0; padding: 0; font-size: 0.9rem; text-align: start; align-self: center;
}
.wssl-chart figcaption, .wssl-chart figcaption * { color: inherit; font-weight: inherit; }
@media print {
  .wssl-chart .hint { display: none; }
  .wssl-chart svg { margin-bottom: calc(-1 * var(--facts)); }
}
"""

WIDTH = 360
"""Of a picture in its own units, about a pixel each on a phone."""

_LINE, _CHARACTERS = 16, 48


@dataclass(frozen=True)
class Chart:
    """One or more pictures with a caption, where a notebook shows HTML.

    Attributes
    ----------
    pictures : tuple of str
        SVG elements.
    caption : str
    records : tuple of str
        The fingerprints of the records that they were drawn from.
    """

    pictures: tuple[str, ...]
    caption: str
    records: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        name = "wssl-chart" if len(self.pictures) > 1 else "wssl-chart single"
        caption = f"<figcaption>{escape(self.caption)}</figcaption>"
        traced = attribute(self.records)
        return (
            f'<style>{_STYLE}</style><figure class="{name}"{traced}>{"".join(self.pictures)}'
            f"{caption}</figure>"
        )

    def __repr__(self) -> str:
        return f"<chart: {self.caption}>"


@dataclass(frozen=True)
class Point:
    """A place of a picture that can be pointed at.

    Attributes
    ----------
    marks : str
        What is drawn there, its halo included.
    facts : sequence of str
        What is shown and said of it, a line each; the first names it.
    name : str
        A class for its style.
    """

    marks: str
    facts: Sequence[str]
    name: str = ""


def picture(label: str, body: Iterable[str], points: Sequence[Point], height: float) -> str:
    """A picture of `WIDTH`; the facts of its points appear from `height` on, below all else."""
    wrapped = [
        [line for fact in point.facts for line in textwrap.wrap(fact, _CHARACTERS)]
        for point in points
    ]
    first = height + _LINE
    drawn = [
        f'<g class="point {point.name}" tabindex="0" role="img"'
        f' aria-label="{escape("; ".join(point.facts))}">{point.marks}'
        f'<g class="tip" aria-hidden="true">{_paragraph(lines, first)}</g></g>'
        for point, lines in zip(points, wrapped, strict=True)
    ]
    hint = ["Point at a mean, tap it, or press Tab:", "its numbers are shown here."]
    hint = hint if points else []
    total = first + _LINE * (max((len(lines) for lines in wrapped), default=0) - 0.5)
    spare = (total - height) / WIDTH
    return (
        f'<svg viewBox="0 0 {WIDTH} {total:.0f}" style="--facts: {spare:.1%}"'
        f' role="group" aria-label="{escape(label)}">'
        f'{"".join(body)}<g class="hint" aria-hidden="true">{_paragraph(hint, first)}</g>'
        f'{"".join(drawn)}</svg>'
    )  # fmt: skip


def text(x: float, y: float, words: str, name: str = "", anchor: str = "start") -> str:
    """Words at a place, which is their ``start``, ``middle`` or ``end``."""
    place = f'x="{x:.1f}" y="{y:.1f}" class="{name}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(words)}</text>"


def line(x: float, y: float, x_end: float, y_end: float, name: str) -> str:
    """A straight line."""
    ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{x_end:.1f}" y2="{y_end:.1f}"'
    return f'<line {ends} class="{name}"/>'


def circle(x: float, y: float, radius: float, name: str, fill: str = "") -> str:
    """A circle, filled by its style or with a colour."""
    colour = f' fill="{fill}"' if fill else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="{name}"{colour}/>'


def rectangle(x: float, y: float, width: float, height: float, name: str, fill: str = "") -> str:
    """A rectangle, filled by its style or with a colour."""
    colour = f' fill="{fill}"' if fill else ""
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {size} class="{name}"{colour}/>'


def _paragraph(lines: Iterable[str], y: float) -> str:
    return "".join(text(4, y + _LINE * index, line) for index, line in enumerate(lines))
