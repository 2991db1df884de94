"""The clock of a run: it stands still while the run is suspended, and cannot be set back."""

from __future__ import annotations

import time
import unittest
from unittest import mock

from lib.common.clock import MonotonicClock


class Clock(unittest.TestCase):
    def setUp(self) -> None:
        self.time = 100.0
        for name, value in (("monotonic", lambda: self.time), ("time", lambda: 0.0)):
            self.enterContext(mock.patch.object(time, name, value))
        self.clock = MonotonicClock()

    def test_seconds_count_from_its_making(self) -> None:
        self.time += 5
        self.assertEqual(self.clock.now(), 5)

    def test_seconds_of_a_suspended_run_do_not_count(self) -> None:
        self.time += 5
        self.clock.pause()
        self.time += 1000
        self.assertEqual(self.clock.now(), 5)
        self.clock.resume()
        self.time += 2
        self.assertEqual(self.clock.now(), 7)

    def test_pausing_or_resuming_twice_is_doing_it_once(self) -> None:
        self.clock.resume()
        self.clock.pause()
        self.time += 10
        self.clock.pause()
        self.clock.resume()
        self.clock.resume()
        self.assertEqual(self.clock.now(), 0)


if __name__ == "__main__":
    unittest.main()
