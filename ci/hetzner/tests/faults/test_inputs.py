"""Hostile and broken inputs, given to pipeline.py as users and webhooks give them."""

from __future__ import annotations

import shutil
import unittest
from pathlib import Path

from dsl import Cache, Job
from lib.run_directories.run_store import RunStore
from tests.support.commit_stage import HETZNER, JOBS
from tests.support.fault_case import CommitCase, FaultCase
from tests.support.git_case import HOSTILE

BRANCHES = (
    "../../../etc",
    "a\nb\rc",
    "'\"`touch hacked`$(touch hacked);touch hacked",
    "a" * 10_000,
    "grüße/🦆/\u202e",
    "\x1b[2Jevil\x07",
)


class Names(CommitCase):
    def nothing_was_hacked(self) -> None:
        self.assertEqual(list(self.root.rglob("hacked")), [])
        self.assertFalse(Path("hacked").exists())

    def test_branch_is_data(self) -> None:
        self.body("lint_python", 'printf "%s" "${CI_BRANCH:-}" | head -c 100')
        for branch in BRANCHES:
            with self.subTest(branch[:40]):
                ended = self.commit("HEAD", branch, "--only-jobs", "lint-python")
                outcomes = "python-3.13=restored lint-python=passed"
                self.check(ended, 0, outcomes, "PASS  lint-python")
                self.assertEqual(ended.summary["branch"], branch)
                self.assertNotIn("\x1b", ended.console + ended.log)
                self.nothing_was_hacked()
        self.next_run_is_unaffected()

    def test_revision_that_names_no_commit_is_red(self) -> None:
        for revision in HOSTILE:
            if not revision or "\0" in revision or "\ud800" in revision:
                continue  # an empty one means HEAD, the others cannot be an argument
            with self.subTest(revision[:40]):
                ran = self.stage.run("--", revision)
                self.assertEqual(ran.code, 1, ran.out + ran.errors)
                self.assertNotIn("Traceback", ran.errors)
                self.assertIn("ERROR ", ran.out)
                self.assertNotIn("START", ran.out)
                self.nothing_is_left()
                self.nothing_was_hacked()
        kept = [run.key.commit for run in RunStore(self.stage.state).runs()]
        self.assertEqual(set(kept), {"nocommit"})
        self.assertFalse((self.stage.state / "logs").exists())
        self.assertEqual(self.github.seen, [])
        self.next_run_is_unaffected()

    def test_option_as_a_revision_is_bad_usage(self) -> None:
        self.assertEqual(self.stage.run("--upload-pack=hacked").code, 2)
        # with a blank in it, it is no option for argparse, and no commit for git
        self.assertEqual(self.stage.run("--upload-pack=touch hacked").code, 1)
        self.nothing_was_hacked()


class Checkouts(CommitCase):
    def is_red(self, *parts: str, words: tuple[str, ...] = ()) -> None:
        ran = self.stage.run(*words)
        self.assertEqual(ran.code, 1, ran.out + ran.errors)
        self.assertNotIn("Traceback", ran.errors)
        self.assertNotIn("START", ran.out)
        for part in parts:
            self.assertRegex(ran.out, part)
        self.nothing_is_left()
        self.next_run_is_unaffected()

    def test_commit_that_does_not_exist(self) -> None:
        sha = "0123456789abcdef" * 2 + "01234567"
        self.is_red(f"ERROR .*has no commit '{sha}': fetch it, or name another", words=(sha,))
        self.assertEqual([body["state"] for body in self.github.seen][:2], ["pending", "error"])

    def test_branch_that_is_not_fetched(self) -> None:
        origin = self.stage.root / "origin.git"
        self.stage.git(origin, "branch", "elsewhere", "main")
        self.is_red("ERROR .*has no commit 'elsewhere': fetch it", words=("elsewhere", "elsewhere"))

    def test_dirty_bare_shallow_linked_and_locked_checkouts_serve(self) -> None:
        stage, top = self.stage, self.stage.root
        origin = f"file://{top / 'origin.git'}"
        stage.git(top, "clone", "-q", "--bare", origin, "bare.git")
        stage.git(top, "clone", "-q", "--depth=1", origin, "shallow")
        stage.git(stage.repo, "worktree", "add", "-q", "--detach", str(top / "linked"))
        stage.git(top, "clone", "-q", origin, "dirty")
        (top / "dirty" / "file").write_text("not committed")
        (top / "dirty" / "new").touch()
        stage.git(top, "clone", "-q", origin, "locked")
        (top / "locked" / ".git" / "index.lock").touch()
        for name in ("bare.git", "shallow", "linked", "dirty", "locked"):
            with self.subTest(name):
                ended = self.commit("--repo", str(top / name))
                self.check(ended, 0, None, f"END   exit code 0: {JOBS} jobs passed")
                self.assertEqual(self.status(), "success")
        self.assertEqual((top / "dirty" / "file").read_text(), "not committed")
        self.assertTrue((top / "locked" / ".git" / "index.lock").exists())
        self.next_run_is_unaffected()

    def test_lock_that_a_killed_git_left_in_the_runners_own_tree(self) -> None:
        self.next_run_is_unaffected()
        (records,) = (self.stage.repo / ".git" / "worktrees").iterdir()
        (records / "index.lock").touch()
        self.next_run_is_unaffected()

    def test_lock_file_that_is_not_valid(self) -> None:
        said = "error: The lockfile at uv.lock is not valid"
        (self.stage.root / "tools" / "uv").write_text(
            f'#!/bin/sh\n[ "$1" != sync ] || {{ echo "{said}" >&2; exit 2; }}\n'
        )
        self.body("prepare_python", f'exec bash {HETZNER}/jobs/prepare_python.sh "$@"')
        (self.stage.repo / "uv.lock").write_text("no lock\n")
        self.stage.commit("a lock that is none")
        for _ in range(2):  # what failed to be made does not count as made
            ended = self.commit("--fast-fail")
            self.check(ended, 1, None)
            for line in (
                "LOCKS no environment of Python 3.13 for this uv.lock: python-3.13 runs",
                r"FAIL  python-3.13  \(see ",
                r"SKIP  lint-python \(dependency failed: python-3.13\)",
                "END   exit code 1",
            ):
                self.assertRegex(ended.log, line)
            self.assertNotIn("START lint-python", ended.log)
            self.assertIn(said, (ended.logs / "python-3.13.log").read_text())
            self.assertEqual(self.status(), "failure")
            self.nothing_is_left()
        self.stage.git(self.stage.repo, "rm", "-q", "uv.lock")
        self.stage.commit("no lock")
        self.next_run_is_unaffected()


class Keys(FaultCase):
    def run_twice(self, key: str) -> list[str]:
        cache = Cache(key, "made", "store")
        outcomes = []
        for _ in range(2):
            ended = self.run_jobs(Job("a", "echo made >made", outputs={"o": "made"}, cache=cache))
            self.check(ended, 0, None)
            outcomes.append(ended.outcomes)
        return outcomes

    def test_key_of_several_lines_is_a_key(self) -> None:
        self.assertEqual(self.run_twice("printf 'a\\n../b\\n$(c)\\n'"), ["a=passed", "a=restored"])
        self.next_run_is_unaffected()

    def test_command_without_a_key_is_a_miss_and_touches_no_store(self) -> None:
        wait = "until [[ -e up ]]; do sleep 0.01; done; rm up; touch left"
        for key in (
            "true",
            "echo key; exit 3",
            "exit 3",
            "false | cat; echo key",
            "printf '\\xff\\xfe'",
            "no-such-program",
            f"{self.stays()} & {wait}; echo",
            f"trap '' TERM; setsid {self.stays()} & {wait}; kill -KILL $$",
        ):
            with self.subTest(key):
                shutil.rmtree(self.root / "store", ignore_errors=True)
                self.assertEqual(self.run_twice(key), ["a=passed"] * 2)
                self.assertEqual(list((self.root / "store").glob("*")), [])
                left = self.root / "left"  # what a command writes that leaves a process
                self.assertEqual(left.exists(), self.mark in key)
                left.unlink(missing_ok=True)
        self.next_run_is_unaffected()


if __name__ == "__main__":
    unittest.main()
