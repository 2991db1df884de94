"""When a run is expected to end, while it goes on."""

from __future__ import annotations

import time
import unittest
from collections.abc import Collection, Mapping
from typing import Any
from unittest import mock

from lib.model import events
from lib.model.result import Outcome, Result
from lib.model.run_plan import Limits, RunPlan
from lib.model.selection import Choice, plan
from lib.run import expected_end
from lib.run.expected_end import ExpectedEnd
from tests.support.fakes import jobs

CPU = {"resources": {"cpu": 1}}


def planned(text: str, durations: Mapping[str, float], **fields: Any) -> RunPlan:
    return plan(jobs(text, **fields), Choice(), durations, Limits({"cpu": 2}))


def left(
    made: RunPlan,
    names: Collection[str],
    started: Mapping[str, float],
    now: float,
    written: Collection[tuple[str, str]] = (),
) -> float:
    """Return the seconds that are left of a run."""
    return expected_end.length(expected_end.remaining(made, names, started, written, now))


class Left(unittest.TestCase):
    def test_jobs_that_run_count_with_the_rest_of_their_time(self) -> None:
        made = planned("a; b<a; c", {"a": 2, "b": 3, "c": 40})
        self.assertEqual(left(made, {"b", "c"}, {"a": 0, "b": 2, "c": 30}, 33), 37)
        self.assertEqual(left(made, {"b"}, {"b": 2}, 33), 0)

    def test_jobs_behind_a_late_one_still_take_their_time(self) -> None:
        made = planned("a; b<a", {"a": 2, "b": 3})
        self.assertEqual(left(made, {"a", "b"}, {"a": 0}, 60), 3)

    def test_jobs_wait_for_pools_as_in_the_run(self) -> None:
        made = planned("a; b; c; d", dict.fromkeys("abcd", 10.0), a=CPU, b=CPU, c=CPU, d=CPU)
        self.assertEqual(left(made, "abcd", {}, 0), 20)
        # c follows a and d follows b, though half of the work for the pool is done in 14
        self.assertEqual(left(made, "abcd", {"a": 0, "b": 4}, 8), 16)

    def test_running_jobs_keep_their_pools_whatever_is_more_urgent(self) -> None:
        made = planned(
            "a; b; c; d<c", {"a": 10, "b": 10, "c": 5, "d": 50}, a=CPU, b=CPU, c=CPU, d=CPU
        )
        self.assertEqual(left(made, "abcd", {"a": 0, "b": 0}, 2), 63)

    def test_written_output_is_not_waited_for(self) -> None:
        made = planned("a; b<a:x", {"a": 10, "b": 3}, a={"outputs": {"x": "x"}})
        self.assertEqual(left(made, "ab", {"a": 0}, 2), 11)
        self.assertEqual(left(made, "ab", {"a": 0}, 2, {("a", "x")}), 8)

    def test_delay_of_a_job_that_runs_is_over(self) -> None:
        made = planned("a", {"a": 10}, a={"delay": 5})
        self.assertEqual(left(made, "a", {}, 0), 15)
        self.assertEqual(left(made, "a", {"a": 5}, 7), 8)

    def test_service_that_serves_is_ready(self) -> None:
        made = planned("s; t<s", {"s": 4, "t": 10}, s={"service": True, "outputs": {"x": "x"}})
        self.assertEqual(left(made, "st", {}, 0), 14)
        self.assertEqual(left(made, "st", {"s": 0}, 30), 10)


class Follows(unittest.TestCase):
    def setUp(self) -> None:
        self.time = 0.0
        self.told: list[float] = []
        self.end = ExpectedEnd(planned("a; b<a; c<b", {"a": 9, "b": 30, "c": 60}), self.now)
        self.end.tell(self.told.append)

    def now(self) -> float:
        return self.time

    def finish(self, name: str, at: float) -> None:
        self.time = at
        result = Result(name, Outcome.PASSED)
        self.end(events.Finished(at, name, result, Outcome.PASSED, ""))

    def left(self, moment: float) -> int:
        """Return the seconds from now to a moment, to the nearest ten."""
        return 10 * round((moment - time.time()) / 10)

    def test_end_is_told_at_the_start_and_when_a_job_has_ended(self) -> None:
        self.assertEqual(list(map(self.left, self.told)), [100])
        self.end(events.Started(0.0, "a", 1))
        self.finish("a", 9.0)
        self.assertEqual(list(map(self.left, self.told)), [100, 90])

    def test_end_of_a_job_plays_nothing_in_the_thread_of_the_run(self) -> None:
        with mock.patch.object(expected_end, "length", side_effect=AssertionError("played")):
            for at, name in ((9.0, "a"), (39.0, "b"), (99.0, "c")):
                self.finish(name, at)
        self.assertEqual(list(map(self.left, self.told)), [100, 90, 60])

    def test_end_is_told_again_after_a_while_only(self) -> None:
        self.finish("a", 1.0)
        self.finish("b", 5.9)
        self.assertEqual(list(map(self.left, self.told)), [100, 90])
        self.finish("b", 6.0)
        self.assertEqual(list(map(self.left, self.told)), [100, 90, 60])

    def test_end_is_found_anew_while_no_job_ends(self) -> None:
        self.end(events.Started(0.0, "a", 1))
        self.time = 60.0
        self.assertEqual(self.end.look(), 150)  # a may end at any moment; then b and c

    def test_job_that_is_tried_again_takes_all_of_its_time(self) -> None:
        self.end(events.Started(0.0, "a", 1))
        self.end(events.AttemptEnded(8.0, "a", None, again=True))  # type: ignore[arg-type]
        self.time = 8.0
        self.assertEqual(self.end.look(), 107)

    def test_suspended_run_has_as_much_left_as_before(self) -> None:
        self.time = 4.0  # and stands still, whatever the time of day
        with mock.patch("time.time", return_value=time.time() + 1000):
            self.assertEqual(self.end.look(), 99)

    def test_nothing_is_known_without_durations(self) -> None:
        end = ExpectedEnd(planned("a", {"other": 3}), self.now)
        end.tell(self.fail)
        self.assertIsNone(end.look())


if __name__ == "__main__":
    unittest.main()
