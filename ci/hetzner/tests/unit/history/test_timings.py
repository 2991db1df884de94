"""The usual durations of jobs, as the history tells them."""

from __future__ import annotations

import contextlib
import math
import random
import sqlite3
import unittest
from collections.abc import Collection
from unittest import mock

from lib.history.timings import timings
from lib.model.durations import Timings
from tests.support.fakes import CACHED, Fate, jobs, play
from tests.support.past import add_run
from tests.support.recorded import Recorded, record

NEVER = math.inf


def of_jobs(told: Timings, jobs: Collection[str]) -> Timings:
    """Return what is told of some jobs, of all if there are none."""
    return Timings(
        {job: s for job, s in told.durations.items() if not jobs or job in jobs},
        {key: s for key, s in told.outputs.items() if not jobs or key[0] in jobs},
        {job: s for job, s in told.restored.items() if not jobs or job in jobs},
    )


class UsualDurations(Recorded):
    def test_nothing_is_known_without_a_history(self) -> None:
        self.assertEqual(timings(self.path), Timings())

    def test_usual_is_the_median_of_recent_passes(self) -> None:
        seconds = (900, 900, 900, 2, 9, 3)
        runs = [play(jobs("a", a={"timeout": 9999}), {"a": Fate(s)}) for s in seconds]
        self.assertEqual(record(self.path, *runs).durations, {"a": 3})

    def test_pass_without_tests_tells_no_duration(self) -> None:
        whole, empty = (play(jobs("a"), {"a": Fate(s, code=c)}) for s, c in ((40, 0), (1, 5)))
        self.assertEqual(record(self.path, whole, empty, empty).durations, {"a": 40})

    def test_runs_of_the_same_jobs_count_before_others(self) -> None:
        both = play(jobs("a; b"), {"a": Fate(40)})
        alone = [play(jobs("a"), {"a": Fate(5)}) for _ in range(5)]
        record(self.path, both, *alone)
        self.assertEqual(timings(self.path).durations["a"], 5)
        self.assertEqual(timings(self.path, beside=["a", "b"]).durations["a"], 40)
        self.assertEqual(timings(self.path, beside=["a", "new"]).durations["a"], 5)

    def test_row_without_a_time_does_not_count(self) -> None:
        record(self.path, *[play(jobs("a; b"), {"a": Fate(3), "b": Fate(4)})] * 2)
        with contextlib.closing(sqlite3.connect(self.path)) as opened, opened:
            opened.execute("UPDATE attempts SET seconds = 'x' WHERE job = 'a'")
            opened.execute("UPDATE attempts SET seconds = 9e999 WHERE job = 'b'")
        self.assertEqual(timings(self.path).durations, {})

    def test_short_look_tells_what_a_long_one_does(self) -> None:
        chance = random.Random(1)
        for _ in range(30):
            names = chance.sample("abcd", chance.randint(2, 4))
            outcomes = ("passed", "passed", "failed", "restored")
            attempts = " ".join(f"{name}={chance.choice(outcomes)}" for name in names)
            outputs = " ".join(f"{name}:o" for name in names)
            add_run(self.path, attempts, seconds=chance.uniform(1, 99), outputs=outputs)
        for beside in (["a"], ["a", "b"], ["a", "b", "c", "d"], ["a", "new"], []):
            with self.subTest(beside):
                long = of_jobs(timings(self.path, beside), beside)
                with mock.patch("lib.history.timings.FIRST_LOOKED_AT", 20):
                    self.assertEqual(of_jobs(timings(self.path, beside), beside), long)

    def test_failures_are_not_usual(self) -> None:
        runs = [play(jobs("a"), {"a": Fate(3)}), play(jobs("a"), {"a": Fate(50, code=1)})]
        self.assertEqual(record(self.path, *runs).durations, {"a": 3})

    def test_of_a_flaky_job_the_attempt_that_passed_counts(self) -> None:
        played = play(jobs("a", a={"retries": 1}), {"a": [Fate(50, code=1), Fate(3)]})
        self.assertEqual(record(self.path, played).durations, {"a": 3})

    def test_of_a_service_the_time_to_ready_counts(self) -> None:
        declared = jobs("s; t<s", s={"service": True, "outputs": {"u": "u"}})
        played = play(declared, {"s": Fate(NEVER, writes={"u": 4}), "t": Fate(30)})
        self.assertEqual(record(self.path, played).durations, {"s": 4, "t": 30})

    def test_outputs_that_a_job_waited_for_have_a_time(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o", "p": "p"}})
        played = play(declared, {"a": Fate(10, writes={"o": 4, "p": 5})})
        self.assertEqual(record(self.path, played).outputs, {("a", "o"): 4})

    def test_output_of_an_attempt_that_failed_has_none(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}, "retries": 1}, b={"delay": 3})
        failed = Fate(9, code=1, writes={"o": 8})
        played = play(declared, {"a": [failed, Fate(9, writes={"o": 2})], "b": Fate(2)})
        self.assertEqual(record(self.path, played).outputs, {("a", "o"): 2})
        unseen = play(declared, {"a": [failed, Fate(9)], "b": Fate(2)})
        self.assertEqual(record(self.path.with_name("other.db"), unseen).outputs, {})

    def test_job_that_was_restored_last_time_is_taken_to_be_cached(self) -> None:
        hit = {"a": Fate(50, cache=0)}
        declared = jobs("a", a={"cache": CACHED})
        ran, restored = play(declared, {"a": Fate(50)}), play(declared, hit)
        told = record(self.path, ran, restored)
        self.assertEqual((round(told.durations["a"]), round(told.restored["a"], 3)), (50, 0.01))
        self.assertEqual(record(self.path, ran).restored, {})

    def test_job_that_other_runs_restored_is_not_taken_to_be_cached_in_this_one(self) -> None:
        cached = {"cache": CACHED}
        both = play(jobs("a; b", a=cached), {"a": Fate(50)})
        alone = play(jobs("a", a=cached), {"a": Fate(50, cache=0)})
        record(self.path, both, alone)
        self.assertEqual(set(timings(self.path).restored), {"a"})
        self.assertEqual(timings(self.path, beside=["a", "b"]).restored, {})


if __name__ == "__main__":
    unittest.main()
