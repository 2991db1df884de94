"""Keeps the ends of attempts and jobs, and emits them. Decides no outcome."""

from __future__ import annotations

from collections import Counter

from lib.model import events
from lib.model.cause import Cause, Why
from lib.model.phases import heeds_filter
from lib.model.result import AttemptRecord, Load, Outcome, Result, worse
from lib.model.run_plan import RunPlan
from lib.scheduler.nodes import NodeRun


class Results:
    """The results of a run, by job."""

    def __init__(self, plan: RunPlan, emit: events.Listener) -> None:
        self._emit = emit
        self.selected = tuple(dict.fromkeys(node.job.name for node in plan.phases.nodes))
        self.by_job = {
            node.job.name: Result(node.job.name, allowed=node.job.allow_failure)
            for node in plan.phases.nodes
        }
        self._filter = plan.phases.test_filter
        self._ran_tests: dict[str, bool] = {}  # in the filtered pass, by job
        # by job: its passes that have not ended
        self._passes = Counter(node.job.name for node in plan.phases.nodes)
        for name in plan.filtered:
            self.by_job[name] = Result(
                name, Outcome.SKIPPED, reason="filtered", cause=Cause.FILTERED
            )

    def red(self) -> list[str]:
        """Return the jobs whose outcome makes the run red."""
        results = (self.by_job[name] for name in self.selected)
        return [r.name for r in results if r.outcome is not None and not r.acceptable]

    @property
    def unmatched(self) -> bool:
        """Whether there is a filter of test cases, and no job so far has run a test by it."""
        return bool(self._filter) and not any(self._ran_tests.values())

    def filter_sentence(self) -> str:
        """Return a sentence on the jobs where the filter of test cases matched; '' without one."""
        if not self._filter:
            return ""
        asked = [name for name in self.selected if name in self._ran_tests]
        some = ", ".join(name for name in asked if self._ran_tests[name])
        none = ", ".join(name for name in asked if not self._ran_tests[name])
        if some:
            return f"{self._filter!r} matched in {some}" + (f"; no test in {none}" if none else "")
        return f"{self._filter!r} matched no test in {none or 'any job: none of these runs tests'}"

    def attempted(
        self,
        node: NodeRun,
        outcome: Outcome,
        why: Why,
        now: float,
        load: Load | None,
        *,
        again: bool,
    ) -> None:
        """Note that an attempt has ended; another one follows if `again`."""
        result, attempt = node.result, node.attempt
        record = AttemptRecord(
            len(result.attempts) + 1,
            Outcome.PASSED if outcome is Outcome.FLAKY else outcome,
            attempt.code,
            attempt.began,
            now,
            why.text,
            attempt.leaked,
            load,
            why.cause,
        )
        result.attempts += (record,)
        self._emit(events.AttemptEnded(now, node.name, record, again))

    def ended(self, node: NodeRun, outcome: Outcome, why: Why, now: float) -> None:
        """Note the outcome of a node; of a job's two passes the worse one counts."""
        if node.node.test_filter and heeds_filter(node.job):
            self._ran_tests[node.name] = node.attempt.ran_tests
        result, repeated = node.result, node.node.repeated
        before = result.outcome
        both_passed = outcome is before is Outcome.PASSED  # the second pass says more
        if before is None or both_passed or worse(before, outcome) is not before:
            result.outcome, result.reason, result.cause = outcome, *why
        if before not in (None, outcome) and result.reason:
            second = repeated == (result.outcome is outcome)
            result.reason += f" (in the {'second' if second else 'first'} pass)"
        result.ended = now
        self._passes[node.name] -= 1
        again = self._passes[node.name] > 0
        copy = result.snapshot()
        self._emit(events.Finished(now, node.name, copy, outcome, why.text, repeated, again))
