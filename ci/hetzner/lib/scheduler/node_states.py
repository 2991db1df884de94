"""Moves nodes from state to state. `NodeStates._set` alone changes the state of a node.

It keeps readiness, start queue and counts in step with the states, and moves the nodes that a
change makes ready, blocked or skipped. It starts and stops no process and decides no outcome.
"""

from __future__ import annotations

from collections.abc import Iterable

from lib.model.cause import Cause, Why
from lib.model.result import GOOD, Outcome
from lib.model.run_plan import RunPlan
from lib.scheduler import readiness
from lib.scheduler.attempt import FAILURES
from lib.scheduler.nodes import (
    ACTIVE,
    DELAYED,
    ENDED,
    NEXT,
    QUEUED,
    RUNNING,
    SERVING,
    STARTED,
    STOPPING,
    WAITING,
    Effect,
    NodeRun,
    State,
)
from lib.scheduler.protocol import Clock, RetryWaits
from lib.scheduler.readiness import NO_CHANGE, Change, Readiness
from lib.scheduler.results import Results
from lib.scheduler.start_queue import StartQueue
from lib.scheduler.timers import DelayEnd, Timers

LOOK = 0.05  # seconds until the next question whether a retry still waits


class NodeStates:
    """The nodes of a run and their states."""

    def __init__(
        self,
        plan: RunPlan,
        results: Results,
        queue: StartQueue,
        timers: Timers,
        clock: Clock,
        retry_waits: RetryWaits | None = None,
    ) -> None:
        self._results = results
        self._queue = queue
        self._timers = timers
        self._now = clock.now
        self._retry_waits = retry_waits
        self.nodes = {
            node.key: NodeRun(node, results.by_job[node.job.name], position)
            for position, node in enumerate(plan.phases.nodes)
        }
        readiness.link(self.nodes)
        self._readiness = Readiness(self.nodes.values())
        self.left = len(self.nodes)  # nodes that have not ended
        self.active = 0  # nodes that run or are being stopped
        self.delayed = 0
        self.serving: dict[str, NodeRun] = {}  # by key
        self.round = 0  # of the loop

    # ---- questions

    @property
    def phase(self) -> int:
        """The last phase that is open, -1 for none."""
        return self._readiness.open

    def next_phase_may_begin(self) -> bool:
        """Whether nodes are left, and of the open phases only services that serve."""
        return self.left > 0 and self._readiness.left == len(self.serving)

    def not_begun(self, node: NodeRun) -> bool:
        """Whether a node is a second pass whose phase is not open."""
        return self._readiness.not_begun(node)

    def unneeded(self) -> list[NodeRun]:
        """Return the services that no job needs any more."""
        return [node for node in self.serving.values() if not node.users]

    # ---- moves

    def open_phase(self, phase: int) -> None:
        """Let the nodes of a phase, and of those before it, start."""
        self._follow(self._readiness.open_phases(phase))

    def run(self, node: NodeRun) -> None:
        """Let a node that is queued, or whose step was stopped, run."""
        self._set(node, RUNNING)

    def wrote(self, node: NodeRun, output: str) -> None:
        """Note an output of a node that runs."""
        self._follow(self._readiness.wrote(node, output))

    def serve(self, node: NodeRun) -> None:
        """Let the users of a service start."""
        self._follow(self._set(node, SERVING))

    def stop(self, node: NodeRun) -> None:
        """Note that the processes of a node are being stopped."""
        self._set(node, STOPPING)

    def delay_over(self, node: NodeRun) -> None:
        """Queue a node whose delay is over."""
        # it may have been blocked meanwhile, and its delay begun anew
        if node.state is DELAYED and self._now() >= node.due:
            self._enqueue(node)

    def retry(self, node: NodeRun) -> None:
        """Queue another attempt of a node, as soon as all its needs are met (again)."""
        node.attempt.forget_outputs()
        change = self._set(node, WAITING)
        if at_once := change.ready == [node]:
            change.ready.clear()
        self._follow(change)
        if at_once:  # its delay is over
            self._enqueue(node)

    def cancel(self, node: NodeRun, why: Why) -> None:
        """End a node that has not started; the job of a second pass keeps its outcome."""
        self.end(node, None if self.not_begun(node) else Outcome.CANCELLED, why)

    def end(
        self, node: NodeRun, outcome: Outcome | None, why: Why, effect: Effect | None = None
    ) -> None:
        """Give a node its outcome, and free or skip those that depend on it.

        With None its job keeps the outcome that it has. `effect` is what the end of the node means
        to those that depend on it, by default what follows from the outcome.
        """
        freed: list[NodeRun] = []
        ends = [(node, outcome, why, effect or _effect(node, outcome, why))]
        for each, so, because, means in ends:  # grows while it is walked: a skip leads to others
            change = self._set(each, ENDED, means)
            if so is not None:
                self._results.ended(each, so, because, self._now())
            if change.skipped:
                ends += [(*skip, Effect.FAILED) for skip in self._skips(change)]
            freed += change.ready
        for other in freed:
            self._free(other)

    # ---- consequences

    def _follow(self, change: Change) -> None:
        for node in change.blocked:
            self._set(node, WAITING)
        for skip in self._skips(change):
            self.end(*skip)
        for node in change.ready:
            self._free(node)

    def _skips(self, change: Change) -> Iterable[tuple[NodeRun, Outcome, Why]]:
        for node, reason in change.skipped:
            yield node, Outcome.SKIPPED, Why(reason, Cause.DEPENDENCY)

    def _free(self, node: NodeRun) -> None:
        """Queue a node whose needs are met, when its delay is over."""
        node.result.waited_for = node.freed_by
        if node.job.delay:
            self._delay(node, node.job.delay)
        else:
            self._enqueue(node)

    def _enqueue(self, node: NodeRun) -> None:
        """Queue a node; a retry that is to wait is delayed, and asked for again."""
        if self._retry_waits and node.attempt.number and self._retry_waits(node.name):
            self._delay(node, LOOK)
            return
        node.queued_in = self.round
        self._set(node, QUEUED)

    def _delay(self, node: NodeRun, seconds: float) -> None:
        if node.state is not DELAYED:
            self._set(node, DELAYED)
        node.due = self._now() + seconds
        self._timers.set(node.due, DelayEnd(node))

    # ---- the one door of state

    def _set(self, node: NodeRun, to: State, effect: Effect = Effect.CANCELLED) -> Change:
        """Change the state of a node; return the change for others.

        RuntimeError for a move that the table does not hold.
        """
        before = node.state
        if to not in NEXT[before]:
            raise RuntimeError(f"bug: {node.key}: {before.name} -> {to.name}")
        node.state = to
        self.active += (to in ACTIVE) - (before in ACTIVE)
        self.delayed += (to is DELAYED) - (before is DELAYED)
        if before is SERVING:
            del self.serving[node.key]
        if before in STARTED and to not in STARTED:
            self._queue.give_back(node)
        if to is QUEUED:
            self._queue.push(node)
        elif to is RUNNING and before is QUEUED:
            self._queue.take(node)
        elif to is ENDED:
            self.left -= 1
            wrote = node.attempt.outputs if node.job.outputs else ()
            return self._readiness.ended(node, effect, wrote)
        elif to is SERVING:
            self.serving[node.key] = node
            self._queue.give_slot(node)
            return self._readiness.wrote(node, None)
        elif to is WAITING and before in STARTED:
            return self._readiness.again(node)
        return NO_CHANGE


def _effect(node: NodeRun, outcome: Outcome | None, why: Why) -> Effect:
    """Return the effect of the end of a node on those that depend on it."""
    if outcome in GOOD:
        return Effect.PASSED
    if outcome in FAILURES:
        return Effect.ALLOWED if node.job.allow_failure else Effect.FAILED
    missed = outcome is Outcome.SKIPPED or why.cause is Cause.CANCELLED
    return Effect.FAILED if missed else Effect.CANCELLED
