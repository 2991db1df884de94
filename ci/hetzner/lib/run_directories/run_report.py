"""A run as summary.json has it, in fields of known types. Pure.

A job, a killed writer or a newer runner may have left anything there: a field that is missing, or
of another type, has its empty value here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.model.job_fields import NAME, is_number
from lib.run_directories.ci_log import Story

MOST = 1e15  # seconds: a greater number is damage
BAD = ("failed", "timed out", "cancelled")


class JobReport(NamedTuple):
    """One job of a run. `seconds` is None if it never started, or has not ended."""

    name: str
    outcome: str  # '' if it has not ended
    acceptable: bool
    allowed: bool  # to fail
    cause: str
    reason: str
    waited_for: str
    seconds: float | None
    attempts: int
    logged: bool  # it has a log of this run
    restored_from: str = ""  # the name of the run in which it ran, if it was restored
    failed_tests: tuple[str, ...] = ()
    failed_tests_left_out: int = 0  # more that summary.json does not name

    @property
    def bad(self) -> bool:
        """Whether it failed, ran out of time or was cut off while it ran."""
        return self.outcome in BAD and (self.logged or self.outcome != "cancelled")


class RunReport(NamedTuple):
    """A run. `seconds` and `exit_code` are None while they are not known."""

    run_id: str
    sha: str
    branch: str
    tree: str
    dirty: bool
    in_place: bool
    whole: bool
    part: str  # the selection and the filter, in words; '' if none was given
    twice: bool  # jobs may run for some test cases first, and then for all
    started_at: str
    seconds: float | None
    exit_code: int | None
    left: Mapping[str, float]  # on the machine: differences that are not 0, by their names
    jobs: tuple[JobReport, ...]


def read(summary: Mapping[str, Any]) -> RunReport:
    """Return the run that a parsed summary.json tells of."""
    ended = _text(summary, "state") == "ended"
    jobs, tests = summary.get("jobs"), summary.get("filter")
    return RunReport(
        run_id=_text(summary, "run"),
        sha=_text(summary, "sha"),
        branch=_text(summary, "branch"),
        tree=_text(summary, "tree"),
        dirty=summary.get("dirty") is True,
        in_place=summary.get("in_place") is True,
        whole=summary.get("whole") is True,
        part=_part(summary),
        twice=isinstance(tests, dict) and bool(tests.get("first_testcases")),
        started_at=_text(summary, "started_at"),
        seconds=_number(summary, "seconds") if ended else None,
        exit_code=_code(summary),
        left=_left(summary.get("left")),
        jobs=tuple(
            _job(job) for job in (jobs if isinstance(jobs, list) else ()) if isinstance(job, dict)
        ),
    )


def completed(report: RunReport, story: Story) -> RunReport:
    """Return a report in which jobs have the outcomes of ci.log; a summary has them at the end."""
    return report._replace(jobs=tuple(_completed(job, story) for job in report.jobs))


def _completed(job: JobReport, story: Story) -> JobReport:
    if job.outcome or job.name not in {*story.running, *story.ended}:
        return job
    if job.name in story.running:
        return job._replace(outcome="running", logged=True)
    outcome, _, reason = story.ended[job.name]
    return job._replace(outcome=outcome, reason=reason, logged=outcome in ("passed", "failed"))


def _job(job: Mapping[str, Any]) -> JobReport:
    attempts, failed = job.get("attempts"), job.get("failed_tests")
    begun = _number(job, "started") is not None and _number(job, "ended") is not None
    return JobReport(
        name=_text(job, "name"),
        outcome=_text(job, "outcome"),
        acceptable=job.get("acceptable") is True,
        allowed=job.get("allowed_to_fail") is True,
        cause=_text(job, "cause"),
        reason=_text(job, "reason"),
        waited_for=_text(job, "waited_for"),
        seconds=_number(job, "duration") if begun else None,
        attempts=len(attempts) if isinstance(attempts, list) else 0,
        logged=isinstance(job.get("log"), str) and bool(NAME.match(_text(job, "name"))),
        restored_from=_text(job, "restored_from"),
        failed_tests=tuple(map(str, failed)) if isinstance(failed, list) else (),
        failed_tests_left_out=int(_number(job, "failed_tests_left_out") or 0),
    )


def _part(summary: Mapping[str, Any]) -> str:
    given = []
    for group in ("selection", "filter"):
        fields = summary.get(group)
        for name, value in fields.items() if isinstance(fields, dict) else ():
            if isinstance(value, list):
                given.append(f"{name}: {', '.join(map(str, value))}")
            elif value is True:
                given.append(name)
            elif isinstance(value, str) and value:
                given.append(f"{name}: {value}")
    return "; ".join(given)


def _left(left: object) -> dict[str, float]:
    found = {}
    for name, amount in left.items() if isinstance(left, dict) else ():
        if isinstance(amount, dict) and (count := _number(amount, "difference")):
            found[str(name)] = count
    return found


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _number(fields: Mapping[str, Any], name: str) -> float | None:
    value = fields.get(name)
    known = is_number(value) and abs(value) < MOST
    return float(value or 0) if known else None


def _code(summary: Mapping[str, Any]) -> int | None:
    value = summary.get("exit_code")
    return value if isinstance(value, int) and not isinstance(value, bool) else None
