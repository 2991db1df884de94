"""A tree is exactly that of its commit, whatever a job has done to the repository."""

from __future__ import annotations

import os
import shutil
import unittest
import unittest.mock
from pathlib import Path

from lib.git import checkout
from tests.support.git_case import GitCase, commit, contents, git, put


class TestExact(GitCase):
    """Changes of a job in the repository that it shares with the next run."""

    def setUp(self) -> None:
        super().setUp()
        self.tree = self.home / "state" / "worktrees" / "repo-1"
        put(self.repo / "deep" / "script", "#!/bin/sh\n")
        (self.repo / "deep" / "script").chmod(0o755)
        (self.repo / "link").symlink_to("a")
        self.sha = commit(self.repo, "b", "line\nline\n")
        self.prepare()
        self.expected = self.found()

    def prepare(self, sha: str = "") -> None:
        checkout.prepare_worktree(self.repo, self.tree, sha or self.sha)

    def found(self) -> dict[str, tuple[int, bytes | str]]:
        """Return mode and content of each file but git's own."""
        return {
            path: ((self.tree / path).lstat().st_mode, content)
            for path, content in contents(self.tree).items()
            if (self.tree / path) != self.tree / ".git"
        }

    def is_exact(self) -> None:
        """Assert that the commit is put where it stands, and where files of it are missing."""
        for missing in ((), ("b", "link", "deep/script")):
            for name in missing:
                (self.tree / name).unlink()
            self.prepare()
            self.assertEqual(self.found(), self.expected)
            self.assertEqual(git(self.tree, "rev-parse", "HEAD"), self.sha)
        self.assertFalse((self.home / "ran").exists(), "a command of a job ran outside of it")

    def forge(self, path: Path) -> None:
        """Write another content of the same size and times, as far as a program can."""
        before = path.stat()
        path.write_bytes(bytes(reversed(path.read_bytes())))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_commit_that_was_replaced_is_tested_as_it_is(self) -> None:
        git(self.tree, "replace", self.sha, self.first)
        self.is_exact()
        self.prepare("HEAD")
        self.assertEqual(self.found(), self.expected)

    def test_parents_that_were_grafted_do_not_count(self) -> None:
        put(self.repo / ".git" / "info" / "grafts", f"{self.sha} {self.first}\n")
        self.assertEqual(checkout.resolve(self.repo, "HEAD~1"), self.second)

    def test_filters_of_the_repository_do_not_run(self) -> None:
        git(self.tree, "config", "filter.x.smudge", f"touch {self.home}/ran; tr a-z A-Z")
        put(self.repo / ".git" / "info" / "attributes", "* filter=x\n")
        self.is_exact()

    def test_attributes_of_the_repository_do_not_count(self) -> None:
        git(self.tree, "config", "core.attributesFile", str(self.home / "attributes"))
        put(self.home / "attributes", "* text eol=crlf\n")
        self.is_exact()
        put(self.repo / ".git" / "info" / "attributes", "* text eol=crlf\n")
        self.is_exact()

    def test_settings_of_the_repository_change_no_file(self) -> None:
        for name, value in (
            ("core.autocrlf", "true"),
            ("core.symlinks", "false"),
            ("core.sparseCheckout", "true"),
            ("core.worktree", str(self.home / "elsewhere")),
            ("extensions.worktreeConfig", "true"),
            ("core.fsmonitor", f"touch {self.home}/ran"),
            ("core.hooksPath", str(self.home / "hooks")),
        ):
            with self.subTest(name):
                put(self.home / "elsewhere" / "precious")
                put(self.home / "hooks" / "post-checkout", f"#!/bin/sh\ntouch {self.home}/ran\n")
                (self.home / "hooks" / "post-checkout").chmod(0o755)
                put(self.repo / ".git" / "info" / "sparse-checkout", "/a\n")
                git(self.repo, "config", name, value)
                try:
                    self.is_exact()
                finally:
                    git(self.home, "config", "--file", "repo/.git/config", "--unset", name)
                self.assertTrue((self.home / "elsewhere" / "precious").exists())

    def test_change_that_no_time_and_no_size_tells_of_is_undone(self) -> None:
        git(self.tree, "config", "core.trustctime", "false")
        git(self.tree, "config", "core.checkStat", "minimal")
        os.utime(self.tree / "b", (1, 1))
        git(self.tree, "update-index", "--refresh")
        self.forge(self.tree / "b")
        self.assertEqual(git(self.tree, "status", "--porcelain"), "")
        self.is_exact()

    def test_change_in_the_second_of_the_checkout_is_undone(self) -> None:
        self.forge(self.tree / "b")
        self.is_exact()

    def test_rights_that_git_was_told_to_overlook_are_undone(self) -> None:
        git(self.tree, "config", "core.fileMode", "false")
        (self.tree / "deep" / "script").chmod(0o644)
        self.is_exact()

    def test_line_ends_that_count_as_unchanged_are_undone(self) -> None:
        self.sha = commit(self.repo, ".gitattributes", "* text=auto\n")
        self.prepare()
        self.expected = self.found()
        (self.tree / "b").write_bytes(b"line\r\nline\r\n")
        git(self.tree, "add", "b")
        self.is_exact()

    def test_index_that_a_job_broke_or_made_up_does_not_count(self) -> None:
        index = self.repo / ".git" / "worktrees" / "repo-1" / "index"
        put(self.tree / "node_modules" / "x")
        index.write_bytes(b"no index")
        self.is_exact()  # it is unknown which files in there were the commit's
        index.unlink()
        index.mkdir()
        self.is_exact()
        index.unlink()
        index.symlink_to(self.home / "ran")
        self.is_exact()
        put(self.tree / "b", "made up")
        git(self.tree, "add", "b")
        git(self.tree, "update-index", "--split-index")
        self.is_exact()

    def test_repository_within_the_tree_and_a_way_out_of_it_are_removed(self) -> None:
        git(self.tree, "init", "-q", "deep")
        self.is_exact()
        shutil.rmtree(self.tree / "deep")
        put(self.home / "outside" / "script", "precious")
        (self.tree / "deep").symlink_to(self.home / "outside")
        self.is_exact()
        self.assertEqual((self.home / "outside" / "script").read_text(), "precious")

    def test_committed_files_in_node_modules_go_with_their_commit(self) -> None:
        fixture = self.tree / "deep" / "node_modules" / "x" / "index.js"
        installed = self.tree / "deep" / "node_modules" / "y" / "index.js"
        self.prepare(commit(self.repo, "deep/node_modules/x/index.js", "fixture"))
        self.assertTrue(fixture.exists())
        put(installed)
        self.prepare()
        self.assertFalse(fixture.exists())
        self.assertTrue(installed.exists())

    def test_target_of_a_link_out_of_the_tree_stays(self) -> None:
        self.prepare(commit(self.repo, "deep/node_modules/x", "fixture"))
        put(self.home / "outside" / "node_modules" / "x", "precious")
        shutil.rmtree(self.tree / "deep")
        (self.tree / "deep").symlink_to(self.home / "outside")
        self.is_exact()
        self.assertEqual((self.home / "outside" / "node_modules" / "x").read_text(), "precious")

    def test_filters_of_the_user_run_and_see_the_repository(self) -> None:
        user = self.home / "gitconfig"
        os.environ["GIT_CONFIG_GLOBAL"] = str(user)
        git(self.repo, "config", "--global", "filter.big.clean", "cat")
        git(self.repo, "config", "--global", "filter.big.smudge", "cat; git config big.store")
        git(self.repo, "config", "big.store", "where the rest is")
        put(self.repo / ".gitattributes", "*.big filter=big\n")
        self.prepare(commit(self.repo, "c.big", "pointer\n"))
        self.assertEqual((self.tree / "c.big").read_text(), "pointer\nwhere the rest is\n")

    def test_partial_clone_fetches_missing_objects(self) -> None:
        git(self.repo, "config", "uploadpack.allowFilter", "true")
        url = f"file://{self.repo}"
        git(self.home, "clone", "-q", "--no-checkout", "--filter=blob:none", url, "partial")
        tree = self.home / "state" / "partial"
        checkout.prepare_worktree(self.home / "partial", tree, self.sha)
        self.assertEqual((tree / "b").read_text(), "line\nline\n")

    def test_nothing_of_the_repository_is_changed_but_the_trees_own_records(self) -> None:
        records = self.repo / ".git" / "worktrees" / "repo-1"
        before, own = contents(self.repo), sorted(path.name for path in records.iterdir())
        self.prepare(self.first)
        self.assertEqual(contents(self.repo), before)
        self.assertEqual(sorted(path.name for path in records.iterdir()), own)


if __name__ == "__main__":
    unittest.main()
