"""Rules of jobs that a user cancels while the run goes on."""

from __future__ import annotations

from lib.model import events
from lib.model.cause import Cause
from tests.support.fakes import CACHED, Fate, jobs, play
from tests.support.rule_case import NEVER, RuleTest


class CancelJob(RuleTest):
    def test_a_running_job_is_stopped_and_its_dependents_are_skipped(self) -> None:
        declared = jobs("a; b<a; c; z<a", z={"when": "always"})
        played = play(declared, {"a": Fate(9), "c": Fate(20)}, cancels=[(3, "a")])
        self.check(played, "a=cancelled b=skipped c=passed z=passed", 1)
        result = played.scheduler.results["a"]
        self.assertEqual((result.reason, result.cause), ("cancelled by a user", Cause.CANCELLED))
        self.assertEqual(played.scheduler.results["b"].reason, "dependency failed: a")
        self.assertEqual(played.of(events.Interrupted), [])

    def test_a_job_that_waits_never_starts(self) -> None:
        declared = jobs("a; b<a; c<b; d", d={"delay": 5})
        played = play(declared, {"a": Fate(9)}, cancels=[(3, "b"), (3, "d")])
        self.check(played, "a=passed b=cancelled c=skipped d=cancelled", 1)
        self.assertEqual(played.executor.started, ["a"])

    def test_a_job_that_waits_for_a_slot_leaves_the_queue(self) -> None:
        played = play(jobs("a; b; c"), {"a": Fate(9)}, max_parallel=1, cancels=[(3, "b")])
        self.check(played, "a=passed b=cancelled c=passed", 1)

    def test_a_job_that_waits_for_another_run_leaves_the_queue(self) -> None:
        declared = jobs("a; b", a={"resources": {"m": 1}})
        played = play(declared, {"b": Fate(1)}, held={"m": 60}, cancels=[(3, "a")])
        self.check(played, "a=cancelled b=passed", 1)
        self.assertLess(played.events[-1].at, 10)

    def test_no_retry_follows(self) -> None:
        declared = jobs("a", a={"retries": 2})
        self.check(play(declared, {"a": Fate(9)}, cancels=[(3, "a")]), "a=cancelled", 1)

    def test_a_job_that_waits_for_its_retry_is_cancelled(self) -> None:
        declared = jobs("a; b", a={"retries": 1, "retry_alone": True})
        fates = {"a": Fate(1, code=1), "b": Fate(9)}
        played = play(declared, fates, cancels=[(3, "a")])
        self.check(played, "a=cancelled b=passed", 1)
        self.assertEqual(len(played.scheduler.results["a"].attempts), 1)

    def test_an_attempt_that_is_being_stopped_keeps_its_outcome_and_is_not_tried_again(
        self,
    ) -> None:
        declared = jobs("a; b<a", a={"timeout": 2, "retries": 1})
        played = play(declared, {"a": Fate(NEVER, ignores_term=True)}, cancels=[(3, "a")])
        self.check(played, "a=timed out b=skipped", 1)
        self.assertEqual(len(played.scheduler.results["a"].attempts), 1)

    def test_allow_failure_makes_no_pass_of_it(self) -> None:
        declared = jobs("a; b<a", a={"allow_failure": True})
        self.check(play(declared, {"a": Fate(9)}, cancels=[(3, "a")]), "a=cancelled b=skipped", 1)

    def test_a_critical_job_that_is_cancelled_ends_no_run(self) -> None:
        declared = jobs("a; b", a={"fast_fail": True})
        played = play(declared, {"a": Fate(9), "b": Fate(9)}, fast_fail=True, cancels=[(3, "a")])
        self.check(played, "a=cancelled b=passed", 1)

    def test_a_body_that_has_passed_has_passed(self) -> None:
        declared = jobs("a; b<a", a={"cache": CACHED})
        played = play(declared, {"a": Fate(1, store_seconds=9)}, cancels=[(4, "a")])
        self.check(played, "a=passed b=passed", 0)

    def test_a_service_that_serves_is_stopped(self) -> None:
        declared = jobs("s; b<s; c<s,b", s={"service": True})
        fates = {"s": Fate(1, leaves=NEVER), "b": Fate(9)}
        played = play(declared, fates, cancels=[(3, "s")])
        self.check(played, "s=cancelled b=passed c=skipped", 1)

    def test_the_second_pass_is_cancelled_with_the_first(self) -> None:
        fates = {"a": Fate(9), "b": Fate(20)}
        played = play(jobs("a; b"), fates, first_testcases="x", cancels=[(3, "a")])
        self.check(played, "a=cancelled b=passed", 1)
        self.assertEqual(played.executor.started, ["a", "b", "b#2"])
        told = [
            (event.at, event.repeated) for event in played.of(events.Finished) if event.job == "a"
        ]
        self.assertEqual(told, [(3.001, False), (3.001, True)])

    def test_the_second_pass_is_cancelled_though_the_first_has_passed(self) -> None:
        for leaves in (None, NEVER):  # it has ended, or is being stopped
            fates = {"a": Fate(1, leaves=leaves, ignores_term=True), "b": Fate(9)}
            played = play(jobs("a; b"), fates, first_testcases="x", cancels=[(3, "a")])
            self.check(played, "a=cancelled b=passed", 1)
            self.assertEqual(played.executor.started, ["a", "b", "b#2"])

    def test_a_job_that_has_ended_stays_as_it_is(self) -> None:
        played = play(jobs("a; b"), {"b": Fate(9)}, cancels=[(3, "a"), (3, "none such")])
        self.check(played, "a=passed b=passed", 0)

    def test_a_job_of_a_run_that_is_cut_off_stays_cut_off(self) -> None:
        fates = {"a": Fate(NEVER, ignores_term=True)}
        played = play(jobs("a; b<a"), fates, signals=[(3, 15)], cancels=[(4, "a")])
        self.check(played, "a=cancelled b=cancelled", 143)
        self.assertEqual(played.scheduler.results["a"].cause, Cause.INTERRUPTED)
