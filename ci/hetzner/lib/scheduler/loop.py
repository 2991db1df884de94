"""The loop: what starts, stops, is skipped or tried again, and when.

A state machine over an injected `Executor` and `Clock`. `NodeStates` knows the state of each node,
`StartQueue` picks the next one to start, `AttemptRunner` runs its attempt, `EarlyEnds` cancels. The
loop draws the consequences of the ends. It touches no process, no file and no real time.
"""

from __future__ import annotations

import math

from lib.model import events
from lib.model.cause import Cause, Why
from lib.model.phases import ALL_TESTCASES
from lib.model.result import Outcome
from lib.model.run_facts import Facts
from lib.model.run_plan import RunPlan
from lib.model.verdict import decide
from lib.scheduler import foregone, protocol
from lib.scheduler.actions import Conclude
from lib.scheduler.attempt import FAILURES
from lib.scheduler.attempt_runner import AttemptRunner
from lib.scheduler.early_ends import EarlyEnds
from lib.scheduler.interruption import CutOff
from lib.scheduler.node_states import NodeStates
from lib.scheduler.nodes import ENDED, NodeRun, snapshot
from lib.scheduler.protocol import (
    Asked,
    CancelAsked,
    Clock,
    Executor,
    Gauge,
    Remark,
    Report,
    Signalled,
)
from lib.scheduler.readiness import jobs_that_used_outputs
from lib.scheduler.results import Results
from lib.scheduler.start_queue import StartQueue
from lib.scheduler.timers import DelayEnd, RunLimit, StepLimit, Timer, Timers


class Scheduler:
    """One run of a plan. `results` is filled in while it goes on."""

    def __init__(
        self,
        plan: RunPlan,
        executor: Executor,
        clock: Clock,
        emit: events.Listener,
        gauge: Gauge,
        share: protocol.MachineShare | None = None,
        retry_waits: protocol.RetryWaits | None = None,
    ) -> None:
        self._plan = plan
        self._executor = executor
        self._now = clock.now
        self._emit = emit
        self._gauge = gauge
        self._results = Results(plan, emit)
        self.results = self._results.by_job
        self._queue = StartQueue(plan, gauge, self._note, share)
        self._timers = Timers()
        self._states = NodeStates(
            plan, self._results, self._queue, self._timers, clock, retry_waits
        )
        self._nodes = self._states.nodes
        self._cut_off = CutOff()
        self._attempts = AttemptRunner(
            executor, clock, emit, self._states, self._timers, self._cut_off
        )
        self._early_ends = EarlyEnds(
            plan.limits.timeout, clock, emit, self._states, self._attempts, self._cut_off
        )
        self._broken = ""  # the bug of the runner that ended the run

    # ---- the run

    def run(self) -> int:
        """Run to the end and return the exit code: 0, 1, 4, 124 or 128+n."""
        plan, states = self._plan, self._states
        self._emit(
            events.RunStarted(self._now(), self._results.selected, tuple(plan.filtered), plan.seed)
        )
        self._begin()
        self._settle()
        while states.left:
            states.round += 1
            self._start_what_may()
            if states.left:
                due = min(self._timers.due(), self._queue.look_again)
                for report in self._executor.wait(due):
                    self._take(report)
                    self._settle()
                for timer in self._timers.expired(self._now):
                    self._expire(timer)
        if sentence := self._results.filter_sentence():
            self._note(sentence)
        return self._end_run()

    def abandon(self, reason: str) -> None:
        """Give every job that has no outcome one and tell the listeners: the runner itself broke.

        Starts and stops nothing: the processes are for the caller to end.
        """
        self._broken = reason
        for node in self._nodes.values():
            if node.state is not ENDED:
                self._states.end(node, Outcome.CANCELLED, Why(reason, Cause.RUNNER))
        self._end_run()

    def facts(self) -> Facts:
        """Return the facts so far."""
        return Facts(
            self._results.selected,
            self.results,
            self._now(),
            signal=self._cut_off.signal,
            timed_out=self._cut_off.timed_out,
            unmatched=self._results.unmatched,
            refused=tuple(self._plan.refused),
            error=self._broken,
        )

    def code(self) -> int:
        """Return the exit code that the facts so far amount to."""
        return decide(self.facts()).exit_code

    def _end_run(self) -> int:
        code = self.code()
        self._emit(events.RunEnded(self._now(), code, tuple(self.results.values())))
        return code

    def _begin(self) -> None:
        for text in self._plan.notes:
            self._note(text)
        if self._plan.refused:
            foregone.refuse(self._plan, self._states)
            return
        foregone.restore(self._plan, self._states)
        if self._plan.limits.timeout < math.inf:
            self._timers.set(self._plan.limits.timeout, RunLimit(), patient=True)
        if self._queue.blind:
            text = "starts are not held back: this system does not tell the pressure on it"
            self._note(f"{text} (/proc/pressure, see proc(5))")

    def _note(self, text: str) -> None:
        self._emit(events.Note(self._now(), text))

    # ---- starts

    def _start_what_may(self) -> None:
        states, queue = self._states, self._queue
        while True:
            moves = states.active or states.delayed
            if node := queue.next(self._now(), running=states.active, moves=moves > 0):
                self._start(node)
            elif given_up := queue.others.given_up():
                self._finish(given_up.node, Outcome.FAILED, given_up.why)
                self._settle()
            elif moves or queue.others.waiting or (node := queue.first()) is None:
                queue.settle()
                return
            else:
                self._fail_stuck(node)
                self._settle()

    def _start(self, node: NodeRun) -> None:
        """Begin an attempt of a node."""
        if self._states.round > node.queued_in + 1:
            node.result.waited_for = self._queue.held_by(node)
        if ended := self._attempts.begin(node):
            self._conclude(node, ended)
            self._settle()

    def _fail_stuck(self, node: NodeRun) -> None:
        """Fail a node whose resources are held by services that wait for its end."""
        holders = ", ".join(sorted(each.name for each in self._states.serving.values()))
        text = (
            f"can never start: {self._queue.short(node)} is held by {holders}, "
            "which stays up as long as it is needed; lower the resources of one"
        )
        self._finish(node, Outcome.FAILED, Why(text, Cause.NO_ROOM))

    # ---- events

    def _take(self, report: Report) -> None:
        match report:
            case Signalled():
                self._early_ends.interrupt(report.number)
            case Asked():
                self._emit(snapshot(self._nodes.values(), self._now()))
            case CancelAsked():
                self._early_ends.cancel_job(report.job)
            case Remark():
                self._note(report.text)
            case _:
                node = self._nodes[report.key]
                if ended := self._attempts.take(node, report):
                    self._conclude(node, ended)

    def _expire(self, timer: Timer) -> None:
        match timer:
            case StepLimit():
                self._attempts.out_of_time(timer)
            case DelayEnd():
                self._states.delay_over(timer.node)
            case RunLimit():
                self._early_ends.run_out_of_time()

    # ---- ends

    def _conclude(self, node: NodeRun, ended: Conclude) -> None:
        """Draw the consequences of an ended attempt: another one, or the outcome of the node."""
        outcome, why, again = ended
        again = again and not self._cut_off.reason_against(node.job)
        if again and (users := jobs_that_used_outputs(node)):
            # their results would count as made from the attempt that passes
            again = False
            text = f"{why.text}; not tried again, since {', '.join(users)} started from its output"
            why = why._replace(text=text)
        if outcome is not Outcome.RESTORED:
            # only of these: to read the load costs as much as a start
            load = self._gauge() if again or node.attempt.number > 1 else None
            self._results.attempted(node, outcome, why, self._now(), load, again=again)
        if again:
            self._states.retry(node)
        else:
            self._finish(node, outcome, why)

    def _finish(self, node: NodeRun, outcome: Outcome, why: Why) -> None:
        """Give a node its outcome; the failure of a critical job ends the run early."""
        self._states.end(node, outcome, why)
        if node.name in self._cut_off.cancelled:  # its second pass as well
            self._early_ends.cancel_job(node.name)
        critical = node.job.fast_fail and not node.job.allow_failure
        if critical and self._plan.fast_fail and outcome in FAILURES:
            self._early_ends.after_failure(f"{node.name} {outcome}")

    def _settle(self) -> None:
        """Stop services that no job needs any more, and open the phases that can begin."""
        while True:
            for node in self._states.unneeded():
                self._attempts.release(node)
            if not self._states.next_phase_may_begin():
                return
            self._open_phase(self._states.phase + 1)

    def _open_phase(self, phase: int) -> None:
        title = self._plan.phases.titles[phase]
        # the last phase, of jobs at the end, has no title and begins after any failure
        wary = title and self._plan.fast_fail and phase > 0
        if wary and (why := self._bad_so_far(title)):
            self._early_ends.after_failure(f"{title} is not begun: {why}")
        if title and not self._cut_off.fast_fail:
            self._emit(events.PhaseStarted(self._now(), title))
        self._states.open_phase(phase)

    def _bad_so_far(self, title: str) -> str:
        """Return why a run is red before the phase of this title, '' if it is not."""
        if red := self._results.red():
            return f"{', '.join(red)} did not pass"
        if title == ALL_TESTCASES and self._results.unmatched:
            return self._results.filter_sentence()
        return ""
