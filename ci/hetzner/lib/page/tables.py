"""Makes a section that is a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.page.markup import Html, tag


def table(
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str | Html]],
    *,
    right: int,
    more: int = 0,
) -> Html:
    """Return a section with a table; columns from `right` on hold numbers.

    `more` is the number of rows that are left out.
    """
    name = title.lower().replace(" ", "-")
    look = ["number" if at >= right else None for at in range(len(heads))]
    cells = (
        tag("th", head, scope="col", class_=one) for head, one in zip(heads, look, strict=True)
    )
    body = (
        tag("tr", *(tag("td", cell, class_=one) for cell, one in zip(row, look, strict=True)))
        for row in rows
    )
    made = tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *body))
    return tag(
        "section",
        tag("h2", title, id=name),
        tag("div", made, class_="scrolls", tabindex=0, role="group", aria_labelledby=name),
        tag("p", f"and {more} more", class_="soft") if more > 0 else None,
        aria_labelledby=name,
    )
