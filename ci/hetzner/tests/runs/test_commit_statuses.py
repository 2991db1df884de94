"""The statuses that a run of pipeline.py sets."""

from __future__ import annotations

import signal
import unittest

from tests.support import github_server
from tests.support.commit_stage import OnStage
from tests.support.waiting import PATIENCE, wait_for, wait_until

FAST = "ci/hetzner/fast"


class Statuses(OnStage):
    def setUp(self) -> None:
        super().setUp()
        self.github = self.enterContext(github_server.serve())
        self.stage.github = self.github
        self.sha = self.stage.git(self.stage.repo, "rev-parse", "HEAD")

    def posted(self) -> list[tuple[str, str]]:
        return [(body["state"], body["context"]) for body in self.github.seen]

    def test_whole_run_is_pending_then_success(self) -> None:
        self.assertEqual(self.stage.run(LOG_URL="https://box/logs/").code, 0)
        self.assertEqual(self.posted(), [("pending", "ci/hetzner"), ("success", "ci/hetzner")])
        self.assertEqual(
            self.github.seen[1]["target_url"], f"https://box/logs/{self.stage.log_dir().name}"
        )
        self.assertTrue(all(path.endswith(self.sha) for path in self.github.requests))
        self.assertFalse(list((self.stage.state / "outbox").iterdir()))

    def test_failure_names_the_job(self) -> None:
        self.assertEqual(self.stage.run(STAGE_FAIL="lint_python").code, 1)
        self.assertEqual(self.posted()[-1], ("failure", "ci/hetzner"))
        self.assertRegex(self.github.seen[-1]["description"], r"failed in \d+ s: lint-python$")

    def test_part_of_the_jobs_says_nothing_of_the_commit(self) -> None:
        for words in (["--only-jobs", "test-js"], ["--skip-jobs", "test-js"], ["--in-place"]):
            self.assertEqual(self.stage.run(*words).code, 0)
        self.assertEqual(self.posted(), [])
        self.assertIn("no status of the commit is set", self.stage.log())

    def test_commit_that_cannot_be_checked_out_is_an_error(self) -> None:
        self.assertEqual(self.stage.run("f" * 40).code, 1)
        self.assertEqual([state for state, _ in self.posted()], ["pending", "error"])
        self.assertIn("has no commit", self.github.seen[-1]["description"])

    def test_signal_sets_the_status(self) -> None:
        started = self.stage.root / "started"
        with self.stage.start(STAGE_SLEEP="test_js", STAGE_STARTED=str(started)) as process:
            wait_for(started)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 128 + signal.SIGINT)
        self.assertEqual(self.posted()[-1], ("error", "ci/hetzner"))

    def test_runner_that_was_killed_is_told_of_by_the_next(self) -> None:
        started = self.stage.root / "started"
        with self.stage.start(STAGE_SLEEP="test_js", STAGE_STARTED=str(started)) as process:
            wait_for(started)
            wait_until(lambda: bool(self.posted()), "the pending status")
            process.kill()
            process.communicate(timeout=PATIENCE)
        self.assertEqual([state for state, _ in self.posted()], ["pending"])
        self.assertEqual(self.stage.run("--only-jobs", "lint-python").code, 0)
        self.assertEqual([state for state, _ in self.posted()], ["pending", "error"])
        self.assertIn("cut off", self.github.seen[-1]["description"])

    def test_jobs_have_contexts_of_their_own_when_asked_for(self) -> None:
        self.assertEqual(self.stage.run(CI_JOB_STATUSES="1").code, 0)
        states = [state for state, context in self.posted() if context == "ci/hetzner/test-js"]
        self.assertEqual(states, ["pending", "success"])

    def of_group(self) -> list[tuple[str, str]]:
        return [(b["state"], b["description"]) for b in self.github.seen if b["context"] == FAST]

    def test_group_of_fast_jobs_has_its_status_before_the_whole_run_has(self) -> None:
        self.assertEqual(self.stage.run(CI_GROUP_STATUSES="").code, 0)
        (first, _), (last, text) = self.of_group()
        self.assertEqual((first, last), ("pending", "success"))
        self.assertRegex(text, r"^6 jobs passed in \d+ s$")
        self.assertEqual(self.posted()[-1], ("success", "ci/hetzner"))

    def test_group_fails_at_once_and_the_whole_run_later(self) -> None:
        ran = self.stage.run(CI_GROUP_STATUSES="1", STAGE_FAIL="lint_python")
        self.assertEqual(ran.code, 1)
        self.assertEqual([state for state, _ in self.of_group()], ["pending", "failure"])
        self.assertEqual(self.posted()[-1], ("failure", "ci/hetzner"))

    def test_part_of_the_jobs_says_nothing_of_a_group(self) -> None:
        self.assertEqual(self.stage.run("--skip-jobs", "test-js", CI_GROUP_STATUSES="1").code, 0)
        self.assertEqual(self.posted(), [])

    def test_group_of_a_runner_that_was_killed_is_an_error_by_the_next(self) -> None:
        started = self.stage.root / "started"
        variables = {"STAGE_SLEEP": "test_js", "STAGE_STARTED": str(started)}
        with self.stage.start(CI_GROUP_STATUSES="1", **variables) as process:
            wait_for(started)
            wait_until(lambda: bool(self.of_group()), "the status of the group")
            process.kill()
            process.communicate(timeout=PATIENCE)
        self.assertEqual(self.stage.run("--only-jobs", "lint-python").code, 0)
        (first, _), (last, text) = self.of_group()
        self.assertEqual((first, last), ("pending", "error"))
        self.assertIn("cut off", text)

    def test_failed_tests_are_named_in_the_status_of_their_job_and_of_the_commit(self) -> None:
        case = '<testcase classname="a.ts" name="table {}"><failure/></testcase>'
        junit = f"<testsuite>{case.format('sorts')}{case.format('ends' * 60)}</testsuite>"
        done = self.stage.run(CI_JOB_STATUSES="1", STAGE_FAIL="test_js", STAGE_JUNIT=junit)
        self.assertEqual(done.code, 1)
        told = {body["context"]: body["description"] for body in self.github.seen}
        for context in ("ci/hetzner/test-js", "ci/hetzner"):
            self.assertRegex(told[context], r"^failed in .*; 2 failed tests: table sorts, table en")
            self.assertEqual(len(told[context]), 140)

    def test_dead_github_is_in_the_log_and_changes_no_result(self) -> None:
        self.github.replies = [(422, {}, b'{"message": "no"}')] * 9
        self.assertEqual(self.stage.run().code, 0)
        self.assertIn("status success of ci/hetzner", self.stage.log())
        self.assertNotIn(github_server.TOKEN, self.stage.log())

    def test_without_a_token_one_line_and_no_call(self) -> None:
        self.assertEqual(self.stage.run(GITHUB_TOKEN="").code, 0)
        self.assertEqual(self.github.requests, [])
        self.assertEqual(self.stage.log().count("statuses are off"), 1)


if __name__ == "__main__":
    unittest.main()
