"""Finds the processes of dead runs, and those that may be stopped by force. Stops nothing.

A run is dead when the process that drove it is gone; a process is an orphan when any run in its
tag is dead, or when it descends from an orphan.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from lib.processes import process_table
from lib.processes.process_table import Proc, ProcessTable

RUN_ID = re.compile(r"r\d+-\d+")  # as process_table.run_id makes it


def find(table: ProcessTable) -> list[Proc]:
    """Return the processes of dead runs, with all their descendants."""
    own = _own_line(table)
    roots = [p.pid for p in _strangers(table) if _is_orphan(table, p)]
    return [p for p in process_table.descendants(table, roots) if p.alive and p.pid not in own]


def of_keys(table: ProcessTable, prefix: str) -> list[Proc]:
    """Return those that dead programs have tagged with a key of this prefix, and descendants."""

    def is_meant(process: Proc) -> bool:
        parts = [part.partition("/") for part in table.tag(process.pid).split(":")]
        return _in_our_namespace(process.pid) and any(
            key.startswith(prefix) and not process_table.driver_lives(table, run)
            for run, _, key in parts
        )

    roots = [p.pid for p in _strangers(table) if is_meant(p)]
    return [p for p in process_table.descendants(table, roots) if p.alive]


def unprotected(table: ProcessTable) -> list[Proc]:
    """Return the processes that may be stopped by force on a CI box."""
    live = of_live_runs(table)
    return [p for p in _strangers(table) if p.pid not in live]


def of_live_runs(table: ProcessTable) -> set[int]:
    """Return the pids of live runs: runners, processes with their tags, and all descendants.

    A runner that has started nothing yet is not known here.
    """
    roots = set()
    for process in _strangers(table):
        runs = _runs(table, process)
        if runs and not _is_orphan(table, process):
            roots |= {process.pid, *(_runner(run) for run in runs)}
    left = {process.pid for process in find(table)}
    return {process.pid for process in process_table.descendants(table, roots)} - left


def _is_orphan(table: ProcessTable, process: Proc) -> bool:
    return any(not process_table.driver_lives(table, run) for run in _runs(table, process))


def _runs(table: ProcessTable, process: Proc) -> list[str]:
    """Return the runs that a process is tagged with; none if it is not our tag.

    The pids in a tag mean something only in the namespace of pids that they were written in, so
    processes of others, such as a container that runs its own pipeline, count as untagged.
    """
    runs = [part.partition("/")[0] for part in table.tag(process.pid).split(":")]
    if not all(map(RUN_ID.fullmatch, runs)) or not _in_our_namespace(process.pid):
        return []
    return runs


def _runner(run: str) -> int:
    return int(run[1:].partition("-")[0])


def _in_our_namespace(pid: int) -> bool:
    """Whether a process counts pids as we do (pid_namespaces(7))."""
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink() == Path("/proc/self/ns/pid").readlink()
    except OSError:  # gone, or another user's
        return False


def _strangers(table: ProcessTable) -> list[Proc]:
    """Return all living processes but ourselves, our ancestors, pid 1 and the kernel's."""
    own = _own_line(table)
    kernel = _kernel(table)
    return [p for p in table.all() if p.alive and p.pid not in own and p.ppid not in kernel]


def _own_line(table: ProcessTable) -> set[int]:
    line = {0, 1}
    pid = os.getpid()
    while pid not in line:
        line.add(pid)
        process = table.read(pid)
        pid = process.ppid if process else 0
    return line


def _kernel(table: ProcessTable) -> set[int]:
    """Return the parent of the kernel's threads; in a container its pid is an ordinary one."""
    process = table.read(2)
    return {2} if process and (process.name, process.ppid) == ("kthreadd", 0) else set()
