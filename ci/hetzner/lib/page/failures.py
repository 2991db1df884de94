"""The failures of a run: for each its cause, its failing tests, the end of its log. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from lib.common.plain_text import duration
from lib.page import ansi, outcomes
from lib.page.command import command
from lib.page.markup import Html, file_link, tag
from lib.timeline.run_record import JobRecord

MOST_TESTS = 50
MOST_SHOWN = 50  # failures with the end of their log: more would make a page of many megabytes


def section(
    told: Sequence[JobRecord],
    tests: Mapping[str, Sequence[str]],
    excerpts: Mapping[str, Sequence[str]],
) -> Html | None:
    """Return the section, None if there is nothing to tell; `excerpts` may have colours."""
    if not told:
        return None
    shown = [
        _failure(number, job, tests.get(job.name, ()), excerpts.get(job.name, ()))
        for number, job in enumerate(islice(told, MOST_SHOWN), 1)
    ]
    if len(told) > MOST_SHOWN:
        shown.append(tag("p", f"{len(told) - MOST_SHOWN} more are in the table of jobs."))
    title = tag("h2", "Failures", id="failures-title")
    return tag("section", title, *shown, id="failures", aria_labelledby="failures-title")


def _failure(number: int, job: JobRecord, tests: Sequence[str], lines: Sequence[str]) -> Html:
    took = "" if job.seconds is None else f" after {duration(job.seconds)}"
    heading = tag("h3", job.name, id=f"failure-{number}", class_="name")
    cause = tag("p", f"{outcomes.word(job)}{took}: {job.reason or job.cause}", class_="cause")
    failing = [tag("li", tag("code", name)) for name in islice(tests, MOST_TESTS)]
    if len(tests) > MOST_TESTS:
        failing.append(tag("li", f"and {len(tests) - MOST_TESTS} more", class_="soft"))
    log = tag("a", "Whole log", href=file_link(job.log)) if job.log else None
    again = command(job.rerun) if job.rerun else None
    return tag(
        "article",
        heading,
        cause,
        tag("ul", *failing, class_="tests", aria_label="Failing tests") if failing else None,
        excerpt(lines, f"The lines of the log of {job.name} that matter") if lines else None,
        tag("p", log, again, class_="after"),
        class_="failure",
    )


def excerpt(lines: Sequence[str], label: str) -> Html:
    """Return lines of a log, in a box that the keyboard can scroll."""
    return tag(
        "pre", ansi.rendered(lines), class_="log", tabindex=0, role="region", aria_label=label
    )
