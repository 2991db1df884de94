"""How facts of a run become its exit code, the state of its commit, and a sentence."""

from __future__ import annotations

import unittest
from typing import Any

from lib.model.cause import Cause
from lib.model.result import Earlier, Outcome, Result
from lib.model.run_facts import Facts
from lib.model.verdict import decide

LOST = "could not write ci.log: No space left on device"
LOCK = "the lock /l was removed during the run, so another run may have gone on beside it"
ALIVE = "processes could not be stopped"
NO_TEST = "1 job passed in 7 s, but the filter of test cases matched no test"


def ran(outcomes: str, **more: Any) -> Facts:
    """Return the facts of a run with these results: `a=passed b=failed c=failed*` (allowed to)."""
    results = {}
    for word in outcomes.split():
        name, _, text = word.partition("=")
        outcome = Outcome(text.strip("*").replace("-", " ")) if text else None
        results[name] = Result(name, outcome, allowed=text.endswith("*"))
    return Facts(tuple(results), results, 7.4, **more)


class Table(unittest.TestCase):
    def check(self, rows: dict[str, tuple[Facts, tuple[int, str, str]]]) -> None:
        for name, (facts, verdict) in rows.items():
            with self.subTest(name):
                self.assertEqual(decide(facts), verdict)


class Doubts(unittest.TestCase):
    def test_a_broken_runner_and_what_may_have_run_beside_it_are_doubts(self) -> None:
        self.assertEqual(Facts().doubts(), [])
        self.assertEqual(Facts(error="the runner broke").doubts(), ["the runner broke"])
        self.assertEqual(Facts(survivors=True).doubts(), [ALIVE])
        self.assertEqual(Facts(removed_locks=["/l"]).doubts(), [LOCK])

    def test_a_lost_report_is_none(self) -> None:
        self.assertEqual(Facts(write_error=LOST).doubts(), [])


class ByJobs(Table):
    def test_green_is_a_run_whose_selected_jobs_all_may_stand_in_one(self) -> None:
        green = "a=passed b=flaky c=restored d=failed* e=timed-out* f=skipped*"
        told = (0, "success", "6 jobs passed in 7 s, flaky: b")
        self.check(
            {
                "one": (ran("a=passed"), (0, "success", "1 job passed in 7 s")),
                "each kind": (ran(green), told),
            }
        )

    def test_any_other_result_is_red_and_failed_jobs_are_named_before_skipped_ones(self) -> None:
        self.check(
            {
                "failed": (ran("a=failed b=skipped"), (1, "failure", "failed in 7 s: a")),
                "timed out": (ran("a=passed b=timed-out"), (1, "failure", "failed in 7 s: b")),
                "skipped": (ran("a=passed b=skipped"), (1, "failure", "failed in 7 s: b")),
                "cancelled": (ran("a=cancelled*"), (1, "failure", "failed in 7 s: a")),
                "stuck": (ran("a=passed b"), (1, "failure", "failed in 7 s: b")),
            }
        )

    def test_jobs_that_a_user_cancelled_are_named_after_failed_ones(self) -> None:
        for outcomes, told in (
            ("a=cancelled b=skipped c=passed", "cancelled by a user: a"),
            ("a=cancelled b=failed", "b; cancelled by a user: a"),
        ):
            facts = ran(outcomes)
            facts.results["a"].cause = Cause.CANCELLED
            self.assertEqual(decide(facts), (1, "failure", f"failed in 7 s: {told}"))

    def test_nothing_selected_and_a_missing_result_are_red(self) -> None:
        nothing = "failed in 0 s: no job was selected"
        self.assertEqual(decide(Facts()), (1, "failure", nothing))
        missing = ran("a=passed")._replace(selected=("a", "b"))
        self.assertEqual(decide(missing), (1, "failure", "failed in 7 s: b"))

    def test_jobs_that_were_filtered_out_count_for_nothing(self) -> None:
        facts = ran("a=passed b=skipped")._replace(selected=("a",))
        self.assertEqual(decide(facts), (0, "success", "1 job passed in 7 s"))

    def test_jobs_that_passed_in_an_earlier_run_are_counted(self) -> None:
        facts = ran("a=restored b=restored c=restored d=passed")
        facts.results["a"].earlier = Earlier("was flaky", Cause.FLAKY, run="r")
        facts.results["a"].cause = Cause.FLAKY
        facts.results["b"].earlier = Earlier("passed", run="r")
        facts.results["c"].earlier = Earlier("nothing to do")  # no run has done it
        told = "4 jobs passed in 7 s, 2 of them in an earlier run, flaky: a"
        self.assertEqual(decide(facts).sentence, told)

    def test_jobs_without_tests_are_named(self) -> None:
        facts = ran("a=passed b=passed")
        facts.results["b"].cause = Cause.NO_TESTS
        self.assertEqual(decide(facts).sentence, "2 jobs passed in 7 s, no tests in: b")

    def test_a_filter_that_matched_no_test_gives_4_where_the_run_is_green_otherwise(self) -> None:
        self.check(
            {
                "green": (ran("a=passed", unmatched=True), (4, "failure", NO_TEST)),
                "red": (ran("a=failed", unmatched=True), (1, "failure", "failed in 7 s: a")),
            }
        )

    def test_a_refused_job_makes_a_run_red_though_it_may_fail(self) -> None:
        told = (1, "failure", "failed in 7 s: nothing was started: a cannot run")
        self.check(
            {
                "allowed": (ran("a=failed*", refused=["a"]), told),
                "not": (ran("a=failed", refused=["a"]), (1, "failure", "failed in 7 s: a")),
            }
        )

    def test_jobs_that_this_machine_cannot_run_are_named(self) -> None:
        facts = ran("a=passed", left_out=["b", "c"])
        self.assertEqual(decide(facts), (0, "success", "1 job passed in 7 s; left out: b, c"))


class ByAllElse(Table):
    def test_a_signal_decides_before_all_else(self) -> None:
        all_else: dict[str, Any] = {"timed_out": True, "error": "no checkout", "left_out": ["b"]}
        for facts in (ran("a=passed", signal=15), ran("a=failed", signal=15, **all_else)):
            self.assertEqual(decide(facts), (143, "error", "ended by SIGTERM"))

    def test_a_fault_is_named_after_the_signal_that_ended_the_run(self) -> None:
        facts = ran("a=passed", signal=2, survivors=True, write_error=LOST)
        self.assertEqual(decide(facts), (130, "error", f"ended by SIGINT; {LOST}; {ALIVE}"))

    def test_the_time_limit_of_the_run_decides_next(self) -> None:
        late = "1 job passed in 7 s, but the run has run out of time"
        cut = f"{LOST}; failed in 7 s: a; the run's timeout cut it off"
        self.check(
            {
                "green": (ran("a=passed", timed_out=True), (124, "error", late)),
                "red": (ran("a=cancelled", timed_out=True, write_error=LOST), (124, "error", cut)),
            }
        )

    def test_a_fault_of_the_run_makes_it_red_though_its_jobs_passed(self) -> None:
        passed = "1 job passed in 7 s"
        self.check(
            {
                "report": (ran("a=passed", write_error=LOST), (1, "error", f"{LOST}; {passed}")),
                "lock": (ran("a=passed", removed_locks=["/l"]), (1, "error", f"{LOCK}; {passed}")),
                "process": (ran("a=passed", survivors=True), (1, "error", f"{ALIVE}; {passed}")),
                "red": (
                    ran("a=failed", survivors=True),
                    (1, "error", f"{ALIVE}; failed in 7 s: a"),
                ),
                "no test": (
                    ran("a=passed", survivors=True, unmatched=True),
                    (
                        1,
                        "error",
                        f"{ALIVE}; {NO_TEST}",
                    ),
                ),
            }
        )

    def test_a_run_that_came_to_no_end_of_its_jobs_tells_why(self) -> None:
        facts = Facts(error="the runner broke", survivors=True, left_out=["b"])
        self.assertEqual(decide(facts), (1, "error", f"{ALIVE}; the runner broke"))
        self.assertEqual(decide(ran("a=passed", error="no")), (1, "error", "no"))


if __name__ == "__main__":
    unittest.main()
