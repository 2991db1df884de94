"""Reasons for outcomes: a class for programs, and a text for people. Data only."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Cause(enum.StrEnum):
    """The class of a reason; summary.json has the text.

    Each cancelled, failed or skipped job has one, and so has a pass that is no plain one.
    """

    NONE = ""  # a plain pass, or one that a cache restored
    NO_TESTS = "no tests"  # passed with exit code 5
    FLAKY = "flaky"  # passed on a later attempt
    EARLIER_RUN = "earlier run"  # restored from one, on the same tree
    EXIT_CODE = "exit code"
    SIGNAL = "signal"  # another program than the runner killed it
    EXIT_CODE_LOST = "exit code lost"
    TIMEOUT = "timeout"  # its own
    MISSING_OUTPUT = "missing output"
    SYNTAX = "syntax error"  # in its command
    MISSING_PROGRAM = "missing program"
    NOT_STARTED = "could not start"
    UNSTOPPABLE = "could not be stopped"
    PORT_TAKEN = "port taken"  # another program listens on a port of a service
    SERVICE_GONE = "service gone"  # its processes ended before it was ready, or while needed
    HELD = "held by another run"  # a port, say, for which the job is not to wait
    NO_ROOM = "no room"  # a service never gives back the share of a pool that it needs
    DEPENDENCY = "dependency"
    FILTERED = "filtered"  # left out by the selection
    FAST_FAIL = "fast fail"
    CANCELLED = "cancelled by a user"  # this job alone
    INTERRUPTED = "interrupted"  # a signal to the runner
    RUN_TIMEOUT = "timeout of the run"
    REFUSED = "nothing started"  # other jobs cannot run on this machine
    RUNNER = "runner broke"


class Why(NamedTuple):
    """A reason for people, and its class."""

    text: str = ""
    cause: Cause = Cause.NONE


PLAINLY = Why()  # a plain pass
