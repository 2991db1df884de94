"""The tree that pipeline.py tests, and the locks of those who share one."""

from __future__ import annotations

import os
import signal
import unittest

from lib.run_directories.run_store import RunStore
from tests.support.commit_stage import HETZNER, OnStage, Stage
from tests.support.waiting import PATIENCE, wait_for

# commits something between the naming of a run and the making of its tree
MOVES_HEAD = f"""
import subprocess, sys
sys.path.insert(0, {str(HETZNER)!r})
import pipeline
from lib.common import program_end
from lib.commit.commit_run import CommitRun
set_pending = CommitRun.set_pending
def move_head(run):
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "moved"], check=True)
    set_pending(run)
CommitRun.set_pending = move_head
program_end.run(pipeline.main)
"""


class Trees(OnStage):
    def test_developers_tree_is_neither_changed_nor_tested(self) -> None:
        (self.stage.repo / "file").write_text("not committed")
        (self.stage.repo / "new").touch()
        before = self.stage.git(self.stage.repo, "status", "--porcelain")
        ran = self.stage.run("--only-jobs", "test-js")
        self.assertEqual(ran.code, 0)
        self.assertEqual(self.stage.git(self.stage.repo, "status", "--porcelain"), before)
        (tree,) = (self.stage.state / "worktrees").glob("repo-*[0-9a-f]")
        self.assertEqual((tree / "file").read_text(), "first")

    def test_in_place_takes_uncommitted_changes_and_says_so(self) -> None:
        (self.stage.repo / "file").write_text("not committed")
        ran = self.stage.run("--in-place", "--only-jobs", "test-js")
        self.assertEqual(ran.code, 0, ran.out)
        self.assertIn("NOTE  uncommitted changes are included", self.stage.log())
        self.assertFalse((self.stage.state / "worktrees").exists())

    def test_older_commit_is_tested_as_it_was(self) -> None:
        first = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        self.stage.commit("second")
        self.assertEqual(self.stage.run(first, "--only-jobs", "test-js").code, 0)
        (tree,) = (self.stage.state / "worktrees").glob("repo-*[0-9a-f]")
        self.assertEqual((tree / "file").read_text(), "first")

    def test_commit_stays_the_one_that_the_logs_are_named_after(self) -> None:
        for words, code in ((["main"], 0), ([], 0), (["--in-place"], 1)):
            with self.subTest(words):
                named = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
                ran = self.stage.run(*words, "--only-jobs", "test-js", program=MOVES_HEAD)
                self.assertEqual(ran.code, code, ran.out + ran.errors)
                moved = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
                self.assertNotEqual(moved, named)
                said = f"ERROR .* expected {named}, .* found {moved}" if code else f"TREE  {named}"
                self.assertRegex(self.stage.log(named), said)
                self.assertFalse(self.stage.log_dir(moved).exists())

    def test_commit_that_a_job_replaced_is_tested_as_it_was(self) -> None:
        body = self.stage.root / "runner" / "jobs" / "test_js.sh"
        first = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        second = self.stage.commit("second")
        body.write_text(f"git replace {first} {second}\n")
        self.assertEqual(self.stage.run("--only-jobs", "test-js").code, 0)
        body.write_text("cat file; git show HEAD:file\n")
        self.assertEqual(self.stage.run(first, "--only-jobs", "test-js").code, 0)
        self.assertEqual((self.stage.log_dir(first) / "test-js.log").read_text(), "firstfirst")

    def test_unknown_commit_ends_red_with_the_reason_and_no_job_runs(self) -> None:
        for words in (("f" * 40,), ("--", "no-such-branch")):
            revision = words[-1]
            with self.subTest(revision):
                ran = self.stage.run(*words)
                self.assertEqual(ran.code, 1)
                run = RunStore(self.stage.state).find("last")
                self.assertEqual(run.key.commit, "nocommit")
                log = (run.path / "ci.log").read_text()
                self.assertRegex(log, rf"ERROR .*has no commit '{revision}'")
                self.assertNotIn("START", log)

    def test_word_that_is_no_commit_gets_the_nearest_command_branch_or_tag(self) -> None:
        self.stage.git(self.stage.repo, "tag", "v1.0")
        for words, near in (
            (("statsu",), "; did you mean 'status'?"),
            (("corpsu",), "; did you mean 'corpus'?"),
            (("mian",), "; did you mean 'main'?"),
            (("v1.1", "--dry-run"), "; did you mean 'v1.0'?"),
            (("zzz",), ""),
            (("queu", "list"), "; did you mean 'queue'?"),
        ):
            with self.subTest(words):
                ran = self.stage.run(*words)
                self.assertEqual(ran.code, 2, ran.out + ran.errors)
                said = f"expected a command or a commit, found {words[0]!r}{near}\n"
                self.assertEqual(ran.errors, f"pipeline.py: {said}")
        self.assertFalse((self.stage.state / "logs").exists())

    def test_branch_with_the_name_of_a_command_is_reached_by_its_full_name(self) -> None:
        self.stage.git(self.stage.repo, "branch", "status")
        for words in (("refs/heads/status",), ("--", "status")):
            ran = self.stage.run("--only-jobs", "lint-python", *words)
            self.assertEqual(ran.code, 0, ran.out + ran.errors)
            self.assertIn("PASS  lint-python", ran.out)

    def test_runs_of_one_commit_on_two_checkouts_do_not_wait_for_each_other(self) -> None:
        line, _ = self.first_line_of_another_checkout()
        self.assertIn(" RUN   HEAD of ", line)
        self.assertEqual(len(RunStore(self.stage.state).runs()), 2)

    def first_line_of_another_checkout(self, **settings: str) -> tuple[str, int]:
        """Run two checkouts at once; return the second's first line, and the pid of the first.

        The second has to pass once the first has ended.
        """
        other = self.stage.root / "other"
        self.stage.git(self.stage.root, "clone", "-q", "origin.git", "other")
        started = self.stage.root / "started"
        first = self.stage.start(STAGE_SLEEP="test_js", STAGE_STARTED=str(started))
        with first:
            wait_for(started)
            words = ("--repo", str(other), "--only-jobs", "lint-python")
            with self.stage.start(*words, **settings) as second:
                assert second.stdout
                line = second.stdout.readline()
                first.send_signal(signal.SIGTERM)
                first.communicate(timeout=PATIENCE)
                second.communicate(timeout=PATIENCE)
        self.assertEqual(second.returncode, 0)
        return line, first.pid

    def test_second_run_on_a_checkout_waits_and_names_the_holder(self) -> None:
        started = self.stage.root / "started"
        first = self.stage.start(STAGE_SLEEP="test_js", STAGE_STARTED=str(started))
        with first:
            wait_for(started)
            with self.stage.start("--only-jobs", "lint-python") as second:
                assert second.stdout
                line = second.stdout.readline()
                self.assertIn(
                    f"waiting for pipeline.py HEAD of {self.stage.repo} (pid {first.pid},", line
                )
                first.send_signal(signal.SIGTERM)
                first.communicate(timeout=PATIENCE)
                second.communicate(timeout=PATIENCE)
        self.assertEqual(second.returncode, 0)

    def test_run_that_is_not_to_wait_ends_with_the_name_of_the_holder_and_its_expected_end(
        self,
    ) -> None:
        self.stage.run("--only-jobs", "test-js")  # the durations are known from now on
        started = self.stage.root / "started"
        words = ("--only-jobs", "test-js")
        first = self.stage.start(*words, STAGE_SLEEP="test_js", STAGE_STARTED=str(started))
        with first:
            wait_for(started)
            before = sorted(self.stage.state.glob("runs/[!.]*"))
            second = self.stage.run("--only-jobs", "lint-python", "--no-wait")
            first.send_signal(signal.SIGTERM)
            first.communicate(timeout=PATIENCE)
        self.assertEqual(second.code, 1, second.out)
        self.assertRegex(
            second.errors,
            r"pipeline\.py: expected that no other run goes on here, found pipeline\.py HEAD "
            rf"of {self.stage.repo} \(pid {first.pid}, since [^)]*\), expected to end .*: wait for",
        )
        self.assertEqual(sorted(self.stage.state.glob("runs/[!.]*")), before)

    def test_job_that_clears_its_directories_lets_no_second_run_in(self) -> None:
        started = self.stage.root / "started"
        body = self.stage.root / "runner" / "jobs" / "test_js.sh"
        clear = 'rm -rf "$CI_WORK_DIR"*'
        body.write_text(f'{clear}; touch "$STARTED"; sleep 1000\n')
        words = ("--only-jobs", "test-js")
        with self.stage.start(*words, STARTED=str(started)) as first:
            wait_for(started)
            with self.stage.start("--only-jobs", "lint-python") as second:
                assert second.stdout
                self.assertIn("waiting for pipeline.py HEAD of", second.stdout.readline())
                first.send_signal(signal.SIGTERM)
                first.communicate(timeout=PATIENCE)
                second.communicate(timeout=PATIENCE)
        self.assertEqual(second.returncode, 0)

    def test_run_whose_lock_was_removed_is_red(self) -> None:
        body = self.stage.root / "runner" / "jobs" / "test_js.sh"
        body.write_text('rm -r "$CI_STATE_DIR"/locks\n')
        ran = self.stage.run("--only-jobs", "test-js")
        self.assertEqual(ran.code, 1, ran.out)
        self.assertEqual(self.stage.outcomes(), {"test-js": "passed"})
        told = r"END   exit code 1: the lock .*lock was removed during the run, so another run"
        self.assertRegex(self.stage.log(), told)


class OddPlaces(OnStage):
    def test_checkout_and_state_in_a_place_that_is_no_text_are_as_good_as_any(self) -> None:
        place = self.stage.root / os.fsdecode(b"bytes\xff")
        place.mkdir()
        stage = Stage(place)
        stage.prepare()
        for words in ([], ["--in-place", "--only-jobs", "lint-python"]):
            for _ in range(2):  # the worktree is made, then used again
                ran = stage.run(*words)
                self.assertEqual((ran.code, ran.errors), (0, ""), ran.out)
        self.assertIn(" in ", stage.log())
        self.assertEqual(stage.run("--list").code, 0)
        self.assertEqual(stage.run("--dry-run").code, 0)
        red = stage.run("--only-jobs", "lint-python", STAGE_FAIL="lint_python")
        self.assertEqual((red.code, red.errors), (1, ""))
        self.assertIn("run it again: python3", red.out)


if __name__ == "__main__":
    unittest.main()
