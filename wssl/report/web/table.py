"""Tables as HTML: names of rows in the last line of headings, and numbers that keep to one line.

The style of the book (``book/_static/book.css``) sets the class `NUMBER`.
"""

import re
from html import escape, unescape

import pandas as pd

from wssl.report.web.trace import ROWS, attribute

NUMBER = "number"
"""The class of the cells and headings of columns that hold nothing but numbers and intervals."""

NAME, BELOW = "name", "comparison"
"""The class of the first name of a row where it is text, and a column that stands below names."""

SENTENCE, ALONE = "claim", "alone"
"""The names of rows that may be sentences, and the class of the lines where these stand alone."""

_CLASS = f' class="{NUMBER}"'
_UNITS = {"dB", "factor", "to"}
_LONGEST = 26


def table_html(table: pd.DataFrame) -> str:
    """A table as HTML, no cell cut short, whose rows name their records.

    A column `BELOW` is not one of its own: its words stand below the name of each row. Claims in
    words are too long for a column: each has a line of its own, above its cells.

    Parameters
    ----------
    table : pandas.DataFrame
        Where its rows were noted by `wssl.report.web.trace.with_rows` and none was left out since.
    """
    below = [""] * len(table)
    if BELOW in table.columns:
        below = table[BELOW].astype(str).tolist()
        table = table.drop(columns=BELOW)
    rows, columns = pd.get_option("display.max_rows"), pd.get_option("display.max_columns")
    with pd.option_context("display.max_colwidth", None):
        text = table.to_html(index_names=False, max_rows=rows, max_cols=columns)
    head, mark, body = text.partition("<tbody>")
    lines = body.split("<tr>")
    cells = [re.findall(r"<td>(.*?)</td>", line, re.DOTALL) for line in lines[1:]]
    numeric = [_numeric(column) for column in zip(*cells, strict=True)]
    noted = table.attrs.get(ROWS, [])
    if len(noted) != len(lines) - 1:
        noted = [[] for _ in lines[1:]]
    if len(below) != len(lines) - 1:
        below = [""] * (len(lines) - 1)
    names, levels = list(table.index.names), table.index.nlevels
    words = not pd.api.types.is_numeric_dtype(table.index.get_level_values(0))
    head = _headed(head, names, numeric)
    alone = SENTENCE in names and any(
        len(name) > _LONGEST for name in table.index.get_level_values(SENTENCE)
    )
    if alone:
        above = names.index(SENTENCE) + 1
        head = _without_names(head, above)
        deeper = levels - above
        wide = deeper + table.shape[1]
    body = ""
    for found, line, text in zip(noted, lines[1:], below, strict=True):
        row = _named(_marked(line, numeric), levels if words else 0, text)
        if alone:
            body += _stacked(row, wide, deeper, attribute(found))
        else:
            body += f"<tr{attribute(found)}>{row}"
    return head + mark + lines[0] + body


def is_number(cell: str) -> bool:
    """Whether a cell holds nothing but a number or an interval, with its unit; a list is neither.

    Parameters
    ----------
    cell : str

    Examples
    --------
    >>> [is_number(cell) for cell in ("-3.8 to 0.4 %", "factor 1.49", "3 of 5", "11, 12", "—")]
    [True, True, False, False, False]
    """
    words = set(re.findall(r"[^\W\d_]+", cell))
    if len(cell) > _LONGEST or re.search(r"\d, ", cell):
        return False
    return words <= _UNITS and any(map(str.isdigit, cell))


def _numeric(column: tuple[str, ...]) -> bool:
    """Whether cells are numbers, some of which may be missing."""
    known = [cell for cell in column if cell not in ("", "—", "NaN", "...")]
    return bool(known) and all(is_number(unescape(cell)) for cell in known)


def _marked(line: str, numeric: list[bool]) -> str:
    """A row whose cells in columns of numbers are marked."""
    columns = iter(numeric)

    def cell(found: re.Match[str]) -> str:
        if not next(columns):
            return f"<td>{found[1]}</td>"
        return f"<td{_CLASS}>{found[1].replace(' (', '<br/>(')}</td>"

    return re.sub(r"<td>(.*?)</td>", cell, line, flags=re.DOTALL)


def _named(line: str, levels: int, below: str) -> str:
    """A row whose first name is marked, if it has all of its names, with words below the last."""
    if line.count("<th") == levels:
        line = line.replace("<th", f'<th class="{NAME}"', 1)
    if not below:
        return line
    start, mark, rest = line.rpartition("</th>")
    return f'{start}<span class="below">{escape(below)}</span>{mark}{rest}'


def _stacked(row: str, wide: int, deeper: int, found: str) -> str:
    """A row in lines: one for each of its names but the `deeper` ones, then its cells."""
    names = list(re.finditer(r"<th[^>]*>(.*?)</th>", row, re.DOTALL))
    above = names[: max(len(names) - deeper, 0)]
    if not above:
        return f"<tr{found}>{row}"

    def line(name: re.Match[str], kind: str, place: str = "") -> str:
        start = f'<tr class="{ALONE}"{place}><th class="{kind}" colspan="{wide}">'
        return f"{start}<div>{name[1]}</div></th></tr>"

    *groups, last = above
    lines = "".join(line(name, "group") for name in groups)
    lines += line(last, NAME, "" if deeper else found)
    return f"{lines}<tr{found if deeper else ''}>{row[last.end() :]}"


def _without_names(head: str, count: int) -> str:
    """The headings without those of the first names of a row."""
    start, *lines = head.split("<tr")
    name = re.compile(r"<th.*?</th>\s*", re.DOTALL)
    return "<tr".join([start, *(name.sub("", line, count) for line in lines)])


def _headed(head: str, names: list[str | None], numeric: list[bool]) -> str:
    """The headings, with the names of the index in the last line."""
    above, line, last = head.rpartition("<tr")
    titles = re.findall(r"<th>(.*?)</th>", last, re.DOTALL)
    titles[: len(names)] = [
        title or ("" if name is None else escape(str(name)))
        for title, name in zip(titles, names, strict=False)
    ]
    marks = [False] * len(names) + (numeric or [False] * len(titles))
    cells = "".join(
        f"<th{_CLASS if number else ''}>{title}</th>"
        for title, number in zip(titles, marks, strict=False)
    )
    end = last[last.rindex("</th>") + len("</th>") :] if titles else last
    return f"{above}{line}>{cells}{end}"
