"""Assigns processes to attempts: finds each tree among our descendants, and reaps.

Knows trees by key and leader only: no job, no outcome. Whatever was started is reaped here and
nowhere else, always by pid, so no status is ever stolen from `subprocess` or the host program.

A leader that exited stays a zombie until its tree is gone, so that its pid, which is also the
number of its group, cannot go to a stranger. Its leftovers are found by parentage (we are the
subreaper, so orphans become our children) and belong to the tree that their tag or group names:
once the leader has exited, `members` is the leak. An orphan that shed both belongs to the only
attempt that it can have come from: the last one left of those that were running at its start.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

from lib.model.attempt_outcome import UNKNOWN_CODE
from lib.processes import process_table
from lib.processes.own_children import OwnChildren
from lib.processes.process_table import Proc, ProcessTable

MOST_LOOKS = 10  # in a row, while processes die during each


class Leader:
    """The first process of an attempt."""

    __slots__ = ("code", "key", "pid", "started")

    def __init__(self, key: str, pid: int) -> None:
        self.key = key
        self.pid = pid
        self.started: int | None = None  # as in Proc, once it was read
        self.code: int | None = None  # once it has exited


def _peek(pid: int) -> int | None:
    """Return the exit code of a child, negative for a signal, None while it runs.

    Raises ChildProcessError for a process that is no child.
    """
    if hasattr(os, "waitid"):
        status = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if status is None:
            return None
        by_exit = status.si_code == os.CLD_EXITED
        return int(status.si_status if by_exit else -status.si_status)
    pid, result = os.waitpid(pid, os.WNOHANG)  # macOS before Python 3.13 cannot peek
    return os.waitstatus_to_exitcode(result) if pid else None


class ProcessTrees:
    """Our descendants, without the children of the host program."""

    def __init__(self, table: ProcessTable, run: str, *, subreaper: bool) -> None:
        self._table = table
        self._run = run
        self._subreaper = subreaper
        self._children = OwnChildren(table)
        own = table.read(os.getpid())
        self._session = own.session if own else 0
        self._foreign: set[tuple[int, int]] = set()
        self.spare_children()
        self._died = False  # whether an orphan was met that is dead
        self._leaders: dict[int, Leader] = {}
        self._by_key: dict[str, Leader] = {}

    def spare_children(self) -> None:
        """Let the children that there are now pass for those of the host program."""
        children = map(self._table.read, self._children.pids())
        self._foreign |= {child.identity for child in children if child}

    def add(self, key: str, pid: int) -> None:
        """Take on a new leader."""
        self._leaders[pid] = self._by_key[key] = Leader(key, pid)

    def key_of(self, pid: int) -> str | None:
        """Return the key of the leader with this pid."""
        leader = self._leaders.get(pid)
        return leader.key if leader else None

    def code(self, key: str) -> int | None:
        """Return how a leader exited, leaving it unreaped; None while it runs.

        UNKNOWN_CODE if the host program has waited for it, or has the kernel do so (wait(2),
        NOTES).
        """
        leader = self._by_key[key]
        if leader.code is None:
            try:
                leader.code = _peek(leader.pid)
            except ChildProcessError:
                leader.code = UNKNOWN_CODE
        return leader.code

    def members(self, key: str) -> list[Proc]:
        """Return the living processes of a tree, parents first."""
        leader = self._by_key[key]

        def roots() -> list[int]:
            own = [] if leader.code is not None else [leader.pid]
            return own + [o.pid for o in self._orphans() if self._owner(o) is leader]

        return self._below(roots)

    def left_by(self, keys: Collection[str]) -> dict[str, list[Proc]]:
        """Return the members of trees whose leaders have exited; for none of them in one scan."""
        self._died = False
        if keys and (self._orphans() or self._died):
            return {key: self.members(key) for key in keys}
        return {key: [] for key in keys}

    def unowned(self) -> list[Proc]:
        """Return living orphans that no attempt owns, with all their descendants."""
        return self._below(lambda: [o.pid for o in self._orphans() if self._owner(o) is None])

    def _below(self, roots: Callable[[], list[int]]) -> list[Proc]:
        """Return the living processes at and below some of ours.

        The children of a process that dies during the scan become ours after our own were listed:
        an empty scan counts only if no process died in it.
        """
        for _ in range(MOST_LOOKS):
            self._died = False
            top = roots()
            found = [p for p in process_table.descendants(self._table, top) if p.alive]
            if found or not (self._died or top):
                break
        return found

    def remove(self, key: str) -> None:
        """Forget a tree and reap its leader if that has exited."""
        exited = self.code(key) is not None
        leader = self._by_key.pop(key)
        del self._leaders[leader.pid]
        if exited:
            self._reap(leader.pid)

    def close(self) -> None:
        """Look for processes no more."""
        self._children.close()

    def _orphans(self) -> list[Proc]:
        """Return our living adopted children, reaping those that are dead."""
        if not self._subreaper:
            return [p for p in self._table.all() if p.pid not in self._leaders and self._is_ours(p)]
        found = []
        for pid in self._children.pids():
            if pid in self._leaders:
                continue
            process = self._table.read(pid)
            if process is None:
                self._died = True
                continue
            if self._is_the_hosts(process):
                continue
            if process.alive:
                found.append(process)
            else:
                self._died = True
                self._reap(pid)
        return found

    def _is_the_hosts(self, process: Proc) -> bool:
        """Whether the host program started it: it is older than the run, or of our session.

        Descendants of an attempt are of another session, and none can be joined (setsid(2)).
        """
        return process.identity in self._foreign or process.session == self._session

    def _is_ours(self, process: Proc) -> bool:
        return process.alive and self._named_owner(process) is not None

    def _owner(self, orphan: Proc) -> Leader | None:
        named = self._named_owner(orphan)
        if named is not None or not self._subreaper:
            return named
        suspects = [one for one in self._leaders.values() if self._started(one) <= orphan.started]
        return suspects[0] if len(suspects) == 1 else None

    def _started(self, leader: Leader) -> int:
        """Read the start of a leader; it exists, if only as a zombie, until removed."""
        if leader.started is None:
            process = self._table.read(leader.pid)
            leader.started = process.started if process else 0
        return leader.started

    def _named_owner(self, process: Proc) -> Leader | None:
        if process.group in self._leaders:
            return self._leaders[process.group]
        for run, key in self._named(process):
            if run == self._run and key in self._by_key:
                return self._by_key[key]
        return None

    def _named(self, process: Proc) -> list[tuple[str, str]]:
        """Return the runs and keys of its tag."""
        parts = (part.partition("/") for part in self._table.tag(process.pid).split(":"))
        return [(run, key) for run, _, key in parts]

    def _reap(self, pid: int) -> None:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return  # the host program ignores SIGCHLD, or waits for all its children: it is gone
