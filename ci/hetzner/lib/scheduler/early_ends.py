"""Cancels nodes: all after a signal or the run's timeout, most after a failure, or one job's.

Draws no consequence of the end of an attempt: the loop does.
"""

from __future__ import annotations

from lib.model import events
from lib.model.cause import Why
from lib.model.result import Outcome
from lib.scheduler.attempt_runner import AttemptRunner
from lib.scheduler.interruption import CutOff
from lib.scheduler.node_states import NodeStates
from lib.scheduler.nodes import ENDED, IDLE, RUNNING, SERVING, STARTED, STOPPING
from lib.scheduler.protocol import Clock


class EarlyEnds:
    """The early ends of a run, whose time limit is `timeout` seconds, and of its jobs."""

    def __init__(
        self,
        timeout: float,
        clock: Clock,
        emit: events.Listener,
        states: NodeStates,
        attempts: AttemptRunner,
        cut_off: CutOff,
    ) -> None:
        self._timeout = timeout
        self._now = clock.now
        self._emit = emit
        self._states = states
        self._nodes = states.nodes.values()
        self._attempts = attempts
        self._cut_off = cut_off

    def interrupt(self, number: int) -> None:
        """Cancel everything after a signal; after a second one, give no more time to end."""
        if why := self._cut_off.by_signal(number):
            self._cancel_all(why)
            return
        for node in self._nodes:
            if node.state is STOPPING:
                self._attempts.kill(node)

    def run_out_of_time(self) -> None:
        """Cancel everything after the timeout of the run, unless that has ended."""
        if not self._cut_off.everything and self._states.left:
            self._cancel_all(self._cut_off.by_timeout(self._timeout))

    def _cancel_all(self, why: Why) -> None:
        running = [node for node in self._nodes if node.state in (RUNNING, SERVING)]
        names = tuple(node.name for node in running)
        self._emit(events.Interrupted(self._now(), self._cut_off.reason, names))
        for node in running:
            self._attempts.cancel(node, why)
        for node in self._nodes:
            if node.state in IDLE:
                self._states.cancel(node, why)

    def after_failure(self, reason: str) -> None:
        """Cancel all but the jobs that run after failures too, and what serves them."""
        cut_off = self._cut_off
        if cut_off.everything or cut_off.fast_fail:
            return
        why = cut_off.by_failure(reason)
        self._emit(events.FastFail(self._now(), reason))
        for node in self._nodes:
            if node.state is RUNNING and cut_off.reason_against(node.job):
                self._attempts.cancel(node, why)
        for node in self._nodes:
            if node.state in IDLE and (
                self._states.not_begun(node) or cut_off.reason_against(node.job)
            ):
                self._states.cancel(node, why)

    def cancel_job(self, name: str) -> None:
        """Cancel all of one job that has not ended; its dependents are skipped.

        Its second pass ends when the first has ended, and is cancelled even if that passed.
        """
        why = self._cut_off.by_user(name)
        nodes = [node for node in self._nodes if node.name == name and node.state is not ENDED]
        started = [node for node in nodes if node.state in STARTED]
        for node in started:
            if node.state is not STOPPING:
                self._attempts.cancel(node, why)
        if not started:
            for node in nodes:
                self._states.end(node, Outcome.CANCELLED, why)
