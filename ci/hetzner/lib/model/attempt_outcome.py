"""Makes an outcome of the end of an attempt. Pure functions."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from lib.common.signal_names import name_of
from lib.model.cause import PLAINLY, Cause, Why
from lib.model.job import Job
from lib.model.result import Outcome

UNKNOWN_CODE = 256  # greater than any: the host program has taken the exit code of a process
# exit code of a program that found no tests to run: pytest's, docs.pytest.org, "Exit codes"
NO_TESTS = 5
# exit codes with which no test has run: that one, and those of a shell that could not execute a
# program or did not find it (bash(1), EXIT STATUS)
NO_TEST_RAN = (NO_TESTS, 126, 127)


class Judgement(NamedTuple):
    """An outcome, and the reason if it is no plain pass."""

    outcome: Outcome
    why: Why = PLAINLY


def describe(code: int) -> str:
    """Put an exit code into words; negative is the signal that ended the process."""
    if code == UNKNOWN_CODE:
        return "its exit code is lost: the host program ignores SIGCHLD or waits for all children"
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {name_of(-code)}"


def passed(code: int | None, tries: int, of: int) -> Why:
    """Return the reason for a pass with this exit code on attempt `tries` of `of`.

    `code` is None for a body that the runner has stopped.
    """
    empty = code == NO_TESTS
    if tries == 1:
        return Why(f"exit code {NO_TESTS}: no tests", Cause.NO_TESTS) if empty else PLAINLY
    text = f"passed on attempt {tries} of {of}"
    if empty:
        return Why(f"{text}, with exit code {NO_TESTS}: no tests", Cause.NO_TESTS)
    return Why(text, Cause.FLAKY)


def cause(code: int) -> Cause:
    """Return the class of an exit code that is no pass."""
    if code == UNKNOWN_CODE:
        return Cause.EXIT_CODE_LOST
    return Cause.EXIT_CODE if code >= 0 else Cause.SIGNAL


def judge(
    job: Job, code: int, missing: Collection[str], hint: str = "", tries: int = 1
) -> Judgement:
    """Judge a body that ended by itself with `code`, its outputs in `missing` not written.

    `hint` is an explanation of the executor, or ''; `tries` are the attempts of this pass, this one
    included. A later one without tests does not pass for the tests that failed.
    """
    if code == UNKNOWN_CODE or code not in job.ok_codes:
        text = f"{describe(code)}: {hint}" if hint else describe(code)
        return Judgement(Outcome.FAILED, Why(text, cause(code)))
    if missing:
        text = f"{describe(code)}, but it did not write its output {named(job, missing)}"
        text += f"; {hint}" if hint else ""
        return Judgement(Outcome.FAILED, Why(text, Cause.MISSING_OUTPUT))
    if code == NO_TESTS and tries > 1 and 0 in job.ok_codes:
        text = f"exit code {NO_TESTS}: no tests, which proves nothing after an attempt that failed"
        return Judgement(Outcome.FAILED, Why(text, Cause.EXIT_CODE))
    return Judgement(Outcome.PASSED)


def unready(job: Job, wrote: Collection[str], heard: Collection[int]) -> str:
    """Return the missing parts of a service: outputs, ports, or the end of its body."""
    if not job.outputs and not job.listens:
        return (
            "its body has not ended, and neither outputs= nor listens= says when it is ready: name "
            "a file that it writes then, or the ports that it listens on"
        )
    lacks = []
    if missing := [output for output in job.outputs if output not in wrote]:
        lacks.append(f"{named(job, missing)} never came")
    if silent := [str(port) for port in job.listens if port not in heard]:
        lacks.append(f"no process of it listens on port {', '.join(silent)}")
    return " and ".join(lacks)


def named(job: Job, outputs: Collection[str]) -> str:
    """Return the names of outputs with their paths."""
    return ", ".join(f"{name} ({job.outputs[name]})" for name in outputs)
