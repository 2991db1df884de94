"""Makes `junit.xml`: a run as CI servers read it, a suite for each job. Pure.

A suite has the job's test cases, and one for the job itself, unless its failed test cases tell why
it failed. What does not fail the run is no failure here either: failed tests of a job that may
fail, or has passed all the same, are skipped, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lib.common.plain_text import utc
from lib.report.run_inputs import RunInputs
from lib.test_results.junit_xml import ERROR, Case, Suite, document, of_test
from lib.test_results.test_case import FAILED, FLAKY, PASSED, SKIPPED
from lib.timeline.run_record import JobRecord, RunRecord

ITSELF = "job"  # the name of a job's own case
OUTCOMES = {
    "passed": PASSED,
    "restored": PASSED,
    "flaky": FLAKY,
    "skipped": SKIPPED,
    "failed": FAILED,
    "timed out": FAILED,
}


def view(inputs: RunInputs) -> str:
    """Return the file of a run."""
    record = inputs.record
    suites = [_suite(inputs, record, job) for job in record.jobs]
    return document(record.run or "run", suites, record.end - record.beginning)


def _suite(inputs: RunInputs, record: RunRecord, job: JobRecord) -> Suite:
    cases = [_masked(of_test(test), inputs.redact) for test in inputs.tests.get(job.name, ())]
    told = any(case.outcome == FAILED for case in cases)
    if not (told and job.outcome == "failed"):
        cases.append(_itself(job, inputs.excerpts.get(job.name, ())))
    if why := _why_acceptable(job):
        cases = [_excused(case, why) for case in cases]
    began = job.started if job.started is not None else record.end
    when = utc(record.began + record.before + began, "%Y-%m-%dT%H:%M:%S")
    return Suite(job.name, cases, job.seconds or 0.0, when)


def _masked(case: Case, redact: Callable[[str], str]) -> Case:
    return case._replace(
        classname=redact(case.classname), name=redact(case.name), message=redact(case.message)
    )


def _itself(job: JobRecord, excerpt: Sequence[str]) -> Case:
    outcome = OUTCOMES.get(job.outcome, ERROR)
    reason = job.reason or ("" if job.outcome else "it did not end")
    if outcome == FLAKY:
        reason = next((a.reason for a in job.attempts if a.reason), "") or reason
    text = "\n".join(excerpt) if outcome in (FAILED, ERROR) else ""
    return Case(job.name, ITSELF, outcome, job.seconds or 0.0, reason, text)


def _why_acceptable(job: JobRecord) -> str:
    """Return the reason why a failure within the job does not fail the run, '' if it does."""
    if job.outcome in ("passed", "flaky", "restored"):
        return "the job passed all the same"
    if job.allowed and job.outcome in ("failed", "timed out", "skipped"):
        return "the job is allowed to fail"
    return ""


def _excused(case: Case, why: str) -> Case:
    if case.outcome != FAILED:
        return case
    return case._replace(outcome=SKIPPED, message=f"{why}: {case.message}")
