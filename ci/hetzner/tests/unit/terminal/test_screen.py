"""What is written to a terminal: only changes, below the lines that scroll away."""

from __future__ import annotations

import unittest

from lib.terminal import screen
from lib.terminal.screen import Screen

SIZE = (80, 24)


class Writes(unittest.TestCase):
    def setUp(self) -> None:
        self.written: list[str] = []
        self.screen = Screen(self.written.append)
        self.screen.update([], ["one", "two", "three"], SIZE)
        self.written.clear()

    def test_nothing_is_written_if_nothing_has_changed(self) -> None:
        self.screen.update([], ["one", "two", "three"], SIZE)
        self.assertEqual(self.written, [])

    def test_only_the_changed_line_is_written(self) -> None:
        self.screen.update([], ["one", "TWO", "three"], SIZE)
        self.assertEqual(self.written, [f"{screen.BEGIN}\x1b[1B\rTWO\x1b[K\x1b[1A\r{screen.END}"])

    def test_line_above_has_all_drawn_anew(self) -> None:
        self.screen.update(["said"], ["one", "two", "three"], SIZE)
        text = "\r\x1b[Jsaid\r\none\r\ntwo\r\nthree\x1b[2A\r"
        self.assertEqual(self.written, [f"{screen.BEGIN}{text}{screen.END}"])

    def test_other_size_has_all_drawn_anew(self) -> None:
        self.screen.update([], ["one", "two", "three"], (79, 24))
        self.assertIn("one\r\ntwo\r\nthree", "".join(self.written))

    def test_left_terminal_has_its_cursor_and_the_last_lines(self) -> None:
        self.screen.leave(["said"])
        self.assertEqual("".join(self.written), f"\r\x1b[Jsaid\r\n{screen.SHOW}")
        self.written.clear()
        self.screen.leave([])
        self.assertEqual(self.written, [])

    def test_terminal_is_taken_again_after_it_was_left(self) -> None:
        self.screen.leave([])
        self.written.clear()
        self.screen.update([], ["one"], SIZE)
        self.assertEqual("".join(self.written).count(screen.HIDE), 1)


if __name__ == "__main__":
    unittest.main()
