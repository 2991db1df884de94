"""Knows which nodes may start and which never will. No clock, no pools, no process.

A method that changes something returns the `Change` for other nodes: they became `ready` (all their
needs are met), `blocked` (a need is no longer met) or `skipped` (a need failed).
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
    """Keys of the nodes that became ready, blocked or skipped, and the reasons of the skips."""

    __slots__ = ("blocked", "ready", "skipped")

    def __init__(self) -> None:
        self.ready: list[str] = []
        self.blocked: list[str] = []
        self.skipped: list[tuple[str, str]] = []


NO_CHANGE = Change()


class Readiness:
    """The needs of each node, met and unmet."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = {node.key: node for node in nodes}
        self._needs = {n.key: tuple(dict.fromkeys(edge.key for edge in n.edges)) for n in nodes}
        self._dependents: dict[str, list[tuple[str, Edge]]] = {key: [] for key in self._nodes}
        # one more than its edges: the opening of its phase is a need as well
        self._unmet = {node.key: len(node.edges) + 1 for node in nodes}
        self._met: set[Edge] = set()
        self._idle = set(self._nodes)  # neither started nor ended
        self._started: set[str] = set()  # ever
        self._ended: dict[str, Ended] = {}
        self._failed_job: dict[str, str] = {}  # by skipped node
        self._unended: dict[int, set[str]] = {}  # by phase
        self._users: dict[str, int] = dict.fromkeys(self._nodes, 0)  # how many have not ended
        self.open = -1  # the last phase that is open
        self.waited_for: dict[str, str] = {}  # by node: the job or phase that made it ready
        for node in nodes:
            self._unended.setdefault(node.phase, set()).add(node.key)
            for edge in node.edges:
                self._dependents[edge.key].append((node.key, edge))
            for key in self._needs[node.key]:
                self._users[key] += 1

    # ---- questions

    def settled(self, serving: Collection[str]) -> bool:
        """Whether all nodes of the open phases have ended, but for services that serve."""
        return all(
            keys.issubset(serving) for phase, keys in self._unended.items() if phase <= self.open
        )

    def needed(self, key: str) -> bool:
        """Whether a node that depends on this one has not ended."""
        return self._users[key] > 0

    def users(self, key: str) -> list[str]:
        """Return the jobs that depend on this node and have not ended."""
        users = (self._nodes[user] for user, _ in self._dependents[key])
        return list(dict.fromkeys(u.job.name for u in users if u.key not in self._ended))

    def watched(self, key: str) -> tuple[str, ...]:
        """Return the outputs to report while the body runs.

        Others wait for them, or a service is ready by them.
        """
        job = self._nodes[key].job
        wanted = {edge.output for _, edge in self._dependents[key] if edge.output is not None}
        return tuple(sorted(wanted.union(job.outputs) if job.service else wanted))

    def took(self, key: str) -> list[str]:
        """Return the jobs that have started from an output of the present attempt of a node."""
        users = [user for user, edge in self._dependents[key] if edge.output is not None]
        took = self._started - self._idle if users else ()  # one that is retried has taken nothing
        return [self._nodes[u].job.name for u in dict.fromkeys(users) if u in took]

    def not_begun(self, key: str) -> bool:
        """Whether a node is a second pass whose phase is not open."""
        return self._nodes[key].repeated and self._nodes[key].phase > self.open

    # ---- events

    def open_phases(self, upto: int) -> Change:
        """Let the nodes of all phases up to this one start."""
        change = Change()
        opened = [n for n in self._nodes.values() if self.open < n.phase <= upto]
        self.open = max(self.open, upto)
        for node in opened:
            if node.key in self._idle:
                before = "all else" if node.job.at_the_end else "the phase before"
                self._take_stock(node.key, before if node.phase else "", change)
        return change

    def started(self, key: str) -> None:
        """Note that a node runs: nothing skips it any more."""
        self._idle.discard(key)
        self._started.add(key)

    def wrote(self, key: str, output: str) -> Change:
        """Note that an output of a node is there."""
        return self._meet_all(Edge(key, output))

    def ready(self, key: str) -> Change:
        """Note that a service can serve."""
        return self._meet_all(Edge(key, None))

    def again(self, key: str) -> Change:
        """Note that another attempt of a node follows; outputs of the last one count no more."""
        change = Change()
        self._idle.add(key)
        self._take_stock(key, "", change)
        if not change.skipped:
            self._retract(key, change)
        return change

    def ended(self, key: str, effect: Effect, wrote: Collection[str] = ()) -> Change:
        """Note that a node has ended and wrote these outputs.

        The caller then ends each node that the change skips.
        """
        name = self._nodes[key].job.name
        end = Ended(effect, self._failed_job.get(key, name), frozenset(wrote))
        self._ended[key] = end
        self._idle.discard(key)
        self._unended[self._nodes[key].phase].discard(key)
        for need in self._needs[key]:
            self._users[need] -= 1
        if not self._dependents[key]:
            return NO_CHANGE
        change = Change()
        for user, edge in self._dependents[key]:
            if user not in self._idle or self.not_begun(user):
                continue
            if fault := self._fault(user, edge, end):
                self._skip(user, fault, end, change)
            elif edge in self._met:
                continue
            elif effect is not Effect.CANCELLED or self._always(user):
                self._meet(user, name, change)
        return change

    # ---- consequences

    def _take_stock(self, key: str, by: str, change: Change) -> None:
        """Count the unmet needs of a node anew: its phase opens, or it is tried again."""
        self._unmet[key] = 1
        for edge in self._nodes[key].edges:
            end = self._ended.get(edge.key)
            if end is None:
                self._unmet[key] += edge not in self._met
            elif fault := self._fault(key, edge, end):
                self._skip(key, fault, end, change)
                return
        self._meet(key, by, change)

    def _retract(self, key: str, change: Change) -> None:
        for user, edge in self._dependents[key]:
            if edge in self._met and user in self._idle:
                if self._unmet[user] == 0:
                    change.blocked.append(user)
                self._unmet[user] += 1
        self._met -= {edge for _, edge in self._dependents[key]}

    def _skip(self, key: str, fault: str, end: Ended, change: Change) -> None:
        self._idle.discard(key)
        self._failed_job[key] = end.failed_job
        change.skipped.append((key, fault))

    def _fault(self, user: str, edge: Edge, end: Ended) -> str:
        """Return why a node can never start after this end of a need, '' if it can."""
        if end.effect in (Effect.PASSED, Effect.CANCELLED) or self._always(user):
            return ""
        if end.effect is Effect.FAILED:
            return f"dependency failed: {end.failed_job}"
        if edge.output is not None and edge.output not in end.wrote:
            return f"dependency failed: {end.failed_job} did not write its output {edge.output}"
        return ""

    def _always(self, key: str) -> bool:
        return self._nodes[key].job.regardless

    def _meet_all(self, edge: Edge) -> Change:
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
