"""The queue of starts: the most urgent node, and starts that pressure holds back."""

from __future__ import annotations

import math
import unittest
from typing import Any

from lib.model import phases
from lib.model.result import Load, Result
from lib.model.run_plan import Limits, RunPlan
from lib.scheduler.nodes import QUEUED, WAITING, NodeRun
from lib.scheduler.pools import Pools
from lib.scheduler.ready_heaps import ReadyHeaps
from lib.scheduler.start_queue import StartQueue
from tests.support.fakes import jobs


def queued(text: str, **fields: dict[str, Any]) -> tuple[RunPlan, list[NodeRun]]:
    """Return a plan of jobs and their nodes, each queued."""
    declared = jobs(text, **fields)
    plan = RunPlan(phases.build(declared, [job.name for job in declared]), Limits(pressure=50))
    nodes = [NodeRun(node, Result(node.job.name), n) for n, node in enumerate(plan.phases.nodes)]
    for node in nodes:
        node.state = QUEUED
    return plan, nodes


class Heaps(unittest.TestCase):
    def test_first_is_the_least_rank_whether_it_fits_or_not(self) -> None:
        _, (a, b) = queued("a; b", a={"resources": {"r": 2}})
        heaps = ReadyHeaps()
        heaps.push(b, (False, 0.0, 2))
        heaps.push(a, (False, 0.0, 1))
        self.assertIs(heaps.first(), a)
        self.assertIs(heaps.pop(Pools({"r": 1}).fits), b)


class Pressure(unittest.TestCase):
    def test_nobody_looks_at_the_pressure_again_once_the_held_node_has_left(self) -> None:
        plan, (a,) = queued("a")
        queue = StartQueue(plan, lambda: Load(1.0, 90.0, 0.0), lambda text: None)
        queue.push(a)
        self.assertIsNone(queue.next(1.0, running=1))
        self.assertLess(queue.look_again, math.inf)
        a.state = WAITING
        self.assertIsNone(queue.next(2.0, running=1))
        self.assertEqual(queue.look_again, math.inf)


if __name__ == "__main__":
    unittest.main()
