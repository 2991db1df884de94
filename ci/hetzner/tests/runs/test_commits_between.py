"""The commits between two runs, from a real repository."""

from __future__ import annotations

import unittest

from lib.git import commits_between
from lib.git.git_command import CheckoutError
from tests.support.git_case import GitCase, commit, git


class Between(GitCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = git(self.repo, "rev-parse", "HEAD")

    def test_newest_come_first_with_author_and_subject(self) -> None:
        middle, new = commit(self.repo, "x", "1"), commit(self.repo, "x", "2")
        found = commits_between.between(self.repo, self.base, new, 10)
        self.assertEqual([one.sha for one in found.newest], [new, middle])
        self.assertEqual(found.newest[0].subject, "x 2")
        self.assertEqual((found.newest[0].author, found.total, found.lost), ("A", 2, 0))

    def test_a_part_is_listed_and_all_are_counted(self) -> None:
        for text in "1234":
            new = commit(self.repo, "x", text)
        found = commits_between.between(self.repo, self.base, new, 2)
        self.assertEqual((len(found.newest), found.total), (2, 4))

    def test_commits_that_only_the_old_one_has_are_counted_as_lost(self) -> None:
        old = commit(self.repo, "x", "1")
        git(self.repo, "reset", "-q", "--hard", self.base)
        new = commit(self.repo, "y", "1")
        found = commits_between.between(self.repo, old, new, 10)
        self.assertEqual(([one.sha for one in found.newest], found.lost), ([new], 1))

    def test_equal_commits_have_none_between(self) -> None:
        found = commits_between.between(self.repo, self.base, self.base, 10)
        self.assertEqual(found, commits_between.Commits((), 0, 0))

    def test_hostile_words_stay_apart_and_settings_of_the_user_change_nothing(self) -> None:
        git(self.repo, "config", "user.name", "\x1b[31m red -- --all")
        git(self.repo, "config", "log.showSignature", "true")
        git(self.repo, "config", "format.pretty", "raw")
        words = ("--allow-empty", "--cleanup=verbatim", "-m", "\x1b]0;x\x07 -- $(touch hacked)\ny")
        git(self.repo, "-c", "core.commentChar=;", "commit", "-q", *words)
        new = git(self.repo, "rev-parse", "HEAD")
        (one,) = commits_between.between(self.repo, self.base, new, 10).newest
        self.assertEqual(one.sha, new)
        self.assertEqual(one.subject, "\x1b]0;x\x07 -- $(touch hacked) y")
        self.assertFalse((self.repo / "hacked").exists())

    def test_what_is_no_commit_of_the_repository_is_refused(self) -> None:
        for bad in ("0" * 40, "--all", "HEAD", "", "a" * 39):
            with self.subTest(bad), self.assertRaises(CheckoutError):
                commits_between.between(self.repo, self.base, bad, 10)


if __name__ == "__main__":
    unittest.main()
