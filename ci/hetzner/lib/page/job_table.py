"""The table of all jobs: how each ended, what it waited for, how long it took. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lib.common.plain_text import duration, size
from lib.page import outcomes, sparkline
from lib.page.markup import Html, file_link, join, tag
from lib.sampling.samples import JobSamples
from lib.timeline.run_record import JobRecord, RunRecord, Span

SLOW = 2.0  # times its usual length
MANY = 300  # jobs: then only those that did not pass are shown at first
MOST_LINES = 200  # jobs with small lines: more would make a page of many megabytes
HEADS = ("Job", "Waited for", "Began", "Took", "Usually")
SAMPLED = ("Processors", "Memory", "Processes")
NUMBERS = ("Began", "Took", "Usually")
WORDS = {"pool": "pool ", "delay": "delay of "}  # before the text of a wait


def section(
    record: RunRecord, critical: Collection[str], samples: Mapping[str, JobSamples]
) -> Html:
    """Return the table, with a choice of rows that works without a script."""
    jobs = record.jobs
    lines = len(jobs) <= MOST_LINES
    heads = [*HEADS, *(SAMPLED if samples else ()), "Log"]
    cells = [tag("th", head, scope="col", class_=_look(head)) for head in heads]
    rows = [
        tag(
            "tr",
            *_cells(job, record.beginning),
            *(_used(samples.get(job.name), drawn=lines) if samples else ()),
            tag("td", _log(job), data_head="Log"),
            id=f"job-{number}",
            class_=" ".join(_classes(job, critical)),
        )
        for number, job in enumerate(jobs, 1)
    ]
    return tag(
        "section",
        tag("h2", "Jobs", id="jobs-title"),
        _choices(jobs, critical),
        tag(
            "div",
            tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows), class_="jobs"),
            class_="scrolls",
        ),
        id="jobs",
        aria_labelledby="jobs-title",
    )


def _look(head: str) -> str | None:
    return "number" if head in NUMBERS else None


def _choices(jobs: Sequence[JobRecord], critical: Collection[str]) -> Html:
    """Return the buttons that choose rows; the stylesheet does what they say."""
    bad = sum(job.outcome not in ("passed", "restored") for job in jobs)
    choices = {
        "all": ("All", len(jobs)),
        "bad": ("Not passed", bad),
        "slow": ("Slower than usual", sum(map(is_slow, jobs))),
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
        *(["slow"] if is_slow(job) else []),
        *(["on-path"] if job.name in critical else []),
    ]


def is_slow(job: JobRecord) -> bool:
    """Whether a job took more than SLOW times as long as usual."""
    worked, usual = job.worked, job.usual
    return worked is not None and bool(usual) and worked > SLOW * (usual or 0)


def _cells(job: JobRecord, beginning: float) -> list[Html]:
    said = [] if job.outcome == "passed" else [outcomes.word(job)]
    said += [job.reason] if job.reason else []
    word = tag("span", ": ".join(said), class_="outcome") if said else None
    name = tag("th", tag("span", job.name, class_="name"), word, scope="row")
    began = "" if job.started is None else duration(job.started - beginning)
    took = "" if job.seconds is None or not job.attempts else duration(job.seconds)
    factor = f"{(job.worked or 0) / (job.usual or 1):.1f}× usual" if is_slow(job) else None
    usual = "" if job.usual is None else duration(job.usual)
    return [
        name,
        tag("td", _waits(job.waits), data_head="Waited for"),
        tag("td", began, class_="number", data_head="Began"),
        tag(
            "td",
            took,
            tag("small", factor) if factor else None,
            class_="number took",
            data_head="Took",
        ),
        tag("td", usual, class_="number soft", data_head="Usually"),
    ]


def _waits(spans: Sequence[Span]) -> Html:
    """Return what a job waited for, each with its seconds."""
    return join(
        [
            join(
                [
                    tag("span", WORDS.get(span.kind, "") + (span.text or span.kind), class_="name"),
                    tag("span", f" {duration(span.ended - span.began)}", class_="soft"),
                ]
            )
            for span in spans
        ],
        Html("<br>"),
    )


def _used(samples: JobSamples | None, *, drawn: bool) -> list[Html]:
    """Return cells with the processors, memory and processes of a job: a line, and the most."""
    if samples is None or not samples.at:
        return [tag("td")] * len(SAMPLED)
    told: list[tuple[Sequence[float], str]] = [
        (samples.busy, f"{max(samples.busy):.1f}"),
        (samples.rss, size(max(samples.rss))),
        (samples.processes, str(max(samples.processes))),
    ]
    return [
        tag(
            "td",
            sparkline.line(values) if drawn else None,
            tag("span", most, class_="most"),
            data_head=head,
            class_="used",
        )
        for (values, most), head in zip(told, SAMPLED, strict=True)
    ]


def _log(job: JobRecord) -> Html | None:
    if not job.log:
        return None
    unseen = tag("span", f" of {job.name}", class_="unseen")
    return tag("a", "log", unseen, href=file_link(job.log))
