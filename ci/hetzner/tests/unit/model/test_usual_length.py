"""How long a run is expected to take, at its start."""

from __future__ import annotations

import unittest
from collections.abc import Mapping

from lib.model.run_plan import Limits, RunPlan
from lib.model.selection import Choice, plan
from lib.model.usual_length import usual_length
from tests.support.fakes import jobs


def planned(text: str, durations: Mapping[str, float], *takes_cpu: str) -> RunPlan:
    each = {name: {"resources": {"cpu": 1}} for name in takes_cpu}
    return plan(jobs(text, **each), Choice(), durations, Limits({"cpu": 2}))


class Length(unittest.TestCase):
    def test_longest_path_tells_it(self) -> None:
        self.assertEqual(usual_length(planned("a; b<a; c", {"a": 2, "b": 3, "c": 4})), 5)

    def test_scarcest_pool_tells_it_if_that_takes_longer(self) -> None:
        made = planned("a; b; c", {"a": 4, "b": 4, "c": 4}, "a", "b", "c")
        self.assertEqual(usual_length(made), 6)

    def test_job_that_was_never_timed_counts_as_the_median_of_others(self) -> None:
        self.assertEqual(usual_length(planned("a; b<a; c; d", {"a": 2, "c": 5, "d": 1})), 5)

    def test_nothing_is_known_without_durations(self) -> None:
        self.assertIsNone(usual_length(planned("a; b", {})))
        self.assertIsNone(usual_length(planned("a; b", {"other": 3})))


if __name__ == "__main__":
    unittest.main()
