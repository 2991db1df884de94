"""Stops processes: TERM, then after a grace KILL, until a scan finds none. Knows no job.

The only module that sends these signals to others. A process that is stopped (SIGSTOP) cannot fork.
So before a KILL every process that a scan finds is stopped, until a scan finds no new one: the KILL
misses none.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lib.processes import process_table
from lib.processes.process_table import Proc, ProcessTable

GRACE = 3.0  # seconds from TERM to KILL, if the caller has no grace of its own
GIVE_UP = 10.0  # seconds from the first KILL until a living process counts as a survivor
RESCAN = 0.02  # seconds from the first KILL to the next scan; the distances grow
SHORTEST, LONGEST, GROWTH = 0.005, 0.1, 1.5  # seconds between two scans of `stop`, and their ratio
CONFIRM = 0.02  # seconds between the last two scans of `stop`
MOST_SCANS = 100  # before a KILL: it is sent even if the last scan found a new process

Find = Callable[[], Sequence[Proc]]  # scans for the living processes to stop
Send = Callable[[Proc, int], object]


class Stopping:
    """The stop of the processes that `find` returns. Never blocks: its owner keeps the time.

    `due`, on the clock of the owner, is when to call `kill`, for the first time and again.
    """

    def __init__(self, find: Find, send: Send, due: float) -> None:
        self._find = find
        self._send = send
        self._killed_at = math.inf
        self.due = due

    def terminate(
        self, processes: Sequence[Proc], choose: Callable[[Proc], int] = lambda _: signal.SIGTERM
    ) -> None:
        """Send to each of these processes the signal that `choose` returns for it."""
        for process in processes:
            self._send(process, choose(process))
            # a stopped process does not see TERM before it is continued
            self._send(process, signal.SIGCONT)

    def freeze(self) -> Sequence[Proc]:
        """Stop all found processes, until a scan finds no new one; return those of that scan."""
        stopped: set[tuple[int, int]] = set()
        found: Sequence[Proc] = ()
        for _ in range(MOST_SCANS):
            found = self._find()
            fresh = [process for process in found if process.identity not in stopped]
            if not fresh:
                break
            for process in fresh:
                self._send(process, signal.SIGSTOP)
                stopped.add(process.identity)
        return found

    def kill(self, frozen: Sequence[Proc], now: float) -> None:
        """Send KILL to what `freeze` returned, and set `due` to the next time."""
        for process in frozen:
            self._send(process, signal.SIGKILL)
        self._killed_at = min(self._killed_at, now)
        self.due = now + max(RESCAN, now - self._killed_at)

    def is_hopeless(self, now: float) -> bool:
        """Whether the first KILL was so long ago that a living process cannot be killed."""
        return now - self._killed_at > GIVE_UP


class Stopped(NamedTuple):
    """Descriptions, without secrets, of the processes that ended and of those that did not."""

    ended: list[str]
    survivors: list[str]


def stop(
    table: ProcessTable,
    find: Find,
    *,
    grace: float = 0.0,
    mask: Callable[[str], str] | None = None,
    sleep: Callable[[float], object] = time.sleep,
) -> Stopped:
    """Stop all that `find` returns, also new ones, until it finds none twice in a row.

    Without a grace the first signal is KILL. Blocks, for `grace` and `GIVE_UP` seconds at most;
    `sleep` may raise to end that. `mask` removes secrets, as for `redact.shorten`.
    """
    refused: set[int] = set()

    def send(process: Proc, number: int) -> None:
        try:
            process_table.send(table, process, number)
        except PermissionError:
            refused.add(process.pid)

    deadline = time.monotonic() + grace
    stopping = Stopping(find, send, deadline)
    seen: dict[tuple[int, int], str] = {}
    pause, empty = SHORTEST, 0
    while True:
        now = time.monotonic()
        left = find() if now < deadline else stopping.freeze()
        fresh = [process for process in left if process.identity not in seen]
        seen |= {p.identity: process_table.describe(table, p, mask) for p in fresh}
        # one scan is not enough: a process within execve(2) shows neither its arguments nor its
        # environment, and a process that is forked during a scan may not be in it
        empty = 0 if left else empty + 1
        if not seen or empty == 2:
            return Stopped(list(seen.values()), [])
        if now < deadline:
            stopping.terminate(fresh)
        else:
            stopping.kill(left, now)
            if left and (stopping.is_hopeless(now) or refused.issuperset(p.pid for p in left)):
                survivors = [seen.pop(process.identity) for process in left]
                return Stopped(list(seen.values()), survivors)
        sleep(pause if left else CONFIRM)
        pause = min(LONGEST, pause * GROWTH)


def ask_to_end(table: ProcessTable, process: Proc) -> bool:
    """Send TERM to one process; False if it is gone. Raises PermissionError.

    A process that is stopped, by Ctrl-Z say, sees it only when it is continued.
    """
    sent = process_table.send(table, process, signal.SIGTERM)
    return sent and process_table.send(table, process, signal.SIGCONT)


def kill_group(leader: int) -> None:
    """Send KILL to every process of a group."""
    # macOS raises PermissionError for a group of zombies
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
