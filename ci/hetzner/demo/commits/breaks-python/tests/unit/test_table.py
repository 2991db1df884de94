from buckaroo import summarize, to_html

ROWS = [{"a": 1, "b": "x"}, {"a": 3, "b": "x"}, {"a": 2, "b": None}]


def test_summary_counts_and_orders():
    assert summarize(ROWS) == {
        "a": {"count": 3, "distinct": 2, "min": 1, "max": 3},
        "b": {"count": 2, "distinct": 1, "min": "x", "max": "x"},
    }


def test_empty_table_has_no_columns():
    assert summarize([]) == {}


def test_html_is_escaped():
    assert "&lt;b&gt;" in to_html([{"a": "<b>"}])


def test_html_has_a_row_for_each_row():
    assert to_html(ROWS).count("<tr>") == len(ROWS) + 1
