"""Words, colours and links that the dashboard's pages share. Pure."""

from __future__ import annotations

import functools

from lib.commit_queue.entry import Entry
from lib.common import redact
from lib.common.redact import shorten
from lib.page import verdict_header
from lib.page.markup import Content, Html, file_link, join, tag

LONGEST_NAME, LONGEST_REASON = 70, 300  # characters: git takes names of 255 bytes
COLOURS = {
    "passed": "green",
    "failed": "red",
    "error": "red",
    "timed out": "red",
    "cut off": "amber",
    "flaky": "amber",
    "running": "blue",
    "serves": "blue",
}


@functools.cache
def mask() -> redact.Redactor:
    """Return what masks the secrets of this process; a page has hundreds of texts."""
    return redact.of_environment()


def colour_of(state: str, *, whole: bool = True) -> str:
    """Return the class of a state's colour; '' for those that say nothing of a commit.

    Only what checked the `whole` commit is green.
    """
    colour = COLOURS.get(state, "")
    return colour if whole or colour != "green" else ""


def name(text: str, other: str = "") -> str:
    """Return the name of a branch or a fork, masked and cut if it is long; `other` for none."""
    return shorten(text, LONGEST_NAME, mask()) or other


def place(where: str, entry: Entry | None) -> str:
    """Return where a commit was pushed; if that is nowhere, the command that made its entry."""
    return name(where, entry.source if entry else "by hand")


def reason(text: str) -> str:
    """Return a sentence of the queue, masked and cut if it is long."""
    return shorten(text, LONGEST_REASON, mask())


def mark(state: str, *, whole: bool = True) -> Html:
    """Return a state as a word with a dot of its colour."""
    return tag("span", state, class_=f"state {colour_of(state, whole=whole)}".strip())


def commit(sha: str, run: str = "") -> Html | None:
    """Return the short name of a commit, which leads to its run if there is one."""
    if not sha:
        return None
    return run_link(verdict_header.commit(sha), run)


def entry_number(entry: Entry | None) -> Html | None:
    """Return the number of an entry, by which the commands of the queue name it."""
    return tag("span", f" entry {entry.id}", class_="soft") if entry else None


def with_code(sentence: str) -> Html:
    """Return a sentence, in which a command stands between two backticks, as on GitHub."""
    parts = sentence.split("`")
    return join(tag("code", part) if at % 2 else part for at, part in enumerate(parts))


def run_link(content: Content, run: str) -> Html:
    """Return a link to the page of a run; the content alone without a run."""
    if not run:
        return tag("span", content)
    return tag("a", content, href=file_link(f"runs/{run}/"))
