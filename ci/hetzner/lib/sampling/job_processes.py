"""Finds the processes of each job in /proc, and adds up their use. Starts and stops nothing.

A process belongs to the job whose first process leads its session or is above it; one that has
left both keeps the job of the look before, or has it in its tag. Source: proc_pid_stat(5).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from lib.processes import process_table
from lib.processes.launch import RunningStep
from lib.processes.process_table import LinuxTable
from lib.sampling.sample_lines import JobRow

TICKS = os.sysconf("SC_CLK_TCK")  # a second
PAGE = os.sysconf("SC_PAGE_SIZE")


class First(NamedTuple):
    """The first process of a step, its job, and the part of its tag that is its own."""

    pid: int
    job: str
    tag: str


class Use(NamedTuple):
    """A process: its parents, its age, and its use; ticks include those of reaped children."""

    pid: int
    parent: int
    session: int
    started: int
    ticks: int
    pages: int
    alive: bool


class JobProcesses:
    """The processes of the jobs, look by look."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        own = use(self._pid)
        self._started = own.started if own else 0
        self._table = LinuxTable()
        self._run = process_table.run_id(self._table, self._pid)
        self._older: set[int] = set()  # pids of processes that are older than this program
        self._owners: dict[tuple[int, int], int] = {}  # pid and start → leader, at the last look
        self._ticks: dict[str, dict[int, int]] = {}  # by job and leader: the most that was seen

    def look(self, running: Callable[[], Mapping[str, RunningStep]]) -> dict[str, JobRow]:
        """Return the use of each job; `running` returns the steps that are not gone, by key."""
        listed = {int(name) for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208
        leaders = {  # asked after that, so the first processes of all that were listed are known
            step.pid: First(step.pid, step.step.node.job.name, f"{self._run}/{key}")
            for key, step in running().items()
        }
        found = self._read(listed)
        owners = self._find_owners(found, leaders)
        self._owners = {(p.pid, p.started): owners[p.pid] for p in found.values() if owners[p.pid]}
        return self._add_up(found, owners, leaders)

    def _read(self, listed: set[int]) -> dict[int, Use]:
        """Read the processes that can be ours: none that is older than this program."""
        self._older &= listed
        found = {}
        for pid in listed - self._older:
            process = use(pid)
            if process is None:
                continue
            if process.started < self._started:
                self._older.add(pid)
            else:
                found[pid] = process
        return found

    def _find_owners(
        self, found: Mapping[int, Use], leaders: Mapping[int, First]
    ) -> dict[int, int]:
        """Return the leader of each process, 0 for none."""
        owners = {self._pid: 0}
        for process in found.values():
            chain = []
            while process.pid not in owners:
                chain.append(process.pid)
                owners[process.pid] = 0  # ends a circle, which reused pids could show
                owner = self._owner(process, leaders)
                above = found.get(process.parent)
                if owner or above is None:
                    owners[process.pid] = owner
                    break
                process = above
            for pid in chain:
                owners[pid] = owners[process.pid]
        return owners

    def _owner(self, process: Use, leaders: Mapping[int, First]) -> int:
        """Return the leader of a process without a look at its parents; 0 if that is not known."""
        if process.session in leaders:
            return process.session
        before = self._owners.get((process.pid, process.started), 0)
        if before in leaders:
            return before
        if process.parent != self._pid:
            return 0
        tag = self._table.tag(process.pid)
        return next((each.pid for each in leaders.values() if each.tag in tag.split(":")), 0)

    def _add_up(
        self,
        found: Mapping[int, Use],
        owners: Mapping[int, int],
        leaders: Mapping[int, First],
    ) -> dict[str, JobRow]:
        ticks, pages, alive = (dict.fromkeys(leaders, 0) for _ in range(3))
        for process in found.values():
            if owner := owners[process.pid]:
                ticks[owner] += process.ticks
                pages[owner] += process.pages
                alive[owner] += process.alive
        rows: dict[str, JobRow] = {}
        for pid, leader in leaders.items():
            seen = self._ticks.setdefault(leader.job, {})
            # what orphans have used is lost when they are reaped: time never runs back
            seen[pid] = max(seen.get(pid, 0), ticks[pid])
            before = rows.get(leader.job, JobRow(0, 0, 0))
            rows[leader.job] = JobRow(
                sum(seen.values()) / TICKS,
                before.rss + pages[pid] * PAGE,
                before.processes + alive[pid],
            )
        return rows


def use(pid: int) -> Use | None:
    """Return the use of a process; None if it is gone, or may not be seen."""
    try:
        handle = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(handle, 4096)
    except OSError:
        return None
    finally:
        os.close(handle)
    fields = text[text.rindex(b")") + 2 :].split()  # the name before may hold blanks
    return Use(
        pid=pid,
        parent=int(fields[1]),
        session=int(fields[3]),
        started=int(fields[19]),
        ticks=sum(map(int, fields[11:15])),
        pages=int(fields[21]),
        alive=fields[0] not in (b"Z", b"X"),
    )
