"""What the ends of logs cost, in characters that are looked at."""

from __future__ import annotations

import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lib.common.redact import LONGEST_SECRET, Redactor
from lib.report import log_tail, seen_lines


class Work(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.looked: list[int] = []
        as_seen = seen_lines.as_seen

        def noted(text: str, obeyed: re.Pattern[str]) -> list[str]:
            self.looked.append(len(text))
            return as_seen(text, obeyed)

        self.enterContext(mock.patch.object(seen_lines, "as_seen", noted))

    def test_log_is_looked_at_once_for_all_views_and_again_if_it_has_changed(self) -> None:
        log, mask = self.directory / "a.log", Redactor(["topsecret"])
        log.write_text("\x1b[31mFAILED\x1b[0m a.py::b\n")
        for _ in range(3):
            self.assertEqual(log_tail.shown(log, mask), ["FAILED a.py::b"])
            self.assertEqual(
                log_tail.shown(log, mask, colours=True), ["\x1b[31mFAILED\x1b[0m a.py::b"]
            )
        self.assertEqual(len(self.looked), 1)
        log.write_text("topsecret\n")
        self.assertEqual(log_tail.shown(log, mask), ["***"])
        self.assertEqual(log_tail.shown(log), ["topsecret"], "another mask")

    def test_ends_of_many_logs_cost_little_more_than_those_of_a_few(self) -> None:
        log = self.directory / "a.log"
        log.write_text("x" * 1000 + "\n" + "." * (log_tail.READ + 10_000))
        bound = log_tail.READ_OF_ALL // log_tail.READ
        for among in (0, 1, bound, 10 * bound, 10**6):
            self.looked.clear()
            log_tail._lines.cache_clear()
            self.assertEqual(len(log_tail.shown(log, among=among)), 1)
            (looked,) = self.looked
            self.assertLessEqual(looked, log_tail.READ + LONGEST_SECRET)
            self.assertLessEqual(
                looked * among, log_tail.READ_OF_ALL + among * 4 * log_tail.LEAST_READ
            )

    def test_line_of_very_many_colours_is_shown_without(self) -> None:
        log = self.directory / "a.log"
        log.write_text("\x1b[1mx\x1b[0m\n" + "\x1b[1m" * log_tail.LONGEST_LOOK + "x y\n")
        few, many = log_tail.shown(log, colours=True)
        self.assertEqual(few, "\x1b[1mx\x1b[0m")
        self.assertNotIn("\x1b", many)
        self.assertTrue(many.endswith("x y"))


if __name__ == "__main__":
    unittest.main()
