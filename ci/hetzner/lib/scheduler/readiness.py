"""Knows which nodes may start and which never will. No clock, no pools, no process.

Each method that changes something returns what follows from it: nodes that became `ready` (all
their needs are met), `blocked` (no longer so) and `skipped` (with the reason).
Time is linear in nodes and edges over a whole run.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from typing import NamedTuple

from lib.model.phases import Edge, Node


class Effect(enum.Enum):
    """What the end of a node means to the nodes that depend on it."""

    PASSED = "they may start"
    ALLOWED = "they may start, unless they need an output that it did not write"
    FAILED = "they are skipped"
    CANCELLED = "nothing: the run is being cut off, and cancels them too"


class Ended(NamedTuple):
    """How a node has ended: the effect, the job that failed first, and the outputs it wrote."""

    effect: Effect
    failed_job: str
    wrote: frozenset[str] = frozenset()


class Change:
    """What follows from something that happened."""

    __slots__ = ("blocked", "ready", "skipped")

    def __init__(self) -> None:
        self.ready: list[str] = []
        self.blocked: list[str] = []
        self.skipped: list[tuple[str, str]] = []


class Readiness:
    """The nodes of a run, and what each of them still waits for."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = {node.key: node for node in nodes}
        self._dependents: dict[str, list[tuple[str, Edge]]] = {key: [] for key in self._nodes}
        self._unmet: dict[str, int] = {}
        self._met: set[Edge] = set()
        self._idle = set(self._nodes)  # neither started nor ended
        self._started: set[str] = set()  # ever
        self._over: dict[str, Ended] = {}
        self._unended: dict[int, set[str]] = {}
        self._users: dict[str, int] = dict.fromkeys(self._nodes, 0)
        self._open = -1
        self.waited_for: dict[str, str] = {}  # by node: the job or phase that made it ready
        for node in nodes:
            # one more than its edges: the opening of its phase is a need as well
            self._unmet[node.key] = len(node.edges) + 1
            self._unended.setdefault(node.phase, set()).add(node.key)
            for edge in node.edges:
                self._dependents[edge.key].append((node.key, edge))
            for key in {edge.key for edge in node.edges}:
                self._users[key] += 1

    def open_phases(self, upto: int) -> Change:
        """Let the nodes of all phases up to this one start."""
        change = Change()
        opened = [n for n in self._nodes.values() if self._open < n.phase <= upto]
        self._open = max(self._open, upto)
        for node in opened:
            if node.key in self._idle:
                before = "all else" if node.job.at_the_end else "the phase before"
                self._take_stock(node.key, before if node.phase else "", change)
        return change

    def settled(self, serving: Collection[str]) -> bool:
        """Whether all nodes of the open phases have ended, but for services that serve."""
        return all(
            keys.issubset(serving) for phase, keys in self._unended.items() if phase <= self._open
        )

    def needed(self, key: str) -> bool:
        """Whether a node that depends on this one has not ended."""
        return self._users[key] > 0

    def users(self, key: str) -> list[str]:
        """Return the jobs that depend on this node and have not ended."""
        users = (self._nodes[user] for user, _ in self._dependents[key])
        return list(dict.fromkeys(u.job.name for u in users if u.key in self._unended[u.phase]))

    def watched(self, key: str) -> set[str]:
        """Return the outputs of a node that others wait for while it runs."""
        return {edge.output for _, edge in self._dependents[key] if edge.output is not None}

    def started(self, key: str) -> None:
        """Note that a node runs: nothing skips it any more."""
        self._idle.discard(key)
        self._started.add(key)

    def took(self, key: str) -> list[str]:
        """Return the jobs that work, or have worked, from an output of this node as it is now."""
        users = [user for user, edge in self._dependents[key] if edge.output is not None]
        took = self._started - self._idle  # one that is to be tried again has taken nothing yet
        return [self._nodes[u].job.name for u in dict.fromkeys(users) if u in took]

    def wrote(self, key: str, output: str) -> Change:
        """Note that an output of a node is there."""
        return self._met_now(Edge(key, output))

    def ready(self, key: str) -> Change:
        """Note that a service can serve."""
        return self._met_now(Edge(key, None))

    def retract(self, key: str) -> Change:
        """Note that another attempt of a node begins: what it wrote before does not count."""
        change = Change()
        for user, edge in self._dependents[key]:
            if edge in self._met and user in self._idle:
                if self._unmet[user] == 0:
                    change.blocked.append(user)
                self._unmet[user] += 1
        self._met -= {edge for _, edge in self._dependents[key]}
        return change

    def again(self, key: str) -> Change:
        """Note that a node is to be tried again, once all that it needs is there."""
        change = Change()
        self._idle.add(key)
        self._take_stock(key, "", change)
        return change

    def _take_stock(self, key: str, by: str, change: Change) -> None:
        self._unmet[key] = 1
        for edge in self._nodes[key].edges:
            over = self._over.get(edge.key)
            if over is None:
                self._unmet[key] += edge not in self._met
            elif fault := self._fault(key, edge, over):
                self._close_all([(key, self._skip(key, fault, over, change))], change)
                return
        self._meet(key, by, change)

    def ended(self, key: str, effect: Effect, wrote: Collection[str] = ()) -> Change:
        """Note that a node has ended: free those who wait for it, or skip them, all the way down.

        `wrote` are its outputs that are there, however it ended.
        """
        change = Change()
        name = self._nodes[key].job.name
        self._close_all([(key, Ended(effect, name, frozenset(wrote)))], change)
        return change

    def _close_all(self, queue: list[tuple[str, Ended]], change: Change) -> None:
        for key, over in queue:  # grows while it is walked: a skip leads to others
            self._over[key] = over
            self._close(key)
            for user, edge in self._dependents[key]:
                if user not in self._idle or self._later(user):
                    continue
                if fault := self._fault(user, edge, over):
                    queue.append((user, self._skip(user, fault, over, change)))
                elif edge in self._met:
                    continue
                elif over.effect is not Effect.CANCELLED or self._always(user):
                    self._meet(user, self._nodes[key].job.name, change)

    def _later(self, key: str) -> bool:
        """Whether a node is a second pass that is not begun: its job is still in the first one."""
        return self._nodes[key].repeated and self._nodes[key].phase > self._open

    def _skip(self, key: str, fault: str, over: Ended, change: Change) -> Ended:
        self._idle.discard(key)
        change.skipped.append((key, fault))
        return Ended(Effect.FAILED, over.failed_job)

    def _fault(self, user: str, edge: Edge, over: Ended) -> str:
        if self._always(user) or over.effect in (Effect.PASSED, Effect.CANCELLED):
            return ""
        if over.effect is Effect.FAILED:
            return f"dependency failed: {over.failed_job}"
        if edge.output is not None and edge.output not in over.wrote:
            return f"dependency failed: {over.failed_job} did not write its output {edge.output}"
        return ""

    def _always(self, key: str) -> bool:
        return self._nodes[key].job.regardless

    def _close(self, key: str) -> None:
        node = self._nodes[key]
        self._idle.discard(key)
        self._unended[node.phase].discard(key)
        for need in {edge.key for edge in node.edges}:
            self._users[need] -= 1

    def _met_now(self, edge: Edge) -> Change:
        change = Change()
        if edge not in self._met:
            self._met.add(edge)
            for user, wanted in self._dependents[edge.key]:
                if wanted == edge:
                    self._meet(user, self._nodes[edge.key].job.name, change)
        return change

    def _meet(self, key: str, by: str, change: Change) -> None:
        if key not in self._idle:
            return
        self._unmet[key] -= 1
        if self._unmet[key] == 0:
            self.waited_for[key] = by
            change.ready.append(key)
