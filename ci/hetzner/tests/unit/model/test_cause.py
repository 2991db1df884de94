"""The class of the reason of every result, played with a fake executor and clock."""

from __future__ import annotations

import math
import unittest
from typing import Any

from lib.model.attempt_outcome import UNKNOWN_CODE
from lib.model.cause import Cause
from tests.support.fakes import Fate, Played, jobs, play

SERVICE: dict[str, Any] = {"service": True, "outputs": {"up": "up"}}
OUTPUT: dict[str, Any] = {"outputs": {"o": "o"}}


class Classes(unittest.TestCase):
    def of(self, played: Played, job: str = "a") -> Cause:
        return played.scheduler.results[job].cause

    def test_a_plain_pass_has_none(self) -> None:
        self.assertEqual(self.of(play(jobs("a"))), Cause.NONE)

    def test_an_exit_code_a_signal_and_a_lost_code_are_told_apart(self) -> None:
        for code, cause in (
            (3, Cause.EXIT_CODE),
            (-9, Cause.SIGNAL),
            (UNKNOWN_CODE, Cause.EXIT_CODE_LOST),
        ):
            self.assertEqual(self.of(play(jobs("a"), {"a": Fate(code=code)})), cause)

    def test_causes_in_the_job_itself(self) -> None:
        declared = jobs("a", a=OUTPUT)
        for fate, cause in (
            (Fate(writes={}), Cause.MISSING_OUTPUT),
            (Fate(leaves=math.inf, removes=("o",)), Cause.MISSING_OUTPUT),
            (Fate(math.inf), Cause.TIMEOUT),
            (Fate(unstartable="no bash"), Cause.NOT_STARTED),
            (Fate(math.inf, unkillable=True), Cause.UNSTOPPABLE),
        ):
            self.assertEqual(self.of(play(declared, {"a": fate})), cause)

    def test_a_later_pass_is_flaky_and_its_first_attempt_keeps_its_own(self) -> None:
        played = play(jobs("a", a={"retries": 1}), {"a": [Fate(code=1), Fate()]})
        self.assertEqual(self.of(played), Cause.FLAKY)
        first = played.scheduler.results["a"].attempts[0]
        self.assertEqual(first.cause, Cause.EXIT_CODE)

    def test_a_service_that_went_away(self) -> None:
        declared = jobs("a; b<a", a=SERVICE)
        gone = {"a": Fate(leaves=3, writes={"up": 1}), "b": Fate(9)}
        self.assertEqual(self.of(play(declared, gone)), Cause.SERVICE_GONE)
        never = {"a": Fate(leaves=3, writes={})}
        self.assertEqual(self.of(play(declared, never)), Cause.SERVICE_GONE)

    def test_causes_in_other_jobs(self) -> None:
        played = play(jobs("a; b<a; c"), fails="a", skip=["c"])
        self.assertEqual(self.of(played, "b"), Cause.DEPENDENCY)
        self.assertEqual(self.of(played, "c"), Cause.FILTERED)
        played = play(jobs("a; b"), refused={"b": "requires cargo"})
        self.assertEqual(self.of(played, "b"), Cause.MISSING_PROGRAM)
        self.assertEqual(self.of(played), Cause.REFUSED)

    def test_causes_that_cut_a_job_off(self) -> None:
        long = {"a": Fate(99)}
        self.assertEqual(self.of(play(jobs("a"), long, timeout=3)), Cause.RUN_TIMEOUT)
        self.assertEqual(self.of(play(jobs("a"), long, signals=[(3, 15)])), Cause.INTERRUPTED)
        critical = jobs("a; b", b={"fast_fail": True})
        played = play(critical, long, fails="b", fast_fail=True)
        self.assertEqual(self.of(played), Cause.FAST_FAIL)

    def test_a_pool_that_a_service_holds(self) -> None:
        hold: dict[str, Any] = {"resources": {"m": 1}}
        declared = jobs("s; a<s", s={**SERVICE, **hold}, a=hold)
        fate = {"s": Fate(math.inf, writes={"up": 1})}
        self.assertEqual(self.of(play(declared, fate)), Cause.NO_ROOM)


if __name__ == "__main__":
    unittest.main()
