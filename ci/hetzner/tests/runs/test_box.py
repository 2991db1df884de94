"""Runs tests/runs/boxed.py: a run on a box kills by name and removes files, so it is done apart."""

from __future__ import annotations

import unittest

from tests.support import apart


class Box(unittest.TestCase):
    def test_runs_on_a_box(self) -> None:
        apart.run(self, "runs.boxed", apart.FILES, apart.OWN_TMP)


if __name__ == "__main__":
    unittest.main()
