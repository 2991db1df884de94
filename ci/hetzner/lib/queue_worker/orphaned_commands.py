"""Sees the commands of dead workers to their end: nothing is started beside them.

Their input has ended with their worker, so they end by themselves; after a while they are ended by
force. They are known by the locks of their entries, which they hold, and by their tags.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.commit_queue import paths
from lib.common import files
from lib.processes import kill, orphans, process_table, runner_process
from lib.processes.process_table import Proc, ProcessTable
from lib.queue_worker import entry_lock
from lib.queue_worker.command_process import key_prefix

PATIENCE = 60.0  # seconds from the start of this worker to the end by force
FIRST_LOOK, LAST_LOOK = 0.05, 1.0  # seconds from one look to the next; it doubles


class OrphanedCommands:
    """What dead workers of a queue have left. `obstacle` says what is there, '' for nothing."""

    def __init__(
        self,
        state_dir: Path,
        table: ProcessTable,
        now: Callable[[], float],
        say: Callable[[str], None],
        patience: float = PATIENCE,
    ) -> None:
        self._state_dir = state_dir
        self._table = table
        self._now = now
        self._say = say
        self._end = now() + patience
        self._pause = FIRST_LOOK
        self.due = now()  # the time of the next `look`
        self.obstacle = "has not looked for runs of an earlier worker yet"

    def look(self) -> None:
        """Look whether they have ended, if it is time to; nothing is left to do after that."""
        now = self._now()
        if now < self.due:
            return
        locks, processes = entry_lock.held(self._state_dir), self._tagged()
        if (locks or processes) and now >= self._end:
            self._stop(locks)
            locks, processes = entry_lock.held(self._state_dir), self._tagged()
        if not locks and not processes:
            _sweep(paths.directory(self._state_dir))
            self.obstacle, self.due = "", math.inf
            return
        self.obstacle = _told(locks, processes)
        self.due = now + self._pause
        self._pause = min(LAST_LOOK, 2 * self._pause)

    def _tagged(self) -> list[Proc]:
        return orphans.of_keys(self._table, key_prefix(self._state_dir))

    def _stop(self, locks: Sequence[Path]) -> None:
        def find() -> list[Proc]:
            holders = [p.pid for p in self._table.all() if p.alive and _holds(p, locks)]
            found = {p.identity: p for p in self._tagged()}
            below = process_table.descendants(self._table, holders)
            return list({**found, **{p.identity: p for p in below if p.alive}}.values())

        stopped = kill.stop(self._table, find)
        for what in stopped.ended:
            self._say(f"an earlier worker left a process, which was ended: {what}")
        for what in stopped.survivors:
            self._say(f"an earlier worker left a process that cannot be ended: {what}")


def _sweep(directory: Path) -> None:
    """Remove the files of runs that a dead worker did not read, or that are half written."""
    files.sweep(directory)
    for name in directory.glob("*.name"):
        with contextlib.suppress(OSError):
            name.unlink()


def _holds(process: Proc, locks: Sequence[Path]) -> bool:
    """Whether a process has one of the locks open; False where that cannot be seen."""
    for lock in locks:
        try:
            if runner_process.has_open(process.pid, lock):
                return True
        except OSError:  # gone, or another user's
            continue
    return False


def _told(locks: Sequence[Path], processes: Sequence[Proc]) -> str:
    entries = [found[1] for lock in locks if (found := re.search(r"(\d+)\.lock$", lock.name))]
    whose = f"entry {', '.join(entries)}" if entries else f"process {processes[0].pid}"
    return f"waits for the end of what an earlier worker left: {whose}"
