"""A log that is printed as it grows loses nothing when another file takes its place."""

from __future__ import annotations

import contextlib
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


if __name__ == "__main__":
    unittest.main()
