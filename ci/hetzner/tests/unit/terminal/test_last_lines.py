"""The last lines of logs that grow."""

from __future__ import annotations

import os
import tempfile
import time
import unittest
from pathlib import Path

from lib.common.redact import LONGEST_SECRET, Redactor
from lib.terminal.last_lines import LastLines

SECRET = "ghp_0123456789abcdefghij"


class Lines(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.log = self.directory / "a.log"
        self.lines = LastLines(self.directory, Redactor([SECRET]))

    def test_last_line_that_says_something_is_returned(self) -> None:
        self.log.write_text("one\n\x1b[31mtwo\x1b[0m\n  \n\n")
        self.assertEqual(self.lines.of("a", 1), ["two"])
        self.assertEqual(self.lines.of("a", 5), ["one", "two"])

    def test_line_that_is_written_over_is_the_last_state(self) -> None:
        self.log.write_text("10 %\r50 %\r90 %")
        self.assertEqual(self.lines.of("a", 1), ["90 %"])

    def test_log_that_grows_is_read_again(self) -> None:
        self.log.write_text("one\n")
        self.assertEqual(self.lines.of("a", 1), ["one"])
        with self.log.open("a") as file:
            file.write("two\n")
        self.assertEqual(self.lines.of("a", 1), ["two"])

    def test_secret_is_masked_wherever_the_part_that_is_read_begins(self) -> None:
        for size in range(LONGEST_SECRET + 1990, LONGEST_SECRET + 2040):
            self.log.write_text(f"{SECRET}{'x' * size}\nend {SECRET}\n")
            shown = "".join(self.lines.of("a", 2))
            self.assertIn("end ***", shown)
            for start in range(len(SECRET) - 7):
                self.assertNotIn(SECRET[start : start + 8], shown)

    def test_nothing_that_stands_in_the_place_of_a_log_is_read(self) -> None:
        self.assertEqual(self.lines.of("missing", 1), ())
        (self.directory / "d.log").mkdir()
        os.mkfifo(self.directory / "pipe.log")
        (self.directory / "link.log").symlink_to("/etc/passwd")
        for name in ("d", "pipe", "link"):
            self.assertEqual(self.lines.of(name, 1), (), name)

    def test_silence_is_the_time_since_the_last_change(self) -> None:
        self.log.write_text("one\n")
        changed = time.time() - 100
        os.utime(self.log, (changed, changed))
        self.assertEqual(self.lines.silence("a"), 0.0)  # nobody has looked
        self.lines.of("a", 1)
        self.assertEqual(round(self.lines.silence("a"), -1), 100)
        self.lines.forget("a")
        self.assertEqual(self.lines.silence("a"), 0.0)


if __name__ == "__main__":
    unittest.main()
