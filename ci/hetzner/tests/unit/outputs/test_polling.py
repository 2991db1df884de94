"""Timed looks at a path where there is no inotify."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from lib.outputs.polling import LONGEST, SHORTEST, PollWatch


class TimedLooks(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name) / "out"
        self.now = 100.0
        self.watch = PollWatch(clock=lambda: self.now)
        self.watch.add("token", self.path)

    def look(self) -> list[str]:
        self.now += self.watch.interval()
        return self.watch.read()

    def test_growing_file_is_not_told_of_until_two_looks_agree(self) -> None:
        with self.path.open("w") as file:
            for _ in range(5):
                file.write("part")
                file.flush()
                self.assertEqual(self.look(), [])
        self.assertEqual(self.look(), ["token"])
        self.assertEqual(self.look(), [])

    def test_calls_before_a_look_is_due_do_not_count_as_looks(self) -> None:
        self.path.write_text("text")
        self.assertEqual(self.look(), [])
        for _ in range(10):
            self.assertEqual(self.watch.read(), [])
        self.assertEqual(self.look(), ["token"])

    def test_looks_become_rare_while_nothing_changes_and_frequent_again(self) -> None:
        gaps = []
        for _ in range(30):
            self.look()
            gaps.append(self.watch.interval())
        self.assertEqual(gaps, sorted(gaps))
        self.assertAlmostEqual(gaps[-1], LONGEST)
        self.path.write_text("text")
        self.look()
        self.assertAlmostEqual(self.watch.interval(), SHORTEST)

    def test_looks_take_no_more_than_a_tenth_of_the_time(self) -> None:
        def clock_of_a_slow_disk() -> float:
            self.now += 1.0  # a look begins and ends with a question for the time
            return self.now

        slow = PollWatch(clock=clock_of_a_slow_disk)
        slow.add("token", self.path)
        self.now += 10
        slow.read()
        self.assertGreater(slow.interval(), 8.0)


if __name__ == "__main__":
    unittest.main()
