"""Tables as HTML, read back by a parser of XML."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from wssl.report.web import trace
from wssl.report.web.table import NUMBER, is_number, table_html

SCORES = pd.DataFrame(
    {
        "verdict": ["holds", "open"],
        "effect": ["+1.0 %", "—"],
        "95 % interval": ["0.2 to 1.8 %", ""],
    },
    index=pd.Index(["first < second", "other"], name="arm"),
)


def read(table):
    """The text of each cell, line by line."""
    lines = ElementTree.fromstring(table_html(table)).iter("tr")
    return [[cell.text or "" for cell in line] for line in lines]


def test_names_of_the_index_stand_in_the_last_line_of_headings():
    assert read(SCORES) == [
        ["arm", "verdict", "effect", "95 % interval"],
        ["first < second", "holds", "+1.0 %", "0.2 to 1.8 %"],
        ["other", "open", "—", ""],
    ]


def test_two_lines_of_headings_and_two_names_of_rows():
    columns = pd.MultiIndex.from_tuples([("SSIM", "ours"), ("SSIM", "paper"), ("", "seeds")])
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["arm", "width"])
    table = pd.DataFrame([[0.9, 0.8, 3], [0.7, 0.6, 2]], index=index, columns=columns)
    assert read(table) == [
        ["", "", "SSIM", ""],
        ["arm", "width", "ours", "paper", "seeds"],
        ["a", "1", "0.9", "0.8", "3"],
        ["2", "0.7", "0.6", "2"],
    ]


def test_an_index_without_a_name_leaves_its_heading_empty():
    assert "None" not in table_html(pd.DataFrame({"a": [1]}))
    assert re.search(
        r"<th></th>\s*<th class=\"number\">a</th>", table_html(pd.DataFrame({"a": [1]}))
    )


def test_columns_of_numbers_and_their_headings_are_marked():
    html = table_html(SCORES)
    assert re.findall(rf'class="{NUMBER}">(.*?)<', html) == [
        "effect",
        "95 % interval",
        "+1.0 %",
        "0.2 to 1.8 %",
        "—",
        "",
    ]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("0.8560 ± 0.0063", True),
        ("-0.25 to +0.10 dB", True),
        ("factor 0.36 to 2.21", True),
        ("< 0.001", True),
        ("+7.1 % *", True),
        ("11, 12, 13", False),
        ("", False),
        ("—", False),
        ("? undecided", False),
        ("awaiting runs (3 of 5)", False),
        ("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11", False),
    ],
)
def test_what_is_a_number(cell, number):
    assert is_number(cell) is number


def test_rows_of_a_table_name_their_records():
    table = trace.with_rows(pd.DataFrame({"x": [1, 2]}, index=["a", "b"]), [["f1", "f2"], []])
    html = table_html(table)
    rows = re.findall(r'<tr[^>]*>(?=\s*<th class="name">[ab])', html)
    assert rows == ['<tr data-records="f1 f2">', "<tr>"]


def test_a_table_that_lost_rows_names_no_records():
    table = trace.with_rows(pd.DataFrame({"x": [1, 2]}), [["f1"], ["f2"]])
    assert "data-records" not in table_html(table.head(1))
    with pytest.raises(ValueError, match="each of 2 rows; received 1"):
        trace.with_rows(table, [["f1"]])


def test_a_long_table_is_cut_as_pandas_would():
    shown = read(pd.DataFrame({"x": range(1000)}))
    assert len(shown) < 100
    assert shown[-1] == ["999", "999"]
    html = table_html(pd.DataFrame({"x": range(1000)}))
    assert html.count(f'class="{NUMBER}"') == len(shown)


def test_a_table_without_rows_has_headings():
    assert read(SCORES.iloc[:0]) == [["arm", *SCORES.columns]]


def test_no_cell_of_a_table_is_cut_short():
    words = "a sentence that is longer than what pandas shows of a cell by default, and so cut"
    assert words in table_html(pd.DataFrame({"a": [words]}))


def test_words_stand_below_the_names_of_rows():
    table = SCORES.assign(comparison=["one < two", "three"])
    html = table_html(table)
    assert 'first &lt; second<span class="below">one &lt; two</span></th>' in html
    assert 'other<span class="below">three</span></th>' in html
    assert "comparison" not in html
    assert html.count('<th class="name">') == 2


def test_only_a_first_name_that_is_text_is_marked():
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["arm", "width"])
    assert table_html(pd.DataFrame({"x": [1, 2]}, index=index)).count('class="name"') == 1
    assert 'class="name"' not in table_html(pd.DataFrame({"x": [1, 2]}))


def test_an_interval_in_brackets_has_a_line_of_its_own():
    html = table_html(pd.DataFrame({"x": ["1.0 (0.5 to 1.5)"]}, index=["a"]))
    assert f'<td class="{NUMBER}">1.0<br/>(0.5 to 1.5)</td>' in html


def test_claims_stand_in_lines_of_their_own_above_their_cells():
    table = SCORES.rename(index={"other": "The other is better than the first."})
    table = table.rename_axis("claim").assign(comparison=["one < two", ""])
    html = table_html(trace.with_rows(table, [["f1"], []]))
    found = list(ElementTree.fromstring(html).iter("tr"))
    lines = [["".join(cell.itertext()) for cell in line] for line in found]
    assert lines == [
        list(SCORES.columns),
        ["first < secondone < two"],
        ["holds", "+1.0 %", "0.2 to 1.8 %"],
        ["The other is better than the first."],
        ["open", "—", ""],
    ]
    assert [line.get("data-records") for line in found] == [None, "f1", None, None, None]
    spans = [cell.get("colspan") for line in found for cell in line if cell.get("class") == "name"]
    assert spans == ["3", "3"]


def test_names_around_claims():
    """What groups claims stands above them, what divides them beside the cells."""
    x, y = "One is better than the other.", "One is worse than the other."
    names = [("a", x, 8), ("a", x, 16), ("a", y, 8), ("b", x, 8)]
    index = pd.MultiIndex.from_tuples(names, names=["runs", "claim", "width"])
    table = pd.DataFrame({"n": [1, 2, 3, 4], "word": list("pqrs")}, index=index)
    html = table_html(trace.with_rows(table, [["f1"], ["f2"], ["f3"], ["f4"]]))
    found = list(ElementTree.fromstring(html).iter("tr"))
    lines = [["".join(cell.itertext()) for cell in line] for line in found]
    assert lines == [
        ["width", "n", "word"],
        *(["a"], [x], ["8", "1", "p"], ["16", "2", "q"], [y], ["8", "3", "r"]),
        *(["b"], [x], ["8", "4", "s"]),
    ]
    noted = {"".join(line.itertext()).split()[-1]: line.get("data-records") for line in found}
    assert [noted[word] for word in "pqrs"] == ["f1", "f2", "f3", "f4"]


def test_keys_of_claims_are_short_enough_for_a_column():
    html = table_html(pd.DataFrame({"n": [1]}, index=pd.Index(["supervised"], name="claim")))
    assert "colspan" not in html
    assert ">claim</th>" in html
