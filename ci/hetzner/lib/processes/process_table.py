"""Reads the process table. Starts nothing, decides nothing; `send` signals exactly one process.

A pid alone is not an identity, since pids are reused: a process is its pid and its start time.
Source of all fields: proc(5).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from lib.common import redact

TAG = "CI_RUN_TAG"  # environment variable: "<run>/<job>" parts joined by ':', outermost run first
PROC = Path("/proc")
LONGEST_COMMAND = 120  # characters of a command that are shown
EXEC_LOOKS, EXEC_PAUSE = (
    5,
    0.001,
)  # looks and seconds between them until a process counts as untagged
LINKS_OF_ONE_THREAD = 3  # of /proc/<pid>/task: its own two, and one for each thread


class Proc(NamedTuple):
    """One process, as the system shows it."""

    pid: int
    ppid: int
    group: int
    session: int
    state: str  # one letter: R, S, D, T, Z, …
    started: int  # clock ticks since boot (proc(5) stat field 22)
    name: str

    @property
    def identity(self) -> tuple[int, int]:
        """Return an identity that no other process has, now or later: pids are reused."""
        return self.pid, self.started

    @property
    def alive(self) -> bool:
        """Whether it is no zombie, which waits to be reaped."""
        return self.state not in ("Z", "X")


class ProcessTable(Protocol):
    """Reads processes; each kind of system has a small implementation."""

    def read(self, pid: int) -> Proc | None:
        """Return a process, or None if there is none of that pid."""
        ...

    def children(self, pid: int) -> list[int]:
        """Return the pids of its children, adopted ones and zombies too."""
        ...

    def tag(self, pid: int) -> str:
        """Return the value of CI_RUN_TAG in its environment; '' if it has none or is not ours."""
        ...

    def command(self, pid: int) -> str:
        """Return its command line, or its name in brackets, for people to read."""
        ...

    def all(self) -> list[Proc]:
        """Return every process that can be seen."""
        ...


class LinuxTable:
    """The process table of Linux, from /proc."""

    def read(self, pid: int) -> Proc | None:
        """Parse /proc/<pid>/stat."""
        try:
            text = _content(f"/proc/{pid}/stat")
        except (FileNotFoundError, ProcessLookupError):
            return None
        except PermissionError:  # another user's, where /proc is mounted with hidepid (proc(5))
            return None
        # the name stands in parentheses and may contain spaces and parentheses
        start, end = text.index(b"("), text.rindex(b")")
        rest = text[end + 2 :].split()
        return Proc(
            pid=pid,
            ppid=int(rest[1]),
            group=int(rest[2]),
            session=int(rest[3]),
            state=rest[0].decode(),
            started=int(rest[19]),
            name=text[start + 1 : end].decode(errors="replace"),
        )

    def children(self, pid: int) -> list[int]:
        """Read the children of every thread; empty for a process that is gone."""
        found: list[int] = []
        try:
            threads = _threads(pid)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return found
        for thread in threads:
            try:
                found += map(int, _content(f"/proc/{pid}/task/{thread}/children").split())
            except (FileNotFoundError, ProcessLookupError):
                continue  # the thread ended between the two looks
        return found

    def tag(self, pid: int) -> str:
        """Search /proc/<pid>/environ, which has the environment at its start."""
        try:
            environ = _content(f"/proc/{pid}/environ")
            for _ in range(EXEC_LOOKS):
                if environ:
                    break
                time.sleep(EXEC_PAUSE)  # either it has none, or is within execve(2) right now
                environ = _content(f"/proc/{pid}/environ")
        except OSError:  # gone, a zombie, or another user's
            return ""
        prefix = TAG.encode() + b"="
        for entry in environ.split(b"\0"):
            if entry.startswith(prefix):
                return entry[len(prefix) :].decode(errors="replace")
        return ""

    def command(self, pid: int) -> str:
        """Read /proc/<pid>/cmdline."""
        try:
            line = _content(f"/proc/{pid}/cmdline")
        except OSError:
            line = b""
        words = line.replace(b"\0", b" ").decode(errors="replace").strip()
        if words:
            return words
        process = self.read(pid)
        return f"[{process.name}]" if process else "[gone]"

    def all(self) -> list[Proc]:
        """Read every numbered directory of /proc."""
        pids = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
        return [process for pid in pids if (process := self.read(pid))]


def _threads(pid: int) -> list[str]:
    """Return the ids of a process' threads; the link count shows if there is only one."""
    tasks = f"/proc/{pid}/task"
    alone = os.stat(tasks).st_nlink == LINKS_OF_ONE_THREAD  # noqa: PTH116 - see _content
    return [str(pid)] if alone else os.listdir(tasks)  # noqa: PTH208


def _content(path: str) -> bytes:
    """Return a file of /proc; it is read at the end of every job, so without a Path's cost."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(handle, 65536):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def table() -> ProcessTable:
    """Return the process table of this system."""
    if sys.platform == "linux":
        return LinuxTable()
    from lib.processes.process_table_ps import PsTable  # late: systems without /proc

    return PsTable()


def describe(table: ProcessTable, process: Proc, mask: Callable[[str], str] | None = None) -> str:
    """Return a process' id and the beginning of its command, its secrets masked."""
    return f"{process.pid} {redact.shorten(table.command(process.pid), LONGEST_COMMAND, mask)}"


def descendants(table: ProcessTable, roots: Iterable[int]) -> list[Proc]:
    """Return the processes with these pids and all below them, zombies too, parents first."""
    found: dict[int, Proc] = {}
    queue = list(roots)
    for pid in queue:  # grows during the loop
        if pid not in found and (process := table.read(pid)):
            found[pid] = process
            queue += table.children(pid)
    return list(found.values())


def send(table: ProcessTable, process: Proc, number: int) -> bool:
    """Send a signal to exactly this process; False if it is gone.

    Where the system has pidfds, the start time is checked between opening one and using it, so
    that the signal cannot reach a stranger that got the same pid (pidfd_send_signal(2)).
    Raises PermissionError.
    """
    if not hasattr(signal, "pidfd_send_signal") or not hasattr(os, "pidfd_open"):
        return _send_by_pid(table, process, number)
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        now = table.read(process.pid)
        if now is None or now.started != process.started:
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def _send_by_pid(table: ProcessTable, process: Proc, number: int) -> bool:
    now = table.read(process.pid)
    if now is None or now.started != process.started:
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def run_id(table: ProcessTable, pid: int) -> str:
    """Return the id of a run that the process `pid` drives: `r<pid>-<start time>`."""
    process = table.read(pid)
    return f"r{pid}-{process.started if process else 0}"


def driver_lives(table: ProcessTable, run: str) -> bool:
    """Whether the process that drives the run of this id still lives.

    A start time of 0 was unknown to that run: then any living process of this pid counts.
    """
    pid, _, started = run.removeprefix("r").partition("-")
    if not pid.isdigit() or not started.isdigit():
        return False
    process = table.read(int(pid))
    return process is not None and process.alive and int(started) in (0, process.started)
