"""Starts that wait for what other runs of the machine hold."""

from __future__ import annotations

import math
import unittest

from lib.model import events
from lib.model.cause import Cause
from lib.model.phases import Node
from lib.scheduler.other_runs import LOOK
from lib.scheduler.protocol import Refused
from tests.support.fakes import FakeShare, Fate, Played, jobs, play

PORT = {"resources": {"port:1": 1}}
NEVER = math.inf


def notes(played: Played) -> list[str]:
    return [note.text for note in played.of(events.Note)]


def share(played: Played) -> FakeShare:
    assert played.share is not None
    return played.share


class Full(FakeShare):
    """A pool that others leave room in for one job."""

    def take(self, node: Node, *, stuck: bool) -> Refused | None:
        if self.ours:
            return Refused("r", "pid 7 (another)")
        return super().take(node, stuck=stuck)


class Taken(FakeShare):
    """A port that another run takes between the attempts of a job."""

    def take(self, node: Node, *, stuck: bool) -> Refused | None:
        between = 1 <= self.clock.time < 2
        self.held = {"port:1": 2 if between else 0.5}
        return super().take(node, stuck=stuck)


class Waiting(unittest.TestCase):
    def test_job_whose_port_another_run_holds_waits_and_others_go_on(self) -> None:
        played = play(jobs("a; b; c<b", a=PORT), held={"port:1": 10.03})
        self.assertEqual(played.outcomes(), "a=passed b=passed c=passed")
        self.assertEqual(played.executor.started, ["b", "c", "a"])
        started = played.scheduler.results["a"].started or 0.0
        self.assertGreaterEqual(started, 10.03)
        self.assertLess(started, 10.03 + LOOK + 0.001)

    def test_log_and_result_tell_once_for_whom_it_waits(self) -> None:
        played = play(jobs("a", a=PORT), held={"port:1": 10})
        text = "a waits for port:1, held by pid 7 (another), expected to end in about 40 s"
        self.assertEqual(notes(played), [text])
        waited = played.scheduler.results["a"].waited_for
        self.assertEqual(waited, "port:1, held by pid 7 (another)")

    def test_it_is_told_again_if_another_attempt_waits(self) -> None:
        played = play(
            jobs("a", a={**PORT, "retries": 1}),
            {"a": [Fate(0.6, code=1), Fate(1)]},
            share_of=lambda clock: Taken(clock, {"port:1": 0}),
        )
        self.assertEqual(len(notes(played)), 2)

    def test_expected_end_that_is_not_known_is_left_out(self) -> None:
        pool = {"resources": {"r": 1}}
        played = play(
            jobs("a; b", a=pool, b=pool),
            pools={"r": 2},
            share_of=lambda clock: Full(clock, {"r": 0}),
        )
        self.assertEqual(notes(played), ["b waits for r, held by pid 7 (another)"])

    def test_job_starts_at_once_with_what_another_job_of_the_run_gives_back(self) -> None:
        pool = {"resources": {"r": 1}}
        played = play(
            jobs("a; b", a=pool, b=pool),
            {"a": Fate(1.05)},
            pools={"r": 2},
            share_of=lambda clock: Full(clock, {"r": 0}),
        )
        self.assertEqual(played.scheduler.results["b"].started, 1.05)

    def test_each_job_that_waits_is_asked_for_in_its_time(self) -> None:
        other = {"resources": {"port:2": 1}, "delay": 0.05}
        played = play(jobs("a; b", a=PORT, b=other), held={"port:1": 0.08, "port:2": 5})
        self.assertEqual(played.scheduler.results["a"].started, LOOK)

    def test_job_that_was_never_refused_is_not_called_stuck(self) -> None:
        played = play(jobs("a", a=PORT), held={"port:1": 5})
        self.assertEqual([stuck for _, _, stuck in share(played).asked[:2]], [False, True])

    def test_nobody_looks_again_once_the_job_runs(self) -> None:
        played = play(jobs("a", a=PORT), {"a": Fate(50)}, held={"port:1": 1})
        asked = len(share(played).asked)
        self.assertLessEqual(asked, 1 / LOOK + 2)
        self.assertLessEqual(len(played.executor.waits), asked + 2)

    def test_run_without_shared_resources_asks_nobody(self) -> None:
        played = play(jobs("a; b"), held={"port:1": 10})
        self.assertEqual(share(played).asked, [])

    def test_port_is_given_back_between_the_attempts_of_a_job(self) -> None:
        fates = {"a": [Fate(1, code=1), Fate(1)]}
        again = {**PORT, "retries": 1}
        played = play(jobs("a", a=again), fates, held={"port:1": 0})
        self.assertEqual(played.outcomes(), "a=flaky")
        self.assertEqual([key for _, key, _ in share(played).asked], ["a", "a"])

    def test_a_refused_user_releases_its_service_for_those_that_want_its_resource(self) -> None:
        lock = {"resources": {"lock": 1}}
        declared = jobs("s; a<s; b", s={"service": True, **lock}, a=PORT, b=lock)
        played = play(declared, {"s": Fate(2, leaves=math.inf)}, final=["port:1"])
        self.assertEqual(played.outcomes(), "s=passed a=failed b=passed")

    def test_retry_that_runs_alone_waits_too(self) -> None:
        fates = {"a": [Fate(1, code=1), Fate(1)]}
        again = {**PORT, "retries": 1, "retry_alone": True}
        played = play(jobs("a; b", a=again), {**fates, "b": Fate(3)}, held={"port:1": 0})
        self.assertEqual(played.outcomes(), "a=flaky b=passed")

    def test_nobody_looks_while_a_retry_runs_alone(self) -> None:
        again = {"retries": 1, "retry_alone": True}
        played = play(
            jobs("a; c; b<c", a=again, b=PORT),
            {"a": [Fate(1, code=1), Fate(50)], "c": Fate(1.5)},
            held={"port:1": 1.55},
        )
        self.assertEqual(played.outcomes(), "a=flaky c=passed b=passed")
        self.assertLess(len(played.executor.waits), 30)

    def test_service_holds_its_port_until_it_is_stopped(self) -> None:
        service = {**PORT, "service": True}
        played = play(
            jobs("s; a<s; b", s=service, b=PORT),
            {"s": Fate(0.1, leaves=NEVER), "a": Fate(5)},
            held={"port:1": 0},
        )
        self.assertEqual(played.outcomes(), "s=passed a=passed b=passed")
        self.assertGreater(played.scheduler.results["b"].started or 0, 5)

    def test_run_that_is_cut_off_while_it_waits_ends(self) -> None:
        played = play(jobs("a", a=PORT), held={"port:1": NEVER}, timeout=5)
        self.assertEqual((played.code, played.outcomes()), (124, "a=cancelled"))

    def test_only_a_second_refusal_while_nothing_goes_on_is_called_stuck(self) -> None:
        played = play(jobs("a; b", a=PORT, b={"delay": 2}), held={"port:1": 5})
        for moment, _, stuck in share(played).asked:
            self.assertEqual(stuck, moment > 3, moment)

    def test_job_that_is_stuck_behind_a_service_of_its_own_fails_all_the_same(self) -> None:
        service = {"service": True, "resources": {"x": 1}}
        played = play(
            jobs("s; a<s; b", s=service, a={"resources": {"x": 1}}, b=PORT),
            {"s": Fate(0.1, leaves=NEVER)},
            held={"port:1": 5},
        )
        self.assertEqual(played.outcomes(), "s=passed a=failed b=passed")
        self.assertEqual(played.scheduler.results["a"].cause, Cause.NO_ROOM)


class NotToWait(unittest.TestCase):
    def test_job_that_is_not_to_wait_fails_by_name_and_others_go_on(self) -> None:
        played = play(jobs("a; b; c<a", a=PORT), final=["port:1"])
        self.assertEqual(played.outcomes(), "a=failed b=passed c=skipped")
        result = played.scheduler.results["a"]
        text = "needs port:1, held by pid 7 (another): it is not to wait"
        self.assertEqual((result.reason, result.cause), (text, Cause.HELD))
        self.assertEqual((played.code, notes(played)), (1, []))

    def test_critical_job_that_is_not_to_wait_ends_the_run_early(self) -> None:
        critical = {**PORT, "fast_fail": True}
        played = play(jobs("a; b; c", a=critical, b=PORT), final=["port:1"], fast_fail=True)
        self.assertEqual(played.outcomes(), "a=failed b=cancelled c=cancelled")


if __name__ == "__main__":
    unittest.main()
