"""Runs killed.py in namespaces of its own: any runner may clean up after a killed one."""

from __future__ import annotations

import unittest

from tests.support import apart


class Kill(unittest.TestCase):
    def test_killed_runs(self) -> None:
        apart.run(self, "faults.killed", apart.PROCESSES)


if __name__ == "__main__":
    unittest.main()
