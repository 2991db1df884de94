"""A name that git would not take for a commit or a branch is refused."""

from __future__ import annotations

import unittest

from lib.common.ref_names import is_branch, is_commit
from tests.support.ref_names import BAD, GOOD, OURS


class RefNames(unittest.TestCase):
    def test_commit_is_40_or_64_digits_in_lower_case_and_nothing_else(self) -> None:
        for name in ("0123456789abcdef" * 4, "a" * 40):
            self.assertTrue(is_commit(name), name)
        odd = ("", "a" * 39, "a" * 41, "a" * 63, "A" * 40, "g" * 40, "a" * 40 + "\n", "٠" * 40)
        for name in (*odd, "HEAD", "-" + "a" * 39, "0x" + "a" * 38):
            self.assertFalse(is_commit(name), name)

    def test_branch_is_one_that_git_takes(self) -> None:
        self.assertEqual([name for name in GOOD if not is_branch(name)], [])
        self.assertEqual([name for name in BAD if is_branch(name)], [])

    def test_branch_is_no_option_no_commit_and_no_longer_than_the_name_of_a_file(self) -> None:
        self.assertEqual([name for name in OURS if is_branch(name)], [])
        self.assertTrue(is_branch("a" * 255))

    def test_branch_that_is_no_text_is_refused(self) -> None:
        for name in ("a\ud800", "\udcff"):
            self.assertFalse(is_branch(name))
