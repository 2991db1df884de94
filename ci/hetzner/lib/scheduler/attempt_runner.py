"""Carries out the actions of attempts: starts and stops their steps, emits events.

The one place that acts on the executor. The loop decides what follows from the end of an attempt.
"""

from __future__ import annotations

from collections.abc import Sequence

from lib.model import events
from lib.model.cause import Why
from lib.model.result import CacheState
from lib.scheduler import readiness
from lib.scheduler.actions import Actions, CacheNote, Conclude, Launch, Serve, Stop
from lib.scheduler.attempt import ProcessReport
from lib.scheduler.interruption import CutOff
from lib.scheduler.node_states import NodeStates
from lib.scheduler.nodes import RUNNING, NodeRun
from lib.scheduler.protocol import Clock, Executor, StartError, Step, StepKind
from lib.scheduler.timers import StepLimit, Timers


class AttemptRunner:
    """The attempts of a run. A method returns the end of the attempt, None if it goes on."""

    def __init__(
        self,
        executor: Executor,
        clock: Clock,
        emit: events.Listener,
        states: NodeStates,
        timers: Timers,
        cut_off: CutOff,
    ) -> None:
        self._executor = executor
        self._now = clock.now
        self._emit = emit
        self._states = states
        self._timers = timers
        self._cut_off = cut_off

    def begin(self, node: NodeRun) -> Conclude | None:
        """Begin another attempt of a node that is queued."""
        self._states.run(node)
        now = self._now()
        result = node.result
        if result.started is None:
            result.started = now
        if node.job.cache is not None and not node.node.cached:
            result.cache = CacheState.OFF
        return self._act(node, node.new_attempt(now).begin(), now)

    def take(self, node: NodeRun, report: ProcessReport) -> Conclude | None:
        """Go on after a report on an attempt."""
        users: Sequence[str] = readiness.users(node) if node.job.service else ()
        now = self._now()
        return self._act(node, node.attempt.take(report, now, users), now)

    def out_of_time(self, limit: StepLimit) -> None:
        """Stop a step whose time is up, if it still runs."""
        now = self._now()
        self._act(limit.node, limit.attempt.out_of_time(limit.kind, now), now)

    def release(self, node: NodeRun) -> None:
        """Stop a service that no job needs any more."""
        self._act(node, node.attempt.release(), self._now())

    def cancel(self, node: NodeRun, why: Why) -> None:
        """Stop an attempt that is not to go on."""
        self._act(node, node.attempt.cancel(why), self._now())

    def kill(self, node: NodeRun) -> None:
        """Give an attempt that is being stopped no more time."""
        self._executor.kill(node.key)

    def _act(self, node: NodeRun, actions: Actions, now: float) -> Conclude | None:
        """Carry out actions in order."""
        for action in actions:
            match action:
                case Conclude():
                    return action
                case Launch():
                    return self._launch(node, action.kind, now)
                case Stop():
                    self._states.stop(node)
                    self._executor.stop(node.key, hung=action.hung)
                case Serve():
                    self._emit(events.Ready(now, node.name))
                    self._states.serve(node)
                case CacheState():
                    node.result.cache = action
                case CacheNote():
                    if action.text not in node.cache_notes:
                        node.cache_notes.add(action.text)
                        self._emit(events.Note(now, f"{node.name}: {action.text}"))
                case events.OutputReady():
                    self._emit(action)
                    self._states.wrote(node, action.output)
                case _:
                    self._emit(action)
        return None

    def _launch(self, node: NodeRun, kind: StepKind, now: float) -> Conclude | None:
        attempt = node.attempt
        if why := self._cut_off.reason_against(node.job):
            return self._act(node, attempt.refuse(why), now)
        if node.state is not RUNNING:
            self._states.run(node)
        number, body = len(node.result.attempts) + 1, kind is StepKind.BODY
        if body:
            self._emit(events.Started(now, node.name, number, node.result.waited_for))
        try:
            self._executor.start(Step(node.node, number, kind, node.watch if body else ()))
        except StartError as error:
            return self._act(node, attempt.not_started(error), now)
        node.result.begun = True
        limit = StepLimit(node, attempt, kind)
        self._timers.set(self._now() + node.job.timeout, limit, patient=True)
        return None
