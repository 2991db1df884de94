"""The lines of a text as a terminal shows them, and the work that they cost."""

from __future__ import annotations

import unittest
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from lib.report import failure_lines, seen_lines

LONG = [f"AssertionError: {number} {'x' * 900}" for number in range(10)]


@contextmanager
def searched() -> Iterator[list[str]]:
    """Give the lines that are searched for a failure."""
    given: list[str] = []
    pick = failure_lines.pick

    def noted(lines: Sequence[str], most: int) -> list[int]:
        given.extend(lines)
        return pick(lines, most)

    with mock.patch.object(failure_lines, "pick", noted):
        yield given


class Work(unittest.TestCase):
    def test_line_is_searched_once_however_often_a_cursor_goes_up_in_front_of_it(self) -> None:
        for up in ("\x1b[9A", "\x1b[9A\n", "\x1b[1A\x1b[2K", "\x1b[F\r\n", "\x1b[50A\x1b[1G\n"):
            with self.subTest(up), searched() as given:
                self.assertEqual(seen_lines.as_seen("\n".join(LONG) + "\n" + up * 2000), LONG)
                self.assertLessEqual(len([line for line in given if line]), len(LONG))

    def test_meter_between_failures_is_searched_once_a_line(self) -> None:
        meter = "\x1b[11Ax\ny\n" * 1000
        with searched() as given:
            lines = seen_lines.as_seen("\n".join(LONG) + "\n" + meter)
        self.assertEqual(lines, [*LONG, "x", "y"])
        self.assertLessEqual(len(given), len(LONG) + 2 * 1000)

    def test_of_very_many_lines_the_last_are_looked_at(self) -> None:
        many = seen_lines.MOST_LINES
        for end in ("\n", "\r", "\r\n"):
            with self.subTest(end), searched() as given:
                text = f"FAILED first{end}" + f"x{end}" * many + f"FAILED last{end}end"
                lines = seen_lines.as_seen(text)
                self.assertLessEqual(len(lines), many)
                self.assertLessEqual(len(given), many)
                self.assertNotIn("FAILED first", lines)
                self.assertEqual(lines[-2:], ["FAILED last", "end"])

    def test_lines_and_texts_of_a_line_are_all_looked_at_up_to_the_bound(self) -> None:
        for end in ("\n", "\r"):
            text = f"FAILED first{end}" + f"x{end}" * (seen_lines.MOST_LINES - 2) + "end"
            self.assertEqual(seen_lines.as_seen(text)[0], "FAILED first")


class WrittenOver(unittest.TestCase):
    def test_cursor_that_goes_up_twice_in_a_line_goes_over_what_stays(self) -> None:
        text = "a\nFAILED b\nc\n\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[1Aend"
        self.assertEqual(seen_lines.as_seen(text), ["FAILED b", "end"])

    def test_error_of_a_traceback_stays_however_often_it_is_written_over(self) -> None:
        said = ["Traceback (most recent call last):", '  File "/b.py", line 7, in f', "Odd: y"]
        lines = seen_lines.as_seen("\n".join(said) + "\n" + "\x1b[4Acleaning\n" * 3)
        self.assertEqual(lines, [*said[1:], "cleaning"])

    def test_screen_is_as_high_as_one_whatever_a_line_says(self) -> None:
        lines = [f"step {number}" for number in range(seen_lines.SCREEN + 3)]
        for up in ("\x1b[999A", "\x1b[9A" * 100):
            self.assertEqual(
                seen_lines.as_seen("\n".join(lines) + f"\n{up}end"), [*lines[:3], "end"]
            )


if __name__ == "__main__":
    unittest.main()
