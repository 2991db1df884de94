"""Properties of a branch's name, which hypothesis tries to refute. `check.py` runs them."""

from __future__ import annotations

import subprocess
import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from lib.common.ref_names import LONGEST, is_branch
from tests.support.ref_names import PIECES

# no NUL, which no argument can hold, and no lone surrogate
LETTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
NAMES = st.lists(st.sampled_from(PIECES) | LETTERS, max_size=8).map("".join)


class Properties(unittest.TestCase):
    @settings(max_examples=300, deadline=None)
    @given(NAMES)
    def test_git_takes_a_branch_and_nothing_else(self, name: str) -> None:
        done = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
        ours = not name.startswith("-") and name != "HEAD" and len(name.encode()) <= LONGEST
        self.assertEqual(is_branch(name), done.returncode == 0 and ours)
