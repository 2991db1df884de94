"""Sections, tables and lists as all pages of the dashboard have them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.page.markup import Html, tag


def section(place_id: str, heading: str, *content: Html | None, there: bool) -> Html:
    """Return a section with a heading; it is hidden if nothing is `there`."""
    head = f"{place_id}-title"
    return tag(
        "section",
        tag("h2", heading, id=head),
        *content,
        id=place_id,
        hidden=not there,
        aria_labelledby=head,
    )


def table(heads: Sequence[str], rows: Sequence[Html], look: str = "runs") -> Html:
    """Return a table whose last column has numbers."""
    last = len(heads) - 1
    cells = (
        tag("th", head, scope="col", class_="number" if at == last else None)
        for at, head in enumerate(heads)
    )
    return tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows), class_=look)


def and_more(count: int) -> Html | None:
    """Return the line below a list that leaves so many out, None if it shows all."""
    return tag("p", f"and {count} more", class_="soft") if count > 0 else None
