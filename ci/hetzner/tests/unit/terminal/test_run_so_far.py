"""The lines that the live view prints, and what it reads from the logs of jobs."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from lib.model import events
from lib.model.result import Outcome, Result
from lib.model.run_plan import RunPlan
from lib.model.selection import Choice, plan
from lib.report.view import Controls, ShownRun
from lib.terminal import run_so_far
from lib.terminal.keys import Mode
from lib.terminal.run_so_far import RunSoFar
from tests.support.fakes import jobs


def planned() -> RunPlan:
    return plan(jobs("a; b<a; c<b", c={"when": "end"}), Choice(), {"a": 20.0})


def nothing(*_: object) -> None:
    """Do nothing."""


class Follow(unittest.TestCase):
    def setUp(self) -> None:
        self.logs = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.end: float | None = None
        shown = ShownRun(
            self.logs, planned(), lambda: 30.0, str, Controls(nothing, nothing), lambda: self.end
        )
        self.run_so_far = RunSoFar(shown)
        self.follow(events.RunStarted(0.0, ("a", "b", "c"), ()))

    def follow(self, event: events.Event | None, *lines: str) -> list[str]:
        return list(self.run_so_far.follow(lines, event))

    def finish(self, job: str, outcome: Outcome = Outcome.FAILED) -> list[str]:
        """Let a job end that took two seconds; return the lines that are printed."""
        result = Result(job, outcome)
        result.started, result.ended, result.begun = 1.0, 3.0, True
        event = events.Finished(3.0, job, result, outcome, "")
        return self.follow(event, f"{outcome.upper()} {job}")

    def test_job_that_starts_has_no_line_and_others_have_theirs(self) -> None:
        self.assertEqual(self.follow(events.Started(1.0, "a", 1), "START a"), [])
        self.assertEqual(self.follow(events.Ready(1.0, "a"), "READY a"), [])
        self.assertEqual(self.follow(events.Note(1.0, "x"), "NOTE  x"), ["NOTE  x"])
        self.assertEqual(self.follow(None, "remark"), ["remark"])

    def test_failure_has_the_end_of_its_log_and_a_pass_has_not(self) -> None:
        for name in ("a", "b"):
            (self.logs / f"{name}.log").write_text("said\n")
        self.assertEqual(self.finish("a"), ["FAILED a  2.0 s", "    said"])
        self.assertEqual(self.finish("b", Outcome.PASSED), ["PASSED b  2.0 s"])

    def test_failures_whose_log_has_been_shown_are_known(self) -> None:
        self.finish("a")
        self.finish("b")
        self.follow(events.Started(4.0, "b", 1))
        self.finish("c", Outcome.PASSED)
        self.assertEqual(self.run_so_far.shown, {"a"})

    def test_ends_of_logs_are_shown_of_so_many_failures_only(self) -> None:
        shown = [self.finish(f"j{number}") for number in range(run_so_far.MOST + 2)]
        self.assertEqual(
            shown[-3],
            ["FAILED j19  2.0 s", "    (its log cannot be read: No such file or directory)"],
        )
        self.assertIn("when the run has ended", shown[-2][1])
        self.assertEqual(len(shown[-1]), 1)

    def test_picture_has_counts_last_lines_and_the_time_that_is_left(self) -> None:
        (self.logs / "a.log").write_text("one\ntwo\n")
        self.follow(events.Started(1.0, "a", 1))
        self.end = 130.0  # the clock is at 30
        picture = self.run_so_far.picture(Mode(), 24, keys=True)
        self.assertEqual((picture.total, picture.done, picture.failed), (3, 0, 0))
        self.assertEqual([(job.name, job.usual) for job in picture.running], [("a", 20.0)])
        self.assertEqual(picture.said, {"a": ["two"]})
        self.assertEqual(picture.left, 100.0)
        followed = self.run_so_far.picture(Mode("log", job="a"), 24, keys=True)
        self.assertEqual(followed.said, {"a": ["one", "two"]})

    def test_rows_of_all_jobs_are_made_only_if_they_are_shown(self) -> None:
        self.assertEqual(self.run_so_far.picture(Mode(), 24, keys=True).rows, ())
        rows = self.run_so_far.picture(Mode("all"), 24, keys=True).rows
        told = ["".join(part.text for part in row) for row in rows]
        self.assertEqual(
            told, ["· a waits for its turn", "· b waits for a", "· c waits for all else"]
        )


if __name__ == "__main__":
    unittest.main()
