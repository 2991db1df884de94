"""The way of one attempt: its steps, its time, its stop, until it is known what it amounts to.

An attempt asks the cache, runs the body, stores. Each step is a tree of processes, and the next
one begins when nobody is left of the one before. What an attempt means to other nodes is not
known here: that is for the `Course` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from lib.model import events
from lib.model.attempt_outcome import NO_TEST_RAN, describe, judge, named, passed, unready
from lib.model.cause import PLAINLY, Cause, Why
from lib.model.declaration_error import by_default
from lib.model.job import DEFAULT_TIMEOUT
from lib.model.result import CacheState, Outcome
from lib.scheduler.nodes import Census, State, Track
from lib.scheduler.protocol import (
    MISS,
    NO_KEY,
    UNUSABLE,
    Clock,
    Executor,
    Exited,
    Gone,
    Listens,
    Occupied,
    StartError,
    Step,
    StepKind,
)
from lib.scheduler.readiness import Readiness
from lib.scheduler.results import Results
from lib.scheduler.timers import Timers

STATES = {  # by the exit code of the RESTORE step
    0: CacheState.HIT,
    MISS: CacheState.MISS,
    NO_KEY: CacheState.NO_KEY,
    UNUSABLE: CacheState.UNUSABLE,
}
GONE = Why("all of its processes were gone", Cause.SERVICE_GONE)

# seconds from the last output of a body to its end, if writing that was the last that it did
AT_ONCE = 0.5


class Course(Protocol):
    """What the run makes of attempts."""

    def barred(self, track: Track) -> Why | None:
        """Return why nothing of this node begins any more, None if something may."""
        ...

    def wrote(self, track: Track, output: str) -> None:
        """An output came while its attempt runs."""
        ...

    def serves(self, track: Track) -> None:
        """A service is ready."""
        ...

    def concluded(self, track: Track, outcome: Outcome, why: Why) -> None:
        """An attempt has ended, and nobody is left of it but `track.survivors`."""
        ...


class Attempts:
    """All attempts that go on. Acts on the executor; tells the listeners and the course."""

    def __init__(
        self,
        executor: Executor,
        clock: Clock,
        emit: events.Listener,
        readiness: Readiness,
        results: Results,
        timers: Timers,
        census: Census,
        course: Course,
    ) -> None:
        self._executor = executor
        self._clock = clock
        self._emit = emit
        self._readiness = readiness
        self._results = results
        self._timers = timers
        self._census = census
        self._course = course

    # ---- steps

    def begin(self, track: Track) -> None:
        """Begin another attempt of a node."""
        track.begin(self._clock.now())
        self._results.starts(track)
        if track.node.job.cache is not None and not track.node.cached:
            self._results.cache(track, CacheState.OFF)
        self._launch(track, StepKind.RESTORE if track.node.cached else StepKind.BODY)

    def _launch(self, track: Track, step: StepKind) -> None:
        if barred := self._course.barred(track):
            if step is StepKind.STORE:
                self._pass(track)
            else:
                self._conclude(track, Outcome.CANCELLED, barred)
            return
        self._census.move(track, State.RUNNING)
        track.step = step
        number = self._results.number(track)
        if step is StepKind.BODY:
            self._emit(events.Started(self._clock.now(), track.name, number))
        job = track.node.job
        watch = self._readiness.watched(track.key) | (set(job.outputs) if job.service else set())
        try:
            self._executor.start(
                Step(
                    track.node, number, step, tuple(sorted(watch)) if step is StepKind.BODY else ()
                )
            )
        except StartError as error:
            if step is StepKind.STORE:
                self._not_stored(track, f"not stored in its cache: {error}")
            else:
                self._conclude(track, Outcome.FAILED, Why(str(error), Cause.NOT_STARTED))
            return
        self._results.began(track)
        tries = track.tries
        due = self._clock.now() + job.timeout
        self._timers.limit(due, lambda: self._out_of_time(track, tries, step), self._clock.now)

    def _out_of_time(self, track: Track, tries: int, step: StepKind) -> None:
        if track.state is not State.RUNNING or track.tries != tries or track.step is not step:
            return
        if step is StepKind.STORE:
            self._note(f"{track.name}: its cache took too long to store")
            self._stop(track, lambda: self._pass(track), hung=True)
            return
        seconds = track.node.job.timeout
        self._emit(events.TimedOut(self._clock.now(), track.name, seconds))
        text = f"timed out: not done after {seconds:g} s"
        if track.node.job.service:
            lacks = unready(track.node.job, track.wrote, track.heard)
            text = f"timed out: not ready after {seconds:g} s: {lacks}"
        text += by_default("timeout", seconds, DEFAULT_TIMEOUT)
        why = Why(text, Cause.TIMEOUT)
        self._stop(track, lambda: self._conclude(track, Outcome.TIMED_OUT, why), hung=True)

    # ---- what the executor reports

    def exited(self, track: Track, report: Exited) -> None:
        """Take note that the process which was started for a step has ended."""
        if track.step is StepKind.BODY:
            track.code = report.code
            track.verdict = None if track.state is State.STOPPING else report.code
            track.ran_tests = report.code not in NO_TEST_RAN
            track.came = set(track.node.job.outputs) - set(report.missing)
        if track.state is State.STOPPING:
            if track.released and report.by_itself:
                self._ended_before_its_stop(track, report)
            if not report.left:
                self.gone(track, Gone(track.key))
        elif track.step is StepKind.RESTORE:
            self._once_gone(track, report, lambda: self._restored(track, report))
        elif track.step is StepKind.STORE:
            self._once_gone(track, report, lambda: self._stored(track, report))
        elif track.node.job.service:
            self._service_exited(track, report)
        else:
            self._body_exited(track, report)

    def _body_exited(self, track: Track, report: Exited) -> None:
        judgement = judge(track.node.job, report.code, report.missing, report.told, track.tries)
        if judgement.outcome is not Outcome.PASSED:
            after = lambda: self._conclude(track, *judgement)  # noqa: E731
        else:
            after = lambda: self._body_passed(track)  # noqa: E731
        self._once_gone(track, report, after)

    def _body_passed(self, track: Track) -> None:
        if track.lost:
            reason = f"what it left running removed its output {named(track.node.job, track.lost)}"
            self._conclude(track, Outcome.FAILED, Why(reason, Cause.MISSING_OUTPUT))
        elif track.stores and track.code:  # a hit would not say it, and read as a full pass
            self._not_stored(
                track, f"not stored in its cache: it ended with {describe(track.code)}"
            )
        elif track.stores:
            self._launch(track, StepKind.STORE)
        else:
            self._pass(track)

    def _restored(self, track: Track, report: Exited) -> None:
        self._results.cache(track, STATES.get(report.code, CacheState.UNUSABLE))
        if report.code == 0 and not report.missing:
            self._conclude(track, Outcome.RESTORED, PLAINLY)
            return
        if report.code == 0:
            self._results.cache(track, CacheState.MISS)
            self._note_once(
                track, f"its cache does not hold {', '.join(report.missing)}, so it runs"
            )
        elif report.told:
            self._note_once(track, report.told)
        elif report.code != MISS:
            self._note_once(track, f"its cache failed, so it runs: {describe(report.code)}")
        track.stores = report.code in (0, MISS)
        self._launch(track, StepKind.BODY)

    def _stored(self, track: Track, report: Exited) -> None:
        if report.code:
            why = report.told or f"not stored in its cache: {describe(report.code)}"
            self._not_stored(track, why)
        else:
            self._results.cache(track, CacheState.STORED)
            self._pass(track)

    def _not_stored(self, track: Track, why: str) -> None:
        self._note_once(track, why)
        self._pass(track)

    def _once_gone(self, track: Track, report: Exited, then: Callable[[], None]) -> None:
        if report.left:
            track.leaked += report.left
            self._emit(events.Leaked(self._clock.now(), track.name, report.left))
            self._stop(track, then)
        else:
            then()

    def gone(self, track: Track, report: Gone) -> None:
        """Take note that nobody is left of a tree, but for some that outlive KILL."""
        track.survivors += report.survivors
        if track.step is StepKind.BODY:
            track.lost = report.missing
        if track.state is State.STOPPING and track.then is not None:
            if track.released and report.by_itself:
                self._fail_after_release(track, GONE)
            then, track.then = track.then, None
            then()
        else:
            self._service_gone(track)

    def wrote(self, track: Track, output: str) -> None:
        """Take note that an output is there."""
        if track.state is not State.RUNNING or output in track.wrote:
            return
        track.wrote.add(output)
        self._emit(events.OutputReady(self._clock.now(), track.name, output))
        self._course.wrote(track, output)
        self._serve_if_complete(track)

    # ---- services

    def heard(self, track: Track, report: Listens) -> None:
        """Take note on which of its ports a service listens."""
        if track.state is State.RUNNING:
            track.heard = frozenset(report.ports)
            self._serve_if_complete(track)
            return
        silent = sorted(set(track.node.job.listens).difference(report.ports))
        if track.state is State.SERVING and silent:
            text = f"none of its processes listens on port {', '.join(map(str, silent))} any more"
            self._fail_while_needed(track, Why(text, Cause.SERVICE_GONE))

    def occupied(self, track: Track, report: Occupied) -> None:
        """Fail a service: whoever uses the port would get, or has got, somebody else."""
        text = f"port {report.port} is held by {report.holder}: stop that, or use another port"
        why = Why(text, Cause.PORT_TAKEN)
        if track.state is State.RUNNING:
            self._stop(track, lambda: self._conclude(track, Outcome.FAILED, why))
        elif track.state is State.SERVING:
            self._fail_while_needed(track, why)

    def _fail_while_needed(self, track: Track, why: Why) -> None:
        users = ", ".join(self._readiness.users(track.key))
        why = why._replace(text=f"{why.text} while {users} still needed it")
        self._stop(track, lambda: self._conclude(track, Outcome.FAILED, why))

    def _service_exited(self, track: Track, report: Exited) -> None:
        missing = () if report.left else report.missing
        judgement = judge(track.node.job, report.code, missing, report.told)
        if judgement.outcome is not Outcome.PASSED:
            why = judgement.why
            if track.state is State.SERVING:
                users = ", ".join(self._readiness.users(track.key))
                why = why._replace(text=f"{why.text} while {users} still needed it")
            failed = partial(self._conclude, track, judgement.outcome, why)
            if report.left:  # no leak: they serve
                self._stop(track, failed)
            else:
                failed()
        elif not report.left and (track.node.job.listens or self._has_served(track)):
            self._service_gone(track)
        elif not report.left:
            self._pass(track)
        elif track.state is State.RUNNING:
            for output in sorted(track.came):
                self.wrote(track, output)
            if not track.node.job.outputs and not track.node.job.listens:
                self._serve(track)

    def _has_served(self, track: Track) -> bool:
        """Whether a service was ready for longer than its last act takes, to write an output."""
        return track.state is State.SERVING and self._clock.now() - track.ready_at >= AT_ONCE

    def _service_gone(self, track: Track) -> None:
        """Fail a service of which nobody is left though it was not released."""
        if track.state is State.SERVING:
            users = ", ".join(self._readiness.users(track.key))
            text = f"all of its processes are gone while {users} still needed it"
        else:
            lacks = unready(track.node.job, track.wrote, track.heard)
            text = f"its processes ended before it was ready: {lacks}"
        self._conclude(track, Outcome.FAILED, Why(text, Cause.SERVICE_GONE))

    def _ended_before_its_stop(self, track: Track, report: Exited) -> None:
        """Judge a service that ended just before its last user: that one may have seen it fail."""
        missing = report.missing if not report.left else ()
        judgement = judge(track.node.job, report.code, missing, report.told)
        if judgement.outcome is not Outcome.PASSED:
            self._fail_after_release(track, judgement.why)
        elif not report.left and track.node.job.listens:
            self._fail_after_release(track, GONE)

    def _fail_after_release(self, track: Track, why: Why) -> None:
        why = why._replace(text=f"{why.text} before it was stopped")
        track.released, track.then = False, partial(self._conclude, track, Outcome.FAILED, why)

    def _serve_if_complete(self, track: Track) -> None:
        if track.node.job.service and track.complete:
            self._serve(track)

    def _serve(self, track: Track) -> None:
        self._census.move(track, State.SERVING)
        track.ready, track.ready_at = True, self._clock.now()
        self._emit(events.Ready(self._clock.now(), track.name))
        self._course.serves(track)

    # ---- ends

    def release(self, track: Track) -> None:
        """Stop a service that nobody needs any more."""
        track.released = True
        self._stop(track, lambda: self._pass(track))

    def cancel(self, track: Track, why: Why) -> None:
        """Stop an attempt that is not to go on."""
        hung = why.cause is Cause.RUN_TIMEOUT
        if track.step is StepKind.STORE:  # the body has passed
            self._stop(track, lambda: self._pass(track), hung=hung)
        else:
            self._stop(track, lambda: self._conclude(track, Outcome.CANCELLED, why), hung=hung)

    def hasten(self, track: Track) -> None:
        """Give an attempt that is being stopped no more time."""
        if track.state is State.STOPPING:
            self._executor.kill(track.key)

    def _stop(self, track: Track, then: Callable[[], None], *, hung: bool = False) -> None:
        self._census.move(track, State.STOPPING)
        track.then = then
        self._executor.stop(track.key, hung=hung)

    def _pass(self, track: Track) -> None:
        outcome = Outcome.PASSED if track.tries == 1 else Outcome.FLAKY
        why = passed(track.verdict, track.tries, track.node.job.retries + 1)
        self._conclude(track, outcome, why)

    def _conclude(self, track: Track, outcome: Outcome, why: Why) -> None:
        if track.survivors:
            outcome = Outcome.FAILED
            text = f"could not be stopped: {'; '.join(track.survivors)}"
            why = Why(text, Cause.UNSTOPPABLE)
        self._course.concluded(track, outcome, why)

    def _note_once(self, track: Track, text: str) -> None:
        """Note what a cache has to say, however often the job is tried."""
        if text not in track.noted:
            track.noted.add(text)
            self._note(f"{track.name}: {text}")

    def _note(self, text: str) -> None:
        self._emit(events.Note(self._clock.now(), text))
