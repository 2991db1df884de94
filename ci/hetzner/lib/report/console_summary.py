"""The end of a run for people: a table, and the story of each failed job."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from lib.common import plain_text
from lib.model.cause import Cause
from lib.model.result import Outcome, Result
from lib.report import log_tail
from lib.report.view import Section

MOST_TESTS = 20  # that are named of a job


def table(results: Sequence[Result]) -> Section:
    """Return a table in order of start, with the last cause of each job's wait."""
    head = ("job", "outcome", "seconds", "waited for")
    rows = [
        (r.name, _outcome(r), _seconds(r), r.waited_for or "-")
        for r in sorted(
            results, key=lambda each: math.inf if each.started is None else each.started
        )
    ]
    return Section(plain_text.table([head, *rows], right=[2]), title="all jobs", needed=False)


def _outcome(result: Result) -> str:
    text = str(result.outcome or "unfinished")
    if result.outcome is Outcome.SKIPPED:
        return f"{text} ({result.reason})"
    if result.outcome is Outcome.FLAKY:
        text += f" ({len(result.attempts)} attempts)"
    if result.earlier and result.cause is Cause.FLAKY:
        return f"{text} (flaky)"
    if result.cause is Cause.NO_TESTS:
        return f"{text} (no tests)"
    bad = result.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)
    return f"{text} (allowed)" if bad and result.allowed else text


def _seconds(result: Result) -> str:
    return f"{result.duration:.1f}" if result.started is not None else "-"


def failed(results: Sequence[Result], logged: Collection[str]) -> list[Result]:
    """Return the failed jobs, those that fail the run first, then those cut off while they ran."""
    bad = [r for r in results if r.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)]
    cut_off = [r for r in results if r.outcome is Outcome.CANCELLED and r.name in logged]
    return [*sorted(bad, key=lambda each: each.acceptable), *cut_off]


def failures(
    results: Sequence[Result],
    log_dir: Path,
    logged: Collection[str],
    rerun: Callable[[Sequence[str]], str],
    redact: Callable[[str], str] = str,
) -> list[Section]:
    """Return for each failed job its reason, end of log, failed test cases and command.

    The same for jobs that were cut off while they ran: by a signal, the run's timeout or
    `fast_fail`. `logged` are the jobs whose log is of this run. Jobs that fail the run come first,
    those that it cut off last. `rerun` returns the command that runs jobs again, '' if there is
    none; the last section is that for all of them.
    """
    sections = []
    bad = failed(results, logged)
    for result in bad:
        log = log_dir / f"{result.name}.log"
        why = plain_text.one_line(redact(result.reason))
        why = f"allowed to fail, {why}" if result.allowed else why
        if result.name in logged:
            lines = [f"--- {result.name}: {why} ({log})"]
            end = [f"    {line}" for line in log_tail.shown(log, redact, among=len(bad))]
        else:  # an earlier run may have left one there
            lines = [f"--- {result.name}: {why}"]
            end = ["    (it has no log: it did not start)"]
        if command := rerun([result.name]):
            lines.append(f"    run it again: {plain_text.one_line(command)}")
        told = Section(lines, job=result.name, allowed=result.allowed)
        sections.append(told._replace(log=end, tests=_failed_tests(result)))
    if len(bad) > 1 and (command := rerun([result.name for result in bad])):
        sections.append(Section([f"run all {len(bad)} again: {plain_text.one_line(command)}"]))
    return sections


def _failed_tests(result: Result) -> list[str]:
    """Return a line for each failed test case that is known by name."""
    lines = [f"    FAILED {name}" for name in itertools.islice(result.failed_tests, MOST_TESTS)]
    left = len(result.failed_tests) - MOST_TESTS
    return [*lines, f"    … and {left} more"] if left > 0 else lines
