"""Rows to summaries and to HTML. Python only: the JavaScript build is in the cache."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

Row = Mapping[str, object]


def summarize(rows: Sequence[Row]) -> dict[str, dict[str, object]]:
    """Return, for each column, how many values there are, how many differ, and the extremes."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    result: dict[str, dict[str, object]] = {}
    for name in columns:
        values = [row[name] for row in rows if row.get(name) is not None]
        result[name] = {
            "count": len(values),
            "distinct": len(set(values)),
            "min": min(values, default=None),
            "max": max(values, default=None),
        }
    return result


def to_html(rows: Sequence[Row], title: str = "table") -> str:
    """Return an HTML table of the rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(row.get(name, '')))}</td>" for name in columns)
        + "</tr>"
        for row in rows
    )
    label = html.escape(title, quote=True)
    return (
        f'<table class="buckaroo" data-testid="buckaroo-table" aria-label="{label}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
