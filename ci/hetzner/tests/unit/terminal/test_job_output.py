"""The output of jobs that run, out of logs that grow."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

from lib.terminal import job_output
from lib.terminal.job_output import JobOutput


class Output(unittest.TestCase):
    def setUp(self) -> None:
        self.logs = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.log = self.logs / "x.log"

    def output(self) -> JobOutput:
        made = JobOutput(self.logs, str, ["x"])
        self.addCleanup(made.close)
        return made

    def write(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(text)

    def test_new_lines_are_returned_once(self) -> None:
        output = self.output()
        self.assertEqual(output.more("x"), [])
        self.write("one\ntwo\nthr")
        self.assertEqual(output.more("x"), ["one", "two"])
        self.assertEqual(output.more("x"), [])
        self.write("ee\nend")
        self.assertEqual(output.finish("x"), ["three", "end"])

    def test_attempt_that_ends_before_a_look_is_read_whole(self) -> None:
        output = self.output()
        self.write("one\n")
        self.assertEqual(output.finish("x"), ["one"])

    def test_log_of_an_earlier_run_or_attempt_is_not_read(self) -> None:
        self.write("of an earlier run\n")
        output = self.output()
        self.assertEqual(output.more("x"), [])
        for attempt in ("first", "second"):
            self.log.rename(self.logs / f"x.log.{attempt}")
            self.write(f"{attempt}\n")
            self.assertEqual(output.finish("x"), [attempt])
            self.assertEqual(output.more("x"), [])

    def test_more_than_a_look_reads_is_told(self) -> None:
        output = self.output()
        self.write("x" * 99 + "\n")
        os.truncate(self.log, 0)
        self.write(("y" * 99 + "\n") * (3 * job_output.AT_ONCE // 100))
        lines = output.finish("x")
        self.assertRegex(lines[-1], r"\A\(2\.\d MB more are in its log\)\Z")
        self.assertLess(len(lines), 2 * job_output.AT_ONCE // 100)

    def test_pipe_in_the_place_of_a_log_has_no_lines(self) -> None:
        output = self.output()
        os.mkfifo(self.log)
        self.assertEqual(output.more("x"), [])
        self.assertEqual(output.finish("x"), [])


if __name__ == "__main__":
    unittest.main()
