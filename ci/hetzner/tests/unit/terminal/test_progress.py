"""The live view's knowledge of a run, from its events."""

from __future__ import annotations

import unittest

from lib.model import events
from lib.model.cause import Cause
from lib.model.result import AttemptRecord, Outcome, Result
from lib.terminal import all_jobs, cells
from lib.terminal.cells import Look
from lib.terminal.progress import Progress, RunningJob

NEEDS = {"test": ["build", "lint"], "deploy": ["test"]}


def finished(name: str, outcome: Outcome, at: float, *, again: bool = False) -> events.Finished:
    result = Result(name, outcome, reason="" if outcome is Outcome.PASSED else "exit code 3")
    result.started, result.ended = at - 2, at
    return events.Finished(at, name, result, outcome, result.reason, again=again)


def follow(*seen: events.Event) -> Progress:
    progress = Progress(NEEDS, {"build": 20.0})
    names = ("build", "lint", "test", "deploy")
    for event in (events.RunStarted(0.0, names, ()), *seen):
        progress(event)
    return progress


def record() -> AttemptRecord:
    return AttemptRecord(1, Outcome.FAILED, 1, 0.0, 1.0, "exit code 1", (), None, Cause.EXIT_CODE)


class Follows(unittest.TestCase):
    def test_started_job_runs_until_it_has_ended(self) -> None:
        progress = follow(events.Started(1.0, "build", 1))
        self.assertEqual(list(progress.running.values()), [RunningJob("build", 1.0, 20.0)])
        self.assertEqual(progress.waiting, 3)
        progress(finished("build", Outcome.PASSED, 5.0))
        self.assertEqual((progress.running, list(progress.ended)), ({}, ["build"]))
        self.assertEqual((progress.waiting, progress.failed), (3, 0))

    def test_job_between_two_attempts_waits(self) -> None:
        progress = follow(
            events.Started(1.0, "build", 1), events.AttemptEnded(2.0, "build", record(), again=True)
        )
        self.assertEqual((progress.running, progress.waiting), ({}, 4))
        progress(events.Started(3.0, "build", 2))
        self.assertEqual(progress.running["build"].doing, "attempt 2")

    def test_service_serves_and_late_job_stops(self) -> None:
        progress = follow(
            events.Started(1.0, "build", 1),
            events.Ready(2.0, "build"),
            events.Started(1.0, "lint", 1),
            events.TimedOut(9.0, "lint", 8.0),
            events.Ready(9.0, "unknown"),
        )
        doing = {name: job.doing for name, job in progress.running.items()}
        self.assertEqual(doing, {"build": "serves", "lint": "stops"})

    def test_first_of_two_passes_is_no_end(self) -> None:
        progress = follow(
            events.Started(1.0, "build", 1), finished("build", Outcome.PASSED, 2.0, again=True)
        )
        self.assertEqual((progress.running, progress.ended, progress.waiting), ({}, {}, 4))

    def test_failed_and_skipped_jobs_are_counted_unless_they_may_fail(self) -> None:
        allowed = finished("lint", Outcome.FAILED, 2.0)
        allowed.result.allowed = True
        progress = follow(
            finished("build", Outcome.FAILED, 2.0), allowed, finished("test", Outcome.SKIPPED, 2.0)
        )
        self.assertEqual((progress.failed, progress.cancelled, progress.skipped), (1, 0, 1))

    def test_cancelled_job_and_those_that_need_it_have_not_failed(self) -> None:
        progress = follow(
            finished("build", Outcome.CANCELLED, 2.0), finished("test", Outcome.SKIPPED, 2.0)
        )
        self.assertEqual((progress.failed, progress.cancelled, progress.skipped), (0, 1, 1))

    def test_job_waits_no_more_for_what_serves_or_is_written(self) -> None:
        progress = Progress({"test": ["server", "build:wheel", "build:docs", "lint"]}, {})
        progress(events.Ready(1.0, "server"))
        progress(events.OutputReady(1.0, "build", "wheel"))
        self.assertEqual(progress.awaited("test"), ["build:docs", "lint"])
        progress(finished("build", Outcome.PASSED, 2.0))
        self.assertEqual(progress.awaited("test"), ["lint"])

    def test_run_that_is_cut_off_is_known(self) -> None:
        self.assertFalse(follow().cut_off)
        self.assertTrue(follow(events.Interrupted(1.0, "SIGINT", ())).cut_off)
        self.assertTrue(follow(events.FastFail(1.0, "build failed")).cut_off)


class AllJobs(unittest.TestCase):
    def test_rows_tell_state_time_and_reason_the_failed_first(self) -> None:
        progress = follow(
            finished("lint", Outcome.PASSED, 3.0),
            events.Started(1.0, "build", 2),
            finished("docs", Outcome.SKIPPED, 4.0),
            finished("deploy", Outcome.FAILED, 4.0),
        )
        made = [cells.line(row, 80, Look(False)) for row in all_jobs.rows(progress, 31.0)]
        self.assertEqual(
            made,
            [
                "✗ deploy failed, 0:02, exit code 3",
                "▸ build 0:30 attempt 2",
                "· test waits for build",
                "✗ docs skipped, 0:02, exit code 3",
                "✓ lint 0:02",
            ],
        )

    def test_job_that_waits_for_no_other_waits_for_its_turn(self) -> None:
        rows = [cells.line(row, 80, Look(False)) for row in all_jobs.rows(follow(), 1.0)]
        self.assertIn("· build waits for its turn", rows)


if __name__ == "__main__":
    unittest.main()
