"""One attempt of a node, from its first step to its outcome.

An attempt asks the cache, runs the body, stores. Each step has processes of its own, and the next
one starts when none are left of the one before. `Attempt` is a state machine without clock,
executor or view: each method takes an event and returns the actions that follow, in order. It knows
no other node.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from lib.model import events
from lib.model.attempt_outcome import NO_TEST_RAN, Judgement, describe, judge, named, passed
from lib.model.cause import Cause, Why
from lib.model.declaration_error import by_default
from lib.model.job import DEFAULT_TIMEOUT
from lib.model.phases import Node
from lib.model.result import CacheState, Outcome
from lib.scheduler.actions import Action, Actions, CacheNote, Conclude, Launch, Stop
from lib.scheduler.protocol import (
    MISS,
    NO_KEY,
    UNUSABLE,
    Exited,
    Gone,
    Listens,
    Occupied,
    StepKind,
    Wrote,
)

ProcessReport = Exited | Gone | Wrote | Listens | Occupied  # what is reported of one tree

CACHE_STATES = {  # by the exit code of a RESTORE step that has restored nothing
    MISS: CacheState.MISS,
    NO_KEY: CacheState.NO_KEY,
    UNUSABLE: CacheState.UNUSABLE,
}
FAILURES = (Outcome.FAILED, Outcome.TIMED_OUT)


class Progress(enum.Enum):
    """The stage of an attempt."""

    WORKING = "a step runs, or is about to start"
    READY = "a service that is ready"
    ENDING = "its processes are being stopped"
    OVER = "it has its outcome"


# Python 3.11 takes longer to find a member in its class than for a call
WORKING, READY, ENDING, OVER = Progress
RESTORE, BODY, STORE = StepKind


class Attempt:
    """An attempt of a node. With number 0 it stands for a node of which none has begun."""

    progress = WORKING
    code: int | None = None  # of the body, once it has exited
    ran_tests = False  # the body has exited with a code other than those of no tests
    ready = False  # a service that serves, or has served
    leaked: tuple[str, ...] = ()  # processes that a step has left running
    survivors: tuple[str, ...] = ()  # processes that not even KILL could end
    _own_code: int | None = None  # of a body that has ended by itself
    _wrote: frozenset[str] = frozenset()  # outputs that came while it ran
    _found: frozenset[str] = frozenset()  # outputs that were there when the body exited
    _stores = False  # there is a key to store under, once the body has passed
    _next: Launch | Judgement | None = None  # what follows when the stop is done

    def __init__(self, node: Node, number: int, began: float) -> None:
        self.node = node
        self.job = node.job
        self.number = number  # in this pass
        self.began = began  # seconds on the run's clock
        self.step = RESTORE if node.cached else BODY

    @property
    def outputs(self) -> frozenset[str]:
        """The outputs that it has written."""
        return self._wrote | self._found

    def forget_outputs(self) -> None:
        """Forget its outputs: another attempt follows."""
        self._wrote = self._found = frozenset()

    # ---- steps

    def begin(self) -> Actions:
        """Begin with the first step."""
        return (Launch(self.step),)

    def refuse(self, why: Why) -> Actions:
        """End in place of starting the next step, since the run is being cut off."""
        return self._end(self._cut_off(why))

    def not_started(self, error: Exception) -> Actions:
        """End since the executor could not start the step."""
        if self.step is STORE:
            return CacheNote(f"not stored in its cache: {error}"), *self._end(self._pass())
        return self._end(Judgement(Outcome.FAILED, Why(str(error), Cause.NOT_STARTED)))

    def out_of_time(self, kind: StepKind, now: float) -> Actions:
        """Stop a step that still runs when the job's timeout has passed since its start."""
        if self.progress is not WORKING or self.step is not kind:
            return ()
        if kind is STORE:
            note = CacheNote("its cache took too long to store")
            return note, *self._stop(self._pass(), hung=True)
        seconds = self.job.timeout
        text = self._told_late(seconds) + by_default("timeout", seconds, DEFAULT_TIMEOUT)
        late = Judgement(Outcome.TIMED_OUT, Why(text, Cause.TIMEOUT))
        return events.TimedOut(now, self.job.name, seconds), *self._stop(late, hung=True)

    def _told_late(self, seconds: float) -> str:
        return f"timed out: not done after {seconds:g} s"

    def cancel(self, why: Why) -> Actions:
        """Stop an attempt that is not to go on."""
        return self._stop(self._cut_off(why), hung=why.cause is Cause.RUN_TIMEOUT)

    def release(self) -> Actions:
        """Stop a service that no job needs any more."""
        raise TypeError(f"bug: {self.node.key} is no service")

    def _cut_off(self, why: Why) -> Judgement:
        """Return the judgement on a cut attempt: a body that has passed has passed."""
        return self._pass() if self.step is STORE else Judgement(Outcome.CANCELLED, why)

    # ---- what the executor reports

    def take(self, report: ProcessReport, now: float, users: Sequence[str] = ()) -> Actions:
        """Return what follows from a report; `users` are the jobs that need a service."""
        match report:
            case Exited():
                return self._exited(report, now, users)
            case Gone():
                return self._gone(report, users)
            case Wrote():
                return self._written(report.output, now)
        raise TypeError(f"bug: {self.node.key} is no service: {report}")

    def _exited(self, report: Exited, now: float, users: Sequence[str]) -> Actions:
        stopping = self.progress is ENDING
        if self.step is BODY:
            self.code = report.code
            self._own_code = None if stopping else report.code
            self.ran_tests = report.code not in NO_TEST_RAN
            if self.job.outputs:
                self._found = frozenset(self.job.outputs).difference(report.missing)
        if stopping:
            return self._exited_while_stopped(report)
        if self.step is BODY:
            return self._body_exited(report, now, users)
        return self._restored(report, now) if self.step is RESTORE else self._stored(report, now)

    def _exited_while_stopped(self, report: Exited) -> Actions:
        return () if report.left else self._proceed()

    def _restored(self, report: Exited, now: float) -> Actions:
        hit = report.code == 0 and not report.missing
        self._stores = report.code in (0, MISS)
        if hit:
            restored = Judgement(Outcome.RESTORED)
            return CacheState.HIT, *self._once_gone(report, restored, now)
        notes: list[Action] = [CACHE_STATES.get(report.code, CacheState.UNUSABLE)]
        if report.code == 0:
            lacks = ", ".join(report.missing)
            notes = [CacheState.MISS, CacheNote(f"its cache does not hold {lacks}, so it runs")]
        elif report.note:
            notes.append(CacheNote(report.note))
        elif report.code != MISS:
            notes.append(CacheNote(f"its cache failed, so it runs: {describe(report.code)}"))
        return *notes, *self._once_gone(report, Launch(BODY), now)

    def _body_exited(self, report: Exited, now: float, users: Sequence[str]) -> Actions:
        judgement = judge(self.job, report.code, report.missing, report.note, self.number)
        if judgement.outcome is Outcome.PASSED:
            return self._once_gone(report, None, now)
        return self._once_gone(report, judgement, now)

    def _stored(self, report: Exited, now: float) -> Actions:
        if report.code == 0:
            done: Action = CacheState.STORED
        else:
            text = report.note or f"not stored in its cache: {describe(report.code)}"
            done = CacheNote(text)
        return done, *self._once_gone(report, self._pass(), now)

    def _once_gone(self, report: Exited, then: Launch | Judgement | None, now: float) -> Actions:
        """Stop the leftovers of a step; go on when they are gone, or at once."""
        self._next = then
        if not report.left:
            return self._proceed()
        self.leaked += report.left
        return events.Leaked(now, self.job.name, report.left), *self._stop(then)

    def _gone(self, report: Gone, users: Sequence[str]) -> Actions:
        self.survivors += report.survivors
        return self._proceed(report.missing)

    def _proceed(self, removed: Sequence[str] = ()) -> Actions:
        """Go on: no process is left of the step; its leftovers have `removed` these outputs."""
        if isinstance(self._next, Judgement):
            return self._end(self._next)
        if self._next is not None:
            return self._launch(self._next.kind)
        return self._after_body(removed)

    def _after_body(self, removed: Sequence[str]) -> Actions:
        if removed:
            text = f"a process that it left removed its output {named(self.job, removed)}"
            return self._end(Judgement(Outcome.FAILED, Why(text, Cause.MISSING_OUTPUT)))
        if self._stores and self.code == 0:
            return self._launch(STORE)
        ends = self._end(self._pass())
        if self._stores:  # a hit would not say it, and read as a full pass
            text = f"not stored in its cache: it ended with {describe(self.code or 0)}"
            return CacheNote(text), *ends
        return ends

    def _written(self, output: str, now: float) -> Actions:
        if self.progress is not WORKING or output in self._wrote:
            return ()
        self._wrote |= {output}
        return (events.OutputReady(now, self.job.name, output),)

    # ---- what follows

    def _launch(self, kind: StepKind) -> Actions:
        self.step, self.progress = kind, WORKING
        return (Launch(kind),)

    def _stop(self, then: Launch | Judgement | None, *, hung: bool = False) -> Actions:
        self.progress, self._next = ENDING, then
        return (Stop(hung),)

    def _pass(self) -> Judgement:
        why = passed(self._own_code, self.number, self.job.retries + 1)
        return Judgement(Outcome.PASSED if self.number == 1 else Outcome.FLAKY, why)

    def _end(self, judgement: Judgement) -> Actions:
        self.progress = OVER
        outcome, why = judgement
        if self.survivors:
            text = f"could not be stopped: {'; '.join(self.survivors)}"
            outcome, why = Outcome.FAILED, Why(text, Cause.UNSTOPPABLE)
        # the users of a service that was ready have seen it fail
        may = outcome in FAILURES and not self.ready and not self.survivors
        return (Conclude(outcome, why, may and self.number <= self.job.retries),)
