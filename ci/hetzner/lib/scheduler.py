"""The loop: what starts, stops, is skipped or tried again, and when.

A state machine over an injected `Executor` and `Clock`. It asks `plan` what may start, tells the
executor, waits, and emits events. It never touches a process, a file or the real time.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable
from functools import partial

from lib import events
from lib.judge import describe, judge
from lib.model import GOOD, Load, Outcome
from lib.orders import Limits, Orders
from lib.plan import Change, Plan, Standing
from lib.record import Record
from lib.seam import (
    MISS,
    Attempt,
    Clock,
    Executor,
    Exited,
    Gauge,
    Gone,
    Remark,
    Report,
    Signalled,
    StartError,
    Step,
    Wrote,
)
from lib.stages import Stages
from lib.starts import Starts
from lib.timers import Timers
from lib.track import ACTIVE, IDLE, State, Track


def unknown_load() -> Load:
    """Return the load of a machine that nobody measures."""
    return Load(0.0)


class Scheduler:
    """One run of the nodes in `stages`. `results` is filled in while it goes on."""

    def __init__(
        self,
        stages: Stages,
        executor: Executor,
        clock: Clock,
        emit: events.Listener,
        limits: Limits,
        orders: Orders,
        gauge: Gauge = unknown_load,
    ) -> None:
        self._stages = stages
        self._executor = executor
        self._clock = clock
        self._emit = emit
        self._limits = limits
        self._orders = orders
        self._plan = Plan(stages.nodes)
        self._gauge = gauge
        self._starts = Starts(limits, orders.urgency, gauge, self._note)
        self._timers = Timers()
        self._record = Record(stages, orders.filtered, clock, emit)
        self.results = self._record.results
        self._round = 0
        self._stage = -1
        self._running = 0  # nodes that run or are being stopped
        self._delayed = 0
        self._serving: set[str] = set()
        self._cut_off = ""  # why everything ends: a signal or the run's timeout
        self._ending = ""  # fast_fail: why only when="always" jobs start any more
        self._signal: int | None = None
        self._timed_out = False
        self._tracks = {
            node.key: Track(node, tuple(sorted(node.job.resources.items())), position)
            for position, node in enumerate(stages.nodes)
        }
        self._left = len(self._tracks)

    # ---- the loop

    def run(self) -> int:
        """Run to the end and return the exit code: 0, 1, 124 or 128+n."""
        orders = self._orders
        self._emit(
            events.RunStarted(
                self._now(), self._record.selected, tuple(orders.filtered), orders.seed
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
        self._emit(events.RunEnded(self._now(), self.code(), tuple(self.results.values())))
        return self.code()

    def code(self) -> int:
        """Return the exit code that the results so far amount to."""
        return self._record.code(self._signal, timed_out=self._timed_out)

    def abandon(self, reason: str) -> None:
        """Give every job that has no outcome one and tell the listeners: the runner itself broke.

        Starts and stops nothing: the processes are for the caller to end.
        """
        for track in self._tracks.values():
            if track.state is not State.ENDED:
                track.state = State.ENDED
                self._record.ended(track, Outcome.CANCELLED, reason)
        self._left = 0
        self._emit(events.RunEnded(self._now(), self.code() or 1, tuple(self.results.values())))

    def _begin(self) -> None:
        if self._orders.refused:
            self._refuse()
            return
        if self._limits.timeout < math.inf:
            self._timers.at(self._limits.timeout, self._run_out_of_time)
        if self._starts.blind:
            text = "starts are not held back: this system does not tell the pressure on it"
            self._note(f"{text} (/proc/pressure, see proc(5))")
        self._open_next_stage()

    def _refuse(self) -> None:
        refused = self._orders.refused
        for track in self._tracks.values():
            if track.name not in refused:
                self._cancel(track, f"nothing was started: {', '.join(refused)} cannot run")
            elif track.node.repeated:
                self._drop(track)
            else:
                self._plan.ended(track.key, Standing.CUT)
                self._end(track, Outcome.FAILED, refused[track.name])

    def _open_next_stage(self) -> None:
        last = len(self._stages.titles) - 1
        while self._left and self._stage < last and self._plan.settled(self._serving):
            title = self._stages.titles[self._stage + 1]
            red = self._record.red()
            if red and self._orders.fast_fail and self._stage >= 0:
                self._end_early(f"{title} is not begun: {', '.join(red)} did not pass")
            self._stage += 1
            if title and not self._ending:
                self._emit(events.StageStarted(self._now(), title))
            self._follow(self._plan.open_stages(self._stage))

    def _start_what_may(self) -> None:
        while True:
            track = self._starts.next(self._now(), running=self._running)
            if track is not None:
                self._start(track)
            elif self._running or self._delayed or (stuck := self._starts.first()) is None:
                self._starts.settle()
                return
            else:
                self._fail_stuck(stuck)

    def _fail_stuck(self, track: Track) -> None:
        """Fail a node that nothing but services keep from starting, and they wait for it."""
        self._starts.discard(track)
        holders = ", ".join(sorted(self._tracks[key].name for key in self._serving))
        self._finish(
            track,
            Outcome.FAILED,
            f"can never start: {self._starts.short(track)} is held by {holders}, "
            "which stays up as long as it is needed; lower what one of them takes",
        )

    def _now(self) -> float:
        return self._clock.now()

    def _note(self, text: str) -> None:
        self._emit(events.Note(self._now(), text))

    def _run_out_of_time(self) -> None:
        if not self._cut_off and self._left:
            self._timed_out = True
            self._cut(f"the run's timeout of {self._limits.timeout:g} s")

    # ---- the way of a node, from free to running

    def _follow(self, change: Change) -> None:
        for key in change.held:
            self._starts.discard(self._tracks[key])
            self._move(self._tracks[key], State.WAITING)
        for key, reason in change.doomed:
            track = self._tracks[key]
            self._starts.discard(track)
            self._end(track, Outcome.SKIPPED, reason)
        for key in change.freed:
            self._free(self._tracks[key])

    def _free(self, track: Track) -> None:
        self._record.waits(track, self._plan.waited_for[track.key])
        if not track.node.job.delay:
            self._enqueue(track)
            return
        self._move(track, State.DELAYED)
        due = self._now() + track.node.job.delay

        def enqueue() -> None:
            # a retracted output may have sent it back to waiting, for a later and longer delay
            if track.state is State.DELAYED and self._now() >= track.began + track.node.job.delay:
                self._enqueue(track)

        track.began = self._now()
        self._timers.at(due, enqueue)

    def _enqueue(self, track: Track) -> None:
        self._move(track, State.QUEUED)
        track.queued_in = self._round
        track.held_back = ""
        self._starts.push(track)

    def _start(self, track: Track) -> None:
        if self._round > track.queued_in + 1:
            self._record.waits(track, self._starts.held_by(track))
        self._plan.started(track.key)
        track.tries += 1
        track.began = self._now()
        track.code, track.leaked, track.survivors, track.then = None, (), (), None
        track.forget_outputs()
        track.ready = False
        self._record.starts(track)
        self._launch(track, Step.BODY if track.node.job.cache is None else Step.RESTORE)

    def _launch(self, track: Track, step: Step) -> None:
        if self._barred(track) and step is Step.STORE:
            self._pass(track)
            return
        if self._barred(track):
            self._conclude(track, Outcome.CANCELLED, self._cut_off or self._ending)
            return
        self._move(track, State.RUNNING)
        track.step = step
        number = self._record.number(track)
        if step is Step.BODY:
            self._emit(events.Started(self._now(), track.name, number))
        job = track.node.job
        watch = self._plan.watched(track.key) | (set(job.outputs) if job.service else set())
        try:
            self._executor.start(
                Attempt(track.node, number, step, tuple(sorted(watch)) if step is Step.BODY else ())
            )
        except StartError as error:
            if step is Step.STORE:
                self._not_stored(track, str(error))
            else:
                self._conclude(track, Outcome.FAILED, str(error))
            return
        tries = track.tries
        self._timers.at(self._now() + job.timeout, lambda: self._out_of_time(track, tries, step))

    def _out_of_time(self, track: Track, tries: int, step: Step) -> None:
        if track.state is not State.RUNNING or track.tries != tries or track.step is not step:
            return
        if step is Step.STORE:
            self._note(f"{track.name}: its cache took too long to store")
            self._stop(track, lambda: self._pass(track))
            return
        seconds = track.node.job.timeout
        self._emit(events.TimedOut(self._now(), track.name, seconds))
        what = "not ready" if track.node.job.service else "not done"
        reason = f"timed out: {what} after {seconds:g} s"
        self._stop(track, lambda: self._conclude(track, Outcome.TIMED_OUT, reason))

    # ---- what the executor reports

    def _take(self, report: Report) -> None:
        match report:
            case Signalled():
                self._interrupt(report.number)
            case Remark():
                self._note(report.text)
            case Wrote():
                self._wrote(self._tracks[report.key], report.output)
            case Exited():
                self._exited(self._tracks[report.key], report)
            case Gone():
                self._gone(self._tracks[report.key], report.survivors)

    def _wrote(self, track: Track, output: str) -> None:
        if track.state is not State.RUNNING or output in track.wrote:
            return
        track.wrote.add(output)
        self._emit(events.OutputReady(self._now(), track.name, output))
        self._follow(self._plan.wrote(track.key, output))
        if track.node.job.service and track.complete:
            self._serve(track)

    def _exited(self, track: Track, report: Exited) -> None:
        track.code = report.code
        if track.step is Step.BODY:
            track.came = set(track.node.job.outputs) - set(report.missing)
        if track.state is State.STOPPING:
            if not report.left:
                self._gone(track, ())
        elif track.step is Step.RESTORE:
            self._once_gone(track, report, lambda: self._restored(track, report))
        elif track.step is Step.STORE:
            self._once_gone(track, report, lambda: self._stored(track, report.code))
        elif track.node.job.service:
            self._service_exited(track, report)
        else:
            self._body_exited(track, report)

    def _body_exited(self, track: Track, report: Exited) -> None:
        judgement = judge(track.node.job, report.code, report.missing)
        if judgement.outcome is not Outcome.PASSED:
            after = lambda: self._conclude(track, judgement.outcome, judgement.reason)  # noqa: E731
        elif track.node.job.cache is not None:
            after = lambda: self._launch(track, Step.STORE)  # noqa: E731
        else:
            after = lambda: self._pass(track)  # noqa: E731
        self._once_gone(track, report, after)

    def _restored(self, track: Track, report: Exited) -> None:
        if report.code == 0 and not report.missing:
            self._conclude(track, Outcome.RESTORED, "")
            return
        if report.code != MISS:
            why = f"does not hold {', '.join(report.missing)}" if report.missing else "failed"
            self._note(f"{track.name}: its cache {why}, so it runs")
        self._launch(track, Step.BODY)

    def _stored(self, track: Track, code: int) -> None:
        if code:
            self._not_stored(track, describe(code))
        else:
            self._pass(track)

    def _not_stored(self, track: Track, why: str) -> None:
        self._note(f"{track.name}: not stored in its cache: {why}")
        self._pass(track)

    def _once_gone(self, track: Track, report: Exited, then: Callable[[], None]) -> None:
        if report.left:
            track.leaked += report.left
            self._emit(events.Leaked(self._now(), track.name, report.left))
            self._stop(track, then)
        else:
            then()

    def _gone(self, track: Track, survivors: tuple[str, ...]) -> None:
        track.survivors += survivors
        if track.state is State.STOPPING and track.then is not None:
            then, track.then = track.then, None
            then()
            return
        users = ", ".join(self._plan.users(track.key))
        if track.state is State.SERVING:
            reason = f"all of its processes are gone while {users} still needed it"
        else:
            missing = ", ".join(sorted(set(track.node.job.outputs) - track.wrote))
            reason = f"its processes ended before it was ready: {missing} never came"
        self._conclude(track, Outcome.FAILED, reason)

    # ---- services

    def _service_exited(self, track: Track, report: Exited) -> None:
        judgement = judge(track.node.job, report.code, () if report.left else report.missing)
        if judgement.outcome is not Outcome.PASSED:
            reason = judgement.reason
            if track.state is State.SERVING:
                users = ", ".join(self._plan.users(track.key))
                reason += f" while {users} still needed it"
            failed = partial(self._conclude, track, judgement.outcome, reason)
            if report.left:  # no leak: they serve
                self._stop(track, failed)
            else:
                failed()
        elif not report.left:
            self._pass(track)
        elif track.state is State.RUNNING:
            for output in sorted(track.came):
                self._wrote(track, output)
            if not track.node.job.outputs:
                self._serve(track)

    def _serve(self, track: Track) -> None:
        self._move(track, State.SERVING)
        self._serving.add(track.key)
        track.ready = True
        self._starts.serves(track)
        self._emit(events.Ready(self._now(), track.name))
        self._follow(self._plan.ready(track.key))
        self._release(track)
        self._open_next_stage()

    def _release(self, track: Track) -> None:
        """Stop a service that nobody needs any more."""
        if track.state is State.SERVING and not self._plan.needed(track.key):
            self._stop(track, lambda: self._pass(track))

    # ---- the end of an attempt, of a node

    def _stop(self, track: Track, then: Callable[[], None]) -> None:
        self._serving.discard(track.key)
        self._move(track, State.STOPPING)
        track.then = then
        self._executor.stop(track.key)

    def _pass(self, track: Track) -> None:
        flaky = track.tries > 1
        reason = f"passed on attempt {track.tries} of {track.node.job.retries + 1}" if flaky else ""
        self._conclude(track, Outcome.FLAKY if flaky else Outcome.PASSED, reason)

    def _conclude(self, track: Track, outcome: Outcome, reason: str) -> None:
        """Take note of an ended attempt: another one follows, or the node has its outcome."""
        if track.survivors:
            outcome = Outcome.FAILED
            reason = f"could not be stopped: {'; '.join(track.survivors)}"
        self._starts.give_back(track)
        again = outcome in (Outcome.FAILED, Outcome.TIMED_OUT) and self._may_retry(track)
        if again and (users := self._plan.took(track.key)):
            # what they do with it would be taken for the work of the attempt that passes
            again = False
            reason += f"; not tried again, since {', '.join(users)} started from its output"
        if outcome is not Outcome.RESTORED:
            # the load not of all others: a look costs as much as a start
            load = self._gauge() if again or track.tries > 1 else None
            self._record.attempted(track, outcome, reason, load, again=again)
        if again:
            track.forget_outputs()
            self._try_again(track)
        else:
            self._finish(track, outcome, reason)

    def _try_again(self, track: Track) -> None:
        """Queue another attempt, as soon as all that it needs is there (again)."""
        change = self._plan.again(track.key)
        if not change.doomed:
            self._follow(self._plan.retract(track.key))
        if change.freed == [track.key]:
            self._enqueue(track)
            return
        self._move(track, State.WAITING)
        self._follow(change)
        self._open_next_stage()

    def _barred(self, track: Track) -> bool:
        """Whether nothing of this node begins any more."""
        return bool(self._cut_off or (self._ending and track.node.job.when != "always"))

    def _may_retry(self, track: Track) -> bool:
        # whoever uses a service that was ready has seen it fail
        if track.ready or track.survivors or self._barred(track):
            return False
        return track.tries <= track.node.job.retries

    def _finish(self, track: Track, outcome: Outcome, reason: str) -> None:
        job = track.node.job
        failed = outcome in (Outcome.FAILED, Outcome.TIMED_OUT)
        if outcome in GOOD:
            standing = Standing.GOOD
        elif failed:
            standing = Standing.ALLOWED if job.allow_failure else Standing.BAD
        else:
            standing = Standing.CUT
        change = self._plan.ended(track.key, standing, track.wrote | track.came)
        self._end(track, outcome, reason)
        self._follow(change)
        if failed and job.fast_fail and self._orders.fast_fail and not job.allow_failure:
            self._end_early(f"{job.name} {outcome}")
        self._open_next_stage()

    def _end(self, track: Track, outcome: Outcome, reason: str) -> None:
        """Write down an outcome; the plan knows of it already."""
        self._serving.discard(track.key)
        self._move(track, State.ENDED)
        self._left -= 1
        self._record.ended(track, outcome, reason)
        for key in dict.fromkeys(edge.key for edge in track.node.edges):
            self._release(self._tracks[key])

    def _move(self, track: Track, to: State) -> None:
        self._running += (to in ACTIVE) - (track.state in ACTIVE)
        self._delayed += (to is State.DELAYED) - (track.state is State.DELAYED)
        track.move(to)

    # ---- ends that come from outside

    def _interrupt(self, number: int) -> None:
        if self._cut_off:
            for track in self._tracks.values():
                if track.state is State.STOPPING:
                    self._executor.kill(track.key)
            return
        self._signal = number
        self._cut(signal.Signals(number).name)

    def _cut(self, reason: str) -> None:
        """End everything: a signal, or the run's timeout."""
        running = [t for t in self._tracks.values() if t.state in (State.RUNNING, State.SERVING)]
        self._cut_off = f"cut off by {reason}"
        self._emit(events.Interrupted(self._now(), reason, tuple(t.name for t in running)))
        for track in running:  # before their users are cancelled: a service would be let go
            self._cancel_active(track, self._cut_off)
        for track in self._tracks.values():
            if track.state in IDLE:
                self._cancel(track, self._cut_off)

    def _end_early(self, reason: str) -> None:
        """fast_fail: end all but the jobs that run after failures too, and what serves them."""
        if self._cut_off or self._ending:
            return
        self._ending = f"cut off by fast_fail: {reason}"
        self._emit(events.FastFail(self._now(), reason))
        for track in self._tracks.values():
            if track.state is State.RUNNING and self._barred(track):
                self._cancel_active(track, self._ending)
        for track in self._tracks.values():
            again = track.node.repeated and track.node.stage > self._stage
            if track.state in IDLE and (again or self._barred(track)):
                self._cancel(track, self._ending)

    def _cancel_active(self, track: Track, reason: str) -> None:
        if track.step is Step.STORE:  # the body has passed
            self._stop(track, lambda: self._pass(track))
        else:
            self._stop(track, lambda: self._conclude(track, Outcome.CANCELLED, reason))

    def _cancel(self, track: Track, reason: str) -> None:
        """Cancel a node that has not started."""
        if track.node.repeated and track.node.stage > self._stage:
            self._drop(track)
            return
        self._starts.discard(track)
        change = self._plan.ended(track.key, Standing.CUT)
        self._end(track, Outcome.CANCELLED, reason)
        self._follow(change)

    def _drop(self, track: Track) -> None:
        """Forget a node of a phase that is not begun: its job keeps the outcome that it has."""
        change = self._plan.ended(track.key, Standing.CUT)
        self._move(track, State.ENDED)
        self._left -= 1
        for key in dict.fromkeys(edge.key for edge in track.node.edges):
            self._release(self._tracks[key])
        self._follow(change)
