"""The benchmark describes its machine."""

from __future__ import annotations

import unittest

from benchmarks import course


class Report(unittest.TestCase):
    def test_machine_is_described_without_names_and_paths(self) -> None:
        told = course.describe_machine()
        self.assertEqual(list(told), ["processors", "model", "kernel", "Python", "load before"])
