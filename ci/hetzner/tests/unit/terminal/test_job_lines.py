"""Lines of the output of jobs: whole, masked, and without control characters."""

from __future__ import annotations

import unittest

from lib.common.redact import Redactor
from lib.terminal.job_lines import LONGEST, JobLines

SECRET = "s3cr3t-of-the-house"


class Lines(unittest.TestCase):
    def setUp(self) -> None:
        self.lines = JobLines(Redactor([SECRET]))

    def test_line_is_shown_when_it_is_whole(self) -> None:
        self.assertEqual(self.lines.feed(b"one\ntw"), ["one"])
        self.assertEqual(self.lines.feed(b"o\n\nthree"), ["two", ""])
        self.assertEqual(self.lines.end(), ["three"])
        self.assertEqual(self.lines.end(), [])

    def test_character_may_come_in_two_parts(self) -> None:
        self.assertEqual(self.lines.feed("é".encode()[:1]), [])
        self.assertEqual(self.lines.feed("é".encode()[1:] + b"\n"), ["é"])

    def test_colors_and_control_characters_are_gone(self) -> None:
        self.assertEqual(
            self.lines.feed(b"\x1b[31mred\x1b[0m \x07\x1b]0;title\x07end\n"), ["red ·end"]
        )

    def test_meter_shows_its_last_state(self) -> None:
        self.assertEqual(self.lines.feed(b"10 %\r50 %\r100 %\r\n"), ["100 %"])

    def test_secret_is_masked_in_parts_and_between_colors(self) -> None:
        half = len(SECRET) // 2
        self.assertEqual(self.lines.feed(f"a {SECRET[:half]}".encode()), [])
        self.assertEqual(self.lines.feed(f"{SECRET[half:]} b\n".encode()), ["a *** b"])
        colored = f"{SECRET[:half]}\x1b[0m{SECRET[half:]}\n"
        self.assertEqual(self.lines.feed(colored.encode()), ["***"])

    def test_endless_line_is_cut_before_a_secret_that_is_cut(self) -> None:
        for before in (LONGEST - 5, LONGEST + 8 * 1024 - 5):
            with self.subTest(before=before):
                lines = JobLines(Redactor([SECRET]))
                text = f"{'x' * before}{SECRET}{'y' * 100_000}"
                for start in range(0, len(text), 10_000):
                    self.assertEqual(lines.feed(text[start : start + 10_000].encode()), [])
                (line,) = lines.feed(b"\n")
                self.assertNotIn(SECRET[:4], line)
                self.assertLessEqual(len(line), LONGEST + 2)


if __name__ == "__main__":
    unittest.main()
