"""Runs tests/runs/in_namespaces.py: a run on a box kills by name and removes files."""

from __future__ import annotations

import unittest

from tests.support import namespaces


class Box(unittest.TestCase):
    def test_runs_on_a_box(self) -> None:
        namespaces.run(self, "runs.in_namespaces", namespaces.FILES, namespaces.OWN_TMP)


if __name__ == "__main__":
    unittest.main()
