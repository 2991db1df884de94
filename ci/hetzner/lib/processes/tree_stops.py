"""Stops whole trees of processes, each in its time, and never blocks. Knows no job."""

from __future__ import annotations

import contextlib
import math
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from lib.common.clock import MonotonicClock
from lib.processes import process_table
from lib.processes.kill import Stopping
from lib.processes.process_table import Proc, ProcessTable
from lib.processes.process_tree import ProcessTrees


class Killed(NamedTuple):
    """The result of a KILL of a tree; with `hopeless` another one would be useless."""

    key: str
    left: Sequence[Proc]
    hopeless: bool


class TreeStops:
    """The trees that are being stopped. `due` is the time of the next `kills`."""

    def __init__(
        self,
        table: ProcessTable,
        trees: ProcessTrees,
        grace: float,
        remark: Callable[[str], None],
    ) -> None:
        self._table = table
        self._trees = trees
        self._grace = grace
        self._remark = remark
        self._stopping: dict[str, Stopping] = {}

    def __contains__(self, key: str) -> bool:
        """Whether a tree is being stopped."""
        return key in self._stopping

    @property
    def due(self) -> float:
        """The time of the next KILL; infinite for none."""
        if not self._stopping:
            return math.inf
        return min(each.due for each in self._stopping.values())

    def begin(self, key: str, now: float) -> Stopping:
        """Have KILL sent to a tree after the grace; the caller sends the first signal."""
        stopping = Stopping(lambda: self._trees.members(key), self.send, now + self._grace)
        self._stopping[key] = stopping
        return stopping

    def hasten(self, key: str, now: float) -> None:
        """Have KILL sent now to a tree that is being stopped."""
        if stopping := self._stopping.get(key):
            stopping.due = min(stopping.due, now)

    def kills(self, now: float) -> Iterator[Killed]:
        """Send KILL to each tree for which it is due, and yield the results."""
        for key, stopping in list(self._stopping.items()):
            if stopping.due <= now:
                left = stopping.freeze()
                stopping.kill(left, now)
                yield Killed(key, left, stopping.is_hopeless(now))

    def forget(self, key: str) -> None:
        """Send no more signals to a tree."""
        self._stopping.pop(key, None)

    @contextlib.contextmanager
    def suspended(self, keys: Iterable[str]) -> Iterator[None]:
        """Stop trees as a terminal's Ctrl-Z does, and let them go on in the end."""
        members = [process for key in keys for process in self._trees.members(key)]
        for process in members:
            self.send(process, signal.SIGSTOP)
        yield
        for process in members:
            self.send(process, signal.SIGCONT)

    def send(self, process: Proc, number: int) -> None:
        """Send a signal; report a process that we may not signal."""
        try:
            process_table.send(self._table, process, number)
        except PermissionError:
            # a program with other rights, such as sudo's: it is reported if it outlives the KILL
            self._remark(f"no permission to signal {process.pid} {process.name}")


def stop_ourselves(clock: MonotonicClock) -> None:
    """Stop this program until its shell lets it go on; meanwhile the clock stands still."""
    clock.pause()
    os.kill(os.getpid(), signal.SIGSTOP)
    clock.resume()
