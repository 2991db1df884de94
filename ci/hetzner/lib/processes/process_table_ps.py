"""The process table of systems without /proc, from ps(1) as POSIX has it.

The environment of other processes cannot be read this way, so trees are found by group and
parentage only.
"""

from __future__ import annotations

import subprocess

from lib.processes.process_table import Proc


class PsTable:
    """Asks ps(1) anew for every look."""

    def read(self, pid: int) -> Proc | None:
        """Return one process of the table."""
        return next((process for process in self.all() if process.pid == pid), None)

    def children(self, pid: int) -> list[int]:
        """Return its children."""
        return [process.pid for process in self.all() if process.ppid == pid]

    def tag(self, pid: int) -> str:
        """Return '': ps(1) shows no environments that could be trusted."""
        return ""

    def command(self, pid: int) -> str:
        """Return the arguments as ps(1) shows them."""
        asked = subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return asked.stdout.strip() or "[gone]"

    def all(self) -> list[Proc]:
        """Run ps(1) once. The start time is not in POSIX: the session id stands in for nothing."""
        asked = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,pgid=,state=,comm="],
            capture_output=True,
            text=True,
            check=True,
        )
        return [process for line in asked.stdout.splitlines() if (process := _parse(line))]


def _parse(line: str) -> Proc | None:
    fields = line.split(None, 4)
    if len(fields) < 5:
        return None
    pid, ppid, group = (int(field) for field in fields[:3])
    return Proc(pid, ppid, group, 0, fields[3][0], 0, fields[4])
