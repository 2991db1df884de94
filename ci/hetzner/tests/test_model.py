"""Random runs before the umpire, and by name what the search has found."""

from __future__ import annotations

import math
import unittest
from collections import Counter

from lib import events
from lib.model import Job
from lib.seam import Step
from tests.cases import CACHED, Seeded, draw_case
from tests.examine import REACHED, examine, play
from tests.fakes import Fate, Played, jobs
from tests.reference import Case
from tests.rules import RuleError

NEVER = math.inf
RUNS = 1_000


class RandomRuns(unittest.TestCase):
    def test_every_rule_holds_in_random_runs_and_the_runs_reach_everything(self) -> None:
        reached: Counter[str] = Counter()
        for index in range(RUNS):
            seed = f"test:{index}"
            try:
                reached += examine(draw_case(Seeded(seed)))
            except (RuleError, AssertionError, RuntimeError, KeyError) as error:
                raise AssertionError(f"python3 tests/search.py --replay {seed}: {error}") from error
        rare = {what for what in REACHED if reached[what] < RUNS / 200}
        self.assertEqual(rare, set(), f"hardly ever reached, of {reached}")


class Found(unittest.TestCase):
    """Each was once a counter-example."""

    def check(self, case: Case, outcomes: str, code: int) -> Played:
        played, _ = play(case)
        self.assertEqual((played.outcomes(), played.code), (outcomes, code))
        return played

    def test_service_that_was_ready_is_not_tried_again_though_it_left_processes(self) -> None:
        declared = jobs("s; t<s", s={"service": True, "outputs": {"o": "o"}, "retries": 1})
        dies = Fate(3, code=1, leaves=NEVER, writes={"o": 1})
        case = Case(declared, {"s": [dies, Fate(NEVER, writes={"o": 1})], "t": [Fate(9)]})
        self.check(case, "s=failed t=passed", 1)

    def test_no_body_starts_after_fast_fail_though_its_cache_was_asked_before(self) -> None:
        declared = jobs("a; b", a={"fast_fail": True}, b={"cache": CACHED})
        leaks = Fate(cache_seconds=0.5, cache_leaves=NEVER, ignores_term=True)
        case = Case(declared, {"a": [Fate(code=1)], "b": [leaks]}, fast_fail=True)
        played = self.check(case, "a=failed b=cancelled", 1)
        self.assertEqual(played.executor.started, ["a"])

    def test_cut_off_while_it_is_stored_a_job_has_passed(self) -> None:
        declared = jobs("a; b", a={"cache": CACHED})
        case = Case(declared, {"a": [Fate(store_seconds=9)], "b": [Fate(9)]}, signals=[(4, 15)])
        self.check(case, "a=passed b=cancelled", 143)

    def test_cache_that_cannot_be_started_for_storing_is_no_failure(self) -> None:
        declared = jobs("a", a={"cache": CACHED, "retries": 1})
        fate = Fate(unstartable="no log", unstartable_step=Step.STORE)
        played = self.check(Case(declared, {"a": [fate]}), "a=passed", 0)
        self.assertIn("not stored in its cache: no log", played.of(events.Note)[-1].text)

    def test_what_the_cache_leaves_running_is_a_leak(self) -> None:
        case = Case(jobs("a", a={"cache": CACHED}), {"a": [Fate(cache=0, cache_leaves=NEVER)]})
        self.assertEqual(len(self.check(case, "a=restored", 0).of(events.Leaked)), 1)

    def test_survivor_of_the_cache_fails_the_job_though_its_body_leaves_none(self) -> None:
        declared = jobs("a", a={"cache": CACHED})
        fate = Fate(cache_leaves=NEVER, unkillable=True)
        self.check(Case(declared, {"a": [fate]}), "a=failed", 1)

    def test_service_whose_users_all_wait_is_cancelled_by_a_signal_as_well(self) -> None:
        declared = jobs("s; t<s", s={"service": True}, t={"delay": 9})
        case = Case(declared, {"s": [Fate(leaves=NEVER)]}, signals=[(4, 2)])
        played = self.check(case, "s=cancelled t=cancelled", 130)
        self.assertEqual(played.of(events.Interrupted)[0].running, ("s",))

    def test_another_attempt_waits_for_an_output_that_has_to_come_again(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}, "retries": 1}, b={"retries": 1})
        first, second = Fate(2, code=1, writes={"o": 0.5}), Fate(6, writes={"o": 5})
        case = Case(declared, {"a": [first, second], "b": [Fate(3, code=1), Fate(1)]})
        played = self.check(case, "a=flaky b=flaky", 0)
        self.assertEqual(played.scheduler.results["b"].attempts[1].started, 7)

    def test_job_is_not_tried_again_without_the_service_that_it_needs(self) -> None:
        declared = jobs("s; t<s; z<t", s={"service": True}, t={"retries": 1}, z={"when": "always"})
        case = Case(declared, {"s": [Fate(1, leaves=2)], "t": [Fate(5, code=1)]})
        played = self.check(case, "s=failed t=skipped z=passed", 1)
        self.assertEqual(played.scheduler.results["t"].reason, "dependency failed: s")

    def test_phase_2_is_not_begun_for_a_job_that_always_runs(self) -> None:
        declared = jobs("a; z", z={"when": "always"})
        case = Case(declared, {"a": [Fate(code=1)]}, first_testcases="x", fast_fail=True)
        played = self.check(case, "a=failed z=passed", 1)
        self.assertEqual(played.executor.started, ["a", "z"])

    def test_output_that_was_there_when_an_allowed_failure_ended_has_come(self) -> None:
        declared = jobs("a; b<a:o", a={"allow_failure": True, "outputs": {"o": "o"}})
        self.check(Case(declared, {"a": [Fate(1, code=1)]}), "a=failed b=passed", 0)

    def test_service_that_is_ready_at_its_bodys_end_has_written_its_outputs(self) -> None:
        declared = jobs("s; t<s:o", s={"service": True, "outputs": {"o": "o"}})
        self.check(Case(declared, {"s": [Fate(1, leaves=NEVER)]}), "s=passed t=passed", 0)

    def test_service_of_a_service_that_runs_once_runs_once(self) -> None:
        serves = Fate(1, leaves=NEVER)
        declared = jobs(
            "s; r<s; t<r,s", s={"service": True}, r={"service": True, "testcases": False}
        )
        case = Case(declared, {"s": [serves], "r": [serves]}, first_testcases="x")
        played = self.check(case, "s=passed r=passed t=passed", 0)
        self.assertEqual(played.executor.started, ["s", "r", "t", "t#2"])

    def test_job_that_ended_in_the_batch_that_stops_it_is_cancelled(self) -> None:
        declared = [Job("a", "true", fast_fail=True), Job("b", "true")]
        case = Case(declared, {"a": [Fate(code=1)]}, fast_fail=True, lump=0.1)
        self.check(case, "a=failed b=cancelled", 1)


if __name__ == "__main__":
    unittest.main()
