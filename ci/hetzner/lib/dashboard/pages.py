"""The first page, and the page of a browser that has shown no token, as answers."""

from __future__ import annotations

from lib.dashboard import answers, headline, home_page, shell
from lib.dashboard.answers import HTML, Answer
from lib.dashboard.overview import Overview
from lib.page.markup import Html, tag

UNAUTHORIZED = "401 Unauthorized"


def home(shown: Overview, *, part: bool) -> Answer:
    """Return the first page, or only the `part` of it that changes. Raises OSError."""
    main = home_page.main(shown)
    if part:
        return answers.whole(main, HTML)
    return shell.answer(
        home_page.title(shown),
        main,
        live_line(f"ci-runner {shown.health.version}", "api/events"),
        script="live",
        colour=headline.of(shown).colour,
    )


def live_line(text: str, events: str) -> Html:
    """Return the last line of a live page: `events` is the way to the stream of changes."""
    return tag(
        "footer",
        tag("p", "Reload the page to see what is new.", id="live", role="status"),
        tag("p", text),
        class_="soft",
        data_events=events,
    )


def locked(*, again: bool) -> Answer:
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
    made = shell.answer("A token is needed", body, status=UNAUTHORIZED, refresh=again)
    return made._replace(headers=[*made.headers, ("WWW-Authenticate", 'Bearer realm="ci"')])
