"""The loop: what starts, stops, is skipped or tried again, and when.

A state machine over an injected `Executor` and `Clock`. It asks `readiness` what may start, has
`attempts` go their way, waits, and draws the consequences of their ends. It never touches a
process, a file or the real time.
"""

from __future__ import annotations

import math

from lib.common.signal_names import name_of
from lib.model import events
from lib.model.cause import Cause, Why
from lib.model.declaration_error import by_default
from lib.model.phases import ALL_TESTCASES
from lib.model.result import GOOD, Load, Outcome
from lib.model.run_plan import DEFAULT_TIMEOUT, RunPlan
from lib.model.verdict import also_failed
from lib.scheduler.attempt import Attempts
from lib.scheduler.nodes import ACTIVE, IDLE, Census, State, Track
from lib.scheduler.protocol import (
    Asked,
    Clock,
    Executor,
    Exited,
    Gauge,
    Gone,
    Listens,
    Occupied,
    Remark,
    Report,
    Signalled,
    Wrote,
)
from lib.scheduler.readiness import Change, Effect, Readiness
from lib.scheduler.results import Results
from lib.scheduler.start_queue import Starts
from lib.scheduler.timers import Timers


def unknown_load() -> Load:
    """Return the load of a machine that nobody measures."""
    return Load(0.0)


class Scheduler:
    """One run of the nodes in `phases`. `results` is filled in while it goes on."""

    def __init__(
        self,
        plan: RunPlan,
        executor: Executor,
        clock: Clock,
        emit: events.Listener,
        gauge: Gauge = unknown_load,
    ) -> None:
        self._executor = executor
        self._clock = clock
        self._emit = emit
        self._plan = plan
        self._readiness = Readiness(plan.phases.nodes)
        self._gauge = gauge
        self._starts = Starts(plan, gauge, self._note)
        self._timers = Timers()
        self._results = Results(plan, clock, emit)
        self.results = self._results.results
        self._round = 0
        self._phase = -1
        self._census = Census()
        self._attempts = Attempts(
            executor, clock, emit, self._readiness, self._results, self._timers, self._census, self
        )
        self._cut_off: Why | None = None  # why everything ends: a signal or the run's timeout
        self._ending: Why | None = None  # fast_fail: why only some jobs start any more
        self._signal: int | None = None
        self._timed_out = False
        self._tracks = {
            node.key: Track(node, tuple(sorted(node.job.resources.items())), position)
            for position, node in enumerate(plan.phases.nodes)
        }
        self._left = len(self._tracks)

    # ---- the loop

    def run(self) -> int:
        """Run to the end and return the exit code: 0, 1, 4, 124 or 128+n."""
        self._emit(
            events.RunStarted(
                self._now(), self._results.selected, tuple(self._plan.filtered), self._plan.seed
            )
        )
        self._begin()
        while self._left:
            self._round += 1
            self._start_what_may()
            if self._left:
                due = min(self._timers.due(), self._starts.look_again)
                for report in self._executor.wait(due):
                    self._take(report)
                self._timers.expire(self._now)
        if matches := self._results.matches():
            self._note(matches)
        self._emit(events.RunEnded(self._now(), self.code(), tuple(self.results.values())))
        return self.code()

    def code(self) -> int:
        """Return the exit code that the results so far amount to."""
        code = self._results.code(self._signal, timed_out=self._timed_out)
        # nothing was started, which no job that is allowed to fail makes green
        return also_failed(code) if self._plan.refused else code

    def abandon(self, reason: str) -> None:
        """Give every job that has no outcome one and tell the listeners: the runner itself broke.

        Starts and stops nothing: the processes are for the caller to end.
        """
        for track in self._tracks.values():
            if track.state is not State.ENDED:
                track.state = State.ENDED
                self._results.ended(track, Outcome.CANCELLED, Why(reason, Cause.RUNNER))
        self._left = 0
        code = also_failed(self.code())
        self._emit(events.RunEnded(self._now(), code, tuple(self.results.values())))

    def _begin(self) -> None:
        for text in self._plan.notes:
            self._note(text)
        if self._plan.refused:
            self._refuse()
            return
        if self._plan.limits.timeout < math.inf:
            self._timers.limit(self._plan.limits.timeout, self._run_out_of_time, self._now)
        if self._starts.blind:
            text = "starts are not held back: this system does not tell the pressure on it"
            self._note(f"{text} (/proc/pressure, see proc(5))")
        self._open_next_phase()

    def _refuse(self) -> None:
        refused = self._plan.refused
        others = Why(f"nothing was started: {', '.join(refused)} cannot run", Cause.REFUSED)
        for track in self._tracks.values():
            if track.name not in refused:
                self._cancel(track, others)
            elif track.node.repeated:
                self._drop(track)
            else:
                self._readiness.ended(track.key, Effect.CANCELLED)
                self._end(track, Outcome.FAILED, refused[track.name])

    def _open_next_phase(self) -> None:
        last = len(self._plan.phases.titles) - 1
        while self._left and self._phase < last and self._readiness.settled(self._census.serving):
            title = self._plan.phases.titles[self._phase + 1]
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

    def _start_what_may(self) -> None:
        while True:
            track = self._starts.next(self._now(), running=self._census.running)
            busy = self._census.running or self._census.delayed
            if track is not None:
                self._start(track)
            elif busy or (stuck := self._starts.first()) is None:
                self._starts.settle()
                return
            else:
                self._fail_stuck(stuck)

    def _fail_stuck(self, track: Track) -> None:
        """Fail a node that nothing but services keep from starting, and they wait for it."""
        self._starts.discard(track)
        holders = ", ".join(sorted(self._tracks[key].name for key in self._census.serving))
        text = (
            f"can never start: {self._starts.short(track)} is held by {holders}, "
            "which stays up as long as it is needed; lower what one of them takes"
        )
        self._finish(track, Outcome.FAILED, Why(text, Cause.NO_ROOM))

    def _now(self) -> float:
        return self._clock.now()

    def _note(self, text: str) -> None:
        self._emit(events.Note(self._now(), text))

    def _run_out_of_time(self) -> None:
        if not self._cut_off and self._left:
            self._timed_out = True
            seconds = self._plan.limits.timeout
            hint = by_default("timeout", seconds, DEFAULT_TIMEOUT)
            self._cut(f"the run's timeout of {seconds:g} s{hint}", Cause.RUN_TIMEOUT)

    # ---- the way of a node, from free to running

    def _follow(self, change: Change) -> None:
        for key in change.blocked:
            self._starts.discard(self._tracks[key])
            self._census.move(self._tracks[key], State.WAITING)
        for key, reason in change.skipped:
            track = self._tracks[key]
            self._starts.discard(track)
            self._end(track, Outcome.SKIPPED, Why(reason, Cause.DEPENDENCY))
        for key in change.ready:
            self._free(self._tracks[key])

    def _free(self, track: Track) -> None:
        self._results.waits(track, self._readiness.waited_for[track.key])
        if not track.node.job.delay:
            self._enqueue(track)
            return
        self._census.move(track, State.DELAYED)
        due = self._now() + track.node.job.delay

        def enqueue() -> None:
            # a retracted output may have sent it back to waiting, for a later and longer delay
            if track.state is State.DELAYED and self._now() >= track.began + track.node.job.delay:
                self._enqueue(track)

        track.began = self._now()
        self._timers.at(due, enqueue)

    def _enqueue(self, track: Track) -> None:
        self._census.move(track, State.QUEUED)
        track.queued_in = self._round
        track.held_back = ""
        self._starts.push(track)

    def _start(self, track: Track) -> None:
        if self._round > track.queued_in + 1:
            self._results.waits(track, self._starts.held_by(track))
        self._readiness.started(track.key)
        self._attempts.begin(track)

    # ---- what the executor reports

    def _take(self, report: Report) -> None:
        match report:
            case Signalled():
                self._interrupt(report.number)
            case Asked():
                self._tell()
            case Remark():
                self._note(report.text)
            case Wrote():
                self._attempts.wrote(self._tracks[report.key], report.output)
            case Listens():
                self._attempts.heard(self._tracks[report.key], report)
            case Occupied():
                self._attempts.occupied(self._tracks[report.key], report)
            case Exited():
                self._attempts.exited(self._tracks[report.key], report)
            case Gone():
                self._attempts.gone(self._tracks[report.key], report)

    def _tell(self) -> None:
        """Tell what runs, which changes nothing."""
        now, tracks = self._now(), self._tracks.values()
        running = [
            events.Running(track.name, now - track.began, track.doing)
            for track in tracks
            if track.state in (*ACTIVE, State.SERVING)
        ]
        waiting = sum(track.state in IDLE for track in tracks)
        ended = len(tracks) - len(running) - waiting
        self._emit(events.Asked(now, tuple(running), waiting, ended))

    # ---- what attempts tell

    def barred(self, track: Track) -> Why | None:
        """Return why nothing of this node begins any more, None if something may."""
        return self._cut_off or (None if track.node.job.regardless else self._ending)

    def wrote(self, track: Track, output: str) -> None:
        """Free those that wait for an output."""
        self._follow(self._readiness.wrote(track.key, output))

    def serves(self, track: Track) -> None:
        """Free those that wait for a service."""
        self._starts.serves(track)
        self._follow(self._readiness.ready(track.key))
        self._release(track)
        self._open_next_phase()

    def concluded(self, track: Track, outcome: Outcome, why: Why) -> None:
        """Take note of an ended attempt: another one follows, or the node has its outcome."""
        self._starts.give_back(track)
        again = outcome in (Outcome.FAILED, Outcome.TIMED_OUT) and self._may_retry(track)
        if again and (users := self._readiness.took(track.key)):
            # what they do with it would be taken for the work of the attempt that passes
            again = False
            text = f"{why.text}; not tried again, since {', '.join(users)} started from its output"
            why = why._replace(text=text)
        if outcome is not Outcome.RESTORED:
            # the load not of all others: a look costs as much as a start
            load = self._gauge() if again or track.tries > 1 else None
            self._results.attempted(track, outcome, why, load, again=again)
        if again:
            track.forget_outputs()
            self._try_again(track)
        else:
            self._finish(track, outcome, why)

    def _try_again(self, track: Track) -> None:
        """Queue another attempt, as soon as all that it needs is there (again)."""
        change = self._readiness.again(track.key)
        if not change.skipped:
            self._follow(self._readiness.retract(track.key))
        if change.ready == [track.key]:
            self._enqueue(track)
            return
        self._census.move(track, State.WAITING)
        self._follow(change)
        self._open_next_phase()

    def _release(self, track: Track) -> None:
        """Stop a service that nobody needs any more."""
        if track.state is State.SERVING and not self._readiness.needed(track.key):
            self._attempts.release(track)

    def _may_retry(self, track: Track) -> bool:
        # whoever uses a service that was ready has seen it fail
        if track.ready or track.survivors or self.barred(track):
            return False
        return track.tries <= track.node.job.retries

    def _finish(self, track: Track, outcome: Outcome, why: Why) -> None:
        job = track.node.job
        failed = outcome in (Outcome.FAILED, Outcome.TIMED_OUT)
        if outcome in GOOD:
            effect = Effect.PASSED
        elif failed:
            effect = Effect.ALLOWED if job.allow_failure else Effect.FAILED
        else:
            effect = Effect.CANCELLED
        change = self._readiness.ended(track.key, effect, track.wrote | track.came)
        self._end(track, outcome, why)
        self._follow(change)
        if failed and job.fast_fail and self._plan.fast_fail and not job.allow_failure:
            self._end_early(f"{job.name} {outcome}")
        self._open_next_phase()

    def _end(self, track: Track, outcome: Outcome, why: Why) -> None:
        """Write down an outcome; the plan knows of it already."""
        self._census.move(track, State.ENDED)
        self._left -= 1
        self._results.ended(track, outcome, why)
        for key in dict.fromkeys(edge.key for edge in track.node.edges):
            self._release(self._tracks[key])

    # ---- ends that come from outside

    def _interrupt(self, number: int) -> None:
        if self._cut_off:
            for track in self._tracks.values():
                self._attempts.hasten(track)
            return
        self._signal = number
        self._cut(name_of(number), Cause.INTERRUPTED)

    def _cut(self, reason: str, cause: Cause) -> None:
        """End everything: a signal, or the run's timeout."""
        running = [t for t in self._tracks.values() if t.state in (State.RUNNING, State.SERVING)]
        self._cut_off = Why(f"cut off by {reason}", cause)
        self._emit(events.Interrupted(self._now(), reason, tuple(t.name for t in running)))
        for track in running:  # before their users are cancelled: a service would be let go
            self._attempts.cancel(track, self._cut_off)
        for track in self._tracks.values():
            if track.state in IDLE:
                self._cancel(track, self._cut_off)

    def _end_early(self, reason: str) -> None:
        """fast_fail: end all but the jobs that run after failures too, and what serves them."""
        if self._cut_off or self._ending:
            return
        self._ending = Why(f"cut off by fast_fail: {reason}", Cause.FAST_FAIL)
        self._emit(events.FastFail(self._now(), reason))
        for track in self._tracks.values():
            if track.state is State.RUNNING and self.barred(track):
                self._attempts.cancel(track, self._ending)
        for track in self._tracks.values():
            again = track.node.repeated and track.node.phase > self._phase
            if track.state in IDLE and (again or self.barred(track)):
                self._cancel(track, self._ending)

    def _cancel(self, track: Track, why: Why) -> None:
        """Cancel a node that has not started."""
        if track.node.repeated and track.node.phase > self._phase:
            self._drop(track)
            return
        self._starts.discard(track)
        change = self._readiness.ended(track.key, Effect.CANCELLED)
        self._end(track, Outcome.CANCELLED, why)
        self._follow(change)

    def _drop(self, track: Track) -> None:
        """Forget a node of a phase that is not begun: its job keeps the outcome that it has."""
        change = self._readiness.ended(track.key, Effect.CANCELLED)
        self._census.move(track, State.ENDED)
        self._left -= 1
        for key in dict.fromkeys(edge.key for edge in track.node.edges):
            self._release(self._tracks[key])
        self._follow(change)
