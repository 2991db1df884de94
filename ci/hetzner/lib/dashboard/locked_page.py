"""The page of a browser that has shown no token."""

from __future__ import annotations

from lib.dashboard import page_frame
from lib.dashboard.answers import Answer
from lib.page.markup import tag

UNAUTHORIZED = "401 Unauthorized"


def answer(*, again: bool) -> Answer:
    """Ask for the token; with `again` the browser first asks once more, with its cookie."""
    field = tag(
        "input",
        type="password",
        name="token",
        id="token",
        autocomplete="current-password",
        required=True,
    )
    form = tag(
        "form",
        tag("label", "Token", for_="token"),
        field,
        tag("button", "Open", type="submit"),
    )
    how = "It is the value of CI_READ_TOKEN. A program sends it as Authorization: Bearer TOKEN."
    body = tag("main", tag("h1", "A token is needed"), form, tag("p", how, class_="soft"))
    made = page_frame.answer("A token is needed", body, status=UNAUTHORIZED, refresh=again)
    return made._replace(headers=[*made.headers, ("WWW-Authenticate", 'Bearer realm="ci"')])
