"""The lines of ci.log on a stream that is no terminal."""

from __future__ import annotations

import io
import unittest

from lib.model import events
from lib.model.result import Outcome, Result
from lib.terminal.plain_view import PlainView


def finished(outcome: Outcome, *, begun: bool = True) -> events.Finished:
    """Return the end of a job that ran from second 2 to second 14.3, or never started."""
    result = Result("x", outcome)
    if begun:
        result.begun, result.started, result.ended = True, 2.0, 14.3
    return events.Finished(14.3, "x", result, outcome, "")


class Lines(unittest.TestCase):
    def setUp(self) -> None:
        self.stream = io.StringIO()
        self.view = PlainView(self.stream)

    def shown(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def test_end_of_a_job_has_its_seconds_after_the_line_of_the_log(self) -> None:
        self.view.show(["[12:00:00] PASS  x"], finished(Outcome.PASSED))
        self.view.show(
            ["[12:00:00] FAIL  x  (see u/x.log)", "[12:00:00] CAUSE x: exit code 3"],
            finished(Outcome.FAILED),
        )
        self.assertEqual(
            self.shown(),
            [
                "[12:00:00] PASS  x  12.3 s",
                "[12:00:00] FAIL  x  (see u/x.log)  12.3 s",
                "[12:00:00] CAUSE x: exit code 3",
            ],
        )

    def test_other_lines_are_those_of_the_log(self) -> None:
        self.view.show(["[12:00:00] START x"], events.Started(2.0, "x", 1))
        self.view.show(["[12:00:00] NOTE  careful"])
        self.view.show([], events.OutputReady(3.0, "x", "dist"))
        self.view.show(["[12:00:00] SKIP  x (y failed)"], finished(Outcome.SKIPPED, begun=False))
        self.assertEqual(
            self.shown(),
            [
                "[12:00:00] START x",
                "[12:00:00] NOTE  careful",
                "[12:00:00] SKIP  x (y failed)",
            ],
        )


if __name__ == "__main__":
    unittest.main()
