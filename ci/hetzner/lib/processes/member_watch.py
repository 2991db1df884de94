"""Finds the trees in which a process ended. Knows no job, decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from lib.processes.process_table import Proc
from lib.processes.wait import Waiter

UNWATCHED = 0.2  # seconds between two scans of a tree without a free descriptor


class MemberWatch:
    """Watches members of trees, except leaders. `due` is the time of the next `overdue`."""

    def __init__(self, waiter: Waiter, remark: Callable[[str], None]) -> None:
        self._waiter = waiter
        self._remark = remark
        self._pids: dict[str, set[int]] = {}  # by tree
        # by tree: the time of its next scan, where no descriptor is left for events
        self._due: dict[str, float] = {}

    @property
    def due(self) -> float:
        """The time of the next scan of a tree without events; infinite for none."""
        return min(self._due.values()) if self._due else math.inf

    def set(self, key: str, leader: int, members: Sequence[Proc], now: float) -> None:
        """Watch exactly these members of a tree: the end of each wakes us."""
        pids = {process.pid for process in members if process.pid != leader}
        watched = self._pids.setdefault(key, set())
        for pid in watched - pids:
            self._waiter.forget(pid)
        watched &= pids
        for pid in pids - watched:
            try:
                self._waiter.watch(pid)
            except ProcessLookupError:
                continue  # it ended since: the next scan will not find it
            except OSError as error:
                self._remark(f"no descriptor is left to watch processes with: {error}")
                self._due[key] = now + UNWATCHED
                return
            watched.add(pid)

    def forget(self, key: str) -> None:
        """Watch no member of a tree."""
        self._due.pop(key, None)
        for pid in self._pids.pop(key, ()):
            self._waiter.forget(pid)

    def keys_of(self, pids: Collection[int]) -> list[str]:
        """Return the trees in which one of these processes is watched."""
        return [key for key, watched in self._pids.items() if not watched.isdisjoint(pids)]

    def overdue(self, now: float) -> list[str]:
        """Return the trees that are to be scanned, each once."""
        found = [key for key, due in self._due.items() if due <= now]
        for key in found:
            del self._due[key]
        return found
