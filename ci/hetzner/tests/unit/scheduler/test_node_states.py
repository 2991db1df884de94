"""One door for state: it refuses moves, and keeps readiness, queue and counts in step."""

from __future__ import annotations

import unittest
from typing import Any

from lib.model import phases
from lib.model.cause import PLAINLY
from lib.model.result import Outcome
from lib.model.run_plan import RunPlan
from lib.scheduler.node_states import NodeStates
from lib.scheduler.nodes import DELAYED, ENDED, NEXT, QUEUED, State
from lib.scheduler.results import Results
from lib.scheduler.start_queue import StartQueue
from lib.scheduler.timers import Timers
from tests.support.fakes import FakeClock, idle, jobs


class NodeStatesTest(unittest.TestCase):
    def make(self, text: str, **fields: dict[str, Any]) -> None:
        declared = jobs(text, **fields)
        plan = RunPlan(phases.build(declared, [job.name for job in declared]))
        self.clock, self.timers = FakeClock(), Timers()
        results = Results(plan, lambda event: None)
        self.queue = StartQueue(plan, idle, self.fail)
        self.states = NodeStates(plan, results, self.queue, self.timers, self.clock)
        self.states.open_phase(0)

    def where(self) -> str:
        return " ".join(f"{n.key}={n.state.name}" for n in self.states.nodes.values())

    def counts(self) -> tuple[int, int, int, int]:
        states = self.states
        return states.left, states.active, states.delayed, len(states.serving)

    def run_next(self) -> str:
        """Run the first node of the queue; return its key, '' for none."""
        node = self.queue.next(self.clock.now(), running=self.states.active)
        if node is None:
            return ""
        self.states.run(node)
        node.new_attempt(self.clock.now())
        return node.key

    def end(self, key: str, outcome: Outcome) -> None:
        self.states.end(self.states.nodes[key], outcome, PLAINLY)

    def test_a_move_that_the_table_does_not_hold_is_a_bug(self) -> None:
        self.make("a; b<a")
        with self.assertRaisesRegex(RuntimeError, "bug: b: WAITING -> RUNNING"):
            self.states.run(self.states.nodes["b"])
        self.assertEqual(self.where(), "a=QUEUED b=WAITING")

    def test_every_state_can_end_and_no_state_follows_the_end(self) -> None:
        for state in State:
            self.assertEqual(ENDED in NEXT[state], state is not ENDED)
        self.assertEqual(NEXT[ENDED], set())

    def test_counts_follow_the_states(self) -> None:
        self.make("a; b; c", b={"delay": 9}, c={"service": True})
        self.assertEqual(self.counts(), (3, 0, 1, 0))
        self.assertEqual([self.run_next(), self.run_next(), self.run_next()], ["a", "c", ""])
        self.assertEqual(self.counts(), (3, 2, 1, 0))
        self.states.serve(self.states.nodes["c"])
        self.assertEqual(self.counts(), (3, 1, 1, 1))
        self.states.stop(self.states.nodes["c"])
        self.assertEqual(self.counts(), (3, 2, 1, 0))
        self.end("c", Outcome.PASSED)
        self.end("b", Outcome.CANCELLED)
        self.assertEqual(self.counts(), (1, 1, 0, 0))

    def test_an_end_frees_or_skips_the_dependents_all_the_way_down(self) -> None:
        self.make("a; b<a; c<b; d")
        self.run_next()
        self.end("a", Outcome.FAILED)
        self.assertEqual(self.where(), "a=ENDED b=ENDED c=ENDED d=QUEUED")
        reasons = [self.states.nodes[key].result.reason for key in "bc"]
        self.assertEqual(reasons, ["dependency failed: a"] * 2)
        self.make("a; b<a; c<b")
        self.run_next()
        self.end("a", Outcome.PASSED)
        self.assertEqual(self.where(), "a=ENDED b=QUEUED c=WAITING")

    def test_a_node_that_leaves_the_queue_is_not_started(self) -> None:
        self.make("a; b")
        self.end("a", Outcome.CANCELLED)
        self.assertEqual([self.run_next(), self.run_next()], ["b", ""])

    def test_an_ended_attempt_gives_back_what_it_has_taken(self) -> None:
        lock = {"resources": {"lock": 1}}
        self.make("a; b", a={**lock, "retries": 1}, b=lock)
        self.assertEqual([self.run_next(), self.run_next()], ["a", ""])
        self.states.retry(self.states.nodes["a"])
        self.assertEqual(self.where(), "a=QUEUED b=QUEUED")
        self.assertEqual([self.run_next(), self.run_next()], ["a", ""])
        self.end("a", Outcome.FAILED)
        self.assertEqual(self.run_next(), "b")

    def test_a_retry_sends_those_back_that_wait_in_the_queue_for_its_output(self) -> None:
        self.make("a; b<a:o", a={"outputs": {"o": "o"}}, b={"resources": {"lock": 1}})
        self.run_next()
        self.states.wrote(self.states.nodes["a"], "o")
        self.assertEqual(self.where(), "a=RUNNING b=QUEUED")
        self.states.retry(self.states.nodes["a"])
        self.assertEqual(self.where(), "a=QUEUED b=WAITING")

    def test_a_retry_leaves_a_node_alone_that_was_skipped_while_it_waited_in_the_queue(
        self,
    ) -> None:
        output, lock = {"outputs": {"o": "o"}}, {"resources": {"lock": 1}}
        self.make("a; b; c<a:o,b:o; d", a=output, b=output, c=lock, d=lock)
        self.assertEqual([self.run_next() for _ in range(3)], ["a", "b", "d"])
        for key in "ab":
            self.states.wrote(self.states.nodes[key], "o")
        self.assertEqual(self.where(), "a=RUNNING b=RUNNING c=QUEUED d=RUNNING")
        self.end("b", Outcome.FAILED)
        self.states.retry(self.states.nodes["a"])
        self.assertEqual(self.where(), "a=QUEUED b=ENDED c=ENDED d=RUNNING")

    def test_a_delay_that_a_retry_has_begun_anew_is_not_over_at_its_first_end(self) -> None:
        self.make("a; b<a:o", a={"outputs": {"o": "o"}}, b={"delay": 10})
        a, b = self.states.nodes["a"], self.states.nodes["b"]
        self.run_next()
        self.states.wrote(a, "o")
        self.clock.time = 5
        self.states.retry(a)
        self.run_next()
        self.states.wrote(a, "o")
        for self.clock.time, expected in ((10, DELAYED), (15, QUEUED)):
            self.states.delay_over(b)
            self.assertIs(b.state, expected)

    def test_a_service_gives_its_slot_to_those_that_it_serves(self) -> None:
        self.make("a; b<a", a={"service": True})
        self.run_next()
        self.states.serve(self.states.nodes["a"])
        self.assertEqual((self.where(), self.states.unneeded()), ("a=SERVING b=QUEUED", []))
        self.run_next()
        self.end("b", Outcome.PASSED)
        self.assertEqual([node.key for node in self.states.unneeded()], ["a"])


if __name__ == "__main__":
    unittest.main()
