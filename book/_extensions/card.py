"""The picture that stands beside a link to the book: its title, and how its verdicts fall."""

import ast
import functools
import textwrap
from pathlib import Path

import nbformat

VERDICTS = Path("studies", "10_verdicts.ipynb")
OUTCOMES = {"hold": "#0173b2", "fail": "#de8f05", "same": "#cc78bc", "open": "#b8b8b8"}


@functools.cache
def glued(notebook: Path) -> dict[str, object]:
    """The texts and numbers that an executed notebook has glued."""
    values: dict[str, object] = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            for kind, text in output.get("data", {}).items():
                if name and kind.endswith("text/plain"):
                    try:
                        values[name] = ast.literal_eval(text)
                    except (SyntaxError, ValueError):
                        continue
    return values


def draw(title: str, verdicts: dict[str, object], path: Path) -> None:
    """Write the card, 1200 x 630 pixels, as PNG; `verdicts` are the values that the page glues."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor="white")
    figure.text(0.06, 0.88, textwrap.fill(title, 34), size=38, weight="bold", va="top")
    tally = textwrap.fill(f"{verdicts['tally']}.", 58)
    figure.text(0.06, 0.27, tally, size=24, va="bottom", linespacing=1.4)
    bar = figure.add_axes((0.06, 0.12, 0.88, 0.09))
    left = 0
    for outcome, colour in OUTCOMES.items():
        count = int(str(verdicts.get(outcome, 0)))
        bar.barh(0, count, left=left, color=colour)
        left += count
    bar.set_xlim(0, left)
    bar.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
