"""The flaky jobs and tests of a run: they passed, but not at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from lib.page import job_cells
from lib.page.markup import Html, tag
from lib.timeline.run_record import JobRecord, RunRecord

MOST_JOBS, MOST_TESTS = 100, 20


def section(record: RunRecord, tests: Mapping[str, Sequence[str]]) -> Html | None:
    """Return the section, None if nothing was flaky; `tests` are its flaky tests by job."""
    flaky = [job for job in record.jobs if job.outcome == "flaky" or job.name in tests]
    if not flaky:
        return None
    jobs = [_job(job, tests.get(job.name, ())) for job in islice(flaky, MOST_JOBS)]
    if len(flaky) > MOST_JOBS:
        jobs.append(tag("li", f"and {len(flaky) - MOST_JOBS} more", class_="soft"))
    title = tag("h2", "Flaky", id="flaky-title")
    return tag("section", title, tag("ul", *jobs), id="flaky", aria_labelledby="flaky-title")


def _job(job: JobRecord, tests: Sequence[str]) -> Html:
    named = [tag("li", tag("code", name)) for name in islice(tests, MOST_TESTS)]
    if len(tests) > MOST_TESTS:
        named.append(tag("li", f"and {len(tests) - MOST_TESTS} more", class_="soft"))
    return tag(
        "li",
        tag("span", job.name, class_="name amber"),
        tag("span", f" {job.reason} " if job.outcome == "flaky" else " ", class_="soft"),
        job_cells.logs(job),
        tag("ul", *named, class_="tests") if named else None,
    )
