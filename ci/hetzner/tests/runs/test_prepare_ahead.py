"""A commit is prepared for a run that is to come: that run is faster, and nothing else changes."""

from __future__ import annotations

import os
import signal
import unittest
from pathlib import Path

from lib.buckaroo import settings
from tests.support import github_server
from tests.support.commit_stage import OnStage
from tests.support.waiting import PATIENCE, wait_for

BODIES = {
    "node_modules": """
mkdir -p packages/node_modules
if [[ -e $CI_STATE_DIR/../slow ]]; then touch "$CI_STATE_DIR/../installs"; sleep 1000; fi
{ git hash-object --no-filters packages/pnpm-lock.yaml && echo packages; } \\
  >packages/node_modules/.ci-installed
nice >packages/node_modules/nice
""",
    "test_js": "[[ $(cat file) == good && ! -e planted && -e packages/node_modules/nice ]]",
}


class PrepareAhead(OnStage):
    def setUp(self) -> None:
        super().setUp()
        self.github = self.enterContext(github_server.serve())
        self.stage.github = self.github
        for name, body in BODIES.items():
            (self.stage.root / "runner" / "jobs" / f"{name}.sh").write_text(body)
        (self.stage.repo / "packages" / "pnpm-lock.yaml").write_text("the lock\n")
        self.sha = self.stage.commit("good")

    @property
    def tree(self) -> Path:
        given = {"repo": self.stage.repo, "state_dir": self.stage.state, "place": 1}
        return settings.load(given, {}).worktree_dir

    def prepare(self, sha: str = "") -> None:
        ran = self.stage.run(sha or self.sha, "main", "--place", "1", "--prepare")
        self.assertEqual(ran.code, 0, ran.out + ran.errors)

    def run_it(self, sha: str = "") -> int:
        words = ("--place", "1", "--only-jobs", "test-js")
        return self.stage.run(sha or self.sha, "main", *words).code

    def test_tree_and_dependencies_are_ready_at_the_lowest_priority(self) -> None:
        self.prepare()
        self.assertEqual((self.tree / "file").read_text(), "good")
        self.assertEqual((self.tree / "packages/node_modules/nice").read_text(), "19\n")
        self.assertEqual(self.run_it(), 0)
        self.assertIn("node-modules  (restored: done before for this", self.stage.log())

    def test_nothing_of_it_counts_as_a_run(self) -> None:
        self.prepare()
        self.assertEqual(self.github.requests, [])
        made = {path.name for path in self.stage.state.iterdir()}
        self.assertEqual(made, {"checkouts", "locks", "work", "worktrees"})

    def test_second_preparation_has_nothing_to_do(self) -> None:
        self.prepare()
        (self.tree / "packages/node_modules/nice").write_text("kept")
        self.prepare()
        self.assertEqual((self.tree / "packages/node_modules/nice").read_text(), "kept")

    def test_change_of_the_prepared_tree_cannot_make_a_run_green(self) -> None:
        bad = self.stage.commit("bad")
        self.prepare(bad)
        (self.tree / "file").write_text("good")
        self.assertEqual(self.run_it(bad), 1)
        self.assertIn("FAIL  test-js", self.stage.log(bad))

    def test_run_makes_again_what_was_broken_since(self) -> None:
        self.prepare()
        (self.tree / "file").unlink()
        (self.tree / "planted").touch()
        stamp = self.tree / "packages/node_modules/.ci-installed"
        stamp.write_text("0" * 40)
        (self.tree / "packages/node_modules/nice").unlink()
        self.assertEqual(self.run_it(), 0)
        self.assertIn("START node-modules", self.stage.log())
        self.assertEqual((self.tree / "file").read_text(), "good")

    def test_place_that_a_run_holds_is_left_alone_at_once_and_another_is_prepared(self) -> None:
        started = self.stage.root / "started"
        words = (self.sha, "main", "--place", "2", "--prepare")
        with self.stage.start(
            *words[:4], STAGE_SLEEP="test_python", STAGE_STARTED=str(started)
        ) as process:
            wait_for(started)
            ran = self.stage.run(*words)
            self.assertEqual(ran.code, 75, ran.errors)
            self.assertIn("nothing is prepared: expected that no other run goes on", ran.errors)
            self.prepare()
            self.assertIsNone(process.poll())
            process.terminate()
            process.communicate(timeout=PATIENCE)

    def test_end_of_its_pipe_ends_it_and_the_run_does_the_rest(self) -> None:
        (self.stage.root / "slow").touch()
        self.stage.stdin, writer = os.pipe()
        self.addCleanup(os.close, self.stage.stdin)
        words = (self.sha, "main", "--place", "1", "--prepare", "--until-eof")
        with self.stage.start(*words) as process:
            wait_for(self.stage.root / "installs")
            os.close(writer)
            out, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, out + errors)
        (self.stage.root / "slow").unlink()
        self.assertEqual(self.run_it(), 0)
        self.assertIn("START node-modules", self.stage.log())

    def test_run_cleans_up_after_a_preparation_that_was_killed(self) -> None:
        (self.stage.root / "slow").touch()
        with self.stage.start(self.sha, "main", "--place", "1", "--prepare") as process:
            wait_for(self.stage.root / "installs")
            process.kill()
            process.communicate(timeout=PATIENCE)
        (self.stage.root / "slow").unlink()
        self.assertEqual(self.run_it(), 0)
        self.assertRegex(self.stage.log(), r"CLEAN .*node_modules\.sh")
        self.assertIn("START node-modules", self.stage.log())

    def test_preparation_that_fails_says_so_and_the_run_tells_the_reason(self) -> None:
        ran = self.stage.run("f" * 40, "main", "--place", "1", "--prepare")
        self.assertEqual(ran.code, 1)
        self.assertIn("nothing is prepared: ", ran.errors)
        body = self.stage.root / "runner" / "jobs" / "node_modules.sh"
        body.write_text("exit 3")
        ran = self.stage.run(self.sha, "main", "--place", "1", "--prepare")
        self.assertEqual(ran.code, 1, ran.out)
        self.assertIn("FAIL  node-modules", ran.out)
        self.assertEqual(self.run_it(), 1)


if __name__ == "__main__":
    unittest.main()
