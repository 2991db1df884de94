"""The table of all jobs: how each ended, what it waited for, how long it took. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from lib.common.plain_text import duration, size
from lib.page import job_cells, outcomes
from lib.page.markup import Content, Html, tag
from lib.sampling.samples import JobSamples
from lib.timeline.run_record import JobRecord, RunRecord

MANY = 300  # jobs: then only those that did not pass are shown at first
MOST_LINES = 200  # jobs with small lines: more would make a page of many megabytes


class Column(NamedTuple):
    """A column: its head, the class of its cells, and what makes a cell of a job."""

    head: str
    look: str
    cell: Callable[[JobRecord], Content]


def section(
    record: RunRecord, critical: Collection[str], samples: Mapping[str, JobSamples]
) -> Html:
    """Return the table, with a choice of rows that works without a script."""
    jobs = record.jobs
    columns = [each for each in _columns(record, samples) if any(map(each.cell, jobs))]
    heads = [tag("th", "Job", scope="col")]
    heads += [tag("th", each.head, scope="col", class_=each.look) for each in columns]
    rows = [
        tag(
            "tr",
            job_cells.name(job),
            *(tag("td", each.cell(job), class_=each.look) for each in columns),
            id=f"job-{number}",
            class_=" ".join(_classes(job, critical)),
        )
        for number, job in enumerate(jobs, 1)
    ]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="jobs")
    return tag(
        "section",
        tag("h2", "Jobs", id="jobs-title"),
        _choices(jobs, critical),
        tag("div", table, class_="scrolls"),
        id="jobs",
        aria_labelledby="jobs-title",
    )


def _columns(record: RunRecord, samples: Mapping[str, JobSamples]) -> list[Column]:
    """Return all columns; of those for samples each needs a job with samples."""
    drawn = len(record.jobs) <= MOST_LINES

    def began(job: JobRecord) -> Content:
        return None if job.started is None else duration(job.started - record.beginning)

    def sampled(
        values: Callable[[JobSamples], Sequence[float]], said: Callable[[float], str]
    ) -> Callable[[JobRecord], Content]:
        def cell(job: JobRecord) -> Content:
            found = values(samples.get(job.name, JobSamples()))
            return job_cells.used(found, said(max(found)), drawn=drawn) if found else None

        return cell

    return [
        Column("Waited for", "waits", job_cells.waits),
        Column("Began", "number began", began),
        Column("Took", "number took", job_cells.took),
        Column("Usually", "number usual", job_cells.usual),
        Column("Processors", "used", sampled(lambda use: use.busy, lambda most: f"{most:.1f}")),
        Column("Memory", "used", sampled(lambda use: use.rss, size)),
        Column("Processes", "used", sampled(lambda use: use.processes, lambda most: f"{most:g}")),
        Column("Log", "logs", job_cells.logs),
    ]


def _choices(jobs: Sequence[JobRecord], critical: Collection[str]) -> Html:
    """Return the buttons that choose rows; the stylesheet does what they say."""
    bad = sum(job.outcome not in ("passed", "restored") for job in jobs)
    choices = {
        "all": ("All", len(jobs)),
        "bad": ("Not passed", bad),
        "slow": ("Slower than usual", sum(job.slow for job in jobs)),
        "critical": ("Critical path", sum(job.name in critical for job in jobs)),
    }
    first = "bad" if bad and len(jobs) > MANY else "all"
    buttons = [
        tag(
            "label",
            tag("input", type="radio", name="rows", id=f"rows-{name}", checked=name == first),
            f"{said} {count:,}",
        )
        for name, (said, count) in choices.items()
        if count
    ]
    return tag("fieldset", tag("legend", "Show", class_="unseen"), *buttons, class_="choices")


def _classes(job: JobRecord, critical: Collection[str]) -> list[str]:
    return [
        outcomes.css_class(job.outcome),
        *(["slow"] if job.slow else []),
        *(["on-path"] if job.name in critical else []),
    ]
