"""Which run of a machine may take what, and which runs wait for each other for ever."""

from __future__ import annotations

import unittest

from lib.machine import claims as machine_claims
from lib.machine.live_run import Hold, LiveRun, Wait

POOLS = {"cpu": 4}
NOW = 100.0


def run(
    name: str,
    holds: dict[str, int] | None = None,
    waits: dict[str, int] | None = None,
    since: float = 1.0,
    asked: float = NOW,
    network: str = "n",
) -> LiveRun:
    """Return a run that holds something, and that is stuck if it waits for something."""
    wait = (Wait("job", waits, since, asked, ""),) if waits else ()
    held = {n: Hold(amount) for n, amount in (holds or {}).items()}
    return LiveRun(
        name, 1, name, network=network, holds=held, waits=wait, stuck=bool(waits), since=since
    )


class Lacking(unittest.TestCase):
    def test_port_is_held_by_one_run_at_a_time(self) -> None:
        a = run("a", {"port:1": 1})
        self.assertEqual(machine_claims.lacking({"port:1": 1}, run("b"), [a], POOLS), ["port:1"])
        self.assertEqual(machine_claims.lacking({"port:2": 1}, run("b"), [a], POOLS), [])
        self.assertEqual(machine_claims.holders(["port:1"], run("b"), [a, run("c")]), [a])

    def test_port_belongs_to_a_network_namespace_and_a_pool_to_the_machine(self) -> None:
        a = run("a", {"port:1": 1, "cpu": 3}, network="other")
        lacking = machine_claims.lacking({"port:1": 1, "cpu": 2}, run("b"), [a], POOLS)
        self.assertEqual(lacking, ["cpu"])

    def test_shares_of_a_pool_add_up_to_its_size(self) -> None:
        others = [run("a", {"cpu": 2}), run("b", {"cpu": 1})]
        self.assertEqual(machine_claims.lacking({"cpu": 1}, run("c"), others, POOLS), [])
        self.assertEqual(machine_claims.lacking({"cpu": 2}, run("c"), others, POOLS), ["cpu"])


class Turns(unittest.TestCase):
    def first(self, *others: LiveRun, since: float = 50.0) -> LiveRun | None:
        wait = Wait("job", {"port:1": 1}, since, NOW, "")
        return machine_claims.goes_first(wait, run("me"), others, POOLS, NOW)

    def test_run_that_has_waited_longer_goes_first(self) -> None:
        a = run("a", waits={"port:1": 1}, since=10)
        self.assertIs(self.first(a), a)
        self.assertIsNone(self.first(a, since=5))

    def test_run_that_waits_for_something_else_too_does_not_block_others(self) -> None:
        a = run("a", waits={"port:1": 1, "port:2": 1}, since=10)
        self.assertIsNone(self.first(a, run("b", {"port:2": 1})))

    def test_run_that_was_stopped_while_it_waited_loses_its_turn(self) -> None:
        self.assertIsNone(self.first(run("a", waits={"port:1": 1}, since=10, asked=NOW - 3)))

    def test_run_of_another_network_or_another_port_has_no_turn_here(self) -> None:
        self.assertIsNone(self.first(run("a", waits={"port:1": 1}, since=10, network="other")))
        self.assertIsNone(self.first(run("a", waits={"port:2": 1}, since=10)))


class Deadlocks(unittest.TestCase):
    def stuck(self, me: LiveRun, *others: LiveRun) -> list[str]:
        return [each.run for each in machine_claims.deadlocked(me, others, POOLS)]

    def test_two_runs_that_hold_what_the_other_waits_for(self) -> None:
        a = run("a", {"port:1": 1}, waits={"port:2": 1})
        b = run("b", {"port:2": 1}, waits={"port:1": 1})
        self.assertEqual(self.stuck(a, b), ["a", "b"])

    def test_ring_of_three_is_one_too_and_a_bystander_is_not_part_of_it(self) -> None:
        a = run("a", {"port:1": 1}, waits={"port:2": 1})
        b = run("b", {"port:2": 1}, waits={"port:3": 1})
        c = run("c", {"port:3": 1}, waits={"port:1": 1})
        self.assertEqual(self.stuck(a, b, c, run("d", {"port:4": 1})), ["a", "b", "c"])

    def test_run_that_moves_will_give_back_what_it_holds(self) -> None:
        a = run("a", {"port:1": 1}, waits={"port:2": 1})
        b = run("b", {"port:2": 1})
        self.assertEqual(self.stuck(a, b), [])

    def test_run_that_can_go_on_by_one_of_its_jobs_is_not_stuck(self) -> None:
        a = run("a", {"port:1": 1}, waits={"port:2": 1})
        b = run("b", {"port:2": 1}, waits={"port:1": 1})
        b = b._replace(waits=(*b.waits, Wait("other", {"port:9": 1}, 1.0, NOW, "")))
        self.assertEqual(self.stuck(a, b), [])

    def test_shares_of_a_pool_can_be_what_runs_wait_for(self) -> None:
        a = run("a", {"cpu": 2}, waits={"cpu": 1})
        b = run("b", {"cpu": 2}, waits={"cpu": 1})
        self.assertEqual(self.stuck(a, b), ["a", "b"])
        self.assertEqual(self.stuck(run("a", {"cpu": 1}, waits={"cpu": 1}), b), [])

    def test_run_outside_of_the_ring_waits_until_that_is_solved(self) -> None:
        a = run("a", {"port:1": 1}, waits={"port:2": 1}, since=3)
        b = run("b", {"port:2": 1}, waits={"port:1": 1}, since=2)
        self.assertEqual(machine_claims.gives_way([b, a]), a)


if __name__ == "__main__":
    unittest.main()
