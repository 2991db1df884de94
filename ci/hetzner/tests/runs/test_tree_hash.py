"""The hash of a working tree is that of a commit of it, and finding it changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lib.git import tree_hash
from lib.git.git_command import CheckoutError, is_dirty


class TreeHash(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = Path(directory.name).resolve() / "tree"
        self.scratch = self.tree.parent / "scratch"
        self.tree.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        (self.tree / "file").write_text("one\n")
        (self.tree / ".gitignore").write_text("ignored\n")
        self.commit()

    def git(self, *words: str) -> str:
        who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b"}
        who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
        argv = ["git", *words]
        env = {**os.environ, **who}
        done = subprocess.run(argv, cwd=self.tree, env=env, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "m")
        return self.git("rev-parse", "HEAD^{tree}")

    def state(self) -> list[tuple[str, int]]:
        """Return all files of the repository, but for objects with the times of their changes.

        That an object is used keeps it from a git-gc(1): its time says so.
        """
        found = [p for p in (self.tree / ".git").rglob("*") if p.is_file()]
        return sorted((str(p), "objects" in p.parts or p.stat().st_mtime_ns) for p in found)

    def of_directory(self) -> str:
        before = self.state()
        found = tree_hash.of_directory(self.tree, self.scratch).hash
        self.assertEqual(self.state(), before)
        self.assertFalse(self.scratch.exists())
        return found

    def test_clean_tree_has_the_hash_of_its_commit(self) -> None:
        expected = self.git("rev-parse", "HEAD^{tree}")
        self.assertEqual(tree_hash.of_commit(self.tree, "HEAD"), expected)
        self.assertEqual(self.of_directory(), expected)

    def test_changes_new_and_removed_files_count_and_ignored_ones_do_not(self) -> None:
        (self.tree / "ignored").touch()
        seen = {self.of_directory()}
        (self.tree / "file").write_text("two\n")
        seen.add(self.of_directory())
        (self.tree / "new").touch()
        seen.add(self.of_directory())
        self.git("add", "new")  # staged or not
        seen.add(last := self.of_directory())
        (self.tree / "file").unlink()
        seen.add(removed := self.of_directory())
        self.assertEqual(len(seen), 4)
        self.assertNotEqual(removed, last)
        self.assertEqual(self.commit(), removed)

    def test_new_files_that_are_too_large_to_read_are_refused(self) -> None:
        with (self.tree / "large").open("wb") as file:
            file.truncate(tree_hash.MOST + 1)
        with self.assertRaisesRegex(CheckoutError, "bytes of new or changed files, found"):
            self.of_directory()

    def test_change_in_the_moment_of_the_commit_counts(self) -> None:
        # git compares contents where a file is as new as the index ("racy git")
        self.git("config", "core.trustctime", "false")
        before, file, long_ago = self.of_directory(), self.tree / "file", (10**9, 10**9)
        os.utime(file, long_ago)
        self.git("update-index", "--refresh")
        os.utime(self.tree / ".git" / "index", long_ago)
        file.write_text("two\n")
        os.utime(file, long_ago)
        self.assertNotEqual(self.of_directory(), before)

    def assert_sees(self, change: Callable[[], object]) -> None:
        before = self.of_directory()
        change()
        self.assertNotEqual(self.of_directory(), before)

    def test_files_that_git_is_told_to_pass_over_count(self) -> None:
        for flag in ("--skip-worktree", "--assume-unchanged"):
            with self.subTest(flag):
                self.git("update-index", flag, "file")
                self.assert_sees(partial((self.tree / "file").write_text, f"after {flag}\n"))

    def test_mode_that_git_is_told_to_ignore_counts(self) -> None:
        self.git("config", "core.fileMode", "false")
        self.assert_sees(lambda: (self.tree / "file").chmod(0o755))

    def test_bytes_that_git_converts_count_as_jobs_read_them(self) -> None:
        (self.tree / ".gitattributes").write_text("*.txt text\n*.x filter=x\n")
        self.git("config", "filter.x.clean", "tr a-z x")
        (self.tree / "below").mkdir()
        for name, one, other in (
            ("a.txt", b"a\n", b"a\r\n"),
            ("below/b.x", b"a\n", b"b\n"),
        ):
            (self.tree / name).write_bytes(one)
            self.commit()
            self.assert_sees(partial((self.tree / name).write_bytes, other))
            found = tree_hash.of_directory(self.tree, self.scratch)
            self.assertTrue(found.is_of(self.tree, "HEAD"), name)

    def test_line_ends_that_a_setting_converts_count(self) -> None:
        self.git("config", "core.autocrlf", "input")
        self.assert_sees(lambda: (self.tree / "file").write_bytes(b"one\r\n"))

    def test_changes_in_repositories_within_the_tree_count(self) -> None:
        nested = self.tree / "nested"
        subprocess.run(["git", "init", "--quiet", nested], check=True)
        (nested / "file").touch()
        for words in (["add", "file"], ["commit", "--quiet", "--message", "m"]):
            self.git("-C", "nested", *words)
        expected = self.commit()
        found = tree_hash.of_directory(self.tree, self.scratch)
        self.assertEqual((found.hash, found.changed), (expected, False))
        self.assert_sees(lambda: (nested / "file").write_text("changed"))
        self.assertFalse(tree_hash.of_directory(self.tree, self.scratch).is_of(self.tree, "HEAD"))
        self.assert_sees((nested / "new").touch)
        self.git("-C", "nested", "update-index", "--assume-unchanged", "file")
        self.assert_sees(lambda: (nested / "file").write_text("changed again"))
        shutil.rmtree(nested / ".git")
        with self.assertRaisesRegex(CheckoutError, "expected a submodule"):
            tree_hash.of_directory(self.tree, self.scratch)

    def test_paths_that_jobs_make_do_not_count(self) -> None:
        expected = self.git("rev-parse", "HEAD^{tree}")
        (self.tree / "out").mkdir()
        for name in ("out/tool", "-x", "*"):
            (self.tree / name).touch()
        made = ["out", "-x", "*", "none"]
        self.assertEqual(tree_hash.of_directory(self.tree, self.scratch, made=made).hash, expected)
        (self.tree / "other").touch()
        self.assertNotEqual(
            tree_hash.of_directory(self.tree, self.scratch, made=made).hash, expected
        )

    def test_tracked_file_counts_even_if_a_job_makes_it(self) -> None:
        tracked = self.git("ls-files").splitlines()[0]

        def hashed() -> str:
            return tree_hash.of_directory(self.tree, self.scratch, made=[tracked, "out"]).hash

        before = hashed()
        self.assertEqual(before, self.git("rev-parse", "HEAD^{tree}"))
        (self.tree / tracked).write_text("another content")
        self.assertNotEqual(hashed(), before)

    def test_directory_that_is_set_aside_does_not_count(self) -> None:
        expected = self.git("rev-parse", "HEAD^{tree}")
        other = self.tree / "other"
        for name in ("state", "a dir/[b]*/state", "ignored/state"):  # ignored, it is no error
            aside = self.tree / name
            (aside / "logs").mkdir(parents=True)
            (aside / "logs" / "ci.log").write_text(name)
            (self.scratch / "objects").mkdir(parents=True)
            self.assertFalse(is_dirty(self.tree, aside), name)
            self.assertEqual(
                tree_hash.of_directory(self.tree, self.scratch, aside).hash, expected, name
            )
            other.touch()
            self.assertTrue(is_dirty(self.tree, aside), name)
            self.assertNotEqual(
                tree_hash.of_directory(self.tree, self.scratch, aside).hash, expected
            )
            other.unlink()
            shutil.rmtree(self.tree / Path(name).parts[0])

    def test_directory_that_is_set_aside_may_be_linked_or_elsewhere(self) -> None:
        expected = self.git("rev-parse", "HEAD^{tree}")
        (self.tree / "state").mkdir()
        (self.tree / "state" / "log").touch()
        link = self.tree.parent / "link"
        link.symlink_to(self.tree)
        aside = link / "state"
        self.assertEqual(tree_hash.of_directory(self.tree, self.scratch, aside).hash, expected)
        below = self.tree / "below"
        below.mkdir()
        self.assertEqual(tree_hash.of_directory(below, self.scratch, aside).hash, expected)
        for elsewhere in (self.tree.parent / "nowhere", self.tree.parent, self.tree):
            self.assertTrue(is_dirty(self.tree, elsewhere))

    def test_leftover_of_a_killed_run_is_no_obstacle(self) -> None:
        (self.scratch / "objects").mkdir(parents=True)
        (self.scratch / "index.lock").touch()
        self.of_directory()

    def test_linked_worktree_and_a_directory_below_the_top_have_the_same(self) -> None:
        expected = self.of_directory()
        other = self.tree.parent / "other"
        self.git("worktree", "add", "--quiet", "--detach", str(other))
        self.assertEqual(tree_hash.of_directory(other, self.scratch).hash, expected)
        (self.tree / "below").mkdir()
        self.assertEqual(tree_hash.of_directory(self.tree / "below", self.scratch).hash, expected)

    def test_directory_that_git_ignores_has_no_hash(self) -> None:
        for name in ("ignored", "ignored/a/b"):
            place = self.tree / name
            place.mkdir(parents=True)
            (place / "file").touch()
            with self.assertRaisesRegex(CheckoutError, "git ignores it"):
                tree_hash.of_directory(place, self.scratch)
        self.assertFalse(self.scratch.exists())
        below = self.tree / "below"
        (below / "ignored").mkdir(parents=True)
        (below / "ignored" / "file").touch()
        (below / "seen").touch()
        tree_hash.of_directory(below, self.scratch)

    def test_directory_that_is_no_repository_is_an_error_and_leaves_nothing(self) -> None:
        with self.assertRaises(CheckoutError):
            tree_hash.of_directory(self.tree.parent, self.scratch)
        self.assertFalse(self.scratch.exists())


if __name__ == "__main__":
    unittest.main()
