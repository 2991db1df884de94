"""A person asks which jobs run: each running job is told with its activity."""

from __future__ import annotations

import math
import unittest

from lib.common.signal_names import ASKED
from lib.model import events
from lib.model.job import Job
from tests.support.fakes import CACHED, Fate, play


class Questions(unittest.TestCase):
    def test_each_running_job_is_listed_with_its_activity(self) -> None:
        jobs = [Job("s", "x", service=True), Job("a", "x", ["s"]), Job("b", "x", ["a"])]
        fates = {"s": Fate(1, leaves=math.inf), "a": Fate(9)}
        played = play(jobs, fates, signals=[(0.5, ASKED), (5, ASKED), (5, ASKED)])
        told = [(e.running, e.waiting, e.ended) for e in played.of(events.Asked)]
        second = ((("s", 5, "is ready and serves others"), ("a", 4, "runs")), 1, 0)
        self.assertEqual(told, [((("s", 0.5, "runs"),), 2, 0), second, second])
        self.assertEqual(played.outcomes(), "s=passed a=passed b=passed")

    def test_question_while_nothing_runs_is_answered(self) -> None:
        played = play([Job("a", "x", delay=3)], signals=[(1, ASKED)])
        told = [(e.running, e.waiting) for e in played.of(events.Asked)]
        self.assertEqual((told, played.code), ([((), 1)], 0))

    def test_a_job_that_asks_its_cache_or_stores_in_it_does_not_run(self) -> None:
        fate = Fate(2, cache_seconds=2, store_seconds=9, ignores_term=True)
        moments = [(1, ASKED), (3, ASKED), (5, ASKED), (6, 15), (7, ASKED)]
        played = play([Job("a", "x", cache=CACHED)], {"a": fate}, signals=moments)
        told = [running.doing for asked in played.of(events.Asked) for running in asked.running]
        steps = ["asks its cache", "runs", "stores in its cache", "is being stopped"]
        self.assertEqual(told, steps)


if __name__ == "__main__":
    unittest.main()
