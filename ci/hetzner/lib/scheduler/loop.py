"""The loop: what starts, stops, is skipped or tried again, and when.

A state machine over an injected `Executor` and `Clock`. `readiness` tells it which nodes may start,
`start_queue` which of them starts next, an `Attempt` what follows from what is reported of it; the
loop carries that out. It never touches a process, a file or the real time.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from lib.common.signal_names import name_of
from lib.model import events
from lib.model.cause import Cause, Why
from lib.model.declaration_error import by_default
from lib.model.phases import ALL_TESTCASES
from lib.model.result import GOOD, CacheState, Load, Outcome
from lib.model.run_plan import DEFAULT_TIMEOUT, RunPlan
from lib.model.verdict import Facts, decide
from lib.scheduler.attempt import (
    FAILURES,
    Actions,
    Attempt,
    CacheNote,
    Conclude,
    Launch,
    Serve,
    Stop,
)
from lib.scheduler.nodes import IDLE, STARTED, NodeRun, State
from lib.scheduler.protocol import (
    Asked,
    Clock,
    Executor,
    Gauge,
    Remark,
    Report,
    Signalled,
    StartError,
    Step,
    StepKind,
)
from lib.scheduler.readiness import Change, Effect, Readiness
from lib.scheduler.results import Results
from lib.scheduler.service_attempt import ServiceAttempt
from lib.scheduler.start_queue import StartQueue
from lib.scheduler.states import States
from lib.scheduler.timers import Timers


def unknown_load() -> Load:
    """Return the load of a machine that nobody measures."""
    return Load(0.0)


class RunLimit(NamedTuple):
    """The timeout of the run is over."""


class StepLimit(NamedTuple):
    """The timeout of a step is over, if it still runs."""

    node: NodeRun
    attempt: Attempt
    kind: StepKind


class DelayEnd(NamedTuple):
    """The delay of a node is over, if it still waits for that."""

    node: NodeRun


class Scheduler:
    """One run of a plan. `results` is filled in while it goes on."""

    def __init__(
        self,
        plan: RunPlan,
        executor: Executor,
        clock: Clock,
        emit: events.Listener,
        gauge: Gauge = unknown_load,
    ) -> None:
        self._plan = plan
        self._executor = executor
        self._clock = clock
        self._emit = emit
        self._gauge = gauge
        self._results = Results(plan, emit)
        self.results = self._results.results
        self._readiness = Readiness(plan.phases.nodes)
        self._queue = StartQueue(plan, gauge, self._note)
        self._states = States(len(plan.phases.nodes), self._readiness, self._queue)
        self._timers: Timers[RunLimit | StepLimit | DelayEnd] = Timers()
        self._round = 0
        self._phase = -1
        self._cut_off: Why | None = None  # why everything ends: a signal or the run's timeout
        self._ending: Why | None = None  # fast_fail: why only some jobs start any more
        self._signal: int | None = None
        self._timed_out = False
        self._broken = ""  # what the runner broke by
        self._nodes = {
            node.key: NodeRun(
                node,
                self.results[node.job.name],
                position,
                self._readiness.watched(node.key),
            )
            for position, node in enumerate(plan.phases.nodes)
        }

    # ---- the loop

    def run(self) -> int:
        """Run to the end and return the exit code: 0, 1, 4, 124 or 128+n."""
        plan = self._plan
        self._emit(
            events.RunStarted(self._now(), self._results.selected, tuple(plan.filtered), plan.seed)
        )
        self._begin()
        while self._states.left:
            self._round += 1
            self._start_what_may()
            if self._states.left:
                due = min(self._timers.due(), self._queue.look_again)
                for report in self._executor.wait(due):
                    self._take(report)
                for timer in self._timers.expired(self._clock.now):
                    self._expire(timer)
        if matches := self._results.matches():
            self._note(matches)
        self._emit(events.RunEnded(self._now(), self.code(), tuple(self.results.values())))
        return self.code()

    def code(self) -> int:
        """Return the exit code that the facts so far amount to."""
        return decide(self.facts()).exit_code

    def facts(self) -> Facts:
        """Return what is known so far of how the run ends."""
        return Facts(
            self._results.selected,
            self.results,
            self._now(),
            signal=self._signal,
            timed_out=self._timed_out,
            unmatched=self._results.unmatched,
            refused=tuple(self._plan.refused),
            error=self._broken,
        )

    def abandon(self, reason: str) -> None:
        """Give every job that has no outcome one and tell the listeners: the runner itself broke.

        Starts and stops nothing: the processes are for the caller to end.
        """
        for node in self._nodes.values():
            if node.state is not State.ENDED:
                self._states.set(node, State.ENDED)
                why = Why(reason, Cause.RUNNER)
                self._results.ended(node, Outcome.CANCELLED, why, self._now())
        self._broken = reason
        self._emit(events.RunEnded(self._now(), self.code(), tuple(self.results.values())))

    def _begin(self) -> None:
        for text in self._plan.notes:
            self._note(text)
        if self._plan.refused:
            self._refuse()
            return
        if self._plan.limits.timeout < math.inf:
            self._timers.limit(self._plan.limits.timeout, RunLimit())
        if self._queue.blind:
            text = "starts are not held back: this system does not tell the pressure on it"
            self._note(f"{text} (/proc/pressure, see proc(5))")
        self._open_next_phase()

    def _refuse(self) -> None:
        """End all nodes: some cannot run on this machine, so nothing starts."""
        refused = self._plan.refused
        others = Why(f"nothing was started: {', '.join(refused)} cannot run", Cause.REFUSED)
        for node in self._nodes.values():
            if node.name in refused and not node.node.repeated:
                self._end(node, Outcome.FAILED, refused[node.name], Effect.CANCELLED)
            else:
                self._cancel(node, others)

    def _open_next_phase(self) -> None:
        titles = self._plan.phases.titles
        while self._phase < len(titles) - 1 and self._states.left:
            if not self._readiness.settled(self._states.serving):
                return
            title = titles[self._phase + 1]
            # what has no title is for the end, and begins whatever became of all else
            wary = title and self._plan.fast_fail and self._phase >= 0
            if wary and (why := self._bad_so_far(title)):
                self._end_early(f"{title} is not begun: {why}")
            self._phase += 1
            if title and not self._ending:
                self._emit(events.PhaseStarted(self._now(), title))
            self._follow(self._readiness.open_phases(self._phase))

    def _bad_so_far(self, title: str) -> str:
        """Return why a run is red before the phase of this title, '' if it is not."""
        if red := self._results.red():
            return f"{', '.join(red)} did not pass"
        if title == ALL_TESTCASES and self._results.unmatched:
            return self._results.matches()
        return ""

    def _now(self) -> float:
        return self._clock.now()

    def _note(self, text: str) -> None:
        self._emit(events.Note(self._now(), text))

    # ---- starts

    def _start_what_may(self) -> None:
        states, queue = self._states, self._queue
        while True:
            if node := queue.next(self._now(), running=states.active):
                self._start(node)
            elif states.active or states.delayed or (node := queue.first()) is None:
                queue.settle()
                return
            else:
                self._fail_stuck(node)

    def _fail_stuck(self, node: NodeRun) -> None:
        """Fail a node that nothing but services keep from starting, and they wait for it."""
        holders = ", ".join(sorted(each.name for each in self._states.serving.values()))
        text = (
            f"can never start: {self._queue.short(node)} is held by {holders}, "
            "which stays up as long as it is needed; lower what one of them takes"
        )
        self._finish(node, Outcome.FAILED, Why(text, Cause.NO_ROOM))

    def _free(self, node: NodeRun) -> None:
        """Queue a node that has all that it needs, when its delay is over."""
        node.result.waited_for = self._readiness.waited_for[node.key]
        if node.job.delay:
            self._states.set(node, State.DELAYED)
            node.due = self._now() + node.job.delay
            self._timers.at(node.due, DelayEnd(node))
        else:
            self._enqueue(node)

    def _enqueue(self, node: NodeRun) -> None:
        node.queued_in = self._round
        self._states.set(node, State.QUEUED)

    def _start(self, node: NodeRun) -> None:
        """Begin an attempt of a node."""
        if self._round > node.queued_in + 1:
            node.result.waited_for = self._queue.held_by(node)
        self._states.set(node, State.RUNNING)
        now = self._now()
        if node.result.started is None:
            node.result.started = now
        if node.job.cache is not None and not node.node.cached:
            node.result.cache = CacheState.OFF
        self._act(node, node.new_attempt(now).begin(), now)

    # ---- what happens

    def _take(self, report: Report) -> None:
        now = self._now()
        match report:
            case Signalled():
                self._interrupt(report.number)
            case Asked():
                self._tell()
            case Remark():
                self._note(report.text)
            case _:
                node = self._nodes[report.key]
                users = self._readiness.users(node.key) if node.job.service else ()
                self._act(node, node.attempt.take(report, now, users), now)

    def _expire(self, timer: RunLimit | StepLimit | DelayEnd) -> None:
        now = self._now()
        match timer:
            case StepLimit(node, attempt, kind):
                self._act(node, attempt.out_of_time(kind, now), now)
            case DelayEnd(node):
                # a retracted output may have sent it back to waiting, for a later and longer delay
                if node.state is State.DELAYED and now >= node.due:
                    self._enqueue(node)
            case RunLimit():
                self._run_out_of_time()

    def _act(self, node: NodeRun, actions: Actions, now: float) -> None:
        """Carry out what follows for an attempt, in order."""
        for action in actions:
            match action:
                case Conclude():
                    self._conclude(node, action, now)
                case Launch():
                    self._launch(node, action.kind)
                case Stop():
                    self._states.set(node, State.STOPPING)
                    self._executor.stop(node.key, hung=action.hung)
                case Serve():
                    self._serve(node, now)
                case CacheState():
                    node.result.cache = action
                case CacheNote():
                    if action.text not in node.cache_notes:
                        node.cache_notes.add(action.text)
                        self._note(f"{node.name}: {action.text}")
                case events.OutputReady():
                    self._emit(action)
                    self._follow(self._readiness.wrote(node.key, action.output))
                case _:
                    self._emit(action)

    def _launch(self, node: NodeRun, kind: StepKind) -> None:
        attempt, now = node.attempt, self._now()
        if why := self._barred(node):
            self._act(node, attempt.refuse(why), now)
            return
        if node.state is not State.RUNNING:
            self._states.set(node, State.RUNNING)
        number = len(node.result.attempts) + 1
        body = kind is StepKind.BODY
        if body:
            self._emit(events.Started(now, node.name, number))
        try:
            self._executor.start(Step(node.node, number, kind, node.watch if body else ()))
        except StartError as error:
            self._act(node, attempt.not_started(error), now)
            return
        node.result.begun = True
        self._timers.limit(self._now() + node.job.timeout, StepLimit(node, attempt, kind))

    def _barred(self, node: NodeRun) -> Why | None:
        """Return why nothing of this node begins any more, None if something may."""
        return self._cut_off or (None if node.job.regardless else self._ending)

    def _serve(self, node: NodeRun, now: float) -> None:
        change = self._states.set(node, State.SERVING)
        self._emit(events.Ready(now, node.name))
        self._follow(change)
        self._release(node)
        self._open_next_phase()

    def _release(self, node: NodeRun) -> None:
        """Stop a service that nobody needs any more."""
        if node.state is State.SERVING and not self._readiness.needed(node.key):
            assert isinstance(node.attempt, ServiceAttempt)
            self._act(node, node.attempt.release(), self._now())

    # ---- what follows from an end

    def _conclude(self, node: NodeRun, ended: Conclude, now: float) -> None:
        """End an attempt: another one follows, or the node has its outcome."""
        outcome, why, again = ended
        again = again and not self._barred(node)
        if again and (users := self._readiness.took(node.key)):
            # what they do with it would be taken for the work of the attempt that passes
            again = False
            text = f"{why.text}; not tried again, since {', '.join(users)} started from its output"
            why = why._replace(text=text)
        if outcome is not Outcome.RESTORED:
            # the load not of all others: a look costs as much as a start
            load = self._gauge() if again or node.attempt.number > 1 else None
            self._results.attempted(node, outcome, why, now, load, again=again)
        if again:
            self._try_again(node)
        else:
            self._finish(node, outcome, why)

    def _try_again(self, node: NodeRun) -> None:
        """Queue another attempt, as soon as all that it needs is there (again)."""
        node.attempt.forget_outputs()
        change = self._states.set(node, State.WAITING)
        if at_once := change.ready == [node.key]:
            change.ready.clear()
        self._follow(change)
        if at_once:  # its delay is over
            self._enqueue(node)
        self._open_next_phase()

    def _finish(self, node: NodeRun, outcome: Outcome, why: Why) -> None:
        """Give a node its outcome, and do what the end of a node leads to."""
        job, failed = node.job, outcome in FAILURES
        self._end(node, outcome, why)
        if failed and job.fast_fail and self._plan.fast_fail and not job.allow_failure:
            self._end_early(f"{job.name} {outcome}")
        self._open_next_phase()

    def _end(
        self, node: NodeRun, outcome: Outcome | None, why: Why, effect: Effect | None = None
    ) -> None:
        """Give a node its outcome, and those that are skipped for it theirs.

        With None, its job keeps the outcome that it has: the node is a second pass, never begun.
        """
        ready: list[str] = []
        ends = [(node, outcome, why, effect or _effect(node, outcome))]
        for each, so, because, means in ends:  # grows while it is walked: a skip leads to others
            change = self._states.set(each, State.ENDED, means)
            if so is not None:
                self._results.ended(each, so, because, self._now())
            for key in self._readiness.needs(each.key):
                self._release(self._nodes[key])
            for key, reason in change.skipped:
                skip = Why(reason, Cause.DEPENDENCY)
                ends.append((self._nodes[key], Outcome.SKIPPED, skip, Effect.FAILED))
            ready += change.ready
        for key in ready:
            self._free(self._nodes[key])

    def _follow(self, change: Change) -> None:
        """Set the states of others that something has changed for."""
        for key in change.blocked:
            self._states.set(self._nodes[key], State.WAITING)
        for key, reason in change.skipped:
            self._end(self._nodes[key], Outcome.SKIPPED, Why(reason, Cause.DEPENDENCY))
        for key in change.ready:
            self._free(self._nodes[key])

    # ---- ends that come from outside

    def _interrupt(self, number: int) -> None:
        if self._cut_off:  # a second time: no more grace
            for node in self._nodes.values():
                if node.state is State.STOPPING:
                    self._executor.kill(node.key)
            return
        self._signal = number
        self._cut(name_of(number), Cause.INTERRUPTED)

    def _run_out_of_time(self) -> None:
        if not self._cut_off and self._states.left:
            self._timed_out = True
            seconds = self._plan.limits.timeout
            hint = by_default("timeout", seconds, DEFAULT_TIMEOUT)
            self._cut(f"the run's timeout of {seconds:g} s{hint}", Cause.RUN_TIMEOUT)

    def _cut(self, reason: str, cause: Cause) -> None:
        """End everything: a signal, or the run's timeout."""
        nodes = self._nodes.values()
        running = [n for n in nodes if n.state in (State.RUNNING, State.SERVING)]
        self._cut_off = Why(f"cut off by {reason}", cause)
        self._emit(events.Interrupted(self._now(), reason, tuple(n.name for n in running)))
        for node in running:  # before their users are cancelled: a service would be let go
            self._act(node, node.attempt.cancel(self._cut_off), self._now())
        for node in nodes:
            if node.state in IDLE:
                self._cancel(node, self._cut_off)

    def _end_early(self, reason: str) -> None:
        """fast_fail: end all but the jobs that run after failures too, and what serves them."""
        if self._cut_off or self._ending:
            return
        self._ending = Why(f"cut off by fast_fail: {reason}", Cause.FAST_FAIL)
        self._emit(events.FastFail(self._now(), reason))
        for node in self._nodes.values():
            if node.state is State.RUNNING and self._barred(node):
                self._act(node, node.attempt.cancel(self._ending), self._now())
        for node in self._nodes.values():
            if node.state in IDLE and (self._never_begins(node) or self._barred(node)):
                self._cancel(node, self._ending)

    def _cancel(self, node: NodeRun, why: Why) -> None:
        """Cancel a node that has not started."""
        self._end(node, None if self._never_begins(node) else Outcome.CANCELLED, why)

    def _never_begins(self, node: NodeRun) -> bool:
        """Whether a node, if cancelled now, is a second pass that is not begun."""
        return node.node.repeated and node.node.phase > self._phase

    def _tell(self) -> None:
        """Tell what runs, which changes nothing."""
        now, nodes = self._now(), self._nodes.values()
        running = [
            events.Running(node.name, now - node.attempt.began, node.doing)
            for node in nodes
            if node.state in STARTED
        ]
        waiting = sum(node.state in IDLE for node in nodes)
        ended = len(nodes) - len(running) - waiting
        self._emit(events.Asked(now, tuple(running), waiting, ended))


def _effect(node: NodeRun, outcome: Outcome | None) -> Effect:
    """Return what the end of a node means to those that depend on it."""
    if outcome in GOOD:
        return Effect.PASSED
    if outcome in FAILURES:
        return Effect.ALLOWED if node.job.allow_failure else Effect.FAILED
    return Effect.FAILED if outcome is Outcome.SKIPPED else Effect.CANCELLED
