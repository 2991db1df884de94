"""The benchmark describes its machine."""

from __future__ import annotations

import unittest

from benchmarks import benchmark_run


class Report(unittest.TestCase):
    def test_machine_is_described_without_names_and_paths(self) -> None:
        told = benchmark_run.describe_machine()
        self.assertEqual(list(told), ["processors", "model", "kernel", "Python", "load before"])
