"""A command under way, and how it is asked to end: ever more firmly. Knows no queue."""

from __future__ import annotations

import math
from typing import NamedTuple

from lib.commit_queue.entry import Entry
from lib.queue_worker.protocol import Runs


class Patience(NamedTuple):
    """Seconds from the close of a command's input to TERM, and to KILL."""

    terminate: float
    kill: float


class RunningCommand:
    """A command at a place, since `began` on the clock of its worker.

    First its input is closed, which ends a run in a container as well. Two signals in a row would
    have a run leave out its last steps, so TERM follows only when that has had no effect.
    """

    def __init__(
        self, entry: Entry, place: int, began: float, patience: Patience, *, prepares: bool
    ) -> None:
        self.entry = entry
        self.place = place
        self.began = began
        self.prepares = prepares
        self.begun = False  # its run has begun
        self._patience = patience
        self._asked: float | None = None  # when its input was closed
        self._terminated = self._killed = False

    @property
    def asked(self) -> bool:
        """Whether it was asked to end."""
        return self._asked is not None

    @property
    def due(self) -> float:
        """The time of the next `escalate`; infinite for none."""
        if self._asked is None or self._killed:
            return math.inf
        firm = self._patience.kill if self._terminated else self._patience.terminate
        return self._asked + firm

    def ask(self, runs: Runs, now: float) -> None:
        """Ask it to end, unless it was asked before."""
        if self._asked is None:
            self._asked = now
            runs.close_input(self.place)

    def escalate(self, runs: Runs, now: float) -> None:
        """Send the signal that is due."""
        if self.due > now:
            return
        if self._terminated:
            self.kill(runs)
        else:
            self._terminated = True
            runs.terminate(self.place)

    def kill(self, runs: Runs) -> None:
        """End it by force now."""
        self._killed = True
        runs.kill(self.place)
