"""What a run leaves on the machine: processes, and amounts beside those before the first run.

Other programs change the amounts as well, so they are told and not judged; a process is judged.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from lib.common import interrupts
from lib.common.plain_text import size
from lib.processes import orphans, process_table, subreaper
from lib.processes.process_table import Proc

SECOND_LOOK = 1.0  # seconds after which a process that was ending is gone
# the disk is filled by logs and caches, which are no leak
TOLD = (
    *("processes", "descriptors", "sockets", "tmp_entries", "tmp_bytes"),
    *("shm_entries", "shm_bytes", "memory_available_bytes"),
)
ENTRIES = ("tmp_entries", "shm_entries")  # that no run may add to each time


class Growth(NamedTuple):
    """By how much the amounts after a run differ from those before the first."""

    name: str
    by: Mapping[str, int]

    def cell(self, name: str) -> str:
        """Return a difference for people, '' if it is not known."""
        if name not in self.by:
            return ""
        by = self.by[name]
        amount = size(abs(by)) if name.endswith("_bytes") else str(abs(by))
        return f"{'-' if by < 0 else '+'}{amount}" if by else "0"


class Watch:
    """Finds the processes that runs leave: on Linux each is adopted by this process.

    Elsewhere only those of a run's session, and those tagged by a dead run, are found.
    """

    def __init__(self) -> None:
        self._before = subreaper.adopt()
        self._known = {process.identity for process in self._look(0)}

    def close(self) -> None:
        """Adopt no more."""
        subreaper.release(self._before)

    def left_by(self, session: int) -> list[str]:
        """Return the processes that a run has left, for people; each is told once.

        Those that are gone a moment later were ending. Raises Interrupted.
        """
        found = self._new(session)
        if found:
            interrupts.sleep(SECOND_LOOK)
            again = {process.identity for process in self._new(session)}
            found = [process for process in found if process.identity in again]
        self._known |= {process.identity for process in found}
        table = process_table.table()
        return [process_table.describe(table, process) for process in found]

    def _new(self, session: int) -> list[Proc]:
        return [process for process in self._look(session) if process.identity not in self._known]

    def _look(self, session: int) -> list[Proc]:
        """Return our descendants; without adoption also a session, and those of dead runs."""
        _reap()
        table = process_table.table()
        found = process_table.descendants(table, [os.getpid()])
        if self._before is None:
            found += orphans.find(table)
            found += [p for p in table.all() if session and p.session == session]
        unique = {p.identity: p for p in found if p.alive and p.pid != os.getpid()}
        return list(unique.values())


def _reap() -> None:
    """Reap adopted processes that have ended; nobody else waits for a child meanwhile."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def growth(name: str, before: Mapping[str, int], after: Mapping[str, int]) -> Growth:
    """Return how the amounts after the run of this name differ from those before the first."""
    both = [n for n in TOLD if n in after and n in before]
    return Growth(name, {n: after[n] - before[n] for n in both})


def leaks(after: Sequence[Mapping[str, int]]) -> list[str]:
    """Return the kinds of entries of which each run after the first has added some.

    Two runs tell nothing: any other program may have made one entry between them.
    """
    pairs = list(pairwise(after))
    return [
        name
        for name in ENTRIES
        if len(pairs) > 1 and all(name in b and name in a and b[name] > a[name] for a, b in pairs)
    ]
