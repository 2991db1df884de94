"""Why a job is not a plain pass: a class for programs, and the words for people. Data only."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Cause(enum.StrEnum):
    """The class of a reason; the text is what summary.json says.

    What was cancelled, failed or skipped always has one, as does a pass that is not a plain one.
    """

    NONE = ""  # a plain pass, or one that was restored
    NO_TESTS = "no tests"  # passed with exit code 5
    FLAKY = "flaky"  # passed on a later attempt
    EXIT_CODE = "exit code"
    SIGNAL = "signal"  # something else than the runner killed it
    EXIT_CODE_LOST = "exit code lost"
    TIMEOUT = "timeout"  # its own
    MISSING_OUTPUT = "missing output"
    SYNTAX = "syntax error"  # in its command
    MISSING_PROGRAM = "missing program"
    NOT_STARTED = "could not start"
    UNSTOPPABLE = "could not be stopped"
    PORT_TAKEN = "port taken"  # somebody else listens on a port of a service
    SERVICE_GONE = "service gone"  # its processes ended before it was ready, or while needed
    NO_ROOM = "no room"  # what it needs of a pool is never given back
    DEPENDENCY = "dependency"
    FILTERED = "filtered"  # left out by the selection
    FAST_FAIL = "fast fail"
    INTERRUPTED = "interrupted"  # a signal to the runner
    RUN_TIMEOUT = "timeout of the run"
    REFUSED = "nothing started"  # other jobs cannot run on this machine
    RUNNER = "runner broke"


class Why(NamedTuple):
    """A reason for people, and its class."""

    text: str = ""
    cause: Cause = Cause.NONE


PLAINLY = Why()  # passed, and there is no more to say
