"""The page of a run that has no report (yet): its jobs so far, and its files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice

from lib.common.plain_text import duration
from lib.dashboard import page_frame, run_lines, time_tags
from lib.dashboard.answers import Answer
from lib.dashboard.progress import progress
from lib.dashboard.request import Request
from lib.dashboard.run_lines import RunLine
from lib.dashboard.sections import and_more, section, table
from lib.dashboard.words import colour_of, mark, name
from lib.page import outcomes
from lib.page.markup import Html, file_link, tag
from lib.run_directories.stored_run import RUNNING, StoredRun
from lib.timeline.run_record import JobRecord, RunRecord

MOST_JOBS, MOST_FILES = 500, 500


def answer(run: StoredRun, names: Sequence[str], version: str, request: Request) -> Answer:
    """Return the page, or only the part that changes. `names` are those in its directory."""
    record = run_lines.record(run)
    line = run_lines.of_record(run, record)._replace(state=run.state)
    main = _main(line, record, names, version, time.time())
    return page_frame.live(
        _title(line),
        main,
        run.name,
        events="../../api/events",
        colour=_colour(line),
        part="part" in request.query,
    )


def _title(line: RunLine) -> str:
    return f"{line.state} · {name(line.branch, line.name)}"


def _colour(line: RunLine) -> str:
    look = colour_of(line.state, whole=line.whole)
    return look if look in page_frame.COLOURS else ""


def _main(line: RunLine, record: RunRecord, names: Sequence[str], version: str, now: float) -> Html:
    running = line.state == RUNNING
    head = tag(
        "header",
        tag("p", tag("a", "All runs", href="../../"), class_="where"),
        tag("h1", name(line.branch, "A run")),
        tag(
            "p",
            mark(line.state, whole=line.whole),
            " ",
            time_tags.since(line.started, now) if running else time_tags.ago(line.started, now),
            " ",
            tag("code", line.sha) if line.sha else None,
            *(tag("span", limit, class_="amber") for limit in line.limits),
            class_="line",
        ),
        progress(line, now, "") if running else None,
        id="header",
    )
    return tag(
        "main",
        head,
        _jobs(record, now if running else None),
        _files(names),
        data_version=version,
        data_title=_title(line),
    )


def _jobs(record: RunRecord, now: float | None) -> Html:
    jobs = [job for job in record.jobs if not outcomes.is_left_out(job)]
    rows = [_job(job, record, now) for job in islice(jobs, MOST_JOBS)]
    return section(
        "jobs",
        "Jobs",
        table(("Job", "State", "Took"), rows, "runs jobs"),
        and_more(len(jobs) - MOST_JOBS),
        there=bool(rows),
    )


def _job(job: JobRecord, record: RunRecord, now: float | None) -> Html:
    """Return the row of a job; `now` is None if its run does not go on."""
    name: Html | str = job.name
    if job.log:
        name = tag("a", job.name, href=f"{file_link(job.log)}?follow=1")
    state = outcomes.word(job)
    reason = job.reason if outcomes.is_broken(job) else ""
    took: Html | str = "" if job.seconds is None else duration(job.seconds)
    if now is not None and not job.outcome:
        state = "serves" if job.serves else "running" if job.running else "waiting"
        if job.started is not None:
            took = time_tags.since(record.began + record.before + job.started, now)
    return tag(
        "tr",
        tag("th", name, scope="row", class_="name"),
        tag(
            "td",
            mark(state),
            tag("span", reason, class_="reason soft") if reason else None,
            class_="how",
        ),
        tag("td", took, class_="number took"),
    )


def _files(names: Sequence[str]) -> Html:
    rows = [
        tag("li", tag("a", name, href=file_link(f"{name}/" if name == "kept" else name)))
        for name in islice(names, MOST_FILES)
    ]
    return section(
        "files",
        "Files",
        tag("ul", *rows, class_="files"),
        and_more(len(names) - MOST_FILES),
        there=bool(rows),
    )
