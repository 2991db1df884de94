"""The form of each line of ci.log, which people and programs read."""

from __future__ import annotations

import unittest

from lib.model import events
from lib.model.cause import Cause
from lib.model.result import AttemptRecord, Load, Outcome, Result
from lib.report import log_lines

URL = "http://box/logs"


def attempt(number: int, load: Load | None = None) -> AttemptRecord:
    return AttemptRecord(
        number, Outcome.FAILED, 3, 0.0, 1.0, "exit code 3", (), load, Cause.EXIT_CODE
    )


def finished(
    outcome: Outcome,
    why: str = "",
    *,
    begun: bool = True,
    allowed: bool = False,
    attempts: tuple[AttemptRecord, ...] = (),
) -> events.Finished:
    result = Result("x", outcome, reason=why, allowed=allowed)
    result.begun, result.attempts = begun, attempts
    return events.Finished(1.0, "x", result, outcome, why)


class Forms(unittest.TestCase):
    def check(self, *rows: tuple[events.Event, list[str]]) -> None:
        for event, lines in rows:
            with self.subTest(event=event):
                self.assertEqual(log_lines.of(event, URL), lines)

    def test_of_the_run(self) -> None:
        order = "ready jobs start in random order; --shuffle=7 gives it again"
        self.check(
            (events.RunStarted(0.0, ("x",), ()), []),
            (events.RunStarted(0.0, ("x",), ("y",)), ["SKIP  y (filtered)"]),
            (events.RunStarted(0.0, ("x",), (), 7), [f"NOTE  {order}"]),
            (events.PhaseStarted(0.0, "phase A"), ["PHASE phase A"]),
            (events.FastFail(1.0, "x failed"), ["FAST-FAIL: x failed"]),
            (
                events.Interrupted(1.0, "SIGINT", ("x", "y")),
                ["INTERRUPTED by SIGINT, running: x, y"],
            ),
            (events.Interrupted(1.0, "SIGINT", ()), ["INTERRUPTED by SIGINT, running: nothing"]),
            (events.Note(1.0, "careful"), ["NOTE  careful"]),
            (events.RunEnded(1.0, 0, ()), []),
        )

    def test_of_a_job_while_it_runs(self) -> None:
        self.check(
            (events.Started(0.0, "x", 1), ["START x"]),
            (events.Started(0.0, "x", 2), ["START x (attempt 2)"]),
            (events.OutputReady(0.0, "x", "o"), []),
            (events.Ready(0.0, "x"), ["READY x"]),
            (events.TimedOut(1.0, "x", 1.0), ["TIMEOUT x (>1s)"]),
            (events.TimedOut(1.0, "x", 0.2), ["TIMEOUT x (>0.2s)"]),
            (
                events.Leaked(1.0, "x", ("7 sleep", "8 cat")),
                ["LEAK  x left 2, stopping: 7 sleep; 8 cat"],
            ),
            (
                events.AttemptEnded(1.0, "x", attempt(1), again=True),
                ["RETRY x (attempt 1: exit code 3)"],
            ),
            (events.AttemptEnded(1.0, "x", attempt(1), again=False), []),
        )

    def test_of_a_job_that_passed(self) -> None:
        tries = (attempt(1, Load(2.0)), attempt(2))
        self.check(
            (finished(Outcome.PASSED), ["PASS  x"]),
            (
                finished(Outcome.PASSED, "exit code 5: no tests"),
                ["PASS  x  (exit code 5: no tests)"],
            ),
            (finished(Outcome.RESTORED), ["PASS  x  (restored)"]),
            (finished(Outcome.RESTORED, "key 1a"), ["PASS  x  (restored: key 1a)"]),
            (
                finished(Outcome.FLAKY, "passed on attempt 2 of 2", attempts=tries),
                [f"PASS  x  (flaky: passed on attempt 2 of 2; attempt 1: {Load(2.0)})"],
            ),
        )

    def test_of_a_job_that_did_not_pass(self) -> None:
        for outcome in (Outcome.FAILED, Outcome.TIMED_OUT):
            self.check(
                (
                    finished(outcome, "why"),
                    ["FAIL  x  (see http://box/logs/x.log)", "CAUSE x: why"],
                ),
                (
                    finished(outcome, "why", begun=False),
                    ["FAIL  x  (it did not start)", "CAUSE x: why"],
                ),
                (
                    finished(outcome, "why", allowed=True),
                    ["FAIL  x  (see http://box/logs/x.log)", "CAUSE x: allowed to fail, why"],
                ),
            )
        self.check(
            (finished(Outcome.SKIPPED, "dependency failed: a"), ["SKIP  x (dependency failed: a)"]),
            (finished(Outcome.CANCELLED, "cut off by SIGINT"), ["CANCEL x (cut off by SIGINT)"]),
        )

    def test_of_a_pass_that_is_not_the_worse_one(self) -> None:
        result = Result("x", Outcome.FAILED, reason="exit code 3 (in the first pass)")
        event = events.Finished(1.0, "x", result, Outcome.PASSED, "", repeated=True)
        told = "NOTE  x counts as failed: exit code 3 (in the first pass)"
        self.check((event, ["PASS  x", told]))


if __name__ == "__main__":
    unittest.main()
