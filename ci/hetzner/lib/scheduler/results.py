"""What has become of each job so far, told to the listeners as it happens. Decides nothing."""

from __future__ import annotations

from collections import Counter

from lib.model import events
from lib.model.cause import Cause, Why
from lib.model.phases import heeds_filter
from lib.model.result import AttemptRecord, CacheState, Load, Outcome, Result
from lib.model.run_plan import RunPlan
from lib.model.verdict import exit_code, worse
from lib.scheduler.nodes import Track
from lib.scheduler.protocol import Clock


class Results:
    """The results of a run, by job."""

    def __init__(self, plan: RunPlan, clock: Clock, emit: events.Listener) -> None:
        self._clock = clock
        self._emit = emit
        self.selected = tuple(dict.fromkeys(node.job.name for node in plan.phases.nodes))
        self.results = {
            node.job.name: Result(node.job.name, allowed=node.job.allow_failure)
            for node in plan.phases.nodes
        }
        self._filter = plan.phases.test_filter
        self._ran_tests: dict[str, bool] = {}  # in the filtered pass, by job
        self._passes = Counter(
            node.job.name for node in plan.phases.nodes
        )  # those that have not ended
        for name in plan.filtered:
            self.results[name] = Result(
                name, Outcome.SKIPPED, reason="filtered", cause=Cause.FILTERED
            )

    def red(self) -> list[str]:
        """Return the jobs that have ended and may not stand in a green run."""
        results = (self.results[name] for name in self.selected)
        return [r.name for r in results if r.outcome is not None and not r.acceptable]

    def code(self, signal: int | None, *, timed_out: bool) -> int:
        """Return the exit code that the results so far amount to."""
        return exit_code(
            self.selected,
            self.results,
            signal=signal,
            timed_out=timed_out,
            matched=not self.unmatched,
        )

    @property
    def unmatched(self) -> bool:
        """Whether there is a filter of test cases, and no job so far has run a test by it."""
        return bool(self._filter) and not any(self._ran_tests.values())

    def matches(self) -> str:
        """Return in which jobs the filter of test cases has matched; '' without a filter."""
        if not self._filter:
            return ""
        asked = [name for name in self.selected if name in self._ran_tests]
        some = ", ".join(name for name in asked if self._ran_tests[name])
        none = ", ".join(name for name in asked if not self._ran_tests[name])
        if some:
            return f"{self._filter!r} matched in {some}" + (f"; no test in {none}" if none else "")
        return f"{self._filter!r} matched no test in {none or 'any job: none of these runs tests'}"

    def number(self, track: Track) -> int:
        """Return the number of a job's next attempt, over all its phases."""
        return len(self.results[track.name].attempts) + 1

    def waits(self, track: Track, what: str) -> None:
        """Note what a node has waited for last."""
        self.results[track.name].waited_for = what

    def cache(self, track: Track, state: CacheState) -> None:
        """Note what has come of asking the cache of a node, or of storing in it."""
        self.results[track.name].cache = state

    def starts(self, track: Track) -> None:
        """Note that an attempt begins."""
        result = self.results[track.name]
        if result.started is None:
            result.started = track.began

    def began(self, track: Track) -> None:
        """Note that a process of a node was started, and with it its log."""
        self.results[track.name].begun = True

    def attempted(
        self, track: Track, outcome: Outcome, why: Why, load: Load | None, *, again: bool
    ) -> None:
        """Note that an attempt has ended; another one follows if `again`."""
        record = AttemptRecord(
            number=self.number(track),
            outcome=Outcome.PASSED if outcome is Outcome.FLAKY else outcome,
            code=track.code,
            started=track.began,
            ended=self._clock.now(),
            reason=why.text,
            leaked=track.leaked,
            load=load,
            cause=why.cause,
        )
        self.results[track.name].attempts += (record,)
        self._emit(events.AttemptEnded(self._clock.now(), track.name, record, again))

    def ended(self, track: Track, outcome: Outcome, why: Why) -> None:
        """Note the outcome of a node; of a job's two passes the worse one counts."""
        if track.node.test_filter and heeds_filter(track.node.job):
            self._ran_tests[track.name] = track.ran_tests
        result, repeated = self.results[track.name], track.node.repeated
        before = result.outcome
        both_passed = outcome is before is Outcome.PASSED  # the second pass says more
        if before is None or both_passed or worse(before, outcome) is not before:
            result.outcome, result.reason, result.cause = outcome, *why
        if before not in (None, outcome) and result.reason:
            second = repeated == (result.outcome is outcome)
            result.reason += f" (in the {'second' if second else 'first'} pass)"
        result.ended = now = self._clock.now()
        self._passes[track.name] -= 1
        again = self._passes[track.name] > 0
        copy = result.snapshot()
        self._emit(events.Finished(now, track.name, copy, outcome, why.text, repeated, again))
