"""A log that is printed as it grows loses nothing when another file takes its place."""

from __future__ import annotations

import contextlib
import re
import tempfile
import unittest
from pathlib import Path

from lib.queue_commands.printed_log import PrintedLog


class Replaced(unittest.TestCase):
    def test_rest_of_the_old_log_comes_before_the_new_one(self) -> None:
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        path, printed = directory / "1.log", directory / "printed"
        path.write_text("one\n")
        with printed.open("w") as stdout, contextlib.redirect_stdout(stdout):
            log = PrintedLog(path)
            log.more()
            with path.open("a") as old:
                old.write("two\n")
            path.rename(directory / "1.log.1")
            path.write_text("three\n")
            log.end()
        self.assertEqual(printed.read_text(), "one\ntwo\nthree\n")

    def test_nothing_but_colours_reaches_a_terminal_behind_a_pipe(self) -> None:
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        path, printed = directory / "1.log", directory / "printed"
        path.write_bytes(b"\x1b]0;title\x07\x1b[31mred\x1b[0m\x1b[2J\x9b7m\n\x1b[c")
        with printed.open("w") as stdout, contextlib.redirect_stdout(stdout):
            PrintedLog(path).end()
        text = printed.read_text()
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", text), "red�7m\n")
        self.assertIn("\x1b[31mred", text)


if __name__ == "__main__":
    unittest.main()
