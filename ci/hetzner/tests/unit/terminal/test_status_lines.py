"""When a view that only adds lines tells what runs, and which job is slow."""

from __future__ import annotations

import math
import unittest

from lib.model import events
from lib.model.result import Outcome, Result
from lib.terminal.status_lines import StatusLines

USUAL = {"a": 12.0, "db": 3.0, "quick": 0.4}


class Beats(unittest.TestCase):
    def setUp(self) -> None:
        self.status = StatusLines(USUAL, 100.0)
        self.status.take(events.RunStarted(100.0, ("a", "db", "quick", "new", "last"), ()))

    def start(self, job: str, at: float, attempt: int = 1) -> None:
        self.status.take(events.Started(at, job, attempt))

    def end(self, job: str, at: float) -> None:
        result = Result(job, Outcome.PASSED)
        self.status.take(events.Finished(at, job, result, Outcome.PASSED, ""))

    def test_first_line_comes_after_thirty_seconds_and_names_what_runs(self) -> None:
        for job in ("quick", "db", "new", "a"):
            self.start(job, 110.0)
        self.end("quick", 111.0)
        self.status.take(events.Ready(112.0, "db"))
        self.assertEqual(self.status.due(), 130.0)
        self.assertEqual(self.status.lines(129.9), [])
        text = (
            "RUNS  db (20.0 s, serves), new (20.0 s), a (20.0 s, usually 12.0 s); "
            "1 waiting, 1 ended, the run 30.0 s"
        )
        self.assertEqual(self.status.lines(130.0), [text])
        self.assertEqual(self.status.lines(130.1), [])

    def test_job_that_writes_nothing_is_said_to_be_silent(self) -> None:
        self.status = StatusLines({}, 100.0, {"a": 45.0, "db": 29.0, "new": 500.0}.__getitem__)
        self.start("a", 100.0)
        self.start("db", 100.0)
        self.start("new", 120.0)
        (text,) = self.status.lines(160.0)
        told = "a (1 min 0 s, silent for 45.0 s), db (1 min 0 s), new (40.0 s, silent for 40.0 s)"
        self.assertIn(told, text)

    def test_lines_that_were_missed_are_one(self) -> None:
        self.assertEqual(
            self.status.lines(195.0), ["RUNS  nothing; 5 waiting, 0 ended, the run 1 min 35 s"]
        )
        self.assertEqual(self.status.due(), 220.0)

    def test_many_jobs_are_counted(self) -> None:
        for number in range(23):
            self.start(f"j{number}", 100.0)
        (text,) = self.status.lines(130.0)
        self.assertIn("j19 (30.0 s), 3 more; ", text)

    def test_job_tells_when_it_would_be_slow(self) -> None:
        for job in ("a", "new"):
            self.start(job, 100.0)
        told = [self.status.slow_at(job) for job in ("a", "new", "unknown")]
        self.assertEqual(told, [124.0, math.inf, math.inf])

    def test_job_is_slow_once_after_twice_its_usual_time(self) -> None:
        self.start("a", 100.0)
        self.assertEqual(self.status.due(), 124.0)
        self.assertEqual(self.status.lines(123.9), [])
        self.assertEqual(self.status.lines(124.0), ["SLOW a (>2× its usual 12 s)"])
        self.assertEqual(self.status.lines(129.0), [])
        self.assertEqual(self.status.due(), 130.0)

    def test_next_attempt_may_be_slow_again(self) -> None:
        self.start("a", 100.0)
        self.status.lines(124.0)
        self.start("a", 125.0, attempt=2)
        self.assertIn("SLOW a (>2× its usual 12 s)", self.status.lines(149.0))

    def test_short_job_is_not_slow_for_a_hiccup(self) -> None:
        self.start("quick", 100.0)
        self.assertEqual(self.status.lines(104.9), [])
        self.assertEqual(self.status.lines(105.0), ["SLOW quick (>2× its usual 0.4 s)"])

    def test_job_that_has_ended_or_is_new_and_service_that_serves_are_never_slow(self) -> None:
        for job in ("a", "new", "db"):
            self.start(job, 100.0)
        self.end("a", 120.0)
        self.status.take(events.Ready(103.0, "db"))
        self.assertEqual(self.status.due(), 130.0)
        self.assertEqual(self.status.lines(129.9), [])


if __name__ == "__main__":
    unittest.main()
