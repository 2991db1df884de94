"""Ends processes by force until a look finds none. Knows no job and no attempt.

What is stopped (SIGSTOP) cannot fork, so everything that a look finds is stopped until a look
finds nothing new, and only then killed: the KILL misses nobody.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence

from lib.processes import process_table
from lib.processes.process_table import Proc, ProcessTable

MOST_LOOKS = 100  # until what keeps coming is killed without having been stopped
GIVE_UP = 10.0  # seconds
PAUSE = 0.005  # seconds between two looks after a KILL

Find = Callable[[], Sequence[Proc]]


def freeze(find: Find, send: Callable[[Proc, int], object]) -> Sequence[Proc]:
    """Stop all that is found, until nothing new is found; return them."""
    stopped: set[tuple[int, int]] = set()
    for _ in range(MOST_LOOKS):
        found = find()
        fresh = [p for p in found if (p.pid, p.started) not in stopped]
        if not fresh:
            break
        for process in fresh:
            send(process, signal.SIGSTOP)
            stopped.add((process.pid, process.started))
    return found


def end(
    look: ProcessTable, find: Find, mask: Callable[[str], str] | None = None
) -> tuple[list[str], list[str]]:
    """Kill all that is found until nothing is; return descriptions of the ended and the others.

    They are without secrets, as `redact.shorten` makes them. Blocks, for `GIVE_UP` seconds at most.
    """

    def send(process: Proc, number: int) -> None:
        try:
            process_table.send(look, process, number)
        except PermissionError:
            refused.add(process.pid)

    refused: set[int] = set()
    seen: dict[int, str] = {}
    last = time.monotonic() + GIVE_UP
    while left := freeze(find, send):
        for process in left:
            seen.setdefault(process.pid, process_table.describe(look, process, mask))
            send(process, signal.SIGKILL)
        if time.monotonic() > last or all(process.pid in refused for process in left):
            survivors = {process.pid for process in left}
            return (
                [text for pid, text in seen.items() if pid not in survivors],
                [seen[pid] for pid in sorted(survivors)],
            )
        time.sleep(PAUSE)
    return list(seen.values()), []
