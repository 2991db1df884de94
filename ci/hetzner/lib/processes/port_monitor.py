"""Checks whether services listen on their ports, and whether other processes do.

No event tells of a socket that begins to listen, or ends, so the ports are read at intervals: short
and growing ones while a service with ports is not ready, and long ones while it serves, since its
worker may die and leave the port to a stranger. Observes only; others decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from lib.processes import ports
from lib.processes.process_table import Proc, ProcessTable
from lib.scheduler.protocol import Listens, Occupied, Report, StartError, Step

SHORTEST, LONGEST, GROWTH = 0.01, 0.1, 1.5  # seconds between two looks, and its factor
SERVING = 1.0  # seconds between two looks once all are ready


class _Followed:
    """The state of one service."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.ports = frozenset(step.node.job.listens)
        self.heard: frozenset[int] = frozenset()
        self.mine: set[int] = set()  # inodes of sockets of its tree
        self.suspects: set[int] = set()  # of others
        self.ready = False
        self.silent: frozenset[int] = frozenset()  # ports without a listener, since it was ready


class PortMonitor:
    """One for all services of a run. `due` is the time of the next look, on the clock of `follow`.

    `members` returns the processes of a tree; `awaits` tells whether outputs of an attempt are
    still waited for: until they are there, its ports do not matter.
    """

    def __init__(
        self,
        table: ProcessTable,
        members: Callable[[str], Sequence[Proc]],
        awaits: Callable[[Step], bool],
    ) -> None:
        self._table = table
        self._members = members
        self._awaits = awaits
        self._followed: dict[str, _Followed] = {}
        self._step = SHORTEST
        self.due = math.inf

    def check_free(self, step: Step) -> None:
        """Raise StartError if a process listens on a port of a service that is about to start."""
        job = step.node.job
        if not job.listens:
            return
        try:
            held = ports.sockets(job.listens)
        except OSError as error:
            raise StartError(f"listens: {error}") from error
        if held:
            raise StartError(
                f"port {held[0].port} is held by {self._holder(held[0])}: stop that, or use "
                "another port"
            )

    def follow(self, step: Step, now: float) -> None:
        """Check the ports of a service from now on, if it declares any."""
        if step.node.job.listens:
            self._followed[step.node.key] = _Followed(step)
            self._look_soon(now)

    def leave(self, key: str) -> None:
        """Check them no more."""
        if self._followed.pop(key, None) and not self._followed:
            self.due = math.inf

    def look(self, now: float) -> list[Report]:
        """Return the changes, if a look is due."""
        if now < self.due:
            return []
        self._step = min(LONGEST, self._step * GROWTH)
        self.due = now + self._step
        try:
            found = ports.sockets({port for each in self._followed.values() for port in each.ports})
        except OSError:  # no descriptor is left, or lsof is slow: the next look may succeed
            return []
        reports: list[Report] = []
        for key, each in list(self._followed.items()):
            reports += self._changes(key, each, [s for s in found if s.port in each.ports])
        if any(each.suspects for each in self._followed.values()):
            self._look_soon(now)
        elif self._followed and all(each.ready for each in self._followed.values()):
            self.due = now + SERVING
        return reports

    def last_look(self, key: str) -> list[Report]:
        """Report a stranger on a port of a service without processes: it may be why they ended."""
        each = self._followed.get(key)
        if each is None:
            return []
        try:
            found = ports.sockets(each.ports)
        except OSError:
            return []
        return [Occupied(key, socket.port, self._holder(socket)) for socket in found[:1]]

    def _look_soon(self, now: float) -> None:
        self._step = SHORTEST
        self.due = min(self.due, now + self._step)

    def _changes(self, key: str, each: _Followed, found: Collection[ports.Socket]) -> list[Report]:
        if unknown := [socket for socket in found if socket.inode not in each.mine]:
            each.mine |= ports.owned(unknown, [process.pid for process in self._members(key)])
        others = [socket for socket in found if socket.inode not in each.mine]
        for socket in others:
            # not at the first look: a process whose parent ends at this moment is in no tree
            if socket.inode in each.suspects:
                self.leave(key)
                return [Occupied(key, socket.port, self._holder(socket))]
        each.suspects = {socket.inode for socket in others}
        held = {socket.port for socket in others}
        heard = frozenset(socket.port for socket in found) - held
        if each.ready:
            return self._silence(key, each, heard)
        each.ready = heard == each.ports and not self._awaits(each.step)
        if heard == each.heard:
            return []
        each.heard = heard
        return [Listens(key, tuple(sorted(heard)))]

    def _silence(self, key: str, each: _Followed, heard: frozenset[int]) -> list[Report]:
        """Report a port without a listener twice in a row: a server may start again."""
        lost, each.silent = each.silent - heard, each.ports - heard
        if not lost:
            return []
        self.leave(key)
        return [Listens(key, tuple(sorted(each.ports - lost)))]

    def _holder(self, socket: ports.Socket) -> str:
        """Describe the holder of a socket, and its job if it is a process of a run."""
        holder = ports.holder(socket)
        where = f"user {holder.uid}, address {holder.address}"
        if holder.pid is None:
            return f"a process that is not to be seen ({where})"
        run, _, job = self._table.tag(holder.pid).rpartition(":")[2].partition("/")
        of = f", of job {job} of run {run}" if job else ""
        return f"pid {holder.pid}: {holder.command} ({where}{of})"
