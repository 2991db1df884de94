"""Finds the process that drives a run, and the processes that the run has started.

A summary can be wrong, and pids are reused, so a process counts only if it has the start time
that the run's id tells, and on Linux the lock of the run's directory open.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from lib.processes.process_table import Proc, ProcessTable

LONGEST_ID = 40  # characters of the id of a run


def find(table: ProcessTable, runs: Iterable[str], lock: Path) -> Proc | None:
    """Return the process of one of these ids of runs that has the lock open, None if none has.

    Raises PermissionError, with a sentence for people, for another user's process.
    """
    for run in runs:
        pid, _, started = run.removeprefix("r").partition("-")
        if not (pid.isdecimal() and started.isdecimal() and len(run) < LONGEST_ID):
            continue
        process = table.read(int(pid))
        known = process and process.alive and process.started == int(started)
        if process and known and _drives(process, lock):
            return process
    return None


def _drives(process: Proc, lock: Path) -> bool:
    if sys.platform != "linux":
        return True
    try:
        return has_open(process.pid, lock)
    except PermissionError:
        raise refusal(process) from None
    except OSError:  # it, or the lock, is gone
        return False


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open. Raises OSError."""
    wanted = path.stat()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if os.path.samestat(descriptor.stat(), wanted):
                return True
        except FileNotFoundError:  # closed since
            continue
    return False


def refusal(process: Proc) -> PermissionError:
    """Return the error for a process that may not be signalled."""
    return PermissionError(
        f"expected a process of your own, found pid {process.pid} of another user: only that user "
        "or root can end it"
    )


def started_by(table: ProcessTable, run: str) -> list[Proc]:
    """Return the living processes that are tagged with the id of a run, but the run's own."""
    tagged = (p for p in table.all() if p.alive and f"r{p.pid}-{p.started}" != run)
    return [
        p
        for p in tagged
        if any(part.partition("/")[0] == run for part in table.tag(p.pid).split(":"))
    ]
