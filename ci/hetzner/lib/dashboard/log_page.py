"""The page on which people watch a log that grows. Its script fetches the log as text."""

from __future__ import annotations

from lib.dashboard import page_frame
from lib.dashboard.answers import Answer
from lib.dashboard.words import name
from lib.page.markup import file_link, tag
from lib.run_directories.stored_run import StoredRun


def answer(run: StoredRun, job: str) -> Answer:
    """Return the page; it works where the log's own address has `?follow=1`. Raises OSError."""
    log = f"{job}.log"
    main = tag(
        "main",
        tag(
            "header",
            tag("p", tag("a", name(run.branch, run.name), href="./"), class_="where"),
            tag("h1", job),
            tag(
                "p",
                tag("span", "The log is shown here by a script.", id="live", role="status"),
                " ",
                tag("a", "As plain text", href=file_link(log)),
                class_="soft",
            ),
        ),
        tag("pre", id="log", class_="log watched", tabindex="0", role="log", aria_label=log),
    )
    return page_frame.answer(f"{job} · {name(run.branch, run.name)}", main, script="log")
