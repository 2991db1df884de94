"""Tells a run for people: its verdict, commit and jobs, the ends of its failed logs. A view."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from lib.commands.environment_changes import Changes
from lib.common import shell_words
from lib.common.plain_text import changes, duration, size, table
from lib.report import log_tail
from lib.report.console_summary import MOST_TESTS
from lib.run_directories.ci_log import Story
from lib.run_directories.run_contents import StoredFile
from lib.run_directories.run_report import JobReport, RunReport

UNKNOWN = "(not known)"
EXPORTED_LIVE = "running when exported"
MOST_CHANGES = 20


class RunAnswer(NamedTuple):
    """The answer on a run. `state` is as in `StoredRun.state`, or EXPORTED_LIVE."""

    name: str
    place: str  # of its directory, or of the file that holds it, for people
    directory: Path
    state: str
    summary: Mapping[str, Any]
    report: RunReport
    story: Story
    kept: Sequence[StoredFile]
    again: str = ""  # the command that runs what failed again; '' for none
    reruns: Mapping[str, Sequence[str]] = {}  # by failed job, the words that run it again
    changes: Changes = Changes()  # of the environment, in a failed run


def sentence(run: RunAnswer) -> str:
    """Return the verdict in words."""
    code = run.story.exit_code if run.report.exit_code is None else run.report.exit_code
    jobs = ", ".join(run.story.running) or "no job"
    match run.state:
        case "running":
            return f"it goes on; now runs: {jobs}"
        case "running when exported":
            return f"it went on when this file was written; then ran: {jobs}"
        case "cut off":
            return f"its process was killed before it had a verdict; then ran: {jobs}"
        case "unknown":
            return "its summary.json cannot be read: there is no verdict"
    return f"{run.story.sentence or 'the sentence on it is lost'} (exit code {code})"


def lines(run: RunAnswer, redact: Callable[[str], str] = str) -> Iterator[str]:
    """Yield the lines on a run; they may hold any characters."""
    report = run.report
    yield f"{run.state.upper()}  {run.name}"
    yield sentence(run)
    yield ""
    yield from table(_facts(run))
    if report.jobs:
        yield ""
        yield from table([HEAD, *map(_row, report.jobs)], right=(2, 3))
    for job in sorted((job for job in report.jobs if job.bad), key=lambda job: job.allowed):
        yield ""
        yield from _failure(run, job, redact)
    if run.changes.lines:
        yield ""
        yield f"changed around it since {run.changes.since}, the last green run of its branch:"
        yield from (f"    {line}" for line in islice(run.changes.lines, MOST_CHANGES))
        if (more := len(run.changes.lines) - MOST_CHANGES) > 0:
            yield f"    … and {more} more, see environment.json of both"
    if run.again and any(job.bad for job in report.jobs):
        yield ""
        yield f"run again what failed: {run.again}"


HEAD = ("job", "outcome", "seconds", "attempts", "waited for", "reason")


def _row(job: JobReport) -> tuple[str, ...]:
    allowed = " (allowed)" if job.allowed and job.bad else ""
    return (
        job.name,
        (job.outcome or "-") + allowed,
        "-" if job.seconds is None else f"{job.seconds:.1f}",
        str(job.attempts or "-"),
        job.waited_for or "-",
        job.reason or "-",
    )


def _facts(run: RunAnswer) -> Iterator[tuple[str, str]]:
    report = run.report
    yield "commit", report.sha or UNKNOWN
    yield "branch", report.branch or UNKNOWN
    changed = ", with changes that no commit holds" if report.dirty else ""
    place = ", a working tree of its user" if report.in_place else ""
    yield "tree", f"{report.tree or UNKNOWN}{changed}{place}"
    if not report.whole and run.state != "unknown":
        yield "only a part", report.part or "not all jobs were run"
    took = "" if report.seconds is None else f", took {duration(report.seconds)}"
    yield "started", f"{report.started_at or UNKNOWN}{took}"
    yield "place", run.place
    if report.left:
        yield "left", changes(report.left)
    for file in run.kept:
        yield "kept", f"{file.path} ({size(file.size)})"


def _failure(run: RunAnswer, job: JobReport, redact: Callable[[str], str]) -> Iterator[str]:
    """Yield the reason of a failed job, the end of its log, its failed tests and its command."""
    allowed = "allowed to fail, " if job.allowed else ""
    yield f"--- {job.name}: {allowed}{job.reason or job.outcome}"
    if job.logged:
        for line in log_tail.shown(run.directory / f"{job.name}.log", redact):
            yield f"    {line}"
    else:
        yield "    (it has no log: it did not start)"
    for name in islice(job.failed_tests, MOST_TESTS):
        yield f"    FAILED {name}"
    if (more := len(job.failed_tests) + job.failed_tests_left_out - MOST_TESTS) > 0:
        yield f"    … and {more} more"
    if words := run.reruns.get(job.name):
        yield f"    run it again: {shell_words.command(words)}"
