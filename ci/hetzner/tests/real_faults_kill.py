"""Runs tests/killed.py: what a killed run left is anybody's to clean up, so it is done apart."""

from __future__ import annotations

import unittest

from tests import apart


class Kill(unittest.TestCase):
    def test_killed_runs(self) -> None:
        apart.run(self, "killed", apart.PROCESSES)


if __name__ == "__main__":
    unittest.main()
