"""What follows from what happens in a run: outcomes, stops, skips, phases. Chooses no start."""

from __future__ import annotations

import math

from lib.model.cause import Cause
from lib.model.result import AttemptRecord, CacheState, Outcome
from lib.scheduler.protocol import (
    Asked,
    CancelAsked,
    Exited,
    Gone,
    Listens,
    Occupied,
    Remark,
    Report,
    Signalled,
    StepKind,
    Wrote,
)
from tests.rules.ledger import Ledger, Seen, Verdict
from tests.rules.reference import BAD, GOOD, acceptable, passes, worse

SIGNALS = {2: "SIGINT", 15: "SIGTERM", 1: "SIGHUP"}


class Rules(Ledger):
    """Follows a run by its reports."""

    # ---- what follows

    def stop(self, seen: Seen, verdict: Verdict, *, hung: bool = False) -> None:
        """Stop a tree; one that has run out of time is to tell where it hung."""
        seen.verdict, seen.due = verdict, math.inf
        self.owe("stop", seen.node.key, hung)

    def cancel_running(self, seen: Seen, *, hung: bool = False) -> None:
        # a body that has passed has passed, stored or not
        passed = seen.step is StepKind.STORE
        self.stop(seen, Outcome.PASSED if passed else Outcome.CANCELLED, hung=hung)

    def cancel_idle(self, seen: Seen) -> None:
        if seen.node.repeated and seen.node.stage > self.stage:
            self.drop(seen)
        else:
            self.end(seen, Outcome.CANCELLED)

    def drop(self, seen: Seen) -> None:
        """Forget a node of a phase that is not begun: its job keeps the outcome that it has."""
        seen.dropped = True
        self.left.remove(seen)

    def next(self, seen: Seen, verdict: Verdict) -> None:
        """Follow a tree that has ended."""
        seen.verdict = None
        if isinstance(verdict, Outcome):
            self.conclude(seen, verdict)
        elif not self.barred(seen):
            seen.step = verdict
            self.owe("start", seen.node.key, verdict)
            if verdict is StepKind.BODY:
                self.owe("started", seen.node.job.name)
        else:
            passed = verdict is StepKind.STORE
            self.conclude(seen, Outcome.PASSED if passed else Outcome.CANCELLED)

    def conclude(self, seen: Seen, outcome: Outcome) -> None:
        """An attempt has ended: another one follows, or the node has its outcome."""
        job = seen.node.job
        if seen.survived:
            outcome = Outcome.FAILED
        may = not (seen.survived or seen.ready or self.barred(seen) or self.took(seen))
        again = outcome in BAD and may and seen.tries <= job.retries
        seen.step, seen.due = None, math.inf
        result = self.results[job.name]
        if outcome is not Outcome.RESTORED:
            number = len(result.attempts) + 1
            record = AttemptRecord(
                number, outcome, seen.code, seen.began, self.now, "", seen.left, None, Cause.NONE
            )
            result.attempts += (record,)
            self.owe("attempt ended", job.name, number, again)
        if again:
            self.reached["again"] += 1
            seen.told, seen.came = set(), set()
            # the delay is over, unless a need has to be met again
            seen.free_since = -math.inf if self.open_to(seen) else None
            self.settle()
        else:
            passed = outcome is Outcome.PASSED
            self.end(seen, Outcome.FLAKY if passed and seen.tries > 1 else outcome)
            if seen.unwanted:
                self.cancel_job(job.name)
            self.settle()

    def end(self, seen: Seen, outcome: Outcome, *, told: bool = False) -> None:
        """Give a node its outcome."""
        seen.outcome = outcome
        self.left.remove(seen)
        job = seen.node.job
        result = self.results[job.name]
        before = result.outcome
        result.outcome = worse(before, outcome)
        if result.outcome in GOOD and (result.outcome is not before or before is Outcome.PASSED):
            plain = Cause.FLAKY if outcome is Outcome.FLAKY else Cause.NONE
            plain = Cause.EARLIER_RUN if job.name in self.case.restored else plain
            self.reached["no tests"] += seen.empty
            if outcome is result.outcome:  # of two passes that passed the second
                result.cause = Cause.NO_TESTS if seen.empty else plain
        result.ended = self.now
        self.reached[outcome.value] += 1
        if not told:
            passes = [s for s in self.all.values() if s.node.job.name == job.name]
            again = any(s.outcome is None for s in passes)
            self.owe("finished", job.name, result.outcome, outcome, seen.node.repeated, again)

    def settle(self) -> None:
        """Let everything follow that follows: skips, fast_fail, services not needed, phases."""
        while self.skip() or self.fail_fast() or self.release() or self.begin_stage():
            pass
        for seen in self.left:
            if not self.open_to(seen):
                seen.free_since = None
            elif seen.free_since is None:
                seen.free_since = self.now

    def skip(self) -> bool:
        for seen in self.left:
            if seen.node.always or (seen.node.repeated and seen.node.stage > self.stage):
                continue
            if seen.idle and (blamed := self.blame(seen)):
                seen.culprits = blamed
                self.end(seen, Outcome.SKIPPED)
                return True
        return False

    def fail_fast(self) -> bool:
        if self.ending or self.cut or not self.case.fast_fail:
            return False
        critical = [s for s in self.all.values() if s.failed and s.node.job.fast_fail]
        return any(not s.node.job.allow_failure for s in critical) and self.end_early()

    def end_early(self) -> bool:
        if self.ending or self.cut or not self.case.fast_fail:
            return False
        self.ending = True
        self.reached["fast fail"] += 1
        self.owe("fast fail")
        for seen in list(self.left):
            begun = seen.node.stage <= self.stage
            if seen.node.always and (begun or not seen.node.repeated):
                continue
            if seen.idle:
                self.cancel_idle(seen)
            elif seen.running and not seen.ready:
                self.cancel_running(seen)
        return True

    def release(self) -> bool:
        for seen in self.left:
            if self.serves(seen) and not self.users(seen):
                self.stop(seen, Outcome.PASSED)
                return True
        return False

    def users(self, seen: Seen) -> list[Seen]:
        key = seen.node.key
        return [s for s in self.left if key in dict(s.node.needs)]

    def begin_stage(self) -> bool:
        opened = [s for s in self.left if s.node.stage <= self.stage]
        if self.stage == len(self.titles) - 1 or self.finished():
            return False
        if not all(self.serves(s) for s in opened):
            return False
        in_vain = self.titles[self.stage + 1] == "all test cases" and not self.tested()
        at_the_end = self.stage >= 0 and not self.titles[self.stage + 1]
        self.reached["at the end"] += at_the_end
        if self.stage >= 0 and not at_the_end and (self.red() or in_vain):
            self.end_early()
        self.stage += 1
        title = self.titles[self.stage]
        if title and not self.ending:
            self.owe("stage", title)
        self.reached["stage"] += self.stage > 0
        return True

    def red(self) -> bool:
        return any(
            s.outcome is not None
            and not acceptable(s.node.job, self.results[s.node.job.name].outcome or s.outcome)
            for s in self.all.values()
        )

    def tested(self) -> bool:
        """Whether a job of the filtered pass has run a test."""
        return any(
            s.tested and s.node.test_filter and s.node.job.testcases and not s.node.job.service
            for s in self.all.values()
            if s.node.job.when != "end"
        )

    def finished(self) -> bool:
        return not self.left

    def cut_off(self, reason: str, code: int) -> None:
        self.cut, self.code = reason, code
        self.reached["cut off"] += 1
        running = [s for s in self.left if s.running]
        self.owe("interrupted", tuple(s.node.job.name for s in running))
        for seen in running:
            self.cancel_running(seen, hung=code == 124)
        for seen in list(self.left):
            if seen.idle:
                self.cancel_idle(seen)

    def cancel_job(self, name: str) -> None:
        """A user has cancelled a job: its second pass ends after the first, and without a start."""
        passes = [s for s in self.left if s.node.job.name == name]
        begun = [s for s in passes if s.step is not None]
        for seen in passes:
            seen.unwanted = True
            if seen.running:
                self.reached["cancelled while it runs"] += 1
                self.cancel_running(seen)
            elif not begun:
                self.reached["cancelled while it waits"] += 1
                self.end(seen, Outcome.CANCELLED)

    # ---- reports of the executor

    def takes(self, report: Report, now: float) -> None:
        self.settled()
        self.now = now
        match report:
            case Signalled(number):
                self.signalled(number)
            case Asked():
                self.asked()
            case CancelAsked(job):
                self.cancel_job(job)
                self.settle()
            case Remark(text):
                self.owe("note", text)
            case Wrote(key, output):
                self.wrote(self.all[key], output)
            case Listens(key, ports):
                self.listens(self.all[key], frozenset(ports))
            case Occupied(key):
                if self.all[key].running:
                    self.reached["taken"] += 1
                    self.stop(self.all[key], Outcome.FAILED)
            case Exited():
                self.exited(self.all[report.key], report)
            case Gone():
                self.gone(self.all[report.key], report)

    def asked(self) -> None:
        """A question is answered at once, and changes nothing."""
        self.reached["asked"] += 1
        busy = [s for s in self.all.values() if not s.ended and s.step is not None]
        running = tuple((s.node.job.name, self.now - s.began) for s in busy)
        idle = sum(s.idle for s in self.left)
        self.owe("asked", running, idle, len(self.all) - len(busy) - idle)

    def signalled(self, number: int) -> None:
        if not self.cut:
            self.cut_off(SIGNALS[number], 128 + number)
            return
        for seen in self.left:
            if seen.verdict is not None:
                self.owe("kill", seen.node.key)

    def wrote(self, seen: Seen, output: str) -> None:
        if not seen.running or seen.ready or output in seen.told:
            return
        seen.came.add(output)
        seen.told.add(output)
        self.owe("output", seen.node.job.name, output)
        self.serve_if_complete(seen)
        self.settle()

    def listens(self, seen: Seen, ports: frozenset[int]) -> None:
        if seen.running and not seen.ready:
            seen.heard = ports
            self.reached["listens"] += 1
            self.serve_if_complete(seen)
            self.settle()
        elif seen.running and not ports.issuperset(seen.node.job.listens):
            self.reached["silent"] += 1
            self.stop(seen, Outcome.FAILED)

    def serve_if_complete(self, seen: Seen) -> None:
        job = seen.node.job
        whole = seen.told.issuperset(job.outputs) and seen.heard.issuperset(job.listens)
        if job.service and whole:
            self.serve(seen)

    def serve(self, seen: Seen) -> None:
        seen.ready, seen.ready_at, seen.due = True, self.now, math.inf
        self.reached["ready"] += 1
        self.owe("ready", seen.node.job.name)

    def exited(self, seen: Seen, report: Exited) -> None:
        if seen.step is StepKind.BODY:
            seen.code = report.code
            seen.empty = report.code == 5 and seen.verdict is None
            seen.tested = report.code not in (5, 126, 127)
            seen.came |= set(seen.node.job.outputs) - set(report.missing)
        if seen.verdict is not None:
            missing = () if report.left else report.missing
            silent = seen.node.job.listens and not report.left
            if self.released(seen) and report.by_itself:
                self.reached["ended before its stop"] += 1
                if silent or not passes(seen.node.job, report.code, missing, failed=seen.tries > 1):
                    seen.verdict = Outcome.FAILED
            if not report.left:
                self.next(seen, seen.verdict)
            return
        verdict = self.verdict(seen, report)
        if verdict is None:
            return
        if report.left:
            daemons = seen.node.job.service and seen.step is StepKind.BODY
            if not daemons:
                seen.left += report.left
                self.owe("leaked", seen.node.job.name)
            self.stop(seen, verdict)
        else:
            self.next(seen, verdict)

    def verdict(self, seen: Seen, report: Exited) -> Verdict | None:
        """Return what follows from the end of a step; None for a service that goes on."""
        job = seen.node.job
        if seen.step is StepKind.RESTORE:
            found = report.code == 0 and not report.missing
            state = {0: "hit", 3: "miss", 4: "no key"}.get(report.code, "unusable")
            self.results[job.name].cache = CacheState(state if found or report.code else "miss")
            seen.keyed = report.code in (0, 3)
            return Outcome.RESTORED if found else StepKind.BODY
        if seen.step is StepKind.STORE:
            if report.code == 0:
                self.results[job.name].cache = CacheState.STORED
            return Outcome.PASSED
        goes_on = job.service and report.left
        missing = () if goes_on else report.missing
        if not passes(job, report.code, missing, failed=seen.tries > 1):
            return Outcome.FAILED
        if goes_on:
            for output in set(job.outputs) - set(report.missing):
                self.wrote(seen, output)
            if not job.outputs and not job.listens:
                self.serve(seen)
                self.settle()
            return None
        served = seen.ready and self.now - seen.ready_at >= 0.5
        if job.listens or served:
            self.reached["listened no more"] += bool(job.listens)
            self.reached["served no more"] += served
            return Outcome.FAILED
        return StepKind.STORE if seen.keyed and report.code == 0 else Outcome.PASSED

    def released(self, seen: Seen) -> bool:
        """Whether a service is being stopped since no job needs it any more."""
        return seen.node.job.service and seen.verdict is Outcome.PASSED

    def gone(self, seen: Seen, report: Gone) -> None:
        if self.released(seen) and report.by_itself:
            seen.verdict = Outcome.FAILED
        if report.survivors:
            seen.survived = True
            self.reached["survived"] += 1
        goes_on = seen.verdict in (Outcome.PASSED, StepKind.STORE) and not seen.node.job.service
        if report.missing and seen.step is StepKind.BODY and goes_on:
            seen.verdict = Outcome.FAILED
            self.reached["removed"] += 1
        self.next(seen, seen.verdict or Outcome.FAILED)

    def woke(self, now: float) -> None:
        """All reports are taken: now the timers that are due."""
        self.settled()
        self.now = now
        for due, seen in self.timers():
            if due > now:
                break
            if seen is None:
                if not self.finished():
                    self.cut_off(f"the run's timeout of {self.case.timeout:g} s", 124)
            elif seen.running:
                self.time_is_up(seen)

    def time_is_up(self, seen: Seen) -> None:
        if seen.step is StepKind.STORE:
            self.stop(seen, Outcome.PASSED, hung=True)
            return
        self.owe("timed out", seen.node.job.name, seen.node.job.timeout)
        self.stop(seen, Outcome.TIMED_OUT, hung=True)
