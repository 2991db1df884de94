"""The end of a run: the exit code in summary.json and the last line of ci.log always agree."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from lib.model.result import Outcome, Result
from lib.model.run_facts import Facts
from lib.report import verdict_writer
from lib.report.run_log import RunLog
from lib.report.summary_json import SummaryFile

GREEN = Facts(("a",), {"a": Result("a", Outcome.PASSED)}, 2.0)


class End(unittest.TestCase):
    def setUp(self) -> None:
        self.logs = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.log = RunLog(self.logs)
        self.addCleanup(self.log.close)
        self.summary = self.logs / "summary.json"
        SummaryFile(self.logs, {}).begin([])

    def write(self, written: int | None = None) -> tuple[int, str, str]:
        return verdict_writer.write(self.log, self.summary, GREEN, written)

    def told(self, field: str = "exit_code") -> object:
        return json.loads(self.summary.read_text())[field]

    def ends(self) -> list[str]:
        """Return the END lines of the log, without the time."""
        lines = (self.logs / "ci.log").read_text().splitlines()
        return [line[11:] for line in lines if " END " in line]

    def test_both_tell_the_verdict(self) -> None:
        self.assertEqual(self.write(), (0, "success", "1 job passed in 2 s"))
        self.assertEqual(self.ends(), ["END   exit code 0: 1 job passed in 2 s"])
        self.assertEqual((self.told(), self.told("seconds")), (0, GREEN.seconds))

    def test_summary_that_tells_the_exit_code_already_is_left_as_it_is(self) -> None:
        before = self.summary.stat().st_ino
        self.write(written=0)
        self.assertEqual(self.summary.stat().st_ino, before)
        self.write(written=1)
        self.assertNotEqual(self.summary.stat().st_ino, before)

    def test_summary_that_cannot_be_written_makes_the_run_red_before_the_log_tells_its_end(
        self,
    ) -> None:
        self.summary.write_text("{")
        code, state, sentence = self.write()
        self.assertEqual((code, state), (1, "error"))
        self.assertRegex(sentence, r"\Acould not write .*summary.json: .*; 1 job passed in 2 s\Z")
        self.assertEqual(self.ends(), [f"END   exit code 1: {sentence}"])
        self.assertFalse(self.summary.exists())

    def test_log_that_cannot_be_written_makes_the_run_red_in_the_summary_too(self) -> None:
        (self.logs / "ci.log").unlink()
        code, state, sentence = self.write()
        self.assertEqual((code, state, self.told()), (1, "error", 1))
        self.assertIn("ci.log: it was removed during the run; 1 job passed", sentence)

    def test_write_error_after_the_end_changes_nothing(self) -> None:
        self.write()
        self.log.write_failed(self.summary, OSError(28, "No space left on device"))
        self.assertEqual(self.log.write_error, "")


if __name__ == "__main__":
    unittest.main()
