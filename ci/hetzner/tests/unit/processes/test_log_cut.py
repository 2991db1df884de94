"""A log that is cut keeps its head and its tail, whole lines of both, and says how much is gone."""

from __future__ import annotations

import os
import re
import tempfile
import unittest
from pathlib import Path

from lib.common import log_bytes
from lib.common.redact import LONGEST_SECRET
from lib.processes import cache_protocol, log_cut
from lib.report import log_tail

BOUND = 400_000


class Cut(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.log = Path(directory.name, "a.log")

    def cut(self, bound: int = BOUND, before: int = 0) -> int:
        handle = os.open(self.log, os.O_RDWR)
        try:
            return log_cut.cut(handle, bound, before)
        finally:
            os.close(handle)

    def numbered(self, first: int, count: int) -> list[str]:
        return [f"line {number} {'x' * 90}" for number in range(first, first + count)]

    def test_a_log_within_its_bound_stays(self) -> None:
        for size in (0, 1, BOUND):
            self.log.write_bytes(b"x" * size)
            self.assertEqual(self.cut(), 0)
            self.assertEqual(self.log.read_bytes(), b"x" * size)

    def test_head_and_tail_stay_in_whole_lines_with_the_count_between(self) -> None:
        lines = self.numbered(0, 20_000)
        self.log.write_text("\n".join(lines) + "\n")
        size = self.log.stat().st_size
        left_out = self.cut()
        text = self.log.read_text()
        self.assertLessEqual(len(text), BOUND)
        head, said, tail = re.split(r"\n--- (\d+) bytes were left out here.*\n", text)
        first, last = head.splitlines(), tail.splitlines()
        self.assertEqual((first, last), (lines[: len(first)], lines[-len(last) :]))
        self.assertGreater(min(len(head), len(tail)), BOUND // 2 - log_cut.EDGE - log_cut.SPARE)
        self.assertEqual((int(said), left_out), (size - len(head) - len(tail),) * 2)

    def test_a_log_without_lines_is_cut_as_well(self) -> None:
        self.log.write_bytes(b"a" * BOUND + b"b" * BOUND)
        self.assertGreater(self.cut(), BOUND - log_cut.SPARE)
        found = self.log.read_bytes()
        self.assertLessEqual(len(found), BOUND)
        self.assertEqual((found[:100], found[-100:]), (b"a" * 100, b"b" * 100))

    def test_a_log_that_exceeds_its_bound_by_a_byte_gets_no_longer(self) -> None:
        for more in (1, 10, log_cut.SPARE, log_cut.SPARE + 1):
            for line in (b"x" * 100, b"x" * 99 + b"\n", b"\n"):
                self.log.write_bytes((line * BOUND)[: BOUND + more])
                self.cut()
                self.assertLessEqual(self.log.stat().st_size, BOUND)

    def test_a_second_cut_counts_what_the_first_has_left_out(self) -> None:
        for end in ("\n", ""):
            self.log.write_text("".join(f"{line}{end}" for line in self.numbered(0, 20_000)))
            size, left_out = self.log.stat().st_size, self.cut()
            with self.log.open("a") as log:
                log.write("".join(f"{line}{end}" for line in self.numbered(20_000, 20_000)))
            again = self.log.stat().st_size
            self.assertGreater(again, size - left_out)
            left_out += self.cut(before=left_out)
            said = re.findall(r"\n--- (\d+) bytes were left out", self.log.read_text())
            self.assertEqual(said, [str(left_out)])

    def test_the_end_that_is_shown_and_cached_is_never_cut(self) -> None:
        read = max(log_tail.READ, cache_protocol.MOST_SAID) + LONGEST_SECRET
        self.assertGreater(log_cut.tail(log_bytes.LEAST) - log_cut.EDGE, read)


if __name__ == "__main__":
    unittest.main()
