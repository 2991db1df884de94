"""How a commit gets into a tree of its own on a developer's machine."""

from __future__ import annotations

import os
import shutil
import unittest
import unittest.mock
from pathlib import Path

from lib.git import checkout
from lib.git.checkout import CheckoutError
from tests.support.git_case import GitCase, commit, contents, git, put


class TestWorktree(GitCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree = self.home / "state" / "worktrees" / "repo-1"

    def prepare(self, revision: str, repo: Path | None = None) -> str:
        return checkout.prepare_worktree(repo or self.repo, self.tree, revision)

    def text(self) -> str:
        self.assertEqual(git(self.tree, "status", "--porcelain"), "")
        return (self.tree / "a").read_text()

    def test_commit_stands_in_a_tree_of_the_runners_own(self) -> None:
        self.assertEqual(self.prepare("HEAD~1"), self.first)
        self.assertEqual(git(self.tree, "rev-parse", "HEAD"), self.first)
        self.assertEqual(self.text(), "one")

    def test_next_commit_uses_the_same_tree_and_keeps_node_modules(self) -> None:
        self.prepare(self.first)
        put(self.tree / "a", "changed")
        put(self.tree / "dist" / "x")
        module = self.tree / "packages" / "js" / "node_modules" / "x.js"
        put(module)
        number = self.tree.stat().st_ino
        self.prepare(self.second)
        self.assertEqual((self.tree / "a").read_text(), "two")
        self.assertTrue(module.exists())
        self.assertFalse((self.tree / "dist").exists())
        self.assertEqual(self.tree.stat().st_ino, number)

    def test_developers_tree_index_and_branches_are_not_touched(self) -> None:
        put(self.repo / "a", "changed")
        put(self.repo / "new", "new")
        put(self.repo / "staged", "staged")
        git(self.repo, "add", "staged")
        put(self.repo / ".git" / "index.lock", "of an editor that is at work")
        before = contents(self.repo)
        for revision in (self.first, self.second, "main"):
            self.prepare(revision)
        self.assertEqual(contents(self.repo), before)

    def test_branch_of_the_developer_stays_free(self) -> None:
        self.prepare("main")
        git(self.repo, "checkout", "-q", "-b", "other")
        git(self.repo, "checkout", "-q", "main")

    def test_tree_that_was_deleted_by_hand_is_made_again(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.tree)
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_tree_whose_link_was_deleted_is_made_again(self) -> None:
        self.prepare(self.first)
        (self.tree / ".git").unlink()
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_state_that_was_deleted_by_hand_is_made_again(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.home / "state")
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_making_that_was_cut_off_is_done_again(self) -> None:
        self.prepare(self.first)
        [records] = (self.repo / ".git" / "worktrees").iterdir()
        put(records / "locked", "initializing")  # git removes it when all else is there
        for path in (self.tree / "a", records / "index", records / "HEAD"):
            path.unlink()
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_repository_that_was_made_anew_gets_a_new_tree(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.repo)
        git(self.home, "init", "-q", "-b", "main", "repo")
        self.prepare(commit(self.repo, "a", "anew"))
        self.assertEqual(self.text(), "anew")

    def test_lock_of_a_killed_git_does_not_fail_later_runs(self) -> None:
        self.prepare(self.first)
        [records] = (self.repo / ".git" / "worktrees").iterdir()
        put(records / "index.lock")
        os.utime(records / "index.lock", (1, 1))
        self.prepare(self.second)
        self.assertEqual(self.text(), "two")

    def test_directory_that_the_runner_did_not_make_is_refused_and_left_alone(self) -> None:
        put(self.tree / "precious", "x")
        with self.fails("expected nothing, or the runner's own worktree", "move it away"):
            self.prepare(self.first)
        self.assertEqual(list(contents(self.tree).values()), [b"x"])

    def test_repositories_and_worktrees_of_the_developer_are_refused(self) -> None:
        marker = self.tree.with_name(self.tree.name + checkout.MARKER)
        other = self.home / "other"
        git(self.home, "clone", "-q", "repo", "other")
        for make in (
            lambda: git(self.home, "clone", "-q", "repo", str(self.tree)),
            lambda: git(self.repo, "worktree", "add", "-q", "--detach", str(self.tree)),
            lambda: git(other, "worktree", "add", "-q", "--detach", str(self.tree)),
            lambda: self.tree.symlink_to(self.repo),
        ):
            self.tree.parent.mkdir(parents=True, exist_ok=True)
            make()
            put(self.tree / "precious", "x")
            with self.assertRaises(CheckoutError):
                self.prepare(self.first)
            self.assertEqual((self.tree / "precious").read_text(), "x")
            self.assertEqual((self.tree / "a").read_text(), "two")
            self.assertFalse(marker.exists())
            self.tree.unlink() if self.tree.is_symlink() else shutil.rmtree(self.tree)

    def test_marker_alone_does_not_give_a_repository_away(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.tree)
        git(self.home, "clone", "-q", "repo", str(self.tree))
        put(self.tree / "precious", "x")
        with self.fails("move it away"):
            self.prepare(self.first)
        self.assertEqual((self.tree / "precious").read_text(), "x")

    def test_main_tree_of_a_repository_is_never_the_runners(self) -> None:
        self.prepare(self.first)
        shutil.rmtree(self.tree)
        git(self.home, "clone", "-q", "repo", str(self.tree))
        put(self.tree / "precious", "x")
        with self.fails("move it away"):
            self.prepare(self.first, self.tree)
        self.assertEqual((self.tree / "precious").read_text(), "x")

    def test_developers_other_worktrees_keep_their_records(self) -> None:
        other = self.home / "stick"
        git(self.repo, "worktree", "add", "-q", str(other))
        other.rename(self.home / "unplugged")
        self.prepare(self.first)
        shutil.rmtree(self.tree)
        self.prepare(self.first)
        (self.home / "unplugged").rename(other)
        self.assertEqual(git(other, "status", "--porcelain"), "")

    def test_bare_shallow_and_linked_repositories_serve(self) -> None:
        git(self.home, "clone", "-q", "--bare", str(self.repo), "bare.git")
        git(self.home, "clone", "-q", "--depth=1", f"file://{self.repo}", "shallow")
        git(self.repo, "worktree", "add", "-q", "-b", "side", str(self.home / "linked"))
        for name in ("bare.git", "shallow", "linked"):
            self.tree = self.home / "state" / name
            self.assertEqual(self.prepare("HEAD", self.home / name), self.second)
            self.assertEqual(self.text(), "two")

    def test_submodules_are_left_out(self) -> None:
        git(self.home, "clone", "-q", "repo", "library")
        allow = ("-c", "protocol.file.allow=always")
        git(self.repo, *allow, "submodule", "--quiet", "add", str(self.home / "library"), "sub")
        git(self.repo, "commit", "-q", "-m", "sub")
        git(self.repo, "config", "submodule.recurse", "true")
        self.prepare("HEAD")
        self.assertEqual(list((self.tree / "sub").iterdir()), [])
        git(self.tree, *allow, "submodule", "--quiet", "update", "--init")
        git(self.repo / "sub", "checkout", "-q", self.first)
        self.prepare(commit(self.repo, "b", "with another commit of the submodule"))
        self.assertEqual(list((self.tree / "sub").iterdir()), [])

    def test_sparse_checkout_of_the_developer_does_not_thin_the_commit(self) -> None:
        whole = commit(self.repo, "deep/file", "x")
        git(self.repo, "sparse-checkout", "set", "--no-cone", "/a")
        self.assertFalse((self.repo / "deep").exists())
        self.prepare(whole)
        self.assertTrue((self.tree / "deep" / "file").exists())

    def test_files_that_a_job_told_git_to_overlook_are_the_commits_again(self) -> None:
        commit(self.repo, "deep/file", "x")
        self.prepare("HEAD")
        for hidden in (("update-index", "--skip-worktree"), ("update-index", "--assume-unchanged")):
            put(self.tree / "a", "by a job")
            git(self.tree, *hidden, "a")
            self.prepare(commit(self.repo, "b", f"after {hidden[1]}"))
            self.assertEqual((self.tree / "a").read_text(), (self.repo / "a").read_text())
        git(self.tree, "sparse-checkout", "set", "--no-cone", "/a")
        self.prepare(commit(self.repo, "b", "after a sparse checkout"))
        self.assertTrue((self.tree / "deep" / "file").exists())

    def test_hooks_of_the_developer_do_not_run(self) -> None:
        hook = self.repo / ".git" / "hooks" / "post-checkout"
        put(hook, f"#!/bin/sh\ntouch {self.home}/hooked\n")
        hook.chmod(0o755)
        self.prepare(self.first)
        self.assertFalse((self.home / "hooked").exists())

    def test_unknown_commit_makes_nothing(self) -> None:
        with self.fails("has no commit"):
            self.prepare("f" * 40)
        self.assertFalse((self.home / "state").exists())


if __name__ == "__main__":
    unittest.main()
