"""How a run spends its waiting: order, shuffles, pools, and retries that run alone."""

from __future__ import annotations

import contextlib
import io
import math
import random
import tempfile
import unittest
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dsl import Pipeline
from lib.buckaroo import settings
from lib.commit import command_line
from lib.common import machine
from lib.model import events, graph, urgency
from lib.model.job import Job
from lib.model.result import Load
from pipeline import job_table
from tests.support.fakes import Fate, Played, jobs, play

NEVER = math.inf
Fates = Mapping[str, Fate | Sequence[Fate]]


def starts(played: Played) -> dict[str, float | None]:
    return {name: result.started for name, result in played.scheduler.results.items()}


class Order(unittest.TestCase):
    def test_longest_remaining_path_goes_first_when_a_pool_is_short(self) -> None:
        each = {"resources": {"cpu": 1}}
        declared = jobs("a; b; c; d<c", a=each, b=each, c=each, d=each)
        played = play(declared, pools={"cpu": 1}, durations={"a": 5, "b": 6, "c": 1, "d": 6})
        self.assertEqual(played.executor.started, ["c", "b", "d", "a"])

    def test_jobs_below_a_fiftieth_of_the_longest_path_go_first(self) -> None:
        usual = {"suite": 100, "browser": 90, "medium": 5, "lint": 1.99, "limit": 2}
        played = play(jobs("; ".join(usual)), max_parallel=1, durations=usual)
        order = ["lint", "suite", "browser", "medium", "limit"]
        self.assertEqual(played.executor.started, order)

    def test_of_several_short_jobs_the_longest_path_goes_first(self) -> None:
        usual = {"a": 100, "lint": 1, "gen": 0.5, "suite": 60}
        declared = jobs("a; lint; gen; suite<gen")
        played = play(declared, max_parallel=1, durations=usual)
        self.assertEqual(played.executor.started, ["gen", "lint", "a", "suite"])

    def test_a_short_job_goes_first_when_a_pool_is_short(self) -> None:
        each = {"resources": {"cpu": 1}}
        declared = jobs("a; b; lint<b", a=each, b=each, lint=each)
        played = play(
            declared, {"a": Fate(9)}, pools={"cpu": 1}, durations={"a": 90, "b": 100, "lint": 1}
        )
        self.assertEqual(played.executor.started, ["b", "lint", "a"])

    def test_job_that_was_never_timed_is_not_known_to_be_short(self) -> None:
        usual = {"suite": 100, "lint": 1, "quick": 1}
        played = play(jobs("suite; new; lint; quick"), max_parallel=1, durations=usual)
        self.assertEqual(played.executor.started, ["lint", "quick", "suite", "new"])

    def test_a_service_is_not_short_since_it_holds_its_resources(self) -> None:
        server = {"service": True, "outputs": {"up": "up"}}
        declared = jobs("suite; s", s=server)
        usual = {"suite": 100, "s": 1}
        played = play(declared, max_parallel=1, durations=usual)
        self.assertEqual(played.executor.started, ["suite", "s"])

    def test_jobs_that_do_not_run_make_no_other_one_short(self) -> None:
        usual = {"suite": 100, "unit": 10, "lint": 1}
        declared = jobs("suite; unit; lint")
        played = play(declared, only=["unit", "lint"], max_parallel=1, durations=usual)
        self.assertEqual(played.executor.started, ["unit", "lint"])

    def test_a_dry_run_says_which_are_short(self) -> None:
        usual = {"suite": 100, "lint": 1}
        with tempfile.TemporaryDirectory() as cwd:
            declared = jobs("suite; lint")
            made = Pipeline(declared, "", "", cwd, cwd=cwd, max_parallel=1, durations=usual)
            lines = made.dry_run()
        self.assertIn("start lint: needs nothing, first since it is short", lines[0])
        self.assertNotIn("short", lines[1])

    def test_a_random_order_knows_no_short_jobs(self) -> None:
        usual = {"suite": 100, "lint": 1}
        firsts = {
            play(
                jobs("suite; lint"), max_parallel=1, durations=usual, shuffle=seed
            ).executor.started[0]
            for seed in range(20)
        }
        self.assertEqual(firsts, {"suite", "lint"})

    def test_a_job_that_was_never_seen_counts_as_the_median(self) -> None:
        by_name = {job.name: job for job in jobs("a; b; c; new; after<new")}
        paths = urgency.remaining_paths(by_name, {"a": 1, "b": 4, "c": 100, "after": 2})
        self.assertEqual((paths["new"], paths["after"]), (4 + 2, 2))

    def test_order_is_deterministic_and_as_declared_among_equals(self) -> None:
        names = [f"j{number}" for number in random.Random(4).sample(range(100), 30)]
        for _ in range(3):
            played = play(jobs("; ".join(names)), max_parallel=1, durations={})
            self.assertEqual(played.executor.started, names)


class WaitedFor(unittest.TestCase):
    def waited(self, played: Played, name: str) -> str:
        return played.scheduler.results[name].waited_for

    def test_only_the_pool_that_was_short_is_named(self) -> None:
        many = {"cpu": 1, "memory": 10, "port": 1}
        declared = jobs("a; b", a={"resources": {"cpu": 1}}, b={"resources": many})
        played = play(declared, pools={"cpu": 1, "memory": 99})
        self.assertEqual(self.waited(played, "b"), "cpu")

    def test_the_last_of_several_that_were_short_is_named(self) -> None:
        declared = jobs(
            "a; p; b",
            a={"resources": {"cpu": 1}},
            p={"resources": {"port": 1}},
            b={"resources": {"cpu": 1, "port": 1}},
        )
        played = play(declared, {"a": Fate(3), "p": Fate(8)}, pools={"cpu": 1})
        self.assertEqual((starts(played)["b"], self.waited(played, "b")), (8, "port"))

    def test_a_slot_is_named_where_no_pool_was_short(self) -> None:
        declared = jobs("a; b", a={"resources": {"cpu": 1}}, b={"resources": {"cpu": 1}})
        played = play(declared, pools={"cpu": 2}, max_parallel=1)
        self.assertEqual(self.waited(played, "b"), "a free slot")

    def test_a_job_that_waited_for_a_retry_alone_names_it(self) -> None:
        declared = jobs("a; b; c<b", a={"retries": 1, "retry_alone": True}, c={"delay": 2})
        played = play(declared, {"a": [Fate(1, code=1), Fate(3)], "b": Fate(5)})
        self.assertEqual(self.waited(played, "c"), "a retry that ran alone")


class Shuffle(unittest.TestCase):
    def order(self, seed: int | None, declared: str = "a; b; c; d; e; f; g; h") -> list[str]:
        return play(jobs(declared), max_parallel=1, shuffle=seed).executor.started

    def test_ready_jobs_start_in_random_order_and_the_seed_reproduces_it(self) -> None:
        self.assertEqual(self.order(7), self.order(7))
        self.assertGreater(len({tuple(self.order(seed)) for seed in range(20)}), 15)

    def test_dependencies_hold_with_any_seed(self) -> None:
        for seed in range(20):
            order = self.order(seed, "a; b<a; c<b; d; e<d")
            self.assertLess(order.index("a"), order.index("b"))
            self.assertLess(order.index("b"), order.index("c"))
            self.assertLess(order.index("d"), order.index("e"))

    def test_every_ready_job_has_its_chance_to_be_first(self) -> None:
        self.assertEqual({self.order(seed)[0] for seed in range(100)}, set("abcdefgh"))

    def test_the_seed_is_told_to_the_listeners(self) -> None:
        (started,) = play(jobs("a"), shuffle=7).of(events.RunStarted)
        self.assertEqual(started.seed, 7)


class RetryAlone(unittest.TestCase):
    def flaky(self, text: str, fates: Fates, **options: Any) -> Played:
        """Play jobs of which `a` fails after a second, then passes in three."""
        first_then = [Fate(1, code=1), Fate(3)]
        declared = jobs(text, a={"retries": 1, "retry_alone": True})
        return play(declared, {"a": first_then, **fates}, **options)

    def again(self, played: Played) -> tuple[float, float]:
        record = played.scheduler.results["a"].attempts[-1]
        return record.started, record.ended

    def test_a_retry_waits_until_nothing_else_runs(self) -> None:
        played = self.flaky("a; b; c", {"b": Fate(5), "c": Fate(7)})
        self.assertEqual(self.again(played), (7, 10))
        self.assertEqual(played.scheduler.results["a"].waited_for, "a quiet machine")
        self.assertEqual(played.code, 0)

    def test_nothing_else_starts_until_it_has_ended(self) -> None:
        declared = jobs("a; b; c<b", a={"retries": 1, "retry_alone": True}, c={"delay": 2})
        played = play(declared, {"a": [Fate(1, code=1), Fate(3)], "b": Fate(5)})
        self.assertEqual((self.again(played), starts(played)["c"]), ((5, 8), 8))

    def test_jobs_that_can_run_beside_others_go_before_it(self) -> None:
        played = self.flaky("a; b; c<b", {"b": Fate(5), "c": Fate(6)})
        self.assertEqual(self.again(played), (11, 14))

    def test_job_that_is_being_stopped_still_runs(self) -> None:
        played = self.flaky("a; b", {"b": Fate(2, leaves=NEVER, ignores_term=True)})
        self.assertEqual(self.again(played), (7, 10))

    def test_services_keep_serving(self) -> None:
        declared = jobs(
            "s; a<s; b<s",
            s={"service": True, "outputs": {"u": "u"}},
            a={"retries": 1, "retry_alone": True},
        )
        fates: Fates = {
            "s": Fate(NEVER, writes={"u": 1}),
            "a": [Fate(1, code=1), Fate(3)],
            "b": Fate(4),
        }
        played = play(declared, fates)
        self.assertEqual(played.outcomes(), "s=passed a=flaky b=passed")
        self.assertEqual(self.again(played), (5, 8))

    def test_a_service_that_is_tried_again_is_alone_until_it_is_ready(self) -> None:
        fields = {"service": True, "outputs": {"u": "u"}, "retries": 1, "retry_alone": True}
        fates: Fates = {"s": [Fate(1, code=1), Fate(NEVER, writes={"u": 2})], "b": Fate(9)}
        played = play(jobs("s; t<s; b", s=fields), fates)
        self.assertEqual(played.outcomes(), "s=flaky t=passed b=passed")
        self.assertEqual(starts(played)["t"], 11)

    def test_two_that_want_to_be_alone_take_turns(self) -> None:
        each = {"retries": 1, "retry_alone": True}
        twice = [Fate(1, code=1), Fate(3)]
        played = play(jobs("a; b", a=each, b=each), {"a": twice, "b": twice})
        spans = [played.scheduler.results[name].attempts[-1] for name in "ab"]
        self.assertEqual([(s.started, s.ended) for s in spans], [(1, 4), (4, 7)])

    def test_the_first_attempt_is_not_alone(self) -> None:
        self.assertEqual(self.flaky("a; b", {}).executor.most, 2)

    def test_a_retry_that_waits_is_cancelled_like_any_other(self) -> None:
        played = self.flaky("a; b", {"b": Fate(50)}, signals=[(4, 15)])
        self.assertEqual((played.outcomes(), played.code), ("a=cancelled b=cancelled", 143))

    def test_a_retry_that_waits_does_not_begin_after_fast_fail(self) -> None:
        declared = jobs(
            "a; b; z<b",
            a={"retries": 1, "retry_alone": True},
            b={"fast_fail": True},
            z={"when": "always", "delay": 2},
        )
        played = play(declared, {"a": Fate(1, code=1), "b": Fate(5, code=1)}, fast_fail=True)
        self.assertEqual(played.outcomes(), "a=cancelled b=failed z=passed")
        self.assertEqual(played.executor.started, ["b", "a", "z"])

    def test_a_retry_alone_that_is_cut_off_ends(self) -> None:
        played = self.flaky("a", {"a": [Fate(1, code=1), Fate(50)]}, signals=[(4, 15)])
        self.assertEqual((played.outcomes(), played.code), ("a=cancelled", 143))

    def test_job_that_a_service_keeps_from_starting_for_ever_fails_by_name(self) -> None:
        declared = jobs(
            "s<p; a; p; t<s,a",
            s={"service": True, "outputs": {"u": "u"}, "resources": {"x": 1}},
            a={"retries": 1, "retry_alone": True, "resources": {"x": 1}},
        )
        fates: Fates = {
            "a": [Fate(1, code=1), Fate(3)],
            "p": Fate(2),
            "s": Fate(NEVER, writes={"u": 0.1}),
        }
        played = play(declared, fates)
        self.assertEqual(played.outcomes(), "s=passed a=failed p=passed t=skipped")
        self.assertIn("x is held by s", played.scheduler.results["a"].reason)

    def test_each_attempt_of_a_flaky_job_records_the_load(self) -> None:
        played = play(
            jobs("a; b", a={"retries": 1}),
            {"a": [Fate(1, code=1), Fate(3)]},
            load=lambda now: Load(now, cpu=10 * now),
        )
        results = played.scheduler.results
        loads = [str(record.load) for record in results["a"].attempts]
        self.assertEqual(loads, ["load 1.0, cpu pressure 10 %", "load 4.0, cpu pressure 40 %"])
        self.assertEqual([record.load for record in results["b"].attempts], [None])


class Machines(unittest.TestCase):
    def test_pools_are_the_processors_and_the_memory_unless_given(self) -> None:
        def problems(**pools: int) -> str:
            many = {"cpu": 10**6, "memory": 10**9}
            with self.assertRaises(ValueError) as caught:
                Pipeline([Job("a", "true", resources=many)], "s", "b", "/no", resources=pools)
            return str(caught.exception)

        mine = machine.this()
        self.assertIn(f"the pool has {mine.cpus}", problems())
        self.assertIn(f"the pool has {mine.memory}", problems())
        self.assertEqual(mine.cpus, machine.cpus())
        self.assertIn("the pool has 7", problems(memory=7))

    def test_needs_are_in_proportion_and_fit_the_smallest_machine(self) -> None:
        big, small = machine.Machine(16, 64000), machine.Machine(1, 900)
        self.assertEqual({**big.cpu(4), **big.mib(800)}, {"cpu": 4, "memory": 800})
        self.assertEqual({**small.cpu(4), **small.mib(800)}, {"cpu": 1, "memory": 450})

    def test_jobs_of_the_table_fit_any_machine_with_the_services_that_they_need(self) -> None:
        config = settings.load_anywhere({}, {"HOME": "/home/of-nobody"})
        for box in (machine.Machine(1, 64), machine.Machine(2, 3000), machine.Machine(64, 10**6)):
            by_name = {job.name: job for job in job_table(config, box)}
            pools = box.pools()
            Pipeline(list(by_name.values()), "s", "b", "/no", resources=pools)  # raises if not
            for job in by_name.values():
                together = Counter(job.resources)
                for need in map(by_name.get, graph.closure(by_name, graph.needs(job))):
                    together.update(need.resources if need and need.service else {})
                over = {name: n for name, n in together.items() if n > pools.get(name, 1)}
                self.assertEqual(over, {}, job.name)


class Flags(unittest.TestCase):
    def test_shuffle_takes_a_seed_or_draws_one(self) -> None:
        told = [
            command_line.parse(line.split()).shuffle
            for line in ("", "--shuffle", "HEAD --shuffle=7")
        ]
        self.assertEqual(told, [None, True, 7])

    def test_pressure_is_a_percentage(self) -> None:
        self.assertEqual(command_line.parse(["--pressure", "60"]).pressure, 60)
        for wrong in ("-1", "101", "high"):
            with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                command_line.parse([f"--pressure={wrong}"])


if __name__ == "__main__":
    unittest.main()
