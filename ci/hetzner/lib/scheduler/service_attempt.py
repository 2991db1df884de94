"""One attempt of a service: when it is ready, when it is released, and when it has failed.

A service is ready when its outputs are there and its processes listen on its ports, or, without
either, when its body has exited well. It serves until the loop releases it.
"""

from __future__ import annotations

from collections.abc import Sequence

from lib.model.attempt_outcome import Judgement, judge, unready
from lib.model.cause import Cause, Why
from lib.model.result import Outcome
from lib.scheduler.actions import Action, Actions, Serve
from lib.scheduler.attempt import ENDING, READY, WORKING, Attempt, ProcessReport
from lib.scheduler.protocol import Exited, Gone, Listens, Occupied

GONE = Why("all of its processes were gone", Cause.SERVICE_GONE)

# seconds from the last output of a body to its end, if writing that was the last that it did
AT_ONCE = 0.5


class ServiceAttempt(Attempt):
    """An attempt of a service."""

    _ready_at = 0.0  # seconds on the run's clock, once it was ready
    _ports: frozenset[int] = frozenset()  # it listens on them, and no other process does
    _released = False  # it is being stopped since no job needs it any more

    def release(self) -> Actions:
        """Stop the service: no job needs it any more."""
        self._released = True
        return self._stop(self._pass())

    def take(self, report: ProcessReport, now: float, users: Sequence[str] = ()) -> Actions:
        """Return what follows from a report; `users` are the jobs that need the service."""
        match report:
            case Listens():
                return self._listens(frozenset(report.ports), now, users)
            case Occupied():
                return self._occupied(report, users)
        return super().take(report, now, users)

    # ---- ready

    def _written(self, output: str, now: float) -> Actions:
        return *super()._written(output, now), *self._serve_if_complete(now)

    def _listens(self, ports: frozenset[int], now: float, users: Sequence[str]) -> Actions:
        if self.progress is WORKING:
            self._ports = ports
            return self._serve_if_complete(now)
        silent = sorted(set(self.job.listens).difference(ports))
        if self.progress is not READY or not silent:
            return ()
        text = f"none of its processes listens on port {', '.join(map(str, silent))} any more"
        return self._fail_while_needed(Why(text, Cause.SERVICE_GONE), users)

    def _serve_if_complete(self, now: float) -> Actions:
        listens = self._ports.issuperset(self.job.listens)
        complete = listens and self._wrote.issuperset(self.job.outputs)
        return self._serve(now) if complete and self.progress is WORKING else ()

    def _serve(self, now: float) -> Actions:
        self.progress, self.ready, self._ready_at = READY, True, now
        return (Serve(),)

    def _told_late(self, seconds: float) -> str:
        lacks = unready(self.job, self._wrote, self._ports)
        return f"timed out: not ready after {seconds:g} s: {lacks}"

    # ---- failures

    def _occupied(self, report: Occupied, users: Sequence[str]) -> Actions:
        """Fail: users of the port would reach, or have reached, another process."""
        text = f"port {report.port} is held by {report.holder}: stop that, or use another port"
        why = Why(text, Cause.PORT_TAKEN)
        if self.progress is WORKING:
            return self._stop(Judgement(Outcome.FAILED, why))
        return self._fail_while_needed(why, users) if self.progress is READY else ()

    def _fail_while_needed(self, why: Why, users: Sequence[str]) -> Actions:
        return self._stop(Judgement(Outcome.FAILED, _while_needed(why, users)))

    def _body_exited(self, report: Exited, now: float, users: Sequence[str]) -> Actions:
        judgement = self._judge(report)
        if judgement.outcome is not Outcome.PASSED:
            if self.progress is READY:
                judgement = judgement._replace(why=_while_needed(judgement.why, users))
            return self._stop(judgement) if report.left else self._end(judgement)  # no leak
        if report.left:
            return self._left_its_processes(now)
        served = self.progress is READY and now - self._ready_at >= AT_ONCE
        if self.job.listens or served:
            return self._failed_alone(users)
        return self._end(self._pass())

    def _judge(self, report: Exited) -> Judgement:
        """Judge the exit of the body; processes that it has left may still write the outputs."""
        return judge(self.job, report.code, () if report.left else report.missing, report.note)

    def _left_its_processes(self, now: float) -> Actions:
        """Go on with the processes that the body has left: they serve, or will serve."""
        if self.progress is not WORKING:
            return ()
        actions: list[Action] = []
        for output in sorted(self._found):
            actions += self._written(output, now)
        if not self.job.outputs and not self.job.listens:
            actions += self._serve(now)
        return actions

    def _gone(self, report: Gone, users: Sequence[str]) -> Actions:
        if self.progress is not ENDING:
            self.survivors += report.survivors
            return self._failed_alone(users)
        if self._released and report.by_itself:
            self._fail_after_release(GONE)
        return super()._gone(report, users)

    def _failed_alone(self, users: Sequence[str]) -> Actions:
        """Fail: all its processes have ended by themselves."""
        if self.progress is READY:
            text = f"all of its processes are gone while {', '.join(users)} still needed it"
        else:
            lacks = unready(self.job, self._wrote, self._ports)
            text = f"its processes ended before it was ready: {lacks}"
        return self._end(Judgement(Outcome.FAILED, Why(text, Cause.SERVICE_GONE)))

    def _exited_while_stopped(self, report: Exited) -> Actions:
        if self._released and report.by_itself:  # its last user may have seen it fail
            judgement = self._judge(report)
            if judgement.outcome is not Outcome.PASSED:
                self._fail_after_release(judgement.why)
            elif not report.left and self.job.listens:
                self._fail_after_release(GONE)
        return super()._exited_while_stopped(report)

    def _fail_after_release(self, why: Why) -> None:
        why = why._replace(text=f"{why.text} before it was stopped")
        self._released, self._next = False, Judgement(Outcome.FAILED, why)


def _while_needed(why: Why, users: Sequence[str]) -> Why:
    return why._replace(text=f"{why.text} while {', '.join(users)} still needed it")
