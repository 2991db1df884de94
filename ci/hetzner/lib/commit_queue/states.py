"""The states of an entry of the queue. An end is final."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of an entry."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"  # its command could not run, or ended in a way that says nothing of the commit
    CANCELLED = "cancelled"  # by a person
    SUPERSEDED = "superseded"  # by a newer push to its branch
    CUT_OFF = "cut off"  # twice, by a crash of its worker or of the machine


OPEN = frozenset({State.WAITING, State.RUNNING})
ENDED = frozenset(State) - OPEN
SPOKEN = frozenset({State.PASSED, State.FAILED})  # ends of which the run itself tells GitHub
# ends that say something of the commit, or of the box that was to test it
VERDICTS = ENDED - {State.CANCELLED, State.SUPERSEDED}
