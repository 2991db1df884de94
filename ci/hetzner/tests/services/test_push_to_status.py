"""From the delivery of a push to the final status of its commit; bodies are those of a stage."""

from __future__ import annotations

import sys

from tests.support.box_processes import HETZNER, BoxCase
from tests.support.commit_stage import OnStage
from tests.support.waiting import wait_for, wait_until


class FromPushToStatus(BoxCase, OnStage):
    def setUp(self) -> None:
        super().setUp()
        self.hold, self.held = self.stage.gate("test_js")
        environ = self.stage.environment(CI_GROUP_STATUSES="1", CI_PROTECTED_BRANCHES="main")
        repo = {"CI_REPO_DIR": str(self.stage.repo)}
        command = {"CI_QUEUE_COMMAND": f"{sys.executable} {HETZNER / 'pipeline.py'}"}
        self.begin({**environ, **repo, **command})

    def test_green_commit_is_pending_then_success_and_its_target_is_the_report(self) -> None:
        sha = self.stage.commit("green")
        self.deliver(sha)
        told = self.wait_for_status(sha)
        self.assertEqual(told.state, "success", told)
        self.assertEqual(set(self.statuses(sha)[:-1]), {"pending"})
        self.assertEqual(self.statuses(sha, "ci/hetzner/fast"), ["pending", "success"])
        wait_until(lambda: "Timeline" in self.page(told.url), "the report of the run")
        self.assertIn(sha, self.page(told.url))
        wait_until(lambda: "passed" in self.page("/"), "the end of its entry")

    def test_red_commit_is_a_failure_that_names_the_job(self) -> None:
        (self.stage.root / "broken-lint_python").touch()
        sha = self.stage.commit("red")
        self.deliver(sha)
        told = self.wait_for_status(sha)
        self.assertEqual(told.state, "failure", told)
        self.assertIn("lint-python", told.description)
        self.assertEqual(self.statuses(sha, "ci/hetzner/fast")[-1], "failure")
        wait_until(lambda: "failed" in self.page("/"), "the end of its entry")

    def test_newer_push_supersedes_the_older_and_both_have_a_final_status(self) -> None:
        first = self.stage.commit("one")
        self.hold.touch()
        self.deliver(first, "topic")
        wait_for(self.held)
        second, third = self.stage.commit("two"), self.stage.commit("three")
        for sha in (second, third):
            self.deliver(sha, "topic")
        for sha, by in ((first, second), (second, third)):
            told = self.wait_for_status(sha, words=f"superseded by {by[:7]}")
            self.assertEqual(told.state, "error")
        self.hold.unlink()
        self.assertEqual(self.wait_for_status(third).state, "success")
        for sha in (first, second):  # no other word has come after the final one
            self.assertEqual(self.last(sha).description[:10], "superseded")

    def test_delivery_that_comes_twice_runs_once(self) -> None:
        sha = self.stage.commit("green")
        for _ in range(3):
            self.deliver(sha)
        self.wait_for_status(sha)
        self.deliver(sha, delivery="another")
        runs = [run for run in (self.stage.state / "runs").iterdir() if run.name.endswith(sha[:7])]
        self.assertEqual(len(runs), 1)
