"""Makes `summary.md`: a run on one page, for GitHub's summary of a step and pull requests. Pure.

No text of a run becomes markup: punctuation is escaped (CommonMark, "Backslash escapes"; GitHub
links bare addresses as well), and the end of a log stands as HTML in a `pre`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain, islice

from lib.common import redact, shell_words
from lib.common.plain_text import one_line
from lib.report import verdict_limits
from lib.report.run_inputs import BAD, RunInputs
from lib.test_results.test_case import FAILED, FLAKY
from lib.timeline.run_record import JobRecord, RunRecord

MOST_JOBS = 500  # rows of the table; those that went wrong come first if there are more
MOST_FAILED = 20  # jobs that are told of
MOST_TESTS = 50  # names of a job
# what can mean something within a line: markup, HTML, links (also bare ones), mentions, formulas
MARKUP = re.compile(r"([\\`*_\[\]<>&|~@$#!]|(?<=:)/|(?<=www)\.)", re.IGNORECASE)
LONGEST = 300  # characters of a line of a log


def view(inputs: RunInputs) -> str:
    """Return the file of a run."""
    record = inputs.record
    verdict = _text(record.verdict or "the run goes on")
    lines = [f"## {'✓' if record.exit_code == 0 else '✗'} {verdict}", ""]
    if told := _of_what(record):
        lines += [told, ""]
    bad = [job for job in record.jobs if job.outcome in BAD]
    for job in islice(sorted(bad, key=lambda each: each.allowed), MOST_FAILED):
        lines += _failure(inputs, job)
    lines += [*_flaky(inputs), *_table(record, bad)]
    return "\n".join([*lines, ""])


def _of_what(record: RunRecord) -> str:
    header = record.header
    named = {"commit": header.get("sha"), "branch": header.get("branch")}
    told = [f"{name} {_text(str(value))}" for name, value in named.items() if value]
    told += verdict_limits.of(header)
    if record.skipped:
        told.append("a part of its record is damaged")
    return ", ".join(told)


def _failure(inputs: RunInputs, job: JobRecord) -> Iterator[str]:
    allowed = " (allowed to fail)" if job.allowed else ""
    yield f"### {_text(job.name)}: {_text(job.reason or job.outcome)}{allowed}"
    yield ""
    failed = [test for test in inputs.tests.get(job.name, ()) if test.outcome == FAILED]
    for test in islice(failed, MOST_TESTS):
        message = f": {_text(inputs.redact(test.message))}" if test.message else ""
        yield f"- **{_text(inputs.redact(test.name))}**{message}"
    if len(failed) > MOST_TESTS:
        yield f"- and {len(failed) - MOST_TESTS} more"
    if failed:
        yield ""
    if job.rerun:
        yield from _pre("run it again", [inputs.redact(shell_words.command(job.rerun))])
    if excerpt := inputs.excerpts.get(job.name):
        yield from _pre("the lines of its log that matter", excerpt)


def _pre(title: str, lines: Sequence[str]) -> Iterator[str]:
    text = "\n".join(escape(redact.shorten(one_line(line), LONGEST, str)) for line in lines)
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield f"<pre>{text}</pre>"
    yield ""
    yield "</details>"
    yield ""


def _flaky(inputs: RunInputs) -> Iterator[str]:
    flaky = [
        f"- {_text(inputs.redact(test.name))} ({_text(job)})"
        for job, tests in inputs.tests.items()
        for test in tests
        if test.outcome == FLAKY
    ]
    if flaky:
        yield from ("### Flaky test cases", "", *islice(flaky, MOST_TESTS), "")


def _table(record: RunRecord, bad: Sequence[JobRecord]) -> Iterator[str]:
    jobs = record.jobs
    if len(jobs) > MOST_JOBS:
        first = {job.name for job in bad}
        others = (job for job in jobs if job.name not in first)
        jobs = tuple(islice(chain(bad, others), MOST_JOBS))
    yield from ("| job | outcome | seconds | usually | waited for |", "|---|---|---:|---:|---|")
    for job in jobs:
        cells = (job.name, job.outcome or "not ended", _seconds(job.seconds), _seconds(job.usual))
        yield f"| {' | '.join(map(_text, (*cells, job.waited_for)))} |"
    if len(record.jobs) > len(jobs):
        yield f"| and {len(record.jobs) - len(jobs)} more | | | | |"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def _text(text: str) -> str:
    """Return a text as one line of Markdown that shows it as it is."""
    return MARKUP.sub(r"\\\1", one_line(text))
