"""How a commit gets into the tree that is tested, in real repositories of git."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import threading
import unittest
import unittest.mock
from pathlib import Path

from lib.buckaroo.placeholders import make_placeholders
from lib.common import locks
from lib.git import checkout
from lib.git.checkout import CheckoutError
from tests.support.git_case import HOSTILE, GitCase, commit, git, put
from tests.support.waiting import PATIENCE


def prepare_box(repo: Path, revision: str, branch: str, timeout: float = 300) -> str:
    """Do what a run on a box does with its checkout."""
    sha = checkout.fetch(repo, revision, branch, timeout)
    checkout.check_out(repo, sha)
    return sha


class TestBox(GitCase):
    """`repo` is what people push to, `box` the checkout that is the runner's."""

    def setUp(self) -> None:
        super().setUp()
        git(self.home, "clone", "-q", "repo", "box")
        self.box = self.home / "box"

    def test_locks_of_a_killed_git_are_removed_once_they_are_old(self) -> None:
        sha = commit(self.repo, "b", "next")
        records = self.box / ".git"
        left = [records / "packed-refs.lock", records / "refs/remotes/origin/main.lock"]
        for lock in left:
            lock.touch()
        with self.assertRaisesRegex(CheckoutError, "main.lock"):
            checkout.fetch(self.box, sha, "main")
        for lock in left:
            os.utime(lock, (0, 0))
        self.assertEqual(checkout.fetch(self.box, sha, "main"), sha)
        self.assertEqual([lock for lock in left if lock.exists()], [])

    def test_fetches_at_once_take_turns_and_all_succeed(self) -> None:
        # git itself fails one of two that move the same branch
        started = threading.Barrier(4)
        found: list[str] = []

        def fetch() -> None:
            started.wait()
            found.append(checkout.fetch(self.box, "main", "main"))

        for text in ("three", "four", "five"):
            newest = commit(self.repo, "b", text)
            threads = [threading.Thread(target=fetch) for _ in range(started.parties)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(found, [newest] * started.parties)
            found.clear()

    def test_fetch_that_takes_too_long_is_named_by_the_one_that_waits(self) -> None:
        path = self.box / ".git" / checkout.FETCH_LOCK
        with locks.lock(path, "a fetch of topic"), self.fails("cannot be fetched: .*held by a fet"):
            checkout.fetch(self.box, "main", "main", timeout=0.2)

    def test_new_commit_is_fetched_and_checked_out(self) -> None:
        third = commit(self.repo, "b", "three")
        self.assertEqual(prepare_box(self.box, third, "main"), third)
        self.assertEqual(git(self.box, "rev-parse", "HEAD"), third)
        self.assertEqual((self.box / "b").read_text(), "three")

    def test_failed_fetch_is_red_though_the_commit_is_there(self) -> None:
        self.repo.rename(self.home / "gone")
        with self.fails("git fetch", "found 128", "git said", "remote `origin`"):
            prepare_box(self.box, self.first, "main")
        self.assertEqual(git(self.box, "rev-parse", "HEAD"), self.second)

    def test_missing_remote_is_red(self) -> None:
        git(self.box, "remote", "remove", "origin")
        with self.fails("git fetch", "remote `origin`"):
            prepare_box(self.box, self.first, "main")

    def test_hanging_fetch_ends_in_time_and_leaves_nothing(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            git(
                self.box,
                "remote",
                "set-url",
                "origin",
                f"git://127.0.0.1:{server.getsockname()[1]}/x",
            )
            server.settimeout(0.1)
            for limit in (0.3, 3.0, 30.0):  # a busy machine needs longer until git has come so far
                with self.fails("git fetch", f"not done after {limit:g} s"):
                    prepare_box(self.box, self.first, "main", timeout=limit)
                with contextlib.suppress(TimeoutError):
                    connection, _ = server.accept()
                    break
            with connection:
                connection.settimeout(PATIENCE)
                while connection.recv(4096):
                    pass  # the end of the stream: no process holds the other side any more

    def test_unknown_commit_is_red(self) -> None:
        with self.fails("`origin` has no commit f{40}: push it"):
            prepare_box(self.box, "f" * 40, "main")
        with self.fails("has no commit 'nope'"):
            prepare_box(self.box, "nope", "main")

    def test_hostile_revisions_are_red(self) -> None:
        for revision in HOSTILE:
            with self.subTest(revision=revision[:40]), self.assertRaises(CheckoutError):
                prepare_box(self.box, revision, "main")
        self.assertEqual(git(self.box, "rev-parse", "HEAD"), self.second)
        self.assertEqual(list(self.home.rglob("hacked")), [])

    def test_hostile_branches_are_names_or_red(self) -> None:
        allowed = {"", "-", "--all", 'a"b', "a" * 10_000}  # by git, as a name of a branch
        for branch in HOSTILE:
            with self.subTest(branch=branch[:40]):
                if branch in allowed:
                    prepare_box(self.box, self.first, branch)
                    self.assertEqual(git(self.box, "rev-parse", "HEAD"), self.first)
                else:
                    with self.assertRaises(CheckoutError):
                        prepare_box(self.box, self.first, branch)
                with self.assertRaises(CheckoutError):
                    prepare_box(self.box, "nope", branch)
        self.assertEqual(list(self.home.rglob("hacked")), [])

    def test_a_branch_is_the_remotes_and_not_the_stale_local_one(self) -> None:
        third = commit(self.repo, "b", "three")
        self.assertEqual(prepare_box(self.box, "main", "main"), third)

    def test_commit_that_no_branch_holds_is_fetched_by_its_name(self) -> None:
        git(self.repo, "checkout", "-q", "--detach")
        lost = commit(self.repo, "b", "three")
        git(self.repo, "checkout", "-q", "main")
        self.assertEqual(prepare_box(self.box, lost, ""), lost)

    def test_commit_that_was_pushed_to_another_remote_is_fetched_from_there(self) -> None:
        git(self.home, "clone", "-q", "--bare", "repo", "pushed.git")
        git(self.box, "remote", "add", "gone", str(self.home / "nowhere.git"))
        git(self.box, "remote", "add", "pushed", str(self.home / "pushed.git"))
        git(self.home, "clone", "-q", "pushed.git", "laptop")
        private = commit(self.home / "laptop", "b", "three")
        git(self.home / "laptop", "push", "-q", "origin", "HEAD:topic")
        self.assertEqual(prepare_box(self.box, private, "topic"), private)
        with self.fails("`origin` has no commit f{40}, nor has `gone`, nor has `pushed`: push it"):
            prepare_box(self.box, "f" * 40, "main")

    def test_branch_outside_of_the_configured_ones_is_fetched(self) -> None:
        git(
            self.home, "clone", "-q", "--single-branch", "--depth=1", f"file://{self.repo}", "small"
        )
        git(self.repo, "checkout", "-q", "-b", "topic")
        topic = commit(self.repo, "b", "three")
        self.assertEqual(prepare_box(self.home / "small", "topic", "topic"), topic)

    def test_moved_tags_and_rewritten_branches_are_followed(self) -> None:
        git(self.repo, "tag", "v1", self.second)
        prepare_box(self.box, "v1", "main")
        git(self.repo, "tag", "-f", "v1", self.first)
        git(self.repo, "reset", "-q", "--hard", self.first)
        other = commit(self.repo, "c", "other")
        self.assertEqual(prepare_box(self.box, "v1", "main"), self.first)
        self.assertEqual(prepare_box(self.box, "main", "main"), other)

    def test_changes_are_lost_and_node_modules_stay(self) -> None:
        put(self.box / ".gitignore", "ignored\n")
        put(self.box / "a", "changed")
        put(self.box / "staged")
        git(self.box, "add", "staged")
        for name in ("new", "ignored", "deep/er/new", "packages/dist/x"):
            put(self.box / name)
        kept = [
            self.box / "packages" / package / "node_modules" / "x" / "index.js"
            for package in ("", "js", "buckaroo-js-core")
        ]
        for path in kept:
            put(path)
        git(self.home, "clone", "-q", "repo", "box/nested")
        prepare_box(self.box, self.second, "main")
        files = {path for path in self.box.rglob("*") if path.is_file()}
        outside = {path for path in files if ".git" not in path.relative_to(self.box).parts}
        self.assertEqual(outside, {self.box / "a", *kept})
        self.assertEqual((self.box / "a").read_text(), "two")

    def test_locks_of_a_killed_git_do_not_fail_later_runs(self) -> None:
        for name in ("index.lock", "HEAD.lock"):
            put(self.box / ".git" / name)
            os.utime(self.box / ".git" / name, (1, 1))
        prepare_box(self.box, self.first, "main")

    def test_lock_of_a_working_git_is_waited_for(self) -> None:
        lock = self.box / ".git" / "index.lock"
        put(lock)
        timer = threading.Timer(0.2, lock.unlink)
        timer.start()
        self.addCleanup(timer.join)
        prepare_box(self.box, self.first, "main")
        self.assertEqual((self.box / "a").read_text(), "one")

    def test_hooks_of_the_checkout_do_not_run(self) -> None:
        for name in ("post-checkout", "reference-transaction", "post-index-change"):
            hook = self.box / ".git" / "hooks" / name
            put(hook, f"#!/bin/sh\ntouch {self.home}/hooked\n")
            hook.chmod(0o755)
        git(self.box, "config", "core.hooksPath", str(self.box / ".git" / "hooks"))
        prepare_box(self.box, self.first, "main")
        self.assertFalse((self.home / "hooked").exists())

    def test_settings_that_a_job_wrote_have_no_effect(self) -> None:
        put(self.home / "elsewhere" / "precious")
        git(self.box, "config", "filter.x.smudge", "tr a-z A-Z")
        put(self.box / ".git" / "info" / "attributes", "* filter=x\n")
        git(self.box, "replace", self.first, self.second)
        git(self.box, "config", "core.worktree", str(self.home / "elsewhere"))
        self.assertEqual(prepare_box(self.box, self.first, "main"), self.first)
        self.assertEqual((self.box / "a").read_text(), "one")
        self.assertTrue((self.home / "elsewhere" / "precious").exists())

    def test_failed_checkout_is_red(self) -> None:
        objects = self.box / ".git" / "objects"
        blob = git(self.box, "rev-parse", f"{self.first}:a")
        shutil.rmtree(objects)
        shutil.copytree(self.repo / ".git" / "objects", objects)
        (objects / blob[:2] / blob[2:]).unlink()
        with self.assertRaises(CheckoutError):
            prepare_box(self.box, self.first, "main")


class TestPlaceholders(unittest.TestCase):
    def test_missing_ones_are_made_and_others_stay(self) -> None:
        tree = Path(self.enterContext(tempfile.TemporaryDirectory()))
        static = tree / "buckaroo" / "static"
        put(static / "widget.js", "real")
        self.assertEqual(make_placeholders(tree), ["compiled.css", "widget.css"])
        self.assertEqual(make_placeholders(tree), [])
        found = {path.name: path.read_text() for path in static.iterdir()}
        self.assertEqual(found, {"compiled.css": "", "widget.js": "real", "widget.css": ""})

    def test_a_repository_without_the_package_gets_none(self) -> None:
        tree = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.assertEqual(make_placeholders(tree), [])
        self.assertEqual(list(tree.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
