"""Exit code 5 and filters of test cases: what ran nothing is said, and is no green of all."""

from __future__ import annotations

import unittest
from typing import Any

from lib.model.cause import Cause
from lib.model.result import Outcome
from lib.model.verdict import decide
from tests.support.fakes import Fate, Played, jobs, play

EMPTY = Fate(code=5)
BUILD: dict[str, Any] = {"testcases": False}
SERVICE: dict[str, Any] = {"service": True, "outputs": {"up": "up"}}
ALLOWED: dict[str, Any] = {"allow_failure": True}


def notes(played: Played) -> list[str]:
    from lib.model import events

    return [event.text for event in played.of(events.Note)]


class Unmatched(unittest.TestCase):
    def ends(self, code: int, played: Played) -> None:
        self.assertEqual(played.code, code, played.outcomes())

    def test_a_filter_that_matches_in_some_job_is_green(self) -> None:
        self.ends(0, play(jobs("a; b"), {"a": EMPTY}, only_testcases="x"))

    def test_a_filter_that_matches_nowhere_ends_with_4(self) -> None:
        declared = jobs("a; b; build", build=BUILD)
        self.ends(4, play(declared, {"a": EMPTY, "b": EMPTY}, only_testcases="x"))

    def test_a_filter_of_a_run_without_a_job_that_heeds_it_ends_with_4(self) -> None:
        self.ends(4, play(jobs("build", build=BUILD), only_testcases="x"))

    def test_a_service_is_no_proof_that_a_test_ran(self) -> None:
        fates = {"s": Fate(99, writes={"up": 1}), "a": EMPTY}
        self.ends(4, play(jobs("s; a<s", s=SERVICE), fates, only_testcases="x"))

    def test_a_job_that_never_ran_is_no_proof_that_a_test_ran(self) -> None:
        fates = {"a": Fate(unstartable="no bash"), "b": EMPTY}
        self.ends(4, play(jobs("a; b", a=ALLOWED), fates, only_testcases="x"))

    def test_a_test_that_fails_has_run(self) -> None:
        declared = jobs("a; b", a=ALLOWED)
        self.ends(0, play(declared, {"a": Fate(code=1), "b": EMPTY}, only_testcases="x"))

    def test_5_that_is_no_pass_is_no_test_either(self) -> None:
        declared = jobs("a", a={**ALLOWED, "ok_codes": (0,)})
        self.ends(4, play(declared, {"a": EMPTY}, only_testcases="x"))

    def test_a_program_that_cannot_be_executed_or_is_not_found_runs_no_test(self) -> None:
        for code in (126, 127):
            fates = {"a": Fate(code=code), "b": EMPTY}
            self.ends(4, play(jobs("a; b", a=ALLOWED), fates, only_testcases="x"))

    def test_the_last_attempt_counts(self) -> None:
        declared = jobs("a", a={**ALLOWED, "retries": 1})
        self.ends(4, play(declared, {"a": [Fate(code=1), EMPTY]}, only_testcases="x"))

    def test_phases_of_jobs_are_one_pass(self) -> None:
        declared = jobs("build; a<build", build=BUILD)
        self.ends(0, play(declared, only_testcases="x", first_jobs=["build"]))

    def test_the_first_of_two_passes_counts(self) -> None:
        fates = {"a": [EMPTY, Fate()]}
        self.ends(4, play(jobs("a"), fates, first_testcases="x"))
        self.ends(0, play(jobs("a"), {"a": [Fate(), EMPTY]}, first_testcases="x"))

    def test_fast_fail_begins_the_second_pass_after_a_test_has_run(self) -> None:
        played = play(jobs("a"), first_testcases="x", fast_fail=True)
        self.ends(0, played)
        self.assertEqual(played.executor.started, ["a", "a#2"])

    def test_fast_fail_begins_the_other_jobs_though_the_first_ran_no_test(self) -> None:
        flags = {"first_jobs": ["a"], "only_testcases": "x", "fast_fail": True}
        self.ends(0, play(jobs("a; b"), {"a": EMPTY}, **flags))  # type: ignore[arg-type]

    def test_fast_fail_does_not_begin_the_second_pass(self) -> None:
        played = play(jobs("a"), {"a": EMPTY}, first_testcases="x", fast_fail=True)
        self.ends(4, played)
        self.assertEqual(played.executor.started, ["a"])

    def test_without_a_filter_5_everywhere_is_green(self) -> None:
        self.ends(0, play(jobs("a"), {"a": EMPTY}))

    def test_a_failure_outranks_it_and_so_do_the_timeout_of_the_run_and_a_signal(self) -> None:
        fates = {"a": EMPTY, "b": Fate(9)}
        declared = jobs("a; b", b=BUILD)
        self.ends(1, play(declared, {"a": EMPTY}, fails="b", only_testcases="x"))
        self.ends(124, play(declared, fates, timeout=3, only_testcases="x"))
        self.ends(143, play(declared, fates, signals=[(3, 15)], only_testcases="x"))

    def test_the_end_says_where_it_matched(self) -> None:
        played = play(jobs("a; b; c"), {"b": EMPTY}, only_testcases="x")
        self.assertEqual(notes(played), ["'x' matched in a, c; no test in b"])
        played = play(jobs("a; b"), {"a": EMPTY, "b": EMPTY}, only_testcases="x")
        self.assertEqual(notes(played), ["'x' matched no test in a, b"])
        played = play(jobs("build", build=BUILD), only_testcases="x")
        self.assertIn("none of these runs tests", *notes(played))


class NoTests(unittest.TestCase):
    def test_a_pass_with_5_has_a_reason_and_a_cause(self) -> None:
        result = play(jobs("a"), {"a": EMPTY}).scheduler.results["a"]
        self.assertEqual(result.outcome, Outcome.PASSED)
        self.assertEqual((result.reason, result.cause), ("exit code 5: no tests", Cause.NO_TESTS))

    def test_of_two_passes_that_passed_the_second_counts(self) -> None:
        for fates, cause in (
            ([EMPTY, Fate()], Cause.NONE),
            ([Fate(), EMPTY], Cause.NO_TESTS),
        ):
            played = play(jobs("a"), {"a": fates}, first_testcases="x")
            self.assertEqual(played.scheduler.results["a"].cause, cause)

    def test_a_retry_that_runs_no_tests_does_not_pass_those_that_failed(self) -> None:
        for first in (Fate(code=1), Fate(99)):
            declared = jobs("a", a={"retries": 1, "timeout": 10})
            played = play(declared, {"a": [first, EMPTY]})
            result = played.scheduler.results["a"]
            self.assertEqual((played.code, result.outcome), (1, Outcome.FAILED))
            self.assertEqual(result.cause, Cause.EXIT_CODE)
            self.assertIn("exit code 5: no tests, which proves nothing", result.reason)

    def test_an_attempt_that_passes_after_that_still_counts(self) -> None:
        fates = [Fate(code=1), EMPTY, Fate()]
        played = play(jobs("a", a={"retries": 2}), {"a": fates})
        self.assertEqual((played.code, played.outcomes()), (0, "a=flaky"))

    def test_each_pass_is_asked_alone(self) -> None:
        fates = [Fate(code=1), Fate(), EMPTY]
        played = play(jobs("a", a={"retries": 1}), {"a": fates}, first_testcases="x")
        self.assertEqual((played.code, played.outcomes()), (0, "a=flaky"))

    def test_a_flaky_pass_with_5_says_both(self) -> None:
        declared = jobs("a", a={"retries": 1, "ok_codes": (5,)})
        result = play(declared, {"a": [Fate(code=1), EMPTY]}).scheduler.results["a"]
        self.assertEqual((result.outcome, result.cause), (Outcome.FLAKY, Cause.NO_TESTS))
        self.assertIn("passed on attempt 2 of 2, with exit code 5: no tests", result.reason)

    def test_a_server_that_the_runner_ends_says_nothing_of_tests(self) -> None:
        fates = {"s": Fate(99, writes={"up": 1})}
        result = play(jobs("s; a<s", s=SERVICE), fates).scheduler.results["s"]
        self.assertEqual((result.outcome, result.cause), (Outcome.PASSED, Cause.NONE))

    def test_a_sentence_on_the_run_says_it(self) -> None:
        facts = play(jobs("a; b"), {"a": EMPTY}).scheduler.facts()
        self.assertEqual(decide(facts).sentence, "2 jobs passed in 1 s, no tests in: a")
        facts = play(jobs("a"), {"a": EMPTY}, only_testcases="x").scheduler.facts()
        text = "1 job passed in 1 s, but the filter of test cases matched no test"
        self.assertEqual(decide(facts).sentence, text)


if __name__ == "__main__":
    unittest.main()
