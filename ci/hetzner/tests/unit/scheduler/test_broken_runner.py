"""An error of the runner itself: each job that has no outcome gets one that is red."""

from __future__ import annotations

import unittest

from lib.model import events, phases
from lib.model.cause import Cause
from lib.model.result import Outcome
from lib.model.run_plan import RunPlan
from lib.model.verdict import FAILED, decide
from lib.scheduler.loop import Scheduler
from tests.support.fakes import FakeClock, FakeExecutor, idle, jobs


class BrokenRunner(unittest.TestCase):
    def test_jobs_without_an_outcome_are_cancelled_by_the_runner(self) -> None:
        declared = jobs("a; b<a")
        plan = RunPlan(phases.build(declared, [job.name for job in declared]))
        clock, seen = FakeClock(), list[events.Event]()
        scheduler = Scheduler(plan, FakeExecutor(clock, {}), clock, seen.append, idle)
        scheduler.abandon("it broke")
        for result in scheduler.results.values():
            self.assertEqual(
                (result.outcome, result.reason, result.cause),
                (Outcome.CANCELLED, "it broke", Cause.RUNNER),
            )
        self.assertEqual(decide(scheduler.facts()).exit_code, FAILED)
        self.assertEqual([type(e) for e in seen], [events.Finished] * 2 + [events.RunEnded])


if __name__ == "__main__":
    unittest.main()
