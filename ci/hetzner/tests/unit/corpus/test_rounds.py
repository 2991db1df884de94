"""The journal of a time: what a crash may leave of it, and what is kept."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from lib.corpus import rounds
from lib.corpus.ended_run import EndedRun
from lib.corpus.rounds import Round

RUN = EndedRun(
    *("one", "a" * 40, ("--only", "x")),
    exit_code=1,
    jobs={"x": "failed"},
    allowed=("x",),
    left=("1 sleep",),
    amounts={"processes": 3},
)


class Journal(unittest.TestCase):
    def setUp(self) -> None:
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory()), "corpus")
        self.made = rounds.new(self.home)
        self.journal = self.made.directory / rounds.JOURNAL

    def again(self) -> Round:
        return Round(self.made.directory)

    def test_run_is_read_as_it_was_written(self) -> None:
        self.made.begin({"processes": 2})
        self.made.end(RUN)
        self.assertEqual(self.again().runs, {"one": RUN})
        self.assertEqual(self.again().before, {"one": {"processes": 2}})
        self.assertEqual(self.again().runs, self.made.runs)

    def test_latest_run_of_a_commit_counts(self) -> None:
        self.made.end(RUN)
        self.made.end(RUN._replace(exit_code=0))
        self.assertEqual(self.again().runs["one"].exit_code, 0)

    def test_time_is_complete_only_once_it_is_done(self) -> None:
        self.made.end(RUN)
        self.assertFalse(self.again().complete)
        self.assertIsNone(rounds.last_complete([self.again()]))
        self.made.done()
        self.assertTrue(self.again().complete)

    def test_line_that_was_half_written_costs_that_line_alone(self) -> None:
        self.made.end(RUN)
        whole = self.journal.read_bytes()
        for cut in (*range(1, len(whole), 40), len(whole) - 1):
            self.journal.write_bytes(whole[:cut])
            self.again().end(RUN._replace(name="two"))
            self.assertIn("two", self.again().runs)

    def test_damaged_lines_are_passed_over(self) -> None:
        self.journal.write_bytes(b'\xff\n3\n[]\n{"kind": "end"}\n{"kind": "begin"}\n{}\n')
        self.assertEqual(self.again().runs, {})

    def test_oldest_times_are_removed(self) -> None:
        for number in range(rounds.KEPT + 5):
            (self.home / f"2020010{number % 10}T0000{number:02}Z").mkdir()
        newest = rounds.new(self.home)
        known = rounds.all_of(self.home)
        self.assertEqual(len(known), rounds.KEPT)
        self.assertEqual(known[0].name, newest.name)


if __name__ == "__main__":
    unittest.main()
