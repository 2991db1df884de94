"""Jobs that are restored from an earlier run."""

from __future__ import annotations

from lib.model import events
from lib.model.cause import Cause
from lib.model.result import Earlier
from tests.support.fakes import jobs, play
from tests.support.rule_case import RuleTest

EARLIER = "passed in an earlier run"


class Restored(RuleTest):
    def test_a_restored_job_does_not_start_and_its_dependents_do(self) -> None:
        played = play(jobs("a; b<a"), restored={"a": EARLIER})
        self.check(played, "a=restored b=passed", 0)
        self.assertEqual(played.executor.started, ["b"])

    def test_its_cause_and_reason_are_told(self) -> None:
        played = play(jobs("a; b"), restored={"a": EARLIER})
        (told,) = [e for e in played.of(events.Finished) if e.job == "a"]
        self.assertEqual((told.result.cause, told.reason), (Cause.EARLIER_RUN, EARLIER))
        self.assertEqual(told.result.earlier, Earlier(EARLIER))

    def test_it_takes_neither_slot_nor_pool_nor_time(self) -> None:
        declared = jobs("a; b", a={"resources": {"cpu": 1}}, b={"resources": {"cpu": 1}})
        played = play(declared, restored={"a": EARLIER}, pools={"cpu": 1}, max_parallel=1)
        started = played.scheduler.results["b"].started
        self.assertEqual((started, played.scheduler.results["a"].duration), (0.0, 0.0))

    def test_a_failure_of_another_job_makes_the_run_red(self) -> None:
        self.check(play(jobs("a; b"), fails="b", restored={"a": EARLIER}), "a=restored b=failed", 1)

    def test_where_nothing_may_start_nothing_is_restored(self) -> None:
        played = play(jobs("a; b"), refused={"b": "requires cargo"}, restored={"a": EARLIER})
        self.check(played, "a=cancelled b=failed", 1)
