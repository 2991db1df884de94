"""Rules of phases: which jobs run in which, what is carried over, and what the run comes to."""

from __future__ import annotations

import unittest

from lib.model import events
from tests.support.fakes import CACHED, Fate, jobs, play
from tests.support.rule_case import RuleTest


class Phases(RuleTest):
    def test_failing_phase_a_is_not_masked_by_a_green_phase_b(self) -> None:
        played = play(jobs("a; b"), fails="a", first_jobs=["a"])
        self.check(played, "a=failed b=passed", 1)

    def test_phase_b_sees_that_phase_a_met_its_dependencies(self) -> None:
        played = play(jobs("a; b<a"), first_jobs=["a"])
        self.check(played, "a=passed b=passed", 0)
        self.assertEqual(played.executor.started, ["a", "b"])

    def test_failing_phase_1_of_first_testcases_is_not_discarded(self) -> None:
        played = play(jobs("a"), {"a": [Fate(code=1), Fate(code=0)]}, first_testcases="x")
        self.assertEqual(played.executor.started, ["a", "a#2"])
        self.check(played, "a=failed", 1)

    def test_each_pass_tells_its_own_outcome_and_the_job_the_worse_and_which_that_was(self) -> None:
        for codes, own, reason in (
            ((1, 0), ["failed", "passed"], "exit code 1 (in the first pass)"),
            ((0, 1), ["passed", "failed"], "exit code 1 (in the second pass)"),
            ((1, 1), ["failed", "failed"], "exit code 1"),
            ((0, 0), ["passed", "passed"], ""),
        ):
            fates = [Fate(code=code) for code in codes]
            played = play(jobs("a"), {"a": fates}, first_testcases="x")
            told = played.of(events.Finished)
            self.assertEqual([str(event.outcome) for event in told], own)
            self.assertEqual([event.reason for event in told], [c * "exit code 1" for c in codes])
            self.assertEqual([event.again for event in told], [True, False])
            self.assertEqual(told[-1].result.reason, reason)

    def test_a_pass_that_the_second_pass_restores_stays_a_plain_one(self) -> None:
        played = play(jobs("a", a={"cache": CACHED}), {"a": Fate(cache=0)}, first_testcases="x")
        self.check(played, "a=passed", 0)
        self.assertEqual(played.scheduler.results["a"].reason, "")

    def test_phase_b_waits_for_all_of_phase_a(self) -> None:
        results = play(jobs("a; b; c<a"), {"c": Fate(7)}, first_jobs=["c"]).scheduler.results
        self.assertEqual(results["b"].started, 8)

    def test_any_failure_in_a_keeps_b_from_beginning_with_fast_fail(self) -> None:
        played = play(
            jobs("a; b; z", z={"when": "always"}), fails="a", first_jobs=["a"], fast_fail=True
        )
        self.check(played, "a=failed b=cancelled z=passed", 1)

    def test_phase_2_is_not_begun_after_a_failure_with_fast_fail(self) -> None:
        played = play(jobs("a; b"), fails="a", first_testcases="x", fast_fail=True)
        self.assertEqual(played.executor.started, ["a", "b"])
        self.check(played, "a=failed b=passed", 1)

    def test_builds_run_once_and_tests_twice(self) -> None:
        declared = jobs("a; b<a", a={"testcases": False})
        played = play(declared, first_testcases="x")
        self.assertEqual(played.executor.started, ["a", "b", "b#2"])
        self.check(played, "a=passed b=passed", 0)

    def test_failure_in_phase_2_fails_the_run(self) -> None:
        played = play(jobs("a"), {"a": Fate(), "a#2": Fate(code=1)}, first_testcases="x")
        self.check(played, "a=failed", 1)

    def test_interrupt_in_phase_1_keeps_the_outcomes_of_ended_jobs(self) -> None:
        played = play(jobs("a; b"), {"b": Fate(9)}, first_testcases="x", signals=[(4, 15)])
        self.check(played, "a=passed b=cancelled", 143)

    def test_phases_and_test_cases_together(self) -> None:
        declared = jobs("w; a<w; b", w={"testcases": False})
        played = play(declared, first_jobs=["a"], first_testcases="x")
        self.assertEqual(played.executor.started, ["w", "a", "b", "a#2", "b#2"])

    def test_filters_reach_the_nodes(self) -> None:
        played = play(jobs("a"), first_testcases="x")
        filters = {node.key: node.test_filter for node in played.scheduler._plan.phases.nodes}
        self.assertEqual(filters, {"a": "x", "a#2": ""})


if __name__ == "__main__":
    unittest.main()
