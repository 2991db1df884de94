"""The answer of a run for programs (`--json`): one object, short enough to be read whole. Pure.

`docs/events.md` and `docs/schemas/answer.schema.json` describe it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lib.common import redact
from lib.report import failure_lines
from lib.report.run_inputs import BAD, RunInputs
from lib.test_results.test_case import FAILED
from lib.timeline.run_record import JobRecord

SCHEMA = 1
ROOM = 4000  # bytes of an answer; only the names and ends of many jobs take more
LEAST = 300  # bytes of details for each of the first failed jobs, whatever else there is
FIRST = 10
TEXT = 200  # characters of a reason
LINE = 160  # characters of a line of a log, and of the name of a test
LINES = 12  # of a log, and names of tests
HEADER = ("sha", "branch", "tree", "dirty", "in_place", "whole", "asked_for_all")


def text(inputs: RunInputs, page: str = "") -> str:
    """Return the answer as one line of JSON; `page` is the address of the page, '' for none."""
    return _dumped(answer(inputs, page))


def answer(inputs: RunInputs, page: str = "") -> dict[str, Any]:
    """Return the answer: the run, and each of its jobs in order of start."""
    record = inputs.record
    jobs = [_job(job, inputs) for job in record.jobs]
    told = {
        "schema": SCHEMA,
        "verdict": "passed" if record.exit_code == 0 else "failed",
        "exit_code": record.exit_code,
        "sentence": redact.shorten(record.verdict, TEXT, inputs.redact),
        "seconds": _rounded(record.end - record.beginning),
        **{name: _short(record.header.get(name), inputs) for name in HEADER},
        "run": record.run or None,
        "directory": str(inputs.path),
        "page": inputs.redact(page) or None,
        "jobs": jobs,
    }
    bad = [job for job in jobs if job["outcome"] in BAD]
    for number, job in enumerate(bad):
        room = (ROOM - len(_dumped(told))) // (len(bad) - number)
        _add_details(job, inputs, max(room, LEAST * (number < FIRST)))
    return told


def _add_details(job: dict[str, Any], inputs: RunInputs, room: int) -> None:
    """Add as many names of failed tests, and lines of the log, as there is room for."""
    failed = _failed_tests(job["name"], inputs)
    if failed:
        job["tests_failed"] = len(failed)
    tests = _fitting(failed, range(len(failed)), inputs, room // 2)
    lines = inputs.excerpts.get(job["name"], ())
    named = failure_lines.pick(lines, LINES)
    rest = [number for number in reversed(range(len(lines))) if number not in named]
    excerpt = _fitting(lines, [*named, *rest], inputs, room - len(json.dumps(tests)))
    job.update({name: found for name, found in (("tests", tests), ("excerpt", excerpt)) if found})


def _fitting(texts: Sequence[str], order: Iterable[int], inputs: RunInputs, room: int) -> list[str]:
    """Return the first texts of an order that there is room for, each cut; as they follow."""
    chosen: dict[int, str] = {}
    for number in order:
        line = redact.shorten(texts[number], LINE, inputs.redact)
        room -= len(json.dumps(line)) + 1
        if room < 0 or len(chosen) == LINES:
            break
        chosen[number] = line
    return [chosen[number] for number in sorted(chosen)]


def _job(job: JobRecord, inputs: RunInputs) -> dict[str, Any]:
    """Return a job; fields that say nothing are left out."""
    seconds = job.worked if job.worked is not None else job.seconds
    told: dict[str, Any] = {
        "name": job.name,
        "outcome": job.outcome or "unfinished",
        "seconds": None if seconds is None else _rounded(seconds),
        "usual": None if job.usual is None else _rounded(job.usual),
    }
    code = job.attempts[-1].code if job.attempts else None
    more = {
        "cause": job.cause,
        "reason": redact.shorten(job.reason, TEXT, inputs.redact),
        "exit_code": code if code is not None and code > 0 and job.cause else None,
        "signal": -code if code is not None and code < 0 and job.cause else None,
        "attempts": len(job.attempts) if len(job.attempts) > 1 else None,
        "allowed_to_fail": job.allowed if job.outcome in BAD else False,
        "leaked": job.leaked,
    }
    told.update({name: value for name, value in more.items() if value})
    if job.outcome in BAD:
        told.update(_of_failure(job))
    return told


def _of_failure(job: JobRecord) -> dict[str, Any]:
    """Return the log of a failed job, and the words that run it again."""
    told: dict[str, Any] = {"log": job.log} if job.log else {}
    return told | {"rerun": list(job.rerun)} if job.rerun else told


def _failed_tests(job: str, inputs: RunInputs) -> list[str]:
    return [case.name for case in inputs.tests.get(job, ()) if case.outcome == FAILED]


def _short(value: object, inputs: RunInputs) -> object:
    return redact.shorten(value, TEXT, inputs.redact) if isinstance(value, str) else value


def _rounded(seconds: float) -> float:
    """Return seconds with three digits that count, and at most two after the point."""
    return round(seconds, 2 if abs(seconds) < 10 or not math.isfinite(seconds) else 1)


def _dumped(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
