"""Runs leave the history by age, and by count once it has many more than the store."""

from __future__ import annotations

import unittest
from unittest import mock

from lib.history import forgetting
from lib.run_directories import stale_rows
from lib.run_directories.retention import DAY, Limits
from tests.support.past import add_run
from tests.support.recorded import Recorded


class StaleRows(Recorded):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch.object(forgetting, "ALWAYS", 1))
        self.enterContext(mock.patch.object(stale_rows, "HISTORY", self.path.name))

    def clean(self, now: float, **limits: float) -> list[str]:
        found = list(stale_rows.find(self.path.parent, Limits(**limits), now))
        self.assertTrue(all(thing.remove() for thing in found))
        return [thing.why for thing in found]

    def runs(self) -> int:
        return forgetting.count(self.path) + 1

    def test_nothing_goes_without_a_history_or_within_the_bounds(self) -> None:
        self.assertEqual(self.clean(0.0), [])
        add_run(self.path, "a=passed")
        self.assertEqual(self.clean(DAY), [])

    def test_old_runs_go(self) -> None:
        for _ in range(4):  # they start at 1000, 2000, …
            add_run(self.path, "a=passed")
        told = self.clean(30 * DAY + 2500)
        self.assertEqual(told, ["2 of its runs are too old, or too many"])
        self.assertEqual(self.runs(), 2)
        self.assertEqual(self.clean(30 * DAY + 2500), [])

    def test_too_many_runs_go(self) -> None:
        for _ in range(13):
            add_run(self.path, "a=passed")
        self.assertEqual(self.clean(5000.0, runs=1), ["3 of its runs are too old, or too many"])
        self.assertEqual(self.runs(), 10)
        self.assertEqual(self.clean(5000.0, runs=1), [])

    def test_damaged_history_stays_as_it_is(self) -> None:
        self.path.write_bytes(b"no database" * 1000)
        self.assertEqual(self.clean(1e9), [])
        self.assertTrue(self.path.exists())


if __name__ == "__main__":
    unittest.main()
