"""The status of a group of jobs follows the events of a run."""

from __future__ import annotations

import unittest

import pipeline
from lib.buckaroo import settings
from lib.github.group_statuses import GroupStatuses
from lib.model import events
from lib.model.result import Outcome, Result
from tests.support.github_case import SHA, WithGitHub

GROUP = ("lint", "test-a", "test-b")


class Groups(WithGitHub):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.reporter()
        self.listener = GroupStatuses(
            self.made, SHA, "https://box/r", "fast", GROUP, lambda job: [f"m::{job}_sorts"]
        )

    def start(self, *names: str) -> None:
        self.listener(events.RunStarted(0.0, names, ()))

    def end(self, job: str, outcome: Outcome, *, again: bool = False, reason: str = "") -> None:
        result = Result(job, outcome, reason=reason)
        result.begun, result.started, result.ended = True, 1.0, 3.0
        told = events.Finished(63.4, job, result, outcome, reason, again=again)
        self.listener(told)

    def told(self) -> list[tuple[str, str]]:
        self.assertTrue(self.made.flush(30.0))
        self.assertEqual({body["context"] for body in self.github.seen}, {"ci/hetzner/fast"})
        return [(body["state"], body["description"]) for body in self.github.seen]

    def test_group_passes_once_all_of_its_jobs_have(self) -> None:
        self.start(*GROUP, "other")
        self.end("lint", Outcome.RESTORED)
        self.end("other", Outcome.FAILED)
        self.end("test-a", Outcome.FLAKY)
        self.assertEqual(self.told(), [("pending", "3 jobs")])
        self.end("test-b", Outcome.PASSED)
        self.assertEqual(self.told()[1:], [("success", "3 jobs passed in 63 s")])
        self.listener(events.RunEnded(90.0, 1, ()))
        self.assertEqual(len(self.told()), 2)

    def test_group_fails_with_the_first_of_its_jobs_that_does_and_names_its_tests(self) -> None:
        self.start(*GROUP)
        self.end("test-a", Outcome.FAILED, reason="exit code 1")
        self.end("test-b", Outcome.TIMED_OUT)
        self.end("lint", Outcome.PASSED)
        text = "test-a failed in 2 s: exit code 1; 1 failed test: test-a_sorts"
        self.assertEqual(self.told()[1:], [("failure", text)])
        self.assertEqual(self.github.seen[1]["target_url"], "https://box/r/test-a.log")

    def test_job_that_was_skipped_fails_its_group(self) -> None:
        self.start(*GROUP)
        self.end("lint", Outcome.SKIPPED, reason="dependency failed: install")
        self.assertEqual(self.told()[1][0], "failure")

    def test_job_of_two_passes_has_passed_only_after_both(self) -> None:
        self.start("lint")
        self.end("lint", Outcome.PASSED, again=True)
        self.assertEqual([state for state, _ in self.told()], ["pending"])
        self.end("lint", Outcome.PASSED)
        self.assertEqual([state for state, _ in self.told()], ["pending", "success"])

    def test_job_that_was_cut_off_is_an_error_of_its_group(self) -> None:
        self.start(*GROUP)
        self.end("lint", Outcome.CANCELLED, reason="cut off by SIGTERM")
        self.assertEqual(self.told()[1], ("error", "lint cancelled in 2 s: cut off by SIGTERM"))

    def test_run_that_ends_before_its_group_is_an_error(self) -> None:
        self.start(*GROUP)
        self.end("lint", Outcome.PASSED)
        self.listener(events.RunEnded(90.0, 1, ()))
        text = "not all of its jobs have ended: test-a, test-b"
        self.assertEqual(self.told()[1:], [("error", text)])

    def test_jobs_that_the_run_leaves_out_are_named(self) -> None:
        self.start("lint", "other")
        self.end("lint", Outcome.PASSED)
        without = ", without test-a, test-b"
        told = [("pending", f"1 job{without}"), ("success", f"1 job passed in 63 s{without}")]
        self.assertEqual(self.told(), told)

    def test_group_without_any_job_posts_nothing(self) -> None:
        self.start("other")
        self.end("other", Outcome.PASSED)
        self.listener(events.RunEnded(90.0, 0, ()))
        self.assertTrue(self.made.flush(30.0))
        self.assertEqual(self.github.seen, [])


class Declared(unittest.TestCase):
    def test_groups_are_of_jobs_that_exist_and_none_has_the_name_of_a_job(self) -> None:
        names = {job.name for job in pipeline.job_table(settings.load_anywhere({}, {}))}
        for group, jobs in pipeline.STATUS_GROUPS.items():
            self.assertEqual(set(jobs) - names, set())
            self.assertNotIn(group, names, "a status of a job would be that of the group")


if __name__ == "__main__":
    unittest.main()
