"""The end of a run for people: the order of its jobs, failed test cases, commands to go on."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path

from lib.model.cause import Cause
from lib.model.result import Outcome, Result
from lib.report import console_summary


def result(name: str, outcome: Outcome, start: float | None = None, *tests: str) -> Result:
    made = Result(name, outcome, reason="exit code 3", cause=Cause.EXIT_CODE)
    made.failed_tests = tests
    if start is not None:
        made.begun, made.started, made.ended = True, start, start + 1.5
    return made


class Table(unittest.TestCase):
    def test_jobs_are_in_order_of_start_and_those_that_never_started_last(self) -> None:
        section = console_summary.table(
            [
                result("never", Outcome.SKIPPED),
                result("second", Outcome.PASSED, 2.0),
                result("first", Outcome.PASSED, 1.0),
            ]
        )
        names = [line.split()[0] for line in section.lines]
        self.assertEqual(names, ["job", "first", "second", "never"])


class Failures(unittest.TestCase):
    def setUp(self) -> None:
        self.logs = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def told(self, *results: Result) -> list[Sequence[str]]:
        """Return the lines of the sections."""
        logged = [each.name for each in results if each.begun]
        for name in logged:
            (self.logs / f"{name}.log").write_text("the end\n")
        made = console_summary.failures(
            results, self.logs, logged, lambda jobs: f"again {','.join(jobs)}"
        )
        return [section.whole for section in made]

    def test_log_comes_first_then_the_failed_test_cases_and_the_command(self) -> None:
        (lines,) = self.told(result("a", Outcome.FAILED, 1.0, "m::x", "m::y"))
        self.assertEqual(
            lines,
            [
                f"--- a: exit code 3 ({self.logs}/a.log)",
                "    the end",
                "    FAILED m::x",
                "    FAILED m::y",
                "    run it again: again a",
            ],
        )

    def test_many_failed_test_cases_are_counted(self) -> None:
        (lines,) = self.told(result("a", Outcome.FAILED, 1.0, *map(str, range(25))))
        self.assertEqual(lines[22], "    … and 5 more")

    def test_one_command_runs_all_again_if_there_are_several(self) -> None:
        *_, last = self.told(
            result("b", Outcome.FAILED, 1.0),
            result("ok", Outcome.PASSED, 1.0),
            result("c", Outcome.TIMED_OUT, 2.0),
            result("cut", Outcome.CANCELLED, 2.0),
        )
        self.assertEqual(last, ["run all 3 again: again b,c,cut"])


if __name__ == "__main__":
    unittest.main()
