"""The graph of the jobs: their order, what they need, and who waits for whose end."""

from __future__ import annotations

import unittest
from collections import Counter

from lib.model import graph
from lib.model.job import Job
from tests.support.fakes import jobs


class Counted(dict[str, Job]):
    """Jobs by name that count how often each is looked up."""

    def __init__(self, declared: list[Job]) -> None:
        super().__init__({job.name: job for job in declared})
        self.counts: Counter[str] = Counter()

    def __getitem__(self, name: str) -> Job:
        self.counts[name] += 1
        return super().__getitem__(name)


def ladder(rungs: int) -> Counted:
    """Return jobs in pairs, each of which depends on both of the pair before: many ways lead up."""
    needs = "".join(f"; a{n}<a{n - 1},b{n - 1}; b{n}<a{n - 1},b{n - 1}" for n in range(1, rungs))
    return Counted(jobs(f"a0; b0{needs}"))


class GraphTest(unittest.TestCase):
    def test_order_is_as_declared_among_jobs_that_could_come_next(self) -> None:
        by_name = {job.name: job for job in jobs("c<a,b; b<a; a<elsewhere; d")}
        self.assertEqual(graph.order(by_name), ["a", "d", "b", "c"])

    def test_jobs_of_a_cycle_have_no_order(self) -> None:
        by_name = {job.name: job for job in jobs("a<b; b<a; c<b; d")}
        self.assertEqual(graph.order(by_name), ["d"])

    def test_needs_of_needs_are_needs(self) -> None:
        by_name = {job.name: job for job in jobs("a; b<a; c<b; d")}
        self.assertEqual(graph.all_needs(by_name, "c"), {"a", "b"})
        self.assertEqual(graph.all_needs(by_name, "d"), set())

    def test_all_needs_count_but_not_those_of_a_job_without(self) -> None:
        by_name = {job.name: job for job in jobs("a; b<a; c; d<b,c; e<d")}
        self.assertEqual(graph.closure(by_name, ["d"]), {"a", "b", "c", "d"})
        self.assertEqual(graph.closure(by_name, ["d"], without=["b"]), {"c", "d"})

    def test_needs_of_a_job_are_looked_up_once_however_many_ways_lead_to_it(self) -> None:
        by_name = ladder(8)
        graph.closure(by_name, ["a7"])
        self.assertEqual(by_name.counts.most_common(1)[0][1], 1)

    def test_users_of_a_job_that_lead_elsewhere_do_not_make_a_job_wait_for_its_end(self) -> None:
        ends = graph.EndOrder({job.name: job for job in jobs("a; b<a; c<b; d")})
        self.assertTrue(ends.before("a", "c"))
        self.assertFalse(ends.before("a", "d"))

    def test_who_waits_for_an_end_is_found_at_once_however_many_ways_lead_there(self) -> None:
        ends = graph.EndOrder(ladder(60))
        self.assertTrue(ends.before("a0", "b59"))
        self.assertFalse(ends.before("b59", "a0"))
        self.assertFalse(ends.before("a59", "b59"))


if __name__ == "__main__":
    unittest.main()
