"""Knows which nodes may start and which never will. No clock, no pools, no process.

Each method that changes something returns what follows from it: nodes that are `freed`
(all they need is met), `held` (no longer so) and `doomed` (skipped, with the reason).
Time is linear in nodes and edges over a whole run.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from typing import NamedTuple

from lib.model.phases import Edge, Node


class Standing(enum.Enum):
    """How an ended node stands to those who depend on it."""

    GOOD = "good"
    ALLOWED = "failed, but allowed to"
    BAD = "failed"
    CUT = "cut off, as are those who wait for it"


class Over(NamedTuple):
    """How a node has ended: its standing, the job at fault, and the outputs that it wrote."""

    how: Standing
    culprit: str
    wrote: frozenset[str] = frozenset()


class Change:
    """What follows from something that happened."""

    __slots__ = ("doomed", "freed", "held")

    def __init__(self) -> None:
        self.freed: list[str] = []
        self.held: list[str] = []
        self.doomed: list[tuple[str, str]] = []


class Plan:
    """The nodes of a run, and what each of them still waits for."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = {node.key: node for node in nodes}
        self._dependents: dict[str, list[tuple[str, Edge]]] = {key: [] for key in self._nodes}
        self._unmet: dict[str, int] = {}
        self._met: set[Edge] = set()
        self._idle = set(self._nodes)  # neither started nor ended
        self._started: set[str] = set()  # ever
        self._over: dict[str, Over] = {}
        self._unended: dict[int, set[str]] = {}
        self._users: dict[str, int] = dict.fromkeys(self._nodes, 0)
        self._open = -1
        self.waited_for: dict[str, str] = {}  # node -> the job or phase that freed it
        for node in nodes:
            # one more than its edges: the opening of its stage is a need as well
            self._unmet[node.key] = len(node.edges) + 1
            self._unended.setdefault(node.stage, set()).add(node.key)
            for edge in node.edges:
                self._dependents[edge.key].append((node.key, edge))
            for key in {edge.key for edge in node.edges}:
                self._users[key] += 1

    def open_stages(self, upto: int) -> Change:
        """Let the nodes of all stages up to this one start."""
        change = Change()
        opened = [n for n in self._nodes.values() if self._open < n.stage <= upto]
        self._open = max(self._open, upto)
        for node in opened:
            if node.key in self._idle:
                before = "all else" if node.job.at_the_end else "the phase before"
                self._take_stock(node.key, before if node.stage else "", change)
        return change

    def settled(self, serving: Collection[str]) -> bool:
        """Whether all nodes of the open stages have ended, but for services that serve."""
        return all(
            keys.issubset(serving) for stage, keys in self._unended.items() if stage <= self._open
        )

    def needed(self, key: str) -> bool:
        """Whether a node that depends on this one has not ended."""
        return self._users[key] > 0

    def users(self, key: str) -> list[str]:
        """Return the jobs that depend on this node and have not ended."""
        users = (self._nodes[user] for user, _ in self._dependents[key])
        return list(dict.fromkeys(u.job.name for u in users if u.key in self._unended[u.stage]))

    def watched(self, key: str) -> set[str]:
        """Return the outputs of a node that others wait for while it runs."""
        return {edge.output for _, edge in self._dependents[key] if edge.output is not None}

    def started(self, key: str) -> None:
        """Note that a node runs: nothing dooms it any more."""
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
                    change.held.append(user)
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
                self._close_all([(key, self._doom(key, fault, over, change))], change)
                return
        self._meet(key, by, change)

    def ended(self, key: str, standing: Standing, wrote: Collection[str] = ()) -> Change:
        """Note that a node has ended: free those who wait for it, or doom them all the way.

        `wrote` are its outputs that are there, however it ended.
        """
        change = Change()
        culprit = self._nodes[key].job.name
        self._close_all([(key, Over(standing, culprit, frozenset(wrote)))], change)
        return change

    def _close_all(self, queue: list[tuple[str, Over]], change: Change) -> None:
        for key, over in queue:  # grows while it is walked: the doomed doom others
            self._over[key] = over
            self._close(key)
            for user, edge in self._dependents[key]:
                if user not in self._idle or self._later(user):
                    continue
                if fault := self._fault(user, edge, over):
                    queue.append((user, self._doom(user, fault, over, change)))
                elif edge not in self._met and (over.how is not Standing.CUT or self._always(user)):
                    self._meet(user, self._nodes[key].job.name, change)

    def _later(self, key: str) -> bool:
        """Whether a node is a second pass that is not begun: its job is still in the first one."""
        return self._nodes[key].repeated and self._nodes[key].stage > self._open

    def _doom(self, key: str, fault: str, over: Over, change: Change) -> Over:
        self._idle.discard(key)
        change.doomed.append((key, fault))
        return Over(Standing.BAD, over.culprit)

    def _fault(self, user: str, edge: Edge, over: Over) -> str:
        if self._always(user) or over.how in (Standing.GOOD, Standing.CUT):
            return ""
        if over.how is Standing.BAD:
            return f"dependency failed: {over.culprit}"
        if edge.output is not None and edge.output not in over.wrote:
            return f"dependency failed: {over.culprit} did not write its output {edge.output}"
        return ""

    def _always(self, key: str) -> bool:
        return self._nodes[key].job.regardless

    def _close(self, key: str) -> None:
        node = self._nodes[key]
        self._idle.discard(key)
        self._unended[node.stage].discard(key)
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
            change.freed.append(key)
