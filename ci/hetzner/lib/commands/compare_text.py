"""Tells people and programs how runs differ. Pure; the lines may hold any characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from lib.common.plain_text import duration, one_line, table
from lib.diagnosis.comparison import NOT_IN_BOTH, UNCHANGED, Comparison, JobChange
from lib.timeline.run_record import RunRecord

MOST = 20  # lines of a list


class Compared(NamedTuple):
    """The answer on several runs, the oldest first; `changes` None: not known."""

    labels: Sequence[str]
    comparison: Comparison
    changes: Sequence[str] | None


def lines(told: Compared) -> Iterator[str]:
    """Yield the lines for people."""
    compared = told.comparison
    yield from table(map(_run, told.labels, compared.runs), right=(2,))
    for title, jobs in (
        ("ended otherwise", compared.other_ends),
        ("slower", compared.slower),
        ("faster", compared.faster),
    ):
        if jobs:
            yield ""
            yield f"{title}: {len(jobs)}"
            rows = [_row(job) for job in islice(jobs, MOST)]
            yield from (f"  {line}" for line in table(rows, right=range(1, len(rows[0]))))
            yield from _more(len(jobs))
    for title, names in (
        ("flaky", compared.flaky),
        (NOT_IN_BOTH, compared.not_in_all),
    ):
        if names:
            yield ""
            more = f", … and {len(names) - MOST} more" if len(names) > MOST else ""
            yield f"{title}: {', '.join(map(one_line, islice(names, MOST)))}{more}"
    if compared.unchanged:
        yield ""
        yield UNCHANGED
    yield ""
    yield from _changes(compared.around, told.changes)


def _run(label: str, run: RunRecord) -> tuple[str, str, str]:
    code = run.exit_code
    state = "not ended" if code is None else "failed" if code else "passed"
    return one_line(label), state, "-" if run.seconds is None else duration(run.seconds)


def _row(job: JobChange) -> tuple[str, ...]:
    """Return the name of a job, its end in each run, and the change of its seconds."""
    ends = map(_end, job.outcomes, job.seconds)
    return one_line(job.name), *ends, f"{job.change:+.1f} s" if job.change else ""


def _end(outcome: str, seconds: float | None) -> str:
    shown = "" if seconds is None else f" {duration(seconds)}"
    return f"{outcome or 'not there'}{shown}"


def _changes(title: str, changes: Sequence[str] | None) -> Iterator[str]:
    if changes is None:
        yield f"{title}: not known, environment.json of one of both is not there"
    elif not changes:
        yield f"{title}: nothing that the records tell"
    else:
        yield f"{title}: {len(changes)}"
        yield from (f"  {one_line(line)}" for line in islice(changes, MOST))
        yield from _more(len(changes))


def _more(count: int) -> Iterator[str]:
    if count > MOST:
        yield f"  … and {count - MOST} more"


def fields(told: Compared) -> dict[str, Any]:
    """Return the answer for programs."""
    compared = told.comparison
    return {
        "runs": [
            {"label": label, "run": run.run, "exit_code": run.exit_code, "seconds": run.seconds}
            for label, run in zip(told.labels, compared.runs, strict=True)
        ],
        "jobs": [{**job._asdict(), "change": job.change} for job in compared.jobs],
        "other_ends": [job.name for job in compared.other_ends],
        "slower": [job.name for job in compared.slower],
        "faster": [job.name for job in compared.faster],
        "flaky": list(compared.flaky),
        "not_in_all": list(compared.not_in_all),
        "changes": told.changes,
    }
