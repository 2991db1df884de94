"""What the runner asks git, and what it makes of odd answers."""

from __future__ import annotations

import os
import unittest
import unittest.mock

from lib.git import checkout
from lib.git.checkout import CheckoutError
from tests.support.git_case import HOSTILE, GitCase, contents, git, put


class TestQuestions(GitCase):
    def test_a_revision_becomes_its_full_sha(self) -> None:
        git(self.repo, "tag", "-a", "v1", "-m", "x", self.first)
        for name in (self.first, self.first[:9], "v1", "HEAD~1", "main^"):
            self.assertEqual(checkout.resolve(self.repo, name), self.first)

    def test_hostile_revisions_name_no_commit(self) -> None:
        for revision in HOSTILE:
            if revision.startswith("HEAD^0"):
                continue  # is a commit; only its length is refused, see below
            with self.subTest(revision=revision[:40]), self.assertRaises(CheckoutError) as caught:
                checkout.resolve(self.repo, revision)
            self.assertLess(len(str(caught.exception)), 2000)
            self.assertNotIn("\n", str(caught.exception))
        with self.fails("expected a commit", "characters"):
            checkout.resolve(self.repo, HOSTILE[-1])
        self.assertFalse((self.repo / "hacked").exists())

    def test_a_file_or_option_of_that_name_is_no_commit(self) -> None:
        with self.fails("has no commit 'a'"):
            checkout.resolve(self.repo, "a")

    def test_checkout_around_a_directory(self) -> None:
        inside = self.repo / "x" / "y"
        inside.mkdir(parents=True)
        self.assertEqual(checkout.enclosing_checkout(inside), self.repo)
        with self.fails("--repo or CI_REPO_DIR"):
            checkout.enclosing_checkout(self.home)

    def test_checkout_of_a_bare_repository_is_itself(self) -> None:
        git(self.home, "clone", "-q", "--bare", str(self.repo), "bare.git")
        self.assertEqual(
            checkout.enclosing_checkout(self.home / "bare.git"), self.home / "bare.git"
        )

    def test_checkout_of_a_worktree_is_the_worktree(self) -> None:
        git(self.repo, "worktree", "add", "-q", str(self.home / "other"))
        self.assertEqual(checkout.enclosing_checkout(self.home / "other"), self.home / "other")

    def test_branch_is_told_and_head_when_there_is_none(self) -> None:
        self.assertEqual(checkout.current_branch(self.repo), "main")
        git(self.repo, "checkout", "-q", "--detach")
        self.assertEqual(checkout.current_branch(self.repo), "HEAD")

    def test_dirty_means_changed_or_new(self) -> None:
        self.assertFalse(checkout.is_dirty(self.repo))
        put(self.repo / "new")
        self.assertTrue(checkout.is_dirty(self.repo))
        (self.repo / "new").unlink()
        put(self.repo / "a", "changed")
        self.assertTrue(checkout.is_dirty(self.repo))

    def test_asking_does_not_write_the_index(self) -> None:
        os.utime(self.repo / "a", (1, 1))  # a git that may would note this
        before = contents(self.repo)
        self.assertFalse(checkout.is_dirty(self.repo))
        self.assertEqual(contents(self.repo), before)

    def test_redirections_of_a_hook_do_not_count(self) -> None:
        git(self.home, "init", "-q", "elsewhere")
        other = self.home / "elsewhere"
        os.environ |= {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)}
        os.environ["GIT_INDEX_FILE"] = str(other / "index")
        self.assertEqual(checkout.resolve(self.repo, "HEAD"), self.second)
        self.assertEqual(checkout.enclosing_checkout(self.repo), self.repo)

    def test_every_variable_that_git_calls_local_is_removed(self) -> None:
        listed = git(self.repo, "rev-parse", "--local-env-vars").split()
        # how a user configures git for all repositories, safe.directory for instance
        listed.remove("GIT_CONFIG_COUNT")
        self.assertEqual(checkout.without_redirections(dict.fromkeys(listed, "x")), {})

    def test_error_names_command_code_words_and_remedy(self) -> None:
        with self.fails(
            "`git rev-parse", "nope", "exit code 0, found 128", "git said: .*fatal", "fetch it"
        ):
            checkout.resolve(self.repo, "nope")

    def test_error_hides_secrets(self) -> None:
        os.environ["GITHUB_TOKEN"] = "token-in-environment"
        url = "http://me:password-in-url@127.0.0.1:1/token-in-environment"
        git(self.repo, "remote", "add", "origin", url)
        with self.assertRaises(CheckoutError) as caught:
            checkout.fetch(self.repo, "HEAD", "")
        self.assertNotIn("password-in-url", str(caught.exception))
        self.assertNotIn("token-in-environment", str(caught.exception))
        with self.assertRaises(CheckoutError) as caught:
            checkout.resolve(self.repo, url)
        self.assertNotIn("password-in-url", str(caught.exception))
        self.assertNotIn("token-in-environment", str(caught.exception))

    def test_missing_directory_is_an_error_of_the_step(self) -> None:
        with self.fails("expected exit code 0, found .*No such file"):
            checkout.resolve(self.home / "missing", "HEAD")


if __name__ == "__main__":
    unittest.main()
