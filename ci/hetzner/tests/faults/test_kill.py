"""Runs the modules on killed runs in namespaces: any runner may clean up after a killed one."""

from __future__ import annotations

import unittest

from tests.support import namespaces


class Kill(unittest.TestCase):
    def test_killed_runs(self) -> None:
        namespaces.run(self, "faults.killed", namespaces.PROCESSES)

    def test_stores_of_killed_runs(self) -> None:
        namespaces.run(self, "faults.stores_of_killed", namespaces.PROCESSES)


if __name__ == "__main__":
    unittest.main()
