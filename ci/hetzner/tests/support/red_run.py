"""A red run with a job of each outcome, and hostile names of tests, for views of a run."""

from __future__ import annotations

from pathlib import Path

from lib.report.run_inputs import RunInputs
from lib.test_results.test_case import FAILED, FLAKY, PASSED, SKIPPED, TestCase
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord

HOSTILE = "a <b>&\"'|`*_[x](y) ]]> \x1b[2J\n# \ud800"
EXCERPT = ("E   assert </pre><script> == 2", "\x1b[31mred ]]>")


def job(name: str, outcome: str, reason: str = "", **more: object) -> JobRecord:
    """Return a job that began at 1 s and took 2.5 s."""
    made = JobRecord(name, outcome=outcome, reason=reason, started=1.0, ended=3.5)
    return made._replace(**more)  # type: ignore[arg-type]


def test(job: str, title: str, outcome: str, message: str = "") -> TestCase:
    """Return a test case of a module `m`."""
    return TestCase(job, f"m::{title}", outcome, 0.25, "m", title, message, "pytest")


TWO = (AttemptSpan(1, 0.0, reason="exit code 9"), AttemptSpan(2, 1.0))
JOBS = (
    job("passes", "passed"),
    job("tests", "failed", "exit code 1", rerun=("python3", "p.py", "--only-jobs", "tests")),
    job("lint", "failed", "exit code 3"),
    job("late", "timed out", "timed out: not done after 2 s"),
    job("cut", "cancelled", "interrupted by SIGINT"),
    job("may", "failed", "exit code 1", allowed=True),
    job(
        "twice", "flaky", attempts=(AttemptSpan(1, 0.0, reason="exit code 9"), AttemptSpan(2, 1.0))
    ),
    job("kept", "restored", "passed in run-0", earlier_run="run-0"),
    JobRecord("out", outcome="skipped", reason="filtered"),
    JobRecord("never"),
)
TESTS = {
    "passes": (test("passes", "shrugs", FAILED, "no"), test("passes", "again", FLAKY, "once")),
    "tests": (
        test("tests", HOSTILE, FAILED, HOSTILE),
        test("tests", "fine", PASSED),
        test("tests", "not_now", SKIPPED),
    ),
    "may": (test("may", "y", FAILED, "so what"),),
}
HEADER = {"sha": "1a2b", "branch": "x|<i>y</i>", "whole": False, "dirty": True}


def inputs() -> RunInputs:
    """Return all of it."""
    record = RunRecord("run-1", HEADER, 1e9, 2.0, 8.0, exit_code=1, verdict="failed: tests, lint")
    excerpts = {"tests": EXCERPT, "lint": ("bad",)}
    return RunInputs(record._replace(jobs=JOBS), Path(), tests=TESTS, excerpts=excerpts)
