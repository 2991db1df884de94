"""The answers of the command `history` for people: lines of at most 80 columns."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lib.commands.columns import aligned
from lib.common.plain_text import counted
from lib.history import job_figures, statistics
from lib.history.job_figures import JobFigures
from lib.history.past_runs import JobRun
from lib.history.past_tests import TestFigures
from lib.history.statistics import BARS, PLAIN_BARS, Tries
from lib.test_results.test_case import FAILED

RECENT = 10  # runs in a sparkline
MOST = 10  # test cases in a list
FINE = 10.0  # seconds below which two digits behind the point are shown
FULL_SHA = re.compile(r"[0-9a-f]{40,64}")
SHA = 7  # of its characters
TESTS = ("test", "runs", "failed", "mean")
TRIES = ("trees", "flaky", "passed", "failed", "rate")


def jobs(found: Mapping[str, Sequence[JobRun]]) -> list[str]:
    """Return a line a job with its figures, then a line for each job that is red."""
    told = {job: job_figures.figures(job, runs) for job, runs in found.items()}
    heads = ["job", "runs", "passed", "median", "p95", "<recent", "flaky", "load"]
    rows = [
        [
            job,
            str(one.runs),
            rate(one),
            seconds(one.median_seconds),
            seconds(one.p95_seconds),
            statistics.sparkline(job_figures.recent(found[job], RECENT), _bars()),
            str(one.flaky or ""),
            _factor(one),
        ]
        for job, one in told.items()
    ]
    return [*aligned(heads, rows), *filter(None, map(red_line, told.values()))]


def red_line(told: JobFigures) -> str:
    """Return a sentence on a job that is red, '' for another."""
    first = told.red_since
    if first is None:
        return ""
    where = f" of {first.branch}" if first.branch else ""
    times = counted(told.red_runs, "run")
    return f"{told.job} is red since {_commit(first.sha)}{where} ({first.run}), {times}"


def rate(told: JobFigures) -> str:
    """Return `95% 84–99`: the pass rate and its interval; '' of no runs."""
    if told.pass_rate is None or told.pass_rate_low is None or told.pass_rate_high is None:
        return ""
    low, high = told.pass_rate_low, told.pass_rate_high
    return f"{told.pass_rate:.0%} {100 * low:.0f}{_shown('–', '-')}{100 * high:.0f}"


def seconds(value: float | None) -> str:
    """Return `12.3s` or `0.12s`, or '' if it is unknown."""
    if value is None:
        return ""
    return f"{value:.2f}s" if value < FINE else f"{value:.1f}s"


def of_job(
    job: str,
    runs: Sequence[JobRun],
    tests: Sequence[TestFigures],
    flaky_tests: Mapping[tuple[str, str], Tries],
) -> list[str]:
    """Return the figures of a job, a line a run, and its slow, failing and flaky test cases."""
    failing = [test for test in tests if test.last_outcome == FAILED]
    tried = [[test, *_tries(told)] for (_, test), told in flaky_tests.items()]
    heads = ["run", "<commit", "<outcome", "seconds", "tries", "beside", "load", "<branch"]
    return [
        *jobs({job: runs}),
        "",
        *aligned(heads, [_run(run) for run in runs]),
        *_section(TESTS, [_test(test) for test in tests[:MOST]], "slowest"),
        *_section(TESTS, [_test(test) for test in failing[:MOST]], "failed in their last run"),
        *_section(["test", *TRIES], tried[:MOST], "passed and failed on one tree"),
    ]


def flaky(tried: Mapping[tuple[str, str], Tries], runs: int) -> list[str]:
    """Return a line for each job and each test case that both passed and failed on one tree."""
    if not tried:
        return [f"nothing passed and failed on one tree in the latest {counted(runs, 'run')}"]
    rows = [[test or "(the job)", job, *_tries(told)] for (job, test), told in tried.items()]
    return aligned(["test", "<of", *TRIES], rows, ends=True)


def left(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each amount that runs left: their latest differences, a bar each."""
    if not rows:
        return ["no run has counted what it left"]
    by_amount: dict[str, list[float]] = {}
    for row in rows:
        by_amount.setdefault(row["amount"], []).append(row["difference"])
    heads = ["left on the machine", "runs", "median", "greatest", "latest", "<recent"]
    return aligned(heads, [_amount(name, several) for name, several in by_amount.items()])


def _amount(name: str, newest_first: Sequence[float]) -> list[str]:
    figures = (statistics.median(newest_first), max(newest_first), newest_first[0])
    bars = [max(0.0, value) for value in reversed(newest_first[:RECENT])]
    shown = [f"{value or 0:,.0f}" for value in figures]
    return [name, str(len(newest_first)), *shown, statistics.sparkline(bars, _bars())]


def _run(run: JobRun) -> list[str]:
    load = "" if run.load is None else f"{run.load:.1f}"
    figures = [seconds(run.seconds), str(run.attempts), _known(run.beside), load]
    return [run.run, _commit(run.sha), run.outcome, *figures, run.branch]


def _test(test: TestFigures) -> list[str]:
    return [test.test, str(test.runs), str(test.failed or ""), seconds(test.mean_seconds)]


def _tries(told: Tries) -> list[str]:
    share = told.failed / (told.passed + told.failed)
    counts = (told.trees, told.flaky_trees, told.passed, told.failed)
    return [*map(str, counts), f"{share:.0%}"]


def _section(heads: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> list[str]:
    return ["", f"{title}:", *aligned(heads, rows, ends=True)] if rows else []


def _commit(sha: str) -> str:
    return sha[:SHA] if FULL_SHA.fullmatch(sha) else sha


def _factor(told: JobFigures) -> str:
    return "" if told.load_factor is None else f"{told.load_factor:.1f}x"


def _known(value: object) -> str:
    return "" if value is None else str(value)


def _bars() -> str:
    return _shown(BARS, PLAIN_BARS)


def _shown(text: str, plain: str) -> str:
    """Return a text, or a plain one for a stdout that lacks its characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return plain
    return text
