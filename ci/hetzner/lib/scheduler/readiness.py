"""Knows which nodes may start and which never will. No clock, no pools, no process.

A method that changes something returns the `Change` for other nodes: they became `ready` (all their
needs are met), `blocked` (a need is no longer met) or `skipped` (a need failed).
Time is linear in nodes and edges over a whole run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lib.scheduler.nodes import ENDED, IDLE, Effect, End, NodeRun


class Change:
    """The nodes that became ready, blocked or skipped, and the reasons of the skips."""

    __slots__ = ("blocked", "ready", "skipped")

    def __init__(self) -> None:
        self.ready: list[NodeRun] = []
        self.blocked: list[NodeRun] = []
        self.skipped: list[tuple[NodeRun, str]] = []


NO_CHANGE = Change()


def link(nodes: Mapping[str, NodeRun]) -> None:
    """Let each node know the nodes that it depends on, and those that depend on it."""
    for user in nodes.values():
        user.edges = [(nodes[edge.key], edge.output) for edge in user.node.edges]
        user.needs = list(dict.fromkeys(need for need, _ in user.edges))
        for need, output in user.edges:
            need.dependents.append((user, output))
        for need in user.needs:
            need.users += 1
    for node in nodes.values():
        wanted = {output for _, output in node.dependents if output is not None}
        watched = wanted.union(node.job.outputs) if node.job.service else wanted
        node.watch = tuple(sorted(watched))


def users(node: NodeRun) -> list[str]:
    """Return the jobs that depend on a node and have not ended."""
    return list(dict.fromkeys(u.name for u, _ in node.dependents if u.state is not ENDED))


def jobs_that_used_outputs(node: NodeRun) -> list[str]:
    """Return the jobs that have started from an output of the present attempt of a node."""
    # one that is to be tried again has taken nothing yet
    started = (u for u, _ in node.dependents if u.attempt.number and u.state not in IDLE)
    return list(dict.fromkeys(user.name for user in started))


class Readiness:
    """Follows which needs of the nodes are met, and which phases are open."""

    def __init__(self, nodes: Iterable[NodeRun]) -> None:
        self._nodes = nodes
        self.open = -1  # the last phase that is open
        self.left = 0  # nodes of the open phases that have not ended

    def not_begun(self, node: NodeRun) -> bool:
        """Whether a node is a second pass whose phase is not open."""
        return node.node.repeated and node.node.phase > self.open

    # ---- events

    def open_phases(self, upto: int) -> Change:
        """Let the nodes of all phases up to this one start."""
        change = Change()
        before, self.open = self.open, max(self.open, upto)
        for node in self._nodes:
            if before < node.node.phase <= upto and node.state is not ENDED:
                self.left += 1
                event = "all else" if node.job.at_the_end else "the phase before"
                self._count(node, event if node.node.phase else "", change)
        return change

    def wrote(self, node: NodeRun, output: str | None) -> Change:
        """Note that an output of a node is there; None: that a service can serve."""
        change = Change()
        node.met.add(output)
        for user, wanted in node.dependents:
            if wanted == output:
                self._meet(user, node.name, change)
        return change

    def again(self, node: NodeRun) -> Change:
        """Note that another attempt of a node follows; outputs of the last one count no more."""
        change = Change()
        self._count(node, "", change)
        if not change.skipped:
            for user, output in node.dependents:
                if output in node.met and _is_idle(user):
                    if user.unmet == 0:
                        change.blocked.append(user)
                    user.unmet += 1
            node.met.clear()
        return change

    def ended(self, node: NodeRun, effect: Effect, wrote: Collection[str] = ()) -> Change:
        """Note that a node has ended and wrote these outputs.

        The caller then ends each node that the change skips.
        """
        end = node.end = End(effect, node.failed_job or node.name, wrote)
        self.left -= node.node.phase <= self.open
        for need in node.needs:
            need.users -= 1
        change = Change()
        for user, output in node.dependents:
            if not _is_idle(user) or self.not_begun(user):
                continue
            counts = effect is not Effect.CANCELLED or user.job.regardless
            if fault := _fault(user, output, end):
                _skip(user, fault, end, change)
            elif counts and output not in node.met:
                self._meet(user, node.name, change)
        return change

    # ---- consequences

    def _count(self, node: NodeRun, event: str, change: Change) -> None:
        """Count the unmet needs of a node anew, since its phase opens or it is tried again."""
        node.unmet = 1
        for need, output in node.edges:
            if need.end is None:
                node.unmet += output not in need.met
            elif fault := _fault(node, output, need.end):
                _skip(node, fault, need.end, change)
                return
        self._meet(node, event, change)

    def _meet(self, node: NodeRun, event: str, change: Change) -> None:
        if not _is_idle(node):
            return
        node.unmet -= 1
        if node.unmet == 0:
            node.freed_by = event
            change.ready.append(node)


def _is_idle(node: NodeRun) -> bool:
    """Whether a node has neither started nor ended, and is not about to be skipped."""
    return node.state in IDLE and not node.failed_job


def _skip(node: NodeRun, fault: str, end: End, change: Change) -> None:
    node.failed_job = end.failed_job
    change.skipped.append((node, fault))


def _fault(user: NodeRun, output: str | None, end: End) -> str:
    """Return why a node can never start after this end of a need, '' if it can."""
    if end.effect in (Effect.PASSED, Effect.CANCELLED) or user.job.regardless:
        return ""
    if end.effect is Effect.FAILED:
        return f"dependency failed: {end.failed_job}"
    if output is None or output in end.wrote:
        return ""
    return f"dependency failed: {end.failed_job} did not write its output {output}"
