"""A commit's run on a CI box. For test_box.py, which runs it where nothing else can be reached."""

from __future__ import annotations

import os
import re
import unittest
from pathlib import Path

from tests.support import github_server
from tests.support.commit_stage import OnStage
from tests.support.waiting import PATIENCE

# a job that ends when that of the other run has begun
BOTH = """
cat file; echo
touch "$CI_STATE_DIR/../$(cat file)-began"
until [[ -e $CI_STATE_DIR/../second-began && -e $CI_STATE_DIR/../third-began ]]; do sleep 0.05; done
cat file
"""


class Box(OnStage):
    def setUp(self) -> None:
        # the runner kills by name here, and removes from /tmp and from the home
        self.assertLess(os.getpid(), 10, "expected a namespace of its own: run tests.runs.test_box")
        super().setUp()
        self.github = self.enterContext(github_server.serve())
        self.stage.github = self.github
        self.checkout = self.stage.root / "checkout"
        origin = str(self.stage.root / "origin.git")
        self.stage.git(self.stage.root, "clone", "-q", origin, "checkout")
        self.stage.variables = {"CI_BOX": "1", "CI_REPO_DIR": str(self.checkout)}

    def posted(self) -> list[str]:
        return [body["state"] for body in self.github.seen]

    def snapshots(self) -> list[str]:
        text = (self.stage.log_dir() / "snapshots.txt").read_text()
        return re.findall(r"^=== (.*) \d{4}-", text, re.MULTILINE)

    def test_commit_that_was_pushed_since_is_fetched_and_tested_in_the_checkout(self) -> None:
        sha = self.stage.commit("second")
        ran = self.stage.run(sha, "main")
        self.assertEqual(ran.code, 0, ran.out + ran.errors)
        self.assertEqual((self.checkout / "file").read_text(), "second")
        self.assertEqual(self.posted(), ["pending", "success"])

    def test_branch_is_the_fetched_one_in_logs_url_and_statuses(self) -> None:
        first = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        sha = self.stage.commit("second")
        ran = self.stage.run("main", "main", LOG_URL="https://box/logs")
        self.assertEqual(ran.code, 0, ran.out + ran.errors)
        self.assertIn(f"TREE  {sha} in", self.stage.log(sha))
        self.assertFalse(self.stage.log_dir(first).exists())
        self.assertEqual(self.posted(), ["pending", "success"])
        self.assertTrue(all(path.endswith(sha) for path in self.github.requests))
        urls = {body["target_url"] for body in self.github.seen}
        self.assertEqual(urls, {f"https://box/logs/{self.stage.log_dir(sha).name}"})

    def test_branch_that_cannot_be_fetched_is_red_and_its_old_commit_gets_no_status(self) -> None:
        self.stage.git(self.checkout, "remote", "set-url", "origin", "/nonexistent")
        ran = self.stage.run("main", "main")
        self.assertEqual(ran.code, 1, ran.out + ran.errors)
        (log,) = (self.stage.state / "runs").glob("*-nocommit/ci.log")
        self.assertRegex(log.read_text(), "ERROR .*see that the remote `origin`")
        self.assertNotIn("START", log.read_text())
        self.assertEqual(self.posted(), [])

    def test_checkout_is_cleaned_but_for_its_node_modules(self) -> None:
        (self.checkout / "file").write_text("changed")
        (self.checkout / "left").touch()
        kept = self.checkout / "packages" / "node_modules" / "kept"
        kept.parent.mkdir()
        kept.touch()
        self.assertEqual(self.stage.run("HEAD", "--only-jobs", "test-js").code, 0)
        self.assertEqual((self.checkout / "file").read_text(), "first")
        self.assertFalse((self.checkout / "left").exists())
        self.assertTrue(kept.exists())

    def test_machine_is_recorded_before_and_after_cleaning_and_at_the_end(self) -> None:
        stale = Path("/tmp/pw-stale")
        stale.mkdir()
        self.assertEqual(self.stage.run("HEAD", "--only-jobs", "test-js").code, 0)
        order = ["before cleaning up", "after cleaning up", "after"]
        self.assertEqual(self.snapshots(), order)
        self.assertFalse(stale.exists())
        lines = self.stage.log().splitlines()
        steps = [
            line[11:16] for line in lines if line[11:16] in ("RUN  ", "CLEAN", "TREE ", "START")
        ]
        self.assertEqual(steps, ["RUN  ", "CLEAN", "TREE ", "START"])

    def test_failed_fetch_is_red_though_the_commit_is_there(self) -> None:
        self.stage.git(self.checkout, "remote", "set-url", "origin", "/nonexistent")
        sha = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        self.assertEqual(self.stage.run(sha, "main").code, 1)
        self.assertNotIn("START", self.stage.log())
        self.assertEqual(self.posted(), ["pending", "error"])
        self.assertIn("does not appear to be a git repository", self.github.seen[-1]["description"])

    def test_two_places_run_two_new_commits_side_by_side_in_trees_of_their_own(self) -> None:
        body = self.stage.root / "runner" / "jobs" / "test_js.sh"
        body.write_text(BOTH)
        shas = {1: self.stage.commit("second"), 2: self.stage.commit("third")}
        words = ("main", "--only-jobs", "test-js,build-js", "--place")
        runs = [self.stage.start(sha, *words, str(place)) for place, sha in shas.items()]
        for (place, sha), run in zip(shas.items(), runs, strict=True):
            out, errors = run.communicate(timeout=PATIENCE)
            self.assertEqual(run.returncode, 0, out + errors)
            self.assertRegex(self.stage.log(sha), rf"TREE  {sha} in .*/worktrees/.*-place{place}\n")
        for sha, text in zip(shas.values(), ("second", "third"), strict=True):
            told = (self.stage.log_dir(sha) / "test-js.log").read_text()
            self.assertEqual(told.split("\n")[:2], [text, text])
        self.assertEqual((self.checkout / "file").read_text(), "first")

    def test_new_commit_is_prepared_in_a_worktree_of_its_place(self) -> None:
        sha = self.stage.commit("second")
        ran = self.stage.run(sha, "main", "--place", "1", "--prepare")
        self.assertEqual(ran.code, 0, ran.out + ran.errors)
        (tree,) = (self.stage.state / "worktrees").glob("*-place1")
        self.assertEqual((tree / "file").read_text(), "second")
        self.assertEqual((self.checkout / "file").read_text(), "first")
        self.assertEqual((self.posted(), self.stage.log_dir(sha).exists()), ([], False))

    def test_checkout_that_is_none_is_red_and_told(self) -> None:
        sha = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        (self.stage.root / "empty").mkdir()
        ran = self.stage.run(sha, "main", CI_REPO_DIR=str(self.stage.root / "empty"))
        self.assertEqual(ran.code, 1, ran.out + ran.errors)
        self.assertEqual(self.posted(), ["pending", "error"])


if __name__ == "__main__":
    unittest.main()
