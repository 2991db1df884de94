"""The frame of the dashboard's own pages: head, styles, and a script that only these pages run."""

from __future__ import annotations

import functools
from pathlib import Path

from lib.common import files
from lib.dashboard import answers
from lib.dashboard.answers import HTML, OK, Answer
from lib.page import document
from lib.page.markup import Html, tag, text

HERE = Path(__file__).parent
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Ccircle cx='8' cy='8' r='6' fill='{colour}'/%3E%3C/svg%3E"
)
COLOURS = {"green": "%2314743a", "red": "%23c0271d", "amber": "%23d19a2a", "": "%23808894"}


def answer(
    title: str,
    *body: Html,
    script: str = "",
    colour: str = "",
    status: str = OK,
    refresh: bool = False,
) -> Answer:
    """Return a page; `script` names one of this package, `colour` is that of its icon.

    `refresh`: the browser asks for the page once more at once. Raises OSError.
    """
    code = _script(script) if script else ""
    icon = Html(ICON.format(colour=COLOURS[colour]))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="refresh", content="0") if refresh else None,
        tag("title", text(title)),
        tag("link", rel="icon", href=icon),
        tag("style", Html(_styles())),
    )
    run = tag("script", Html(code)) if code else None
    made = f"<!DOCTYPE html>\n{tag('html', head, tag('body', *body, run), lang='en')}\n"
    return answers.page(made, [code] if code else [], [_styles()], status)


def live(title: str, main: Html, foot: str, *, events: str, colour: str, part: bool) -> Answer:
    """Return a page that a script keeps true, or only the `part` of it that changes: `main`.

    `events` is the way to the stream of changes, `foot` the last words. Raises OSError.
    """
    if part:
        return answers.whole(main, HTML)
    line = tag(
        "footer",
        tag("p", "Reload the page to see what is new.", id="live", role="status"),
        tag("p", foot),
        class_="soft",
        data_events=events,
    )
    return answer(title, main, line, script="live", colour=colour)


@functools.cache
def _styles() -> str:
    return f"{document.sheet('page')}\n{files.read(HERE / 'dashboard.css').decode()}"


@functools.cache
def _script(name: str) -> str:
    return files.read(HERE / f"{name}.js").decode()
