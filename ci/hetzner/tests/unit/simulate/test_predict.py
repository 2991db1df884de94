"""Predictions come true, also those of the cost of edges, pools and delays."""

from __future__ import annotations

import math
import random
import unittest
from typing import Any

from benchmarks import predecessor
from lib.model.job import Job
from lib.model.selection import Choice
from lib.simulate import predict
from lib.simulate.predict import Scenario
from tests.support.fakes import CACHED, Fate, jobs, play
from tests.support.predictions import scenario, seconds
from tests.support.recorded import Recorded, record

NEVER = math.inf


class Predictions(Recorded):
    def random_run(self, draw: random.Random) -> tuple[list[Job], dict[str, Fate], dict[str, Any]]:
        names = [f"j{number}" for number in range(draw.randint(2, 12))]
        declared: list[Job] = []
        fates: dict[str, Fate] = {}
        for position, name in enumerate(names):
            takes = round(draw.uniform(1, 60), 1)
            service, made = draw.random() < 0.2, draw.random() < 0.5
            needs = []
            for need in draw.sample(declared, min(position, draw.randint(0, 3))):
                output = need.outputs and draw.random() < 0.5
                needs.append(f"{need.name}:o" if output else need.name)
            declared.append(
                Job(
                    name,
                    "true",
                    needs,
                    timeout=9999,
                    delay=draw.choice([0, 0, 0, 2]),
                    outputs={"o": f"{name}.o"} if made else {},
                    service=service,
                    resources={"cpu": draw.randint(0, 2)},
                )
            )
            writes = {"o": round(takes * draw.uniform(0.1, 1), 1)} if made else None
            if service:
                fates[name] = Fate(NEVER, writes=writes) if made else Fate(takes, leaves=NEVER)
            else:
                fates[name] = Fate(takes, writes=writes)
        options = {"pools": {"cpu": draw.randint(4, 6)}, "max_parallel": draw.choice([None, 1, 3])}
        return declared, fates, options

    def test_prediction_from_recorded_durations_comes_true(self) -> None:
        for seed in range(25):
            declared, fates, options = self.random_run(random.Random(seed))
            path = self.path.with_name(f"{seed}.db")
            first = play(declared, fates, **options)
            if first.code:
                continue  # services hold the resources of others: that is refused, not predicted
            timings = record(path, first)
            then = play(declared, fates, durations=timings.durations, **options)
            told = predict.predict(
                Scenario(declared, options["pools"], timings, options["max_parallel"])
            )
            starts = {span.job: span.started for span in told.spans}
            for name, result in then.scheduler.results.items():
                assert result.started is not None
                self.assertAlmostEqual(starts[name], result.started, delta=0.1, msg=seed)
            self.assertAlmostEqual(told.seconds, then.events[-1].at, delta=0.1, msg=seed)

    def test_path_is_a_chain_without_gaps_from_the_start_to_the_end(self) -> None:
        for seed in range(150):
            declared, fates, options = self.random_run(random.Random(seed))
            durations = {name: fate.seconds for name, fate in fates.items()}
            durations = {name: s if s < NEVER else 7.0 for name, s in durations.items()}
            delays = {job.name: job.delay for job in declared}
            try:
                told = predict.predict(scenario(declared, durations, **options))
            except ValueError as error:
                self.assertIn("can never start", str(error))
                continue
            self.assertEqual(told.path[0].after, "", seed)
            moment = float(delays[told.path[0].job])
            for span in told.path:
                self.assertAlmostEqual(span.started, moment, msg=seed)
                moment = span.ended
            self.assertAlmostEqual(moment, told.seconds, msg=seed)

    def test_slots_and_pools_are_accounted_for(self) -> None:
        four = jobs("a; b; c; d", **{name: {"resources": {"cpu": 2}} for name in "abcd"})
        each = dict.fromkeys("abcd", 10.0)
        self.assertEqual(seconds(four, each, pools={"cpu": 8}), 10)
        self.assertEqual(seconds(four, each, pools={"cpu": 4}), 20)
        self.assertEqual(seconds(four, each, pools={"cpu": 8}, max_parallel=1), 40)

    def test_service_serves_from_ready_until_its_last_dependent_ended(self) -> None:
        declared = jobs("s; t<s; u<t,s", s={"service": True, "outputs": {"o": "o"}})
        told = predict.predict(scenario(declared, {"s": 4, "t": 10, "u": 3}))
        self.assertEqual({span.job: (span.started, span.ended) for span in told.spans}, {
            "s": (0, 17), "t": (4, 14), "u": (14, 17)
        })  # fmt: skip
        self.assertEqual([span.job for span in told.path], ["s", "t", "u"])

    def test_output_edge_fires_when_the_output_was_there(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}})
        durations, outputs = {"a": 10.0, "b": 20.0}, {("a", "o"): 4.0}
        self.assertEqual(seconds(declared, durations, outputs=outputs), 24)
        self.assertEqual(seconds(declared, durations), 30)

    def test_cached_job_takes_the_seconds_of_its_restore_unless_set(self) -> None:
        declared = jobs("a; b<a", a={"cache": CACHED})
        made = scenario(declared, {"a": 50, "b": 1}, restored={"a": 0.5})
        self.assertEqual(predict.predict(made).seconds, 1.5)
        self.assertEqual(predict.predict(predict.with_durations(made, {"a": 9})).seconds, 10)

    def test_outputs_are_there_at_the_latest_when_a_job_is_done(self) -> None:
        declared = jobs("s; t<s", s={"service": True, "outputs": {"o": "o"}})
        made = scenario(declared, {"s": 9, "t": 2}, outputs={("s", "o"): 4})
        self.assertEqual(predict.predict(predict.with_durations(made, {"s": 1})).seconds, 3)

    def test_path_goes_by_the_dependency_though_another_job_ended_then(self) -> None:
        told = predict.predict(scenario(jobs("x; a; b<a"), {"x": 5, "a": 5, "b": 2}))
        self.assertEqual([span.job for span in told.path], ["a", "b"])

    def test_never_timed_counts_as_the_median_and_is_named(self) -> None:
        told = predict.predict(scenario(jobs("a; b; c; new<c"), {"a": 1, "b": 4, "c": 90}))
        self.assertEqual((told.seconds, told.guessed), (94, ("new",)))

    def test_job_longer_than_its_timeout_is_played_to_its_end(self) -> None:
        self.assertEqual(seconds(jobs("a; b<a", a={"timeout": 5}), {"a": 50, "b": 1}), 51)

    def test_selection_counts(self) -> None:
        declared, durations = jobs("a; b<a; c"), {"a": 5.0, "b": 6.0, "c": 7.0}
        self.assertEqual(seconds(declared, durations, choice=Choice(only_jobs=["a"])), 5)
        self.assertEqual(
            seconds(declared, durations, choice=Choice(only_jobs=["b"], no_deps=True)), 6
        )
        self.assertEqual(seconds(declared, durations, choice=Choice(skip_jobs=["a"])), 7)
        self.assertEqual(seconds(declared, durations, choice=Choice(first_jobs=["c"])), 7 + 11)

    def test_share_of_a_pool_that_is_used(self) -> None:
        declared = jobs("a; b<a", a={"resources": {"cpu": 2}}, b={"resources": {"cpu": 1}})
        told = predict.predict(scenario(declared, {"a": 10, "b": 10}, pools={"cpu": 2}))
        self.assertEqual((told.shares, told.parallel), ({"cpu": 0.75}, 1))

    def test_a_run_that_cannot_come_to_its_end_is_refused(self) -> None:
        fields = {"service": True, "outputs": {"o": "o"}, "resources": {"x": 1}}
        declared = jobs("s; t<s", s=fields, t={"resources": {"x": 1}})
        with self.assertRaisesRegex(ValueError, "can never start"):
            seconds(declared, {})


class WhatIf(unittest.TestCase):
    def test_dropped_edge_lets_its_end_start_earlier(self) -> None:
        made = scenario(jobs("a; b<a; c<a,b"), {"a": 5, "b": 6, "c": 7})
        dropped = predict.without_edge(made, "b:c")
        self.assertEqual(
            (predict.predict(made).seconds, predict.predict(dropped).seconds), (18, 12)
        )

    def test_dropping_an_edge_takes_that_of_its_outputs_too(self) -> None:
        made = scenario(jobs("a; b<a:o", a={"outputs": {"o": "o"}}), {"a": 5, "b": 6})
        self.assertEqual(predict.predict(predict.without_edge(made, "a:b")).seconds, 6)

    def test_edge_and_job_that_are_not_there_are_refused_with_the_nearest(self) -> None:
        made = scenario(jobs("build; test<build"), {})
        with self.assertRaisesRegex(ValueError, "did you mean 'build:test'"):
            predict.without_edge(made, "biuld:test")
        with self.assertRaisesRegex(ValueError, "did you mean 'test'"):
            predict.with_durations(made, {"tset": 1})

    def test_dearest_edge_pool_and_delay_are_found_by_runs_without_them(self) -> None:
        each = {"resources": {"port": 1}}
        declared = jobs("a; b<a; c; d", a={"delay": 2}, c=each, d=each)
        made = scenario(declared, {"a": 10, "b": 9, "c": 15, "d": 14})
        told = {cost.what: cost.seconds for cost in predict.costs(made)}
        self.assertEqual(told, {"pool port=1": 8})  # 29 s; then a and b are the longest, 21 s
        free = scenario(jobs("a; b<a; c; d", a={"delay": 2}), {"a": 10, "b": 9, "c": 15, "d": 14})
        told = {cost.what: cost.seconds for cost in predict.costs(free)}
        self.assertEqual(told, {"edge a:b": 6, "delay of a": 2})

    def test_limit_of_slots_is_among_the_costs(self) -> None:
        made = scenario(jobs("a; b"), {"a": 10, "b": 9}, max_parallel=1)
        self.assertEqual(predict.costs(made), [predict.Cost("-j 1", 9)])


class Predecessor(unittest.TestCase):
    def run_of(self, machine: int, **more: Any) -> float:
        seen = predecessor.MACHINES[machine]
        declared = more.pop("declared", predecessor.jobs())
        return seconds(declared, seen.durations, **more)

    def test_it_has_sixteen_jobs_and_four_delays(self) -> None:
        declared = predecessor.jobs()
        self.assertEqual(len(declared), 16)
        self.assertEqual(sorted(job.delay for job in declared if job.delay), [2, 2, 10, 10])
        self.assertEqual([j.delay for j in predecessor.jobs(without=(2.0, 10.0)) if j.delay], [])

    def test_delays_of_ten_seconds_cost_four_on_sixteen_cores(self) -> None:
        without = predecessor.jobs(without=(predecessor.LONG,))
        self.assertEqual(self.run_of(1) - self.run_of(1, declared=without), 4)

    def test_longest_path_first_is_shorter_than_its_order_where_slots_are_short(self) -> None:
        ordered = self.run_of(2, max_parallel=2, by_urgency=False)
        self.assertLess(self.run_of(2, max_parallel=2), 0.8 * ordered)


if __name__ == "__main__":
    unittest.main()
